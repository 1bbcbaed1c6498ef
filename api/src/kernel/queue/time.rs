//! The clock that leases and deadlines follow: the database's on PostgreSQL, so that processes whose clocks differ agree
//! on who is late; else the kernel's. A manual clock is always the kernel's.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ConnectionTrait,
    sea_query::{Expr, Query},
};

use crate::kernel::{
    Kernel,
    error::{Error, Result},
};

/// The time of the statement. It doesn't change within one, so an index on times can be used with it.
const STATEMENT: &str = "statement_timestamp()";

/// Now, in a statement.
pub(super) fn now(kernel: &Kernel) -> Expr {
    if is_the_databases(kernel) { Expr::cust(STATEMENT) } else { Expr::val(kernel.clock().now()) }
}

/// `delay` from now, in a statement.
pub(super) fn after(kernel: &Kernel, delay: TimeDelta) -> Expr {
    if is_the_databases(kernel) {
        let seconds = delay.as_seconds_f64();
        Expr::cust_with_values("statement_timestamp() + make_interval(secs => $1)", [seconds])
    } else {
        Expr::val(kernel.clock().now() + delay)
    }
}

/// Now, asked for.
pub(super) async fn read(kernel: &Kernel) -> Result<DateTime<Utc>> {
    if !is_the_databases(kernel) {
        return Ok(kernel.clock().now());
    }
    let select = Query::select().expr_as(Expr::cust(STATEMENT), "now").take();
    let row = kernel.db().reader().query_one(&select).await?;
    let row = row.ok_or_else(|| Error::internal("the database doesn't know the time"))?;
    Ok(row.try_get("", "now")?)
}

fn is_the_databases(kernel: &Kernel) -> bool {
    kernel.db().is_postgres() && !kernel.clock().is_manual()
}
