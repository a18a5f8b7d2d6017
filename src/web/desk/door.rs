//! Who may see the desk and who acts there. A browser signs in by name, password and code and keeps a
//! cookie from which nothing can be learned; a program brings a key with each request. Whether a key
//! alone opens a browser too is in the configuration.

use crate::{
    engine::{
        desk::{
            Who,
            door::{No, Whence},
        },
        shopfront::ShopError,
    },
    web::{
        error::{JsonRefusal, Refusal},
        page::{self, Web},
        people::{DeskRole, Person},
        wording,
    },
    wire::address,
};
use askama::Template;
use axum::{
    Form,
    extract::{
        ConnectInfo, FromRequestParts, Query, Request, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};
use zeroize::Zeroizing;

const COOKIE: &str = "sokoni_desk";
/// How long a browser keeps the cookie; the store ends sessions sooner.
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

/// What is typed by somebody who signs in.
#[derive(Deserialize)]
pub(in crate::web) struct Typed {
    name: String,
    password: SecretString,
    code: SecretString,
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

    /// Her name, for what everybody does.
    pub(in crate::web) fn who(&self) -> &Who {
        &self.0.who
    }
}

impl<S: Sync> FromRequestParts<S> for Acting {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Person>().cloned().map(Self).ok_or(Refusal::NoKey)
    }
}

/// From where a request comes.
pub(in crate::web) struct From(pub(in crate::web) Whence);

impl FromRequestParts<Arc<Web>> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Infallible> {
        Ok(Self(whence(web, &parts.extensions, &parts.headers)))
    }
}

fn whence(web: &Web, extensions: &axum::http::Extensions, headers: &HeaderMap) -> Whence {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    Whence { address: address::caller(peer, headers, &web.proxies), device: wording::device(agent) }
}

/// Where somebody signs in.
#[derive(Template)]
#[template(path = "desk_sign_in.html", config = "src/web/askama.toml")]
struct SignIn<'a> {
    complaint: String,
    name: &'a str,
    /// Somebody may sign in by a password: there is a file of people.
    by_password: bool,
    by_key: bool,
}

/// The page for signing in, with what is wrong, if something is.
fn sign_in_page(web: &Web, name: &str, no: Option<&No>) -> Response {
    let complaint = match no {
        None => String::new(),
        Some(No::Wait(wait)) => {
            format!("There were too many tries. Please try again in {}.", wording::wait(*wait))
        }
        Some(No::Fault) => "Something broke on our side. Please try again in a minute.".to_owned(),
        Some(_) => "Name, password or code is wrong.".to_owned(),
    };
    let by_password = web.settings.desk_people_file.is_some();
    let by_key = web.settings.key_opens_browser();
    let mut response = page::html(&SignIn { complaint, name, by_password, by_key });
    let headers = response.headers_mut();
    let status = match no {
        Some(No::Wait(wait)) => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1));
            StatusCode::TOO_MANY_REQUESTS
        }
        Some(No::Fault) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"desk\""));
            StatusCode::UNAUTHORIZED
        }
    };
    *response.status_mut() = status;
    response
}

/// Lets through whoever has a session or a key; who only reads may only look. `/desk?key=` is answered
/// with the cookie and the plain address, so that the key does not stay in the address bar.
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
    let from = whence(&web, request.extensions(), request.headers());
    if let (Ok(Query(given)), false) = (given, is_api) {
        return admit(&web, &given.key, &from).await;
    }
    let headers = request.headers();
    // A page that keeps itself fresh is no sign that somebody sits before it.
    let uses = !request.uri().path().ends_with("/live");
    let person = match bearer(headers).and_then(|key| web.people.by_key(key)) {
        Some(person) => Some(person),
        None => match by_cookie(&web, headers, uses).await {
            Ok(person) => person,
            Err(_) => return refuse(ShopError::Fault.into()),
        },
    };
    let Some(mut person) = person else {
        if !web.knocks.take(from.address, web.clock.now()) {
            return refuse(Refusal::TooOften);
        }
        return if is_api { refuse(Refusal::NoKey) } else { sign_in_page(&web, "", None) };
    };
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    let own = request.uri().path() == "/desk/sessions";
    if !looks && !own && !person.is_any(&DeskRole::ALL[1..]) {
        return refuse(Refusal::NotYours("liaison, operator or treasurer"));
    }
    let name = person.who.to_string();
    person.who = person.who.at(&from.words());
    request.extensions_mut().insert(person);
    LOOKS.scope(name, next.run(request)).await
}

/// `GET /desk/sign-in`: the page for it, also for somebody whose browser knows her already.
pub(in crate::web) async fn ask(State(web): State<Arc<Web>>) -> Response {
    if web.people.is_empty() {
        return Refusal::Shop(ShopError::NotFound).into_response();
    }
    let mut page = sign_in_page(&web, "", None);
    *page.status_mut() = StatusCode::OK;
    page.headers_mut().remove(header::WWW_AUTHENTICATE);
    page
}

/// Before anybody is let in: there is a desk, its callers are not too many, and its file of people is read.
pub(super) async fn knocked(web: &Web, from: &Whence) -> Result<(), Refusal> {
    if web.people.is_empty() {
        return Err(ShopError::NotFound.into());
    }
    if !web.knocks.take(from.address, web.clock.now()) {
        return Err(Refusal::TooOften);
    }
    web.people.refresh().await;
    Ok(())
}

/// `POST /desk/sign-in`: name, password and code.
pub(in crate::web) async fn sign_in(
    State(web): State<Arc<Web>>, From(from): From, form: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Refusal> {
    knocked(&web, &from).await?;
    let Form(Typed { name, password, code }) = form?;
    let member = web.people.by_name(&name).map(|person| person.member());
    let password = Zeroizing::new(password.expose_secret().to_owned());
    let tried = web.door.sign_in(member.as_ref(), &name, password, code.expose_secret(), &from).await;
    Ok(match tried {
        Ok(token) => let_in(&web, &token),
        Err(no) => sign_in_page(&web, &name, Some(&no)),
    })
}

/// `POST /desk/key`: a key typed into the desk's own form.
pub(in crate::web) async fn enter(
    State(web): State<Arc<Web>>, From(from): From, form: Result<Form<Given>, FormRejection>,
) -> Result<Response, Refusal> {
    if web.people.is_empty() {
        return Err(ShopError::NotFound.into());
    }
    web.people.refresh().await;
    let Form(given) = form?;
    Ok(admit(&web, &given.key, &from).await)
}

/// `POST /desk/leave`: the session ends, and the browser forgets who sat before it.
pub(in crate::web) async fn leave(
    State(web): State<Arc<Web>>, From(from): From, headers: HeaderMap,
) -> Response {
    for token in tokens(&headers) {
        if let Ok(Some(visit)) = web.door.visit(token, false).await {
            let by = Who::new(visit.name).at(&from.words());
            let ids = [crate::engine::desk::door::Door::id(token)];
            if let Err(why) = web.door.end(&ids, &by, "signs out").await {
                tracing::warn!(?why, "a session could not be ended");
            }
        }
    }
    let cookie = cookie(&web, "", Duration::ZERO);
    (AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::to("/desk")).into_response()
}

/// The cookie and the way to the desk, when the key is right and keys open browsers.
async fn admit(web: &Web, given: &SecretString, from: &Whence) -> Response {
    if !web.knocks.take(from.address, web.clock.now()) {
        return Refusal::TooOften.into_response();
    }
    let tried = async {
        web.door.take_try(None, from).await?;
        let opens = web.settings.key_opens_browser();
        match web.people.by_key(given.expose_secret()).filter(|_| opens) {
            Some(person) => web.door.admit(&person.member(), from).await,
            None => {
                tracing::warn!("the desk was asked for with a wrong key");
                web.door.refused(None, "is refused: key", from).await?;
                Err(No::Wrong)
            }
        }
    };
    match tried.await {
        Ok(token) => let_in(web, &token),
        Err(No::Wrong) => sign_in_page(web, "", None),
        Err(no) => sign_in_page(web, "", Some(&no)),
    }
}

/// The way to the desk, with the cookie of a session.
pub(in crate::web) fn let_in(web: &Web, token: &str) -> Response {
    let cookie = cookie(web, token, COOKIE_LASTS);
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

/// What a browser sends in the place of who it is.
pub(in crate::web) fn tokens(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';'));
    let named = pairs.filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    named.filter(|token| token.len() == 64)
}

/// Whose session it is. One of somebody who is gone, or is not what she was, is over for good.
async fn by_cookie(web: &Web, headers: &HeaderMap, uses: bool) -> Result<Option<Person>, No> {
    for token in tokens(headers) {
        let Some(visit) = web.door.visit(token, uses).await? else { continue };
        match web.people.by_mark(&visit.name, &visit.mark) {
            Some(person) => return Ok(Some(person)),
            None => {
                let ids = [crate::engine::desk::door::Door::id(token)];
                let why =
                    "is signed out, since she was removed, invited anew, or has other roles or another key";
                web.door.end(&ids, &Who::new(visit.name), why).await?;
            }
        }
    }
    Ok(None)
}
