//! Platform: how the gateway itself is doing, and how its schema changes.
//!
//! Nouns first. The gateway's *status* has a part for each thing that can fall behind: the database, the rights, the
//! *sequencer* (which gives events their positions), the *tailer* (which hands them to subscriptions), the task
//! *queue*, and the *reactors* (parts of the gateway that react to events). A part is read only where it is selected,
//! and one that can't be read is null beside the others.
//!
//! The *ring* of sealing keys ([`secret`](crate::kernel::secret)) is changed at the machine: another key is *rotated* in
//! and seals from then on, a task seals anew what was sealed under others, and a key that nothing uses any more is
//! *retired*.
//!
//! A *change* is what one day added to the schema, deprecated or removed. The list of them is kept in `changes.json`.
//!
//! | what | where |
//! | --- | --- |
//! | permissions | `system.health.view` |
//! | tables | `sealing_keys` |
//! | events | `platform.demo.begun`; `platform.key.added`, `…rotated`, `…resealed`, `…retired`, `…forgotten` |
//!
//! `node` and `nodes`, which find any object by its id, stand in `schema/node.rs`: they need the list of all types.

mod events;
mod graphql;
mod jobs;
mod ops;
mod permissions;
mod rules;
mod store;

pub use events::{ALL as EVENTS, demo_begun};
pub use graphql::Query;
pub use jobs::handlers;
pub use ops::{KeyError, add_key, forget_key, retire_key, rotate_key, uses_of_key};
pub use permissions::ALL as PERMISSIONS;
pub use store::{is_demo, resealing};

/// The name of the event that a log begins with whose contents are made up.
const DEMO_BEGUN: &str = "platform.demo.begun";

/// The kind of the task that seals anew.
const RESEAL: &str = "platform.reseal";

/// What the installation of a demo is called in its audit entries.
pub const DEMO: &str = "demo";
