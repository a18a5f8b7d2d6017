//! A network made of node-smpp, and what travels on its wire as tshark reads it.

use serde_json::Value;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Once;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(60);

/// The folder of the Node programs, with what they need installed.
fn folder() -> PathBuf {
    static INSTALLED: Once = Once::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node");
    INSTALLED.call_once(|| {
        if !folder.join("node_modules/smpp").is_dir() {
            let done = Command::new("npm").args(["ci", "--ignore-scripts"]).current_dir(&folder).output();
            let done = done.expect("npm is installed");
            assert!(done.status.success(), "npm ci: {}", String::from_utf8_lossy(&done.stderr));
        }
    });
    folder
}

/// A screen on a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    pub text: String,
    pub end: bool,
}

/// The network; it ends when dropped.
pub struct Network {
    pub address: SocketAddr,
    _child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    seen: VecDeque<Value>,
}

impl Network {
    pub async fn start(dialect: &str) -> Self {
        let mut child = tokio::process::Command::new("node")
            .args(["smsc.cjs", "0", dialect])
            .current_dir(folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node is installed");
        let input = child.stdin.take().expect("piped");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut network = Self { address, _child: child, input, lines, seen: VecDeque::new() };
        let port = network.event("listening", |_| true).await["listening"].as_u64().expect("a port");
        network.address.set_port(u16::try_from(port).expect("a port"));
        network
    }

    /// Tells the network something.
    pub async fn tell(&mut self, line: &str) {
        self.input.write_all(format!("{line}\n").as_bytes()).await.expect("it lives");
    }

    /// The oldest event of a kind that was not taken before and that fits.
    pub async fn event(&mut self, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let wanted = |event: &Value| event.get(kind).is_some_and(&fits);
        if let Some(at) = self.seen.iter().position(wanted) {
            return self.seen.remove(at).expect("found there");
        }
        loop {
            let line = timeout(SOON, self.lines.next_line()).await;
            let line = line.unwrap_or_else(|_| panic!("no {kind} in time; seen: {:#?}", self.seen));
            let line = line.expect("read").expect("the network lives");
            let event: Value = serde_json::from_str(&line).expect("JSON");
            assert!(event.get("error").is_none(), "{line}");
            if wanted(&event) {
                return event;
            }
            self.seen.push_back(event);
        }
    }

    pub async fn bound(&mut self, kind: &str) {
        self.event("bind", |bind| bind["kind"] == kind && bind["ok"] == true).await;
    }

    async fn screen(&mut self, phone: &str) -> Screen {
        let event = self.event("screen", |screen| screen["msisdn"] == phone).await;
        let text = event["screen"]["text"].as_str().expect("a text").to_owned();
        Screen { text, end: event["screen"]["end"] == true }
    }

    pub async fn dial(&mut self, phone: &str) -> Screen {
        self.tell(&format!("dial {phone} *483*57#")).await;
        self.screen(phone).await
    }

    pub async fn press(&mut self, phone: &str, key: &str) -> Screen {
        self.tell(&format!("key {phone} {key}")).await;
        self.screen(phone).await
    }

    /// Dials and presses keys one after the other; the last screen.
    pub async fn walk(&mut self, phone: &str, keys: &[&str]) -> Screen {
        let mut screen = self.dial(phone).await;
        for key in keys {
            assert!(!screen.end, "before {key}: {}", screen.text);
            screen = self.press(phone, key).await;
        }
        screen
    }

    /// A key press that comes late: its count is that of the one before.
    pub async fn press_late(&mut self, phone: &str, key: &str) -> Screen {
        self.tell(&format!("stale {phone} {key}")).await;
        self.screen(phone).await
    }

    /// The last USSD step once more, as the SMSC repeats what it thinks was lost.
    pub async fn repeat(&mut self, phone: &str) -> Screen {
        self.tell(&format!("again {phone}")).await;
        self.screen(phone).await
    }

    pub async fn send(&mut self, phone: &str, text: &str) {
        self.tell(&format!("sms {phone} {text}")).await;
    }

    /// The oldest text to this phone that holds these words and was not read before.
    pub async fn text(&mut self, phone: &str, words: &str) -> String {
        let fits = |sms: &Value| {
            sms["msisdn"] == phone && sms["text"].as_str().is_some_and(|text| text.contains(words))
        };
        let event = self.event("sms", fits).await;
        event["sms"]["text"].as_str().expect("a text").to_owned()
    }
}

/// A capture of the wire; it ends when dropped.
pub struct Capture {
    child: Option<Child>,
    file: PathBuf,
    port: u16,
}

impl Capture {
    /// Begins to listen on loopback. `None` where tshark or the right to capture is absent, which
    /// only a machine outside of CI may be without.
    pub async fn start(port: u16, file: PathBuf) -> Option<Self> {
        match Self::try_start(port, file).await {
            Ok(capture) => Some(capture),
            Err(why) => {
                assert!(std::env::var_os("CI").is_none(), "CI must be able to capture: {why}");
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
        Ok(Self { child: Some(child), file, port })
    }

    /// Ends the capture and judges every PDU of it.
    pub async fn judge(mut self, least: usize) {
        // The last packets are still on their way through the kernel.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let mut child = self.child.take().expect("not judged before");
        let id = child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
        timeout(SOON, child.wait()).await.expect("ends in time").expect("ended");

        let commands = self.read("smpp", &["-T", "fields", "-e", "smpp.command_id"]);
        let pdus = commands.split([',', '\n']).filter(|id| !id.trim().is_empty()).count();
        assert!(pdus > least, "{pdus} PDUs were seen");
        for (what, filter) in [
            ("malformed", "_ws.malformed"),
            ("expert errors", "_ws.expert.severity >= 8388608"),
            ("refusals", "smpp.command_status > 0"),
            ("what is no SMPP", "tcp.len > 0 and not smpp and not tcp.analysis.keep_alive"),
        ] {
            let found = self.read(filter, &[]);
            assert_eq!(found, "", "{what}");
        }
        let taken = self.read("smpp.command_id == 0x80000004", &["-T", "fields", "-e", "smpp.message_id"]);
        assert!(taken.lines().count() > 10, "submit_sm was answered: {taken}");
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
