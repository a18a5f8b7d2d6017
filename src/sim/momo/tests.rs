use super::*;
use serde_json::{Value, json};

async fn started(manners: Manners) -> Momo {
    Momo::start(MomoOptions { manners, ..MomoOptions::default() }).await.expect("a port")
}

async fn ask(momo: &Momo, id: &str, shillings: u32) -> reqwest::Result<reqwest::Response> {
    let body = json!({
        "amount": shillings.to_string(), "currency": "KES", "type": "disbursement",
        "creditParty": [{ "key": "msisdn", "value": "254712345678" }],
    });
    let client = reqwest::Client::builder().timeout(Duration::from_millis(300)).build()?;
    client.post(format!("{}/transactions", momo.url)).header("X-CorrelationID", id).json(&body).send().await
}

async fn settled(momo: &Momo, id: &str) -> State {
    loop {
        match momo.transaction(id) {
            Some(Transaction { state: State::Pending, .. }) | None => tokio::task::yield_now().await,
            Some(transaction) => return transaction.state,
        }
    }
}

#[tokio::test]
async fn one_id_makes_one_transfer_however_often_it_is_asked_for() {
    let momo = started(Manners::default()).await;
    assert_eq!(ask(&momo, "a", 500).await.expect("answered").status(), 202);
    for _ in 0..3 {
        let again = ask(&momo, "a", 500).await.expect("answered");
        assert_eq!(again.status(), 409);
        let body: Value = again.json().await.expect("an error object");
        assert_eq!(body["errorCode"], "duplicateRequest");
    }
    assert!(matches!(settled(&momo, "a").await, State::Completed { .. }));
    assert_eq!(momo.transfers().len(), 1);
    assert_eq!(momo.transfers()[0].shillings, 500);
}

#[tokio::test]
async fn the_float_runs_out_and_a_refused_id_stays_free() {
    let momo = started(Manners::default()).await;
    momo.set_float_shillings(600);
    assert_eq!(ask(&momo, "a", 500).await.expect("answered").status(), 202);
    assert_eq!(ask(&momo, "b", 500).await.expect("answered").status(), 400);
    momo.set_float_shillings(600);
    assert_eq!(ask(&momo, "b", 500).await.expect("answered").status(), 202);
    assert_eq!(momo.float_shillings(), 100);
}

#[tokio::test]
async fn a_failed_transfer_gives_the_float_back_and_is_on_no_list() {
    let momo = started(Manners::failing("requestDeclined")).await;
    ask(&momo, "a", 500).await.expect("answered");
    assert_eq!(settled(&momo, "a").await, State::Failed { code: "requestDeclined".into() });
    assert!(momo.transfers().is_empty());
    assert_eq!(momo.float_shillings(), 10_000_000);
}

#[tokio::test]
async fn silence_and_a_broken_answer_make_the_transfer_all_the_same() {
    let momo = started(Manners::silent()).await;
    assert!(ask(&momo, "a", 500).await.expect_err("no answer").is_timeout());
    momo.behave(Manners::answering(Answer::Broken { taken: true }));
    assert_eq!(ask(&momo, "b", 500).await.expect("answered").status(), 500);
    settled(&momo, "a").await;
    settled(&momo, "b").await;
    assert_eq!(momo.transfers().len(), 2);
}

#[tokio::test]
async fn a_closed_line_refuses_connections_and_opens_again_at_the_same_address() {
    let momo = started(Manners::default()).await;
    momo.set_line(Line::Closed).await;
    assert!(ask(&momo, "a", 500).await.expect_err("nobody listens").is_connect());
    momo.set_line(Line::Open).await;
    assert_eq!(ask(&momo, "a", 500).await.expect("answered").status(), 202);
    momo.set_line(Line::Unavailable).await;
    assert_eq!(ask(&momo, "b", 500).await.expect("answered").status(), 503);
}

#[tokio::test]
async fn the_list_outlives_the_process_where_it_has_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = MomoOptions { file: Some(folder.path().join("momo.json")), ..MomoOptions::default() };
    let momo = Momo::start(options.clone()).await.expect("a port");
    let slow = Manners { decide_after_ms: 60_000, ..Manners::default() };
    momo.behave_once(slow);
    ask(&momo, "pending", 100).await.expect("answered");
    ask(&momo, "made", 200).await.expect("answered");
    settled(&momo, "made").await;
    let before = momo.transfers();
    drop(momo);
    let momo = Momo::start(options).await.expect("a port");
    assert_eq!(momo.transfers(), before);
    assert_eq!(ask(&momo, "pending", 100).await.expect("answered").status(), 409);
    assert_eq!(momo.float_shillings(), 10_000_000 - 300);
}

#[tokio::test]
async fn manners_are_data_that_can_be_set_over_http() {
    let momo = started(Manners::default()).await;
    let client = reqwest::Client::new();
    let refuse = json!({ "answer": { "refuse": { "code": "requestDeclined" } } });
    let set = client.post(format!("{}/manners/next", momo.url)).json(&refuse).send().await.expect("answered");
    assert_eq!(set.status(), 204);
    assert_eq!(ask(&momo, "a", 500).await.expect("answered").status(), 400);
    assert_eq!(ask(&momo, "a", 500).await.expect("answered").status(), 202);
    let misspelt = json!({ "anwser": "accept" });
    let set = client.put(format!("{}/manners", momo.url)).json(&misspelt).send().await.expect("answered");
    assert_eq!(set.status(), 422);
}
