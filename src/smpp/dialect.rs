//! What one gateway means by USSD over SMPP, as data.
//!
//! SMPP 3.4 defines one TLV for USSD and nothing about dialogs: how a dialog is named, which
//! operation closes it and where the dialled code stands are habits of vendors. A [`Dialect`] says
//! it in settings; [`preset`](Dialect::preset) has the habits that are known, and every setting
//! can be overridden in `[smsc.ussd]`.

use super::pdu::{Address, Message};
use super::text::{self, Charset};
use super::tlv::{self, Tlv};
use crate::engine::port::UssdEvent;
use crate::gsm::{alphabet, fit};
use crate::types::Msisdn;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// service_type of USSD messages.
const USSD: &str = "USSD";

/// How one gateway speaks USSD.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialect {
    /// Where the name of a dialog stands. It is small and used again: it names a dialog only
    /// together with the MSISDN.
    pub session: SessionKey,
    /// Whether octet 2 of its_session_info counts the exchanges of a dialog; where it does, a
    /// repeated PDU is known by it.
    pub sequence: bool,
    /// ussd_service_op of a begin.
    pub begin_ops: Vec<u8>,
    /// ussd_service_op of a subscriber's reply.
    pub reply_ops: Vec<u8>,
    /// ussd_service_op that says the dialog is over.
    pub gone_ops: Vec<u8>,
    /// Whether an operation of none of these lists, or none at all, means that the dialog is over
    /// even when there is text; else text is a reply.
    pub other_ops_are_gone: bool,
    /// Whether a reply without text means that the dialog is over.
    pub empty_is_gone: bool,
    /// Whether a text like `*483*57#` is a begin whatever the operation says.
    pub code_begins: bool,
    /// ussd_service_op of a screen that wants a reply.
    pub continue_op: u8,
    /// ussd_service_op of the last screen.
    pub end_op: u8,
    /// How bit 0 of its_session_info is used.
    pub end_bit: EndBit,
    /// Where the dialled code stands in a begin.
    pub code_in: CodeField,
    /// service_type of screens; none echoes what came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_type: Option<String>,
    /// data_coding of screens in the default alphabet; none echoes what came if that is 0 or 15.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_coding: Option<u8>,
    /// data_coding of screens in UCS-2: 8, at some gateways 72.
    pub data_coding_ucs2: u8,
    /// The default alphabet of the gateway, for both directions.
    pub charset: Charset,
    /// The PDU that screens travel in.
    pub carrier: Carrier,
    /// Whether the text of a screen travels in message_payload.
    pub payload: bool,
    /// Most septets of a screen; a longer one is cut here rather than by the gateway.
    pub most_septets: usize,
}

/// Where the name of a dialog stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionKey {
    /// Octet 1 of its_session_info.
    ItsOctet,
    /// The upper fifteen bits of its_session_info.
    ItsFifteenBits,
    /// user_message_reference.
    UserMessageReference,
    /// TLV 0x1501.
    UssdSessionId,
    /// Nowhere: one dialog per MSISDN.
    Msisdn,
}

/// How bit 0 of its_session_info is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndBit {
    /// As the specification has it: 1 is the last message, in both directions.
    Standard,
    /// The other way round: 1 while the dialog goes on.
    Inverted,
    /// Not at all: the TLV is echoed as it came.
    Ignored,
}

/// Where the dialled code stands in a begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeField {
    /// In the text.
    ShortMessage,
    /// In destination_addr.
    DestinationAddr,
}

/// The PDU that screens travel in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// submit_sm.
    SubmitSm,
    /// data_sm.
    DataSm,
}

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
    /// What the screen in answer needs.
    pub reply: ReplyTo,
}

/// What a screen takes over from the PDU it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyTo {
    source: Address,
    dest: Address,
    service_type: String,
    data_coding: u8,
    echo: Vec<Tlv>,
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

/// No preset has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialectError {
    /// No preset has this name.
    #[error("no dialect is called \"{0}\"; there are: {list}", list = Dialect::PRESETS.join(", "))]
    Unknown(String),
    /// An override that does not fit.
    #[error("[smsc.ussd]: {0}")]
    Override(String),
}

/// Why a message of a USSD gateway is no step of a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("source_addr is no phone number")]
pub struct NoSubscriber;

impl Dialect {
    /// The names of the presets.
    pub const PRESETS: [&'static str; 9] =
        ["its", "msisdn", "tata", "sixdee", "mica", "umr_notify", "smppplus", "glo", "inverted"];

    /// `its`: session in octet 1, standard operations, end by operation and by bit. What the others
    /// differ from, and the best guess for a gateway of unknown make.
    fn its() -> Self {
        Self {
            session: SessionKey::ItsOctet,
            sequence: true,
            begin_ops: vec![0x00, 0x01],
            reply_ops: vec![0x12, 0x92],
            gone_ops: vec![0x13, 0x41, 0x42, 0x43, 0x81],
            other_ops_are_gone: false,
            empty_is_gone: false,
            code_begins: false,
            continue_op: 0x02,
            end_op: 0x11,
            end_bit: EndBit::Standard,
            code_in: CodeField::ShortMessage,
            service_type: None,
            data_coding: None,
            data_coding_ucs2: 0x08,
            charset: Charset::Gsm,
            carrier: Carrier::SubmitSm,
            payload: false,
            most_septets: 160,
        }
    }

    /// The dialect of this name.
    ///
    /// # Errors
    /// The names there are.
    pub fn preset(name: &str) -> Result<Self, DialectError> {
        let its = Self::its();
        let gone = |ops: &[u8]| its.gone_ops.iter().chain(ops).copied().collect::<Vec<u8>>();
        Ok(match name {
            "its" => its,
            "msisdn" => Self {
                session: SessionKey::Msisdn,
                sequence: false,
                empty_is_gone: true,
                end_bit: EndBit::Ignored,
                ..its
            },
            "tata" => Self {
                session: SessionKey::ItsFifteenBits,
                sequence: false,
                begin_ops: vec![0x01],
                reply_ops: vec![0x02, 0x12],
                gone_ops: gone(&[0x11]),
                other_ops_are_gone: true,
                end_op: 0x02,
                code_in: CodeField::DestinationAddr,
                service_type: Some(String::new()),
                ..its
            },
            "sixdee" => Self { session: SessionKey::ItsFifteenBits, sequence: false, ..its },
            "mica" => Self {
                session: SessionKey::UserMessageReference,
                sequence: false,
                end_bit: EndBit::Ignored,
                ..its
            },
            "umr_notify" => Self {
                session: SessionKey::UserMessageReference,
                sequence: false,
                begin_ops: Vec::new(),
                gone_ops: vec![0x13, 0x81],
                other_ops_are_gone: false,
                code_begins: true,
                end_op: 0x03,
                end_bit: EndBit::Ignored,
                ..its
            },
            "smppplus" => {
                Self { session: SessionKey::UssdSessionId, sequence: false, end_bit: EndBit::Ignored, ..its }
            }
            "glo" => Self { carrier: Carrier::DataSm, payload: true, ..its },
            "inverted" => Self { end_bit: EndBit::Inverted, ..its },
            unknown => return Err(DialectError::Unknown(unknown.to_owned())),
        })
    }

    /// A preset with some settings said anew.
    ///
    /// # Errors
    /// An unknown preset, an unknown setting, or a value that does not fit it.
    pub fn with_overrides(name: &str, overrides: &toml::Table) -> Result<Self, DialectError> {
        let wrong = |e: &dyn std::fmt::Display| DialectError::Override(e.to_string().trim().to_owned());
        let mut settings = toml::Table::try_from(Self::preset(name)?).map_err(|e| wrong(&e))?;
        settings.extend(overrides.clone());
        settings.try_into().map_err(|e: toml::de::Error| wrong(&e))
    }

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
        Ok(Step {
            msisdn,
            session: self.session_of(&message.tlvs),
            sequence,
            event: self.event(message, op),
            op,
            reply: ReplyTo {
                source: message.dest.clone(),
                dest: message.source.clone(),
                service_type: message.service_type.clone(),
                data_coding: message.data_coding,
                echo: message.tlvs.iter().filter(|(tag, _)| is_session(*tag)).cloned().collect(),
            },
        })
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
            SessionKey::Msisdn => Vec::new(),
        }
    }

    fn event(&self, message: &Message, op: Option<u8>) -> UssdEvent {
        let said = text::read(message.text_octets(), message.data_coding, self.charset).text;
        let among = |ops: &[u8]| op.is_some_and(|op| ops.contains(&op));
        if among(&self.gone_ops) || self.end_bit_says_gone(&message.tlvs) {
            return UssdEvent::Gone;
        }
        let is_code = said.starts_with('*') && said.ends_with('#');
        if among(&self.begin_ops) || (is_code && (self.code_begins || op.is_none())) {
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

    /// The screen in answer to a step: addresses swapped, session TLVs echoed.
    pub fn screen(&self, to: &ReplyTo, said: &str, last: bool) -> Screen {
        let simple = alphabet::simplify(said);
        let (page, rest) = fit::cut(&simple, self.most_septets);
        let plain = text::write(page, self.charset);
        let echoed = if to.data_coding == 0x0F { 0x0F } else { 0x00 };
        let (octets, data_coding) = match plain {
            Some(octets) => (octets, self.data_coding.unwrap_or(echoed)),
            None => (text::write_ucs2(page), self.data_coding_ucs2),
        };
        let op = if last { self.end_op } else { self.continue_op };
        let mut tlvs = vec![tlv::octet(tlv::USSD_SERVICE_OP, op)];
        tlvs.extend(to.echo.iter().map(|echo| self.echo(echo, last)));
        let mut short_message = Bytes::from(octets);
        if self.payload && self.carrier == Carrier::SubmitSm {
            tlvs.push((tlv::MESSAGE_PAYLOAD, std::mem::take(&mut short_message)));
        }
        let message = Message {
            service_type: self.service_type.clone().unwrap_or_else(|| to.service_type.clone()),
            source: to.source.clone(),
            dest: to.dest.clone(),
            data_coding,
            short_message,
            tlvs,
            ..Message::default()
        };
        Screen { message, as_data: self.carrier == Carrier::DataSm, cut: !rest.is_empty() }
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

/// TLVs by which a gateway knows its dialog again.
const fn is_session(tag: u16) -> bool {
    matches!(
        tag,
        tlv::ITS_SESSION_INFO | tlv::USER_MESSAGE_REFERENCE | tlv::USSD_SESSION_ID | tlv::SOURCE_NODE_ID
    )
}

/// The phone behind an address: international digits, or a national number as Kenya writes it.
pub fn subscriber(address: &Address) -> Option<Msisdn> {
    match address.addr.strip_prefix('+').unwrap_or(&address.addr) {
        national if national.starts_with('0') || address.ton == 2 => Msisdn::parse_kenyan(national).ok(),
        digits => Msisdn::from_e164(digits).ok(),
    }
}

#[cfg(test)]
mod tests;
