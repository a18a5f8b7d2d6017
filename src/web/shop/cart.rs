//! The cart: `GET /cart` shows it with what each parcel costs to a country, `POST /cart` changes it, and
//! `POST /cart/checkout` leads to one payment for all of it.
//!
//! It lives in a cookie that says what a form would say, numbers of listings and how many of each, and is read
//! like one: there is nothing in it that is worth forging, and no account that it could be kept in.

use super::checkout::{self, CannotPlace};
use super::piece::{self, Country, Faults, LONGEST_CODE, Typed};
use super::sums::{Sums, sum};
use crate::{
    engine::cart::{CHANGED, CartFront, CartLine, CartRow, MOST, MOST_OF_ONE},
    engine::shopfront::{CheckoutIn, PayLine, ShopError, TaxView},
    types::{CodeKind, SpokenCode, Usd},
    web::{
        error::Refusal,
        page::{self, Piece, Web},
        tongue::{Reader, Tongue, reader::of_cookie},
    },
};
use askama::Template;
use axum::{
    Form,
    extract::{Query, State, rejection::FormRejection, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use std::sync::Arc;

/// The cookie.
const COOKIE: &str = "cart";
/// How long it is kept, in seconds: a week.
const KEPT: u32 = 604_800;
/// The fields of the form, in its order.
const FIELDS: [&str; 4] = ["name", "email", "country", "address"];

/// What is in a cart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cart(pub(super) Vec<CartLine>);

impl Cart {
    /// What a browser brings; what cannot be read of it is not in it.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut cart = Self::default();
        for line in of_cookie(headers, COOKIE).unwrap_or_default().split('.') {
            if let Some((code, quantity)) = line.split_once('-') {
                cart.put(code, quantity.parse().unwrap_or(0));
            }
        }
        cart
    }

    /// So many of a listing are in it now. False when no other listing finds room.
    fn put(&mut self, code: &str, quantity: u32) -> bool {
        let Ok(code) = SpokenCode::parse(CodeKind::Listing, code) else { return true };
        let (code, quantity) = (code.to_string(), quantity.min(MOST_OF_ONE));
        let known = self.0.iter().position(|line| line.code == code);
        match (known, quantity) {
            (Some(at), 0) => drop(self.0.remove(at)),
            (Some(at), quantity) => self.0[at].quantity = quantity,
            (None, 0) => {}
            (None, _) if self.0.len() >= MOST => return false,
            (None, quantity) => self.0.push(CartLine { code, quantity }),
        }
        true
    }

    /// The header that keeps it; of an empty one nothing is kept.
    pub(super) fn kept(&self, web: &Web) -> AppendHeaders<[(header::HeaderName, String); 1]> {
        let secure = if web.settings.is_https() { "; Secure" } else { "" };
        let line = |line: &CartLine| format!("{}-{}", line.code, line.quantity);
        let text = self.0.iter().map(line).collect::<Vec<_>>().join(".");
        let age = if text.is_empty() { 0 } else { KEPT };
        let cookie = format!("{COOKIE}={text}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
        AppendHeaders([(header::SET_COOKIE, cookie)])
    }

    fn pieces(&self) -> u32 {
        self.0.iter().map(|line| line.quantity).sum()
    }
}

/// A line as the page shows it.
struct Row<'a> {
    row: &'a CartRow,
    piece: Option<Piece<'a>>,
    /// Why it cannot be bought as it is.
    problem: Option<String>,
}

impl<'a> Row<'a> {
    fn new(row: &'a CartRow, t: Tongue) -> Self {
        let problem = match &row.piece {
            _ if row.can_be() => None,
            None => Some(t.cart_gone().to_owned()),
            Some(piece) => Some(match piece.ready {
                0 => t.sold_out().to_owned(),
                1 => t.left_one().to_owned(),
                left => t.left(left),
            }),
        };
        Self { row, piece: row.piece.as_ref().map(|piece| Piece::new(piece, t)), problem }
    }
}

#[derive(Template)]
#[template(path = "cart.html", config = "src/web/askama.toml")]
struct CartPage<'a> {
    t: &'a Reader,
    rows: Vec<Row<'a>>,
    /// Letters and names of all countries.
    all: Vec<(String, String)>,
    /// The one it goes to.
    countries: Vec<Country>,
    shipped: String,
    goods: Usd,
    /// What is collected of it for a tax authority.
    tax: Option<TaxView>,
    /// With shipping and tax, once it is known where it goes and every line can be bought.
    total: Option<Usd>,
    typed: &'a Typed,
    faults: &'a Faults,
    closed: Option<String>,
}

/// Where it goes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Whither {
    country: String,
}

fn front(web: &Web) -> Option<&Arc<dyn CartFront>> {
    web.cart.as_ref()
}

/// Shows the cart.
pub(crate) async fn show(
    State(web): State<Arc<Web>>, t: Reader, headers: HeaderMap,
    whither: Result<Query<Whither>, QueryRejection>,
) -> Result<Response, Refusal> {
    let country = whither.map(|Query(whither)| whither.country).unwrap_or_default();
    let typed = Typed { country, idempotency_key: piece::fresh_key()?, ..Typed::default() };
    draw(&web, &t, &Cart::of(&headers), &typed, &Faults::default()).await
}

async fn draw(
    web: &Web, t: &Reader, cart: &Cart, typed: &Typed, faults: &Faults,
) -> Result<Response, Refusal> {
    let mut all = web.front.countries();
    all.iter_mut().for_each(|(letters, name)| *name = t.country_name(letters, name));
    let country = typed.country.trim().to_ascii_uppercase();
    let chosen = all.iter().find(|(letters, _)| *letters == country).cloned();
    let rows = match front(web) {
        Some(front) => {
            let country = chosen.as_ref().map(|(letters, _)| letters.clone());
            front.price_cart(cart.0.clone(), country).await?
        }
        None => Vec::new(),
    };
    let goods = sum(rows.iter().map(|row| row.goods));
    let can_be = rows.iter().all(|row| row.can_be() && row.shipping.is_some());
    let shipping = sum(rows.iter().filter_map(|row| row.shipping));
    let tax = TaxView::all(rows.iter().filter_map(|row| row.tax)).filter(|_| can_be);
    let total = (can_be && chosen.is_some()).then(|| Sums::new(goods, shipping, tax).total);
    let shipped = match cart.pieces() {
        1 => t.one_piece().to_owned(),
        pieces => t.pieces_of(pieces),
    };
    let typed = Typed { country, ..typed.clone() };
    Ok(page::html(&CartPage {
        t,
        rows: rows.iter().map(|row| Row::new(row, t.tongue)).collect(),
        all,
        countries: chosen
            .into_iter()
            .map(|(letters, name)| Country { letters, name, shipping, tax })
            .collect(),
        shipped,
        goods,
        tax,
        total,
        typed: &typed,
        faults,
        closed: web.closed(t),
    }))
}

/// Where the cart stands, for a country that we ship to.
fn here(web: &Web, country: &str) -> String {
    let known = web.front.countries().into_iter().find(|(letters, _)| letters == country.trim());
    known.map_or_else(|| "/cart".to_owned(), |(letters, _)| format!("/cart?country={letters}"))
}

async fn again(
    web: &Web, t: &Reader, cart: &Cart, typed: &Typed, faults: &Faults,
) -> Result<Response, Refusal> {
    let t = &t.of_form(here(web, &typed.country));
    let mut response = draw(web, t, cart, typed, faults).await?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

/// Puts so many of a listing into the cart; none takes it out.
pub(crate) async fn change(
    State(web): State<Arc<Web>>, t: Reader, headers: HeaderMap, form: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(mut typed) = form?;
    if front(&web).is_none() || typed.code.len() > LONGEST_CODE {
        return Err(ShopError::NotFound.into());
    }
    let mut cart = Cart::of(&headers);
    let wrong = match typed.quantity.trim().parse() {
        Ok(quantity) if cart.put(&typed.code, quantity) => None,
        Ok(_) => Some(t.cart_full(MOST)),
        Err(_) => Some(t.bad_quantity().to_owned()),
    };
    if let Some(why) = wrong {
        typed.idempotency_key = piece::fresh_key()?;
        let faults = Faults { whole: Some(why), ..Faults::default() };
        return again(&web, &t, &cart, &typed, &faults).await;
    }
    Ok((cart.kept(&web), Redirect::to(&here(&web, &typed.country))).into_response())
}

/// Begins an order for each line and sends the browser to where all of them are paid. The cart is kept until
/// they are.
pub(crate) async fn place(
    State(web): State<Arc<Web>>, t: Reader, headers: HeaderMap, form: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(mut typed) = form?;
    let cart = Cart::of(&headers);
    let front = front(&web).ok_or(ShopError::NotFound)?;
    if cart.0.is_empty() {
        return Ok(Redirect::to("/cart").into_response());
    }
    // How many there are of each stands in the cart.
    typed.quantity = "1".to_owned();
    let checkout = match checkout::read(&typed, &*web.front, t.tongue) {
        Ok(checkout) => {
            let line = match &cart.0[..] {
                [one] => checkout::pay_line(&web, t.tongue, &one.code, one.quantity).await,
                lines => (t.tongue != Tongue::En).then(|| PayLine {
                    untaxed: t.pay_line_cart(lines.len()),
                    taxed: t.pay_line_cart_taxed(lines.len()),
                }),
            };
            CheckoutIn { shown: t.shown.clone(), line, ..checkout }
        }
        Err(faults) => {
            if faults.whole.is_some() {
                typed.idempotency_key = piece::fresh_key()?;
            }
            return again(&web, &t, &cart, &typed, &faults).await;
        }
    };
    let total = Usd::minor(typed.total.parse().unwrap_or(0));
    match front.checkout_cart(checkout, cart.0.clone(), total).await {
        Ok(out) => Ok(Redirect::to(&out.pay_url).into_response()),
        Err(error) => {
            let error = match error {
                ShopError::Left(_) | ShopError::Pieces { .. } | ShopError::Gone | ShopError::NotFound => {
                    changed(&t)
                }
                ShopError::Field { field: CHANGED, .. } => changed(&t),
                other => other,
            };
            let CannotPlace { faults, status, fresh } = checkout::explain(error, &FIELDS, &t)?;
            if fresh {
                typed.idempotency_key = piece::fresh_key()?;
            }
            let mut response = again(&web, &t, &cart, &typed, &faults).await?;
            *response.status_mut() = status;
            Ok(response)
        }
    }
}

fn changed(t: &Reader) -> ShopError {
    ShopError::Field { field: CHANGED, why: t.cart_changed().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cookie: &str) -> Cart {
        let headers = HeaderMap::from_iter([(header::COOKIE, cookie.parse().expect("a value"))]);
        Cart::of(&headers)
    }

    fn code(number: u64) -> String {
        SpokenCode::nth(CodeKind::Listing, number).to_string()
    }

    #[test]
    fn what_a_browser_brings_is_read_like_a_form() {
        let (one, other) = (code(7), code(9));
        let cart = of(&format!("lang=fr; cart={one}-2.{other}-1"));
        let line = |code: &str, quantity| CartLine { code: code.to_owned(), quantity };
        assert_eq!(cart.0, [line(&one, 2), line(&other, 1)]);
        assert_eq!(of(&format!("cart={one}-2.{one}-3")).0, [line(&one, 3)], "each once");
        assert_eq!(of(&format!("cart={one}-4000000")).0, [line(&one, MOST_OF_ONE)]);
        for nothing in ["", "cart=", "cart=.-.", "cart=12345678901234567890-1", "cart=10018-1", "cart=a-b.c"]
        {
            assert_eq!(of(nothing).0, [], "{nothing}");
        }
        for none in ["-1", "0", "x", "", "99999999999"] {
            assert_eq!(of(&format!("cart={one}-{none}")).0, [], "{none}");
        }
    }

    #[test]
    fn a_cart_has_an_end() {
        let mut cart = Cart::default();
        for number in 1..=MOST as u64 {
            assert!(cart.put(&code(number), 1));
        }
        assert!(!cart.put(&code(999), 1), "no room for another one");
        assert!(cart.put(&code(1), 5) && cart.0[0].quantity == 5, "what is there may change");
        assert!(cart.put(&code(2), 0) && cart.put(&code(999), 1) && cart.0.len() == MOST);
    }
}
