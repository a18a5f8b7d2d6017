//! Names of things that people never type.

use crate::types::{Entropy, Timestamp};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(#[serde(with = "uuid::serde::simple")] Uuid);

        impl $name {
            /// A new id that sorts by `now` (UUID version 7, RFC 9562 section 5.7).
            pub fn new(now: Timestamp, entropy: &mut Entropy) -> Self {
                Self(uuid_v7(now, entropy))
            }

            /// The id that always follows from this cause, so that a retry makes the same one.
            pub fn derived(cause: &str) -> Self {
                use sha2::{Digest, Sha256};
                let digest = Sha256::digest(cause.as_bytes());
                let mut octets = [0; 16];
                octets.copy_from_slice(&digest[..16]);
                Self(uuid::Builder::from_custom_bytes(octets).into_uuid())
            }

            /// The id of these octets.
            pub const fn from_bytes(octets: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(octets))
            }

            /// The moment it was made at, to the millisecond; `None` for a derived one.
            pub fn moment(&self) -> Option<Timestamp> {
                let (seconds, nanos) = self.0.get_timestamp()?.to_unix();
                let millis = seconds.checked_mul(1000)?.checked_add(u64::from(nanos / 1_000_000))?;
                i64::try_from(millis).ok().map(Timestamp::from_millis)
            }

            /// The sixteen octets, in sorting order.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::from_str(text).map(Self)
            }
        }
    };
}

id! {
    /// A person or a house we deal with: artisan, agent, mentor, rider, shopper.
    PartyId
}
id! {
    /// One wish to send money out, however often it is tried.
    PayoutId
}
id! {
    /// One loan of lenders' money.
    LoanId
}
id! {
    /// One prompt on somebody's phone to pay us by mobile money.
    PromptId
}
id! {
    /// One tip or lesson that many are told of.
    BulletinId
}
id! {
    /// One thing that went wrong and that somebody looks after.
    CaseId
}
id! {
    /// Something at the desk that takes two people.
    ApprovalId
}
id! {
    /// Something about a card payment that nobody here asked for.
    TroubleId
}
id! {
    /// One statement of a mobile-money provider that was imported.
    StatementId
}
id! {
    /// One thing in which such a statement and the books differ.
    DifferenceId
}
id! {
    /// One balanced set of postings.
    TransferId
}
id! {
    /// One conversation by USSD, resumed or not.
    DialogId
}

fn uuid_v7(now: Timestamp, entropy: &mut Entropy) -> Uuid {
    let mut tail = [0; 10];
    tail[..8].copy_from_slice(&entropy.next_u64().to_be_bytes());
    tail[8..].copy_from_slice(&entropy.next_u64().to_be_bytes()[..2]);
    uuid::Builder::from_unix_timestamp_millis(now.millis().max(0) as u64, &tail).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_when_it_was_made_unless_it_was_derived() {
        let now = Timestamp::from_millis(1_795_000_000_123);
        assert_eq!(DialogId::new(now, &mut Entropy::from_seed(1)).moment(), Some(now));
        assert_eq!(DialogId::derived("wanjiku").moment(), None);
    }

    #[test]
    fn an_id_is_spelt_the_same_in_a_log_a_key_and_a_journal() {
        let id = PartyId::derived("wanjiku");
        let json = serde_json::to_string(&id).expect("serialises");
        assert_eq!(json, format!("\"{id}\""));
        assert_eq!(serde_json::from_str::<PartyId>(&json).expect("reads"), id);
        assert_eq!(id.to_string().parse::<PartyId>().expect("reads"), id);
    }
}
