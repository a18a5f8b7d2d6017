//! Random histories of thousands of commands, sensible and not, by fifty people over every
//! journey: the world compares each commit with the model, to the cent.

use super::*;
use crate::engine::audit::Derived;
use crate::engine::desk::Who as Desk;
use crate::engine::loans::desk::{LoanDesk, LoanWish};
use crate::engine::orders::desk::OrderWish;
use crate::engine::port::PayoutNews;
use crate::engine::shopfront::ShopFront;
use crate::sim::world::dice::Dice;
use crate::sim::world::faults::Level;
use crate::sim::world::people::{Errand, Trade, Who};
use crate::sim::world::{BEGIN, DAY, Fault, Happening, Settings, World};
use crate::store::verify::verify;
use crate::types::{CodeKind, Kes};
use std::time::Duration;

/// Forty artisans, four kiosks and the riders, mentors that some of them become.
const ARTISANS: u32 = 40;

struct History {
    world: World,
    dice: Dice,
    commands: u64,
}

impl History {
    async fn new(seed: u64) -> Result<Self, Fault> {
        let settings = Settings { seed, artisans: ARTISANS, days: 3, faults: Level::Many };
        let mut world = World::new(settings).await?;
        world.checks.hearsay = true;
        world.live_until(BEGIN.after(DAY * 4)).await?;
        Ok(Self { world, dice: Dice::new(seed, "commands"), commands: 0 })
    }

    fn somebody(&mut self, trade: Trade) -> Who {
        let people = self.world.people.iter().enumerate();
        let of_trade: Vec<usize> =
            people.filter(|(_, one)| one.trade == trade && one.joined).map(|(at, _)| at).collect();
        Who(self.dice.one(&of_trade).copied().unwrap_or(0))
    }

    fn anybody(&mut self) -> Who {
        Who(self.dice.below(self.world.people.len() as u64) as usize)
    }

    /// A number of something that exists; the last ones more often.
    fn number<T: Copy + ToString>(&mut self, of: &[T]) -> String {
        let from = if self.dice.in_thousand(800) { of.len().saturating_sub(12) } else { 0 };
        self.dice.one(&of[from..]).map_or_else(|| "482107".to_owned(), T::to_string)
    }

    fn order(&mut self) -> String {
        let orders: Vec<SpokenCode> = self.world.checks.model.orders.keys().copied().collect();
        let from = self.dice.below(orders.len().max(1) as u64) as usize;
        self.number(&orders[from..])
    }

    fn listing(&mut self) -> String {
        let listings: Vec<SpokenCode> = self.world.checks.model.prices.keys().copied().collect();
        self.number(&listings)
    }

    /// Somebody does something, whether it makes sense or not.
    async fn command(&mut self) -> Result<(), Fault> {
        self.commands += 1;
        let order = self.order();
        let (some, more) = (self.dice.below(4) as u32, self.dice.below(4) as u32);
        let (who, errand) = match self.dice.below(100) {
            0..=7 => {
                let piece = super::super::people::artisan::a_piece(&mut self.dice);
                (self.somebody(Trade::Artisan), piece)
            }
            8..=15 => {
                let bad = self.dice.in_thousand(200).then_some(3);
                let (agent, listing) = (self.somebody(Trade::Agent), self.listing());
                self.world.photographs(agent, &listing).await?;
                (agent, Errand::Validate { listing, bad })
            }
            16..=27 => return self.world.buys().await,
            28..=39 => {
                let maker = self.maker_of(&order);
                (maker, Errand::Answer { order, yes: self.dice.in_thousand(850) })
            }
            40..=45 => (self.maker_of(&order), Errand::Ready(order)),
            46 => (self.maker_of(&order), Errand::GiveUp(order)),
            47 => (self.maker_of(&order), Errand::Late { order, days: u64::from(some) }),
            48..=55 => (self.somebody(Trade::Agent), Errand::Receive(order)),
            56..=64 => (self.somebody(Trade::Agent), Errand::Check { order, pass: some, fail: more, why: 2 }),
            65..=66 => (self.somebody(Trade::Agent), Errand::SendAway { order, grams: 400, number: None }),
            67 => return self.office(&order).await,
            68 => (self.somebody(Trade::Artisan), Errand::FetchCash),
            69 => {
                self.pay_cash();
                return Ok(());
            }
            70..=71 => (self.somebody(Trade::Artisan), Errand::PayOut { slip: self.dice.in_thousand(100) }),
            72..=74 => (self.anybody(), Errand::PayOut { slip: false }),
            75..=76 => (self.somebody(Trade::Artisan), Errand::PayShare),
            77..=79 => {
                let amount = self.dice.between(1, 8) * 500;
                (self.somebody(Trade::Artisan), Errand::AskLoan(amount))
            }
            80 => (self.somebody(Trade::Artisan), Errand::PayLoan),
            81 => (self.somebody(Trade::Artisan), Errand::AgreeLoan),
            82..=88 => return self.desk().await,
            89..=91 => return self.lie().await,
            92..=94 => {
                let near = self.somebody(Trade::Artisan);
                let (name, phone) = {
                    let one = &self.world.people[near.0];
                    (one.name.clone(), one.phone.national())
                };
                (self.somebody(Trade::Artisan), Errand::Invite { name, phone })
            }
            95 => {
                let near = self.somebody(Trade::Artisan);
                let one = &self.world.people[near.0];
                let offer = Errand::OfferMentor { name: one.name.clone(), phone: one.phone.national() };
                (self.somebody(Trade::Agent), offer)
            }
            96 => (self.somebody(Trade::Rider), Errand::HandBack(order)),
            97 => (self.somebody(Trade::Artisan), Errand::Delete(self.listing())),
            98 => (self.anybody(), Errand::Balance),
            _ => (self.anybody(), Errand::Mumble(format!("YES {order} QC PASS 9"))),
        };
        self.world.later(Duration::ZERO, Happening::Wants(who, errand));
        Ok(())
    }

    /// The desk does something about an order, whether it fits or not.
    async fn office(&mut self, order: &str) -> Result<(), Fault> {
        let Ok(order) = SpokenCode::parse(CodeKind::Order, order) else { return Ok(()) };
        let wish = match self.dice.below(5) {
            0 => OrderWish::Settle { order, cost: Kes::major(1_500) },
            1 => OrderWish::Delivered { order },
            2 => OrderWish::GiveUp { order },
            _ => {
                let (paper, reason) = (format!("paper-{}", self.dice.below(3)), "It broke".to_owned());
                OrderWish::Refund { order, paper, reason, pieces: 1 }
            }
        };
        self.world.office(wish).await
    }

    /// Some kiosk is told a cash number that somebody was told, or one that nobody was; it was paid
    /// before, perhaps.
    fn pay_cash(&mut self) {
        let has = self.dice.in_thousand(800);
        let number = self.dice.one(&self.world.cash).cloned().unwrap_or_else(|| "1234567".to_owned());
        let agent = self.somebody(Trade::Agent);
        let errand = match self.dice.below(10) {
            0 => Errand::DenyCash(number),
            1 => Errand::PayCash { number, has, sure: true },
            _ => Errand::PayCash { number, has, sure: false },
        };
        self.world.later(Duration::ZERO, Happening::Wants(agent, errand));
    }

    /// Whoever makes an order, or anybody.
    fn maker_of(&mut self, order: &str) -> Who {
        let people = &self.world.people;
        let maker = people.iter().position(|one| one.orders.contains_key(order)).map(Who);
        match maker {
            Some(maker) if self.dice.in_thousand(900) => maker,
            _ => self.anybody(),
        }
    }

    /// The desk moves a loan, or sends back what is due.
    async fn desk(&mut self) -> Result<(), Fault> {
        if self.dice.in_thousand(60) {
            let paper = format!("paper-{}", self.dice.below(40));
            let done = self.world.engine.remit(Desk::default(), paper).await;
            return self.answered(done.map(drop).map_err(|why| why.to_string())).await;
        }
        let loans: Vec<LoanId> = self.world.checks.model.loans.keys().copied().collect();
        let Some(loan) = self.dice.one(&loans).copied() else { return Ok(()) };
        let wish = match self.dice.below(20) {
            0..=5 => LoanWish::Endorse { loan, by: "Grace".to_owned() },
            6..=10 => LoanWish::Show { loan },
            11..=17 => {
                let paper = format!("L-{}", self.dice.below(3));
                LoanWish::Fund { loan, paper, lenders: 3, countries: 2 }
            }
            18 => LoanWish::Note { loan, text: "Greetings".to_owned() },
            _ => LoanWish::Stop { loan },
        };
        // Most of it does not fit the loan, and is refused.
        let done = self.world.engine.loan(Desk::default(), wish).await;
        drop(done);
        self.world.revived().await.map(drop)
    }

    /// Somebody claims to be the provider and to know how a payout ended, true or not.
    async fn lie(&mut self) -> Result<(), Fault> {
        let payouts: Vec<PayoutId> = self.world.checks.model.payouts.keys().copied().collect();
        let Some(id) = self.dice.one(&payouts).copied() else { return Ok(()) };
        let why = "account is full".to_owned();
        let news = match self.dice.below(4) {
            0 => PayoutNews::Paid { reference: "SJK0000001".to_owned() },
            1 => PayoutNews::Failed { why },
            2 => PayoutNews::Reversed { why: "taken back".to_owned() },
            _ => PayoutNews::Unknown { why },
        };
        let done = self.world.engine.payout_news(id, news).await;
        self.answered(done.map_err(|why| why.to_string())).await
    }

    async fn answered(&mut self, done: Result<(), String>) -> Result<(), Fault> {
        if self.world.revived().await? { Ok(()) } else { done }
    }

    async fn live(&mut self, commands: u64) -> Result<(), Fault> {
        while self.commands < commands {
            self.command().await?;
            let wait = self.dice.seconds(1, 240);
            let until = self.world.now().after(wait);
            self.world.live_until(until).await?;
        }
        self.world.check_day(super::super::check::Scope::Books).await?;
        let mut derived = Derived::default();
        let verified = verify(self.world.store.rows(), &mut derived, 5);
        let report = verified.await.map_err(|why| why.to_string())?;
        match report.differences.first() {
            None => Ok(()),
            Some(difference) => Err(format!("the journal played again is another state: {difference}")),
        }
    }
}

fn history(seed: u64, commands: u64) -> BTreeMap<&'static str, u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let mut history = History::new(seed).await.unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"));
        if let Err(wrong) = history.live(commands).await {
            panic!("seed {seed}, command {} of {commands}: {wrong}", history.commands);
        }
        history.world.checks.held.clone()
    })
}

/// Every balance after every commit, nobody below zero, the sum zero, the journal played again the
/// same state. Ten thousand commands with `SOKONI_SLOW_TESTS=1`; `SOKONI_SEED` chooses another history.
#[test]
fn thousands_of_commands_by_fifty_people_leave_every_account_where_the_rules_say() {
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    let commands = if number("SOKONI_SLOW_TESTS") == Some(1) { 10_000 } else { 1_500 };
    let held = history(number("SOKONI_SEED").unwrap_or(1), commands);
    assert!(held["an account that was moved stands as the rules say"] > 1_000, "{held:?}");
}
