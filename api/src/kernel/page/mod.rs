//! Lists: pages with cursors, typed filters, orders, search, and lists below a parent.
//!
//! A list is a [`Predicate`] (which rows) and an [`Order`] (in which sequence) over a table. Clients write the first as
//! a [`Filter`] that `filter!` declares and the second as an input that `order!` declares; they page through it
//! with [`Args`] and get a [`Connection`]. [`list`] is a list by itself, [`children`] one below an object, loaded for
//! all objects of a page at once. A page costs one statement, and so does each list below it, whatever the lengths.
//!
//! The same [`Predicate`] filters subscriptions, in memory over the state that an event recorded.

mod args;
mod batch;
mod column;
mod connection;
mod cursor;
mod filter;
mod operators;
mod order;
mod predicate;
mod query;
mod search;
mod seek;
#[cfg(test)]
mod tests;
mod walk;

use async_graphql::Context;
use sea_orm::{EntityTrait, QueryTrait, Select};
use uuid::Uuid;

pub use self::{
    args::{Args, DEFAULT, MAX},
    batch::Children,
    column::{Column, Datum, Kind, Word, camel},
    connection::{Connection, Edge, Listed, Listing, PageInfo},
    cursor::Cursor,
    filter::{Filter, Ids, Subject},
    operators::{BooleanFilter, DateTimeFilter, EnumFilter, IdFilter, IntFilter, Operators, StringFilter},
    order::{Direction, Order},
    predicate::{Field, Items, Predicate, Test},
    query::Search,
    search::{search, words},
    seek::{Made, seek},
    walk::Walk,
};
use self::{batch::Family, connection::Source, query::Rows};
pub(crate) use self::{filter::filter, order::order};
use super::{eager::Eager, error::Result, guard::check_read, request::RequestExt};

/// A list by itself.
pub struct List<E: EntityTrait> {
    /// Its name in cursors: that of the field, `incidents`.
    pub name: &'static str,
    /// The rows that the caller may see.
    pub rows: Select<E>,
    /// Which of them they ask for.
    pub predicate: Predicate,
    /// How they are sorted.
    pub order: Order,
}

/// A page of a list of `T`s.
///
/// # Errors
/// FORBIDDEN where the caller may not read `T`s; BAD_USER_INPUT where `args` aren't what a page takes.
pub async fn list<T: Listed>(ctx: &Context<'_>, list: List<T::Entity>, args: Args) -> Result<Connection<T>> {
    let rows = Rows::One(list.filtered(ctx));
    listing(ctx, list.name, list.order, rows, args).await
}

/// A page of those `T`s of a list that a search finds.
///
/// # Errors
/// As [`list`].
pub async fn found<T: Listed>(
    ctx: &Context<'_>,
    list: List<T::Entity>,
    search: Search,
    args: Args,
) -> Result<Connection<T>> {
    let rows = Rows::Found(list.filtered(ctx), Box::new(search));
    listing(ctx, list.name, list.order, rows, args).await
}

/// A page of the `T`s that several queries have together. No two share a row, and an index has the rows of each in the
/// order of the list.
///
/// # Errors
/// As [`list`].
pub async fn together<T: Listed>(
    ctx: &Context<'_>,
    name: &'static str,
    parts: Vec<Select<T::Entity>>,
    order: Order,
    args: Args,
) -> Result<Connection<T>> {
    listing(ctx, name, order, Rows::Parts(parts), args).await
}

impl<E: EntityTrait> List<E> {
    fn filtered(&self, ctx: &Context<'_>) -> Select<E> {
        let mut rows = self.rows.clone();
        let condition = self.predicate.condition(ctx.request().kernel().db().backend());
        QueryTrait::query(&mut rows).and_where(condition);
        rows
    }
}

async fn listing<T: Listed>(
    ctx: &Context<'_>,
    name: &'static str,
    order: Order,
    rows: Rows<T::Entity>,
    args: Args,
) -> Result<Connection<T>> {
    check_read(ctx, T::READ).await?;
    let window = args.window::<T::Entity>(name, &order)?;
    Ok(Eager(Listing::new(name, order, window, Source::List(Box::new(rows)))))
}

/// The same rows, where whoever asks for those of an organization in `column` asks for those of what was merged into it,
/// too: a merge leaves as it is what is append-only.
pub fn with_merged(ctx: &Context<'_>, column: impl Into<Field>, predicate: Predicate) -> Predicate {
    let rights = ctx.request().kernel().rights().last();
    predicate.with_merged(&column.into(), &|organization| rights.boundary(organization))
}

/// A page of the `T`s that belong to `parent`. Those of all parents that ask in the same turn are one statement.
///
/// # Errors
/// As [`list`].
pub async fn children<T: Listed>(
    ctx: &Context<'_>,
    parent: Uuid,
    children: Children,
    args: Args,
) -> Result<Connection<T>> {
    check_read(ctx, T::READ).await?;
    let window = args.window::<T::Entity>(children.name, &children.order)?;
    let (name, order) = (children.name, children.order.clone());
    let family = Family::new(children, window.clone());
    Ok(Eager(Listing::new(name, order, window, Source::Children(parent, family))))
}
