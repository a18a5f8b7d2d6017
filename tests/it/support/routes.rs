//! The ways to phones, as somebody would write them down who runs a village.

use super::village::Founding;
use std::net::SocketAddr;

/// The gateway of an operator.
pub fn smpp(founding: &Founding, gateway: &str, smsc: SocketAddr) -> String {
    let (smsc, refused_ms) = (founding.smsc.unwrap_or(smsc), founding.refused_ms);
    let push = founding.push;
    format!(
        r#"
[[smsc]]
name              = "{gateway}"
address           = "{smsc}"
system_id         = "sokoni"
password_file     = "smsc"
dialect           = "its"
service_code      = "*483*57#"
sms_sender        = "48357"
reconnect_ms      = 100
reconnect_most_ms = 400
refused_ms        = {refused_ms}
push              = "{push}"
reply_deadline_ms = 30000
"#
    )
}

/// The gateway of an aggregator.
pub fn http(gateway: &str, aggregator: &str) -> String {
    format!(
        r#"
[[http_gateway]]
name              = "{gateway}"
kind              = "africastalking"
secret_path_file  = "at-path"
allow             = ["127.0.0.0/8"]
username          = "sokoni"
api_key_file      = "at-key"
sms_sender        = "48357"
reply_deadline_ms = 30000
send.url          = "{aggregator}/version1/messaging"
send.per_second   = 0
send.retry_ms     = 2000
"#
    )
}
