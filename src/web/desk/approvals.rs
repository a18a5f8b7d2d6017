//! What takes two people: what waits, asking, approving, refusing.

use super::{Turn, Turned, door::Acting, garbled, operators};
use crate::engine::desk::Who;
use crate::engine::desk::approvals::{ApprovalRow, ApprovalWish, Entry, Fate, PromptFate, Wanted, shillings};
use crate::engine::loans::desk::PromptRow;
use crate::engine::shopfront::ShopError;
use crate::types::{ApprovalId, CaseId, LoanId, PayoutId, PromptId, SpokenCode};
use crate::web::{
    error::{JsonRefusal, Refusal},
    page::{self, Web},
    people::DeskRole,
    wording,
};
use askama::Template;
use axum::{
    Form, Json,
    extract::{
        Query, State,
        rejection::{FormRejection, JsonRejection, QueryRejection},
    },
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use std::sync::Arc;

struct Row<'a> {
    view: &'a ApprovalRow,
    asked: (String, String),
    until: String,
    waits: bool,
}

impl<'a> Row<'a> {
    fn of(view: &'a ApprovalRow) -> Self {
        let asked = (wording::moment(view.asked), wording::moment_iso(view.asked));
        Self { view, asked, until: wording::moment(view.until), waits: view.state == "waiting" }
    }
}

#[derive(Template)]
#[template(path = "desk_approvals.html", config = "src/web/askama.toml")]
struct Approvals<'a> {
    rows: Vec<Row<'a>>,
    next: Option<String>,
    typed: &'a Typed,
    prompts: Vec<PromptRow>,
    complaint: String,
}

/// The forms of the page as they were typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Typed {
    r#do: String,
    approval: String,
    what: String,
    lines: String,
    loan: String,
    payout: String,
    order: String,
    pieces: String,
    paper: String,
    phone: String,
    amount: String,
    case: String,
    why: String,
}

impl Typed {
    /// What is wished for; or what is wrong, in words.
    fn wish(&self) -> Result<ApprovalWish, String> {
        let id = || self.approval.trim().parse::<ApprovalId>().map_err(|_| "that is no approval".to_owned());
        let wanted = match (self.r#do.as_str(), self.what.as_str()) {
            ("approve", _) if !self.why.is_empty() => {
                return Err(
                    "a reason was written, and an approval has none; press Refuse, or leave it empty"
                        .to_owned(),
                );
            }
            ("approve", _) => return Ok(ApprovalWish::Approve { approval: id()? }),
            ("refuse", _) => {
                return Ok(ApprovalWish::Refuse { approval: id()?, why: self.why.clone() });
            }
            (_, "posting") => {
                let lines = self.lines.lines().filter(|line| !line.trim().is_empty());
                Wanted::Posting { lines: lines.map(Entry::read).collect::<Result<_, _>>()? }
            }
            (_, "refund") => Wanted::Refund {
                order: SpokenCode::try_from(self.order.trim().to_owned())
                    .map_err(|_| "an order has six digits, such as 482108")?,
                pieces: self.pieces.trim().parse().map_err(|_| "write how many pieces")?,
                paper: self.paper.trim().to_owned(),
            },
            (_, "loan_loss") => {
                let loan = self.loan.trim().parse::<LoanId>();
                Wanted::LoanLoss { loan: loan.map_err(|_| "name the loan as sokoni loans list does")? }
            }
            (_, what @ ("payout_paid" | "payout_not_paid" | "payout_taken_back")) => {
                let payout = self.payout.trim().parse::<PayoutId>();
                let fate = match what {
                    "payout_paid" => Fate::Paid { reference: self.paper.trim().to_owned() },
                    "payout_not_paid" => Fate::NotPaid,
                    _ => Fate::TakenBack,
                };
                Wanted::Payout { payout: payout.map_err(|_| "name the payout as its page does")?, fate }
            }
            (_, what @ ("prompt_paid" | "prompt_not_paid")) => {
                let prompt = self.payout.trim().parse::<PromptId>();
                let fate = match what {
                    "prompt_paid" => PromptFate::Paid {
                        receipt: self.paper.trim().to_owned(),
                        came: match self.amount.trim() {
                            "" => None,
                            sum => Some(shillings(sum).ok_or("write the sum as 1,250")?),
                        },
                    },
                    _ => PromptFate::NotPaid,
                };
                Wanted::Prompt { prompt: prompt.map_err(|_| "name the prompt as this page does")?, fate }
            }
            (_, "erasure") => Wanted::Erasure { phone: self.phone.trim().to_owned() },
            _ => Wanted::MakeGood {
                phone: self.phone.trim().to_owned(),
                amount: shillings(self.amount.trim()).ok_or("write the sum as 1,250 or 1250.50")?,
                case: match self.case.trim() {
                    "" => None,
                    case => {
                        Some(case.parse::<CaseId>().map_err(|_| "name the case as the depot's page does")?)
                    }
                },
            },
        };
        Ok(ApprovalWish::Ask { wanted, why: self.why.clone() })
    }
}

/// Who may do this: money is the treasurers' to approve; whoever works here may ask, or take back.
/// The key of the house is nobody's, so it is neither of the two.
fn who(acting: &Acting, wish: &ApprovalWish) -> Result<Who, Refusal> {
    let by = acting.as_any(match wish {
        ApprovalWish::Approve { .. } => &[DeskRole::Treasurer],
        _ => &[DeskRole::Treasurer, DeskRole::Liaison, DeskRole::Operator],
    })?;
    match wish {
        ApprovalWish::Ask { .. } | ApprovalWish::Approve { .. } if by.is_house() => {
            let why = "this takes two people, and the desk's own key is nobody's: use a key of your own \
                       (sokoni desk add, --desk-key-file)";
            Err(Refusal::Shop(ShopError::Field { field: "approval", why: why.to_owned() }))
        }
        _ => Ok(by),
    }
}

/// What waits stands first.
async fn draw(web: &Web, typed: &Typed, complaint: String, page: usize) -> Result<Response, Refusal> {
    let mut found = operators(web)?.approvals().await?;
    found.sort_by_key(|row| row.state != "waiting");
    let Turned { rows, next } = Turned::of(found, page, "page");
    let rows = rows.iter().map(Row::of).collect();
    let prompts = match &web.loans {
        Some(loans) => loans.prompts(false).await?,
        None => Vec::new(),
    };
    Ok(page::html(&Approvals { rows, next, typed, prompts, complaint }))
}

/// `GET /desk/approvals?page=`
pub(in crate::web) async fn show(
    State(web): State<Arc<Web>>, turn: Result<Query<Turn>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(Turn { page }) = turn.unwrap_or_default();
    draw(&web, &Typed::default(), String::new(), page).await
}

/// `POST /desk/approvals`: asks, approves or refuses. What was typed is never lost.
pub(in crate::web) async fn act(
    State(web): State<Arc<Web>>, acting: Acting, form: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(typed) = form?;
    let wish = match typed.wish() {
        Ok(wish) => wish,
        Err(why) => return draw(&web, &typed, why, 0).await,
    };
    let done = match who(&acting, &wish) {
        Ok(by) => operators(&web)?.approval(by, wish).await,
        Err(Refusal::Shop(why @ ShopError::Field { .. })) => Err(why),
        Err(why) => return Err(why),
    };
    match done {
        Ok(_) => Ok(Redirect::to("/desk/approvals").into_response()),
        Err(ShopError::Field { why, .. }) => draw(&web, &typed, why, 0).await,
        Err(other) => Err(other.into()),
    }
}

/// `GET /desk/api/approvals`: all of them, newest first
pub(in crate::web) async fn all(State(web): State<Arc<Web>>) -> Result<Json<Vec<ApprovalRow>>, JsonRefusal> {
    Ok(Json(operators(&web)?.approvals().await?))
}

/// `POST /desk/api/approvals`: asks, approves or refuses; how it stands then
pub(in crate::web) async fn change(
    State(web): State<Arc<Web>>, acting: Acting, wish: Result<Json<ApprovalWish>, JsonRejection>,
) -> Result<Json<ApprovalRow>, JsonRefusal> {
    let Json(wish) = wish.map_err(|why| garbled(&why))?;
    let by = who(&acting, &wish)?;
    Ok(Json(operators(&web)?.approval(by, wish).await?))
}
