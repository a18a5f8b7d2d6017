//! What the settings of `[mail]` may say.

use super::*;

fn words(_: &Letter) -> (String, String) {
    (String::new(), String::new())
}

fn wrong(settings: Settings) -> String {
    match settings.postman(words) {
        Ok(_) => panic!("{settings:?} is taken"),
        Err(why) => why,
    }
}

fn by(smtp: &str) -> Settings {
    Settings {
        from: "Sokoni <orders@sokoni.example>".to_owned(),
        smtp: Some(smtp.to_owned()),
        ..Settings::default()
    }
}

#[tokio::test]
async fn settings_that_would_send_nothing_or_send_in_the_clear_say_what_to_write() {
    assert!(Settings::default().postman(words).expect("no letters").is_none());
    for good in [
        "smtps://mail.example:465",
        "smtp://mail.example:587?tls=required",
        "smtp://127.0.0.1:2525",
        "smtp://[::1]:25",
        "smtp://localhost",
    ] {
        assert!(by(good).postman(words).is_ok_and(|postman| postman.is_some()), "{good}");
    }
    for bad in ["smtp://mail.example:587", "smtp://mail.example?tls=opportunistic", "smtp://192.0.2.1:25"] {
        assert!(wrong(by(bad)).contains("in the clear; add ?tls=required"), "{bad}");
    }
    for bad in ["mail.example", "smtps:///", "https://mail.example", "smtps://me:secret@mail.example"] {
        assert!(!wrong(by(bad)).is_empty(), "{bad}");
    }
    let nowhere = Settings { from: "a@b.example".to_owned(), ..Settings::default() };
    assert!(wrong(nowhere).contains("smtp, or folder"));
    let both = Settings { folder: Some("mail".into()), ..by("smtps://mail.example") };
    assert!(wrong(both).contains("not both"));
    let nobody = Settings { from: "Sokoni".to_owned(), ..by("smtps://mail.example") };
    assert!(wrong(nobody).contains("write such as Sokoni <orders@"));
    let half = Settings { user: Some("me".to_owned()), ..by("smtps://mail.example") };
    assert!(wrong(half).contains("stand together"));
    let lost = Settings {
        user: Some("me".to_owned()),
        password_file: Some("/no/such/file".into()),
        ..by("smtps://mail.example")
    };
    assert!(wrong(lost).contains("/no/such/file"));
}
