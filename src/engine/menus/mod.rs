//! The menus that serve now, and those that served before: dialogs end on the version they began
//! with, SMS and texts are always of the newest.
//!
//! * [`kept`]: versions as rows, by hash.
//! * [`change`]: how files go live, are refused, and are rolled back; [`diff`] says what changed,
//!   [`standing`] whom it concerns, [`sweep`] what is let go of,
//!   [`desk`] what people see of it.

pub mod change;
pub mod desk;
pub mod diff;
pub mod kept;
pub mod standing;
pub mod sweep;
#[cfg(test)]
mod tests;

pub use kept::{Sources, stored_sources};

use super::vocabulary::vocabulary;
use crate::market::Role;
use crate::menu::check::{Limits, compile};
use crate::menu::graph::{Catalogue, Graph};
use crate::menu::report::Problem;
use crate::menu::value::Value;
use crate::store::{Store, StoreError};
use crate::types::{Lang, Purpose};
use std::sync::{Arc, PoisonError, RwLock};

/// How many versions before the one that serves are held ready; others are read from the store.
const READY: usize = 24;

/// One version of the menus: a set of files that passed the check.
#[derive(Debug, Clone)]
pub struct Edition {
    /// Names the set: the hash of its files.
    pub set: String,
    /// Its files, by bare name.
    pub files: Sources,
    /// Its trees.
    pub graphs: Vec<Arc<Graph>>,
    /// Its texts.
    pub catalogue: Catalogue,
}

impl Edition {
    /// Reads and checks menu files, by name and text.
    ///
    /// # Errors
    /// Every fault, by the names as they were given.
    pub fn read(sources: &[(String, String)], limits: &Limits) -> Result<Self, Vec<Problem>> {
        // What is made of several files must not hang on the order in which a folder gives them.
        let mut sources = sources.to_vec();
        sources.sort_by_cached_key(|(name, _)| kept::bare(name));
        let (graphs, catalogue) = compile(&sources, &vocabulary(), limits)?;
        let graphs = graphs.into_iter().map(Arc::new).collect();
        Ok(Self { set: kept::set_hash(&sources), files: kept::normal(&sources), graphs, catalogue })
    }

    /// Files that were proven once and whose dialogs go on, whatever the routes allow now: screens
    /// that are too wide for them are cut where they leave.
    fn again(sources: &[(String, String)], limits: &Limits) -> Result<Self, Vec<Problem>> {
        let mut edition = Self::read(sources, &Limits::default())?;
        let least = limits.routes.iter().map(|(_, septets)| *septets).min().unwrap_or(u16::MAX);
        for graph in &mut edition.graphs {
            let graph = Arc::make_mut(graph);
            graph.limit = graph.limit.min(least);
        }
        Ok(edition)
    }

    /// The tree of this hash.
    pub fn graph(&self, hash: &str) -> Option<&Arc<Graph>> {
        self.graphs.iter().find(|graph| graph.hash == hash)
    }

    /// The tree for a role: the one written for it.
    pub fn of(&self, role: Option<Role>) -> Option<&Arc<Graph>> {
        let word = role.map_or("stranger", Role::word);
        self.graphs.iter().find(|graph| graph.who == word)
    }

    /// A text of its catalogue with its values.
    pub fn say(&self, name: &str, args: &[Value], lang: Lang) -> Result<String, String> {
        match self.catalogue.render(name, args, lang) {
            Some(Ok(text)) => Ok(text),
            Some(Err(missing)) => Err(format!("SMS {name}: {missing:?}")),
            None => Err(format!("there is no SMS called {name}")),
        }
    }
}

/// Checked trees and texts: the version that serves, and those before it.
#[derive(Debug)]
pub struct Menus {
    now: RwLock<Arc<Edition>>,
    /// Versions that served before, the last used first.
    before: RwLock<Vec<Arc<Edition>>>,
    /// One reader of old versions at a time: a thousand dialogs after a restart need one reading.
    reading: tokio::sync::Mutex<()>,
    /// One change at a time; what was refused last.
    changing: tokio::sync::Mutex<()>,
    refused: RwLock<Option<Arc<change::Refused>>>,
    limits: Limits,
}

impl Menus {
    /// Reads and checks menu files, by name and text. Nothing is kept in a store: see
    /// [`Menus::open`](Self::open).
    pub fn read(sources: &[(String, String)], limits: &Limits) -> Result<Self, Vec<Problem>> {
        Ok(Self::of_edition(Edition::read(sources, limits)?, limits.clone()))
    }

    fn of_edition(edition: Edition, limits: Limits) -> Self {
        Self {
            now: RwLock::new(Arc::new(edition)),
            before: RwLock::default(),
            reading: tokio::sync::Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            refused: RwLock::default(),
            limits,
        }
    }

    /// The version that serves.
    pub fn edition(&self) -> Arc<Edition> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on dialogs begin on this version.
    fn install(&self, edition: Edition) {
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *now, Arc::new(edition));
        drop(now);
        self.hold(before);
    }

    /// Holds an old version ready.
    fn hold(&self, edition: Arc<Edition>) {
        let mut before = self.before.write().unwrap_or_else(PoisonError::into_inner);
        before.retain(|held| held.set != edition.set);
        before.insert(0, edition);
        before.truncate(READY);
    }

    /// The version with the tree of this hash, when it is at hand.
    fn holding(&self, hash: &str) -> Option<Arc<Edition>> {
        let now = self.edition();
        if now.graph(hash).is_some() {
            return Some(now);
        }
        let before = self.before.read().unwrap_or_else(PoisonError::into_inner);
        before.iter().find(|edition| edition.graph(hash).is_some()).cloned()
    }

    /// The tree of this hash, of whatever version: from memory, or made again of the files that the
    /// store keeps. `None` when they were let go of or mean nothing to this release.
    pub async fn graph(&self, store: &dyn Store, hash: &str) -> Result<Option<Arc<Graph>>, StoreError> {
        if let Some(edition) = self.holding(hash) {
            return Ok(edition.graph(hash).cloned());
        }
        let _one = self.reading.lock().await;
        if let Some(edition) = self.holding(hash) {
            return Ok(edition.graph(hash).cloned());
        }
        let Some(edition) = stored_edition(store, hash, &self.limits).await? else { return Ok(None) };
        let graph = edition.graph(hash).cloned();
        self.hold(Arc::new(edition));
        Ok(graph)
    }

    /// The tree for a role: the one written for it.
    pub fn of(&self, role: Option<Role>) -> Option<Arc<Graph>> {
        self.edition().of(role).cloned()
    }

    /// The tree that a dialled string reaches for a role, and the answers typed behind its code:
    /// `*483*57*1*2#` is `*483*57#` and then 1 and 2.
    pub fn dialled(&self, dialled: &str, role: Option<Role>) -> Option<(Arc<Graph>, Vec<String>)> {
        let graph = self.of(role)?;
        let code = graph.dial.as_deref()?.trim_end_matches('#');
        let rest = dialled.trim().trim_end_matches('#').strip_prefix(code);
        // Gateways that give only the short code, or a phone number in its place, mean the whole code.
        let rest = match rest {
            Some("") => "",
            Some(rest) => rest.strip_prefix('*')?,
            None => "",
        };
        let typed = rest.split('*').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Some((graph, typed))
    }

    /// A dialled string that may be kept: answers typed behind the code are counted and not told,
    /// since one of them may be a PIN.
    pub fn masked(&self, dialled: &str) -> String {
        let now = self.edition();
        let codes = now.graphs.iter().filter_map(|graph| graph.dial.as_deref());
        let code = codes.map(|code| code.trim_end_matches('#')).find(|code| dialled.starts_with(code));
        match code.map(|code| (code, dialled[code.len()..].matches('*').count())) {
            Some((code, 0)) => format!("{code}#"),
            Some((code, answers)) => format!("{code}# and {answers} answers"),
            None => "another code".to_owned(),
        }
    }

    /// Every language that people may speak here, in the order of the first tree that has it.
    pub fn langs(&self) -> Vec<Lang> {
        let mut langs: Vec<Lang> = Vec::new();
        for lang in self.edition().graphs.iter().flat_map(|graph| &graph.langs) {
            if !langs.contains(lang) {
                langs.push(*lang);
            }
        }
        langs
    }

    /// A text of the newest catalogue with its values.
    pub fn say(&self, name: &str, args: &[Value], lang: Lang) -> Result<String, String> {
        tracing::trace!(target: "sokoni::said", text = name, %lang);
        self.edition().say(name, args, lang)
    }

    /// The text that a dialog on the tree of this hash asks for: the newest, or that of the dialog's
    /// own version where the newest has none that takes these values.
    pub fn say_in(&self, graph: &str, name: &str, args: &[Value], lang: Lang) -> Result<String, String> {
        let newest = self.say(name, args, lang);
        newest.or_else(|why| match self.holding(graph) {
            Some(own) => own.say(name, args, lang).map_err(|_| why),
            None => Err(why),
        })
    }

    /// Why a text of the catalogue is sent; a screen sent as a text is a reply.
    pub fn purpose(&self, name: &str) -> Purpose {
        self.edition().catalogue.messages.get(name).map(|message| message.about).unwrap_or_default()
    }

    /// A text of the catalogue that takes nothing.
    pub fn words(&self, name: &str, lang: Lang) -> String {
        self.say(name, &[], lang).unwrap_or_else(|why| {
            tracing::error!(why, "a text is missing");
            "Sokoni".to_owned()
        })
    }
}

/// The version that the tree of this hash belongs to, made again of the files that the store keeps.
pub async fn stored_edition(
    store: &dyn Store, graph: &str, limits: &Limits,
) -> Result<Option<Edition>, StoreError> {
    let Some(sources) = stored_sources(store, graph).await? else { return Ok(None) };
    let limits = limits.clone();
    let made = tokio::task::spawn_blocking(move || Edition::again(&sources, &limits)).await;
    match made {
        Ok(Ok(edition)) => Ok(Some(edition).filter(|edition| edition.graph(graph).is_some())),
        Ok(Err(problems)) => {
            let first = problems.first().map_or("", |problem| problem.sentence.as_str());
            tracing::warn!(graph, first, "menus of before mean nothing to this release");
            Ok(None)
        }
        Err(panicked) => Err(StoreError::Malformed(panicked.to_string())),
    }
}
