//! The rules of the money once more, written from their words and not from the books' code: what
//! every account must stand at after what has happened. It reads events and knows nothing of
//! postings; sums are whole cents, a credit counts up.

mod bulks;
mod kiosks;
pub mod prices;

use crate::engine::record::Record;
use crate::market::listing::ListingEvent;
use crate::market::loan::LoanEvent;
use crate::market::order::{OrderEvent, RefundWhy};
use crate::market::party::PartyEvent;
use crate::market::payout::{PayFrom, PayoutEvent};
use crate::market::{Event, Policy};
use crate::types::{LoanId, PartyId, PayoutId, SpokenCode, Timestamp};
use prices::{Numbers, Price, part};
use std::collections::{BTreeMap, BTreeSet};

/// A rule that did not hold, in words.
pub type Wrong = String;

struct Guide {
    mentor: PartyId,
    until: Timestamp,
    share_bp: u32,
}

struct Sold {
    price: Price,
    pieces: u32,
    maker: Option<PartyId>,
    /// The mentor on the day she accepted, and the share.
    guide: Option<(PartyId, u32)>,
    promised: u32,
    passed: u32,
    short: u32,
    /// What the shopper does not get back of a refund, in dollars, since somebody had begun.
    kept: BTreeMap<u32, i64>,
    /// Refunds of pieces that had passed, and of how much of the shipping.
    late: BTreeMap<u32, i64>,
    shipped: bool,
    /// Pieces of each refund, and of all of them.
    refunds: BTreeMap<u32, u32>,
    refunded: u32,
    given_back: BTreeSet<u32>,
    /// Parcels that the fee of a check was paid for.
    checked: BTreeSet<u32>,
    /// Parcels that were packed into a box.
    boxed: BTreeSet<u32>,
    rider: Option<PartyId>,
    paid: bool,
    /// The bulk request it is a part of: its money stands there.
    request: Option<SpokenCode>,
}

struct Asked {
    owner: PartyId,
    from: PayFrom,
    amount: i64,
    open: bool,
}

struct Lent {
    artisan: PartyId,
    amount: i64,
    share_bp: u32,
    left: i64,
    /// Paid back so far, also before it came back and was sent anew.
    repaid: i64,
    funded: bool,
    /// What sends it.
    payout: Option<PayoutId>,
}

/// Every account as the rules say it stands.
pub struct Model {
    numbers: Numbers,
    sums: BTreeMap<String, i64>,
    touched: BTreeSet<String>,
    /// Her price of a listing, and its kind.
    prices: BTreeMap<SpokenCode, (i64, String)>,
    guides: BTreeMap<PartyId, Guide>,
    orders: BTreeMap<SpokenCode, Sold>,
    bulks: BTreeMap<SpokenCode, bulks::Bought>,
    payouts: BTreeMap<PayoutId, Asked>,
    /// Of each person, the payout whose end nobody knows yet.
    open: BTreeMap<PartyId, PayoutId>,
    loans: BTreeMap<LoanId, Lent>,
    /// Cash numbers that nobody fetched yet.
    waiting: BTreeMap<PayoutId, kiosks::Waiting>,
    /// Agents and the months whose display they counted.
    counted: BTreeSet<(PartyId, u32)>,
    /// What loans took in this turn, to be compared with what they say they took.
    took: Vec<(LoanId, i64)>,
    /// A loan's payout that this turn says was paid or came back, until the loan says so.
    sent: Option<PayoutId>,
    /// The same of one that this turn says was taken back.
    taken_back: Option<PayoutId>,
}

fn of(what: &str, whose: impl std::fmt::Display) -> String {
    format!("{what}:{whose}")
}

fn purse(from: PayFrom, owner: PartyId) -> String {
    let what = match from {
        PayFrom::Artisan => "artisan",
        PayFrom::Mentor => "mentor",
        PayFrom::Agent => "agent",
        PayFrom::Rider => "rider",
        PayFrom::Loan => "loan",
    };
    of(what, owner)
}

fn rule(holds: bool, says: impl FnOnce() -> String) -> Result<(), Wrong> {
    if holds { Ok(()) } else { Err(says()) }
}

impl Model {
    /// Empty books under these numbers.
    pub fn new(policy: &Policy) -> Self {
        Self {
            numbers: Numbers::new(policy),
            sums: BTreeMap::new(),
            touched: BTreeSet::new(),
            prices: BTreeMap::new(),
            guides: BTreeMap::new(),
            orders: BTreeMap::new(),
            bulks: BTreeMap::new(),
            payouts: BTreeMap::new(),
            open: BTreeMap::new(),
            loans: BTreeMap::new(),
            waiting: BTreeMap::new(),
            counted: BTreeSet::new(),
            took: Vec::new(),
            sent: None,
            taken_back: None,
        }
    }

    /// Opening money came into the bank, and all of it became float.
    pub fn opened(&mut self, amount: i64) {
        self.add("equity", amount);
        self.add("mm_float", -amount);
        self.add("bank", 0);
    }

    /// Where an account stands.
    pub fn sum(&self, account: &str) -> i64 {
        self.sums.get(account).copied().unwrap_or(0)
    }

    /// Every account that was ever moved.
    pub fn sums(&self) -> &BTreeMap<String, i64> {
        &self.sums
    }

    /// Accounts that were moved since this was asked last.
    pub fn take_touched(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.touched)
    }

    fn add(&mut self, account: &str, credit: i64) {
        *self.sums.entry(account.to_owned()).or_default() += credit;
        self.touched.insert(account.to_owned());
    }

    /// From one account to the other: a debit here, a credit there.
    fn moved(&mut self, from: &str, to: &str, sum: i64) {
        self.add(from, -sum);
        self.add(to, sum);
    }

    /// What a turn did.
    ///
    /// # Errors
    /// A rule that does not allow it.
    pub fn take(&mut self, record: &Record) -> Result<(), Wrong> {
        for event in &record.events {
            match event {
                Event::Party(id, event) => self.party(*id, event),
                Event::Listing(code, event) => self.listing(*code, event),
                Event::Order(code, event) => self.order(*code, event, record.at)?,
                Event::Payout(id, event) => self.payout(*id, event)?,
                Event::Loan(id, event) => self.loan(*id, event)?,
                Event::Cash(id, event) => self.cash(*id, event)?,
                Event::Kiosk(agent, event) => self.kiosk(*agent, event),
                Event::Bulk(code, event) => self.bulk(*code, event)?,
                // What else happens moves no money.
                _ => {}
            }
        }
        rule(self.took.is_empty(), || {
            format!("loans should have taken {:?}, and say nothing of it", self.took)
        })?;
        if let Some(id) = self.sent.take() {
            self.sent_out_of_turn(id);
        }
        if let Some(id) = self.taken_back.take() {
            self.taken_back_out_of_turn(id);
        }
        Ok(())
    }

    fn party(&mut self, id: PartyId, event: &PartyEvent) {
        match event {
            PartyEvent::MentorAgreed { mentor, until, share_bp } => {
                self.guides.insert(id, Guide { mentor: *mentor, until: *until, share_bp: *share_bp });
            }
            PartyEvent::MentorshipEnded => drop(self.guides.remove(&id)),
            _ => {}
        }
    }

    fn listing(&mut self, code: SpokenCode, event: &ListingEvent) {
        match event {
            ListingEvent::Drafted { price, kind, .. } => {
                self.prices.insert(code, (price.cents(), kind.as_str().to_owned()));
            }
            // The fee is for the listing, so for the first verdict on it.
            ListingEvent::Approved { by, round: 1 } | ListingEvent::Rejected { by, round: 1, .. } => {
                self.moved("exp:agent", &of("agent", by), self.numbers.listing_fee);
            }
            _ => {}
        }
    }

    // ---- orders -------------------------------------------------------------------------

    fn order(&mut self, code: SpokenCode, event: &OrderEvent, at: Timestamp) -> Result<(), Wrong> {
        if let OrderEvent::Placed(terms) = event {
            let (maker, kind) = self.prices.get(&terms.listing).cloned().unwrap_or_default();
            let pieces = terms.quote.pieces;
            let request = terms.bulk.map(|part| part.code);
            let price = match request.map(|request| self.bulks.get(&request).map(|bought| bought.price)) {
                // A part costs what a piece of the whole does, and its way is paid for with the whole.
                Some(whole) => {
                    let whole = whole.ok_or_else(|| format!("part {code} is of no request"))?;
                    Price { shipping: 0, shipping_value: 0, ..whole }
                }
                None => self.numbers.price(maker, &kind, pieces, &terms.country),
            };
            let sold = Sold {
                price,
                pieces,
                maker: None,
                guide: None,
                promised: 0,
                passed: 0,
                short: 0,
                kept: BTreeMap::new(),
                late: BTreeMap::new(),
                shipped: false,
                refunds: BTreeMap::new(),
                refunded: 0,
                given_back: BTreeSet::new(),
                checked: BTreeSet::new(),
                boxed: BTreeSet::new(),
                rider: None,
                paid: false,
                request,
            };
            self.orders.insert(code, sold);
            return Ok(());
        }
        let Some(mut sold) = self.orders.remove(&code) else {
            return Err(format!("order {code} was never placed"));
        };
        let done = self.order_moves(code, &mut sold, event, at);
        self.orders.insert(code, sold);
        done.map_err(|wrong| format!("order {code}: {wrong}"))
    }

    fn order_moves(
        &mut self, code: SpokenCode, sold: &mut Sold, event: &OrderEvent, at: Timestamp,
    ) -> Result<(), Wrong> {
        let deposit = of("deposit", sold.request.unwrap_or(code));
        let price = sold.price;
        match event {
            OrderEvent::Paid { charged, .. } => {
                rule(!sold.paid, || "paid twice".to_owned())?;
                sold.paid = true;
                if sold.request.is_none() {
                    self.charged(&deposit, price, sold.pieces, charged.cents())?;
                }
            }
            OrderEvent::Accepted { by, pieces, .. } => {
                // What was given up before and is made again is promised anew.
                (sold.maker, sold.promised) = (Some(*by), sold.promised + pieces);
                let guide = self.guides.get(by).filter(|guide| at < guide.until);
                sold.guide = guide.map(|guide| (guide.mentor, guide.share_bp));
            }
            OrderEvent::PickedUp(hand) => sold.rider = Some(hand.receiver),
            OrderEvent::Received(hand) => {
                if let Some(rider) = sold.rider.take().filter(|rider| *rider == hand.giver) {
                    self.moved("exp:rider", &of("rider", rider), self.numbers.ride_fee);
                }
            }
            OrderEvent::Passed { by, pieces, round } => {
                self.checked(sold, *by, *round);
                self.passed(&deposit, sold, *pieces)?;
            }
            OrderEvent::Failed { by, round, .. } => self.checked(sold, *by, *round),
            OrderEvent::BoxUsed { by, round, .. } => {
                rule(sold.boxed.insert(*round), || format!("parcel {round} was packed twice"))?;
                self.moved("exp:agent", &of("agent", by), self.numbers.box_fee);
            }
            OrderEvent::Shorted { pieces } => sold.short += pieces,
            OrderEvent::BroughtAfterAll { pieces } => sold.short -= pieces,
            OrderEvent::Cancelled(_) => {
                let maker = sold.maker.ok_or("nobody makes it")?;
                let begun = sold.promised - sold.passed - sold.short;
                let (materials, kept) = self.numbers.materials(price.maker, begun);
                let value = self.numbers.in_shillings(kept);
                sold.kept.insert(sold.refunds.len() as u32 + 1, kept);
                self.add(&deposit, -value);
                self.add(&of("artisan", maker), materials);
                self.add("margin", value - materials);
            }
            OrderEvent::Shipped => sold.shipped = true,
            OrderEvent::CarrierPaid { cost } => {
                let request = sold.request.and_then(|request| self.bulks.get_mut(&request));
                let collected = request.map_or(price.shipping_value, bulks::Bought::settle);
                self.add("shipping_payable", -collected);
                self.add("bank", cost.cents());
                self.add("margin", collected - cost.cents());
            }
            OrderEvent::RefundDue(refund) if refund.why == RefundWhy::AfterRelease => {
                let before: u32 = sold.late.keys().filter_map(|round| sold.refunds.get(round)).sum();
                let left = sold.passed.checked_sub(before + refund.pieces);
                let left = left.ok_or("more is refunded than has passed")?;
                let ship = if left == 0 && !sold.shipped { price.shipping } else { 0 };
                sold.refunds.insert(refund.round, refund.pieces);
                sold.late.insert(refund.round, ship);
            }
            OrderEvent::RefundDue(refund) => {
                sold.refunded += refund.pieces;
                sold.refunds.insert(refund.round, refund.pieces);
                let all = sold.passed + sold.refunded <= sold.pieces;
                rule(all, || {
                    format!("{} passed and {} refunded of {}", sold.passed, sold.refunded, sold.pieces)
                })?;
            }
            OrderEvent::RefundDone { round } => self.refunded(&deposit, sold, *round)?,
            _ => {}
        }
        Ok(())
    }

    /// A card was charged for so many pieces and their way.
    fn charged(&mut self, deposit: &str, price: Price, pieces: u32, charged: i64) -> Result<(), Wrong> {
        let pieces = i64::from(pieces);
        let charge = price.shop * pieces + price.shipping;
        rule(charged == charge, || format!("{charged} cents charged, {charge} cents is its price"))?;
        let (all, goods) = (self.numbers.in_shillings(charge), price.value * pieces);
        self.add("psp", -all);
        self.add(deposit, goods);
        self.add("shipping_payable", price.shipping_value);
        self.add("margin", all - goods - price.shipping_value);
        self.moved("exp:psp", "psp", self.numbers.card_fee(charge));
        Ok(())
    }

    /// The fee of a check, once for each parcel.
    fn checked(&mut self, sold: &mut Sold, by: PartyId, round: u32) {
        if sold.checked.insert(round) {
            self.moved("exp:agent", &of("agent", by), self.numbers.check_fee);
        }
    }

    /// Pieces passed: the deposit becomes hers and ours, the mentor's share comes out of ours, the
    /// loan's out of hers.
    fn passed(&mut self, deposit: &str, sold: &mut Sold, pieces: u32) -> Result<(), Wrong> {
        sold.passed += pieces;
        let (passed, promised) = (sold.passed, sold.promised);
        rule(passed <= promised, || format!("{passed} passed of {promised} promised"))?;
        let maker = sold.maker.ok_or("nobody makes it")?;
        let (value, gets) = (sold.price.value * i64::from(pieces), sold.price.maker * i64::from(pieces));
        self.add(deposit, -value);
        self.add(&of("artisan", maker), gets);
        self.add("margin", value - gets);
        if let Some((mentor, share)) = sold.guide {
            self.moved("margin", &of("mentor", mentor), part(value, share));
        }
        let owing = |lent: &&mut Lent| lent.artisan == maker && lent.left > 0;
        let Some((id, lent)) =
            self.loans.iter_mut().map(|(id, lent)| (*id, lent)).find(|(_, lent)| owing(lent))
        else {
            return Ok(());
        };
        let cut = part(gets, lent.share_bp).min(lent.left);
        lent.left -= cut;
        lent.repaid += cut;
        if cut > 0 {
            self.took.push((id, cut));
        }
        self.moved(&of("artisan", maker), &of("loan", maker), cut);
        self.moved("kiva:principal", "kiva:due", cut);
        Ok(())
    }

    /// The processor gave money back: for the pieces, and for shipping once nothing will be sent.
    fn refunded(&mut self, deposit: &str, sold: &mut Sold, round: u32) -> Result<(), Wrong> {
        rule(sold.given_back.insert(round), || format!("refund {round} was made twice"))?;
        let pieces = *sold.refunds.get(&round).ok_or("a refund that was never due")?;
        if let Some(ship) = sold.late.get(&round) {
            let back = self.numbers.in_shillings(sold.price.shop * i64::from(pieces) + ship);
            let ship = self.numbers.in_shillings(*ship);
            self.add("psp", back);
            self.add("shipping_payable", -ship);
            self.add("exp:returns", ship - back);
            return Ok(());
        }
        let early = sold.refunds.range(..=round).filter(|(round, _)| !sold.late.contains_key(round));
        let before: u32 = early.map(|(_, pieces)| pieces).sum();
        let nothing_goes = before == sold.pieces;
        let price = sold.price;
        let (ship, ship_value) = if nothing_goes { (price.shipping, price.shipping_value) } else { (0, 0) };
        let kept = sold.kept.get(&round).copied().unwrap_or(0);
        let back = self.numbers.in_shillings(price.shop * i64::from(pieces) + ship - kept);
        let goods = price.value * i64::from(pieces) - self.numbers.in_shillings(kept);
        self.add("psp", back);
        self.add(deposit, -goods);
        self.add("shipping_payable", -ship_value);
        self.add("margin", goods + ship_value - back);
        Ok(())
    }

    // ---- payouts ------------------------------------------------------------------------

    fn payout(&mut self, id: PayoutId, event: &PayoutEvent) -> Result<(), Wrong> {
        if let PayoutEvent::Asked { owner, from, amount, .. } = event {
            let amount = amount.cents();
            let (least, most) = (self.numbers.payout_least, self.numbers.payout_most);
            rule(amount % 100 == 0, || format!("payout {id} has cents"))?;
            rule((least..=most).contains(&amount), || format!("payout {id} of {amount} cents"))?;
            let other = self.open.insert(*owner, id);
            rule(other.is_none(), || format!("payout {id} beside an open one"))?;
            self.payouts.insert(id, Asked { owner: *owner, from: *from, amount, open: true });
            return Ok(());
        }
        let Some(asked) = self.payouts.get_mut(&id) else {
            return Err(format!("nobody asked for payout {id}"));
        };
        let (owner, from, amount) = (asked.owner, asked.from, asked.amount);
        let ends = matches!(event, PayoutEvent::Paid { .. } | PayoutEvent::Failed { .. });
        rule(!ends || asked.open, || format!("payout {id} ended twice"))?;
        asked.open &= !ends;
        if ends {
            self.open.remove(&owner);
        }
        if from == PayFrom::Loan {
            match event {
                PayoutEvent::Paid { .. } | PayoutEvent::PaidLate { .. } => self.sent = Some(id),
                PayoutEvent::Reversed { .. } => (self.sent, self.taken_back) = (None, Some(id)),
                _ => {}
            }
            return Ok(());
        }
        let (hers, moving, fee) = (purse(from, owner), of("moving", owner), self.numbers.payout_fee(amount));
        match event {
            PayoutEvent::Reserved => {
                let free = self.sum(&hers);
                rule(amount <= free, || format!("payout {id} of {amount} cents out of {free}"))?;
                self.moved(&hers, &moving, amount);
            }
            PayoutEvent::Paid { .. } => {
                self.moved(&moving, "mm_float", amount);
                self.moved("exp:mm", "mm_float", fee);
            }
            PayoutEvent::Failed { .. } => self.moved(&moving, &hers, amount),
            PayoutEvent::PaidLate { .. } => {
                let covered = self.sum(&hers).clamp(0, amount);
                self.moved(&hers, "mm_float", covered);
                self.moved("exp:returns", "mm_float", amount - covered);
                self.moved("exp:mm", "mm_float", fee);
            }
            PayoutEvent::Reversed { .. } => self.moved("mm_float", &hers, amount),
            _ => {}
        }
        Ok(())
    }

    // ---- loans --------------------------------------------------------------------------

    fn loan(&mut self, id: LoanId, event: &LoanEvent) -> Result<(), Wrong> {
        if let LoanEvent::Asked { artisan, amount, share_bp, .. } = event {
            let (artisan, amount, share_bp) = (*artisan, amount.cents(), *share_bp);
            self.loans.insert(
                id,
                Lent { artisan, amount, share_bp, left: 0, repaid: 0, funded: false, payout: None },
            );
            return Ok(());
        }
        let Some(lent) = self.loans.get_mut(&id) else { return Err(format!("nobody asked for loan {id}")) };
        let (artisan, amount) = (lent.artisan, lent.amount);
        match event {
            LoanEvent::Funded { .. } => {
                lent.funded = true;
                self.moved("bank", "kiva:principal", amount);
            }
            LoanEvent::Sent { .. } => {
                lent.left = amount - lent.repaid;
                self.sent = None;
                self.moved(&of("loan", artisan), "mm_float", amount);
                self.moved("exp:mm", "mm_float", self.numbers.payout_fee(amount));
            }
            LoanEvent::Agreed { payout } => lent.payout = Some(*payout),
            LoanEvent::Returned { .. } => {
                lent.left = 0;
                self.taken_back = None;
                self.moved("mm_float", &of("loan", artisan), amount);
            }
            LoanEvent::Taken { amount, .. } => {
                let took = self.took.pop();
                rule(took == Some((id, amount.cents())), || {
                    format!("loan {id} took {amount}, and not {took:?}")
                })?;
            }
            LoanEvent::Paid { amount, .. } => {
                let (paid, free) =
                    (amount.cents(), self.sums.get(&of("artisan", artisan)).copied().unwrap_or(0));
                let left = lent.left;
                rule(paid <= left.min(free), || {
                    format!("loan {id} was paid {paid} of {left} out of {free}")
                })?;
                lent.left -= paid;
                lent.repaid += paid;
                self.moved(&of("artisan", artisan), &of("loan", artisan), paid);
                self.moved("kiva:principal", "kiva:due", paid);
            }
            LoanEvent::Repaid => {
                let left = lent.left;
                rule(left == 0, || format!("loan {id} is called repaid with {left} cents left"))?;
            }
            LoanEvent::Stopped if lent.funded => {
                lent.funded = false;
                let repaid = std::mem::take(&mut lent.repaid);
                self.moved("kiva:principal", "kiva:due", amount - repaid);
                self.moved(&of("loan", artisan), &of("artisan", artisan), repaid);
            }
            LoanEvent::Remitted { .. } => {
                let due = self.sum("kiva:due");
                self.moved("kiva:due", "bank", due);
            }
            _ => {}
        }
        Ok(())
    }

    /// A loan's payout was taken back when nothing was owed on it any more: what she had paid of it is
    /// hers again, the rest was our loss and is none now.
    fn taken_back_out_of_turn(&mut self, id: PayoutId) {
        let Some(Asked { owner, amount, .. }) = self.payouts.get(&id) else { return };
        let (owner, amount) = (*owner, *amount);
        let repaid = self.loans.values().find(|lent| lent.payout == Some(id)).map_or(0, |lent| lent.repaid);
        self.moved("mm_float", &of("artisan", owner), repaid);
        self.moved("mm_float", "exp:returns", amount - repaid);
    }

    /// A loan's payout was paid, and the loan had gone on without it: our loss.
    fn sent_out_of_turn(&mut self, id: PayoutId) {
        if let Some(amount) = self.payouts.get(&id).map(|asked| asked.amount) {
            self.moved("exp:returns", "mm_float", amount);
            self.moved("exp:mm", "mm_float", self.numbers.payout_fee(amount));
        }
    }
}

#[cfg(test)]
mod tests;
