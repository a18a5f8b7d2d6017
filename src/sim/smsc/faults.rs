//! Misbehaviour as data: set while the operator runs, in force for the next PDU.

use crate::smpp::status;
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
    /// Now and then, by dice that fall alike for the same seed; see [`Spell::chance`].
    Chance {
        /// How often of a thousand times.
        per_mille: u16,
        /// Where the dice stand.
        dice: u64,
    },
}

impl Spell {
    /// So many times of a thousand; the same seed strikes the same PDUs.
    pub const fn chance(per_mille: u16, seed: u64) -> Self {
        // Neighbouring seeds must not fall alike, and zero would never move.
        Self::Chance { per_mille, dice: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1 }
    }

    /// Whether it strikes now; counts down.
    pub fn strikes(&mut self, now: Instant) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::Until(end) => now < *end,
            Self::Chance { per_mille, dice } => {
                // xorshift64*, Marsaglia 2003: enough for mischief.
                *dice ^= *dice >> 12;
                *dice ^= *dice << 25;
                *dice ^= *dice >> 27;
                (dice.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % 1000 < u64::from(*per_mille)
            }
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

/// What a phone's network answers to a push that cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unshown {
    /// A command_status in the answer.
    Refused(u32),
    /// Taken, and then an abort.
    Aborted,
    /// Taken, and nothing more.
    Silence,
}

/// What goes wrong at the operator. The default is a good day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// `submit_sm` answered ESME_RTHROTTLED (0x58).
    pub throttled: Spell,
    /// `submit_sm` answered ESME_RMSGQFUL (0x14).
    pub queue_full: Spell,
    /// `submit_sm` answered [`Faults::refuse_with`], the header alone.
    pub refuse: Spell,
    /// A vendor's status, 0x400 to 0x4FF, or any other.
    pub refuse_with: u32,
    /// `submit_sm` never seen: neither acted on nor answered.
    pub drop_submit: Spell,
    /// `submit_sm` taken and acted on, its response never sent.
    pub swallow_submit_resp: Spell,
    /// Responses to `submit_sm` held for [`Faults::hold_for`] while later ones overtake them.
    pub hold_submit_resp: Spell,
    /// A moment, for responses out of order; longer than the peer's timer, for late ones.
    pub hold_for: Duration,
    /// Responses to `submit_sm` sent twice.
    pub repeat_submit_resp: Spell,
    /// Each `deliver_sm` sent twice.
    pub repeat_deliver: bool,
    /// Now and then a `deliver_sm` sent twice.
    pub duplicate_deliver: Spell,
    /// A `deliver_sm` lost on its way; it goes again when its timer runs out.
    pub drop_deliver: Spell,
    /// SMS and receipts that let the next one pass.
    pub reorder_deliver: Spell,
    /// A PDU nobody can read, before a `deliver_sm`. The connection should live on.
    pub malformed: Spell,
    /// Every PDU held back this long on its way out, in order.
    pub delay: Duration,
    /// Octets written at once, a PDU over many TCP segments; 0 writes whole batches.
    pub octets_at_once: usize,
    /// The connection cut as soon as a step of a dialog was taken: its screen finds nobody.
    pub cut_after_step: Spell,
    /// The phone hangs up while its screen is under way.
    pub abort_in_flight: Spell,
    /// The first step of a dialog sent twice.
    pub begin_twice: Spell,
    /// An answer to a screen that was the last one.
    pub reply_after_end: Spell,
    /// Binds answered ESME_RINVPASWD (0x0E) whatever the password.
    pub wrong_password: Spell,
    /// Binds answered ESME_RALYBND (0x05).
    pub already_bound: Spell,
    /// Delivery receipts never sent.
    pub no_receipts: bool,
    /// Delivery receipts sent before the response that names their message.
    pub receipt_first: bool,
    /// A receipt for a message nobody sent, before a real one.
    pub stray_receipt: Spell,
    /// A dialog that ends at the phone or by a timer is not told to the application.
    pub silent_abort: bool,
    /// Screens taken and never shown.
    pub lose_screens: Spell,
    /// What becomes of a push to a phone that is busy or off.
    pub unshown: Unshown,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            throttled: Spell::Never,
            queue_full: Spell::Never,
            refuse: Spell::Never,
            refuse_with: 0x0400,
            drop_submit: Spell::Never,
            swallow_submit_resp: Spell::Never,
            hold_submit_resp: Spell::Never,
            hold_for: Duration::from_millis(50),
            repeat_submit_resp: Spell::Never,
            repeat_deliver: false,
            duplicate_deliver: Spell::Never,
            drop_deliver: Spell::Never,
            reorder_deliver: Spell::Never,
            malformed: Spell::Never,
            delay: Duration::ZERO,
            octets_at_once: 0,
            cut_after_step: Spell::Never,
            abort_in_flight: Spell::Never,
            begin_twice: Spell::Never,
            reply_after_end: Spell::Never,
            wrong_password: Spell::Never,
            already_bound: Spell::Never,
            no_receipts: false,
            receipt_first: false,
            stray_receipt: Spell::Never,
            silent_abort: false,
            lose_screens: Spell::Never,
            unshown: Unshown::Refused(status::DELIVERY_FAILURE),
        }
    }
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

    #[test]
    fn chance_falls_alike_for_the_same_seed_and_about_as_often_as_it_says() {
        let now = Instant::now();
        let strikes = |seed| {
            let mut spell = Spell::chance(50, seed);
            (0..10_000).map(|_| spell.strikes(now)).collect::<Vec<_>>()
        };
        assert_eq!(strikes(7), strikes(7));
        assert_ne!(strikes(7), strikes(8));
        let count = strikes(0).into_iter().filter(|struck| *struck).count();
        assert!((400..600).contains(&count), "{count} of 10000 at 5 %");
    }
}
