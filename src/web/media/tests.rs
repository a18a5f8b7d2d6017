//! Who may send, and what is counted of it.

use super::settings::FormDoor;
use super::*;
use crate::photos::Settings;
use axum::body::to_bytes;
use futures_util::future::BoxFuture;
use std::io::Cursor;
use std::sync::atomic::{AtomicU32, Ordering};
use tower::ServiceExt;

#[test]
fn a_phone_is_read_as_operators_write_it() {
    for written in
        ["+254700000101", "254700000101", "0700000101", "+254700000101/TYPE=PLMN", "tel:+254700000101"]
    {
        assert_eq!(phone(written), phone("254700000101"), "{written}");
    }
    for none in ["", "48357", "somebody@example.org", "+254700000101/x@evil.example"] {
        assert_eq!(phone(none), None, "{none}");
    }
}

#[test]
fn name_and_password_count_together() {
    let head = |value: &str| HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().expect("a value"))]);
    let right = format!("Basic {}", BASE64_STANDARD.encode("mmsc:a long password"));
    let password = SecretString::from("a long password");
    assert!(proves(&head(&right), "mmsc", &password));
    assert!(!proves(&head(&right), "mmsd", &password));
    assert!(!proves(&HeaderMap::new(), "mmsc", &password));
    assert!(!proves(&head("Bearer x"), "mmsc", &password) && !proves(&head("Basic ***"), "mmsc", &password));
}

const SECRET: &str = "a secret of the tests";

/// An engine that breaks so many times, and then takes everything.
struct Breaks(AtomicU32);

impl MediaFront for Breaks {
    fn media_known(&self, _: Vec<String>, _: Msisdn) -> BoxFuture<'_, Result<Option<MediaDone>, MediaError>> {
        Box::pin(async { Ok(None) })
    }

    fn media(&self, _: MediaIn) -> BoxFuture<'_, Result<MediaDone, MediaError>> {
        let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        Box::pin(async move { if left.is_ok() { Err(MediaError::Fault) } else { Ok(MediaDone::Taken) } })
    }
}

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_795_000_000_000)
    }
}

/// What a form with a picture is answered, under a name of its own.
async fn sends(router: &Router, id: &str) -> StatusCode {
    let mut picture = Cursor::new(Vec::new());
    let grey = image::GrayImage::from_pixel(96, 72, image::Luma([200]));
    grey.write_to(&mut picture, image::ImageFormat::Png).expect("a picture");
    let mut body = Vec::new();
    for (name, octets) in
        [("id", id.as_bytes()), ("msisdn", b"254700000101"), ("image", picture.get_ref().as_slice())]
    {
        let head = format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend([head.as_bytes(), octets, b"\r\n"].concat());
    }
    body.extend(b"--edge--\r\n");
    let at = Noon.now().millis() / 1_000;
    let mark = signature::sign(&SECRET.to_owned().into(), at, &body);
    let request = Request::post("/media/form")
        .header("content-type", "multipart/form-data; boundary=edge")
        .header("sokoni-signature", format!("t={at},v1={mark}"))
        .body(Body::from(body));
    let answer = router.clone().oneshot(request.expect("a request")).await.expect("an answer");
    let status = answer.status();
    to_bytes(answer.into_body(), 4_096).await.expect("a body");
    status
}

#[tokio::test]
async fn what_failed_by_our_fault_counts_for_nobodys_hour() {
    let folder = tempfile::tempdir().expect("a folder");
    let photos = folder.path().join("photos");
    std::fs::write(&photos, "no folder").expect("written");
    let studio = Arc::new(Studio::new(photos.clone(), Settings::default()));
    let door = FormDoor { secrets: vec![SECRET.to_owned().into()], allow: Vec::new() };
    let doors = Doors { most_octets: 1 << 20, an_hour: 1, mm7: None, form: Some(door) };
    let front = Arc::new(Breaks(AtomicU32::new(2)));
    let router = router(front, studio, Arc::new(Noon), Vec::new(), doors);

    assert_eq!(sends(&router, "m-1").await, StatusCode::SERVICE_UNAVAILABLE, "the disk refuses");
    std::fs::remove_file(&photos).expect("removed");
    assert_eq!(sends(&router, "m-1").await, StatusCode::SERVICE_UNAVAILABLE, "the engine breaks");
    assert_eq!(sends(&router, "m-1").await, StatusCode::SERVICE_UNAVAILABLE, "and again");
    assert_eq!(sends(&router, "m-1").await, StatusCode::OK);
    assert_eq!(sends(&router, "m-2").await, StatusCode::TOO_MANY_REQUESTS, "one an hour was taken");
}
