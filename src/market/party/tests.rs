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
    assert_eq!(opened, Ok(vec![PartyEvent::PinCleared { by: agent().id }]));
    assert_eq!(run(&mut state, unlock(agent())), Ok(vec![]));
    // Who locked it had forgotten it: it is gone, and she chooses another.
    assert_eq!(run(&mut state, PartyCommand::TryPin { right: true }), Err(Refusal::NoPin));
    let hash = PinHash("another".into());
    run(&mut state, PartyCommand::SetPin { hash: hash.clone() }).expect("chosen");
    assert_eq!(state.and_then(|her| her.pin).map(|pin| (pin.hash, pin.wrong)), Some((hash, 0)));
}

#[test]
fn a_pin_that_was_opened_as_it_was_stays_so_in_old_journals() {
    let mut state = joined();
    for _ in 0..3 {
        run(&mut state, PartyCommand::TryPin { right: false }).expect("counted");
    }
    let opened = evolve(state, &PartyEvent::PinUnlocked { by: agent().id }, now()).expect("stands");
    assert_eq!((opened.pin_is_locked(), opened.tries_left(&Policy::default())), (false, 3));
}

#[test]
fn two_who_know_her_open_a_locked_pin_and_one_of_them_twice_does_not() {
    let mut state = joined();
    for _ in 0..3 {
        run(&mut state, PartyCommand::TryPin { right: false }).expect("counted");
    }
    let vouch = |by| PartyCommand::VouchPin { by };
    let herself = state.as_ref().map(Party::actor).expect("stands");
    let stranger = Actor { id: PartyId::derived("stranger"), role: Role::Artisan };
    for nobody in [herself, stranger] {
        assert_eq!(run(&mut state, vouch(nobody)), Err(Refusal::NotAllowed));
    }
    let first = run(&mut state, vouch(agent()));
    assert_eq!(first, Ok(vec![PartyEvent::PinVouched { by: agent().id }]));
    assert_eq!(run(&mut state, vouch(agent())), Ok(vec![]));
    assert_eq!(run(&mut state, PartyCommand::TryPin { right: true }), Err(Refusal::PinLocked));
    let other = Actor { id: PartyId::derived("another kiosk"), role: Role::Agent };
    assert_eq!(run(&mut state, vouch(other)), Ok(vec![PartyEvent::PinCleared { by: other.id }]));
    assert_eq!(run(&mut state, vouch(other)), Ok(vec![]));
    // Another PIN that is locked needs both again.
    run(&mut state, PartyCommand::SetPin { hash: PinHash("another".into()) }).expect("chosen");
    for _ in 0..3 {
        run(&mut state, PartyCommand::TryPin { right: false }).expect("counted");
    }
    assert_eq!(run(&mut state, vouch(other)), Ok(vec![PartyEvent::PinVouched { by: other.id }]));
}

#[test]
fn the_kiosk_she_used_last_is_hers_and_only_an_agent_keeps_one() {
    let mut state = joined();
    let used = |by| PartyCommand::UseKiosk { by };
    let stranger = Actor { id: PartyId::derived("stranger"), role: Role::Artisan };
    assert_eq!(run(&mut state, used(stranger)), Err(Refusal::NotAllowed));
    assert_eq!(run(&mut state, used(agent())), Ok(vec![PartyEvent::KioskUsed { agent: agent().id }]));
    assert_eq!(run(&mut state, used(agent())), Ok(vec![]));
    let other = Actor { id: PartyId::derived("another kiosk"), role: Role::Agent };
    run(&mut state, used(other)).expect("used");
    assert_eq!(state.and_then(|party| party.kiosk_used), Some(other.id));
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
fn each_reason_of_a_hold_is_lifted_by_itself_and_nobody_lifts_her_own() {
    let mut state = joined();
    for code in [HoldCode::Desk, HoldCode::SimChanged] {
        let why = [(Lang::EN, "a reason".to_owned())].into();
        run(&mut state, PartyCommand::Hold { code, why }).expect("held");
    }
    let codes = |state: &Option<Party>| -> Vec<HoldCode> {
        state.iter().flat_map(Party::holds).map(|hold| hold.code).collect()
    };
    assert_eq!(codes(&state), [HoldCode::Desk, HoldCode::SimChanged]);
    let herself = state.as_ref().map(Party::actor);
    let own = PartyCommand::Unhold { code: HoldCode::Desk, by: herself };
    assert_eq!(run(&mut state, own), Err(Refusal::NotAllowed));
    run(&mut state, PartyCommand::Unhold { code: HoldCode::Desk, by: None }).expect("lifted");
    assert_eq!(codes(&state), [HoldCode::SimChanged]);
    run(&mut state, PartyCommand::Unhold { code: HoldCode::SimChanged, by: None }).expect("lifted");
    assert!(state.expect("she stays").hold.is_none());
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
    let unhold = || PartyCommand::Unhold { code: HoldCode::SimChanged, by: None };
    let lifted = PartyEvent::Lifted { code: HoldCode::SimChanged, by: None };
    assert_eq!(run(&mut state, unhold()), Ok(vec![lifted]));
    assert_eq!(run(&mut state, unhold()), Ok(vec![]));
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
    assert!(state.as_ref().is_some_and(|mentor| mentor.invited.is_empty()));
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
    assert_eq!(asked(&mut agent, Tie::Artisan), Ok(1));
    assert_eq!(asked(&mut agent, Tie::Mentee), Err(Refusal::NotAllowed));
    assert_eq!(asked(&mut artisan, Tie::Artisan), Err(Refusal::NotAllowed));
}

#[test]
fn questions_that_nobody_answers_lapse_and_make_room() {
    let mut state = joined();
    let phone = |n: u8| Msisdn::from_e164(&format!("2547000003{n:02}")).expect("a number");
    let ask = |n: u8| {
        let invitee = Invitee::stranger(phone(n), "Odhiambo Otieno".into());
        PartyCommand::Invite { invitee, to: Tie::Helper }
    };
    for n in 0..5 {
        run(&mut state, ask(n)).expect("room");
    }
    let policy = Policy::default();
    let moment = Duration::from_millis(1);
    let last = now().after(policy.invitation() - moment);
    assert_eq!(run_at(&mut state, ask(5), last), Err(Refusal::Full { max: 5 }));
    assert!(state.as_ref().is_some_and(|her| her.invitation_to(phone(0), &policy, last).is_some()));
    let over = last.after(moment);
    assert!(state.as_ref().is_some_and(|her| her.invitation_to(phone(0), &policy, over).is_none()));
    run_at(&mut state, ask(5), over).expect("room again");
    let asked: Vec<Msisdn> = state.expect("stands").invited.iter().map(|asked| asked.phone).collect();
    assert_eq!(asked, [phone(5)], "what has lapsed is gone");
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

#[test]
fn five_help_an_artisan_those_who_have_not_answered_too_and_no_more() {
    let mut state = joined();
    let phone = |n: u8| Msisdn::from_e164(&format!("2547000003{n:02}")).expect("a number");
    let ask = |state: &mut Option<Party>, n: u8| {
        let invitee = Invitee::stranger(phone(n), "Odhiambo Otieno".into());
        run(state, PartyCommand::Invite { invitee, to: Tie::Helper })
    };
    for n in 0..5 {
        assert_eq!(ask(&mut state, n).map(|events| events.len()), Ok(1));
    }
    assert_eq!(ask(&mut state, 0), Ok(vec![]), "asked a moment ago");
    assert_eq!(ask(&mut state, 5), Err(Refusal::Full { max: 5 }));
    let helper = |n: u8, role| Actor { id: PartyId::derived(&n.to_string()), role };
    for n in 0..5 {
        let add = PartyCommand::AddHelper { helper: helper(n, Role::Helper) };
        run(&mut state, PartyCommand::CloseInvitation { phone: phone(n) }).expect("closed");
        assert_eq!(run(&mut state, add.clone()).map(|events| events.len()), Ok(1));
        assert_eq!(run(&mut state, add), Ok(vec![]), "once");
    }
    let sixth = PartyCommand::AddHelper { helper: helper(9, Role::Artisan) };
    assert_eq!(run(&mut state, sixth.clone()), Err(Refusal::Full { max: 5 }));
    run(&mut state, PartyCommand::DropHelper { helper: helper(0, Role::Helper).id }).expect("dropped");
    let rider = PartyCommand::AddHelper { helper: helper(8, Role::Rider) };
    assert_eq!(run(&mut state, rider), Err(Refusal::gone("rider")));
    assert!(run(&mut state, sixth).is_ok());
}

#[test]
fn only_a_helper_becomes_an_artisan_and_stays_who_she_is() {
    let mut state = None;
    run(&mut state, PartyCommand::Join(Joining { role: Role::Helper, ..joining() })).expect("joined");
    run(&mut state, PartyCommand::BecomeArtisan).expect("joins");
    assert_eq!(run(&mut state, PartyCommand::BecomeArtisan), Ok(vec![]));
    let her = state.expect("stands");
    assert_eq!((her.role, her.number, her.phone), (Role::Artisan, joining().number, joining().phone));
    let mut rider = None;
    run(&mut rider, PartyCommand::Join(Joining { role: Role::Rider, ..joining() })).expect("joined");
    assert_eq!(run(&mut rider, PartyCommand::BecomeArtisan), Err(Refusal::NotAllowed));
}

#[test]
fn a_record_graduates_her_once_and_counts_again_after_help() {
    let mut state = joined();
    let done = |listings, orders, passed, failed| PartyCommand::Weigh {
        record: Record { listings, orders, passed, failed },
    };
    let mentor = PartyId::derived("mentor");
    assert_eq!(run(&mut state, done(9, 9, 0, 0)), Ok(vec![]), "nobody guides her");
    run(&mut state, PartyCommand::AgreeMentor { mentor }).expect("agreed");
    assert_eq!(run(&mut state, done(3, 2, 5, 0)), Ok(vec![]));
    let later = Timestamp::from_millis(5_000);
    run_at(&mut state, PartyCommand::ShowWay, later).expect("shown");
    let since = state.as_ref().and_then(|her| her.mentorship.as_ref()).map(|m| m.alone_since());
    assert_eq!(since, Some(later));
    assert_eq!(run(&mut state, done(3, 3, 5, 0)), Ok(vec![PartyEvent::Graduated]));
    assert_eq!(run(&mut state, done(4, 4, 6, 0)), Ok(vec![]));
    assert!(state.as_ref().is_some_and(|her| her.mentorship_on(later).is_some()), "the share goes on");
}

#[test]
fn twenty_pieces_and_under_a_tenth_failed_make_a_mentor_of_whoever_says_yes() {
    let mut state = joined();
    let done =
        |passed, failed| PartyCommand::Weigh { record: Record { passed, failed, ..Record::default() } };
    assert_eq!(run(&mut state, done(19, 0)), Ok(vec![]));
    assert_eq!(run(&mut state, done(20, 3)), Ok(vec![]), "3 of 23 failed");
    assert_eq!(run(&mut state, done(27, 3)), Ok(vec![]), "a tenth");
    assert_eq!(run(&mut state, done(28, 3)), Ok(vec![PartyEvent::MentorOffered]));
    assert_eq!(run(&mut state, done(40, 0)), Ok(vec![]));
}

#[test]
fn she_says_how_many_pieces_she_can_make_and_until_then_the_house_guesses() {
    let mut state = joined();
    let policy = Policy::default();
    assert_eq!(state.as_ref().map(|her| her.room(&policy)), Some(policy.bulk.capacity));
    run(&mut state, PartyCommand::SetRoom { pieces: 25 }).expect("kept");
    assert_eq!(run(&mut state, PartyCommand::SetRoom { pieces: 25 }), Ok(vec![]));
    assert_eq!(state.as_ref().map(|her| her.room(&policy)), Some(25));
    for pieces in [0, policy.listing.max_ready + 1] {
        let refusal = run(&mut state, PartyCommand::SetRoom { pieces }).expect_err("refused");
        assert!(matches!(refusal, Refusal::OutOfRange { min: 1, .. }));
    }
}

#[test]
fn what_passed_and_what_failed_of_hers_is_counted() {
    let mut state = joined();
    for (passed, failed) in [(3, 1), (0, 0), (2, 0)] {
        run(&mut state, PartyCommand::CountJudged { passed, failed }).expect("counted");
    }
    assert_eq!(state.map(|her| her.judged), Some(Judged { passed: 5, failed: 1 }));
}

#[test]
fn who_is_erased_has_an_alias_of_nobodys_and_nothing_of_what_she_said_before() {
    let mut state = joined();
    run(&mut state, PartyCommand::NameMoney { name: "Wanjiku Njeri Otieno".into() }).expect("named");
    let alias = |phone| Alias {
        name: "Erased K7QM2".into(),
        phone,
        number: SpokenCode::nth(CodeKind::Listing, 8),
        area: "other".parse().expect("a word"),
    };
    let real = alias(Msisdn::from_e164("254700000001").expect("a number"));
    assert!(run(&mut state, PartyCommand::Erase(real)).is_err(), "a number that somebody may have");
    let nobodys = alias(Msisdn::nobodys(7));
    assert_eq!(run(&mut state, PartyCommand::Erase(nobodys.clone())).map(|events| events.len()), Ok(1));
    let told = format!("{state:?}");
    assert!(!told.contains("Wanjiku") && !told.contains("712345678") && !told.contains("kibera"), "{told}");
    let her = state.clone().expect("stands");
    assert!(her.is_erased() && her.phone.is_nobodys() && her.pin.is_none() && her.joined == now());
    assert_eq!(run(&mut state, PartyCommand::Erase(alias(Msisdn::nobodys(9)))), Ok(vec![]), "once");
    // What stands in her row hangs on nothing that was said before.
    let joining = Joining { name: "Erased K7QM2".into(), pin: None, ..joining() };
    let mut other = None;
    run(&mut other, PartyCommand::Join(joining)).expect("joined");
    run(&mut other, PartyCommand::Erase(nobodys)).expect("erased");
    assert_eq!(state, other);
}
