//! What two sets of menu files have in common, and what not.

use super::kept::Sources;
use serde::{Deserialize, Serialize};
use similar::{ChangeTag, TextDiff};
use std::collections::BTreeSet;

/// Octets of differences kept of one change: the row stays within what a row may hold. What is
/// longer is cut at a line, and said to be.
const MOST: usize = 24 * 1024;

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChange {
    /// Its bare name.
    pub name: String,
    /// Lines that came.
    pub added: usize,
    /// Lines that went.
    pub removed: usize,
    /// Both as a unified diff with three lines around each.
    pub diff: String,
}

/// Every file that came, went or changed, by name.
pub fn between(before: &Sources, after: &Sources) -> Vec<FileChange> {
    let text = |files: &Sources, name: &str| files.iter().find(|(n, _)| n == name).map(|(_, t)| t.clone());
    let names: BTreeSet<&str> = before.iter().chain(after).map(|(name, _)| name.as_str()).collect();
    let mut room = MOST;
    let mut changes = Vec::new();
    for name in names {
        let (old, new) = (text(before, name), text(after, name));
        if old == new {
            continue;
        }
        let side = |there: &Option<String>| if there.is_some() { name } else { "/dev/null" };
        let heads = (side(&old).to_owned(), side(&new).to_owned());
        let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
        let lines = TextDiff::from_lines(&old, &new);
        let count = |tag| lines.iter_all_changes().filter(|change| change.tag() == tag).count();
        let (added, removed) = (count(ChangeTag::Insert), count(ChangeTag::Delete));
        let diff = lines.unified_diff().context_radius(3).header(&heads.0, &heads.1).to_string();
        let diff = cut(diff, room);
        room = room.saturating_sub(diff.len());
        changes.push(FileChange { name: name.to_owned(), added, removed, diff });
    }
    changes
}

/// At most so many octets, whole lines.
fn cut(diff: String, room: usize) -> String {
    if diff.len() <= room {
        return diff;
    }
    let kept = diff[..diff.floor_char_boundary(room)].rfind('\n').map_or(0, |at| at + 1);
    let left = diff[kept..].lines().count();
    format!("{}... and {left} more lines\n", &diff[..kept])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(texts: &[(&str, &str)]) -> Sources {
        texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_change_shows_the_lines_that_came_and_went_and_those_around() {
        let before = files(&[("a.menu", "one\ntwo\nthree\n"), ("b.menu", "same\n")]);
        let after = files(&[("a.menu", "one\n2\nthree\n"), ("b.menu", "same\n"), ("c.menu", "new\n")]);
        let changes = between(&before, &after);
        assert_eq!(changes.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["a.menu", "c.menu"]);
        assert_eq!((changes[0].added, changes[0].removed), (1, 1));
        assert_eq!(changes[0].diff, "--- a.menu\n+++ a.menu\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n");
        assert!(changes[1].diff.starts_with("--- /dev/null\n+++ c.menu\n"), "{}", changes[1].diff);
        let back = between(&after, &before);
        assert_eq!((back[1].added, back[1].removed), (0, 1));
    }

    #[test]
    fn differences_that_are_too_long_are_cut_at_a_line_and_said_to_be() {
        let long: String = (0..9_000).map(|n| format!("line {n} ä\n")).collect();
        let changes = between(&files(&[]), &files(&[("a.menu", &long), ("b.menu", &long)]));
        assert_eq!(changes[0].added, 9_000);
        assert!(changes[0].diff.ends_with(" more lines\n"), "{}", changes[0].diff.len());
        let total: usize = changes.iter().map(|change| change.diff.len()).sum();
        assert!(total < MOST + 100, "{total}");
        let shown = changes[0].diff.lines().filter(|line| line.starts_with("+line")).count();
        assert!(changes[0].diff.contains(&format!("... and {} more lines", 9_000 - shown)));
    }
}
