//! Which rows: a tree of conditions that is read twice, as SQL and in memory.
//!
//! A list asks the database, a subscription asks the state that an event recorded; both must agree. So both follow
//! SQL's three values: a comparison with NULL is neither true nor false but unknown, NOT leaves unknown as it is, and
//! a row passes where the whole is true.
//!
//! Where the databases would differ, the form that agrees is taken: text is compared by code points, case counts, and
//! no character is a wildcard. A prefix is a range (`p <= x AND x < q`), which an index serves on both.

use std::cmp::Ordering;

use sea_orm::{
    DbBackend,
    sea_query::{BinOper, Expr, ExprTrait, Func, SelectStatement},
};
use serde_json::Value as Json;

use uuid::Uuid;

use super::column::{Column, Datum};
use crate::kernel::actor::Boundary;

/// A condition that rows meet, or don't, or can't be told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Predicate {
    /// Each of these; true where there are none.
    All(Vec<Predicate>),
    /// At least one of these; false where there are none.
    Any(Vec<Predicate>),
    /// The opposite.
    Not(Box<Predicate>),
    /// A column's value passes a test.
    Is(Field, Test),
    /// At least one row of a side table meets the condition, which names no column but the items'.
    Exists(Items, Box<Predicate>),
    /// The word occurs in one of the columns, whatever its case.
    Search(Vec<Column>, String),
}

/// A column, and where its value stands in the state of an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// The name of the GraphQL field.
    pub key: String,
    /// The column.
    pub column: Column,
}

/// What a value is asked for. All but [`Test::IsNull`] are unknown for NULL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// It is this.
    Eq(Datum),
    /// It is less.
    Lt(Datum),
    /// It is less, or this.
    Lte(Datum),
    /// It is greater.
    Gt(Datum),
    /// It is greater, or this.
    Gte(Datum),
    /// It is one of these; false where there are none.
    In(Vec<Datum>),
    /// The text occurs in it.
    Contains(String),
    /// It begins with the text.
    StartsWith(String),
    /// There is none.
    IsNull,
}

/// The values that a row has in a side table: the names of the services that an incident affects, say. In the state
/// of an event they are a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Items {
    /// The name of the GraphQL field.
    pub key: String,
    /// The values, in the side table.
    pub column: Column,
    /// The side table's reference to the row.
    pub owner: Column,
    /// What it refers to.
    pub id: Column,
}

impl Items {
    /// The values of `column` in the rows whose `owner` is the row's `id`.
    pub fn new(column: impl Into<Column>, owner: impl Into<Column>, id: impl Into<Column>) -> Self {
        let column = column.into();
        Self { key: column.key(), column, owner: owner.into(), id: id.into() }
    }

    /// At least one of them meets `predicate`.
    pub fn any(self, predicate: Predicate) -> Predicate {
        Predicate::Exists(self, Box::new(predicate))
    }
}

impl<C: Into<Column>> From<C> for Field {
    fn from(column: C) -> Self {
        let column = column.into();
        Self { key: column.key(), column }
    }
}

impl Default for Predicate {
    /// Every row.
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl Predicate {
    /// The column's value is `value`.
    pub fn eq(column: impl Into<Field>, value: impl Into<Datum>) -> Self {
        Self::Is(column.into(), Test::Eq(value.into()))
    }

    /// The column's value is one of `values`.
    pub fn one_of<V: Into<Datum>>(column: impl Into<Field>, values: impl IntoIterator<Item = V>) -> Self {
        Self::Is(column.into(), Test::In(values.into_iter().map(Into::into).collect()))
    }

    /// The column has no value.
    pub fn is_null(column: impl Into<Field>) -> Self {
        Self::Is(column.into(), Test::IsNull)
    }

    /// The column names an organization within `boundary`.
    pub fn within(column: impl Into<Field>, boundary: &Boundary) -> Self {
        match boundary {
            Boundary::All => Self::default(),
            Boundary::Organizations(ids) => Self::one_of(column, ids.iter().copied()),
        }
    }

    /// The same, where whoever asks for one of the organizations in `column` asks for what was merged into it, too.
    #[must_use]
    pub fn with_merged(self, column: &Field, boundary_of: &impl Fn(Uuid) -> Boundary) -> Self {
        let each = |all: Vec<Self>| all.into_iter().map(|one| one.with_merged(column, boundary_of)).collect();
        match self {
            Self::All(all) => Self::All(each(all)),
            Self::Any(any) => Self::Any(each(any)),
            Self::Not(inner) => Self::Not(Box::new(inner.with_merged(column, boundary_of))),
            Self::Is(field, Test::Eq(Datum::Uuid(id))) if field == *column => match boundary_of(id) {
                Boundary::Organizations(ids) if ids.len() > 1 => Self::one_of(field, ids.iter().copied()),
                _ => Self::eq(field, id),
            },
            Self::Is(field, Test::In(wanted)) if field == *column => {
                let each = |datum: Datum| match datum {
                    Datum::Uuid(id) => match boundary_of(id) {
                        Boundary::Organizations(ids) => ids.iter().copied().map(Datum::Uuid).collect(),
                        Boundary::All => vec![Datum::Uuid(id)],
                    },
                    other => vec![other],
                };
                Self::Is(field, Test::In(wanted.into_iter().flat_map(each).collect()))
            }
            other => other,
        }
    }

    /// Both.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All(all), other) if all.is_empty() => other,
            (one, Self::All(all)) if all.is_empty() => one,
            (Self::All(mut all), other) => {
                all.push(other);
                Self::All(all)
            }
            (one, other) => Self::All(vec![one, other]),
        }
    }

    /// The opposite.
    #[expect(
        clippy::should_implement_trait,
        reason = "it reads as the others, and `!predicate` is easily overlooked"
    )]
    pub fn not(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// The condition in SQL.
    pub fn condition(&self, backend: DbBackend) -> Expr {
        match self {
            Self::All(all) => {
                all.iter().map(|each| each.condition(backend)).reduce(ExprTrait::and).unwrap_or_else(always)
            }
            Self::Any(any) => {
                any.iter().map(|each| each.condition(backend)).reduce(ExprTrait::or).unwrap_or_else(never)
            }
            Self::Not(inner) => inner.condition(backend).not(),
            Self::Is(field, test) => test.condition(field.column, backend),
            Self::Exists(items, inner) => {
                let mut rows = SelectStatement::new();
                rows.expr(Expr::cust("1"))
                    .from(items.column.table)
                    .and_where(items.owner.expr().eq(items.id.expr()))
                    .and_where(inner.condition(backend));
                Expr::exists(rows)
            }
            Self::Search(columns, word) => {
                let pattern = like_pattern(word);
                let occurs = |column: &Column| {
                    let pattern = lower(Expr::val(pattern.as_str()), backend);
                    let pattern = pattern.binary(BinOper::Escape, Expr::Constant('!'.into()));
                    lower(column.expr(), backend).binary(BinOper::Like, pattern)
                };
                columns.iter().map(occurs).reduce(ExprTrait::or).unwrap_or_else(never)
            }
        }
    }

    /// Whether a state meets the condition; none where it can't be told, which doesn't pass.
    ///
    /// `state` is a flat object by the names of the GraphQL fields; what is missing in it is null.
    pub fn matches(&self, state: &Json) -> Option<bool> {
        self.holds(&|key| state.get(key).filter(|value| !value.is_null()))
    }

    fn holds<'a>(&self, value_of: &dyn Fn(&str) -> Option<&'a Json>) -> Option<bool> {
        match self {
            Self::All(all) => conclude(false, all.iter().map(|each| each.holds(value_of))),
            Self::Any(any) => conclude(true, any.iter().map(|each| each.holds(value_of))),
            Self::Not(inner) => inner.holds(value_of).map(|holds| !holds),
            Self::Is(field, test) => test.holds(value_of(&field.key)),
            Self::Exists(items, inner) => {
                let items =
                    value_of(&items.key).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
                let is_met = |item: &Json| inner.holds(&|_| (!item.is_null()).then_some(item)) == Some(true);
                Some(items.iter().any(is_met))
            }
            Self::Search(columns, word) => {
                let word = word.to_lowercase();
                let occurs = |text: &str| text.to_lowercase().contains(&word);
                let texts = columns.iter().map(|column| value_of(&column.key()).and_then(Json::as_str));
                conclude(true, texts.map(|text| text.map(occurs)))
            }
        }
    }
}

impl Test {
    fn condition(&self, column: Column, backend: DbBackend) -> Expr {
        let (plain, ordered) = (column.expr(), column.ordered(backend));
        match self {
            Self::Eq(value) => plain.eq(value.expr()),
            Self::Lt(value) => ordered.lt(value.expr()),
            Self::Lte(value) => ordered.lte(value.expr()),
            Self::Gt(value) => ordered.gt(value.expr()),
            Self::Gte(value) => ordered.gte(value.expr()),
            // Not `x IN ()`: PostgreSQL has no such thing.
            Self::In(values) if values.is_empty() => never(),
            Self::In(values) => plain.is_in(values.iter().map(Datum::expr)),
            Self::Contains(text) => {
                // The place of the first occurrence from 1, or 0. LIKE would ignore the case of ASCII on SQLite.
                let place = if backend == DbBackend::Postgres { "strpos" } else { "instr" };
                Expr::from(Func::cust(place).arg(plain).arg(text.as_str())).gt(0)
            }
            Self::StartsWith(text) => {
                let from = ordered.clone().gte(text.as_str());
                match after_prefix(text) {
                    Some(end) => from.and(ordered.lt(end)),
                    None => from,
                }
            }
            Self::IsNull => plain.is_null(),
        }
    }

    fn holds(&self, value: Option<&Json>) -> Option<bool> {
        let ordering = |datum: &Datum| datum.compare(value?);
        match self {
            Self::Eq(datum) => ordering(datum).map(Ordering::is_eq),
            Self::Lt(datum) => ordering(datum).map(Ordering::is_lt),
            Self::Lte(datum) => ordering(datum).map(Ordering::is_le),
            Self::Gt(datum) => ordering(datum).map(Ordering::is_gt),
            Self::Gte(datum) => ordering(datum).map(Ordering::is_ge),
            Self::In(data) => conclude(true, data.iter().map(|datum| ordering(datum).map(Ordering::is_eq))),
            Self::Contains(text) => value?.as_str().map(|value| value.contains(text.as_str())),
            Self::StartsWith(text) => value?.as_str().map(|value| value.starts_with(text.as_str())),
            Self::IsNull => Some(value.is_none()),
        }
    }
}

/// AND (`decisive` is false) or OR (`decisive` is true) of three values: one that decides, else unknown where one is,
/// else the other.
fn conclude(decisive: bool, values: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut is_unknown = false;
    for value in values {
        match value {
            Some(value) if value == decisive => return Some(decisive),
            Some(_) => {}
            None => is_unknown = true,
        }
    }
    (!is_unknown).then_some(!decisive)
}

fn always() -> Expr {
    Expr::cust("1 = 1")
}

fn never() -> Expr {
    Expr::cust("1 = 0")
}

/// The least text that is greater than every text with this prefix; none where there is no such text.
///
/// UTF-8 sorts as code points do, so it is the prefix with its last character raised by one.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut rest = prefix.to_owned();
    while let Some(last) = rest.pop() {
        let next = match last {
            // The surrogates between are no characters.
            '\u{d7ff}' => Some('\u{e000}'),
            _ => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            rest.push(next);
            return Some(rest);
        }
    }
    None
}

/// In small letters: of all alphabets on PostgreSQL, whatever locale the database was made with (hence ICU's root
/// collation, which every package of the server brings), of ASCII on SQLite.
fn lower(text: impl Into<Expr>, backend: DbBackend) -> Expr {
    let text = text.into();
    Func::lower(match backend {
        DbBackend::Postgres => Expr::cust_with_expr(r#"$1 COLLATE "und-x-icu""#, text),
        _ => text,
    })
    .into()
}

/// The pattern for LIKE … ESCAPE '!' that finds `word` anywhere.
fn like_pattern(word: &str) -> String {
    let mut pattern = String::from("%");
    for character in word.chars() {
        if matches!(character, '!' | '%' | '_') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
