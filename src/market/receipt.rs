//! A paper receipt: a number printed in a kiosk's book before anybody needs it. Where there is no
//! network the agent gives the next one for a parcel, and she or the agent sends it when there is.

use super::{Actor, Policy, Refusal, Role};
use crate::types::{PartyId, SpokenCode, Timestamp};
use serde::{Deserialize, Serialize};

/// What a receipt was given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The order whose parcel was handed over.
    pub order: SpokenCode,
    /// When its maker sent it.
    pub by_maker: Option<Timestamp>,
    /// When the kiosk sent it.
    pub by_kiosk: Option<Timestamp>,
}

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its seven digits.
    pub number: SpokenCode,
    /// The agent in whose book it is.
    pub kiosk: PartyId,
    /// Its place in that book, from 1.
    pub page: u32,
    /// When it was printed.
    pub printed: Timestamp,
    /// What it was given for, once anybody has sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Given>,
}

/// What can be asked of a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptCommand {
    /// Print it into a book.
    Print {
        /// Its seven digits.
        number: SpokenCode,
        /// The agent whose book it is.
        kiosk: PartyId,
        /// Its place in that book.
        page: u32,
    },
    /// Somebody sends what it was given for.
    Send {
        /// Who.
        by: Actor,
        /// The order.
        order: SpokenCode,
        /// Who makes that order.
        maker: PartyId,
    },
}

/// What happened to a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptEvent {
    /// It was printed.
    Printed {
        /// Its seven digits.
        number: SpokenCode,
        /// The agent whose book it is.
        kiosk: PartyId,
        /// Its place in that book.
        page: u32,
    },
    /// Somebody sent it.
    Sent {
        /// For which order.
        order: SpokenCode,
        /// Whether it was the kiosk; else the maker.
        by_kiosk: bool,
    },
}

/// Answers a command with events, or says no: [`Refusal::NotAllowed`] for the receipt of another
/// kiosk or the order of another maker, [`Refusal::Gone`] when it was given for another order.
pub fn decide(
    state: Option<&Receipt>, command: &ReceiptCommand, _policy: &Policy, _now: Timestamp,
) -> Result<Vec<ReceiptEvent>, Refusal> {
    use ReceiptCommand as C;
    let Some(receipt) = state else {
        return match command {
            C::Print { number, kiosk, page } => {
                Ok(vec![ReceiptEvent::Printed { number: *number, kiosk: *kiosk, page: *page }])
            }
            C::Send { .. } => Err(Refusal::NotFound),
        };
    };
    match command {
        C::Print { kiosk, page, .. } if (*kiosk, *page) == (receipt.kiosk, receipt.page) => Ok(vec![]),
        C::Print { .. } => Err(Refusal::AlreadyExists),
        C::Send { by, order, maker } => {
            let by_kiosk = by.role == Role::Agent;
            if by.id != if by_kiosk { receipt.kiosk } else { *maker } {
                return Err(Refusal::NotAllowed);
            }
            match receipt.given {
                Some(given) if given.order != *order => Err(Refusal::gone("given")),
                Some(Given { by_kiosk: Some(_), .. }) if by_kiosk => Ok(vec![]),
                Some(Given { by_maker: Some(_), .. }) if !by_kiosk => Ok(vec![]),
                _ => Ok(vec![ReceiptEvent::Sent { order: *order, by_kiosk }]),
            }
        }
    }
}

/// The state after an event.
pub fn evolve(state: Option<Receipt>, event: &ReceiptEvent, at: Timestamp) -> Option<Receipt> {
    match (state, event) {
        (None, ReceiptEvent::Printed { number, kiosk, page }) => {
            Some(Receipt { number: *number, kiosk: *kiosk, page: *page, printed: at, given: None })
        }
        (Some(mut receipt), ReceiptEvent::Sent { order, by_kiosk }) => {
            let given = receipt.given.get_or_insert(Given { order: *order, by_maker: None, by_kiosk: None });
            *if *by_kiosk { &mut given.by_kiosk } else { &mut given.by_maker } = Some(at);
            Some(receipt)
        }
        (state, _) => state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::CodeKind;

    #[test]
    fn a_receipt_is_good_for_one_order_whoever_sends_it_first_and_however_often() {
        let [amina, njeri, wanjiru] = ["amina", "njeri", "wanjiru"].map(PartyId::derived);
        let (agent, artisan) = (Role::Agent, Role::Artisan);
        let [order, other] = [1, 2].map(|n| SpokenCode::nth(CodeKind::Order, n));
        let number = SpokenCode::nth(CodeKind::Once, 1);
        let sends = |id, role, order| ReceiptCommand::Send { by: Actor { id, role }, order, maker: wanjiru };
        for kiosk_first in [true, false] {
            let (mut receipt, mut at) = (None, Timestamp::from_millis(1));
            let mut does = |command: ReceiptCommand| {
                let events = decide(receipt.as_ref(), &command, &Policy::default(), at)?;
                for event in &events {
                    receipt = evolve(receipt.take(), event, at);
                }
                at = at.after(std::time::Duration::from_secs(9));
                Ok((events.len(), receipt.clone().and_then(|receipt: Receipt| receipt.given)))
            };
            assert_eq!(does(sends(wanjiru, artisan, order)), Err(Refusal::NotFound));
            does(ReceiptCommand::Print { number, kiosk: amina, page: 1 }).expect("printed");
            assert_eq!(does(sends(njeri, agent, order)), Err(Refusal::NotAllowed));
            assert_eq!(does(sends(njeri, artisan, order)), Err(Refusal::NotAllowed));
            let mut both = [(amina, agent), (wanjiru, artisan)];
            if !kiosk_first {
                both.reverse();
            }
            for (id, role) in both {
                assert_eq!(does(sends(id, role, order)).map(|(events, _)| events), Ok(1));
                assert_eq!(does(sends(id, role, order)).map(|(events, _)| events), Ok(0));
                assert_eq!(does(sends(id, role, other)), Err(Refusal::gone("given")));
            }
            let given = does(sends(amina, agent, order)).expect("again").1.expect("given");
            assert!(given.order == order && given.by_maker.is_some() && given.by_kiosk.is_some());
            assert_eq!(given.by_kiosk < given.by_maker, kiosk_first);
        }
    }
}
