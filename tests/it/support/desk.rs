//! People of the desk, each with a key of her own: they type commands, press buttons, read pages.

use super::village::{Village, client};
use reqwest::StatusCode;
use sokoni::web::people::{DeskRole, Roll};
use std::path::Path;

/// Names and roles of everybody at the village's desk.
const EVERYBODY: [(&str, &[DeskRole]); 4] = [
    ("Juma", &[DeskRole::Reader]),
    ("Halima", &[DeskRole::Liaison]),
    ("Njeri", &[DeskRole::Operator, DeskRole::Treasurer]),
    ("Otieno", &[DeskRole::Treasurer]),
];

/// The file of them, and each one's key in a file of her own.
pub fn employ(folder: &Path) {
    let mut roll = Roll::default();
    for (name, roles) in EVERYBODY {
        let key = format!("the key that only {name} has");
        std::fs::write(folder.join(format!("key-of-{name}")), &key).expect("a key");
        roll.add(name, roles.iter().copied().collect(), &key.into()).expect("a person");
    }
    std::fs::write(folder.join("people.toml"), toml::to_string(&roll).expect("toml")).expect("a file");
}

/// Somebody at the desk.
pub struct Colleague<'v> {
    village: &'v Village,
    name: &'static str,
    client: reqwest::Client,
}

impl Village {
    /// Who at the desk is called so.
    pub fn colleague(&self, name: &'static str) -> Colleague<'_> {
        assert!(EVERYBODY.iter().any(|(known, _)| *known == name), "{name}");
        Colleague { village: self, name, client: client() }
    }
}

impl Colleague<'_> {
    fn key(&self) -> std::path::PathBuf {
        self.village.data().with_file_name(format!("key-of-{}", self.name))
    }

    fn asked(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request.bearer_auth(std::fs::read_to_string(self.key()).expect("her key"))
    }

    /// Runs `sokoni` against the desk; what it prints, or says as it refuses.
    pub async fn types(&self, args: &[&str]) -> Result<String, String> {
        let mut sokoni = tokio::process::Command::new(env!("CARGO_BIN_EXE_sokoni"));
        let run =
            sokoni.args(args).args(["--desk", &self.village.url]).arg("--desk-key-file").arg(self.key());
        let run = run.output().await.expect("the command runs");
        let text = |octets| String::from_utf8(octets).expect("text");
        if run.status.success() { Ok(text(run.stdout)) } else { Err(text(run.stderr)) }
    }

    /// The same, and it is done.
    pub async fn has(&self, args: &[&str]) -> String {
        self.types(args).await.unwrap_or_else(|why| panic!("{args:?}: {why}"))
    }

    /// Opens a page.
    pub async fn opens(&self, path: &str) -> String {
        let answer = self.asked(self.client.get(format!("{}{path}", self.village.url))).send().await;
        let answer = answer.expect("the desk answers");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.text().await.expect("a page")
    }

    /// Listens to a page that keeps itself fresh.
    pub async fn listens(&self, path: &str) -> reqwest::Response {
        let answer = self.asked(self.client.get(format!("{}{path}", self.village.url))).send().await;
        answer.expect("the desk answers")
    }

    /// Asks for a page that she is not given: what the desk answers.
    pub async fn refused(&self, path: &str) -> StatusCode {
        let answer = self.asked(self.client.get(format!("{}{path}", self.village.url))).send().await;
        answer.expect("the desk answers").status()
    }

    /// Follows a way that leads on: where to.
    pub async fn is_led(&self, path: &str) -> String {
        let answer = self.asked(self.client.get(format!("{}{path}", self.village.url))).send().await;
        let answer = answer.expect("the desk answers");
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
        answer.headers()["location"].to_str().expect("an address").to_owned()
    }

    /// Sends JSON as a program of hers would: what the desk answers.
    pub async fn posts(&self, path: &str, wish: &serde_json::Value) -> (StatusCode, serde_json::Value) {
        let request = self.client.post(format!("{}{path}", self.village.url)).json(wish);
        let answer = self.asked(request).send().await.expect("the desk answers");
        let status = answer.status();
        (status, answer.json().await.expect("JSON"))
    }

    /// Sends a form of a page that has a file: what the desk answers.
    pub async fn sends_file(
        &self, path: &str, words: &[(&str, &str)], (name, file): (&str, &[u8]),
    ) -> (StatusCode, String) {
        const EDGE: &str = "----its-form";
        let mut body = Vec::new();
        for (name, text) in words {
            let text = text.replace('\n', "\r\n");
            let head =
                format!("--{EDGE}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
            body.extend_from_slice(head.as_bytes());
        }
        let head = format!(
            "--{EDGE}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(file);
        body.extend_from_slice(format!("\r\n--{EDGE}--\r\n").as_bytes());
        let request = self.client.post(format!("{}{path}", self.village.url));
        let request =
            request.header("content-type", format!("multipart/form-data; boundary={EDGE}")).body(body);
        let answer = self.asked(request).send().await.expect("the desk answers");
        let status = answer.status();
        (status, answer.text().await.expect("a page"))
    }

    /// Sends a form of a page: what the desk answers.
    pub async fn sends(&self, path: &str, form: &[(&str, &str)]) -> (StatusCode, String) {
        let request = self.client.post(format!("{}{path}", self.village.url)).form(form);
        let answer = self.asked(request).send().await.expect("the desk answers");
        let status = answer.status();
        (status, answer.text().await.expect("a page"))
    }
}
