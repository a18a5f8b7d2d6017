//! Misbehaviour as data: set while the operator runs, in force for the next PDU.

use std::time::Duration;
use tokio::time::Instant;

/// How many more times, or for how long, something goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spell {
    /// Not at all.
    #[default]
    Never,
    /// For so many PDUs.
    Times(u32),
    /// Until this moment.
    Until(Instant),
    /// Until it is taken back.
    Always,
}

impl Spell {
    /// Whether it strikes now; counts down.
    pub fn strikes(&mut self, now: Instant) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::Until(end) => now < *end,
            Self::Times(left) => {
                let strikes = *left > 0;
                *left = left.saturating_sub(1);
                if *left == 0 {
                    *self = Self::Never;
                }
                strikes
            }
        }
    }
}

/// What goes wrong at the operator. The default is a good day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults {
    /// `submit_sm` answered ESME_RTHROTTLED (0x58).
    pub throttled: Spell,
    /// `submit_sm` answered ESME_RMSGQFUL (0x14).
    pub queue_full: Spell,
    /// `submit_sm` taken and acted on, its response never sent.
    pub swallow_submit_resp: Spell,
    /// Each `deliver_sm` sent twice.
    pub repeat_deliver: bool,
    /// Every PDU held back this long on its way out, in order.
    pub delay: Duration,
    /// Binds answered ESME_RINVPASWD (0x0E) whatever the password.
    pub wrong_password: Spell,
    /// Binds answered ESME_RALYBND (0x05).
    pub already_bound: Spell,
    /// Delivery receipts never sent.
    pub no_receipts: bool,
    /// A dialog that ends at the phone or by a timer is not told to the application.
    pub silent_abort: bool,
    /// Screens taken and never shown.
    pub lose_screens: Spell,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spell_strikes_as_often_as_it_says() {
        let now = Instant::now();
        let mut spell = Spell::Times(2);
        assert_eq!([spell.strikes(now), spell.strikes(now), spell.strikes(now)], [true, true, false]);
        assert_eq!(spell, Spell::Never);
        assert!(!Spell::Times(0).strikes(now));
        let mut spell = Spell::Always;
        assert!(spell.strikes(now) && spell.strikes(now));
        let mut spell = Spell::Until(now + Duration::from_secs(1));
        assert!(spell.strikes(now) && !spell.strikes(now + Duration::from_secs(1)));
    }
}
