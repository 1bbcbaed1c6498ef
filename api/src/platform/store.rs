//! What the database says of where it comes from.

use ::entity::{
    sealing_key,
    task::{self, TaskState},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    sea_query::OnConflict,
};

use super::{DEMO_BEGUN, RESEAL};
use crate::kernel::{
    error::{Error, Result},
    log,
    tx::Tx,
};

/// Whether what this database holds is made up: its log begins with a demo.
///
/// # Errors
/// Where the database can't be read.
pub async fn is_demo(db: &impl ConnectionTrait) -> Result<bool> {
    match log::read(db, 0, 1, 1).await {
        Ok(first) => Ok(first.iter().any(|(_, event)| event.event_type == DEMO_BEGUN)),
        // The beginning of a log that was pruned is no demo's.
        Err(Error::CursorExpired { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Notes that this key seals from now on.
pub async fn seal_by(tx: &Tx, id: &str) -> Result<()> {
    let row = sealing_key::ActiveModel { id: Set(id.to_owned()), since: Set(tx.now()) };
    let again =
        OnConflict::column(sealing_key::Column::Id).update_column(sealing_key::Column::Since).to_owned();
    sealing_key::Entity::insert_many([row]).on_conflict(again).exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Notes that nothing is sealed under this key any more. Whether it was known.
pub async fn forget(tx: &Tx, id: &str) -> Result<bool> {
    Ok(sealing_key::Entity::delete_by_id(id).exec(tx.db()).await?.rows_affected > 0)
}

/// How far the sealing anew has come: its percentage and what it says; none where none is under way.
pub async fn resealing(db: &impl ConnectionTrait) -> Result<Option<task::Model>> {
    Ok(task::Entity::find()
        .filter(task::Column::Kind.eq(RESEAL))
        .filter(task::Column::State.is_in([TaskState::Pending, TaskState::Running]))
        .order_by_desc(task::Column::Id)
        .one(db)
        .await?)
}
