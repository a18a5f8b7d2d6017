//! Proof that a webhook is whose it says: `Stripe-Signature: t=<unix>,v1=<hex>[,v1=<hex>]`, and so are ours to
//! partners.
//!
//! Signed is the time, a full stop, and the body's very octets, with HMAC-SHA256 under the whole
//! secret text. Any one `v1` that agrees is enough, so that a secret can be changed; `v0` never
//! counts.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use std::fmt::Write;
use subtle::ConstantTimeEq;

/// How old a signature may be, in seconds; an older one may be somebody's recording.
pub const TOLERANCE_S: i64 = 300;

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No `t`, or not a number.
    #[error("the signature names no time")]
    NoTime,
    /// Signed too long ago.
    #[error("the signature is older than {TOLERANCE_S} seconds")]
    Old,
    /// No `v1` agrees with any of our secrets.
    #[error("no signature agrees")]
    Wrong,
}

/// Checks a header against the raw body at `now_s` (seconds since 1970). A time ahead of ours is
/// let pass, as the processor's own libraries do: it is signed, and clocks differ.
pub fn verify(header: &str, body: &[u8], secrets: &[SecretString], now_s: i64) -> Result<(), SignatureError> {
    let pairs = || header.split(',').filter_map(|part| part.split_once('='));
    let at = pairs().find(|(key, _)| *key == "t").and_then(|(_, value)| value.parse::<i64>().ok());
    let at = at.ok_or(SignatureError::NoTime)?;
    let mut agrees = false;
    for secret in secrets {
        let expected = sign(secret, at, body);
        for (_, given) in pairs().filter(|(key, _)| *key == "v1") {
            agrees |= bool::from(given.as_bytes().ct_eq(expected.as_bytes()));
        }
    }
    if !agrees {
        return Err(SignatureError::Wrong);
    }
    if at < now_s.saturating_sub(TOLERANCE_S) { Err(SignatureError::Old) } else { Ok(()) }
}

/// Lower-case hexadecimal, as the header has it.
pub fn sign(secret: &SecretString, at: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(format!("{at}.").as_bytes());
    mac.update(body);
    mac.finalize().into_bytes().iter().fold(String::with_capacity(64), |mut hex, octet| {
        let _ = write!(hex, "{octet:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    /// Verdicts of the processor's own library.
    const VECTORS: &str =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/money/card-webhook-signatures.json"));

    #[test]
    fn every_vector_gets_the_verdict_of_the_processors_own_library() {
        let vectors: Value = serde_json::from_str(VECTORS).expect("JSON");
        let cases = vectors["cases"].as_array().expect("cases");
        assert_eq!(cases.len(), 12);
        for case in cases {
            let secret = case["secret"].as_str().or(vectors["secret"].as_str()).expect("a secret");
            let body = format!(
                "{}{}",
                vectors["payload"].as_str().expect("a payload"),
                case["payload_suffix"].as_str().unwrap_or_default()
            );
            let header = case["header"].as_str().expect("a header");
            let now = case["now"].as_i64().expect("a time");
            let verdict = verify(header, body.as_bytes(), &[secret.into()], now);
            assert_eq!(Some(verdict.is_ok()), case["accept"].as_bool(), "{case}: {verdict:?}");
        }
    }

    #[test]
    fn while_a_secret_changes_either_one_signs() {
        let secrets = ["new secret".into(), "old secret".into()];
        for secret in &secrets {
            let header = format!("t=7,v1={}", sign(secret, 7, b"{}"));
            assert_eq!(verify(&header, b"{}", &secrets, 7), Ok(()));
        }
        assert_eq!(verify("t=7,v1=", b"{}", &secrets, 7), Err(SignatureError::Wrong));
        assert_eq!(verify("", b"{}", &secrets, 7), Err(SignatureError::NoTime));
    }

    proptest! {
        #[test]
        fn any_changed_octet_breaks_it(
            body in proptest::collection::vec(any::<u8>(), 1..100), at in any::<usize>(), flip in 1u8..,
        ) {
            let secret = SecretString::from("whsec_test");
            let header = format!("t=1000,v1={}", sign(&secret, 1000, &body));
            prop_assert_eq!(verify(&header, &body, std::slice::from_ref(&secret), 1000), Ok(()));
            let mut other = body.clone();
            let at = at % other.len();
            other[at] ^= flip;
            prop_assert_eq!(verify(&header, &other, &[secret], 1000), Err(SignatureError::Wrong));
        }
    }
}
