//! The gateway's own numbers: which there are and what they mean.
//!
//! Whoever counts or measures names a constant of here; `http/metrics.rs` serves them. A label's values are words of the
//! code (a kind of task, a code, a pool), so that there are few: nothing that comes from outside is one.

/// One family of numbers.
#[derive(Debug)]
pub struct Metric {
    /// Its name, which ends with its unit.
    pub name: &'static str,
    /// What kind of numbers they are.
    pub kind: Kind,
    /// What tells its numbers apart.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

/// What kind of numbers a family has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only rises, from 0 at the start of the process.
    Counter,
    /// As it is when it is asked for.
    Gauge,
    /// How many measurements there were up to each of some bounds, and their sum.
    Histogram,
}

macro_rules! metrics {
    ($($name:ident $kind:ident $text:literal [$($label:literal)*] $help:literal;)*) => {
        $(#[doc = $help] pub const $name: &str = $text;)*

        /// All of them.
        pub const ALL: &[Metric] = &[
            $(Metric { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help }),*
        ];
    };
}

#[rustfmt::skip]
metrics! {
    REQUEST_SECONDS Histogram "opsgate_request_duration_seconds" ["operation" "outcome"]
        "How long requests took: by operation (query, mutation, subscription, unknown) and by outcome: ok, errors, refused before anything was executed, or abandoned: whoever asked went away before the answer. Of a subscription only a refusal counts.";
    IN_FLIGHT Gauge "opsgate_requests_in_flight" []
        "Requests that are being read or answered.";
    REFUSED Counter "opsgate_requests_refused_total" ["code"]
        "Requests that were refused before anything was executed, and WebSockets whose credential was, by the code of the error.";
    ERRORS Counter "opsgate_request_errors_total" ["code"]
        "Errors in the answers to requests that were executed, by code.";
    RESPONSES Counter "opsgate_http_responses_total" ["status"]
        "Answers over HTTP, by status.";
    HTTP_CONNECTIONS Gauge "opsgate_http_connections" []
        "Open connections of clients, WebSockets among them.";
    SOCKETS Gauge "opsgate_websockets" []
        "Open WebSockets.";
    STREAMS Gauge "opsgate_event_streams" []
        "Open event streams.";
    SUBSCRIPTIONS Gauge "opsgate_subscriptions" []
        "Open subscriptions, over WebSockets and event streams.";
    STATEMENTS Counter "opsgate_sql_statements_total" []
        "SQL statements sent, without those of the control pool.";
    CONNECTIONS Gauge "opsgate_database_connections" ["pool" "state"]
        "Connections to the database, by pool and by state: idle or busy.";
    CONNECTIONS_MAX Gauge "opsgate_database_connections_max" ["pool"]
        "The most connections that a pool opens.";
    DATABASE_UP Gauge "opsgate_database_up" []
        "Whether the database answered when these numbers were asked for: 1 or 0. Where it is 0, those that it gives are NaN.";
    TASKS Gauge "opsgate_tasks" ["state"]
        "Tasks of the queue, of all processes: due (up to 10,000) and running.";
    TASK_AGE Gauge "opsgate_task_due_age_seconds" []
        "For how long the task that has waited longest could have run; 0 where none is due.";
    TASK_SECONDS Histogram "opsgate_task_duration_seconds" ["kind" "end"]
        "Attempts of tasks in this process, by kind and by how they ended: done, again, failed, lapsed, interrupted or lost.";
    POSITION Gauge "opsgate_log_position" []
        "The last position of the event log that this process has handed on.";
    LOG_BEHIND Gauge "opsgate_log_behind_events" []
        "How many positions this process is behind the head of the event log.";
    UNSEQUENCED Gauge "opsgate_sequencer_waiting_events" []
        "Committed events without a position (up to 10,000).";
    SEQUENCER_LAG Gauge "opsgate_sequencer_lag_seconds" []
        "For how long the first event without a position has waited; 0 where none waits.";
    REACTOR_BEHIND Gauge "opsgate_reactor_behind_events" ["reactor"]
        "How many positions a reactor is behind the head of the event log.";
    REACTOR_PARKED Gauge "opsgate_reactor_parked_events" ["reactor"]
        "Events that a reactor has set aside because it failed at them: dead letters.";
    RIGHTS_AGE Gauge "opsgate_rights_age_seconds" []
        "How long ago this process compared everybody's rights with the database. From one second on nobody is answered.";
    PASSWORD_SECONDS Histogram "opsgate_password_hash_duration_seconds" ["line"]
        "How long passwords were hashed, without the waiting, by the line that they waited in: strangers (everybody who signs in) or known. Whoever tries a password and isn't let in takes one hash, whether there is an account or not.";
    BUILD Gauge "opsgate_build_info" ["version"]
        "1, with the version that runs.";
}

/// The bounds of the histograms' buckets, in seconds.
pub const BOUNDS: [f64; 14] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The table of docs/observability.md.
pub fn reference() -> String {
    let rows = ALL.iter().map(|metric| {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let kind = format!("{:?}", metric.kind).to_lowercase();
        format!("| `{}` | {kind} | {} | {} |\n", metric.name, labels.join(", "), metric.help)
    });
    format!("| Metric | Kind | Labels | |\n| --- | --- | --- | --- |\n{}", rows.collect::<String>())
}
