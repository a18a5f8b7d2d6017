//! smpplib, from PyPI, as the application.

use super::{Operator, command};
use crate::support::capture::ANSWER;
use crate::support::program::{Program, SOON};
use sokoni::{sim::smsc::PhoneError, smpp::status};

#[tokio::test]
async fn a_client_on_smpplib_binds_shows_screens_and_gets_its_receipts() {
    let operator = Operator::open(|settings| settings.first_session = 0x2A).await;
    let phone = operator.phone("254700000101");
    let [host, port] = operator.host_and_port();
    let mut esme = Program::python("smpplib_esme.py", &[&host, &port]);
    assert_eq!(esme.says().await["refused"], 0x0E);
    assert_eq!(esme.says().await["bound"], true);

    let menu = phone.dial("*483*57#").await.expect("a screen");
    assert_eq!((menu.text.as_str(), menu.open), ("Karibu\n1. Endelea", true));
    let begin = esme.says().await;
    assert_eq!((&begin["ussd"], &begin["text"]), (&1.into(), &"*483*57#".into()));
    assert_eq!((&begin["session"], &begin["source"]), (&0x2A.into(), &"254700000101".into()));
    assert_eq!(esme.says().await["status"], 0);

    let last = phone.press("1").await.expect("a last screen");
    assert_eq!((last.text.as_str(), last.open), ("Asante.", false));
    let reply = esme.says().await;
    assert_eq!((&reply["ussd"], &reply["text"], &reply["end"]), (&0x12.into(), &"1".into(), &0.into()));
    assert_eq!(phone.press("1").await, Err(PhoneError::NoDialog));
    assert_eq!(esme.says().await["status"], 0);

    phone.send_sms("SALIO").await.expect("sent");
    let heard = esme.says().await;
    assert_eq!((&heard["sms"], &heard["destination"]), (&"SALIO".into(), &"48357".into()));
    let sms = phone.wait_sms(SOON).await.expect("an answer");
    assert_eq!((sms.from.as_str(), sms.parts), ("SOKONI", 2));
    assert_eq!(sms.text, "Oda yako imefika. ".repeat(12));
    let (mut taken, mut receipted) = (Vec::new(), Vec::new());
    while receipted.len() < 2 {
        let line = esme.says().await;
        match line.get("taken") {
            Some(id) => taken.push(id.clone()),
            None => {
                assert_eq!(line["state"], 2, "{line}");
                assert!(line["text"].as_str().expect("text").contains("stat:DELIVRD err:000"), "{line}");
                receipted.push(line["receipt"].clone());
            }
        }
    }
    assert_eq!(taken, receipted);

    phone.send_sms("quit").await.expect("sent");
    assert_eq!(esme.says().await["bye"], true);
    esme.ends().await;
    assert_eq!(operator.smsc.receivers(), 0);
    operator
        .judged(|wire| {
            let seen = |id| (wire.count(id), wire.count(ANSWER | id));
            assert_eq!(wire.refusals(), [status::INV_PASWD]);
            assert_eq!(seen(command::BIND_TRANSCEIVER), (2, 2));
            // Two screens and two parts; two steps, two texts and two receipts.
            assert_eq!(seen(command::SUBMIT_SM), (4, 4));
            assert_eq!(seen(command::DELIVER_SM), (6, 6));
            assert_eq!(seen(command::UNBIND), (1, 1));
        })
        .await;
}
