//! A real PostgreSQL: servers of their own in folders of their own, started, stopped, killed and promoted by
//! the programs that come with it.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// How often a start is tried: a server that was killed may leave children that end a little later.
const TRIES: u32 = 100;

/// Where Debian, or whoever installed it, keeps its programs.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    found.retain(|bin| bin.join("initdb").exists());
    found.sort();
    found.pop().expect("PostgreSQL is installed: apt-get install postgresql")
}

/// It refuses to run as root; Debian gives it a user of its own.
fn owner() -> Option<(u32, u32)> {
    let is_root =
        fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0);
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut fields = users.lines().find(|line| line.starts_with("postgres:"))?.split(':').skip(2);
    let id = |field: Option<&str>| field.and_then(|text| text.parse().ok());
    let ids = (id(fields.next())?, id(fields.next())?);
    is_root.then_some(ids)
}

/// A server. Dropping it stops it, and its folder goes.
pub struct Server {
    folder: tempfile::TempDir,
}

impl Server {
    /// A new server with one database, listening in its folder alone. `settings` go into its configuration.
    pub fn start(settings: &str) -> Self {
        let server = Self { folder: tempfile::tempdir().expect("a folder") };
        if let Some((user, group)) = owner() {
            chown(server.path(), Some(user), Some(group)).expect("its own folder");
        }
        let data = server.data();
        let made = server.run(
            "initdb",
            &["-D", &data, "-U", "sokoni", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"],
        );
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.set(&format!(
            "listen_addresses = ''\nunix_socket_directories = '{}'\nmax_connections = 60\n\
             shared_buffers = '32MB'\nlogging_collector = off\n{settings}\n",
            server.path().display()
        ));
        server.up();
        server
    }

    /// Its folder, which is the host that clients connect to.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn data(&self) -> String {
        self.path().join("data").display().to_string()
    }

    /// How the store is told of it.
    pub fn url(&self) -> String {
        format!("host={} user=sokoni dbname=postgres", self.path().display())
    }

    /// How the store is told of this server and another, whichever of them takes writes.
    #[allow(dead_code, reason = "not every binary that shares this file fails over")]
    pub fn url_with(&self, other: &Self) -> String {
        format!("host={},{} user=sokoni dbname=postgres", self.path().display(), other.path().display())
    }

    /// How the store is told of a new, empty database of this name.
    pub fn database(&self, name: &str) -> String {
        let host = self.path().display().to_string();
        let made = self.run("createdb", &["-h", &host, "-U", "sokoni", name]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        format!("host={host} user=sokoni dbname={name}")
    }

    /// Adds to its configuration; it counts from the next start.
    pub fn set(&self, settings: &str) {
        let file = self.path().join("data/postgresql.conf");
        let mut text = fs::read_to_string(&file).expect("its configuration");
        text.push_str(settings);
        fs::write(&file, text).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("readable");
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(programs().join(program));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        if let Some((user, group)) = owner() {
            command.uid(user).gid(group);
        }
        command.output().expect("it runs")
    }

    fn control(&self, arguments: &[&str]) -> Output {
        let (data, log) = (self.data(), self.path().join("log").display().to_string());
        self.run("pg_ctl", &[&["-D", &data, "-l", &log, "-w", "-s"][..], arguments].concat())
    }

    /// Another server that follows this one, in the folder that `of` has if it is given; what `of` was is gone.
    #[allow(dead_code, reason = "not every binary that shares this file fails over")]
    pub fn standby(&self, of: Option<Self>) -> Self {
        let server = of.unwrap_or_else(|| Self { folder: tempfile::tempdir().expect("a folder") });
        if let Some((user, group)) = owner() {
            chown(server.path(), Some(user), Some(group)).expect("its own folder");
        }
        let _ = fs::remove_dir_all(server.data());
        let (data, host) = (server.data(), self.path().display().to_string());
        let made = self.run(
            "pg_basebackup",
            &["-h", &host, "-U", "sokoni", "-D", &data, "-R", "-X", "stream", "-c", "fast", "--no-sync"],
        );
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.set(&format!("unix_socket_directories = '{}'\n", server.path().display()));
        server.up();
        server
    }

    /// Whether commits here wait for a standby, from now on; returns when one follows.
    #[allow(dead_code, reason = "not every binary that shares this file fails over")]
    pub fn waits_for_standby(&self, waits: bool) {
        self.set(&format!("synchronous_standby_names = '{}'\n", if waits { "*" } else { "" }));
        assert!(self.control(&["reload"]).status.success(), "it reads its configuration anew");
        let host = self.path().display().to_string();
        let state = "SELECT sync_state FROM pg_stat_replication";
        for _ in 0..TRIES * 5 {
            let said = self.run("psql", &["-h", &host, "-U", "sokoni", "-d", "postgres", "-Atc", state]);
            if !waits || String::from_utf8_lossy(&said.stdout).trim() == "sync" {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("no standby follows: {}", fs::read_to_string(self.path().join("log")).unwrap_or_default());
    }

    /// Makes a standby the one that takes writes.
    #[allow(dead_code, reason = "not every binary that shares this file fails over")]
    pub fn promote(&self) {
        let done = self.control(&["-t", "60", "promote"]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Starts it, also after a crash, and waits until it answers.
    pub fn up(&self) {
        for tries in 0.. {
            let done = self.control(&["-t", "60", "start"]);
            if done.status.success() {
                return;
            }
            let log = fs::read_to_string(self.path().join("log")).unwrap_or_default();
            assert!(tries < TRIES, "it does not start: {log}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Stops it without a word to anybody, as a crash would: what was not durable is gone.
    pub fn crash(&self) {
        let _ = self.control(&["-m", "immediate", "stop"]);
    }

    /// Kills its first process; the others follow.
    pub fn kill(&self) -> io::Result<()> {
        let pid = fs::read_to_string(self.path().join("data/postmaster.pid"))?;
        let pid = pid.lines().next().unwrap_or_default().to_owned();
        let killed = Command::new("kill").args(["-KILL", &pid]).status()?;
        assert!(killed.success(), "there was one");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.crash();
    }
}
