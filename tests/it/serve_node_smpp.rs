//! `sokoni serve` on a network of somebody else's making: the SMSC is node-smpp, over real TCP,
//! and tshark judges every octet that travelled.

use crate::support::capture::{ANSWER, Capture};
use crate::support::node_smsc::{Network, Screen};
use crate::support::photo::{Door, picture};
use crate::support::serve::{Gateway, Server, Site, log_of};
use std::time::Duration;

const ACHIENG: &str = "254700000101";
const AMINA: &str = "254700000201";
const PIN: &str = "4729";
/// command_id.
const SUBMIT_SM: u32 = 4;

/// The run of digits after these words.
fn code_after(text: &str, words: &str) -> String {
    let (_, rest) = text.split_once(words).unwrap_or_else(|| panic!("{words:?} is not in {text:?}"));
    let code: String = rest.chars().take_while(char::is_ascii_digit).collect();
    assert!(code.len() >= 5, "a spoken number follows {words:?} in {text:?}");
    code
}

/// The number that leads to the line with these words.
fn line_with(screen: &Screen, words: &str) -> String {
    let line = screen.text.lines().find(|line| line.contains(words));
    let line = line.unwrap_or_else(|| panic!("{words:?} is not in {:?}", screen.text));
    line.split(['.', ' ']).next().expect("a number").to_owned()
}

fn ends(screen: &Screen, words: &str) {
    assert!(screen.end && screen.text.contains(words), "{words:?} ends {screen:?}");
}

fn asks(screen: &Screen, words: &str) {
    assert!(!screen.end && screen.text.contains(words), "{words:?} is asked by {screen:?}");
}

/// A village on node-smpp.
struct Village {
    network: Network,
    site: Site,
    server: Server,
    capture: Option<Capture>,
}

impl Village {
    async fn open(dialect: &'static str, bind: &'static str) -> Self {
        let mut network = Network::start(dialect).await;
        let site = Site::open(&Gateway { address: network.address, dialect, bind }).await;
        let capture = Capture::start(network.address.port(), site.file("wire.pcapng")).await;
        let mut server = Server::start(&site);
        server.ready(&site).await;
        for kind in bind.split('+') {
            network.bound(kind).await;
        }
        Self { network, site, server, capture }
    }

    /// Joins in Swahili; the maker's number.
    async fn join(&mut self) -> String {
        let welcome = self.network.dial(ACHIENG).await;
        asks(&welcome, "Karibu Sokoni. Welcome.");
        asks(&self.network.press(ACHIENG, "1").await, "Wewe ni nani?");
        asks(&self.network.press(ACHIENG, "1").await, "Majina yako mawili");
        asks(&self.network.press(ACHIENG, "Achieng Otieno").await, "Unafanyia kazi wapi?");
        asks(&self.network.press(ACHIENG, "1").await, "Chagua PIN");
        asks(&self.network.press(ACHIENG, PIN).await, "PIN hiyo hiyo tena");
        let joined = self.network.press(ACHIENG, PIN).await;
        ends(&joined, "Karibu Achieng. Nambari yako ni ");
        let code = code_after(&joined.text, "Nambari yako ni ");
        let sms = self.network.text(ACHIENG, "Nambari yako ya fundi ni ").await;
        assert_eq!(code_after(&sms, "Nambari yako ya fundi ni "), code);
        code
    }

    /// Lists a necklace by seven screens; its number.
    async fn list_by_ussd(&mut self) -> String {
        let check = self.network.walk(ACHIENG, &["1", "1", "1", "850", "3"]).await;
        asks(&check, "Mkufu, Shaba, KSh 850 kila moja, 3 tayari. Ni sawa?");
        let saved = self.network.press(ACHIENG, "1").await;
        ends(&saved, "Imehifadhiwa, nambari ");
        let code = code_after(&saved.text, "nambari ");
        self.network.text(ACHIENG, &format!("Imehifadhiwa {code}")).await;
        self.network.text(AMINA, &format!("New listing {code} by Achieng")).await;
        code
    }

    /// The number of the listing that a text told of.
    async fn list_by_sms(&mut self, text: &str) -> String {
        self.network.send(ACHIENG, text).await;
        let sms = self.network.text(ACHIENG, "Imehifadhiwa ").await;
        let code = code_after(&sms, "Imehifadhiwa ");
        self.network.text(AMINA, &format!("New listing {code} by Achieng")).await;
        code
    }

    async fn photograph(&mut self, listing: &str) {
        self.network.send(AMINA, &format!("PHOTO {listing}")).await;
        let door = Door::of(&self.network.text(AMINA, "/upload#").await);
        let (status, answer) = door.sends(listing, picture(1, 96, 72)).await;
        assert_eq!(status, 201, "{answer}");
        self.network.text(ACHIENG, &format!("{listing} Mkufu ina picha sasa")).await;
    }

    async fn validate_by_sms(&mut self, listing: &str) {
        self.photograph(listing).await;
        self.network.send(AMINA, &format!("OK {listing}")).await;
        self.network.text(AMINA, &format!("{listing} is checked. You earned KSh 30.")).await;
        self.network.text(ACHIENG, &format!("{listing} Mkufu inauzwa sasa kwa $")).await;
    }

    async fn validate_by_ussd(&mut self, listing: &str) {
        self.photograph(listing).await;
        let list = self.network.walk(AMINA, &["4"]).await;
        let line = line_with(&list, listing);
        asks(&self.network.press(AMINA, &line).await, "KSh 850 x 3");
        let done = self.network.press(AMINA, "1").await;
        ends(&done, &format!("{listing} is checked. You earned KSh 30."));
        self.network.text(ACHIENG, &format!("{listing} Mkufu inauzwa sasa kwa $")).await;
    }

    /// Two pieces bought through the shop's own pages; the order's page and number.
    async fn buy_two(&mut self, listing: &str) -> (String, String) {
        let page = self.site.page(&format!("/piece/{listing}")).await;
        let (_, rest) = page.split_once("name=\"idempotency_key\" value=\"").expect("a form");
        let key = rest.split('"').next().expect("a key");
        let pay = self.site.check_out(listing, 2, key).await.expect("the shop answers");
        let back = self.site.pay(&pay).await;
        let order_page = back.split_once("/order/").expect("back at the shop").1.to_owned();
        let offer = self.network.text(ACHIENG, "Utapata KSh 1,700").await;
        assert!(offer.starts_with("Oda ") && offer.contains("Mkufu 2"), "{offer}");
        (format!("/order/{order_page}"), code_after(&offer, "Oda "))
    }

    async fn accept_by_ussd(&mut self, order: &str) {
        let list = self.network.walk(ACHIENG, &["2"]).await;
        let line = line_with(&list, order);
        asks(&self.network.press(ACHIENG, &line).await, "Utapata KSh 1,700");
        ends(&self.network.press(ACHIENG, "1").await, &format!("Ni yako: {order}"));
        self.network.text(ACHIENG, &format!("Oda {order} ni yako")).await;
    }

    /// Made, brought in, checked: all by texts.
    async fn deliver_by_sms(&mut self, order: &str) {
        self.network.send(ACHIENG, &format!("TAYARI {order}")).await;
        self.network.text(ACHIENG, &format!("Oda {order}: peleka Kibera Kiosk")).await;
        self.network.text(AMINA, &format!("brings parcel {order}")).await;
        self.network.send(AMINA, &format!("IN {order}")).await;
        self.network.text(AMINA, &format!("{order} is with you.")).await;
        self.network.text(ACHIENG, &format!("Kibera Kiosk wamepokea mzigo wako {order}")).await;
        self.network.send(AMINA, &format!("QC {order} PASS 2")).await;
        self.network.text(AMINA, &format!("{order}: 2 passed, 0 failed. You earned KSh 50.")).await;
        let paid = format!("Oda {order}: 2 kati ya 2 zimefaulu. KSh 1,700 ni zako sasa. Salio KSh 1,700.");
        self.network.text(ACHIENG, &paid).await;
    }

    async fn money(&mut self, ready: &str, held: &str) {
        let screen = self.network.walk(ACHIENG, &["3"]).await;
        asks(&screen, &format!("Tayari: KSh {ready}. Katika oda: KSh {held}. Inatumwa: KSh 0"));
        asks(&self.network.press(ACHIENG, "00").await, "Habari Achieng.");
        self.network.tell(&format!("abort {ACHIENG}")).await;
    }

    async fn pay_out(&mut self) {
        asks(&self.network.walk(ACHIENG, &["3", "1"]).await, "Utume kiasi gani");
        asks(&self.network.press(ACHIENG, "1700").await, "PIN kutuma KSh 1,700");
        ends(&self.network.press(ACHIENG, PIN).await, "KSh 1,700 inatumwa kwa");
        let receipt = self.network.text(ACHIENG, "Sokoni imetuma KSh 1,700 kwa ").await;
        let transfers = self.site.momo.transfers();
        assert_eq!(transfers.len(), 1);
        assert_eq!((transfers[0].msisdn.as_str(), transfers[0].shillings), (ACHIENG, 1_700));
        let told = format!("Kumb. ya M-Pesa {}. Salio KSh 0.", transfers[0].reference);
        assert!(receipt.contains(&told), "{receipt}");
    }

    async fn listings(&self) -> usize {
        self.site.desk("listings").await["rows"].as_array().expect("rows").len()
    }

    /// SIGTERM: every connection is told good-bye, the exit is clean, the store whole.
    async fn close(self, connections: usize, least: usize) {
        let Self { mut network, site, server, capture } = self;
        let books = site.desk("trial-balance").await;
        assert_eq!(books["sum"], 0, "{books}");
        let status = server.terminate(&site).await;
        assert!(status.success(), "{status}: {}", log_of(&site));
        for _ in 0..connections {
            network.event("unbind", |_| true).await;
        }
        if let Some(capture) = capture {
            let captured = capture.end().await;
            let pdus: usize = captured.pdus.values().sum();
            assert!(pdus > least, "{pdus} PDUs were seen");
            assert!(captured.refusals().is_empty(), "nothing was refused: {:?}", captured.refusals());
            assert!(captured.count(ANSWER | SUBMIT_SM) > 10, "submit_sm was answered: {:?}", captured.pdus);
        }
        site.audit();
    }
}

#[tokio::test]
async fn a_village_lives_on_node_smpp_from_joining_to_the_receipt() {
    let mut village = Village::open("its", "transceiver").await;
    village.join().await;
    let first = village.list_by_ussd().await;
    let second = village.list_by_sms("UZA MKUFU SHABA 850 3").await;
    village.validate_by_sms(&first).await;
    village.validate_by_ussd(&second).await;
    let (page, order) = village.buy_two(&first).await;
    village.money("0", "0").await;
    village.accept_by_ussd(&order).await;
    village.money("0", "1,700").await;
    village.deliver_by_sms(&order).await;
    village.money("1,700", "0").await;
    village.pay_out().await;
    assert!(village.site.page(&page).await.contains(&order), "the shopper sees her order");
    assert_eq!(village.site.card.captures().len(), 1);
    what_the_network_repeats_or_delays_acts_once(&mut village).await;
    a_call_that_was_cut_goes_on(&mut village).await;
    village.close(1, 100).await;
}

async fn what_the_network_repeats_or_delays_acts_once(village: &mut Village) {
    let before = village.listings().await;
    let code = village.list_by_ussd().await;
    let again = village.network.repeat(ACHIENG).await;
    ends(&again, &format!("Imehifadhiwa, nambari {code}"));
    assert_eq!(village.listings().await, before + 1, "a repeated key saves once");

    let code = village.list_by_sms("UZA HERENI SHANGA 400 2").await;
    village.network.tell(&format!("again {ACHIENG}")).await;
    village.network.text(ACHIENG, &format!("Imehifadhiwa {code}")).await;
    assert_eq!(village.listings().await, before + 2, "the same text within minutes is the same wish");

    let price = village.network.walk(ACHIENG, &["1", "1", "1"]).await;
    asks(&price, "Bei yako");
    assert_eq!(village.network.press_late(ACHIENG, "2").await, price, "a late key is shown what is current");
    asks(&village.network.press(ACHIENG, "900").await, "Ngapi ziko tayari sasa?");
    village.network.tell(&format!("abort {ACHIENG}")).await;
}

async fn a_call_that_was_cut_goes_on(village: &mut Village) {
    let offer = village.network.dial(ACHIENG).await;
    asks(&offer, "Uliishia hapa: ");
    asks(&village.network.press(ACHIENG, "1").await, "Ngapi ziko tayari sasa?");
    asks(&village.network.press(ACHIENG, "2").await, "Mkufu, Shaba, KSh 900 kila moja, 2 tayari.");
    ends(&village.network.press(ACHIENG, "1").await, "Imehifadhiwa, nambari ");
}

#[tokio::test]
async fn a_gateway_without_sessions_and_with_two_connections_carries_the_same_village() {
    let mut village = Village::open("msisdn", "transmitter+receiver").await;
    village.join().await;
    let listing = village.list_by_ussd().await;
    village.validate_by_sms(&listing).await;
    let (_, order) = village.buy_two(&listing).await;
    village.accept_by_ussd(&order).await;
    village.deliver_by_sms(&order).await;
    let price = village.network.walk(ACHIENG, &["1", "1", "1"]).await;
    asks(&price, "Bei yako");
    village.network.tell(&format!("abort {ACHIENG}")).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    asks(&village.network.dial(ACHIENG).await, "Uliishia hapa: ");
    asks(&village.network.press(ACHIENG, "1").await, "Bei yako");
    village.close(2, 80).await;
}

#[tokio::test]
async fn a_service_starts_without_its_smsc_binds_when_it_comes_and_again_after_every_cut() {
    let mut network = Network::start("its").await;
    let gateway = Gateway { address: network.address, dialect: "its", bind: "transceiver" };
    let site = Site::open(&gateway).await;
    network.tell("refuse 2").await;
    let mut server = Server::start(&site);
    server.ready(&site).await;
    assert!(site.page("/").await.contains("Sokoni"), "the shop is open meanwhile");
    network.event("listening", |_| true).await;
    network.bound("transceiver").await;
    for _ in 0..3 {
        asks(&network.dial(AMINA).await, "Amina, kiosk Kibera Kiosk");
        network.tell("drop").await;
        network.event("closed", |_| true).await;
        network.bound("transceiver").await;
    }
    network.tell("throttle 2").await;
    network.send(ACHIENG, "SALIO").await;
    for _ in 0..2 {
        network.event("throttled", |_| true).await;
    }
    network.text(ACHIENG, "Piga *483*57# kujiunga").await;
    assert!(server.terminate(&site).await.success());
    network.event("unbind", |_| true).await;
}
