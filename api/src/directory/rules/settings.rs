//! What the settings of an organization may be: the published schema, and bounds that no schema can say.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

use crate::kernel::error::{Error, Result, UserErrorCode, Violation};

/// The schema, as it is published.
const TEXT: &str = include_str!("settings.schema.json");
/// Bytes of all settings together.
const MAX_BYTES: usize = 16 * 1024;
/// Objects and lists within each other.
const MAX_DEPTH: usize = 8;
/// Faults that are told at once.
const MAX_FAULTS: usize = 20;

static SCHEMA: LazyLock<Result<(Value, Validator)>> = LazyLock::new(|| {
    let schema = serde_json::from_str(TEXT)?;
    let validator = jsonschema::validator_for(&schema).map_err(|error| Error::internal(error.to_string()))?;
    Ok((schema, validator))
});

/// The schema that settings are checked against.
///
/// # Errors
/// Where it is none: a mistake of ours.
pub fn settings_schema() -> Result<&'static Value> {
    SCHEMA.as_ref().map(|(schema, _)| schema).map_err(Clone::clone)
}

/// Settings as they are kept.
///
/// # Errors
/// TOO_LONG, or INVALID with the path of each fault.
pub fn settings(given: Value) -> Result<Value> {
    let (_, validator) = SCHEMA.as_ref().map_err(Clone::clone)?;
    if given.to_string().len() > MAX_BYTES {
        let message = format!("settings have at most {MAX_BYTES} bytes");
        return Err(Error::invalid(UserErrorCode::TooLong, "settings", message));
    }
    check_shape(&given, &mut vec!["settings".to_owned()])?;
    let faults: Vec<_> = validator.iter_errors(&given).take(MAX_FAULTS).map(|error| fault(&error)).collect();
    if faults.is_empty() { Ok(given) } else { Err(faults.into()) }
}

/// Whether it isn't too deep, and has no text that PostgreSQL can't hold.
fn check_shape(value: &Value, path: &mut Vec<String>) -> Result<(), Violation> {
    let invalid = |message: &str| Violation::at(UserErrorCode::Invalid, path, message);
    if path.len() > MAX_DEPTH + 1 {
        return Err(invalid(&format!("settings are at most {MAX_DEPTH} levels deep")));
    }
    match value {
        Value::String(text) if text.contains('\0') => Err(invalid("this contains a NUL character")),
        Value::Object(object) => {
            if object.keys().any(|key| key.contains('\0')) {
                return Err(invalid("a name here contains a NUL character"));
            }
            object.iter().try_for_each(|(key, value)| below(key.clone(), value, path))
        }
        Value::Array(items) => {
            items.iter().enumerate().try_for_each(|(i, item)| below(i.to_string(), item, path))
        }
        _ => Ok(()),
    }
}

fn below(key: String, value: &Value, path: &mut Vec<String>) -> Result<(), Violation> {
    path.push(key);
    let checked = check_shape(value, path);
    path.pop();
    checked
}

/// What is wrong where, without what was given.
fn fault(error: &jsonschema::ValidationError<'_>) -> Violation {
    let pointer = error.instance_path().as_str();
    let keys = pointer.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~"));
    let path: Vec<String> = std::iter::once("settings".to_owned()).chain(keys).collect();
    Violation::at(UserErrorCode::Invalid, &path, error.masked_with("this").to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Where the faults of settings are.
    fn faults(given: Value) -> Vec<String> {
        match settings(given) {
            Err(Error::Invalid(invalid)) => {
                let path = |violation: Violation| violation.field.unwrap_or_default().join(".");
                invalid.violations.into_iter().map(path).collect()
            }
            Ok(_) => vec![],
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn what_the_schema_takes_is_kept_as_it_is() {
        for right in [
            json!({}),
            json!({
                "locale": "de-CH",
                "timeZone": "America/Argentina/Buenos_Aires",
                "contacts": { "billing": "money@example.com" },
                "notifications": { "digest": "DAILY", "quietHours": { "from": "22:00", "to": "06:30" } },
                "branding": { "color": "#00aa7f", "logoUrl": "https://example.com/logo.svg" },
                "limits": { "seats": 40 },
                "features": { "betaReports": true },
                "custom": { "anything": [1, { "goes": null }] },
            }),
        ] {
            assert_eq!(settings(right.clone()).unwrap(), right);
        }
    }

    #[test]
    fn each_fault_is_told_with_its_place() {
        for (wrong, path) in [
            (json!([]), "input.settings"),
            (json!(null), "input.settings"),
            (json!({ "colour": "red" }), "input.settings"),
            (json!({ "locale": "German" }), "input.settings.locale"),
            (json!({ "contacts": { "billing": "nobody" } }), "input.settings.contacts.billing"),
            (
                json!({ "notifications": { "quietHours": { "from": "22:00" } } }),
                "input.settings.notifications.quietHours",
            ),
            (json!({ "limits": { "seats": 1.5 } }), "input.settings.limits.seats"),
            (json!({ "limits": { "seats": -1 } }), "input.settings.limits.seats"),
            (json!({ "features": { "beta": "yes" } }), "input.settings.features.beta"),
            (json!({ "custom": { "a/b~c": "\0" } }), "input.settings.custom.a/b~c"),
            (json!({ "custom": { "\0": 1 } }), "input.settings.custom"),
            (json!({ "custom": { "long": "x".repeat(MAX_BYTES) } }), "input.settings"),
        ] {
            assert_eq!(faults(wrong.clone()), [path], "{wrong:.80}");
        }
        assert_eq!(faults(json!({ "locale": 1, "branding": { "color": "red" } })).len(), 2);
    }

    #[test]
    fn settings_are_only_so_deep() {
        let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
        assert_eq!(faults(json!({ "custom": { "a": nested(MAX_DEPTH - 2) } })), [""; 0]);
        assert_eq!(faults(json!({ "custom": { "a": nested(MAX_DEPTH - 1) } })).len(), 1);
    }

    #[test]
    fn nothing_that_was_given_is_repeated() {
        let Err(Error::Invalid(invalid)) = settings(json!({ "locale": "Quux" })) else { panic!() };
        assert!(!invalid.violations[0].message.contains("Quux"), "{invalid:?}");
    }
}
