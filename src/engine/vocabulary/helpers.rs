//! What menus may say and do about those whom an artisan hires.

use super::{Act, act, change, named, record};
use crate::menu::vocabulary::{Type, Vocabulary};

pub(super) fn records(v: &mut Vocabulary) {
    let helper = named([("first", Type::Text(12)), ("phone", Type::Phone)]);
    v.records.insert("helper".to_owned(), helper.into_iter().collect());
}

pub(super) fn actions(v: &mut Vocabulary) {
    change(
        v,
        "helper.remove",
        named([("helper", record("helper"))]),
        vec![("ok", vec![record("helper")]), ("gone", vec![])],
    );
    change(v, "helper.join", vec![], vec![("ok", vec![record("artisan")])]);
    let outcomes = vec![("ok", vec![Type::Text(12)]), ("none", vec![])];
    act(v, "helper.whose", Act { params: vec![], outcomes, money: false, changes: false });
}
