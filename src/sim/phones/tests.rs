//! The page and its API over HTTP, with a scripted application behind the operator.

use super::*;
use crate::sim::smsc::SmscSettings;
use reqwest::Client;
use serde_json::{Value, json};

async fn town() -> (Smsc, String) {
    let smsc = Smsc::start(SmscSettings::default()).await.expect("listens");
    let number = |digits| Msisdn::from_e164(digits).expect("a number");
    let settings = PhonesSettings {
        phones: vec![
            (number("254700000101"), "Wanjiku <artisan>".into()),
            (number("254700000201"), "Otieno, agent".into()),
        ],
        service_code: "*483*57#".into(),
        short_code: "48357".into(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("its address"));
    let app = router(smsc.clone(), settings);
    tokio::spawn(async move { axum::serve(listener, app).await });
    (smsc, base)
}

#[tokio::test]
async fn the_page_draws_each_phone_and_runs_no_script_of_its_own() {
    let (_smsc, base) = town().await;
    let page = reqwest::get(format!("{base}/phones")).await.expect("answered");
    let policy = page.headers()["content-security-policy"].to_str().expect("ASCII").to_owned();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
    let html = page.text().await.expect("HTML");
    assert!(
        html.contains("data-testid=\"phone-0700000101\"")
            && html.contains("data-testid=\"phone-0700000201\"")
    );
    assert!(!html.contains("<artisan>"), "labels are escaped");
    assert!(!html.contains("<script>") && !html.contains(" style=") && !html.contains(" onclick="));
    for (file, kind) in [("phones.css", "text/css"), ("phones.js", "text/javascript")] {
        let answer = reqwest::get(format!("{base}/phones/{file}")).await.expect("answered");
        assert!(answer.headers()["content-type"].to_str().expect("ASCII").starts_with(kind));
        assert!(html.contains(&format!("/phones/{file}")));
    }
}

#[tokio::test]
async fn a_phone_without_a_network_says_why_and_the_stream_shows_it() {
    let (smsc, base) = town().await;
    let phone = format!("{base}/phones/api/254700000101");
    let mut stream = reqwest::get(format!("{phone}/events")).await.expect("answered");
    let first = stream.chunk().await.expect("read").expect("an event");
    assert!(String::from_utf8_lossy(&first).contains("\"text\":\"\",\"open\":false,\"busy\":false"));

    let client = Client::new();
    let post = async |what: &str, body: Value| {
        let answer = client.post(format!("{phone}/{what}")).json(&body).send().await.expect("answered");
        let status = answer.status().as_u16();
        (status, answer.text().await.expect("text"))
    };
    let (status, text) = post("dial", json!({"code": "*483*57#"})).await;
    assert_eq!(status, 502);
    assert!(text.contains("no application is bound"), "{text}");
    let news = stream.chunk().await.expect("read").expect("an event");
    assert!(String::from_utf8_lossy(&news).contains("Connection problem or invalid MMI code."));

    assert_eq!(post("dial", json!({"code": "*144#"})).await.0, 404);
    assert_eq!(post("press", json!({"keys": "1"})).await.0, 409);
    assert_eq!(post("press", json!({"key": "1"})).await.0, 422);
    assert_eq!(post("cancel", json!({})).await.0, 204);
    assert_eq!(post("sms", json!({"text": "UZA"})).await.0, 202);
    assert_eq!(smsc.counters().sms_from_phones, 1);
    assert_eq!(reqwest::get(format!("{base}/phones/api/mama")).await.expect("answered").status(), 404);
    let about: api::About =
        reqwest::get(format!("{base}/phones/api")).await.expect("answered").json().await.expect("JSON");
    assert_eq!(about.phones[0].number, "0700000101");
}
