//! Riders: asked to fetch what is ready, trusted with a parcel by its number alone, paid on arrival.

use super::{on_sale, open_stall, taken};
use crate::support::actors::{Agent, Artisan, Phone, number};
use crate::support::logs;
use crate::support::shopper::Order;
use crate::support::village::{Founding, Village, until};
use sokoni::types::{CodeKind, Lang, SpokenCode};
use std::time::Duration;

pub(super) const OTIENO: &str = "0700000301";
const BARASA: &str = "0700000302";
const TWO_HOURS: Duration = Duration::from_secs(2 * 3_600 + 60);

/// The kiosk asks somebody to ride for it, and he agrees.
pub(super) async fn rides(village: &Village, amina: &Agent, name: &str, phone: &str, lang: Lang) -> Phone {
    let rider = village.phone(phone, lang);
    // The question comes in the kiosk's language, since nobody knows his yet.
    rider.reads_in(amina.lang());
    let sent = amina.walks(&["6", "5", "2", name, phone]).await;
    assert!(sent.contains(amina.word("We asked", "Tumemuuliza")), "{sent}");
    let asked = rider.reads(rider.word("to ride for Sokoni", "usafirishie Sokoni")).await;
    let yes = format!("{} {}", rider.word("YES", "NDIYO"), number(&asked, 5));
    rider.asks(&yes, rider.word("Agreed with", "Mmekubaliana")).await;
    amina.reads(amina.word("said yes to you", "amekukubalia")).await;
    if rider.lang() != lang {
        rider.walks(&[]).await;
        rider.reads_in(lang);
        rider.presses("5").await;
        rider.handset.cancel().await;
    }
    rider
}

/// She says that the order is ready; the number that she will say to the rider.
pub(super) async fn is_ready(maker: &Artisan, order: &Order) -> String {
    let ready = format!("{} {}", maker.word("READY", "TAYARI"), order.code);
    maker.asks(&ready, maker.word("a rider comes", "pikipiki inakuja kuichukua")).await;
    number(&maker.reads(maker.word("Give him this number", "Mpe nambari hii")).await, 7)
}

/// A number whose check digit is right and that is not this one.
fn another(number: &str) -> String {
    let mut others = (77..).map(|nth| SpokenCode::nth(CodeKind::Once, nth).to_string());
    others.find(|other| other != number).expect("another")
}

/// A village with an order that is ready, and a rider who was asked to fetch it.
async fn fetched() -> (Village, Artisan, Agent, Phone, Order, String) {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    let otieno = rides(&village, &amina, "Otieno Ouma", OTIENO, Lang::EN).await;
    let order = taken(&village, &achieng, &listing, 1).await;
    let number = is_ready(&achieng, &order).await;
    let asked = otieno.reads("Pick up").await;
    let told = [&order.code, "1 pcs", "Achieng 0700000101", "Kibera", "Kibera Kiosk"];
    assert!(told.iter().all(|word| asked.contains(*word)), "{asked}");
    assert!(!asked.contains(&number), "{asked}");
    (village, achieng, amina, otieno, order, number)
}

#[tokio::test]
async fn w50_a_parcel_changes_hands_by_the_right_number_and_after_three_wrong_ones_by_none() {
    let (village, achieng, amina, otieno, order, number) = fetched().await;
    let barasa = rides(&village, &amina, "Barasa Juma", BARASA, Lang::EN).await;
    let wrong = another(&number);
    for left in ["2 tries left", "1 tries left", "no number opens it"] {
        // A text that comes again within a minute is a repeat, and gets its answer again.
        village.clock.advance(Duration::from_secs(150));
        let said = otieno.asks(&format!("PICK {} {wrong}", order.code), left).await;
        assert!(said.contains(&order.code), "{said}");
        assert_eq!(order.state().await, "ready");
    }
    // A slip sent again within the minute costs no other try, and promises none.
    otieno.asks(&format!("PICK {} {wrong}", order.code), "no number opens it").await;
    let right = otieno.asks(&format!("PICK {} {number}", order.code), "no number opens it").await;
    assert!(right.contains(&order.code), "{right}");
    assert_eq!(order.state().await, "ready");
    until("the alarm", || async {
        let parts = ["ALARM: a rider gave the wrong number three times", order.code.as_str()];
        (logs::count(&parts) == 1).then_some(())
    })
    .await;
    let cases = village.desk("depot/cases").await;
    let said = cases.to_string();
    assert!(said.contains("wrong number three times") && said.contains(&order.code), "{cases}");
    // She is asked to bring it herself, nobody else is sent for it, and the kiosk takes it from her.
    let bring = achieng.reads("bring it to Kibera Kiosk").await;
    assert!(bring.contains(&order.code), "{bring}");
    amina.reads("Achieng brings parcel").await;
    village.clock.advance(TWO_HOURS);
    assert!(otieno.walks(&["1"]).await.starts_with("No parcel"));
    assert_eq!(barasa.got("Pick up"), 0);
    amina.receives(&order.code).await;
    achieng.reads("has your parcel").await;
    assert_eq!(village.account("rider:").await, 0);
    village.closes().await;
}

#[tokio::test]
async fn w50_a_slip_of_one_digit_is_told_and_costs_no_try() {
    let (village, _, _, otieno, order, number) = fetched().await;
    let last = number.chars().last().and_then(|c| c.to_digit(10)).expect("a digit");
    let slip = format!("{}{}", &number[..6], (last + 1) % 10);
    otieno.asks(&format!("PICK {} {slip}", order.code), &format!("Number {slip} is not right")).await;
    assert_eq!(order.state().await, "ready");
    let with_him = otieno.asks(&format!("PICK {} {number}", order.code), "is with you now").await;
    assert!(with_him.contains("Bring it to Kibera Kiosk. KSh 100 is yours on arrival"), "{with_him}");
    village.closes().await;
}

#[tokio::test]
async fn w51_the_fee_is_his_at_the_kiosk_and_once() {
    let (village, achieng, amina, otieno, order, number) = fetched().await;
    otieno.asks(&format!("CHUKUA {} {number}", order.code), "is with you now").await;
    assert_eq!(village.account("rider:").await, 0);
    let coming = amina.reads("brings parcel").await;
    assert!(coming.starts_with("Rider Otieno brings parcel") && coming.contains("of Achieng"), "{coming}");
    amina.receives(&order.code).await;
    let paid = otieno.reads("handed over at").await;
    assert!(paid.contains("You earned KSh 100. Balance KSh 100."), "{paid}");
    village.clock.advance(Duration::from_secs(86_400));
    amina.receives(&order.code).await;
    assert_eq!(village.account("rider:").await, 10_000);
    assert_eq!(village.account("exp:rider").await, 10_000);
    otieno.gets_exactly(1, "handed over at").await;
    amina.passes(&order.code, 1).await;
    achieng.reads("is yours now").await;
    assert_eq!(village.account("artisan:").await, 85_000);
    // His money goes as everybody's: by a PIN that he chooses, in whole shillings.
    assert!(otieno.walks(&["3", "2", "8305", "8305"]).await.starts_with("Your PIN is set"));
    assert!(otieno.walks(&["3", "1", "100", "8305"]).await.contains("is on its way to"));
    otieno.reads("Sokoni sent KSh 100").await;
    assert_eq!(village.account("rider:").await, 0);
    assert!(otieno.walks(&["3", "3"]).await.contains("+100 Ride"));
    village.closes().await;
}

#[tokio::test]
async fn w52_her_screen_and_the_shoppers_page_say_that_it_is_on_its_way() {
    let (village, achieng, _, otieno, order, number) = fetched().await;
    let shown = achieng.walks(&["2", "1"]).await;
    assert!(shown.contains(", ready."), "{shown}");
    otieno.asks(&format!("PICK {} {number}", order.code), "is with you now").await;
    let told = achieng.reads("on its way to Kibera Kiosk").await;
    assert!(told.contains("Otieno has your parcel"), "{told}");
    order.reaches("with_rider").await;
    assert!(order.page().await.contains("On its way to the kiosk"));
    assert!(order.done().await.contains(&"with_rider".to_owned()));
    let shown = achieng.walks(&["2", "1"]).await;
    assert!(shown.contains(", on its way to the kiosk."), "{shown}");
    assert_eq!(achieng.balance().await, [0, 85_000, 0]);
    village.closes().await;
}

#[tokio::test]
async fn w4_a_rider_does_all_of_it_by_digits_and_in_swahili() {
    let village = Village::found(Founding { kiosk: Lang::SW, ..Founding::default() }).await;
    let (wanjiru, amina) = (village.wanjiru().await, village.amina());
    amina.reads_in(Lang::SW);
    let listing = on_sale(&wanjiru, &amina, 850, 2).await;
    let otieno = rides(&village, &amina, "Otieno Ouma", OTIENO, Lang::SW).await;
    assert!(otieno.walks(&["1"]).await.starts_with("Hakuna mzigo sasa"));
    let order = taken(&village, &wanjiru, &listing, 2).await;
    let number = is_ready(&wanjiru, &order).await;
    otieno.reads("Muulize nambari").await;
    assert!(otieno.walks(&[]).await.contains("1 Mizigo (1)"));
    let list = otieno.presses("1").await;
    assert!(list.contains(&format!("1 {} Wanjiru, uchukue", order.code)), "{list}");
    assert!(otieno.presses("1").await.contains("1 Naenda"));
    assert!(otieno.presses("1").await.contains("ni yako kuchukua"));
    let task = otieno.walks(&["1", "1"]).await;
    assert!(!task.contains("Naenda") && task.contains("2 Ninao"), "{task}");
    otieno.presses("2").await;
    assert!(otieno.presses(&another(&number)).await.contains("si sahihi. Uliza tena. Majaribio 2"));
    otieno.presses("1").await;
    let with_him = otieno.presses(&number).await;
    assert!(with_him.contains("mzigo uko nawe sasa"), "{with_him}");
    wanjiru.reads("ana mzigo wako").await;
    let task = otieno.walks(&["1", "1"]).await;
    assert!(!task.contains("Ninao") && !task.contains("Siwezi"), "{task}");
    amina.reads("Otieno analeta mzigo").await;
    amina.receives(&order.code).await;
    otieno.reads("imepokelewa").await;
    otieno.asks("SALIO", "Tayari: KSh 100").await;
    otieno.asks("habari", "Hatukuelewa").await;
    otieno.asks("CHUKUA", "Bado").await;
    for keys in [&["1"][..], &["3"], &["3", "3"], &["4"]] {
        otieno.walks(keys).await;
    }
    village.closes().await;
}

#[tokio::test]
async fn a_parcel_that_nobody_fetches_goes_to_the_next_rider_and_then_to_the_desk() {
    let (village, achieng, amina, otieno, order, number) = fetched().await;
    let barasa = rides(&village, &amina, "Barasa Juma", BARASA, Lang::EN).await;
    village.clock.advance(TWO_HOURS);
    let asked = barasa.reads("Pick up").await;
    assert!(asked.contains(&order.code), "{asked}");
    let again = achieng.reads("Rider Barasa comes").await;
    assert!(again.contains(&number), "she has one number for all of them: {again}");
    assert!(otieno.walks(&["1"]).await.starts_with("No parcel"));
    assert!(barasa.asks(&format!("NO {}", order.code), "is not yours any more").await.contains(&order.code));
    let coming = amina.reads("Achieng brings parcel").await;
    assert!(coming.contains(&order.code), "{coming}");
    let cases = village.desk("depot/cases").await.to_string();
    assert!(cases.contains("no rider takes the parcel") && cases.contains(&order.code), "{cases}");
    let bring = achieng.reads("bring it to Kibera Kiosk").await;
    assert!(bring.contains(&order.code), "{bring}");
    until("the alarm", || async {
        (logs::count(&["ALARM: no rider takes a parcel", order.code.as_str()]) == 1).then_some(())
    })
    .await;
    let late = barasa.asks(&format!("PICK {} {number}", order.code), "not yours to fetch").await;
    assert!(late.contains(&order.code), "{late}");
    // The first one comes after all, and she gives it to him: her number says so.
    otieno.asks(&format!("PICK {} {number}", order.code), "is with you now").await;
    amina.receives(&order.code).await;
    otieno.reads("handed over at").await;
    assert_eq!(village.account("rider:").await, 10_000);
    village.closes().await;
}

#[tokio::test]
async fn a_rider_who_goes_for_it_is_not_passed_over() {
    let (village, _, amina, otieno, order, number) = fetched().await;
    let barasa = rides(&village, &amina, "Barasa Juma", BARASA, Lang::EN).await;
    assert!(otieno.walks(&["1", "1", "1"]).await.contains("is yours to fetch"));
    village.clock.advance(TWO_HOURS);
    assert!(otieno.walks(&["1"]).await.contains(&format!("{} Achieng, you go", order.code)));
    assert_eq!(barasa.got("Pick up"), 0);
    // He never came: the next one is asked, and whoever was may still take it.
    village.clock.advance(TWO_HOURS);
    barasa.reads("Pick up").await;
    assert!(otieno.walks(&["1"]).await.starts_with("No parcel"));
    assert!(barasa.walks(&["1"]).await.contains(&order.code));
    otieno.asks(&format!("PICK {} {number}", order.code), "is with you now").await;
    barasa.reads("needs no rider any more").await;
    village.closes().await;
}

#[tokio::test]
async fn whoever_says_that_he_rides_is_sent_nowhere_before_a_kiosk_vouches_for_him() {
    let (village, achieng, amina, listing) = open_stall(850, 2).await;
    let otieno = village.phone(OTIENO, Lang::EN);
    let said = otieno.walks(&["2", "3", "Otieno Ouma", "1", "8305", "8305"]).await;
    assert!(said.starts_with("Welcome Otieno. Show your ID"), "{said}");
    let waits = amina.reads("wants to ride for you").await;
    assert!(waits.contains("Otieno, 0700000301"), "{waits}");
    let order = taken(&village, &achieng, &listing, 1).await;
    achieng.has_made(&order.code).await;
    assert_eq!(otieno.got("Pick up"), 0);
    let vouched = amina.walks(&["6", "5", "2", "Otieno Ouma", OTIENO]).await;
    assert!(vouched.starts_with("Otieno rides for you from now on"), "{vouched}");
    otieno.reads("riding for Sokoni from now on").await;
    let order = taken(&village, &achieng, &listing, 1).await;
    is_ready(&achieng, &order).await;
    otieno.reads(&format!("Pick up {}", order.code)).await;
    // A rider sells nothing, and his phone is nobody's kiosk.
    otieno.asks("SELL RING WOOD 300 1", "did not understand").await;
    village.closes().await;
}

#[tokio::test]
async fn an_order_without_riders_is_brought_by_the_maker_as_ever() {
    let (village, achieng, amina, listing) = open_stall(850, 1).await;
    let order = taken(&village, &achieng, &listing, 1).await;
    super::brought(&achieng, &amina, &order).await;
    assert_eq!(achieng.got("rider"), 0);
    village.closes().await;
}
