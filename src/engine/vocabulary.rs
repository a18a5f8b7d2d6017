//! What this release offers to menus: the one list of records, values, queries and actions that
//! a `.menu` file may name. The engine carries the actions out and fills the
//! values in; a test holds the three together.

use crate::menu::vocabulary::{Action, Query, Type, Vocabulary};
use crate::types::CodeKind;

const COUNT: Type = Type::Int { min: 0, max: 99 };
const PIECES: Type = Type::Int { min: 1, max: 99 };

fn word(set: &str) -> Type {
    Type::Enum(set.to_owned())
}

fn record(name: &str) -> Type {
    Type::Record(name.to_owned())
}

fn named<const N: usize>(pairs: [(&str, Type); N]) -> Vec<(String, Type)> {
    pairs.into_iter().map(|(name, ty)| (name.to_owned(), ty)).collect()
}

/// Closed sets whose words the domain itself uses. What is sold (`kind`, `stuff`) is the
/// operators' own list and stands in the menu files.
const SETS: [(&str, &[&str]); 7] = [
    ("lang", &["en", "sw"]),
    ("pin_state", &["none", "set", "locked"]),
    ("listing_state", &["waiting", "on_sale", "paused", "refused", "removed"]),
    ("order_state", &["offered", "making", "rework", "ready", "at_kiosk", "released", "refunded"]),
    ("reason", &["broken", "rough_finish", "wrong_size", "wrong_colour", "other"]),
    ("posting", &["sale", "payout", "returned", "fee"]),
    ("pay_fail", &["no_user", "full", "limit", "size", "float", "taken_back", "declined"]),
];

/// The vocabulary of this release.
pub fn vocabulary() -> Vocabulary {
    let mut v = Vocabulary::default();
    for (name, words) in SETS {
        v.enums.insert(name.to_owned(), words.iter().map(|w| (*w).to_owned()).collect());
    }
    records(&mut v);
    for (path, ty) in named([
        ("me.first", Type::Text(12)),
        ("me.place", Type::Text(16)),
        ("me.phone", Type::Phone),
        ("me.free", Type::Cents),
        ("me.held", Type::Kes),
        ("me.moving", Type::Kes),
        ("me.pin", word("pin_state")),
        ("me.code", Type::Code(CodeKind::Listing)),
        ("orders.new", COUNT),
        ("parcels.here", COUNT),
        ("listings.waiting", COUNT),
        ("help.phone", Type::Phone),
        ("help.dial", Type::Text(12)),
        ("help.sms", Type::Text(6)),
    ]) {
        v.globals.insert(path, ty);
    }
    for (name, item) in [
        ("orders.open", "order"),
        ("listing.mine", "listing"),
        ("ledger.recent", "entry"),
        ("parcels.expected", "order"),
        ("parcels.unchecked", "order"),
        ("listings.to_check", "listing"),
    ] {
        v.queries.insert(name.to_owned(), Query { params: Vec::new(), item: item.to_owned() });
    }
    account_actions(&mut v);
    artisan_actions(&mut v);
    agent_actions(&mut v);
    v
}

fn records(v: &mut Vocabulary) {
    let mut add = |name: &str, fields: Vec<(String, Type)>| {
        v.records.insert(name.to_owned(), fields.into_iter().collect());
    };
    add(
        "artisan",
        named([
            ("first", Type::Text(12)),
            ("code", Type::Code(CodeKind::Listing)),
            ("dial", Type::Text(12)),
            ("sms", Type::Text(6)),
        ]),
    );
    add(
        "listing",
        named([
            ("code", Type::Code(CodeKind::Listing)),
            ("kind", word("kind")),
            ("stuff", word("stuff")),
            ("price", Type::Kes),
            ("ready", COUNT),
            ("sold", Type::Int { min: 0, max: 9999 }),
            ("state", word("listing_state")),
            ("place", Type::Text(16)),
            ("maker", Type::Text(12)),
            ("fee", Type::Kes),
            ("usd", Type::Text(9)),
        ]),
    );
    add(
        "order",
        named([
            ("code", Type::Code(CodeKind::Order)),
            ("qty", PIECES),
            ("kind", word("kind")),
            ("stuff", word("stuff")),
            ("due", Type::Date),
            ("until", Type::Text(11)),
            ("earn", Type::Kes),
            ("state", word("order_state")),
            ("place", Type::Text(16)),
            ("maker", Type::Text(12)),
            ("dial", Type::Text(12)),
        ]),
    );
    add(
        "check",
        named([
            ("code", Type::Code(CodeKind::Order)),
            ("qty", PIECES),
            ("pass", COUNT),
            ("fail", COUNT),
            ("why", word("reason")),
            ("fee", Type::Kes),
            ("earn", Type::Kes),
            ("free", Type::Cents),
            ("due", Type::Date),
            ("phone", Type::Phone),
        ]),
    );
    add(
        "payout",
        named([
            ("amount", Type::Kes),
            ("phone", Type::Phone),
            ("ref", Type::Text(12)),
            ("why", word("pay_fail")),
            ("free", Type::Cents),
            ("help", Type::Phone),
        ]),
    );
    add("draft", named([("kind", word("kind")), ("dial", Type::Text(12))]));
    add("wallet", named([("free", Type::Cents), ("held", Type::Kes), ("moving", Type::Kes)]));
    add(
        "entry",
        named([
            ("date", Type::Date),
            ("sign", Type::Text(1)),
            ("amount", Type::Cents),
            ("what", word("posting")),
        ]),
    );
}

struct Act<'a> {
    params: Vec<(String, Type)>,
    outcomes: Vec<(&'a str, Vec<Type>)>,
    money: bool,
    changes: bool,
}

fn act(v: &mut Vocabulary, name: &str, a: Act<'_>) {
    let outcomes = a.outcomes.into_iter().map(|(name, brings)| (name.to_owned(), brings)).collect();
    v.actions
        .insert(name.to_owned(), Action { params: a.params, outcomes, money: a.money, changes: a.changes });
}

/// An action that changes something and moves nobody's money.
fn change(v: &mut Vocabulary, name: &str, params: Vec<(String, Type)>, outcomes: Vec<(&str, Vec<Type>)>) {
    act(v, name, Act { params, outcomes, money: false, changes: true });
}

fn account_actions(v: &mut Vocabulary) {
    let quiet = |params, outcomes| Act { params, outcomes, money: false, changes: false };
    act(v, "account.speak", quiet(named([("lang", word("lang"))]), vec![("ok", vec![])]));
    act(v, "account.next_language", quiet(vec![], vec![("ok", vec![])]));
    act(v, "wallet.balance", quiet(vec![], vec![("ok", vec![record("wallet")])]));
    change(
        v,
        "account.join",
        named([("name", Type::Text(20)), ("area", word("area"))]),
        vec![("ok", vec![record("artisan")]), ("known", vec![])],
    );
    change(v, "support.callback", named([("at", Type::Text(40))]), vec![("ok", vec![])]);
    act(
        v,
        "payout.request",
        Act {
            params: named([("amount", Type::Kes)]),
            outcomes: vec![
                ("sent", vec![record("payout")]),
                ("unknown", vec![record("payout")]),
                ("short", vec![Type::Cents]),
                ("open", vec![record("payout")]),
                ("held", vec![Type::Text(40)]),
                ("down", vec![]),
            ],
            money: true,
            changes: true,
        },
    );
    act(
        v,
        "payout.ready",
        quiet(
            vec![],
            vec![
                ("ok", vec![]),
                ("little", vec![Type::Kes]),
                ("open", vec![record("payout")]),
                ("held", vec![Type::Text(40)]),
                ("down", vec![]),
            ],
        ),
    );
}

fn artisan_actions(v: &mut Vocabulary) {
    let (order, listing) = (record("order"), record("listing"));
    change(
        v,
        "listing.create",
        named([("kind", word("kind")), ("stuff", word("stuff")), ("price", Type::Kes), ("ready", PIECES)]),
        vec![("ok", vec![listing.clone()]), ("full", vec![Type::Int { min: 1, max: 999 }])],
    );
    change(
        v,
        "listing.set_ready",
        named([("listing", listing.clone()), ("ready", PIECES)]),
        vec![("ok", vec![listing.clone()]), ("gone", vec![])],
    );
    change(
        v,
        "listing.stop",
        named([("listing", listing.clone())]),
        vec![("ok", vec![listing.clone()]), ("open", vec![PIECES]), ("gone", vec![])],
    );
    for name in ["order.accept", "order.mark_ready"] {
        change(
            v,
            name,
            named([("order", order.clone())]),
            vec![("ok", vec![order.clone()]), ("stands", vec![order.clone()]), ("gone", vec![])],
        );
    }
    change(
        v,
        "order.refuse",
        named([("order", order.clone())]),
        vec![("ok", vec![order.clone()]), ("stands", vec![order]), ("gone", vec![])],
    );
}

fn agent_actions(v: &mut Vocabulary) {
    let (order, listing) = (record("order"), record("listing"));
    let verdict = || ["ok", "again", "gone"].map(|name| (name, vec![record("listing")])).to_vec();
    change(v, "listing.approve", named([("listing", listing.clone())]), verdict());
    change(v, "listing.reject", named([("listing", listing), ("why", word("reason"))]), verdict());
    change(
        v,
        "parcel.receive",
        named([("order", order.clone())]),
        vec![("ok", vec![order.clone()]), ("not_ready", vec![order.clone()])],
    );
    change(
        v,
        "pin.open",
        named([("phone", Type::Phone)]),
        vec![("ok", vec![record("artisan")]), ("unknown", vec![]), ("open", vec![])],
    );
    let verdicts = || {
        vec![
            ("ok", vec![record("check")]),
            ("too_many", vec![record("order")]),
            ("not_here", vec![record("order")]),
        ]
    };
    change(v, "parcel.pass", named([("order", order.clone()), ("pass", PIECES)]), verdicts());
    change(
        v,
        "parcel.fail",
        named([("order", order.clone()), ("fail", PIECES), ("why", word("reason"))]),
        verdicts(),
    );
    change(
        v,
        "parcel.check",
        named([("order", order), ("pass", PIECES), ("why", word("reason"))]),
        verdicts(),
    );
}
