//! What the desk looks at rather than reads: sales by the day, and the orders that are open, by where they
//! stand, each with who has its pieces and who saw them change hands.

use super::lists::{maker_of, named, names, order_row};
use super::{Hand, OrderRow};
use crate::engine::Engine;
use crate::engine::aggregate;
use crate::engine::view::{self, FromIndex};
use crate::engine::work::Fault;
use crate::market::order::{Order, OrderStage as S, Step};
use crate::store::{Key, keys};
use crate::types::{Kes, SpokenCode, Timestamp};
use std::time::Duration;

/// Nairobi, where days of the desk begin.
const OFFSET_MINUTES: i32 = 180;
const DAY: Duration = Duration::from_secs(86_400);
/// How long after it was placed an order may be paid, in milliseconds, and then some.
const PAID_WITHIN: i64 = 7 * 86_400_000;
/// Orders read at once.
const AT_ONCE: usize = 256;
/// The most orders of one lane.
const OF_A_LANE: usize = 20;
/// Where open orders stand, in the order in which they go.
const LANES: [S; 9] = [
    S::Paid,
    S::Offered,
    S::Making,
    S::Ready,
    S::WithRider,
    S::AtKiosk,
    S::Choosing,
    S::Released,
    S::Shipped,
];

/// What was sold on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sold {
    /// When the day begins.
    pub day: Timestamp,
    /// Orders that were paid.
    pub orders: usize,
    /// What their pieces are worth.
    pub value: Kes,
}

/// An open order with its custody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// As in lists.
    pub row: OrderRow,
    /// The last hand-over: giver, receiver, pieces, when.
    pub hand: Option<Hand>,
}

/// Open orders that stand at one place, those that stand there longest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// Where.
    pub stage: String,
    /// How many stand there.
    pub count: usize,
    /// Some of them.
    pub rows: Vec<Carried>,
}

/// When the day of a moment begins.
fn day_of(at: Timestamp) -> Timestamp {
    let (year, month, day) = at.civil(OFFSET_MINUTES);
    Timestamp::of_day(year, month, day, OFFSET_MINUTES).unwrap_or(at)
}

/// What was sold on each of the last days, the oldest first; days without a sale are among them.
fn by_day(now: Timestamp, days: u32, paid: &[(Timestamp, Kes)]) -> Vec<Sold> {
    let today = day_of(now);
    let begins = |back: u32| Timestamp::from_millis(today.millis() - i64::from(back) * 86_400_000);
    let on = |day: Timestamp| {
        let of_it = paid.iter().filter(|(at, _)| *at >= day && *at < day.after(DAY));
        let (orders, cents) =
            of_it.fold((0, 0), |(orders, cents), (_, value)| (orders + 1, cents + value.cents()));
        Sold { day, orders, value: Kes::minor(cents) }
    };
    (0..days).rev().map(|back| on(begins(back))).collect()
}

impl Engine {
    pub(super) async fn read_sales(&self, days: u32) -> Result<Vec<Sold>, Fault> {
        let mut work = self.work(self.clock.now())?;
        // Orders stand by the moment they were placed, and are paid soon after it or never.
        let first = day_of(self.clock.now()).millis() - i64::from(days.saturating_sub(1)) * 86_400_000;
        let since = Timestamp::from_millis(first - PAID_WITHIN);
        let (mut paid, mut from) = (Vec::new(), None);
        loop {
            let entries = self.store.scan(aggregate::all_orders(), from, AT_ONCE, true).await?;
            let Some((last, _)) = entries.last() else { break };
            from = Some(last.clone());
            let code = |key: &Key| keys::index_id(key).and_then(|id| SpokenCode::from_octets(&id));
            let codes: Vec<SpokenCode> = entries.iter().filter_map(|(key, _)| code(key)).collect();
            let orders: Vec<Order> =
                view::read_all::<Order>(&mut work, &codes).await?.into_iter().flatten().collect();
            paid.extend(orders.iter().filter_map(|order| {
                let (_, at) = order.steps.iter().find(|(step, _)| *step == Step::Paid)?;
                let quote = order.terms.quote;
                Some((*at, quote.value(quote.pieces)))
            }));
            let before = |order: &Order| order.steps.first().is_some_and(|(_, placed)| *placed < since);
            if orders.last().is_some_and(before) {
                break;
            }
        }
        Ok(by_day(self.clock.now(), days, &paid))
    }

    pub(super) async fn read_lanes(&self) -> Result<Vec<Lane>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let all = view::every::<Order>(&mut work, aggregate::all_orders(), false).await?;
        let mut lanes = Vec::new();
        for stage in LANES {
            let mut standing: Vec<&(SpokenCode, Order)> =
                all.iter().filter(|(_, order)| order.stage == stage).collect();
            standing.sort_by_key(|(_, order)| order.since);
            let count = standing.len();
            standing.truncate(OF_A_LANE);
            let hands = standing.iter().flat_map(|(_, order)| order.custody.last());
            let people = hands.flat_map(|hand| [hand.giver, hand.receiver]);
            let makers = standing.iter().filter_map(|(_, order)| maker_of(order));
            let names = names(&mut work, people.chain(makers).collect::<Vec<_>>()).await?;
            let carried = |(code, order): &&(SpokenCode, Order)| Carried {
                row: order_row(*code, order, &names),
                hand: order.custody.last().map(|hand| {
                    (named(&names, hand.giver), named(&names, hand.receiver), hand.pieces, hand.at)
                }),
            };
            lanes.push(Lane {
                stage: stage.word().to_owned(),
                count,
                rows: standing.iter().map(carried).collect(),
            });
        }
        Ok(lanes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_nairobi_and_days_without_a_sale_are_shown() {
        let now = Timestamp::of_day(2026, 11, 23, OFFSET_MINUTES).expect("a day");
        let at = |minutes: i64| Timestamp::from_millis(now.millis() + minutes * 60_000);
        let paid = [
            (at(-1), Kes::major(5)),
            (at(0), Kes::major(7)),
            (at(1), Kes::major(1)),
            (at(-9_999), Kes::major(9)),
        ];
        let sold = by_day(at(60), 3, &paid);
        let told: Vec<(usize, i64)> = sold.iter().map(|day| (day.orders, day.value.cents())).collect();
        assert_eq!(told, [(0, 0), (1, 500), (2, 800)]);
        assert_eq!(sold[2].day, now);
    }
}
