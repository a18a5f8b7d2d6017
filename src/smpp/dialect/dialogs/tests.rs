use super::*;
use crate::smpp::fixture;
use bytes::Bytes;

const BEGIN: &str = "10-ussd-begin-its.hex";
const REPLY: &str = "14-ussd-reply-its.hex";

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn dialogs(dialect: &str) -> Dialogs {
    Dialogs::new("safari", Dialect::preset(dialect).expect("a preset"), 1)
}

fn meet(dialogs: &mut Dialogs, message: &Message, pdu: PduId, now: Timestamp) -> Met {
    dialogs.meet(message, false, pdu, now).expect("a phone")
}

fn of(file: &str) -> Message {
    fixture::message(file)
}

/// A message with another text.
fn says(file: &str, text: &str) -> Message {
    Message { short_message: Bytes::copy_from_slice(text.as_bytes()), ..of(file) }
}

fn taken(dialogs: &mut Dialogs, met: &Met, closes: bool) {
    dialogs.fared(&key_of(&met.step), &met.mark, Fate::Taken, closes);
}

#[test]
fn a_begin_repeated_within_five_seconds_is_the_same_and_later_another() {
    let mut dialogs = dialogs("its");
    let first = meet(&mut dialogs, &of(BEGIN), (1, 17), at(0));
    let copy = meet(&mut dialogs, &of(BEGIN), (1, 18), at(4));
    assert_eq!((copy.verdict, &copy.mark), (Verdict::Again, &first.mark));
    let second = meet(&mut dialogs, &of(BEGIN), (1, 19), at(5));
    assert_eq!(second.verdict, Verdict::New);
    assert_ne!(second.mark, first.mark);
}

#[test]
fn two_shortcuts_are_two_begins_and_a_begin_after_an_end_is_another() {
    let mut dialogs = dialogs("its");
    let first = meet(&mut dialogs, &says(BEGIN, "*483*57*3*1234#"), (1, 1), at(0));
    let second = meet(&mut dialogs, &says(BEGIN, "*483*57*3*1235#"), (1, 2), at(1));
    assert_eq!(second.verdict, Verdict::New);
    assert_ne!(first.mark, second.mark);
    meet(&mut dialogs, &of("17-ussd-abort-network.hex"), (1, 3), at(2));
    let third = meet(&mut dialogs, &says(BEGIN, "*483*57*3*1235#"), (1, 4), at(3));
    assert_eq!(third.verdict, Verdict::New, "hung up and dialled again");
}

#[test]
fn a_key_is_known_again_by_its_count_but_only_within_its_dialog() {
    let mut dialogs = dialogs("its");
    meet(&mut dialogs, &of(BEGIN), (1, 1), at(0));
    let first = meet(&mut dialogs, &of(REPLY), (1, 2), at(9));
    let copy = meet(&mut dialogs, &of(REPLY), (2, 7), at(15));
    assert_eq!((copy.verdict, &copy.mark), (Verdict::Again, &first.mark), "over another connection");
    let mut next = of(REPLY);
    next.tlvs[1].1 = Bytes::from_static(&[0x2A, 0x04]);
    assert_eq!(meet(&mut dialogs, &next, (1, 3), at(20)).verdict, Verdict::New);
    assert_eq!(meet(&mut dialogs, &of(REPLY), (1, 4), at(21)).verdict, Verdict::Again, "late, and known");
    meet(&mut dialogs, &of(BEGIN), (1, 5), at(100));
    let other = meet(&mut dialogs, &of(REPLY), (1, 6), at(109));
    assert_eq!(other.verdict, Verdict::New, "the session number came round");
    assert_ne!(other.mark, first.mark);
}

#[test]
fn a_count_that_stands_still_names_no_repeat() {
    let mut dialogs = dialogs("its");
    meet(&mut dialogs, &of(BEGIN), (1, 1), at(0));
    let mut reply = of(REPLY);
    reply.tlvs[1].1 = Bytes::from_static(&[0x2A, 0x00]);
    let first = meet(&mut dialogs, &reply, (1, 2), at(5));
    taken(&mut dialogs, &first, false);
    let second = meet(&mut dialogs, &reply, (1, 3), at(10));
    assert_eq!(second.verdict, Verdict::New);
    assert_ne!(first.mark, second.mark);
}

#[test]
fn without_a_count_the_same_key_is_a_repeat_only_while_its_screen_is_not_there() {
    let mut dialogs = dialogs("msisdn");
    let first = meet(&mut dialogs, &of(BEGIN), (1, 1), at(0));
    taken(&mut dialogs, &first, false);
    let key = meet(&mut dialogs, &of(REPLY), (1, 2), at(20));
    assert_eq!(meet(&mut dialogs, &of(REPLY), (1, 2), at(20)).verdict, Verdict::Again, "the same PDU");
    assert_eq!(meet(&mut dialogs, &of(REPLY), (1, 3), at(20)).verdict, Verdict::Again, "nobody is so quick");
    assert_eq!(meet(&mut dialogs, &says(REPLY, "7"), (1, 4), at(20)).verdict, Verdict::New, "another key");
    taken(&mut dialogs, &key, false);
    let pressed = meet(&mut dialogs, &of(REPLY), (1, 5), at(22));
    assert_eq!(pressed.verdict, Verdict::New, "a person may truly press 2 twice");
}

#[test]
fn over_a_pair_of_connections_a_key_may_be_read_before_the_answer_to_its_screen() {
    let mut dialogs = dialogs("msisdn");
    meet(&mut dialogs, &of(BEGIN), (2, 1), at(0));
    let first = meet(&mut dialogs, &of(REPLY), (2, 2), at(20));
    dialogs.fared(&key_of(&first.step), &first.mark, Fate::Sent(2), false);
    assert_eq!(meet(&mut dialogs, &of(REPLY), (2, 3), at(20)).verdict, Verdict::Again, "one connection");
    dialogs.fared(&key_of(&first.step), &first.mark, Fate::Sent(1), false);
    assert_eq!(meet(&mut dialogs, &of(REPLY), (2, 4), at(20)).verdict, Verdict::New, "two");
}

#[test]
fn a_key_brought_again_over_a_new_connection_acts_once() {
    let mut dialogs = dialogs("msisdn");
    meet(&mut dialogs, &of(BEGIN), (1, 1), at(0));
    let key = meet(&mut dialogs, &of(REPLY), (1, 2), at(20));
    let copy = meet(&mut dialogs, &of(REPLY), (2, 1), at(28));
    assert_eq!((copy.verdict, &copy.mark), (Verdict::Again, &key.mark));
    taken(&mut dialogs, &copy, false);
    assert_eq!(meet(&mut dialogs, &of(REPLY), (3, 1), at(40)).verdict, Verdict::New, "its screen was there");
    let late = meet(&mut dialogs, &of(REPLY), (2, 2), at(60));
    assert_eq!(late.verdict, Verdict::New, "long after the connection stood");
}

#[test]
fn an_end_after_the_last_screen_has_nothing_left_to_end() {
    let mut dialogs = dialogs("its");
    let begin = meet(&mut dialogs, &of(BEGIN), (1, 1), at(0));
    let gone = of("17-ussd-abort-network.hex");
    assert_eq!(meet(&mut dialogs, &gone, (1, 2), at(1)).verdict, Verdict::New);
    taken(&mut dialogs, &begin, true);
    assert_eq!(meet(&mut dialogs, &gone, (1, 3), at(1)).verdict, Verdict::New, "of a dialog that is gone");
    let begin = meet(&mut dialogs, &of(BEGIN), (1, 4), at(2));
    taken(&mut dialogs, &begin, true);
    assert_eq!(meet(&mut dialogs, &gone, (1, 5), at(3)).verdict, Verdict::Closed);
    assert_eq!(meet(&mut dialogs, &of(BEGIN), (1, 6), at(4)).verdict, Verdict::New, "dialled again");
}

#[test]
fn the_reply_to_a_push_brings_the_name_of_its_dialog() {
    for name in ["its", "msisdn"] {
        let mut dialogs = dialogs(name);
        meet(&mut dialogs, &of(BEGIN), (1, 1), at(0));
        meet(&mut dialogs, &of("17-ussd-abort-network.hex"), (1, 2), at(1));
        dialogs.pushed(Msisdn::from_e164("254700000123").expect("a number"), true, at(2));
        let reply = meet(&mut dialogs, &of("31-ussd-push-reply.hex"), (1, 3), at(9));
        assert_eq!((reply.step.reply.kind, reply.verdict), (Kind::Pushed, Verdict::New), "{name}");
        assert_eq!(meet(&mut dialogs, &of("31-ussd-push-reply.hex"), (1, 3), at(9)).verdict, Verdict::Again);
    }
}

#[test]
fn a_notice_is_not_taken_for_the_dialog_before_it_where_dialogs_have_no_names() {
    let mut dialogs = dialogs("msisdn");
    let begun = meet(&mut dialogs, &of(BEGIN), (1, 1), at(0));
    taken(&mut dialogs, &begun, true);
    assert_eq!(meet(&mut dialogs, &of("33-ussd-notify-confirm.hex"), (1, 2), at(1)).verdict, Verdict::Closed);
    dialogs.pushed(Msisdn::from_e164("254700000123").expect("a number"), false, at(2));
    assert_eq!(meet(&mut dialogs, &of("33-ussd-notify-confirm.hex"), (1, 3), at(3)).verdict, Verdict::New);
}

#[test]
fn a_push_does_not_capture_the_dialog_that_runs() {
    let mut dialogs = dialogs("its");
    meet(&mut dialogs, &of(BEGIN), (1, 1), at(0));
    dialogs.pushed(Msisdn::from_e164("254700000123").expect("a number"), true, at(2));
    assert_eq!(meet(&mut dialogs, &of(REPLY), (1, 2), at(3)).step.reply.kind, Kind::Dialled);
    assert_eq!(
        meet(&mut dialogs, &of("31-ussd-push-reply.hex"), (1, 3), at(4)).step.reply.kind,
        Kind::Pushed
    );
}

#[test]
fn a_dialog_of_the_data_variant_is_remembered_as_one() {
    let mut dialogs = dialogs("its");
    let mut begin = of(BEGIN);
    begin.tlvs[0].1 = Bytes::from_static(&[0]);
    meet(&mut dialogs, &begin, (1, 1), at(0));
    assert_eq!(meet(&mut dialogs, &of(REPLY), (1, 2), at(3)).step.reply.kind, Kind::Data);
}

#[test]
fn an_operation_that_is_new_is_told_once() {
    let mut dialogs = dialogs("its");
    let mut reply = of(REPLY);
    reply.tlvs[0].1 = Bytes::from_static(&[0x20]);
    let met = meet(&mut dialogs, &reply, (1, 1), at(0));
    assert_eq!(met.step.event, UssdEvent::Reply("2".into()));
    assert!(met.notes[0].contains("0x20") && met.notes[0].contains("a reply"), "{:?}", met.notes);
    assert!(meet(&mut dialogs, &reply, (1, 2), at(9)).notes.is_empty());
}

#[test]
fn dialogs_of_long_ago_are_forgotten() {
    let mut dialogs = dialogs("mica");
    for session in 0..2 * ROUND {
        let mut begin = of("20-ussd-begin-umr.hex");
        begin.tlvs[1].1 = Bytes::copy_from_slice(&session.to_be_bytes());
        meet(&mut dialogs, &begin, (session, 1), at(i64::try_from(session).expect("small") * 10));
    }
    assert!(dialogs.dialogs.len() <= (ROUND + 60) as usize);
    assert!(dialogs.connections.len() <= CONNECTIONS);
}

#[test]
fn a_repeat_gets_no_screen_that_could_be_taken_for_the_answer_to_the_next_key() {
    let mut dialogs = dialogs("its");
    let begin = meet(&mut dialogs, &of(BEGIN), (1, 1), at(0));
    let key = key_of(&begin.step);
    assert_eq!(dialogs.resend(&key, &begin.mark, true), Resend::Copy, "it may be a second call");
    let reply = meet(&mut dialogs, &of(REPLY), (1, 2), at(3));
    assert_eq!(dialogs.resend(&key, &begin.mark, true), Resend::Nothing, "a key came since");
    assert_eq!(dialogs.resend(&key, &reply.mark, false), Resend::Nothing, "its screen is on the way");
    taken(&mut dialogs, &reply, false);
    assert_eq!(dialogs.resend(&key, &reply.mark, false), Resend::Nothing, "its screen is there");
    dialogs.fared(&key, &reply.mark, Fate::Lost, false);
    assert_eq!(dialogs.resend(&key, &reply.mark, false), Resend::Anew);
    assert_eq!(dialogs.resend(&key, &reply.mark, false), Resend::Nothing, "once");
    taken(&mut dialogs, &reply, true);
    assert_eq!(dialogs.resend(&key, &reply.mark, false), Resend::Copy, "no key follows a last screen");
}

#[test]
fn another_key_under_an_old_count_waits_for_a_screen() {
    let mut dialogs = dialogs("its");
    meet(&mut dialogs, &of(BEGIN), (1, 1), at(0));
    let first = meet(&mut dialogs, &of(REPLY), (1, 2), at(3));
    let late = meet(&mut dialogs, &says(REPLY, "7"), (1, 3), at(9));
    assert_eq!((late.verdict, &late.mark), (Verdict::New, &first.mark));
}
