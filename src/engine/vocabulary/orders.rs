//! What menus may do with an order after it was taken.

use super::{change, named, record, word};
use crate::menu::vocabulary::{Type, Vocabulary};

pub(super) fn actions(v: &mut Vocabulary) {
    let order = || record("order");
    let days = Type::Int { min: 1, max: 99 };
    let outcomes =
        || vec![("ok", vec![order()]), ("much", vec![days.clone()]), ("over", vec![]), ("gone", vec![])];
    change(v, "order.postpone", named([("order", order()), ("days", days.clone())]), outcomes());
    let told = named([("order", order()), ("days", days.clone()), ("why", word("late_why"))]);
    change(v, "order.postpone_for", told, outcomes());
    let grams = Type::Int { min: 1, max: 30_000 };
    let sent = || vec![("ok", vec![order()]), ("not_here", vec![order()])];
    let numbered = || sent().into_iter().chain([("bad_number", vec![])]).collect::<Vec<_>>();
    change(v, "parcel.send", named([("order", order()), ("grams", grams.clone())]), sent());
    let all = named([("order", order()), ("grams", grams), ("tracking", Type::Text(30))]);
    change(v, "parcel.send_as", all, numbered());
    let digits = Type::Int { min: 1_000, max: 999_999_999_999_999 };
    change(v, "parcel.track", named([("order", order()), ("tracking", digits)]), numbered());
    let track = named([("order", order()), ("tracking", Type::Text(30))]);
    change(v, "parcel.track_as", track, numbered());
    change(v, "order.give_up", named([("order", order())]), vec![("ok", vec![order()]), ("gone", vec![])]);
}
