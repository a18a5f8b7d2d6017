//! The files of a routing table, read with the line of every mistake.

use super::{Gateway, Operator, Table};
use crate::types::Msisdn;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// Most digits of an international number (ITU-T E.164).
const MOST_DIGITS: usize = 15;

/// The texts a table is read from.
///
/// Operators, in TOML:
///
/// ```toml
/// others = ["safari"]            # for numbers of no operator; without it every gateway in order
///
/// [operator.safaricom]
/// gateways = ["safari", "africastalking"]   # the best first
/// prefixes = ["25470", "25471", "254110"]
/// ```
///
/// Ported numbers, in CSV with a heading:
///
/// ```text
/// msisdn,operator
/// 254712345678,airtel
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Sources<'a> {
    /// Name and text of the file of operators.
    pub operators: (&'a str, &'a str),
    /// Name and text of the file of ported numbers, where there is one.
    pub ported: Option<(&'a str, &'a str)>,
}

/// A mistake in a file of a routing table, with its place and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {what}")]
pub struct RoutingError {
    /// Which file.
    pub file: String,
    /// Which line, from 1.
    pub line: u64,
    /// What is wrong and what to write instead.
    pub what: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OperatorsFile {
    others: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    operator: BTreeMap<String, OperatorEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OperatorEntry {
    gateways: Spanned<Vec<Spanned<String>>>,
    prefixes: Vec<Spanned<String>>,
}

/// A file under reading.
struct File<'a> {
    name: &'a str,
    text: &'a str,
}

impl File<'_> {
    fn error<T>(&self, line: u64, what: impl Into<String>) -> Result<T, RoutingError> {
        Err(RoutingError { file: self.name.to_owned(), line, what: what.into() })
    }

    /// The line of an octet, from 1.
    fn line(&self, offset: usize) -> u64 {
        let before = self.text.as_bytes().iter().take(offset);
        1 + before.filter(|octet| **octet == b'\n').count() as u64
    }

    fn known(&self, names: &[Spanned<String>], known: &[Gateway]) -> Result<Vec<Gateway>, RoutingError> {
        let mut gateways: Vec<Gateway> = Vec::new();
        for name in names {
            let line = self.line(name.span().start);
            let Some(gateway) = known.iter().find(|gateway| ***gateway == **name.get_ref()) else {
                let all = known.iter().map(|gateway| &**gateway).collect::<Vec<_>>().join(", ");
                let name = name.get_ref();
                return self.error(line, format!("no gateway is called {name:?}; write one of: {all}"));
            };
            if gateways.contains(gateway) {
                return self.error(line, format!("{gateway:?} stands here twice; strike one out"));
            }
            gateways.push(gateway.clone());
        }
        Ok(gateways)
    }
}

impl Table {
    /// Reads a table whose gateways are among `known`.
    ///
    /// # Errors
    /// The first mistake.
    pub fn read(sources: Sources<'_>, known: &[Gateway]) -> Result<Self, RoutingError> {
        let (name, text) = sources.operators;
        let file = File { name, text };
        let read: OperatorsFile = toml::from_str(text).or_else(|why| {
            let line = file.line(why.span().map_or(0, |span| span.start));
            file.error(line, why.message().trim().replace('\n', " "))
        })?;
        let others = match &read.others {
            Some(names) => file.known(names, known)?,
            None => known.to_vec(),
        };
        let mut table = Self { others, ..Self::default() };
        for (name, entry) in read.operator {
            table.add(&file, name, &entry, known)?;
        }
        if let Some((name, text)) = sources.ported {
            table.read_ported(&File { name, text })?;
        }
        Ok(table)
    }

    fn add(
        &mut self, file: &File<'_>, name: String, entry: &OperatorEntry, known: &[Gateway],
    ) -> Result<(), RoutingError> {
        let index = self.operators.len();
        let gateways = file.known(entry.gateways.get_ref(), known)?;
        if gateways.is_empty() {
            let line = file.line(entry.gateways.span().start);
            return file.error(line, format!("{name} has no gateway; name at least one"));
        }
        for prefix in &entry.prefixes {
            let line = file.line(prefix.span().start);
            let digits = prefix.get_ref();
            let sound = (1..=MOST_DIGITS).contains(&digits.len())
                && digits.bytes().all(|octet| octet.is_ascii_digit())
                && !digits.starts_with('0');
            if !sound {
                let what = format!(
                    "{digits:?} does not begin a number; write international digits such as \"25470\""
                );
                return file.error(line, what);
            }
            if let Some(other) = self.prefixes.insert(digits.clone(), index) {
                let other = self.operators.get(other).map_or(name.as_str(), |other| other.name.as_str());
                return file.error(line, format!("{digits} stands at {other} already; strike one out"));
            }
        }
        self.operators.push(Operator { name, gateways });
        Ok(())
    }

    fn read_ported(&mut self, file: &File<'_>) -> Result<(), RoutingError> {
        let mut rows =
            csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(file.text.as_bytes());
        let heading = rows.headers().is_ok_and(|row| row.iter().eq(["msisdn", "operator"]));
        if !heading {
            return file.error(1, "the first line names the columns; write: msisdn,operator");
        }
        let mut lines: BTreeMap<u64, (u64, usize)> = BTreeMap::new();
        for row in rows.records() {
            // The text is in memory and in UTF-8, which leaves nothing to fail.
            let Ok(row) = row else { continue };
            // A row is said to begin where the blank lines before it do.
            let (begins, line) = row.position().map_or((0, 1), |at| (at.byte(), at.line()));
            let rest = usize::try_from(begins).ok().and_then(|at| file.text.as_bytes().get(at..));
            let blanks = rest.unwrap_or_default().iter().take_while(|octet| matches!(octet, b'\r' | b'\n'));
            let line = line + blanks.filter(|octet| **octet == b'\n').count() as u64;
            if row.get(0).is_some_and(|first| first.starts_with('#')) {
                continue;
            }
            if row.len() != 2 {
                return file.error(line, "this is not a number and an operator; write: 254712345678,airtel");
            }
            let (digits, name) = (row.get(0).unwrap_or_default(), row.get(1).unwrap_or_default());
            let Ok(msisdn) = Msisdn::from_e164(digits) else {
                return file.error(line, format!("{digits:?} is not an international number; write 254…"));
            };
            let Some(index) = self.operators.iter().position(|operator| operator.name == name) else {
                let all: Vec<_> = self.operators.iter().map(|operator| operator.name.as_str()).collect();
                let all = all.join(", ");
                return file.error(line, format!("no operator is called {name:?}; write one of: {all}"));
            };
            if let Some((earlier, _)) = lines.insert(msisdn.number(), (line, index)) {
                return file.error(line, format!("this number stands on line {earlier} already; keep one"));
            }
        }
        self.ported = lines.into_iter().map(|(number, (_, index))| (number, index)).collect();
        Ok(())
    }
}
