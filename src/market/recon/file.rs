//! A statement's file: comma-separated values in the layout of whoever wrote it, read whole or not at all.

use super::{Line, LineKind};
use crate::types::time::NAIROBI;
use crate::types::{Kes, PayoutId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The layouts of this release.
pub const LAYOUTS: &str = include_str!("layouts.toml");
/// The most octets of a file.
pub const LONGEST: usize = 4 * 1024 * 1024;
/// The most lines of a file.
pub const MOST_LINES: usize = 20_000;
/// Rows before the one that names the columns: whose account it is, of which days.
const PREAMBLE: usize = 40;

/// What a provider's columns are called, and which words tell its lines apart. Names and words are compared
/// without regard to case; an empty name means that there is no such column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// The receipt.
    pub receipt: String,
    /// Our id of the payout; may be missing from a file.
    #[serde(default)]
    pub request: String,
    /// When it was done.
    pub at: String,
    /// How moments are written: `yyyy-MM-dd HH:mm:ss`; the first that fits.
    pub times: Vec<String>,
    /// How far the clock of the file is east of Greenwich, in minutes, where a moment does not say.
    #[serde(default = "nairobi")]
    pub utc_offset_minutes: i32,
    /// Whether it went through.
    #[serde(default)]
    pub status: String,
    /// What the status says of what went through.
    #[serde(default)]
    pub done: Vec<String>,
    /// Columns in which the words below are looked for.
    #[serde(default)]
    pub kind: Vec<String>,
    /// Words of a line that is a charge. Without any, and without a column of fees, fees are not compared.
    #[serde(default)]
    pub charges: Vec<String>,
    /// Words of a line that takes another back.
    #[serde(default)]
    pub reversals: Vec<String>,
    /// The receipt of the line that is charged for or taken back; may be missing from a file.
    #[serde(default)]
    pub of: String,
    /// What left.
    #[serde(default)]
    pub out: String,
    /// What came in.
    #[serde(default)]
    pub back: String,
    /// Both in one column: what is below zero left; so did the rest, but for reversals and `incoming`.
    #[serde(default)]
    pub amount: String,
    /// Words of lines in `amount` that came in.
    #[serde(default)]
    pub incoming: Vec<String>,
    /// The fee of the line itself.
    #[serde(default)]
    pub fee: String,
    /// What the account held afterwards.
    #[serde(default)]
    pub balance: String,
    /// Where the number stands to which it went: the first of these that has one.
    #[serde(default)]
    pub party: Vec<String>,
    /// What stands between cells.
    #[serde(default = "comma")]
    pub delimiter: char,
}

const fn nairobi() -> i32 {
    NAIROBI
}

const fn comma() -> char {
    ','
}

impl Layout {
    /// The layout of a provider, with what the configuration says otherwise.
    ///
    /// # Errors
    /// A key that there is not, or a layout with which nothing can be read; says which and what to do.
    pub fn of(provider: &str, own: &toml::Table) -> Result<Self, String> {
        let known: toml::Table =
            LAYOUTS.parse().map_err(|why| format!("the layouts of this release: {why}"))?;
        let mut table = known.get(provider).and_then(toml::Value::as_table).cloned().unwrap_or_default();
        table.extend(own.clone());
        let layout: Self = toml::Value::Table(table).try_into().map_err(|why| format!("{why}"))?;
        layout.check()?;
        Ok(layout)
    }

    fn check(&self) -> Result<(), String> {
        let sums = (!self.amount.is_empty()) ^ (!self.out.is_empty() && !self.back.is_empty());
        if self.receipt.is_empty() || self.at.is_empty() || !sums {
            return Err("name receipt, at, and either amount or both of out and back".to_owned());
        }
        if self.times.is_empty() || self.status.is_empty() != self.done.is_empty() {
            return Err("times has at least one; status and done come together".to_owned());
        }
        if !self.delimiter.is_ascii() {
            return Err("delimiter is one character such as , or ;".to_owned());
        }
        Ok(())
    }

    /// It tells what was charged.
    pub fn tells_fees(&self) -> bool {
        !self.fee.is_empty() || !self.charges.is_empty()
    }
}

/// What keeps a file from being read: where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The line, from 1; 0 where it is about the whole file.
    pub line: u64,
    /// The name of the column; empty where it is about none.
    pub column: String,
    /// What is wrong and what to do.
    pub why: String,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, ", self.line)?;
        }
        if !self.column.is_empty() {
            write!(f, "column {:?}: ", self.column)?;
        }
        f.write_str(&self.why)
    }
}

/// A statement as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Its lines.
    pub lines: Vec<Line>,
    /// The first and the last moment.
    pub period: (Timestamp, Timestamp),
    /// What the account held before and after, where the file says.
    pub balances: Option<(Kes, Kes)>,
    /// Lines whose balance does not follow from the one before: something is missing from the file.
    pub gaps: u64,
}

/// Reads a file. Whatever cannot be read refuses all of it.
///
/// # Errors
/// The first thing that is wrong, with its line, its column and the remedy.
pub fn read(octets: &[u8], layout: &Layout, name: &str) -> Result<Sheet, Unread> {
    let whole = |why: String| Unread { line: 0, column: String::new(), why };
    if octets.len() > LONGEST {
        return Err(whole(format!("the file has more than {LONGEST} octets; export fewer days at a time")));
    }
    let octets = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(octets);
    let Ok(text) = std::str::from_utf8(octets) else {
        return Err(whole("this is no text in UTF-8; save it as CSV (UTF-8), not as a workbook".to_owned()));
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(u8::try_from(layout.delimiter).unwrap_or(b','))
        .from_reader(text.as_bytes());
    let mut head: Option<Head<'_>> = None;
    let (mut lines, mut before) = (Vec::new(), 0);
    for record in reader.records() {
        let record = record.map_err(|why| Unread {
            line: why.position().map_or(0, csv::Position::line),
            column: String::new(),
            why: format!("this is no row of a table ({why}); export it again"),
        })?;
        let number = record.position().map_or(0, csv::Position::line);
        let cells: Vec<&str> = record.iter().map(str::trim).collect();
        let Some(head) = &head else {
            head = Head::find(&cells, layout);
            if head.is_none() && before >= PREAMBLE {
                break;
            }
            if let Some(head) = &head {
                head.check(number, name)?;
            }
            before += 1;
            continue;
        };
        if cells.iter().all(|cell| cell.is_empty()) {
            continue;
        }
        if lines.len() >= MOST_LINES {
            return Err(whole(format!(
                "the file has more than {MOST_LINES} lines; export fewer days at a time"
            )));
        }
        lines.push(head.line(&cells, number)?);
    }
    if head.is_none() {
        return Err(whole(format!(
            "no row names the columns {:?} and {:?}; if yours are called otherwise, name them in \
             [reconcile.layouts.{name}]",
            layout.receipt, layout.at
        )));
    }
    sheet(lines).ok_or_else(|| whole("there is no line in it; export the days again".to_owned()))
}

/// Where the columns of a file stand.
struct Head<'l> {
    layout: &'l Layout,
    names: Vec<String>,
}

impl<'l> Head<'l> {
    fn find(cells: &[&str], layout: &'l Layout) -> Option<Self> {
        let names: Vec<String> = cells.iter().map(|cell| (*cell).to_owned()).collect();
        let head = Self { layout, names };
        (head.place(&layout.receipt).is_some() && head.place(&layout.at).is_some()).then_some(head)
    }

    fn place(&self, column: &str) -> Option<usize> {
        (!column.is_empty()).then(|| self.names.iter().position(|name| same(name, column))).flatten()
    }

    /// Every column that is named must be there, but for those that a file may do without.
    fn check(&self, line: u64, name: &str) -> Result<(), Unread> {
        let layout = self.layout;
        let single = [
            ("status", &layout.status),
            ("out", &layout.out),
            ("back", &layout.back),
            ("amount", &layout.amount),
            ("fee", &layout.fee),
            ("balance", &layout.balance),
        ];
        let missing = |key: &str, columns: &str| Unread {
            line,
            column: columns.to_owned(),
            why: format!(
                "there is no such column; the file has {}. Name yours with {key} in [reconcile.layouts.{name}]",
                self.names.iter().filter(|name| !name.is_empty()).cloned().collect::<Vec<_>>().join(", ")
            ),
        };
        for (key, column) in single {
            if !column.is_empty() && self.place(column).is_none() {
                return Err(missing(key, column));
            }
        }
        for (key, columns) in [("kind", &layout.kind), ("party", &layout.party)] {
            if !columns.is_empty() && columns.iter().all(|column| self.place(column).is_none()) {
                return Err(missing(key, &columns.join(" or ")));
            }
        }
        Ok(())
    }

    fn line(&self, cells: &[&str], number: u64) -> Result<Line, Unread> {
        if cells.len() < self.names.len() {
            return Err(Unread {
                line: number,
                column: String::new(),
                why: format!("it has {} cells of {}; export it again", cells.len(), self.names.len()),
            });
        }
        let layout = self.layout;
        let cell = |column: &str| self.place(column).map_or("", |place| cells[place]);
        let wrong = |column: &str, why: String| Unread { line: number, column: column.to_owned(), why };
        let sum = |column: &str| {
            let text = cell(column);
            money(text).ok_or_else(|| wrong(column, format!("{text:?} is no sum such as 1,250.50; mend it")))
        };
        if cell(&layout.receipt).is_empty() {
            return Err(wrong(
                &layout.receipt,
                "a line without a receipt; take a line of totals out".to_owned(),
            ));
        }
        let written = cell(&layout.at);
        let at = layout.times.iter().find_map(|format| moment(written, format, layout.utc_offset_minutes));
        let at = at.ok_or_else(|| {
            let times = layout.times.join(" or ");
            wrong(&layout.at, format!("{written:?} is no moment such as {times}; name its form with times"))
        })?;
        let status = cell(&layout.status);
        let says = |words: &[String]| {
            let kinds = || layout.kind.iter().map(|column| cell(column).to_lowercase());
            words.iter().any(|word| kinds().any(|kind| kind.contains(&word.to_lowercase())))
        };
        let kind = match (says(&layout.charges), says(&layout.reversals)) {
            (true, _) => LineKind::Charge,
            (false, true) => LineKind::Reversal,
            (false, false) => LineKind::Payment,
        };
        let (out, back) = if layout.amount.is_empty() {
            (sum(&layout.out)?.cents().abs(), sum(&layout.back)?.cents().abs())
        } else {
            let amount = sum(&layout.amount)?.cents();
            let comes_in = amount > 0 && (kind == LineKind::Reversal || says(&layout.incoming));
            if comes_in { (0, amount) } else { (amount.abs(), 0) }
        };
        let fee = if layout.fee.is_empty() { Kes::ZERO } else { Kes::minor(sum(&layout.fee)?.cents().abs()) };
        let balance = match layout.balance.is_empty() || cell(&layout.balance).is_empty() {
            true => None,
            false => Some(sum(&layout.balance)?),
        };
        let texts = || layout.party.iter().map(|column| cell(column));
        Ok(Line {
            receipt: cell(&layout.receipt).to_owned(),
            of: Some(cell(&layout.of)).filter(|of| !of.is_empty()).map(str::to_owned),
            at,
            kind,
            done: layout.status.is_empty() || layout.done.iter().any(|done| same(done, status)),
            out: Kes::minor(out),
            back: Kes::minor(back),
            fee,
            balance,
            request: cell(&layout.request).parse::<PayoutId>().ok(),
            party: texts().find_map(number_in).unwrap_or_default(),
            row: number,
        })
    }
}

fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// A sum, perhaps below zero, perhaps behind the letters of its currency; nothing is zero.
fn money(text: &str) -> Option<Kes> {
    let text = text.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    if text.is_empty() || text == "-" {
        return Some(Kes::ZERO);
    }
    match text.strip_prefix('-') {
        Some(rest) => Some(Kes::minor(-Kes::read(rest)?.cents())),
        None => Kes::read(text),
    }
}

/// The first run of digits, stars among them, that is as long as a phone number.
fn number_in(text: &str) -> Option<String> {
    let runs = text.split(|c: char| !(c.is_ascii_digit() || c == '*'));
    runs.filter(|run| (9..=15).contains(&run.len()))
        .find(|run| run.contains(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
}

/// A moment as a format such as `dd-MM-yyyy HH:mm:ss` spells it. Fractions of a second are dropped; a `Z` or
/// `+03:00` behind it is believed.
fn moment(text: &str, format: &str, offset_minutes: i32) -> Option<Timestamp> {
    let (mut rest, mut fields) = (text.trim(), [0i64, 1, 1, 0, 0, 0]);
    let mut format = format;
    while let Some(token) = format.chars().next() {
        let run = format.chars().take_while(|c| *c == token).count();
        match "yMdHms".find(token) {
            Some(field) => {
                let digits = rest.bytes().take(run).take_while(u8::is_ascii_digit).count();
                if digits == 0 || (token == 'y' && digits != run) {
                    return None;
                }
                fields[field] = rest[..digits].parse().ok()?;
                rest = &rest[digits..];
                format = &format[run..];
            }
            None => {
                rest = rest.strip_prefix(token)?;
                format = &format[token.len_utf8()..];
            }
        }
    }
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    let offset = match rest {
        "" => offset_minutes,
        "Z" => 0,
        zone => {
            let sign = match zone.chars().next()? {
                '+' => 1,
                '-' => -1,
                _ => return None,
            };
            let (hours, minutes) = zone[1..].split_once(':')?;
            sign * (hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?)
        }
    };
    let [year, month, day, hour, minute, second] = fields;
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..60).contains(&second) {
        return None;
    }
    let day = Timestamp::of_day(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?, offset)?;
    Some(Timestamp::from_millis(day.millis() + ((hour * 60 + minute) * 60 + second) * 1000))
}

/// What follows from all lines together. Some providers write the newest first: the order in which the
/// balances follow from each other is the right one.
fn sheet(lines: Vec<Line>) -> Option<Sheet> {
    let period = (lines.iter().map(|line| line.at).min()?, lines.iter().map(|line| line.at).max()?);
    let forward: Vec<&Line> = told(lines.iter());
    let backward: Vec<&Line> = told(lines.iter().rev());
    let descends = lines.first()?.at > lines.last()?.at;
    let (there, back) = (breaks(&forward), breaks(&backward));
    let right = if (back, !descends) < (there, descends) { backward } else { forward };
    let balances = right.first().zip(right.last()).and_then(|(first, last)| {
        let opening = first.balance?.checked_add(Kes::minor(first.net()))?;
        Some((opening, last.balance?))
    });
    let gaps = there.min(back);
    // Moments are told to the second: whatever happened within the last one stands in it.
    let period = (period.0, period.1.after(std::time::Duration::from_millis(999)));
    Some(Sheet { lines, period, balances, gaps })
}

/// Lines that had their effect and tell what was left.
fn told<'a>(lines: impl Iterator<Item = &'a Line>) -> Vec<&'a Line> {
    lines.filter(|line| line.done && line.balance.is_some()).collect()
}

fn breaks(lines: &[&Line]) -> u64 {
    let follows = |pair: &[&Line]| {
        let (before, after) = (pair[0].balance.map(Kes::cents), pair[1].balance.map(Kes::cents));
        before.map(|before| before - pair[1].net()) == after
    };
    lines.windows(2).filter(|pair| !follows(pair)).count() as u64
}

#[cfg(test)]
mod tests;
