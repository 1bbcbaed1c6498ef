//! The rights snapshot: accounts, tokens and merged organizations, in memory, so that a request costs no SQL for them.
//!
//! Whatever changes rights bumps the one row of `authz_epoch` in its own transaction. Each process polls that row every
//! 250 ms on the control pool and reads everything anew where it moved. Not read for a second: nobody is answered,
//! because a revocation may have been missed. What ends by itself needs no reading: the snapshot knows when (`phases.rs`). Where nothing is wrong but the reading is late, as on a machine with too
//! much to do, whoever asks waits for it.

mod phases;
mod snapshot;

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use ::entity::authz_epoch;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use sea_orm::{ConnectionTrait, EntityTrait, ExprTrait, QueryFilter};
use tokio::sync::{Notify, watch};

use super::{
    clock::Clock,
    db::Conn,
    error::{Error, Result},
    permission::Catalogue,
    trouble::Trouble,
};

pub use snapshot::{Account, EXPIRED, Grant, Impersonation, RightsData, Snapshot, Token, UNKNOWN};

/// How long one reading may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the epoch is read.
const POLL: Duration = Duration::from_millis(250);
/// After which nobody is answered.
const STALE: Duration = Duration::from_secs(1);
/// Said where nobody is answered.
const STALE_NOW: Error = Error::unavailable("who may do what can't be read from the database now");

/// Where a reading takes too long.
const SILENT: Error = Error::unavailable("the database says nothing");

/// How `access` reads it: what hasn't ended at a time.
pub type LoadRights = for<'a> fn(&'a Conn, DateTime<Utc>) -> BoxFuture<'a, Result<RightsData>>;

/// The current snapshot, and how fresh it is.
#[derive(Debug)]
pub struct Rights {
    current: watch::Sender<Arc<Snapshot>>,
    started: Instant,
    read_at_ms: AtomicU64,
    /// The last reading failed.
    is_failing: AtomicBool,
    /// Wakes whoever waits for a reading.
    read: Notify,
    poke: Notify,
    load: LoadRights,
    catalogue: Arc<Catalogue>,
    clock: Clock,
}

impl Rights {
    /// Reads the first snapshot.
    ///
    /// # Errors
    /// Where the database can't be read.
    pub async fn open(db: &Conn, load: LoadRights, catalogue: Arc<Catalogue>, clock: Clock) -> Result<Self> {
        let first = read(db, load, &catalogue, clock.now()).await?;
        Ok(Self {
            current: watch::Sender::new(Arc::new(first)),
            started: Instant::now(),
            read_at_ms: AtomicU64::new(0),
            is_failing: AtomicBool::new(false),
            read: Notify::new(),
            poke: Notify::new(),
            load,
            catalogue,
            clock,
        })
    }

    /// The snapshot; where the next reading is late, after that. One that was asked for less than a second
    /// before somebody asks here is good for them, however long it takes.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where it can't be read.
    pub async fn confirmed(&self) -> Result<Arc<Snapshot>> {
        let asked_at = self.started.elapsed();
        let is_confirmed = || asked_at.saturating_sub(self.read_at()) < STALE;
        let reading = async {
            loop {
                let mut read = pin!(self.read.notified());
                read.as_mut().enable();
                if is_confirmed() || self.is_failing.load(Ordering::Relaxed) {
                    return;
                }
                read.await;
            }
        };
        if !is_confirmed() {
            self.poke();
            // Whether it came to something is asked below.
            let _ = tokio::time::timeout(PATIENCE, reading).await;
        }
        if is_confirmed() { Ok(self.last()) } else { Err(STALE_NOW) }
    }

    /// The snapshot.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where it wasn't confirmed for a second.
    pub fn current(&self) -> Result<Arc<Snapshot>> {
        if self.is_fresh() { Ok(self.last()) } else { Err(STALE_NOW) }
    }

    /// The snapshot as it was read last: for names, which decide nothing.
    pub fn last(&self) -> Arc<Snapshot> {
        self.current.borrow().clone()
    }

    /// Whether it was confirmed within the last second.
    pub fn is_fresh(&self) -> bool {
        self.age() < STALE
    }

    /// How long ago it was confirmed.
    pub fn age(&self) -> Duration {
        self.started.elapsed().saturating_sub(self.read_at())
    }

    /// When the question was put that confirmed it, since the start.
    fn read_at(&self) -> Duration {
        Duration::from_millis(self.read_at_ms.load(Ordering::Relaxed))
    }

    /// A receiver that wakes with every new snapshot.
    pub fn watch(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.current.subscribe()
    }

    /// Looks now instead of at the next poll: this process changed rights itself.
    pub fn poke(&self) {
        self.poke.notify_one();
    }

    /// Polls for good.
    pub async fn run(&self, db: Conn) {
        let mut trouble = Trouble::with("reading who may do what");
        loop {
            // What counts is when the question was put: the answer may be older than its arrival.
            let asked_at = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
            // A database that vanished without a word must not keep us waiting when it is back.
            let outcome = tokio::time::timeout(PATIENCE, self.refresh(&db)).await.unwrap_or(Err(SILENT));
            trouble.note(&outcome);
            if outcome.is_ok() {
                self.read_at_ms.store(asked_at, Ordering::Relaxed);
            }
            self.is_failing.store(outcome.is_err(), Ordering::Relaxed);
            self.read.notify_waiters();
            tokio::select! {
                () = tokio::time::sleep(POLL) => {}
                () = self.poke.notified() => {}
            }
        }
    }

    /// Reads them now, where they have changed.
    ///
    /// # Errors
    /// Where the database can't be read.
    pub async fn refresh(&self, db: &Conn) -> Result<()> {
        let known = self.current.borrow().epoch;
        if epoch(db).await? != known {
            let snapshot = read(db, self.load, &self.catalogue, self.clock.now()).await?;
            self.current.send_replace(Arc::new(snapshot));
        }
        Ok(())
    }
}

async fn epoch(db: &Conn) -> Result<i64> {
    let row = authz_epoch::Entity::find_by_id(1).one(db).await?;
    Ok(row.ok_or_else(|| Error::internal("authz_epoch has no row"))?.epoch)
}

/// Reads the epoch first: what changes while the rest is read shows as a newer epoch at the next poll.
async fn read(db: &Conn, load: LoadRights, catalogue: &Catalogue, now: DateTime<Utc>) -> Result<Snapshot> {
    let epoch = epoch(db).await?;
    Ok(Snapshot::new(epoch, load(db, now).await?, catalogue))
}

/// Says, in the transaction that changes rights, that they changed.
///
/// # Errors
/// Where the database refuses.
pub(super) async fn bump(db: &impl ConnectionTrait) -> Result<()> {
    authz_epoch::Entity::update_many()
        .col_expr(
            authz_epoch::Column::Epoch,
            sea_orm::sea_query::Expr::col(authz_epoch::Column::Epoch).add(1),
        )
        .filter(sea_orm::ColumnTrait::eq(&authz_epoch::Column::Id, 1))
        .exec(db)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use futures_util::future::{Either, select};

    use super::*;
    use crate::kernel::testing::{manual_clock, on_each};

    #[tokio::test]
    async fn a_reading_that_is_late_is_waited_for_and_one_that_fails_is_not() {
        on_each(async |database| {
            let clock = manual_clock();
            let kernel = database.kernel(&clock).await;
            let db = Conn::Pool(kernel.db().control().clone());
            let (load, catalogue) = (kernel.rights().load, kernel.rights().catalogue.clone());
            let mut rights = Rights::open(&db, load, catalogue, clock).await.unwrap();
            rights.started -= STALE;
            assert!(rights.current().is_err());
            let Either::Left((late, _)) =
                select(pin!(rights.confirmed()), pin!(rights.run(db.clone()))).await
            else {
                panic!("it ends")
            };
            assert_eq!(late.unwrap().epoch, rights.current().unwrap().epoch);

            rights.started -= STALE;
            kernel.db().close().await;
            let refused = async {
                rights.read.notified().await;
                let asked = Instant::now();
                assert!(rights.confirmed().await.is_err());
                assert!(asked.elapsed() < PATIENCE);
            };
            select(pin!(refused), pin!(rights.run(db))).await;
        })
        .await;
    }
}
