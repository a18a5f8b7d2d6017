//! `sokoni desk`: the people of the desk, each with a key of her own.

use super::printed;
use crate::web::people::{DeskRole, Roll};
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
The file holds names, roles and the hashes of keys; [http] desk_people_file names it to the service,
which reads it again whenever it changes. A key is shown once, when it is made.

Roles: reader looks; liaison looks after people; operator runs the service; treasurer answers for
the money. What needs two people needs two different ones.

Example:
  sokoni desk add Halima --role liaison --file secrets/people.toml";

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

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Everybody, with their roles
    List,
    /// Adds a person; prints her key, which nobody can look up later
    Add {
        /// Her name, as the journal keeps it
        name: String,
        /// What she may do; several times for several roles
        #[arg(long, required = true, value_name = "ROLE")]
        role: Vec<DeskRole>,
    },
    /// Takes a person away; her key opens nothing from then on
    Remove {
        /// Her name
        name: String,
    },
}

/// Does it.
pub async fn run(args: DeskArgs) -> ExitCode {
    printed(answer(&args))
}

fn answer(DeskArgs { what, file }: &DeskArgs) -> Result<String, String> {
    let mut roll = Roll::read(file)?;
    match what {
        What::List => Ok(roll.person.iter().fold(String::new(), |list, person| {
            let roles: Vec<&str> = person.roles.iter().map(|role| role.word()).collect();
            format!("{list}{}: {}\n", person.name, roles.join(", "))
        })),
        What::Add { name, role } => {
            if roll.person.iter().any(|person| person.name.eq_ignore_ascii_case(name)) {
                return Err(format!(
                    "the name {name:?} is taken; for other roles take her away (sokoni desk remove {name:?}) and add \
                     her with all of them: she gets a new key then"
                ));
            }
            let key = new_key()?;
            roll.add(name, role.iter().copied().collect::<BTreeSet<_>>(), &key)?;
            write(file, &roll)?;
            Ok(format!("{}\n", key.expose_secret()))
        }
        What::Remove { name } => {
            let before = roll.person.len();
            roll.person.retain(|person| person.name != *name);
            if roll.person.len() == before {
                return Err(format!("{}: nobody is called {name:?}", file.display()));
            }
            write(file, &roll)?;
            Ok(format!("{name} is gone; her key opens nothing any more\n"))
        }
    }
}

fn new_key() -> Result<SecretString, String> {
    let mut octets = [0u8; 24];
    #[expect(clippy::disallowed_methods, reason = "a key must not be predictable")]
    getrandom::fill(&mut octets).map_err(|why| why.to_string())?;
    Ok(SecretString::from(octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>()))
}

/// Writes beside and renames, so that the service never reads half a file.
fn write(file: &Path, roll: &Roll) -> Result<(), String> {
    let error = |why: std::io::Error| format!("{}: {why}", file.display());
    let text = toml::to_string(roll).map_err(|why| why.to_string())?;
    let beside = file.with_extension("new");
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(error)?;
    }
    let mut options = std::fs::OpenOptions::new();
    let mut new = options.write(true).create(true).truncate(true).mode(0o600).open(&beside).map_err(error)?;
    new.write_all(text.as_bytes()).and_then(|()| new.sync_all()).map_err(error)?;
    std::fs::rename(&beside, file).map_err(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_added_with_a_key_that_is_shown_once_and_taken_away_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("secrets/people.toml");
        let run = |what| answer(&DeskArgs { what, file: file.clone() });
        let add = || What::Add { name: "Halima".into(), role: vec![DeskRole::Liaison, DeskRole::Operator] };
        let key = run(add()).expect("added");
        assert_eq!(key.trim().len(), 48);
        let kept = std::fs::read_to_string(&file).expect("a file");
        assert!(!kept.contains(key.trim()) && kept.contains("Halima"), "{kept}");
        assert!(run(add()).expect_err("twice").contains("is taken; for other roles"));
        assert_eq!(run(What::List).expect("a list"), "Halima: liaison, operator\n");
        run(What::Remove { name: "Halima".into() }).expect("removed");
        assert_eq!(run(What::List).expect("a list"), "");
        assert!(run(What::Remove { name: "Halima".into() }).is_err());
    }
}
