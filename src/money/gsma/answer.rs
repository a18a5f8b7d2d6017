//! What an answer of the mobile-money provider proves.
//!
//! The words are those of the GSMA Mobile Money API (harmonised, 1.2): `transactionStatus`, the
//! error object with `errorCategory` and `errorCode`. The rule throughout: *failed* and *paid* are
//! said only on the provider's own word about this very id; everything else stays open.

use crate::engine::port::{NameNews, PayOut, PayoutNews};
pub use crate::money::proof::Ack;
use crate::money::proof::{Fault, Told, failed, fits, paid, quoted, text, unknown, why};
use serde::Deserialize;
use serde_json::Value;

/// The transaction object, as it comes in a status answer and in a callback.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transaction {
    transaction_status: String,
    transaction_reference: Option<String>,
    requesting_organisation_transaction_reference: Option<String>,
    error: Option<ErrorObject>,
    amount: Option<Value>,
    currency: Option<String>,
    #[serde(default)]
    credit_party: Vec<Party>,
}

#[derive(Debug, Deserialize)]
struct Party {
    key: String,
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorObject {
    error_category: String,
    error_code: String,
}

/// The account holder's name; providers fill in all of it, or its parts.
#[derive(Debug, Deserialize)]
struct AccountName {
    name: PersonName,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PersonName {
    full_name: Option<String>,
    first_name: Option<String>,
    middle_name: Option<String>,
    last_name: Option<String>,
}

/// What the answer to `GET /accounts/msisdn/{number}/accountname` says. A provider that knows no such
/// path, or no such account, has nothing to say.
pub fn to_name(status: u16, body: &[u8]) -> NameNews {
    match status {
        200 => match serde_json::from_slice::<AccountName>(body) {
            Ok(AccountName { name }) => {
                let parts = [name.first_name, name.middle_name, name.last_name];
                let whole = name.full_name.filter(|whole| !whole.trim().is_empty());
                let whole =
                    whole.unwrap_or_else(|| parts.into_iter().flatten().collect::<Vec<_>>().join(" "));
                if whole.trim().is_empty() { NameNews::Untold } else { NameNews::Named(whole) }
            }
            Err(_) => NameNews::Untold,
        },
        // Too many at once, or out of order for a while.
        429 | 500..=599 => NameNews::Later,
        _ => NameNews::Untold,
    }
}

/// What the answer to `POST /transactions` proves.
pub fn to_request(status: u16, body: &[u8], asked: &PayOut) -> Ack {
    let unknown = |what: &str| Ack::News(PayoutNews::Unknown { why: format!("status {status}: {what}") });
    match status {
        202 => Ack::News(PayoutNews::Accepted),
        200 | 201 => match serde_json::from_slice(body) {
            Ok(transaction) => match says(&transaction, asked) {
                // It failed for a fault of ours: her money may go later.
                Told { fault: Some(fault), .. } => {
                    Ack::Ours { fault, why: format!("status {status}: failed, and the fault is ours") }
                }
                Told { news, fault: None } => Ack::News(news),
            },
            Err(_) => unknown("not a transaction"),
        },
        400..=499 => match serde_json::from_slice(body) {
            Ok(error) => of_refusal(status, &error),
            // A proxy in between speaks like this; what stands behind it may have taken the request.
            Err(_) => unknown("not an error object of the provider"),
        },
        _ => unknown("proves nothing"),
    }
}

fn of_refusal(status: u16, error: &ErrorObject) -> Ack {
    let code = error.error_code.as_str();
    let not_taken = || Ack::News(PayoutNews::NotTaken { why: format!("status {status}: {code}") });
    match (error.error_category.as_str(), code) {
        // The first one arrived; what became of it is told by callback or on asking.
        (_, "duplicateRequest") => Ack::News(PayoutNews::Accepted),
        // The fault is ours or of the hour, not of the person who waits: her money may go later.
        (_, "insufficientFunds") => {
            Ack::Ours { fault: Fault::Float, why: format!("status {status}: {code}") }
        }
        (_, "rateLimitError") | ("authorisation" | "serviceUnavailable", _) => not_taken(),
        ("businessRule" | "validation" | "identification", _) if status != 408 => {
            Ack::Refused { why: in_words(code).to_owned(), code: code.to_owned() }
        }
        _ => Ack::News(PayoutNews::Unknown { why: format!("status {status}: {code}") }),
    }
}

/// What the answer to `GET /transactions/{id}` proves. An id that the provider does not know is
/// not a failure: the request may be on its way still.
pub fn to_status(status: u16, body: &[u8], asked: &PayOut) -> Told {
    let news = match status {
        200 => match serde_json::from_slice::<Transaction>(body) {
            Ok(transaction) => return says(&transaction, asked),
            Err(_) => PayoutNews::Unknown { why: "status 200: not a transaction".into() },
        },
        404 => match serde_json::from_slice::<ErrorObject>(body) {
            Ok(error) if error.error_code == "identifierError" => {
                PayoutNews::NotTaken { why: "the provider does not know this id".into() }
            }
            _ => PayoutNews::Unknown { why: "status 404, but not from the provider".into() },
        },
        _ => PayoutNews::Unknown { why: format!("status {status}: proves nothing") },
    };
    news.into()
}

/// Our id of the payout in a callback, as text.
///
/// # Errors
/// What is wrong with it.
pub fn of_callback(body: &[u8]) -> Result<String, String> {
    let transaction: Transaction = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    let id = transaction.requesting_organisation_transaction_reference;
    id.ok_or_else(|| "missing field `requestingOrganisationTransactionReference`".to_owned())
}

/// What a callback proves, held against what was asked.
///
/// # Errors
/// What is wrong with it.
pub fn of_transaction(body: &[u8], asked: &PayOut) -> Result<Told, String> {
    Ok(says(&serde_json::from_slice(body).map_err(|e| e.to_string())?, asked))
}

fn says(transaction: &Transaction, asked: &PayOut) -> Told {
    let code = transaction.error.as_ref().map_or("none", |e| e.error_code.as_str());
    let news = match transaction.transaction_status.as_str() {
        "completed" => {
            let party = transaction.credit_party.iter().find(|party| party.key == "msisdn");
            let amount = transaction.amount.as_ref().and_then(text);
            let currency = (transaction.currency.as_deref(), "KES");
            fits(asked, amount.as_deref(), currency, party.map(|party| party.value.as_str()))
                .map_or_else(|news| news, |()| paid(transaction.transaction_reference.as_deref()))
        }
        // Words of the API that speak of a request, not of the transfer, prove no failure.
        "failed" if matches!(code, "duplicateRequest" | "genericError") => unknown(format!("failed: {code}")),
        "failed" => failed(in_words(code)),
        "reversed" => PayoutNews::Reversed { why: "taken back".to_owned() },
        "pending" => PayoutNews::Accepted,
        other => unknown(format!("an unheard-of state `{}`", quoted(other))),
    };
    let is_short = code == "insufficientFunds" && matches!(news, PayoutNews::Failed { .. });
    Told { news, fault: is_short.then_some(Fault::Float) }
}

/// An error code in at most twenty characters, for the person whose money did not go.
fn in_words(code: &str) -> &'static str {
    match code {
        "identifierError" => why::NO_USER,
        "maxBalanceExceeded" => why::FULL,
        "dailyValueLimitExceeded" | "dailyVolumeLimitExceeded" => "limit of the day",
        "weeklyValueLimitExceeded" | "weeklyVolumeLimitExceeded" => "limit of the week",
        "monthlyValueLimitExceeded" | "monthlyVolumeLimitExceeded" => "limit of the month",
        "lessThanTransactionMinValue" => "amount too small",
        "greaterThanTransactionMaxValue" => "amount too large",
        "insufficientFunds" => "no float, try later",
        _ => "declined",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Msisdn, PayoutId};
    use proptest::prelude::*;

    fn asked() -> PayOut {
        PayOut {
            id: PayoutId::derived("a payout"),
            via: "mpesa".to_owned(),
            to: Msisdn::from_e164("254712345678").expect("a number"),
            shillings: 850,
            again: false,
        }
    }

    fn error(category: &str, code: &str) -> Vec<u8> {
        format!(r#"{{"errorCategory":"{category}","errorCode":"{code}"}}"#).into_bytes()
    }

    #[test]
    fn a_duplicate_means_that_the_first_one_arrived() {
        let ack = to_request(409, &error("businessRule", "duplicateRequest"), &asked());
        assert_eq!(ack, Ack::News(PayoutNews::Accepted));
    }

    #[test]
    fn our_own_trouble_and_an_empty_float_are_not_her_failure() {
        let ack = to_request(400, &error("businessRule", "insufficientFunds"), &asked());
        assert!(matches!(ack, Ack::Ours { fault: Fault::Float, .. }), "{ack:?}");
        let failed = br#"{"transactionStatus":"failed","error":{"errorCategory":"businessRule","errorCode":"insufficientFunds"}}"#;
        assert_eq!(to_status(200, failed, &asked()).fault, Some(Fault::Float), "and so are those after it");
        let ack = to_request(200, failed, &asked());
        assert!(matches!(ack, Ack::Ours { fault: Fault::Float, .. }), "in the direct answer too: {ack:?}");
        for (status, category, code) in
            [(401, "authorisation", "clientAuthorisationError"), (429, "businessRule", "rateLimitError")]
        {
            let ack = to_request(status, &error(category, code), &asked());
            assert!(matches!(ack, Ack::News(PayoutNews::NotTaken { .. })), "{code}: {ack:?}");
        }
    }

    #[test]
    fn a_page_of_a_proxy_proves_nothing_whatever_its_status() {
        for status in [200, 400, 403, 404, 408, 429, 500, 502, 503, 504] {
            let ack = to_request(status, b"<html>go away</html>", &asked());
            assert!(matches!(ack, Ack::News(PayoutNews::Unknown { .. })), "{status}: {ack:?}");
            let news = to_status(status, b"<html>go away</html>", &asked()).news;
            assert!(matches!(news, PayoutNews::Unknown { .. }), "{status}: {news:?}");
        }
    }

    #[test]
    fn completed_over_another_sum_in_another_currency_or_for_another_number_is_not_paid() {
        let good = format!(
            r#"{{"requestingOrganisationTransactionReference":"{}","transactionStatus":"completed",
            "transactionReference":"SJK3ABCDEF","amount":"850","currency":"KES",
            "creditParty":[{{"key":"accountid","value":"7"}},{{"key":"msisdn","value":"254712345678"}}]}}"#,
            asked().id
        );
        let news = |body: &str| of_transaction(body.as_bytes(), &asked()).expect("a transaction").news;
        let paid = PayoutNews::Paid { reference: "SJK3ABCDEF".to_owned() };
        assert_eq!(news(&good), paid);
        assert_eq!(news(&good.replace("\"254712", "\"+254712")), paid);
        assert_eq!(to_status(200, good.as_bytes(), &asked()).news, paid, "asked, the provider says the same");
        for (is, other) in
            [("\"850\"", "\"85\""), ("KES", "UGX"), ("254712345678", "254712345679"), ("amount", "sum")]
        {
            let news = news(&good.replace(is, other));
            assert!(matches!(news, PayoutNews::Unknown { .. }), "{other}: {news:?}");
        }
    }

    #[test]
    fn a_reason_fits_the_text_it_goes_into() {
        for code in ["identifierError", "monthlyValueLimitExceeded", "insufficientFunds", "something else"] {
            assert!(in_words(code).len() <= 20, "{code}");
        }
    }

    #[test]
    fn a_callback_without_our_id_or_with_half_a_body_is_malformed() {
        assert!(of_callback(br#"{"transactionStatus":"completed","transactionReference":"A1"}"#).is_err());
        assert!(of_callback(b"{\"transactionSta").is_err());
        assert!(of_callback(b"").is_err());
    }

    proptest! {
        #[test]
        fn no_answer_beyond_the_four_hundreds_is_ever_a_failure_or_a_payment(
            status in 500u16..600, body in proptest::collection::vec(any::<u8>(), 0..64),
        ) {
            let open = matches!(to_request(status, &body, &asked()), Ack::News(PayoutNews::Unknown { .. }));
            prop_assert!(open);
            let open = matches!(to_status(status, &body, &asked()).news, PayoutNews::Unknown { .. });
            prop_assert!(open);
        }

        #[test]
        fn noise_is_never_a_result(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(of_callback(&body).is_err());
        }
    }
}
