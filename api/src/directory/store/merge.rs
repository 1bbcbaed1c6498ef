//! What becomes of an organization's rows when it goes into another one: every table with a column of organizations is
//! declared here, and a test finds those that aren't.

use ::entity::{api_token, organization};
use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, SqlErr,
    sea_query::{BinOper, Expr, ExprTrait, Func, Order, Query, UpdateStatement},
};
use uuid::Uuid;

use crate::kernel::{
    error::{Error, Result, UserErrorCode},
    tx::Tx,
};

/// A table whose rows belong to organizations.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The type of its rows, as clients know them.
    pub ty: &'static str,
    /// What becomes of them.
    pub fate: Fate,
}

/// What becomes of the rows of an organization that goes into another one.
#[derive(Debug)]
pub enum Fate {
    /// They go along.
    Moves,
    /// They go along with the rows of another table that they refer to by this column.
    Follows(&'static str, &'static str),
    /// They go along, and end at once: whoever held one spoke for the source alone.
    Ends,
    /// They go along, but for those of which the target has one with the same value here: they are dropped.
    Drops(&'static str),
    /// They go along; where the target has one with the same values here, the first value gets the source's slug after
    /// it. The condition says which rows the key is about.
    Renames(&'static [&'static str], Option<&'static str>),
    /// They stay. Whoever reads the target's reads those of what went into it, too.
    Stays,
}

/// Every table with a column of organizations. What follows others comes before them; an alert's incident before the alert,
/// as everybody locks them.
///
/// A row that moves keeps its version: nothing is said of it alone. One that changes otherwise counts it up.
pub const TABLES: &[Table] = &[
    table("organization_members", "OrganizationMember", Fate::Drops("user_id")),
    table("billing_subscriptions", "BillingSubscription", Fate::Moves),
    table("api_tokens", "ApiToken", Fate::Ends),
    table("services", "Service", Fate::Renames(&["name"], None)),
    table("incident_timeline", "IncidentTimelineEntry", Fate::Follows("incidents", "incident_id")),
    table("incidents", "Incident", Fate::Moves),
    table("alerts", "Alert", Fate::Renames(&["dedup_key", "source"], Some("status <> 'RESOLVED'"))),
    table("impersonations", "Impersonation", Fate::Stays),
    table("audit_logs", "AuditLog", Fate::Stays),
    table("events", "PublishedEvent", Fate::Stays),
];

const fn table(name: &'static str, ty: &'static str, fate: Fate) -> Table {
    Table { name, ty, fate }
}

/// The column by which rows belong to an organization.
const OWNER: &str = "organization_id";

/// How many rows of a table a merge moved, and of how many it settled a collision.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    /// The type of the rows.
    pub ty: &'static str,
    /// How many belong to the target now.
    pub moved: u64,
    /// Of how many the target had its own: dropped, or renamed.
    pub collided: u64,
}

/// The tokens of an organization that haven't been revoked.
pub async fn open_tokens(tx: &Tx, organization: Uuid) -> Result<Vec<Uuid>> {
    let select = api_token::Entity::find()
        .select_only()
        .column(api_token::Column::Id)
        .filter(api_token::Column::OrganizationId.eq(organization))
        .filter(api_token::Column::RevokedAt.is_null())
        .order_by_asc(api_token::Column::Id);
    Ok(select.into_tuple().all(tx.db()).await?)
}

/// Moves what moves from `source` to `target`, and answers how much of each.
///
/// # Errors
/// NOT_ALLOWED where a row that gets another name finds that one taken, too.
pub async fn move_rows(tx: &Tx, source: &organization::Model, target: Uuid) -> Result<Vec<Moved>> {
    let mut all = Vec::new();
    for table in TABLES.iter().filter(|table| !matches!(table.fate, Fate::Stays)) {
        let moving = Moving { db: tx.db(), table, source, target, now: tx.now() };
        let (moved, collided) = moving.run().await.map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => {
                let message = format!("two {}s would have the same name: rename one first", table.ty);
                Error::invalid(UserErrorCode::NotAllowed, "sourceId", message)
            }
            _ => error.into(),
        })?;
        all.push(Moved { ty: table.ty, moved, collided });
    }
    Ok(all)
}

struct Moving<'a> {
    db: &'a DatabaseTransaction,
    table: &'a Table,
    source: &'a organization::Model,
    target: Uuid,
    now: DateTime<Utc>,
}

impl Moving<'_> {
    /// How many rows moved, and of how many a collision was settled.
    async fn run(&self) -> Result<(u64, u64), DbErr> {
        let mut moving = Query::update().table(self.table.name).value(OWNER, self.target).take();
        let mut collided = 0;
        match self.table.fate {
            Fate::Stays => return Ok((0, 0)),
            Fate::Moves => {
                moving.and_where(self.owned());
            }
            Fate::Follows(parent, reference) => {
                let parents = Query::select()
                    .column("id")
                    .from(parent)
                    .and_where(Expr::col(OWNER).eq(self.source.id))
                    .take();
                // Whoever writes one of them may add what follows it: what they add is there once they are done. Locked in
                // the order of ids, as by whoever locks several.
                self.db.query_all(parents.clone().order_by("id", Order::Asc).lock_exclusive()).await?;
                moving.and_where(Expr::col(reference).in_subquery(parents));
            }
            Fate::Ends => {
                let at = Func::coalesce([Expr::col("revoked_at"), Expr::value(self.now)]);
                self.changed(&mut moving).value("revoked_at", at).and_where(self.owned());
            }
            Fate::Drops(column) => {
                let mut delete = Query::delete();
                delete
                    .from_table(self.table.name)
                    .and_where(self.owned())
                    .and_where(self.twin(&[column], None));
                collided = self.db.execute(&delete).await?.rows_affected();
                moving.and_where(self.owned());
            }
            Fate::Renames(columns, condition) => {
                let mut rename = Query::update().table(self.table.name).take();
                let suffix = format!(" ({})", self.source.slug);
                self.changed(&mut rename)
                    .value(columns[0], Expr::col(columns[0]).binary(BinOper::Custom("||"), suffix))
                    .and_where(self.owned())
                    .and_where(self.twin(columns, condition));
                if let Some(condition) = condition {
                    rename.and_where(Expr::cust(condition));
                }
                collided = self.db.execute(&rename).await?.rows_affected();
                moving.and_where(self.owned());
            }
        }
        Ok((self.db.execute(&moving).await?.rows_affected(), collided))
    }

    /// Counts the version of what an update changes.
    fn changed<'a>(&self, update: &'a mut UpdateStatement) -> &'a mut UpdateStatement {
        update.value("version", Expr::col("version").add(1)).value("updated_at", self.now)
    }

    fn owned(&self) -> Expr {
        Expr::col((self.table.name, OWNER)).eq(self.source.id)
    }

    /// Whether the target has a row with the same values.
    fn twin(&self, columns: &[&'static str], condition: Option<&str>) -> Expr {
        let mut twin = Query::select()
            .expr(Expr::cust("1"))
            .from_as(self.table.name, "twin")
            .and_where(Expr::col(("twin", OWNER)).eq(self.target))
            .take();
        for column in columns {
            twin.and_where(Expr::col(("twin", *column)).equals((self.table.name, *column)));
        }
        if let Some(condition) = condition {
            twin.and_where(Expr::cust(format!("twin.{condition}")));
        }
        Expr::exists(twin)
    }
}
