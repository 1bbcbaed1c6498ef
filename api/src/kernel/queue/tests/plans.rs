//! What the workers ask all the time must not cost more because many tasks wait, or have been.

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbBackend, QueryTrait, Statement, StatementBuilder};

use super::{enqueue, task};
use crate::kernel::{
    Kernel,
    clock::Clock,
    queue::store,
    testing::{commit, on_each},
};

async fn plan(kernel: &Kernel, mut statement: Statement) -> Vec<String> {
    let db = kernel.db().writer();
    let is_postgres = kernel.db().is_postgres();
    statement.sql =
        format!("{} {}", if is_postgres { "EXPLAIN" } else { "EXPLAIN QUERY PLAN" }, statement.sql);
    let column = if is_postgres { "QUERY PLAN" } else { "detail" };
    let rows = db.query_all_raw(statement).await.unwrap();
    rows.into_iter().map(|row| row.try_get("", column).unwrap()).collect()
}

#[tokio::test]
async fn no_worker_walks_through_the_table_or_an_index() {
    on_each(async |database| {
        let clock = Clock::system();
        let kernel = database.kernel(&clock).await;
        for _ in 0..20 {
            commit(&kernel, async |tx| {
                let later = clock.now() + TimeDelta::hours(1);
                let tasks = (0..250).map(|n| task("test").at(later).priority(1 + n % 9)).collect();
                tx.enqueue_many(tasks).await?;
                Ok(())
            })
            .await;
        }
        kernel
            .db()
            .writer()
            .execute_unprepared(
                "UPDATE tasks SET state = 'COMPLETED', finished_at = created_at WHERE priority = 7",
            )
            .await
            .unwrap();
        enqueue(&kernel, task("test")).await;
        kernel.db().writer().execute_unprepared("ANALYZE").await.unwrap();

        let backend = kernel.db().backend();
        for statement in [
            store::claiming(&kernel, &["test", "other"], 8).build(backend),
            store::lapsing(&kernel).build(backend),
            StatementBuilder::build(&store::looking_ahead(&kernel), &backend),
        ] {
            let plan = plan(&kernel, statement.clone()).await;
            let walks = |line: &String| match backend {
                DbBackend::Postgres => line.contains("Seq Scan on tasks"),
                _ => line.contains("SCAN tasks"),
            };
            assert!(!plan.iter().any(walks), "{}\n{plan:#?}", statement.sql);
        }
    })
    .await;
}
