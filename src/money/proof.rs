//! What an answer of a provider proves, in the words that all adapters share. The rule throughout:
//! *failed* and *paid* are said only on the provider's own word about this very id; everything else
//! stays open.

use crate::engine::port::{PayOut, PayoutNews};
use crate::types::Msisdn;
use serde_json::Value;

/// Why a payout failed, in the words that the catalogue of messages knows.
pub mod why {
    /// The number has no account there.
    pub const NO_USER: &str = "no such user";
    /// Her account takes no more.
    pub const FULL: &str = "account is full";
    /// She has had all that one may get in a day.
    pub const LIMIT: &str = "limit of the day";
    /// Less than the provider sends.
    pub const SMALL: &str = "amount too small";
    /// More than the provider sends at a time.
    pub const LARGE: &str = "amount too large";
    /// There is too little to pay from.
    pub const FLOAT: &str = "no float, try later";
    /// Anything else.
    pub const DECLINED: &str = "declined";
}

/// An answer to the request for a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ack {
    /// This is known.
    News(PayoutNews),
    /// This try was refused and took nothing. It says nothing of an earlier try with the same id,
    /// so it becomes a failure only when no earlier one can have arrived.
    Refused {
        /// For the person waiting.
        why: String,
        /// For the operator: the provider's own code.
        code: String,
    },
    /// Nothing was taken, and the fault is ours: payouts wait until it is mended.
    Ours {
        /// What is to be mended.
        fault: Fault,
        /// For the operator: the provider's own code.
        why: String,
    },
}

/// What is wrong on our side, so that more payouts would come to nothing too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A question beside the payouts is refused: of a balance, a name, a state. Payouts go on.
    Question,
    /// There is too little to pay from.
    Float,
    /// The provider does not take what we log in with, or what we ask; a later try may be taken.
    Access,
    /// The initiator's password or PIN is refused. More tries would lock it, so there are none
    /// before a person has looked and the service was started again.
    Credential,
}

/// What a result says: of the payout, and of our side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What became of the payout.
    pub news: PayoutNews,
    /// What is wrong on our side, if anything.
    pub fault: Option<Fault>,
}

impl From<PayoutNews> for Told {
    fn from(news: PayoutNews) -> Self {
        Self { news, fault: None }
    }
}

/// Nothing is proven.
pub(super) fn unknown(why: impl Into<String>) -> PayoutNews {
    PayoutNews::Unknown { why: why.into() }
}

/// Not paid; why, in a few words for the person waiting.
pub(super) fn failed(why: &str) -> PayoutNews {
    PayoutNews::Failed { why: why.to_owned() }
}

/// The longest receipt of any provider, in characters.
const LONGEST: usize = 64;

/// Paid with this reference, where it can be one: it goes into the books whole, and into an SMS as far as
/// there is room, so it is plain.
pub(super) fn paid(reference: Option<&str>) -> PayoutNews {
    match reference {
        Some(reference) if is_reference(reference) => PayoutNews::Paid { reference: reference.to_owned() },
        _ => unknown("completed, but without a reference"),
    }
}

/// What a sandbox calls paid, marked so that nobody takes it for money: in the books, on the desk, in
/// texts.
pub(super) fn in_play(news: PayoutNews) -> PayoutNews {
    match news {
        PayoutNews::Paid { reference } => PayoutNews::Paid { reference: format!("SANDBOX-{reference}") },
        news => news,
    }
}

fn is_reference(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./:".contains(&b))
}

/// Whether these are two spellings of one phone: with the country's digits, with a 0, or without both.
/// What is masked, or no number at all, says nothing.
pub(super) fn is_someone_else(told: &str, to: Msisdn) -> bool {
    let number = told.trim().trim_start_matches('+');
    let is_number = number.len() >= 9 && number.bytes().all(|b| b.is_ascii_digit());
    is_number && !to.to_string().ends_with(&number[number.len() - 9..])
}

/// Whether what is said to be paid is what was asked for, as far as it is told: the sum must be.
pub(super) fn fits(
    asked: &PayOut, amount: Option<&str>, currency: (Option<&str>, &str), party: Option<&str>,
) -> Result<(), PayoutNews> {
    let Some(amount) = amount.and_then(cents) else { return Err(unknown("completed, but without its sum")) };
    if amount != i64::from(asked.shillings) * 100 {
        return Err(unknown(format!("completed, but over {amount} cents, which is not what was asked")));
    }
    if let (Some(told), ours) = currency
        && told != ours
    {
        return Err(unknown(format!("completed, but in {}, not in {ours}", quoted(told))));
    }
    if party.is_some_and(|party| is_someone_else(party, asked.to)) {
        return Err(unknown("completed, but for another number than was asked"));
    }
    Ok(())
}

/// A number or a text, as text.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A word of somebody else's, fit for a log.
pub(super) fn quoted(word: &str) -> String {
    word.chars().take(60).collect::<String>().escape_default().to_string()
}

/// A sum in decimal digits as integer cents; `None` for more than two decimals, signs other than a
/// minus, and anything else.
pub(super) fn cents(text: &str) -> Option<i64> {
    let (minus, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || part.len() > 2 || !digits(whole) || !digits(part) {
        return None;
    }
    let part: i64 = format!("{part:0<2}").parse().ok()?;
    let sum = whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(part)?;
    Some(if minus { -sum } else { sum })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_read_to_the_cent_or_not_at_all() {
        for (text, sum) in [("10", 1_000), ("8959269.6", 895_926_960), ("-1980.00", -198_000), ("0.05", 5)] {
            assert_eq!(cents(text), Some(sum), "{text}");
        }
        for text in ["", ".", "-", "1,000", "1.005", "1e3", "+5", "--5", "ten", "99999999999999999999"] {
            assert_eq!(cents(text), None, "{text}");
        }
    }

    #[test]
    fn completed_without_a_plain_reference_is_not_paid() {
        for reference in ["", "<b>", "A 1", "A\n1", &"A".repeat(65)] {
            assert!(matches!(paid(Some(reference)), PayoutNews::Unknown { .. }), "{reference}");
        }
        assert!(matches!(paid(None), PayoutNews::Unknown { .. }));
    }

    #[test]
    fn a_long_receipt_is_a_receipt() {
        for reference in
            ["4c1f9b52-3a0e-4f5e-9b0c-6f0d2f1f7a11", "ABCDEFGHIJKLMNOPQRSTU", "CI210104.1549.C00029"]
        {
            assert_eq!(paid(Some(reference)), PayoutNews::Paid { reference: reference.to_owned() });
        }
    }
}
