//! A network made of node-smpp.

use super::program::Program;
use serde_json::Value;
use std::net::SocketAddr;

/// A screen on a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    pub text: String,
    pub end: bool,
}

/// The network; it ends when dropped.
pub struct Network {
    pub address: SocketAddr,
    program: Program,
}

impl Network {
    pub async fn start(dialect: &str) -> Self {
        let mut program = Program::node("smsc.cjs", &["0", dialect]);
        let port = program.event("listening", |_| true).await["listening"].as_u64().expect("a port");
        let address = SocketAddr::from(([127, 0, 0, 1], u16::try_from(port).expect("a port")));
        Self { address, program }
    }

    /// Tells the network something.
    pub async fn tell(&mut self, line: &str) {
        self.program.tell(line).await;
    }

    /// The oldest event of a kind that was not taken before and that fits.
    pub async fn event(&mut self, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.program.event(kind, fits).await
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
