//! What a client asks of a list: how much, from which end, between which places.

use sea_orm::EntityTrait;

use super::{
    cursor::Cursor,
    order::{Keys, Order, Place},
};
use crate::kernel::error::{Error, Result, UserErrorCode};

/// The most that a page holds.
pub const MAX: u64 = 100;
/// What it holds where the client doesn't say.
pub const DEFAULT: u64 = 20;

/// The arguments of every connection, as they came.
#[derive(Clone, Debug, Default)]
pub struct Args {
    /// The first so many, after `after`.
    pub first: Option<i32>,
    /// Only what comes after this place.
    pub after: Option<Cursor>,
    /// The last so many, before `before`.
    pub last: Option<i32>,
    /// Only what comes before this place.
    pub before: Option<Cursor>,
}

/// The arguments, understood.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Window {
    /// How many rows, 1–100.
    pub(super) limit: u64,
    /// They are counted from the end: `last`.
    pub(super) is_backward: bool,
    /// The place after which they begin.
    pub(super) after: Option<Place>,
    /// The place before which they end.
    pub(super) before: Option<Place>,
}

impl Args {
    /// Checks the arguments against the list `name` of `E`s, sorted by `order`.
    ///
    /// Without `first` and `last` it is the first 20; the last 20 where only `before` is given, since whoever goes
    /// back wants what lies next to it.
    pub(super) fn window<E: EntityTrait>(&self, name: &str, order: &Order) -> Result<Window> {
        let (is_backward, limit) = match (self.first, self.last) {
            (Some(_), Some(_)) => {
                let message = "give `first` to page forward or `last` to page backward, not both";
                return Err(Error::invalid(UserErrorCode::Invalid, "", message));
            }
            (Some(first), None) => (false, limit("first", first)?),
            (None, Some(last)) => (true, limit("last", last)?),
            (None, None) => (self.before.is_some() && self.after.is_none(), DEFAULT),
        };
        let keys = order.of::<E>();
        Ok(Window {
            limit,
            is_backward,
            after: place("after", self.after.as_ref(), name, order, &keys)?,
            before: place("before", self.before.as_ref(), name, order, &keys)?,
        })
    }
}

fn limit(argument: &str, value: i32) -> Result<u64> {
    match u64::try_from(value) {
        Ok(limit @ 1..=MAX) => Ok(limit),
        _ => {
            let message = format!("`{argument}` is 1 to {MAX}, not {value}");
            Err(Error::invalid(UserErrorCode::OutOfRange, argument, message))
        }
    }
}

fn place(
    argument: &str,
    cursor: Option<&Cursor>,
    name: &str,
    order: &Order,
    keys: &Keys,
) -> Result<Option<Place>> {
    let Some(cursor) = cursor else { return Ok(None) };
    let place = cursor
        .place(name, order, keys)
        .map_err(|why| Error::invalid(UserErrorCode::Invalid, argument, format!("`{argument}` {why}")))?;
    Ok(Some(place))
}
