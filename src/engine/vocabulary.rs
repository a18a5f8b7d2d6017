//! What this release offers to menus: the one list of records, values, queries and actions that
//! a `.menu` file may name. The engine carries the actions out and fills the
//! values in; a test holds the three together.

use super::optout::{OF_ORDERS, START, STOP};
use crate::menu::vocabulary::{Action, Query, Type, Vocabulary};
use crate::types::CodeKind;

mod loans;
mod typical;

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
const SETS: [(&str, &[&str]); 14] = [
    ("lang", &["en", "sw", "am"]),
    ("pin_state", &["none", "set", "locked"]),
    ("listing_state", &["waiting", "on_sale", "paused", "refused", "removed"]),
    (
        "order_state",
        &["offered", "making", "rework", "ready", "with_rider", "at_kiosk", "released", "refunded"],
    ),
    ("reason", &["broken", "rough_finish", "wrong_size", "wrong_colour", "other"]),
    ("posting", &["sale", "payout", "returned", "fee"]),
    ("yes_no", &["yes", "no"]),
    ("tie", &["mentee", "guide", "mentor", "rider"]),
    ("task_state", &["asked", "going", "carried"]),
    ("mentee_stage", &["waiting", "joined", "listed", "sold", "graduated"]),
    ("loan_for", &["machine", "materials", "phone", "other"]),
    (
        "loan_state",
        &["asked", "endorsed", "shown", "funded", "agreed", "sent", "repaying", "repaid", "stopped"],
    ),
    ("note_from", &["lender", "me"]),
    ("pay_fail", &["no_user", "full", "limit", "size", "float", "taken_back", "declined"]),
];

/// The vocabulary of this release.
pub fn vocabulary() -> Vocabulary {
    let mut v = Vocabulary::default();
    for (name, words) in SETS {
        v.enums.insert(name.to_owned(), words.iter().map(|w| (*w).to_owned()).collect());
    }
    v.words_of_orders = OF_ORDERS.map(str::to_owned).to_vec();
    v.words = STOP.iter().chain(&START).map(|word| (*word).to_owned()).collect();
    records(&mut v);
    role_records(&mut v);
    loans::records(&mut v);
    for (path, ty) in named([
        ("me.first", Type::Text(12)),
        ("me.place", Type::Text(16)),
        ("me.phone", Type::Phone),
        ("me.free", Type::Cents),
        ("me.held", Type::Kes),
        ("me.moving", Type::Kes),
        ("me.pin", word("pin_state")),
        ("me.has_pin", word("yes_no")),
        ("me.mentor", word("yes_no")),
        ("me.share", Type::Cents),
        ("me.share_held", Type::Cents),
        ("me.loan_most", Type::Kes),
        ("me.code", Type::Code(CodeKind::Listing)),
        ("orders.new", COUNT),
        ("tasks.open", COUNT),
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
        ("share.recent", "entry"),
        ("mentee.all", "mentee"),
        ("loan.notes", "note"),
        ("loans.to_endorse", "loan"),
        ("task.mine", "task"),
        ("parcels.expected", "order"),
        ("parcels.unchecked", "order"),
        ("listings.to_check", "listing"),
    ] {
        v.queries.insert(name.to_owned(), Query { params: Vec::new(), item: item.to_owned() });
    }
    account_actions(&mut v);
    artisan_actions(&mut v);
    agent_actions(&mut v);
    invitation_actions(&mut v);
    mentor_actions(&mut v);
    rider_actions(&mut v);
    loans::actions(&mut v);
    v.typical = typical::typical();
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
            ("loan", Type::Cents),
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

/// What mentors and those who are asked for something see.
fn role_records(v: &mut Vocabulary) {
    let mut add = |name: &str, fields: Vec<(String, Type)>| {
        v.records.insert(name.to_owned(), fields.into_iter().collect());
    };
    add(
        "invitation",
        named([
            ("code", Type::Code(CodeKind::Listing)),
            ("by", Type::Text(12)),
            ("first", Type::Text(12)),
            ("phone", Type::Phone),
            ("what", word("tie")),
            ("place", Type::Text(16)),
            ("dial", Type::Text(12)),
        ]),
    );
    add("guide", named([("first", Type::Text(12)), ("phone", Type::Phone), ("until", Type::Date)]));
    add(
        "mentee",
        named([
            ("first", Type::Text(12)),
            ("phone", Type::Phone),
            ("stage", word("mentee_stage")),
            ("brought", Type::Cents),
            ("stuck", word("yes_no")),
            ("at", Type::Text(30)),
            ("until", Type::Date),
        ]),
    );
    add(
        "task",
        named([
            ("code", Type::Code(CodeKind::Order)),
            ("qty", COUNT),
            ("kind", word("kind")),
            ("maker", Type::Text(12)),
            ("phone", Type::Phone),
            ("area", word("area")),
            ("place", Type::Text(16)),
            ("fee", Type::Kes),
            ("left", Type::Int { min: 0, max: 9 }),
            ("state", word("task_state")),
            ("open", word("yes_no")),
            ("rider", Type::Text(12)),
            ("free", Type::Cents),
        ]),
    );
    add(
        "share",
        named([
            ("first", Type::Text(12)),
            ("qty", PIECES),
            ("kind", word("kind")),
            ("amount", Type::Cents),
            ("free", Type::Cents),
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
    for name in ["account.join", "account.join_rider"] {
        change(
            v,
            name,
            named([("name", Type::Text(20)), ("area", word("area"))]),
            vec![("ok", vec![record("artisan")]), ("known", vec![])],
        );
    }
    change(
        v,
        "account.join_with",
        named([("name", Type::Text(20)), ("area", word("area")), ("invitation", record("invitation"))]),
        vec![("ok", vec![record("artisan")]), ("known", vec![])],
    );
    change(v, "support.callback", named([("at", Type::Text(40))]), vec![("ok", vec![])]);
    payout_actions(v, "payout.ready", "payout.request");
}

/// Sending money out of one of somebody's sums: what speaks against it, and the wish itself.
fn payout_actions(v: &mut Vocabulary, ready: &str, request: &str) {
    act(
        v,
        request,
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
    let outcomes = vec![
        ("ok", vec![]),
        ("little", vec![Type::Kes]),
        ("open", vec![record("payout")]),
        ("held", vec![Type::Text(40)]),
        ("down", vec![]),
    ];
    act(v, ready, Act { params: vec![], outcomes, money: false, changes: false });
}

/// Being asked to become something, and the answer from one's own phone.
fn invitation_actions(v: &mut Vocabulary) {
    let invitation = record("invitation");
    let asked = |also: Vec<(&'static str, Vec<Type>)>| {
        let always = [
            ("ok", vec![record("invitation")]),
            ("herself", vec![]),
            ("already", vec![]),
            ("unfit", vec![]),
            ("full", vec![Type::Int { min: 1, max: 99 }]),
        ];
        always.into_iter().chain(also).collect::<Vec<_>>()
    };
    let person = || named([("name", Type::Text(20)), ("phone", Type::Phone)]);
    change(v, "mentee.invite", person(), asked(vec![]));
    change(v, "mentor.offer", person(), asked(vec![]));
    change(v, "rider.invite", person(), asked(vec![("vouched", vec![record("artisan")])]));
    change(v, "guide.name", named([("number", Type::Code(CodeKind::Listing))]), asked(vec![]));
    let outcomes = vec![("asked", vec![invitation.clone()]), ("none", vec![])];
    act(v, "invitation.mine", Act { params: vec![], outcomes, money: false, changes: false });
    for name in ["invitation.agree", "invitation.refuse"] {
        let outcomes = vec![("ok", vec![invitation.clone()]), ("gone", vec![])];
        change(v, name, named([("invitation", invitation.clone())]), outcomes);
    }
}

fn mentor_actions(v: &mut Vocabulary) {
    let outcomes =
        vec![("has", vec![record("guide")]), ("asked", vec![record("invitation")]), ("none", vec![])];
    act(v, "guide.mine", Act { params: vec![], outcomes, money: false, changes: false });
    change(v, "guide.end", vec![], vec![("ok", vec![record("guide")]), ("none", vec![])]);
    payout_actions(v, "share.ready", "share.request");
}

fn rider_actions(v: &mut Vocabulary) {
    let task = record("task");
    for name in ["task.go", "task.leave"] {
        let outcomes = vec![("ok", vec![task.clone()]), ("gone", vec![])];
        change(v, name, named([("task", task.clone())]), outcomes);
    }
    change(
        v,
        "task.pick",
        named([("task", task.clone()), ("number", Type::Code(CodeKind::Once))]),
        vec![
            ("ok", vec![task.clone()]),
            ("wrong", vec![task.clone()]),
            ("locked", vec![task]),
            ("gone", vec![]),
        ],
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
    for (name, rider) in [("order.accept", false), ("order.mark_ready", true)] {
        let mut outcomes =
            vec![("ok", vec![order.clone()]), ("stands", vec![order.clone()]), ("gone", vec![])];
        if rider {
            outcomes.insert(1, ("rider", vec![order.clone()]));
        }
        change(v, name, named([("order", order.clone())]), outcomes);
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
