//! The rights snapshot: accounts, tokens and merged organizations, in memory, so that a request costs no SQL for them.
//!
//! Whatever changes rights bumps the one row of `authz_epoch` in its own transaction. Each process polls that row every
//! 250 ms on the control pool and reads everything anew where it moved. Not read for a second: nobody is answered,
//! because a revocation may have been missed.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use ::entity::{admin_user::AdminLevel, authz_epoch};
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use sea_orm::{ConnectionTrait, EntityTrait, ExprTrait, QueryFilter};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::{
    actor::{Actor, Boundary, Caller, Credential, Identity, PLATFORM},
    db::Conn,
    error::{Error, Result},
    permission::{Catalogue, PermissionSet},
};

/// How long one reading may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the epoch is read.
const POLL: Duration = Duration::from_millis(250);
/// After which nobody is answered.
const STALE: Duration = Duration::from_secs(1);

/// An admin account.
#[derive(Clone, Debug)]
pub struct Account {
    /// The admin user's id.
    pub id: Uuid,
    /// The name, for people.
    pub name: String,
    /// The level.
    pub level: AdminLevel,
    /// Permissions and wildcards beyond those of the level.
    pub permissions: Vec<String>,
    /// Whether it may be used.
    pub is_active: bool,
}

/// An API token that isn't revoked.
#[derive(Clone, Debug)]
pub struct Token {
    /// Its id.
    pub id: Uuid,
    /// The name, for people.
    pub name: String,
    /// SHA-256 of its text.
    pub hash: [u8; 32],
    /// The account that it acts as.
    pub admin_user_id: Option<Uuid>,
    /// What it is limited to.
    pub scopes: Vec<String>,
    /// Whose rows it is limited to; the nil UUID: no limit.
    pub organization_id: Uuid,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What `access` reads for the snapshot.
#[derive(Debug, Default)]
pub struct RightsData {
    /// All accounts.
    pub accounts: Vec<Account>,
    /// All tokens that aren't revoked.
    pub tokens: Vec<Token>,
    /// Merged organizations: source and target.
    pub merged: Vec<(Uuid, Uuid)>,
}

/// How `access` reads it.
pub type LoadRights = for<'a> fn(&'a Conn) -> BoxFuture<'a, Result<RightsData>>;

/// One state of everybody's rights.
#[derive(Debug)]
pub struct Snapshot {
    /// The epoch that it was read at.
    pub epoch: i64,
    accounts: HashMap<Uuid, (Account, PermissionSet)>,
    tokens: HashMap<[u8; 32], (Token, PermissionSet)>,
    merged: HashMap<Uuid, Vec<Uuid>>,
}

impl Snapshot {
    fn new(epoch: i64, data: RightsData, catalogue: &Catalogue) -> Self {
        let accounts = data.accounts.into_iter().map(|account| {
            let permissions = catalogue.of_account(account.level, &account.permissions);
            (account.id, (account, permissions))
        });
        let tokens = data.tokens.into_iter().map(|token| {
            let permissions = catalogue.of_scopes(&token.scopes);
            (token.hash, (token, permissions))
        });
        let mut merged: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
        for (source, target) in data.merged {
            merged.entry(target).or_default().push(source);
        }
        Self { epoch, accounts: accounts.collect(), tokens: tokens.collect(), merged }
    }

    /// The name of an actor, for people: of whoever it was, active or not.
    pub fn account(&self, id: Uuid) -> Option<&Account> {
        self.accounts.get(&id).map(|(account, _)| account)
    }

    /// The API token `id`, unless it is revoked.
    pub fn token(&self, id: Uuid) -> Option<&Token> {
        self.tokens.values().map(|(token, _)| token).find(|token| token.id == id)
    }

    /// Who shows `credential` at `now`, with what they may.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]: expired, revoked, unknown, or of an account that isn't active.
    pub fn resolve(
        &self,
        credential: &Credential,
        now: DateTime<Utc>,
        catalogue: &Catalogue,
    ) -> Result<Caller> {
        match credential {
            Credential::ApiToken(hash) => self.resolve_token(hash, now),
            Credential::Jwt { subject, scopes, expires_at } => {
                if *expires_at <= now {
                    return Err(Error::Unauthenticated(EXPIRED));
                }
                let (account, permissions) = self.active(*subject)?;
                let permissions = match scopes {
                    Some(scopes) => permissions.intersection(&catalogue.of_scopes(scopes)),
                    None => permissions.clone(),
                };
                Ok(Caller {
                    identity: Some(Identity {
                        actor: Actor::admin(account.id),
                        admin_user_id: Some(account.id),
                        token_id: None,
                        name: account.name.clone(),
                        organization_id: PLATFORM,
                        expires_at: Some(*expires_at),
                        credential: credential.clone(),
                    }),
                    permissions,
                    boundary: Boundary::All,
                })
            }
        }
    }

    fn resolve_token(&self, hash: &[u8; 32], now: DateTime<Utc>) -> Result<Caller> {
        // The look-up is by a hash of 30 random characters: its timing says nothing about any other token.
        let (token, scopes) = self.tokens.get(hash).ok_or(Error::Unauthenticated(UNKNOWN))?;
        if token.expires_at.is_some_and(|at| at <= now) {
            return Err(Error::Unauthenticated(EXPIRED));
        }
        let (actor, permissions) = match token.admin_user_id {
            Some(id) => {
                let (account, permissions) = self.active(id)?;
                (Actor::admin(account.id), permissions.intersection(scopes))
            }
            None => (Actor::token(token.id), scopes.clone()),
        };
        Ok(Caller {
            identity: Some(Identity {
                actor,
                admin_user_id: token.admin_user_id,
                token_id: Some(token.id),
                name: token.name.clone(),
                organization_id: token.organization_id,
                expires_at: token.expires_at,
                credential: Credential::ApiToken(*hash),
            }),
            permissions,
            boundary: self.boundary(token.organization_id),
        })
    }

    fn active(&self, id: Uuid) -> Result<&(Account, PermissionSet)> {
        self.accounts
            .get(&id)
            .filter(|(account, _)| account.is_active)
            .ok_or(Error::Unauthenticated("this account isn't active"))
    }

    /// An organization and everything merged into it, directly or through others.
    fn boundary(&self, organization: Uuid) -> Boundary {
        if organization == PLATFORM {
            return Boundary::All;
        }
        let mut found = BTreeSet::from([organization]);
        let mut open = vec![organization];
        while let Some(next) = open.pop() {
            for source in self.merged.get(&next).into_iter().flatten() {
                if found.insert(*source) {
                    open.push(*source);
                }
            }
        }
        Boundary::Organizations(Arc::new(found))
    }
}

/// Said to who shows a credential that has ended; the stream's close code tells it from a revoked one.
pub const EXPIRED: &str = "this credential has expired";
/// Said to who shows a token that isn't there or was revoked: both look alike.
pub const UNKNOWN: &str = "this credential isn't known or was revoked";

/// The current snapshot, and how fresh it is.
#[derive(Debug)]
pub struct Rights {
    current: watch::Sender<Arc<Snapshot>>,
    started: Instant,
    read_at_ms: AtomicU64,
    poke: Notify,
    load: LoadRights,
    catalogue: Arc<Catalogue>,
}

impl Rights {
    /// Reads the first snapshot.
    ///
    /// # Errors
    /// Where the database can't be read.
    pub async fn open(db: &Conn, load: LoadRights, catalogue: Arc<Catalogue>) -> Result<Self> {
        let first = read(db, load, &catalogue).await?;
        Ok(Self {
            current: watch::Sender::new(Arc::new(first)),
            started: Instant::now(),
            read_at_ms: AtomicU64::new(0),
            poke: Notify::new(),
            load,
            catalogue,
        })
    }

    /// The snapshot.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where it wasn't confirmed for a second.
    pub fn current(&self) -> Result<Arc<Snapshot>> {
        if self.is_fresh() {
            Ok(self.current.borrow().clone())
        } else {
            Err(Error::unavailable("who may do what can't be read from the database now"))
        }
    }

    /// Whether it was confirmed within the last second.
    pub fn is_fresh(&self) -> bool {
        let read_at = Duration::from_millis(self.read_at_ms.load(Ordering::Relaxed));
        self.started.elapsed().saturating_sub(read_at) < STALE
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
        loop {
            // What counts is when the question was put: the answer may be older than its arrival.
            let asked_at = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
            // A database that vanished without a word must not keep us waiting when it is back.
            match tokio::time::timeout(PATIENCE, self.refresh(&db)).await {
                Ok(Ok(())) => self.read_at_ms.store(asked_at, Ordering::Relaxed),
                Ok(Err(error)) => tracing::warn!(%error, "rights can't be read"),
                Err(_) => tracing::warn!("rights can't be read: the database says nothing"),
            }
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
            let snapshot = read(db, self.load, &self.catalogue).await?;
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
async fn read(db: &Conn, load: LoadRights, catalogue: &Catalogue) -> Result<Snapshot> {
    let epoch = epoch(db).await?;
    Ok(Snapshot::new(epoch, load(db).await?, catalogue))
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
