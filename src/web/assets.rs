//! Files that never change under their name: the style sheet, the script, the emblems.
//!
//! They are compiled in and served as `/static/{stem}.{hash}.{ending}`, so a browser may keep
//! them for a year and still sees the next release at once.

use super::emblem;
use axum::{
    body::Bytes,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, sync::LazyLock};

/// One file as it is served.
struct Asset {
    content_type: &'static str,
    body: Bytes,
}

/// Every file by its hashed name, and the hashed address of each plain name.
struct Assets {
    files: BTreeMap<String, Asset>,
    addresses: BTreeMap<String, String>,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::gather);

impl Assets {
    fn gather() -> Self {
        let mut all = Self { files: BTreeMap::new(), addresses: BTreeMap::new() };
        all.add(
            "sokoni.css",
            "text/css; charset=utf-8",
            Bytes::from_static(include_bytes!("static/sokoni.css")),
        );
        all.add(
            "live.js",
            "text/javascript; charset=utf-8",
            Bytes::from_static(include_bytes!("static/live.js")),
        );
        all.add(
            "fit.js",
            "text/javascript; charset=utf-8",
            Bytes::from_static(include_bytes!("static/fit.js")),
        );
        all.add(
            "preview.css",
            "text/css; charset=utf-8",
            Bytes::from_static(include_bytes!("static/preview.css")),
        );
        all.add(
            "preview.js",
            "text/javascript; charset=utf-8",
            Bytes::from_static(include_bytes!("static/preview.js")),
        );
        all.add(
            "upload.js",
            "text/javascript; charset=utf-8",
            Bytes::from_static(include_bytes!("static/upload.js")),
        );
        all.add("icon.svg", "image/svg+xml", Bytes::from_static(include_bytes!("static/icon.svg")));
        for (name, drawing) in emblem::all() {
            all.add(&name, "image/svg+xml", drawing.into());
        }
        all
    }

    fn add(&mut self, name: &str, content_type: &'static str, body: Bytes) {
        let digest = Sha256::digest(&body);
        let hash: String = digest.iter().take(6).map(|octet| format!("{octet:02x}")).collect();
        let hashed = match name.rsplit_once('.') {
            Some((stem, ending)) => format!("{stem}.{hash}.{ending}"),
            None => format!("{name}.{hash}"),
        };
        self.addresses.insert(name.to_owned(), format!("/static/{hashed}"));
        self.files.insert(hashed, Asset { content_type, body });
    }
}

/// The address of a file by its plain name; the plain address, which answers 404, for an unknown one.
pub(crate) fn url(name: &str) -> String {
    ASSETS.addresses.get(name).cloned().unwrap_or_else(|| format!("/static/{name}"))
}

/// `GET /static/{name}`
pub(super) async fn serve(Path(name): Path<String>) -> Response {
    match ASSETS.files.get(&name) {
        Some(asset) => (
            [
                (header::CONTENT_TYPE, asset.content_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ],
            asset.body.clone(),
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_a_page_asks_for_is_there_under_a_hashed_name() {
        let names = ["sokoni.css", "live.js", "preview.css", "preview.js", "icon.svg", "necklace-brass.svg"];
        for name in names {
            let address = url(name);
            let file = address.strip_prefix("/static/").expect("under /static");
            assert_ne!(file, name);
            assert!(ASSETS.files.contains_key(file), "{address}");
        }
    }
}
