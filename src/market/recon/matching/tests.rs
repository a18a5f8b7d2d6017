//! What is found of a statement, and what holds of every statement.

use super::super::Difference;
use super::*;
use proptest::prelude::*;

const DAY: i64 = 86_400_000;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(20 * DAY + minutes * 60_000)
}

fn phone(end: u64) -> Msisdn {
    Msisdn::from_e164(&format!("254712000{end:03}")).expect("a number")
}

fn line(receipt: &str, minutes: i64, out: i64) -> Line {
    Line {
        receipt: receipt.to_owned(),
        of: None,
        at: at(minutes),
        kind: LineKind::Payment,
        done: true,
        out: Kes::major(out),
        back: Kes::ZERO,
        fee: Kes::ZERO,
        balance: None,
        request: None,
        party: "254712000001".to_owned(),
        row: u64::try_from(minutes).expect("after the beginning") + 2,
    }
}

fn charge(receipt: &str, minutes: i64, fee: i64) -> Line {
    Line { kind: LineKind::Charge, party: String::new(), ..line(receipt, minutes, fee) }
}

fn taken_back(receipt: &str, of: &str, minutes: i64, back: i64) -> Line {
    let line = line(receipt, minutes, 0);
    Line { kind: LineKind::Reversal, of: Some(of.to_owned()), back: Kes::major(back), ..line }
}

fn entry(name: &str, receipt: Option<&str>, amount: i64, standing: Standing) -> Entry {
    let (amount, fee) = (Kes::major(amount), Kes::major(5));
    let gone = if matches!(standing, Standing::Paid | Standing::Reversed) { amount.cents() + 500 } else { 0 };
    Entry {
        payout: PayoutId::derived(name),
        standing,
        receipt: receipt.map(str::to_owned),
        to: phone(1),
        amount,
        fee,
        gone,
        back: if standing == Standing::Reversed { amount.cents() } else { 0 },
        asked: at(1),
        since: at(2),
        seen: false,
    }
}

fn period() -> (Timestamp, Timestamp) {
    (at(0), at(1_440))
}

fn classes(lines: &[Line], entries: &[Entry]) -> Vec<Class> {
    compare(lines, entries, period(), true).into_iter().map(|found| found.class).collect()
}

#[test]
fn what_agrees_in_receipt_sum_party_and_fee_is_matched() {
    let lines = [line("SJK1", 2, 850), charge("SJK1", 2, 5)];
    let found = compare(&lines, &[entry("a", Some("SJK1"), 850, Standing::Paid)], period(), true);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].class, found[0].there, found[0].here), (Class::Matched, 85_500, 85_500));
}

#[test]
fn each_way_to_differ_has_a_name_of_its_own() {
    let paid = |amount| [line("SJK1", 2, amount), charge("SJK1", 2, 5)].to_vec();
    let back = [paid(850), vec![taken_back("SJK9", "SJK1", 9, 850)]].concat();
    let elsewhere: Vec<Line> =
        paid(850).into_iter().map(|line| Line { party: "254799999999".into(), ..line }).collect();
    let undone: Vec<Line> = paid(850).into_iter().map(|line| Line { done: false, ..line }).collect();
    let known = |standing| entry("a", Some("SJK1"), 850, standing);
    use Standing as S;
    for (lines, standing, class) in [
        (paid(800), S::Paid, Class::OtherSum),
        (elsewhere, S::Paid, Class::OtherParty),
        (vec![line("SJK1", 2, 850), charge("SJK1", 2, 9)], S::Paid, Class::OtherFee),
        (paid(850), S::Failed, Class::PaidNotHere),
        (paid(850), S::Reversed, Class::PaidNotHere),
        (paid(850), S::Open, Class::PaidOpenHere),
        (undone.clone(), S::Paid, Class::NotPaidThere),
        (undone, S::Failed, Class::Matched),
        (back.clone(), S::Paid, Class::Reversed),
        (back.clone(), S::Open, Class::Reversed),
        (back, S::Reversed, Class::Matched),
    ] {
        assert_eq!(classes(&lines, &[known(standing)]), [class], "{standing:?}");
    }
    assert_eq!(classes(&paid(850), &[]), [Class::StatementOnly]);
    assert_eq!(classes(&[], &[known(S::Paid)]), [Class::LedgerOnly]);
    assert_eq!(classes(&[], &[Entry { seen: true, ..known(S::Paid) }]), []);
    assert_eq!(classes(&[], &[known(S::Open), entry("b", None, 50, S::Failed)]), []);
}

#[test]
fn what_came_back_after_the_statement_ended_is_as_paid_as_it_says() {
    let late = Entry { since: at(2_000), ..entry("a", Some("SJK1"), 850, Standing::Reversed) };
    assert_eq!(classes(&[line("SJK1", 2, 850), charge("SJK1", 2, 5)], &[late]), [Class::Matched]);
}

#[test]
fn an_id_of_ours_joins_where_no_receipt_is_known_and_a_second_receipt_of_it_is_money_too_much() {
    let asked = Some(PayoutId::derived("a"));
    let lines =
        [Line { request: asked, ..line("SJK1", 2, 850) }, Line { request: asked, ..line("SJK2", 3, 850) }];
    let found = compare(&lines, &[entry("a", None, 850, Standing::Paid)], period(), false);
    let classes: Vec<Class> = found.iter().map(|found| found.class).collect();
    assert_eq!(classes, [Class::Matched, Class::PaidNotHere]);
    assert_eq!(found[1].payout, asked);
    assert!(found[1].says.contains("once more"), "{}", found[1].says);
}

#[test]
fn party_sum_and_time_alone_are_a_proposal_and_nothing_more() {
    let open = entry("a", None, 850, Standing::Open);
    assert_eq!(classes(&[line("SJK1", 5, 850)], std::slice::from_ref(&open)), [Class::Proposed]);
    let three_days = 3 * 1_440;
    assert_eq!(
        classes(&[line("SJK1", three_days, 850)], std::slice::from_ref(&open)),
        [Class::StatementOnly]
    );
    let hidden = Line { party: "2547*****001".into(), ..line("SJK1", 5, 850) };
    assert_eq!(classes(&[hidden], std::slice::from_ref(&open)), [Class::Proposed]);
    let nobodys = Line { party: String::new(), ..line("SJK1", 5, 850) };
    assert_eq!(classes(&[nobodys], &[open]), [Class::StatementOnly]);
}

#[test]
fn numbers_are_the_same_however_they_are_written() {
    for (written, same) in [
        ("254712000001", Some(true)),
        ("0712000001", Some(true)),
        ("+254 712 000 001", Some(true)),
        ("2547*****001", Some(true)),
        ("254712000002", Some(false)),
        ("2547*****002", Some(false)),
        ("", None),
        ("**", None),
    ] {
        assert_eq!(same_party(written, phone(1)), same, "{written}");
    }
    assert_eq!(hidden("254712000001"), "*********001");
}

#[test]
fn every_class_says_what_to_do_and_its_words_are_its_own() {
    let words: BTreeSet<&str> = Class::ALL.iter().map(|class| class.word()).collect();
    assert_eq!(words.len(), Class::ALL.len());
    assert!(Class::ALL.iter().all(|class| !class.advice().is_empty()));
    for class in Class::ALL {
        let written = serde_json::to_value(class).expect("a word");
        assert_eq!(written, class.word());
        // A difference is known by what it is about, so that another statement tells it no second time.
        let id = |row| Difference::id_of("daraja", class, "SJK1", None, row);
        assert_eq!(id(2), id(3));
    }
}

/// Receipts are few, so that lines meet.
fn any_line() -> impl Strategy<Value = Line> {
    let kinds = prop_oneof![Just(LineKind::Payment), Just(LineKind::Charge), Just(LineKind::Reversal)];
    let (small, receipt) = (0i64..4, 0u8..6);
    let more = (proptest::option::of(0u8..6), 1u64..4, proptest::bool::weighted(0.8));
    (receipt, kinds, small.clone(), small.clone(), small, proptest::option::of(0u8..6), more).prop_map(
        |(receipt, kind, out, back, fee, request, (of, party, done))| Line {
            of: of.map(|of| format!("R{of}")),
            kind,
            done,
            out: Kes::major(out * 50),
            back: Kes::major(back * 50),
            fee: Kes::major(fee),
            request: request.map(|nth| PayoutId::derived(&format!("p{nth}"))),
            party: phone(party).to_string(),
            ..line(&format!("R{receipt}"), 0, 0)
        },
    )
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let standings = prop_oneof![
        Just(Standing::Paid),
        Just(Standing::Reversed),
        Just(Standing::Failed),
        Just(Standing::Open)
    ];
    (0u8..6, proptest::option::of(0u8..6), 1i64..4, standings, any::<bool>()).prop_map(
        |(nth, receipt, amount, standing, seen)| {
            let receipt = receipt.map(|receipt| format!("R{receipt}"));
            let known = entry(&format!("p{nth}"), receipt.as_deref(), amount * 50, standing);
            Entry { seen, ..known }
        },
    )
}

proptest! {
    #[test]
    fn every_line_is_in_exactly_one_finding_sums_add_up_and_order_does_not_matter(
        lines in proptest::collection::vec(any_line(), 0..24),
        entries in proptest::collection::vec(any_entry(), 0..8),
        seed in any::<u64>(),
        fees in any::<bool>(),
    ) {
        let lines: Vec<Line> =
            lines.into_iter().zip(2u64..).map(|(line, row)| Line { row, at: at(row as i64), ..line }).collect();
        let found = compare(&lines, &entries, period(), fees);
        let mut rows: Vec<u64> = found.iter().flat_map(|found| found.rows.clone()).collect();
        rows.sort_unstable();
        prop_assert_eq!(&rows, &lines.iter().map(|line| line.row).collect::<Vec<_>>());

        let there: i64 = found.iter().map(|found| found.there).sum();
        prop_assert_eq!(there, lines.iter().map(Line::net).sum::<i64>());

        // No payout is counted twice on our side.
        let counted: Vec<_> =
            found.iter().filter(|found| found.here != 0).filter_map(|found| found.payout).collect();
        prop_assert_eq!(counted.iter().collect::<BTreeSet<_>>().len(), counted.len());

        let mut other = lines.clone();
        for at in (1..other.len()).rev() {
            other.swap(at, (seed.rotate_left(at as u32) % (at as u64 + 1)) as usize);
        }
        prop_assert_eq!(&found, &compare(&other, &entries, period(), fees));
    }

    #[test]
    fn a_statement_written_from_the_books_matches_in_every_line(amounts in proptest::collection::vec(1i64..9_000, 1..20)) {
        let entries: Vec<Entry> = amounts.iter().enumerate()
            .map(|(nth, amount)| entry(&format!("p{nth}"), Some(&format!("R{nth}")), *amount, Standing::Paid))
            .collect();
        let lines: Vec<Line> = amounts.iter().enumerate()
            .flat_map(|(nth, amount)| {
                let receipt = format!("R{nth}");
                [line(&receipt, nth as i64, *amount), charge(&receipt, nth as i64, 5)]
            })
            .collect();
        let found = compare(&lines, &entries, period(), true);
        prop_assert!(found.iter().all(|found| found.class == Class::Matched && found.there == found.here));
        prop_assert_eq!(found.len(), entries.len());
    }
}
