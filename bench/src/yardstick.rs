//! The yardstick: the statements of a workload as a pgbench script, and what pgbench makes of it.
//!
//! A script holds the statements alone; values travel as parameters, as they do from the gateway: those of the request
//! that was logged (pgbench gets them by `-D`), except where they must differ from transaction to transaction. Ids and
//! times that the gateway makes are made from a count, rising as they do there, so that indexes grow as they do there.

use std::{
    fmt::Write,
    path::PathBuf,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::process::Command;
use uuid::Uuid;

use crate::{
    Result,
    postgres::{Postgres, output},
    statements::{Captured, Statement},
    workload::Workload,
};

/// The scripts that are checked in: what a change of the gateway's statements shows in.
pub struct Scripts {
    /// Their directory.
    pub checked_in: PathBuf,
    /// Whether they are written anew where they differ.
    pub is_written: bool,
}

/// A script and the values that it is run with.
pub struct Script {
    path: PathBuf,
    definitions: Vec<String>,
}

impl Scripts {
    /// The script of what `captured` shows.
    ///
    /// # Errors
    /// Where it isn't the one that is checked in.
    pub fn of(&self, workload: &Workload, captured: &Captured) -> Result<Script> {
        let (text, definitions) = write(workload, captured)?;
        let path = self.checked_in.join(format!("{}.sql", workload.name));
        if self.is_written {
            std::fs::create_dir_all(&self.checked_in)?;
            std::fs::write(&path, &text)?;
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
            let found = path.with_extension("found.sql");
            std::fs::write(&found, &text)?;
            return Err(format!(
                "the gateway's statements aren't those of {} any more: compare with {}, and accept them by \
                 `bench/run --write`",
                path.display(),
                found.display()
            )
            .into());
        }
        Ok(Script { path, definitions })
    }
}

/// The script, and a definition for each of its values.
fn write(workload: &Workload, captured: &Captured) -> Result<(String, Vec<String>)> {
    let mut values = Values { workload, now: captured.now(), made: Vec::new(), definitions: Vec::new() };
    let mut body = String::new();
    for statement in &captured.statements {
        writeln!(body, "{};", values.fill(statement)?)?;
    }
    let Values { made, definitions, .. } = values;
    let mut script = format!(
        "-- What the gateway sends for `{}`. Written by `bench/run --write`; not by hand.\n{}",
        workload.name, workload.prelude
    );
    if !workload.is_read() {
        script.push_str("\\set turn :turn + 1\n");
        // Every run is a quarter of an hour of its own, from 2030 on.
        script.push_str("\\set now 1900000000 + (:run - 10000) * 900 + :turn * 0.0001\n");
    }
    for number in 0..made.len() {
        // 17 digits: the run, the transaction, the client, the place.
        writeln!(
            script,
            "\\set made{number} :run * 1000000000000 + :turn * 100000 + :client_id * 100 + {number}"
        )?;
    }
    Ok((script + &body, definitions))
}

struct Values<'a> {
    workload: &'a Workload,
    /// The time at which the gateway did what was asked.
    now: Option<String>,
    /// The ids that the gateway made for the request.
    made: Vec<Uuid>,
    definitions: Vec<String>,
}

impl Values<'_> {
    /// The statement with pgbench's variables in the places of its values.
    fn fill(&mut self, statement: &Statement) -> Result<String> {
        let mut sql = String::new();
        let mut rest = statement.sql.as_str();
        while let Some(at) = rest.find('$') {
            let number = rest[at + 1..].split(|char: char| !char.is_ascii_digit()).next().unwrap_or_default();
            let index: usize = number.parse()?;
            let value = statement.values.get(index - 1).ok_or("a statement without its values in the log")?;
            sql.push_str(&rest[..at]);
            let is_untyped = rest[..at].ends_with("unnest(");
            sql.push_str(&self.variable(value.as_deref(), is_untyped));
            rest = &rest[at + 1 + number.len()..];
        }
        Ok(sql + rest)
    }

    fn variable(&mut self, value: Option<&str>, is_untyped: bool) -> String {
        // pgbench has no parameters that are NULL.
        let Some(value) = value else { return "NULL".to_owned() };
        if let Some((_, varied)) = self.workload.varied.iter().find(|(first, _)| *first == value) {
            return (*varied).to_owned();
        }
        if self.now.as_deref() == Some(value) {
            return "to_timestamp(:now::float8)".to_owned();
        }
        if value.len() == 36
            && let Ok(id) = Uuid::try_parse(value)
            && !id.is_nil()
            && !value.starts_with("019a0000-0000-7000-")
        {
            let number = self.made.iter().position(|made| *made == id).unwrap_or_else(|| {
                self.made.push(id);
                self.made.len() - 1
            });
            return format!("('01ffffffffff700' || :made{number}::text)::uuid");
        }
        if is_incident_number(value) && !self.made.is_empty() {
            return ":made0::text".to_owned();
        }
        let name = format!("v{}", self.definitions.len() + 1);
        self.definitions.push(format!("{name}={value}"));
        let cast = if is_untyped { "::uuid[]" } else { "" };
        format!(":{name}{cast}")
    }
}

/// Numbers are unique, too.
fn is_incident_number(value: &str) -> bool {
    value.len() < 20 && value.starts_with("INC-")
}

/// What a run of pgbench came to.
pub struct Run {
    /// Transactions a second; of a script without a transaction, times that it ran through.
    pub rate: f64,
}

impl Script {
    /// Runs it over `connections` for the time `run`.
    pub async fn run(&self, postgres: &Postgres, connections: usize, run: Duration) -> Result<Run> {
        /// Each has ids of its own, in the order of the runs; on a cluster that was kept, too, but for a chance.
        static RUNS: LazyLock<AtomicU32> =
            LazyLock::new(|| AtomicU32::new(10_000 + std::process::id() % 80_000));
        let number = RUNS.fetch_add(1, Ordering::Relaxed);
        let mut pgbench = Command::new("pgbench");
        pgbench
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
            .arg(format!("--client={connections}"))
            .arg(format!("--time={}", run.as_secs().max(1)))
            .arg("--file")
            .arg(&self.path)
            .args(["-D", "turn=0", "-D", &format!("run={number}")]);
        for definition in &self.definitions {
            pgbench.args(["-D", definition]);
        }
        let report = output(pgbench.arg(postgres.yardstick())).await?;
        let find = |before: &str| {
            let after = report.split_once(before)?.1;
            after.split_whitespace().next()
        };
        if find("number of failed transactions:") != Some("0") {
            return Err(format!("pgbench: {report}").into());
        }
        Ok(Run { rate: find("tps =").ok_or("pgbench says no rate")?.parse()? })
    }
}
