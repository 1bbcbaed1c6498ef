//! How a list is sorted, and the place of a row in it.
//!
//! An order is one column or more, then always the id in the direction of the last: no two rows share a place, so a
//! place says exactly what comes after it, whichever rows have come or gone meanwhile. The columns are NOT NULL: NULL
//! has no place. Where all directions agree the condition is one comparison of row values, `(a, id) < (x, y)`, which
//! an index over `(a, id)` answers by itself.

use async_graphql::Enum;
use sea_orm::{
    DbBackend, EntityTrait, Iterable, ModelTrait, PrimaryKeyToColumn,
    sea_query::{self, Expr, ExprTrait, Func, SelectStatement},
};

use super::column::{Column, Datum};
use crate::kernel::error::Result;

/// Which end comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum)]
#[graphql(name = "OrderDirection")]
pub enum Direction {
    /// The least first: oldest, lowest, A before Z.
    Asc,
    /// The greatest first: newest, highest, Z before A.
    #[default]
    Desc,
}

impl Direction {
    fn reversed(self) -> Self {
        match self {
            Self::Asc => Self::Desc,
            Self::Desc => Self::Asc,
        }
    }

    fn reversed_if(self, is_reversed: bool) -> Self {
        if is_reversed { self.reversed() } else { self }
    }
}

/// How a list is sorted: by these columns, then by id in the direction of the last.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Order(Vec<(Column, Direction)>);

/// The place of a row: its values in the columns of the order, and its id.
pub(super) type Place = Vec<Datum>;

impl Order {
    /// By `column`, which is NOT NULL.
    pub fn by(column: impl Into<Column>, direction: Direction) -> Self {
        Self(vec![(column.into(), direction)])
    }

    /// By `column`, the least first.
    pub fn asc(column: impl Into<Column>) -> Self {
        Self::by(column, Direction::Asc)
    }

    /// By `column`, the greatest first.
    pub fn desc(column: impl Into<Column>) -> Self {
        Self::by(column, Direction::Desc)
    }

    /// And by `column`, which is NOT NULL, where the columns before agree.
    pub fn then(mut self, column: impl Into<Column>, direction: Direction) -> Self {
        self.0.push((column.into(), direction));
        self
    }

    /// Its name in cursors: `created_at-`.
    pub(super) fn name(&self) -> String {
        let sign = |direction: &Direction| if *direction == Direction::Asc { '+' } else { '-' };
        self.0.iter().map(|(column, direction)| format!("{}{}", column.name, sign(direction))).collect()
    }

    /// The columns with the id of `E`, which makes them a place.
    pub(super) fn of<E: EntityTrait>(&self) -> Keys {
        let mut keys = self.0.clone();
        let direction = keys.last().map_or(Direction::default(), |(_, direction)| *direction);
        // Every stored object has one key column, its id.
        if let Some(id) = E::PrimaryKey::iter().next() {
            let id = Column::from(id.into_column());
            keys.retain(|(column, _)| *column != id);
            keys.push((id, direction));
        }
        Keys(keys)
    }
}

/// An order that is total.
#[derive(Clone, Debug)]
pub(super) struct Keys(Vec<(Column, Direction)>);

impl Keys {
    /// The columns, the id last.
    pub(super) fn columns(&self) -> impl ExactSizeIterator<Item = Column> + '_ {
        self.0.iter().map(|(column, _)| *column)
    }

    /// The place of a row.
    pub(super) fn place_of<M: ModelTrait>(&self, row: &M) -> Result<Place> {
        self.columns().map(|column| column.value_in(row)).collect()
    }

    /// Sorts a query, the other way round where `is_backward`. `table` is what the query calls the table.
    pub(super) fn sort(
        &self,
        query: &mut SelectStatement,
        table: &'static str,
        is_backward: bool,
        backend: DbBackend,
    ) {
        self.sort_by(query, is_backward, |column| column.ordered_of(table, backend));
    }

    /// The same by expressions that no index has. A row's keys are NOT NULL, so that each is what it is without NULLs.
    pub(super) fn sort_apart(
        &self,
        query: &mut SelectStatement,
        table: &'static str,
        is_backward: bool,
        backend: DbBackend,
    ) {
        self.sort_by(query, is_backward, |column| {
            let key = column.ordered_of(table, backend);
            Func::coalesce([key.clone(), key]).into()
        });
    }

    fn sort_by(&self, query: &mut SelectStatement, is_backward: bool, key: impl Fn(Column) -> Expr) {
        for (column, direction) in &self.0 {
            let direction = match direction.reversed_if(is_backward) {
                Direction::Asc => sea_query::Order::Asc,
                Direction::Desc => sea_query::Order::Desc,
            };
            query.order_by_expr(key(*column), direction);
        }
    }

    /// The rows after `place`, or before it where `is_before`.
    pub(super) fn beyond(&self, place: &[Datum], is_before: bool, backend: DbBackend) -> Expr {
        let parts: Vec<Part> = self
            .0
            .iter()
            .zip(place)
            .map(|((column, direction), value)| Part {
                column: column.ordered(backend),
                value: value.expr(),
                direction: direction.reversed_if(is_before),
            })
            .collect();
        let Some(first) = parts.first() else { return Expr::cust("1 = 1") };
        if parts.iter().all(|part| part.direction == first.direction) {
            let columns = Expr::tuple(parts.iter().map(|part| part.column.clone()));
            let values = Expr::tuple(parts.iter().map(|part| part.value.clone()));
            return compare(columns, values, first.direction);
        }
        // a < x OR (a = x AND b > y) OR …, and a bound that the first column's index can begin with.
        let mut any = Vec::with_capacity(parts.len());
        for (i, part) in parts.iter().enumerate() {
            let agree = parts[..i].iter().map(|before| before.column.clone().eq(before.value.clone()));
            let differs = compare(part.column.clone(), part.value.clone(), part.direction);
            any.extend(agree.chain([differs]).reduce(ExprTrait::and));
        }
        let bound = match first.direction {
            Direction::Asc => first.column.clone().gte(first.value.clone()),
            Direction::Desc => first.column.clone().lte(first.value.clone()),
        };
        any.into_iter().reduce(ExprTrait::or).map_or(bound.clone(), |any| bound.and(any))
    }
}

struct Part {
    column: Expr,
    value: Expr,
    direction: Direction,
}

fn compare(columns: Expr, values: Expr, direction: Direction) -> Expr {
    match direction {
        Direction::Asc => columns.gt(values),
        Direction::Desc => columns.lt(values),
    }
}

/// Declares what a list can be ordered by: the enum of the fields and the input. The first field, newest or greatest
/// first, is its `Default`.
///
/// ```text
/// page::order! {
///     /// How incidents are sorted.
///     pub IncidentOrder by
///     /// What incidents can be sorted by.
///     IncidentOrderField {
///         /// When it was opened.
///         CreatedAt => incident::Column::CreatedAt,
///         /// How bad it is.
///         Severity => incident::Column::Severity,
///     }
/// }
/// ```
macro_rules! order {
    (
        $(#[$doc:meta])* pub $order:ident by
        $(#[$field_doc:meta])* $field:ident {
            $(#[$first_doc:meta])* $first:ident => $first_column:expr
            $(, $(#[$other_doc:meta])* $other:ident => $other_column:expr)* $(,)?
        }
    ) => {
        $(#[$field_doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, async_graphql::Enum)]
        pub enum $field {
            $(#[$first_doc])*
            #[default]
            $first,
            $($(#[$other_doc])* $other,)*
        }

        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, async_graphql::InputObject)]
        pub struct $order {
            /// The field to sort by. Equal ones are sorted by id.
            pub field: $field,
            /// Which end comes first.
            #[graphql(default)]
            pub direction: $crate::kernel::page::Direction,
        }

        impl From<$order> for $crate::kernel::page::Order {
            fn from(order: $order) -> Self {
                let column: $crate::kernel::page::Column = match order.field {
                    $field::$first => $first_column.into(),
                    $($field::$other => $other_column.into(),)*
                };
                Self::by(column, order.direction)
            }
        }

        impl From<Option<$order>> for $crate::kernel::page::Order {
            fn from(order: Option<$order>) -> Self {
                order.unwrap_or_default().into()
            }
        }
    };
}
pub(crate) use order;
