//! People brought into the register by batches, beside the same rows by plain INSERT.
//!
//! The yardstick is made of what the gateway has written: its users, audit entries and events, as three INSERTs of a
//! hundred rows each in one transaction, with the values as literals. It does nothing else that the gateway does: looks
//! nobody up, seals nothing, gives nothing a place in the log.

use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;

use crate::{
    Plan, Result,
    gateway::{Gateway, Setup},
    http::Client,
    people::{self, Person},
    postgres::Postgres,
    table::{Row, Table, median, millis, percentile, rate},
};

/// People of a batch.
const BATCH: u64 = 100;
/// Batches of a round, over all connections.
const BATCHES: u64 = 128;

const TABLES: [&str; 3] = ["users", "audit_logs", "events"];

/// Rates at several concurrencies.
pub async fn rates(plan: &Plan, setup: &Setup, postgres: &Postgres, table: &mut Table) -> Result<()> {
    let gateway = setup.start().await?;
    let mut next = 0;
    for &connections in plan.concurrencies {
        postgres.rest().await?;
        let (mut ours, mut theirs, mut shares) = (Vec::new(), Vec::new(), Vec::new());
        let mut latencies = Vec::new();
        for _ in 0..plan.rounds {
            let mark = newest(postgres).await?;
            let load = upsert(&gateway, connections as u64, next).await?;
            next += BATCHES * BATCH;
            let inserts = inserts(postgres, mark).await?;
            let yardstick = insert(postgres, connections, inserts).await?;
            eprintln!("    {:.0} /s, INSERT {yardstick:.0} /s", load.rate);
            ours.push(load.rate);
            theirs.push(yardstick);
            shares.push(load.rate / yardstick);
            latencies.extend(load.latencies);
        }
        latencies.sort_unstable();
        table.push(Row {
            what: format!("people by `usersUpsert`, {BATCH} each, {connections} at once"),
            opsgate: rate(median(&ours)),
            p50: millis(percentile(&latencies, 0.5)),
            p99: millis(percentile(&latencies, 0.99)),
            pgbench: rate(median(&theirs)),
            share: format!("{:.0} %", median(&shares) * 100.0),
            goal: if connections == 8 { "≥ 50 % (issue 4)".to_owned() } else { String::new() },
        });
    }
    gateway.stop().await
}

struct Load {
    /// People a second.
    rate: f64,
    latencies: Vec<Duration>,
}

/// Brings people from the number `from` on.
async fn upsert(gateway: &Gateway, connections: u64, from: u64) -> Result<Load> {
    let mut tasks = JoinSet::new();
    let began = Instant::now();
    for connection in 0..connections {
        let mut client = Client::connect(gateway.address, &gateway.token).await?;
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            for batch in (connection..BATCHES).step_by(connections as usize) {
                let body = body(from + batch * BATCH);
                let sent = Instant::now();
                let answer = client.post(&body).await?;
                if !answer.contains(r#""userErrors":[],"receipt":{"#) {
                    return Err(answer.into());
                }
                latencies.push(sent.elapsed());
            }
            Ok::<_, crate::Error>(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(done) = tasks.join_next().await {
        latencies.extend(done??);
    }
    let rate = (BATCHES * BATCH) as f64 / began.elapsed().as_secs_f64();
    Ok(Load { rate, latencies })
}

fn body(from: u64) -> String {
    let people = (from..from + BATCH).map(|n| {
        let Person { name, email, .. } = people::person(n);
        format!(r#"{{"externalId":"bulk-{n}","name":"{name}","email":"{email}","isVerified":true}}"#)
    });
    let people = people.collect::<Vec<_>>().join(",");
    format!(
        r#"{{"query":"mutation($input: UsersUpsertInput!) {{ usersUpsert(input: $input) {{ results {{ index id upserted }} userErrors {{ code message }} receipt {{ auditLogId }} }} }}","variables":{{"input":{{"users":[{people}]}}}}}}"#
    )
}

/// The newest id of each table.
async fn newest(postgres: &Postgres) -> Result<[String; 3]> {
    let mut db = PgConnection::connect(&postgres.gateway()).await?;
    let mut mark = [const { String::new() }; 3];
    for (mark, table) in mark.iter_mut().zip(TABLES) {
        let sql = format!("SELECT coalesce((SELECT id::text FROM {table} ORDER BY id DESC LIMIT 1), '')");
        *mark = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut db).await?;
    }
    db.close().await?;
    Ok(mark)
}

/// What the gateway wrote after `mark`, as transactions.
async fn inserts(postgres: &Postgres, mark: [String; 3]) -> Result<Vec<String>> {
    let mut db = PgConnection::connect(&postgres.gateway()).await?;
    let mut transactions = vec![String::from("BEGIN;"); BATCHES as usize];
    for (mut last, table) in mark.into_iter().zip(TABLES) {
        let sql = format!(
            "WITH chunk AS (SELECT * FROM {table} WHERE $1 = '' OR id > nullif($1, '')::uuid ORDER BY id LIMIT {BATCH})
             SELECT string_agg('(' || (SELECT string_agg(quote_nullable(value), ',' ORDER BY ordinality)
                                       FROM json_each_text(row_to_json(chunk)) WITH ORDINALITY) || ')', ','),
                    max(id::text)
             FROM chunk"
        );
        for transaction in &mut transactions {
            let (rows, max): (String, String) =
                sqlx::query_as(sqlx::AssertSqlSafe(&*sql)).bind(&last).fetch_one(&mut db).await?;
            transaction.push_str(&format!("INSERT INTO {table} VALUES {rows};"));
            last = max;
        }
    }
    db.close().await?;
    transactions.iter_mut().for_each(|transaction| transaction.push_str("COMMIT"));
    Ok(transactions)
}

/// Runs the transactions in the copy; people a second.
async fn insert(postgres: &Postgres, connections: usize, transactions: Vec<String>) -> Result<f64> {
    let mut shares = vec![Vec::new(); connections];
    for (i, transaction) in transactions.into_iter().enumerate() {
        shares[i % connections].push(transaction);
    }
    let mut sessions = Vec::new();
    for share in shares {
        sessions.push((PgConnection::connect(&postgres.yardstick()).await?, share));
    }
    let mut tasks = JoinSet::new();
    let began = Instant::now();
    for (mut db, share) in sessions {
        tasks.spawn(async move {
            for transaction in share {
                sqlx::raw_sql(sqlx::AssertSqlSafe(transaction)).execute(&mut db).await?;
            }
            Ok::<_, sqlx::Error>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok((BATCHES * BATCH) as f64 / began.elapsed().as_secs_f64())
}
