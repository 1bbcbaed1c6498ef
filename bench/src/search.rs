//! Searching a million people, on either database.

use std::time::{Duration, Instant};

use crate::{
    Result,
    gateway::Setup,
    http::Client,
    people,
    table::{Row, Table, millis, percentile},
};

/// Searches of each kind, with others each time.
const SEARCHES: u64 = 200;

/// What is typed by somebody who looks for the person number `n`.
type Typed = fn(n: u64) -> String;

/// Kinds of searches.
const KINDS: [(&str, Typed); 11] = [
    ("one letter", |n| beginning(&people::person(n).name, 1)),
    ("two letters", |n| beginning(&people::person(n).name, 2)),
    ("three letters", |n| beginning(&people::person(n).name, 3)),
    ("three letters from within a name", |n| people::person(n).name.chars().skip(2).take(3).collect()),
    ("a first name", |n| word(&people::person(n).name, 0)),
    ("a surname", |n| word(&people::person(n).name, 1)),
    ("both", |n| people::person(n).name),
    ("an address", |n| people::person(n).email),
    ("an external id", |n| people::person(n).external_id),
    ("the beginning of an external id", |n| beginning(&people::person(n).external_id, 8)),
    ("three words of which one occurs nowhere", |n| format!("{} zzq", people::person(n).name)),
];

fn beginning(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

fn word(text: &str, index: usize) -> String {
    text.split_whitespace().nth(index).unwrap_or_default().to_owned()
}

/// Latencies of each kind, one after the other, and of all together.
pub async fn latencies(database: &str, setup: &Setup, table: &mut Table) -> Result<()> {
    let gateway = setup.start().await?;
    let mut client = Client::connect(gateway.address, &gateway.token).await?;
    let mut all = Vec::new();
    for (kind, typed) in KINDS {
        let mut times = Vec::new();
        for turn in 0..SEARCHES {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a number of a person"
            )]
            let n = (people::mixed(turn, 9) * people::ALL as f64) as u64;
            let body = format!(
                r#"{{"query":"query($search: String) {{ users(search: $search, first: 20) {{ nodes {{ id name email }} pageInfo {{ hasNextPage endCursor }} }} }}","variables":{{"search":"{}"}}}}"#,
                typed(n)
            );
            let sent = Instant::now();
            let answer = client.post(&body).await?;
            if answer.contains(r#""errors":"#) || !answer.contains(r#""pageInfo":"#) {
                return Err(answer.into());
            }
            times.push(sent.elapsed());
        }
        all.extend_from_slice(&times);
        table.push(row(format!("{database}: {kind}"), times, ""));
    }
    table.push(row(
        format!("{database}: a million people, any of these searches"),
        all,
        "p95 < 50 ms (issue 4)",
    ));
    gateway.stop().await
}

fn row(what: String, mut times: Vec<Duration>, goal: &str) -> Row {
    times.sort_unstable();
    Row {
        what,
        opsgate: format!("p95 {}", millis(percentile(&times, 0.95))),
        p50: millis(percentile(&times, 0.5)),
        p99: millis(percentile(&times, 0.99)),
        goal: goal.to_owned(),
        ..Row::default()
    }
}
