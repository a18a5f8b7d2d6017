//! node-smpp as the application.

use super::{Operator, command};
use crate::support::capture::ANSWER;
use crate::support::program::{Program, SOON};
use serde_json::{Value, json};
use sokoni::sim::smsc::{Handset, PhoneError};
use sokoni::smpp::status;

const PHONE: &str = "254700000101";

/// The application on node-smpp.
struct Esme(Program);

impl Esme {
    fn start(operator: &Operator) -> Self {
        let [host, port] = operator.host_and_port();
        Self(Program::node("esme.cjs", &[&host, &port]))
    }

    async fn told(&mut self, order: Value) {
        self.0.tell(&order.to_string()).await;
    }

    /// The next event of a kind.
    async fn event(&mut self, kind: &str) -> Value {
        self.0.event(kind, |_| true).await[kind].take()
    }

    async fn bind(&mut self, kind: &str, password: &str) -> u32 {
        self.told(json!({"do": "bind", "kind": kind, "password": password})).await;
        let bind = self.event("bind").await;
        assert_eq!(bind["kind"], kind);
        let status = bind["status"].as_u64().expect("a status") as u32;
        if status == 0 {
            assert_eq!((&bind["name"], &bind["version"]), (&json!("USSDGW"), &json!(0x34)));
        }
        status
    }

    /// Sends an SMS; the ids of its parts.
    async fn sends(&mut self, text: &str, by: &str, receipt: u8, parts: usize) -> Vec<String> {
        let order = json!({"do": "sms", "to": PHONE, "text": text, "by": by, "receipt": receipt});
        self.told(order).await;
        let mut ids = Vec::new();
        while ids.len() < parts {
            let taken = self.event("taken").await;
            assert_eq!(taken["status"], 0, "{taken}");
            ids.push(taken["id"].as_str().expect("an id").to_owned());
        }
        ids
    }

    /// Shows a screen in the dialog of the phone.
    async fn shows(&mut self, op: u8, text: &str) {
        self.told(json!({"do": "show", "to": PHONE, "op": op, "text": text})).await;
        assert_eq!(self.event("shown").await["status"], 0);
    }

    async fn receipts(&mut self, ids: &[String], on: &str) {
        for id in ids {
            let receipt = self.0.event("receipt", |receipt| receipt["id"] == id.as_str()).await;
            assert_eq!(receipt["receipt"]["state"], 2, "{receipt}");
            assert_eq!(receipt["receipt"]["on"], on);
            let text = receipt["receipt"]["text"].as_str().expect("a text");
            assert!(text.starts_with(&format!("id:{id} ")) && text.contains("stat:DELIVRD"), "{text}");
        }
    }
}

async fn a_dialog_is_walked_and_hung_up(esme: &mut Esme, phone: &Handset) {
    let user = phone.clone();
    let dialling = tokio::spawn(async move { user.dial("*483*57*1#").await });
    let begin = esme.event("ussd").await;
    let wanted = json!({"msisdn": PHONE, "op": 1, "text": "*483*57*1#", "session": 0, "count": 0, "end": 0});
    assert_eq!(begin, wanted);
    esme.shows(2, "Karibu\n1. Endelea").await;
    let menu = dialling.await.expect("dialled").expect("a screen");
    assert_eq!((menu.text.as_str(), menu.open), ("Karibu\n1. Endelea", true));

    let user = phone.clone();
    let pressing = tokio::spawn(async move { user.press("1").await });
    let reply = esme.event("ussd").await;
    assert_eq!((&reply["op"], &reply["text"], &reply["count"]), (&json!(0x12), &json!("1"), &json!(1)));
    esme.shows(0x11, "Nĩ wega. Asante.").await;
    let last = pressing.await.expect("pressed").expect("a screen");
    assert_eq!((last.text.as_str(), last.open), ("Nĩ wega. Asante.", false), "UCS-2");
    assert_eq!(phone.press("1").await, Err(PhoneError::NoDialog));

    let user = phone.clone();
    let dialling = tokio::spawn(async move { user.dial("*483*57#").await });
    assert_eq!(esme.event("ussd").await["session"], 1);
    esme.shows(2, "1 au 2?").await;
    assert!(dialling.await.expect("dialled").expect("a screen").open);
    phone.cancel().await;
    let abort = esme.event("ussd").await;
    assert_eq!((&abort["op"], &abort["end"]), (&json!(0x81), &json!(1)));
}

async fn texts_arrive_whole_each_way(esme: &mut Esme, phone: &Handset, receiver: &str) {
    for (text, coding) in [("UZA KIKAPU 850 [poa]", 0), ("Nĩ wega, ndũ no kĩ?", 8)] {
        phone.send_sms(text).await.expect("sent");
        let sms = esme.event("sms").await;
        let wanted = json!({"msisdn": PHONE, "to": "48357", "text": text, "coding": coding, "part": null, "on": receiver});
        assert_eq!(sms, wanted);
    }
    let long = "Kikapu cha Achieng. ".repeat(12);
    phone.send_sms(&long).await.expect("sent");
    let (one, two) = (esme.event("sms").await, esme.event("sms").await);
    assert_eq!((&one["part"][3], &one["part"][4], &two["part"][4]), (&json!(2), &json!(1), &json!(2)));
    let text = [&one, &two].map(|part| part["text"].as_str().expect("a text").to_owned()).concat();
    assert_eq!(text, long);

    let wide = "Kĩondo kĩa Wanjikũ. ".repeat(6);
    let short = "Oda #1042: [KES 1,650] ~ {leo} €12";
    for (text, by, parts) in [
        (short, "one", 1),
        ("Nĩ wega", "one", 1),
        (&long, "udh8", 2),
        (&long, "udh16", 2),
        (&wide, "udh8", 2),
        (&long, "sar", 2),
        (&long, "payload", 1),
        (short, "data", 1),
    ] {
        let ids = esme.sends(text, by, 1, parts).await;
        let sms = phone.wait_sms(SOON).await.expect("an SMS");
        assert_eq!((sms.from.as_str(), sms.text.as_str()), ("48357", text), "{by}");
        assert_eq!(usize::from(sms.parts), parts, "{by}");
        esme.receipts(&ids, receiver).await;
    }
}

#[tokio::test]
async fn a_transceiver_of_node_smpp_walks_dialogs_and_carries_every_shape_of_sms() {
    let operator = Operator::open(|_| {}).await;
    let phone = operator.phone(PHONE);
    let mut esme = Esme::start(&operator);
    assert_eq!(esme.bind("transceiver", "wrong").await, status::INV_PASWD);
    assert_eq!(esme.bind("transceiver", "s3cr3t").await, status::OK);
    esme.told(json!({"do": "enquire"})).await;
    assert_eq!(esme.event("alive").await, "transceiver");
    a_dialog_is_walked_and_hung_up(&mut esme, &phone).await;
    texts_arrive_whole_each_way(&mut esme, &phone, "transceiver").await;
    esme.told(json!({"do": "sms", "to": "12", "text": "nobody"})).await;
    assert_eq!(esme.event("taken").await["status"], status::INV_DST_ADR);

    esme.told(json!({"do": "unbind"})).await;
    assert_eq!(esme.event("unbound").await, "transceiver");
    esme.0.ends().await;
    assert_eq!(operator.smsc.receivers(), 0);
    operator
        .judged(|wire| {
            let seen = |id| (wire.count(id), wire.count(ANSWER | id));
            assert_eq!(wire.refusals(), [status::INV_PASWD, status::INV_DST_ADR]);
            assert_eq!(seen(command::BIND_TRANSCEIVER), (2, 2));
            // Three screens, eleven parts of seven texts, one to nobody.
            assert_eq!(seen(command::SUBMIT_SM), (15, 15));
            assert_eq!(seen(command::DATA_SM), (1, 1));
            // Four steps of dialogs, four parts of three texts, twelve receipts.
            assert_eq!(seen(command::DELIVER_SM), (20, 20));
            assert_eq!(seen(command::ENQUIRE_LINK), (1, 1));
            assert_eq!(seen(command::UNBIND), (1, 1));
        })
        .await;
}

#[tokio::test]
async fn a_transmitter_and_a_receiver_of_node_smpp_share_the_work() {
    let operator = Operator::open(|settings| settings.timers.enquire_link = SOON / 120).await;
    let phone = operator.phone(PHONE);
    let mut esme = Esme::start(&operator);
    for kind in ["transmitter", "receiver"] {
        assert_eq!(esme.bind(kind, "s3cr3t").await, status::OK);
    }
    a_dialog_is_walked_and_hung_up(&mut esme, &phone).await;
    texts_arrive_whole_each_way(&mut esme, &phone, "receiver").await;
    esme.told(json!({"do": "raw", "on": "receiver", "to": PHONE, "text": "the wrong way"})).await;
    assert_eq!(esme.event("taken").await["status"], status::INV_BND_STS);
    for kind in ["transmitter", "receiver"] {
        esme.0.event("asked", |asked| asked == kind).await;
    }
    esme.told(json!({"do": "unbind"})).await;
    esme.event("unbound").await;
    esme.event("unbound").await;
    esme.0.ends().await;
    operator
        .judged(|wire| {
            let seen = |id| (wire.count(id), wire.count(ANSWER | id));
            assert_eq!(wire.refusals(), [status::INV_BND_STS]);
            assert_eq!(seen(command::BIND_TRANSMITTER), (1, 1));
            assert_eq!(seen(command::BIND_RECEIVER), (1, 1));
            assert_eq!(seen(command::SUBMIT_SM), (15, 15));
            assert_eq!(seen(command::DELIVER_SM), (20, 20));
            assert_eq!(seen(command::UNBIND), (2, 2));
            assert!(wire.count(command::ENQUIRE_LINK) >= 2, "{:?}", wire.pdus);
        })
        .await;
}
