//! A router on a loopback port.

use axum::Router;
use std::time::Duration;

/// Serves until the test ends; the address without a slash at the end.
pub async fn listen(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
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
