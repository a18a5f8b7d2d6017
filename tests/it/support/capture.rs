//! What travels on a wire of loopback, and what tshark says of it.

use super::program::SOON;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::time::timeout;

/// Added to a command_id in its answer.
pub const ANSWER: u32 = 0x8000_0000;

/// A capture of the wire; it ends when dropped.
pub struct Capture {
    child: Child,
    file: PathBuf,
    port: u16,
}

/// A capture that has ended.
pub struct Captured {
    file: PathBuf,
    port: u16,
    /// How many PDUs of each command_id travelled.
    pub pdus: BTreeMap<u32, usize>,
}

impl Capture {
    /// Begins to listen on loopback. `None` where tshark or the right to capture is absent, which
    /// only a machine outside of CI may be without.
    pub async fn start(port: u16, file: PathBuf) -> Option<Self> {
        match Self::try_start(port, file).await {
            Ok(capture) => Some(capture),
            Err(why) => {
                assert!(std::env::var_os("CI").is_none(), "please install tshark and let it capture: {why}");
                eprintln!("SKIPPED: the wire is not checked by tshark: {why}");
                None
            }
        }
    }

    async fn try_start(port: u16, file: PathBuf) -> Result<Self, String> {
        let mut child = tokio::process::Command::new("tshark")
            .args(["-i", "lo", "-f", &format!("tcp port {port}"), "-w"])
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|why| why.to_string())?;
        let mut said = BufReader::new(child.stderr.take().expect("piped")).lines();
        let mut all = String::new();
        loop {
            match timeout(SOON, said.next_line()).await {
                Ok(Ok(Some(line))) if line.contains("Capturing on") => break,
                Ok(Ok(Some(line))) => all.push_str(&line),
                _ => return Err(all),
            }
        }
        tokio::spawn(async move { while let Ok(Some(_)) = said.next_line().await {} });
        // It says so a moment before it does.
        for _ in 0..500 {
            if file.metadata().is_ok_and(|file| file.len() > 0) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        Ok(Self { child, file, port })
    }

    /// Ends the capture: every octet of it must be SMPP that tshark finds whole and right.
    pub async fn end(mut self) -> Captured {
        // The last packets are still on their way through the kernel.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let id = self.child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
        timeout(SOON, self.child.wait()).await.expect("ends in time").expect("ended");
        let mut captured = Captured { file: self.file.clone(), port: self.port, pdus: BTreeMap::new() };
        for id in captured.column("smpp", "smpp.command_id") {
            let id = u32::from_str_radix(id.trim_start_matches("0x"), 16).expect("a command_id");
            *captured.pdus.entry(id).or_default() += 1;
        }
        for (what, filter) in [
            ("malformed", "_ws.malformed"),
            ("expert errors", "_ws.expert.severity >= 8388608"),
            // What TCP says a second time on a busy machine is not read again.
            (
                "what is no SMPP",
                "tcp.len > 0 and not smpp and not tcp.analysis.keep_alive and not tcp.analysis.retransmission",
            ),
        ] {
            assert_eq!(captured.read(filter, &[]), "", "{what}");
        }
        captured
    }
}

impl Captured {
    /// How many PDUs of one command_id travelled.
    pub fn count(&self, command: u32) -> usize {
        self.pdus.get(&command).copied().unwrap_or(0)
    }

    /// The values of one field in the packets that a filter lets through.
    pub fn column(&self, filter: &str, field: &str) -> Vec<String> {
        let all = self.read(filter, &["-T", "fields", "-e", field]);
        all.split([',', '\n']).map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    /// The command_status of every refusal, in the order of the wire.
    pub fn refusals(&self) -> Vec<u32> {
        let statuses = self.column("smpp.command_status > 0", "smpp.command_status");
        let number = |text: &String| {
            text.strip_prefix("0x").map_or_else(|| text.parse(), |hex| u32::from_str_radix(hex, 16))
        };
        statuses.iter().map(|text| number(text).expect("a status")).filter(|status| *status > 0).collect()
    }

    fn read(&self, filter: &str, more: &[&str]) -> String {
        let Output { status, stdout, stderr } = Command::new("tshark")
            .args(["-d", &format!("tcp.port=={},smpp", self.port), "-r"])
            .arg(&self.file)
            .args(["-Y", filter])
            .args(more)
            .output()
            .expect("it captured");
        assert!(status.success(), "{filter}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).expect("UTF-8")
    }
}
