//! A column without its entity's type, and the values that are compared with it.
//!
//! Filters, orders and cursors hold columns of any table side by side, so [`Column`] keeps of SeaORM's column no more
//! than names and kind. A [`Datum`] is a value in one of the few kinds that both databases order and compare alike;
//! here it is turned into SQL's value and JSON's.

use std::cmp::Ordering;

use async_graphql::{InputType, resolver_utils::EnumType};
use chrono::{DateTime, SubsecRound, Utc};
use sea_orm::{
    ActiveEnum, ColumnTrait, ColumnType, DbBackend, EntityTrait, IdenStatic, Iterable, ModelTrait,
    sea_query::{BinOper, Expr, ExprTrait},
};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::kernel::{
    error::{Error, Result},
    id,
};

/// A column of some table. Every SeaORM column converts into one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Column {
    /// The table as SQL names it.
    pub table: &'static str,
    /// The column as SQL names it.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text, and enums that are stored by name.
    Text,
    /// Whole numbers, and enums that are stored as such.
    Int,
    /// True or false.
    Bool,
    /// Points in time.
    Time,
    /// UUIDs.
    Uuid,
    /// Anything else: may be asked for NULL, neither ordered nor compared.
    Other,
}

impl<C: ColumnTrait> From<C> for Column {
    fn from(column: C) -> Self {
        let kind = match column.def().get_column_type() {
            ColumnType::Text | ColumnType::String(_) | ColumnType::Char(_) => Kind::Text,
            ColumnType::TinyInteger
            | ColumnType::SmallInteger
            | ColumnType::Integer
            | ColumnType::BigInteger => Kind::Int,
            ColumnType::Boolean => Kind::Bool,
            ColumnType::TimestampWithTimeZone => Kind::Time,
            ColumnType::Uuid => Kind::Uuid,
            _ => Kind::Other,
        };
        let table = C::EntityName::default();
        Self { table: table.as_str(), name: IdenStatic::as_str(&column), kind }
    }
}

impl Column {
    /// The column in SQL.
    pub(super) fn expr(self) -> Expr {
        Expr::col((self.table, self.name))
    }

    /// The column in SQL where order matters: text by code points. PostgreSQL goes by the database's collation
    /// otherwise, SQLite never does.
    pub(super) fn ordered(self, backend: DbBackend) -> Expr {
        self.ordered_of(self.table, backend)
    }

    /// As [`Self::ordered`], of the table by an alias.
    pub(super) fn ordered_of(self, table: &'static str, backend: DbBackend) -> Expr {
        let column = Expr::col((table, self.name));
        if self.kind == Kind::Text && backend == DbBackend::Postgres {
            // A collation is a name, like a column's.
            column.binary(BinOper::Custom("COLLATE"), Expr::col("C"))
        } else {
            column
        }
    }

    /// The value of this column in a row of its table.
    ///
    /// # Errors
    /// Where the row has no such column, or nothing in it.
    pub(super) fn value_in<M: ModelTrait>(self, row: &M) -> Result<Datum> {
        <<M::Entity as EntityTrait>::Column as Iterable>::iter()
            .find(|column| IdenStatic::as_str(column) == self.name)
            .and_then(|column| Datum::from_sql(row.get(column)))
            .ok_or_else(|| {
                Error::internal(format!("{}.{} can't order rows: it has no value", self.table, self.name))
            })
    }

    /// The name of the GraphQL field that shows it.
    pub(super) fn key(self) -> String {
        camel(self.name)
    }
}

/// The GraphQL name of a Rust or SQL name: `assigneeId` for `assignee_id`, `type` for `r#type`.
pub fn camel(name: &str) -> String {
    let name = name.strip_prefix("r#").unwrap_or(name);
    let mut words = name.split('_').filter(|word| !word.is_empty());
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// A GraphQL enum that mirrors a stored one (`#[graphql(remote = "::entity::…")]`).
///
/// ```text
/// impl page::Word for IncidentStatus {
///     type Stored = incident::IncidentStatus;
/// }
/// ```
pub trait Word: EnumType + InputType {
    /// The enum of the entity.
    type Stored: ActiveEnum + From<Self>;
}

/// A value to compare with. Never NULL: rows without a value are asked for with `IsNull`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Datum {
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// True or false.
    Bool(bool),
    /// A point in time, to the microsecond.
    Time(DateTime<Utc>),
    /// A UUID.
    Uuid(Uuid),
    /// A value of an enum: its name in the API, and what is stored for it.
    Word(&'static str, Box<Datum>),
}

impl<W: Word> From<W> for Datum {
    fn from(word: W) -> Self {
        let name = W::items().iter().find(|item| item.value == word).map_or("", |item| item.name);
        let stored = W::Stored::from(word).into_value().into();
        match Self::from_sql(stored) {
            Some(stored) => Self::Word(name, Box::new(stored)),
            None => Self::Text(name.to_owned()),
        }
    }
}

impl From<&str> for Datum {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Datum {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Datum {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Datum {
    fn from(is: bool) -> Self {
        Self::Bool(is)
    }
}

impl From<DateTime<Utc>> for Datum {
    fn from(at: DateTime<Utc>) -> Self {
        Self::Time(at.trunc_subsecs(6))
    }
}

impl From<Uuid> for Datum {
    fn from(id: Uuid) -> Self {
        Self::Uuid(id)
    }
}

impl Datum {
    /// What SQL is given.
    pub(super) fn to_sql(&self) -> sea_orm::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Int(number) => (*number).into(),
            Self::Bool(is) => (*is).into(),
            Self::Time(at) => (*at).into(),
            Self::Uuid(id) => (*id).into(),
            Self::Word(_, stored) => stored.to_sql(),
        }
    }

    /// The value in SQL.
    pub(super) fn expr(&self) -> Expr {
        Expr::val(self.to_sql())
    }

    /// What SQL gave; none for NULL and for what can't be compared.
    fn from_sql(value: sea_orm::Value) -> Option<Self> {
        use sea_orm::Value;
        Some(match value {
            Value::String(text) => Self::Text(text?),
            Value::TinyInt(number) => Self::Int(number?.into()),
            Value::SmallInt(number) => Self::Int(number?.into()),
            Value::Int(number) => Self::Int(number?.into()),
            Value::BigInt(number) => Self::Int(number?),
            Value::Bool(is) => Self::Bool(is?),
            Value::ChronoDateTimeUtc(at) => Self::Time(at?),
            Value::Uuid(id) => Self::Uuid(id?),
            _ => return None,
        })
    }

    /// How a value of the API compares with this one, as the databases order them; none where it is null.
    ///
    /// A value of another kind is a mistake of whoever wrote the state down, and counts as null.
    pub(super) fn compare(&self, value: &Json) -> Option<Ordering> {
        match self {
            Self::Text(text) => Some(value.as_str()?.cmp(text)),
            Self::Int(number) => Some(value.as_i64()?.cmp(number)),
            Self::Bool(is) => Some(value.as_bool()?.cmp(is)),
            Self::Time(at) => {
                let value = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
                Some(value.with_timezone(&Utc).trunc_subsecs(6).cmp(at))
            }
            Self::Uuid(id) => {
                let text = value.as_str()?;
                let value = Uuid::try_parse(text).ok().or_else(|| id::split(text).ok().map(|(_, id)| id))?;
                Some(value.cmp(id))
            }
            // The names of an enum have no order: filters ask for equality alone.
            Self::Word(name, _) => Some(value.as_str()?.cmp(name)),
        }
    }

    /// What a cursor holds: times as microseconds since 1970.
    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Int(number) => (*number).into(),
            Self::Bool(is) => (*is).into(),
            Self::Time(at) => at.timestamp_micros().into(),
            Self::Uuid(id) => id.simple().to_string().into(),
            Self::Word(_, stored) => stored.to_json(),
        }
    }

    /// What a cursor held, where it is of that kind.
    pub(super) fn from_json(kind: Kind, value: &Json) -> Option<Self> {
        Some(match kind {
            Kind::Text => Self::Text(value.as_str()?.to_owned()),
            Kind::Int => Self::Int(value.as_i64()?),
            Kind::Bool => Self::Bool(value.as_bool()?),
            Kind::Time => Self::Time(DateTime::from_timestamp_micros(value.as_i64()?)?),
            Kind::Uuid => Self::Uuid(Uuid::try_parse(value.as_str()?).ok()?),
            Kind::Other => return None,
        })
    }
}
