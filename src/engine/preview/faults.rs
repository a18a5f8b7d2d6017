//! Faults as a page shows them: with lines, and counted as browsers count.

use crate::menu::{
    lines::Lines,
    report::{Problem, Severity},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// A fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The file, by the name it has among the sources.
    pub file: String,
    /// How bad it is.
    pub severity: Severity,
    /// A stable name for this sort of fault.
    pub code: &'static str,
    /// What is wrong.
    pub sentence: String,
    /// What to do about it; may be empty.
    pub help: String,
    /// The line, counted from 1.
    pub line: usize,
    /// Where it begins in the text, in UTF-16 code units.
    pub start: usize,
    /// One past its end, in UTF-16 code units; past the beginning.
    pub end: usize,
}

/// Faults with their places in these files.
pub fn faults(problems: &[Problem], sources: &[(String, String)]) -> Vec<Fault> {
    let mut texts: BTreeMap<&str, Places<'_>> = BTreeMap::new();
    let mut place = |problem: &Problem| {
        let text = sources.iter().find(|(name, _)| *name == problem.file).map_or("", |(_, text)| text);
        let places = texts.entry(text).or_insert_with(|| Places::of(text));
        let start = places.units_before(problem.span.start);
        let end = places.units_before(problem.span.end).max(start + 1);
        let line = places.lines.line(problem.span.start);
        let Problem { severity, code, file, sentence, help, .. } = problem.clone();
        Fault { file, severity, code, sentence, help, line, start, end }
    };
    problems.iter().map(&mut place).collect()
}

/// The places of a text, as browsers count them.
struct Places<'t> {
    text: &'t str,
    lines: Lines,
    /// UTF-16 code units before each line.
    units: Vec<usize>,
}

impl<'t> Places<'t> {
    fn of(text: &'t str) -> Self {
        let before = |sum: &mut usize, line: &str| Some(std::mem::replace(sum, *sum + units(line)));
        let units = text.split_inclusive('\n').scan(0, before).collect();
        Self { text, lines: Lines::of(text), units }
    }

    /// UTF-16 code units before this octet.
    fn units_before(&self, octet: usize) -> usize {
        let line = self.lines.line(octet);
        let begin = self.lines.begin(line);
        let inside = self.text.get(begin..octet).unwrap_or_else(|| &self.text[begin.min(self.text.len())..]);
        self.units.get(line - 1).map_or_else(|| units(&self.text[..begin]), |before| before + units(inside))
    }
}

/// UTF-16 code units of a text.
fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_place_is_counted_in_lines_and_in_units_of_utf16(text in "[aé፦\u{1F600}\n]{0,40}") {
            let places = Places::of(&text);
            for octet in (0..=text.len()).filter(|octet| text.is_char_boundary(*octet)) {
                prop_assert_eq!(places.units_before(octet), text[..octet].encode_utf16().count());
                prop_assert_eq!(places.lines.line(octet), text[..octet].matches('\n').count() + 1);
            }
        }
    }
}
