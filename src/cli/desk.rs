//! `sokoni desk`: the people of the desk, each let in by what is hers alone.

use super::printed;
use crate::cli::menu::records::AtDesk;
use crate::engine::clock::SystemClock;
use crate::engine::desk::acts::{Act, Acts};
use crate::engine::desk::books::statement::moment;
use crate::types::{Clock, Timestamp};
use crate::web::people::{DeskRole, Given, Roll};
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

const HELP: &str = "\
The file holds names, roles and the hashes of keys and invitations; [http]
desk_people_file names it to the service, which reads it again whenever it
changes.

add prints a link that is good once, for three days: with it a person chooses
her password and sets up her authenticator. With --key it prints a key for her
programs instead. Both are shown once.

Roles: reader looks; liaison looks after people; operator runs the service;
treasurer answers for the money. What needs two people needs two different ones.

Example:
  sokoni desk add Halima --role liaison --file secrets/people.toml --url https://shop.example
  sokoni desk reset Halima --file secrets/people.toml --url https://shop.example
  sokoni desk add Report --role reader --key
  sokoni desk audit --about order/104233 --desk-key-file secrets/halima";

/// How long somebody has to take up her invitation.
const INVITED: Duration = Duration::from_secs(3 * 24 * 3600);

/// The people of the desk: who they are, what they may do
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct DeskArgs {
    #[command(subcommand)]
    what: What,
    /// The file they stand in
    #[arg(long, global = true, value_name = "FILE", default_value = "secrets/people.toml")]
    file: PathBuf,
}

#[derive(Debug, Clone, Args)]
struct By {
    /// A key for programs in the place of an invitation
    #[arg(long)]
    key: bool,
    /// Where the desk is reached, for the link
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: String,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Everybody, with their roles
    List,
    /// Adds a person; prints her invitation, which nobody can look up later
    Add {
        /// Her name, as the journal keeps it
        name: String,
        /// What she may do; several times for several roles
        #[arg(long, required = true, value_name = "ROLE")]
        role: Vec<DeskRole>,
        #[command(flatten)]
        by: By,
    },
    /// Invites a person anew: her password, her authenticator and her sessions are void
    Reset {
        /// Her name
        name: String,
        #[command(flatten)]
        by: By,
    },
    /// What was done at the desk: who, when, from where, before and after, newest first
    Audit {
        /// Only what this person did
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        /// Only what this happened to: a number, or as in order/104233
        #[arg(long, value_name = "WHAT")]
        about: Option<String>,
        /// Only on this day, as in 2026-11-23
        #[arg(long, value_name = "DAY")]
        day: Option<String>,
        /// Only before this record of the journal: where the list before ended
        #[arg(long, value_name = "RECORD")]
        older: Option<u64>,
        /// JSON in the place of words
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        at: AtDesk,
    },
    /// Takes a person away; nothing lets her in from then on
    Remove {
        /// Her name
        name: String,
    },
}

/// Does it.
pub async fn run(args: DeskArgs) -> ExitCode {
    match &args.what {
        What::Audit { by, about, day, older, json, at } => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            for (name, value) in [("by", by), ("about", about), ("day", day)] {
                if let Some(value) = value {
                    query.append_pair(name, value);
                }
            }
            if let Some(older) = older {
                query.append_pair("older", &older.to_string());
            }
            printed(audit(at, &query.finish(), *json).await)
        }
        _ => printed(answer(&args, SystemClock.now())),
    }
}

async fn audit(at: &AtDesk, query: &str, as_json: bool) -> io::Result<String> {
    let acts: Acts = at.open()?.get(&format!("/desk/api/audit?{query}")).await?;
    if as_json {
        return super::json(&acts);
    }
    let older = acts.older.map(|older| format!("older ones: --older {older}\n"));
    Ok(acts.rows.iter().map(line).collect::<String>() + &older.unwrap_or_default())
}

/// An act as one line, and one more for each field that it changed.
fn line(act: &Act) -> String {
    let (at, from) = (moment(act.at), act.from.as_ref().map(|from| format!(" ({from})")).unwrap_or_default());
    let mut said = format!("{at} {}{from}: {}\n", act.by, act.what);
    for change in &act.changes {
        let names: BTreeSet<&String> = change.before.keys().chain(change.after.keys()).collect();
        for name in names {
            let value = |fields: &BTreeMap<String, serde_json::Value>| {
                fields.get(name).map_or_else(|| "nothing".to_owned(), ToString::to_string)
            };
            let (before, after) = (value(&change.before), value(&change.after));
            said += &format!("    {} {} {name}: {before} -> {after}\n", change.kind, change.id);
        }
    }
    said
}

fn answer(DeskArgs { what, file }: &DeskArgs, now: Timestamp) -> Result<String, String> {
    // Who writes at the same time waits, and writes over nothing.
    let _lock = match what {
        What::List | What::Audit { .. } => None,
        _ => Some(locked(file)?),
    };
    let mut roll = Roll::read(file)?;
    roll.written_by = writer();
    match what {
        What::Audit { .. } => Err("the journal tells that".to_owned()),
        What::List => Ok(roll.person.iter().fold(String::new(), |list, person| {
            let roles: Vec<&str> = person.roles.iter().map(|role| role.word()).collect();
            let key = if person.key_sha256.is_some() { "; has a key" } else { "" };
            format!("{list}{}: {}{key}\n", person.name, roles.join(", "))
        })),
        What::Add { name, role, by } => {
            if roll.person.iter().any(|person| person.name.eq_ignore_ascii_case(name)) {
                return Err(format!(
                    "the name {name:?} is taken; for other roles take her away (sokoni desk remove {name:?}) and add \
                     her with all of them; to let her in anew: sokoni desk reset {name:?}"
                ));
            }
            let (given, says) = by.made(now)?;
            roll.add_with(name, role.iter().copied().collect::<BTreeSet<_>>(), &given)?;
            write(file, &roll)?;
            Ok(says)
        }
        What::Reset { name, by } => {
            let (given, says) = by.made(now)?;
            if !roll.renew(name, &given) {
                return Err(format!("{}: nobody is called {name:?}", file.display()));
            }
            write(file, &roll)?;
            Ok(says)
        }
        What::Remove { name } => {
            let before = roll.person.len();
            roll.person.retain(|person| person.name != *name);
            if roll.person.len() == before {
                return Err(format!("{}: nobody is called {name:?}", file.display()));
            }
            write(file, &roll)?;
            Ok(format!("{name} is gone; nothing lets her in any more\n"))
        }
    }
}

impl By {
    /// What is given to her, and how it is told.
    fn made(&self, now: Timestamp) -> Result<(Given, String), String> {
        let secret = new_key()?;
        let shown = secret.expose_secret();
        Ok(match self.key {
            true => (Given::Key(secret.clone()), format!("{shown}\n")),
            false => {
                let says = format!("{}/desk/welcome?invitation={shown}\n", self.url.trim_end_matches('/'));
                (Given::Invitation(secret, now.after(INVITED)), says)
            }
        })
    }
}

fn new_key() -> Result<SecretString, String> {
    let mut octets = [0u8; 24];
    #[expect(clippy::disallowed_methods, reason = "a key must not be predictable")]
    getrandom::fill(&mut octets).map_err(|why| why.to_string())?;
    Ok(SecretString::from(octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>()))
}

fn write(file: &Path, roll: &Roll) -> Result<(), String> {
    write_anew(file, &toml::to_string(roll).map_err(|why| why.to_string())?)
}

/// Who runs the command, as the system calls her.
fn writer() -> String {
    let named = |name: &&str| std::env::var(name).ok().filter(|user| !user.trim().is_empty());
    let number = || std::fs::metadata("/proc/self").map(|of| format!("uid-{}", of.uid()));
    let user = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(named);
    let user = user.or_else(|| number().ok()).unwrap_or_default();
    user.chars().filter(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@')).take(32).collect()
}

/// Keeps others from changing a file until what is returned is dropped: a file beside it that stays.
pub(super) fn locked(file: &Path) -> Result<std::fs::File, String> {
    let error = |why: std::io::Error| format!("{}: {why}", file.display());
    make_folder(file).map_err(error)?;
    let mut options = std::fs::OpenOptions::new();
    let lock = options.write(true).create(true).truncate(false).mode(0o600);
    let lock = lock.open(file.with_extension("lock")).map_err(error)?;
    lock.lock().map_err(error)?;
    Ok(lock)
}

fn make_folder(file: &Path) -> std::io::Result<()> {
    match file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder),
        None => Ok(()),
    }
}

/// Writes beside and renames, so that the service never reads half a file; nobody else may read it.
pub(super) fn write_anew(file: &Path, text: &str) -> Result<(), String> {
    let error = |why: std::io::Error| format!("{}: {why}", file.display());
    let beside = file.with_extension("new");
    make_folder(file).map_err(error)?;
    let mut options = std::fs::OpenOptions::new();
    let mut new = options.write(true).create(true).truncate(true).mode(0o600).open(&beside).map_err(error)?;
    new.write_all(text.as_bytes()).and_then(|()| new.sync_all()).map_err(error)?;
    std::fs::rename(&beside, file).map_err(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_people_who_are_added_at_the_same_moment_none_is_lost() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("people.toml");
        std::thread::scope(|scope| {
            for nth in 0..16 {
                let file = file.clone();
                scope.spawn(move || {
                    let what = What::Add {
                        name: format!("Person {nth}"),
                        role: vec![DeskRole::Reader],
                        by: by(true),
                    };
                    answer(&DeskArgs { what, file }, Timestamp::from_millis(1_000)).expect("added");
                });
            }
        });
        assert_eq!(Roll::read(&file).expect("a file").person.len(), 16);
    }

    fn by(key: bool) -> By {
        By { key, url: "https://shop.example/".to_owned() }
    }

    #[test]
    fn a_person_is_added_with_what_is_shown_once_let_in_anew_and_taken_away_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("secrets/people.toml");
        let run = |what| answer(&DeskArgs { what, file: file.clone() }, Timestamp::from_millis(1_000));
        let add = |key| What::Add {
            name: "Halima".into(),
            role: vec![DeskRole::Liaison, DeskRole::Operator],
            by: by(key),
        };
        let link = run(add(false)).expect("added");
        let (way, invitation) = link.trim().split_once('=').expect("a link");
        assert_eq!((way, invitation.len()), ("https://shop.example/desk/welcome?invitation", 48));
        let kept = std::fs::read_to_string(&file).expect("a file");
        assert!(!kept.contains(invitation) && kept.contains("invited_until = 259201000"), "{kept}");
        assert!(run(add(true)).expect_err("twice").contains("is taken; for other roles"));
        assert_eq!(run(What::List).expect("a list"), "Halima: liaison, operator\n");
        let key = run(What::Reset { name: "Halima".into(), by: by(true) }).expect("a key");
        assert_eq!(key.trim().len(), 48);
        assert_eq!(run(What::List).expect("a list"), "Halima: liaison, operator; has a key\n");
        let again = run(What::Reset { name: "Halima".into(), by: by(false) }).expect("a link");
        assert_ne!(again, link);
        run(What::Remove { name: "Halima".into() }).expect("removed");
        assert_eq!(run(What::List).expect("a list"), "");
        assert!(run(What::Remove { name: "Halima".into() }).is_err());
        assert!(run(What::Reset { name: "Halima".into(), by: by(false) }).is_err());
    }
}
