//! How fast one bind submits: a rate of our own (GCRA, as ITU-T I.371 describes it), and the answer
//! to ESME_RTHROTTLED and ESME_RMSGQFUL: stop, try one message, then speed up again. A screen is
//! worth nothing in eight seconds, so it probes after half a second however long SMS are held.

use crate::types::Timestamp;
use std::time::Duration;

/// How long a refusal holds screens: somebody waits for them.
const SCREEN_PAUSE: Duration = Duration::from_millis(500);
/// The shortest stop of SMS after a refusal.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest stop.
const LAST_PAUSE: Duration = Duration::from_secs(30);
/// Microseconds in a second.
const SECOND: u64 = 1_000_000;
/// congestion_state from here on is "nearing congestion" (SMPP 5.0, 4.8.4.18).
const NEARING: u8 = 90;

/// What wants to be submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A screen of a dialog.
    Screen,
    /// A part of an SMS.
    Sms,
}

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
    /// When congestion last slowed us down.
    eased: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Messages go at the rate.
    Open,
    /// No screen goes before the first moment, no SMS before the second.
    Held(Timestamp, Timestamp),
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
            eased: None,
        }
    }

    /// When a message may go, without taking its turn; `None` is now.
    pub fn wait(&self, kind: Kind, now: Timestamp) -> Option<Wait> {
        match self.state {
            State::Held(until, _) if kind == Kind::Screen && until > now => return Some(Wait::Until(until)),
            State::Held(_, until) if kind == Kind::Sms && until > now => return Some(Wait::Until(until)),
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
    pub fn take(&mut self, kind: Kind, now: Timestamp) -> Result<(), Wait> {
        if let Some(wait) = self.wait(kind, now) {
            return Err(wait);
        }
        if matches!(self.state, State::Held(..)) {
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
            State::Held(..) => return,
            State::Probing => self.pause = (self.pause * 2).min(LAST_PAUSE),
            State::Open => {}
        }
        self.state = State::Held(now.after(SCREEN_PAUSE), now.after(self.pause));
        self.gap = (self.gap * 2).clamp(SECOND / 100, SECOND);
    }

    /// The message that probed was never answered, or answered with an error of its own: let the
    /// next one probe.
    pub fn unanswered(&mut self, now: Timestamp) {
        if self.state == State::Probing {
            self.state = State::Held(now, now);
        }
    }

    /// What an SMSC of version 5.0 says of its load, 0 to 100, beside an answer: from 90 on we slow
    /// down before it must refuse, at most once a second, since every answer of a window says the
    /// same.
    pub fn congestion(&mut self, state: u8, now: Timestamp) {
        if state < NEARING || self.eased.is_some_and(|at| now.since(at) < Duration::from_secs(1)) {
            return;
        }
        self.eased = Some(now);
        let slower = if state >= 100 { self.gap * 2 } else { self.gap + self.gap / 4 };
        self.gap = slower.clamp(SECOND / 100, SECOND);
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
        assert_eq!(
            [throttle.take(Kind::Sms, t), throttle.take(Kind::Sms, t), throttle.take(Kind::Sms, t)],
            [Ok(()); 3]
        );
        assert_eq!(throttle.take(Kind::Sms, t), Err(Wait::Until(at(1100))));
        assert_eq!(throttle.take(Kind::Sms, at(1100)), Ok(()));
    }

    #[test]
    fn without_a_rate_nothing_is_held_back() {
        let mut throttle = Throttle::new(0, 1);
        assert!((0..1000).all(|_| throttle.take(Kind::Sms, at(5)).is_ok()));
    }

    #[test]
    fn after_a_refusal_one_message_probes_before_the_others_follow() {
        let mut throttle = Throttle::new(0, 1);
        throttle.take(Kind::Sms, at(0)).expect("free");
        throttle.refused(at(0));
        assert_eq!(throttle.take(Kind::Sms, at(999)), Err(Wait::Until(at(1000))));
        assert_eq!(throttle.take(Kind::Sms, at(1000)), Ok(()));
        assert_eq!(throttle.take(Kind::Sms, at(1001)), Err(Wait::Probe));
        throttle.accepted();
        assert_eq!(throttle.take(Kind::Sms, at(1100)), Ok(()));
        assert!(!throttle.is_held());
    }

    #[test]
    fn refused_probes_wait_longer_each_time_up_to_half_a_minute() {
        let mut throttle = Throttle::new(0, 1);
        throttle.refused(at(0));
        let mut now = at(0);
        let mut waits = Vec::new();
        for _ in 0..7 {
            let Some(Wait::Until(until)) = throttle.wait(Kind::Sms, now) else { panic!("held") };
            waits.push(until.since(now).as_secs());
            now = until;
            throttle.take(Kind::Sms, now).expect("the probe");
            throttle.refused(now);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn a_lost_probe_lets_another_one_go() {
        let mut throttle = Throttle::new(0, 1);
        throttle.refused(at(0));
        throttle.take(Kind::Sms, at(1000)).expect("the probe");
        throttle.unanswered(at(3000));
        assert_eq!(throttle.take(Kind::Sms, at(3000)), Ok(()));
    }

    #[test]
    fn a_screen_probes_while_sms_are_still_held() {
        let mut throttle = Throttle::new(0, 1);
        throttle.refused(at(0));
        assert_eq!(throttle.take(Kind::Screen, at(499)), Err(Wait::Until(at(500))));
        assert_eq!(throttle.take(Kind::Screen, at(500)), Ok(()));
        assert_eq!(throttle.take(Kind::Sms, at(2_000)), Err(Wait::Probe), "one probe, whoever it is");
        throttle.refused(at(600));
        assert_eq!(throttle.wait(Kind::Sms, at(600)), Some(Wait::Until(at(2_600))));
        assert_eq!(throttle.take(Kind::Screen, at(1_100)), Ok(()), "SMS wait longer, screens do not");
    }

    #[test]
    fn a_congested_smsc_is_spared_before_it_refuses() {
        let mut throttle = Throttle::new(100, 1);
        throttle.take(Kind::Sms, at(1_000)).expect("free");
        (0..64).for_each(|_| throttle.congestion(100, at(1_000)));
        throttle.take(Kind::Sms, at(1_010)).expect("its turn came before");
        assert_eq!(throttle.wait(Kind::Sms, at(1_010)), Some(Wait::Until(at(1_030))), "half the rate, once");
        throttle.congestion(50, at(3_000));
        (0..20).for_each(|_| throttle.accepted());
        throttle.take(Kind::Sms, at(4_000)).expect("free");
        assert_eq!(throttle.wait(Kind::Sms, at(4_000)), Some(Wait::Until(at(4_010))), "full rate again");
    }

    proptest! {
        #[test]
        fn no_second_sees_more_than_the_rate_and_one_burst(rate in 1u32..200, burst in 1u32..20) {
            let mut throttle = Throttle::new(rate, burst);
            let sent = (0..1000).filter(|ms| throttle.take(Kind::Sms, at(10_000 + ms)).is_ok()).count();
            prop_assert!(sent <= (rate + burst) as usize);
            prop_assert!(sent >= (rate.min(900)) as usize / 2);
        }
    }
}
