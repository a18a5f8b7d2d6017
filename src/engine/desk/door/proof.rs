//! What proves a person besides her password: the code of her authenticator (RFC 6238), or one of the
//! codes that were written down for the day it is lost.

use super::Seed;
use crate::types::{Entropy, Timestamp};
use sha2::{Digest, Sha256};
use totp_rs::{Builder, Secret, Totp};

/// The fewest characters of a password (the most are bounded by the form).
pub(super) const SHORTEST: usize = 12;
const LONGEST: usize = 128;
/// How many codes are written down.
const RECOVERY: usize = 8;
/// Letters that nobody takes for another.
const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// What an authenticator is set up with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The secret, as people type it.
    pub secret: String,
    /// The same for a camera.
    pub uri: String,
    /// On which showing of the page: it comes back with what she chose.
    pub showing: String,
}

fn totp(seed: Seed) -> Option<Totp> {
    // SHA-1, six digits, thirty seconds, one step to either side: what every authenticator has.
    Builder::new().with_secret(Secret::new_stack(seed)).build().ok()
}

/// The step of time that the code is of, one before and one after the present among them.
pub(super) fn step_of(seed: Seed, code: &str, now: Timestamp) -> Option<u64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let seconds = u64::try_from(now.millis() / 1000).ok()?;
    totp(seed)?.check(&code, seconds)
}

/// What her authenticator is told.
pub(super) fn offer(seed: Seed, name: &str, showing: String) -> Offer {
    let secret = Secret::new_stack(seed).to_base32();
    let plain = |octet: u8| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => (octet as char).to_string(),
        octet => format!("%{octet:02X}"),
    };
    let name: String = name.bytes().map(plain).collect();
    let uri = format!("otpauth://totp/Sokoni:{name}?secret={secret}&issuer=Sokoni");
    let letters: Vec<char> = secret.chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    Offer { secret: groups.join(" "), uri, showing }
}

/// Codes to write down.
pub(super) fn recovery(entropy: &mut Entropy) -> Vec<String> {
    let mut letter = || {
        let word = entropy.next_u64() % LETTERS.len() as u64;
        LETTERS[usize::try_from(word).unwrap_or_default()] as char
    };
    let mut code = || {
        let letters: String = (0..10).map(|_| letter()).collect();
        format!("{}-{}", &letters[..5], &letters[5..])
    };
    (0..RECOVERY).map(|_| code()).collect()
}

/// How such a code is spelled where it is compared.
pub(super) fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// What is wrong with a password, in words.
pub(super) fn complaint(password: &str, name: &str) -> Option<String> {
    let (letters, lower) = (password.chars().count(), password.to_lowercase());
    let kinds = password.chars().collect::<std::collections::BTreeSet<_>>().len();
    match () {
        () if letters < SHORTEST => {
            Some(format!("at least {SHORTEST} characters; a few words are easy to keep"))
        }
        () if letters > LONGEST => Some(format!("at most {LONGEST} characters")),
        () if kinds < 5 => Some("more than a few characters over and over".to_owned()),
        () if lower.contains(&name.to_lowercase()) => Some("without your own name".to_owned()),
        () if ["password", "sokoni", "123456", "qwerty"].iter().any(|word| lower.contains(word)) => {
            Some("without the words that everybody tries first".to_owned())
        }
        () => None,
    }
}

/// One round of a hash: for what is made by chance and long enough.
pub(super) fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    sha.finalize().into()
}

/// Octets as hexadecimal digits.
pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_specification_with_a_step_to_either_side() {
        let seed: Seed = *b"12345678901234567890";
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            let step = u64::try_from(seconds / 30).expect("positive");
            assert_eq!(step_of(seed, code, at(seconds)), Some(step));
            assert_eq!(
                step_of(seed, &format!(" {} {}", &code[..3], &code[3..]), at(seconds + 30)),
                Some(step)
            );
            assert_eq!(step_of(seed, code, at(seconds + 90)), None);
        }
        for wrong in ["", "28708", "2870820", "abcdef", "aaaaa-bbbbb"] {
            assert_eq!(step_of(seed, wrong, at(59)), None, "{wrong}");
        }
    }

    #[test]
    fn an_authenticator_is_told_the_name_as_an_address_spells_it() {
        let Offer { secret, uri, .. } = offer(*b"12345678901234567890", "Wanjikũ N.", String::new());
        assert_eq!(secret, "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(
            uri,
            "otpauth://totp/Sokoni:Wanjik%C5%A9%20N.?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Sokoni"
        );
    }

    #[test]
    fn codes_to_write_down_are_different_and_typed_any_way() {
        let codes = recovery(&mut Entropy::from_seed(1));
        let all: std::collections::BTreeSet<_> = codes.iter().map(|code| plain(code)).collect();
        assert_eq!((all.len(), codes[0].len()), (RECOVERY, 11));
        assert_eq!(plain(&codes[0].to_uppercase().replace('-', " ")), plain(&codes[0]));
    }

    #[test]
    fn passwords_that_are_tried_first_are_not_taken() {
        for bad in ["short", "aaaaaaaaaaaaaaaa", "halima is here", "my password is long", "Qwertyuiop1234"] {
            assert!(complaint(bad, "Halima").is_some(), "{bad}");
        }
        assert_eq!(complaint("four brown goats today", "Halima"), None);
    }
}
