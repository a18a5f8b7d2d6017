//! A tape played again on a tree: the same machine, fed from the tape.

use super::{Event, Fed, Tape, Turn, Walk};
use crate::{
    dialog::{
        input::{Ask, Input, SmsWish, Step},
        machine::{Env, Machine},
        state::State,
    },
    menu::graph::Graph,
    types::{DialogId, Lang, Timestamp},
};

/// What the machine showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// The block it came to, by name.
    pub block: String,
    /// What it shows.
    pub text: String,
    /// It is the last text.
    pub ended: bool,
    /// What was typed was not understood, or part of it.
    pub refused: bool,
    /// The SMS that follows it.
    pub sms: Option<SmsWish>,
}

/// Why a tape cannot be played on a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// The tape lacks its first turn.
    #[error("its first turn is no longer kept")]
    NoBeginning,
    /// It was opened at a block that the tree lacks.
    #[error("it was opened at {0}, which these menus lack")]
    NoBlock(String),
    /// The tree wants what the tape has not.
    #[error("these menus ask for {0}, which was not recorded here")]
    NotRecorded(String),
}

/// How a tape differs from what a tree shows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Differs {
    /// It cannot be played to its end.
    #[error("turn {turn}: {why}")]
    Lost {
        /// Which turn, counted from 1.
        turn: usize,
        /// Why.
        why: Lost,
    },
    /// A screen is not the same.
    #[error("turn {turn}: recorded is {was:?}, shown is {now:?}")]
    Screen {
        /// Which turn, counted from 1.
        turn: usize,
        /// As it was recorded.
        was: String,
        /// As it is shown.
        now: String,
    },
    /// More was recorded than the machine asked for.
    #[error("turn {turn}: of what was recorded, {left} answers were not asked for")]
    Unasked {
        /// Which turn, counted from 1.
        turn: usize,
        /// How many.
        left: usize,
    },
}

/// Answers what the machine asks; an outcome may change the language.
pub type Answer<'a> = dyn FnMut(&Step) -> Result<(Input, Option<Lang>), Lost> + 'a;

/// A dialog being played on a tree.
#[derive(Debug, Clone)]
pub struct Player<'g> {
    graph: &'g Graph,
    state: State,
    lost_at: Option<String>,
}

impl<'g> Player<'g> {
    /// Before the first turn of a tape.
    pub fn new(graph: &'g Graph, id: DialogId) -> Self {
        Self { graph, state: State::new(id, graph), lost_at: None }
    }

    /// What a turn of a tape feeds the machine first; `None` where it was not stepped.
    fn first(&mut self, event: &Event) -> Result<Option<Input>, Lost> {
        Ok(Some(match event {
            Event::Begun { typed, .. } => Input::Begin { typed: typed.clone() },
            Event::Redialled { typed, .. } => Input::Redial { typed: typed.clone() },
            Event::Pushed { block, args, .. } => {
                let opened = State::at_block(self.state.id, self.graph, block, args.clone());
                self.state = opened.ok_or_else(|| Lost::NoBlock(block.clone()))?;
                Input::Again
            }
            Event::Key(typed) => Input::Key(typed.clone()),
            Event::Text(typed) => Input::Bare(typed.clone()),
            Event::Cut(_) | Event::Again | Event::Reminded(_) | Event::Account(_) => return Ok(None),
        }))
    }

    /// Plays a turn; `answer` is asked for whatever the machine wants. Where that fails, the player
    /// stands where it stood before the turn. `None` where the turn stepped no machine.
    pub fn turn(
        &mut self, turn: &Turn, walk: &Walk, answer: &mut Answer<'_>,
    ) -> Result<Option<Screen>, Lost> {
        match self.first(&turn.event)? {
            Some(input) => self.feed(turn.at, walk, input, answer).map(Some),
            None => Ok(None),
        }
    }

    /// Feeds one input of our own, with the surroundings of a recorded walk.
    pub fn feed(
        &mut self, now: Timestamp, walk: &Walk, input: Input, answer: &mut Answer<'_>,
    ) -> Result<Screen, Lost> {
        let mut machine = Machine::new(self.graph, self.state.clone());
        let mut env = Env { lang: walk.lang, limit: usize::from(walk.limit), now };
        let mut input = input;
        loop {
            let step = machine.step(env, input);
            let (text, ended, sms) = match step {
                Step::Show(text) => (text, false, None),
                Step::End(text, sms) => (text, true, sms),
                wish => {
                    let (answer, lang) = answer(&wish).inspect_err(|_| {
                        self.lost_at = Some(machine.state().block(self.graph).to_owned());
                    })?;
                    env.lang = lang.unwrap_or(env.lang);
                    input = answer;
                    continue;
                }
            };
            let refused = machine.understood().contains(&false);
            self.state = machine.into_state();
            let block = self.state.block(self.graph).to_owned();
            return Ok(Screen { block, text, ended, refused, sms });
        }
    }

    /// The block where it last wanted what nobody could answer.
    pub fn lost_at(&self) -> Option<&str> {
        self.lost_at.as_deref()
    }

    /// Where it stands.
    pub fn state(&self) -> &State {
        &self.state
    }
}

/// What the machine wants, in words.
pub(super) fn wanted(step: &Step) -> String {
    match step {
        Step::Ask(Ask { query: Some((name, _)), .. }) => format!("the rows of {name}"),
        Step::Ask(Ask { find: Some((ty, key)), .. }) => format!("the {ty} {key}"),
        Step::Ask(Ask { globals, .. }) => globals.join(", "),
        Step::Pin { .. } => "a PIN".to_owned(),
        Step::Do(wish) => format!("an outcome of {}", wish.name),
        Step::Show(_) | Step::End(..) => "nothing".to_owned(),
    }
}

/// Whether a recorded answer answers this.
fn answers(step: &Step, fed: &Fed) -> bool {
    match (step, fed) {
        (Step::Ask(ask), Fed::Data(given)) => {
            let query = ask.query.as_ref().map(|(name, _)| name);
            let find = ask.find.as_ref().map(|(ty, key)| (ty, key));
            let known = |name: &String| ask.globals.contains(name);
            query == given.rows.as_ref().map(|(name, _)| name)
                && find == given.found.as_ref().map(|(ty, key, _)| (ty, key))
                && given.globals.keys().all(known)
        }
        (Step::Pin { .. }, Fed::Pin(_)) => true,
        (Step::Do(wish), Fed::Outcome { action, once, .. }) => {
            wish.name == *action && wish.once.is_some() == *once
        }
        _ => false,
    }
}

/// Plays a tape on the tree it was recorded with: how many screens are the same, octet for octet.
///
/// # Errors
/// The first turn that differs.
pub fn verify(tape: &Tape, graph: &Graph) -> Result<usize, Differs> {
    if tape.head().is_none() {
        return Err(Differs::Lost { turn: 1, why: Lost::NoBeginning });
    }
    let mut player = Player::new(graph, tape.id);
    let mut same = 0;
    for (turn, recorded) in (1..).zip(&tape.turns) {
        let Some(walk) = &recorded.walk else { continue };
        let mut fed = walk.fed.iter().peekable();
        let mut answer = |step: &Step| match fed.next_if(|fed| answers(step, fed)) {
            Some(fed @ Fed::Outcome { lang, .. }) => Ok((fed.input(), *lang)),
            Some(fed) => Ok((fed.input(), None)),
            None => Err(Lost::NotRecorded(wanted(step))),
        };
        let played = player.turn(recorded, walk, &mut answer);
        let Some(now) = played.map_err(|why| Differs::Lost { turn, why })? else { continue };
        if now.text != walk.screen || now.ended != walk.ended || now.block != walk.block {
            return Err(Differs::Screen { turn, was: walk.screen.clone(), now: now.text });
        }
        if fed.len() > 0 {
            return Err(Differs::Unasked { turn, left: fed.len() });
        }
        same += 1;
    }
    Ok(same)
}
