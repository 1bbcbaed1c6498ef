//! Who is asking: the actor that the record names, and the caller with what they may.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use ::entity::actor_kind::ActorKind;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    error::{Error, Result},
    guard::{Access, STEP_UP_SECONDS},
    id::Prefix,
    network::Networks,
    permission::{PermissionSet, is_about_rights},
    persisted::{DocumentHash, Trusted},
    session_token::AccessToken,
    throttle::Budget,
};

/// `adm_…`
pub const ADMIN_USER: Prefix = Prefix("adm");
/// `tok_…`
pub const API_TOKEN: Prefix = Prefix("tok");
/// `ses_…`
pub const SESSION: Prefix = Prefix("ses");
/// `imp_…`
pub const IMPERSONATION: Prefix = Prefix("imp");
/// `usr_…`
pub const USER: Prefix = Prefix("usr");
/// `org_…`
pub const ORGANIZATION: Prefix = Prefix("org");

/// The rows that belong to no organization but to the platform itself carry this id, never NULL: NULLs defeat unique
/// keys.
pub const PLATFORM: Uuid = Uuid::nil();

/// An admin user, an API token, a user, another system, or a part of the gateway, as the record names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    /// What it is.
    pub kind: ActorKind,
    /// Its TypeID; the name of the part for [`ActorKind::System`].
    pub id: String,
}

impl Actor {
    /// An admin user.
    pub fn admin(id: Uuid) -> Self {
        Self { kind: ActorKind::AdminUser, id: ADMIN_USER.encode(id) }
    }

    /// An API token that acts as itself.
    pub fn token(id: Uuid) -> Self {
        Self { kind: ActorKind::ApiToken, id: API_TOKEN.encode(id) }
    }

    /// A user without an account, in whose place somebody acts.
    pub fn user(id: Uuid) -> Self {
        Self { kind: ActorKind::User, id: USER.encode(id) }
    }

    /// A part of the gateway.
    pub fn system(name: &str) -> Self {
        Self { kind: ActorKind::System, id: name.to_owned() }
    }
}

/// Whose rows may be seen and touched. Every query of a store takes one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Boundary {
    /// Everybody's, and the platform's own.
    All,
    /// Those of these organizations: the caller's and those merged into it.
    Organizations(Arc<BTreeSet<Uuid>>),
}

impl Boundary {
    /// Whether a row of `organization` lies within.
    pub fn contains(&self, organization: Uuid) -> bool {
        match self {
            Self::All => true,
            Self::Organizations(ids) => ids.contains(&organization),
        }
    }
}

/// What a caller showed, in a form that can be looked up again when rights change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// The SHA-256 of an API token.
    ApiToken([u8; 32]),
    /// A verified JWT: whose it is, what it is limited to, and until when.
    Jwt {
        /// The admin user.
        subject: Uuid,
        /// The `scope` claim, where there is one.
        scopes: Option<Vec<String>>,
        /// The `exp` claim.
        expires_at: DateTime<Utc>,
        /// When they proved a second factor: the `auth_time` claim, where `amr` says so.
        factor_at: Option<DateTime<Utc>>,
    },
    /// A verified access token of a session.
    Session(AccessToken),
    /// A verified token of somebody who acts in another one's place.
    Impersonation {
        /// The impersonation.
        id: Uuid,
        /// The `exp` claim.
        expires_at: DateTime<Utc>,
    },
}

/// Somebody who acts in another one's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Impersonator {
    /// Their account.
    pub account: Uuid,
    /// Whether they look and change nothing.
    pub is_read_only: bool,
}

impl Impersonator {
    /// Whether they may ask for the mutation that takes `access`, as far as it is about that: nobody signs in, gives rights
    /// or takes them in another one's place; nor, where they only look, changes anything.
    ///
    /// # Errors
    /// [`Error::InPlace`].
    pub fn check(&self, access: &Access) -> Result<()> {
        match access.permission() {
            Some(key) if !self.is_read_only && !is_about_rights(key) => Ok(()),
            _ => Err(Error::InPlace { is_read_only: self.is_read_only }),
        }
    }
}

/// Somebody (or nobody) who asks for something, with everything that decides whether they get it.
#[derive(Clone, Debug)]
pub struct Caller {
    /// As the record names them. `None`: nobody is signed in.
    pub identity: Option<Identity>,
    /// What they may.
    pub permissions: PermissionSet,
    /// When that changes by itself: a role of theirs ends.
    pub permissions_until: Option<DateTime<Utc>>,
    /// On whose rows.
    pub boundary: Boundary,
}

/// A caller who is signed in.
#[derive(Clone, Debug)]
pub struct Identity {
    /// As the record names them.
    pub actor: Actor,
    /// Who acts in their place, where it isn't themselves.
    pub impersonator: Option<Impersonator>,
    /// The admin user, or the one whom the token acts as.
    pub admin_user_id: Option<Uuid>,
    /// The API token, where one was shown.
    pub token_id: Option<Uuid>,
    /// The name, for people.
    pub name: String,
    /// The organization that rows of theirs belong to.
    pub organization_id: Uuid,
    /// When what they showed ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// The documents that they may run, where not any.
    pub trusted: Option<Arc<Trusted>>,
    /// Where what they showed is accepted from: what lies in each of these.
    pub networks: Vec<Arc<Networks>>,
    /// How much they may do, where that isn't what any caller may.
    pub budget: Option<Budget>,
    /// What they showed.
    pub credential: Credential,
}

impl Identity {
    /// The access token of a session, where one was shown.
    pub fn session(&self) -> Option<&AccessToken> {
        match &self.credential {
            Credential::Session(token) => Some(token),
            Credential::ApiToken(_) | Credential::Jwt { .. } | Credential::Impersonation { .. } => None,
        }
    }

    /// When they last proved a second factor. A token has none, whomever it acts as: what takes one isn't done by scripts,
    /// and whoever finds somebody's token isn't them. Nor has who acts in another one's place.
    pub fn factor_at(&self) -> Option<DateTime<Utc>> {
        match &self.credential {
            Credential::Session(token) => token.factor_at,
            Credential::Jwt { factor_at, .. } => *factor_at,
            Credential::ApiToken(_) | Credential::Impersonation { .. } => None,
        }
    }

    /// Whether they have to enrol a second factor before anything else. Who signs in elsewhere proves it there, and a
    /// script has none.
    pub fn is_enrolling(&self) -> bool {
        self.session().is_some_and(|session| session.factor_at.is_none())
    }
}

impl Caller {
    /// Nobody: may what is public.
    pub fn anonymous() -> Self {
        Self {
            identity: None,
            permissions: PermissionSet::default(),
            permissions_until: None,
            boundary: Boundary::Organizations(Arc::default()),
        }
    }

    /// The identity, or UNAUTHENTICATED.
    pub fn identity(&self) -> Result<&Identity> {
        self.identity.as_ref().ok_or(Error::Unauthenticated("send an `Authorization: Bearer …` header"))
    }

    /// Whether this caller passes `access` at `now`.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], [`Error::MustEnrol`], [`Error::Forbidden`] or [`Error::StepUpRequired`].
    pub fn check(&self, access: &Access, now: DateTime<Utc>) -> Result<()> {
        let step_up = match access {
            Access::Public => return Ok(()),
            Access::Enrolling => return self.identity().map(|_| ()),
            Access::Authenticated { step_up } => {
                self.enrolled()?;
                *step_up
            }
            Access::Permission { key, step_up } => {
                self.require(key)?;
                *step_up
            }
        };
        if step_up { self.check_step_up(now) } else { Ok(()) }
    }

    /// Whether this caller has proved a second factor lately: at the sign-in, or again since (RFC 9470).
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] or [`Error::StepUpRequired`].
    pub fn check_step_up(&self, now: DateTime<Utc>) -> Result<()> {
        let proved_at = self.identity()?.factor_at();
        let oldest = now - TimeDelta::seconds(STEP_UP_SECONDS.into());
        match proved_at {
            Some(at) if at > oldest => Ok(()),
            _ => Err(Error::StepUpRequired { max_age_seconds: STEP_UP_SECONDS }),
        }
    }

    /// The identity, of whom nothing else is wanted first.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] or [`Error::MustEnrol`].
    fn enrolled(&self) -> Result<&Identity> {
        let identity = self.identity()?;
        if identity.is_enrolling() { Err(Error::MustEnrol) } else { Ok(identity) }
    }

    /// Whether this caller holds the permission `key`.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], [`Error::MustEnrol`] or [`Error::Forbidden`].
    pub fn require(&self, key: &'static str) -> Result<()> {
        self.enrolled()?;
        if self.permissions.has(key) { Ok(()) } else { Err(Error::Forbidden(vec![key])) }
    }

    /// Who acts in this caller's place, where it isn't themselves.
    pub fn impersonator(&self) -> Option<Impersonator> {
        self.identity.as_ref()?.impersonator
    }

    /// The documents that this caller may run, where not any.
    pub fn trusted(&self) -> Option<&Arc<Trusted>> {
        self.identity.as_ref()?.trusted.as_ref()
    }

    /// Whether what this caller showed is accepted from there. Where nobody knows where they are, it is where it is from
    /// anywhere.
    pub fn may_come_from(&self, address: Option<IpAddr>) -> bool {
        let lies_in = |networks: &Arc<Networks>| address.is_some_and(|address| networks.contains(address));
        self.identity.as_ref().is_none_or(|identity| identity.networks.iter().all(lies_in))
    }

    /// Whether this caller may run the document of this hash.
    ///
    /// # Errors
    /// [`Error::Untrusted`]
    pub fn check_document(&self, hash: &DocumentHash) -> Result<()> {
        match self.trusted() {
            Some(trusted) if !trusted.contains(hash) => Err(Error::Untrusted),
            _ => Ok(()),
        }
    }

    /// What two callers must share for the same document to show them the same: their permissions and boundary.
    pub fn scope(&self) -> Scope {
        Scope { permissions: self.permissions.clone(), boundary: self.boundary.clone() }
    }
}

/// What decides how much of the same object a caller sees.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    permissions: PermissionSet,
    boundary: Boundary,
}
