//! Keys in, screens out.

use super::Phones;
use crate::{
    sim::smsc::{Handset, PhoneError, Screen, Sms},
    types::Msisdn,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The codes and phones of the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// What to dial.
    pub service_code: String,
    /// Where to text.
    pub short_code: String,
    /// The phones.
    pub phones: Vec<Listed>,
}

/// A phone of the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its number in international form.
    pub msisdn: Msisdn,
    /// Its number as people write it.
    pub number: String,
    /// Whose it is.
    pub label: String,
}

/// A phone's display and inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// The display.
    pub screen: Screen,
    /// Whether it waits for a screen.
    pub busy: bool,
    /// What has arrived, oldest first.
    pub inbox: Vec<Sms>,
}

/// What is dialled.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dial {
    /// Such as `*483*57#`.
    pub code: String,
}

/// What is typed into a dialog.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Press {
    /// Such as `1`, or a name.
    pub keys: String,
}

/// What is texted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The message.
    pub text: String,
}

/// Why nothing came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// In words.
    pub error: String,
}

type Shared = State<Arc<Phones>>;

pub(super) async fn about(State(phones): Shared) -> Json<About> {
    let settings = &phones.settings;
    let listed = |(msisdn, label): &(Msisdn, String)| Listed {
        msisdn: *msisdn,
        number: msisdn.national(),
        label: label.clone(),
    };
    Json(About {
        service_code: settings.service_code.clone(),
        short_code: settings.short_code.clone(),
        phones: settings.phones.iter().map(listed).collect(),
    })
}

pub(super) async fn look(State(phones): Shared, Path(number): Path<String>) -> Response {
    with(&phones, &number, |handset| async move {
        let look = {
            let view = handset.watch();
            let view = view.borrow();
            Look { screen: view.screen.clone(), busy: view.busy, inbox: view.inbox.to_vec() }
        };
        Json(look).into_response()
    })
    .await
}

pub(super) async fn dial(
    State(phones): Shared, Path(number): Path<String>, Json(body): Json<Dial>,
) -> Response {
    with(&phones, &number, |handset| async move { answer(handset.dial(body.code.trim()).await) }).await
}

pub(super) async fn press(
    State(phones): Shared, Path(number): Path<String>, Json(body): Json<Press>,
) -> Response {
    with(&phones, &number, |handset| async move { answer(handset.press(&body.keys).await) }).await
}

pub(super) async fn cancel(State(phones): Shared, Path(number): Path<String>) -> Response {
    with(&phones, &number, |handset| async move {
        handset.cancel().await;
        StatusCode::NO_CONTENT.into_response()
    })
    .await
}

pub(super) async fn sms(
    State(phones): Shared, Path(number): Path<String>, Json(body): Json<Text>,
) -> Response {
    with(&phones, &number, |handset| async move {
        match handset.send_sms(&body.text).await {
            Ok(()) => StatusCode::ACCEPTED.into_response(),
            Err(why) => problem(&why),
        }
    })
    .await
}

/// The phone that a path names.
pub(super) fn handset(phones: &Phones, number: &str) -> Result<Handset, Box<Response>> {
    let refuse = |why: crate::types::msisdn::MsisdnError| {
        let body = Json(Problem { error: format!("{number}: {why}") });
        Box::new((StatusCode::NOT_FOUND, body).into_response())
    };
    Ok(phones.smsc.handset(Msisdn::from_e164(number).map_err(refuse)?))
}

async fn with<F>(phones: &Phones, number: &str, act: impl FnOnce(Handset) -> F) -> Response
where
    F: Future<Output = Response>,
{
    match handset(phones, number) {
        Ok(handset) => act(handset).await,
        Err(refusal) => *refusal,
    }
}

fn answer(screen: Result<Screen, PhoneError>) -> Response {
    match screen {
        Ok(screen) => Json(screen).into_response(),
        Err(why) => problem(&why),
    }
}

fn problem(why: &PhoneError) -> Response {
    let status = match why {
        PhoneError::NoSuchCode { .. } => StatusCode::NOT_FOUND,
        PhoneError::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        PhoneError::NoDialog | PhoneError::Busy | PhoneError::Ended => StatusCode::CONFLICT,
        PhoneError::NoAnswer(_) | PhoneError::NoSms(_) => StatusCode::GATEWAY_TIMEOUT,
        PhoneError::Refused(_) | PhoneError::LinkLost | PhoneError::NoService => StatusCode::BAD_GATEWAY,
    };
    (status, Json(Problem { error: why.to_string() })).into_response()
}
