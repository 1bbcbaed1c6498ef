//! Pure decisions: what the body of an entry says, and whether a value is the one that it commits to.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::kernel::{
    error::{Error, Result, UserErrorCode},
    leaf,
};

/// The path of the caller's address among the personal values.
pub const IP_ADDRESS: &str = "$request.ipAddress";
/// The path of the caller's user agent among the personal values.
pub const USER_AGENT: &str = "$request.userAgent";

/// The longest id of an entity, in characters.
const MAX_ENTITY_ID: usize = 255;

/// What an entry's body says beyond its columns.
#[derive(Debug, Default, Deserialize)]
pub struct Body {
    /// The facts.
    pub data: Option<Value>,
    /// The commitments to the personal values, by their paths.
    #[serde(default)]
    pub personal: BTreeMap<String, String>,
}

impl Body {
    /// Reads the canonical text of an entry.
    ///
    /// # Errors
    /// INTERNAL where it isn't one: the entry was tampered with.
    pub fn read(text: &str) -> Result<Self> {
        Ok(serde_json::from_str(text)?)
    }
}

/// Whether `commitment` commits to `value` at `path`, under `salt`.
pub fn is_committed(commitment: &str, salt: &[u8], path: &str, value: &Value) -> bool {
    let Ok(salt) = salt.try_into() else { return false };
    leaf::commit(salt, path, value).is_ok_and(|of_value| of_value == commitment)
}

/// The type or id of an entity, as an argument.
///
/// # Errors
/// BAD_USER_INPUT where it can't be one.
pub fn entity_key(argument: &str, text: &str) -> Result<String> {
    if text.is_empty() || text.contains('\0') || text.chars().count() > MAX_ENTITY_ID {
        let message = format!("`{argument}` has 1 to {MAX_ENTITY_ID} characters, and none is U+0000");
        return Err(Error::invalid(UserErrorCode::Invalid, argument, message));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_says_its_facts_and_commitments() {
        let body = Body::read(r#"{"data":{"a":1},"id":"aud_x","personal":{"$.note":"ab"},"v":1}"#).unwrap();
        assert_eq!(body.data, Some(json!({ "a": 1 })));
        assert_eq!(body.personal, [("$.note".to_owned(), "ab".to_owned())].into());
        let bare = Body::read(r#"{"id":"aud_x","v":1}"#).unwrap();
        assert_eq!((bare.data, bare.personal.len()), (None, 0));
        assert!(Body::read("{").is_err());
    }

    #[test]
    fn a_commitment_is_to_one_value_at_one_path() {
        let commitment = leaf::commit(&[7; 32], "$.note", &json!("hello")).unwrap();
        for (salt, path, value, expected) in [
            (vec![7; 32], "$.note", json!("hello"), true),
            (vec![8; 32], "$.note", json!("hello"), false),
            (vec![7; 31], "$.note", json!("hello"), false),
            (vec![7; 32], "$.other", json!("hello"), false),
            (vec![7; 32], "$.note", json!("hello "), false),
        ] {
            assert_eq!(is_committed(&commitment, &salt, path, &value), expected, "{path} {value}");
        }
    }

    #[test]
    fn the_key_of_an_entity_is_some_text() {
        assert_eq!(entity_key("entityId", "inc_x").unwrap(), "inc_x");
        for wrong in ["", "a\0b", &"x".repeat(256)] {
            assert!(entity_key("entityId", wrong).is_err(), "{wrong:?}");
        }
    }
}
