//! What menus may say and do about those who are asked to become something, and about mentors.

use super::{Act, act, change, named, payout_actions, record};
use crate::menu::vocabulary::{Type, Vocabulary};
use crate::types::CodeKind;

/// Being asked to become something, and the answer from one's own phone.
pub(super) fn actions(v: &mut Vocabulary) {
    invitation_actions(v);
    mentor_actions(v);
}

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
    change(v, "helper.invite", person(), asked(vec![]));
    change(v, "artisan.invite", person(), asked(vec![]));
    change(v, "rider.invite", person(), asked(vec![("vouched", vec![record("artisan")])]));
    change(v, "guide.name", named([("number", Type::Code(CodeKind::Listing))]), asked(vec![]));
    let outcomes = vec![("asked", vec![invitation.clone()]), ("none", vec![])];
    act(v, "invitation.mine", Act { params: vec![], outcomes, money: false, changes: false });
    let outcomes = vec![("asked", vec![invitation.clone()]), ("none", vec![])];
    let params = named([("invitation", invitation.clone())]);
    act(v, "invitation.next", Act { params, outcomes, money: false, changes: false });
    let outcomes = vec![("ok", vec![invitation.clone()]), ("gone", vec![])];
    change(v, "invitation.take_back", named([("phone", Type::Phone)]), outcomes);
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
    change(v, "mentor.become", vec![], vec![("ok", vec![])]);
    for (name, none) in [("mentee.leave", false), ("mentee.screen", true)] {
        let mut outcomes = vec![("ok", vec![Type::Text(12)]), ("gone", vec![])];
        outcomes.extend(none.then_some(("none", vec![])));
        change(v, name, named([("mentee", record("mentee"))]), outcomes);
    }
    let first = || vec![Type::Text(12)];
    let outcomes = vec![("ok", first()), ("second", first()), ("open", vec![]), ("gone", vec![])];
    change(v, "mentee.vouch", named([("mentee", record("mentee"))]), outcomes);
    payout_actions(v, "share.ready", "share.request");
}
