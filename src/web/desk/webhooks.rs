//! Addresses of partners that are told what happens, for `sokoni api webhooks`.

use super::{door::Acting, garbled};
use crate::engine::hooks::HookState;
use crate::engine::shopfront::ShopError;
use crate::web::{error::JsonRefusal, page::Web, people::DeskRole};
use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which address is meant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Which {
    pub(crate) webhook: String,
}

/// How many events go again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Going {
    pub(crate) events: usize,
}

/// `GET /desk/api/webhooks`: every address, with what is on its way to it
pub(in crate::web) async fn all(State(web): State<Arc<Web>>) -> Result<Json<Vec<HookState>>, JsonRefusal> {
    let hooks = web.hooks.as_ref().ok_or(ShopError::NotFound)?;
    Ok(Json(hooks.desk.desk_hooks().await?))
}

/// `POST /desk/api/webhooks`: sends once more what was set aside for an address
pub(in crate::web) async fn again(
    State(web): State<Arc<Web>>, acting: Acting, wish: Result<Json<Which>, JsonRejection>,
) -> Result<Json<Going>, JsonRefusal> {
    let Json(Which { webhook }) = wish.map_err(|why| garbled(&why))?;
    let by = acting.as_any(&[DeskRole::Operator])?;
    let hooks = web.hooks.as_ref().ok_or(ShopError::NotFound)?;
    Ok(Json(Going { events: hooks.desk.desk_hook_again(by, webhook).await? }))
}

/// `POST /desk/api/webhooks/remove`: nothing is told to an address any more
pub(in crate::web) async fn remove(
    State(web): State<Arc<Web>>, acting: Acting, wish: Result<Json<Which>, JsonRejection>,
) -> Result<Json<Which>, JsonRefusal> {
    let Json(which) = wish.map_err(|why| garbled(&why))?;
    let by = acting.as_any(&[DeskRole::Operator])?;
    let hooks = web.hooks.as_ref().ok_or(ShopError::NotFound)?;
    hooks.desk.desk_hook_remove(by, which.webhook.clone()).await?;
    Ok(Json(which))
}
