//! Loans as artisans and mentors meet them: asking, standing by one, agreeing, what sales pay back,
//! what lenders write. [`money`] sends them and takes the shares, [`desk`] is the operators' side.

pub mod desk;
mod money;
pub(super) mod prompt;

use super::actions::{Outcome, kes_arg, missing, plain_word, refused, text_arg};
use super::aggregate;
use super::desk::books::statement::every_transfer;
use super::view::{self, FromIndex};
use super::work::{Fault, Work};
use super::{Caller, Engine};
use crate::dialog::input::Do;
use crate::ledger::{Account, Fact, Kind};
use crate::market::loan::{
    self, Endorser, LONGEST_NOTE, Loan, LoanCommand, LoanEvent, LoanFor, LoanStage, Note,
};
use crate::market::{Party, Payout, Refusal};
use crate::menu::value::{Record, Value};
use crate::types::{Kes, LoanId, PartyId, text};

/// How much of a message one screen shows, in every alphabet.
const HALF: usize = LONGEST_NOTE / 2;

impl Engine {
    /// The actions `loan.*`, all of them about the caller's own loan but `loan.endorse`.
    pub(super) async fn act_on_loan(
        &self, work: &mut Work<'_>, who: &Caller, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        match wish.name.as_str() {
            "loan.mine" => self.my_loan(work, me).await,
            "loan.ask" => self.ask_for_loan(work, me, wish).await,
            "loan.withdraw" => self.withdraw_loan(work, me).await,
            "loan.may_pay" => self.may_pay_loan(work, me).await,
            "loan.pay" => self.pay_loan(work, who, me, wish).await,
            "loan.may_prompt" => self.may_prompt(work, me).await,
            "loan.prompt" => self.prompt_for_loan(work, me, wish).await,
            "loan.agree" => self.agree_to_loan(work, who, me, wish).await,
            "loan.endorse" => self.endorse_loan(work, me, wish).await,
            "loan.note" => self.answer_lenders(work, me, wish).await,
            other => Err(Fault::Broken(format!("no action is called {other}"))),
        }
    }

    /// The loan of an artisan that is not repaid or stopped.
    pub(super) async fn open_loan(
        &self, work: &mut Work<'_>, artisan: PartyId,
    ) -> Result<Option<Loan>, Fault> {
        let key = aggregate::open_loan_of(artisan);
        let row = work.store().read(vec![key]).await?.into_iter().next().flatten();
        match row.and_then(|row| LoanId::from_octets(&row.octets())) {
            Some(id) => work.get::<Loan>(id).await,
            None => Ok(None),
        }
    }

    /// What somebody's sales have brought her, before a loan took its share.
    async fn released_to(&self, work: &Work<'_>, artisan: PartyId) -> Result<Kes, Fault> {
        let (hers, owed) = (Account::Artisan(artisan), Account::Loan(artisan));
        let transfers = every_transfer(work.store(), hers).await?;
        let released = transfers.iter().filter(|transfer| transfer.kind == Kind::Released);
        let brought = released.map(|transfer| {
            let net = transfer.net();
            [hers, owed].iter().filter_map(|account| net.get(account)).sum::<i64>()
        });
        Ok(Kes::minor(brought.sum()))
    }

    /// The most that an artisan may borrow today; zero while that is less than the least loan.
    pub(super) async fn loan_most(&self, work: &Work<'_>, artisan: PartyId) -> Result<Kes, Fault> {
        Ok(self.policy.loan_most(self.released_to(work, artisan).await?))
    }

    /// A loan as its artisan, her mentor and texts see it.
    pub(super) fn loan(&self, loan: &Loan, her: &Party) -> Record {
        Record::new(
            "loan",
            loan.id.to_string(),
            [
                ("first", Value::text(her.first_name())),
                ("amount", Value::Kes(loan.amount)),
                ("left", Value::Kes(loan.left())),
                ("what", Value::word("loan_for", loan.what.word())),
                ("state", Value::word("loan_state", loan.stage.word())),
                ("share", Value::text(percent(loan.share_bp))),
                ("phone", Value::Phone(her.phone)),
                ("by", Value::text(self.money.called(&self.money.way(her.phone)))),
                ("ref", Value::text(loan.reference.clone().unwrap_or_default())),
                ("why", Value::word("pay_fail", view::fail_word(loan.failed.as_deref().unwrap_or_default()))),
                ("lenders", Value::Int(i64::from(loan.lenders.clamp(1, 9_999)))),
                ("countries", Value::Int(i64::from(loan.countries.clamp(1, 299)))),
                ("dial", Value::text(self.house.dial.clone())),
                ("help", Value::Phone(self.house.help_phone)),
            ],
        )
    }

    /// Decides on a loan that this turn has read, and notes what happened.
    fn decide_loan(
        &self, work: &mut Work<'_>, loan: &Loan, command: &LoanCommand,
    ) -> Result<Vec<LoanEvent>, Refusal> {
        let events = loan::decide(Some(loan), command, &self.policy, work.now)?;
        work.apply::<Loan>(loan.id, events.clone());
        Ok(events)
    }

    /// `loan.mine`: what there is to say or do about her loan now.
    async fn my_loan(&self, work: &mut Work<'_>, me: &Party) -> Result<Outcome, Fault> {
        let Some(loan) = self.open_loan(work, me.id).await? else {
            let most = self.loan_most(work, me.id).await?;
            return Ok(match most > Kes::ZERO {
                true => ("may", vec![Value::Kes(most)]),
                false => ("little", vec![Value::Kes(self.policy.loan_record())]),
            });
        };
        let name = match (loan.stage, &loan.failed) {
            (LoanStage::Funded, _) => "terms",
            (LoanStage::Agreed, Some(_)) => "failed",
            (LoanStage::Agreed, None) if self.stands_in_line_with(work, &loan).await? => "queued",
            (LoanStage::Agreed, None) => "moving",
            (LoanStage::Sent | LoanStage::Repaying, _) => "owes",
            _ => "waits",
        };
        Ok((name, vec![Value::Record(self.loan(&loan, me))]))
    }

    /// Whether the payout that sends it waits for more to pay from.
    async fn stands_in_line_with(&self, work: &mut Work<'_>, loan: &Loan) -> Result<bool, Fault> {
        let Some(payout) = loan.payout else { return Ok(false) };
        Ok(work.get::<Payout>(payout).await?.is_some_and(|payout| payout.waits))
    }

    /// `loan.ask`; her mentor is asked to stand by it.
    async fn ask_for_loan(&self, work: &mut Work<'_>, me: &Party, wish: &Do) -> Result<Outcome, Fault> {
        let word = plain_word(wish, "what")?;
        let what = LoanFor::ALL.into_iter().find(|what| what.word() == word);
        let id = match &wish.once {
            Some(visit) => LoanId::derived(&format!("loan {visit}")),
            None => LoanId::new(work.now, &mut work.entropy),
        };
        let known = work.get::<Loan>(id).await?;
        let command = LoanCommand::Ask {
            id,
            artisan: me.id,
            amount: kes_arg(wish, "amount")?,
            what: what.ok_or_else(|| missing(wish, "what"))?,
            released: self.released_to(work, me.id).await?,
            open: self.open_loan(work, me.id).await?.map(|open| open.id).filter(|open| *open != id),
        };
        let events = match loan::decide(known.as_ref(), &command, &self.policy, work.now) {
            Ok(events) => events,
            Err(Refusal::AlreadyExists) => return Ok(("open", vec![])),
            Err(Refusal::OutOfRange { .. }) => {
                return Ok(("much", vec![Value::Kes(self.loan_most(work, me.id).await?)]));
            }
            Err(why) => return refused(wish, &why),
        };
        let new = !events.is_empty();
        work.apply::<Loan>(id, events);
        let shown = Value::Record(self.loan(&work.need::<Loan>(id).await?, me));
        if let Some(mentorship) = me.mentorship_on(work.now).filter(|_| new) {
            let mentor = work.need::<Party>(mentorship.mentor).await?;
            self.tell(work, &mentor, "loan_to_endorse", vec![shown.clone()])?;
        }
        Ok(("ok", vec![shown]))
    }

    /// `loan.withdraw`: she does not want it, funded or not.
    async fn withdraw_loan(&self, work: &mut Work<'_>, me: &Party) -> Result<Outcome, Fault> {
        let Some(loan) = self.open_loan(work, me.id).await? else { return Ok(("gone", vec![])) };
        if self.stop_loan(work, &loan)?.is_err() {
            return Ok(("gone", vec![]));
        }
        self.tell_given_back(work, me, loan.repaid).await?;
        Ok(("ok", vec![]))
    }

    /// Stops a loan that she does not have; what lenders gave for it goes back to them, and what she had
    /// paid of it to her.
    fn stop_loan(&self, work: &mut Work<'_>, loan: &Loan) -> Result<Result<bool, Refusal>, Fault> {
        let events = match self.decide_loan(work, loan, &LoanCommand::Stop) {
            Ok(events) => events,
            Err(why) => return Ok(Err(why)),
        };
        if let Some(paper) = loan.paper.clone().filter(|_| !events.is_empty()) {
            let (artisan, amount, repaid) = (loan.artisan, loan.amount, loan.repaid);
            work.post(&Fact::LoanUnlent { artisan, paper, amount, repaid })?;
        }
        Ok(Ok(!events.is_empty()))
    }

    /// Tells her that what she had paid of a loan is hers again, if that was anything.
    async fn tell_given_back(&self, work: &mut Work<'_>, her: &Party, repaid: Kes) -> Result<(), Fault> {
        if repaid == Kes::ZERO {
            return Ok(());
        }
        let free = view::free(work, her).await?;
        let help = Value::Phone(self.house.help_phone);
        self.tell(work, her, "loan_given_back", vec![Value::Kes(repaid), Value::Kes(free), help])
    }

    /// `loan.endorse`: a mentor stands by a loan of somebody she guides.
    async fn endorse_loan(&self, work: &mut Work<'_>, me: &Party, wish: &Do) -> Result<Outcome, Fault> {
        let Some(Value::Record(Record { key, .. })) = wish.args.get("loan") else {
            return Err(missing(wish, "loan"));
        };
        let id: LoanId = key.parse().map_err(|_| missing(wish, "loan"))?;
        let Some(loan) = work.get::<Loan>(id).await? else { return Ok(("gone", vec![])) };
        match self.endorse(work, &loan, Endorser::Mentor(me.id)).await? {
            Ok(shown) => Ok(("ok", vec![shown])),
            Err(Refusal::Gone { .. } | Refusal::NotAllowed) => Ok(("gone", vec![])),
            Err(why) => refused(wish, &why),
        }
    }

    async fn endorse(
        &self, work: &mut Work<'_>, loan: &Loan, by: Endorser,
    ) -> Result<Result<Value, Refusal>, Fault> {
        let her = work.need::<Party>(loan.artisan).await?;
        let guide = her.mentorship_on(work.now).map(|m| Endorser::Mentor(m.mentor));
        let command = LoanCommand::Endorse { guides: guide.as_ref() == Some(&by), by };
        let new = match self.decide_loan(work, loan, &command) {
            Ok(events) => !events.is_empty(),
            Err(why) => return Ok(Err(why)),
        };
        let shown = Value::Record(self.loan(&work.need::<Loan>(loan.id).await?, &her));
        if new {
            self.tell(work, &her, "loan_endorsed", vec![shown.clone()])?;
        }
        Ok(Ok(shown))
    }

    /// `loans.to_endorse`: what a mentor's artisans ask for and nobody stands by yet.
    pub(super) async fn loans_to_endorse(
        &self, work: &mut Work<'_>, me: &Party,
    ) -> Result<Vec<Record>, Fault> {
        let mut rows = Vec::new();
        for (id, her) in view::found::<Party>(work, aggregate::mentees_of(me.id), false).await? {
            let guided = her.mentorship_on(work.now).is_some_and(|m| m.mentor == me.id);
            let open = view::found::<Loan>(work, aggregate::loans_of(id), true).await?;
            let asked = open.into_iter().find(|(_, loan)| guided && loan.stage == LoanStage::Asked);
            rows.extend(asked.map(|(_, loan)| self.loan(&loan, &her)));
        }
        Ok(rows)
    }

    /// Her latest loan that has lenders.
    async fn lent_to(&self, work: &mut Work<'_>, me: &Party) -> Result<Option<Loan>, Fault> {
        let loans = view::found::<Loan>(work, aggregate::loans_of(me.id), true).await?;
        Ok(loans.into_iter().map(|(_, loan)| loan).find(|loan| loan.paper.is_some()))
    }

    /// `loan.notes`: messages between her and her lenders, newest first.
    pub(super) async fn loan_notes(&self, work: &mut Work<'_>, me: &Party) -> Result<Vec<Record>, Fault> {
        let notes = self.lent_to(work, me).await?.map(|loan| loan.notes).unwrap_or_default();
        Ok(notes.iter().rev().map(note).collect())
    }

    /// `loan.note`: her words to her lenders.
    async fn answer_lenders(&self, work: &mut Work<'_>, me: &Party, wish: &Do) -> Result<Outcome, Fault> {
        let Some(loan) = self.lent_to(work, me).await? else { return Ok(("none", vec![])) };
        let loan = work.need::<Loan>(loan.id).await?;
        let text = text_arg(wish, "note")?;
        match self.decide_loan(work, &loan, &LoanCommand::Answer { text }) {
            Ok(_) => Ok(("ok", vec![])),
            Err(why) => refused(wish, &why),
        }
    }
}

/// A message as a list and a screen show it.
fn note(note: &Note) -> Record {
    let (begin, rest) = text::halves(&note.text, HALF);
    Record::new(
        "note",
        note.at.millis().to_string(),
        [
            ("date", Value::Date(note.at)),
            ("from", Value::word("note_from", if note.hers { "me" } else { "lender" })),
            ("begin", Value::text(begin)),
            ("rest", Value::text(rest)),
            ("long", Value::word("yes_no", if rest.is_empty() { "no" } else { "yes" })),
            ("text", Value::text(note.text.clone())),
        ],
    )
}

/// A share as people read it: `10`, `7.5`.
fn percent(bp: u32) -> String {
    let (whole, part) = (bp / 100, bp % 100);
    match part {
        0 => whole.to_string(),
        part => format!("{whole}.{part:02}").trim_end_matches('0').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_share_reads_as_people_write_it() {
        let written = [1_000, 750, 725, 5, 10_000].map(percent);
        assert_eq!(written, ["10", "7.5", "7.25", "0.05", "100"]);
    }
}
