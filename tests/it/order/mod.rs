//! The order of the log: every event once, without gaps, and none before what it came after.

mod commits;
mod frozen;
