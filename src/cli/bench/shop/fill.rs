//! A store full of pieces: what stands in it follows from a seed alone.

use crate::market::listing::{self, Listing, ListingEvent, Photo};
use crate::market::party::{self, Joining, Party, PartyEvent, Role};
use crate::store::batch::{Batch, Expect};
use crate::store::sled::Sled;
use crate::store::{Key, Store, codec, keys};
use crate::types::{CodeKind, Entropy, Kes, Lang, Msisdn, PartyId, PhotoName, SpokenCode, Timestamp};

/// Pieces of each maker, in the mean.
const EACH: u32 = 20;
/// Octets of one commit, below what it may hold.
const AT_ONCE: usize = 192 * 1024;
/// When the first piece came.
const FIRST: i64 = 1_700_000_000_000;
/// How long after it the next one came.
const APART: i64 = 30_000;
const KINDS: [&str; 5] = ["necklace", "bracelet", "earrings", "ring", "other"];
const STUFFS: [&str; 5] = ["brass", "beads", "bone", "wood", "mixed"];
const AREAS: [&str; 4] = ["kibera", "kawangware", "mathare", "other"];
const BEGINS: [&str; 16] = [
    "Ach", "Ak", "Ati", "Am", "Ber", "Chep", "Fai", "Jel", "Ka", "Mu", "Nja", "Nya", "Oti", "Wan", "Wam",
    "Zai",
];
const ENDS: [&str; 16] = [
    "eng", "inyi", "eno", "ina", "yl", "koech", "tha", "imo", "mau", "thoni", "mbi", "kio", "jiru", "bui",
    "nab", "ri",
];

/// One of these.
pub(super) fn one_of<'a, T>(all: &'a [T], chance: &mut Entropy) -> &'a T {
    let at = usize::try_from(chance.next_u64() % all.len().max(1) as u64).unwrap_or_default();
    &all[at]
}

/// What is on sale.
pub(super) struct Stock {
    pub(super) listings: u32,
    pub(super) seed: u64,
}

/// A batch that is committed when it is large enough.
struct Filling<'s> {
    store: &'s Sled,
    batch: Batch,
    octets: usize,
}

impl Filling<'_> {
    async fn put(&mut self, key: Key, row: Vec<u8>) -> Result<(), String> {
        self.octets += key.len() + row.len();
        self.batch.put(key, Expect::Any, row);
        if self.octets < AT_ONCE {
            return Ok(());
        }
        self.octets = 0;
        self.store.commit(std::mem::take(&mut self.batch)).await.map(drop).map_err(|why| why.to_string())
    }
}

impl Stock {
    fn makers(&self) -> u32 {
        (self.listings / EACH).max(1)
    }

    fn code(nth: u32) -> SpokenCode {
        SpokenCode::nth_of(CodeKind::Listing, 8, nth.into())
    }

    fn maker_of(nth: u64) -> PartyId {
        PartyId::derived(&format!("maker {nth} of the bench"))
    }

    /// Puts all of it into a store, without the indexes and the journal.
    pub(super) async fn put_into(&self, store: &Sled) -> Result<(), String> {
        let mut chance = Entropy::from_seed(self.seed);
        let mut filling = Filling { store, batch: Batch::default(), octets: 0 };
        for nth in 0..self.makers() {
            let maker = self.maker(nth, &mut chance)?;
            filling.put(keys::party(maker.id), codec::encode(&maker).to_vec()).await?;
        }
        for nth in 0..self.listings {
            let listing = self.listing(nth, &mut chance)?;
            filling.put(keys::listing(listing.code), codec::encode(&listing).to_vec()).await?;
        }
        store.commit(filling.batch).await.map(drop).map_err(|why| why.to_string())
    }

    fn maker(&self, nth: u32, chance: &mut Entropy) -> Result<Party, String> {
        let phone = (254_710_000_000 + u64::from(nth)).to_string();
        let joining = Joining {
            id: Self::maker_of(nth.into()),
            role: Role::Artisan,
            number: SpokenCode::nth_of(CodeKind::Listing, 8, 4_500_000 + u64::from(nth)),
            phone: Msisdn::from_e164(&phone).map_err(|why| why.to_string())?,
            lang: Lang::EN,
            name: format!("{}{} Otieno", one_of(&BEGINS, chance), one_of(&ENDS, chance)),
            area: word(one_of::<&str>(&AREAS, chance))?,
            kiosk: None,
            mentor: None,
            pin: None,
        };
        let at = Timestamp::from_millis(FIRST);
        party::evolve(None, &PartyEvent::Joined(joining), at).ok_or_else(|| "nobody joined".to_owned())
    }

    fn listing(&self, nth: u32, chance: &mut Entropy) -> Result<Listing, String> {
        let maker = Self::maker_of(chance.next_u64() % u64::from(self.makers()));
        // From fifty shillings to some thousands, the cheap more often than the dear.
        let (dear, part) = (chance.next_u64() % 8, chance.next_u64() % 100);
        let shillings = (50 << dear) * (100 + part) / 100;
        let mut octets = [0; 16];
        octets[..8].copy_from_slice(&chance.next_u64().to_be_bytes());
        octets[8..12].copy_from_slice(&nth.to_be_bytes());
        let photo = Photo {
            name: PhotoName::from_bytes(octets),
            width: 1_280,
            height: 960,
            tints: "b08040".repeat(9),
        };
        let events = [
            ListingEvent::Drafted {
                code: Self::code(nth),
                maker,
                kind: word(one_of::<&str>(&KINDS, chance))?,
                stuff: word(one_of::<&str>(&STUFFS, chance))?,
                price: Kes::major(i64::try_from(shillings).unwrap_or(50)),
                ready: 3,
            },
            ListingEvent::Submitted,
            ListingEvent::Approved { by: Self::maker_of(0), round: 1 },
            ListingEvent::Photographed { by: Self::maker_of(0), photo },
        ];
        let at = Timestamp::from_millis(FIRST + i64::from(nth) * APART);
        let listing = events.iter().fold(None, |listing, event| listing::evolve(listing, event, at));
        listing.filter(|one| one.available() > 0).ok_or_else(|| "a listing is not in the shop".to_owned())
    }

    /// The page of a piece.
    pub(super) fn piece(&self, chance: &mut Entropy) -> String {
        let nth = chance.next_u64() % u64::from(self.listings);
        format!("/piece/{}", Self::code(u32::try_from(nth).unwrap_or_default()))
    }

    /// The page of a craft.
    pub(super) fn craft(&self, chance: &mut Entropy) -> String {
        format!("/craft/{}", one_of(&KINDS[..4], chance))
    }

    /// Words that somebody types: a craft, a material, a name or a place, right or mistyped.
    pub(super) fn search(&self, chance: &mut Entropy) -> String {
        let name = format!("{}{}", one_of(&BEGINS, chance), one_of(&ENDS, chance)).to_lowercase();
        let (kind, stuff) = (one_of(&KINDS[..4], chance), one_of(&STUFFS[..4], chance));
        match chance.next_u64() % 6 {
            0 => format!("/?q={stuff}+{kind}"),
            1 => format!("/?q={name}"),
            2 => format!("/?q={name}+{stuff}+{kind}"),
            3 => format!("/?q={kind}+{}", one_of(&AREAS[..3], chance)),
            4 => format!("/?q={}", &name[1..]),
            _ => format!("/?q={name}+kibera+bone"),
        }
    }

    /// A price, alone or with a craft.
    pub(super) fn price(&self, chance: &mut Entropy) -> String {
        let from = 1 + chance.next_u64() % 80;
        let kind = one_of(&KINDS[..4], chance);
        match chance.next_u64() % 4 {
            0 => format!("/?from={from}"),
            1 => format!("/?to={from}"),
            2 => format!("/?from={from}&to={}", from + 2),
            _ => format!("/?kind={kind}&from={from}&to={}", from * 2),
        }
    }
}

fn word(text: &str) -> Result<crate::market::Word, String> {
    text.parse().map_err(|why: crate::market::word::NotAWord| why.to_string())
}
