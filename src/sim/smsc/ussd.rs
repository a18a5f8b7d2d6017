//! USSD at the gateway: which dialog a screen belongs to, and what the phone shows when there is none.

use super::{
    exchange::{Delivery, Exchange, What},
    handset::{PhoneError, Screen},
    settings::Dialect,
    text,
};
use crate::{
    smpp::{
        pdu::{Address, Message},
        status,
        tlv::{self, ITS_SESSION_INFO, USSD_SERVICE_OP},
    },
    types::Msisdn,
};
use bytes::Bytes;
use tokio::time::Instant;

/// ussd_service_op, deliver: a phone begins a dialog (PSSR indication).
const BEGIN: u8 = 0x01;
/// Submit: a screen that wants an answer (USSR request).
const ASK: u8 = 0x02;
/// Submit: the last screen (PSSR response).
const END: u8 = 0x11;
/// Deliver: the subscriber's answer (USSR confirm).
const REPLY: u8 = 0x12;
/// Submit: the application ends the dialog without a screen (vendor: USSREL request).
const RELEASE: u8 = 0x80;
/// Deliver: the dialog is over (vendor: USSREL indication).
const ABORT: u8 = 0x81;

/// What the network itself writes on a display.
const NETWORK_ERROR: &str = "Connection problem or invalid MMI code.";
const NETWORK_SLOW: &str = "The service does not answer. Please try again later.";
const NETWORK_IDLE: &str = "Session timed out.";

/// A dialog as the gateway keeps it.
#[derive(Debug, Clone)]
pub(super) struct Dialog {
    /// Ours alone; never on the wire.
    key: u64,
    /// The number on the wire, reused after 256 dialogs.
    session: u8,
    /// Counts what the phone sent: seven bits.
    sequence: u8,
    /// When it began.
    begun: Instant,
    /// Since when the current side has the word.
    since: Instant,
    /// Whether the application has the word.
    asked: bool,
}

/// What a dialog's step is on the wire.
struct Step<'a> {
    op: u8,
    text: &'a str,
    session: u8,
    sequence: u8,
    last: bool,
}

impl Exchange {
    /// Whether the phone still is in this very dialog.
    pub fn is_open(&self, msisdn: Msisdn, key: u64) -> bool {
        self.phones
            .get(&msisdn)
            .and_then(|phone| phone.dialog.as_ref())
            .is_some_and(|dialog| dialog.key == key)
    }

    /// A phone dials.
    pub fn dial(&mut self, msisdn: Msisdn, code: &str, now: Instant) -> Result<(), PhoneError> {
        self.hang_up(msisdn, now);
        let refusal = if !self.settings.routes(code) {
            let (dialled, code) = (code.to_owned(), self.settings.service_code.clone());
            Some(PhoneError::NoSuchCode { dialled, code })
        } else if !text::fits_ussd(code) {
            Some(PhoneError::TooLong)
        } else if !self.has_receiver() {
            Some(PhoneError::NoService)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            self.fail(msisdn, refusal.clone(), NETWORK_ERROR);
            return Err(refusal);
        }
        let (key, session) = (self.next_dialog, self.next_session);
        self.next_dialog += 1;
        self.next_session = session.wrapping_add(1);
        let dialog = Dialog { key, session, sequence: 0, begun: now, since: now, asked: true };
        let phone = self.phone(msisdn);
        phone.dialog = Some(dialog);
        phone.view.send_modify(|view| {
            view.screen = Screen { text: String::new(), open: false };
            view.busy = true;
            view.failure = None;
        });
        self.counters.begins += 1;
        let step = Step { op: BEGIN, text: code, session, sequence: 0, last: false };
        let message = self.step(msisdn, &step);
        self.deliver(Delivery { message, what: What::Begin(msisdn, key), not_before: now }, now);
        Ok(())
    }

    /// A phone answers a screen.
    pub fn reply(&mut self, msisdn: Msisdn, keys: &str, now: Instant) -> Result<(), PhoneError> {
        if !text::fits_ussd(keys) {
            return Err(PhoneError::TooLong);
        }
        let phone = self.phone(msisdn);
        let dialog = phone.dialog.as_mut().ok_or(PhoneError::NoDialog)?;
        if dialog.asked {
            return Err(PhoneError::Busy);
        }
        dialog.asked = true;
        dialog.since = now;
        dialog.sequence = (dialog.sequence + 1) & 0x7F;
        let (key, session, sequence) = (dialog.key, dialog.session, dialog.sequence);
        phone.view.send_modify(|view| {
            view.busy = true;
            view.failure = None;
        });
        self.counters.replies += 1;
        let message = self.step(msisdn, &Step { op: REPLY, text: keys, session, sequence, last: false });
        self.deliver(Delivery { message, what: What::Reply(msisdn, key), not_before: now }, now);
        Ok(())
    }

    /// A phone hangs up, or puts away the last screen.
    pub fn hang_up(&mut self, msisdn: Msisdn, now: Instant) {
        let phone = self.phone(msisdn);
        let dialog = phone.dialog.take();
        phone.view.send_modify(|view| {
            view.failure = view.busy.then_some(PhoneError::Ended);
            view.screen = Screen::default();
            view.busy = false;
        });
        if let Some(dialog) = dialog {
            self.tell_end(msisdn, &dialog, now);
        }
    }

    /// A begin went down with its link.
    pub fn begin_lost(&mut self, msisdn: Msisdn, key: u64) {
        if self.is_open(msisdn, key) {
            self.fail(msisdn, PhoneError::LinkLost, NETWORK_ERROR);
        }
    }

    /// The application refused a step.
    pub fn refused_by_application(&mut self, msisdn: Msisdn, key: u64, status: u32) {
        if self.is_open(msisdn, key) {
            self.fail(msisdn, PhoneError::Refused(status), NETWORK_ERROR);
        }
    }

    /// Ends dialogs whose time has run out.
    pub fn end_dialogs(&mut self, now: Instant) {
        let timers = self.settings.timers;
        let over: Vec<(Msisdn, bool)> = self
            .phones
            .iter()
            .filter_map(|(msisdn, phone)| {
                let dialog = phone.dialog.as_ref()?;
                let turn = if dialog.asked { timers.answer } else { timers.idle };
                let over = now >= dialog.since + turn || now >= dialog.begun + timers.dialog;
                over.then_some((*msisdn, dialog.asked))
            })
            .collect();
        for (msisdn, asked) in over {
            let Some(dialog) = self.phone(msisdn).dialog.clone() else { continue };
            if asked {
                self.fail(msisdn, PhoneError::NoAnswer(now - dialog.since), NETWORK_SLOW);
            } else {
                self.fail(msisdn, PhoneError::NoDialog, NETWORK_IDLE);
            }
            self.tell_end(msisdn, &dialog, now);
        }
    }

    /// A screen from the application.
    pub fn screen(&mut self, message: &Message, now: Instant) -> Result<(), u32> {
        if message.source.addr != self.settings.short_code {
            return Err(status::INV_SRC_ADR);
        }
        let msisdn = Msisdn::from_e164(&message.dest.addr).map_err(|_| status::INV_DST_ADR)?;
        let op = tlv::number(&message.tlvs, USSD_SERVICE_OP).unwrap_or(0) as u8;
        let info = tlv::get(&message.tlvs, ITS_SESSION_INFO).map(|octets| octets.to_vec());
        let octets = message.text_octets();
        let (kept, cut) = text::cut_screen(octets, message.data_coding, self.settings.screen_septets);
        let shown = text::decode(kept, message.data_coding);

        let dialect = self.settings.dialect;
        let dialog = self.phones.get_mut(&msisdn).and_then(|phone| phone.dialog.as_mut());
        let named = |dialog: &&mut Dialog| match (dialect, info.as_deref()) {
            (Dialect::Msisdn, _) => true,
            (Dialect::Its, Some([session, _])) => *session == dialog.session,
            (Dialect::Its, _) => false,
        };
        let Some(dialog) = dialog.filter(named).filter(|dialog| dialog.asked || op == RELEASE) else {
            self.counters.screens_late += 1;
            return Err(status::SUBMIT_FAIL);
        };
        let end_bit = dialect == Dialect::Its && info.is_some_and(|info| info[1] & 1 == 1);
        let open = match op {
            ASK => !end_bit,
            END => false,
            RELEASE => {
                self.fail(msisdn, PhoneError::Ended, "");
                return Ok(());
            }
            _ => return Err(status::SUBMIT_FAIL),
        };
        if self.faults.lose_screens.strikes(now) {
            return Ok(());
        }
        dialog.asked = false;
        dialog.since = now;
        self.counters.screens += 1;
        self.counters.screens_cut += u64::from(cut);
        let phone = self.phone(msisdn);
        if !open {
            phone.dialog = None;
        }
        phone.view.send_modify(|view| {
            view.screen = Screen { text: shown, open };
            view.busy = false;
            view.failure = None;
        });
        Ok(())
    }

    /// The dialog is gone and the display says why.
    fn fail(&mut self, msisdn: Msisdn, failure: PhoneError, words: &str) {
        let phone = self.phone(msisdn);
        phone.dialog = None;
        phone.view.send_modify(|view| {
            view.screen = Screen { text: words.to_owned(), open: false };
            view.busy = false;
            view.failure = Some(failure);
        });
    }

    /// Tells the application that the phone is gone.
    fn tell_end(&mut self, msisdn: Msisdn, dialog: &Dialog, now: Instant) {
        if self.faults.silent_abort {
            return;
        }
        self.counters.aborts += 1;
        let step =
            Step { op: ABORT, text: "", session: dialog.session, sequence: dialog.sequence, last: true };
        let message = self.step(msisdn, &step);
        self.deliver(Delivery { message, what: What::Abort, not_before: now }, now);
    }

    /// A step as it stands on the wire.
    fn step(&self, msisdn: Msisdn, step: &Step<'_>) -> Message {
        let (octets, data_coding) = text::encode(step.text);
        let mut tlvs = vec![tlv::octet(USSD_SERVICE_OP, step.op)];
        if self.settings.dialect == Dialect::Its {
            let info = [step.session, step.sequence << 1 | u8::from(step.last)];
            tlvs.push((ITS_SESSION_INFO, Bytes::copy_from_slice(&info)));
        }
        Message {
            service_type: "USSD".into(),
            source: Address::new(1, 1, msisdn.to_string()),
            dest: Address::new(0, 1, self.settings.short_code.clone()),
            data_coding,
            short_message: Bytes::from(octets),
            tlvs,
            ..Message::default()
        }
    }
}
