//! The way out for SMS: from a text to its parts, through a bind, to what came of it.

mod push;
mod reference;

use super::link::{Gateway, Part, PartSent};
use super::pdu::{Address, Message, UDHI};
use super::pool::Pool;
use super::settings::ReceiptOn;
use super::status::Class;
use super::tlv;
use crate::engine::port::{Partly, Pause, Sent, SmsOut};
use crate::gsm::segment::{self, Coding, Style};
use crate::types::Timestamp;
use bytes::Bytes;
pub(super) use reference::References;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a part of an SMS waits for its turn before the outbox has it back.
const PART: Duration = Duration::from_secs(60);
/// When an SMS is tried again that found no bind, or no room at one.
const NO_BIND: Duration = Duration::from_secs(5);
/// When an SMS is tried again that the SMSC refused for our account or settings.
const HOLD: Duration = Duration::from_secs(300);
/// Tries of what is refused for a reason that nobody knows.
const DOUBTFUL_TRIES: u32 = 2;

impl Pool {
    /// Tries once to send an SMS by a bind that is up; of a long one, the parts that are not taken
    /// yet.
    pub(super) async fn submit(&self, sms: SmsOut) -> Sent {
        let now = self.clock.now();
        if sms.give_up <= now {
            return Sent::Never("its time was over before it could be sent".to_owned());
        }
        if let Err(too_long) = segment::segment(&sms.text, 0, &Style::default()) {
            return Sent::Never(too_long.to_string());
        }
        // A gateway that was taken out of the configuration holds nobody back.
        let begun = sms.partly.clone().filter(|begun| self.has(&begun.gateway));
        let at = sms.gateway.clone().or_else(|| begun.as_ref().map(|begun| begun.gateway.as_str().into()));
        let taken = begun.as_ref().map_or(0, |begun| begun.taken.len());
        let missing = segment::parts(&sms.text).saturating_sub(taken);
        let Some((gateway, line)) = self.line_for(at.as_ref(), missing) else {
            return Sent::Later { after: NO_BIND, why: "no SMSC bind is up with room to send".to_owned() };
        };
        let begun = begun.filter(|begun| begun.gateway == *gateway.id);
        let reference =
            begun.as_ref().map_or_else(|| self.references.next(sms.to.number()), |begun| begun.reference);
        let cut = match segment::segment(&sms.text, reference, &gateway.settings.style()) {
            Ok(cut) => cut,
            Err(too_long) => return Sent::Never(too_long.to_string()),
        };
        // Other settings cut otherwise: then what was taken is of no use, and the whole goes.
        let total = u8::try_from(cut.parts.len()).unwrap_or(u8::MAX);
        let mut partly = begun.filter(|begun| begun.total == total).unwrap_or_else(|| Partly {
            gateway: gateway.id.to_string(),
            reference,
            total,
            taken: Default::default(),
        });
        let give_up = gateway.now().after(PART);
        let mut answers = Vec::new();
        let mut worst: Option<PartSent> = None;
        for (number, part) in (0u8..).zip(&cut.parts) {
            if partly.taken.contains_key(&number) {
                continue;
            }
            let unasked = gateway.settings.receipt_on == ReceiptOn::Last && number + 1 < total;
            let receipt = gateway.settings.receipts && !unasked;
            let mut message = mt_message(gateway, &sms, cut.coding, part, now);
            message.registered_delivery = u8::from(receipt);
            let (done, answer) = oneshot::channel();
            if !line.send(Part { message, as_data: false, give_up, done }) {
                worst = Some(PartSent::Unsent("the SMSC bind was lost or filled up meanwhile".to_owned()));
                break;
            }
            answers.push((number, unasked, answer));
        }
        for (number, unasked, answer) in answers {
            match answer.await.unwrap_or_else(|_| PartSent::Unsent("the connection was lost".to_owned())) {
                // A part that no receipt will be about has no name to wait for.
                PartSent::Taken(_) if unasked => drop(partly.taken.insert(number, String::new())),
                PartSent::Taken(id) => drop(partly.taken.insert(number, id)),
                other => worst = worst.into_iter().chain([other]).max_by_key(PartSent::weight),
            }
        }
        outcome(gateway, worst, partly)
    }
}

impl PartSent {
    /// Of several troubles the heaviest decides about the whole.
    const fn weight(&self) -> u8 {
        match self {
            Self::Taken(_) => 0,
            Self::Unsent(_) => 1,
            Self::Unanswered | Self::Refused(Class::Ok | Class::Throttle | Class::Session, _) => 2,
            Self::Refused(Class::Temporary, _) => 3,
            Self::Refused(Class::Configuration, _) => 4,
            Self::Refused(Class::Doubtful, _) => 5,
            Self::Refused(Class::Permanent, _) => 6,
        }
    }
}

/// What the fates of its parts mean for an SMS.
fn outcome(gateway: &Gateway, worst: Option<PartSent>, partly: Partly) -> Sent {
    let (pause, why) = match worst {
        None | Some(PartSent::Taken(_)) => {
            let ids = partly.taken.into_values().collect();
            return Sent::Taken { gateway: gateway.id.clone(), ids };
        }
        Some(PartSent::Unsent(why)) => (Pause::After(NO_BIND), why),
        Some(PartSent::Unanswered) => (Pause::Grows, "the SMSC did not answer".to_owned()),
        Some(PartSent::Refused(class, why)) => match class {
            Class::Permanent => return Sent::Never(why),
            Class::Configuration => (Pause::After(HOLD), why),
            Class::Doubtful => (Pause::GrowsAtMost(DOUBTFUL_TRIES), why),
            Class::Ok | Class::Throttle | Class::Session | Class::Temporary => (Pause::Grows, why),
        },
    };
    Sent::Again { pause, why, partly: (partly.total > 1).then_some(partly) }
}

fn mt_message(
    gateway: &Gateway, sms: &SmsOut, coding: Coding, part: &segment::Part, now: Timestamp,
) -> Message {
    let settings = &gateway.settings;
    let mut short_message = Bytes::from(part.octets());
    let mut tlvs = Vec::new();
    if let Some(sar) = part.sar {
        tlvs.push((tlv::SAR_MSG_REF_NUM, Bytes::copy_from_slice(&sar.reference.to_be_bytes())));
        tlvs.push(tlv::octet(tlv::SAR_TOTAL_SEGMENTS, sar.total));
        tlvs.push(tlv::octet(tlv::SAR_SEGMENT_SEQNUM, sar.number));
    }
    if part.payload {
        tlvs.push((tlv::MESSAGE_PAYLOAD, std::mem::take(&mut short_message)));
    }
    // Class 0 (3GPP TS 23.038, 4): shown at once, kept nowhere.
    let flash = if settings.flash_codes && sms.purpose.may_flash() { 0x10 } else { 0 };
    Message {
        source: settings.sender(sms.purpose),
        dest: Address::new(1, 1, sms.to.to_string()),
        esm_class: if part.header.is_empty() { 0 } else { UDHI },
        priority_flag: sms.purpose.priority(),
        validity_period: validity(sms.give_up.since(now)),
        data_coding: if coding == Coding::Ucs2 { 0x08 | flash } else { flash },
        short_message,
        tlvs,
        ..Message::default()
    }
}

/// A relative validity_period (7.1.1): `000001000000000R` is a day. At most thirty days, since
/// months of a relative time are of no certain length.
fn validity(span: Duration) -> String {
    let seconds = span.as_secs().clamp(60, 30 * 86_400);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    format!("0000{days:02}{:02}{:02}{:02}000R", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests;
