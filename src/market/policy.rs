//! The house's numbers: markup, shares, fees, limits, lifetimes. Values come from the
//! configuration; every one has a sensible default and its unit in its name.

mod bulk;
mod kiosk;
mod listing;
mod orders;
mod shipping;
mod tax;

pub use bulk::Bulk;
pub use kiosk::{CashPolicy, StockPolicy};
pub use listing::ListingPolicy;
pub use orders::OrderPolicy;
pub use shipping::{HEAVIEST_GRAMS, ParcelPolicy, ShippingRate, Tariff, WeightClass};
pub use tax::TaxRate;

use super::party::MentorPolicy;
use super::price::Rate;
use crate::types::{Kes, Usd};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Ten-thousandths in a whole.
pub const WHOLE_BP: u32 = 10_000;

/// The house's numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Retail price in ten-thousandths of the artisan's price.
    pub markup_bp: u32,
    /// Retail prices are rounded up to a multiple of this.
    pub round_retail_to_shillings: u32,
    /// The discount on many pieces of one listing.
    pub bulk: Bulk,
    /// A mentor's part of the sale value, in ten-thousandths; comes out of the margin.
    pub mentor_share_bp: u32,
    /// How long a mentorship lasts.
    pub mentorship_days: u32,
    /// When an artisan needs no mentor any more, and when she may be one.
    pub mentor: MentorPolicy,
    /// How long a question whether somebody becomes something waits for an answer, in days.
    pub invitation_days: u32,
    /// How long something that takes two people at the desk waits for the second, in days.
    pub approval_days: u32,
    /// What a loan takes of each credit, in ten-thousandths.
    pub loan_share_bp: u32,
    /// What an artisan may borrow.
    pub loan: LoanPolicy,
    /// What agents earn.
    pub agent: AgentFees,
    /// What a rider earns for a parcel brought to a kiosk.
    pub rider_fee_shillings: u32,
    /// Payouts by mobile money.
    pub payout: PayoutPolicy,
    /// Cash at the kiosks.
    pub cash: CashPolicy,
    /// What the kiosks keep of ours, and second looks at what they passed.
    pub stock: StockPolicy,
    /// What a listing may say.
    pub listing: ListingPolicy,
    /// How long things may take.
    pub order: OrderPolicy,
    /// Personal numbers.
    pub pin: PinPolicy,
    /// Shillings for one dollar, in hundredths of a shilling: 12950 is 129.50.
    pub shillings_per_dollar_hundredths: u32,
    /// What the card processor keeps of a charge.
    pub card_fee: CardFee,
    /// Where we ship to and what it costs.
    pub shipping: Vec<ShippingRate>,
    /// What is collected for tax authorities, by country; nothing by itself.
    pub tax: Vec<TaxRate>,
    /// What pieces weigh, and what the customs call them.
    pub parcel: ParcelPolicy,
}

/// What agents earn, in whole shillings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentFees {
    /// For a listing looked at, whatever the verdict.
    pub listing_validated_shillings: u32,
    /// For a parcel checked.
    pub parcel_checked_shillings: u32,
    /// For packing into a box of ours.
    pub box_used_shillings: u32,
    /// For paying a cash number.
    pub cash_served_shillings: u32,
    /// For a month of stock and leaflets.
    pub stock_month_shillings: u32,
}

/// Payouts by mobile money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PayoutPolicy {
    /// The least.
    pub min_shillings: u32,
    /// The most the provider takes in one transfer.
    pub max_shillings: u32,
    /// What the provider charges us, by amount, in rising order; the last step covers the rest.
    pub fees: Vec<FeeStep>,
}

/// A step of the provider's tariff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeStep {
    /// For amounts up to this, inclusive; left out for the step that covers the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to_shillings: Option<u32>,
    /// The fee.
    pub fee_shillings: u32,
}

/// What an artisan may borrow, from her record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoanPolicy {
    /// The least.
    pub min_shillings: u32,
    /// The most, whatever she has sold.
    pub max_shillings: u32,
    /// The most, in ten-thousandths of what her released sales have brought her.
    pub record_bp: u32,
    /// After so many days in which nothing was paid back she is told how she may pay some herself; no
    /// penalty comes of it.
    pub quiet_days: u32,
}

/// Personal numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PinPolicy {
    /// Wrong tries in a row until the PIN is locked.
    pub tries: u8,
    /// How long money rests after a locked PIN was opened, in hours.
    pub rest_hours: u32,
}

/// What the card processor keeps of a charge: a share, rounded up to a cent, and a fixed part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CardFee {
    /// In ten-thousandths of the charge.
    pub share_bp: u32,
    /// In United States cents.
    pub fixed_us_cents: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            markup_bp: 16_000,
            round_retail_to_shillings: 50,
            bulk: Bulk::default(),
            mentor_share_bp: 500,
            mentorship_days: 365,
            mentor: MentorPolicy::default(),
            invitation_days: 14,
            approval_days: 7,
            loan_share_bp: 1_000,
            loan: LoanPolicy::default(),
            agent: AgentFees::default(),
            rider_fee_shillings: 100,
            payout: PayoutPolicy::default(),
            cash: CashPolicy::default(),
            stock: StockPolicy::default(),
            listing: ListingPolicy::default(),
            order: OrderPolicy::default(),
            pin: PinPolicy::default(),
            shillings_per_dollar_hundredths: 12_950,
            card_fee: CardFee::default(),
            shipping: shipping::rates(),
            tax: Vec::new(),
            parcel: ParcelPolicy::default(),
        }
    }
}

impl Default for AgentFees {
    fn default() -> Self {
        Self {
            listing_validated_shillings: 30,
            parcel_checked_shillings: 50,
            box_used_shillings: 10,
            cash_served_shillings: 20,
            stock_month_shillings: 300,
        }
    }
}

impl Default for PayoutPolicy {
    fn default() -> Self {
        let step = |up_to_shillings, fee_shillings| FeeStep { up_to_shillings, fee_shillings };
        Self {
            min_shillings: 50,
            max_shillings: 250_000,
            fees: vec![step(Some(100), 0), step(Some(1_500), 5), step(Some(5_000), 9), step(None, 11)],
        }
    }
}

impl Default for LoanPolicy {
    fn default() -> Self {
        Self { min_shillings: 500, max_shillings: 50_000, record_bp: 5_000, quiet_days: 60 }
    }
}

impl Default for PinPolicy {
    fn default() -> Self {
        Self { tries: 3, rest_hours: 24 }
    }
}

impl Default for CardFee {
    fn default() -> Self {
        Self { share_bp: 290, fixed_us_cents: 30 }
    }
}

/// Numbers that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {why}")]
pub struct PolicyFault {
    /// The key in the configuration.
    pub key: &'static str,
    /// What is wrong and what to write instead.
    pub why: String,
}

fn shillings(n: u32) -> Kes {
    Kes::major(i64::from(n))
}

fn hours(n: u32) -> Duration {
    Duration::from_secs(u64::from(n) * 3_600)
}

impl Policy {
    /// Checks that the numbers can be lived with: no price below the artisan's, every amount has a
    /// fee, bounds in order.
    pub fn check(&self) -> Result<(), PolicyFault> {
        let fault = |key, why: &str| Err(PolicyFault { key, why: why.to_owned() });
        let after_bulk = u64::from(self.markup_bp) * u64::from(WHOLE_BP.saturating_sub(self.bulk.off_bp));
        let kept = u64::from(WHOLE_BP.saturating_sub(self.mentor_share_bp));
        if after_bulk * kept < u64::from(WHOLE_BP).pow(3) {
            let why = "with the bulk discount and the mentor's share taken off, the retail price must \
                       still cover the artisan's; raise the markup or lower a share";
            return fault("markup_bp", why);
        }
        if self.round_retail_to_shillings == 0 {
            return fault("round_retail_to_shillings", "must be 1 or more");
        }
        self.check_bulk()?;
        if self.loan_share_bp > WHOLE_BP {
            return fault("loan_share_bp", "must be 10000 (all of it) or less");
        }
        let loan = &self.loan;
        let ordered = (1..=loan.max_shillings).contains(&loan.min_shillings);
        if !ordered || loan.max_shillings > self.payout.max_shillings || loan.record_bp == 0 {
            let why = "min_shillings from 1 to max_shillings, max_shillings no more than one payout may \
                       carry, record_bp 1 or more";
            return fault("loan", why);
        }
        if self.shillings_per_dollar_hundredths == 0 {
            return fault("shillings_per_dollar_hundredths", "must be the rate times 100, such as 12950");
        }
        if self.pin.tries == 0 {
            return fault("pin.tries", "must be 1 or more");
        }
        if self.pin.rest_hours == 0 {
            return fault(
                "pin.rest_hours",
                "must be 1 or more: whoever lost her phone has so long to say so",
            );
        }
        if self.invitation_days == 0 {
            return fault("invitation_days", "must be 1 or more");
        }
        self.check_listing()?;
        self.check_order()?;
        self.check_payout()?;
        self.check_kiosks()?;
        self.check_shipping()?;
        self.check_tax()
    }

    fn check_listing(&self) -> Result<(), PolicyFault> {
        let why = "prices from 1 to 9999999 with the least first; max_ready and max_per_artisan from 1 to 999; \
                   max_photos from 1 to 20; the lives of links and passes at least 1";
        if self.listing.is_good() { Ok(()) } else { Err(PolicyFault { key: "listing", why: why.to_owned() }) }
    }

    fn check_payout(&self) -> Result<(), PolicyFault> {
        let payout = &self.payout;
        if payout.min_shillings == 0 || payout.min_shillings > payout.max_shillings {
            let why = "must be 1 or more, and no more than max_shillings".to_owned();
            return Err(PolicyFault { key: "payout.min_shillings", why });
        }
        let bounds: Vec<u32> =
            payout.fees.iter().map(|step| step.up_to_shillings.unwrap_or(u32::MAX)).collect();
        let rising = bounds.windows(2).all(|pair| pair[0] < pair[1]);
        let covered = bounds.last().is_some_and(|last| *last >= payout.max_shillings);
        if !rising || !covered {
            let why = "steps must rise and the last must cover max_shillings; leave its \
                       up_to_shillings out to cover the rest"
                .to_owned();
            return Err(PolicyFault { key: "payout.fees", why });
        }
        Ok(())
    }

    /// Today's rate, to be locked in an order.
    pub const fn rate(&self) -> Rate {
        Rate::from_hundredths(self.shillings_per_dollar_hundredths)
    }

    /// What the card processor keeps of a charge.
    pub fn card_fee(&self, charge: Usd) -> Usd {
        let share = -(-charge).share(self.card_fee.share_bp).cents();
        Usd::minor(share.saturating_add(i64::from(self.card_fee.fixed_us_cents)))
    }

    /// The same of one part of a payment, where the parts before it come to `before`: what is fixed is the first
    /// part's, and all of them add up to what is kept of the whole.
    pub fn card_fee_of_part(&self, before: Usd, charge: Usd) -> Usd {
        if before == Usd::ZERO {
            return self.card_fee(charge);
        }
        let whole = Usd::minor(before.cents().saturating_add(charge.cents()));
        Usd::minor(self.card_fee(whole).cents().saturating_sub(self.card_fee(before).cents()))
    }

    /// What the mobile-money provider charges us for a payout.
    pub fn payout_fee(&self, amount: Kes) -> Kes {
        let fits = |step: &&FeeStep| step.up_to_shillings.is_none_or(|top| amount <= shillings(top));
        let step = self.payout.fees.iter().find(fits).or(self.payout.fees.last());
        step.map_or(Kes::ZERO, |step| shillings(step.fee_shillings))
    }

    /// How long money rests after a locked PIN was opened.
    pub fn pin_rest(&self) -> Duration {
        hours(self.pin.rest_hours)
    }

    /// How long a question whether somebody becomes something waits for an answer.
    pub fn invitation(&self) -> Duration {
        hours(self.invitation_days.saturating_mul(24))
    }

    /// The least payout.
    pub fn payout_min(&self) -> Kes {
        shillings(self.payout.min_shillings)
    }

    /// The largest payout.
    pub fn payout_max(&self) -> Kes {
        shillings(self.payout.max_shillings)
    }

    /// How long nothing may be paid back before she is told how she may pay some herself.
    pub fn loan_quiet(&self) -> Duration {
        Duration::from_secs(u64::from(self.loan.quiet_days) * 86_400)
    }

    /// The least loan.
    pub fn loan_min(&self) -> Kes {
        shillings(self.loan.min_shillings)
    }

    /// The most that somebody may borrow whose sales have brought her so much: a hundred shillings
    /// more or less do not matter, so it is rounded down to a hundred. Zero where that is less than the
    /// least loan.
    pub fn loan_most(&self, released: Kes) -> Kes {
        const STEP: i64 = 100;
        let earned = released.share(self.loan.record_bp).whole() / STEP * STEP;
        let most = Kes::major(earned).min(shillings(self.loan.max_shillings));
        if most < self.loan_min() { Kes::ZERO } else { most }
    }

    /// What sales must have brought somebody before she may borrow the least.
    pub fn loan_record(&self) -> Kes {
        let (least, bp) =
            (u64::from(self.loan.min_shillings.div_ceil(100) * 100), u64::from(self.loan.record_bp));
        Kes::major((least * u64::from(WHOLE_BP)).div_ceil(bp.max(1)) as i64)
    }

    /// What a rider earns for a parcel brought to a kiosk.
    pub fn rider_fee(&self) -> Kes {
        shillings(self.rider_fee_shillings)
    }

    /// How long something that takes two people waits for the second.
    pub fn approval(&self) -> Duration {
        hours(self.approval_days * 24)
    }

    /// How long a mentorship lasts.
    pub fn mentorship(&self) -> Duration {
        hours(self.mentorship_days * 24)
    }
}

impl AgentFees {
    /// For a listing looked at.
    pub fn listing_validated(&self) -> Kes {
        shillings(self.listing_validated_shillings)
    }

    /// For a parcel checked.
    pub fn parcel_checked(&self) -> Kes {
        shillings(self.parcel_checked_shillings)
    }

    /// For packing into a box of ours.
    pub fn box_used(&self) -> Kes {
        shillings(self.box_used_shillings)
    }

    /// For a month of stock and leaflets.
    pub fn stock_month(&self) -> Kes {
        shillings(self.stock_month_shillings)
    }

    /// For paying a cash number.
    pub fn cash_served(&self) -> Kes {
        shillings(self.cash_served_shillings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_can_be_lived_with_and_survive_a_round_trip_through_toml() {
        let policy = Policy::default();
        assert_eq!(policy.check(), Ok(()));
        let text = toml::to_string(&policy).expect("serialises");
        assert_eq!(toml::from_str::<Policy>(&text).expect("reads"), policy);
        assert_eq!(toml::from_str::<Policy>("").expect("reads"), policy);
    }

    #[test]
    fn the_parts_of_a_payment_bear_the_fee_of_the_whole() {
        let policy = Policy::default();
        let usd = Usd::minor;
        assert_eq!(policy.card_fee_of_part(Usd::ZERO, usd(2_582)), policy.card_fee(usd(2_582)));
        for parts in [vec![2_582, 3_354], vec![1, 1, 1], vec![99, 1_000_000, 7, 33]] {
            let (mut before, mut kept) = (0, 0);
            for part in parts {
                kept += policy.card_fee_of_part(usd(before), usd(part)).cents();
                before += part;
            }
            assert_eq!(usd(kept), policy.card_fee(usd(before)), "{before}");
        }
    }

    #[test]
    fn a_loan_is_bounded_by_what_her_sales_have_brought_and_by_the_house() {
        let policy = Policy::default();
        for (released, most) in [(0, 0), (999, 0), (1_000, 500), (5_399, 2_600), (9_000_000, 50_000)] {
            assert_eq!(policy.loan_most(Kes::major(released)), Kes::major(most), "{released}");
        }
        assert_eq!(policy.loan_record(), Kes::major(1_000));
        assert_eq!(policy.loan_most(policy.loan_record()), policy.loan_min());
        let beyond = LoanPolicy { max_shillings: 300_000, ..LoanPolicy::default() };
        let fault = Policy { loan: beyond, ..Policy::default() }.check();
        assert_eq!(fault.map_err(|fault| fault.key), Err("loan"));
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(toml::from_str::<Policy>("makrup_bp = 15000").is_err());
        assert!(toml::from_str::<Policy>("[payout]\nminimum = 50").is_err());
    }

    #[test]
    fn the_tariff_is_free_to_100_then_5_then_9_then_11() {
        let policy = Policy::default();
        for (amount, fee) in
            [(50, 0), (100, 0), (101, 5), (1_500, 5), (1_501, 9), (5_000, 9), (5_001, 11), (250_000, 11)]
        {
            assert_eq!(policy.payout_fee(Kes::major(amount)), Kes::major(fee), "{amount}");
        }
    }

    #[test]
    fn the_card_fee_is_rounded_up_to_a_cent() {
        let policy = Policy::default();
        // 2.9 % of 10.82 is 31.378 cents.
        assert_eq!(policy.card_fee(Usd::minor(1_082)), Usd::minor(32 + 30));
    }

    #[test]
    fn a_discount_that_eats_the_artisans_price_is_refused() {
        let mut policy = Policy { markup_bp: 11_000, ..Policy::default() };
        assert_eq!(policy.check().map_err(|fault| fault.key), Err("markup_bp"));
        policy.bulk.off_bp = 0;
        assert_eq!(policy.check(), Ok(()));
    }

    #[test]
    fn a_tariff_with_a_hole_is_refused() {
        let mut policy = Policy::default();
        policy.payout.fees.pop();
        assert_eq!(policy.check().map_err(|fault| fault.key), Err("payout.fees"));
        policy.payout.fees.swap(0, 1);
        assert_eq!(policy.check().map_err(|fault| fault.key), Err("payout.fees"));
    }
}
