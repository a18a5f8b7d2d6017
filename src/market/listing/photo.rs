//! Photographs of a listing: who may add and take them away, how many there are, which comes first.

use super::{Fault, Listing, ListingCommand, ListingEvent, ListingStage};
use crate::market::{Actor, Policy, Refusal, Role};
use crate::types::PhotoName;
use serde::{Deserialize, Serialize};

/// A photograph, as pages need it; its files are kept beside the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photo {
    /// What its files are called.
    pub name: PhotoName,
    /// How wide its largest file is, in pixels.
    pub width: u32,
    /// How high.
    pub height: u32,
    /// The colours of its nine ninths, row by row, as six hexadecimal digits each: what a page shows
    /// until the picture has come.
    pub tints: String,
}

impl Listing {
    /// Whether somebody may photograph it: its maker and her mentor, every kiosk, every liaison.
    pub fn photographed_by(&self, by: Actor, guides: bool) -> bool {
        guides || by.id == self.maker || matches!(by.role, Role::Agent | Role::Liaison)
    }

    fn has(&self, name: PhotoName) -> bool {
        self.photos.iter().any(|photo| photo.name == name)
    }
}

pub(super) fn decide(
    listing: &Listing, command: &ListingCommand, policy: &Policy,
) -> Result<Vec<ListingEvent>, Refusal> {
    use {ListingCommand as C, ListingEvent as E};
    let (C::AddPhoto { by, guides, .. }
    | C::RemovePhoto { by, guides, .. }
    | C::LeadPhoto { by, guides, .. }) = command
    else {
        return Err(Refusal::NotAllowed);
    };
    if !listing.photographed_by(*by, *guides) {
        return Err(Refusal::NotAllowed);
    }
    if listing.stage == ListingStage::Removed {
        return Err(listing.gone());
    }
    Ok(match command {
        C::AddPhoto { photo, .. } if listing.has(photo.name) => vec![],
        C::AddPhoto { .. } if listing.photos.len() >= policy.listing.max_photos as usize => {
            return Err(Refusal::Full { max: policy.listing.max_photos });
        }
        C::AddPhoto { by, photo, .. } => {
            let taken = E::Photographed { by: by.id, photo: photo.clone() };
            // What lacked nothing else waits to be looked at again.
            let anew = listing.fault == Some(Fault::Photo);
            std::iter::once(taken).chain(anew.then_some(E::Submitted)).collect()
        }
        C::RemovePhoto { name, .. } if !listing.has(*name) => vec![],
        C::RemovePhoto { name, .. } => vec![E::PhotoRemoved { name: *name }],
        C::LeadPhoto { name, .. } if !listing.has(*name) => return Err(Refusal::NotFound),
        C::LeadPhoto { name, .. } if listing.photos.first().is_some_and(|first| first.name == *name) => {
            vec![]
        }
        C::LeadPhoto { name, .. } => vec![E::PhotoLed { name: *name }],
        _ => return Err(Refusal::NotAllowed),
    })
}

pub(super) fn evolve(listing: &mut Listing, event: &ListingEvent) {
    let photos = &mut listing.photos;
    match event {
        ListingEvent::Photographed { photo, .. } => {
            photos.push(photo.clone());
            // Nobody at the desk has seen this one.
            listing.looked = None;
        }
        ListingEvent::PhotoRemoved { name } => photos.retain(|photo| photo.name != *name),
        ListingEvent::PhotoLed { name } => {
            if let Some(at) = photos.iter().position(|photo| photo.name == *name) {
                photos[..=at].rotate_right(1);
            }
        }
        _ => {}
    }
}
