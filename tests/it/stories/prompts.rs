//! She pays some of her loan from her own M-Pesa: her phone asks, she says yes there, and it counts once.

use super::loans::{agrees, funded};
use crate::support::actors::Artisan;
use crate::support::village::{Founding, Village, until};
use sokoni::sim::Line;
use sokoni::sim::momo::{Manners, Speaks, Twist};
use std::time::Duration;

/// A village where Achieng owes what was lent to her, by a provider that can ask her.
async fn owes(amount: u32) -> (Village, Artisan) {
    let founding = Founding { provider: Speaks::Daraja, answer_ms: 500, ..Founding::default() };
    let (village, achieng, _, _) = funded(founding, amount).await;
    agrees(&achieng).await;
    achieng.reads("Loan KSh").await;
    (village, achieng)
}

/// She asks for it in her menu; what she is told.
async fn asks(achieng: &Artisan, shillings: &str) -> String {
    achieng.walks(&["3", "4", "2", shillings, &achieng.pin]).await
}

/// Lets time pass until she is told so.
async fn is_told(village: &Village, achieng: &Artisan, about: &str) -> String {
    village.passes_time_until(about, || achieng.got(about) > 0).await;
    achieng.reads(about).await
}

/// What she owes, what waits for lenders, and what came in by mobile money, in cents.
async fn books(village: &Village) -> [i64; 3] {
    let mut found = [0; 3];
    for (sum, name) in found.iter_mut().zip(["loan:", "kiva:due", "mm_in"]) {
        *sum = village.account(name).await;
    }
    found
}

#[tokio::test]
async fn w154_what_she_pays_from_her_m_pesa_pays_her_loan_once_however_often_it_is_told() {
    let (village, achieng) = owes(2_500).await;
    village.momo.behave_once(Manners { callbacks: 3, ..Manners::default() });
    let said = asks(&achieng, "300").await;
    assert!(
        said.starts_with("In a moment M-Pesa asks on this phone for its own PIN, to pay KSh 300"),
        "{said}"
    );
    assert!(village.momo.pushes().is_empty(), "not while her screen is up");
    let told = is_told(&village, &achieng, "has paid your loan").await;
    let push = village.momo.pushes().remove(0);
    assert_eq!((push.msisdn.as_str(), push.shillings), ("254700000101", 300));
    assert_eq!(
        told,
        format!("M-Pesa {}: KSh 300 has paid your loan. You still owe KSh 2,200. Thank you.", push.receipt)
    );
    village.momo.push_back(&push.checkout).await;
    village.clock.advance(Duration::from_secs(3_600));
    achieng.gets_exactly(1, "has paid your loan").await;
    assert_eq!(books(&village).await, [220_000, 30_000, 30_000]);
    assert_eq!(achieng.balance().await, [500_000, 0, 0], "it is not taken from what she has here");
    let last = achieng.walks(&["3", "3"]).await;
    assert!(last.contains("+300 M-Pesa") && last.contains("-300 Loan"), "{last}");
    let raw = village.desk_text("callbacks").await;
    assert!(raw.contains(&push.receipt), "what was posted is kept as it came: {raw}");
    village.closes().await;
}

#[tokio::test]
async fn w154_by_sms_too_and_why_nothing_was_paid_is_told_to_her() {
    let (village, achieng) = owes(2_500).await;
    let fails = [
        ("1032", "cancelled"),
        ("1", "too little there"),
        ("1037", "not answered in time"),
        ("2001", "wrong PIN there"),
        ("1001", "phone was busy"),
        ("1025", "declined"),
    ];
    for (nth, (code, words)) in fails.into_iter().enumerate() {
        village.momo.behave_once(Manners::failing(code));
        achieng.texts(&format!("REPAY {}", 300 + nth)).await;
        let about = format!("M-Pesa did not pay KSh {} of your loan: {words}. Nothing was taken.", 300 + nth);
        is_told(&village, &achieng, &about).await;
    }
    achieng.gets_exactly(6, "In a moment M-Pesa asks on this phone").await;
    assert_eq!(books(&village).await, [250_000, 0, 0]);
    achieng.asks("REPAY 2501", "KSh 2,500 is all you owe").await;
    achieng.asks("REPAY 400", "In a moment M-Pesa asks").await;
    is_told(&village, &achieng, "KSh 400 has paid your loan").await;
    assert_eq!(books(&village).await, [210_000, 40_000, 40_000]);
    village.closes().await;
}

#[tokio::test]
async fn w154_silence_is_asked_about_and_a_late_result_adds_nothing() {
    let (village, achieng) = owes(2_500).await;
    village.momo.behave_once(Manners { callbacks: 0, decide_after_ms: 700, ..Manners::default() });
    asks(&achieng, "300").await;
    is_told(&village, &achieng, "KSh 300 has paid your loan").await;
    let push = village.momo.pushes().remove(0);
    village.momo.push_back(&push.checkout).await;
    achieng.gets_exactly(1, "has paid your loan").await;
    assert_eq!((village.momo.pushes().len(), books(&village).await), (1, [220_000, 30_000, 30_000]));
    village.closes().await;
}

#[tokio::test]
async fn w154_a_request_that_nobody_answered_is_made_once_and_counts_when_its_result_comes() {
    let (mut village, achieng) = owes(2_500).await;
    village.momo.behave_once(Manners { callbacks: 0, ..Manners::silent() });
    asks(&achieng, "300").await;
    village.passes_time_until("it is asked for", || !village.momo.pushes().is_empty()).await;
    let open = achieng.walks(&["3", "4", "2"]).await;
    assert!(open.starts_with("M-Pesa was asked for KSh 300 already"), "{open}");
    village.restart().await;
    village.clock.advance(Duration::from_secs(20 * 60));
    is_told(&village, &achieng, "M-Pesa has not told us of KSh 300 for your loan").await;
    assert_eq!((village.momo.pushes().len(), books(&village).await), (1, [250_000, 0, 0]));
    let push = village.momo.pushes().remove(0);
    village.momo.push_back(&push.checkout).await;
    is_told(&village, &achieng, "KSh 300 has paid your loan").await;
    assert_eq!(books(&village).await, [220_000, 30_000, 30_000]);
    village.closes().await;
}

#[tokio::test]
async fn w154_a_forged_result_and_one_over_another_sum_pay_nothing() {
    let (village, achieng) = owes(2_500).await;
    let slow = Manners { decide_after_ms: 2_500, twist: Some(Twist::OtherSum), ..Manners::default() };
    village.momo.behave_once(slow);
    asks(&achieng, "300").await;
    village.passes_time_until("it is asked for", || !village.momo.pushes().is_empty()).await;
    let push = village.momo.pushes().remove(0);
    let forged = serde_json::json!({ "Body": { "stkCallback": {
        "MerchantRequestID": "1", "CheckoutRequestID": push.checkout, "ResultCode": 0, "ResultDesc": "..",
        "CallbackMetadata": { "Item": [
            { "Name": "Amount", "Value": 300 }, { "Name": "MpesaReceiptNumber", "Value": "FORGED1" },
            { "Name": "PhoneNumber", "Value": 254_700_000_101_u64 },
        ]},
    }}});
    let answer =
        reqwest::Client::new().post(&push.callback_url).json(&forged).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), books(&village).await), (200, [250_000, 0, 0]));
    // The provider itself tells of another sum: people look at it.
    case_says(&village, "is paid, and not as it was asked for: KSh 301").await;
    village.clock.advance(Duration::from_secs(3_600));
    let [(id, state, _)] = &listed(&village).await[..] else { panic!("one stands in the list") };
    assert_eq!((state.as_str(), books(&village).await), ("odd", [250_000, 0, 0]));
    two_decide(&village, id, &["--paid", &push.receipt, "--ksh", "301"]).await;
    is_told(&village, &achieng, "KSh 301 has paid your loan").await;
    assert_eq!(achieng.got("FORGED1"), 0);
    assert_eq!(books(&village).await, [219_900, 30_100, 30_100]);
    village.closes().await;
}

/// What the desk lists of prompts that somebody has to look at: prompt, state, receipt.
async fn listed(village: &Village) -> Vec<(String, String, String)> {
    let rows = village.colleague("Njeri").has(&["loans", "prompts", "--json"]).await;
    let rows: serde_json::Value = serde_json::from_str(&rows).expect("a list");
    let word = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let rows = rows.as_array().expect("rows").iter();
    rows.map(|row| (word(row, "prompt"), word(row, "state"), word(row, "receipt"))).collect()
}

/// Njeri asks for a decision about a prompt, Otieno approves.
async fn two_decide(village: &Village, id: &str, fate: &[&str]) -> String {
    let ask = ["approvals", "ask", "prompt", id, "--why", "statement of 3 November, line 12"];
    let said = village.colleague("Njeri").has(&[&ask[..], fate].concat()).await;
    let approval = said.split(' ').next().expect("a name").to_owned();
    village.colleague("Otieno").has(&["approvals", "approve", &approval]).await
}

/// A case says so.
async fn case_says(village: &Village, words: &str) {
    until(words, || async { village.desk("depot/cases").await.to_string().contains(words).then_some(()) })
        .await;
}

#[tokio::test]
async fn w154_what_is_posted_from_an_unlisted_address_is_kept_and_booked_once_the_provider_confirms() {
    let (village, achieng) = owes(2_500).await;
    village.momo.behave_once(Manners { questions_in_vain: 1_000, ..Manners::default() });
    asks(&achieng, "300").await;
    village.passes_time_until("it is asked for", || !village.momo.pushes().is_empty()).await;
    let push = village.momo.pushes().remove(0);
    let claimed = until("it is kept", || async {
        listed(&village).await.into_iter().find(|(_, state, _)| state == "claimed")
    });
    let (id, _, receipt) = claimed.await;
    assert_eq!(receipt, push.receipt);
    assert_eq!(books(&village).await, [250_000, 0, 0], "claimed is not booked");
    let ask = ["approvals", "ask", "prompt", &id, "--not-paid", "--why", "x"];
    let early = village.colleague("Njeri").types(&ask).await.expect_err("it is asked about");
    assert!(early.contains("its provider is still asked about it"), "{early}");
    village.momo.push_lags(&push.checkout, 2);
    let told = is_told(&village, &achieng, "has paid your loan").await;
    assert!(told.starts_with(&format!("M-Pesa {}: KSh 300", push.receipt)), "{told}");
    assert_eq!(books(&village).await, [220_000, 30_000, 30_000]);
    assert!(listed(&village).await.is_empty());
    village.closes().await;
}

#[tokio::test]
async fn w154_so_it_is_after_it_was_given_up_and_after_it_was_declined() {
    let (village, achieng) = owes(2_500).await;
    // Nobody answered the request, and nobody could ask about it: the result names it.
    let silent = Manners { callbacks: 0, questions_in_vain: 3, ..Manners::silent() };
    village.momo.behave_once(silent);
    asks(&achieng, "300").await;
    village.passes_time_until("it is asked for", || !village.momo.pushes().is_empty()).await;
    village.clock.advance(Duration::from_secs(20 * 60));
    is_told(&village, &achieng, "M-Pesa has not told us of KSh 300").await;
    village.momo.push_back(&village.momo.pushes()[0].checkout).await;
    assert_eq!(books(&village).await, [250_000, 0, 0]);
    is_told(&village, &achieng, "KSh 300 has paid your loan").await;

    village.momo.behave_once(Manners::failing("1032"));
    asks(&achieng, "400").await;
    is_told(&village, &achieng, "M-Pesa did not pay KSh 400 of your loan: cancelled").await;
    let push = village.momo.pushes().remove(1);
    village.momo.push_becomes(&push.checkout, "0");
    village.momo.push_lags(&push.checkout, 3);
    village.momo.push_back(&push.checkout).await;
    assert_eq!(books(&village).await, [220_000, 30_000, 30_000]);
    let told = is_told(&village, &achieng, "KSh 400 has paid your loan").await;
    assert!(told.contains(&push.receipt), "{told}");
    assert_eq!(books(&village).await, [180_000, 70_000, 70_000]);
    village.closes().await;
}

#[tokio::test]
async fn w154_what_contradicts_a_payment_is_for_people_and_is_decided_by_two() {
    let (village, achieng) = owes(2_500).await;
    asks(&achieng, "300").await;
    is_told(&village, &achieng, "KSh 300 has paid your loan").await;
    let push = village.momo.pushes().remove(0);
    village.momo.push_becomes(&push.checkout, "1032");
    village.momo.push_back(&push.checkout).await;
    case_says(&village, "and its provider says now: cancelled").await;
    let [(id, state, _)] = &listed(&village).await[..] else { panic!("one stands in the list") };
    assert_eq!(state, "odd");
    assert!(village.desk_page("/desk/approvals").await.contains(id), "the desk lists it too");
    let done = two_decide(&village, id, &["--paid", &push.receipt]).await;
    assert!(done.contains("prompt, KSh 300 of Achieng"), "{done}");
    assert_eq!((listed(&village).await, books(&village).await), (vec![], [220_000, 30_000, 30_000]));
    village.closes().await;
}

#[tokio::test]
async fn w154_what_nobody_tells_of_two_people_decide_and_a_late_result_adds_nothing() {
    for paid in [true, false] {
        let (village, achieng) = owes(2_500).await;
        village.momo.behave_once(Manners { callbacks: 0, ..Manners::silent() });
        asks(&achieng, "300").await;
        village.passes_time_until("it is asked for", || !village.momo.pushes().is_empty()).await;
        village.clock.advance(Duration::from_secs(20 * 60));
        is_told(&village, &achieng, "M-Pesa has not told us of KSh 300").await;
        village.clock.advance(Duration::from_secs(3_600));
        let [(id, state, _)] = &listed(&village).await[..] else { panic!("one stands in the list") };
        assert_eq!(state, "unheard");
        let push = village.momo.pushes().remove(0);
        if paid {
            two_decide(&village, id, &["--paid", &push.receipt]).await;
            is_told(&village, &achieng, "KSh 300 has paid your loan").await;
        } else {
            two_decide(&village, id, &["--not-paid"]).await;
            is_told(&village, &achieng, "M-Pesa did not pay KSh 300 of your loan: declined").await;
            assert_eq!(books(&village).await, [250_000, 0, 0]);
        }
        village.momo.push_back(&push.checkout).await;
        if !paid {
            is_told(&village, &achieng, "KSh 300 has paid your loan").await;
        }
        achieng.gets_exactly(1, "has paid your loan").await;
        assert_eq!(books(&village).await, [220_000, 30_000, 30_000]);
        assert!(listed(&village).await.is_empty());
        village.closes().await;
    }
}

#[tokio::test]
async fn w154_she_may_ask_anew_once_the_old_one_is_over_and_is_not_asked_twice_for_what_she_paid() {
    let (village, achieng) = owes(2_500).await;
    let open = Manners { callbacks: 0, questions_in_vain: 1_000, ..Manners::default() };
    village.momo.behave_once(open.clone());
    asks(&achieng, "300").await;
    village.passes_time_until("it is asked for", || !village.momo.pushes().is_empty()).await;
    achieng.asks("REPAY 300", "M-Pesa was asked for KSh 300 already").await;
    village.clock.advance(Duration::from_secs(130));
    asks(&achieng, "300").await;
    // The truth is asked first.
    village.momo.push_lags(&village.momo.pushes()[0].checkout, 0);
    is_told(&village, &achieng, "KSh 300 has paid your loan").await;
    let words = "M-Pesa did not pay KSh 300 of your loan: one before it was paid. Nothing was taken.";
    is_told(&village, &achieng, words).await;
    assert_eq!((village.momo.pushes().len(), books(&village).await), (1, [220_000, 30_000, 30_000]));

    // Of one that nobody tells of she waits no day.
    village.momo.behave_once(open);
    asks(&achieng, "400").await;
    village.passes_time_until("it is asked for", || village.momo.pushes().len() == 2).await;
    village.clock.advance(Duration::from_secs(280));
    assert!(asks(&achieng, "400").await.starts_with("In a moment M-Pesa asks"));
    is_told(&village, &achieng, "KSh 400 has paid your loan").await;
    assert_eq!((village.momo.pushes().len(), books(&village).await), (3, [180_000, 70_000, 70_000]));
    village.closes().await;
}

#[tokio::test]
async fn w154_a_provider_that_is_down_is_told_before_she_is_asked_and_one_that_is_busy_is_tried_again() {
    let (village, achieng) = owes(2_500).await;
    village.momo.behave_once(Manners::refusing("429.001.01"));
    asks(&achieng, "300").await;
    is_told(&village, &achieng, "KSh 300 has paid your loan").await;
    assert_eq!(village.momo.pushes().len(), 1);
    village.momo.set_line(Line::Closed).await;
    asks(&achieng, "400").await;
    is_told(&village, &achieng, "M-Pesa did not pay KSh 400 of your loan: no link. Nothing was taken.").await;
    let down = "M-Pesa does not answer us now. Nothing was asked for";
    let said = achieng.walks(&["3", "4", "2"]).await;
    assert!(said.starts_with(down), "{said}");
    achieng.asks("REPAY 300", down).await;
    village.closes().await;
}

#[tokio::test]
async fn w154_a_wrong_passkey_is_a_fault_of_ours_and_not_a_busy_phone() {
    let (mut village, achieng) = owes(2_500).await;
    let file = village.data().with_file_name("mpesa-passkey");
    let right = std::fs::read(&file).expect("a passkey");
    std::fs::write(&file, "another-passkey").expect("a passkey");
    village.restart().await;
    asks(&achieng, "300").await;
    is_told(&village, &achieng, "M-Pesa did not pay KSh 300 of your loan: declined. Nothing was taken.")
        .await;
    assert!(village.momo.pushes().is_empty());
    std::fs::write(&file, right).expect("a passkey");
    village.restart().await;
    village.momo.behave_once(Manners { twist: Some(Twist::Masked), ..Manners::default() });
    asks(&achieng, "300").await;
    is_told(&village, &achieng, "KSh 300 has paid your loan").await;
    village.closes().await;
}

#[tokio::test]
async fn w154_what_came_in_is_held_against_the_statement_and_a_missing_receipt_is_taken_from_it() {
    let (village, achieng) = owes(2_500).await;
    village.momo.behave_once(Manners { callbacks: 0, decide_after_ms: 700, ..Manners::default() });
    asks(&achieng, "300").await;
    let told = is_told(&village, &achieng, "KSh 300 has paid your loan").await;
    assert!(told.starts_with("M-Pesa ws_CO_"), "its name stands for the receipt: {told}");
    asks(&achieng, "400").await;
    is_told(&village, &achieng, "KSh 400 has paid your loan").await;
    village.momo.behave_once(Manners { twist: Some(Twist::OtherSum), ..Manners::default() });
    asks(&achieng, "500").await;
    case_says(&village, "is paid, and not as it was asked for: KSh 501").await;

    let before = village.books().await;
    let file = village.data().with_file_name("november.csv");
    std::fs::write(&file, village.momo.statement()).expect("a file");
    let import = ["reconcile", "import", "--provider", "daraja", &file.display().to_string()];
    let said = village.colleague("Njeri").has(&import).await;
    assert!(said.contains("matched 3, paid_open_here 1; open: 1"), "{said}");
    assert_eq!(village.books().await, before, "a statement moves nothing");
    let all = village.colleague("Njeri").has(&["loans", "prompts", "--all", "--json"]).await;
    let pushes = village.momo.pushes();
    assert!(pushes.iter().all(|push| all.contains(&push.receipt)), "{all}");
    let rows = village.desk("reconcile/differences").await;
    let advice = rows[0]["advice"].as_str().expect("what to do").to_owned();
    assert!(advice.contains("sokoni approvals ask prompt --paid"), "{advice}");

    let [(id, ..)] = &listed(&village).await[..] else { panic!("one stands in the list") };
    two_decide(&village, id, &["--paid", &pushes[2].receipt, "--ksh", "501"]).await;
    is_told(&village, &achieng, "KSh 501 has paid your loan").await;
    // A late result of the first brings the receipt that is known by now; what is said again of the last is
    // decided.
    let cases = village.desk("depot/cases").await;
    for push in [&pushes[0], &pushes[2], &pushes[2]] {
        village.momo.push_back(&push.checkout).await;
    }
    assert_eq!(village.desk("depot/cases").await, cases);
    assert_eq!(books(&village).await, [129_900, 120_100, 120_100]);
    assert!(listed(&village).await.is_empty());
    village.closes().await;
}

#[tokio::test]
async fn w154_the_pay_bills_own_statement_misses_no_payout_and_the_payouts_misses_no_prompt() {
    let (village, achieng) = owes(2_500).await;
    asks(&achieng, "300").await;
    is_told(&village, &achieng, "KSh 300 has paid your loan").await;
    let receipt = village.momo.pushes().remove(0).receipt;
    let (whole, njeri) = (village.momo.statement(), village.colleague("Njeri"));
    for (name, is_in) in [("bill.csv", true), ("payouts.csv", false)] {
        let lines = whole.lines().enumerate();
        let own = lines.filter(|(row, line)| *row == 0 || line.contains(&receipt) == is_in);
        let file = village.data().with_file_name(name);
        std::fs::write(&file, own.map(|(_, line)| format!("{line}\n")).collect::<String>()).expect("a file");
        let import = ["reconcile", "import", "--provider", "daraja", &file.display().to_string()];
        let said = njeri.has(&import).await;
        assert!(said.contains("matched 1; open: 0"), "{name}: {said}");
    }
    village.closes().await;
}

#[tokio::test]
async fn w154_whoever_is_asked_on_her_phone_is_not_forgotten_before_it_is_known_what_came_of_it() {
    let (village, achieng) = owes(500).await;
    village.momo.behave_once(Manners { callbacks: 0, ..Manners::silent() });
    asks(&achieng, "500").await;
    village.passes_time_until("it is asked for", || !village.momo.pushes().is_empty()).await;
    achieng.walks(&["3", "4", "1", "500", &achieng.pin]).await;
    achieng.reads("Your loan is paid back").await;
    achieng.cashes_out(&(achieng.balance().await[0] / 100).to_string()).await;
    until("it is paid", || async { (village.payouts().await[0] == "paid").then_some(()) }).await;
    let erase = ["person", "erase", "0700000101", "--why", "she asked for it"];
    let why = village.colleague("Njeri").types(&erase).await.expect_err("not now");
    assert!(why.contains("nobody knows what came of KSh 500 that her phone was asked for"), "{why}");
    village.closes().await;
}

#[tokio::test]
async fn what_she_paid_beyond_what_she_owes_is_hers() {
    let (village, achieng) = owes(500).await;
    village.momo.behave_once(Manners {
        decide_after_ms: 2_500,
        twist: Some(Twist::Loose),
        ..Manners::default()
    });
    asks(&achieng, "500").await;
    village.passes_time_until("it is asked for", || !village.momo.pushes().is_empty()).await;
    let paid = achieng.walks(&["3", "4", "1", "400", &achieng.pin]).await;
    assert_eq!(paid, "Thank you. You still owe KSh 100.");
    let told = is_told(&village, &achieng, "more than you owed").await;
    assert!(told.contains("KSh 500 came, KSh 400 more than you owed: that is in your balance"), "{told}");
    achieng.reads("Your loan is paid back").await;
    assert_eq!((books(&village).await, achieng.balance().await), ([0, 50_000, 50_000], [100_000, 0, 0]));
    achieng.asks("REPAY 100", "You owe nothing").await;
    village.closes().await;
}

#[tokio::test]
async fn where_nobody_can_be_asked_she_is_told_how_she_pays_instead() {
    let (village, achieng, _, _) = funded(Founding::default(), 500).await;
    agrees(&achieng).await;
    achieng.reads("Loan KSh 500 sent to").await;
    let said = achieng.walks(&["3", "4", "2"]).await;
    assert_eq!(said, "M-Pesa cannot be asked from here. Pay from what you have here: Money, My loan, 1.");
    assert_eq!(achieng.asks("REPAY 100", "cannot be asked from here").await, said);
    village.closes().await;
}
