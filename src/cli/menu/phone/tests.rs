//! The terminal phone, and random keys over the menus of the product.

use super::*;
use crate::menu::{
    builtin,
    check::{Limits, compile},
    graph::Graph,
    vocabulary::Vocabulary,
};
use proptest::prelude::*;

fn menus() -> (Vec<Graph>, Catalogue, Vocabulary) {
    let vocabulary = vocabulary();
    let (graphs, catalogue) =
        compile(&builtin::sources(), &vocabulary, &Limits::default()).expect("the product's menus are sound");
    (graphs, catalogue, vocabulary)
}

fn args(tree: &str) -> TryArgs {
    TryArgs {
        paths: vec![],
        tree: Some(tree.to_owned()),
        lang: None,
        limit: None,
        values: Filling::Typical,
        save: None,
        force: false,
    }
}

#[test]
fn the_phone_says_that_it_has_dialled_and_a_language_that_is_not_there_changes_nothing() {
    let mut out = Vec::new();
    phone(&args("artisan"), "lang fr\nlang klingon\nlang am\n".as_bytes(), &mut out).expect("it runs");
    let out = String::from_utf8(out).expect("text");
    assert!(out.starts_with("Dialled *483*57# for you, in the tree `"), "{out}");
    assert!(out.contains("the menu `artisan` does not speak `fr`; it speaks: en, sw, am\n"), "{out}");
    assert!(out.contains("a language is two lower-case letters"), "{out}");
    assert!(out.contains("1 ዕቃ ሽጥ"), "{out}");
    let french = TryArgs { lang: Some("fr".parse().expect("a tag")), ..args("artisan") };
    let refused = phone(&french, "".as_bytes(), &mut Vec::new()).expect_err("no French");
    assert!(refused.to_string().contains("it speaks: en, sw, am"), "{refused}");
}

#[test]
fn the_phone_in_the_terminal_draws_screens_and_asks_for_outcomes() {
    let args = args("artisan");
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
fn a_conversation_that_was_had_is_kept_and_goes_the_same_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("full.talk");
    let args = TryArgs { lang: Some(Lang::SW), save: Some(file.clone()), ..args("artisan") };
    let keys = "1\n1\n1\ncut\ndial\n1\n850\n3\nlang en\n1\n2\nquit\n";
    phone(&args, keys.as_bytes(), &mut Vec::new()).expect("it runs");
    let kept = std::fs::read_to_string(&file).expect("kept");
    assert!(kept.starts_with("menu artisan\nlang sw\n> *483*57#\n< Habari"), "{kept}");
    for part in ["cut\n> *483*57#\n", "lang en\n! full\n> 1\n< You already have"] {
        assert!(kept.contains(part), "{part} in {kept}");
    }
    let (graphs, catalogue, vocabulary) = menus();
    let stage = conversation::Stage { graphs: &graphs, catalogue: &catalogue, vocabulary: &vocabulary };
    assert_eq!(conversation::play(&kept, stage).map(|played| played.script), Ok(kept.clone()));
    let again = phone(&args, keys.as_bytes(), &mut Vec::new()).expect_err("not twice");
    assert!(again.to_string().contains("--force"), "{again}");
    let other = TryArgs { force: true, ..args };
    phone(&other, "quit\n".as_bytes(), &mut Vec::new()).expect("it is written over");
    let written = std::fs::read_to_string(&file).expect("kept");
    assert!(written.len() < kept.len(), "{written}");
}

#[test]
fn a_menu_that_is_not_there_is_told_with_those_that_are() {
    let args = args("tenant");
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
