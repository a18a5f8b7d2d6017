//! Steps of dialogs, read from messages.

use super::{Address, is_session};
use super::{CodeField, Dialect, EndBit, Kind, Message, Msisdn, ReplyTo, SessionKey, Tlv, USSD, UssdEvent};
use crate::smpp::{text, tlv};

/// A step of a dialog as a PDU tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Whose phone.
    pub msisdn: Msisdn,
    /// The gateway's name for the dialog; empty where it has none.
    pub session: Vec<u8>,
    /// The gateway's count of exchanges, where it keeps one.
    pub sequence: Option<u8>,
    /// What happened.
    pub event: UssdEvent,
    /// ussd_service_op as it came.
    pub op: Option<u8>,
    /// Whether the dialect knows this operation; what it makes of others is a guess.
    pub known_op: bool,
    /// What the screen in answer needs.
    pub reply: ReplyTo,
}

/// Why a message of a USSD gateway is no step of a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("source_addr is no phone number")]
pub struct NoSubscriber;

impl Dialect {
    /// Whether a message is a step of a dialog rather than an SMS: it has ussd_service_op, or its
    /// service_type says so.
    pub fn is_ussd(message: &Message) -> bool {
        tlv::get(&message.tlvs, tlv::USSD_SERVICE_OP).is_some() || message.service_type == USSD
    }

    /// The step of a dialog in a message that [`is_ussd`](Self::is_ussd).
    ///
    /// # Errors
    /// The sender is no phone.
    pub fn step(&self, message: &Message) -> Result<Step, NoSubscriber> {
        let msisdn = subscriber(&message.source).ok_or(NoSubscriber)?;
        let op = tlv::number(&message.tlvs, tlv::USSD_SERVICE_OP).map(|op| op as u8);
        let info = tlv::get(&message.tlvs, tlv::ITS_SESSION_INFO);
        let sequence = info.filter(|_| self.sequence).and_then(|info| info.get(1)).map(|octet| octet >> 1);
        let data = op.is_some_and(|op| self.data_begin_ops.contains(&op));
        Ok(Step {
            msisdn,
            session: self.session_of(&message.tlvs),
            sequence,
            event: self.event(message, op),
            op,
            known_op: op.is_none_or(|op| self.knows(op)),
            reply: ReplyTo {
                source: message.dest.clone(),
                dest: message.source.clone(),
                service_type: message.service_type.clone(),
                data_coding: message.data_coding,
                echo: message.tlvs.iter().filter(|(tag, _)| is_session(*tag)).cloned().collect(),
                by_data: false,
                kind: if data { Kind::Data } else { Kind::Dialled },
            },
        })
    }

    fn knows(&self, op: u8) -> bool {
        let lists =
            [&self.begin_ops, &self.data_begin_ops, &self.reply_ops, &self.gone_ops, &self.confirm_ops];
        lists.iter().any(|ops| ops.contains(&op))
    }

    fn session_of(&self, tlvs: &[Tlv]) -> Vec<u8> {
        let octets = |tag| tlv::get(tlvs, tag).map(|value| value.to_vec()).unwrap_or_default();
        match self.session {
            SessionKey::ItsOctet => octets(tlv::ITS_SESSION_INFO).into_iter().take(1).collect(),
            SessionKey::ItsFifteenBits => {
                let mut info = octets(tlv::ITS_SESSION_INFO);
                if let Some(low) = info.get_mut(1) {
                    *low &= 0xFE;
                }
                info
            }
            SessionKey::UserMessageReference => octets(tlv::USER_MESSAGE_REFERENCE),
            SessionKey::UssdSessionId => octets(tlv::USSD_SESSION_ID),
            SessionKey::Msisdn | SessionKey::Learn => Vec::new(),
        }
    }

    fn event(&self, message: &Message, op: Option<u8>) -> UssdEvent {
        let charset = self.charset_in.unwrap_or(self.charset);
        let said = text::read(message.text_octets(), message.data_coding, charset).text;
        let among = |ops: &[u8]| op.is_some_and(|op| ops.contains(&op));
        if among(&self.gone_ops) || self.is_unwell(&message.tlvs) {
            return UssdEvent::Gone;
        }
        // A notice that was shown ends its dialog: the end bit beside it says nothing else.
        if among(&self.confirm_ops) {
            return UssdEvent::Confirmed;
        }
        if self.end_bit_says_gone(&message.tlvs) {
            return UssdEvent::Gone;
        }
        let begins = among(&self.begin_ops) || among(&self.data_begin_ops);
        if begins || (is_code(&said) && (self.code_begins || op.is_none())) {
            return UssdEvent::Begin(self.code(said, message));
        }
        let known = among(&self.reply_ops) || (self.code_begins && op.is_some());
        match (known, said.is_empty()) {
            (true, false) => UssdEvent::Reply(said),
            (true, true) if !self.empty_is_gone => UssdEvent::Reply(said),
            (false, false) if !self.other_ops_are_gone => UssdEvent::Reply(said),
            _ => UssdEvent::Gone,
        }
    }

    /// A begin whose wanted field is empty has its code in the other one.
    fn code(&self, said: String, message: &Message) -> String {
        let dialled = message.dest.addr.clone();
        match self.code_in {
            CodeField::ShortMessage if !said.is_empty() => said,
            CodeField::DestinationAddr if dialled.is_empty() => said,
            CodeField::Either if is_code(&said) || (!is_code(&dialled) && !said.is_empty()) => said,
            _ => dialled,
        }
    }

    fn end_bit_says_gone(&self, tlvs: &[Tlv]) -> bool {
        let bit = tlv::get(tlvs, tlv::ITS_SESSION_INFO).and_then(|info| info.get(1)).map(|octet| octet & 1);
        match self.end_bit {
            EndBit::Standard => bit == Some(1),
            // A gateway that does not set the bit in a begin would end every dialog there.
            EndBit::Inverted | EndBit::Ignored => false,
        }
    }

    /// A network_error_code other than the healthy one, where there is a healthy one.
    fn is_unwell(&self, tlvs: &[Tlv]) -> bool {
        let code = tlv::get(tlvs, tlv::NETWORK_ERROR_CODE).filter(|_| !self.healthy_error_code.is_empty());
        code.is_some_and(|code| **code != *self.healthy_error_code)
    }
}

/// Whether a text looks like something that was dialled.
pub(super) fn is_code(said: &str) -> bool {
    said.len() > 2 && said.starts_with('*') && said.ends_with('#')
}

/// The phone behind an address: international digits, or a national number as Kenya writes it.
pub fn subscriber(address: &Address) -> Option<Msisdn> {
    match address.addr.strip_prefix('+').unwrap_or(&address.addr) {
        national if national.starts_with('0') || address.ton == 2 => Msisdn::parse_kenyan(national).ok(),
        digits => Msisdn::from_e164(digits).ok(),
    }
}
