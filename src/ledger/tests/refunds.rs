//! Money that goes back to shoppers, and the tax that goes with it.

use super::*;

#[test]
fn a_refund_before_release_empties_the_deposit_and_leaves_the_artisan_alone() {
    let back = Fact::RefundedBeforeRelease {
        order: order(1),
        round: 1,
        back: Kes::minor(627_557),
        goods: Kes::minor(420_357),
        shipping: kes(2_072),
        tax: Kes::ZERO,
    };
    let mut books = written([captured(), back.clone()]);
    assert_eq!(books.balance(Account::Deposit(order(1))), Kes::ZERO);
    assert_eq!(books.balance(Account::Psp), -kes(300)); // the processor keeps its fee
    assert_eq!(write(&mut books, back), Err(Refused::Exists));
}

#[test]
fn a_refund_after_release_is_our_loss() {
    let back = Fact::RefundedAfterRelease {
        order: order(1),
        round: 1,
        back: Kes::minor(420_357),
        shipping: Kes::ZERO,
        tax: Kes::ZERO,
    };
    let books = written([captured(), released(three_sold(), None), back]);
    assert_eq!(books.balance(Account::ExpReturns), Kes::minor(420_357));
    assert_eq!(books.balance(Account::Artisan(party("wanjiku"))), kes(2_550));
}

#[test]
fn a_shopper_who_changes_her_mind_late_pays_the_materials_and_nobody_else_does() {
    let (kept, back) = (Kes::minor(76_535), Kes::minor(420_357 - 76_535 + 207_200));
    let cancelled = [
        captured(),
        Fact::MaterialsKept { order: order(1), maker: party("wanjiku"), kept, materials: kes(765) },
        Fact::RefundedBeforeRelease {
            order: order(1),
            round: 1,
            back,
            goods: Kes::minor(420_357 - 76_535),
            shipping: kes(2_072),
            tax: Kes::ZERO,
        },
    ];
    let books = written(cancelled);
    assert_eq!(books.balance(Account::Deposit(order(1))), Kes::ZERO);
    assert_eq!(books.balance(Account::Artisan(party("wanjiku"))), kes(765));
    assert_eq!(books.balance(Account::ShippingPayable), Kes::ZERO);
    assert_eq!(books.balance(Account::Margin), Kes::minor(35));
    assert_eq!(books.balance(Account::ExpReturns), Kes::ZERO);
}

/// The same three necklaces with 20 % on top: 280.24 for each, 414.40 for their parcel.
fn taxed() -> Fact {
    let Fact::Captured { order, charged, goods, shipping, fee, .. } = captured() else { unreachable!() };
    let tax = Kes::minor(TAX);
    Fact::Captured { order, charged: Kes::minor(charged.cents() + TAX), goods, shipping, tax, fee }
}

const TAX: i64 = 3 * 28_024 + 41_440;

#[test]
fn tax_is_the_authoritys_and_nobody_has_a_share_in_it() {
    let mentor = MentorShare { mentor: party("achieng"), share_bp: 500 };
    let loan = LoanCut { share_bp: 1_000, left: kes(9_000) };
    let sold = || released(Sale { mentor: Some(mentor), ..three_sold() }, Some(loan));
    let (bare, books) = (written([captured(), sold()]), written([taxed(), sold()]));
    assert_eq!(books.balance(Account::TaxPayable), Kes::minor(TAX));
    assert_eq!(books.balance(Account::Psp).cents(), bare.balance(Account::Psp).cents() + TAX);
    for (account, _) in bare.sums().filter(|(account, _)| *account != Account::Psp) {
        assert_eq!(books.balance(account), bare.balance(account), "{account}");
    }
}

#[test]
fn tax_goes_back_with_what_was_taxed() {
    let whole = Fact::RefundedBeforeRelease {
        order: order(1),
        round: 1,
        back: Kes::minor(627_557 + TAX),
        goods: Kes::minor(420_357),
        shipping: kes(2_072),
        tax: Kes::minor(TAX),
    };
    let books = written([taxed(), whole]);
    for account in [Account::TaxPayable, Account::Deposit(order(1)), Account::ShippingPayable] {
        assert_eq!(books.balance(account), Kes::ZERO, "{account}");
    }
    let one = Fact::RefundedAfterRelease {
        order: order(1),
        round: 1,
        back: Kes::minor(140_119 + 28_024),
        shipping: Kes::ZERO,
        tax: Kes::minor(28_024),
    };
    let books = written([taxed(), released(three_sold(), None), one]);
    assert_eq!(books.balance(Account::TaxPayable), Kes::minor(TAX - 28_024));
    assert_eq!(
        books.balance(Account::ExpReturns),
        Kes::minor(140_119),
        "the goods are our loss, the tax is not"
    );
    assert_eq!(books.balance(Account::Artisan(party("wanjiku"))), kes(2_550));
}
