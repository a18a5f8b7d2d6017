//! What Safaricom's Daraja says, and what that proves. Bodies are read as loosely as they are written:
//! numbers may be text, a list may be a single object, parameters come in any order or not at all.

use crate::engine::port::{PayOut, PayoutNews};
use crate::money::proof::{self, Ack, Fault, Told, cents, failed, paid, quoted, text, unknown, why};
use crate::types::PayoutId;
use serde_json::Value;
use std::collections::BTreeMap;

/// Our name for a payout, as `OriginatorConversationID`: 19 characters of `[A-Za-z0-9_-]`, which is
/// what every account of its limits allows. It always follows from the payout's id, so it is known
/// before anything is sent and after every restart; 114 bits of a hash do not meet by chance.
pub fn reference(id: PayoutId) -> String {
    use sha2::{Digest, Sha256};
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    let digest = Sha256::digest([b"daraja/".as_slice(), id.as_bytes()].concat());
    digest.iter().take(19).map(|octet| char::from(LETTERS[usize::from(octet & 63)])).collect()
}

/// The error that a request was answered with, as its code.
fn error_code(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    text(&body["errorCode"])
}

/// Whether a token is no longer taken.
pub fn is_stale(status: u16, body: &[u8]) -> bool {
    let code = (400..500).contains(&status).then(|| error_code(body)).flatten();
    matches!(code.as_deref(), Some("401.002.01" | "404.001.03" | "400.003.01"))
}

/// What the answer to a request for a transfer proves.
pub fn to_request(status: u16, body: &[u8]) -> Ack {
    if status == 200 {
        let accepted = serde_json::from_slice::<Value>(body).ok();
        let code = accepted.as_ref().and_then(|body| text(&body["ResponseCode"]));
        return Ack::News(match code {
            Some(code) if is_zero(&code) => PayoutNews::Accepted,
            Some(code) => unknown(format!("response code {}", quoted(&code))),
            None => unknown("status 200 without a response code"),
        });
    }
    let Some(code) = error_code(body).filter(|_| status >= 400) else {
        return Ack::News(unknown(format!("status {status}: proves nothing")));
    };
    let said = format!("status {status}: {}", quoted(&code));
    match code.as_str() {
        "400.002.02" if status < 500 => Ack::Refused { why: why::DECLINED.to_owned(), code },
        // A wrong address or method of ours.
        "404.001.01" | "404.002.01" | "405.001" => Ack::Ours { fault: Fault::Access, why: said },
        // Too many at once, or as many as we may.
        "500.003.02" => Ack::News(PayoutNews::NotTaken { why: said }),
        "500.003.03" => Ack::Ours { fault: Fault::Access, why: said },
        // Among them 500.002.1001, which is a repeated id in one text and any trouble in others.
        _ => Ack::News(unknown(said)),
    }
}

/// Whether the answer to a question was that its answer will come.
pub fn is_asked(status: u16, body: &[u8]) -> bool {
    to_request(status, body) == Ack::News(PayoutNews::Accepted)
}

/// The result of a payout, posted to its address, held against what was asked.
///
/// # Errors
/// What is wrong with it: it is no result, or one of something else.
pub fn of_result(body: &[u8], asked: &PayOut) -> Result<Told, String> {
    let result = Result_::read(body)?;
    if result.originator.as_deref() != Some(reference(asked.id).as_str()) {
        return Err("its OriginatorConversationID is not of this payout".to_owned());
    }
    if result.more_to_come {
        return Ok(PayoutNews::Accepted.into());
    }
    if !is_zero(&result.code) {
        return Ok(of_code(&result.code));
    }
    let receipt = result.param("TransactionReceipt").or(result.transaction.as_deref());
    let fits = fits(asked, result.param("TransactionAmount"), result.param("ReceiverPartyPublicName"));
    Ok(fits.map_or_else(|news| news, |()| paid(receipt)).into())
}

/// The answer to a question about a payout, posted to its address, held against what was asked.
///
/// # Errors
/// It is no result, or speaks of another payout.
pub fn of_state(body: &[u8], asked: &PayOut) -> Result<Told, String> {
    let result = Result_::read(body)?;
    // The question has an id of its own; where the payout's is told too, it must be ours.
    let named = result.param("OriginatorConversationID");
    if named.is_some_and(|named| named != reference(asked.id)) {
        return Err("it speaks of another payout".to_owned());
    }
    if !is_zero(&result.code) {
        let fault = of_question(&result.code);
        let news = match result.code.as_str() {
            "2033" => PayoutNews::NotTaken { why: "the provider finds no such payout".to_owned() },
            code => unknown(format!("the question came to {}", quoted(code))),
        };
        return Ok(Told { news, fault });
    }
    let fits = || fits(asked, result.param("Amount"), result.param("CreditPartyName"));
    let state = result.param("TransactionStatus").or(result.param("Status")).unwrap_or_default();
    Ok(match state {
        "Completed" => fits().map_or_else(|news| news, |()| paid(result.param("ReceiptNo"))),
        "Cancelled" | "Declined" | "Expired" | "Failed" => failed(why::DECLINED),
        "Pending" | "Authorized" | "Initiated" => PayoutNews::Accepted,
        other => unknown(format!("an unheard-of state `{}`", quoted(other))),
    }
    .into())
}

/// What is left to pay from, in cents, where a body tells: a result of a payout, or of a question about
/// the balance.
pub fn float_in(body: &[u8]) -> Option<i64> {
    let result = Result_::read(body).ok()?;
    if let Some(funds) = result.param("B2CUtilityAccountAvailableFunds") {
        return cents(funds);
    }
    // `Utility Account|KES|current|available|reserved|uncleared&Working Account|...`
    let accounts = result.param("AccountBalance")?.split('&').map(|account| account.split('|'));
    accounts.into_iter().find_map(|mut account| {
        (account.next()?.trim() == "Utility Account" && account.next()? == "KES")
            .then(|| account.nth(1).and_then(cents))
            .flatten()
    })
}

/// What a result other than 0 says.
fn of_code(code: &str) -> Told {
    let ours = |fault| Told { news: failed(why::DECLINED), fault: Some(fault) };
    match code {
        "1" => Told { news: failed(why::FLOAT), fault: Some(Fault::Float) },
        "2" => failed(why::SMALL).into(),
        "3" => failed(why::LARGE).into(),
        "4" => failed(why::LIMIT).into(),
        "8" => failed(why::FULL).into(),
        "2040" | "SFC_IC0003" => failed(why::NO_USER).into(),
        "11" | "2006" | "2028" => ours(Fault::Access),
        "18" | "20" | "21" | "22" | "2001" | "8006" => ours(Fault::Credential),
        "24" | "25" | "29" => failed(why::DECLINED).into(),
        // Busy, a repeated id, trouble inside, and whatever is not written anywhere: to be asked about.
        code => unknown(format!("result code {}", quoted(code))).into(),
    }
}

/// What a refused question says of our side: a password that is refused there is locked by more tries of
/// any kind; that we may not ask this says nothing of payouts.
fn of_question(code: &str) -> Option<Fault> {
    match code {
        "2001" | "8006" => Some(Fault::Credential),
        "18" | "20" | "21" | "22" => Some(Fault::Question),
        _ => None,
    }
}

/// What the answer to a question beside the payouts says of our side.
pub fn of_side(body: &[u8]) -> Option<Fault> {
    let result = Result_::read(body).ok()?;
    let refused = (!is_zero(&result.code)).then_some(Fault::Question);
    of_question(&result.code).or(refused)
}

/// Whether sum and receiver are those that were asked for; a party is written `2547.. - NAME`.
fn fits(asked: &PayOut, amount: Option<&str>, party: Option<&str>) -> Result<(), PayoutNews> {
    let number = party.map(|party| party.split(" - ").next().unwrap_or_default());
    proof::fits(asked, amount, (None, "KES"), number)
}

/// `0`, `00000000`, or the number.
pub(super) fn is_zero(code: &str) -> bool {
    !code.is_empty() && code.bytes().all(|b| b == b'0')
}

/// The one shape in which everything is told that comes by itself.
struct Result_ {
    more_to_come: bool,
    code: String,
    originator: Option<String>,
    transaction: Option<String>,
    params: BTreeMap<String, String>,
}

impl Result_ {
    fn read(body: &[u8]) -> Result<Self, String> {
        let body: Value = serde_json::from_slice(body).map_err(|why| why.to_string())?;
        let result = &body["Result"];
        let param = |entry: &Value| Some((text(&entry["Key"])?, text(&entry["Value"])?));
        let params = match &result["ResultParameters"]["ResultParameter"] {
            Value::Array(entries) => entries.iter().filter_map(param).collect(),
            entry => param(entry).into_iter().collect(),
        };
        Ok(Self {
            more_to_come: text(&result["ResultType"]).is_some_and(|kind| !is_zero(&kind)),
            code: text(&result["ResultCode"]).ok_or("it has no Result with a ResultCode")?,
            originator: text(&result["OriginatorConversationID"]),
            transaction: text(&result["TransactionID"]),
            params,
        })
    }

    fn param(&self, key: &str) -> Option<&str> {
        self.params.get(key).map(String::as_str)
    }
}

#[cfg(test)]
mod tests;
