//! A conversation with a menu, as a file that anybody reads and writes:
//!
//! ```text
//! # Wanjiku sells a necklace.
//! menu artisan
//! lang en
//! > *384*7656#
//! < Hello Wanjiku. You have KSh 850
//! ! full
//! > 1
//! < You already have 3 pieces listed. Sell or remove one first.
//! ~ What an SMS says that follows.
//! cut
//! ```
//!
//! `>` is what is dialled or typed, `text` an SMS that she sends, `!` an outcome of the next action
//! (the first it may have when none is named), `cut` a call that is cut; `menu`, `lang` and `values`
//! say whose phone it is, `when me.pin = locked` what a value is that decides over options.
//! `<` and `~` are what must come of it. To play one is to write it anew: what comes out is the file
//! itself, or the menus have changed.

use super::{Screen, Trial, samples::Filling};
use crate::{
    dialog::{
        input::{Do, Input},
        keyword::Half,
    },
    menu::{
        graph::{Catalogue, Graph},
        vocabulary::Vocabulary,
    },
    types::Lang,
};
use std::collections::{BTreeSet, VecDeque};

/// A line that cannot be played.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {sentence}")]
pub struct Fault {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it, and what to write.
    pub sentence: String,
}

/// What stands behind the phones of a conversation.
#[derive(Debug, Clone, Copy)]
pub struct Stage<'g> {
    /// The trees.
    pub graphs: &'g [Graph],
    /// The SMS.
    pub catalogue: &'g Catalogue,
    /// What the domain offers.
    pub vocabulary: &'g Vocabulary,
}

impl<'g> Stage<'g> {
    /// A phone at the tree of this name.
    fn phone(&self, name: &str) -> Result<Trial<'g>, String> {
        let graph = self.graphs.iter().find(|graph| graph.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.graphs.iter().map(|graph| graph.name.as_str()).collect();
            format!("there is no menu `{name}`; there are: {}", names.join(", "))
        })?;
        Ok(Trial::new(graph, self.vocabulary, Filling::Typical))
    }
}

/// What came of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// What happened, in the form of the conversation.
    pub script: String,
    /// Texts that were said on the way: blocks as `artisan/sell.done`, messages as `sms/listing_saved`.
    pub said: BTreeSet<String>,
}

/// Plays a conversation and writes what happens in the same form.
///
/// # Errors
/// The first line that cannot be played.
pub fn play(script: &str, stage: Stage<'_>) -> Result<Played, Fault> {
    let played = Played { script: String::new(), said: BTreeSet::new() };
    let mut player = Player { stage, phone: None, outcomes: VecDeque::new(), played };
    for (at, line) in script.lines().enumerate() {
        let line = line.trim_end();
        player.line(line).map_err(|sentence| Fault { line: at + 1, sentence })?;
    }
    match player.outcomes.pop_front() {
        Some(name) => {
            let sentence = format!("nothing is typed after `! {name}`");
            Err(Fault { line: script.lines().count(), sentence })
        }
        None => Ok(player.played),
    }
}

/// A way that [`super::route`] found, as a conversation whose screens are still to be written.
pub fn call(graph: &Graph, way: &[String]) -> String {
    let dial = graph.dial.as_deref().unwrap_or_default();
    let (mut head, mut lines) = (format!("menu {}\n", graph.name), Vec::new());
    // What is typed, and before it the outcomes that it has.
    lines.push((String::new(), dial));
    for step in way {
        let last = lines.last_mut().map(|(outcomes, _)| outcomes);
        match (step.as_bytes().first(), step.split_once('='), last) {
            (Some(b'!'), _, Some(outcomes)) => outcomes.push_str(&format!("! {}\n", &step[1..])),
            (Some(b'?'), Some((value, word)), _) => {
                head.push_str(&format!("when {} = {word}\n", &value[1..]));
            }
            _ if step == super::walk::CUT => lines.push(("cut\n".to_owned(), dial)),
            _ => lines.push((String::new(), step.as_str())),
        }
    }
    let lines = lines.into_iter().map(|(before, typed)| format!("{before}> {typed}\n"));
    head + &lines.collect::<String>()
}

/// The first line in which two conversations differ, counted from 1, with what stands there in the
/// first and in the second; nothing where one of them is over.
pub fn difference<'t>(
    written: &'t str, played: &'t str,
) -> Option<(usize, Option<&'t str>, Option<&'t str>)> {
    let (mut written, mut played) = (written.lines().map(str::trim_end), played.lines());
    (1..).find_map(|at| match (written.next(), played.next()) {
        (None, None) => Some(None),
        (one, other) if one == other => None,
        (one, other) => Some(Some((at, one, other))),
    })?
}

/// How texts of the catalogue are named among those that were said: `sms/listing_saved`.
pub const SMS: &str = "sms";
/// How a tree's offer to go on after a cut is named: `artisan/resume`.
pub const OFFER: &str = "resume";
const NO_PHONE: &str = "say first whose phone it is: `menu artisan`";
const KINDS: &str = "a line begins with > < ! ~ # or with menu, lang, values, when, text or cut";

/// A phone and where its call stands.
struct Phone<'g> {
    trial: Trial<'g>,
    in_call: bool,
    half: Option<Half>,
}

struct Player<'g> {
    stage: Stage<'g>,
    phone: Option<Phone<'g>>,
    outcomes: VecDeque<String>,
    played: Played,
}

impl<'g> Player<'g> {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        if matches!(first, "<" | "~") {
            return Ok(());
        }
        self.played.script.push_str(line);
        self.played.script.push('\n');
        match first {
            "menu" => {
                self.phone = Some(Phone { trial: self.stage.phone(rest)?, in_call: false, half: None });
            }
            "lang" => {
                let lang: Lang = rest.parse().map_err(|_| format!("`{rest}` is no language"))?;
                self.phone()?.trial.read_in(lang)?;
            }
            "values" => self.phone()?.trial.samples.filling = rest.parse()?,
            "when" => {
                let (value, word) = rest.split_once('=').ok_or("write `when VALUE = WORD`")?;
                let (value, word) = (value.trim().to_owned(), word.trim().to_owned());
                self.phone()?.trial.samples.chosen.insert(value, word);
            }
            "cut" => {
                let phone = self.phone()?;
                phone.trial.cut();
                phone.in_call = false;
            }
            "!" => self.outcomes.push_back(rest.to_owned()),
            ">" => self.typed(rest)?,
            "text" => self.texted(rest)?,
            _ if first.is_empty() || first.starts_with('#') => {}
            _ => return Err(format!("`{first}` begins no line: {KINDS}")),
        }
        Ok(())
    }

    fn phone(&mut self) -> Result<&mut Phone<'g>, String> {
        self.phone.as_mut().ok_or_else(|| NO_PHONE.to_owned())
    }

    fn typed(&mut self, typed: &str) -> Result<(), String> {
        let phone = self.phone.as_mut().ok_or(NO_PHONE)?;
        let input = match (phone.in_call, dialled(phone.trial.graph, typed)) {
            (true, _) => Input::Key(typed.to_owned()),
            (false, Some(answers)) => phone.trial.dial(&answers),
            (false, None) => {
                let code = phone.trial.graph.dial.as_deref().unwrap_or("*#");
                return Err(format!("nobody is in a call: dial with `> {code}`"));
            }
        };
        let mut chosen = Chosen { named: &mut self.outcomes, unknown: None };
        let screen = phone.trial.feed(input, &mut |wish, known| chosen.of(wish, known));
        chosen.all_ran()?;
        phone.in_call = !screen.over;
        let sms = said(&screen, self.stage.catalogue, phone.trial.env.lang);
        let shown = match phone.trial.offers_to_go_on() {
            true => OFFER,
            false => phone.trial.state.block(phone.trial.graph),
        };
        self.played.said.insert(format!("{}/{shown}", phone.trial.graph.name));
        self.played.said.extend(screen.sms.iter().map(|sms| format!("{SMS}/{}", sms.name)));
        self.played.script.push_str(&written(&screen.text, sms.as_deref()));
        Ok(())
    }

    /// An SMS that she sends, and the one that answers it.
    fn texted(&mut self, text: &str) -> Result<(), String> {
        let phone = self.phone.as_mut().ok_or(NO_PHONE)?;
        let mut chosen = Chosen { named: &mut self.outcomes, unknown: None };
        let wish = phone.trial.text(text, &mut phone.half, &mut |wish, known| chosen.of(wish, known));
        chosen.all_ran()?;
        let (catalogue, lang) = (self.stage.catalogue, phone.trial.env.lang);
        let answer = catalogue.render(&wish.name, &wish.args, lang).and_then(Result::ok);
        let answer = answer.unwrap_or_else(|| wish.name.clone());
        self.played.said.insert(format!("{SMS}/{}", wish.name));
        self.played.script.push_str(&written("", Some(&answer)));
        Ok(())
    }
}

/// Outcomes as the conversation names them, one after the other.
struct Chosen<'o> {
    named: &'o mut VecDeque<String>,
    unknown: Option<String>,
}

impl Chosen<'_> {
    fn of(&mut self, wish: &Do, known: &[String]) -> Option<String> {
        let is_meant = self.named.front().is_some_and(|name| known.contains(name));
        let name = match super::only_way(known) {
            Some(only) if !is_meant => only,
            _ => self.named.pop_front()?,
        };
        if known.contains(&name) {
            return Some(name);
        }
        self.unknown =
            Some(format!("`{name}` is no outcome of {}; there are: {}", wish.name, known.join(", ")));
        None
    }

    /// Every outcome that was named must have been one.
    fn all_ran(self) -> Result<(), String> {
        match (self.unknown, self.named.front()) {
            (Some(sentence), _) => Err(sentence),
            (None, Some(name)) => Err(format!("no action ran that `! {name}` could be the outcome of")),
            (None, None) => Ok(()),
        }
    }
}

/// The SMS that follows a screen.
pub fn said(screen: &Screen, catalogue: &Catalogue, lang: Lang) -> Option<String> {
    let sms = screen.sms.as_ref()?;
    let text = catalogue.render(&sms.name, &sms.args, lang).and_then(Result::ok);
    Some(text.unwrap_or_else(|| sms.name.clone()))
}

/// A screen, and the SMS that follows it, as a conversation has them.
pub fn written(screen: &str, sms: Option<&str>) -> String {
    let screen = screen.lines().map(|line| format!("< {line}\n"));
    let sms = sms.into_iter().flat_map(str::lines).map(|line| format!("~ {line}\n"));
    screen.chain(sms).collect()
}

/// The answers typed behind a tree's code; nothing when the string is not that code.
fn dialled(graph: &Graph, typed: &str) -> Option<Vec<String>> {
    let rest = typed.strip_suffix('#')?.strip_prefix(graph.dial.as_deref()?.trim_end_matches('#'))?;
    let rest = if rest.is_empty() { "" } else { rest.strip_prefix('*')? };
    Some(rest.split('*').filter(|answer| !answer.is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_told_with_both() {
        assert_eq!(difference("> 1\n< A  \n", "> 1\n< A\n"), None);
        assert_eq!(difference("> 1\n< A\n", "> 1\n< B\n"), Some((2, Some("< A"), Some("< B"))));
        assert_eq!(difference("> 1\n", "> 1\n< B\n"), Some((2, None, Some("< B"))));
    }
}
