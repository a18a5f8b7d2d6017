//! What a kiosk keeps, counts and proves on paper.

use super::{change, named, record, word};
use crate::menu::vocabulary::{Type, Vocabulary};
use crate::types::CodeKind;

/// How many of something a kiosk may have.
const LEFT: Type = Type::Int { min: 0, max: 9999 };
/// How many of something are counted at once.
const COUNTED: Type = Type::Int { min: 0, max: 999 };

pub(super) fn records(v: &mut Vocabulary) {
    let mut add = |name: &str, fields: Vec<(String, Type)>| {
        v.records.insert(name.to_owned(), fields.into_iter().collect());
    };
    add(
        "stock",
        named([
            ("small", LEFT),
            ("large", LEFT),
            ("leaflets", LEFT),
            ("what", word("supply")),
            ("n", COUNTED),
            ("asked", word("yes_no")),
            ("next", Type::Date),
            ("place", Type::Text(16)),
            ("fee", Type::Kes),
            ("free", Type::Cents),
        ]),
    );
    add(
        "receipt",
        named([
            ("number", Type::Code(CodeKind::Once)),
            ("page", Type::Int { min: 1, max: 9999 }),
            ("code", Type::Code(CodeKind::Order)),
            ("place", Type::Text(16)),
        ]),
    );
}

pub(super) fn actions(v: &mut Vocabulary) {
    let stock = || vec![record("stock")];
    let quiet = super::Act { params: vec![], outcomes: vec![("ok", stock())], money: false, changes: false };
    super::act(v, "stock.mine", quiet);
    let params = named([("n", COUNTED), ("what", word("supply"))]);
    change(v, "stock.got", params, vec![("ok", stock()), ("much", vec![COUNTED])]);
    let outcomes = vec![("ok", stock()), ("again", stock()), ("not_asked", stock())];
    change(v, "display.count", named([("n", COUNTED)]), outcomes);
    let outcomes = vec![
        ("ok", vec![record("check")]),
        ("no_box", vec![record("check")]),
        ("not_here", vec![record("order")]),
        ("no_order", vec![]),
    ];
    let params = named([("order", Type::Code(CodeKind::Order)), ("box", word("box"))]);
    change(v, "parcel.box", params, outcomes);
    let receipt = || vec![record("receipt")];
    change(
        v,
        "parcel.receipt",
        named([("order", Type::Code(CodeKind::Order)), ("number", Type::Code(CodeKind::Once))]),
        vec![
            ("ok", receipt()),
            ("used", receipt()),
            ("other", receipt()),
            ("unknown", vec![]),
            ("early", vec![record("order")]),
            ("no_order", vec![]),
        ],
    );
}
