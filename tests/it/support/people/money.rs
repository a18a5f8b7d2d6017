//! Makers who have their money sent or fetch it in cash, and the two kiosks that would pay it.

use super::{Handset, Maker, Move, PIN, World, digits_after, grouped, heard, patience, press};
use std::sync::Arc;

/// What she was told about money that she had sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It went.
    Sent,
    /// It is hers again.
    Back,
}

impl Maker {
    /// The PIN of every maker.
    pub const PIN: &str = PIN;

    /// Joins, lists three pieces at this price and sells some; what she earned.
    pub async fn settle_in(&mut self, price: u64, pieces: u32) -> u64 {
        self.join().await;
        self.earn(price, pieces).await
    }

    /// Her number, as providers write it.
    pub fn msisdn(&self) -> String {
        self.phone.msisdn().to_string().trim_start_matches('+').to_owned()
    }

    /// Everything that she was sent by SMS, oldest first.
    pub fn inbox(&self) -> Vec<String> {
        self.phone.inbox().into_iter().map(|sms| sms.text).collect()
    }

    /// Asks for so much by mobile money; the sum is to be one that she never asked for before.
    pub async fn has_sent(&mut self, shillings: u64) {
        self.ask_payout(shillings).await;
    }

    /// Waits for the SMS that says what became of it.
    pub async fn is_told_of(&self, shillings: u64) -> Told {
        let (sent, back) = texts_of(shillings);
        let mut view = self.phone.watch();
        let told = async {
            loop {
                let inbox = Arc::clone(&view.borrow_and_update().inbox);
                let says = |words: &str| inbox.iter().any(|sms| sms.text.contains(words));
                match (says(&sent), says(&back)) {
                    (true, true) => panic!("{shillings} went and came back: {inbox:#?}"),
                    (true, false) => return Told::Sent,
                    (false, true) => return Told::Back,
                    (false, false) => view.changed().await.expect("the operator lives"),
                }
            }
        };
        let told = tokio::time::timeout(patience(), told).await;
        told.unwrap_or_else(|_| panic!("{}: nobody says what became of {shillings}", self.msisdn()))
    }

    /// Makes a cash number for so much, a sum that she never asked for before; the number of her SMS.
    pub async fn makes_cash(&mut self, shillings: u64) -> String {
        let amount = shillings.to_string();
        self.dial("cash", |screen, wished| {
            Some(match screen {
                s if s.starts_with("You stopped at") => press("1"),
                s if s.starts_with("Hello ") && wished => Move::Done,
                s if s.starts_with("Hello ") => press("3"),
                s if s.starts_with("Ready: KSh") => press("2"),
                s if s.starts_with("How much cash?") => press(&amount),
                s if s.starts_with("PIN to fetch") => Move::Final(PIN.to_owned()),
                s if s.starts_with("Cash number ") => Move::Done,
                s if s.contains("waits for you at any kiosk") && wished => Move::Done,
                _ => return None,
            })
        })
        .await;
        let made = self.hear(&format!("for KSh {} at any Sokoni kiosk", grouped(shillings)), 0).await;
        digits_after(&made, "Cash number ")
    }

    /// Walks from her first screen by these keys, on a line that holds; the last screen.
    pub async fn walks(&mut self, keys: &[&str]) -> String {
        self.world.served().await;
        let mut screen = self.phone.dial("*483*57#").await.expect("a screen");
        if screen.text.starts_with("You stopped at") {
            screen = self.phone.press("2").await.expect("a screen");
        }
        for key in keys {
            assert!(screen.open, "nothing takes {key} of {keys:?}: {}", screen.text);
            screen = self.phone.press(key).await.expect("a screen");
        }
        screen.text
    }

    /// Waits for an SMS with these words.
    pub async fn reads(&self, words: &str) -> String {
        self.hear(words, 0).await
    }

    /// Says the number at both kiosks at once: one pays it, and the other is told to pay nothing, even
    /// when it says that it has.
    pub async fn fetches(&self, number: &str, shillings: u64) {
        let world = &*self.world;
        let (amina, njeri) =
            tokio::join!(claims(&world.agent, number, world), claims(&world.njeri, number, world));
        assert_ne!(amina, njeri, "one kiosk pays {number}");
        let (pays, other) = if amina { (&world.agent, &world.njeri) } else { (&world.njeri, &world.agent) };
        let sum = grouped(shillings);
        pays.send_sms(&format!("PAID {number}")).await.expect("short enough");
        heard(pays, &format!("Maker has KSh {sum}."), 0, world).await;
        other.send_sms(&format!("PAID {number}")).await.expect("short enough");
        heard(other, &format!("{number} was paid on"), 0, world).await;
        self.hear(&format!("paid you KSh {sum} in cash."), 0).await;
    }
}

/// The words of the SMS that says that so much went, and of the one that it came back.
pub fn texts_of(shillings: u64) -> (String, String) {
    let sum = grouped(shillings);
    (format!("Sokoni sent KSh {sum} to "), format!("KSh {sum} is back in your balance"))
}

/// A kiosk types a cash number: whether it is to pay it.
async fn claims(kiosk: &Handset, number: &str, world: &World) -> bool {
    kiosk.send_sms(&format!("CASH {number}")).await.expect("short enough");
    let (yes, no) = (format!("Then send PAID {number}"), format!("is paying {number} now"));
    tokio::select! {
        _ = heard(kiosk, &yes, 0, world) => true,
        _ = heard(kiosk, &no, 0, world) => false,
    }
}
