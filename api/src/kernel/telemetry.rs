//! The other door to the database: measurements and bookkeeping.
//!
//! Probe results, task leases, cursors, last-used times: facts that nobody decided, so they leave no audit entry and no
//! event. A [`Telemetry`] runs single statements on [its tables](TABLES) and refuses every other one, so that nothing
//! which belongs on the record slips past a [`Tx`](super::tx::Tx). A measurement that comes with a fact (a probe that
//! turns a service DOWN) is written by the fact's own `Tx`.

use sea_orm::{ActiveModelTrait, DeleteMany, EntityTrait, InsertMany, UpdateMany};

use super::{
    Kernel,
    error::{Error, Result},
};

/// The tables that it writes. `idempotency_keys` only to let them expire; the sequencer's own (`outbox`,
/// `event_positions`, `audit_leaves`, `log_head`) aren't among them.
pub const TABLES: &[&str] = &[
    "api_token_uses",
    "dead_letters",
    "idempotency_keys",
    "probe_results",
    "reactor_cursors",
    "schedules",
    "sealing_keys",
    "service_status",
    "sign_in_attempts",
    "tasks",
];

/// Single statements on the tables of measurements and bookkeeping.
#[derive(Debug)]
pub struct Telemetry<'a> {
    kernel: &'a Kernel,
}

impl<'a> Telemetry<'a> {
    /// The door of `kernel`'s database.
    pub fn new(kernel: &'a Kernel) -> Self {
        Self { kernel }
    }

    /// Inserts rows, with whatever is to happen on a conflict. At most 500; none are none. Answers how many came in.
    ///
    /// # Errors
    /// INTERNAL where the table isn't one of [`TABLES`]; where the database refuses.
    pub async fn insert<A: ActiveModelTrait>(&self, rows: InsertMany<A>) -> Result<u64> {
        check::<A::Entity>()?;
        Ok(rows.exec_without_returning(self.kernel.db().writer()).await?)
    }

    /// Updates rows. Answers how many.
    ///
    /// # Errors
    /// INTERNAL where the table isn't one of [`TABLES`]; where the database refuses.
    pub async fn update_many<E: EntityTrait>(&self, update: UpdateMany<E>) -> Result<u64> {
        check::<E>()?;
        Ok(update.exec(self.kernel.db().writer()).await?.rows_affected)
    }

    /// Deletes rows. Answers how many.
    ///
    /// # Errors
    /// INTERNAL where the table isn't one of [`TABLES`]; where the database refuses.
    pub async fn delete_many<E: EntityTrait>(&self, delete: DeleteMany<E>) -> Result<u64> {
        check::<E>()?;
        Ok(delete.exec(self.kernel.db().writer()).await?.rows_affected)
    }
}

fn check<E: EntityTrait>() -> Result<()> {
    let table = E::default().table_name().to_owned();
    if TABLES.contains(&table.as_str()) {
        Ok(())
    } else {
        Err(Error::internal(format!(
            "{table} isn't a table of measurements: write it in a Tx, on the record"
        )))
    }
}

#[cfg(test)]
mod tests {
    use ::entity::{event, probe_result, task, user};
    use sea_orm::{EntityTrait, sea_query::Expr};

    use super::*;
    use crate::kernel::testing::{manual_clock, on_each};

    #[tokio::test]
    async fn facts_do_not_come_in_by_this_door() {
        on_each(async |database| {
            let kernel = database.kernel(&manual_clock()).await;
            let telemetry = kernel.telemetry();
            let update = user::Entity::update_many().col_expr(user::Column::Version, Expr::val(2));
            let error = telemetry.update_many(update).await.unwrap_err();
            assert!(matches!(&error, Error::Internal(cause) if cause.to_string().starts_with("users isn't")));
            assert!(telemetry.delete_many(event::Entity::delete_many()).await.is_err());
            assert!(telemetry.insert(user::Entity::insert_many::<user::ActiveModel, _>([])).await.is_err());

            let none = probe_result::Entity::insert_many::<probe_result::ActiveModel, _>([]);
            assert_eq!(telemetry.insert(none).await.unwrap(), 0);
            assert_eq!(telemetry.delete_many(task::Entity::delete_many()).await.unwrap(), 0);
        })
        .await;
    }
}
