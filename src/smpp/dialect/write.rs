//! Screens, pushes and releases as messages.

use super::{Address, Dialect, EndBit, Kind, Message, Msisdn, Tlv, USSD};
use crate::gsm::{alphabet, fit};
use crate::smpp::{text, tlv};
use bytes::Bytes;

/// TON and NPI of our short code in a push: unknown, ISDN.
const SHORT_CODE: (u8, u8) = (0, 1);
/// TON and NPI of a phone in a push: international, ISDN.
const PHONE: (u8, u8) = (1, 1);

/// What a screen takes over from the PDU it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyTo {
    pub(super) source: Address,
    pub(super) dest: Address,
    pub(super) service_type: String,
    pub(super) data_coding: u8,
    pub(super) echo: Vec<Tlv>,
    /// Whether the step came by data_sm.
    pub by_data: bool,
    /// How the dialog came about.
    pub kind: Kind,
}

/// A screen ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// The message.
    pub message: Message,
    /// Whether it travels by data_sm.
    pub as_data: bool,
    /// Whether the text was longer than the gateway takes and had to be cut.
    pub cut: bool,
}

impl Dialect {
    /// The screen in answer to a step: addresses swapped, session TLVs echoed.
    pub fn screen(&self, to: &ReplyTo, said: &str, last: bool) -> Screen {
        let op = match (last, to.kind) {
            (false, _) => self.continue_op,
            (true, Kind::Dialled) => self.end_op,
            (true, Kind::Data) => self.data_end_op,
            (true, Kind::Pushed) => self.push_end_op,
        };
        let tlvs = to.echo.iter().map(|echo| self.echo(echo, last)).collect();
        self.message(to, op, said, tlvs)
    }

    /// The end of a dialog without a screen, where the gateway knows such a thing. What came is
    /// echoed as it came: the operation says it all.
    pub fn release(&self, to: &ReplyTo) -> Option<Screen> {
        Some(self.message(to, self.release_op?, "", to.echo.clone()))
    }

    /// A message that we send to a phone that dialled nothing: a question that opens a dialog, or
    /// a notice that is only shown. `from` is our short code. `None` where the gateway takes no such
    /// message.
    ///
    /// The gateway gives the dialog its name; we see it first in the reply, so there can be one
    /// push to a phone at a time.
    pub fn push(&self, from: &str, phone: Msisdn, said: &str, asks: bool) -> Option<Screen> {
        let op = if asks { self.push_op } else { self.notify_op }?;
        let named = (asks && self.push_info).then(|| (tlv::ITS_SESSION_INFO, Bytes::from_static(&[0, 0])));
        let to = ReplyTo {
            source: Address::new(SHORT_CODE.0, SHORT_CODE.1, from),
            dest: Address::new(PHONE.0, PHONE.1, phone.to_string()),
            service_type: USSD.to_owned(),
            data_coding: 0,
            echo: Vec::new(),
            by_data: false,
            kind: Kind::Pushed,
        };
        Some(self.message(&to, op, said, named.into_iter().collect()))
    }

    fn message(&self, to: &ReplyTo, op: u8, said: &str, session: Vec<Tlv>) -> Screen {
        let simple = alphabet::simplify(said);
        let (page, rest) = fit::cut(&simple, self.most_septets);
        let echoed = if to.data_coding == 0x0F { 0x0F } else { 0x00 };
        let (octets, data_coding) = match text::write(page, self.charset) {
            Some(octets) => (octets, self.data_coding.unwrap_or(echoed)),
            None => (text::write_ucs2(page), self.data_coding_ucs2),
        };
        let mut tlvs = vec![tlv::octet(tlv::USSD_SERVICE_OP, op)];
        tlvs.extend(session);
        let mut short_message = Bytes::from(octets);
        let as_data = self.carrier.is_data(to.by_data);
        if self.payload && !as_data && !short_message.is_empty() {
            tlvs.push((tlv::MESSAGE_PAYLOAD, std::mem::take(&mut short_message)));
        }
        let message = Message {
            service_type: self.service_type.clone().unwrap_or_else(|| to.service_type.clone()),
            source: typed(&to.source, self.our_ton_npi),
            dest: typed(&to.dest, self.phone_ton_npi),
            registered_delivery: self.registered_delivery,
            data_coding,
            short_message,
            tlvs,
            ..Message::default()
        };
        Screen { message, as_data, cut: !rest.is_empty() }
    }

    fn echo(&self, (tag, value): &Tlv, last: bool) -> Tlv {
        let bit = match self.end_bit {
            EndBit::Standard => last,
            EndBit::Inverted => !last,
            EndBit::Ignored => return (*tag, value.clone()),
        };
        match value.as_ref() {
            [session, low] if *tag == tlv::ITS_SESSION_INFO => {
                (*tag, Bytes::copy_from_slice(&[*session, (low & 0xFE) | u8::from(bit)]))
            }
            _ => (*tag, value.clone()),
        }
    }
}

/// An address with another TON and NPI, where one is set.
fn typed(address: &Address, ton_npi: Option<(u8, u8)>) -> Address {
    ton_npi.map_or_else(|| address.clone(), |(ton, npi)| Address::new(ton, npi, address.addr.clone()))
}
