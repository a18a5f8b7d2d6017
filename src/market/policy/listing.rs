//! What a listing may say, and what its photographs are bound to.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a listing may say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListingPolicy {
    /// How many one artisan may have that are not removed.
    pub max_per_artisan: u32,
    /// The least price.
    pub min_price_shillings: u32,
    /// The highest price.
    pub max_price_shillings: u32,
    /// The most pieces that may be ready.
    pub max_ready: u32,
    /// The most photographs of one.
    pub max_photos: u32,
    /// How long a link that is good for one photograph lives.
    pub photo_link_hours: u32,
    /// How long whoever looks after others' pieces may send photographs by one link.
    pub photo_pass_hours: u32,
    /// How long a phone that was let in may send photographs and list pieces.
    pub photo_page_days: u32,
}

impl Default for ListingPolicy {
    fn default() -> Self {
        Self {
            max_per_artisan: 20,
            min_price_shillings: 50,
            max_price_shillings: 20_000,
            max_ready: 99,
            max_photos: 6,
            photo_link_hours: 48,
            photo_pass_hours: 12,
            photo_page_days: 30,
        }
    }
}

impl ListingPolicy {
    pub(super) fn is_good(&self) -> bool {
        let prices = 1..=9_999_999;
        self.min_price_shillings <= self.max_price_shillings
            && [self.min_price_shillings, self.max_price_shillings].iter().all(|price| prices.contains(price))
            && (1..=999).contains(&self.max_ready)
            && (1..=999).contains(&self.max_per_artisan)
            && (1..=20).contains(&self.max_photos)
            && (1..=720).contains(&self.photo_link_hours)
            && (1..=720).contains(&self.photo_pass_hours)
            && (1..=365).contains(&self.photo_page_days)
    }

    /// How long a link that is good for one photograph lives.
    pub fn photo_link(&self) -> Duration {
        Duration::from_secs(3_600 * u64::from(self.photo_link_hours))
    }

    /// How long whoever looks after others' pieces may send photographs by one link.
    pub fn photo_pass(&self) -> Duration {
        Duration::from_secs(3_600 * u64::from(self.photo_pass_hours))
    }

    /// How long a phone that was let in may send photographs and list pieces.
    pub fn photo_page(&self) -> Duration {
        Duration::from_secs(86_400 * u64::from(self.photo_page_days))
    }
}
