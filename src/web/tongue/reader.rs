//! Who reads a page: her language, by the address, by what she chose before, or by what her browser asks
//! for.

use super::Tongue;
use crate::web::{error::Refusal, page::Web};
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, Uri, header, request::Parts},
    middleware::Next,
    response::Response,
};
use std::{borrow::Borrow, convert::Infallible, ops::Deref, sync::Arc};

/// The cookie that keeps a choice, and the word of an address that makes one.
const LANG: &str = "lang";
/// How long a choice is kept, in seconds.
const YEAR: u32 = 31_536_000;

/// Who reads a page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::web) struct Reader {
    /// Her language.
    pub(in crate::web) tongue: Tongue,
    /// The page's own address, without what chooses a language.
    pub(in crate::web) here: String,
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
fn of_cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
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
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(LANG))
        .collect();
    let path = uri.path();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

impl Reader {
    fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let chosen = of_query(uri, LANG).and_then(Tongue::of);
        let kept = || of_cookie(headers, LANG).and_then(Tongue::of);
        let tongue = chosen.or_else(kept).or_else(|| of_browser(headers)).unwrap_or_default();
        Self { tongue, here: without_choice(uri) }
    }

    /// The same page in another language.
    pub(in crate::web) fn here_in(&self, tongue: impl Borrow<Tongue>) -> String {
        let join = if self.here.contains('?') { '&' } else { '?' };
        format!("{}{join}{LANG}={}", self.here, tongue.borrow().letters())
    }

    /// The languages that she does not read now.
    pub(in crate::web) fn others(&self) -> impl Iterator<Item = Tongue> {
        Tongue::ALL.into_iter().filter(move |tongue| *tongue != self.tongue)
    }
}

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.uri, &parts.headers))
    }
}

/// Keeps the language that an address chose, says a refusal in it, and tells those between what an answer
/// depends on.
pub(in crate::web) async fn speak(
    State(web): State<Arc<Web>>, reader: Reader, request: Request, next: Next,
) -> Response {
    let chosen = of_query(request.uri(), LANG).and_then(Tongue::of);
    let mut response = next.run(request).await;
    if reader.tongue != Tongue::En
        && let Some(refusal) = response.extensions().get::<Refusal>().cloned()
    {
        response = refusal.respond(&reader);
    }
    let headers = response.headers_mut();
    if let Some(tongue) = chosen {
        let secure = if web.settings.is_https() { "; Secure" } else { "" };
        let cookie =
            format!("{LANG}={}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Lax{secure}", tongue.letters());
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    let is_page =
        headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page {
        headers.append(header::VARY, HeaderValue::from_static("accept-language, cookie"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(address: &str, headers: &[(header::HeaderName, &str)]) -> Reader {
        let value = |text: &str| HeaderValue::from_str(text).expect("a value");
        let headers = headers.iter().map(|(name, text)| (name.clone(), value(text))).collect();
        Reader::of(&address.parse().expect("an address"), &headers)
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
    fn the_same_page_in_another_language_keeps_what_is_looked_for() {
        let reader = reads("/?kind=ring&lang=en&q=a", &[]);
        assert_eq!(reader.here, "/?kind=ring&q=a");
        assert_eq!(reader.here_in(Tongue::Fr), "/?kind=ring&q=a&lang=fr");
        assert_eq!(reads("/piece/10019?lang=fr", &[]).here_in(Tongue::En), "/piece/10019?lang=en");
    }
}
