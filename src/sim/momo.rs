//! A mobile-money provider that pays nobody: an HTTP server on loopback that keeps its own list of
//! transfers and can be told to misbehave.
//!
//! It speaks one of four protocols ([`Speaks`]): Safaricom's Daraja, MTN MoMo, Airtel Money, or a small
//! disbursement API in the manner of the GSMA Mobile Money API 1.2, with its words for headers, states
//! and errors:
//!
//! | request | answer |
//! |---|---|
//! | `POST /transactions` with `X-CorrelationID` (the client's id of the payout), `X-Callback-URL` and `X-API-Key`; body `{"amount":"850","currency":"KES","type":"disbursement","creditParty":[{"key":"msisdn","value":"2547.."}]}` | 202 and a request state `pending`; the id is taken for good. 409 `duplicateRequest` when it was taken before. 4xx with an error object leaves the id unused |
//! | `GET /transactions/{id}`, by the client's correlation id | 200 and the transaction: `transactionStatus` is `pending`, `completed` (with `transactionReference`), `failed` (with `error`) or `reversed`; 404 `identifierError` for an id never taken |
//! | `GET /health` | 200 `{"serviceStatus":"available"}` |
//!
//! The result comes by `POST` of the transaction to the callback URL. Amounts are whole shillings.
//!
//! For tests and the curious, without a key: `GET /transfers` is the list that counts as truth for
//! "paid once"; `PUT /manners` sets how requests are treated from now on and `POST /manners/next`
//! how the next one is, both with [`Manners`] as JSON; `PUT /line` takes a [`Line`]; `DELETE /tokens` ends
//! every bearer token before its time.

mod airtel;
mod book;
mod daraja;
mod gsma;
mod http;
mod mtn;
mod push;
mod statement;
#[cfg(test)]
mod tests;

pub use book::{State, Transaction, Transfer};
pub use push::Push;

use super::Line;
use super::{host::Host, keep::Keep};
use crate::engine::clock::SystemClock;
use crate::types::Clock;
use book::Book;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The protocol of a double.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Speaks {
    /// The GSMA Mobile Money API.
    #[default]
    Gsma,
    /// Safaricom's Daraja.
    Daraja,
    /// MTN MoMo.
    Mtn,
    /// Airtel Money.
    Airtel,
}

/// The list that a double kept in a file, as its provider's portal would export it.
///
/// # Errors
/// There is no such file, or it is no list.
pub fn statement_of(file: &std::path::Path, speaks: Speaks) -> std::io::Result<String> {
    let book: Book = serde_json::from_slice(&std::fs::read(file)?)?;
    Ok(statement::csv(&book, &[], speaks))
}

/// What a double is started with.
#[derive(Clone)]
pub struct MomoOptions {
    /// TCP port on loopback; 0 for any free one.
    pub port: u16,
    /// The protocol.
    pub speaks: Speaks,
    /// What `X-API-Key`, or the secret of a login, must be; `None` lets everybody in.
    pub api_key: Option<String>,
    /// What the passkey of requests to be paid must be; `None` for the same as `api_key`.
    pub passkey: Option<String>,
    /// What the encrypted password or PIN of a payout must be; `None` takes any.
    pub credential: Option<String>,
    /// The float at the start, in shillings; a payout above what is left of it is refused.
    pub float_shillings: u64,
    /// How every request is treated until told otherwise.
    pub manners: Manners,
    /// Where the list is kept, to outlive the process; `None` for memory alone.
    pub file: Option<PathBuf>,
    /// By which transfers have their moments.
    pub clock: Arc<dyn Clock>,
}

impl Default for MomoOptions {
    fn default() -> Self {
        Self {
            port: 0,
            speaks: Speaks::Gsma,
            api_key: None,
            passkey: None,
            credential: None,
            float_shillings: 10_000_000,
            manners: Manners::default(),
            file: None,
            clock: Arc::new(SystemClock),
        }
    }
}

/// How one request for a transfer is treated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Manners {
    /// What the request is answered with.
    pub answer: Answer,
    /// How long the answer is kept back, in milliseconds.
    pub answer_after_ms: u64,
    /// Whether the answer is kept back until it is let go.
    pub answer_held: bool,
    /// Whether the request lies about that long before it is even looked at, instead of after.
    pub late_taking: bool,
    /// How long the transfer stays pending, in milliseconds.
    pub decide_after_ms: u64,
    /// What becomes of a transfer that was taken.
    pub verdict: Verdict,
    /// How often the result is sent; 0 for never.
    pub callbacks: u32,
    /// The pause between repeated results, in milliseconds.
    pub callback_every_ms: u64,
    /// Whether transfer and callbacks are through before the request is answered.
    pub callback_first: bool,
    /// What is odd about the result.
    pub twist: Option<Twist>,
    /// How many questions are told that nothing is decided, whatever is.
    pub questions_in_vain: u32,
}

/// What may be odd about a result that is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Twist {
    /// It is preceded by word that the request waited too long in a queue.
    LateFirst,
    /// Numbers are text, and a list of one entry is that entry.
    Loose,
    /// It is over another sum.
    OtherSum,
    /// It carries another id.
    OtherId,
    /// Most of a number is hidden.
    Masked,
}

impl Default for Manners {
    /// A provider on a good day: takes it, pays at once, says so once.
    fn default() -> Self {
        Self {
            answer: Answer::Accept,
            answer_after_ms: 0,
            answer_held: false,
            late_taking: false,
            decide_after_ms: 0,
            verdict: Verdict::Pay,
            callbacks: 1,
            callback_every_ms: 20,
            callback_first: false,
            twist: None,
            questions_in_vain: 0,
        }
    }
}

impl Manners {
    /// A good day but for the answer.
    pub fn answering(answer: Answer) -> Self {
        Self { answer, ..Self::default() }
    }

    /// Takes the connection and the transfer, and never answers.
    pub fn silent() -> Self {
        Self::answering(Answer::Silence { taken: true })
    }

    /// Refuses with one of the API's error codes, such as `identifierError`.
    pub fn refusing(code: &str) -> Self {
        Self::answering(Answer::Refuse { code: code.to_owned() })
    }

    /// Takes it, and fails it afterwards with one of the API's error codes.
    pub fn failing(code: &str) -> Self {
        Self { verdict: Verdict::Fail { code: code.to_owned() }, ..Self::default() }
    }
}

/// What a request for a transfer is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// 202, or the refusal that the request deserves.
    Accept,
    /// Nothing, until the double ends.
    Silence {
        /// Whether the transfer is made all the same.
        taken: bool,
    },
    /// 400 with this error code; looked at before the id is, as some providers do.
    Refuse {
        /// One of the API's error codes.
        code: String,
    },
    /// 500 with no explanation.
    Broken {
        /// Whether the transfer is made all the same.
        taken: bool,
    },
    /// 503 `serviceUnavailable`; not taken.
    Unavailable,
}

/// What becomes of a transfer that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is made.
    Pay,
    /// It fails with this error code.
    Fail {
        /// One of the API's error codes.
        code: String,
    },
}

/// The double. Dropping it ends its server and its callbacks.
pub struct Momo {
    /// `http://127.0.0.1:port`.
    pub url: String,
    inner: Arc<Inner>,
    host: Host,
    _stop: DropGuard,
}

/// What the handlers share.
struct Inner {
    desk: Mutex<Desk>,
    speaks: Speaks,
    api_key: Option<String>,
    passkey: Option<String>,
    credential: Option<String>,
    client: reqwest::Client,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    /// How many answers are held, and whether those that were held last were let go or broken off.
    held: AtomicUsize,
    let_go: watch::Sender<bool>,
    /// How many results are on their way.
    posting: AtomicUsize,
}

struct Desk {
    book: Keep<Book>,
    manners: Manners,
    next: VecDeque<Manners>,
    line: Line,
    /// By number; others it does not tell.
    names: BTreeMap<String, String>,
    /// Bearer tokens that are taken.
    tokens: BTreeSet<String>,
    /// How many were given out.
    logins: u64,
    /// How many payouts came under a wrong password or PIN.
    wrong: u32,
    /// Where results go that name no address of their own, as told on the provider's portal.
    registered: String,
    /// Whether questions are left without their answer.
    tells_nothing: bool,
    /// Whom it asked on her phone to pay, oldest first.
    pushes: Vec<Push>,
    /// Whether questions about names are refused as a stranger's are.
    tells_no_names: bool,
}

impl Momo {
    /// Starts the double; transfers that were pending when its file was last written are decided now.
    pub async fn start(options: MomoOptions) -> std::io::Result<Self> {
        let book = Keep::open(options.file, Book::new(options.float_shillings))?;
        let pending = book.get().pending();
        let stop = CancellationToken::new();
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .build()
            .map_err(std::io::Error::other)?;
        let desk = Desk {
            book,
            manners: options.manners,
            next: VecDeque::new(),
            line: Line::Open,
            names: BTreeMap::new(),
            tokens: BTreeSet::new(),
            logins: 0,
            wrong: 0,
            registered: String::new(),
            tells_nothing: false,
            pushes: Vec::new(),
            tells_no_names: false,
        };
        let inner = Arc::new(Inner {
            desk: Mutex::new(desk),
            speaks: options.speaks,
            passkey: options.passkey.or_else(|| options.api_key.clone()),
            api_key: options.api_key,
            credential: options.credential,
            client,
            clock: options.clock,
            stop: stop.clone(),
            held: AtomicUsize::new(0),
            let_go: watch::Sender::new(false),
            posting: AtomicUsize::new(0),
        });
        let host = Host::start(http::router(inner.clone()), options.port, stop.clone()).await?;
        for id in pending {
            http::decide_in_background(&inner, id);
        }
        Ok(Self { url: host.url(), inner, host, _stop: stop.drop_guard() })
    }

    /// The transfers made, oldest first: the truth for "paid once".
    pub fn transfers(&self) -> Vec<Transfer> {
        self.inner.desk().book.get().transfers().to_vec()
    }

    /// Whom it asked on her phone to pay, oldest first.
    pub fn pushes(&self) -> Vec<Push> {
        self.inner.desk().pushes.clone()
    }

    /// Says another result code of a request to be paid from now on, when it is asked; it posts nothing.
    pub fn push_becomes(&self, checkout: &str, code: &str) {
        self.push_changes(checkout, |push| push.code = Some(code.to_owned()));
    }

    /// So many questions about a request to be paid are told from now on that nothing is decided.
    pub fn push_lags(&self, checkout: &str, questions: u32) {
        self.push_changes(checkout, |push| push.lags(questions));
    }

    fn push_changes(&self, checkout: &str, change: impl FnOnce(&mut Push)) {
        if let Some(push) = self.inner.desk().pushes.iter_mut().find(|push| push.checkout == checkout) {
            change(push);
        }
    }

    /// Posts the result of a request to be paid once more, as it was decided.
    pub async fn push_back(&self, checkout: &str) {
        push::tell(&self.inner, checkout).await;
    }

    /// The list as this provider's portal would export it.
    pub fn statement(&self) -> String {
        let desk = self.inner.desk();
        statement::csv(desk.book.get(), &desk.pushes, self.inner.speaks)
    }

    /// Takes a transfer back and tells nobody. `false` when no such transfer stands.
    pub fn reverse_silently(&self, id: &str) -> bool {
        let now = self.inner.now_ms();
        self.inner.desk().book.change(|book| book.reverse(id, now))
    }

    /// Contradicts itself and tells nobody. `false` when nothing was decided.
    pub fn change_mind_silently(&self, id: &str) -> bool {
        let now = self.inner.now_ms();
        self.inner.desk().book.change(|book| book.change_mind(id, now))
    }

    /// The clients' ids of all payouts that were ever taken.
    pub fn ids(&self) -> Vec<String> {
        self.inner.desk().book.get().transactions().map(|one| one.id.clone()).collect()
    }

    /// What is known of a payout, by the client's id.
    pub fn transaction(&self, id: &str) -> Option<Transaction> {
        self.inner.desk().book.get().find(id).cloned()
    }

    /// What is left to pay from, in shillings.
    pub fn float_shillings(&self) -> u64 {
        self.inner.desk().book.get().float_shillings()
    }

    /// Sets the float, in shillings.
    pub fn set_float_shillings(&self, shillings: u64) {
        self.inner.desk().book.change(|book| book.set_float_shillings(shillings));
    }

    /// By what name a number is registered, in digits with the country's.
    pub fn names(&self, number: &str, name: &str) {
        self.inner.desk().names.insert(number.to_owned(), name.to_owned());
    }

    /// How requests are treated from now on.
    pub fn behave(&self, manners: Manners) {
        self.inner.desk().manners = manners;
    }

    /// How the next request is treated; several queue up.
    pub fn behave_once(&self, manners: Manners) {
        self.inner.desk().next.push_back(manners);
    }

    /// How the provider is reached from now on; returns when it is so.
    pub async fn set_line(&self, line: Line) {
        self.inner.desk().line = line;
        self.host.set_open(line != Line::Closed).await;
    }

    /// Takes a transfer back days later: the money returns to the float. The client is told by the GSMA
    /// API alone; with the others only the list has it. `false` when no such transfer stands.
    pub async fn reverse(&self, id: &str) -> bool {
        let now = self.inner.now_ms();
        let reversed = self.inner.desk().book.change(|book| book.reverse(id, now));
        if reversed && self.inner.speaks == Speaks::Gsma {
            http::send_result(&self.inner, id).await;
        }
        reversed
    }

    /// Contradicts itself: what failed is paid after all, what was paid never was; the client is told.
    /// `false` when nothing was decided.
    pub async fn change_mind(&self, id: &str) -> bool {
        let now = self.inner.now_ms();
        let changed = self.inner.desk().book.change(|book| book.change_mind(id, now));
        if changed {
            http::send_result(&self.inner, id).await;
        }
        changed
    }

    /// Where results go that name no address of their own.
    pub fn register(&self, url: &str) {
        url.clone_into(&mut self.inner.desk().registered);
    }

    /// Ends every bearer token before its time.
    pub fn forget_tokens(&self) {
        self.inner.desk().tokens.clear();
    }

    /// How many bearer tokens were given out.
    pub fn logins(&self) -> u64 {
        self.inner.desk().logins
    }

    /// Whether questions that are answered by a post are left without it from now on.
    pub fn tells_nothing(&self, so: bool) {
        self.inner.desk().tells_nothing = so;
    }

    /// Whether questions about names are refused from now on, as by a product that was not subscribed to.
    pub fn tells_no_names(&self, so: bool) {
        self.inner.desk().tells_no_names = so;
    }

    /// How many requests wait for an answer that is held.
    pub fn held(&self) -> usize {
        self.inner.held.load(Ordering::SeqCst)
    }

    /// Gives the answers that are held; or breaks them off with one that proves nothing.
    pub fn let_go(&self, answered: bool) {
        self.inner.let_go.send_replace(answered);
    }

    /// Whether no result is on its way to anybody.
    pub fn is_quiet(&self) -> bool {
        self.inner.posting.load(Ordering::SeqCst) == 0
    }

    /// Sends the result of a transaction once more, whatever it is.
    pub async fn call_back(&self, id: &str) {
        http::send_result(&self.inner, id).await;
    }
}

/// One of so many, for as long as it lives.
struct One(Arc<Inner>, fn(&Inner) -> &AtomicUsize);

impl One {
    fn of(inner: &Arc<Inner>, counted: fn(&Inner) -> &AtomicUsize) -> Self {
        counted(inner).fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(inner), counted)
    }
}

impl Drop for One {
    fn drop(&mut self) {
        (self.1)(&self.0).fetch_sub(1, Ordering::SeqCst);
    }
}

impl Inner {
    /// The moment, in milliseconds since 1970.
    fn now_ms(&self) -> u64 {
        u64::try_from(self.clock.now().millis()).unwrap_or_default()
    }

    /// A result on its way, until it has arrived.
    fn posts(self: &Arc<Self>) -> One {
        One::of(self, |inner| &inner.posting)
    }

    /// Keeps an answer back until it is let go; whether it is given then.
    async fn hold(self: &Arc<Self>) -> bool {
        let (_one, mut let_go) = (One::of(self, |inner| &inner.held), self.let_go.subscribe());
        // The sender lives as long as this does.
        let _ = let_go.changed().await;
        *let_go.borrow()
    }

    /// No handler leaves the desk half changed, so a panic elsewhere does not spoil it.
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
