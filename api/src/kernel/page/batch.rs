//! Connections below a parent: the timelines of fifty incidents in one statement.
//!
//! Every parent's page is limited by itself, so an index over (parent, order) answers it and nobody's ten thousand
//! children are read for five. PostgreSQL says that with a lateral join; SQLite has none, and joins the ids that a
//! correlated subquery picks. Either takes the parents as one bound value, so the statement is the same for any number
//! of them. The difference stands in [`Wanted`] and [`pages`].

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, Hasher},
    marker::PhantomData,
    ops::Deref,
    sync::Arc,
};

use ::entity::row::Placed;
use foldhash::fast::{FixedState, RandomState};
use sea_orm::{
    ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, Iterable, JoinType, PrimaryKeyToColumn,
    QueryTrait, Statement,
    sea_query::{Asterisk, Condition, Expr, ExprTrait, Func, SelectStatement},
};
use uuid::Uuid;

use super::{
    args::Window,
    column::{Column, Datum},
    connection::Listed,
    order::Order,
    predicate::Predicate,
    query::{Slice, narrow, up_to_count},
};
use crate::kernel::{
    error::{Error, Result},
    loader::{Load, Source},
    rows::{WANTED, Wanted},
};

/// What belongs to an object, as a list: an incident's timeline.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Children {
    /// The list's name in cursors: `incident.timeline`.
    pub name: &'static str,
    /// The children's reference to their parent. An index over it and the order keeps the list cheap.
    pub parent: Column,
    /// Which of them the caller sees, and asked for.
    pub predicate: Predicate,
    /// How they are sorted.
    pub order: Order,
}

/// Children that are asked for alike: what their statement is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Family {
    pub(super) children: Arc<Hashed<Children>>,
    pub(super) window: Window,
}

impl Family {
    pub(super) fn new(children: Children, window: Window) -> Arc<Self> {
        Arc::new(Self { children: Arc::new(Hashed::new(children)), window })
    }
}

/// A value that is hashed once: it is a key in half a dozen maps on its way to a batch and back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hashed<T> {
    hash: u64,
    value: T,
}

impl<T: Hash> Hashed<T> {
    fn new(value: T) -> Self {
        Self { hash: FixedState::default().hash_one(&value), value }
    }
}

impl<T> Hash for Hashed<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl<T> Deref for Hashed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Loads a page of `T`s a parent.
pub(super) struct ChildPages<T>(PhantomData<fn() -> T>);

impl<T: Listed> Load for ChildPages<T> {
    type Key = (Uuid, Arc<Family>);
    type Value = Arc<Slice<T::Row>>;

    async fn load(from: &Source, keys: &[Self::Key]) -> Result<HashMap<Self::Key, Self::Value>> {
        let db = from.db();
        let mut found = HashMap::with_capacity(keys.len());
        for (family, parents) in by_kind(keys) {
            let mut rows = HashMap::<Uuid, Vec<Arc<T::Row>>, RandomState>::default();
            let mut came = Vec::new();
            let statement = pages::<T::Entity>(family, parents, db.get_database_backend());
            for Placed(row) in Placed::<T::Row>::find_by_statement(statement).all(db).await? {
                let row = Arc::new(row);
                came.push((T::id_of(&row), row.clone()));
                let Datum::Uuid(parent) = family.children.parent.value_in(&*row)? else {
                    return Err(Error::internal("the parent's id is no UUID"));
                };
                rows.entry(parent).or_default().push(row);
            }
            from.prime::<T::ById>(came);
            found.extend(
                rows.into_iter().map(|(parent, rows)| {
                    ((parent, family.clone()), Arc::new(Slice::of(rows, &family.window)))
                }),
            );
        }
        Ok(found)
    }
}

/// Counts `T`s by parent.
pub(super) struct ChildCounts<T>(PhantomData<fn() -> T>);

impl<T: Listed> Load for ChildCounts<T> {
    type Key = (Uuid, Arc<Hashed<Children>>);
    type Value = u64;

    async fn load(from: &Source, keys: &[Self::Key]) -> Result<HashMap<Self::Key, Self::Value>> {
        let db = from.db();
        let mut found = HashMap::with_capacity(keys.len());
        for (children, parents) in by_kind(keys) {
            let statement = counts::<T::Entity>(children, parents, db.get_database_backend());
            for row in db.query_all_raw(statement).await? {
                let (parent, count): (Uuid, i64) = (row.try_get("", "parent")?, row.try_get("", "n")?);
                found.insert((parent, children.clone()), count.unsigned_abs());
            }
        }
        Ok(found)
    }
}

/// The parents of each kind of keys: one statement each.
fn by_kind<K: Hash + Eq>(keys: &[(Uuid, K)]) -> HashMap<&K, Vec<Uuid>, RandomState> {
    let mut kinds: HashMap<&K, Vec<Uuid>, RandomState> = HashMap::default();
    for (parent, kind) in keys {
        kinds.entry(kind).or_default().push(*parent);
    }
    kinds
}

/// The rows of one parent, whose id is a column of the statement around.
fn children_of<E: EntityTrait>(parent: Expr, children: &Children, backend: DbBackend) -> SelectStatement {
    let mut rows = E::find().into_query();
    rows.and_where(children.parent.expr().eq(parent)).and_where(children.predicate.condition(backend));
    rows
}

/// A page of each parent, in the order of the list.
pub(super) fn pages<E: EntityTrait>(family: &Family, parents: Vec<Uuid>, backend: DbBackend) -> Statement {
    const PICKED: &str = "picked";
    let Family { children, window } = family;
    let keys = children.order.of::<E>();
    let Wanted { table, id } = Wanted::new(parents, backend);

    let mut picked = children_of::<E>(id, children, backend);
    narrow(&mut picked, children.parent.table, &keys, window, backend);

    let mut query = SelectStatement::new();
    for column in E::Column::iter() {
        query.column((PICKED, column));
    }
    query.from_function(table, WANTED);
    if backend == DbBackend::Postgres {
        query.join_lateral(JoinType::InnerJoin, picked, PICKED, Expr::cust("TRUE"));
    } else if let Some(key) = E::PrimaryKey::iter().next() {
        let key = Column::from(key.into_column());
        picked.clear_selects().expr(key.expr());
        // CROSS is SQLite's way to say that the parents come first, not the whole table.
        query.join_as(JoinType::CrossJoin, children.parent.table, PICKED, Condition::all());
        query.and_where(Expr::col((PICKED, key.name)).in_subquery(picked));
    }
    // The pages are sorted inside; outside it would be by accident.
    keys.sort(&mut query, PICKED, window.is_backward, backend);
    backend.build(&query)
}

/// The count of each parent.
pub(super) fn counts<E: EntityTrait>(
    children: &Children,
    parents: Vec<Uuid>,
    backend: DbBackend,
) -> Statement {
    let Wanted { table, id } = Wanted::new(parents, backend);
    let rows = up_to_count(children_of::<E>(id.clone(), children, backend));
    let mut count = SelectStatement::new();
    count.expr(Func::count(Expr::col(Asterisk))).from_subquery(rows, "rows");
    let mut query = SelectStatement::new();
    query.expr_as(id, "parent").expr_as(count, "n").from_function(table, WANTED);
    backend.build(&query)
}
