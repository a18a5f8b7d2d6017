use super::desk::{Wanted, find};
use super::keep::{Keep, prune};
use super::*;
use crate::engine::clock::MovableClock;
use crate::engine::port::{Purpose, ReceiptIn};
use crate::engine::record::Cause;
use crate::engine::shopfront::{DeskMessage, MessagesWish, ShopError};
use crate::engine::tests::{engine, phone, sms};
use crate::engine::work::shard;
use crate::store::outbox as rows;
use crate::types::Clock;
use crate::types::receipt::IdBase;
use std::sync::Arc;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// An engine whose texts are taken when a test says so.
struct House {
    engine: Arc<Engine>,
    clock: Arc<MovableClock>,
}

impl House {
    async fn open() -> Self {
        let (engine, clock) = engine().await;
        Self { engine, clock }
    }

    /// Decides a text to a phone.
    async fn decides(&self, to: Msisdn, text: &str) {
        let mut work = self.engine.work(self.clock.now()).expect("work");
        self.engine.text(&mut work, to, text.to_owned(), "");
        self.engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("committed");
        self.clock.advance(Duration::from_millis(1));
    }

    /// Lets the oldest text that waits come to something.
    async fn tried(&self, sent: Sent) {
        let now = self.clock.now();
        let lease = now.after(Duration::from_secs(30));
        let item =
            rows::claim(&*self.engine.store, shard::SMS, now, 1, lease).await.expect("claimed").remove(0);
        let text: Text = serde_json::from_slice(&item.item.payload).expect("a text");
        let mut work = self.engine.work(now).expect("work");
        self.engine.note_try(&mut work, &item.id, text.queued, &sent).await.expect("noted");
        item.done(work.extra());
        self.engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("committed");
    }

    /// A text that a gateway took under these ids.
    async fn takes(&self, gateway: &str, to: Msisdn, ids: &[&str]) {
        self.decides(to, &format!("{gateway} {ids:?}")).await;
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        self.tried(Sent::Taken { gateway: gateway.into(), ids }).await;
    }

    fn receipt(&self, gateway: &str, of: Msisdn, id: &str, state: ReceiptState) -> ReceiptIn {
        ReceiptIn {
            gateway: gateway.into(),
            message_id: id.to_owned(),
            base: IdBase::Auto,
            phones: vec![of],
            state,
            error: None,
            done: None,
            at: self.clock.now(),
        }
    }

    async fn hears(&self, gateway: &str, of: Msisdn, id: &str, state: ReceiptState) {
        self.engine.receipt_turn(self.receipt(gateway, of, id, state)).await.expect("kept");
    }

    /// Everything that falls due within so many seconds, in steps of one.
    async fn waits(&self, seconds: u64) {
        for _ in 0..seconds {
            self.clock.advance(Duration::from_secs(1));
            self.engine.do_due().await.expect("done");
        }
    }

    async fn rows(&self, phone: Option<&str>, state: Option<&str>) -> Vec<DeskMessage> {
        let wish =
            MessagesWish { phone: phone.map(str::to_owned), state: state.map(str::to_owned), before: None };
        self.engine.messages_for_desk(&wish).await.expect("read").expect("understood").rows
    }

    /// States of all texts, oldest first.
    async fn states(&self) -> Vec<String> {
        self.rows(None, None).await.into_iter().rev().map(|row| row.state).collect()
    }
}

#[tokio::test]
async fn a_receipt_that_overtakes_the_answer_finds_its_message_later() {
    let house = House::open().await;
    house.decides(phone(101), "Order 104233").await;
    house.hears("safari", phone(101), "A1", ReceiptState::Delivered).await;
    assert_eq!(house.states().await, ["waiting"]);
    house.tried(Sent::Taken { gateway: "safari".into(), ids: vec!["0a1".to_owned()] }).await;
    assert_eq!(house.states().await, ["taken"]);
    house.waits(11).await;
    assert_eq!(house.states().await, ["delivered"]);
    let counts = house.engine.receipt_counts();
    assert_eq!((counts.found, counts.parked, counts.unmatched), (1, 1, 0));
}

#[tokio::test]
async fn a_receipt_for_no_message_is_looked_at_twice_more_then_kept_and_counted() {
    let house = House::open().await;
    house.hears("safari", phone(101), "stray", ReceiptState::Delivered).await;
    let kept = || async {
        let prefix = keys::index_prefix("unmatched", &[]);
        house.engine.store.scan(prefix, None, 9, false).await.expect("read").len()
    };
    house.waits(15).await;
    assert_eq!((kept().await, house.engine.receipt_counts().unmatched), (0, 0));
    house.waits(10).await;
    assert_eq!((kept().await, house.engine.receipt_counts().unmatched), (1, 1));
    prune(&*house.engine.store, house.clock.now().after(6 * DAY), Keep::default()).await.expect("pruned");
    assert_eq!(kept().await, 1);
    prune(&*house.engine.store, house.clock.now().after(8 * DAY), Keep::default()).await.expect("pruned");
    assert_eq!(kept().await, 0);
}

#[tokio::test]
async fn a_message_in_parts_is_delivered_when_all_its_parts_are() {
    let house = House::open().await;
    house.takes("safari", phone(101), &["1", "2", ""]).await;
    house.takes("safari", phone(102), &["3", "3"]).await;
    house.takes("safari", phone(103), &["4", "5"]).await;
    house.hears("safari", phone(101), "2", ReceiptState::Delivered).await;
    house.hears("safari", phone(102), "3", ReceiptState::Delivered).await;
    house.hears("safari", phone(103), "5", ReceiptState::Accepted).await;
    assert_eq!(house.states().await, ["taken", "delivered", "taken"]);
    house.hears("safari", phone(101), "1", ReceiptState::Delivered).await;
    let failed = house.receipt("safari", phone(103), "5", ReceiptState::Undeliverable);
    house.engine.receipt_turn(ReceiptIn { error: Some("027".to_owned()), ..failed }).await.expect("kept");
    assert_eq!(house.states().await, ["delivered", "delivered", "failed"]);
    let reason = house.rows(None, Some("failed")).await[0].reason.clone().expect("a reason");
    assert_eq!(
        reason,
        "part 2 of 2: the operator could not deliver it (error 027: the phone is off or out of reach)"
    );
}

#[tokio::test]
async fn a_repeated_receipt_writes_nothing_and_a_late_pending_one_unsays_nothing() {
    let house = House::open().await;
    house.takes("safari", phone(101), &["1"]).await;
    house.hears("safari", phone(101), "1", ReceiptState::Delivered).await;
    let head = || async { crate::store::journal::head(&*house.engine.store).await.expect("read").position };
    let before = head().await;
    house.hears("safari", phone(101), "1", ReceiptState::Delivered).await;
    house.hears("safari", phone(101), "1", ReceiptState::Enroute).await;
    assert_eq!((head().await, house.states().await), (before, vec!["delivered".to_owned()]));
}

#[tokio::test]
async fn ids_count_within_their_gateway_and_for_their_phone_alone() {
    let house = House::open().await;
    house.takes("safari", phone(101), &["77"]).await;
    house.takes("airtime", phone(102), &["77"]).await;
    house.takes("safari", phone(103), &["77"]).await;
    house.hears("airtime", phone(102), "77", ReceiptState::Rejected).await;
    house.hears("airtime", phone(101), "77", ReceiptState::Delivered).await;
    house.hears("safari", phone(104), "77", ReceiptState::Delivered).await;
    assert_eq!(house.states().await, ["taken", "failed", "taken"]);
    house.hears("safari", phone(101), "77", ReceiptState::Delivered).await;
    assert_eq!(house.states().await, ["delivered", "failed", "taken"]);
    let nobody =
        ReceiptIn { phones: Vec::new(), ..house.receipt("safari", phone(1), "77", ReceiptState::Delivered) };
    house.engine.receipt_turn(nobody).await.expect("kept");
    assert_eq!(house.states().await, ["delivered", "failed", "taken"], "it could be either");
}

#[tokio::test]
async fn the_base_of_ids_is_found_out_and_a_doubtful_receipt_changes_nothing() {
    let house = House::open().await;
    // 16 is 10 in hexadecimal: two messages to one phone, and a receipt that could be about either.
    house.takes("safari", phone(101), &["16"]).await;
    house.takes("safari", phone(101), &["10"]).await;
    house.hears("safari", phone(101), "16", ReceiptState::Delivered).await;
    assert_eq!(house.states().await, ["taken", "taken"]);
    house.takes("safari", phone(102), &["1A53FD4D"]).await;
    house.hears("safari", phone(102), "441711949", ReceiptState::Delivered).await;
    assert_eq!(house.states().await, ["taken", "taken", "delivered"]);
    // Now it is known that receipts are decimal, and the parked one is about 10.
    house.waits(11).await;
    assert_eq!(house.states().await, ["taken", "delivered", "delivered"]);
}

#[tokio::test]
async fn a_base_that_is_set_is_not_doubted() {
    let house = House::open().await;
    house.takes("safari", phone(101), &["16"]).await;
    house.takes("safari", phone(101), &["10"]).await;
    let same = ReceiptIn {
        base: IdBase::Same,
        ..house.receipt("safari", phone(101), "16", ReceiptState::Delivered)
    };
    house.engine.receipt_turn(same).await.expect("kept");
    assert_eq!(house.states().await, ["delivered", "taken"]);
}

#[tokio::test]
async fn a_message_of_which_nothing_certain_is_heard_is_shown_so_after_its_validity() {
    let house = House::open().await;
    house.takes("safari", phone(101), &["1"]).await;
    house.hears("safari", phone(101), "1", ReceiptState::Unknown).await;
    assert_eq!(house.states().await, ["taken"]);
    house.clock.advance(Purpose::Reply.lives() + Duration::from_secs(1));
    let row = house.rows(None, Some("no_receipt")).await.remove(0);
    let reason = row.reason.expect("a reason");
    assert!(reason.contains("validity ended") && reason.contains("does not know"), "{reason}");
    house.hears("safari", phone(101), "1", ReceiptState::Delivered).await;
    assert_eq!(house.states().await, ["delivered"], "the truth may come late");
}

#[tokio::test]
async fn what_waits_and_what_is_given_up_says_why() {
    let house = House::open().await;
    house.decides(phone(101), "My PIN is 4071, the sum KSh 1275").await;
    let later = Sent::Later { after: Duration::from_secs(5), why: "no bind is up".to_owned() };
    house.tried(later).await;
    house.decides(phone(102), "x").await;
    house.tried(Sent::Never("no such number".to_owned())).await;
    let rows = house.rows(None, None).await;
    assert_eq!((rows[0].state.as_str(), rows[0].reason.as_deref()), ("given_up", Some("no such number")));
    assert_eq!((rows[1].state.as_str(), rows[1].reason.as_deref()), ("waiting", Some("no bind is up")));
    assert_eq!(rows[1].text, "My PIN is ****, the sum KSh 1275");
    assert!(!rows[1].phone.contains("00000101") && rows[1].phone.ends_with("101"), "{}", rows[1].phone);
}

#[tokio::test]
async fn an_sms_from_a_phone_stands_with_its_answer_and_is_found_by_phone() {
    let house = House::open().await;
    sms(&house.engine, phone(101), "hello 4071").await.expect("kept");
    sms(&house.engine, phone(102), "hello").await.expect("kept");
    let rows = house.rows(Some("+254 700 000 101"), None).await;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].way, "out", "the answer came later");
    let heard = &rows[1];
    assert_eq!((heard.state.as_str(), heard.text.as_str()), ("received", "hello ****"));
    assert_eq!(heard.did, ["answer: join_first"]);
    let wrong = |wish: MessagesWish| Wanted::read(&wish).map(drop);
    let phone = MessagesWish { phone: Some("nobody".to_owned()), ..MessagesWish::default() };
    assert!(matches!(wrong(phone), Err(ShopError::Field { field: "phone", .. })));
    let state = MessagesWish { state: Some("lost".to_owned()), ..MessagesWish::default() };
    assert!(matches!(wrong(state), Err(ShopError::Field { field: "state", .. })));
}

#[tokio::test]
async fn pages_go_on_where_the_one_before_ended_and_show_everything_once() {
    let house = House::open().await;
    for n in 0..7 {
        house.decides(phone(101 + n % 2), &format!("text {n}")).await;
    }
    for only in [None, Some(phone(101))] {
        let mut wanted = Wanted { phone: only, limit: Some(2), ..Wanted::default() };
        let mut seen = Vec::new();
        loop {
            let found = find(&*house.engine.store, house.clock.now(), &wanted).await.expect("read");
            assert!(found.rows.len() <= 2);
            seen.extend(found.rows.into_iter().map(|(_, message)| message.text));
            wanted.before = found.older;
            if wanted.before.is_none() {
                break;
            }
        }
        let all = (0..7).rev().filter(|n| only.is_none() || n % 2 == 0).map(|n| format!("text {n}"));
        assert_eq!(seen, all.collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn old_notes_go_and_young_ones_stay() {
    let house = House::open().await;
    house.takes("safari", phone(101), &["1", "2"]).await;
    for id in ["1", "2"] {
        house.hears("safari", phone(101), id, ReceiptState::Delivered).await;
    }
    let ids = |id: &'static str| {
        let store = house.engine.store.clone();
        async move { store.scan(keys::by_message_prefix("safari", id), None, 9, false).await.expect("read").len() }
    };
    let sweep =
        || async { prune(&*house.engine.store, house.clock.now(), Keep::default()).await.expect("pruned") };
    house.clock.advance(6 * DAY);
    assert_eq!((sweep().await, ids("1").await), (0, 1));
    house.takes("safari", phone(102), &["3"]).await;
    house.clock.advance(DAY);
    assert_eq!((sweep().await, ids("1").await, ids("2").await, ids("3").await), (2, 0, 0, 1));
    assert_eq!(house.states().await, ["delivered", "no_receipt"], "they can still be looked at");
    house.clock.advance(84 * DAY);
    house.decides(phone(103), "young").await;
    sweep().await;
    let left = house.rows(None, None).await;
    assert_eq!((left.len(), left[0].text.as_str()), (2, "young"));
    assert_eq!(house.rows(Some("0700000101"), None).await.len(), 0);
    assert_eq!(ids("3").await, 0);
}

#[tokio::test]
async fn halves_and_wishes_to_be_called_are_let_go_of_in_time() {
    let house = House::open().await;
    let now = house.clock.now();
    let mut batch = crate::store::batch::Batch::default();
    let half = |n: u64| keys::index("half", &[&n.to_be_bytes()], b"");
    batch.put(half(1), Expect::Any, codec::encode(&("MKUFU", now)));
    batch.put(half(2), Expect::Any, codec::encode(&("MKUFU", now.after(DAY))));
    let call = |days: u32| keys::index("callback", &[&keys::moment(now.after(DAY * days))], b"254700000101");
    batch.put(call(0), Expect::Any, "{}");
    batch.put(call(2), Expect::Any, "{}");
    house.engine.store.commit(batch).await.expect("committed");
    let left = || async {
        let wanted = vec![half(1), half(2), call(0), call(2)];
        let rows = house.engine.store.read(wanted).await.expect("read");
        rows.iter().map(Option::is_some).collect::<Vec<_>>()
    };
    prune(&*house.engine.store, now.after(DAY), Keep::default()).await.expect("pruned");
    assert_eq!(left().await, [false, true, true, true]);
    prune(&*house.engine.store, now.after(91 * DAY), Keep::default()).await.expect("pruned");
    assert_eq!(left().await, [false, false, false, true]);
}

#[test]
fn what_may_be_a_pin_is_starred_and_codes_and_sums_are_not() {
    for (text, shown) in [
        ("PIN 4071", "PIN ****"),
        ("4071", "****"),
        ("Order 104233: KSh 1275, listing 10019", "Order 104233: KSh 1275, listing 10019"),
        ("UZA MKUFU SHABA 850 3", "UZA MKUFU SHABA 850 3"),
        ("a 1234 b5678", "a **** b****"),
        ("", ""),
    ] {
        assert_eq!(masked(text), shown);
    }
}
