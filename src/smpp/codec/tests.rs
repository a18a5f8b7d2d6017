use super::*;
use crate::smpp::{fixture, tlv};
use proptest::prelude::*;
use rusmpp::tokio_codec::CommandCodec;
use serde_json::Value;
use std::sync::LazyLock;
use tokio_util::codec::{Decoder, Encoder};

/// The octets of a file under `fixtures/pdu`.
fn octets(file: &str) -> BytesMut {
    BytesMut::from(&fixture::octets(file)[..])
}

fn unhex(hex: &str) -> BytesMut {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hex")).collect()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn index() -> Vec<Value> {
    let json: Value =
        serde_json::from_str(include_str!("../../../fixtures/pdu/index.json")).expect("index is JSON");
    json["pdus"].as_array().expect("a list").clone()
}

fn read(file: &str) -> Result<Pdu, BadPdu> {
    let mut stream = octets(file);
    decode(&cut(&mut stream, MOST_OCTETS).expect("one whole PDU"))
}

fn message_fields(m: &Message) -> Value {
    serde_json::json!({
        "service_type": m.service_type,
        "source_addr_ton": m.source.ton, "source_addr_npi": m.source.npi, "source_addr": m.source.addr,
        "dest_addr_ton": m.dest.ton, "dest_addr_npi": m.dest.npi, "destination_addr": m.dest.addr,
        "esm_class": m.esm_class, "protocol_id": m.protocol_id, "priority_flag": m.priority_flag,
        "schedule_delivery_time": m.schedule_delivery_time, "validity_period": m.validity_period,
        "registered_delivery": m.registered_delivery,
        "replace_if_present_flag": m.replace_if_present_flag,
        "data_coding": m.data_coding, "sm_default_msg_id": m.sm_default_msg_id,
        "sm_length": m.short_message.len(), "short_message_hex": hex(&m.short_message),
    })
}

/// The fields of a PDU as `index.json` writes them.
fn fields(body: &Body) -> (Value, Vec<Tlv>) {
    match body {
        Body::Bind(_, b) => (
            serde_json::json!({
                "system_id": b.system_id, "password": b.password, "system_type": b.system_type,
                "interface_version": b.interface_version, "addr_ton": b.addr_ton,
                "addr_npi": b.addr_npi, "address_range": b.address_range,
            }),
            Vec::new(),
        ),
        Body::BindResp(_, r) => (
            r.system_id.as_ref().map_or(serde_json::json!({}), |id| serde_json::json!({"system_id": id})),
            r.tlvs.clone(),
        ),
        Body::SubmitSmResp(r) | Body::DeliverSmResp(r) | Body::DataSmResp(r) => (
            r.message_id.as_ref().map_or(serde_json::json!({}), |id| serde_json::json!({"message_id": id})),
            r.tlvs.clone(),
        ),
        Body::SubmitSm(m) | Body::DeliverSm(m) => (message_fields(m), m.tlvs.clone()),
        Body::DataSm(d) => (
            serde_json::json!({
                "service_type": d.service_type,
                "source_addr_ton": d.source.ton, "source_addr_npi": d.source.npi,
                "source_addr": d.source.addr,
                "dest_addr_ton": d.dest.ton, "dest_addr_npi": d.dest.npi,
                "destination_addr": d.dest.addr,
                "esm_class": d.esm_class, "registered_delivery": d.registered_delivery,
                "data_coding": d.data_coding,
            }),
            d.tlvs.clone(),
        ),
        _ => (serde_json::json!({}), Vec::new()),
    }
}

#[test]
fn every_worked_pdu_reads_as_its_index_says_and_writes_back_to_its_octets() {
    let index = index();
    assert_eq!(index.len(), 55);
    for entry in index {
        let file = entry["file"].as_str().expect("a file");
        let pdu = read(file).unwrap_or_else(|bad| panic!("{file}: {bad}"));
        assert_eq!(entry["command_status"], pdu.status, "{file}");
        assert_eq!(entry["sequence_number"], pdu.sequence, "{file}");
        let id: u32 = pdu.body.command().into();
        assert_eq!(entry["command_id"], format!("0x{id:08x}"), "{file}");
        let (got, tlvs) = fields(&pdu.body);
        assert_eq!(entry["fields"], got, "{file}");
        let wanted = entry["tlvs"].as_array().expect("a list");
        assert_eq!(wanted.len(), tlvs.len(), "{file}");
        for (want, (tag, value)) in wanted.iter().zip(&tlvs) {
            assert_eq!(want["tag"], format!("0x{tag:04x}"), "{file}");
            assert_eq!(want["value_hex"], hex(value), "{file}");
        }
        assert_eq!(hex(&to_bytes(&pdu)), hex(&octets(file)), "{file}");
    }
}

#[test]
fn an_independent_codec_reads_every_worked_pdu_and_writes_the_same_octets() {
    for entry in index() {
        let file = entry["file"].as_str().expect("a file");
        let ours = to_bytes(&read(file).expect("readable"));
        let mut codec = CommandCodec::new();
        let command = codec.decode(&mut BytesMut::from(&ours[..])).expect(file).expect("a whole PDU");
        let mut theirs = BytesMut::new();
        codec.encode(command, &mut theirs).expect("writable");
        assert_eq!(hex(&theirs), hex(&ours), "{file}");
    }
}

#[test]
fn bad_01_a_length_below_16_loses_the_framing() {
    assert_eq!(cut(&mut octets("bad/01-length-below-16.hex"), MOST_OCTETS), Err(Uncut::Invalid(15)));
}

#[test]
fn bad_02_a_huge_length_is_refused_before_anything_is_held() {
    let mut stream = octets("bad/02-length-huge.hex");
    assert!(matches!(cut(&mut stream, MOST_OCTETS), Err(Uncut::Invalid(n)) if n >= 0x7FFF_FFFF));
}

fn answer_to(file: &str) -> Option<Pdu> {
    read(file).expect_err("bad").answer()
}

#[test]
fn bad_03_an_unknown_command_gets_a_generic_nack_of_its_sequence() {
    let bad = read("bad/03-unknown-command.hex").expect_err("unknown");
    assert_eq!(bad.answer(), Some(Pdu::nack(status::INV_CMD_ID, bad.sequence)));
}

#[test]
fn bad_04_an_unknown_response_is_not_answered() {
    assert_eq!(answer_to("bad/04-unknown-response.hex"), None);
}

#[test]
fn bad_05_a_tlv_longer_than_its_pdu_is_refused_in_a_deliver_sm_resp() {
    let answer = answer_to("bad/05-tlv-overrun.hex").expect("answered");
    assert_eq!(answer.status, status::INV_TLV_LEN);
    assert!(matches!(answer.body, Body::DeliverSmResp(_)));
}

#[test]
fn bad_06_an_sm_length_longer_than_its_pdu_is_an_invalid_message_length() {
    let answer = answer_to("bad/06-sm-length-overrun.hex").expect("answered");
    assert_eq!(answer.status, status::INV_MSG_LEN);
    assert!(matches!(answer.body, Body::DeliverSmResp(_)));
}

#[test]
fn bad_07_a_source_address_of_25_characters_is_an_invalid_source() {
    let answer = answer_to("bad/07-source-addr-too-long.hex").expect("answered");
    assert_eq!(answer.status, status::INV_SRC_ADR);
}

#[test]
fn bad_08_a_string_without_end_is_an_invalid_command_length() {
    let answer = answer_to("bad/08-cstring-unterminated.hex").expect("answered");
    assert_eq!(answer.status, status::INV_CMD_LEN);
}

fn message(file: &str) -> Message {
    match read(file).expect("readable").body {
        Body::DeliverSm(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn bad_09_of_a_repeated_tlv_the_first_counts() {
    let tlvs = message("bad/09-tlv-duplicate.hex").tlvs;
    assert_eq!(tlv::repeated(&tlvs), Some(tlv::ITS_SESSION_INFO));
    assert_eq!(tlv::get(&tlvs, tlv::ITS_SESSION_INFO), tlvs.iter().find(|t| t.0 == 0x1383).map(|t| &t.1));
}

#[test]
fn bad_10_an_unknown_tlv_is_carried_along() {
    let tlvs = message("bad/10-tlv-unknown.hex").tlvs;
    assert!(tlv::get(&tlvs, 0x1499).is_some());
    assert!(tlv::get(&tlvs, tlv::USSD_SERVICE_OP).is_some());
}

#[test]
fn bad_11_the_first_forty_octets_of_a_pdu_wait_for_the_rest() {
    let mut stream = octets("bad/11-truncated-stream.hex");
    assert_eq!(cut(&mut stream, MOST_OCTETS), Err(Uncut::Incomplete));
    assert_eq!(stream.len(), 40);
    stream.extend_from_slice(&octets("10-ussd-begin-its.hex")[40..]);
    assert_eq!(cut(&mut stream, MOST_OCTETS).map(|frame| frame.len()), Ok(73));
}

#[test]
fn bad_12_two_pdus_in_one_read_come_out_and_the_third_waits() {
    let mut stream = octets("bad/12-coalesced.hex");
    assert!(cut(&mut stream, MOST_OCTETS).is_ok());
    assert!(cut(&mut stream, MOST_OCTETS).is_ok());
    assert_eq!(cut(&mut stream, MOST_OCTETS), Err(Uncut::Incomplete));
    assert_eq!(stream.len(), 20);
}

#[test]
fn bad_15_short_message_wins_over_message_payload() {
    let message = message("bad/15-text-and-payload.hex");
    assert!(tlv::get(&message.tlvs, tlv::MESSAGE_PAYLOAD).is_some());
    assert_eq!(message.text_octets(), &message.short_message[..]);
}

#[test]
fn octets_behind_the_last_field_are_passed_over() {
    for (file, extra) in [("04-enquire-link.hex", 1), ("11-deliver-sm-resp.hex", 3), ("51-sms-mo.hex", 1)] {
        let mut long = octets(file);
        long.extend(std::iter::repeat_n(0, extra));
        let length = u32::try_from(long.len()).expect("short");
        long[..4].copy_from_slice(&length.to_be_bytes());
        let frame = cut(&mut long, MOST_OCTETS).expect("whole");
        assert_eq!(decode(&frame), read(file), "{file}");
    }
}

#[test]
fn an_answer_is_read_as_far_as_it_goes() {
    // submit_sm_resp whose message_id lacks its NUL, and a bind_resp whose TLV is cut short.
    let frame = unhex("0000001480000004000000000000000131324142").freeze();
    assert_eq!(decode(&frame).map(|pdu| pdu.body), Ok(Body::SubmitSmResp(MessageResp::named("12AB"))));
    let frame = unhex("0000001780000009000000000000000141000210000934").freeze();
    let Ok(Pdu { body: Body::BindResp(_, resp), .. }) = decode(&frame) else { panic!("readable") };
    assert_eq!((resp.system_id.as_deref(), resp.tlvs.len()), (Some("A"), 0));
}

#[test]
fn a_text_over_254_octets_travels_as_message_payload() {
    let long = Message { short_message: vec![b'a'; 300].into(), ..Message::default() };
    let back = decode(&to_bytes(&Pdu::request(1, Body::SubmitSm(long)))).expect("readable");
    let Body::SubmitSm(back) = back.body else { panic!("a submit_sm") };
    assert!(back.short_message.is_empty());
    assert_eq!(back.text_octets().len(), 300);
}

#[test]
fn of_two_texts_the_one_that_counts_is_passed_on() {
    let payload = (tlv::MESSAGE_PAYLOAD, Bytes::from_static(b"does not count"));
    let both = Message { short_message: vec![b'a'; 255].into(), tlvs: vec![payload], ..Message::default() };
    let back = decode(&to_bytes(&Pdu::request(1, Body::SubmitSm(both.clone())))).expect("readable");
    let Body::SubmitSm(back) = back.body else { panic!("a submit_sm") };
    assert_eq!(back.text_octets(), both.text_octets());
    assert_eq!(Message::from(DataSm::from(both.clone())).text_octets(), both.text_octets());
}

/// The names of the worked PDUs, read once.
static FILES: LazyLock<Vec<String>> = LazyLock::new(|| {
    index().iter().map(|entry| entry["file"].as_str().expect("a file").to_owned()).collect()
});

fn any_message() -> impl Strategy<Value = Message> {
    let address = || (0u8..7, 0u8..2, "[0-9A-Za-z]{0,20}").prop_map(|(t, n, a)| Address::new(t, n, a));
    let tlvs = proptest::collection::vec(
        (0x1600u16..0x1700, proptest::collection::vec(any::<u8>(), 0..20).prop_map(Bytes::from)),
        0..4,
    );
    let octets = proptest::collection::vec(any::<u8>(), 0..255).prop_map(Bytes::from);
    ("[A-Z]{0,5}", address(), address(), prop_oneof![Just(0u8), Just(0x40)], any::<u8>(), octets, tlvs)
        .prop_map(|(service_type, source, dest, esm_class, data_coding, short_message, tlvs)| Message {
            service_type,
            source,
            dest,
            esm_class,
            data_coding,
            short_message,
            tlvs,
            ..Message::default()
        })
}

proptest! {
    #[test]
    fn what_is_written_reads_back(message in any_message(), sequence in 1u32..=u32::MAX, as_data: bool) {
        let body = if as_data { Body::DataSm(message.into()) } else { Body::SubmitSm(message) };
        let pdu = Pdu::request(sequence, body);
        let octets = to_bytes(&pdu);
        prop_assert_eq!(decode(&octets), Ok(pdu));
        let mut codec = CommandCodec::new();
        let command = codec.decode(&mut BytesMut::from(&octets[..])).expect("readable").expect("whole");
        let mut theirs = BytesMut::new();
        codec.encode(command, &mut theirs).expect("writable");
        prop_assert_eq!(&theirs[..], &octets[..]);
    }

    #[test]
    fn no_octets_make_the_reader_panic(noise in proptest::collection::vec(any::<u8>(), 0..200), id in 0usize..55, at in 0usize..200, by: u8) {
        // Pure noise, and a worked PDU with one octet changed.
        let mut spoiled = octets(&FILES[id]);
        let at = at % spoiled.len();
        spoiled[at] ^= by;
        for mut stream in [BytesMut::from(&noise[..]), spoiled] {
            while let Ok(frame) = cut(&mut stream, MOST_OCTETS) {
                match decode(&frame) {
                    Ok(pdu) => prop_assert!(!to_bytes(&pdu).is_empty()),
                    Err(bad) => prop_assert!(bad.answer().is_none_or(|answer| answer.body.is_response())),
                }
            }
        }
    }

    #[test]
    fn a_stream_cut_anywhere_gives_the_same_pdus(at in 0usize..102) {
        let whole = octets("bad/12-coalesced.hex");
        let mut stream = BytesMut::new();
        let mut pdus = Vec::new();
        for piece in [&whole[..at], &whole[at..]] {
            stream.extend_from_slice(piece);
            while let Ok(frame) = cut(&mut stream, MOST_OCTETS) {
                pdus.push(frame.len());
            }
        }
        prop_assert_eq!(pdus.len(), 2);
        prop_assert_eq!(stream.len(), 20);
    }
}
