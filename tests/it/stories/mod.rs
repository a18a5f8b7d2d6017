//! What happens in the village, told from outside: phones over SMPP, the shop and the desk over
//! HTTP, the providers' own lists, the command itself. A test is named by the acceptance check it
//! stands for (`w10_..`), where it stands for one. Every story ends with a store that is whole and
//! books that balance, and every screen and SMS that somebody sees in it is one she can read on
//! her phone (w4).

mod aggregator;
mod api;
mod api_fuzz;
mod approvals;
mod audit;
mod browsing;
mod bulk;
mod cards;
mod cart;
mod cash;
mod checks;
mod crowds;
mod days;
mod depot;
mod desk;
mod door;
mod edge;
mod erasure;
mod figures;
mod helpers;
mod holds;
mod joining;
mod kiosks;
mod letters;
mod loans;
mod makers;
mod media;
mod mentors;
mod menus;
mod messages;
mod money;
mod orders;
mod orders_of_news;
mod payouts;
mod photos;
mod prompts;
mod pushes;
mod reconciliation;
mod replay;
mod riders;
mod safety;
mod selling;
mod shipping;
mod shop;
mod tax;
mod tips;
mod webhooks;

use crate::support::actors::{Agent, Artisan};
use crate::support::shopper::Order;
use crate::support::village::{Founding, Village};

/// Somebody lists pieces, and the kiosk finds them good; the listing's number.
async fn on_sale(maker: &Artisan, kiosk: &Agent, price: u32, ready: u32) -> String {
    let (kind, stuff) = (maker.word("NECKLACE", "MKUFU"), maker.word("BRASS", "SHABA"));
    let listing = maker.lists(kind, stuff, price, ready).await;
    kiosk.reads(&listing).await;
    kiosk.approves(&listing).await;
    maker.reads(maker.word("on sale", "inauzwa")).await;
    listing
}

/// A village where Achieng has pieces on sale that Amina found good; with them the listing's number.
pub(crate) async fn open_stall(price: u32, ready: u32) -> (Village, Artisan, Agent, String) {
    stall_of(Founding::default(), price, ready).await
}

/// The same in a village of its own kind.
async fn stall_of(founding: Founding, price: u32, ready: u32) -> (Village, Artisan, Agent, String) {
    let village = Village::found(founding).await;
    let (maker, kiosk) = (village.achieng().await, village.amina());
    let listing = on_sale(&maker, &kiosk, price, ready).await;
    (village, maker, kiosk, listing)
}

/// Somebody far away buys; the maker is offered the order and takes it.
async fn taken(village: &Village, maker: &Artisan, listing: &str, pieces: u32) -> Order {
    let order = village.shopper().buys(listing, pieces).await;
    assert_eq!(maker.is_offered().await, order.code);
    maker.takes(&order.code).await;
    order
}

/// From acceptance to the kiosk's hands.
async fn brought(maker: &Artisan, kiosk: &Agent, order: &Order) {
    maker.has_made(&order.code).await;
    kiosk.reads(&order.code).await;
    kiosk.receives(&order.code).await;
    maker.reads(maker.word("has your parcel", "wamepokea")).await;
}

/// The whole way, so that somebody has money: one piece at this price.
async fn earns(village: &Village, maker: &Artisan, price: u32) -> Order {
    let kiosk = village.amina();
    let listing = on_sale(maker, &kiosk, price, 1).await;
    let order = taken(village, maker, &listing, 1).await;
    brought(maker, &kiosk, &order).await;
    kiosk.passes(&order.code, 1).await;
    maker.reads(maker.word("is yours now", "ni zako sasa")).await;
    order
}
