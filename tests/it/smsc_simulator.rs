//! The simulated operator as a client written elsewhere meets it: smpplib, from PyPI.

use serde_json::Value;
use sokoni::{
    sim::smsc::{PhoneError, Smsc, SmscSettings},
    types::Msisdn,
};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout},
    time::timeout,
};

const SOON: Duration = Duration::from_secs(30);
const SMPPLIB: &str = "smpplib==2.2.4";

/// A Python that has smpplib: the machine's own, or one in a virtual environment under `target`.
fn python() -> PathBuf {
    let has_it = |python: &Path| {
        let probe = Command::new(python).args(["-c", "import smpplib.client"]).stderr(Stdio::null()).status();
        probe.is_ok_and(|status| status.success())
    };
    let own = PathBuf::from("python3");
    if has_it(&own) {
        return own;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("smpplib");
    let python = folder.join("bin/python");
    if !has_it(&python) {
        let run = |program: &Path, args: &[&str]| {
            let done = Command::new(program).args(args).output().expect("python3 is installed");
            assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        };
        run(&own, &["-m", "venv", folder.to_str().expect("UTF-8")]);
        run(&python, &["-m", "pip", "install", "--quiet", SMPPLIB]);
    }
    python
}

/// The application on smpplib and the lines it prints.
struct Esme {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Esme {
    fn start(smsc: &Smsc) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/py/smpplib_esme.py");
        let mut child = tokio::process::Command::new(python())
            .arg(script)
            .args([smsc.addr.ip().to_string(), smsc.addr.port().to_string()])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self { child, lines }
    }

    async fn says(&mut self) -> Value {
        let line = timeout(SOON, self.lines.next_line()).await.expect("a line in time").expect("read");
        serde_json::from_str(&line.expect("a line before the end")).expect("JSON")
    }
}

#[tokio::test]
async fn a_client_written_elsewhere_binds_shows_screens_and_gets_its_receipts() {
    let smsc =
        Smsc::start(SmscSettings { first_session: 0x2A, ..SmscSettings::default() }).await.expect("listens");
    let phone = smsc.handset(Msisdn::from_e164("254700000101").expect("a number"));
    let mut esme = Esme::start(&smsc);
    assert_eq!(esme.says().await["refused"], 0x0E);
    assert_eq!(esme.says().await["bound"], true);

    let menu = phone.dial("*483*57#").await.expect("a screen");
    assert_eq!((menu.text.as_str(), menu.open), ("Karibu\n1. Endelea", true));
    let begin = esme.says().await;
    assert_eq!((&begin["ussd"], &begin["text"]), (&1.into(), &"*483*57#".into()));
    assert_eq!((&begin["session"], &begin["source"]), (&0x2A.into(), &"254700000101".into()));
    assert_eq!(esme.says().await["status"], 0);

    let last = phone.press("1").await.expect("a last screen");
    assert_eq!((last.text.as_str(), last.open), ("Asante.", false));
    let reply = esme.says().await;
    assert_eq!((&reply["ussd"], &reply["text"], &reply["end"]), (&0x12.into(), &"1".into(), &0.into()));
    assert_eq!(phone.press("1").await, Err(PhoneError::NoDialog));
    assert_eq!(esme.says().await["status"], 0);

    phone.send_sms("SALIO").await.expect("sent");
    let heard = esme.says().await;
    assert_eq!((&heard["sms"], &heard["destination"]), (&"SALIO".into(), &"48357".into()));
    let sms = phone.wait_sms(SOON).await.expect("an answer");
    assert_eq!((sms.from.as_str(), sms.parts), ("SOKONI", 2));
    assert_eq!(sms.text, "Oda yako imefika. ".repeat(12));
    let (mut taken, mut receipted) = (Vec::new(), Vec::new());
    while receipted.len() < 2 {
        let line = esme.says().await;
        match line.get("taken") {
            Some(id) => taken.push(id.clone()),
            None => {
                assert_eq!(line["state"], 2, "{line}");
                assert!(line["text"].as_str().expect("text").contains("stat:DELIVRD err:000"), "{line}");
                receipted.push(line["receipt"].clone());
            }
        }
    }
    assert_eq!(taken, receipted);

    phone.send_sms("quit").await.expect("sent");
    assert_eq!(esme.says().await["bye"], true);
    assert!(esme.child.wait().await.expect("ended").success());
    assert_eq!(smsc.receivers(), 0);
}
