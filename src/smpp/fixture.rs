//! The worked PDUs of `fixtures/pdu`, for tests.

use super::{
    codec,
    pdu::{Body, Message, Pdu},
};

/// The octets of a file.
pub fn octets(name: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/pdu/{name}", env!("CARGO_MANIFEST_DIR"));
    let hex = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
    (0..hex.trim().len()).step_by(2).map(digit).collect()
}

/// The PDU in a file.
pub fn pdu(name: &str) -> Pdu {
    codec::decode(&octets(name).into()).unwrap_or_else(|bad| panic!("{name}: {bad}"))
}

/// The message in a file, by whichever PDU it travels.
pub fn message(name: &str) -> Message {
    match pdu(name).body {
        Body::DeliverSm(message) | Body::SubmitSm(message) => message,
        Body::DataSm(data) => data.into(),
        other => panic!("{name}: {other:?}"),
    }
}
