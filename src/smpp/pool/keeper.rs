//! One connection of a bind, made again whenever it is lost.

use super::random;
use crate::engine::port::Subscribers;
use crate::smpp::esme::{Opening, Why};
use crate::smpp::health::{BindState, Health};
use crate::smpp::link::{Gateway, Line, Link};
use crate::smpp::pdu::Mode;
use crate::smpp::status;
use crate::smpp::tls::{Broken, Encrypted, Tls};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a connection may take, its TLS handshake included.
const CONNECT: Duration = Duration::from_secs(10);
/// A bind that stood so long starts its waits anew.
const STEADY: Duration = Duration::from_secs(60);

/// Keeps one connection up.
pub(super) struct Keeper {
    pub gateway: Arc<Gateway>,
    pub line: Arc<Line>,
    pub health: Arc<Health>,
    pub subscribers: Arc<dyn Subscribers>,
    pub connections: Arc<AtomicU64>,
    pub mode: Mode,
}

impl Keeper {
    /// Until told to stop.
    pub async fn keep(&self, stop: &CancellationToken) {
        let settings = &self.gateway.settings;
        let first = Duration::from_millis(settings.reconnect_ms);
        let mut wait = first;
        while !stop.is_cancelled() {
            let begun = Instant::now();
            self.health.set(BindState::Binding, None, self.gateway.clock.now());
            let ended = self.once(stop).await;
            if stop.is_cancelled() {
                break;
            }
            let (state, own_wait) = match ended {
                Ok(Why::BindRefused(status)) => self.refused(status),
                _ => (BindState::Down, None),
            };
            let why = ended.map_or_else(|why| why, |why| why.to_string());
            self.health.set(state, Some(why), self.gateway.clock.now());
            if begun.elapsed() >= STEADY {
                wait = first;
            }
            let pause = own_wait.unwrap_or(wait);
            wait = (wait * 2).min(Duration::from_millis(settings.reconnect_most_ms));
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(jittered(pause, random())) => {}
            }
        }
        self.health.set(BindState::Stopped, None, self.gateway.clock.now());
    }

    /// One connection from its making to its end.
    async fn once(&self, stop: &CancellationToken) -> Result<Why, String> {
        let settings = &self.gateway.settings;
        let bind = settings.bind_request().map_err(|error| error.to_string())?;
        let tls = Tls::of(settings)?;
        let broken = Broken::default();
        let opening = Opening { mode: self.mode, bind, window: settings.window, limits: settings.limits() };
        let connecting = async {
            let stream = TcpStream::connect(&settings.address).await.map_err(|why| why.to_string())?;
            // Without this a screen waits 40 ms for the acknowledgement of the PDU before it.
            stream.set_nodelay(true).map_err(|why| why.to_string())?;
            Ok(match &tls {
                None => Stream::Plain(stream),
                Some(tls) => Stream::Encrypted(Box::new(tls.connect(stream, &broken).await?)),
            })
        };
        let stream = tokio::select! {
            () = stop.cancelled() => return Ok(Why::Unbound),
            connected = tokio::time::timeout(CONNECT, connecting) => connected
                .map_err(|_| format!("{} does not answer", settings.address))?
                .map_err(|why: String| format!("{}: {why}", settings.address))?,
        };
        let why = match stream {
            Stream::Plain(stream) => self.run(stream, opening, stop).await,
            Stream::Encrypted(stream) => self.run(*stream, opening, stop).await,
        };
        match (why, broken.take()) {
            (Why::Lost, Some(broken)) => Err(format!("{}: {broken}", settings.address)),
            (why, _) => Ok(why),
        }
    }

    async fn run<S>(&self, stream: S, opening: Opening, stop: &CancellationToken) -> Why
    where
        S: AsyncRead + AsyncWrite + Send,
    {
        let link = Link {
            gateway: &self.gateway,
            line: &self.line,
            health: &self.health,
            subscribers: self.subscribers.clone(),
            number: self.connections.fetch_add(1, Ordering::Relaxed),
            transmits: self.mode.transmits(),
        };
        link.run(stream, opening, stop).await
    }

    /// What a refused bind means, and its own wait where it has one.
    fn refused(&self, status: u32) -> (BindState, Option<Duration>) {
        let settings = &self.gateway.settings;
        match status {
            status::INV_PASWD | status::INV_SYS_ID | status::INV_SYS_TYP => {
                (BindState::Refused, Some(Duration::from_millis(settings.refused_ms)))
            }
            status::ALY_BND => (BindState::Down, Some(Duration::from_millis(settings.already_bound_ms))),
            _ => (BindState::Down, None),
        }
    }
}

/// A connection, encrypted or not.
enum Stream {
    Plain(TcpStream),
    Encrypted(Box<Encrypted<TcpStream>>),
}

/// Between three quarters and five quarters of a wait, so that many binds do not return at once.
pub(super) fn jittered(wait: Duration, random: u64) -> Duration {
    let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX / 2);
    Duration::from_millis(millis - millis / 4 + random % (millis / 2 + 1))
}
