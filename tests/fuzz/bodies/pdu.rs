//! A stream of octets from an SMSC: what is read is written again as it was, and a whole session
//! neither loses nor doubles anything, however the stream is cut into chunks.

use bytes::{Bytes, BytesMut};
use sokoni::smpp::codec::{self, HEADER, MOST_OCTETS, Uncut};
use sokoni::smpp::esme::{Esme, Opening, Output, State};
use sokoni::smpp::pdu::{Bind, BindResp, Body, DataSm, Message, Mode, Pdu, VERSION_5_0};
use sokoni::smpp::status;
use sokoni::smpp::timers::Limits;
use sokoni::types::Timestamp;
use std::time::Duration;

/// Most octets of short_message (SMPP 3.4, 5.2.21).
const MOST_SHORT_MESSAGE: usize = 254;

pub fn any_octets(stream: &[u8]) {
    every_pdu_is_written_as_it_was_read(stream);
    a_session_hears_the_same_in_any_chunks(stream, false);
    a_session_hears_the_same_in_any_chunks(stream, true);
    every_request_comes_to_one_end(stream);
}

/// The PDUs at the front of a stream.
pub fn frames(stream: &[u8]) -> Vec<Bytes> {
    let mut rest = BytesMut::from(stream);
    let mut frames = Vec::new();
    loop {
        let before = rest.len();
        match codec::cut(&mut rest, MOST_OCTETS) {
            Ok(frame) => {
                assert!((HEADER..=MOST_OCTETS).contains(&frame.len()) && rest.len() + frame.len() == before);
                frames.push(frame);
            }
            Err(Uncut::Incomplete | Uncut::Invalid(_)) => return frames,
        }
    }
}

fn every_pdu_is_written_as_it_was_read(stream: &[u8]) {
    for frame in frames(stream) {
        match codec::decode(&frame) {
            Ok(pdu) => {
                let again = codec::decode(&codec::to_bytes(&pdu)).expect("what we write can be read");
                let text = text_of(&pdu.body);
                if text.as_ref().is_some_and(|message| message.short_message.len() > MOST_SHORT_MESSAGE) {
                    let again = text_of(&again.body).expect("still a message");
                    assert_eq!(text.map(|m| m.text_octets().to_vec()), Some(again.text_octets().to_vec()));
                } else {
                    assert_eq!(again, pdu);
                }
                if let Some(message) = text_of(&pdu.body) {
                    let by_data = Message::from(DataSm::from(message.clone()));
                    assert_eq!(by_data.text_octets(), message.text_octets(), "by data_sm it says the same");
                }
            }
            Err(bad) => {
                assert!(!bad.to_string().is_empty());
                if let Some(answer) = bad.answer() {
                    assert!(answer.body.is_response() && answer.sequence == bad.sequence);
                    assert_ne!(answer.status, status::OK);
                }
            }
        }
    }
}

/// The message in a PDU that carries one in a short_message.
fn text_of(body: &Body) -> Option<Message> {
    match body {
        Body::SubmitSm(message) | Body::DeliverSm(message) => Some(message.clone()),
        _ => None,
    }
}

const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A session over a connection that has just opened, or one that is bound and waits for the answers
/// to two messages: 1 and 2.
fn session(bound: bool) -> Esme<u8> {
    let bind = Bind { system_id: "sokoni".into(), interface_version: VERSION_5_0, ..Bind::default() };
    let opening = Opening { mode: Mode::Transceiver, bind, window: 2, limits: Limits::default() };
    let mut esme = Esme::connected(opening, at(0));
    if bound {
        let resp = Body::BindResp(Mode::Transceiver, BindResp::default());
        esme.handle_input(&codec::to_bytes(&Pdu { status: status::OK, sequence: 1, body: resp }), at(0));
        for tag in [1, 2] {
            esme.submit(Message::default(), tag == 2, tag, at(0)).expect("the window holds two");
        }
    }
    esme
}

/// The lengths of chunks, drawn from the stream itself so that it alone tells what happens.
fn chunks(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = stream;
    let mut dice = stream
        .iter()
        .fold(stream.len() as u32, |sum, octet| sum.wrapping_mul(31).wrapping_add(u32::from(*octet)));
    std::iter::from_fn(move || {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (!rest.is_empty()).then(|| super::take(&mut rest, 1 + (dice >> 24) as usize % 40))
    })
}

fn a_session_hears_the_same_in_any_chunks(stream: &[u8], bound: bool) {
    let (mut whole, mut cut) = (session(bound), session(bound));
    whole.handle_input(stream, at(1));
    for chunk in chunks(stream) {
        cut.handle_input(chunk, at(1));
    }
    assert_eq!(whole.octets(), cut.octets());
    assert_eq!((whole.state(), whole.room()), (cut.state(), cut.room()));
    assert_eq!(whole.poll_timeout(), cut.poll_timeout());
    let outputs = |esme: &mut Esme<u8>| std::iter::from_fn(|| esme.poll_output()).collect::<Vec<_>>();
    assert_eq!(outputs(&mut whole), outputs(&mut cut));
}

/// The clock goes on between chunks, timers run out, messages are answered.
fn every_request_comes_to_one_end(stream: &[u8]) {
    let mut esme = session(true);
    let (mut ended, mut closed) = (Vec::new(), 0);
    let mut act = |esme: &mut Esme<u8>| {
        while let Some(output) = esme.poll_output() {
            match output {
                Output::Accepted(tag, _) | Output::Refused(tag, _) | Output::Unanswered(tag) => {
                    ended.push(tag)
                }
                Output::Delivered(pdu) => {
                    assert_eq!(closed, 0, "nothing comes behind the end");
                    esme.answer(&pdu, status::OK);
                }
                Output::Close(_) => closed += 1,
                Output::Bound(_) | Output::Congestion(_) | Output::Outbind | Output::Bad(_) => {}
            }
        }
    };
    let mut now = at(0);
    for chunk in chunks(stream) {
        now = now.after(Duration::from_secs(u64::from(chunk[0]) % 8));
        while let Some(due) = esme.poll_timeout().filter(|due| *due <= now) {
            esme.handle_timeout(now);
            act(&mut esme);
            assert_ne!(esme.poll_timeout(), Some(due), "a timer that ran out is done with");
        }
        esme.handle_input(chunk, now);
        act(&mut esme);
    }
    esme.handle_closed();
    act(&mut esme);
    ended.sort_unstable();
    assert_eq!((ended, closed, esme.state()), (vec![1, 2], 1, State::Closed));
    assert_eq!((esme.poll_timeout(), esme.is_quiet()), (None, true));
    let written = esme.octets().clone();
    let frames = frames(&written);
    assert_eq!(frames.iter().map(Bytes::len).sum::<usize>(), written.len(), "whole PDUs and nothing else");
    for frame in frames {
        codec::decode(&frame).expect("what we write can be read");
    }
}
