//! The few PDUs of the hot path, read and written in place: the generator must cost less than what
//! it measures. A test holds them to the codec.

use crate::{
    smpp::tlv::{ITS_SESSION_INFO, USSD_SERVICE_OP},
    types::Msisdn,
};
use std::io::Write;

/// command_id of the PDUs met on the hot path.
pub(super) const SUBMIT_SM: u32 = 0x0000_0004;
const SUBMIT_SM_RESP: u32 = 0x8000_0004;
const DELIVER_SM: u32 = 0x0000_0005;
/// The answer to a step.
pub(super) const DELIVER_SM_RESP: u32 = 0x8000_0005;

/// ussd_service_op of a begin, a reply and an end.
pub(super) const BEGIN: u8 = 0x01;
pub(super) const REPLY: u8 = 0x12;
pub(super) const ABORT: u8 = 0x81;
/// ussd_service_op of a last screen.
const END: u8 = 0x11;

/// A step of a dialog.
pub(super) struct Step<'a> {
    pub op: u8,
    pub msisdn: Msisdn,
    pub session: u8,
    pub sequence: u8,
    pub text: &'a str,
}

/// Command, status and sequence number of a PDU.
pub(super) fn header(frame: &[u8]) -> Option<(u32, u32, u32)> {
    let word = |at: usize| Some(u32::from_be_bytes(*frame.get(at..)?.first_chunk()?));
    Some((word(4)?, word(8)?, word(12)?))
}

/// Writes a `deliver_sm`.
pub(super) fn put_step(out: &mut Vec<u8>, number: u32, short_code: &str, step: &Step<'_>) {
    let start = out.len();
    put_header(out, DELIVER_SM, 0, number);
    out.extend_from_slice(b"USSD\0\x01\x01");
    // Writing to a Vec does not fail.
    let _ = write!(out, "{}", step.msisdn);
    out.extend_from_slice(b"\0\x00\x01");
    out.extend_from_slice(short_code.as_bytes());
    out.extend_from_slice(&[0; 10]);
    out.push(step.text.len() as u8);
    out.extend_from_slice(step.text.as_bytes());
    out.extend_from_slice(&USSD_SERVICE_OP.to_be_bytes());
    out.extend_from_slice(&[0, 1, step.op]);
    out.extend_from_slice(&ITS_SESSION_INFO.to_be_bytes());
    out.extend_from_slice(&[0, 2, step.session, step.sequence << 1 | u8::from(step.op == ABORT)]);
    close(out, start);
}

/// Writes a `submit_sm_resp` that takes the screen.
pub(super) fn put_taken(out: &mut Vec<u8>, number: u32) {
    let start = out.len();
    put_header(out, SUBMIT_SM_RESP, 0, number);
    out.extend_from_slice(b"1\0");
    close(out, start);
}

fn put_header(out: &mut Vec<u8>, command: u32, status: u32, number: u32) {
    out.extend_from_slice(&[0; 4]);
    for word in [command, status, number] {
        out.extend_from_slice(&word.to_be_bytes());
    }
}

fn close(out: &mut [u8], start: usize) {
    let length = (out.len() - start) as u32;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// What counts of a screen: whose it is, of which session, and whether the dialog goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown {
    pub number: u64,
    pub session: Option<u8>,
    pub open: bool,
}

/// Reads a `submit_sm`; `None` when it is no screen.
pub(super) fn read_screen(frame: &[u8]) -> Option<Shown> {
    let rest = c_string(frame.get(16..)?)?.1;
    let rest = c_string(rest.get(2..)?)?.1;
    let (digits, rest) = c_string(rest.get(2..)?)?;
    let number = digits.iter().try_fold(0u64, |sum, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        sum.checked_mul(10)?.checked_add(u64::from(digit))
    })?;
    let rest = c_string(rest.get(3..)?)?.1;
    let rest = c_string(rest)?.1;
    let length = usize::from(*rest.get(4)?);
    let mut tlvs = rest.get(5 + length..)?;
    let (mut op, mut info) = (None, None);
    while let [t0, t1, l0, l1, rest @ ..] = tlvs {
        let (value, next) = rest.split_at_checked(usize::from(u16::from_be_bytes([*l0, *l1])))?;
        match (u16::from_be_bytes([*t0, *t1]), value) {
            (USSD_SERVICE_OP, [value]) => op = Some(*value),
            (ITS_SESSION_INFO, [session, sequence]) => info = Some((*session, sequence & 1 == 1)),
            _ => {}
        }
        tlvs = next;
    }
    let ended = op? == END || info.is_some_and(|(_, ended)| ended);
    Some(Shown { number, session: info.map(|(session, _)| session), open: !ended })
}

fn c_string(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = octets.iter().position(|octet| *octet == 0)?;
    Some((&octets[..end], &octets[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::{
        codec,
        pdu::{Address, Body, Message, MessageResp, Pdu},
        tlv,
    };
    use bytes::Bytes;

    #[test]
    fn a_step_is_octet_for_octet_what_the_codec_writes() {
        let msisdn = Msisdn::from_e164("254700000123").expect("a number");
        let step = Step { op: ABORT, msisdn, session: 42, sequence: 5, text: "1" };
        let mut out = Vec::new();
        put_step(&mut out, 7, "48357", &step);
        let message = Message {
            service_type: "USSD".into(),
            source: Address::new(1, 1, "254700000123"),
            dest: Address::new(0, 1, "48357"),
            short_message: Bytes::from_static(b"1"),
            tlvs: vec![tlv::octet(USSD_SERVICE_OP, ABORT), (ITS_SESSION_INFO, Bytes::from_static(&[42, 11]))],
            ..Message::default()
        };
        assert_eq!(out, codec::to_bytes(&Pdu::request(7, Body::DeliverSm(message))));

        let mut out = Vec::new();
        put_taken(&mut out, 9);
        let taken = Pdu { status: 0, sequence: 9, body: Body::SubmitSmResp(MessageResp::named("1")) };
        assert_eq!(out, codec::to_bytes(&taken));
    }

    #[test]
    fn a_screen_is_read_as_the_codec_writes_it() {
        for (op, info, open) in [(0x02, [42, 0], true), (0x11, [42, 0], false), (0x02, [42, 1], false)] {
            let message = Message {
                service_type: "USSD".into(),
                source: Address::new(0, 1, "48357"),
                dest: Address::new(1, 1, "254700000123"),
                validity_period: "000001000000000R".into(),
                short_message: Bytes::from_static(b"Karibu"),
                tlvs: vec![
                    tlv::octet(USSD_SERVICE_OP, op),
                    (ITS_SESSION_INFO, Bytes::copy_from_slice(&info)),
                ],
                ..Message::default()
            };
            let frame = codec::to_bytes(&Pdu::request(7, Body::SubmitSm(message)));
            let shown = Shown { number: 254_700_000_123, session: Some(42), open };
            assert_eq!(read_screen(&frame), Some(shown));
            for end in 0..frame.len() {
                assert!(read_screen(&frame[..end]).is_none_or(|cut| cut.number == shown.number));
            }
        }
    }
}
