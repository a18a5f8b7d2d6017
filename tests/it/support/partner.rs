//! A partner's program: it has a key, and knows the API alone.

use super::village::{Village, client};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::path::PathBuf;

/// An answer of the API.
pub struct Heard {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Heard {
    /// The word of a problem: `no-scope`.
    pub fn problem(&self) -> (u16, &str) {
        let kind = self.body["type"].as_str().unwrap_or_default();
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.body);
        assert_eq!(self.body["status"], self.status.as_u16());
        (self.status.as_u16(), kind.strip_prefix("urn:sokoni:problem:").unwrap_or(kind))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }
}

/// A program with a key.
pub struct Partner {
    http: reqwest::Client,
    pub url: String,
    pub key: String,
}

impl Village {
    /// The file of the API's keys.
    pub fn api_keys(&self) -> PathBuf {
        self.data().with_file_name("api-keys.toml")
    }

    /// Runs `sokoni api keys`; what it prints.
    pub fn keys(&self, args: &[&str]) -> String {
        let mut sokoni = std::process::Command::new(env!("CARGO_BIN_EXE_sokoni"));
        let run = sokoni.args(["api", "keys"]).args(args).arg("--file").arg(self.api_keys()).output();
        let run = run.expect("the command runs");
        assert!(run.status.success(), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).expect("text").trim().to_owned()
    }

    /// A partner whose new key has these scopes.
    pub fn partner(&self, name: &str, scopes: &[&str]) -> Partner {
        let scopes: Vec<&str> = scopes.iter().flat_map(|scope| ["--scope", scope]).collect();
        let key = self.keys(&[&["add", name], &scopes[..]].concat());
        Partner { http: client(), url: self.url.clone(), key }
    }
}

impl Partner {
    /// The same program with another key, or none.
    pub fn with(&self, key: &str) -> Self {
        Self { http: client(), url: self.url.clone(), key: key.to_owned() }
    }

    pub async fn asks(&self, method: Method, path: &str, once: Option<&str>, body: Option<&Value>) -> Heard {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.url) };
        let mut request = self.http.request(method, url);
        if !self.key.is_empty() {
            request = request.bearer_auth(&self.key);
        }
        if let Some(once) = once {
            request = request.header("idempotency-key", once);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.expect("the API answers");
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = answer.text().await.expect("a body");
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") };
        Heard { status, headers, body }
    }

    pub async fn reads(&self, path: &str) -> Heard {
        self.asks(Method::GET, path, None, None).await
    }

    /// The same, where it must be there.
    pub async fn gets(&self, path: &str) -> Value {
        let heard = self.reads(path).await;
        assert_eq!(heard.status, StatusCode::OK, "{path}: {}", heard.body);
        heard.body
    }

    pub async fn posts(&self, path: &str, once: Option<&str>, body: &Value) -> Heard {
        self.asks(Method::POST, path, once, Some(body)).await
    }
}

/// An order of so many pieces of a listing, for somebody far away.
pub fn order(listing: &str, quantity: u32) -> Value {
    json!({
        "listing": listing,
        "quantity": quantity,
        "name": "Jo Bloggs",
        "email": "jo@example.org",
        "country": "DE",
        "address": "12 Long Street\nBerlin",
    })
}
