//! The way out for SMS: from a text to its parts, through a bind, to what came of it.

use super::link::{Gateway, Part, PartSent};
use super::pdu::{Address, Message, UDHI};
use super::pool::Pool;
use super::tlv;
use crate::engine::port::{Sent, SmsOut};
use crate::gsm::segment::{self, Coding, Style};
use crate::types::Timestamp;
use bytes::Bytes;
use futures_util::future::join_all;
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a part of an SMS waits for its turn and its answer before the outbox has it back.
const PART: Duration = Duration::from_secs(60);
/// When an SMS is tried again that found no bind, or no room at one.
const NO_BIND: Duration = Duration::from_secs(5);

impl Pool {
    /// Tries once to send an SMS by a bind that is up.
    pub(super) async fn submit(&self, sms: SmsOut) -> Sent {
        let now = self.clock.now();
        if sms.give_up <= now {
            return Sent::Never("its time was over before it could be sent".to_owned());
        }
        if let Err(too_long) = segment::segment(&sms.text, 0, &Style::default()) {
            return Sent::Never(too_long.to_string());
        }
        let Some((gateway, line)) = self.line_for(sms.gateway.as_ref(), segment::parts(&sms.text)) else {
            return later(NO_BIND, "no SMSC bind is up with room to send");
        };
        let cut = match segment::segment(&sms.text, reference(&sms.id), &gateway.settings.style()) {
            Ok(cut) => cut,
            Err(too_long) => return Sent::Never(too_long.to_string()),
        };
        let give_up = gateway.now().after(PART);
        let mut answers = Vec::new();
        for part in &cut.parts {
            let message = mt_message(gateway, &sms, cut.coding, part, now);
            let (done, answer) = oneshot::channel();
            if !line.send(Part { message, give_up, done }) {
                return later(NO_BIND, "the SMSC bind was lost or filled up meanwhile");
            }
            answers.push(answer);
        }
        let mut ids = Vec::new();
        let mut worst = None;
        for answer in join_all(answers).await {
            match answer {
                Ok(PartSent::Taken(id)) => ids.push(id),
                Ok(PartSent::Never(why)) => return Sent::Never(why),
                Ok(PartSent::Later(after, why)) => worst = Some(later(after, &why)),
                Err(_) => worst = Some(later(NO_BIND, "the connection was lost")),
            }
        }
        worst.unwrap_or_else(|| Sent::Taken { gateway: gateway.id.clone(), ids })
    }
}

fn later(after: Duration, why: &str) -> Sent {
    Sent::Later { after, why: why.to_owned() }
}

/// Ties the parts of an SMS together: the same at every try, so that parts of two tries make one
/// whole on the phone.
pub(super) fn reference(id: &str) -> u16 {
    let hash = Sha256::digest(id.as_bytes());
    u16::from_be_bytes([hash[1], hash[0]])
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
    Message {
        source: settings.sender(),
        dest: Address::new(1, 1, sms.to.to_string()),
        esm_class: if part.header.is_empty() { 0 } else { UDHI },
        validity_period: validity(sms.give_up.since(now)),
        registered_delivery: u8::from(settings.receipts),
        data_coding: if coding == Coding::Ucs2 { 0x08 } else { 0x00 },
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
mod tests {
    use super::*;

    #[test]
    fn validity_is_written_as_days_and_hours() {
        assert_eq!(validity(Duration::from_secs(86_400)), "000001000000000R");
        assert_eq!(validity(Duration::from_secs(3 * 3600 + 62)), "000000030102000R");
        assert_eq!(validity(Duration::from_secs(400 * 86_400)), "000030000000000R");
        assert_eq!(validity(Duration::ZERO).len(), 16);
    }
}
