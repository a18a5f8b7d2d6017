//! Traffic as lines of a file.
//!
//! ```text
//! # Sokoni recording 1
//! # gateway: safari
//! 0 0 > 0000002b00000009...
//! 12 0 < 0000001d80000009...
//! ```
//!
//! A line is the milliseconds since the start, the number of the connection, `>` for what we sent
//! or `<` for what came, and the octets of one PDU in hex. The password of a bind stands as so
//! many `*`. Lines that begin with `#` explain: `# key: value` is kept, and a key may come again.

use bytes::Bytes;
use rusmpp::CommandId;
use std::fmt::{self, Display, Write as _};

/// The first line of a recording.
pub const TITLE: &str = "# Sokoni recording 1";

/// Which way a PDU went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// From us to the SMSC.
    Sent,
    /// From the SMSC to us.
    Received,
}

/// One PDU, when and where it travelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Milliseconds since the start.
    pub millis: u64,
    /// Which connection, counted from 0.
    pub connection: u64,
    /// Which way.
    pub direction: Direction,
    /// The whole PDU.
    pub octets: Bytes,
}

/// What was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recording {
    /// What the lines that explain say, in their order.
    pub notes: Vec<(String, String)>,
    /// The PDUs in the order of the file.
    pub entries: Vec<Entry>,
}

/// Why a file is no recording.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordingError {
    /// It begins otherwise.
    #[error("line 1: a recording begins with \"{TITLE}\"; give a file that sokoni smsc probe wrote")]
    Title,
    /// A line that cannot be read.
    #[error("line {line}: {what}; a line is: milliseconds, connection, > or <, octets in hex")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl Entry {
    /// An entry; the password of a bind is blanked.
    pub fn new(millis: u64, connection: u64, direction: Direction, octets: Bytes) -> Self {
        Self { millis, connection, direction, octets: blanked(octets) }
    }

    fn read(line: &str) -> Result<Self, &'static str> {
        let mut words = line.split_ascii_whitespace();
        let number = |word: Option<&str>| word.and_then(|word| word.parse().ok());
        let millis = number(words.next()).ok_or("the milliseconds are no number")?;
        let connection = number(words.next()).ok_or("the connection is no number")?;
        let direction = match words.next() {
            Some(">") => Direction::Sent,
            Some("<") => Direction::Received,
            _ => return Err("neither > nor <"),
        };
        let octets = words.next().and_then(from_hex).ok_or("the octets are no pairs of hex digits")?;
        match words.next() {
            None => Ok(Self::new(millis, connection, direction, octets)),
            Some(_) => Err("something stands behind the octets"),
        }
    }
}

impl Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = if self.direction == Direction::Sent { '>' } else { '<' };
        write!(f, "{} {} {way} ", self.millis, self.connection)?;
        self.octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl Recording {
    /// Reads a file.
    ///
    /// # Errors
    /// The first line that cannot be read.
    pub fn read(text: &str) -> Result<Self, RecordingError> {
        let mut lines = text.lines().enumerate();
        if lines.next().is_none_or(|(_, first)| first.trim_end() != TITLE) {
            return Err(RecordingError::Title);
        }
        let mut recording = Self::default();
        for (at, line) in lines {
            if let Some(said) = line.strip_prefix('#') {
                let (key, value) = said.split_once(':').unwrap_or(("", said));
                recording.notes.push((key.trim().to_owned(), value.trim().to_owned()));
            } else if !line.trim().is_empty() {
                let entry = Entry::read(line);
                recording.entries.push(entry.map_err(|what| RecordingError::Line { line: at + 1, what })?);
            }
        }
        Ok(recording)
    }

    /// Everything that a key says, a line each.
    pub fn said(&self, key: &str) -> String {
        let lines = self.notes.iter().filter(|(name, _)| name == key);
        lines.fold(String::new(), |mut all, (_, value)| {
            // Writing into a String cannot fail.
            let _ = writeln!(all, "{value}");
            all
        })
    }
}

/// A bind with `*` for every octet of its password; everything else as it is.
fn blanked(octets: Bytes) -> Bytes {
    let command = octets.get(4..8).and_then(|id| id.try_into().ok()).map(u32::from_be_bytes);
    let binds = [CommandId::BindReceiver, CommandId::BindTransmitter, CommandId::BindTransceiver];
    if !command.is_some_and(|id| binds.contains(&CommandId::from(id))) {
        return octets;
    }
    let mut blank = octets.to_vec();
    let fields = blank.iter_mut().skip(16).skip_while(|octet| **octet != 0).skip(1);
    fields.take_while(|octet| **octet != 0).for_each(|octet| *octet = b'*');
    blank.into()
}

fn from_hex(hex: &str) -> Option<Bytes> {
    if hex.is_empty() || !hex.len().is_multiple_of(2) || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let octet = |at| u8::from_str_radix(&hex[at..at + 2], 16).ok();
    (0..hex.len()).step_by(2).map(octet).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::{codec, fixture, pdu::Body};
    use proptest::prelude::*;

    #[test]
    fn the_password_of_a_bind_is_never_written() {
        let octets = fixture::octets("01-bind-transceiver.hex");
        let Body::Bind(_, bind) = fixture::pdu("01-bind-transceiver.hex").body else { panic!("a bind") };
        let entry = Entry::new(0, 0, Direction::Sent, octets.clone().into());
        assert_eq!(entry.octets.len(), octets.len());
        let Ok(Body::Bind(_, blank)) = codec::decode(&entry.octets).map(|pdu| pdu.body) else {
            panic!("still a bind")
        };
        assert_eq!(blank.password, "*".repeat(bind.password.len()));
        assert_eq!((blank.system_id, blank.system_type), (bind.system_id, bind.system_type));
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said_with_its_number() {
        assert_eq!(Recording::read("hello"), Err(RecordingError::Title));
        for (line, says) in [
            ("x 0 > 00", "milliseconds"),
            ("1 y > 00", "connection"),
            ("1 0 = 00", "neither"),
            ("1 0 > 0", "pairs"),
            ("1 0 > 0é", "pairs"),
            ("1 0 > +1", "pairs"),
            ("1 0 > 00 11", "behind"),
        ] {
            let why = Recording::read(&format!("{TITLE}\n\n{line}\n")).expect_err("refused").to_string();
            assert!(why.contains("line 3") && why.contains(says), "{line}: {why}");
        }
    }

    #[test]
    fn lines_that_explain_are_kept_by_their_keys() {
        let text = format!("{TITLE}\n# gateway: safari\n# expect: a = 1\n# expect: b = 2\n# no key\n");
        let recording = Recording::read(&text).expect("readable");
        assert_eq!(recording.said("expect"), "a = 1\nb = 2\n");
        assert_eq!(recording.said("gateway"), "safari\n");
    }

    proptest! {
        #[test]
        fn an_entry_is_read_as_it_was_written(
            millis: u64, connection: u64, sent: bool, octets in proptest::collection::vec(any::<u8>(), 1..200)
        ) {
            let direction = if sent { Direction::Sent } else { Direction::Received };
            let entry = Entry::new(millis, connection, direction, octets.into());
            let read = Recording::read(&format!("{TITLE}\n{entry}\n"));
            prop_assert_eq!(read.expect("readable").entries, vec![entry]);
        }

        #[test]
        fn no_text_is_too_wild_to_be_read_or_refused(text: String) {
            let _ = Recording::read(&text);
            let _ = Recording::read(&format!("{TITLE}\n{text}"));
        }
    }
}
