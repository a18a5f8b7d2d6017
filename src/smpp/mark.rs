//! What names a repeat of the same SMS, so that it acts once. Steps of dialogs are named in
//! [`super::dialect::dialogs`].

use super::pdu::Message;
use crate::engine::port::Mark;
use sha2::{Digest, Sha256};

/// Marks the SMS of one gateway.
#[derive(Debug)]
pub struct Marks {
    gateway: String,
}

impl Marks {
    /// For a gateway.
    pub fn new(gateway: &str) -> Self {
        Self { gateway: gateway.to_owned() }
    }

    /// The mark of an SMS, which carries no name of its own: what it says, from whom, and, for a
    /// long one, which reference tied it together. The engine holds it against repeats for a minute.
    pub fn sms(&self, message: &Message, reference: Option<u16>, text: &str) -> Mark {
        let mut hash = Sha256::new();
        for field in [self.gateway.as_str(), &message.source.addr, &message.dest.addr] {
            hash.update(field.as_bytes());
            hash.update([0]);
        }
        hash.update([message.esm_class, message.data_coding]);
        hash.update(reference.map_or([0, 0, 0], |r| [1, r.to_be_bytes()[0], r.to_be_bytes()[1]]));
        hash.update(text.as_bytes());
        [b"sms ".as_slice(), &hash.finalize()[..16]].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::fixture;

    #[test]
    fn an_sms_is_known_by_what_it_says() {
        let marks = Marks::new("safari");
        let sms = fixture::message("51-sms-mo.hex");
        let mark = marks.sms(&sms, None, "KUBALI 1042");
        assert_eq!(mark, marks.sms(&sms, None, "KUBALI 1042"));
        assert_ne!(mark, marks.sms(&sms, None, "KATAA 1042"));
        assert_ne!(mark, marks.sms(&sms, Some(7), "KUBALI 1042"));
    }
}
