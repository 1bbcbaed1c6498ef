//! JSON on its way into a leaf: nothing lost by parsing, nothing rounded by writing.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, SeqAccess, Visitor},
    ser::Error,
};
use serde_json::{Map, Number, Value, value::RawValue};

use super::MAX_DEPTH;

/// The greatest integer below which a double holds each one exactly: 2⁵³ − 1 (RFC 7493, section 2.2).
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Serializes a value with integers beyond ±(2⁵³ − 1) as strings, so that no two of them become the same bytes.
pub(super) struct Exact<'a> {
    value: &'a Value,
    depth: usize,
}

impl<'a> Exact<'a> {
    pub(super) fn new(value: &'a Value) -> Self {
        Self { value, depth: 0 }
    }

    fn inner(&self, value: &'a Value) -> Self {
        Self { value, depth: self.depth + 1 }
    }
}

impl Serialize for Exact<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.depth > MAX_DEPTH {
            return Err(S::Error::custom(format_args!("nested more than {MAX_DEPTH} levels deep")));
        }
        match self.value {
            Value::Number(number) if !is_exact(number) => serializer.collect_str(number),
            Value::Array(items) => serializer.collect_seq(items.iter().map(|item| self.inner(item))),
            Value::Object(map) => {
                serializer.collect_map(map.iter().map(|(key, value)| (key, self.inner(value))))
            }
            scalar => scalar.serialize(serializer),
        }
    }
}

/// The canonical text of a field that may be absent.
pub(super) fn canonical_option<S: Serializer>(
    value: &Option<Value>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let raw = value.as_ref().map(|value| {
        let text = serde_json_canonicalizer::to_string(&Exact::new(value))?;
        RawValue::from_string(text)
    });
    raw.transpose().map_err(S::Error::custom)?.serialize(serializer)
}

/// Whether JCS writes `number` without changing it: a float, or an integer that is exact as one.
fn is_exact(number: &Number) -> bool {
    match (number.as_i64(), number.as_u64()) {
        (Some(integer), _) => integer.unsigned_abs() <= MAX_SAFE_INTEGER,
        (None, Some(_)) => false,
        (None, None) => number.is_f64(),
    }
}

/// Parses JSON whose every object has distinct keys and whose every integer is kept. A parser that took the last of
/// two equal keys, or rounded a long integer, would record something else than was sent.
///
/// # Errors
/// What isn't such JSON, with its place; and more than 127 levels of nesting.
pub fn parse_unique(text: &str) -> serde_json::Result<Value> {
    let Unique(value) = serde_json::from_str(text)?;
    match rounded_integer(text) {
        Some(place) => Err(de::Error::custom(format_args!(
            "the integer at byte {place} has more than 64 bits; send it as a string"
        ))),
        None => Ok(value),
    }
}

/// The offset of the first integer in `text`, which is valid JSON, that parsing has rounded. The parser makes a
/// float of what neither `i64` nor `u64` holds; that is fine for the few that a leaf writes in the same digits.
fn rounded_integer(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b'"' => {
                at += 1;
                while bytes.get(at).is_some_and(|byte| *byte != b'"') {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let is_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                at += bytes[start..].iter().take_while(|byte| is_number(byte)).count();
                let number = &text[start..at];
                let is_integer = !number.contains(['.', 'e', 'E']);
                if is_integer && number.parse::<i64>().is_err() && !stays(number) {
                    return Some(start);
                }
            }
            _ => at += 1,
        }
    }
    None
}

/// Whether `integer`, beyond `i64`, is recorded with the digits that it has.
fn stays(integer: &str) -> bool {
    let as_float = || serde_json_canonicalizer::to_string(&integer.parse::<f64>().ok()).ok();
    integer.parse::<u64>().is_ok() || as_float().as_deref() == Some(integer)
}

/// A value that was parsed with distinct keys.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Unique(item)) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(de::Error::custom("duplicate key"));
            }
            let Unique(value) = access.next_value()?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}
