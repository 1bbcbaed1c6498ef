//! Every query of the event log.

use std::{collections::HashMap, sync::Arc};

use ::entity::{event, event_position};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Select};
use uuid::Uuid;

use crate::kernel::{actor::Boundary, db::Conn, error::Result, rows};

/// The events within `boundary`, but for those of the types `hidden`.
pub(super) fn events(boundary: &Boundary, hidden: &[&'static str]) -> Select<event::Entity> {
    let mut select = event::Entity::find();
    if let Boundary::Organizations(ids) = boundary {
        select = select.filter(event::Column::OrganizationId.is_in(ids.iter().copied()));
    }
    if !hidden.is_empty() {
        select = select.filter(event::Column::EventType.is_not_in(hidden.iter().copied()));
    }
    select
}

/// Events by id.
pub(super) async fn events_by_id(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, Arc<event::Model>>> {
    rows::by_id(events(&Boundary::All, &[]), event::Column::Id, ids, |row| row.id, db).await
}

/// The places of events in the log, by the events' ids; none while they aren't sequenced.
pub(super) async fn positions(db: &Conn, events: &[Uuid]) -> Result<HashMap<Uuid, i64>> {
    let select =
        event_position::Entity::find().filter(rows::among(event_position::Column::EventId, events, db));
    Ok(select.all(db).await?.into_iter().map(|row| (row.event_id, row.position)).collect())
}
