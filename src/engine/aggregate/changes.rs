//! What a turn changed: each thing's fields before and after, for the record of what was done at the desk.

use super::{Aggregate, Shelf, Shelves};
use crate::engine::desk::acts::Change;
use crate::engine::erasure::Leaving;

impl<A: Aggregate> Shelf<A> {
    /// What is different in those that changed.
    fn changes(&self, kind: &str, leaving: &Leaving, found: &mut Vec<Change>) {
        let spelled = |state: &Option<A>| serde_json::to_value(state).unwrap_or_default();
        for (id, held) in self.0.iter().filter(|(_, held)| held.now != held.before) {
            let id = serde_json::to_value(id).unwrap_or_default();
            let (before, now) = (spelled(&held.before), spelled(&held.now));
            if ![&id, &before, &now].into_iter().any(|value| leaving.is_in(value)) {
                found.push(Change::of(kind, &id, &before, &now));
            }
        }
    }
}

impl Shelves {
    /// What is different in everything that changed, by kind as events name it; but for what may name somebody
    /// who is being forgotten.
    pub fn changes(&self, leaving: &Leaving) -> Vec<Change> {
        let mut found = Vec::new();
        self.parties.changes("party", leaving, &mut found);
        self.listings.changes("listing", leaving, &mut found);
        self.orders.changes("order", leaving, &mut found);
        self.payouts.changes("payout", leaving, &mut found);
        self.loans.changes("loan", leaving, &mut found);
        self.bulletins.changes("bulletin", leaving, &mut found);
        self.cases.changes("case", leaving, &mut found);
        self.cash.changes("cash", leaving, &mut found);
        self.kiosks.changes("kiosk", leaving, &mut found);
        self.receipts.changes("receipt", leaving, &mut found);
        self.freezes.changes("freeze", leaving, &mut found);
        self.bulks.changes("bulk", leaving, &mut found);
        self.approvals.changes("approval", leaving, &mut found);
        self.troubles.changes("trouble", leaving, &mut found);
        self.statements.changes("statement", leaving, &mut found);
        self.differences.changes("difference", leaving, &mut found);
        found
    }
}
