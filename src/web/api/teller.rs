//! Tells partners' addresses what happened: signed, over TLS, to public addresses only.

use super::keys::{Keys, hex};
use super::views::{day, moment};
use crate::engine::hooks::{About, Told};
use crate::engine::port::{HookCall, HooksOut, Untold};
use crate::types::Clock;
use crate::web::Settings;
use crate::wire::{Heard, Question, Reach, Wire, signature};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use futures_util::future::BoxFuture;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long an address has to be reached, and to answer.
const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(10);
/// The header that proves who calls.
const SIGNATURE: &str = "sokoni-signature";
/// The longest address.
pub(super) const LONGEST: usize = 500;

/// Whoever tells.
pub struct Teller {
    /// Made ready with the first call: a market without partners reads no authorities for them.
    wire: OnceLock<Wire>,
    keys: Keys,
    clock: Arc<dyn Clock>,
    house: SecretString,
    loopback: bool,
}

impl Teller {
    /// With the house's secret, of which every address has one of its own derived.
    pub fn new(settings: &Settings, house: SecretString, clock: Arc<dyn Clock>) -> Self {
        let (keys, loopback) = (Keys::new(settings.api_keys_file.clone()), settings.webhooks_to_loopback);
        Self { wire: OnceLock::new(), keys, clock, house, loopback }
    }

    fn wire(&self) -> Result<&Wire, String> {
        if let Some(wire) = self.wire.get() {
            return Ok(wire);
        }
        let reach = Reach::Public { loopback: self.loopback };
        let wire = Wire::new(None, CONNECT, WHOLE)?.reaching(reach);
        Ok(self.wire.get_or_init(|| wire))
    }

    /// What calls to an address are signed with. It is stored nowhere: under another secret of the house, and
    /// for another address, it is another one.
    pub(super) fn secret(&self, hook: &str) -> SecretString {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.house.expose_secret().trim().as_bytes())
            .expect("HMAC takes keys of any length");
        mac.update(b"sokoni: calls to partners\n");
        mac.update(hook.as_bytes());
        SecretString::from(format!("whsec_{}", hex(&mac.finalize().into_bytes()[..])))
    }

    /// Whether an address is one that may be called; what a name leads to shows with each call.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn may(&self, url: &str) -> Result<(), String> {
        let form = "write an address such as https://partner.example/sokoni";
        let uri: Uri = url.parse().map_err(|_| form.to_owned())?;
        let authority = uri.authority().ok_or(form)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let literal: Option<IpAddr> = host.parse().ok();
        let own = host == "localhost" || literal.is_some_and(|address| address.is_loopback());
        if url.len() > LONGEST || host.is_empty() || authority.as_str().contains('@') || url.contains('#') {
            return Err(format!("{form}, at most {LONGEST} characters, without a name, a password or a #"));
        }
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if self.loopback && own => {}
            _ => return Err(format!("{form}: calls are made over https only")),
        }
        let public = literal.is_none_or(crate::wire::address::is_public);
        match public && host != "localhost" || self.loopback && own {
            true => Ok(()),
            false => Err("write an address of the public network".to_owned()),
        }
    }

    async fn call(&self, HookCall { hook, told }: HookCall) -> Result<(), Untold> {
        self.keys.refresh().await;
        let now = self.clock.now();
        if !self.keys.is_good(&hook.partner, now) {
            return Err(Untold::Never);
        }
        self.may(&hook.url).map_err(Untold::Later)?;
        let body = body_of(&told).to_string();
        let at = now.millis().div_euclid(1_000);
        let signed = format!("t={at},v1={}", signature::sign(&self.secret(&hook.id), at, body.as_bytes()));
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static("sokoni"));
        headers
            .insert(SIGNATURE, HeaderValue::try_from(signed).map_err(|why| Untold::Later(why.to_string()))?);
        let question = Question { url: hook.url, method: Method::POST, headers, body: body.into() };
        match self.wire().map_err(Untold::Later)?.ask(question).await {
            Heard::Answer { status: 200..=299, .. } => Ok(()),
            Heard::Answer { status, .. } => Err(Untold::Later(format!("it answered {status}"))),
            Heard::NotSent(why) | Heard::Nothing(why) => Err(Untold::Later(why)),
        }
    }
}

/// What is posted: the same octets at every try.
fn body_of(told: &Told) -> Value {
    let data = match &told.about {
        About::Order { token, code, state, step } => {
            json!({ "id": token, "code": code, "state": state, "step": step })
        }
        About::Bulk { token, code, state, promise } => {
            json!({ "id": token, "code": code, "state": state, "promise": promise.map(day) })
        }
        About::Listing { code, on_sale, ready } => {
            json!({ "code": code, "on_sale": on_sale, "ready": ready })
        }
    };
    json!({ "id": format!("evt_{}", told.id), "type": told.event, "at": moment(told.at), "data": data })
}

impl HooksOut for Teller {
    fn tell(&self, call: HookCall) -> BoxFuture<'_, Result<(), Untold>> {
        Box::pin(self.call(call))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::clock::SystemClock;

    fn teller(loopback: bool) -> Teller {
        let settings = Settings { webhooks_to_loopback: loopback, ..Settings::default() };
        Teller::new(&settings, "a secret of the house".into(), Arc::new(SystemClock))
    }

    #[test]
    fn only_public_addresses_are_called_and_only_over_https() {
        let (field, laptop) = (teller(false), teller(true));
        for good in ["https://partner.example/sokoni?x=1", "https://8.8.8.8:8443/", "https://[2a00:1450::1]/"]
        {
            assert_eq!(field.may(good), Ok(()), "{good}");
        }
        for bad in [
            "http://partner.example/",
            "ftp://partner.example/",
            "partner.example",
            "",
            "/x",
            "https://",
            "https://127.0.0.1/",
            "https://localhost/",
            "https://10.0.0.1/",
            "https://169.254.169.254/",
            "https://[::1]/",
            "https://[fd00::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://me:pw@partner.example/",
            "https://partner.example/#x",
        ] {
            assert!(field.may(bad).is_err(), "{bad}");
        }
        assert!(field.may(&format!("https://partner.example/{}", "x".repeat(LONGEST))).is_err());
        assert!(laptop.may("http://127.0.0.1:9000/told").is_ok() && laptop.may("http://10.0.0.1/").is_err());
        assert!(laptop.may("http://partner.example/").is_err());
    }

    #[test]
    fn each_address_has_a_secret_of_its_own() {
        let teller = teller(false);
        let of = |hook| teller.secret(hook).expose_secret().to_owned();
        assert!(of("a").starts_with("whsec_") && of("a") == of("a") && of("a") != of("b"));
    }
}
