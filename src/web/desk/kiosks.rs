//! The kiosks: what each keeps, parcels that are looked at again, whose verdicts differ from the
//! others', and books of receipts. `sokoni receipts` speaks to these.

use super::door::Acting;
use crate::engine::kiosks::desk::{Book, KioskDesk, KioskRow, PrintWish, SecondLook};
use crate::engine::shopfront::ShopError;
use crate::web::people::DeskRole;
use crate::web::{
    desk::Rows,
    error::{JsonRefusal, Refusal},
    page::{self, Web},
};
use askama::Template;
use axum::{
    Json,
    extract::{
        Form, State,
        rejection::{FormRejection, JsonRejection},
    },
    response::{Redirect, Response},
};
use std::sync::Arc;

#[derive(Template)]
#[template(path = "desk_kiosks.html", config = "src/web/askama.toml")]
struct Kiosks<'a> {
    rows: &'a [KioskRow],
}

fn desk(web: &Web) -> Result<&Arc<dyn KioskDesk>, ShopError> {
    web.kiosks.as_ref().ok_or(ShopError::NotFound)
}

/// `GET /desk/kiosks`
pub(in crate::web) async fn page(State(web): State<Arc<Web>>) -> Result<Response, Refusal> {
    let rows = desk(&web)?.kiosks().await?;
    Ok(page::html(&Kiosks { rows: &rows }))
}

/// `POST /desk/kiosks/look`: the depot has looked at a parcel again
pub(in crate::web) async fn look(
    State(web): State<Arc<Web>>, acting: Acting, form: Result<Form<SecondLook>, FormRejection>,
) -> Result<Redirect, Refusal> {
    let Form(look) = form?;
    let by = acting.as_any(&[DeskRole::Liaison, DeskRole::Operator])?;
    desk(&web)?.look_again(by, look).await?;
    Ok(Redirect::to("/desk/kiosks"))
}

/// `GET /desk/api/kiosks`
pub(in crate::web) async fn json(State(web): State<Arc<Web>>) -> Result<Json<Rows<KioskRow>>, JsonRefusal> {
    Ok(Json(desk(&web)?.kiosks().await?.into()))
}

/// `POST /desk/api/receipts`: prints receipts; every call prints new ones
pub(in crate::web) async fn print(
    State(web): State<Arc<Web>>, acting: Acting, wish: Result<Json<PrintWish>, JsonRejection>,
) -> Result<Json<Book>, JsonRefusal> {
    let garbled = |why: JsonRejection| {
        JsonRefusal(Refusal::Shop(ShopError::Field { field: "body", why: why.body_text() }))
    };
    let Json(wish) = wish.map_err(garbled)?;
    let by = acting.as_any(&[DeskRole::Operator])?;
    Ok(Json(desk(&web)?.print_receipts(by, wish).await?))
}
