//! The statements that the gateway sends for one request, as the server logs them.

use std::{collections::HashSet, time::Duration};

use tokio::time::sleep;

use crate::{Result, gateway::Gateway, http::Client, postgres::Postgres, workload::Workload};

/// How the gateway's sessions for requests call themselves; those of the background have another name.
const APPLICATION: &str = "opsgate";
/// How long the server takes at most until what it did is in its log.
const SETTLED: Duration = Duration::from_millis(300);
/// What goes on in the background all the time happens at least once in this time.
const IDLE: Duration = Duration::from_secs(3);

/// A statement with the values that were sent along; none is NULL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// With `$1`, `$2`, … in the places of values.
    pub sql: String,
    /// In their order.
    pub values: Vec<Option<String>>,
}

/// One request, and what the gateway sent for it.
pub struct Captured {
    /// In their order.
    pub statements: Vec<Statement>,
    answer: String,
}

impl Captured {
    /// The time at which the gateway did it, as PostgreSQL writes it: what the receipt says.
    pub fn now(&self) -> Option<String> {
        let (_, rest) = self.answer.split_once(r#""committedAt":""#)?;
        let (date, time) = rest.split_once("Z\"")?.0.split_once('T')?;
        let time = if time.contains('.') { time.trim_end_matches('0').trim_end_matches('.') } else { time };
        Some(format!("{date} {time}+00"))
    }
}

/// What the gateway sends for a request of `workload`.
pub async fn capture(
    postgres: &Postgres,
    gateway: &Gateway,
    workload: &'static Workload,
) -> Result<Captured> {
    let mut client = Client::connect(gateway.address, &gateway.token).await?;
    // Whatever is done once (connections, prepared statements) has been done then.
    for turn in 1..10 {
        workload.check(client.post(&workload.body(1, turn)).await?)?;
    }
    postgres.log_statements("all").await?;
    sleep(SETTLED).await;
    let start = std::fs::metadata(&postgres.log)?.len();
    sleep(IDLE).await;
    let request = std::fs::metadata(&postgres.log)?.len();
    let answer = client.post(&workload.body(0, 0)).await?.to_owned();
    workload.check(&answer)?;
    sleep(SETTLED).await;
    let log = std::fs::read(&postgres.log)?;
    postgres.log_statements("none").await?;

    let section = |from: u64, to: u64| -> Result<Vec<Vec<Statement>>> {
        let (from, to) = (usize::try_from(from)?, usize::try_from(to)?);
        Ok(sessions(std::str::from_utf8(log.get(from..to).ok_or("the server's log was cut")?)?))
    };
    let background: HashSet<String> =
        section(start, request)?.into_iter().flatten().map(|statement| statement.sql).collect();
    let mut sessions = section(request, log.len() as u64)?;
    if workload.is_read() {
        sessions
            .iter_mut()
            .for_each(|session| session.retain(|statement| !background.contains(&statement.sql)));
    }
    Ok(Captured { statements: workload.own(sessions)?, answer })
}

/// What the gateway's sessions sent, each in its order, from lines such as
///
/// ```text
/// opsgate|650f.2a|LOG:  execute sqlx_s_1: SELECT "id" FROM "users" WHERE "id" = $1
/// opsgate|650f.2a|DETAIL:  parameters: $1 = '019a…'
/// ```
fn sessions(log: &str) -> Vec<Vec<Statement>> {
    let mut sessions: Vec<(&str, Vec<Statement>)> = Vec::new();
    for line in log.lines() {
        let mut parts = line.splitn(3, '|');
        let (Some(APPLICATION), Some(id), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let place = sessions.iter().position(|(other, _)| *other == id).unwrap_or_else(|| {
            sessions.push((id, Vec::new()));
            sessions.len() - 1
        });
        let session = &mut sessions[place].1;
        if let Some(sql) = text.strip_prefix("LOG:  statement: ") {
            session.push(Statement { sql: sql.to_owned(), values: Vec::new() });
        } else if let Some(text) = text.strip_prefix("LOG:  execute ") {
            let sql = text.split_once(": ").map_or(text, |(_, sql)| sql);
            session.push(Statement { sql: sql.to_owned(), values: Vec::new() });
        } else if let Some(text) = text.strip_prefix("DETAIL:  ")
            && let Some((_, list)) = text.split_once("arameters: ")
            && let Some(statement) = session.last_mut()
        {
            statement.values = values(list);
        }
    }
    sessions.into_iter().map(|(_, statements)| statements).collect()
}

/// The values of `$1 = 'it''s', $2 = NULL`.
fn values(mut list: &str) -> Vec<Option<String>> {
    let mut values = Vec::new();
    while let Some((_, rest)) = list.split_once(" = ") {
        let Some(quoted) = rest.strip_prefix('\'') else {
            values.push(None);
            list = rest;
            continue;
        };
        let mut value = String::new();
        let mut chars = quoted.char_indices().peekable();
        let mut end = quoted.len();
        while let Some((at, char)) = chars.next() {
            if char != '\'' {
                value.push(char);
            } else if chars.next_if(|(_, next)| *next == '\'').is_some() {
                value.push('\'');
            } else {
                end = at + 1;
                break;
            }
        }
        values.push(Some(value));
        list = &quoted[end..];
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_read_session_by_session() {
        let log = "opsgate|a|LOG:  statement: BEGIN\n\
                   opsgate-control|x|LOG:  statement: BEGIN\n\
                   opsgate|b|LOG:  execute sqlx_s_1: SELECT 1\n\
                   opsgate|a|LOG:  execute sqlx_s_2: SELECT $1, $2, $3\n\
                   opsgate|a|DETAIL:  parameters: $1 = 'it''s = $2', $2 = NULL, $3 = ''\n";
        let found = sessions(log);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0][0].sql, "BEGIN");
        assert_eq!(found[0][1].sql, "SELECT $1, $2, $3");
        assert_eq!(found[0][1].values, [Some("it's = $2".to_owned()), None, Some(String::new())]);
        assert_eq!(found[1].len(), 1);
    }

    #[test]
    fn the_time_is_as_postgresql_writes_it() {
        let at = |time: &str| {
            let answer = format!(r#"{{"receipt":{{"committedAt":"{time}"}}}}"#);
            Captured { statements: Vec::new(), answer }.now()
        };
        assert_eq!(at("2026-11-21T07:20:30.120000Z").as_deref(), Some("2026-11-21 07:20:30.12+00"));
        assert_eq!(at("2026-11-21T07:20:30Z").as_deref(), Some("2026-11-21 07:20:30+00"));
    }
}
