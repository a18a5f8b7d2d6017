//! The part of a configuration that names a provider of mobile money.

use sokoni::sim::momo::Speaks;
use std::net::SocketAddr;

/// Who pays by mobile money; every secret stands in the same file.
pub fn table(speaks: Speaks, answer_ms: u64, web: SocketAddr, momo: &str) -> String {
    let common = format!("base_url = \"{momo}\"\nsecret_path_file = \"mpesa-path\"");
    let callback = format!("callback_base = \"http://{web}\"");
    let timing = format!("timing = {{ answer_ms = {answer_ms}, probe_ms = 100, hold_seconds = 1 }}");
    match speaks {
        Speaks::Gsma => format!(
            r#"
[money.mpesa]
{common}
{callback}
api_key_file      = "mpesa-key"
answer_timeout_ms = {answer_ms}
probe_every_ms    = 100
hold_seconds      = 1
"#
        ),
        Speaks::Daraja => format!(
            r#"
[money.daraja]
{common}
{callback}
consumer_key_file    = "mpesa-key"
consumer_secret_file = "mpesa-key"
initiator            = "sokoni"
credential_file      = "mpesa-key"
short_code           = "600000"
ask_seconds          = 0
balance_minutes      = 0
{timing}

[money.daraja.push]
short_code   = "174379"
passkey_file = "mpesa-passkey"
"#
        ),
        Speaks::Mtn => format!(
            r#"
[money.mtn]
{common}
{callback}
subscription_key_file = "mpesa-key"
api_user              = "sokoni"
api_key_file          = "mpesa-key"
target                = "sandbox"
currency              = "EUR"
{timing}
"#
        ),
        Speaks::Airtel => format!(
            r#"
[money.airtel]
{common}
client_id          = "sokoni"
client_secret_file = "mpesa-key"
pin_file           = "mpesa-key"
{timing}
"#
        ),
    }
}
