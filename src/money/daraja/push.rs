//! Asking somebody on her phone to pay us: M-Pesa Express, or STK push.
//!
//! A request has no id of ours, so it is made once; the address of its result names it. What is posted there
//! is signed by nobody: that she paid is asked about before it is believed, unless it comes from a listed
//! address.

use super::answer::is_zero;
use crate::engine::prompt::{PromptNews, Prompted, why};
use crate::money::proof::{cents, is_someone_else, quoted, text};
use crate::types::Timestamp;
use crate::types::time::NAIROBI;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::PathBuf;

/// The table `[money.daraja.push]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushSettings {
    /// The short code that people pay to: of the pay bill, or of the till's store.
    pub short_code: String,
    /// A file with the passkey that Safaricom gave for it.
    pub passkey_file: PathBuf,
    /// The till's number, where it is a till: `CustomerBuyGoodsOnline`.
    #[serde(default)]
    pub till: Option<String>,
    /// What she sees as the account that she pays for: at most twelve letters.
    #[serde(default = "account")]
    pub account: String,
}

fn account() -> String {
    "Sokoni loan".to_owned()
}

impl PushSettings {
    /// Whether one can live with it.
    ///
    /// # Errors
    /// What is wrong, and the remedy.
    pub fn check(&self) -> Result<(), String> {
        let digits = |text: &str| (5..=7).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(&self.short_code) {
            return Err(format!(
                "push.short_code {:?}: write the five to seven digits of it",
                self.short_code
            ));
        }
        if let Some(till) = self.till.as_ref().filter(|till| !digits(till)) {
            return Err(format!("push.till {till:?}: write the five to seven digits of it"));
        }
        let plain = self.account.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ');
        match plain && (1..=12).contains(&self.account.len()) {
            true => Ok(()),
            false => Err(format!("push.account {:?}: at most twelve plain letters", self.account)),
        }
    }

    /// The request that has her asked, its result to be posted to `address`.
    pub(super) fn request(&self, passkey: &str, ask: &Prompted, address: &str) -> Value {
        let (kind, to) = match &self.till {
            Some(till) => ("CustomerBuyGoodsOnline", till),
            None => ("CustomerPayBillOnline", &self.short_code),
        };
        let stamp = stamp(ask.at);
        json!({
            "BusinessShortCode": self.short_code,
            "Password": self.password(passkey, &stamp),
            "Timestamp": stamp,
            "TransactionType": kind,
            "Amount": ask.shillings,
            "PartyA": ask.from.to_string(),
            "PartyB": to,
            "PhoneNumber": ask.from.to_string(),
            "CallBackURL": address,
            "AccountReference": self.account,
            "TransactionDesc": "Loan payment",
        })
    }

    /// The question what came of it.
    pub(super) fn question(&self, passkey: &str, checkout: &str, at: Timestamp) -> Value {
        let stamp = stamp(at);
        json!({
            "BusinessShortCode": self.short_code,
            "Password": self.password(passkey, &stamp),
            "Timestamp": stamp,
            "CheckoutRequestID": checkout,
        })
    }

    fn password(&self, passkey: &str, stamp: &str) -> String {
        BASE64_STANDARD.encode(format!("{}{passkey}{stamp}", self.short_code))
    }
}

/// A moment in Nairobi as `20261231235959`.
fn stamp(at: Timestamp) -> String {
    let (year, month, day) = at.civil(NAIROBI);
    let second = (at.millis().div_euclid(1_000) + i64::from(NAIROBI) * 60).rem_euclid(86_400);
    format!("{year:04}{month:02}{day:02}{:02}{:02}{:02}", second / 3_600, second / 60 % 60, second % 60)
}

fn failed(why: &str) -> PromptNews {
    PromptNews::Failed { why: why.to_owned() }
}

fn open(why: String) -> PromptNews {
    PromptNews::Open { why }
}

/// One code of theirs says several things: which of them the message tells.
const MANY: &str = "500.001.1001";

/// What an error says, beside that there is one.
enum Said {
    /// Somebody else has her phone.
    Busy,
    /// Short code and passkey do not fit together, or may not do this.
    Ours,
    /// That it is too much at once, before anybody looked at it.
    Later,
    /// It does not take what was asked.
    Refused,
    /// Nothing that proves anything.
    Nothing,
}

fn said(status: u16, body: &Value) -> Said {
    let (code, message) = (text(&body["errorCode"]), text(&body["errorMessage"]).unwrap_or_default());
    let message = message.to_ascii_lowercase();
    let tells = |words: [&str; 2]| words.iter().any(|word| message.contains(word));
    match (status, code.as_deref()) {
        (429, _) => Said::Later,
        (500, Some(MANY)) if tells(["lock subscriber", "already in process"]) => Said::Busy,
        (500, Some(MANY)) if tells(["credential", "merchant"]) => Said::Ours,
        (400..=499, Some(_)) => Said::Refused,
        _ => Said::Nothing,
    }
}

fn complain(body: &Value) {
    let of = |name: &str| quoted(&text(&body[name]).unwrap_or_default());
    tracing::error!(
        code = of("errorCode"),
        message = of("errorMessage"),
        "ALARM: a provider does not take a request to be paid; compare [money.daraja.push] with the portal"
    );
}

/// What the answer to the request proves.
pub fn to_request(status: u16, body: &[u8]) -> PromptNews {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    if let (200, Some(code)) = (status, text(&body["ResponseCode"]))
        && is_zero(&code)
    {
        return match text(&body["CheckoutRequestID"]).filter(|id| is_name(id)) {
            Some(checkout) => PromptNews::Shown { checkout },
            None => open("taken, but without a CheckoutRequestID".to_owned()),
        };
    }
    match said(status, &body) {
        Said::Busy => failed(why::BUSY),
        Said::Later => PromptNews::Held { why: format!("status {status}: too many at once") },
        Said::Ours | Said::Refused => {
            complain(&body);
            failed(why::DECLINED)
        }
        Said::Nothing => open(format!("status {status} proves nothing")),
    }
}

/// What the answer to the question proves, held against what was asked as far as it tells that. Where it
/// tells no receipt, the request's own name stands for it.
pub fn to_question(status: u16, body: &[u8], asked: &Prompted, checkout: &str) -> PromptNews {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let told = text(&body["CheckoutRequestID"]);
    match text(&body["ResultCode"]) {
        Some(code) if status == 200 && told.as_deref() == Some(checkout) => of_code(&code, || {
            let receipt = item(&body, "MpesaReceiptNumber").filter(|receipt| is_name(receipt));
            if let Some(why) = is_odd(&body, asked, false) {
                return PromptNews::Odd { why, checkout: Some(checkout.to_owned()), receipt };
            }
            let receipt = receipt.unwrap_or_else(|| checkout.to_owned());
            PromptNews::Paid { receipt, checkout: checkout.to_owned() }
        }),
        _ => {
            if matches!(said(status, &body), Said::Ours) {
                complain(&body);
            }
            open(format!("status {status} to the question"))
        }
    }
}

/// What was posted about a prompt, held against what was asked; with it the provider's name for it.
///
/// # Errors
/// It is no result, or one of something else.
pub fn of_result(body: &[u8], asked: &Prompted) -> Result<(PromptNews, String), String> {
    let body: Value = serde_json::from_slice(body).map_err(|why| why.to_string())?;
    let told = &body["Body"]["stkCallback"];
    let code = text(&told["ResultCode"]).ok_or("it has no stkCallback with a ResultCode")?;
    let checkout = text(&told["CheckoutRequestID"]).filter(|id| is_name(id)).ok_or("it names no request")?;
    if asked.checkout.as_ref().is_some_and(|ours| *ours != checkout) {
        return Err("its CheckoutRequestID is of another request".to_owned());
    }
    let paid = || {
        let receipt = item(told, "MpesaReceiptNumber").filter(|receipt| is_name(receipt));
        match (is_odd(told, asked, true), receipt) {
            (None, Some(receipt)) => PromptNews::Paid { receipt, checkout: checkout.clone() },
            (odd, receipt) => {
                let why = odd.unwrap_or_else(|| format!("{ODD}without a receipt"));
                PromptNews::Odd { why, checkout: Some(checkout.clone()), receipt }
            }
        }
    };
    Ok((of_code(&code, paid), checkout))
}

/// How what is odd about a payment begins.
const ODD: &str = "it is paid, and not as it was asked for: ";

/// What is odd about a payment that is told of: its sum, or whose it is. A number that is masked says nothing.
fn is_odd(told: &Value, asked: &Prompted, must_tell: bool) -> Option<String> {
    let sum = item(told, "Amount");
    if (must_tell || sum.is_some())
        && sum.as_deref().and_then(cents) != Some(i64::from(asked.shillings) * 100)
    {
        let came = sum.as_deref().map_or_else(|| "no sum".to_owned(), |sum| format!("KSh {}", quoted(sum)));
        return Some(format!("{ODD}{came} in the place of KSh {}", asked.shillings));
    }
    let number = item(told, "PhoneNumber");
    number
        .is_some_and(|number| is_someone_else(&number, asked.from))
        .then(|| format!("{ODD}by another number"))
}

/// Something that stands beside a result, in the list of its own or by itself.
fn item(told: &Value, name: &str) -> Option<String> {
    let items = told["CallbackMetadata"]["Item"].as_array().map(Vec::as_slice).unwrap_or_default();
    let listed = items.iter().find(|item| item["Name"] == name).and_then(|item| text(&item["Value"]));
    listed.or_else(|| text(&told[name]))
}

/// A receipt, or a name of the provider's: plain, and not long.
fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
}

fn of_code(code: &str, paid: impl FnOnce() -> PromptNews) -> PromptNews {
    match code {
        code if is_zero(code) => paid(),
        "1" => failed(why::FUNDS),
        "1031" | "1032" => failed(why::CANCELLED),
        "1019" | "1036" | "1037" => failed(why::MISSED),
        "2001" => failed(why::PIN),
        "1001" => failed(why::BUSY),
        // Under way still.
        "4999" => open("under way".to_owned()),
        // The system of the network is busy or failed before she was asked; her phone could not be asked.
        "1025" | "8006" => failed(why::DECLINED),
        // What nobody has explained proves nothing: whoever is told that nothing was taken pays again.
        code => {
            tracing::warn!(code = quoted(code), "a prompt has a result that nobody has explained");
            open(format!("result {}", quoted(code)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Msisdn, PromptId};

    fn asked() -> Prompted {
        Prompted {
            id: PromptId::derived("a prompt"),
            via: "daraja".to_owned(),
            from: Msisdn::from_e164("254712345678").expect("a number"),
            shillings: 300,
            checkout: Some("ws_CO_1".to_owned()),
            at: Timestamp::from_millis(1_577_836_799_000),
        }
    }

    fn posted(code: i64, items: &str) -> String {
        format!(
            r#"{{"Body":{{"stkCallback":{{"MerchantRequestID":"1-2","CheckoutRequestID":"ws_CO_1","ResultCode":{code},
            "ResultDesc":"..","CallbackMetadata":{{"Item":[{items}]}}}}}}}}"#
        )
    }

    fn paid(receipt: &str) -> PromptNews {
        PromptNews::Paid { receipt: receipt.to_owned(), checkout: "ws_CO_1".to_owned() }
    }

    const PAID: &str = r#"{"Name":"Amount","Value":300.00},{"Name":"MpesaReceiptNumber","Value":"NLJ7RT61SV"},
        {"Name":"Balance"},{"Name":"TransactionDate","Value":20191219102115},{"Name":"PhoneNumber","Value":254712345678}"#;

    #[test]
    fn the_password_is_short_code_passkey_and_the_time_in_nairobi() {
        let text = "short_code = '174379'\npasskey_file = 'x'";
        let settings: PushSettings = toml::from_str(text).expect("settings");
        assert_eq!(settings.check(), Ok(()));
        let body = settings.request("passkey", &asked(), "https://shop.example/x");
        assert_eq!(body["Timestamp"], "20200101025959");
        assert_eq!(body["Password"], "MTc0Mzc5cGFzc2tleTIwMjAwMTAxMDI1OTU5");
        assert_eq!((&body["PartyB"], &body["PhoneNumber"]), (&json!("174379"), &json!("254712345678")));
    }

    #[test]
    fn what_she_paid_is_the_sum_and_the_number_that_were_asked_or_a_person_looks() {
        let news = |body: &str| of_result(body.as_bytes(), &asked()).map(|(news, _)| news);
        assert_eq!(news(&posted(0, PAID)), Ok(paid("NLJ7RT61SV")));
        let loose = PAID.replace("300.00", "\"300\"").replace("254712345678", "\"254712345678\"");
        assert_eq!(news(&posted(0, &loose)), Ok(paid("NLJ7RT61SV")));
        for hidden in ["\"2547****678\"", "\"0712 *** 678\""] {
            assert_eq!(
                news(&posted(0, &PAID.replace("254712345678", hidden))),
                Ok(paid("NLJ7RT61SV")),
                "{hidden}"
            );
        }
        for (is, other) in [("300.00", "30"), ("254712345678", "254712345679"), ("Receipt", "Paper")] {
            let news = news(&posted(0, &PAID.replace(is, other)));
            assert!(matches!(news, Ok(PromptNews::Odd { .. })), "{other}: {news:?}");
        }
        assert!(news(&posted(0, PAID).replace("ws_CO_1", "ws_CO_2")).is_err(), "another request's");
        assert!(news("{}").is_err() && news("{").is_err());
    }

    #[test]
    fn a_result_that_nobody_has_explained_proves_nothing() {
        for code in [17, 26, 9999] {
            let (news, _) = of_result(posted(code, "").as_bytes(), &asked()).expect("a result");
            assert!(matches!(news, PromptNews::Open { .. }), "{code}: {news:?}");
        }
        let taken = br#"{"ResponseCode":"00000000","CheckoutRequestID":"ws_CO_1"}"#;
        assert_eq!(to_request(200, taken), PromptNews::Shown { checkout: "ws_CO_1".to_owned() });
    }

    #[test]
    fn what_she_is_told_follows_from_the_code() {
        let codes = [
            (1, why::FUNDS),
            (1032, why::CANCELLED),
            (1037, why::MISSED),
            (2001, why::PIN),
            (1001, why::BUSY),
            (1025, why::DECLINED),
        ];
        for (code, why) in codes {
            let (news, _) = of_result(posted(code, "").as_bytes(), &asked()).expect("a result");
            assert_eq!(news, failed(why), "{code}");
            let answer =
                format!(r#"{{"ResponseCode":"0","CheckoutRequestID":"ws_CO_1","ResultCode":"{code}"}}"#);
            assert_eq!(to_question(200, answer.as_bytes(), &asked(), "ws_CO_1"), failed(why), "{code}");
        }
        let under_way =
            br#"{"errorCode":"500.001.1001","errorMessage":"The transaction is being processed"}"#;
        assert!(matches!(to_question(500, under_way, &asked(), "ws_CO_1"), PromptNews::Open { .. }));
    }

    #[test]
    fn what_the_answer_to_a_question_tells_is_held_against_what_was_asked() {
        let asks = |more: &str| {
            let answer =
                format!(r#"{{"ResponseCode":"0","CheckoutRequestID":"ws_CO_1","ResultCode":"0"{more}}}"#);
            to_question(200, answer.as_bytes(), &asked(), "ws_CO_1")
        };
        assert_eq!(asks(""), paid("ws_CO_1"), "its own name stands for the receipt");
        assert_eq!(asks(r#","Amount":"300","PhoneNumber":254712345678"#), paid("ws_CO_1"));
        assert_eq!(asks(&format!(r#","CallbackMetadata":{{"Item":[{PAID}]}}"#)), paid("NLJ7RT61SV"));
        for more in [r#","Amount":301"#, r#","Amount":300,"PhoneNumber":"254712345679""#] {
            assert!(matches!(asks(more), PromptNews::Odd { .. }), "{more}");
        }
    }

    #[test]
    fn a_request_without_a_plain_answer_is_open() {
        let taken = br#"{"MerchantRequestID":"1-2","CheckoutRequestID":"ws_CO_1","ResponseCode":"0"}"#;
        assert_eq!(to_request(200, taken), PromptNews::Shown { checkout: "ws_CO_1".to_owned() });
        for (status, body) in
            [(200, &b"<html>"[..]), (502, b""), (500, b"{}"), (200, br#"{"ResponseCode":"0"}"#)]
        {
            assert!(matches!(to_request(status, body), PromptNews::Open { .. }), "{status}");
        }
    }

    #[test]
    fn one_code_says_that_her_phone_is_busy_or_that_the_passkey_is_wrong() {
        let error = |status, code: &str, message: &str| {
            let body = format!(r#"{{"requestId":"1-2-3","errorCode":"{code}","errorMessage":"{message}"}}"#);
            to_request(status, body.as_bytes())
        };
        let locked =
            "Unable to lock subscriber, a transaction is already in process for the current subscriber";
        assert_eq!(error(500, "500.001.1001", locked), failed(why::BUSY));
        for ours in
            ["Wrong credentials", "[MerchantValidate] - Wrong credentials", "Merchant does not exist."]
        {
            assert_eq!(error(500, "500.001.1001", ours), failed(why::DECLINED), "{ours}");
        }
        assert!(matches!(error(500, "500.001.1001", "System error"), PromptNews::Open { .. }));
        assert_eq!(error(400, "400.002.02", "Bad Request - Invalid Amount"), failed(why::DECLINED));
        assert!(matches!(error(429, "500.003.02", "Spike arrest"), PromptNews::Held { .. }), "try later");
    }
}
