//! Providers' statements: a file comes in, differences are closed, the float and the trial balance of each
//! day are looked at.

use super::{door::Acting, garbled, operators};
use crate::engine::recon::days::TrialDay;
use crate::engine::recon::{CloseWish, DifferenceRow, FloatRow, StatementFile, StatementRow};
use crate::engine::shopfront::ShopError;
use crate::types::Kes;
use crate::web::{
    error::{JsonRefusal, Refusal},
    page::{self, Web},
    people::DeskRole,
};
use askama::Template;
use axum::{
    Form, Json,
    body::Bytes,
    extract::{
        Query, State,
        rejection::{BytesRejection, FormRejection, JsonRejection, QueryRejection},
    },
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use std::sync::Arc;

/// The most octets of a posted statement, with what a browser writes around it.
pub(in crate::web) const LONGEST: usize = crate::engine::recon::LONGEST_FILE + 16 * 1024;
/// Who looks after money.
const BOOKKEEPERS: [DeskRole; 2] = [DeskRole::Treasurer, DeskRole::Operator];
const PAGE: &str = "/desk/reconcile";

#[derive(Template)]
#[template(path = "desk_reconcile.html", config = "src/web/askama.toml")]
struct Page<'a> {
    providers: &'a [String],
    statements: Vec<StatementRow>,
    open: Vec<DifferenceRow>,
    floats: Vec<FloatRow>,
    days: Vec<TrialDay>,
    complaint: String,
}

async fn draw(web: &Web, complaint: String) -> Result<Response, Refusal> {
    let desk = operators(web)?;
    Ok(page::html(&Page {
        providers: desk.providers(),
        statements: desk.statements().await?,
        open: desk.differences(false).await?,
        floats: desk.floats().await?,
        days: desk.trial_days().await?,
        complaint,
    }))
}

/// `GET /desk/reconcile`
pub(in crate::web) async fn show(State(web): State<Arc<Web>>) -> Result<Response, Refusal> {
    draw(&web, String::new()).await
}

/// What a browser posts of a form with a file (RFC 7578): the value of a field, and what its file is called.
pub(super) fn part<'b>(headers: &HeaderMap, body: &'b [u8], field: &str) -> Option<(&'b [u8], String)> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let boundary =
        kind.strip_prefix("multipart/form-data")?.split_once("boundary=")?.1.trim().trim_matches('"');
    let mark = format!("--{boundary}");
    let mut rest = body;
    loop {
        rest = &rest[find(rest, mark.as_bytes())? + mark.len()..];
        let head = find(rest, b"\r\n\r\n")?;
        let (said, value) = (std::str::from_utf8(&rest[..head]).ok()?, &rest[head + 4..]);
        let end = find(value, format!("\r\n{mark}").as_bytes())?;
        let quoted = |name: &str| {
            let (_, after) = said.split_once(&format!("; {name}=\""))?;
            Some(after.split('"').next().unwrap_or_default().to_owned())
        };
        if quoted("name").as_deref() == Some(field) {
            return Some((&value[..end], quoted("filename").unwrap_or_default()));
        }
        rest = &value[end..];
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|at| at == what)
}

fn whole(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Refusal> {
    body.map_err(|_| Refusal::TooLarge)
}

/// `POST /desk/reconcile`: a statement from a form.
pub(in crate::web) async fn bring(
    State(web): State<Arc<Web>>, acting: Acting, headers: HeaderMap, body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let by = acting.as_any(&BOOKKEEPERS)?;
    let body = whole(body)?;
    let (provider, _) = part(&headers, &body, "provider").ok_or(Refusal::Garbled)?;
    let (octets, name) = part(&headers, &body, "file").ok_or(Refusal::Garbled)?;
    let provider = String::from_utf8_lossy(provider).into_owned();
    match operators(&web)?.import(by, StatementFile { provider, name, octets: octets.to_vec() }).await {
        Ok(_) => Ok(Redirect::to(PAGE).into_response()),
        Err(ShopError::Field { why, .. }) => draw(&web, why).await,
        Err(other) => Err(other.into()),
    }
}

/// `POST /desk/reconcile/close`: a difference from a form.
pub(in crate::web) async fn press(
    State(web): State<Arc<Web>>, acting: Acting, form: Result<Form<CloseWish>, FormRejection>,
) -> Result<Response, Refusal> {
    let by = acting.as_any(&BOOKKEEPERS)?;
    let Form(wish) = form?;
    match operators(&web)?.close_difference(by, wish).await {
        Ok(_) => Ok(Redirect::to(PAGE).into_response()),
        Err(ShopError::Field { why, .. } | ShopError::TooLate(why)) => draw(&web, why).await,
        Err(other) => Err(other.into()),
    }
}

/// Whose statement is posted, and what its file is called.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Brought {
    provider: String,
    #[serde(default)]
    name: String,
}

/// `GET /desk/api/reconcile/statements`
pub(in crate::web) async fn statements(
    State(web): State<Arc<Web>>,
) -> Result<Json<Vec<StatementRow>>, JsonRefusal> {
    Ok(Json(operators(&web)?.statements().await?))
}

/// `POST /desk/api/reconcile/statements?provider=&name=`: the file as it is.
pub(in crate::web) async fn import(
    State(web): State<Arc<Web>>, acting: Acting, brought: Result<Query<Brought>, QueryRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<StatementRow>, JsonRefusal> {
    let by = acting.as_any(&BOOKKEEPERS)?;
    let named = |why: QueryRejection| ShopError::Field { field: "provider", why: why.body_text() };
    let Query(Brought { provider, name }) = brought.map_err(named)?;
    let octets = whole(body)?.to_vec();
    Ok(Json(operators(&web)?.import(by, StatementFile { provider, name, octets }).await?))
}

/// Which differences.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Which {
    all: bool,
}

/// `GET /desk/api/reconcile/differences?all=true`
pub(in crate::web) async fn differences(
    State(web): State<Arc<Web>>, which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Vec<DifferenceRow>>, JsonRefusal> {
    let Query(Which { all }) = which.unwrap_or_default();
    Ok(Json(operators(&web)?.differences(all).await?))
}

/// `POST /desk/api/reconcile/differences`: closes one.
pub(in crate::web) async fn close(
    State(web): State<Arc<Web>>, acting: Acting, wish: Result<Json<CloseWish>, JsonRejection>,
) -> Result<Json<DifferenceRow>, JsonRefusal> {
    let by = acting.as_any(&BOOKKEEPERS)?;
    let Json(wish) = wish.map_err(|why| garbled(&why))?;
    Ok(Json(operators(&web)?.close_difference(by, wish).await?))
}

/// `GET /desk/api/reconcile/floats`
pub(in crate::web) async fn floats(State(web): State<Arc<Web>>) -> Result<Json<Vec<FloatRow>>, JsonRefusal> {
    Ok(Json(operators(&web)?.floats().await?))
}

/// `GET /desk/api/reconcile/days`
pub(in crate::web) async fn days(State(web): State<Arc<Web>>) -> Result<Json<Vec<TrialDay>>, JsonRefusal> {
    Ok(Json(operators(&web)?.trial_days().await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_out_of_what_a_browser_posts_and_nothing_is_made_of_anything_else() {
        let mut headers = HeaderMap::new();
        let kind = "multipart/form-data; boundary=----B7";
        headers.insert(header::CONTENT_TYPE, kind.parse().expect("a header"));
        let body = b"------B7\r\nContent-Disposition: form-data; name=\"provider\"\r\n\r\nmtn\r\n------B7\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"nov.csv\"\r\nContent-Type: text/csv\r\n\r\n\
            Id,Date\r\n1,2\r\n\r\n------B7--\r\n";
        assert_eq!(part(&headers, body, "provider"), Some((&b"mtn"[..], String::new())));
        assert_eq!(part(&headers, body, "file"), Some((&b"Id,Date\r\n1,2\r\n"[..], "nov.csv".to_owned())));
        assert_eq!(part(&headers, body, "other"), None);
        for cut in 0..body.len() {
            let _ = part(&headers, &body[..cut], "file");
        }
        assert_eq!(part(&HeaderMap::new(), body, "file"), None);
    }
}
