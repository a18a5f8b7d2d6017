//! The desk's day: loans, denials, carriers, complaints, cases; the sweep.

use super::check::Scope;
use super::{DAY, Fault, Happening, World};
use crate::engine::depot::desk::{DepotDesk, DepotWish};
use crate::engine::desk::Who as Desk;
use crate::engine::loans::desk::{LoanDesk, LoanWish};
use crate::engine::messages::keep::{self, Keep};
use crate::engine::orders::desk::{OrderDesk, OrderWish};
use crate::engine::shopfront::{ShopError, ShopFront};
use crate::engine::tapes;
use crate::market::case::CaseKind;
use crate::store::verify;
use crate::types::{Lang, SpokenCode};
use std::time::Duration;

/// How long recorded dialogs are kept: less than a service keeps them, for the room they take.
const DIALOGS: Duration = Duration::from_secs(2 * 86_400);
/// How long a case is looked into.
const LOOKED_INTO: Duration = Duration::from_secs(3 * 86_400);

impl World {
    pub(super) async fn desk(&mut self) -> Result<(), Fault> {
        self.days_done += 1;
        self.later(DAY, Happening::Desk);
        let rates = self.rates();
        if self.goes_wrong(rates.provider_down, "the money provider was down for hours") {
            let (from, hours) = (self.dice.hours(0, 12), self.dice.hours(1, 7));
            self.later(from, Happening::Line(true));
            self.later(from.saturating_add(hours), Happening::Line(false));
        }
        if !self.quiet {
            self.lend().await?;
            self.hear_denials().await?;
            if self.days_done.is_multiple_of(3) {
                self.close_cases().await?;
            }
        }
        let now = self.now();
        let rows = self.store.rows();
        let swept = async {
            verify::prune(rows, now).await?;
            keep::prune(rows, now, Keep::default()).await?;
            tapes::keep::prune(rows, now, DIALOGS).await
        };
        swept.await.map_err(|why| format!("the sweep: {why}"))?;
        let scope = if self.days_done.is_multiple_of(10) || self.people.len() < 200 {
            Scope::Whole
        } else {
            Scope::Books
        };
        self.check_day(scope).await
    }

    /// The desk looks into what people say they were never paid, and lets the kiosk pay again.
    async fn hear_denials(&mut self) -> Result<(), Fault> {
        let rows = self.engine.desk_cash().await.map_err(|why| format!("cash: {why}"))?;
        for row in rows.into_iter().filter(|row| row.stopped) {
            let done = self.engine.desk_allow_cash(Desk::default(), row.id).await;
            if self.revived().await? {
                return Ok(());
            }
            done.map_err(|why| format!("the desk and a kiosk's cash: {why}"))?;
            self.tally.add("the desk let a kiosk pay again");
        }
        Ok(())
    }

    /// The lending site's side of loans: shown, lent, written about, paid back.
    async fn lend(&mut self) -> Result<(), Fault> {
        let loans = self.engine.loans().await.map_err(|why| format!("loans: {why}"))?;
        for row in loans {
            let loan = row.loan;
            let wish = match row.state.as_str() {
                "asked" if self.dice.in_thousand(150) => LoanWish::Endorse { loan, by: "Grace".to_owned() },
                "asked" if self.dice.in_thousand(20) => LoanWish::Stop { loan },
                "endorsed" => LoanWish::Show { loan },
                "shown" if self.dice.in_thousand(300) => {
                    let lenders = self.dice.between(1, 80);
                    let countries = self.dice.between(1, lenders.min(30)) as u32;
                    LoanWish::Fund { loan, paper: format!("L-{loan}"), lenders: lenders as u32, countries }
                }
                "repaying" if self.dice.in_thousand(10) => {
                    LoanWish::Note { loan, text: "Greetings from all of us".to_owned() }
                }
                _ => continue,
            };
            let done = self.engine.loan(Desk::default(), wish).await;
            if self.revived().await? {
                return Ok(());
            }
            done.map_err(|why| format!("the desk and a loan: {why}"))?;
            self.tally.add("the desk moved a loan");
        }
        if self.days_done.is_multiple_of(7) {
            let paper = format!("week-{}", self.days_done / 7);
            let done = self.engine.remit(Desk::default(), paper).await;
            if self.revived().await? {
                return Ok(());
            }
            done.map_err(|why| format!("a remittance: {why}"))?;
        }
        Ok(())
    }

    /// The desk does something about an order, or is told why not.
    pub(super) async fn office(&mut self, wish: OrderWish) -> Result<(), Fault> {
        let done = OrderDesk::order(&*self.engine, Desk::default(), wish.clone()).await;
        if self.revived().await? {
            self.later(Duration::from_secs(60), Happening::Office(wish));
            return Ok(());
        }
        match done {
            Ok(_) => self.tally.add("things the desk did about an order"),
            Err(ShopError::Field { .. } | ShopError::NotFound) => {
                self.tally.add("things the desk could not do");
                // A bill for what is not on its way yet comes again.
                if let OrderWish::Settle { order, .. } = wish {
                    self.billed.remove(&order);
                }
            }
            Err(why) => return Err(format!("the desk and {wish:?}: {why}")),
        }
        Ok(())
    }

    /// A shopper complains: money back for a piece, and a case about it.
    pub(super) async fn complains(&mut self, order: SpokenCode) -> Result<(), Fault> {
        let paper = format!("complaint {order}");
        let reason = "The clasp broke on the first day".to_owned();
        let back = OrderWish::Refund { order, paper: paper.clone(), reason: reason.clone(), pieces: 1 };
        self.later(Duration::ZERO, Happening::Office(back));
        if self.dice.in_thousand(500) {
            let wait = self.dice.hours(100, 300);
            self.later(wait, Happening::Office(OrderWish::Returned { order, paper }));
        }
        let (what, by) = (CaseKind::Dispute, String::new());
        let open = DepotWish::Open { what, by, text: reason, order: Some(order), phones: Vec::new() };
        self.at_depot(open).await
    }

    async fn at_depot(&mut self, wish: DepotWish) -> Result<(), Fault> {
        let done = self.engine.depot(Desk::default(), wish.clone()).await;
        if !self.revived().await? {
            done.map_err(|why| format!("the depot and {wish:?}: {why}"))?;
            self.tally.add("things done at the depot");
        }
        Ok(())
    }

    /// Cases that were looked into are closed, and everybody involved hears why.
    async fn close_cases(&mut self) -> Result<(), Fault> {
        let cases = self.engine.cases().await.map_err(|why| format!("cases: {why}"))?;
        let old = self.now();
        let ripe = cases.into_iter().filter(|row| row.state == "open");
        for row in ripe.filter(|row| old.since(row.opened) >= LOOKED_INTO) {
            let (case, by) = (row.case, String::new());
            let text = "Everybody was called".to_owned();
            self.at_depot(DepotWish::Note { case, by: by.clone(), text }).await?;
            let words = ["We have looked into it", "Tumelichunguza", "Ayitenal"];
            let langs = [Lang::EN, Lang::SW, "am".parse().unwrap_or(Lang::EN)];
            let why = langs.into_iter().zip(words.map(str::to_owned)).collect();
            self.at_depot(DepotWish::Close { case, by, why }).await?;
        }
        Ok(())
    }
}
