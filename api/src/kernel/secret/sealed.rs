//! What is sealed in the database: each table with such columns is declared by whose it is, the catalogue has them all, and
//! a test finds a column that nobody declares. Which keys are in use is read from what is sealed itself.

use std::{collections::BTreeMap, fmt};

use ::entity::{sealing_key, session};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Alias, Expr, OnConflict, Query},
};

use super::VERSION;
use crate::kernel::{Kernel, error::Result, permission::Catalogue};

/// How sessions are called among the uses of a key.
const SESSIONS: &str = "sessions";

/// A table with columns that are sealed.
#[derive(Debug)]
pub struct SealedTable {
    /// Its name, which each value is bound to.
    pub name: &'static str,
    /// The id that each value is bound to.
    pub row: &'static str,
    /// What tells rows with the same such id.
    pub beside: Option<&'static str>,
    /// The columns.
    pub columns: &'static [&'static str],
}

/// What a key is used for: places, and how many values there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses(BTreeMap<String, u64>);

impl Uses {
    /// How many values.
    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// The same but for sessions.
    #[must_use]
    pub fn without_sessions(mut self) -> Self {
        self.0.remove(SESSIONS);
        self
    }
}

impl fmt::Display for Uses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        for (number, (place, count)) in self.0.iter().enumerate() {
            write!(f, "{}{place} {count}", if number == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// Notes that the key which is first in the ring seals. One that is known already stays as it is.
///
/// # Errors
/// Where the database refuses.
pub async fn declare(kernel: &Kernel) -> Result<()> {
    let row =
        sealing_key::ActiveModel { id: Set(kernel.keys().first_id()), since: Set(kernel.clock().now()) };
    let known = OnConflict::column(sealing_key::Column::Id).do_nothing().to_owned();
    kernel.telemetry().insert(sealing_key::Entity::insert_many([row]).on_conflict(known)).await?;
    Ok(())
}

/// The keys that something may be sealed under, the one that seals now first.
///
/// # Errors
/// Where the database can't be read.
pub async fn declared(db: &impl ConnectionTrait) -> Result<Vec<String>> {
    let keys = sealing_key::Entity::find()
        .order_by_desc(sealing_key::Column::Since)
        .order_by_asc(sealing_key::Column::Id)
        .all(db)
        .await?;
    Ok(keys.into_iter().map(|key| key.id).collect())
}

/// What each key is used for: the values that are sealed under it, and the sessions whose tokens are signed from it. Reads
/// every sealed value there is.
///
/// # Errors
/// Where the database can't be read.
pub async fn uses(
    db: &impl ConnectionTrait,
    catalogue: &Catalogue,
    now: DateTime<Utc>,
) -> Result<BTreeMap<String, Uses>> {
    let mut all: BTreeMap<String, Uses> = BTreeMap::new();
    let mut add = |key: String, place: &str, count: i64| {
        *all.entry(key).or_default().0.entry(place.to_owned()).or_default() += count.unsigned_abs();
    };
    for table in catalogue.sealed() {
        for column in table.columns {
            let select = Query::select()
                .expr_as(key_of(column), "key_id")
                .expr_as(Expr::cust("count(*)"), "uses")
                .from(Alias::new(table.name))
                .and_where(Expr::col(Alias::new(*column)).like(format!("{VERSION}.________.%")))
                .add_group_by([key_of(column)])
                .take();
            for row in db.query_all(&select).await? {
                add(row.try_get("", "key_id")?, table.name, row.try_get("", "uses")?);
            }
        }
    }
    let sessions: Vec<(String, i64)> = session::Entity::find()
        .select_only()
        .column(session::Column::KeyId)
        .column_as(session::Column::Id.count(), "uses")
        .filter(session::Column::RevokedAt.is_null())
        .filter(session::Column::IdleUntil.gt(now))
        .group_by(session::Column::KeyId)
        .into_tuple()
        .all(db)
        .await?;
    for (key, count) in sessions {
        add(key, SESSIONS, count);
    }
    Ok(all)
}

/// The id of the key in a sealed text: eight characters behind `v1.`
fn key_of(column: &'static str) -> Expr {
    Expr::cust(format!("substr({column}, {}, 8)", VERSION.len() + 2))
}
