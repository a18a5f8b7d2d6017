//! A phone behind the aggregator, and what is posted for it.

use super::{ANSWER, Dialog, Inner, Over, PhoneState};
use crate::sim::smsc::{PhoneError, Screen, Sms};
use crate::types::{Msisdn, time::NAIROBI};
use std::sync::Arc;
use std::time::Duration;

/// What a subscriber's network calls itself in callbacks.
const NETWORK: &str = "63902";
/// How often an SMS is posted that is not answered with 200, and the pause between.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);

/// A phone; clones are the same phone.
#[derive(Clone)]
pub struct AggregatorHandset {
    pub(super) inner: Arc<Inner>,
    pub(super) msisdn: Msisdn,
}

impl AggregatorHandset {
    fn phone<T>(&self, change: impl FnOnce(&mut PhoneState) -> T) -> T {
        change(self.inner.book().phones.entry(self.msisdn).or_default())
    }

    /// Its number.
    pub const fn msisdn(&self) -> Msisdn {
        self.msisdn
    }

    /// Dials a code, with answers behind it or not, and waits for the first screen. A dialog that is
    /// still open is hung up first.
    ///
    /// # Errors
    /// [`PhoneError`] when there is no such code, nobody answers, or the answer is none.
    pub async fn dial(&self, code: &str) -> Result<Screen, PhoneError> {
        let own = self.inner.options.service_code.clone();
        let wrong = || PhoneError::NoSuchCode { dialled: code.to_owned(), code: own.clone() };
        let behind = code.strip_prefix(own.trim_end_matches('#')).and_then(|rest| rest.strip_suffix('#'));
        let text = behind.ok_or_else(wrong)?.trim_start_matches('*').to_owned();
        self.cancel().await;
        let session = self.inner.book().name("ATUid_");
        self.phone(|phone| phone.dialog = Some(Dialog { session, code: own, text, ..Dialog::default() }));
        self.step().await
    }

    /// Sends what was typed and waits for the next screen.
    ///
    /// # Errors
    /// [`PhoneError`] when no dialog is open or no screen comes.
    pub async fn press(&self, keys: &str) -> Result<Screen, PhoneError> {
        self.phone(|phone| {
            let dialog = phone.dialog.as_mut().ok_or(PhoneError::NoDialog)?;
            if dialog.screens > 1 || !dialog.text.is_empty() {
                dialog.text.push('*');
            }
            dialog.text.push_str(keys);
            Ok(())
        })?;
        self.step().await
    }

    /// Hangs up; the aggregator tells that the dialog failed.
    pub async fn cancel(&self) {
        let open = self.phone(|phone| {
            phone.screen.open = false;
            phone.dialog.take()
        });
        if let Some(dialog) = open {
            self.over(dialog, "Failed").await;
        }
    }

    /// Sends an SMS to the short code. The aggregator keeps it until it is answered with 200.
    ///
    /// # Errors
    /// None; a phone's SMS is always taken here.
    pub async fn send_sms(&self, text: &str) -> Result<(), PhoneError> {
        let (id, repeat) = {
            let mut book = self.inner.book();
            (book.name("mo-"), book.mischief.repeat)
        };
        let (from, text) = (self.plus(), text.to_owned());
        let to = self.inner.options.short_code.clone();
        let (inner, at) = (Arc::clone(&self.inner), self.inner.options.clock.now());
        let date = format!("{} {}", at.day_month(NAIROBI), at.hour_minute(NAIROBI));
        tokio::spawn(async move {
            for _ in 0..1 + u32::from(repeat) {
                let form: [(&str, &str); 6] = [
                    ("from", &from),
                    ("to", &to),
                    ("text", &text),
                    ("date", &date),
                    ("id", &id),
                    ("linkId", "SampleLinkId123"),
                ];
                for _ in 0..TRIES {
                    if matches!(inner.post("sms", &form).await, Some((200, _))) {
                        break;
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
        Ok(())
    }

    /// All SMS that arrived, oldest first.
    pub fn inbox(&self) -> Vec<Sms> {
        self.phone(|phone| phone.inbox.clone())
    }

    /// The oldest SMS that no earlier call has returned, waiting for it if need be.
    ///
    /// # Errors
    /// [`PhoneError::NoSms`] when none came in time.
    pub async fn wait_sms(&self, within: Duration) -> Result<Sms, PhoneError> {
        let mut news = self.inner.news.subscribe();
        let next = async {
            loop {
                news.borrow_and_update();
                let found = self.phone(|phone| {
                    let sms = phone.inbox.get(phone.read).cloned();
                    phone.read += usize::from(sms.is_some());
                    sms
                });
                if found.is_some() {
                    return found;
                }
                news.changed().await.ok()?;
            }
        };
        tokio::time::timeout(within, next).await.ok().flatten().ok_or(PhoneError::NoSms(within))
    }

    /// What stands on the display now.
    pub fn screen(&self) -> Screen {
        self.phone(|phone| phone.screen.clone())
    }

    fn plus(&self) -> String {
        format!("+{}", self.msisdn)
    }

    /// Posts the open dialog as it stands.
    async fn step(&self) -> Result<Screen, PhoneError> {
        let step = |dialog: &Dialog| (dialog.session.clone(), dialog.code.clone(), dialog.text.clone());
        let (session, code, text) =
            self.phone(|phone| phone.dialog.as_ref().map(step)).ok_or(PhoneError::NoDialog)?;
        let phone = self.plus();
        let form: [(&str, &str); 5] = [
            ("sessionId", &session),
            ("phoneNumber", &phone),
            ("networkCode", NETWORK),
            ("serviceCode", &code),
            ("text", &text),
        ];
        let mut answer = self.inner.post("ussd", &form).await;
        self.note(&text, answer.as_ref());
        if self.inner.book().mischief.repeat {
            let again = self.inner.post("ussd", &form).await;
            self.note(&text, again.as_ref());
            answer = again;
        }
        let said = match &answer {
            None => return self.broken(PhoneError::NoAnswer(ANSWER)).await,
            Some((200, body)) => body.split_once(' '),
            Some(_) => None,
        };
        let screen = match said {
            Some(("CON", text)) => Screen { text: text.to_owned(), open: true },
            Some(("END", text)) => Screen { text: text.to_owned(), open: false },
            _ => return self.broken(PhoneError::Ended).await,
        };
        let ended = self.phone(|phone| {
            phone.screen = screen.clone();
            let dialog = phone.dialog.as_mut()?;
            dialog.screens += 1;
            dialog.last.clone_from(&screen.text);
            if screen.open { None } else { phone.dialog.take() }
        });
        if let Some(dialog) = ended {
            let phone = self.clone();
            // Whoever redials at once is quicker.
            tokio::spawn(async move { phone.over(dialog, "Success").await });
        }
        Ok(screen)
    }

    fn note(&self, text: &str, answer: Option<&(u16, String)>) {
        let said = answer.map_or_else(String::new, |(_, body)| body.clone());
        self.inner.book().steps.push((text.to_owned(), said));
    }

    async fn broken(&self, why: PhoneError) -> Result<Screen, PhoneError> {
        self.cancel().await;
        Err(why)
    }

    /// Tells that a dialog is over.
    async fn over(&self, dialog: Dialog, status: &str) {
        let mut told = false;
        if !self.inner.book().mischief.no_ends {
            let (phone, screens) = (self.plus(), dialog.screens.to_string());
            let millis = (u64::from(dialog.screens) * 9_000).to_string();
            let form: [(&str, &str); 11] = [
                ("date", "2026-11-22 09:00:00"),
                ("sessionId", &dialog.session),
                ("serviceCode", &dialog.code),
                ("networkCode", NETWORK),
                ("phoneNumber", &phone),
                ("status", status),
                ("cost", "KES 1.20"),
                ("durationInMillis", &millis),
                ("hopsCount", &screens),
                ("input", &dialog.text),
                ("lastAppResponse", &dialog.last),
            ];
            told = matches!(self.inner.post("ussd-end", &form).await, Some((200, _)));
        }
        let over = Over { session: dialog.session, status: status.to_owned(), told };
        self.inner.book().over.push(over);
    }
}

impl Inner {
    /// Posts a form; status and body, or nothing when no answer came.
    pub(super) async fn post(&self, door: &str, form: &[(&str, &str)]) -> Option<(u16, String)> {
        let url = format!("{}/{door}", self.book().callbacks);
        let answer = self.client.post(url).form(form).send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.text().await.ok()?))
    }
}
