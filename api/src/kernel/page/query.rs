//! A list in SQL: a page of it, and its count.
//!
//! Most lists are one query ([`Rows::One`]). Two kinds aren't, since no index has their rows in the order of the list:
//!
//! - **Several queries together** ([`Rows::Parts`]), each of which has an index that does. Each is read no further than
//!   the page needs, and the page is made of what came.
//! - **What a search finds** ([`Rows::Found`]). A frequent word is found by going through the list: its page is full soon.
//!   A rare one isn't, and the index of words has few rows of it, which are cheaply sorted. Which of the two it is, the
//!   database can only guess; so the page is looked for among the rows that come next, [`NEAR`] for each that is wanted,
//!   and where these don't fill it, the index of words is asked. Of what it has, the places alone are sorted; rows are
//!   read for the page.

use std::sync::Arc;

use ::entity::row::FromColumns;
use sea_orm::{
    ConnectionTrait, DbBackend, EntityTrait, QueryTrait, Select,
    sea_query::{Asterisk, Expr, ExprTrait, Func, SelectStatement, UnionType},
};

use super::{args::Window, connection::COUNTED, order::Keys};
use crate::kernel::{
    db::Conn,
    error::{Error, Result},
    rows,
};

/// How many rows are looked through for each of a page, before the index of words is asked.
const NEAR: u64 = 500;

/// The rows of a list.
pub(super) enum Rows<E: EntityTrait> {
    /// Those of a query.
    One(Select<E>),
    /// Those of several, which share none.
    Parts(Vec<Select<E>>),
    /// Those of a query that a search finds.
    Found(Select<E>, Box<Search>),
}

/// What a search finds, said twice.
#[derive(Clone, Debug)]
pub struct Search {
    /// Whether a row is one, seen by itself.
    pub row: Expr,
    /// The same, as an index answers it.
    pub index: Expr,
}

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
    bound(query, keys, window, backend);
    query.clear_order_by();
    keys.sort(query, table, window.is_backward, backend);
    query.limit(window.limit + 1);
}

fn bound(query: &mut SelectStatement, keys: &Keys, window: &Window, backend: DbBackend) {
    if let Some(after) = &window.after {
        query.and_where(keys.beyond(after, false, backend));
    }
    if let Some(before) = &window.before {
        query.and_where(keys.beyond(before, true, backend));
    }
}

/// The rows of a page.
pub(super) async fn fetch<E: EntityTrait<Model: FromColumns>>(
    rows: &Rows<E>,
    keys: &Keys,
    window: &Window,
    db: &Conn,
) -> Result<Slice<E::Model>> {
    let table = sea_orm::IdenStatic::as_str(&E::default());
    let backend = db.get_database_backend();
    match rows {
        Rows::One(select) => fetch_one(select.clone(), keys, window, db).await,
        Rows::Parts(parts) => {
            let parts = parts.iter().map(|part| {
                let mut part = part.clone().into_query();
                narrow(&mut part, table, keys, window, backend);
                part
            });
            match union(parts, table) {
                Some(union) => fetch_one(over::<E>(union), keys, window, db).await,
                None => Ok(Slice::default()),
            }
        }
        Rows::Found(select, search) => {
            // Of the list without its filter: one that lets little through would have the whole list gone through.
            let mut walk = E::find().into_query();
            bound(&mut walk, keys, window, backend);
            keys.sort(&mut walk, table, window.is_backward, backend);
            walk.limit(NEAR * (window.limit + 1));
            let mut near = select.clone();
            let query = QueryTrait::query(&mut near);
            query.from_clear().from_subquery(walk, E::default()).and_where(search.row.clone());
            let slice = fetch_one(near, keys, window, db).await?;
            if slice.has_more {
                return Ok(slice);
            }
            fetch_one(indexed(select, search, keys, window, backend), keys, window, db).await
        }
    }
}

async fn fetch_one<E: EntityTrait<Model: FromColumns>>(
    mut select: Select<E>,
    keys: &Keys,
    window: &Window,
    db: &Conn,
) -> Result<Slice<E::Model>> {
    let backend = db.get_database_backend();
    narrow(QueryTrait::query(&mut select), sea_orm::IdenStatic::as_str(&E::default()), keys, window, backend);
    let rows = rows::all(select, db).await?.into_iter().map(Arc::new).collect();
    Ok(Slice::of(rows, window))
}

/// The rows of several queries of `table`. Each is one of its own within, so that it may be sorted and limited.
fn union(parts: impl IntoIterator<Item = SelectStatement>, table: &'static str) -> Option<SelectStatement> {
    let each = parts.into_iter().map(|part| {
        let mut each = SelectStatement::new();
        each.column(Asterisk).from_subquery(part, table);
        each
    });
    each.reduce(|mut all, part| all.union(UnionType::All, part).take())
}

/// A query of entities whose rows come from `rows`.
fn over<E: EntityTrait>(rows: SelectStatement) -> Select<E> {
    let mut select = E::find();
    QueryTrait::query(&mut select).from_clear().from_subquery(rows, E::default());
    select
}

/// The rows of a page of what `search` finds. Which they are is sorted by expressions that no index has: the database is
/// to find all of them by its words, not to go through the list.
pub(super) fn indexed<E: EntityTrait>(
    select: &Select<E>,
    search: &Search,
    keys: &Keys,
    window: &Window,
    backend: DbBackend,
) -> Select<E> {
    let table = sea_orm::IdenStatic::as_str(&E::default());
    let mut found = select.clone().into_query();
    found.and_where(search.index.clone());
    bound(&mut found, keys, window, backend);
    found.clear_order_by();
    keys.sort_apart(&mut found, table, window.is_backward, backend);
    found.limit(window.limit + 1);
    let mut page = E::find();
    let is_found = match keys.columns().last() {
        Some(id) => id.expr().in_subquery(found.clear_selects().expr(id.expr()).take()),
        None => Expr::val(false),
    };
    QueryTrait::query(&mut page).and_where(is_found);
    page
}

/// How many rows there are, up to one more than is counted.
pub(super) async fn count<E: EntityTrait>(rows: &Rows<E>, db: &Conn) -> Result<u64> {
    let rows = match rows {
        Rows::One(select) => select.clone().into_query(),
        Rows::Parts(parts) => {
            let parts = parts.iter().map(|part| up_to_count(part.clone().into_query()));
            match union(parts, sea_orm::IdenStatic::as_str(&E::default())) {
                Some(union) => SelectStatement::new().from_subquery(union, E::default()).take(),
                None => return Ok(0),
            }
        }
        Rows::Found(select, search) => select.clone().into_query().and_where(search.index.clone()).take(),
    };
    let mut query = SelectStatement::new();
    query.expr_as(Func::count(Expr::col(Asterisk)), "n").from_subquery(up_to_count(rows), "rows");
    let row = db.query_one_raw(db.get_database_backend().build(&query)).await?;
    let count: i64 = row.ok_or_else(|| Error::internal("a count came back empty"))?.try_get("", "n")?;
    Ok(count.unsigned_abs())
}

/// The rows of a query, without what is in them and no more than are counted.
pub(super) fn up_to_count(mut rows: SelectStatement) -> SelectStatement {
    rows.clear_selects().clear_order_by().expr(Expr::cust("1")).limit(COUNTED + 1);
    rows
}
