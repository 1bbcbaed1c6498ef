//! Being in somebody's way: what a mutation needs is held by another transaction until the test lets it go.

use opsgate::kernel::tx::Tx;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement, TransactionTrait};
use uuid::Uuid;

use crate::{Database, TestGateway, until};

/// A lock that ends when this is dropped.
#[derive(Debug)]
pub struct Hold {
    _held: Held,
}

#[derive(Debug)]
enum Held {
    /// SQLite: the one writer.
    Writer { _tx: Box<Tx> },
    /// PostgreSQL: a row.
    Row { _tx: DatabaseTransaction },
}

impl TestGateway {
    /// Takes an incident's row, on SQLite the one writer: whoever wants to change it waits from now on.
    pub async fn hold(&self, incident: Uuid) -> Hold {
        let held = if Database::is_postgres() {
            let tx = self.database().connect().await.begin().await.unwrap();
            let sql = "SELECT id FROM incidents WHERE id = $1 FOR UPDATE";
            let lock = Statement::from_sql_and_values(DbBackend::Postgres, sql, [incident.into()]);
            tx.query_one_raw(lock).await.unwrap().expect("the incident is there");
            Held::Row { _tx: tx }
        } else {
            Held::Writer { _tx: Box::new(Tx::system(self.kernel(), "hold").await.unwrap()) }
        };
        Hold { _held: held }
    }

    /// PostgreSQL: waits until somebody waits for a lock.
    pub async fn somebody_waits(&self) {
        let sql = "SELECT count(*) AS waiting FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
        until("somebody waits for a lock", async || {
            let query = Statement::from_string(DbBackend::Postgres, sql);
            let row = self.database().sql().await.query_one_raw(query).await.unwrap().unwrap();
            row.try_get::<i64>("", "waiting").unwrap() > 0
        })
        .await;
    }
}
