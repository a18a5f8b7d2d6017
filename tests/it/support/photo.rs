//! A phone with a camera.

use super::village::client;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use reqwest::StatusCode;
use serde_json::Value;
use std::io::Cursor;

/// A picture that is like no other of another seed.
pub fn picture(seed: u32, width: u32, height: u32) -> Vec<u8> {
    let [_, a, b, c] = seed.wrapping_mul(0x9E37_79B1).to_be_bytes();
    let colour = |x, y| Rgb([a ^ (x / 8) as u8, b ^ (y / 8) as u8, c]);
    let image = DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, colour));
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, ImageFormat::Jpeg).expect("a picture");
    file.into_inner()
}

/// The same JPEG with an EXIF segment: held upright, at one degree south (a GPS directory).
pub fn at_a_place(jpeg: &[u8]) -> Vec<u8> {
    let mut tiff = b"MM\0\x2A\0\0\0\x08\0\x02".to_vec();
    tiff.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 1, 0, 0]);
    tiff.extend([0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 38]);
    tiff.extend([0, 0, 0, 0]);
    tiff.extend([0, 1, 0, 1, 0, 2, 0, 0, 0, 2, b'S', 0, 0, 0, 0, 0, 0, 0]);
    let segment = [b"Exif\0\0".as_slice(), &tiff].concat();
    let long = u16::try_from(segment.len() + 2).expect("short").to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &long, &segment, &jpeg[2..]].concat()
}

/// Whether something stands in a file.
pub fn holds(file: &[u8], what: &[u8]) -> bool {
    file.windows(what.len()).any(|window| window == what)
}

/// The way in that a link opens.
pub struct Door {
    http: reqwest::Client,
    shop: String,
    pass: String,
}

impl Door {
    /// What a text with a link in it opens.
    pub fn of(text: &str) -> Self {
        let link = text.split_whitespace().find(|word| word.contains("/upload#")).expect("a link");
        let (shop, pass) = link.split_once("/upload#").expect("a link");
        Self { http: client(), shop: shop.to_owned(), pass: pass.trim_end_matches('.').to_owned() }
    }

    /// The same door with another pass.
    pub fn with(&self, pass: &str) -> Self {
        Self { http: self.http.clone(), shop: self.shop.clone(), pass: pass.to_owned() }
    }

    /// The pass itself.
    pub fn pass(&self) -> &str {
        &self.pass
    }

    /// Where the photographs of a listing come in.
    pub fn at(&self, listing: &str) -> String {
        format!("{}/upload/api/photos/{listing}", self.shop)
    }

    /// Sends something as a photograph of a listing; what is answered.
    pub async fn sends(&self, listing: &str, what: Vec<u8>) -> (StatusCode, Value) {
        self.asks(self.http.post(self.at(listing)).body(what)).await
    }

    /// The same where the answer may be lost: whether it was taken.
    pub async fn takes(&self, listing: &str, what: Vec<u8>) -> bool {
        let request = self.http.post(self.at(listing)).bearer_auth(&self.pass).body(what);
        request.send().await.is_ok_and(|answer| answer.status() == StatusCode::CREATED)
    }

    /// What a photograph of a listing is changed to; what is answered.
    pub async fn changes(&self, method: reqwest::Method, path: &str) -> (StatusCode, Value) {
        self.asks(self.http.request(method, self.at(path))).await
    }

    /// Lists a piece, by the key of its draft; what is answered.
    pub async fn lists(&self, key: &str, draft: &'static str) -> (StatusCode, Value) {
        let request = self.http.post(format!("{}/upload/api/listings", self.shop));
        let request = request.header("idempotency-key", key).header("content-type", "application/json");
        self.asks(request.body(draft)).await
    }

    async fn asks(&self, request: reqwest::RequestBuilder) -> (StatusCode, Value) {
        let answer = request.bearer_auth(&self.pass).send().await.expect("an answer");
        let status = answer.status();
        (status, answer.json().await.expect("JSON"))
    }

    /// A file of the shop: status, headers, octets.
    pub async fn gets(&self, path: &str) -> (StatusCode, reqwest::header::HeaderMap, Vec<u8>) {
        let answer = self.http.get(format!("{}{path}", self.shop)).send().await.expect("an answer");
        let (status, headers) = (answer.status(), answer.headers().clone());
        (status, headers, answer.bytes().await.expect("octets").to_vec())
    }
}
