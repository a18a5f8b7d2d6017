//! People with phones. Every screen and SMS that one of them sees must fit the smallest phone and be
//! in her language, whatever the story is about.

use super::handset::Handset;
use super::photo::{Door, picture};
use super::tongue::foreign;
use super::village::SOON;
use sokoni::gsm::fit::{septets, units, units_for};
use sokoni::sim::smsc::{PhoneError, Sms};
use sokoni::types::Lang;
use std::ops::Deref;
use std::sync::Mutex;
use std::time::Duration;

/// What people dial.
pub const CODE: &str = "*483*57#";
/// The smallest limit of the operators we know, in septets; one SMS has as many.
const MOST: usize = 160;

/// A phone in somebody's hand.
pub struct Phone {
    pub handset: Handset,
    lang: Mutex<Lang>,
    unread: Mutex<Vec<Sms>>,
}

impl Phone {
    pub fn new(handset: Handset, lang: Lang) -> Self {
        Self { handset, lang: Mutex::new(lang), unread: Mutex::default() }
    }

    /// What language its owner reads from now on.
    pub fn reads_in(&self, lang: Lang) {
        *self.lang.lock().expect("whole") = lang;
    }

    /// The language of its owner.
    pub fn lang(&self) -> Lang {
        *self.lang.lock().expect("whole")
    }

    /// Her word for it: the first in English, the second in Swahili.
    pub fn word<'a>(&self, en: &'a str, sw: &'a str) -> &'a str {
        if self.lang() == Lang::SW { sw } else { en }
    }

    /// Whether her language has no letter outside GSM-7.
    fn reads_gsm7(&self) -> bool {
        [Lang::EN, Lang::SW].contains(&self.lang())
    }

    /// W4: it fits, and she can read it.
    fn sees(&self, text: &str) {
        let (long, most) = match septets(text) {
            Some(long) => (long, MOST),
            None if self.reads_gsm7() => panic!("not in the GSM alphabet: {text:?}"),
            None => (units(text), units_for(MOST)),
        };
        assert!((1..=most).contains(&long), "{long} of {most}: {text:?}");
        // The invitation speaks both languages, since nobody knows hers yet.
        let both = text.contains("kujiunga") && text.contains("to join");
        let foreign = foreign(text, self.lang());
        assert!(both || foreign.is_empty(), "{foreign:?} is not {}: {text:?}", self.lang().tag());
    }

    /// Dials the service code.
    pub async fn dials(&self) -> String {
        self.dials_code(CODE).await
    }

    /// Dials something longer.
    pub async fn dials_code(&self, code: &str) -> String {
        self.try_dial(code).await.unwrap_or_else(|why| panic!("{code}: {why}"))
    }

    /// Dials, and may be refused by the network.
    pub async fn try_dial(&self, code: &str) -> Result<String, PhoneError> {
        let screen = self.handset.dial(code).await?;
        self.sees(&screen.text);
        Ok(screen.text)
    }

    /// Types something and sends it.
    pub async fn presses(&self, keys: &str) -> String {
        let before = self.handset.screen().text;
        let screen = self.handset.press(keys).await;
        let screen = screen.unwrap_or_else(|why| panic!("{keys:?} at {before:?}: {why}"));
        self.sees(&screen.text);
        screen.text
    }

    /// Dials, begins anew where an earlier call could be gone on with, then types one thing after
    /// the other; the last screen.
    pub async fn walks(&self, keys: &[&str]) -> String {
        let mut screen = self.dials().await;
        let offers = ["You stopped at", "Uliishia hapa", "የቆሙት"];
        if offers.iter().any(|offer| screen.starts_with(offer)) {
            screen = self.presses("2").await;
        }
        for key in keys {
            screen = self.presses(key).await;
        }
        screen
    }

    /// Sends an SMS to the service.
    pub async fn texts(&self, text: &str) {
        self.handset.send_sms(text).await.expect("the network takes it");
    }

    /// Waits for an SMS that holds this, and reads it once.
    pub async fn reads(&self, about: &str) -> String {
        let patience = tokio::time::Instant::now() + SOON;
        loop {
            let found = {
                let mut unread = self.unread.lock().expect("whole");
                unread.iter().position(|sms| sms.text.contains(about)).map(|at| unread.remove(at))
            };
            if let Some(sms) = found {
                return sms.text;
            }
            let left = patience.saturating_duration_since(tokio::time::Instant::now());
            match self.handset.wait_sms(left).await {
                Ok(sms) => {
                    // In UCS-2 a third as much stands in each; the messages allow for it.
                    let ucs2 = septets(&sms.text).is_none();
                    let most = if ucs2 && !self.reads_gsm7() { 3 } else { 1 };
                    assert!(sms.parts <= most, "{:?} took {} SMS", sms.text, sms.parts);
                    if most == 1 {
                        self.sees(&sms.text);
                    }
                    self.unread.lock().expect("whole").push(sms);
                }
                Err(_) => panic!("no SMS about {about:?}; there are {:?}", self.inbox()),
            }
        }
    }

    /// Sends an SMS and reads the answer.
    pub async fn asks(&self, text: &str, about: &str) -> String {
        self.texts(text).await;
        self.reads(about).await
    }

    /// All texts that arrived so far, read or not.
    pub fn inbox(&self) -> Vec<String> {
        self.handset.inbox().into_iter().map(|sms| sms.text).collect()
    }

    /// How many SMS that hold this arrived so far.
    pub fn got(&self, about: &str) -> usize {
        self.inbox().iter().filter(|text| text.contains(about)).count()
    }

    /// Waits until so many SMS that hold this have arrived, and looks that no more come for a while.
    pub async fn gets_exactly(&self, count: usize, about: &str) {
        super::village::until(&format!("{count} SMS about {about:?}"), || async {
            (self.got(about) >= count).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(self.got(about), count, "{about:?} in {:?}", self.inbox());
    }

    /// Ready, in orders, on its way: in cents, as an SMS says it now.
    pub async fn balance(&self) -> [i64; 3] {
        let ready = self.word("Ready: ", "Tayari: ");
        sums(&self.asks(self.word("BALANCE", "SALIO"), ready).await)
    }
}

/// The three sums after `KSh`, in cents.
pub fn sums(text: &str) -> [i64; 3] {
    let all: Vec<i64> = text.split("KSh ").skip(1).map(cents).collect();
    all.try_into().unwrap_or_else(|_| panic!("not three sums: {text:?}"))
}

/// The sum at the beginning of a text, in cents: `1,250.50. More` is 125050.
fn cents(text: &str) -> i64 {
    let sum: String = text.chars().take_while(|c| c.is_ascii_digit() || matches!(c, ',' | '.')).collect();
    let sum = sum.trim_end_matches(['.', ',']).replace(',', "");
    let (whole, part) = sum.split_once('.').unwrap_or((&sum, "0"));
    let number = |digits: &str| digits.parse::<i64>().unwrap_or_else(|_| panic!("no sum: {text:?}"));
    number(whole) * 100 + number(part)
}

/// The first run of exactly so many digits.
pub fn number(text: &str, digits: usize) -> String {
    let found = text.split(|c: char| !c.is_ascii_digit()).find(|run| run.len() == digits);
    found.unwrap_or_else(|| panic!("no number of {digits} digits: {text:?}")).to_owned()
}

/// Somebody who makes things.
pub struct Artisan {
    pub phone: Phone,
    pub pin: String,
}

impl Deref for Artisan {
    type Target = Phone;

    fn deref(&self) -> &Phone {
        &self.phone
    }
}

impl Artisan {
    /// Joins by phone, on her own.
    pub async fn joins(phone: Phone, name: &str, pin: &str) -> Self {
        phone.dials().await;
        let lang = phone.word("2", "1");
        let said = {
            for key in [lang, "1", name, "1", pin] {
                phone.presses(key).await;
            }
            phone.presses(pin).await
        };
        let first = name.split(' ').next().expect("a name");
        assert!(said.contains(first) && said.contains(phone.word("Welcome", "Karibu")), "{said}");
        phone.reads(phone.word("artisan number", "Nambari yako ya fundi")).await;
        Self { phone, pin: pin.to_owned() }
    }

    /// Lists a piece by SMS; its number.
    pub async fn lists(&self, kind: &str, stuff: &str, price: u32, ready: u32) -> String {
        let sell = self.word("SELL", "UZA");
        let saved = self.word("Saved ", "Imehifadhiwa ");
        number(&self.asks(&format!("{sell} {kind} {stuff} {price} {ready}"), saved).await, 5)
    }

    /// The number of the order she is offered next.
    pub async fn is_offered(&self) -> String {
        number(&self.reads(self.word("before", "Utapata")).await, 6)
    }

    /// Takes an order by SMS.
    pub async fn takes(&self, order: &str) {
        let yes = self.word("YES", "NDIYO");
        self.asks(&format!("{yes} {order}"), self.word("is yours", "ni yako")).await;
    }

    /// Says that an order is ready.
    pub async fn has_made(&self, order: &str) {
        let ready = self.word("READY", "TAYARI");
        self.asks(&format!("{ready} {order}"), self.word("bring it to", "peleka")).await;
    }

    /// Asks by phone to be sent so many shillings; the last screen.
    pub async fn cashes_out(&self, shillings: &str) -> String {
        self.walks(&["3", "1", shillings, &self.pin]).await
    }
}

/// Somebody who keeps a kiosk.
pub struct Agent(pub Phone);

impl Deref for Agent {
    type Target = Phone;

    fn deref(&self) -> &Phone {
        &self.0
    }
}

impl Agent {
    /// Photographs a listing with a phone that has a camera.
    pub async fn photographs(&self, listing: &str) {
        let photo = self.word("PHOTO", "PICHA");
        let door = Door::of(&self.asks(&format!("{photo} {listing}"), "/upload#").await);
        let seed = listing.parse().expect("a number");
        let (status, answer) = door.sends(listing, picture(seed, 96, 72)).await;
        assert_eq!(status, 201, "{answer}");
    }

    /// Photographs a listing and finds it good.
    pub async fn approves(&self, listing: &str) {
        self.photographs(listing).await;
        let ok = self.word("OK", "SAWA");
        self.asks(&format!("{ok} {listing}"), self.word("is checked", "imekaguliwa")).await;
    }

    /// Takes a parcel in.
    pub async fn receives(&self, order: &str) {
        let take = self.word("IN", "POKEA");
        self.asks(&format!("{take} {order}"), self.word("is with you", "iko nawe")).await;
    }

    /// Finds so many pieces of a parcel good.
    pub async fn passes(&self, order: &str, pieces: u32) -> String {
        let pass = self.word("PASS", "ZIMEFAULU");
        self.asks(&format!("QC {order} {pass} {pieces}"), self.word(" passed, ", " zimefaulu, ")).await
    }

    /// Finds so many pieces of a parcel bad.
    pub async fn fails(&self, order: &str, pieces: u32, why: u32) -> String {
        let fail = self.word("FAIL", "HAZIKUFAULU");
        self.asks(&format!("QC {order} {fail} {pieces} {why}"), self.word(" passed, ", " zimefaulu, ")).await
    }
}
