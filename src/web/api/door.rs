//! Who calls. Every call brings a key as a bearer token; what it may do stands beside it in the file of keys.

use super::{
    keys::{Key, Keys, PREFIX, Scope},
    problem::Problem,
    rates::Rates,
};
use crate::{
    web::{desk::knocks::Knocks, page::Web, settings::Settings},
    wire::address,
};
use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use secrecy::{ExposeSecret, SecretString};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// What the API holds beside the rest of the web.
#[derive(Debug)]
pub(in crate::web) struct Gate {
    keys: Keys,
    /// Addresses that bring keys which are none.
    knocks: Knocks,
    rates: Rates,
}

impl Gate {
    pub(in crate::web) fn new(settings: &Settings) -> Self {
        Self {
            keys: Keys::new(settings.api_keys_file.clone()),
            knocks: Knocks::default(),
            rates: Rates::new(settings.api_calls_per_minute),
        }
    }
}

/// What a group of addresses takes.
#[derive(Clone)]
pub(super) struct Lock {
    pub(super) web: Arc<Web>,
    pub(super) scope: Scope,
}

/// Lets through whoever has a key with the scope.
pub(super) async fn guard(State(lock): State<Lock>, mut request: Request, next: Next) -> Response {
    let Lock { web, scope } = lock;
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let caller = address::caller(peer, request.headers(), &web.proxies);
    let key = bearer(request.headers());
    match admit(&web, scope, key, caller).await {
        Ok(key) => {
            request.extensions_mut().insert(key);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn admit(
    web: &Web, scope: Scope, brought: Option<SecretString>, caller: Option<IpAddr>,
) -> Result<Key, Problem> {
    let gate = &web.api;
    if gate.keys.is_shut() {
        return Err(Problem::not_found());
    }
    gate.keys.refresh().await;
    let now = web.clock.now();
    let found = brought.and_then(|key| gate.keys.find(key.expose_secret()));
    let no = match &found {
        None => Some("Send a key of yours with the header Authorization: Bearer sk_..., whole"),
        Some(key) => key.spent(now),
    };
    if let Some(no) = no {
        if !gate.knocks.take(caller, now) {
            return Err(Problem::too_often(60));
        }
        return Err(Problem::no_key(format!("{no}. The operator of the market gives keys.")));
    }
    let key = found.ok_or_else(Problem::not_found)?;
    gate.rates.take(&key.id, now).map_err(Problem::too_often)?;
    if key.may(scope) { Ok(key) } else { Err(Problem::no_scope(scope)) }
}

/// The key of a bearer token, if it could be one.
fn bearer(headers: &HeaderMap) -> Option<SecretString> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = text.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    let key = Some(key.trim()).filter(|key| is_bearer && key.starts_with(PREFIX) && key.len() <= 128)?;
    Some(SecretString::from(key))
}
