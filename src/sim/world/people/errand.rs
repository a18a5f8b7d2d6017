//! What people want of the service, and the ways to it that are everybody's: joining, PINs, money,
//! answers to what somebody asked.

use super::{Person, Urge, Visit};
use crate::sim::world::dice::Dice;
use crate::sim::world::reader::Told;
use crate::types::Lang;
use std::time::Duration;

/// Something that somebody wants done, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// To become one of the house's people.
    Join,
    /// To sell a piece: keys of kind and material, price and count.
    Sell {
        /// Which kind, 1 to 4.
        kind: usize,
        /// Which material, 1 to 4 of [`STUFFS`].
        stuff: usize,
        /// Shillings for one.
        price: u64,
        /// How many are ready.
        ready: u64,
    },
    /// To take a listing off sale.
    Delete(String),
    /// To say how many of one of her pieces are ready.
    Count(u64),
    /// To answer an offer.
    Answer {
        /// Which order.
        order: String,
        /// Yes.
        yes: bool,
    },
    /// To take some of the pieces of an offer.
    Some {
        /// Which order.
        order: String,
        /// How many.
        pieces: u32,
    },
    /// To say that an order is ready.
    Ready(String),
    /// To ask for more days.
    Late {
        /// For which order.
        order: String,
        /// How many.
        days: u64,
    },
    /// To say that an order will never be finished.
    GiveUp(String),
    /// To say how many pieces she can make at a time.
    Room(u64),
    /// To have somebody help with her orders.
    Hire {
        /// Her names.
        name: String,
        /// Her phone.
        phone: String,
    },
    /// To go on without whoever helps her.
    Dismiss,
    /// A helper's: to sell pieces of her own.
    OwnStall,
    /// To look at her orders, and to do what is due.
    LookAtOrders,
    /// To know her balance.
    Balance,
    /// To have her money sent.
    PayOut {
        /// With a wrong PIN at first.
        slip: bool,
    },
    /// To fetch her money at a kiosk.
    FetchCash,
    /// To say that a kiosk never paid this number.
    DenyCash(String),
    /// To have her mentor's share sent.
    PayShare,
    /// To choose a PIN.
    ChoosePin,
    /// To read in the next language.
    NextLanguage,
    /// To stop tips, or to have them again.
    Tips(bool),
    /// To borrow.
    AskLoan(u64),
    /// To agree to the terms of a loan, and have it sent.
    AgreeLoan,
    /// To pay some of her loan back.
    PayLoan,
    /// To write to her lenders.
    Thank,
    /// To answer somebody who asked her to become something.
    AnswerInvitation {
        /// Whose number.
        number: String,
        /// Yes.
        yes: bool,
    },
    /// A mentor's: to bring an artisan.
    Invite {
        /// Her names.
        name: String,
        /// Her phone.
        phone: String,
    },
    /// A mentor's: to stand by a loan.
    Endorse,
    /// A kiosk's: to offer an artisan to be a mentor.
    OfferMentor {
        /// Her names.
        name: String,
        /// Her phone.
        phone: String,
    },
    /// A kiosk's: to vouch for a rider.
    Vouch {
        /// His names.
        name: String,
        /// His phone.
        phone: String,
    },
    /// A kiosk's: to open a PIN.
    OpenPin(String),
    /// A kiosk's: to judge a listing.
    Validate {
        /// Which.
        listing: String,
        /// Good, or the key of what is wrong.
        bad: Option<u8>,
    },
    /// A kiosk's: to take a parcel in.
    Receive(String),
    /// A kiosk's: to judge a parcel.
    Check {
        /// Whose.
        order: String,
        /// How many pass.
        pass: u32,
        /// How many fail.
        fail: u32,
        /// Why, as a key.
        why: u8,
    },
    /// A kiosk's: to hand a parcel to a carrier.
    SendAway {
        /// Of which order.
        order: String,
        /// What it weighs.
        grams: u64,
        /// The carrier's number, when it is known.
        number: Option<u64>,
    },
    /// A kiosk's: to pay a cash number.
    PayCash {
        /// The seven digits.
        number: String,
        /// There is enough in the drawer.
        has: bool,
        /// By SMS: what was answered to the number says to pay it.
        sure: bool,
    },
    /// A kiosk's: to count in what came.
    Stock {
        /// The key: small boxes, large ones, leaflets.
        what: u8,
        /// How many.
        count: u64,
    },
    /// A kiosk's: to count the leaflets on display.
    CountDisplay(u64),
    /// A rider's: to say that he goes.
    GoFor(String),
    /// A rider's: to take a parcel, with the number he was told.
    PickUp {
        /// Of which order.
        order: String,
        /// The number.
        number: String,
    },
    /// A rider's: to hand a task back.
    HandBack(String),
    /// A liaison's: words on a piece.
    Advise(String),
    /// A liaison's: to book a photo lesson.
    Lesson {
        /// The day: `31/12`.
        day: String,
        /// For how many.
        seats: u64,
    },
    /// A liaison's: somebody came to a lesson.
    Came(String),
    /// A liaison's: something is wrong with an order.
    OpenCase(String),
    /// To write something that means nothing.
    Mumble(String),
}

/// What somebody does at a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// Types this.
    Press(String),
    /// Hangs up: what was wanted is done, or cannot be had.
    Done,
    /// Hangs up, to try again after a while.
    Later(Duration),
    /// Does not know this screen.
    Lost,
}

impl Move {
    /// Types this.
    pub fn press(key: impl Into<String>) -> Self {
        Self::Press(key.into())
    }
}

/// Kinds as people write them, in English and Swahili.
pub const KINDS: [(&str, &str); 4] =
    [("necklace", "mkufu"), ("bracelet", "bangili"), ("earrings", "hereni"), ("ring", "pete")];
/// Materials as people write them: key on the screen, English, Swahili.
pub const STUFFS: [(&str, &str, &str); 4] = [
    ("1", "brass", "shaba"),
    ("2", "beads", "shanga"),
    ("4", "wood", "mbao"),
    ("5", "mixed", "mchanganyiko"),
];

/// A liaison's words on a piece, and on what went wrong, in English and Swahili.
pub const WORDS: (&str, &str) = ("Show the clasp from near", "Onyesha kifungo kwa karibu");
/// What went wrong.
pub const TROUBLE: (&str, &str) = ("The buyer is not content", "Mnunuzi hajaridhika");

impl Errand {
    /// The text that brings it about, where there is one; in the words of the writer's language.
    pub fn by_sms(&self, lang: Lang) -> Option<String> {
        let sw = lang == Lang::SW;
        let word = |english: &str, swahili: &str| if sw { swahili.to_owned() } else { english.to_owned() };
        Some(match self {
            Self::Sell { kind, stuff, price, ready } => {
                let (kind, stuff) = (KINDS.get(kind - 1)?, STUFFS.get(stuff - 1)?);
                format!(
                    "{} {} {} {price} {ready}",
                    word("sell", "uza"),
                    word(kind.0, kind.1),
                    word(stuff.1, stuff.2)
                )
            }
            Self::Delete(code) => format!("{} {code}", word("DELETE", "FUTA")),
            Self::Answer { order, yes: true } => format!("{} {order}", word("YES", "NDIYO")),
            Self::Answer { order, yes: false } => format!("{} {order}", word("NO", "HAPANA")),
            Self::AnswerInvitation { number, yes: true } => format!("{} {number}", word("yes", "ndiyo")),
            Self::AnswerInvitation { number, yes: false } => format!("{} {number}", word("no", "hapana")),
            Self::Ready(order) => format!("{} {order}", word("Ready", "Tayari")),
            Self::Some { order, pieces } => format!("{} {order} {pieces}", word("SOME", "BAADHI")),
            Self::Late { order, days } => format!("{} {order} {days}", word("LATE", "CHELEWA")),
            Self::Room(pieces) => format!("{} {pieces}", word("CAPACITY", "UWEZO")),
            Self::Hire { name, phone } => format!("{} {phone} {name}", word("HELPER", "MSAIDIZI")),
            Self::SendAway { order, grams, number } => {
                let number = number.map_or_else(String::new, |number| format!(" RR{number}KE"));
                format!("{} {order} {grams}{number}", word("GONE", "IMEENDA"))
            }
            Self::Advise(listing) => {
                format!("{} {listing} {}", word("FEEDBACK", "MAONI"), word(WORDS.0, WORDS.1))
            }
            Self::Lesson { day, seats } => format!("{} {day} {seats} Depot", word("LESSON", "SOMO")),
            Self::Came(phone) => format!("{} {phone}", word("CAME", "AMEKUJA")),
            Self::OpenCase(order) => {
                format!("{} {order} {}", word("CASE", "KESI"), word(TROUBLE.0, TROUBLE.1))
            }
            Self::Balance => word("BALANCE", "SALIO"),
            Self::Tips(false) => word("STOP", "ACHA"),
            Self::Tips(true) => word("START", "ANZA"),
            Self::Thank => {
                word("LENDERS Thank you, the new tools are here", "UJUMBE Asante, vifaa vipya vimefika")
            }
            Self::Validate { listing, bad: None } => format!("{} {listing}", word("OK", "SAWA")),
            Self::Validate { listing, bad: Some(why) } => format!("{} {listing} {why}", word("BAD", "MBAYA")),
            Self::Receive(order) => format!("{} {order}", word("IN", "POKEA")),
            Self::Check { order, .. } if order.is_empty() => return None,
            Self::Check { order, pass, fail: 0, .. } => {
                format!("QC {order} {} {pass}", word("PASS", "ZIMEFAULU"))
            }
            Self::Check { order, pass: 0, fail, why } => {
                format!("QC {order} {} {fail} {why}", word("FAIL", "HAZIKUFAULU"))
            }
            Self::DenyCash(number) => format!("{} {number}", word("NOT", "SI")),
            Self::PayCash { number, sure: false, .. } => format!("{} {number}", word("CASH", "PESA")),
            Self::PayCash { number, has: true, .. } => format!("{} {number}", word("PAID", "NIMELIPA")),
            Self::PayCash { number, .. } => format!("{} {number}", word("NOCASH", "SINA")),
            Self::CountDisplay(leaflets) => format!("{} {leaflets}", word("COUNT", "HESABU")),
            Self::PickUp { order, number } => format!("{} {order} {number}", word("PICK", "CHUKUA")),
            Self::HandBack(order) => format!("{} {order}", word("CANNOT", "SIO")),
            Self::Mumble(words) => words.clone(),
            _ => return None,
        })
    }

    /// The name under which it is counted.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Sell { .. } => "sell",
            Self::Delete(_) => "delete",
            Self::Count(_) => "count",
            Self::Answer { .. } => "answer an offer",
            Self::Some { .. } => "take some of an offer",
            Self::Ready(_) => "ready",
            Self::Late { .. } => "ask for more days",
            Self::GiveUp(_) => "give an order back",
            Self::Room(_) => "say how many at a time",
            Self::Hire { .. } => "hire a helper",
            Self::Dismiss => "dismiss a helper",
            Self::OwnStall => "sell pieces of her own",
            Self::LookAtOrders => "look at orders",
            Self::Balance => "balance",
            Self::PayOut { .. } => "payout",
            Self::FetchCash => "fetch cash",
            Self::DenyCash(_) => "deny cash",
            Self::PayCash { .. } => "pay cash",
            Self::Stock { .. } => "count in",
            Self::CountDisplay(_) => "count a display",
            Self::PayShare => "payout of a share",
            Self::ChoosePin => "choose a PIN",
            Self::NextLanguage => "language",
            Self::Tips(_) => "tips",
            Self::AskLoan(_) => "ask for a loan",
            Self::AgreeLoan => "agree to a loan",
            Self::PayLoan => "pay some of a loan",
            Self::Thank => "write to lenders",
            Self::AnswerInvitation { .. } => "answer an invitation",
            Self::Invite { .. } => "invite",
            Self::Endorse => "endorse",
            Self::OfferMentor { .. } => "offer to be a mentor",
            Self::Vouch { .. } => "vouch for a rider",
            Self::OpenPin(_) => "open a PIN",
            Self::Validate { .. } => "validate",
            Self::Receive(_) => "receive",
            Self::Check { .. } => "check",
            Self::SendAway { .. } => "send a parcel away",
            Self::Advise(_) => "words on a piece",
            Self::Lesson { .. } => "book a lesson",
            Self::Came(_) => "somebody came to a lesson",
            Self::OpenCase(_) => "open a case",
            Self::GoFor(_) => "go for a parcel",
            Self::PickUp { .. } => "pick up",
            Self::HandBack(_) => "hand back",
            Self::Mumble(_) => "mumble",
        }
    }
}

/// The way through the screens of joining, and of choosing a PIN.
pub fn join_answer(errand: &Errand, screen: &Told, me: &Person) -> Option<Move> {
    let riding = me.trade == super::Trade::Rider;
    Some(match (errand, screen.name.as_str()) {
        (Errand::Join, "home") if !me.joined => Move::press(match me.lang.tag() {
            "sw" => "1",
            "en" => "2",
            _ => "3",
        }),
        (Errand::Join, "role") => Move::press(if riding { "3" } else { "1" }),
        (Errand::Join, "join.name" | "ride.name") => Move::press(me.name.clone()),
        (Errand::Join, "join.area" | "ride.area") => Move::press((me.area + 1).to_string()),
        (Errand::Join, "join.mentor") => Move::press("1"),
        (Errand::Join, "join.pin" | "join.pin.with" | "ride.pin") => Move::press(me.pin.clone()),
        (Errand::Join, "joined" | "rides" | "known" | "home") => Move::Done,
        (Errand::ChoosePin, "pin.new" | "pin.first") => Move::press(me.pin.clone()),
        (Errand::ChoosePin, "pin.old") => Move::press(me.pin.clone()),
        (Errand::ChoosePin, "pin.changed" | "pin.set" | "pin.shut" | "pin.locked") => Move::Done,
        (Errand::Join | Errand::ChoosePin, "calling" | "help.calling") => Move::Done,
        _ => return None,
    })
}

/// The way to one's money, from the screen with its choices on: the same in every tree.
pub fn money_answer(errand: &Errand, screen: &Told, me: &Person) -> Option<Move> {
    let sum = |path: &str| screen.shillings(path).min(250_000).to_string();
    Some(match (errand, screen.name.as_str()) {
        (Errand::PayOut { .. }, "money") if screen.offers("1") => Move::press("1"),
        (Errand::PayOut { .. }, "money") => Move::Done,
        (Errand::PayOut { .. }, "pay.amount") => Move::press(sum("me.free")),
        // The slip is made once: the question comes again below a word on it.
        (Errand::PayOut { slip: true }, "pay.pin") if screen.text.lines().count() < 3 => Move::press("0412"),
        (Errand::PayOut { .. }, "pay.pin") => Move::press(me.pin.clone()),
        (Errand::FetchCash, "cash.amount") => {
            // Not all of it: a kiosk has a limit of its own.
            Move::press(screen.shillings("me.free").min(3_000).to_string())
        }
        (Errand::FetchCash, "cash.pin") => Move::press(me.pin.clone()),
        (
            Errand::FetchCash,
            "cash.made" | "cash.open" | "cash.little" | "cash.much" | "pay.short" | "pay.held" | "pin.locked"
            | "pin.shut" | "pay.much" | "help.calling",
        ) => Move::Done,
        (Errand::PayShare, "share.amount") => Move::press(sum("me.share")),
        (Errand::PayShare, "share.pin") => Move::press(me.pin.clone()),
        (Errand::AgreeLoan, "loan.pin") | (Errand::PayLoan, "loan.pay.pin") => Move::press(me.pin.clone()),
        (
            Errand::PayOut { .. } | Errand::PayShare | Errand::AgreeLoan,
            "pay.sent" | "pay.unknown" | "pay.short" | "pay.little" | "pay.open" | "pay.held" | "pin.locked"
            | "pin.shut" | "pay.much" | "help.calling",
        ) => Move::Done,
        (Errand::PayOut { .. } | Errand::PayShare | Errand::AgreeLoan, "pay.down") => {
            Move::Later(Duration::from_secs(4 * 3_600))
        }
        _ => return None,
    })
}

/// What everybody does about some texts.
pub fn common_urges(me: &mut Person, told: &Told, dice: &mut Dice) -> Vec<Urge> {
    match told.name.as_str() {
        "invite_mentee" | "invite_guide" | "invite_mentor" | "invite_rider" | "invite_helper" => {
            let number = told.value("i.code").to_owned();
            let answer = Errand::AnswerInvitation { number, yes: dice.in_thousand(850) };
            vec![Urge::Do(dice.hours(0, 30), answer)]
        }
        "pin_locked" => vec![Urge::Go(dice.hours(2, 48), Visit::OpenPin)],
        "pin_opened" => {
            me.has_pin = false;
            vec![Urge::Do(dice.hours(0, 20), Errand::ChoosePin)]
        }
        "payout_failed" => {
            me.free = me.free.saturating_add(told.shillings("p.amount"));
            if dice.in_thousand(600) {
                vec![Urge::Do(dice.hours(3, 48), Errand::PayOut { slip: false })]
            } else {
                Vec::new()
            }
        }
        "payout_paid" => {
            me.free = told.shillings("p.free");
            Vec::new()
        }
        _ => Vec::new(),
    }
}
