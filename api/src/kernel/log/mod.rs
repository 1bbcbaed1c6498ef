//! The event log: committed events in a gap-free order, and everybody who follows it.
//!
//! The sequencer gives committed events their positions, in causal order ([`sequence`]). The tailer reads them in that
//! order, once a process, and the [`Hub`] fans them out in memory. Signals are hints to look now: a missed one costs a
//! poll of 250 ms, never an event. Whoever is behind reads the gap from the table.

mod cursor;
mod follower;
mod hub;
mod prune;
mod sequencer;
mod tailer;

use ::entity::{
    event, event_position, log_head,
    row::{self, FromColumns},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder,
    QueryResult, QuerySelect, QueryTrait, RelationDef,
};
use uuid::Uuid;

use super::error::{Error, Result};

pub use cursor::EventCursor;
pub use follower::Follower;
pub use hub::Hub;
pub use prune::prune;
pub(super) use sequencer::{BATCH, place, run as run_sequencer, sequence};
pub(super) use tailer::run as run_tailer;

/// How often everybody looks, told or not.
const POLL: std::time::Duration = std::time::Duration::from_millis(250);

/// How far the log has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Of this installation's log.
    pub log_id: Uuid,
    /// The last position.
    pub position: i64,
    /// The last position that was pruned.
    pub horizon: i64,
}

/// Where the log stands.
///
/// # Errors
/// Where the database can't be read.
pub async fn head(db: &impl ConnectionTrait) -> Result<Head> {
    let row = log_head::Entity::find_by_id(1).one(db).await?;
    let row = row.ok_or_else(|| Error::internal("log_head has no row"))?;
    Ok(Head { log_id: row.log_id, position: row.position, horizon: row.horizon })
}

/// The next events after `after`, at most `limit`, up to `until`.
///
/// # Errors
/// CURSOR_EXPIRED where events after `after` are gone; where the database can't be read.
pub async fn read(
    db: &impl ConnectionTrait,
    after: i64,
    until: i64,
    limit: u64,
) -> Result<Vec<(i64, event::Model)>> {
    let statement = event_position::Entity::find()
        .join(JoinType::InnerJoin, event_of_position())
        .select_also(event::Entity)
        .filter(event_position::Column::Position.gt(after))
        .filter(event_position::Column::Position.lte(until))
        .order_by_asc(event_position::Column::Position)
        .limit(limit)
        .build(db.get_database_backend());
    let rows = PlacedEvent::find_by_statement(statement).all(db).await?;
    // Positions have no gaps, so a first one that isn't the next says that the horizon has passed us.
    if let Some(PlacedEvent(first, _)) = rows.first()
        && first.position != after + 1
    {
        let head = head(db).await?;
        return Err(Error::CursorExpired { oldest: EventCursor::new(head.log_id, head.horizon).to_string() });
    }
    Ok(rows.into_iter().map(|PlacedEvent(place, event)| (place.position, event)).collect())
}

struct PlacedEvent(event_position::Model, event::Model);

impl FromQueryResult for PlacedEvent {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        let event = row::checked(row, event_position::Model::COLUMNS.len())?;
        Ok(Self(row::checked(row, 0)?, event))
    }
}

/// The position of an event; none while it isn't sequenced.
///
/// # Errors
/// Where the database can't be read.
pub async fn position(db: &impl ConnectionTrait, event_id: Uuid) -> Result<Option<i64>> {
    let row =
        event_position::Entity::find().filter(event_position::Column::EventId.eq(event_id)).one(db).await?;
    Ok(row.map(|row| row.position))
}

fn event_of_position() -> RelationDef {
    event_position::Entity::belongs_to(event::Entity)
        .from(event_position::Column::EventId)
        .to(event::Column::Id)
        .into()
}
