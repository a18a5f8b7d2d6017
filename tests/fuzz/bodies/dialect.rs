//! Steps of USSD dialogs in whatever a gateway sends, in every dialect there is: what answers them
//! goes back to the same phone and can be read.

use super::pdu::frames;
use sokoni::gsm::fit;
use sokoni::smpp::codec;
use sokoni::smpp::dialect::dialogs::{Dialogs, Fate, key_of};
use sokoni::smpp::dialect::{Dialect, Screen};
use sokoni::smpp::pdu::{Body, Message, Pdu};
use sokoni::smpp::{text, tlv};
use sokoni::types::Timestamp;
use std::time::Duration;

pub fn any_octets(stream: &[u8]) {
    let messages: Vec<(Message, bool)> = frames(stream)
        .iter()
        .filter_map(|frame| match codec::decode(frame).ok()?.body {
            Body::DeliverSm(message) => Some((message, false)),
            Body::DataSm(data) => Some((data.into(), true)),
            _ => None,
        })
        .collect();
    if messages.is_empty() {
        return;
    }
    for name in Dialect::PRESETS {
        let dialect = Dialect::preset(name).expect("a preset");
        a_gateway_is_answered(&dialect, &messages);
    }
}

fn a_gateway_is_answered(dialect: &Dialect, messages: &[(Message, bool)]) {
    let mut dialogs = Dialogs::new("hub", dialect.clone(), 7);
    let mut now = Timestamp::default();
    for (sequence, (message, by_data)) in (1u32..).zip(messages) {
        now = now.after(Duration::from_secs(u64::from(message.protocol_id)));
        let connection = u64::from(message.priority_flag & 1);
        let Ok(met) = dialogs.meet(message, *by_data, (connection, sequence), now) else { continue };
        let key = key_of(&met.step);
        assert_eq!(key.0, met.step.msisdn.number());
        // What was typed comes back as a screen, which is as odd a text as any.
        let said = text::read(message.text_octets(), message.data_coding, met.dialect.charset).text;
        for last in [false, true] {
            answers(&met.dialect, message, &met.dialect.screen(&met.step.reply, &said, last));
        }
        if let Some(release) = met.dialect.release(&met.step.reply) {
            answers(&met.dialect, message, &release);
        }
        dialogs.fared(&key, &met.mark, Fate::Taken, message.sm_default_msg_id & 1 == 1);
        if let Some(push) = met.dialect.push("48357", met.step.msisdn, &said, true) {
            dialogs.pushed(met.step.msisdn, true, now);
            readable(&met.dialect, &push);
        }
    }
}

/// A screen goes to where the step came from.
fn answers(dialect: &Dialect, step: &Message, screen: &Screen) {
    let (to, from) = (&screen.message.dest, &screen.message.source);
    assert_eq!((&to.addr, &from.addr), (&step.source.addr, &step.dest.addr));
    readable(dialect, screen);
}

/// A screen can be read again, says one operation, and is no longer than the gateway takes.
fn readable(dialect: &Dialect, Screen { message, as_data, .. }: &Screen) {
    let body = if *as_data { Body::DataSm(message.clone().into()) } else { Body::SubmitSm(message.clone()) };
    let pdu = Pdu::request(1, body);
    let again = codec::decode(&codec::to_bytes(&pdu)).expect("what we write can be read");
    assert_eq!(again, pdu);
    assert_eq!(message.tlvs.iter().filter(|(tag, _)| *tag == tlv::USSD_SERVICE_OP).count(), 1);
    let said = text::read(message.text_octets(), message.data_coding, dialect.charset).text;
    assert!(fit::units(&said) <= dialect.most_septets, "{said:?}");
}
