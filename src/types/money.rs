//! Sums of money: whole minor units, the currency in the type, every operation checked.

use serde::{Deserialize, Serialize};
use std::{fmt, marker::PhantomData};

/// A currency, as a type.
pub trait Currency: Copy + Ord + fmt::Debug + Send + Sync + 'static {
    /// ISO 4217 letters.
    const CODE: &'static str;
    /// Minor units in one major unit.
    const MINOR: i64;
}

/// The Kenyan shilling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KesTag;
/// The United States dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsdTag;

impl Currency for KesTag {
    const CODE: &'static str = "KES";
    const MINOR: i64 = 100;
}
impl Currency for UsdTag {
    const CODE: &'static str = "USD";
    const MINOR: i64 = 100;
}

/// Kenyan cents: what the ledger counts in.
pub type Kes = Money<KesTag>;
/// United States cents: what a shopper pays in.
pub type Usd = Money<UsdTag>;

/// A sum in whole minor units (cents) of one currency.
#[derive(Serialize, Deserialize)]
#[serde(transparent, bound = "")]
pub struct Money<C: Currency> {
    minor: i64,
    #[serde(skip)]
    currency: PhantomData<C>,
}

impl<C: Currency> Money<C> {
    /// Nothing.
    pub const ZERO: Self = Self::minor(0);

    /// So many cents.
    pub const fn minor(minor: i64) -> Self {
        Self { minor, currency: PhantomData }
    }

    /// So many whole units (shillings, dollars). Panics past 92 thousand million million.
    pub const fn major(units: i64) -> Self {
        Self::minor(units * C::MINOR)
    }

    /// The sum in cents.
    pub const fn cents(self) -> i64 {
        self.minor
    }

    /// The whole units in it, the rest dropped.
    pub const fn whole(self) -> i64 {
        self.minor / C::MINOR
    }

    /// True when no cents stand behind the whole units.
    pub const fn is_whole(self) -> bool {
        self.minor % C::MINOR == 0
    }

    /// The sum, or `None` past the range of cents.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.minor.checked_add(other.minor).map(Self::minor)
    }

    /// The difference, or `None` past the range of cents.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.minor.checked_sub(other.minor).map(Self::minor)
    }

    /// So many times the sum, or `None` past the range of cents.
    pub fn checked_mul(self, times: i64) -> Option<Self> {
        self.minor.checked_mul(times).map(Self::minor)
    }

    /// `basis_points` ten-thousandths of the sum, rounded down to a cent.
    pub fn share(self, basis_points: u32) -> Self {
        let product = i128::from(self.minor) * i128::from(basis_points);
        Self::minor(product.div_euclid(10_000) as i64)
    }
}

impl<C: Currency> Money<C> {
    /// A sum as people write it: `1250`, `1,250.5`, `1250.50`; commas stand between thousands and
    /// nowhere else, since many a country writes its cents behind one.
    pub fn read(text: &str) -> Option<Self> {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
        let (whole, part) = text.split_once('.').unwrap_or((text, "00"));
        let mut groups = whole.split(',');
        let first = groups.next().filter(|first| digits(first))?;
        let grouped = whole.contains(',');
        let fits = groups.all(|group| group.len() == 3 && digits(group)) && (!grouped || first.len() <= 3);
        if !fits || !digits(part) || part.len() > 2 {
            return None;
        }
        let cents: i64 = format!("{part:0<2}").parse().ok()?;
        let whole: i64 = whole.replace(',', "").parse().ok()?;
        Some(Self::minor(whole.checked_mul(C::MINOR)?.checked_add(cents)?))
    }
}

impl<C: Currency> Clone for Money<C> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<C: Currency> Copy for Money<C> {}
impl<C: Currency> PartialEq for Money<C> {
    fn eq(&self, other: &Self) -> bool {
        self.minor == other.minor
    }
}
impl<C: Currency> Eq for Money<C> {}
impl<C: Currency> PartialOrd for Money<C> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<C: Currency> Ord for Money<C> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.minor.cmp(&other.minor)
    }
}
impl<C: Currency> std::hash::Hash for Money<C> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.minor.hash(state);
    }
}
impl<C: Currency> Default for Money<C> {
    fn default() -> Self {
        Self::ZERO
    }
}
impl<C: Currency> std::ops::Neg for Money<C> {
    type Output = Self;

    fn neg(self) -> Self {
        Self::minor(-self.minor)
    }
}

/// Digits grouped by threes; cents only when there are any: `1,250`, `1,250.50`.
impl<C: Currency> fmt::Display for Money<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, cents) =
            (self.minor.unsigned_abs() / C::MINOR as u64, self.minor.unsigned_abs() % C::MINOR as u64);
        let digits = units.to_string();
        let mut text = String::with_capacity(digits.len() + 6);
        if self.minor < 0 {
            text.push('-');
        }
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at) % 3 == 0 {
                text.push(',');
            }
            text.push(digit);
        }
        if cents > 0 {
            text.push_str(&format!(".{cents:02}"));
        }
        f.pad(&text)
    }
}

impl<C: Currency> fmt::Debug for Money<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {self}", C::CODE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_grouped_and_cents_are_shown_only_when_there_are_any() {
        assert_eq!(Kes::major(9_999_999).to_string(), "9,999,999");
        assert_eq!(Kes::minor(123_405).to_string(), "1,234.05");
        assert_eq!(Kes::minor(-50).to_string(), "-0.50");
        assert_eq!(Usd::ZERO.to_string(), "0");
    }

    #[test]
    fn a_share_is_rounded_down_to_a_cent() {
        assert_eq!(Kes::minor(1_999).share(500), Kes::minor(99));
        assert_eq!(Kes::minor(i64::MAX).share(10_000), Kes::minor(i64::MAX));
    }
}
