//! `GET /`, `/craft/{kind}` and `/material/{stuff}`: what is on sale, newest first, and the search.

use super::meta::Meta;
use crate::{
    engine::shopfront::{Aisles, Browse, Found, Spot, Term},
    types::Usd,
    web::{
        error::Refusal,
        page::{self, Piece, Web},
        tongue::{self, Reader},
    },
};
use askama::Template;
use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;
use std::sync::Arc;

/// Pieces on one page.
const PAGE: usize = 48;
/// The longest search that is read, in letters.
const LONGEST_SEARCH: usize = 80;
/// The dearest price that somebody can mean, in dollars.
const DEAREST: i64 = 1_000_000;

/// What is looked for; an empty word means any.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    q: String,
    kind: String,
    material: String,
    from: String,
    to: String,
    /// Only what stands behind this spot.
    before: String,
}

impl Wanted {
    fn is_narrow(&self) -> bool {
        [&self.q, &self.kind, &self.material, &self.from, &self.to].iter().any(|word| !word.is_empty())
    }

    /// Craft and material alone, which have pages of their own.
    fn is_plain(&self) -> bool {
        [&self.q, &self.from, &self.to].iter().all(|word| word.is_empty())
    }

    fn browse(&self, aisles: &Aisles) -> Browse {
        let typed: String = self.q.chars().take(LONGEST_SEARCH).collect();
        let mut terms = tongue::terms(&typed, aisles);
        if !self.kind.is_empty() {
            terms.push(vec![Term::Kind(self.kind.clone())]);
        }
        if !self.material.is_empty() {
            terms.push(vec![Term::Stuff(self.material.clone())]);
        }
        let (least, most) = match (dollars(&self.from), dollars(&self.to)) {
            // Typed the other way round.
            (Some(from), Some(to)) if from > to => (Some(to), Some(from)),
            both => both,
        };
        Browse { terms, least, most, before: self.before.parse().ok(), limit: PAGE }
    }

    /// What was typed as a price and is none.
    fn bad_price(&self) -> Option<&str> {
        let is_bad = |text: &&str| !text.trim().is_empty() && dollars(text).is_none();
        [self.from.as_str(), self.to.as_str()].into_iter().find(is_bad)
    }

    /// Whether engines may keep the page: not the answer to a search, of which there is no end, and not a
    /// craft or material of which nothing is on sale.
    fn is_for_engines(&self, aisles: &Aisles) -> bool {
        let known = |word: &String, all: &[String]| word.is_empty() || all.contains(word);
        self.is_plain() && known(&self.kind, &aisles.kinds) && known(&self.material, &aisles.stuffs)
    }

    /// The address of what is found behind a spot; of the newest without one.
    fn address(&self, before: Option<Spot>) -> String {
        let (page, pairs) = match (self.is_plain(), self.kind.as_str(), self.material.as_str()) {
            (true, kind, "") if !kind.is_empty() => (format!("/craft/{}", encoded(kind)), vec![]),
            (true, "", stuff) if !stuff.is_empty() => (format!("/material/{}", encoded(stuff)), vec![]),
            _ => {
                let all = [
                    ("q", &self.q),
                    ("kind", &self.kind),
                    ("material", &self.material),
                    ("from", &self.from),
                    ("to", &self.to),
                ];
                ("/".to_owned(), all.into_iter().filter(|(_, word)| !word.is_empty()).collect())
            }
        };
        let pairs = pairs.into_iter().map(|(name, word)| format!("{name}={}", encoded(word)));
        let pairs: Vec<String> = pairs.chain(before.map(|spot| format!("before={spot}"))).collect();
        if pairs.is_empty() { page } else { format!("{page}?{}", pairs.join("&")) }
    }
}

/// A word as it stands in an address (RFC 3986 section 2.3).
pub(in crate::web) fn encoded(word: &str) -> String {
    let octet = |octet: u8| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(octet).to_string(),
        octet => format!("%{octet:02X}"),
    };
    word.bytes().map(octet).collect()
}

/// Dollars as somebody typed them: `12`, `12.50`, `12,5`.
fn dollars(text: &str) -> Option<Usd> {
    let text = text.trim().trim_start_matches('$').trim_start().replace(',', ".");
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    if part.len() > 2 || !digits(part) || !digits(whole) {
        return None;
    }
    let whole: i64 = whole.parse().ok().filter(|whole| *whole <= DEAREST)?;
    let cents: i64 = format!("{part:0<2}").parse().ok()?;
    Some(Usd::minor(whole * 100 + cents))
}

#[derive(Template)]
#[template(path = "home.html", config = "src/web/askama.toml")]
struct Home<'a> {
    t: &'a Reader,
    meta: Meta,
    /// What a page of one craft or material is headed by.
    heading: Option<String>,
    pieces: Vec<Piece<'a>>,
    /// How many there are, when this page shows all of them.
    found: Option<usize>,
    wanted: &'a Wanted,
    /// What is wrong with a price.
    bad_price: Option<String>,
    /// Word and label of each kind, one and many, and of each material on sale.
    kinds: Vec<(&'a str, String)>,
    crafts: Vec<(&'a str, String)>,
    materials: Vec<(&'a str, String)>,
    first: Option<String>,
    further: Option<String>,
}

/// Shows what is on sale.
pub(crate) async fn show(
    State(web): State<Arc<Web>>, t: Reader, query: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Refusal> {
    let wanted = query.map(|Query(wanted)| wanted).unwrap_or_default();
    draw(&web, &t, wanted).await
}

/// Shows pieces of one kind.
pub(crate) async fn craft(
    State(web): State<Arc<Web>>, t: Reader, Path(kind): Path<String>,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Wanted { before, .. } = query.map(|Query(wanted)| wanted).unwrap_or_default();
    draw(&web, &t, Wanted { kind, before, ..Wanted::default() }).await
}

/// Shows pieces of one material.
pub(crate) async fn material(
    State(web): State<Arc<Web>>, t: Reader, Path(material): Path<String>,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Wanted { before, .. } = query.map(|Query(wanted)| wanted).unwrap_or_default();
    draw(&web, &t, Wanted { material, before, ..Wanted::default() }).await
}

async fn draw(web: &Web, t: &Reader, wanted: Wanted) -> Result<Response, Refusal> {
    let aisles = web.front.aisles().await?;
    let Found { pieces, further } = web.front.browse(wanted.browse(&aisles)).await?;
    let (heading, mut meta) = headed(web, t, &wanted, &aisles);
    meta.hidden = !wanted.is_for_engines(&aisles);
    let before: Option<Spot> = wanted.before.parse().ok();
    let label = |words: &'_ [String], label: &dyn Fn(&str) -> String| -> Vec<(String, String)> {
        words.iter().map(|word| (word.clone(), label(word))).collect()
    };
    let (kinds, crafts) = (label(&aisles.kinds, &|w| t.kind(w)), label(&aisles.kinds, &|w| t.kinds(w)));
    let materials = label(&aisles.stuffs, &|w| t.stuff(w));
    fn by_ref(pairs: &[(String, String)]) -> Vec<(&str, String)> {
        pairs.iter().map(|(word, label)| (word.as_str(), label.clone())).collect()
    }
    Ok(page::html(&Home {
        t,
        meta,
        heading,
        found: (before.is_none() && further.is_none()).then_some(pieces.len()),
        pieces: pieces.iter().map(|piece| Piece::new(piece, t.tongue)).collect(),
        kinds: by_ref(&kinds),
        crafts: by_ref(&crafts),
        materials: by_ref(&materials),
        first: before.map(|_| wanted.address(None)),
        further: further.map(|spot| wanted.address(Some(spot))),
        bad_price: wanted.bad_price().map(|typed| t.bad_price(typed)),
        wanted: &wanted,
    }))
}

/// The heading of the page, and what it says of itself.
fn headed(web: &Web, t: &Reader, wanted: &Wanted, aisles: &Aisles) -> (Option<String>, Meta) {
    let meta = |title: String, about: String| Meta::new(web, wanted.address(None), title, about);
    match (wanted.is_plain(), wanted.kind.as_str(), wanted.material.as_str()) {
        (true, "", "") => {
            let meta = meta(t.home_title().to_owned(), t.site_about().to_owned()).home();
            (None, meta)
        }
        (true, kind, "") => {
            let heading = t.kinds(kind);
            let stuffs: Vec<String> =
                aisles.stuffs.iter().map(|word| tongue::lower(&t.stuff(word))).collect();
            let about = t.kind_about(&heading, stuffs.join(", "));
            (Some(heading.clone()), meta(format!("{heading} · Sokoni"), about))
        }
        (true, "", stuff) => {
            let label = t.stuff(stuff);
            let heading = t.stuff_title(tongue::lower(&label));
            (Some(heading), meta(format!("{label} · Sokoni"), t.stuff_about(tongue::lower(&label))))
        }
        (_, kind, stuff) => {
            let mut said = Vec::new();
            if !wanted.q.is_empty() {
                said.push(wanted.q.chars().take(LONGEST_SEARCH).collect());
            }
            if !kind.is_empty() {
                said.push(t.kinds(kind));
            }
            if !stuff.is_empty() {
                said.push(t.stuff(stuff));
            }
            let heading = if said.is_empty() { t.search().to_owned() } else { said.join(", ") };
            (Some(heading.clone()), meta(format!("{heading} · Sokoni"), t.site_about().to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_read_as_people_write_them() {
        for (text, cents) in [("12", 1_200), (" $12.5 ", 1_250), ("12,50", 1_250), ("0.05", 5)] {
            assert_eq!(dollars(text), Some(Usd::minor(cents)), "{text}");
        }
        for no in ["", "-1", "1.234", "many", "1 000", "99999999999999999999", "+5"] {
            assert_eq!(dollars(no), None, "{no}");
        }
    }

    #[test]
    fn an_address_says_no_more_than_what_is_looked_for() {
        let spot = "1763800000000-10019".parse().ok();
        let wanted = |kind: &str, material: &str, q: &str| Wanted {
            kind: kind.to_owned(),
            material: material.to_owned(),
            q: q.to_owned(),
            ..Wanted::default()
        };
        assert_eq!(wanted("", "", "").address(None), "/");
        assert_eq!(wanted("ring", "", "").address(spot), "/craft/ring?before=1763800000000-10019");
        assert_eq!(wanted("", "bone", "").address(None), "/material/bone");
        assert_eq!(wanted("ring", "", "é & co").address(None), "/?q=%C3%A9%20%26%20co&kind=ring");
    }
}
