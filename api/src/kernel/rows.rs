//! Rows of entities: read by the places of their columns, and found by ids that are one bound value.
//!
//! With one value, the statement is the same for any number of ids above one: each connection prepares it once.

use std::{collections::HashMap, sync::Arc};

use ::entity::row::{FromColumns, Placed};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Select,
    sea_query::{Expr, ExprTrait, Func, FunctionCall, Query, extension::postgres::PgFunc},
};
use uuid::Uuid;

use super::error::Result;

/// All rows of `select`.
///
/// # Errors
/// Where the database can't be read.
pub async fn all<E: EntityTrait<Model: FromColumns>>(
    select: Select<E>,
    db: &impl ConnectionTrait,
) -> Result<Vec<E::Model>> {
    let rows = select.into_model::<Placed<E::Model>>().all(db).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Those rows of `select` whose `id` is one of `ids`, by it.
///
/// # Errors
/// As [`all`].
pub async fn by_id<E: EntityTrait<Model: FromColumns>>(
    select: Select<E>,
    id: E::Column,
    ids: &[Uuid],
    id_of: fn(&E::Model) -> Uuid,
    db: &impl ConnectionTrait,
) -> Result<HashMap<Uuid, Arc<E::Model>>> {
    let select = select.filter(among(id, ids, db));
    Ok(all(select, db).await?.into_iter().map(|row| (id_of(&row), Arc::new(row))).collect())
}

/// Whether `column` holds one of `ids`.
pub fn among(column: impl ColumnTrait, ids: &[Uuid], db: &impl ConnectionTrait) -> Expr {
    if let [id] = ids {
        // PostgreSQL plans this once; for a list it expects ten and plans each time anew.
        return column.eq(*id);
    }
    let backend = db.get_database_backend();
    if backend == DbBackend::Postgres {
        return Expr::col(column.as_column_ref()).eq(PgFunc::any(ids.to_vec()));
    }
    let Wanted { table, id } = Wanted::new(ids.to_vec(), backend);
    column.in_subquery(Query::select().expr(id).from_function(table, WANTED).take())
}

/// What a table of ids is called in a statement.
pub const WANTED: &str = "wanted";

/// Ids as a table [`WANTED`], from one bound value.
pub struct Wanted {
    /// What makes the table.
    pub table: FunctionCall,
    /// The id in a row of it.
    pub id: Expr,
}

impl Wanted {
    /// Of these ids.
    pub fn new(ids: Vec<Uuid>, backend: DbBackend) -> Self {
        if backend == DbBackend::Postgres {
            return Self { table: Func::cust("unnest").arg(ids), id: Expr::col((WANTED, WANTED)) };
        }
        let ids: Vec<String> = ids.iter().map(|id| id.simple().to_string()).collect();
        let table = Func::cust("json_each").arg(serde_json::json!(ids).to_string());
        Self { table, id: Func::cust("unhex").arg(Expr::col((WANTED, "value"))).into() }
    }
}
