//! People who work through an unreliable service: whatever answer gets lost, they dial again, read
//! the screen, and go on from what it says. Each wish of theirs is to be carried out exactly once.

#![expect(clippy::disallowed_methods, reason = "a test outside of the program waits by the machine's clock")]

mod money;

pub use money::{Told, texts_of};

use super::photo::{Door, picture};
use super::serve::{SOON, Site};
use sokoni::sim::smsc::{Handset, PhoneError, Smsc};
use sokoni::types::Msisdn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{Duration, Instant};

/// Shillings an agent earns for a listing validated and for a parcel checked.
pub const AGENT_FEES: (i64, i64) = (30, 50);
/// The first maker's number; the others follow.
const FIRST: u64 = 254_700_000_301;
const AGENT: u64 = 254_700_000_201;
/// Keeps the second kiosk, where there is one.
const NJERI: u64 = 254_700_000_202;
const PIN: &str = "4729";

/// How long a text may be under way, the service being killed meanwhile: half an hour where it is killed
/// for longer than that.
fn patience() -> Duration {
    let is_slow = std::env::var("SOKONI_SLOW_TESTS").is_ok_and(|slow| slow == "1");
    Duration::from_secs(if is_slow { 1_800 } else { 100 })
}

/// What everybody lives in.
pub struct World {
    pub site: Site,
    pub smsc: Smsc,
    /// Whoever begins something new looks here first.
    pub enough: AtomicBool,
    /// In milliseconds.
    pub longest_start: AtomicU64,
    agent: Handset,
    njeri: Handset,
}

impl World {
    /// What the kiosk was sent by SMS, oldest first.
    pub fn agents_inbox(&self) -> Vec<String> {
        self.agent.inbox().into_iter().map(|sms| sms.text).collect()
    }

    pub fn new(site: Site, smsc: Smsc) -> Self {
        let (agent, njeri) = (smsc.handset(msisdn(AGENT)), smsc.handset(msisdn(NJERI)));
        let (enough, longest_start) = (AtomicBool::new(false), AtomicU64::new(0));
        Self { site, smsc, enough, longest_start, agent, njeri }
    }

    /// Waits until the operator has an application again.
    async fn served(&self) {
        self.smsc.wait_bound(1, SOON).await.expect("the service comes back");
    }
}

fn msisdn(number: u64) -> Msisdn {
    Msisdn::from_e164(&number.to_string()).expect("a number")
}

/// What was wished for and seen through.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    pub listings: u32,
    pub orders: u32,
    pub payouts: u32,
    pub earned_shillings: u64,
    pub paid_shillings: u64,
    /// Answers that never came.
    pub lost: u32,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.listings += other.listings;
        self.orders += other.orders;
        self.payouts += other.payouts;
        self.earned_shillings += other.earned_shillings;
        self.paid_shillings += other.paid_shillings;
        self.lost += other.lost;
    }
}

/// What to do at a screen.
enum Move {
    Press(String),
    /// The key after which the wish may have been carried out.
    Final(String),
    /// The screen says that the wish was carried out.
    Done,
    /// The screen says that it was not, and to come again.
    Later,
}

/// A maker at work.
pub struct Maker {
    world: Arc<World>,
    phone: Handset,
    number: u64,
    round: u32,
    tally: Tally,
}

impl Maker {
    pub fn new(world: Arc<World>, number: u64) -> Self {
        let phone = world.smsc.handset(msisdn(FIRST + number));
        Self { world, phone, number, round: 0, tally: Tally::default() }
    }

    /// Joins, then lists, sells, delivers and is paid until it is enough.
    pub async fn live(mut self) -> Tally {
        self.join().await;
        while !self.world.enough.load(std::sync::atomic::Ordering::Relaxed) {
            let round = self.round + 1;
            let earned = self.earn(200 + u64::from(round), round % 2 + 1).await;
            self.be_paid(earned).await;
        }
        self.tally
    }

    /// Lists pieces at a price she never used before, and brings in some that were bought; what she has
    /// for them.
    async fn earn(&mut self, price: u64, pieces: u32) -> u64 {
        self.round += 1;
        let listing = self.list(price).await;
        self.have_checked(&listing).await;
        let order = self.sell(&listing, pieces, price).await;
        self.accept(&order).await;
        self.deliver(&order, pieces, price).await;
        price * u64::from(pieces)
    }

    // ---- the phone in the hand

    /// Dials until the wish is carried out; the last text if one said so.
    async fn dial(&mut self, what: &str, choose: impl Fn(&str, bool) -> Option<Move>) -> Option<String> {
        let mut wished = false;
        let mut trail = Vec::new();
        let begun = Instant::now();
        'call: loop {
            assert!(begun.elapsed() < patience(), "{what}: no way through, {trail:#?}");
            self.world.served().await;
            let mut answer = self.phone.dial("*483*57#").await;
            loop {
                let screen = match answer {
                    Ok(screen) => screen,
                    Err(PhoneError::NoSuchCode { .. } | PhoneError::TooLong | PhoneError::NoSms(_)) => {
                        panic!("{what}: {answer:?}")
                    }
                    Err(why) => {
                        self.tally.lost += 1;
                        trail.push(format!("({why})"));
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        continue 'call;
                    }
                };
                trail.push(screen.text.clone());
                let lines = screen.text.as_str();
                let again = ["This call has ended", "Something broke", "Too many people call"];
                if !screen.open && again.iter().any(|said| lines.starts_with(said)) {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue 'call;
                }
                let chosen = choose(lines, wished);
                let key = match (chosen, screen.open) {
                    (Some(Move::Done), true) => {
                        self.phone.cancel().await;
                        return None;
                    }
                    (Some(Move::Done), false) => return Some(screen.text),
                    (Some(Move::Later), _) => {
                        wished = false;
                        tokio::time::sleep(Duration::from_millis(500)).await;
                        continue 'call;
                    }
                    (Some(Move::Press(key)), true) => key,
                    (Some(Move::Final(key)), true) => {
                        wished = true;
                        key
                    }
                    _ => panic!("{what}: an unexpected screen, {trail:#?}"),
                };
                trail.push(format!("> {key}"));
                answer = self.phone.press(&key).await;
            }
        }
    }

    async fn join(&mut self) {
        let name =
            format!("Maker {}", ["Abuya", "Barasa", "Chebet", "Daudi", "Ekiru"][self.number as usize % 5]);
        self.dial("join", |screen, _| {
            Some(match screen {
                s if s.starts_with("You stopped at") => press("1"),
                s if s.starts_with("Karibu Sokoni") => press("2"),
                s if s.starts_with("Who are you?") => press("1"),
                s if s.starts_with("Your two names") => press(&name),
                s if s.starts_with("Where do you work?") => press("1"),
                s if s.starts_with("Choose a PIN") => press(PIN),
                s if s.starts_with("The same PIN once more") => Move::Final(PIN.to_owned()),
                s if s.starts_with("Welcome Maker") => Move::Done,
                s if s.starts_with("Hello Maker") => Move::Done,
                _ => return None,
            })
        })
        .await;
        self.hear("Your artisan number is", 0).await;
    }

    /// Lists three pieces, by screens or by a text; their number.
    async fn list(&mut self, price: u64) -> String {
        let from = self.phone.inbox().len();
        self.tally.listings += 1;
        if self.round.is_multiple_of(2) {
            self.send(&format!("SELL NECKLACE BRASS {price} 3")).await;
        } else {
            self.dial("list", |screen, wished| {
                Some(match screen {
                    s if s.starts_with("You stopped at") => press("1"),
                    s if s.starts_with("Hello ") && wished => Move::Done,
                    s if s.starts_with("Hello ") => press("1"),
                    s if s.starts_with("What have you made?") => press("1"),
                    s if s.starts_with("Made of what?") => press("1"),
                    s if s.starts_with("Your price") => press(&price.to_string()),
                    s if s.starts_with("How many are ready") => press("3"),
                    s if s.ends_with(
                        "each, 3 ready. Right?\n1 Yes, save\n2 Change the price\n3 Start again",
                    ) || s.contains("Right?") =>
                    {
                        Move::Final("1".to_owned())
                    }
                    s if s.starts_with("Saved, number ") => Move::Done,
                    _ => return None,
                })
            })
            .await;
        }
        let saved = self.hear(&format!(": Necklace KSh {} x 3.", grouped(price)), from).await;
        digits_after(&saved, "Saved ")
    }

    async fn accept(&mut self, order: &str) {
        let from = self.phone.inbox().len();
        if self.round.is_multiple_of(3) {
            self.send(&format!("YES {order}")).await;
        } else {
            let show = format!("{order}:");
            self.dial("accept", |screen, wished| {
                Some(match screen {
                    s if s.starts_with("You stopped at") => press("1"),
                    s if s.starts_with("Hello ") && wished => Move::Done,
                    s if s.starts_with("Hello ") => press("2"),
                    s if s.starts_with("Your orders") => press(&line_with(s, order)),
                    s if s.starts_with(&show) && s.contains("offered") => Move::Final("1".to_owned()),
                    s if s.starts_with(&show) && s.contains("I can make it") => Move::Final("1".to_owned()),
                    s if s.starts_with(&show) && s.contains("making") => Move::Done,
                    s if s.starts_with(&format!("Yours: {order}")) => Move::Done,
                    _ => return None,
                })
            })
            .await;
        }
        self.hear(&format!("Order {order} is yours:"), from.saturating_sub(1)).await;
    }

    /// Sends everything she has to her mobile money, and waits for the receipt.
    async fn be_paid(&mut self, shillings: u64) {
        let from = self.phone.inbox().len();
        self.tally.payouts += 1;
        self.ask_payout(shillings).await;
        self.hear(&format!("Sokoni sent KSh {}", grouped(shillings)), from.saturating_sub(1)).await;
        self.tally.paid_shillings += shillings;
    }

    async fn ask_payout(&mut self, shillings: u64) {
        let amount = shillings.to_string();
        self.dial("payout", |screen, wished| {
            Some(match screen {
                s if s.starts_with("You stopped at") => press("1"),
                s if s.starts_with("Hello ") && wished => Move::Done,
                s if s.starts_with("Hello ") => press("3"),
                s if s.starts_with("Ready: KSh") => press("1"),
                s if s.starts_with("Send how much") => press(&amount),
                s if s.starts_with("PIN to send") => Move::Final(PIN.to_owned()),
                s if s.contains("is on its way to") => Move::Done,
                s if s.contains("is still on its way to") && wished => Move::Done,
                s if s.contains(" has not answered. Your KSh ") => Move::Done,
                s if s.starts_with("Our link to mobile money is down") => Move::Later,
                // Paid while the line was dead: nothing is left to send.
                s if s.starts_with("You can send from") && wished => Move::Done,
                _ => return None,
            })
        })
        .await;
    }

    // ---- texts

    async fn send(&self, text: &str) {
        self.phone.send_sms(text).await.expect("short enough");
    }

    async fn hear(&self, words: &str, from: usize) -> String {
        heard(&self.phone, words, from, &self.world).await
    }

    /// The agent answers every text once; a repeat of the SMSC's is answered again.
    async fn agent(&self, text: &str, answer: &str) {
        self.world.agent.send_sms(text).await.expect("short enough");
        heard(&self.world.agent, answer, 0, &self.world).await;
    }

    async fn have_checked(&mut self, listing: &str) {
        heard(&self.world.agent, &format!("New listing {listing} by"), 0, &self.world).await;
        let photo = format!("PHOTO {listing}");
        self.world.agent.send_sms(&photo).await.expect("short enough");
        let link = format!("Photos of {listing} and others: open http");
        let door = Door::of(&heard(&self.world.agent, &link, 0, &self.world).await);
        let begun = Instant::now();
        while !door.takes(listing, picture(1, 96, 72)).await {
            assert!(begun.elapsed() < patience(), "no way for a photograph");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.agent(&format!("OK {listing}"), &format!("{listing} is checked. You earned KSh 30.")).await;
        self.hear(&format!("{listing} Necklace is on sale now"), 0).await;
    }

    /// A shopper buys; the order's number, as the maker is told it.
    async fn sell(&mut self, listing: &str, pieces: u32, price: u64) -> String {
        let from = self.phone.inbox().len();
        let key = format!("shopper-{}-{}", self.number, self.round);
        let begun = Instant::now();
        let page = loop {
            assert!(begun.elapsed() < patience(), "no way through the shop");
            if let Some(page) = self.world.site.check_out(listing, pieces, &key).await {
                break page;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        self.tally.orders += 1;
        self.world.site.pay(&page).await;
        let earn = grouped(price * u64::from(pieces));
        let offer = self.hear(&format!("You earn KSh {earn}. Reply YES"), from).await;
        digits_after(&offer, "Order ")
    }

    /// Made, brought in, received, checked.
    async fn deliver(&mut self, order: &str, pieces: u32, price: u64) {
        self.send(&format!("READY {order}")).await;
        self.hear(&format!("Order {order}: bring it to"), 0).await;
        heard(&self.world.agent, &format!("brings parcel {order}"), 0, &self.world).await;
        self.agent(&format!("IN {order}"), &format!("{order} is with you.")).await;
        self.hear(&format!("has your parcel {order}"), 0).await;
        self.agent(&format!("QC {order} PASS {pieces}"), &format!("{order}: {pieces} passed, 0 failed."))
            .await;
        let earned = price * u64::from(pieces);
        self.hear(&format!("Order {order}: {pieces} of {pieces} passed. KSh {}", grouped(earned)), 0).await;
        self.tally.earned_shillings += earned;
    }
}

/// The first text from `from` on that holds these words, waiting for it if need be.
async fn heard(phone: &Handset, words: &str, from: usize, world: &World) -> String {
    let mut view = phone.watch();
    let found = async {
        loop {
            let inbox = Arc::clone(&view.borrow_and_update().inbox);
            if let Some(sms) = inbox.iter().skip(from).find(|sms| sms.text.contains(words)) {
                return sms.text.clone();
            }
            view.changed().await.expect("the operator lives");
        }
    };
    let Ok(text) = tokio::time::timeout(patience(), found).await else {
        let last: Vec<_> = phone.inbox().into_iter().rev().take(6).map(|sms| sms.text).collect();
        panic!("no text with {words:?}; the last were {last:#?}\n{}", super::serve::log_of(&world.site));
    };
    text
}

fn press(key: &str) -> Move {
    Move::Press(key.to_owned())
}

fn digits_after(text: &str, words: &str) -> String {
    let (_, rest) = text.split_once(words).unwrap_or_else(|| panic!("{words:?} is not in {text:?}"));
    rest.chars().take_while(char::is_ascii_digit).collect()
}

fn line_with(screen: &str, words: &str) -> String {
    let line = screen.lines().find(|line| line.contains(words));
    let line = line.unwrap_or_else(|| panic!("{words:?} is not in {screen:?}"));
    line.split(['.', ' ']).next().expect("a number").to_owned()
}

/// Shillings with commas, as texts have them.
fn grouped(shillings: u64) -> String {
    match shillings {
        0..=999 => shillings.to_string(),
        more => format!("{},{:03}", more / 1_000, more % 1_000),
    }
}
