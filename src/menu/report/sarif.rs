//! Problems in SARIF 2.1.0, which code hosts and editors read (OASIS, "Static Analysis Results
//! Interchange Format (SARIF) Version 2.1.0").

use super::{Problem, Severity, clamp, source_of};
use crate::menu::rules;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The problems as one run. Files below the folder `base` are named from there, with `/` between
/// folders; lines and columns are counted from 1, columns in characters.
pub fn to_sarif(problems: &[Problem], sources: &[(String, String)], base: &str) -> String {
    let codes: Vec<&str> =
        problems.iter().map(|problem| problem.code).collect::<BTreeSet<_>>().into_iter().collect();
    let listed: Vec<Value> = codes.iter().map(|code| rule(code)).collect();
    let result = |problem: &Problem| {
        let index = codes.iter().position(|code| *code == problem.code);
        let text = match problem.help.as_str() {
            "" => problem.sentence.clone(),
            help => format!("{}\n{help}", problem.sentence),
        };
        json!({
            "ruleId": problem.code,
            "ruleIndex": index,
            "level": level(problem.severity),
            "message": { "text": text },
            "locations": [{ "physicalLocation": {
                "artifactLocation": artifact(&problem.file, base),
                "region": region(problem, sources),
            }}],
        })
    };
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "sokoni menu check",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": listed,
            }},
            "columnKind": "unicodeCodePoints",
            "results": problems.iter().map(result).collect::<Vec<_>>(),
        }],
    });
    format!("{log:#}")
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn rule(code: &str) -> Value {
    match rules::find(code) {
        Some(rule) => json!({
            "id": rule.code,
            "shortDescription": { "text": rule.finds },
            "help": { "text": rule.remedy },
        }),
        None => json!({ "id": code }),
    }
}

fn region(problem: &Problem, sources: &[(String, String)]) -> Value {
    let source = source_of(problem, sources);
    let span = clamp(problem.span, source);
    let place = |at: usize| {
        let before = &source[..at];
        let begin = before.rfind('\n').map_or(0, |found| found + 1);
        (before.matches('\n').count() + 1, source[begin..at].chars().count() + 1)
    };
    let ((line, column), (end_line, end_column)) = (place(span.start), place(span.end));
    json!({ "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column })
}

/// A file below `base` by its way from there; any other by its own name.
fn artifact(file: &str, base: &str) -> Value {
    let file = file.replace('\\', "/");
    let base = format!("{}/", base.replace('\\', "/").trim_end_matches('/'));
    let inside = file.strip_prefix(&base).unwrap_or(&file);
    let inside = inside.strip_prefix("./").unwrap_or(inside);
    match inside.starts_with('/') {
        true => json!({ "uri": format!("file://{}", escaped(inside)) }),
        false => json!({ "uri": escaped(inside), "uriBaseId": "%SRCROOT%" }),
    }
}

/// With what may not stand in the path of a URI as `%XX` (RFC 3986, section 3.3).
fn escaped(path: &str) -> String {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=@/".contains(&octet);
    path.bytes()
        .map(|octet| if plain(octet) { char::from(octet).to_string() } else { format!("%{octet:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::menu::tree::Span;

    fn problem(file: &str, (start, end): (usize, usize)) -> Problem {
        Problem {
            severity: Severity::Warning,
            code: "too-slow",
            file: file.to_owned(),
            span: Span::new(start, end),
            sentence: "far".into(),
            help: "ask for less".into(),
        }
    }

    fn log(file: &str, source: &str, span: (usize, usize)) -> Value {
        let sources = [(file.to_owned(), source.to_owned())];
        let text = to_sarif(&[problem(file, span)], &sources, "/home/it");
        serde_json::from_str(&text).expect("JSON")
    }

    #[test]
    fn a_place_is_told_in_lines_and_characters() {
        let log = log("menus/a.menu", "one\nአማ two\n", (11, 14));
        let at = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(at["region"], json!({ "startLine": 2, "startColumn": 4, "endLine": 2, "endColumn": 7 }));
        assert_eq!(at["artifactLocation"], json!({ "uri": "menus/a.menu", "uriBaseId": "%SRCROOT%" }));
    }

    #[test]
    fn files_are_named_from_the_base_and_others_wholly() {
        let uri = |file: &str| {
            let log = log(file, "x", (0, 1));
            log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"].clone()
        };
        assert_eq!(uri("/home/it/my menus/a.menu")["uri"], "my%20menus/a.menu");
        assert_eq!(uri("./a.menu")["uri"], "a.menu");
        assert_eq!(uri("/home/item/a.menu"), json!({ "uri": "file:///home/item/a.menu" }));
    }
}
