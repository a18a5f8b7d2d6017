//! Who may see the desk and who acts there: whoever has a key of her own or the desk's, as a bearer
//! token or once in a browser, which then keeps a cookie that expires and from which no key can be
//! learned.

use crate::{
    engine::{desk::Who, shopfront::ShopError},
    types::Timestamp,
    web::{
        error::{JsonRefusal, Refusal},
        page::Web,
        people::{DeskRole, Person},
    },
};
use axum::{
    Form,
    extract::{
        FromRequestParts, Query, Request, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::{HeaderMap, Method, header, request::Parts},
    middleware::Next,
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};

const COOKIE: &str = "sokoni_desk";
/// How long a browser may see the desk without the key: a working day.
const COOKIE_LASTS: Duration = Duration::from_secs(12 * 3600);

tokio::task_local! {
    /// Who looks, for the head of the desk's pages.
    static LOOKS: String;
}

/// Who looks at the page that is drawn now.
pub(in crate::web) fn who_looks() -> String {
    LOOKS.try_with(String::clone).unwrap_or_default()
}

/// The key as it is typed or stands in an address.
#[derive(Deserialize)]
pub(in crate::web) struct Given {
    key: SecretString,
}

/// Who is at the desk. A handler that changes something asks for this, says whose work it is with
/// [`Acting::as_any`], and hands the name on.
#[derive(Debug, Clone)]
pub(in crate::web) struct Acting(Person);

impl Acting {
    /// Her name, when one of these roles is hers. The first names the role in the refusal.
    pub(in crate::web) fn as_any(&self, roles: &[DeskRole]) -> Result<Who, Refusal> {
        let takes = roles.first().map_or("somebody else", |role| role.word());
        if self.0.is_any(roles) { Ok(self.0.who.clone()) } else { Err(Refusal::NotYours(takes)) }
    }
}

impl<S: Sync> FromRequestParts<S> for Acting {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Person>().cloned().map(Self).ok_or(Refusal::NoKey)
    }
}

/// Lets through whoever has a key; who only reads may only look. `/desk?key=` is answered with the
/// cookie and the plain address, so that the key does not stay in the address bar.
pub(in crate::web) async fn guard(
    State(web): State<Arc<Web>>, given: Result<Query<Given>, QueryRejection>, mut request: Request,
    next: Next,
) -> Response {
    let is_api = request.uri().path().starts_with("/desk/api/");
    let refuse = |refusal: Refusal| match is_api {
        true => JsonRefusal(refusal).into_response(),
        false => refusal.into_response(),
    };
    if web.people.is_empty() {
        return refuse(ShopError::NotFound.into());
    }
    web.people.refresh().await;
    if let (Ok(Query(given)), false) = (given, is_api) {
        return admit(&web, &given.key);
    }
    let headers = request.headers();
    let known = bearer(headers).and_then(|key| web.people.by_key(key));
    let Some(person) = known.or_else(|| by_cookie(&web, headers, web.clock.now())) else {
        return refuse(Refusal::NoKey);
    };
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    if !looks && !person.is_any(&DeskRole::ALL[1..]) {
        return refuse(Refusal::NotYours("liaison, operator or treasurer"));
    }
    let name = person.who.to_string();
    request.extensions_mut().insert(person);
    LOOKS.scope(name, next.run(request)).await
}

/// `POST /desk/key`: the key typed into the desk's own form.
pub(in crate::web) async fn enter(
    State(web): State<Arc<Web>>, form: Result<Form<Given>, FormRejection>,
) -> Result<Response, Refusal> {
    if web.people.is_empty() {
        return Err(ShopError::NotFound.into());
    }
    web.people.refresh().await;
    let Form(given) = form?;
    Ok(admit(&web, &given.key))
}

/// `POST /desk/leave`: the browser forgets who sat before it.
pub(in crate::web) async fn leave(State(web): State<Arc<Web>>) -> Response {
    let cookie = cookie(&web, "", Duration::ZERO);
    (AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::to("/desk")).into_response()
}

/// The cookie and the way to the desk, when the key is right.
fn admit(web: &Web, given: &SecretString) -> Response {
    let Some(person) = web.people.by_key(given.expose_secret()) else {
        tracing::warn!("the desk was asked for with a wrong key");
        return Refusal::NoKey.into_response();
    };
    let value = web.people.session(&person, web.clock.now().after(COOKIE_LASTS));
    let cookie = cookie(web, &value, COOKIE_LASTS);
    (AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::to("/desk")).into_response()
}

fn cookie(web: &Web, value: &str, lasts: Duration) -> String {
    let secure = if web.settings.is_https() { "; Secure" } else { "" };
    let lasts = lasts.as_secs();
    format!("{COOKIE}={value}; Path=/desk; Max-Age={lasts}; HttpOnly; SameSite=Strict{secure}")
}

/// `Authorization: Bearer KEY` (RFC 6750 section 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

fn by_cookie(web: &Web, headers: &HeaderMap, now: Timestamp) -> Option<Person> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).find_map(|pair| {
        let value = pair.trim().strip_prefix(COOKIE).and_then(|rest| rest.strip_prefix('='))?;
        web.people.by_session(value, now)
    })
}
