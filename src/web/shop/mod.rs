//! The shop, one file per page.

pub(super) mod checkout;
pub(super) mod home;
pub(super) mod order;
pub(super) mod piece;
