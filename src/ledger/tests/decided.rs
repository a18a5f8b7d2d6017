//! What two people of the desk decide, whatever it is.

use super::*;
use crate::types::ApprovalId;
use std::collections::{BTreeMap, BTreeSet};

/// What two people may decide: lines over everybody's accounts, and those that go with them.
fn decided() -> impl Strategy<Value = Fact> {
    let accounts = vec![
        Account::Bank,
        Account::MmFloat,
        Account::Margin,
        Account::ExpReturns,
        Account::Artisan(party("wanjiku")),
        Account::Agent(party("kamau")),
    ];
    let line = (prop::sample::select(accounts), -50_000i64..50_000)
        .prop_map(|(account, cents)| Line { account, credit: Kes::minor(cents) });
    let balance = |mut lines: Vec<Line>, odd: bool| {
        let rest: i64 = lines.iter().map(|line| line.credit.cents()).sum();
        lines.push(Line { account: Account::Equity, credit: Kes::minor(i64::from(odd) - rest) });
        lines
    };
    let (which, sum) = (0u8..6, (0i64..50_000).prop_map(Kes::minor));
    (which, sum, prop::collection::vec(line, 0..5), 0u8..4, prop::bool::weighted(0.1)).prop_map(
        move |(which, amount, lines, what, odd)| {
            let (approval, who) = (ApprovalId::derived(&which.to_string()), party("wanjiku"));
            match what {
                0 => Fact::MadeGood { approval, to: Purse::Artisan(who), amount },
                1 => Fact::LoanLost { approval, artisan: who, amount },
                _ => Fact::ByHand { approval, lines: balance(lines, odd) },
            }
        },
    )
}

proptest! {
    #[test]
    fn what_two_people_decide_balances_breaks_no_floor_and_is_written_once(
        facts in prop::collection::vec(decided(), 1..40),
    ) {
        let mut books = Books::default();
        let mut model: BTreeMap<Account, i64> = BTreeMap::new();
        let mut done = BTreeSet::new();
        for fact in facts {
            let (Fact::MadeGood { approval, .. } | Fact::LoanLost { approval, .. } | Fact::ByHand { approval, .. }) =
                &fact
            else {
                unreachable!("nothing else is decided")
            };
            let transfer = post(&fact, at(1));
            if let Fact::ByHand { lines, .. } = &fact {
                let odd = lines.iter().map(|line| line.credit.cents()).sum::<i64>() != 0;
                prop_assert_eq!(odd, matches!(transfer, Err(Refused::Unbalanced { .. })), "{:?}", fact);
            }
            let Ok(transfer) = transfer else { continue };
            let mut next = model.clone();
            for line in &transfer.lines {
                *next.entry(line.account).or_default() += line.credit.cents();
            }
            let fits = next.iter().all(|(account, sum)| account.floor().is_none_or(|floor| *sum >= floor));
            let new = !done.contains(approval);
            prop_assert_eq!(books.apply(transfer).is_ok(), new && fits, "{:?}", fact);
            if new && fits {
                model = next;
                done.insert(*approval);
            }
            prop_assert_eq!(books.residue(), 0);
            for (account, sum) in &model {
                prop_assert_eq!(books.balance(*account).cents().abs(), sum.abs(), "{}", account);
            }
        }
    }
}
