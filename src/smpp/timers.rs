//! The timers of a session by the specification's names (SMPP 3.4, 7.2), and what they ask for.

use crate::types::Timestamp;
use std::time::Duration;

/// How long each timer runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the TCP connection to the answer to our bind.
    pub session_init: Duration,
    /// Silence after which we ask whether the peer lives; after twice this the link is dropped.
    pub enquire_link: Duration,
    /// Time without any message after which we unbind and bind anew; zero never does.
    pub inactivity: Duration,
    /// From a request to its answer.
    pub response: Duration,
    /// From the first octets of a PDU to its last.
    pub unfinished: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            session_init: Duration::from_secs(30),
            enquire_link: Duration::from_secs(30),
            inactivity: Duration::ZERO,
            response: Duration::from_secs(30),
            unfinished: Duration::from_secs(10),
        }
    }
}

/// What a timer that ran out asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The bind was not answered: close.
    SessionInit,
    /// Send enquire_link.
    Enquire,
    /// The peer is silent: close.
    Silence,
    /// No message for long: unbind.
    Inactivity,
    /// A PDU was begun and not finished: close.
    Unfinished,
}

/// The running timers of one connection.
#[derive(Debug)]
pub struct Timers {
    limits: Limits,
    opened: Timestamp,
    heard: Timestamp,
    enquired: Option<Timestamp>,
    message: Timestamp,
    begun: Option<Timestamp>,
    bound: bool,
}

impl Timers {
    /// Timers of a connection that opened now.
    pub const fn new(limits: Limits, now: Timestamp) -> Self {
        Self { limits, opened: now, heard: now, enquired: None, message: now, begun: None, bound: false }
    }

    /// The limits these run by.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The bind was accepted.
    pub const fn bound(&mut self, now: Timestamp) {
        self.bound = true;
        self.message = now;
    }

    /// A whole PDU came: the peer lives.
    pub const fn heard(&mut self, now: Timestamp) {
        self.heard = now;
        self.enquired = None;
    }

    /// We sent enquire_link.
    pub const fn enquired(&mut self, now: Timestamp) {
        self.enquired = Some(now);
    }

    /// A message went or came.
    pub const fn message(&mut self, now: Timestamp) {
        self.message = now;
    }

    /// Whether the stream holds the beginning of a PDU. Further pieces of the same one do not
    /// start its time again.
    pub fn unfinished(&mut self, begun: bool, now: Timestamp) {
        self.begun = begun.then(|| self.begun.unwrap_or(now));
    }

    /// Another PDU began behind one that was finished.
    pub const fn finished(&mut self) {
        self.begun = None;
    }

    /// Every timer that runs, with what it asks for.
    fn running(&self) -> impl Iterator<Item = (Timestamp, Due)> + '_ {
        let Limits { session_init, enquire_link, inactivity, unfinished, .. } = self.limits;
        let silence = match self.enquired {
            Some(asked) => (asked.after(enquire_link), Due::Silence),
            None => (self.heard.after(enquire_link), Due::Enquire),
        };
        [
            (!self.bound).then(|| (self.opened.after(session_init), Due::SessionInit)),
            self.bound.then_some(silence).filter(|_| !enquire_link.is_zero()),
            (self.bound && !inactivity.is_zero()).then(|| (self.message.after(inactivity), Due::Inactivity)),
            self.begun.map(|begun| (begun.after(unfinished), Due::Unfinished)),
        ]
        .into_iter()
        .flatten()
    }

    /// When the next timer runs out.
    pub fn next(&self) -> Option<Timestamp> {
        self.running().map(|(at, _)| at).min()
    }

    /// A timer that has run out, the earliest first.
    pub fn due(&self, now: Timestamp) -> Option<Due> {
        self.running().filter(|(at, _)| *at <= now).min_by_key(|(at, _)| *at).map(|(_, due)| due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn silence_is_asked_about_and_then_believed() {
        let mut timers = Timers::new(Limits::default(), at(0));
        assert_eq!(timers.next(), Some(at(30)), "session_init");
        timers.bound(at(1));
        timers.heard(at(1));
        assert_eq!(timers.due(at(30)), None);
        assert_eq!(timers.due(at(31)), Some(Due::Enquire));
        timers.enquired(at(31));
        assert_eq!(timers.due(at(60)), None);
        assert_eq!(timers.due(at(61)), Some(Due::Silence));
        timers.heard(at(60));
        assert_eq!(timers.next(), Some(at(90)));
    }

    #[test]
    fn a_peer_that_never_answers_the_bind_is_left() {
        assert_eq!(Timers::new(Limits::default(), at(0)).due(at(30)), Some(Due::SessionInit));
    }

    #[test]
    fn a_trickle_does_not_keep_an_unfinished_pdu_alive() {
        let mut timers = Timers::new(Limits::default(), at(0));
        timers.unfinished(true, at(1));
        timers.unfinished(true, at(9));
        assert_eq!(timers.due(at(11)), Some(Due::Unfinished));
        timers.unfinished(false, at(10));
        assert_eq!(timers.due(at(12)), None);
    }

    #[test]
    fn inactivity_runs_only_where_it_is_set() {
        let limits = Limits { inactivity: Duration::from_secs(60), ..Limits::default() };
        let mut timers = Timers::new(limits, at(0));
        timers.bound(at(0));
        timers.heard(at(50));
        timers.message(at(5));
        assert_eq!(timers.due(at(65)), Some(Due::Inactivity));
    }
}
