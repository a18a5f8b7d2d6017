//! Typed answers, read forgivingly: `850`, `1,250`, `KSh 850`, `850/=`, `31-12`, `0712 345 678`.
//!
//! Forgiving ends where two readings would differ: `8 50` and `1.250` are not read at all.

use crate::{
    gsm::fit,
    menu::{graph::Asked, value::Value},
    types::{Kes, Msisdn, SpokenCode, Timestamp, time::NAIROBI},
};
use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{tag, tag_no_case, take_while_m_n},
    character::complete::{char, digit1, one_of, space0},
    combinator::{all_consuming, opt, recognize, value, verify},
    multi::{fold_many0, many0, many1_count},
    sequence::{delimited, preceded, terminated},
};

/// The widest number that is read at all: the number of a parcel. Far above any sum or count here.
const MOST_DIGITS: usize = 15;
/// No sum has so many shillings: what has more digits is some other number.
const NO_SUM: i64 = 1_000_000_000;

/// What was typed as a value of the asked type, or `None` when it is not one. `bounds` are those
/// of a sum or a count, both allowed; `now` tells the year of a day.
pub fn read(asked: &Asked, bounds: (i64, i64), typed: &str, now: Timestamp) -> Option<Value> {
    let within = |n: &i64| (bounds.0..=bounds.1).contains(n);
    match asked {
        Asked::Kes(..) => shillings(typed).filter(within).map(|n| Value::Kes(Kes::major(n))),
        Asked::Int(..) => count(typed).filter(within).map(Value::Int),
        Asked::Text(most) => words_or_digits(typed, usize::from(*most)).map(Value::Text),
        Asked::Phone => Msisdn::parse_kenyan(typed).ok().map(Value::Phone),
        Asked::Date => day(typed, now).map(Value::Date),
        Asked::Code(kind) => SpokenCode::parse(*kind, typed.trim()).ok().map(Value::Code),
        Asked::Enum(_) | Asked::Record { .. } => None,
    }
}

/// Whole shillings: grouped or not, with or without a currency mark, cents only when they are zero.
pub fn shillings(typed: &str) -> Option<i64> {
    let zeros = (char('.'), take_while_m_n(1, 2, |c| c == '0'));
    let amount = terminated(number, opt(zeros));
    let mut line = all_consuming(delimited(
        (space0, opt((currency, opt(char('.'))))),
        preceded(space0, amount),
        (space0, many0((alt((tag("/="), tag("/-"), tag("="), recognize(currency))), space0))),
    ));
    line.parse(typed.trim()).ok().map(|(_, n)| n).filter(|sum| *sum < NO_SUM)
}

/// A whole number, grouped or not.
pub fn count(typed: &str) -> Option<i64> {
    all_consuming(number).parse(typed.trim()).ok().map(|(_, n)| n)
}

/// `KSh`, `Kshs`, `KES`, `Sh`, `Shs`, `bob`.
fn currency(input: &str) -> IResult<&str, ()> {
    let names = alt((
        tag_no_case("kshs"),
        tag_no_case("ksh"),
        tag_no_case("kes"),
        tag_no_case("shs"),
        tag_no_case("sh"),
        tag_no_case("bob"),
    ));
    value((), names).parse(input)
}

/// Digits in one run, or grouped by threes with commas or blanks: `20000`, `20,000`, `20 000`.
fn number(input: &str) -> IResult<&str, i64> {
    let three = || take_while_m_n(3, 3, |c: char| c.is_ascii_digit());
    let grouped =
        recognize((take_while_m_n(1, 3, |c: char| c.is_ascii_digit()), many1_count((one_of(", "), three()))));
    let (rest, digits) = verify(alt((grouped, digit1)), |d: &str| d.len() <= 2 * MOST_DIGITS).parse(input)?;
    let (_, n) = fold_many0(
        preceded(many0(one_of(", ")), one_of("0123456789")),
        || (0i64, 0usize),
        |(n, count), d| (n.saturating_mul(10).saturating_add(i64::from(d as u8 - b'0')), count + 1),
    )
    .parse(digits)?;
    match n {
        (n, count) if count <= MOST_DIGITS => Ok((rest, n)),
        _ => Err(nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::TooLarge))),
    }
}

/// `31/12`, `31-12`, `31.12`, `31 12`, with or without a year; without one, the next such day.
pub fn day(typed: &str, now: Timestamp) -> Option<Timestamp> {
    fn short(input: &str) -> IResult<&str, u32> {
        let two = take_while_m_n(1, 2, |c: char| c.is_ascii_digit());
        nom::combinator::map_res(two, str::parse).parse(input)
    }
    fn year(input: &str) -> IResult<&str, i64> {
        let four = nom::combinator::map_res(take_while_m_n(4, 4, |c: char| c.is_ascii_digit()), str::parse);
        let two = nom::combinator::map(short, |y| 2000 + i64::from(y));
        alt((four, two)).parse(input)
    }
    let sign = || one_of("/-. ");
    let mut date = all_consuming((short, preceded(sign(), short), opt(preceded(sign(), year))));
    let (_, (day, month, year)) = date.parse(typed.trim()).ok()?;
    let (this_year, this_month, today) = now.civil(NAIROBI);
    let next = this_year + i64::from((month, day) < (this_month, today));
    Timestamp::of_day(year.unwrap_or(next), month, day, NAIROBI)
}

/// Letters of the longest name that is asked for.
const LONGEST_NAME: usize = 20;
/// Digits alone that are more than a key pressed by mistake.
const LEAST_DIGITS: usize = 4;

/// Words; where more is asked for than a name, also a long number, such as a carrier's: digits alone,
/// as they were typed, with their noughts in front.
pub fn words_or_digits(typed: &str, most: usize) -> Option<String> {
    let digits = || {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let fits = (LEAST_DIGITS..=most).contains(&digits.len()) && most > LONGEST_NAME;
        (fits && digits.bytes().all(|octet| octet.is_ascii_digit())).then_some(digits)
    };
    words(typed, most).or_else(digits)
}

/// Words that fit so many septets: blanks folded, typographic quotes made plain. At least one
/// letter must be there, so that a key pressed by mistake is no name.
pub fn words(typed: &str, most: usize) -> Option<String> {
    let plain: String = typed
        .chars()
        .map(|c| match c {
            '\u{2018}' | '\u{2019}' | '`' | '\u{b4}' => '\'',
            '\u{201c}' | '\u{201d}' => '"',
            '\u{2010}'..='\u{2014}' => '-',
            c if c.is_whitespace() || c.is_control() => ' ',
            c => c,
        })
        .collect();
    let folded = plain.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    let fits = fit::septets(&folded).is_some_and(|n| n <= most);
    (fits && folded.chars().any(char::is_alphabetic)).then_some(folded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_price_is_read_however_people_write_it() {
        for typed in [
            "850",
            " 850 ",
            "KSh 850",
            "ksh850",
            "KES 850",
            "850/=",
            "850 /=",
            "850/-",
            "Sh. 850",
            "850 bob",
            "850.00",
            "Kshs.850/=",
        ] {
            assert_eq!(shillings(typed), Some(850), "{typed}");
        }
        for typed in ["1250", "1,250", "1 250", "KSh 1,250.00"] {
            assert_eq!(shillings(typed), Some(1250), "{typed}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_read() {
        for typed in ["8 50", "1.250", "1,25", "850.50", "-850", "8,50", "850 3", "", "abc", "12345678901234"]
        {
            assert_eq!(shillings(typed), None, "{typed}");
        }
    }

    #[test]
    fn a_day_without_a_year_is_the_next_one() {
        let now = Timestamp::of_day(2026, 11, 22, NAIROBI).expect("a day");
        let on = |y, m, d| Timestamp::of_day(y, m, d, NAIROBI);
        assert_eq!(day("31/12", now), on(2026, 12, 31));
        assert_eq!(day("22-11", now), on(2026, 11, 22));
        assert_eq!(day("1.2", now), on(2027, 2, 1));
        assert_eq!(day("1/2/28", now), on(2028, 2, 1));
        assert_eq!(day("31/2", now), None);
        assert_eq!(day("12", now), None);
    }

    #[test]
    fn a_name_is_folded_and_must_hold_a_letter_and_fit() {
        assert_eq!(words("  Wanjiku \t Ng\u{2019}ang\u{2019}a ", 20).as_deref(), Some("Wanjiku Ng'ang'a"));
        assert_eq!(words("1", 20), None);
        assert_eq!(words("Achieng Otieno", 10), None);
    }

    #[test]
    fn a_long_number_is_kept_digit_by_digit_where_no_name_is_asked() {
        let number = "00340434161094042557";
        assert_eq!(words_or_digits(number, 30).as_deref(), Some(number));
        assert_eq!(words_or_digits("0034 0434-1610", 30).as_deref(), Some("003404341610"));
        assert_eq!(words_or_digits("RR 123 456 KE", 30).as_deref(), Some("RR 123 456 KE"));
        assert_eq!(words_or_digits("5093", 20), None, "a PIN is no name");
        for typed in ["1", "123", "12+34", "", "0034043416109404255700340434161"] {
            assert_eq!(words_or_digits(typed, 30), None, "{typed}");
        }
    }

    #[test]
    fn a_phone_and_a_spoken_number_are_checked() {
        let bounds = (0, 0);
        let now = Timestamp::default();
        assert!(read(&Asked::Phone, bounds, "0712 345 678", now).is_some());
        assert!(read(&Asked::Phone, bounds, "0712 345 67", now).is_none());
        let code = SpokenCode::nth(crate::types::CodeKind::Order, 7);
        let asked = Asked::Code(crate::types::CodeKind::Order);
        assert_eq!(read(&asked, bounds, &code.to_string(), now), Some(Value::Code(code)));
        assert_eq!(read(&asked, bounds, "123456", now).is_some(), "123456" == code.to_string());
    }

    proptest! {
        #[test]
        fn anything_typed_is_read_or_refused_without_harm(typed in "\\PC{0,40}") {
            let now = Timestamp::default();
            if let Some(n) = shillings(&typed) {
                prop_assert!((0..1_000_000_000).contains(&n));
            }
            let _ = (count(&typed), day(&typed, now), words(&typed, 20));
        }

        #[test]
        fn every_whole_sum_is_read_as_it_is_shown(n in 0i64..1_000_000_000) {
            prop_assert_eq!(shillings(&Kes::major(n).to_string()), Some(n));
        }
    }
}
