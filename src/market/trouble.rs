//! Troubles with card payments: something about one that nobody here asked for.
//!
//! A *dispute* is a shopper's bank that asks about a payment, takes the money back meanwhile, and
//! gives it back or not. A *stray* is money that is with the processor and belongs to no order: paid
//! for none, paid twice, a wrong sum, a refund that came back.
//!
//! What the processor tells of a dispute comes more than once and in any order. Each thing it tells
//! is therefore a fact that is true from then on, whatever came before it: withdrawn, reinstated,
//! closed. The state is what the set of them says, so that every order of events ends the same.

use super::Refusal;
use crate::types::{Kes, SpokenCode, Timestamp, TroubleId, Usd, text};
use serde::{Deserialize, Serialize};

/// The most letters of the reference under which a stray was given back by another way.
pub const LONGEST_PAPER: usize = 40;

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// A shopper's bank asks about a payment.
    Dispute,
    /// Money for an order that is not ours.
    NoOrder,
    /// A sum that is not the order's.
    WrongSum,
    /// An order that was paid by another payment, or is over.
    SecondPayment,
    /// A refund that the card's bank sent back.
    RefundFailed,
}

impl TroubleKind {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dispute => "dispute",
            Self::NoOrder => "no_order",
            Self::WrongSum => "wrong_sum",
            Self::SecondPayment => "second_payment",
            Self::RefundFailed => "refund_failed",
        }
    }
}

/// How a dispute ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The payment stands.
    Won,
    /// The shopper keeps the money.
    Lost,
    /// The bank asked, and let it be.
    WarningClosed,
}

impl Outcome {
    /// The processor's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::Lost => "lost",
            Self::WarningClosed => "warning_closed",
        }
    }
}

/// What is known from the beginning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// What it is.
    pub what: TroubleKind,
    /// The processor's name for it: of the dispute, the payment or the refund.
    pub named: String,
    /// The processor's id of the payment.
    pub payment: String,
    /// About which order or bulk request, if about any.
    pub order: Option<SpokenCode>,
    /// How much.
    pub amount: Usd,
    /// The same in shillings: at the order's locked rate, else at the rate of the day.
    pub value: Kes,
    /// The bank's word for why; empty for a stray.
    pub reason: String,
}

/// How a stray went back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoneBack {
    /// Who decided it, by name.
    pub by: String,
    /// By another way than the card, under this reference.
    pub paper: Option<String>,
    /// When it was decided.
    pub asked: Timestamp,
    /// When the processor confirmed it, or at once by another way.
    pub done: Option<Timestamp>,
}

/// A trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What is known from the beginning.
    pub opening: Opening,
    /// When we heard of it.
    pub since: Timestamp,
    /// Where a dispute stands, in the processor's word.
    pub status: String,
    /// Until when evidence is taken.
    pub due: Option<Timestamp>,
    /// What the processor took for its work, once the money was withdrawn.
    pub withdrawn: Option<Kes>,
    /// What of that came back, once the money was reinstated.
    pub reinstated: Option<Kes>,
    /// How a dispute ended, and when we heard of it.
    pub outcome: Option<(Outcome, Timestamp)>,
    /// How a stray went back.
    pub back: Option<GoneBack>,
}

impl Trouble {
    /// A dispute that is not over.
    pub fn is_open_dispute(&self) -> bool {
        self.opening.what == TroubleKind::Dispute && self.outcome.is_none()
    }

    /// Somebody has still something to do about it, or to wait for.
    pub fn is_open(&self) -> bool {
        match self.opening.what {
            TroubleKind::Dispute => self.outcome.is_none(),
            _ => self.back.as_ref().is_none_or(|back| back.done.is_none()),
        }
    }
}

/// What the processor tells of a dispute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeNews {
    /// It is there, and stands so.
    Stands,
    /// The money was taken, and so much for the work.
    Withdrawn(Kes),
    /// The money came back, and so much of what the work had cost.
    Reinstated(Kes),
    /// It is over.
    Closed(Outcome),
}

/// What can be asked of a trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleCommand {
    /// A stray came to light.
    Open(Opening),
    /// The processor tells of a dispute.
    Hear {
        /// What the dispute is: it is opened by whatever is told first.
        opening: Opening,
        /// Where it stands, in the processor's word.
        status: String,
        /// Until when evidence is taken.
        due: Option<Timestamp>,
        /// What happened.
        news: DisputeNews,
    },
    /// A stray goes back to its card.
    GiveBack {
        /// Who says so, by name.
        by: String,
    },
    /// The processor confirmed it.
    ConfirmBack,
    /// A stray was given back by another way.
    Settle {
        /// Who says so, by name.
        by: String,
        /// Under which reference.
        paper: String,
    },
}

/// What happened to a trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleEvent {
    /// It came to light.
    Opened(Opening),
    /// A dispute stands so.
    Stands {
        /// In the processor's word.
        status: String,
        /// Until when evidence is taken.
        due: Option<Timestamp>,
    },
    /// The money was taken.
    Withdrawn {
        /// What that cost.
        fee: Kes,
    },
    /// The money came back.
    Reinstated {
        /// What of the cost came back.
        fee: Kes,
    },
    /// The dispute is over.
    Closed {
        /// How.
        outcome: Outcome,
    },
    /// A stray is to go back to its card.
    BackAsked {
        /// Who said so.
        by: String,
    },
    /// It did.
    WentBack,
    /// It went back by another way.
    Settled {
        /// Who said so.
        by: String,
        /// Under which reference.
        paper: String,
    },
}

/// The id of what the processor calls by that name.
pub fn id_of(named: &str) -> TroubleId {
    TroubleId::derived(&format!("card {named}"))
}

/// How far a dispute has come, by the processor's word: what is told late does not take it back.
fn rank(status: &str) -> u8 {
    match status {
        "warning_needs_response" => 1,
        "warning_under_review" => 2,
        "needs_response" => 3,
        "under_review" => 4,
        _ => 0,
    }
}

/// Answers a command with events, or says no.
pub fn decide(state: Option<&Trouble>, command: &TroubleCommand) -> Result<Vec<TroubleEvent>, Refusal> {
    use {TroubleCommand as C, TroubleEvent as E};
    Ok(match (state, command) {
        (None, C::Open(opening)) => vec![E::Opened(opening.clone())],
        (Some(_), C::Open(_)) => vec![],
        (_, C::Hear { opening, status, due, news }) => hear(state, opening, status, *due, news),
        (None, _) => return Err(Refusal::NotFound),
        (Some(trouble), _) if trouble.opening.what == TroubleKind::Dispute => {
            return Err(Refusal::NotAllowed);
        }
        (Some(trouble), C::GiveBack { by }) => match &trouble.back {
            Some(back) if back.paper.is_none() => vec![],
            Some(_) => return Err(Refusal::AlreadyExists),
            None => vec![E::BackAsked { by: name(by)? }],
        },
        (Some(trouble), C::ConfirmBack) => match &trouble.back {
            Some(back) if back.done.is_none() => vec![E::WentBack],
            Some(_) => vec![],
            None => return Err(Refusal::NotFound),
        },
        (Some(trouble), C::Settle { by, paper }) => {
            let paper = text::folded(paper).filter(|paper| paper.chars().count() <= LONGEST_PAPER);
            let paper = paper.ok_or(Refusal::NoReason)?;
            match &trouble.back {
                Some(back) if back.paper.as_ref() == Some(&paper) => vec![],
                // What is on its way to the card may still arrive there.
                Some(_) => return Err(Refusal::AlreadyExists),
                None => vec![E::Settled { by: name(by)?, paper }],
            }
        }
    })
}

fn name(by: &str) -> Result<String, Refusal> {
    text::folded(by).ok_or(Refusal::BadName)
}

fn hear(
    state: Option<&Trouble>, opening: &Opening, status: &str, due: Option<Timestamp>, news: &DisputeNews,
) -> Vec<TroubleEvent> {
    use TroubleEvent as E;
    let mut events = Vec::new();
    if state.is_none() {
        events.push(E::Opened(opening.clone()));
    }
    let over = state.is_some_and(|trouble| trouble.outcome.is_some());
    let (known, known_due) = state.map_or(("", None), |trouble| (trouble.status.as_str(), trouble.due));
    let further = rank(status) > rank(known) && !over;
    let later = due.filter(|due| known_due.is_none_or(|known| known < *due));
    if further || later.is_some() {
        let status = if further { status } else { known };
        events.push(E::Stands { status: status.to_owned(), due: later.or(known_due) });
    }
    match news {
        DisputeNews::Withdrawn(fee) if state.is_none_or(|trouble| trouble.withdrawn.is_none()) => {
            events.push(E::Withdrawn { fee: *fee });
        }
        DisputeNews::Reinstated(fee) if state.is_none_or(|trouble| trouble.reinstated.is_none()) => {
            events.push(E::Reinstated { fee: *fee });
        }
        DisputeNews::Closed(outcome) if !over => events.push(E::Closed { outcome: *outcome }),
        _ => {}
    }
    events
}

/// The state after an event.
pub fn evolve(state: Option<Trouble>, event: &TroubleEvent, at: Timestamp) -> Option<Trouble> {
    use TroubleEvent as E;
    let Some(mut trouble) = state else {
        let E::Opened(opening) = event else { return None };
        return Some(Trouble {
            opening: opening.clone(),
            since: at,
            status: String::new(),
            due: None,
            withdrawn: None,
            reinstated: None,
            outcome: None,
            back: None,
        });
    };
    match event {
        E::Opened(_) => {}
        E::Stands { status, due } => {
            trouble.status.clone_from(status);
            trouble.due = *due;
        }
        E::Withdrawn { fee } => trouble.withdrawn = Some(*fee),
        E::Reinstated { fee } => trouble.reinstated = Some(*fee),
        E::Closed { outcome } => {
            outcome.word().clone_into(&mut trouble.status);
            trouble.outcome = Some((*outcome, at));
        }
        E::BackAsked { by } => {
            trouble.back = Some(GoneBack { by: by.clone(), paper: None, asked: at, done: None });
        }
        E::WentBack => {
            if let Some(back) = &mut trouble.back {
                back.done = Some(at);
            }
        }
        E::Settled { by, paper } => {
            let (by, paper) = (by.clone(), Some(paper.clone()));
            trouble.back = Some(GoneBack { by, paper, asked: at, done: Some(at) });
        }
    }
    Some(trouble)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::CodeKind;
    use proptest::prelude::*;

    fn opening(what: TroubleKind) -> Opening {
        Opening {
            what,
            named: "dp_1".into(),
            payment: "pi_1".into(),
            order: Some(SpokenCode::nth(CodeKind::Order, 1)),
            amount: Usd::minor(4_500),
            value: Kes::minor(582_750),
            reason: "fraudulent".into(),
        }
    }

    fn told(status: &str, due: i64, news: DisputeNews) -> TroubleCommand {
        let due = Some(Timestamp::from_millis(due));
        TroubleCommand::Hear { opening: opening(TroubleKind::Dispute), status: status.into(), due, news }
    }

    fn run(state: &mut Option<Trouble>, command: &TroubleCommand) -> Result<usize, Refusal> {
        let events = decide(state.as_ref(), command)?;
        for event in &events {
            *state = evolve(state.take(), event, Timestamp::default());
        }
        Ok(events.len())
    }

    proptest! {
        #[test]
        fn a_dispute_ends_the_same_in_whatever_order_and_however_often_it_is_told(
            order in Just((0..7usize).collect::<Vec<_>>()).prop_shuffle(),
            again in proptest::collection::vec(0..7usize, 0..10),
            outcome in prop_oneof![Just(Outcome::Won), Just(Outcome::Lost)],
        ) {
            let all = [
                told("warning_needs_response", 5, DisputeNews::Stands),
                told("warning_under_review", 5, DisputeNews::Stands),
                told("needs_response", 9, DisputeNews::Stands),
                told("needs_response", 9, DisputeNews::Withdrawn(Kes::major(1_900))),
                told("under_review", 9, DisputeNews::Stands),
                told(outcome.word(), 9, DisputeNews::Reinstated(Kes::ZERO)),
                told(outcome.word(), 9, DisputeNews::Closed(outcome)),
            ];
            let mut one_way = None;
            for command in &all {
                run(&mut one_way, command).expect("heard");
            }
            let mut other = None;
            for at in order.iter().chain(&again) {
                run(&mut other, &all[*at]).expect("heard");
            }
            prop_assert_eq!(one_way, other);
        }
    }

    #[test]
    fn a_stray_goes_back_once_and_by_one_way() {
        let mut state = None;
        let give = TroubleCommand::GiveBack { by: "Joyce".into() };
        let settle = |paper: &str| TroubleCommand::Settle { by: "Joyce".into(), paper: paper.to_owned() };
        assert_eq!(run(&mut state, &give), Err(Refusal::NotFound));
        let open = TroubleCommand::Open(opening(TroubleKind::SecondPayment));
        assert_eq!((run(&mut state, &open), run(&mut state, &open)), (Ok(1), Ok(0)));
        let other = state.clone();
        assert_eq!((run(&mut state, &give), run(&mut state, &give)), (Ok(1), Ok(0)));
        assert!(state.as_ref().is_some_and(Trouble::is_open));
        assert_eq!(run(&mut state, &settle("T-1")), Err(Refusal::AlreadyExists));
        let confirm = TroubleCommand::ConfirmBack;
        assert_eq!((run(&mut state, &confirm), run(&mut state, &confirm)), (Ok(1), Ok(0)));
        assert!(!state.as_ref().is_some_and(Trouble::is_open));
        let mut state = other;
        assert_eq!(run(&mut state, &settle("  ")), Err(Refusal::NoReason));
        assert_eq!((run(&mut state, &settle("T-1")), run(&mut state, &settle("T-1"))), (Ok(1), Ok(0)));
        assert_eq!(run(&mut state, &give), Err(Refusal::AlreadyExists));
        assert!(!state.as_ref().is_some_and(Trouble::is_open));
    }

    #[test]
    fn a_dispute_is_not_given_back_by_hand() {
        let mut state = None;
        assert_eq!(run(&mut state, &told("needs_response", 9, DisputeNews::Stands)), Ok(2));
        let give = TroubleCommand::GiveBack { by: "Joyce".into() };
        assert_eq!(run(&mut state, &give), Err(Refusal::NotAllowed));
    }
}
