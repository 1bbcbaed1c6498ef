//! Connections as Relay specifies them, one generic type for every list.
//!
//! A [`Listing`] holds a query, not rows: `edges`, `nodes` and `pageInfo` run it once between them, `totalCount`
//! and `isTotalCountExact` share one count, and what isn't selected isn't read, by whatever fragment it was left out.
//!
//! In `pageInfo` the direction of paging is exact: one row more than asked for is fetched. The other direction costs
//! nothing and is told by the cursor: whoever came from `after` has something behind them.

use std::{borrow::Cow, sync::Arc};

use ::entity::row::FromColumns;
use async_graphql::{Context, OutputType, SimpleObject, TypeName};
use sea_orm::{EntityTrait, ModelTrait};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{
    args::Window,
    batch::{ChildCounts, ChildPages, Family},
    cursor::Cursor,
    order::Order,
    query::{self, Rows, Slice},
};
use crate::kernel::{
    eager::{Eager, EagerList},
    error::{Error, Result},
    object::Stored,
    request::RequestExt,
};

/// Rows are counted up to this many.
pub(super) const COUNTED: u64 = 10_000;

/// A stored object whose row is an entity's, so that lists of it can be queried. Every such object is one.
pub trait Listed: Stored<Row = <<Self as Listed>::Entity as EntityTrait>::Model> {
    /// The entity.
    type Entity: EntityTrait<Model: FromColumns + Sync>;
}

impl<T: Stored> Listed for T
where
    T::Row: ModelTrait + FromColumns,
    <T::Row as ModelTrait>::Entity: EntityTrait<Model = T::Row>,
{
    type Entity = <T::Row as ModelTrait>::Entity;
}

/// A list as clients see it.
pub type Connection<T> = Eager<Listing<T>>;

/// A page of a list, and what else may be asked of the list.
pub struct Listing<T: Listed> {
    name: &'static str,
    order: Order,
    window: Window,
    source: Source<T>,
    slice: OnceCell<Arc<Slice<T::Row>>>,
    count: OnceCell<u64>,
}

pub(super) enum Source<T: Listed> {
    /// A list by itself.
    List(Box<Rows<T::Entity>>),
    /// What belongs to one parent among several.
    Children(Uuid, Arc<Family>),
}

impl<T: Listed> Listing<T> {
    pub(super) fn new(name: &'static str, order: Order, window: Window, source: Source<T>) -> Self {
        Self { name, order, window, source, slice: OnceCell::new(), count: OnceCell::new() }
    }

    async fn slice(&self, ctx: &Context<'_>) -> Result<&Slice<T::Row>> {
        let slice = self.slice.get_or_try_init(async || {
            let loaders = ctx.request().loaders();
            match &self.source {
                Source::List(rows) => {
                    let keys = self.order.of::<T::Entity>();
                    // Boxed, as the lists below fifty parents, which don't come here, have room for it too.
                    let rows = query::fetch(rows, &keys, &self.window, loaders.conn());
                    let slice = Box::pin(rows).await?;
                    loaders.prime::<T::ById>(slice.rows.iter().map(|row| (T::id_of(row), row.clone())));
                    Ok(Arc::new(slice))
                }
                Source::Children(parent, family) => {
                    let slice = loaders.one::<ChildPages<T>>((*parent, family.clone())).await?;
                    Ok::<_, Error>(slice.unwrap_or_default())
                }
            }
        });
        slice.await.map(|slice| &**slice)
    }

    async fn count(&self, ctx: &Context<'_>) -> Result<u64> {
        let count = self.count.get_or_try_init(async || {
            let loaders = ctx.request().loaders();
            match &self.source {
                Source::List(rows) => Box::pin(query::count(rows, loaders.conn())).await,
                Source::Children(parent, family) => {
                    let key = (*parent, family.children.clone());
                    Ok(loaders.one::<ChildCounts<T>>(key).await?.unwrap_or_default())
                }
            }
        });
        count.await.copied()
    }

    fn cursor_of(&self, row: &T::Row) -> Result<Cursor> {
        let place = self.order.of::<T::Entity>().place_of(row)?;
        Ok(Cursor::new(self.name, &self.order, &place))
    }
}

impl<T: Listed> TypeName for Listing<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", <T as OutputType>::type_name()).into()
    }
}

/// A page of a list.
#[macros::object(name_type)]
impl<T: Listed> Listing<T> {
    /// The objects of the page, each with its cursor.
    async fn edges(&self, ctx: &Context<'_>) -> async_graphql::Result<EagerList<Edge<T>>> {
        let rows = &self.slice(ctx).await?.rows;
        let edges = rows
            .iter()
            .map(|row| Ok(Edge { cursor: self.cursor_of(row)?, row: row.clone() }))
            .collect::<Result<_>>()?;
        Ok(EagerList(edges))
    }

    /// The objects of the page, where their cursors aren't needed.
    async fn nodes(&self, ctx: &Context<'_>) -> async_graphql::Result<EagerList<T>> {
        Ok(EagerList(self.slice(ctx).await?.rows.iter().cloned().map(T::of).collect()))
    }

    /// Where the page begins and ends, and whether there is more.
    async fn page_info(&self, ctx: &Context<'_>) -> async_graphql::Result<PageInfo> {
        let slice = self.slice(ctx).await?;
        let cursor_of = |row: Option<&Arc<T::Row>>| row.map(|row| self.cursor_of(row)).transpose();
        let window = &self.window;
        Ok(PageInfo {
            has_next_page: if window.is_backward { window.before.is_some() } else { slice.has_more },
            has_previous_page: if window.is_backward { slice.has_more } else { window.after.is_some() },
            start_cursor: cursor_of(slice.rows.first())?,
            end_cursor: cursor_of(slice.rows.last())?,
        })
    }

    /// How many there are in the whole list. Counted only where selected, and only up to 10,000.
    async fn total_count(&self, ctx: &Context<'_>) -> async_graphql::Result<u64> {
        Ok(self.count(ctx).await?.min(COUNTED))
    }

    /// Whether `totalCount` is the whole truth: false where there are more than 10,000.
    async fn is_total_count_exact(&self, ctx: &Context<'_>) -> async_graphql::Result<bool> {
        Ok(self.count(ctx).await? <= COUNTED)
    }
}

/// One object of a page, with its place.
pub struct Edge<T: Listed> {
    cursor: Cursor,
    row: Arc<T::Row>,
}

impl<T: Listed> TypeName for Edge<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", <T as OutputType>::type_name()).into()
    }
}

/// One object of a page, with its place in the list.
#[macros::object(name_type)]
impl<T: Listed> Edge<T> {
    /// The place, for `after` and `before`.
    async fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// The object.
    async fn node(&self) -> Eager<T> {
        Eager(T::of(self.row.clone()))
    }
}

/// Where a page begins and ends, and whether there is more.
#[derive(Clone, Debug, SimpleObject)]
pub struct PageInfo {
    /// Whether more follows. Exact when paging forward; when paging backward, whether `before` was given.
    pub has_next_page: bool,
    /// Whether more precedes. Exact when paging backward; when paging forward, whether `after` was given.
    pub has_previous_page: bool,
    /// The place of the page's first object; null where the page is empty.
    pub start_cursor: Option<Cursor>,
    /// The place of the page's last object; null where the page is empty.
    pub end_cursor: Option<Cursor>,
}
