//! Cursors: a place in one list under one order, opaque to clients.
//!
//! Inside it is the base64url of a JSON array: the list's name, the order's, and the values of the place. It carries
//! no secret and no right: whoever forges one begins at another place of what they may see anyway.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value as Json;

use super::{
    column::Datum,
    order::{Keys, Order, Place},
};

/// A place in a connection, as a client holds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(String);

/// A place in a connection. Opaque: give it back as `after` or `before` of the list that it came from, under the same
/// order. It stays good while rows come and go, its own included.
#[Scalar(name = "Cursor")]
impl ScalarType for Cursor {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    /// Whether it is one of a certain list is found out there.
    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(_))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

impl Cursor {
    /// The cursor of `place` in the list `name` under `order`.
    pub(super) fn new(name: &str, order: &Order, place: &[Datum]) -> Self {
        let head = [Json::from(name), Json::from(order.name())];
        let parts: Json = head.into_iter().chain(place.iter().map(Datum::to_json)).collect();
        Self(URL_SAFE_NO_PAD.encode(parts.to_string()))
    }

    /// The place, where the cursor is one of the list `name` under `order`, whose columns are `keys`.
    ///
    /// # Errors
    /// What it is instead, as the end of a sentence.
    pub(super) fn place(&self, name: &str, order: &Order, keys: &Keys) -> Result<Place, &'static str> {
        const NONE: &str = "isn't a cursor: give back one that this list gave out";
        let bytes = URL_SAFE_NO_PAD.decode(&self.0).map_err(|_| NONE)?;
        let parts: Vec<Json> = serde_json::from_slice(&bytes).map_err(|_| NONE)?;
        let [list, sorted_by, values @ ..] = parts.as_slice() else { return Err(NONE) };
        if list != name {
            return Err("is a cursor of another list: give back one that this list gave out");
        }
        if *sorted_by != order.name() {
            return Err(
                "is a cursor of this list under another order: a new `orderBy` begins without a cursor",
            );
        }
        if values.len() != keys.columns().len() {
            return Err(NONE);
        }
        keys.columns()
            .zip(values)
            .map(|(column, value)| Datum::from_json(column.kind, value))
            .collect::<Option<_>>()
            .ok_or(NONE)
    }
}
