//! Another application beside Sokoni: a command that binds as Sokoni does.

use std::net::SocketAddr;
use std::process::Stdio;
use tokio::process::{Child, Command};

/// An application and how it is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// What it is called in the figures.
    pub name: String,
    /// What sh runs.
    pub command: String,
}

/// Reads `NAME=COMMAND`.
pub(super) fn parse_peer(text: &str) -> Result<Peer, String> {
    match text.split_once('=').map(|(name, command)| (name.trim(), command.trim())) {
        Some((name, command)) if !name.is_empty() && !command.is_empty() => {
            Ok(Peer { name: name.to_owned(), command: command.to_owned() })
        }
        _ => Err("write NAME=COMMAND, such as 'node=node app.mjs'".to_owned()),
    }
}

/// One that runs. Its standard input closes when this is dropped, and that is its sign to end: a shell that was
/// killed would leave what it started behind.
pub(super) struct Running {
    _child: Child,
}

impl Running {
    /// Starts it; that it is there is seen by its bind.
    pub(super) async fn start(peer: &Peer, operator: SocketAddr) -> Result<Self, String> {
        let child = Command::new("sh")
            .args(["-c", &peer.command])
            .env("SMPP_HOST", operator.ip().to_string())
            .env("SMPP_PORT", operator.port().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn();
        Ok(Self { _child: child.map_err(|why| format!("sh: {why}"))? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_a_name_and_a_command() {
        let peer = Peer { name: "node".into(), command: "A=1 node app.mjs".into() };
        assert_eq!(parse_peer("node=A=1 node app.mjs"), Ok(peer));
        for wrong in ["node", "=node app.mjs", "node= "] {
            assert!(parse_peer(wrong).is_err_and(|why| why.contains("NAME=COMMAND")), "{wrong}");
        }
    }
}
