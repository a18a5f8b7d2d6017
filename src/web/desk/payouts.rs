//! What the desk does with a payout: its provider is asked again. What became of it by a statement two
//! people decide, with the approvals.

use super::{door::Acting, operators};
use crate::engine::shopfront::{DeskPayout, ShopError};
use crate::types::PayoutId;
use crate::web::{
    error::{JsonRefusal, Refusal},
    page::Web,
    people::DeskRole,
};
use axum::{
    Json,
    extract::{Path, State},
    response::Redirect,
};
use std::sync::Arc;

/// Whose work it is.
const ASKERS: [DeskRole; 2] = [DeskRole::Treasurer, DeskRole::Operator];

async fn asked(web: &Web, acting: &Acting, id: &str) -> Result<(), Refusal> {
    let by = acting.as_any(&ASKERS)?;
    let id = id.parse::<PayoutId>().map_err(|_| ShopError::NotFound)?;
    Ok(operators(web)?.ask_again(by, id).await?)
}

/// `POST /desk/books/payouts/{id}`: has its provider asked now
pub(in crate::web) async fn press(
    State(web): State<Arc<Web>>, acting: Acting, Path(id): Path<String>,
) -> Result<Redirect, Refusal> {
    asked(&web, &acting, &id).await?;
    Ok(Redirect::to(&format!("/desk/books/payouts/{id}")))
}

/// `POST /desk/api/payouts/{id}/ask`: the same, for programs; how it stands
pub(in crate::web) async fn ask(
    State(web): State<Arc<Web>>, acting: Acting, Path(id): Path<String>,
) -> Result<Json<DeskPayout>, JsonRefusal> {
    asked(&web, &acting, &id).await?;
    let all = web.front.desk_payouts().await?;
    Ok(Json(all.into_iter().find(|row| row.id == id).ok_or(ShopError::NotFound)?))
}
