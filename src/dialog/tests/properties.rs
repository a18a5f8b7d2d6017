//! What holds whatever is typed.

use super::{Phone, order, tree::tree};
use crate::{
    dialog::input::Input,
    gsm::fit,
    menu::value::Value,
    types::{Lang, Timestamp},
};
use proptest::prelude::*;

fn keys() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => "[0-9]",
        2 => Just("98".to_owned()),
        2 => Just("00".to_owned()),
        3 => Just("850".to_owned()),
        2 => Just("4271".to_owned()),
        1 => "\\PC{0,20}",
    ]
}

fn inputs() -> impl Strategy<Value = Input> {
    prop_oneof![
        20 => keys().prop_map(Input::Key),
        2 => Just(Input::Again),
        1 => keys().prop_map(Input::Bare),
        1 => proptest::collection::vec(keys(), 0..5).prop_map(|typed| Input::Begin { typed }),
        2 => proptest::collection::vec(keys(), 0..2).prop_map(|typed| Input::Redial { typed }),
    ]
}

proptest! {
    // Each case is a whole conversation with its state through JSON at every step.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_is_typed_every_screen_fits_and_showing_it_again_changes_nothing(
        inputs in proptest::collection::vec(inputs(), 1..60),
        rows in 0usize..30, limit in 90usize..=182, swahili in any::<bool>(),
    ) {
        let graph = tree();
        let mut phone = Phone::new(&graph);
        phone.env.limit = limit;
        phone.env.lang = if swahili { Lang::SW } else { Lang::EN };
        phone.rows = (0..rows).map(|n| order(&format!("{}", 482_100 + n), n as i64)).collect();
        phone.outcomes.insert("listing.create".into(), ("ok".into(), vec![Value::Record(order("10019", 1))]));
        phone.outcomes.insert("order.accept".into(), ("ok".into(), vec![Value::Record(order("482108", 5))]));
        phone.dial();
        for input in inputs {
            phone.env.now = Timestamp::from_millis(phone.env.now.millis() + 5000);
            let bare = matches!(input, Input::Bare(_));
            phone.pin_left = 3;
            let screen = phone.shows(input);
            prop_assert!(fit::fits(&screen, limit), "{screen:?} for {limit}");
            prop_assert!(!screen.is_empty());
            prop_assert!(phone.state.history.len() < graph.nodes.len());
            if !bare {
                let again = phone.shows(Input::Again);
                let hinted = screen.ends_with(&again)
                    || again.lines().all(|l| screen.contains(l))
                    // Or in place of the text above the options.
                    || screen.split_once('\n').is_some_and(|(_, options)| again.ends_with(options));
                prop_assert!(hinted, "{screen:?} again {again:?}");
                prop_assert_eq!(phone.shows(Input::Again), again);
            }
        }
    }

    #[test]
    fn a_pin_is_nowhere_in_what_is_stored(pin in "[a-z]{12}", keys in proptest::collection::vec("[0-9]{1,3}", 0..6)) {
        let graph = tree();
        let mut phone = Phone::new(&graph);
        phone.dial();
        for key in keys {
            phone.press(&key);
        }
        phone.dial();
        phone.walk(&["3", "100"]);
        phone.press(&pin);
        prop_assert!(!String::from_utf8_lossy(&phone.state.to_json()).contains(&pin));
        phone.dial();
        phone.press("4");
        phone.press(&pin);
        prop_assert!(!String::from_utf8_lossy(&phone.state.to_json()).contains(&pin));
    }

    #[test]
    fn every_row_of_a_list_can_be_chosen(lengths in proptest::collection::vec(1i64..1_000_000_000_000, 1..40), limit in 90usize..=182) {
        let graph = tree();
        let mut phone = Phone::new(&graph);
        phone.env.limit = limit;
        phone.rows =
            lengths.iter().enumerate().map(|(at, qty)| order(&format!("{}", 100_000 + at), *qty)).collect();
        for wanted in phone.rows.clone() {
            phone.dial();
            let mut screen = phone.press("2");
            let mut pages = 0;
            let key = loop {
                let found = screen.lines().find(|l| l.split(' ').nth(1) == Some(wanted.key.as_str()));
                match found {
                    Some(line) => break line[..1].to_owned(),
                    None => screen = phone.press("98"),
                }
                pages += 1;
                prop_assert!(pages <= 40, "{} is on no page", wanted.key);
            };
            prop_assert!(phone.press(&key).starts_with(&wanted.key));
        }
    }

    #[test]
    fn back_after_a_step_forward_shows_the_same_screen(keys in proptest::collection::vec(keys(), 1..25)) {
        let graph = tree();
        let mut phone = Phone::new(&graph);
        phone.rows = (0..25).map(|n| order(&format!("{}", 482_100 + n), 3)).collect();
        let mut before = phone.dial();
        for key in keys {
            let (depth, page, acts) = (phone.state.history.len(), phone.state.at.page, phone.done.len());
            let node = phone.state.at.node;
            phone.press(&key);
            let deeper = phone.state.history.len() == depth + 1 && phone.done.len() == acts;
            let next_page = phone.state.at.node == node && phone.state.at.page == page + 1;
            if !phone.state.is_over() && (deeper || next_page) {
                let back = phone.press("0");
                prop_assert!(before.ends_with(&back) || before.contains(&back.replace("\n0 Back", "")), "{before:?} {back:?}");
                phone.press(&key);
            }
            // A word on a wrong key is gone when a screen is shown again.
            before = if phone.state.is_over() { phone.dial() } else { phone.shows(Input::Again) };
        }
    }
}
