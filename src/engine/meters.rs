//! What the phones' side did since the start, counted as it happens: a few additions a turn, nothing allocated.

use super::port::UssdOut;
use super::work::shard;
use prometheus_client::metrics::histogram::Histogram;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a USSD step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A screen that waits for a key.
    Ask,
    /// A last screen.
    End,
    /// Nothing to show: a call that was over, a copy.
    Nothing,
    /// Not worked on: it had waited so long in its lane that its screen would have come too late.
    Shed,
    /// Not taken: its lane was full.
    Busy,
    /// Something broke on our side, and she was told so.
    Fault,
}

impl Outcome {
    /// Every one.
    pub const ALL: [Self; 6] = [Self::Ask, Self::End, Self::Nothing, Self::Shed, Self::Busy, Self::Fault];

    /// The word of the metrics and of traces.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::End => "end",
            Self::Nothing => "nothing",
            Self::Shed => "shed",
            Self::Busy => "busy",
            Self::Fault => "fault",
        }
    }

    /// What a screen is, where nothing broke.
    pub const fn of(out: &UssdOut) -> Self {
        match out {
            UssdOut::Ask(_) => Self::Ask,
            UssdOut::End(_) => Self::End,
            UssdOut::Nothing => Self::Nothing,
        }
    }
}

/// The shards of the outbox by the words of the metrics and of traces.
pub const KINDS: [(u8, &str); 5] = [
    (shard::SMS, "sms"),
    (shard::MONEY, "money"),
    (shard::CARD, "card"),
    (shard::MAIL, "mail"),
    (shard::HOOKS, "webhook"),
];

/// The word of a shard.
pub fn kind(shard: u8) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == shard).map_or("other", |(_, word)| word)
}

/// Counters of the phones and of the outbox; they only grow.
#[derive(Debug)]
pub struct Meters {
    turns: [AtomicU64; Outcome::ALL.len()],
    /// From the octets of a step to the screen that answers it, in seconds.
    pub reply: Histogram,
    resumed: AtomicU64,
    /// By shard: settled, put off.
    sends: [[AtomicU64; 2]; 8],
}

impl Default for Meters {
    fn default() -> Self {
        // An operator waits for some seconds, a person for one.
        let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0];
        Self {
            turns: Default::default(),
            reply: Histogram::new(bounds),
            resumed: AtomicU64::default(),
            sends: Default::default(),
        }
    }
}

impl Meters {
    /// A step came to this.
    pub fn turn(&self, outcome: Outcome) {
        self.turns[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// A step was answered after so long.
    pub fn answered(&self, took: Duration) {
        self.reply.observe(took.as_secs_f64());
    }

    /// A call that was cut was gone on with.
    pub fn resumed(&self) {
        self.resumed.fetch_add(1, Ordering::Relaxed);
    }

    /// A try to send was over: the row is settled, or goes again later.
    pub fn sent(&self, shard: u8, put_off: bool) {
        if let Some(counts) = self.sends.get(usize::from(shard)) {
            counts[usize::from(put_off)].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many steps came to what.
    pub fn turns(&self) -> impl Iterator<Item = (Outcome, u64)> {
        Outcome::ALL.into_iter().zip(self.turns.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    /// How many calls were gone on with.
    pub fn resumptions(&self) -> u64 {
        self.resumed.load(Ordering::Relaxed)
    }

    /// Tries by the word of their kind: how many settled their row, how many put it off.
    pub fn sends(&self) -> impl Iterator<Item = (&'static str, [u64; 2])> {
        KINDS.into_iter().map(|(shard, word)| {
            let [settled, put_off] = &self.sends[usize::from(shard)];
            (word, [settled.load(Ordering::Relaxed), put_off.load(Ordering::Relaxed)])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_and_every_kind_is_counted_by_itself() {
        let meters = Meters::default();
        for (nth, outcome) in Outcome::ALL.into_iter().enumerate() {
            (0..=nth).for_each(|_| meters.turn(outcome));
        }
        assert_eq!(meters.turns().map(|(_, count)| count).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
        let words: std::collections::BTreeSet<_> = Outcome::ALL.map(Outcome::word).into();
        assert_eq!(words.len(), Outcome::ALL.len());
        KINDS.into_iter().for_each(|(shard, _)| meters.sent(shard, shard == shard::MAIL));
        assert!(meters.sends().all(|(word, counts)| counts == if word == "mail" { [0, 1] } else { [1, 0] }));
    }
}
