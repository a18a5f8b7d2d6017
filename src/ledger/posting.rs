//! Which fact moves which sums: [`lines`] is the whole table.

mod card;
mod cause;
mod loans;
mod sale;

use super::account::{Account, Purse};
use super::transfer::{Line, Refused, Transfer};
use crate::types::{ApprovalId, Kes, LoanId, PartyId, PayoutId, SpokenCode, Timestamp};
pub use card::CardFact;
use cause::{Head, head};
pub use loans::loan_cut;
use loans::paid_back;
pub use sale::{LoanCut, MentorShare, Parts, Sale, split};
use serde::{Deserialize, Serialize};

/// Something that happened and that the books must know. Sums are not below zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Opening money came into the bank.
    Opened {
        /// The bank's own reference.
        paper: String,
        /// How much.
        amount: Kes,
    },
    /// The float at the mobile-money provider was filled from the bank.
    FloatFunded {
        /// The bank's own reference.
        paper: String,
        /// How much.
        amount: Kes,
    },
    /// The card processor paid out to the bank.
    PspSettled {
        /// The processor's own reference.
        paper: String,
        /// How much.
        amount: Kes,
    },
    /// A shopper's card payment was captured.
    Captured {
        /// The order.
        order: SpokenCode,
        /// The whole charge in shillings at the locked rate.
        charged: Kes,
        /// The sale value of all pieces.
        goods: Kes,
        /// What of it is for the carrier.
        shipping: Kes,
        /// What of it is a tax authority's.
        #[serde(default)]
        tax: Kes,
        /// What the processor keeps.
        fee: Kes,
    },
    /// Pieces passed the check.
    Released {
        /// The order.
        order: SpokenCode,
        /// Whose deposit pays for it: the order's own, or that of the bulk request it is a part of.
        deposit: SpokenCode,
        /// Counts the releases of the order: 1, 2, ...
        round: u32,
        /// Whose work it is.
        maker: PartyId,
        /// The pieces that passed, as a sale.
        sale: Sale,
        /// Her loan, if she has one.
        loan: Option<LoanCut>,
    },
    /// An agent looked at a listing.
    ListingValidated {
        /// The listing.
        listing: SpokenCode,
        /// Counts its checks: 1, 2, ...
        round: u32,
        /// Who looked.
        agent: PartyId,
        /// The fixed fee.
        fee: Kes,
    },
    /// An agent checked a parcel.
    ParcelChecked {
        /// The order.
        order: SpokenCode,
        /// Counts the checks of its parcel: 1, 2, ...
        round: u32,
        /// Who checked.
        agent: PartyId,
        /// The fixed fee.
        fee: Kes,
    },
    /// An agent packed pieces into a box of ours.
    BoxUsed {
        /// The order.
        order: SpokenCode,
        /// Counts the order's boxes: 1, 2, ...
        round: u32,
        /// Who packed.
        agent: PartyId,
        /// The fixed fee.
        fee: Kes,
    },
    /// An agent kept our stock and leaflets for a month.
    StockKept {
        /// Who.
        agent: PartyId,
        /// Which month, as 202612.
        month: u32,
        /// The fixed fee.
        fee: Kes,
    },
    /// An agent paid somebody's cash number.
    CashServed {
        /// The payout that the cash number stood for.
        payout: PayoutId,
        /// Whose money it was.
        owner: PartyId,
        /// Who paid it out of the agent's own cash.
        agent: PartyId,
        /// How much.
        amount: Kes,
        /// The fixed fee.
        fee: Kes,
    },
    /// A rider brought a parcel to a kiosk.
    ParcelDelivered {
        /// The order.
        order: SpokenCode,
        /// Counts the parcel's rides: 1, 2, ...
        round: u32,
        /// Who brought it.
        rider: PartyId,
        /// The fixed fee.
        fee: Kes,
    },
    /// Somebody asked for money; nothing has been sent yet.
    PayoutReserved {
        /// The payout.
        payout: PayoutId,
        /// Out of which purse.
        from: Purse,
        /// How much.
        amount: Kes,
    },
    /// The provider paid a reserved payout.
    PayoutPaid {
        /// The payout.
        payout: PayoutId,
        /// Whose.
        owner: PartyId,
        /// How much.
        amount: Kes,
        /// What the provider charges us.
        fee: Kes,
    },
    /// The provider is known not to have paid a reserved payout.
    PayoutFailed {
        /// The payout.
        payout: PayoutId,
        /// Back into which purse.
        from: Purse,
        /// How much.
        amount: Kes,
    },
    /// The provider paid after all, though the money had been freed. What the purse no longer
    /// covers is our loss.
    PayoutPaidLate {
        /// The payout.
        payout: PayoutId,
        /// Out of which purse.
        from: Purse,
        /// How much was paid.
        amount: Kes,
        /// How much of it the purse still holds; at most `amount`.
        covered: Kes,
        /// What the provider charges us.
        fee: Kes,
    },
    /// The provider sent a paid sum back to us.
    PayoutReversed {
        /// The payout.
        payout: PayoutId,
        /// Back into which purse.
        from: Purse,
        /// How much.
        amount: Kes,
    },
    /// A shopper got money back for pieces that never passed the check.
    RefundedBeforeRelease {
        /// The order.
        order: SpokenCode,
        /// Counts the order's refunds: 1, 2, ...
        round: u32,
        /// What went back in all, in shillings at the locked rate.
        back: Kes,
        /// The sale value of those pieces.
        goods: Kes,
        /// What of it had been for the carrier.
        shipping: Kes,
        /// What of it had been collected as tax.
        #[serde(default)]
        tax: Kes,
    },
    /// A shopper changed her mind when somebody had begun: the maker keeps her materials.
    MaterialsKept {
        /// The order.
        order: SpokenCode,
        /// Who had begun.
        maker: PartyId,
        /// What the shopper does not get back, in shillings at the locked rate.
        kept: Kes,
        /// What of it is the maker's.
        materials: Kes,
    },
    /// A shopper got money back for pieces that had passed.
    RefundedAfterRelease {
        /// The order.
        order: SpokenCode,
        /// Counts the order's refunds: 1, 2, ...
        round: u32,
        /// What went back in all, in shillings at the locked rate.
        back: Kes,
        /// What of it had been for the carrier and is still with us.
        shipping: Kes,
        /// What of it had been collected as tax.
        #[serde(default)]
        tax: Kes,
    },
    /// About a card payment, and nothing that anybody here asked for.
    Card(CardFact),
    /// A carrier was paid for an order.
    ShippingSettled {
        /// The order.
        order: SpokenCode,
        /// What the shopper had paid for it.
        collected: Kes,
        /// What the carrier took.
        cost: Kes,
    },
    /// Lenders' money came in.
    LoanFunded {
        /// For whom.
        artisan: PartyId,
        /// The lending site's reference.
        paper: String,
        /// How much.
        amount: Kes,
    },
    /// The provider sent a loan to an artisan. It was never among her own money.
    LoanSent {
        /// By which payout.
        payout: PayoutId,
        /// To whom.
        artisan: PartyId,
        /// How much.
        amount: Kes,
        /// What the provider charges us.
        fee: Kes,
    },
    /// The provider took a loan back that it had sent.
    LoanReturned {
        /// By which payout it had gone.
        payout: PayoutId,
        /// To whom.
        artisan: PartyId,
        /// How much.
        amount: Kes,
    },
    /// The provider took a loan back when nothing was owed on it any more: what she had paid of it
    /// is hers again, the rest was our loss and is none now.
    LoanReturnedLate {
        /// By which payout it had gone.
        payout: PayoutId,
        /// To whom.
        artisan: PartyId,
        /// How much.
        amount: Kes,
        /// How much of it she had paid back; at most `amount`.
        repaid: Kes,
    },
    /// A funded loan that she did not take, or that did not stay with her: the lenders' money goes back
    /// with the next remittance, less what she had paid of it; that is hers again.
    LoanUnlent {
        /// For whom it was.
        artisan: PartyId,
        /// The lending site's reference.
        paper: String,
        /// How much it was.
        amount: Kes,
        /// How much of it she had paid back; at most `amount`.
        repaid: Kes,
    },
    /// An artisan paid us by mobile money: it is hers, ready for what she paid it for.
    Received {
        /// Who.
        artisan: PartyId,
        /// The provider's receipt: it counts once.
        receipt: String,
        /// How much.
        amount: Kes,
    },
    /// An artisan paid some of her loan back, out of what she had ready.
    LoanPaid {
        /// Who.
        artisan: PartyId,
        /// Which loan.
        loan: LoanId,
        /// Counts her payments: 1, 2, ...
        round: u32,
        /// How much.
        amount: Kes,
    },
    /// Two people decided that nobody will pay the rest of a loan: our loss; lenders have it back.
    LoanLost {
        /// What they decided.
        approval: ApprovalId,
        /// Whose loan.
        artisan: PartyId,
        /// How much.
        amount: Kes,
    },
    /// Two people decided that we owe somebody a sum.
    MadeGood {
        /// What they decided.
        approval: ApprovalId,
        /// Into which purse.
        to: Purse,
        /// How much.
        amount: Kes,
    },
    /// Two people decided on a posting of their own.
    ByHand {
        /// What they decided.
        approval: ApprovalId,
        /// Its lines.
        lines: Vec<Line>,
    },
    /// Repayments were sent back to lenders.
    LoanRemitted {
        /// The remittance.
        paper: String,
        /// How much.
        amount: Kes,
    },
}

/// The transfer that a fact becomes; its id follows from the fact's cause.
pub fn post(fact: &Fact, at: Timestamp) -> Result<Transfer, Refused> {
    let Head { cause, kind, phase, reference } = head(fact);
    if let Some(what) = negative(fact) {
        return Err(Refused::Negative { kind, what });
    }
    Transfer::new(&cause, kind, phase, reference, lines(fact), at)
}

fn debit(account: Account, sum: Kes) -> Line {
    Line { account, credit: -sum }
}

fn credit(account: Account, sum: Kes) -> Line {
    Line { account, credit: sum }
}

/// One sum: the first account is debited, the second credited.
fn moved(debited: Account, credited: Account, sum: Kes) -> Vec<Line> {
    vec![debit(debited, sum), credit(credited, sum)]
}

/// `a - b`; both are sums of money of one order, far from the ends of the range.
fn less(a: Kes, b: Kes) -> Kes {
    Kes::minor(a.cents().saturating_sub(b.cents()))
}

/// The table of all postings.
fn lines(fact: &Fact) -> Vec<Line> {
    use Account as A;
    match fact {
        Fact::Opened { amount, .. } => moved(A::Bank, A::Equity, *amount),
        Fact::FloatFunded { amount, .. } => moved(A::MmFloat, A::Bank, *amount),
        Fact::PspSettled { amount, .. } => moved(A::Bank, A::Psp, *amount),
        Fact::Captured { order, charged, goods, shipping, tax, fee } => vec![
            debit(A::Psp, *charged),
            credit(A::Deposit(*order), *goods),
            credit(A::ShippingPayable, *shipping),
            credit(A::TaxPayable, *tax),
            // A cent that rounding by piece and rounding by charge disagree about.
            credit(A::Margin, less(less(less(*charged, *goods), *shipping), *tax)),
            debit(A::ExpPsp, *fee),
            credit(A::Psp, *fee),
        ],
        Fact::Released { deposit, maker, sale, loan, .. } => released(*deposit, *maker, sale, *loan),
        Fact::ListingValidated { agent, fee, .. }
        | Fact::ParcelChecked { agent, fee, .. }
        | Fact::BoxUsed { agent, fee, .. }
        | Fact::StockKept { agent, fee, .. } => moved(A::ExpAgent, A::Agent(*agent), *fee),
        Fact::CashServed { owner, agent, amount, fee, .. } => vec![
            debit(A::Moving(*owner), *amount),
            credit(A::Agent(*agent), *amount),
            debit(A::ExpAgent, *fee),
            credit(A::Agent(*agent), *fee),
        ],
        Fact::ParcelDelivered { rider, fee, .. } => moved(A::ExpRider, A::Rider(*rider), *fee),
        Fact::PayoutReserved { from, amount, .. } => moved(from.account(), A::Moving(from.owner()), *amount),
        Fact::PayoutPaid { owner, amount, fee, .. } => vec![
            debit(A::Moving(*owner), *amount),
            credit(A::MmFloat, *amount),
            debit(A::ExpMm, *fee),
            credit(A::MmFloat, *fee),
        ],
        Fact::PayoutFailed { from, amount, .. } => moved(A::Moving(from.owner()), from.account(), *amount),
        Fact::PayoutPaidLate { from, amount, covered, fee, .. } => vec![
            debit(from.account(), *covered),
            debit(A::ExpReturns, less(*amount, *covered)),
            credit(A::MmFloat, *amount),
            debit(A::ExpMm, *fee),
            credit(A::MmFloat, *fee),
        ],
        Fact::PayoutReversed { from, amount, .. } => moved(A::MmFloat, from.account(), *amount),
        Fact::RefundedBeforeRelease { order, back, goods, shipping, tax, .. } => vec![
            debit(A::Deposit(*order), *goods),
            debit(A::ShippingPayable, *shipping),
            debit(A::TaxPayable, *tax),
            debit(A::Margin, less(less(less(*back, *goods), *shipping), *tax)),
            credit(A::Psp, *back),
        ],
        Fact::MaterialsKept { order, maker, kept, materials } => vec![
            debit(A::Deposit(*order), *kept),
            credit(A::Artisan(*maker), *materials),
            // What the next cent of a dollar is more than the materials.
            credit(A::Margin, less(*kept, *materials)),
        ],
        Fact::RefundedAfterRelease { back, shipping, tax, .. } => vec![
            debit(A::ExpReturns, less(less(*back, *shipping), *tax)),
            debit(A::ShippingPayable, *shipping),
            debit(A::TaxPayable, *tax),
            credit(A::Psp, *back),
        ],
        Fact::ShippingSettled { collected, cost, .. } => vec![
            debit(A::ShippingPayable, *collected),
            credit(A::Bank, *cost),
            credit(A::Margin, less(*collected, *cost)),
        ],
        Fact::LoanFunded { amount, .. } => moved(A::Bank, A::KivaPrincipal, *amount),
        Fact::LoanSent { artisan, amount, fee, .. } => vec![
            debit(A::Loan(*artisan), *amount),
            credit(A::MmFloat, *amount),
            debit(A::ExpMm, *fee),
            credit(A::MmFloat, *fee),
        ],
        Fact::LoanReturned { artisan, amount, .. } => moved(A::MmFloat, A::Loan(*artisan), *amount),
        Fact::LoanReturnedLate { artisan, amount, repaid, .. } => vec![
            debit(A::MmFloat, *amount),
            credit(A::Artisan(*artisan), *repaid),
            credit(A::ExpReturns, less(*amount, *repaid)),
        ],
        Fact::LoanUnlent { artisan, amount, repaid, .. } => vec![
            debit(A::KivaPrincipal, less(*amount, *repaid)),
            credit(A::KivaDue, less(*amount, *repaid)),
            debit(A::Loan(*artisan), *repaid),
            credit(A::Artisan(*artisan), *repaid),
        ],
        Fact::Received { artisan, amount, .. } => moved(A::MmIn, A::Artisan(*artisan), *amount),
        Fact::LoanPaid { artisan, amount, .. } => paid_back(*artisan, *amount),
        Fact::LoanLost { artisan, amount, .. } => vec![
            debit(A::ExpReturns, *amount),
            credit(A::Loan(*artisan), *amount),
            debit(A::KivaPrincipal, *amount),
            credit(A::KivaDue, *amount),
        ],
        Fact::Card(fact) => card::lines(fact),
        Fact::MadeGood { to, amount, .. } => moved(A::ExpReturns, to.account(), *amount),
        Fact::ByHand { lines, .. } => lines.clone(),
        Fact::LoanRemitted { amount, .. } => moved(A::KivaDue, A::Bank, *amount),
    }
}

/// Pieces passed: the shopper's deposit becomes the artisan's money and our margin; the mentor's
/// share comes out of the margin, the loan's cut out of what the artisan has just been given.
fn released(deposit: SpokenCode, maker: PartyId, sale: &Sale, loan: Option<LoanCut>) -> Vec<Line> {
    use Account as A;
    let parts = split(sale);
    let mut lines = vec![
        debit(A::Deposit(deposit), sale.value),
        credit(A::Artisan(maker), parts.maker),
        credit(A::Margin, less(sale.value, parts.maker)),
    ];
    if let Some(m) = sale.mentor {
        lines.extend([debit(A::Margin, parts.mentor), credit(A::Mentor(m.mentor), parts.mentor)]);
    }
    if let Some(loan) = loan {
        lines.extend(paid_back(maker, loan_cut(parts.maker, loan)));
    }
    lines
}

/// The first sum of a fact that lies below zero, by name.
fn negative(fact: &Fact) -> Option<&'static str> {
    let sums: Vec<(&'static str, Kes)> = match fact {
        Fact::Opened { amount, .. }
        | Fact::FloatFunded { amount, .. }
        | Fact::PspSettled { amount, .. }
        | Fact::PayoutReserved { amount, .. }
        | Fact::PayoutFailed { amount, .. }
        | Fact::PayoutReversed { amount, .. }
        | Fact::LoanFunded { amount, .. }
        | Fact::LoanReturned { amount, .. }
        | Fact::Received { amount, .. }
        | Fact::LoanPaid { amount, .. }
        | Fact::LoanLost { amount, .. }
        | Fact::MadeGood { amount, .. }
        | Fact::LoanRemitted { amount, .. } => vec![("amount", *amount)],
        Fact::Captured { charged, goods, shipping, tax, fee, .. } => vec![
            ("charged", *charged),
            ("goods", *goods),
            ("shipping", *shipping),
            ("tax", *tax),
            ("fee", *fee),
        ],
        Fact::Released { sale, loan, .. } => vec![
            ("value", sale.value),
            ("maker_gets", sale.maker_gets),
            ("left", loan.map_or(Kes::ZERO, |loan| loan.left)),
        ],
        Fact::ListingValidated { fee, .. }
        | Fact::ParcelChecked { fee, .. }
        | Fact::BoxUsed { fee, .. }
        | Fact::StockKept { fee, .. }
        | Fact::ParcelDelivered { fee, .. } => vec![("fee", *fee)],
        Fact::CashServed { amount, fee, .. }
        | Fact::PayoutPaid { amount, fee, .. }
        | Fact::LoanSent { amount, fee, .. } => {
            vec![("amount", *amount), ("fee", *fee)]
        }
        Fact::PayoutPaidLate { amount, covered, fee, .. } => vec![
            ("amount", *amount),
            ("covered", *covered),
            ("fee", *fee),
            ("amount less covered", less(*amount, *covered)),
        ],
        Fact::LoanReturnedLate { amount, repaid, .. } | Fact::LoanUnlent { amount, repaid, .. } => {
            vec![("amount", *amount), ("repaid", *repaid), ("amount less repaid", less(*amount, *repaid))]
        }
        Fact::RefundedBeforeRelease { back, goods, shipping, tax, .. } => {
            vec![("back", *back), ("goods", *goods), ("shipping", *shipping), ("tax", *tax)]
        }
        Fact::RefundedAfterRelease { back, shipping, tax, .. } => vec![
            ("back", *back),
            ("shipping", *shipping),
            ("tax", *tax),
            ("back less shipping and tax", less(less(*back, *shipping), *tax)),
        ],
        Fact::ByHand { .. } => Vec::new(),
        Fact::Card(fact) => card::sums(fact),
        Fact::MaterialsKept { kept, materials, .. } => {
            vec![("kept", *kept), ("materials", *materials), ("kept less materials", less(*kept, *materials))]
        }
        Fact::ShippingSettled { collected, cost, .. } => vec![("collected", *collected), ("cost", *cost)],
    };
    sums.into_iter().find(|(_, sum)| *sum < Kes::ZERO).map(|(what, _)| what)
}
