//! Times on the command line.

use chrono::{DateTime, TimeDelta, Utc};

/// A point in time, or a while from now, as somebody gave it by `flag`.
pub fn expiry(flag: &str, text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.with_timezone(&Utc));
    }
    let while_from_now = || {
        let (number, unit) = text.split_at(text.len().checked_sub(1)?);
        let number: u32 = number.parse().ok()?;
        let seconds = match unit {
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return None,
        };
        now.checked_add_signed(TimeDelta::seconds(i64::from(number) * seconds))
    };
    while_from_now()
        .ok_or_else(|| format!("{flag} {text}: say 2027-01-01T00:00:00Z, or 90m, 12h, 30d from now"))
}
