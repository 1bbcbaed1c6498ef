//! A table as a short declarative list: columns by their meaning, then keys and indexes.
//!
//! No column is nullable unless its function says `_null`.

use sea_orm_migration::prelude::*;

use crate::dialect::collate;
pub use sea_orm_migration::schema::{
    big_integer as big, big_integer_null as big_null, blob as bytes, blob_null as bytes_null,
    boolean as flag, integer as int, integer_null as int_null, json_binary as json,
    json_binary_null as json_null, pk_uuid, small_integer as small, small_integer_null as small_null, text,
    text_null, timestamp_with_time_zone as time, timestamp_with_time_zone_null as time_null, uuid, uuid_null,
};

/// The usual primary key: a UUIDv7 by the name of `id`.
pub fn id() -> ColumnDef {
    pk_uuid("id")
}

/// Makes a column the primary key; a key of several columns is [`Table::key`].
pub fn key(mut column: ColumnDef) -> ColumnDef {
    column.primary_key().take()
}

/// A primary key that the database counts up and, on SQLite too, never gives twice.
pub fn serial(name: &'static str) -> ColumnDef {
    big(name).auto_increment().primary_key().take()
}

/// An enum's value by its name.
pub fn word(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).string_len(32).not_null().take()
}

/// As [`word`], nullable.
pub fn word_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).string_len(32).null().take()
}

/// A table in the making.
pub struct Table {
    name: &'static str,
    create: TableCreateStatement,
    texts: Vec<String>,
    indexes: Vec<String>,
}

/// Begins a table.
pub fn table(name: &'static str) -> Table {
    Table {
        name,
        create: TableCreateStatement::new().table(name).take(),
        texts: Vec::new(),
        indexes: Vec::new(),
    }
}

impl Table {
    /// Adds columns.
    pub fn columns(mut self, columns: impl IntoIterator<Item = ColumnDef>) -> Self {
        for column in columns {
            if let Some(ColumnType::Text | ColumnType::String(_)) = column.get_column_type() {
                self.texts.push(column.get_column_name());
            }
            self.create.col(column);
        }
        self
    }

    /// Adds what every row has that somebody may change: when it was made and last changed, and its
    /// version.
    pub fn versioned(self) -> Self {
        self.columns([time("created_at"), time("updated_at"), int("version")])
    }

    /// Makes these columns the primary key together.
    pub fn key<const N: usize>(mut self, columns: [&'static str; N]) -> Self {
        let mut key = Index::create();
        for column in columns {
            key.col(column);
        }
        self.create.primary_key(&mut key);
        self
    }

    /// The column is the `id` of a row in `parent`, which can't be deleted while this row is there.
    pub fn refers(self, column: &'static str, parent: &'static str) -> Self {
        self.foreign_key(column, parent, ForeignKeyAction::NoAction)
    }

    /// The column is the `id` of a row in `parent`, and this row is deleted with it.
    pub fn belongs(self, column: &'static str, parent: &'static str) -> Self {
        self.foreign_key(column, parent, ForeignKeyAction::Cascade)
    }

    fn foreign_key(
        mut self,
        column: &'static str,
        parent: &'static str,
        on_delete: ForeignKeyAction,
    ) -> Self {
        let mut foreign_key = ForeignKey::create();
        foreign_key
            .name(format!("fk_{}_{column}", self.name))
            .from(self.name, column)
            .to(parent, "id")
            .on_delete(on_delete);
        self.create.foreign_key(&mut foreign_key);
        self
    }

    /// Adds an index over columns, as SQL lists them.
    pub fn index(self, columns: &str) -> Self {
        self.add_index("INDEX idx", columns, "")
    }

    /// Adds an index over the rows that a condition picks. Only a query that spells the condition out uses it:
    /// a bound value proves nothing to the planner.
    pub fn index_where(self, columns: &str, condition: &str) -> Self {
        self.add_index("INDEX idx", columns, condition)
    }

    /// No two rows agree in these columns.
    pub fn unique(self, columns: &str) -> Self {
        self.add_index("UNIQUE INDEX uq", columns, "")
    }

    /// No two of the rows that a condition picks agree in these columns.
    pub fn unique_where(self, columns: &str, condition: &str) -> Self {
        self.add_index("UNIQUE INDEX uq", columns, condition)
    }

    /// Both databases read the same SQL here, partial indexes included.
    fn add_index(mut self, kind: &str, columns: &str, condition: &str) -> Self {
        let table = self.name;
        let suffix = columns.replace(", ", "_");
        let filter = if condition.is_empty() { String::new() } else { format!(" WHERE {condition}") };
        self.indexes.push(format!("CREATE {kind}_{table}_{suffix} ON {table} ({columns}){filter}"));
        self
    }

    /// Creates the table and its indexes.
    pub async fn create(self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        manager.create_table(self.create).await?;
        collate(manager, self.name, &self.texts).await?;
        for index in &self.indexes {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}

/// Drops tables with their indexes and triggers, in the order given.
pub async fn drop_tables<const N: usize>(
    manager: &SchemaManager<'_>,
    names: [&'static str; N],
) -> Result<(), DbErr> {
    for name in names {
        manager.drop_table(TableDropStatement::new().table(name).take()).await?;
    }
    Ok(())
}
