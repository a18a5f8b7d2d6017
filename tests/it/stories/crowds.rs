//! More people call than the house can answer: whoever waited too long is told so in time, and has lost
//! nothing.

use crate::support::village::Village;
use sokoni::engine::port::{UssdEvent, UssdOut};
use std::time::Duration;

/// An operator of the village waits half a minute for a screen.
const IN_TIME: Duration = Duration::from_secs(20);
const TOO_LATE: Duration = Duration::from_secs(23);

fn key(typed: &str) -> UssdEvent {
    UssdEvent::Reply(typed.to_owned())
}

#[tokio::test]
async fn a_step_that_waited_too_long_is_not_worked_on_and_she_who_sent_it_is_told_in_time() {
    let village = Village::open().await;
    let begin = || UssdEvent::Begin("*483*57#".to_owned());
    let busy = [
        "Too many people call just now. Your last step was not done, nothing is lost. Please dial again.",
        "Watu wengi mno wanapiga sasa. Hatua yako ya mwisho haikufanyika, hakuna kilichopotea. Tafadhali piga tena.",
    ];
    village.achieng().await;
    village.wanjiru().await;
    for (who, busy) in [("0700000101", busy[0]), ("0700000102", busy[1])] {
        let told = village.takes_up(who, begin(), TOO_LATE).await;
        assert_eq!(told, UssdOut::End(busy.to_owned()));
        let UssdOut::Ask(menu) = village.takes_up(who, begin(), IN_TIME).await else {
            panic!("there was time for the menu")
        };
        // Her key came late: it has done nothing, and the call ended with that. A redial leads back to the menu,
        // and the same key leads on when it comes in time.
        assert_eq!(village.takes_up(who, key("1"), TOO_LATE).await, UssdOut::End(busy.to_owned()));
        assert!(matches!(village.takes_up(who, key("1"), Duration::ZERO).await, UssdOut::End(_)));
        let again = village.takes_up(who, begin(), IN_TIME).await;
        assert_eq!(again, UssdOut::Ask(menu.clone()), "where she was");
        let UssdOut::Ask(next) = village.takes_up(who, key("1"), Duration::ZERO).await else {
            panic!("the call goes on")
        };
        assert_ne!(next, menu);
    }
    // What only tells of the end of a call is always taken in: nobody waits for it.
    assert_eq!(village.takes_up("0700000101", UssdEvent::Gone, TOO_LATE).await, UssdOut::Nothing);
    village.closes().await;
}
