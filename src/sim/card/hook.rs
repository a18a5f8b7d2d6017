//! Events and their delivery to the merchant's webhook.

use super::{Delivery, Inner};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// Something to tell the merchant.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// The JSON text; what is signed is these very octets.
    pub(super) body: String,
}

/// Delivers apart from whoever caused it, one after the other; or keeps back.
pub(super) fn send(inner: &Arc<Inner>, events: Vec<Event>) {
    if inner.desk().delivery.hold {
        inner.desk().held.extend(events);
        return;
    }
    let inner = inner.clone();
    tokio::spawn(async move {
        let stop = inner.stop.clone();
        let all = async {
            for event in events {
                deliver(&inner, event).await;
            }
        };
        stop.run_until_cancelled(all).await;
    });
}

/// Sends events that were kept back, by their places, one after the other.
pub(super) async fn release(inner: &Inner, order: &[usize]) {
    let picked: Vec<Event> = {
        let mut desk = inner.desk();
        let held = std::mem::take(&mut desk.held);
        let picked = order.iter().filter_map(|at| held.get(*at).cloned()).collect();
        let stays = held.into_iter().enumerate().filter(|(at, _)| !order.contains(at));
        desk.held = stays.map(|(_, event)| event).collect();
        picked
    };
    for event in picked {
        deliver(inner, event).await;
    }
}

/// Delivers one event, with all its copies and repeats.
pub(super) async fn deliver(inner: &Inner, event: Event) {
    let delivery = inner.desk().delivery.clone();
    tokio::time::sleep(Duration::from_millis(delivery.after_ms)).await;
    for _ in 0..delivery.copies {
        let mut pause = Duration::from_millis(delivery.retry_ms);
        for attempt in 1..=delivery.tries {
            if post(inner, &event, &delivery).await || attempt == delivery.tries {
                break;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }
}

/// One try; whether it was answered with 2xx.
async fn post(inner: &Inner, event: &Event, delivery: &Delivery) -> bool {
    let Some(webhook) = inner.desk().webhook.clone() else { return false };
    let at = inner.now_s() - delivery.age_s;
    let mut body = event.body.clone();
    let key = if delivery.bad_signature { "whsec_of_somebody_else" } else { inner.secret.as_str() };
    let request = inner
        .client
        .post(&webhook)
        .header("Stripe-Signature", signature(key, at, &event.body))
        .header("Content-Type", "application/json")
        .body({
            body.truncate(body.len().saturating_sub(delivery.cut));
            body
        });
    match request.send().await {
        Ok(answer) => answer.status().is_success(),
        Err(error) => {
            tracing::debug!(%error, "webhook not delivered");
            false
        }
    }
}

/// `t=<seconds>,v1=<hex>`.
pub(super) fn signature(secret: &str, at: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{at}.{body}").as_bytes());
    let mut header = format!("t={at},v1=");
    for octet in mac.finalize().into_bytes() {
        let _ = write!(header, "{octet:02x}");
    }
    header
}
