//! What is kept of a statement that was imported: the statement itself, and each difference until somebody
//! has closed it with a reason.

use super::{Class, Finding};
use crate::market::Refusal;
use crate::types::{CaseId, DifferenceId, Kes, PayoutId, PromptId, StatementId, Timestamp, text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most letters of the reason with which a difference is closed.
pub const LONGEST_WHY: usize = 330;

/// A statement that was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Which: it follows from provider and file.
    pub id: StatementId,
    /// Whose.
    pub provider: String,
    /// What the file was called.
    pub name: String,
    /// SHA-256 of its octets, in hexadecimal.
    pub hash: String,
    /// Who imported it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Its first moment.
    pub from: Timestamp,
    /// Its last.
    pub to: Timestamp,
    /// Lines of the file.
    pub lines: u64,
    /// What the account held before, where the file says.
    pub opening: Option<Kes>,
    /// What it held after.
    pub closing: Option<Kes>,
    /// Lines whose balance does not follow from the one before.
    pub gaps: u64,
    /// What the newest statements of the other providers ended with, together.
    pub others: Kes,
    /// What the books had as the float, of all providers, at its last moment.
    pub books: Kes,
    /// How many findings there were, by class.
    pub found: BTreeMap<Class, u64>,
    /// What left by the statement, fees included; below zero when more came in.
    pub there: Kes,
    /// The same by the books.
    pub here: Kes,
}

impl Statement {
    /// The id of a file of a provider.
    pub fn id_of(provider: &str, hash: &str) -> StatementId {
        StatementId::derived(&format!("statement {provider} {hash}"))
    }

    /// How far the account is from the books; `None` when the file tells no balances.
    pub fn apart(&self) -> Option<Kes> {
        self.closing?.checked_add(self.others)?.checked_sub(self.books)
    }
}

/// What happens to a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementEvent {
    /// It was read, matched and kept.
    Imported(Box<Statement>),
}

/// What differed, until somebody has closed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Which: it follows from what it is about, so that another statement tells it no second time.
    pub id: DifferenceId,
    /// Whose statement.
    pub provider: String,
    /// In which statement it was found.
    pub statement: StatementId,
    /// How they differ.
    pub class: Class,
    /// The provider's receipt.
    pub receipt: String,
    /// The payout.
    pub payout: Option<PayoutId>,
    /// The prompt on somebody's phone, where it is about money that came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<PromptId>,
    /// When the money moved.
    pub at: Timestamp,
    /// The lines of the file.
    pub rows: Vec<u64>,
    /// What left by the statement.
    pub there: Kes,
    /// What left by the books.
    pub here: Kes,
    /// To whom by the statement, most of it hidden.
    pub party: String,
    /// In words.
    pub says: String,
    /// The case that was opened about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
}

/// How a difference ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// Who closed it, by name.
    pub by: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

/// What happens to a difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceEvent {
    /// It was found.
    Found(Box<Difference>),
    /// Somebody knows what it was.
    Closed {
        /// Who, by name.
        by: String,
        /// What it was.
        why: String,
    },
}

impl Difference {
    /// The id of what differs: by the receipt, else by the payout or prompt it is `about`, else by its row in
    /// one file.
    pub fn id_of(
        provider: &str, class: Class, receipt: &str, about: Option<String>, row: u64,
    ) -> DifferenceId {
        let class = class.word();
        let about = match (receipt, about) {
            ("", Some(about)) => about,
            ("", None) => format!("row {row}"),
            (receipt, _) => receipt.to_owned(),
        };
        DifferenceId::derived(&format!("difference {provider} {class} {about}"))
    }

    /// What is kept of a finding; `None` where nothing differs.
    pub fn of(finding: &Finding, provider: &str, statement: StatementId) -> Option<Self> {
        if finding.class == Class::Matched {
            return None;
        }
        let Finding { class, ref receipt, payout, prompt, at, .. } = *finding;
        let row = finding.rows.first().copied().unwrap_or_default();
        let about = payout.map(|id| id.to_string()).or_else(|| prompt.map(|id| id.to_string()));
        Some(Self {
            id: Self::id_of(provider, class, receipt, about, row),
            provider: provider.to_owned(),
            statement,
            class,
            receipt: receipt.clone(),
            payout,
            prompt,
            at,
            rows: finding.rows.clone(),
            there: Kes::minor(finding.there),
            here: Kes::minor(finding.here),
            party: super::matching::hidden(&finding.party),
            says: finding.says.clone(),
            case: None,
            closed: None,
        })
    }
}

/// Closes a difference; the same reason again changes nothing.
///
/// # Errors
/// It was closed with another reason, or the reason says nothing.
pub fn close(state: &Difference, by: &str, why: &str) -> Result<Vec<DifferenceEvent>, Refusal> {
    let short = Refusal::OutOfRange { min: 1, max: LONGEST_WHY as i64 };
    let why = text::folded(why).filter(|why| why.chars().count() <= LONGEST_WHY).ok_or(short)?;
    match &state.closed {
        Some(closed) if closed.why == why => Ok(vec![]),
        Some(_) => Err(Refusal::gone("closed")),
        None => Ok(vec![DifferenceEvent::Closed { by: by.to_owned(), why }]),
    }
}

/// A difference after an event.
pub fn evolve(state: Option<Difference>, event: &DifferenceEvent, at: Timestamp) -> Option<Difference> {
    match (state, event) {
        (None, DifferenceEvent::Found(found)) => Some((**found).clone()),
        (Some(mut known), DifferenceEvent::Closed { by, why }) => {
            known.closed = Some(Closed { by: by.clone(), why: why.clone(), at });
            Some(known)
        }
        (state, _) => state,
    }
}

/// A statement after an event.
pub fn evolve_statement(state: Option<Statement>, event: &StatementEvent) -> Option<Statement> {
    let StatementEvent::Imported(new) = event;
    state.or_else(|| Some((**new).clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_closed_once_with_a_reason_and_a_repeat_is_harmless() {
        let finding = Finding {
            class: Class::StatementOnly,
            rows: vec![4],
            receipt: "SJK1".into(),
            payout: None,
            prompt: None,
            at: Timestamp::default(),
            there: -100,
            here: 0,
            party: "254712345678".into(),
            says: "KSh 1 came in".into(),
        };
        let found = Difference::of(&finding, "daraja", Statement::id_of("daraja", "ab")).expect("it differs");
        assert_eq!(found.party, "*********678");
        let now = Timestamp::from_millis(5);
        assert!(matches!(close(&found, "Njeri", "  "), Err(Refusal::OutOfRange { .. })));
        let events = close(&found, "Njeri", " the float,  filled ").expect("a reason");
        let closed =
            events.iter().try_fold(found, |state, event| evolve(Some(state), event, now)).expect("kept");
        assert_eq!(closed.closed.as_ref().map(|closed| closed.why.as_str()), Some("the float, filled"));
        assert_eq!(close(&closed, "Otieno", "the float, filled"), Ok(vec![]));
        assert!(matches!(close(&closed, "Otieno", "another"), Err(Refusal::Gone { .. })));
        let again = evolve(Some(closed.clone()), &DifferenceEvent::Found(Box::new(closed.clone())), now);
        assert_eq!(again, Some(closed));
        let matched = Finding { class: Class::Matched, ..finding };
        assert_eq!(Difference::of(&matched, "daraja", Statement::id_of("daraja", "ab")), None);
    }
}
