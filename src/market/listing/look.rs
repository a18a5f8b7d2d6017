//! What the desk finds when it looks at a listing: that it may be sold, or why not yet, and the words
//! that the shop says of it.

use super::{Listing, ListingCommand, ListingEvent, ListingStage};
use crate::market::Refusal;
use crate::types::{Lang, PhotoName, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most letters that the shop says of a piece, in one language.
pub const LONGEST_WORDS: usize = 280;
/// The languages of the shop.
const SHOP: [&str; 2] = ["en", "fr"];

/// Who at the desk looked at a listing last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// By name.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Why the desk sends a listing back. Each has a text of its own for the maker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Its photographs do not show it: they are taken away, and the next one brings it back.
    Photo,
    /// Its price is unlike those of its kind.
    Price,
    /// It is listed as something that it is not.
    Kind,
    /// It is nothing that is sold here.
    Rules,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Photo, Self::Price, Self::Kind, Self::Rules];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Price => "price",
            Self::Kind => "kind",
            Self::Rules => "rules",
        }
    }
}

impl Listing {
    /// Shoppers see it, and nobody at the desk has looked at what they see.
    pub const fn is_unlooked(&self) -> bool {
        self.in_shop() && self.looked.is_none()
    }

    /// Whether it has a photograph that was not before the eyes of whoever looked.
    fn has_more_than(&self, seen: Option<&Vec<PhotoName>>) -> bool {
        seen.is_some_and(|seen| self.photos.iter().any(|photo| !seen.contains(&photo.name)))
    }
}

pub(super) fn decide(listing: &Listing, command: &ListingCommand) -> Result<Vec<ListingEvent>, Refusal> {
    use {ListingCommand as C, ListingEvent as E, ListingStage as S};
    Ok(match command {
        C::Look { by, seen } => match listing.stage {
            S::OnSale | S::Paused if listing.looked.is_some() => vec![],
            S::OnSale | S::Paused if listing.has_more_than(seen.as_ref()) => return Err(Refusal::Unseen),
            S::OnSale | S::Paused => vec![E::Looked { by: by.clone() }],
            _ => return Err(listing.gone()),
        },
        C::Pass { by, seen } => match listing.stage {
            S::OnSale if listing.looked.is_some() => vec![],
            S::Waiting | S::Refused | S::OnSale if listing.has_more_than(seen.as_ref()) => {
                return Err(Refusal::Unseen);
            }
            S::Waiting | S::Refused => vec![E::Passed { by: by.clone() }],
            S::OnSale => vec![E::Looked { by: by.clone() }],
            _ => return Err(listing.gone()),
        },
        C::SendBack { by, why } => match listing.stage {
            S::Refused if listing.fault == Some(*why) => vec![],
            S::Waiting | S::OnSale | S::Paused | S::Refused => {
                vec![E::SentBack { by: by.clone(), why: *why }]
            }
            _ => return Err(listing.gone()),
        },
        C::Describe { by, words } => {
            let words = said(words)?;
            match listing.stage {
                S::Removed => return Err(listing.gone()),
                _ if words == listing.words => vec![],
                _ => vec![E::Described { by: by.clone(), words }],
            }
        }
        _ => return Err(Refusal::NotAllowed),
    })
}

/// Words without what is around them, in languages of the shop; none where none were written.
fn said(words: &BTreeMap<Lang, String>) -> Result<BTreeMap<Lang, String>, Refusal> {
    let mut said = BTreeMap::new();
    for (lang, words) in words {
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        if !SHOP.contains(&lang.tag()) {
            return Err(Refusal::NotFound);
        }
        if words.chars().count() > LONGEST_WORDS {
            return Err(Refusal::OutOfRange { min: 0, max: LONGEST_WORDS as i64 });
        }
        if !words.is_empty() {
            said.insert(*lang, words);
        }
    }
    Ok(said)
}

pub(super) fn evolve(listing: &mut Listing, event: &ListingEvent, at: Timestamp) {
    let look = |by: &String| Some(Look { by: by.clone(), at });
    match event {
        ListingEvent::Looked { by } => listing.looked = look(by),
        ListingEvent::Passed { by } => {
            listing.stage = ListingStage::OnSale;
            (listing.reason, listing.fault, listing.checked_by) = (None, None, None);
            listing.looked = look(by);
        }
        ListingEvent::SentBack { by, why } => {
            listing.stage = ListingStage::Refused;
            (listing.reason, listing.fault, listing.checked_by) = (None, Some(*why), None);
            listing.looked = look(by);
            if *why == Fault::Photo {
                listing.photos.clear();
            }
        }
        ListingEvent::Described { words, .. } => listing.words.clone_from(words),
        _ => {}
    }
}
