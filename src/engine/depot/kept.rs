//! Tips, lessons and cases as a turn holds them, and the indexes that find them.

use crate::engine::aggregate::{Aggregate, Shelf, Shelves, entries};
use crate::market::{self, Bulletin, Case, Event};
use crate::store::{Key, keys};
use crate::types::{BulletinId, CaseId, PartyId, Timestamp};
use std::collections::BTreeMap;

/// Tips and lessons, by the moment they were posted.
pub fn all_bulletins() -> Key {
    keys::index_prefix("bulletin", &[])
}

/// Lessons that somebody came to.
pub fn lessons_of(who: PartyId) -> Key {
    keys::index_prefix("came", &[who.as_bytes()])
}

impl Aggregate for Bulletin {
    type Id = BulletinId;
    type Event = market::BulletinEvent;

    fn key(id: BulletinId) -> Key {
        keys::bulletin(id)
    }

    fn evolve(state: Option<Self>, event: &Self::Event, at: Timestamp) -> Option<Self> {
        market::bulletin::evolve(state, event, at)
    }

    fn wrap(id: BulletinId, event: Self::Event) -> Event {
        Event::Bulletin(id, event)
    }

    fn indexes(&self, id: BulletinId) -> BTreeMap<Key, Vec<u8>> {
        let posted = keys::index("bulletin", &[&keys::moment(self.posted)], id.as_bytes());
        let came = self.came.iter().filter_map(|came| came.who);
        let came = came.map(|who| keys::index("came", &[who.as_bytes()], id.as_bytes()));
        entries(came.chain([posted]))
    }

    fn shelf(shelves: &mut Shelves) -> &mut Shelf<Self> {
        &mut shelves.bulletins
    }
}

/// Cases in which somebody is involved, by the moment they were opened.
pub fn cases_of(who: PartyId) -> Key {
    keys::index_prefix("case_of", &[who.as_bytes()])
}

/// All cases, by the moment they were opened.
pub fn all_cases() -> Key {
    keys::index_prefix("case", &[])
}

impl Aggregate for Case {
    type Id = CaseId;
    type Event = market::CaseEvent;

    fn key(id: CaseId) -> Key {
        keys::case(id)
    }

    fn evolve(state: Option<Self>, event: &Self::Event, at: Timestamp) -> Option<Self> {
        market::case::evolve(state, event, at)
    }

    fn wrap(id: CaseId, event: Self::Event) -> Event {
        Event::Case(id, event)
    }

    fn indexes(&self, id: CaseId) -> BTreeMap<Key, Vec<u8>> {
        let opened = keys::moment(self.opened);
        let of = |who: &PartyId| keys::index("case_of", &[who.as_bytes(), &opened], id.as_bytes());
        let all = keys::index("case", &[&opened], id.as_bytes());
        entries(self.people.iter().map(of).chain([all]))
    }

    fn shelf(shelves: &mut Shelves) -> &mut Shelf<Self> {
        &mut shelves.cases
    }
}
