//! The people of the simulated world: what they want, how they press and write their way to it,
//! and what a text moves them to.
//!
//! A habit is added in three places: an [`Errand`], its way through the screens in `answer` of the
//! person's trade (and by SMS in [`Errand::by_sms`] where there is one), and the text or the
//! morning that gives somebody the errand.

pub mod agent;
pub mod artisan;
pub mod errand;
pub mod helper;
pub mod liaison;
pub mod mentor;
pub mod rider;

pub use errand::{Errand, Move};

use super::dice::Dice;
use super::reader::Told;
use crate::types::{Lang, Msisdn};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Somebody, by her place among all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who(pub usize);

/// What somebody does for a living here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trade {
    /// Makes things.
    Artisan,
    /// Guides artisans and makes nothing.
    Mentor,
    /// Fetches parcels.
    Rider,
    /// Keeps a kiosk.
    Agent,
    /// Helps with somebody's orders.
    Helper,
    /// Looks after artisans for the depot.
    Liaison,
}

impl Trade {
    /// The word of the tree she is served, once she has joined.
    pub const fn tree(self) -> &'static str {
        match self {
            Self::Artisan => "artisan",
            Self::Mentor => "mentor",
            Self::Rider => "rider",
            Self::Agent => "agent",
            Self::Helper => "helper",
            Self::Liaison => "liaison",
        }
    }
}

/// Where people work: words of the menus, in the order of their keys.
pub const AREAS: [&str; 4] = ["kibera", "kawangware", "mathare", "other"];

/// A call that somebody is in.
#[derive(Debug, Clone)]
pub struct Call {
    /// What for.
    pub errand: Errand,
    /// Which of her calls it is: the gateway's name for it.
    pub number: u32,
    /// How many steps it has had.
    pub steps: u8,
    /// What she types next; the code she dials at first.
    pub next: String,
    /// How often a screen was one that she did not expect.
    pub lost: u8,
}

/// An order in somebody's hands.
#[derive(Debug, Clone, Default)]
pub struct Piece {
    /// The number to give the rider.
    pub number: Option<String>,
    /// She knows when she will be done with it.
    pub planned: bool,
    /// It has left her.
    pub gone: bool,
}

/// Somebody with a phone.
#[derive(Debug, Clone)]
pub struct Person {
    /// Her number.
    pub phone: Msisdn,
    /// Her two names.
    pub name: String,
    /// What she does.
    pub trade: Trade,
    /// What she reads.
    pub lang: Lang,
    /// What she read before she chose this; texts of a moment ago may still come in it.
    pub lang_before: Lang,
    /// She pressed the key for another language and did not see what came of it.
    pub lang_unsure: bool,
    /// Where she works: which of [`AREAS`].
    pub area: usize,
    /// Her PIN.
    pub pin: String,
    /// The service knows her.
    pub joined: bool,
    /// She has chosen a PIN.
    pub has_pin: bool,
    /// How often in a thousand she sends a text where she could dial.
    pub writes: u32,
    /// What is left to do, the first thing first.
    pub errands: VecDeque<Errand>,
    /// The call she is in.
    pub call: Option<Call>,
    /// Calls so far.
    pub calls: u32,
    /// Texts sent so far.
    pub sent: u32,
    /// Orders that she makes, by number.
    pub orders: BTreeMap<String, Piece>,
    /// What she has, as far as the last text told her, in shillings.
    pub free: u64,
    /// Whether she has asked for a loan and not heard of its end.
    pub loan: bool,
}

impl Person {
    /// Her first name.
    pub fn first(&self) -> &str {
        self.name.split(' ').next().unwrap_or_default()
    }

    /// The tree she is served now.
    pub fn tree(&self) -> &'static str {
        if self.joined { self.trade.tree() } else { "stranger" }
    }

    /// Whether she would rather write than dial this time.
    pub fn would_write(&self, dice: &mut Dice) -> bool {
        dice.in_thousand(self.writes)
    }

    /// What she does at a screen on her errand.
    pub fn answer(&self, errand: &Errand, screen: &Told, dice: &mut Dice) -> Move {
        if screen.name == "resume" {
            return Move::press("2");
        }
        if matches!(screen.name.as_str(), "fault" | "fault_screen" | "call_over") {
            return Move::Later(Duration::from_secs(120));
        }
        let common =
            errand::money_answer(errand, screen, self).or_else(|| errand::join_answer(errand, screen, self));
        let own = || match self.trade {
            Trade::Artisan => artisan::answer(errand, screen, self),
            Trade::Mentor => mentor::answer(errand, screen, self),
            Trade::Rider => rider::answer(errand, screen, self),
            Trade::Agent => agent::answer(errand, screen, self),
            Trade::Helper => helper::answer(errand, screen, self),
            Trade::Liaison => liaison::answer(errand, screen, self),
        };
        let _ = dice;
        common.or_else(own).unwrap_or(Move::Lost)
    }
}

/// What a text moves somebody to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Urge {
    /// To do this after a while.
    Do(Duration, Errand),
    /// To be somewhere after a while.
    Go(Duration, Visit),
}

/// Somebody stands before somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visit {
    /// At her kiosk, with one piece of a listing for its check.
    ShowPiece(String),
    /// At her kiosk, with the parcel of an order.
    BringParcel(String),
    /// At her kiosk, with her ID, since her PIN is locked.
    OpenPin,
    /// At a kiosk, with a cash number.
    FetchCash(String),
    /// A rider at a maker's, for a parcel.
    Fetch {
        /// The order.
        order: String,
        /// The maker's phone, as the rider was told.
        maker: String,
    },
    /// No rider came: she looks after her parcel herself.
    LookAfter(String),
}

/// What somebody knows when a text has come: the text, and what she thinks of it.
pub type Thought<'a> = (&'a mut Person, &'a Told, &'a mut Dice);

/// What a text moves its reader to, whatever she does for a living.
pub fn moved_by(me: &mut Person, told: &Told, dice: &mut Dice) -> Vec<Urge> {
    let mut urges = errand::common_urges(me, told, dice);
    urges.extend(match me.trade {
        Trade::Artisan => artisan::urges(me, told, dice),
        Trade::Mentor => mentor::urges(me, told, dice),
        Trade::Rider => rider::urges(me, told, dice),
        Trade::Agent => agent::urges(me, told, dice),
        Trade::Helper => helper::urges(me, told, dice),
        Trade::Liaison => liaison::urges(me, told, dice),
    });
    urges
}

/// Names of the people: none of their words is one of the menus.
const FIRST: [&str; 24] = [
    "Achieng", "Wanjiku", "Nafula", "Akinyi", "Chebet", "Moraa", "Atieno", "Nyambura", "Wairimu", "Kemunto",
    "Jelagat", "Halima", "Zainab", "Makena", "Njeri", "Awuor", "Mumbi", "Naliaka", "Kanini", "Syokau",
    "Amondi", "Waceke", "Tabitha", "Rehema",
];
const SECOND: [&str; 20] = [
    "Otieno",
    "Kamau",
    "Wafula",
    "Mutua",
    "Kiprop",
    "Nyaga",
    "Odhiambo",
    "Mwangi",
    "Barasa",
    "Cheruiyot",
    "Omondi",
    "Njoroge",
    "Musyoka",
    "Onyango",
    "Kariuki",
    "Simiyu",
    "Rotich",
    "Gitau",
    "Ochieng",
    "Hassan",
];

/// Somebody new, who has not joined yet.
pub fn somebody(phone: Msisdn, trade: Trade, area: usize, dice: &mut Dice) -> Person {
    let first = dice.one(&FIRST).copied().unwrap_or("Achieng");
    let second = dice.one(&SECOND).copied().unwrap_or("Otieno");
    let lang = match dice.below(100) {
        0..=59 => Lang::SW,
        60..=89 => Lang::EN,
        _ => "am".parse().unwrap_or(Lang::EN),
    };
    let pin = loop {
        let pin = format!("{:04}", dice.below(10_000));
        if crate::engine::pins::is_acceptable(&pin, phone) {
            break pin;
        }
    };
    Person {
        phone,
        name: format!("{first} {second}"),
        trade,
        lang,
        lang_before: Lang::SW,
        lang_unsure: false,
        area,
        pin,
        joined: false,
        has_pin: false,
        writes: [150, 500, 850][dice.below(3) as usize],
        errands: VecDeque::new(),
        call: None,
        calls: 0,
        sent: 0,
        orders: BTreeMap::new(),
        free: 0,
        loan: false,
    }
}
