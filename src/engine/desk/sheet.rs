//! Lists as files of comma-separated values (RFC 4180), for programs that calculate. The first line names
//! the columns.

use std::fmt::Display;

/// Such a file, cell by cell.
pub struct Sheet(String);

/// What a program that calculates would carry out instead of showing it gets an apostrophe in front, unless
/// it is a number.
fn harmless(cell: String) -> String {
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

/// A cell as the file has it. Where commas are decimal signs, programs take a semicolon for the end of a
/// cell, so it is quoted like a comma.
fn quoted(cell: &str) -> String {
    match cell.contains([',', ';', '"', '\n', '\r', '\t']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

impl Sheet {
    /// A file with these columns.
    pub fn new(columns: &[&str]) -> Self {
        Self(columns.join(",") + "\n")
    }

    /// One more line.
    pub fn line(&mut self, cells: &[&dyn Display]) {
        let cells: Vec<String> = cells.iter().map(|cell| quoted(&harmless(cell.to_string()))).collect();
        self.0 += &cells.join(",");
        self.0.push('\n');
    }

    /// The last line of a file that has not all there is: it says so where it ends.
    pub fn cut(&mut self, most: usize) {
        self.line(&[&format!("CUT HERE: these are the newest {most}; there are more")]);
    }

    /// The whole of it.
    pub fn text(self) -> Vec<u8> {
        self.0.into_bytes()
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
        sheet.line(&[&"a;=1+1", &"0700;=2"]);
        sheet.cut(2);
        let text = String::from_utf8(sheet.text()).expect("text");
        assert_eq!(
            text,
            "says,sum\n\"'=HYPERLINK(\"\"http://evil\"\")\",-850.00\n'+1+cmd|' /C calc'!A0,'+2547*****101\n\
             \"a, \"\"b\"\"\nc\",'@SUM(A1)\n' =1+1,'-2+3\n\
             \"a;=1+1\",\"0700;=2\"\n\"CUT HERE: these are the newest 2; there are more\"\n"
        );
    }
}
