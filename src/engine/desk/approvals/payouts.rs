//! What became of a payout, where two people say so with the provider's statement in hand.

use super::{Step, no};
use crate::engine::Engine;
use crate::engine::outbox::payout_name;
use crate::engine::shopfront::ShopError;
use crate::engine::work::{Fault, Work, shard};
use crate::market::Party;
use crate::market::payout::{Fate, Payout};
use crate::store::outbox;
use crate::types::PayoutId;
use std::time::Duration;

/// A payout that is younger is still asked about by itself.
const ASKED: Duration = Duration::from_secs(3_600);

impl Engine {
    /// What is asked for, in words.
    pub(super) async fn payout_in_words(
        &self, work: &mut Work<'_>, id: PayoutId, fate: &Fate,
    ) -> Result<String, Fault> {
        let Some(payout) = work.get::<Payout>(id).await? else { return Ok(format!("payout {id}")) };
        let her = work.get::<Party>(payout.owner).await?.map_or_else(|| "nobody".to_owned(), |her| her.name);
        let (amount, by) = (payout.amount, if payout.via.is_empty() { "mpesa" } else { &payout.via });
        let how = match fate {
            Fate::Paid { reference } => format!("paid, {reference}"),
            Fate::NotPaid => "not paid".to_owned(),
            Fate::TakenBack => "taken back".to_owned(),
        };
        Ok(format!("KSh {amount} to {her} by {by} ({id}): {how}"))
    }

    /// Takes for heard what two people say became of a payout.
    pub(in crate::engine) async fn payout_decided(
        &self, work: &mut Work<'_>, id: PayoutId, fate: &Fate,
    ) -> Step<()> {
        let Some(payout) = work.get::<Payout>(id).await? else { return Ok(Err(ShopError::NotFound)) };
        let heard = match fate.heard(&payout) {
            Ok(heard) => heard,
            Err(why) => return Ok(Err(no(why))),
        };
        let name = payout_name(id);
        let lies = match payout.stage.is_open() {
            true => outbox::lying(work.store(), shard::MONEY, name.as_bytes(), work.now).await?,
            false => None,
        };
        let left = match &lies {
            Some((_, true)) => {
                let why = "it is being sent, or its provider asked, just now; decide it in five minutes";
                return Ok(Err(no(why.to_owned())));
            }
            Some((waiting, false)) => {
                // Who would send it now finds it decided, or this is decided anew.
                waiting.stays(work.extra());
                waiting.left()?
            }
            None => None,
        };
        // What only waited here became old without its provider.
        let age = work.now.since(left.unwrap_or(payout.asked));
        let sent_until = self.money.keeps_ids(&payout.via);
        let (least, why) = match fate {
            Fate::TakenBack => (Duration::ZERO, ""),
            Fate::Paid { .. } => (ASKED, "the provider is still asked about it"),
            Fate::NotPaid => {
                (sent_until.max(ASKED), "it is still asked about, and sent again under the same id")
            }
        };
        if age < least {
            let minutes = (least - age).as_secs().div_ceil(60);
            return Ok(Err(no(format!("{why} for {minutes} minutes; decide it then"))));
        }
        self.hear(work, id, heard).await?;
        Ok(Ok(()))
    }
}
