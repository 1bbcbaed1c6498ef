//! Scalars of the schema that no library has as we want them.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use rust_decimal::Decimal;

/// A point in time on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub DateTime<Utc>);

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at)
    }
}

/// A point in time: RFC 3339, UTC, microseconds (`2026-11-21T03:00:00.000000Z`). Any offset is accepted.
#[Scalar(name = "DateTime")]
impl ScalarType for Timestamp {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        let at = DateTime::parse_from_rfc3339(text).map_err(|_| {
            InputValueError::custom(
                "a point in time looks like 2026-11-21T03:00:00Z (RFC 3339, with an offset)",
            )
        })?;
        // PostgreSQL keeps microseconds; the years are those that both databases and RFC 3339 can hold.
        let at = at.with_timezone(&Utc).trunc_subsecs(6);
        if !(1970..=9999).contains(&chrono::Datelike::year(&at)) {
            return Err(InputValueError::custom("a point in time lies between the years 1970 and 9999"));
        }
        Ok(Self(at))
    }

    fn to_value(&self) -> Value {
        Value::String(self.to_string())
    }
}

/// An exact number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exact(pub Decimal);

/// An exact number, as a string: `"99.9500"`.
#[Scalar(name = "Decimal")]
impl ScalarType for Exact {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        let number = Decimal::from_str_exact(text);
        number.map(Self).map_err(|_| InputValueError::custom("an exact number looks like \"99.95\""))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}
