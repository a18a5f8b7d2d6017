//! Messages as people write them, each with its right reading, in `fixtures/sms/`. A text that can
//! mean two things must be asked back, never acted on; what we ask although somebody who knows the
//! sender would understand is counted.

use sokoni::{
    dialog::keyword::{Half, Reading, complete, understand},
    engine::vocabulary::vocabulary,
    menu::{
        builtin,
        check::{Limits, compile},
        graph::{Graph, Slot},
        value::Value,
    },
    types::{Lang, Timestamp},
};
use std::{fs, path::Path};

const TREES: [&str; 7] = ["artisan", "agent", "rider", "mentor", "helper", "liaison", "join"];

/// How a message was read, as the files write it.
fn read(graph: &Graph, reading: &Reading) -> String {
    match reading {
        Reading::Understood(understood) => {
            let command = &graph.commands[understood.command];
            let slots = command.slots.iter().map(|slot| match slot {
                Slot::Word(words) => words[0].clone(),
                Slot::Value { name, .. } => match &understood.values[name] {
                    Value::Word { word, .. } => word.clone(),
                    Value::Kes(sum) => sum.whole().to_string(),
                    other => graph.words().show(other, Lang::EN),
                },
            });
            [command.words[0].clone()].into_iter().chain(slots).collect::<Vec<_>>().join(" ")
        }
        Reading::Half(half) => format!("? {}", asked(graph, half)),
        Reading::BadCode { echo, .. } => format!("! {echo}"),
        Reading::Unknown => "-".to_owned(),
    }
}

/// What the question back says: what was heard, and what is missing.
fn asked(graph: &Graph, half: &Half) -> String {
    format!("{}; {}", half.heard(graph, Lang::EN), half.miss(graph, Lang::EN))
}

/// Messages that follow one another, the last of which is read in the light of the one before.
fn say(graph: &Graph, messages: &str) -> String {
    let now = Timestamp::default();
    let mut kept: Option<Half> = None;
    let mut reading = Reading::Unknown;
    for text in messages.split(" // ") {
        reading = understand(graph, text, now);
        if let (Reading::Unknown, Some(half)) = (&reading, &kept) {
            reading = complete(graph, half, text, now);
        }
        if let Reading::Half(half) | Reading::BadCode { half, .. } = &reading {
            kept = Some(half.clone());
        }
    }
    read(graph, &reading)
}

#[test]
fn messages_as_people_write_them_are_read_rightly_or_asked_back() {
    let sources = builtin::sources();
    let (graphs, _) = compile(&sources, &vocabulary(), &Limits::default()).expect("sound menus");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sms");
    let (mut understood, mut asked_in_vain, mut all) = (0, 0, 0);
    let mut wrong = Vec::new();
    for tree in TREES {
        let graph = graphs.iter().find(|graph| graph.name == tree).expect("the tree is there");
        let file = fs::read_to_string(folder.join(tree).with_extension("txt")).expect("the messages");
        let lines = file.lines().filter(|line| !line.starts_with('#'));
        for (message, meant) in lines.filter_map(|line| line.rsplit_once(" => ")) {
            let seen = say(graph, message);
            let in_vain = meant.starts_with('~');
            let right = meant.replacen('~', "?", 1);
            if seen != right && !(in_vain && meant == "~ -" && seen == "-") {
                wrong.push(format!("{tree}: {message} => {seen}    (should be: {meant})"));
            }
            all += 1;
            asked_in_vain += usize::from(in_vain);
            understood += usize::from(!in_vain && !meant.starts_with(['?', '!', '-']));
        }
    }
    assert!(wrong.is_empty(), "{} messages are misread:\n{}", wrong.len(), wrong.join("\n"));
    let recall = 100 * understood / (understood + asked_in_vain);
    println!(
        "{all} messages: {understood} understood, none wrongly, {asked_in_vain} asked in vain: recall {recall} %"
    );
    assert!(all >= 300, "{all} messages are too few to say anything");
}
