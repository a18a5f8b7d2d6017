//! Lists as files of comma-separated values (RFC 4180), for programs that calculate. The first line names
//! the columns.

use std::fmt::Display;

/// Such a file, cell by cell.
pub struct Sheet(csv::Writer<Vec<u8>>);

/// What a program that calculates would carry out instead of showing it gets an apostrophe in front, unless
/// it is a number.
pub(super) fn harmless(cell: String) -> String {
    let first = cell.trim_start_matches(' ').chars().next();
    let number = || {
        let digits = cell.strip_prefix(['+', '-']).unwrap_or(&cell);
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','))
    };
    match first {
        Some('=' | '@' | '\t' | '\r' | '\n' | '|' | '%') => format!("'{cell}"),
        Some('+' | '-') if !number() => format!("'{cell}"),
        _ => cell,
    }
}

impl Sheet {
    /// A file with these columns.
    pub fn new(columns: &[&str]) -> Self {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // What is written to memory is written.
        let _ = writer.write_record(columns);
        Self(writer)
    }

    /// One more line.
    pub fn line(&mut self, cells: &[&dyn Display]) {
        let written = self.0.write_record(cells.iter().map(|cell| harmless(cell.to_string())));
        if let Err(why) = written {
            tracing::error!(%why, "a line of a file could not be written");
        }
    }

    /// The whole of it.
    pub fn text(self) -> Vec<u8> {
        self.0.into_inner().unwrap_or_else(|why| {
            tracing::error!(why = %why.error(), "a file could not be written");
            Vec::new()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_calculated_is_shown_and_numbers_stay_numbers() {
        let mut sheet = Sheet::new(&["says", "sum"]);
        sheet.line(&[&"=HYPERLINK(\"http://evil\")", &"-850.00"]);
        sheet.line(&[&"+1+cmd|' /C calc'!A0", &"+2547*****101"]);
        sheet.line(&[&"a, \"b\"\nc", &"@SUM(A1)"]);
        sheet.line(&[&" =1+1", &"-2+3"]);
        let text = String::from_utf8(sheet.text()).expect("text");
        assert_eq!(
            text,
            "says,sum\n\"'=HYPERLINK(\"\"http://evil\"\")\",-850.00\n'+1+cmd|' /C calc'!A0,'+2547*****101\n\
             \"a, \"\"b\"\"\nc\",'@SUM(A1)\n' =1+1,'-2+3\n"
        );
    }
}
