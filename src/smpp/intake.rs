//! What a message from the SMSC is, and whom it is handed to: a step of a dialog, a delivery
//! receipt, an SMS or a part of one.

use super::concat::{Content, Shape, shape};
use super::dialect::dialogs::{DialogKey, Fate, Met, Resend, Verdict, key_of};
use super::dialect::{self, Dialect};
use super::handover::{Answer, Handover};
use super::health::count;
use super::link::{Done, Link, MOST_PENDING, Work, lock};
use super::pdu::{Body, Message, Pdu};
use super::receipt::{self, Reading, Receipt};
use super::tlv;
use crate::engine::port::{PartIn, ReceiptIn, SmsIn, UssdEvent, UssdIn};
use crate::gsm::assemble::{Piece, join};
use crate::gsm::charset::Charset;
use crate::gsm::{read, septets};
use crate::types::Timestamp;
use futures_util::future::{FutureExt, TryFutureExt};
use std::time::Duration;

/// A repeated step is looked at again after this: what came in between proves that the screen it
/// asks for was seen.
const HOLD: Duration = Duration::from_millis(400);

/// A step that came before.
pub(super) struct Repeat {
    input: UssdIn,
    key: DialogKey,
    answer: Answer,
}

impl Link<'_> {
    /// Hands a message on. It is answered when it is safe with the engine; one that nobody will
    /// ever understand is answered at once, or the SMSC would send it for days.
    pub(super) fn delivered(&self, work: &mut Work, pdu: Pdu, now: Timestamp) {
        let (message, by_data) = match &pdu.body {
            Body::DeliverSm(message) => (message.clone(), false),
            Body::DataSm(data) => (data.clone().into(), true),
            _ => return,
        };
        if work.pending.len() >= MOST_PENDING {
            return self.answer(work, &pdu, false);
        }
        if let Some(tag) = tlv::repeated(&message.tlvs) {
            self.warn(&message, &format!("{} occurs twice; the first counts", tlv::name(tag)));
        }
        if !message.short_message.is_empty() && tlv::get(&message.tlvs, tlv::MESSAGE_PAYLOAD).is_some() {
            self.warn(&message, "both short_message and message_payload are filled; the first counts");
        }
        if Dialect::is_ussd(&message) {
            return self.step(work, &pdu, &message, by_data, now);
        }
        match receipt::read(&message) {
            Reading::Receipt(receipt) => self.receipt(work, pdu, &message, receipt),
            Reading::Unreadable(why) => {
                self.drop_it(work, &pdu, &message, &format!("a receipt that cannot be read: {why}"));
            }
            Reading::Other => self.sms(work, pdu, message),
        }
    }

    fn step(&self, work: &mut Work, pdu: &Pdu, message: &Message, by_data: bool, now: Timestamp) {
        count(&self.health.counters.ussd_in);
        let met = lock(&self.gateway.dialogs).meet(message, by_data, (self.number, pdu.sequence), now);
        let Ok(Met { mut step, dialect, mark, verdict, notes }) = met else {
            return self.drop_it(work, pdu, message, "a USSD step whose source_addr is no phone number");
        };
        for note in notes {
            tracing::info!(gateway = &*self.gateway.id, "{note}");
        }
        if let UssdEvent::Begin(code) = &mut step.event
            && code.is_empty()
        {
            code.clone_from(&self.gateway.settings.service_code);
        }
        let key = key_of(&step);
        let input = UssdIn {
            gateway: self.gateway.id.clone(),
            msisdn: step.msisdn,
            session: step.session,
            sequence: step.sequence,
            event: step.event,
            mark: Some(mark),
            septets: u16::try_from(dialect.page_septets.min(dialect.most_septets)).ok(),
            at: self.gateway.clock.now(),
        };
        let deadline = now.after(Duration::from_millis(self.gateway.settings.reply_deadline_ms));
        let answer = Answer { reply: step.reply, dialect, deadline, handover: Handover::of_copy() };
        match verdict {
            Verdict::New => {
                let taken = self.turn(work, input, &key, answer, true);
                self.answer(work, pdu, taken);
            }
            Verdict::Closed => self.answer(work, pdu, true),
            Verdict::Again => {
                count(&self.health.counters.repeats);
                self.answer(work, pdu, true);
                let repeat = Repeat { input, key, answer };
                let held = tokio::time::sleep(HOLD).map(move |()| Done::Repeat(Box::new(repeat)));
                work.pending.push(held.boxed());
            }
        }
    }

    /// Hands a step to the engine; false when its lane is full. The screen is followed unless the
    /// gateway has it already.
    fn turn(
        &self, work: &mut Work, input: UssdIn, key: &DialogKey, mut answer: Answer, follow: bool,
    ) -> bool {
        let dialogs = &self.gateway.dialogs;
        let mark = input.mark.clone().unwrap_or_default();
        let followed = follow.then(|| Handover::of(&input, key.clone(), dialogs, &self.subscribers));
        let Ok(screen) = self.subscribers.ussd(input) else {
            // When it is brought again it is as good as new.
            lock(dialogs).fared(key, &mark, Fate::Lost, false);
            followed.into_iter().for_each(Handover::nothing);
            return false;
        };
        if let Some(followed) = followed {
            answer.handover = followed;
        }
        work.pending.push(screen.map(move |out| Done::Screen(Box::new(answer), out)).boxed());
        true
    }

    /// A step that came twice, a moment later.
    pub(super) fn repeat(&self, work: &mut Work, repeat: Repeat) {
        let Repeat { input, key, answer } = repeat;
        let begins = matches!(input.event, UssdEvent::Begin(_));
        let mark = input.mark.as_ref();
        let resend = mark.map(|mark| lock(&self.gateway.dialogs).resend(&key, mark, begins));
        if let Some(how @ (Resend::Copy | Resend::Anew)) = resend {
            self.turn(work, input, &key, answer, how == Resend::Anew);
        }
    }

    fn receipt(&self, work: &mut Work, pdu: Pdu, message: &Message, receipt: Receipt) {
        count(&self.health.counters.receipts_in);
        // The addresses change places in a receipt; not every SMSC does so.
        let phones = [&message.source, &message.dest].into_iter().filter_map(dialect::subscriber).collect();
        let input = ReceiptIn {
            gateway: self.gateway.id.clone(),
            message_id: receipt.id,
            base: self.gateway.settings.receipt_id,
            phones,
            state: receipt.state,
            error: receipt.error,
            done: receipt.done,
            at: self.gateway.clock.now(),
        };
        match self.subscribers.receipt(input) {
            Ok(kept) => work.pending.push(kept.map(move |kept| Done::Kept(pdu, kept.is_ok())).boxed()),
            Err(_) => self.answer(work, &pdu, false),
        }
    }

    fn sms(&self, work: &mut Work, pdu: Pdu, message: Message) {
        let Some(from) = dialect::subscriber(&message.source) else {
            return self.drop_it(work, &pdu, &message, "an SMS whose source_addr is no phone number");
        };
        let (gateway, at) = (self.gateway.id.clone(), self.gateway.clock.now());
        let to = message.dest.addr.clone();
        let mark = |reference, text: &str| self.gateway.marks.sms(&message, reference, text);
        let kept = match shape(&message, self.gateway.settings.stripped_udh) {
            Shape::Impossible => {
                return self.drop_it(work, &pdu, &message, "a part of a long SMS that cannot be");
            }
            Shape::Single(content) => {
                let read = join([&self.piece(&message, content)]);
                if read.damaged {
                    self.warn(&message, "some octets of an SMS made no character");
                }
                let mark = mark(None, &read.text);
                let input = SmsIn { gateway, from, to, text: read.text, mark, name: None, at };
                self.subscribers.sms(input).map(|kept| kept.map_ok(drop).boxed())
            }
            Shape::Part(place, content) => {
                let mark = mark(Some(place.reference), "");
                let piece = self.piece(&message, content);
                self.subscribers.part(PartIn { gateway, from, to, place, piece, mark, at })
            }
        };
        count(&self.health.counters.sms_in);
        match kept {
            Ok(kept) => work.pending.push(kept.map(move |kept| Done::Kept(pdu, kept.is_ok())).boxed()),
            Err(_) => self.answer(work, &pdu, false),
        }
    }

    /// What a message says, as it can be kept. Packed septets are unpacked here, where it is known
    /// how far from their header they begin.
    fn piece(&self, message: &Message, content: Content<'_>) -> Piece {
        let (charset, data_coding) = (self.gateway.settings.sms_charset, message.data_coding);
        let packed = charset == Charset::GsmPacked && read::is_default(data_coding);
        let Content { header, tables, octets } = content;
        let (charset, octets) = match packed {
            true => (Charset::Gsm, septets::unpack_behind(header, octets)),
            false => (charset, octets.to_vec()),
        };
        Piece { charset, data_coding, tables, octets }
    }

    fn drop_it(&self, work: &mut Work, pdu: &Pdu, message: &Message, what: &str) {
        count(&self.health.counters.dropped);
        self.warn(message, what);
        self.answer(work, pdu, true);
    }

    fn warn(&self, message: &Message, what: &str) {
        let (gateway, data_coding) = (&*self.gateway.id, message.data_coding);
        tracing::warn!(gateway, data_coding, "{what}");
    }
}
