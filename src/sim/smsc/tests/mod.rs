//! The operator against a scripted ESME that writes and reads single PDUs.

mod dialects;
mod mischief;

use super::*;
use crate::smpp::{
    codec,
    pdu::{Address, Bind, Body, Message, MessageResp, Mode, Pdu, UDHI},
    status, tlv,
};
use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const SOON: Duration = Duration::from_secs(5);

/// An application reduced to its wire.
struct Esme {
    stream: TcpStream,
    read: BytesMut,
    sequence: u32,
}

impl Esme {
    async fn connect(smsc: &Smsc) -> Self {
        let stream = TcpStream::connect(smsc.addr).await.expect("connects");
        Self { stream, read: BytesMut::new(), sequence: 0 }
    }

    async fn bound(smsc: &Smsc) -> Self {
        let mut esme = Self::connect(smsc).await;
        assert_eq!(esme.bind(Mode::Transceiver, "sokoni", "s3cr3t").await, status::OK);
        esme
    }

    async fn bind(&mut self, mode: Mode, system_id: &str, password: &str) -> u32 {
        let bind = Bind {
            system_id: system_id.into(),
            password: password.into(),
            interface_version: 0x34,
            ..Bind::default()
        };
        self.ask(Body::Bind(mode, bind)).await.status
    }

    async fn raw(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).await.expect("written");
    }

    async fn send(&mut self, pdu: &Pdu) {
        self.raw(&codec::to_bytes(pdu)).await;
    }

    /// A request and its answer; nothing else may come in between.
    async fn ask(&mut self, body: Body) -> Pdu {
        self.sequence += 1;
        self.send(&Pdu::request(self.sequence, body)).await;
        let answer = self.next().await;
        assert_eq!(answer.sequence, self.sequence);
        answer
    }

    async fn frame(&mut self) -> Option<Bytes> {
        loop {
            if let Ok(frame) = codec::cut(&mut self.read, codec::MOST_OCTETS) {
                return Some(frame);
            }
            let read = timeout(SOON, self.stream.read_buf(&mut self.read)).await.expect("a PDU in time");
            if !matches!(read, Ok(1..)) {
                return None;
            }
        }
    }

    async fn next(&mut self) -> Pdu {
        codec::decode(&self.frame().await.expect("a PDU")).expect("readable")
    }

    /// The next message from the SMSC, answered with a status.
    async fn take(&mut self, status: u32) -> Message {
        let pdu = self.next().await;
        self.send(&pdu.answer(status).expect("a request")).await;
        match pdu.body {
            Body::DeliverSm(message) => message,
            other => panic!("not a deliver_sm: {other:?}"),
        }
    }

    /// Answers a step with a screen, its session echoed.
    async fn show(&mut self, step: &Message, op: u8, text: &str) -> Pdu {
        let mut tlvs = vec![tlv::octet(tlv::USSD_SERVICE_OP, op)];
        tlvs.extend(step.tlvs.iter().filter(|(tag, _)| *tag == tlv::ITS_SESSION_INFO).cloned());
        self.ask(Body::SubmitSm(Message {
            service_type: "USSD".into(),
            source: step.dest.clone(),
            dest: step.source.clone(),
            short_message: Bytes::copy_from_slice(text.as_bytes()),
            tlvs,
            ..Message::default()
        }))
        .await
    }

    async fn sms(&mut self, to: &str, octets: &[u8], esm_class: u8, receipt: u8) -> Pdu {
        self.ask(Body::SubmitSm(Message {
            source: Address::new(5, 0, "SOKONI"),
            dest: Address::new(1, 1, to),
            esm_class,
            registered_delivery: receipt,
            short_message: Bytes::copy_from_slice(octets),
            ..Message::default()
        }))
        .await
    }
}

fn number(digits: &str) -> Msisdn {
    Msisdn::from_e164(digits).expect("a number")
}

async fn operator(change: impl FnOnce(&mut SmscSettings)) -> Smsc {
    let mut settings = SmscSettings::default();
    change(&mut settings);
    Smsc::start(settings).await.expect("listens")
}

fn fixture(name: &str) -> Bytes {
    let path = format!("{}/fixtures/pdu/{name}.hex", env!("CARGO_MANIFEST_DIR"));
    let hex = std::fs::read_to_string(path).expect("the fixture");
    let digits: Vec<u8> = hex.lines().filter(|line| !line.starts_with('#')).flat_map(str::bytes).collect();
    let digits: Vec<u8> = digits.into_iter().filter(u8::is_ascii_hexdigit).collect();
    let octet =
        |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex");
    digits.as_chunks().0.iter().map(octet).collect()
}

/// Two PDUs are the same but for their sequence numbers, which count what went before.
fn same_but_for_sequence(sent: &[u8], wanted: &[u8]) {
    assert_eq!(sent[..12], wanted[..12]);
    assert_eq!(sent[16..], wanted[16..]);
}

#[tokio::test]
async fn every_step_of_a_dialog_is_the_worked_example_octet_for_octet() {
    let smsc = operator(|s| s.first_session = 0x2A).await;
    let mut esme = Esme::bound(&smsc).await;
    let phone = smsc.handset(number("254700000123"));
    let user = tokio::spawn({
        let phone = phone.clone();
        async move {
            let first = phone.dial("*483*57#").await.expect("a screen");
            assert_eq!(
                first,
                Screen {
                    text: "Karibu Sokoni\n1. Orodhesha bidhaa\n2. Oda zangu\n3. Malipo\n0. Toka".into(),
                    open: true
                }
            );
            let last = phone.press("2").await.expect("a last screen");
            assert_eq!(last, Screen { text: "Huna oda mpya. Asante.".into(), open: false });
            assert_eq!(phone.press("1").await, Err(PhoneError::NoDialog));
        }
    });
    same_but_for_sequence(&esme.frame().await.expect("begin"), &fixture("10-ussd-begin-its"));
    esme.raw(&fixture("11-deliver-sm-resp")).await;
    esme.raw(&fixture("12-ussd-continue-its")).await;
    assert_eq!(esme.next().await.status, status::OK);
    same_but_for_sequence(&esme.frame().await.expect("reply"), &fixture("14-ussd-reply-its"));
    esme.raw(&fixture("15-ussd-end-its")).await;
    assert_eq!(esme.next().await.status, status::OK);
    user.await.expect("the subscriber is content");
    assert_eq!(smsc.counters().screens, 2);
}

#[tokio::test]
async fn hanging_up_is_told_as_the_worked_example_or_not_at_all() {
    let smsc = operator(|s| s.first_session = 0x2A).await;
    let mut esme = Esme::bound(&smsc).await;
    let phone = smsc.handset(number("254700000123"));
    for silent in [false, true] {
        smsc.faults(|f| f.silent_abort = silent);
        let (_, screen) = tokio::join!(
            async {
                let begin = esme.take(status::OK).await;
                esme.show(&begin, 0x02, "1 or 2?").await;
            },
            phone.dial("*483*57#")
        );
        assert!(screen.expect("a screen").open);
        let (_, screen) = tokio::join!(
            async {
                let reply = esme.take(status::OK).await;
                esme.show(&reply, 0x02, "3 or 4?").await;
            },
            phone.press("1")
        );
        assert!(screen.expect("a screen").open);
        phone.cancel().await;
        if !silent {
            same_but_for_sequence(&esme.frame().await.expect("abort"), &fixture("17-ussd-abort-network"));
        }
        assert_eq!(phone.screen(), Screen::default());
    }
    assert_eq!(esme.ask(Body::EnquireLink).await.body, Body::EnquireLinkResp);
    assert_eq!(smsc.counters().aborts, 1);
}

#[tokio::test]
async fn binds_are_checked_and_messages_need_one() {
    let smsc = operator(|s| s.most_binds = 1).await;
    let mut esme = Esme::connect(&smsc).await;
    assert_eq!(esme.sms("254700000101", b"too early", 0, 0).await.status, status::INV_BND_STS);
    assert_eq!(esme.bind(Mode::Receiver, "someone", "s3cr3t").await, status::INV_SYS_ID);
    assert_eq!(esme.bind(Mode::Receiver, "sokoni", "wrong").await, status::INV_PASWD);
    smsc.faults(|f| f.wrong_password = Spell::Times(1));
    assert_eq!(esme.bind(Mode::Receiver, "sokoni", "s3cr3t").await, status::INV_PASWD);
    assert_eq!(esme.bind(Mode::Receiver, "sokoni", "s3cr3t").await, status::OK);
    assert_eq!(esme.bind(Mode::Receiver, "sokoni", "s3cr3t").await, status::ALY_BND);
    assert_eq!(esme.sms("254700000101", b"a receiver", 0, 0).await.status, status::INV_BND_STS);
    let mut second = Esme::connect(&smsc).await;
    assert_eq!(second.bind(Mode::Transmitter, "sokoni", "s3cr3t").await, status::ALY_BND);
    assert_eq!(esme.ask(Body::Unbind).await.body, Body::UnbindResp);
    assert_eq!(esme.frame().await, None, "closed after unbind");
}

#[tokio::test]
async fn an_sms_the_application_did_not_take_is_kept_over_a_dropped_link_and_a_refusal() {
    let smsc = operator(|s| s.timers.retry = Duration::from_millis(20)).await;
    let phone = smsc.handset(number("254700000101"));
    phone.send_sms("UZA KIKAPU 850").await.expect("sent with nobody bound");
    let mut esme = Esme::bound(&smsc).await;
    assert!(matches!(esme.next().await.body, Body::DeliverSm(_)));
    smsc.drop_links();
    assert_eq!(esme.frame().await, None);

    let mut esme = Esme::bound(&smsc).await;
    assert_eq!(&esme.take(status::RX_T_APPN).await.short_message[..], b"UZA KIKAPU 850");
    assert_eq!(&esme.take(status::OK).await.short_message[..], b"UZA KIKAPU 850");
    assert_eq!(esme.ask(Body::EnquireLink).await.body, Body::EnquireLinkResp, "taken: not sent again");
    assert_eq!(smsc.counters().redelivered, 2);
}

#[tokio::test]
async fn a_begin_is_not_kept_over_a_dropped_link_but_a_reply_is() {
    let smsc = operator(|_| {}).await;
    let phone = smsc.handset(number("254700000101"));
    assert_eq!(phone.dial("*483*57#").await, Err(PhoneError::NoService));

    let mut esme = Esme::bound(&smsc).await;
    let (_, begun) = tokio::join!(
        async {
            esme.next().await;
            smsc.drop_links();
        },
        phone.dial("*483*57#")
    );
    assert_eq!(begun, Err(PhoneError::LinkLost));

    let mut esme = Esme::bound(&smsc).await;
    let (_, begun) = tokio::join!(
        async {
            let begin = esme.take(status::OK).await;
            esme.show(&begin, 0x02, "1 or 2?").await;
        },
        phone.dial("*483*57#")
    );
    assert!(begun.expect("a screen").open);
    let (_, answered) = tokio::join!(
        async {
            let lost = esme.next().await;
            smsc.drop_links();
            let mut esme = Esme::bound(&smsc).await;
            let reply = esme.take(status::OK).await;
            assert_eq!(lost.body, Body::DeliverSm(reply.clone()));
            esme.show(&reply, 0x11, "Asante.").await;
        },
        phone.press("2")
    );
    assert_eq!(answered.map(|screen| screen.text).as_deref(), Ok("Asante."));
}

#[tokio::test]
async fn faults_come_and_go_as_told() {
    let smsc = operator(|_| {}).await;
    let mut esme = Esme::bound(&smsc).await;
    smsc.faults(|f| {
        f.throttled = Spell::Times(2);
        f.queue_full = Spell::Times(1);
    });
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(esme.sms("254700000101", b"habari", 0, 0).await.status);
    }
    assert_eq!(seen, [status::THROTTLED, status::THROTTLED, status::MSG_Q_FUL, status::OK]);
    let phone = smsc.handset(number("254700000101"));
    assert_eq!(phone.inbox().len(), 1);

    smsc.faults(|f| f.swallow_submit_resp = Spell::Times(1));
    esme.send(&Pdu::request(
        77,
        Body::SubmitSm(Message {
            source: Address::new(0, 1, "48357"),
            dest: Address::new(1, 1, "254700000101"),
            short_message: Bytes::from_static(b"taken in silence"),
            ..Message::default()
        }),
    ))
    .await;
    assert_eq!(esme.ask(Body::EnquireLink).await.body, Body::EnquireLinkResp, "no submit_sm_resp before it");
    assert_eq!(phone.inbox()[1].text, "taken in silence");

    smsc.faults(|f| f.repeat_deliver = true);
    phone.send_sms("mara mbili").await.expect("sent");
    let first = esme.take(status::OK).await;
    assert_eq!(first, esme.take(status::OK).await);

    smsc.refuse_for(Duration::from_millis(300));
    let mut refused = Esme::connect(&smsc).await;
    assert_eq!(refused.frame().await, None);
    tokio::time::sleep(Duration::from_millis(320)).await;
    Esme::bound(&smsc).await;
}

#[tokio::test]
async fn a_long_sms_arrives_whole_with_a_receipt_for_each_part() {
    let smsc = operator(|s| s.message_ids = MessageIds::Hex).await;
    let mut esme = Esme::bound(&smsc).await;
    let phone = smsc.handset(number("254700000101"));
    let mut ids = Vec::new();
    for (header, text) in [([5, 0, 3, 9, 2, 2], "wa oda"), ([5, 0, 3, 9, 2, 1], "Kikapu ")] {
        let octets = [&header[..], text.as_bytes()].concat();
        let taken = esme.sms("254700000101", &octets, UDHI, 1).await;
        let Body::SubmitSmResp(MessageResp { message_id: Some(id), .. }) = taken.body else {
            panic!("no id: {taken:?}")
        };
        ids.push(u32::from_str_radix(&id, 16).expect("hexadecimal").to_string());
    }
    let sms = phone.wait_sms(SOON).await.expect("an SMS");
    assert_eq!((sms.from.as_str(), sms.text.as_str(), sms.parts), ("SOKONI", "Kikapu wa oda", 2));
    for (id, text) in ids.iter().zip(["wa oda", "Kikapu "]) {
        let receipt = esme.take(status::OK).await;
        assert_eq!((receipt.esm_class, receipt.dest.addr.as_str()), (0x04, "SOKONI"));
        assert_eq!(tlv::c_string(&receipt.tlvs, tlv::RECEIPTED_MESSAGE_ID).as_ref(), Some(id));
        assert_eq!(tlv::number(&receipt.tlvs, tlv::MESSAGE_STATE), Some(2));
        let words = String::from_utf8(receipt.short_message.to_vec()).expect("ASCII");
        assert!(words.starts_with(&format!("id:{id} sub:001 dlvrd:001 submit date:")), "{words}");
        assert!(words.ends_with(&format!("stat:DELIVRD err:000 text:{text}")), "{words}");
    }
    phone.set_reachable(false);
    esme.sms("254700000101", b"off", 0, 2).await;
    let receipt = esme.take(status::OK).await;
    assert_eq!(tlv::number(&receipt.tlvs, tlv::MESSAGE_STATE), Some(5));
    assert_eq!(
        phone.wait_sms(Duration::from_millis(20)).await,
        Err(PhoneError::NoSms(Duration::from_millis(20)))
    );
}

#[tokio::test]
async fn a_long_text_from_a_phone_goes_in_parts_with_a_header() {
    let smsc = operator(|_| {}).await;
    let mut esme = Esme::bound(&smsc).await;
    smsc.handset(number("254700000101")).send_sms(&"kikapu ".repeat(30)).await.expect("sent");
    let (one, two) = (esme.take(status::OK).await, esme.take(status::OK).await);
    assert_eq!((one.esm_class, two.esm_class), (UDHI, UDHI));
    assert_eq!(one.short_message[..6], [5, 0, 3, 1, 2, 1]);
    assert_eq!(two.short_message[..6], [5, 0, 3, 1, 2, 2]);
    assert_eq!(one.short_message.len() + two.short_message.len(), 6 + 6 + 210);
}

#[tokio::test]
async fn a_screen_that_is_too_long_loses_its_end_and_a_late_one_is_refused() {
    let smsc = operator(|s| {
        s.dialect = Dialect::Msisdn;
        s.timers.answer = Duration::from_millis(100);
    })
    .await;
    let mut esme = Esme::bound(&smsc).await;
    let phone = smsc.handset(number("254700000101"));
    let (begin, screen) = tokio::join!(
        async {
            let begin = esme.take(status::OK).await;
            esme.show(&begin, 0x02, &"x".repeat(200)).await;
            begin
        },
        phone.dial("*483*57#")
    );
    assert_eq!(screen.expect("a screen").text.len(), 182);
    assert_eq!(smsc.counters().screens_cut, 1);
    assert_eq!(tlv::get(&begin.tlvs, tlv::ITS_SESSION_INFO), None, "this dialect names no session");

    let late = phone.press("1").await;
    assert!(matches!(late, Err(PhoneError::NoAnswer(_))), "{late:?}");
    let reply = esme.take(status::OK).await;
    let abort = esme.take(status::OK).await;
    assert_eq!(tlv::number(&abort.tlvs, tlv::USSD_SERVICE_OP), Some(0x81));
    assert_eq!(esme.show(&reply, 0x02, "late").await.status, status::SUBMIT_FAIL);
    assert_eq!(smsc.counters().screens_late, 1);
    assert_eq!(phone.screen().text, "The service does not answer. Please try again later.");
}

#[tokio::test]
async fn session_numbers_count_to_255_and_begin_again() {
    let smsc = operator(|s| s.first_session = 255).await;
    let mut esme = Esme::bound(&smsc).await;
    let phone = smsc.handset(number("254700000101"));
    for session in [255, 0] {
        let (_, ended) = tokio::join!(
            async {
                let begin = esme.take(status::OK).await;
                assert_eq!(tlv::get(&begin.tlvs, tlv::ITS_SESSION_INFO).map(|info| info[0]), Some(session));
                let mut other = begin.clone();
                other.tlvs[1].1 = Bytes::from_static(&[7, 0]);
                assert_eq!(esme.show(&other, 0x02, "of another dialog").await.status, status::SUBMIT_FAIL);
                esme.show(&begin, 0x11, "Asante.").await;
            },
            phone.dial("*483*57*1*2#")
        );
        assert_eq!(ended.map(|screen| screen.open), Ok(false));
    }
    assert!(matches!(phone.dial("*144#").await, Err(PhoneError::NoSuchCode { .. })));
}

#[tokio::test]
async fn a_quiet_link_is_asked_and_a_dead_one_closed() {
    let smsc = operator(|s| {
        s.timers.enquire_link = Duration::from_millis(50);
        s.timers.response = Duration::from_millis(100);
        s.timers.session_init = Duration::from_millis(50);
    })
    .await;
    let mut unbound = Esme::connect(&smsc).await;
    assert_eq!(unbound.frame().await, None, "never bound");
    let mut esme = Esme::bound(&smsc).await;
    let asked = esme.next().await;
    assert_eq!(asked.body, Body::EnquireLink);
    esme.send(&asked.answer(status::OK).expect("a request")).await;
    assert_eq!(esme.next().await.body, Body::EnquireLink);
    assert_eq!(esme.frame().await, None, "the second one went unanswered");
}

#[tokio::test]
async fn nonsense_is_answered_and_only_a_broken_frame_closes_the_link() {
    let smsc = operator(|_| {}).await;
    let mut esme = Esme::bound(&smsc).await;
    esme.raw(&[0, 0, 0, 16, 0, 0, 0x0F, 0xFF, 0, 0, 0, 0, 0, 0, 0, 9]).await;
    assert_eq!(esme.next().await, Pdu::nack(status::INV_CMD_ID, 9));
    assert_eq!(esme.ask(Body::EnquireLink).await.body, Body::EnquireLinkResp);
    esme.raw(&[0, 0, 0, 15, 0, 0, 0, 21, 0, 0, 0, 0, 0, 0, 0, 9]).await;
    assert_eq!(esme.next().await, Pdu::nack(status::INV_CMD_LEN, 0));
    assert_eq!(esme.frame().await, None);
}
