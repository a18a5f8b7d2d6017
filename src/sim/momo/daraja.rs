//! Safaricom's Daraja: whatever is well written is accepted, and everything else comes by post.
//!
//! | request | answer |
//! |---|---|
//! | `GET /oauth/v1/generate` with Basic | a token for 3599 seconds, as text |
//! | `POST /mpesa/b2c/v3/paymentrequest` | response code 0; 400.002.02 for a bad field; 500.002.1001 for an `OriginatorConversationID` that was used; the result is posted to `ResultURL` |
//! | `POST /mpesa/transactionstatus/v1/query` by `OriginalConversationID` or `TransactionID` | response code 0; what is known is posted, 2033 where nothing is |
//! | `POST /mpesa/accountbalance/v1/query` | response code 0; the balance is posted |
//! | `POST /mpesa/stkpush/v1/processrequest` | response code 0 and a `CheckoutRequestID`; 500.001.1001 while the phone is asked already, and for a wrong password; the result is posted to `CallBackURL` |
//! | `POST /mpesa/stkpushquery/v1/query` by `CheckoutRequestID` | its result code, sometimes late; 500.001.1001 while nothing is decided |
//!
//! A wrong credential comes to 2001, the third one to 8006; sums under 10 to 2, over 250 000 to 3, over
//! 500 000 a customer to 4, over the float to 1.

use super::book::{Book, State, Transaction};
use super::http::{post_to, taken};
use super::{Inner, Twist, push};
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/oauth/v1/generate", get(log_in))
        .route("/mpesa/b2c/v3/paymentrequest", post(take))
        .route("/mpesa/transactionstatus/v1/query", post(ask))
        .route("/mpesa/accountbalance/v1/query", post(balance))
        .merge(push::router())
}

/// An error code comes with the HTTP status that it begins with.
pub(super) fn refusal(code: &str) -> Response {
    refused(code, &format!("refused: {code}"))
}

/// The same with a message: one code stands for several things.
pub(super) fn refused(code: &str, message: &str) -> Response {
    let status = code.get(..3).and_then(|digits| digits.parse().ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let body = json!({ "requestId": "1-2-3", "errorCode": code, "errorMessage": message });
    (status.unwrap_or(StatusCode::BAD_REQUEST), Json(body)).into_response()
}

pub(super) fn accepted(id: &str) -> Response {
    Json(json!({
        "ConversationID": conversation(id),
        "OriginatorConversationID": id,
        "ResponseCode": "0",
        "ResponseDescription": "Accept the service request successfully.",
    }))
    .into_response()
}

fn conversation(id: &str) -> String {
    format!("AG_20240706_{id}")
}

async fn log_in(Shared(inner): Shared<Arc<Inner>>, headers: HeaderMap) -> Response {
    if !inner.knows_basic(&headers) {
        return refusal("400.008.02");
    }
    Json(json!({ "access_token": inner.log_in(), "expires_in": "3599" })).into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Wish {
    #[serde(rename = "OriginatorConversationID")]
    id: String,
    initiator_name: String,
    security_credential: String,
    #[serde(rename = "CommandID")]
    command: String,
    amount: u64,
    party_a: String,
    party_b: String,
    remarks: String,
    #[serde(rename = "QueueTimeOutURL")]
    late_url: String,
    #[serde(rename = "ResultURL")]
    result_url: String,
    /// Spelt so.
    #[serde(rename = "Occassion")]
    occasion: String,
}

impl Wish {
    fn is_well_written(&self) -> bool {
        let letters = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let is_url = |url: &str| {
            let banned = ["mpesa", "safaricom", "exe", "exec", "cmd", "sql", "query"];
            url.starts_with("http") && !banned.iter().any(|word| url.to_ascii_lowercase().contains(word))
        };
        let number = self.party_b.strip_prefix("254").unwrap_or_default();
        let commands = ["BusinessPayment", "SalaryPayment", "PromotionPayment"];
        (1..=19).contains(&self.id.len())
            && letters(&self.id)
            && !self.initiator_name.is_empty()
            && commands.contains(&self.command.as_str())
            && digits(&self.party_a)
            && number.len() == 9
            && digits(number)
            && number.starts_with(['7', '1'])
            && (2..=100).contains(&self.remarks.len())
            && is_url(&self.late_url)
            && is_url(&self.result_url)
            && self.occasion.len() <= 100
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
    let external = inner.wrong_credential(&wish.security_credential).unwrap_or_default();
    let transaction = Transaction {
        id: wish.id,
        msisdn: wish.party_b,
        shillings: wish.amount,
        state: State::Pending,
        callback_url: wish.result_url,
        late_url: wish.late_url,
        external: external.to_owned(),
        manners,
    };
    taken(inner, transaction).await
}

impl Inner {
    /// The result code of a wrong credential: after three it is locked for good.
    fn wrong_credential(&self, given: &str) -> Option<&'static str> {
        let mut desk = self.desk();
        if self.credential.as_deref().is_some_and(|known| known != given) {
            desk.wrong += 1;
        } else if desk.wrong < 3 {
            return None;
        }
        Some(if desk.wrong < 3 { "2001" } else { "8006" })
    }
}

/// The result code of a request that is accepted and comes to nothing.
pub(super) fn in_vain(book: &Book, wish: &Transaction) -> Option<&'static str> {
    match wish.shillings {
        _ if wish.external == "2001" => Some("2001"),
        _ if !wish.external.is_empty() => Some("8006"),
        ..10 => Some("2"),
        250_001.. => Some("3"),
        shillings if book.sent_to(&wish.msisdn) + shillings > 500_000 => Some("4"),
        shillings if shillings > book.float_shillings() => Some("1"),
        _ => None,
    }
}

/// A result code as it is written: a number where it is one.
pub(super) fn code(text: &str, loose: bool) -> Value {
    match text.parse::<u64>() {
        Ok(number) if !loose => json!(number),
        _ => json!(text),
    }
}

/// What is posted when a transaction is decided.
pub(super) fn result(inner: &Inner, transaction: &Transaction) -> Value {
    let twist = transaction.manners.twist;
    let loose = twist == Some(Twist::Loose);
    let id = if twist == Some(Twist::OtherId) { "another-payouts-id" } else { &transaction.id };
    let mut result = json!({
        "ResultType": 0,
        "ResultDesc": "as it came to be",
        "OriginatorConversationID": id,
        "ConversationID": conversation(&transaction.id),
        "ReferenceData": { "ReferenceItem": { "Key": "QueueTimeoutURL", "Value": transaction.late_url } },
    });
    match &transaction.state {
        State::Completed { reference } | State::Reversed { reference } => {
            let sum = transaction.shillings + u64::from(twist == Some(Twist::OtherSum));
            result["ResultCode"] = code("0", loose);
            result["TransactionID"] = json!(reference);
            let amount = json!({ "Key": "TransactionAmount", "Value": if loose { json!(format!("{sum}.00")) } else { json!(sum) } });
            let float = inner.desk().book.get().float_shillings();
            let rest = [
                ("TransactionReceipt", json!(reference)),
                ("ReceiverPartyPublicName", json!(format!("{} - JINA LAKE", transaction.msisdn))),
                ("TransactionCompletedDateTime", json!("06.07.2024 22:48:52")),
                ("B2CUtilityAccountAvailableFunds", json!(float)),
                ("B2CRecipientIsRegisteredCustomer", json!("Y")),
            ];
            let rest = rest.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
            let parameter = if loose { amount } else { rest.chain([amount]).collect() };
            result["ResultParameters"] = json!({ "ResultParameter": parameter });
        }
        State::Failed { code: why } => result["ResultCode"] = code(why, loose),
        State::Pending => result["ResultCode"] = json!("26"),
    }
    json!({ "Result": result })
}

/// What is posted when a request waited too long in a queue.
pub(super) fn late(transaction: &Transaction) -> Value {
    json!({ "Result": {
        "ResultType": 0,
        "ResultCode": 1,
        "ResultDesc": "The service request is timed out.",
        "OriginatorConversationID": transaction.id,
        "ConversationID": conversation(&transaction.id),
    }})
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Question {
    initiator: String,
    security_credential: String,
    #[serde(rename = "CommandID")]
    command: String,
    #[serde(rename = "TransactionID")]
    receipt: Option<String>,
    #[serde(rename = "OriginalConversationID")]
    original: Option<String>,
    party_a: String,
    identifier_type: String,
    #[serde(rename = "ResultURL")]
    result_url: String,
    #[serde(rename = "QueueTimeOutURL")]
    late_url: String,
    remarks: String,
    #[serde(default)]
    occasion: String,
}

impl Question {
    fn read(body: &[u8], command: &str) -> Option<Self> {
        let question: Self = serde_json::from_slice(body).ok()?;
        let fits = question.command == command
            && question.identifier_type == "4"
            && [&question.initiator, &question.party_a, &question.remarks]
                .iter()
                .all(|text| !text.is_empty())
            && question.result_url.starts_with("http")
            && question.late_url.starts_with("http")
            && question.occasion.len() <= 100;
        fits.then_some(question)
    }
}

async fn ask(Shared(inner): Shared<Arc<Inner>>, headers: HeaderMap, body: bytes::Bytes) -> Response {
    if !inner.knows_bearer(&headers) {
        return refusal("401.002.01");
    }
    let Some(question) = Question::read(&body, "TransactionStatusQuery") else {
        return refusal("400.002.02");
    };
    let answer = inner.state_of(&question);
    inner.posts_soon(question.result_url, answer)
}

async fn balance(Shared(inner): Shared<Arc<Inner>>, headers: HeaderMap, body: bytes::Bytes) -> Response {
    if !inner.knows_bearer(&headers) {
        return refusal("401.002.01");
    }
    let Some(question) = Question::read(&body, "AccountBalance") else { return refusal("400.002.02") };
    let float = inner.desk().book.get().float_shillings();
    let text = format!(
        "Working Account|KES|0.00|0.00|0.00|0.00&Utility Account|KES|{float}.00|{float}.00|0.00|0.00&Charges Paid Account|KES|-1540.00|-1540.00|0.00|0.00"
    );
    let result = json!({
        "ResultType": 0, "ResultCode": 0, "ResultDesc": "..", "TransactionID": "OEI0000000",
        "OriginatorConversationID": "of the question", "ConversationID": "AG_balance",
        "ResultParameters": { "ResultParameter": [
            { "Key": "AccountBalance", "Value": text }, { "Key": "BOCompletedTime", "Value": 20240706224852u64 },
        ]},
    });
    inner.posts_soon(question.result_url, json!({ "Result": result }))
}

impl Inner {
    /// Posts the answer to a question, and says that it will.
    fn posts_soon(self: &Arc<Self>, url: String, answer: Value) -> Response {
        if !self.desk().tells_nothing {
            let (inner, posts) = (Arc::clone(self), self.posts());
            tokio::spawn(async move {
                let stop = inner.stop.clone();
                stop.run_until_cancelled(post_to(&inner, "question", &url, &answer)).await;
                drop(posts);
            });
        }
        accepted("question")
    }

    /// What is known of the payout that a question is about.
    fn state_of(&self, question: &Question) -> Value {
        let mut result = json!({
            "ResultType": 0,
            "ResultCode": 0,
            "ResultDesc": "..",
            "OriginatorConversationID": "of the question",
            "ConversationID": "AG_question",
            "TransactionID": "OEI0000000",
        });
        if let Some(code) = self.wrong_credential(&question.security_credential) {
            result["ResultCode"] = json!(code);
            return json!({ "Result": result });
        }
        let desk = self.desk();
        let book = desk.book.get();
        let original = question.original.as_deref().map(|id| id.trim_start_matches("AG_20240706_"));
        let by_receipt = || book.by_receipt(question.receipt.as_deref()?);
        let Some(transaction) = original.and_then(|id| book.find(id)).or_else(by_receipt) else {
            result["ResultCode"] = json!(2033);
            return json!({ "Result": result });
        };
        let (word, receipt) = match &transaction.state {
            State::Pending => ("Pending", ""),
            State::Completed { reference } | State::Reversed { reference } => {
                ("Completed", reference.as_str())
            }
            State::Failed { .. } => ("Declined", ""),
        };
        let told = [
            ("DebitPartyName", json!(format!("{} - SOKONI", question.party_a))),
            ("CreditPartyName", json!(format!("{} - JINA LAKE", transaction.msisdn))),
            ("OriginatorConversationID", json!(transaction.id)),
            ("TransactionStatus", json!(word)),
            ("Amount", json!(transaction.shillings)),
            ("ReceiptNo", json!(receipt)),
        ];
        let told: Value =
            told.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        result["ResultParameters"] = json!({ "ResultParameter": told });
        json!({ "Result": result })
    }
}
