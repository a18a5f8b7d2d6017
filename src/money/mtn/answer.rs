//! What MTN MoMo says, and what that proves.

use crate::engine::port::{NameNews, PayOut, PayoutNews};
use crate::money::proof::{Ack, Fault, Told, failed, fits, paid, quoted, text, unknown, why};
use crate::types::PayoutId;
use serde::Deserialize;
use serde_json::Value;

/// Our name for a payout, as `X-Reference-Id`: a UUID of version 4, which always follows from the
/// payout's id, so it is known before anything is sent and after every restart.
pub fn reference(id: PayoutId) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest([b"mtn/".as_slice(), id.as_bytes()].concat());
    let mut octets = [0; 16];
    octets.copy_from_slice(&digest[..16]);
    uuid::Builder::from_random_bytes(octets).into_uuid().to_string()
}

#[derive(Deserialize)]
struct ErrorObject {
    code: String,
}

/// What the answer to `POST /disbursement/v1_0/transfer` proves.
pub fn to_request(status: u16, body: &[u8]) -> Ack {
    let said = serde_json::from_slice::<ErrorObject>(body).map(|error| error.code);
    let code = said.as_deref().unwrap_or_default();
    let why = format!("status {status}: {}", quoted(code));
    match (status, code) {
        (202, _) => Ack::News(PayoutNews::Accepted),
        // The first one arrived; what became of it is told on asking.
        (409, "RESOURCE_ALREADY_EXIST") => Ack::News(PayoutNews::Accepted),
        (400.., _) if is_our_fault(code) => Ack::Ours { fault: Fault::Access, why },
        (400.., "NOT_ENOUGH_FUNDS" | "PAYER_LIMIT_REACHED") => Ack::Ours { fault: Fault::Float, why },
        (401 | 403, _) => Ack::Ours { fault: Fault::Access, why },
        (429, _) => Ack::News(PayoutNews::NotTaken { why }),
        (400 | 404, "PAYEE_NOT_FOUND") => {
            Ack::Refused { why: why::NO_USER.to_owned(), code: code.to_owned() }
        }
        (400, _) if said.is_ok() => Ack::Refused { why: why::DECLINED.to_owned(), code: code.to_owned() },
        _ => Ack::News(unknown(why)),
    }
}

/// The transfer, as it stands in an answer and in a callback.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transfer {
    amount: Option<Value>,
    currency: Option<String>,
    payee: Option<Payee>,
    external_id: Option<String>,
    status: Option<String>,
    financial_transaction_id: Option<Value>,
    /// A word, or an object with a `code`.
    reason: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payee {
    party_id: Option<String>,
}

/// What the answer to `GET /disbursement/v1_0/transfer/{reference}` proves, held against what was
/// asked. An id that is not known is no failure: the request may be on its way still.
pub fn to_status(status: u16, body: &[u8], asked: &PayOut, currency: &str) -> Told {
    if status == 404 {
        return match serde_json::from_slice::<ErrorObject>(body) {
            Ok(error) if error.code == "RESOURCE_NOT_FOUND" => {
                PayoutNews::NotTaken { why: "MTN does not know this reference".to_owned() }.into()
            }
            _ => unknown("status 404, but not from MTN").into(),
        };
    }
    let Some(transfer) = serde_json::from_slice::<Transfer>(body).ok().filter(|_| status == 200) else {
        return unknown(format!("status {status}: proves nothing")).into();
    };
    match transfer.status.as_deref().unwrap_or_default() {
        "PENDING" | "ONGOING" | "DELAYED" => PayoutNews::Accepted.into(),
        "SUCCESSFUL" => done(&transfer, asked, currency).into(),
        "FAILED" | "REJECTED" | "EXPIRED" => of_reason(&transfer.reason()),
        other => unknown(format!("an unheard-of state `{}`", quoted(other))).into(),
    }
}

fn done(transfer: &Transfer, asked: &PayOut, currency: &str) -> PayoutNews {
    if transfer.external_id.as_deref() != Some(asked.id.to_string().as_str()) {
        return unknown("successful, but of another payout than was asked");
    }
    let amount = transfer.amount.as_ref().and_then(text);
    let payee = transfer.payee.as_ref().and_then(|payee| payee.party_id.as_deref());
    let receipt = transfer.financial_transaction_id.as_ref().and_then(text);
    fits(asked, amount.as_deref(), (transfer.currency.as_deref(), currency), payee)
        .map_or_else(|news| news, |()| paid(receipt.as_deref()))
}

fn of_reason(reason: &str) -> Told {
    match reason {
        // These say that it is not over.
        "ONGOING" | "DELAYED" | "PENDING" => PayoutNews::Accepted.into(),
        "PAYEE_NOT_FOUND" => failed(why::NO_USER).into(),
        "NOT_ENOUGH_FUNDS" | "PAYER_LIMIT_REACHED" => {
            Told { news: failed(why::FLOAT), fault: Some(Fault::Float) }
        }
        ours if is_our_fault(ours) => Told { news: failed(why::DECLINED), fault: Some(Fault::Access) },
        _ => failed(why::DECLINED).into(),
    }
}

/// Words for something that only we can mend.
fn is_our_fault(code: &str) -> bool {
    matches!(
        code,
        "NOT_ALLOWED"
            | "NOT_ALLOWED_TARGET_ENVIRONMENT"
            | "INVALID_CALLBACK_URL_HOST"
            | "INVALID_CURRENCY"
            | "TRANSFER_TYPE_UNKNOWN"
    )
}

/// Which payout a callback is about.
pub fn of_callback(body: &[u8]) -> Option<PayoutId> {
    serde_json::from_slice::<Transfer>(body).ok()?.external_id?.parse().ok()
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Person {
    name: String,
    given_name: String,
    family_name: String,
}

/// By what name a number is known.
pub fn to_name(status: u16, body: &[u8]) -> NameNews {
    match status {
        200 => {
            let Person { name, given_name, family_name } = serde_json::from_slice(body).unwrap_or_default();
            let whole = if name.trim().is_empty() { format!("{given_name} {family_name}") } else { name };
            match whole.trim() {
                "" => NameNews::Untold,
                whole => NameNews::Named(whole.to_owned()),
            }
        }
        429 | 500..=599 => NameNews::Later,
        _ => NameNews::Untold,
    }
}

impl Transfer {
    fn reason(&self) -> String {
        let reason = self.reason.as_ref();
        reason.and_then(|reason| text(reason).or(text(&reason["code"]))).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Msisdn;
    use proptest::prelude::*;

    fn asked() -> PayOut {
        PayOut {
            id: PayoutId::derived("a payout"),
            via: "mtn".to_owned(),
            to: Msisdn::from_e164("256772345678").expect("a number"),
            shillings: 850,
            again: false,
        }
    }

    fn body(status: &str, reason: &str) -> String {
        format!(
            r#"{{"amount":"850","currency":"EUR","financialTransactionId":"363440463","externalId":"{}",
            "payee":{{"partyIdType":"MSISDN","partyId":"256772345678"}},"status":"{status}","reason":{reason}}}"#,
            asked().id
        )
    }

    fn state(status: &str, reason: &str) -> Told {
        to_status(200, body(status, reason).as_bytes(), &asked(), "EUR")
    }

    fn is_unknown(news: &PayoutNews) -> bool {
        matches!(news, PayoutNews::Unknown { .. })
    }

    #[test]
    fn our_reference_always_follows_from_the_payout_and_is_a_uuid_of_version_four() {
        let name = reference(asked().id);
        assert_eq!(name, reference(asked().id));
        assert_ne!(name, reference(PayoutId::derived("another")));
        assert_eq!(uuid::Uuid::parse_str(&name).expect("a UUID").get_version_num(), 4);
    }

    #[test]
    fn a_repeated_reference_means_that_the_first_one_arrived() {
        let ack = |status, code: &str| to_request(status, format!(r#"{{"code":"{code}"}}"#).as_bytes());
        assert_eq!(to_request(202, b""), Ack::News(PayoutNews::Accepted));
        assert_eq!(ack(409, "RESOURCE_ALREADY_EXIST"), Ack::News(PayoutNews::Accepted));
        assert!(matches!(ack(400, "PAYEE_NOT_FOUND"), Ack::Refused { .. }));
        for (status, code) in [(500, "NOT_ALLOWED"), (500, "INVALID_CURRENCY"), (401, "x"), (403, "x")] {
            assert!(matches!(ack(status, code), Ack::Ours { fault: Fault::Access, .. }), "{status} {code}");
        }
        assert!(matches!(ack(500, "NOT_ENOUGH_FUNDS"), Ack::Ours { fault: Fault::Float, .. }));
        for (status, body) in [(200, ""), (400, "<html>"), (409, "<html>"), (500, "{}"), (503, ""), (404, "")]
        {
            let ack = to_request(status, body.as_bytes());
            assert!(matches!(&ack, Ack::News(news) if is_unknown(news)), "{status} {body}: {ack:?}");
        }
    }

    #[test]
    fn only_successful_over_our_sum_and_with_our_id_is_paid() {
        let paid = PayoutNews::Paid { reference: "363440463".to_owned() };
        assert_eq!(state("SUCCESSFUL", "null").news, paid);
        let told = |body: String| to_status(200, body.as_bytes(), &asked(), "EUR").news;
        let good = body("SUCCESSFUL", "null");
        assert_eq!(told(good.replace(r#""363440463""#, "363440463")), paid);
        for bad in [
            good.replace(r#""850""#, r#""85""#),
            good.replace(&asked().id.to_string(), "7"),
            good.replace("EUR", "UGX"),
            good.replace("256772345678", "256772345679"),
            good.replace("363440463", "<b>"),
            good.replace("SUCCESSFUL", "DONE"),
        ] {
            assert!(is_unknown(&told(bad.clone())), "{bad}");
        }
    }

    #[test]
    fn reasons_say_whose_fault_it_is_and_some_that_it_is_not_over() {
        for (reason, why, fault) in [
            (r#""PAYEE_NOT_FOUND""#, "no such user", None),
            (r#"{"code":"PAYEE_NOT_FOUND","message":"x"}"#, "no such user", None),
            (r#""NOT_ENOUGH_FUNDS""#, "no float, try later", Some(Fault::Float)),
            (r#""INVALID_CURRENCY""#, "declined", Some(Fault::Access)),
            (r#""INTERNAL_PROCESSING_ERROR""#, "declined", None),
            ("null", "declined", None),
        ] {
            assert_eq!(state("FAILED", reason), Told { news: failed(why), fault }, "{reason}");
        }
        for reason in ["ONGOING", "DELAYED", "PENDING"] {
            assert_eq!(state("FAILED", &format!("\"{reason}\"")).news, PayoutNews::Accepted);
        }
        assert_eq!(state("PENDING", "null").news, PayoutNews::Accepted);
        let missing = to_status(404, br#"{"code":"RESOURCE_NOT_FOUND"}"#, &asked(), "EUR").news;
        assert!(matches!(missing, PayoutNews::NotTaken { .. }));
        assert!(is_unknown(&to_status(404, b"<html>", &asked(), "EUR").news));
    }

    #[test]
    fn a_callback_only_names_a_payout() {
        assert_eq!(of_callback(body("SUCCESSFUL", "null").as_bytes()), Some(asked().id));
        for body in ["", "{}", r#"{"externalId":"7"}"#, "[]"] {
            assert_eq!(of_callback(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn a_name_is_whole_or_put_together() {
        let name = |body: &str| to_name(200, body.as_bytes());
        assert_eq!(name(r#"{"name":"Ada Okello"}"#), NameNews::Named("Ada Okello".into()));
        assert_eq!(
            name(r#"{"given_name":"Ada","family_name":"Okello"}"#),
            NameNews::Named("Ada Okello".into())
        );
        assert_eq!(name("{}"), NameNews::Untold);
        assert_eq!(to_name(503, b""), NameNews::Later);
    }

    proptest! {
        #[test]
        fn noise_proves_nothing(status in 203u16..600, body in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assume!(!matches!(status, 401 | 403 | 429));
            let open = matches!(to_request(status, &body), Ack::News(PayoutNews::Unknown { .. }));
            prop_assert!(open, "{status}");
            let told = to_status(status, &body, &asked(), "EUR");
            prop_assert!(is_unknown(&told.news));
        }
    }
}
