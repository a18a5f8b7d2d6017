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

/// Writes the request for a token.
type Login = Box<dyn Fn(&Client) -> RequestBuilder + Send + Sync>;

/// A client of a provider that asks for a bearer token.
pub(super) struct Bearer {
    pub(super) client: Client,
    pub(super) link: Link,
    login: Login,
    /// Whether an answer says that the token is no longer taken, and that nothing else was looked at.
    is_stale: fn(u16, &[u8]) -> bool,
    token: Mutex<Option<(SecretString, Instant)>>,
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

    /// Sends a request under a token; once more under a new one when the first is no longer taken.
    pub(super) async fn ask(&self, write: impl Fn(&Client) -> RequestBuilder + Send) -> Heard {
        let mut heard = Heard::NotSent(String::new());
        for _ in 0..2 {
            let token = match self.token().await {
                Ok(token) => token,
                Err(why) => return Heard::NotSent(why),
            };
            heard = self.client.ask(write(&self.client).bearer_auth(token.expose_secret())).await;
            match &heard {
                Heard::Answer { status, body, .. } if (self.is_stale)(*status, body) => {
                    let mut kept = self.token.lock().await;
                    // Another request may have renewed it meanwhile.
                    if kept.as_ref().is_some_and(|(one, _)| one.expose_secret() == token.expose_secret()) {
                        *kept = None;
                    }
                }
                _ => return heard,
            }
        }
        self.link.hold(Fault::Access, "a new token is refused too");
        if let Heard::Answer { status, .. } = heard {
            // The token is looked at before anything else: nothing was taken.
            return Heard::NotSent(format!("status {status}: a new token is refused too"));
        }
        heard
    }

    /// The token that is kept, or a new one. One fetches it, the others wait.
    async fn token(&self) -> Result<SecretString, String> {
        let mut kept = self.token.lock().await;
        if let Some((token, until)) = &*kept
            && Instant::now() < *until
        {
            return Ok(token.clone());
        }
        match self.client.ask((self.login)(&self.client)).await {
            Heard::Answer { status: 200..=299, body, .. } => {
                let (token, lives) = granted(&body).ok_or("the answer to our login holds no token")?;
                *kept = Some((token.clone(), Instant::now() + lives));
                Ok(token)
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
}
