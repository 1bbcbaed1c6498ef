//! The life of an alert.
//!
//! ```text
//! FIRING → ACKNOWLEDGED → RESOLVED      (the step in the middle may be skipped)
//! ```
//! A repeat changes neither: it raises the count. After RESOLVED the same condition is a new alert.

use ::entity::alert::{AlertSeverity as Severity, AlertStatus as Status};
use serde_json::Value;

use crate::kernel::{
    error::{UserErrorCode, Violation},
    text,
};

/// Labels of an alert.
const MAX_LABELS: usize = 50;
/// Characters of a label's name.
const MAX_LABEL_NAME: usize = 100;
/// Characters of a label's value.
const MAX_LABEL_VALUE: usize = 500;

/// What somebody does to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// They are on it.
    Acknowledge,
    /// It is over.
    Resolve,
}

impl Transition {
    /// Where it leads.
    pub fn to(self) -> Status {
        match self {
            Self::Acknowledge => Status::Acknowledged,
            Self::Resolve => Status::Resolved,
        }
    }
}

/// Whether an alert of status `from` can make this step.
///
/// # Errors
/// INVALID_TRANSITION.
pub fn check_transition(from: Status, step: Transition) -> Result<(), Violation> {
    match (from, step) {
        (Status::Firing, _) | (Status::Acknowledged, Transition::Resolve) => Ok(()),
        _ => {
            let message = format!("an alert can't go from {} to {}", name(from), name(step.to()));
            Err(Violation::new(UserErrorCode::InvalidTransition, "id", message))
        }
    }
}

/// The severity after a repeat: alerts get worse, never better by themselves.
pub fn raised_severity(before: Severity, repeat: Severity) -> Severity {
    before.max(repeat)
}

/// Whether clients may raise alerts in the name of this source.
///
/// # Errors
/// NOT_ALLOWED for the gateway's own.
pub fn check_source(source: &str, own: &str) -> Result<(), Violation> {
    if source == own {
        let message = format!("the source `{own}` is the gateway's own: name yours");
        return Err(Violation::new(UserErrorCode::NotAllowed, "source", message));
    }
    Ok(())
}

/// The labels of an alert: an object of texts, as it is stored. Empty where none are given.
///
/// # Errors
/// INVALID, LIMIT_EXCEEDED, REQUIRED or TOO_LONG.
pub fn labels(given: Option<&Value>) -> Result<Value, Violation> {
    let map = match given {
        None | Some(Value::Null) => return Ok(Value::Object(serde_json::Map::new())),
        Some(Value::Object(map)) => map,
        Some(_) => return Err(invalid("labels", "labels are an object of texts: {\"region\": \"eu\"}")),
    };
    if map.len() > MAX_LABELS {
        let message = format!("an alert has at most {MAX_LABELS} labels");
        return Err(Violation::new(UserErrorCode::LimitExceeded, "labels", message));
    }
    let mut labels = serde_json::Map::new();
    for (label, value) in map {
        let label = text::required(label, "labels", MAX_LABEL_NAME)?;
        let Value::String(value) = value else {
            return Err(invalid("labels", &format!("the value of `{label}` isn't a text")));
        };
        if value.chars().count() > MAX_LABEL_VALUE {
            let message = format!("the value of `{label}` has more than {MAX_LABEL_VALUE} characters");
            return Err(Violation::new(UserErrorCode::TooLong, "labels", message));
        }
        if value.contains('\0') {
            return Err(invalid("labels", &format!("the value of `{label}` contains a NUL character")));
        }
        labels.insert(label, Value::String(value.clone()));
    }
    Ok(Value::Object(labels))
}

fn invalid(field: &str, message: &str) -> Violation {
    Violation::new(UserErrorCode::Invalid, field, message)
}

/// How a status is written.
fn name(status: Status) -> &'static str {
    match status {
        Status::Firing => "FIRING",
        Status::Acknowledged => "ACKNOWLEDGED",
        Status::Resolved => "RESOLVED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::Iterable;
    use serde_json::json;

    #[test]
    fn an_alert_goes_forward_only() {
        use Status::{Acknowledged, Firing, Resolved};
        use Transition::{Acknowledge, Resolve};
        let allowed = [(Firing, Acknowledge), (Firing, Resolve), (Acknowledged, Resolve)];
        for from in Status::iter() {
            for step in [Acknowledge, Resolve] {
                let is_allowed = check_transition(from, step).is_ok();
                assert_eq!(is_allowed, allowed.contains(&(from, step)), "{from:?} {step:?}");
            }
        }
        let refused = check_transition(Resolved, Acknowledge).unwrap_err();
        assert_eq!(refused.code, UserErrorCode::InvalidTransition);
        assert_eq!(refused.message, "an alert can't go from RESOLVED to ACKNOWLEDGED");
    }

    #[test]
    fn labels_are_texts() {
        assert_eq!(labels(None).unwrap(), json!({}));
        assert_eq!(labels(Some(&json!({ " a ": "1" }))).unwrap(), json!({ "a": "1" }));
        let many: serde_json::Map<_, _> = (0..51).map(|i| (i.to_string(), json!(""))).collect();
        for (bad, code) in [
            (json!([]), UserErrorCode::Invalid),
            (json!({ "a": 1 }), UserErrorCode::Invalid),
            (json!({ "": "1" }), UserErrorCode::Required),
            (json!({ "a": "x".repeat(501) }), UserErrorCode::TooLong),
            (json!(many), UserErrorCode::LimitExceeded),
        ] {
            assert_eq!(labels(Some(&bad)).unwrap_err().code, code, "{bad}");
        }
    }

    #[test]
    fn the_gateways_own_source_is_its_own() {
        assert!(check_source("billing", "probe").is_ok());
        assert_eq!(check_source("probe", "probe").unwrap_err().code, UserErrorCode::NotAllowed);
        assert_eq!(raised_severity(Severity::High, Severity::Info), Severity::High);
    }
}
