//! Messages of the application: taken or refused, answered or left without an answer, remembered
//! and asked about.

use super::exchange::{Exchange, LinkId};
use crate::{
    smpp::{
        pdu::{Body, Message, MessageResp, Mode, Pdu},
        status, tlv,
    },
    types::Timestamp,
};
use bytes::{BufMut, Bytes, BytesMut};
use tokio::time::Instant;

/// command_id of the requests about an earlier message, and their names for its states.
const QUERY_SM: u32 = 0x03;
const REPLACE_SM: u32 = 0x07;
const CANCEL_SM: u32 = 0x08;
/// No such message (ESME_RINVMSGID).
const INV_MSG_ID: u32 = 0x0C;
/// Too late to cancel (ESME_RCANCELFAIL), to replace (ESME_RREPLACEFAIL).
const CANCEL_FAIL: u32 = 0x11;
const REPLACE_FAIL: u32 = 0x13;
const ANSWER: u32 = 0x8000_0000;

/// A message that was taken from the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its number, as receipts call it in decimal.
    pub id: u32,
    /// The sender.
    pub source: String,
    /// The phone.
    pub dest: String,
    /// What this part says.
    pub text: String,
    /// message_state (5.2.28): 2 delivered, 5 undeliverable.
    pub state: u8,
    /// When it was decided.
    pub at: Timestamp,
    /// Whether the application surely heard that it was taken. It did not when the answer was
    /// withheld, or when the connection was lost within a second of it.
    pub heard: bool,
}

impl Exchange {
    /// A message from the application. `None` when no response goes out now.
    pub fn submit(
        &mut self, id: LinkId, pdu: &Pdu, message: Message, bound: Option<Mode>, now: Instant,
    ) -> Option<Pdu> {
        if !bound.is_some_and(Mode::transmits) {
            self.counters.refused += 1;
            return header_only(pdu, status::INV_BND_STS);
        }
        if let Some(link) = self.link(id) {
            link.active = now;
        }
        if self.faults.drop_submit.strikes(now) {
            self.counters.submits_dropped += 1;
            return None;
        }
        if self.faults.throttled.strikes(now) {
            self.counters.held_off += 1;
            return header_only(pdu, status::THROTTLED);
        }
        if self.faults.queue_full.strikes(now) {
            self.counters.held_off += 1;
            return pdu.answer(status::MSG_Q_FUL);
        }
        if self.faults.refuse.strikes(now) {
            self.counters.refused += 1;
            return header_only(pdu, self.faults.refuse_with);
        }
        let is_screen = tlv::get(&message.tlvs, tlv::USSD_SERVICE_OP).is_some();
        let taken = if is_screen {
            self.screen(&message, now).map(|()| self.new_message_id())
        } else if message.dest.addr == self.settings.short_code {
            self.sms_between_applications(message, now)
        } else {
            self.sms_to_phone(&message, now)
        };
        match taken {
            Ok(message_id) => {
                let mut answer = pdu.answer(status::OK)?;
                let named = MessageResp::named(self.settings.message_ids.in_response(message_id));
                match &mut answer.body {
                    Body::SubmitSmResp(resp) | Body::DataSmResp(resp) => *resp = named,
                    _ => {}
                }
                self.answer(id, answer, message_id, now)
            }
            Err(status) => {
                self.counters.refused += 1;
                header_only(pdu, status)
            }
        }
    }

    /// What becomes of the good news on its way out.
    fn answer(&mut self, id: LinkId, answer: Pdu, message: u32, now: Instant) -> Option<Pdu> {
        if self.faults.swallow_submit_resp.strikes(now) {
            self.counters.responses_withheld += 1;
            self.unheard(message);
            return None;
        }
        let held = self.faults.hold_submit_resp.strikes(now).then_some(self.faults.hold_for);
        let twice = self.faults.repeat_submit_resp.strikes(now);
        let link = self.link(id)?;
        if let Some(hold_for) = held {
            link.held.push((now + hold_for, answer));
            self.counters.responses_withheld += 1;
            self.unheard(message);
            return None;
        }
        // Of many, only those of the last moment can be unheard.
        if link.answered.len() == 1024 {
            link.answered.pop_front();
        }
        link.answered.push_back((now, message));
        if twice {
            self.send(id, &answer);
        }
        Some(answer)
    }

    /// The application may not know that this message was taken.
    pub fn unheard(&mut self, message: u32) {
        if let Some(taken) = self.taken.get_mut(&message) {
            taken.heard = false;
        }
    }

    /// Keeps a message in mind, and forgets the oldest.
    pub fn remember(&mut self, taken: Taken) {
        self.taken.insert(taken.id, taken);
        while self.taken.len() > self.settings.remembers {
            self.taken.pop_first();
        }
    }

    /// The number of a message taken; spoken as the settings say.
    pub fn new_message_id(&mut self) -> u32 {
        let id = self.next_message;
        self.next_message = self.next_message.checked_add(1).unwrap_or(1);
        id
    }

    /// The answer to query_sm, cancel_sm or replace_sm (SMPP 3.4, 4.8 to 4.10); `None` for any other
    /// PDU. A message is decided the moment it is taken, so that it is always too late to change it.
    pub fn about_a_message(&mut self, frame: &Bytes, bound: Option<Mode>) -> Option<Bytes> {
        let word = |at: usize| frame.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
        let command = word(4).filter(|command| matches!(*command, QUERY_SM | REPLACE_SM | CANCEL_SM))?;
        let body = &frame[16..];
        let body = match (command, body.iter().position(|octet| *octet == 0)) {
            // cancel_sm names the service first.
            (CANCEL_SM, Some(end)) => &body[end + 1..],
            _ => body,
        };
        let named: String = body.iter().take_while(|octet| **octet != 0).map(|o| char::from(*o)).collect();
        let radix = if self.settings.message_ids.in_response(10) == "A" { 16 } else { 10 };
        let known = u32::from_str_radix(&named, radix).ok().and_then(|id| self.taken.get(&id));
        let status = match (command, known) {
            _ if !bound.is_some_and(Mode::transmits) => status::INV_BND_STS,
            (_, None) => INV_MSG_ID,
            (QUERY_SM, Some(_)) => status::OK,
            (CANCEL_SM, Some(_)) => CANCEL_FAIL,
            _ => REPLACE_FAIL,
        };
        let mut answer = BytesMut::new();
        answer.put_u32(0);
        answer.put_u32(command | ANSWER);
        answer.put_u32(status);
        answer.put_u32(word(12)?);
        if let (status::OK, Some(taken)) = (status, known) {
            answer.put_slice(named.as_bytes());
            // The moment it was decided: a year of two digits down to tenths, and no offset from UTC.
            let (year, month, day) = taken.at.civil(0);
            let time: String = taken.at.hour_minute(0).chars().filter(char::is_ascii_digit).collect();
            let date = format!("\0{:02}{month:02}{day:02}{time}00000+\0", year.rem_euclid(100));
            answer.put_slice(date.as_bytes());
            answer.put_u8(taken.state);
            answer.put_u8(0);
        } else {
            self.counters.refused += 1;
        }
        let length = u32::try_from(answer.len()).ok()?;
        answer[..4].copy_from_slice(&length.to_be_bytes());
        Some(answer.freeze())
    }
}

/// An error response as most SMSCs send it: no body.
fn header_only(pdu: &Pdu, status: u32) -> Option<Pdu> {
    let mut answer = pdu.answer(status)?;
    if let Body::SubmitSmResp(resp) | Body::DataSmResp(resp) = &mut answer.body {
        resp.message_id = None;
    }
    Some(answer)
}
