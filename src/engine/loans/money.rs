//! The money of loans: sent once by mobile money under her PIN, paid back out of each release.

use crate::dialog::input::Do;
use crate::engine::actions::{FOR_EVER, Outcome, kes_arg, refused};
use crate::engine::aggregate;
use crate::engine::trade::Due;
use crate::engine::view;
use crate::engine::work::{Fault, Work, shard};
use crate::engine::{Caller, Engine};
use crate::ledger::{Account, Fact, LoanCut, Purse, loan_cut};
use crate::market::loan::{Disbursal, Loan, LoanCommand, LoanEvent};
use crate::market::order::{Order, Step};
use crate::market::payout::{self, PayFrom, Payout, PayoutCommand, PayoutEvent};
use crate::market::{Party, Refusal};
use crate::menu::value::Value;
use crate::types::{Kes, LoanId, PartyId, PayoutId, SpokenCode, Timestamp};

impl Engine {
    /// `loan.agree`: she agrees to the terms, or wants it sent again after it has failed; from here
    /// on it is a payout like any other, but of lenders' money.
    pub(super) async fn agree_to_loan(
        &self, work: &mut Work<'_>, who: &Caller, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        if let Some(hindrance) = self.payout_hindrance(work, who, me).await? {
            return Ok(hindrance);
        }
        let Some(loan) = self.open_loan(work, me.id).await? else { return Ok(("gone", vec![])) };
        // The id of a try follows from the loan, so that two calls at once make one.
        let id = PayoutId::derived(&format!("loan/{}/{}", loan.id, loan.tries + 1));
        let (pin_proven, hold) = (who.pin_proven, me.hold.clone());
        let agree = LoanCommand::Agree { payout: id, pin_proven, hold: hold.clone() };
        match self.decide_loan(work, &loan, &agree) {
            Ok(_) => {}
            Err(Refusal::Gone { .. }) => return Ok(("gone", vec![])),
            Err(why) => return refused(wish, &why),
        }
        let via = self.money.way(me.phone);
        let policy = self.policy_at(&via);
        let command = PayoutCommand::Request {
            id,
            owner: me.id,
            from: PayFrom::Loan,
            to: me.phone,
            via,
            amount: loan.amount,
            // What lenders gave for it, all of which is in the bank.
            free: loan.amount,
            open: None,
            hold,
            pin_proven,
        };
        let known = work.get::<Payout>(id).await?;
        let events = payout::decide(known.as_ref(), &command, &policy, work.now)
            .map_err(|why| Fault::Broken(format!("loan {} cannot be sent: {why}", loan.id)))?;
        work.apply::<Payout>(id, events);
        work.send(shard::MONEY, crate::engine::outbox::payout_name(id), "pay", &id, FOR_EVER);
        let name = if self.takes_its_place(work, id).await? { "queued" } else { "sent" };
        let loan = work.need::<Loan>(loan.id).await?;
        Ok((name, vec![Value::Record(self.loan(&loan, me))]))
    }

    /// What the end of a payout that sends a loan brings about. The money was lenders' until then, so
    /// nothing was taken from anybody's purse before, and nothing goes back into one.
    pub(in crate::engine) async fn follow_disbursal(
        &self, work: &mut Work<'_>, payout: &Payout, her: &Party, event: &PayoutEvent,
    ) -> Result<(), Fault> {
        let news = match event {
            PayoutEvent::Paid { reference } | PayoutEvent::PaidLate { reference } => {
                Disbursal::Paid { reference: reference.clone() }
            }
            PayoutEvent::Failed { why } => Disbursal::Failed { why: why.clone() },
            PayoutEvent::Reversed { why } => Disbursal::Reversed { why: why.clone() },
            _ => return Ok(()),
        };
        let (id, artisan, amount) = (payout.id, her.id, payout.amount);
        let loans = view::found::<Loan>(work, aggregate::loans_of(artisan), true).await?;
        let sends = loans.into_iter().find(|(_, loan)| loan.payout == Some(id)).map(|(id, _)| id);
        // What she has paid of the loan that this payout sent.
        let mut repaid = Kes::ZERO;
        let heard = match sends {
            Some(loan) => {
                let loan = work.need::<Loan>(loan).await?;
                repaid = loan.repaid;
                let heard = LoanCommand::Hear { payout: id, news: news.clone() };
                self.decide_loan(work, &loan, &heard).map(|_| loan.id)
            }
            None => Err(Refusal::NotFound),
        };
        let fee = self.policy_at(&payout.via).payout_fee(amount);
        match (&news, &heard) {
            (Disbursal::Paid { .. }, Ok(_)) => {
                work.post(&Fact::LoanSent { payout: id, artisan, amount, fee })?
            }
            // It was given up and sent anew, and went twice: our loss, until she gives it back.
            (Disbursal::Paid { .. }, Err(_)) => {
                let from = Purse::Artisan(artisan);
                work.post(&Fact::PayoutPaidLate { payout: id, from, amount, covered: Kes::ZERO, fee })?;
            }
            (Disbursal::Reversed { .. }, Ok(_)) => {
                work.post(&Fact::LoanReturned { payout: id, artisan, amount })?;
            }
            // She has paid it off, or we bore it, or this try was the second that went.
            (Disbursal::Reversed { .. }, Err(_)) => {
                work.post(&Fact::LoanReturnedLate { payout: id, artisan, amount, repaid })?;
            }
            (Disbursal::Failed { .. }, _) => {}
        }
        let loan = match heard {
            Ok(loan) => work.need::<Loan>(loan).await?,
            Err(why) => {
                if matches!(news, Disbursal::Reversed { .. }) {
                    self.tell_given_back(work, her, repaid).await?;
                }
                let (news, refusal) = (format!("{news:?}"), why.code());
                work.rings(move || tracing::error!(payout = %id, news, refusal, "ALARM: a loan was paid or taken back out of turn; look at its account"));
                return Ok(());
            }
        };
        self.watch_loan(work, &loan);
        let shown = Value::Record(self.loan(&loan, her));
        match news {
            Disbursal::Paid { .. } => self.tell(work, her, "loan_sent", vec![shown]),
            _ if Self::is_kept_back(event) => {
                let why = self.kept_back_words(her, payout.from);
                self.tell(work, her, "loan_kept", vec![shown, why])
            }
            Disbursal::Failed { .. } | Disbursal::Reversed { .. } => {
                self.tell(work, her, "loan_failed", vec![shown])
            }
        }
    }

    /// What a loan takes of this maker's releases now, if she has one that she owes.
    pub(in crate::engine) async fn loan_cut_of(
        &self, work: &mut Work<'_>, maker: PartyId,
    ) -> Result<Option<LoanCut>, Fault> {
        let loan = self.open_loan(work, maker).await?.filter(|loan| loan.left() > Kes::ZERO);
        Ok(loan.map(|loan| LoanCut { share_bp: loan.share_bp, left: loan.left() }))
    }

    /// Notes what a release that has just been posted with this cut paid back.
    pub(in crate::engine) async fn take_for_loan(
        &self, work: &mut Work<'_>, (order, round): (SpokenCode, u32), maker: PartyId, gets: Kes,
        cut: LoanCut,
    ) -> Result<(), Fault> {
        let Some(loan) = self.open_loan(work, maker).await? else { return Ok(()) };
        let take = LoanCommand::Take { order, round, amount: loan_cut(gets, cut) };
        let events = self
            .decide_loan(work, &loan, &take)
            .map_err(|why| Fault::Broken(format!("loan {} does not take its share: {why}", loan.id)))?;
        let loan = work.need::<Loan>(loan.id).await?;
        self.watch_loan(work, &loan);
        if events.contains(&LoanEvent::Repaid) {
            let maker = work.need::<Party>(maker).await?;
            self.tell(work, &maker, "loan_repaid", vec![])?;
        }
        Ok(())
    }

    /// What she could pay back now, in whole shillings: no more than she has or owes. Cents that are
    /// left of the loan are paid with the last shilling.
    pub(in crate::engine) async fn loan_payable(
        &self, work: &mut Work<'_>, me: PartyId,
    ) -> Result<Kes, Fault> {
        let left = self.open_loan(work, me).await?.map_or(Kes::ZERO, |loan| loan.left());
        let free = Kes::minor(work.sum(Account::Artisan(me)).await?);
        Ok(match free >= left {
            true => Kes::major(left.whole() + i64::from(!left.is_whole())),
            false => Kes::major(free.whole()),
        })
    }

    /// `loan.may_pay`: whether there is anything to pay, and to pay it with.
    pub(super) async fn may_pay_loan(&self, work: &mut Work<'_>, me: &Party) -> Result<Outcome, Fault> {
        if self.loan_payable(work, me.id).await? > Kes::ZERO {
            return Ok(("ok", vec![]));
        }
        Ok(("little", vec![Value::Kes(Kes::minor(work.sum(Account::Artisan(me.id)).await?))]))
    }

    /// `loan.pay`: she pays some of it back of her own accord.
    pub(super) async fn pay_loan(
        &self, work: &mut Work<'_>, who: &Caller, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let Some(loan) = self.open_loan(work, me.id).await? else { return Ok(("gone", vec![])) };
        let free = Kes::minor(work.sum(Account::Artisan(me.id)).await?);
        let (amount, pin_proven) = (kes_arg(wish, "amount")?, who.pin_proven);
        let pay = LoanCommand::Pay { by: me.id, amount, free, pin_proven };
        match self.pay_back(work, &loan, me, &pay)? {
            Ok(()) => {}
            Err(Refusal::Gone { .. }) => return Ok(("gone", vec![])),
            Err(Refusal::OutOfRange { .. }) => return Ok(("little", vec![Value::Kes(free)])),
            Err(why) => return refused(wish, &why),
        }
        let loan = work.need::<Loan>(loan.id).await?;
        self.watch_loan(work, &loan);
        Ok(("ok", vec![Value::Record(self.loan(&loan, me))]))
    }

    /// What she has ready pays some of her loan back.
    pub(super) fn pay_back(
        &self, work: &mut Work<'_>, loan: &Loan, her: &Party, pay: &LoanCommand,
    ) -> Result<Result<(), Refusal>, Fault> {
        let events = match self.decide_loan(work, loan, pay) {
            Ok(events) => events,
            Err(why) => return Ok(Err(why)),
        };
        for event in &events {
            match event {
                LoanEvent::Paid { round, amount } => {
                    let (artisan, loan, round, amount) = (her.id, loan.id, *round, *amount);
                    work.post(&Fact::LoanPaid { artisan, loan, round, amount })?;
                }
                LoanEvent::Repaid => self.tell(work, her, "loan_repaid", vec![])?,
                _ => {}
            }
        }
        Ok(Ok(()))
    }

    /// Looks again after a quiet time whether anything was paid back.
    pub(super) fn watch_loan(&self, work: &mut Work<'_>, loan: &Loan) {
        if loan.left() > Kes::ZERO {
            let moved = loan.moved();
            let due = Due::LoanQuiet { loan: loan.id, moved };
            work.timer(moved.after(self.policy.loan_quiet()), &format!("quiet/{}", loan.id), &due);
        }
    }

    /// Nothing was paid back for long: she may pay some herself. She is told once for each such time.
    pub(in crate::engine) async fn loan_is_quiet(
        &self, work: &mut Work<'_>, id: LoanId, moved: Timestamp,
    ) -> Result<(), Fault> {
        let loan = work.need::<Loan>(id).await?;
        if loan.left() == Kes::ZERO || loan.moved() != moved {
            return Ok(());
        }
        let her = work.need::<Party>(loan.artisan).await?;
        let shown = Value::Record(self.loan(&loan, &her));
        self.tell(work, &her, "loan_quiet", vec![shown])
    }

    /// What a loan took of the releases since this order's parcel came to the kiosk last.
    pub(in crate::engine) async fn loan_took(
        &self, work: &mut Work<'_>, code: SpokenCode, order: &Order,
    ) -> Result<Kes, Fault> {
        let Some(maker) = order.maker else { return Ok(Kes::ZERO) };
        let came = order.steps.iter().rev().find(|(step, _)| *step == Step::AtKiosk);
        let came = came.map(|(_, at)| *at).unwrap_or_default();
        let loans = view::found::<Loan>(work, aggregate::loans_of(maker), true).await?;
        let parts = loans.iter().flat_map(|(_, loan)| &loan.parts);
        let these = parts.filter(|part| part.order == Some(code) && part.at >= came);
        Ok(Kes::minor(these.map(|part| part.amount.cents()).sum()))
    }
}
