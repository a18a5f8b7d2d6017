//! Kiosks as the desk sees them: what each keeps, which parcels are looked at again and what came of
//! it, whose verdicts differ from the others', and the receipts printed for it.

use super::rows::receipts_of;
use crate::engine::Engine;
use crate::engine::desk::Who;
use crate::engine::shopfront::ShopError;
use crate::engine::turn::TRIES;
use crate::engine::view::every;
use crate::engine::work::{Fault, Work};
use crate::market::Refusal;
use crate::market::kiosk::{self, Kiosk, KioskCommand, Sample, Stock, Supply, Tally};
use crate::market::party::Party;
use crate::market::receipt::Receipt;
use crate::types::{CodeKind, Msisdn, SpokenCode, Timestamp};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// A supply at a kiosk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplyRow {
    /// `small`, `large`, `leaflets`.
    pub what: String,
    /// Counted in, ever.
    pub came: u32,
    /// Used, ever.
    pub used: u32,
    /// What should be there.
    pub left: u32,
}

/// A parcel that is looked at again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleRow {
    /// The order.
    pub order: SpokenCode,
    /// Which of its parcels: 1, 2, ...
    pub round: u32,
    /// Pieces that the kiosk passed.
    pub passed: u32,
    /// When.
    pub at: Timestamp,
    /// Of those, how many are good; none until the depot has looked.
    pub good: Option<u32>,
}

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptRow {
    /// Its seven digits.
    pub number: SpokenCode,
    /// Its place in the kiosk's book.
    pub page: u32,
    /// The order it was given for.
    pub order: Option<SpokenCode>,
    /// When the maker sent it.
    pub by_maker: Option<Timestamp>,
    /// When the kiosk sent it.
    pub by_kiosk: Option<Timestamp>,
}

/// A kiosk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KioskRow {
    /// Its agent's phone.
    pub kiosk: Msisdn,
    /// Its name.
    pub place: String,
    /// Its agent.
    pub agent: String,
    /// What it keeps.
    pub stock: Vec<SupplyRow>,
    /// Whether something runs out.
    pub low: bool,
    /// The month of the last question about the display, as 202612.
    pub month: Option<u32>,
    /// Leaflets counted that month; none while no answer came.
    pub counted: Option<u32>,
    /// Parcels checked to the last piece.
    pub parcels: u64,
    /// Of those, how many passed whole.
    pub whole: u64,
    /// Pieces passed that the depot looked at again.
    pub looked: u64,
    /// Of those, how many it found bad.
    pub bad: u64,
    /// Whether it passes parcels whole at another rate than the others, beyond chance.
    pub stands_out: bool,
    /// Parcels that are looked at again, newest first.
    pub samples: Vec<SampleRow>,
    /// Receipts printed for it.
    pub pages: u32,
    /// Those of them that somebody has sent, by page.
    pub receipts: Vec<ReceiptRow>,
}

/// What the depot found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondLook {
    /// The kiosk, by its agent's phone.
    pub kiosk: String,
    /// The order.
    pub order: String,
    /// Which of its parcels; without it, the first that nobody has looked at.
    #[serde(default)]
    pub round: Option<u32>,
    /// How many of the pieces passed are good.
    pub good: u32,
}

/// What is to be printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrintWish {
    /// The kiosk, by its agent's phone.
    pub kiosk: String,
    /// How many receipts.
    pub count: u32,
}

/// A book of receipts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    /// The kiosk's name.
    pub place: String,
    /// Where receipts are sent to by SMS.
    pub sms: String,
    /// Its receipts, in their order.
    pub receipts: Vec<ReceiptRow>,
}

/// What the desk calls.
pub trait KioskDesk: Send + Sync + 'static {
    /// All kiosks.
    fn kiosks(&self) -> BoxFuture<'_, Result<Vec<KioskRow>, ShopError>>;
    /// The depot has looked at a parcel again; a repeat changes nothing.
    fn look_again(&self, by: Who, look: SecondLook) -> BoxFuture<'_, Result<(), ShopError>>;
    /// Prints receipts. Every call prints new ones.
    fn print_receipts(&self, by: Who, wish: PrintWish) -> BoxFuture<'_, Result<Book, ShopError>>;
}

fn broken(fault: Fault) -> ShopError {
    tracing::error!(%fault, "a question about kiosks failed");
    ShopError::Fault
}

fn said_no(field: &'static str, why: &Refusal) -> ShopError {
    match why {
        Refusal::NotFound => ShopError::NotFound,
        why => ShopError::Field { field, why: why.to_string() },
    }
}

impl KioskDesk for Engine {
    fn kiosks(&self) -> BoxFuture<'_, Result<Vec<KioskRow>, ShopError>> {
        Box::pin(async { self.kiosk_rows().await.map_err(broken) })
    }

    fn look_again(&self, by: Who, look: SecondLook) -> BoxFuture<'_, Result<(), ShopError>> {
        Box::pin(async move {
            let agent = self.kiosk_by_phone(&look.kiosk)?;
            let order = SpokenCode::parse(CodeKind::Order, &look.order)
                .map_err(|why| ShopError::Field { field: "order", why: why.to_string() })?;
            let command = KioskCommand::LookAgain { order, round: look.round, good: look.good };
            for _ in 0..TRIES {
                let mut work = self.work(self.clock.now()).map_err(broken)?;
                let said = self.kiosk_turn(&mut work, agent.id, &command).await.map_err(broken)?;
                said.map_err(|why| said_no("good", &why))?;
                match self.commit(work, by.did(format!("{order} was looked at again")), None).await {
                    Err(fault) if fault.is_conflict() => {}
                    done => return done.map(drop).map_err(broken),
                }
            }
            Err(ShopError::Fault)
        })
    }

    fn print_receipts(&self, by: Who, wish: PrintWish) -> BoxFuture<'_, Result<Book, ShopError>> {
        Box::pin(async move {
            let agent = self.kiosk_by_phone(&wish.kiosk)?;
            for _ in 0..TRIES {
                let mut work = self.work(self.clock.now()).map_err(broken)?;
                let printed = self.print_book(&mut work, agent.id, wish.count).await.map_err(broken)?;
                let printed = printed.map_err(|why| said_no("count", &why))?;
                let cause = by.did(format!("{} receipts for {}", wish.count, agent.first_name()));
                match self.commit(work, cause, None).await {
                    Err(fault) if fault.is_conflict() => {}
                    Err(fault) => return Err(broken(fault)),
                    Ok(_) => {
                        let receipts = printed.iter().map(receipt_row).collect();
                        let place = self.place_of(&agent);
                        return Ok(Book { place, sms: self.house.sms.clone(), receipts });
                    }
                }
            }
            Err(ShopError::Fault)
        })
    }
}

fn receipt_row(receipt: &Receipt) -> ReceiptRow {
    ReceiptRow {
        number: receipt.number,
        page: receipt.page,
        order: receipt.given.map(|given| given.order),
        by_maker: receipt.given.and_then(|given| given.by_maker),
        by_kiosk: receipt.given.and_then(|given| given.by_kiosk),
    }
}

fn stock_rows(stock: &Stock) -> Vec<SupplyRow> {
    let row = |supply: Supply| {
        let count = stock.of(supply);
        let what = supply.word().to_owned();
        SupplyRow { what, came: count.came, used: count.used, left: count.left() }
    };
    Supply::ALL.map(row).to_vec()
}

fn sample_row(sample: &Sample) -> SampleRow {
    SampleRow {
        order: sample.order,
        round: sample.round,
        passed: sample.passed,
        at: sample.at,
        good: sample.good,
    }
}

impl Engine {
    fn kiosk_by_phone(&self, phone: &str) -> Result<Party, ShopError> {
        let wrong = |why: String| ShopError::Field { field: "kiosk", why };
        let phone = Msisdn::parse_kenyan(phone).map_err(|why| wrong(why.to_string()))?;
        let agents = self.agents();
        let agent = agents.iter().find(|agent| agent.phone == phone);
        agent.cloned().ok_or_else(|| wrong("no kiosk has this phone".to_owned()))
    }

    async fn kiosk_rows(&self) -> Result<Vec<KioskRow>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let mut known: Vec<(Party, Kiosk)> = Vec::new();
        for agent in self.agents().iter() {
            if let Some(kiosk) = work.get::<Kiosk>(agent.id).await? {
                known.push((agent.clone(), kiosk));
            }
        }
        let mut rows = Vec::new();
        for (agent, kiosk) in &known {
            let others = known.iter().filter(|(other, _)| other.id != agent.id);
            let others = others.fold(Tally::default(), |sum, (_, other)| sum.and(other.tally));
            rows.push(self.kiosk_row(&mut work, agent, kiosk, others).await?);
        }
        Ok(rows)
    }

    async fn kiosk_row(
        &self, work: &mut Work<'_>, agent: &Party, kiosk: &Kiosk, others: Tally,
    ) -> Result<KioskRow, Fault> {
        let receipts = every::<Receipt>(work, receipts_of(agent.id), false).await?;
        let given = receipts.iter().map(|(_, receipt)| receipt).filter(|receipt| receipt.given.is_some());
        Ok(KioskRow {
            kiosk: agent.phone,
            place: self.place_of(agent),
            agent: agent.name.clone(),
            stock: stock_rows(&kiosk.stock),
            low: kiosk.low,
            month: kiosk.display.map(|display| display.month),
            counted: kiosk.display.and_then(|display| display.counted),
            parcels: kiosk.tally.parcels,
            whole: kiosk.tally.whole,
            looked: kiosk.tally.looked,
            bad: kiosk.tally.bad,
            stands_out: kiosk::differs(kiosk.tally, others),
            samples: kiosk.samples.iter().rev().map(sample_row).collect(),
            pages: kiosk.pages,
            receipts: given.map(receipt_row).collect(),
        })
    }
}
