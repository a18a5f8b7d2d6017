//! Phones over a tree: one for each language and filling, all of them at the same place.

use super::{BlockAt, DropOff, Ground, Look, VOCABULARY, texts};
use crate::{
    dialog::{
        input::SmsWish,
        trial::{
            Screen, Trial,
            route::{route, route_to_offer},
            samples::{Filling, conditions},
            walk::{Walked, walk},
        },
    },
    gsm::fit,
    menu::{
        face::{faces, resume_faces},
        graph::{Catalogue, Graph, Kind},
        vocabulary::Type,
    },
    types::Lang,
};
use serde::{Deserialize, Serialize};

/// A limit that no text reaches: what a screen would measure if nothing cut it into pages.
const BOUNDLESS: usize = 1 << 20;

/// Which phone the keys are typed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lead {
    /// Its language.
    pub lang: Lang,
    /// Its values.
    pub filling: Filling,
}

impl Default for Lead {
    fn default() -> Self {
        Self { lang: Lang::EN, filling: Filling::Typical }
    }
}

/// The phones, and what there is to say about the place where they stand.
#[derive(Debug, Serialize)]
pub struct Phones {
    /// The tree.
    pub tree: String,
    /// The block where they stand.
    pub at: BlockAt,
    /// The block that was to be looked at could not be reached with made-up values, or is none
    /// that a phone shows.
    pub elsewhere: bool,
    /// The phone that the keys are typed on.
    pub lead: Lead,
    /// The way here, as far as it went: what was typed, and every outcome.
    pub path: Vec<String>,
    /// Blocks that Back leads to, the first one first, and the present one.
    pub trail: Vec<String>,
    /// What reaches this place when dialled at once, as far as it can be.
    pub direct: Option<String>,
    /// The rest must be typed key by key.
    pub by_hand: bool,
    /// The dialog is over.
    pub over: bool,
    /// The phones of each language.
    pub langs: Vec<Row>,
    /// The actions that ran at the last key.
    pub actions: Vec<Action>,
    /// SMS that follow.
    pub sms: Vec<texts::Message>,
    /// Values that decide over options.
    pub values: Vec<Decides>,
    /// How the block fared last week.
    pub figures: Option<DropOff>,
}

/// A value that decides which options there are.
#[derive(Debug, Serialize)]
pub struct Decides {
    /// The value: `me.pin`.
    pub name: String,
    /// The words it may have.
    pub words: Vec<String>,
    /// The one it has.
    pub now: String,
}

/// The phones of one language.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The language.
    pub lang: Lang,
    /// One for each filling.
    pub phones: Vec<Phone>,
    /// Every face of the block at its widest, as the checker measures it.
    pub faces: Vec<FaceSize>,
}

/// A phone.
#[derive(Debug, Serialize)]
pub struct Phone {
    /// What values look like.
    pub filling: Filling,
    /// What it shows.
    pub text: String,
    /// How long the screen is, before it is cut into pages.
    pub used: usize,
    /// How long it may be.
    pub limit: usize,
    /// What both are measured in.
    pub unit: texts::Unit,
    /// It is too long.
    pub over: bool,
    /// The page that is shown, counted from 1.
    pub page: u16,
    /// Pages in all.
    pub pages: u16,
}

/// How wide a face of the block is.
#[derive(Debug, Serialize)]
pub struct FaceSize {
    /// When it is shown; empty for the usual one.
    pub when: &'static str,
    /// Its length.
    pub used: usize,
    /// How long it may be.
    pub limit: usize,
    /// What both are measured in.
    pub unit: texts::Unit,
    /// It is too long.
    pub over: bool,
}

/// An action that ran.
#[derive(Debug, Serialize)]
pub struct Action {
    /// The block.
    pub block: String,
    /// The action's name and arguments.
    pub call: String,
    /// Outcomes it may have.
    pub outcomes: Vec<String>,
    /// The one it had.
    pub came: String,
    /// Where that stands in the path.
    pub place: usize,
}

/// The phones over a tree, at the block that is looked at or at the end of the path.
pub fn phones(
    graph: &Graph, catalogue: &Catalogue, look: &Look, at: Option<&BlockAt>, ground: &Ground,
) -> Phones {
    let lead = Lead { lang: graph.langs[graph.lang_index(look.lead.lang)], ..look.lead };
    let phone = phone_of(graph, lead);
    let asked = at.filter(|at| is_place(at)).map(|at| way_to(graph, lead, at));
    let elsewhere = matches!(asked, Some(None));
    let walked = walk(phone, asked.flatten().as_deref().unwrap_or(&look.path));
    let langs = graph.langs.iter().map(|lang| row(graph, &walked, *lang)).collect();
    let node = graph.node(walked.trial.at());
    let offers = walked.trial.offers_to_go_on();
    let place = match (&graph.resume, offers) {
        (Some(_), true) => BlockAt { name: String::new(), word: "resume", line: 0 },
        _ => BlockAt { name: node.name.clone(), word: node.word(), line: node.line as usize },
    };
    let actions = walked.actions().map(|(place, ran)| Action {
        block: ran.wish.at.clone(),
        call: ran.call(),
        outcomes: ran.outcomes.clone(),
        came: ran.came.clone(),
        place,
    });
    Phones {
        tree: graph.name.clone(),
        elsewhere,
        lead,
        trail: walked.trail().into_iter().map(str::to_owned).collect(),
        direct: direct(graph, &walked),
        by_hand: !walked.is_direct,
        over: walked.screen.over,
        langs,
        actions: actions.collect(),
        sms: sms(graph, catalogue, &walked, ground),
        values: decides(graph, &walked),
        figures: ground
            .stats
            .as_ref()
            .and_then(|stats| stats.screen(&graph.name, &node.name))
            .map(|screen| DropOff { shown: screen.shown, left: screen.left }),
        at: place,
        path: walked.path,
    }
}

fn phone_of(graph: &Graph, lead: Lead) -> Trial<'_> {
    let mut trial = Trial::new(graph, &VOCABULARY, lead.filling);
    trial.env.lang = lead.lang;
    trial
}

/// Whether phones can stand there.
fn is_place(at: &BlockAt) -> bool {
    !matches!(at.word, "menu" | "messages" | "overlay" | "words" | "enum" | "sms" | "text")
}

/// A way to this block; to the offer to go on, for `resume`; to the first block of a `drop`.
fn way_to(graph: &Graph, lead: Lead, at: &BlockAt) -> Option<Vec<String>> {
    if at.word == "resume" {
        return route_to_offer(phone_of(graph, lead));
    }
    let node = graph.find(&at.name)?;
    let leads_there = |trial: &Trial<'_>, screen: &Screen| {
        trial.at() == node || screen.ran.iter().any(|ran| ran.wish.at == at.name)
    };
    // A list without rows leads nowhere: then the usual values show the way.
    let fillings = [lead.filling, Filling::Typical];
    fillings.into_iter().find_map(|filling| route(phone_of(graph, Lead { filling, ..lead }), leads_there))
}

/// The values that options of the tree depend on.
fn decides(graph: &Graph, walked: &Walked<'_>) -> Vec<Decides> {
    let known = conditions(graph).into_keys().filter_map(|name| {
        let Some(Type::Enum(set)) = VOCABULARY.globals.get(name) else { return None };
        let labelled =
            graph.enums.get(set).map(|set| set.words.iter().map(|(word, _)| word.clone()).collect());
        let words = labelled.or_else(|| VOCABULARY.enums.get(set).cloned())?;
        Some(Decides { name: name.to_owned(), words, now: walked.trial.word_of(name) })
    });
    known.collect()
}

/// The code to dial, and what can be dialled with it.
fn direct(graph: &Graph, walked: &Walked<'_>) -> Option<String> {
    let code = graph.dial.as_deref()?.trim_end_matches('#');
    let typed: String = walked.direct.iter().map(|key| format!("*{key}")).collect();
    Some(format!("{code}{typed}#"))
}

fn row(graph: &Graph, walked: &Walked<'_>, lang: Lang) -> Row {
    let limit = usize::from(graph.limit);
    let (index, at) = (graph.lang_index(lang), walked.trial.at());
    let widest = match &graph.resume {
        Some(resume) if walked.trial.offers_to_go_on() => resume_faces(graph, resume, &VOCABULARY, index),
        _ => faces(graph, at, &VOCABULARY, index),
    };
    let faces: Vec<FaceSize> = widest
        .iter()
        .map(|face| {
            let (used, unit) = texts::measure(&face.text);
            let (limit, over) = (limit_in(limit, unit), !fit::fits(&face.text, limit));
            FaceSize { when: face.when, used, limit, unit, over }
        })
        .collect();
    let too_wide = faces.iter().any(|face| face.over);
    // The rows of a list are dealt out over pages; everything else belongs on one.
    let is_list = matches!(graph.node(at).kind, Kind::List { .. });
    let phone = |filling| {
        let (trial, screen) = walked.beside(filling, lang, limit);
        let whole = match is_list {
            true => screen.text.clone(),
            false => walked.beside(filling, lang, BOUNDLESS).1.text,
        };
        let (used, unit) = texts::measure(&whole);
        let (page, pages) = trial.page();
        let over = !fit::fits(&whole, limit) || is_list && too_wide && filling == Filling::Widest;
        Phone { filling, text: screen.text, used, limit: limit_in(limit, unit), unit, over, page, pages }
    };
    Row { lang, phones: Filling::ALL.map(phone).into(), faces }
}

/// So many septets, in the unit that a text is measured in.
fn limit_in(septets: usize, unit: texts::Unit) -> usize {
    match unit {
        texts::Unit::Septets => septets,
        texts::Unit::Ucs2 => fit::units_for(septets),
    }
}

/// The SMS after the last text, and the one after a cut at this place.
fn sms(graph: &Graph, catalogue: &Catalogue, walked: &Walked<'_>, ground: &Ground) -> Vec<texts::Message> {
    let limit = usize::from(graph.limit);
    let (mut at_end, mut after_cut, mut delay) = (Vec::new(), Vec::new(), 0);
    for lang in &graph.langs {
        for filling in Filling::ALL {
            let (trial, screen) = walked.beside(filling, *lang, limit);
            let of = |wish: SmsWish| (*lang, filling, wish);
            at_end.extend(screen.sms.map(of));
            if let Some((after, wish)) = trial.drop_wish() {
                delay = after.as_secs();
                after_cut.push(of(wish));
            }
        }
    }
    let wishes = [("at the end".to_owned(), at_end), (format!("{delay} s after a cut here"), after_cut)];
    wishes.into_iter().filter_map(|(when, wishes)| texts::message(catalogue, when, &wishes, ground)).collect()
}
