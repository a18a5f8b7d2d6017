//! What takes two people: asked for by one, carried out in the very commit in which another approves.
//!
//! Whatever else needs two people gets a variant of [`Matter`] and a line in `carry_out`.

mod payouts;
mod prompts;

use super::kept::{all_approvals, waiting_approvals};
use super::{Who, broken};
use crate::engine::Engine;
use crate::engine::shopfront::ShopError;
use crate::engine::trade::Due;
use crate::engine::turn::TRIES;
use crate::engine::view::{self, FromIndex};
use crate::engine::work::{Fault, Work};
use crate::ledger::{Account, Fact, Line};
use crate::market::approval::{self, ApprovalCommand, ApprovalEvent};
pub use crate::market::approval::{Approval, ApprovalStage, Entry, Matter, shillings};
use crate::market::case::{self, Case, CaseCommand};
pub use crate::market::loan::PromptFate;
use crate::market::loan::{self, Loan, LoanCommand};
use crate::market::order::{Order, OrderCommand};
pub use crate::market::payout::Fate;
use crate::market::{Party, Refusal, Role};
use crate::menu::value::Value;
use crate::store::keys;
use crate::types::{
    ApprovalId, CaseId, Kes, LoanId, Msisdn, PartyId, PayoutId, PromptId, SpokenCode, Timestamp, Usd,
};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// Something that takes two people, as the desk sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRow {
    /// Names it.
    pub approval: ApprovalId,
    /// `posting`, `refund`, `loan_loss`, `make_good`, `payout`, `prompt`, `erasure`.
    pub what: String,
    /// What it is about, in words.
    pub about: String,
    /// Why, in the words of whoever asked.
    pub why: String,
    /// Who asked.
    pub by: String,
    /// When.
    pub asked: Timestamp,
    /// Until when it may be approved.
    pub until: Timestamp,
    /// `waiting`, `approved`, `refused`, `lapsed`.
    pub state: String,
    /// Who answered.
    pub answered_by: Option<String>,
    /// Why it was refused; empty when nothing was said.
    pub answer: String,
    /// Since when it stands so.
    pub since: Timestamp,
}

/// What somebody wants done that takes two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum Wanted {
    /// A posting by hand.
    Posting {
        /// Balanced lines.
        lines: Vec<Entry>,
    },
    /// Money back for pieces that had passed.
    Refund {
        /// Of which order.
        order: SpokenCode,
        /// For how many pieces.
        pieces: u32,
        /// A reference of its own.
        paper: String,
    },
    /// Nobody will pay the rest of a loan.
    LoanLoss {
        /// Which.
        loan: LoanId,
    },
    /// Money of ours for somebody to whom we owe it.
    MakeGood {
        /// Her phone.
        phone: String,
        /// How much, in cents.
        amount: Kes,
        /// The case that came to it.
        #[serde(default)]
        case: Option<CaseId>,
    },
    /// What became of a payout, by the provider's statement.
    Payout {
        /// Which.
        payout: PayoutId,
        /// What became of it.
        fate: Fate,
    },
    /// What became of a prompt on her phone, by the provider's statement.
    Prompt {
        /// Which.
        prompt: PromptId,
        /// What became of it.
        fate: PromptFate,
    },
    /// What tells who somebody is goes.
    Erasure {
        /// Her phone.
        phone: String,
    },
}

/// What the desk does about things that take two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum ApprovalWish {
    /// Asks for something.
    Ask {
        /// What.
        wanted: Wanted,
        /// Why: up to 110 letters.
        why: String,
    },
    /// Approves what somebody else asked for.
    Approve {
        /// Which.
        approval: ApprovalId,
    },
    /// Refuses it, or takes back what she asked for herself.
    Refuse {
        /// Which.
        approval: ApprovalId,
        /// Why: up to 110 letters, or nothing.
        #[serde(default)]
        why: String,
    },
}

/// What the desk calls about things that take two.
pub trait ApprovalDesk: Send + Sync + 'static {
    /// All of them, newest first.
    fn approvals(&self) -> BoxFuture<'_, Result<Vec<ApprovalRow>, ShopError>>;
    /// Asks, approves or refuses; how it stands then. A repeat changes nothing.
    fn approval(&self, by: Who, wish: ApprovalWish) -> BoxFuture<'_, Result<ApprovalRow, ShopError>>;
}

/// Why something is not done, for whoever asked.
fn no(why: impl Into<String>) -> ShopError {
    ShopError::Field { field: "approval", why: why.into() }
}

fn refusal(why: &Refusal) -> ShopError {
    match why {
        Refusal::NotFound => ShopError::NotFound,
        why => no(why.to_string()),
    }
}

/// What a step comes to: what it asks for is not so, or something broke.
type Step<T> = Result<Result<T, ShopError>, Fault>;

impl ApprovalDesk for Engine {
    fn approvals(&self) -> BoxFuture<'_, Result<Vec<ApprovalRow>, ShopError>> {
        Box::pin(async { self.approval_rows().await.map_err(|fault| broken(&fault)) })
    }

    fn approval(&self, by: Who, wish: ApprovalWish) -> BoxFuture<'_, Result<ApprovalRow, ShopError>> {
        Box::pin(async move {
            for _ in 0..TRIES {
                match self.try_approval(&by, &wish).await {
                    Err(fault) if fault.is_conflict() => {}
                    done => return done.map_err(|fault| broken(&fault))?,
                }
            }
            Err(ShopError::Fault)
        })
    }
}

impl Engine {
    async fn approval_rows(&self) -> Result<Vec<ApprovalRow>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let mut rows = Vec::new();
        for (_, approval) in view::every::<Approval>(&mut work, all_approvals(), true).await? {
            rows.push(self.approval_row(&mut work, &approval).await?);
        }
        Ok(rows)
    }

    async fn approval_row(&self, work: &mut Work<'_>, approval: &Approval) -> Result<ApprovalRow, Fault> {
        let about = match &approval.matter {
            Matter::Posting { lines } => {
                let mut sides = Vec::with_capacity(lines.len());
                for line in lines {
                    let owner = line.account.parse::<Account>().ok().and_then(Account::owner);
                    let named = match owner {
                        Some(id) => format!("{} ({})", line.account, self.name_of(work, Some(id)).await?),
                        None => line.account.clone(),
                    };
                    sides.push(match line.credit {
                        sum if sum < Kes::ZERO => format!("debit {named} {}", -sum),
                        sum => format!("credit {named} {sum}"),
                    });
                }
                sides.join(", ")
            }
            Matter::Refund { order, pieces, paper } => {
                let known = view::read::<Order>(work, *order).await?;
                let sum = known.map_or(Usd::ZERO, |known| known.terms.quote.goods(*pieces));
                format!("{pieces} pieces of order {order}, $ {sum}, {paper}")
            }
            Matter::LoanLoss { loan, amount } => {
                let loan = view::read::<Loan>(work, *loan).await?;
                let her = loan.as_ref().map(|loan| loan.artisan);
                format!("KSh {amount} left of the loan of {}", self.name_of(work, her).await?)
            }
            Matter::MakeGood { to, amount, case } => {
                let of = case.map(|case| format!(", case {case}")).unwrap_or_default();
                format!("KSh {amount} to {}{of}", self.name_of(work, Some(*to)).await?)
            }
            Matter::Payout { payout, fate } => self.payout_in_words(work, *payout, fate).await?,
            Matter::Prompt { prompt, fate } => self.prompt_in_words(work, *prompt, fate).await?,
            Matter::Erasure { who } => self.name_of(work, Some(*who)).await?,
        };
        Ok(ApprovalRow {
            approval: approval.id,
            what: approval.matter.word().to_owned(),
            about,
            why: approval.why.clone(),
            by: approval.by.clone(),
            asked: approval.asked,
            until: approval.until,
            state: approval.stage.word().to_owned(),
            answered_by: approval.answered_by.clone(),
            answer: approval.answer.clone(),
            since: approval.since,
        })
    }

    async fn name_of(&self, work: &mut Work<'_>, id: Option<PartyId>) -> Result<String, Fault> {
        let party = match id {
            Some(id) => view::read::<Party>(work, id).await?,
            None => None,
        };
        Ok(party.map_or_else(|| "nobody".to_owned(), |party| party.name))
    }

    async fn try_approval(&self, by: &Who, wish: &ApprovalWish) -> Step<ApprovalRow> {
        let mut work = self.work(self.clock.now())?;
        let done = match wish {
            ApprovalWish::Ask { wanted, why } => self.ask_for_two(&mut work, by, wanted, why).await?,
            ApprovalWish::Approve { approval } => {
                let approve = ApprovalCommand::Approve { by: by.to_string() };
                self.answer_for_two(&mut work, *approval, &approve).await?
            }
            ApprovalWish::Refuse { approval, why } => {
                let refuse = ApprovalCommand::Refuse { by: by.to_string(), why: why.clone() };
                self.answer_for_two(&mut work, *approval, &refuse).await?
            }
        };
        let approval = match done {
            Ok(approval) => approval,
            Err(why) => return Ok(Err(why)),
        };
        let row = self.approval_row(&mut work, &approval).await?;
        if work.acts() {
            let did = format!("{} {} {}", approval.stage.word(), approval.matter.word(), approval.id);
            self.commit(work, by.did(did), None).await?;
        }
        Ok(Ok(row))
    }

    /// Notes that somebody asks for something, once it is known that it could be done now. The same
    /// wish while it waits is the same approval.
    async fn ask_for_two(&self, work: &mut Work<'_>, by: &Who, wanted: &Wanted, why: &str) -> Step<Approval> {
        let matter = match self.matter_of(work, wanted).await? {
            Ok(matter) => matter,
            Err(why) => return Ok(Err(why)),
        };
        // This is what stays, word by word, of her who is forgotten.
        let why = &match matter {
            Matter::Erasure { who } => self.without_her(work, who, why).await?,
            _ => why.to_owned(),
        };
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        for (_, waiting) in view::every::<Approval>(work, waiting_approvals(), false).await? {
            if waiting.matter != matter {
                continue;
            }
            if waiting.by == by.name() && waiting.why == words(why) {
                return Ok(Ok(waiting));
            }
            // What we owe somebody is paid once, and nobody is forgotten twice, whoever asks for it.
            if matches!(matter, Matter::MakeGood { .. } | Matter::Erasure { .. }) {
                return Ok(Err(no(format!("{} asked for this already: {}", waiting.by, waiting.id))));
            }
        }
        let id = ApprovalId::new(work.now, &mut work.entropy);
        let ask =
            ApprovalCommand::Ask { id, matter: matter.clone(), why: why.to_owned(), by: by.to_string() };
        let events = match approval::decide(None, &ask, &self.policy, work.now) {
            Ok(events) => events,
            Err(why) => return Ok(Err(refusal(&why))),
        };
        let mut trial = self.work(work.now)?;
        let asked = events.first().and_then(|event| approval::evolve(None, event, work.now));
        let asked = asked.ok_or_else(|| Fault::Broken("an approval came to nothing".to_owned()))?;
        if let Err(why) = self.carry_out_for_two(&mut trial, &asked).await? {
            return Ok(Err(why));
        }
        work.timer(asked.until, &format!("approval/{id}"), &Due::ApprovalEnds(id));
        work.apply::<Approval>(id, events);
        Ok(Ok(asked))
    }

    async fn matter_of(&self, work: &mut Work<'_>, wanted: &Wanted) -> Step<Matter> {
        Ok(Ok(match wanted {
            Wanted::Posting { lines } => Matter::Posting { lines: lines.clone() },
            Wanted::Refund { order, pieces, paper } => {
                Matter::Refund { order: *order, pieces: *pieces, paper: paper.trim().to_owned() }
            }
            Wanted::LoanLoss { loan } => {
                let Some(known) = view::read::<Loan>(work, *loan).await? else {
                    return Ok(Err(ShopError::NotFound));
                };
                if known.left() == Kes::ZERO {
                    return Ok(Err(no(format!("nothing is owed on it: it is {}", known.stage.word()))));
                }
                Matter::LoanLoss { loan: *loan, amount: known.left() }
            }
            Wanted::MakeGood { phone, amount, case } => {
                let to = match self.whose_phone(work, phone).await? {
                    Ok(to) => to,
                    Err(why) => return Ok(Err(why)),
                };
                let party = work.need::<Party>(to).await?;
                if !has_purse(&party) {
                    return Ok(Err(no(format!("{} has no purse here; pay her otherwise", party.name))));
                }
                if let Some(case) = case {
                    match view::read::<Case>(work, *case).await? {
                        Some(case) if case.people.contains(&to) => {}
                        Some(_) => return Ok(Err(no("this person has no part in that case"))),
                        None => return Ok(Err(no("there is no such case; sokoni cases list names them"))),
                    }
                }
                Matter::MakeGood { to, amount: *amount, case: *case }
            }
            Wanted::Payout { payout, fate } => Matter::Payout { payout: *payout, fate: fate.clone() },
            Wanted::Prompt { prompt, fate } => Matter::Prompt { prompt: *prompt, fate: fate.clone() },
            Wanted::Erasure { phone } => match self.whose_phone(work, phone).await? {
                Ok(who) => Matter::Erasure { who },
                Err(why) => return Ok(Err(why)),
            },
        }))
    }

    async fn whose_phone(&self, work: &Work<'_>, phone: &str) -> Step<PartyId> {
        let Ok(phone) = Msisdn::parse_kenyan(phone) else {
            return Ok(Err(no("write her phone number, such as 0712345678")));
        };
        let row = work.store().read(vec![keys::by_phone(phone)]).await?.into_iter().next().flatten();
        let who = row.and_then(|row| PartyId::from_octets(&row.octets()));
        Ok(who.ok_or_else(|| no("nobody here has this phone number")))
    }

    async fn answer_for_two(
        &self, work: &mut Work<'_>, id: ApprovalId, command: &ApprovalCommand,
    ) -> Step<Approval> {
        let before = work.get::<Approval>(id).await?;
        let events = match approval::decide(before.as_ref(), command, &self.policy, work.now) {
            Ok(events) => events,
            Err(why) => return Ok(Err(refusal(&why))),
        };
        let approved = events.iter().any(|event| matches!(event, ApprovalEvent::Approved { .. }));
        work.apply::<Approval>(id, events);
        let approval = work.need::<Approval>(id).await?;
        if approved && let Err(why) = self.carry_out_for_two(work, &approval).await? {
            return Ok(Err(why));
        }
        Ok(Ok(approval))
    }

    /// Does what was asked for, as part of this turn.
    async fn carry_out_for_two(&self, work: &mut Work<'_>, approval: &Approval) -> Step<()> {
        let done = match &approval.matter {
            Matter::Posting { lines } => self.post_by_hand(work, approval.id, lines).await?,
            Matter::Refund { order, pieces, paper } => {
                let (paper, reason) = (paper.clone(), approval.why.clone());
                let command = OrderCommand::Complain { paper, reason, pieces: *pieces, two: true };
                if work.get::<Order>(*order).await?.is_none() {
                    return Ok(Err(ShopError::NotFound));
                }
                match self.order_turn(work, *order, &command).await? {
                    Ok(0) => Err(no("this reference stands for a refund that was made already")),
                    Ok(_) => Ok(()),
                    Err(why) => Err(refusal(&why)),
                }
            }
            Matter::LoanLoss { loan, amount } => self.lose_loan(work, approval.id, *loan, *amount).await?,
            Matter::MakeGood { to, amount, case } => {
                self.make_good(work, approval, *to, *amount, *case).await?
            }
            Matter::Payout { payout, fate } => self.payout_decided(work, *payout, fate).await?,
            Matter::Prompt { prompt, fate } => self.prompt_decided(work, *prompt, fate).await?,
            Matter::Erasure { who } => self.erase(work, approval.id, *who).await?.map_err(no),
        };
        if let Err(why) = done {
            return Ok(Err(why));
        }
        for account in work.posted() {
            let sum = work.sum(account).await?;
            if account.floor().is_some_and(|floor| sum < floor) {
                let short = Kes::minor(-sum);
                return Ok(Err(no(format!("{account} holds KSh {short} less than this takes from it"))));
            }
        }
        Ok(Ok(()))
    }

    async fn post_by_hand(&self, work: &mut Work<'_>, approval: ApprovalId, lines: &[Entry]) -> Step<()> {
        let mut read = Vec::with_capacity(lines.len());
        for line in lines {
            let Ok(account) = line.account.parse::<Account>() else {
                return Ok(Err(no(format!("{} is no account; LEDGER.md has the list", line.account))));
            };
            if let Some(why) = follows(account) {
                return Ok(Err(no(format!("{account} follows {why}; nothing is posted there by hand"))));
            }
            if let Some(owner) = account.owner() {
                let Some(party) = view::read::<Party>(work, owner).await? else {
                    return Ok(Err(no(format!("{account} would be nobody's"))));
                };
                let reached = view::purse(&party).account() == account && has_purse(&party);
                if !reached && account != Account::Mentor(owner) {
                    return Ok(Err(no(format!("{} could never draw what is in {account}", party.name))));
                }
            }
            read.push(Line { account, credit: line.credit });
        }
        let before = work.posted();
        match work.post(&Fact::ByHand { approval, lines: read }) {
            Err(Fault::Books(why)) => return Ok(Err(no(why.to_string()))),
            posted => posted?,
        }
        for account in work.posted().difference(&before) {
            self.tell_put_right(work, *account, lines).await?;
        }
        Ok(Ok(()))
    }

    /// Whose money it is reads what it was and what it is.
    async fn tell_put_right(
        &self, work: &mut Work<'_>, account: Account, lines: &[Entry],
    ) -> Result<(), Fault> {
        let Some(owner) = account.owner() else { return Ok(()) };
        let her = work.need::<Party>(owner).await?;
        let code = account.to_string();
        let moved: i64 =
            lines.iter().filter(|line| line.account == code).map(|line| line.credit.cents()).sum();
        let now = work.sum(account).await?;
        if moved == 0 {
            return Ok(());
        }
        let (was, now) = (Value::Kes(Kes::minor(now.saturating_sub(moved))), Value::Kes(Kes::minor(now)));
        self.tell(work, &her, "put_right", vec![was, now, Value::Phone(self.house.help_phone)])
    }

    async fn lose_loan(&self, work: &mut Work<'_>, approval: ApprovalId, id: LoanId, most: Kes) -> Step<()> {
        let loan = work.need::<Loan>(id).await?;
        let amount = loan.left().min(most);
        let events = match loan::decide(Some(&loan), &LoanCommand::Lose { amount }, &self.policy, work.now) {
            Ok(events) if !events.is_empty() => events,
            Ok(_) => return Ok(Err(no("nothing is owed on it any more"))),
            Err(why) => return Ok(Err(refusal(&why))),
        };
        work.apply::<Loan>(id, events);
        work.post(&Fact::LoanLost { approval, artisan: loan.artisan, amount })?;
        let her = work.need::<Party>(loan.artisan).await?;
        let shown = Value::Record(self.loan(&work.need::<Loan>(id).await?, &her));
        self.tell(work, &her, "loan_lost", vec![shown])?;
        Ok(Ok(()))
    }

    async fn make_good(
        &self, work: &mut Work<'_>, approval: &Approval, to: PartyId, amount: Kes, case: Option<CaseId>,
    ) -> Step<()> {
        let her = work.need::<Party>(to).await?;
        work.post(&Fact::MadeGood { approval: approval.id, to: view::purse(&her), amount })?;
        let free = view::free(work, &her).await?;
        let words = vec![Value::Kes(amount), Value::Kes(free), Value::Phone(self.house.help_phone)];
        self.tell(work, &her, "made_good", words)?;
        if let Some(case) = case {
            let known = work.need::<Case>(case).await?;
            let by = approval.answered_by.clone().unwrap_or_default();
            let text =
                format!("KSh {amount} to {}, asked for by {}: {}", her.name, approval.by, approval.why);
            // A case that was closed in the meantime stands as it was closed.
            if let Ok(events) = case::decide(Some(&known), &CaseCommand::Note { by, text }) {
                work.apply::<Case>(case, events);
            }
        }
        Ok(Ok(()))
    }

    /// Nobody has answered in time.
    pub(in crate::engine) async fn approval_ends(
        &self, work: &mut Work<'_>, id: ApprovalId,
    ) -> Result<(), Fault> {
        let approval = work.get::<Approval>(id).await?;
        if let Ok(events) =
            approval::decide(approval.as_ref(), &ApprovalCommand::Lapse, &self.policy, work.now)
        {
            work.apply::<Approval>(id, events);
        }
        Ok(())
    }
}

/// Whether somebody's role has a purse that its menu shows.
fn has_purse(party: &Party) -> bool {
    !matches!(party.role, Role::Helper | Role::Liaison)
}

/// What the sum of an account is counted by, beside its postings: a line by hand would part the two.
const fn follows(account: Account) -> Option<&'static str> {
    match account {
        Account::Moving(_) => Some("payouts and cash numbers"),
        Account::Deposit(_) => Some("its order"),
        Account::Loan(_) => Some("the loans of its artisan"),
        Account::KivaPrincipal | Account::KivaDue => Some("the loans"),
        Account::ShippingPayable => Some("the orders; sokoni shipping settle pays a carrier"),
        Account::Suspense => Some("money that belongs to no order; /desk/cards gives it back"),
        Account::Disputed => Some("the disputes; the card processor's events move it"),
        _ => None,
    }
}
