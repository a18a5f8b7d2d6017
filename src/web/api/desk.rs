//! What operators' own programs read: the same answers as the desk's, without its acts.

use super::{
    cursor::{self, List},
    problem::Problem,
    take::Asked,
    views::{Money, moment},
};
use crate::{
    engine::desk::OperatorDesk,
    engine::desk::books::{
        Which,
        figures::{Figure, family, figures},
    },
    engine::shopfront::{DeskPayout, ShopError},
    types::Kes,
    web::{desk::is_debit, page::Web},
};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

fn operators(web: &Web) -> Result<&Arc<dyn OperatorDesk>, ShopError> {
    web.operators.as_ref().ok_or(ShopError::NotFound)
}

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// Where to go on: `next` of the page before.
    cursor: Option<String>,
    /// How many on a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
}

impl Page {
    /// Some of the rows of a list, and the address of the next ones.
    fn of<T>(
        &self, web: &Web, path: &str, rows: Vec<T>, name: impl Fn(&T) -> String,
    ) -> Result<(Vec<T>, Option<String>), Problem> {
        let limit = cursor::limit(self.limit)?;
        let list = List::of(path, &[]);
        let (rows, next) = cursor::page(rows, &list, self.cursor.as_deref(), limit, name)?;
        let next =
            next.map(|cursor| format!("{}{path}?cursor={cursor}&limit={limit}", web.settings.public_url));
        Ok((rows, next))
    }
}

/// A payout.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Payout {
    /// Its id.
    id: String,
    /// To whom, by name.
    who: String,
    /// How much.
    amount: Money,
    /// `asked`, `submitted`, `unknown`, `paid`, `failed` ...
    state: String,
    /// Since when it is in this state.
    #[schema(format = "date-time")]
    since: String,
    /// The provider's reference, once paid.
    reference: Option<String>,
}

impl From<DeskPayout> for Payout {
    fn from(row: DeskPayout) -> Self {
        Self {
            id: row.id,
            who: row.who,
            amount: row.amount.into(),
            state: row.state,
            since: moment(row.since),
            reference: row.reference,
        }
    }
}

/// Payouts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Payouts {
    /// Newest first.
    items: Vec<Payout>,
    /// The address of the next page; null on the last.
    #[schema(format = "uri")]
    next: Option<String>,
}

/// Payouts, newest first.
#[utoipa::path(get, path = "/api/v1/desk/payouts", tag = "desk", operation_id = "list_payouts", params(Page),
    responses((status = 200, description = "A page of them", body = Payouts)))]
pub(super) async fn payouts(
    State(web): State<Arc<Web>>, Asked(page): Asked<Page>,
) -> Result<Json<Payouts>, Problem> {
    let rows = web.front.desk_payouts().await?;
    let (rows, next) = page.of(&web, "/api/v1/desk/payouts", rows, |row| row.id.clone())?;
    Ok(Json(Payouts { items: rows.into_iter().map(Payout::from).collect(), next }))
}

/// An account and what it holds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Account {
    /// Its code.
    account: String,
    /// `asset`, `liability`, `income`, `expense` or `equity`.
    side: String,
    /// The balance on its normal side.
    balance: Money,
}

/// Accounts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accounts {
    /// In the order of the chart.
    items: Vec<Account>,
    /// The address of the next page; null on the last.
    #[schema(format = "uri")]
    next: Option<String>,
}

/// Every account that was posted to, with its balance.
#[utoipa::path(get, path = "/api/v1/desk/accounts", tag = "desk", operation_id = "list_accounts", params(Page),
    responses((status = 200, description = "A page of them", body = Accounts)))]
pub(super) async fn accounts(
    State(web): State<Arc<Web>>, Asked(page): Asked<Page>,
) -> Result<Json<Accounts>, Problem> {
    let rows = web.front.trial_balance().await?;
    let (rows, next) = page.of(&web, "/api/v1/desk/accounts", rows, |row| row.account.clone())?;
    let items = rows.into_iter().map(|row| Account {
        account: row.account,
        side: row.side,
        balance: row.balance.into(),
    });
    Ok(Json(Accounts { items: items.collect(), next }))
}

/// Accounts of one kind, added up.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Family {
    /// What they have in common: the first word of their codes.
    family: String,
    /// Which side they stand on.
    side: String,
    /// How many there are.
    accounts: usize,
    /// What they hold.
    balance: Money,
}

/// The trial balance.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TrialBalance {
    /// Accounts by kind.
    families: Vec<Family>,
    /// What all debit balances add up to.
    debits: Money,
    /// What all credit balances add up to.
    credits: Money,
    /// Whether both are the same, as they must be.
    balances: bool,
}

/// The trial balance, with accounts of one kind added up.
#[utoipa::path(get, path = "/api/v1/desk/trial-balance", tag = "desk", operation_id = "get_trial_balance",
    responses((status = 200, description = "The trial balance", body = TrialBalance)))]
pub(super) async fn trial_balance(State(web): State<Arc<Web>>) -> Result<Json<TrialBalance>, Problem> {
    let rows = web.front.trial_balance().await?;
    let side = |debit: bool| {
        let rows = rows.iter().filter(|row| is_debit(row) == debit);
        Kes::minor(rows.map(|row| row.balance.cents()).sum())
    };
    let (debits, credits) = (side(true), side(false));
    let mut families: Vec<(String, String, usize, i64)> = Vec::new();
    for row in &rows {
        let name = family(&row.account);
        match families.iter_mut().find(|(known, side, ..)| known == name && *side == row.side) {
            Some((.., count, sum)) => (*count, *sum) = (*count + 1, *sum + row.balance.cents()),
            None => families.push((name.to_owned(), row.side.clone(), 1, row.balance.cents())),
        }
    }
    let families = families.into_iter().map(|(family, side, accounts, sum)| Family {
        family,
        side,
        accounts,
        balance: Kes::minor(sum).into(),
    });
    let balances = debits == credits;
    let (debits, credits) = (debits.into(), credits.into());
    Ok(Json(TrialBalance { families: families.collect(), debits, credits, balances }))
}

/// How many of one word.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Count {
    /// A state, or a role.
    word: String,
    /// How many.
    count: usize,
    /// What they add up to, where they are sums.
    sum: Option<Money>,
    /// Since when the oldest stands so, where its age matters.
    #[schema(format = "date-time")]
    oldest: Option<String>,
}

/// Counts by word.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Figures {
    /// One for each word that there is.
    items: Vec<Count>,
}

impl From<Vec<Figure>> for Figures {
    fn from(figures: Vec<Figure>) -> Self {
        let count = |figure: Figure| Count {
            word: figure.word,
            count: figure.count,
            sum: figure.sum.map(Money::from),
            oldest: figure.oldest.map(moment),
        };
        Self { items: figures.into_iter().map(count).collect() }
    }
}

/// How many people there are, by what they do here.
#[utoipa::path(get, path = "/api/v1/desk/people", tag = "desk", operation_id = "count_people",
    responses((status = 200, description = "By role", body = Figures)))]
pub(super) async fn people(State(web): State<Arc<Web>>) -> Result<Json<Figures>, Problem> {
    let all = operators(&web)?.booked_people(Which { whole: true, ..Which::default() }).await?;
    let rows = all.rows.iter().map(|person| (person.role.as_str(), None, None));
    Ok(Json(figures(rows).into()))
}

/// How many orders there are, by where they stand; the sum is what their makers will get for what is still
/// to be checked.
#[utoipa::path(get, path = "/api/v1/desk/orders", tag = "desk", operation_id = "count_orders",
    responses((status = 200, description = "By state", body = Figures)))]
pub(super) async fn orders(State(web): State<Arc<Web>>) -> Result<Json<Figures>, Problem> {
    Ok(Json(operators(&web)?.figures().await?.orders.into()))
}
