//! HTTP: the shop, a shopper's live order page, and the desk.
//!
//! May import `types`, `engine`, `photos` and `wire`. Everything is rendered on the server and works without
//! script, but for the editor of menus; the shop's one script only keeps an order page fresh. What the pages show comes from
//! [`ShopFront`](crate::engine::shopfront::ShopFront), so nothing here knows a store or a phone.
//!
//! * `api` is the public API, in JSON, with keys of its own.
//! * `routes` is the table of every path; `guard` what every answer and every post goes through.
//! * `ready` answers those who watch over us; `meter` counts requests.
//! * `shop` and `desk` hold the handlers, one file per page; `error` maps a refusal to HTTP.
//! * `upload` takes photographs of pieces, and hands them out again.
//! * `media` takes photographs that come as messages: by MMS, and as signed forms.
//! * `preview` is the editor of menus, on the desk and alone.
//! * `letters` words what shoppers get by e-mail.
//! * `tongue` says the shop's texts in each of its languages.
//! * `wording`, `emblem` and `assets` are what the pages are drawn with.

pub mod api;
mod assets;
mod desk;
mod emblem;
mod error;
mod guard;
pub mod letters;
pub mod media;
pub mod meter;
mod page;
pub mod people;
pub mod preview;
pub mod rates;
pub mod ready;
pub mod routes;
pub mod settings;
mod shop;
#[cfg(test)]
mod tests;
mod tongue;
mod upload;
mod wording;

pub(crate) use desk::orders::shillings;
pub(crate) use desk::webhooks as desk_webhooks;
pub use page::Photos;
pub use routes::{Surroundings, router, router_in, serve};
pub use settings::{Settings, SettingsError};
