//! Loans as the desk sees and moves them: what the lending site is told, what it tells us, and what
//! goes back to lenders, release by release.

use crate::engine::Engine;
use crate::engine::aggregate;
use crate::engine::desk::Who;
use crate::engine::shopfront::ShopError;
use crate::engine::turn::TRIES;
use crate::engine::view;
use crate::engine::work::{Fault, Work};
use crate::ledger::Fact;
use crate::market::loan::{Endorser, Loan, LoanCommand, LoanFor, LoanStage, Part, Prompt, PromptStage};
use crate::market::{Party, Refusal};
use crate::menu::value::{Record, Value};
use crate::types::time::NAIROBI;
use crate::types::{Kes, LoanId, PromptId, Timestamp};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// A loan with what the lending site wants to know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanRow {
    /// Names it.
    pub loan: LoanId,
    /// `asked`, `endorsed`, `shown`, `funded`, `agreed`, `sent`, `repaying`, `repaid`, `stopped`, `lost`.
    pub state: String,
    /// Her first name: lenders learn no more of it.
    pub artisan: String,
    /// Where she works.
    pub area: String,
    /// How much, in cents.
    pub amount: Kes,
    /// `machine`, `materials`, `phone`, `other`.
    pub purpose: String,
    /// What it takes of each sale, in ten-thousandths.
    pub share_bp: u32,
    /// When she asked.
    pub asked: Timestamp,
    /// Who stands by it, by first name.
    pub endorsed_by: Option<String>,
    /// What her sales have brought her, in cents.
    pub sold: Kes,
    /// A draft of what lenders read.
    pub story: String,
    /// The lending site's reference.
    pub paper: Option<String>,
    /// What she still owes, in cents.
    pub left: Kes,
    /// Why it could not be sent.
    pub failed: Option<String>,
    /// Messages, oldest first.
    pub notes: Vec<NoteRow>,
}

/// A message between lenders and an artisan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteRow {
    /// `lenders` or `artisan`.
    pub from: String,
    /// When it came.
    pub at: Timestamp,
    /// What it says.
    pub text: String,
}

/// A prompt on somebody's phone to pay some of her loan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptRow {
    /// Names it.
    pub prompt: PromptId,
    /// The loan that it pays.
    pub loan: LoanId,
    /// Her first name.
    pub artisan: String,
    /// How much she was asked for, in cents.
    pub amount: Kes,
    /// By which provider.
    pub via: String,
    /// `asked`, `shown`, `claimed`, `unheard`, `odd`, `paid`, `ended`.
    pub state: String,
    /// When she asked for it.
    pub asked: Timestamp,
    /// What its provider calls it.
    pub checkout: Option<String>,
    /// The receipt under which it is paid, or said to be.
    pub receipt: Option<String>,
    /// What does not fit together, or why nothing came of it.
    pub why: String,
    /// What a person does about it.
    pub advice: String,
}

/// A line of a repayment file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepaymentRow {
    /// The lending site's reference of the loan.
    pub paper: String,
    /// Her first name.
    pub artisan: String,
    /// The order whose release paid it; empty for a loan that was not taken and goes back whole.
    pub order: String,
    /// Which of the order's releases.
    pub release: u32,
    /// The day, as 2026-12-31.
    pub day: String,
    /// How much, in cents.
    pub cents: i64,
}

/// What the desk does with a loan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum LoanWish {
    /// A liaison stands by it.
    Endorse {
        /// Which.
        loan: LoanId,
        /// The liaison's name.
        by: String,
    },
    /// Lenders see it from now on.
    Show {
        /// Which.
        loan: LoanId,
    },
    /// Lenders gave all of it, and the money is in the bank.
    Fund {
        /// Which.
        loan: LoanId,
        /// The lending site's reference.
        paper: String,
        /// How many people.
        lenders: u32,
        /// From how many countries.
        countries: u32,
    },
    /// Lenders write to her.
    Note {
        /// Which.
        loan: LoanId,
        /// What they write.
        text: String,
    },
    /// It will not go on; only before she has agreed.
    Stop {
        /// Which.
        loan: LoanId,
    },
}

impl LoanWish {
    const fn word(&self) -> &'static str {
        match self {
            Self::Endorse { .. } => "endorse",
            Self::Show { .. } => "show",
            Self::Fund { .. } => "fund",
            Self::Note { .. } => "note to",
            Self::Stop { .. } => "stop",
        }
    }

    const fn loan(&self) -> LoanId {
        match self {
            Self::Endorse { loan, .. }
            | Self::Show { loan }
            | Self::Fund { loan, .. }
            | Self::Note { loan, .. }
            | Self::Stop { loan } => *loan,
        }
    }
}

/// What the desk calls.
pub trait LoanDesk: Send + Sync + 'static {
    /// All loans, newest first.
    fn loans(&self) -> BoxFuture<'_, Result<Vec<LoanRow>, ShopError>>;
    /// Prompts on phones, oldest first: those of which something is to be asked or decided, or all.
    fn prompts(&self, all: bool) -> BoxFuture<'_, Result<Vec<PromptRow>, ShopError>>;
    /// Does something with a loan; how it stands then. A repeat changes nothing.
    fn loan(&self, by: Who, wish: LoanWish) -> BoxFuture<'_, Result<LoanRow, ShopError>>;
    /// What is to be sent back to lenders; or what went back with a remittance.
    fn repayments(&self, paper: Option<String>) -> BoxFuture<'_, Result<Vec<RepaymentRow>, ShopError>>;
    /// Records that all that is due goes back to lenders now; what that is. The same remittance again
    /// is the same file, and moves nothing.
    fn remit(&self, by: Who, paper: String) -> BoxFuture<'_, Result<Vec<RepaymentRow>, ShopError>>;
}

fn broken(fault: Fault) -> ShopError {
    tracing::error!(%fault, "a question about loans failed");
    ShopError::Fault
}

fn said_no(why: &Refusal) -> ShopError {
    match why {
        Refusal::NotFound => ShopError::NotFound,
        why => ShopError::Field { field: "loan", why: why.to_string() },
    }
}

impl LoanDesk for Engine {
    fn loans(&self) -> BoxFuture<'_, Result<Vec<LoanRow>, ShopError>> {
        Box::pin(async { self.loan_rows().await.map_err(broken) })
    }

    fn prompts(&self, all: bool) -> BoxFuture<'_, Result<Vec<PromptRow>, ShopError>> {
        Box::pin(async move { self.prompt_rows(all).await.map_err(broken) })
    }

    fn loan(&self, by: Who, wish: LoanWish) -> BoxFuture<'_, Result<LoanRow, ShopError>> {
        Box::pin(async move {
            for _ in 0..TRIES {
                match self.try_loan(&by, &wish).await {
                    Err(fault) if fault.is_conflict() => {}
                    done => return done.map_err(broken)?.map_err(|why| said_no(&why)),
                }
            }
            Err(ShopError::Fault)
        })
    }

    fn repayments(&self, paper: Option<String>) -> BoxFuture<'_, Result<Vec<RepaymentRow>, ShopError>> {
        Box::pin(async move {
            let mut work = self.work(self.clock.now()).map_err(broken)?;
            self.repayment_rows(&mut work, paper.as_deref()).await.map_err(broken)
        })
    }

    fn remit(&self, by: Who, paper: String) -> BoxFuture<'_, Result<Vec<RepaymentRow>, ShopError>> {
        Box::pin(async move {
            let paper = paper.trim();
            if paper.is_empty() {
                let why = "name the remittance by a reference of its own".to_owned();
                return Err(ShopError::Field { field: "paper", why });
            }
            for _ in 0..TRIES {
                match self.try_remit(&by, paper).await {
                    Err(fault) if fault.is_conflict() => {}
                    done => return done.map_err(broken),
                }
            }
            Err(ShopError::Fault)
        })
    }
}

impl Engine {
    async fn loan_rows(&self) -> Result<Vec<LoanRow>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let mut rows = Vec::new();
        for (_, loan) in view::every::<Loan>(&mut work, aggregate::all_loans(), true).await? {
            rows.push(self.loan_row(&mut work, &loan).await?);
        }
        Ok(rows)
    }

    async fn prompt_rows(&self, all: bool) -> Result<Vec<PromptRow>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let mut rows = Vec::new();
        if all {
            for (_, loan) in view::every::<Loan>(&mut work, aggregate::all_loans(), false).await? {
                let her = work.need::<Party>(loan.artisan).await?;
                rows.extend(loan.prompts.iter().map(|prompt| prompt_row(&loan, prompt, &her)));
            }
            rows.sort_by_key(|row| (row.asked, row.prompt));
            return Ok(rows);
        }
        for id in view::ids::<PromptId>(&work, aggregate::open_prompts()).await? {
            let Some(loan) = self.loan_of_prompt(&mut work, id).await? else { continue };
            let her = work.need::<Party>(loan.artisan).await?;
            rows.extend(loan.prompt(id).map(|prompt| prompt_row(&loan, prompt, &her)));
        }
        Ok(rows)
    }

    async fn loan_row(&self, work: &mut Work<'_>, loan: &Loan) -> Result<LoanRow, Fault> {
        let her = work.need::<Party>(loan.artisan).await?;
        let endorsed_by = match &loan.endorsed {
            Some(Endorser::Mentor(id)) => Some(work.need::<Party>(*id).await?.first_name()),
            Some(Endorser::Desk(name)) => Some(name.clone()),
            None => None,
        };
        let sold = self.released_to(work, loan.artisan).await?;
        let notes = loan.notes.iter().map(|note| NoteRow {
            from: if note.hers { "artisan" } else { "lenders" }.to_owned(),
            at: note.at,
            text: note.text.clone(),
        });
        Ok(LoanRow {
            loan: loan.id,
            state: if loan.is_lost() { "lost" } else { loan.stage.word() }.to_owned(),
            artisan: her.first_name(),
            area: her.area.as_str().to_owned(),
            amount: loan.amount,
            purpose: loan.what.word().to_owned(),
            share_bp: loan.share_bp,
            asked: loan.asked,
            story: story(loan, &her, sold, endorsed_by.as_deref()),
            endorsed_by,
            sold,
            paper: loan.paper.clone(),
            left: loan.left(),
            failed: loan.failed.clone(),
            notes: notes.collect(),
        })
    }

    async fn try_loan(&self, by: &Who, wish: &LoanWish) -> Result<Result<LoanRow, Refusal>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let Some(loan) = work.get::<Loan>(wish.loan()).await? else { return Ok(Err(Refusal::NotFound)) };
        if let Err(why) = self.wish_for_loan(&mut work, &loan, by, wish).await? {
            return Ok(Err(why));
        }
        let loan = work.need::<Loan>(loan.id).await?;
        let row = self.loan_row(&mut work, &loan).await?;
        if work.acts() {
            self.commit(work, by.did(format!("{} loan {}", wish.word(), loan.id)), None).await?;
        }
        Ok(Ok(row))
    }

    async fn wish_for_loan(
        &self, work: &mut Work<'_>, loan: &Loan, by: &Who, wish: &LoanWish,
    ) -> Result<Result<(), Refusal>, Fault> {
        let command = match wish {
            LoanWish::Endorse { by: name, .. } => {
                // Only the house's own key may speak for somebody else.
                let named = if by.is_house() { name.trim() } else { by.name() };
                let by = Endorser::Desk(named.to_owned());
                return Ok(self.endorse(work, loan, by).await?.map(|_| ()));
            }
            LoanWish::Stop { .. } => {
                return match self.stop_loan(work, loan)? {
                    Ok(true) => {
                        self.tell_of_loan(work, loan.id, "loan_stopped").await?;
                        let her = work.need::<Party>(loan.artisan).await?;
                        self.tell_given_back(work, &her, loan.repaid).await.map(Ok)
                    }
                    Ok(false) => Ok(Ok(())),
                    Err(why) => Ok(Err(why)),
                };
            }
            LoanWish::Show { .. } => LoanCommand::Show,
            LoanWish::Fund { paper, lenders, countries, .. } => {
                LoanCommand::Fund { paper: paper.clone(), lenders: *lenders, countries: *countries }
            }
            LoanWish::Note { text, .. } => LoanCommand::Note { text: text.clone() },
        };
        let events = match self.decide_loan(work, loan, &command) {
            Ok(events) => events,
            Err(why) => return Ok(Err(why)),
        };
        match wish {
            _ if events.is_empty() => {}
            LoanWish::Fund { paper, .. } => {
                let (artisan, paper) = (loan.artisan, paper.trim().to_owned());
                work.post(&Fact::LoanFunded { artisan, paper, amount: loan.amount })?;
                self.tell_of_loan(work, loan.id, "loan_funded").await?;
            }
            LoanWish::Note { .. } => {
                let her = work.need::<Party>(loan.artisan).await?;
                let now = work.need::<Loan>(loan.id).await?;
                let note: Option<Record> = now.notes.last().map(super::note);
                self.tell(work, &her, "loan_note", note.into_iter().map(Value::Record).collect())?;
            }
            _ => {}
        }
        Ok(Ok(()))
    }

    async fn tell_of_loan(&self, work: &mut Work<'_>, id: LoanId, name: &str) -> Result<(), Fault> {
        let loan = work.need::<Loan>(id).await?;
        let her = work.need::<Party>(loan.artisan).await?;
        self.tell(work, &her, name, vec![Value::Record(Engine::loan(self, &loan, &her))])
    }

    /// The lines that a remittance took along, or those that wait for one.
    async fn repayment_rows(
        &self, work: &mut Work<'_>, paper: Option<&str>,
    ) -> Result<Vec<RepaymentRow>, Fault> {
        let loans = match paper {
            Some(_) => aggregate::all_loans(),
            None => aggregate::loans_due(),
        };
        let mut found: Vec<(Timestamp, RepaymentRow)> = Vec::new();
        for (_, loan) in view::every::<Loan>(work, loans, false).await? {
            let her = work.need::<Party>(loan.artisan).await?;
            let these = loan.parts.iter().filter(|part| part.paper.as_deref() == paper);
            found.extend(these.map(|part| (part.at, repayment(&loan, &her, part))));
        }
        found.sort_by(|(a, x), (b, y)| (a, &x.paper, &x.order).cmp(&(b, &y.paper, &y.order)));
        Ok(found.into_iter().map(|(_, row)| row).collect())
    }

    async fn try_remit(&self, by: &Who, paper: &str) -> Result<Vec<RepaymentRow>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let before = self.repayment_rows(&mut work, Some(paper)).await?;
        if !before.is_empty() {
            return Ok(before);
        }
        let mut amount = 0;
        let remit = LoanCommand::Remit { paper: paper.to_owned() };
        for (id, _) in view::every::<Loan>(&mut work, aggregate::loans_due(), false).await? {
            // As it stands in this turn: a release at the same moment makes this turn begin anew.
            let loan = work.need::<Loan>(id).await?;
            amount += loan.due().cents();
            self.decide_loan(&mut work, &loan, &remit).map_err(|why| Fault::Broken(why.to_string()))?;
        }
        if amount == 0 {
            return Ok(Vec::new());
        }
        work.post(&Fact::LoanRemitted { paper: paper.to_owned(), amount: Kes::minor(amount) })?;
        self.commit(work, by.did(format!("remittance {paper}")), None).await?;
        let mut work = self.work(self.clock.now())?;
        self.repayment_rows(&mut work, Some(paper)).await
    }
}

fn repayment(loan: &Loan, her: &Party, part: &Part) -> RepaymentRow {
    RepaymentRow {
        paper: loan.paper.clone().unwrap_or_default(),
        artisan: her.first_name(),
        order: part.order.map(|order| order.to_string()).unwrap_or_default(),
        release: part.round,
        day: day(part.at),
        cents: part.amount.cents(),
    }
}

/// A day as 2026-12-31, in Nairobi.
fn day(at: Timestamp) -> String {
    let (year, month, day) = at.civil(NAIROBI);
    format!("{year}-{month:02}-{day:02}")
}

/// A prompt as the desk sees it.
fn prompt_row(loan: &Loan, prompt: &Prompt, her: &Party) -> PromptRow {
    let claimed = prompt.claim.as_ref().map(|claim| claim.receipts.join(" ")).filter(|one| !one.is_empty());
    let why = match &prompt.stage {
        PromptStage::Ended { why } => why.as_str(),
        _ => "",
    };
    let state = prompt.word();
    PromptRow {
        prompt: prompt.id,
        loan: loan.id,
        artisan: her.first_name(),
        amount: prompt.sum(),
        via: prompt.via.clone(),
        state: state.to_owned(),
        asked: prompt.asked,
        checkout: prompt.known_as().map(str::to_owned),
        receipt: prompt.receipt().map(str::to_owned).or(claimed),
        why: prompt.odd.as_deref().unwrap_or(why).to_owned(),
        advice: match state {
            "odd" => {
                "compare it with the provider's statement; two people decide: sokoni approvals ask prompt"
            }
            "claimed" => "its provider is asked; when it says nothing for an hour, two people decide",
            "unheard" => {
                "look for it in the provider's statement; two people decide: sokoni approvals ask prompt"
            }
            "asked" | "shown" => "wait: its provider is asked",
            _ => "nothing",
        }
        .to_owned(),
    }
}

/// A draft of what lenders read, of facts alone; whoever brings it to the lending site adds to it.
fn story(loan: &Loan, her: &Party, sold: Kes, endorsed_by: Option<&str>) -> String {
    let area = match her.area.as_str() {
        "other" => "Nairobi".to_owned(),
        area => area[..1].to_uppercase() + &area[1..],
    };
    let what = match loan.what {
        LoanFor::Machine => "a machine",
        LoanFor::Materials => "materials",
        LoanFor::Phone => "a phone",
        LoanFor::Other => "her work",
    };
    let by = match (endorsed_by, loan.stage) {
        (Some(name), _) => format!(" {name}, who knows her work, stands by her."),
        (None, LoanStage::Asked) => String::new(),
        (None, _) => " Somebody who knows her work stands by her.".to_owned(),
    };
    format!(
        "{} works in {area} and has sold by phone on Sokoni since {}. Her sales have brought her KSh {sold}. \
         She asks for KSh {} for {what}, and pays it back with {} % of each sale, without interest.{by}",
        her.first_name(),
        day(her.joined),
        loan.amount,
        super::percent(loan.share_bp),
    )
}
