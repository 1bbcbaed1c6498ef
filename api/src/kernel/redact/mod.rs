//! Masks secrets in what others hand us, before it is hashed and recorded for good.
//!
//! A value is masked for its key's sake (`password`, `apiKey`, `X-Auth-Token`) or for its own (a JWT, a cloud key, a
//! URL with a password). In its place stands [`MASK`]. Where the two errors trade off, a fact lost to the mask is the
//! smaller one, since an entry can't be taken back; yet `tokenCount` stays a count.
//!
//! It is the last line, not the first: a field that is known to be secret isn't to be recorded at all. Both functions
//! take time linear in the size of what they are given, whatever it holds, and masking twice changes nothing.

mod key;
#[cfg(test)]
mod tests;
mod text;

use std::{borrow::Cow, mem};

use serde_json::{Map, Value};

pub use text::redact_text;

/// What stands where a secret was.
pub const MASK: &str = "[REDACTED]";

/// Masks the secrets in `value`, in its keys too. Any depth is fine: it walks with a stack of its own.
pub fn redact(value: &mut Value) {
    let mut pending = vec![value];
    while let Some(value) = pending.pop() {
        match value {
            Value::String(text) => {
                if let Cow::Owned(masked) = redact_text(text) {
                    *text = masked;
                }
            }
            Value::Array(items) => pending.extend(items),
            Value::Object(map) => {
                mask_keys(map);
                let names_a_secret = names_a_secret(map);
                for (key, value) in map {
                    if is_secret(key, value) || (names_a_secret && key == "value") {
                        mask(value);
                    } else {
                        pending.push(value);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Whether `value` is to be masked for its key. What is only there or not, or a number of things, tells nothing.
fn is_secret(key: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(_) => key::is_secret(key) && !key::is_plural(key),
        Value::String(_) | Value::Array(_) | Value::Object(_) => key::is_secret(key),
    }
}

/// Whether `map` is a pair like `{"name": "Authorization", "value": …}`, as headers and form fields come.
fn names_a_secret(map: &Map<String, Value>) -> bool {
    let name = ["name", "key"].iter().find_map(|key| map.get(*key)?.as_str());
    name.zip(map.get("value")).is_some_and(|(name, value)| is_secret(name, value))
}

/// Puts the mask in the place of `value`, and takes what was there apart piece by piece: dropped as a whole, deep
/// nesting would overflow the stack.
fn mask(value: &mut Value) {
    let mut pending = vec![mem::replace(value, MASK.into())];
    while let Some(value) = pending.pop() {
        match value {
            Value::Array(items) => pending.extend(items),
            Value::Object(map) => pending.extend(map.into_iter().map(|(_, value)| value)),
            _ => {}
        }
    }
}

/// Masks the secrets in the keys of `map`: a map by token, say. Keys that become equal are numbered.
fn mask_keys(map: &mut Map<String, Value>) {
    if !map.keys().any(|key| matches!(redact_text(key), Cow::Owned(_))) {
        return;
    }
    let mut number = 1;
    for (key, value) in mem::take(map) {
        let masked = redact_text(&key);
        let mut distinct = masked.to_string();
        while map.contains_key(&distinct) {
            number += 1;
            distinct = format!("{masked} {number}");
        }
        map.insert(distinct, value);
    }
}
