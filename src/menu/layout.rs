//! How a screen stands on the phone: the text, one line for each option, then the engine's own
//! keys, each on its own line. The dialog machine shows what this builds and the checker
//! measures what this builds, so that the proof of length is about the real thing.

use crate::menu::graph::{Graph, NavKey, Piece, Text};
use crate::types::Lang;

/// Most rows of a list on one page; keys are one digit, counted from 1 on every page.
pub const MOST_ROWS: usize = 9;

/// Which of the engine's own keys are printed. All three are understood wherever they mean
/// something; printed are only those that cannot be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Nav {
    /// More rows follow: `98 More`.
    pub more: bool,
    /// There is somewhere to go back to: `0 Back`.
    pub back: bool,
    /// Back leads only to the page before: `00 Home`.
    pub home: bool,
}

impl Nav {
    /// The keys of a question or a screen: back, but not at the first block, where nothing lies
    /// behind.
    pub const fn inside(at_home: bool) -> Self {
        Self { more: false, back: !at_home, home: false }
    }

    /// The keys of a page of a list. From the second page on, back leads to the page before, so
    /// the way home is printed too.
    pub const fn page(at_home: bool, later: bool, more: bool) -> Self {
        Self { more, back: later || !at_home, home: later }
    }

    /// No keys: the last text of a dialog, and the offer to go on after a cut.
    pub const fn none() -> Self {
        Self { more: false, back: false, home: false }
    }

    /// The lines printed for them, in the language at this index of the graph.
    pub fn lines(self, graph: &Graph, lang: usize) -> Vec<String> {
        [(self.more, &graph.more), (self.back, &graph.back), (self.home, &graph.home_key)]
            .into_iter()
            .filter(|(printed, _)| *printed)
            .map(|(_, key)| nav_line(key, lang))
            .collect()
    }
}

fn nav_line(key: &NavKey, lang: usize) -> String {
    format!("{} {}", key.key, plain(&key.label, lang))
}

/// The literal pieces of a text; labels of navigation keys have no others.
pub fn plain(text: &Text, lang: usize) -> String {
    let pieces = text.by_lang.get(lang).map_or(&[][..], Vec::as_slice);
    pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Literal(text) => Some(text.as_str()),
            Piece::Value(_) => None,
        })
        .collect()
}

/// An option, or a row of a list that can be chosen: `1 Sell a piece`.
pub fn option_line(key: u8, label: &str) -> String {
    format!("{key} {label}")
}

/// What a screen says at least when its key was none of its own. The checker proves that it stands
/// above the options of every screen, in place of the screen's text where both have no room.
pub fn wrong_key(lang: Lang) -> &'static str {
    match lang.tag() {
        "sw" => "Hakuna hiyo.",
        "am" => "ቁጥሩ የለም።",
        _ => "No such key.",
    }
}

/// The page: what is said (after a wrong answer first what was wrong), the option or row lines,
/// the lines of [`Nav::lines`]. Empty texts leave no empty line.
pub fn page(said: &[&str], options: &[String], nav: &[String]) -> String {
    let said = said.iter().copied().filter(|text| !text.is_empty());
    let lines = said.chain(options.iter().map(String::as_str)).chain(nav.iter().map(String::as_str));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_the_text_the_options_and_the_keys_line_by_line() {
        let options = [option_line(1, "Yes"), option_line(2, "No")];
        let page = page(&["", "Right?"], &options, &["0 Back".to_owned()]);
        assert_eq!(page, "Right?\n1 Yes\n2 No\n0 Back");
    }

    #[test]
    fn home_is_printed_where_back_leads_only_to_the_page_before() {
        assert_eq!(Nav::page(false, false, true), Nav { more: true, back: true, home: false });
        assert_eq!(Nav::page(false, true, true), Nav { more: true, back: true, home: true });
        assert_eq!(Nav::page(true, false, false), Nav::none());
        assert_eq!(Nav::inside(true), Nav::none());
    }
}
