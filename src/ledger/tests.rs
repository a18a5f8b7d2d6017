//! The money rules, example by example, and what must hold after any history.

use super::{posting::loan_cut, *};
use crate::types::{CodeKind, Kes, LoanId, PartyId, PayoutId, SpokenCode, Timestamp};
use proptest::prelude::*;

mod cards;
mod decided;
mod refunds;

fn party(name: &str) -> PartyId {
    PartyId::derived(name)
}

fn order(n: u64) -> SpokenCode {
    SpokenCode::nth(CodeKind::Order, n)
}

fn kes(shillings: i64) -> Kes {
    Kes::major(shillings)
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Posts and writes; the sum of all accounts is zero afterwards, whatever came of it.
fn write(books: &mut Books, fact: Fact) -> Result<(), Refused> {
    let written = post(&fact, at(1)).and_then(|transfer| books.apply(transfer));
    assert_eq!(books.residue(), 0, "after {fact:?}");
    written
}

fn written(facts: impl IntoIterator<Item = Fact>) -> Books {
    let mut books = Books::default();
    for fact in facts {
        write(&mut books, fact.clone()).unwrap_or_else(|refused| panic!("{fact:?}: {refused}"));
    }
    books
}

/// Three necklaces at 850, sold at 1,401.19 each, shipping 2,072 and a fee of 300.
fn captured() -> Fact {
    Fact::Captured {
        order: order(1),
        charged: Kes::minor(627_557),
        goods: Kes::minor(420_357),
        shipping: kes(2_072),
        tax: Kes::ZERO,
        fee: kes(300),
    }
}

fn three_sold() -> Sale {
    Sale { value: Kes::minor(420_357), maker_gets: kes(2_550), mentor: None }
}

fn released(sale: Sale, loan: Option<LoanCut>) -> Fact {
    Fact::Released { order: order(1), deposit: order(1), round: 1, maker: party("wanjiku"), sale, loan }
}

fn opened() -> [Fact; 2] {
    let paper = || "opening".to_owned();
    [
        Fact::Opened { paper: paper(), amount: kes(100_000) },
        Fact::FloatFunded { paper: paper(), amount: kes(50_000) },
    ]
}

#[test]
fn a_captured_payment_is_a_deposit_and_the_fee_is_ours() {
    let books = written([captured()]);
    assert_eq!(books.balance(Account::Psp), Kes::minor(627_557 - 30_000));
    assert_eq!(books.balance(Account::Deposit(order(1))), Kes::minor(420_357));
    assert_eq!(books.balance(Account::ShippingPayable), kes(2_072));
    assert_eq!(books.balance(Account::ExpPsp), kes(300));
    assert_eq!(books.balance(Account::Margin), Kes::ZERO);
}

#[test]
fn the_cent_that_rounding_leaves_over_goes_to_the_margin() {
    let books = written([Fact::Captured {
        order: order(1),
        charged: Kes::minor(1_001),
        goods: Kes::minor(1_000),
        shipping: Kes::ZERO,
        tax: Kes::ZERO,
        fee: Kes::ZERO,
    }]);
    assert_eq!(books.balance(Account::Margin), Kes::minor(1));
}

#[test]
fn when_pieces_pass_the_deposit_becomes_her_price_and_our_margin() {
    let books = written([captured(), released(three_sold(), None)]);
    assert_eq!(books.balance(Account::Deposit(order(1))), Kes::ZERO);
    assert_eq!(books.balance(Account::Artisan(party("wanjiku"))), kes(2_550));
    assert_eq!(books.balance(Account::Margin), Kes::minor(420_357 - 255_000));
}

#[test]
fn a_mentors_share_is_the_floor_of_the_sale_value_and_never_touches_the_artisan() {
    let mentor = MentorShare { mentor: party("achieng"), share_bp: 500 };
    let books = written([captured(), released(Sale { mentor: Some(mentor), ..three_sold() }, None)]);
    // 5 % of 4,203.57 is 210.1785.
    assert_eq!(books.balance(Account::Mentor(party("achieng"))), Kes::minor(21_017));
    assert_eq!(books.balance(Account::Artisan(party("wanjiku"))), kes(2_550));
    assert_eq!(books.balance(Account::Margin), Kes::minor(420_357 - 255_000 - 21_017));
}

fn lent(amount: Kes) -> [Fact; 2] {
    let (artisan, payout) = (party("wanjiku"), PayoutId::derived("loan 7"));
    [
        Fact::LoanFunded { artisan, paper: "loan 7".to_owned(), amount },
        Fact::LoanSent { payout, artisan, amount, fee: Kes::ZERO },
    ]
}

#[test]
fn a_loan_takes_its_share_of_her_credit_and_owes_it_to_the_lenders() {
    let loan = LoanCut { share_bp: 1_000, left: kes(5_000) };
    let books = written(lent(kes(5_000)).into_iter().chain([captured(), released(three_sold(), Some(loan))]));
    assert_eq!(books.balance(Account::Artisan(party("wanjiku"))), kes(2_295));
    assert_eq!(books.balance(Account::Loan(party("wanjiku"))), kes(4_745));
    assert_eq!(books.balance(Account::KivaDue), kes(255));
    assert_eq!(books.balance(Account::KivaPrincipal), kes(4_745));
}

#[test]
fn a_loan_stops_in_the_very_release_that_pays_it_off() {
    let loan = LoanCut { share_bp: 1_000, left: Kes::minor(1_234) };
    let books =
        written(lent(Kes::minor(1_234)).into_iter().chain([captured(), released(three_sold(), Some(loan))]));
    assert_eq!(books.balance(Account::Loan(party("wanjiku"))), Kes::ZERO);
    assert_eq!(books.balance(Account::Artisan(party("wanjiku"))), Kes::minor(255_000 - 1_234));
}

#[test]
fn a_loans_cut_is_rounded_down_in_her_favour() {
    let cut = |gets| loan_cut(Kes::minor(gets), LoanCut { share_bp: 1_000, left: kes(99) });
    assert_eq!((cut(9), cut(10), cut(19)), (Kes::ZERO, Kes::minor(1), Kes::minor(1)));
}

#[test]
fn agents_and_riders_are_paid_by_the_house() {
    let (agent, rider, fee) = (party("kamau"), party("otieno"), kes(30));
    let listing = SpokenCode::nth(CodeKind::Listing, 1);
    let books = written([
        Fact::ListingValidated { listing, round: 1, agent, fee },
        Fact::ParcelChecked { order: order(1), round: 1, agent, fee: kes(50) },
        Fact::BoxUsed { order: order(1), round: 1, agent, fee: kes(10) },
        Fact::StockKept { agent, month: 202_612, fee: kes(300) },
        Fact::ParcelDelivered { order: order(1), round: 1, rider, fee: kes(100) },
    ]);
    assert_eq!(books.balance(Account::Agent(agent)), kes(390));
    assert_eq!(books.balance(Account::ExpAgent), kes(390));
    assert_eq!(books.balance(Account::Rider(rider)), kes(100));
    assert_eq!(books.statement(Account::Agent(agent)).len(), 4);
}

#[test]
fn the_same_fact_told_twice_is_one_transfer() {
    let mut books = written([captured()]);
    assert_eq!(write(&mut books, captured()), Err(Refused::Exists));
    let mut other = captured();
    if let Fact::Captured { fee, .. } = &mut other {
        *fee = kes(301);
    }
    assert_eq!(write(&mut books, other), Err(Refused::ExistsDifferently));
    assert_eq!(books.balance(Account::ExpPsp), kes(300));
}

mod payouts {
    use super::*;

    const SENT: i64 = 2_500;

    fn payout() -> PayoutId {
        PayoutId::derived("payout 1")
    }

    fn from() -> Purse {
        Purse::Artisan(party("wanjiku"))
    }

    fn reserved() -> Fact {
        Fact::PayoutReserved { payout: payout(), from: from(), amount: kes(SENT) }
    }

    fn paid() -> Fact {
        Fact::PayoutPaid { payout: payout(), owner: party("wanjiku"), amount: kes(SENT), fee: kes(9) }
    }

    fn failed() -> Fact {
        Fact::PayoutFailed { payout: payout(), from: from(), amount: kes(SENT) }
    }

    fn earned() -> Books {
        written(opened().into_iter().chain([captured(), released(three_sold(), None)]))
    }

    fn sums(books: &Books) -> (Kes, Kes, Kes) {
        let who = party("wanjiku");
        (
            books.balance(Account::Artisan(who)),
            books.balance(Account::Moving(who)),
            books.balance(Account::MmFloat),
        )
    }

    #[test]
    fn money_leaves_what_is_free_before_anything_is_sent() {
        let mut books = earned();
        assert_eq!(write(&mut books, reserved()), Ok(()));
        assert_eq!(sums(&books), (kes(50), kes(2_500), kes(50_000)));
        assert_eq!(books.pending().count(), 1);
    }

    #[test]
    fn a_success_leaves_the_float_and_the_fee_is_ours() {
        let mut books = earned();
        assert_eq!(write(&mut books, reserved()), Ok(()));
        assert_eq!(write(&mut books, paid()), Ok(()));
        assert_eq!(sums(&books), (kes(50), Kes::ZERO, kes(47_491)));
        assert_eq!(books.balance(Account::ExpMm), kes(9));
        assert_eq!(books.pending().count(), 0);
    }

    #[test]
    fn a_failure_is_the_reverse_of_the_reservation() {
        let mut books = earned();
        let before: Vec<_> = earned().trial_balance();
        assert_eq!(write(&mut books, reserved()), Ok(()));
        assert_eq!(write(&mut books, failed()), Ok(()));
        let after: Vec<_> =
            books.trial_balance().into_iter().filter(|row| row.balance != Kes::ZERO).collect();
        assert_eq!(after, before.into_iter().filter(|row| row.balance != Kes::ZERO).collect::<Vec<_>>());
    }

    #[test]
    fn a_payout_is_resolved_once_and_paid_and_failed_exclude_each_other() {
        let mut books = earned();
        assert_eq!(write(&mut books, reserved()), Ok(()));
        assert_eq!(write(&mut books, paid()), Ok(()));
        assert_eq!(write(&mut books, paid()), Err(Refused::Exists));
        assert_eq!(write(&mut books, failed()), Err(Refused::ExistsDifferently));
        assert_eq!(sums(&books), (kes(50), Kes::ZERO, kes(47_491)));
    }

    #[test]
    fn what_was_never_reserved_cannot_be_resolved() {
        assert!(matches!(write(&mut earned(), paid()), Err(Refused::NotPending(_))));
    }

    #[test]
    fn nobody_can_reserve_more_than_is_free() {
        let mut books = earned();
        let greedy = Fact::PayoutReserved { payout: payout(), from: from(), amount: kes(2_551) };
        let account = Account::Artisan(party("wanjiku"));
        let refused = Refused::BelowFloor { account, have: kes(2_550), need: kes(2_551) };
        assert_eq!(write(&mut books, greedy), Err(refused));
        assert_eq!(sums(&books), (kes(2_550), Kes::ZERO, kes(50_000)));
        assert_eq!(books.pending().count(), 0);
    }

    #[test]
    fn paid_after_all_costs_her_what_she_still_has_and_us_the_rest() {
        let mut books = earned();
        assert_eq!(write(&mut books, reserved()), Ok(()));
        assert_eq!(write(&mut books, failed()), Ok(()));
        let other = Fact::PayoutReserved { payout: PayoutId::derived("2"), from: from(), amount: kes(1_550) };
        assert_eq!(write(&mut books, other), Ok(()));
        let late = |covered| Fact::PayoutPaidLate {
            payout: payout(),
            from: from(),
            amount: kes(SENT),
            covered,
            fee: kes(9),
        };
        assert!(matches!(write(&mut books, late(kes(1_001))), Err(Refused::BelowFloor { .. })));
        assert_eq!(write(&mut books, late(kes(1_000))), Ok(()));
        assert_eq!(sums(&books), (Kes::ZERO, kes(1_550), kes(47_491)));
        assert_eq!(books.balance(Account::ExpReturns), kes(1_500));
        assert!(matches!(
            post(
                &Fact::PayoutPaidLate {
                    payout: payout(),
                    from: from(),
                    amount: kes(1),
                    covered: kes(2),
                    fee: Kes::ZERO
                },
                at(1)
            ),
            Err(Refused::Negative { .. })
        ));
    }

    #[test]
    fn a_reversal_gives_it_back_to_her() {
        let mut books = earned();
        let reversed = Fact::PayoutReversed { payout: payout(), from: from(), amount: kes(SENT) };
        for fact in [reserved(), paid(), reversed] {
            assert_eq!(write(&mut books, fact), Ok(()));
        }
        assert_eq!(sums(&books), (kes(2_550), Kes::ZERO, kes(49_991)));
    }

    #[test]
    fn cash_at_a_kiosk_becomes_the_agents_money_and_uses_up_the_reservation() {
        let mut books = earned();
        let served = Fact::CashServed {
            payout: payout(),
            owner: party("wanjiku"),
            agent: party("kamau"),
            amount: kes(SENT),
            fee: kes(20),
        };
        assert_eq!(write(&mut books, reserved()), Ok(()));
        assert_eq!(write(&mut books, served), Ok(()));
        assert_eq!(books.balance(Account::Agent(party("kamau"))), kes(2_520));
        assert_eq!(books.balance(Account::ExpAgent), kes(20));
        assert_eq!(write(&mut books, failed()), Err(Refused::ExistsDifferently));
    }
}

#[test]
fn more_pieces_than_were_paid_for_cannot_be_released() {
    let mut books = written([captured()]);
    let sale = Sale { value: Kes::minor(420_358), ..three_sold() };
    assert!(matches!(write(&mut books, released(sale, None)), Err(Refused::BelowFloor { .. })));
    assert_eq!(books.balance(Account::Artisan(party("wanjiku"))), Kes::ZERO);
}

#[test]
fn a_loan_that_comes_back_is_owed_by_nobody_and_one_not_taken_is_due_to_the_lenders() {
    let (artisan, payout, amount) = (party("wanjiku"), PayoutId::derived("loan 7"), kes(5_000));
    let back = Fact::LoanReturned { payout, artisan, amount };
    let unlent = Fact::LoanUnlent { artisan, paper: "loan 7".to_owned(), amount, repaid: Kes::ZERO };
    let books = written(lent(amount).into_iter().chain([back.clone()]));
    assert_eq!(books.balance(Account::Loan(artisan)), Kes::ZERO);
    assert_eq!(books.balance(Account::KivaPrincipal), amount);
    let repaid = kes(1_200);
    let paid = Fact::LoanPaid { artisan, loan: LoanId::derived("loan 7"), round: 1, amount: repaid };
    let lost =
        Fact::LoanLost { approval: crate::types::ApprovalId::derived("lost"), artisan, amount: kes(3_800) };
    let late = Fact::LoanReturnedLate { payout, artisan, amount, repaid };
    let hers = [captured(), released(three_sold(), None)];
    let books = written(lent(amount).into_iter().chain(hers).chain([paid, lost, late]));
    assert_eq!(books.balance(Account::Loan(artisan)), Kes::ZERO);
    assert_eq!(books.balance(Account::ExpReturns), Kes::ZERO);
    assert_eq!(books.balance(Account::KivaDue), amount);
    let books = written([lent(amount)[0].clone(), unlent]);
    assert_eq!((books.balance(Account::KivaPrincipal), books.balance(Account::KivaDue)), (Kes::ZERO, amount));
    // Taken back when she had paid some: dropped then, what she paid is hers, and lenders have all of it.
    let paid = Fact::LoanPaid { artisan, loan: LoanId::derived("loan 7"), round: 1, amount: repaid };
    let dropped = Fact::LoanUnlent { artisan, paper: "loan 7".to_owned(), amount, repaid };
    let hers = [captured(), released(three_sold(), None)];
    let before = written(lent(amount).into_iter().chain(hers.clone())).balance(Account::Artisan(artisan));
    let books = written(lent(amount).into_iter().chain(hers).chain([paid, back, dropped]));
    assert_eq!(books.balance(Account::Artisan(artisan)), before);
    for (account, sum) in
        [(Account::Loan(artisan), Kes::ZERO), (Account::KivaPrincipal, Kes::ZERO), (Account::KivaDue, amount)]
    {
        assert_eq!(books.balance(account), sum, "{account}");
    }
}

#[test]
fn what_she_pays_of_a_loan_herself_leaves_her_purse_and_waits_for_the_lenders() {
    let artisan = party("wanjiku");
    let loan = LoanId::derived("loan 7");
    let paid = Fact::LoanPaid { artisan, loan, round: 1, amount: kes(300) };
    let mut books =
        written(lent(kes(5_000)).into_iter().chain([captured(), released(three_sold(), None), paid]));
    assert_eq!(books.balance(Account::Loan(artisan)), kes(4_700));
    assert_eq!(books.balance(Account::KivaPrincipal), kes(4_700));
    assert_eq!(books.balance(Account::KivaDue), kes(300));
    assert_eq!(books.balance(Account::Artisan(artisan)), kes(2_250));
    let more = Fact::LoanPaid { artisan, loan, round: 2, amount: kes(2_251) };
    assert!(matches!(write(&mut books, more), Err(Refused::BelowFloor { .. })));
}

#[test]
fn what_the_carrier_did_not_take_is_margin() {
    let settled = Fact::ShippingSettled { order: order(1), collected: kes(2_072), cost: kes(2_000) };
    let books = written([captured(), settled]);
    assert_eq!(books.balance(Account::ShippingPayable), Kes::ZERO);
    assert_eq!(books.balance(Account::Margin), kes(72));
}

#[test]
fn money_moves_between_processor_bank_float_and_lenders() {
    let settled = Fact::PspSettled { paper: "po_1".into(), amount: kes(5_000) };
    let loan = LoanCut { share_bp: 10_000, left: kes(100) };
    let remitted = Fact::LoanRemitted { paper: "remittance 1".into(), amount: kes(100) };
    let books = written(opened().into_iter().chain(lent(kes(100))).chain([
        captured(),
        settled,
        released(three_sold(), Some(loan)),
        remitted,
    ]));
    assert_eq!(books.balance(Account::Bank), kes(50_000 + 100 + 5_000 - 100));
    assert_eq!(books.balance(Account::MmFloat), kes(49_900));
    assert_eq!(books.balance(Account::KivaDue), Kes::ZERO);
    assert_eq!(books.balance(Account::Equity), kes(100_000));
}

#[test]
fn a_sum_below_zero_is_no_fact() {
    let fact = Fact::BoxUsed { order: order(1), round: 1, agent: party("kamau"), fee: kes(-10) };
    assert_eq!(post(&fact, at(1)), Err(Refused::Negative { kind: Kind::BoxUsed, what: "fee" }));
}

#[test]
fn a_transfer_is_stored_and_read_back_whole() {
    let transfer = post(&captured(), at(7)).expect("balanced");
    let json = serde_json::to_value(&transfer).expect("serialises");
    assert_eq!(json["kind"], "captured");
    assert_eq!(json["lines"][0]["account"], "psp");
    assert_eq!(serde_json::from_value::<Transfer>(json).expect("reads"), transfer);
}

#[test]
fn the_handbook_names_every_account_and_every_posting() {
    let handbook = include_str!("../../docs/LEDGER.md");
    for kind in Kind::ALL {
        assert_eq!(serde_json::to_value(kind).expect("serialises"), kind.word());
        assert!(handbook.contains(&format!("| `{}` |", kind.word())), "no row for {}", kind.word());
    }
    let id = party("wanjiku");
    let of_people = [
        Account::Loan(id),
        Account::Artisan(id),
        Account::Moving(id),
        Account::Mentor(id),
        Account::Agent(id),
        Account::Rider(id),
    ];
    let codes = Account::HOUSE.into_iter().chain(of_people).map(|account| {
        let code = account.to_string().replace(&id.to_string(), "<id>");
        (code, account.side())
    });
    for (code, side) in codes.chain([("deposit:<order>".to_owned(), Side::Liability)]) {
        let row = handbook.lines().find(|line| line.starts_with(&format!("| `{code}` |")));
        assert!(row.is_some_and(|row| row.contains(side.word())), "no row for {code}, {}", side.word());
    }
}

/// A step of a random history: what is told to the books, true or not.
fn any_fact() -> impl Strategy<Value = Fact> {
    let who = prop::sample::select(vec![party("wanjiku"), party("njeri")]);
    let sum = prop_oneof![Just(0i64), 1i64..500, 1i64..2_000_000].prop_map(Kes::minor);
    let rounds = 1u32..4;
    let mentor = prop::option::of(
        (0u32..2_000).prop_map(|share_bp| MentorShare { mentor: party("achieng"), share_bp }),
    );
    let loan = prop::option::of(
        (0u32..10_001, 0i64..90_000)
            .prop_map(|(share_bp, left)| LoanCut { share_bp, left: Kes::minor(left) }),
    );
    let (a, b, c, d) = (sum.clone(), sum.clone(), sum.clone(), sum.clone());
    prop_oneof![
        (0u64..3, a, sum.clone(), sum.clone(), sum.clone(), sum.clone()).prop_map(
            |(n, charged, goods, shipping, tax, fee)| {
                Fact::Captured { order: order(n), charged, goods, shipping, tax, fee }
            }
        ),
        (0u64..3, rounds.clone(), who.clone(), b, sum.clone(), mentor, loan).prop_map(
            |(n, round, maker, value, maker_gets, mentor, loan)| Fact::Released {
                order: order(n),
                deposit: order(n),
                round,
                maker,
                sale: Sale { value, maker_gets, mentor },
                loan
            }
        ),
        (0u64..4, who.clone(), c, sum.clone(), 0u8..6).prop_map(|(n, owner, amount, fee, what)| {
            let (payout, from) = (PayoutId::derived(&n.to_string()), Purse::Artisan(owner));
            match what {
                0 | 1 => Fact::PayoutReserved { payout, from, amount },
                2 => Fact::PayoutPaid { payout, owner, amount, fee },
                3 => Fact::PayoutFailed { payout, from, amount },
                4 => Fact::PayoutReversed { payout, from, amount },
                _ => Fact::PayoutPaidLate { payout, from, amount, covered: fee, fee },
            }
        }),
        (0u64..3, rounds, d, sum.clone(), sum.clone(), sum, any::<bool>()).prop_map(
            |(n, round, back, goods, shipping, tax, early)| match early {
                true => Fact::RefundedBeforeRelease { order: order(n), round, back, goods, shipping, tax },
                false => Fact::RefundedAfterRelease { order: order(n), round, back, shipping, tax },
            }
        ),
    ]
}

proptest! {
    #[test]
    fn whatever_is_told_the_books_balance_and_no_floor_is_broken(
        facts in prop::collection::vec(any_fact(), 1..60),
    ) {
        let mut books = Books::default();
        for fact in facts {
            let before: Vec<_> = books.sums().collect();
            let result = post(&fact, at(1)).and_then(|transfer| books.apply(transfer));
            if result.is_err() {
                prop_assert_eq!(before, books.sums().collect::<Vec<_>>(), "a refusal changes nothing");
            }
            prop_assert_eq!(books.residue(), 0);
            for (account, sum) in books.sums() {
                prop_assert!(account.floor().is_none_or(|floor| sum >= floor), "{} at {}", account, sum);
            }
        }
        for (account, _) in books.sums() {
            let last = books.statement(account).last().map(|line| line.balance);
            prop_assert_eq!(last, Some(books.balance(account)), "the statement ends at the balance");
        }
        prop_assert_eq!(books.trial_balance().len(), books.sums().count());
    }

    #[test]
    fn a_release_posts_exactly_what_the_split_shows(
        each in 1i64..2_000_000, over in 0i64..3_000_000, pieces in 1i64..99,
        share_bp in 0u32..2_000, loan_bp in 0u32..10_001, left in 0i64..500_000,
    ) {
        let sale = Sale {
            value: Kes::minor((each + over) * pieces),
            maker_gets: Kes::minor(each * pieces),
            mentor: Some(MentorShare { mentor: party("achieng"), share_bp }),
        };
        let loan = LoanCut { share_bp: loan_bp, left: Kes::minor(left) };
        let parts = split(&sale);
        let fact = released(sale, Some(loan));
        let net = post(&fact, at(1)).expect("balanced").net();
        let of = |account: Account| net.get(&account).copied().unwrap_or(0);

        prop_assert_eq!(parts.maker.cents() + parts.mentor.cents() + parts.margin.cents(), sale.value.cents());
        prop_assert_eq!(of(Account::Deposit(order(1))), -sale.value.cents());
        prop_assert_eq!(of(Account::Margin), parts.margin.cents());
        prop_assert_eq!(of(Account::Mentor(party("achieng"))), parts.mentor.cents());
        prop_assert_eq!(parts.mentor.cents(), sale.value.cents() * i64::from(share_bp) / 10_000);

        let cut = of(Account::Loan(party("wanjiku")));
        prop_assert_eq!(cut, (each * pieces * i64::from(loan_bp) / 10_000).min(left));
        prop_assert_eq!(of(Account::Artisan(party("wanjiku"))), each * pieces - cut);
        prop_assert_eq!(of(Account::KivaDue), cut);
        prop_assert_eq!(of(Account::KivaPrincipal), -cut);
    }
}
