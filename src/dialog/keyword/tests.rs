//! What people send, and what is made of it.

use super::*;
use crate::dialog::{
    input::{Data, Input, SmsWish},
    sms::{SmsStep, SmsTurn},
    tests::{order, tree::tree},
};
use crate::types::Lang;
use proptest::prelude::*;

fn sold(reading: &Reading) -> Option<(String, String, i64, i64)> {
    let Reading::Understood(Understood { command: 0, values }) = reading else { return None };
    let word = |name: &str| match &values[name] {
        Value::Word { word, .. } => word.clone(),
        other => panic!("{other:?}"),
    };
    let number = |name: &str| match &values[name] {
        Value::Kes(sum) => sum.whole(),
        Value::Int(n) => *n,
        other => panic!("{other:?}"),
    };
    Some((word("kind"), word("stuff"), number("price"), number("ready")))
}

fn sells(text: &str) -> Option<(String, String, i64, i64)> {
    sold(&understand(&tree(), text, Timestamp::default()))
}

fn missing(text: &str) -> (String, Vec<String>) {
    let graph = tree();
    match understand(&graph, text, Timestamp::default()) {
        Reading::Half(half) => (half.heard(&graph, Lang::EN), half.missing(&graph)),
        other => panic!("{text}: {other:?}"),
    }
}

fn a_code(kind: CodeKind) -> String {
    SpokenCode::nth(kind, 1234).to_string()
}

#[test]
fn a_piece_is_sold_in_either_language_and_both_mixed() {
    let brass = |price, ready| Some(("necklace".to_owned(), "brass".to_owned(), price, ready));
    for text in [
        "SELL NECKLACE BRASS 850 3",
        "uza mkufu shaba 850 3",
        "Uza Necklace Shaba 850 3",
        "SELL BRASS NECKLACE 850 3",
        "sell necklace, brass, 850, 3.",
        "SELL NECKLACE BRASS 850,3",
        "Sell necklace brass KSh 850/= x 3",
        "UZA MKUFU SHABA KSh850 3 tafadhali",
        "UZA MKUFU SHABA 3 KSh 850",
        "UZA 3 MKUFU SHABA 850",
        "SEL NECLACE BRAS 850 3",
        "UZA MIKUFU SHABA 850.00 3",
        "sell 1 1 850 3",
    ] {
        assert_eq!(sells(text), brass(850, 3), "{text}");
    }
    assert_eq!(sells("UZA MKUFU SHABA 850"), brass(850, 1));
    assert_eq!(sells("UZA MKUFU SHABA 1,250 3"), brass(1250, 3));
    assert_eq!(sells("UZA MKUFU SHABA 1 250 3"), brass(1250, 3));
    assert_eq!(sells("UZA MKUFU SHABA 12,500"), brass(12_500, 1));
    let bone = Some(("ring".to_owned(), "bone".to_owned(), 300, 2));
    for text in ["SELL RING HORN OR BONE 300 2", "SELL RING BONE 300 2", "UZA PETE PEMBE 300 2"] {
        assert_eq!(sells(text), bone, "{text}");
    }
}

#[test]
fn what_could_mean_two_things_is_asked_and_not_done() {
    for text in ["UZA MKUFU SHABA 8 50", "UZA MKUFU SHABA 3 850", "UZA MKUFU SHABA 12 500"] {
        assert_eq!(sells(text), None, "{text}");
        assert_eq!(missing(text), ("Necklace, Brass".into(), vec!["price".into()]), "{text}");
    }
    for text in
        ["UZA MKUFU 850 3", "UZA MKUFU SHABA", "SELL NECKLACE RING BRASS 850 3", "UZA MKUFU SHABA 850 3 4"]
    {
        assert_eq!(sells(text), None, "{text}");
    }
}

#[test]
fn words_that_are_not_understood_are_never_passed_over() {
    let graph = tree();
    let code = a_code(CodeKind::Order);
    for text in [format!("YES {code} but only 2"), format!("NDIYO {code} lakini"), format!("NOT YES {code}")]
    {
        let reading = understand(&graph, &text, Timestamp::default());
        assert!(!matches!(reading, Reading::Understood(_)), "{text}: {reading:?}");
    }
    let Reading::Half(half) = understand(&graph, "UZA MKUFU SHABA 850 3 haraka", Timestamp::default()) else {
        panic!("understood in part")
    };
    assert_eq!(half.miss(&graph, Lang::EN), "haraka?");
}

#[test]
fn a_half_understood_command_tells_what_was_heard_and_a_bare_price_completes_it() {
    let graph = tree();
    let now = Timestamp::default();
    let Reading::Half(half) = understand(&graph, "UZA MKUFU SHABA", now) else { panic!("half") };
    assert_eq!(half.heard(&graph, Lang::SW), "Mkufu, Shaba");
    assert_eq!(half.missing(&graph), ["price"]);
    let json = serde_json::to_string(&half).expect("JSON");
    let half: Half = serde_json::from_str(&json).expect("reads back");
    let brass = |price, ready| Some(("necklace".to_owned(), "brass".to_owned(), price, ready));
    assert_eq!(sold(&complete(&graph, &half, "850", now)), brass(850, 1));
    assert_eq!(sold(&complete(&graph, &half, "KSh 850 3", now)), brass(850, 3));
    assert_eq!(complete(&graph, &half, "habari", now), Reading::Unknown);
    assert_eq!(complete(&graph, &half, "", now), Reading::Unknown);
    let Reading::Half(more) = complete(&graph, &half, "3", now) else { panic!("half still") };
    assert_eq!(sold(&complete(&graph, &more, "850", now)), brass(850, 3));
    let other = Graph { hash: "1".into(), ..tree() };
    assert_eq!(complete(&other, &half, "850", now), Reading::Unknown);
}

#[test]
fn two_commands_may_share_their_first_word() {
    let graph = tree();
    let (order, listing) = (a_code(CodeKind::Order), a_code(CodeKind::Listing));
    let command = |text: String| match understand(&graph, &text, Timestamp::default()) {
        Reading::Understood(done) => Some((done.command, done.values)),
        _ => None,
    };
    assert_eq!(command(format!("YES {order}")).map(|c| c.0), Some(1));
    assert_eq!(command(format!("ndiyo {listing}")).map(|c| c.0), Some(2));
    let (pass, values) = command(format!("QC {order} PASS 12")).expect("a pass");
    assert_eq!((pass, &values["n"]), (3, &Value::Int(12)));
    let (fail, values) = command(format!("qc {order} hazikufaulu 3 2")).expect("a fail");
    assert_eq!((fail, &values["n"], &values["why"]), (4, &Value::Int(3), &Value::word("reason", "rough")));
    let spaced = format!("QC {} {} FAIL 3 BROKEN", &order[..3], &order[3..]);
    assert_eq!(command(spaced).map(|c| c.0), Some(4));
}

#[test]
fn a_count_before_a_reason_by_its_number_is_read_in_the_order_it_was_written() {
    let graph = tree();
    let order = a_code(CodeKind::Order);
    for (n, nth, word) in [(3, 2, "rough"), (1, 2, "rough"), (2, 1, "broken"), (3, 3, "size")] {
        let text = format!("QC {order} FAIL {n} {nth}");
        let Reading::Understood(done) = understand(&graph, &text, Timestamp::default()) else {
            panic!("{text} is not understood")
        };
        assert_eq!((&done.values["n"], &done.values["why"]), (&Value::Int(n), &Value::word("reason", word)));
    }
}

#[test]
fn either_command_that_shares_its_first_word_can_be_completed() {
    let graph = tree();
    let text = format!("QC {}", a_code(CodeKind::Order));
    let Reading::Half(half) = understand(&graph, &text, Timestamp::default()) else { panic!("half") };
    for (more, wanted) in [("PASS 12", 3), ("FAIL 3 2", 4)] {
        let Reading::Understood(done) = complete(&graph, &half, more, Timestamp::default()) else {
            panic!("{more} completes it")
        };
        assert_eq!(done.command, wanted);
    }
}

#[test]
fn a_wrong_digit_in_a_spoken_number_is_echoed_and_nothing_happens() {
    let graph = tree();
    let code = a_code(CodeKind::Order);
    let mut wrong = code.clone().into_bytes();
    wrong[2] = if wrong[2] == b'9' { b'0' } else { wrong[2] + 1 };
    let wrong = String::from_utf8(wrong).expect("digits");
    for text in [format!("YES {wrong}"), format!("QC {wrong} PASS 3"), format!("YES {}", &code[..5])] {
        let reading = understand(&graph, &text, Timestamp::default());
        let sound_listing = matches!(&reading, Reading::Understood(done) if done.command == 2);
        assert!(matches!(reading, Reading::BadCode { .. }) || sound_listing, "{text}: {reading:?}");
    }
    let echo = understand(&graph, &format!("YES {wrong}"), Timestamp::default());
    assert!(matches!(echo, Reading::BadCode { echo, .. } if echo == wrong));
}

#[test]
fn what_is_no_command_is_unknown() {
    for text in ["", "habari", "850", "!!!", "sellnecklace"] {
        assert_eq!(understand(&tree(), text, Timestamp::default()), Reading::Unknown, "{text}");
    }
}

#[test]
fn a_text_command_finds_its_record_then_acts_and_answers() {
    let graph = tree();
    let code = a_code(CodeKind::Order);
    let reading = understand(&graph, &format!("yes {code}"), Timestamp::default());
    let mut turn = SmsTurn::new(&graph, Lang::EN, reading.clone(), "mark");
    let SmsStep::Ask(ask) = turn.step(Input::Begin { typed: vec![] }) else { panic!("asks") };
    assert_eq!(ask.find, Some(("order".into(), code.clone())));
    let found = Data { found: Some(order(&code, 7)), ..Data::default() };
    let SmsStep::Do(wish) = turn.step(Input::Data(found)) else { panic!("acts") };
    assert_eq!(
        (wish.name.as_str(), wish.once.as_deref(), wish.at.as_str()),
        ("order.accept", Some("mark"), "sms")
    );
    assert_eq!(wish.args["qty"], Value::Int(7));
    let said = turn.step(Input::Outcome { name: "gone".into(), args: vec![] });
    assert_eq!(
        said,
        SmsStep::Say(SmsWish { name: "order_gone".into(), args: vec![Value::Record(order(&code, 7))] })
    );
    assert_eq!(turn.step(Input::Outcome { name: "odd".into(), args: vec![] }), SmsStep::Fault);

    let mut turn = SmsTurn::new(&graph, Lang::EN, reading, "mark");
    turn.step(Input::Begin { typed: vec![] });
    let nobody = turn.step(Input::Data(Data::default()));
    assert_eq!(nobody, SmsStep::BadCode { echo: code, sound: true });
}

#[test]
fn a_half_command_is_answered_with_its_example() {
    let graph = tree();
    let reading = understand(&graph, "UZA MKUFU", Timestamp::default());
    let mut turn = SmsTurn::new(&graph, Lang::SW, reading, "mark");
    let SmsStep::Say(wish) = turn.step(Input::Begin { typed: vec![] }) else { panic!("answers") };
    assert_eq!(wish.args, [Value::text("Mkufu"), Value::text("stuff, price")]);
}

proptest! {
    #[test]
    fn any_text_is_read_without_harm(text in "\\PC{0,60}", words in proptest::collection::vec("(SELL|YES|QC|PASS|mkufu|BRASS|[0-9]{1,7}|,|x|KSh)", 0..14)) {
        let graph = tree();
        for text in [text, words.join(" ")] {
            if let Reading::Half(half) = understand(&graph, &text, Timestamp::default()) {
                let _ = (half.heard(&graph, Lang::EN), half.miss(&graph, Lang::SW), complete(&graph, &half, &text, Timestamp::default()));
            }
        }
    }

    #[test]
    fn a_command_written_as_taught_is_read_as_written(price in 50i64..=20_000, ready in 1i64..=99) {
        let taught = sells(&format!("SELL NECKLACE BRASS {price} {ready}"));
        prop_assert_eq!(taught, Some(("necklace".into(), "brass".into(), price, ready)));
    }
}
