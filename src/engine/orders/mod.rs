//! The life of an order after it was taken: days that pass and are moved, what its shopper does about
//! it, the way to her, and what follows.

pub mod desk;
mod hold;
mod life;
pub mod partners;
mod rows;
mod ship;
pub mod wishes;

pub(super) use life::LifeDue;

use crate::market::order::{Order, OrderStage};

/// Where the parcel of an order is, as a kiosk that does not get it reads of it; `None` while there is none.
pub(super) const fn parcel_word(order: &Order) -> Option<&'static str> {
    match order.stage {
        OrderStage::Placed | OrderStage::Paid | OrderStage::Offered | OrderStage::Making => None,
        OrderStage::Ready | OrderStage::WithRider | OrderStage::AtKiosk => Some("elsewhere"),
        OrderStage::Released => Some("checked"),
        OrderStage::Shipped | OrderStage::Delivered | OrderStage::Closed => Some("sent"),
        OrderStage::Choosing | OrderStage::Expired | OrderStage::Refunded => Some("refunded"),
    }
}
