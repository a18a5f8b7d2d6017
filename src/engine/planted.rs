//! Bugs planted on purpose, one at a time, to see that the simulated world finds such as these.
//! They exist under the feature `planted` alone, which nothing that is shipped has.

use std::cell::Cell;
use std::fmt;
use std::str::FromStr;

/// A bug of a kind that systems like this one have had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// What a payout moves in the books is written in a commit of its own, after the one that decides it.
    Posting,
    /// An SMS that comes again is not known again.
    Dedupe,
    /// A payout that is sent again goes under a new id.
    Resend,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Posting, Self::Dedupe, Self::Resend];
}

impl fmt::Display for Bug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Posting => "posting",
            Self::Dedupe => "dedupe",
            Self::Resend => "resend",
        })
    }
}

impl FromStr for Bug {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|bug| bug.to_string() == text);
        named.ok_or_else(|| format!("{text:?} is none of: posting, dedupe, resend"))
    }
}

thread_local! {
    /// Of a thread, as a world lives on one: others beside it are sound.
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// From now on engines of this thread have this bug, or none.
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

/// The bug that engines of this thread have.
pub fn planted() -> Option<Bug> {
    PLANTED.get()
}

/// Whether they have this one.
pub(super) fn has(bug: Bug) -> bool {
    planted() == Some(bug)
}
