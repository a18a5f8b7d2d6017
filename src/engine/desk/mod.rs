//! What operators of the service do at the desk, each by her name.

pub mod acts;
pub mod approvals;
pub mod books;
pub mod door;
pub mod freeze;
pub mod holds;
pub(super) mod kept;
pub mod listings;
pub mod payouts;
pub mod pulse;
pub mod sheet;

use super::cards::desk::CardDesk;
use super::recon::ReconDesk;
use super::record::Cause;
use super::shopfront::ShopError;
use super::story::StoryDesk;
use super::work::Fault;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who acts at the desk, as the journal and the pages name her, and from where.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Who {
    name: String,
    from: Option<String>,
}

/// One name is one person, wherever she sits.
impl PartialEq for Who {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Who {}

impl From<String> for Who {
    fn from(name: String) -> Self {
        Self { name, from: None }
    }
}

impl From<Who> for String {
    fn from(who: Who) -> Self {
        who.name
    }
}

impl Who {
    /// The owner of the key that opens the whole desk, where no other person is named.
    pub const OWNER: &str = "desk";
    /// As whom the program itself acts: at its start, or by a command beside the service.
    pub const PROGRAM: &str = "sokoni";
    /// As whom the journal names somebody of whom only a wrong name or key is known.
    pub const NOBODY: &str = "nobody";
    /// Names that no person can have, since the journal means somebody else by them.
    pub const TAKEN: [&str; 3] = [Self::OWNER, Self::PROGRAM, Self::NOBODY];

    /// A person by her name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), from: None }
    }

    /// The same, at an address.
    #[must_use]
    pub fn at(mut self, from: &str) -> Self {
        self.from = (!from.is_empty()).then(|| from.to_owned());
        self
    }

    /// Her name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is the owner of the house's own key, who may act in somebody else's name.
    pub fn is_house(&self) -> bool {
        self.name == Self::OWNER
    }

    /// Why a turn of hers came about: `what` she did, in a few words.
    pub(in crate::engine) fn did(&self, what: impl Into<String>) -> Cause {
        Cause::Acted { by: self.name.clone(), what: what.into(), from: self.from.clone() }
    }
}

/// Everything that operators ask of the engine by name.
pub trait OperatorDesk:
    freeze::FreezeDesk
    + approvals::ApprovalDesk
    + holds::HoldDesk
    + books::BooksDesk
    + payouts::PayoutDesk
    + listings::ListingsDesk
    + acts::ActsDesk
    + pulse::PulseDesk
    + CardDesk
    + ReconDesk
    + StoryDesk
{
}

impl<D> OperatorDesk for D where
    D: freeze::FreezeDesk
        + approvals::ApprovalDesk
        + holds::HoldDesk
        + books::BooksDesk
        + payouts::PayoutDesk
        + listings::ListingsDesk
        + acts::ActsDesk
        + pulse::PulseDesk
        + CardDesk
        + ReconDesk
        + StoryDesk
{
}

pub(super) fn broken(fault: &Fault) -> ShopError {
    tracing::error!(%fault, "the desk asked for something that failed");
    ShopError::Fault
}

impl Default for Who {
    fn default() -> Self {
        Self::new(Self::OWNER)
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
