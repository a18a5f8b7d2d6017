//! An aggregator that reaches no network: an HTTP server on loopback in the manner of Africa's
//! Talking, and phones that dial and text through it.
//!
//! * A step of a dialog is a form posted to `{callbacks}/ussd`: `sessionId`, `phoneNumber`,
//!   `networkCode`, `serviceCode`, and in `text` all that was typed, joined by stars. What is not
//!   200, or begins neither with `CON ` nor with `END `, ends the dialog with the network's own words.
//! * A dialog that is over is told to `{callbacks}/ussd-end` with its status, cost and duration.
//! * An SMS of a phone is a form posted to `{callbacks}/sms`, again until it is answered with 200.
//! * `POST /version1/messaging` with the header `apiKey` takes an SMS; 201 names each recipient's
//!   `statusCode` and `messageId`, and reports follow at `{callbacks}/receipt`.
//!
//! Its own list of what it took and delivered counts as the truth.

mod handset;
mod http;

pub use handset::AggregatorHandset;

use super::host::Host;
use super::smsc::{Screen, Sms};
use crate::types::{Clock, Msisdn};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long it waits for an answer to a step, as the public page says.
pub const ANSWER: Duration = Duration::from_secs(15);

/// What a double is started with.
#[derive(Clone)]
pub struct AggregatorOptions {
    /// TCP port on loopback; 0 for any free one.
    pub port: u16,
    /// The account.
    pub username: String,
    /// What requests must bear in the header `apiKey`.
    pub api_key: String,
    /// What phones dial.
    pub service_code: String,
    /// Where phones send SMS, and whom ours may be from.
    pub short_code: String,
    /// Stamps what arrives.
    pub clock: Arc<dyn Clock>,
}

/// How it misbehaves.
#[derive(Debug, Clone, Default)]
pub struct Mischief {
    /// Every step and every SMS of a phone is posted twice, one after the other.
    pub repeat: bool,
    /// The next SMS of ours get these status codes instead of being taken.
    pub refuse: VecDeque<u16>,
    /// So many of the next SMS are taken and delivered, and their answer is lost.
    pub lose_answers: u32,
    /// No report follows.
    pub no_reports: bool,
    /// No dialog's end is told.
    pub no_ends: bool,
}

/// An SMS of ours that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The name it gave.
    pub id: String,
    /// To whom.
    pub to: Msisdn,
    /// From whom.
    pub from: String,
    /// What it says.
    pub text: String,
}

/// A dialog that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Over {
    /// Its name.
    pub session: String,
    /// `Success` or `Failed`.
    pub status: String,
    /// Whether its end was told and taken.
    pub told: bool,
}

#[derive(Debug, Default)]
struct Dialog {
    session: String,
    code: String,
    text: String,
    screens: u32,
    last: String,
}

#[derive(Debug, Default)]
struct PhoneState {
    screen: Screen,
    dialog: Option<Dialog>,
    inbox: Vec<Sms>,
    read: usize,
}

#[derive(Default)]
struct Book {
    callbacks: String,
    phones: BTreeMap<Msisdn, PhoneState>,
    taken: Vec<Taken>,
    over: Vec<Over>,
    /// Every step that was posted, with what it was answered.
    steps: Vec<(String, String)>,
    mischief: Mischief,
    names: u64,
}

impl Book {
    fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{:032x}", u128::from(self.names) * 0x9E37_79B9_7F4A_7C15_F39C)
    }
}

struct Inner {
    options: AggregatorOptions,
    book: Mutex<Book>,
    client: reqwest::Client,
    news: watch::Sender<u64>,
    stop: CancellationToken,
}

impl Inner {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.news.send_modify(|count| *count += 1);
    }
}

/// The aggregator; it ends when dropped.
pub struct Aggregator {
    /// Where it is reached, without a slash at the end.
    pub url: String,
    inner: Arc<Inner>,
    _stop: DropGuard,
    _host: Host,
}

impl Aggregator {
    /// Opens it.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(options: AggregatorOptions) -> std::io::Result<Self> {
        let stop = CancellationToken::new();
        let client = reqwest::Client::builder().no_proxy().timeout(ANSWER).build();
        let inner = Arc::new(Inner {
            book: Mutex::default(),
            client: client.map_err(std::io::Error::other)?,
            news: watch::channel(0).0,
            stop: stop.clone(),
            options,
        });
        let host = Host::start(http::router(inner.clone()), inner.options.port, stop.clone()).await?;
        Ok(Self { url: host.url(), inner, _stop: stop.drop_guard(), _host: host })
    }

    /// Where steps, SMS and reports are posted: `http://host/gateway/name/secret`.
    pub fn set_callbacks(&self, base: &str) {
        base.trim_end_matches('/').clone_into(&mut self.inner.book().callbacks);
    }

    /// The phone with this number.
    pub fn handset(&self, msisdn: Msisdn) -> AggregatorHandset {
        self.inner.book().phones.entry(msisdn).or_default();
        AggregatorHandset { inner: self.inner.clone(), msisdn }
    }

    /// Changes how it misbehaves from now on.
    pub fn mischief(&self, change: impl FnOnce(&mut Mischief)) {
        change(&mut self.inner.book().mischief);
    }

    /// Every SMS of ours it took.
    pub fn taken(&self) -> Vec<Taken> {
        self.inner.book().taken.clone()
    }

    /// Every dialog that is over.
    pub fn over(&self) -> Vec<Over> {
        self.inner.book().over.clone()
    }

    /// Every step that was posted, with what it was answered.
    pub fn steps(&self) -> Vec<(String, String)> {
        self.inner.book().steps.clone()
    }
}
