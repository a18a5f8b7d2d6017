//! Faults on command, and the requests that an SMSC answers beside messages.

use super::*;
use crate::smpp::receipt;

/// A PDU of a command the codec does not speak.
fn request(command: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = 16 + body.len() as u32;
    let header = [length, command, 0, sequence].map(u32::to_be_bytes).concat();
    [&header, body].concat()
}

impl Esme {
    /// Answers whatever comes until an answer to one of ours does.
    async fn answer_of(&mut self, sequence: u32) -> Pdu {
        loop {
            let pdu = self.next().await;
            match pdu.answer(status::OK) {
                Some(answer) => self.send(&answer).await,
                None if pdu.sequence == sequence => return pdu,
                None => {}
            }
        }
    }

    async fn post(&mut self, sequence: u32, text: &str) {
        let message = Message {
            source: Address::new(0, 1, "48357"),
            dest: Address::new(1, 1, "254700000101"),
            registered_delivery: 1,
            short_message: Bytes::copy_from_slice(text.as_bytes()),
            ..Message::default()
        };
        self.send(&Pdu::request(sequence, Body::SubmitSm(message))).await;
    }
}

#[tokio::test]
async fn a_message_can_be_asked_about_and_is_too_late_to_change() {
    let smsc = operator(|_| {}).await;
    let mut esme = Esme::bound(&smsc).await;
    esme.sms("254700000101", b"habari", 0, 0).await;
    let id = smsc.taken()[0].id;
    let address = [1, 1, b'1', 0];
    let named = |id: u32| [id.to_string().as_bytes(), &[0], &address].concat();
    let ask = |command, body: &[u8]| request(command, 77, body);
    esme.raw(&ask(0x03, &named(id))).await;
    let answer = esme.frame().await.expect("query_sm_resp");
    assert_eq!(answer[4..16], [0x8000_0003, 0, 77u32].map(u32::to_be_bytes).concat());
    let fields: Vec<&[u8]> = answer[16..].splitn(3, |octet| *octet == 0).collect();
    assert_eq!((fields[0], fields[1].len()), (id.to_string().as_bytes(), 16));
    assert_eq!(fields[2], [2, 0], "delivered, no error");

    let cancel = [&b"\0"[..], &named(id), &address].concat();
    for (command, body, wanted) in
        [(0x03, named(1), 0x0C), (0x08, cancel, 0x11), (0x07, named(id), 0x13), (0x07, named(1), 0x0C)]
    {
        esme.raw(&ask(command, &body)).await;
        let answer = esme.frame().await.expect("an answer");
        assert_eq!(answer[4..], [0x8000_0000 | command, wanted, 77].map(u32::to_be_bytes).concat());
    }
    esme.raw(&ask(0x21, b"")).await;
    assert_eq!(esme.next().await, Pdu::nack(status::INV_CMD_ID, 77), "submit_multi is not spoken");
    let mut receiver = Esme::connect(&smsc).await;
    receiver.bind(Mode::Receiver, "sokoni", "s3cr3t").await;
    receiver.raw(&ask(0x03, &named(id))).await;
    assert_eq!(receiver.frame().await.expect("an answer")[8..12], [0, 0, 0, 4]);
}

#[tokio::test]
async fn answers_come_out_of_order_twice_late_or_never_and_the_operator_knows_which_were_unheard() {
    let smsc = operator(|_| {}).await;
    let mut esme = Esme::bound(&smsc).await;
    smsc.faults(|faults| faults.hold_submit_resp = Spell::Times(1));
    esme.post(101, "held").await;
    esme.post(102, "overtakes").await;
    let mut order = Vec::new();
    while order.len() < 2 {
        let pdu = esme.next().await;
        match pdu.body {
            Body::SubmitSmResp(_) => order.push(pdu.sequence),
            _ => esme.send(&pdu.answer(status::OK).expect("a request")).await,
        }
    }
    assert_eq!(order, [102, 101]);
    smsc.faults(|faults| {
        faults.hold_submit_resp = Spell::Never;
        faults.repeat_submit_resp = Spell::Times(1);
    });
    esme.post(103, "twice").await;
    esme.answer_of(103).await;
    esme.answer_of(103).await;
    smsc.faults(|faults| {
        faults.drop_submit = Spell::Times(1);
        faults.refuse = Spell::Times(1);
        faults.refuse_with = 0x0412;
    });
    esme.post(104, "never seen").await;
    esme.post(105, "refused").await;
    let refused = esme.answer_of(105).await;
    assert_eq!((refused.status, refused.body), (0x0412, Body::SubmitSmResp(MessageResp::default())));
    let fates: Vec<_> = smsc.taken().into_iter().map(|taken| (taken.text, taken.heard)).collect();
    assert_eq!(fates, [("held".into(), false), ("overtakes".into(), true), ("twice".into(), true)]);
}

#[tokio::test]
async fn every_shape_of_receipt_reads_as_what_happened() {
    for shape in [
        ReceiptShape::Both,
        ReceiptShape::TextOnly,
        ReceiptShape::ParametersOnly,
        ReceiptShape::Blank,
        ReceiptShape::LongDates,
        ReceiptShape::ShortState,
        ReceiptShape::NoEsmClass,
    ] {
        let smsc = operator(|settings| {
            settings.receipts = shape;
            settings.message_ids = MessageIds::HexInReceipts;
        })
        .await;
        smsc.faults(|faults| {
            faults.receipt_first = true;
            faults.stray_receipt = Spell::Times(1);
        });
        let mut esme = Esme::bound(&smsc).await;
        esme.post(101, "habari").await;
        let (stray, real) = (esme.take(status::OK).await, esme.take(status::OK).await);
        assert_ne!(stray, real);
        let receipt::Reading::Receipt(read) = receipt::read(&real) else { panic!("{shape:?}: {real:?}") };
        let id = smsc.taken()[0].id;
        assert_eq!(read.id, format!("{id:X}"), "{shape:?}");
        let Body::SubmitSmResp(answer) = esme.next().await.body else { panic!("the answer comes last") };
        assert_eq!(answer.message_id, Some(id.to_string()));
    }
}

#[tokio::test]
async fn a_begin_comes_twice_a_phone_hangs_up_early_and_an_answer_comes_too_late() {
    let smsc = operator(|_| {}).await;
    let mut esme = Esme::bound(&smsc).await;
    let phone = smsc.handset(number("254700000101"));
    smsc.faults(|faults| {
        faults.begin_twice = Spell::Times(1);
        faults.reply_after_end = Spell::Times(1);
    });
    let (_, screen) = tokio::join!(
        async {
            let begin = esme.take(status::OK).await;
            assert_eq!(begin, esme.take(status::OK).await);
            esme.show(&begin, 0x11, "Asante.").await;
        },
        phone.dial("*483*57#")
    );
    assert!(!screen.expect("a screen").open);
    let stray = esme.take(status::OK).await;
    assert_eq!(tlv::number(&stray.tlvs, tlv::USSD_SERVICE_OP), Some(0x12));
    assert_eq!(esme.show(&stray, 0x02, "Piga tena").await.status, status::OK, "nameless: session 0");

    phone.cancel().await;
    esme.take(status::OK).await;
    smsc.faults(|faults| faults.abort_in_flight = Spell::Times(1));
    let (begin, failed) = tokio::join!(esme.take(status::OK), phone.dial("*483*57#"));
    assert_eq!(failed, Err(PhoneError::Ended));
    assert_eq!(tlv::number(&esme.take(status::OK).await.tlvs, tlv::USSD_SERVICE_OP), Some(0x81));
    assert_eq!(esme.show(&begin, 0x02, "in flight").await.status, status::SUBMIT_FAIL);

    smsc.faults(|faults| faults.cut_after_step = Spell::Times(1));
    let (_, failed) = tokio::join!(esme.take(status::OK), phone.dial("*483*57#"));
    assert!(failed.is_err());
    assert_eq!(esme.frame().await, None);
}

#[tokio::test]
async fn damaged_and_scattered_octets_leave_the_stream_whole() {
    let smsc = operator(|settings| settings.timers.response = Duration::from_millis(100)).await;
    let mut esme = Esme::bound(&smsc).await;
    let phone = smsc.handset(number("254700000101"));
    smsc.faults(|faults| {
        faults.malformed = Spell::Times(4);
        faults.octets_at_once = 3;
    });
    for turn in 0..4 {
        phone.send_sms(&format!("habari {turn}")).await.expect("sent");
        assert!(codec::decode(&esme.frame().await.expect("a frame")).is_err(), "nobody can read it");
        assert_eq!(&esme.take(status::OK).await.short_message[..7], b"habari ");
    }
    smsc.faults(|faults| faults.drop_deliver = Spell::Times(1));
    phone.send_sms("lost once").await.expect("sent");
    assert_eq!(&esme.take(status::OK).await.short_message[..], b"lost once");
    smsc.write_raw(&fixture("bad/03-unknown-command"));
    assert!(codec::decode(&esme.frame().await.expect("a frame")).is_err());
    assert_eq!((smsc.counters().malformed, smsc.counters().redelivered), (4, 1));
}

#[tokio::test]
async fn long_screens_are_refused_where_that_is_the_custom_and_idle_links_are_unbound() {
    let smsc = operator(|settings| {
        settings.refuses_long_screens = true;
        settings.timers.inactivity = Duration::from_millis(200);
    })
    .await;
    let mut esme = Esme::bound(&smsc).await;
    let phone = smsc.handset(number("254700000101"));
    let (_, screen) = tokio::join!(
        async {
            let begin = esme.take(status::OK).await;
            assert_eq!(esme.show(&begin, 0x02, &"x".repeat(161)).await.status, status::INV_MSG_LEN);
            esme.show(&begin, 0x11, &"x".repeat(160)).await;
        },
        phone.dial("*483*57#")
    );
    assert_eq!(screen.expect("a screen").text.len(), 160);
    let message = Message {
        source: Address::new(0, 1, "48358"),
        dest: Address::new(0, 1, "48357"),
        short_message: Bytes::from_static(b"from one application to another"),
        ..Message::default()
    };
    esme.send(&Pdu::request(9, Body::SubmitSm(message.clone()))).await;
    assert_eq!(esme.take(status::OK).await, message);
    assert_eq!(esme.next().await.status, status::OK);
    assert_eq!(esme.next().await.body, Body::Unbind);
    assert_eq!(esme.frame().await, None);
}
