//! Over the menus of the product.

use super::*;
use crate::{
    dialog::{tape::stats::Screen, trial::samples::Filling},
    menu::builtin,
    types::Lang,
};
use proptest::prelude::*;

const ARTISAN: &str = "menus/artisan.menu";
const MESSAGES: &str = "menus/messages.menu";

/// The product's trees and messages in their own two languages.
fn trees() -> Vec<(String, String)> {
    builtin::sources().into_iter().filter(|(name, _)| name.ends_with(".menu")).collect()
}

/// The product's files, the artisan's tree with `from` written as `to`.
fn with(from: &str, to: &str) -> Vec<(String, String)> {
    let mut sources = trees();
    let artisan = sources.iter_mut().find(|(name, _)| name == ARTISAN).expect("the artisan's tree");
    assert!(artisan.1.contains(from), "{from}");
    artisan.1 = artisan.1.replacen(from, to, 1);
    sources
}

fn look(sources: &[(String, String)], look: &Look, ground: &Ground) -> Sight {
    Checkup::of(sources.to_vec(), &ground.limits).look(look, ground)
}

fn line_of(sources: &[(String, String)], file: &str, text: &str) -> usize {
    let (_, source) = sources.iter().find(|(name, _)| name == file).expect("the file");
    source.lines().position(|line| line.starts_with(text)).expect("the line") + 1
}

fn at(sources: &[(String, String)], file: &str, text: &str) -> Sight {
    let line = Some(line_of(sources, file, text));
    look(sources, &Look { file: file.to_owned(), line, ..Look::default() }, &Ground::default())
}

fn walked(sources: &[(String, String)], way: &str) -> Phones {
    let path = way.split_whitespace().map(str::to_owned).collect();
    let look_at = Look { file: ARTISAN.to_owned(), path, ..Look::default() };
    look(sources, &look_at, &Ground::default()).phones.expect("phones")
}

fn phone<'p>(phones: &'p Phones, lang: &str, filling: Filling) -> &'p phones::Phone {
    let lang: Lang = lang.parse().expect("a language");
    let row = phones.langs.iter().find(|row| row.lang == lang).expect("the language");
    row.phones.iter().find(|phone| phone.filling == filling).expect("the filling")
}

#[test]
fn the_phones_stand_at_the_block_of_the_line_and_say_how_one_gets_there() {
    let sources = trees();
    let sight = at(&sources, ARTISAN, "ask sell.price");
    assert!(sight.sound && sight.faults.is_empty());
    let phones = sight.phones.expect("phones");
    assert_eq!((phones.at.name.as_str(), phones.at.word), ("sell.price", "ask"));
    assert_eq!(phones.trail, ["home", "sell.kind", "sell.stuff", "sell.price"]);
    assert_eq!(phones.direct.as_deref(), Some("*483*57*1*1*1#"));
    assert!(phone(&phones, "sw", Filling::Typical).text.starts_with("Bei yako"));
    assert_eq!(phones.langs.iter().map(|row| row.phones.len()).sum::<usize>(), 6);
}

#[test]
fn a_text_that_outgrew_its_screen_is_measured_whole_and_its_language_alone_is_over() {
    let long = format!("Bei yako {}", "ndefu sana ".repeat(20));
    let sources = with("Bei yako ya moja, KSh (utakayopokea)", &long);
    let sight = at(&sources, ARTISAN, "ask sell.price");
    assert!(!sight.sound);
    let fault = sight.faults.iter().find(|fault| fault.code == "too-long").expect("the fault");
    assert_eq!(fault.file, ARTISAN);
    let (_, text) = sources.iter().find(|(name, _)| name == ARTISAN).expect("the file");
    let line = text.lines().nth(fault.line - 1).expect("its line");
    assert!(line.contains("ndefu sana"), "{line}");
    let phones = sight.phones.expect("phones");
    for filling in Filling::ALL {
        let swahili = phone(&phones, "sw", filling);
        assert!(swahili.over && swahili.used > swahili.limit && swahili.pages > 1, "{swahili:?}");
        assert!(!phone(&phones, "en", filling).over);
    }
}

#[test]
fn a_letter_outside_the_alphabet_turns_the_whole_screen_into_ucs_2() {
    let sources = with("Bei yako ya moja, KSh (utakayopokea)", "Bei yakũ ya moja, KSh (utakayopokea)");
    let phones = at(&sources, ARTISAN, "ask sell.price").phones.expect("phones");
    let swahili = phone(&phones, "sw", Filling::Typical);
    assert_eq!((swahili.unit, swahili.limit), (texts::Unit::Ucs2, 70));
    assert_eq!(phone(&phones, "en", Filling::Typical).unit, texts::Unit::Septets);
}

#[test]
fn the_outcomes_of_an_action_can_be_chosen_in_the_path() {
    let sources = trees();
    let phones = at(&sources, ARTISAN, "do sell.save").phones.expect("phones");
    let action = phones.actions.first().expect("the action");
    assert_eq!((action.block.as_str(), action.came.as_str()), ("sell.save", "ok"));
    assert!(action.call.starts_with("listing.create(kind: necklace"), "{}", action.call);
    assert_eq!(action.outcomes, ["ok", "full", "fault"]);
    let mut path = phones.path[..action.place].to_vec();
    path.push("!full".to_owned());
    let full = walked(&sources, &path.join(" "));
    assert_eq!(full.at.name, "sell.full");
    assert!(full.over);
}

#[test]
fn an_sms_that_follows_is_shown_in_each_language_with_its_parts_and_price() {
    let sources = trees();
    let ground = Ground { part_cents: Some(80), ..Ground::default() };
    let path = ["1", "1", "1", "850", "3", "1"].map(str::to_owned).to_vec();
    let saved = look(&sources, &Look { file: ARTISAN.to_owned(), path, ..Look::default() }, &ground);
    let phones = saved.phones.expect("phones");
    let sms = phones.sms.first().expect("an SMS");
    assert_eq!((sms.name.as_str(), sms.when.as_str()), ("listing_saved", "at the end"));
    assert_eq!(sms.forms.len(), 6);
    assert!(sms.forms.iter().all(|form| form.cents == Some(80 * form.parts as u64)));
    let asked = walked(&sources, "1 1 1");
    let kept = asked.sms.first().expect("an SMS after a cut");
    assert_eq!((kept.name.as_str(), kept.when.as_str()), ("draft_kept", "60 s after a cut here"));
}

#[test]
fn a_message_and_the_answers_to_a_command_are_shown_by_their_line() {
    let sources = trees();
    let sight = at(&sources, MESSAGES, "sms order_offer");
    assert!(sight.phones.is_none());
    let texts = sight.texts.expect("texts");
    assert_eq!((texts.title.as_str(), texts.messages.len()), ("sms order_offer", 1));
    let widest = texts.messages[0].forms.iter().filter(|form| form.filling == Filling::Widest);
    assert!(widest.clone().count() == 2 && widest.clone().all(|form| form.used > 60));
    let sight = at(&sources, ARTISAN, "text SELL|UZA");
    let texts = sight.texts.expect("texts");
    let when: Vec<&str> = texts.messages.iter().map(|message| message.when.as_str()).collect();
    assert_eq!(when, ["ok", "full", "fault", "half understood"]);
    assert!(sight.phones.is_some(), "and the phones stay");
}

#[test]
fn a_value_that_decides_over_options_can_be_chosen() {
    let sources = trees();
    let sight = at(&sources, "menus/agent.menu", "end pin.shut");
    let phones = sight.phones.expect("phones");
    assert_eq!(phones.path.first().map(String::as_str), Some("?me.pin=locked"));
    assert_eq!(phones.at.name, "pin.shut");
    let decides = phones.values.first().expect("the value");
    assert_eq!((decides.name.as_str(), decides.now.as_str()), ("me.pin", "locked"));
    assert_eq!(decides.words, ["none", "set", "locked"]);
}

#[test]
fn faults_are_placed_as_browsers_count() {
    let sources = with("menu artisan\n", "menu artisan\n# 😀 a comment\n  limt 160 gsm7\n");
    let sight = look(&sources, &Look { file: ARTISAN.to_owned(), ..Look::default() }, &Ground::default());
    let (_, text) = sources.iter().find(|(name, _)| name == ARTISAN).expect("the file");
    let units: Vec<u16> = text.encode_utf16().collect();
    let marked: Vec<String> =
        sight.faults.iter().map(|fault| String::from_utf16_lossy(&units[fault.start..fault.end])).collect();
    assert!(marked.iter().any(|text| text.contains("limt")), "{marked:?}");
}

#[test]
fn where_people_broke_off_is_shown_when_it_is_known() {
    let (tree, block) = ("artisan".to_owned(), "sell.price".to_owned());
    let screen = Screen { tree, block, shown: 120, left: 14, ..Screen::default() };
    let stats = Stats { screens: vec![screen], ..Stats::default() };
    let sources = trees();
    let ground = Ground { stats: Some(Arc::new(stats)), ..Ground::default() };
    let path = |way: &str| way.split_whitespace().map(str::to_owned).collect();
    let look_at = |way| Look { file: ARTISAN.to_owned(), path: path(way), ..Look::default() };
    let of = |way| look(&sources, &look_at(way), &ground).phones.expect("phones").figures;
    assert_eq!(of("1 1 1"), Some(DropOff { shown: 120, left: 14 }));
    assert_eq!(of("1 1"), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_stands_in_the_file_the_phones_never_fall(
        cuts in proptest::collection::vec((0usize..14_000, 0usize..60, "[ a-z{}|0-9\n>-]{0,12}"), 1..6),
        line in 1usize..340, way in proptest::collection::vec("[0-9]{1,3}|cut|!fault|!full", 0..9),
    ) {
        let mut sources = trees();
        let artisan = sources.iter_mut().find(|(name, _)| name == ARTISAN).expect("the artisan's tree");
        for (at, long, put) in cuts {
            let start = (0..=at.min(artisan.1.len())).rev().find(|at| artisan.1.is_char_boundary(*at)).unwrap_or(0);
            let wanted = (start + long).min(artisan.1.len());
            let end = (wanted..=artisan.1.len()).find(|at| artisan.1.is_char_boundary(*at)).unwrap_or(start);
            artisan.1.replace_range(start..end, &put);
        }
        for line in [Some(line), None] {
            let look_at = Look { file: ARTISAN.to_owned(), line, path: way.clone(), ..Look::default() };
            let sight = look(&sources, &look_at, &Ground::default());
            prop_assert!(sight.phones.is_none_or(|phones| phones.langs.iter().all(|row| row.phones.len() == 3)));
        }
    }
}
