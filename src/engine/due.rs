//! What falls due: read from the store, done in a turn of its own, removed in the same commit.

use super::cards::LastWord;
use super::lanes::guarded;
use super::orders::LifeDue;
use super::port::ReceiptIn;
use super::record::Cause;
use super::turn::{DialogRow, TRIES};
use super::work::{Fault, Work};
use super::{Caller, Engine};
use crate::dialog::machine::Machine;
use crate::dialog::tape::Event;
use crate::menu::value::Value;
use crate::store::batch::Expect;
use crate::store::timers::Timer;
use crate::store::{StoreError, codec, keys, timers};
use crate::types::{ApprovalId, BulletinId, LoanId, Msisdn, PartyId, PayoutId, SpokenCode, Timestamp};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often the clock is looked at. Coarse: what falls due is counted in minutes and hours.
const LOOK: Duration = Duration::from_millis(200);
/// When a timer is tried again that could not be acted on.
const PUT_OFF: Duration = Duration::from_secs(600);

/// A timer's purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// A shopper has not paid in time.
    Unpaid(SpokenCode),
    /// The buyer of many pieces has not paid in time.
    UnpaidBulk(SpokenCode),
    /// Where a purchase went is kept long enough after its end.
    ForgetBuyer(SpokenCode),
    /// The buyer of many pieces has not chosen about those that nobody takes.
    UnchosenBulk {
        /// Which request.
        code: SpokenCode,
        /// Of which round: another round makes it void.
        round: u32,
        /// The time is up; before that the desk is told.
        over: bool,
    },
    /// An offer has not been answered in time.
    Unanswered(SpokenCode),
    /// Parts of long SMS from this phone have waited long enough.
    Parts(Msisdn),
    /// A call was cut, or fell silent, at a screen that is worth a reminder.
    Cut {
        /// Whose phone.
        msisdn: Msisdn,
        /// When she last typed something: a later key makes the reminder void.
        touched: Timestamp,
    },
    /// A rider was asked for a parcel and has not gone for it.
    Unfetched {
        /// The order.
        order: SpokenCode,
        /// Who was asked.
        to: PartyId,
    },
    /// A cash number that nobody fetched in time.
    CashOver(PayoutId),
    /// The day of the month has come on which this agent counts the display.
    DisplayCount(PartyId),
    /// Something in the life of an order that was taken.
    Life {
        /// Which order.
        order: SpokenCode,
        /// What.
        what: LifeDue,
    },
    /// A mentorship comes to the end that both were told at its start.
    Graduates {
        /// Whose.
        artisan: PartyId,
        /// That end.
        until: Timestamp,
    },
    /// Her money has rested long enough since her locked PIN was opened then, and not again later.
    RestOver(PartyId, Timestamp),
    /// See whether the link to mobile money is back for somebody who waits for it.
    MoneyBack(PartyId),
    /// Nothing was paid back of a loan since that moment.
    LoanQuiet {
        /// Which.
        loan: LoanId,
        /// When something was paid back last, or when she got it.
        moved: Timestamp,
    },
    /// Pieces of hers passed or failed: see what follows from her record.
    Record(PartyId),
    /// The next of those whom a tip or lesson is for are to be told.
    Tell(BulletinId),
    /// The time for the evidence of a dispute comes to its end.
    LastWord(LastWord),
    /// Something that takes two people has waited long enough for the second.
    ApprovalEnds(ApprovalId),
    /// A pass for photographs, by its name, has come to its end.
    PassOver(String),
    /// A draft that a phone sent is not sent again any more.
    DraftOver {
        /// Who drafted it.
        holder: PartyId,
        /// The phone's name for it.
        key: String,
    },
    /// A message with pictures does not come again any more.
    MediaOver(String),
    /// A day is over: its trial balance is kept.
    DayOver(String),
    /// The floats at providers are looked at again.
    FloatsLookedAt,
    /// A receipt came before its message was known.
    Receipt {
        /// What it says.
        receipt: Box<ReceiptIn>,
        /// How often it will be looked at, this time among them.
        left: u8,
    },
}

/// Does what falls due until told to stop.
pub async fn run(engine: Arc<Engine>, stop: CancellationToken) {
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = look.tick() => {}
        }
        if let Err(fault) = engine.do_due().await {
            tracing::error!(%fault, "timers");
        }
    }
}

impl Engine {
    /// Does everything that is due now; how much that was. Side by side, so that the store writes
    /// and syncs them together.
    pub async fn do_due(&self) -> Result<usize, String> {
        let due = timers::due(&*self.store, self.clock.now(), 64).await.map_err(|e| e.to_string())?;
        let fired = join_all(due.iter().map(|timer| self.fire_or_put_off(timer))).await;
        fired.into_iter().collect::<Result<Vec<()>, Fault>>().map_err(|fault| fault.to_string())?;
        Ok(due.len())
    }

    /// A timer that cannot be acted on stands aside for a while: those behind it are not late for it.
    async fn fire_or_put_off(&self, timer: &Timer) -> Result<(), Fault> {
        let name = String::from_utf8_lossy(&timer.id).into_owned();
        let why = match guarded(self.fire(timer)).await {
            Some(Ok(())) => return Ok(()),
            Some(Err(fault @ Fault::Store(StoreError::Stopped(_)))) => return Err(fault),
            Some(Err(fault)) => fault.to_string(),
            None => "it panicked".to_owned(),
        };
        tracing::error!(name, why, "ALARM: a timer is put off");
        let mut work = self.work(self.clock.now())?;
        let later = work.now.after(PUT_OFF);
        timer.put_off(work.extra(), later);
        match self.commit(work, Cause::PutOff { timer: name, why }, None).await {
            Err(fault) if fault.is_conflict() => Ok(()),
            other => other.map(drop),
        }
    }

    async fn fire(&self, timer: &Timer) -> Result<(), Fault> {
        let name = String::from_utf8_lossy(&timer.id).into_owned();
        for _ in 0..TRIES {
            let mut work = self.work(self.clock.now())?;
            timer.fired(work.extra());
            match serde_json::from_slice::<Due>(&timer.payload) {
                Ok(due) => self.fall_due(&mut work, &due).await?,
                Err(why) => tracing::error!(name, %why, "a timer cannot be read"),
            }
            match self.commit(work, Cause::Timer(name.clone()), None).await {
                // Another turn may have been faster with the timer itself: then it is done.
                Err(fault) if fault.is_conflict() => {
                    let key = keys::timer(timer.due, &timer.id);
                    if self.store.read(vec![key]).await?.iter().all(Option::is_none) {
                        return Ok(());
                    }
                }
                other => return other.map(drop),
            }
        }
        Ok(())
    }

    /// Reminds somebody of a call that was cut or fell silent, unless she has typed since.
    pub(super) async fn remind(
        &self, work: &mut Work<'_>, msisdn: Msisdn, touched: Timestamp,
    ) -> Result<(), Fault> {
        let key = keys::dialog(msisdn);
        let Some(kept) = self.store.read(vec![key.clone()]).await?.into_iter().next().flatten() else {
            return Ok(());
        };
        let mut row: DialogRow = codec::decode_row(&key, &kept)?;
        let again = row.reminded == Some(touched);
        if row.last != touched || again || row.state.is_over() {
            return Ok(());
        }
        let Some(graph) = self.graph_of(&row).await? else { return Ok(()) };
        let phone = self.store.read(vec![keys::by_phone(msisdn)]).await?.into_iter().next().flatten();
        let party = phone.and_then(|row| super::view::FromIndex::from_octets(&row.octets()));
        let mut who = Caller::new(msisdn, party, row.lang);
        if let Some(me) = self.party(work, &who).await? {
            who.lang = me.lang;
        }
        let globals = BTreeMap::from([
            ("help.dial".to_owned(), Value::text(self.house.dial.clone())),
            ("help.phone".to_owned(), Value::Phone(self.house.help_phone)),
        ]);
        let env = self.env(&graph, who.lang, work.now);
        let Some((_, wish)) = Machine::new(&graph, row.state.clone()).drop_wish(env, &globals) else {
            return Ok(());
        };
        let follows = self.tell_caller(work, &who, &graph, &wish)?;
        work.record_event(row.state.id, Some(kept.version), Event::Reminded(follows));
        row.state.cut(touched);
        row.reminded = Some(touched);
        work.extra().put(key, Expect::At(kept.version), codec::encode(&row));
        Ok(())
    }
}
