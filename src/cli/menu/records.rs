//! Recorded dialogs, for the subcommands that look at them: of a data folder that nobody has open, or
//! of a running service, by its desk.

use crate::{
    cli::replay::{ago, open},
    dialog::tape::Tape,
    engine::{
        clock::SystemClock,
        menus::{Sources, change::serving},
        tapes::{
            Reel,
            export::{TapePage, TapesWish},
        },
    },
    types::{Clock, Timestamp},
};
use clap::{Args, ValueEnum};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{runtime::Handle, task::block_in_place};

/// How figures are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For tools.
    Json,
}

/// Where recorded dialogs are. A command that cannot do without asks for the group "Records".
#[derive(Debug, Clone, Default, Args)]
#[group(multiple = true)]
pub struct Records {
    /// A data folder; no other process may have it open
    #[arg(long, value_name = "DIR", conflicts_with = "desk")]
    pub data: Option<PathBuf>,
    /// A running service, by where its desk stands: http://127.0.0.1:8080
    #[arg(long, value_name = "URL", requires = "desk_key_file")]
    pub desk: Option<String>,
    /// The key of that desk
    #[arg(long, value_name = "FILE", requires = "desk")]
    pub desk_key_file: Option<PathBuf>,
}

impl Records {
    /// Somebody said where they are.
    pub fn are_named(&self) -> bool {
        self.data.is_some() || self.desk.is_some()
    }

    /// Hands on every dialog that began so long ago at most, the oldest first, with the moment it is
    /// now.
    ///
    /// # Errors
    /// There is no store, a process has it open, or a row cannot be read; the desk does not answer.
    pub fn each(&self, since: Duration, take: impl FnMut(&Tape, Timestamp)) -> io::Result<()> {
        let now = SystemClock.now();
        let since = ago(now, since);
        block_in_place(|| {
            Handle::current().block_on(async {
                match (&self.data, &self.desk) {
                    (Some(data), _) => of_folder(data, since, now, take).await,
                    (None, Some(desk)) => {
                        of_desk(desk, self.desk_key_file.as_deref(), since, now, take).await
                    }
                    (None, None) => Err(io::Error::other("name a data folder with --data, or a --desk")),
                }
            })
        })
    }
}

impl Records {
    /// The menu files that serve where the records are.
    ///
    /// # Errors
    /// There is no store, a process has it open, or nothing served from it yet; the desk does not answer.
    pub fn menus(&self) -> io::Result<Sources> {
        block_in_place(|| {
            Handle::current().block_on(async {
                match (&self.data, &self.desk) {
                    (Some(data), _) => {
                        let store = open(data).map_err(io::Error::other)?;
                        let serving = serving(&store).await.map_err(io::Error::other)?;
                        let none =
                            || io::Error::other(format!("{}: no menus served from here yet", data.display()));
                        serving.ok_or_else(none)
                    }
                    (None, Some(desk)) => {
                        let desk = Desk::at(desk, self.desk_key_file.as_deref())?;
                        desk.get("/desk/api/menus/files").await
                    }
                    (None, None) => Err(io::Error::other("name a data folder with --data, or a --desk")),
                }
            })
        })
    }
}

/// The desk of a running service, for commands that ask it.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct AtDesk {
    /// Where the desk stands
    #[arg(long, global = true, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    desk: String,
    /// Your key of that desk; without it, secrets/desk
    #[arg(long, global = true, value_name = "FILE")]
    desk_key_file: Option<PathBuf>,
}

impl AtDesk {
    pub(in crate::cli) fn open(&self) -> io::Result<Desk<'_>> {
        Desk::at(&self.desk, self.desk_key_file.as_deref())
    }
}

/// A desk and its key.
pub(in crate::cli) struct Desk<'a> {
    address: &'a str,
    key: String,
    client: reqwest::Client,
}

impl<'a> Desk<'a> {
    /// The desk there; without a key file, its key is `secrets/desk`.
    fn at(address: &'a str, key: Option<&Path>) -> io::Result<Self> {
        let key = key.unwrap_or(Path::new("secrets/desk"));
        let named = |why: io::Error| {
            let sentence =
                format!("the desk's key, {}: {why}; name yours with --desk-key-file", key.display());
            io::Error::new(why.kind(), sentence)
        };
        let key = fs::read_to_string(key).map_err(named)?.trim().to_owned();
        let client = reqwest::Client::builder().no_proxy().build().map_err(io::Error::other)?;
        Ok(Self { address: address.trim_end_matches('/'), key, client })
    }

    pub(in crate::cli) async fn get<T: DeserializeOwned>(&self, path: &str) -> io::Result<T> {
        self.ask(self.client.get(format!("{}{path}", self.address))).await
    }

    pub(in crate::cli) async fn post<T: DeserializeOwned>(
        &self, path: &str, wish: &impl Serialize,
    ) -> io::Result<T> {
        self.ask(self.client.post(format!("{}{path}", self.address)).json(wish)).await
    }

    /// Sends a file as it is.
    pub(in crate::cli) async fn send<T: DeserializeOwned>(
        &self, path: &str, octets: Vec<u8>,
    ) -> io::Result<T> {
        self.ask(self.client.post(format!("{}{path}", self.address)).body(octets)).await
    }

    /// The answer, or what the desk says instead of one.
    async fn ask<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> io::Result<T> {
        let answer = request.bearer_auth(&self.key).send().await.map_err(|why| match why.is_connect() {
            true => io::Error::other(format!(
                "no service answers at {}: start it, or say with --desk where it is",
                self.address
            )),
            false => io::Error::other(why),
        })?;
        let status = answer.error_for_status_ref().map(|_| ()).map_err(io::Error::other);
        let octets = answer.bytes().await.map_err(io::Error::other)?;
        if let Err(refused) = status {
            let said: Option<serde_json::Value> = serde_json::from_slice(&octets).ok();
            let words = said.as_ref().and_then(|said| said["error"]["message"].as_str());
            return Err(words.map_or(refused, io::Error::other));
        }
        serde_json::from_slice(&octets).map_err(io::Error::other)
    }
}

async fn of_folder(
    data: &Path, since: Timestamp, now: Timestamp, mut take: impl FnMut(&Tape, Timestamp),
) -> io::Result<()> {
    let store = open(data).map_err(io::Error::other)?;
    let mut reel = Reel::since(&store, since);
    while let Some(tape) = reel.next().await.map_err(io::Error::other)? {
        take(&tape, now);
    }
    Ok(())
}

async fn of_desk(
    desk: &str, key: Option<&Path>, since: Timestamp, now: Timestamp, mut take: impl FnMut(&Tape, Timestamp),
) -> io::Result<()> {
    let desk = Desk::at(desk, key)?;
    let mut wish = TapesWish { since: Some(since.millis()), after: None };
    loop {
        let query = match wish.after {
            Some(after) => format!("after={after}"),
            None => format!("since={}", since.millis()),
        };
        let page: TapePage = desk.get(&format!("/desk/api/dialogs/tapes?{query}")).await?;
        for row in page.rows {
            take(&Tape::from(row), now);
        }
        match page.next {
            Some(next) => wish.after = Some(next),
            None => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::menu::{preview::PreviewArgs, rehearse::RehearseArgs, stats::StatsArgs};
    use clap::{Args, Command};

    fn understands<A: Args>(words: &[&str]) -> bool {
        let words = std::iter::once(&"sokoni").chain(words);
        A::augment_args(Command::new("sokoni")).try_get_matches_from(words).is_ok()
    }

    #[test]
    fn a_preview_can_do_without_records_statistics_and_rehearsals_cannot() {
        assert!(understands::<PreviewArgs>(&["menus"]));
        assert!(understands::<PreviewArgs>(&["menus", "--data", "data"]));
        assert!(!understands::<StatsArgs>(&[]));
        assert!(understands::<StatsArgs>(&["--data", "data"]));
        assert!(!understands::<RehearseArgs>(&["menus"]));
        assert!(understands::<RehearseArgs>(&["menus", "--desk", "http://d", "--desk-key-file", "k"]));
        assert!(!understands::<RehearseArgs>(&["menus", "--desk", "http://d"]), "a desk wants its key");
    }
}
