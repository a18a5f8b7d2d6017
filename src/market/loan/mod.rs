//! A loan: lenders' money that an artisan asks for, that somebody who knows her endorses, that she
//! agrees to and gets once, and that each of her sales pays back a part of until nothing is left.
//!
//! No interest, no penalty, no date: what is taken is a share of a sale and never more than is left.

mod decide;
mod prompt;

pub use decide::decide;
pub use prompt::{
    ANSWERABLE, Claim, LEAVES, MOST_PROMPTS, Prompt, PromptCommand, PromptEvent, PromptFate, PromptHeard,
    PromptStage, ended,
};

use super::party::Hold;
use crate::types::{Kes, LoanId, PartyId, PayoutId, SpokenCode, Timestamp};
use serde::{Deserialize, Serialize};

/// The most letters of a message between lenders and an artisan.
pub const LONGEST_NOTE: usize = 110;
/// Messages that stand with a loan; the journal has them all.
const MOST_NOTES: usize = 40;

/// What a loan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoanFor {
    /// A machine.
    Machine,
    /// Materials.
    Materials,
    /// A phone.
    Phone,
    /// Something else.
    Other,
}

impl LoanFor {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Machine, Self::Materials, Self::Phone, Self::Other];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Materials => "materials",
            Self::Phone => "phone",
            Self::Other => "other",
        }
    }
}

/// Where a loan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoanStage {
    /// She asked for it.
    Asked,
    /// Somebody who knows her stands by it.
    Endorsed,
    /// Lenders see it.
    Shown,
    /// Lenders have given all of it.
    Funded,
    /// She agreed to the terms; it is being sent, or could not be.
    Agreed,
    /// She has it.
    Sent,
    /// A sale has paid a part back.
    Repaying,
    /// Nothing is left.
    Repaid,
    /// It will not go on; she owes nothing.
    Stopped,
}

impl LoanStage {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Endorsed => "endorsed",
            Self::Shown => "shown",
            Self::Funded => "funded",
            Self::Agreed => "agreed",
            Self::Sent => "sent",
            Self::Repaying => "repaying",
            Self::Repaid => "repaid",
            Self::Stopped => "stopped",
        }
    }

    /// True while she cannot ask for another one.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Repaid | Self::Stopped)
    }
}

/// Who stands by a loan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endorser {
    /// Her mentor.
    Mentor(PartyId),
    /// A liaison at the desk, by name.
    Desk(String),
}

/// What is owed to lenders because of one release, because she paid, or because a loan was not taken or is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The order whose release paid it; none for what she paid herself, and for a loan not taken or lost.
    pub order: Option<SpokenCode>,
    /// Which of the order's releases, or of her own payments; zero for a loan not taken or lost.
    pub round: u32,
    /// How much.
    pub amount: Kes,
    /// When.
    pub at: Timestamp,
    /// The remittance that it went back with.
    pub paper: Option<String>,
}

/// A message between lenders and an artisan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Hers, or else the lenders'.
    pub hers: bool,
    /// What it says.
    pub text: String,
    /// When it came.
    pub at: Timestamp,
}

/// A loan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loan {
    /// What names it.
    pub id: LoanId,
    /// Who asked for it.
    pub artisan: PartyId,
    /// How much.
    pub amount: Kes,
    /// What for.
    pub what: LoanFor,
    /// What it takes of each credit, in ten-thousandths: the terms of the day she asked.
    pub share_bp: u32,
    /// Where it stands.
    pub stage: LoanStage,
    /// When she asked.
    pub asked: Timestamp,
    /// Since when it stands as it does.
    pub since: Timestamp,
    /// Who stands by it.
    pub endorsed: Option<Endorser>,
    /// The lending site's reference.
    pub paper: Option<String>,
    /// How many people lent it.
    pub lenders: u32,
    /// In how many countries they live.
    pub countries: u32,
    /// The payout that sends it, or tried to.
    pub payout: Option<PayoutId>,
    /// How often it was sent, or tried to be.
    pub tries: u32,
    /// Why it could not be sent: the provider's proof that it was not.
    pub failed: Option<String>,
    /// The provider's reference.
    pub reference: Option<String>,
    /// What her sales have paid back.
    pub repaid: Kes,
    /// What is, or was, to be sent back to lenders, oldest first.
    pub parts: Vec<Part>,
    /// The latest messages, oldest first.
    pub notes: Vec<Note>,
    /// The latest prompts by which she paid some of it from her mobile money, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompts: Vec<Prompt>,
}

impl Loan {
    /// True when she had it and nobody will pay the rest: we have paid lenders what was left.
    pub fn is_lost(&self) -> bool {
        // One that came back to us before she dropped it says why.
        self.stage == LoanStage::Stopped && self.reference.is_some() && self.failed.is_none()
    }

    /// What she still owes; nothing before she has it.
    pub fn left(&self) -> Kes {
        match self.stage {
            LoanStage::Sent | LoanStage::Repaying => less(self.amount, self.repaid),
            _ => Kes::ZERO,
        }
    }

    /// How often she paid some of it back herself.
    pub fn payments(&self) -> u32 {
        let own = self.parts.iter().filter(|part| part.order.is_none() && part.round > 0);
        u32::try_from(own.count()).unwrap_or(u32::MAX)
    }

    /// When something was paid back last, or when she got it.
    pub fn moved(&self) -> Timestamp {
        self.parts.last().map_or(self.since, |part| part.at.max(self.since))
    }

    /// What was collected and not sent back to lenders yet.
    pub fn due(&self) -> Kes {
        let open = self.parts.iter().filter(|part| part.paper.is_none());
        Kes::minor(open.map(|part| part.amount.cents()).sum())
    }
}

/// What became of sending a loan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disbursal {
    /// She has it.
    Paid {
        /// The provider's reference.
        reference: String,
    },
    /// It is known that she does not have it.
    Failed {
        /// Why, in the provider's words.
        why: String,
    },
    /// She had it, and the provider took it back.
    Reversed {
        /// Why, in the provider's words.
        why: String,
    },
}

/// What can be asked of a loan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoanCommand {
    /// An artisan asks.
    Ask {
        /// The id it will have for ever.
        id: LoanId,
        /// Who.
        artisan: PartyId,
        /// How much, in whole shillings.
        amount: Kes,
        /// What for.
        what: LoanFor,
        /// What her released sales have brought her.
        released: Kes,
        /// A loan of hers that is still open.
        open: Option<LoanId>,
    },
    /// Somebody stands by it.
    Endorse {
        /// Who.
        by: Endorser,
        /// For a mentor: whether she guides the artisan today.
        guides: bool,
    },
    /// Lenders see it from now on.
    Show,
    /// Lenders gave all of it.
    Fund {
        /// The lending site's reference.
        paper: String,
        /// How many people.
        lenders: u32,
        /// From how many countries.
        countries: u32,
    },
    /// She agrees to the terms; also: she wants it sent once more after it is known to have failed.
    Agree {
        /// The payout that will send it, new for every try.
        payout: PayoutId,
        /// Whether her PIN was proven in this dialog.
        pin_proven: bool,
        /// Why her money waits, if it does.
        hold: Option<Hold>,
    },
    /// What became of a payout that sends it.
    Hear {
        /// Which.
        payout: PayoutId,
        /// What.
        news: Disbursal,
    },
    /// A release has paid a part.
    Take {
        /// The order.
        order: SpokenCode,
        /// Which of its releases.
        round: u32,
        /// How much, at most what is left.
        amount: Kes,
    },
    /// She pays some of it back herself, of what she has ready.
    Pay {
        /// Who.
        by: PartyId,
        /// How much, in whole shillings; what is left is enough.
        amount: Kes,
        /// What she has ready.
        free: Kes,
        /// Whether her PIN was proven in this dialog.
        pin_proven: bool,
    },
    /// Something about a prompt on her phone.
    Prompt(PromptCommand),
    /// It is not wanted any more, by her or by the desk, before she has agreed, or after it is known
    /// that she does not have it.
    Stop,
    /// Nobody will pay what is left: it is the house's loss, decided by two people.
    Lose {
        /// How much: all that is left.
        amount: Kes,
    },
    /// Lenders write.
    Note {
        /// What.
        text: String,
    },
    /// She writes back.
    Answer {
        /// What.
        text: String,
    },
    /// What was collected goes back to the lenders.
    Remit {
        /// The remittance.
        paper: String,
    },
}

/// What happened to a loan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoanEvent {
    /// She asked.
    Asked {
        /// The id it will have for ever.
        id: LoanId,
        /// Who.
        artisan: PartyId,
        /// How much.
        amount: Kes,
        /// What for.
        what: LoanFor,
        /// What it will take of each credit, in ten-thousandths.
        share_bp: u32,
    },
    /// Somebody stands by it.
    Endorsed {
        /// Who.
        by: Endorser,
    },
    /// Lenders see it.
    Shown,
    /// Lenders gave all of it.
    Funded {
        /// The lending site's reference.
        paper: String,
        /// How many people.
        lenders: u32,
        /// From how many countries.
        countries: u32,
    },
    /// She agreed, and this payout sends it.
    Agreed {
        /// Which.
        payout: PayoutId,
    },
    /// It was not sent; it may be tried again.
    SendFailed {
        /// Why.
        why: String,
    },
    /// She has it.
    Sent {
        /// The provider's reference.
        reference: String,
    },
    /// The provider took it back; it may be sent again.
    Returned {
        /// Why.
        why: String,
    },
    /// A release paid a part.
    Taken {
        /// The order.
        order: SpokenCode,
        /// Which of its releases.
        round: u32,
        /// How much.
        amount: Kes,
    },
    /// She paid some of it back herself.
    Paid {
        /// Counts what she paid herself: 1, 2, ...
        round: u32,
        /// How much.
        amount: Kes,
    },
    /// Something happened to a prompt on her phone.
    Prompt(PromptEvent),
    /// Nothing is left.
    Repaid,
    /// It will not go on; what lenders gave goes back to them.
    Stopped,
    /// The house bears what was left; lenders have it back with the next remittance.
    Lost {
        /// How much.
        amount: Kes,
    },
    /// Lenders wrote.
    Noted {
        /// What.
        text: String,
    },
    /// She wrote back.
    Answered {
        /// What.
        text: String,
    },
    /// What was collected went back to the lenders.
    Remitted {
        /// The remittance.
        paper: String,
    },
}

/// `a - b`, of which `b` is never the larger.
fn less(a: Kes, b: Kes) -> Kes {
    Kes::minor(a.cents().saturating_sub(b.cents()))
}

/// The state after an event.
pub fn evolve(state: Option<Loan>, event: &LoanEvent, at: Timestamp) -> Option<Loan> {
    use {LoanEvent as E, LoanStage as S};
    let Some(mut loan) = state else { return asked(event, at) };
    let before = loan.stage;
    match event {
        E::Asked { .. } => {}
        E::Endorsed { by } => {
            loan.endorsed = Some(by.clone());
            loan.stage = S::Endorsed;
        }
        E::Shown => loan.stage = S::Shown,
        E::Funded { paper, lenders, countries } => {
            loan.paper = Some(paper.clone());
            (loan.lenders, loan.countries) = (*lenders, *countries);
            loan.stage = S::Funded;
        }
        E::Agreed { payout } => {
            (loan.payout, loan.failed) = (Some(*payout), None);
            loan.tries += 1;
            loan.stage = S::Agreed;
        }
        E::SendFailed { why } => loan.failed = Some(why.clone()),
        E::Sent { reference } => {
            (loan.reference, loan.failed) = (Some(reference.clone()), None);
            loan.stage = if loan.repaid > Kes::ZERO { S::Repaying } else { S::Sent };
        }
        E::Returned { why } => {
            loan.failed = Some(why.clone());
            loan.stage = S::Agreed;
        }
        E::Taken { order, round, amount } => pay(&mut loan, (Some(*order), *round), *amount, at),
        E::Paid { round, amount } => pay(&mut loan, (None, *round), *amount, at),
        E::Prompt(event) => prompt::evolve(&mut loan, event, at),
        E::Repaid => loan.stage = S::Repaid,
        E::Stopped => {
            if matches!(loan.stage, S::Funded | S::Agreed) {
                // What she had paid is with the lenders, or on its way, and is hers again out of the rest.
                let amount = less(loan.amount, std::mem::take(&mut loan.repaid));
                loan.parts.push(Part { order: None, round: 0, amount, at, paper: None });
            }
            loan.stage = S::Stopped;
        }
        E::Lost { amount } => {
            loan.parts.push(Part { order: None, round: 0, amount: *amount, at, paper: None });
            loan.stage = S::Stopped;
        }
        E::Noted { text } => keep(&mut loan.notes, Note { hers: false, text: text.clone(), at }),
        E::Answered { text } => keep(&mut loan.notes, Note { hers: true, text: text.clone(), at }),
        E::Remitted { paper } => {
            for part in loan.parts.iter_mut().filter(|part| part.paper.is_none()) {
                part.paper = Some(paper.clone());
            }
        }
    }
    if loan.stage != before {
        loan.since = at;
    }
    Some(loan)
}

/// Some was paid back.
fn pay(loan: &mut Loan, (order, round): (Option<SpokenCode>, u32), amount: Kes, at: Timestamp) {
    loan.repaid = Kes::minor(loan.repaid.cents() + amount.cents());
    loan.stage = LoanStage::Repaying;
    loan.parts.push(Part { order, round, amount, at, paper: None });
}

fn keep(notes: &mut Vec<Note>, note: Note) {
    if notes.len() == MOST_NOTES {
        notes.remove(0);
    }
    notes.push(note);
}

fn asked(event: &LoanEvent, at: Timestamp) -> Option<Loan> {
    let LoanEvent::Asked { id, artisan, amount, what, share_bp } = event else { return None };
    Some(Loan {
        id: *id,
        artisan: *artisan,
        amount: *amount,
        what: *what,
        share_bp: *share_bp,
        stage: LoanStage::Asked,
        asked: at,
        since: at,
        endorsed: None,
        paper: None,
        lenders: 0,
        countries: 0,
        payout: None,
        tries: 0,
        failed: None,
        reference: None,
        repaid: Kes::ZERO,
        parts: Vec::new(),
        notes: Vec::new(),
        prompts: Vec::new(),
    })
}

#[cfg(test)]
mod tests;
