//! What may be done with a loan, and what comes of it.

use super::{Disbursal, Endorser, LONGEST_NOTE, Loan, LoanCommand, LoanEvent, LoanStage};
use crate::market::{Policy, Refusal};
use crate::types::{Kes, PayoutId, Timestamp};

/// Answers a command with events, or says no.
pub fn decide(
    state: Option<&Loan>, command: &LoanCommand, policy: &Policy, now: Timestamp,
) -> Result<Vec<LoanEvent>, Refusal> {
    use {LoanCommand as C, LoanEvent as E, LoanStage as S};
    let Some(loan) = state else {
        return match command {
            C::Ask { .. } => ask(command, policy),
            _ => Err(Refusal::NotFound),
        };
    };
    let gone = || Err(Refusal::gone(loan.stage.word()));
    let event = match command {
        C::Ask { artisan, amount, what, .. } => {
            let same = (*artisan, *amount, *what) == (loan.artisan, loan.amount, loan.what);
            return if same { Ok(vec![]) } else { Err(Refusal::AlreadyExists) };
        }
        C::Endorse { by: Endorser::Mentor(by), guides } if !guides || *by == loan.artisan => {
            return Err(Refusal::NotAllowed);
        }
        C::Endorse { by: Endorser::Desk(name), .. } if name.trim().is_empty() => {
            return Err(Refusal::BadName);
        }
        C::Endorse { by, .. } => match (loan.stage, &loan.endorsed) {
            (S::Asked, _) => E::Endorsed { by: by.clone() },
            (_, Some(known)) if known == by => return Ok(vec![]),
            _ => return gone(),
        },
        C::Show => match loan.stage {
            S::Endorsed => E::Shown,
            S::Shown => return Ok(vec![]),
            _ => return gone(),
        },
        C::Fund { paper, .. } if paper.trim().is_empty() => return Err(Refusal::BadName),
        C::Fund { lenders, countries, .. } if *lenders == 0 || *countries == 0 || countries > lenders => {
            return Err(Refusal::OutOfRange { min: 1, max: i64::from((*lenders).max(1)) });
        }
        C::Fund { paper, lenders, countries } => match loan.stage {
            S::Endorsed | S::Shown => {
                E::Funded { paper: paper.trim().to_owned(), lenders: *lenders, countries: *countries }
            }
            _ if loan.paper.as_deref() == Some(paper.trim()) => return Ok(vec![]),
            _ => return gone(),
        },
        C::Agree { payout, .. } if loan.payout == Some(*payout) => return Ok(vec![]),
        C::Agree { hold: Some(hold), .. } => return Err(Refusal::Held { hold: hold.clone() }),
        C::Agree { pin_proven: false, .. } => return Err(Refusal::NoPin),
        C::Agree { payout, .. } => match (loan.stage, &loan.failed) {
            (S::Funded, _) | (S::Agreed, Some(_)) => E::Agreed { payout: *payout },
            _ => return gone(),
        },
        C::Hear { payout, news } => return hear(loan, *payout, news),
        C::Take { amount, .. } if *amount == Kes::ZERO => return Ok(vec![]),
        C::Take { amount, .. } if *amount > loan.left() => return Err(Refusal::TooLarge),
        C::Take { order, round, amount } => {
            let taken = E::Taken { order: *order, round: *round, amount: *amount };
            let done = *amount == loan.left();
            return Ok(if done { vec![taken, E::Repaid] } else { vec![taken] });
        }
        C::Pay { by, .. } if *by != loan.artisan => return Err(Refusal::NotAllowed),
        C::Pay { .. } if loan.left() == Kes::ZERO => return gone(),
        C::Pay { pin_proven: false, .. } => return Err(Refusal::NoPin),
        C::Pay { amount, .. } if !amount.is_whole() => return Err(Refusal::NotWhole),
        C::Pay { amount, free, .. } => {
            let pays = (*amount).min(loan.left());
            if pays > *free || pays <= Kes::ZERO {
                return Err(Refusal::OutOfRange { min: 1, max: free.whole() });
            }
            let paid = E::Paid { round: loan.payments() + 1, amount: pays };
            return Ok(if pays == loan.left() { vec![paid, E::Repaid] } else { vec![paid] });
        }
        C::Prompt(command) => {
            return Ok(super::prompt::decide(loan, command, now)?.into_iter().map(E::Prompt).collect());
        }
        C::Stop => match loan.stage {
            S::Asked | S::Endorsed | S::Shown | S::Funded => E::Stopped,
            // It is known that she does not have it; while it moves nobody knows.
            S::Agreed if loan.failed.is_some() => E::Stopped,
            S::Stopped => return Ok(vec![]),
            _ => return gone(),
        },
        C::Lose { amount } if *amount == Kes::ZERO || *amount != loan.left() => return gone(),
        C::Lose { amount } => E::Lost { amount: *amount },
        C::Note { .. } | C::Answer { .. } if loan.paper.is_none() => return gone(),
        C::Note { text } => E::Noted { text: words(text)? },
        C::Answer { text } => E::Answered { text: words(text)? },
        C::Remit { .. } if loan.due() == Kes::ZERO => return Ok(vec![]),
        C::Remit { paper } if paper.trim().is_empty() => return Err(Refusal::BadName),
        C::Remit { paper } => E::Remitted { paper: paper.clone() },
    };
    Ok(vec![event])
}

fn ask(command: &LoanCommand, policy: &Policy) -> Result<Vec<LoanEvent>, Refusal> {
    let LoanCommand::Ask { id, artisan, amount, what, released, open } = command else {
        return Err(Refusal::NotFound);
    };
    if open.is_some() {
        return Err(Refusal::AlreadyExists);
    }
    if !amount.is_whole() {
        return Err(Refusal::NotWhole);
    }
    let (least, most) = (policy.loan_min(), policy.loan_most(*released));
    if *amount < least || *amount > most {
        return Err(Refusal::OutOfRange { min: least.whole(), max: most.whole() });
    }
    let (id, artisan, amount, what) = (*id, *artisan, *amount, *what);
    Ok(vec![LoanEvent::Asked { id, artisan, amount, what, share_bp: policy.loan_share_bp }])
}

/// News of a payout that is not the one that sends the loan now is no news of the loan: whoever
/// heard it must look what it means.
fn hear(loan: &Loan, payout: PayoutId, news: &Disbursal) -> Result<Vec<LoanEvent>, Refusal> {
    use LoanStage as S;
    if loan.payout != Some(payout) {
        return Err(Refusal::gone(loan.stage.word()));
    }
    let event = match (loan.stage, news) {
        (S::Agreed, Disbursal::Paid { reference }) => LoanEvent::Sent { reference: reference.clone() },
        (S::Agreed, Disbursal::Failed { why }) if loan.failed.is_none() => {
            LoanEvent::SendFailed { why: why.clone() }
        }
        (S::Sent | S::Repaying, Disbursal::Reversed { why }) => LoanEvent::Returned { why: why.clone() },
        // The house has borne what was left of it, or nobody wanted it any more.
        (S::Repaid | S::Stopped, Disbursal::Reversed { .. }) | (S::Stopped, Disbursal::Paid { .. }) => {
            return Err(Refusal::gone(loan.stage.word()));
        }
        _ => return Ok(vec![]),
    };
    Ok(vec![event])
}

/// A message as it is kept: blanks in order, of the length that a phone shows.
fn words(text: &str) -> Result<String, Refusal> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let fits = (1..=LONGEST_NOTE).contains(&text.chars().count());
    if fits { Ok(text) } else { Err(Refusal::OutOfRange { min: 1, max: LONGEST_NOTE as i64 }) }
}
