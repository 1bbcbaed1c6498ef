//! The tables against a real database: SQLite always, PostgreSQL too where `OPSGATE_TEST_POSTGRES_URL`
//! names a server on which databases may be created.

mod append_only;
mod database;
mod enums;
mod history;
mod keys;
mod round_trip;
mod rows;
