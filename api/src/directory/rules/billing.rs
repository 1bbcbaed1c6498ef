//! What subscriptions may be, and what they come to. Pure.
//!
//! **Monthly recurring revenue** of a currency is the sum over everything that is paid for, ACTIVE or PAST_DUE, of
//! `amount × payments a year ÷ 12`: 52 payments a year for WEEKLY, 12 for MONTHLY, 4 for QUARTERLY, 2 for HALF_YEARLY, 1
//! for YEARLY. It is added up exactly and divided once, at the end, so that a thousand yearly plans lose no cent; what is
//! left of the smallest unit is rounded half to even. Trials and what is paused bring nothing. Currencies are never
//! added up with each other.

use ::entity::billing_subscription::{BillingPeriod as Period, BillingStatus as Status};
use iso_currency::Currency;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::kernel::{
    error::{UserErrorCode, Violation},
    text,
};

/// Subscriptions that one call brings.
pub const MAX_SUBSCRIPTIONS: usize = 500;
/// The most that a period costs, in the smallest unit.
const MAX_AMOUNT: i64 = 1_000_000_000_000;
/// Characters of a plan's name.
const MAX_PLAN: usize = 100;

/// The name of a plan.
///
/// # Errors
/// REQUIRED, TOO_LONG or INVALID.
pub fn plan(given: &str, field: &str) -> Result<String, Violation> {
    text::required(given, field, MAX_PLAN)
}

/// What a period costs, in the smallest unit of its currency.
///
/// # Errors
/// OUT_OF_RANGE.
pub fn amount(minor: i64, field: &str) -> Result<i64, Violation> {
    if (0..=MAX_AMOUNT).contains(&minor) {
        return Ok(minor);
    }
    let message = format!("an amount is 0 to {MAX_AMOUNT}, in the smallest unit of its currency");
    Err(Violation::new(UserErrorCode::OutOfRange, field, message))
}

/// A currency by its code, and how many digits stand behind its point.
///
/// # Errors
/// INVALID where ISO 4217 has none of this code, or one that nothing is paid in.
pub fn currency(code: &str, field: &str) -> Result<String, Violation> {
    let known = Currency::from_code(code).filter(|currency| currency.exponent().is_some());
    let message = "a currency is one of ISO 4217 by its code in capitals: EUR";
    known
        .map(|currency| currency.code().to_owned())
        .ok_or_else(|| Violation::new(UserErrorCode::Invalid, field, message))
}

/// So much of the smallest unit, in the currency itself: 1999 cents are 19.99.
pub fn in_currency(minor: Decimal, code: &str) -> Decimal {
    let digits = Currency::from_code(code).and_then(|currency| currency.exponent()).unwrap_or_default();
    let mut amount = minor * Decimal::new(1, u32::from(digits));
    amount.rescale(u32::from(digits));
    amount
}

/// Whether it is paid for again and again.
pub fn is_recurring(status: Status) -> bool {
    matches!(status, Status::Active | Status::PastDue)
}

/// Whether it should have been paid.
pub fn is_overdue(status: Status) -> bool {
    status == Status::PastDue
}

/// What amounts by their periods come to a month, in the smallest unit.
pub fn monthly(amounts: impl IntoIterator<Item = (Period, i64)>) -> Decimal {
    let a_year: Decimal = amounts
        .into_iter()
        .map(|(period, minor)| Decimal::from(minor) * Decimal::from(payments_a_year(period)))
        .sum();
    (a_year / Decimal::from(12)).round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven)
}

fn payments_a_year(period: Period) -> i64 {
    match period {
        Period::Weekly => 52,
        Period::Monthly => 12,
        Period::Quarterly => 4,
        Period::HalfYearly => 2,
        Period::Yearly => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Period::{HalfYearly, Monthly, Quarterly, Weekly, Yearly};

    #[test]
    fn a_month_is_a_twelfth_of_a_year_and_is_divided_once() {
        for (amounts, expected) in [
            (&[(Monthly, 1999)][..], 1999),
            (&[(Yearly, 12_000)], 1000),
            (&[(Quarterly, 300), (HalfYearly, 600), (Weekly, 300)], 100 + 100 + 1300),
            // Each alone would be rounded away.
            (&[(Yearly, 5); 12], 5),
            // Half to even.
            (&[(Yearly, 6)], 0),
            (&[(Yearly, 18)], 2),
            (&[(Yearly, 7)], 1),
            (&[], 0),
            (&[(Weekly, i64::MAX), (Weekly, i64::MAX)], 79_935_890_986_074_723_661),
        ] {
            assert_eq!(
                monthly(amounts.iter().copied()),
                Decimal::from_i128_with_scale(expected, 0),
                "{amounts:?}"
            );
        }
    }

    #[test]
    fn amounts_are_shown_in_their_currency() {
        for (minor, code, expected) in [
            (1999, "EUR", "19.99"),
            (5, "USD", "0.05"),
            (1500, "JPY", "1500"),
            (1234, "KWD", "1.234"),
            (0, "EUR", "0.00"),
        ] {
            assert_eq!(in_currency(Decimal::from(minor), code).to_string(), expected);
        }
        for wrong in ["eur", "EURO", "", "XXX", "ABC", "€"] {
            assert!(currency(wrong, "currency").is_err(), "{wrong:?}");
        }
        assert_eq!(currency("CHF", "currency").unwrap(), "CHF");
        assert!(amount(MAX_AMOUNT, "amount").is_ok() && amount(0, "amount").is_ok());
        assert!(amount(-1, "amount").is_err() && amount(MAX_AMOUNT + 1, "amount").is_err());
    }

    #[test]
    fn trials_and_what_is_paused_bring_nothing() {
        use sea_orm::Iterable;
        let recurring: Vec<_> = Status::iter().filter(|status| is_recurring(*status)).collect();
        assert_eq!(recurring, [Status::Active, Status::PastDue]);
    }
}
