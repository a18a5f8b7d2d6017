//! Who may see the desk and who acts there. A browser signs in by name, password and code and keeps a
//! cookie from which nothing can be learned; a program brings a key with each request. Whether a key
//! alone opens a browser too is in the configuration.

use crate::{
    engine::{
        desk::{
            Who,
            door::{Door, KNOWN, Member, No, Whence},
        },
        shopfront::ShopError,
    },
    web::{
        desk::{knocks::Knock, sheets::read_as_json},
        error::{JsonRefusal, Refusal},
        guard::comes_from_us,
        page::{self, Web},
        people::{DeskRole, Person},
        wording,
    },
    wire::address,
};
use askama::Template;
use axum::{
    Form,
    body::Body,
    extract::{
        ConnectInfo, FromRequestParts, Query, Request, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use futures_util::StreamExt;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};
use zeroize::Zeroizing;

const COOKIE: &str = "sokoni_desk";
/// Where a browser keeps who signed in there before.
const KNOWN_COOKIE: &str = "sokoni_desk_known";
/// The most cookies of a name that are looked at: a browser has one.
const MOST_COOKIES: usize = 2;
/// How long a browser keeps the cookie; the store ends sessions sooner.
const COOKIE_LASTS: Duration = Duration::from_secs(12 * 3600);
/// How often it is looked at whether a page that keeps itself fresh may go on.
const LOOKED_AT: Duration = Duration::from_secs(2);

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
    let known = cookies(headers, KNOWN_COOKIE).next().unwrap_or_default().to_owned();
    Whence { address: address::caller(peer, headers, &web.proxies), device: wording::device(agent), known }
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

/// By what somebody was let in, for what goes on after the request.
struct Still {
    token: Option<String>,
    member: Member,
}

impl Still {
    /// Whether she would still be let in by it.
    async fn holds(&self, web: &Web) -> bool {
        refresh(web).await;
        let Member { name, mark, .. } = &self.member;
        let lasts = match &self.token {
            Some(token) => matches!(web.door.visit(token, false).await, Ok(Some(_))),
            None => true,
        };
        lasts && web.people.by_mark(name, mark).is_some()
    }
}

/// A page that keeps itself fresh ends soon after whoever opened it would not be let in any more.
fn while_it_holds(web: Arc<Web>, still: Still, answer: Response) -> Response {
    let kind = answer.headers().get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| !kind.as_bytes().starts_with(b"text/event-stream")) {
        return answer;
    }
    let over = async move {
        while still.holds(&web).await {
            tokio::time::sleep(LOOKED_AT).await;
        }
    };
    answer.map(|body| Body::from_stream(body.into_data_stream().take_until(Box::pin(over))))
}

/// Reads the file of people again when it has changed, and has the journal told what is new in it.
async fn refresh(web: &Web) {
    let Some((roll, by)) = web.people.refresh().await else { return };
    if let Err(why) = web.door.call_roll(&roll, &by).await {
        tracing::warn!(?why, "who works at the desk could not be kept");
    }
}

/// Whose key this is. Wrong ones are counted where they come from, before any is looked at.
async fn by_key(web: &Web, key: &str, from: &Whence) -> Result<Option<Person>, Refusal> {
    let now = web.clock.now();
    if !web.wrong_keys.may(from.address, now) {
        return Err(Refusal::TooOften);
    }
    if let Some(person) = web.people.by_key(key) {
        return Ok(Some(person));
    }
    tracing::warn!("the desk was asked for with a wrong key");
    let what = match web.wrong_keys.knock(from.address, now) {
        Knock::First => "is refused: key",
        Knock::Last => "is refused: many keys",
        Knock::Again | Knock::TooMany => return Ok(None),
    };
    if web.door.refused(None, what, from).await.is_err() {
        return Err(ShopError::Fault.into());
    }
    if what.contains("many") {
        let from = from.words();
        tracing::error!(from, "ALARM: many tries to sign in at the desk have failed");
    }
    Ok(None)
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
    refresh(&web).await;
    let from = whence(&web, request.extensions(), request.headers());
    let headers = request.headers();
    if let (Ok(Query(given)), false) = (given, is_api) {
        // What another site's page makes a browser ask for costs nobody anything.
        if !comes_from_us(headers, &web.settings.public_url) {
            return sign_in_page(&web, "", None);
        }
        return match by_key(&web, given.key.expose_secret(), &from).await {
            Ok(person) => open_by_key(&web, person, &from).await,
            Err(refusal) => refuse(refusal),
        };
    }
    // A page that keeps itself fresh is no sign that somebody sits before it.
    let uses = !request.uri().path().ends_with("/live");
    let with_key = match bearer(headers) {
        Some(key) => match by_key(&web, key, &from).await {
            Ok(person) => person.map(|person| (person, None)),
            Err(refusal) => return refuse(refusal),
        },
        None => None,
    };
    let found = match with_key {
        Some(found) => Some(found),
        None => match by_cookie(&web, headers, uses).await {
            Ok(found) => found.map(|(person, token)| (person, Some(token))),
            Err(_) => return refuse(ShopError::Fault.into()),
        },
    };
    let Some((mut person, token)) = found else {
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
    let still = Still { token, member: person.member() };
    person.who = person.who.at(&from.words());
    if looks && let Err(why) = read_as_json(&web, &person.who, request.uri().path()).await {
        return refuse(why.into());
    }
    request.extensions_mut().insert(person);
    while_it_holds(web, still, LOOKS.scope(name, next.run(request)).await)
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
    refresh(web).await;
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
    Ok(match (tried, member) {
        (Ok(token), Some(member)) => known_here(&web, &member, &from, let_in(&web, &token)),
        (Ok(token), None) => let_in(&web, &token),
        (Err(no), _) => sign_in_page(&web, &name, Some(&no)),
    })
}

/// `POST /desk/key`: a key typed into the desk's own form.
pub(in crate::web) async fn enter(
    State(web): State<Arc<Web>>, From(from): From, form: Result<Form<Given>, FormRejection>,
) -> Result<Response, Refusal> {
    if web.people.is_empty() {
        return Err(ShopError::NotFound.into());
    }
    refresh(&web).await;
    let Form(given) = form?;
    Ok(admit(&web, &given.key, &from).await)
}

/// `POST /desk/leave`: the session ends, and the browser forgets who sat before it.
pub(in crate::web) async fn leave(
    State(web): State<Arc<Web>>, From(from): From, headers: HeaderMap,
) -> Result<Response, Refusal> {
    let mut left = false;
    for token in tokens(&headers) {
        if let Ok(Some(visit)) = web.door.visit(token, false).await {
            let by = Who::new(visit.name).at(&from.words());
            let ids = [Door::id(token)];
            if let Err(why) = web.door.end(&ids, &by, "signs out").await {
                tracing::warn!(?why, "a session could not be ended");
            }
            left = true;
        }
    }
    if !left && !web.knocks.take(from.address, web.clock.now()) {
        return Err(Refusal::TooOften);
    }
    let cookie = cookie(&web, COOKIE, "", Duration::ZERO);
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::to("/desk")).into_response())
}

/// The cookie and the way to the desk, when the key that was typed is right and keys open browsers.
async fn admit(web: &Web, given: &SecretString, from: &Whence) -> Response {
    if !web.knocks.take(from.address, web.clock.now()) {
        return Refusal::TooOften.into_response();
    }
    if let Err(no) = web.door.take_try(from).await {
        return sign_in_page(web, "", Some(&no));
    }
    match web.people.by_key(given.expose_secret()) {
        Some(person) => {
            web.door.give_try_back(from).await;
            open_by_key(web, Some(person), from).await
        }
        None => {
            tracing::warn!("the desk was asked for with a wrong key");
            match web.door.refused(None, "is refused: key", from).await {
                Ok(()) => sign_in_page(web, "", None),
                Err(no) => sign_in_page(web, "", Some(&no)),
            }
        }
    }
}

/// The way to the desk for somebody with a key, where keys open browsers.
async fn open_by_key(web: &Web, person: Option<Person>, from: &Whence) -> Response {
    let Some(person) = person.filter(|_| web.settings.key_opens_browser()) else {
        return sign_in_page(web, "", None);
    };
    match web.door.admit(&person.member(), from).await {
        Ok(token) => let_in(web, &token),
        Err(no) => sign_in_page(web, "", Some(&no)),
    }
}

/// The way to the desk, with the cookie of a session.
fn let_in(web: &Web, token: &str) -> Response {
    let cookie = cookie(web, COOKIE, token, COOKIE_LASTS);
    (AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::to("/desk")).into_response()
}

/// The same answer, and this browser knows her from now on.
pub(super) fn known_here(web: &Web, member: &Member, from: &Whence, mut answer: Response) -> Response {
    if let Ok(Some(known)) = web.door.known(member, from)
        && let Ok(cookie) = HeaderValue::from_str(&cookie(web, KNOWN_COOKIE, &known, KNOWN))
    {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

fn cookie(web: &Web, name: &str, value: &str, lasts: Duration) -> String {
    let secure = if web.settings.is_https() { "; Secure" } else { "" };
    let lasts = lasts.as_secs();
    format!("{name}={value}; Path=/desk; Max-Age={lasts}; HttpOnly; SameSite=Strict{secure}")
}

/// `Authorization: Bearer KEY` (RFC 6750 section 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// The first cookies of a name.
fn cookies<'h>(headers: &'h HeaderMap, name: &'static str) -> impl Iterator<Item = &'h str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';'));
    let named = pairs.filter_map(move |pair| pair.trim().strip_prefix(name)?.strip_prefix('='));
    named.take(MOST_COOKIES)
}

/// What a browser sends in the place of who it is.
pub(in crate::web) fn tokens(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    cookies(headers, COOKIE).filter(|token| token.len() == 64)
}

/// Whose session it is. One of somebody who is gone, or is not what she was, is over for good.
async fn by_cookie(web: &Web, headers: &HeaderMap, uses: bool) -> Result<Option<(Person, String)>, No> {
    for token in tokens(headers) {
        let Some(visit) = web.door.visit(token, uses).await? else { continue };
        match web.people.by_mark(&visit.name, &visit.mark) {
            Some(person) => return Ok(Some((person, token.to_owned()))),
            None => {
                let ids = [Door::id(token)];
                let why =
                    "is signed out, since she was removed, invited anew, or has other roles or another key";
                web.door.end(&ids, &Who::new(visit.name), why).await?;
            }
        }
    }
    Ok(None)
}
