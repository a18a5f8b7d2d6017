//! Letters to whoever bought something: what is worth an e-mail is decided in the turn in which it happens,
//! and leaves after it. Where it goes is read when it leaves; the outbox holds no address.

use super::Engine;
use super::bulk::front::BulkView;
use super::cart::PurchaseView;
use super::shopfront::OrderView;
use super::work::{Fault, Work, shard};
use crate::market::Bulk;
use crate::market::bulk::{BulkEvent, BulkStage};
use crate::market::order::{Order, OrderEvent, OrderStage, Refund};
use crate::types::{SpokenCode, Usd};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A letter that has not gone by then says nothing that the page has not said long since.
const LIVES: Duration = Duration::from_secs(3 * 86_400);

/// What a letter tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The money came.
    Paid,
    /// Every piece of a bulk request is taken: there is a day.
    Promised,
    /// Pieces will not come as was meant: the shopper chooses.
    Choose {
        /// Which of her questions.
        round: u32,
    },
    /// A carrier has it.
    Sent,
    /// Money is on its way back to the card.
    Refunded {
        /// Which of the refunds.
        round: u32,
    },
}

/// A letter in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterOut {
    /// The purchase.
    pub code: SpokenCode,
    /// What happened to it.
    pub about: About,
}

/// A purchase, as its own page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bought {
    /// One order.
    Order(Box<OrderView>),
    /// Many pieces at once.
    Bulk(Box<BulkView>),
    /// Several orders, paid at once.
    Purchase(Box<PurchaseView>),
}

/// A letter that leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The same at every try: whoever gets it twice can tell.
    pub id: String,
    /// To which address.
    pub to: String,
    /// To whom.
    pub name: String,
    /// In which language, as the shop was read: `fr`; empty where that is not known.
    pub lang: String,
    /// What happened.
    pub about: About,
    /// The purchase as it stands now.
    pub bought: Bought,
    /// What goes back, of a refund.
    pub back: Option<Usd>,
    /// The private link.
    pub link: String,
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    /// The mail server has it.
    Taken,
    /// It may go later; why not now.
    Later(String),
    /// It will never be taken; why.
    Never(String),
}

/// Sends letters.
pub trait MailOut: Send + Sync + 'static {
    /// Hands a letter to a mail server; safe to repeat, since its id tells that it is the same.
    fn post(&self, letter: Letter) -> BoxFuture<'_, Posted>;
}

impl Engine {
    fn letter(&self, work: &mut Work<'_>, code: SpokenCode, about: About) {
        if self.mail.is_none() {
            return;
        }
        let name = match about {
            About::Paid => "paid".to_owned(),
            About::Promised => format!("promised/{}", work.now.millis()),
            About::Choose { round } => format!("choose/{round}"),
            About::Sent => "sent".to_owned(),
            About::Refunded { round } => format!("refunded/{round}"),
        };
        work.send(shard::MAIL, format!("mail/{code}/{name}"), "letter", &LetterOut { code, about }, LIVES);
    }

    /// The letters that events of an order are worth. A part of a bulk request has none of its own.
    pub(super) fn letters_of(
        &self, work: &mut Work<'_>, code: SpokenCode, before: &Order, events: &[OrderEvent],
    ) {
        if before.terms.bulk.is_some() {
            return;
        }
        let tracked = before.parcel.as_ref().is_some_and(|parcel| parcel.tracking.is_some());
        let is_sent = matches!(before.stage, OrderStage::Shipped);
        for event in events {
            match event {
                // Of a cart that was paid at once, the first order tells of all.
                OrderEvent::Paid { .. } if before.paid_together().first() != Some(&code) => {}
                OrderEvent::Paid { .. } => self.letter(work, code, About::Paid),
                OrderEvent::ChoiceAsked(choice) => {
                    self.letter(work, code, About::Choose { round: choice.round });
                }
                // With the carrier's number, which comes before the parcel leaves or soon after.
                OrderEvent::Shipped if tracked => self.letter(work, code, About::Sent),
                OrderEvent::Tracked { .. } if is_sent && !tracked => self.letter(work, code, About::Sent),
                OrderEvent::RefundDone { round } => {
                    self.letter(work, code, About::Refunded { round: *round });
                }
                _ => {}
            }
        }
    }

    /// The same of a bulk request, which went from `before` to `after` by these events.
    pub(super) fn letters_of_many(
        &self, work: &mut Work<'_>, before: &Bulk, after: &Bulk, events: &[BulkEvent],
    ) {
        let code = before.terms.code;
        let becomes = |stage: BulkStage| before.stage != stage && after.stage == stage;
        for event in events {
            match event {
                BulkEvent::Paid { .. } => self.letter(work, code, About::Paid),
                BulkEvent::RefundDone { round } => {
                    self.letter(work, code, About::Refunded { round: *round });
                }
                _ => {}
            }
        }
        if becomes(BulkStage::Choosing) {
            self.letter(work, code, About::Choose { round: after.round });
        }
        if becomes(BulkStage::Making) {
            self.letter(work, code, About::Promised);
        }
    }

    /// A letter as it leaves; `None` when where it goes is forgotten, or there is nothing to say any more.
    pub(super) async fn write_letter(&self, out: LetterOut) -> Result<Option<Letter>, Fault> {
        let LetterOut { code, about } = out;
        let Some(buyer) = self.buyer_of(code).await? else { return Ok(None) };
        let mut work = self.work(self.clock.now())?;
        let back = |refunds: &[Refund]| match about {
            About::Refunded { round } => refunds.iter().find(|one| one.round == round).map(|one| one.back),
            _ => None,
        };
        // One number is an order's or a bulk request's, never both.
        let (bought, back, page, token) = if let Some(request) = work.get::<Bulk>(code).await? {
            let view = self.bulk_view(&mut work, &request).await?;
            (Bought::Bulk(Box::new(view)), back(&request.refunds), "bulk", request.terms.token)
        } else {
            let Some(order) = work.get::<Order>(code).await? else { return Ok(None) };
            let together = order.terms.purchase.as_ref().filter(|one| one.orders.len() > 1);
            if let Some(one) = together.filter(|_| about == About::Paid) {
                let Some(view) = self.purchase_page(&one.token).await? else { return Ok(None) };
                let link = format!("{}/purchase/{}", self.house.public_url, one.token);
                let (to, name, lang) = (buyer.email, buyer.name, buyer.lang);
                let (id, bought) = (format!("{code}.paid"), Bought::Purchase(Box::new(view)));
                return Ok(Some(Letter { id, to, name, lang, about, bought, back: None, link }));
            }
            let Some(view) = self.order_page(&order.terms.token).await? else { return Ok(None) };
            (Bought::Order(Box::new(view)), back(&order.refunds), "order", order.terms.token)
        };
        let id = serde_json::to_string(&about).unwrap_or_default();
        let id = id.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        let asks = |choosing: bool| matches!(about, About::Choose { .. }) && !choosing;
        let over = match &bought {
            Bought::Order(view) => asks(view.life.question.is_some()),
            Bought::Bulk(view) => asks(view.state == BulkStage::Choosing.word()),
            Bought::Purchase(_) => false,
        };
        let link = format!("{}/{page}/{token}", self.house.public_url);
        let (to, name, lang) = (buyer.email, buyer.name, buyer.lang);
        Ok((!over).then(|| Letter { id: format!("{code}.{id}"), to, name, lang, about, bought, back, link }))
    }
}
