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
//! `>` is what is dialled or typed, `!` an outcome of the next action (the first it may have when
//! none is named), `cut` a call that is cut; `menu`, `lang` and `values` say whose phone it is.
//! `<` and `~` are what must come of it. To play one is to write it anew: what comes out is the file
//! itself, or the menus have changed.

use super::{Screen, Trial, samples::Filling};
use crate::{
    dialog::input::Input,
    menu::{
        graph::{Catalogue, Graph},
        vocabulary::Vocabulary,
    },
    types::Lang,
};
use std::collections::VecDeque;

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

/// Plays a conversation and writes what happens in the same form.
///
/// # Errors
/// The first line that cannot be played.
pub fn play(script: &str, stage: Stage<'_>) -> Result<String, Fault> {
    let mut player = Player { stage, phone: None, outcomes: VecDeque::new(), played: String::new() };
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

const KINDS: &str = "a line begins with > < ! ~ # or with menu, lang, values or cut";

/// A phone and where its call stands.
struct Phone<'g> {
    trial: Trial<'g>,
    in_call: bool,
}

struct Player<'g> {
    stage: Stage<'g>,
    phone: Option<Phone<'g>>,
    outcomes: VecDeque<String>,
    played: String,
}

impl<'g> Player<'g> {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        if matches!(first, "<" | "~") {
            return Ok(());
        }
        self.played.push_str(line);
        self.played.push('\n');
        match first {
            "menu" => self.phone = Some(Phone { trial: self.stage.phone(rest)?, in_call: false }),
            "lang" => {
                let lang: Lang = rest.parse().map_err(|_| format!("`{rest}` is no language"))?;
                self.phone()?.trial.read_in(lang)?;
            }
            "values" => self.phone()?.trial.samples.filling = rest.parse()?,
            "cut" => {
                let phone = self.phone()?;
                phone.trial.cut();
                phone.in_call = false;
            }
            "!" => self.outcomes.push_back(rest.to_owned()),
            ">" => self.typed(rest)?,
            _ if first.is_empty() || first.starts_with('#') => {}
            _ => return Err(format!("`{first}` begins no line: {KINDS}")),
        }
        Ok(())
    }

    fn phone(&mut self) -> Result<&mut Phone<'g>, String> {
        self.phone.as_mut().ok_or_else(|| "say first whose phone it is: `menu artisan`".to_owned())
    }

    fn typed(&mut self, typed: &str) -> Result<(), String> {
        let phone = self.phone.as_mut().ok_or("say first whose phone it is: `menu artisan`")?;
        let input = match (phone.in_call, dialled(phone.trial.graph, typed)) {
            (true, _) => Input::Key(typed.to_owned()),
            (false, Some(answers)) => phone.trial.dial(&answers),
            (false, None) => {
                let code = phone.trial.graph.dial.as_deref().unwrap_or("*#");
                return Err(format!("nobody is in a call: dial with `> {code}`"));
            }
        };
        let mut unknown = None;
        let outcomes = &mut self.outcomes;
        let screen = phone.trial.feed(input, &mut |wish, known| {
            let is_meant = outcomes.front().is_some_and(|name| known.contains(name));
            let name = match super::only_way(known) {
                Some(only) if !is_meant => only,
                _ => outcomes.pop_front()?,
            };
            if !known.contains(&name) {
                unknown =
                    Some(format!("`{name}` is no outcome of {}; there are: {}", wish.name, known.join(", ")));
            }
            Some(name).filter(|name| known.contains(name))
        });
        phone.in_call = !screen.over;
        if let Some(sentence) = unknown {
            return Err(sentence);
        }
        if let Some(name) = self.outcomes.front() {
            return Err(format!("no action ran that `! {name}` could be the outcome of"));
        }
        let sms = said(&screen, self.stage.catalogue, phone.trial.env.lang);
        self.played.push_str(&written(&screen.text, sms.as_deref()));
        Ok(())
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
