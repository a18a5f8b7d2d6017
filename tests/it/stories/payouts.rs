//! Money sent by mobile money while the provider behaves badly: it is sent once, whatever happens,
//! and nobody is told more than is known.

use super::earns;
use crate::support::actors::Artisan;
use crate::support::village::{Founding, Village, until};
use sokoni::sim::Line;
use sokoni::sim::momo::{Answer, Manners, Speaks};
use std::time::Duration;

/// A village in which Achieng has KSh 850.
async fn with_money(founding: Founding) -> (Village, Artisan) {
    let village = Village::found(founding).await;
    let achieng = village.achieng().await;
    earns(&village, &achieng, 850).await;
    (village, achieng)
}

/// A provider that must answer at once, so that silence is noticed soon.
fn impatient() -> Founding {
    Founding { answer_ms: 500, ..Founding::default() }
}

/// Lets time pass, a little at a time, until a payout ends so.
async fn ends(village: &Village, state: &str) {
    until(&format!("the payout is {state}"), || async {
        village.clock.advance(Duration::from_secs(3));
        tokio::time::sleep(Duration::from_millis(50)).await;
        (village.payouts().await.first().map(String::as_str) == Some(state)).then_some(())
    })
    .await;
}

/// W13: the provider's own list has one transfer of all she had, and the books agree.
async fn paid_once(village: &Village, achieng: &Artisan) {
    let sent = achieng.reads("Sokoni sent KSh 850 to").await;
    let transfers = village.momo.transfers();
    assert_eq!(transfers.len(), 1, "{transfers:?}");
    assert_eq!((transfers[0].shillings, transfers[0].msisdn.as_str()), (850, "254700000101"));
    assert!(sent.contains(&transfers[0].reference), "{sent}");
    assert_eq!(achieng.balance().await, [0, 0, 0]);
    assert_eq!(village.account("artisan:").await, 0);
    assert_eq!(village.account("moving:").await, 0);
    achieng.gets_exactly(1, "Sokoni sent").await;
}

#[tokio::test]
async fn w13_a_payout_of_everything_is_one_transfer() {
    let (village, achieng) = with_money(Founding::default()).await;
    let said = achieng.cashes_out("850").await;
    assert!(said.starts_with("KSh 850 is on its way to"), "{said}");
    paid_once(&village, &achieng).await;
    assert_eq!(village.account("exp:mm").await, 500);
    let last = achieng.walks(&["3", "3"]).await;
    assert!(last.contains("-850 M-Pesa") && last.contains("+850 Sale"), "{last}");
    village.closes().await;
}

#[tokio::test]
async fn w13_a_result_told_five_times_pays_once() {
    let (village, achieng) = with_money(Founding::default()).await;
    village.momo.behave(Manners { callbacks: 5, ..Manners::default() });
    achieng.cashes_out("850").await;
    paid_once(&village, &achieng).await;
    let id = village.momo.transfers()[0].id.clone();
    village.momo.call_back(&id).await;
    village.clock.advance(Duration::from_secs(3_600));
    village.momo.call_back(&id).await;
    achieng.gets_exactly(1, "Sokoni sent").await;
    village.closes().await;
}

#[tokio::test]
async fn w13_a_result_that_comes_before_the_answer_pays_once() {
    let (village, achieng) = with_money(Founding::default()).await;
    village.momo.behave(Manners { callback_first: true, answer_after_ms: 200, ..Manners::default() });
    achieng.cashes_out("850").await;
    paid_once(&village, &achieng).await;
    village.closes().await;
}

#[tokio::test]
async fn w13_a_provider_that_takes_it_and_never_answers_is_asked_and_not_told_again() {
    let (village, achieng) = with_money(impatient()).await;
    village.momo.behave(Manners { callbacks: 0, decide_after_ms: 1_500, ..Manners::silent() });
    achieng.cashes_out("850").await;
    let unknown = achieng.reads("M-Pesa has not answered").await;
    assert!(unknown.contains("It is safe and will not be sent twice"), "{unknown}");
    // W110: the money is neither hers nor gone, and everybody says the same.
    assert_eq!(achieng.balance().await, [0, 0, 85_000]);
    assert_eq!((village.account("artisan:").await, village.account("moving:").await), (0, 85_000));
    assert_eq!(achieng.got("Sokoni sent"), 0, "not before it is known");
    ends(&village, "paid").await;
    paid_once(&village, &achieng).await;
    village.closes().await;
}

#[tokio::test]
async fn w13_a_provider_that_never_got_it_is_sent_the_same_payout_again() {
    let (village, achieng) = with_money(impatient()).await;
    village.momo.behave_once(Manners::answering(Answer::Silence { taken: false }));
    achieng.cashes_out("850").await;
    achieng.reads("M-Pesa has not answered").await;
    assert!(village.momo.transfers().is_empty());
    assert_eq!(achieng.got("Sokoni sent"), 0, "not before it is known");
    ends(&village, "paid").await;
    paid_once(&village, &achieng).await;
    village.closes().await;
}

#[tokio::test]
async fn w13_a_slow_provider_pays_once() {
    let (village, achieng) = with_money(impatient()).await;
    village.momo.behave_once(Manners { answer_after_ms: 2_000, late_taking: true, ..Manners::default() });
    achieng.cashes_out("850").await;
    achieng.reads("M-Pesa has not answered").await;
    ends(&village, "paid").await;
    tokio::time::sleep(Duration::from_millis(1_800)).await;
    paid_once(&village, &achieng).await;
    village.closes().await;
}

#[tokio::test]
async fn w13_five_hundred_although_taken_pays_once() {
    let (village, achieng) = with_money(Founding::default()).await;
    village.momo.behave_once(Manners { callbacks: 0, ..Manners::answering(Answer::Broken { taken: true }) });
    achieng.cashes_out("850").await;
    ends(&village, "paid").await;
    paid_once(&village, &achieng).await;
    village.closes().await;
}

#[tokio::test]
async fn w13_a_refused_payout_is_back_in_her_balance_with_the_reason() {
    let (village, achieng) = with_money(Founding::default()).await;
    village.momo.behave_once(Manners::refusing("identifierError"));
    achieng.cashes_out("850").await;
    let failed = achieng.reads("M-Pesa could not pay").await;
    assert!(failed.contains("KSh 850 is back in your balance"), "{failed}");
    assert!(village.momo.transfers().is_empty());
    assert_eq!(achieng.balance().await, [85_000, 0, 0]);
    // She may try again, and this time it works.
    achieng.cashes_out("850").await;
    paid_once(&village, &achieng).await;
    village.closes().await;
}

#[tokio::test]
async fn w13_a_payout_that_fails_after_it_was_taken_comes_back() {
    let (village, achieng) = with_money(Founding::default()).await;
    village.momo.behave_once(Manners::failing("accountLimitExceeded"));
    achieng.cashes_out("850").await;
    achieng.reads("M-Pesa could not pay").await;
    assert_eq!(achieng.balance().await, [85_000, 0, 0]);
    assert_eq!(village.payouts().await, ["failed"]);
    village.closes().await;
}

#[tokio::test]
async fn w13_a_provider_that_is_down_is_said_before_the_pin_is_asked_for() {
    let (village, achieng) = with_money(Founding::default()).await;
    for (told, line) in [(1, Line::Closed), (2, Line::Unavailable)] {
        village.momo.set_line(line).await;
        until("the provider is seen to be down", || async {
            let screen = achieng.walks(&["3", "1"]).await;
            let down = "Our link to mobile money is down. Your money is safe. We SMS you when it is back.";
            (screen == down).then_some(())
        })
        .await;
        achieng.walks(&["3", "1"]).await;
        village.momo.set_line(Line::Open).await;
        until("the provider is seen to be up", || async {
            achieng.walks(&["3", "1"]).await.starts_with("Send how much").then_some(())
        })
        .await;
        // However often she asked, she is told once.
        village.clock.advance(Duration::from_secs(61));
        achieng.reads("Our link to mobile money is back").await;
        achieng.gets_exactly(told, "Our link to mobile money is back").await;
    }
    assert!(village.momo.transfers().is_empty());
    achieng.cashes_out("850").await;
    paid_once(&village, &achieng).await;
    village.closes().await;
}

#[tokio::test]
async fn w13_a_provider_that_goes_down_behind_the_pin_is_sent_it_once_it_is_back() {
    let (village, achieng) = with_money(Founding::default()).await;
    village.momo.behave(Manners::answering(Answer::Unavailable));
    let said = achieng.cashes_out("850").await;
    assert!(said.contains("on its way"), "{said}");
    village.momo.behave(Manners::default());
    ends(&village, "paid").await;
    paid_once(&village, &achieng).await;
    village.closes().await;
}

#[tokio::test]
async fn w13_stopping_and_starting_the_service_pays_once() {
    let (mut village, achieng) = with_money(impatient()).await;
    village.momo.behave(Manners { callbacks: 0, decide_after_ms: 1_000, ..Manners::silent() });
    achieng.cashes_out("850").await;
    village.restart().await;
    until("she is told", || async {
        village.clock.advance(Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(100)).await;
        (achieng.got("Sokoni sent") > 0).then_some(())
    })
    .await;
    paid_once(&village, &achieng).await;
    village.closes().await;
}

#[tokio::test]
async fn one_payout_at_a_time_and_never_more_than_she_has() {
    let (village, achieng) = with_money(Founding::default()).await;
    village.momo.behave_once(Manners { decide_after_ms: 3_000, ..Manners::default() });
    let bad = achieng.walks(&["3", "1", "851"]).await;
    assert!(bad.contains("50 to 850"), "{bad}");
    village.hangs_up(&achieng).await;
    village.clock.advance(Duration::from_secs(21 * 60));
    assert!(achieng.cashes_out("500").await.contains("on its way"));
    let open = achieng.walks(&["3", "1"]).await;
    assert!(open.contains("still on its way") || open.contains("has not answered"), "{open}");
    ends(&village, "paid").await;
    achieng.reads("Sokoni sent KSh 500").await;
    assert_eq!(achieng.balance().await, [35_000, 0, 0]);
    assert_eq!(village.momo.transfers().len(), 1);
    village.closes().await;
}

#[tokio::test]
async fn w150_what_failed_and_is_paid_after_all_is_told_so_and_leaves_her_balance_again() {
    let (village, achieng) = with_money(Founding::default()).await;
    village.momo.behave_once(Manners::failing("dailyValueLimitExceeded"));
    achieng.cashes_out("850").await;
    achieng.reads("M-Pesa could not pay").await;
    assert_eq!(achieng.balance().await, [85_000, 0, 0]);
    let id = village.desk("payouts").await["rows"][0]["id"].as_str().expect("an id").to_owned();
    assert!(village.momo.change_mind(&id).await);
    let told = achieng.reads("did pay after all").await;
    let reference = village.momo.transfers()[0].reference.clone();
    assert!(told.contains(&reference) && told.contains("your balance is KSh 0 now"), "{told}");
    assert_eq!(achieng.balance().await, [0, 0, 0]);

    // And once more the other way: nothing is booked on the word of who says both, the desk asks.
    assert!(village.momo.change_mind(&id).await);
    let case = until("a case", || async {
        let cases = village.desk("depot/cases").await;
        let names = |case: &serde_json::Value| {
            case["notes"][0]["text"].as_str().is_some_and(|text| text.contains(&id))
        };
        cases.as_array().and_then(|cases| cases.iter().find(|case| names(case)).cloned())
    })
    .await;
    assert!(case["people"][0].as_str().is_some_and(|who| who.starts_with("Achieng Otieno")), "{case}");
    assert_eq!(achieng.balance().await, [0, 0, 0]);
    village.closes().await;
}

#[tokio::test]
async fn w151_money_that_the_provider_takes_back_days_later_is_hers_again() {
    let (village, achieng) = with_money(Founding::default()).await;
    achieng.cashes_out("850").await;
    paid_once(&village, &achieng).await;
    village.clock.advance(Duration::from_secs(3 * 86_400));
    let id = village.momo.transfers()[0].id.clone();
    assert!(village.momo.reverse(&id).await);
    let back = achieng.reads("M-Pesa could not pay").await;
    assert!(back.contains("taken back. KSh 850 is back in your balance"), "{back}");
    assert_eq!(achieng.balance().await, [85_000, 0, 0]);
    village.closes().await;
}

/// Njeri asks for a decision about a payout; what is answered.
async fn asks(village: &Village, id: &str, fate: &[&str]) -> Result<String, String> {
    let ask = ["approvals", "ask", "payout", id, "--why", "statement of 3 November, line 12"];
    once_free(village, "Njeri", &[&ask[..], fate].concat()).await
}

/// What a colleague is answered once nobody is just asking about the payout.
async fn once_free(village: &Village, who: &'static str, words: &[&str]) -> Result<String, String> {
    until("nobody has it in hand", || async {
        let said = village.colleague(who).types(words).await;
        (!said.as_ref().is_err_and(|why| why.contains("just now"))).then_some(said)
    })
    .await
}

/// Njeri asks, Otieno approves.
async fn two_decide(village: &Village, id: &str, fate: &[&str]) -> String {
    let said = asks(village, id, fate).await.expect("it is so");
    let approval = said.split(' ').next().expect("a name").to_owned();
    once_free(village, "Otieno", &["approvals", "approve", &approval]).await.expect("it is approved")
}

async fn id_of(village: &Village) -> String {
    village.desk("payouts").await["rows"][0]["id"].as_str().expect("an id").to_owned()
}

/// No provider of these three says by itself that it took money back: its statement does.
async fn statement_has_it_back(provider: Speaks) {
    let (village, achieng) = with_money(Founding { provider, ..Founding::default() }).await;
    achieng.cashes_out("850").await;
    ends(&village, "paid").await;
    achieng.reads("Sokoni sent KSh 850 to").await;
    village.clock.advance(Duration::from_secs(3 * 86_400));
    assert!(village.momo.reverse(&village.momo.transfers()[0].id).await);
    let id = id_of(&village).await;
    assert_eq!(achieng.balance().await, [0, 0, 0], "nobody has said so");
    let done = two_decide(&village, &id, &["--taken-back"]).await;
    assert!(done.contains("approved by Otieno: payout, KSh 850 to Achieng Otieno by"), "{done}");
    let back = achieng.reads("could not pay").await;
    assert!(back.contains("taken back. KSh 850 is back in your balance"), "{back}");
    assert_eq!(achieng.balance().await, [85_000, 0, 0]);
    assert_eq!(village.account("moving:").await, 0);
    village.closes().await;
}

#[tokio::test]
async fn w151_so_is_what_the_statement_of_daraja_shows_as_taken_back() {
    statement_has_it_back(Speaks::Daraja).await;
}

#[tokio::test]
async fn w151_so_is_what_the_statement_of_mtn_shows_as_taken_back() {
    statement_has_it_back(Speaks::Mtn).await;
}

#[tokio::test]
async fn w151_so_is_what_the_statement_of_airtel_shows_as_taken_back() {
    statement_has_it_back(Speaks::Airtel).await;
}

#[tokio::test]
async fn w92_a_payout_that_the_provider_has_forgotten_is_decided_by_two_with_its_statement() {
    for paid in [false, true] {
        let (village, achieng) = with_money(impatient()).await;
        village.momo.behave(Manners::answering(Answer::Silence { taken: false }));
        achieng.cashes_out("850").await;
        achieng.reads("M-Pesa has not answered").await;
        let id = id_of(&village).await;
        let fate = if paid { vec!["--paid", "SJK3ABCDEF"] } else { vec!["--not-paid"] };
        let early = asks(&village, &id, &fate).await.expect_err("it is asked about still");
        assert!(early.contains("decide it then"), "{early}");
        // Longer than the provider remembers ids: it is not sent any more.
        village.clock.advance(Duration::from_secs(25 * 3_600));
        village.momo.behave(Manners::default());
        let back = asks(&village, &id, &["--taken-back"]).await.expect_err("it was not paid");
        assert!(back.contains("only what was paid is taken back"), "{back}");
        two_decide(&village, &id, &fate).await;
        match paid {
            true => assert!(achieng.reads("Sokoni sent KSh 850 to").await.contains("SJK3ABCDEF")),
            false => drop(achieng.reads("KSh 850 is back in your balance").await),
        }
        let hers = if paid { 0 } else { 85_000 };
        assert_eq!(achieng.balance().await, [hers, 0, 0]);
        let again = asks(&village, &id, &fate).await.expect_err("it is decided");
        assert!(again.contains(if paid { "it is paid already" } else { "it is failed already" }), "{again}");
        assert!(village.momo.transfers().is_empty(), "nothing was sent after it was decided");
        village.closes().await;
    }
}

#[tokio::test]
async fn the_desk_has_a_provider_asked_now_about_what_nobody_knows() {
    let (village, achieng) = with_money(impatient()).await;
    village.momo.behave_once(Manners { callbacks: 0, ..Manners::silent() });
    achieng.cashes_out("850").await;
    achieng.reads("M-Pesa has not answered").await;
    let id = id_of(&village).await;
    let listed = village.colleague("Juma").has(&["payouts", "list", "--state", "open"]).await;
    assert!(listed.starts_with(&id) && listed.contains("to Achieng Otieno by mpesa: asked "), "{listed}");
    assert!(listed.contains(", unknown since "), "{listed}");
    assert_eq!(village.colleague("Juma").has(&["payouts", "list", "--state", "paid"]).await, "");
    let page = village.colleague("Juma").opens(&format!("/desk/books/payouts/{id}")).await;
    assert!(page.contains("Ask its provider again") && page.contains("by mpesa"), "{page}");
    let reads = village.colleague("Juma").types(&["payouts", "ask", &id]).await;
    assert!(reads.expect_err("she only reads").contains("It takes the role of"));
    // No time passes here: its own turn does not come.
    village.colleague("Otieno").has(&["payouts", "ask", &id]).await;
    paid_once(&village, &achieng).await;
    let over = village.colleague("Otieno").types(&["payouts", "ask", &id]).await;
    assert!(over.expect_err("it is paid").contains("it is paid already"));
    let (status, _) = village.colleague("Njeri").sends(&format!("/desk/books/payouts/{id}"), &[]).await;
    assert!(!status.is_success(), "{status}");
    let page = village.colleague("Juma").opens(&format!("/desk/books/payouts/{id}")).await;
    assert!(!page.contains("Ask its provider again"), "{page}");
    village.closes().await;
}

#[tokio::test]
async fn what_a_provider_posted_can_be_looked_at_as_it_came() {
    let (village, achieng) = with_money(Founding::default()).await;
    achieng.cashes_out("850").await;
    paid_once(&village, &achieng).await;
    for _ in 0..2 {
        village.clock.advance(Duration::from_secs(1));
        village.momo.call_back(&village.momo.transfers()[0].id).await;
    }
    let (id, secret) = (id_of(&village).await, village.data().with_file_name("mpesa-path"));
    let secret = std::fs::read_to_string(secret).expect("the secret part of the path");
    let rows = until("three callbacks", || async {
        let rows = village.desk("callbacks").await;
        (rows.as_array().is_some_and(|rows| rows.len() == 3)).then_some(rows)
    })
    .await;
    assert_eq!((&rows[0]["provider"], &rows[0]["caller"]), (&"mpesa".into(), &"127.0.0.1".into()), "{rows}");
    assert!(
        rows[0]["body"].as_str().is_some_and(|body| body.contains(&id) && body.contains("850")),
        "{rows}"
    );
    let said = village.colleague("Juma").has(&["callbacks", "--payout", &id]).await;
    assert_eq!(said.lines().filter(|line| line.contains("mpesa 127.0.0.1")).count(), 3, "{said}");
    assert!(!said.contains(secret.trim()) && !rows.to_string().contains(secret.trim()));
    assert_eq!(village.colleague("Juma").has(&["callbacks", "--payout", "of nobody"]).await, "");
    village.closes().await;
}

#[tokio::test]
async fn more_than_one_transfer_carries_is_refused_before_the_pin() {
    let (village, achieng) = with_money(Founding { payout_max: 600, ..Founding::default() }).await;
    for sum in ["850", "49"] {
        let said = achieng.walks(&["3", "1", sum]).await;
        assert!(said.starts_with("Whole shillings, 50 to 600."), "{said}");
    }
    assert!(achieng.presses("600").await.starts_with("PIN to send KSh 600"));
    assert!(achieng.presses(&achieng.pin).await.contains("on its way"));
    achieng.reads("Sokoni sent KSh 600 to").await;
    assert_eq!(achieng.balance().await, [25_000, 0, 0]);
    village.closes().await;
}
