//! Listings that the desk looks at: those that wait to be sold, and those in the shop that nobody here has
//! seen, with what they lack. Whoever looks lets them be sold, sends them back with a reason that their
//! makers are told, or writes what the shop says of them.

use super::{Who, broken};
use crate::engine::Engine;
use crate::engine::aggregate;
use crate::engine::photos::front::PhotoView;
use crate::engine::shopfront::ShopError;
use crate::engine::turn::TRIES;
use crate::engine::view::{self, FromIndex};
use crate::engine::work::{Fault as Broken, Work};
use crate::market::listing::{self, LONGEST_WORDS, Listing, ListingCommand, ListingEvent, ListingStage};
use crate::market::party::Party;
use crate::market::{Refusal, Word};
use crate::menu::value::Value;
use crate::store::{Key, keys};
use crate::types::{CodeKind, Kes, Lang, PartyId, PhotoName, SpokenCode, Timestamp};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use crate::market::listing::Fault;

/// Rows of a page.
const PAGE: usize = 20;
/// With fewer others of its kind nobody can say what is usual.
const LEAST_OTHERS: usize = 5;
/// A price so many times the usual one, or so small a part of it, is far from it.
const FAR: i64 = 3;

/// Which listings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToCheck {
    /// They wait until somebody has looked at one, here or at a kiosk.
    Waiting,
    /// Shoppers see them, and nobody at the desk has looked at what they see.
    Unlooked,
}

/// A listing, as whoever looks at it sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRow {
    /// Its five digits.
    pub code: String,
    /// What it is, as a word.
    pub kind: String,
    /// What it is made of, as a word.
    pub stuff: String,
    /// Who makes it: id and name.
    pub maker: (PartyId, String),
    /// Her kiosk.
    pub place: String,
    /// What she receives for one.
    pub price: Kes,
    /// What makers of others of its kind usually receive, where there are enough of them.
    pub usual: Option<Kes>,
    /// How many are ready.
    pub ready: u32,
    /// `waiting`, `on_sale` ...
    pub state: String,
    /// When it was listed.
    pub listed: Timestamp,
    /// Since when it stands as it does.
    pub since: Timestamp,
    /// Its photographs, in their order.
    pub photos: Vec<PhotoView>,
    /// What the shop says of it, by language.
    pub words: BTreeMap<Lang, String>,
    /// What it lacks: `photo`, `words`, `price` that is like others'.
    pub lacks: Vec<String>,
    /// Who looked last.
    pub looked_by: Option<String>,
    /// Why it was sent back: `photo`, `price`, `kind`, `rules`.
    pub fault: Option<Fault>,
}

/// Some of them, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckRows {
    /// The page.
    pub rows: Vec<CheckRow>,
    /// Where the next page begins; none when there are no more.
    pub next: Option<String>,
}

/// What the desk does with a listing it looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum CheckWish {
    /// It is on sale and may stay.
    Look {
        /// Its five digits.
        listing: String,
        /// The photographs that were seen, by name: with another one nothing is done. Without it, all of them.
        #[serde(default)]
        seen: Option<Vec<PhotoName>>,
    },
    /// It may be sold.
    Pass {
        /// Its five digits.
        listing: String,
        /// The photographs that were seen, by name: with another one nothing is done. Without it, all of them.
        #[serde(default)]
        seen: Option<Vec<PhotoName>>,
    },
    /// It may not be sold as it is; its maker is told why.
    SendBack {
        /// Its five digits.
        listing: String,
        /// Why.
        why: Fault,
    },
    /// What the shop says of it beside kind, material and maker.
    Describe {
        /// Its five digits.
        listing: String,
        /// By language of the shop; what is left out is taken away.
        words: BTreeMap<Lang, String>,
    },
}

/// What the desk calls about listings.
pub trait ListingsDesk: Send + Sync + 'static {
    /// Those to look at, oldest first, from where a page before said.
    fn listings_to_check(
        &self, which: ToCheck, from: Option<String>,
    ) -> BoxFuture<'_, Result<CheckRows, ShopError>>;
    /// Does something with one. A repeat changes nothing.
    fn check_listing(&self, by: Who, wish: CheckWish) -> BoxFuture<'_, Result<CheckRow, ShopError>>;
}

impl CheckWish {
    fn listing(&self) -> &str {
        let (Self::Look { listing, .. }
        | Self::Pass { listing, .. }
        | Self::SendBack { listing, .. }
        | Self::Describe { listing, .. }) = self;
        listing
    }

    fn command(&self, by: &Who) -> ListingCommand {
        let by = by.to_string();
        match self {
            Self::Look { seen, .. } => ListingCommand::Look { by, seen: seen.clone() },
            Self::Pass { seen, .. } => ListingCommand::Pass { by, seen: seen.clone() },
            Self::SendBack { why, .. } => ListingCommand::SendBack { by, why: *why },
            Self::Describe { words, .. } => ListingCommand::Describe { by, words: words.clone() },
        }
    }

    fn did(&self, code: SpokenCode) -> String {
        match self {
            Self::Look { .. } => format!("look at listing {code}"),
            Self::Pass { .. } => format!("pass listing {code}"),
            Self::SendBack { why, .. } => format!("send listing {code} back ({})", why.word()),
            Self::Describe { .. } => format!("describe listing {code}"),
        }
    }
}

/// Why the desk cannot do it, in words.
fn said_no(why: &Refusal) -> ShopError {
    let (field, why) = match why {
        Refusal::Gone { state } => ("listing", format!("this cannot be done with a piece that is {state}")),
        Refusal::OutOfRange { .. } => ("words", format!("at most {LONGEST_WORDS} letters in each language")),
        Refusal::Unseen => (
            "seen",
            "another photograph came since this page was opened: it is shown now, look at it and press again"
                .to_owned(),
        ),
        Refusal::NotFound => ("words", "the shop speaks English (en) and French (fr)".to_owned()),
        other => ("listing", other.to_string()),
    };
    ShopError::Field { field, why }
}

/// The middle one of the others, where there are enough.
fn usual(others: impl Iterator<Item = Kes>) -> Option<Kes> {
    let mut prices: Vec<Kes> = others.collect();
    prices.sort_unstable();
    prices.get(prices.len() / 2).copied().filter(|_| prices.len() >= LEAST_OTHERS)
}

/// Whether a price is far from the usual one.
fn is_far(price: Kes, usual: Kes) -> bool {
    price.cents() > usual.cents().saturating_mul(FAR) || price.cents().saturating_mul(FAR) < usual.cents()
}

/// Where a page goes on: a moment and a number.
fn place(from: &str) -> Option<(Timestamp, SpokenCode)> {
    let (at, code) = from.split_once('-')?;
    let code = SpokenCode::parse(CodeKind::Listing, code).ok()?;
    Some((Timestamp::from_millis(at.parse().ok()?), code))
}

impl ToCheck {
    fn all(self) -> Key {
        match self {
            Self::Waiting => aggregate::all_waiting(),
            Self::Unlooked => aggregate::all_unlooked(),
        }
    }

    fn entry(self, (at, code): (Timestamp, SpokenCode)) -> Key {
        match self {
            Self::Waiting => aggregate::waiting(at, code),
            Self::Unlooked => aggregate::unlooked(at, code),
        }
    }

    /// The moment by which it stands where it does.
    const fn moment(self, row: &CheckRow) -> Timestamp {
        match self {
            Self::Waiting => row.listed,
            Self::Unlooked => row.since,
        }
    }
}

/// Makers' prices of pieces that were found good, by kind; read once for a page.
type Prices = BTreeMap<Word, Vec<(SpokenCode, Kes)>>;

impl Engine {
    async fn prices_of(work: &mut Work<'_>, kind: &Word) -> Result<Vec<(SpokenCode, Kes)>, Broken> {
        let others = view::found::<Listing>(work, aggregate::of_kind(kind), false).await?;
        let sold = others.into_iter().filter(|(_, other)| other.stage != ListingStage::Removed);
        Ok(sold.map(|(code, other)| (code, other.price)).collect())
    }

    async fn check_row(
        &self, work: &mut Work<'_>, listing: &Listing, prices: &mut Prices,
    ) -> Result<CheckRow, Broken> {
        let maker = view::read::<Party>(work, listing.maker).await?;
        if !prices.contains_key(&listing.kind) {
            prices.insert(listing.kind.clone(), Self::prices_of(work, &listing.kind).await?);
        }
        let of_kind = prices.get(&listing.kind).into_iter().flatten();
        let usual = usual(of_kind.filter(|(code, _)| *code != listing.code).map(|(_, price)| *price));
        let lacks = [
            ("photo", listing.photos.is_empty()),
            ("words", listing.words.is_empty()),
            ("price", usual.is_some_and(|usual| is_far(listing.price, usual))),
        ];
        Ok(CheckRow {
            code: listing.code.to_string(),
            kind: listing.kind.as_str().to_owned(),
            stuff: listing.stuff.as_str().to_owned(),
            maker: (listing.maker, maker.as_ref().map_or_else(String::new, |maker| maker.name.clone())),
            place: maker.as_ref().map_or_else(String::new, |maker| self.place_of(maker)),
            price: listing.price,
            usual,
            ready: listing.ready,
            state: listing.stage.word().to_owned(),
            listed: listing.listed,
            since: listing.since,
            photos: listing.photos.iter().map(PhotoView::from).collect(),
            words: listing.words.clone(),
            lacks: lacks.iter().filter(|(_, so)| *so).map(|(what, _)| (*what).to_owned()).collect(),
            looked_by: listing.looked.as_ref().map(|look| look.by.clone()),
            fault: listing.fault,
        })
    }

    async fn rows_to_check(&self, which: ToCheck, from: Option<&str>) -> Result<CheckRows, Broken> {
        let mut work = self.work(self.clock.now())?;
        let from = from.and_then(place).map(|place| which.entry(place));
        let entries = self.store.scan(which.all(), from, PAGE + 1, false).await?;
        let codes = entries.iter().take(PAGE);
        let codes: Vec<SpokenCode> =
            codes.filter_map(|(key, _)| SpokenCode::from_octets(&keys::index_id(key)?)).collect();
        let (mut rows, mut prices) = (Vec::new(), Prices::new());
        for listing in view::read_all::<Listing>(&mut work, &codes).await?.into_iter().flatten() {
            rows.push(self.check_row(&mut work, &listing, &mut prices).await?);
        }
        let last = rows.last().filter(|_| entries.len() > PAGE);
        let next = last.map(|row| format!("{}-{}", which.moment(row).millis(), row.code));
        Ok(CheckRows { rows, next })
    }

    async fn try_check(&self, by: &Who, wish: &CheckWish) -> Result<Result<CheckRow, ShopError>, Broken> {
        let Ok(code) = SpokenCode::parse(CodeKind::Listing, wish.listing()) else {
            return Ok(Err(ShopError::NotFound));
        };
        let mut work = self.work(self.clock.now())?;
        let Some(before) = work.get::<Listing>(code).await? else { return Ok(Err(ShopError::NotFound)) };
        let events = match listing::decide(Some(&before), &wish.command(by), &self.policy, work.now) {
            Ok(events) => events,
            Err(why) => return Ok(Err(said_no(&why))),
        };
        let told = events.first().cloned();
        work.apply::<Listing>(code, events);
        let after = work.need::<Listing>(code).await?;
        if let Some(event) = &told {
            self.tell_of_check(&mut work, event, &after).await?;
        }
        let row = self.check_row(&mut work, &after, &mut Prices::new()).await?;
        if work.acts() {
            self.commit(work, by.did(wish.did(code)), None).await?;
        }
        Ok(Ok(row))
    }

    /// What its maker hears of it.
    async fn tell_of_check(
        &self, work: &mut Work<'_>, event: &ListingEvent, listing: &Listing,
    ) -> Result<(), Broken> {
        let maker = work.need::<Party>(listing.maker).await?;
        let shown = Value::Record(self.listing(work, listing).await?);
        let help = Value::Phone(self.house.help_phone);
        let (name, args) = match event {
            ListingEvent::Passed { .. } if listing.in_shop() => ("listing_on_sale", vec![shown]),
            ListingEvent::Passed { .. } => ("listing_without_photo", vec![shown]),
            ListingEvent::SentBack { why: Fault::Photo, .. } => ("listing_back_photo", vec![shown]),
            ListingEvent::SentBack { why: Fault::Price, .. } => ("listing_back_price", vec![shown, help]),
            ListingEvent::SentBack { why: Fault::Kind, .. } => ("listing_back_kind", vec![shown, help]),
            ListingEvent::SentBack { why: Fault::Rules, .. } => ("listing_back_rules", vec![shown, help]),
            _ => return Ok(()),
        };
        self.tell(work, &maker, name, args)
    }
}

impl ListingsDesk for Engine {
    fn listings_to_check(
        &self, which: ToCheck, from: Option<String>,
    ) -> BoxFuture<'_, Result<CheckRows, ShopError>> {
        Box::pin(
            async move { self.rows_to_check(which, from.as_deref()).await.map_err(|fault| broken(&fault)) },
        )
    }

    fn check_listing(&self, by: Who, wish: CheckWish) -> BoxFuture<'_, Result<CheckRow, ShopError>> {
        Box::pin(async move {
            for _ in 0..TRIES {
                match self.try_check(&by, &wish).await {
                    Err(fault) if fault.is_conflict() => {}
                    done => return done.map_err(|fault| broken(&fault))?,
                }
            }
            Err(ShopError::Fault)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_far_from_the_usual_one_at_three_times_of_it_and_only_where_there_are_others() {
        let of = |shillings: &[i64]| usual(shillings.iter().map(|price| Kes::major(*price)));
        assert_eq!(of(&[500, 600, 700, 800]), None);
        let usual = of(&[800, 500, 700, 90_000, 600]).expect("five others");
        assert_eq!(usual, Kes::major(700));
        let far = |shillings: i64| is_far(Kes::major(shillings), usual);
        assert_eq!([230, 234, 700, 2_100, 2_101].map(far), [true, false, false, false, true]);
    }

    #[test]
    fn a_page_goes_on_only_from_where_one_ended() {
        assert_eq!(place("1764000000000-10019").map(|(at, _)| at.millis()), Some(1_764_000_000_000));
        for wrong in ["", "10019", "x-10019", "1-10018", "1-"] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
    }
}
