//! A program of somebody else's making, told what to do by lines and telling what it saw by JSON
//! lines; and the folders in which such programs find what they need.

use serde_json::Value;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Once, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::timeout;

/// How long the slowest thing on a busy machine may take.
pub const SOON: Duration = Duration::from_secs(60);

/// A program that runs; it ends when dropped.
pub struct Program {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    seen: VecDeque<Value>,
}

impl Program {
    fn start(mut command: tokio::process::Command, install: &str) -> Self {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn();
        let mut child = child.unwrap_or_else(|why| panic!("{why}: please install {install}"));
        let input = child.stdin.take().expect("piped");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self { child, input, lines, seen: VecDeque::new() }
    }

    /// Runs a script of `tests/node`.
    pub fn node(script: &str, arguments: &[&str]) -> Self {
        let mut command = tokio::process::Command::new("node");
        command.arg(script).args(arguments).current_dir(node_folder());
        Self::start(command, "nodejs and npm")
    }

    /// Runs a script of `tests/py`.
    pub fn python(script: &str, arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/py").join(script);
        let mut command = tokio::process::Command::new(python());
        command.arg(script).args(arguments);
        Self::start(command, "python3 and python3-venv")
    }

    /// Tells the program something.
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
            let event = self.next_line(kind).await;
            if wanted(&event) {
                return event;
            }
            self.seen.push_back(event);
        }
    }

    /// What it says next, whatever that is.
    pub async fn says(&mut self) -> Value {
        match self.seen.pop_front() {
            Some(event) => event,
            None => self.next_line("line").await,
        }
    }

    async fn next_line(&mut self, wanted: &str) -> Value {
        let line = timeout(SOON, self.lines.next_line()).await;
        let line = line.unwrap_or_else(|_| panic!("no {wanted} in time; seen: {:#?}", self.seen));
        let line =
            line.expect("read").unwrap_or_else(|| panic!("it ended without {wanted}: {:#?}", self.seen));
        let event: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("JSON, not {line}"));
        assert!(event.get("error").is_none(), "{line}");
        event
    }

    /// Waits for its end, which must be a success.
    pub async fn ends(mut self) {
        let ended = timeout(SOON, self.child.wait()).await.expect("it ends in time").expect("it ran");
        assert!(ended.success(), "{ended}");
    }
}

/// The folder of the Node programs, with what they need installed.
fn node_folder() -> PathBuf {
    static INSTALLED: Once = Once::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node");
    INSTALLED.call_once(|| {
        let there = |name: &&str| folder.join("node_modules").join(name).is_dir();
        if !["smpp", "vscode-textmate", "vscode-oniguruma"].iter().all(there) {
            let done = Command::new("npm").args(["ci", "--ignore-scripts"]).current_dir(&folder).output();
            let done = done.expect("please install nodejs and npm");
            assert!(done.status.success(), "npm ci: {}", String::from_utf8_lossy(&done.stderr));
        }
    });
    folder
}

/// A Python that has what `tests/python` asks for: the checkout's, the machine's own, or one made under `target`.
pub fn python() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        let has_it = |python: &PathBuf| {
            let mut probe = Command::new(python);
            let probe = probe
                .args(["-c", "import smpplib.client, jsonschema, schemathesis, aiosmtpd"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            probe.is_ok_and(|status| status.success())
        };
        let own = PathBuf::from("python3");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let ready = [root.join(".venv/bin/python"), own.clone()];
        if let Some(python) = ready.into_iter().find(has_it) {
            return python;
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
        let python = folder.join("bin/python");
        if !has_it(&python) {
            let run = |program: &Path, args: &[&str]| {
                let done = Command::new(program).args(args).output();
                let done = done.expect("please install python3 and python3-venv");
                assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
            };
            run(&own, &["-m", "venv", folder.to_str().expect("UTF-8")]);
            let wanted = root.join("tests/python/requirements.txt");
            let wanted = wanted.to_str().expect("UTF-8");
            run(&python, &["-m", "pip", "install", "--quiet", "--require-hashes", "-r", wanted]);
        }
        python
    })
}
