//! The tables of `fixtures/dialects`: what each gateway sends, what it means by that, and what it is
//! answered, octet for octet, through the session and its codec.
//!
//! `<` are octets that come, `>` octets that leave, `> -` nothing. `=` says what came is: a `begin`,
//! a `reply`, `gone`, `confirmed`, a begin `again`, or an end of what is `closed` already, with the
//! name of the dialog and the text. `ask`, `end`, `push`, `notify` and `release` are what we do;
//! `after` lets seconds pass.

use super::dialogs::{DialogKey, Dialogs, Fate, Met, Verdict, key_of};
use super::*;
use crate::smpp::esme::{Esme, Opening, Output};
use crate::smpp::pdu::{Bind, Body, Mode};
use crate::smpp::timers::Limits;
use crate::types::Timestamp;
use std::time::Duration;

const PHONE: &str = "254700000123";
const CODE: &str = "48357";

struct Gateway {
    esme: Esme<Option<(DialogKey, Vec<u8>, bool)>>,
    dialogs: Dialogs,
    dialect: Dialect,
    now: Timestamp,
    met: Option<Met>,
}

fn octets(hex: &str) -> Vec<u8> {
    let digit = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// A response with one NUL behind its header, as any gateway writes it.
fn response(command: u32, sequence: &[u8]) -> Vec<u8> {
    [&17_u32.to_be_bytes(), &(command | 0x8000_0000).to_be_bytes(), &[0; 4], sequence, &[0][..]].concat()
}

impl Gateway {
    fn bound(dialect: &str) -> Self {
        let wait = Duration::from_secs(3600);
        let limits = Limits {
            session_init: wait,
            enquire_link: Duration::ZERO,
            inactivity: Duration::ZERO,
            response: wait,
            unfinished: wait,
        };
        let opening = Opening { mode: Mode::Transceiver, bind: Bind::default(), window: 9, limits };
        let now = Timestamp::from_millis(0);
        let mut esme = Esme::connected(opening, now);
        esme.octets().clear();
        esme.handle_input(&response(9, &1_u32.to_be_bytes()), now);
        assert!(matches!(esme.poll_output(), Some(Output::Bound(_))));
        let dialect = Dialect::preset(dialect).expect("a preset");
        Self { esme, dialogs: Dialogs::new("gateway", dialect.clone(), 1), dialect, now, met: None }
    }

    /// What came, in the words of the table.
    fn came(&mut self, octets: &[u8]) -> String {
        self.esme.handle_input(octets, self.now);
        let Some(Output::Delivered(pdu)) = self.esme.poll_output() else { panic!("no message") };
        self.esme.answer(&pdu, 0);
        let (message, by_data) = match pdu.body {
            Body::DeliverSm(message) => (message, false),
            Body::DataSm(data) => (data.into(), true),
            other => panic!("{other:?}"),
        };
        let met = self.dialogs.meet(&message, by_data, (1, pdu.sequence), self.now).expect("a phone");
        let name = Some(hex(&met.step.session)).filter(|name| !name.is_empty()).unwrap_or("-".to_owned());
        let phone = met.step.msisdn.to_string();
        let whose = if phone == PHONE { String::new() } else { format!(" of {phone}") };
        let words = match (met.verdict, &met.step.event) {
            (Verdict::Closed, _) => format!("closed {name}"),
            (Verdict::Again, _) => return format!("again {name}"),
            (_, UssdEvent::Begin(code)) => format!("begin {name} {code}{whose}"),
            (_, UssdEvent::Reply(said)) => format!("reply {name} {said}{whose}"),
            (_, UssdEvent::Confirmed) => format!("confirmed {name}"),
            _ => format!("gone {name}"),
        };
        self.met = Some(met);
        words
    }

    /// Does what the table says; the octets stand in the session's output.
    fn act(&mut self, word: &str, said: &str) {
        let said = said.replace("\\n", "\n");
        let (said, phone) = said.split_once(" to ").unwrap_or((&said, PHONE));
        let phone = Msisdn::from_e164(phone).expect("a number");
        let (screen, tag) = match word {
            "push" | "notify" => {
                self.dialogs.pushed(phone, word == "push", self.now);
                (self.dialect.push(CODE, phone, said, word == "push"), None)
            }
            _ => {
                let met = self.met.as_ref().expect("something came");
                let to = &met.step.reply;
                let tag = (key_of(&met.step), met.mark.clone(), word == "end");
                match word {
                    "release" => (met.dialect.release(to), None),
                    "ask" | "end" => (Some(met.dialect.screen(to, said, word == "end")), Some(tag)),
                    other => panic!("{other}"),
                }
            }
        };
        if let Some(screen) = screen {
            self.esme.submit(screen.message, screen.as_data, tag, self.now).expect("room");
        }
    }

    /// Everything that leaves, taken by the gateway where it is a message.
    fn left(&mut self) -> Vec<u8> {
        let left = std::mem::take(self.esme.octets()).to_vec();
        let command =
            u32::from_be_bytes(left.get(4..8).map_or([0xFF; 4], |four| four.try_into().expect("4")));
        if command & 0x8000_0000 == 0 {
            self.esme.handle_input(&response(command, &left[12..16]), self.now);
            let Some(Output::Accepted(tag, _)) = self.esme.poll_output() else { panic!("not taken") };
            if let Some((key, mark, last)) = tag {
                self.dialogs.fared(&key, &mark, Fate::Taken, last);
            }
        }
        left
    }
}

fn plays(dialect: &str) {
    let path = format!("{}/fixtures/dialects/{dialect}.txt", env!("CARGO_MANIFEST_DIR"));
    let table = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut gateway = Gateway::bound(dialect);
    let mut seen = String::new();
    for (at, line) in table.lines().enumerate() {
        let place = format!("{path}:{}: {line}", at + 1);
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "" | "#" => {}
            "dialect" => assert_eq!(rest, dialect, "{place}"),
            "<" => seen = gateway.came(&octets(rest)),
            "=" => assert_eq!(seen, rest, "{place}"),
            ">" => assert_eq!(hex(&gateway.left()), rest.trim_start_matches('-'), "{place}"),
            "after" => gateway.now = gateway.now.after(Duration::from_secs(rest.parse().expect("seconds"))),
            word => gateway.act(word, rest),
        }
    }
}

macro_rules! tables {
    ($($name:ident)+) => {
        $(#[test] fn $name() { plays(stringify!($name)); })+

        #[test]
        fn every_preset_has_its_table() {
            assert_eq!(Dialect::PRESETS.map(str::to_owned).to_vec(), [$(stringify!($name)),+]);
        }
    };
}

tables!(its msisdn tata sixdee mica umr_notify smppplus glo push_only inverted auto);
