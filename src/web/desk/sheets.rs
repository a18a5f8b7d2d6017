//! Lists taken out of the house, as files. Each taking out is kept in the journal, so it takes somebody
//! who does more than read.

use super::{door::Acting, operators};
use crate::{
    engine::desk::{Who, books::Which, sheet::Sheet},
    engine::shopfront::{MessagesWish, ShopError},
    types::{Kes, Timestamp},
    web::{error::Refusal, page::Web, people::DeskRole, wording},
};
use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The most texts of a file.
const MOST_TEXTS: usize = 20_000;

/// Which rows, as the pages of lists name them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Wanted {
    stage: Option<String>,
    state: Option<String>,
    role: Option<String>,
    phone: Option<String>,
}

type Asked = Result<Query<Wanted>, QueryRejection>;

fn all_of(word: Option<String>) -> Which {
    Which { word: word.filter(|word| !word.is_empty()), whole: true, ..Which::default() }
}

/// A file to keep, once the journal has that somebody took it.
pub(super) async fn file(web: &Web, acting: &Acting, name: &str, sheet: Sheet) -> Result<Response, Refusal> {
    hand_out(web, acting.as_any(&DeskRole::ALL[1..])?, name, sheet).await
}

/// The same of one person, which everybody who is let in may keep.
pub(super) async fn hand_out(web: &Web, by: Who, name: &str, sheet: Sheet) -> Result<Response, Refusal> {
    operators(web)?.took_out(by, name.to_owned()).await?;
    let name = format!("attachment; filename=\"{}.csv\"", name.replace([':', '/', ' '], "-"));
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, sheet.text()).into_response())
}

/// Lists with people in them that programs read as JSON, by the first word of their address.
const LISTS: [&str; 14] = [
    "approvals",
    "bulk",
    "callbacks",
    "cards",
    "cash",
    "depot",
    "dialogs",
    "holds",
    "kiosks",
    "listings",
    "loans",
    "messages",
    "orders",
    "payouts",
];
/// Whoever reads one again and again is told of once in so long.
const TOLD_EACH: Duration = Duration::from_secs(3600);
/// The most that is remembered of who read what.
const REMEMBERED: usize = 1_000;

/// Who read which list when, so that a program that looks every minute fills no journal.
#[derive(Debug, Default)]
pub(in crate::web) struct Taken(Mutex<BTreeMap<(String, &'static str), Timestamp>>);

impl Taken {
    fn is_new(&self, who: &str, list: &'static str, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.retain(|_, told| now.since(*told) < TOLD_EACH);
        }
        let one = (who.to_owned(), list);
        let told = all.get(&one).is_some_and(|told| now.since(*told) < TOLD_EACH);
        if !told && all.len() < REMEMBERED {
            all.insert(one, now);
        }
        !told
    }
}

/// Keeps in the journal that somebody reads a list by a program, before she gets it.
pub(super) async fn read_as_json(web: &Web, who: &Who, path: &str) -> Result<(), ShopError> {
    let word = path.strip_prefix("/desk/api/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let (Some(list), Some(desk)) = (LISTS.into_iter().find(|list| *list == word), &web.operators) else {
        return Ok(());
    };
    if !web.taken.is_new(who.name(), list, web.clock.now()) {
        return Ok(());
    }
    desk.took_out(who.clone(), format!("{list} as JSON")).await
}

/// Shillings as a number: `1250.00`.
fn ksh(sum: Kes) -> String {
    let cents = sum.cents();
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

fn iso(at: Timestamp) -> String {
    wording::moment_iso(at)
}

/// `GET /desk/books/orders.csv?stage=`
pub(in crate::web) async fn orders(
    State(web): State<Arc<Web>>, acting: Acting, asked: Asked,
) -> Result<Response, Refusal> {
    let Query(wanted) = asked.unwrap_or_default();
    let listed = operators(&web)?.booked_orders(all_of(wanted.stage)).await?;
    let columns =
        ["order", "listing", "pieces", "maker", "stage", "since", "value_ksh", "maker_gets_ksh", "held_ksh"];
    let mut sheet = Sheet::new(&columns);
    for row in listed.rows {
        let maker = row.maker.map(|(_, name)| name).unwrap_or_default();
        let (value, earns, held) = (ksh(row.value), ksh(row.earns), ksh(row.held));
        let since = iso(row.since);
        sheet.line(&[
            &row.code,
            &row.listing,
            &row.pieces,
            &maker,
            &row.stage,
            &since,
            &value,
            &earns,
            &held,
        ]);
    }
    file(&web, &acting, "orders", sheet).await
}

/// `GET /desk/books/listings.csv?state=`
pub(in crate::web) async fn listings(
    State(web): State<Arc<Web>>, acting: Acting, asked: Asked,
) -> Result<Response, Refusal> {
    let Query(wanted) = asked.unwrap_or_default();
    let listed = operators(&web)?.booked_listings(all_of(wanted.state)).await?;
    let mut sheet = Sheet::new(&["listing", "kind", "stuff", "maker", "state", "maker_asks_ksh"]);
    for row in listed.rows {
        sheet.line(&[&row.code, &row.kind, &row.stuff, &row.maker.1, &row.state, &ksh(row.price)]);
    }
    file(&web, &acting, "listings", sheet).await
}

/// `GET /desk/books/payouts.csv?state=`
pub(in crate::web) async fn payouts(
    State(web): State<Arc<Web>>, acting: Acting, asked: Asked,
) -> Result<Response, Refusal> {
    let Query(wanted) = asked.unwrap_or_default();
    let listed = operators(&web)?.booked_payouts(all_of(wanted.state)).await?;
    let mut sheet = Sheet::new(&["payout", "who", "ksh", "state", "since", "reference"]);
    for row in listed.rows {
        let reference = row.reference.unwrap_or_default();
        sheet.line(&[&row.id, &row.who, &ksh(row.amount), &row.state, &iso(row.since), &reference]);
    }
    file(&web, &acting, "payouts", sheet).await
}

/// `GET /desk/books/people.csv?role=`
pub(in crate::web) async fn people(
    State(web): State<Arc<Web>>, acting: Acting, asked: Asked,
) -> Result<Response, Refusal> {
    let Query(wanted) = asked.unwrap_or_default();
    let listed = operators(&web)?.booked_people(all_of(wanted.role)).await?;
    let mut sheet = Sheet::new(&["number", "name", "phone", "role", "area", "language", "joined", "held"]);
    for row in listed.rows {
        let held = if row.held { "yes" } else { "" };
        sheet.line(&[
            &row.number,
            &row.name,
            &row.phone,
            &row.role,
            &row.area,
            &row.lang,
            &iso(row.joined),
            &held,
        ]);
    }
    file(&web, &acting, "people", sheet).await
}

/// `GET /desk/messages.csv?phone=&state=`
pub(in crate::web) async fn messages(
    State(web): State<Arc<Web>>, acting: Acting, asked: Asked,
) -> Result<Response, Refusal> {
    let Query(Wanted { phone, state, .. }) = asked.unwrap_or_default();
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let mut wish = MessagesWish { phone: given(phone), state: given(state), before: None };
    let mut sheet =
        Sheet::new(&["when", "way", "phone", "who", "text", "state", "reason", "gateway", "parts", "done"]);
    let mut lines = 0;
    while lines < MOST_TEXTS {
        let found = web.front.desk_messages(wish.clone()).await?;
        for row in &found.rows {
            let (who, reason) =
                (row.who.as_deref().unwrap_or_default(), row.reason.as_deref().unwrap_or_default());
            let gateway = row.gateway.as_deref().unwrap_or_default();
            let done = row.done.map(iso).unwrap_or_default();
            sheet.line(&[
                &iso(row.queued),
                &row.way,
                &row.phone,
                &who,
                &row.text,
                &row.state,
                &reason,
                &gateway,
                &row.parts,
                &done,
            ]);
        }
        lines += found.rows.len();
        match found.older {
            Some(older) => wish.before = Some(older),
            None => {
                wish.before = None;
                break;
            }
        }
    }
    if wish.before.is_some() {
        sheet.cut(lines);
    }
    file(&web, &acting, "messages", sheet).await
}

/// `GET /desk/books/accounts/{code}/postings.csv`: the postings of an account, newest first
pub(in crate::web) async fn postings(
    State(web): State<Arc<Web>>, acting: Acting, Path(code): Path<String>,
) -> Result<Response, Refusal> {
    let mut sheet = Sheet::new(&[
        "when",
        "what",
        "about",
        "account",
        "debit_ksh",
        "credit_ksh",
        "balance_ksh",
        "transfer",
    ]);
    let mut from = None;
    loop {
        let page = operators(&web)?.account(code.clone(), from).await?;
        for row in &page.rows {
            for (account, credit) in &row.lines {
                let debit = if credit.cents() < 0 { ksh(Kes::minor(-credit.cents())) } else { String::new() };
                let credited = if credit.cents() < 0 { String::new() } else { ksh(*credit) };
                // What the account holds is said once, on its own line.
                let held = if *account == code { ksh(row.balance) } else { String::new() };
                sheet.line(&[
                    &iso(row.at),
                    &row.kind,
                    &row.about,
                    account,
                    &debit,
                    &credited,
                    &held,
                    &row.id,
                ]);
            }
        }
        match page.older {
            Some(older) => from = Some(older),
            None => break,
        }
    }
    file(&web, &acting, &format!("postings {code}"), sheet).await
}
