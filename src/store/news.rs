//! What nodes of one store tell each other beside the rows: that something is worth a look now. Word may be
//! lost, so nothing rests on it: whoever follows looks by himself now and then.

use std::sync::Arc;
use tokio::sync::broadcast;

/// What a node hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A word that another node left.
    Word(Arc<str>),
    /// Words may have been left that nobody here heard.
    Missed,
}

/// How many words wait for a slow reader; those it missed it is told of.
const WAITING: usize = 1_024;

/// Where nodes leave word.
pub trait News: Send + Sync + 'static {
    /// Leaves a word for all others, soon. Never waits.
    fn tell(&self, word: String);

    /// What others leave from now on.
    fn heard(&self) -> broadcast::Receiver<Heard>;
}

/// Nodes within one process: for tests and simulations.
#[derive(Debug, Clone)]
pub struct Rumour {
    all: broadcast::Sender<Heard>,
}

impl Default for Rumour {
    fn default() -> Self {
        Self { all: broadcast::channel(WAITING).0 }
    }
}

impl News for Rumour {
    fn tell(&self, word: String) {
        // Nobody who listens is no fault.
        let _ = self.all.send(Heard::Word(word.into()));
    }

    fn heard(&self) -> broadcast::Receiver<Heard> {
        self.all.subscribe()
    }
}
