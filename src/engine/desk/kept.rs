//! What the desk keeps, as a turn holds it: switches, and what takes two people.

use crate::engine::aggregate::{Aggregate, Shelf, Shelves, entries};
use crate::market::approval::ApprovalStage;
use crate::market::{Approval, Event, Freeze, Switch};
use crate::store::{Key, keys};
use crate::types::{ApprovalId, Timestamp};
use std::collections::BTreeMap;

impl Aggregate for Freeze {
    type Id = Switch;
    type Event = crate::market::FreezeEvent;

    fn key(what: Switch) -> Key {
        keys::freeze(what.word())
    }

    fn evolve(_: Option<Self>, event: &Self::Event, at: Timestamp) -> Option<Self> {
        Some(crate::market::freeze::evolve(event, at))
    }

    fn wrap(what: Switch, event: Self::Event) -> Event {
        Event::Freeze(what, event)
    }

    fn indexes(&self, _: Switch) -> BTreeMap<Key, Vec<u8>> {
        BTreeMap::new()
    }

    fn shelf(shelves: &mut Shelves) -> &mut Shelf<Self> {
        &mut shelves.freezes
    }
}

/// Everything that takes two people, by the moment it was asked for.
pub(super) fn all_approvals() -> Key {
    keys::index_prefix("approval", &[])
}

/// What waits for a second person.
pub(in crate::engine) fn waiting_approvals() -> Key {
    keys::index_prefix("approval_waits", &[])
}

impl Aggregate for Approval {
    type Id = ApprovalId;
    type Event = crate::market::ApprovalEvent;

    fn key(id: ApprovalId) -> Key {
        keys::approval(id)
    }

    fn evolve(state: Option<Self>, event: &Self::Event, at: Timestamp) -> Option<Self> {
        crate::market::approval::evolve(state, event, at)
    }

    fn wrap(id: ApprovalId, event: Self::Event) -> Event {
        Event::Approval(id, event)
    }

    fn indexes(&self, id: ApprovalId) -> BTreeMap<Key, Vec<u8>> {
        let mut found = entries([keys::index("approval", &[&keys::moment(self.asked)], id.as_bytes())]);
        if self.stage == ApprovalStage::Waiting {
            found.insert(keys::index("approval_waits", &[], id.as_bytes()), Vec::new());
        }
        found
    }

    fn shelf(shelves: &mut Shelves) -> &mut Shelf<Self> {
        &mut shelves.approvals
    }
}
