//! The link to a mobile operator: SMPP 3.4 PDUs, the bind machine, USSD dialects, and the shells that drive them.
//!
//! Pure but for `link` and `pool`. May import `types`, `gsm` and, in the shells, `engine`.

pub mod codec;
pub mod concat;
pub mod esme;
pub mod pdu;
pub mod receipt;
pub mod status;
pub mod throttle;
pub mod timers;
pub mod tlv;
pub mod window;
