//! Recorded dialogs against other menus: who would have gone the same way, who would have been stuck,
//! which keys would have led elsewhere, and what it would have cost.
//!
//! The person is taken at her keys: what she typed is typed again. Values, rows and outcomes come from
//! her tape, by name; what it has not is never made up. From where her way parts she is followed as
//! somebody who reads: a screen that was taken away is passed over, and on a new one she presses the
//! one key that leads on to where she was. Only what can be followed so to its end is priced.

mod memory;
mod report;
#[cfg(test)]
mod tests;

pub use report::{Ground, Group, Report, Reporter};

use super::{
    Event, Follows, Tape, Turn, Walk,
    play::{Lost, Player, Screen},
};
use crate::{
    dialog::input::{Input, SmsWish, Step},
    gsm::segment,
    menu::graph::{Catalogue, Graph, Kind},
    types::Lang,
};
use memory::Memory;
use serde::Serialize;
use std::collections::BTreeSet;

/// Seconds that reading a screen and pressing a key takes; believed.
const A_KEY: i64 = 12;

/// The menus that are rehearsed.
#[derive(Debug, Clone, Copy)]
pub struct Menus<'g> {
    /// The trees.
    pub trees: &'g [&'g Graph],
    /// The texts.
    pub texts: &'g Catalogue,
}

/// What would have become of a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// Whether its keys would have led where they led.
    pub fate: Fate,
    /// A screen of it reads differently.
    pub reworded: bool,
    /// Values that new texts show and the tape has not.
    pub blank: BTreeSet<String>,
    /// What it took and would have taken; `None` where it cannot be followed to its end.
    pub cost: Option<Cost>,
}

/// Whether the keys of a dialog would have led where they led.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Every key leads where it led.
    Same,
    /// A key that led on leads nowhere.
    Stuck(Parting),
    /// A key leads to another block.
    Elsewhere(Parting),
    /// The menus want what the tape has not.
    NewGround {
        /// The tree.
        tree: String,
        /// The block she stood at.
        block: String,
        /// What is wanted.
        wants: String,
    },
}

/// Where a way parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Parting {
    /// The tree.
    pub tree: String,
    /// The block the key was pressed at; none for a dialled string.
    pub block: Option<String>,
    /// What was typed; `an answer` where a question was answered.
    pub key: String,
    /// Where it led.
    pub was: String,
    /// Where it leads; none where it is not understood.
    pub now: Option<String>,
    /// The one key that leads there now.
    pub instead: Option<u8>,
    /// The keys up to there, as one dials them: `*483*57*1*2#`.
    #[serde(skip)]
    pub path: String,
}

/// What a dialog took and would have taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Screens shown.
    pub screens: Change,
    /// Seconds from the first screen to the last.
    pub seconds: Change,
    /// Parts of SMS.
    pub sms_parts: Change,
}

/// A figure as it was and as it would have been.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Change {
    /// As it was.
    pub was: i64,
    /// As it would have been.
    pub now: i64,
}

impl Change {
    /// Adds another.
    pub const fn add(&mut self, other: Self) {
        self.was += other.was;
        self.now += other.now;
    }
}

impl Cost {
    /// Adds another.
    pub const fn add(&mut self, other: &Self) {
        self.screens.add(other.screens);
        self.seconds.add(other.seconds);
        self.sms_parts.add(other.sms_parts);
    }
}

/// Tries a tape on other menus; `None` when its beginning is no longer kept.
pub fn rehearse(tape: &Tape, menus: Menus<'_>) -> Option<Course> {
    let head = tape.head()?;
    let Some(graph) = menus.trees.iter().find(|graph| graph.name == head.tree) else {
        let gone = Parting {
            tree: head.tree.clone(),
            block: None,
            key: "the code".to_owned(),
            was: tape.walks().next().map(|(_, walk)| walk.block.clone()).unwrap_or_default(),
            now: None,
            instead: None,
            path: String::new(),
        };
        let (blank, cost) = (BTreeSet::new(), None);
        return Some(Course { fate: Fate::Stuck(gone), reworded: false, blank, cost });
    };
    Some(Rehearsal::new(tape, graph, menus.texts).run())
}

/// A tape played on other menus, as far as they can be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// What is shown, with the turn that leads to it, counted from 1.
    pub screens: Vec<(usize, Screen)>,
    /// Where it ended before its time, and why.
    pub lost: Option<(usize, Lost)>,
}

/// Plays a tape on other menus: the same keys, and values and outcomes by name.
pub fn play(tape: &Tape, graph: &Graph) -> Played {
    let (mut player, mut memory) = (Player::new(graph, tape.id), Memory::new(tape, graph));
    let mut screens = Vec::new();
    for (at, turn) in tape.turns.iter().enumerate() {
        let Some(walk) = &turn.walk else { continue };
        memory.reach(at);
        match player.turn(turn, walk, &mut |step| memory.answer(step)) {
            Ok(shown) => screens.extend(shown.map(|shown| (at + 1, shown))),
            Err(why) => return Played { screens, lost: Some((at + 1, why)) },
        }
    }
    Played { screens, lost: None }
}

/// A tape on its way through other menus.
struct Rehearsal<'t, 'g> {
    tape: &'t Tape,
    graph: &'g Graph,
    texts: &'g Catalogue,
    player: Player<'g>,
    memory: Memory<'t>,
    /// The block she stands at, on the tape and now.
    at: Option<String>,
    keys: Vec<String>,
    course: Course,
    cost: Cost,
}

impl<'t, 'g> Rehearsal<'t, 'g> {
    fn new(tape: &'t Tape, graph: &'g Graph, texts: &'g Catalogue) -> Self {
        Self {
            tape,
            graph,
            texts,
            player: Player::new(graph, tape.id),
            memory: Memory::new(tape, graph),
            at: None,
            keys: Vec::new(),
            course: Course { fate: Fate::Same, reworded: false, blank: BTreeSet::new(), cost: None },
            cost: Cost::default(),
        }
    }

    fn run(mut self) -> Course {
        let mut next = 0;
        let mut followed = true;
        while let Some(turn) = self.tape.turns.get(next) {
            self.pause(next);
            let Some(walk) = &turn.walk else {
                if let Event::Reminded(sms) = &turn.event {
                    let parts = i64::from(sms.parts);
                    self.cost.sms_parts.add(Change { was: parts, now: parts });
                }
                next += 1;
                continue;
            };
            match self.turn(next, turn, walk) {
                Some(after) => next = after,
                None => {
                    followed = false;
                    break;
                }
            }
        }
        self.course.blank = std::mem::take(&mut self.memory.blank);
        self.course.cost = followed.then_some(self.cost);
        self.course
    }

    /// Counts the time to the answer that this turn is.
    fn pause(&mut self, at: usize) {
        let turn = &self.tape.turns[at];
        if let (Event::Key(_) | Event::Text(_), Some(before)) = (&turn.event, at.checked_sub(1)) {
            let seconds = turn.at.since(self.tape.turns[before].at).as_secs();
            let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
            self.cost.seconds.add(Change { was: seconds, now: seconds });
        }
    }

    /// Plays a turn; the turn to go on with, or `None` where she cannot be followed.
    fn turn(&mut self, at: usize, turn: &Turn, walk: &Walk) -> Option<usize> {
        self.memory.reach(at);
        let parts = |sms: &Follows| i64::from(sms.parts);
        self.cost.screens.was += 1;
        self.cost.sms_parts.was += walk.sms.as_ref().map_or(0, parts);
        let memory = &mut self.memory;
        let mut answer = |step: &Step| memory.answer(step);
        let shown = match self.player.turn(turn, walk, &mut answer) {
            Ok(Some(shown)) => shown,
            Ok(None) => return Some(at + 1),
            Err(why) => {
                self.lose(turn, walk, why);
                return None;
            }
        };
        self.show(&shown, walk.lang);
        self.typed(&turn.event);
        if is_same_place(&shown, walk) {
            self.course.reworded |= shown.text != walk.screen;
            self.at = Some(walk.block.clone());
            return Some(at + 1);
        }
        self.part(at, turn, walk, &shown)
    }

    fn show(&mut self, shown: &Screen, lang: Lang) {
        self.cost.screens.now += 1;
        self.cost.sms_parts.now += shown.sms.as_ref().map_or(0, |sms| self.parts(sms, lang));
    }

    /// Parts of an SMS as the new texts say it.
    fn parts(&self, sms: &SmsWish, lang: Lang) -> i64 {
        let text = self.texts.render(&sms.name, &sms.args, lang).and_then(Result::ok);
        text.map_or(0, |text| i64::try_from(segment::parts(&text)).unwrap_or(i64::MAX))
    }

    fn typed(&mut self, event: &Event) {
        match event {
            Event::Begun { typed, .. } | Event::Redialled { typed, .. } => self.keys.clone_from(typed),
            Event::Key(key) | Event::Text(key) => self.keys.push(key.clone()),
            _ => {}
        }
    }

    fn lose(&mut self, turn: &Turn, walk: &Walk, why: Lost) {
        self.typed(&turn.event);
        // Nobody knows by heart a key that was none.
        if self.course.fate != Fate::Same || walk.refused {
            return;
        }
        let screen = |block: &&str| *block != walk.block && !self.acts(block);
        let elsewhere = self.player.lost_at().filter(screen).map(str::to_owned);
        self.course.fate = match why {
            Lost::NotRecorded(_) if elsewhere.is_some() => {
                Fate::Elsewhere(self.parting(&turn.event, walk, elsewhere, None))
            }
            Lost::NoBlock(_) | Lost::NoBeginning => Fate::Stuck(self.parting(&turn.event, walk, None, None)),
            Lost::NotRecorded(wants) => Fate::NewGround {
                tree: self.graph.name.clone(),
                block: self.at.clone().unwrap_or_else(|| walk.block.clone()),
                wants,
            },
        };
    }

    /// Her way parts here; the turn from which she can be followed again.
    fn part(&mut self, at: usize, turn: &Turn, walk: &Walk, shown: &Screen) -> Option<usize> {
        if walk.refused && !shown.refused {
            // Nobody knows by heart a key that was none.
            return self.skip_to(at, shown);
        }
        let stays = self.at.as_ref() == Some(&shown.block);
        let refused = shown.refused && !walk.refused;
        let found = self.find_key(walk, refused || !stays);
        if self.course.fate == Fate::Same {
            let instead = found.as_ref().map(|(key, _)| *key).filter(|_| refused);
            let now = (!refused).then(|| shown.block.clone());
            let parting = self.parting(&turn.event, walk, now, instead);
            self.course.fate = if refused { Fate::Stuck(parting) } else { Fate::Elsewhere(parting) };
        }
        if let Some((_, (player, memory, shown))) = found {
            (self.player, self.memory) = (player, memory);
            self.show(&shown, walk.lang);
            self.cost.seconds.now += A_KEY;
            self.at = Some(walk.block.clone());
            return Some(at + 1);
        }
        self.skip_to(at, shown)
    }

    /// A screen further on that she has reached already: those before it are passed over.
    fn skip_to(&mut self, at: usize, shown: &Screen) -> Option<usize> {
        let turns = self.tape.turns.iter().enumerate().skip(at + 1);
        let mut later = turns.filter_map(|(place, turn)| Some((place, turn, turn.walk.as_ref()?)));
        let (place, turn, _) = later.find(|(_, _, walk)| is_same_place(shown, walk))?;
        let between = self.tape.turns[at + 1..=place].iter();
        let passed = between.filter(|turn| turn.walk.is_some()).count();
        let seconds = turn.at.since(self.tape.turns[at].at).as_secs();
        self.cost.screens.was += i64::try_from(passed).unwrap_or_default();
        self.cost.seconds.was += i64::try_from(seconds).unwrap_or_default();
        for turn in &self.tape.turns[at + 1..=place] {
            self.typed(&turn.event);
        }
        self.memory.reach(place);
        self.at = Some(shown.block.clone());
        Some(place + 1)
    }

    /// The one key that leads from the new screen to the block that the tape came to.
    fn find_key(&self, walk: &Walk, worth: bool) -> Option<(u8, (Player<'g>, Memory<'t>, Screen))> {
        if !worth {
            return None;
        }
        (1..=9).find_map(|key| {
            let (mut player, mut memory) = (self.player.clone(), self.memory.clone());
            let now = player.state().touched;
            let mut answer = |step: &Step| memory.answer(step);
            let shown = player.feed(now, walk, Input::Key(key.to_string()), &mut answer).ok()?;
            let there = is_same_place(&shown, walk) && !shown.refused;
            there.then_some((key, (player, memory, shown)))
        })
    }

    fn parting(&self, event: &Event, walk: &Walk, now: Option<String>, instead: Option<u8>) -> Parting {
        let dialled = matches!(event, Event::Begun { .. } | Event::Redialled { .. });
        let path = path(self.graph, &self.keys);
        let key = match event {
            Event::Key(_) | Event::Text(_) if self.asks() => "an answer".to_owned(),
            Event::Key(key) | Event::Text(key) => key.clone(),
            Event::Pushed { block, .. } => format!("a push of {block}"),
            _ => path.clone(),
        };
        Parting {
            tree: self.graph.name.clone(),
            block: self.at.clone().filter(|_| !dialled),
            key,
            was: walk.block.clone(),
            now,
            instead,
            path,
        }
    }

    /// Whether a block is an action.
    fn acts(&self, block: &str) -> bool {
        let node = self.graph.find(block);
        node.is_some_and(|node| matches!(self.graph.node(node).kind, Kind::Do { .. }))
    }

    /// Whether she stands at a question, whose answers are no keys.
    fn asks(&self) -> bool {
        let node = self.at.as_ref().and_then(|block| self.graph.find(block));
        node.is_some_and(|node| matches!(self.graph.node(node).kind, Kind::Ask { .. }))
    }
}

/// The same block, or one of another name that shows the same.
fn is_same_place(shown: &Screen, walk: &Walk) -> bool {
    let same = shown.block == walk.block || shown.text == walk.screen;
    same && shown.ended == walk.ended && shown.refused == walk.refused
}

/// Keys as they can be dialled in one go.
fn path(graph: &Graph, keys: &[String]) -> String {
    let code = graph.dial.as_deref().unwrap_or("*").trim_end_matches('#');
    let keys: String = keys.iter().map(|key| format!("*{key}")).collect();
    format!("{code}{keys}#")
}
