//! Loans: asked for by phone, endorsed by somebody who knows her, given by lenders far away, sent once,
//! and paid back by a share of each sale until the very cent.

use super::mentors::guided;
use super::{brought, on_sale, taken};
use crate::support::actors::{Agent, Artisan};
use crate::support::village::{Founding, Village};
use sokoni::sim::momo::Manners;
use std::collections::BTreeMap;
use std::time::Duration;

type Rows = Vec<BTreeMap<String, String>>;

/// Runs `sokoni loans` against the desk of the village; what it prints.
pub(super) async fn loans(village: &Village, args: &[&str]) -> String {
    let key = village.data().with_file_name("desk");
    let mut sokoni = tokio::process::Command::new(env!("CARGO_BIN_EXE_sokoni"));
    let run = sokoni.arg("loans").args(args).args(["--desk", &village.url]).arg("--desk-key-file").arg(key);
    let run = run.output().await.expect("the command runs");
    assert!(run.status.success(), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).expect("text")
}

/// The same, as the rows of its table.
async fn rows(village: &Village, args: &[&str]) -> Rows {
    let text = loans(village, args).await;
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(|row| row.expect("a row")).collect()
}

/// What the rows of a repayment file add up to, in cents.
fn total(rows: &Rows) -> i64 {
    rows.iter().map(|row| row["amount_kes"].replace('.', "").parse::<i64>().expect("a sum")).sum()
}

/// One piece at this price, from the listing to the check; the order's number and what she is told.
async fn sells(village: &Village, maker: &Artisan, amina: &Agent, price: u32) -> (String, String) {
    let listing = on_sale(maker, amina, price, 1).await;
    let order = taken(village, maker, &listing, 1).await;
    brought(maker, amina, &order).await;
    amina.passes(&order.code, 1).await;
    let told = maker.reads(maker.word("is yours now", "ni zako sasa")).await;
    (order.code, told)
}

/// She has sold for so much and asks for a loan for a machine; how the list names it.
pub(super) async fn asks(
    village: &Village, maker: &Artisan, amina: &Agent, sold: u32, amount: &str,
) -> String {
    sells(village, maker, amina, sold).await;
    let asked = maker.walks(&["3", "4", "1", amount, "1", "1"]).await;
    assert!(asked.contains(maker.word("You asked for KSh", "Umeomba KSh")), "{asked}");
    let listed = rows(village, &["list"]).await;
    assert_eq!((listed.len(), listed[0]["state"].as_str()), (1, "asked"));
    listed[0]["loan"].clone()
}

/// Lenders far away give it, under a paper of theirs.
pub(super) async fn funds(village: &Village, loan: &str) {
    let fund = ["fund", loan, "--paper", "K-7", "--lenders", "31", "--countries", "9"];
    assert_eq!(rows(village, &fund).await[0]["state"], "funded");
}

/// A village where Achieng, who has sold for twice as much, has a loan waiting for her yes.
pub(super) async fn funded(founding: Founding, amount: u32) -> (Village, Artisan, Agent, String) {
    let village = Village::found(founding).await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    let loan = asks(&village, &achieng, &amina, 2 * amount, &amount.to_string()).await;
    loans(&village, &["endorse", &loan, "--by", "Halima"]).await;
    achieng.reads("is endorsed").await;
    funds(&village, &loan).await;
    let told = achieng.reads("31 people lend you KSh").await;
    assert!(told.contains("dial *483*57#, Money, My loan"), "{told}");
    (village, achieng, amina, loan)
}

/// She agrees with her PIN; the last screen.
pub(super) async fn agrees(maker: &Artisan) -> String {
    maker.walks(&["3", "4", "1", &maker.pin]).await
}

/// W81: what she owes and what waits for lenders, in cents; together the loan.
async fn owed(village: &Village) -> (i64, i64) {
    (village.account("loan:").await, village.account("kiva:due").await)
}

#[tokio::test]
async fn w80_the_share_stops_in_the_very_release_that_reaches_zero() {
    let (village, achieng, amina, _) = funded(Founding::default(), 2_500).await;
    assert_eq!(village.account("kiva:principal").await, 250_000);
    assert_eq!(owed(&village).await, (0, 0), "she owes nothing that she does not have");
    let terms = achieng.walks(&["3", "4"]).await;
    assert!(terms.starts_with("KSh 2,500. 10% of each sale pays it back. No interest."), "{terms}");
    assert!(agrees(&achieng).await.starts_with("KSh 2,500 is on its way to"));
    let sent = achieng.reads("Loan KSh 2,500 sent to").await;
    let transfers = village.momo.transfers();
    assert_eq!((transfers.len(), transfers[0].shillings), (1, 2_500));
    assert!(sent.contains(&transfers[0].reference) && sent.contains("31 people in 9 countries"), "{sent}");
    assert_eq!((owed(&village).await, achieng.balance().await), ((250_000, 0), [500_000, 0, 0]));

    let (_, told) = sells(&village, &achieng, &amina, 9_999).await;
    let words = "KSh 9,999 is yours now. Loan took KSh 999.90. Balance KSh 13,999.10.";
    assert!(told.contains(words), "{told}");
    assert_eq!(owed(&village).await, (150_010, 99_990));
    // W12, W13, W110: what the loan left is hers to the cent, shillings are sent, the cents stay.
    assert_eq!(achieng.balance().await, [1_399_910, 0, 0]);
    assert_eq!(village.account("artisan:").await, 1_399_910);
    let money = achieng.walks(&["3"]).await;
    assert!(money.starts_with("Ready: KSh 13,999.10. In orders: KSh 0. On its way: KSh 0"), "{money}");
    assert!(achieng.cashes_out("13999").await.contains("is on its way to"));
    achieng.reads("Sokoni sent KSh 13,999").await;
    assert_eq!(village.momo.transfers().last().map(|sent| sent.shillings), Some(13_999));
    assert_eq!((achieng.balance().await, village.account("artisan:").await), ([10, 0, 0], 10));
    let screen = achieng.walks(&["3", "4"]).await;
    assert!(screen.starts_with("You owe KSh 1,500.10 of KSh 2,500."), "{screen}");

    let (_, told) = sells(&village, &achieng, &amina, 20_000).await;
    assert!(told.contains("Loan took KSh 1,500.10. Balance KSh 18,500."), "{told}");
    achieng.reads("Your loan is paid back").await;
    assert_eq!(owed(&village).await, (0, 250_000));

    let (_, told) = sells(&village, &achieng, &amina, 850).await;
    assert!(!told.contains("Loan") && told.contains("Balance KSh 19,350."), "{told}");
    achieng.gets_exactly(1, "Your loan is paid back").await;
    assert!(achieng.walks(&["3", "4"]).await.starts_with("You have no loan. You may ask up to KSh"));
    village.closes().await;
}

#[tokio::test]
async fn w82_the_repayment_file_lists_each_release_and_sums_to_what_is_due() {
    let (village, achieng, amina, _) = funded(Founding::default(), 500).await;
    agrees(&achieng).await;
    achieng.reads("Loan KSh 500 sent to").await;
    let (first, _) = sells(&village, &achieng, &amina, 1_234).await;
    let (second, _) = sells(&village, &achieng, &amina, 2_001).await;
    let file = rows(&village, &["repayments"]).await;
    let orders: Vec<(&str, &str)> =
        file.iter().map(|row| (row["order"].as_str(), row["amount_kes"].as_str())).collect();
    assert_eq!(orders, [(first.as_str(), "123.40"), (second.as_str(), "200.10")]);
    assert!(file.iter().all(|row| row["paper"] == "K-7" && row["artisan"] == "Achieng"));
    assert_eq!(total(&file), village.account("kiva:due").await);
    // W81, before and after: nothing is remitted twice, and the file can be had again.
    assert_eq!(owed(&village).await, (17_650, 32_350));
    let bank = village.account("bank").await;
    for _ in 0..2 {
        assert_eq!(rows(&village, &["repayments", "--remit", "R-1"]).await, file);
        assert_eq!(owed(&village).await, (17_650, 0));
        assert_eq!(village.account("bank").await, bank - 32_350);
    }
    assert_eq!(rows(&village, &["repayments", "--of", "R-1"]).await, file);
    assert!(loans(&village, &["repayments"]).await.is_empty());
    // The next file begins where this one ended.
    let (third, _) = sells(&village, &achieng, &amina, 5_000).await;
    let file = rows(&village, &["repayments"]).await;
    assert_eq!((file.len(), file[0]["order"].as_str(), total(&file)), (1, third.as_str(), 17_650));
    assert_eq!(owed(&village).await, (0, 17_650));
    village.closes().await;
}

#[tokio::test]
async fn w81_a_loan_that_cannot_be_sent_is_owed_by_nobody_and_may_be_tried_again() {
    let (village, achieng, _, _) = funded(Founding::default(), 500).await;
    village.momo.behave_once(Manners::refusing("identifierError"));
    agrees(&achieng).await;
    let failed = achieng.reads("could not send your loan of KSh 500").await;
    assert!(failed.contains("It waits for you"), "{failed}");
    assert_eq!((owed(&village).await, village.account("kiva:principal").await), ((0, 0), 50_000));
    let screen = achieng.walks(&["3", "4"]).await;
    assert!(screen.starts_with("KSh 500 was not sent to 0700000101: no such user."), "{screen}");
    assert!(agrees(&achieng).await.starts_with("KSh 500 is on its way"));
    achieng.reads("Loan KSh 500 sent to").await;
    assert_eq!(village.payouts().await, ["paid", "failed"]);
    assert_eq!((village.momo.transfers().len(), owed(&village).await), (1, (50_000, 0)));
    // Days later the provider takes it back: she owes nothing, and is told.
    assert!(village.momo.reverse(&village.momo.transfers()[0].id.clone()).await);
    achieng.reads("could not send your loan of KSh 500: taken back").await;
    assert_eq!(owed(&village).await, (0, 0));
    village.closes().await;
}

#[tokio::test]
async fn w81_a_loan_taken_back_half_way_is_dropped_and_what_she_had_paid_is_hers_again() {
    let (village, achieng, amina, _) = funded(Founding::default(), 500).await;
    agrees(&achieng).await;
    achieng.reads("Loan KSh 500 sent to").await;
    let (_, told) = sells(&village, &achieng, &amina, 1_200).await;
    assert!(told.contains("Loan took KSh 120. Balance KSh 2,080."), "{told}");
    assert_eq!(owed(&village).await, (38_000, 12_000));
    assert!(village.momo.reverse(&village.momo.transfers()[0].id.clone()).await);
    achieng.reads("could not send your loan of KSh 500: taken back").await;
    let asked = achieng.walks(&["3", "4", "2"]).await;
    assert!(asked.starts_with("Shall the lenders have their money back?"), "{asked}");
    assert_eq!(achieng.presses("1").await, "Your loan is off. You owe nothing.");
    let told = achieng.reads("took your loan back").await;
    assert!(told.contains("KSh 120, is yours again. You have KSh 2,200."), "{told}");
    assert_eq!((owed(&village).await, achieng.balance().await), ((0, 50_000), [220_000, 0, 0]));
    assert_eq!(village.account("kiva:principal").await, 0);
    // Lenders have all of it: what her sale brought, and the rest.
    let file = rows(&village, &["repayments", "--remit", "R-1"]).await;
    let sums: Vec<&str> = file.iter().map(|row| row["amount_kes"].as_str()).collect();
    assert_eq!((sums, total(&file)), (vec!["120.00", "380.00"], 50_000));
    assert!(achieng.walks(&["3", "4"]).await.starts_with("You have no loan. You may ask up to KSh"));
    village.closes().await;
}

#[tokio::test]
async fn w81_a_loan_whose_fate_is_unknown_is_not_sent_again() {
    let (village, achieng, _, _) = funded(Founding { answer_ms: 500, ..Founding::default() }, 500).await;
    village.momo.behave(Manners { callbacks: 0, decide_after_ms: 1_500, ..Manners::silent() });
    agrees(&achieng).await;
    achieng.reads("M-Pesa has not answered").await;
    assert!(achieng.walks(&["3", "4"]).await.starts_with("KSh 500 is on its way to"));
    assert_eq!(owed(&village).await, (0, 0));
    village.passes_time_until("the loan is sent", || achieng.got("Loan KSh 500 sent to") == 1).await;
    assert_eq!((village.momo.transfers().len(), owed(&village).await), (1, (50_000, 0)));
    village.closes().await;
}

#[tokio::test]
async fn a_loan_that_waits_for_float_is_kept_back_when_her_money_is_put_on_hold() {
    let (village, achieng, _, _) = funded(Founding::default(), 500).await;
    village.momo.set_float_shillings(100);
    agrees(&achieng).await;
    let told = achieng.reads("our M-Pesa money is short now").await;
    assert!(told.starts_with("KSh 500 to 0700000101 stands in line"), "{told}");
    assert_eq!(achieng.walks(&["3", "4"]).await, told, "her loan says the same");
    village.colleague("Halima").has(&["holds", "put", "sim_changed", "0700000101"]).await;
    village.passes_time_until("she is told", || achieng.got("Your loan of KSh 500 was not sent") == 1).await;
    let told = achieng.reads("Your loan of KSh 500 was not sent: SIM changed ").await;
    assert!(told.contains("It waits for you: dial *483*57#, Money, My loan."), "{told}");
    village.momo.set_float_shillings(10_000);
    village.colleague("Halima").has(&["holds", "lift", "sim_changed", "0700000101", "--why", "her ID"]).await;
    let screen = achieng.walks(&["3", "4"]).await;
    assert!(screen.starts_with("KSh 500 was not sent to 0700000101: payments on hold."), "{screen}");
    assert!(village.momo.transfers().is_empty());
    assert_eq!(owed(&village).await, (0, 0));
    agrees(&achieng).await;
    achieng.reads("Loan KSh 500 sent to").await;
    assert_eq!((village.momo.transfers().len(), owed(&village).await), (1, (50_000, 0)));
    village.closes().await;
}

#[tokio::test]
async fn lenders_and_the_artisan_write_to_each_other() {
    let (village, achieng, _, loan) = funded(Founding::default(), 500).await;
    agrees(&achieng).await;
    achieng.reads("Loan KSh 500 sent to").await;
    loans(&village, &["note", &loan, "We love your work. Greetings from Oslo!"]).await;
    achieng.reads("Lenders: We love your work. Greetings from Oslo! Answer: LENDERS and your words").await;
    achieng.asks("LENDERS Thank you all, I bought the drill", "go to those who lent to you").await;
    let list = achieng.walks(&["3", "4", "3"]).await;
    assert!(list.contains(" You\n") && list.contains(" Lenders\n"), "{list}");
    let shown = achieng.presses("2").await;
    assert!(shown.starts_with("We love your work. Greetings from Oslo!\n0"), "{shown}");
    let notes = rows(&village, &["notes"]).await;
    let said: Vec<(&str, &str)> =
        notes.iter().map(|row| (row["from"].as_str(), row["text"].as_str())).collect();
    let wanted = [
        ("lenders", "We love your work. Greetings from Oslo!"),
        ("artisan", "Thank you all, I bought the drill"),
    ];
    assert_eq!(said, wanted);
    village.closes().await;
}

#[tokio::test]
async fn whoever_has_sold_too_little_is_told_from_when_on_she_may_ask() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    let early = achieng.walks(&["3", "4"]).await;
    assert!(early.starts_with("You may ask for a loan once your sales come to KSh 1,000."), "{early}");
    achieng.asks("LENDERS hello", "Nobody has lent to you yet").await;
    sells(&village, &achieng, &amina, 1_000).await;
    let much = achieng.walks(&["3", "4", "1", "501"]).await;
    assert!(much.contains("500 to 500"), "{much}");
    village.closes().await;
}

#[tokio::test]
async fn w4_a_mentor_endorses_a_loan_and_the_artisan_says_no_to_it_in_swahili() {
    let (village, achieng, wanjiru, amina) = guided().await;
    let loan = asks(&village, &wanjiru, &amina, 1_000, "500").await;
    let asked = achieng.reads("Do you stand by her?").await;
    assert!(asked.starts_with("Wanjiru asks lenders for KSh 500: Machine."), "{asked}");
    assert!(wanjiru.walks(&["3", "4"]).await.contains("inasubiri mtu wa kuuidhinisha"));
    let list = achieng.walks(&["4", "6", "4"]).await;
    assert!(list.contains("1 Wanjiru KSh 500"), "{list}");
    achieng.presses("1").await;
    assert!(achieng.presses("1").await.starts_with("Thank you. We tell Wanjiru"));
    wanjiru.reads("umeidhinishwa").await;
    assert!(achieng.walks(&["4", "6", "4"]).await.starts_with("Nobody asks for one."));

    let export = rows(&village, &["export"]).await;
    let story = "Wanjiru works in Kibera and has sold by phone on Sokoni since";
    assert!(export[0]["story"].starts_with(story), "{export:?}");
    assert_eq!((export[0]["amount_kes"].as_str(), export[0]["endorsed_by"].as_str()), ("500.00", "Achieng"));
    assert_eq!(rows(&village, &["list"]).await[0]["state"], "shown");
    assert_eq!(rows(&village, &["export"]).await, export, "a file that was lost can be had again");
    funds(&village, &loan).await;
    wanjiru.reads("wanakukopesha KSh 500").await;
    let terms = wanjiru.walks(&["3", "4"]).await;
    assert!(terms.starts_with("KSh 500. 10% ya kila mauzo italipa. Hakuna riba."), "{terms}");
    wanjiru.presses("2").await;
    assert!(wanjiru.presses("1").await.starts_with("Mkopo wako umefutwa."));
    assert_eq!(village.account("kiva:principal").await, 0);
    assert_eq!(owed(&village).await, (0, 50_000));
    let back = rows(&village, &["repayments", "--remit", "R-1"]).await;
    assert_eq!((back[0]["order"].as_str(), total(&back)), ("", 50_000));
    assert!(village.momo.transfers().is_empty());
    village.closes().await;
}

#[tokio::test]
async fn after_a_quiet_time_she_is_told_that_she_may_pay_some_and_pays_what_she_likes() {
    let (village, achieng, _, _) = funded(Founding::default(), 2_500).await;
    agrees(&achieng).await;
    achieng.reads("Loan KSh 2,500 sent to").await;
    village.clock.advance(Duration::from_secs(59 * 86_400));
    assert_eq!(achieng.balance().await, [500_000, 0, 0]);
    assert_eq!(achieng.got("No sale has paid"), 0);
    village.clock.advance(Duration::from_secs(2 * 86_400));
    let told = achieng.reads("No sale has paid").await;
    assert!(told.contains("No penalty. You owe KSh 2,500; if you wish, pay some: dial *483*57#"), "{told}");

    let paid = achieng.walks(&["3", "4", "1", "300", &achieng.pin]).await;
    assert_eq!(paid, "Thank you. You still owe KSh 2,200.");
    assert_eq!(achieng.balance().await, [470_000, 0, 0]);
    assert_eq!(owed(&village).await, (220_000, 30_000));
    let last = achieng.walks(&["3", "3"]).await;
    assert!(last.contains("-300 Loan"), "{last}");
    let file = rows(&village, &["repayments"]).await;
    assert_eq!((file.len(), file[0]["order"].as_str(), total(&file)), (1, "", 30_000));

    // The rest at once; more than that is not taken.
    let paid = achieng.walks(&["3", "4", "1", "2200", &achieng.pin]).await;
    assert_eq!(paid, "Thank you. You still owe KSh 0.");
    achieng.reads("Your loan is paid back").await;
    assert_eq!((owed(&village).await, achieng.balance().await), ((0, 250_000), [250_000, 0, 0]));
    village.clock.advance(Duration::from_secs(61 * 86_400));
    achieng.gets_exactly(1, "No sale has paid").await;
    village.closes().await;
}

#[tokio::test]
async fn a_loan_that_the_desk_stops_is_owed_by_nobody_and_she_is_told_once() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    let loan = asks(&village, &achieng, &amina, 1_000, "500").await;
    for _ in 0..2 {
        assert_eq!(rows(&village, &["stop", &loan]).await[0]["state"], "stopped");
    }
    let told = achieng.reads("will not come about").await;
    assert!(told.starts_with("Your loan of KSh 500 will not come about. You owe nothing."), "{told}");
    achieng.gets_exactly(1, "will not come about").await;
    assert_eq!(owed(&village).await, (0, 0));
    assert!(achieng.walks(&["3", "4"]).await.starts_with("You have no loan. You may ask up to KSh"));
    village.closes().await;
}
