//! The shop, one file per page.

pub(super) mod bulk;
pub(super) mod checkout;
pub(super) mod home;
mod live;
pub(super) mod many;
pub(super) mod order;
pub(super) mod piece;
