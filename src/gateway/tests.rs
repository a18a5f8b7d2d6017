//! Requests as gateways make them, and answers as they read them.

use super::*;
use crate::engine::clock::MovableClock;
use crate::engine::port::{Busy, Kept, PartIn, Pause, Purpose, ReceiptIn, SmsIn, UssdEvent, UssdIn, UssdOut};
use crate::types::receipt::ReceiptState;
use crate::types::{Msisdn, Timestamp};
use crate::wire::address;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;
use tower::ServiceExt;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// An engine that notes what it is handed and answers by the last word of it.
#[derive(Default)]
struct Notebook {
    ussd: Mutex<Vec<UssdIn>>,
    sms: Mutex<Vec<SmsIn>>,
    receipts: Mutex<Vec<ReceiptIn>>,
    busy: Mutex<bool>,
}

impl Subscribers for Notebook {
    fn ussd(&self, input: UssdIn) -> Result<BoxFuture<'static, UssdOut>, Busy> {
        let said = match &input.event {
            UssdEvent::Heard(heard) => heard.text.clone(),
            UssdEvent::Reply(text) => text.clone(),
            UssdEvent::Begin(code) => code.clone(),
            _ => "gone".to_owned(),
        };
        self.ussd.lock().expect("whole").push(input);
        if said == "busy" {
            return Err(Busy);
        }
        Ok(Box::pin(async move {
            match said.rsplit('*').next().unwrap_or_default() {
                "0" => UssdOut::End("Kwaheri | \"bye\" & so".to_owned()),
                "gone" => UssdOut::Nothing,
                "slow" => futures_util::future::pending().await,
                _ => UssdOut::Ask("Karibu | \"1\" & 2".to_owned()),
            }
        }))
    }

    fn sms(&self, input: SmsIn) -> Result<BoxFuture<'static, Result<Kept, Busy>>, Busy> {
        let mut taken = self.sms.lock().expect("whole");
        let before = input.name.is_some() && taken.iter().any(|sms| sms.name == input.name);
        let kept = match (*self.busy.lock().expect("whole"), before) {
            (true, _) => Err(Busy),
            (false, true) => Ok(Kept::Before),
            (false, false) => Ok(Kept::Now),
        };
        if kept == Ok(Kept::Now) {
            taken.push(input);
        }
        Ok(Box::pin(async move { kept }))
    }

    fn part(&self, _: PartIn) -> Result<BoxFuture<'static, Result<(), Busy>>, Busy> {
        panic!("an HTTP gateway brings no parts")
    }

    fn receipt(&self, input: ReceiptIn) -> Result<BoxFuture<'static, Result<(), Busy>>, Busy> {
        self.receipts.lock().expect("whole").push(input);
        Ok(Box::pin(async { Ok(()) }))
    }
}

struct House {
    notebook: Arc<Notebook>,
    gateways: Arc<HttpGateways>,
    router: Router,
    _folder: tempfile::TempDir,
}

/// A service with one gateway of these tables.
fn house(tables: &str) -> House {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("path"), SECRET).expect("written");
    let head = format!("name = \"gw\"\nsecret_path_file = {:?}\n", folder.path().join("path"));
    let settings: HttpGateway = toml::from_str(&format!("{head}{tables}")).expect("settings");
    let clock: Arc<dyn Clock> = Arc::new(MovableClock::default());
    let gateways = Arc::new(HttpGateways::new(vec![settings], &clock).expect("usable"));
    let notebook = Arc::new(Notebook::default());
    let trusted = address::networks(&["10.0.0.0/8".to_owned()]).expect("a network");
    let router = gateways.router(notebook.clone(), trusted);
    House { notebook, gateways, router, _folder: folder }
}

fn fixture(name: &str) -> String {
    let path = format!("{}/fixtures/http-gateways/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("a fixture")
}

impl House {
    async fn call(&self, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
        let answer = self.router.clone().oneshot(request).await.expect("answered");
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, 1 << 20).await.expect("a body");
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).expect("text"))
    }

    async fn post(&self, door: &str, kind: &str, body: &str) -> (StatusCode, String) {
        let request = Request::post(format!("/gateway/gw/{SECRET}/{door}")).header("content-type", kind);
        let (status, _, said) =
            self.call(request.body(Body::from(body.to_owned())).expect("a request")).await;
        (status, said)
    }

    async fn form(&self, door: &str, body: &str) -> (StatusCode, String) {
        self.post(door, "application/x-www-form-urlencoded", body).await
    }

    async fn query(&self, door: &str, query: &str) -> (HeaderMap, String) {
        let request = Request::get(format!("/gateway/gw/{SECRET}/{door}?{query}"));
        let (status, headers, said) = self.call(request.body(Body::empty()).expect("a request")).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        (headers, said)
    }

    fn events(&self) -> Vec<UssdEvent> {
        self.notebook.ussd.lock().expect("whole").iter().map(|input| input.event.clone()).collect()
    }

    fn counts(&self) -> Counts {
        self.gateways.status()[0].1
    }
}

const AT: &str = "kind = \"africastalking\"\n";

fn step(text: &str) -> String {
    format!(
        "sessionId=ATUid_1&phoneNumber=%2B254700000101&networkCode=63902&serviceCode=*483*57%23&text={text}"
    )
}

#[tokio::test]
async fn a_step_of_africas_talking_is_answered_in_its_words() {
    let house = house(AT);
    assert_eq!(house.form("ussd", &step("")).await, (StatusCode::OK, "CON Karibu | \"1\" & 2".to_owned()));
    assert_eq!(house.form("ussd", &step("1*0")).await.1, "END Kwaheri | \"bye\" & so");
    let heard = |text: &str| {
        let (code, text) = ("*483*57#".to_owned(), text.to_owned());
        UssdEvent::Heard(crate::engine::port::Heard { code, text, separator: Some('*') })
    };
    assert_eq!(house.events(), [heard(""), heard("1*0")]);
    let input = house.notebook.ussd.lock().expect("whole")[0].clone();
    assert_eq!((&*input.gateway, input.session.as_slice()), ("gw", b"ATUid_1".as_slice()));
    assert_eq!(input.msisdn.to_string(), "254700000101");
}

#[tokio::test]
async fn what_we_cannot_answer_ends_politely_and_with_200() {
    let house = house("kind = \"africastalking\"\nreply_deadline_ms = 500\nsorry = \"Samahani\"\n");
    let sorry = (StatusCode::OK, "END Samahani".to_owned());
    assert_eq!(house.form("ussd", &step("busy")).await, sorry);
    assert_eq!(house.form("ussd", &step("slow")).await, sorry, "before their own deadline");
    assert_eq!(house.events().last(), Some(&UssdEvent::Gone), "it is parked, so that a redial goes on");
    assert_eq!((house.counts().busy, house.counts().screens_late), (1, 1));
}

const UNSEEN: UssdEvent = UssdEvent::Unseen { surely: true };

#[tokio::test]
async fn a_gateway_that_hangs_up_while_the_screen_is_made_has_not_seen_it() {
    let house = house(AT);
    let router = house.router.clone();
    let request = Request::post(format!("/gateway/gw/{SECRET}/ussd"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(step("1*slow")))
        .expect("a request");
    let calling = tokio::spawn(router.oneshot(request));
    while house.events().is_empty() {
        tokio::task::yield_now().await;
    }
    calling.abort();
    assert!(calling.await.expect_err("hung up").is_cancelled());
    assert_eq!(house.events()[1..], [UNSEEN]);
    let steps = house.notebook.ussd.lock().expect("whole");
    assert!(steps[0].mark.is_some() && steps[0].mark == steps[1].mark, "of this step and no other");
    assert_eq!(house.counts().hung_up, 1);
}

#[tokio::test]
async fn a_screen_that_is_not_read_was_not_seen_unless_another_copy_of_its_step_took_it() {
    let house = house(AT);
    let call = |text: &str| {
        let request = Request::post(format!("/gateway/gw/{SECRET}/ussd"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(step(text)))
            .expect("a request");
        house.router.clone().oneshot(request)
    };
    let (first, copy) = (call("1*0").await.expect("answered"), call("1*0").await.expect("answered"));
    assert_eq!(first.headers()["content-length"], "24", "no answer in chunks");
    drop(first);
    assert_eq!(house.events().len(), 2, "a copy of it may still be read");
    drop(copy);
    assert_eq!(house.events()[2..], [UNSEEN]);

    let (read, copy) = (call("2").await.expect("answered"), call("2").await.expect("answered"));
    drop(copy);
    assert!(to_bytes(read.into_body(), 1 << 20).await.expect("a body").starts_with(b"CON "));
    drop(call("2").await.expect("answered"));
    assert_eq!(house.events().iter().filter(|event| **event == UNSEEN).count(), 1, "it was seen");
}

#[tokio::test]
async fn w1_a_request_that_comes_again_late_is_answered_as_the_first_time_and_is_no_key() {
    let house = house(AT);
    let mut first = Vec::new();
    for text in ["", "1", "1*2", "1*2*0"] {
        first.push((text, house.form("ussd", &step(text)).await));
    }
    assert_eq!(house.events().len(), 4);
    for (text, answer) in &first[..3] {
        assert_eq!(house.form("ussd", &step(text)).await, *answer, "{text:?}");
    }
    assert_eq!(house.events().len(), 4, "the dialog heard of none of them");
    // Whether the last screen was seen is the dialog's to know.
    assert_eq!(house.form("ussd", &step("1*2*0")).await, first[3].1);
    assert_eq!(house.events().len(), 5);
}

#[tokio::test]
async fn the_account_of_a_dialog_is_read() {
    let house = house(AT);
    let body = "date=2026-11-22&sessionId=ATUid_1&serviceCode=*483*57%23&networkCode=63902&\
                phoneNumber=%2B254700000101&status=Success&cost=KES+1.20&durationInMillis=43000&hopsCount=5";
    assert_eq!(house.form("ussd-end", body).await.0, StatusCode::OK);
    let account = crate::engine::port::Account {
        shown: true,
        status: "Success".to_owned(),
        cost: "KES 1.20".to_owned(),
        millis: Some(43_000),
        hops: Some(5),
    };
    assert_eq!(house.events(), [UssdEvent::Ended(account)]);
}

#[tokio::test]
async fn only_who_knows_the_path_and_has_the_address_is_let_in() {
    let house = house("kind = \"africastalking\"\nallow = [\"196.201.214.0/24\"]\n");
    let called = |path: &str, peer: &str, forwarded: Option<&'static str>| {
        let mut request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        if let Some(forwarded) = forwarded {
            request = request.header("x-forwarded-for", forwarded);
        }
        let peer: SocketAddr = format!("{peer}:4000").parse().expect("an address");
        request.extension(ConnectInfo(peer)).body(Body::from(step(""))).expect("a request")
    };
    let right = format!("/gateway/gw/{SECRET}/ussd");
    let cases = [
        (called(&right, "196.201.214.9", None), StatusCode::OK),
        (called(&right, "10.0.0.1", Some("196.201.214.9")), StatusCode::OK),
        (called(&right, "10.0.0.1", Some("192.0.2.1")), StatusCode::FORBIDDEN),
        (called(&right, "192.0.2.1", Some("196.201.214.9")), StatusCode::FORBIDDEN),
        (called("/gateway/gw/guessed/ussd", "196.201.214.9", None), StatusCode::NOT_FOUND),
        (called("/gateway/gw/guessed/ussd", "192.0.2.1", None), StatusCode::NOT_FOUND),
        (called(&format!("/gateway/other/{SECRET}/ussd"), "196.201.214.9", None), StatusCode::NOT_FOUND),
        (called(&format!("/gateway/gw/{SECRET}/other"), "196.201.214.9", None), StatusCode::NOT_FOUND),
    ];
    for (request, expected) in cases {
        let path = request.uri().clone();
        assert_eq!(house.call(request).await.0, expected, "{path}");
    }
    assert_eq!((house.counts().wrong_path, house.counts().wrong_address), (2, 2));
    assert_eq!(house.events().len(), 2);
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_with_a_sentence_and_reaches_nobody() {
    let house = house(AT);
    for (door, body, about) in [
        ("ussd", "phoneNumber=%2B254700000101&serviceCode=*1%23&text=", "sessionId"),
        ("ussd", "sessionId=1&phoneNumber=mama&serviceCode=*1%23&text=", "phoneNumber"),
        ("ussd", "sessionId=1&phoneNumber=254700000101&text=", "serviceCode"),
        ("sms", "from=%2B254700000101&to=48357&id=1", "text"),
        ("receipt", "id=ATXid_1", "status"),
    ] {
        let (status, said) = house.form(door, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{door} {body}");
        assert!(said.contains(about) && said.ends_with('\n'), "{said}");
    }
    assert_eq!(house.post("sms", "application/json", "{").await.0, StatusCode::BAD_REQUEST);
    let long = format!("{}&x={}", step(""), "y".repeat(70_000));
    assert_eq!(house.form("ussd", &long).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(house.counts().malformed, 6);
    assert!(house.events().is_empty() && house.notebook.sms.lock().expect("whole").is_empty());
}

#[tokio::test]
async fn an_sms_is_acknowledged_when_it_is_kept_and_has_the_name_its_gateway_gives_it() {
    let house = house(AT);
    let body = "from=%2B254700000101&to=48357&text=UZA+MKUFU&date=2026-11-22&id=mo-1&linkId=x";
    *house.notebook.busy.lock().expect("whole") = true;
    assert_eq!(house.form("sms", body).await.0, StatusCode::SERVICE_UNAVAILABLE);
    *house.notebook.busy.lock().expect("whole") = false;
    assert_eq!(house.form("sms", body).await.0, StatusCode::OK);
    assert_eq!(house.form("sms", body).await.0, StatusCode::OK);
    assert_eq!(house.form("sms", &body.replace("mo-1", "mo-2")).await.0, StatusCode::OK);
    let sms = house.notebook.sms.lock().expect("whole");
    assert_eq!(sms.len(), 2, "one, and another message of the same words");
    assert_eq!(sms[0].mark, sms[1].mark, "which the engine knows for one wish");
    assert_ne!(sms[0].name, sms[1].name);
    assert_eq!((sms[0].text.as_str(), sms[0].to.as_str()), ("UZA MKUFU", "48357"));
    assert_eq!((house.counts().sms_in, house.counts().sms_again), (2, 1));
}

#[tokio::test]
async fn reports_are_read_in_the_gateways_words() {
    let house = house(AT);
    let report =
        |status: &str| format!("id=ATXid_1&status={status}&phoneNumber=%2B254700000101&retryCount=0");
    for status in ["Sent", "Success", "Failed&failureReason=UserIsInactive", "Sideways"] {
        assert_eq!(house.form("receipt", &report(status)).await.0, StatusCode::OK);
    }
    let receipts = house.notebook.receipts.lock().expect("whole");
    let states: Vec<_> = receipts.iter().map(|receipt| receipt.state).collect();
    use ReceiptState::{Delivered, Enroute, Undeliverable, Unknown};
    assert_eq!(states, [Enroute, Delivered, Undeliverable, Unknown]);
    assert_eq!(receipts[2].error.as_deref(), Some("UserIsInactive"));
    assert_eq!(receipts[0].phones, [Msisdn::from_e164("254700000101").expect("a number")]);
}

#[tokio::test]
async fn safaricoms_own_interface_and_flares_are_tables_only() {
    let house = house(&fixture("safaricom-sdp"));
    let body = "ORIG=254700000101&DEST=*483*57%23&SESSION_ID=9&USSD_PARAMS=1*2";
    assert!(house.form("ussd", body).await.1.starts_with("CON "));
    assert!(matches!(&house.events()[0], UssdEvent::Heard(heard) if heard.text == "1*2"));

    let house = self::house(&format!("service_code = \"*483*57#\"\n{}", fixture("flares")));
    let (headers, said) = house.query("ussd", "SessionID=7&MSISDN=254700000101&MSC=x&input=48357").await;
    assert_eq!((headers["freeflow"].as_bytes(), said.as_str()), (b"FC".as_slice(), "Karibu | \"1\" & 2"));
    let (headers, _) = house.query("ussd", "SessionID=7&MSISDN=254700000101&MSC=x&input=0").await;
    assert_eq!(headers["freeflow"].as_bytes(), b"FB");
    assert_eq!(house.query("ussd", "SessionID=7&MSISDN=254700000101&clean=clean-session").await.1, "");
    let events = house.events();
    assert!(matches!(&events[0], UssdEvent::Heard(heard) if heard.dialled() == "*483*57#"));
    assert_eq!(events[2], UssdEvent::Gone);
}

#[tokio::test]
async fn dmark_hollatags_and_cellulant_are_tables_only() {
    let house = house(&fixture("dmark"));
    let dmark = "transactionId=5&msisdn=256700000101&ussdServiceCode=*483*57%23";
    house.query("ussd", &format!("{dmark}&ussdRequestString=&response=false")).await;
    let (headers, said) = house.query("ussd", &format!("{dmark}&ussdRequestString=0&response=true")).await;
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(
        (said["responseString"].as_str(), said["action"].as_str()),
        (Some("Kwaheri | \"bye\" & so"), Some("end"))
    );
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(house.events(), [UssdEvent::Begin("*483*57#".into()), UssdEvent::Reply("0".into())]);

    let house = self::house(&fixture("hollatags"));
    let holla = "session_msisdn=234819000001&session_id=88&session_from=*483*57%23&session_mno=MTN";
    let begin = format!("{holla}&session_operation=begin&session_msg=*483*57*2%23&session_type=1");
    let said: serde_json::Value = serde_json::from_str(&house.query("ussd", &begin).await.1).expect("JSON");
    assert_eq!((said["session_id"].as_str(), said["session_type"].as_u64()), (Some("88"), Some(1)));
    house.query("ussd", &format!("{holla}&session_operation=end&session_msg=")).await;
    assert_eq!(house.events(), [UssdEvent::Begin("*483*57*2#".into()), UssdEvent::Gone]);

    let house = self::house(&format!("service_code = \"*483*57#\"\n{}", fixture("cellulant")));
    let (_, said) = house.query("ussd", "MSISDN=254700000101&sessionID=4&opCode=BEG&INPUT=&ABORT=0").await;
    assert_eq!(said, "1|Karibu / \"1\" & 2|null|null|null|null", "six fields whatever she reads");
    house.query("ussd", "MSISDN=254700000101&sessionID=4&opCode=ABO&INPUT=&ABORT=0").await;
    assert_eq!(house.events().last(), Some(&UssdEvent::Gone));
}

#[tokio::test]
async fn lists_of_messages_and_reports_in_json_are_taken_whole() {
    let house = house(&fixture("infobip-sms"));
    let two = r#"{"results": [
        {"messageId": "a", "from": "254700000101", "to": "48357", "text": "SALIO", "smsCount": 1},
        {"messageId": "b", "from": "254700000102", "to": "48357", "text": "UZA", "price": {"x": 0}}]}"#;
    assert_eq!(house.post("sms", "application/json", two).await.0, StatusCode::OK);
    assert_eq!(house.post("sms", "application/json", two).await.0, StatusCode::OK);
    assert_eq!(house.notebook.sms.lock().expect("whole").len(), 2);
    let reports = r#"{"results": [{"messageId": "x", "to": "254700000101", "status": {"groupName": "EXPIRED"},
        "error": {"name": "EC_ABSENT_SUBSCRIBER"}}]}"#;
    assert_eq!(house.post("receipt", "application/json", reports).await.0, StatusCode::OK);
    let receipts = house.notebook.receipts.lock().expect("whole");
    assert_eq!((receipts[0].state, receipts[0].message_id.as_str()), (ReceiptState::Expired, "x"));
}

#[test]
fn settings_that_cannot_work_are_refused_with_what_to_do() {
    let path = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(path.path(), SECRET).expect("written");
    let head = format!("name = \"gw\"\nsecret_path_file = {:?}\n", path.path());
    let clock: Arc<dyn Clock> = Arc::new(MovableClock::default());
    for (tables, about) in [
        ("", "says nothing"),
        ("kind = \"other\"", "africastalking"),
        ("kind = \"africastalking\"\nallow = [\"here\"]", "no network"),
        ("kind = \"africastalking\"\nscreen_septets = 20", "between 60 and 182"),
        ("kind = \"africastalking\"\nussd.imput = \"x\"", "imput"),
        ("kind = \"africastalking\"\nussd.answer.end = \"END {txt}\"", "{txt}"),
        ("kind = \"africastalking\"\nsend.url = \"api\"", "https://"),
        ("kind = \"africastalking\"\nsend.id = \"messageId\"", "slash"),
        ("kind = \"africastalking\"\nussd.accumulated = \"**\"", "one character"),
    ] {
        let settings: HttpGateway = toml::from_str(&format!("{head}{tables}\n")).expect("a table");
        let why = HttpGateways::new(vec![settings], &clock).err().expect("refused").to_string();
        assert!(why.contains("\"gw\"") && why.contains(about), "{tables}: {why}");
    }
    std::fs::write(path.path(), "short").expect("written");
    let settings: HttpGateway =
        toml::from_str(&format!("{head}kind = \"africastalking\"\n")).expect("a table");
    let why = HttpGateways::new(vec![settings], &clock).err().expect("refused").to_string();
    assert!(why.contains("openssl rand"), "{why}");
}

// ---- sending -----------------------------------------------------------------------------

/// A gateway that gives one answer to everything and notes what it was asked.
async fn answering(status: u16, body: &'static str) -> (String, Arc<Mutex<Vec<(HeaderMap, String)>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    let status = StatusCode::from_u16(status).expect("a status");
    let router = Router::new().fallback(move |headers: HeaderMap, said: String| {
        noted.lock().expect("whole").push((headers, said));
        async move { (status, body) }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}

fn sms(text: &str) -> SmsOut {
    SmsOut {
        id: "outbox-1".to_owned(),
        to: Msisdn::from_e164("254700000101").expect("a number"),
        text: text.to_owned(),
        purpose: Purpose::default(),
        give_up: Timestamp::from_millis(i64::MAX),
        gateway: Some("gw".into()),
        partly: None,
    }
}

/// What a kind makes of an answer.
async fn sent(tables: &str, status: u16, body: &'static str) -> (Sent, Counts) {
    let (url, _) = answering(status, body).await;
    let house = house(&format!("{tables}send.url = {url:?}\n"));
    (house.gateways.send(sms("Habari")).await, house.counts())
}

#[tokio::test]
async fn an_sms_is_sent_as_africas_talking_wants_it() {
    let one = r#"{"SMSMessageData": {"Message": "Sent", "Recipients":
        [{"statusCode": 101, "number": "+254700000101", "status": "Success", "messageId": "ATXid_9"}]}}"#;
    let (url, asked) = answering(201, one).await;
    let key = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(key.path(), "atsk_1\n").expect("written");
    let tables = format!("username = \"sokoni\"\nsms_sender = \"48357\"\napi_key_file = {:?}\n", key.path());
    let house = house(&format!("{AT}{tables}send.url = {url:?}\n"));
    let taken = Sent::Taken { gateway: "gw".into(), ids: vec!["ATXid_9".to_owned()] };
    assert_eq!(house.gateways.send(sms("50% & more = \"good\" + é")).await, taken);
    let (headers, body) = asked.lock().expect("whole")[0].clone();
    assert_eq!(headers["apikey"].as_bytes(), b"atsk_1");
    let pairs: Vec<_> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let expected = [
        ("username", "sokoni"),
        ("to", "+254700000101"),
        ("message", "50% & more = \"good\" + é"),
        ("from", "48357"),
        ("bulkSMSMode", "1"),
        ("enqueue", "1"),
    ];
    assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(house.counts().sms_out, 1);
}

#[tokio::test]
async fn what_the_answer_proves_decides_whether_it_is_sent_again() {
    fn recipient(code: u16) -> &'static str {
        let one = format!(
            r#"{{"SMSMessageData": {{"Message": "m", "Recipients": [{{"statusCode": {code}, "status": "S"}}]}}}}"#
        );
        one.leak()
    }
    for code in [100, 101, 102] {
        assert!(matches!(sent(AT, 201, recipient(code)).await.0, Sent::Taken { .. }), "{code}");
    }
    for code in [405, 407, 500, 501] {
        assert!(matches!(sent(AT, 201, recipient(code)).await.0, Sent::Later { .. }), "{code}");
    }
    for code in [401, 402, 403, 404, 406, 502] {
        assert!(matches!(sent(AT, 201, recipient(code)).await.0, Sent::Never(_)), "{code}");
    }
    let none = r#"{"SMSMessageData": {"Message": "InvalidSenderId", "Recipients": []}}"#;
    let Sent::Never(why) = sent(AT, 201, none).await.0 else { panic!("never") };
    assert!(why.contains("InvalidSenderId"), "{why}");
    assert!(matches!(sent(AT, 400, "").await.0, Sent::Never(_)));
    for (status, body, unknown) in
        [(429, "", 0), (503, "", 0), (401, "", 0), (500, "", 1), (504, "", 1), (201, "?", 1)]
    {
        let (sent, counts) = sent(AT, status, body).await;
        let grows = matches!(sent, Sent::Again { pause: Pause::Grows, .. });
        assert!(if unknown == 0 { matches!(sent, Sent::Later { .. }) } else { grows }, "{status}: {sent:?}");
        assert_eq!(counts.sms_unknown, unknown, "{status}: what may have been taken is counted");
    }
}

#[tokio::test]
async fn a_gateway_that_cannot_be_reached_is_closed_for_a_while() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", nobody.local_addr().expect("an address"));
    drop(nobody);
    let house = house(&format!("{AT}send.url = {url:?}\n"));
    let name: GatewayId = "gw".into();
    assert!(house.gateways.is_open(&name, &sms("x")));
    assert!(
        matches!(house.gateways.send(sms("x")).await, Sent::Later { after, .. } if after < Duration::from_secs(10))
    );
    assert!(!house.gateways.is_open(&name, &sms("x")));
    assert_eq!(house.counts().sms_unknown, 0, "nothing left us");
    let late = SmsOut { give_up: Timestamp::from_millis(1), ..sms("x") };
    assert!(matches!(house.gateways.send(late).await, Sent::Never(_)));
}

#[tokio::test]
async fn a_template_of_json_is_sent_and_its_name_is_read() {
    let (url, asked) = answering(200, r#"{"messages": [{"messageId": "outbox-1"}]}"#).await;
    let tables = fixture("infobip-sms").replace("http://127.0.0.1:1", &url);
    let house = house(&tables);
    let taken = Sent::Taken { gateway: "gw".into(), ids: vec!["outbox-1".to_owned()] };
    assert_eq!(house.gateways.send(sms("\"Habari\"\n{to}")).await, taken);
    let body: serde_json::Value = serde_json::from_str(&asked.lock().expect("whole")[0].1).expect("JSON");
    assert_eq!(body["messages"][0]["text"], "\"Habari\"\n{to}");
    assert_eq!(body["messages"][0]["destinations"][0]["to"], "254700000101");
}

/// A certificate for a host, made by nobody but itself, and a server that answers one request.
async fn answering_by_tls(body: &'static str) -> (String, tempfile::NamedTempFile) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let authority = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(authority.path(), own.cert.pem()).expect("written");
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .expect("a server");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("https://localhost:{}/send", listener.local_addr().expect("an address").port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut asked = vec![0; 4096];
            let read = stream.read(&mut asked).await.unwrap_or_default();
            let good = asked[..read].starts_with(b"POST /send HTTP/1.1\r\n");
            let status = if good { "201 Created" } else { "400 Bad Request" };
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (url, authority)
}

#[tokio::test]
async fn an_sms_leaves_by_tls_to_whom_the_authority_vouches_for_and_to_nobody_else() {
    let one = r#"{"SMSMessageData": {"Recipients": [{"statusCode": 101, "messageId": "ATXid_9"}]}}"#;
    let (url, authority) = answering_by_tls(one).await;
    let trusting = house(&format!("{AT}ca_file = {:?}\nsend.url = {url:?}\n", authority.path()));
    assert!(matches!(trusting.gateways.send(sms("x")).await, Sent::Taken { .. }));
    let strict = house(&format!("{AT}send.url = {url:?}\n"));
    let Sent::Later { why, .. } = strict.gateways.send(sms("x")).await else { panic!("not sent") };
    assert!(why.contains("TLS"), "{why}");
    assert_eq!(strict.counts().sms_unknown, 0, "nothing was told to a stranger");

    // And the desk is told.
    let (open, down) = (trusting.gateways.binds().remove(0), strict.gateways.binds().remove(0));
    assert_eq!((open.state, open.tls, open.mode, open.held), ("open", true, "http", 0));
    assert!(open.worked.is_some() && open.failed.is_none() && open.counters["sms_out"] == 1);
    assert_eq!((down.state, down.worked, down.reason), ("down", None, Some(why)));
    assert!(down.failed.is_some());
}
