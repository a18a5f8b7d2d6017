//! The chart of accounts.

use crate::types::{CodeKind, PartyId, SpokenCode};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Where an account stands in the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// What we own: grows by debits.
    Asset,
    /// What we owe: grows by credits.
    Liability,
    /// What we earned: grows by credits.
    Income,
    /// What it cost: grows by debits.
    Expense,
    /// Opening money: grows by credits.
    Equity,
}

impl Side {
    /// The stable word: `asset`, `liability`, `income`, `expense`, `equity`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Asset => "asset",
            Self::Liability => "liability",
            Self::Income => "income",
            Self::Expense => "expense",
            Self::Equity => "equity",
        }
    }

    /// True when a credit makes the balance grow.
    pub const fn grows_by_credit(self) -> bool {
        matches!(self, Self::Liability | Self::Income | Self::Equity)
    }
}

/// An account that belongs to a person and can be paid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purse {
    /// What an artisan earned.
    Artisan(PartyId),
    /// What a mentor's share brought.
    Mentor(PartyId),
    /// An agent's fees, and cash the agent paid for us.
    Agent(PartyId),
    /// A rider's fees.
    Rider(PartyId),
}

impl Purse {
    /// The account in the chart.
    pub const fn account(self) -> Account {
        match self {
            Self::Artisan(id) => Account::Artisan(id),
            Self::Mentor(id) => Account::Mentor(id),
            Self::Agent(id) => Account::Agent(id),
            Self::Rider(id) => Account::Rider(id),
        }
    }

    /// Whose it is.
    pub const fn owner(self) -> PartyId {
        match self {
            Self::Artisan(id) | Self::Mentor(id) | Self::Agent(id) | Self::Rider(id) => id,
        }
    }
}

/// One account. Its code, such as `artisan:<id>` or `exp:mm`, is promised: exports, statements and
/// stored transfers use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Account {
    /// Money the card processor holds for us.
    Psp,
    /// What shoppers' banks took back while they ask about a payment, and may give back.
    Disputed,
    /// Our bank account.
    Bank,
    /// Our float at the mobile-money provider, out of which payouts go.
    MmFloat,
    /// What people paid us by mobile money, until it is brought to the bank.
    MmIn,
    /// Principal an artisan still owes.
    Loan(PartyId),
    /// An artisan's money, ready.
    Artisan(PartyId),
    /// Somebody's money handed to the provider or to a cash number, outcome not yet known.
    Moving(PartyId),
    /// A mentor's money, ready.
    Mentor(PartyId),
    /// An agent's money, ready.
    Agent(PartyId),
    /// A rider's money, ready.
    Rider(PartyId),
    /// A shopper's money for goods that have not passed the check yet, by order.
    Deposit(SpokenCode),
    /// Money on a card payment that belongs to no order, until it is given back.
    Suspense,
    /// Owed to carriers.
    ShippingPayable,
    /// Owed to the tax authority.
    TaxPayable,
    /// Lenders' money that is out on loan.
    KivaPrincipal,
    /// Repayments collected, to be sent back to lenders.
    KivaDue,
    /// Sales less the artisans' prices and the mentors' shares.
    Margin,
    /// Agents' fees.
    ExpAgent,
    /// Riders' fees.
    ExpRider,
    /// The card processor's fees.
    ExpPsp,
    /// The mobile-money provider's fees.
    ExpMm,
    /// What operators charge for messages.
    ExpSms,
    /// Refunds after release, and losses we bear so that no artisan has to.
    ExpReturns,
    /// Opening money.
    Equity,
}

/// Accounts that exist once.
const HOUSE: [(Account, &str); 18] = [
    (Account::Psp, "psp"),
    (Account::Disputed, "disputed"),
    (Account::Bank, "bank"),
    (Account::MmFloat, "mm_float"),
    (Account::MmIn, "mm_in"),
    (Account::Suspense, "suspense"),
    (Account::ShippingPayable, "shipping_payable"),
    (Account::TaxPayable, "tax_payable"),
    (Account::KivaPrincipal, "kiva:principal"),
    (Account::KivaDue, "kiva:due"),
    (Account::Margin, "margin"),
    (Account::ExpAgent, "exp:agent"),
    (Account::ExpRider, "exp:rider"),
    (Account::ExpPsp, "exp:psp"),
    (Account::ExpMm, "exp:mm"),
    (Account::ExpSms, "exp:sms"),
    (Account::ExpReturns, "exp:returns"),
    (Account::Equity, "equity"),
];

impl Account {
    /// The accounts that exist once.
    pub const HOUSE: [Self; 18] = {
        let mut accounts = [Self::Psp; 18];
        let mut at = 0;
        while at < accounts.len() {
            accounts[at] = HOUSE[at].0;
            at += 1;
        }
        accounts
    };

    /// Where it stands in the chart.
    pub const fn side(self) -> Side {
        match self {
            Self::Psp | Self::Disputed | Self::Bank | Self::MmFloat | Self::MmIn | Self::Loan(_) => {
                Side::Asset
            }
            Self::Artisan(_)
            | Self::Moving(_)
            | Self::Mentor(_)
            | Self::Agent(_)
            | Self::Rider(_)
            | Self::Deposit(_)
            | Self::Suspense
            | Self::ShippingPayable
            | Self::TaxPayable
            | Self::KivaPrincipal
            | Self::KivaDue => Side::Liability,
            Self::Margin => Side::Income,
            Self::ExpAgent
            | Self::ExpRider
            | Self::ExpPsp
            | Self::ExpMm
            | Self::ExpSms
            | Self::ExpReturns => Side::Expense,
            Self::Equity => Side::Equity,
        }
    }

    /// Whose it is, for an account of a person.
    pub const fn owner(self) -> Option<PartyId> {
        match self {
            Self::Loan(id)
            | Self::Artisan(id)
            | Self::Moving(id)
            | Self::Mentor(id)
            | Self::Agent(id)
            | Self::Rider(id) => Some(id),
            _ => None,
        }
    }

    /// The least its credit-positive sum may be, in cents: zero for other people's money, which we
    /// can never have less than none of; `None` for our own.
    pub const fn floor(self) -> Option<i64> {
        match self {
            Self::Artisan(_)
            | Self::Moving(_)
            | Self::Mentor(_)
            | Self::Agent(_)
            | Self::Rider(_)
            | Self::Deposit(_)
            | Self::Suspense
            | Self::ShippingPayable => Some(0),
            _ => None,
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loan(id) => write!(f, "loan:{id}"),
            Self::Artisan(id) => write!(f, "artisan:{id}"),
            Self::Moving(id) => write!(f, "moving:{id}"),
            Self::Mentor(id) => write!(f, "mentor:{id}"),
            Self::Agent(id) => write!(f, "agent:{id}"),
            Self::Rider(id) => write!(f, "rider:{id}"),
            Self::Deposit(order) => write!(f, "deposit:{order}"),
            house => {
                let code = HOUSE.iter().find(|(account, _)| account == house).map(|(_, code)| *code);
                f.write_str(code.unwrap_or_default())
            }
        }
    }
}

/// A text that names no account of the chart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no account; one is written like margin, exp:mm, deposit:<order> or artisan:<id>")]
pub struct NoSuchAccount(pub String);

impl FromStr for Account {
    type Err = NoSuchAccount;

    /// Reads a code exactly as [`Account`] writes it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || NoSuchAccount(text.to_owned());
        if let Some((account, _)) = HOUSE.iter().find(|(_, code)| *code == text) {
            return Ok(*account);
        }
        let (family, whose) = text.split_once(':').ok_or_else(unknown)?;
        let party = || whose.parse::<PartyId>().map_err(|_| unknown());
        let account = match family {
            "loan" => Self::Loan(party()?),
            "artisan" => Self::Artisan(party()?),
            "moving" => Self::Moving(party()?),
            "mentor" => Self::Mentor(party()?),
            "agent" => Self::Agent(party()?),
            "rider" => Self::Rider(party()?),
            "deposit" => Self::Deposit(SpokenCode::parse(CodeKind::Order, whose).map_err(|_| unknown())?),
            _ => return Err(unknown()),
        };
        if account.to_string() == text { Ok(account) } else { Err(unknown()) }
    }
}

impl From<Account> for String {
    fn from(account: Account) -> Self {
        account.to_string()
    }
}

impl TryFrom<String> for Account {
    type Error = NoSuchAccount;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_of_each() -> Vec<Account> {
        let id = PartyId::derived("wanjiku");
        let order = SpokenCode::nth(CodeKind::Order, 4);
        let mut all: Vec<Account> = HOUSE.iter().map(|(account, _)| *account).collect();
        all.extend([
            Account::Loan(id),
            Account::Artisan(id),
            Account::Moving(id),
            Account::Mentor(id),
            Account::Agent(id),
            Account::Rider(id),
            Account::Deposit(order),
        ]);
        all
    }

    #[test]
    fn every_account_is_read_back_from_its_code() {
        for account in one_of_each() {
            assert_eq!(account.to_string().parse(), Ok(account));
            let json = serde_json::to_string(&account).expect("serialises");
            assert_eq!(json, format!("\"{account}\""));
            assert_eq!(serde_json::from_str::<Account>(&json).expect("reads"), account);
        }
    }

    #[test]
    fn codes_are_read_exactly_as_they_are_written() {
        let dashed = "artisan:00000000-0000-0000-0000-000000000000";
        for text in ["", "margin ", "MARGIN", "artisan", "artisan:", "artisan:7", dashed, "deposit:100001"] {
            assert!(text.parse::<Account>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_other_peoples_money_has_a_floor() {
        for account in one_of_each() {
            if account.floor().is_some() {
                assert_eq!(account.side(), Side::Liability, "{account}");
            }
        }
        assert_eq!(Account::Artisan(PartyId::derived("wanjiku")).floor(), Some(0));
        assert_eq!(Account::Margin.floor(), None);
    }
}
