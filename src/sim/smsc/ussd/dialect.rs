//! The gateway's side of each dialect: what it calls a dialog on the wire, by which operations it
//! speaks, and which it understands. Written from gateways' papers and recorded traffic alone, so
//! that a mistake of the application's own tables shows against it.

use crate::{
    sim::smsc::settings::Dialect,
    smpp::tlv::{self, Tlv},
};
use bytes::Bytes;

/// Where a gateway writes its dialog's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// Octet 1 of its_session_info; octet 2 counts and flags.
    Octet,
    /// The upper 15 bits of its_session_info; only bit 0 moves.
    Fifteen,
    /// user_message_reference.
    Reference,
    /// Vendor parameter 0x1501, four octets.
    Session,
    /// Nowhere: the subscriber's number is all there is.
    Number,
    /// its_session_info counts steps; source_node_id must come back.
    Node,
}

/// What bit 0 of its_session_info says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flag {
    /// Nothing, or there is none.
    Absent,
    /// 1 in the last message.
    Last,
    /// 1 while the dialog goes on.
    Active,
}

/// Which node of the network writes, where that is said.
const NODE: [u8; 6] = [0, 0, 0, 0, 0x12, 0x34];
/// ussd_service_op: a screen that wants an answer.
const ASK: u8 = 0x02;
/// A notice; the last screen of a pushed dialog.
const NOTIFY: u8 = 0x03;

/// The habits of one make of gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habits {
    key: Key,
    flag: Flag,
    /// Operation of a subscriber's answer.
    pub reply: u8,
    /// Operations that end a dialog a phone began.
    ends: &'static [u8],
    /// Operation that says a dialog is over; without one, the operation is left out.
    pub abort: Option<u8>,
    /// The dialled code is the destination and not the text.
    pub code_in_destination: bool,
    /// Steps travel in data_sm, their text in message_payload.
    pub data_sm: bool,
    /// A last screen that was shown is confirmed.
    pub confirms: bool,
    /// Phones may dial.
    pub dialled: bool,
}

/// What a `submit_sm` is to an open dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// A screen that wants an answer.
    Ask,
    /// The last screen.
    Last,
    /// The application lets go without a screen.
    Release,
    /// Nothing this gateway knows at this point.
    Nonsense,
}

impl Habits {
    /// Those of a dialect.
    pub const fn of(dialect: Dialect) -> Self {
        let its = Self {
            key: Key::Octet,
            flag: Flag::Last,
            reply: 0x12,
            ends: &[0x11],
            abort: Some(0x81),
            code_in_destination: false,
            data_sm: false,
            confirms: false,
            dialled: true,
        };
        match dialect {
            Dialect::Its => its,
            Dialect::Tata => Self {
                key: Key::Fifteen,
                reply: 0x02,
                ends: &[],
                abort: Some(0x11),
                code_in_destination: true,
                ..its
            },
            Dialect::Sixdee => Self { key: Key::Fifteen, ends: &[0x11, 0x17], ..its },
            Dialect::Mica => Self { key: Key::Reference, flag: Flag::Absent, ends: &[0x11, 0x17], ..its },
            Dialect::UmrNotify => Self {
                key: Key::Reference,
                flag: Flag::Absent,
                ends: &[NOTIFY],
                abort: None,
                confirms: true,
                ..its
            },
            Dialect::SmppPlus => Self { key: Key::Session, flag: Flag::Absent, ..its },
            Dialect::Glo => Self { abort: Some(0x41), data_sm: true, ..its },
            Dialect::Msisdn => Self { key: Key::Number, flag: Flag::Absent, ..its },
            Dialect::Inverted => Self { flag: Flag::Active, ..its },
            Dialect::PushOnly => {
                Self { key: Key::Node, flag: Flag::Absent, code_in_destination: true, dialled: false, ..its }
            }
        }
    }

    /// How many dialogs have different names.
    pub const fn sessions(self) -> u32 {
        match self.key {
            Key::Octet => 0x100,
            Key::Fifteen => 0x8000,
            Key::Reference => 0x1_0000,
            Key::Session | Key::Number | Key::Node => u32::MAX,
        }
    }

    /// The parameters that name a dialog in a step of it.
    pub fn named(self, session: u32, count: u8, last: bool) -> Vec<Tlv> {
        let bit = match self.flag {
            Flag::Absent => 0,
            Flag::Last => u8::from(last),
            Flag::Active => u8::from(!last),
        };
        let info = |octets: [u8; 2]| (tlv::ITS_SESSION_INFO, Bytes::copy_from_slice(&octets));
        match self.key {
            Key::Octet => vec![info([session as u8, count << 1 | bit])],
            Key::Fifteen => vec![info(((session as u16) << 1 | u16::from(bit)).to_be_bytes())],
            Key::Reference => {
                let reference = (session as u16).to_be_bytes();
                vec![(tlv::USER_MESSAGE_REFERENCE, Bytes::copy_from_slice(&reference))]
            }
            Key::Session => vec![(tlv::USSD_SESSION_ID, Bytes::copy_from_slice(&session.to_be_bytes()))],
            Key::Number => vec![],
            Key::Node => vec![
                info(u16::from(count).to_be_bytes()),
                (tlv::SOURCE_NODE_ID, Bytes::from_static(&NODE)),
                (tlv::NETWORK_ERROR_CODE, Bytes::copy_from_slice(&[0, 0, u8::from(last)])),
            ],
        }
    }

    /// Whether a message of the application names this dialog.
    pub fn is_named(self, tlvs: &[Tlv], session: u32) -> bool {
        match self.key {
            Key::Octet => matches!(info(tlvs), Some([name, _]) if u32::from(name) == session),
            Key::Fifteen => info(tlvs).map(|info| u32::from(u16::from_be_bytes(info)) >> 1) == Some(session),
            Key::Reference => tlv::number(tlvs, tlv::USER_MESSAGE_REFERENCE) == Some(session),
            Key::Session => tlv::number(tlvs, tlv::USSD_SESSION_ID) == Some(session),
            Key::Number => true,
            Key::Node => tlv::get(tlvs, tlv::SOURCE_NODE_ID).is_some_and(|node| node[..] == NODE),
        }
    }

    /// Whether a message names no dialog at all, as a push does.
    pub fn is_nameless(self, tlvs: &[Tlv]) -> bool {
        let tags = [tlv::ITS_SESSION_INFO, tlv::USER_MESSAGE_REFERENCE, tlv::USSD_SESSION_ID];
        tags.into_iter().all(|tag| tlv::number(tlvs, tag).is_none_or(|number| number == 0))
    }

    /// What an operation means in a dialog; `pushed` when the application opened it.
    pub fn said(self, op: u8, tlvs: &[Tlv], pushed: bool) -> Said {
        let last = match (self.flag, info(tlvs)) {
            (Flag::Last, Some([_, low])) => low & 1 == 1,
            (Flag::Active, Some([_, low])) => low & 1 == 0,
            _ => false,
        };
        match op {
            0x80 => Said::Release,
            ASK if last => Said::Last,
            ASK => Said::Ask,
            NOTIFY if pushed => Said::Last,
            op if !pushed && self.ends.contains(&op) => Said::Last,
            _ => Said::Nonsense,
        }
    }

    /// Whether a message without a dialog opens one, or is a notice: `Some(true)` when it asks.
    pub fn pushes(self, op: u8, tlvs: &[Tlv]) -> Option<bool> {
        match op {
            ASK if self.is_nameless(tlvs) => Some(true),
            NOTIFY if self.is_nameless(tlvs) => Some(false),
            _ => None,
        }
    }
}

fn info(tlvs: &[Tlv]) -> Option<[u8; 2]> {
    tlv::get(tlvs, tlv::ITS_SESSION_INFO)?.as_ref().try_into().ok()
}
