//! The desk's door from outside: an invitation by the command, a browser that signs in, tries that are
//! counted, sessions that end.

use crate::support::village::{Village, client};
use reqwest::{Response, StatusCode};
use sokoni::types::Clock;
use std::time::Duration;
use totp_rs::{Builder, Secret, Totp};

const PASSWORD: &str = "seven quiet rivers";

/// A browser, which keeps one cookie.
pub(super) struct Browser<'v> {
    village: &'v Village,
    client: reqwest::Client,
    cookie: String,
    /// By what the house knows the browser again.
    known: String,
}

impl<'v> Browser<'v> {
    pub(super) fn new(village: &'v Village) -> Self {
        Self { village, client: client(), cookie: String::new(), known: String::new() }
    }

    async fn sends(&mut self, request: reqwest::RequestBuilder) -> (StatusCode, String) {
        let cookies = format!("{}; {}", self.cookie, self.known);
        let request = request.header("cookie", cookies).header("user-agent", "Firefox/140.0 Linux");
        let answer: Response =
            request.header("sec-fetch-site", "same-origin").send().await.expect("an answer");
        for cookie in answer.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().expect("text");
            assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
            let pair = cookie.split(';').next().unwrap_or_default().to_owned();
            let kept =
                if pair.starts_with("sokoni_desk_known=") { &mut self.known } else { &mut self.cookie };
            *kept = pair;
        }
        (answer.status(), answer.text().await.expect("a page"))
    }

    async fn opens(&mut self, path: &str) -> (StatusCode, String) {
        let request = self.client.get(format!("{}{path}", self.village.url));
        self.sends(request).await
    }

    pub(super) async fn posts(&mut self, path: &str, form: &[(&str, &str)]) -> (StatusCode, String) {
        let request = self.client.post(format!("{}{path}", self.village.url)).form(form);
        self.sends(request).await
    }

    pub(super) async fn signs_in(&mut self, name: &str, password: &str, code: &str) -> (StatusCode, String) {
        self.posts("/desk/sign-in", &[("name", name), ("password", password), ("code", code)]).await
    }
}

/// Somebody with an authenticator.
pub(super) struct Keeper {
    name: String,
    totp: Totp,
    pub(super) written: Vec<String>,
}

impl Keeper {
    /// Invites somebody who takes it up.
    pub(super) async fn joins(village: &Village, name: &str, role: &str) -> Self {
        let link = invited(village, &["add", name, "--role", role]);
        let mut browser = Browser::new(village);
        let (status, page) = browser.opens(&link).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let secret = between(&page, "data-testid=\"secret\">", "<").replace(' ', "");
        let secret = Secret::try_from_base32(secret).expect("a secret");
        let mut keeper = Self {
            name: name.to_owned(),
            totp: Builder::new().with_secret(secret).build().expect("a secret"),
            written: Vec::new(),
        };
        let other = between(&browser.opens(&link).await.1, "data-testid=\"secret\">", "<").replace(' ', "");
        assert!(!page.replace(' ', "").contains(&other), "who opens the link again sees another secret");
        let invitation = between(&page, "name=\"invitation\" value=\"", "\"");
        let showing = between(&page, "name=\"showing\" value=\"", "\"");
        let code = keeper.shows(village);
        let form = |again, code| {
            [
                ("invitation", invitation),
                ("showing", showing),
                ("password", PASSWORD),
                ("again", again),
                ("code", code),
            ]
        };
        let (status, page) = browser.posts("/desk/welcome", &form("something else", code.as_str())).await;
        assert!(
            status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("this is not what stands above it")
        );
        let (status, page) = browser.posts("/desk/welcome", &form(PASSWORD, code.as_str())).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let codes = page.split("data-testid=\"recovery\">").skip(1);
        keeper.written = codes.map(|rest| rest.split('<').next().unwrap_or_default().to_owned()).collect();
        assert_eq!(keeper.written.len(), 8);
        let (status, _) = browser.posts("/desk/welcome", &form(PASSWORD, code.as_str())).await;
        assert_eq!(status, StatusCode::GONE, "an invitation is good once");
        keeper
    }

    fn shows(&self, village: &Village) -> String {
        let seconds = u64::try_from(village.clock.now().millis() / 1000).expect("after 1970");
        self.totp.generate(seconds).to_string()
    }

    /// The next code, since each is good once.
    pub(super) async fn signs_in<'v>(&self, village: &'v Village) -> Browser<'v> {
        village.clock.advance(Duration::from_secs(30));
        let mut browser = Browser::new(village);
        let (status, page) = browser.signs_in(&self.name, PASSWORD, &self.shows(village)).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
        browser
    }
}

pub(super) fn between<'t>(page: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = page.split_once(before).unwrap_or_else(|| panic!("{before} in {page}"));
    rest.split(after).next().unwrap_or_default()
}

/// Runs the command on the village's file of people, while the service runs.
pub(super) fn told(village: &Village, args: &[&str]) -> String {
    let file = village.data().with_file_name("people.toml");
    let mut sokoni = std::process::Command::new(env!("CARGO_BIN_EXE_sokoni"));
    sokoni.env_remove("SUDO_USER").env("USER", "juma");
    let run = sokoni.arg("desk").args(args).arg("--file").arg(file).output().expect("the command runs");
    assert!(run.status.success(), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).expect("text")
}

/// Where the link leads that the command prints.
fn invited(village: &Village, args: &[&str]) -> String {
    let said = told(village, &[args, &["--url", &village.url]].concat());
    let link = said.trim().strip_prefix(&village.url).expect("a link of the village");
    assert!(link.starts_with("/desk/welcome?invitation="), "{link}");
    link.to_owned()
}

#[tokio::test]
async fn w95_somebody_who_is_invited_chooses_a_password_and_signs_in_with_a_code_that_is_good_once() {
    let village = Village::open().await;
    let grace = Keeper::joins(&village, "Grace", "operator").await;
    let mut browser = grace.signs_in(&village).await;
    let (status, page) = browser.opens("/desk").await;
    assert!(status == StatusCode::OK && page.contains("data-testid=\"who\">Grace<"), "{page}");
    let same = Browser::new(&village).signs_in("Grace", PASSWORD, &grace.shows(&village)).await;
    assert!(same.0 == StatusCode::UNAUTHORIZED && same.1.contains("Name, password or code is wrong."));
    village.clock.advance(Duration::from_secs(30));
    for (name, password, code) in [
        ("Grace", "another password", grace.shows(&village)),
        ("Nobody", PASSWORD, grace.shows(&village)),
        ("Grace", PASSWORD, "000000".to_owned()),
    ] {
        let (status, page) = Browser::new(&village).signs_in(name, password, &code).await;
        assert!(status == StatusCode::UNAUTHORIZED && page.contains("Name, password or code is wrong."));
        assert!(!page.contains(password), "what was typed is not shown");
    }
    let written = Browser::new(&village).signs_in("grace", PASSWORD, &grace.written[3]).await;
    assert_eq!(written.0, StatusCode::SEE_OTHER, "a code that was written down");
    let posts = browser.posts("/desk/stops", &[]).await;
    assert_ne!(posts.0, StatusCode::UNAUTHORIZED);
    village.closes().await;
}

#[tokio::test]
async fn w95_who_tries_too_often_is_told_how_long_to_wait_also_after_a_restart() {
    let mut village = Village::open().await;
    let grace = Keeper::joins(&village, "Grace", "operator").await;
    for name in ["Grace", "Somebody"] {
        for nth in 0..5 {
            let (status, _) = Browser::new(&village).signs_in(name, "a wrong password", "1").await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{nth}");
        }
        village.clock.advance(Duration::from_secs(5));
        let (status, _) = Browser::new(&village).signs_in(name, "a wrong password", "1").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        let (status, page) = Browser::new(&village).signs_in(name, "a wrong password", "1").await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
        let told = "There were too many tries. Please try again in";
        assert!(page.contains(told) && page.contains("10 seconds"), "{page}");
    }
    village.clock.advance(Duration::from_secs(20));
    village.restart().await;
    for _ in 0..3 {
        let (status, _) = Browser::new(&village).signs_in("Grace", "a wrong password", "1").await;
        let seen = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS);
        assert!(seen, "{status}");
    }
    let right = Browser::new(&village).signs_in("Grace", PASSWORD, &grace.shows(&village)).await;
    assert_eq!(right.0, StatusCode::TOO_MANY_REQUESTS, "a restart forgets nothing");
    village.clock.advance(Duration::from_secs(60));
    let mut browser = grace.signs_in(&village).await;
    assert_eq!(browser.opens("/desk").await.0, StatusCode::OK);
    village.closes().await;
}

#[tokio::test]
async fn w95_a_stranger_who_tries_her_name_shuts_no_browser_in_which_she_signed_in_before() {
    let village = Village::open().await;
    let grace = Keeper::joins(&village, "Grace", "operator").await;
    let mut hers = grace.signs_in(&village).await;
    hers.posts("/desk/leave", &[]).await;
    let mut stranger = Browser::new(&village);
    for _ in 0..8 {
        stranger.signs_in("Grace", "a wrong password", "1").await;
    }
    village.clock.advance(Duration::from_secs(30));
    stranger.signs_in("Grace", "a wrong password", "1").await;
    let right = Browser::new(&village).signs_in("Grace", PASSWORD, &grace.shows(&village)).await;
    assert_eq!(right.0, StatusCode::TOO_MANY_REQUESTS, "a browser that nobody knows waits");
    let (status, page) = hers.signs_in("Grace", PASSWORD, &grace.shows(&village)).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    assert_eq!(hers.opens("/desk").await.0, StatusCode::OK);
    village.closes().await;
}

#[tokio::test]
async fn w95_a_page_that_keeps_itself_fresh_ends_with_the_session_that_opened_it() {
    let village = Village::open().await;
    let grace = Keeper::joins(&village, "Grace", "operator").await;
    let mut browser = grace.signs_in(&village).await;
    for path in ["/desk/live", "/desk/menus/edit/events"] {
        let request = client().get(format!("{}{path}", village.url)).header("cookie", &browser.cookie);
        let mut page = request.send().await.expect("an answer");
        assert!(page.chunk().await.expect("a piece").is_some(), "{path}");
        browser.posts("/desk/leave", &[]).await;
        while page.chunk().await.expect("it ends as it should").is_some() {}
        browser = grace.signs_in(&village).await;
    }
    village.closes().await;
}

#[tokio::test]
async fn w95_a_session_ends_when_she_says_so_and_when_she_is_removed_or_invited_anew() {
    let village = Village::open().await;
    let grace = Keeper::joins(&village, "Grace", "reader").await;
    let (mut one, mut other) = (grace.signs_in(&village).await, grace.signs_in(&village).await);
    let (_, page) = one.opens("/desk/sessions").await;
    assert_eq!(page.matches("data-testid=\"session\"").count(), 2, "{page}");
    assert!(page.matches("data-this=\"true\"").count() == 1 && page.contains("127.0.0.1, Firefox on Linux"));
    assert!(!page.contains(one.cookie.split_once('=').expect("a cookie").1), "no token is shown");
    let (status, _) = other.posts("/desk/leave", &[]).await;
    assert_eq!((status, other.cookie.as_str()), (StatusCode::SEE_OTHER, "sokoni_desk="));
    let mut third = grace.signs_in(&village).await;
    let kept = third.cookie.clone();
    let (status, _) = one.posts("/desk/sessions", &[("everywhere", "Grace")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    for browser in [&mut one, &mut third] {
        let (status, page) = browser.opens("/desk").await;
        assert!(status == StatusCode::UNAUTHORIZED && page.contains("data-testid=\"sign-in\""), "{page}");
    }
    assert_eq!(third.cookie, kept, "the browser cannot bring it back");

    let mut fourth = grace.signs_in(&village).await;
    let link = invited(&village, &["reset", "Grace"]);
    assert_eq!(fourth.opens("/desk").await.0, StatusCode::UNAUTHORIZED);
    village.clock.advance(Duration::from_secs(30));
    let old = Browser::new(&village).signs_in("Grace", PASSWORD, &grace.shows(&village)).await;
    assert_eq!(old.0, StatusCode::UNAUTHORIZED, "password and authenticator of before are void");
    told(&village, &["remove", "Grace"]);
    assert_eq!(Browser::new(&village).opens(&link).await.0, StatusCode::GONE);
    village.closes().await;
}

#[tokio::test]
async fn w95_a_page_of_another_site_signs_nobody_in_or_out() {
    let village = Village::open().await;
    let grace = Keeper::joins(&village, "Grace", "operator").await;
    let browser = grace.signs_in(&village).await;
    for path in ["/desk/sign-in", "/desk/leave", "/desk/key", "/desk/sessions", "/desk/welcome"] {
        let request = client().post(format!("{}{path}", village.url)).header("sec-fetch-site", "cross-site");
        let request =
            request.header("cookie", &browser.cookie).form(&[("everywhere", "Grace"), ("key", "x")]);
        assert_eq!(request.send().await.expect("an answer").status(), StatusCode::FORBIDDEN, "{path}");
    }
    let mut browser = browser;
    assert_eq!(browser.opens("/desk").await.0, StatusCode::OK);
    village.closes().await;
}
