//! The table that comes out, and the arithmetic behind it.

use std::{fmt, time::Duration};

/// Rows of the table.
#[derive(Default)]
pub struct Table(Vec<Row>);

/// One measurement. What doesn't apply stays empty.
#[derive(Default)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// What came out: a rate, or an amount.
    pub opsgate: String,
    /// The median latency.
    pub p50: String,
    /// The 99th percentile.
    pub p99: String,
    /// The rate of the yardstick.
    pub pgbench: String,
    /// The gateway's rate as a share of it.
    pub share: String,
    /// What it should be.
    pub goal: String,
}

impl Table {
    /// Adds a row, and shows it to whoever waits.
    pub fn push(&mut self, row: Row) {
        eprintln!("  {row}");
        self.0.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| | opsgate | p50 | p99 | pgbench | share | goal |")?;
        writeln!(f, "| --- | ---: | ---: | ---: | ---: | ---: | --- |")?;
        self.0.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, opsgate, p50, p99, pgbench, share, goal } = self;
        write!(f, "| {what} | {opsgate} | {p50} | {p99} | {pgbench} | {share} | {goal} |")
    }
}

/// The value below which the share `p` of `sorted` lies; the nearest rank.
pub fn percentile<T: Copy>(sorted: &[T], p: f64) -> Option<T> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index, rounded up")]
    let rank = (sorted.len() as f64 * p).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

/// The middle one of `values`.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    percentile(&sorted, 0.5).unwrap_or(f64::NAN)
}

/// `1,234 /s`
pub fn rate(per_second: f64) -> String {
    format!("{} /s", thousands(per_second))
}

/// A whole number with its thousands apart.
pub fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Milliseconds, with a digit after the point where there are few.
pub fn millis(duration: Option<Duration>) -> String {
    match duration.map(|duration| duration.as_secs_f64() * 1e3) {
        None => String::new(),
        Some(ms) if ms < 10.0 => format!("{ms:.1} ms"),
        Some(ms) => format!("{ms:.0} ms"),
    }
}

/// Mebibytes of kibibytes.
pub fn mebibytes(kib: u64) -> String {
    format!("{} MiB", kib.div_ceil(1024))
}
