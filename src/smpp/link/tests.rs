use super::*;
use crate::smpp::fixture;
use crate::smpp::pdu::{Address, Body, Mode};
use crate::smpp::peer::{Engine, Peer, Still, engine, settings, until};
use crate::types::Msisdn;
use crate::types::receipt::{IdBase, ReceiptState};
use tokio::io::DuplexStream;
use tokio::task::JoinHandle;

const BEGIN: &str = "10-ussd-begin-its.hex";
const REPLY: &str = "14-ussd-reply-its.hex";
const SMS: &str = "51-sms-mo.hex";

/// A link over a pipe, already bound.
struct Rig {
    peer: Peer<DuplexStream>,
    engine: Arc<Engine>,
    line: Arc<Line>,
    health: Arc<Health>,
    gateway: Arc<Gateway>,
    stop: CancellationToken,
    task: JoinHandle<Why>,
}

async fn rig(more: &str) -> Rig {
    let settings = settings("pipe:1", more);
    let gateway = Arc::new(Gateway {
        id: "safari".into(),
        clock: Arc::new(Still),
        started: Instant::now(),
        tap: None,
        marks: Marks::new("safari"),
        dialogs: Arc::new(Mutex::new(Dialogs::new("safari", settings.check().expect("sound"), 1))),
        settings,
    });
    let (engine, subscribers) = engine();
    let (near, far) = tokio::io::duplex(1 << 16);
    let (line, stop) = (Arc::new(Line::default()), CancellationToken::new());
    let health = Arc::new(Health::new(&gateway.settings, 1, Mode::Transceiver, Timestamp::default()));
    let task = tokio::spawn({
        let (gateway, line, health, stop) = (gateway.clone(), line.clone(), health.clone(), stop.clone());
        async move {
            let opening = Opening {
                mode: Mode::Transceiver,
                bind: gateway.settings.bind_request().expect("a password"),
                window: gateway.settings.window,
                limits: gateway.settings.limits(),
            };
            let (gateway, line, health) = (&*gateway, &*line, &*health);
            let link = Link { gateway, line, health, subscribers, number: 1, transmits: true };
            link.run(near, opening, &stop).await
        }
    });
    let mut peer = Peer::new(far);
    peer.bind(status::OK).await;
    until(|| line.room().is_some()).await;
    Rig { peer, engine, line, health, gateway, stop, task }
}

impl Rig {
    fn counts(&self) -> crate::smpp::health::Counts {
        self.health.status().counters
    }

    /// Queues an SMS of one part.
    fn sms(&self, text: &str) -> oneshot::Receiver<PartSent> {
        let (done, answer) = oneshot::channel();
        let message = Message {
            dest: Address::new(1, 1, "254700000123"),
            short_message: text.as_bytes().to_vec().into(),
            ..Message::default()
        };
        let give_up = self.gateway.now().after(Duration::from_secs(60));
        assert!(self.line.send(Part { message, as_data: false, give_up, done }), "room");
        answer
    }
}

#[tokio::test]
async fn a_key_press_is_acked_and_answered_with_its_screen() {
    let mut rig = rig("").await;
    rig.peer.deliver(BEGIN, 17, "*483*57#").await;
    assert_eq!(rig.peer.acked().await, (17, status::OK));
    let (sequence, message, text) = rig.peer.submitted().await;
    assert_eq!(text, "you said begin *483*57#");
    assert_eq!(message.dest.addr, "254700000123");
    rig.peer.resp(sequence, status::OK, "1").await;
    rig.peer.deliver(REPLY, 18, "end").await;
    rig.peer.acked().await;
    let (_, message, text) = rig.peer.submitted().await;
    assert_eq!(text, "Kwaheri");
    assert_eq!(message.tlvs[0].1[0], 0x11, "the last screen closes");
    until(|| rig.counts().screens == 1).await;
    let seen = rig.engine.ussd.lock().expect("unpoisoned");
    assert_eq!((seen[0].sequence, seen[1].sequence), (Some(0), Some(1)));
    assert_ne!(seen[0].mark, seen[1].mark);
}

#[tokio::test]
async fn a_full_lane_is_answered_send_again() {
    let mut rig = rig("").await;
    rig.peer.deliver(REPLY, 5, "busy").await;
    assert_eq!(rig.peer.acked().await, (5, status::RX_T_APPN));
    assert_eq!(rig.counts().busy, 1);
}

#[tokio::test]
async fn a_screen_that_is_late_is_not_sent_and_the_next_dialog_is_served() {
    let mut rig = rig("reply_deadline_ms = 100").await;
    rig.peer.deliver(REPLY, 1, "slow").await;
    rig.peer.acked().await;
    until(|| rig.counts().screens_late == 1).await;
    rig.peer.deliver(REPLY, 2, "1").await;
    rig.peer.acked().await;
    assert_eq!(rig.peer.submitted().await.2, "you said 1");
}

#[tokio::test]
async fn an_sms_is_acked_once_it_is_kept_and_put_off_when_it_could_not_be() {
    let mut rig = rig("").await;
    *rig.engine.failing.lock().expect("unpoisoned") = 1;
    rig.peer.deliver(SMS, 1, "KUBALI 1042").await;
    assert_eq!(rig.peer.acked().await, (1, status::RX_T_APPN));
    rig.peer.deliver(SMS, 2, "KUBALI 1042").await;
    assert_eq!(rig.peer.acked().await, (2, status::OK));
    let kept = rig.engine.sms.lock().expect("unpoisoned");
    assert_eq!((kept.len(), kept[0].text.as_str(), kept[0].to.as_str()), (1, "KUBALI 1042", "48357"));
}

#[tokio::test]
async fn each_part_of_a_long_sms_is_acked_once_it_is_kept() {
    let mut rig = rig("").await;
    *rig.engine.failing.lock().expect("unpoisoned") = 1;
    let second = fixture::message("66-sms-mo-concat-part2-first.hex");
    let mut first = second.clone();
    first.short_message = [&[5, 0, 3, 0x11, 2, 1], b"Nina pete ".as_slice()].concat().into();
    let mut octets = second.short_message.to_vec();
    octets[3] = 0x11;
    let second = Message { short_message: octets.into(), ..second };
    for (sequence, message, wanted) in
        [(1, &second, status::RX_T_APPN), (2, &second, status::OK), (3, &first, status::OK)]
    {
        rig.peer.send(&Pdu::request(sequence, Body::DeliverSm(message.clone()))).await;
        assert_eq!(rig.peer.acked().await, (sequence, wanted));
    }
    let parts = rig.engine.parts.lock().expect("unpoisoned");
    assert_eq!(parts.iter().map(|part| part.place.number).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(
        crate::gsm::assemble::join([&parts[1].piece, &parts[0].piece]).text,
        "Nina pete na mkufu mmoja."
    );
}

#[tokio::test]
async fn a_receipt_reaches_the_engine_with_all_that_leads_to_its_message() {
    let mut rig = rig("receipt_id = \"receipt_decimal\"").await;
    rig.peer.write(&fixture::octets("63-receipt-no-esm-class.hex")).await;
    assert_eq!(rig.peer.acked().await.1, status::OK);
    let seen = rig.engine.receipts.lock().expect("unpoisoned");
    assert_eq!((seen[0].message_id.as_str(), seen[0].base), ("441711949", IdBase::ReceiptDecimal));
    assert_eq!(seen[0].phones, [Msisdn::from_e164("254700000123").expect("a number")]);
    assert_eq!((seen[0].state, &seen[0].error), (ReceiptState::Delivered, &None));
}

#[tokio::test]
async fn a_receipt_that_names_no_message_is_no_text_from_its_phone() {
    let mut rig = rig("").await;
    let short_message = "sub:001 stat:DELIVRD".as_bytes().into();
    let source = Address::new(1, 1, "254700000123");
    let message = Message { esm_class: 0x04, source, short_message, ..Message::default() };
    rig.peer.send(&Pdu::request(7, Body::DeliverSm(message))).await;
    assert_eq!(rig.peer.acked().await, (7, status::OK));
    assert!(rig.engine.sms.lock().expect("unpoisoned").is_empty());
    assert_eq!(rig.counts().dropped, 1);
}

#[tokio::test]
async fn screens_leave_before_sms_that_were_there_first() {
    let mut rig = rig("window = 1").await;
    let _first = rig.sms("first");
    let (sequence, _, text) = rig.peer.submitted().await;
    assert_eq!(text, "first");
    let _second = rig.sms("second");
    rig.peer.deliver(REPLY, 1, "1").await;
    rig.peer.acked().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    rig.peer.resp(sequence, status::OK, "A").await;
    let (sequence, _, text) = rig.peer.submitted().await;
    assert_eq!(text, "you said 1");
    rig.peer.resp(sequence, status::OK, "B").await;
    assert_eq!(rig.peer.submitted().await.2, "second");
}

#[tokio::test]
async fn a_throttled_burst_is_sent_again_one_first_and_nothing_is_lost() {
    let mut rig = rig("").await;
    let answers: Vec<_> = (0..5).map(|n| rig.sms(&n.to_string())).collect();
    for _ in 0..5 {
        let (sequence, ..) = rig.peer.submitted().await;
        rig.peer.resp(sequence, status::THROTTLED, "").await;
    }
    let begun = Instant::now();
    let (probe, ..) = rig.peer.submitted().await;
    assert!(begun.elapsed() > Duration::from_millis(700), "it waits before it tries again");
    rig.peer.resp(probe, status::OK, "00a").await;
    for _ in 0..4 {
        let (sequence, ..) = rig.peer.submitted().await;
        rig.peer.resp(sequence, status::OK, "00a").await;
    }
    for answer in answers {
        assert!(matches!(answer.await, Ok(PartSent::Taken(id)) if id == "00a"));
    }
    assert_eq!(rig.counts().throttled, 5);
}

#[tokio::test]
async fn while_sms_are_held_back_a_screen_probes() {
    let mut rig = rig("").await;
    let _sms = rig.sms("first");
    let (sequence, ..) = rig.peer.submitted().await;
    rig.peer.resp(sequence, status::THROTTLED, "").await;
    rig.peer.deliver(REPLY, 1, "1").await;
    rig.peer.acked().await;
    let (sequence, _, text) = rig.peer.submitted().await;
    assert_eq!(text, "you said 1");
    rig.peer.resp(sequence, status::OK, "").await;
    assert_eq!(rig.peer.submitted().await.2, "first");
}

#[tokio::test]
async fn a_screen_finds_room_in_a_window_full_of_sms() {
    let mut rig = rig("window = 8").await;
    let _waiting: Vec<_> = (0..20).map(|n| rig.sms(&n.to_string())).collect();
    for n in 0..6 {
        assert_eq!(rig.peer.submitted().await.2, n.to_string());
    }
    rig.peer.deliver(REPLY, 1, "1").await;
    rig.peer.acked().await;
    assert_eq!(rig.peer.submitted().await.2, "you said 1", "no SMS was answered, and it leaves");
}

#[tokio::test]
async fn bad_pdus_do_not_disturb_another_dialog() {
    let mut rig = rig("").await;
    rig.peer.deliver(BEGIN, 1, "*483*57#").await;
    rig.peer.acked().await;
    rig.peer.submitted().await;
    for (file, wanted) in [
        ("bad/03-unknown-command.hex", status::INV_CMD_ID),
        ("bad/05-tlv-overrun.hex", status::INV_TLV_LEN),
        ("bad/06-sm-length-overrun.hex", status::INV_MSG_LEN),
        ("bad/08-cstring-unterminated.hex", status::INV_CMD_LEN),
        ("bad/13-udh-length-overrun.hex", status::OK),
        ("bad/14-concat-index-out-of-range.hex", status::OK),
        ("bad/16-ucs2-odd-length.hex", status::OK),
    ] {
        rig.peer.write(&fixture::octets(file)).await;
        assert_eq!(rig.peer.expect().await.status, wanted, "{file}");
    }
    rig.peer.deliver(REPLY, 2, "2").await;
    rig.peer.acked().await;
    assert_eq!(rig.peer.submitted().await.2, "you said 2");
    assert_eq!((rig.counts().bad_pdus, rig.counts().dropped), (4, 1));
}

#[tokio::test]
async fn pdus_split_and_joined_anywhere_are_all_answered() {
    let mut rig = rig("").await;
    for octet in fixture::octets(BEGIN) {
        rig.peer.write(&[octet]).await;
        tokio::task::yield_now().await;
    }
    rig.peer.acked().await;
    rig.peer.submitted().await;
    let three = [fixture::octets(REPLY), fixture::octets("04-enquire-link.hex"), fixture::octets(REPLY)];
    rig.peer.write(&three.concat()).await;
    let mut kinds = Vec::new();
    for _ in 0..4 {
        kinds.push(format!("{:?}", rig.peer.expect().await.body.command()));
    }
    kinds.sort();
    assert_eq!(
        kinds,
        ["DeliverSmResp", "DeliverSmResp", "EnquireLinkResp", "SubmitSm"],
        "one key, one screen"
    );
}

#[tokio::test]
async fn bad_01_after_lost_framing_the_nack_is_written_and_the_link_closes() {
    let mut rig = rig("").await;
    rig.peer.write(&fixture::octets("bad/01-length-below-16.hex")).await;
    assert_eq!(rig.peer.expect().await, Pdu::nack(status::INV_CMD_LEN, 0));
    assert_eq!(rig.peer.next().await, None);
    assert_eq!(rig.task.await.expect("no panic"), Why::Framing(15));
}

#[tokio::test]
async fn when_the_peer_is_gone_an_sms_under_way_comes_back_for_later() {
    let mut rig = rig("").await;
    let (sent, waiting) = (rig.sms("sent"), rig.sms("sent too"));
    rig.peer.submitted().await;
    drop(rig.peer);
    for answer in [sent, waiting] {
        assert!(!matches!(answer.await, Ok(PartSent::Taken(_) | PartSent::Refused(..))));
    }
    assert_eq!(rig.task.await.expect("no panic"), Why::Lost);
    assert!(rig.line.room().is_none(), "nothing can be queued on a dead line");
}

#[tokio::test]
async fn a_permanent_refusal_is_never_and_others_are_later() {
    let mut rig = rig("").await;
    for (status, never) in [(status::INV_DST_ADR, true), (status::SYS_ERR, false), (0x0412, false)] {
        let answer = rig.sms("x");
        let (sequence, ..) = rig.peer.submitted().await;
        rig.peer.resp(sequence, status, "").await;
        let got = answer.await.expect("answered");
        assert_eq!(matches!(got, PartSent::Refused(Class::Permanent, _)), never, "{got:?}");
    }
}

#[tokio::test]
async fn a_stop_lets_the_screen_under_way_leave_and_then_says_goodbye() {
    let mut rig = rig("").await;
    rig.peer.deliver(REPLY, 1, "slow").await;
    rig.peer.acked().await;
    rig.stop.cancel();
    tokio::time::sleep(Duration::from_millis(50)).await;
    rig.peer.deliver(REPLY, 2, "1").await;
    assert_eq!(rig.peer.acked().await, (2, status::RX_T_APPN), "no new work");
    let (sequence, _, text) = rig.peer.submitted().await;
    assert_eq!(text, "too late", "within its deadline here");
    rig.peer.resp(sequence, status::OK, "").await;
    rig.peer.unbind().await;
    assert_eq!(rig.task.await.expect("no panic"), Why::Unbound);
}
