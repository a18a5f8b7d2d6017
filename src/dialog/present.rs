//! What a place looks like: its texts with their values, cut into pages that fit.

use crate::{
    dialog::{
        hints,
        input::{SmsWish, Step},
        machine::Machine,
        page::Frame,
        scope::Scope,
        state::{Note, Phase, Shown},
    },
    gsm::fit,
    menu::{
        graph::{Asked, Choice, Kind},
        layout::{self, Nav},
        template::MACHINE_TEXT,
        value::{Record, Value},
        vocabulary::Type,
    },
    types::{Kes, Lang},
};
use std::collections::BTreeMap;

/// Septets of `{at}`: what the checker allows for it.
const AT_SEPTETS: usize = match MACHINE_TEXT {
    Type::Text(width) => width as usize,
    _ => 0,
};

/// Sums past this are not shown as bounds; it keeps shillings within the range of cents.
const MOST_SHILLINGS: i64 = 1_000_000_000_000;

/// How a place is shown now.
pub(super) struct Face {
    /// The page to show.
    pub screen: String,
    /// Set when this is the last text of the dialog.
    pub last: Option<Last>,
    /// What the keys will mean.
    pub shown: Shown,
}

/// The last text, and the SMS that follows it.
pub(super) struct Last {
    pub text: String,
    pub sms: Option<SmsWish>,
}

impl Machine<'_> {
    /// The names that hold at the current place.
    pub(super) fn scope(&self) -> Scope<'_> {
        let mut scope = Scope {
            graph: self.graph,
            lang: self.env.lang,
            answers: &self.state.answers,
            globals: &self.globals,
            params: self.state.at.args.clone(),
            machine: BTreeMap::new(),
        };
        let here = match self.graph.node(self.state.at.node).kind {
            Kind::Do { .. } => self.state.history.last().map_or(self.state.at.node, |place| place.node),
            _ => self.state.at.node,
        };
        scope.machine.insert("here", Value::text(&self.graph.node(here).name));
        scope.machine.insert("draft", Value::Record(self.draft()));
        scope
    }

    /// What was answered so far, each under the last part of its block's name (`sell.kind` is
    /// `kind`), and the code to dial.
    fn draft(&self) -> Record {
        let mut draft = Record::new("draft", self.state.id.to_string(), []);
        for (name, value) in &self.state.answers {
            let short = name.rsplit('.').next().unwrap_or(name);
            draft.fields.insert(short.to_owned(), value.clone());
        }
        let dial = self.graph.dial.clone().unwrap_or_default();
        draft.fields.insert("dial".to_owned(), Value::Text(dial));
        draft
    }

    fn frame<'a>(&'a self, head: &'a str) -> Frame<'a> {
        let at_home = self.state.at.node == self.graph.home;
        self.frame_with(head, move |later, more| Nav::page(at_home, later, more))
    }

    fn frame_with<'a>(&'a self, head: &'a str, nav: impl Fn(bool, bool) -> Nav + 'a) -> Frame<'a> {
        let lang = self.graph.lang_index(self.env.lang);
        let lines = move |later, more| nav(later, more).lines(self.graph, lang);
        let hint = layout::wrong_key(self.lang());
        Frame { head, nav: Box::new(lines), limit: self.env.limit, hint }
    }

    /// The language that the tree is read in: hers, or its first where it lacks that.
    fn lang(&self) -> Lang {
        self.graph.langs.get(self.graph.lang_index(self.env.lang)).copied().unwrap_or(self.env.lang)
    }

    /// The current place, on its current page, below a note.
    pub(super) fn face(&self, note: Note) -> Face {
        let mut scope = self.scope();
        let node = self.graph.node(self.state.at.node);
        match &node.kind {
            Kind::Screen { say, choices } => {
                let offered: Vec<&Choice> = choices.iter().filter(|c| scope.offers(c)).collect();
                let lines: Vec<String> =
                    offered.iter().map(|c| layout::option_line(c.key, &scope.text(&c.label))).collect();
                let mut face = self.flow(note, &scope.text(say), &lines);
                face.shown.keys = offered.iter().map(|c| c.key).collect();
                let options = (0u16..).zip(choices).filter(|(_, choice)| scope.offers(choice));
                face.shown.options = options.map(|(at, _)| at).collect();
                face
            }
            Kind::Pick { say, set, .. } => {
                let words = self.graph.enums.get(set).map_or(&[][..], |set| &set.words);
                let labels: Vec<String> = words.iter().map(|(_, label)| scope.text(label)).collect();
                self.rows(note, &scope.text(say), &labels, true)
            }
            Kind::List { say, var, item, none, then, .. } => {
                let head = scope.text(say);
                let rows = self.state.shown.rows.as_deref().unwrap_or_default();
                let labels: Vec<String> = rows
                    .iter()
                    .map(|row| {
                        scope.params.insert(var.clone(), Value::Record(row.clone()));
                        scope.text(item)
                    })
                    .collect();
                let mut face = if labels.is_empty() {
                    self.flow(note, &scope.text(none), &[])
                } else {
                    self.rows(note, &head, &labels, then.is_some())
                };
                face.shown.rows = self.state.shown.rows.clone();
                face
            }
            Kind::Ask { say, asked, bad, .. } => {
                let bounds = scope.bounds(asked);
                if let Some((min, max)) = bounds {
                    let show = |n: i64| match asked {
                        Asked::Kes(..) => Value::Kes(Kes::major(n.clamp(-MOST_SHILLINGS, MOST_SHILLINGS))),
                        _ => Value::Int(n),
                    };
                    scope.machine.extend([("min", show(min)), ("max", show(max))]);
                }
                let text = with_bad(note, scope.text(bad), scope.text(say));
                let mut face = self.flow(Note::None, &text, &[]);
                face.shown.bounds = bounds;
                face
            }
            Kind::Pin { say, bad, .. } => {
                if let Note::Bad(left) = note {
                    scope.machine.insert("left", Value::Int(i64::from(left)));
                }
                let text = with_bad(note, scope.text(bad), scope.text(say));
                self.flow(Note::None, &text, &[])
            }
            Kind::NewPin { say, again, bad, differ, .. } => {
                let question = if self.state.shown.again { again } else { say };
                let wrong = if note == Note::Differ { differ } else { bad };
                let text = with_bad(note, scope.text(wrong), scope.text(question));
                let mut face = self.flow(Note::None, &text, &[]);
                face.shown.again = self.state.shown.again;
                face
            }
            Kind::End { say, sms } => {
                let text = scope.text(say);
                let sms =
                    sms.as_ref().map(|sms| SmsWish { name: sms.name.clone(), args: scope.args(&sms.args) });
                self.end(&text, sms)
            }
            Kind::Do { .. } => self.end(hints::broken(self.env.lang), None),
        }
    }

    /// A last text; one that outgrew its screen closes the dialog on its last page.
    fn end(&self, text: &str, sms: Option<SmsWish>) -> Face {
        let keys = |later, more| if more { Nav::page(true, later, more) } else { Nav::none() };
        let frame = Frame { hint: "", ..self.frame_with(text, keys) };
        let face = self.page_of(Note::None, frame.flow(&[]), "");
        if self.state.at.page + 1 < face.shown.pages {
            return face;
        }
        Face { last: Some(Last { text: face.screen.clone(), sms }), ..face }
    }

    fn flow(&self, note: Note, head: &str, lines: &[String]) -> Face {
        let frame = self.frame(head);
        let pages = frame.flow(lines);
        let body = if pages.len() == 1 { frame.alone(lines) } else { String::new() };
        self.page_of(note, pages, &body)
    }

    fn page_of(&self, note: Note, pages: Vec<String>, body: &str) -> Face {
        let at = usize::from(self.state.at.page).min(pages.len() - 1);
        let shown = Shown { pages: pages.len() as u16, ..Shown::default() };
        Face { screen: self.noted(note, &pages[at], body), last: None, shown }
    }

    fn rows(&self, note: Note, head: &str, labels: &[String], numbered: bool) -> Face {
        let pages = self.frame(head).rows(labels, numbered);
        let page = &pages[usize::from(self.state.at.page).min(pages.len() - 1)];
        let shown = Shown {
            first: page.first as u16,
            count: if numbered { page.count as u16 } else { 0 },
            pages: pages.len() as u16,
            ..Shown::default()
        };
        Face { screen: self.noted(note, &page.text, &page.body), last: None, shown }
    }

    /// A word on a wrong key above a screen: the longer one where there is room, else the shorter; in
    /// place of the screen's text where that leaves none, so that something is always said. `body` is
    /// the screen without its text, empty where it must stand whole.
    fn noted(&self, note: Note, screen: &str, body: &str) -> String {
        if note != Note::NotAKey {
            return screen.to_owned();
        }
        let (long, short) = (hints::not_a_key(self.lang()), layout::wrong_key(self.lang()));
        let places = [(long, screen), (short, screen), (long, body), (short, body)];
        let hinted = places.into_iter().filter(|(_, below)| !below.is_empty());
        let mut hinted = hinted.map(|(hint, below)| format!("{hint}\n{below}"));
        hinted.find(|text| fit::fits(text, self.env.limit)).unwrap_or_else(|| screen.to_owned())
    }

    // ---- the offer to go on ---------------------------------------------------------------

    pub(super) fn offer(&mut self, note: Note) -> Step {
        let Some(resume) = &self.graph.resume else { return Step::Show(self.face(Note::None).screen) };
        let mut scope = self.scope();
        let offered: Vec<&Choice> = resume.choices.iter().filter(|c| scope.offers(c)).collect();
        let lines: Vec<String> =
            offered.iter().map(|c| layout::option_line(c.key, &scope.text(&c.label))).collect();
        // Where the name of the question would push an option off the screen, it goes unnamed.
        let mut named = |at: String| {
            scope.machine.insert("at", Value::Text(at));
            let say = scope.text(&resume.say);
            let pages = self.frame_with(&say, |_, _| Nav::none()).flow(&lines);
            (pages.len(), pages.into_iter().next().unwrap_or_default())
        };
        let (pages, screen) = named(self.question());
        let screen = if pages > 1 { named(String::new()).1 } else { screen };
        let screen = self.noted(note, &screen, &lines.join("\n"));
        let keys = offered.iter().map(|c| c.key).collect();
        self.state.shown.keys = keys;
        self.state.phase = Phase::Offered;
        Step::Show(screen)
    }

    pub(super) fn offer_key(&mut self, typed: &str) {
        let graph = self.graph;
        let choices = graph.resume.as_ref().map_or(&[][..], |resume| &resume.choices);
        let key = typed.parse::<u8>().ok().filter(|key| self.state.shown.keys.contains(key));
        self.state.phase = match choices.iter().find(|choice| Some(choice.key) == key) {
            Some(choice) => Phase::Going { to: choice.to.clone(), binds: BTreeMap::new() },
            None => {
                self.refuse();
                Phase::Offering(Note::NotAKey)
            }
        };
    }

    /// The first words of the question at the current place: its first sentence, or as much of it
    /// as stands in the offer.
    fn question(&self) -> String {
        let scope = self.scope();
        let node = self.graph.node(self.state.at.node);
        node.say().map_or_else(String::new, |say| first_words(&scope.text(say)))
    }
}

fn with_bad(note: Note, bad: String, say: String) -> String {
    if matches!(note, Note::Bad(_) | Note::Differ) { format!("{bad}\n{say}") } else { say }
}

/// The first sentence of a text, cut at a word where it is long.
fn first_words(text: &str) -> String {
    let ends = |(at, c): (usize, char)| {
        let blank = text[at + c.len_utf8()..].starts_with([' ', '\n']);
        (matches!(c, '.' | '?' | '!') && blank).then_some(at + c.len_utf8())
    };
    let first = text.char_indices().find_map(ends).map_or(text, |end| &text[..end]);
    let first = first.strip_suffix('.').unwrap_or(first);
    fit::cut(first, AT_SEPTETS).0.trim_end_matches([',', ':', ' ', '(']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_named_by_its_first_words() {
        assert_eq!(first_words("How much cash? You have KSh 1,250"), "How much cash?");
        assert_eq!(first_words("How many are ready now?"), "How many are ready now?");
        assert_eq!(first_words("KSh 1.50 is left. Go on?"), "KSh 1.50 is left");
        assert_eq!(
            first_words("Your price for one, KSh (what you receive)"),
            "Your price for one, KSh (what you"
        );
    }
}
