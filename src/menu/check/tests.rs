use super::*;
use crate::menu::{
    report::to_text,
    vocabulary::{Action, Query, Type},
};
use crate::types::CodeKind;

fn word(set: &str) -> Type {
    Type::Enum(set.to_owned())
}

fn record(name: &str) -> Type {
    Type::Record(name.to_owned())
}

fn named(pairs: &[(&str, Type)]) -> Vec<(String, Type)> {
    pairs.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone())).collect()
}

/// What the worked example needs of a domain.
pub(super) fn vocabulary() -> Vocabulary {
    let pieces = Type::Int { min: 1, max: 99 };
    let (order, listing) = (record("order"), record("listing"));
    let mut v = Vocabulary::default();
    for (name, words) in [
        ("order_state", ["offered", "making", "ready"].as_slice()),
        ("listing_state", &["waiting", "on_sale", "paused", "removed"]),
    ] {
        v.enums.insert(name.into(), words.iter().map(|w| (*w).to_owned()).collect());
    }
    let records: [(&str, &[(&str, Type)]); 8] = [
        (
            "listing",
            &[
                ("code", Type::Code(CodeKind::Listing)),
                ("kind", word("kind")),
                ("price", Type::Kes),
                ("ready", pieces.clone()),
                ("sold", Type::Int { min: 0, max: 9999 }),
                ("state", word("listing_state")),
            ],
        ),
        (
            "order",
            &[
                ("code", Type::Code(CodeKind::Order)),
                ("qty", pieces.clone()),
                ("kind", word("kind")),
                ("due", Type::Date),
                ("earn", Type::Kes),
                ("state", word("order_state")),
            ],
        ),
        ("payout", &[("amount", Type::Kes)]),
        ("cashcode", &[("code", Type::Code(CodeKind::Once)), ("amount", Type::Kes), ("until", Type::Time)]),
        ("loan", &[("left", Type::Kes), ("total", Type::Kes), ("share", Type::Int { min: 0, max: 99 })]),
        ("note", &[("from", Type::Text(12)), ("text", Type::Text(100))]),
        (
            "entry",
            &[
                ("date", Type::Date),
                ("sign", Type::Text(1)),
                ("amount", Type::Cents),
                ("what", Type::Text(12)),
            ],
        ),
        ("wallet", &[("free", Type::Cents)]),
    ];
    for (name, fields) in records {
        v.records.insert(name.into(), named(fields).into_iter().collect());
    }
    v.globals = named(&[
        ("me.first", Type::Text(12)),
        ("me.free", Type::Kes),
        ("me.held", Type::Kes),
        ("me.moving", Type::Kes),
        ("me.phone", Type::Phone),
        ("me.mentor", Type::Text(20)),
        ("me.mentor_phone", Type::Phone),
        ("me.pin", word("pin_state")),
        ("help.phone", Type::Phone),
        ("orders.new", Type::Int { min: 0, max: 99 }),
        ("tip.text", Type::Text(140)),
    ])
    .into_iter()
    .collect();
    v.enums.insert("pin_state".into(), vec!["none".into(), "set".into()]);
    for (name, item) in [
        ("orders.open", "order"),
        ("ledger.recent", "entry"),
        ("loan.messages", "note"),
        ("listing.mine", "listing"),
    ] {
        v.queries.insert(name.into(), Query { params: Vec::new(), item: item.into() });
    }
    let mut act = |name: &str, params: &[(&str, Type)], outcomes: &[(&str, &[Type])], money, changes| {
        let outcomes = outcomes.iter().map(|(name, brings)| ((*name).to_owned(), brings.to_vec())).collect();
        v.actions.insert(name.into(), Action { params: named(params), outcomes, money, changes });
    };
    let most = Type::Int { min: 1, max: 999 };
    act("account.next_language", &[], &[("ok", &[])], false, false);
    act(
        "listing.create",
        &[("kind", word("kind")), ("stuff", word("stuff")), ("price", Type::Kes), ("ready", pieces.clone())],
        &[("ok", std::slice::from_ref(&listing)), ("full", &[most])],
        false,
        true,
    );
    let taken: &[(&str, &[Type])] = &[("ok", std::slice::from_ref(&order)), ("gone", &[])];
    let qty = [("order", order.clone()), ("qty", pieces.clone())];
    act("order.accept", &qty, taken, false, true);
    act("order.refuse", &qty[..1], &[("ok", &[]), ("gone", &[])], false, true);
    act("order.mark_ready", &qty[..1], taken, false, true);
    act(
        "payout.request",
        &[("amount", Type::Kes)],
        &[
            ("sent", &[record("payout")]),
            ("unknown", &[record("payout")]),
            ("short", &[Type::Kes]),
            ("held", &[Type::Text(40)]),
        ],
        true,
        true,
    );
    act(
        "cash.code",
        &[("amount", Type::Kes)],
        &[("ok", &[record("cashcode")]), ("short", &[Type::Kes]), ("held", &[Type::Text(40)])],
        true,
        true,
    );
    act("loan.mine", &[], &[("ok", &[record("loan")]), ("none", &[])], false, false);
    let ready = [("listing", listing.clone()), ("ready", pieces.clone())];
    act("listing.set_ready", &ready, &[("ok", std::slice::from_ref(&listing))], false, true);
    let stopped: &[(&str, &[Type])] = &[("ok", &[listing]), ("open", &[pieces])];
    act("listing.stop", &ready[..1], stopped, false, true);
    act("support.callback", &[("at", Type::Text(40))], &[("ok", &[])], false, true);
    act("wallet.balance", &[], &[("ok", &[record("wallet")])], false, false);
    v
}

const ARTISAN: &str = include_str!("../../../fixtures/menus/artisan.menu");
const MESSAGES: &str = include_str!("../../../fixtures/menus/messages.menu");

fn with_messages(name: &str, text: &str) -> [(String, String); 2] {
    [(name.to_owned(), text.to_owned()), ("messages.menu".to_owned(), MESSAGES.to_owned())]
}

fn route(limit: u16) -> Limits {
    Limits { routes: vec![("test".to_owned(), limit)] }
}

#[test]
fn the_worked_example_is_sound() {
    let sources = with_messages("artisan.menu", ARTISAN);
    let checked = check(&sources, &vocabulary(), &Limits::default());
    assert!(checked.problems.is_empty(), "{}", to_text(&checked.problems, &sources, false));
    let graph = &checked.graphs[0];
    assert_eq!(graph.nodes.len(), 52);
    assert_eq!(graph.node(graph.home).name, "home");
    assert_eq!(checked.catalogue.messages.len(), 12);
}
