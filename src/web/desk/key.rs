//! Who may see the desk: whoever has its key, as a bearer token or once in a browser, which then
//! keeps a cookie that expires and from which the key cannot be learned.

use crate::{
    engine::shopfront::ShopError,
    types::Timestamp,
    web::{
        error::{JsonRefusal, Refusal},
        page::Web,
    },
};
use axum::{
    Form,
    extract::{
        Query, Request, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::{HeaderMap, header},
    middleware::Next,
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::{sync::Arc, time::Duration};
use subtle::ConstantTimeEq;

const COOKIE: &str = "sokoni_desk";
/// How long a browser may see the desk without the key: a working day.
const COOKIE_LASTS: Duration = Duration::from_secs(12 * 3600);

/// The key as it is typed or stands in an address.
#[derive(Deserialize)]
pub(crate) struct Given {
    key: SecretString,
}

/// Lets through whoever has the key. `/desk?key=` is answered with the cookie and the plain
/// address, so that the key does not stay in the address bar.
pub(crate) async fn guard(
    State(web): State<Arc<Web>>, given: Result<Query<Given>, QueryRejection>, request: Request, next: Next,
) -> Response {
    let is_api = request.uri().path().starts_with("/desk/api/");
    let refuse = |refusal: Refusal| match is_api {
        true => JsonRefusal(refusal).into_response(),
        false => refusal.into_response(),
    };
    let Some(key) = &web.settings.desk_key else {
        return refuse(ShopError::NotFound.into());
    };
    match given {
        Ok(Query(given)) if !is_api => admit(&web, key, &given.key),
        _ if has_bearer(request.headers(), key) || has_cookie(request.headers(), key, web.clock.now()) => {
            next.run(request).await
        }
        _ => refuse(Refusal::NoKey),
    }
}

/// `POST /desk/key`: the key typed into the desk's own form.
pub(crate) async fn enter(
    State(web): State<Arc<Web>>, form: Result<Form<Given>, FormRejection>,
) -> Result<Response, Refusal> {
    let key = web.settings.desk_key.as_ref().ok_or(ShopError::NotFound)?;
    let Form(given) = form?;
    Ok(admit(&web, key, &given.key))
}

/// The cookie and the way to the desk, when the key is right.
fn admit(web: &Web, key: &SecretString, given: &SecretString) -> Response {
    if !same(key, given.expose_secret().trim()) {
        tracing::warn!("the desk was asked for with a wrong key");
        return Refusal::NoKey.into_response();
    }
    let secure = if web.settings.is_https() { "; Secure" } else { "" };
    let value = cookie_value(key, web.clock.now().after(COOKIE_LASTS));
    let cookie = format!(
        "{COOKIE}={value}; Path=/desk; Max-Age={}; HttpOnly; SameSite=Strict{secure}",
        COOKIE_LASTS.as_secs()
    );
    (AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::to("/desk")).into_response()
}

/// Compares digests, so that neither the key's length nor its beginning shows in the time taken.
fn same(key: &SecretString, given: &str) -> bool {
    let digest = |text: &str| Sha256::digest(text.as_bytes());
    digest(key.expose_secret()).as_slice().ct_eq(digest(given).as_slice()).into()
}

/// `Authorization: Bearer KEY` (RFC 6750 section 2.1).
fn has_bearer(headers: &HeaderMap, key: &SecretString) -> bool {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.split_once(' '));
    token.is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && same(key, token.trim()))
}

/// The moment it expires, and a MAC over that moment under the key.
fn cookie_value(key: &SecretString, expires: Timestamp) -> String {
    let millis = expires.millis();
    let mut mac = <Hmac<Sha256>>::new_from_slice(key.expose_secret().as_bytes())
        .expect("an HMAC takes a key of any length");
    mac.update(format!("sokoni desk cookie, until {millis}").as_bytes());
    let mac: String = mac.finalize().into_bytes().iter().map(|octet| format!("{octet:02x}")).collect();
    format!("{millis}.{mac}")
}

fn has_cookie(headers: &HeaderMap, key: &SecretString, now: Timestamp) -> bool {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).any(|pair| {
        let value = pair.trim().strip_prefix(COOKIE).and_then(|rest| rest.strip_prefix('='));
        let Some((value, millis)) = value.and_then(|v| Some((v, v.split_once('.')?.0.parse().ok()?))) else {
            return false;
        };
        let expires = Timestamp::from_millis(millis);
        let right: bool = cookie_value(key, expires).as_bytes().ct_eq(value.as_bytes()).into();
        right && now < expires
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_cookie_expires_and_cannot_be_stretched() {
        let key = SecretString::from("0123456789abcdef0123".to_owned());
        let noon = Timestamp::from_millis(1_000_000);
        let value = cookie_value(&key, noon);
        let carried = |value: &str, now: i64| {
            let mut headers = HeaderMap::new();
            let line = format!("a=b; {COOKIE}={value}");
            headers.insert(header::COOKIE, HeaderValue::from_str(&line).expect("a header"));
            has_cookie(&headers, &key, Timestamp::from_millis(now))
        };
        assert!(carried(&value, 999_999));
        assert!(!carried(&value, 1_000_000));
        assert!(!carried(&value.replacen("1000000", "9000000", 1), 999_999));
        assert!(!carried("", 0) && !carried("1000000", 0) && !carried("x.y", 0));
        assert!(!value.contains("0123456789abcdef0123"));
    }
}
