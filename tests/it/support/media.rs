//! Gates that bring messages with pictures: an operator's MMSC, and one that posts signed forms.

use super::program::python;
use super::village::{Village, client};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// The part of our address that only the MMSC knows.
pub const PATH: &str = "the-mmsc-of-the-village";
const PASSWORD: &str = "a password of the mmsc";
const SECRET: &str = "what the village's form is signed under";

/// Its files, for the folder of secrets.
pub const SECRETS: [(&str, &str); 3] =
    [("mm7-path", PATH), ("mm7-password", PASSWORD), ("media-form", SECRET)];

/// What somebody would write who has both.
pub const TABLES: &str = r#"
[media]
max_mib = 2
an_hour = 12

[media.mm7]
secret_path_file = "mm7-path"
allow            = ["127.0.0.0/8"]
user             = "mmsc"
password_file    = "mm7-password"

[media.form]
secret_file = "media-form"
"#;

/// What an MMS says.
#[derive(Clone)]
pub struct Mms {
    /// Names the request.
    pub transaction: String,
    /// Names the message; empty for none.
    pub linked: String,
    /// The phone.
    pub from: &'static str,
    /// What stands above it.
    pub subject: String,
    /// What stands in it.
    pub text: String,
    /// Its pictures, or what is called so.
    pub pictures: Vec<Vec<u8>>,
}

impl Mms {
    /// One of this name, from a phone, about something.
    pub fn new(transaction: &str, from: &'static str, subject: &str, pictures: &[Vec<u8>]) -> Self {
        let (transaction, linked) = (transaction.to_owned(), format!("mm-{transaction}"));
        let (subject, text) = (subject.to_owned(), String::new());
        Self { transaction, linked, from, subject, text, pictures: pictures.to_vec() }
    }

    /// As Python's library of mail writes it: content type and octets.
    fn written(&self) -> (String, Vec<u8>) {
        let pictures: Vec<String> = self.pictures.iter().map(|p| BASE64_STANDARD.encode(p)).collect();
        let said = json!({
            "transaction": self.transaction, "linked": self.linked, "sender": self.from,
            "subject": self.subject, "text": self.text, "pictures": pictures,
        });
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/py/mm7.py");
        let mut run = Command::new(python());
        let run = run.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut run = run.spawn().expect("please install python3");
        run.stdin.take().expect("a pipe").write_all(said.to_string().as_bytes()).expect("written");
        let done = run.wait_with_output().expect("it ends");
        let told: Value = serde_json::from_slice(&done.stdout).expect("JSON");
        let text = |field: &str| told[field].as_str().expect("a text").to_owned();
        (text("content_type"), BASE64_STANDARD.decode(text("body")).expect("base64"))
    }
}

/// The operator's MMSC.
pub struct Mmsc {
    http: reqwest::Client,
    url: String,
}

impl Village {
    /// The MMSC that knows where to deliver.
    pub fn mmsc(&self) -> Mmsc {
        Mmsc { http: client(), url: format!("{}/media/mm7/{PATH}", self.url) }
    }

    /// Posts a form of these parts (name, what it is called, octets), signed under a secret at a moment in
    /// seconds; what is answered.
    pub async fn media_form(
        &self, parts: &[(&str, &str, &[u8])], secret: &str, at: i64,
    ) -> (StatusCode, Value) {
        let mut body = Vec::new();
        for (name, file, octets) in parts {
            let called = if file.is_empty() { String::new() } else { format!("; filename=\"{file}\"") };
            let head = format!("--EdGe\r\nContent-Disposition: form-data; name=\"{name}\"{called}\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(octets);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--EdGe--\r\n");
        let mark = sokoni::wire::signature::sign(&secret.to_owned().into(), at, &body);
        let request = client()
            .post(format!("{}/media/form", self.url))
            .header("content-type", "multipart/form-data; boundary=EdGe")
            .header("sokoni-signature", format!("t={at},v1={mark}"));
        let answer = request.body(body).send().await.expect("an answer");
        let status = answer.status();
        (status, answer.json().await.expect("JSON"))
    }

    /// The same, signed as it should be.
    pub async fn sends_form(&self, parts: &[(&str, &str, &[u8])]) -> (StatusCode, Value) {
        use sokoni::types::Clock;
        self.media_form(parts, SECRET, self.clock.now().millis() / 1_000).await
    }
}

impl Mmsc {
    /// Delivers a message; what is answered.
    pub async fn delivers(&self, mms: &Mms) -> (StatusCode, String) {
        let (kind, body) = mms.written();
        self.posts(&self.url, Some(("mmsc", PASSWORD)), &kind, body).await
    }

    /// Posts anything to the right place.
    pub async fn says(&self, kind: &str, body: Vec<u8>) -> (StatusCode, String) {
        self.posts(&self.url, Some(("mmsc", PASSWORD)), kind, body).await
    }

    /// Delivers a message somewhere, as somebody.
    pub async fn tries(&self, path: &str, login: Option<(&str, &str)>, mms: &Mms) -> StatusCode {
        let (kind, body) = mms.written();
        self.posts(&self.url.replace(PATH, path), login, &kind, body).await.0
    }

    async fn posts(
        &self, url: &str, login: Option<(&str, &str)>, kind: &str, body: Vec<u8>,
    ) -> (StatusCode, String) {
        let mut request = self.http.post(url).header("content-type", kind).header("soapaction", "\"\"");
        if let Some((user, password)) = login {
            request = request.basic_auth(user, Some(password));
        }
        let answer = request.body(body).send().await.expect("an answer");
        let status = answer.status();
        (status, answer.text().await.expect("text"))
    }
}
