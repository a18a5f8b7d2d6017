//! She pays some of her loan from her own M-Pesa: her phone asks, she says yes there, and it counts once.

use super::loans::{agrees, funded};
use crate::support::actors::Artisan;
use crate::support::village::{Founding, Village, until};
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
    // The provider itself tells of another sum: a person looks at it.
    until("a case", || async {
        let cases = village.desk("depot/cases").await;
        cases.to_string().contains("is paid, and not as it was asked for").then_some(())
    })
    .await;
    village.clock.advance(Duration::from_secs(3_600));
    assert_eq!((achieng.got("FORGED1"), achieng.got("has paid your loan")), (0, 0));
    assert_eq!(books(&village).await, [250_000, 0, 0]);
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
