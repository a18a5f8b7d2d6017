//! A loopback HTTP server that can be closed and opened again at the same address.

use axum::Router;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How long requests under way may take to end once the server closes; a request that hangs on
/// purpose would otherwise hold the door open for ever.
const CLOSING: Duration = Duration::from_millis(100);

/// How a double is reached; concerns every request of its API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// As it should be.
    #[default]
    Open,
    /// Connections are taken, nothing is read or answered.
    Silent,
    /// Everything is looked at this many milliseconds late.
    Slow(u64),
    /// 503 to everything.
    Unavailable,
    /// Connections are refused.
    Closed,
}

/// The server; it ends when `stop` is cancelled.
pub(super) struct Host {
    addr: SocketAddr,
    wanted: watch::Sender<bool>,
    listening: watch::Receiver<bool>,
}

impl Host {
    /// Serves `router` on loopback at `port`, any free one for 0, until `stop`.
    pub(super) async fn start(router: Router, port: u16, stop: CancellationToken) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let addr = listener.local_addr()?;
        let (wanted, want) = watch::channel(true);
        let (tell, listening) = watch::channel(true);
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = run(listener, addr, router, want, tell) => {}
            }
        });
        Ok(Self { addr, wanted, listening })
    }

    /// `http://127.0.0.1:port`, without a slash at the end.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Opens or closes the door; returns when connections are taken, or refused.
    pub(super) async fn set_open(&self, open: bool) {
        self.wanted.send_replace(open);
        // The task only ends together with the host; then there is nothing to wait for.
        let _ = self.listening.clone().wait_for(|now| *now == open).await;
    }
}

async fn run(
    listener: TcpListener, addr: SocketAddr, router: Router, mut want: watch::Receiver<bool>,
    tell: watch::Sender<bool>,
) {
    let mut listener = Some(listener);
    loop {
        if *want.borrow_and_update() {
            let socket = match listener.take() {
                Some(socket) => socket,
                None => listen_again(addr).await,
            };
            tell.send_replace(true);
            serve_until_closed(socket, router.clone(), &want).await;
        }
        drop(listener.take());
        // Bound without listening: connections are refused, and nobody else is given the port.
        let reserved = reserve(addr);
        tell.send_replace(false);
        if want.wait_for(|open| *open).await.is_err() {
            return;
        }
        listener = reserved.and_then(|socket| socket.listen(128)).ok();
    }
}

fn reserve(addr: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}

async fn listen_again(addr: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(addr).await {
            Ok(listener) => return listener,
            Err(error) => tracing::warn!(%addr, %error, "cannot listen again yet"),
        }
        tokio::time::sleep(CLOSING).await;
    }
}

async fn serve_until_closed(socket: TcpListener, router: Router, want: &watch::Receiver<bool>) {
    let (mut soon, mut late) = (want.clone(), want.clone());
    let closed = async move {
        let _ = soon.wait_for(|open| !open).await;
    };
    let at_the_latest = async {
        let _ = late.wait_for(|open| !open).await;
        tokio::time::sleep(CLOSING).await;
    };
    tokio::select! {
        _ = axum::serve(socket, router).with_graceful_shutdown(closed) => {}
        () = at_the_latest => {}
    }
}
