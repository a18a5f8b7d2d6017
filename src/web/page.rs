//! What every page shares: rendering, and small pieces that templates show.

use super::{error::Refusal, settings::Settings, wording};
use crate::{
    engine::loans::desk::LoanDesk,
    engine::menus::desk::MenuDesk,
    engine::port::Binds,
    engine::shopfront::{PieceView, ShopError, ShopFront, Split},
    engine::tapes::desk::Dialogs,
    types::{Clock, Kes},
};
use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// What handlers are handed.
pub(super) struct Web {
    /// The engine, as the web sees it.
    pub(super) front: Arc<dyn ShopFront>,
    /// The `[http]` section.
    pub(super) settings: Settings,
    /// The moment.
    pub(super) clock: Arc<dyn Clock>,
    /// The connections to operators.
    pub(super) binds: Arc<dyn Binds>,
    /// Dialogs as they were recorded.
    pub(super) dialogs: Arc<dyn Dialogs>,
    /// The menus, for the desk.
    pub(super) menus: Option<Arc<dyn MenuDesk>>,
    /// The loans, for the desk.
    pub(super) loans: Option<Arc<dyn LoanDesk>>,
    /// Ends live pages when the house closes.
    pub(super) shutdown: CancellationToken,
    /// One permit per live page.
    pub(super) live: Arc<Semaphore>,
    /// The desk has an editor of menus.
    pub(super) has_editor: bool,
}

/// A rendered page.
pub(super) fn html(template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            let outside = Refusal::Shop(ShopError::Fault).outside();
            (outside.status, outside.title).into_response()
        }
    }
}

/// A piece as cards and headings show it.
pub(super) struct Piece<'a> {
    /// As the engine gave it.
    pub(super) view: &'a PieceView,
    /// `Brass necklace`.
    pub(super) title: String,
    /// Where its emblem is.
    pub(super) emblem: String,
}

impl<'a> From<&'a PieceView> for Piece<'a> {
    fn from(view: &'a PieceView) -> Self {
        let title = wording::piece(&view.kind, &view.stuff);
        let emblem = super::emblem::url(&view.kind, &view.stuff);
        Self { view, title, emblem }
    }
}

/// One part of a price, with its place on the bar.
pub(super) struct Part<'a> {
    /// The stable word, also the colour's name.
    pub(super) word: &'a str,
    /// Who gets it.
    pub(super) who: String,
    /// How much.
    pub(super) amount: Kes,
    /// Of a hundred.
    pub(super) percent: u32,
    /// Where it begins on the bar, of a hundred.
    pub(super) from: u32,
}

/// Who gets what of a price, ready for words and bar.
pub(super) fn parts<'a>(split: &'a Split, maker: &str) -> Vec<Part<'a>> {
    let amounts: Vec<Kes> = split.parts.iter().map(|(_, amount)| *amount).collect();
    let mut from = 0;
    split
        .parts
        .iter()
        .zip(wording::percents(&amounts))
        .map(|((word, amount), percent)| {
            let part = Part { word, who: wording::part(word, maker), amount: *amount, percent, from };
            from += percent;
            part
        })
        .collect()
}
