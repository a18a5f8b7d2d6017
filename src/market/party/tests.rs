//! People: joining, PINs, holds, mentors.

use super::*;
use crate::types::CodeKind;
use std::time::Duration;

fn joining() -> Joining {
    Joining {
        id: PartyId::derived("wanjiku"),
        role: Role::Artisan,
        number: SpokenCode::nth(CodeKind::Listing, 3),
        phone: Msisdn::from_e164("254712345678").expect("a number"),
        lang: Lang::SW,
        name: "  wanjiku   OTIENO ".into(),
        area: "kibera".parse().expect("a word"),
        kiosk: None,
        mentor: None,
        pin: Some(PinHash("hash of 4711".into())),
    }
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_000)
}

fn run_at(
    state: &mut Option<Party>, command: PartyCommand, now: Timestamp,
) -> Result<Vec<PartyEvent>, Refusal> {
    let events = decide(state.as_ref(), &command, &Policy::default(), now)?;
    for event in &events {
        *state = evolve(state.take(), event, now);
    }
    Ok(events)
}

fn run(state: &mut Option<Party>, command: PartyCommand) -> Result<Vec<PartyEvent>, Refusal> {
    run_at(state, command, now())
}

fn joined() -> Option<Party> {
    let mut state = None;
    run(&mut state, PartyCommand::Join(joining())).expect("joined");
    state
}

fn agent() -> Actor {
    Actor { id: PartyId::derived("kamau"), role: Role::Agent }
}

#[test]
fn she_joins_with_her_names_as_they_are_kept() {
    let party = joined().expect("stands");
    assert_eq!((party.name.as_str(), party.first_name().as_str()), ("Wanjiku Otieno", "Wanjiku"));
    assert_eq!((party.lang, party.role, party.joined), (Lang::SW, Role::Artisan, now()));
    assert_eq!(party.tries_left(&Policy::default()), 3);
}

#[test]
fn joining_twice_is_joining_once_and_another_phone_is_another_person() {
    let mut state = joined();
    assert_eq!(run(&mut state, PartyCommand::Join(joining())), Ok(vec![]));
    let phone = Msisdn::from_e164("254712345679").expect("a number");
    let other = PartyCommand::Join(Joining { phone, ..joining() });
    assert_eq!(run(&mut state, other), Err(Refusal::AlreadyExists));
}

#[test]
fn a_name_of_digits_is_no_name_and_an_agent_needs_a_kiosk() {
    let nameless = PartyCommand::Join(Joining { name: "123".into(), ..joining() });
    assert_eq!(run(&mut None, nameless), Err(Refusal::BadName));
    let at = |kiosk: Option<&str>| {
        PartyCommand::Join(Joining { role: Role::Agent, kiosk: kiosk.map(str::to_owned), ..joining() })
    };
    for kiosk in [None, Some("  "), Some("a name far too long for a screen")] {
        assert_eq!(run(&mut None, at(kiosk)), Err(Refusal::BadName), "{kiosk:?}");
    }
    let mut state = None;
    run(&mut state, at(Some(" Olympic "))).expect("joined");
    assert_eq!(state.and_then(|party| party.kiosk).as_deref(), Some("Olympic"));
}

#[test]
fn three_wrong_pins_lock_and_even_the_right_one_is_refused_then() {
    let mut state = joined();
    let mut try_pin = |right| run(&mut state, PartyCommand::TryPin { right });
    assert_eq!(try_pin(false), Ok(vec![PartyEvent::PinMissed { left: 2 }]));
    assert_eq!(try_pin(false), Ok(vec![PartyEvent::PinMissed { left: 1 }]));
    assert_eq!(try_pin(false), Ok(vec![PartyEvent::PinLocked]));
    assert_eq!(try_pin(true), Err(Refusal::PinLocked));
    let hash = PinHash("another".into());
    assert_eq!(run(&mut state, PartyCommand::SetPin { hash }), Err(Refusal::PinLocked));
    let party = state.expect("stands");
    assert_eq!((party.pin_is_locked(), party.tries_left(&Policy::default())), (true, 0));
}

#[test]
fn a_right_pin_forgives_the_wrong_ones_before_it() {
    let mut state = joined();
    for right in [false, false, true, false, false] {
        run(&mut state, PartyCommand::TryPin { right }).expect("not locked");
    }
    assert_eq!(state.expect("stands").tries_left(&Policy::default()), 1);
}

#[test]
fn an_agent_opens_a_locked_pin_and_she_cannot_do_it_herself() {
    let mut state = joined();
    for _ in 0..3 {
        run(&mut state, PartyCommand::TryPin { right: false }).expect("counted");
    }
    let herself = state.as_ref().map(Party::actor).expect("stands");
    let unlock = |by| PartyCommand::UnlockPin { by };
    assert_eq!(run(&mut state, unlock(herself)), Err(Refusal::NotAllowed));
    let opened = run(&mut state, unlock(agent()));
    assert_eq!(opened, Ok(vec![PartyEvent::PinUnlocked { by: agent().id }]));
    assert_eq!(run(&mut state, unlock(agent())), Ok(vec![]));
    assert_eq!(run(&mut state, PartyCommand::TryPin { right: true }), Ok(vec![]));
}

#[test]
fn who_has_no_pin_cannot_prove_one() {
    let mut state = None;
    run(&mut state, PartyCommand::Join(Joining { pin: None, ..joining() })).expect("joined");
    assert_eq!(run(&mut state, PartyCommand::TryPin { right: true }), Err(Refusal::NoPin));
    run(&mut state, PartyCommand::SetPin { hash: PinHash("x".into()) }).expect("set");
    assert_eq!(run(&mut state, PartyCommand::TryPin { right: true }), Ok(vec![]));
}

#[test]
fn a_hash_reaches_no_log() {
    assert!(!format!("{:?} {:?}", joined(), PartyCommand::Join(joining())).contains("4711"));
}

#[test]
fn a_hold_has_words_and_a_date_and_can_be_lifted() {
    let mut state = joined();
    let hold = |words: &str| PartyCommand::Hold {
        code: HoldCode::SimChanged,
        why: BTreeMap::from([(Lang::EN, words.to_owned())]),
    };
    assert_eq!(run(&mut state, hold(" ")), Err(Refusal::BadName));
    run(&mut state, hold("the SIM was changed")).expect("held");
    assert_eq!(run(&mut state, hold("the SIM was changed")), Ok(vec![]));
    let standing = state.as_ref().and_then(|party| party.hold.clone()).expect("held");
    assert_eq!((standing.code.word(), standing.since), ("sim_changed", now()));
    assert_eq!(run(&mut state, PartyCommand::Unhold), Ok(vec![PartyEvent::Unheld]));
    assert_eq!(run(&mut state, PartyCommand::Unhold), Ok(vec![]));
}

#[test]
fn language_and_mobile_money_name_change_once() {
    let mut state = joined();
    let speak = PartyCommand::Speak { lang: Lang::EN };
    assert_eq!(run(&mut state, speak.clone()), Ok(vec![PartyEvent::Spoke { lang: Lang::EN }]));
    assert_eq!(run(&mut state, speak), Ok(vec![]));
    let name = PartyCommand::NameMoney { name: "WANJIKU OTIENO".into() };
    assert_eq!(run(&mut state, name.clone()).map(|events| events.len()), Ok(1));
    assert_eq!(run(&mut state, name), Ok(vec![]));
    assert_eq!(state.and_then(|party| party.money_name).as_deref(), Some("Wanjiku Otieno"));
}

#[test]
fn a_mentorship_counts_from_her_yes_to_the_day_both_were_told() {
    let mut state = joined();
    let mentor = PartyId::derived("achieng");
    let agree = |mentor| PartyCommand::AgreeMentor { mentor };
    let herself = PartyId::derived("wanjiku");
    assert_eq!(run(&mut state, agree(herself)), Err(Refusal::NotAllowed));
    run(&mut state, agree(mentor)).expect("agreed");
    assert_eq!(run(&mut state, agree(mentor)), Ok(vec![]));
    assert_eq!(run(&mut state, agree(PartyId::derived("another"))), Err(Refusal::AlreadyExists));

    let party = state.clone().expect("stands");
    let end = now().after(Policy::default().mentorship());
    let day_before = Timestamp::from_millis(end.millis() - 1);
    assert_eq!(party.mentorship_on(day_before).map(|m| (m.mentor, m.share_bp)), Some((mentor, 500)));
    assert_eq!(party.mentorship_on(end), None);
    assert_eq!(party.mentorship_on(Timestamp::from_millis(999)), None);
    assert!(run_at(&mut state, agree(PartyId::derived("another")), end).is_ok());
}

#[test]
fn a_mentorship_may_end_early_and_a_mentor_named_while_joining_has_no_share() {
    let mut state = None;
    let mentor = PartyId::derived("achieng");
    run(&mut state, PartyCommand::Join(Joining { mentor: Some(mentor), ..joining() })).expect("joined");
    assert_eq!(state.as_ref().and_then(|party| party.mentorship_on(now())), None);
    run(&mut state, PartyCommand::AgreeMentor { mentor }).expect("agreed");
    let later = now().after(Duration::from_secs(60));
    run_at(&mut state, PartyCommand::EndMentorship, later).expect("ended");
    let party = state.expect("stands");
    assert!(party.mentorship_on(now()).is_some() && party.mentorship_on(later).is_none());
}

fn invitee(name: &str) -> Invitee {
    let phone = Msisdn::from_e164("254712345699").expect("a number");
    Invitee::stranger(phone, name.into())
}

fn mentor() -> Option<Party> {
    let mut state = joined();
    run(&mut state, PartyCommand::BecomeMentor).expect("an artisan may be one");
    state
}

fn invite(invitee: Invitee, to: Tie) -> PartyCommand {
    PartyCommand::Invite { invitee, to }
}

#[test]
fn whoever_was_asked_is_asked_once_a_day_and_the_answer_closes_it() {
    let mut state = mentor();
    let ask = invite(invitee("akinyi OUMA"), Tie::Mentee);
    let events = run(&mut state, ask.clone()).expect("asked");
    assert!(matches!(&events[..], [PartyEvent::Invited(asked)] if asked.name == "Akinyi Ouma"), "{events:?}");
    assert_eq!(run(&mut state, ask.clone()), Ok(vec![]), "pressed twice");
    let tomorrow = now().after(Duration::from_secs(86_400));
    assert_eq!(run_at(&mut state, ask, tomorrow).map(|events| events.len()), Ok(1));
    let phone = invitee("").phone;
    assert_eq!(state.as_ref().map(|mentor| mentor.invited.len()), Some(1));
    run(&mut state, PartyCommand::CloseInvitation { phone }).expect("answered");
    assert_eq!(state.as_ref().and_then(|mentor| mentor.invitation_to(phone)), None);
    assert_eq!(run(&mut state, PartyCommand::CloseInvitation { phone }), Ok(vec![]), "told twice");
}

#[test]
fn nobody_asks_herself_by_her_own_phone_or_another_of_hers() {
    let mut state = mentor();
    let own = Invitee::known(state.as_ref().expect("stands"), now());
    assert_eq!(run(&mut state, invite(own, Tie::Mentee)), Err(Refusal::NotAllowed));
    run(&mut state, PartyCommand::NameMoney { name: "WANJIKU OTIENO".into() }).expect("named");
    let other = Invitee {
        role: Some(Role::Artisan),
        money_name: Some("Wanjiku Otieno".into()),
        ..invitee("Wanja Otieno")
    };
    assert_eq!(run(&mut state, invite(other, Tie::Mentee)), Err(Refusal::NotAllowed));
}

#[test]
fn only_a_mentor_asks_for_mentees_and_only_an_agent_for_mentors_and_riders() {
    let asked = |state: &mut Option<Party>, to| run(state, invite(invitee("Akinyi"), to)).map(|e| e.len());
    let mut artisan = joined();
    for to in [Tie::Mentee, Tie::Mentor, Tie::Rider] {
        assert_eq!(asked(&mut artisan, to), Err(Refusal::NotAllowed), "{to:?}");
    }
    let mut agent = None;
    let joining = Joining { role: Role::Agent, kiosk: Some("Kibera".into()), ..joining() };
    run(&mut agent, PartyCommand::Join(joining)).expect("joined");
    assert_eq!(asked(&mut agent, Tie::Mentor), Ok(1));
    assert_eq!(asked(&mut agent, Tie::Rider), Ok(1));
    assert_eq!(asked(&mut agent, Tie::Mentee), Err(Refusal::NotAllowed));
}

#[test]
fn somebody_who_has_it_already_or_does_something_else_is_not_asked() {
    let mut state = mentor();
    let mentored = Invitee { role: Some(Role::Artisan), mentored: true, ..invitee("Akinyi") };
    assert_eq!(run(&mut state, invite(mentored, Tie::Mentee)), Err(Refusal::AlreadyExists));
    let kiosk = Invitee { role: Some(Role::Agent), ..invitee("Amina") };
    assert_eq!(run(&mut state, invite(kiosk, Tie::Mentee)), Err(Refusal::gone("agent")));
    let no_mentor = Invitee { role: Some(Role::Artisan), ..invitee("Akinyi") };
    assert_eq!(run(&mut joined(), invite(no_mentor, Tie::Guide)), Err(Refusal::gone("artisan")));
}

#[test]
fn an_agent_vouches_for_a_rider_and_for_nobody_else() {
    let mut rider = None;
    run(&mut rider, PartyCommand::Join(Joining { role: Role::Rider, ..joining() })).expect("joined");
    assert_eq!(rider.as_ref().and_then(|rider| rider.vouched), None);
    let herself = Actor { id: PartyId::derived("wanjiku"), role: Role::Rider };
    assert_eq!(run(&mut rider, PartyCommand::Vouch { by: herself }), Err(Refusal::NotAllowed));
    run(&mut rider, PartyCommand::Vouch { by: agent() }).expect("vouched for");
    assert_eq!(run(&mut rider, PartyCommand::Vouch { by: agent() }), Ok(vec![]));
    assert_eq!(run(&mut joined(), PartyCommand::Vouch { by: agent() }), Err(Refusal::NotAllowed));
    assert_eq!(run(&mut rider, PartyCommand::BecomeMentor), Err(Refusal::NotAllowed));
}
