//! What is remembered of the link to one provider: whether it can be reached, whose requests are in
//! doubt, and whether payouts wait because something on our side is to be mended.

use super::http::Heard;
use super::proof::{Ack, Fault, Told};
use super::rail::Timing;
use crate::engine::port::{PayOut, PayoutNews};
use crate::types::PayoutId;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// After so many payments in a row without an answer, a good health page is not believed alone.
const SILENCES: u32 = 3;
/// So long after the last of them the next payment is the try whether it answers again: where none is open,
/// nobody would ask.
const SILENT: Duration = Duration::from_secs(5 * 60);
/// For how long it is remembered that the provider once had an id: longer than any provider is asked.
const REMEMBERED: Duration = Duration::from_secs(7 * 86_400);
/// That a side question is refused is told once in so long.
const TOLD_AGAIN: Duration = Duration::from_secs(3_600);

/// The link to one provider.
pub struct Link {
    provider: &'static str,
    reached: AtomicBool,
    /// Payments in a row without an answer, and when the last of them was.
    silences: Mutex<(u32, Option<Instant>)>,
    /// Requests of any kind in a row that brought no answer.
    misses: AtomicU32,
    /// Ids with a try that may still be under way, and since when.
    doubtful: Mutex<BTreeMap<PayoutId, Instant>>,
    /// Ids that the provider said it had, and since when: what it refuses later is another try.
    taken: Mutex<BTreeMap<PayoutId, Instant>>,
    /// For how long a try without an answer casts doubt on a later refusal.
    doubt: Duration,
    /// Why payouts wait, each until a moment, or until the service is started again.
    held: Mutex<BTreeMap<Fault, Option<Instant>>>,
    /// How long they wait, where waiting can help.
    hold: Duration,
    /// When it was last told that side questions are refused.
    complained: Mutex<Option<Instant>>,
    /// A place for each request that may be under way.
    slots: Semaphore,
}

impl Link {
    /// A link that is taken to be up until something else is heard.
    pub(super) fn new(provider: &'static str, timing: &Timing) -> Self {
        Self {
            provider,
            reached: AtomicBool::new(true),
            silences: Mutex::default(),
            misses: AtomicU32::new(0),
            doubtful: Mutex::default(),
            taken: Mutex::default(),
            doubt: Duration::from_secs(timing.doubt_seconds),
            held: Mutex::default(),
            hold: Duration::from_secs(timing.hold_seconds),
            complained: Mutex::default(),
            slots: Semaphore::new(timing.at_once as usize),
        }
    }

    /// A place for one more request; `None` when as many as may be are under way.
    pub(super) fn slot(&self) -> Option<SemaphorePermit<'_>> {
        self.slots.try_acquire().ok()
    }

    /// Whether a payout asked for now would get somewhere.
    pub(super) fn is_up(&self) -> bool {
        self.answers() && self.held().is_none()
    }

    /// Whether a payout asked for now would only wait for more to pay from.
    pub(super) fn is_short(&self) -> bool {
        self.answers() && self.held() == Some(Fault::Float)
    }

    /// Whether a request made now would be answered.
    pub(super) fn answers(&self) -> bool {
        let (silences, last) = *lock(&self.silences);
        self.is_reached() && (silences < SILENCES || last.is_none_or(|last| last.elapsed() >= SILENT))
    }

    /// Whether the last request was answered.
    pub(super) fn is_reached(&self) -> bool {
        self.reached.load(Ordering::Relaxed)
    }

    /// Keeps `is_up` true to the last thing heard.
    pub(super) fn note(&self, heard: &Heard, about_money: bool) {
        let well = matches!(heard, Heard::Answer { status, .. } if *status < 500);
        if self.reached.swap(well, Ordering::Relaxed) != well {
            tracing::warn!(provider = self.provider, up = well, "mobile money provider");
        }
        if well {
            self.misses.store(0, Ordering::Relaxed);
        } else if self.misses.fetch_add(1, Ordering::Relaxed) + 1 == SILENCES {
            tracing::error!(
                provider = self.provider,
                "ALARM: a mobile money provider cannot be reached; nobody is asked for a PIN until it can"
            );
        }
        match heard {
            Heard::Answer { .. } if about_money && well => self.speaks(),
            Heard::Nothing(_) if about_money => {
                let mut silences = lock(&self.silences);
                *silences = (silences.0.saturating_add(1), Some(Instant::now()));
            }
            _ => {}
        }
    }

    /// It said something of money.
    fn speaks(&self) {
        *lock(&self.silences) = (0, None);
    }

    /// A try begins. A caller that stops waiting leaves the doubt behind, as it leaves the request.
    pub(super) fn begin(&self, payout: &PayOut) -> Option<Instant> {
        let mut doubts = lock(&self.doubtful);
        if payout.again {
            // It left by another program, as late as just now for all that is known here.
            doubts.entry(payout.id).or_insert_with(Instant::now);
        }
        doubts.retain(|_, since| since.elapsed() < self.doubt);
        doubts.insert(payout.id, Instant::now())
    }

    /// A try ended with this; `earlier` is what [`begin`](Self::begin) gave.
    pub(super) fn end(&self, id: PayoutId, ack: &Ack, earlier: Option<Instant>) {
        let doubt = match ack {
            Ack::News(PayoutNews::Unknown { .. }) => return,
            Ack::News(PayoutNews::NotTaken { .. } | PayoutNews::Held { .. } | PayoutNews::Short { .. })
            | Ack::Refused { .. }
            | Ack::Ours { .. } => earlier,
            Ack::News(news) => return self.hears(id, news),
        };
        let mut doubts = lock(&self.doubtful);
        match doubt {
            Some(since) => doubts.insert(id, since),
            None => doubts.remove(&id),
        };
    }

    /// Whether an earlier try has arrived, may have, or may still arrive.
    pub(super) fn is_doubtful(&self, id: PayoutId) -> bool {
        lock(&self.doubtful).contains_key(&id) || lock(&self.taken).contains_key(&id)
    }

    /// The provider has spoken of this id: that it has it, or what became of it.
    pub(super) fn hears(&self, id: PayoutId, news: &PayoutNews) {
        match news {
            PayoutNews::Accepted => {
                let mut taken = lock(&self.taken);
                taken.retain(|_, since| since.elapsed() < REMEMBERED);
                taken.insert(id, Instant::now());
            }
            PayoutNews::Paid { .. } | PayoutNews::Failed { .. } | PayoutNews::Reversed { .. } => {
                lock(&self.taken).remove(&id);
            }
            PayoutNews::Asked
            | PayoutNews::Held { .. }
            | PayoutNews::Short { .. }
            | PayoutNews::NotTaken { .. }
            | PayoutNews::Unknown { .. } => return,
        }
        self.speaks();
        lock(&self.doubtful).remove(&id);
    }

    /// The news in what was told of a payout, once a fault of ours in it makes payouts wait.
    pub(super) fn takes(&self, id: PayoutId, Told { news, fault }: Told) -> PayoutNews {
        if let Some(fault) = fault {
            self.hold(fault, "a result says so");
        }
        self.hears(id, &news);
        news
    }

    /// Payouts wait from now on, where they would come to nothing.
    pub(super) fn hold(&self, fault: Fault, why: &str) {
        match fault {
            Fault::Question => self.complain(why),
            Fault::Credential => self.hold_until(fault, None, why),
            Fault::Float | Fault::Access => self.hold_for(fault, self.hold, why),
        }
    }

    /// Payouts wait for so long, or until this is released.
    pub(super) fn hold_for(&self, fault: Fault, time: Duration, why: &str) {
        self.hold_until(fault, Some(Instant::now() + time.max(self.hold)), why);
    }

    fn hold_until(&self, fault: Fault, until: Option<Instant>, why: &str) {
        let is_new = lock(&self.held).insert(fault, until).is_none();
        if !is_new {
            return;
        }
        let provider = self.provider;
        match fault {
            Fault::Question => {}
            Fault::Float => {
                tracing::error!(provider, why, "ALARM: the float at a provider is too low; payouts wait");
            }
            Fault::Access => {
                tracing::error!(provider, why, "ALARM: a provider does not take our requests; payouts wait");
            }
            Fault::Credential => {
                tracing::error!(
                    provider,
                    why,
                    "ALARM: a provider refuses our password or PIN; payouts wait until it is mended and the service started again"
                );
            }
        }
    }

    /// A question beside the payouts is refused: somebody should know, and payouts go on.
    fn complain(&self, why: &str) {
        let mut last = lock(&self.complained);
        if last.is_none_or(|last| last.elapsed() >= TOLD_AGAIN) {
            *last = Some(Instant::now());
            let provider = self.provider;
            tracing::error!(provider, why, "ALARM: a provider refuses a question of ours; payouts go on");
        }
    }

    /// What was wrong has been mended.
    pub(super) fn release(&self, fault: Fault) {
        if lock(&self.held).remove(&fault).is_some() {
            tracing::warn!(provider = self.provider, ?fault, "payouts go on");
        }
    }

    /// Why payouts wait, the worst last; `None` when they do not.
    pub(super) fn held(&self) -> Option<Fault> {
        let mut held = lock(&self.held);
        held.retain(|_, until| until.is_none_or(|until| Instant::now() < until));
        held.keys().next_back().copied()
    }
}

/// Nobody leaves these half changed.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(hold_seconds: u64) -> Link {
        Link::new("test", &Timing { doubt_seconds: 600, hold_seconds, at_once: 2, ..Timing::default() })
    }

    #[test]
    fn what_was_taken_once_is_in_doubt_until_it_is_known_how_it_ended() {
        let link = Link::new("test", &Timing { doubt_seconds: 0, ..Timing::default() });
        let id = PayoutId::derived("1");
        assert!(!link.is_doubtful(id));
        link.end(id, &Ack::News(PayoutNews::Accepted), None);
        link.end(id, &Ack::Refused { why: "declined".to_owned(), code: "1".to_owned() }, None);
        assert!(link.is_doubtful(id), "the refusal is of another try");
        link.hears(id, &PayoutNews::Unknown { why: "silence".to_owned() });
        assert!(link.is_doubtful(id));
        link.hears(id, &PayoutNews::Failed { why: "declined".to_owned() });
        assert!(!link.is_doubtful(id));
    }

    #[test]
    fn what_another_program_may_have_sent_is_in_doubt_however_long_this_one_runs() {
        let link = Link::new("test", &Timing { doubt_seconds: 1, ..Timing::default() });
        std::thread::sleep(Duration::from_millis(1_100));
        let id = PayoutId::derived("1");
        let to = crate::types::Msisdn::from_e164("254700000101").expect("a number");
        let earlier = link.begin(&PayOut { id, via: String::new(), to, shillings: 100, again: true });
        let refused = Ack::Refused { why: "unknown".to_owned(), code: "404".to_owned() };
        link.end(id, &refused, earlier);
        assert!(link.is_doubtful(id), "the other's try may still arrive");
    }

    #[test]
    fn payouts_wait_for_a_fault_of_ours_and_a_refused_password_waits_for_a_person() {
        let patient = link(900);
        patient.hold(Fault::Float, "1");
        assert_eq!((patient.is_up(), patient.held()), (false, Some(Fault::Float)));
        assert!(patient.is_short(), "nothing else stands in the way");
        patient.release(Fault::Float);
        assert!(patient.is_up(), "the float was filled");
        let hasty = link(0);
        hasty.hold(Fault::Float, "1");
        assert!(hasty.is_up(), "it is tried again after a while");
        hasty.hold_for(Fault::Float, Duration::from_secs(900), "below the floor");
        assert_eq!(hasty.held(), Some(Fault::Float), "as long as the balance takes to be heard again");
        hasty.hold(Fault::Credential, "8006");
        assert_eq!(hasty.held(), Some(Fault::Credential), "however long that is");
        assert!(!hasty.is_short(), "more to pay from would not help");
    }

    #[test]
    fn after_silence_it_is_up_again_once_it_spoke_or_when_it_was_long_ago() {
        let silent = || {
            let link = link(0);
            (0..3).for_each(|_| link.note(&Heard::Nothing("no answer".to_owned()), true));
            link.note(&Heard::Answer { status: 200, after: None, body: Vec::new() }, false);
            link
        };
        let posted = silent();
        assert!(!posted.is_up(), "its health page answers, and no payment does");
        posted.hears(PayoutId::derived("1"), &PayoutNews::Unknown { why: "late".to_owned() });
        assert!(!posted.is_up());
        posted.hears(PayoutId::derived("1"), &PayoutNews::Paid { reference: "SJK1".to_owned() });
        assert!(posted.is_up(), "its result came by itself");
        let alone = silent();
        lock(&alone.silences).1 = Instant::now().checked_sub(SILENT);
        assert!(alone.is_up(), "nothing is open: nobody else would ever ask it");
        alone.note(&Heard::Nothing("no answer".to_owned()), true);
        assert!(!alone.is_up());
    }

    #[test]
    fn a_refused_question_holds_no_payout() {
        let link = link(900);
        link.hold(Fault::Question, "18");
        assert!(link.is_up() && link.held().is_none());
    }

    #[test]
    fn so_many_requests_are_under_way_and_no_more() {
        let link = link(0);
        let (one, two) = (link.slot(), link.slot());
        assert!(one.is_some() && two.is_some() && link.slot().is_none());
        drop(one);
        assert!(link.slot().is_some(), "a place is free again");
    }
}
