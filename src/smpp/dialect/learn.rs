//! The habits of a gateway that nobody described, worked out from what it sends.
//!
//! What is answered meanwhile is the safest there is: every session TLV goes back octet for octet,
//! the last screen closes by operation and by bit at once, and every known end is an end. What is
//! worked out is where the name of a dialog stands, so that one dialog is not taken for another.

use super::{Carrier, CodeField, Dialect, EndBit, Message, SessionKey, subscriber};
use crate::smpp::tlv;
use std::collections::BTreeMap;
use std::sync::Arc;

/// So many replies whose octet 2 stood still prove that all of its_session_info is the name.
const STILL: u8 = 3;
/// Dialogs whose its_session_info is remembered while that is not known.
const MOST_OPEN: usize = 4096;

/// What a gateway has shown of its habits, and the dialect to read it with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Habits {
    base: Dialect,
    dialect: Arc<Dialect>,
    /// The same while its_session_info is named by octet 1: for dialogs that began before octet 2
    /// was known to stand still.
    early: Arc<Dialect>,
    name: Option<Name>,
    octet_2: Octet2,
    upside_down: bool,
    by_data: bool,
    /// its_session_info of begins, by subscriber.
    open: BTreeMap<u64, [u8; 2]>,
    still: u8,
}

/// Where a gateway writes the name of a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Info,
    Reference,
    Vendor,
    Nowhere,
}

/// What octet 2 of its_session_info does from step to step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Octet2 {
    Unknown,
    Moves,
    Still,
}

impl Habits {
    /// A gateway of which nothing is known but these settings. Where they say how dialogs are named
    /// nothing is worked out.
    pub fn new(settings: Dialect) -> Self {
        let dialect = Arc::new(settings.clone());
        Self {
            base: settings,
            early: dialect.clone(),
            dialect,
            name: None,
            octet_2: Octet2::Unknown,
            upside_down: false,
            by_data: false,
            open: BTreeMap::new(),
            still: 0,
        }
    }

    /// The dialect as far as it is known; what a push is made with.
    pub fn dialect(&self) -> &Arc<Dialect> {
        &self.dialect
    }

    /// Takes note of a message of a dialog. Gives the dialect to read it with, and, whenever
    /// something new was worked out, all that is known by now in a sentence for the log.
    pub fn observe(&mut self, message: &Message, by_data: bool) -> (Arc<Dialect>, Option<String>) {
        if self.base.session != SessionKey::Learn {
            return (self.dialect.clone(), None);
        }
        let before = (self.name, self.octet_2, self.upside_down);
        let info =
            tlv::get(&message.tlvs, tlv::ITS_SESSION_INFO).and_then(|info| info.first_chunk().copied());
        let phone = subscriber(&message.source).map_or(0, |phone| phone.number());
        let op = tlv::number(&message.tlvs, tlv::USSD_SERVICE_OP).map(|op| op as u8);
        let begins =
            op.is_some_and(|op| self.base.begin_ops.contains(&op) || self.base.data_begin_ops.contains(&op));
        if begins {
            self.begun(phone, message, info);
            self.by_data = by_data;
        } else if let Some(info) = info {
            self.went_on(phone, info);
        }
        let news = before != (self.name, self.octet_2, self.upside_down);
        if news {
            self.dialect = Arc::new(self.effective(self.octet_2));
            self.early = Arc::new(self.effective(Octet2::Unknown));
        }
        let is_early = self.octet_2 == Octet2::Still && self.open.contains_key(&phone);
        let dialect = if is_early { &self.early } else { &self.dialect };
        (dialect.clone(), news.then(|| self.sentence()))
    }

    fn begun(&mut self, phone: u64, message: &Message, info: Option<[u8; 2]>) {
        let has = |tag| tlv::get(&message.tlvs, tag).is_some();
        let name = match info {
            _ if has(tlv::USSD_SESSION_ID) => Name::Vendor,
            Some(_) => Name::Info,
            None if has(tlv::USER_MESSAGE_REFERENCE) => Name::Reference,
            None => Name::Nowhere,
        };
        self.name = Some(name);
        self.open.remove(&phone);
        let Some(info) = info else { return };
        // A begin is never a last message: a gateway that sets the bit means it the other way.
        self.upside_down |= info[1] & 1 == 1;
        if self.octet_2 == Octet2::Unknown && self.open.len() < MOST_OPEN {
            self.open.insert(phone, info);
        }
    }

    fn went_on(&mut self, phone: u64, info: [u8; 2]) {
        let Some(begin) = self.open.get(&phone).filter(|begin| begin[0] == info[0]) else { return };
        if self.octet_2 != Octet2::Unknown {
            return;
        }
        if begin[1] >> 1 != info[1] >> 1 {
            self.octet_2 = Octet2::Moves;
            self.open.clear();
        } else if begin[1] >> 1 != 0 {
            self.still += 1;
            if self.still == STILL {
                self.octet_2 = Octet2::Still;
            }
        }
    }

    fn effective(&self, octet_2: Octet2) -> Dialect {
        let (session, sequence) = match (self.name, octet_2) {
            (Some(Name::Info), Octet2::Still) => (SessionKey::ItsFifteenBits, false),
            (Some(Name::Info), _) => (SessionKey::ItsOctet, true),
            (Some(Name::Reference), _) => (SessionKey::UserMessageReference, false),
            (Some(Name::Vendor), _) => (SessionKey::UssdSessionId, false),
            (Some(Name::Nowhere) | None, _) => (SessionKey::Msisdn, false),
        };
        let end_bit = match self.name {
            Some(Name::Info) if self.upside_down => EndBit::Inverted,
            Some(Name::Info) | None => self.base.end_bit,
            Some(_) => EndBit::Ignored,
        };
        Dialect { session, sequence, end_bit, ..self.base.clone() }
    }

    /// The preset that comes nearest to what was seen, and what to say anew in `[smsc.ussd]`; `None`
    /// before the first begin. For whoever writes the configuration.
    pub fn proposal(&self) -> Option<(&'static str, toml::Table)> {
        let preset = match (self.name?, self.octet_2) {
            _ if self.by_data => "glo",
            (Name::Info, _) if self.upside_down => "inverted",
            (Name::Info, Octet2::Still) => "sixdee",
            (Name::Info, _) => "its",
            (Name::Reference, _) => "mica",
            (Name::Vendor, _) => "smppplus",
            (Name::Nowhere, _) => "msisdn",
        };
        let near = Dialect::preset(preset).ok()?;
        let mut seen = Dialect { code_in: CodeField::ShortMessage, ..self.effective(self.octet_2) };
        (seen.carrier, seen.payload) = (near.carrier, near.payload);
        if self.by_data {
            seen.carrier = Carrier::DataSm;
        }
        let (near, seen) = (toml::Table::try_from(near).ok()?, toml::Table::try_from(seen).ok()?);
        let names = ["session", "sequence", "end_bit"];
        let differs = seen
            .into_iter()
            .filter(|(key, value)| names.contains(&key.as_str()) && near.get(key) != Some(value));
        Some((preset, differs.collect()))
    }

    /// Whether it is open how much of its_session_info names a dialog.
    pub fn name_may_be_longer(&self) -> bool {
        self.name == Some(Name::Info) && self.octet_2 == Octet2::Unknown
    }

    /// All that is known by now, for people.
    pub fn sentence(&self) -> String {
        let name = match (self.name, self.octet_2) {
            (None, _) => "not seen yet",
            (Some(Name::Info), Octet2::Unknown) => "in octet 1 of its_session_info, so far",
            (Some(Name::Info), Octet2::Moves) => "in octet 1 of its_session_info, octet 2 counts",
            (Some(Name::Info), Octet2::Still) => "in the upper fifteen bits of its_session_info",
            (Some(Name::Reference), _) => "in user_message_reference",
            (Some(Name::Vendor), _) => "in TLV 0x1501",
            (Some(Name::Nowhere), _) => "nowhere: the phone number is the name",
        };
        let bit = if self.upside_down { "; its end bit is upside down" } else { "" };
        let near = self.proposal().map(|(preset, _)| format!("; the nearest dialect is \"{preset}\""));
        format!("dialogs are named {name}{bit}{}", near.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::fixture;
    use bytes::Bytes;

    const BEGIN: &str = "10-ussd-begin-its.hex";
    const REPLY: &str = "14-ussd-reply-its.hex";

    fn habits() -> Habits {
        Habits::new(Dialect::preset("auto").expect("a preset"))
    }

    fn with_info(file: &str, info: [u8; 2]) -> Message {
        let mut message = fixture::message(file);
        message.tlvs[1].1 = Bytes::copy_from_slice(&info);
        message
    }

    /// What a gateway that sends these is read with, and what was said of it, in order.
    fn learnt(messages: &[Message]) -> (Habits, Vec<SessionKey>, Vec<String>) {
        let mut habits = habits();
        let (mut keys, mut said) = (Vec::new(), Vec::new());
        for message in messages {
            let (dialect, news) = habits.observe(message, false);
            keys.push(dialect.session);
            said.extend(news);
        }
        (habits, keys, said)
    }

    #[test]
    fn each_place_of_the_name_is_found_with_the_first_begin_and_told_once() {
        for (file, session, preset) in [
            (BEGIN, SessionKey::ItsOctet, "its"),
            ("20-ussd-begin-umr.hex", SessionKey::UserMessageReference, "mica"),
            ("23-ussd-begin-msisdn.hex", SessionKey::Msisdn, "msisdn"),
            ("24-ussd-begin-smppplus.hex", SessionKey::UssdSessionId, "smppplus"),
        ] {
            let begin = fixture::message(file);
            let (habits, keys, said) = learnt(&[begin.clone(), begin]);
            assert_eq!((keys, said.len()), (vec![session; 2], 1), "{file}: {said:?}");
            assert!(said[0].contains(&format!("nearest dialect is \"{preset}\"")), "{said:?}");
            let (near, anew) = habits.proposal().expect("something was seen");
            assert_eq!((near, anew.is_empty()), (preset, true), "{anew:?}");
        }
    }

    #[test]
    fn a_count_that_moves_is_told_and_the_name_stays_in_octet_1() {
        let (habits, keys, said) = learnt(&[fixture::message(BEGIN), fixture::message(REPLY)]);
        assert_eq!(keys, [SessionKey::ItsOctet; 2]);
        assert!(said[1].contains("octet 2 counts"), "{said:?}");
        assert!(habits.dialect().sequence);
    }

    #[test]
    fn an_octet_2_that_stands_still_is_part_of_the_name_of_dialogs_begun_from_then_on() {
        let still = |file| with_info(file, [0x2A, 0x46]);
        let steps = [
            still(BEGIN),
            still(REPLY),
            still(REPLY),
            still(REPLY),
            still(REPLY),
            still(BEGIN),
            still(REPLY),
        ];
        let (habits, keys, said) = learnt(&steps);
        assert_eq!(keys[..5], [SessionKey::ItsOctet; 5], "a dialog keeps its name to the end");
        assert_eq!(keys[5..], [SessionKey::ItsFifteenBits; 2]);
        assert!(said.last().is_some_and(|said| said.contains("fifteen bits")), "{said:?}");
        assert_eq!(habits.proposal().map(|(near, _)| near), Some("sixdee"));
    }

    #[test]
    fn a_begin_that_says_it_is_the_last_message_has_its_bit_upside_down() {
        let mut habits = habits();
        let begin = with_info(BEGIN, [0x2A, 0x01]);
        let (dialect, said) = habits.observe(&begin, false);
        assert_eq!(dialect.end_bit, EndBit::Inverted);
        assert!(said.is_some_and(|said| said.contains("upside down")));
        assert!(matches!(dialect.step(&begin).map(|step| step.event), Ok(super::super::UssdEvent::Begin(_))));
    }

    #[test]
    fn a_gateway_that_was_described_is_taken_at_its_word() {
        let mut habits = Habits::new(Dialect::preset("mica").expect("a preset"));
        let (dialect, said) = habits.observe(&fixture::message(BEGIN), false);
        assert_eq!((dialect.session, said), (SessionKey::UserMessageReference, None));
        assert_eq!(habits.proposal(), None);
    }
}
