//! A router on a loopback port.

use axum::Router;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;

/// Serves until the test ends; the address without a slash at the end.
pub async fn listen(router: Router) -> String {
    let (listener, address) = port().await;
    serve(listener, router);
    address
}

/// A port of this machine, and its address without a slash at the end.
pub async fn port() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    (listener, format!("http://{address}"))
}

/// Serves until the test ends; the router knows who calls.
pub fn serve(listener: TcpListener, router: Router) {
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, router).await });
}

/// Looks until `seen` says yes; fails after ten seconds.
pub async fn eventually(what: &str, mut seen: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if seen() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never happened: {what}");
}
