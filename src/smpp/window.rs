//! Requests that wait for their answers, by sequence_number.

use super::pdu::LAST_SEQUENCE;
use crate::types::Timestamp;
use std::collections::BTreeMap;

/// What was sent and not yet answered, with what the sender wants to remember of each.
#[derive(Debug)]
pub struct Window<T> {
    most: usize,
    last: u32,
    waiting: BTreeMap<u32, (Timestamp, T)>,
}

impl<T> Window<T> {
    /// A window for at most so many unanswered requests; at least one.
    pub fn new(most: usize) -> Self {
        Self { most: most.max(1), last: 0, waiting: BTreeMap::new() }
    }

    /// How many more requests may be sent now.
    pub fn room(&self) -> usize {
        self.most.saturating_sub(self.waiting.len())
    }

    /// Whether everything was answered.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The sequence_number of the next request; after 0x7FFFFFFF comes 1, and a number whose
    /// request still waits is passed over.
    pub fn next_sequence(&mut self) -> u32 {
        loop {
            self.last = if self.last >= LAST_SEQUENCE { 1 } else { self.last + 1 };
            if !self.waiting.contains_key(&self.last) {
                return self.last;
            }
        }
    }

    /// Takes a place in the window until `deadline`.
    ///
    /// # Errors
    /// Gives the tag back when there is no room.
    pub fn open(&mut self, deadline: Timestamp, tag: T) -> Result<u32, T> {
        if self.room() == 0 {
            return Err(tag);
        }
        let sequence = self.next_sequence();
        self.waiting.insert(sequence, (deadline, tag));
        Ok(sequence)
    }

    /// The request that an answer of this sequence_number belongs to, whatever the order.
    pub fn close(&mut self, sequence: u32) -> Option<T> {
        self.waiting.remove(&sequence).map(|(_, tag)| tag)
    }

    /// When the next request runs out of time.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.waiting.values().map(|(deadline, _)| *deadline).min()
    }

    /// Takes out every request whose time is over.
    pub fn expire(&mut self, now: Timestamp) -> Vec<T> {
        let over: Vec<u32> =
            self.waiting.iter().filter(|(_, (deadline, _))| *deadline <= now).map(|(seq, _)| *seq).collect();
        over.into_iter().filter_map(|sequence| self.close(sequence)).collect()
    }

    /// Takes out every request: the link is gone.
    pub fn clear(&mut self) -> Vec<T> {
        std::mem::take(&mut self.waiting).into_values().map(|(_, tag)| tag).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn answers_may_come_in_any_order() {
        let mut window = Window::new(2);
        assert_eq!(window.open(at(10), 'a'), Ok(1));
        assert_eq!(window.open(at(10), 'b'), Ok(2));
        assert_eq!(window.open(at(10), 'c'), Err('c'), "full");
        assert_eq!(window.close(2), Some('b'));
        assert_eq!(window.close(2), None);
        assert_eq!(window.open(at(10), 'c'), Ok(3));
        assert_eq!(window.close(1), Some('a'));
    }

    #[test]
    fn what_waits_too_long_is_taken_out() {
        let mut window = Window::new(9);
        window.open(at(10), 'a').expect("room");
        window.open(at(20), 'b').expect("room");
        assert_eq!(window.next_deadline(), Some(at(10)));
        assert_eq!(window.expire(at(15)), vec!['a']);
        assert_eq!(window.clear(), vec!['b']);
        assert!(window.is_empty());
    }

    #[test]
    fn the_sequence_wraps_to_one_and_passes_over_what_waits() {
        let mut window = Window::new(9);
        window.open(at(10), 'a').expect("room");
        window.last = LAST_SEQUENCE - 1;
        assert_eq!(window.open(at(10), 'b'), Ok(LAST_SEQUENCE));
        assert_eq!(window.open(at(10), 'c'), Ok(2));
    }

    proptest! {
        #[test]
        fn no_two_waiting_requests_share_a_number(steps in proptest::collection::vec(any::<Option<u8>>(), 0..200)) {
            let mut window = Window::new(16);
            let mut open = Vec::new();
            for step in steps {
                match step {
                    None => if let Ok(sequence) = window.open(at(0), ()) {
                        prop_assert!(!open.contains(&sequence));
                        open.push(sequence);
                    },
                    Some(which) if !open.is_empty() => {
                        let sequence = open.swap_remove(usize::from(which) % open.len());
                        prop_assert_eq!(window.close(sequence), Some(()));
                    }
                    Some(_) => {}
                }
                prop_assert_eq!(window.room(), 16 - open.len());
            }
        }
    }
}
