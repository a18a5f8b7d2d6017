use super::*;
use crate::types::Msisdn;
use proptest::prelude::*;

fn asked() -> PayOut {
    PayOut {
        id: PayoutId::derived("a payout"),
        via: "daraja".to_owned(),
        to: Msisdn::from_e164("254712345678").expect("a number"),
        shillings: 850,
        again: false,
    }
}

/// A result of the payout with these parameters, as JSON.
fn result(code: &str, params: &str) -> String {
    format!(
        r#"{{"Result":{{"ResultType":0,"ResultCode":{code},"ResultDesc":"..","OriginatorConversationID":"{}",
        "ConversationID":"AG_1","TransactionID":"SG632NMUAB","ResultParameters":{{"ResultParameter":{params}}},
        "ReferenceData":{{"ReferenceItem":{{"Key":"QueueTimeoutURL","Value":"https://x"}}}}}}}}"#,
        reference(asked().id)
    )
}

const PARAMS: &str = r#"[{"Key":"TransactionAmount","Value":850},{"Key":"TransactionReceipt","Value":"SG632NMUAB"},
    {"Key":"ReceiverPartyPublicName","Value":"254712345678 - ACHIENG OTIENO"},
    {"Key":"TransactionCompletedDateTime","Value":"06.07.2024 22:48:52"},
    {"Key":"B2CUtilityAccountAvailableFunds","Value":8959269.6},
    {"Key":"B2CChargesPaidAccountAvailableFunds","Value":-1980.0}]"#;

fn told(body: &str) -> PayoutNews {
    of_result(body.as_bytes(), &asked()).expect("a result").news
}

fn is_unknown(news: &PayoutNews) -> bool {
    matches!(news, PayoutNews::Unknown { .. })
}

#[test]
fn our_name_for_a_payout_always_follows_from_it_and_fits_every_account_of_the_limit() {
    let name = reference(asked().id);
    assert_eq!(name, reference(asked().id));
    assert_ne!(name, reference(PayoutId::derived("another")));
    assert!(
        name.len() == 19 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)),
        "{name}"
    );
}

#[test]
fn a_result_is_believed_in_every_shape_in_which_it_is_written() {
    let paid = PayoutNews::Paid { reference: "SG632NMUAB".to_owned() };
    let alone = r#"{"Key":"TransactionAmount","Value":"850.00"}"#;
    let reversed = r#"[{"Key":"ReceiverPartyPublicName","Value":"0712345678 - ACHIENG"},{"Key":"TransactionAmount","Value":850.0}]"#;
    let masked = r#"[{"Key":"ReceiverPartyPublicName","Value":"2547****678 - A"},{"Key":"TransactionAmount","Value":850}]"#;
    for (code, params) in
        [("0", PARAMS), ("\"0\"", PARAMS), ("0", alone), ("0", reversed), ("\"00000000\"", masked)]
    {
        assert_eq!(told(&result(code, params)), paid, "{code} {params}");
    }
    let listed = result("0", PARAMS).replace(
        r#"{"Key":"QueueTimeoutURL","Value":"https://x"}"#,
        r#"[{"Key":"QueueTimeoutURL","Value":"https://x"},{"Key":"Occasion"}]"#,
    );
    assert_eq!(told(&listed), paid);
}

#[test]
fn done_over_another_sum_or_for_another_number_or_without_either_is_not_paid() {
    for params in [
        r#"[{"Key":"TransactionAmount","Value":85}]"#,
        r#"[{"Key":"TransactionAmount","Value":"850.005"}]"#,
        r#"[{"Key":"TransactionAmount","Value":850},{"Key":"ReceiverPartyPublicName","Value":"254799999999 - X"}]"#,
        r#"[{"Key":"TransactionReceipt","Value":"SG632NMUAB"}]"#,
        "[]",
        "null",
    ] {
        assert!(is_unknown(&told(&result("0", params))), "{params}");
    }
}

#[test]
fn a_result_of_another_payout_is_no_result_of_this_one() {
    let other = PayOut { id: PayoutId::derived("another"), ..asked() };
    assert!(of_result(result("0", PARAMS).as_bytes(), &other).is_err());
    let nameless = result("0", PARAMS).replace("OriginatorConversationID", "Originator");
    assert!(of_result(nameless.as_bytes(), &asked()).is_err());
    for body in ["", "{}", "[]", r#"{"Result":7}"#, r#"{"Body":{"stkCallback":{"ResultCode":0}}}"#] {
        assert!(of_result(body.as_bytes(), &asked()).is_err(), "{body}");
    }
}

#[test]
fn every_code_says_whether_it_failed_and_whose_fault_that_is() {
    use Fault::{Access, Credential, Float};
    for (code, why, fault) in [
        ("1", "no float, try later", Some(Float)),
        ("2", "amount too small", None),
        ("3", "amount too large", None),
        ("4", "limit of the day", None),
        ("8", "account is full", None),
        ("11", "declined", Some(Access)),
        ("21", "declined", Some(Credential)),
        ("2001", "declined", Some(Credential)),
        ("8006", "declined", Some(Credential)),
        ("2040", "no such user", None),
        ("\"SFC_IC0003\"", "no such user", None),
        ("25", "declined", None),
    ] {
        let told = of_result(result(code, "null").as_bytes(), &asked()).expect("a result");
        assert_eq!(told, Told { news: failed(why), fault }, "{code}");
    }
    for code in ["15", "17", "26", "100000000", "\"100000011\"", "100000100", "4711", "\"SFC_IC9999\""] {
        let told = of_result(result(code, "null").as_bytes(), &asked()).expect("a result");
        assert!(is_unknown(&told.news) && told.fault.is_none(), "{code} is to be asked about");
    }
    let more = result("0", PARAMS).replace(r#""ResultType":0"#, r#""ResultType":1"#);
    assert_eq!(told(&more), PayoutNews::Accepted, "more is to come");
}

#[test]
fn the_answer_to_a_request_proves_little() {
    let ack = |status, body: &str| to_request(status, body.as_bytes());
    let error = |code: &str| format!(r#"{{"requestId":"1-2","errorCode":"{code}","errorMessage":".."}}"#);
    for code in ["\"0\"", "0", "\"00000000\""] {
        let body =
            format!(r#"{{"ConversationID":"AG_2","OriginatorConversationID":"x","ResponseCode":{code}}}"#);
        assert_eq!(ack(200, &body), Ack::News(PayoutNews::Accepted), "{code}");
    }
    assert!(matches!(ack(400, &error("400.002.02")), Ack::Refused { .. }));
    assert!(matches!(ack(404, &error("404.001.01")), Ack::Ours { fault: Fault::Access, .. }));
    assert!(matches!(ack(500, &error("500.003.03")), Ack::Ours { fault: Fault::Access, .. }));
    assert!(matches!(ack(429, &error("500.003.02")), Ack::News(PayoutNews::NotTaken { .. })));
    for (status, body) in [
        (200, "{}".to_owned()),
        (200, r#"{"ResponseCode":"1"}"#.to_owned()),
        (200, "<html>".to_owned()),
        (500, error("500.002.1001")),
        (500, error("500.003.1001")),
        (400, error("400.999.99")),
        (503, String::new()),
        (404, "<html>".to_owned()),
        (302, error("400.002.02")),
    ] {
        let ack = ack(status, &body);
        assert!(matches!(&ack, Ack::News(news) if is_unknown(news)), "{status} {body}: {ack:?}");
    }
    assert!(is_stale(404, error("404.001.03").as_bytes()) && is_stale(401, error("401.002.01").as_bytes()));
    assert!(!is_stale(200, error("401.002.01").as_bytes()) && !is_stale(401, b""));
}

#[test]
fn the_answer_to_a_question_settles_a_payout_only_where_everything_fits() {
    let state = |code: &str, params: &str| {
        let body = result(code, params).replace(&reference(asked().id), "of the question");
        of_state(body.as_bytes(), &asked()).expect("an answer")
    };
    let params = |word: &str, amount: &str| {
        format!(
            r#"[{{"Key":"ReceiptNo","Value":"SG632NMUAB"}},{{"Key":"TransactionStatus","Value":"{word}"}},
            {{"Key":"Amount","Value":{amount}}},{{"Key":"CreditPartyName","Value":"254712345678 - ACHIENG"}}]"#
        )
    };
    let paid = PayoutNews::Paid { reference: "SG632NMUAB".to_owned() };
    assert_eq!(state("0", &params("Completed", "850.0")).news, paid);
    assert!(is_unknown(&state("0", &params("Completed", "85")).news));
    assert!(is_unknown(&state("0", &params("Abracadabra", "850")).news));
    assert_eq!(state("0", &params("Declined", "850")).news, failed("declined"));
    assert!(matches!(state("2033", "null").news, PayoutNews::NotTaken { .. }));
    let locked = state("8006", "null");
    assert!(is_unknown(&locked.news), "that we may not ask says nothing of the payout");
    assert_eq!(locked.fault, Some(Fault::Credential));
    for code in ["18", "20", "21", "22"] {
        let refused = state(code, "null");
        assert!(is_unknown(&refused.news) && refused.fault == Some(Fault::Question), "{code} holds nothing");
    }
    let other = r#"[{"Key":"OriginatorConversationID","Value":"another"},{"Key":"TransactionStatus","Value":"Completed"}]"#;
    assert!(of_state(result("0", other).as_bytes(), &asked()).is_err());
}

#[test]
fn the_float_is_read_from_results_and_from_balances() {
    assert_eq!(float_in(result("0", PARAMS).as_bytes()), Some(895_926_960));
    let balance = r#"{"Key":"AccountBalance","Value":"Working Account|KES|700000.00|700000.00|0.00|0.00&Utility Account|KES|228037.00|227037.50|1000.00|0.00&Charges Paid Account|KES|-1540.00|-1540.00|0.00|0.00"}"#;
    assert_eq!(float_in(result("0", balance).as_bytes()), Some(22_703_750));
    assert_eq!(float_in(result("0", "null").as_bytes()), None);
    assert_eq!(float_in(b"Utility Account|KES|1|1"), None);
}

#[test]
fn a_refused_password_is_heard_in_the_answer_about_the_balance_too() {
    let side = |code: &str| of_side(result(code, "null").as_bytes());
    assert_eq!(
        (side("0"), side("2001"), side("\"8006\"")),
        (None, Some(Fault::Credential), Some(Fault::Credential))
    );
    assert_eq!((side("21"), side("4711")), (Some(Fault::Question), Some(Fault::Question)));
    assert_eq!(of_side(b"{"), None);
}

proptest! {
    #[test]
    fn noise_is_never_a_result(status in 0u16..600, body in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(of_result(&body, &asked()).is_err());
        prop_assert!(of_state(&body, &asked()).is_err());
        let open = matches!(to_request(status, &body), Ack::News(PayoutNews::Unknown { .. }));
        prop_assert!(open, "{status}");
    }
}
