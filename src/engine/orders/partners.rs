//! The orders that a partner's program placed, by the id of the partner's key.

pub use crate::market::order::OrderStage;

use super::rows;
use crate::engine::Engine;
use crate::engine::shop::fault;
use crate::engine::shopfront::{OrderView, ShopError, Spot};
use crate::engine::view::{FromIndex, read};
use crate::engine::work::Fault;
use crate::market::order::Order;
use crate::store::{Key, keys};
use crate::types::SpokenCode;
use futures_util::future::BoxFuture;

/// Entries that are read at once, and for one page: a filter that few orders fit does not read them all.
const AT_ONCE: usize = 64;
const FOR_A_PAGE: usize = 512;

/// Which orders of a partner.
#[derive(Debug, Clone)]
pub struct PlacedWith {
    /// The id of the partner's key.
    pub partner: String,
    /// Those that stand so; all of them without it.
    pub stage: Option<OrderStage>,
    /// Those placed before this one.
    pub before: Option<Spot>,
    /// So many at most.
    pub limit: usize,
}

/// Some of them, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedPage {
    /// Each with its private link's token.
    pub orders: Vec<(String, OrderView)>,
    /// Behind which one it goes on; nothing at the end.
    pub further: Option<Spot>,
}

/// What the API calls about a partner's orders.
pub trait PartnerDesk: Send + Sync + 'static {
    /// Some of them.
    fn placed_with(&self, wish: PlacedWith) -> BoxFuture<'_, Result<PlacedPage, ShopError>>;
}

/// When the order of an entry was placed, and its number.
fn spot_of(key: &Key) -> Option<Spot> {
    let parts = keys::parse_index(key)?;
    let [_, _, placed, code] = &parts[..] else { return None };
    Some(Spot { since: keys::parse_moment(placed)?, number: SpokenCode::from_octets(code)?.number() })
}

impl Engine {
    async fn orders_placed_with(&self, wish: &PlacedWith) -> Result<PlacedPage, Fault> {
        let prefix = keys::index_prefix("placed_with", &[wish.partner.as_bytes()]);
        let at = |spot: Spot| {
            let code = SpokenCode::from_octets(&spot.number.to_be_bytes())?;
            Some(rows::placed_with(&wish.partner, spot.since, code))
        };
        let mut work = self.work(self.clock.now())?;
        let mut from = wish.before.and_then(at);
        let (mut orders, mut last, mut looked) = (Vec::new(), None, 0);
        loop {
            let page = self.store.scan(prefix.clone(), from.take(), AT_ONCE, true).await?;
            let Some((end, _)) = page.last() else { return Ok(PlacedPage { orders, further: None }) };
            from = Some(end.clone());
            for spot in page.iter().filter_map(|(key, _)| spot_of(key)) {
                let code = SpokenCode::from_octets(&spot.number.to_be_bytes());
                let order = match code {
                    Some(code) => read::<Order>(&mut work, code).await?,
                    None => None,
                };
                let fits = |order: &Order| wish.stage.is_none_or(|stage| order.stage == stage);
                if let Some(order) = order.filter(fits) {
                    // There is one more than fits on this page.
                    if orders.len() == wish.limit {
                        return Ok(PlacedPage { orders, further: last });
                    }
                    let token = order.terms.token;
                    if let Some(view) = self.order_page(&token).await? {
                        orders.push((token, view));
                    }
                }
                (last, looked) = (Some(spot), looked + 1);
                if looked == FOR_A_PAGE {
                    return Ok(PlacedPage { orders, further: last });
                }
            }
        }
    }
}

impl PartnerDesk for Engine {
    fn placed_with(&self, wish: PlacedWith) -> BoxFuture<'_, Result<PlacedPage, ShopError>> {
        Box::pin(async move { self.orders_placed_with(&wish).await.map_err(|e| fault(&e)) })
    }
}
