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
    search::search,
    seek::{Made, seek},
    walk::Walk,
};
use self::{batch::Family, connection::Source};
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
    check_read(ctx, T::READ).await?;
    let window = args.window::<T::Entity>(list.name, &list.order)?;
    let mut rows = list.rows;
    let condition = list.predicate.condition(ctx.request().kernel().db().backend());
    QueryTrait::query(&mut rows).and_where(condition);
    Ok(Eager(Listing::new(list.name, list.order, window, Source::List(Box::new(rows)))))
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
