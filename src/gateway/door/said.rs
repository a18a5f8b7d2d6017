//! What was answered to steps that have names, for a gateway that brings one again after the phone has
//! gone on: the same request gets the same answer, and the dialog does not hear of it.
//!
//! The last step of a phone is not answered from here: its dialog knows whether its screen was seen.

use crate::engine::port::{Mark, UssdOut};
use crate::types::{Msisdn, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Answers that are remembered of one phone.
const KEPT: usize = 8;
/// Phones whose answers are remembered.
const PHONES: usize = 20_000;

/// No gateway brings a step again after so long; a name that comes then is another dialog's.
const LATE: Duration = Duration::from_secs(300);

/// An answer.
struct Answer {
    mark: Mark,
    out: UssdOut,
    at: Timestamp,
}

/// The latest answers of each phone, oldest first.
#[derive(Default)]
pub(super) struct Said(Mutex<BTreeMap<Msisdn, VecDeque<Answer>>>);

impl Said {
    /// What was answered to this step, if other steps have followed it.
    pub(super) fn before(&self, phone: Msisdn, mark: &[u8], now: Timestamp) -> Option<UssdOut> {
        let phones = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut earlier = phones.get(&phone)?.iter().rev().skip(1);
        let known = earlier.find(|known| known.mark == *mark && now.since(known.at) <= LATE);
        known.map(|known| known.out.clone())
    }

    /// Keeps the first answer to a step.
    pub(super) fn keep(&self, phone: Msisdn, mark: &[u8], out: &UssdOut, at: Timestamp) {
        let mut phones = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if phones.len() >= PHONES && !phones.contains_key(&phone) {
            phones.pop_first();
        }
        let said = phones.entry(phone).or_default();
        said.retain(|known| at.since(known.at) <= LATE);
        if said.iter().any(|known| known.mark == *mark) {
            return;
        }
        said.push_back(Answer { mark: mark.to_vec(), out: out.clone(), at });
        while said.len() > KEPT {
            said.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(n: usize) -> UssdOut {
        UssdOut::Ask(format!("screen {n}"))
    }

    #[test]
    fn a_step_that_others_followed_has_its_first_answer_and_the_last_one_has_none_here() {
        let (said, phone) = (Said::default(), Msisdn::from_e164("254700000101").expect("a number"));
        let now = Timestamp::from_millis(1_000_000);
        let mark = |n: usize| -> Mark { n.to_be_bytes().to_vec() };
        for n in 1..=KEPT + 2 {
            said.keep(phone, &mark(n), &screen(n), now);
            said.keep(phone, &mark(n), &screen(99), now);
            assert_eq!(said.before(phone, &mark(n), now), None, "{n} is the last");
        }
        let known = |at: Timestamp| -> Vec<usize> {
            (1..=KEPT + 2).filter(|n| said.before(phone, &mark(*n), at) == Some(screen(*n))).collect()
        };
        assert_eq!(known(now.after(LATE)), (3..KEPT + 2).collect::<Vec<_>>(), "the latest of them");
        assert_eq!(known(now.after(LATE + Duration::from_millis(1))), Vec::<usize>::new());
        let other = Msisdn::from_e164("254700000102").expect("a number");
        assert_eq!(said.before(other, &mark(4), now), None);
    }
}
