//! Lists against real databases: SQLite always, PostgreSQL where `OPSGATE_TEST_POSTGRES_URL` names one.

mod fixture;
mod lists;

use self::fixture::Bench;
