//! Recorded dialogs as somebody looks at them: a page of them, newest first, and one screen by screen.

use super::export::{TapePage, TapesWish, told};
use super::{newest, read};
pub use crate::dialog::tape::stats::{Job as JobStats, Screen as ScreenStats, Stats};
use crate::dialog::tape::{
    Event, Follows, Tape, Turn, Walk,
    play::verify,
    stats::{Count, OPEN_FOR},
};
use crate::engine::messages::desk::{Wanted, find, names, shown};
use crate::engine::messages::without_once;
use crate::engine::shopfront::{DeskMessage, MessagesWish, ShopError};
use crate::engine::work::Fault;
use crate::engine::{Engine, tapes::Reel};
use crate::gsm::fit;
use crate::menu::graph::Graph;
use crate::store::{Store, keys};
use crate::types::{DialogId, Lang, Msisdn, Timestamp};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Dialogs of a page.
const PAGE: usize = 50;
/// Dialogs looked at for one page: a wish that few fulfil must not make a page slow.
const LOOKED_AT: usize = 1_000;
/// Texts are shown with a dialog until so long after its last turn.
const AFTER: Duration = Duration::from_secs(600);
/// Texts to and from a phone that are looked at for one dialog.
const TEXTS: usize = 200;

/// Which dialogs are wanted, as somebody typed it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct DialogsWish {
    /// Only those of this phone.
    pub phone: Option<String>,
    /// Only those in this state: `open`, `ended`, `left`.
    pub state: Option<String>,
    /// Only those before this one: `older` of the page before.
    pub before: Option<String>,
}

/// A dialog in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DialogLine {
    /// Names it.
    pub id: String,
    /// Whose phone.
    pub phone: String,
    /// Who has this phone, by name.
    pub who: Option<String>,
    /// The gateway it came over.
    pub gateway: String,
    /// The tree, by name.
    pub tree: String,
    /// The tree, by its hash.
    pub graph: String,
    /// When it began.
    pub begun: Timestamp,
    /// When something last happened.
    pub last: Timestamp,
    /// `open`, `ended` (its last text was shown) or `left`.
    pub state: String,
    /// The block it came to.
    pub at: String,
    /// Screens shown.
    pub screens: u64,
    /// Parts of SMS it brought her.
    pub sms_parts: u64,
    /// Actions that changed something, with their outcomes.
    pub did: Vec<String>,
}

/// A turn of a dialog as it is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DialogStep {
    /// When.
    pub at: Timestamp,
    /// Milliseconds since the turn before.
    pub after_ms: u64,
    /// `dials`, `redials`, `presses`, `texts`, `pushed`, `cut`, `again`, `reminded`, `account`.
    pub what: String,
    /// What was typed or said; stars for what may be a PIN.
    pub typed: String,
    /// It was not understood, or part of it.
    pub refused: bool,
    /// The screen that came of it.
    pub screen: Option<DialogScreen>,
    /// Actions with their outcomes.
    pub outcomes: Vec<String>,
    /// The SMS it sent her, by its name, and its parts.
    pub sms: Option<(String, u16)>,
    /// Texts to and from her phone, from here to the next turn.
    pub messages: Vec<DeskMessage>,
}

/// A screen as her phone showed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DialogScreen {
    /// The block.
    pub block: String,
    /// The language.
    pub lang: Lang,
    /// The text.
    pub text: String,
    /// Its length in septets; none where it is sent as UCS-2.
    pub septets: Option<usize>,
    /// Septets that a screen could have.
    pub limit: u16,
    /// It was the last text.
    pub last: bool,
}

/// A dialog screen by screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DialogView {
    /// In one line.
    #[serde(flatten)]
    pub line: DialogLine,
    /// Turn by turn.
    pub steps: Vec<DialogStep>,
    /// Whether the machine shows the same today on the menus it was recorded with: `same`, how it
    /// differs, or that these menus are no longer there.
    pub proof: String,
}

/// A page of dialogs, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DialogPage {
    /// The page.
    pub rows: Vec<DialogLine>,
    /// Where the next page begins; none when there are no more.
    pub older: Option<String>,
}

/// What the desk asks about recorded dialogs.
pub trait Dialogs: Send + Sync + 'static {
    /// A page of dialogs, newest first, phones masked.
    fn dialogs(&self, wish: DialogsWish) -> BoxFuture<'_, Result<DialogPage, ShopError>>;
    /// One dialog screen by screen, its phone masked.
    fn dialog(&self, id: String) -> BoxFuture<'_, Result<DialogView, ShopError>>;
    /// What the dialogs of the last so many days add up to.
    fn dialog_stats(&self, days: u32) -> BoxFuture<'_, Result<Stats, ShopError>>;
    /// A page of dialogs as they were recorded, the oldest first.
    fn tapes(&self, wish: TapesWish) -> BoxFuture<'_, Result<TapePage, ShopError>>;
}

/// Where nothing is recorded.
impl Dialogs for () {
    fn dialogs(&self, _: DialogsWish) -> BoxFuture<'_, Result<DialogPage, ShopError>> {
        Box::pin(async { Ok(DialogPage::default()) })
    }
    fn dialog(&self, _: String) -> BoxFuture<'_, Result<DialogView, ShopError>> {
        Box::pin(async { Err(ShopError::NotFound) })
    }
    fn dialog_stats(&self, _: u32) -> BoxFuture<'_, Result<Stats, ShopError>> {
        Box::pin(async { Ok(Stats::default()) })
    }
    fn tapes(&self, _: TapesWish) -> BoxFuture<'_, Result<TapePage, ShopError>> {
        Box::pin(async { Ok(TapePage::default()) })
    }
}

/// A wish that was understood.
#[derive(Debug, Clone, Default)]
pub struct WantedDialogs {
    /// Only those of this phone.
    pub phone: Option<Msisdn>,
    /// Only those in this state.
    pub state: Option<String>,
    /// Only those before this one.
    pub before: Option<DialogId>,
    /// Only those that began since.
    pub since: Option<Timestamp>,
    /// At most so many.
    pub limit: Option<usize>,
}

impl WantedDialogs {
    /// Reads a wish as it was typed.
    ///
    /// # Errors
    /// The first field that means nothing.
    pub fn read(wish: &DialogsWish) -> Result<Self, ShopError> {
        let typed = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let of_phone = MessagesWish { phone: wish.phone.clone(), ..MessagesWish::default() };
        let state = typed(&wish.state);
        if state.as_deref().is_some_and(|state| !["open", "ended", "left"].contains(&state)) {
            let why = "choose one of open, ended, left".to_owned();
            return Err(ShopError::Field { field: "state", why });
        }
        let id = |text: String| {
            let why = || "take it from \"older\" of the page before".to_owned();
            text.parse().map_err(|_| ShopError::Field { field: "before", why: why() })
        };
        Ok(Self {
            phone: Wanted::read(&of_phone)?.phone,
            state,
            before: typed(&wish.before).map(id).transpose()?,
            since: None,
            limit: None,
        })
    }
}

/// The dialogs that are wanted, as they stand at `now`, newest first, and the one to go on before.
pub async fn list(
    store: &dyn Store, now: Timestamp, wanted: &WantedDialogs,
) -> Result<(Vec<Tape>, Option<DialogId>), Fault> {
    let limit = wanted.limit.unwrap_or(PAGE);
    let (mut found, mut before, mut looked_at) = (Vec::new(), wanted.before, 0);
    while looked_at < LOOKED_AT.max(limit) {
        let Some(tape) = newest(store, wanted.phone, before, 1).await?.pop() else {
            return Ok((found, None));
        };
        looked_at += 1;
        let begun = tape.id.moment().unwrap_or_else(|| tape.span().0);
        if wanted.since.is_some_and(|since| begun < since) {
            return Ok((found, None));
        }
        if found.len() == limit {
            return Ok((found, before));
        }
        before = Some(tape.id);
        if wanted.state.as_deref().is_none_or(|state| state_of(&tape, now) == state) {
            found.push(tape);
        }
    }
    Ok((found, before))
}

fn state_of(tape: &Tape, now: Timestamp) -> &'static str {
    let cut = matches!(tape.turns.last().map(|turn| &turn.event), Some(Event::Cut(_)));
    match tape.is_over() {
        true => "ended",
        false if !cut && now.since(tape.span().1) <= OPEN_FOR => "open",
        false => "left",
    }
}

/// A dialog in one line; `phone` as its reader may see it.
pub fn line(tape: &Tape, phone: String, who: Option<String>, now: Timestamp) -> DialogLine {
    let head = tape.head();
    let (begun, last) = tape.span();
    let parts = |turn: &Turn| match (&turn.event, &turn.walk) {
        (Event::Reminded(sms), _) | (_, Some(Walk { sms: Some(sms), .. })) => u64::from(sms.parts),
        _ => 0,
    };
    let walks = || tape.walks().map(|(_, walk)| walk);
    let changes = walks().flat_map(Walk::outcomes).filter(|(_, _, once)| *once);
    DialogLine {
        id: tape.id.to_string(),
        phone,
        who,
        gateway: head.map(|head| head.gateway.clone()).unwrap_or_default(),
        tree: head.map(|head| head.tree.clone()).unwrap_or_default(),
        graph: head.map(|head| head.graph.clone()).unwrap_or_default(),
        begun,
        last,
        state: state_of(tape, now).to_owned(),
        at: walks().last().map(|walk| walk.block.clone()).unwrap_or_default(),
        screens: walks().count() as u64,
        sms_parts: tape.turns.iter().map(parts).sum(),
        did: changes.map(|(action, outcome, _)| format!("{action}: {outcome}")).collect(),
    }
}

/// A turn as it is looked at; `dial` is the code of its tree, where that is known.
pub fn step(turn: &Turn, before: Timestamp, dial: Option<&str>) -> DialogStep {
    let dialled = |typed: &[String]| {
        let code = dial.unwrap_or("*").trim_end_matches('#');
        let answers: String = typed.iter().map(|answer| format!("*{answer}")).collect();
        format!("{code}{answers}#")
    };
    let (what, typed) = match &turn.event {
        Event::Begun { typed, .. } => ("dials", dialled(typed)),
        Event::Redialled { typed, .. } => ("redials", dialled(typed)),
        Event::Pushed { block, .. } => ("pushed", block.clone()),
        Event::Key(typed) => ("presses", typed.clone()),
        Event::Text(typed) => ("texts", typed.clone()),
        Event::Cut(word) => ("cut", word.clone()),
        Event::Again => ("again", String::new()),
        Event::Reminded(Follows { name, .. }) => ("reminded", name.clone()),
        Event::Account(lines) => {
            let words: Vec<String> = lines.iter().map(|(name, value)| format!("{name} {value}")).collect();
            ("account", words.join(", "))
        }
    };
    let sms = match (&turn.event, &turn.walk) {
        (Event::Reminded(sms), _) | (_, Some(Walk { sms: Some(sms), .. })) => Some(sms),
        _ => None,
    };
    let walk = turn.walk.as_ref();
    let outcome = |(action, outcome, _): (&str, &str, bool)| format!("{action}: {outcome}");
    DialogStep {
        at: turn.at,
        after_ms: u64::try_from(turn.at.since(before).as_millis()).unwrap_or(u64::MAX),
        what: what.to_owned(),
        typed: without_once(&typed),
        refused: walk.is_some_and(|walk| walk.refused),
        screen: walk.map(|walk| screen(walk, &walk.screen, &walk.block, walk.ended)),
        outcomes: walk.into_iter().flat_map(|walk| walk.outcomes().map(outcome)).collect(),
        sms: sms.map(|sms| (sms.name.clone(), sms.parts)),
        messages: Vec::new(),
    }
}

/// A screen as it is looked at, with the surroundings of a walk.
pub fn screen(walk: &Walk, text: &str, block: &str, last: bool) -> DialogScreen {
    DialogScreen {
        block: block.to_owned(),
        lang: walk.lang,
        septets: fit::septets(text),
        text: without_once(text),
        limit: walk.limit,
        last,
    }
}

/// A dialog turn by turn, with the texts to and from its phone beside it.
pub async fn view(
    store: &dyn Store, tape: &Tape, graph: Option<&Graph>, phone: impl Fn(Msisdn) -> String, now: Timestamp,
) -> Result<DialogView, Fault> {
    let dial = graph.and_then(|graph| graph.dial.as_deref());
    let mut before = tape.span().0;
    let mut steps = Vec::with_capacity(tape.turns.len());
    for turn in &tape.turns {
        steps.push(step(turn, before, dial));
        before = turn.at;
    }
    let of = tape.head().map(|head| head.phone);
    let who = names(store, of.into_iter()).await?.into_values().next().filter(|name| !name.is_empty());
    if let Some(msisdn) = of {
        let (begun, last) = tape.span();
        let end = keys::message(last.after(AFTER), b"\xff")[1..].to_vec();
        let wanted =
            Wanted { phone: Some(msisdn), limit: Some(TEXTS), before: Some(end), state: None, parked: false };
        let found = find(store, now, &wanted).await?;
        for (place, message) in found.rows.iter().rev().filter(|(_, message)| message.at >= begun) {
            let step = steps.iter_mut().rev().find(|step| step.at <= message.at);
            let shown = shown(place, message, phone(msisdn), None, now);
            step.into_iter().for_each(|step| step.messages.push(shown.clone()));
        }
    }
    let proof = match graph.map(|graph| verify(tape, graph)) {
        None => "the menus it was recorded with are not here".to_owned(),
        Some(Ok(_)) => "same".to_owned(),
        Some(Err(why)) => why.to_string(),
    };
    let line = line(tape, of.map(&phone).unwrap_or_default(), who, now);
    Ok(DialogView { line, steps, proof })
}

/// What the dialogs since then add up to.
pub async fn stats(store: &dyn Store, since: Timestamp, now: Timestamp) -> Result<Stats, Fault> {
    let (mut reel, mut count) = (Reel::since(store, since), Count::default());
    while let Some(tape) = reel.next().await? {
        count.take(&tape, now);
    }
    Ok(count.stats())
}

impl Engine {
    async fn dialog_page(&self, wish: &DialogsWish) -> Result<Result<DialogPage, ShopError>, Fault> {
        let wanted = match WantedDialogs::read(wish) {
            Ok(wanted) => wanted,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let now = self.clock.now();
        let (tapes, older) = list(&*self.store, now, &wanted).await?;
        let phones = tapes.iter().filter_map(|tape| Some(tape.head()?.phone));
        let names = names(&*self.store, phones).await?;
        let row = |tape: &Tape| {
            let phone = tape.head().map(|head| head.phone);
            let who = phone.and_then(|phone| names.get(&phone)).filter(|name| !name.is_empty());
            line(tape, phone.map(Msisdn::masked).unwrap_or_default(), who.cloned(), now)
        };
        let rows = tapes.iter().map(row).collect();
        Ok(Ok(DialogPage { rows, older: older.map(|id| id.to_string()) }))
    }

    async fn dialog_view(&self, id: DialogId) -> Result<Option<DialogView>, Fault> {
        let Some(tape) = read(&*self.store, id).await? else { return Ok(None) };
        let graph: Option<Arc<Graph>> = match tape.head() {
            Some(head) => self.menus.graph(&*self.store, &head.graph).await?,
            None => None,
        };
        let now = self.clock.now();
        view(&*self.store, &tape, graph.as_deref(), Msisdn::masked, now).await.map(Some)
    }
}

impl Dialogs for Engine {
    fn dialogs(&self, wish: DialogsWish) -> BoxFuture<'_, Result<DialogPage, ShopError>> {
        Box::pin(async move { self.dialog_page(&wish).await.map_err(|fault| told(&fault))? })
    }

    fn dialog(&self, id: String) -> BoxFuture<'_, Result<DialogView, ShopError>> {
        Box::pin(async move {
            let id = id.parse().map_err(|_| ShopError::NotFound)?;
            self.dialog_view(id).await.map_err(|fault| told(&fault))?.ok_or(ShopError::NotFound)
        })
    }

    fn dialog_stats(&self, days: u32) -> BoxFuture<'_, Result<Stats, ShopError>> {
        Box::pin(async move {
            let now = self.clock.now();
            let since = Timestamp::from_millis(now.millis() - i64::from(days) * 86_400_000);
            stats(&*self.store, since, now).await.map_err(|fault| told(&fault))
        })
    }

    fn tapes(&self, wish: TapesWish) -> BoxFuture<'_, Result<TapePage, ShopError>> {
        Box::pin(async move { self.tape_page(wish).await.map_err(|fault| told(&fault)) })
    }
}
