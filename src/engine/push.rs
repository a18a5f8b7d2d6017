//! Dialogs that we open: what waits for a quick answer is first shown on her phone, and its SMS
//! waits a while in the outbox.
//!
//! The turn that puts the SMS off also keeps the dialog, before anything is sent, so that her
//! answer finds its place. The SMS goes as soon as the push is known to have failed, and at its
//! deadline in any case, unless there is nothing left to ask her. So nothing is lost whatever
//! becomes of the push; at worst she is asked twice, and the order remembers her first answer.

use super::messages::keep::drop_all;
use super::port::{PushOut, PushWay, Pushed, Sent, SmsOut, SmsSender, UssdEvent, UssdIn, UssdOut};
use super::record::Cause;
use super::repeat::OPEN_FOR;
use super::tapes;
use super::trade::Text;
use super::turn::{DialogRow, TRIES};
use super::view::FromIndex;
use super::work::{Fault, Work, shard};
use super::{Caller, Engine};
use crate::dialog::input::Input;
use crate::dialog::machine::Machine;
use crate::dialog::state::State;
use crate::dialog::tape::Event;
use crate::gsm::fit::septets;
use crate::market::order::{Order, OrderStage};
use crate::market::party::Party;
use crate::menu::value::Value;
use crate::store::batch::Expect;
use crate::store::outbox::{Claimed, waiting};
use crate::store::{Key, Store, StoreError, codec, keys};
use crate::types::{DialogId, Msisdn, PartyId, SpokenCode, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The block of a maker's tree that shows an order, with the order as its one parameter.
const SHOWN: &str = "order.show";

/// How long after the deadline of its SMS a push is remembered: what its gateway says then is about
/// something else.
const REMEMBERED: Duration = Duration::from_secs(86_400);

/// An offer that an SMS tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// Of which order.
    pub order: SpokenCode,
    /// Whether it was pushed; then the SMS is for the case that nobody answered.
    pub pushed: bool,
}

/// How far a dialog came that we opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ours {
    /// It was pushed. The gateway has not told its name for it yet.
    Asked,
    /// She answered.
    Answered,
    /// It surely was never on her display.
    Unshown,
}

/// The last push to a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PushRow {
    gateway: String,
    /// The dialog it opened; none for a notice.
    dialog: Option<DialogId>,
    /// The row of its SMS in the outbox, and when that falls due.
    sms: String,
    due: Timestamp,
    /// When its message was decided.
    queued: Option<Timestamp>,
}

fn row_of(phone: Msisdn) -> Key {
    keys::index("push", &[&phone.number().to_be_bytes()], b"")
}

impl DialogRow {
    /// The gateway names a dialog that we opened in the first thing it says of it.
    pub(super) fn take_name(&mut self, input: &UssdIn) {
        let first = self.pushed == Some(Ours::Asked) && *self.gateway == *input.gateway;
        // A key that comes once more from the call before was not pressed on this screen.
        let first = first && !self.earlier.iter().any(|earlier| earlier.speaks_in(input));
        let answered = matches!(input.event, UssdEvent::Reply(_));
        if first && (answered || input.event == UssdEvent::Gone) {
            self.session.clone_from(&input.session);
            self.sequence = input.sequence;
            self.pushed = Some(if answered { Ours::Answered } else { Ours::Asked });
        }
    }

    /// Whether we opened it and she has not answered.
    pub(super) fn is_unanswered(&self) -> bool {
        matches!(self.pushed, Some(Ours::Asked | Ours::Unshown))
    }
}

impl Engine {
    /// Tells a maker of an offer, by a push where that may be.
    pub(super) async fn offer(
        &self, work: &mut Work<'_>, order: SpokenCode, to: PartyId,
    ) -> Result<(), Fault> {
        let to = work.need::<Party>(to).await?;
        let state = work.need::<Order>(order).await?;
        let shown = Value::Record(self.order(work, order, &state).await?);
        let name = "order_offer";
        let text = Text {
            to: to.phone,
            text: self.menus.say(name, &[shown], to.lang).map_err(Fault::Broken)?,
            name: name.to_owned(),
            purpose: self.menus.purpose(name),
            queued: Some(work.now),
            tried: 0,
            partly: None,
            offer: Some(Offered { order, pushed: false }),
        };
        self.post_text(work, text);
        Ok(())
    }

    /// Pushes what a text tells of, or drops a text that has nothing left to ask; true when the text
    /// is settled or put off by that. All others are sent as they stand.
    pub(super) async fn push_first(&self, sender: &dyn SmsSender, item: &Claimed, text: &Text) -> bool {
        let Some(offer) = text.offer.filter(|_| text.tried == 0 && text.partly.is_none()) else {
            return false;
        };
        if offer.pushed {
            let waits = self.still_asks(text.to, offer.order).await;
            if matches!(waits, Ok(false)) {
                self.drop_text(item, text, NEEDLESS).await;
            }
            // Who cannot be looked up is told.
            return matches!(waits, Ok(false));
        }
        let id = String::from_utf8_lossy(&item.id).into_owned();
        let sms = SmsOut {
            id: id.clone(),
            to: text.to,
            text: text.text.clone(),
            purpose: text.purpose,
            give_up: item.item.give_up,
            gateway: None,
            partly: None,
        };
        let Some(way) = sender.push_way(&sms) else { return false };
        let screen = match self.open_push(item, text, offer, &way).await {
            Ok(Some(screen)) => screen,
            Ok(None) => return false,
            Err(fault) => {
                tracing::warn!(id, %fault, "a push could not be prepared; the SMS goes");
                return false;
            }
        };
        let (to, asks) = (text.to, way.asks);
        let (why, surely) = match sender.push(PushOut { to, text: screen, way }).await {
            Pushed::Taken => return true,
            Pushed::Refused(why) => (why, true),
            Pushed::Unknown => ("the SMSC did not answer".to_owned(), false),
        };
        tracing::info!(id, why, asks, "a push failed; the SMS goes");
        self.push_failed(to, &id, surely).await;
        true
    }

    /// Keeps the dialog and puts its SMS off; what is to be shown, or `None` when there can be no
    /// push now.
    async fn open_push(
        &self, item: &Claimed, text: &Text, offer: Offered, way: &PushWay,
    ) -> Result<Option<String>, Fault> {
        let mut last = Ok(None);
        for _ in 0..TRIES {
            last = self.try_open(item, text, offer, way).await;
            if !last.as_ref().is_err_and(Fault::is_conflict) {
                break;
            }
        }
        last
    }

    async fn try_open(
        &self, item: &Claimed, text: &Text, offer: Offered, way: &PushWay,
    ) -> Result<Option<String>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let (to, now) = (text.to, work.now);
        let key = keys::dialog(to);
        let mut rows = self.store.read(vec![key.clone(), keys::by_phone(to), row_of(to)]).await?.into_iter();
        let (kept, known, push) = (rows.next().flatten(), rows.next().flatten(), rows.next().flatten());
        let version = |row: Option<u64>| row.map_or(Expect::Absent, Expect::At);
        let found = kept.as_ref().map(|row| row.version);
        let (dialog_is, push_is) = (version(found), version(push.as_ref().map(|row| row.version)));
        // One at a time, and never over something of hers that is under way or put aside.
        let under_way = push.and_then(|row| codec::decode_row::<PushRow>(&row_of(to), &row).ok());
        let row = kept.and_then(|row| codec::decode_row::<DialogRow>(&key, &row).ok());
        let in_use = match &row {
            Some(row) => self.is_in_use(row, now).await?,
            None => false,
        };
        if in_use || under_way.is_some_and(|push| now < push.due) {
            return Ok(None);
        }
        let earlier = row.map(|row| row.earlier_than_push(now)).unwrap_or_default();
        let party = known.and_then(|row| PartyId::from_octets(&row.octets()));
        let mut who = Caller::new(to, party, self.house.lang);
        let Some(me) = self.party(&mut work, &who).await? else { return Ok(None) };
        (who.lang, who.role, who.septets) = (me.lang, Some(me.role), way.septets);
        let order = work.need::<Order>(offer.order).await?;
        if !is_offered(&order, me.id) {
            return Ok(None);
        }
        let opened = if way.asks {
            let args = vec![Value::Record(self.order(&mut work, offer.order, &order).await?)];
            self.open_dialog(&mut work, &mut who, args, way, found).await?
        } else {
            let fits = septets(&text.text).zip(way.septets);
            let fits = fits.is_none_or(|(long, most)| long <= usize::from(most));
            fits.then(|| (None, text.text.clone(), Cause::Sent(format!("notice {}", text_id(item)))))
        };
        let Some((dialog, shown, cause)) = opened else { return Ok(None) };
        let due = now.after(way.wait);
        let push = PushRow {
            gateway: way.gateway.to_string(),
            dialog: dialog.as_ref().map(|row| row.state.id),
            sms: text_id(item),
            due,
            queued: text.queued,
        };
        let mut item = item.clone();
        let text = Text { offer: Some(Offered { pushed: true, ..offer }), ..text.clone() };
        item.item.payload = serde_json::to_vec(&text).unwrap_or_default().into();
        item.retry(work.extra(), due);
        work.extra().put(row_of(to), push_is, codec::encode(&push));
        if let Some(row) = dialog {
            work.extra().put(key, dialog_is, codec::encode(&DialogRow { earlier, ..row }));
        }
        let why = if way.asks { "she is asked by a push first" } else { "she is told by a push first" };
        let waits = Sent::Later { after: way.wait, why: why.to_owned() };
        self.note_try(&mut work, &item.id, text.queued, &waits).await?;
        self.commit(work, cause, None).await?;
        Ok(Some(shown))
    }

    /// The dialog of a push, its first screen, and what the journal says of it.
    async fn open_dialog(
        &self, work: &mut Work<'_>, who: &mut Caller, args: Vec<Value>, way: &PushWay, found: Option<u64>,
    ) -> Result<Option<(Option<DialogRow>, String, Cause)>, Fault> {
        let Some(graph) = self.menus.of(who.role) else { return Ok(None) };
        let id = DialogId::new(work.now, &mut work.entropy);
        let Some(state) = State::at_block(id, &graph, SHOWN, args.clone()) else { return Ok(None) };
        let mut machine = Machine::new(&graph, state);
        let walk = self.walk(work, who, &mut machine, &graph, Input::Again).await?;
        let UssdOut::Ask(shown) = &walk.out else { return Ok(None) };
        let shown = shown.clone();
        let row = DialogRow {
            gateway: way.gateway.to_string(),
            session: Vec::new(),
            sequence: None,
            moves: false,
            mark: None,
            begun_as: None,
            begun: work.now,
            lost: false,
            dialled: String::new(),
            last: work.now,
            walked: false,
            lang: who.lang,
            state: machine.into_state(),
            out: walk.out.clone(),
            candidate: None,
            reminded: None,
            heard: None,
            account: None,
            pushed: Some(Ours::Asked),
            earlier: Vec::new(),
        };
        let cause = Cause::Ussd {
            dialog: id,
            msisdn: who.msisdn,
            graph: graph.hash.clone(),
            typed: String::new(),
            shown: shown.clone(),
            outcomes: vec![("pushed".to_owned(), way.gateway.to_string())],
        };
        let head = tapes::head(who.msisdn, &graph, &way.gateway);
        let event = Event::Pushed { head, block: SHOWN.to_owned(), args };
        work.record_walk(&row, found, event, walk, None);
        Ok(Some((Some(row), shown, cause)))
    }

    /// Whether a push would take a dialog from her: one that is open, or that she may go on with.
    async fn is_in_use(&self, row: &DialogRow, now: Timestamp) -> Result<bool, Fault> {
        if row.is_unanswered() {
            return Ok(false);
        }
        let open = !row.state.is_over() && row.state.cut.is_none() && now.since(row.last) <= OPEN_FOR;
        let parked = self.graph_of(row).await?.is_some_and(|graph| {
            row.state.may_resume(&graph, now) && row.state.block(&graph) != graph.node(graph.home).name
        });
        Ok(open || parked)
    }

    /// Whether the offer still waits for the answer of whoever has this phone.
    async fn still_asks(&self, phone: Msisdn, order: SpokenCode) -> Result<bool, Fault> {
        let row = self.store.read(vec![keys::by_phone(phone)]).await?.into_iter().next().flatten();
        let party = row.and_then(|row| PartyId::from_octets(&row.octets()));
        let order = self.work(self.clock.now())?.need::<Order>(order).await?;
        Ok(party.is_some_and(|party| is_offered(&order, party)))
    }

    /// Takes a text out of the outbox that nobody needs or wants any more.
    pub(super) async fn drop_text(&self, item: &Claimed, text: &Text, why: &str) {
        self.settle(item, |mut work, _| async move {
            self.note_dropped(&mut work, &item.id, text.queued, why).await?;
            item.done(work.extra());
            Ok(work)
        })
        .await;
    }

    // ---- what becomes of a push --------------------------------------------------------

    /// A push did not leave, or nobody knows: its SMS goes now. A dialog that surely was not shown takes
    /// no answer.
    async fn push_failed(&self, phone: Msisdn, sms: &str, surely: bool) {
        self.end_push(phone, |push| (*push.sms == *sms).then_some(End::Failed { surely })).await;
    }

    /// The gateway says that a dialog is over or a notice was shown, which may be the one we pushed.
    pub(super) async fn push_ended(&self, input: &UssdIn) {
        let end = |push: &PushRow| {
            let ended = match input.event {
                UssdEvent::Confirmed => push.dialog.is_none().then_some(End::Shown)?,
                _ => End::Failed { surely: false },
            };
            (*push.gateway == *input.gateway).then_some(ended)
        };
        self.end_push(input.msisdn, end).await;
    }

    async fn end_push(&self, phone: Msisdn, end: impl Fn(&PushRow) -> Option<End>) {
        for _ in 0..TRIES {
            match self.try_end(phone, &end).await {
                Err(fault) if fault.is_conflict() => {}
                // The SMS falls due all the same.
                Err(fault) => return tracing::warn!(msisdn = ?phone, %fault, "the end of a push"),
                Ok(()) => return,
            }
        }
    }

    async fn try_end(&self, phone: Msisdn, end: &impl Fn(&PushRow) -> Option<End>) -> Result<(), Fault> {
        let (key, dialog) = (row_of(phone), keys::dialog(phone));
        let mut rows = self.store.read(vec![key.clone(), dialog.clone()]).await?.into_iter();
        let (Some(kept), opened) = (rows.next().flatten(), rows.next().flatten()) else { return Ok(()) };
        let push: PushRow = codec::decode_row(&key, &kept)?;
        let Some(end) = end(&push) else { return Ok(()) };
        let mut work = self.work(self.clock.now())?;
        work.extra().delete(key, Expect::At(kept.version));
        let sms = waiting(&*self.store, shard::SMS, push.due, push.sms.as_bytes()).await?;
        match end {
            End::Shown => {
                if let Some(sms) = sms {
                    sms.done(work.extra());
                    self.note_dropped(&mut work, push.sms.as_bytes(), push.queued, NEEDLESS).await?;
                }
            }
            End::Failed { surely } => {
                let now = work.now;
                sms.iter().for_each(|sms| sms.hasten(work.extra(), now));
                work.wake(shard::SMS);
                if let Some(kept) = opened.filter(|_| surely)
                    && let Ok(row) = codec::decode_row::<DialogRow>(&dialog, &kept)
                    && row.pushed == Some(Ours::Asked)
                    && Some(row.state.id) == push.dialog
                {
                    let row = DialogRow { pushed: Some(Ours::Unshown), ..row };
                    work.extra().put(dialog, Expect::At(kept.version), codec::encode(&row));
                }
            }
        }
        self.commit(work, Cause::Sent(format!("push of {}", push.sms)), None).await.map(drop)
    }
}

/// How a push ended.
enum End {
    /// The notice was shown.
    Shown,
    /// It was not answered and will not be.
    Failed {
        /// It never was on the display.
        surely: bool,
    },
}

fn is_offered(order: &Order, to: PartyId) -> bool {
    order.stage == OrderStage::Offered && order.offer.is_some_and(|offer| offer.to == to)
}

fn text_id(item: &Claimed) -> String {
    String::from_utf8_lossy(&item.id).into_owned()
}

/// What the message of an SMS says that was not needed.
const NEEDLESS: &str = "not needed: it was said by a push";

/// Forgets pushes that are long over, whose phones had no other since; how many.
pub(super) async fn forget(store: &dyn Store, now: Timestamp) -> Result<u64, StoreError> {
    drop_all(store, keys::index_prefix("push", &[]), |key, row| {
        codec::decode_row::<PushRow>(key, row).map_or(true, |push| now.since(push.due) >= REMEMBERED)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::batch::Batch;

    #[tokio::test]
    async fn a_push_is_forgotten_a_day_after_its_sms_fell_due() {
        let store = crate::store::memory::Memory::new();
        let due = Timestamp::from_millis(1_800_000_000_000);
        let mut batch = Batch::default();
        for (number, due) in [("254700000101", due), ("254700000102", due.after(REMEMBERED))] {
            let phone = Msisdn::from_e164(number).expect("a number");
            let (gateway, sms) = ("safari".to_owned(), "1".to_owned());
            let row = PushRow { gateway, dialog: None, sms, due, queued: None };
            batch.put(row_of(phone), Expect::Absent, codec::encode(&row));
        }
        store.commit(batch).await.expect("kept");
        assert_eq!(forget(&store, due).await.expect("swept"), 0);
        assert_eq!(forget(&store, due.after(REMEMBERED)).await.expect("swept"), 1);
        assert_eq!(forget(&store, due.after(2 * REMEMBERED)).await.expect("swept"), 1);
    }
}
