//! What every page shares: rendering, and small pieces that templates show.

use super::{
    api::door::Gate,
    api::hooks::Hooks,
    desk::knocks::Knocks,
    desk::sheets::Taken,
    error::Refusal,
    people::People,
    settings::Settings,
    tongue::{Reader, Tongue},
    wording,
};
use crate::{
    engine::bulk::front::BulkFront,
    engine::cart::CartFront,
    engine::depot::desk::DepotDesk,
    engine::desk::{OperatorDesk, door::Door},
    engine::kiosks::desk::KioskDesk,
    engine::loans::desk::LoanDesk,
    engine::menus::desk::MenuDesk,
    engine::orders::desk::OrderDesk,
    engine::orders::partners::PartnerDesk,
    engine::orders::wishes::ShopperDesk,
    engine::photos::front::{PhotoFront, PhotoView},
    engine::port::Binds,
    engine::shopfront::{PieceView, ShopError, ShopFront, Split},
    engine::story::StoryView,
    engine::tapes::desk::Dialogs,
    photos::{Studio, WIDTHS},
    types::{Clock, Kes},
    wire::address::Network,
};
use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// What photographs need: the files, and the engine as their senders see it.
#[derive(Clone)]
pub struct Photos {
    /// The files.
    pub studio: Arc<Studio>,
    /// The engine.
    pub front: Arc<dyn PhotoFront>,
}

/// What handlers are handed.
pub(super) struct Web {
    /// The engine, as the web sees it.
    pub(super) front: Arc<dyn ShopFront>,
    /// The `[http]` section.
    pub(super) settings: Settings,
    /// Everybody who may come to the desk.
    pub(super) people: People,
    /// The door of the desk: sessions, passwords, tries.
    pub(super) door: Arc<Door>,
    /// Who asks the desk too often without being let in.
    pub(super) knocks: Knocks,
    /// Who read which list of the desk by a program.
    pub(super) taken: Taken,
    /// From where keys of the desk come that are none.
    pub(super) wrong_keys: Knocks,
    /// Who may call the API, and how often.
    pub(super) api: Gate,
    /// Addresses of partners that are told what happens.
    pub(super) hooks: Option<Hooks>,
    /// Whom our proxies name is believed.
    pub(super) proxies: Vec<Network>,
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
    /// The depot, for the desk.
    pub(super) depot: Option<Arc<dyn DepotDesk>>,
    /// The kiosks, for the desk.
    pub(super) kiosks: Option<Arc<dyn KioskDesk>>,
    /// What operators do by name.
    pub(super) operators: Option<Arc<dyn OperatorDesk>>,
    /// Many pieces at once, for the shop and the desk.
    pub(super) bulk: Option<Arc<dyn BulkFront>>,
    /// Several pieces, paid at once.
    pub(super) cart: Option<Arc<dyn CartFront>>,
    /// Orders of partners' programs.
    pub(super) partners: Option<Arc<dyn PartnerDesk>>,
    /// The orders, for the desk.
    pub(super) orders: Option<Arc<dyn OrderDesk>>,
    /// What shoppers do about their orders.
    pub(super) shoppers: Option<Arc<dyn ShopperDesk>>,
    /// Photographs, and who may send them.
    pub(super) photos: Option<Photos>,
    /// Ends live pages when the house closes.
    pub(super) shutdown: CancellationToken,
    /// One permit per live page.
    pub(super) live: Arc<Semaphore>,
    /// One permit per reader of a feed.
    pub(super) feeds: Arc<Semaphore>,
    /// The desk has an editor of menus.
    pub(super) has_editor: bool,
}

impl Web {
    /// Why nothing can be bought now, if so. The desk says why in English, and in the languages of the makers.
    pub(super) fn closed(&self, t: &Reader) -> Option<String> {
        let why = self.front.closed()?;
        Some(if t.tongue == Tongue::En { why } else { t.closed_why().to_owned() })
    }
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
    /// Its first photograph.
    pub(super) photo: Option<Shown>,
    /// The others.
    pub(super) further: Vec<Shown>,
    /// Where its emblem is, for where there is no photograph.
    pub(super) emblem: String,
}

/// A photograph as a page shows it.
pub(super) struct Shown {
    /// What it shows, for those who do not see it.
    pub(super) alt: String,
    /// Where its middle size is.
    pub(super) src: String,
    /// Where its smallest is.
    pub(super) small: String,
    /// Where its largest is.
    pub(super) large: String,
    /// Every size with its width, for the browser to choose from.
    pub(super) srcset: String,
    /// Those that are light, for phones: their fine screens would have them take the largest.
    pub(super) light: String,
    /// How wide the largest is.
    pub(super) width: u32,
    /// How high.
    pub(super) height: u32,
    /// What is shown until it has come: column, row, colour.
    pub(super) tints: Vec<(usize, usize, String)>,
}

impl Shown {
    fn new(photo: &PhotoView, alt: String) -> Self {
        let url = |width: u32| super::upload::serve::url(photo.name, width);
        let mut sizes: Vec<(u32, u32)> =
            WIDTHS.iter().map(|width| (*width, photo.width.min(*width))).collect();
        sizes.dedup_by_key(|(_, real)| *real);
        let named = |(width, real): &(u32, u32)| format!("{} {real}w", url(*width));
        let srcset: Vec<String> = sizes.iter().map(named).collect();
        let light: Vec<String> = sizes.iter().filter(|(width, _)| *width <= WIDTHS[1]).map(named).collect();
        let colours = photo.tints.as_bytes().chunks_exact(6).take(9).enumerate();
        let tint =
            |(at, colour): (usize, &[u8])| (at % 3, at / 3, format!("#{}", String::from_utf8_lossy(colour)));
        Self {
            alt,
            src: url(WIDTHS[1]),
            small: url(WIDTHS[0]),
            large: url(WIDTHS[2]),
            srcset: srcset.join(", "),
            light: light.join(", "),
            width: photo.width,
            height: photo.height,
            tints: colours.map(tint).collect(),
        }
    }
}

/// A maker's story as a page shows it.
pub(super) struct Story {
    pub(super) title: String,
    pub(super) photo: Option<Shown>,
    /// Its paragraphs.
    pub(super) lines: Vec<String>,
    /// What it is written in, where that is not the page's own language.
    pub(super) lang: Option<&'static str>,
}

impl Story {
    /// A story in a language, or in English where nobody has written it in that.
    pub(super) fn new(view: &StoryView, maker: &str, t: Tongue) -> Self {
        let own = t == Tongue::Fr && !view.fr.is_empty();
        let text = if own { &view.fr } else { &view.en };
        Self {
            title: t.story_of(maker),
            photo: view.photo.as_ref().map(|photo| Shown::new(photo, t.portrait(maker))),
            lines: text.lines().map(str::to_owned).collect(),
            lang: (t == Tongue::Fr && !own).then_some("en"),
        }
    }
}

impl<'a> Piece<'a> {
    /// A piece as it is shown in a language.
    pub(super) fn new(view: &'a PieceView, t: Tongue) -> Self {
        let title = t.piece(&view.kind, &view.stuff);
        let emblem = super::emblem::url(&view.kind, &view.stuff);
        let mut photos = view.photos.iter().enumerate().map(|(at, photo)| {
            let by = t.piece_by(&title, &view.maker);
            let alt = if at == 0 { by } else { t.picture(by, at + 1) };
            Shown::new(photo, alt)
        });
        let (photo, further) = (photos.next(), photos.collect());
        Self { view, title, photo, further, emblem }
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

/// Who gets what of the price of many pieces, which several may make.
pub(super) fn parts_of_many(split: &Split, t: Tongue) -> Vec<Part<'_>> {
    let who = |part: &Part<'_>| (part.word == "maker").then(|| t.the_makers().to_owned());
    parts(split, "", t).into_iter().map(|part| Part { who: who(&part).unwrap_or(part.who), ..part }).collect()
}

/// Who gets what of a price, ready for words and bar.
pub(super) fn parts<'a>(split: &'a Split, maker: &str, t: Tongue) -> Vec<Part<'a>> {
    let amounts: Vec<Kes> = split.parts.iter().map(|(_, amount)| *amount).collect();
    let mut from = 0;
    split
        .parts
        .iter()
        .zip(wording::percents(&amounts))
        .map(|((word, amount), percent)| {
            let part = Part { word, who: t.part(word, maker), amount: *amount, percent, from };
            from += percent;
            part
        })
        .collect()
}
