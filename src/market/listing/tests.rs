//! A listing from the phone to the shelf.

use super::*;
use crate::types::{CodeKind, PhotoName};
use proptest::prelude::*;

fn maker() -> Actor {
    Actor { id: PartyId::derived("wanjiku"), role: Role::Artisan }
}

fn agent() -> Actor {
    Actor { id: PartyId::derived("kamau"), role: Role::Agent }
}

fn word(text: &str) -> Word {
    text.parse().expect("a word")
}

fn create(price: Kes, ready: u32, listed: u32) -> ListingCommand {
    ListingCommand::Create {
        code: SpokenCode::nth(CodeKind::Listing, 7),
        maker: maker(),
        kind: word("necklace"),
        stuff: word("brass"),
        price,
        ready,
        listed,
    }
}

/// Carries a command out on a listing, at a moment of its own.
fn run(state: &mut Option<Listing>, command: ListingCommand) -> Result<Vec<ListingEvent>, Refusal> {
    let (policy, now) = (Policy::default(), Timestamp::from_millis(1));
    let events = decide(state.as_ref(), &command, &policy, now)?;
    for event in &events {
        *state = evolve(state.take(), event, now);
    }
    Ok(events)
}

fn on_sale(ready: u32) -> Option<Listing> {
    let mut state = None;
    run(&mut state, create(Kes::major(850), ready, 0)).expect("created");
    run(&mut state, ListingCommand::Approve { by: agent() }).expect("approved");
    run(&mut state, photographed(1)).expect("photographed");
    state
}

fn photo(nth: u8) -> Photo {
    let name = PhotoName::from_bytes([nth; 16]);
    Photo { name, width: 1280, height: 960, tints: "a05030".repeat(9) }
}

fn photographed(nth: u8) -> ListingCommand {
    ListingCommand::AddPhoto { by: agent(), guides: false, photo: photo(nth) }
}

fn stage(state: &Option<Listing>) -> &'static str {
    state.as_ref().map_or("none", |listing| listing.stage.word())
}

#[test]
fn a_new_listing_waits_for_its_check_and_cannot_be_bought() {
    let mut state = None;
    run(&mut state, create(Kes::major(850), 3, 0)).expect("created");
    let listing = state.clone().expect("stands");
    assert_eq!((stage(&state), listing.ready, listing.available()), ("waiting", 3, 0));
    assert_eq!(run(&mut state, ListingCommand::Reserve { pieces: 1 }), Err(Refusal::gone("waiting")));
}

#[test]
fn the_same_listing_made_twice_is_one() {
    let mut state = None;
    run(&mut state, create(Kes::major(850), 3, 0)).expect("created");
    assert_eq!(run(&mut state, create(Kes::major(850), 3, 1)), Ok(vec![]));
    assert_eq!(run(&mut state, create(Kes::major(900), 3, 1)), Err(Refusal::AlreadyExists));
}

#[test]
fn she_is_told_how_many_she_may_list() {
    assert_eq!(run(&mut None, create(Kes::major(850), 3, 20)), Err(Refusal::Full { max: 20 }));
    assert!(run(&mut None, create(Kes::major(850), 3, 19)).is_ok());
}

#[test]
fn prices_are_whole_shillings_within_bounds_and_there_is_at_least_one_piece() {
    let prices = Refusal::OutOfRange { min: 50, max: 20_000 };
    assert_eq!(run(&mut None, create(Kes::minor(85_050), 3, 0)), Err(Refusal::NotWhole));
    assert_eq!(run(&mut None, create(Kes::major(49), 3, 0)), Err(prices.clone()));
    assert_eq!(run(&mut None, create(Kes::major(20_001), 3, 0)), Err(prices));
    let pieces = Err(Refusal::OutOfRange { min: 1, max: 99 });
    assert_eq!(run(&mut None, create(Kes::major(50), 0, 0)), pieces);
    assert_eq!(run(&mut None, create(Kes::major(50), 100, 0)), pieces);
}

#[test]
fn an_agents_ok_puts_it_on_sale_and_is_paid_once() {
    let mut state = None;
    run(&mut state, create(Kes::major(850), 3, 0)).expect("created");
    let ok = ListingCommand::Approve { by: agent() };
    assert_eq!(run(&mut state, ok.clone()), Ok(vec![ListingEvent::Approved { by: agent().id, round: 1 }]));
    assert_eq!(run(&mut state, ok), Ok(vec![]));
    run(&mut state, photographed(1)).expect("photographed");
    assert_eq!((stage(&state), state.expect("stands").available()), ("on_sale", 3));
}

#[test]
fn a_refused_piece_says_why_and_may_be_found_good_later() {
    let mut state = None;
    run(&mut state, create(Kes::major(850), 3, 0)).expect("created");
    let bad = |reason| ListingCommand::Reject { by: agent(), reason };
    assert_eq!(run(&mut state, bad(Reason::RoughFinish)).map(|events| events.len()), Ok(1));
    assert_eq!(run(&mut state, bad(Reason::RoughFinish)), Ok(vec![]));
    assert_eq!(run(&mut state, bad(Reason::Broken)), Err(Refusal::gone("refused")));
    assert_eq!(state.as_ref().and_then(|listing| listing.reason), Some(Reason::RoughFinish));
    let approved = run(&mut state, ListingCommand::Approve { by: agent() });
    assert_eq!(approved, Ok(vec![ListingEvent::Approved { by: agent().id, round: 2 }]));
    assert_eq!(state.expect("stands").reason, None);
}

#[test]
fn only_an_agent_who_did_not_make_it_may_judge_it() {
    let mut state = None;
    run(&mut state, create(Kes::major(850), 3, 0)).expect("created");
    let herself = Actor { role: Role::Agent, ..maker() };
    for by in [maker(), herself] {
        assert_eq!(run(&mut state, ListingCommand::Approve { by }), Err(Refusal::NotAllowed));
        let bad = ListingCommand::Reject { by, reason: Reason::Other };
        assert_eq!(run(&mut state, bad), Err(Refusal::NotAllowed));
    }
    let by = Actor { role: Role::Agent, ..maker() };
    assert_eq!(
        run(
            &mut None,
            ListingCommand::Create {
                code: SpokenCode::nth(CodeKind::Listing, 8),
                maker: by,
                kind: word("ring"),
                stuff: word("bone"),
                price: Kes::major(100),
                ready: 1,
                listed: 0
            }
        ),
        Err(Refusal::NotAllowed)
    );
}

#[test]
fn the_numbers_one_to_five_are_the_reasons() {
    let words: Vec<_> = (0..7).map(|n| Reason::from_number(n).map(Reason::word)).collect();
    let some =
        [Some("broken"), Some("rough_finish"), Some("wrong_size"), Some("wrong_colour"), Some("other")];
    assert_eq!(words[1..6], some);
    assert_eq!((words[0], words[6]), (None, None));
    assert!(Reason::ALL.iter().all(|r| Reason::from_number(i64::from(r.number())) == Some(*r)));
}

#[test]
fn it_cannot_be_taken_away_while_orders_need_it() {
    let mut state = on_sale(3);
    let by = maker().id;
    let stop = |open_orders| ListingCommand::Stop { by, open_orders };
    assert_eq!(run(&mut state, stop(2)), Err(Refusal::Open { orders: 2 }));
    run(&mut state, ListingCommand::Reserve { pieces: 1 }).expect("reserved");
    assert_eq!(run(&mut state, stop(0)), Err(Refusal::Open { orders: 1 }));
    run(&mut state, ListingCommand::Unreserve { pieces: 1 }).expect("let go");
    assert_eq!(run(&mut state, stop(0)), Ok(vec![ListingEvent::Removed]));
    assert_eq!(run(&mut state, stop(0)), Ok(vec![]));
    let counted = run(&mut state, ListingCommand::SetReady { by, ready: 5 });
    assert_eq!(counted, Err(Refusal::gone("removed")));
}

#[test]
fn a_paused_listing_cannot_be_bought_until_it_is_back() {
    let mut state = on_sale(3);
    let by = maker().id;
    run(&mut state, ListingCommand::Pause { by }).expect("paused");
    assert_eq!(run(&mut state, ListingCommand::Reserve { pieces: 1 }), Err(Refusal::gone("paused")));
    assert_eq!(run(&mut state, ListingCommand::Pause { by }), Ok(vec![]));
    run(&mut state, ListingCommand::Resume { by }).expect("back");
    assert!(run(&mut state, ListingCommand::Reserve { pieces: 1 }).is_ok());
}

#[test]
fn nobody_else_counts_pauses_or_removes_her_pieces() {
    let by = PartyId::derived("somebody else");
    for command in [
        ListingCommand::SetReady { by, ready: 1 },
        ListingCommand::Pause { by },
        ListingCommand::Resume { by },
        ListingCommand::Stop { by, open_orders: 0 },
    ] {
        assert_eq!(run(&mut on_sale(3), command), Err(Refusal::NotAllowed));
    }
}

#[test]
fn the_second_shopper_of_one_piece_is_told_it_is_gone() {
    let mut state = on_sale(1);
    assert!(run(&mut state, ListingCommand::Reserve { pieces: 1 }).is_ok());
    let second = run(&mut state, ListingCommand::Reserve { pieces: 1 });
    assert_eq!(second, Err(Refusal::SoldOut { left: 0 }));
}

fn any_command() -> impl Strategy<Value = ListingCommand> {
    let by = maker().id;
    prop_oneof![
        4 => (1u32..5).prop_map(|pieces| ListingCommand::Reserve { pieces }),
        3 => (1u32..5).prop_map(|pieces| ListingCommand::Unreserve { pieces }),
        3 => (1u32..5).prop_map(|pieces| ListingCommand::Take { pieces }),
        2 => (0u32..12).prop_map(move |ready| ListingCommand::SetReady { by, ready }),
        1 => Just(ListingCommand::Pause { by }),
        1 => Just(ListingCommand::Resume { by }),
        1 => Just(ListingCommand::Approve { by: agent() }),
        1 => Just(ListingCommand::CountSold { pieces: 1 }),
    ]
}

proptest! {
    /// The model counts what shoppers were promised against what she said is there.
    #[test]
    fn stock_is_never_promised_twice(
        ready in 1u32..12, commands in prop::collection::vec(any_command(), 1..80),
    ) {
        let mut state = on_sale(ready);
        let (mut there, mut promised) = (ready, 0u32);
        for command in commands {
            let before = state.clone();
            let result = run(&mut state, command.clone());
            match (&command, &result) {
                (ListingCommand::Reserve { pieces }, Ok(_)) => {
                    promised += pieces;
                    prop_assert!(promised <= there, "{promised} promised of {there}");
                }
                (ListingCommand::Reserve { pieces }, Err(Refusal::SoldOut { left })) => {
                    prop_assert!(left < pieces);
                }
                (ListingCommand::Unreserve { pieces }, Ok(_)) => promised -= pieces,
                (ListingCommand::Take { pieces }, Ok(_)) => {
                    promised -= pieces;
                    there = there.saturating_sub(*pieces);
                }
                (ListingCommand::SetReady { ready, .. }, Ok(_)) => there = *ready,
                _ => {}
            }
            if result.is_err() {
                prop_assert_eq!(&state, &before, "a refusal changes nothing");
            }
            let listing = state.as_ref().expect("stands");
            prop_assert_eq!((listing.ready, listing.reserved), (there, promised));
            prop_assert!(listing.available() <= there.saturating_sub(promised));
        }
    }
}

fn back(why: Fault) -> ListingCommand {
    ListingCommand::SendBack { by: "Halima".to_owned(), why }
}

fn passed() -> ListingCommand {
    ListingCommand::Pass { by: "Halima".to_owned(), seen: None }
}

#[test]
fn what_the_desk_sends_back_only_the_desk_lets_go_on() {
    let mut state = on_sale(3);
    for why in Fault::ALL {
        run(&mut state, back(why)).expect("sent back");
        assert_eq!((stage(&state), run(&mut state, back(why))), ("refused", Ok(vec![])));
        assert_eq!(run(&mut state, ListingCommand::Approve { by: agent() }), Err(Refusal::gone("refused")));
    }
    run(&mut state, passed()).expect("passed");
    assert_eq!((stage(&state), run(&mut state, passed())), ("on_sale", Ok(vec![])));
    let listing = state.as_ref().expect("stands");
    assert_eq!((listing.checks, listing.fault, listing.is_unlooked()), (1, None, false));
}

#[test]
fn a_new_photograph_brings_back_what_had_a_bad_one_and_is_looked_at_again() {
    let mut state = on_sale(3);
    let unlooked = |state: &Option<Listing>| state.as_ref().is_some_and(Listing::is_unlooked);
    assert!(unlooked(&state));
    run(&mut state, looked(None)).expect("looked at");
    assert!(!unlooked(&state));
    run(&mut state, photographed(2)).expect("photographed");
    assert!(unlooked(&state), "nobody has seen the second one");
    run(&mut state, back(Fault::Photo)).expect("sent back");
    assert!(state.as_ref().is_some_and(|listing| listing.photos.is_empty()));
    run(&mut state, photographed(3)).expect("photographed");
    assert_eq!(stage(&state), "waiting");
    // A photograph is no answer to a price.
    run(&mut state, back(Fault::Price)).expect("sent back");
    run(&mut state, photographed(4)).expect("photographed");
    assert_eq!(stage(&state), "refused");
}

fn looked(seen: Option<Vec<PhotoName>>) -> ListingCommand {
    ListingCommand::Look { by: "Halima".to_owned(), seen }
}

#[test]
fn a_photograph_that_nobody_had_before_their_eyes_is_not_looked_at() {
    let mut state = on_sale(3);
    let names = |state: &Option<Listing>| -> Vec<PhotoName> {
        state.iter().flat_map(|listing| &listing.photos).map(|photo| photo.name).collect()
    };
    let seen = names(&state);
    run(&mut state, photographed(2)).expect("photographed");
    let pass = |seen| ListingCommand::Pass { by: "Halima".to_owned(), seen: Some(seen) };
    for command in [looked(Some(seen.clone())), pass(seen.clone())] {
        assert_eq!(run(&mut state, command), Err(Refusal::Unseen));
    }
    assert!(state.as_ref().is_some_and(Listing::is_unlooked));
    let all = names(&state);
    run(&mut state, looked(Some(all.clone()))).expect("looked at");
    assert!(!state.as_ref().is_some_and(Listing::is_unlooked));

    run(&mut state, back(Fault::Price)).expect("sent back");
    assert_eq!(run(&mut state, pass(seen)), Err(Refusal::Unseen));
    run(&mut state, pass(all)).expect("passed");
    assert_eq!(stage(&state), "on_sale");
}

#[test]
fn the_shop_says_of_a_piece_what_was_written_in_its_languages() {
    let mut state = on_sale(3);
    let say = |lang: &str, words: &str| ListingCommand::Describe {
        by: "Halima".to_owned(),
        words: [(lang.parse().expect("a language"), words.to_owned())].into(),
    };
    run(&mut state, say("en", "  Beaten by hand,\n then polished. ")).expect("described");
    let words = state.as_ref().map(|listing| listing.words[&Lang::EN].clone());
    assert_eq!(words.as_deref(), Some("Beaten by hand, then polished."));
    assert_eq!(run(&mut state, say("en", "Beaten by hand, then polished.")), Ok(vec![]));
    assert_eq!(run(&mut state, say("sw", "Imepigwa kwa mkono.")), Err(Refusal::NotFound));
    assert!(run(&mut state, say("en", &"a".repeat(LONGEST_WORDS + 1))).is_err());
    run(&mut state, say("en", " ")).expect("taken away");
    assert!(state.expect("stands").words.is_empty());
}

#[test]
fn a_piece_is_in_the_shop_while_it_is_found_good_and_has_a_photograph() {
    let mut state = None;
    run(&mut state, create(Kes::major(850), 3, 0)).expect("created");
    run(&mut state, ListingCommand::Approve { by: agent() }).expect("approved");
    let seen = |state: &Option<Listing>| state.as_ref().map(|l| (l.in_shop(), l.available()));
    assert_eq!((stage(&state), seen(&state)), ("on_sale", Some((false, 0))));
    assert_eq!(run(&mut state, ListingCommand::Reserve { pieces: 1 }), Err(Refusal::gone("no_photo")));
    run(&mut state, photographed(1)).expect("photographed");
    assert_eq!(seen(&state), Some((true, 3)));
    let name = photo(1).name;
    run(&mut state, ListingCommand::RemovePhoto { by: maker(), guides: false, name }).expect("removed");
    assert_eq!(seen(&state), Some((false, 0)));
    assert_eq!(run(&mut state, ListingCommand::RemovePhoto { by: maker(), guides: false, name }), Ok(vec![]));
}

#[test]
fn the_same_photograph_twice_is_one_and_there_is_an_end_of_them() {
    let mut state = on_sale(3);
    assert_eq!(run(&mut state, photographed(1)), Ok(vec![]));
    for nth in 2..=6 {
        assert_eq!(run(&mut state, photographed(nth)).map(|events| events.len()), Ok(1));
    }
    assert_eq!(run(&mut state, photographed(7)), Err(Refusal::Full { max: 6 }));
    assert_eq!(run(&mut state, photographed(6)), Ok(vec![]), "a repeat is none too many");
    let lead = ListingCommand::LeadPhoto { by: agent(), guides: false, name: photo(4).name };
    run(&mut state, lead.clone()).expect("leads");
    assert_eq!(run(&mut state, lead), Ok(vec![]));
    let order: Vec<u8> = state.iter().flat_map(|l| &l.photos).map(|photo| photo.name.as_bytes()[0]).collect();
    assert_eq!(order, [4, 1, 2, 3, 5, 6]);
}

#[test]
fn a_stranger_photographs_nothing_and_nobody_a_piece_that_is_gone() {
    let mut state = on_sale(3);
    let other = Actor { id: PartyId::derived("somebody"), role: Role::Artisan };
    let add = |by, guides| ListingCommand::AddPhoto { by, guides, photo: photo(2) };
    assert_eq!(run(&mut state, add(other, false)), Err(Refusal::NotAllowed));
    assert_eq!(run(&mut state, add(other, true)).map(|events| events.len()), Ok(1));
    run(&mut state, ListingCommand::Stop { by: maker().id, open_orders: 0 }).expect("stopped");
    assert_eq!(run(&mut state, add(maker(), false)), Err(Refusal::gone("removed")));
}
