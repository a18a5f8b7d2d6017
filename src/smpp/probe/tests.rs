//! Recordings read from their files, and what is found in them.

use super::findings::Findings;
use super::recording::Recording;
use std::path::PathBuf;

fn recordings() -> Vec<(String, Recording)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/recordings");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let text = std::fs::read_to_string(&file).expect("readable");
            let recording = Recording::read(&text).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
            (file.display().to_string(), recording)
        })
        .collect()
}

#[test]
fn each_recording_leads_to_the_configuration_that_its_head_expects() {
    let recordings = recordings();
    assert!(recordings.len() >= 8, "{}", recordings.len());
    for (file, recording) in recordings {
        let expected = recording.said("expect");
        let proposal = Findings::of(&recording.entries).proposal();
        let proposed = proposal.unwrap_or_else(|| panic!("{file}: nothing was found")).to_toml();
        let table = |text: &str| toml::from_str::<toml::Table>(text).expect("TOML");
        assert_eq!(table(&proposed), table(&expected), "{file}");
    }
}

#[test]
fn a_recording_of_nothing_proposes_nothing_and_says_what_to_do() {
    let findings = Findings::default();
    assert_eq!(findings.proposal(), None);
    assert!(findings.report().contains("Dial the code"));
}

#[test]
fn the_report_tells_who_took_the_bind_and_which_operations_came() {
    for (file, recording) in recordings() {
        let report = Findings::of(&recording.entries).report();
        for told in ["taken by \"USSDGW\"", "version 3.4", "0x01", "*483*57#"] {
            assert!(report.contains(told), "{file}: no {told} in\n{report}");
        }
    }
}
