//! Rows, read by the places of their columns.
//!
//! SeaORM looks each column up by its name, in each row, and writes a message for each NULL before it takes it for
//! `None`: half of what reading a page of incidents took. Where a statement selects the columns of a model in their
//! order, as `Entity::find()` does, the places are known. A debug build compares the names nevertheless.

pub use macros::FromColumns;
use sea_orm::{
    ActiveEnum, DbErr, FromQueryResult, QueryResult, RuntimeErr, TryGetable,
    sqlx::{self, Decode, Postgres, Row as _, Sqlite, Type, ValueRef as _},
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

/// A value that the drivers read themselves.
pub trait Plain<'r>: OfPostgres<'r> + OfSqlite<'r> {}
impl<'r, T: OfPostgres<'r> + OfSqlite<'r>> Plain<'r> for T {}

/// One that PostgreSQL's driver reads.
pub trait OfPostgres<'r>: Decode<'r, Postgres> + Type<Postgres> {}
impl<'r, T: Decode<'r, Postgres> + Type<Postgres>> OfPostgres<'r> for T {}

/// One that SQLite's driver reads.
pub trait OfSqlite<'r>: Decode<'r, Sqlite> + Type<Sqlite> {}
impl<'r, T: Decode<'r, Sqlite> + Type<Sqlite>> OfSqlite<'r> for T {}

/// An enum that is kept as a plain value.
pub trait Coded: ActiveEnum<Value: for<'r> Plain<'r>> {}
impl<T: ActiveEnum<Value: for<'r> Plain<'r>>> Coded for T {}

/// The value at `place`, whose type is a plain one. That the column is of that type is compared by a debug build alone:
/// the migrations' tests hold each table against its entity, and the comparison took longer than the reading.
///
/// # Errors
/// Where there is none, or another.
pub fn plain<'r, T: Plain<'r>>(row: &'r QueryResult, place: usize) -> Result<T, DbErr> {
    let value = match (row.try_as_pg_row(), row.try_as_sqlite_row()) {
        (Some(row), _) if cfg!(debug_assertions) => row.try_get(place),
        (_, Some(row)) if cfg!(debug_assertions) => row.try_get(place),
        (Some(row), _) => row.try_get_unchecked(place),
        (_, Some(row)) => row.try_get_unchecked(place),
        _ => Err(sqlx::Error::ColumnIndexOutOfBounds { index: place, len: 0 }),
    };
    value.map_err(unread)
}

/// The value at `place`, whose type is an enum that is kept as a plain value.
///
/// # Errors
/// Where there is none, or another.
pub fn coded<T: Coded>(row: &QueryResult, place: usize) -> Result<T, DbErr> {
    T::try_from_value(&plain(row, place)?)
}

/// The same, none where it is NULL.
///
/// # Errors
/// Where there is another.
pub fn perhaps_coded<T: Coded>(row: &QueryResult, place: usize) -> Result<Option<T>, DbErr> {
    plain::<Option<T::Value>>(row, place)?.map(|code| T::try_from_value(&code)).transpose()
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
