//! Rows, read by the places of their columns.
//!
//! SeaORM looks each column up by its name, in each row, and writes a message for each NULL before it takes it for
//! `None`: half of what reading a page of incidents took. Where a statement selects the columns of a model in their
//! order, as `Entity::find()` does, the places are known. A debug build compares the names nevertheless.

pub use macros::FromColumns;
use sea_orm::{
    DbErr, FromQueryResult, QueryResult, RuntimeErr, TryGetable,
    sqlx::{self, Row as _, ValueRef as _},
};

/// A model that is read by the places of its columns. Derived, for a struct whose fields stand in the order of its columns.
pub trait FromColumns: Sized {
    /// The names of its columns, in order.
    const COLUMNS: &'static [&'static str];

    /// Reads it where its first column stands at `first`.
    ///
    /// # Errors
    /// Where the row has something else there.
    fn from_columns(row: &QueryResult, first: usize) -> Result<Self, DbErr>;
}

/// A row that is one `M`, for SeaORM's `into_model`.
#[derive(Clone, Copy, Debug)]
pub struct Placed<M>(pub M);

impl<M: FromColumns> FromQueryResult for Placed<M> {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        checked(row, 0).map(Self)
    }
}

/// Reads an `M` whose first column stands at `first`.
///
/// # Errors
/// As [`FromColumns::from_columns`].
///
/// # Panics
/// In a debug build, where other columns stand there.
pub fn checked<M: FromColumns>(row: &QueryResult, first: usize) -> Result<M, DbErr> {
    #[cfg(debug_assertions)]
    for (name, column) in row.column_names().iter().skip(first).zip(M::COLUMNS) {
        // SeaORM writes `A_` and `B_` before the columns of two tables.
        let bare = name.strip_prefix("A_").or(name.strip_prefix("B_")).unwrap_or(name);
        assert_eq!(bare, *column, "the columns stand in another order");
    }
    M::from_columns(row, first)
}

/// The value at `place`.
///
/// # Errors
/// Where there is none, or another.
pub fn required<T: TryGetable>(row: &QueryResult, place: usize) -> Result<T, DbErr> {
    row.try_get_by(place)
}

/// The value at `place`, none where it is NULL.
///
/// # Errors
/// Where there is another.
pub fn optional<T: TryGetable>(row: &QueryResult, place: usize) -> Result<Option<T>, DbErr> {
    let is_null = match (row.try_as_pg_row(), row.try_as_sqlite_row()) {
        (Some(row), _) => row.try_get_raw(place).map(|value| value.is_null()),
        (_, Some(row)) => row.try_get_raw(place).map(|value| value.is_null()),
        _ => Ok(false),
    };
    if is_null.map_err(unread)? { Ok(None) } else { required(row, place).map(Some) }
}

fn unread(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}
