//! PDUs as octets (SMPP 3.4, section 3.2 and 4).
//!
//! [`cut`] takes one whole PDU off a stream by its command_length and knows *incomplete* from
//! *invalid*; [`decode`] reads it from its own octets alone, so that no fault in one PDU reaches
//! the next. Requests are read strictly and answered when they fail; answers are read as far as
//! they go, for nobody answers an answer.

use super::pdu::{Address, Bind, BindResp, Body, DataSm, Message, MessageResp, Mode, Pdu};
use super::status;
use super::tlv::{MESSAGE_PAYLOAD, Tlv};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use rusmpp::CommandId;

/// Octets of a PDU header.
pub const HEADER: usize = 16;
/// The longest PDU we take: 64 KiB of message_payload and what stands round it.
pub const MOST_OCTETS: usize = 70_000;
/// Most octets of short_message (3.4, 5.2.21).
const MOST_SHORT_MESSAGE: usize = 254;
/// Most characters of an address; the field has room for a NUL more.
const MOST_ADDRESS: usize = 20;

/// Why no PDU could be cut off a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Uncut {
    /// The rest has not come yet.
    #[error("the PDU is not whole yet")]
    Incomplete,
    /// No PDU has this length: where the next one begins cannot be known, the link must close.
    #[error("command_length {0} is not between 16 and the limit")]
    Invalid(u32),
}

/// A whole PDU that could not be read, and how to answer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("command 0x{command:08X}, sequence {sequence}: {fault}")]
pub struct BadPdu {
    /// command_id as it stands on the wire.
    pub command: u32,
    /// sequence_number.
    pub sequence: u32,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a PDU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A request we do not speak.
    #[error("a command that is not spoken here")]
    UnknownCommand,
    /// An answer to something we never ask.
    #[error("an answer that is not spoken here")]
    UnknownResponse,
    /// The PDU ends inside this field.
    #[error("it ends inside {0}")]
    Ends(&'static str),
    /// short_message is longer than the PDU.
    #[error("sm_length says more octets than there are")]
    MessageLength,
    /// source_addr is over 20 characters.
    #[error("source_addr is too long")]
    Source,
    /// destination_addr is over 20 characters.
    #[error("destination_addr is too long")]
    Destination,
    /// An optional parameter is longer than the PDU.
    #[error("TLV 0x{0:04X} is longer than the PDU")]
    Tlv(u16),
}

impl BadPdu {
    /// What to send back: the PDU's own answer with a status, a generic_nack, or nothing when it
    /// is an answer itself.
    pub fn answer(&self) -> Option<Pdu> {
        let status = match self.fault {
            Fault::UnknownResponse => return None,
            Fault::UnknownCommand => return Some(Pdu::nack(status::INV_CMD_ID, self.sequence)),
            Fault::Ends(_) => status::INV_CMD_LEN,
            Fault::MessageLength => status::INV_MSG_LEN,
            Fault::Source => status::INV_SRC_ADR,
            Fault::Destination => status::INV_DST_ADR,
            Fault::Tlv(_) => status::INV_TLV_LEN,
        };
        let body = match CommandId::from(self.command) {
            CommandId::BindReceiver => Body::Bind(Mode::Receiver, Bind::default()),
            CommandId::BindTransmitter => Body::Bind(Mode::Transmitter, Bind::default()),
            CommandId::BindTransceiver => Body::Bind(Mode::Transceiver, Bind::default()),
            CommandId::SubmitSm => Body::SubmitSm(Message::default()),
            CommandId::DeliverSm => Body::DeliverSm(Message::default()),
            CommandId::DataSm => Body::DataSm(DataSm::default()),
            _ => return Some(Pdu::nack(status, self.sequence)),
        };
        Pdu::request(self.sequence, body).answer(status)
    }
}

/// Takes one whole PDU off the front of what was read.
///
/// # Errors
/// [`Uncut::Incomplete`]: read more. [`Uncut::Invalid`]: answer generic_nack 0x02 and close.
pub fn cut(stream: &mut BytesMut, most: usize) -> Result<Bytes, Uncut> {
    let Some(length) = stream.first_chunk().map(|octets| u32::from_be_bytes(*octets)) else {
        return Err(Uncut::Incomplete);
    };
    match usize::try_from(length) {
        Ok(whole) if (HEADER..=most).contains(&whole) => {
            if stream.len() < whole {
                return Err(Uncut::Incomplete);
            }
            Ok(stream.split_to(whole).freeze())
        }
        _ => Err(Uncut::Invalid(length)),
    }
}

/// Reads one PDU that [`cut`] cut; octets after its last field are passed over.
///
/// # Errors
/// [`BadPdu`] says how to answer; the link goes on.
pub fn decode(frame: &Bytes) -> Result<Pdu, BadPdu> {
    let mut reader = Reader { octets: frame.clone() };
    let mut header = || reader.u32("the header").unwrap_or(0);
    let (_length, command, status, sequence) = (header(), header(), header(), header());
    let body = read_body(CommandId::from(command), &mut reader).map_err(|fault| BadPdu {
        command,
        sequence,
        fault,
    })?;
    Ok(Pdu { status, sequence, body })
}

fn read_body(command: CommandId, reader: &mut Reader) -> Result<Body, Fault> {
    Ok(match command {
        CommandId::BindReceiver => Body::Bind(Mode::Receiver, reader.bind()?),
        CommandId::BindTransmitter => Body::Bind(Mode::Transmitter, reader.bind()?),
        CommandId::BindTransceiver => Body::Bind(Mode::Transceiver, reader.bind()?),
        CommandId::BindReceiverResp => Body::BindResp(Mode::Receiver, reader.bind_resp()),
        CommandId::BindTransmitterResp => Body::BindResp(Mode::Transmitter, reader.bind_resp()),
        CommandId::BindTransceiverResp => Body::BindResp(Mode::Transceiver, reader.bind_resp()),
        CommandId::Unbind => Body::Unbind,
        CommandId::UnbindResp => Body::UnbindResp,
        CommandId::EnquireLink => Body::EnquireLink,
        CommandId::EnquireLinkResp => Body::EnquireLinkResp,
        CommandId::SubmitSm => Body::SubmitSm(reader.message()?),
        CommandId::SubmitSmResp => Body::SubmitSmResp(reader.message_resp()),
        CommandId::DeliverSm => Body::DeliverSm(reader.message()?),
        CommandId::DeliverSmResp => Body::DeliverSmResp(reader.message_resp()),
        CommandId::DataSm => Body::DataSm(reader.data_sm()?),
        CommandId::DataSmResp => Body::DataSmResp(reader.message_resp()),
        CommandId::GenericNack => Body::GenericNack,
        other if u32::from(other) & 0x8000_0000 == 0 => return Err(Fault::UnknownCommand),
        _ => return Err(Fault::UnknownResponse),
    })
}

/// What is left of one PDU.
struct Reader {
    octets: Bytes,
}

impl Reader {
    fn u8(&mut self, field: &'static str) -> Result<u8, Fault> {
        self.octets.try_get_u8().map_err(|_| Fault::Ends(field))
    }

    fn u32(&mut self, field: &'static str) -> Result<u32, Fault> {
        self.octets.try_get_u32().map_err(|_| Fault::Ends(field))
    }

    /// A text that ends in NUL, each octet a Latin-1 character.
    fn c_string(&mut self, field: &'static str) -> Result<String, Fault> {
        let end = self.octets.iter().position(|octet| *octet == 0).ok_or(Fault::Ends(field))?;
        let text = self.octets.split_to(end);
        self.octets.advance(1);
        Ok(text.iter().map(|octet| *octet as char).collect())
    }

    /// The text of an answer: what there is of it, `None` when the body is absent.
    fn lenient_c_string(&mut self) -> Option<String> {
        if self.octets.is_empty() {
            return None;
        }
        Some(self.c_string("").unwrap_or_else(|_| {
            let rest = std::mem::take(&mut self.octets);
            rest.iter().map(|octet| *octet as char).collect()
        }))
    }

    fn address(&mut self, field: &'static str, too_long: Fault) -> Result<Address, Fault> {
        let (ton, npi) = (self.u8(field)?, self.u8(field)?);
        let addr = self.c_string(field)?;
        if addr.chars().count() > MOST_ADDRESS {
            return Err(too_long);
        }
        Ok(Address { ton, npi, addr })
    }

    fn tlvs(&mut self) -> Result<Vec<Tlv>, Fault> {
        let mut tlvs = Vec::new();
        while self.octets.len() >= 4 {
            let (tag, length) = (self.octets.get_u16(), usize::from(self.octets.get_u16()));
            if length > self.octets.len() {
                return Err(Fault::Tlv(tag));
            }
            tlvs.push((tag, self.octets.split_to(length)));
        }
        Ok(tlvs)
    }

    /// The optional parameters of an answer, up to the first that is not whole.
    fn lenient_tlvs(&mut self) -> Vec<Tlv> {
        let mut tlvs = Vec::new();
        while let [t0, t1, l0, l1, rest @ ..] = self.octets.as_ref() {
            let (tag, length) = (u16::from_be_bytes([*t0, *t1]), usize::from(u16::from_be_bytes([*l0, *l1])));
            if length > rest.len() {
                break;
            }
            self.octets.advance(4);
            tlvs.push((tag, self.octets.split_to(length)));
        }
        tlvs
    }

    fn bind(&mut self) -> Result<Bind, Fault> {
        Ok(Bind {
            system_id: self.c_string("system_id")?,
            password: self.c_string("password")?,
            system_type: self.c_string("system_type")?,
            interface_version: self.u8("interface_version")?,
            addr_ton: self.u8("addr_ton")?,
            addr_npi: self.u8("addr_npi")?,
            address_range: self.c_string("address_range")?,
        })
    }

    fn bind_resp(&mut self) -> BindResp {
        BindResp { system_id: self.lenient_c_string(), tlvs: self.lenient_tlvs() }
    }

    fn message_resp(&mut self) -> MessageResp {
        MessageResp { message_id: self.lenient_c_string(), tlvs: self.lenient_tlvs() }
    }

    fn message(&mut self) -> Result<Message, Fault> {
        Ok(Message {
            service_type: self.c_string("service_type")?,
            source: self.address("source_addr", Fault::Source)?,
            dest: self.address("destination_addr", Fault::Destination)?,
            esm_class: self.u8("esm_class")?,
            protocol_id: self.u8("protocol_id")?,
            priority_flag: self.u8("priority_flag")?,
            schedule_delivery_time: self.c_string("schedule_delivery_time")?,
            validity_period: self.c_string("validity_period")?,
            registered_delivery: self.u8("registered_delivery")?,
            replace_if_present_flag: self.u8("replace_if_present_flag")?,
            data_coding: self.u8("data_coding")?,
            sm_default_msg_id: self.u8("sm_default_msg_id")?,
            short_message: self.short_message()?,
            tlvs: self.tlvs()?,
        })
    }

    fn short_message(&mut self) -> Result<Bytes, Fault> {
        let length = usize::from(self.u8("sm_length")?);
        if length > self.octets.len() {
            return Err(Fault::MessageLength);
        }
        Ok(self.octets.split_to(length))
    }

    fn data_sm(&mut self) -> Result<DataSm, Fault> {
        Ok(DataSm {
            service_type: self.c_string("service_type")?,
            source: self.address("source_addr", Fault::Source)?,
            dest: self.address("destination_addr", Fault::Destination)?,
            esm_class: self.u8("esm_class")?,
            registered_delivery: self.u8("registered_delivery")?,
            data_coding: self.u8("data_coding")?,
            tlvs: self.tlvs()?,
        })
    }
}

/// Writes a PDU behind what stands in `out`, so that several leave in one write.
pub fn encode(pdu: &Pdu, out: &mut BytesMut) {
    let start = out.len();
    out.put_u32(0);
    out.put_u32(pdu.body.command().into());
    out.put_u32(pdu.status);
    out.put_u32(pdu.sequence);
    match &pdu.body {
        Body::Bind(_, bind) => put_bind(out, bind),
        Body::BindResp(_, BindResp { system_id: text, tlvs })
        | Body::SubmitSmResp(MessageResp { message_id: text, tlvs })
        | Body::DeliverSmResp(MessageResp { message_id: text, tlvs })
        | Body::DataSmResp(MessageResp { message_id: text, tlvs }) => {
            if let Some(text) = text {
                put_c_string(out, text);
                put_tlvs(out, tlvs);
            }
        }
        Body::SubmitSm(message) | Body::DeliverSm(message) => put_message(out, message),
        Body::DataSm(data) => put_data_sm(out, data),
        Body::Unbind | Body::UnbindResp | Body::EnquireLink | Body::EnquireLinkResp | Body::GenericNack => {}
    }
    let length = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// A PDU as octets of its own.
pub fn to_bytes(pdu: &Pdu) -> Bytes {
    let mut out = BytesMut::new();
    encode(pdu, &mut out);
    out.freeze()
}

/// A character that is no Latin-1 has no octet here and is left out, as is a NUL.
fn put_c_string(out: &mut BytesMut, text: &str) {
    out.extend(text.chars().filter_map(|c| u8::try_from(c).ok()).filter(|octet| *octet != 0));
    out.put_u8(0);
}

fn put_address(out: &mut BytesMut, address: &Address) {
    out.put_u8(address.ton);
    out.put_u8(address.npi);
    put_c_string(out, &address.addr);
}

fn put_bind(out: &mut BytesMut, bind: &Bind) {
    put_c_string(out, &bind.system_id);
    put_c_string(out, &bind.password);
    put_c_string(out, &bind.system_type);
    out.put_slice(&[bind.interface_version, bind.addr_ton, bind.addr_npi]);
    put_c_string(out, &bind.address_range);
}

/// A text too long for short_message goes into message_payload, instead of one that would not count.
fn put_message(out: &mut BytesMut, message: &Message) {
    put_c_string(out, &message.service_type);
    put_address(out, &message.source);
    put_address(out, &message.dest);
    out.put_slice(&[message.esm_class, message.protocol_id, message.priority_flag]);
    put_c_string(out, &message.schedule_delivery_time);
    put_c_string(out, &message.validity_period);
    out.put_slice(&[message.registered_delivery, message.replace_if_present_flag]);
    out.put_slice(&[message.data_coding, message.sm_default_msg_id]);
    let text = &message.short_message;
    if text.len() <= MOST_SHORT_MESSAGE {
        out.put_u8(text.len() as u8);
        out.put_slice(text);
        put_tlvs(out, &message.tlvs);
    } else {
        out.put_u8(0);
        for (tag, value) in message.tlvs.iter().filter(|(tag, _)| *tag != MESSAGE_PAYLOAD) {
            put_tlv(out, *tag, value);
        }
        put_tlv(out, MESSAGE_PAYLOAD, text);
    }
}

fn put_data_sm(out: &mut BytesMut, data: &DataSm) {
    put_c_string(out, &data.service_type);
    put_address(out, &data.source);
    put_address(out, &data.dest);
    out.put_slice(&[data.esm_class, data.registered_delivery, data.data_coding]);
    put_tlvs(out, &data.tlvs);
}

fn put_tlvs(out: &mut BytesMut, tlvs: &[Tlv]) {
    for (tag, value) in tlvs {
        put_tlv(out, *tag, value);
    }
}

/// A value has at most 65,535 octets; more are not sent.
fn put_tlv(out: &mut BytesMut, tag: u16, value: &[u8]) {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    out.put_u16(tag);
    out.put_u16(length);
    out.put_slice(&value[..usize::from(length)]);
}

#[cfg(test)]
mod tests;
