//! The tailer: reads the log in order, once a process, and hands it to the hub.

use std::{sync::Arc, time::Duration};

use sqlx::postgres::PgListener;

use super::{POLL, read, sequencer::CHANNEL};
use crate::kernel::{Kernel, error::Result, event::LogEvent, trouble::Trouble};

/// Events a statement.
const BATCH: u64 = 500;

/// Tails for good.
pub async fn run(kernel: Kernel) {
    if let Some(pool) = kernel.db().postgres_control() {
        tokio::spawn(listen(kernel.clone(), pool));
    }
    let mut position = kernel.hub().position();
    let (mut wait, mut trouble) = (Duration::ZERO, Trouble::with("reading the log"));
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = kernel.wakes.tailer.notified() => {}
        }
        let has_more = batch(&kernel, &mut position).await;
        trouble.note(&has_more);
        wait = if has_more.unwrap_or_default() { Duration::ZERO } else { POLL };
    }
}

/// Whether there may be more.
async fn batch(kernel: &Kernel, position: &mut i64) -> Result<bool> {
    let events = read(kernel.db().control(), *position, i64::MAX, BATCH).await?;
    let is_full = events.len() as u64 == BATCH;
    for (place, row) in events {
        kernel.hub().publish(Arc::new(LogEvent::new(kernel, place, row)));
        *position = place;
    }
    Ok(is_full)
}

/// Turns PostgreSQL's notifications into hints. Reconnects by itself; while it is away, the poll carries on.
async fn listen(kernel: Kernel, pool: sqlx::PgPool) {
    loop {
        match hear(&kernel, &pool).await {
            Ok(()) => {}
            Err(error) => tracing::debug!(%error, "listening for log hints"),
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn hear(kernel: &Kernel, pool: &sqlx::PgPool) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    let own = kernel.id.to_string();
    loop {
        // Of its own batches this process knows.
        if listener.recv().await?.payload() != own {
            kernel.wakes.tailer.notify_one();
        }
    }
}
