//! Stable words of the engine, as a shopper reads them.

use crate::engine::desk::freeze::Switch;
use crate::types::{Kes, Timestamp, Usd, time::NAIROBI};
use std::time::Duration;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `at_kiosk` as `At kiosk`: what is shown for a word that has no better text.
pub(crate) fn plain(word: &str) -> String {
    let spaced = word.replace('_', " ");
    let mut letters = spaced.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// A kind of piece: `necklace` as `Necklace`.
pub(crate) fn kind(word: &str) -> String {
    match word {
        "other" => "Other piece".to_owned(),
        word => plain(word),
    }
}

/// A material: `bone` as `Horn or bone`.
pub(crate) fn stuff(word: &str) -> String {
    match word {
        "bone" => "Horn or bone".to_owned(),
        "mixed" => "Mixed materials".to_owned(),
        word => plain(word),
    }
}

/// A piece by material and kind: `Brass necklace`, `Wooden earrings`.
pub(crate) fn piece(kind: &str, stuff: &str) -> String {
    let of = match stuff {
        "beads" => "Beaded".to_owned(),
        "bone" => "Horn or bone".to_owned(),
        "wood" => "Wooden".to_owned(),
        "mixed" => "Mixed".to_owned(),
        word => plain(word),
    };
    let what = if kind == "other" { "piece".to_owned() } else { kind.replace('_', " ") };
    format!("{of} {what}")
}

/// A step of an order.
pub(crate) fn step(word: &str) -> String {
    match word {
        "placed" => "Ordered",
        "paid" => "Paid",
        "expired" => "Payment page closed unpaid",
        "offered" => "Offered to the maker by SMS",
        "accepted" => "Accepted by the maker",
        "refused" => "The maker cannot make it",
        "lapsed" => "No answer from the maker",
        "ready" => "Made, ready to go to the kiosk",
        "with_rider" => "On its way to the kiosk",
        "at_kiosk" => "At the kiosk",
        "checked" => "Checked, and the money is the maker's",
        "late" => "The maker needs more time",
        "cancelled" => "You cancelled it",
        "rework" => "Back with the maker to be mended",
        "short" => "Not every piece can be made",
        "packed" => "Packed",
        "shipped" => "On its way to you",
        "delivered" => "Delivered",
        "returned" => "Back at our depot",
        "refunded" => "Money given back",
        other => return plain(other),
    }
    .to_owned()
}

/// The state of an order, as the sentence at the head of its page.
pub(crate) fn state(word: &str, maker: &str) -> String {
    match word {
        "placed" => "Waiting for your payment to be confirmed.".to_owned(),
        "expired" => "The payment page was closed unpaid. Nothing was taken.".to_owned(),
        "paid" => "Paid. Your order is about to be offered by SMS.".to_owned(),
        "offered" => format!("Paid. {maker} has been asked by SMS."),
        "making" => format!("{maker} has accepted your order and is making it."),
        "ready" => format!("{maker} has finished it. It goes to the kiosk next."),
        "with_rider" => "It is on its way to the kiosk.".to_owned(),
        "at_kiosk" => "It is at the kiosk, waiting for its check.".to_owned(),
        "choosing" => "Not every piece can be made. Please choose what happens next.".to_owned(),
        "released" => {
            format!("It passed the check, and the money is ready for {maker}. It is sent to you next.")
        }
        "packed" => "It is packed.".to_owned(),
        "closed" => "It has been delivered. Asante.".to_owned(),
        "shipped" => "It is on its way to you.".to_owned(),
        "delivered" => "It has been delivered. Asante.".to_owned(),
        "refunded" => {
            "Nothing of it will be sent. Your money goes back to your card within a few days.".to_owned()
        }
        other => format!("{}.", plain(other)),
    }
}

/// Why a maker needs more time, as it goes on after "because".
pub(crate) fn late(word: &str) -> &'static str {
    match word {
        "materials" => "materials came late",
        "home" => "something came up at home",
        "busy" => "many orders came at once",
        _ => "the work takes longer",
    }
}

/// Who a part of a price goes to.
pub(crate) fn part(word: &str, maker: &str) -> String {
    match word {
        "maker" => format!("{maker}, who makes it"),
        "mentor" => "The mentor who guides the work".to_owned(),
        "margin" => "Sokoni: kiosk, rider, card fee, running the market".to_owned(),
        other => plain(other),
    }
}

/// What can be stopped, as the desk names it.
pub(crate) const fn switch(what: Switch) -> &'static str {
    match what {
        Switch::Payouts => "Money sent to phones",
        Switch::Cash => "Cash numbers",
        Switch::Listing => "New pieces",
        Switch::Orders => "Orders accepted",
        Switch::Joining => "New people",
        Switch::Loans => "Loans asked for and sent",
        Switch::Checkout => "New orders in the shop",
    }
}

/// An account of the books: `exp:psp` as `Card fees`. The chart of accounts is in docs/LEDGER.md.
pub(crate) fn account(code: &str) -> String {
    let (family, of) = code.split_once(':').unwrap_or((code, ""));
    match (family, of) {
        ("psp", _) => "Card processor",
        ("bank", _) => "Bank",
        ("mm_float", _) => "Mobile-money float",
        ("mm_in", _) => "Paid to us by mobile money",
        ("loan", _) => "Loan to a maker",
        ("artisan", _) => "A maker's money",
        ("moving", _) => "On its way to a person",
        ("mentor", _) => "A mentor's money",
        ("agent", _) => "An agent's money",
        ("rider", _) => "A rider's money",
        ("deposit", order) => return format!("Held for order {order}"),
        ("shipping_payable", _) => "Owed to carriers",
        ("tax_payable", _) => "Owed in tax",
        ("kiva", "principal") => "Lenders' money out on loan",
        ("kiva", "due") => "Repayments owed to lenders",
        ("margin", _) => "Margin",
        ("exp", "agent") => "Agents' fees",
        ("exp", "rider") => "Riders' fees",
        ("exp", "psp") => "Card fees",
        ("exp", "mm") => "Mobile-money fees",
        ("exp", "sms") => "Operators' charges",
        ("exp", "returns") => "Refunds after release",
        ("equity", _) => "Opening money",
        _ => return plain(code),
    }
    .to_owned()
}

/// What a posting belongs to: `order/482108` as `order 482108`; of what only ids name, no more than the word.
pub(crate) fn about(what: &str) -> String {
    match what.split_once('/') {
        Some(("payout", _)) => "payout".to_owned(),
        Some(("party", _)) => "person".to_owned(),
        Some(("paper", paper)) => paper.to_owned(),
        _ => what.replace('/', " "),
    }
}

/// The same for a moment that a template has by reference.
pub(crate) fn moment_of(millis: i64) -> String {
    moment(Timestamp::from_millis(millis))
}

/// A sum without its sign, for lines that say debit or credit.
pub(crate) fn size(sum: &Kes) -> Kes {
    Kes::minor(sum.cents().abs())
}

/// A price, its cents always written, so that prices under one another compare at a glance.
pub(crate) fn usd(price: &Usd) -> String {
    format!("${price}{}", if price.is_whole() { ".00" } else { "" })
}

/// The state of a bulk request, as its page begins.
pub(crate) fn bulk_state(word: &str) -> String {
    let told = match word {
        "placed" => "Waiting for your payment",
        "expired" => "The payment was not made in time",
        "gathering" => "Artisans are being asked",
        "choosing" => "Not all pieces have a maker: please choose",
        "making" => "Every piece is taken and being made",
        "done" => "Every piece has passed the check",
        "refunded" => "Nothing will be sent, your money goes back",
        other => return plain(other),
    };
    told.to_owned()
}

/// A day of Nairobi, as forms write it: 2027-01-31.
pub(crate) fn day(at: &Timestamp) -> String {
    let (year, month, day) = at.civil(NAIROBI);
    format!("{year}-{month:02}-{day:02}")
}

/// A moment as people in Nairobi write it: `22 Nov 2026, 14:05`.
pub(crate) fn moment(at: Timestamp) -> String {
    let (year, month, day) = at.civil(NAIROBI);
    format!("{day} {} {year}, {}", MONTHS[month as usize - 1], at.hour_minute(NAIROBI))
}

/// Its day alone: `22 Nov 2026`.
pub(crate) fn day_of(at: &Timestamp) -> String {
    let (year, month, day) = at.civil(NAIROBI);
    format!("{day} {} {year}", MONTHS[month as usize - 1])
}

/// The same for machines: `2026-11-22T14:05+03:00`.
pub(crate) fn moment_iso(at: Timestamp) -> String {
    let (year, month, day) = at.civil(NAIROBI);
    format!("{year:04}-{month:02}-{day:02}T{}+03:00", at.hour_minute(NAIROBI))
}

/// How long somebody has to wait: `12 seconds`, `3 minutes`.
pub(crate) fn wait(span: Duration) -> String {
    match span.as_secs() + u64::from(span.subsec_nanos() > 0) {
        0 | 1 => "1 second".to_owned(),
        seconds @ ..=90 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    }
}

/// A browser in a few words, by what it says of itself: `Firefox on Android`.
pub(crate) fn device(agent: &str) -> String {
    let first = |words: &[(&'static str, &'static str)]| {
        words.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name)
    };
    // Each names those that it is like, so the order tells them apart.
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chromium/", "Chromium"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "Mac"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (one, other) => one.or(other).unwrap_or_default().to_owned(),
    }
}

/// How long, in its largest fitting unit: `3 min`, `5 h`, `12 days`.
pub(crate) fn age(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// Whole percents of `parts` in their sum; they add up to 100, the largest remainders rounded up.
pub(crate) fn percents(parts: &[Kes]) -> Vec<u32> {
    let cents: Vec<i128> = parts.iter().map(|part| i128::from(part.cents().max(0))).collect();
    let sum: i128 = cents.iter().sum();
    if sum == 0 {
        return vec![0; parts.len()];
    }
    let mut shares: Vec<u32> = cents.iter().map(|part| (part * 100 / sum) as u32).collect();
    let mut by_rest: Vec<usize> = (0..parts.len()).collect();
    by_rest.sort_by_key(|&at| std::cmp::Reverse(cents[at] * 100 % sum));
    let missing = 100 - shares.iter().sum::<u32>() as usize;
    for &at in by_rest.iter().take(missing) {
        shares[at] += 1;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_unknown_word_is_still_readable() {
        assert_eq!(step("at_the_border"), "At the border");
        assert_eq!(piece("arm_band", "copper"), "Copper arm band");
        assert_eq!((account("exp:psp"), account("gold")), ("Card fees".into(), "Gold".into()));
        assert_eq!(state("lost_at_sea", "Akinyi"), "Lost at sea.");
    }

    #[test]
    fn a_moment_is_written_in_nairobi_time() {
        let at = Timestamp::from_millis(1_798_745_400_000);
        assert_eq!(moment(at), "31 Dec 2026, 22:30");
        assert_eq!(moment_iso(at), "2026-12-31T22:30+03:00");
        assert_eq!(age(Duration::from_secs(59)), "59 s");
        assert_eq!(age(Duration::from_secs(7300)), "2 h");
        assert_eq!(age(Duration::from_secs(200_000)), "2 days");
    }

    proptest! {
        #[test]
        fn percents_always_add_up_to_a_hundred(cents in proptest::collection::vec(0i64..10_000_000, 1..5)) {
            let parts: Vec<Kes> = cents.iter().copied().map(Kes::minor).collect();
            let sum: u32 = percents(&parts).iter().sum();
            prop_assert_eq!(sum, if cents.iter().all(|&c| c == 0) { 0 } else { 100 });
        }
    }
}
