//! What Airtel Money says, and what that proves.

use crate::engine::port::{PayOut, PayoutNews};
use crate::money::proof::{Ack, Fault, Told, failed, fits, paid, quoted, text, unknown, why};
use crate::types::PayoutId;
use serde_json::Value;

/// The provider's code in an answer, such as `ESB000045` or `DP00900001001`: it stands under one key or
/// another from one version to the next, and beside an HTTP status under `code`.
fn code_of(body: &Value) -> Option<&str> {
    let status = &body["status"];
    ["response_code", "result_code", "code"].iter().find_map(|key| {
        let code = status[*key].as_str()?;
        (code.starts_with("ESB") || code.starts_with("DP")).then_some(code)
    })
}

/// What a code proves.
enum Meaning {
    Done,
    Taken,
    Refused(&'static str),
    Ours(Fault),
    Nothing,
}

/// The codes that are known in full; one of another version means nothing, so it is asked about.
fn meaning(code: &str) -> Meaning {
    match code {
        "DP00900001001" | "ESB000010" => Meaning::Done,
        "ESB000045" => Meaning::Taken,
        "ESB000011" => Meaning::Refused(why::NO_USER),
        "ESB000033" => Meaning::Refused(why::LARGE),
        "ESB000036" => Meaning::Refused(why::LIMIT),
        "ESB000008" => Meaning::Refused(why::DECLINED),
        "ESB000014" => Meaning::Ours(Fault::Float),
        "ESB000041" => Meaning::Ours(Fault::Credential),
        // ESB000001 any trouble, ESB000004 unavailable, ESB000039 timed out, and whatever is not
        // written anywhere.
        _ => Meaning::Nothing,
    }
}

/// What the answer to `POST /standard/v1/disbursements/` proves. A success says that it was taken; only
/// the answer to a question says that it was paid.
pub fn to_request(status: u16, body: &[u8]) -> Ack {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = code_of(&said).unwrap_or_default();
    let why = format!("status {status}: {}", quoted(code));
    match meaning(code) {
        Meaning::Done if status == 200 => Ack::News(PayoutNews::Accepted),
        // The first one arrived; what became of it is told on asking.
        Meaning::Taken => Ack::News(PayoutNews::Accepted),
        Meaning::Refused(why) if status < 500 => Ack::Refused { why: why.to_owned(), code: code.to_owned() },
        Meaning::Ours(fault) if status < 500 => Ack::Ours { fault, why },
        _ if matches!(status, 401 | 403) => Ack::Ours { fault: Fault::Access, why },
        _ if status == 429 => Ack::News(PayoutNews::NotTaken { why }),
        _ => Ack::News(unknown(why)),
    }
}

/// What the answer to `GET /standard/v1/disbursements/{id}` proves, held against what was asked.
pub fn to_status(status: u16, body: &[u8], asked: &PayOut, currency: &str) -> Told {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    if status == 404 && said["status"].is_object() {
        return PayoutNews::NotTaken { why: "Airtel does not know this id".to_owned() }.into();
    }
    if status != 200 {
        return unknown(format!("status {status}: proves nothing")).into();
    }
    let transaction = &said["data"]["transaction"];
    if transaction["id"].as_str() != Some(asked.id.to_string().as_str()) {
        return unknown("an answer about no payout, or another one than was asked").into();
    }
    match transaction["status"].as_str().unwrap_or_default() {
        "TS" => done(transaction, asked, currency).into(),
        "TF" => match code_of(&said).map(meaning) {
            Some(Meaning::Refused(why)) => failed(why).into(),
            Some(Meaning::Ours(Fault::Float)) => Told { news: failed(why::FLOAT), fault: Some(Fault::Float) },
            Some(Meaning::Ours(fault)) => Told { news: failed(why::DECLINED), fault: Some(fault) },
            _ => failed(why::DECLINED).into(),
        },
        "TIP" => PayoutNews::Accepted.into(),
        // TA is "ambiguous": it may yet be either.
        other => unknown(format!("state `{}`", quoted(other))).into(),
    }
}

/// Sum, currency and number are held against what was asked as far as they are told: not every version
/// of this answer repeats them.
fn done(transaction: &Value, asked: &PayOut, currency: &str) -> PayoutNews {
    let told = |key: &str| text(&transaction[key]);
    let amount = told("amount").unwrap_or_else(|| asked.shillings.to_string());
    let number = told("msisdn").or_else(|| text(&transaction["payee"]["msisdn"]));
    let said = told("currency");
    // Written with dots, such as CI210104.1549.C00029.
    let receipt = told("airtel_money_id").map(|id| id.replace('.', ""));
    fits(asked, Some(&amount), (said.as_deref(), currency), number.as_deref())
        .map_or_else(|news| news, |()| paid(receipt.as_deref()))
}

/// Which payout a callback is about.
pub fn of_callback(body: &[u8]) -> Option<PayoutId> {
    let said: Value = serde_json::from_slice(body).ok()?;
    said["transaction"]["id"].as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Msisdn;
    use proptest::prelude::*;

    fn asked() -> PayOut {
        PayOut {
            id: PayoutId::derived("a payout"),
            via: "airtel".to_owned(),
            to: Msisdn::from_e164("254733345678").expect("a number"),
            shillings: 850,
            again: false,
        }
    }

    fn ack(status: u16, code: &str) -> Ack {
        let body =
            format!(r#"{{"data":{{}},"status":{{"code":"200","response_code":"{code}","success":true}}}}"#);
        to_request(status, body.as_bytes())
    }

    fn state(letters: &str, code: &str) -> Told {
        let body = format!(
            r#"{{"data":{{"transaction":{{"id":"{}","airtel_money_id":"CI210104.1549.C00029","amount":850,
            "status":"{letters}"}}}},"status":{{"response_code":"{code}"}}}}"#,
            asked().id
        );
        to_status(200, body.as_bytes(), &asked(), "KES")
    }

    fn is_unknown(news: &PayoutNews) -> bool {
        matches!(news, PayoutNews::Unknown { .. })
    }

    #[test]
    fn a_success_and_a_repeated_id_both_mean_taken_and_neither_means_paid() {
        assert_eq!(ack(200, "DP00900001001"), Ack::News(PayoutNews::Accepted));
        assert_eq!(ack(400, "ESB000045"), Ack::News(PayoutNews::Accepted));
    }

    #[test]
    fn codes_say_whether_it_failed_and_whose_fault_that_is() {
        for code in ["ESB000011", "ESB000033", "ESB000036", "ESB000008"] {
            assert!(matches!(ack(400, code), Ack::Refused { .. }), "{code}");
        }
        assert!(matches!(ack(400, "ESB000014"), Ack::Ours { fault: Fault::Float, .. }));
        assert!(matches!(ack(400, "ESB000041"), Ack::Ours { fault: Fault::Credential, .. }));
        assert!(matches!(ack(403, "x"), Ack::Ours { fault: Fault::Access, .. }));
        for (status, code) in [
            (200, "ESB000001"),
            (503, "ESB000004"),
            (200, "ESB000039"),
            (200, ""),
            (400, "x"),
            (500, "ESB000008"),
        ] {
            let ack = ack(status, code);
            assert!(matches!(&ack, Ack::News(news) if is_unknown(news)), "{status} {code}: {ack:?}");
        }
    }

    #[test]
    fn four_states_say_four_things() {
        assert_eq!(state("TS", "").news, PayoutNews::Paid { reference: "CI2101041549C00029".to_owned() });
        assert_eq!(state("TF", "ESB000011").news, failed("no such user"));
        assert_eq!(state("TF", "ESB000014").fault, Some(Fault::Float));
        assert_eq!(state("TF", "").news, failed("declined"));
        assert_eq!(state("TIP", "").news, PayoutNews::Accepted);
        assert!(is_unknown(&state("TA", "").news), "ambiguous is no failure");
        assert!(is_unknown(&state("T?", "").news));
    }

    #[test]
    fn done_over_another_sum_or_of_another_payout_is_not_paid() {
        let other = |was: &PayOut| {
            let body = format!(
                r#"{{"data":{{"transaction":{{"id":"{}","airtel_money_id":"A1","amount":"85","status":"TS"}}}}}}"#,
                was.id
            );
            to_status(200, body.as_bytes(), &asked(), "KES").news
        };
        assert!(is_unknown(&other(&asked())));
        for more in [r#""currency":"UGX""#, r#""msisdn":"733345679""#, r#""payee":{"msisdn":"254733345679"}"#]
        {
            let body = format!(
                r#"{{"data":{{"transaction":{{"id":"{}","airtel_money_id":"A1","amount":850,"status":"TS",{more}}}}}}}"#,
                asked().id
            );
            assert!(is_unknown(&to_status(200, body.as_bytes(), &asked(), "KES").news), "{more}");
        }
        assert!(is_unknown(&other(&PayOut { id: PayoutId::derived("another"), ..asked() })));
        let missing = to_status(404, br#"{"status":{"code":"404"}}"#, &asked(), "KES").news;
        assert!(matches!(missing, PayoutNews::NotTaken { .. }));
        assert!(is_unknown(&to_status(404, b"<html>", &asked(), "KES").news));
    }

    #[test]
    fn a_callback_only_names_a_payout() {
        let body = format!(r#"{{"transaction":{{"id":"{}","status_code":"TS"}}}}"#, asked().id);
        assert_eq!(of_callback(body.as_bytes()), Some(asked().id));
        for body in ["", "{}", r#"{"transaction":{"id":"7"}}"#, "[]"] {
            assert_eq!(of_callback(body.as_bytes()), None, "{body}");
        }
    }

    proptest! {
        #[test]
        fn noise_proves_nothing(status in 0u16..600, body in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assume!(!matches!(status, 401 | 403 | 429));
            let open = matches!(to_request(status, &body), Ack::News(PayoutNews::Unknown { .. }));
            prop_assert!(open, "{status}");
            prop_assert!(is_unknown(&to_status(status, &body, &asked(), "KES").news));
        }
    }
}
