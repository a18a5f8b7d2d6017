//! A text as one SMS, or as the parts of a long one: user data headers (3GPP TS 23.040,
//! 9.2.3.24.1 and .8), sar_* parameters or message_payload (SMPP 3.4, 5.3.2.22-24 and .32).

use super::charset::Charset;
use super::{alphabet, septets};
use serde::Deserialize;

/// Octets of an SMS on the air, header and all.
const AIR_OCTETS: usize = 140;
/// The most octets of a short_message (SMPP 3.4, 5.2.22).
pub const MOST_PART_OCTETS: usize = 254;
/// The least that a part may be limited to: a header, and some text behind it.
pub const LEAST_PART_OCTETS: usize = 20;
/// The count of parts is one octet.
const MOST_PARTS: usize = 255;

/// How the parts of a long SMS are marked on their way to the SMSC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A user data header with an 8-bit reference: what every SMSC passes on.
    #[default]
    Udh8,
    /// A user data header with a 16-bit reference.
    Udh16,
    /// sar_msg_ref_num, sar_total_segments, sar_segment_seqnum; the SMSC makes the header.
    Sar,
    /// The whole text in message_payload; the SMSC cuts it.
    Payload,
}

/// How one SMSC wants its SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// How parts are marked.
    pub way: Way,
    /// What it means by data_coding 0.
    pub charset: Charset,
    /// Most octets of one short_message, its header counted. A full part of unpacked septets has
    /// 159, which some SMSCs refuse that count to 140.
    pub max_part_octets: usize,
}

impl Style {
    fn most(&self) -> usize {
        self.max_part_octets.clamp(LEAST_PART_OCTETS, MOST_PART_OCTETS)
    }
}

impl Default for Style {
    fn default() -> Self {
        Self { way: Way::Udh8, charset: Charset::Gsm, max_part_octets: MOST_PART_OCTETS }
    }
}

/// How the octets of a part are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// data_coding 0: GSM 7-bit on the air, written in the SMSC's [`Charset`].
    Gsm7,
    /// data_coding 8: UCS-2 (in truth UTF-16), high octet first.
    Ucs2,
}

/// The place of a part, for the sar_* parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sar {
    /// The same in all parts.
    pub reference: u16,
    /// How many parts.
    pub total: u8,
    /// Which one, from 1.
    pub number: u8,
}

/// What one `submit_sm` carries of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// The user data header with its length octet; when it is not empty esm_class wants UDHI.
    pub header: Vec<u8>,
    /// The text behind it.
    pub body: Vec<u8>,
    /// What to write into the sar_* parameters.
    pub sar: Option<Sar>,
    /// The octets belong into message_payload, and short_message stays empty.
    pub payload: bool,
}

impl Part {
    /// Header and text: what the short_message or message_payload holds.
    pub fn octets(&self) -> Vec<u8> {
        [self.header.as_slice(), &self.body].concat()
    }
}

/// A text ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// How every part is coded.
    pub coding: Coding,
    /// What is sent, in order. At least one.
    pub parts: Vec<Part>,
    /// How many SMS it is paid for: more than there are `parts` when the SMSC cuts.
    pub paid: usize,
}

/// The text needs more parts than a header can count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text needs {0} parts of SMS; at most 255 can be numbered")]
pub struct TooLong(pub usize);

/// Cuts a text into what is sent. Typographic marks become ASCII first; what then is outside
/// GSM-7 goes as UCS-2. `reference` ties the parts together on the phone; of it the 8-bit header
/// takes the low octet.
///
/// # Errors
/// More than 255 parts.
pub fn segment(text: &str, reference: u16, style: &Style) -> Result<Message, TooLong> {
    let text = alphabet::simplify(text);
    let coding = coding_of(&text, style.charset);
    let pieces = split(&text, coding, style);
    let paid = pieces.len();
    if paid > MOST_PARTS {
        return Err(TooLong(paid));
    }
    let parts = match (paid, style.way) {
        (_, Way::Payload) | (1, _) => vec![whole(&text, coding, style, paid > 1)],
        _ => {
            let part = |(piece, number)| marked(piece, coding, style, reference, paid as u8, number);
            pieces.into_iter().zip(1u8..=u8::MAX).map(part).collect()
        }
    };
    Ok(Message { coding, parts, paid })
}

/// How many SMS the text is paid for at an SMSC of the plainest style.
pub fn parts(text: &str) -> usize {
    parts_in(text, &Style::default())
}

/// How many SMS the text is paid for.
pub fn parts_in(text: &str, style: &Style) -> usize {
    let text = alphabet::simplify(text);
    split(&text, coding_of(&text, style.charset), style).len()
}

fn coding_of(text: &str, charset: Charset) -> Coding {
    // What the SMSC's alphabet has and the air has not, the SMSC would replace.
    let sound = |c| alphabet::code(c).is_some() && (charset != Charset::Latin1 || u8::try_from(c).is_ok());
    if text.chars().all(sound) { Coding::Gsm7 } else { Coding::Ucs2 }
}

/// A text in one `submit_sm`, where the SMSC cuts it if it is `long`.
fn whole(text: &str, coding: Coding, style: &Style, long: bool) -> Part {
    let body = write(text, coding, style.charset, 0);
    let payload = long || body.len() > style.most();
    Part { body, payload, ..Part::default() }
}

fn marked(piece: &str, coding: Coding, style: &Style, reference: u16, total: u8, number: u8) -> Part {
    let [high, low] = reference.to_be_bytes();
    let header = match style.way {
        Way::Udh8 => vec![0x05, 0x00, 0x03, low, total, number],
        Way::Udh16 => vec![0x06, 0x08, 0x04, high, low, total, number],
        Way::Sar | Way::Payload => Vec::new(),
    };
    let sar = (style.way == Way::Sar).then_some(Sar { reference, total, number });
    Part { body: write(piece, coding, style.charset, header.len()), header, sar, payload: false }
}

/// The octets of a text behind a header of so many octets.
fn write(text: &str, coding: Coding, charset: Charset, header: usize) -> Vec<u8> {
    let written = match (coding, charset) {
        (Coding::Ucs2, _) => None,
        (Coding::Gsm7, Charset::GsmPacked) => {
            alphabet::encode(text).map(|septets| septets::pack_behind(header, &septets))
        }
        (Coding::Gsm7, charset) => charset.write(text),
    };
    written.unwrap_or_else(|| text.encode_utf16().flat_map(u16::to_be_bytes).collect())
}

/// What a part has room for: on the air, and in its short_message.
#[derive(Debug, Clone, Copy)]
struct Room {
    air: usize,
    wire: usize,
}

impl Room {
    /// Beside a header of so many octets on the air, and so many in the short_message. Counted in
    /// septets, for UCS-2 in octets.
    fn beside(air: usize, wire: usize, coding: Coding, style: &Style) -> Self {
        let (air, wire) = (AIR_OCTETS - air, style.most() - wire);
        match (coding, style.charset) {
            (Coding::Ucs2, _) => Self { air, wire },
            (Coding::Gsm7, Charset::GsmPacked) => Self { air: air * 8 / 7, wire: wire * 8 / 7 },
            (Coding::Gsm7, _) => Self { air: air * 8 / 7, wire },
        }
    }

    const fn takes(self, other: Self) -> bool {
        self.air >= other.air && self.wire >= other.wire
    }
}

/// What a character takes, in the measure of [`Room::beside`].
fn room_of(c: char, coding: Coding, charset: Charset) -> Room {
    if coding == Coding::Ucs2 {
        let octets = 2 * c.len_utf16();
        return Room { air: octets, wire: octets };
    }
    let septets = alphabet::code(c).map_or(1, alphabet::Code::septets);
    let wire = match charset {
        Charset::Gsm | Charset::GsmPacked => septets,
        Charset::Latin1 => 1,
        Charset::Utf8 => c.len_utf8(),
    };
    Room { air: septets, wire }
}

/// The text cut between characters, so that no escape stands without its septet and no half of a
/// surrogate pair without the other.
fn split<'t>(text: &'t str, coding: Coding, style: &Style) -> Vec<&'t str> {
    let single = Room::beside(0, 0, coding, style);
    let part = match style.way {
        Way::Udh8 => Room::beside(6, 6, coding, style),
        Way::Udh16 => Room::beside(7, 7, coding, style),
        Way::Sar => Room::beside(6, 0, coding, style),
        Way::Payload => Room { wire: usize::MAX, ..Room::beside(6, 0, coding, style) },
    };
    let single = if style.way == Way::Payload { Room { wire: usize::MAX, ..single } } else { single };
    let whole = text.chars().fold(Room { air: 0, wire: 0 }, |sum, c| {
        let c = room_of(c, coding, style.charset);
        Room { air: sum.air + c.air, wire: sum.wire + c.wire }
    });
    if single.takes(whole) {
        return vec![text];
    }
    let (mut pieces, mut from) = (Vec::new(), 0);
    let mut used = Room { air: 0, wire: 0 };
    for (at, c) in text.char_indices() {
        let c = room_of(c, coding, style.charset);
        let more = Room { air: used.air + c.air, wire: used.wire + c.wire };
        used = if part.takes(more) {
            more
        } else {
            pieces.push(&text[from..at]);
            from = at;
            c
        };
    }
    pieces.push(&text[from..]);
    pieces
}

#[cfg(test)]
mod tests;
