use super::keeper::jittered;
use super::*;
use crate::engine::port::Pause;
use crate::smpp::health::BindState;
use crate::smpp::pdu::Body;
use crate::smpp::pdu::UDHI;
use crate::smpp::peer::{Engine, Peer, Still, engine, settings, until};
use crate::smpp::status;
use crate::types::{Msisdn, Purpose};
use tokio::net::TcpListener;
use tokio::net::TcpStream;

/// A pool that binds to listeners of ours.
struct Rig {
    listener: TcpListener,
    pool: Arc<Pool>,
    engine: Arc<Engine>,
    stop: CancellationToken,
}

async fn rig(more: &str) -> Rig {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    let pool = Arc::new(Pool::new(vec![settings(&address, more)], Arc::new(Still)).expect("sound"));
    let (engine, subscribers) = engine();
    let stop = CancellationToken::new();
    pool.start(&subscribers, &stop);
    Rig { listener, pool, engine, stop }
}

impl Rig {
    async fn accept(&self) -> Peer<TcpStream> {
        Peer::new(self.listener.accept().await.expect("a connection").0)
    }

    fn state(&self) -> BindState {
        self.pool.status()[0].state
    }
}

fn sms(text: &str) -> SmsOut {
    SmsOut {
        id: "row 7".to_owned(),
        to: Msisdn::from_e164("254700000123").expect("a number"),
        text: text.to_owned(),
        purpose: Purpose::Order,
        give_up: Still.now().after(Duration::from_secs(26 * 3600)),
        gateway: None,
        partly: None,
    }
}

#[tokio::test]
async fn a_lost_connection_is_made_again() {
    let rig = rig("").await;
    for round in 1..=3 {
        let mut peer = rig.accept().await;
        peer.bind(status::OK).await;
        until(|| rig.state() == BindState::Bound).await;
        assert_eq!(rig.pool.status()[0].counters.binds, round);
    }
    until(|| rig.pool.status()[0].last_error.is_some()).await;
}

#[tokio::test]
async fn a_wrong_password_is_an_alarm_and_is_not_hammered() {
    let rig = rig("refused_ms = 60000").await;
    rig.accept().await.bind(status::INV_PASWD).await;
    until(|| rig.state() == BindState::Refused).await;
    let again = tokio::time::timeout(Duration::from_millis(300), rig.listener.accept()).await;
    assert!(again.is_err(), "no second try so soon");
    let status = &rig.pool.status()[0];
    assert!(status.last_error.as_ref().is_some_and(|why| why.contains("Rinvpaswd")), "{status:?}");
}

#[tokio::test]
async fn already_bound_waits_its_own_while() {
    let rig = rig("already_bound_ms = 60000").await;
    rig.accept().await.bind(status::ALY_BND).await;
    until(|| rig.pool.status()[0].last_error.is_some()).await;
    assert_eq!(rig.state(), BindState::Down);
    assert!(tokio::time::timeout(Duration::from_millis(300), rig.listener.accept()).await.is_err());
}

#[tokio::test]
async fn a_long_sms_is_taken_when_every_part_is() {
    let rig = rig("").await;
    let mut peer = rig.accept().await;
    peer.bind(status::OK).await;
    until(|| rig.state() == BindState::Bound).await;
    let text = "neno ".repeat(50);
    let sending = tokio::spawn({
        let (pool, text) = (rig.pool.clone(), text.clone());
        async move { pool.send(sms(&text)).await }
    });
    let mut heard = String::new();
    let mut shared = None;
    for (number, id) in [(1, "0a"), (2, "0b")] {
        let (sequence, message, _) = peer.submitted().await;
        assert_eq!(message.esm_class, UDHI);
        let reference = *shared.get_or_insert(message.short_message[3]);
        assert_eq!(message.short_message[..6], [5, 0, 3, reference, 2, number]);
        assert_eq!(message.validity_period, "000001020000000R");
        assert_eq!((message.registered_delivery, message.source.addr.as_str()), (1, "48357"));
        heard.push_str(&crate::gsm::alphabet::decode(&message.short_message[6..]));
        peer.resp(sequence, status::OK, id).await;
    }
    assert_eq!(heard, text);
    let taken = Sent::Taken { gateway: "safari".into(), ids: vec!["0a".into(), "0b".into()] };
    assert_eq!(sending.await.expect("no panic"), taken);
}

#[tokio::test]
async fn without_a_bind_an_sms_waits_and_past_its_time_it_never_goes() {
    let rig = rig("").await;
    assert!(matches!(rig.pool.send(sms("x")).await, Sent::Later { .. }));
    let over = SmsOut { give_up: Still.now(), ..sms("x") };
    assert!(matches!(rig.pool.send(over).await, Sent::Never(_)));
    let endless = sms(&"a".repeat(40_000));
    assert!(matches!(rig.pool.send(endless).await, Sent::Never(_)));
}

#[tokio::test]
async fn one_refused_part_is_the_fate_of_the_whole() {
    let rig = rig("").await;
    let mut peer = rig.accept().await;
    peer.bind(status::OK).await;
    until(|| rig.state() == BindState::Bound).await;
    let sending = tokio::spawn({
        let pool = rig.pool.clone();
        async move { pool.send(sms(&"a".repeat(200))).await }
    });
    for status in [status::OK, status::INV_DST_ADR] {
        let (sequence, ..) = peer.submitted().await;
        peer.resp(sequence, status, "1").await;
    }
    assert!(matches!(sending.await.expect("no panic"), Sent::Never(_)));
}

#[tokio::test]
async fn of_a_long_sms_partly_taken_only_the_missing_part_goes_again() {
    let rig = rig("receipt_on = \"last\"").await;
    let mut peer = rig.accept().await;
    peer.bind(status::OK).await;
    until(|| rig.state() == BindState::Bound).await;
    let send = |out: SmsOut| {
        let pool = rig.pool.clone();
        tokio::spawn(async move { pool.send(out).await })
    };
    let long = sms(&"a".repeat(400));
    let sending = send(long.clone());
    let mut first = Vec::new();
    for (status, id) in [(status::OK, "1"), (status::SYS_ERR, ""), (status::OK, "3")] {
        let (sequence, message, _) = peer.submitted().await;
        first.push((message.short_message.clone(), message.registered_delivery));
        peer.resp(sequence, status, id).await;
    }
    assert_eq!(first.iter().map(|(_, receipt)| *receipt).collect::<Vec<_>>(), [0, 0, 1]);
    let Sent::Again { pause, partly, .. } = sending.await.expect("no panic") else { panic!("again") };
    let partly = partly.expect("how far it came");
    assert_eq!((pause, partly.taken.keys().copied().collect::<Vec<_>>()), (Pause::Grows, vec![0, 2]));

    let sending = send(SmsOut { partly: Some(partly), ..long });
    let (sequence, message, _) = peer.submitted().await;
    assert_eq!(message.short_message, first[1].0, "the same part, under the same reference");
    peer.resp(sequence, status::OK, "2").await;
    // Only the last part asked for a receipt, so only its name is waited for.
    let ids = ["", "", "3"].map(str::to_owned).to_vec();
    assert_eq!(sending.await.expect("no panic"), Sent::Taken { gateway: "safari".into(), ids });
}

#[tokio::test]
async fn a_refusal_says_how_the_sms_waits() {
    let rig = rig("[status]\n0x0401 = \"permanent\"").await;
    let mut peer = rig.accept().await;
    peer.bind(status::OK).await;
    until(|| rig.state() == BindState::Bound).await;
    for (status, wanted) in [
        (status::SYS_ERR, Some(Pause::Grows)),
        (status::SUBMIT_FAIL, Some(Pause::GrowsAtMost(2))),
        (0x0400, Some(Pause::GrowsAtMost(2))),
        (0x0401, None),
        (status::INV_SER_TYP, Some(Pause::After(Duration::from_secs(300)))),
    ] {
        let sending = tokio::spawn({
            let pool = rig.pool.clone();
            async move { pool.send(sms("x")).await }
        });
        let (sequence, ..) = peer.submitted().await;
        peer.resp(sequence, status, "").await;
        let pause = match sending.await.expect("no panic") {
            Sent::Again { pause, .. } => Some(pause),
            Sent::Never(_) => None,
            other => panic!("{other:?}"),
        };
        assert_eq!(pause, wanted, "{status:#x}");
    }
}

#[tokio::test]
async fn a_pair_hears_on_one_connection_and_speaks_on_the_other() {
    let rig = rig("bind = \"transmitter+receiver\"").await;
    let (mut one, mut two) = (rig.accept().await, rig.accept().await);
    let first = one.bind(status::OK).await;
    two.bind(status::OK).await;
    let first_receives = matches!(first.body, Body::Bind(Mode::Receiver, _));
    let (mut rx, mut tx) = if first_receives { (one, two) } else { (two, one) };
    until(|| rig.pool.status().iter().all(|status| status.state == BindState::Bound)).await;
    rx.deliver("10-ussd-begin-its.hex", 1, "*483*57#").await;
    assert_eq!(rx.acked().await, (1, status::OK));
    let (sequence, ..) = tx.submitted().await;
    tx.resp(sequence, status::OK, "").await;
    assert_eq!(rig.engine.ussd.lock().expect("unpoisoned").len(), 1);

    rx.deliver("14-ussd-reply-its.hex", 2, "slow").await;
    rx.acked().await;
    rig.stop.cancel();
    let (sequence, _, text) = tx.submitted().await;
    assert_eq!(text, "too late", "the screen under way still finds the transmitter");
    tx.resp(sequence, status::OK, "").await;
    rx.unbind().await;
    tx.unbind().await;
    rig.pool.stopped().await;
    assert!(rig.pool.status().iter().all(|status| status.state == BindState::Stopped));
}

#[tokio::test]
async fn a_stop_ends_a_pool_that_never_bound() {
    let rig = rig("").await;
    rig.stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), rig.pool.stopped()).await.expect("it ends");
}

#[test]
fn two_gateways_of_one_name_are_refused() {
    let two = vec![settings("h:1", ""), settings("h:2", "")];
    let Err(error) = Pool::new(two, Arc::new(Still)) else { panic!("refused") };
    assert!(error.to_string().contains("its own"));
}

#[test]
fn waits_are_spread_around_what_was_asked() {
    for random in [0, 1, 777, u64::MAX] {
        let wait = jittered(Duration::from_secs(8), random);
        assert!((6000..=10_000).contains(&wait.as_millis()), "{wait:?}");
    }
}

#[tokio::test]
async fn a_stop_is_bounded_although_the_smsc_never_answers_and_no_sms_is_taken_for_sent() {
    let rig = rig("bind = \"transmitter+receiver\"").await;
    let (mut one, mut two) = (rig.accept().await, rig.accept().await);
    let first = one.bind(status::OK).await;
    two.bind(status::OK).await;
    let first_receives = matches!(first.body, Body::Bind(Mode::Receiver, _));
    let (_rx, mut tx) = if first_receives { (one, two) } else { (two, one) };
    until(|| rig.pool.status().iter().all(|status| status.state == BindState::Bound)).await;
    let sending = tokio::spawn({
        let pool = rig.pool.clone();
        async move { pool.send(sms("Habari")).await }
    });
    tx.submitted().await;
    let bound = rig.pool.longest_stop();
    assert_eq!(bound, Duration::from_millis(2 * 500 + 4_000));
    rig.stop.cancel();
    tokio::time::timeout(bound, rig.pool.stopped()).await.expect("within the bound");
    assert!(
        matches!(sending.await.expect("no panic"), Sent::Again { pause: Pause::Grows, .. }),
        "it goes again at the next start"
    );
}

#[tokio::test]
async fn a_bind_lost_in_mid_story_is_made_again_and_the_next_screen_leaves_there() {
    let rig = rig("").await;
    let mut peer = rig.accept().await;
    peer.bind(status::OK).await;
    peer.deliver("10-ussd-begin-its.hex", 1, "*483*57#").await;
    peer.acked().await;
    peer.submitted().await;
    drop(peer);
    let mut peer = rig.accept().await;
    peer.bind(status::OK).await;
    peer.deliver("14-ussd-reply-its.hex", 2, "1").await;
    assert_eq!(peer.acked().await, (2, status::OK));
    assert_eq!(peer.submitted().await.2, "you said 1");
    assert!(rig.pool.status()[0].last_error.as_ref().is_some_and(|why| why.contains("lost")));
}

#[tokio::test]
async fn a_bind_shows_who_took_it_in_which_version_and_how_full_its_window_is() {
    let rig = rig("version = \"5.0\"").await;
    let mut peer = rig.accept().await;
    let bind = peer.expect().await;
    let Body::Bind(mode, asked) = &bind.body else { panic!("a bind") };
    assert_eq!(asked.interface_version, 0x50);
    let tlvs = vec![crate::smpp::tlv::octet(crate::smpp::tlv::SC_INTERFACE_VERSION, 0x50)];
    let resp = crate::smpp::pdu::BindResp { system_id: Some("SMSC".to_owned()), tlvs };
    let body = Body::BindResp(*mode, resp);
    peer.send(&crate::smpp::pdu::Pdu { status: 0, sequence: bind.sequence, body }).await;
    until(|| rig.state() == BindState::Bound).await;
    tokio::spawn({
        let pool = rig.pool.clone();
        async move { pool.send(sms("Habari")).await }
    });
    peer.submitted().await;
    until(|| rig.pool.binds()[0].window_used == 1).await;
    let view = rig.pool.binds().remove(0);
    assert_eq!((view.peer.as_deref(), view.version, view.tls), (Some("SMSC"), Some("5.0"), false));
    assert_eq!((view.mode, view.state, view.window), ("transceiver", "bound", 64));
}
