//! What menus may say and do about loans.

use super::{Act, act, change, named, record, word};
use crate::engine::view::LONGEST_HOLD;
use crate::menu::vocabulary::{Type, Vocabulary};

pub(super) fn records(v: &mut Vocabulary) {
    let loan = named([
        ("first", Type::Text(12)),
        ("amount", Type::Kes),
        ("left", Type::Cents),
        ("what", word("loan_for")),
        ("state", word("loan_state")),
        ("share", Type::Text(5)),
        ("phone", Type::Phone),
        ("by", Type::Text(8)),
        ("ref", Type::Text(20)),
        ("why", word("pay_fail")),
        ("lenders", Type::Int { min: 1, max: 9_999 }),
        ("countries", Type::Int { min: 1, max: 299 }),
        ("dial", Type::Text(12)),
        ("help", Type::Phone),
    ]);
    let note = named([
        ("date", Type::Date),
        ("from", word("note_from")),
        ("begin", Type::Text(55)),
        ("rest", Type::Text(55)),
        ("long", word("yes_no")),
        ("text", Type::Text(110)),
    ]);
    for (name, fields) in [("loan", loan), ("note", note)] {
        v.records.insert(name.to_owned(), fields.into_iter().collect());
    }
}

pub(super) fn actions(v: &mut Vocabulary) {
    let loan = || vec![record("loan")];
    let outcomes = vec![
        ("may", vec![Type::Kes]),
        ("little", vec![Type::Kes]),
        ("waits", loan()),
        ("terms", loan()),
        ("failed", loan()),
        ("moving", loan()),
        ("queued", loan()),
        ("owes", loan()),
    ];
    act(v, "loan.mine", Act { params: vec![], outcomes, money: false, changes: false });
    change(
        v,
        "loan.ask",
        named([("amount", Type::Kes), ("what", word("loan_for"))]),
        vec![("ok", loan()), ("much", vec![Type::Kes]), ("open", vec![])],
    );
    let outcomes = vec![("ok", vec![]), ("little", vec![Type::Cents])];
    act(v, "loan.may_pay", Act { params: vec![], outcomes, money: false, changes: false });
    let outcomes = vec![("ok", loan()), ("little", vec![Type::Cents]), ("gone", vec![])];
    act(v, "loan.pay", Act { params: named([("amount", Type::Kes)]), outcomes, money: true, changes: true });
    let outcomes = vec![
        ("ok", vec![]),
        ("open", vec![Type::Kes]),
        ("none", vec![Type::Text(8)]),
        ("down", vec![Type::Text(8)]),
        ("gone", vec![]),
    ];
    act(v, "loan.may_prompt", Act { params: vec![], outcomes, money: false, changes: false });
    // Nothing leaves what she has here: her PIN at the provider says yes to it.
    change(
        v,
        "loan.prompt",
        named([("amount", Type::Kes)]),
        vec![
            ("asked", vec![Type::Kes]),
            ("open", vec![Type::Kes]),
            ("none", vec![Type::Text(8)]),
            ("down", vec![Type::Text(8)]),
            ("much", vec![Type::Kes]),
            ("gone", vec![]),
        ],
    );
    change(v, "loan.withdraw", vec![], vec![("ok", vec![]), ("gone", vec![])]);
    change(v, "loan.endorse", named([("loan", record("loan"))]), vec![("ok", loan()), ("gone", vec![])]);
    change(v, "loan.note", named([("note", Type::Text(110))]), vec![("ok", vec![]), ("none", vec![])]);
    let outcomes = vec![
        ("sent", loan()),
        ("queued", loan()),
        ("waits", vec![record("payout")]),
        ("unknown", vec![record("payout")]),
        ("open", vec![record("payout")]),
        ("held", vec![Type::Text(LONGEST_HOLD)]),
        ("down", vec![]),
        ("gone", vec![]),
    ];
    act(v, "loan.agree", Act { params: vec![], outcomes, money: true, changes: true });
}
