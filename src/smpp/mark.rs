//! What names a repeat of the same input, so that it acts once.
//!
//! A gateway that waited too long for our answer sends the same step again. Its session numbers
//! come round again within a day, so a mark also holds which dialog it was, counted by us from
//! begin to begin.

use super::dialect::Step;
use super::pdu::Message;
use crate::engine::port::{Mark, UssdEvent};
use crate::types::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;

/// A begin with the same session and text so soon after the last is the same begin.
const SAME_BEGIN: Duration = Duration::from_secs(5);
/// No dialog lives longer; older entries are forgotten.
const KEPT: Duration = Duration::from_secs(600);
/// Beginnings between two rounds of forgetting.
const ROUND: u64 = 1024;

#[derive(Debug)]
struct Dialog {
    ordinal: u64,
    code: String,
    begun: Timestamp,
}

/// Marks the inputs of one gateway.
#[derive(Debug)]
pub struct Marks {
    gateway: String,
    epoch: u64,
    begun: u64,
    dialogs: BTreeMap<(u64, Vec<u8>), Dialog>,
}

impl Marks {
    /// For a gateway; `epoch` is drawn anew whenever the program starts, so that its counting
    /// does not meet that of an earlier run.
    pub fn new(gateway: &str, epoch: u64) -> Self {
        Self { gateway: gateway.to_owned(), epoch, begun: 0, dialogs: BTreeMap::new() }
    }

    /// The mark of a USSD step. `pdu` names the PDU it came in (which connection, which
    /// sequence_number), for gateways that do not count the exchanges of a dialog.
    pub fn ussd(&mut self, step: &Step, pdu: (u64, u32), now: Timestamp) -> Mark {
        let key = (step.msisdn.number(), step.session.clone());
        let ordinal = match &step.event {
            UssdEvent::Begin(code) => self.begin(&key, code, now),
            _ => self.dialogs.get(&key).map_or(0, |dialog| dialog.ordinal),
        };
        let mut mark = b"ussd ".to_vec();
        mark.extend(self.gateway.as_bytes());
        mark.push(0);
        mark.extend(key.0.to_be_bytes());
        mark.extend(self.epoch.to_be_bytes());
        mark.extend(ordinal.to_be_bytes());
        mark.push(step.op.unwrap_or(0xFF));
        match (&step.event, step.sequence) {
            (UssdEvent::Begin(_), _) => {}
            (_, Some(sequence)) if ordinal != 0 => mark.push(sequence),
            _ => {
                mark.extend(pdu.0.to_be_bytes());
                mark.extend(pdu.1.to_be_bytes());
            }
        }
        mark.push(0);
        mark.extend(&step.session);
        mark
    }

    fn begin(&mut self, key: &(u64, Vec<u8>), code: &str, now: Timestamp) -> u64 {
        if let Some(dialog) = self.dialogs.get(key)
            && dialog.code == code
            && now.since(dialog.begun) < SAME_BEGIN
        {
            return dialog.ordinal;
        }
        self.begun += 1;
        if self.begun.is_multiple_of(ROUND) {
            self.dialogs.retain(|_, dialog| now.since(dialog.begun) < KEPT);
        }
        let dialog = Dialog { ordinal: self.begun, code: code.to_owned(), begun: now };
        self.dialogs.insert(key.clone(), dialog);
        self.begun
    }

    /// The mark of an SMS, which carries no name of its own: what it says, from whom, and, for a
    /// long one, which reference tied it together. The engine holds it against repeats for minutes.
    pub fn sms(&self, message: &Message, reference: Option<u16>, text: &str) -> Mark {
        let mut hash = Sha256::new();
        for field in [self.gateway.as_str(), &message.source.addr, &message.dest.addr] {
            hash.update(field.as_bytes());
            hash.update([0]);
        }
        hash.update([message.esm_class, message.data_coding]);
        hash.update(reference.map_or([0, 0, 0], |r| [1, r.to_be_bytes()[0], r.to_be_bytes()[1]]));
        hash.update(text.as_bytes());
        [b"sms ".as_slice(), &hash.finalize()[..16]].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::dialect::Dialect;
    use crate::smpp::fixture;

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn step(dialect: &str, file: &str) -> Step {
        let dialect = Dialect::preset(dialect).expect("a preset");
        dialect.step(&fixture::message(file)).expect("a phone")
    }

    #[test]
    fn a_begin_repeated_within_five_seconds_is_the_same_and_later_another() {
        let mut marks = Marks::new("safari", 1);
        let begin = step("its", "10-ussd-begin-its.hex");
        let first = marks.ussd(&begin, (1, 17), at(0));
        assert_eq!(marks.ussd(&begin, (1, 18), at(4)), first);
        assert_ne!(marks.ussd(&begin, (1, 19), at(5)), first);
    }

    #[test]
    fn a_reply_is_known_again_by_its_sequence_but_only_within_its_dialog() {
        let mut marks = Marks::new("safari", 1);
        let (begin, reply) = (step("its", "10-ussd-begin-its.hex"), step("its", "14-ussd-reply-its.hex"));
        marks.ussd(&begin, (1, 1), at(0));
        let first = marks.ussd(&reply, (1, 2), at(9));
        assert_eq!(marks.ussd(&reply, (2, 7), at(15)), first, "sent again over another connection");
        let next = Step { sequence: Some(2), ..reply.clone() };
        assert_ne!(marks.ussd(&next, (1, 3), at(20)), first);
        marks.ussd(&begin, (1, 4), at(100));
        assert_ne!(marks.ussd(&reply, (1, 5), at(109)), first, "the session number came round");
    }

    #[test]
    fn without_a_sequence_only_the_same_pdu_is_the_same() {
        let mut marks = Marks::new("safari", 1);
        let reply = step("msisdn", "14-ussd-reply-its.hex");
        let first = marks.ussd(&reply, (1, 2), at(0));
        assert_eq!(marks.ussd(&reply, (1, 2), at(0)), first);
        assert_ne!(marks.ussd(&reply, (1, 3), at(1)), first, "a person may truly press 1 twice");
        assert_ne!(Marks::new("safari", 2).ussd(&reply, (1, 2), at(0)), first, "another run");
    }

    #[test]
    fn an_sms_is_known_by_what_it_says() {
        let marks = Marks::new("safari", 1);
        let sms = fixture::message("51-sms-mo.hex");
        let mark = marks.sms(&sms, None, "KUBALI 1042");
        assert_eq!(mark, marks.sms(&sms, None, "KUBALI 1042"));
        assert_ne!(mark, marks.sms(&sms, None, "KATAA 1042"));
        assert_ne!(mark, marks.sms(&sms, Some(7), "KUBALI 1042"));
    }

    #[test]
    fn dialogs_of_long_ago_are_forgotten() {
        let mut marks = Marks::new("safari", 1);
        let begin = step("its", "10-ussd-begin-its.hex");
        for session in 0..2 * ROUND {
            let begin = Step { session: session.to_be_bytes().to_vec(), ..begin.clone() };
            marks.ussd(&begin, (1, 1), at(i64::try_from(session).expect("small") * 10));
        }
        assert!(marks.dialogs.len() <= (ROUND + 60) as usize);
    }
}
