//! What this release offers to menus: the one list of records, values, queries and actions that
//! a `.menu` file may name. The engine carries the actions out and fills the
//! values in; a test holds the three together.

use super::optout::{OF_ORDERS, START, STOP};
use super::view::LONGEST_HOLD;
use crate::menu::vocabulary::{Action, Query, Type, Vocabulary};
use crate::types::CodeKind;

mod depot;
mod helpers;
mod kiosks;
mod loans;
mod orders;
mod people;
mod photos;
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
const SETS: [(&str, &[&str]); 19] = [
    ("lang", &["en", "sw", "am"]),
    ("pin_state", &["none", "set", "locked"]),
    ("listing_state", &["waiting", "on_sale", "paused", "refused", "removed", "unseen"]),
    (
        "order_state",
        &["offered", "making", "rework", "ready", "with_rider", "at_kiosk", "released", "refunded"],
    ),
    ("parcel_state", &["elsewhere", "checked", "sent", "refunded"]),
    ("late_why", &["materials", "home", "busy", "other"]),
    ("reason", &["broken", "rough_finish", "wrong_size", "wrong_colour", "other"]),
    ("posting", &["sale", "payout", "cash", "returned", "fee", "loan", "put_right"]),
    ("yes_no", &["yes", "no"]),
    ("tie", &["mentee", "guide", "mentor", "rider", "helper", "artisan"]),
    ("supply", &["small", "large", "leaflets"]),
    ("box", &["small", "large", "none"]),
    ("task_state", &["asked", "going", "carried"]),
    ("mentee_stage", &["waiting", "joined", "listed", "sold", "graduated"]),
    ("loan_for", &["machine", "materials", "phone", "other"]),
    (
        "loan_state",
        &["asked", "endorsed", "shown", "funded", "agreed", "sent", "repaying", "repaid", "stopped"],
    ),
    ("note_from", &["lender", "me"]),
    ("pay_fail", &["no_user", "full", "limit", "size", "float", "taken_back", "held", "declined"]),
    (
        "prompt_fail",
        &["funds", "cancelled", "missed", "pin", "busy", "link", "declined", "unheard", "earlier"],
    ),
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
    depot::records(&mut v);
    helpers::records(&mut v);
    loans::records(&mut v);
    kiosks::records(&mut v);
    photos::records(&mut v);
    for (path, ty) in named([
        ("me.first", Type::Text(12)),
        ("me.place", Type::Text(16)),
        ("me.phone", Type::Phone),
        ("me.free", Type::Cents),
        ("me.least", Type::Kes),
        ("me.payable", Type::Kes),
        ("me.share_payable", Type::Kes),
        ("me.held", Type::Kes),
        ("me.moving", Type::Kes),
        ("me.pin", word("pin_state")),
        ("me.has_pin", word("yes_no")),
        ("me.mentor", word("yes_no")),
        ("me.share", Type::Cents),
        ("me.share_held", Type::Cents),
        ("me.loan_most", Type::Kes),
        ("me.loan_payable", Type::Kes),
        ("me.loan_left", Type::Kes),
        ("me.code", Type::Code(CodeKind::Listing)),
        ("me.room", Type::Int { min: 1, max: 999 }),
        ("orders.new", COUNT),
        ("me.may_guide", word("yes_no")),
        ("me.helps", word("yes_no")),
        ("jobs.open", COUNT),
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
        ("advice.mine", "words"),
        ("tips.mine", "words"),
        ("lessons.mine", "lesson"),
        ("orders.helped", "order"),
        ("helper.mine", "helper"),
        ("listing.mine", "listing"),
        ("ledger.recent", "entry"),
        ("share.recent", "entry"),
        ("mentee.all", "mentee"),
        ("loan.notes", "note"),
        ("loans.to_endorse", "loan"),
        ("task.mine", "task"),
        ("invitation.sent", "invitation"),
        ("parcels.expected", "order"),
        ("parcels.unchecked", "order"),
        ("parcels.to_send", "order"),
        ("listings.to_check", "listing"),
    ] {
        v.queries.insert(name.to_owned(), Query { params: Vec::new(), item: item.to_owned() });
    }
    account_actions(&mut v);
    artisan_actions(&mut v);
    agent_actions(&mut v);
    people::actions(&mut v);
    rider_actions(&mut v);
    depot::actions(&mut v);
    helpers::actions(&mut v);
    loans::actions(&mut v);
    cash_actions(&mut v);
    kiosks::actions(&mut v);
    orders::actions(&mut v);
    photos::actions(&mut v);
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
            ("small", Type::Int { min: 0, max: 9999 }),
            ("large", Type::Int { min: 0, max: 9999 }),
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
            ("by", Type::Text(8)),
            ("phone", Type::Phone),
            ("ref", Type::Text(20)),
            ("why", word("pay_fail")),
            ("free", Type::Cents),
            ("help", Type::Phone),
        ]),
    );
    add(
        "cash",
        named([
            ("code", Type::Code(CodeKind::Once)),
            ("amount", Type::Kes),
            ("first", Type::Text(12)),
            ("until", Type::Text(11)),
            ("place", Type::Text(16)),
            ("on", Type::Date),
            ("fee", Type::Kes),
            ("free", Type::Cents),
            ("help", Type::Phone),
        ]),
    );
    add("draft", named([("kind", word("kind")), ("dial", Type::Text(12))]));
    add("wallet", named([("free", Type::Cents), ("held", Type::Kes), ("moving", Type::Kes)]));
    let lines = u16::try_from(super::statement::LINES).unwrap_or(u16::MAX);
    add("statement", named([("lines", Type::Text(lines)), ("free", Type::Cents)]));
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
            ("more", word("yes_no")),
        ]),
    );
    add("guide", named([("first", Type::Text(12)), ("phone", Type::Phone), ("until", Type::Text(10))]));
    add(
        "mentee",
        named([
            ("first", Type::Text(12)),
            ("phone", Type::Phone),
            ("stage", word("mentee_stage")),
            ("brought", Type::Cents),
            ("stuck", word("yes_no")),
            ("at", Type::Text(30)),
            ("until", Type::Text(10)),
            ("learned", word("yes_no")),
            ("locked", word("yes_no")),
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
    let outcomes = vec![("ok", vec![record("statement")]), ("none", vec![record("wallet")])];
    act(v, "wallet.statement", quiet(vec![], outcomes));
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
                ("waits", vec![record("payout")]),
                ("unknown", vec![record("payout")]),
                ("short", vec![Type::Cents]),
                ("little", vec![Type::Kes]),
                ("much", vec![Type::Kes]),
                ("open", vec![record("payout")]),
                ("held", vec![Type::Text(LONGEST_HOLD)]),
                ("down", vec![]),
            ],
            money: true,
            changes: true,
        },
    );
    let outcomes = vec![
        ("ok", vec![]),
        ("line", vec![Type::Text(8)]),
        ("little", vec![Type::Kes]),
        ("waits", vec![record("payout")]),
        ("unknown", vec![record("payout")]),
        ("open", vec![record("payout")]),
        ("held", vec![Type::Text(LONGEST_HOLD)]),
        ("down", vec![]),
    ];
    act(v, ready, Act { params: vec![], outcomes, money: false, changes: false });
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

/// Cash at a kiosk: a number made behind a PIN, claimed and paid by a kiosk, denied by its owner.
fn cash_actions(v: &mut Vocabulary) {
    let cash = || vec![record("cash")];
    let outcomes = vec![
        ("ok", vec![]),
        ("little", vec![Type::Kes]),
        ("open", cash()),
        ("held", vec![Type::Text(LONGEST_HOLD)]),
    ];
    act(v, "cash.ready", Act { params: vec![], outcomes, money: false, changes: false });
    let outcomes = vec![
        ("ok", cash()),
        ("short", vec![Type::Cents]),
        ("much", vec![Type::Kes]),
        ("open", cash()),
        ("held", vec![Type::Text(LONGEST_HOLD)]),
    ];
    let params = named([("amount", Type::Kes)]);
    act(v, "cash.make", Act { params, outcomes, money: true, changes: true });
    change(
        v,
        "cash.claim",
        named([("number", Type::Code(CodeKind::Once))]),
        vec![
            ("ok", cash()),
            ("used", cash()),
            ("expired", cash()),
            ("taken", cash()),
            ("held", cash()),
            ("stopped", vec![]),
            ("unknown", vec![]),
            ("guesses", vec![]),
        ],
    );
    let params = || named([("number", Type::Code(CodeKind::Once))]);
    let none = [("unknown", vec![]), ("guesses", vec![])];
    let over = || {
        let known = vec![("ok", cash()), ("used", cash()), ("expired", cash())];
        known.into_iter().chain(none.clone()).collect::<Vec<_>>()
    };
    let also = [("taken", cash()), ("first", cash())];
    change(v, "cash.paid", params(), over().into_iter().chain(also).collect());
    change(v, "cash.leave", params(), over());
    let params = named([("cash", record("cash"))]);
    change(v, "cash.deny", params, vec![("ok", cash()), ("late", cash()), ("gone", cash())]);
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
    let params = || named([("listing", listing.clone())]);
    let outcomes = vec![("ok", vec![listing.clone()]), ("gone", vec![])];
    change(v, "listing.pause", params(), outcomes.clone());
    let unseen = ("photo", vec![listing.clone()]);
    change(v, "listing.resume", params(), outcomes.into_iter().chain([unseen]).collect());
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
            outcomes.insert(2, ("helped", vec![order.clone()]));
            outcomes.insert(3, ("first", vec![order.clone()]));
        }
        change(v, name, named([("order", order.clone())]), outcomes);
    }
    change(
        v,
        "order.accept_some",
        named([("order", order.clone()), ("pieces", PIECES)]),
        vec![
            ("ok", vec![order.clone()]),
            ("stands", vec![order.clone()]),
            ("much", vec![order.clone()]),
            ("gone", vec![]),
        ],
    );
    change(v, "room.set", named([("pieces", PIECES)]), vec![("ok", vec![PIECES])]);
    change(
        v,
        "order.refuse",
        named([("order", order.clone())]),
        vec![("ok", vec![order.clone()]), ("stands", vec![order]), ("gone", vec![])],
    );
}

/// Opening what a kiosk may open: by an ID, or by somebody's word.
fn opening(v: &mut Vocabulary) {
    let her = || vec![record("artisan")];
    let phone = || named([("phone", Type::Phone)]);
    let outcomes = vec![("ok", her()), ("freed", her()), ("unknown", vec![]), ("open", vec![])];
    change(v, "pin.open", phone(), outcomes);
    let outcomes = vec![("ok", her()), ("second", her()), ("unknown", vec![]), ("open", vec![])];
    change(v, "pin.vouch", phone(), outcomes);
}

fn agent_actions(v: &mut Vocabulary) {
    let (order, listing) = (record("order"), record("listing"));
    let verdict = || ["ok", "again", "gone"].map(|name| (name, vec![record("listing")])).to_vec();
    let good = verdict().into_iter().chain([("photo", vec![record("listing")])]).collect();
    change(v, "listing.approve", named([("listing", listing.clone())]), good);
    change(v, "listing.reject", named([("listing", listing), ("why", word("reason"))]), verdict());
    change(
        v,
        "parcel.receive",
        named([("order", order.clone())]),
        vec![
            ("ok", vec![order.clone()]),
            ("not_ready", vec![order.clone()]),
            ("stands", vec![order.clone(), word("parcel_state")]),
        ],
    );
    opening(v);
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
