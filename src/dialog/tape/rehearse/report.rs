//! Many dialogs against other menus, added up.

use super::{Cost, Fate, Menus, Parting, rehearse};
use crate::{dialog::tape::Tape, types::Msisdn};
use serde::Serialize;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// What would have become of many dialogs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Dialogs that were tried.
    pub dialogs: u64,
    /// Phones they were with.
    pub people: u64,
    /// Those whose every key leads where it led.
    pub same: u64,
    /// Of these, those that read differently somewhere.
    pub reworded: u64,
    /// Keys that lead nowhere any more.
    pub stuck: Vec<Group>,
    /// Keys that lead to another block.
    pub elsewhere: Vec<Group>,
    /// What the menus want and the tapes have not.
    pub new_ground: Vec<Ground>,
    /// Values that new texts show and tapes have not: shown as nothing.
    pub blank: BTreeSet<String>,
    /// What those took and would have taken that can be followed to their end.
    pub cost: Cost,
    /// How many these are.
    pub followed: u64,
    /// Dialogs whose beginning is no longer kept.
    pub not_read: u64,
}

/// Dialogs that part at the same key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Where.
    #[serde(flatten)]
    pub parting: Parting,
    /// The way that most of them came, as one dials it.
    pub path: String,
    /// How many dialogs.
    pub dialogs: u64,
    /// With how many phones.
    pub people: u64,
}

/// Dialogs that come to what was not recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ground {
    /// The tree.
    pub tree: String,
    /// Where.
    pub block: String,
    /// What is wanted.
    pub wants: String,
    /// How many dialogs.
    pub dialogs: u64,
    /// With how many phones.
    pub people: u64,
}

#[derive(Debug, Clone, Default)]
struct Tally {
    dialogs: u64,
    people: BTreeSet<Msisdn>,
    paths: BTreeMap<String, u64>,
}

/// Adds courses up one by one.
#[derive(Debug, Clone, Default)]
pub struct Reporter {
    report: Report,
    people: BTreeSet<Msisdn>,
    stuck: BTreeMap<Parting, Tally>,
    elsewhere: BTreeMap<Parting, Tally>,
    ground: BTreeMap<(String, String, String), Tally>,
}

impl Reporter {
    /// Tries one more.
    pub fn take(&mut self, tape: &Tape, menus: Menus<'_>) {
        let (Some(course), Some(head)) = (rehearse(tape, menus), tape.head()) else {
            self.report.not_read += 1;
            return;
        };
        let report = &mut self.report;
        report.dialogs += 1;
        self.people.insert(head.phone);
        report.blank.extend(course.blank);
        if let Some(cost) = &course.cost {
            report.followed += 1;
            report.cost.add(cost);
        }
        let (tally, path) = match course.fate {
            Fate::Same => {
                report.same += 1;
                report.reworded += u64::from(course.reworded);
                return;
            }
            Fate::Stuck(mut parting) => {
                let path = std::mem::take(&mut parting.path);
                (self.stuck.entry(parting).or_default(), path)
            }
            Fate::Elsewhere(mut parting) => {
                let path = std::mem::take(&mut parting.path);
                (self.elsewhere.entry(parting).or_default(), path)
            }
            Fate::NewGround { tree, block, wants } => {
                (self.ground.entry((tree, block, wants)).or_default(), String::new())
            }
        };
        tally.dialogs += 1;
        tally.people.insert(head.phone);
        *tally.paths.entry(path).or_default() += 1;
    }

    /// What would have become of them, the most frequent first.
    pub fn report(self) -> Report {
        let groups = |all: BTreeMap<Parting, Tally>| {
            let group = |(parting, tally): (Parting, Tally)| {
                let most = tally.paths.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)));
                let (dialogs, people) = (tally.dialogs, tally.people.len() as u64);
                Group { parting, path: most.map(|(path, _)| path).unwrap_or_default(), dialogs, people }
            };
            let mut groups: Vec<Group> = all.into_iter().map(group).collect();
            groups.sort_by_key(|group| Reverse(group.dialogs));
            groups
        };
        let ground = |((tree, block, wants), tally): ((String, String, String), Tally)| {
            let (dialogs, people) = (tally.dialogs, tally.people.len() as u64);
            Ground { tree, block, wants, dialogs, people }
        };
        let mut new_ground: Vec<Ground> = self.ground.into_iter().map(ground).collect();
        new_ground.sort_by_key(|ground| Reverse(ground.dialogs));
        Report {
            people: self.people.len() as u64,
            stuck: groups(self.stuck),
            elsewhere: groups(self.elsewhere),
            new_ground,
            ..self.report
        }
    }
}

impl Report {
    /// Whether nothing changes for anybody's keys.
    pub const fn is_quiet(&self) -> bool {
        self.stuck.is_empty() && self.elsewhere.is_empty() && self.new_ground.is_empty()
    }
}
