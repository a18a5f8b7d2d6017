//! Loans, for programs: what the lending site is told and tells us, and what goes back to lenders.
//! `sokoni loans` speaks to these.

use super::{door::Acting, garbled};
use crate::engine::loans::desk::{LoanDesk, LoanRow, LoanWish, PromptRow, RepaymentRow};
use crate::engine::shopfront::ShopError;
use crate::web::people::DeskRole;
use crate::web::{error::JsonRefusal, page::Web};
use axum::{
    Json,
    extract::{
        Query, State,
        rejection::{JsonRejection, QueryRejection},
    },
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which repayments: those of a remittance, or those that wait for one.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Remittance {
    /// The remittance's own reference.
    pub(crate) paper: Option<String>,
}

/// Which prompts: all of them, or those of which something is to be asked or decided.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::web) struct Prompts {
    all: bool,
}

fn desk(web: &Web) -> Result<&Arc<dyn LoanDesk>, ShopError> {
    web.loans.as_ref().ok_or(ShopError::NotFound)
}

/// `GET /desk/api/loans`: all loans, newest first; sums in cents
pub(in crate::web) async fn all(State(web): State<Arc<Web>>) -> Result<Json<Vec<LoanRow>>, JsonRefusal> {
    Ok(Json(desk(&web)?.loans().await?))
}

/// `GET /desk/api/loans/prompts?all=`: prompts on phones, oldest first; sums in cents
pub(in crate::web) async fn prompts(
    State(web): State<Arc<Web>>, which: Result<Query<Prompts>, QueryRejection>,
) -> Result<Json<Vec<PromptRow>>, JsonRefusal> {
    let Query(Prompts { all }) = which.unwrap_or_default();
    Ok(Json(desk(&web)?.prompts(all).await?))
}

/// `POST /desk/api/loans`: does something with one loan; how it stands then
pub(in crate::web) async fn change(
    State(web): State<Arc<Web>>, acting: Acting, wish: Result<Json<LoanWish>, JsonRejection>,
) -> Result<Json<LoanRow>, JsonRefusal> {
    let Json(wish) = wish.map_err(|why| garbled(&why))?;
    let by = acting.as_any(match wish {
        LoanWish::Fund { .. } => &[DeskRole::Treasurer],
        _ => &[DeskRole::Liaison, DeskRole::Treasurer],
    })?;
    Ok(Json(desk(&web)?.loan(by, wish).await?))
}

/// `GET /desk/api/loans/repayments`: what waits to go back, or `?paper=` what went back
pub(in crate::web) async fn repayments(
    State(web): State<Arc<Web>>, which: Result<Query<Remittance>, QueryRejection>,
) -> Result<Json<Vec<RepaymentRow>>, JsonRefusal> {
    let Query(Remittance { paper }) = which.unwrap_or_default();
    Ok(Json(desk(&web)?.repayments(paper).await?))
}

/// `POST /desk/api/loans/repayments`: all that is due goes back now; what that is
pub(in crate::web) async fn remit(
    State(web): State<Arc<Web>>, acting: Acting, which: Result<Json<Remittance>, JsonRejection>,
) -> Result<Json<Vec<RepaymentRow>>, JsonRefusal> {
    let by = acting.as_any(&[DeskRole::Treasurer])?;
    let Json(Remittance { paper }) = which.map_err(|why| garbled(&why))?;
    Ok(Json(desk(&web)?.remit(by, paper.unwrap_or_default()).await?))
}
