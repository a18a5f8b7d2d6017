//! What a subscriber sees.

use super::{
    super::input::{Input, Step},
    super::machine::Machine,
    super::state::{State, Unreadable},
    Out, Phone, order,
    tree::tree,
};
use crate::{
    menu::value::Value,
    types::{Kes, Lang, Timestamp},
};

const HOME: &str = "Hello Wanjiku. You have KSh 1,250.50\n1 Sell a piece\n2 Orders\n3 Send money\n4 New PIN\n5 Kiswahili\n6 Name\n7 Call me\n8 Loop";

fn saved(phone: &mut Phone<'_>) {
    let listing = order("10019", 1);
    phone.outcomes.insert("listing.create".into(), ("ok".into(), vec![Value::Record(listing)]));
}

#[test]
fn a_piece_is_listed_in_five_keys() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    saved(&mut phone);
    assert_eq!(phone.dial(), HOME);
    assert_eq!(phone.press("1"), "What have you made?\n1 Necklace\n2 Bracelet\n3 Ring\n0 Back");
    assert_eq!(phone.press("1"), "Your price for one, KSh\n0 Back");
    let check = "Necklace, KSh 850 each. Right?\n1 Yes, save\n2 Change the price\n3 Start again\n0 Back";
    assert_eq!(phone.press("850/="), check);
    let Out::End(text, Some(sms)) = phone.feed(Input::Key("1".into())) else { panic!("the last text") };
    assert_eq!(text, "Saved, number 10019.");
    assert_eq!(sms.name, "listing_saved");
    assert_eq!(phone.done.len(), 1);
    assert_eq!(phone.done[0].args["price"], Value::Kes(Kes::major(850)));
}

#[test]
fn a_second_press_of_save_makes_no_second_listing_and_sends_no_second_sms() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    saved(&mut phone);
    phone.dial();
    phone.walk(&["1", "1", "850", "1"]);
    assert_eq!(phone.feed(Input::Key("1".into())), Out::End("Saved, number 10019.".into(), None));
    assert_eq!(phone.feed(Input::Again), Out::End("Saved, number 10019.".into(), None));
    assert_eq!(phone.done.len(), 1);
}

#[test]
fn the_same_visit_has_the_same_once_key_and_another_visit_another() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    saved(&mut phone);
    phone.dial();
    phone.walk(&["1", "1", "850"]);
    phone.deaf = true;
    phone.press("1");
    assert_eq!(phone.state.pending().map(|wish| wish.name.as_str()), Some("listing.create"));
    phone.press("1");
    phone.redial();
    phone.deaf = false;
    assert_eq!(phone.redial(), "Saved, number 10019.");
    phone.dial();
    phone.walk(&["1", "1", "850", "1"]);
    let keys: Vec<_> = phone.done.iter().map(|wish| wish.once.clone().expect("a once key")).collect();
    assert_eq!(keys[..4], vec![keys[0].clone(); 4]);
    assert_ne!(keys[4], keys[0]);
}

#[test]
fn a_wrong_answer_shows_what_is_wrong_above_the_question_and_the_third_gives_up() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.dial();
    phone.walk(&["1", "2"]);
    let again = "Whole shillings only, 50 to 20,000.\nYour price for one, KSh\n0 Back";
    assert_eq!(phone.press("49"), again);
    assert_eq!(phone.press("eight"), again);
    assert_eq!(phone.press("20001"), "We will call you today.");
    assert_eq!(phone.done[0].args["at"], Value::text("sell.price"));
}

#[test]
fn a_key_that_is_not_there_is_always_answered_above_the_screen_or_in_place_of_its_text() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.dial();
    let kinds = "What have you made?\n1 Necklace\n2 Bracelet\n3 Ring\n0 Back";
    phone.press("1");
    assert_eq!(phone.press("9"), format!("Choose a number shown here.\n{kinds}"));
    phone.env.limit = kinds.len() + "No such key.\n".len();
    assert_eq!(phone.press("9"), format!("No such key.\n{kinds}"));
    phone.env.limit = kinds.len();
    assert_eq!(phone.press("9"), "No such key.\n1 Necklace\n2 Bracelet\n3 Ring\n0 Back");
    assert_eq!(phone.shows(Input::Again), kinds);
    assert_eq!(phone.press("1"), "Your price for one, KSh\n0 Back");
}

#[test]
fn back_leads_up_and_home_leads_home() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.dial();
    let kind = phone.press("1");
    let price = phone.press("1");
    let check = phone.press("850");
    assert_eq!(phone.press("2"), price);
    assert_eq!(phone.press("850"), check);
    assert_eq!(phone.press("0"), price);
    assert_eq!(phone.press("0"), kind);
    assert_eq!(phone.press("0"), HOME);
    assert!(phone.press("0").ends_with(HOME.split_once('\n').expect("lines").1));
    phone.walk(&["1", "1"]);
    assert_eq!(phone.press("00"), HOME);
}

#[test]
fn back_after_an_action_never_leads_to_the_question_that_ran_it() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.rows = vec![order("482108", 7)];
    phone.outcomes.insert("order.accept".into(), ("ok".into(), vec![Value::Record(order("482108", 5))]));
    phone.dial();
    let list = phone.press("2");
    phone.walk(&["1", "2"]);
    assert!(phone.press("5").starts_with("482108: 5 pieces"));
    assert_eq!(phone.press("0"), list);
}

#[test]
fn options_are_shown_only_when_they_apply_and_others_are_no_keys() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.rows = vec![order("482108", 7)];
    phone.dial();
    phone.press("2");
    let shown = phone.press("1");
    assert_eq!(shown, "482108: 7 pieces\n1 I can make all\n2 Some\n0 Back");
    assert_eq!(phone.press("4"), format!("Choose a number shown here.\n{shown}"));
    assert_eq!(phone.press("2"), "How many of 7?\n0 Back");
    assert_eq!(phone.press("8"), "1 to 7.\nHow many of 7?\n0 Back");
}

#[test]
fn a_key_means_the_row_that_was_on_the_screen_though_the_data_changed_since() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.rows = (0..20).map(|n| order(&format!("48210{n}"), 12)).collect();
    phone.dial();
    let first = phone.press("2");
    let second = phone.press("98");
    assert!(
        first.starts_with("Your orders\n1 482100 12 pieces\n2 482101") && first.ends_with("98 More\n0 Back")
    );
    phone.rows.remove(0);
    let wanted = second.lines().nth(1).and_then(|l| l.split(' ').nth(1)).expect("a code");
    assert!(phone.press("1").starts_with(wanted));
    phone.press("0");
    assert_eq!(phone.state.at.page, 1, "back to the page one came from");
    phone.press("0");
    assert_eq!(phone.state.at.page, 0);
    assert_eq!(phone.press("0"), HOME);
}

#[test]
fn an_empty_list_says_so() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.dial();
    assert_eq!(phone.press("2"), "No orders yet.\n0 Back");
}

#[test]
fn a_payout_needs_the_pin_and_a_wrong_one_tells_how_many_tries_are_left() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.dial();
    assert_eq!(phone.press("3"), "How much? You have KSh 1,250.50\n0 Back");
    assert_eq!(phone.press("1251"), "50 to 1,250.\nHow much? You have KSh 1,250.50\n0 Back");
    assert_eq!(phone.press("1,250"), "PIN to send KSh 1,250\n0 Back");
    assert!(phone.state.awaits_pin(&graph));
    assert_eq!(phone.press("0001"), "Wrong PIN. 2 tries left.\nPIN to send KSh 1,250\n0 Back");
    assert!(phone.done.is_empty());
    assert_eq!(phone.press("4271"), "KSh 1,250 is on its way.");
    assert_eq!(phone.done.len(), 1);
}

#[test]
fn a_locked_pin_leads_where_the_tree_says() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.pin_left = 1;
    phone.dial();
    phone.walk(&["3", "100"]);
    assert_eq!(phone.press("0001"), "Your PIN is locked.");
}

#[test]
fn a_new_pin_is_typed_twice_and_both_must_agree() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.dial();
    assert_eq!(phone.press("4"), "Choose a PIN\n0 Back");
    assert_eq!(phone.press("1234"), "That is too easy.\nChoose a PIN\n0 Back");
    assert_eq!(phone.press("9182"), "The same PIN once more\n0 Back");
    assert_eq!(phone.press("9183"), "They are not the same.\nChoose a PIN\n0 Back");
    phone.press("9182");
    assert_eq!(phone.press("0"), "Choose a PIN\n0 Back", "back leads to the first typing");
    phone.press("9182");
    assert_eq!(phone.press("9182"), "Your PIN is changed.");
}

#[test]
fn the_language_changes_with_the_next_screen() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.dial();
    phone.env.lang = Lang::SW;
    assert!(phone.press("5").starts_with("Habari Wanjiku. Una KSh 1,250.50\n1 Uza bidhaa"));
}

#[test]
fn a_redial_after_a_cut_offers_to_go_on_at_the_question_by_its_name() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.dial();
    let price = phone.walk(&["1", "1"]);
    phone.state.cut(phone.env.now);
    assert!(phone.state.may_resume(&graph, Timestamp::from_millis(1_000_000 + 1_200_000)));
    assert!(!phone.state.may_resume(&graph, Timestamp::from_millis(1_000_000 + 1_200_001)));
    let offer = "You stopped at: Your price for one, KSh\n1 Go on\n2 Start again";
    assert_eq!(phone.redial(), offer);
    assert_eq!(phone.press("7"), format!("Choose a number shown here.\n{offer}"));
    assert_eq!(phone.press("1"), price);
    assert_eq!(phone.press("850").lines().next(), Some("Necklace, KSh 850 each. Right?"));
    phone.redial();
    assert_eq!(phone.press("2"), HOME);
}

#[test]
fn a_redial_never_goes_on_at_a_pin_but_at_the_question_before_it() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.dial();
    phone.walk(&["3", "100"]);
    assert_eq!(phone.redial().lines().next(), Some("You stopped at: How much?"));
    assert_eq!(phone.press("1"), "How much? You have KSh 1,250.50\n0 Back");
    phone.press("00");
    phone.press("4");
    assert_eq!(phone.redial(), HOME, "before a new PIN stands only the beginning");
}

#[test]
fn a_redial_shows_the_result_of_an_action_and_never_the_question_again() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.dial();
    phone.walk(&["3", "100"]);
    phone.press("4271");
    phone.state.cut(phone.env.now);
    assert!(phone.state.may_resume(&graph, phone.env.now));
    assert_eq!(
        phone.shows(Input::Redial { typed: vec!["3".into(), "100".into()] }),
        "KSh 100 is on its way."
    );
    assert_eq!(phone.done.len(), 1);
    phone.state.cut(phone.env.now);
    assert!(!phone.state.may_resume(&graph, phone.env.now), "it was seen now");
}

#[test]
fn the_outcome_of_an_action_that_goes_on_is_shown_at_a_redial_until_a_key_proves_it_was_seen() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.rows = vec![order("482108", 7)];
    phone.outcomes.insert("order.accept".into(), ("ok".into(), vec![Value::Record(order("482108", 5))]));
    phone.dial();
    phone.walk(&["2", "1", "2"]);
    let outcome = phone.press("5");
    phone.rows = vec![order("482108", 5)];
    assert_eq!(phone.redial(), outcome);
    phone.press("9");
    assert!(phone.redial().starts_with("You stopped at: 482108: 5 pieces"));
    assert_eq!(phone.done.len(), 1);
}

#[test]
fn a_dialled_string_reaches_any_screen_and_stops_at_what_it_does_not_understand() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    let typed = |keys: &[&str]| Input::Begin { typed: keys.iter().map(|k| (*k).to_owned()).collect() };
    let check = phone.shows(typed(&["1", "1", "850"]));
    assert!(check.starts_with("Necklace, KSh 850 each."));
    let stuck = phone.shows(typed(&["1", "8", "850"]));
    assert!(stuck.starts_with("Choose a number shown here.\nWhat have you made?"));
    assert!(phone.press("1").starts_with("Your price for one"));
}

#[test]
fn a_pin_in_a_dialled_string_is_not_taken() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    let typed = ["3", "100", "4271"].map(String::from).to_vec();
    assert_eq!(phone.shows(Input::Begin { typed }), "PIN to send KSh 100\n0 Back");
    assert!(!String::from_utf8_lossy(&phone.state.to_json()).contains("4271"));
}

#[test]
fn a_bare_sms_answers_the_question_the_call_was_cut_at() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    saved(&mut phone);
    phone.dial();
    phone.walk(&["1", "1"]);
    phone.state.cut(phone.env.now);
    assert!(phone.state.takes_bare(&graph));
    let (after, sms) = Machine::new(&graph, phone.state.clone())
        .drop_wish(phone.env, &phone.globals)
        .expect("a draft to remind of");
    assert_eq!((after.as_secs(), sms.name.as_str()), (60, "draft_kept"));
    let Value::Record(draft) = &sms.args[0] else { panic!("a record") };
    assert_eq!(draft.fields["kind"], Value::word("kind", "necklace"));
    assert_eq!(draft.fields["dial"], Value::text("*483*57#"));
    let check = phone.shows(Input::Bare("KSh 850".into()));
    assert!(check.starts_with("Necklace, KSh 850 each. Right?\n1 Yes, save"));
    assert_eq!(phone.shows(Input::Bare("1".into())), "Saved, number 10019.");
}

#[test]
fn a_bare_sms_never_answers_a_pin_nor_a_question_outside_drop() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.dial();
    phone.walk(&["3", "100"]);
    assert!(!phone.state.takes_bare(&graph));
    assert_eq!(phone.shows(Input::Bare("4271".into())), "Dial *483*57# to go on.");
    assert!(phone.done.is_empty());
}

#[test]
fn an_outcome_that_the_tree_does_not_know_is_told_as_a_fault() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.outcomes.insert("payout.request".into(), ("odd".into(), vec![]));
    phone.dial();
    phone.walk(&["3", "100"]);
    assert_eq!(phone.press("4271"), "Something broke on our side.");
}

#[test]
fn a_tree_that_runs_in_a_circle_ends_politely() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.dial();
    let last = phone.press("8");
    assert_eq!(last, "Something broke on our side. Nothing was lost. Dial again in a minute.");
    assert!(phone.state.is_broken());
    assert_eq!(phone.redial(), HOME);
}

#[test]
fn a_state_of_another_version_is_refused_by_its_number() {
    let graph = tree();
    let phone = Phone::new(&graph);
    let json = String::from_utf8(phone.state.to_json()).expect("JSON").replace("\"v\":1", "\"v\":9");
    assert!(matches!(State::from_json(json.as_bytes()), Err(Unreadable::Version(9))));
    assert!(matches!(State::from_json(b"[]"), Err(Unreadable::Json(_))));
}

#[test]
fn what_is_typed_shows_in_no_debug_output() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.dial();
    phone.walk(&["3", "100"]);
    let key = Input::Key("4271".into());
    assert!(!format!("{key:?}").contains("4271"));
    let mut machine = Machine::new(&graph, phone.state.clone());
    let step = machine.step(phone.env, key);
    assert!(matches!(step, Step::Pin { .. }) && !format!("{step:?}").contains("4271"));
    assert!(!format!("{machine:?}").contains("4271"));
    assert!(!String::from_utf8_lossy(&machine.into_state().to_json()).contains("4271"));
}

#[test]
fn a_redial_reads_again_what_a_list_and_a_screen_showed() {
    let graph = tree();
    let mut phone = Phone::new(&graph);
    phone.rows = vec![order("482108", 7)];
    phone.dial();
    assert!(phone.press("2").contains("482108"));
    phone.rows = vec![order("100190", 3)];
    phone.redial();
    let list = phone.press("1");
    assert!(list.contains("100190") && !list.contains("482108"), "{list}");
    phone.press("1");
    phone.rows = vec![order("100190", 2)];
    assert!(phone.redial().starts_with("You stopped at: 100190: 2 pieces"));
    assert!(phone.press("1").starts_with("100190: 2 pieces"));
    phone.rows = vec![];
    assert!(phone.redial().starts_with("Hello"), "what is not hers any more is not offered");
}
