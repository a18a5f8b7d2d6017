//! Tips and lessons: what they must say, and that nobody is told twice.

use super::*;

fn at(day: i64) -> Timestamp {
    Timestamp::from_millis(day * 86_400_000)
}

fn tip(words: &str) -> Topic {
    Topic::Tip { craft: "necklace".parse().ok(), texts: BTreeMap::from([(Lang::EN, words.to_owned())]) }
}

fn post(topic: Topic) -> BulletinCommand {
    BulletinCommand::Post { id: BulletinId::derived("one"), topic, by: " Halima ".into() }
}

fn run(state: &mut Option<Bulletin>, command: &BulletinCommand) -> Result<Vec<BulletinEvent>, Refusal> {
    let events = decide(state.as_ref(), command, at(10))?;
    for event in &events {
        *state = evolve(state.take(), event, at(10));
    }
    Ok(events)
}

#[test]
fn a_tip_is_kept_in_order_and_posting_it_again_is_harmless() {
    let mut state = None;
    run(&mut state, &post(tip(" thin   bangles sell best "))).expect("posted");
    let kept = state.clone().expect("stands");
    assert_eq!((kept.topic.clone(), kept.by.as_str()), (tip("thin bangles sell best"), "Halima"));
    assert_eq!(run(&mut state, &post(tip("thin bangles sell best"))), Ok(vec![]));
    assert_eq!(run(&mut state, &post(tip("another"))), Err(Refusal::AlreadyExists));
    let long = Refusal::OutOfRange { min: 1, max: 110 };
    assert_eq!(decide(None, &post(tip(&"x".repeat(111))), at(10)), Err(long.clone()));
    assert_eq!(decide(None, &post(tip("  ")), at(10)), Err(long));
}

#[test]
fn telling_goes_forward_only_and_ends() {
    let mut state = None;
    run(&mut state, &post(tip("words"))).expect("posted");
    let mut ids = [PartyId::derived("a"), PartyId::derived("b")];
    ids.sort();
    let tell = |after| BulletinCommand::Tell { after, texts: 3 };
    run(&mut state, &tell(ids[1])).expect("told");
    assert_eq!(run(&mut state, &tell(ids[1])), Ok(vec![]));
    assert_eq!(run(&mut state, &tell(ids[0])), Ok(vec![]));
    run(&mut state, &BulletinCommand::Finish).expect("finished");
    assert_eq!(run(&mut state, &BulletinCommand::Finish), Ok(vec![]));
    let told = state.expect("stands");
    assert_eq!((told.told, told.after, told.finished), (3, Some(ids[1]), Some(at(10))));
}

#[test]
fn a_lesson_lies_ahead_has_seats_and_counts_whoever_came_once() {
    let lesson = |day: i64, seats, place: &str| Topic::Lesson {
        area: "kibera".parse().expect("a word"),
        day: at(day),
        place: place.into(),
        seats,
    };
    assert_eq!(decide(None, &post(lesson(9, 5, "Kibera")), at(10)), Err(Refusal::gone("over")));
    assert_eq!(
        decide(None, &post(lesson(11, 0, "Kibera")), at(10)),
        Err(Refusal::OutOfRange { min: 1, max: 99 })
    );
    assert_eq!(decide(None, &post(lesson(11, 5, " ")), at(10)), Err(Refusal::BadName));
    let mut state = None;
    run(&mut state, &post(lesson(10, 5, "Kibera"))).expect("today");
    let phone = Msisdn::from_e164("254700000101").expect("a number");
    let come = BulletinCommand::Come(Attendee { phone, who: None });
    run(&mut state, &come).expect("came");
    assert_eq!(run(&mut state, &come), Ok(vec![]));
    assert_eq!(state.expect("stands").came.len(), 1);
    let mut tip_state = None;
    run(&mut tip_state, &post(tip("words"))).expect("posted");
    assert_eq!(run(&mut tip_state, &come), Err(Refusal::NotAllowed));
}
