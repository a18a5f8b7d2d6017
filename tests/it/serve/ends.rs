//! How `sokoni serve` begins, is told things, and ends: signals, and a port that is taken.

use crate::support::serve::{AGGREGATOR, AGGREGATOR_PATH, Server, Site, log_of};
use crate::support::village::until;

/// An aggregator that nobody runs: nothing leaves.
const NOWHERE: &str = "http://127.0.0.1:9";

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_what_to_do() {
    let site = Site::behind(NOWHERE).await;
    let _taken = std::net::TcpListener::bind(site.http).expect("a free port");
    let status = Server::start(&site).ends(&site).await;
    assert!(!status.success(), "{status}");
    let said = log_of(&site);
    let line = said.lines().find(|line| line.starts_with("sokoni cannot start: "));
    let line = line.unwrap_or_else(|| panic!("no reason: {said}"));
    assert!(line.contains(&site.http.to_string()) && line.contains("choose another [http] listen"), "{line}");
}

#[tokio::test]
async fn asked_to_end_while_it_starts_it_ends_cleanly() {
    let site = Site::behind(NOWHERE).await;
    let server = Server::start(&site);
    until("it begins", || async { log_of(&site).contains("no PIN pepper").then_some(()) }).await;
    let status = server.terminate(&site).await;
    assert!(status.success(), "{status}: {}", log_of(&site));
    site.audit();
}

#[tokio::test]
async fn a_hangup_while_it_starts_ends_nothing() {
    let site = Site::behind(NOWHERE).await;
    let mut server = Server::start(&site);
    until("it begins", || async { log_of(&site).contains("no PIN pepper").then_some(()) }).await;
    server.signal("-HUP");
    server.ready(&site).await;
    let status = server.terminate(&site).await;
    assert!(status.success(), "{status}: {}", log_of(&site));
}

#[tokio::test]
async fn a_hangup_reads_the_routing_files_anew_and_keeps_those_of_before_when_they_are_wrong() {
    let site = Site::behind(NOWHERE).await;
    let routes = site.file("routes.toml");
    let table = |prefixes: &str, gateway: &str| {
        let text = format!("[operator.safaricom]\ngateways = [\"{gateway}\"]\nprefixes = [{prefixes}]\n");
        std::fs::write(&routes, text).expect("written");
    };
    table("\"25470\"", AGGREGATOR);
    let path = site.file("config.toml");
    let config = std::fs::read_to_string(&path).expect("written before");
    std::fs::write(&path, format!("{config}\n[routing]\noperators = \"routes.toml\"\n")).expect("written");
    let mut server = Server::start(&site);
    server.ready(&site).await;
    let says = async |words: &str| {
        until(words, || async { log_of(&site).contains(words).then_some(()) }).await;
    };

    table("\"25470\", \"25471\", \"25472\"", AGGREGATOR);
    server.signal("-HUP");
    says("SMS go by the routing files as they stand now").await;
    table("\"25470\"", "nobody");
    server.signal("-HUP");
    says("the routing files are wrong").await;
    assert!(log_of(&site).contains("routes.toml"), "the file is named: {}", log_of(&site));
    assert!(site.is_up().await);
    let status = server.terminate(&site).await;
    assert!(status.success(), "{status}: {}", log_of(&site));
}

#[tokio::test]
async fn what_was_acknowledged_when_the_service_is_told_to_end_is_kept() {
    let site = Site::behind(NOWHERE).await;
    let mut server = Server::start(&site);
    server.ready(&site).await;
    let url = format!("http://{}/gateway/{AGGREGATOR}/{AGGREGATOR_PATH}/sms", site.http);
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let posts: Vec<_> = (0..120u32)
        .map(|n| {
            let form = [
                ("from", format!("+2547000{n:05}")),
                ("to", "48357".to_owned()),
                ("text", "habari".to_owned()),
                ("id", format!("mo-{n}")),
            ];
            let post = client.post(&url).form(&form).send();
            tokio::spawn(async move { post.await.is_ok_and(|answer| answer.status().is_success()) })
        })
        .collect();
    let mut kept = 0;
    let mut posts = posts.into_iter();
    for post in posts.by_ref().take(20) {
        kept += usize::from(post.await.expect("no panic"));
    }
    assert_eq!(kept, 20);
    // The others are on their way.
    let status = server.terminate(&site).await;
    assert!(status.success(), "{status}: {}", log_of(&site));
    for post in posts {
        kept += usize::from(post.await.expect("no panic"));
    }
    let (status, said) = site.sokoni(&["messages", "--json", "--state", "received", "--limit", "1000"]);
    assert!(status.success(), "{said}");
    let rows: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let stored = rows["rows"].as_array().expect("rows").len();
    assert!(stored >= kept, "{kept} were acknowledged, {stored} are kept");
    site.audit();
}
