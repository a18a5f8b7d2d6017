//! A subscriber's phone, as its user holds it.

use super::Smsc;
use crate::types::{Msisdn, Timestamp};
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, time::timeout};

/// What stands on the display.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Screen {
    /// The text.
    pub text: String,
    /// Whether the dialog goes on and an answer can be typed.
    pub open: bool,
}

/// An SMS in the inbox, its parts put together.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Sms {
    /// The sender: digits, or letters of an alphanumeric sender.
    pub from: String,
    /// What it says.
    pub text: String,
    /// When it arrived.
    pub at: Timestamp,
    /// As how many SMS it travelled.
    pub parts: u8,
}

/// Why a phone did not get what its user asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// The network routes no such code.
    #[error("{dialled} leads nowhere on this network; the code here is {code}")]
    NoSuchCode {
        /// What was dialled.
        dialled: String,
        /// What could have been.
        code: String,
    },
    /// No application receives at the moment.
    #[error("no application is bound to the gateway; start one, or wait until it has bound again")]
    NoService,
    /// The application took the step and sent no screen.
    #[error("the application sent no screen within {0:?}")]
    NoAnswer(Duration),
    /// The application refused the dialog with a status.
    #[error("the application refused the dialog with command_status 0x{0:02X}")]
    Refused(u32),
    /// The link went down before the application had the dialog.
    #[error("the link to the application dropped before it had the dialog; dial again")]
    LinkLost,
    /// The application ended the dialog without a last screen, or the phone hung up meanwhile.
    #[error("the dialog ended without a screen")]
    Ended,
    /// A key without a dialog: there never was one, or a timer of the gateway ended it.
    #[error("no dialog is open on this phone; dial first")]
    NoDialog,
    /// The phone still waits for the screen of an earlier key.
    #[error("the phone still waits for a screen; hang up, or wait")]
    Busy,
    /// More was typed than a dialog or an SMS can carry.
    #[error("the text is too long for the air")]
    TooLong,
    /// No SMS came in time.
    #[error("no SMS came within {0:?}")]
    NoSms(Duration),
}

/// All that can be seen of a phone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PhoneView {
    /// The display.
    pub screen: Screen,
    /// Whether it waits for a screen.
    pub busy: bool,
    /// Why the last step brought no screen of the application.
    pub failure: Option<PhoneError>,
    /// What has arrived, oldest first.
    pub inbox: Arc<Vec<Sms>>,
}

/// A phone on the simulated network; clones are the same phone.
#[derive(Clone)]
pub struct Handset {
    pub(super) smsc: Smsc,
    pub(super) msisdn: Msisdn,
    pub(super) view: watch::Receiver<PhoneView>,
}

impl Handset {
    /// Its number.
    pub const fn msisdn(&self) -> Msisdn {
        self.msisdn
    }

    /// Dials a USSD code and waits for the first screen. A dialog that is still open is hung up
    /// first, as a phone does.
    ///
    /// # Errors
    /// [`PhoneError`] when the network has no such code, nobody answers, or the answer is late.
    pub async fn dial(&self, code: &str) -> Result<Screen, PhoneError> {
        self.smsc.with(|exchange, now| exchange.dial(self.msisdn, code, now))?;
        self.answer().await
    }

    /// Sends what was typed and waits for the next screen.
    ///
    /// # Errors
    /// [`PhoneError`] when no dialog is open or no screen comes.
    pub async fn press(&self, keys: &str) -> Result<Screen, PhoneError> {
        self.smsc.with(|exchange, now| exchange.reply(self.msisdn, keys, now))?;
        self.answer().await
    }

    /// Hangs up; the gateway tells the application unless it is told to keep silent.
    pub async fn cancel(&self) {
        self.smsc.with(|exchange, now| exchange.hang_up(self.msisdn, now));
    }

    /// Sends an SMS to the application's short code. The network keeps it until the application
    /// has taken it.
    ///
    /// # Errors
    /// [`PhoneError::TooLong`] for a text of more than 255 parts.
    pub async fn send_sms(&self, text: &str) -> Result<(), PhoneError> {
        self.smsc.with(|exchange, now| exchange.sms_from_phone(self.msisdn, text, now))
    }

    /// All SMS that arrived, oldest first.
    pub fn inbox(&self) -> Vec<Sms> {
        self.view.borrow().inbox.to_vec()
    }

    /// The oldest SMS that no earlier call has returned, waiting for it if need be.
    ///
    /// # Errors
    /// [`PhoneError::NoSms`] when none came in time.
    pub async fn wait_sms(&self, within: Duration) -> Result<Sms, PhoneError> {
        let mut view = self.view.clone();
        let next = async {
            loop {
                view.borrow_and_update();
                if let Some(sms) = self.smsc.with(|exchange, _| exchange.take_sms(self.msisdn)) {
                    return Some(sms);
                }
                view.changed().await.ok()?;
            }
        };
        timeout(within, next).await.ok().flatten().ok_or(PhoneError::NoSms(within))
    }

    /// The screen of the next push that no earlier call has returned, waiting for it if need be.
    ///
    /// # Errors
    /// [`PhoneError::NoAnswer`] when none came in time.
    pub async fn wait_push(&self, within: Duration) -> Result<Screen, PhoneError> {
        let mut view = self.view.clone();
        let next = async {
            loop {
                view.borrow_and_update();
                let pushed = self.smsc.with(|exchange, _| {
                    let phone = exchange.phone(self.msisdn);
                    let news = phone.pushes_seen < phone.pushed;
                    phone.pushes_seen = phone.pushed;
                    news
                });
                if pushed {
                    return Some(self.screen());
                }
                view.changed().await.ok()?;
            }
        };
        timeout(within, next).await.ok().flatten().ok_or(PhoneError::NoAnswer(within))
    }

    /// What stands on the display now.
    pub fn screen(&self) -> Screen {
        self.view.borrow().screen.clone()
    }

    /// A view that changes with the phone.
    pub fn watch(&self) -> watch::Receiver<PhoneView> {
        self.view.clone()
    }

    /// Switches the phone off or on; while it is off, SMS to it fail and receipts say so.
    pub fn set_reachable(&self, reachable: bool) {
        self.smsc.with(|exchange, _| exchange.phone(self.msisdn).reachable = reachable);
    }

    /// Waits until the phone no longer waits; the gateway's own clock bounds it.
    async fn answer(&self) -> Result<Screen, PhoneError> {
        let mut view = self.view.clone();
        let seen = view.wait_for(|phone| !phone.busy).await.map_err(|_| PhoneError::NoService)?;
        match &seen.failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(seen.screen.clone()),
        }
    }
}
