//! How much goes wrong, and how often it did.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// How much goes wrong in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    None,
    /// As in a bad month.
    Some,
    /// More than any operator would own up to.
    Many,
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::None),
            "some" => Ok(Self::Some),
            "many" => Ok(Self::Many),
            other => Err(format!("{other:?} is none of: none, some, many")),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Some => "some",
            Self::Many => "many",
        })
    }
}

/// How often each thing goes wrong, in a thousand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rates {
    /// An SMS to us comes twice.
    pub sms_twice: u32,
    /// An SMS to us takes hours, so that later ones pass it.
    pub sms_late: u32,
    /// An SMS from us is taken and never arrives.
    pub text_lost: u32,
    /// An SMS from us arrives twice.
    pub text_twice: u32,
    /// The gateway does not take an SMS at once.
    pub text_again: u32,
    /// The gateway takes an SMS never.
    pub text_never: u32,
    /// A receipt is lost.
    pub receipt_lost: u32,
    /// A receipt comes before its message's name, or days later.
    pub receipt_odd: u32,
    /// A USSD step comes twice.
    pub key_twice: u32,
    /// A screen does not reach the phone.
    pub screen_lost: u32,
    /// A call is cut after a screen.
    pub call_cut: u32,
    /// The money provider says nothing that helps, whatever it did.
    pub pay_silent: u32,
    /// The money provider refuses.
    pub pay_fails: u32,
    /// A paid sum comes back days later.
    pub pay_reversed: u32,
    /// The money provider says failed, and pays after all.
    pub pay_contradicts: u32,
    /// A result of the money provider comes more than once, or never.
    pub result_odd: u32,
    /// A webhook of the card processor comes several times.
    pub hook_twice: u32,
    /// A webhook of the card processor comes hours late.
    pub hook_late: u32,
    /// The card processor does not answer a request, done or not.
    pub card_silent: u32,
    /// A commit is the last one of its process, so often in a hundred thousand.
    pub crash_in_hundred_thousand: u32,
    /// The money provider goes down for hours, on so many days of a thousand.
    pub provider_down: u32,
}

impl Level {
    /// How often each thing goes wrong at this level.
    pub fn rates(self) -> Rates {
        let some = Rates {
            sms_twice: 15,
            sms_late: 10,
            text_lost: 15,
            text_twice: 10,
            text_again: 15,
            text_never: 1,
            receipt_lost: 100,
            receipt_odd: 20,
            key_twice: 20,
            screen_lost: 10,
            call_cut: 10,
            pay_silent: 25,
            pay_fails: 30,
            pay_reversed: 5,
            pay_contradicts: 2,
            result_odd: 60,
            hook_twice: 80,
            hook_late: 30,
            card_silent: 20,
            crash_in_hundred_thousand: 20,
            provider_down: 60,
        };
        match self {
            Self::Some => some,
            Self::Many => Rates {
                sms_twice: 60,
                sms_late: 40,
                text_lost: 60,
                text_twice: 50,
                text_again: 60,
                text_never: 5,
                receipt_lost: 300,
                receipt_odd: 100,
                key_twice: 80,
                screen_lost: 50,
                call_cut: 50,
                pay_silent: 100,
                pay_fails: 80,
                pay_reversed: 25,
                pay_contradicts: 15,
                result_odd: 200,
                hook_twice: 250,
                hook_late: 100,
                card_silent: 80,
                crash_in_hundred_thousand: 120,
                provider_down: 250,
            },
            Self::None => Rates::default(),
        }
    }
}

/// How often what was done, by name, in the order of the names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    /// Once more.
    pub fn add(&mut self, what: &'static str) {
        self.add_many(what, 1);
    }

    /// So often more.
    pub fn add_many(&mut self, what: &'static str, times: u64) {
        *self.0.entry(what).or_default() += times;
    }

    /// How often so far.
    pub fn get(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or(0)
    }

    /// Everything counted.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(what, times)| (*what, *times))
    }

    /// Takes over what another one counted.
    pub fn take_over(&mut self, other: Self) {
        for (what, times) in other.0 {
            self.add_many(what, times);
        }
    }
}
