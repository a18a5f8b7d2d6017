//! What must hold for any octets whatever: one function an input, which panics where it does not.
//! The fuzz targets run them for as long as somebody lets them; `tests/it/fuzz.rs` runs them on every
//! kept input, and on a few hundred spoiled ones.

mod callback;
mod dialect;
mod pdu;
mod receipt;
mod sms;
mod words;

/// A body.
pub type Body = fn(&[u8]);

/// Every body, by the name of its target and of its file in `seeds`.
pub const ALL: [(&str, Body); 7] = [
    ("pdu", pdu::any_octets),
    ("receipt", receipt::any_octets),
    ("sms", sms::any_octets),
    ("callback", callback::any_octets),
    ("dialect", dialect::any_octets),
    ("keyword", words::any_sms),
    ("menu", words::any_menu),
];

/// The body of this name.
pub fn body(name: &str) -> Body {
    ALL.iter().find(|(known, _)| *known == name).expect("a body of this name").1
}

/// So many octets off the front: fewer when there are fewer.
fn take<'a>(octets: &mut &'a [u8], most: usize) -> &'a [u8] {
    let (front, rest) = octets.split_at(most.min(octets.len()));
    *octets = rest;
    front
}

/// One octet off the front; zero when there is none.
fn take_one(octets: &mut &[u8]) -> u8 {
    take(octets, 1).first().copied().unwrap_or(0)
}
