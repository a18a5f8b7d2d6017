//! USSD at the gateway: which dialog a screen belongs to, and what the phone shows when there is none.

mod dialect;

use super::{
    exchange::{Delivery, Exchange, What},
    faults::Unshown,
    handset::{PhoneError, Screen},
    sms::text,
};
use crate::{
    smpp::{
        pdu::{Address, Message},
        status,
        tlv::{self, USSD_SERVICE_OP},
    },
    types::Msisdn,
};
use bytes::Bytes;
use dialect::{Habits, Said};
use std::time::Duration;
use tokio::time::Instant;

/// ussd_service_op, deliver: a phone begins a dialog (PSSR indication).
const BEGIN: u8 = 0x01;
/// Deliver: a notice was shown (USSN confirm).
const CONFIRM: u8 = 0x13;
/// The most octets of a USSD string on the air (3GPP TS 22.090).
const MOST_OCTETS: usize = 160;
/// What follows from a screen goes out behind the answer to it.
const BEHIND: Duration = Duration::from_millis(1);
/// A screen that comes so soon after its dialog died is late, and not a push.
const LATE: Duration = Duration::from_secs(30);

/// What the network itself writes on a display.
const NETWORK_ERROR: &str = "Connection problem or invalid MMI code.";
const NETWORK_SLOW: &str = "The service does not answer. Please try again later.";
const NETWORK_IDLE: &str = "Session timed out.";

/// A dialog as the gateway keeps it.
#[derive(Debug, Clone)]
pub(super) struct Dialog {
    /// Ours alone; never on the wire.
    key: u64,
    /// The number on the wire; what of it is written is the dialect's.
    session: u32,
    /// Counts what the phone sent: seven bits.
    sequence: u8,
    /// When it began.
    begun: Instant,
    /// Since when the current side has the word.
    since: Instant,
    /// Whether the application has the word.
    asked: bool,
    /// Whether the application opened it.
    pushed: bool,
}

/// What a dialog's step is on the wire; without an operation where a dialect leaves it out.
struct Step<'a> {
    op: Option<u8>,
    text: &'a str,
    session: u32,
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
        let habits = Habits::of(self.settings.dialect);
        let refusal = if !habits.dialled || !self.settings.routes(code) {
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
        let dialog = self.new_dialog(false, now);
        let (key, session) = (dialog.key, dialog.session);
        let phone = self.phone(msisdn);
        phone.dialog = Some(dialog);
        phone.view.send_modify(|view| {
            view.screen = Screen { text: String::new(), open: false };
            view.busy = true;
            view.failure = None;
        });
        self.counters.begins += 1;
        let step = Step { op: Some(BEGIN), text: code, session, sequence: 0, last: false };
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
        self.send_reply(msisdn, keys, (session, sequence), What::Reply(msisdn, key), now);
        Ok(())
    }

    fn send_reply(&mut self, msisdn: Msisdn, keys: &str, at: (u32, u8), what: What, now: Instant) {
        let op = Some(Habits::of(self.settings.dialect).reply);
        let step = Step { op, text: keys, session: at.0, sequence: at.1, last: false };
        let message = self.step(msisdn, &step);
        let not_before = if what == What::Stray { now + BEHIND } else { now };
        self.deliver(Delivery { message, what, not_before }, now);
    }

    /// A dialog with the next number.
    fn new_dialog(&mut self, pushed: bool, now: Instant) -> Dialog {
        let most = Habits::of(self.settings.dialect).sessions();
        let again = match self.settings.reuse_sessions_after {
            0 => most,
            after => after.min(most),
        };
        let session = (u32::from(self.settings.first_session) + self.sessions % again) % most;
        self.sessions = (self.sessions + 1) % again;
        let key = self.next_dialog;
        self.next_dialog += 1;
        Dialog { key, session, sequence: 0, begun: now, since: now, asked: !pushed, pushed }
    }

    /// The application took a step: what goes wrong between it and its screen goes wrong now.
    pub fn step_taken(&mut self, msisdn: Msisdn, key: u64, now: Instant) -> bool {
        if !self.is_open(msisdn, key) {
            return false;
        }
        if self.faults.abort_in_flight.strikes(now) {
            self.hang_up(msisdn, now);
        }
        self.faults.cut_after_step.strikes(now)
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
            phone.late_until = dialog.asked.then(|| now + LATE);
            self.tell_end(msisdn, &dialog, now, now);
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
                self.phone(msisdn).late_until = Some(now + LATE);
                self.fail(msisdn, PhoneError::NoAnswer(now - dialog.since), NETWORK_SLOW);
            } else {
                self.fail(msisdn, PhoneError::NoDialog, NETWORK_IDLE);
            }
            self.tell_end(msisdn, &dialog, now, now);
        }
    }

    /// A screen from the application.
    pub fn screen(&mut self, message: &Message, now: Instant) -> Result<(), u32> {
        let settings = &self.settings;
        let habits = Habits::of(settings.dialect);
        let ours = message.source.addr == settings.short_code
            || habits.code_in_destination && settings.routes(&message.source.addr);
        if !ours {
            return Err(status::INV_SRC_ADR);
        }
        let msisdn = Msisdn::from_e164(&message.dest.addr).map_err(|_| status::INV_DST_ADR)?;
        if settings.refuses_long_screens && message.text_octets().len() > MOST_OCTETS {
            return Err(status::INV_MSG_LEN);
        }
        let op = tlv::number(&message.tlvs, USSD_SERVICE_OP).unwrap_or(0) as u8;
        let phone = self.phone(msisdn);
        let late = phone.late_until.is_some_and(|until| now < until);
        let dialog = phone.dialog.as_ref().filter(|dialog| habits.is_named(&message.tlvs, dialog.session));
        let said = dialog.map(|dialog| (habits.said(op, &message.tlvs, dialog.pushed), dialog.asked));
        match said {
            Some((Said::Release, _)) => {
                self.fail(msisdn, PhoneError::Ended, "");
                Ok(())
            }
            Some((Said::Ask | Said::Last, true)) if self.faults.lose_screens.strikes(now) => Ok(()),
            Some((Said::Ask, true)) => {
                self.show(msisdn, message, true, now);
                Ok(())
            }
            Some((Said::Last, true)) => {
                self.last_screen(msisdn, message, habits, now);
                Ok(())
            }
            Some((Said::Nonsense, true)) => Err(status::SUBMIT_FAIL),
            _ => match habits.pushes(op, &message.tlvs) {
                Some(asks) if !late => self.push(msisdn, message, asks, now),
                _ => {
                    self.counters.screens_late += 1;
                    Err(status::SUBMIT_FAIL)
                }
            },
        }
    }

    /// Puts a screen on the display, cut to what the phone has room for.
    fn show(&mut self, msisdn: Msisdn, message: &Message, open: bool, now: Instant) {
        let most = self.settings.screen_septets;
        let (kept, cut) = text::cut_screen(message.text_octets(), message.data_coding, most);
        let text = text::decode(kept, message.data_coding);
        self.counters.screens += 1;
        self.counters.screens_cut += u64::from(cut);
        let phone = self.phone(msisdn);
        if let Some(dialog) = &mut phone.dialog {
            dialog.asked = false;
            dialog.since = now;
        }
        phone.view.send_modify(|view| {
            view.screen = Screen { text, open };
            view.busy = false;
            view.failure = None;
        });
    }

    fn last_screen(&mut self, msisdn: Msisdn, message: &Message, habits: Habits, now: Instant) {
        self.show(msisdn, message, false, now);
        let Some(dialog) = self.phone(msisdn).dialog.take() else { return };
        if habits.confirms || dialog.pushed {
            self.confirm(msisdn, &dialog, now);
        }
        if self.faults.reply_after_end.strikes(now) {
            self.send_reply(msisdn, "1", (dialog.session, dialog.sequence), What::Stray, now);
        }
    }

    /// Tells the application that a notice was shown.
    fn confirm(&mut self, msisdn: Msisdn, dialog: &Dialog, now: Instant) {
        let (session, sequence) = (dialog.session, dialog.sequence);
        let message = self.step(msisdn, &Step { op: Some(CONFIRM), text: "", session, sequence, last: true });
        self.deliver(Delivery { message, what: What::Stray, not_before: now + BEHIND }, now);
    }

    /// The application opens a dialog, or shows a notice.
    fn push(&mut self, msisdn: Msisdn, message: &Message, asks: bool, now: Instant) -> Result<(), u32> {
        self.counters.pushes += 1;
        let dialog = self.new_dialog(true, now);
        let phone = self.phone(msisdn);
        if phone.dialog.is_some() || !phone.reachable {
            self.counters.pushes_unshown += 1;
            match self.faults.unshown {
                Unshown::Refused(status) => return Err(status),
                Unshown::Aborted => self.tell_end(msisdn, &dialog, now + BEHIND, now),
                Unshown::Silence => {}
            }
            return Ok(());
        }
        phone.pushed += 1;
        if asks {
            phone.dialog = Some(dialog.clone());
        }
        self.show(msisdn, message, asks, now);
        if !asks {
            self.confirm(msisdn, &dialog, now);
        }
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
    fn tell_end(&mut self, msisdn: Msisdn, dialog: &Dialog, not_before: Instant, now: Instant) {
        if self.faults.silent_abort {
            return;
        }
        self.counters.aborts += 1;
        let op = Habits::of(self.settings.dialect).abort;
        let step = Step { op, text: "", session: dialog.session, sequence: dialog.sequence, last: true };
        let message = self.step(msisdn, &step);
        self.deliver(Delivery { message, what: What::Abort, not_before }, now);
    }

    /// A step as it stands on the wire.
    fn step(&self, msisdn: Msisdn, step: &Step<'_>) -> Message {
        let habits = Habits::of(self.settings.dialect);
        let (octets, data_coding) = text::encode(step.text);
        let mut tlvs: Vec<_> = step.op.map(|op| tlv::octet(USSD_SERVICE_OP, op)).into_iter().collect();
        tlvs.extend(habits.named(step.session, step.sequence, step.last));
        let mut message = Message {
            service_type: "USSD".into(),
            source: Address::new(1, 1, msisdn.to_string()),
            dest: Address::new(0, 1, self.settings.short_code.clone()),
            data_coding,
            short_message: Bytes::from(octets),
            tlvs,
            ..Message::default()
        };
        if habits.code_in_destination && step.op == Some(BEGIN) {
            message.short_message = Bytes::new();
            message.dest.addr = step.text.to_owned();
        }
        message
    }

    /// Whether steps travel in `data_sm`.
    pub fn speaks_data_sm(&self) -> bool {
        Habits::of(self.settings.dialect).data_sm
    }
}
