//! Golden conversations over the menus of the product, and the terminal phone itself.
//!
//! A conversation is a file of `fixtures/conversations`: `> ` is what is dialled or typed, `< ` a
//! line of the screen that follows, `! ` the outcome of the next action, `~ ` the SMS that is sent,
//! `cut` a dropped call, `menu NAME` and `lang TAG` the setting.

use super::*;
use crate::menu::{builtin, graph::Graph, vocabulary::Vocabulary};
use proptest::prelude::*;

fn menus() -> (Vec<Graph>, Catalogue, Vocabulary) {
    let vocabulary = vocabulary();
    let (graphs, catalogue) =
        compile(&builtin::sources(), &vocabulary, &Limits::default()).expect("the product's menus are sound");
    (graphs, catalogue, vocabulary)
}

/// Plays the script and writes what happened in the same form.
fn play(script: &str) -> String {
    let (graphs, catalogue, vocabulary) = menus();
    let tree = |name: &str| graphs.iter().find(|graph| graph.name == name).expect("a menu of the product");
    let mut trial = Trial::new(tree("artisan"), &vocabulary, Filling::Typical);
    let mut played = String::new();
    let mut outcome: Option<String> = None;
    for line in script.lines().filter(|line| !line.starts_with(['<', '~'])) {
        played.push_str(line);
        played.push('\n');
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        let input = match first {
            "menu" => {
                trial = Trial::new(tree(rest), &vocabulary, Filling::Typical);
                continue;
            }
            "lang" => {
                trial.env.lang = rest.parse().expect("a language");
                continue;
            }
            "cut" => {
                trial.cut();
                continue;
            }
            "!" => {
                outcome = Some(rest.to_owned());
                continue;
            }
            ">" if rest.starts_with("*483*57") => {
                let typed: Vec<String> = rest["*483*57".len()..]
                    .trim_end_matches('#')
                    .split('*')
                    .skip(1)
                    .map(str::to_owned)
                    .collect();
                trial.dial(&typed)
            }
            ">" => Input::Key(rest.to_owned()),
            _ => continue,
        };
        let screen = trial.feed(input, &mut |_, outcomes| only_way(outcomes).or_else(|| outcome.take()));
        assert!(fit::fits(&screen.text, trial.env.limit), "{}", screen.text);
        for line in screen.text.lines() {
            played.push_str(&format!("< {line}\n"));
        }
        if let Some(sms) = screen.sms {
            let text = catalogue.render(&sms.name, &sms.args, trial.env.lang);
            let text = text.expect("a message of the catalogue").expect("all its values");
            played.push_str(&format!("~ {text}\n"));
        }
    }
    played
}

#[test]
fn conversations_go_as_they_are_written() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/conversations");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let script = std::fs::read_to_string(&file).expect("a conversation");
        assert!(script.contains("\n< "), "{} shows no screen", file.display());
        let played = play(&script);
        if std::env::var_os("SOKONI_WRITE_REPORTS").is_some() {
            std::fs::write(&file, &played).expect("the conversation is written");
        } else {
            assert_eq!(played, script, "{} (SOKONI_WRITE_REPORTS=1 writes it anew)", file.display());
        }
    }
}

#[test]
fn the_phone_in_the_terminal_draws_screens_and_asks_for_outcomes() {
    let args = TryArgs {
        paths: vec![],
        tree: Some("artisan".into()),
        lang: Lang::EN,
        limit: None,
        values: Filling::Typical,
    };
    let mut out = Vec::new();
    phone(&args, "1\n1\n1\n850\n3\n1\n2\n".as_bytes(), &mut out).expect("it runs");
    let out = String::from_utf8(out).expect("text");
    assert!(out.contains("| What have you made? |"), "{out}");
    assert!(
        out.contains("~ listing.create(kind: necklace, price: 850, ready: 3, stuff: brass) -> 1 ok, 2 full")
    );
    assert!(out.contains("You already have 3 pieces listed."), "{out}");
}

#[test]
fn a_menu_that_is_not_there_is_told_with_those_that_are() {
    let args = TryArgs {
        paths: vec![],
        tree: Some("tenant".into()),
        lang: Lang::EN,
        limit: None,
        values: Filling::Typical,
    };
    let error = phone(&args, "".as_bytes(), &mut Vec::new()).expect_err("no such menu");
    assert!(error.to_string().contains("artisan"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn random_keys_over_the_products_menus_never_outgrow_a_screen(
        keys in proptest::collection::vec("([0-9]|98|00|850|4271|Achieng Otieno)", 1..40),
        picks in proptest::collection::vec(0usize..6, 40), widest in any::<bool>(), swahili in any::<bool>(),
    ) {
        let (graphs, _, vocabulary) = menus();
        for graph in &graphs {
            let filling = if widest { Filling::Widest } else { Filling::Empty };
            let mut trial = Trial::new(graph, &vocabulary, filling);
            trial.env.lang = if swahili { Lang::SW } else { Lang::EN };
            let mut picks = picks.iter().cycle();
            let mut input = trial.dial(&[]);
            for key in &keys {
                let screen = trial.feed(input, &mut |_, outcomes| {
                    picks.next().and_then(|at| outcomes.get(at % outcomes.len().max(1)).cloned())
                });
                prop_assert!(fit::fits(&screen.text, trial.env.limit), "{}", screen.text);
                prop_assert!(!trial.state.is_broken());
                input = if screen.over { trial.dial(&[]) } else { Input::Key(key.clone()) };
            }
        }
    }
}
