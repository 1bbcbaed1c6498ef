//! A list in SQL: a page of it, and its count.

use std::sync::Arc;

use ::entity::row::FromColumns;
use sea_orm::{
    ConnectionTrait, DbBackend, EntityTrait, QueryTrait, Select,
    sea_query::{Asterisk, Expr, Func, SelectStatement},
};

use super::{args::Window, connection::COUNTED, order::Keys};
use crate::kernel::{
    db::Conn,
    error::{Error, Result},
    rows,
};

/// The rows of a page in the order of the list.
#[derive(Clone, Debug)]
pub(super) struct Slice<R> {
    pub(super) rows: Vec<Arc<R>>,
    /// Whether there is more in the direction of paging.
    pub(super) has_more: bool,
}

impl<R> Default for Slice<R> {
    fn default() -> Self {
        Self { rows: Vec::new(), has_more: false }
    }
}

impl<R> Slice<R> {
    /// The page of `window` from the rows that [`narrow`] let through.
    pub(super) fn of(mut rows: Vec<Arc<R>>, window: &Window) -> Self {
        let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        if window.is_backward {
            rows.reverse();
        }
        Self { rows, has_more }
    }
}

/// Narrows a query of `table` to the rows of `window` and one more, which tells whether there is more. A window from
/// the end of the list comes the other way round.
pub(super) fn narrow(
    query: &mut SelectStatement,
    table: &'static str,
    keys: &Keys,
    window: &Window,
    backend: DbBackend,
) {
    if let Some(after) = &window.after {
        query.and_where(keys.beyond(after, false, backend));
    }
    if let Some(before) = &window.before {
        query.and_where(keys.beyond(before, true, backend));
    }
    query.clear_order_by();
    keys.sort(query, table, window.is_backward, backend);
    query.limit(window.limit + 1);
}

/// The rows of a page.
pub(super) async fn fetch<E: EntityTrait<Model: FromColumns>>(
    mut select: Select<E>,
    keys: &Keys,
    window: &Window,
    db: &Conn,
) -> Result<Slice<E::Model>> {
    let table = sea_orm::IdenStatic::as_str(&E::default());
    narrow(QueryTrait::query(&mut select), table, keys, window, db.get_database_backend());
    let rows = rows::all(select, db).await?.into_iter().map(Arc::new).collect();
    Ok(Slice::of(rows, window))
}

/// How many rows there are, up to one more than is counted.
pub(super) async fn count<E: EntityTrait>(select: Select<E>, db: &Conn) -> Result<u64> {
    let mut query = SelectStatement::new();
    query
        .expr_as(Func::count(Expr::col(Asterisk)), "n")
        .from_subquery(up_to_count(select.into_query()), "rows");
    let row = db.query_one_raw(db.get_database_backend().build(&query)).await?;
    let count: i64 = row.ok_or_else(|| Error::internal("a count came back empty"))?.try_get("", "n")?;
    Ok(count.unsigned_abs())
}

/// The rows of a query, without what is in them and no more than are counted.
pub(super) fn up_to_count(mut rows: SelectStatement) -> SelectStatement {
    rows.clear_selects().clear_order_by().expr(Expr::cust("1")).limit(COUNTED + 1);
    rows
}
