//! Queries of the networks that accounts are accepted from.

use std::{collections::HashMap, sync::Arc};

use ::entity::{admin_user::AdminLevel, authz_epoch, ip_allow_entry};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, Select};
use uuid::Uuid;

use super::platforms_own;
use crate::kernel::{
    actor::Boundary,
    db::Conn,
    error::{Error, Result},
    network::Networks,
    rows,
    tx::Tx,
};

/// The entries within `boundary`: they are the platform's own.
pub fn ip_allow_entries(boundary: &Boundary) -> Select<ip_allow_entry::Entity> {
    platforms_own(boundary)
}

/// Entries by id.
pub async fn ip_allow_entries_by_id(
    db: &Conn,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Arc<ip_allow_entry::Model>>> {
    let all = ip_allow_entries(&Boundary::All);
    rows::by_id(all, ip_allow_entry::Column::Id, ids, |row| row.id, db).await
}

/// All entries. Whoever adds or removes one holds the row that says how rights stand, so that nobody else does before the
/// transaction ends: it is about what all of them come to.
pub async fn lock_ip_allow_entries(tx: &Tx) -> Result<Vec<ip_allow_entry::Model>> {
    authz_epoch::Entity::find_by_id(1).lock_exclusive().one(tx.db()).await?;
    Ok(ip_allow_entry::Entity::find().all(tx.db()).await?)
}

/// The entry `id` within the caller's boundary.
pub async fn ip_allow_entry(tx: &Tx, id: Uuid) -> Result<Option<ip_allow_entry::Model>> {
    lock_ip_allow_entries(tx).await?;
    let found = ip_allow_entries(tx.boundary()).filter(ip_allow_entry::Column::Id.eq(id));
    Ok(found.one(tx.db()).await?)
}

/// Adds an entry.
pub async fn insert_ip_allow_entry(tx: &Tx, row: &ip_allow_entry::Model) -> Result<()> {
    let insert = ip_allow_entry::Entity::insert(row.clone().into_active_model());
    insert.exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Removes an entry.
pub async fn delete_ip_allow_entry(tx: &Tx, id: Uuid) -> Result<()> {
    ip_allow_entry::Entity::delete_by_id(id).exec(tx.db()).await?;
    Ok(())
}

/// The networks that accounts are accepted from, by their level; those of levels that have some.
pub async fn networks_by_level(db: &Conn) -> Result<HashMap<AdminLevel, Arc<Networks>>> {
    let mut texts: HashMap<_, Vec<String>> = HashMap::new();
    for row in ip_allow_entry::Entity::find().all(db).await? {
        texts.entry(row.level).or_default().push(row.network);
    }
    let parse = |(level, texts)| match Networks::parse::<String>(texts) {
        Ok(networks) => Ok((level, Arc::new(networks))),
        Err(text) => Err(Error::internal(format!("{text} is stored as a network"))),
    };
    texts.into_iter().map(parse).collect()
}
