//! Faults as a page shows them: with lines, and counted as browsers count.

use crate::menu::report::{Problem, Severity};
use serde::Serialize;

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
    let text_of = |name: &str| sources.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text);
    let place = |problem: &Problem| {
        let text = text_of(&problem.file);
        let start = units_before(text, problem.span.start);
        let end = units_before(text, problem.span.end).max(start + 1);
        let line = problem.span.line(text);
        let Problem { severity, code, file, sentence, help, .. } = problem.clone();
        Fault { file, severity, code, sentence, help, line, start, end }
    };
    problems.iter().map(place).collect()
}

/// UTF-16 code units before this octet.
fn units_before(text: &str, octet: usize) -> usize {
    text.char_indices().take_while(|(at, _)| *at < octet).map(|(_, c)| c.len_utf16()).sum()
}
