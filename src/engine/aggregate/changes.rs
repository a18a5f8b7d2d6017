//! What a turn changed: each thing's fields before and after, for the record of what was done at the desk.

use super::{Aggregate, Shelf, Shelves};
use crate::engine::desk::acts::Change;

impl<A: Aggregate> Shelf<A> {
    /// What is different in those that changed.
    fn changes(&self, kind: &str, found: &mut Vec<Change>) {
        let spelled = |state: &Option<A>| serde_json::to_value(state).unwrap_or_default();
        for (id, held) in self.0.iter().filter(|(_, held)| held.now != held.before) {
            let id = serde_json::to_value(id).unwrap_or_default();
            found.push(Change::of(kind, &id, &spelled(&held.before), &spelled(&held.now)));
        }
    }
}

impl Shelves {
    /// What is different in everything that changed, by kind as events name it.
    pub fn changes(&self) -> Vec<Change> {
        let mut found = Vec::new();
        self.parties.changes("party", &mut found);
        self.listings.changes("listing", &mut found);
        self.orders.changes("order", &mut found);
        self.payouts.changes("payout", &mut found);
        self.loans.changes("loan", &mut found);
        self.bulletins.changes("bulletin", &mut found);
        self.cases.changes("case", &mut found);
        self.cash.changes("cash", &mut found);
        self.kiosks.changes("kiosk", &mut found);
        self.receipts.changes("receipt", &mut found);
        self.freezes.changes("freeze", &mut found);
        self.bulks.changes("bulk", &mut found);
        self.approvals.changes("approval", &mut found);
        self.troubles.changes("trouble", &mut found);
        self.statements.changes("statement", &mut found);
        self.differences.changes("difference", &mut found);
        found
    }
}
