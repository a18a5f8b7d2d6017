//! How fast we submit: a rate of our own (GCRA, as ITU-T I.371 describes it), and the answer to
//! ESME_RTHROTTLED and ESME_RMSGQFUL: stop, try one message, then speed up again.

use crate::types::Timestamp;
use std::time::Duration;

/// The shortest stop after a refusal.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest stop.
const LAST_PAUSE: Duration = Duration::from_secs(30);
/// Microseconds in a second.
const SECOND: u64 = 1_000_000;

/// Paces what is submitted on one bind.
#[derive(Debug)]
pub struct Throttle {
    /// Microseconds between two messages at full rate; zero is unlimited.
    least_gap: u64,
    /// The same at the rate of now.
    gap: u64,
    /// How far ahead of the even rate a burst may run, in messages.
    burst: u64,
    /// The theoretical arrival time of the next message, in microseconds.
    tat: u64,
    state: State,
    pause: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Messages go at the rate.
    Open,
    /// Nothing goes before this moment.
    Held(Timestamp),
    /// One message is out; its answer decides.
    Probing,
}

/// When the next message may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// At this moment.
    Until(Timestamp),
    /// When the message that probes was answered.
    Probe,
}

fn micros(now: Timestamp) -> u64 {
    u64::try_from(now.millis()).unwrap_or(0).saturating_mul(1000)
}

impl Throttle {
    /// At most `per_second` messages, `burst` of them at once; zero `per_second` is unlimited.
    pub fn new(per_second: u32, burst: u32) -> Self {
        let least_gap = SECOND.checked_div(u64::from(per_second)).unwrap_or(0);
        Self {
            least_gap,
            gap: least_gap,
            burst: u64::from(burst.max(1)),
            tat: 0,
            state: State::Open,
            pause: FIRST_PAUSE,
        }
    }

    /// When a message may go, without taking its turn; `None` is now.
    pub fn wait(&self, now: Timestamp) -> Option<Wait> {
        match self.state {
            State::Held(until) if until > now => return Some(Wait::Until(until)),
            State::Probing => return Some(Wait::Probe),
            _ => {}
        }
        let earliest = self.tat.saturating_sub(self.gap.saturating_mul(self.burst - 1));
        (earliest > micros(now)).then(|| {
            let millis = i64::try_from(earliest.div_ceil(1000)).unwrap_or(i64::MAX);
            Wait::Until(Timestamp::from_millis(millis))
        })
    }

    /// Takes the turn of one message.
    ///
    /// # Errors
    /// Says when to ask again.
    pub fn take(&mut self, now: Timestamp) -> Result<(), Wait> {
        if let Some(wait) = self.wait(now) {
            return Err(wait);
        }
        if matches!(self.state, State::Held(_)) {
            self.state = State::Probing;
        }
        self.tat = self.tat.max(micros(now)).saturating_add(self.gap);
        Ok(())
    }

    /// The SMSC took a message: the probe went through, and the rate climbs back by a tenth.
    pub fn accepted(&mut self) {
        if self.state == State::Probing {
            self.state = State::Open;
            self.pause = FIRST_PAUSE;
        } else if self.gap > self.least_gap {
            self.gap = (self.gap - self.gap / 10).max(self.least_gap);
            if self.gap < 1000 && self.least_gap == 0 {
                self.gap = 0;
            }
        }
    }

    /// The SMSC said "too fast" or "queue full": halve the rate, hold, and hold longer each time.
    pub fn refused(&mut self, now: Timestamp) {
        match self.state {
            // The rest of a burst that was already under way says nothing new.
            State::Held(until) if until > now => return,
            State::Probing => self.pause = (self.pause * 2).min(LAST_PAUSE),
            _ => {}
        }
        self.state = State::Held(now.after(self.pause));
        self.gap = (self.gap * 2).clamp(SECOND / 100, SECOND);
    }

    /// The message that probed was never answered, or answered with an error of its own: let the
    /// next one probe.
    pub fn unanswered(&mut self, now: Timestamp) {
        if self.state == State::Probing {
            self.state = State::Held(now);
        }
    }

    /// Whether messages are held back by a refusal.
    pub fn is_held(&self) -> bool {
        self.state != State::Open
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
    fn a_burst_goes_at_once_and_then_the_rate_holds() {
        let mut throttle = Throttle::new(10, 3);
        let t = at(1000);
        assert_eq!([throttle.take(t), throttle.take(t), throttle.take(t)], [Ok(()); 3]);
        assert_eq!(throttle.take(t), Err(Wait::Until(at(1100))));
        assert_eq!(throttle.take(at(1100)), Ok(()));
    }

    #[test]
    fn without_a_rate_nothing_is_held_back() {
        let mut throttle = Throttle::new(0, 1);
        assert!((0..1000).all(|_| throttle.take(at(5)).is_ok()));
    }

    #[test]
    fn after_a_refusal_one_message_probes_before_the_others_follow() {
        let mut throttle = Throttle::new(0, 1);
        throttle.take(at(0)).expect("free");
        throttle.refused(at(0));
        assert_eq!(throttle.take(at(999)), Err(Wait::Until(at(1000))));
        assert_eq!(throttle.take(at(1000)), Ok(()));
        assert_eq!(throttle.take(at(1001)), Err(Wait::Probe));
        throttle.accepted();
        assert_eq!(throttle.take(at(1100)), Ok(()));
        assert!(!throttle.is_held());
    }

    #[test]
    fn refused_probes_wait_longer_each_time_up_to_half_a_minute() {
        let mut throttle = Throttle::new(0, 1);
        throttle.refused(at(0));
        let mut now = at(0);
        let mut waits = Vec::new();
        for _ in 0..7 {
            let Some(Wait::Until(until)) = throttle.wait(now) else { panic!("held") };
            waits.push(until.since(now).as_secs());
            now = until;
            throttle.take(now).expect("the probe");
            throttle.refused(now);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn a_lost_probe_lets_another_one_go() {
        let mut throttle = Throttle::new(0, 1);
        throttle.refused(at(0));
        throttle.take(at(1000)).expect("the probe");
        throttle.unanswered(at(3000));
        assert_eq!(throttle.take(at(3000)), Ok(()));
    }

    proptest! {
        #[test]
        fn no_second_sees_more_than_the_rate_and_one_burst(rate in 1u32..200, burst in 1u32..20) {
            let mut throttle = Throttle::new(rate, burst);
            let sent = (0..1000).filter(|ms| throttle.take(at(10_000 + ms)).is_ok()).count();
            prop_assert!(sent <= (rate + burst) as usize);
            prop_assert!(sent >= (rate.min(900)) as usize / 2);
        }
    }
}
