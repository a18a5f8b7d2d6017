//! What menus may say and do about photographs.

use super::{change, named, record};
use crate::menu::vocabulary::{Type, Vocabulary};
use crate::types::CodeKind;

/// Letters of a link to the page for photographs: the shop's address, the path, the pass.
pub(super) const LINK: u16 = 72;

pub(super) fn records(v: &mut Vocabulary) {
    let link = named([
        ("code", Type::Code(CodeKind::Listing)),
        ("link", Type::Text(LINK)),
        ("until", Type::Text(11)),
    ]);
    v.records.insert("photo_link".to_owned(), link.into_iter().collect());
}

pub(super) fn actions(v: &mut Vocabulary) {
    change(
        v,
        "photo.link",
        named([("listing", record("listing"))]),
        vec![("ok", vec![record("listing")]), ("gone", vec![])],
    );
    change(v, "photo.page", vec![], vec![("ok", vec![])]);
}
