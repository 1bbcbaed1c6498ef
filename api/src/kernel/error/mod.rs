//! The one error of the gateway.
//!
//! Two kinds of failure meet here. A [`Violation`] is something that the caller can mend: in a mutation it becomes a
//! `UserError` of the payload, in a read a top-level error. Everything else (who they are, limits, faults) is a
//! top-level error with `extensions.code`. A fault keeps its cause for the log and shows none of it to the caller.

mod database;

use std::{fmt, sync::Arc};

use async_graphql::{Enum, ErrorExtensionValues, ServerError, SimpleObject, Value};
use serde::{Deserialize, Serialize};

use super::workers::describe;

/// The result of anything in the gateway.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was not done.
#[derive(Clone, Debug)]
pub enum Error {
    /// Nobody is signed in, or what they showed isn't valid (any more). Carries what the caller may be told.
    Unauthenticated(&'static str),
    /// The caller lacks these permissions.
    Forbidden(Vec<&'static str>),
    /// The caller may run certain documents, and this isn't one of them.
    Untrusted,
    /// The caller may, after proving a second factor again.
    StepUpRequired {
        /// How old the proof may be, in seconds.
        max_age_seconds: u32,
    },
    /// The caller's account has no second factor yet, and until it has, enrolling one is all that they may.
    MustEnrol,
    /// The caller acts in another one's place, and this isn't done so.
    InPlace {
        /// They look, and change nothing at all.
        is_read_only: bool,
    },
    /// The caller can mend these.
    Invalid(Invalid),
    /// The cursor names a place that the log doesn't hold (any more).
    CursorExpired {
        /// The oldest cursor that works.
        oldest: String,
    },
    /// Too much, too fast.
    RateLimited {
        /// When to come back, in milliseconds.
        retry_after_ms: u64,
    },
    /// The database or a part of the gateway can't answer now; trying again later makes sense.
    Unavailable {
        /// What can't answer, in words for the caller.
        message: &'static str,
        /// The change was sent and its answer lost: it may or may not have happened.
        is_outcome_unknown: bool,
    },
    /// What is asked for is sealed under a key that the gateway doesn't have. The key's id is no secret.
    MissingKey {
        /// Which.
        key_id: String,
    },
    /// A fault of ours. Logged, never shown.
    Internal(Arc<dyn std::error::Error + Send + Sync>),
}

/// What the caller can mend, and the object as it stands where that helps (a stale version).
#[derive(Clone, Debug)]
pub struct Invalid {
    /// One or more, in the order of the input.
    pub violations: Vec<Violation>,
    /// The object that the caller's version lags behind.
    pub current: Option<uuid::Uuid>,
}

/// One thing wrong with an input.
#[derive(Clone, Debug, SimpleObject, Serialize, Deserialize)]
#[graphql(name = "UserError")]
pub struct Violation {
    /// What kind of mistake it is.
    pub code: UserErrorCode,
    /// What is wrong and what would be right, for people.
    pub message: String,
    /// The path in the input: `["input", "affectedServices", "0", "name"]`.
    pub field: Option<Vec<String>>,
    /// The same call may succeed later, unchanged.
    pub is_retryable: bool,
    /// The permissions that the caller lacks for it, where it is about those. They are on the record.
    #[graphql(skip)]
    #[serde(skip)]
    pub lacking: Vec<&'static str>,
    /// It is about what the caller may, whatever they ask for: that they tried is on the record.
    #[graphql(skip)]
    #[serde(skip)]
    pub is_denial: bool,
}

/// What kind of mistake a user error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, Serialize, Deserialize)]
pub enum UserErrorCode {
    /// The value isn't one that is accepted here.
    Invalid,
    /// A value is needed.
    Required,
    /// The text or list is longer than accepted.
    TooLong,
    /// The number or time is outside of what is accepted.
    OutOfRange,
    /// There is no such object, or it isn't yours.
    NotFound,
    /// Another object has this value, and it must be unique.
    Taken,
    /// Somebody else was faster, or the key was used with another input.
    Conflict,
    /// The object can't go from its state to that one.
    InvalidTransition,
    /// The object's state or a rule forbids it.
    NotAllowed,
    /// More than is allowed at once or in all.
    LimitExceeded,
    /// Somebody else must approve it first.
    ApprovalRequired,
}

impl Violation {
    /// A violation of `code` at the input field `field` (dotted path below the input, `""` for none).
    pub fn new(code: UserErrorCode, field: &str, message: impl Into<String>) -> Self {
        let path = (!field.is_empty())
            .then(|| std::iter::once("input").chain(field.split('.')).map(str::to_owned).collect());
        Self {
            code,
            message: message.into(),
            field: path,
            is_retryable: false,
            lacking: Vec::new(),
            is_denial: false,
        }
    }

    /// The same at a path below the input whose names the caller has chosen: they may have dots in them.
    pub fn at(code: UserErrorCode, path: &[String], message: impl Into<String>) -> Self {
        let path = std::iter::once("input".to_owned()).chain(path.iter().cloned()).collect();
        Self { field: Some(path), ..Self::new(code, "", message) }
    }

    /// The same, on the record.
    #[must_use]
    pub fn denied(self) -> Self {
        Self { is_denial: true, ..self }
    }

    /// For want of `permissions`.
    #[must_use]
    pub fn lacking(self, permissions: Vec<&'static str>) -> Self {
        Self { lacking: permissions, ..self }
    }
}

/// Whether nobody else has changed the object `id` since the caller read it, who `expected` another version than this.
///
/// # Errors
/// CONFLICT, with the object.
pub fn check_version(id: uuid::Uuid, version: i32, expected: Option<i32>) -> Result<()> {
    match expected {
        Some(expected) if expected != version => Err(Error::stale(id, version)),
        _ => Ok(()),
    }
}

impl Error {
    /// One violation, as an error.
    pub fn invalid(code: UserErrorCode, field: &str, message: impl Into<String>) -> Self {
        Violation::new(code, field, message).into()
    }

    /// The caller may not do this, whatever they ask for.
    pub fn denied(field: &str, message: impl Into<String>) -> Self {
        Violation::new(UserErrorCode::NotAllowed, field, message).denied().into()
    }

    /// `what` at `field` doesn't exist or isn't the caller's: both look alike.
    pub fn not_found(what: &str, field: &str) -> Self {
        Self::invalid(UserErrorCode::NotFound, field, format!("there is no {what} with this id"))
    }

    /// The caller's version is older than the object's.
    pub fn stale(current: uuid::Uuid, version: i32) -> Self {
        let message = format!("it was changed meanwhile: it is at version {version}");
        Self::Invalid(Invalid {
            violations: vec![Violation::new(UserErrorCode::Conflict, "expectedVersion", message)],
            current: Some(current),
        })
    }

    /// A part of the gateway can't answer now, and nothing was done.
    pub const fn unavailable(message: &'static str) -> Self {
        Self::Unavailable { message, is_outcome_unknown: false }
    }

    /// A fault that no other error type carries.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::Internal(Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(message.into())))
    }

    /// The code in `extensions.code`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated(_) => "UNAUTHENTICATED",
            Self::Forbidden(_) | Self::Untrusted | Self::MustEnrol | Self::InPlace { .. } => "FORBIDDEN",
            Self::StepUpRequired { .. } => "STEP_UP_REQUIRED",
            Self::Invalid(invalid) => match invalid.violations.first().map(|v| v.code) {
                Some(UserErrorCode::NotFound) => "NOT_FOUND",
                Some(UserErrorCode::Conflict) => "CONFLICT",
                _ => "BAD_USER_INPUT",
            },
            Self::CursorExpired { .. } => "CURSOR_EXPIRED",
            Self::RateLimited { .. } => "THROTTLED",
            Self::Unavailable { .. } | Self::MissingKey { .. } => "UNAVAILABLE",
            Self::Internal(_) => "INTERNAL_SERVER_ERROR",
        }
    }

    /// A fault of the moment: the same attempt may succeed when it is made again.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { is_outcome_unknown: false, .. } | Self::RateLimited { .. })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthenticated(why) => write!(f, "not signed in: {why}"),
            Self::Forbidden(needed) => write!(f, "this needs the permission {}", needed.join(" and ")),
            Self::Untrusted => f.write_str(
                "this token runs the documents that it is trusted with, and this isn't one of them",
            ),
            Self::StepUpRequired { max_age_seconds } => {
                write!(f, "this needs a second factor proved within the last {max_age_seconds} seconds")
            }
            Self::MustEnrol => f.write_str(
                "this account has no second factor yet: enrol one first, by mfaEnroll and mfaConfirm",
            ),
            Self::InPlace { is_read_only: true } => {
                f.write_str("this impersonation only looks: nothing is changed by it")
            }
            Self::InPlace { is_read_only: false } => f.write_str(
                "nobody signs in, gives rights or takes them in another one's place: do it as yourself",
            ),
            Self::Invalid(invalid) => {
                for (i, violation) in invalid.violations.iter().enumerate() {
                    write!(f, "{}{}", if i == 0 { "" } else { "; " }, violation.message)?;
                }
                Ok(())
            }
            Self::CursorExpired { .. } => f.write_str(
                "the log doesn't hold this place any more: read a snapshot and start from its cursor",
            ),
            Self::RateLimited { retry_after_ms } => write!(f, "too fast: try again in {retry_after_ms} ms"),
            Self::Unavailable { message, is_outcome_unknown: false } => f.write_str(message),
            Self::Unavailable { message, is_outcome_unknown: true } => {
                write!(f, "{message}; whether the change happened is not known: read before you repeat it")
            }
            Self::MissingKey { key_id } => write!(
                f,
                "this is sealed under the key {key_id}, which the gateway doesn't have: whoever runs it has to restore it"
            ),
            Self::Internal(_) => f.write_str("something went wrong on our side"),
        }
    }
}

impl std::error::Error for Error {
    /// The cause of a fault: for the log and for people at the machine.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Internal(cause) => Some(&**cause),
            _ => None,
        }
    }
}

impl From<Violation> for Error {
    fn from(violation: Violation) -> Self {
        vec![violation].into()
    }
}

impl From<Vec<Violation>> for Error {
    fn from(violations: Vec<Violation>) -> Self {
        Self::Invalid(Invalid { violations, current: None })
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(Arc::new(error))
    }
}

impl Error {
    /// Gives an error of a response its extensions: the code of ours that is its source, `fallback` where it has none
    /// (async-graphql's own), and the id of the request.
    pub fn complete(error: &mut ServerError, fallback: &str, request_id: &str) {
        let source = error.source::<Self>().cloned();
        let extensions = error.extensions.get_or_insert_default();
        match &source {
            Some(source) => {
                if let Self::Internal(_) = source {
                    // Its path would be made of the client's own words: aliases.
                    let at = error.locations.first().map(tracing::field::display);
                    tracing::error!(request_id, error = describe(source), at, "internal error");
                }
                if let Self::MissingKey { key_id } = source {
                    tracing::error!(request_id, key = key_id, "a sealing key is missing");
                }
                source.extend(extensions);
            }
            None if extensions.get("code").is_none() => {
                extensions.set("code", fallback);
                // async-graphql's own words about a value end with the value.
                if let Some(at) = error.message.find(", found ") {
                    error.message.truncate(at);
                }
            }
            None => {}
        }
        extensions.set("requestId", request_id);
        error.source = None;
    }

    fn extend(&self, extensions: &mut ErrorExtensionValues) {
        extensions.set("code", self.code());
        match self {
            Self::Forbidden(needed) => extensions.set(
                "requiredPermissions",
                Value::List(needed.iter().map(|key| Value::from(*key)).collect()),
            ),
            // No permission would help.
            Self::Untrusted => extensions.set("requiredPermissions", Value::List(Vec::new())),
            Self::MustEnrol => {
                extensions.set("requiredPermissions", Value::List(Vec::new()));
                extensions.set("isEnrolmentRequired", true);
            }
            Self::StepUpRequired { max_age_seconds } => extensions.set("maxAgeSeconds", *max_age_seconds),
            Self::CursorExpired { oldest } => extensions.set("oldestCursor", oldest.as_str()),
            Self::RateLimited { retry_after_ms } => extensions.set("retryAfterMs", *retry_after_ms),
            Self::Unavailable { is_outcome_unknown: true, .. } => extensions.set("outcome", "UNKNOWN"),
            _ => {}
        }
    }
}
