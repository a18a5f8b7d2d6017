//! The shop, one file per page.

pub(super) mod bulk;
pub(super) mod cart;
pub(super) mod checkout;
pub(super) mod feeds;
pub(super) mod home;
mod live;
pub(super) mod maker;
pub(super) mod many;
mod meta;
pub(super) mod order;
pub(super) mod piece;
pub(super) mod purchase;
mod sums;
