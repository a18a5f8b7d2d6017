//! What takes two people at the desk: one asks, another approves. The same person twice is one person.

use super::loan::PromptFate;
use super::payout::Fate;
use super::{Policy, Refusal};
use crate::types::{ApprovalId, CaseId, Kes, LoanId, PartyId, PayoutId, PromptId, SpokenCode, Timestamp};
use serde::{Deserialize, Serialize};

/// The most characters of a reason.
pub const LONGEST_WHY: usize = 110;

/// One line of a posting by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The account's code: `bank`, `artisan:<id>`.
    pub account: String,
    /// What is credited to it, in cents; below zero it is a debit.
    pub credit: Kes,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matter {
    /// Balanced lines into the books.
    Posting {
        /// The lines.
        lines: Vec<Entry>,
    },
    /// Nobody will pay the rest of a loan: it is our loss, and lenders have it back.
    LoanLoss {
        /// Which.
        loan: LoanId,
        /// What was left of it when it was asked for; sales may have paid some of it since.
        amount: Kes,
    },
    /// Money back for pieces that had passed, beyond what one person may give.
    Refund {
        /// Of which order.
        order: SpokenCode,
        /// For how many pieces.
        pieces: u32,
        /// A reference of its own: told twice, it is one refund.
        paper: String,
    },
    /// Money of ours for somebody to whom we owe it.
    MakeGood {
        /// Whom.
        to: PartyId,
        /// How much.
        amount: Kes,
        /// The case that came to it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<CaseId>,
    },
    /// What became of a payout that its provider cannot or does not tell of, by its statement.
    Payout {
        /// Which.
        payout: PayoutId,
        /// What became of it.
        fate: Fate,
    },
    /// What became of a prompt on somebody's phone that its provider does not tell of, by its statement.
    Prompt {
        /// Which.
        prompt: PromptId,
        /// What became of it.
        fate: PromptFate,
    },
    /// What tells who somebody is goes; the books stay.
    Erasure {
        /// Whose.
        who: PartyId,
    },
}

impl Matter {
    /// What kind of thing it is, as a stable word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Posting { .. } => "posting",
            Self::LoanLoss { .. } => "loan_loss",
            Self::Refund { .. } => "refund",
            Self::MakeGood { .. } => "make_good",
            Self::Payout { .. } => "payout",
            Self::Prompt { .. } => "prompt",
            Self::Erasure { .. } => "erasure",
        }
    }
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalStage {
    /// Waits for a second person.
    Waiting,
    /// Approved, and carried out in the same moment.
    Approved,
    /// Refused, or taken back by whoever asked.
    Refused,
    /// Nobody answered in time.
    Lapsed,
}

impl ApprovalStage {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Lapsed => "lapsed",
        }
    }
}

/// Something that takes two people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// What names it.
    pub id: ApprovalId,
    /// What is asked for.
    pub matter: Matter,
    /// Why, in words.
    pub why: String,
    /// Who asked.
    pub by: String,
    /// When.
    pub asked: Timestamp,
    /// Until when it may be approved.
    pub until: Timestamp,
    /// Where it stands.
    pub stage: ApprovalStage,
    /// Who answered.
    pub answered_by: Option<String>,
    /// Why it was refused, in words; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answer: String,
    /// Since when it stands so.
    pub since: Timestamp,
}

/// What can be asked of an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalCommand {
    /// Somebody asks.
    Ask {
        /// The id it will have for ever.
        id: ApprovalId,
        /// For what.
        matter: Matter,
        /// Why: 1 to [`LONGEST_WHY`] characters.
        why: String,
        /// Who.
        by: String,
    },
    /// Somebody else approves.
    Approve {
        /// Who.
        by: String,
    },
    /// Somebody refuses; whoever asked may, too.
    Refuse {
        /// Who.
        by: String,
        /// Why: at most [`LONGEST_WHY`] characters, or nothing.
        why: String,
    },
    /// The time is over.
    Lapse,
}

/// What happened to an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalEvent {
    /// Somebody asked.
    Asked {
        /// The id it will have for ever.
        id: ApprovalId,
        /// For what.
        matter: Matter,
        /// Why.
        why: String,
        /// Who.
        by: String,
        /// Until when it may be approved.
        until: Timestamp,
    },
    /// Somebody else approved.
    Approved {
        /// Who.
        by: String,
    },
    /// Somebody refused.
    Refused {
        /// Who.
        by: String,
        /// Why; empty when nothing was said.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// Nobody answered in time.
    Lapsed,
}

/// Answers a command with events, or says no.
///
/// # Errors
/// The same person twice; a thing that is answered or too old.
pub fn decide(
    state: Option<&Approval>, command: &ApprovalCommand, policy: &Policy, now: Timestamp,
) -> Result<Vec<ApprovalEvent>, Refusal> {
    use {ApprovalCommand as C, ApprovalEvent as E, ApprovalStage as S};
    let Some(approval) = state else {
        return match command {
            C::Ask { .. } => ask(command, policy, now),
            _ => Err(Refusal::NotFound),
        };
    };
    let again = |by: &str| approval.answered_by.as_deref() == Some(by);
    let event = match (command, approval.stage) {
        (C::Ask { matter, by, .. }, _) => {
            let same = *matter == approval.matter && *by == approval.by;
            return if same { Ok(vec![]) } else { Err(Refusal::AlreadyExists) };
        }
        // The file of the desk's people knows no capitals either.
        (C::Approve { by }, S::Waiting) if by.eq_ignore_ascii_case(&approval.by) => {
            return Err(Refusal::SamePerson { by: by.clone() });
        }
        (C::Approve { .. }, S::Waiting) if approval.until <= now => return Err(Refusal::gone("lapsed")),
        (C::Approve { by }, S::Waiting) => E::Approved { by: by.clone() },
        (C::Approve { by }, S::Approved) | (C::Refuse { by, .. }, S::Refused) if again(by) => {
            return Ok(vec![]);
        }
        (C::Refuse { by, why }, S::Waiting) => E::Refused { by: by.clone(), why: words(why, 0)? },
        (C::Lapse, S::Waiting) => E::Lapsed,
        (C::Lapse, _) => return Ok(vec![]),
        (C::Approve { .. } | C::Refuse { .. }, stage) => return Err(Refusal::gone(stage.word())),
    };
    Ok(vec![event])
}

fn ask(command: &ApprovalCommand, policy: &Policy, now: Timestamp) -> Result<Vec<ApprovalEvent>, Refusal> {
    let ApprovalCommand::Ask { id, matter, why, by } = command else { return Err(Refusal::NotFound) };
    let why = words(why, 1)?;
    match matter {
        Matter::Posting { lines } => {
            let sum: i128 = lines.iter().map(|line| i128::from(line.credit.cents())).sum();
            if sum != 0 {
                return Err(Refusal::Unbalanced { cents: i64::try_from(sum).unwrap_or(i64::MAX) });
            }
            if lines.iter().all(|line| line.credit == Kes::ZERO) {
                return Err(Refusal::NothingMoves);
            }
        }
        Matter::LoanLoss { amount, .. } | Matter::MakeGood { amount, .. } if *amount <= Kes::ZERO => {
            return Err(Refusal::NothingMoves);
        }
        Matter::LoanLoss { .. }
        | Matter::MakeGood { .. }
        | Matter::Refund { .. }
        | Matter::Payout { .. }
        | Matter::Prompt { .. }
        | Matter::Erasure { .. } => {}
    }
    let (id, matter, by) = (*id, matter.clone(), by.clone());
    Ok(vec![ApprovalEvent::Asked { id, matter, why, by, until: now.after(policy.approval()) }])
}

/// A reason as it is kept: blanks in order, of a length that a page shows.
fn words(text: &str, least: usize) -> Result<String, Refusal> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().any(char::is_control) {
        return Err(Refusal::NoReason);
    }
    match (least..=LONGEST_WHY).contains(&text.chars().count()) {
        true => Ok(text),
        false => Err(Refusal::OutOfRange { min: least as i64, max: LONGEST_WHY as i64 }),
    }
}

/// The state after an event.
pub fn evolve(state: Option<Approval>, event: &ApprovalEvent, at: Timestamp) -> Option<Approval> {
    use ApprovalEvent as E;
    if let E::Asked { id, matter, why, by, until } = event {
        return Some(Approval {
            id: *id,
            matter: matter.clone(),
            why: why.clone(),
            by: by.clone(),
            asked: at,
            until: *until,
            stage: ApprovalStage::Waiting,
            answered_by: None,
            answer: String::new(),
            since: at,
        });
    }
    let mut approval = state?;
    (approval.stage, approval.answered_by) = match event {
        E::Approved { by } => (ApprovalStage::Approved, Some(by.clone())),
        E::Refused { by, .. } => (ApprovalStage::Refused, Some(by.clone())),
        E::Lapsed | E::Asked { .. } => (ApprovalStage::Lapsed, None),
    };
    if let E::Refused { why, .. } = event {
        approval.answer.clone_from(why);
    }
    approval.since = at;
    Some(approval)
}

impl Entry {
    /// Reads a line as people write it: `debit exp:sms 1,250.50` or `credit bank 1250.50`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(line: &str) -> Result<Self, String> {
        let wrong = || {
            format!("{line:?}: write debit or credit, the account and the sum, as in: debit exp:sms 500.00")
        };
        let mut words = line.split_whitespace();
        let (Some(side), Some(account), Some(sum), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(wrong());
        };
        let sum = shillings(sum).ok_or_else(wrong)?;
        let credit = match side {
            "debit" => -sum,
            "credit" => sum,
            _ => return Err(wrong()),
        };
        Ok(Self { account: account.to_owned(), credit })
    }
}

/// A sum above zero as people write it: `1,250`, `1250.5`, `1250.50`.
pub fn shillings(text: &str) -> Option<Kes> {
    Kes::read(text).filter(|sum| *sum > Kes::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(account: &str, cents: i64) -> Entry {
        Entry { account: account.to_owned(), credit: Kes::minor(cents) }
    }

    fn ask_for(matter: Matter) -> ApprovalCommand {
        let id = ApprovalId::derived("one");
        ApprovalCommand::Ask { id, matter, why: " the bank's  fee ".into(), by: "Njeri".into() }
    }

    fn asked() -> Approval {
        let matter = Matter::Posting { lines: vec![entry("bank", -500), entry("equity", 500)] };
        let events = decide(None, &ask_for(matter), &Policy::default(), Timestamp::default());
        evolve(None, &events.expect("balanced")[0], Timestamp::default()).expect("asked")
    }

    fn after(approval: &Approval, command: &ApprovalCommand) -> Result<Approval, Refusal> {
        let events = decide(Some(approval), command, &Policy::default(), Timestamp::default())?;
        let next = |state, event: &ApprovalEvent| evolve(state, event, Timestamp::default());
        Ok(events.iter().fold(Some(approval.clone()), next).expect("it stays"))
    }

    fn approve(by: &str) -> ApprovalCommand {
        ApprovalCommand::Approve { by: by.to_owned() }
    }

    fn refuse(by: &str) -> ApprovalCommand {
        ApprovalCommand::Refuse { by: by.to_owned(), why: " not  ours ".into() }
    }

    #[test]
    fn the_same_person_twice_is_one_person() {
        let waiting = asked();
        assert_eq!(waiting.why, "the bank's fee");
        assert_eq!(after(&waiting, &approve("Njeri")), Err(Refusal::SamePerson { by: "Njeri".into() }));
        let done = after(&waiting, &approve("Otieno")).expect("two people");
        assert_eq!((done.stage, done.answered_by.as_deref()), (ApprovalStage::Approved, Some("Otieno")));
        assert_eq!(decide(Some(&done), &approve("Otieno"), &Policy::default(), done.until), Ok(vec![]));
        assert!(after(&done, &approve("Halima")).is_err(), "it is carried out once");
        assert!(after(&done, &refuse("Otieno")).is_err());
    }

    #[test]
    fn whoever_asked_may_take_it_back_and_time_does() {
        let waiting = asked();
        let back = after(&waiting, &refuse("Njeri")).expect("taken back");
        assert_eq!((back.stage, back.answer.as_str()), (ApprovalStage::Refused, "not ours"));
        assert!(after(&back, &approve("Otieno")).is_err());
        let late = decide(Some(&waiting), &approve("Otieno"), &Policy::default(), waiting.until);
        assert_eq!(late, Err(Refusal::gone("lapsed")));
        let lapsed = after(&waiting, &ApprovalCommand::Lapse).expect("it lapses");
        assert_eq!(lapsed.stage, ApprovalStage::Lapsed);
        assert_eq!(after(&back, &ApprovalCommand::Lapse).map(|same| same == back), Ok(true));
    }

    #[test]
    fn what_does_not_balance_or_moves_nothing_is_not_asked_for() {
        let refused = |matter| decide(None, &ask_for(matter), &Policy::default(), Timestamp::default());
        let lines = vec![entry("bank", -500), entry("equity", 499)];
        assert_eq!(refused(Matter::Posting { lines }), Err(Refusal::Unbalanced { cents: -1 }));
        assert_eq!(refused(Matter::Posting { lines: vec![] }), Err(Refusal::NothingMoves));
        let nothing = Matter::MakeGood { to: PartyId::derived("a"), amount: Kes::ZERO, case: None };
        assert_eq!(refused(nothing), Err(Refusal::NothingMoves));
    }

    #[test]
    fn a_line_is_read_as_people_write_it_and_nothing_else_is() {
        let read = |line: &str| Entry::read(line).map(|entry| (entry.account, entry.credit.cents())).ok();
        assert_eq!(read("debit exp:sms 1,250.50"), Some(("exp:sms".to_owned(), -125_050)));
        assert_eq!(read("  credit  bank 7.5 "), Some(("bank".to_owned(), 750)));
        for line in [
            "bank 500",
            "credit bank",
            "credit bank 0",
            "credit bank -5",
            "credit bank 1.234",
            "pay bank 5",
            "credit bank 5 KSh",
            "credit bank .",
            "credit bank 12,50",
            "credit bank 1250,50",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
        assert_eq!(shillings("92233720368547758.08"), None);
    }
}
