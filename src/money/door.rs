//! Where providers of mobile money tell us results: one door for each, at a path that only it knows.
//!
//! None of them signs anything. In place of a signature stand the addresses it calls from, where they are
//! listed; the secret part of the path; an id that must name a payout of ours that went by this very
//! provider; and what the provider says when it is asked. What comes in behind the secret is written down
//! as it came before anybody reads it. Where there are several nodes, the one that pays reads it.

use super::link::lock;
use super::rail::{Adapter, Posted, Rail};
use crate::engine::port::PayoutNews;
use crate::engine::shopfront::{Callback, ShopError, ShopFront};
use crate::types::{PayoutId, PromptId};
use crate::wire::address::{Network, NoNetwork, caller, networks};
use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// No honest result is longer, in octets.
const LONGEST: usize = 16 * 1024;
/// How often refusals are spoken of.
const SPEAK: Duration = Duration::from_secs(60);
/// Headers that are kept with what came in: none of them lets anybody in.
const KEPT: [&str; 6] =
    ["content-type", "user-agent", "x-forwarded-for", "x-correlationid", "x-reference-id", "date"];

/// Who may call, and who is believed about that.
#[derive(Debug, Clone, Default)]
pub struct Callers {
    /// Networks of the provider; none for everybody.
    from: Vec<Network>,
    /// Networks of our own proxies.
    proxies: Vec<Network>,
}

impl Callers {
    /// Those `from` these networks, behind these proxies of ours.
    ///
    /// # Errors
    /// The first that is no network.
    pub fn new(from: &[String], proxies: &[String]) -> Result<Self, NoNetwork> {
        Ok(Self { from: networks(from)?, proxies: networks(proxies)? })
    }

    /// Whether this is an address of the provider's.
    fn lists(&self, caller: IpAddr) -> bool {
        self.from.iter().any(|network| network.contains(caller))
    }
}

/// What one provider's door needs.
struct Door<R: Rail> {
    rail: Arc<R>,
    front: Arc<dyn ShopFront>,
    secret: SecretString,
    callers: Callers,
    /// When a refusal was last spoken of.
    spoke: Mutex<Option<Instant>>,
}

/// The other end of the connection, where it is known.
struct Peer(Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip())))
    }
}

/// A door as the node that pays has it: what came to another node's is read here.
pub trait Hears: Send + Sync {
    /// At whose door something came for this one.
    fn provider(&self) -> &'static str;
    /// Reads what came; whether that is done with, and need not be tried again.
    fn hears<'c>(&'c self, callback: &'c Callback) -> BoxFuture<'c, bool>;
}

impl<R: Rail> Hears for Door<R> {
    fn provider(&self) -> &'static str {
        R::NAME
    }

    fn hears<'c>(&'c self, Callback { caller, tail, body, .. }: &'c Callback) -> BoxFuture<'c, bool> {
        let listed = caller.parse().is_ok_and(|caller| self.callers.lists(caller));
        let posted = Posted { tail, body: body.as_bytes(), listed };
        Box::pin(async move { self.hear(posted).await != StatusCode::SERVICE_UNAVAILABLE })
    }
}

/// How often what came to other nodes is looked for.
const LOOK: Duration = Duration::from_millis(500);

/// Reads what came to other nodes, until told to stop: the one that pays alone knows what it asked.
pub async fn hear_others(front: Arc<dyn ShopFront>, doors: Vec<Arc<dyn Hears>>, stop: CancellationToken) {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = look.tick() => {}
        }
        let unheard = front.callbacks_unheard().await.unwrap_or_else(|error| {
            tracing::error!(%error, "results from mobile money that came to other nodes");
            Vec::new()
        });
        for (name, callback) in unheard {
            let door = doors.iter().find(|door| door.provider() == callback.provider);
            let done = match door {
                Some(door) => door.hears(&callback).await,
                // Whoever configured it has it no more.
                None => true,
            };
            if done && let Err(error) = front.callback_heard(name).await {
                tracing::error!(%error, "a result from mobile money will be read once more");
            }
        }
    }
}

/// `POST` or `PUT` to the provider's path and the secret. 200 once what came of it is durable, or when it
/// is about no payout of this provider; 400 when it cannot be read; 403 from elsewhere; 404 behind a wrong
/// secret; 503 when it could not be kept and should be sent again.
pub fn router<R: Rail>(
    front: Arc<dyn ShopFront>, provider: &Adapter<R>, secret: SecretString, callers: Callers,
) -> Router {
    open(front, provider, secret, callers).0
}

/// The same, and the door for what comes to other nodes.
pub fn open<R: Rail>(
    front: Arc<dyn ShopFront>, provider: &Adapter<R>, secret: SecretString, callers: Callers,
) -> (Router, Arc<dyn Hears>) {
    let rail = Arc::clone(&provider.rail);
    let door = Arc::new(Door { rail, front, secret, callers, spoke: Mutex::default() });
    let (path, hears) = (R::DOOR, Arc::clone(&door) as Arc<dyn Hears>);
    let router = Router::new()
        .route(&format!("{path}{{secret}}"), post(short::<R>).put(short::<R>))
        .route(&format!("{path}{{secret}}/{{*tail}}"), post(long::<R>).put(long::<R>))
        .layer(DefaultBodyLimit::max(LONGEST))
        .with_state(door);
    (router, hears)
}

async fn short<R: Rail>(
    State(door): State<Arc<Door<R>>>, Path(secret): Path<String>, peer: Peer, headers: HeaderMap, body: Bytes,
) -> Response {
    R::answer(door.opened(&secret, "", &peer, &headers, &body).await)
}

async fn long<R: Rail>(
    State(door): State<Arc<Door<R>>>, Path((secret, tail)): Path<(String, String)>, peer: Peer,
    headers: HeaderMap, body: Bytes,
) -> Response {
    R::answer(door.opened(&secret, &tail, &peer, &headers, &body).await)
}

impl<R: Rail> Door<R> {
    async fn opened(
        &self, secret: &str, tail: &str, peer: &Peer, headers: &HeaderMap, body: &[u8],
    ) -> StatusCode {
        let caller = caller(peer.0, headers, &self.callers.proxies);
        let listed = caller.is_some_and(|caller| self.callers.lists(caller));
        let stranger = !self.callers.from.is_empty() && !listed;
        let is_known: bool = secret.as_bytes().ct_eq(self.secret.expose_secret().as_bytes()).into();
        let caller = caller.map_or_else(|| "unknown".to_owned(), |caller| caller.to_string());
        if stranger || !is_known {
            self.refuse(&caller, is_known);
            return if stranger { StatusCode::FORBIDDEN } else { StatusCode::NOT_FOUND };
        }
        let raw = Callback {
            provider: R::NAME.to_owned(),
            caller,
            tail: tail.to_owned(),
            headers: kept(headers),
            // Some providers write our own addresses into what they post.
            body: String::from_utf8_lossy(body).replace(self.secret.expose_secret(), "***"),
        };
        match self.front.callback(raw).await {
            Ok(true) => self.hear(Posted { tail, body, listed }).await,
            Ok(false) => StatusCode::OK,
            Err(error) => {
                tracing::error!(provider = R::NAME, %error, "a result from mobile money could not be kept");
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// Speaks of refusals once in a while, and never of the path.
    fn refuse(&self, caller: &str, knows_the_path: bool) {
        let mut spoke = lock(&self.spoke);
        if spoke.is_none_or(|at| at.elapsed() >= SPEAK) {
            *spoke = Some(Instant::now());
            tracing::warn!(
                provider = R::NAME,
                caller,
                knows_the_path,
                "a caller was refused at the door of mobile money"
            );
        }
    }

    async fn hear(&self, posted: Posted<'_>) -> StatusCode {
        let unreadable = |why: String| {
            // It may quote what was posted.
            let why = why.replace(self.secret.expose_secret(), "***");
            tracing::warn!(provider = R::NAME, why, "a result from mobile money cannot be read");
            StatusCode::BAD_REQUEST
        };
        if let Some(id) = self.rail.about_prompt(posted.tail) {
            return match self.hear_of_prompt(id, posted).await {
                Ok(status) => status,
                Err(why) => unreadable(why),
            };
        }
        if self.rail.aside(posted) {
            return StatusCode::OK;
        }
        let id = match self.rail.about(posted.tail, posted.body) {
            Ok(Some(id)) => id,
            Ok(None) => {
                tracing::warn!("a result from mobile money about an id that is not of our making");
                return StatusCode::OK;
            }
            Err(why) => return unreadable(why),
        };
        let asked = match self.front.payout_asked(id).await {
            Ok(asked) => asked,
            Err(ShopError::NotFound) => return unknown(id),
            Err(_) => return StatusCode::SERVICE_UNAVAILABLE,
        };
        if !asked.is_by(R::NAME) {
            let (via, provider) = (&asked.via, R::NAME);
            tracing::warn!(%id, via, provider, "a result from mobile money about a payout of another provider");
            return StatusCode::OK;
        }
        match self.rail.told(posted, &asked).await {
            Ok(Some(news)) => self.keep(id, news).await,
            Ok(None) => StatusCode::OK,
            Err(why) => unreadable(why),
        }
    }

    /// What came of asking somebody to pay us.
    async fn hear_of_prompt(&self, id: PromptId, posted: Posted<'_>) -> Result<StatusCode, String> {
        let asked = match self.front.prompt_asked(id).await {
            Ok(asked) if asked.via == R::NAME => asked,
            Ok(_) | Err(ShopError::NotFound) => {
                tracing::warn!(%id, provider = R::NAME, "a result from mobile money about no prompt of ours");
                return Ok(StatusCode::OK);
            }
            Err(_) => return Ok(StatusCode::SERVICE_UNAVAILABLE),
        };
        let news = self.rail.prompt_told(posted, &asked).await?;
        Ok(match self.front.prompt_news(id, news).await {
            Ok(()) => StatusCode::OK,
            Err(error) => {
                tracing::error!(%id, %error, "a result from mobile money could not be kept");
                StatusCode::SERVICE_UNAVAILABLE
            }
        })
    }

    /// Hands over what was heard of a payout; the answer to whoever told it.
    async fn keep(&self, id: PayoutId, news: PayoutNews) -> StatusCode {
        match self.front.payout_news(id, news).await {
            Ok(()) => StatusCode::OK,
            Err(ShopError::NotFound) => unknown(id),
            Err(error) => {
                tracing::error!(%id, %error, "a result from mobile money could not be kept");
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }
}

fn unknown(id: PayoutId) -> StatusCode {
    tracing::warn!(%id, "a result from mobile money about no payout of ours");
    StatusCode::OK
}

/// The headers worth keeping, each in a few words.
fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    let told = |name: &&str| {
        let value: String = headers.get(*name)?.to_str().ok()?.chars().take(200).collect();
        Some(((*name).to_owned(), value))
    };
    KEPT.iter().filter_map(told).collect()
}
