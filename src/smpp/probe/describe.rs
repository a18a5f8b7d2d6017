//! A PDU in words: its name, and its fields as far as they say anything.

use crate::gsm::charset::Charset;
use crate::smpp::codec;
use crate::smpp::dialect::{Dialect, subscriber};
use crate::smpp::pdu::{Address, Bind, Body, Message, MessageResp, Mode, Pdu, version_name};
use crate::smpp::{receipt, status, text, tlv};
use bytes::Bytes;
use std::fmt::Write as _;

/// The name of a PDU as the specification writes it.
pub const fn name(body: &Body) -> &'static str {
    match body {
        Body::Bind(Mode::Receiver, _) => "bind_receiver",
        Body::Bind(Mode::Transmitter, _) => "bind_transmitter",
        Body::Bind(Mode::Transceiver, _) => "bind_transceiver",
        Body::BindResp(Mode::Receiver, _) => "bind_receiver_resp",
        Body::BindResp(Mode::Transmitter, _) => "bind_transmitter_resp",
        Body::BindResp(Mode::Transceiver, _) => "bind_transceiver_resp",
        Body::Unbind => "unbind",
        Body::UnbindResp => "unbind_resp",
        Body::EnquireLink => "enquire_link",
        Body::EnquireLinkResp => "enquire_link_resp",
        Body::SubmitSm(_) => "submit_sm",
        Body::SubmitSmResp(_) => "submit_sm_resp",
        Body::DeliverSm(_) => "deliver_sm",
        Body::DeliverSmResp(_) => "deliver_sm_resp",
        Body::DataSm(_) => "data_sm",
        Body::DataSmResp(_) => "data_sm_resp",
        Body::GenericNack => "generic_nack",
    }
}

/// A line for the head of a PDU, and one for each field that is not empty.
pub fn lines(octets: &Bytes) -> Vec<String> {
    match codec::decode(octets) {
        Ok(pdu) => {
            let mut lines = vec![head(&pdu)];
            lines.extend(fields(&pdu.body));
            lines
        }
        Err(bad) => vec![format!("cannot be read: {bad}")],
    }
}

fn head(pdu: &Pdu) -> String {
    let name = name(&pdu.body);
    match (pdu.body.is_response(), pdu.status) {
        (false, 0) => format!("{name} {}", pdu.sequence),
        (_, status) => format!("{name} {} {}", pdu.sequence, status::name(status)),
    }
}

fn fields(body: &Body) -> Vec<String> {
    match body {
        Body::Bind(_, bind) => of_bind(bind),
        Body::BindResp(_, resp) => {
            let mut lines: Vec<String> =
                resp.system_id.iter().map(|id| format!("system_id {id:?}")).collect();
            lines.extend(resp.tlvs.iter().map(parameter));
            lines
        }
        Body::SubmitSm(message) | Body::DeliverSm(message) => of_message(message),
        Body::DataSm(data) => of_message(&data.clone().into()),
        Body::SubmitSmResp(resp) | Body::DeliverSmResp(resp) | Body::DataSmResp(resp) => of_resp(resp),
        _ => Vec::new(),
    }
}

fn of_bind(bind: &Bind) -> Vec<String> {
    let version = bind.interface_version;
    let mut lines = vec![
        format!("system_id {:?}", bind.system_id),
        format!("interface_version 0x{version:02x} ({})", version_name(version)),
    ];
    for (name, value) in [("system_type", &bind.system_type), ("address_range", &bind.address_range)] {
        lines.extend((!value.is_empty()).then(|| format!("{name} {value:?}")));
    }
    lines
}

fn of_resp(resp: &MessageResp) -> Vec<String> {
    let id = resp.message_id.iter().filter(|id| !id.is_empty());
    id.map(|id| format!("message_id {id:?}")).chain(resp.tlvs.iter().map(parameter)).collect()
}

fn of_message(message: &Message) -> Vec<String> {
    let mut lines = Vec::new();
    if !message.service_type.is_empty() {
        lines.push(format!("service_type {:?}", message.service_type));
    }
    lines.push(format!("source_addr {}", address(&message.source)));
    lines.push(format!("destination_addr {}", address(&message.dest)));
    for (name, value) in [
        ("esm_class", message.esm_class),
        ("protocol_id", message.protocol_id),
        ("priority_flag", message.priority_flag),
        ("registered_delivery", message.registered_delivery),
        ("replace_if_present_flag", message.replace_if_present_flag),
        ("data_coding", message.data_coding),
        ("sm_default_msg_id", message.sm_default_msg_id),
    ] {
        lines.extend((value != 0).then(|| format!("{name} 0x{value:02x}")));
    }
    for (name, value) in [
        ("schedule_delivery_time", &message.schedule_delivery_time),
        ("validity_period", &message.validity_period),
    ] {
        lines.extend((!value.is_empty()).then(|| format!("{name} {value:?}")));
    }
    let said = text::read(message.text_octets(), message.data_coding, Charset::Gsm).text;
    if !said.is_empty() {
        lines.push(format!("text {said:?}"));
    }
    lines.extend(message.tlvs.iter().map(parameter));
    lines.push(format!("= {}", kind(message)));
    lines
}

/// What a message is to us.
fn kind(message: &Message) -> String {
    if Dialect::is_ussd(message) {
        return match subscriber(&message.source).or_else(|| subscriber(&message.dest)) {
            Some(_) => "USSD".to_owned(),
            None => "USSD, but neither address is a phone number".to_owned(),
        };
    }
    match receipt::read(message) {
        receipt::Reading::Receipt(receipt) => {
            format!("the receipt of {:?}: {}", receipt.id, receipt.state.name())
        }
        receipt::Reading::Unreadable(why) => format!("a receipt that cannot be read: {why}"),
        receipt::Reading::Other => "an SMS".to_owned(),
    }
}

fn address(address: &Address) -> String {
    format!("{:?} (ton {}, npi {})", address.addr, address.ton, address.npi)
}

fn parameter((tag, value): &tlv::Tlv) -> String {
    let hex = value.iter().fold(String::new(), |mut hex, octet| {
        // Writing into a String cannot fail.
        let _ = write!(hex, "{octet:02x}");
        hex
    });
    let name = match *tag {
        tlv::USSD_SERVICE_OP => "ussd_service_op (0x0501)".to_owned(),
        tlv::ITS_SESSION_INFO => "its_session_info (0x1383)".to_owned(),
        tlv::USER_MESSAGE_REFERENCE => "user_message_reference (0x0204)".to_owned(),
        tlv::USSD_SESSION_ID => "ussd_session_id (0x1501)".to_owned(),
        tag => tlv::name(tag),
    };
    format!("{name} {hex}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::fixture;

    fn described(file: &str) -> String {
        lines(&fixture::octets(file).into()).join("\n")
    }

    #[test]
    fn a_begin_is_described_with_what_matters() {
        let said = described("10-ussd-begin-its.hex");
        for line in ["deliver_sm ", "text \"*483*57#\"", "ussd_service_op (0x0501) 01", "= USSD"] {
            assert!(said.contains(line), "{line} in\n{said}");
        }
        assert!(!said.contains("protocol_id"), "what is zero is not said:\n{said}");
    }

    #[test]
    fn refusals_receipts_and_nonsense_are_named() {
        assert!(described("70-submit-sm-resp-throttled.hex").contains("EsmeRthrottled (0x58)"));
        assert!(described("60-receipt-delivered.hex").contains("DELIVRD"));
        assert!(lines(&Bytes::from_static(&[0; 20]))[0].contains("cannot be read"));
    }

    #[test]
    fn a_password_is_not_described() {
        let Body::Bind(_, bind) = fixture::pdu("01-bind-transceiver.hex").body else { panic!("a bind") };
        assert!(!described("01-bind-transceiver.hex").contains(&bind.password));
    }
}
