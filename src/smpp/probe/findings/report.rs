//! The findings in lines for people.

use super::{Alphabet, Connection, Findings, Ussd};
use crate::smpp::pdu::{Mode, version_name};
use crate::smpp::status;
use std::collections::BTreeSet;

impl Findings {
    /// All that was seen, line by line, and what was not seen yet.
    pub fn report(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        for (number, connection) in &self.connections {
            lines.extend(connection.report(*number));
        }
        lines.extend(self.ussd_report());
        lines.extend(self.sms_report());
        lines.extend(self.answers_report());
        lines.push(String::new());
        lines.join("\n")
    }

    fn ussd_report(&self) -> Vec<String> {
        let seen = &self.ussd;
        if seen.begins == 0 {
            return vec![
                "USSD: no begin came. Dial the code; if nobody can, the gateway only takes pushes: \
                 dialect \"push_only\"."
                    .to_owned(),
            ];
        }
        let mut lines = vec![
            format!("USSD: {} begins, {} other steps", seen.begins, seen.others),
            format!("  {}", self.habits.sentence()),
            format!("  ussd_service_op that came: {}", ops(seen)),
            format!("  the dialled code: {}", where_the_code_stands(seen)),
        ];
        let alphabets: Vec<&str> = seen.alphabets.iter().map(|alphabet| alphabet.words()).collect();
        if !alphabets.is_empty() {
            lines.push(format!("  alphabet of begins: {}", alphabets.join("; ")));
        }
        lines.push(format!("  data_coding of steps: {}", hex(seen.data_codings.iter().copied())));
        let types: Vec<String> = seen.service_types.iter().map(|kind| format!("{kind:?}")).collect();
        lines.push(format!("  service_type of steps: {}", types.join(", ")));
        let (asks, lasts) = (seen.asks, seen.lasts);
        lines.push(format!(
            "  screens that ask: {} taken, {} refused; last screens: {} taken, {} refused",
            asks.0, asks.1, lasts.0, lasts.1
        ));
        lines.extend(self.advice().into_iter().map(|advice| format!("  {advice}")));
        lines
    }

    /// What to do so that more is seen.
    fn advice(&self) -> Vec<&'static str> {
        let seen = &self.ussd;
        let mut advice = Vec::new();
        if self.habits.name_may_be_longer() {
            advice.push(
                "Not seen yet: whether octet 2 of its_session_info counts or names. Dial again, and press \
                 1 three times.",
            );
        }
        if seen.lasts == (0, 0) {
            advice.push("Not seen yet: whether a dialog closes. Dial again, and press 0.");
        }
        if seen.alphabets.contains(&Alphabet::Packed) {
            advice.push(
                "Text comes packed. If the screen on the phone was nonsense, write charset = \"gsm_packed\" \
                 in place of charset_in.",
            );
        }
        if seen.asks.1 > 0 && seen.asks.0 == 0 {
            advice.push(
                "No screen was taken: ask which operation, service_type, TON and NPI screens must have.",
            );
        }
        advice
    }

    fn sms_report(&self) -> Vec<String> {
        let seen = &self.sms;
        let mut lines = vec![format!("SMS: {} came, {} receipts", seen.came, seen.receipts)];
        if seen.receipts > 0 {
            let states: Vec<&str> = seen.states.iter().copied().collect();
            lines.push(format!("  states in receipts: {}", states.join(", ")));
            let base = match self.id_base() {
                Some("same") => "as in the answer",
                Some("receipt_decimal") => "decimal, hexadecimal in the answer",
                Some(_) => "hexadecimal, decimal in the answer",
                None => "not found out: no receipt of a message sent meanwhile",
            };
            lines.push(format!("  message ids in receipts: {base}"));
        }
        if seen.unmarked > 0 {
            let unmarked = seen.unmarked;
            lines.push(format!(
                "  {unmarked} receipts are not marked by esm_class; they are known by their text"
            ));
        }
        lines
    }

    fn answers_report(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.answers.is_empty() {
            let each: Vec<String> = self
                .answers
                .iter()
                .map(|(status, count)| match *status {
                    status::OK => format!("{count} taken"),
                    refused => format!("{count} {}", status::name(refused)),
                })
                .collect();
            lines.push(format!("Answers to our messages: {}", each.join(", ")));
        }
        let throttled: u64 =
            [status::THROTTLED, status::MSG_Q_FUL].iter().filter_map(|status| self.answers.get(status)).sum();
        if throttled > 0 {
            lines.push(
                "  The gateway throttles: ask for the rate, and set submit_per_second to it.".to_owned(),
            );
        }
        if self.unreadable > 0 {
            lines.push(format!("PDUs that cannot be read: {}", self.unreadable));
        }
        lines
    }
}

impl Connection {
    fn report(&self, number: u64) -> Vec<String> {
        let mode = match self.mode {
            Some(Mode::Receiver) => "bind_receiver",
            Some(Mode::Transmitter) => "bind_transmitter",
            Some(Mode::Transceiver) => "bind_transceiver",
            None => "no bind",
        };
        let Some(bound) = &self.bound else {
            return vec![format!("Connection {number}: {mode}, not answered")];
        };
        if bound.status != status::OK {
            let refusal = status::name(bound.status);
            return vec![format!("Connection {number}: {mode}, refused: {refusal}")];
        }
        let version = bound.version.map_or("no version".to_owned(), |version| {
            format!("version {}", version_name(u8::try_from(version).unwrap_or(0)))
        });
        let (name, after) = (&bound.system_id, bound.after);
        let mut lines = vec![format!(
            "Connection {number}: {mode}, taken by {name:?} within {after} ms, which names {version}"
        )];
        let (count, _, least) = self.theirs;
        if count > 0 {
            let every =
                least.map_or(String::new(), |least| format!(", the closest {} s apart", seconds(least)));
            lines.push(format!("  enquire_link from the SMSC: {count}{every}"));
        }
        let (count, slowest) = self.ours;
        if count > 0 {
            lines.push(format!("  enquire_link of ours: {count} answered, the slowest within {slowest} ms"));
        }
        if self.unbound_by_them {
            lines.push("  ended by an unbind of the SMSC".to_owned());
        }
        lines
    }
}

impl Alphabet {
    const fn words(self) -> &'static str {
        match self {
            Self::OneOctet => "an octet a character",
            Self::Packed => "packed septets",
            Self::Ucs2 => "UCS-2",
            Self::Strange => "none in which it reads like a code",
        }
    }
}

fn where_the_code_stands(seen: &Ussd) -> String {
    match (&seen.in_text, &seen.in_destination) {
        (Some(text), None) => format!("in the text, {text:?}"),
        (None, Some(dest)) => format!("in destination_addr, {dest:?}"),
        (Some(text), Some(_)) => format!("in the text, {text:?}, and in destination_addr too"),
        (None, None) => "nowhere; service_code is taken for it".to_owned(),
    }
}

fn ops(seen: &Ussd) -> String {
    let op = |op: &Option<u32>| op.map_or("none".to_owned(), |op| format!("0x{op:02x}"));
    seen.ops.iter().map(op).collect::<Vec<_>>().join(", ")
}

fn hex(octets: impl Iterator<Item = u8>) -> String {
    octets.collect::<BTreeSet<_>>().iter().map(|o| format!("0x{o:02x}")).collect::<Vec<_>>().join(", ")
}

fn seconds(millis: u64) -> String {
    format!("{}.{}", millis / 1000, millis % 1000 / 100)
}
