//! What recorded dialogs add up to: per screen how often it was seen, where people stopped, how long
//! they took to answer; per finished job what it took them. [`of`] is all of it at once.

use super::{Event, Tape};
use crate::types::Timestamp;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// A dialog that was silent for so long is over: no network keeps a call open longer.
pub const OPEN_FOR: Duration = Duration::from_secs(180);

/// What dialogs add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Dialogs.
    pub dialogs: u64,
    /// Phones they were with.
    pub people: u64,
    /// Those that may still go on.
    pub open: u64,
    /// When the first of them began, and when the last began.
    pub span: Option<(Timestamp, Timestamp)>,
    /// What was seen, by tree and block.
    pub screens: Vec<Screen>,
    /// Which screen followed which.
    pub ways: Vec<Way>,
    /// What was finished, by tree, end and action.
    pub jobs: Vec<Job>,
}

/// One block of a tree, as people came to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Screen {
    /// The tree.
    pub tree: String,
    /// The block.
    pub block: String,
    /// How often it was shown.
    pub shown: u64,
    /// In how many dialogs.
    pub dialogs: u64,
    /// How many dialogs stopped here without an end.
    pub left: u64,
    /// How often an answer was not understood here.
    pub refused: u64,
    /// The median time to answer it, in milliseconds; none where nobody did.
    pub answer_ms: Option<u64>,
    /// Parts of SMS that were sent from here.
    pub sms_parts: u64,
}

/// A step from one block to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Way {
    /// The tree.
    pub tree: String,
    /// The block where the key was pressed.
    pub from: String,
    /// The block it led to.
    pub to: String,
    /// How often.
    pub times: u64,
}

/// Something that was brought to an end by an action that changes something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Job {
    /// The tree.
    pub tree: String,
    /// The last block.
    pub end: String,
    /// The action.
    pub action: String,
    /// How often.
    pub done: u64,
    /// The median count of screens that it took.
    pub screens: u64,
    /// The median time from the first screen to the last, in milliseconds; the time between a cut and
    /// the redial not counted.
    pub millis: u64,
    /// The median count of SMS parts it took.
    pub sms_parts: u64,
}

impl Stats {
    /// The figures of a block.
    pub fn screen(&self, tree: &str, block: &str) -> Option<&Screen> {
        self.screens.iter().find(|screen| screen.tree == tree && screen.block == block)
    }
}

impl Screen {
    /// The share of the times it was shown after which nothing more was pressed, in a thousand.
    pub const fn left_permille(&self) -> u64 {
        match self.left.saturating_mul(1000).checked_div(self.shown) {
            Some(share) => share,
            None => 0,
        }
    }
}

/// What these dialogs add up to, as things stand at `now`.
pub fn of<'a>(tapes: impl IntoIterator<Item = &'a Tape>, now: Timestamp) -> Stats {
    let mut count = Count::default();
    tapes.into_iter().for_each(|tape| count.take(tape, now));
    count.stats()
}

/// Adds dialogs up one by one, so that they need not be held together.
#[derive(Debug, Clone, Default)]
pub struct Count {
    dialogs: u64,
    open: u64,
    people: BTreeSet<crate::types::Msisdn>,
    span: Option<(Timestamp, Timestamp)>,
    screens: BTreeMap<(String, String), (Screen, Vec<u64>)>,
    ways: BTreeMap<(String, String, String), u64>,
    jobs: BTreeMap<(String, String, String), Vec<Took>>,
}

/// What one job took.
#[derive(Debug, Clone, Copy, Default)]
struct Took {
    screens: u64,
    millis: u64,
    parts: u64,
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// The middle one; of two, the lesser.
fn median(mut all: Vec<u64>) -> Option<u64> {
    all.sort_unstable();
    all.get(all.len().checked_sub(1)? / 2).copied()
}

impl Count {
    /// Adds a dialog, as things stand at `now`. One whose beginning is no longer kept is passed over.
    pub fn take(&mut self, tape: &Tape, now: Timestamp) {
        let Some(head) = tape.head() else { return };
        let (begun, last) = tape.span();
        self.dialogs += 1;
        self.people.insert(head.phone);
        let (first, latest) = self.span.unwrap_or((begun, begun));
        self.span = Some((first.min(begun), latest.max(begun)));
        let open = !tape.is_over() && now.since(last) <= OPEN_FOR;
        self.open += u64::from(open);
        self.walk(&head.tree, tape, open);
    }

    fn walk(&mut self, tree: &str, tape: &Tape, open: bool) {
        let mut took = Took::default();
        let mut seen = BTreeSet::new();
        let mut at: Option<(&str, Timestamp)> = None;
        for turn in &tape.turns {
            if let (Event::Reminded(sms), Some((block, _))) = (&turn.event, at) {
                took.parts += u64::from(sms.parts);
                self.screen(tree, block).0.sms_parts += u64::from(sms.parts);
            }
            let Some(walk) = &turn.walk else { continue };
            let answered = matches!(turn.event, Event::Key(_) | Event::Text(_));
            if let (Some((before, shown)), true) = (at, answered) {
                let pause = millis(turn.at.since(shown));
                took.millis += pause;
                let (screen, pauses) = self.screen(tree, before);
                pauses.push(pause);
                screen.refused += u64::from(walk.refused);
                let way = (tree.to_owned(), before.to_owned(), walk.block.clone());
                *self.ways.entry(way).or_default() += 1;
            }
            let parts = walk.sms.as_ref().map_or(0, |sms| u64::from(sms.parts));
            let (screen, _) = self.screen(tree, &walk.block);
            screen.shown += 1;
            screen.sms_parts += parts;
            screen.dialogs += u64::from(seen.insert(walk.block.as_str()));
            took.screens += 1;
            took.parts += parts;
            at = Some((walk.block.as_str(), turn.at));
            let changed = walk.outcomes().filter(|(_, _, once)| *once).last();
            if let (true, Some((action, ..))) = (walk.ended, changed) {
                let job = (tree.to_owned(), walk.block.clone(), action.to_owned());
                self.jobs.entry(job).or_default().push(took);
            }
        }
        if let (Some((block, _)), false, false) = (at, open, tape.is_over()) {
            self.screen(tree, block).0.left += 1;
        }
    }

    fn screen(&mut self, tree: &str, block: &str) -> &mut (Screen, Vec<u64>) {
        self.screens.entry((tree.to_owned(), block.to_owned())).or_default()
    }

    /// What they add up to.
    pub fn stats(self) -> Stats {
        let screen = |((tree, block), (screen, pauses)): ((String, String), (Screen, Vec<u64>))| Screen {
            tree,
            block,
            answer_ms: median(pauses),
            ..screen
        };
        let way = |((tree, from, to), times)| Way { tree, from, to, times };
        let job = |((tree, end, action), took): ((String, String, String), Vec<Took>)| {
            let middle = |of: fn(&Took) -> u64| median(took.iter().map(of).collect()).unwrap_or_default();
            Job {
                done: took.len() as u64,
                screens: middle(|took| took.screens),
                millis: middle(|took| took.millis),
                sms_parts: middle(|took| took.parts),
                tree,
                end,
                action,
            }
        };
        Stats {
            dialogs: self.dialogs,
            people: self.people.len() as u64,
            open: self.open,
            span: self.span,
            screens: self.screens.into_iter().map(screen).collect(),
            ways: self.ways.into_iter().map(way).collect(),
            jobs: self.jobs.into_iter().map(job).collect(),
        }
    }
}
