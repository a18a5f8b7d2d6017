//! Bodies that a provider posts to us, or somebody else who found the address. The first octet says
//! at which door.

use super::{take, take_one};
use sokoni::engine::port::{PayOut, PayoutNews};
use sokoni::engine::shopfront::CardEvent;
use sokoni::gateway::fields::Fields;
use sokoni::gsm::fit;
use sokoni::money::airtel::answer as airtel;
use sokoni::money::card::event::{self, Meaning};
use sokoni::money::daraja::answer as daraja;
use sokoni::money::gsma::answer::{self, Ack};
use sokoni::money::mtn::answer as mtn;
use sokoni::money::proof::Fault;
use sokoni::types::{Msisdn, PayoutId};
use sokoni::wire::signature::{self, TOLERANCE_S};

pub fn any_octets(mut octets: &[u8]) {
    match take_one(&mut octets) % 6 {
        0 => mobile(octets),
        1 => answered(octets),
        2 => card(octets),
        3 => signed(octets),
        4 => rails(octets),
        _ => gateway(octets),
    }
}

/// A result that the mobile-money provider posts.
fn mobile(body: &[u8]) {
    let asked = asked();
    if let Ok(told) = answer::of_transaction(body, &asked) {
        speaks_plainly(&told.news);
        assert_eq!(answer::to_status(200, body, &asked), told, "asked, the provider says the same");
    }
    let _ = answer::of_callback(body);
}

/// An answer of the mobile-money provider: its status, then its body.
fn answered(mut octets: &[u8]) {
    let status = 100 + u16::from(take_one(&mut octets)) * 2 + u16::from(take_one(&mut octets) & 1);
    let news = answer::to_status(status, octets, &asked()).news;
    speaks_plainly(&news);
    let proves_failure = |news: &PayoutNews| {
        matches!(news, PayoutNews::Paid { .. } | PayoutNews::Failed { .. } | PayoutNews::Reversed { .. })
    };
    assert!(status == 200 || !proves_failure(&news), "{status}: {news:?}");
    match answer::to_request(status, octets, &asked()) {
        Ack::News(news) => {
            speaks_plainly(&news);
            assert!(matches!(status, 200 | 201) || !proves_failure(&news), "{status}: {news:?}");
        }
        Ack::Refused { why, .. } => {
            assert!((400..500).contains(&status) && status != 408, "{status} refuses nothing");
            assert!(fit::fits(&why, 20), "{why}");
        }
        Ack::Ours { fault, .. } => assert_eq!(fault, Fault::Float, "the one thing that is ours here"),
    }
}

/// What was asked for.
fn asked() -> PayOut {
    PayOut {
        id: PayoutId::derived("fuzz"),
        via: String::new(),
        to: Msisdn::from_e164("254712345678").expect("a number"),
        shillings: 850,
        again: true,
    }
}

/// A result, or an answer, of a provider with an API of its own, held against a payout that it may be
/// about.
fn rails(body: &[u8]) {
    let asked = asked();
    let told = [daraja::of_result(body, &asked), daraja::of_state(body, &asked)].into_iter().flatten();
    let answered = [mtn::to_status(200, body, &asked, "KES"), airtel::to_status(200, body, &asked, "KES")];
    told.chain(answered).for_each(|told| speaks_plainly(&told.news));
    for status in [200, 202, 400, 401, 404, 409, 429, 500, 503] {
        let acks = [
            daraja::to_request(status, body),
            mtn::to_request(status, body),
            airtel::to_request(status, body),
        ];
        for ack in acks {
            match ack {
                Ack::News(news) => {
                    let settled = matches!(
                        news,
                        PayoutNews::Paid { .. } | PayoutNews::Failed { .. } | PayoutNews::Reversed { .. }
                    );
                    assert!(!settled, "a request is only ever accepted: {news:?}");
                }
                Ack::Refused { why, .. } => assert!(fit::fits(&why, 20) && status < 500, "{status}: {why}"),
                Ack::Ours { .. } => {}
            }
        }
    }
    let _ =
        (daraja::float_in(body), daraja::of_side(body), mtn::of_callback(body), airtel::of_callback(body));
}

/// What goes into an SMS is short and plain.
fn speaks_plainly(news: &PayoutNews) {
    match news {
        PayoutNews::Paid { reference } => {
            assert!((1..=64).contains(&reference.len()) && reference.bytes().all(|b| b.is_ascii_graphic()));
        }
        PayoutNews::Failed { why } | PayoutNews::Reversed { why } => assert!(fit::fits(why, 20), "{why}"),
        PayoutNews::Accepted
        | PayoutNews::Unknown { .. }
        | PayoutNews::Held { .. }
        | PayoutNews::Short { .. }
        | PayoutNews::NotTaken { .. }
        | PayoutNews::Asked => {}
    }
}

/// An event of the card processor, its signature proven: it counts in one kind of shop at most.
fn card(body: &[u8]) {
    let (play, live) = (event::read(body, false), event::read(body, true));
    assert!(play.is_err() || live.is_err(), "play money pays for nothing");
    for meaning in [play, live].into_iter().flatten() {
        let Meaning::News(news) = meaning else { continue };
        match &news.what {
            CardEvent::Paid(sum) => {
                assert!(sum.cents() >= 0 && !(news.token.is_empty() && news.payment.is_empty()))
            }
            CardEvent::Refunded(sum) => assert!(sum.cents() >= 0 && !news.token.is_empty(), "{news:?}"),
            CardEvent::RefundFailed { amount, .. } => assert!(amount.cents() >= 0, "{news:?}"),
            CardEvent::Dispute(told) => assert!(told.amount.cents() >= 0, "{news:?}"),
            CardEvent::Expired => assert!(!news.token.is_empty()),
        }
    }
}

/// A signature header, its length before it, and a body: nobody who does not know the secret is
/// believed.
fn signed(mut octets: &[u8]) {
    let length = usize::from(take_one(&mut octets));
    let header = String::from_utf8_lossy(take(&mut octets, length)).into_owned();
    let secrets = ["whsec_of_nobody_else".into()];
    for now in [0, TOLERANCE_S, i64::MAX, i64::MIN] {
        assert!(signature::verify(&header, octets, &secrets, now).is_err(), "{header}");
    }
}

/// A request of an HTTP gateway: the same fields, in whichever way they come.
fn gateway(mut octets: &[u8]) {
    const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
    const JSON: Option<&str> = Some("application/json; charset=utf-8");
    let length = usize::from(take_one(&mut octets));
    let query = String::from_utf8_lossy(take(&mut octets, length)).into_owned();
    for kind in [None, FORM, JSON, Some("text/xml")] {
        let Ok(fields) = Fields::read(&query, kind, octets) else {
            assert_ne!(kind, FORM, "a form is always readable");
            continue;
        };
        let entries = fields.list("/results");
        assert!(entries.is_empty() || !matches!(kind, FORM));
        for field in ["text", "/messages/0/text", ""] {
            let said = fields.get(field);
            assert!(said.is_none() || !query.is_empty() || !octets.is_empty(), "nothing says {said:?}");
        }
    }
    assert_eq!(Fields::read(&query, None, b""), Fields::read("", FORM, query.as_bytes()));
}
