//! What came in by a statement, held against what people were asked for on their phones. Whatever lines are
//! about none of that are left for others.

use super::matching::{hidden, same_party};
use super::{Class, Finding, Line, LineKind};
use crate::types::{Kes, Msisdn, PromptId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How far a line may be from a prompt in time when nothing but party and sum joins them: a prompt is answered
/// within minutes.
const NEAR: Duration = Duration::from_secs(3_600);

/// How much a provider's clock may be behind ours.
const CLOCKS: Duration = Duration::from_secs(2 * 60);

/// How a prompt stands in our books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Came {
    /// It is booked as paid.
    Paid,
    /// Nobody knows, or people are to decide.
    Open,
    /// Nothing came of it.
    Ended,
}

impl Came {
    const fn word(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Open => "open",
            Self::Ended => "ended",
        }
    }
}

/// A prompt as the books have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Which.
    pub prompt: PromptId,
    /// How it stands.
    pub standing: Came,
    /// The provider's receipt, where it is known or claimed; its own name for the prompt is none.
    pub receipt: Option<String>,
    /// Whose phone was asked.
    pub from: Msisdn,
    /// What came, or was asked for.
    pub amount: Kes,
    /// When she asked for it.
    pub asked: Timestamp,
    /// Since when it stands as it does.
    pub since: Timestamp,
    /// An earlier statement has it.
    pub seen: bool,
}

impl Asked {
    /// What it takes out of the account by the books, in cents: below zero, since it brings something.
    fn net(&self) -> i64 {
        if self.standing == Came::Paid { -self.amount.cents() } else { 0 }
    }
}

/// What is found of prompts in a statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CameIn {
    /// A finding for each prompt that a line is about, and for each that should be there and is not.
    pub found: Vec<Finding>,
    /// Receipts of prompts of which none was known: nothing but this line can be the payment.
    pub named: Vec<(PromptId, String)>,
    /// The lines that are about no prompt.
    pub others: Vec<Line>,
    /// By what stands in it, it is of an account that prompts are paid to and from which nothing is paid.
    pub only_in: bool,
}

/// Holds what came in by a statement against prompts. Those that the books have as paid within `period`, and
/// no statement has shown, must stand in this one, if it is of the account that they are paid to: of one
/// from which only payouts go, none of them is missed.
pub fn came_in(lines: &[Line], asked: &[Asked], period: (Timestamp, Timestamp)) -> CameIn {
    let mut free: BTreeMap<PromptId, &Asked> = asked.iter().map(|one| (one.prompt, one)).collect();
    let payments: Vec<&Line> = lines.iter().filter(|line| is_incoming(line)).collect();
    let (mut found, mut named, mut joined) = (Vec::new(), Vec::new(), BTreeSet::new());
    for line in &payments {
        let fits = |one: &&&Asked| one.receipt.as_deref() == Some(line.receipt.as_str());
        if let Some(one) = free.values().find(fits).copied() {
            free.remove(&one.prompt);
            joined.insert(line.receipt.as_str());
            found.push(judge(lines, line, one));
        }
    }
    let loose: Vec<&&Line> = payments.iter().filter(|line| !joined.contains(line.receipt.as_str())).collect();
    // Nobody pays before she is asked; the clocks may differ a little.
    let alike = |line: &Line, one: &Asked| {
        let near = line.at.since(one.asked) <= NEAR && one.asked.since(line.at) <= CLOCKS;
        one.amount == line.back && same_party(&line.party, one.from) == Some(true) && near
    };
    for line in &loose {
        let fit: Vec<&Asked> = free.values().copied().filter(|one| alike(line, one)).collect();
        // What is booked and has no receipt waits for just such a line.
        let waits = |one: &Asked| one.standing == Came::Paid && one.receipt.is_none();
        let nearest = fit.iter().min_by_key(|one| (!waits(one), line.at.since(one.asked), one.prompt));
        let Some(one) = nearest.copied() else { continue };
        free.remove(&one.prompt);
        joined.insert(line.receipt.as_str());
        let alone = fit.len() == 1 && loose.iter().filter(|line| alike(line, one)).count() == 1;
        match one.standing {
            // It is booked by the provider's own word, and there is nothing else that this could be.
            Came::Paid if one.receipt.is_none() && alone => {
                named.push((one.prompt, line.receipt.clone()));
                found.push(judge(lines, line, one));
            }
            _ => found.push(finding(Class::Proposed, lines, line, one, {
                let (amount, whose, standing) = (line.back, one.from.masked(), one.standing.word());
                format!(
                    "KSh {amount} from {whose} came in, {standing} here: alike in sum, party and time alone"
                )
            })),
        }
    }
    let pays = lines.iter().any(|line| line.done && line.out > Kes::ZERO);
    let of_this_account = !joined.is_empty() || !pays;
    let missing = free.values().filter(|one| {
        let within = (period.0..=period.1).contains(&one.since);
        of_this_account && one.standing == Came::Paid && !one.seen && within
    });
    found.extend(missing.map(|one| missed(one)));
    let is_joined = |line: &Line| joined.contains(group(line));
    let others: Vec<Line> = lines.iter().filter(|line| !is_joined(line)).cloned().collect();
    let only_in = !joined.is_empty()
        && !others.iter().any(|line| line.done && line.kind == LineKind::Payment && line.out > Kes::ZERO);
    CameIn { found, named, others, only_in }
}

/// A payment that brought something.
fn is_incoming(line: &Line) -> bool {
    line.done && line.kind == LineKind::Payment && line.back > Kes::ZERO && line.out == Kes::ZERO
}

/// The receipt of what a line is about.
fn group(line: &Line) -> &str {
    line.of.as_deref().unwrap_or(&line.receipt)
}

fn finding(class: Class, lines: &[Line], payment: &Line, one: &Asked, says: String) -> Finding {
    let own = || lines.iter().filter(|line| group(line) == payment.receipt);
    Finding {
        class,
        rows: own().map(|line| line.row).collect(),
        receipt: payment.receipt.clone(),
        payout: None,
        prompt: Some(one.prompt),
        at: payment.at,
        there: own().map(Line::net).sum(),
        here: one.net(),
        party: payment.party.clone(),
        says,
    }
}

/// What a line and the prompt that it is about say of each other.
fn judge(lines: &[Line], payment: &Line, one: &Asked) -> Finding {
    let sum = |kind, of: fn(&Line) -> Kes| -> i64 {
        let own =
            lines.iter().filter(|line| line.done && line.kind == kind && group(line) == payment.receipt);
        own.map(|line| of(line).cents()).sum()
    };
    let taken = sum(LineKind::Reversal, |line| line.out);
    let charged = sum(LineKind::Charge, |line| line.out) + sum(LineKind::Payment, |line| line.fee);
    let (there, here) = (payment.back, one.amount);
    let (class, says) = match one.standing {
        _ if taken > 0 => {
            (Class::Reversed, format!("KSh {} went back to her by the statement", Kes::minor(taken)))
        }
        Came::Open => (Class::PaidOpenHere, format!("KSh {there} came in there, open here")),
        Came::Ended => (Class::PaidNotHere, format!("KSh {there} came in there, ended here")),
        Came::Paid if there != here => (Class::OtherSum, format!("KSh {there} there, KSh {here} here")),
        Came::Paid if same_party(&payment.party, one.from) == Some(false) => {
            let there = hidden(&payment.party);
            (Class::OtherParty, format!("from {there} there, from {} here", one.from.masked()))
        }
        Came::Paid if charged != 0 => {
            (Class::OtherFee, format!("fee KSh {} there, none here", Kes::minor(charged)))
        }
        Came::Paid => (Class::Matched, String::new()),
    };
    finding(class, lines, payment, one, says)
}

fn missed(one: &Asked) -> Finding {
    Finding {
        class: Class::LedgerOnly,
        rows: vec![],
        receipt: one.receipt.clone().unwrap_or_default(),
        payout: None,
        prompt: Some(one.prompt),
        at: one.since,
        there: 0,
        here: one.net(),
        party: String::new(),
        says: format!("KSh {} from {} by the books", one.amount, one.from.masked()),
    }
}

/// What a person does about a difference of a prompt.
pub const fn advice(class: Class) -> &'static str {
    match class {
        Class::PaidOpenHere | Class::PaidNotHere | Class::Proposed => {
            "nothing moves on a statement's word alone: when it is her payment, two people put it down (sokoni approvals ask prompt --paid) and it pays her loan; then close"
        }
        Class::LedgerOnly => {
            "the books say that she paid and this statement has no such line: look into the statement of the days beside it, then ask the provider; what never came two people post back"
        }
        Class::Reversed => {
            "the provider gave it back to her: two people post it back out of what is hers, or speak with her about her loan; then close"
        }
        Class::OtherSum => "ask the provider which sum is right; what differs is posted by hand (two people)",
        Class::OtherParty => "it came from another number: speak with her, and ask the provider whose it is",
        other => other.advice(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + minutes * 60_000)
    }

    fn line(receipt: &str, minutes: i64, back: i64) -> Line {
        Line {
            receipt: receipt.to_owned(),
            of: None,
            at: at(minutes),
            kind: LineKind::Payment,
            done: true,
            out: Kes::ZERO,
            back: Kes::major(back),
            fee: Kes::ZERO,
            balance: None,
            request: None,
            party: "254712***001 - JINA LAKE".to_owned(),
            row: 2,
        }
    }

    fn asked(name: &str, receipt: Option<&str>, standing: Came) -> Asked {
        Asked {
            prompt: PromptId::derived(name),
            standing,
            receipt: receipt.map(str::to_owned),
            from: Msisdn::from_e164("254712000001").expect("a number"),
            amount: Kes::major(300),
            asked: at(1),
            since: at(2),
            seen: false,
        }
    }

    fn holds(lines: &[Line], asked: &[Asked]) -> CameIn {
        came_in(lines, asked, (at(0), at(1_440)))
    }

    fn classes(lines: &[Line], asked: &[Asked]) -> Vec<Class> {
        holds(lines, asked).found.iter().map(|found| found.class).collect()
    }

    #[test]
    fn what_agrees_by_receipt_and_sum_is_matched_and_leaves_the_other_lines() {
        let out = Line { out: Kes::major(850), back: Kes::ZERO, ..line("SJK1", 3, 0) };
        let float = Line { party: "Funds from the bank".to_owned(), ..line("SJK2", 4, 100_000) };
        let known = asked("a", Some("NLJ7"), Came::Paid);
        let came = holds(&[line("NLJ7", 2, 300), out.clone(), float.clone()], &[known]);
        assert_eq!(
            came.found.iter().map(|one| (one.class, one.there, one.here)).collect::<Vec<_>>(),
            [(Class::Matched, -30_000, -30_000)]
        );
        assert_eq!(came.others, [out, float]);
    }

    #[test]
    fn each_way_to_differ_has_a_name_of_its_own() {
        let paid = || line("NLJ7", 2, 300);
        let elsewhere = Line { party: "254799***999".to_owned(), ..paid() };
        let back = Line {
            kind: LineKind::Reversal,
            of: Some("NLJ7".to_owned()),
            out: Kes::major(300),
            back: Kes::ZERO,
            ..line("NLR9", 9, 0)
        };
        let fee = Line { kind: LineKind::Charge, out: Kes::major(3), back: Kes::ZERO, ..line("NLJ7", 2, 0) };
        for (lines, standing, class) in [
            (vec![line("NLJ7", 2, 301)], Came::Paid, Class::OtherSum),
            (vec![elsewhere], Came::Paid, Class::OtherParty),
            (vec![paid(), fee], Came::Paid, Class::OtherFee),
            (vec![paid(), back], Came::Paid, Class::Reversed),
            (vec![paid()], Came::Open, Class::PaidOpenHere),
            (vec![paid()], Came::Ended, Class::PaidNotHere),
            (vec![], Came::Paid, Class::LedgerOnly),
        ] {
            assert_eq!(classes(&lines, &[asked("a", Some("NLJ7"), standing)]), [class], "{standing:?}");
        }
        let seen = Asked { seen: true, ..asked("a", Some("NLJ7"), Came::Paid) };
        assert_eq!(classes(&[], &[seen, asked("b", None, Came::Open)]), []);
    }

    #[test]
    fn a_receipt_that_no_callback_brought_is_that_of_the_only_line_it_can_be() {
        let unnamed = || asked("a", None, Came::Paid);
        let came = holds(&[line("NLJ7", 2, 300)], &[unnamed()]);
        assert_eq!(came.named, [(PromptId::derived("a"), "NLJ7".to_owned())]);
        assert_eq!((came.found[0].class, came.others.len()), (Class::Matched, 0));
        for (lines, asked) in [
            (vec![line("NLJ7", 2, 300), line("NLJ8", 3, 300)], vec![unnamed()]),
            (vec![line("NLJ7", 2, 300)], vec![unnamed(), asked("b", None, Came::Open)]),
            (vec![line("NLJ7", 2, 300)], vec![asked("a", None, Came::Ended)]),
        ] {
            let came = holds(&lines, &asked);
            assert_eq!((came.found[0].class, came.named.len()), (Class::Proposed, 0), "{came:?}");
        }
        assert_eq!(classes(&[line("NLJ7", 2_000, 300)], &[unnamed()]), [Class::LedgerOnly], "another day's");
    }

    #[test]
    fn a_line_is_no_payment_of_a_prompt_that_was_asked_for_after_it() {
        let unnamed = || asked("a", None, Came::Paid);
        let later = || Asked { asked: at(12), ..asked("b", None, Came::Ended) };
        let came = holds(&[line("NLJ7", 2, 300)], &[unnamed(), later()]);
        assert_eq!(came.named, [(PromptId::derived("a"), "NLJ7".to_owned())], "{came:?}");
        // Of two that may be, the one that is booked waits for a receipt.
        let came = holds(&[line("NLJ7", 20, 300)], &[unnamed(), later()]);
        assert_eq!(
            (came.found[0].class, came.found[0].prompt),
            (Class::Proposed, Some(PromptId::derived("a")))
        );
    }

    #[test]
    fn a_statement_of_an_account_from_which_only_payouts_go_misses_no_prompt() {
        let out = Line { out: Kes::major(850), back: Kes::ZERO, ..line("SJK1", 3, 0) };
        assert_eq!(classes(&[out], &[asked("a", Some("NLJ7"), Came::Paid)]), []);
    }

    #[test]
    fn an_account_that_brought_a_prompts_money_and_paid_nobody_is_one_that_only_takes() {
        let known = || asked("a", Some("NLJ7"), Came::Paid);
        let fee = Line { kind: LineKind::Charge, out: Kes::major(3), back: Kes::ZERO, ..line("NLJ7", 2, 0) };
        let out = Line { out: Kes::major(850), back: Kes::ZERO, ..line("SJK1", 3, 0) };
        let undone = Line { done: false, ..out.clone() };
        for (lines, only_in) in [
            (vec![line("NLJ7", 2, 300), fee, undone], true),
            (vec![line("NLJ7", 2, 300), out], false),
            (vec![line("SJK2", 9, 100_000)], false),
            (vec![], false),
        ] {
            assert_eq!(holds(&lines, &[known()]).only_in, only_in, "{lines:?}");
        }
    }
}
