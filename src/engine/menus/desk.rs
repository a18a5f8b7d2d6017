//! What the desk shows of the menus, and what it may do with them.

use super::change::{self, Change, Outcome, Refused};
use super::{Menus, Sources, sweep};
use crate::engine::desk::Who;
use crate::engine::shopfront::ShopError;
use crate::store::{Store, StoreError};
use futures_util::future::BoxFuture;
use serde::Serialize;
use std::sync::Arc;

/// The menus as they stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MenusView {
    /// The version that serves: the hash of its files.
    pub version: String,
    /// Its trees, by name.
    pub trees: Vec<String>,
    /// Blocks in all trees.
    pub blocks: usize,
    /// Texts of the catalogue.
    pub texts: usize,
    /// The folder that is watched; none when the menus of the release serve.
    pub folder: Option<String>,
    /// The files say otherwise: a step back holds until they change.
    pub held: bool,
    /// The version that a step back puts live.
    pub former: Option<String>,
    /// The last changes, newest first.
    pub history: Vec<Change>,
    /// What was refused last, unless sound files were read since.
    pub refused: Option<Arc<Refused>>,
}

/// What the desk calls.
pub trait MenuDesk: Send + Sync + 'static {
    /// The menus as they stand.
    fn menus(&self) -> BoxFuture<'_, Result<MenusView, ShopError>>;
    /// The files that serve, by name and text.
    fn files(&self) -> Sources;
    /// Reads the files now.
    fn reload(&self, by: Who) -> BoxFuture<'_, Result<Outcome, ShopError>>;
    /// Puts the version live that served before `from`, if `from` serves.
    fn roll_back(&self, by: Who, from: String) -> BoxFuture<'_, Result<Outcome, ShopError>>;
}

impl Menus {
    /// The menus as they stand.
    pub async fn view(&self, store: &dyn Store, folder: Option<String>) -> Result<MenusView, StoreError> {
        let live = change::live(store).await?;
        let mut history = sweep::history(store).await?;
        history.reverse();
        history.truncate(sweep::LAST);
        let edition = self.edition();
        Ok(MenusView {
            version: edition.set.clone(),
            trees: edition.graphs.iter().map(|graph| graph.name.clone()).collect(),
            blocks: edition.graphs.iter().map(|graph| graph.nodes.len()).sum(),
            texts: edition.catalogue.messages.len(),
            folder,
            held: live.is_some_and(|live| live.offered != live.set),
            former: history.first().and_then(|change| change.before.clone()),
            history,
            refused: self.refused(),
        })
    }
}
