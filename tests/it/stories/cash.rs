//! Cash at the kiosk: a number that is good once, at one kiosk, and what happens when somebody says
//! that the money never came.

use super::{brought, earns, on_sale, taken};
use crate::support::actors::{Agent, Artisan, Phone, number};
use crate::support::logs;
use crate::support::village::{Founding, Village, until};
use sokoni::types::{CodeKind, Lang, SpokenCode};
use std::time::Duration;

const HOUR: u64 = 3_600;

/// A village with two kiosks, in which Achieng has KSh 850 that she earned at Amina's.
async fn two_kiosks() -> (Village, Artisan, Agent, Agent) {
    let village = Village::found(Founding { two_kiosks: true, ..Founding::default() }).await;
    let achieng = village.achieng().await;
    earns(&village, &achieng, 850).await;
    let (amina, njeri) = (village.amina(), village.njeri());
    (village, achieng, amina, njeri)
}

/// She asks for so much cash; the number of the SMS, which the screen says too.
async fn makes(maker: &Artisan, shillings: &str) -> String {
    let screen = maker.walks(&["3", "2", shillings, &maker.pin]).await;
    let sms = maker.reads(maker.word("Never send it to anyone", "Usimtumie mtu")).await;
    let made = number(&sms, 7);
    assert!(screen.contains(&made) && sms.contains(&format!("KSh {shillings}")), "{screen} {sms}");
    made
}

/// A text that says the same a little later is meant again.
async fn asks_later(village: &Village, phone: &Phone, text: &str, about: &str) -> String {
    village.clock.advance(Duration::from_secs(150));
    phone.asks(text, about).await
}

/// What the desk knows of cash numbers, newest first: state, kiosk, whether it stopped the kiosk.
async fn at_desk(village: &Village) -> Vec<(String, String, bool)> {
    let rows = village.desk("cash").await;
    let rows = rows["rows"].as_array().expect("rows").iter();
    rows.map(|row| {
        let word = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        (word("state"), word("kiosk"), row["stopped"] == true)
    })
    .collect()
}

#[tokio::test]
async fn w32_a_cash_number_is_paid_once_at_one_kiosk_for_its_amount() {
    let (village, achieng, amina, njeri) = two_kiosks().await;
    let cash = makes(&achieng, "500").await;
    assert_eq!(achieng.balance().await, [35_000, 0, 50_000]);
    let open = achieng.walks(&["3", "2"]).await;
    assert!(open.contains("KSh 500 waits for you") && !open.contains(&cash), "{open}");
    assert!(amina.walks(&["3", &cash]).await.starts_with("Pay Achieng KSh 500 in cash now"));
    // From now on it is Amina's, whatever anybody else types.
    assert!(njeri.walks(&["3", &cash]).await.starts_with("Another kiosk is paying"));
    njeri.asks(&format!("PAID {cash}"), "Another kiosk is paying").await;
    assert!(amina.presses("1").await.starts_with("Achieng has KSh 500"));
    let told = achieng.reads("in cash. Not true?").await;
    assert!(told.starts_with("Kibera Kiosk paid you KSh 500") && told.contains(&cash), "{told}");
    for kiosk in [&amina, &njeri] {
        let used = kiosk.walks(&["3", &cash]).await;
        assert!(used.contains("was paid on") && used.contains("at Kibera Kiosk. Pay nothing"), "{used}");
    }
    njeri.asks(&format!("CASH {cash}"), "was paid on").await;
    amina.asks(&format!("PAID {cash}"), "Achieng has KSh 500").await;
    achieng.gets_exactly(1, "paid you KSh 500").await;
    assert_eq!(achieng.balance().await, [35_000, 0, 0]);
    assert!(achieng.walks(&["3", "3"]).await.contains("-500 Cash"));
    assert_eq!(at_desk(&village).await, [("served".into(), "Kibera Kiosk".into(), false)]);
    // For the listing, the parcel, the cash and the fee for it: each once.
    assert_eq!(village.account("agent:").await, 3_000 + 5_000 + 50_000 + 2_000);
    village.closes().await;
}

#[tokio::test]
async fn a_text_that_comes_again_is_answered_with_what_is_true_by_then() {
    let (village, achieng, amina, _) = two_kiosks().await;
    let cash = makes(&achieng, "100").await;
    let claims = format!("CASH {cash}");
    amina.asks(&claims, "Pay Achieng KSh 100 in cash now").await;
    amina.asks(&claims, "Pay Achieng KSh 100 in cash now").await;
    // She has none, and the same text within the minute does not make the number hers.
    amina.asks(&format!("NOCASH {cash}"), "stays good").await;
    amina.asks(&claims, "did it once. Things have changed since").await;
    amina.asks(&format!("PAID {cash}"), "and pay only what we answer").await;
    assert_eq!(achieng.balance().await, [75_000, 0, 10_000]);
    village.clock.advance(Duration::from_secs(150));
    amina.asks(&claims, "Pay Achieng KSh 100 in cash now").await;
    let paid = amina.asks(&format!("PAID {cash}"), "Achieng has KSh 100").await;
    let again = amina.asks(&claims, "was paid on").await;
    assert!(again.contains("at Kibera Kiosk. Pay nothing"), "{again}");
    assert_eq!(amina.asks(&format!("PAID {cash}"), "Achieng has KSh 100").await, paid);
    achieng.gets_exactly(1, "paid you KSh 100").await;
    assert_eq!(achieng.balance().await, [75_000, 0, 0]);
    assert_eq!(village.account("agent:").await, 3_000 + 5_000 + 10_000 + 2_000);
    village.closes().await;
}

#[tokio::test]
async fn w33_every_fee_is_in_the_kiosks_money_and_has_a_line_in_its_statement() {
    let (mut village, achieng, amina, _) = two_kiosks().await;
    let number = makes(&achieng, "500").await;
    amina.walks(&["3", &number]).await;
    amina.presses("1").await;
    let (listing, parcel, cash, served) = (3_000, 5_000, 50_000, 2_000);
    assert_eq!(village.account("agent:").await, listing + parcel + cash + served);
    assert_eq!(village.account("exp:agent").await, listing + parcel + served);
    assert_eq!((village.account("moving:").await, village.account("mm_float").await), (0, 0));
    let last = amina.walks(&["6", "3"]).await;
    for line in ["+500 Cash", "+20 Fee", "+50 Fee", "+30 Fee"] {
        assert!(last.contains(line), "{line}: {last}");
    }
    let books = village.books().await;
    let account = books.keys().find(|name| name.starts_with("agent:")).expect("an account").clone();
    village.stop().await;
    let statement = village.sokoni(&["ledger", "statement", &account, "--json"]);
    let statement: serde_json::Value = serde_json::from_str(&statement).expect("JSON");
    let lines = statement["lines"].as_array().expect("lines").iter();
    let lines: Vec<i64> = lines.map(|line| line["cents"].as_i64().expect("cents")).collect();
    assert_eq!(lines, [listing, parcel, cash, served]);
    village.start().await;
    village.closes().await;
}

#[tokio::test]
async fn w32_a_number_that_nobody_fetches_runs_out_and_the_money_is_hers_again() {
    let (village, achieng, amina, _) = two_kiosks().await;
    let cash = makes(&achieng, "500").await;
    village.clock.advance(Duration::from_secs(48 * HOUR + 60));
    let back = achieng.reads("Nobody fetched KSh 500").await;
    assert!(back.contains("back in your balance: KSh 850"), "{back}");
    assert_eq!(achieng.balance().await, [85_000, 0, 0]);
    let late = amina.asks(&format!("CASH {cash}"), "ran out on").await;
    assert!(late.contains("back with Achieng. Pay nothing"), "{late}");
    amina.asks(&format!("PAID {cash}"), "ran out on").await;
    // She may make another one.
    let again = makes(&achieng, "850").await;
    assert_ne!(again, cash);
    assert_eq!(achieng.balance().await, [0, 0, 85_000]);
    village.closes().await;
}

#[tokio::test]
async fn w32_a_kiosk_without_cash_sends_her_to_another_and_words_differ_for_each_mistake() {
    let (village, achieng, amina, njeri) = two_kiosks().await;
    let bad = achieng.walks(&["3", "2", "851"]).await;
    assert!(bad.contains("50 to 850"), "{bad}");
    let cash = makes(&achieng, "500").await;
    let slip = format!("{}{}", &cash[..6], (cash.as_bytes()[6] - b'0' + 1) % 10);
    assert!(amina.walks(&["3", &slip]).await.starts_with("That number is not right"));
    let other = (0..).map(|nth| SpokenCode::nth(CodeKind::Once, nth).to_string()).find(|it| *it != cash);
    let other = other.expect("another");
    assert!(amina.presses(&other).await.starts_with("No cash waits under that number"));
    amina.asks(&format!("PAID {cash}"), &format!("Send CASH {cash} first")).await;
    assert!(amina.walks(&["3", &cash]).await.starts_with("Pay Achieng"));
    assert!(amina.presses("2").await.starts_with("The number stays good at other kiosks"));
    let pay = njeri.asks(&format!("CASH {cash}"), "in cash now").await;
    assert!(pay.contains(&format!("PAID {cash}")), "{pay}");
    asks_later(&village, &njeri, &format!("NOCASH {cash}"), "stays good at other kiosks").await;
    asks_later(&village, &njeri, &format!("CASH {cash}"), "in cash now").await;
    asks_later(&village, &njeri, &format!("PAID {cash}"), "Achieng has KSh 500").await;
    achieng.reads("Mathare Kiosk paid you KSh 500").await;
    asks_later(&village, &amina, &format!("NOCASH {cash}"), "was paid on").await;
    assert_eq!(village.account("moving:").await, 0);
    village.closes().await;
}

#[tokio::test]
async fn w32_a_payment_that_she_denies_stops_the_kiosk_until_the_desk_has_looked_at_it() {
    let (village, achieng, amina, njeri) = two_kiosks().await;
    let wanjiru = village.wanjiru().await;
    let cash = makes(&achieng, "500").await;
    achieng.asks(&format!("NOT {cash}"), "No kiosk has paid").await;
    amina.walks(&["3", &cash]).await;
    amina.presses("1").await;
    let books = village.books().await;
    wanjiru.asks(&format!("SI {cash}"), "si yako").await;
    let thanks = asks_later(&village, &achieng, &format!("NOT {cash}"), "pays no more cash").await;
    assert!(thanks.contains("Kibera Kiosk"), "{thanks}");
    let stopped = amina.reads("never came").await;
    assert!(stopped.starts_with("Achieng says that the KSh 500"), "{stopped}");
    assert_eq!(village.books().await, books, "no money moves");
    assert!(logs::count(&["ALARM: somebody says that a kiosk never paid her cash number"]) >= 1);
    assert_eq!(at_desk(&village).await, [("denied".into(), "Kibera Kiosk".into(), true)]);
    assert!(village.desk_page("/desk").await.contains("kiosk stopped: cash denied"));

    let next = makes(&achieng, "100").await;
    assert!(amina.walks(&["3", &next]).await.starts_with("You pay no cash for now"));
    amina.asks(&format!("CASH {next}"), "You pay no cash for now").await;
    njeri.asks(&format!("CASH {next}"), "Pay Achieng KSh 100").await;
    njeri.asks(&format!("NOCASH {next}"), "stays good").await;
    let page = village.desk_page("/desk/cash").await;
    assert!(page.contains("Let it pay again") && !page.contains(&next) && !page.contains(&cash), "{page}");
    assert!(!village.desk_page("/desk/messages").await.contains(&format!("Cash number {next}")));
    let id = village.desk("cash").await["rows"][1]["id"].as_str().expect("an id").to_owned();
    assert_eq!(village.desk_press("/desk/cash/allow", &[("id", &id)]).await, "/desk/cash");
    amina.reads("Kibera Kiosk pays cash numbers again").await;
    asks_later(&village, &amina, &format!("CASH {next}"), "Pay Achieng KSh 100").await;
    amina.asks(&format!("PAID {next}"), "Achieng has KSh 100").await;
    // A day later it is too long ago.
    village.clock.advance(Duration::from_secs(25 * HOUR));
    achieng.asks(&format!("NOT {next}"), "That is long ago").await;
    until("nobody is stopped", || async {
        at_desk(&village).await.iter().all(|(_, _, stopped)| !stopped).then_some(())
    })
    .await;
    village.closes().await;
}

#[tokio::test]
async fn w4_cash_is_asked_for_paid_and_denied_in_swahili() {
    let village = Village::found(Founding { kiosk: Lang::SW, ..Founding::default() }).await;
    let (wanjiru, amina) = (village.wanjiru().await, village.amina());
    amina.reads_in(Lang::SW);
    let listing = on_sale(&wanjiru, &amina, 850, 1).await;
    let order = taken(&village, &wanjiru, &listing, 1).await;
    brought(&wanjiru, &amina, &order).await;
    amina.passes(&order.code, 1).await;
    wanjiru.reads("ni zako sasa").await;
    let cash = makes(&wanjiru, "500").await;
    assert!(wanjiru.walks(&["3", "2"]).await.contains("zinakusubiri"));
    assert!(amina.walks(&["3", &cash]).await.starts_with("Mlipe Wanjiru KSh 500"));
    assert!(amina.presses("2").await.contains("vibanda vingine"));
    amina.asks(&format!("PESA {cash}"), "Hesabuni pamoja").await;
    amina.asks(&format!("NIMELIPA {cash}"), "Wanjiru ana KSh 500").await;
    wanjiru.reads("imekulipa KSh 500 taslimu").await;
    wanjiru.asks(&format!("SI {cash}"), "haitalipa taslimu").await;
    amina.reads("hazikufika").await;
    asks_later(&village, &amina, &format!("PESA {cash}"), "ililipwa").await;
    amina.asks(&format!("SINA {cash}"), "ililipwa").await;
    assert!(amina.walks(&["6", "3"]).await.contains("+500 Taslimu"));
    assert!(wanjiru.walks(&["3", "3"]).await.contains("-500 Taslimu"));
    let last = makes(&wanjiru, "300").await;
    assert!(amina.walks(&["3", &last]).await.starts_with("Usilipe taslimu kwa sasa"));
    village.closes().await;
}

#[tokio::test]
async fn a_kiosk_that_types_number_after_number_learns_nothing_of_any() {
    let (village, achieng, amina, njeri) = two_kiosks().await;
    let cash = makes(&achieng, "500").await;
    let guesses = (0..)
        .map(|n: u64| SpokenCode::nth(CodeKind::Once, n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).to_string());
    let wrong: Vec<String> = guesses.filter(|number| *number != cash).take(10).collect();
    for (n, number) in wrong.iter().enumerate() {
        let word = ["CASH", "PAID", "NOCASH"][n % 3];
        amina.asks(&format!("{word} {number}"), &format!("No cash waits under {number}")).await;
    }
    amina.asks(&format!("CASH {cash}"), "Too many wrong cash numbers came from you today").await;
    assert!(amina.walks(&["3", &cash]).await.starts_with("Too many wrong numbers here today."));
    let cases = village.desk("depot/cases").await;
    let about = cases[0]["notes"][0]["text"].as_str().unwrap_or_default().to_owned();
    assert!(about.starts_with("Kibera Kiosk has typed many cash numbers"), "{cases}");
    // It is good elsewhere, and here again the day after.
    village.clock.advance(Duration::from_secs(25 * HOUR));
    let late = asks_later(&village, &amina, &format!("CASH {cash}"), "Pay Achieng KSh 500").await;
    assert!(late.contains(&format!("PAID {cash}")), "{late}");
    njeri.asks(&format!("CASH {cash}"), "Another kiosk is paying").await;
    village.closes().await;
}
