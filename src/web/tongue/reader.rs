//! Who reads a page: her language, by the address, by what she chose before, or by what her browser asks
//! for.

use super::Tongue;
use crate::{
    engine::shopfront::Shown,
    types::Usd,
    web::{error::Refusal, page::Web, rates::Rates},
};
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, Method, Uri, header, request::Parts},
    middleware::Next,
    response::Response,
};
use std::{borrow::Borrow, convert::Infallible, ops::Deref, sync::Arc};

/// The cookie that keeps a choice, and the word of an address that makes one.
const LANG: &str = "lang";
/// The same for a currency.
const CURRENCY: &str = "currency";
/// What is charged.
const CHARGED: &str = "USD";
/// How long a choice is kept, in seconds.
const YEAR: u32 = 31_536_000;

/// Who reads a page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::web) struct Reader {
    /// Her language.
    pub(in crate::web) tongue: Tongue,
    /// Where the page can be asked for, without what chooses a language or a currency.
    here: String,
    /// What she is shown sums in, beside the dollars that she is charged.
    pub(in crate::web) shown: Option<Shown>,
    /// The currencies that she can choose.
    pub(in crate::web) currencies: Vec<String>,
}

impl Deref for Reader {
    type Target = Tongue;

    fn deref(&self) -> &Tongue {
        &self.tongue
    }
}

/// The value of a pair in a query.
fn of_query<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The value of a cookie.
pub(in crate::web) fn of_cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The language that a browser would rather have (RFC 9110 section 12.5.4).
fn of_browser(headers: &HeaderMap) -> Option<Tongue> {
    let asked = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let weigh = |part: &str| {
        let (tag, weight) = part.split_once(";q=").unwrap_or((part, "1"));
        let weight: f32 = weight.trim().parse().ok().filter(|weight| *weight > 0.0)?;
        Some((Tongue::of(tag.trim())?, weight))
    };
    let mut best: Option<(Tongue, f32)> = None;
    for (tongue, weight) in asked.split(',').filter_map(weigh) {
        // Of two with one weight the first is meant.
        if best.is_none_or(|(_, most)| weight > most) {
            best = Some((tongue, weight));
        }
    }
    best.map(|(tongue, _)| tongue)
}

/// An address without the pair that chooses a language.
fn without_choice(uri: &Uri) -> String {
    let kept: Vec<&str> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty() && !matches!(pair.split('=').next(), Some(LANG | CURRENCY)))
        .collect();
    // Two slashes at its beginning would name another host.
    let path = format!("/{}", uri.path().trim_start_matches(['/', '\\']));
    if kept.is_empty() { path } else { format!("{path}?{}", kept.join("&")) }
}

/// Where a form's answer leads that nobody says more about: an order's own page, or the shop.
fn behind_form(uri: &Uri) -> String {
    let mut parts = uri.path().trim_start_matches(['/', '\\']).split('/');
    match (parts.next(), parts.next()) {
        (Some(kind @ ("order" | "bulk")), Some(token)) => format!("/{kind}/{token}"),
        _ => "/".to_owned(),
    }
}

impl Reader {
    fn of(uri: &Uri, headers: &HeaderMap, rates: &Rates) -> Self {
        let chosen = of_query(uri, LANG).and_then(Tongue::of);
        let kept = || of_cookie(headers, LANG).and_then(Tongue::of);
        let tongue = chosen.or_else(kept).or_else(|| of_browser(headers)).unwrap_or_default();
        let money = of_query(uri, CURRENCY).or_else(|| of_cookie(headers, CURRENCY));
        let shown = money.and_then(|letters| rates.of(letters)).cloned();
        Self { tongue, here: without_choice(uri), shown, currencies: rates.currencies() }
    }

    /// The same reader of an answer to a form whose own page stands here.
    pub(in crate::web) fn of_form(&self, here: String) -> Self {
        Self { here, ..self.clone() }
    }

    /// The same page in another language.
    pub(in crate::web) fn here_in(&self, tongue: impl Borrow<Tongue>) -> String {
        let join = if self.here.contains('?') { '&' } else { '?' };
        format!("{}{join}{LANG}={}", self.here, tongue.borrow().letters())
    }

    /// The same page with sums in another currency, too.
    pub(in crate::web) fn here_with(&self, letters: &str) -> String {
        let join = if self.here.contains('?') { '&' } else { '?' };
        format!("{}{join}{CURRENCY}={letters}", self.here)
    }

    /// The currencies that she is not shown sums in now.
    pub(in crate::web) fn other_currencies(&self) -> Vec<&str> {
        let now = self.shown.as_ref().map_or(CHARGED, |shown| shown.currency.as_str());
        let all = std::iter::once(CHARGED).chain(self.currencies.iter().map(String::as_str));
        if self.currencies.is_empty() { Vec::new() } else { all.filter(|letters| *letters != now).collect() }
    }

    /// What a price is about in her currency.
    pub(in crate::web) fn about(&self, price: &Usd) -> Option<String> {
        self.shown.as_ref().map(|shown| self.about_sum(self.sum_in(shown, *price)))
    }

    /// The languages that she does not read now.
    pub(in crate::web) fn others(&self) -> impl Iterator<Item = Tongue> {
        Tongue::ALL.into_iter().filter(move |tongue| *tongue != self.tongue)
    }
}

impl FromRequestParts<Arc<Web>> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Infallible> {
        let reader = Self::of(&parts.uri, &parts.headers, &web.settings.rates);
        Ok(match parts.method {
            Method::GET | Method::HEAD => reader,
            _ => reader.of_form(behind_form(&parts.uri)),
        })
    }
}

/// Keeps the language that the address of a page chose, says a refusal in it, and tells those between what
/// an answer depends on.
pub(in crate::web) async fn speak(
    State(web): State<Arc<Web>>, reader: Reader, request: Request, next: Next,
) -> Response {
    let chosen = of_query(request.uri(), LANG).and_then(Tongue::of);
    let money = of_query(request.uri(), CURRENCY).map(str::to_owned);
    let money = money.filter(|letters| letters == CHARGED || web.settings.rates.of(letters).is_some());
    let of_form = !matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = next.run(request).await;
    if (of_form || reader.tongue != Tongue::En)
        && let Some(refusal) = response.extensions().get::<Refusal>().cloned()
    {
        response = refusal.respond(&reader);
    }
    let headers = response.headers_mut();
    let secure = if web.settings.is_https() { "; Secure" } else { "" };
    // Only whoever reads a page has chosen: what a page loads by itself, and files for all, choose nothing.
    let is_page =
        headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if !is_page {
        return response;
    }
    let choices = [(LANG, chosen.map(|tongue| tongue.letters().to_owned())), (CURRENCY, money)];
    for (name, choice) in choices.into_iter().filter_map(|(name, choice)| Some((name, choice?))) {
        let cookie = format!("{name}={choice}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Lax{secure}");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    headers.append(header::VARY, HeaderValue::from_static("accept-language, cookie"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(address: &str, headers: &[(header::HeaderName, &str)]) -> Reader {
        let value = |text: &str| HeaderValue::from_str(text).expect("a value");
        let headers = headers.iter().map(|(name, text)| (name.clone(), value(text))).collect();
        let rates = Rates::parse("day = \"2026-11-20\"\n[per_dollar]\nEUR = \"0.9215\"").expect("rates");
        Reader::of(&address.parse().expect("an address"), &headers, &rates)
    }

    #[test]
    fn the_address_is_heard_before_the_cookie_and_the_cookie_before_the_browser() {
        let browser = (header::ACCEPT_LANGUAGE, "de, fr;q=0.8, en;q=0.7");
        let cookie = (header::COOKIE, "a=b; lang=en");
        assert_eq!(reads("/", &[]).tongue, Tongue::En);
        assert_eq!(reads("/", std::slice::from_ref(&browser)).tongue, Tongue::Fr);
        assert_eq!(reads("/", &[browser.clone(), cookie.clone()]).tongue, Tongue::En);
        assert_eq!(reads("/?lang=fr", &[cookie]).tongue, Tongue::Fr);
        assert_eq!(reads("/?lang=xx", &[browser]).tongue, Tongue::Fr);
        assert_eq!(reads("/", &[(header::ACCEPT_LANGUAGE, "fr;q=0, *")]).tongue, Tongue::En);
        assert_eq!(reads("/", &[(header::ACCEPT_LANGUAGE, "fr-CA,en")]).tongue, Tongue::Fr);
    }

    #[test]
    fn a_price_is_about_so_much_in_the_currency_that_was_chosen() {
        let price = Usd::minor(1_082);
        assert_eq!(reads("/", &[]).about(&price), None);
        assert_eq!(reads("/?currency=EUR", &[]).about(&price).as_deref(), Some("about €9.97"));
        let french = reads("/?lang=fr", &[(header::COOKIE, "currency=EUR")]);
        assert_eq!(french.about(&price).as_deref(), Some("environ 9,97\u{a0}€"));
        assert_eq!(french.other_currencies(), ["USD"]);
        assert_eq!(reads("/?currency=ZZZ", &[]).other_currencies(), ["EUR"]);
        assert_eq!(french.here_with("USD"), "/?currency=USD");
    }

    #[test]
    fn the_same_page_in_another_language_keeps_what_is_looked_for() {
        let reader = reads("/?kind=ring&lang=en&q=a", &[]);
        assert_eq!(reader.here, "/?kind=ring&q=a");
        assert_eq!(reader.here_in(Tongue::Fr), "/?kind=ring&q=a&lang=fr");
        assert_eq!(reads("/piece/10019?lang=fr", &[]).here_in(Tongue::En), "/piece/10019?lang=en");
    }
}
