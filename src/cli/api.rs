//! `sokoni api`: the keys of partners' programs, and the document that describes what they call.

use super::desk::{locked, write_anew};
use super::menu::records::AtDesk;
use super::printed;
use crate::engine::clock::SystemClock;
use crate::engine::hooks::{Hook, HookState};
use crate::types::{Clock, Timestamp};
use crate::web::api::document;
use crate::web::api::keys::{Drawn, Entry, Ring, Scope};
use crate::web::desk_webhooks::{Going, Which};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

const HELP: &str = "\
The file of keys holds names, scopes and hashes; [http] api_keys_file names it
to the service, which reads it again whenever it changes. A key is printed once,
by add or renew. A renewed key keeps its orders; a revoked one opens nothing any
more.

Scopes: catalogue:read, orders:write, orders:read, bulk:write, desk:read (for
the market's own programs), webhooks:write.

Example:
  sokoni api keys add 'Kikoy Store' --scope catalogue:read --scope orders:write --scope orders:read
  sokoni api keys add Report --scope desk:read --expires 90 --file secrets/api-keys.toml
  sokoni api keys revoke Report
  sokoni api webhooks list --desk-key-file secrets/halima
  sokoni api openapi > openapi.json";

/// The public API: keys of programs, the document that describes it
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct ApiArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Prints the OpenAPI document
    Openapi,
    /// The keys: who holds one, what it may do
    Keys(KeysArgs),
    /// Addresses of partners that are told what happens, by the desk of a running service
    Webhooks(WebhooksArgs),
}

#[derive(Debug, Clone, Args)]
struct WebhooksArgs {
    #[command(subcommand)]
    what: Webhooks,
    #[command(flatten)]
    at: AtDesk,
    /// JSON in the place of words
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Clone, Subcommand)]
enum Webhooks {
    /// All of them: whose, how many events wait, how many were set aside after three days, and why
    List,
    /// Has nothing told to an address any more, for a partner whose program went astray
    Remove {
        /// Which, as the list names it
        webhook: String,
    },
    /// Sends once more what was set aside for an address
    Again {
        /// Which, as the list names it
        webhook: String,
    },
}

#[derive(Debug, Clone, Args)]
struct KeysArgs {
    #[command(subcommand)]
    what: Keys,
    /// The file they stand in
    #[arg(long, global = true, value_name = "FILE", default_value = "secrets/api-keys.toml")]
    file: PathBuf,
}

#[derive(Debug, Clone, Subcommand)]
enum Keys {
    /// All of them, with what they may do
    List,
    /// Makes a key and prints it; nobody can look it up later
    Add {
        /// Who holds it
        name: String,
        /// What it may do; several times for several scopes
        #[arg(long, required = true, value_name = "SCOPE")]
        scope: Vec<Scope>,
        /// After so many days it opens nothing any more
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
        expires: Option<u32>,
    },
    /// Makes another key in the place of one, and prints it; what was made with the old one stays its
    Renew {
        /// Who holds it
        name: String,
        /// After so many days it opens nothing any more
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
        expires: Option<u32>,
    },
    /// Makes a key void
    Revoke {
        /// Who holds it
        name: String,
    },
}

/// Does it.
pub async fn run(args: ApiArgs) -> ExitCode {
    match args.what {
        What::Openapi => super::written(document::text().as_bytes()),
        What::Keys(args) => printed(keys(&args, SystemClock.now())),
        What::Webhooks(args) => printed(webhooks(&args).await),
    }
}

async fn webhooks(WebhooksArgs { what, at, json }: &WebhooksArgs) -> io::Result<String> {
    const PATH: &str = "/desk/api/webhooks";
    let desk = at.open()?;
    match what {
        Webhooks::List => {
            let all: Vec<HookState> = desk.get(PATH).await?;
            if *json {
                return super::json(&all);
            }
            let line = |state: &HookState| {
                let Hook { id, partner, url, .. } = &state.hook;
                let why = state.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                format!("{id} of {partner}, {url}: {} wait, {} set aside{why}\n", state.waiting, state.aside)
            };
            Ok(all.iter().map(line).collect())
        }
        Webhooks::Remove { webhook } => {
            let gone: Which =
                desk.post(&format!("{PATH}/remove"), &Which { webhook: webhook.clone() }).await?;
            match json {
                true => super::json(&gone),
                false => Ok(format!("nothing is told to {} any more\n", gone.webhook)),
            }
        }
        Webhooks::Again { webhook } => {
            let going: Going = desk.post(PATH, &Which { webhook: webhook.clone() }).await?;
            match json {
                true => super::json(&going),
                false => Ok(format!("events that go again: {}\n", going.events)),
            }
        }
    }
}

fn drawn() -> Result<Drawn, String> {
    let mut octets = [0; 40];
    #[expect(clippy::disallowed_methods, reason = "a key must not be predictable")]
    getrandom::fill(&mut octets).map_err(|why| why.to_string())?;
    Ok(Drawn::of(&octets))
}

fn keys(KeysArgs { what, file }: &KeysArgs, now: Timestamp) -> Result<String, String> {
    let _lock = match what {
        Keys::List => None,
        _ => Some(locked(file)?),
    };
    let mut ring = Ring::read(file)?;
    let until =
        |days: &Option<u32>| days.map(|days| now.after(Duration::from_secs(u64::from(days) * 86_400)));
    let nobody = |name: &str| format!("{}: no key of {name:?} is good", file.display());
    let said = match what {
        Keys::List => return Ok(ring.key.iter().map(|entry| line(entry, now)).collect()),
        Keys::Add { name, scope, expires } => {
            let drawn = drawn()?;
            ring.add(name, scope.iter().copied().collect(), &drawn, now, until(expires))?;
            format!("{}\n", drawn.key.expose_secret())
        }
        Keys::Renew { name, expires } => {
            let drawn = drawn()?;
            if !ring.renew(name, &drawn, until(expires)) {
                return Err(nobody(name));
            }
            format!("{}\n", drawn.key.expose_secret())
        }
        Keys::Revoke { name } => {
            if !ring.revoke(name, now) {
                return Err(nobody(name));
            }
            format!("the key of {name} opens nothing any more\n")
        }
    };
    write_anew(file, &toml::to_string(&ring).map_err(|why| why.to_string())?)?;
    Ok(said)
}

/// A key as one line.
fn line(entry: &Entry, now: Timestamp) -> String {
    let Entry { name, id, scopes, until, revoked, .. } = entry;
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.word()).collect();
    let day = |at: &Timestamp| {
        let (year, month, day) = at.civil(crate::types::time::NAIROBI);
        format!("{year:04}-{month:02}-{day:02}")
    };
    let state = match (revoked, until) {
        (Some(at), _) => format!("; revoked {}", day(at)),
        (None, Some(at)) if *at <= now => format!("; expired {}", day(at)),
        (None, Some(at)) => format!("; until {}", day(at)),
        (None, None) => String::new(),
    };
    format!("{id} {name}: {}{state}\n", scopes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_shown_once_renewed_and_revoked() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("secrets/api-keys.toml");
        let now = Timestamp::from_millis(1_800_000_000_000);
        let run = |what| keys(&KeysArgs { what, file: file.clone() }, now);
        let add = |expires| Keys::Add {
            name: "Duka".into(),
            scope: vec![Scope::CatalogueRead, Scope::OrdersRead],
            expires,
        };
        let key = run(add(Some(30))).expect("a key");
        assert!(key.starts_with("sk_") && key.trim().len() == 67, "{key}");
        let kept = || std::fs::read_to_string(&file).expect("a file");
        assert!(!kept().contains(&key.trim()[3..]));
        assert!(run(add(None)).expect_err("twice").contains("is taken"));
        let listed = run(Keys::List).expect("a list");
        assert!(listed.ends_with(" Duka: catalogue:read, orders:read; until 2027-02-14\n"), "{listed}");
        let other = run(Keys::Renew { name: "Duka".into(), expires: None }).expect("a key");
        assert_ne!(other, key);
        assert_eq!(run(Keys::List).expect("a list")[..12], listed[..12], "the id stays");
        run(Keys::Revoke { name: "duka".into() }).expect("revoked");
        assert!(run(Keys::List).expect("a list").ends_with("; revoked 2027-01-15\n"));
        assert!(run(Keys::Revoke { name: "Duka".into() }).is_err());
        assert!(run(Keys::Renew { name: "Duka".into(), expires: None }).is_err());
    }
}
