use super::{stall::TOKEN, *};
use axum::body::BodyDataStream;
use futures_util::StreamExt;
use std::time::Duration;

/// The events of a live page, one by one.
struct Events(BodyDataStream);

impl Events {
    async fn open(shop: &Shop, query: &str) -> (StatusCode, HeaderMap, Self) {
        let request = Request::get(format!("/order/{TOKEN}/live{query}")).body(Body::empty());
        let response =
            shop.router.clone().oneshot(request.expect("a request")).await.expect("a router always answers");
        let (parts, body) = response.into_parts();
        (parts.status, parts.headers, Self(body.into_data_stream()))
    }

    async fn next(&mut self) -> Option<String> {
        let chunk = tokio::time::timeout(Duration::from_secs(5), self.0.next()).await.expect("in time")?;
        Some(String::from_utf8(chunk.expect("a chunk").to_vec()).expect("text"))
    }

    /// True when nothing is sent although the task had every chance.
    async fn is_silent(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(50), self.0.next()).await.is_err()
    }
}

#[tokio::test]
async fn a_tick_draws_the_order_again() {
    let shop = Shop::new(Stall::with_three_pieces());
    let (status, headers, mut events) = Events::open(&shop, "?seen=3").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[header::CONTENT_TYPE], "text/event-stream");
    assert!(events.is_silent().await, "the page has drawn version 3 itself");

    shop.stall.advance(TOKEN);
    let event = events.next().await.expect("an event");
    assert!(event.contains("event: order") && event.contains("id: 4"), "{event}");
    assert!(event.contains("data-step=\"ready\" data-done=\"true\""), "{event}");
    assert!(event.contains("Akinyi Odhiambo has finished it."), "{event}");
}

#[tokio::test]
async fn a_page_that_was_away_is_caught_up_at_once() {
    let shop = Shop::new(Stall::with_three_pieces());
    shop.stall.advance_silently(TOKEN);
    let (_, _, mut events) = Events::open(&shop, "?seen=3").await;
    assert!(events.next().await.expect("an event").contains("id: 4"));
}

#[tokio::test]
async fn ticks_of_others_and_ticks_without_news_are_not_passed_on() {
    let shop = Shop::new(Stall::with_three_pieces());
    let (_, _, mut events) = Events::open(&shop, "?seen=3").await;
    assert!(events.is_silent().await);
    shop.stall.tick("somebody-else");
    shop.stall.tick(TOKEN);
    assert!(events.is_silent().await);
}

#[tokio::test]
async fn a_page_that_missed_ticks_reads_again() {
    let shop = Shop::new(Stall::with_three_pieces());
    let (_, _, mut events) = Events::open(&shop, "?seen=3").await;
    assert!(events.is_silent().await);
    shop.stall.advance(TOKEN);
    for _ in 0..20 {
        shop.stall.tick("somebody-else");
    }
    assert!(events.next().await.expect("an event").contains("id: 4"));
}

#[tokio::test]
async fn a_quiet_page_still_hears_from_us() {
    let settings = Settings { live_heartbeat_seconds: 1, ..Settings::default() };
    let shop = Shop::with(Stall::with_three_pieces(), settings);
    let (_, _, mut events) = Events::open(&shop, "?seen=3").await;
    assert_eq!(events.next().await.as_deref(), Some(":\n\n"));
}

#[tokio::test]
async fn carriage_returns_in_what_people_typed_do_not_break_the_stream() {
    let shop = Shop::new(Stall::with_three_pieces());
    shop.stall.orders().get_mut(TOKEN).expect("the order").piece.place = "Kibera\r\nevent: x".to_owned();
    let (_, _, mut events) = Events::open(&shop, "").await;
    let event = events.next().await.expect("an event");
    assert!(!event.contains('\r') && !event.contains("\nevent: x"), "{event}");
}

#[tokio::test]
async fn a_wrong_token_has_no_live_page_and_their_number_is_bounded() {
    let shop = Shop::new(Stall::with_three_pieces());
    assert_eq!(shop.get("/order/nosuchtoken/live").await.status, StatusCode::NOT_FOUND);

    let settings = Settings { live_pages: 1, ..Settings::default() };
    let shop = Shop::with(Stall::with_three_pieces(), settings);
    let first = Events::open(&shop, "").await;
    assert_eq!(first.0, StatusCode::OK);
    assert_eq!(Events::open(&shop, "").await.0, StatusCode::SERVICE_UNAVAILABLE);
    drop(first);
    assert_eq!(Events::open(&shop, "").await.0, StatusCode::OK);
}

#[tokio::test]
async fn live_pages_end_when_the_house_closes() {
    let stall = Arc::new(Stall::with_three_pieces());
    let around = Surroundings::default();
    let shutdown = around.shutdown.clone();
    let router = router_in(stall.clone(), Settings::default(), around);
    let shop = Shop { stall, router };
    let (_, _, mut events) = Events::open(&shop, "?seen=3").await;
    assert!(events.is_silent().await);
    shutdown.cancel();
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn a_served_house_answers_over_tcp_and_closes_when_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let shutdown = tokio_util::sync::CancellationToken::new();
    let shop = Shop::new(Stall::with_three_pieces());
    let serving = tokio::spawn(crate::web::serve(
        listener,
        shop.router.clone(),
        shutdown.clone(),
        Duration::from_secs(1),
    ));
    let answer = reqwest::get(format!("http://{address}/healthz")).await.expect("an answer");
    assert_eq!(answer.text().await.expect("text"), "ok\n");
    shutdown.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(5), serving).await.expect("in time");
    ended.expect("no panic");
}
