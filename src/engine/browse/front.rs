//! What the shop asks of the shelves, and what it gets.

use crate::engine::shopfront::PieceView;
use crate::engine::story::StoryView;
use crate::types::{PartyId, Timestamp, Usd};
use std::{fmt, str::FromStr};

/// Something that a piece is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// What it is, as a word of the menus.
    Kind(String),
    /// What it is made of, as a word of the menus.
    Stuff(String),
    /// Where its maker works, as a word of the menus.
    Place(String),
    /// Who made it.
    Maker(PartyId),
    /// The first name of who made it, as [`sought`](crate::types::text::sought) spells it.
    Name(String),
    /// The same, for whoever is called almost so.
    Like(String),
    /// Any of the first; when nothing on sale has any of them, any of the second. Neither holds another
    /// such choice.
    Else(Vec<Self>, Vec<Self>),
}

/// Where a piece stands among all others: pieces are shown newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// Since when it is in the shop.
    pub since: Timestamp,
    /// The number of its listing.
    pub number: u32,
}

/// As it stands in an address: `1798745400000-10019`.
impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.since.millis(), self.number)
    }
}

impl FromStr for Spot {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (since, number) = text.split_once('-').ok_or(())?;
        let since = since.parse().map_err(|_| ())?;
        Ok(Self { since: Timestamp::from_millis(since), number: number.parse().map_err(|_| ())? })
    }
}

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct Browse {
    /// Each of these narrows what is found; within one, any term will do.
    pub terms: Vec<Vec<Term>>,
    /// The least that one may cost.
    pub least: Option<Usd>,
    /// The most.
    pub most: Option<Usd>,
    /// Only what stands behind this spot.
    pub before: Option<Spot>,
    /// So many at most.
    pub limit: usize,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The pieces, newest first.
    pub pieces: Vec<PieceView>,
    /// Where to look further; `None` when that is all. With fewer pieces than were wanted, or none, it
    /// says how far one request has looked: what lies behind has not been looked at.
    pub further: Option<Spot>,
}

/// The words of what is on sale.
#[derive(Debug, Clone, Default)]
pub struct Aisles {
    /// Kinds.
    pub kinds: Vec<String>,
    /// Materials.
    pub stuffs: Vec<String>,
    /// Since when the oldest of it is there.
    pub oldest: Option<Timestamp>,
}

/// A maker, as the shop shows her: what else we know of her stays with us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MakerView {
    /// Who.
    pub id: PartyId,
    /// What names her page.
    pub page: String,
    /// Her first name.
    pub name: String,
    /// Where she works.
    pub place: String,
    /// What she wants said of her.
    pub story: Option<StoryView>,
}
