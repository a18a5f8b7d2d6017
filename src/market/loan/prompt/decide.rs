//! What may be done with a prompt, and what comes of what is heard of it.

use super::{
    Claim, MOST_PROMPTS, Prompt, PromptCommand, PromptEvent, PromptFate, PromptHeard, PromptStage, ended,
};
use crate::market::Refusal;
use crate::market::loan::Loan;
use crate::types::{Kes, PromptId, Timestamp};

/// Receipts that are kept of a claim.
const MOST_CLAIMED: usize = 3;
/// Contradictions that are remembered of a prompt.
const MOST_TOLD: usize = 8;

pub(in crate::market::loan) fn decide(
    loan: &Loan, command: &PromptCommand, now: Timestamp,
) -> Result<Vec<PromptEvent>, Refusal> {
    match command {
        PromptCommand::Ask { id, .. } if loan.prompt(*id).is_some() => Ok(vec![]),
        PromptCommand::Ask { by, .. } if *by != loan.artisan => Err(Refusal::NotAllowed),
        PromptCommand::Ask { .. } if loan.left() == Kes::ZERO => Err(Refusal::gone(loan.stage.word())),
        PromptCommand::Ask { .. } if loan.open_prompt(now).is_some() => Err(Refusal::AlreadyExists),
        PromptCommand::Ask { .. } if loan.prompts.len() >= MOST_PROMPTS => Err(Refusal::TooLarge),
        PromptCommand::Ask { amount, .. } if !amount.is_whole() => Err(Refusal::NotWhole),
        PromptCommand::Ask { id, amount, via, .. } => {
            let most = loan.promptable();
            match (Kes::major(1)..=most).contains(amount) {
                true => Ok(vec![PromptEvent::Asked { id: *id, amount: *amount, via: via.clone() }]),
                false => Err(Refusal::OutOfRange { min: 1, max: most.whole() }),
            }
        }
        PromptCommand::Hear { id, heard } => {
            let prompt = loan.prompt(*id).ok_or(Refusal::NotFound)?;
            Ok(hear(prompt, heard))
        }
        PromptCommand::Settle { id, fate } => settle(loan.prompt(*id).ok_or(Refusal::NotFound)?, fate),
    }
}

/// What is paid counts, also after it was given up. What contradicts itself is for people, and nothing of it
/// is dropped.
fn hear(prompt: &Prompt, heard: &PromptHeard) -> Vec<PromptEvent> {
    use {PromptEvent as E, PromptHeard as H, PromptStage as S};
    let id = prompt.id;
    let told = |why: String, checkout: Option<String>, receipt: Option<String>| match prompt
        .odd
        .iter()
        .chain(&prompt.told)
        .any(|known| *known == why)
    {
        true => vec![],
        false => vec![E::Odd { id, why, checkout, receipt }],
    };
    let odd = |why: String| told(why, None, None);
    match (&prompt.stage, heard) {
        (_, H::Shown { checkout }) => match &prompt.checkout {
            Some(known) if known != checkout => {
                odd(format!("its provider calls it {known}, and {checkout} too"))
            }
            Some(_) => vec![],
            None => vec![E::Shown { id, checkout: checkout.clone() }],
        },
        (_, H::Odd { why, checkout, receipt }) => told(why.clone(), checkout.clone(), receipt.clone()),

        // A question brings no receipt.
        (S::Paid { receipt: ours }, H::Paid { receipt, checkout })
            if ours == receipt || receipt == checkout =>
        {
            vec![]
        }
        (S::Paid { receipt: ours }, H::Paid { receipt, .. }) => match prompt.is_called(ours) {
            true => vec![E::Named { id, receipt: receipt.clone() }],
            false => odd(format!("it is paid under {ours}, and told of as paid under {receipt}")),
        },
        (S::Paid { receipt }, H::Failed { why }) => {
            odd(format!("it is paid under {receipt}, and its provider says now: {why}"))
        }
        (S::Paid { .. }, H::Claimed { .. } | H::Unheard) => vec![],

        (_, H::Paid { receipt, .. }) if prompt.odd.is_some() => {
            odd(format!("it was odd before, and is told of as paid under {receipt}"))
        }
        (_, H::Paid { receipt, checkout }) => {
            let asked_about = receipt == checkout;
            let claim = prompt.claim.as_ref().filter(|claim| asked_about && claim.checkout == *checkout);
            match claim {
                Some(Claim { odd: Some(why), .. }) => told(why.clone(), Some(checkout.clone()), None),
                Some(Claim { receipts, .. }) if receipts.len() == 1 => vec![paid(id, &receipts[0], checkout)],
                _ => vec![paid(id, receipt, checkout)],
            }
        }
        (stage, H::Claimed { checkout, receipt, odd }) => {
            let says_nothing = receipt.is_none() && odd.is_none();
            let over = matches!(stage, S::Ended { why } if why != ended::UNHEARD);
            let kept = prompt.claim.as_ref().is_some_and(|claim| {
                claim.receipts.len() >= MOST_CLAIMED
                    || (receipt.as_ref().is_none_or(|one| claim.receipts.contains(one))
                        && (odd.is_none() || claim.odd.is_some()))
            });
            if prompt.odd.is_some() || kept || (says_nothing && (over || prompt.checkout.is_some())) {
                return vec![];
            }
            let (checkout, receipt, odd) = (checkout.clone(), receipt.clone(), odd.clone());
            vec![E::Claimed { id, checkout, receipt, odd }]
        }
        (stage, H::Failed { why }) => match (&prompt.claim, stage) {
            (Some(claim), _) if !claim.receipts.is_empty() || claim.odd.is_some() => odd(format!(
                "somebody posted that it is paid ({}), its provider says: {why}",
                claim.receipts.join(", ")
            )),
            (_, S::Ended { why: known }) if known != ended::UNHEARD => vec![],
            _ => vec![E::Ended { id, why: why.clone() }],
        },
        (S::Asked | S::Shown { .. }, H::Unheard) => vec![E::Ended { id, why: ended::UNHEARD.to_owned() }],
        (S::Ended { .. }, H::Unheard) => vec![],
    }
}

fn paid(id: PromptId, receipt: &str, checkout: &str) -> PromptEvent {
    let (receipt, checkout) = (receipt.to_owned(), Some(checkout.to_owned()));
    PromptEvent::Paid { id, receipt, checkout, came: None }
}

fn settle(prompt: &Prompt, fate: &PromptFate) -> Result<Vec<PromptEvent>, Refusal> {
    use {PromptEvent as E, PromptStage as S};
    let id = prompt.id;
    let cleared = || prompt.odd.as_ref().map(|_| E::Cleared { id });
    match (&prompt.stage, fate) {
        (_, PromptFate::Paid { receipt, .. }) if !is_receipt(receipt) => Err(Refusal::BadName),
        (_, PromptFate::Paid { came: Some(came), .. }) if *came <= Kes::ZERO => Err(Refusal::NothingMoves),
        (_, PromptFate::Paid { came: Some(came), .. }) if !came.is_whole() => Err(Refusal::NotWhole),
        (S::Paid { receipt: ours }, PromptFate::Paid { receipt, came: None }) => match () {
            () if ours == receipt => Ok(cleared().into_iter().collect()),
            () if prompt.is_called(ours) => {
                let named = E::Named { id, receipt: receipt.clone() };
                Ok([named].into_iter().chain(cleared()).collect())
            }
            () => Err(Refusal::gone("paid")),
        },
        // What is booked is put right by a posting.
        (S::Paid { .. }, _) => Err(Refusal::gone("paid")),
        (_, PromptFate::Paid { receipt, came }) => {
            let came = came.filter(|came| *came != prompt.amount);
            Ok(vec![E::Paid { id, receipt: receipt.clone(), checkout: None, came }])
        }
        (_, PromptFate::NotPaid) if prompt.is_settled() => Err(Refusal::gone("ended")),
        (_, PromptFate::NotPaid) => Ok(vec![E::Ended { id, why: ended::DECLINED.to_owned() }]),
    }
}

/// Whether a provider may have written this on a receipt.
fn is_receipt(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
}

pub(in crate::market::loan) fn evolve(loan: &mut Loan, event: &PromptEvent, at: Timestamp) {
    if let PromptEvent::Asked { id, amount, via } = event {
        loan.prompts.push(Prompt {
            id: *id,
            amount: *amount,
            via: via.clone(),
            stage: PromptStage::Asked,
            asked: at,
            since: at,
            checkout: None,
            claim: None,
            odd: None,
            told: Vec::new(),
            came: None,
        });
        return;
    }
    let Some(prompt) = loan.prompts.iter_mut().find(|prompt| prompt.id == event.id()) else { return };
    let known = prompt.checkout.take();
    prompt.checkout = known.or_else(|| match event {
        PromptEvent::Shown { checkout, .. } => Some(checkout.clone()),
        PromptEvent::Paid { checkout, .. } | PromptEvent::Odd { checkout, .. } => checkout.clone(),
        _ => None,
    });
    let open = match &prompt.stage {
        PromptStage::Asked | PromptStage::Shown { .. } => true,
        PromptStage::Paid { .. } => false,
        PromptStage::Ended { why } => why == ended::UNHEARD,
    };
    let stage = match event {
        PromptEvent::Shown { checkout, .. } if prompt.stage == PromptStage::Asked => {
            Some(PromptStage::Shown { checkout: checkout.clone() })
        }
        PromptEvent::Paid { receipt, came, .. } => {
            (prompt.claim, prompt.odd, prompt.came) = (None, None, *came);
            Some(PromptStage::Paid { receipt: receipt.clone() })
        }
        PromptEvent::Named { receipt, .. } => Some(PromptStage::Paid { receipt: receipt.clone() }),
        PromptEvent::Ended { why, .. } => {
            if why != ended::UNHEARD {
                (prompt.claim, prompt.odd) = (None, None);
            }
            Some(PromptStage::Ended { why: why.clone() })
        }
        PromptEvent::Claimed { checkout, receipt, odd, .. } => {
            let claim = claimed(&mut prompt.claim, checkout, at);
            claim.receipts.extend(receipt.clone().filter(|one| !claim.receipts.contains(one)));
            claim.odd = claim.odd.take().or_else(|| odd.clone());
            None
        }
        PromptEvent::Odd { why, checkout, receipt, .. } => {
            prompt.odd = Some(why.clone());
            let forgotten = (prompt.told.len() + 1).saturating_sub(MOST_TOLD);
            prompt.told.drain(..forgotten);
            prompt.told.push(why.clone());
            if let Some(receipt) = receipt {
                let claim = claimed(&mut prompt.claim, checkout.as_deref().unwrap_or_default(), at);
                claim.receipts.extend(Some(receipt.clone()).filter(|one| !claim.receipts.contains(one)));
            }
            open.then(|| PromptStage::Ended { why: ended::ODD.to_owned() })
        }
        PromptEvent::Cleared { .. } => {
            (prompt.claim, prompt.odd) = (None, None);
            None
        }
        PromptEvent::Shown { .. } | PromptEvent::Asked { .. } => None,
    };
    if let Some(stage) = stage {
        (prompt.stage, prompt.since) = (stage, at);
    }
}

fn claimed<'c>(claim: &'c mut Option<Claim>, checkout: &str, at: Timestamp) -> &'c mut Claim {
    claim.get_or_insert_with(|| Claim { checkout: checkout.to_owned(), receipts: Vec::new(), odd: None, at })
}
