//! Faults of a menu as data: what, where, and what to do about it.

mod sarif;

pub use sarif::to_sarif;

use crate::menu::tree::Span;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet, renderer::DecorStyle};
use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The menu cannot go live.
    Error,
    /// It can, and somebody should look at it.
    Warning,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// A stable name for this sort of fault, such as `unknown-target`.
    pub code: &'static str,
    /// The file, as the caller named it.
    pub file: String,
    /// Where in the file.
    pub span: Span,
    /// What is wrong, in one sentence.
    pub sentence: String,
    /// What to do about it; may be empty.
    pub help: String,
}

/// A problem as tools read it.
#[derive(Serialize)]
struct Flat<'a> {
    #[serde(flatten)]
    problem: &'a Problem,
    line: usize,
    column: usize,
}

/// The file's text, found by the name that problems carry.
fn source_of<'a>(problem: &Problem, sources: &'a [(String, String)]) -> &'a str {
    sources.iter().find(|(name, _)| *name == problem.file).map_or("", |(_, text)| text)
}

/// The problems as people read them, with file, line, caret and remedy; colours on request.
pub fn to_text(problems: &[Problem], sources: &[(String, String)], colours: bool) -> String {
    let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut out = String::new();
    for problem in problems {
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let source = source_of(problem, sources);
        let snippet = Snippet::source(source)
            .path(&problem.file)
            .annotation(AnnotationKind::Primary.span(clamp(problem.span, source)));
        let mut group = level.primary_title(&problem.sentence).id(problem.code).element(snippet);
        if !problem.help.is_empty() {
            group = group.element(Level::HELP.message(&problem.help));
        }
        out.push_str(&renderer.render(&[group]));
        out.push_str("\n\n");
    }
    out
}

/// The problems as a JSON array, with lines and columns (in characters) counted from 1.
pub fn to_json(problems: &[Problem], sources: &[(String, String)]) -> String {
    let flat: Vec<Flat<'_>> = problems
        .iter()
        .map(|problem| {
            let source = source_of(problem, sources);
            let at = clamp(problem.span, source).start;
            let begin = source[..at].rfind('\n').map_or(0, |found| found + 1);
            Flat { problem, line: problem.span.line(source), column: source[begin..at].chars().count() + 1 }
        })
        .collect();
    serde_json::to_string_pretty(&flat).unwrap_or_else(|_| "[]".to_owned())
}

/// The span, moved onto character boundaries inside the source.
fn clamp(span: Span, source: &str) -> std::ops::Range<usize> {
    let inside = |mut at: usize| {
        at = at.min(source.len());
        while !source.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = inside(span.start);
    start..inside(span.end).max(start)
}

/// The name nearest to a misspelt one, when it is near enough to be meant.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (wanted.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (distance(wanted, name), name))
        .filter(|(far, _)| *far <= most)
        .min()
        .map(|(_, name)| name)
}

/// Letters to put in, take out, replace or swap with their neighbour to turn one word into the
/// other (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        rows[i][0] = i;
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_is_told_from_a_strange_one() {
        assert_eq!(nearest("sell.prize", ["sell.price", "sell.ready"]), Some("sell.price"));
        assert_eq!(nearest("bey", ["home", "bye"]), Some("bye"));
        assert_eq!(nearest("sell.ready", ["home", "money"]), None);
    }

    #[test]
    fn a_report_shows_file_line_caret_and_remedy() {
        let source = "menu a\nscreen home\n  1 Go -> hme\n".to_owned();
        let at = source.find("hme").expect("there");
        let problem = Problem {
            severity: Severity::Error,
            code: "unknown-target",
            file: "a.menu".into(),
            span: Span::new(at, at + 3),
            sentence: "there is no block `hme`".into(),
            help: "did you mean `home`?".into(),
        };
        let sources = [("a.menu".to_owned(), source)];
        let text = to_text(std::slice::from_ref(&problem), &sources, false);
        for part in ["a.menu:3:11", "^^^", "unknown-target", "did you mean `home`?"] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        let json = to_json(&[problem], &sources);
        assert!(json.contains("\"line\": 3") && json.contains("\"column\": 11"), "{json}");
    }
}
