//! Being in somebody's way: what a mutation needs is held by another transaction until the test lets it go.

use entity::reactor_cursor::{self, Column};
use opsgate::kernel::tx::Tx;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter, Statement,
    TransactionTrait, sea_query::Expr,
};
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

    /// Takes a reactor's cursor away: it comes to no event until it gets it back.
    pub async fn hold_reactor(&self, name: &str) {
        // It has one once the gateway has started.
        self.run_until_idle().await;
        self.rename_cursor(name, &held(name)).await;
    }

    /// Gives a reactor its cursor back, where it stood.
    pub async fn release_reactor(&self, name: &str) {
        self.rename_cursor(&held(name), name).await;
    }

    async fn rename_cursor(&self, from: &str, to: &str) {
        let renamed = reactor_cursor::Entity::update_many()
            .col_expr(Column::Name, Expr::val(to))
            .filter(Column::Name.eq(from))
            .exec(self.database().sql().await)
            .await
            .unwrap();
        assert_eq!(renamed.rows_affected, 1, "{from} is no reactor");
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

fn held(reactor: &str) -> String {
    format!("{reactor}, held")
}
