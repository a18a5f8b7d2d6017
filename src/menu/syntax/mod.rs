//! Text to tree. A file is cut into lines first and each line is parsed by itself, so that one
//! fault hides no other: after a bad header its lines are still read, after a bad line the next.

mod lines;
mod overlay;
#[cfg(test)]
mod tests;
mod words;

use crate::menu::{
    report::{Problem, Severity, nearest},
    tree::{At, Block, File, Span},
};
use lines::BLOCKS;
use overlay::OVERLAY;
use words::{Expect, Parsed, Place};

/// The tree of a file, and everything in it that could not be read.
pub fn parse(name: &str, source: &str) -> (File, Vec<Problem>) {
    parse_from(name, source, 0)
}

/// Whether this is the source of an overlay: its first word says so.
pub fn is_overlay(source: &str) -> bool {
    let first = source.lines().map(without_comment).find(|line| !line.trim().is_empty());
    first.is_some_and(|line| line.split([' ', '\t']).next() == Some("overlay"))
}

/// The same, of a file that begins at this octet of `source`; all places are those in `source`.
pub fn parse_from(name: &str, source: &str, begin: usize) -> (File, Vec<Problem>) {
    let overlay = is_overlay(&source[begin..]);
    let (blocks, file): (&[_], _) = (if overlay { &OVERLAY } else { &BLOCKS }, File::default());
    let mut parser = Parser { place: Place { source }, name, blocks, overlay, file, problems: Vec::new() };
    // Where the lines of the block go: its word, and whether its header could be read.
    let mut block: Option<(&str, bool)> = None;
    for line in source[begin..].lines() {
        let line = without_comment(line);
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        if line.starts_with([' ', '\t']) {
            match block {
                Some((word, readable)) => parser.line(word, readable, text),
                None => parser.problem(
                    "line-without-block",
                    parser.place.span(text),
                    "this line stands in no block".into(),
                    "begin the block with an unindented header, such as `screen home`".into(),
                ),
            }
        } else {
            block = parser.header(text);
        }
    }
    (parser.file, parser.problems)
}

/// The line up to its comment: a `#` at the beginning or after a blank, with a blank or nothing
/// behind it. The `#` of `*483*57#` begins none.
pub fn without_comment(line: &str) -> &str {
    let bytes = line.as_bytes();
    let blank = |at: usize| bytes.get(at).is_none_or(|b| matches!(b, b' ' | b'\t'));
    let begins = |at: usize| bytes[at] == b'#' && (at == 0 || blank(at - 1)) && blank(at + 1);
    (0..bytes.len()).find(|at| begins(*at)).map_or(line, |at| &line[..at])
}

struct Parser<'a> {
    place: Place<'a>,
    name: &'a str,
    /// The blocks that this sort of file may have, and their lines.
    blocks: &'static [(&'static str, &'static str)],
    overlay: bool,
    file: File,
    problems: Vec<Problem>,
}

impl<'a> Parser<'a> {
    fn problem(&mut self, code: &'static str, span: Span, sentence: String, help: String) {
        let file = self.name.to_owned();
        self.problems.push(Problem { severity: Severity::Error, code, file, span, sentence, help });
    }

    /// Reads a header; answers with the word it begins with when that is a block's.
    fn header(&mut self, text: &'a str) -> Option<(&'static str, bool)> {
        let end = text.find([' ', '\t']).unwrap_or(text.len());
        let (first, after) = (&text[..end], text[end..].trim_start());
        let blocks = self.blocks;
        let Some((word, _)) = blocks.iter().find(|(word, _)| *word == first) else {
            let words = || blocks.iter().map(|(word, _)| *word);
            let help = match nearest(first, words()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if text.starts_with('#') => "a comment is `#` and a blank".into(),
                None => format!(
                    "a block is one of {}; a line of a block is indented",
                    words().collect::<Vec<_>>().join(", ")
                ),
            };
            let span = self.place.span(first);
            self.problem("unknown-block", span, format!("`{first}` begins no block"), help);
            // Its lines belong to nothing that is known: they are passed over.
            return Some(("", false));
        };
        let at = self.place.span(text);
        let parsed = match self.overlay {
            true => self.place.overlay_head(word, after),
            false => self.place.head(word, after),
        };
        let read = self.take(parsed, &format!("in the header of this `{word}`"), "");
        let readable = read.is_some();
        if let Some(head) = read {
            self.file.blocks.push(Block { head, at, lines: Vec::new(), broken: false });
        }
        Some((word, readable))
    }

    fn line(&mut self, block: &'static str, readable: bool, text: &'a str) {
        if block.is_empty() {
            return;
        }
        let at = self.place.span(text);
        let allowed = self.blocks.iter().find(|(word, _)| *word == block).map_or("", |(_, lines)| *lines);
        let parsed = match self.overlay {
            true => self.place.overlay_line(block, text),
            false => self.place.line(block, text),
        };
        let Some(parsed) = parsed else {
            let end = text.find([' ', '\t', '(']).unwrap_or(text.len());
            let first = &text[..end];
            let words = allowed.split([',', ' ']).map(str::trim);
            let help = match nearest(first, words.filter(|word| !word.is_empty())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the lines of `{block}` are: {allowed}"),
            };
            let span = self.place.span(first);
            self.breaks(readable);
            return self.problem("unknown-line", span, format!("`{block}` has no line `{first}`"), help);
        };
        let help = format!("the lines of `{block}` are: {allowed}");
        if parsed.is_err() {
            self.breaks(readable);
        }
        let read = self.take(parsed, &format!("in this line of `{block}`"), &help);
        if let (Some(line), true, Some(last)) = (read, readable, self.file.blocks.last_mut()) {
            last.lines.push(At { it: line, at });
        }
    }

    /// Notes that a line of the last block is lost.
    fn breaks(&mut self, readable: bool) {
        if let (true, Some(last)) = (readable, self.file.blocks.last_mut()) {
            last.broken = true;
        }
    }

    fn take<T>(&mut self, parsed: Parsed<'a, T>, where_: &str, help: &str) -> Option<T> {
        let expect = match parsed {
            Ok((_, it)) => return Some(it),
            Err(nom::Err::Error(e) | nom::Err::Failure(e)) => e,
            Err(nom::Err::Incomplete(_)) => {
                Expect { at: &self.place.source[self.place.source.len()..], want: "more" }
            }
        };
        let mut span = self.place.span(expect.at);
        let found = expect.at.split([' ', '\t']).next().unwrap_or_default();
        span.end = span.start + found.len();
        let want = if expect.want.is_empty() { "something else" } else { expect.want };
        let sentence = match found {
            "" => format!("{where_}: {want} is missing at the end"),
            found => format!("{where_}: {want} should stand where `{found}` stands"),
        };
        self.problem("syntax", span, sentence, help.to_owned());
        None
    }
}
