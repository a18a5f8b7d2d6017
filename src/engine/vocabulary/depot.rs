//! What menus may say and do about the depot: words on pieces, tips, lessons, cases.

use super::{COUNT, change, named, record, word};
use crate::menu::vocabulary::{Type, Vocabulary};
use crate::types::CodeKind;

pub(super) fn records(v: &mut Vocabulary) {
    let words = named([
        ("date", Type::Date),
        ("about", Type::Text(5)),
        ("short", Type::Text(24)),
        ("begin", Type::Text(55)),
        ("rest", Type::Text(55)),
        ("long", word("yes_no")),
    ]);
    let lesson = named([
        ("date", Type::Date),
        ("place", Type::Text(16)),
        ("area", word("area")),
        ("seats", COUNT),
        ("came", COUNT),
    ]);
    for (name, fields) in [("words", words), ("lesson", lesson)] {
        v.records.insert(name.to_owned(), fields.into_iter().collect());
    }
}

pub(super) fn actions(v: &mut Vocabulary) {
    change(
        v,
        "depot.advise",
        named([("number", Type::Code(CodeKind::Listing)), ("note", Type::Text(330))]),
        vec![("ok", vec![record("listing")]), ("gone", vec![])],
    );
    change(
        v,
        "depot.lesson",
        named([("day", Type::Date), ("seats", Type::Int { min: 1, max: 99 }), ("place", Type::Text(16))]),
        vec![("ok", vec![record("lesson")]), ("known", vec![record("lesson")]), ("over", vec![])],
    );
    change(
        v,
        "depot.came",
        named([("phone", Type::Phone)]),
        vec![("ok", vec![record("lesson")]), ("none", vec![])],
    );
    change(
        v,
        "depot.case",
        named([("number", Type::Code(CodeKind::Order)), ("note", Type::Text(110))]),
        vec![("ok", vec![Type::Code(CodeKind::Order)]), ("gone", vec![])],
    );
}
