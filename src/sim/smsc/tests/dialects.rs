//! Every dialect of the operator against the application's own tables, which were written apart.

use super::*;
use crate::engine::{
    clock::SystemClock,
    port::{Busy, Kept, PartIn, ReceiptIn, SmsIn, Subscribers, UssdEvent, UssdIn, UssdOut},
};
use crate::smpp::pool::Pool;
use futures_util::future::{BoxFuture, FutureExt};

/// Answers every step with what was typed; `0` ends the dialog. Counts those that were cut.
#[derive(Default)]
struct Mirror(Mutex<Vec<String>>);

impl Subscribers for Mirror {
    fn ussd(&self, input: UssdIn) -> Result<BoxFuture<'static, UssdOut>, Busy> {
        let out = match input.event {
            UssdEvent::Begin(code) => UssdOut::Ask(format!("{}: {code}", input.msisdn)),
            UssdEvent::Reply(keys) if keys == "0" => UssdOut::End(format!("{}: kwaheri", input.msisdn)),
            UssdEvent::Reply(keys) => UssdOut::Ask(format!("{}: {keys}", input.msisdn)),
            _ => {
                self.0.lock().expect("unpoisoned").push(input.msisdn.to_string());
                UssdOut::Nothing
            }
        };
        Ok(async move { out }.boxed())
    }

    fn sms(&self, _: SmsIn) -> Result<BoxFuture<'static, Result<Kept, Busy>>, Busy> {
        Err(Busy)
    }

    fn part(&self, _: PartIn) -> Result<BoxFuture<'static, Result<(), Busy>>, Busy> {
        Err(Busy)
    }

    fn receipt(&self, _: ReceiptIn) -> Result<BoxFuture<'static, Result<(), Busy>>, Busy> {
        Err(Busy)
    }
}

async fn walks(dialect: Dialect, preset: &str) {
    let smsc = operator(|settings| {
        settings.dialect = dialect;
        // The same number for every dialog: only the phone tells them apart.
        settings.reuse_sessions_after = 1;
    })
    .await;
    let table = format!(
        "name = \"safari\"\naddress = \"{}\"\nsystem_id = \"sokoni\"\npassword = \"s3cr3t\"\n\
         service_code = \"*483*57#\"\nsms_sender = \"48357\"\ndialect = \"{preset}\"\n",
        smsc.addr
    );
    let gateway = toml::from_str(&table).expect("settings");
    let pool = Pool::new(vec![gateway], Arc::new(SystemClock)).expect("sound");
    let mirror = Arc::new(Mirror::default());
    let stop = CancellationToken::new();
    pool.start(&(Arc::clone(&mirror) as Arc<dyn Subscribers>), &stop);
    smsc.wait_bound(1, SOON).await.expect("binds");
    let phones = ["254700000101", "254700000102"].map(|digits| smsc.handset(number(digits)));
    let shows = |who: usize, said: &str, open: bool| {
        let text = format!("{}: {said}", phones[who].msisdn());
        Ok(Screen { text, open })
    };
    for who in [0, 1] {
        assert_eq!(phones[who].dial("*483*57#").await, shows(who, "*483*57#", true), "{preset}");
    }
    for keys in ["1", "2"] {
        for who in [0, 1] {
            assert_eq!(phones[who].press(keys).await, shows(who, keys, true), "{preset}");
        }
    }
    assert_eq!(phones[0].press("0").await, shows(0, "kwaheri", false), "{preset}");
    assert_eq!(phones[0].press("1").await, Err(PhoneError::NoDialog), "{preset}");
    phones[1].cancel().await;
    let gone = phones[1].msisdn().to_string();
    for _ in 0..500 {
        if mirror.0.lock().expect("unpoisoned").contains(&gone) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(mirror.0.lock().expect("unpoisoned").contains(&gone), "{preset}: hanging up is heard");
    assert_eq!(smsc.counters().refused, 0, "{preset}");
    stop.cancel();
    pool.stopped().await;
}

#[tokio::test]
async fn every_dialect_is_walked_by_two_phones_under_one_session_number() {
    for (dialect, preset) in [
        (Dialect::Its, "its"),
        (Dialect::Tata, "tata"),
        (Dialect::Sixdee, "sixdee"),
        (Dialect::Mica, "mica"),
        (Dialect::UmrNotify, "umr_notify"),
        (Dialect::SmppPlus, "smppplus"),
        (Dialect::Glo, "glo"),
        (Dialect::Msisdn, "msisdn"),
        (Dialect::Inverted, "inverted"),
    ] {
        walks(dialect, preset).await;
    }
}

/// A screen no dialog asked for, as an application pushes it.
async fn pushes(esme: &mut Esme, op: u8, tlvs: Vec<tlv::Tlv>, text: &str) -> u32 {
    let mut all = vec![tlv::octet(tlv::USSD_SERVICE_OP, op)];
    all.extend(tlvs);
    let message = Message {
        service_type: "USSD".into(),
        source: Address::new(0, 1, "48357"),
        dest: Address::new(1, 1, "254700000123"),
        short_message: Bytes::copy_from_slice(text.as_bytes()),
        tlvs: all,
        ..Message::default()
    };
    esme.ask(Body::SubmitSm(message)).await.status
}

#[tokio::test]
async fn the_application_opens_a_dialog_and_ends_it_with_a_notice_that_is_confirmed() {
    let smsc = operator(|settings| settings.first_session = 0x2B).await;
    let mut esme = Esme::bound(&smsc).await;
    let phone = smsc.handset(number("254700000123"));
    let nameless = || vec![(tlv::ITS_SESSION_INFO, Bytes::from_static(&[0, 0]))];
    assert_eq!(pushes(&mut esme, 0x02, nameless(), "Oda #1042: 1 Kubali").await, status::OK);
    let screen = phone.wait_push(SOON).await.expect("a push");
    assert_eq!((screen.text.as_str(), screen.open), ("Oda #1042: 1 Kubali", true));

    assert_eq!(pushes(&mut esme, 0x02, nameless(), "another").await, status::DELIVERY_FAILURE, "busy");
    smsc.faults(|faults| faults.unshown = Unshown::Silence);
    assert_eq!(pushes(&mut esme, 0x03, vec![], "another").await, status::OK, "taken, and never shown");
    assert_eq!(phone.screen(), screen);

    let user = tokio::spawn({
        let phone = phone.clone();
        async move { phone.press("1").await }
    });
    let reply = esme.take(status::OK).await;
    assert_eq!(tlv::number(&reply.tlvs, tlv::USSD_SERVICE_OP), Some(0x12));
    assert_eq!(tlv::get(&reply.tlvs, tlv::ITS_SESSION_INFO).map(|info| info[0]), Some(0x2B));
    assert_eq!(esme.show(&reply, 0x11, "11 is for dialogs of phones").await.status, status::SUBMIT_FAIL);
    assert_eq!(esme.show(&reply, 0x03, "Asante.").await.status, status::OK);
    assert!(!user.await.expect("pressed").expect("a screen").open);
    let confirm = esme.take(status::OK).await;
    assert_eq!(tlv::number(&confirm.tlvs, tlv::USSD_SERVICE_OP), Some(0x13));

    phone.set_reachable(false);
    smsc.faults(|faults| faults.unshown = Unshown::Aborted);
    assert_eq!(pushes(&mut esme, 0x03, vec![], "Malipo").await, status::OK);
}

#[tokio::test]
async fn where_nobody_dials_every_dialog_is_a_push_and_its_node_must_come_back() {
    let smsc = operator(|settings| settings.dialect = Dialect::PushOnly).await;
    let mut esme = Esme::bound(&smsc).await;
    let phone = smsc.handset(number("254700000123"));
    assert!(matches!(phone.dial("*483*57#").await, Err(PhoneError::NoSuchCode { .. })));
    assert_eq!(pushes(&mut esme, 0x02, vec![], "1 au 2?").await, status::OK);
    let user = tokio::spawn(async move {
        phone.wait_push(SOON).await.expect("a push");
        phone.press("2").await
    });
    let reply = esme.take(status::OK).await;
    assert_eq!(tlv::get(&reply.tlvs, tlv::ITS_SESSION_INFO).map(|info| info[1]), Some(1), "the step");
    let node = tlv::get(&reply.tlvs, tlv::SOURCE_NODE_ID).cloned().expect("a node");
    let with_node = vec![(tlv::SOURCE_NODE_ID, node)];
    assert_eq!(pushes(&mut esme, 0x03, with_node, "Asante.").await, status::OK);
    assert_eq!(user.await.expect("pressed").map(|screen| screen.text).as_deref(), Ok("Asante."));
}
