//! The bodies of the fuzz targets, on every kept input and on a few hundred spoiled ones.

#[path = "../fuzz/bodies/mod.rs"]
mod bodies;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use std::fs;
use std::path::{Path, PathBuf};

fn unhex(line: &str) -> Vec<u8> {
    let digit = |at| u8::from_str_radix(&line[at..at + 2], 16).expect("hex");
    (0..line.len()).step_by(2).map(digit).collect()
}

/// The kept inputs of a body: its own, and the worked PDUs where a body takes PDUs.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join(format!("tests/fuzz/seeds/{name}.hex"))];
    if matches!(name, "pdu" | "dialect") {
        for folder in ["fixtures/pdu", "fixtures/pdu/bad"] {
            let entries = fs::read_dir(root.join(folder)).expect("a folder of fixtures");
            files.extend(entries.map(|entry| entry.expect("an entry").path()));
        }
    }
    files.sort();
    let lines =
        |file: &PathBuf| fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let hex = files.iter().filter(|file| file.extension().is_some_and(|e| e == "hex"));
    hex.flat_map(|file| lines(file).lines().map(unhex).collect::<Vec<_>>()).collect()
}

/// What is done to an input.
#[derive(Debug, Clone)]
enum Spoil {
    Change(Index, u8),
    Insert(Index, u8),
    Cut(Index, Index),
    Double(Index, Index),
    Append(Index),
}

fn spoils() -> impl Strategy<Value = Vec<Spoil>> {
    let at = any::<Index>;
    // The octets on which much depends come more often than the others.
    let octet =
        || prop_oneof![any::<u8>(), prop::sample::select(vec![0, 1, 2, 4, 0x1B, 0x40, 0x7F, 0x80, 0xFF])];
    let spoil = prop_oneof![
        4 => (at(), octet()).prop_map(|(at, octet)| Spoil::Change(at, octet)),
        2 => (at(), octet()).prop_map(|(at, octet)| Spoil::Insert(at, octet)),
        1 => (at(), at()).prop_map(|(from, to)| Spoil::Cut(from, to)),
        1 => (at(), at()).prop_map(|(from, to)| Spoil::Double(from, to)),
        1 => at().prop_map(Spoil::Append),
    ];
    prop::collection::vec(spoil, 0..6)
}

fn spoiled(mut octets: Vec<u8>, spoils: &[Spoil], seeds: &[Vec<u8>]) -> Vec<u8> {
    for spoil in spoils {
        let places = octets.len() + 1;
        let at = |index: &Index| index.index(places);
        let range = |from, to| at(from).min(at(to))..at(from).max(at(to));
        match spoil {
            Spoil::Change(index, octet) => {
                let at = at(index);
                octets.get_mut(at).into_iter().for_each(|old| *old = *octet);
            }
            Spoil::Insert(index, octet) => octets.insert(at(index), *octet),
            Spoil::Cut(from, to) => drop(octets.drain(range(from, to))),
            Spoil::Double(from, to) => octets.extend_from_within(range(from, to)),
            Spoil::Append(index) => octets.extend_from_slice(index.get::<Vec<u8>>(seeds)),
        }
    }
    octets
}

/// Every kept input, then `cases` spoiled ones.
fn holds(name: &str, cases: u32) {
    let (body, seeds) = (bodies::body(name), seeds(name));
    assert!(!seeds.is_empty());
    for seed in &seeds {
        let tried = std::panic::catch_unwind(|| body(seed));
        assert!(tried.is_ok(), "{name}, a kept input: {}", String::from_utf8_lossy(seed).escape_debug());
    }
    let inputs = (any::<Index>(), spoils())
        .prop_map(|(index, spoils)| spoiled(index.get(&seeds).clone(), &spoils, &seeds));
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let held = runner.run(&inputs, |octets| {
        body(&octets);
        Ok(())
    });
    held.unwrap_or_else(|e| panic!("{name}: {e}"));
}

#[test]
fn any_stream_of_octets_is_read_as_it_was_written_and_loses_no_request() {
    holds("pdu", 512);
}

#[test]
fn any_receipt_is_read_plainly_or_not_at_all() {
    holds("receipt", 512);
}

#[test]
fn any_parts_come_together_and_any_text_of_ours_comes_back() {
    holds("sms", 512);
}

#[test]
fn any_callback_proves_no_more_than_it_says() {
    holds("callback", 512);
}

#[test]
fn any_step_of_a_dialog_is_answered_to_the_phone_it_came_from() {
    holds("dialect", 256);
}

#[test]
fn any_sms_is_a_command_or_is_asked_about() {
    holds("keyword", 256);
}

#[test]
fn any_menu_is_sound_or_says_what_is_wrong() {
    holds("menu", 64);
}
