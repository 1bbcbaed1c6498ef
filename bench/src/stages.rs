//! What is measured, and how.

use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::{
    Plan, Result,
    gateway::{Gateway, Setup},
    http::{self, Client},
    postgres::Postgres,
    processor::Used,
    socket::Crowd,
    statements,
    table::{Row, Table, mebibytes, median, millis, percentile, rate, thousands},
    workload::{self, Workload},
    yardstick::{Script, Scripts},
};

/// How long a process has until it counts as idle.
const IDLE: Duration = Duration::from_secs(5);

/// Rates of a workload, in turn with its yardstick.
pub async fn rates(
    plan: &Plan,
    workload: &'static Workload,
    setup: &Setup,
    postgres: &Postgres,
    scripts: &Scripts,
    table: &mut Table,
) -> Result<()> {
    eprintln!("{}", workload.title);
    let gateway = setup.start().await?;
    if workload.is_deep {
        workload::go_deep(&mut Client::connect(gateway.address, &gateway.token).await?).await?;
    }
    let captured = statements::capture(postgres, &gateway, workload).await?;
    let script = scripts.of(workload, &captured)?;
    for &connections in plan.concurrencies {
        let row = compared(plan, workload, connections, &gateway, postgres, &script).await?;
        table.push(row);
    }
    gateway.stop().await
}

/// Runs of the gateway and of pgbench in turn; the medians, and the median of the shares of the pairs.
async fn compared(
    plan: &Plan,
    workload: &'static Workload,
    connections: usize,
    gateway: &Gateway,
    postgres: &Postgres,
    script: &Script,
) -> Result<Row> {
    postgres.rest().await?;
    let (mut ours, mut theirs, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    let mut latencies = Vec::new();
    for _ in 0..plan.rounds {
        let before = Used::now(gateway, postgres)?;
        let load = http::load(gateway.address, &gateway.token, workload, connections, plan.run).await?;
        let between = Used::now(gateway, postgres)?;
        let yardstick = script.run(postgres, connections, plan.run).await?;
        // Until its sessions have ended and count with the postmaster.
        sleep(Duration::from_millis(300)).await;
        let after = Used::now(gateway, postgres)?;
        let (own, database) = between.each_since(before, load.rate, plan.run);
        let (_, alone) = after.each_since(between, yardstick.rate, plan.run);
        eprintln!(
            "    {:.0} /s ({own:.0} µs and PostgreSQL's {database:.0} µs each), pgbench {:.0} /s (PostgreSQL's {alone:.0} µs)",
            load.rate, yardstick.rate
        );
        ours.push(load.rate);
        theirs.push(yardstick.rate);
        shares.push(load.rate / yardstick.rate);
        latencies.extend(load.latencies);
    }
    latencies.sort_unstable();
    Ok(Row {
        what: format!("{}, {connections} at once", workload.title),
        opsgate: rate(median(&ours)),
        p50: millis(percentile(&latencies, 0.5)),
        p99: millis(percentile(&latencies, 0.99)),
        pgbench: rate(median(&theirs)),
        share: format!("{:.0} %", median(&shares) * 100.0),
        goal: if connections == 8 { workload.goal.to_owned() } else { String::new() },
    })
}

/// From a change to the last of many subscribers.
pub async fn latency(plan: &Plan, setup: &Setup, table: &mut Table) -> Result<()> {
    eprintln!("{} subscribers", plan.subscribers);
    let gateway = setup.start().await?;
    let mut crowd = Crowd::gather(gateway.address, &gateway.token, plan.subscribers).await?;
    let mut client = Client::connect(gateway.address, &gateway.token).await?;
    let mut ticks = interval(Duration::from_secs(1) / plan.rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut sent, mut answered) = (Vec::new(), Vec::new());
    for event in 0..plan.events {
        ticks.tick().await;
        sent.push(Instant::now());
        workload::NOTE.check(client.post(&workload::NOTE.body(0, event as u64)).await?)?;
        answered.push(Instant::now());
    }
    crowd.received(plan.events).await?;
    let since = |starts: &[Instant]| {
        let mut times: Vec<Duration> = crowd
            .times()
            .iter()
            .zip(starts)
            .map(|(end, start)| end.saturating_duration_since(*start))
            .collect();
        times.sort_unstable();
        (millis(percentile(&times, 0.5)), millis(percentile(&times, 0.99)))
    };
    let subscribers = thousands(plan.subscribers as f64);
    for (from, starts, goal) in [
        ("the mutation's answer", &answered, ""),
        ("sending the mutation", &sent, "p99 < 200 ms from the commit, which lies between the two"),
    ] {
        let (p50, p99) = since(starts);
        table.push(Row {
            what: format!("from {from} to the last of {subscribers} subscribers"),
            p50,
            p99,
            goal: goal.to_owned(),
            ..Row::default()
        });
    }
    drop(crowd);
    gateway.stop().await
}

/// The memory of many subscriptions.
pub async fn crowd(plan: &Plan, setup: &Setup, table: &mut Table) -> Result<()> {
    const EVENTS: usize = 100;
    eprintln!("{} subscriptions", plan.crowd);
    let gateway = setup.start().await?;
    let mut client = Client::connect(gateway.address, &gateway.token).await?;
    workload::NOTE.check(client.post(&workload::NOTE.body(1, 0)).await?)?;
    sleep(IDLE).await;
    let before = gateway.memory()?;
    let opened = Instant::now();
    let mut crowd = Crowd::gather(gateway.address, &gateway.token, plan.crowd).await?;
    eprintln!("    opened in {:.1} s", opened.elapsed().as_secs_f64());
    sleep(IDLE).await;
    let open = gateway.memory()?;
    let began = Instant::now();
    for event in 0..EVENTS {
        workload::NOTE.check(client.post(&workload::NOTE.body(0, event as u64)).await?)?;
        crowd.received(event + 1).await?;
    }
    eprintln!("    {:.0} ms an event", began.elapsed().as_secs_f64() * 1e3 / EVENTS as f64);
    let after = gateway.memory()?;
    let subscriptions = thousands(plan.crowd as f64);
    for (what, memory, goal) in [
        (format!("resident before {subscriptions} subscriptions"), before.resident, ""),
        (format!("resident with {subscriptions} subscriptions open"), open.resident, "< 1,024 MiB"),
        (format!("resident after {EVENTS} events to each"), after.resident, "< 1,024 MiB"),
        ("at most, in between".to_owned(), after.peak, "< 1,024 MiB"),
    ] {
        table.push(Row { what, opsgate: mebibytes(memory), goal: goal.to_owned(), ..Row::default() });
    }
    drop(crowd);
    gateway.stop().await
}

/// What the process takes: time to start, memory idle and at work.
pub async fn process(plan: &Plan, setup: &Setup, table: &mut Table) -> Result<()> {
    const CONNECTIONS: usize = 32;
    eprintln!("the process");
    let mut starts = Vec::new();
    for _ in 0..plan.starts {
        let gateway = setup.start().await?;
        starts.push(gateway.ready_after);
        gateway.stop().await?;
    }
    starts.sort_unstable();
    table.push(Row {
        what: "from its start to ready, on an existing database".to_owned(),
        p50: millis(percentile(&starts, 0.5)),
        goal: "< 500 ms (issue 3)".to_owned(),
        ..Row::default()
    });

    let gateway = setup.start().await?;
    sleep(IDLE).await;
    let idle = gateway.memory()?.resident;
    http::load(gateway.address, &gateway.token, &workload::PAGE, CONNECTIONS, plan.run).await?;
    let busy = gateway.memory()?.peak;
    gateway.stop().await?;
    for (what, memory, goal) in [
        ("resident, idle".to_owned(), idle, "< 80 MiB (issue 3)"),
        (
            format!("resident at most, serving that page to {CONNECTIONS} at once"),
            busy,
            "< 250 MiB (issue 3)",
        ),
    ] {
        table.push(Row { what, opsgate: mebibytes(memory), goal: goal.to_owned(), ..Row::default() });
    }
    Ok(())
}
