//! Lists against real databases: SQLite always, PostgreSQL where `OPSGATE_TEST_POSTGRES_URL` names one.

mod agreement;
mod children;
mod filters;
mod fixture;
mod lists;
mod plans;
mod schema;
