//! Bearer tokens: fetched once, kept until shortly before they end, fetched anew when one is refused.

use super::http::{Client, ClientError, Heard};
use super::link::Link;
use super::proof::Fault;
use super::rail::Timing;
use reqwest::RequestBuilder;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// A token is not used for so long before its end: a request may lie about for a while.
const EARLY: Duration = Duration::from_secs(60);
/// The longest that a token is kept, in seconds.
const DAY: u64 = 86_400;
/// How long a token is used of which nobody says how long it lives.
const UNSAID: Duration = Duration::from_secs(300);

/// After a login that came to nothing nobody tries another for so long: those who wait for the token
/// would otherwise wait for each other's silence, one after the other.
const RESTS: Duration = Duration::from_secs(10);

/// Writes the request for a token.
type Login = Box<dyn Fn(&Client) -> RequestBuilder + Send + Sync>;

/// A client of a provider that asks for a bearer token.
pub struct Bearer {
    pub(super) client: Client,
    pub(super) link: Link,
    login: Login,
    /// Whether an answer says that the token is no longer taken, and that nothing else was looked at.
    is_stale: fn(u16, &[u8]) -> bool,
    token: Mutex<Kept>,
}

/// What the last login brought.
#[derive(Default)]
struct Kept {
    /// A token, and until when it may be used.
    token: Option<(SecretString, Instant)>,
    /// When the last one failed, and why.
    failed: Option<(Instant, String)>,
}

impl Kept {
    fn keep(&mut self, token: SecretString, lives: Duration) {
        *self = Self { token: Some((token, Instant::now() + lives)), failed: None };
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    /// Seconds, as a number or as text.
    expires_in: Option<Value>,
}

/// The token in an answer, and how long it may be used from now on.
fn granted(body: &[u8]) -> Option<(SecretString, Duration)> {
    let Granted { access_token, expires_in } = serde_json::from_slice(body).ok()?;
    let seconds = match &expires_in {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    // What is said from outside is bounded: no token is kept for longer than a day.
    let lives = seconds.map_or(UNSAID, |seconds| Duration::from_secs(seconds.min(DAY)).saturating_sub(EARLY));
    (!access_token.expose_secret().is_empty()).then_some((access_token, lives))
}

impl Bearer {
    pub(super) fn new(
        timing: &Timing, link: Link, login: Login, is_stale: fn(u16, &[u8]) -> bool,
    ) -> Result<Self, ClientError> {
        let (connect, whole) =
            (Duration::from_millis(timing.connect_ms), Duration::from_millis(timing.answer_ms));
        let client = Client::new(connect, whole)?;
        Ok(Self { client, link, login, is_stale, token: Mutex::default() })
    }

    /// Sends a request under a token; once more under a new one when the first is no longer taken. Payouts
    /// wait when that one is not taken either.
    pub(super) async fn ask(&self, write: impl Fn(&Client) -> RequestBuilder + Send) -> Heard {
        self.ask_for(Fault::Access, write).await
    }

    /// The same for a question beside the payouts: that it is refused holds none of them.
    pub(super) async fn ask_aside(&self, write: impl Fn(&Client) -> RequestBuilder + Send) -> Heard {
        self.ask_for(Fault::Question, write).await
    }

    async fn ask_for(&self, fault: Fault, write: impl Fn(&Client) -> RequestBuilder + Send) -> Heard {
        let mut heard = Heard::NotSent(String::new());
        for _ in 0..2 {
            let token = match self.token().await {
                Ok(token) => token,
                Err(why) => return Heard::NotSent(why),
            };
            heard = self.client.ask(write(&self.client).bearer_auth(token.expose_secret())).await;
            match &heard {
                Heard::Answer { status, body, .. } if (self.is_stale)(*status, body) => {
                    let kept = &mut self.token.lock().await.token;
                    // Another request may have renewed it meanwhile.
                    if kept.as_ref().is_some_and(|(one, _)| one.expose_secret() == token.expose_secret()) {
                        *kept = None;
                    }
                }
                _ => return heard,
            }
        }
        self.link.hold(fault, "a new token is refused too");
        if let Heard::Answer { status, .. } = heard {
            // The token is looked at before anything else: nothing was taken.
            return Heard::NotSent(format!("status {status}: a new token is refused too"));
        }
        heard
    }

    /// The token that is kept, or a new one. One fetches it, the others wait; when that fails, they fail
    /// with it.
    async fn token(&self) -> Result<SecretString, String> {
        let mut kept = self.token.lock().await;
        if let Some((token, until)) = &kept.token
            && Instant::now() < *until
        {
            return Ok(token.clone());
        }
        if let Some((at, why)) = kept.failed.as_ref().filter(|(at, _)| at.elapsed() < RESTS) {
            return Err(format!("{why}, {} seconds ago", at.elapsed().as_secs()));
        }
        match self.log_in().await {
            Ok((token, lives)) => {
                kept.keep(token.clone(), lives);
                Ok(token)
            }
            Err(why) => {
                kept.failed = Some((Instant::now(), why.clone()));
                Err(why)
            }
        }
    }

    async fn log_in(&self) -> Result<(SecretString, Duration), String> {
        match self.client.ask((self.login)(&self.client)).await {
            Heard::Answer { status: 200..=299, body, .. } => {
                granted(&body).ok_or_else(|| "the answer to our login holds no token".to_owned())
            }
            Heard::Answer { status, .. } => {
                let why = format!("status {status} to our login");
                if matches!(status, 400 | 401 | 403) {
                    self.link.hold(Fault::Access, &why);
                }
                Err(why)
            }
            Heard::NotSent(why) | Heard::Nothing(why) => Err(format!("no token: {why}")),
        }
    }

    /// Looks whether a provider is back that could not be reached, by logging in; never ends.
    pub(super) async fn probe(&self, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            if !self.link.is_reached() {
                let heard = self.client.ask((self.login)(&self.client)).await;
                self.link.note(&heard, false);
                let Heard::Answer { status: 200..=299, body, .. } = heard else { continue };
                if let Some((token, lives)) = granted(&body) {
                    self.token.lock().await.keep(token, lives);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_used_until_a_minute_before_its_end_however_that_is_written() {
        for body in [
            r#"{"access_token":"abc","expires_in":"3599"}"#,
            r#"{"access_token":"abc","expires_in":3599,"token_type":"Bearer"}"#,
        ] {
            let (token, lives) = granted(body.as_bytes()).expect("a token");
            assert_eq!((token.expose_secret(), lives.as_secs()), ("abc", 3_539));
        }
        let (_, unsaid) = granted(br#"{"access_token":"abc"}"#).expect("a token");
        assert_eq!(unsaid, UNSAID);
        for body in ["", "{}", r#"{"access_token":""}"#, "<html>", r#"{"access_token":7}"#] {
            assert!(granted(body.as_bytes()).is_none(), "{body}");
        }
    }
    /// A provider that takes connections and says nothing, as a client has it.
    async fn before_silence() -> (tokio::net::TcpListener, Bearer) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/token", listener.local_addr().expect("an address"));
        let timing = Timing { answer_ms: 100, ..Timing::default() };
        let login = Box::new(move |client: &Client| client.get(&url));
        let bearer = Bearer::new(&timing, timing.link("test"), login, |_, _| false).expect("a client");
        (listener, bearer)
    }

    #[tokio::test]
    async fn of_those_who_wait_for_a_silent_login_one_asks_and_the_others_fail_with_it() {
        let (listener, bearer) = before_silence().await;
        let asks = (0..8).map(|_| bearer.ask(|client| client.get("http://127.0.0.1:9/never")));
        let all = futures_util::future::join_all(asks).await;
        for heard in &all {
            assert!(matches!(heard, Heard::NotSent(why) if why.starts_with("no token")), "{heard:?}");
        }
        let mut connections = 0;
        while let Ok(Ok(_)) = tokio::time::timeout(Duration::from_millis(20), listener.accept()).await {
            connections += 1;
        }
        assert_eq!(connections, 1, "one login was tried for all of them");
    }
}
