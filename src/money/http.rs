//! One request and what came of it, told apart by what it proves.

use std::time::Duration;

/// No honest answer of either API is longer, in octets.
const LONGEST: usize = 64 * 1024;

/// What came of a request.
#[derive(Debug)]
pub(super) enum Heard {
    /// A whole answer.
    Answer {
        /// HTTP status.
        status: u16,
        /// Its body.
        body: Vec<u8>,
    },
    /// The request never left: no connection, or no such address.
    NotSent(String),
    /// It left, or may have, and no whole answer came back.
    Nothing(String),
}

/// A client that follows no redirects, asks no proxy and keeps no connection for later: payments
/// are rare, and a connection that died in the drawer would make a doubt out of nothing.
pub(super) fn client(connect: Duration, whole: Duration) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .connect_timeout(connect)
        .timeout(whole)
        .build()
}

/// Sends and reads the whole answer.
pub(super) async fn ask(request: reqwest::RequestBuilder) -> Heard {
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) if error.is_connect() || error.is_builder() => {
            return Heard::NotSent(plain(&error));
        }
        Err(error) => return Heard::Nothing(plain(&error)),
    };
    let status = response.status().as_u16();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= LONGEST => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Heard::Nothing(format!("status {status} with an endless answer")),
            Ok(None) => return Heard::Answer { status, body },
            Err(error) => return Heard::Nothing(format!("status {status}, then {}", plain(&error))),
        }
    }
}

/// The error with its causes, without the address: a path may be a secret.
fn plain(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() { "no answer in time".to_owned() } else { String::new() };
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(inner) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    if text.is_empty() { "the request could not be made".to_owned() } else { text }
}
