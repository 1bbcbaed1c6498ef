//! The tables of Opsgate as SeaORM entities: one file a table, named as its row, and nothing else.
//!
//! - `id` is a UUIDv7 that the application makes, so the order of ids is the order of creation.
//! - `organization_id` is never null: the nil UUID means the platform's own.
//! - `version` rises with each update, and guards it (optimistic locking).
//! - Times are UTC with microseconds. Enums are stored as their `SCREAMING_SNAKE_CASE` names, ordered ones
//!   (levels, severities) as numbers.
//!
//! Others import this crate as `::entity`: `sea_orm::*` has a module of the same name.
#![expect(missing_docs, reason = "columns are named by the requirements; each module says what its rows are")]

pub mod actor_kind;
pub mod admin_user;
pub mod alert;
pub mod api_token;
pub mod api_token_use;
pub mod approval;
pub mod approval_vote;
pub mod audit_leaf;
pub mod audit_log;
pub mod audit_personal;
pub mod audit_subject;
pub mod authz_epoch;
pub mod billing_subscription;
pub mod credential;
pub mod dead_letter;
pub mod event;
pub mod event_position;
pub mod idempotency_key;
pub mod impersonation;
pub mod incident;
pub mod incident_participant;
pub mod incident_service;
pub mod incident_timeline;
pub mod invitation;
pub mod ip_allow_entry;
pub mod list;
pub mod log_head;
pub mod organization;
pub mod organization_member;
pub mod outbox;
pub mod probe_result;
pub mod reactor_cursor;
pub mod recovery_code;
pub mod retention_guard;
pub mod role;
pub mod role_assignment;
pub mod row;
pub mod schedule;
pub mod sealing_key;
pub mod sequence;
pub mod service;
pub mod service_status;
pub mod session;
pub mod sign_in_attempt;
pub mod task;
pub mod trusted_document;
pub mod user;
pub mod words;
