//! What one gateway means by USSD over SMPP, as data.
//!
//! SMPP 3.4 defines one TLV for USSD and nothing about dialogs: how a dialog is named, which
//! operation closes it and where the dialled code stands are habits of vendors. A [`Dialect`] says
//! it in settings; [`preset`](Dialect::preset) has the habits that are known, and every setting
//! can be overridden in `[smsc.ussd]`.
//!
//! [`read`] makes steps of messages, [`write`] makes messages of screens and pushes, [`learn`] works
//! out the habits of a gateway nobody described, and [`dialogs`] keeps the dialogs of one gateway
//! apart and knows a repeat when it sees one.

pub mod dialogs;
pub mod learn;
mod preset;
mod read;
mod write;

use super::pdu::{Address, Message};
use super::text::Charset;
use super::tlv::{self, Tlv};
use crate::engine::port::UssdEvent;
use crate::types::Msisdn;
use serde::{Deserialize, Serialize};

pub use read::{NoSubscriber, Step, subscriber};
pub use write::{ReplyTo, Screen};

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
    /// ussd_service_op that says a notify was shown, and that its dialog is over by that.
    pub confirm_ops: Vec<u8>,
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
    /// ussd_service_op of a begin in its data variant (PSSD); its last screen has
    /// [`data_end_op`](Self::data_end_op).
    pub data_begin_ops: Vec<u8>,
    /// ussd_service_op of the last screen of a dialog of the data variant.
    pub data_end_op: u8,
    /// ussd_service_op by which we end a dialog without a screen, where that is known.
    #[serde(with = "maybe_op")]
    pub release_op: Option<u8>,
    /// ussd_service_op that opens a dialog from our side with a question; none where the gateway
    /// takes no push.
    #[serde(with = "maybe_op")]
    pub push_op: Option<u8>,
    /// ussd_service_op of a message that is only shown; none where the gateway takes none.
    #[serde(with = "maybe_op")]
    pub notify_op: Option<u8>,
    /// ussd_service_op of the last screen of a dialog that we opened.
    pub push_end_op: u8,
    /// Whether a push that asks names its dialog 0000 in its_session_info; else the TLV is left out.
    pub push_info: bool,
    /// network_error_code of a step that is well, three octets; any other one ends the dialog.
    /// Empty where the TLV says nothing about dialogs.
    pub healthy_error_code: Vec<u8>,
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
    /// The default alphabet of what comes, where it differs: a gateway may pack one way only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charset_in: Option<Charset>,
    /// The PDU that screens travel in.
    pub carrier: Carrier,
    /// Whether the text of a screen travels in message_payload.
    pub payload: bool,
    /// registered_delivery of screens.
    pub registered_delivery: u8,
    /// TON and NPI of our address in screens; none echoes what came, in a push 0 and 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub our_ton_npi: Option<(u8, u8)>,
    /// TON and NPI of the phone's address in screens; none echoes what came, in a push 1 and 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_ton_npi: Option<(u8, u8)>,
    /// Septets that a screen is paged to on this route.
    pub page_septets: usize,
    /// Most septets that a screen may have at all; a longer one is cut here rather than by the
    /// gateway.
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
    /// Not known: whichever of these the gateway is seen to use.
    Learn,
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
    /// In whichever of the two looks like a code.
    Either,
}

/// The PDU that screens travel in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// submit_sm.
    SubmitSm,
    /// data_sm.
    DataSm,
    /// The one that the step came in.
    AsItCame,
}

impl Carrier {
    /// Whether an answer travels by data_sm, to a step that came by it or not.
    const fn is_data(self, came_so: bool) -> bool {
        match self {
            Self::SubmitSm => false,
            Self::DataSm => true,
            Self::AsItCame => came_so,
        }
    }
}

/// How a dialog came about, which decides the operation of its last screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// The phone dialled.
    #[default]
    Dialled,
    /// The phone dialled, in the data variant.
    Data,
    /// We opened it.
    Pushed,
}

/// An operation, or "none": TOML has no word for nothing.
mod maybe_op {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Op {
        Number(u8),
        Word(Word),
    }

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        None,
    }

    pub fn serialize<S: Serializer>(op: &Option<u8>, to: S) -> Result<S::Ok, S::Error> {
        op.map_or(Op::Word(Word::None), Op::Number).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u8>, D::Error> {
        let op = Op::deserialize(from)
            .map_err(|_| serde::de::Error::custom("an operation is a number up to 255, or \"none\""))?;
        Ok(match op {
            Op::Number(op) => Some(op),
            Op::Word(Word::None) => None,
        })
    }
}

/// What is wrong with a dialect, and what there is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialectError {
    /// No preset has this name.
    #[error("no dialect is called \"{0}\"; there are: {list}", list = Dialect::PRESETS.join(", "))]
    Unknown(String),
    /// An override that does not fit.
    #[error("[smsc.ussd]: {0}")]
    Override(String),
}

/// TLVs by which a gateway knows its dialog again.
const fn is_session(tag: u16) -> bool {
    matches!(
        tag,
        tlv::ITS_SESSION_INFO | tlv::USER_MESSAGE_REFERENCE | tlv::USSD_SESSION_ID | tlv::SOURCE_NODE_ID
    )
}

#[cfg(test)]
mod tables;
#[cfg(test)]
mod tests;
