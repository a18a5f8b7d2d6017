//! The PDUs we speak, in both directions (SMPP 3.4, section 4). Octets are [`codec`](super::codec)'s.

use super::tlv::{self, Tlv};
use bytes::Bytes;
use rusmpp::CommandId;

/// interface_version of SMPP 3.4.
pub const VERSION_3_4: u8 = 0x34;
/// interface_version of SMPP 5.0.
pub const VERSION_5_0: u8 = 0x50;

/// The protocol two peers speak: the lower of what we ask for and what the SMSC names in
/// sc_interface_version. One that names none is of 3.4 at most (5.0, 4.1.1.7).
pub const fn spoken(asked: u8, named: Option<u32>) -> u8 {
    match named {
        Some(named) if named < asked as u32 => named as u8,
        Some(_) => asked,
        None if asked > VERSION_3_4 => VERSION_3_4,
        None => asked,
    }
}

/// An interface_version as people write it.
pub const fn version_name(version: u8) -> &'static str {
    match version {
        VERSION_5_0 => "5.0",
        VERSION_3_4 => "3.4",
        0x33 => "3.3",
        _ => "other",
    }
}
/// esm_class bit: short_message begins with a user data header.
pub const UDHI: u8 = 0x40;
/// esm_class type bits of a delivery receipt.
pub const RECEIPT: u8 = 0x04;
/// esm_class type bits of an intermediate notification: a receipt that more will follow.
pub const INTERMEDIATE: u8 = 0x20;
/// The highest sequence_number; the next one is 1 (3.2).
pub const LAST_SEQUENCE: u32 = 0x7FFF_FFFF;

/// A PDU: its header but for the length, and its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdu {
    /// command_status as it stands on the wire; zero in requests.
    pub status: u32,
    /// sequence_number; an answer has that of its request.
    pub sequence: u32,
    /// What it is.
    pub body: Body,
}

/// What a PDU is, with its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// bind_receiver, bind_transmitter, bind_transceiver.
    Bind(Mode, Bind),
    /// Their answers.
    BindResp(Mode, BindResp),
    /// unbind.
    Unbind,
    /// unbind_resp.
    UnbindResp,
    /// enquire_link.
    EnquireLink,
    /// enquire_link_resp.
    EnquireLinkResp,
    /// submit_sm.
    SubmitSm(Message),
    /// submit_sm_resp.
    SubmitSmResp(MessageResp),
    /// deliver_sm.
    DeliverSm(Message),
    /// deliver_sm_resp.
    DeliverSmResp(MessageResp),
    /// data_sm.
    DataSm(DataSm),
    /// data_sm_resp.
    DataSmResp(MessageResp),
    /// generic_nack.
    GenericNack,
}

/// In which direction messages travel on a bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// From the SMSC only.
    Receiver,
    /// To the SMSC only.
    Transmitter,
    /// Both ways.
    Transceiver,
}

/// A request to be let in.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Bind {
    /// Who asks; at most 15 characters.
    pub system_id: String,
    /// The secret; at most 8 characters in 3.4, though some SMSCs take more.
    pub password: String,
    /// The kind of system; at most 12 characters.
    pub system_type: String,
    /// [`VERSION_3_4`].
    pub interface_version: u8,
    /// Type of number of the addresses served.
    pub addr_ton: u8,
    /// Numbering plan of the addresses served.
    pub addr_npi: u8,
    /// The addresses served; mostly empty.
    pub address_range: String,
}

/// Without the password, so that it never reaches a log.
impl std::fmt::Debug for Bind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bind")
            .field("system_id", &self.system_id)
            .field("system_type", &self.system_type)
            .field("interface_version", &self.interface_version)
            .finish_non_exhaustive()
    }
}

/// The answer to a bind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BindResp {
    /// Who answers; absent when the body is, as 3.4 has it for a refusal.
    pub system_id: Option<String>,
    /// sc_interface_version and what else was sent.
    pub tlvs: Vec<Tlv>,
}

/// An address with what its digits mean. Octets above 0x7F are kept as Latin-1 characters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// Type of number (5.2.5): 1 international, 2 national, 5 alphanumeric.
    pub ton: u8,
    /// Numbering plan (5.2.6): 1 is E.164.
    pub npi: u8,
    /// Digits, or the letters of an alphanumeric sender; at most 20.
    pub addr: String,
}

impl Address {
    /// An address from its three fields.
    pub fn new(ton: u8, npi: u8, addr: impl Into<String>) -> Self {
        Self { ton, npi, addr: addr.into() }
    }
}

/// submit_sm and deliver_sm, whose fields are the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// `USSD`, or mostly empty.
    pub service_type: String,
    /// From whom.
    pub source: Address,
    /// To whom.
    pub dest: Address,
    /// Mode, type and features; see [`UDHI`] and [`RECEIPT`].
    pub esm_class: u8,
    /// Goes into the TP-PID of the SMS.
    pub protocol_id: u8,
    /// 0 to 3.
    pub priority_flag: u8,
    /// Empty for at once.
    pub schedule_delivery_time: String,
    /// Empty for what the SMSC holds right.
    pub validity_period: String,
    /// Bits 1-0: 1 asks for a receipt.
    pub registered_delivery: u8,
    /// 1 replaces an earlier message that still waits.
    pub replace_if_present_flag: u8,
    /// The alphabet of the text.
    pub data_coding: u8,
    /// A canned message of the SMSC.
    pub sm_default_msg_id: u8,
    /// The text, and before it the user data header if [`UDHI`] is set.
    pub short_message: Bytes,
    /// Optional parameters in the order of the wire.
    pub tlvs: Vec<Tlv>,
}

impl Message {
    /// The octets of the text: short_message, or message_payload when that is empty.
    pub fn text_octets(&self) -> &[u8] {
        match self.short_message.as_ref() {
            [] => tlv::get(&self.tlvs, tlv::MESSAGE_PAYLOAD).map_or(&[], |payload| payload),
            octets => octets,
        }
    }
}

/// data_sm: the short form, its text in message_payload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DataSm {
    /// As in [`Message`].
    pub service_type: String,
    /// From whom.
    pub source: Address,
    /// To whom.
    pub dest: Address,
    /// As in [`Message`].
    pub esm_class: u8,
    /// As in [`Message`].
    pub registered_delivery: u8,
    /// As in [`Message`].
    pub data_coding: u8,
    /// Optional parameters in the order of the wire.
    pub tlvs: Vec<Tlv>,
}

/// The same as a [`Message`], so that one reader serves both.
impl From<DataSm> for Message {
    fn from(data: DataSm) -> Self {
        Self {
            service_type: data.service_type,
            source: data.source,
            dest: data.dest,
            esm_class: data.esm_class,
            registered_delivery: data.registered_delivery,
            data_coding: data.data_coding,
            tlvs: data.tlvs,
            ..Self::default()
        }
    }
}

/// A message as data_sm carries it: the text moves into message_payload, instead of one that would
/// not count; what data_sm has no field for is left out.
impl From<Message> for DataSm {
    fn from(message: Message) -> Self {
        let mut tlvs = message.tlvs;
        if !message.short_message.is_empty() {
            tlvs.retain(|(tag, _)| *tag != tlv::MESSAGE_PAYLOAD);
            tlvs.push((tlv::MESSAGE_PAYLOAD, message.short_message));
        }
        Self {
            service_type: message.service_type,
            source: message.source,
            dest: message.dest,
            esm_class: message.esm_class,
            registered_delivery: message.registered_delivery,
            data_coding: message.data_coding,
            tlvs,
        }
    }
}

/// The answer to submit_sm, deliver_sm and data_sm.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageResp {
    /// The SMSC's name for the message; empty in a deliver_sm_resp; `None` when the body is absent.
    pub message_id: Option<String>,
    /// Optional parameters in the order of the wire.
    pub tlvs: Vec<Tlv>,
}

impl MessageResp {
    /// An answer that names the message so.
    pub fn named(message_id: impl Into<String>) -> Self {
        Self { message_id: Some(message_id.into()), tlvs: Vec::new() }
    }
}

impl Mode {
    /// Whether messages come from the SMSC on such a bind.
    pub const fn receives(self) -> bool {
        !matches!(self, Self::Transmitter)
    }

    /// Whether messages go to the SMSC on such a bind.
    pub const fn transmits(self) -> bool {
        !matches!(self, Self::Receiver)
    }
}

impl Body {
    /// The command_id on the wire.
    pub const fn command(&self) -> CommandId {
        match self {
            Self::Bind(Mode::Receiver, _) => CommandId::BindReceiver,
            Self::Bind(Mode::Transmitter, _) => CommandId::BindTransmitter,
            Self::Bind(Mode::Transceiver, _) => CommandId::BindTransceiver,
            Self::BindResp(Mode::Receiver, _) => CommandId::BindReceiverResp,
            Self::BindResp(Mode::Transmitter, _) => CommandId::BindTransmitterResp,
            Self::BindResp(Mode::Transceiver, _) => CommandId::BindTransceiverResp,
            Self::Unbind => CommandId::Unbind,
            Self::UnbindResp => CommandId::UnbindResp,
            Self::EnquireLink => CommandId::EnquireLink,
            Self::EnquireLinkResp => CommandId::EnquireLinkResp,
            Self::SubmitSm(_) => CommandId::SubmitSm,
            Self::SubmitSmResp(_) => CommandId::SubmitSmResp,
            Self::DeliverSm(_) => CommandId::DeliverSm,
            Self::DeliverSmResp(_) => CommandId::DeliverSmResp,
            Self::DataSm(_) => CommandId::DataSm,
            Self::DataSmResp(_) => CommandId::DataSmResp,
            Self::GenericNack => CommandId::GenericNack,
        }
    }

    /// Whether this answers a request rather than being one.
    pub const fn is_response(&self) -> bool {
        matches!(
            self,
            Self::BindResp(..)
                | Self::UnbindResp
                | Self::EnquireLinkResp
                | Self::SubmitSmResp(_)
                | Self::DeliverSmResp(_)
                | Self::DataSmResp(_)
                | Self::GenericNack
        )
    }
}

impl Pdu {
    /// A request.
    pub const fn request(sequence: u32, body: Body) -> Self {
        Self { status: 0, sequence, body }
    }

    /// The answer to a request, with a status; `None` when `self` is an answer itself. A message is
    /// answered with an empty message_id.
    pub fn answer(&self, status: u32) -> Option<Self> {
        let body = match &self.body {
            Body::Bind(mode, _) => Body::BindResp(*mode, BindResp::default()),
            Body::Unbind => Body::UnbindResp,
            Body::EnquireLink => Body::EnquireLinkResp,
            Body::SubmitSm(_) => Body::SubmitSmResp(MessageResp::named("")),
            Body::DeliverSm(_) => Body::DeliverSmResp(MessageResp::named("")),
            Body::DataSm(_) => Body::DataSmResp(MessageResp::named("")),
            _ => return None,
        };
        Some(Self { status, sequence: self.sequence, body })
    }

    /// A generic_nack for a PDU of this sequence number.
    pub const fn nack(status: u32, sequence: u32) -> Self {
        Self { status, sequence, body: Body::GenericNack }
    }
}
