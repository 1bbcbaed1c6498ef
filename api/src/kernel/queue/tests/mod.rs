mod attempts;
mod causes;
mod claims;
mod plans;
mod schedules;

use ::entity::task;
use sea_orm::{EntityTrait, QueryOrder};
use uuid::Uuid;

use super::NewTask;
use crate::kernel::{Kernel, testing::commit};

/// A task with nothing in it.
fn task(kind: &'static str) -> NewTask {
    NewTask::new(kind, ()).unwrap()
}

async fn enqueue(kernel: &Kernel, task: NewTask) -> Option<Uuid> {
    let mut id = None;
    commit(kernel, async |tx| {
        id = tx.enqueue(task).await?;
        Ok(())
    })
    .await;
    id
}

async fn all(kernel: &Kernel) -> Vec<task::Model> {
    task::Entity::find().order_by_asc(task::Column::Id).all(kernel.db().writer()).await.unwrap()
}

/// The only task.
async fn only(kernel: &Kernel) -> task::Model {
    let mut tasks = all(kernel).await;
    assert_eq!(tasks.len(), 1);
    tasks.remove(0)
}
