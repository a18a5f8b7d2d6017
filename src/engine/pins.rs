//! PINs: chosen, kept only as an Argon2id hash, proven off the lanes' threads.
//!
//! A PIN has ten thousand values, so what guards it is the lock after a few wrong tries; the hash
//! guards a stolen store, and the pepper (a secret that is not in the store) guards it for good.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

/// Hashes and proves PINs, a bounded number at a time.
#[derive(Clone)]
pub struct Pins {
    pepper: Option<Arc<SecretString>>,
    at_once: Arc<Semaphore>,
    params: Params,
}

/// A place among the bounded number of those who are proven at a time.
pub struct Place(OwnedSemaphorePermit);

/// The hash could not be made or read; the PIN is neither right nor wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the PIN could not be checked: {0}")]
pub struct PinFault(String);

impl Pins {
    /// At most `at_once` hashes are computed together: each takes 19 MiB for tens of milliseconds
    /// (Argon2id with the parameters of OWASP's password storage sheet, 2023).
    pub fn new(pepper: Option<SecretString>, at_once: usize) -> Self {
        Self {
            pepper: pepper.map(Arc::new),
            at_once: Arc::new(Semaphore::new(at_once.max(1))),
            params: Params::DEFAULT,
        }
    }

    /// The same, quick and weak: for simulations with thousands of people.
    pub fn quick() -> Self {
        let params = Params::new(64, 1, 1, None).unwrap_or(Params::DEFAULT);
        Self { pepper: None, at_once: Arc::new(Semaphore::new(4)), params }
    }

    /// The same hashes with a bound of their own: who waits here keeps nobody waiting there.
    #[must_use]
    pub fn beside(&self, at_once: usize) -> Self {
        Self { at_once: Arc::new(Semaphore::new(at_once.max(1))), ..self.clone() }
    }

    /// The hash to keep for a chosen PIN, salted with the first half of octets that nobody can
    /// foretell.
    pub async fn hash(&self, pin: Zeroizing<String>, octets: [u8; 32]) -> Result<String, PinFault> {
        let place = self.place().await?;
        self.off_thread(place, move |argon| {
            let salt = &octets[..16];
            let hash =
                argon.hash_password_with_salt(pin.as_bytes(), salt).map_err(|e| PinFault(e.to_string()))?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the PIN is the one behind the hash.
    pub async fn prove(&self, pin: Zeroizing<String>, hash: String) -> Result<bool, PinFault> {
        let place = self.place().await?;
        self.prove_in(place, pin, hash).await
    }

    /// Waits for a place, for whoever has something to do between waiting and being proven.
    pub async fn place(&self) -> Result<Place, PinFault> {
        let place = Arc::clone(&self.at_once).acquire_owned().await;
        place.map(Place).map_err(|e| PinFault(e.to_string()))
    }

    /// The same as [`Pins::prove`], in a place that was waited for.
    pub async fn prove_in(
        &self, place: Place, pin: Zeroizing<String>, hash: String,
    ) -> Result<bool, PinFault> {
        self.off_thread(place, move |argon| {
            let kept = phc::PasswordHash::new(&hash).map_err(|e| PinFault(e.to_string()))?;
            Ok(argon.verify_password(pin.as_bytes(), &kept).is_ok())
        })
        .await
    }

    async fn off_thread<T: Send + 'static>(
        &self, place: Place, work: impl FnOnce(Argon2<'_>) -> Result<T, PinFault> + Send + 'static,
    ) -> Result<T, PinFault> {
        let (pepper, params) = (self.pepper.clone(), self.params.clone());
        tokio::task::spawn_blocking(move || {
            let _permit = place.0;
            let argon = match &pepper {
                Some(secret) => Argon2::new_with_secret(
                    secret.expose_secret().as_bytes(),
                    Algorithm::Argon2id,
                    Version::V0x13,
                    params,
                )
                .map_err(|e| PinFault(e.to_string()))?,
                None => Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            };
            work(argon)
        })
        .await
        .map_err(|e| PinFault(e.to_string()))?
    }
}

/// Whether a chosen PIN is four digits that nobody guesses first: no run, no repeat, no year, no
/// end of the person's own number.
pub fn is_acceptable(pin: &str, phone: crate::types::Msisdn) -> bool {
    let digits = pin.as_bytes();
    if digits.len() != 4 || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let step = |by: i16| digits.windows(2).all(|w| i16::from(w[1]) - i16::from(w[0]) == by);
    let pairs = digits[..2] == digits[2..];
    let year = (b"19" == &digits[..2]) || (b"20" == &digits[..2]);
    !(step(0) || step(1) || step(-1) || pairs || year || phone.to_string().ends_with(pin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Msisdn;

    #[tokio::test]
    async fn a_pin_is_proven_by_its_hash_alone_and_only_with_the_same_pepper() {
        let pins = Pins {
            params: Params::new(64, 1, 1, None).expect("small"),
            ..Pins::new(Some("salty".into()), 2)
        };
        let hash = pins.hash(Zeroizing::new("4071".into()), [7; 32]).await.expect("hashed");
        assert!(!hash.contains("4071"));
        assert_eq!(pins.prove(Zeroizing::new("4071".into()), hash.clone()).await, Ok(true));
        assert_eq!(pins.prove(Zeroizing::new("4072".into()), hash.clone()).await, Ok(false));
        assert_eq!(Pins::quick().prove(Zeroizing::new("4071".into()), hash).await, Ok(false));
    }

    #[test]
    fn pins_that_everybody_guesses_first_are_not_accepted() {
        let phone = Msisdn::from_e164("254712344071").expect("valid");
        for easy in ["1234", "4321", "7777", "1212", "1990", "2024", "4071", "12a4", "123"] {
            assert!(!is_acceptable(easy, phone), "{easy}");
        }
        assert!(is_acceptable("8305", phone));
    }
}
