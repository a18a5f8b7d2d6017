//! How menu files go live: checked whole, kept, then put in place at once. Files with faults are
//! refused and what served goes on serving; a step back is one step.

use super::diff::{self, FileChange};
use super::kept::{self, Sources};
use super::standing::{self, Standing};
use super::{Edition, Menus};
use crate::engine::desk::Who;
use crate::engine::record::{Cause, Record};
use crate::menu::check::Limits;
use crate::menu::report::{self, Problem, Severity};
use crate::menu::tree::Span;
use crate::store::batch::{Batch, Expect};
use crate::store::{Store, StoreError, codec, keys};
use crate::types::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, PoisonError};

/// Who had the files read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The start of the program.
    Start,
    /// Somebody changed a file in the folder.
    Folder,
    /// SIGHUP.
    Signal,
    /// The desk, before people there had names.
    Desk,
    /// A person at the desk.
    Person(Who),
}

impl By {
    /// In a word, as it is kept and logged.
    pub fn word(&self) -> &str {
        match self {
            Self::Start => "start",
            Self::Folder => "folder",
            Self::Signal => "signal",
            Self::Desk => "desk",
            Self::Person(who) => who.name(),
        }
    }
}

/// One change of what serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Counted from one, without gaps.
    pub number: u64,
    /// When it went live.
    pub at: Timestamp,
    /// Who brought it about.
    pub by: By,
    /// It is a step back to a version that served before.
    pub back: bool,
    /// The set that serves from then on.
    pub set: String,
    /// The set that served until then.
    pub before: Option<String>,
    /// What is different from it, file by file.
    pub files: Vec<FileChange>,
    /// What became of dialogs in progress; not yet counted at first.
    #[serde(default)]
    pub standing: Option<Standing>,
}

/// What serves, as the store says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Live {
    /// The change that made it so.
    pub number: u64,
    /// The set.
    pub set: String,
    /// The files that were read last and are sound. Other than `set` after a step back, which holds
    /// until the files change again.
    pub offered: String,
}

/// Files that were not put live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Names what was refused: the hash of the files, or why they cannot be read.
    pub content: String,
    /// When it was seen first.
    pub at: Timestamp,
    /// Who had it read.
    pub by: By,
    /// How many faults, warnings left out.
    pub faults: usize,
    /// All of them for people: file, line, caret, remedy.
    pub report: String,
}

/// What came of reading the files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// They serve from now on.
    Live(Box<Change>),
    /// They are what was read before.
    Same,
    /// They have faults; what served goes on serving.
    Refused(Arc<Refused>),
}

fn live_key() -> crate::store::Key {
    keys::meta("menus")
}

/// What serves, as the store says; `None` before the first start.
pub(super) async fn live(store: &dyn Store) -> Result<Option<Live>, StoreError> {
    kept::row(store, live_key()).await
}

/// The files that serve, as the store says; `None` before the first start.
pub async fn serving(store: &dyn Store) -> Result<Option<Sources>, StoreError> {
    match live(store).await? {
        Some(live) => kept::stored_set(store, &live.set).await,
        None => Ok(None),
    }
}

impl Menus {
    /// What serves at a start: the files, if they are sound and were not rolled back; else what
    /// served last.
    ///
    /// # Errors
    /// In words, when neither can serve.
    pub async fn open(
        store: &dyn Store, now: Timestamp, files: Result<Sources, String>, limits: &Limits,
    ) -> Result<Self, String> {
        let wrong = |why: StoreError| why.to_string();
        let live = live(store).await.map_err(wrong)?;
        let last = match &live {
            Some(live) => kept::stored_set(store, &live.set).await.map_err(wrong)?,
            None => None,
        };
        let last = last.and_then(|sources| Edition::read(&sources, limits).ok());
        let read = files.map_err(Trouble::Unread).and_then(|files| sound(files, limits, None));
        let was_rolled_back = |set: &str| live.as_ref().is_some_and(|live| live.offered == set);
        match (read, last) {
            (Ok(edition), Some(last)) if last.set == edition.set || was_rolled_back(&edition.set) => {
                Ok(Self::of_edition(last, limits.clone()))
            }
            (Ok(edition), last) => {
                let menus = Self::of_edition(last.unwrap_or_else(|| edition.clone()), limits.clone());
                let offered = edition.set.clone();
                menus.put_live(store, now, edition, By::Start, offered).await.map_err(wrong)?;
                Ok(menus)
            }
            (Err(trouble), Some(last)) => {
                let menus = Self::of_edition(last, limits.clone());
                menus.refuse(trouble, now, By::Start);
                Ok(menus)
            }
            (Err(trouble), None) => Err(trouble.sentence()),
        }
    }

    /// Puts files live that are sound and new; refuses those with faults.
    pub async fn offer(
        &self, store: &dyn Store, now: Timestamp, files: Result<Sources, String>, by: By,
    ) -> Result<Outcome, StoreError> {
        let _one = self.changing.lock().await;
        let serving = self.edition();
        let checked = match files {
            Err(why) => Err(Trouble::Unread(why)),
            Ok(files) => {
                let set = kept::set_hash(&files);
                let live = live(store).await?;
                if set == serving.set || live.as_ref().is_some_and(|live| live.offered == set) {
                    self.set_refused(None);
                    // Files that were made what a step back put live hold nothing back any more.
                    if let Some(live) = live.filter(|live| live.offered != set) {
                        let mut batch = Batch::default();
                        batch.put(live_key(), Expect::Any, codec::encode(&Live { offered: set, ..live }));
                        store.commit(batch).await?;
                    }
                    return Ok(Outcome::Same);
                }
                let (limits, serving) = (self.limits.clone(), Arc::clone(&serving));
                let checking = tokio::task::spawn_blocking(move || sound(files, &limits, Some(&serving)));
                checking.await.map_err(|panicked| StoreError::Malformed(panicked.to_string()))?
            }
        };
        match checked {
            Err(trouble) => Ok(Outcome::Refused(self.refuse(trouble, now, by))),
            Ok(edition) => {
                let offered = edition.set.clone();
                let change = self.put_live(store, now, edition, by, offered).await?;
                self.set_refused(None);
                self.counted(store, now, change).await
            }
        }
    }

    /// Puts the version live that served before the one that serves now, if that is still `from`.
    /// It stays until the files change again.
    pub async fn roll_back(
        &self, store: &dyn Store, now: Timestamp, from: &str, by: By,
    ) -> Result<Outcome, StoreError> {
        let _one = self.changing.lock().await;
        let Some(live) = live(store).await?.filter(|live| live.set == from) else { return Ok(Outcome::Same) };
        let last: Option<Change> = kept::row(store, keys::menu_change(live.number)).await?;
        let Some(former) = last.and_then(|change| change.before) else { return Ok(Outcome::Same) };
        let Some(sources) = kept::stored_set(store, &former).await? else { return Ok(Outcome::Same) };
        match sound(sources, &self.limits, None) {
            Err(trouble) => Ok(Outcome::Refused(self.refuse(trouble, now, by))),
            Ok(edition) => {
                let change = self.put_live(store, now, edition, by, live.offered).await?;
                self.counted(store, now, change).await
            }
        }
    }

    /// Puts in place what serves as the store says: another node may have changed it.
    ///
    /// # Errors
    /// Rows that cannot be read.
    pub async fn follow(&self, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
        let _one = self.changing.lock().await;
        let Some(live) = live(store).await?.filter(|live| live.set != self.edition().set) else {
            return Ok(());
        };
        let Some(sources) = kept::stored_set(store, &live.set).await? else { return Ok(()) };
        let (limits, files) = (self.limits.clone(), sources.clone());
        let read = tokio::task::spawn_blocking(move || Edition::again(&files, &limits)).await;
        match read.map_err(|panicked| StoreError::Malformed(panicked.to_string()))? {
            Ok(edition) => {
                tracing::info!(
                    version = short(&live.set),
                    number = live.number,
                    "the menus changed elsewhere"
                );
                self.install(edition);
                self.set_refused(None);
            }
            // Menus of a later release: this one serves what it can until it is replaced.
            Err(problems) => drop(self.refuse(Trouble::Faulty { files: sources, problems }, now, By::Start)),
        }
        Ok(())
    }

    /// Keeps a version and the change to it in one commit, then puts it in place.
    async fn put_live(
        &self, store: &dyn Store, now: Timestamp, edition: Edition, by: By, offered: String,
    ) -> Result<Change, StoreError> {
        let before = live(store).await?;
        let serving = self.edition();
        let change = Change {
            number: before.as_ref().map_or(1, |live| live.number + 1),
            at: now,
            by,
            back: edition.set != offered,
            set: edition.set.clone(),
            files: match &before {
                Some(_) => diff::between(&serving.files, &edition.files),
                None => Vec::new(),
            },
            before: before.map(|live| live.set),
            standing: None,
        };
        let mut batch = Batch::default();
        kept::keep(store, &edition, now, &mut batch).await?;
        let live = Live { number: change.number, set: edition.set.clone(), offered };
        batch.put(live_key(), Expect::Any, codec::encode(&live));
        batch.put(keys::menu_change(change.number), Expect::Absent, codec::encode(&change));
        let cause = match &change.by {
            By::Person(who) => who.did(format!("menus {} live", short(&change.set))),
            by => Cause::Desk(format!("menus {} live by {}", short(&change.set), by.word())),
        };
        let record = Record {
            at: now,
            cause,
            events: Vec::new(),
            transfers: Vec::new(),
            changes: Vec::new(),
            redacts: None,
        };
        batch.journal.push(record.encode());
        store.commit(batch).await?;
        let files: Vec<&str> = change.files.iter().map(|file| file.name.as_str()).collect();
        tracing::info!(
            version = short(&change.set),
            number = change.number,
            by = change.by.word(),
            back = change.back,
            ?files,
            "the menus changed"
        );
        self.install(edition);
        Ok(change)
    }

    /// Says of a change whom it found in the middle of a dialog.
    async fn counted(
        &self, store: &dyn Store, now: Timestamp, mut change: Change,
    ) -> Result<Outcome, StoreError> {
        let standing = standing::count(store, self, now).await?;
        let (older, removed) = (standing.older, standing.removed);
        tracing::info!(older, removed, screens = ?standing.screens, "dialogs end on menus of before");
        change.standing = Some(standing);
        let mut batch = Batch::default();
        batch.put(keys::menu_change(change.number), Expect::Any, codec::encode(&change));
        store.commit(batch).await?;
        Ok(Outcome::Live(Box::new(change)))
    }

    /// Remembers why files were refused; logs it once for each content.
    fn refuse(&self, trouble: Trouble, now: Timestamp, by: By) -> Arc<Refused> {
        let content = trouble.content();
        if let Some(known) = self.refused().filter(|known| known.content == content) {
            return known;
        }
        let refused = Arc::new(Refused {
            content,
            at: now,
            by: by.clone(),
            faults: trouble.faults(),
            report: trouble.report(),
        });
        tracing::error!(
            faults = refused.faults, by = by.word(), report = %format_args!("\n{}", refused.report),
            "ALARM: the menu files have faults; those of before go on serving"
        );
        self.set_refused(Some(Arc::clone(&refused)));
        refused
    }

    /// The files that were refused last, unless sound ones were read since.
    pub fn refused(&self) -> Option<Arc<Refused>> {
        self.refused.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_refused(&self, refused: Option<Arc<Refused>>) {
        *self.refused.write().unwrap_or_else(PoisonError::into_inner) = refused;
    }
}

/// The first letters of a version's name, for people.
pub fn short(set: &str) -> &str {
    set.get(..8).unwrap_or(set)
}

/// Why files cannot go live.
enum Trouble {
    /// They cannot be read.
    Unread(String),
    /// They have faults.
    Faulty { files: Sources, problems: Vec<Problem> },
}

impl Trouble {
    fn content(&self) -> String {
        match self {
            Self::Unread(why) => why.clone(),
            Self::Faulty { files, .. } => kept::set_hash(files),
        }
    }

    fn errors(&self) -> impl Iterator<Item = &Problem> {
        let problems = match self {
            Self::Unread(_) => &[][..],
            Self::Faulty { problems, .. } => problems,
        };
        problems.iter().filter(|problem| problem.severity == Severity::Error)
    }

    fn faults(&self) -> usize {
        self.errors().count().max(1)
    }

    fn report(&self) -> String {
        match self {
            Self::Unread(why) => why.clone(),
            Self::Faulty { files, problems } => report::to_text(problems, files, false),
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::Unread(why) => why.clone(),
            Self::Faulty { .. } => format!(
                "the menus have {} faults; `sokoni menu check` shows them. The first: {}",
                self.faults(),
                self.errors().next().map_or("", |problem| problem.sentence.as_str())
            ),
        }
    }
}

/// Checks files that shall serve, and that nothing is gone without which those who are served now
/// would be left alone.
fn sound(files: Sources, limits: &Limits, serving: Option<&Edition>) -> Result<Edition, Trouble> {
    match Edition::read(&files, limits) {
        Err(problems) => Err(Trouble::Faulty { files, problems }),
        Ok(edition) => {
            let problems = serving.map(|serving| gone(serving, &edition, &files)).unwrap_or_default();
            if problems.is_empty() { Ok(edition) } else { Err(Trouble::Faulty { files, problems }) }
        }
    }
}

/// The texts of this release, by name: those that Sokoni sends by itself are among them.
static OURS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let ours = Edition::read(&crate::menu::builtin::sources(), &Limits::default());
    ours.map(|ours| ours.catalogue.messages.into_keys().collect()).unwrap_or_default()
});

/// What a folder that is being copied, or a file moved away, lacks: trees for people who are served
/// now, and texts that Sokoni sends by itself.
pub fn gone(serving: &Edition, next: &Edition, files: &Sources) -> Vec<Problem> {
    let problem = |code, file: &str, sentence: String, help: &str| Problem {
        severity: Severity::Error,
        code,
        file: file.to_owned(),
        span: Span::new(0, 0),
        sentence,
        help: help.to_owned(),
    };
    let first = files.first().map_or("", |(name, _)| name.as_str());
    let trees = serving.graphs.iter().filter(|graph| next.graphs.iter().all(|new| new.who != graph.who));
    let trees = trees.map(|graph| {
        let sentence = format!("there is no tree for `{}` any more", graph.who);
        let help = "put its file back; to go on without it, start Sokoni anew";
        problem("tree-gone", first, sentence, help)
    });
    let texts = serving.catalogue.messages.iter().filter(|(name, text)| {
        let same = next.catalogue.messages.get(*name).is_some_and(|new| new.params == text.params);
        OURS.contains(*name) && !same
    });
    let texts = texts.map(|(name, _)| {
        let sentence = format!("the SMS `{name}`, which Sokoni sends, is gone or takes other values");
        let file = files.iter().find(|(_, text)| text.starts_with("messages") || text.contains("\nmessages"));
        let file = file.map_or(first, |(name, _)| name.as_str());
        problem("text-gone", file, sentence, "put it back as it was; its words may change")
    });
    trees.chain(texts).collect()
}
