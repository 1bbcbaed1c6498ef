//! Personal values in payloads: marked by their type, taken out by [`lift_personal`].

use std::{fmt, fmt::Write, mem, ops::Deref, sync::LazyLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

use super::MAX_DEPTH;

/// The key that marks a personal value. It is random for each process, so that nobody's data can contain it.
static MARKER: LazyLock<String> =
    LazyLock::new(|| format!("personal {}", hex::encode(rand::random::<[u8; 32]>())));

/// A value about a person, in the payload of an event: `email: Personal<String>`.
///
/// It is used like the value itself. Serialized, it carries a mark by which [`lift_personal`] finds it; a payload is
/// therefore to be serialized for the record only, and such a field can't be `#[serde(flatten)]`. Debug doesn't print
/// it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Personal<T>(pub T);

impl<T> Personal<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Personal<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> Deref for Personal<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Personal(..)")
    }
}

impl<T: Serialize> Serialize for Personal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(MARKER.as_str(), &self.0)?;
        map.end()
    }
}

/// From where nothing is marked (any more).
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Personal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

/// Takes the [`Personal`] values out of a serialized payload and answers them with their paths, in the order of the
/// tree. A field goes with its key; in an array, and at the root, null stays in the value's place.
///
/// A path is JSONPath: `$.name`, `$.items[0].email`, and `$['e-mail']` (RFC 9535, section 2.7) where the key isn't an
/// ASCII identifier. No two values have the same. What is nested deeper than a leaf allows is left as it is:
/// [`canonical`](super::Leaf::canonical) refuses it.
pub fn lift_personal(value: &mut Value) -> Vec<(String, Value)> {
    let mut lifted = Vec::new();
    if lift(value, &mut "$".to_owned(), 0, &mut lifted) {
        *value = Value::Null;
    }
    lifted
}

/// Lifts out of `value`, which is at `path`; whether it was itself a personal value and has nothing left.
fn lift(value: &mut Value, path: &mut String, depth: usize, lifted: &mut Vec<(String, Value)>) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    let end = path.len();
    match value {
        Value::Object(map) => {
            if let Some(inner) = map.remove(MARKER.as_str()) {
                lifted.push((path.clone(), unmark(inner)));
                return map.is_empty();
            }
            map.retain(|key, child| {
                push_key(path, key);
                let is_gone = lift(child, path, depth + 1, lifted);
                path.truncate(end);
                !is_gone
            });
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                // Writing to a string doesn't fail.
                let _ = write!(path, "[{index}]");
                if lift(item, path, depth + 1, lifted) {
                    *item = Value::Null;
                }
                path.truncate(end);
            }
        }
        _ => {}
    }
    false
}

/// `value` without the marks inside it: what is personal as a whole may have personal parts.
pub fn unmark(mut value: Value) -> Value {
    match &mut value {
        Value::Object(map) => {
            if let Some(inner) = map.remove(MARKER.as_str()) {
                return unmark(inner);
            }
            *map = mem::take(map).into_iter().map(|(key, child)| (key, unmark(child))).collect::<Map<_, _>>();
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = unmark(item.take())),
        _ => {}
    }
    value
}

fn push_key(path: &mut String, key: &str) {
    let is_identifier = key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_identifier {
        path.push('.');
        path.push_str(key);
        return;
    }
    path.push_str("['");
    for character in key.chars() {
        match character {
            '\u{8}' => path.push_str("\\b"),
            '\t' => path.push_str("\\t"),
            '\n' => path.push_str("\\n"),
            '\u{c}' => path.push_str("\\f"),
            '\r' => path.push_str("\\r"),
            '\'' | '\\' => path.extend(['\\', character]),
            // Writing to a string doesn't fail.
            '\0'..='\u{1f}' => drop(write!(path, "\\u{:04x}", u32::from(character))),
            _ => path.push(character),
        }
    }
    path.push_str("']");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Payload {
        status: &'static str,
        email: Personal<&'static str>,
        address: Personal<Address>,
        contacts: Vec<Contact>,
        aliases: Vec<Personal<&'static str>>,
        by_kind: BTreeMap<&'static str, Personal<u64>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        nickname: Option<Personal<String>>,
        extra: Value,
    }

    #[derive(Serialize)]
    struct Address {
        city: &'static str,
        street: Personal<&'static str>,
        lines: Vec<Personal<&'static str>>,
    }

    #[derive(Serialize)]
    struct Contact {
        role: &'static str,
        phone: Personal<&'static str>,
    }

    #[test]
    fn personal_values_are_lifted_with_their_paths() {
        let payload = Payload {
            status: "ACTIVE",
            email: "ada@example.com".into(),
            address: Personal(Address {
                city: "London",
                street: "St James".into(),
                lines: vec!["12".into()],
            }),
            contacts: vec![
                Contact { role: "owner", phone: "1".into() },
                Contact { role: "billing", phone: "2".into() },
            ],
            aliases: vec!["countess".into(), "aal".into()],
            by_kind: [("it's\\\u{1}", Personal(u64::MAX)), ("work-phone", Personal(3))].into(),
            nickname: None,
            // Somebody's data that looks like a mark isn't one.
            extra: json!({"personal": {"personal 00": "x"}, "Personal": {"$personal": 1}}),
        };
        let mut value = serde_json::to_value(&payload).unwrap();
        let mut lifted = lift_personal(&mut value);
        lifted.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(
            value,
            json!({
                "status": "ACTIVE",
                "contacts": [{"role": "owner"}, {"role": "billing"}],
                "aliases": [null, null],
                "byKind": {},
                "extra": {"personal": {"personal 00": "x"}, "Personal": {"$personal": 1}},
            })
        );
        let address = json!({"city": "London", "street": "St James", "lines": ["12"]});
        assert_eq!(
            lifted,
            [
                ("$.address", address),
                ("$.aliases[0]", json!("countess")),
                ("$.aliases[1]", json!("aal")),
                ("$.byKind['it\\'s\\\\\\u0001']", json!(u64::MAX)),
                ("$.byKind['work-phone']", json!(3)),
                ("$.contacts[0].phone", json!("1")),
                ("$.contacts[1].phone", json!("2")),
                ("$.email", json!("ada@example.com")),
            ]
            .map(|(path, value)| (path.to_owned(), value))
        );
        assert_eq!(lift_personal(&mut value), []);
    }

    #[test]
    fn a_payload_that_is_personal_as_a_whole_leaves_null() {
        let mut value = serde_json::to_value(Personal(Personal("Ada"))).unwrap();
        assert_eq!(lift_personal(&mut value), [("$".to_owned(), json!("Ada"))]);
        assert_eq!(value, Value::Null);
    }

    #[test]
    fn a_personal_value_is_used_like_the_value_and_not_printed() {
        let name = Personal("Ada".to_owned());
        assert_eq!((name.len(), format!("{name:?}").as_str()), (3, "Personal(..)"));
        assert_eq!(name.into_inner(), "Ada");
    }
}
