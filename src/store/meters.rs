//! What a writer did since the start: groups, what stood in them, how long the disk took.

use super::StoreError;
use super::batch::Committed;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use std::time::Duration;

/// Counted once for each group, so that a turn pays nothing for it. Clones count together.
#[derive(Debug, Clone)]
pub struct Meters {
    /// Batches that are durable.
    pub commits: Counter,
    /// Batches that were refused because a row had changed, or a sum would have gone below its floor.
    pub conflicts: Counter,
    /// Batches written with one write and one sync.
    pub batches: Histogram,
    /// Octets written so.
    pub octets: Histogram,
    /// Seconds that the write and the sync took.
    pub seconds: Histogram,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            commits: Counter::default(),
            conflicts: Counter::default(),
            batches: Histogram::new(exponential_buckets(1.0, 2.0, 11)),
            octets: Histogram::new(exponential_buckets(1_024.0, 4.0, 9)),
            // Half a millisecond to eight seconds.
            seconds: Histogram::new(exponential_buckets(0.0005, 2.0, 15)),
        }
    }
}

impl Meters {
    /// A group was judged; `written` says how many octets and how long, if any of it was.
    pub(super) fn group<'v>(
        &self, verdicts: impl Iterator<Item = &'v Result<Committed, StoreError>>,
        written: Option<(usize, Duration)>,
    ) {
        let (mut commits, mut conflicts) = (0, 0);
        for verdict in verdicts {
            match verdict {
                Ok(Committed::At(_)) => commits += 1,
                Err(StoreError::Conflict(_) | StoreError::Floor(_)) => conflicts += 1,
                Ok(_) | Err(_) => {}
            }
        }
        self.commits.inc_by(commits);
        self.conflicts.inc_by(conflicts);
        if let Some((octets, took)) = written {
            self.batches.observe(commits as f64);
            self.octets.observe(octets as f64);
            self.seconds.observe(took.as_secs_f64());
        }
    }
}
