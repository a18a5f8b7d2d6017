//! Loads against the echo.

use super::*;
use crate::sim::echo::{Echo, EchoSettings};

fn settings(dialogs: u32, keys: &[&str]) -> LoadSettings {
    LoadSettings {
        dialogs,
        steps: 3000,
        warm_up: 100,
        dial: "*483*57#".into(),
        keys: keys.iter().map(ToString::to_string).collect(),
        first: Msisdn::from_e164("254700100000").expect("a number"),
        limit: Duration::from_secs(20),
        rate: None,
    }
}

async fn listen() -> Load {
    Load::listen(SocketAddr::from(([127, 0, 0, 1], 0)), "48357").await.expect("listens")
}

async fn bound(binds: usize) -> (Load, Echo) {
    let load = listen().await;
    let settings = EchoSettings { binds, ..EchoSettings::default() };
    let echo = Echo::start(load.addr, settings).await.expect("binds");
    load.wait_bound(binds, Duration::from_secs(5)).await.expect("bound");
    (load, echo)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_load_after_another_makes_all_its_steps_over_several_binds() {
    let (load, _echo) = bound(2).await;
    for (dialogs, keys) in [(1, &["1", "0"][..]), (64, &["1", "0"]), (7, &[])] {
        let report = load.run(settings(dialogs, keys)).await.expect("screens");
        assert_eq!((report.steps, report.unanswered, report.refused), (3000, 0, 0));
        assert!(report.p50_us <= report.p99_us && report.p99_us <= report.longest_us);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_that_come_by_the_clock_come_no_faster_than_it_says() {
    let (load, _echo) = bound(2).await;
    let paced = LoadSettings { rate: Some(10_000.0), warm_up: 0, ..settings(200, &["1", "0"]) };
    let report = load.run(paced).await.expect("screens");
    assert_eq!((report.steps, report.unanswered), (3000, 0));
    assert!(report.per_second <= 10_100.0, "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_finds_nobody_free_waits_with_its_latency_running() {
    let (load, _echo) = bound(1).await;
    // One subscriber cannot make a step every nanosecond: they pile up behind her.
    let paced = LoadSettings { rate: Some(1e9), warm_up: 0, ..settings(1, &["1", "0"]) };
    let report = load.run(paced).await.expect("screens");
    let whole = report.seconds * 1e6;
    assert!(report.longest_us as f64 > whole / 2.0, "{report:?}");
}

#[tokio::test]
async fn a_load_nobody_answers_says_so() {
    let load = listen().await;
    let short = Duration::from_millis(30);
    assert!(matches!(load.wait_bound(1, short).await, Err(LoadError::NoBind(_))));
    let limited = LoadSettings { limit: short, ..settings(1, &[]) };
    assert!(matches!(load.run(limited).await, Err(LoadError::NoScreen(_))));
}
