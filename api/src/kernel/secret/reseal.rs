//! Sealing anew: whatever isn't sealed under the key that seals now is opened and sealed under it, a batch at a time.
//!
//! It goes on beside whoever writes: a value is put in the place of exactly the one that was opened, so that one which was
//! changed meanwhile stays as it is. Nothing is kept of how far it came, since what is sealed says that itself: whoever
//! begins again passes over what is done. What is sealed stays the same, and so does everything that was computed from it:
//! the commitments of the record are to the values, and no leaf of it changes.

use std::collections::BTreeMap;

use sea_orm::{
    ConnectionTrait, ExprTrait,
    sea_query::{Alias, Condition, Expr, Order, Query},
};
use uuid::Uuid;

use super::{
    Aad, SealingKey, VERSION,
    sealed::{self, SealedTable},
};
use crate::kernel::{
    error::{Error, Result},
    queue::Job,
    tx::Tx,
};

/// Rows a transaction: SQLite has one writer, and others wait for it.
const BATCH: u64 = 100;

/// What a pass came to.
#[derive(Debug, Default)]
pub struct Pass {
    /// The key that it sealed under.
    pub key_id: String,
    /// The values that it sealed anew.
    pub resealed: u64,
    /// Those that don't open, by the key that they are sealed under.
    pub stuck: BTreeMap<String, u64>,
    /// Whether it got to the end.
    pub is_whole: bool,
}

/// A value to be put in the place of another.
struct Change {
    row: Uuid,
    beside: Option<String>,
    column: &'static str,
    old: String,
    new: String,
}

/// Seals anew whatever isn't sealed under the key that seals now. Ends early where the attempt is to end.
///
/// # Errors
/// Where this process doesn't have that key; where the database can't, and what was done before stays done.
pub async fn pass(job: &Job) -> Result<Pass> {
    let kernel = &job.kernel;
    let declared = sealed::declared(kernel.db().reader()).await?;
    let key_id = declared.into_iter().next().unwrap_or_else(|| kernel.keys().first_id());
    let is_here = kernel.keys().with(&key_id, |_| ()).is_some();
    if !is_here {
        return Err(Error::MissingKey { key_id });
    }
    let now = kernel.clock().now();
    let uses = sealed::uses(kernel.db().reader(), kernel.catalogue(), now).await?;
    let all: u64 = uses.iter().filter(|(id, _)| **id != key_id).map(|(_, uses)| uses.count()).sum();
    let mut pass = Pass { key_id, ..Pass::default() };
    for table in kernel.catalogue().sealed() {
        let mut last = None;
        while let Some(next) = batch(job, table, last, &mut pass).await? {
            last = Some(next);
            let done = pass.resealed + pass.stuck.values().sum::<u64>();
            let percent = (done * 100).checked_div(all).unwrap_or_default().clamp(0, 99);
            let percent = u8::try_from(percent).unwrap_or(99);
            job.progress(percent, &format!("sealing anew under {}: {}", pass.key_id, table.name)).await?;
            if job.cancelled.is_cancelled() {
                return Ok(pass);
            }
        }
    }
    pass.is_whole = true;
    Ok(pass)
}

/// The place of a row in its table.
type Place = (Uuid, Option<String>);

/// Seals some values of `table` anew, of the rows behind `last`. Answers the last row of them; none at the end.
async fn batch(
    job: &Job,
    table: &SealedTable,
    last: Option<Place>,
    pass: &mut Pass,
) -> Result<Option<Place>> {
    let kernel = &job.kernel;
    let under = format!("{VERSION}.{}.%", pass.key_id);
    let is_old = |column: &str| {
        let column = Expr::col(Alias::new(column));
        column.clone().like(format!("{VERSION}.%")).and(column.not_like(under.as_str()))
    };
    let mut select = Query::select();
    select.column(Alias::new(table.row)).from(Alias::new(table.name)).limit(BATCH);
    for column in table.beside.iter().chain(table.columns) {
        select.column(Alias::new(*column));
    }
    for column in [table.row].iter().chain(&table.beside) {
        select.order_by(Alias::new(*column), Order::Asc);
    }
    if let Some((row, beside)) = last {
        let (place, after): (Vec<_>, Vec<_>) = [(table.row, Some(Expr::val(row)))]
            .into_iter()
            .chain(table.beside.map(|name| (name, beside.map(Expr::val))))
            .filter_map(|(name, value)| Some((Expr::col(Alias::new(name)), value?)))
            .unzip();
        select.and_where(Expr::tuple(place).gt(Expr::tuple(after)));
    }
    select.cond_where(table.columns.iter().fold(Condition::any(), |any, column| any.add(is_old(column))));

    let (mut changes, mut last) = (Vec::new(), None);
    for found in kernel.db().reader().query_all(&select).await? {
        let row: Uuid = found.try_get("", table.row)?;
        let beside: Option<String> = table.beside.map(|name| found.try_get("", name)).transpose()?;
        let place = Aad { table: table.name, row };
        for column in table.columns {
            let Some(old) = found.try_get::<Option<String>>("", column)? else { continue };
            let Some(key_id) = SealingKey::id_in(&old).filter(|id| *id != pass.key_id) else { continue };
            let Ok(opened) = kernel.keys().open(&old, place) else {
                *pass.stuck.entry(key_id.to_owned()).or_default() += 1;
                continue;
            };
            let sealed = kernel.keys().with(&pass.key_id, |key| key.seal(&opened, place));
            let new = sealed.ok_or_else(|| Error::MissingKey { key_id: pass.key_id.clone() })?;
            changes.push(Change { row, beside: beside.clone(), column, old, new });
        }
        last = Some((row, beside));
    }
    if !changes.is_empty() {
        let tx = job.begin().await?;
        for change in changes {
            pass.resealed += put(&tx, table, change).await?;
        }
        // Nobody has decided anything, and nothing is different from before.
        tx.commit_bookkeeping().await?;
    }
    Ok(last)
}

/// Puts a value in the place of exactly the one that was opened. How many it were: one, or none where somebody was faster.
async fn put(tx: &Tx, table: &SealedTable, change: Change) -> Result<u64> {
    let mut update = Query::update();
    update
        .table(Alias::new(table.name))
        .value(Alias::new(change.column), change.new)
        .and_where(Expr::col(Alias::new(table.row)).eq(change.row))
        .and_where(Expr::col(Alias::new(change.column)).eq(change.old));
    if let Some((name, value)) = table.beside.zip(change.beside) {
        update.and_where(Expr::col(Alias::new(name)).eq(value));
    }
    Ok(tx.db().execute(&update).await?.rows_affected())
}

#[cfg(test)]
mod tests {
    use ::entity::audit_personal;
    use sea_orm::{EntityTrait, IntoActiveModel};

    use super::*;
    use crate::kernel::{
        record,
        testing::{manual_clock, on_each},
    };

    #[tokio::test]
    async fn whoever_writes_in_between_wins() {
        on_each(async |database| {
            let kernel = database.kernel(&manual_clock()).await;
            let row = kernel.new_id(kernel.clock().now());
            let rows = ["$.a", "$.b"].map(|path| audit_personal::Model {
                audit_log_id: row,
                path: path.to_owned(),
                salt: vec![7; 32],
                sealed: "old".to_owned(),
            });
            let tx = Tx::system(&kernel, "test").await.unwrap();
            let rows = rows.map(IntoActiveModel::into_active_model);
            audit_personal::Entity::insert_many(rows).exec_without_returning(tx.db()).await.unwrap();
            let change = |path: &str, old: &str, new: &str| Change {
                row,
                beside: Some(path.to_owned()),
                column: "sealed",
                old: old.to_owned(),
                new: new.to_owned(),
            };
            assert_eq!(put(&tx, &record::SEALED, change("$.a", "old", "theirs")).await.unwrap(), 1);
            assert_eq!(put(&tx, &record::SEALED, change("$.a", "old", "ours")).await.unwrap(), 0);
            assert_eq!(put(&tx, &record::SEALED, change("$.b", "old", "ours")).await.unwrap(), 1);
            let found = audit_personal::Entity::find().all(tx.db()).await.unwrap();
            let sealed: Vec<_> = found.iter().map(|row| (&*row.path, &*row.sealed)).collect();
            assert_eq!(sealed, [("$.a", "theirs"), ("$.b", "ours")]);
            tx.rollback().await.unwrap();
        })
        .await;
    }
}
