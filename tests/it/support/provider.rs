//! A provider of mobile money as a program of its own: `sokoni momo`, which outlives whoever it pays for.

use serde::Serialize;
use sokoni::sim::momo::{Manners, Speaks, Transfer};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The program; it ends when dropped.
pub struct Provider {
    child: Child,
    /// Where it listens.
    pub url: String,
    client: reqwest::Client,
}

impl Provider {
    /// Starts it on a free port. Whoever does not know the secret is not let in.
    pub fn start(speaks: Speaks, secret: &str) -> Self {
        let mut momo = Command::new(env!("CARGO_BIN_EXE_sokoni"));
        momo.args(["momo", "--speak", word(speaks), "--secret", secret]);
        let mut child = momo.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let said = child.stdout.as_mut().expect("piped");
        BufReader::new(said).read_line(&mut line).expect("it says where it listens");
        let url = line.trim_end().strip_prefix("listening ").expect("an address").to_owned();
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20));
        Self { child, url, client: client.build().expect("a client") }
    }

    /// Its own list of transfers: the truth.
    pub async fn transfers(&self) -> Vec<Transfer> {
        let list = self.client.get(format!("{}/transfers", self.url)).send().await.expect("it answers");
        serde_json::from_slice(&list.bytes().await.expect("a list")).expect("transfers")
    }

    /// How it treats the next requests, one after the other.
    pub async fn follows(&self, script: &[Manners]) {
        for manners in script {
            self.is_told(reqwest::Method::POST, "manners/next", manners).await;
        }
    }

    /// Where it posts results of requests that name no address.
    pub async fn posts_to(&self, url: &str) {
        self.is_told(reqwest::Method::PUT, "registered", &serde_json::json!({ "url": url })).await;
    }

    async fn is_told(&self, method: reqwest::Method, what: &str, how: &impl Serialize) {
        let request = self.client.request(method, format!("{}/{what}", self.url)).json(how);
        let answer = request.send().await.expect("it answers");
        assert!(answer.status().is_success(), "{what}: {}", answer.status());
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `--speak` calls a protocol.
fn word(speaks: Speaks) -> &'static str {
    match speaks {
        Speaks::Gsma => "gsma",
        Speaks::Daraja => "daraja",
        Speaks::Mtn => "mtn",
        Speaks::Airtel => "airtel",
    }
}
