//! Daraja's requests to be paid (STK push): the phone is asked, and what came of it is posted.

use super::daraja::{code, refusal, refused};
use super::http::{from_base64, post_to, silence};
use super::{Answer, Inner, Manners, Twist, Verdict};
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/mpesa/stkpush/v1/processrequest", post(take))
        .route("/mpesa/stkpushquery/v1/query", post(ask))
}

/// Somebody was asked on her phone to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The provider's name for it.
    pub checkout: String,
    /// Whose phone: digits of an MSISDN.
    pub msisdn: String,
    /// Whole shillings.
    pub shillings: u64,
    /// The result's code, once it is decided: `0` for paid.
    pub code: Option<String>,
    /// The receipt: unique, whatever came of it.
    pub receipt: String,
    /// When it was decided, in milliseconds.
    pub at_ms: u64,
    /// Where its result is posted.
    pub callback_url: String,
    manners: Manners,
}

impl Push {
    /// What it brought, in shillings; nothing where nobody paid.
    pub(super) fn brought(&self) -> Option<u64> {
        let more = u64::from(self.manners.twist == Some(Twist::OtherSum));
        (self.code.as_deref() == Some("0")).then_some(self.shillings + more)
    }

    pub(super) fn lags(&mut self, questions: u32) {
        self.manners.questions_in_vain = questions;
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Wish {
    business_short_code: String,
    password: String,
    timestamp: String,
    transaction_type: String,
    amount: u64,
    party_a: String,
    party_b: String,
    phone_number: String,
    #[serde(rename = "CallBackURL")]
    callback_url: String,
    account_reference: String,
    transaction_desc: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Question {
    business_short_code: String,
    password: String,
    timestamp: String,
    #[serde(rename = "CheckoutRequestID")]
    checkout: String,
}

/// What is told apart by its message alone.
const MANY: &str = "500.001.1001";

fn digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

impl Wish {
    fn is_well_written(&self) -> bool {
        let kinds = ["CustomerPayBillOnline", "CustomerBuyGoodsOnline"];
        kinds.contains(&self.transaction_type.as_str())
            && (1..=250_000).contains(&self.amount)
            && self.party_a == self.phone_number
            && digits(&self.phone_number, 12..=12)
            && digits(&self.party_b, 5..=7)
            && self.callback_url.starts_with("http")
            && (1..=12).contains(&self.account_reference.len())
            && (1..=13).contains(&self.transaction_desc.len())
    }
}

impl Inner {
    /// Whether a password is made of the short code, the passkey and the time.
    fn knows_password(&self, short: &str, password: &str, stamp: &str) -> bool {
        let read = digits(stamp, 14..=14).then(|| from_base64(password)).flatten();
        let passkey = read.as_deref().and_then(|read| read.strip_prefix(short)?.strip_suffix(stamp));
        digits(short, 5..=7)
            && passkey.is_some_and(|key| self.passkey.as_deref().is_none_or(|known| known == key))
    }
}

async fn take(Shared(inner): Shared<Arc<Inner>>, headers: HeaderMap, body: bytes::Bytes) -> Response {
    if !inner.knows_bearer(&headers) {
        return refusal("404.001.03");
    }
    let manners = inner.next_manners();
    let Some(wish) = serde_json::from_slice::<Wish>(&body).ok().filter(Wish::is_well_written) else {
        return refusal("400.002.02");
    };
    if !inner.knows_password(&wish.business_short_code, &wish.password, &wish.timestamp) {
        return refused(MANY, "Wrong credentials");
    }
    match &manners.answer {
        Answer::Refuse { code } => return refusal(code),
        Answer::Unavailable => return refusal("500.003.02"),
        Answer::Silence { taken: false } => return silence(&inner).await,
        Answer::Broken { taken: false } => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Answer::Accept | Answer::Silence { taken: true } | Answer::Broken { taken: true } => {}
    }
    let checkout = {
        let mut desk = inner.desk();
        let asked = |push: &Push| push.msisdn == wish.phone_number && push.code.is_none();
        if desk.pushes.iter().any(asked) {
            return refused(
                MANY,
                "Unable to lock subscriber, a transaction is already in process for the current subscriber",
            );
        }
        let nth = desk.pushes.len() + 1;
        let checkout = format!("ws_CO_20240706_{nth}");
        desk.pushes.push(Push {
            checkout: checkout.clone(),
            msisdn: wish.phone_number,
            shillings: wish.amount,
            code: None,
            receipt: format!("SPU{nth:07}"),
            at_ms: 0,
            callback_url: wish.callback_url,
            manners: manners.clone(),
        });
        checkout
    };
    let (posts, own, name) = (inner.posts(), Arc::clone(&inner), checkout.clone());
    let decided = tokio::spawn(async move {
        let stop = own.stop.clone();
        stop.run_until_cancelled(decide(&own, &name)).await;
        drop(posts);
    });
    if manners.callback_first {
        drop(decided.await);
    }
    tokio::time::sleep(Duration::from_millis(manners.answer_after_ms)).await;
    match manners.answer {
        Answer::Silence { .. } => silence(&inner).await,
        Answer::Broken { .. } => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => Json(json!({
            "MerchantRequestID": "29115-34620561-1",
            "CheckoutRequestID": checkout,
            "ResponseCode": "0",
            "ResponseDescription": "Success. Request accepted for processing",
            "CustomerMessage": "Success. Request accepted for processing",
        }))
        .into_response(),
    }
}

async fn decide(inner: &Inner, checkout: &str) {
    let find = || inner.desk().pushes.iter().find(|push| push.checkout == checkout).cloned();
    let Some(Push { manners, .. }) = find() else { return };
    tokio::time::sleep(Duration::from_millis(manners.decide_after_ms)).await;
    let code = match &manners.verdict {
        Verdict::Pay => "0".to_owned(),
        Verdict::Fail { code } => code.clone(),
    };
    if let Some(push) = inner.desk().pushes.iter_mut().find(|push| push.checkout == checkout) {
        (push.code, push.at_ms) = (Some(code), inner.now_ms());
    }
    for round in 0..manners.callbacks {
        if round > 0 {
            tokio::time::sleep(Duration::from_millis(manners.callback_every_ms)).await;
        }
        tell(inner, checkout).await;
    }
}

/// Posts what came of it; nothing while nothing did.
pub(super) async fn tell(inner: &Inner, checkout: &str) {
    let found = inner.desk().pushes.iter().find(|push| push.checkout == checkout).cloned();
    let Some(push) = found else { return };
    let Some(result) = &push.code else { return };
    let twist = push.manners.twist;
    let loose = twist == Some(Twist::Loose);
    let shown = if twist == Some(Twist::OtherId) { "ws_CO_of_another" } else { checkout };
    let mut told = json!({
        "MerchantRequestID": "29115-34620561-1",
        "CheckoutRequestID": shown,
        "ResultCode": code(result, loose),
        "ResultDesc": "..",
    });
    if result == "0" {
        let sum = if twist == Some(Twist::OtherSum) { push.shillings + 1 } else { push.shillings };
        let number =
            |text: &str| if loose { json!(text) } else { json!(text.parse::<u64>().unwrap_or_default()) };
        let (begin, end) =
            (push.msisdn.get(..4).unwrap_or_default(), push.msisdn.get(9..).unwrap_or_default());
        let whose = match twist {
            Some(Twist::Masked) => json!(format!("{begin}*****{end}")),
            _ => number(&push.msisdn),
        };
        told["CallbackMetadata"] = json!({ "Item": [
            { "Name": "Amount", "Value": if loose { json!(sum.to_string()) } else { json!(sum as f64) } },
            { "Name": "MpesaReceiptNumber", "Value": push.receipt },
            { "Name": "Balance" },
            { "Name": "TransactionDate", "Value": number("20240706224852") },
            { "Name": "PhoneNumber", "Value": whose },
        ]});
    }
    let body: Value = json!({ "Body": { "stkCallback": told } });
    post_to(inner, checkout, &push.callback_url, &body).await;
}

async fn ask(Shared(inner): Shared<Arc<Inner>>, headers: HeaderMap, body: bytes::Bytes) -> Response {
    if !inner.knows_bearer(&headers) {
        return refusal("404.001.03");
    }
    let Ok(question) = serde_json::from_slice::<Question>(&body) else { return refusal("400.002.02") };
    if !inner.knows_password(&question.business_short_code, &question.password, &question.timestamp) {
        return refused(MANY, "Wrong credentials");
    }
    let mut desk = inner.desk();
    let mut found = desk.pushes.iter_mut().find(|push| push.checkout == question.checkout);
    if let Some(push) = found.as_mut().filter(|push| push.manners.questions_in_vain > 0) {
        push.manners.questions_in_vain -= 1;
        return refused(MANY, "The transaction is being processed");
    }
    match found.and_then(|push| push.code.as_deref()) {
        Some(code) => Json(json!({
            "ResponseCode": "0",
            "ResponseDescription": "The service request has been accepted successsfully",
            "MerchantRequestID": "29115-34620561-1",
            "CheckoutRequestID": question.checkout,
            "ResultCode": code,
            "ResultDesc": "..",
        }))
        .into_response(),
        None => refused(MANY, "The transaction is being processed"),
    }
}
