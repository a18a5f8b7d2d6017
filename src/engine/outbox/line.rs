//! Who asked first is paid first: payouts that a provider did not take yet stand in line, and those asked
//! for later wait behind them instead of passing with a smaller sum.

use crate::market::Payout;
use crate::types::{PayoutId, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where a payout stands among those of its provider.
type Place = (Timestamp, PayoutId);

/// The lines before every provider. It is made anew whenever a node begins to pay.
#[derive(Default)]
pub(in crate::engine) struct Lines(Mutex<BTreeMap<String, Line>>);

/// Who stands before one provider, until when, and whether for more to pay from.
type Line = BTreeMap<Place, (Option<Timestamp>, bool)>;

fn place(payout: &Payout) -> Place {
    (payout.asked, payout.id)
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody stands anywhere.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    /// Whether somebody who asked earlier waits; then this one does, too.
    pub(super) fn is_behind(&self, payout: &Payout) -> bool {
        let mut lines = self.lock();
        let line = lines.entry(payout.via.clone()).or_default();
        let behind = line.first_key_value().is_some_and(|(first, _)| *first < place(payout));
        if behind {
            line.entry(place(payout)).or_insert((None, payout.waits));
        }
        behind
    }

    /// It was not taken, and is looked at again then.
    pub(super) fn waits(&self, payout: &Payout, until: Option<Timestamp>) {
        self.lock().entry(payout.via.clone()).or_default().insert(place(payout), (until, payout.waits));
    }

    /// Whether somebody waits for more to pay from.
    pub(in crate::engine) fn is_short(&self, via: &str) -> bool {
        self.lock().get(via).is_some_and(|line| line.values().any(|(_, short)| *short))
    }

    /// It waits no longer. When it was the first: who is first now, and when that one is looked at.
    pub(super) fn leaves(&self, payout: &Payout) -> Option<(PayoutId, Timestamp)> {
        let mut lines = self.lock();
        let line = lines.get_mut(&payout.via)?;
        line.remove(&place(payout))?;
        let (next, until) = line.first_key_value().map(|(next, (until, _))| (*next, *until))?;
        (next > place(payout)).then_some((next.1, until?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::payout::{PayFrom, PayoutStage};
    use crate::types::{Kes, Msisdn, PartyId};

    fn payout(name: &str, via: &str, asked: i64) -> Payout {
        Payout {
            id: PayoutId::derived(name),
            owner: PartyId::derived(name),
            from: PayFrom::Artisan,
            to: Msisdn::from_e164("254712345678").expect("a number"),
            via: via.to_owned(),
            amount: Kes::major(850),
            stage: PayoutStage::Reserved,
            reference: None,
            why: None,
            waits: false,
            contradicted: None,
            asked: Timestamp::from_millis(asked),
            since: Timestamp::from_millis(asked),
        }
    }

    #[test]
    fn whoever_asked_later_waits_until_everybody_before_her_is_through() {
        let lines = Lines::default();
        let [first, second, third] = [1, 2, 3].map(|at| payout(&at.to_string(), "mpesa", at));
        assert!(!lines.is_behind(&third), "nobody waits");
        lines.waits(&second, Some(Timestamp::from_millis(20)));
        assert!(lines.is_behind(&third) && !lines.is_behind(&second));
        assert!(!lines.is_short("mpesa"), "it waits for something else");
        lines.waits(&Payout { waits: true, ..second.clone() }, Some(Timestamp::from_millis(20)));
        assert!(lines.is_short("mpesa") && !lines.is_short("airtel"));
        assert!(!lines.is_behind(&first), "she asked before all of them");
        assert!(!lines.is_behind(&payout("4", "airtel", 4)), "another provider has its own line");
        lines.waits(&third, Some(Timestamp::from_millis(30)));
        let next = Some((third.id, Timestamp::from_millis(30)));
        assert_eq!((lines.leaves(&second), lines.leaves(&second)), (next, None));
        assert!(!lines.is_behind(&third));
        assert_eq!(lines.leaves(&third), None);
    }
}
