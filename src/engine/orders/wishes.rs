//! What the shopper does about her order on its own page.

use crate::engine::Engine;
use crate::engine::record::Cause;
use crate::engine::shopfront::{OrderLife, ParcelView, Question, ShopError};
use crate::engine::turn::TRIES;
use crate::engine::work::Fault;
use crate::market::Refusal;
use crate::market::order::{LONGEST_THANKS, Order, OrderCommand, OrderStage};
use crate::types::Usd;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// A wish of a shopper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShopperWish {
    /// She changes her mind.
    Cancel {
        /// What it costs, as she was told.
        costs: Usd,
    },
    /// What becomes of pieces that will never come.
    Choose {
        /// Which question.
        round: u32,
        /// Made again, or their money back.
        again: bool,
    },
    /// She thanks the maker.
    Thank {
        /// Her words.
        text: String,
    },
}

/// She has thanked the maker before.
pub const THANKED: &str = "You have written to the maker already. Thank you.";
/// She has chosen before.
pub const CHOSEN: &str = "You have chosen already, and what you chose stands.";
/// The order has gone on.
pub const GONE_ON: &str =
    "The order has gone on in the meantime. Its page shows how it stands and what you can still do.";
/// It was taken since the page was drawn that she changed her mind on.
pub const TAKEN: &str =
    "The maker has taken your order in the meantime. Look at its page: it says what cancelling costs now.";

/// What an order's page calls.
pub trait ShopperDesk: Send + Sync + 'static {
    /// Does it for the order of a private link. A repeat changes nothing.
    fn wish(&self, token: String, wish: ShopperWish) -> BoxFuture<'_, Result<(), ShopError>>;
}

fn too_late(why: &str) -> ShopError {
    ShopError::TooLate(why.to_owned())
}

/// A no, in words for her.
fn said_no(why: &Refusal) -> ShopError {
    match why {
        Refusal::NotFound => ShopError::NotFound,
        Refusal::OutOfRange { .. } => ShopError::Field {
            field: "text",
            why: format!("write a line of at most {LONGEST_THANKS} letters"),
        },
        Refusal::AlreadyExists => too_late(THANKED),
        Refusal::AlreadyAnswered { .. } => too_late(CHOSEN),
        _ => too_late(GONE_ON),
    }
}

impl ShopperDesk for Engine {
    fn wish(&self, token: String, wish: ShopperWish) -> BoxFuture<'_, Result<(), ShopError>> {
        Box::pin(async move {
            for _ in 0..TRIES {
                match self.try_wish(&token, &wish).await {
                    Err(fault) if fault.is_conflict() => {}
                    Ok(done) => return done,
                    Err(fault) => {
                        tracing::error!(%fault, "a wish of a shopper failed");
                        return Err(ShopError::Fault);
                    }
                }
            }
            Err(ShopError::Fault)
        })
    }
}

/// The boxes that it is in: `small`, or `large, small` when pieces came in more than one round.
fn boxes(order: &Order) -> Option<String> {
    // Orders of before counted only the box of the last round.
    let last = order.check.and_then(|check| check.boxed);
    let boxes = if order.boxes.is_empty() { last.as_slice() } else { &order.boxes };
    let words: Vec<_> = boxes.iter().map(|size| size.supply().word()).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// A parcel with its customs line.
pub(super) fn parcel_view(order: &Order) -> Option<ParcelView> {
    let parcel = order.parcel.as_ref()?;
    Some(ParcelView {
        pieces: parcel.pieces,
        grams: parcel.grams,
        hs: parcel.hs.clone(),
        value: parcel.value,
        origin: "KE".to_owned(),
        tracking: parcel.tracking.clone(),
        boxed: boxes(order),
    })
}

impl Engine {
    async fn try_wish(&self, token: &str, wish: &ShopperWish) -> Result<Result<(), ShopError>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let Some((code, order)) = self.order_by_token(&mut work, token).await? else {
            return Ok(Err(ShopError::NotFound));
        };
        let command = match wish {
            ShopperWish::Cancel { costs } => {
                // Somebody may have taken it since the page was drawn.
                if order.cancelling_costs(&self.policy).is_some_and(|now| now != *costs) {
                    return Ok(Err(too_late(TAKEN)));
                }
                OrderCommand::Cancel
            }
            ShopperWish::Thank { text } => OrderCommand::Thank { text: text.clone() },
            ShopperWish::Choose { round, again } => {
                OrderCommand::Choose { round: *round, again: Some(*again) }
            }
        };
        if let Err(why) = self.order_turn(&mut work, code, &command).await? {
            return Ok(Err(said_no(&why)));
        }
        if work.acts() {
            self.commit(work, Cause::Shop, None).await?;
        }
        Ok(Ok(()))
    }

    /// What may still happen to an order, for its page.
    pub(in crate::engine) fn order_life(&self, order: &Order) -> OrderLife {
        let making = order.stage == OrderStage::Making;
        let question = order.asked().map(|choice| Question {
            round: choice.round,
            pieces: choice.pieces,
            until: choice.until,
            back: order.refund_of(choice.pieces),
        });
        let paid = order.payment.is_some();
        OrderLife {
            due: order.due.filter(|_| making),
            late: order.late.filter(|_| making).map(|late| (late.promised, late.why.word().to_owned())),
            cancel: order.cancelling_costs(&self.policy).filter(|_| paid && question.is_none()).map(
                |costs| {
                    let pieces = if making { order.outstanding() } else { order.untaken() };
                    (costs, Usd::minor(order.refund_of(pieces).cents().saturating_sub(costs.cents())))
                },
            ),
            question,
            parcel: parcel_view(order),
            thanks: order.thanks.as_ref().map(|thanks| thanks.text.clone()),
            may_thank: order.is_sent() && order.thanks.is_none(),
        }
    }
}
