use super::*;
use futures_util::FutureExt;
use std::sync::atomic::{AtomicI64, Ordering};
use totp_rs::{Builder, Secret};

/// A morning of 2026, moved by hand.
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

struct House {
    door: Door,
    clock: Arc<Hands>,
    store: Arc<Memory>,
}

const PASSWORD: &str = "four brown goats today";
/// The showing of the page on which she sets up her authenticator.
const SHOWING: &str = "00112233445566778899aabbccddeeff";

impl House {
    fn open() -> Self {
        let clock = Arc::new(Hands(AtomicI64::new(1_790_000_000_000)));
        Self::over(Arc::new(Memory::new()), clock)
    }

    fn over(store: Arc<Memory>, clock: Arc<Hands>) -> Self {
        let chance = Arc::new(crate::engine::chance::SystemChance);
        let secret = "a secret of more than thirty-two letters".to_owned().into();
        let (rows, hands): (Arc<dyn Store>, Arc<dyn Clock>) = (store.clone(), clock.clone());
        let door = Door::new(rows, hands, chance, &Pins::quick(), &secret);
        Self { door, clock, store }
    }

    fn later(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// What her authenticator shows now.
    fn code(&self, member: &Member) -> String {
        let totp =
            Builder::new().with_secret(Secret::new_stack(self.door.seed(Some(member), SHOWING))).build();
        let seconds = u64::try_from(self.clock.now().millis() / 1000).expect("after 1970");
        totp.expect("a secret").generate(seconds).to_string()
    }

    async fn enrol(&self, member: &Member) -> Result<Vec<String>, No> {
        self.door
            .enrol(member, SHOWING, Zeroizing::new(PASSWORD.to_owned()), &self.code(member), &here())
            .await
    }

    async fn tries(
        &self, member: Option<&Member>, name: &str, password: &str, code: &str,
    ) -> Result<String, No> {
        self.tries_from(&here(), member, name, password, code).await
    }

    async fn tries_from(
        &self, whence: &Whence, member: Option<&Member>, name: &str, password: &str, code: &str,
    ) -> Result<String, No> {
        self.door.sign_in(member, name, Zeroizing::new(password.to_owned()), code, whence).await
    }

    async fn journal(&self) -> Vec<String> {
        let records = journal::read(&*self.store, 0, 1000).await.expect("a journal");
        let told = |record: &journal::Record| {
            let record: Record = serde_json::from_slice(&record.record).expect("a record");
            match record.cause {
                crate::engine::record::Cause::Acted { by, what, from } => {
                    format!("{by} {what}, {}", from.unwrap_or_default())
                }
                other => format!("{other:?}"),
            }
        };
        records.iter().map(told).collect()
    }
}

fn here() -> Whence {
    Whence {
        address: Some(IpAddr::from([192, 0, 2, 7])),
        device: "Firefox on Linux".to_owned(),
        ..Whence::default()
    }
}

fn halima(house: &House) -> Member {
    let until = house.clock.now().after(Duration::from_secs(3600));
    Member { name: "Halima".to_owned(), mark: "liaison".to_owned(), invitation: Some(([7; 32], until)) }
}

#[tokio::test]
async fn she_takes_up_her_invitation_once_and_signs_in_by_password_and_code() {
    let house = House::open();
    let halima = halima(&house);
    let offer = house.door.offer(&halima, Some(SHOWING)).await.expect("an offer");
    assert!(offer.uri.starts_with("otpauth://totp/Sokoni:Halima?secret="), "{}", offer.uri);
    let wrong = house.door.enrol(&halima, SHOWING, Zeroizing::new(PASSWORD.into()), "000000", &here()).await;
    assert!(matches!(wrong, Err(No::Field("code", _))), "{wrong:?}");
    let short = house
        .door
        .enrol(&halima, SHOWING, Zeroizing::new("short".into()), &house.code(&halima), &here())
        .await;
    assert!(matches!(short, Err(No::Field("password", _))), "{short:?}");
    assert_eq!(house.enrol(&halima).await.expect("enrolled").len(), 8);
    assert_eq!(house.enrol(&halima).await, Err(No::Gone), "an invitation is good once");
    assert_eq!(house.door.offer(&halima, None).await, Err(No::Gone), "and its secret is shown no more");

    house.later(60);
    let token = house.tries(Some(&halima), " halima", PASSWORD, &house.code(&halima)).await.expect("in");
    let visit = house.door.visit(&token, true).await.expect("read").expect("a session");
    assert_eq!(
        (visit.name.as_str(), visit.way, visit.from.as_str()),
        ("Halima", Way::Password, "192.0.2.7, Firefox on Linux")
    );
    assert_eq!(house.door.visit("another", true).await, Ok(None));
    let said = house.journal().await;
    assert_eq!(said[0], "Halima takes up her invitation, 192.0.2.7, Firefox on Linux");
    assert_eq!(said[1], "Halima signs in, 192.0.2.7, Firefox on Linux");
    let all = format!("{said:?}");
    assert!(!all.contains(PASSWORD) && !all.contains(&offer.secret));
}

#[tokio::test]
async fn a_code_is_good_once_and_so_is_each_that_she_wrote_down() {
    let house = House::open();
    let halima = halima(&house);
    let written = house.enrol(&halima).await.expect("enrolled");
    let used = house.code(&halima);
    assert_eq!(
        house.tries(Some(&halima), "Halima", PASSWORD, &used).await,
        Err(No::Wrong),
        "it enrolled her"
    );
    house.later(30);
    let next = house.code(&halima);
    house.tries(Some(&halima), "Halima", PASSWORD, &next).await.expect("the next code");
    assert_eq!(house.tries(Some(&halima), "Halima", PASSWORD, &next).await, Err(No::Wrong));
    assert_eq!(house.tries(Some(&halima), "Halima", "another password", &written[0]).await, Err(No::Wrong));
    house.tries(Some(&halima), "Halima", PASSWORD, &written[0].to_uppercase()).await.expect("written down");
    assert_eq!(house.tries(Some(&halima), "Halima", PASSWORD, &written[0]).await, Err(No::Wrong));
    let said = house.journal().await;
    assert!(said.iter().any(|line| line.contains("by a code that was written down, 7 left")), "{said:?}");
}

#[tokio::test]
async fn a_name_that_nobody_has_is_answered_and_counted_like_one_that_somebody_has() {
    let house = House::open();
    let halima = halima(&house);
    house.enrol(&halima).await.expect("enrolled");
    let mut answers = Vec::new();
    for (member, name) in [(Some(&halima), "Halima"), (None, "Nobody Known")] {
        let mut hers = Vec::new();
        for _ in 0..6 {
            hers.push(house.tries(member, name, "a wrong password", "123456").await);
        }
        answers.push(hers);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0][3..], [Err(No::Wrong), Err(No::Wrong), Err(No::Wait(Duration::from_secs(5)))][..]);
    assert!(!format!("{:?}", house.journal().await).contains("Nobody Known"), "it may be a password");
}

#[tokio::test]
async fn who_was_shut_out_stays_so_across_a_restart_and_is_let_in_after_the_wait() {
    let house = House::open();
    let halima = halima(&house);
    house.enrol(&halima).await.expect("enrolled");
    house.later(30);
    for _ in 0..5 {
        assert_eq!(house.tries(Some(&halima), "halima", "wrong", "1").await, Err(No::Wrong));
    }
    let again = House::over(Arc::new(house.store.copy()), Arc::clone(&house.clock));
    let right = again.tries(Some(&halima), "Halima", PASSWORD, &again.code(&halima)).await;
    assert_eq!(right, Err(No::Wait(Duration::from_secs(5))), "also with what is right");
    again.later(5);
    again.tries(Some(&halima), "Halima", PASSWORD, &again.code(&halima)).await.expect("after the wait");
    assert_eq!(again.tries(Some(&halima), "Halima", "wrong", "1").await, Err(No::Wrong), "and counted anew");
}

#[tokio::test]
async fn an_address_that_tries_many_names_is_shut_out_and_those_of_an_office_are_not() {
    let house = House::open();
    let halima = halima(&house);
    house.enrol(&halima).await.expect("enrolled");
    for _ in 0..40 {
        house.later(30);
        house.tries(Some(&halima), "Halima", PASSWORD, &house.code(&halima)).await.expect("each morning");
    }
    for nth in 0..21 {
        assert_eq!(house.tries(None, &format!("name {nth}"), "wrong", "1").await, Err(No::Wrong), "{nth}");
    }
    assert!(matches!(house.tries(None, "one more", "wrong", "1").await, Err(No::Wait(_))));
    let elsewhere = Whence { address: Some(IpAddr::from([192, 0, 2, 8])), ..here() };
    assert_eq!(house.door.take_try(&elsewhere).await, Ok(()));
    let six =
        |last: u16| Whence { address: Some(IpAddr::from([0x2001, 0xdb8, 1, 2, 0, 0, 0, last])), ..here() };
    assert_eq!(six(1).neighbourhood(), six(9).neighbourhood(), "one customer has all of such a network");
}

#[tokio::test]
async fn each_who_opens_the_link_sees_another_secret_and_only_hers_counts_who_took_it_up() {
    let house = House::open();
    let halima = halima(&house);
    let stranger = house.door.offer(&halima, None).await.expect("an offer");
    let hers = house.door.offer(&halima, None).await.expect("an offer");
    assert!(stranger.secret != hers.secret && stranger.showing != hers.showing);
    let again = house.door.offer(&halima, Some(&hers.showing)).await.expect("the same page");
    assert_eq!(again, hers, "what was wrong with her password is told on the same page");
    for none in ["", "0011", &"z".repeat(32)] {
        assert_eq!(house.door.offer(&halima, Some(none)).await, Err(No::Gone), "{none}");
    }
    house.enrol(&halima).await.expect("enrolled");
    house.later(30);
    let code = |showing: &str| {
        let secret = Secret::new_stack(house.door.seed(Some(&halima), showing));
        let seconds = u64::try_from(house.clock.now().millis() / 1000).expect("after 1970");
        Builder::new().with_secret(secret).build().expect("a secret").generate(seconds).to_string()
    };
    for other in [stranger.showing.as_str(), hers.showing.as_str(), ""] {
        let tried = house.tries(Some(&halima), "Halima", PASSWORD, &code(other)).await;
        assert_eq!(tried, Err(No::Wrong), "{other}");
    }
    house.tries(Some(&halima), "Halima", PASSWORD, &code(SHOWING)).await.expect("hers");
}

#[tokio::test]
async fn who_set_up_her_authenticator_before_pages_were_told_apart_still_signs_in() {
    let house = House::open();
    let halima = halima(&house);
    house.enrol(&halima).await.expect("enrolled");
    let key = card_of("Halima");
    let row = house.store.read(vec![key.clone()]).await.expect("read").remove(0).expect("a row");
    let mut card = codec::decode_row::<serde_json::Value>(&key, &row).expect("JSON");
    card.as_object_mut().expect("fields").remove("showing").expect("it has one");
    let mut batch = Batch::default();
    batch.put(key, Expect::Any, codec::encode(&card));
    house.store.commit(batch).await.expect("written");
    house.later(30);
    let secret = Secret::new_stack(house.door.seed(Some(&halima), ""));
    let seconds = u64::try_from(house.clock.now().millis() / 1000).expect("after 1970");
    let code = Builder::new().with_secret(secret).build().expect("a secret").generate(seconds).to_string();
    house.tries(Some(&halima), "Halima", PASSWORD, &code).await.expect("in");
}

#[tokio::test]
async fn strangers_who_try_her_name_without_end_never_keep_her_out_of_a_browser_that_knows_her() {
    let house = House::open();
    let halima = halima(&house);
    house.enrol(&halima).await.expect("enrolled");
    let known = house.door.known(&halima, &here()).expect("made").expect("she has a password");
    let strangers =
        [7, 8, 9].map(|end| Whence { address: Some(IpAddr::from([198, 51, 100, end])), ..here() });
    for nth in 0..600 {
        let from = &strangers[nth % strangers.len()];
        house.later(60);
        match house.tries_from(from, Some(&halima), "Halima", "wrong", "1").await {
            Err(No::Wrong | No::Wait(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    let code = house.code(&halima);
    for address in [&strangers[0], &here()] {
        let hers = Whence { known: known.clone(), ..address.clone() };
        house.later(30);
        let code = house.code(&halima);
        house.tries_from(&hers, Some(&halima), "Halima", PASSWORD, &code).await.expect("her own browser");
    }
    // A browser that does not know her waits its turn, and not for long.
    let fresh = house.tries_from(&here(), Some(&halima), "Halima", PASSWORD, &code).await;
    let wait = match fresh {
        Err(No::Wait(wait)) => wait,
        other => panic!("{other:?}"),
    };
    assert!(wait <= Duration::from_secs(300), "{wait:?}");
    house.later(301);
    house.tries(Some(&halima), "Halima", PASSWORD, &house.code(&halima)).await.expect("after the wait");
}

#[tokio::test]
async fn a_mark_of_a_browser_opens_nothing_and_is_good_for_her_alone() {
    let house = House::open();
    let first = halima(&house);
    house.enrol(&first).await.expect("enrolled");
    let mark = |member: &Member, known: &str| {
        let whence = Whence { known: known.to_owned(), ..here() };
        house.door.known(member, &whence).expect("made").expect("a mark")
    };
    let hers = mark(&first, "");
    let in_it = Whence { known: hers.clone(), ..here() };
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(house.tries_from(&in_it, Some(&first), "Halima", "wrong", "1").await);
    }
    assert_eq!(
        answers[4..],
        [Err(No::Wrong), Err(No::Wait(Duration::from_secs(5)))][..],
        "it is counted, too"
    );

    let other =
        Member { name: "Otieno".to_owned(), invitation: Some(([9; 32], house.clock.now())), ..first.clone() };
    let anew = Member { invitation: first.invitation.map(|(_, until)| ([8; 32], until)), ..first.clone() };
    let knows = |member: &Member, known: &str| {
        house.door.knows(member, &Whence { known: known.to_owned(), ..here() }).is_some()
    };
    assert!(knows(&first, &hers) && !knows(&other, &hers) && !knows(&anew, &hers));
    let both = mark(&other, &hers);
    assert!(knows(&first, &both) && knows(&other, &both), "people share a browser");
    assert_eq!(mark(&first, &both).split('.').count(), 2, "each once");
    let forged = format!("{}{}", &hers[..32], "0".repeat(64));
    for bad in [forged.as_str(), "", "...", &hers[1..], &"f".repeat(5_000)] {
        assert!(!knows(&first, bad), "{bad}");
    }
    house.later(181 * 24 * 3600);
    assert!(!knows(&first, &hers), "half a year is enough");
}

#[tokio::test]
async fn who_waits_for_her_password_to_be_proven_until_the_request_is_given_up_has_tried_nothing() {
    let house = House::open();
    let halima = halima(&house);
    house.enrol(&halima).await.expect("enrolled");
    let mut places = Vec::new();
    for _ in 0..AT_ONCE {
        places.push(house.door.pins.place().await.expect("a place"));
    }
    let tried = house.tries(Some(&halima), "Halima", PASSWORD, "1").now_or_never();
    assert_eq!(tried, None, "it waits");
    let rows = house.store.scan(keys::desk_rows(b't'), None, 10, false).await.expect("read");
    assert_eq!(rows, []);
    drop(places);
    assert_eq!(house.tries(Some(&halima), "Halima", PASSWORD, "1").await, Err(No::Wrong));
    let rows = house.store.scan(keys::desk_rows(b't'), None, 10, false).await.expect("read");
    assert_eq!(rows.len(), 3, "her name here, her name anywhere, this address");
}

#[tokio::test]
async fn who_is_let_in_gives_back_the_try_of_the_address_and_no_other() {
    let house = House::open();
    let halima = halima(&house);
    house.enrol(&halima).await.expect("enrolled");
    house.later(30);
    for nth in 0..3 {
        assert_eq!(house.tries(None, &format!("name {nth}"), "wrong", "1").await, Err(No::Wrong));
    }
    house.tries(Some(&halima), "Halima", PASSWORD, &house.code(&halima)).await.expect("in");
    let counted = house.door.counted(None, None, &here());
    let row = house.store.read(vec![counted[0].1.clone()]).await.expect("read").remove(0).expect("a row");
    assert_eq!(codec::decode_row::<Tries>(&counted[0].1, &row).expect("tries").count, 3);
}

#[tokio::test]
async fn what_is_new_in_the_file_of_people_is_told_once_with_who_wrote_it() {
    let house = House::open();
    let standing = |role: &str, key: u8| Standing::new(vec![role.to_owned()], Some([key; 32]), None);
    let mut roll = Roll::from([("Halima".to_owned(), standing("liaison", 1))]);
    for _ in 0..2 {
        house.door.call_roll(&roll, "juma").await.expect("kept");
    }
    roll.insert("Otieno".to_owned(), standing("treasurer", 2));
    roll.insert("Halima".to_owned(), standing("operator", 3));
    let again = House::over(Arc::new(house.store.copy()), Arc::clone(&house.clock));
    again.door.call_roll(&roll, "root").await.expect("kept");
    roll.remove("Halima");
    again.door.call_roll(&roll, "").await.expect("kept");
    assert_eq!(
        again.journal().await,
        [
            "sokoni adds Halima as liaison, its file, written by juma",
            "sokoni makes Halima operator; gives Halima another key; adds Otieno as treasurer, \
             its file, written by root",
            "sokoni removes Halima, its file",
        ]
    );
}

#[tokio::test]
async fn tries_side_by_side_are_counted_like_tries_one_after_the_other() {
    let house = House::open();
    let many = (0..30).map(|_| house.tries(None, "Halima", "wrong", "1"));
    let answers = futures_util::future::join_all(many).await;
    let proven = answers.iter().filter(|answer| **answer == Err(No::Wrong)).count();
    assert!((1..=5).contains(&proven), "{proven} were proven");
}

#[tokio::test]
async fn a_session_ends_when_nobody_sits_before_it_after_a_day_and_when_it_is_ended() {
    let house = House::open();
    let halima = halima(&house);
    let admit = async || house.door.admit(&halima, &here()).await.expect("in");
    let (idle, used, ended) = (admit().await, admit().await, admit().await);
    for _ in 0..23 {
        house.later(1800);
        let live = house.door.visit(&used, true).await.expect("read");
        assert!(live.is_some(), "it is used");
        house.door.visit(&idle, false).await.expect("read");
    }
    assert_eq!(house.door.visit(&idle, true).await, Ok(None), "nobody sat there for an hour");
    let sessions = house.door.visits(Some("Halima")).await.expect("read");
    assert_eq!(sessions.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>(), [Door::id(&used)]);
    house.later(1800);
    assert_eq!(house.door.visit(&used, true).await, Ok(None), "twelve hours are enough");
    assert_eq!(house.door.end(&[Door::id(&ended)], &Who::new("Halima"), "signs out").await, Ok(0));

    let fresh = admit().await;
    assert_eq!(house.door.end(&[Door::id(&fresh)], &Who::new("Halima"), "signs out").await, Ok(1));
    assert_eq!(house.door.visit(&fresh, true).await, Ok(None));
    house.later(24 * 3600);
    prune(&*house.store, house.clock.now()).await.expect("pruned");
    for kind in [b's', b't'] {
        let left = house.store.scan(keys::desk_rows(kind), None, 10, false).await.expect("read");
        assert_eq!(left, [], "nothing of it stays");
    }
}

#[tokio::test]
async fn a_new_invitation_makes_password_and_authenticator_of_before_void() {
    let house = House::open();
    let first = halima(&house);
    house.enrol(&first).await.expect("enrolled");
    let anew = Member { invitation: first.invitation.map(|(_, until)| ([8; 32], until)), ..first.clone() };
    house.later(60);
    for member in [&first, &anew] {
        let code = house.code(member);
        assert_eq!(house.tries(Some(&anew), "Halima", PASSWORD, &code).await, Err(No::Wrong));
    }
    house.enrol(&anew).await.expect("enrolled anew");
    let late = Member { invitation: Some(([9; 32], house.clock.now())), ..first };
    assert_eq!(house.enrol(&late).await, Err(No::Gone), "too old");
}

#[tokio::test]
async fn the_hash_in_the_place_of_one_that_is_not_there_is_proven_like_any_other() {
    let pins = Pins::new(Some("pepper".to_owned().into()), 1);
    assert_eq!(pins.prove(Zeroizing::new(PASSWORD.to_owned()), NOBODYS.to_owned()).await, Ok(false));
}
