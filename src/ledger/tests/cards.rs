//! Money that banks take back, and money that belongs to no order.

use super::*;
use crate::ledger::posting::CardFact;
use crate::types::TroubleId;

fn trouble() -> TroubleId {
    TroubleId::derived("dp_1")
}

/// The whole payment of three necklaces.
const ALL: Kes = Kes::minor(627_557);

fn withdrawn() -> Fact {
    Fact::Card(CardFact::DisputeWithdrawn {
        trouble: trouble(),
        order: order(1),
        amount: ALL,
        fee: kes(1_900),
    })
}

fn reinstated() -> Fact {
    Fact::Card(CardFact::DisputeReinstated {
        trouble: trouble(),
        order: order(1),
        amount: ALL,
        fee: Kes::ZERO,
    })
}

fn lost(goods: Kes, shipping: Kes) -> Fact {
    Fact::Card(CardFact::DisputeLost {
        trouble: trouble(),
        order: order(1),
        amount: ALL,
        goods,
        others: vec![],
        shipping,
        tax: Kes::ZERO,
    })
}

#[test]
fn what_a_bank_took_is_ours_no_more_and_comes_back_when_the_dispute_is_won() {
    let books = written([captured(), withdrawn()]);
    assert_eq!(books.balance(Account::Disputed), ALL);
    assert_eq!(books.balance(Account::Psp), -kes(2_200));
    assert_eq!(books.balance(Account::Deposit(order(1))), Kes::minor(420_357));
    let books = written([captured(), withdrawn(), reinstated()]);
    assert_eq!(books.balance(Account::Disputed), Kes::ZERO);
    assert_eq!(books.balance(Account::Psp), Kes::minor(627_557 - 220_000));
    assert_eq!(books.balance(Account::ExpPsp), kes(2_200));
}

#[test]
fn a_dispute_lost_before_release_is_paid_by_the_deposit_and_costs_us_nothing_but_fees() {
    let books = written([captured(), withdrawn(), lost(Kes::minor(420_357), kes(2_072))]);
    for account in
        [Account::Disputed, Account::Deposit(order(1)), Account::ShippingPayable, Account::ExpReturns]
    {
        assert_eq!(books.balance(account), Kes::ZERO, "{account}");
    }
}

#[test]
fn a_dispute_lost_is_paid_by_the_deposits_of_every_order_that_was_paid_with_it() {
    let second = Fact::Captured {
        order: order(2),
        charged: kes(2_300),
        goods: kes(1_500),
        shipping: kes(500),
        tax: kes(300),
        fee: Kes::ZERO,
    };
    let whole = Kes::minor(627_557 + 230_000);
    let lost = |goods: Kes, other: Kes, shipping: Kes| {
        Fact::Card(CardFact::DisputeLost {
            trouble: trouble(),
            order: order(1),
            amount: whole,
            goods,
            others: vec![(order(2), other)],
            shipping,
            tax: kes(300),
        })
    };
    let withdrawn = Fact::Card(CardFact::DisputeWithdrawn {
        trouble: trouble(),
        order: order(1),
        amount: whole,
        fee: Kes::ZERO,
    });
    let before = [captured(), second, withdrawn];
    let end = lost(Kes::minor(420_357), kes(1_500), kes(2_572));
    let books = written(before.clone().into_iter().chain([end]));
    for account in [
        Account::Disputed,
        Account::Deposit(order(1)),
        Account::Deposit(order(2)),
        Account::ShippingPayable,
        Account::TaxPayable,
        Account::ExpReturns,
    ] {
        assert_eq!(books.balance(account), Kes::ZERO, "{account}");
    }
    let books = written(before.into_iter().chain([lost(Kes::ZERO, kes(1_500), kes(500))]));
    assert_eq!(books.balance(Account::ExpReturns), Kes::minor(whole.cents() - 230_000));
    let below = lost(Kes::ZERO, -kes(1), Kes::ZERO);
    assert!(post(&below, at(7)).is_err(), "no part of it lies below zero");
}

#[test]
fn a_dispute_lost_after_release_is_our_loss_and_the_artisan_keeps_hers() {
    let books = written([captured(), released(three_sold(), None), withdrawn(), lost(Kes::ZERO, Kes::ZERO)]);
    assert_eq!(books.balance(Account::Artisan(party("wanjiku"))), kes(2_550));
    assert_eq!(books.balance(Account::ExpReturns), ALL);
    assert_eq!(books.balance(Account::Disputed), Kes::ZERO);
}

#[test]
fn a_deposit_never_pays_for_more_than_it_holds() {
    let mut books = written([captured(), released(three_sold(), None), withdrawn()]);
    assert!(write(&mut books, lost(Kes::minor(420_357), Kes::ZERO)).is_err());
}

#[test]
fn a_stray_is_owed_until_it_goes_back_and_goes_back_once() {
    let trouble = TroubleId::derived("pi_2");
    let (order, amount) = (None, kes(500));
    let taken = Fact::Card(CardFact::StrayTaken { trouble, order, amount, fee: kes(20) });
    let mut books = written([taken.clone()]);
    assert_eq!((books.balance(Account::Suspense), books.balance(Account::Psp)), (kes(500), kes(480)));
    assert_eq!(books.balance(Account::ExpPsp), kes(20));
    write(&mut books, Fact::Card(CardFact::StrayReturned { trouble, order, amount })).expect("written");
    assert_eq!(books.balance(Account::Suspense), Kes::ZERO);
    let by_bank = Fact::Card(CardFact::StraySettled { trouble, order, amount });
    assert!(write(&mut books, by_bank).is_err(), "it went back already");
    let mut books = written([taken]);
    write(&mut books, Fact::Card(CardFact::StraySettled { trouble, order, amount })).expect("written");
    assert_eq!((books.balance(Account::Suspense), books.balance(Account::Bank)), (Kes::ZERO, -kes(500)));
}

proptest! {
    #[test]
    fn what_a_dispute_leaves_behind_does_not_depend_on_the_order_of_its_postings(
        order in Just((0..3usize).collect::<Vec<_>>()).prop_shuffle(),
        again in proptest::collection::vec(0..3usize, 0..5),
        won in any::<bool>(), share in 0i64..=100,
    ) {
        let goods = Kes::minor(420_357 * share / 100);
        let end = if won { reinstated() } else { lost(goods, kes(2_072)) };
        let facts = [captured(), withdrawn(), end];
        let told = |sequence: &[usize]| {
            let mut books = written([captured()]);
            for at in sequence {
                // Told twice, it is written once.
                let _ = write(&mut books, facts[*at].clone());
            }
            books
        };
        let (one, other) = (told(&[0, 1, 2]), told(&[order.as_slice(), again.as_slice()].concat()));
        let accounts = [Account::Psp, Account::Disputed, Account::ExpReturns, Account::ExpPsp,
            Account::ShippingPayable, Account::Deposit(super::order(1))];
        for account in accounts {
            prop_assert_eq!(one.balance(account), other.balance(account), "{}", account);
        }
        prop_assert_eq!(other.balance(Account::Disputed), Kes::ZERO);
    }
}
