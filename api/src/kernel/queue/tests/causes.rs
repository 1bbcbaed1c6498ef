//! What a task does has the cause of whoever enqueued it.

use std::sync::Arc;

use ::entity::event;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::task;
use crate::kernel::{
    error::Result,
    event::LogEvent,
    queue::{Handlers, Job, Outcome},
    reactor::{Begin, Reactor},
    testing::{HAPPENED, happen, manual_clock, on_each, thing_happened, until_idle, workers},
    tx::Tx,
    workers::Workers,
};

/// Has a task run about whatever happens.
struct Enqueuer;

#[async_trait::async_trait]
impl Reactor for Enqueuer {
    fn name(&self) -> &'static str {
        "enqueuer"
    }

    fn begins(&self) -> Begin {
        Begin::Horizon
    }

    fn wants(&self, event_type: &str) -> bool {
        event_type == HAPPENED.name
    }

    async fn react(&self, tx: &mut Tx, _: &LogEvent) -> Result<()> {
        tx.enqueue(task("echo")).await.map(|_| ())
    }
}

/// Makes it happen again.
async fn echo(job: Job) -> Result<Outcome> {
    let mut tx = job.begin().await?;
    tx.record(thing_happened(2));
    tx.commit().await?;
    Ok(Outcome::Done)
}

#[tokio::test]
async fn a_loop_of_events_and_tasks_ends() {
    on_each(async |database| {
        let kernel = database.kernel(&manual_clock()).await;
        let workers = Workers {
            handlers: Handlers::new().on("echo", echo),
            reactors: vec![Arc::new(Enqueuer)],
            ..workers()
        };
        happen(&kernel, [1]).await;
        kernel.start(workers).await.unwrap();
        until_idle(&[&kernel]).await;
        let happened = event::Entity::find()
            .filter(event::Column::EventType.eq(HAPPENED.name))
            .all(kernel.db().reader())
            .await
            .unwrap();
        let mut depths: Vec<_> = happened.iter().map(|row| row.depth).collect();
        depths.sort_unstable();
        assert_eq!(
            depths,
            (0..=16).collect::<Vec<_>>(),
            "each is a reaction to the one before, and there is a last"
        );
        assert!(happened.iter().filter(|row| row.depth > 0).all(|row| row.causation_id.is_some()));
        kernel.stop().await;
    })
    .await;
}
