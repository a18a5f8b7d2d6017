//! What the tables of a gateway may say: the names of its fields, its answers, its words.

use super::template::{Escape, Template};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Fields, each with the values it must have one of; with no values, it must be there and not empty.
pub type Signs = BTreeMap<String, Vec<String>>;

/// A step of a USSD dialog: which field says what.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UssdShape {
    /// The gateway's name for the dialog.
    pub session: String,
    /// Whose phone, in international form, with or without a plus sign.
    pub phone: String,
    /// The service code.
    #[serde(default)]
    pub code: Option<String>,
    /// What was typed.
    pub input: String,
    /// What stands between answers when `input` holds all of them: one character; empty when it
    /// holds the last one alone.
    #[serde(default)]
    pub accumulated: String,
    /// Names the request: the same again is answered again and not acted on. For gateways whose
    /// `input` does not tell.
    #[serde(default)]
    pub request: Option<String>,
    /// The request begins a dialog. Without it, one whose name is new does.
    #[serde(default)]
    pub begins: Signs,
    /// The dialog is over.
    #[serde(default)]
    pub over: Signs,
    /// What a step is answered with.
    pub answer: AnswerShape,
}

/// An answer to a step. Holes of its texts: `{text}`, `{session}`, `{phone}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerShape {
    /// Decides how holes are written.
    #[serde(default = "plain")]
    pub content_type: String,
    /// The body of a screen that waits for an answer.
    pub go_on: Template,
    /// The body of the last screen.
    pub end: Template,
    /// The body that acknowledges the end of a dialog.
    #[serde(default)]
    pub over: Template,
    /// Headers of a screen that waits for an answer.
    #[serde(default)]
    pub go_on_headers: BTreeMap<String, String>,
    /// Headers of the last screen.
    #[serde(default)]
    pub end_headers: BTreeMap<String, String>,
    /// Characters of a screen that the gateway cannot carry, and what stands for them.
    #[serde(default)]
    pub replace: BTreeMap<char, String>,
}

fn plain() -> String {
    "text/plain; charset=utf-8".to_owned()
}

/// What a dialog came to, told at an address of its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndShape {
    /// The gateway's name for the dialog.
    pub session: String,
    /// Whose phone.
    pub phone: String,
    /// The gateway's word for how it ended.
    #[serde(default)]
    pub status: Option<String>,
    /// The words that mean that the last screen was shown.
    #[serde(default)]
    pub shown: Vec<String>,
    /// What it costs, with its currency.
    #[serde(default)]
    pub cost: Option<String>,
    /// How long it lasted, in milliseconds.
    #[serde(default)]
    pub millis: Option<String>,
    /// How many screens there were.
    #[serde(default)]
    pub hops: Option<String>,
}

/// An SMS from a phone.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmsShape {
    /// Where the list of messages stands in the JSON, as a pointer; without it the request is one.
    #[serde(default)]
    pub list: Option<String>,
    /// Who sent it.
    pub from: String,
    /// To which number of ours.
    pub to: String,
    /// What it says.
    pub text: String,
    /// The gateway's name for it: the same again is acknowledged and not acted on.
    #[serde(default)]
    pub id: Option<String>,
    /// What it is acknowledged with.
    #[serde(default)]
    pub answer: String,
}

/// What became of an SMS of ours.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptShape {
    /// Where the list of reports stands in the JSON, as a pointer; without it the request is one.
    #[serde(default)]
    pub list: Option<String>,
    /// The name that the gateway gave the message when it took it.
    pub id: String,
    /// Where the message stands.
    pub state: String,
    /// To whom it was.
    #[serde(default)]
    pub phone: Option<String>,
    /// Why it failed.
    #[serde(default)]
    pub reason: Option<String>,
    /// Words of `state`: on the phone.
    pub delivered: Vec<String>,
    /// Words of `state`: will never be on the phone.
    #[serde(default)]
    pub failed: Vec<String>,
    /// Words of `state`: the network refused it.
    #[serde(default)]
    pub rejected: Vec<String>,
    /// Words of `state`: its time was over.
    #[serde(default)]
    pub expired: Vec<String>,
    /// Words of `state`: on its way.
    #[serde(default)]
    pub waiting: Vec<String>,
    /// What it is acknowledged with.
    #[serde(default)]
    pub answer: String,
}

/// How an SMS of ours is handed over. Holes of its texts: see [`SEND_HOLES`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendShape {
    /// Where to; what fills a hole is written as in a query.
    pub url: Template,
    /// `POST`, or `GET` without a body.
    #[serde(default = "post")]
    pub method: String,
    /// Decides how holes of the body are written.
    #[serde(default = "form")]
    pub content_type: String,
    /// The body.
    #[serde(default)]
    pub body: Template,
    /// Headers, such as the one that carries the key.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// HTTP statuses that mean that it was taken.
    #[serde(default = "good")]
    pub taken_status: Vec<u16>,
    /// Where the gateway's name for the message stands in its answer: a JSON pointer.
    #[serde(default)]
    pub id: Option<String>,
    /// Where a word stands that says whether it was taken.
    #[serde(default)]
    pub code: Option<String>,
    /// Words that mean that it was.
    #[serde(default)]
    pub taken: Vec<String>,
    /// Words that mean: try again. Any other means never.
    #[serde(default)]
    pub later: Vec<String>,
    /// Where the reason stands, for the log.
    #[serde(default)]
    pub reason: Option<String>,
    /// Where another sentence stands, for answers without a reason.
    #[serde(default)]
    pub message: Option<String>,
    /// From the request to its answer.
    #[serde(default = "timeout")]
    pub timeout_ms: u64,
    /// Most requests without an answer.
    #[serde(default = "at_once")]
    pub at_once: usize,
    /// Most requests a second; 0 is unlimited.
    #[serde(default = "per_second")]
    pub per_second: u32,
    /// How many of them may go at once.
    #[serde(default = "burst")]
    pub burst: u32,
    /// Wait before another try.
    #[serde(default = "retry")]
    pub retry_ms: u64,
}

fn post() -> String {
    "POST".to_owned()
}
fn form() -> String {
    "application/x-www-form-urlencoded".to_owned()
}
fn good() -> Vec<u16> {
    vec![200, 201, 202]
}
const fn timeout() -> u64 {
    15_000
}
const fn at_once() -> usize {
    8
}
const fn per_second() -> u32 {
    20
}
const fn burst() -> u32 {
    10
}
const fn retry() -> u64 {
    60_000
}

/// Holes of an answer to a step.
const ANSWER_HOLES: &[&str] = &["text", "session", "phone"];
/// Holes of what is sent: the number in digits, the text, our sender, our name there, the secret
/// key, and our own name for the message, the same at every try.
pub const SEND_HOLES: &[&str] = &["to", "text", "from", "username", "key", "id"];

fn holes(name: &str, template: &Template, known: &[&str]) -> Result<(), String> {
    match template.unknown(known) {
        Some(hole) => Err(format!("{name}: there is no {{{hole}}}; known are {}", known.join(", "))),
        None => Ok(()),
    }
}

fn pointers<'a>(fields: impl IntoIterator<Item = (&'a str, Option<&'a String>)>) -> Result<(), String> {
    for (name, pointer) in fields {
        if pointer.is_some_and(|pointer| !pointer.is_empty() && !pointer.starts_with('/')) {
            return Err(format!("{name}: a JSON pointer begins with a slash, such as \"/data/id\""));
        }
    }
    Ok(())
}

impl UssdShape {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.accumulated.chars().count() > 1 {
            return Err("ussd.accumulated: one character stands between answers, or none".to_owned());
        }
        let answer = &self.answer;
        let bodies = [("go_on", &answer.go_on), ("end", &answer.end), ("over", &answer.over)];
        for (name, template) in bodies {
            holes(&format!("ussd.answer.{name}"), template, ANSWER_HOLES)?;
        }
        for (name, value) in answer.go_on_headers.iter().chain(&answer.end_headers) {
            let sound = name.parse::<axum::http::HeaderName>().is_ok()
                && value.parse::<axum::http::HeaderValue>().is_ok();
            if !sound {
                return Err(format!("ussd.answer: {name} is no header of HTTP"));
            }
        }
        match answer.content_type.parse::<axum::http::HeaderValue>() {
            Ok(_) => Ok(()),
            Err(_) => Err("ussd.answer.content_type is no content type".to_owned()),
        }
    }
}

impl SendShape {
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, template) in [("send.url", &self.url), ("send.body", &self.body)] {
            holes(name, template, SEND_HOLES)?;
        }
        for (name, template) in &self.headers {
            holes(&format!("send.headers.{name}"), template, SEND_HOLES)?;
        }
        let named = ["send.id", "send.code", "send.reason", "send.message"];
        let given = [&self.id, &self.code, &self.reason, &self.message];
        pointers(named.into_iter().zip(given.map(Option::as_ref)))?;
        if !matches!(self.method.as_str(), "POST" | "GET") {
            return Err("send.method: POST or GET".to_owned());
        }
        let url = self.url.fill(Escape::Form, &[]);
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return Err("send.url: begins with https:// (or http:// inside your own house)".to_owned());
        }
        if self.code.is_some() && self.taken.is_empty() {
            return Err("send.taken: say which words at `code` mean that it was taken".to_owned());
        }
        if self.at_once == 0 || !(1_000..=20_000).contains(&self.timeout_ms) {
            return Err("send: at_once is 1 or more, timeout_ms between 1000 and 20000".to_owned());
        }
        Ok(())
    }
}

impl SmsShape {
    pub(super) fn check(&self) -> Result<(), String> {
        pointers([("sms.list", self.list.as_ref())])
    }
}

impl ReceiptShape {
    pub(super) fn check(&self) -> Result<(), String> {
        pointers([("receipt.list", self.list.as_ref())])
    }
}
