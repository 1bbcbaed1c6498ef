//! One state of everybody's rights, and who somebody is by it.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use ::entity::admin_user::AdminLevel;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::phases::Phases;
use crate::kernel::{
    actor::{Actor, Boundary, Caller, Credential, Identity, Impersonator, PLATFORM},
    error::{Error, Result},
    network::Networks,
    permission::{Catalogue, IMPERSONATE, IMPERSONATE_WRITING, PermissionSet},
    persisted::Trusted,
    session_token::AccessToken,
    throttle::Budget,
};

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
    /// What its roles give it.
    pub grants: Vec<Grant>,
    /// Whether it may be used.
    pub is_active: bool,
}

/// What a role gives an account.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Permissions and wildcards.
    pub permissions: Vec<String>,
    /// When that ends.
    pub expires_at: Option<DateTime<Utc>>,
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
    /// That of the text before it was rotated, and until when that is good, too.
    pub previous: Option<([u8; 32], DateTime<Utc>)>,
    /// The account that it acts as.
    pub admin_user_id: Option<Uuid>,
    /// What it is limited to.
    pub scopes: Vec<String>,
    /// Whose rows it is limited to; the nil UUID: no limit.
    pub organization_id: Uuid,
    /// The documents that it may run, where not any.
    pub trusted: Option<Arc<Trusted>>,
    /// Where it is accepted from, where not from anywhere.
    pub networks: Option<Arc<Networks>>,
    /// How much it may do, where that isn't what any caller may.
    pub budget: Option<Budget>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Somebody's acting in the place of a user.
#[derive(Clone, Debug)]
pub struct Impersonation {
    /// Its id.
    pub id: Uuid,
    /// Who acts: their account.
    pub impersonator: Uuid,
    /// In whose place.
    pub user: Uuid,
    /// Their name, for people.
    pub name: String,
    /// Their account, where they have one.
    pub account: Option<Uuid>,
    /// Whose rows are seen where they have none; the nil UUID: no limit.
    pub organization_id: Uuid,
    /// What the impersonator could do when it began.
    pub scopes: Vec<String>,
    /// Whether nothing is changed.
    pub is_read_only: bool,
}

/// What `access` reads for the snapshot.
#[derive(Debug, Default)]
pub struct RightsData {
    /// All accounts.
    pub accounts: Vec<Account>,
    /// All tokens that aren't revoked.
    pub tokens: Vec<Token>,
    /// Sessions that were ended and whose access tokens may not have.
    pub ended_sessions: HashSet<Uuid>,
    /// All impersonations that haven't ended.
    pub impersonations: Vec<Impersonation>,
    /// Merged organizations: source and target.
    pub merged: Vec<(Uuid, Uuid)>,
    /// Where accounts are accepted from, by their level, where not from anywhere.
    pub networks: HashMap<AdminLevel, Arc<Networks>>,
}

/// One state of everybody's rights.
#[derive(Debug)]
pub struct Snapshot {
    /// The epoch that it was read at.
    pub epoch: i64,
    accounts: HashMap<Uuid, (Account, Phases)>,
    tokens: HashMap<Uuid, (Token, PermissionSet)>,
    shown: HashMap<[u8; 32], Shown>,
    ended_sessions: HashSet<Uuid>,
    impersonations: HashMap<Uuid, (Impersonation, PermissionSet)>,
    merged: HashMap<Uuid, Vec<Uuid>>,
    networks: HashMap<AdminLevel, Arc<Networks>>,
}

/// What the text of this hash is.
#[derive(Debug)]
struct Shown {
    token: Uuid,
    /// When it is none any more.
    until: Option<DateTime<Utc>>,
}

impl Snapshot {
    pub(super) fn new(epoch: i64, data: RightsData, catalogue: &Catalogue) -> Self {
        let accounts = data.accounts.into_iter().map(|account| {
            let own = catalogue.of_account(account.level, &account.permissions);
            let grants = account.grants.iter();
            let grants = grants.map(|grant| (catalogue.of_scopes(&grant.permissions), grant.expires_at));
            let phases = Phases::new(own, grants);
            (account.id, (account, phases))
        });
        let networks = data.networks;
        let mut shown = HashMap::with_capacity(data.tokens.len());
        for token in &data.tokens {
            let until = token.expires_at;
            shown.insert(token.hash, Shown { token: token.id, until });
            if let Some((hash, end)) = token.previous {
                let until = Some(until.map_or(end, |until| until.min(end)));
                shown.insert(hash, Shown { token: token.id, until });
            }
        }
        let tokens = data.tokens.into_iter().map(|token| {
            let permissions = catalogue.of_scopes(&token.scopes);
            (token.id, (token, permissions))
        });
        let impersonations = data.impersonations.into_iter().map(|impersonation| {
            let scopes = catalogue.of_scopes(&impersonation.scopes);
            (impersonation.id, (impersonation, scopes))
        });
        let mut merged: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
        for (source, target) in data.merged {
            merged.entry(target).or_default().push(source);
        }
        Self {
            epoch,
            accounts: accounts.collect(),
            tokens: tokens.collect(),
            shown,
            ended_sessions: data.ended_sessions,
            impersonations: impersonations.collect(),
            merged,
            networks,
        }
    }

    /// The name of an actor, for people: of whoever it was, active or not.
    pub fn account(&self, id: Uuid) -> Option<&Account> {
        self.accounts.get(&id).map(|(account, _)| account)
    }

    /// The API token `id`, unless it is revoked.
    pub fn token(&self, id: Uuid) -> Option<&Token> {
        self.tokens.get(&id).map(|(token, _)| token)
    }

    /// What the account `id` may at `at`, whatever it shows; none where it isn't there or isn't active.
    pub fn permissions(&self, id: Uuid, at: DateTime<Utc>) -> Option<&PermissionSet> {
        self.active(id).ok().map(|(_, phases)| phases.at(at).0)
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
            Credential::Session(token) => self.resolve_session(token, now),
            Credential::Impersonation { id, expires_at } => {
                self.resolve_impersonation(*id, *expires_at, now, catalogue)
            }
            Credential::Jwt { subject, scopes, expires_at, .. } => {
                if *expires_at <= now {
                    return Err(Error::Unauthenticated(EXPIRED));
                }
                let (account, phases) = self.active(*subject)?;
                let (permissions, permissions_until) = phases.at(now);
                let permissions = match scopes {
                    Some(scopes) => permissions.intersection(&catalogue.of_scopes(scopes)),
                    None => permissions.clone(),
                };
                Ok(self.person(account, credential, *expires_at, permissions, permissions_until))
            }
        }
    }

    fn resolve_session(&self, token: &AccessToken, now: DateTime<Utc>) -> Result<Caller> {
        if token.expires_at <= now {
            return Err(Error::Unauthenticated(EXPIRED));
        }
        if self.ended_sessions.contains(&token.session) {
            return Err(Error::Unauthenticated(UNKNOWN));
        }
        let (account, phases) = self.active(token.account)?;
        let (permissions, until) = match token.factor_at {
            Some(_) => {
                let (held, until) = phases.at(now);
                (held.clone(), until)
            }
            // Whatever asks for a permission without looking further is refused, too.
            None => (PermissionSet::default(), None),
        };
        let credential = Credential::Session(*token);
        Ok(self.person(account, &credential, token.expires_at, permissions, until))
    }

    /// Whoever acts in another one's place: may what both may, and on the rows of the one alone.
    fn resolve_impersonation(
        &self,
        id: Uuid,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
        catalogue: &Catalogue,
    ) -> Result<Caller> {
        if expires_at <= now {
            return Err(Error::Unauthenticated(EXPIRED));
        }
        let (of, scopes) = self.impersonations.get(&id).ok_or(Error::Unauthenticated(UNKNOWN))?;
        let (account, phases) = self.active(of.impersonator)?;
        let (held, until) = phases.at(now);
        // Whoever may no longer do so, does no longer.
        if !held.has(IMPERSONATE) {
            return Err(Error::Unauthenticated(UNKNOWN));
        }
        let mut permissions = held.intersection(scopes);
        let mut permissions_until = until;
        if let Some(id) = of.account {
            let (own, phases) = self.active(id)?;
            if own.level > account.level {
                return Err(Error::Unauthenticated(UNKNOWN));
            }
            let (held, until) = phases.at(now);
            permissions = permissions.intersection(held);
            permissions_until = permissions_until.into_iter().chain(until).min();
        }
        let is_read_only = of.is_read_only || !held.has(IMPERSONATE_WRITING);
        let permissions = catalogue.in_place(&permissions, is_read_only);
        let credential = Credential::Impersonation { id, expires_at };
        let caller = self.person(account, &credential, expires_at, permissions, permissions_until);
        let identity = caller.identity.map(|identity| Identity {
            actor: of.account.map_or_else(|| Actor::user(of.user), Actor::admin),
            impersonator: Some(Impersonator { account: of.impersonator, is_read_only }),
            admin_user_id: of.account,
            name: of.name.clone(),
            organization_id: of.organization_id,
            ..identity
        });
        Ok(Caller { identity, boundary: self.boundary(of.organization_id), ..caller })
    }

    fn resolve_token(&self, hash: &[u8; 32], now: DateTime<Utc>) -> Result<Caller> {
        // The look-up is by a hash of 30 random characters: its timing says nothing about any other token.
        let shown = self.shown.get(hash).ok_or(Error::Unauthenticated(UNKNOWN))?;
        let (token, scopes) = self.tokens.get(&shown.token).ok_or(Error::Unauthenticated(UNKNOWN))?;
        if shown.until.is_some_and(|at| at <= now) {
            return Err(Error::Unauthenticated(EXPIRED));
        }
        let mut networks: Vec<_> = token.networks.clone().into_iter().collect();
        let (actor, permissions, permissions_until) = match token.admin_user_id {
            Some(id) => {
                let (account, phases) = self.active(id)?;
                networks.extend(self.networks.get(&account.level).cloned());
                let (permissions, until) = phases.at(now);
                (Actor::admin(account.id), permissions.intersection(scopes), until)
            }
            None => (Actor::token(token.id), scopes.clone(), None),
        };
        Ok(Caller {
            identity: Some(Identity {
                actor,
                impersonator: None,
                admin_user_id: token.admin_user_id,
                token_id: Some(token.id),
                name: token.name.clone(),
                organization_id: token.organization_id,
                expires_at: shown.until,
                trusted: token.trusted.clone(),
                networks,
                budget: token.budget,
                credential: Credential::ApiToken(*hash),
            }),
            permissions,
            permissions_until,
            boundary: self.boundary(token.organization_id),
        })
    }

    /// Somebody who is signed in to `account`.
    fn person(
        &self,
        account: &Account,
        credential: &Credential,
        expires_at: DateTime<Utc>,
        permissions: PermissionSet,
        permissions_until: Option<DateTime<Utc>>,
    ) -> Caller {
        Caller {
            identity: Some(Identity {
                actor: Actor::admin(account.id),
                impersonator: None,
                admin_user_id: Some(account.id),
                token_id: None,
                name: account.name.clone(),
                organization_id: PLATFORM,
                expires_at: Some(expires_at),
                trusted: None,
                networks: self.networks.get(&account.level).cloned().into_iter().collect(),
                budget: None,
                credential: credential.clone(),
            }),
            permissions,
            permissions_until,
            boundary: Boundary::All,
        }
    }

    fn active(&self, id: Uuid) -> Result<&(Account, Phases)> {
        self.accounts
            .get(&id)
            .filter(|(account, _)| account.is_active)
            .ok_or(Error::Unauthenticated("this account isn't active"))
    }

    /// An organization and everything merged into it, directly or through others.
    pub fn boundary(&self, organization: Uuid) -> Boundary {
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
