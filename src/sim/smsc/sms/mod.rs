//! SMS both ways, and what became of them.

mod receipt;
pub mod text;

use super::{
    exchange::{Delivery, Exchange, What},
    handset::{PhoneError, Sms},
    submit::Taken,
};
use crate::{
    gsm::segment::{self, Coding, Style},
    smpp::{
        pdu::{Address, Message, UDHI},
        status,
    },
    types::Msisdn,
};
use bytes::Bytes;
use std::sync::Arc;
use tokio::time::Instant;

/// registered_delivery, bits 1-0: a receipt whatever comes of it, or of failure only.
const ASKED_ALWAYS: u8 = 1;
const ASKED_ON_FAILURE: u8 = 2;

impl Exchange {
    /// A phone sends a text to the short code, in parts if it is long.
    pub fn sms_from_phone(&mut self, msisdn: Msisdn, text: &str, now: Instant) -> Result<(), PhoneError> {
        let phone = self.phone(msisdn);
        let reference = phone.next_reference;
        phone.next_reference = reference.wrapping_add(1);
        let segmented =
            segment::segment(text, reference.into(), &Style::default()).map_err(|_| PhoneError::TooLong)?;
        self.counters.sms_from_phones += 1;
        for part in segmented.parts {
            let message = Message {
                source: Address::new(1, 1, msisdn.to_string()),
                dest: Address::new(0, 1, self.settings.short_code.clone()),
                esm_class: if part.header.is_empty() { 0 } else { UDHI },
                data_coding: match segmented.coding {
                    Coding::Gsm7 => text::GSM,
                    Coding::Ucs2 => text::UCS2,
                },
                short_message: Bytes::from(part.octets()),
                ..Message::default()
            };
            self.deliver(Delivery { message, what: What::Sms, not_before: now }, now);
        }
        Ok(())
    }

    /// An SMS from the application to a phone: its message number, or why it is not taken.
    pub fn sms_to_phone(&mut self, message: &Message, now: Instant) -> Result<u32, u32> {
        let msisdn = Msisdn::from_e164(&message.dest.addr).map_err(|_| status::INV_DST_ADR)?;
        if message.source.addr.is_empty() {
            return Err(status::INV_SRC_ADR);
        }
        let part = text::part(message).ok_or(status::INV_MSG_LEN)?;
        let id = self.new_message_id();
        let at = self.time();
        self.counters.sms_parts += 1;
        let phone = self.phone(msisdn);
        let reachable = phone.reachable;
        let heading = part.text.clone();
        let whole = if reachable { phone.parts.add(&message.source.addr, part, at) } else { None };
        if let Some((text, parts)) = whole {
            let sms = Sms { from: message.source.addr.clone(), text, at, parts };
            phone.view.send_modify(|view| Arc::make_mut(&mut view.inbox).push(sms));
            self.counters.sms_to_phones += 1;
        }
        let asked = match message.registered_delivery & 0x03 {
            ASKED_ALWAYS => true,
            ASKED_ON_FAILURE => !reachable,
            _ => false,
        };
        if asked && !self.faults.no_receipts {
            let fate = receipt::Fate { delivered: reachable, text: &heading, at };
            self.send_receipt(message, id, &fate, now);
        }
        let (source, dest) = (message.source.addr.clone(), message.dest.addr.clone());
        let state = receipt::state(reachable);
        self.remember(Taken { id, source, dest, text: heading, state, at, heard: true });
        Ok(id)
    }

    /// A receipt, and perhaps one before it for a message that nobody sent.
    fn send_receipt(&mut self, message: &Message, id: u32, fate: &receipt::Fate<'_>, now: Instant) {
        let (ids, shape) = (self.settings.message_ids, self.settings.receipts);
        let not_before = if self.faults.receipt_first { now } else { now + self.settings.timers.receipt };
        if self.faults.stray_receipt.strikes(now) {
            // Numbers of ours never come there: they start at a hundred million.
            let message = receipt::written(message, &ids.in_receipt(id % 1_000_000), fate, shape);
            self.deliver(Delivery { message, what: What::Receipt, not_before }, now);
        }
        let message = receipt::written(message, &ids.in_receipt(id), fate, shape);
        self.deliver(Delivery { message, what: What::Receipt, not_before }, now);
    }

    /// A message from one bind to the applications of the short code: it comes to them as it is.
    pub fn sms_between_applications(&mut self, message: Message, now: Instant) -> Result<u32, u32> {
        if text::part(&message).is_none() {
            return Err(status::INV_MSG_LEN);
        }
        let message = Message { registered_delivery: 0, validity_period: String::new(), ..message };
        self.deliver(Delivery { message, what: What::Sms, not_before: now }, now);
        Ok(self.new_message_id())
    }

    /// The oldest SMS not taken before.
    pub fn take_sms(&mut self, msisdn: Msisdn) -> Option<Sms> {
        let phone = self.phone(msisdn);
        let sms = phone.view.borrow().inbox.get(phone.taken).cloned()?;
        phone.taken += 1;
        Some(sms)
    }
}
