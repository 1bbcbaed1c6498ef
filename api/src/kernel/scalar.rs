//! Scalars of the schema that no library has as we want them.
//!
//! Each says what is one of its values (`is_valid`), so that a bad literal ends a request when its document is validated:
//! a scalar that doesn't is found out when the field is resolved, after others have run.

use std::{borrow::Cow, sync::Arc};

use async_graphql::{
    InputType, InputValueError, InputValueResult, Scalar, ScalarType, Value,
    registry::{MetaType, Registry},
};
use chrono::{DateTime, Datelike, SecondsFormat, Timelike, Utc};
use rust_decimal::Decimal;

/// A point in time on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub DateTime<Utc>);

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = self.0.naive_utc();
        let (date, time) = (at.date(), at.time());
        let Ok(year @ 0..=9999) = u32::try_from(date.year()) else {
            return f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true));
        };
        // A fifth of the time of the library's formatting, which goes by a pattern.
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let numbers = [
            (0..4, year),
            (5..7, date.month()),
            (8..10, date.day()),
            (11..13, time.hour()),
            (14..16, time.minute()),
            (17..19, time.second()),
            (20..26, time.nanosecond() / 1_000),
        ];
        for (places, mut number) in numbers {
            for digit in text[places].iter_mut().rev() {
                *digit += (number % 10) as u8;
                number /= 10;
            }
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at)
    }
}

/// A point in time: RFC 3339, UTC, microseconds (`2026-11-21T03:00:00.000000Z`). Any offset is accepted. Specified in
/// docs/date-time.md.
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
        // A leap second is the one after it.
        let at = DateTime::from_timestamp_micros(at.timestamp_micros());
        at.filter(|at| (1970..=9999).contains(&at.year()))
            .map(Self)
            .ok_or_else(|| InputValueError::custom("a point in time lies between the years 1970 and 9999"))
    }

    fn is_valid(value: &Value) -> bool {
        <Self as ScalarType>::parse(value.clone()).is_ok()
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

    fn is_valid(value: &Value) -> bool {
        <Self as ScalarType>::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An `Int`, which has 32 bits. async-graphql's accepts a literal of 64, and refuses it where the field is resolved; a
/// schema that this is registered in knows before.
#[derive(Clone, Copy, Debug)]
pub struct Int32(pub i32);

impl InputType for Int32 {
    type RawValueType = i32;

    fn type_name() -> Cow<'static, str> {
        <i32 as InputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let name = <i32 as InputType>::create_type_info(registry);
        if let Some(MetaType::Scalar { is_valid, .. }) = registry.types.get_mut(&*Self::type_name()) {
            *is_valid = Some(Arc::new(|value| <i32 as ScalarType>::parse(value.clone()).is_ok()));
        }
        name
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        InputType::parse(value).map(Self).map_err(InputValueError::propagate)
    }

    fn to_value(&self) -> Value {
        InputType::to_value(&self.0)
    }

    fn as_raw_value(&self) -> Option<&i32> {
        Some(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first two columns of the rows of a table, without their backticks.
    fn table(header: &str) -> Vec<(&'static str, &'static str)> {
        let page = include_str!("../../../docs/date-time.md");
        let rows = page.split(header).nth(1).expect("the table").lines().skip(2);
        let rows = rows.take_while(|line| line.starts_with('|')).map(|line| {
            let mut cells = line.trim_matches('|').split(" | ");
            let mut next = || cells.next().expect("a cell").trim_matches([' ', '|']).trim_matches('`');
            (next(), next())
        });
        rows.collect()
    }

    fn parse(text: &str) -> InputValueResult<Timestamp> {
        ScalarType::parse(Value::String(text.to_owned()))
    }

    proptest::proptest! {
        #[test]
        fn points_in_time_are_written_as_the_library_does(micros in 0i64..253_402_300_800_000_000) {
            let at = DateTime::from_timestamp_micros(micros).unwrap();
            proptest::prop_assert_eq!(Timestamp(at).to_string(), at.to_rfc3339_opts(SecondsFormat::Micros, true));
        }
    }

    #[test]
    fn points_in_time_are_taken_as_their_page_says() {
        let taken = table("| given | taken as |");
        assert!(taken.len() > 10);
        for (given, meant) in taken {
            let at = parse(given).unwrap_or_else(|_| panic!("{given} is taken"));
            assert_eq!((at.to_string().as_str(), meant.len()), (meant, 27), "{given}");
            assert_eq!(parse(meant).ok(), Some(at), "what is answered is taken");
        }
        let refused = table("| refused | because |");
        assert!(refused.len() > 10);
        for (given, because) in refused {
            assert!(parse(given).is_err(), "{given} is refused: {because}");
        }
        assert!(<Timestamp as ScalarType>::parse(Value::from(1_795_230_000)).is_err());
    }
}
