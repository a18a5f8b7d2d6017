use super::*;
use crate::smpp::fixture::octets as file;
use crate::smpp::pdu::{VERSION_3_4, VERSION_5_0};
use proptest::prelude::*;

const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn opening() -> Opening {
    let bind = Bind {
        system_id: "sokoni".into(),
        password: "s3cr3t".into(),
        interface_version: VERSION_3_4,
        ..Bind::default()
    };
    Opening { mode: Mode::Transceiver, bind, window: 2, limits: Limits::default() }
}

/// What was written since the last look.
fn sent(esme: &mut Esme<u8>) -> Vec<Pdu> {
    let mut pdus = Vec::new();
    while let Ok(frame) = codec::cut(esme.octets(), codec::MOST_OCTETS) {
        pdus.push(codec::decode(&frame).expect("we write what can be read"));
    }
    pdus
}

fn outputs(esme: &mut Esme<u8>) -> Vec<Output<u8>> {
    std::iter::from_fn(|| esme.poll_output()).collect()
}

fn bound() -> Esme<u8> {
    let mut esme = Esme::connected(opening(), at(0));
    esme.handle_input(&file("02-bind-transceiver-resp.hex"), at(1));
    assert_eq!(
        outputs(&mut esme),
        [Output::Bound(Smsc { system_id: "USSDGW".into(), version: VERSION_3_4 })]
    );
    sent(&mut esme);
    esme
}

fn resp(sequence: u32, status: u32) -> Bytes {
    codec::to_bytes(&Pdu { status, sequence, body: Body::SubmitSmResp(MessageResp::named("id")) })
}

/// A spoiled PDU was answered with `status`, and the session went on to serve the next dialog.
fn answered_and_alive(name: &str, status: u32) {
    let mut esme = bound();
    esme.handle_input(&file(name), at(2));
    let answers = sent(&mut esme);
    assert_eq!(answers.iter().map(|a| a.status).collect::<Vec<_>>(), [status], "{name}");
    assert!(matches!(outputs(&mut esme)[..], [Output::Bad(_)]), "{name}");
    esme.handle_input(&file("10-ussd-begin-its.hex"), at(3));
    assert!(matches!(outputs(&mut esme)[..], [Output::Delivered(_)]), "{name}");
}

#[test]
fn the_first_thing_written_is_the_bind() {
    let mut esme = Esme::connected(opening(), at(0));
    let pdus = sent(&mut esme);
    assert_eq!(pdus.len(), 1);
    assert!(matches!(&pdus[0].body, Body::Bind(Mode::Transceiver, bind) if bind.system_id == "sokoni"));
    assert_eq!((esme.state(), esme.room()), (State::Binding, 0));
}

#[test]
fn a_wrong_password_closes_with_its_status() {
    let mut esme = Esme::connected(opening(), at(0));
    esme.handle_input(&file("03-bind-transceiver-resp-bad-password.hex"), at(1));
    assert_eq!(outputs(&mut esme), [Output::Close(Why::BindRefused(status::INV_PASWD))]);
}

#[test]
fn a_nack_of_the_bind_is_a_refusal() {
    let mut esme = Esme::connected(opening(), at(0));
    esme.handle_input(&codec::to_bytes(&Pdu::nack(status::INV_CMD_ID, 1)), at(1));
    assert_eq!(outputs(&mut esme), [Output::Close(Why::BindRefused(status::INV_CMD_ID))]);
}

#[test]
fn the_peer_is_told_we_live_even_before_the_bind_is_done() {
    let mut esme = Esme::connected(opening(), at(0));
    sent(&mut esme);
    esme.handle_input(&file("04-enquire-link.hex"), at(1));
    assert_eq!(sent(&mut esme), [Pdu { status: 0, sequence: 2, body: Body::EnquireLinkResp }]);
}

#[test]
fn the_window_bounds_what_waits_and_answers_match_by_sequence() {
    let mut esme = bound();
    assert_eq!(esme.submit(Message::default(), false, 1, at(2)), Ok(()));
    assert_eq!(esme.submit(Message::default(), true, 2, at(2)), Ok(()));
    assert_eq!(esme.submit(Message::default(), false, 3, at(2)), Err(3));
    let pdus = sent(&mut esme);
    assert!(matches!((&pdus[0].body, &pdus[1].body), (Body::SubmitSm(_), Body::DataSm(_))));
    esme.handle_input(&resp(pdus[1].sequence, 0), at(3));
    esme.handle_input(&resp(pdus[0].sequence, status::THROTTLED), at(3));
    assert_eq!(
        outputs(&mut esme),
        [Output::Accepted(2, MessageResp::named("id")), Output::Refused(1, status::THROTTLED)]
    );
    assert_eq!(esme.room(), 2);
}

#[test]
fn an_unanswered_request_is_given_up_and_its_late_answer_dropped() {
    let mut esme = bound();
    esme.submit(Message::default(), false, 1, at(1000)).expect("room");
    let sequence = sent(&mut esme)[0].sequence;
    esme.handle_timeout(at(31_000));
    assert_eq!(outputs(&mut esme), [Output::Unanswered(1)]);
    esme.handle_input(&resp(sequence, 0), at(31_500));
    assert_eq!(outputs(&mut esme), []);
}

#[test]
fn a_silent_peer_is_asked_and_then_left() {
    let mut esme = bound();
    let ask = esme.poll_timeout().expect("enquire_link runs");
    esme.handle_timeout(ask);
    assert!(matches!(sent(&mut esme)[..], [Pdu { body: Body::EnquireLink, .. }]));
    let give_up = esme.poll_timeout().expect("still runs");
    esme.submit(Message::default(), false, 7, ask).expect("room");
    esme.handle_timeout(give_up);
    assert_eq!(outputs(&mut esme), [Output::Unanswered(7), Output::Close(Why::Silence)]);
    assert_eq!(esme.poll_timeout(), None);
}

#[test]
fn a_bind_that_is_never_answered_is_given_up() {
    let mut esme = Esme::<u8>::connected(opening(), at(0));
    esme.handle_timeout(at(30_000));
    assert_eq!(outputs(&mut esme), [Output::Close(Why::SessionInit)]);
}

#[test]
fn goodbye_is_said_once_and_deliveries_meanwhile_are_put_off() {
    let mut esme = bound();
    esme.refuse_deliveries();
    esme.handle_input(&file("10-ussd-begin-its.hex"), at(2));
    assert_eq!(sent(&mut esme)[0].status, status::RX_T_APPN);
    esme.unbind(at(3));
    esme.unbind(at(4));
    let pdus = sent(&mut esme);
    assert!(matches!(pdus[..], [Pdu { body: Body::Unbind, .. }]));
    esme.handle_input(
        &codec::to_bytes(&Pdu { status: 0, sequence: pdus[0].sequence, body: Body::UnbindResp }),
        at(5),
    );
    assert_eq!(outputs(&mut esme), [Output::Close(Why::Unbound)]);
}

#[test]
fn an_unbind_without_answer_waits_two_seconds() {
    let mut esme = bound();
    esme.unbind(at(1000));
    assert_eq!(esme.poll_timeout(), Some(at(3000)));
    esme.handle_timeout(at(3000));
    assert_eq!(outputs(&mut esme), [Output::Close(Why::Unbound)]);
}

#[test]
fn the_peer_may_say_goodbye_first() {
    let mut esme = bound();
    esme.submit(Message::default(), false, 9, at(2)).expect("room");
    sent(&mut esme);
    esme.handle_input(&file("80-unbind.hex"), at(3));
    assert!(matches!(sent(&mut esme)[..], [Pdu { body: Body::UnbindResp, .. }]));
    assert_eq!(outputs(&mut esme), [Output::Unanswered(9), Output::Close(Why::PeerUnbound)]);
}

#[test]
fn bad_01_and_02_an_impossible_length_is_nacked_and_closes() {
    for name in ["bad/01-length-below-16.hex", "bad/02-length-huge.hex"] {
        let mut esme = bound();
        esme.handle_input(&file(name), at(2));
        assert_eq!(sent(&mut esme), [Pdu::nack(status::INV_CMD_LEN, 0)], "{name}");
        assert!(matches!(outputs(&mut esme)[..], [Output::Close(Why::Framing(_))]), "{name}");
    }
}

#[test]
fn bad_03_05_06_07_08_are_answered_and_the_session_goes_on() {
    answered_and_alive("bad/03-unknown-command.hex", status::INV_CMD_ID);
    answered_and_alive("bad/05-tlv-overrun.hex", status::INV_TLV_LEN);
    answered_and_alive("bad/06-sm-length-overrun.hex", status::INV_MSG_LEN);
    answered_and_alive("bad/07-source-addr-too-long.hex", status::INV_SRC_ADR);
    answered_and_alive("bad/08-cstring-unterminated.hex", status::INV_CMD_LEN);
}

#[test]
fn bad_04_an_unknown_response_is_noted_and_not_answered() {
    let mut esme = bound();
    esme.handle_input(&file("bad/04-unknown-response.hex"), at(2));
    assert_eq!(sent(&mut esme), []);
    assert!(matches!(outputs(&mut esme)[..], [Output::Bad(_)]));
    assert_eq!(esme.state(), State::Bound);
}

#[test]
fn bad_11_a_pdu_begun_and_not_finished_drops_the_link() {
    let mut esme = bound();
    esme.handle_input(&file("bad/11-truncated-stream.hex"), at(1000));
    assert_eq!(outputs(&mut esme), []);
    assert_eq!(esme.poll_timeout(), Some(at(11_000)));
    esme.handle_timeout(at(11_000));
    assert_eq!(outputs(&mut esme), [Output::Close(Why::Unfinished)]);
}

#[test]
fn bad_12_coalesced_pdus_are_all_taken() {
    let mut esme = bound();
    esme.handle_input(&file("bad/12-coalesced.hex"), at(2));
    let seen = outputs(&mut esme).len() + sent(&mut esme).len();
    assert_eq!(seen, 2, "one delivery and one answer to enquire_link");
}

proptest! {
    #[test]
    fn no_input_makes_the_machine_panic_or_write_rubbish(
        pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..20),
        short in any::<bool>(),
    ) {
        let mut esme = bound();
        for (at_ms, mut piece) in (2i64..).zip(pieces) {
            if short && piece.len() >= 16 {
                // A length that fits, so that the body is reached.
                let length = u32::try_from(piece.len()).expect("short");
                piece[..4].copy_from_slice(&length.to_be_bytes());
                let answer = piece[4] & 0x80;
                piece[4..7].copy_from_slice(&[answer, 0, 0]);
            }
            esme.handle_input(&piece, at(at_ms));
            esme.handle_timeout(at(at_ms));
            sent(&mut esme);
        }
        let closes = outputs(&mut esme).iter().filter(|o| matches!(o, Output::Close(_))).count();
        prop_assert!(closes <= 1);
    }
}

/// A bind answered by an SMSC that names this version and congestion; what came of it.
fn bound_to(asked: u8, tlvs: Vec<Tlv>) -> (Esme<u8>, Vec<Output<u8>>) {
    let mut opening = opening();
    opening.bind.interface_version = asked;
    let mut esme = Esme::connected(opening, at(0));
    let bind = sent(&mut esme).remove(0);
    let resp = BindResp { system_id: Some("SMSC".into()), tlvs };
    let resp = Pdu { status: 0, sequence: bind.sequence, body: Body::BindResp(Mode::Transceiver, resp) };
    esme.handle_input(&codec::to_bytes(&resp), at(1));
    let outputs = outputs(&mut esme);
    (esme, outputs)
}

#[test]
fn the_lower_version_of_the_two_is_spoken() {
    let named = |version| vec![tlv::octet(tlv::SC_INTERFACE_VERSION, version)];
    for (asked, tlvs, spoken) in [
        (VERSION_5_0, named(VERSION_5_0), VERSION_5_0),
        (VERSION_5_0, named(VERSION_3_4), VERSION_3_4),
        (VERSION_5_0, vec![], VERSION_3_4),
        (VERSION_3_4, named(VERSION_5_0), VERSION_3_4),
        (VERSION_3_4, named(0x33), 0x33),
        (VERSION_3_4, vec![], VERSION_3_4),
    ] {
        let (_, outputs) = bound_to(asked, tlvs.clone());
        let smsc = Smsc { system_id: "SMSC".into(), version: spoken };
        assert_eq!(outputs, [Output::Bound(smsc)], "{asked:#x} {tlvs:?}");
    }
}

#[test]
fn congestion_is_heard_from_a_peer_of_5_0_only() {
    let tlvs =
        |version| vec![tlv::octet(tlv::SC_INTERFACE_VERSION, version), tlv::octet(tlv::CONGESTION_STATE, 85)];
    let (mut esme, outputs_of_5_0) = bound_to(VERSION_5_0, tlvs(VERSION_5_0));
    assert_eq!(outputs_of_5_0[1], Output::Congestion(85));
    esme.submit(Message::default(), false, 1, at(2)).expect("room");
    let sequence = sent(&mut esme)[0].sequence;
    let resp = MessageResp { tlvs: vec![tlv::octet(tlv::CONGESTION_STATE, 99)], ..MessageResp::named("x") };
    let resp = Pdu { status: status::THROTTLED, sequence, body: Body::SubmitSmResp(resp) };
    esme.handle_input(&codec::to_bytes(&resp), at(3));
    assert_eq!(outputs(&mut esme), [Output::Congestion(99), Output::Refused(1, status::THROTTLED)]);
    let (_, outputs_of_3_4) = bound_to(VERSION_3_4, tlvs(VERSION_5_0));
    assert_eq!(outputs_of_3_4.len(), 1, "{outputs_of_3_4:?}");
}

#[test]
fn parameters_of_5_0_are_kept_from_a_peer_of_3_4() {
    let message = || Message {
        tlvs: vec![
            tlv::octet(tlv::USSD_SERVICE_OP, 2),
            (tlv::SOURCE_NODE_ID, Bytes::from_static(b"echoed")),
            tlv::octet(0x0610, 1),
            tlv::octet(tlv::CONGESTION_STATE, 1),
        ],
        ..Message::default()
    };
    let tags = |version: u8| {
        let (mut esme, _) = bound_to(VERSION_5_0, vec![tlv::octet(tlv::SC_INTERFACE_VERSION, version)]);
        esme.submit(message(), false, 1, at(2)).expect("room");
        let Body::SubmitSm(message) = sent(&mut esme).remove(0).body else { panic!("a submit_sm") };
        message.tlvs.iter().map(|(tag, _)| *tag).collect::<Vec<_>>()
    };
    assert_eq!(tags(VERSION_3_4), [tlv::USSD_SERVICE_OP, tlv::SOURCE_NODE_ID]);
    assert_eq!(tags(VERSION_5_0).len(), 4);
}

#[test]
fn an_outbind_is_told_once_and_not_answered() {
    let mut esme = bound();
    let mut outbind = codec::to_bytes(&Pdu::request(9, Body::EnquireLink)).to_vec();
    outbind[4..8].copy_from_slice(&0x0000_000B_u32.to_be_bytes());
    outbind.extend_from_slice(b"SMSC\0secret\0");
    outbind[3] = outbind.len() as u8;
    esme.handle_input(&outbind.repeat(2), at(2));
    assert_eq!(outputs(&mut esme), [Output::Outbind]);
    assert_eq!((sent(&mut esme), esme.state()), (vec![], State::Bound));
}

#[test]
fn enquire_link_is_answered_before_the_bind_is() {
    let mut esme = Esme::connected(opening(), at(0));
    sent(&mut esme);
    esme.handle_input(&codec::to_bytes(&Pdu::request(77, Body::EnquireLink)), at(1));
    assert_eq!(sent(&mut esme), [Pdu { status: 0, sequence: 77, body: Body::EnquireLinkResp }]);
    assert_eq!(esme.state(), State::Binding);
}

#[test]
fn a_response_past_its_timer_is_dropped_and_its_place_is_free_again() {
    let mut esme = bound();
    esme.submit(Message::default(), false, 1, at(1_000)).expect("room");
    let sequence = sent(&mut esme)[0].sequence;
    assert_eq!(esme.unanswered(), 1);
    esme.handle_timeout(at(31_000));
    assert!(outputs(&mut esme).contains(&Output::Unanswered(1)));
    assert_eq!(esme.unanswered(), 0);
    esme.handle_input(&resp(sequence, status::OK), at(31_001));
    assert_eq!(outputs(&mut esme), []);
}
