//! The editor of menus, on the desk and alone.

use super::*;
use crate::engine::preview::Ground;
use crate::web::preview::{Editor, alone, shelf::Shelf};
use std::path::PathBuf;
use tokio_util::sync::CancellationToken;

const SMALL: &str = "menu small\n  who stranger\n  langs en sw\nend home\n  say Hello | Habari\nend fault\n  say Sorry | Samahani\n";

/// An editor over a folder with one small tree.
struct Desk {
    _folder: tempfile::TempDir,
    path: PathBuf,
    router: Router,
}

impl Desk {
    fn new(serves: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("small.menu");
        std::fs::write(&path, SMALL).expect("written");
        let read = {
            let path = path.clone();
            move || {
                let text = std::fs::read_to_string(&path).map_err(|why| why.to_string())?;
                Ok(vec![(path.display().to_string(), text)])
            }
        };
        let editor = Editor {
            shelf: Shelf::new(Arc::new(read)),
            ground: Ground::default(),
            base: if serves { crate::web::routes::EDITOR } else { "" },
            serves,
            shutdown: CancellationToken::new(),
            dialogs: None,
        };
        let router = if serves {
            let settings = Settings { desk_key: Some(KEY.to_owned().into()), ..Settings::default() };
            let around = Surroundings { editor: Some(editor), ..Surroundings::default() };
            router_in(Arc::new(Stall::empty()), settings, around)
        } else {
            alone(editor)
        };
        Self { _folder: folder, path, router }
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn kept(&self) -> String {
        std::fs::read_to_string(&self.path).expect("the file")
    }

    async fn send(&self, request: axum::http::request::Builder, body: Body) -> (StatusCode, String) {
        let bearer = format!("Bearer {KEY}");
        let request = request.header(header::AUTHORIZATION, bearer).body(body).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("a router always answers");
        let status = response.status();
        let octets = to_bytes(response.into_body(), 1 << 20).await.expect("a whole body");
        (status, String::from_utf8(octets.to_vec()).expect("text"))
    }

    async fn get(&self, address: &str) -> (StatusCode, String) {
        self.send(Request::get(address), Body::empty()).await
    }

    async fn post(&self, address: &str, body: serde_json::Value) -> (StatusCode, serde_json::Value) {
        let request = Request::post(address)
            .header(header::CONTENT_TYPE, "application/json")
            .header("sec-fetch-site", "same-origin");
        let (status, body) = self.send(request, body.to_string().into()).await;
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    async fn version(&self, base: &str) -> String {
        let (status, body) = self.get(&format!("{base}/files")).await;
        assert_eq!(status, StatusCode::OK);
        let files: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(files["files"][0]["text"], self.kept());
        files["files"][0]["version"].as_str().expect("a version").to_owned()
    }
}

#[tokio::test]
async fn what_is_being_written_is_checked_and_shown_without_being_saved() {
    let editor = Desk::new(false);
    let draft = SMALL.replace("Habari", &"Habari ya leo ".repeat(20));
    let look = serde_json::json!({
        "look": { "file": editor.name(), "line": 4 },
        "drafts": { editor.name(): draft },
    });
    let (status, seen) = editor.post("/look", look).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(seen["faults"][0]["code"], "too-long");
    assert_eq!(seen["sound"], false);
    let swahili = &seen["phones"]["langs"][1]["phones"][0];
    assert_eq!((&swahili["over"], &swahili["unit"]), (&true.into(), &"septets".into()));
    assert_eq!(seen["phones"]["langs"][0]["phones"][0]["text"], "Hello");
    assert_eq!(editor.kept(), SMALL);
}

#[tokio::test]
async fn what_is_saved_stands_in_the_file_even_with_faults_where_nothing_serves() {
    let editor = Desk::new(false);
    let version = editor.version("").await;
    let text = SMALL.replace("Hello", "Hello {nobody}");
    let save = serde_json::json!({ "files": [{ "name": editor.name(), "text": text, "version": version }] });
    let (status, said) = editor.post("/save", save.clone()).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    assert_eq!(editor.kept(), text);

    std::fs::write(&editor.path, "somebody else's").expect("written");
    let other =
        serde_json::json!({ "files": [{ "name": editor.name(), "text": "mine", "version": version }] });
    let (status, said) = editor.post("/save", other).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(said["changed"][0]["text"], "somebody else's");
    assert_eq!(editor.kept(), "somebody else's");
}

#[tokio::test]
async fn on_the_desk_a_faulty_file_is_refused_with_its_faults() {
    let editor = Desk::new(true);
    let version = editor.version("/desk/menus/edit").await;
    let save = |text: String| serde_json::json!({ "files": [{ "name": editor.name(), "text": text, "version": version }] });
    let faulty = save(SMALL.replace("Hello", "Hello {nobody}"));
    let (status, said) = editor.post("/desk/menus/edit/save", faulty).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(said["faults"][0]["line"], 5);
    assert_eq!(editor.kept(), SMALL);
    let (status, _) = editor.post("/desk/menus/edit/save", save(SMALL.replace("Hello", "Good day"))).await;
    assert_eq!(status, StatusCode::OK);
    assert!(editor.kept().contains("Good day"));
}

#[tokio::test]
async fn another_sites_page_can_neither_read_nor_write_menus() {
    let save = "{\"files\":[]}";
    for (serves, address) in [(false, "/save"), (true, "/desk/menus/edit/save")] {
        let editor = Desk::new(serves);
        let posted = || Request::post(address).header(header::CONTENT_TYPE, "application/json");
        let (status, _) = editor.send(posted().header("sec-fetch-site", "cross-site"), save.into()).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{address}");
        let (status, _) = editor.send(posted().header("origin", "https://evil.example"), save.into()).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{address}");
        let form = Request::post(address).header(header::CONTENT_TYPE, "text/plain");
        let (status, _) = editor.send(form, save.into()).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{address}");
    }
    let editor = Desk::new(false);
    let (status, _) =
        editor.send(Request::get("/files").header(header::HOST, "evil.example:7658"), Body::empty()).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "a name that points here for a moment");
}

#[tokio::test]
async fn the_page_brings_everything_it_needs_and_its_script_is_ours() {
    let editor = Desk::new(false);
    let (status, page) = editor.get("/").await;
    assert_eq!(status, StatusCode::OK);
    for address in [crate::web::assets::url("preview.js"), crate::web::assets::url("preview.css")] {
        assert!(page.contains(&address), "{page}");
        assert_eq!(editor.get(&address).await.0, StatusCode::OK);
    }
    assert!(!page.contains("<script>") && !page.contains("style=\"") && !page.contains("//cdn"));
    let (status, desk) = Desk::new(true).get("/desk/menus/edit").await;
    assert_eq!(status, StatusCode::OK);
    assert!(desk.contains("data-base=\"/desk/menus/edit\"") && desk.contains("href=\"/desk/menus\""));
}

#[tokio::test]
async fn a_page_hears_of_what_another_editor_wrote() {
    use http_body_util::BodyExt;
    let editor = Desk::new(false);
    let request = Request::get("/events").body(Body::empty()).expect("a request");
    let mut events = editor.router.clone().oneshot(request).await.expect("an answer").into_body();
    let mut next = async || {
        let frame = events.frame().await.expect("an event").expect("whole").into_data().expect("data");
        String::from_utf8(frame.to_vec()).expect("text")
    };
    assert!(next().await.contains("Habari"));
    std::fs::write(&editor.path, SMALL.replace("Habari", "Hujambo")).expect("written");
    let event = next().await;
    assert!(event.starts_with("event: files") && event.contains("Hujambo"), "{event}");
}
