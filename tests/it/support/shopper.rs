//! Somebody far away with a browser and a card.

use super::village::{SOON, client, until};
use reqwest::StatusCode;
use reqwest::header::LOCATION;
use std::time::Duration;

const CARD: &str = "4242 4242 4242 4242";

/// A shopper; the shop's address is all she knows.
pub struct Shopper {
    http: reqwest::Client,
    shop: String,
}

/// A form that was filled in.
pub struct Filled(Vec<(&'static str, String)>);

impl Filled {
    /// A form with these answers.
    pub fn of(answers: Vec<(&'static str, String)>) -> Self {
        Self(answers)
    }

    /// The answer to a question.
    pub fn value(&self, field: &str) -> &str {
        self.0.iter().find(|(name, _)| *name == field).map_or("", |(_, text)| text)
    }

    /// The same form with another answer to one question.
    pub fn but(&self, field: &str, answer: &str) -> Self {
        let said = |(name, text): &(&'static str, String)| {
            (*name, if *name == field { answer.to_owned() } else { text.clone() })
        };
        Self(self.0.iter().map(said).collect())
    }
}

/// What somebody sees of her order.
pub struct Order {
    /// The private link's token.
    pub token: String,
    /// The six digits.
    pub code: String,
    shopper: Shopper,
}

/// The value of an attribute behind a mark in a page.
pub fn attribute(page: &str, mark: &str, name: &str) -> Option<String> {
    let rest = &page[page.find(mark)? + mark.len()..];
    let tag = &rest[..rest.find('>')?];
    let value = &tag[tag.find(&format!("{name}=\""))? + name.len() + 2..];
    Some(value[..value.find('"')?].to_owned())
}

impl Shopper {
    pub fn new(shop: &str) -> Self {
        Self { http: client(), shop: shop.to_owned() }
    }

    /// A page and its status.
    pub async fn opens(&self, path: &str) -> (StatusCode, String) {
        let answer = self.http.get(format!("{}{path}", self.shop)).send().await.expect("the shop answers");
        (answer.status(), answer.text().await.expect("a page"))
    }

    /// The page of a piece on sale.
    pub async fn sees(&self, listing: &str) -> String {
        let (status, page) = self.opens(&format!("/piece/{listing}")).await;
        assert_eq!(status, StatusCode::OK, "{listing} is not on sale");
        page
    }

    /// What one piece costs, in cents of a dollar.
    pub async fn price(&self, listing: &str) -> i64 {
        let page = self.sees(listing).await;
        let cents = attribute(&page, "data-testid=\"price\"", "data-cents");
        cents.expect("a price").parse().expect("cents")
    }

    /// How many pieces the shop offers now.
    pub async fn left(&self, listing: &str) -> u32 {
        let page = self.sees(listing).await;
        let most = page.find("name=\"quantity\"").and_then(|at| attribute(&page[at..], "name=", "max"));
        most.map_or(0, |most| most.parse().expect("a number"))
    }

    /// Fills in the form of a piece; of several, what they come to was looked at first.
    pub async fn fills(&self, listing: &str, pieces: u32) -> Filled {
        let page = self.sees(listing).await;
        let form = Self::filled(&page, listing, pieces);
        if pieces == 1 {
            return form;
        }
        let (_, page) = self.asks_total(&format!("/piece/{listing}"), &form).await;
        let sums = attribute(&page, "name=\"sums\"", "value").unwrap_or_default();
        form.but("sums", &sums)
    }

    /// The form of a page that shows a piece, filled in.
    pub fn filled(page: &str, listing: &str, pieces: u32) -> Filled {
        let key = attribute(page, "name=\"idempotency_key\"", "value").expect("a key");
        let sums = attribute(page, "name=\"sums\"", "value").expect("sums");
        let text = |text: &str| text.to_owned();
        Filled(vec![
            ("code", text(listing)),
            ("idempotency_key", key),
            ("sums", sums),
            ("quantity", pieces.to_string()),
            ("name", text("Jo Bloggs")),
            ("email", text("jo@example.org")),
            ("country", text("DE")),
            ("address", text("12 Long Street\nBerlin")),
        ])
    }

    /// Sends a form; where it is paid, or what the shop says instead.
    pub async fn sends(&self, form: &Filled) -> Result<String, (StatusCode, String)> {
        self.sends_to("/checkout", form).await
    }

    /// Sends a form to where it belongs; where it is paid, or what the shop says instead.
    pub async fn sends_to(&self, path: &str, form: &Filled) -> Result<String, (StatusCode, String)> {
        let post = self.http.post(format!("{}{path}", self.shop)).form(&form.0);
        let answer = post.send().await.expect("the shop answers");
        let onward = answer.headers().get(LOCATION).map(|to| to.to_str().expect("an address").to_owned());
        match onward {
            Some(to) if answer.status().is_redirection() => Ok(to),
            _ => Err((answer.status(), answer.text().await.expect("a page"))),
        }
    }

    /// Asks what a form comes to, and pays nothing; the page.
    pub async fn asks_total(&self, path: &str, form: &Filled) -> (StatusCode, String) {
        self.sends_to(path, form).await.expect_err("a page")
    }

    /// Pays at the processor's page; the order.
    pub async fn pays(&self, pay_url: &str) -> Order {
        let post = self.http.post(pay_url).form(&[("card", CARD)]);
        let answer = post.send().await.expect("the processor answers");
        let back = answer.headers().get(LOCATION).map(|to| to.to_str().expect("an address").to_owned());
        let back = back.unwrap_or_else(|| panic!("not paid: {}", answer.status()));
        let token = back.rsplit_once("/order/").expect("back to the order").1.to_owned();
        self.knows(token.split(['?', '#']).next().expect("a token")).await
    }

    /// The order of a private link.
    pub async fn knows(&self, token: &str) -> Order {
        let (token, shopper) = (token.to_owned(), Self::new(&self.shop));
        let (status, page) = shopper.opens(&format!("/order/{token}")).await;
        assert_eq!(status, StatusCode::OK);
        let code = page.split("data-testid=\"order-code\">").nth(1).expect("a number");
        Order { code: code[..6].to_owned(), token, shopper }
    }

    /// Buys and pays; comes back when the shop knows of the payment.
    pub async fn buys(&self, listing: &str, pieces: u32) -> Order {
        let form = self.fills(listing, pieces).await;
        let pay_url = self.sends(&form).await.expect("on to payment");
        let order = self.pays(&pay_url).await;
        order.reaches("offered").await;
        order
    }
}

impl Order {
    /// The order's page.
    pub async fn page(&self) -> String {
        self.shopper.opens(&format!("/order/{}", self.token)).await.1
    }

    /// The state the page shows.
    pub async fn state(&self) -> String {
        let page = self.page().await;
        attribute(&page, "data-testid=\"order-state\"", "data-state").expect("a state")
    }

    /// Waits for a state.
    pub async fn reaches(&self, state: &str) {
        until(&format!("order {} is {state}", self.code), || async {
            (self.state().await == state).then_some(())
        })
        .await;
    }

    /// The steps that are done, in the page's order.
    pub async fn done(&self) -> Vec<String> {
        steps_done(&self.page().await)
    }

    /// What the page says who gets, in cents.
    pub async fn part(&self, who: &str) -> i64 {
        let page = self.page().await;
        let cents = attribute(&page, &format!("data-part=\"{who}\""), "data-cents");
        cents.map_or(0, |cents| cents.parse().expect("cents"))
    }

    /// Sends a form of the page; what the shop answers.
    pub async fn posts(&self, what: &str, form: &[(&str, &str)]) -> (StatusCode, String) {
        let url = format!("{}/order/{}/{what}", self.shopper.shop, self.token);
        let answer = self.shopper.http.post(url).form(form).send().await.expect("the shop answers");
        (answer.status(), answer.text().await.expect("text"))
    }

    /// The same, where it must do: the shop leads back to the page.
    pub async fn wishes(&self, what: &str, form: &[(&str, &str)]) {
        let (status, said) = self.posts(what, form).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{said}");
    }

    /// The page as it keeps itself fresh.
    pub async fn live(&self) -> Live {
        let url = format!("{}/order/{}/live", self.shopper.shop, self.token);
        let answer = self.shopper.http.get(url).timeout(SOON * 4).send().await.expect("the shop answers");
        assert_eq!(answer.status(), StatusCode::OK);
        Live { answer, heard: String::new() }
    }
}

/// The steps of a page that are done.
fn steps_done(page: &str) -> Vec<String> {
    let steps = page.split("data-testid=\"order-step\"").skip(1);
    let done = steps.filter(|step| attribute(step, "", "data-done").as_deref() == Some("true"));
    done.filter_map(|step| attribute(step, "", "data-step")).collect()
}

impl Shopper {
    /// The page of a purchase as it keeps itself fresh.
    pub async fn watches(&self, path: &str) -> Live {
        let url = format!("{}{path}/live", self.shop);
        let answer = self.http.get(url).timeout(SOON * 4).send().await.expect("the shop answers");
        assert_eq!(answer.status(), StatusCode::OK);
        Live { answer, heard: String::new() }
    }
}

/// A page that keeps itself fresh.
pub struct Live {
    answer: reqwest::Response,
    heard: String,
}

impl Live {
    /// Waits until the page says so.
    pub async fn says(&mut self, words: &str) {
        let said = async {
            while !self.heard.rsplit("event: order").next().unwrap_or_default().contains(words) {
                let chunk = self.answer.chunk().await.expect("the page goes on");
                self.heard.push_str(&String::from_utf8_lossy(&chunk.expect("the page goes on")));
            }
        };
        assert!(tokio::time::timeout(SOON, said).await.is_ok(), "{words} is not said");
    }

    /// Waits, so long at most, until the page shows this step as done.
    pub async fn shows(&mut self, step: &str, within: Duration) {
        let shown = async {
            loop {
                let latest = self.heard.rsplit("event: order").next().unwrap_or_default();
                if steps_done(latest).iter().any(|done| done == step) {
                    return;
                }
                let chunk = self.answer.chunk().await.expect("the page goes on");
                self.heard.push_str(&String::from_utf8_lossy(&chunk.expect("the page goes on")));
            }
        };
        let seen = tokio::time::timeout(within, shown).await;
        assert!(seen.is_ok(), "{step} is not shown within {within:?}");
    }
}
