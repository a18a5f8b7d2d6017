//! Lines of a statement against payouts of the books. The same lines and payouts give the same findings,
//! in whatever order they come.

use super::{Class, Entry, Finding, Line, LineKind, Standing};
use crate::types::{Kes, Msisdn, PayoutId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How far a line may be from a payout in time when nothing but party and sum joins them.
const NEAR: Duration = Duration::from_secs(2 * 86_400);
/// Digits at the end of a number that must agree; what is before them is written in many ways.
const TELLING: usize = 9;
/// Digits without which a hidden number tells nothing.
const LEAST_DIGITS: usize = 3;

/// Lines that belong together: a payment, what was charged for it, what took it back.
struct Group<'a> {
    receipt: &'a str,
    lines: Vec<&'a Line>,
}

impl Group<'_> {
    fn sum(&self, kind: LineKind, of: impl Fn(&Line) -> Kes) -> i64 {
        self.lines.iter().filter(|line| line.done && line.kind == kind).map(|line| of(line).cents()).sum()
    }

    fn payments(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().copied().filter(|line| line.kind == LineKind::Payment)
    }

    /// What was paid out, and what came back of it.
    fn paid(&self) -> i64 {
        self.sum(LineKind::Payment, |line| line.out)
    }

    fn back(&self) -> i64 {
        self.sum(LineKind::Reversal, |line| line.back) - self.sum(LineKind::Reversal, |line| line.out)
    }

    fn charged(&self) -> i64 {
        let rows = self.sum(LineKind::Charge, |line| line.out) - self.sum(LineKind::Charge, |line| line.back);
        rows + self.lines.iter().filter(|line| line.done).map(|line| line.fee.cents()).sum::<i64>()
    }

    fn net(&self) -> i64 {
        self.lines.iter().map(|line| line.net()).sum()
    }

    /// The line that the group is told by.
    fn head(&self) -> &Line {
        self.payments().next().unwrap_or(self.lines[0])
    }

    fn request(&self) -> Option<PayoutId> {
        self.lines.iter().find_map(|line| line.request)
    }

    fn party(&self) -> &str {
        let told = |line: &&&Line| !line.party.is_empty();
        self.lines.iter().find(told).map_or("", |line| line.party.as_str())
    }

    /// Nothing of it had an effect, and it took nothing back that an earlier statement has.
    fn never_moved(&self) -> bool {
        !self.lines.iter().any(|line| line.done)
    }

    /// All of it came back; also when the payment itself stands in an earlier statement.
    fn taken_back(&self) -> bool {
        self.back() > 0 && self.back() >= self.paid()
    }

    /// Nothing but money that came in: no payout of ours.
    fn only_came_in(&self) -> bool {
        self.paid() == 0 && self.back() == 0 && !self.never_moved()
    }
}

/// Holds a statement against the books.
///
/// `entries` are the payouts by this provider that its lines may be about. Those that the books have as
/// paid within `period` and that no statement has shown must stand in this one. With `fees` the statement
/// tells what was charged.
pub fn compare(
    lines: &[Line], entries: &[Entry], period: (Timestamp, Timestamp), fees: bool,
) -> Vec<Finding> {
    let mut entries: Vec<&Entry> = entries.iter().collect();
    entries.sort_by_key(|entry| (entry.asked, entry.payout));
    entries.dedup_by_key(|entry| entry.payout);
    let mut free: BTreeMap<PayoutId, &Entry> = entries.iter().map(|entry| (entry.payout, *entry)).collect();
    let mut by_receipt = BTreeMap::new();
    for entry in &entries {
        if let Some(receipt) = &entry.receipt {
            by_receipt.entry(receipt.as_str()).or_insert(entry.payout);
        }
    }

    let terms = Terms { end: period.1, fees };
    let (mut joined, mut loose) = (Vec::new(), groups(lines));
    let ours: BTreeSet<PayoutId> = free.keys().copied().collect();
    // A receipt joins before an id does, and only what neither joins is guessed at.
    loose.retain(|group| {
        let known = by_receipt.get(group.receipt).and_then(|payout| free.remove(payout));
        known.map(|entry| joined.push(terms.judge(group, entry))).is_none()
    });
    loose.retain(|group| {
        let known = group.request().and_then(|payout| free.remove(&payout));
        known.map(|entry| joined.push(terms.judge(group, entry))).is_none()
    });
    loose.retain(|group| {
        let near = nearest(group, &free).and_then(|payout| free.remove(&payout));
        near.map(|entry| joined.push(propose(group, entry))).is_none()
    });
    joined.extend(loose.iter().map(|group| match group.request().filter(|id| ours.contains(id)) {
        Some(twice) => again(group, twice),
        None => alone(group),
    }));
    let missing = free.values().filter(|entry| {
        let moved = entry.standing == Standing::Paid;
        moved && !entry.seen && (period.0..=period.1).contains(&entry.since)
    });
    joined.extend(missing.map(|entry| missed(entry)));
    joined.sort_by(|one, other| {
        let key = |found: &Finding| (found.at, found.payout, found.rows.first().copied());
        key(one).cmp(&key(other)).then_with(|| one.receipt.cmp(&other.receipt))
    });
    joined
}

/// Lines by the receipt that they are about, each group in an order of its own.
fn groups(lines: &[Line]) -> Vec<Group<'_>> {
    let own: BTreeSet<&str> = lines.iter().map(|line| line.receipt.as_str()).collect();
    let mut found: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        let of = line.of.as_deref().filter(|of| line.kind == LineKind::Reversal || own.contains(of));
        found.entry(of.unwrap_or(&line.receipt)).or_default().push(line);
    }
    found.values_mut().for_each(|lines| lines.sort());
    let mut groups: Vec<Group<'_>> =
        found.into_iter().map(|(receipt, lines)| Group { receipt, lines }).collect();
    groups.sort_by_key(|group| (group.head().at, group.receipt));
    groups
}

/// The only payout, or the nearest in time, of this party and sum that nothing else joins to a line.
fn nearest(group: &Group<'_>, free: &BTreeMap<PayoutId, &Entry>) -> Option<PayoutId> {
    let [only] = group.payments().collect::<Vec<_>>()[..] else { return None };
    if !only.done || only.party.is_empty() || group.taken_back() {
        return None;
    }
    let apart = |entry: &Entry| only.at.since(entry.asked).max(entry.asked.since(only.at));
    let fits = |entry: &&&Entry| {
        entry.amount == only.out
            // A payout that has a receipt of its own is about that one.
            && entry.receipt.is_none()
            && same_party(&only.party, entry.to) == Some(true)
            && apart(entry) <= NEAR
    };
    free.values().filter(fits).min_by_key(|entry| (apart(entry), entry.payout)).map(|entry| entry.payout)
}

fn shillings(cents: i64) -> String {
    format!("KSh {}", Kes::minor(cents))
}

fn finding(class: Class, group: &Group<'_>, entry: Option<&Entry>, says: String) -> Finding {
    Finding {
        class,
        rows: group.lines.iter().map(|line| line.row).collect(),
        receipt: group.receipt.to_owned(),
        payout: entry.map(|entry| entry.payout),
        prompt: None,
        at: group.head().at,
        there: group.net(),
        here: entry.map_or(0, Entry::net),
        party: group.party().to_owned(),
        says,
    }
}

/// What a statement and the payouts of its time are held against each other by.
struct Terms {
    /// The last moment of the statement: what came back after it, it does not know.
    end: Timestamp,
    /// It tells what was charged.
    fees: bool,
}

impl Terms {
    /// What a group and the payout that it is about say of each other.
    fn judge(&self, group: &Group<'_>, entry: &Entry) -> Finding {
        let later = entry.standing == Standing::Reversed && entry.since > self.end && !group.taken_back();
        let then = Entry { standing: Standing::Paid, back: 0, ..entry.clone() };
        let entry = if later { &then } else { entry };
        let (class, says) = self.verdict(group, entry);
        finding(class, group, Some(entry), says)
    }

    fn verdict(&self, group: &Group<'_>, entry: &Entry) -> (Class, String) {
        use Standing as S;
        let agree = (Class::Matched, String::new());
        let standing = entry.standing;
        if group.never_moved() {
            return match standing {
                S::Paid => (Class::NotPaidThere, "the statement says that it never went through".to_owned()),
                S::Reversed | S::Failed | S::Open => agree,
            };
        }
        if group.taken_back() {
            return match standing {
                S::Paid | S::Open => {
                    (Class::Reversed, format!("{} came back by the statement", shillings(group.back())))
                }
                S::Reversed | S::Failed => agree,
            };
        }
        // What was charged for a payment of an earlier statement.
        if entry.seen && group.payments().next().is_none() {
            return agree;
        }
        let paid = group.paid() - group.back();
        let class = match standing {
            S::Failed | S::Reversed => Class::PaidNotHere,
            S::Open => Class::PaidOpenHere,
            S::Paid => return self.agreement(group, entry, paid),
        };
        (class, format!("{} paid there, {} here", shillings(paid), standing.word()))
    }

    /// Paid by both: whether they mean the same.
    fn agreement(&self, group: &Group<'_>, entry: &Entry, paid: i64) -> (Class, String) {
        if paid != entry.amount.cents() {
            let (there, here) = (shillings(paid), shillings(entry.amount.cents()));
            return (Class::OtherSum, format!("{there} there, {here} here"));
        }
        if same_party(group.party(), entry.to) == Some(false) {
            let there = hidden(group.party());
            return (Class::OtherParty, format!("to {there} there, to {} here", entry.to.masked()));
        }
        if self.fees && group.charged() != entry.fee.cents() {
            let (there, here) = (shillings(group.charged()), shillings(entry.fee.cents()));
            return (Class::OtherFee, format!("fee {there} there, {here} here"));
        }
        (Class::Matched, String::new())
    }
}

fn propose(group: &Group<'_>, entry: &Entry) -> Finding {
    let (amount, to, standing) = (entry.amount, entry.to.masked(), entry.standing.word());
    let says = format!("KSh {amount} to {to}, {standing} here: alike in sum, party and time alone");
    finding(Class::Proposed, group, Some(entry), says)
}

/// Money under an id of ours that another receipt has already.
fn again(group: &Group<'_>, payout: PayoutId) -> Finding {
    let alone = alone(group);
    if alone.class == Class::Matched {
        return alone;
    }
    let says = format!("{} once more under the same id of ours", alone.says);
    Finding { class: Class::PaidNotHere, payout: Some(payout), says, ..alone }
}

/// A group that is about no payout of ours. What never moved, and is nobody's, differs from nothing.
fn alone(group: &Group<'_>) -> Finding {
    if group.net() == 0 && (group.never_moved() || group.taken_back()) {
        return finding(Class::Matched, group, None, String::new());
    }
    let net = group.net();
    let says = match (net < 0, group.only_came_in()) {
        (true, true) => format!("{} came in", shillings(-net)),
        (true, false) => format!("{} came back", shillings(-net)),
        (false, _) => format!("{} left", shillings(net)),
    };
    finding(Class::StatementOnly, group, None, says)
}

fn missed(entry: &Entry) -> Finding {
    Finding {
        class: Class::LedgerOnly,
        rows: vec![],
        receipt: entry.receipt.clone().unwrap_or_default(),
        payout: Some(entry.payout),
        prompt: None,
        at: entry.since,
        there: 0,
        here: entry.net(),
        party: String::new(),
        says: format!("KSh {} to {} by the books", entry.amount, entry.to.masked()),
    }
}

/// Whether a number as a statement writes it, some digits perhaps hidden behind stars, is this one; none
/// where it tells too little.
pub fn same_party(written: &str, phone: Msisdn) -> Option<bool> {
    let written: Vec<char> = written.chars().filter(|c| c.is_ascii_digit() || *c == '*').collect();
    let tail: Vec<char> = written.iter().rev().take(TELLING).copied().collect();
    if tail.iter().filter(|c| c.is_ascii_digit()).count() < LEAST_DIGITS {
        return None;
    }
    let known = phone.to_string();
    Some(tail.iter().zip(known.chars().rev()).all(|(written, known)| *written == '*' || *written == known))
}

/// Enough of a number as it is written to recognise it, too little to call.
pub fn hidden(written: &str) -> String {
    let digits: Vec<char> = written.chars().filter(|c| c.is_ascii_digit() || *c == '*').collect();
    let keep = digits.len().saturating_sub(3);
    digits.iter().enumerate().map(|(at, c)| if at >= keep { *c } else { '*' }).collect()
}

#[cfg(test)]
mod tests;
