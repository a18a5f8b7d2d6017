//! The door of the API: how often a key may call, and whoever brings keys that are none.

use super::{Answer, Settings, Shop, stall::Stall};
use crate::types::Timestamp;
use crate::web::api::keys::{Drawn, Ring, Scope};
use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode, header},
};
use secrecy::ExposeSecret;
use std::net::SocketAddr;

/// A shop with one key, which may call so often a minute; the folder goes when it is dropped.
fn shop(calls: u32) -> (Shop, String, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut ring, drawn) = (Ring::default(), Drawn::of(&[7; 40]));
    ring.add("Duka", Scope::ALL.into(), &drawn, Timestamp::from_millis(0), None).expect("a key");
    let file = folder.path().join("api-keys.toml");
    std::fs::write(&file, toml::to_string(&ring).expect("toml")).expect("written");
    let settings = Settings { api_keys_file: Some(file), api_calls_per_minute: calls, ..Settings::default() };
    (Shop::with(Stall::empty(), settings), drawn.key.expose_secret().to_owned(), folder)
}

async fn asks(shop: &Shop, key: &str) -> Answer {
    let request = Request::get("/api/v1/crafts").header(header::AUTHORIZATION, format!("Bearer {key}"));
    let mut request = request.body(Body::empty()).expect("a request");
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 7], 4_000))));
    shop.send(request).await
}

#[tokio::test]
async fn a_key_that_calls_too_often_is_told_how_long_to_wait() {
    let (shop, key, _folder) = shop(2);
    for _ in 0..2 {
        assert_eq!(asks(&shop, &key).await.status, StatusCode::OK);
    }
    let refused = asks(&shop, &key).await;
    assert_eq!((refused.status, refused.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "30"));
    assert!(refused.body.contains("urn:sokoni:problem:too-often"), "{}", refused.body);
}

#[tokio::test]
async fn an_address_that_guesses_keys_is_sent_away_and_a_good_key_from_there_is_not() {
    let (shop, key, _folder) = shop(600);
    for _ in 0..60 {
        assert_eq!(asks(&shop, "sk_guessed").await.status, StatusCode::UNAUTHORIZED);
    }
    let refused = asks(&shop, "sk_guessed").await;
    assert_eq!((refused.status, refused.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "60"));
    assert_eq!(asks(&shop, &key).await.status, StatusCode::OK);
}

#[tokio::test]
async fn without_a_file_of_keys_there_is_no_api() {
    let shop = Shop::with(Stall::empty(), Settings::default());
    let refused = asks(&shop, "sk_guessed").await;
    assert_eq!(
        (refused.status, refused.header("content-type")),
        (StatusCode::NOT_FOUND, "application/problem+json")
    );
}
