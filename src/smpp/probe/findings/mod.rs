//! What a gateway shows of itself in its traffic, and the settings that fit it.

mod report;

use super::recording::{Direction, Entry};
use crate::gsm::charset::Charset;
use crate::smpp::codec;
use crate::smpp::dialect::Dialect;
use crate::smpp::dialect::learn::Habits;
use crate::smpp::pdu::{Body, Message, MessageResp, Mode, Pdu, RECEIPT};
use crate::smpp::{receipt, status, text, tlv};
use crate::types::receipt::{IdBase, normal_id};
use std::collections::{BTreeMap, BTreeSet};

/// Message ids remembered, to find out how receipts write them.
const IDS: usize = 1024;
/// ussd_service_op: a screen that wants an answer.
const ASK: u32 = 0x02;
/// ussd_service_op of a begin.
const BEGIN: u32 = 0x01;

/// All that was seen. The same entries lead to the same findings.
#[derive(Debug, Clone)]
pub struct Findings {
    habits: Habits,
    connections: BTreeMap<u64, Connection>,
    ussd: Ussd,
    sms: Sms,
    /// Answers to our messages, by status.
    answers: BTreeMap<u32, u64>,
    unreadable: u64,
}

/// What one connection showed.
#[derive(Debug, Clone, Default)]
struct Connection {
    mode: Option<Mode>,
    bound: Option<Bound>,
    /// Our requests without an answer: when each went, and what it was.
    open: BTreeMap<u32, (u64, Request)>,
    /// enquire_link of the SMSC: how many, when the last, the least time between two.
    theirs: (u64, u64, Option<u64>),
    /// enquire_link of ours that were answered, and the slowest answer.
    ours: (u64, u64),
    unbound_by_them: bool,
}

/// The answer to a bind.
#[derive(Debug, Clone)]
struct Bound {
    status: u32,
    system_id: String,
    version: Option<u32>,
    after: u64,
}

/// What a request of ours was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    Bind,
    Enquire,
    /// A screen that asks.
    Ask,
    /// A last screen.
    Last,
    Sms,
}

/// What steps of dialogs showed.
#[derive(Debug, Clone, Default)]
struct Ussd {
    begins: u64,
    others: u64,
    ops: BTreeSet<Option<u32>>,
    data_codings: BTreeSet<u8>,
    service_types: BTreeSet<String>,
    alphabets: BTreeSet<Alphabet>,
    in_text: Option<String>,
    in_destination: Option<String>,
    /// Screens taken and refused, those that ask and the last ones.
    asks: (u64, u64),
    lasts: (u64, u64),
}

/// How the text of a begin is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Alphabet {
    OneOctet,
    Packed,
    Ucs2,
    Strange,
}

/// What SMS and receipts showed.
#[derive(Debug, Clone, Default)]
struct Sms {
    came: u64,
    receipts: u64,
    unmarked: u64,
    states: BTreeSet<&'static str>,
    /// Ids in answers to SMS of ours, as they are compared, and in receipts.
    answered: BTreeSet<String>,
    receipted: BTreeSet<String>,
}

/// The settings that fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The nearest preset.
    pub dialect: &'static str,
    /// Settings of `[[smsc]]` beside it.
    pub smsc: toml::Table,
    /// What to say anew in `[smsc.ussd]`.
    pub ussd: toml::Table,
}

impl Default for Findings {
    fn default() -> Self {
        Self {
            habits: Habits::new(Dialect::auto()),
            connections: BTreeMap::new(),
            ussd: Ussd::default(),
            sms: Sms::default(),
            answers: BTreeMap::new(),
            unreadable: 0,
        }
    }
}

impl Findings {
    /// What a whole recording shows.
    pub fn of<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> Self {
        let mut findings = Self::default();
        for entry in entries {
            findings.take(entry);
        }
        findings
    }

    /// Takes note of a PDU; gives what is new by it, in sentences.
    pub fn take(&mut self, entry: &Entry) -> Vec<String> {
        let Ok(pdu) = codec::decode(&entry.octets) else {
            self.unreadable += 1;
            return vec!["a PDU that cannot be read".to_owned()];
        };
        match entry.direction {
            Direction::Sent => {
                self.sent(entry, &pdu);
                Vec::new()
            }
            Direction::Received => self.received(entry, &pdu),
        }
    }

    fn sent(&mut self, entry: &Entry, pdu: &Pdu) {
        let request = match &pdu.body {
            Body::Bind(mode, _) => {
                self.connection(entry).mode = Some(*mode);
                Request::Bind
            }
            Body::EnquireLink => Request::Enquire,
            Body::SubmitSm(message) => screen_or_sms(&message.tlvs),
            Body::DataSm(data) => screen_or_sms(&data.tlvs),
            _ => return,
        };
        self.connection(entry).open.insert(pdu.sequence, (entry.millis, request));
    }

    fn received(&mut self, entry: &Entry, pdu: &Pdu) -> Vec<String> {
        match &pdu.body {
            Body::EnquireLink => {
                let (count, last, least) = &mut self.connection(entry).theirs;
                let gap = (*count > 0).then(|| entry.millis.saturating_sub(*last));
                *least = [*least, gap].into_iter().flatten().min();
                (*count, *last) = (*count + 1, entry.millis);
                Vec::new()
            }
            Body::Unbind => {
                self.connection(entry).unbound_by_them = true;
                vec!["the SMSC unbinds".to_owned()]
            }
            Body::DeliverSm(message) => self.message(message, false),
            Body::DataSm(data) => self.message(&data.clone().into(), true),
            body if body.is_response() => self.answered(entry, pdu),
            _ => Vec::new(),
        }
    }

    fn connection(&mut self, entry: &Entry) -> &mut Connection {
        self.connections.entry(entry.connection).or_default()
    }

    fn answered(&mut self, entry: &Entry, pdu: &Pdu) -> Vec<String> {
        let connection = self.connection(entry);
        let Some((asked, request)) = connection.open.remove(&pdu.sequence) else { return Vec::new() };
        let after = entry.millis.saturating_sub(asked);
        match (request, &pdu.body) {
            (Request::Bind, body) => {
                let (system_id, version) = match body {
                    Body::BindResp(_, resp) => (
                        resp.system_id.clone().unwrap_or_default(),
                        tlv::number(&resp.tlvs, tlv::SC_INTERFACE_VERSION),
                    ),
                    _ => (String::new(), None),
                };
                connection.bound = Some(Bound { status: pdu.status, system_id, version, after });
                Vec::new()
            }
            (Request::Enquire, _) => {
                let (count, slowest) = &mut connection.ours;
                (*count, *slowest) = (*count + 1, after.max(*slowest));
                Vec::new()
            }
            (request, Body::SubmitSmResp(resp) | Body::DataSmResp(resp)) => {
                self.message_answered(request, pdu.status, Some(resp))
            }
            (request, _) => self.message_answered(request, pdu.status, None),
        }
    }

    fn message_answered(&mut self, request: Request, status: u32, resp: Option<&MessageResp>) -> Vec<String> {
        *self.answers.entry(status).or_default() += 1;
        let tally = match request {
            Request::Ask => &mut self.ussd.asks,
            Request::Last => &mut self.ussd.lasts,
            _ => &mut (0, 0),
        };
        if status == status::OK {
            tally.0 += 1;
            let id = resp.and_then(|resp| resp.message_id.as_deref()).filter(|id| !id.is_empty());
            if let Some(id) = id.filter(|_| request == Request::Sms && self.sms.answered.len() < IDS) {
                self.sms.answered.insert(normal_id(id));
            }
            return Vec::new();
        }
        // A busy SMSC says nothing about the dialect.
        if status::class(status) != status::Class::Throttle {
            tally.1 += 1;
        }
        let what = match request {
            Request::Ask => "a screen that asks",
            Request::Last => "a last screen",
            _ => "an SMS",
        };
        vec![format!("{what} was refused: {}", status::name(status))]
    }

    fn message(&mut self, message: &Message, by_data: bool) -> Vec<String> {
        if Dialect::is_ussd(message) {
            return self.step(message, by_data);
        }
        match receipt::read(message) {
            receipt::Reading::Receipt(receipt) => {
                self.sms.receipts += 1;
                self.sms.unmarked += u64::from(message.esm_class & 0x3C != RECEIPT);
                self.sms.states.insert(receipt.state.name());
                if self.sms.receipted.len() < IDS {
                    self.sms.receipted.insert(receipt.id.clone());
                }
                vec![format!("a receipt of {:?}: {}", receipt.id, receipt.state.name())]
            }
            receipt::Reading::Unreadable(why) => vec![format!("a receipt that cannot be read: {why}")],
            receipt::Reading::Other => {
                self.sms.came += 1;
                vec!["an SMS".to_owned()]
            }
        }
    }

    fn step(&mut self, message: &Message, by_data: bool) -> Vec<String> {
        let (_, news) = self.habits.observe(message, by_data);
        let seen = &mut self.ussd;
        let op = tlv::number(&message.tlvs, tlv::USSD_SERVICE_OP);
        seen.ops.insert(op);
        seen.data_codings.insert(message.data_coding);
        seen.service_types.insert(message.service_type.clone());
        let octets = message.text_octets();
        let said = Alphabet::of(octets, message.data_coding);
        let begins = op == Some(BEGIN) || said.as_ref().is_some_and(|(_, text)| is_code(text));
        let told = if begins {
            seen.begins += 1;
            if let Some((alphabet, text)) = said {
                seen.alphabets.insert(alphabet);
                seen.in_text = Some(text);
            }
            seen.in_destination = Some(message.dest.addr.clone()).filter(|dest| is_code(dest));
            "a begin"
        } else {
            seen.others += 1;
            if octets.is_empty() { "a step without text" } else { "a key" }
        };
        let op = op.map_or("without ussd_service_op".to_owned(), |op| format!("ussd_service_op 0x{op:02x}"));
        [format!("{told}, {op}")].into_iter().chain(news).collect()
    }

    /// The settings that fit; `None` before the first begin.
    pub fn proposal(&self) -> Option<Proposal> {
        let (nearest, mut ussd) = self.habits.proposal()?;
        let by_destination = self.code_is_the_destination();
        let refuses_last = self.ussd.lasts.1 > 0 && self.ussd.lasts.0 == 0;
        let dialect = match nearest {
            // Its keys are said with the operation by which we ask.
            "its" | "sixdee" if by_destination && self.ussd.ops.contains(&Some(ASK)) => "tata",
            // Of those that name dialogs so, one ends them by a notice.
            "mica" if refuses_last => "umr_notify",
            nearest => nearest,
        };
        if by_destination && dialect != "tata" {
            ussd.insert("code_in".to_owned(), "destination_addr".into());
        }
        if self.ussd.alphabets.contains(&Alphabet::Packed) {
            ussd.insert("charset_in".to_owned(), "gsm_packed".into());
        }
        let mut smsc = toml::Table::new();
        if let Some(base) = self.id_base() {
            smsc.insert("receipt_id".to_owned(), base.into());
        }
        Some(Proposal { dialect, smsc, ussd })
    }

    fn code_is_the_destination(&self) -> bool {
        self.ussd.in_destination.is_some() && self.ussd.in_text.is_none()
    }

    /// How receipts write the ids of answers, where every pair that was seen says the same.
    fn id_base(&self) -> Option<&'static str> {
        let readings = self.sms.receipted.iter().flat_map(|id| IdBase::Auto.answered(id));
        let bases: BTreeSet<IdBase> =
            readings.filter(|(_, id)| self.sms.answered.contains(id)).map(|(base, _)| base).collect();
        match bases.into_iter().collect::<Vec<_>>()[..] {
            [IdBase::Same] => Some("same"),
            [IdBase::ReceiptDecimal] => Some("receipt_decimal"),
            [IdBase::ReceiptHex] => Some("receipt_hex"),
            _ => None,
        }
    }
}

impl Proposal {
    /// Lines of TOML to stand in a `[[smsc]]` table, its `[smsc.ussd]` behind them.
    pub fn to_toml(&self) -> String {
        let mut text = format!("dialect = \"{}\"\n", self.dialect);
        text.push_str(&self.smsc.to_string());
        if !self.ussd.is_empty() {
            text.push_str("\n[smsc.ussd]\n");
            text.push_str(&self.ussd.to_string());
        }
        text
    }
}

impl Alphabet {
    /// The alphabet of a text that was dialled, and what it says; `None` for no text.
    fn of(octets: &[u8], data_coding: u8) -> Option<(Self, String)> {
        if octets.is_empty() {
            return None;
        }
        let read = |charset| text::read(octets, data_coding, charset).text;
        let plain = read(Charset::Gsm);
        Some(match data_coding {
            0x08 | 0x11 | 0x18 | 0x48 => (Self::Ucs2, plain),
            _ if is_code(&plain) => (Self::OneOctet, plain),
            _ if is_code(&read(Charset::GsmPacked)) => (Self::Packed, read(Charset::GsmPacked)),
            _ => (Self::Strange, plain),
        })
    }
}

fn screen_or_sms(tlvs: &[tlv::Tlv]) -> Request {
    match tlv::number(tlvs, tlv::USSD_SERVICE_OP) {
        Some(ASK) => Request::Ask,
        Some(_) => Request::Last,
        None => Request::Sms,
    }
}

/// Whether a text is what was dialled, whole.
fn is_code(said: &str) -> bool {
    let inner = said.strip_prefix('*').and_then(|rest| rest.strip_suffix('#'));
    inner.is_some_and(|inner| !inner.is_empty() && inner.bytes().all(|b| b.is_ascii_digit() || b == b'*'))
}
