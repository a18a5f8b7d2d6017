//! Faults in words: `throttle 5%`, `drop 3x`, `delay 200ms`, `no-receipts`.

use super::{Faults, Spell};
use std::time::Duration;
use tokio::time::Instant;

/// What goes wrong by [`Spell`]s, and what each is.
pub const SPELLS: [(&str, &str); 19] = [
    ("throttle", "submit_sm answered ESME_RTHROTTLED"),
    ("queue-full", "submit_sm answered ESME_RMSGQFUL"),
    ("refuse", "submit_sm answered with a vendor's status"),
    ("drop", "submit_sm lost before it is seen"),
    ("swallow", "submit_sm taken, its answer lost"),
    ("hold", "answers held back while others pass; hold-for says how long"),
    ("repeat-answer", "answers sent twice"),
    ("duplicate", "deliver_sm sent twice"),
    ("drop-deliver", "deliver_sm lost; it goes again later"),
    ("reorder", "SMS and receipts that let the next one pass"),
    ("malformed", "a PDU nobody can read, before a deliver_sm"),
    ("cut", "the connection cut once a step was taken"),
    ("abort", "the phone hangs up while its screen is under way"),
    ("begin-twice", "the first step of a dialog sent twice"),
    ("reply-after-end", "an answer to a screen that was the last"),
    ("wrong-password", "binds answered ESME_RINVPASWD"),
    ("already-bound", "binds answered ESME_RALYBND"),
    ("stray-receipt", "a receipt for a message nobody sent"),
    ("lose-screens", "screens taken and never shown"),
];

/// What else there is, with its value.
pub const OTHERS: [(&str, &str); 6] = [
    ("delay SPAN", "every PDU held back so long, in order"),
    ("hold-for SPAN", "how long hold and reorder hold back"),
    ("octets N", "so many octets a write; 0 writes all at once"),
    ("no-receipts on|off", "delivery receipts are never sent"),
    ("receipt-first on|off", "receipts come before the answer that names their message"),
    ("silent-abort on|off", "the end of a dialog is not told"),
];

/// Sets what a line of words says: one fault or several with commas between; `none` for a good day.
///
/// # Errors
/// What cannot be read, and what can.
pub fn set(faults: &mut Faults, words: &str, seed: u64, now: Instant) -> Result<(), String> {
    let mut changed = faults.clone();
    for one in words.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        set_one(&mut changed, one, seed, now)?;
    }
    *faults = changed;
    Ok(())
}

fn set_one(faults: &mut Faults, words: &str, seed: u64, now: Instant) -> Result<(), String> {
    let (name, how) = words.split_once(char::is_whitespace).map_or((words, ""), |(n, h)| (n, h.trim()));
    let switch = || match how {
        "" | "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("{name}: write on or off, not {how:?}")),
    };
    match name {
        "none" => *faults = Faults::default(),
        "delay" => faults.delay = span(how)?,
        "hold-for" => faults.hold_for = span(how)?,
        "octets" => faults.octets_at_once = how.parse().map_err(|_| "octets: write a number".to_owned())?,
        "no-receipts" => faults.no_receipts = switch()?,
        "receipt-first" => faults.receipt_first = switch()?,
        "silent-abort" => faults.silent_abort = switch()?,
        _ => {
            let at = SPELLS.iter().position(|(known, _)| *known == name);
            let (Some(at), Some(field)) = (at, field(faults, name)) else {
                let all: Vec<&str> = SPELLS.iter().chain(&OTHERS).map(|(name, _)| *name).collect();
                return Err(format!("no fault is called {name:?}; there are: none, {}", all.join(", ")));
            };
            // Each fault has dice of its own, or all would strike at once.
            *field = spell(how, seed.wrapping_add(at as u64 + 1), now)?;
        }
    }
    Ok(())
}

fn field<'f>(faults: &'f mut Faults, name: &str) -> Option<&'f mut Spell> {
    Some(match name {
        "throttle" => &mut faults.throttled,
        "queue-full" => &mut faults.queue_full,
        "refuse" => &mut faults.refuse,
        "drop" => &mut faults.drop_submit,
        "swallow" => &mut faults.swallow_submit_resp,
        "hold" => &mut faults.hold_submit_resp,
        "repeat-answer" => &mut faults.repeat_submit_resp,
        "duplicate" => &mut faults.duplicate_deliver,
        "drop-deliver" => &mut faults.drop_deliver,
        "reorder" => &mut faults.reorder_deliver,
        "malformed" => &mut faults.malformed,
        "cut" => &mut faults.cut_after_step,
        "abort" => &mut faults.abort_in_flight,
        "begin-twice" => &mut faults.begin_twice,
        "reply-after-end" => &mut faults.reply_after_end,
        "wrong-password" => &mut faults.wrong_password,
        "already-bound" => &mut faults.already_bound,
        "stray-receipt" => &mut faults.stray_receipt,
        "lose-screens" => &mut faults.lose_screens,
        _ => return None,
    })
}

/// `5%`, `0.5%`, `3x`, `10s`, `always`, `never`.
fn spell(how: &str, seed: u64, now: Instant) -> Result<Spell, String> {
    let wrong = || format!("how often is {how:?}? Write 5%, 0.5%, 3x, 10s, always or never");
    match how {
        "" | "always" => return Ok(Spell::Always),
        "never" | "off" => return Ok(Spell::Never),
        _ => {}
    }
    if let Some(percent) = how.strip_suffix('%') {
        let (whole, tenth) = percent.split_once('.').unwrap_or((percent, "0"));
        let whole: u16 = whole.parse().map_err(|_| wrong())?;
        let tenth: u16 = tenth.parse().ok().filter(|tenth| *tenth < 10).ok_or_else(wrong)?;
        let per_mille = whole.checked_mul(10).map(|mille| mille + tenth).filter(|mille| *mille <= 1000);
        return Ok(Spell::chance(per_mille.ok_or_else(wrong)?, seed));
    }
    if let Some(times) = how.strip_suffix('x') {
        return times.parse().map(Spell::Times).map_err(|_| wrong());
    }
    span(how).map(|span| Spell::Until(now + span)).map_err(|_| wrong())
}

/// A span as people write it: `500ms`, `60s`, `10m`, `2h`.
///
/// # Errors
/// What can be read.
pub fn span(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => 0,
    };
    let span = number.parse::<u64>().ok().and_then(|number| number.checked_mul(millis));
    // A month is longer than anybody waits, and no clock overflows by it.
    span.filter(|span| millis > 0 && *span <= 30 * 86_400_000)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("how long is {text:?}? Write 500ms, 60s, 10m or 2h"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_sets_several_faults_each_with_dice_of_its_own() {
        let mut faults = Faults::default();
        let now = Instant::now();
        set(&mut faults, "throttle 5%, drop 0.5%, cut 3x, delay 200ms, no-receipts", 7, now)
            .expect("readable");
        assert_eq!(faults.throttled, Spell::chance(50, 8));
        assert!(matches!(faults.drop_submit, Spell::Chance { per_mille: 5, .. }));
        assert_eq!(faults.cut_after_step, Spell::Times(3));
        assert_eq!((faults.delay, faults.no_receipts), (Duration::from_millis(200), true));
        set(&mut faults, "throttle 10s", 7, now).expect("readable");
        assert_eq!(faults.throttled, Spell::Until(now + Duration::from_secs(10)));
        set(&mut faults, "none", 7, now).expect("readable");
        assert_eq!(faults, Faults::default());
    }

    #[test]
    fn a_line_with_a_mistake_changes_nothing_and_says_what_can_be_written() {
        let mut faults = Faults::default();
        for (line, says) in [
            ("cut 3x, nonsense", "throttle, "),
            ("throttle 200%", "5%"),
            ("throttle 5.55%", "5%"),
            ("delay soon", "60s"),
            ("no-receipts maybe", "on or off"),
        ] {
            let why = set(&mut faults, line, 0, Instant::now()).expect_err("refused");
            assert!(why.contains(says), "{line}: {why}");
            assert_eq!(faults, Faults::default());
        }
    }

    #[test]
    fn every_fault_of_the_list_is_one() {
        for (name, _) in SPELLS {
            assert!(field(&mut Faults::default(), name).is_some(), "{name}");
        }
    }
}
