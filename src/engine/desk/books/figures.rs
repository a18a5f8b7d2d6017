//! What the dashboard counts.

use crate::engine::Engine;
use crate::engine::aggregate;
use crate::engine::view;
use crate::engine::work::Fault;
use crate::market::Case;
use crate::market::order::{Order, OrderStage as S};
use crate::store::keys;
use crate::types::{Kes, Timestamp};
use std::collections::BTreeMap;

/// One figure and the number of rows behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// What is counted: a stage, a state, a family of accounts.
    pub word: String,
    /// How many.
    pub count: usize,
    /// What they add up to in cents, where they are sums.
    pub sum: Option<Kes>,
    /// Since when the oldest stands so, where its age matters.
    pub oldest: Option<Timestamp>,
}

/// What is counted of orders and cases; listings, payouts and accounts are at hand on the page itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Orders by stage; the sum is what their makers will get for what is still to be checked.
    pub orders: Vec<Figure>,
    /// Cases that are open, by what went wrong.
    pub cases: Vec<Figure>,
}

/// Rows by a word, counted and added up: a word each, with a sum and a moment where they matter.
pub fn figures<'a>(rows: impl Iterator<Item = (&'a str, Option<Kes>, Option<Timestamp>)>) -> Vec<Figure> {
    let mut found: BTreeMap<&str, Figure> = BTreeMap::new();
    for (word, sum, since) in rows {
        let new = || Figure { word: word.to_owned(), count: 0, sum: None, oldest: None };
        let figure = found.entry(word).or_insert_with(new);
        figure.count += 1;
        figure.sum = sum.map(|sum| Kes::minor(figure.sum.unwrap_or_default().cents() + sum.cents()));
        figure.oldest = [figure.oldest, since].into_iter().flatten().min();
    }
    found.into_values().collect()
}

/// The first word of an account's code: accounts of one kind are added up.
pub fn family(account: &str) -> &str {
    match account.split_once(':') {
        Some(("exp" | "kiva", _)) | None => account,
        Some((family, _)) => family,
    }
}

impl Engine {
    pub(super) async fn count_figures(&self) -> Result<Figures, Fault> {
        let mut work = self.work(self.clock.now())?;
        let orders = view::every::<Order>(&mut work, aggregate::all_orders(), true).await?;
        let cases = view::every::<Case>(&mut work, keys::index_prefix("case", &[]), true).await?;
        // Of what is over, nobody asks for how long.
        let age = |order: &Order| {
            let over = matches!(order.stage, S::Delivered | S::Closed | S::Expired | S::Refunded);
            (!over).then_some(order.since)
        };
        let orders = orders.iter().map(|(_, order)| (order.stage.word(), Some(order.held()), age(order)));
        let open = cases.iter().filter(|(_, case)| case.closed.is_none());
        Ok(Figures {
            orders: figures(orders),
            cases: figures(open.map(|(_, case)| (case.what.word(), None, Some(case.opened)))),
        })
    }
}
