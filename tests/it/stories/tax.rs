//! Tax, from the shop's page to the books: shown before the payment, charged with it, owed to the authority and
//! to nobody else, given back with what was taxed.

use super::bulk::{another, asks_at, asks_for, fills, has_room, makes, offered};
use super::letters::letter;
use super::{brought, stall_of, taken};
use crate::support::shopper::attribute;
use crate::support::village::{Founding, until};
use reqwest::StatusCode;

/// 19 % for Germany, on goods up to $150 and on their parcel.
pub(super) const GERMAN_TAX: &str = r#"
[[market.tax]]
countries      = ["DE"]
rate_bp        = 1900
up_to_us_cents = 15000
number         = "IM2760000001"
"#;

/// 19 % of a sum in cents, half a cent up.
pub(super) fn taxed(cents: i64) -> i64 {
    (cents * 19 + 50) / 100
}

/// At 129.50, half a cent to the even neighbour.
fn shillings(cents: i64) -> i64 {
    let (down, rest) = (cents * 12_950 / 100, cents * 12_950 % 100);
    down + i64::from(rest > 50 || (rest == 50 && down % 2 == 1))
}

fn german() -> Founding {
    let rates = Some("day = \"2026-11-20\"\n[per_dollar]\nEUR = \"0.9215\"\n");
    Founding { taxes: GERMAN_TAX, rates, ..Founding::default() }
}

fn cents_of(page: &str, what: &str) -> Option<i64> {
    let cents = attribute(page, &format!("data-testid=\"{what}\""), "data-cents")?;
    Some(cents.parse().expect("cents"))
}

/// What two necklaces are taxed with, piece by piece, and their parcel of 300 grams.
const TWO: i64 = 2 * 206 + 323;

#[tokio::test]
async fn tax_is_said_before_the_payment_and_is_nobodys_but_the_authoritys() {
    let (village, achieng, amina, listing) = stall_of(german(), 850, 3).await;
    assert_eq!(taxed(1_082) * 2 + taxed(1_700), TWO);
    let shopper = village.shopper();
    let page = shopper.sees(&listing).await;
    let option = |letters: &str| format!("<option value=\"{letters}\"");
    let tax = attribute(&page, &option("DE"), "data-tax-cents").expect("a tax");
    assert_eq!(tax, (taxed(1_082) + taxed(1_500)).to_string());
    assert!(page.contains("Germany, $15.00 and $4.91 tax"), "{page}");
    assert_eq!(attribute(&page, &option("US"), "data-tax-cents"), None);
    assert!(page.contains("the customs may ask for tax or duty at the door"), "{page}");

    // What two come to is asked with the form as it is; nothing is kept for it.
    let form = shopper.fills(&listing, 2).await;
    let (status, page) = shopper.asks_total(&format!("/piece/{listing}?currency=EUR"), &form).await;
    assert_eq!(status, StatusCode::OK);
    let total = 2 * 1_082 + 1_700 + TWO;
    for (what, cents) in
        [("sum-goods", 2 * 1_082), ("sum-shipping", 1_700), ("sum-tax", TWO), ("sum-total", total)]
    {
        assert_eq!(cents_of(&page, what), Some(cents), "{what}");
    }
    assert!(page.contains("Tax, 19%") && page.contains("about €42.38"), "{page}");
    assert!(page.contains("Jo Bloggs") && page.contains("12 Long Street"), "what was typed is kept");
    let french = shopper.asks_total(&format!("/piece/{listing}?lang=fr"), &form).await.1;
    assert!(french.contains("Taxe, 19\u{a0}%") && french.contains("7,35\u{a0}$"), "{french}");
    assert!(french.contains("la douane peut demander"), "{french}");
    let american = shopper.asks_total(&format!("/piece/{listing}"), &form.but("country", "US")).await.1;
    assert_eq!((cents_of(&american, "sum-tax"), cents_of(&american, "sum-goods")), (None, Some(2 * 1_082)));
    for (field, wrong) in [("quantity", "4"), ("quantity", "0"), ("country", "XX"), ("country", "")] {
        let (status, page) = shopper.asks_total(&format!("/piece/{listing}"), &form.but(field, wrong)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{field} {wrong}");
        assert!(page.contains(&format!("error-{field}")) && cents_of(&page, "sum-total").is_none(), "{page}");
    }
    assert_eq!(shopper.left(&listing).await, 3, "asking keeps nothing");

    let order = taken(&village, &achieng, &listing, 2).await;
    assert_eq!(village.card.captures()[0].amount, total);
    assert_eq!(cents_of(&order.page().await, "order-tax"), Some(TWO));
    assert_eq!(cents_of(&order.page().await, "order-total"), Some(total));
    let (_, said) = letter(&village, &order.code, "paid").await;
    assert!(said.contains("Of it, $7.35 is tax (19%)."), "{said}");
    let owed = 2 * shillings(206) + shillings(323);
    assert_eq!(village.account("tax_payable").await, owed);
    assert_eq!(village.account("deposit:").await, 2 * 140_119, "the goods, and no tax");

    // Released, hers is what it would be without it; the parcel tells the customs that it is paid.
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, 2).await;
    achieng.reads("is yours now").await;
    assert_eq!(achieng.balance().await, [170_000, 0, 0]);
    assert_eq!(village.account("tax_payable").await, owed);
    amina.asks(&format!("GONE {} 300", order.code), "we tell the buyer").await;
    let label = village.colleague("Halima").has(&["shipping", "label", &order.code]).await;
    assert!(label.contains("Tax paid: $4.12 (IM2760000001)"), "{label}");
    let label = village.desk_page(&format!("/desk/orders/{}/label", order.code)).await;
    assert!(label.contains("Tax paid: $4.12 (IM2760000001)"), "{label}");

    // One comes back: its tax goes with it, and is no loss of the house's.
    let refund = ["orders", "refund", &order.code, "--pieces", "1", "--paper", "C-1", "--reason", "Bent"];
    village.colleague("Njeri").has(&refund).await;
    until("the tax of one is given back", || async {
        (village.account("tax_payable").await == owed - shillings(206)).then_some(())
    })
    .await;
    assert_eq!(village.card.captures()[0].refunded, 1_082 + 206);
    assert_eq!(village.account("exp:returns").await, shillings(1_082 + 206) - shillings(206));
    assert_eq!(achieng.balance().await, [170_000, 0, 0]);

    // The rest goes to the authority by two people's word.
    let left = village.account("tax_payable").await;
    let sum = format!("{}.{:02}", left / 100, left % 100);
    let (debit, credit) = (format!("debit tax_payable {sum}"), format!("credit bank {sum}"));
    let ask =
        ["approvals", "ask", "posting", "--why", "tax of November", "--line", &debit, "--line", &credit];
    let asked = village.colleague("Njeri").has(&ask).await;
    let approval = asked.split(' ').next().expect("a name");
    village.colleague("Otieno").has(&["approvals", "approve", approval]).await;
    assert_eq!(village.account("tax_payable").await, 0);
    village.closes().await;
}

#[tokio::test]
async fn an_order_that_nobody_takes_is_given_back_with_all_of_its_tax() {
    let (village, achieng, _, listing) = stall_of(german(), 850, 2).await;
    let order = village.shopper().buys(&listing, 2).await;
    achieng.asks(&format!("NO {}", order.code), "We tell the buyer").await;
    order.reaches("refunded").await;
    until("all of it is back", || async { (village.account("tax_payable").await == 0).then_some(()) }).await;
    assert_eq!(village.card.captures()[0].refunded, village.card.captures()[0].amount);
    for account in ["deposit:", "shipping_payable", "margin", "exp:returns"] {
        assert_eq!(village.account(account).await, 0, "{account}");
    }
    village.closes().await;
}

#[tokio::test]
async fn a_payment_that_a_bank_keeps_leaves_no_tax_owed_on_what_was_not_sent() {
    let (village, achieng, amina, listing) = stall_of(german(), 850, 2).await;
    let order = taken(&village, &achieng, &listing, 2).await;
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, 1).await;
    achieng.reads("is yours now").await;
    let payment = village.card.captures()[0].payment.clone();
    let dispute = village.card.dispute(&payment, None, false).expect("a payment");
    achieng.reads("the buyer's bank asks").await;
    assert!(village.card.dispute_goes(&dispute, "lost"));
    order.reaches("refunded").await;
    until("everything is told", || async { (village.account("disputed").await == 0).then_some(()) }).await;
    for account in ["tax_payable", "deposit:", "shipping_payable"] {
        assert_eq!(village.account(account).await, 0, "{account}");
    }
    assert_eq!(achieng.balance().await, [85_000, 0, 0]);
    let loss = village.account("exp:returns").await;
    assert!((loss - 140_119).abs() <= 1, "the piece that had passed is our loss, and no tax is: {loss}");
    village.closes().await;
}

#[tokio::test]
async fn of_many_pieces_whose_payment_a_bank_keeps_tax_stays_owed_on_those_that_were_sent() {
    let (village, achieng, amina, listing) = stall_of(german(), 850, 3).await;
    has_room(&achieng, 8).await;
    let njeri = another(&village, &amina, ("Njeri Kamau", "0700000111"), "BRASS", 15).await;
    let (form, each) = fills(&village, &listing, 12).await;
    let page = village.shopper().asks_total(&format!("/piece/{listing}/many"), &form).await.1;
    let parcel = cents_of(&page, "sum-shipping").expect("shipping");
    let request = asks_for(&village, &listing, 12).await;
    let ((hers, eight), (other, four)) = (offered(&achieng).await, offered(&njeri).await);
    assert_eq!((eight, four), (8, 4));
    achieng.takes(&hers).await;
    njeri.takes(&other).await;
    makes(&achieng, &amina, &hers, 8).await;
    makes(&njeri, &amina, &other, 4).await;
    // Hers is on its way; the other's passed and stands in the kiosk.
    amina.asks(&format!("GONE {hers} 900"), "we tell the buyer").await;
    let owed = |pieces: i64| pieces * shillings(taxed(each)) + shillings(taxed(parcel));
    assert_eq!(village.account("tax_payable").await, owed(12));
    let payment = village.card.captures()[0].payment.clone();
    let dispute = village.card.dispute(&payment, None, false).expect("a payment");
    until("the dispute is told", || async { (village.account("disputed").await != 0).then_some(()) }).await;
    assert!(village.card.dispute_goes(&dispute, "lost"));
    until("it is over", || async { (village.account("disputed").await == 0).then_some(()) }).await;
    assert_eq!(village.account("tax_payable").await, owed(8));
    assert_eq!(achieng.balance().await, [8 * 85_000, 0, 0]);
    assert_eq!(request.state().await, "done");
    village.closes().await;
}

#[tokio::test]
async fn many_pieces_are_shown_with_tax_and_in_the_buyers_currency_and_a_dear_parcel_is_left_to_the_customs()
{
    let (village, achieng, _, listing) = stall_of(german(), 850, 3).await;
    has_room(&achieng, 20).await;
    let shopper = village.shopper();
    // Twelve at a tenth less are $116.76, twenty are more than the authority lets us collect for.
    let (form, each) = fills(&village, &listing, 12).await;
    assert_eq!(each, 973);
    let (status, page) = shopper.asks_total(&format!("/piece/{listing}/many?currency=EUR"), &form).await;
    assert_eq!(status, StatusCode::OK);
    let parcel = cents_of(&page, "sum-shipping").expect("shipping");
    let tax = 12 * taxed(973) + taxed(parcel);
    assert_eq!(cents_of(&page, "sum-tax"), Some(tax));
    let total = 12 * 973 + parcel + tax;
    assert_eq!(cents_of(&page, "sum-total"), Some(total));
    assert!(page.contains("data-testid=\"sum-about\">about €"), "{page}");
    let dear = shopper.asks_total(&format!("/piece/{listing}/many"), &form.but("quantity", "20")).await.1;
    assert_eq!((cents_of(&dear, "sum-tax"), cents_of(&dear, "sum-goods")), (None, Some(20 * 973)));
    for (field, wrong) in [("quantity", "3"), ("country", "XX")] {
        let (status, page) =
            shopper.asks_total(&format!("/piece/{listing}/many"), &form.but(field, wrong)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{field} {wrong}");
        assert!(page.contains(&format!("error-{field}")), "{page}");
    }

    // Eleven were typed where twelve were shown: they are shown first, and nothing is charged.
    let (status, page) =
        shopper.sends_to("/many", &form.but("quantity", "11")).await.expect_err("it comes back");
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("Nothing was charged") && village.card.sessions().is_empty(), "{page}");
    assert_eq!(cents_of(&page, "sum-goods"), Some(11 * 973));

    let request = asks_at(&village, "/many?currency=EUR", &listing, 12).await;
    assert_eq!(village.card.captures()[0].amount, total);
    let page = request.page().await;
    assert_eq!(cents_of(&page, "order-tax"), Some(tax));
    let euros = (total * 9_215 + 5_000) / 10_000;
    let about = format!("€{}.{:02}", euros / 100, euros % 100);
    assert!(page.contains("data-testid=\"order-about\"") && page.contains(&about), "{about} in {page}");
    let (_, said) = letter(&village, &request.code, "paid").await;
    assert!(said.contains(&about) && said.contains("is tax (19%)"), "{said}");
    let owed = |pieces: i64| pieces * shillings(taxed(973)) + shillings(taxed(parcel));
    assert_eq!(village.account("tax_payable").await, owed(12));
    let (hers, _) = offered(&achieng).await;
    achieng.asks(&format!("BAADHI {hers} 10"), "is yours").await;
    until("the buyer may choose", || async { (request.state().await == "choosing").then_some(()) }).await;
    request.chooses("fewer").await;
    until("two are given back with their tax", || async {
        (village.account("tax_payable").await == owed(10)).then_some(())
    })
    .await;
    assert_eq!(village.card.captures()[0].refunded, 2 * (973 + taxed(973)));
    village.closes().await;
}
