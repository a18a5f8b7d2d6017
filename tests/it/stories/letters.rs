//! What shoppers get by e-mail, as the files that stand for a mail server here.

use super::bulk::{asks_for, has_room, offered};
use super::{brought, on_sale, open_stall, taken};
use crate::support::program::Program;
use crate::support::village::{Founding, Village, until};
use mailparse::MailHeaderMap;
use sokoni::sim::Line;
use std::path::PathBuf;
use std::time::Duration;

/// Where letters to shoppers go.
pub(super) fn mailbox(village: &Village) -> PathBuf {
    village.data().with_file_name("mail")
}

/// Waits for a letter about a purchase: what stands above it, and what it says.
pub(super) async fn letter(village: &Village, code: &str, about: &str) -> (String, String) {
    let file = mailbox(village).join(format!("{code}.{about}.eml"));
    let octets = until(&format!("a letter {about}"), || async { std::fs::read(&file).ok() }).await;
    let mail = mailparse::parse_mail(&octets).expect("a message");
    let subject = mail.headers.get_first_value("Subject").expect("a subject");
    (subject, mail.get_body().expect("text").replace("\r\n", "\n"))
}

#[tokio::test]
async fn a_shopper_has_a_receipt_and_hears_when_her_parcel_leaves() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    let order = taken(&village, &achieng, &listing, 2).await;
    let (subject, said) = letter(&village, &order.code, "paid").await;
    assert_eq!(subject, format!("Order {}: your payment came", order.code));
    let link = format!("{}/order/{}", village.url, order.token);
    for words in [
        "Dear ",
        "Your payment of $",
        "2 × Brass necklace, from Achieng",
        "Achieng, who makes it: KSh 1,700",
        &link,
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, 2).await;
    order.reaches("released").await;
    // The carrier's number comes after the parcel left, and the letter with it.
    amina.asks(&format!("GONE {} 320", order.code), "we tell the buyer").await;
    order.reaches("shipped").await;
    assert!(!mailbox(&village).join(format!("{}.sent.eml", order.code)).exists());
    village.colleague("Halima").has(&["shipping", "track", &order.code, "RR123456785KE"]).await;
    let (subject, said) = letter(&village, &order.code, "sent").await;
    assert!(subject.ends_with("your parcel is on its way"), "{subject}");
    assert!(said.contains("RR123456785KE."), "{said}");
    village.closes().await;
}

#[tokio::test]
async fn a_letter_waits_for_the_mail_server_and_holds_up_nothing() {
    let (village, achieng, _, listing) = open_stall(850, 1).await;
    std::fs::remove_dir(mailbox(&village)).expect("empty");
    let order = village.shopper().buys(&listing, 1).await;
    achieng.is_offered().await;
    achieng.asks(&format!("NO {}", order.code), "We tell the buyer").await;
    order.reaches("refunded").await;
    until("the money is back", || async {
        order.done().await.contains(&"refunded".to_owned()).then_some(())
    })
    .await;
    std::fs::create_dir(mailbox(&village)).expect("a folder");
    village
        .passes_time_until("the letters go", || {
            std::fs::read_dir(mailbox(&village)).is_ok_and(|files| files.count() == 2)
        })
        .await;
    letter(&village, &order.code, "paid").await;
    let (subject, said) = letter(&village, &order.code, "refundedround1").await;
    assert!(subject.ends_with("money is on its way back"), "{subject}");
    let back = village.card.captures()[0].refunded;
    assert!(said.contains(&format!("${}.{:02} is on its way", back / 100, back % 100)), "{said}");
    village.closes().await;
}

#[tokio::test]
async fn a_shopper_of_many_hears_of_the_choice_and_of_the_day() {
    let (village, achieng, _, listing) = open_stall(850, 3).await;
    has_room(&achieng, 12).await;
    let request = asks_for(&village, &listing, 15).await;
    let (hers, _) = offered(&achieng).await;
    achieng.asks(&format!("BAADHI {hers} 10"), "is yours").await;
    let (_, said) = letter(&village, &request.code, "chooseround1").await;
    assert!(said.contains("could be asked for 5 of your 15 pieces"), "{said}");
    request.chooses("fewer").await;
    village.clock.advance(Duration::from_secs(60));
    letter(&village, &request.code, "refundedround1").await;
    let (subject, said) = letter(&village, &request.code, "promised").await;
    assert!(subject.ends_with("every piece is taken"), "{subject}");
    assert!(said.contains("They are to be made by "), "{said}");
    village.closes().await;
}

#[tokio::test]
async fn what_is_asked_in_a_letter_and_answered_before_it_leaves_is_not_asked() {
    let (village, achieng, _, listing) = open_stall(850, 3).await;
    has_room(&achieng, 12).await;
    std::fs::remove_dir(mailbox(&village)).expect("empty");
    let request = asks_for(&village, &listing, 15).await;
    let (hers, _) = offered(&achieng).await;
    achieng.asks(&format!("BAADHI {hers} 10"), "is yours").await;
    until("the buyer may choose", || async { (request.state().await == "choosing").then_some(()) }).await;
    request.chooses("fewer").await;
    village.card.set_line(Line::Open).await;
    std::fs::create_dir(mailbox(&village)).expect("a folder");
    village
        .passes_time_until("the others go", || {
            std::fs::read_dir(mailbox(&village)).is_ok_and(|files| files.count() == 3)
        })
        .await;
    assert!(!mailbox(&village).join(format!("{}.chooseround1.eml", request.code)).exists());
    village.closes().await;
}

#[tokio::test]
async fn a_mail_server_of_another_making_takes_letters_in_each_language() {
    let mut server = Program::python("mailserver.py", &[]);
    let port = server.event("port", |_| true).await["port"].clone();
    let smtp = Some(format!("smtp://127.0.0.1:{port}"));
    let village = Village::found(Founding { smtp, ..Founding::default() }).await;
    let achieng = village.achieng().await;
    let listing = on_sale(&achieng, &village.amina(), 850, 3).await;
    let shopper = village.shopper();
    let buys = async |email: &str, name: &str, way: &str| {
        let form = shopper.fills(&listing, 1).await.but("email", email).but("name", name);
        let order = shopper.pays(&shopper.sends_to(way, &form).await.expect("on to payment")).await;
        order.reaches("offered").await;
        order.code
    };
    // Nobody's mailbox holds up nobody else's.
    buys("never@example.org", "Nobody", "/checkout").await;
    let second = buys("later@example.org", "Zoë Müller, Jr.", "/checkout?lang=fr").await;
    let third = buys("jo@example.org", "Jo", "/checkout").await;
    let sent = |event: serde_json::Value| event["letter"].clone();
    let first = sent(server.event("letter", |_| true).await);
    assert_eq!(
        (&first["subject"], &first["defects"]),
        (&format!("Order {third}: your payment came").into(), &serde_json::json!([]))
    );
    assert_eq!(
        (&first["sender"], &first["rcpt"]),
        (&"orders@sokoni.example".into(), &serde_json::json!(["jo@example.org"]))
    );
    assert_eq!(
        (&first["from"], &first["to"]),
        (&"Sokoni <orders@sokoni.example>".into(), &"Jo <jo@example.org>".into())
    );
    assert_eq!(first["id"], format!("<{third}.paid@sokoni.example>"));
    // What was refused for now comes again.
    village.clock.advance(Duration::from_secs(60));
    let again = sent(server.event("letter", |_| true).await);
    assert_eq!(again["subject"], format!("Commande {second}\u{a0}: paiement reçu"));
    assert!(again["to"].as_str().is_some_and(|to| to.contains("Zoë Müller, Jr.")), "{again}");
    let text = again["text"].as_str().expect("text");
    assert!(text.starts_with("Bonjour Zoë Müller, Jr.,") && text.contains("livraison comprise"), "{text}");
    village.closes().await;
}
