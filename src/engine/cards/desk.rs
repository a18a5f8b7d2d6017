//! Card payments at the desk: disputes with the evidence that we have, strays, and events as they
//! came.

use super::Paid;
use super::inbox::KeptEvent;
use crate::engine::Engine;
use crate::engine::desk::Who;
use crate::engine::shopfront::ShopError;
use crate::engine::turn::TRIES;
use crate::engine::view;
use crate::engine::work::{Fault, Work};
use crate::market::order::{Order, Step};
use crate::market::trouble::{LONGEST_PAPER, Trouble, TroubleCommand, TroubleKind};
use crate::market::{Party, Refusal};
use crate::types::{Kes, PartyId, SpokenCode, Timestamp, TroubleId, Usd};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// Something that happened to an order and that a bank may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When.
    pub at: Timestamp,
    /// What, in English.
    pub what: String,
}

/// A dispute or a stray. Sums are in cents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroubleRow {
    /// Names it.
    pub trouble: TroubleId,
    /// `dispute`, `no_order`, `wrong_sum`, `second_payment`, `refund_failed`.
    pub what: String,
    /// The processor's name for it.
    pub named: String,
    /// The processor's id of the payment.
    pub payment: String,
    /// About which order or bulk request.
    pub order: Option<SpokenCode>,
    /// How much, in cents of a dollar.
    pub amount: Usd,
    /// The same in shillings.
    pub value: Kes,
    /// When we heard of it.
    pub since: Timestamp,
    /// Somebody has still something to do, or to wait for.
    pub open: bool,
    /// The bank's word for why.
    pub reason: String,
    /// Where a dispute stands, in the processor's word; `waiting`, `going_back`, `given_back` of a stray.
    pub status: String,
    /// Until when evidence is taken.
    pub due: Option<Timestamp>,
    /// The money was taken.
    pub withdrawn: bool,
    /// It came back.
    pub reinstated: bool,
    /// Who decided that a stray goes back, and under which reference if not to the card.
    pub back: Option<(String, Option<String>)>,
    /// What we have to show.
    pub evidence: Vec<Evidence>,
}

/// What the desk does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum CardWish {
    /// A stray goes back to its card.
    GiveBack {
        /// Which.
        trouble: TroubleId,
    },
    /// A stray was given back from the bank.
    Settle {
        /// Which.
        trouble: TroubleId,
        /// Under which reference.
        paper: String,
    },
    /// An event is worked off once more.
    Again {
        /// Its name.
        event: String,
    },
}

/// What the desk calls.
pub trait CardDesk: Send + Sync + 'static {
    /// Disputes and strays, newest first.
    fn card_troubles(&self) -> BoxFuture<'_, Result<Vec<TroubleRow>, ShopError>>;
    /// The newest events, as they came.
    fn card_events(&self) -> BoxFuture<'_, Result<Vec<KeptEvent>, ShopError>>;
    /// Does something. A repeat changes nothing.
    fn card_wish(&self, by: Who, wish: CardWish) -> BoxFuture<'_, Result<(), ShopError>>;
}

fn broken(fault: Fault) -> ShopError {
    tracing::error!(%fault, "a question about card payments failed");
    ShopError::Fault
}

fn said_no(why: &Refusal) -> ShopError {
    let field = |field, why: String| ShopError::Field { field, why };
    match why {
        Refusal::NotFound => ShopError::NotFound,
        Refusal::NoReason => {
            field("paper", format!("write the bank's reference, at most {LONGEST_PAPER} letters"))
        }
        Refusal::AlreadyExists => field("trouble", "it goes back already, by another way".to_owned()),
        Refusal::NotAllowed => field("trouble", "a dispute is answered on the processor's page".to_owned()),
        why => field("trouble", why.to_string()),
    }
}

impl CardDesk for Engine {
    fn card_troubles(&self) -> BoxFuture<'_, Result<Vec<TroubleRow>, ShopError>> {
        Box::pin(async { self.trouble_rows().await.map_err(broken) })
    }

    fn card_events(&self) -> BoxFuture<'_, Result<Vec<KeptEvent>, ShopError>> {
        Box::pin(async { self.newest_card_events().await.map_err(broken) })
    }

    fn card_wish(&self, by: Who, wish: CardWish) -> BoxFuture<'_, Result<(), ShopError>> {
        Box::pin(async move {
            for _ in 0..TRIES {
                match self.try_card(&by, &wish).await {
                    Err(fault) if fault.is_conflict() => {}
                    done => return done.map_err(broken)?,
                }
            }
            Err(ShopError::Fault)
        })
    }
}

impl Engine {
    async fn try_card(&self, by: &Who, wish: &CardWish) -> Result<Result<(), ShopError>, Fault> {
        let (id, command, word) = match wish {
            CardWish::Again { event } => {
                let known = self.card_event_again(by, event).await?;
                return Ok(if known { Ok(()) } else { Err(ShopError::NotFound) });
            }
            CardWish::GiveBack { trouble } => {
                (*trouble, TroubleCommand::GiveBack { by: by.name().to_owned() }, "give_back")
            }
            CardWish::Settle { trouble, paper } => {
                let command = TroubleCommand::Settle { by: by.name().to_owned(), paper: paper.clone() };
                (*trouble, command, "settle")
            }
        };
        let mut work = self.work(self.clock.now())?;
        if let Err(why) = self.move_stray(&mut work, id, &command).await? {
            return Ok(Err(said_no(&why)));
        }
        if work.acts() {
            self.commit(work, by.did(format!("trouble {id} {word}")), None).await?;
        }
        Ok(Ok(()))
    }

    async fn trouble_rows(&self) -> Result<Vec<TroubleRow>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let mut rows = Vec::new();
        for (id, trouble) in self.all_troubles(&mut work).await? {
            rows.push(self.trouble_row(&mut work, id, &trouble).await?);
        }
        Ok(rows)
    }

    async fn trouble_row(
        &self, work: &mut Work<'_>, id: TroubleId, trouble: &Trouble,
    ) -> Result<TroubleRow, Fault> {
        let opening = &trouble.opening;
        let evidence = match (opening.what, opening.order) {
            (TroubleKind::Dispute, Some(code)) => self.evidence_of(work, code).await?,
            _ => Vec::new(),
        };
        let status = match (opening.what, &trouble.back) {
            (TroubleKind::Dispute, _) => trouble.status.as_str(),
            (_, None) => "waiting",
            (_, Some(back)) if back.done.is_none() => "going_back",
            _ => "given_back",
        };
        Ok(TroubleRow {
            trouble: id,
            what: opening.what.word().to_owned(),
            named: opening.named.clone(),
            payment: opening.payment.clone(),
            order: opening.order,
            amount: opening.amount,
            value: opening.value,
            since: trouble.since,
            open: trouble.is_open(),
            reason: opening.reason.clone(),
            status: status.to_owned(),
            due: trouble.due,
            withdrawn: trouble.withdrawn.is_some(),
            reinstated: trouble.reinstated.is_some(),
            back: trouble.back.as_ref().map(|back| (back.by.clone(), back.paper.clone())),
            evidence,
        })
    }

    /// What shows that a purchase was made, handed over, sent and delivered.
    async fn evidence_of(&self, work: &mut Work<'_>, code: SpokenCode) -> Result<Vec<Evidence>, Fault> {
        let orders = match self.purchase(work, code).await? {
            Some(Paid::Orders(order, others)) => std::iter::once(*order).chain(others).collect(),
            Some(Paid::Bulk(_, request)) => {
                let mut parts = Vec::new();
                for part in &request.parts {
                    parts.extend(work.get::<Order>(part.order).await?);
                }
                parts
            }
            None => Vec::new(),
        };
        let mut found = Vec::new();
        for order in &orders {
            self.evidence_of_order(work, order, &mut found).await?;
        }
        found.sort_by_key(|evidence| evidence.at);
        Ok(found)
    }

    async fn evidence_of_order(
        &self, work: &mut Work<'_>, order: &Order, found: &mut Vec<Evidence>,
    ) -> Result<(), Fault> {
        let code = order.terms.code;
        for (step, at) in &order.steps {
            let what = match step {
                Step::Paid => "the shopper paid",
                Step::Accepted => "the maker took it",
                Step::Ready => "the maker finished it",
                Step::Checked => "it passed the check",
                Step::Packed => "it was packed",
                Step::Shipped => "a carrier took it",
                Step::Delivered => "it was delivered",
                Step::Returned => "pieces came back",
                Step::Refunded => "money went back",
                _ => continue,
            };
            found.push(Evidence { at: *at, what: format!("{code}: {what}") });
        }
        for passed in &order.custody {
            let (giver, receiver) =
                (self.called(work, passed.giver).await?, self.called(work, passed.receiver).await?);
            let what = format!("{code}: {} pieces from {giver} to {receiver}", passed.pieces);
            found.push(Evidence { at: passed.at, what });
        }
        let shipped = order.steps.iter().rev().find(|(step, _)| *step == Step::Shipped);
        if let (Some(parcel), Some((_, at))) = (&order.parcel, shipped) {
            let number = parcel.tracking.as_deref().unwrap_or("not known yet");
            let (pieces, grams, country) = (parcel.pieces, parcel.grams, &order.terms.country);
            let what =
                format!("{code}: {pieces} pieces, {grams} g, to {country}; the carrier's number is {number}");
            found.push(Evidence { at: *at, what });
        }
        if let Some(thanks) = &order.thanks {
            found.push(Evidence {
                at: thanks.at,
                what: format!("{code}: the shopper wrote: {}", thanks.text),
            });
        }
        Ok(())
    }

    async fn called(&self, work: &mut Work<'_>, who: PartyId) -> Result<String, Fault> {
        Ok(view::read::<Party>(work, who)
            .await?
            .map_or_else(|| "somebody".to_owned(), |who| who.first_name()))
    }
}
