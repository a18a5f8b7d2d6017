//! A cart: pieces of several makers, paid at once, each an order that goes its own way afterwards.

use super::letters::{letter, mailbox};
use super::tax::{GERMAN_TAX, taxed};
use super::{brought, on_sale, open_stall, stall_of};
use crate::support::actors::Artisan;
use crate::support::shopper::attribute;
use crate::support::village::{Founding, Village, client, until};
use reqwest::StatusCode;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::Value;
use sokoni::sim::card::{Capture, Delivery};
use std::sync::Mutex;
use std::time::Duration;

/// What a dollar is worth here, in hundredths of a shilling.
const RATE: i64 = 12_950;

fn shillings(cents: i64) -> i64 {
    cents * RATE / 100
}

/// A browser without scripts, and the one cookie that it keeps.
struct Browser {
    http: reqwest::Client,
    shop: String,
    cart: Mutex<String>,
}

/// An answer: its status, where it leads, and its page.
struct Shown {
    status: StatusCode,
    to: String,
    page: String,
}

/// A line of a cart or of a purchase: the value of an attribute.
fn of_line(line: &str, name: &str) -> String {
    attribute(&format!("<i {line}"), "<i", name).unwrap_or_else(|| panic!("{name} in {line}"))
}

fn cents_of(page: &str, what: &str) -> Option<i64> {
    let cents = attribute(page, &format!("data-testid=\"{what}\""), "data-cents")?;
    Some(cents.parse().expect("cents"))
}

fn lines<'p>(page: &'p str, what: &str) -> Vec<&'p str> {
    page.split(&format!("data-testid=\"{what}\"")).skip(1).collect()
}

impl Browser {
    fn new(village: &Village) -> Self {
        Self { http: client(), shop: village.url.clone(), cart: Mutex::default() }
    }

    async fn asks(&self, request: reqwest::RequestBuilder) -> Shown {
        let cookie = self.cart.lock().expect("unpoisoned").clone();
        let answer = request.header(COOKIE, cookie).send().await.expect("the shop answers");
        for kept in answer.headers().get_all(SET_COOKIE) {
            let kept = kept.to_str().expect("text");
            if kept.starts_with("cart=") {
                assert!(kept.contains("HttpOnly; SameSite=Lax"), "{kept}");
                *self.cart.lock().expect("unpoisoned") = kept.split(';').next().expect("a pair").to_owned();
            }
        }
        let to = answer.headers().get(LOCATION).map_or("", |to| to.to_str().expect("an address")).to_owned();
        Shown { status: answer.status(), to, page: answer.text().await.expect("a page") }
    }

    async fn opens(&self, path: &str) -> Shown {
        self.asks(self.http.get(format!("{}{path}", self.shop))).await
    }

    async fn posts(&self, path: &str, form: &[(&str, &str)]) -> Shown {
        self.asks(self.http.post(format!("{}{path}", self.shop)).form(form)).await
    }

    /// Puts so many pieces of a listing into the cart; the cart, for Germany.
    async fn puts(&self, listing: &str, pieces: u32) -> String {
        let pieces = pieces.to_string();
        let form = [("code", listing), ("quantity", &*pieces), ("country", "DE")];
        let put = self.posts("/cart", &form).await;
        assert_eq!((put.status, &*put.to), (StatusCode::SEE_OTHER, "/cart?country=DE"), "{}", put.page);
        let cart = self.opens(&put.to).await;
        assert_eq!(cart.status, StatusCode::OK);
        cart.page
    }

    /// Sends the form of this page of the cart.
    async fn checks_out(&self, page: &str) -> Shown {
        self.checks_out_at("/cart/checkout", page).await
    }

    async fn checks_out_at(&self, path: &str, page: &str) -> Shown {
        let value = |name: &str| attribute(page, &format!("name=\"{name}\""), "value").expect("a field");
        let (key, total) = (value("idempotency_key"), value("total"));
        let form = [
            ("idempotency_key", &*key),
            ("total", &*total),
            ("name", "Jo Bloggs"),
            ("email", "jo@example.org"),
            ("country", "DE"),
            ("address", "12 Long Street\nBerlin"),
        ];
        self.posts(path, &form).await
    }

    /// Pays at the processor's page; the path of the purchase.
    async fn pays(&self, pay_url: &str) -> String {
        let paid = self.http.post(pay_url).form(&[("card", "4242 4242 4242 4242")]).send().await;
        let paid = paid.expect("the processor answers");
        let back = paid.headers()[LOCATION].to_str().expect("an address").to_owned();
        let path = back.strip_prefix(&*self.shop).expect("back to the shop");
        assert!(path.starts_with("/purchase/"), "{path}");
        path.split(['?', '#']).next().expect("a path").to_owned()
    }

    /// The orders of a purchase, once all of them stand so: code and private token.
    async fn reaches(&self, purchase: &str, state: &str) -> Vec<(String, String)> {
        until(&format!("{purchase} is {state}"), || async {
            let page = self.opens(purchase).await.page;
            let orders = lines(&page, "purchase-order");
            let so = orders.iter().all(|line| of_line(line, "data-state") == state) && !orders.is_empty();
            so.then(|| {
                let names =
                    orders.iter().map(|line| (of_line(line, "data-code"), of_line(line, "data-token")));
                names.collect()
            })
        })
        .await
    }

    async fn state(&self, order: &str) -> String {
        let page = self.opens(&format!("/order/{order}")).await.page;
        attribute(&page, "data-testid=\"order-state\"", "data-state").expect("a state")
    }
}

/// A village where Achieng and Wanjiru sell, each with so many pieces; their listings.
async fn two_stalls(ready: u32) -> (Village, (Artisan, String), (Artisan, String)) {
    let (village, achieng, amina, hers) = open_stall(850, ready).await;
    let wanjiru = village.wanjiru().await;
    let other = on_sale(&wanjiru, &amina, 1_200, ready).await;
    (village, (achieng, hers), (wanjiru, other))
}

async fn sum_of(village: &Village, prefix: &str) -> i64 {
    let books = village.books().await;
    books.iter().filter(|(account, _)| account.starts_with(prefix)).map(|(_, sum)| sum).sum()
}

fn capture(village: &Village) -> Capture {
    let captures = village.card.captures();
    assert_eq!(captures.len(), 1, "{captures:?}");
    captures[0].clone()
}

async fn trouble(village: &Village, what: &str) -> Value {
    until(what, || async {
        let troubles = village.desk("cards").await["troubles"].as_array().expect("a list").clone();
        troubles.into_iter().find(|row| row["what"] == what)
    })
    .await
}

#[tokio::test]
async fn each_order_of_a_cart_is_taxed_by_itself_and_given_back_with_its_tax() {
    let (village, achieng, amina, hers) =
        stall_of(Founding { taxes: GERMAN_TAX, ..Founding::default() }, 850, 3).await;
    let wanjiru = village.wanjiru().await;
    let other = on_sale(&wanjiru, &amina, 1_200, 3).await;
    let browser = Browser::new(&village);
    browser.puts(&hers, 2).await;
    let page = browser.puts(&other, 1).await;
    let number = |row: &str, name: &str| of_line(row, name).parse::<i64>().expect("a number");
    let mut taxes = Vec::new();
    for row in lines(&page, "cart-line") {
        let pieces = number(row, "data-quantity");
        let each = number(row, "data-goods-cents") / pieces;
        let tax = taxed(each) * pieces + taxed(number(row, "data-shipping-cents"));
        assert_eq!(number(row, "data-tax-cents"), tax);
        taxes.push(tax);
    }
    let tax: i64 = taxes.iter().sum();
    assert_eq!(cents_of(&page, "cart-tax"), Some(tax));
    let total = cents_of(&page, "cart-total").expect("a total");
    let bare = lines(&page, "cart-line").into_iter();
    let bare: i64 =
        bare.map(|row| number(row, "data-goods-cents") + number(row, "data-shipping-cents")).sum();
    assert_eq!(total, bare + tax);
    let american = browser.opens("/cart?country=US").await.page;
    assert_eq!(cents_of(&american, "cart-tax"), None);
    assert!(american.contains("the customs may ask for tax or duty at the door"), "{american}");

    let purchase = browser.pays(&browser.checks_out(&page).await.to).await;
    let orders = browser.reaches(&purchase, "offered").await;
    assert_eq!(capture(&village).amount, total);
    assert_eq!(cents_of(&browser.opens(&purchase).await.page, "purchase-tax"), Some(tax));
    let owed = village.account("tax_payable").await;
    assert!(
        (owed - shillings(tax)).abs() <= 3,
        "{owed} for {tax} cents: halves of a cent, by piece and parcel"
    );
    // One letter for one payment; its page is open and keeps itself fresh.
    let [first, second] = &orders[..] else { panic!("two orders") };
    let (subject, said) = letter(&village, &first.0, "paid").await;
    assert_eq!(subject, format!("Orders {}, {}: your payment came", first.0, second.0));
    let link = format!("{}{purchase}", village.url);
    for words in ["Your payment of $", "is tax (19%)", "from Achieng", "from Wanjiru", "KSh 1,700", &link] {
        assert!(said.contains(words), "{words} in {said}");
    }
    let mut open = village.shopper().watches(&purchase).await;
    open.says("data-state=\"offered\"").await;
    // One of them comes to nothing: its tax goes back with it, the other's stays.
    achieng.asks(&format!("NO {}", first.0), "We tell the buyer").await;
    open.says("data-state=\"refunded\"").await;
    until("hers is given back", || async {
        (browser.state(&first.1).await == "refunded" && capture(&village).refunded > 0).then_some(())
    })
    .await;
    until("the books know", || async {
        let left = village.account("tax_payable").await;
        ((left - shillings(taxes[1])).abs() <= 2).then_some(())
    })
    .await;
    letter(&village, &first.0, "refundedround1").await;
    assert!(!mailbox(&village).join(format!("{}.paid.eml", second.0)).exists(), "one payment, one letter");
    village.closes().await;
}

#[tokio::test]
async fn pieces_of_two_makers_are_paid_once_and_go_their_own_ways() {
    let (village, (achieng, hers), (wanjiru, other)) = two_stalls(3).await;
    let browser = Browser::new(&village);
    assert!(browser.opens(&format!("/piece/{hers}")).await.page.contains("formaction=\"/cart\""));
    browser.puts(&hers, 2).await;
    let page = browser.puts(&other, 1).await;
    let rows = lines(&page, "cart-line");
    let codes: Vec<String> = rows.iter().map(|row| of_line(row, "data-code")).collect();
    assert_eq!(codes, [hers.clone(), other.clone()]);
    let number = |row: &str, name: &str| of_line(row, name).parse::<i64>().expect("a number");
    let total = cents_of(&page, "cart-total").expect("a total");
    let sums = rows.iter().map(|row| number(row, "data-goods-cents") + number(row, "data-shipping-cents"));
    assert_eq!(sums.sum::<i64>(), total);
    assert_eq!(number(rows[0], "data-goods-cents"), 2 * 1_082);
    let bare = browser.opens("/cart").await.page;
    assert_eq!(cents_of(&bare, "cart-total"), None, "nobody knows yet where it goes");

    let placed = browser.checks_out(&page).await;
    assert_eq!(placed.status, StatusCode::SEE_OTHER, "{}", placed.page);
    assert_eq!(browser.checks_out(&page).await.to, placed.to, "the same form is the same purchase");
    let purchase = browser.pays(&placed.to).await;
    let orders = browser.reaches(&purchase, "offered").await;
    assert_eq!(*browser.cart.lock().expect("unpoisoned"), "cart=", "what is paid for is in no cart");
    assert_eq!(capture(&village).amount, total);
    let page = browser.opens(&purchase).await.page;
    assert_eq!(cents_of(&page, "purchase-total"), Some(total));
    let each: Vec<i64> =
        lines(&page, "purchase-order").iter().map(|line| number(line, "data-cents")).collect();
    assert_eq!(each.iter().sum::<i64>(), total);

    // The processor keeps one fee, and it is what the books say, but for halves of a cent.
    let fee = sokoni::market::Policy::default().card_fee(sokoni::types::Usd::minor(total)).cents();
    let booked = village.account("exp:psp").await;
    assert!((booked - shillings(fee)).abs() <= 1, "{booked} for {fee}");
    assert_eq!(village.account("psp").await, shillings(total) - booked);

    let [(one, _), (two, private)] = &orders[..] else { panic!("two orders: {orders:?}") };
    assert_eq!((achieng.is_offered().await, wanjiru.is_offered().await), (one.clone(), two.clone()));
    let page = browser.opens(&format!("/order/{private}")).await.page;
    assert!(page.contains(&format!("href=\"{purchase}\"")), "an order knows what it was paid with");

    // One is called off: its part goes back, and the other does not know.
    let off = browser.posts(&format!("/order/{private}/cancel"), &[("costs", "0")]).await;
    assert_eq!(off.status, StatusCode::SEE_OTHER, "{}", off.page);
    wanjiru.reads(two).await;
    until("its part goes back", || async { (capture(&village).refunded == each[1]).then_some(()) }).await;
    until("its page says so", || async { (browser.state(private).await == "refunded").then_some(()) }).await;
    achieng.takes(one).await;
    let order = village.shopper().knows(&orders[0].1).await;
    let amina = village.amina();
    brought(&achieng, &amina, &order).await;
    amina.passes(one, 2).await;
    achieng.reads("is yours now").await;
    assert_eq!(achieng.balance().await[0], 2 * 85_000);
    until("the books agree", || async { (sum_of(&village, "deposit:").await == 0).then_some(()) }).await;
    assert_eq!(capture(&village).refunded, each[1]);
    village.closes().await;
}

#[tokio::test]
async fn what_nobody_pays_for_is_let_go_together_and_a_late_payment_goes_back_whole() {
    let (village, (achieng, hers), (_, other)) = two_stalls(1).await;
    let (browser, shopper) = (Browser::new(&village), village.shopper());
    browser.puts(&hers, 1).await;
    let page = browser.puts(&other, 1).await;
    let placed = browser.checks_out(&page).await;
    assert_eq!((shopper.left(&hers).await, shopper.left(&other).await), (0, 0));
    village.card.deliver(Delivery { hold: true, ..Delivery::default() });
    let purchase = browser.pays(&placed.to).await;
    assert!(browser.opens(&purchase).await.page.contains("data-testid=\"purchase-waits\""));
    village.clock.advance(Duration::from_secs(36 * 60));
    browser.reaches(&purchase, "expired").await;
    assert_eq!((shopper.left(&hers).await, shopper.left(&other).await), (1, 1));
    assert!(!browser.cart.lock().expect("unpoisoned").ends_with('='), "the cart is still hers");
    village.card.deliver(Delivery::default());
    village.card.release(false).await;
    until("all of it goes back", || async {
        let capture = capture(&village);
        (capture.refunded == capture.amount).then_some(())
    })
    .await;
    browser.reaches(&purchase, "refunded").await;
    assert_eq!(achieng.got("You earn KSh"), 0);
    until("the books agree", || async { (sum_of(&village, "deposit:").await == 0).then_some(()) }).await;
    village.closes().await;
}

#[tokio::test]
async fn another_sum_or_a_second_payment_pays_for_none_of_the_orders() {
    let (village, (_, hers), (_, other)) = two_stalls(1).await;
    let browser = Browser::new(&village);
    browser.puts(&hers, 1).await;
    let page = browser.puts(&other, 1).await;
    let total = cents_of(&page, "cart-total").expect("a total");
    let placed = browser.checks_out(&page).await;
    let token = village.card.sessions().last().expect("a session").token.clone();
    village.card.sells_by_hand(&token, 2_582, "usd").expect("sold");
    trouble(&village, "wrong_sum").await;
    browser.reaches(&format!("/purchase/{token}"), "placed").await;
    assert_eq!(sum_of(&village, "deposit:").await, 0, "the sum of one of them is the sum of none");
    browser.pays(&placed.to).await;
    let orders = browser.reaches(&format!("/purchase/{token}"), "offered").await;
    let deposits = sum_of(&village, "deposit:").await;
    village.card.sells_by_hand(&token, total, "usd").expect("sold");
    let second = trouble(&village, "second_payment").await;
    assert_eq!(second["order"], *orders[0].0);
    assert_eq!(sum_of(&village, "deposit:").await, deposits);
    village.closes().await;
}

#[tokio::test]
async fn a_bank_that_asks_holds_every_order_of_a_payment_and_takes_from_no_maker() {
    let (village, (achieng, hers), (wanjiru, other)) = two_stalls(1).await;
    let (browser, amina) = (Browser::new(&village), village.amina());
    browser.puts(&hers, 1).await;
    let page = browser.puts(&other, 1).await;
    let purchase = browser.pays(&browser.checks_out(&page).await.to).await;
    let orders = browser.reaches(&purchase, "offered").await;
    let [(one, hers), (two, his)] = &orders[..] else { panic!("two orders: {orders:?}") };
    achieng.takes(one).await;
    let order = village.shopper().knows(hers).await;
    brought(&achieng, &amina, &order).await;
    amina.passes(one, 1).await;
    achieng.reads("is yours now").await;
    wanjiru.takes(two).await;
    let margin = village.account("margin").await;

    let dispute = village.card.dispute(&capture(&village).payment, None, false).expect("a payment");
    let row = trouble(&village, "dispute").await;
    let shown = row["evidence"].to_string();
    assert!(shown.contains(&format!("{one}: it passed the check")) && shown.contains(two), "{shown}");
    wanjiru.reads("benki").await;
    amina.reads("do not check or send it").await;
    let refused = browser.posts(&format!("/order/{his}/cancel"), &[("costs", "0")]).await;
    assert_ne!(refused.status, StatusCode::SEE_OTHER, "nothing goes back meanwhile");
    assert!(village.card.dispute_goes(&dispute, "lost"));
    until("the bank keeps it", || async {
        let troubles = village.desk("cards").await["troubles"].as_array().expect("a list").clone();
        let over = troubles.iter().all(|row| row["status"] == "lost" && row["withdrawn"] == true);
        (over && village.account("disputed").await == 0).then_some(())
    })
    .await;
    until("his is over", || async { (browser.state(his).await == "refunded").then_some(()) }).await;
    assert_eq!(achieng.balance().await[0], 85_000, "what had passed is hers");
    for account in ["deposit:", "shipping_payable", "disputed"] {
        assert_eq!(sum_of(&village, account).await, 0, "{account}");
    }
    // Of the payment only what had passed is lost: its price, and what was ours of it.
    assert_eq!(village.account("exp:returns").await, shillings(1_082));
    assert_eq!(village.account("margin").await, margin);
    assert_eq!(capture(&village).refunded, 0, "the bank gave it back, not we");
    village.closes().await;
}

#[tokio::test]
async fn a_cart_says_what_is_wrong_with_it_before_anything_is_taken() {
    let (village, _, _, listing) = open_stall(850, 2).await;
    let browser = Browser::new(&village);
    assert!(browser.opens("/cart").await.page.contains("data-testid=\"cart-empty\""));
    let page = browser.puts(&listing, 3).await;
    assert!(page.contains("Only 2 are left") && cents_of(&page, "cart-total").is_none(), "{page}");
    let bad = browser.posts("/cart", &[("code", &listing), ("quantity", "some")]).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bad.page.contains("Write a whole number"), "{}", bad.page);

    let page = browser.puts(&listing, 2).await;
    let empty =
        browser.posts("/cart/checkout", &[("idempotency_key", "0123456789"), ("country", "DE")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(empty.page.contains("data-testid=\"error-name\""), "{}", empty.page);
    // Somebody is faster.
    village.shopper().buys(&listing, 1).await;
    let late = browser.checks_out(&page).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(late.page.contains("is not as it was") && late.page.contains("Only 1 is left"), "{}", late.page);
    let page = browser.puts(&listing, 1).await;
    let cheaper = page.replace("name=\"total\" value=\"2582\"", "name=\"total\" value=\"2\"");
    assert_ne!(cheaper, page);
    assert!(browser.checks_out(&cheaper).await.page.contains("is not as it was"));
    assert_eq!(village.shopper().left(&listing).await, 1, "nothing was kept");

    let french = browser.opens("/cart?country=DE&lang=fr").await.page;
    assert!(french.contains("Panier") && french.contains("pour son colis"), "{french}");
    browser.posts("/cart", &[("code", &listing), ("quantity", "0")]).await;
    assert!(browser.opens("/cart").await.page.contains("data-testid=\"cart-empty\""));
    let elsewhere = browser.opens(&format!("/purchase/{}", "0".repeat(32))).await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
    village.closes().await;
}

#[tokio::test]
async fn the_payment_page_says_in_french_what_a_french_page_asked_for() {
    let (village, (_, hers), (_, other)) = two_stalls(9).await;
    let (browser, shopper) = (Browser::new(&village), village.shopper());
    let said = || village.card.sessions().last().expect("a session").what.clone();
    let numbers =
        |said: &str| said.split(|c: char| !c.is_ascii_digit()).filter(|word| word.len() == 6).count();
    for (path, words) in [
        ("/checkout", "1 necklace (brass) with shipping, order "),
        ("/checkout?lang=fr", "1 × Collier en laiton, envoi compris, commande "),
    ] {
        shopper.sends_to(path, &shopper.fills(&hers, 1).await).await.expect("on to payment");
        assert!(said().starts_with(words) && numbers(&said()) == 1, "{}", said());
    }
    let page = browser.puts(&hers, 2).await;
    browser.checks_out_at("/cart/checkout?lang=fr", &page).await;
    assert!(said().starts_with("2 × Collier en laiton, envoi compris, commande "), "{}", said());
    let page = browser.puts(&other, 1).await;
    browser.checks_out_at("/cart/checkout?lang=fr", &page).await;
    assert!(said().starts_with("2 commandes, envoi compris\u{a0}: ") && numbers(&said()) == 2, "{}", said());
    browser.checks_out(&browser.puts(&other, 2).await).await;
    assert!(said().starts_with("2 orders with shipping: ") && numbers(&said()) == 2, "{}", said());
    village.closes().await;
}
