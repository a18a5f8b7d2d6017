//! The aggregator's own address: SMS to phones, and reports of them.

use super::{Inner, Taken};
use crate::gsm::segment;
use crate::sim::smsc::Sms;
use crate::types::Msisdn;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn router(inner: Arc<Inner>) -> Router {
    Router::new().route("/version1/messaging", post(messaging)).with_state(inner)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    username: String,
    to: String,
    message: String,
    #[serde(default)]
    from: String,
    #[serde(rename = "bulkSMSMode")]
    bulk_sms_mode: Option<String>,
}

/// What a recipient is told who was not taken.
const fn status_of(code: u16) -> &'static str {
    match code {
        401 => "RiskHold",
        402 => "InvalidSenderId",
        403 => "InvalidPhoneNumber",
        404 => "UnsupportedNumberType",
        405 => "InsufficientBalance",
        406 => "UserInBlacklist",
        407 => "CouldNotRoute",
        500 => "InternalServerError",
        501 => "GatewayError",
        502 => "RejectedByGateway",
        _ => "Success",
    }
}

async fn messaging(State(inner): State<Arc<Inner>>, headers: HeaderMap, Form(wish): Form<Wish>) -> Response {
    let key = headers.get("apiKey").map(|value| value.as_bytes());
    if key != Some(inner.options.api_key.as_bytes()) || wish.username != inner.options.username {
        return (StatusCode::UNAUTHORIZED, "The supplied authentication is invalid").into_response();
    }
    if wish.bulk_sms_mode.as_deref() != Some("1") || wish.from != inner.options.short_code {
        return told("InvalidSenderId", Vec::new());
    }
    let recipients: Vec<Value> = wish.to.split(',').map(|to| inner.take(to.trim(), &wish)).collect();
    let lost = {
        let mut book = inner.book();
        let lost = book.mischief.lose_answers > 0;
        book.mischief.lose_answers = book.mischief.lose_answers.saturating_sub(1);
        lost
    };
    if lost {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    told("Sent to 1/1 Total Cost: KES 0.8000", recipients)
}

fn told(message: &str, recipients: Vec<Value>) -> Response {
    let data = json!({ "SMSMessageData": { "Message": message, "Recipients": recipients } });
    (StatusCode::CREATED, Json(data)).into_response()
}

impl Inner {
    /// Takes an SMS for one recipient; the entry of the answer.
    fn take(self: &Arc<Self>, to: &str, wish: &Wish) -> Value {
        let refused = |code: u16| {
            let status = status_of(code);
            json!({ "statusCode": code, "number": to, "status": status, "cost": "0", "messageId": "None" })
        };
        let msisdn = to.strip_prefix('+').and_then(|digits| digits.parse::<Msisdn>().ok());
        let (Some(msisdn), Ok(cut)) =
            (msisdn, segment::segment(&wish.message, 0, &segment::Style::default()))
        else {
            return refused(403);
        };
        let parts = u8::try_from(cut.parts.len()).unwrap_or(u8::MAX);
        let (id, reports) = {
            let mut book = self.book();
            if let Some(code) = book.mischief.refuse.pop_front() {
                return refused(code);
            }
            let id = book.name("ATXid_");
            let (from, text) = (wish.from.clone(), wish.message.clone());
            book.taken.push(Taken { id: id.clone(), to: msisdn, from: from.clone(), text: text.clone() });
            let sms = Sms { from, text, at: self.options.clock.now(), parts };
            book.phones.entry(msisdn).or_default().inbox.push(sms);
            (id, !book.mischief.no_reports)
        };
        self.tell();
        if reports {
            let (inner, id, phone) = (Arc::clone(self), id.clone(), to.to_owned());
            tokio::spawn(async move {
                let stop = inner.stop.clone();
                stop.run_until_cancelled(inner.report(&id, &phone)).await;
            });
        }
        json!({ "statusCode": 101, "number": to, "status": "Success", "cost": "KES 0.8000", "messageId": id })
    }

    /// A report on the way, and the last one.
    async fn report(&self, id: &str, phone: &str) {
        for status in ["Sent", "Success"] {
            let form = [
                ("id", id),
                ("status", status),
                ("phoneNumber", phone),
                ("networkCode", "63902"),
                ("retryCount", "0"),
            ];
            self.post("receipt", &form).await;
        }
    }
}
