//! Mentors: how somebody comes to be one, whom she guides, and what that brings her.

use super::{brought, earns, loans, on_sale, taken};
use crate::support::actors::{Agent, Artisan, Phone, number};
use crate::support::shopper::Order;
use crate::support::village::{Founding, Village, until};
use sokoni::types::Lang;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);
const ACHIENG: &str = "0700000101";
const WANJIRU: &str = "0700000102";
const AKINYI: &str = "0700000103";

/// The kiosk asks somebody to be a mentor, and she agrees.
async fn becomes_mentor(amina: &Agent, mentor: &Phone, name: &str, phone: &str) {
    let sent = amina.walks(&["6", "5", "1", name, phone]).await;
    assert!(sent.contains(amina.word("We asked", "Tumemuuliza")), "{sent}");
    let asked = mentor.reads(mentor.word("asks you to be a mentor", "uwe mshauri Sokoni")).await;
    agrees(mentor, &asked).await;
    amina.reads(amina.word("said yes to you", "amekukubalia")).await;
}

/// Says yes by the number that the question names.
async fn agrees(phone: &Phone, asked: &str) -> String {
    let yes = phone.word("YES", "NDIYO");
    phone.asks(&format!("{yes} {}", number(asked, 5)), phone.word("Agreed with", "Mmekubaliana")).await
}

/// A mentor brings in an artisan by name and phone; the last screen.
async fn brings(mentor: &Phone, name: &str, phone: &str) -> String {
    mentor.walks(&["4", "6", "1", name, phone, "1"]).await
}

/// A village where Achieng is the mentor of Wanjiru, who reads Swahili.
pub(super) async fn guided() -> (Village, Artisan, Artisan, Agent) {
    let village = Village::open().await;
    let (achieng, wanjiru, amina) = (village.achieng().await, village.wanjiru().await, village.amina());
    becomes_mentor(&amina, &achieng, "Achieng Otieno", ACHIENG).await;
    let sent = brings(&achieng, "Wanjiru Kamau", WANJIRU).await;
    assert!(sent.starts_with("We asked Wanjiru"), "{sent}");
    let asked = wanjiru.reads("anaomba kuwa mshauri wako").await;
    assert!(asked.contains("haitoki kwa bei yako"), "{asked}");
    agrees(&wanjiru, &asked).await;
    achieng.reads("Wanjiru, 0700000102, said yes to you").await;
    (village, achieng, wanjiru, amina)
}

/// An order of one piece, from the shop to the check.
async fn sells(village: &Village, maker: &Artisan, amina: &Agent, price: u32) -> Order {
    let listing = on_sale(maker, amina, price, 1).await;
    let order = taken(village, maker, &listing, 1).await;
    brought(maker, amina, &order).await;
    amina.passes(&order.code, 1).await;
    maker.reads(maker.word("is yours now", "ni zako sasa")).await;
    order
}

#[tokio::test]
async fn w20_the_mentors_share_comes_out_of_the_margin_and_never_out_of_the_price() {
    let (village, achieng, wanjiru, amina) = guided().await;
    let order = sells(&village, &wanjiru, &amina, 850).await;
    let sale: i64 =
        [order.part("maker").await, order.part("mentor").await, order.part("margin").await].iter().sum();
    let share = sale * 5 / 100;
    assert_eq!((sale, share, order.part("mentor").await), (140_119, 7_005, 7_005));
    assert_eq!(village.account("mentor:").await, share);
    assert_eq!(village.account("artisan:").await, 85_000);
    assert_eq!(village.account("margin").await, sale - 85_000 - share);
    let told = achieng.reads("Your share is KSh").await;
    let words = format!("KSh {}.{:02}", share / 100, share % 100);
    assert!(told.starts_with("Wanjiru sold 1 Necklace.") && told.contains("not from her price"), "{told}");
    assert!(told.contains(&format!("Your share is {words}")), "{told}");

    let mentees = achieng.walks(&["4", "6", "2"]).await;
    assert!(mentees.contains("1 Wanjiru: has sold"), "{mentees}");
    let shown = achieng.presses("1").await;
    assert!(shown.contains(&format!("This month {words} for you")), "{shown}");
    // What she made herself stays apart from what her artisans bring.
    assert_eq!(achieng.balance().await, [0, 0, 0]);
    let money = achieng.walks(&["4", "6", "3"]).await;
    assert!(money.starts_with(&format!("Ready: {words}. In orders: KSh 0.")), "{money}");
    let sent = achieng.walks(&["4", "6", "3", "1", &(share / 100).to_string(), &achieng.pin]).await;
    assert!(sent.contains("is on its way to"), "{sent}");
    let paid = achieng.reads("Sokoni sent KSh").await;
    assert!(paid.contains(&format!("Balance KSh 0.{:02}", share % 100)), "{paid}");
    assert_eq!(village.account("mentor:").await, share % 100);
    village.closes().await;
}

#[tokio::test]
async fn w20_her_loan_is_cut_from_her_part_and_the_mentors_share_from_the_margin() {
    let (village, _, wanjiru, amina) = guided().await;
    let loan = loans::asks(&village, &wanjiru, &amina, 1_000, "500").await;
    loans::loans(&village, &["endorse", &loan, "--by", "Halima"]).await;
    loans::funds(&village, &loan).await;
    wanjiru.reads("wanakukopesha KSh 500").await;
    loans::agrees(&wanjiru).await;
    until("she has the loan", || async { (village.account("loan:").await == 50_000).then_some(()) }).await;
    let of_us = async || {
        let accounts = ["artisan:", "mentor:", "margin", "loan:", "kiva:due"];
        let books = village.books().await;
        accounts.map(|kind| books.iter().filter(|(name, _)| name.starts_with(kind)).map(|(_, sum)| sum).sum())
    };
    let before: [i64; 5] = of_us().await;
    let order = sells(&village, &wanjiru, &amina, 850).await;
    let after = of_us().await;
    let moved = std::array::from_fn(|at| after[at] - before[at]);
    assert_eq!(moved, [85_000 - 8_500, 7_005, 140_119 - 85_000 - 7_005, -8_500, 8_500]);
    assert_eq!((order.part("maker").await, order.part("mentor").await), (85_000, 7_005));
    village.closes().await;
}

#[tokio::test]
async fn w20_what_is_still_to_pass_the_check_shows_as_in_orders() {
    let (village, achieng, wanjiru, amina) = guided().await;
    let listing = on_sale(&wanjiru, &amina, 850, 1).await;
    let order = taken(&village, &wanjiru, &listing, 1).await;
    let share = order.part("mentor").await;
    let money = achieng.walks(&["4", "6", "3"]).await;
    assert!(money.contains(&format!("In orders: KSh {}.{:02}", share / 100, share % 100)), "{money}");
    assert_eq!(village.account("mentor:").await, 0);
    village.closes().await;
}

#[tokio::test]
async fn w21_an_order_accepted_after_graduation_gives_the_mentor_nothing() {
    let (village, achieng, wanjiru, amina) = guided().await;
    let listing = on_sale(&wanjiru, &amina, 850, 2).await;
    village.clock.advance(DAY * 361);
    let before = taken(&village, &wanjiru, &listing, 1).await;
    village.clock.advance(DAY * 5);
    achieng.reads("Wanjiru has graduated").await;
    wanjiru.reads("Umehitimu").await;
    let after = taken(&village, &wanjiru, &listing, 1).await;
    for order in [&after, &before] {
        brought(&wanjiru, &amina, order).await;
        amina.passes(&order.code, 1).await;
        wanjiru.reads("ni zako sasa").await;
    }
    // The one she had accepted in time still brings its share.
    assert_eq!(village.account("mentor:").await, before.part("mentor").await);
    assert_eq!(achieng.got("Your share is KSh"), 1);
    let mentees = achieng.walks(&["4", "6", "2"]).await;
    assert!(mentees.contains("Wanjiru: graduated"), "{mentees}");
    village.closes().await;
}

#[tokio::test]
async fn w22_whoever_does_not_answer_has_no_account_and_the_mentor_sees_that_she_waits() {
    let (village, achieng, _, _) = guided().await;
    let akinyi = village.phone(AKINYI, Lang::EN);
    brings(&achieng, "akinyi OUMA", AKINYI).await;
    let asked = akinyi.reads("asks to be your mentor").await;
    let mentees = achieng.walks(&["4", "6", "2"]).await;
    assert!(mentees.contains("1 Akinyi: has not answered"), "{mentees}");
    assert!(akinyi.asks("BALANCE", "to join").await.contains("kujiunga"));
    assert_eq!(
        akinyi.handset.dial("*483*57#").await.expect("a screen").text.lines().next(),
        Some("Karibu Sokoni. Welcome.")
    );
    akinyi.handset.cancel().await;

    agrees(&akinyi, &asked).await;
    akinyi.reads("Your artisan number is").await;
    let mentees = achieng.walks(&["4", "6", "2"]).await;
    assert!(mentees.contains("Akinyi: joined"), "{mentees}");
    // She chooses her PIN when she dials; until then no money leaves.
    let money = akinyi.walks(&["3"]).await;
    assert!(!money.contains("1 Send") && money.contains("5 Choose a PIN"), "{money}");
    assert!(akinyi.walks(&["3", "5", "8305", "8305"]).await.starts_with("Your PIN is set"));
    assert!(akinyi.walks(&["3"]).await.contains("1 Send to M-Pesa"));
    akinyi.asks("SELL RING WOOD 300 1", "Saved ").await;
    assert!(achieng.walks(&["4", "6", "2"]).await.contains("Akinyi: listed a piece"));
    village.closes().await;
}

#[tokio::test]
async fn nobody_guides_herself_nor_somebody_who_has_a_mentor() {
    let (village, achieng, wanjiru, amina) = guided().await;
    let own = brings(&achieng, "Achieng Otieno", ACHIENG).await;
    assert!(own.starts_with("You cannot be your own mentor"), "{own}");
    let again = brings(&achieng, "Wanjiru Kamau", WANJIRU).await;
    assert!(again.starts_with("She has a mentor already"), "{again}");
    let kiosk = brings(&achieng, "Amina Hassan", "0700000201").await;
    assert!(kiosk.contains("who makes nothing"), "{kiosk}");
    // Somebody who is no mentor has no such entry, whatever she dials.
    let help = wanjiru.walks(&["4"]).await;
    assert!(help.contains("3 Mshauri") && !help.contains("Mafundi"), "{help}");
    drop(amina);
    village.closes().await;
}

#[tokio::test]
async fn of_two_mentors_the_artisan_chooses_and_the_other_is_told() {
    let village = Village::open().await;
    let (achieng, wanjiru, amina) = (village.achieng().await, village.wanjiru().await, village.amina());
    becomes_mentor(&amina, &achieng, "Achieng Otieno", ACHIENG).await;
    becomes_mentor(&amina, &wanjiru, "Wanjiru Kamau", WANJIRU).await;
    let akinyi = village.phone(AKINYI, Lang::EN);
    brings(&achieng, "Akinyi Ouma", AKINYI).await;
    let first = akinyi.reads("Achieng asks to be your mentor").await;
    let asked = brings(&wanjiru, "Akinyi Ouma", AKINYI).await;
    assert!(asked.starts_with("Tumemuuliza Akinyi"), "{asked}");
    akinyi.reads_in(Lang::SW);
    let second = akinyi.reads("Wanjiru anaomba kuwa mshauri").await;
    agrees(&akinyi, &second).await;
    akinyi.reads("Nambari yako ya fundi").await;
    wanjiru.reads("amekukubalia").await;
    achieng.reads("Akinyi, 0700000103, chose another mentor").await;
    let late = akinyi.asks(&format!("NDIYO {}", number(&first, 5)), "si yako").await;
    assert!(late.contains(&number(&first, 5)), "{late}");
    assert!(akinyi.walks(&["4", "3"]).await.starts_with("Mshauri wako: Wanjiru, 0700000102"));
    // She may end it, and is free to choose again.
    assert!(akinyi.walks(&["4", "3", "1", "1"]).await.starts_with("Wanjiru si mshauri wako tena"));
    wanjiru.reads("anaendelea bila mshauri").await;
    assert!(akinyi.walks(&["4", "3"]).await.starts_with("Huna mshauri"));
    village.closes().await;
}

#[tokio::test]
async fn an_artisan_names_her_mentor_by_the_mentors_number_and_the_mentor_agrees() {
    let village = Village::open().await;
    let (achieng, wanjiru, amina) = (village.achieng().await, village.wanjiru().await, village.amina());
    becomes_mentor(&amina, &achieng, "Achieng Otieno", ACHIENG).await;
    let hers = number(&achieng.inbox()[0], 5);
    let asked = wanjiru.walks(&["4", "3", "1", &hers]).await;
    assert!(asked.starts_with("Tumemuuliza Achieng"), "{asked}");
    let asked = achieng.reads("asks you to be her mentor").await;
    let yes = agrees(&achieng, &asked).await;
    assert!(yes.contains("you are her mentor"), "{yes}");
    wanjiru.reads("amekukubalia").await;
    assert!(wanjiru.walks(&["4", "3"]).await.starts_with("Mshauri wako: Achieng"));
    village.closes().await;
}

#[tokio::test]
async fn whoever_was_asked_and_joins_by_phone_says_yes_on_the_way() {
    let (village, achieng, _, _) = guided().await;
    let akinyi = village.phone(AKINYI, Lang::EN);
    brings(&achieng, "Akinyi Ouma", AKINYI).await;
    akinyi.reads("asks to be your mentor").await;
    let mentor = akinyi.walks(&["2", "1", "Akinyi Ouma", "1"]).await;
    assert!(mentor.starts_with("Do you have a mentor?\n1 Yes, Achieng\n3 No"), "{mentor}");
    akinyi.presses("1").await;
    akinyi.presses("8305").await;
    assert!(akinyi.presses("8305").await.starts_with("Welcome Akinyi"));
    achieng.reads("Akinyi, 0700000103, said yes").await;
    assert!(akinyi.walks(&["4", "3"]).await.starts_with("Your mentor: Achieng"));
    village.closes().await;
}

#[tokio::test]
async fn whoever_says_no_stays_a_stranger_and_her_no_is_passed_on() {
    let (village, achieng, _, _) = guided().await;
    let akinyi = village.phone(AKINYI, Lang::EN);
    brings(&achieng, "Akinyi Ouma", AKINYI).await;
    let asked = akinyi.reads("asks to be your mentor").await;
    akinyi.asks(&format!("NO {}", number(&asked, 5)), "We tell Achieng").await;
    achieng.reads("Akinyi, 0700000103, said no").await;
    assert!(akinyi.asks("BALANCE", "to join").await.contains("kujiunga"));
    assert!(!achieng.walks(&["4", "6", "2"]).await.contains("Akinyi"));
    village.closes().await;
}

#[tokio::test]
async fn a_call_that_breaks_off_twice_at_one_place_is_told_to_the_mentor_by_the_places_name() {
    let (village, achieng, wanjiru, _) = guided().await;
    wanjiru.walks(&["1", "1", "1"]).await;
    village.hangs_up(&wanjiru).await;
    assert_eq!(achieng.got("twice"), 0);
    assert!(wanjiru.dials().await.starts_with("Uliishia hapa"));
    wanjiru.presses("1").await;
    village.hangs_up(&wanjiru).await;
    let told = achieng.reads("twice").await;
    assert_eq!(told, "Wanjiru stopped at 'Your price for one, KSh (what' twice. Call her: 0700000102");
    achieng.walks(&["4", "6", "2", "1"]).await;
    assert_eq!(
        achieng.presses("1").await,
        "Wanjiru stopped twice at 'Your price for one, KSh (what'. Call her: 0700000102"
    );
    // She comes to the end of it: she is not stuck any more, and nobody is called again.
    assert!(wanjiru.walks(&["1", "1", "1", "850", "1", "1"]).await.starts_with("Imehifadhiwa"));
    assert!(!achieng.walks(&["4", "6", "2", "1"]).await.contains("stuck"));
    achieng.gets_exactly(1, "twice").await;
    village.closes().await;
}

#[tokio::test]
async fn w4_a_mentor_who_makes_nothing_has_a_menu_of_her_own_in_swahili() {
    let village = Village::found(Founding { kiosk: Lang::SW, ..Founding::default() }).await;
    let (wanjiru, amina) = (village.wanjiru().await, village.amina());
    amina.reads_in(Lang::SW);
    let mumbi = village.phone("0700000105", Lang::SW);
    becomes_mentor(&amina, &mumbi, "Mumbi Njoroge", "0700000105").await;
    let home = mumbi.walks(&[]).await;
    assert!(home.starts_with("Mumbi, mshauri wa Sokoni"), "{home}");
    let sent = mumbi.walks(&["1", "1", "Wanjiru Kamau", WANJIRU, "1"]).await;
    assert!(sent.starts_with("Tumemuuliza Wanjiru"), "{sent}");
    let asked = wanjiru.reads("anaomba kuwa mshauri wako").await;
    // She may answer in the menu, too.
    assert!(wanjiru.walks(&["4", "3"]).await.starts_with("Mumbi anaomba kuwa mshauri wako"));
    assert!(wanjiru.presses("1").await.starts_with("Mumbi ni mshauri wako sasa"), "{asked}");
    mumbi.reads("amekukubalia").await;
    let order = sells(&village, &wanjiru, &amina, 850).await;
    let share = order.part("mentor").await;
    mumbi.reads("si kwa bei yake").await;
    assert!(mumbi.asks("SALIO", "Tayari").await.contains(&format!("{}.{:02}", share / 100, share % 100)));
    assert!(mumbi.walks(&["1", "2", "1"]).await.contains("ameuza"));
    assert!(mumbi.walks(&["1", "3", "2", "8305", "8305"]).await.starts_with("PIN yako imewekwa"));
    let sent = mumbi.walks(&["1", "3", "1", "50", "8305"]).await;
    assert!(sent.contains("inatumwa"), "{sent}");
    mumbi.reads("Sokoni imetuma KSh 50").await;
    assert!(mumbi.walks(&["1", "3", "3"]).await.contains("M-Pesa"));
    mumbi.asks("habari", "Hatukuelewa").await;
    village.closes().await;
}

#[tokio::test]
async fn an_artisan_without_a_mentor_gives_nobody_a_share() {
    let village = Village::open().await;
    let achieng = village.achieng().await;
    earns(&village, &achieng, 850).await;
    assert_eq!(village.account("mentor:").await, 0);
    village.closes().await;
}

#[tokio::test]
async fn a_mentor_shows_the_way_and_may_leave() {
    let (village, achieng, wanjiru, _) = guided().await;
    wanjiru.walks(&["1", "1", "1"]).await;
    village.hangs_up(&wanjiru).await;
    let shown = achieng.walks(&["4", "6", "2", "1", "2", "1"]).await;
    assert!(shown.starts_with("An SMS tells you where Wanjiru is"), "{shown}");
    let told = achieng.reads("a star is her own answer").await;
    let place = "Wanjiru is at 'Your price for one, KSh (what'. To come there dial *483*57#, then 1 * *;";
    assert!(told.starts_with(place), "{told}");
    let left = achieng.walks(&["4", "6", "2", "1", "2", "2", "1"]).await;
    assert!(left.starts_with("You do not guide Wanjiru any more"), "{left}");
    wanjiru.reads("hakuongozi tena").await;
    assert!(wanjiru.walks(&["4", "3"]).await.starts_with("Huna mshauri"));
    village.closes().await;
}

#[tokio::test]
async fn w21_three_listings_and_three_orders_alone_graduate_her_before_the_date() {
    let (village, achieng, wanjiru, amina) = guided().await;
    for price in [850, 860, 870] {
        assert_eq!(wanjiru.got("umehitimu"), 0);
        sells(&village, &wanjiru, &amina, price).await;
    }
    wanjiru.reads("umehitimu").await;
    let told = achieng.reads("lists and sells alone now").await;
    assert!(told.contains("Your share goes on until"), "{told}");
    assert!(achieng.walks(&["4", "6", "2"]).await.contains("Wanjiru: graduated"));
    // The share goes on until the date that both were told.
    let before = village.account("mentor:").await;
    sells(&village, &wanjiru, &amina, 880).await;
    assert!(village.account("mentor:").await > before);
    wanjiru.gets_exactly(1, "umehitimu").await;
    village.closes().await;
}

#[tokio::test]
async fn whoever_has_sold_twenty_good_pieces_is_asked_to_guide_others() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    let listing = on_sale(&achieng, &amina, 300, 20).await;
    assert!(!achieng.walks(&["4", "3", "5"]).await.contains("Become a mentor"));
    let order = taken(&village, &achieng, &listing, 20).await;
    brought(&achieng, &amina, &order).await;
    // One of twenty is mended: what counts is every check, not the last one of an order.
    amina.passes(&order.code, 19).await;
    amina.fails(&order.code, 1, 2).await;
    order.reaches("making").await;
    assert_eq!(achieng.got("Would you guide others"), 0);
    village.clock.advance(Duration::from_secs(600));
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, 1).await;
    achieng.reads("Would you guide others").await;
    assert!(achieng.walks(&["4", "3", "5", "5", "1"]).await.starts_with("You are a mentor"));
    assert!(achieng.walks(&["4"]).await.contains("6 My artisans"));
    assert!(!achieng.walks(&["4", "3", "5"]).await.contains("Become a mentor"));
    achieng.gets_exactly(1, "Would you guide others").await;
    village.closes().await;
}

/// Types three wrong PINs.
async fn locks(who: &Artisan) {
    who.walks(&["4", "5"]).await;
    for wrong in ["1111", "2222"] {
        who.presses(wrong).await;
    }
    let locked = who.presses("3333").await;
    assert!(locked.contains(who.word("Your PIN is locked", "PIN yako imefungwa")), "{locked}");
}

/// Chooses a PIN at Money, since she has none.
async fn chooses(who: &Artisan) {
    let set = who.walks(&["3", "5", &who.pin, &who.pin]).await;
    assert!(set.starts_with(who.word("Your PIN is set", "PIN yako imewekwa")), "{set}");
}

#[tokio::test]
async fn her_mentor_and_a_kiosk_who_know_her_open_a_locked_pin_together() {
    const MORE: [&str; 5] = ["4", "6", "2", "1", "2"];
    let (village, achieng, wanjiru, amina) = guided().await;
    assert!(!achieng.walks(&MORE).await.contains("Her PIN is locked"));
    locks(&wanjiru).await;
    for _ in 0..2 {
        assert!(achieng.walks(&MORE).await.contains("4 Her PIN is locked"));
        assert!(achieng.presses("4").await.starts_with("Did Wanjiru herself ask you?"));
        let noted = achieng.presses("1").await;
        assert_eq!(noted, "Noted. When a kiosk knows her too, Wanjiru can choose a new PIN.");
    }
    assert!(amina.walks(&["6", "4", WANJIRU, "3"]).await.starts_with("Wanjiru can choose a new PIN now."));
    wanjiru.reads("PIN yako imefunguliwa Kibera Kiosk: piga uchague mpya").await;
    chooses(&wanjiru).await;
    assert!(amina.walks(&["6", "4", WANJIRU, "3"]).await.starts_with("That PIN is not locked"));

    // Whichever of them comes first.
    village.clock.advance(DAY);
    locks(&wanjiru).await;
    let noted = amina.walks(&["6", "4", WANJIRU, "3"]).await;
    assert!(noted.starts_with("Noted. Her mentor or another kiosk opens Wanjiru's PIN with you"), "{noted}");
    achieng.walks(&MORE).await;
    achieng.presses("4").await;
    assert!(achieng.presses("1").await.starts_with("Wanjiru can choose a new PIN now."));
    wanjiru.reads("PIN yako imefunguliwa Kibera Kiosk: piga uchague mpya").await;
    chooses(&wanjiru).await;

    // A kiosk that sees her ID needs nobody.
    village.clock.advance(DAY);
    locks(&wanjiru).await;
    achieng.walks(&MORE).await;
    achieng.presses("4").await;
    assert!(amina.walks(&["6", "4", WANJIRU, "1"]).await.starts_with("Wanjiru can choose a new PIN now."));
    assert_eq!(achieng.presses("1").await, "Her PIN is not locked any more.");
    village.closes().await;
}

#[tokio::test]
async fn a_name_that_turns_out_to_be_her_mentors_ends_the_mentorship_and_the_desk_sees_it() {
    let village = Village::open().await;
    village.momo.names("254700000101", "ACHIENG OTIENO");
    village.momo.names("254700000103", "ACHIENG OTIENO");
    let (achieng, amina) = (village.achieng().await, village.amina());
    achieng.reads("M-Pesa knows 0700000101 as Achieng Otieno").await;
    becomes_mentor(&amina, &achieng, "Achieng Otieno", ACHIENG).await;
    // A number that nobody knew yet: it says yes before its name is known.
    let akinyi = village.phone(AKINYI, Lang::EN);
    assert!(brings(&achieng, "Otieno Achieng", AKINYI).await.starts_with("We asked Otieno"));
    let asked = akinyi.reads("asks to be your mentor").await;
    agrees(&akinyi, &asked).await;
    akinyi.reads("does not guide you any more").await;
    achieng.reads("goes on without a mentor").await;
    let cases = village.desk("depot/cases").await;
    assert_eq!((cases[0]["what"].as_str(), cases[0]["state"].as_str()), (Some("herself"), Some("open")));
    assert!(akinyi.walks(&["4", "3"]).await.starts_with("You have no mentor."));
    village.closes().await;
}

#[tokio::test]
async fn whoever_was_asked_by_two_mentors_chooses_between_them_when_she_joins() {
    let (village, achieng, _, amina) = guided().await;
    let mumbi = village.phone("0700000105", Lang::EN);
    becomes_mentor(&amina, &mumbi, "Mumbi Njoroge", "0700000105").await;
    let akinyi = village.phone(AKINYI, Lang::EN);
    assert!(brings(&achieng, "Akinyi Ouma", AKINYI).await.starts_with("We asked Akinyi"));
    assert!(!akinyi.walks(&["2", "1", "Akinyi Ouma", "1"]).await.contains("2 Another one"), "there is one");
    assert!(mumbi.walks(&["1", "1", "Akinyi Ouma", AKINYI, "1"]).await.starts_with("We asked Akinyi"));
    let first = akinyi.walks(&["2", "1", "Akinyi Ouma", "1"]).await;
    assert!(first.contains("1 Yes, Achieng") && first.contains("2 Another one"), "{first}");
    assert!(akinyi.presses("2").await.contains("1 Yes, Mumbi"));
    assert!(akinyi.presses("2").await.contains("1 Yes, Achieng"));
    assert!(akinyi.presses("2").await.contains("1 Yes, Mumbi"));
    for key in ["1", "8305"] {
        akinyi.presses(key).await;
    }
    assert!(akinyi.presses("8305").await.starts_with("Welcome Akinyi"));
    mumbi.reads("Akinyi, 0700000103, said yes to you").await;
    achieng.reads("chose another mentor").await;
    village.closes().await;
}

#[tokio::test]
async fn a_kiosk_brings_in_an_artisan_who_has_no_mentor_by_that() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    let akinyi = village.phone(AKINYI, Lang::EN);
    assert!(amina.walks(&["6", "5", "3", "Akinyi Ouma", AKINYI]).await.starts_with("We asked Akinyi"));
    assert!(amina.walks(&["6", "5", "4"]).await.contains("1 Akinyi 0700000103"));
    assert_eq!(amina.walks(&["6", "5", "3", "Achieng Otieno", ACHIENG]).await, "That is so already.");
    let asked = akinyi.reads("asks you to sell what you make on Sokoni").await;
    agrees(&akinyi, &asked).await;
    akinyi.reads("Your artisan number is").await;
    amina.reads("Akinyi, 0700000103, said yes to you").await;
    assert!(akinyi.walks(&["4", "3"]).await.starts_with("You have no mentor."));
    akinyi.asks("SELL RING WOOD 300 1", "Saved").await;
    assert!(amina.walks(&["6", "5", "4"]).await.contains("Nobody."));
    drop(achieng);
    village.closes().await;
}
