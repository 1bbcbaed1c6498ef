//! A place in the event log, as clients hold it.

use std::{fmt, str::FromStr};

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use uuid::Uuid;

use super::Head;
use crate::kernel::error::{Error, Result};

/// A place in the event log: everything up to it has been seen. It knows which log it is of, so that one from before a
/// restore is recognised. On the wire: base64url of six bytes of the log's id and the position, big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventCursor {
    log: [u8; 6],
    position: i64,
}

impl EventCursor {
    /// The place `position` in the log `log_id`.
    pub fn new(log_id: Uuid, position: i64) -> Self {
        let bytes = log_id.into_bytes();
        Self { log: [bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]], position }
    }

    /// The position, where a reader can go on from here.
    ///
    /// # Errors
    /// CURSOR_EXPIRED where it is below the horizon, beyond the head, or of another log.
    pub fn resume(self, head: &Head) -> Result<i64> {
        if self.log == Self::new(head.log_id, 0).log
            && (head.horizon..=head.position).contains(&self.position)
        {
            Ok(self.position)
        } else {
            Err(Error::CursorExpired { oldest: Self::new(head.log_id, head.horizon).to_string() })
        }
    }
}

impl fmt::Display for EventCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 14];
        bytes[..6].copy_from_slice(&self.log);
        bytes[6..].copy_from_slice(&self.position.to_be_bytes());
        f.write_str(&BASE64.encode(bytes))
    }
}

impl FromStr for EventCursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const NOT_ONE: &str = "this isn't an event cursor: use one from `cursor` or `eventCursor`";
        let mut bytes = [0; 14];
        match BASE64.decode_slice(text, &mut bytes) {
            Ok(14) => {}
            _ => return Err(NOT_ONE),
        }
        let (log, position) = bytes.split_at(6);
        let (Ok(log), Ok(position)) = (log.try_into(), position.try_into()) else { return Err(NOT_ONE) };
        Ok(Self { log, position: i64::from_be_bytes(position) })
    }
}

/// A place in the event log. Opaque: use it as it came, with the same gateway.
#[Scalar]
impl ScalarType for EventCursor {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => text.parse().map_err(InputValueError::custom),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        <Self as ScalarType>::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(self.to_string())
    }
}
