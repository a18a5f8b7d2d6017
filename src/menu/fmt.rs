//! How a file of menus is laid out. Blanks are all that changes: what a parser cannot read stands
//! as it did, and no text, name or number is written anew.

#[cfg(test)]
mod tests;

use super::{
    syntax::{self, without_comment},
    tree::{Block, Key, Line, Span, Texts},
};
use nom::Offset;
use std::collections::BTreeMap;

/// A source laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Laid {
    /// It.
    pub text: String,
    /// The lines of the source, counted from 1, that could not be read and stand as they did.
    pub left: Vec<usize>,
}

/// Lays out a tree, a catalogue or an overlay. Doing it twice is doing it once, and
/// [`syntax::parse`] reads the same from both but for the places. A source without a block that can
/// be read is no menu: it comes back as it is.
pub fn layout(source: &str) -> Laid {
    let (file, problems) = syntax::parse("", source);
    let mut sheet = Sheet { source, items: BTreeMap::new() };
    for block in &file.blocks {
        sheet.items.insert(block.at.start, (block, None));
        sheet.items.extend(block.lines.iter().map(|line| (line.at.start, (block, Some(&line.it)))));
    }
    let rows: Vec<Row> = source.lines().map(|line| sheet.row(line)).collect();
    let unread = |row: &Row| matches!(row, Row::Code { cells: None, .. });
    let left = (1..).zip(&rows).filter(|(_, row)| unread(row)).map(|(line, _)| line).collect();
    let text = match file.blocks.is_empty() && !problems.is_empty() {
        true => source.to_owned(),
        false => stacked(&rows),
    };
    Laid { text, left }
}

// ---- lines ------------------------------------------------------------------------------------

/// What a cell is, and so where the one behind it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    /// The word of a line, or the key of an option.
    Word,
    /// The outcome of an action, with its names.
    Outcome,
    /// The label of an option.
    Label,
    /// How many tries.
    Tries,
    /// Where an option leads.
    Target,
    /// The last of a line.
    Last,
}

type Cells = Vec<(Column, String)>;

/// A line of the source.
#[derive(Debug)]
enum Row<'a> {
    Blank,
    /// A comment that has a line of its own.
    Comment {
        indented: bool,
        text: &'a str,
    },
    /// A header or a line of a block, in cells when it could be read.
    Code {
        indented: bool,
        block: &'static str,
        cells: Option<Cells>,
        line: &'a str,
        comment: &'a str,
    },
}

/// The source, and what was read at each octet of it where a header or a line begins.
struct Sheet<'a, 't> {
    source: &'a str,
    items: BTreeMap<usize, (&'t Block, Option<&'t Line>)>,
}

impl<'a> Sheet<'a, '_> {
    fn row(&self, line: &'a str) -> Row<'a> {
        let code = without_comment(line);
        let (comment, indented) = (line[code.len()..].trim_end(), line.starts_with([' ', '\t']));
        let code = code.trim();
        match (code, comment) {
            ("", "") => return Row::Blank,
            ("", text) => return Row::Comment { indented, text },
            _ => {}
        }
        let (block, cells) = match self.items.get(&self.source.offset(code)) {
            Some((block, Some(item))) => (block.word(), Some(self.cells(code, item))),
            Some((block, None)) => (block.word(), Some(vec![(Column::Last, squeezed(code))])),
            None => ("", None),
        };
        // `#|` and `#->` begin a comment as soon as a blank is put behind the `#`.
        let safe = |cells: &Cells| {
            let whole: Vec<&str> = cells.iter().map(|(_, cell)| cell.as_str()).collect();
            let whole = whole.join(" ");
            without_comment(&whole).len() == whole.len()
        };
        Row::Code { indented, block, cells: cells.filter(safe), line: line.trim_end(), comment }
    }

    fn cells(&self, code: &str, line: &Line) -> Cells {
        let word = |word: &str| (Column::Word, word.to_owned());
        let last = |code: &str| (Column::Last, squeezed(code));
        match line {
            Line::Text(field, texts) => vec![word(field.word()), (Column::Last, self.texts(texts))],
            Line::Label { word: name, label } => {
                vec![word(self.piece(name.at)), (Column::Last, self.texts(label))]
            }
            Line::Option(key) => {
                vec![word(self.piece(key.key.at)), (Column::Last, self.texts(&key.label))]
            }
            Line::Word { word: theirs, ours } => vec![word(self.piece(theirs.at)), last(self.piece(ours.at))],
            Line::Keys(keys) => {
                let one = |Key { key, label }: &Key| {
                    format!("{} {}", self.piece(key.at), self.texts(label)).trim_end().to_owned()
                };
                let keys: Vec<String> = keys.iter().map(one).collect();
                vec![word("keys"), (Column::Last, keys.join(", "))]
            }
            Line::Choice { key, when, .. } => {
                let (_, mut to) = code.split_at(code.rfind("->").unwrap_or(code.len()));
                let mut cells = vec![word(self.piece(key.key.at)), (Column::Label, self.texts(&key.label))];
                let mut shown = None;
                if let Some((path, _)) = when {
                    let before = path.at.start - self.source.offset(to);
                    let at = to[..before].trim_end().len().saturating_sub("when".len());
                    (to, shown) = (&to[..at], Some(&to[at..]));
                }
                cells.push((Column::Target, squeezed(to)));
                cells.extend(shown.map(last));
                cells
            }
            Line::Tries { .. } => {
                let (front, to) = code.split_at(code.find("->").unwrap_or(code.len()));
                let (first, most) = first_word(front);
                vec![word(first), (Column::Tries, squeezed(most)), last(to)]
            }
            Line::Branch { .. } => {
                let (outcome, to) = code.split_at(code.find("->").unwrap_or(code.len()));
                vec![(Column::Outcome, squeezed(outcome)), last(to)]
            }
            Line::Reply { sms, .. } | Line::Half(sms) => {
                let before = sms.name.at.start - self.source.offset(code);
                let at = code[..before].trim_end().len().saturating_sub("sms".len());
                vec![(Column::Outcome, squeezed(&code[..at])), last(&code[at..])]
            }
            _ => {
                let (first, rest) = first_word(code);
                [word(first), last(rest)].into_iter().filter(|(_, cell)| !cell.is_empty()).collect()
            }
        }
    }

    fn piece(&self, at: Span) -> &'a str {
        &self.source[at.start..at.end]
    }

    /// A text in every language, each as it stands.
    fn texts(&self, texts: &Texts) -> String {
        let texts: Vec<&str> = texts.by_lang.iter().map(|text| self.piece(text.at)).collect();
        texts.join(" | ").trim().to_owned()
    }
}

fn first_word(code: &str) -> (&str, &str) {
    code.split_at(code.find([' ', '\t']).unwrap_or(code.len()))
}

// ---- blanks within a line ---------------------------------------------------------------------

/// Names, numbers and signs with the blanks between them that are usual, so `do x = y(a: b, c)`
/// and `{a:int 1..9 = 1}`.
fn squeezed(code: &str) -> String {
    let (mut out, mut rest, mut before) = (String::new(), code.trim(), "");
    let mut open = Vec::new();
    while !rest.is_empty() {
        let (token, after) = rest.split_at(token(rest));
        if !before.is_empty() && !tight(before, token, open.last().copied()) {
            out.push(' ');
        }
        match token {
            "(" | "{" => open.push(token),
            ")" | "}" => {
                open.pop();
            }
            _ => {}
        }
        out.push_str(token);
        (before, rest) = (token, after.trim_start());
    }
    out
}

/// How many octets the first name, number or sign has.
fn token(code: &str) -> usize {
    let sign = |c: char| matches!(c, '(' | ')' | '{' | '}' | ',' | ':' | '=' | '|');
    let ends = |(at, c): (usize, char)| c.is_whitespace() || sign(c) || code[at..].starts_with("->");
    match code.starts_with("->") {
        true => 2,
        false if code.starts_with(sign) => 1,
        false => code.char_indices().find(|at| ends(*at)).map_or(code.len(), |(at, _)| at),
    }
}

/// Whether no blank stands between these two, within this bracket.
fn tight(before: &str, token: &str, within: Option<&str>) -> bool {
    matches!(before, "(" | "{" | "|")
        || matches!(token, "(" | ")" | "}" | "," | "|")
        || (token == ":" && within.is_some())
        || (before == ":" && within == Some("{"))
        || (token == "{" && before.ends_with(".."))
        || (before == "}" && token.starts_with(".."))
}

// ---- columns ----------------------------------------------------------------------------------

/// Where the cell behind one of this column begins: how many letters it has at least, how many
/// blanks stand between, and from which length on a cell pushes its neighbour and no one else's.
fn measure(column: Column, block: &str) -> (usize, usize, usize) {
    match (column, block) {
        (Column::Word, "enum") => (10, 2, 24),
        (Column::Word, "menu" | "messages" | "overlay") => (8, 2, 24),
        (Column::Word, _) => (6, 1, 24),
        (Column::Outcome, "text") => (10, 1, 30),
        (Column::Outcome, _) => (14, 1, 30),
        (Column::Label, _) => (47, 1, 64),
        (Column::Tries, _) => (4, 1, 24),
        (Column::Target, _) => (0, 2, 40),
        (Column::Last, _) => (COMMENTS, 2, 90),
    }
}

/// Where comments behind code begin when the code leaves them room.
const COMMENTS: usize = 45;

/// The width of a column that holds cells of these lengths.
fn width(column: Column, block: &str, lengths: impl Iterator<Item = usize>) -> usize {
    let (least, gap, most) = measure(column, block);
    lengths.filter(|length| *length <= most).fold(least, |width, length| width.max(length + gap))
}

fn padded(cell: &str, column: Column, block: &str, width: usize) -> String {
    let length = cell.chars().count();
    let (_, gap, _) = measure(column, block);
    format!("{cell}{}", " ".repeat(width.saturating_sub(length).max(gap)))
}

/// The code of the rows of one block, each with its comment behind it.
fn aligned(rows: &[Row]) -> Vec<String> {
    let mut lengths: BTreeMap<Column, Vec<usize>> = BTreeMap::new();
    for row in rows {
        let Row::Code { cells: Some(cells), .. } = row else { continue };
        for (column, cell) in &cells[..cells.len().saturating_sub(1)] {
            lengths.entry(*column).or_default().push(cell.chars().count());
        }
    }
    let code = |row: &Row| match row {
        Row::Code { indented, block, cells: Some(cells), .. } => {
            let mut code = if *indented { "  ".to_owned() } else { String::new() };
            for (at, (column, cell)) in cells.iter().enumerate() {
                let known = lengths.get(column).into_iter().flatten().copied();
                match at + 1 == cells.len() {
                    true => code.push_str(cell),
                    false => code += &padded(cell, *column, block, width(*column, block, known)),
                }
            }
            code.trim_end().to_owned()
        }
        Row::Code { line, .. } => (*line).to_owned(),
        Row::Blank | Row::Comment { .. } => String::new(),
    };
    let codes: Vec<String> = rows.iter().map(code).collect();
    let commented =
        |row: &Row| matches!(row, Row::Code { cells: Some(_), comment, .. } if !comment.is_empty());
    let known =
        rows.iter().zip(&codes).filter(|(row, _)| commented(row)).map(|(_, code)| code.chars().count());
    let width = width(Column::Last, "", known);
    let whole = |(row, code): (&Row, &String)| match row {
        Row::Code { comment, .. } if commented(row) => padded(code, Column::Last, "", width) + comment,
        _ => code.clone(),
    };
    rows.iter().zip(&codes).map(whole).collect()
}

// ---- blank lines ------------------------------------------------------------------------------

/// The rows one under another: a blank line before every block and the comments above it, and of
/// several blank lines one.
fn stacked(rows: &[Row]) -> String {
    let header = |row: &Row| matches!(row, Row::Code { indented: false, .. });
    let mut lines = Vec::new();
    for block in rows.chunk_by(|_, next| !header(next)) {
        lines.extend(aligned(block));
    }
    let mut out = String::new();
    // Of the line before: whether it stands in a block, and is its header.
    let (mut in_block, mut under_header, mut blank) = (false, false, false);
    for (at, (row, line)) in rows.iter().zip(lines).enumerate() {
        let inside = match row {
            Row::Blank => {
                blank = true;
                continue;
            }
            Row::Code { indented, .. } => *indented,
            Row::Comment { indented, .. } => {
                let next = rows[at..].iter().find(|row| matches!(row, Row::Code { .. }));
                // Between two lines of a block it is the block's; behind the last, by its indentation.
                next.is_some_and(|next| !header(next)) || (*indented && in_block)
            }
        };
        let apart = if inside { blank && !under_header } else { blank || in_block };
        if apart && !out.is_empty() {
            out.push('\n');
        }
        match row {
            Row::Comment { text, .. } if inside => out += &format!("  {text}\n"),
            Row::Comment { text, .. } => out += &format!("{text}\n"),
            _ => out += &format!("{line}\n"),
        }
        (in_block, under_header, blank) = (inside || header(row), header(row), false);
    }
    out
}
