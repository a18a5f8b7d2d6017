//! Cases: something went wrong, about an order or with people; somebody looks after it until it is
//! closed with a reason that everybody involved is told.

use super::Refusal;
use crate::types::{CaseId, Lang, PartyId, SpokenCode, Timestamp, text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most letters of a note and of a reason.
pub const LONGEST_NOTE: usize = 330;
/// The most letters of the reason that people are told.
pub const LONGEST_REASON: usize = 110;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseKind {
    /// A parcel did not arrive.
    LostParcel,
    /// People disagree.
    Dispute,
    /// A rider gave the wrong number three times.
    WrongNumber,
    /// Cash that somebody says she was not paid.
    Cash,
    /// Somebody referred herself, or a phone with her own mobile-money name.
    Herself,
    /// A shopper's bank asks about a payment, or keeps it.
    Chargeback,
    /// A provider's statement and the books tell of other money.
    Money,
    /// Something else.
    Other,
}

impl CaseKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::LostParcel,
        Self::Dispute,
        Self::WrongNumber,
        Self::Cash,
        Self::Herself,
        Self::Chargeback,
        Self::Money,
        Self::Other,
    ];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::LostParcel => "lost_parcel",
            Self::Dispute => "dispute",
            Self::WrongNumber => "wrong_number",
            Self::Cash => "cash",
            Self::Herself => "herself",
            Self::Chargeback => "chargeback",
            Self::Money => "money",
            Self::Other => "other",
        }
    }
}

/// Something that was written down about a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseNote {
    /// Who wrote it, by name; empty for the service itself.
    pub by: String,
    /// What.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// Who closed it, by name.
    pub by: String,
    /// Why, in every language.
    pub why: BTreeMap<Lang, String>,
    /// When.
    pub at: Timestamp,
}

/// A case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Which.
    pub id: CaseId,
    /// What went wrong.
    pub what: CaseKind,
    /// About which order.
    pub order: Option<SpokenCode>,
    /// Who is involved, and is told how it ends.
    pub people: Vec<PartyId>,
    /// When it was opened.
    pub opened: Timestamp,
    /// What was written down, oldest first; the first says why it was opened.
    pub notes: Vec<CaseNote>,
    /// How it ended, once it has.
    pub closed: Option<Closing>,
    /// How it had ended before it was opened again, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Closing>,
}

/// What can be asked of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseCommand {
    /// Open it; one that was closed is opened again.
    Open {
        /// Which.
        id: CaseId,
        /// What went wrong.
        what: CaseKind,
        /// About which order.
        order: Option<SpokenCode>,
        /// Who is involved.
        people: Vec<PartyId>,
        /// Who opens it, by name; empty for the service itself.
        by: String,
        /// What is known.
        text: String,
    },
    /// Write something down.
    Note {
        /// Who, by name.
        by: String,
        /// What.
        text: String,
    },
    /// Close it.
    Close {
        /// Who, by name.
        by: String,
        /// Why, in every language.
        why: BTreeMap<Lang, String>,
    },
}

/// What happened to a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseEvent {
    /// It was opened.
    Opened {
        /// Which.
        id: CaseId,
        /// What went wrong.
        what: CaseKind,
        /// About which order.
        order: Option<SpokenCode>,
        /// Who is involved.
        people: Vec<PartyId>,
        /// Who opened it.
        by: String,
        /// What is known.
        text: String,
    },
    /// Something was written down.
    Noted {
        /// Who, by name.
        by: String,
        /// What.
        text: String,
    },
    /// It was closed.
    Closed {
        /// Who, by name.
        by: String,
        /// Why, in every language.
        why: BTreeMap<Lang, String>,
    },
    /// The same happened once more after it was closed.
    Reopened {
        /// Who opened it again; empty for the service itself.
        by: String,
        /// What is known.
        text: String,
    },
}

fn words(words: &str, most: usize) -> Result<String, Refusal> {
    let kept = text::folded(words).filter(|words| words.chars().count() <= most);
    kept.ok_or(Refusal::OutOfRange { min: 1, max: most as i64 })
}

/// Answers a command with events, or says no.
pub fn decide(state: Option<&Case>, command: &CaseCommand) -> Result<Vec<CaseEvent>, Refusal> {
    use {CaseCommand as C, CaseEvent as E};
    let name = |by: &str| text::folded(by).ok_or(Refusal::BadName);
    let Some(case) = state else {
        let C::Open { id, what, order, people, by, text } = command else { return Err(Refusal::NotFound) };
        let (by, text) = (by.trim().to_owned(), words(text, LONGEST_NOTE)?);
        let people = people.clone();
        return Ok(vec![E::Opened { id: *id, what: *what, order: *order, people, by, text }]);
    };
    Ok(match command {
        C::Open { what, order, by, text, .. } if (*what, *order) == (case.what, case.order) => {
            match &case.closed {
                None => vec![],
                Some(_) => {
                    vec![E::Reopened { by: by.trim().to_owned(), text: words(text, LONGEST_NOTE)? }]
                }
            }
        }
        C::Open { .. } => return Err(Refusal::AlreadyExists),
        C::Note { by, text } => {
            let (by, text) = (name(by)?, words(text, LONGEST_NOTE)?);
            let said = case.notes.last().is_some_and(|last| (&last.by, &last.text) == (&by, &text));
            if said { vec![] } else { vec![E::Noted { by, text }] }
        }
        C::Close { by, why } => {
            let fold = |(lang, why): (&Lang, &String)| Ok((*lang, words(why, LONGEST_REASON)?));
            let why: BTreeMap<Lang, String> = why.iter().map(fold).collect::<Result<_, _>>()?;
            match &case.closed {
                _ if why.is_empty() => {
                    return Err(Refusal::OutOfRange { min: 1, max: LONGEST_REASON as i64 });
                }
                Some(closed) if closed.why == why => vec![],
                Some(_) => return Err(Refusal::gone("closed")),
                None => vec![E::Closed { by: name(by)?, why }],
            }
        }
    })
}

/// The state after an event.
pub fn evolve(state: Option<Case>, event: &CaseEvent, at: Timestamp) -> Option<Case> {
    use CaseEvent as E;
    let Some(mut case) = state else {
        let E::Opened { id, what, order, people, by, text } = event else { return None };
        return Some(Case {
            id: *id,
            what: *what,
            order: *order,
            people: people.clone(),
            opened: at,
            notes: vec![CaseNote { by: by.clone(), text: text.clone(), at }],
            closed: None,
            before: Vec::new(),
        });
    };
    match event {
        E::Opened { .. } => {}
        E::Noted { by, text } => case.notes.push(CaseNote { by: by.clone(), text: text.clone(), at }),
        E::Reopened { by, text } => {
            case.before.extend(case.closed.take());
            case.notes.push(CaseNote { by: by.clone(), text: text.clone(), at });
        }
        E::Closed { by, why } => case.closed = Some(Closing { by: by.clone(), why: why.clone(), at }),
    }
    Some(case)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_opened_noted_and_closed_once_and_repeats_are_harmless() {
        let mut state = None;
        let mut run = |command: &CaseCommand| {
            let events = decide(state.as_ref(), command)?;
            for event in &events {
                state = evolve(state.take(), event, Timestamp::default());
            }
            Ok::<_, Refusal>((events.len(), state.clone()))
        };
        let open = CaseCommand::Open {
            id: CaseId::derived("one"),
            what: CaseKind::LostParcel,
            order: None,
            people: vec![],
            by: "Halima".into(),
            text: "  it never   came ".into(),
        };
        let note = CaseCommand::Note { by: "Halima".into(), text: "called the rider".into() };
        assert!(matches!(run(&note), Err(Refusal::NotFound)));
        assert!(matches!(run(&open), Ok((1, _))) && matches!(run(&open), Ok((0, _))));
        assert!(matches!(run(&note), Ok((1, _))) && matches!(run(&note), Ok((0, _))));
        let close = |words: &str| CaseCommand::Close {
            by: "Halima".into(),
            why: BTreeMap::from([(Lang::EN, words.to_owned())]),
        };
        assert!(matches!(run(&close(" ")), Err(Refusal::OutOfRange { .. })));
        assert!(matches!(run(&close("it was found")), Ok((1, _))));
        assert!(matches!(run(&close("it was found")), Ok((0, _))));
        assert!(matches!(run(&close("another")), Err(Refusal::Gone { .. })));
        // The same complaint after that is no repeat: it is open again, with all that was before.
        assert!(matches!(run(&open), Ok((1, _))) && matches!(run(&open), Ok((0, _))));
        let case = run(&open).ok().and_then(|(_, case)| case).expect("a case");
        let said: Vec<&str> = case.notes.iter().map(|note| note.text.as_str()).collect();
        assert_eq!(said, ["it never came", "called the rider", "it never came"]);
        assert_eq!((case.closed, case.before.len()), (None, 1));
        assert!(matches!(run(&close("it was found")), Ok((1, _))), "and closed with a reason of its own");
    }
}
