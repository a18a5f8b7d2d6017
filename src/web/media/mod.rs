//! Photographs that come as messages: from an MMSC, by MM7, and from an operator's or an aggregator's own
//! gate, as a signed form. Neither is there before `[media]` names it.
//!
//! | path | takes | proof |
//! |---|---|---|
//! | `POST /media/mm7/{secret}` | a SOAP envelope with attachments | the path, the caller's network, name and password |
//! | `POST /media/form` | `multipart/form-data` with `id`, `msisdn`, `text` and pictures | a signature over the body, the caller's network |
//!
//! Nothing of a body is read before what can be proven without it is, and no more of it than was agreed, nor
//! slower; the doors share no places. Pictures go the way of all others (`photos`). What is refused is told to the gate; whoever sent a picture
//! hears from the engine by SMS.

mod mm7;
mod parts;
mod places;
mod settings;
#[cfg(test)]
mod tests;

use super::upload::{Received, receive};
use crate::engine::photos::front::PhotoView;
use crate::engine::photos::inlet::{MediaDone, MediaError, MediaFront, MediaIn};
use crate::photos::{Kept, NotKept, Studio};
use crate::types::{Clock, Msisdn, Timestamp};
use crate::wire::address::{Network, caller};
use crate::wire::signature;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use parts::{Parts, take_apart};
use places::{Place, Places, paced};
use secrecy::{ExposeSecret, SecretString};
pub use settings::{Doors, MediaSettings};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use subtle::ConstantTimeEq;
use tower_http::trace::TraceLayer;

/// The most pictures of one message.
const MOST_PICTURES: usize = 6;
/// The window in which messages of a phone are counted.
const HOUR: Duration = Duration::from_secs(3_600);
/// Phones that are counted at a time; with more, those of the last window are let go of.
const MOST_PHONES: usize = 10_000;
/// How often refusals are spoken of.
const SPEAK: Duration = Duration::from_secs(60);

/// What both doors share.
struct Hall {
    front: Arc<dyn MediaFront>,
    studio: Arc<Studio>,
    clock: Arc<dyn Clock>,
    proxies: Vec<Network>,
    doors: Doors,
    /// The places of those who proved themselves before they sent anything ...
    proven: Arc<Places>,
    /// ... and of those who do with what they send.
    unproven: Arc<Places>,
    /// Since when, and how many messages of each phone.
    heard: Mutex<(Timestamp, BTreeMap<Msisdn, u32>)>,
    spoke: Mutex<Option<Timestamp>>,
}

/// The doors that are named, as paths.
pub fn router(
    front: Arc<dyn MediaFront>, studio: Arc<Studio>, clock: Arc<dyn Clock>, proxies: Vec<Network>,
    doors: Doors,
) -> Router {
    let (by_mm7, by_form) = (doors.mm7.is_some(), doors.form.is_some());
    let heard = Mutex::new((clock.now(), BTreeMap::new()));
    let (proven, unproven, spoke) = (Arc::default(), Arc::default(), Mutex::default());
    let hall = Arc::new(Hall { front, studio, clock, proxies, doors, proven, unproven, heard, spoke });
    let mut router = Router::new();
    if by_mm7 {
        router = router.route("/media/mm7/{secret}", post(mms));
    }
    if by_form {
        router = router.route("/media/form", post(form));
    }
    router.layer(TraceLayer::new_for_http().make_span_with(span)).with_state(hall)
}

/// A span names the route: the path of MM7 is a secret.
fn span(request: &Request) -> tracing::Span {
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str);
    tracing::info_span!("media", method = %request.method(), route)
}

/// A message, as a gate brought it, before anybody looked who sent it.
struct Came {
    /// What names it, beside who sent it.
    ids: Vec<String>,
    from: Msisdn,
    text: String,
    pictures: Vec<Bytes>,
}

/// Why a message is not taken.
enum Not {
    /// The body did not come whole, or not in time.
    Cut,
    /// It has more octets than are taken.
    TooLarge,
    /// As many are coming in as have room.
    Busy,
    /// This phone sent as many as it may in an hour.
    TooOften,
    /// Nobody here has this phone.
    Stranger,
    /// Our own fault.
    Fault,
}

impl From<MediaError> for Not {
    fn from(why: MediaError) -> Self {
        match why {
            MediaError::Stranger => Self::Stranger,
            MediaError::Fault => Self::Fault,
        }
    }
}

impl Hall {
    fn caller(&self, request: &Request) -> Option<IpAddr> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        caller(peer, request.headers(), &self.proxies)
    }

    /// Whether a caller is in one of the networks.
    fn comes_from(caller: Option<IpAddr>, networks: &[Network]) -> bool {
        networks.is_empty() || caller.is_some_and(|at| networks.iter().any(|network| network.contains(at)))
    }

    /// Speaks of refusals once in a while, and never of the path.
    fn refuse(&self, door: &'static str, why: &'static str) {
        let now = self.clock.now();
        let mut spoke = self.spoke.lock().unwrap_or_else(PoisonError::into_inner);
        if spoke.is_none_or(|at| now.since(at) >= SPEAK) {
            *spoke = Some(now);
            tracing::warn!(door, why, "a message with pictures was refused");
        }
    }

    /// The body, no more of it than is taken, at the pace of a gate; and the place at which it came in, to be
    /// kept until its pictures are read.
    async fn receive(
        &self, places: &Arc<Places>, from: Option<IpAddr>, headers: &HeaderMap, body: Body,
    ) -> Result<(Bytes, Arc<Place>), Not> {
        let told = headers.get(header::CONTENT_LENGTH).and_then(|long| long.to_str().ok()?.parse().ok());
        let place = places.take(from).ok_or(Not::Busy)?;
        let coming = receive(paced(body), told, self.doors.most_octets);
        match tokio::time::timeout(self.studio.settings.patience(), coming).await {
            Ok(Received::Whole(body)) => Ok((body, place)),
            Ok(Received::TooLarge) => Err(Not::TooLarge),
            Ok(Received::Cut) | Err(_) => Err(Not::Cut),
        }
    }

    /// What a body holds, taken apart beside those who wait for answers. Its place is free no sooner, also when
    /// whoever sent it hangs up meanwhile.
    async fn take_apart(&self, headers: &HeaderMap, body: Bytes, place: &Arc<Place>) -> Option<Parts> {
        let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?.to_owned();
        let (longest, place) = (self.studio.settings.most_octets(), Arc::clone(place));
        let apart = move || {
            let parts = take_apart(&kind, &body, MOST_PICTURES, longest);
            drop(place);
            parts
        };
        tokio::task::spawn_blocking(apart).await.ok().flatten()
    }

    /// Whether a phone may send another one.
    fn may(&self, phone: Msisdn) -> bool {
        let now = self.clock.now();
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since(heard.0) >= HOUR || heard.1.len() >= MOST_PHONES {
            *heard = (now, BTreeMap::new());
        }
        let count = heard.1.entry(phone).or_default();
        *count += 1;
        *count <= self.doors.an_hour
    }

    /// One that failed by our fault is not counted.
    fn may_again(&self, phone: Msisdn) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.1.entry(phone).and_modify(|count| *count = count.saturating_sub(1));
    }

    /// Takes a message: the same again is answered alike, and nothing is drawn for strangers.
    async fn take(&self, door: &'static str, came: Came) -> Result<MediaDone, Not> {
        let ids: Vec<String> = came.ids.iter().map(|id| name_of(door, came.from, id)).collect();
        if let Some(done) = self.front.media_known(ids.clone(), came.from).await? {
            return Ok(done);
        }
        if !self.may(came.from) {
            return Err(Not::TooOften);
        }
        let from = came.from;
        let done = self.keep(door, ids, came).await;
        if matches!(done, Err(Not::Fault)) {
            self.may_again(from);
        }
        done
    }

    /// Keeps its pictures, and hands it to the engine.
    async fn keep(&self, door: &'static str, ids: Vec<String>, came: Came) -> Result<MediaDone, Not> {
        let mut photos = Vec::new();
        for picture in came.pictures {
            match self.studio.keep(picture).await {
                Ok(Kept { name, width, height, tints }) => {
                    photos.push(PhotoView { name, width, height, tints })
                }
                Err(NotKept::Disk(why)) => {
                    tracing::error!(%why, "ALARM: a photograph cannot be written");
                    return Err(Not::Fault);
                }
                Err(why) => tracing::info!(door, %why, "a picture of a message is not taken"),
            }
        }
        let told = MediaIn { ids, from: came.from, text: came.text, photos };
        let done = self.front.media(told).await?;
        tracing::info!(door, from = ?came.from, ?done, "a message with pictures");
        Ok(done)
    }
}

/// What a message is known by: its gate's name for it is only the gate's and the sender's.
fn name_of(door: &str, from: Msisdn, id: &str) -> String {
    let digest = Sha256::digest(format!("{door}\n{}\n{id}", from.number()));
    digest.iter().take(16).map(|octet| format!("{octet:02x}")).collect()
}

/// The phone of an address: `+254700000101`, `254700000101/TYPE=PLMN`, `tel:...`.
fn phone(address: &str) -> Option<Msisdn> {
    let (number, kind) = address.split_once('/').unwrap_or((address, "TYPE=PLMN"));
    let number = number.trim();
    let number = number.strip_prefix("tel:").unwrap_or(number);
    Msisdn::parse_kenyan(number).ok().filter(|_| kind.trim().eq_ignore_ascii_case("TYPE=PLMN"))
}

/// Whether name and password stand in the head as they should.
fn proves(headers: &HeaderMap, user: &str, password: &SecretString) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.split_once(' '));
    let Some(("Basic" | "basic", encoded)) = given else { return false };
    let Ok(given) = BASE64_STANDARD.decode(encoded.trim()) else { return false };
    let wanted = format!("{user}:{}", password.expose_secret());
    given.ct_eq(wanted.as_bytes()).into()
}

/// An answer in XML.
fn soap(status: StatusCode, text: String) -> Response {
    let kind = HeaderValue::from_static("text/xml; charset=utf-8");
    (status, [(header::CONTENT_TYPE, kind)], text).into_response()
}

/// `POST /media/mm7/{secret}`: 200 with a `DeliverRsp`, or a SOAP fault; 403 from elsewhere, 404 behind a
/// wrong path, 401 without name and password.
async fn mms(State(hall): State<Arc<Hall>>, Path(secret): Path<String>, request: Request) -> Response {
    let Some(door) = &hall.doors.mm7 else { return StatusCode::NOT_FOUND.into_response() };
    let knows: bool = secret.as_bytes().ct_eq(door.path.expose_secret().as_bytes()).into();
    let caller = hall.caller(&request);
    if !Hall::comes_from(caller, &door.allow) {
        hall.refuse("mm7", "it comes from a network that is not named");
        return StatusCode::FORBIDDEN.into_response();
    }
    if !knows {
        hall.refuse("mm7", "the path is wrong");
        return StatusCode::NOT_FOUND.into_response();
    }
    if let Some((user, password)) = &door.login
        && !proves(request.headers(), user, password)
    {
        hall.refuse("mm7", "name or password is wrong");
        let realm = HeaderValue::from_static("Basic realm=\"mm7\"");
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, realm)]).into_response();
    }
    let (head, body) = request.into_parts();
    let fault = |code, words: &str| soap(StatusCode::INTERNAL_SERVER_ERROR, mm7::fault("", code, words));
    let (body, place) = match hall.receive(&hall.proven, caller, &head.headers, body).await {
        Ok(body) => body,
        Err(Not::Busy) => return soap(StatusCode::SERVICE_UNAVAILABLE, mm7::fault("", 4006, "try again")),
        Err(Not::TooLarge) => {
            return soap(StatusCode::PAYLOAD_TOO_LARGE, mm7::fault("", 2004, "the message is too large"));
        }
        Err(_) => {
            return soap(StatusCode::BAD_REQUEST, mm7::fault("", 2007, "the message did not come whole"));
        }
    };
    let kind = head.headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    // An envelope with nothing behind it is a message without a picture.
    let parts = match kind.get(..8).is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/xml")) {
        true => Some(Parts::bare(&body)),
        false => hall.take_apart(&head.headers, body, &place).await,
    };
    let Some(parts) = parts else {
        return fault(2007, "this is no message of several parts");
    };
    let asked = match mm7::read(&parts.root) {
        Ok(asked) => asked,
        Err(wrong) => {
            let text = mm7::fault(&wrong.transaction, wrong.code, wrong.why);
            return soap(StatusCode::INTERNAL_SERVER_ERROR, text);
        }
    };
    let Some(from) = phone(&asked.sender) else {
        return soap(StatusCode::OK, mm7::delivered(&asked, 2002, "the sender is no phone that we serve"));
    };
    let text = format!("{}\n{}", asked.subject, parts.words);
    // By either of its names, which are not of one kind.
    let linked = (!asked.linked.is_empty()).then(|| format!("message {}", asked.linked));
    let ids = std::iter::once(format!("request {}", asked.transaction)).chain(linked).collect();
    match hall.take("mm7", Came { ids, from, text, pictures: parts.pictures }).await {
        // What is wrong with it was told to whoever sent it.
        Ok(_) => soap(StatusCode::OK, mm7::delivered(&asked, 1000, "Success")),
        Err(Not::Stranger) => {
            soap(StatusCode::OK, mm7::delivered(&asked, 2001, "nobody here has this phone"))
        }
        Err(Not::TooOften) => soap(StatusCode::OK, mm7::delivered(&asked, 3002, "too many of this phone")),
        Err(_) => {
            let text = mm7::fault(&asked.transaction, 3000, "it could not be kept; send it again");
            soap(StatusCode::INTERNAL_SERVER_ERROR, text)
        }
    }
}

/// An answer to a form.
fn told(status: StatusCode, code: &str, words: &str) -> Response {
    let body = axum::Json(serde_json::json!({ "error": { "code": code, "message": words } }));
    let mut response = (status, body).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
    }
    response
}

/// `POST /media/form`: 200 with what came of it; 401 without a signature that agrees, 403 from elsewhere.
async fn form(State(hall): State<Arc<Hall>>, request: Request) -> Response {
    use StatusCode as S;
    let Some(door) = &hall.doors.form else { return S::NOT_FOUND.into_response() };
    let caller = hall.caller(&request);
    if !Hall::comes_from(caller, &door.allow) {
        hall.refuse("form", "it comes from a network that is not named");
        return told(S::FORBIDDEN, "network", "this network is not named here");
    }
    let (head, body) = request.into_parts();
    // Who signs nothing has nothing read.
    let Some(signed) = head.headers.get("sokoni-signature").and_then(|value| value.to_str().ok()) else {
        hall.refuse("form", "it is not signed");
        return told(S::UNAUTHORIZED, "signature", "Sokoni-Signature is missing");
    };
    let (body, place) = match hall.receive(&hall.unproven, caller, &head.headers, body).await {
        Ok(body) => body,
        Err(Not::Busy) => return told(S::SERVICE_UNAVAILABLE, "busy", "many are coming in; send it again"),
        Err(Not::TooLarge) => return told(S::PAYLOAD_TOO_LARGE, "too_large", "the message is too large"),
        Err(_) => return told(S::BAD_REQUEST, "cut", "the message did not come whole; send it again"),
    };
    if let Err(why) = signature::verify(signed, &body, &door.secrets, hall.clock.now().millis() / 1_000) {
        hall.refuse("form", "the signature is wrong or old");
        return told(S::UNAUTHORIZED, "signature", &why.to_string());
    }
    let Some(parts) = hall.take_apart(&head.headers, body, &place).await else {
        return told(S::UNSUPPORTED_MEDIA_TYPE, "parts", "send multipart/form-data with a boundary");
    };
    let (id, from) = (parts.field("id").unwrap_or_default(), parts.field("msisdn").and_then(phone));
    let Some(from) = from.filter(|_| !id.is_empty() && id.len() <= 128) else {
        return told(
            S::UNPROCESSABLE_ENTITY,
            "field",
            "id (at most 128 letters) and msisdn, a phone, are needed",
        );
    };
    let text = parts.field("text").unwrap_or_default().to_owned();
    match hall
        .take("form", Came { ids: vec![id.to_owned()], from, text, pictures: parts.pictures.clone() })
        .await
    {
        Ok(done) => axum::Json(serde_json::json!({ "done": done })).into_response(),
        Err(Not::Stranger) => told(S::FORBIDDEN, "stranger", "nobody here has this phone"),
        Err(Not::TooOften) => told(S::TOO_MANY_REQUESTS, "too_often", "this phone sent many within the hour"),
        Err(_) => told(S::SERVICE_UNAVAILABLE, "fault", "it could not be kept; send it again"),
    }
}
