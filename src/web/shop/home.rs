//! `GET /`: the pieces on sale, by kind, material and maker.

use crate::{
    engine::shopfront::PieceView,
    web::{
        error::Refusal,
        page::{self, Piece, Web},
        wording,
    },
};
use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Pieces on one page.
const PAGE: usize = 48;

/// What is looked for; an empty word means any.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    kind: String,
    material: String,
    maker: String,
    page: String,
}

impl Wanted {
    fn fits(&self, piece: &PieceView) -> bool {
        let any_or = |wanted: &str, word: &str| wanted.is_empty() || wanted == word;
        any_or(&self.kind, &piece.kind)
            && any_or(&self.material, &piece.stuff)
            && any_or(&self.maker, &piece.maker)
    }

    fn is_narrow(&self) -> bool {
        !(self.kind.is_empty() && self.material.is_empty() && self.maker.is_empty())
    }
}

#[derive(Template)]
#[template(path = "home.html", config = "src/web/askama.toml")]
struct Home<'a> {
    pieces: Vec<Piece<'a>>,
    found: usize,
    wanted: &'a Wanted,
    /// Word and label of each kind, material and maker on sale.
    kinds: BTreeMap<&'a str, String>,
    materials: BTreeMap<&'a str, String>,
    makers: BTreeSet<&'a str>,
    before: Option<usize>,
    after: Option<usize>,
}

/// Shows what is on sale.
pub(crate) async fn show(
    State(web): State<Arc<Web>>, query: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Refusal> {
    let wanted = query.map(|Query(wanted)| wanted).unwrap_or_default();
    let all = web.front.pieces().await?;
    let fitting: Vec<&PieceView> = all.iter().filter(|piece| wanted.fits(piece)).collect();
    let last = fitting.len().div_ceil(PAGE).max(1);
    let at = wanted.page.parse().unwrap_or(1).clamp(1, last);
    let shown = fitting.iter().skip((at - 1) * PAGE).take(PAGE);
    Ok(page::html(&Home {
        pieces: shown.map(|piece| Piece::from(*piece)).collect(),
        found: fitting.len(),
        wanted: &wanted,
        kinds: all.iter().map(|p| (p.kind.as_str(), wording::kind(&p.kind))).collect(),
        materials: all.iter().map(|p| (p.stuff.as_str(), wording::stuff(&p.stuff))).collect(),
        makers: all.iter().map(|p| p.maker.as_str()).collect(),
        before: (at > 1).then(|| at - 1),
        after: (at < last).then_some(at + 1),
    }))
}
