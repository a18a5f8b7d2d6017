//! The command_status codes we act on (SMPP 3.4, 5.1.3), and what each asks of a sender.

use rusmpp::CommandStatus;
use serde::Deserialize;
use std::collections::BTreeMap;

/// No error.
pub const OK: u32 = 0x00;
/// Message length is invalid.
pub const INV_MSG_LEN: u32 = 0x01;
/// Command length is invalid.
pub const INV_CMD_LEN: u32 = 0x02;
/// Invalid command id.
pub const INV_CMD_ID: u32 = 0x03;
/// Incorrect bind status for the command.
pub const INV_BND_STS: u32 = 0x04;
/// ESME already in bound state.
pub const ALY_BND: u32 = 0x05;
/// System error.
pub const SYS_ERR: u32 = 0x08;
/// Invalid source address.
pub const INV_SRC_ADR: u32 = 0x0A;
/// Invalid destination address.
pub const INV_DST_ADR: u32 = 0x0B;
/// Bind failed.
pub const BIND_FAIL: u32 = 0x0D;
/// Invalid password.
pub const INV_PASWD: u32 = 0x0E;
/// Invalid system id.
pub const INV_SYS_ID: u32 = 0x0F;
/// Message queue full.
pub const MSG_Q_FUL: u32 = 0x14;
/// Invalid service type.
pub const INV_SER_TYP: u32 = 0x15;
/// submit_sm failed.
pub const SUBMIT_FAIL: u32 = 0x45;
/// Invalid system_type.
pub const INV_SYS_TYP: u32 = 0x53;
/// The limit of messages in a time was passed.
pub const THROTTLED: u32 = 0x58;
/// Temporary fault of the receiver: send again.
pub const RX_T_APPN: u32 = 0x64;
/// Permanent fault of the receiver: do not send again.
pub const RX_P_APPN: u32 = 0x65;
/// Invalid length of a TLV.
pub const INV_TLV_LEN: u32 = 0xC2;
/// Delivery failed.
pub const DELIVERY_FAILURE: u32 = 0xFE;
/// Unknown error.
pub const UNKNOWN_ERR: u32 = 0xFF;

/// What a status in a submit_sm_resp asks of the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Taken.
    Ok,
    /// Too fast: slow down, then send again.
    Throttle,
    /// Send again later, until its time is over.
    Temporary,
    /// Nobody knows what it means: send once more, not oftener.
    Doubtful,
    /// The bind itself is not what the SMSC thinks it is: bind again, then send again.
    Session,
    /// The account or the settings: somebody must look; hold.
    Configuration,
    /// This message will never be taken as it is.
    Permanent,
}

/// Classes a status as the specification means it. Vendor codes (0x400 to 0x4FF) and unknown ones
/// are doubtful, and so are the two that only say "failed".
pub const fn class(status: u32) -> Class {
    match status {
        OK => Class::Ok,
        THROTTLED | MSG_Q_FUL => Class::Throttle,
        INV_BND_STS | ALY_BND => Class::Session,
        BIND_FAIL | INV_PASWD | INV_SYS_ID | INV_SYS_TYP | INV_SER_TYP | 0x100..=0x103 => {
            Class::Configuration
        }
        SYS_ERR | RX_T_APPN | DELIVERY_FAILURE => Class::Temporary,
        0x01..=0x03 | 0x06 | 0x07 | INV_SRC_ADR | INV_DST_ADR | 0x0C | 0x11 | 0x13 => Class::Permanent,
        0x33 | 0x34 | 0x40 | 0x42..=0x44 | 0x48..=0x51 | 0x54 | 0x55 => Class::Permanent,
        0x61..=0x63 | RX_P_APPN | 0x66 | 0x67 | 0xC0..=0xC4 | 0x104 => Class::Permanent,
        _ => Class::Doubtful,
    }
}

/// What one operator means by its own statuses, from the table `[smsc.status]`:
/// `0x0401 = "temporary"`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "BTreeMap<String, Class>")]
pub struct Meanings(BTreeMap<u32, Class>);

impl Meanings {
    /// Classes a status as this operator means it.
    pub fn class(&self, status: u32) -> Class {
        self.0.get(&status).copied().unwrap_or_else(|| class(status))
    }
}

impl TryFrom<BTreeMap<String, Class>> for Meanings {
    type Error = String;

    fn try_from(table: BTreeMap<String, Class>) -> Result<Self, String> {
        let read = |(key, class): (String, Class)| {
            let number = match key.strip_prefix("0x") {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => key.parse(),
            };
            match number {
                Ok(OK) => Err("status 0 is success and stays so".to_owned()),
                Ok(_) if class == Class::Ok => Err(format!("{key}: a refusal is not \"ok\"")),
                Ok(status) => Ok((status, class)),
                Err(_) => Err(format!("{key:?} is no status; write it like 0x0401")),
            }
        };
        table.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

/// The status by name and number, for a log: `EsmeRthrottled (0x58)`.
pub fn name(status: u32) -> String {
    match CommandStatus::from(status) {
        CommandStatus::Other(_) => format!("vendor status (0x{status:X})"),
        known => format!("{known:?} (0x{status:X})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_ask_different_things_of_a_sender() {
        assert_eq!(class(THROTTLED), Class::Throttle);
        assert_eq!(class(INV_DST_ADR), Class::Permanent);
        assert_eq!(class(INV_PASWD), Class::Configuration);
        assert_eq!(class(0x0412), Class::Doubtful);
        assert_eq!(class(SUBMIT_FAIL), Class::Doubtful);
        assert_eq!(class(RX_T_APPN), Class::Temporary);
        assert_eq!(class(INV_BND_STS), Class::Session);
    }

    #[test]
    fn an_operator_may_mean_something_of_its_own() {
        let read = |text: &str| toml::from_str::<Meanings>(text);
        let meanings = read("0x0401 = \"temporary\"\n1026 = \"permanent\"\n").expect("a table");
        assert_eq!(
            [0x401, 0x402, 0x403].map(|status| meanings.class(status)),
            [Class::Temporary, Class::Permanent, Class::Doubtful]
        );
        assert_eq!(meanings.class(THROTTLED), Class::Throttle, "the rest stays as it is");
        for wrong in ["0 = \"permanent\"", "0x58 = \"ok\"", "full = \"throttle\"", "0x58 = \"wait\""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_log_line_names_the_status() {
        assert_eq!(name(THROTTLED), "EsmeRthrottled (0x58)");
        assert_eq!(name(0x0412), "vendor status (0x412)");
    }
}
