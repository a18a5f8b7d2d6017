//! `sokoni smsc sim` and `sokoni smsc probe` as an integrator meets them: two programs, driven by
//! lines, and what they say and leave behind.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{sleep, timeout};

const SOON: Duration = Duration::from_secs(60);
const PHONE: &str = "+254700000123";

fn sokoni(arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sokoni"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true).spawn().expect("it runs")
}

/// The simulated operator as a program.
struct Sim {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    address: String,
}

impl Sim {
    async fn start(arguments: &[&str]) -> Self {
        let all = [&["smsc", "sim", "--listen", "127.0.0.1:0"][..], arguments].concat();
        let mut child = sokoni(&all);
        let input = child.stdin.take().expect("piped");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut sim = Self { child, input, lines, address: String::new() };
        sim.address = sim.says("listening ").await;
        sim
    }

    async fn tell(&mut self, line: &str) {
        self.input.write_all(format!("{line}\n").as_bytes()).await.expect("it lives");
    }

    /// What stands behind these words in the next line that begins with them.
    async fn says(&mut self, words: &str) -> String {
        let mut seen = Vec::new();
        loop {
            let line = timeout(SOON, self.lines.next_line()).await;
            let line = line.unwrap_or_else(|_| panic!("no {words:?} in time: {seen:?}"));
            let line = line.expect("read").unwrap_or_else(|| panic!("it ended without {words:?}: {seen:?}"));
            if let Some(rest) = line.strip_prefix(words) {
                return rest.to_owned();
            }
            seen.push(line);
        }
    }

    /// Waits until it has counted so many.
    async fn has(&mut self, what: &str, count: u64) {
        let counted = async {
            loop {
                self.tell("status").await;
                let counters: serde_json::Value =
                    serde_json::from_str(&self.says("status ").await).expect("JSON");
                if counters[what] == count {
                    break;
                }
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(SOON, counted).await.unwrap_or_else(|_| panic!("never {count} {what}"));
    }
}

async fn ends(child: Child) -> (ExitStatus, String, String) {
    let done = timeout(SOON, child.wait_with_output()).await.expect("in time").expect("it ran");
    let text = |octets: Vec<u8>| String::from_utf8_lossy(&octets).into_owned();
    (done.status, text(done.stdout), text(done.stderr))
}

fn interrupt(child: &Child) {
    let id = child.id().expect("it runs").to_string();
    let done = std::process::Command::new("kill").args(["-INT", &id]).status().expect("kill runs");
    assert!(done.success());
}

/// A folder with a password, and the arguments of a probe that keeps its recording there.
fn probe_of(sim: &Sim, password: &str) -> (tempfile::TempDir, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(file("password"), password).expect("written");
    let (password, record) = (file("password"), file("its.pdus"));
    let all = [
        "smsc",
        "probe",
        "--address",
        &sim.address,
        "--system-id",
        "sokoni",
        "--password-file",
        &password,
        "--record",
        &record,
    ];
    let all = all.map(String::from).to_vec();
    (folder, all)
}

fn run(arguments: &[String]) -> Child {
    sokoni(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[tokio::test]
async fn a_probe_shows_a_harmless_screen_records_and_proposes_and_its_recording_is_read_alike() {
    let mut sim = Sim::start(&["--dialect", "sixdee", "--ids", "hex"]).await;
    let (folder, mut arguments) = probe_of(&sim, "s3cr3t\n");
    arguments.extend(["--pair", "--sms", PHONE].map(str::to_owned));
    let probe = run(&arguments);
    assert_eq!(sim.says("bound ").await, "1", "of a pair one connection receives");
    assert!(sim.says(&format!("sms {PHONE} from 48357 ")).await.contains("a test"));
    for _ in 0..2 {
        sim.tell(&format!("dial {PHONE} *483*57#")).await;
        assert!(sim.says(&format!("screen {PHONE} open ")).await.contains("being set up"));
    }
    for _ in 0..3 {
        sim.tell(&format!("key {PHONE} 1")).await;
        sim.says(&format!("screen {PHONE} open ")).await;
    }
    sim.tell(&format!("key {PHONE} 0")).await;
    assert!(sim.says(&format!("screen {PHONE} last ")).await.contains("thank you"));
    sim.has("receipts", 1).await;
    interrupt(&probe);
    let (status, report, news) = ends(probe).await;
    assert!(status.success(), "{report}{news}");
    assert_eq!(sim.says("bound ").await, "0", "the probe unbound");
    for told in [
        "bind_receiver, taken by \"USSDGW\"",
        "in the upper fifteen bits of its_session_info",
        "in the text, \"*483*57#\"",
        "message ids in receipts: decimal, hexadecimal in the answer",
        "dialect = \"sixdee\"\nreceipt_id = \"receipt_decimal\"\n",
        "bind = \"transmitter+receiver\"",
    ] {
        assert!(report.contains(told), "no {told:?} in\n{report}");
    }
    assert!(news.contains("a begin, ussd_service_op 0x01"), "{news}");

    let record = folder.path().join("its.pdus").display().to_string();
    let text = std::fs::read_to_string(&record).expect("it is there");
    let secret: String = b"s3cr3t".iter().map(|octet| format!("{octet:02x}")).collect();
    assert!(!text.contains(&secret), "no password is written");
    let (status, read, _) = ends(sokoni(&["smsc", "read", &record])).await;
    assert!(status.success());
    for told in ["bind_receiver", "text \"*483*57#\"", "unbind_resp", "dialect = \"sixdee\""] {
        assert!(read.contains(told), "no {told:?} in\n{read}");
    }

    let (status, _, why) = ends(run(&arguments)).await;
    assert!(!status.success() && why.contains("is there already"), "{why}");
    sim.tell("quit").await;
    assert!(timeout(SOON, sim.child.wait()).await.expect("in time").expect("it ran").success());
}

#[tokio::test]
async fn a_probe_that_is_refused_tries_once_and_says_why() {
    let mut sim = Sim::start(&[]).await;
    let (_folder, arguments) = probe_of(&sim, "wrong\n");
    let (status, report, why) = ends(run(&arguments)).await;
    assert!(!status.success());
    assert!(why.contains("EsmeRinvpaswd") && report.contains("refused: EsmeRinvpaswd"), "{report}{why}");
    sim.tell("status").await;
    let counters: serde_json::Value = serde_json::from_str(&sim.says("status ").await).expect("JSON");
    assert_eq!((&counters["binds"], &counters["binds_refused"]), (&0.into(), &1.into()));
}

#[tokio::test]
async fn a_simulator_misbehaves_as_it_is_told_and_answers_nonsense_with_what_to_write() {
    let mut sim = Sim::start(&["--fault", "throttle 2x"]).await;
    let (_folder, mut arguments) = probe_of(&sim, "s3cr3t");
    arguments.extend(["--for", "10m"].map(str::to_owned));
    let probe = run(&arguments);
    sim.says("bound ").await;
    sim.tell(&format!("dial {PHONE} *483*57#")).await;
    sim.says(&format!("screen {PHONE} open ")).await;
    for (line, says) in [("fly", "help"), ("dial nobody *1#", "+254"), ("fault rain 5%", "throttle")] {
        sim.tell(line).await;
        assert!(sim.says("error ").await.contains(says), "{line}");
    }
    sim.tell(&format!("key {PHONE} 0")).await;
    sim.says(&format!("screen {PHONE} last ")).await;
    interrupt(&probe);
    let (_, report, _) = ends(probe).await;
    assert!(report.contains("2 EsmeRthrottled (0x58)") && report.contains("submit_per_second"), "{report}");

    let (status, _, why) =
        ends(sokoni(&["smsc", "sim", "--listen", "127.0.0.1:0", "--fault", "rain 5%"])).await;
    assert!(!status.success() && why.contains("no fault is called"), "{why}");
    let mut refused = sokoni(&["smsc", "probe"]);
    let mut said = String::new();
    refused.stderr.take().expect("piped").read_to_string(&mut said).await.expect("read");
    assert_eq!(refused.wait().await.expect("it ran").code(), Some(2));
    assert!(said.contains("--address"), "{said}");
}
