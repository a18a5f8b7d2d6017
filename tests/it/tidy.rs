//! The house rules that a compiler does not hold: who may import whom, what pure code may not
//! know, how long a file may be, which words stay out, and that nothing named is missing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every folder of `src` and what it may import of ours, beside itself.
const LAYERS: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("gsm", &["types"]),
    ("market", &["types"]),
    ("ledger", &["types"]),
    ("menu", &["types", "gsm"]),
    ("smpp", &["types", "gsm", "engine"]),
    ("wire", &[]),
    ("gateway", &["types", "engine", "wire"]),
    ("dialog", &["types", "gsm", "menu"]),
    ("store", &["types", "market", "ledger", "dialog"]),
    ("engine", &["types", "gsm", "menu", "dialog", "market", "ledger", "store"]),
    ("money", &["types", "engine", "wire"]),
    ("photos", &["types"]),
    ("web", &["types", "engine", "photos", "wire"]),
    ("sim", &["types", "gsm", "menu", "smpp", "dialog", "market", "ledger", "store", "engine"]),
];

/// Folders that know no clock, no chance, no file and no socket.
const PURE: &[&str] = &["types", "gsm", "menu", "dialog", "market", "ledger"];

/// What pure code may not name.
const IMPURE: &[&str] = &[
    "SystemTime::now",
    "Instant::now",
    "getrandom",
    "thread_rng",
    "tokio::",
    "std::fs",
    "std::net",
    "std::env",
    "async fn",
];

/// No file of the source is longer, in lines.
const LONGEST: usize = 600;

/// The command's own file stays a table of contents.
const LONGEST_MAIN: usize = 80;

/// Words that stay out of every file, in halves so that this file may list them.
const BANNED: &[(&str, &str)] = &[
    ("todo", "!("),
    ("unimplemented", "!("),
    ("dbg", "!("),
    ("TO", "DO"),
    ("FIX", "ME"),
    ("XX", "X"),
    ("as an ", "AI"),
    ("/work", "/"),
    ("/tmp/", "wt"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files that belong to the project, by their paths from its root.
fn tracked() -> Vec<PathBuf> {
    let listed = Command::new("git").arg("-C").arg(root()).args(["ls-files", "-z"]).output();
    let listed = listed.expect("git lists the files of a checkout");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).expect("names in UTF-8");
    names.split_terminator('\0').map(PathBuf::from).filter(|path| root().join(path).is_file()).collect()
}

/// The text of a tracked file, `None` when it is not text.
fn text(path: &Path) -> Option<String> {
    std::fs::read_to_string(root().join(path)).ok()
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "rs")
}

/// The folder or file of `src` that a path belongs to: `menu`, `config`.
fn room(path: &Path) -> Option<String> {
    let inner = path.strip_prefix("src").ok()?;
    let first = inner.components().next()?.as_os_str().to_str()?;
    Some(first.trim_end_matches(".rs").to_owned())
}

/// Code that runs in the product, its comments and tests left out.
fn product_code(path: &Path) -> Option<String> {
    let in_tests = path.components().any(|c| c.as_os_str() == "tests" || c.as_os_str() == "tests.rs");
    if !is_rust(path) || in_tests || !path.starts_with("src") {
        return None;
    }
    let whole = text(path)?;
    let mut code = String::new();
    let mut lines = whole.lines().peekable();
    while let Some(line) = lines.next() {
        let opens_tests = line.trim() == "#[cfg(test)]"
            && lines.peek().is_some_and(|next| next.trim_start().starts_with("mod ") && next.ends_with('{'));
        if opens_tests {
            break;
        }
        if !line.trim_start().starts_with("//") {
            code.push_str(line);
            code.push('\n');
        }
    }
    Some(code)
}

/// The rooms named as `crate::room` or within `crate::{room::.., ..}`.
fn imports(code: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '$')) {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let Some(group) = rest.strip_prefix('{') else {
            found.insert(word(rest));
            continue;
        };
        let (mut depth, mut begins) = (0, true);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                c if begins && depth == 0 && c.is_alphabetic() => {
                    found.insert(word(&group[at..]));
                    begins = false;
                }
                _ => {}
            }
        }
    }
    found.retain(|name| name.chars().next().is_some_and(char::is_lowercase));
    found
}

/// Fails with every fault found, one a line.
fn none(rule: &str, faults: Vec<String>) {
    assert!(faults.is_empty(), "{rule}:\n  {}", faults.join("\n  "));
}

#[test]
fn imports_point_down_the_layers_only() {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for path in tracked() {
        let (Some(room), Some(code)) = (room(&path), product_code(&path)) else { continue };
        let Some((_, may)) = LAYERS.iter().find(|(name, _)| *name == room) else { continue };
        for import in imports(&code) {
            if import != room && !may.contains(&import.as_str()) {
                faults.push(format!("{} imports {import}", path.display()));
            }
        }
        seen.insert(room);
    }
    none("a room imports what it may not", faults);
    assert_eq!(seen.len(), LAYERS.len(), "every room of the table exists: {seen:?}");
}

#[test]
fn grouped_imports_are_read_too() {
    let code = "use crate::{engine::{port::A, shopfront}, types::Kes};\nlet x = crate::store::open();";
    let rooms: Vec<_> = imports(code).into_iter().collect();
    assert_eq!(rooms, ["engine", "store", "types"]);
    assert!(imports("mycrate::web::x").is_empty());
}

#[test]
fn pure_code_knows_no_clock_no_chance_and_no_socket() {
    let mut faults = Vec::new();
    for path in tracked() {
        let (Some(room), Some(code)) = (room(&path), product_code(&path)) else { continue };
        if PURE.contains(&room.as_str()) {
            let named = IMPURE.iter().filter(|word| code.contains(**word));
            faults.extend(named.map(|word| format!("{} names {word}", path.display())));
        }
    }
    none("pure code names what it may not know", faults);
}

#[test]
fn no_source_file_is_too_long_to_read() {
    let mut faults = Vec::new();
    for path in tracked().into_iter().filter(|path| is_rust(path)) {
        let lines = text(&path).unwrap_or_default().lines().count();
        let most = if path == Path::new("src/main.rs") { LONGEST_MAIN } else { LONGEST };
        if lines > most {
            faults.push(format!("{}: {lines} lines, at most {most}", path.display()));
        }
    }
    none("too long", faults);
}

/// The part of a line that is a comment, in the languages used here.
fn comment<'a>(path: &Path, line: &'a str) -> Option<&'a str> {
    let marker = match path.extension().and_then(|e| e.to_str()) {
        Some("rs") => "//",
        Some("toml" | "sh") => "# ",
        Some("md") => "",
        _ => return None,
    };
    line.find(marker).map(|at| &line[at..])
}

/// Whether a text points at a numbered ticket: a number sign with digits behind it, as a word.
fn names_a_ticket(text: &str) -> bool {
    text.match_indices('#').any(|(at, _)| {
        let digits = text[at + 1..].chars().take_while(char::is_ascii_digit).count();
        let before = text[..at].chars().next_back();
        let after = text[at + 1 + digits..].chars().next();
        digits > 0
            && before.is_none_or(|c| c.is_whitespace() || c.is_alphabetic() || c == '(')
            && after.is_none_or(|c| !c.is_alphanumeric() && c != '*' && c != '#')
    })
}

#[test]
fn banned_words_and_ticket_numbers_stay_out() {
    let mut faults = Vec::new();
    // Lock files hold hashes, in which any word may stand.
    let is_lock = |path: &PathBuf| path.ends_with("Cargo.lock") || path.ends_with("package-lock.json");
    for path in tracked().into_iter().filter(|path| !is_lock(path)) {
        let Some(text) = text(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            let at = format!("{}:{}", path.display(), number + 1);
            let words = BANNED.iter().map(|(a, b)| format!("{a}{b}")).filter(|word| line.contains(word));
            faults.extend(words.map(|word| format!("{at} says {word}")));
            if comment(&path, line).is_some_and(names_a_ticket) {
                faults.push(format!("{at} names a ticket"));
            }
        }
    }
    none("words that stay out", faults);
}

#[test]
fn a_ticket_is_told_from_a_code_that_is_dialled() {
    assert!(names_a_ticket("see #12") && names_a_ticket("owner/repo#7."));
    assert!(!names_a_ticket("dial *483*57#1") && !names_a_ticket("dial *483*57#"));
    assert!(!names_a_ticket("colour #33aa55") && !names_a_ticket("# 1 is a heading"));
}

/// Paths that a page of the handbook names: in back-quotes, or as the target of a link.
fn named_paths(page: &Path, text: &str) -> Vec<PathBuf> {
    const ROOTS: [&str; 7] = ["src/", "docs/", "tests/", "fixtures/", "menus/", "benches/", ".ci/"];
    let mut paths = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        let quoted = line.split('`').skip(1).step_by(2);
        let plain = |name: &&str| !name.contains(['*', '<', '{', ' ', '=', '…']) && !name.contains("NNNN");
        let named = quoted.filter(|name| ROOTS.iter().any(|root| name.starts_with(root))).filter(plain);
        paths.extend(named.map(|name| PathBuf::from(name.split(':').next().unwrap_or(name))));
        for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:") {
                paths.push(page.parent().unwrap_or(Path::new("")).join(target));
            }
        }
    }
    paths
}

#[test]
fn what_the_handbook_names_exists() {
    let mut faults = Vec::new();
    for page in tracked().into_iter().filter(|path| path.extension().is_some_and(|e| e == "md")) {
        for path in named_paths(&page, &text(&page).unwrap_or_default()) {
            if !root().join(&path).exists() {
                faults.push(format!("{} names {}", page.display(), path.display()));
            }
        }
    }
    none("named, but not there", faults);
}

#[test]
fn every_fixture_is_used() {
    let files = tracked();
    let scripts = |path: &&PathBuf| {
        is_rust(path)
            || path.extension().is_some_and(|e| matches!(e.to_str(), Some("js" | "mjs" | "py" | "sh")))
    };
    let code: Vec<String> = files.iter().filter(scripts).filter_map(|path| text(path)).collect();
    let is_named = |name: &str| code.iter().any(|text| text.contains(name));
    let fixtures: Vec<&PathBuf> = files.iter().filter(|path| path.starts_with("fixtures")).collect();
    // A folder that a test walks through is named without its files.
    let folders: BTreeSet<&str> = fixtures.iter().filter_map(|path| path.parent()?.to_str()).collect();
    let walked: BTreeSet<&str> =
        folders.into_iter().filter(|folder| *folder != "fixtures" && is_named(folder)).collect();
    let mut faults = Vec::new();
    for path in fixtures {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let stem = path.file_stem().and_then(|n| n.to_str()).unwrap_or_default();
        let folder = path.parent().and_then(Path::to_str).unwrap_or_default();
        if !walked.contains(folder) && !is_named(name) && !is_named(&format!("\"{stem}\"")) {
            faults.push(path.display().to_string());
        }
    }
    none("fixtures that no test reads", faults);
}

#[test]
fn the_lock_file_of_npm_names_no_registry() {
    for path in tracked().into_iter().filter(|path| path.ends_with("package-lock.json")) {
        let text = text(&path).unwrap_or_default();
        assert!(!text.contains("\"resolved\""), "{}: see .npmrc beside it", path.display());
    }
}
