//! Over the menus of the product, with the vocabulary that the engine gives them.

use crate::{
    dialog::trial::{
        Trial,
        route::{route, route_to_offer},
        samples::Filling,
        walk::walk,
    },
    engine::vocabulary::vocabulary,
    gsm::fit,
    menu::{
        builtin,
        check::{Limits, compile},
        face::faces,
        graph::{Catalogue, Graph, Kind, NodeId},
        vocabulary::Vocabulary,
    },
    types::Lang,
};

fn menus() -> (Vec<Graph>, Catalogue, Vocabulary) {
    let vocabulary = vocabulary();
    let (graphs, catalogue) =
        compile(&builtin::sources(), &vocabulary, &Limits::default()).expect("the product's menus are sound");
    (graphs, catalogue, vocabulary)
}

fn way(steps: &str) -> Vec<String> {
    steps.split_whitespace().map(str::to_owned).collect()
}

fn artisan(graphs: &[Graph]) -> &Graph {
    graphs.iter().find(|graph| graph.name == "artisan").expect("a menu of the product")
}

#[test]
fn a_way_is_walked_with_the_outcomes_it_names_and_the_first_where_it_names_none() {
    let (graphs, _, vocabulary) = menus();
    let trial = Trial::new(artisan(&graphs), &vocabulary, Filling::Typical);
    let saved = walk(trial.clone(), &way("1 1 1 850 3 1"));
    assert_eq!(saved.path, way("1 1 1 850 3 1 !ok"));
    assert!(saved.screen.over && saved.screen.text.starts_with("Saved"), "{}", saved.screen.text);
    assert_eq!(saved.direct, way("1 1 1 850 3 1"));
    let full = walk(trial, &way("1 1 1 850 3 1 !full 9 9"));
    assert_eq!(full.path, way("1 1 1 850 3 1 !full"), "nothing is typed after the end");
    assert!(full.screen.text.contains("already have 3"), "{}", full.screen.text);
    let (at, ran) = full.actions().next().expect("an action");
    assert_eq!((at, ran.wish.name.as_str(), ran.came.as_str()), (6, "listing.create", "full"));
    assert_eq!(ran.outcomes, ["ok", "full", "fault"]);
}

#[test]
fn what_stands_behind_a_pin_cannot_be_dialled_at_once() {
    let (graphs, _, vocabulary) = menus();
    let trial = Trial::new(artisan(&graphs), &vocabulary, Filling::Typical);
    let sent = walk(trial, &way("3 1 !ok 500 2580"));
    assert!(!sent.is_direct);
    assert_eq!(sent.direct, way("3 1 500"));
}

#[test]
fn a_cut_leads_to_the_offer_to_go_on() {
    let (graphs, _, vocabulary) = menus();
    let trial = Trial::new(artisan(&graphs), &vocabulary, Filling::Typical);
    let offered = walk(trial.clone(), &way("1 1 cut"));
    assert!(offered.screen.text.starts_with("You stopped at: Made of what?"), "{}", offered.screen.text);
    let (_, swahili) = offered.beside(Filling::Widest, Lang::SW, 160);
    assert!(swahili.text.starts_with("Uliishia hapa: "), "{}", swahili.text);
    let way = route_to_offer(trial.clone()).expect("a way");
    assert!(walk(trial, &way).screen.text.starts_with("You stopped at"));
}

#[test]
fn every_block_of_the_products_menus_is_found_and_the_way_leads_there() {
    let (graphs, _, vocabulary) = menus();
    for graph in &graphs {
        for node in &graph.nodes {
            let trial = Trial::new(graph, &vocabulary, Filling::Typical);
            let found = route(trial.clone(), |trial, screen| {
                trial.state.block(graph) == node.name || screen.ran.iter().any(|ran| ran.wish.at == node.name)
            });
            let Some(way) = found else { panic!("{}: no way leads to {}", graph.name, node.name) };
            let walked = walk(trial, &way);
            let runs = walked.screen.ran.iter().any(|ran| ran.wish.at == node.name);
            assert!(runs || walked.trial.state.block(graph) == node.name, "{}: {way:?}", node.name);
        }
    }
}

#[test]
fn the_widest_phone_is_as_wide_as_the_proof_says_and_no_wider() {
    let (graphs, _, vocabulary) = menus();
    let mut as_wide = 0;
    for graph in &graphs {
        for (at, node) in graph.nodes.iter().enumerate() {
            let id = NodeId(at as u16);
            if matches!(node.kind, Kind::Do { .. } | Kind::List { .. }) {
                continue;
            }
            let trial = Trial::new(graph, &vocabulary, Filling::Typical);
            let way = route(trial.clone(), |trial, _| trial.state.block(graph) == node.name).expect("a way");
            let walked = walk(trial, &way);
            for (index, lang) in graph.langs.iter().enumerate() {
                let (_, screen) = walked.beside(Filling::Widest, *lang, usize::from(graph.limit));
                let proven = faces(graph, id, &vocabulary, index);
                // An overlay outside GSM-7 is measured in UCS-2, all its screens.
                let ucs2 = proven.iter().any(|face| fit::septets(&face.text).is_none());
                let width =
                    |text: &str| if ucs2 { fit::units(text) } else { fit::septets(text).expect("GSM-7") };
                let most = proven.iter().map(|face| width(&face.text)).max().expect("a face");
                assert!(width(&screen.text) <= most, "{}: {}", node.name, screen.text);
                as_wide += usize::from(proven.iter().any(|face| width(&face.text) == width(&screen.text)));
            }
        }
    }
    assert!(as_wide > 100, "{as_wide} screens are exactly as wide as a proven face");
}

#[test]
fn a_wrong_answer_is_shown_on_every_phone() {
    let (graphs, _, vocabulary) = menus();
    let trial = Trial::new(artisan(&graphs), &vocabulary, Filling::Typical);
    let wrong = walk(trial, &way("1 1 1 12"));
    assert!(wrong.screen.text.starts_with("Whole shillings only"), "{}", wrong.screen.text);
    for filling in Filling::ALL {
        let (_, screen) = wrong.beside(filling, Lang::SW, 160);
        assert!(screen.text.starts_with("Shilingi kamili tu"), "{}", screen.text);
    }
}

#[test]
fn the_same_options_are_offered_at_every_filling() {
    let (graphs, _, vocabulary) = menus();
    let trial = Trial::new(artisan(&graphs), &vocabulary, Filling::Typical);
    let making = walk(trial, &way("2 2"));
    let options = |text: &str| {
        text.lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(key, _)| key.to_owned())
            .collect::<Vec<_>>()
    };
    let (_, wide) = making.beside(Filling::Widest, Lang::EN, 160);
    assert_eq!(options(&wide.text).last(), options(&making.screen.text).last());
    assert_eq!(
        wide.text.lines().count(),
        making.screen.text.lines().count(),
        "{}\n{}",
        wide.text,
        making.screen.text
    );
}
