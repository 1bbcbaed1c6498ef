//! Uptime, error rate and response time from the results of probes. Exact: counted in whole numbers, divided once.

use rust_decimal::Decimal;

/// The digits after the point of a percentage.
const PERCENT_SCALE: u32 = 4;

/// The results of a service over some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub total: i64,
    /// Those without an answer.
    pub failed: i64,
    /// Those with an answer that came slowly or wasn't the expected one.
    pub degraded: i64,
    /// Those that say how long the answer took.
    pub timed: i64,
    /// How long these took together, in milliseconds.
    pub time_ms: i64,
}

impl Tally {
    /// Answered ÷ all, in percent with four decimals, rounded down: 100 is never said of less. None without a result.
    pub fn uptime(&self) -> Option<Decimal> {
        let answered = self.total.checked_sub(self.failed)?;
        (self.total > 0).then(|| percent(answered, self.total, false))
    }

    /// Failed or degraded ÷ all, in percent with four decimals, rounded up: 0 is never said of more. None without a
    /// result.
    pub fn error_rate(&self) -> Option<Decimal> {
        let wrong = self.failed.checked_add(self.degraded)?;
        (self.total > 0).then(|| percent(wrong, self.total, true))
    }

    /// The mean of the response times in milliseconds with three decimals, rounded down. None without an answer.
    pub fn mean_response_time_ms(&self) -> Option<Decimal> {
        let micros = i128::from(self.time_ms) * 1_000;
        (self.timed > 0).then(|| Decimal::from_i128_with_scale(micros / i128::from(self.timed), 3))
    }
}

fn percent(part: i64, whole: i64, is_up: bool) -> Decimal {
    let (scaled, whole) = (i128::from(part) * 100 * 10_i128.pow(PERCENT_SCALE), i128::from(whole));
    let rounded = if is_up { (scaled + whole - 1) / whole } else { scaled / whole };
    Decimal::from_i128_with_scale(rounded, PERCENT_SCALE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shares_are_exact_and_no_data_is_none() {
        let none = Tally::default();
        assert_eq!((none.uptime(), none.error_rate(), none.mean_response_time_ms()), (None, None, None));
        let table = [
            ((1, 0, 0), "100.0000", "0.0000"),
            ((3, 1, 0), "66.6666", "33.3334"),
            ((3, 0, 2), "100.0000", "66.6667"),
            ((4, 1, 1), "75.0000", "50.0000"),
            ((2, 2, 0), "0.0000", "100.0000"),
            ((100_000_000, 1, 0), "99.9999", "0.0001"),
        ];
        for ((total, failed, degraded), uptime, error_rate) in table {
            let tally = Tally { total, failed, degraded, ..Tally::default() };
            assert_eq!(tally.uptime().unwrap().to_string(), uptime, "{tally:?}");
            assert_eq!(tally.error_rate().unwrap().to_string(), error_rate, "{tally:?}");
        }
        let tally = Tally { total: 4, failed: 1, timed: 3, time_ms: 100, ..none };
        assert_eq!(tally.mean_response_time_ms().unwrap().to_string(), "33.333");
    }

    proptest! {
        #[test]
        fn a_whole_is_only_what_is_whole(total in 1..i64::MAX, failed in 0..i64::MAX) {
            let failed = failed % (total + 1).max(1);
            let tally = Tally { total, failed, ..Tally::default() };
            let (uptime, error_rate) = (tally.uptime().unwrap(), tally.error_rate().unwrap());
            prop_assert_eq!(uptime == Decimal::ONE_HUNDRED, failed == 0);
            prop_assert_eq!(error_rate.is_zero(), failed == 0);
            prop_assert_eq!(uptime + error_rate, Decimal::ONE_HUNDRED);
        }
    }
}
