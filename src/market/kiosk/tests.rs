use super::*;
use crate::types::CodeKind;
use proptest::prelude::*;

fn secret(n: u64) -> [u64; 2] {
    [n, n.rotate_left(17) ^ 0x5eed]
}

/// A kiosk that is told one thing after another.
struct Told(Option<Kiosk>, Policy, Timestamp);

impl Told {
    fn open() -> Self {
        let mut told = Self(None, Policy::default(), Timestamp::of_day(2026, 11, 2, NAIROBI).expect("a day"));
        let agent = PartyId::derived("amina");
        told.does(KioskCommand::Open { agent, secret: secret(1) }).expect("opens");
        told
    }

    fn does(&mut self, command: KioskCommand) -> Result<Vec<KioskEvent>, Refusal> {
        let events = decide(self.0.as_ref(), &command, &self.1, self.2)?;
        for event in &events {
            self.0 = evolve(self.0.take(), event, self.2);
        }
        Ok(events)
    }

    fn kiosk(&self) -> &Kiosk {
        self.0.as_ref().expect("open")
    }

    fn left(&self) -> [u32; 3] {
        Supply::ALL.map(|supply| self.kiosk().stock.of(supply).left())
    }
}

#[test]
fn a_kiosk_pays_no_cash_until_every_denial_was_looked_at() {
    let mut told = Told::open();
    let [first, second, third] = ["1", "2", "3"].map(PayoutId::derived);
    let agent = PartyId::derived("amina");
    assert_eq!(told.does(KioskCommand::Open { agent, secret: secret(2) }), Ok(vec![]));
    assert_eq!(told.does(KioskCommand::AllowCash { cash: first }), Err(Refusal::NotFound));
    for cash in [first, second, third, second] {
        told.does(KioskCommand::StopCash { cash }).expect("stops");
    }
    for cash in [third, first] {
        told.does(KioskCommand::AllowCash { cash }).expect("looked at");
        assert_eq!(told.does(KioskCommand::AllowCash { cash }), Err(Refusal::NotFound));
        assert!(told.kiosk().stopped.is_some());
    }
    assert_eq!(told.kiosk().stopped, Some(Stop { cash: second, since: told.2, others: vec![] }));
    assert_eq!(told.does(KioskCommand::AllowCash { cash: second }), Ok(vec![KioskEvent::CashAllowed]));
    assert_eq!(told.kiosk().stopped, None);
}

#[test]
fn wrong_numbers_are_guesses_once_they_are_many_in_a_day() {
    let mut told = Told::open();
    let most = told.1.cash.wrong_a_day;
    for _ in 0..most {
        assert!(!told.kiosk().guesses(&told.1, told.2));
        told.does(KioskCommand::MissNumber).expect("counted");
    }
    assert!(told.kiosk().guesses(&told.1, told.2));
    told.2 = told.2.after(DAY);
    assert!(!told.kiosk().guesses(&told.1, told.2));
    told.does(KioskCommand::MissNumber).expect("counted");
    assert_eq!(told.kiosk().misses, Some(Misses { count: 1, since: told.2 }));
}

#[test]
fn a_box_that_was_never_counted_in_cannot_be_used() {
    let mut told = Told::open();
    let small = KioskCommand::UseBox { size: BoxSize::Small };
    assert_eq!(told.does(small.clone()), Err(Refusal::SoldOut { left: 0 }));
    told.does(KioskCommand::CountIn { supply: Supply::Small, count: 1 }).expect("counted");
    told.does(small.clone()).expect("used");
    assert_eq!(told.does(small), Err(Refusal::SoldOut { left: 0 }));
}

#[test]
fn an_agent_hears_once_that_something_runs_out_and_again_after_it_was_restocked() {
    let mut told = Told::open();
    let low = told.1.stock.low_small;
    let mut lows = 0;
    for _ in 0..2 {
        told.does(KioskCommand::CountIn { supply: Supply::Small, count: low + 2 }).expect("counted");
        while told.left()[0] > 0 {
            let events = told.does(KioskCommand::UseBox { size: BoxSize::Small }).expect("used");
            lows += events.iter().filter(|event| **event == KioskEvent::RanLow).count();
        }
    }
    assert_eq!(lows, 2);
}

#[test]
fn a_display_is_counted_in_the_month_of_its_question_and_a_second_count_corrects_the_first() {
    let mut told = Told::open();
    let answer = |leaflets| KioskCommand::CountDisplay { leaflets };
    assert_eq!(told.does(answer(30)), Err(Refusal::gone("not_asked")));
    assert_eq!(told.does(KioskCommand::AskDisplay), Ok(vec![KioskEvent::DisplayAsked { month: 202_611 }]));
    assert_eq!(told.does(KioskCommand::AskDisplay), Ok(vec![]));
    told.does(KioskCommand::CountIn { supply: Supply::Leaflets, count: 50 }).expect("counted");
    told.does(answer(30)).expect("answered");
    assert_eq!((told.left()[2], told.kiosk().asks(told.2)), (30, None));
    assert_eq!(told.does(answer(30)), Ok(vec![]));
    told.does(answer(35)).expect("corrected");
    assert_eq!(told.left()[2], 35);
    told.2 = Timestamp::of_day(2026, 12, 1, NAIROBI).expect("a day");
    assert_eq!(told.does(answer(35)), Err(Refusal::gone("not_asked")));
}

#[test]
fn the_display_is_counted_at_eight_on_its_day_of_every_month() {
    let at = |month, day| Timestamp::of_day(2026, month, day, NAIROBI).expect("a day");
    let eight = |day: Timestamp| day.after(std::time::Duration::from_secs(8 * 3_600));
    assert_eq!(next_count(at(11, 2), 25), eight(at(11, 25)));
    assert_eq!(next_count(eight(at(11, 25)), 25), eight(at(12, 25)));
    let january = Timestamp::of_day(2027, 1, 25, NAIROBI).expect("a day");
    assert_eq!(next_count(at(12, 26), 25), eight(january));
}

#[test]
fn one_parcel_in_n_is_looked_at_again_and_not_the_same_ones_at_every_kiosk() {
    let parcels: Vec<SpokenCode> = (0..5_000).map(|n| SpokenCode::nth(CodeKind::Order, n * 179)).collect();
    let chosen = |kiosk: u64| -> Vec<bool> {
        parcels.iter().map(|order| is_chosen(secret(kiosk), *order, 1, 10)).collect()
    };
    let (here, there) = (chosen(1), chosen(2));
    let count = here.iter().filter(|chosen| **chosen).count();
    assert!((400..=600).contains(&count), "{count}");
    let both = here.iter().zip(&there).filter(|(a, b)| **a && **b).count();
    assert!(both < 100, "{both}");
    assert!(parcels.iter().all(|order| !is_chosen(secret(1), *order, 1, 0)));
    assert!(parcels.iter().all(|order| is_chosen(secret(1), *order, 1, 1)));
}

#[test]
fn the_depot_says_once_how_many_pieces_are_good() {
    let mut told = Told::open();
    told.1.stock.look_again_every = 1;
    let order = SpokenCode::nth(CodeKind::Order, 5);
    let look = |good| KioskCommand::LookAgain { order, round: None, good };
    assert_eq!(told.does(look(1)), Err(Refusal::NotFound));
    told.does(KioskCommand::Judged { order, round: 1, passed: 3, failed: 0 }).expect("judged");
    assert_eq!(told.does(look(4)), Err(Refusal::OutOfRange { min: 0, max: 3 }));
    told.does(look(1)).expect("looked");
    assert_eq!(told.does(look(1)), Ok(vec![]));
    assert_eq!(told.does(look(2)), Err(Refusal::AlreadyExists));
    assert_eq!(told.kiosk().tally, Tally { parcels: 1, whole: 1, looked: 3, bad: 2 });
}

#[test]
fn two_parcels_of_an_order_are_looked_at_again_each_by_itself() {
    let mut told = Told::open();
    told.1.stock.look_again_every = 1;
    let order = SpokenCode::nth(CodeKind::Order, 5);
    for (round, passed) in [(1, 3), (2, 2)] {
        told.does(KioskCommand::Judged { order, round, passed, failed: 0 }).expect("judged");
    }
    let look = |round, good| KioskCommand::LookAgain { order, round: Some(round), good };
    told.does(look(2, 2)).expect("looked");
    // The same again is said of the second, and never of the first.
    assert_eq!(told.does(look(2, 2)), Ok(vec![]));
    assert_eq!(told.does(look(2, 1)), Err(Refusal::AlreadyExists));
    assert_eq!(told.does(look(3, 1)), Err(Refusal::NotFound));
    told.does(look(1, 1)).expect("looked");
    assert_eq!(told.kiosk().tally, Tally { parcels: 2, whole: 2, looked: 5, bad: 2 });
}

#[test]
fn a_rate_far_from_the_others_is_beyond_chance_and_one_near_or_of_few_parcels_is_not() {
    let tally = |whole, parcels| Tally { parcels, whole, ..Tally::default() };
    let others = tally(900, 1_000);
    assert!(!differs(tally(90, 100), others));
    assert!(!differs(tally(98, 100), others), "z is 2.6");
    assert!(differs(tally(100, 100), others), "z is 3.3");
    assert!(differs(tally(75, 100), others));
    assert!(!differs(tally(0, 19), others), "too few");
    assert!(!differs(tally(100, 100), tally(1_000, 1_000)), "all alike");
}

proptest! {
    #[test]
    fn what_is_left_is_what_was_counted_in_less_what_was_used(
        steps in proptest::collection::vec((0u8..4, 0u32..60), 1..60)
    ) {
        let mut told = Told::open();
        told.does(KioskCommand::AskDisplay).expect("asked");
        let (mut came, mut used) = ([0u32; 3], [0u32; 3]);
        for (what, count) in steps {
            let at = usize::from(what % 3);
            let command = match what {
                3 => KioskCommand::CountDisplay { leaflets: count },
                _ if count % 2 == 0 => KioskCommand::CountIn { supply: Supply::ALL[at], count },
                _ => KioskCommand::UseBox { size: if at == 0 { BoxSize::Small } else { BoxSize::Large } },
            };
            for event in told.does(command).unwrap_or_default() {
                match event {
                    KioskEvent::CountedIn { supply, count } => came[supply as usize] += count,
                    KioskEvent::Used { supply, count } => used[supply as usize] += count,
                    _ => {}
                }
            }
            for supply in Supply::ALL {
                let count = told.kiosk().stock.of(supply);
                prop_assert_eq!((count.came, count.used), (came[supply as usize], used[supply as usize]));
                prop_assert!(count.used <= count.came);
            }
        }
    }
}

#[test]
fn a_kiosk_of_an_older_release_is_read_and_gets_a_secret_once() {
    let agent = PartyId::derived("amina");
    let old = serde_json::json!({ "agent": agent });
    let kiosk: Kiosk = serde_json::from_value(old.clone()).expect("a row of an older release");
    assert_eq!((kiosk.secret, kiosk.pages, kiosk.samples.len()), (NO_SECRET, 0, 0));
    let event: KioskEvent =
        serde_json::from_value(serde_json::json!({ "opened": old })).expect("an event of an older release");
    assert_eq!(evolve(None, &event, Timestamp::default()), Some(kiosk.clone()));
    let mut told = Told(Some(kiosk), Policy::default(), Timestamp::default());
    for news in [1, 0] {
        let opened = told.does(KioskCommand::Open { agent, secret: secret(7) }).expect("opens");
        assert_eq!(opened.len(), news);
        assert_eq!(told.kiosk().secret, secret(7));
    }
}
