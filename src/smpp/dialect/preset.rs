//! The dialects that are known, and settings said anew.

use super::{Carrier, CodeField, Dialect, DialectError, EndBit, SessionKey};
use crate::smpp::text::Charset;

/// USSR request: a screen that wants a reply.
const ASK: u8 = 0x02;
/// USSN request: a message that is only shown.
const NOTIFY: u8 = 0x03;

impl Dialect {
    /// The names of the presets.
    pub const PRESETS: [&'static str; 11] = [
        "its",
        "msisdn",
        "tata",
        "sixdee",
        "mica",
        "umr_notify",
        "smppplus",
        "glo",
        "push_only",
        "inverted",
        "auto",
    ];

    /// `its`: session in octet 1, standard operations, end by operation and by bit. What the others
    /// differ from.
    fn its() -> Self {
        Self {
            session: SessionKey::ItsOctet,
            sequence: true,
            begin_ops: vec![0x01],
            reply_ops: vec![0x12, 0x92],
            gone_ops: vec![0x41, 0x42, 0x43, 0x81],
            confirm_ops: vec![0x13],
            other_ops_are_gone: false,
            empty_is_gone: false,
            code_begins: false,
            continue_op: ASK,
            end_op: 0x11,
            data_begin_ops: vec![0x00],
            data_end_op: 0x10,
            release_op: None,
            push_op: Some(ASK),
            notify_op: Some(NOTIFY),
            push_end_op: NOTIFY,
            push_info: true,
            healthy_error_code: Vec::new(),
            end_bit: EndBit::Standard,
            code_in: CodeField::ShortMessage,
            service_type: None,
            data_coding: None,
            data_coding_ucs2: 0x08,
            charset: Charset::Gsm,
            charset_in: None,
            carrier: Carrier::SubmitSm,
            payload: false,
            registered_delivery: 0,
            our_ton_npi: None,
            phone_ton_npi: None,
            page_septets: 160,
            most_septets: 160,
        }
    }

    /// What dialects share that name a dialog elsewhere than in its_session_info.
    fn without_info(session: SessionKey) -> Self {
        Self { session, sequence: false, end_bit: EndBit::Ignored, push_info: false, ..Self::its() }
    }

    /// For a gateway nobody has described: its habits are worked out from what it sends.
    pub fn auto() -> Self {
        let its = Self::its();
        Self {
            session: SessionKey::Learn,
            empty_is_gone: true,
            code_in: CodeField::Either,
            gone_ops: [&its.gone_ops[..], &[0x44, 0x80]].concat(),
            carrier: Carrier::AsItCame,
            ..its
        }
    }

    /// The dialect of this name; `umr-notify` is `umr_notify` too.
    ///
    /// # Errors
    /// The names there are.
    pub fn preset(name: &str) -> Result<Self, DialectError> {
        let its = Self::its();
        Ok(match name.replace('-', "_").as_str() {
            "its" => its,
            "msisdn" => Self { empty_is_gone: true, ..Self::without_info(SessionKey::Msisdn) },
            "tata" => Self {
                session: SessionKey::ItsFifteenBits,
                sequence: false,
                reply_ops: vec![0x02, 0x12],
                gone_ops: [&its.gone_ops[..], &[0x11]].concat(),
                other_ops_are_gone: true,
                end_op: ASK,
                data_begin_ops: Vec::new(),
                code_in: CodeField::DestinationAddr,
                service_type: Some(String::new()),
                ..its
            },
            "sixdee" => Self { session: SessionKey::ItsFifteenBits, sequence: false, ..its },
            "mica" => Self::without_info(SessionKey::UserMessageReference),
            "umr_notify" => Self {
                begin_ops: Vec::new(),
                data_begin_ops: Vec::new(),
                gone_ops: vec![0x81],
                code_begins: true,
                end_op: NOTIFY,
                ..Self::without_info(SessionKey::UserMessageReference)
            },
            "smppplus" => Self {
                release_op: Some(0x80),
                push_end_op: 0x83,
                ..Self::without_info(SessionKey::UssdSessionId)
            },
            "glo" => Self {
                release_op: Some(0x44),
                push_end_op: 0x83,
                carrier: Carrier::DataSm,
                payload: true,
                ..its
            },
            "push_only" => Self {
                begin_ops: Vec::new(),
                data_begin_ops: Vec::new(),
                code_in: CodeField::DestinationAddr,
                healthy_error_code: vec![0, 0, 0],
                ..Self::without_info(SessionKey::Msisdn)
            },
            "inverted" => Self { end_bit: EndBit::Inverted, ..its },
            "auto" => Self::auto(),
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
        let dialect: Self = settings.try_into().map_err(|e: toml::de::Error| wrong(&e))?;
        if !matches!(dialect.healthy_error_code.len(), 0 | 3) {
            return Err(wrong(&"healthy_error_code has three octets, such as [0, 0, 0], or none"));
        }
        if dialect.page_septets == 0 || dialect.most_septets == 0 {
            return Err(wrong(&"page_septets and most_septets are at least 1"));
        }
        Ok(dialect)
    }
}
