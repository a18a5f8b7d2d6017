//! `GET /maker/{page}`: a maker, by her first name and the place where she works, and what she has on sale.
//! Nothing else that we know of her is shown.

use super::meta::Meta;
use crate::{
    engine::shopfront::{Browse, Found, MakerView, ShopError, Spot, Term},
    web::{
        error::Refusal,
        page::{self, Piece, Story, Web},
        tongue::{self, Reader},
    },
};
use askama::Template;
use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;
use std::{collections::BTreeSet, sync::Arc};

/// Pieces on one page.
const PAGE: usize = 48;
/// The longest name of a page that is looked up.
const LONGEST_PAGE: usize = 32;

/// Which of her pieces.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    before: String,
}

#[derive(Template)]
#[template(path = "maker.html", config = "src/web/askama.toml")]
struct MakerPage<'a> {
    t: &'a Reader,
    meta: Meta,
    maker: &'a MakerView,
    /// Of what her pieces are made.
    stuffs: Option<String>,
    pieces: Vec<Piece<'a>>,
    story: Option<Story>,
    first: Option<String>,
    further: Option<String>,
}

/// Shows a maker.
pub(crate) async fn show(
    State(web): State<Arc<Web>>, t: Reader, Path(page): Path<String>,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Refusal> {
    if page.len() > LONGEST_PAGE {
        return Err(ShopError::NotFound.into());
    }
    let maker = web.front.maker(page).await?;
    let before: Option<Spot> = query.ok().and_then(|Query(wanted)| wanted.before.parse().ok());
    let terms = vec![vec![Term::Maker(maker.id)]];
    let wish = Browse { terms, before, limit: PAGE, ..Browse::default() };
    let Found { pieces, further } = web.front.browse(wish).await?;
    let kinds: BTreeSet<String> = pieces.iter().map(|piece| tongue::lower(&t.kinds(&piece.kind))).collect();
    let stuffs: BTreeSet<String> = pieces.iter().map(|piece| tongue::lower(&t.stuff(&piece.stuff))).collect();
    let list = |words: BTreeSet<String>| words.into_iter().collect::<Vec<_>>().join(", ");
    let about = match kinds.is_empty() {
        true => t.maker_about_none(&maker.name, &maker.place),
        false => t.maker_about(&maker.name, &maker.place, list(kinds)),
    };
    let here = format!("/maker/{}", maker.page);
    Ok(page::html(&MakerPage {
        t: &t,
        meta: Meta::of_maker(&web, &t, &maker, about),
        maker: &maker,
        story: maker
            .story
            .as_ref()
            .filter(|_| before.is_none())
            .map(|story| Story::new(story, &maker.name, t.tongue)),
        stuffs: (!stuffs.is_empty()).then(|| list(stuffs)),
        pieces: pieces.iter().map(|piece| Piece::new(piece, t.tongue)).collect(),
        first: before.map(|_| here.clone()),
        further: further.map(|spot| format!("{here}?before={spot}")),
    }))
}
