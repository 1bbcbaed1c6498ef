//! Statements that change rows, as text and the values to bind.
//!
//! Whatever is recorded goes out as one statement on PostgreSQL, together with what its transaction deferred. A tree of
//! it would be copied for each statement that it goes along with; here each is written behind the one before, and the
//! values of a record's rows are moved into place.

use std::fmt::Write as _;

use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, DbBackend, EntityName, EntityTrait, IdenStatic, Iterable,
    QueryResult, Statement,
    sea_query::{
        InsertStatement, PostgresQueryBuilder, SqlWriter, SqlWriterValues, SqliteQueryBuilder,
        UpdateStatement,
    },
};

use super::error::Result;

/// A statement of a domain.
#[derive(Clone, Debug)]
pub enum Write {
    /// Adds some.
    Insert(InsertStatement),
    /// Changes some.
    Update(UpdateStatement),
}

impl From<InsertStatement> for Write {
    fn from(statement: InsertStatement) -> Self {
        Self::Insert(statement)
    }
}

impl From<UpdateStatement> for Write {
    fn from(statement: UpdateStatement) -> Self {
        Self::Update(statement)
    }
}

impl Write {
    /// Does it.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn execute(&self, db: &impl ConnectionTrait) -> Result<()> {
        match self {
            Self::Insert(statement) => db.execute(statement).await?,
            Self::Update(statement) => db.execute(statement).await?,
        };
        Ok(())
    }
}

/// A statement that is being written.
#[derive(Debug)]
pub struct Text {
    backend: DbBackend,
    sql: SqlWriterValues,
    along: usize,
}

impl Text {
    /// An empty one.
    pub fn new(backend: DbBackend) -> Self {
        let (placeholder, is_numbered) = match backend {
            DbBackend::Postgres => ("$", true),
            _ => ("?", false),
        };
        Self { backend, sql: SqlWriterValues::new(placeholder, is_numbered), along: 0 }
    }

    /// What PostgreSQL does along with the rest of the statement, in no order: what refers to another of them is checked
    /// at the end, and none sees what another did.
    pub fn along(&mut self, one: impl FnOnce(&mut Self)) {
        self.push(if self.along == 0 { "WITH " } else { ", " });
        self.push(&format!("\"write{}\" AS (", self.along));
        self.along += 1;
        one(self);
        self.push(") ");
    }

    /// A statement of a domain.
    pub fn write(&mut self, write: &Write) {
        match (write, self.backend) {
            (Write::Insert(insert), DbBackend::Postgres) => {
                insert.build_collect_any_into(&PostgresQueryBuilder, &mut self.sql);
            }
            (Write::Insert(insert), _) => insert.build_collect_any_into(&SqliteQueryBuilder, &mut self.sql),
            (Write::Update(update), DbBackend::Postgres) => {
                update.build_collect_any_into(&PostgresQueryBuilder, &mut self.sql);
            }
            (Write::Update(update), _) => update.build_collect_any_into(&SqliteQueryBuilder, &mut self.sql),
        }
    }

    /// Adds `rows`, of which each sets the columns that the first one sets.
    ///
    /// # Panics
    /// Where one doesn't.
    pub fn insert<A: ActiveModelTrait>(&mut self, rows: Vec<A>) {
        type Column<A> = <<A as ActiveModelTrait>::Entity as EntityTrait>::Column;
        let Some(first) = rows.first() else { return };
        let columns: Vec<_> =
            Column::<A>::iter().filter(|column| !matches!(first.get(*column), ActiveValue::NotSet)).collect();
        self.push("INSERT INTO \"");
        self.push(A::Entity::default().table_name());
        for (place, column) in columns.iter().enumerate() {
            self.push(if place == 0 { "\" (\"" } else { "\", \"" });
            self.push(column.as_str());
        }
        self.push("\") VALUES ");
        for (number, mut row) in rows.into_iter().enumerate() {
            for (place, column) in columns.iter().enumerate() {
                self.push(match (number, place) {
                    (0, 0) => "(",
                    (_, 0) => "), (",
                    _ => ", ",
                });
                self.sql.push_param(row.take(*column).unwrap(), &PostgresQueryBuilder);
            }
        }
        self.push(")");
    }

    /// Text as it stands.
    pub fn push(&mut self, text: &str) {
        self.sql.write_str(text).expect("a string takes all that is written");
    }

    fn end(self) -> Statement {
        let (sql, values) = self.sql.into_parts();
        Statement::from_sql_and_values(self.backend, sql, values)
    }

    /// Does it.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn execute(self, db: &impl ConnectionTrait) -> Result<()> {
        db.execute_raw(self.end()).await?;
        Ok(())
    }

    /// Does it, and answers the row that it returns.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn query_one(self, db: &impl ConnectionTrait) -> Result<Option<QueryResult>> {
        Ok(db.query_one_raw(self.end()).await?)
    }
}

#[cfg(test)]
mod tests {
    use ::entity::outbox;
    use sea_orm::{
        ActiveValue::{NotSet, Set},
        QueryTrait,
    };
    use uuid::Uuid;

    use super::*;

    fn place(byte: u8) -> outbox::ActiveModel {
        let (event, entry) = (Uuid::from_bytes([byte; 16]), Uuid::from_bytes([byte + 1; 16]));
        outbox::ActiveModel {
            seq: NotSet,
            event_id: Set(event),
            audit_log_id: Set(entry),
            leaf_hash: Set(vec![byte; 32]),
        }
    }

    #[test]
    fn rows_are_written_as_seaorm_writes_them() {
        for backend in [DbBackend::Postgres, DbBackend::Sqlite] {
            let mut text = Text::new(backend);
            text.insert(vec![place(1), place(7)]);
            assert_eq!(text.end(), outbox::Entity::insert_many([place(1), place(7)]).build(backend));
        }
    }

    #[test]
    fn what_goes_along_is_numbered_and_so_are_its_values() {
        let mut text = Text::new(DbBackend::Postgres);
        text.along(|text| text.insert(vec![place(1)]));
        text.along(|text| text.write(&outbox::Entity::insert_many([place(3)]).into_query().into()));
        text.insert(vec![place(5)]);
        let statement = text.end();
        let insert = r#"INSERT INTO "outbox" ("event_id", "audit_log_id", "leaf_hash") VALUES"#;
        assert_eq!(
            statement.sql,
            format!(
                r#"WITH "write0" AS ({insert} ($1, $2, $3)) , "write1" AS ({insert} ($4, $5, $6)) {insert} ($7, $8, $9)"#
            )
        );
        let values = statement.values.unwrap().0;
        assert_eq!(values[3], Uuid::from_bytes([3; 16]).into());
        assert_eq!(values.len(), 9);
    }
}
