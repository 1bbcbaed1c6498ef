//! Responses as JSON text.
//!
//! An answer is mostly short texts in which nothing is to be escaped, and serde looks at each of their bytes by itself: a
//! tenth of what a page took. Here eight are looked at together; whatever is unusual is serde's, so the text is the same.

use async_graphql::{Response, Value};
use serde::Serialize;

/// What most answers have room in.
const USUAL: usize = 1024;

/// A response: errors where there are any, data, extensions.
pub fn response(response: &Response) -> Vec<u8> {
    let mut out = Vec::with_capacity(USUAL);
    out.push(b'{');
    if !response.errors.is_empty() {
        out.extend_from_slice(b"\"errors\":");
        serde(&mut out, &response.errors);
        out.push(b',');
    }
    out.extend_from_slice(b"\"data\":");
    value(&mut out, &response.data);
    if !response.extensions.is_empty() {
        out.extend_from_slice(b",\"extensions\":");
        object(&mut out, response.extensions.iter());
    }
    out.push(b'}');
    out
}

fn value(out: &mut Vec<u8>, of: &Value) {
    match of {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Boolean(true) => out.extend_from_slice(b"true"),
        Value::Boolean(false) => out.extend_from_slice(b"false"),
        Value::String(text) => string(out, text),
        Value::Enum(name) => string(out, name),
        Value::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                value(out, item);
            }
            out.push(b']');
        }
        Value::Object(fields) => object(out, fields.iter()),
        Value::Number(_) | Value::Binary(_) => serde(out, of),
    }
}

fn object<'a>(out: &mut Vec<u8>, fields: impl Iterator<Item = (&'a (impl AsRef<str> + 'a), &'a Value)>) {
    out.push(b'{');
    for (index, (name, field)) in fields.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        string(out, name.as_ref());
        out.push(b':');
        value(out, field);
    }
    out.push(b'}');
}

fn string(out: &mut Vec<u8>, text: &str) {
    let (eights, rest) = text.as_bytes().as_chunks::<8>();
    let is_plain = eights.iter().all(|eight| is_plain(u64::from_ne_bytes(*eight)))
        && rest.iter().all(|byte| !is_escaped(*byte));
    if !is_plain {
        return serde(out, text);
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Whether JSON escapes a byte: control characters, the quotation mark, the backslash.
fn is_escaped(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// Whether [none](is_escaped) of eight bytes is escaped, by what Sean Eron Anderson's Bit Twiddling Hacks have on words with
/// a byte below or equal to another.
fn is_plain(eight: u64) -> bool {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let below = |eight: u64, bound: u8| eight.wrapping_sub(ONES * u64::from(bound)) & !eight & HIGH;
    let is = |byte: u8| below(eight ^ (ONES * u64::from(byte)), 1);
    below(eight, b' ') | is(b'"') | is(b'\\') == 0
}

/// Values of these types always have JSON, and a vector takes all that is written.
fn serde<T: Serialize + ?Sized>(out: &mut Vec<u8>, of: &T) {
    let _ = serde_json::to_writer(out, of);
}

#[cfg(test)]
mod tests {
    use async_graphql::{Name, Pos, ServerError};
    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Boolean),
            any::<i64>().prop_map(|number| Value::Number(number.into())),
            any::<String>().prop_map(Value::String),
            "[ -~]{0,40}".prop_map(Value::String),
            "[A-Z_]{1,20}".prop_map(|name| Value::Enum(Name::new(name))),
            any::<Vec<u8>>().prop_map(|bytes| Value::Binary(bytes.into())),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
                proptest::collection::vec((any::<String>(), inner), 0..6).prop_map(|fields| Value::Object(
                    fields.into_iter().map(|(name, value)| (Name::new(name), value)).collect()
                )),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_text_is_serde_s(data in any_value(), extension in any_value(), has_failed: bool) {
            let mut whole = Response::new(data);
            if has_failed {
                whole.errors.push(ServerError::new("it \"failed\"", Some(Pos { line: 1, column: 2 })));
                whole = whole.extension("cost", extension);
            }
            prop_assert_eq!(response(&whole), serde_json::to_vec(&whole).unwrap());
        }

        #[test]
        fn a_byte_that_is_escaped_is_seen_among_any_others(bytes: [u8; 8]) {
            let found = bytes.iter().any(|byte| is_escaped(*byte));
            prop_assert_eq!(is_plain(u64::from_ne_bytes(bytes)), !found);
        }
    }

    #[test]
    fn every_byte_is_seen_at_every_place() {
        for place in 0..8 {
            for byte in 0..=u8::MAX {
                let mut bytes = *b"abcdefgh";
                bytes[place] = byte;
                assert_eq!(is_plain(u64::from_ne_bytes(bytes)), !is_escaped(byte), "{byte} at {place}");
            }
        }
    }
}
