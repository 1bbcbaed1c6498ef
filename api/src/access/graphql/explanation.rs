//! Who may select which fields of a document, and why not.

use async_graphql::{Context, Enum, ID, OneofObject, SimpleObject, resolver_utils::enum_value};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    AdminLevel,
    requirements::{self, Requirement},
};
use crate::kernel::{
    actor::{ADMIN_USER, API_TOKEN, Caller, Credential, PLATFORM},
    error::{Error, Result, UserErrorCode},
    guard::Access,
    id::IdError,
    permission::{Catalogue, Permission},
    request::{Request, RequestExt},
    rights::Snapshot,
};

/// Somebody whose rights are looked at.
#[derive(Debug, OneofObject)]
pub enum ActorSelector {
    /// The admin user with this id, signed in without a scope.
    AdminUser(ID),
    /// The API token with this id.
    ApiToken(ID),
    /// With `true`: whoever isn't signed in.
    Anonymous(bool),
}

/// What keeps somebody from selecting a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum AuthorizationObstacle {
    /// They aren't signed in, or can't: there is no such account or token, or it isn't active (any more).
    Unauthenticated,
    /// The account doesn't have the permission: its level is too low, and it wasn't given it.
    Level,
    /// The scopes of what they show leave it out.
    Scope,
    /// They have the permission, and have to prove a second factor again.
    StepUp,
}

/// Whether somebody may select a field that takes something: a root field, one that leads to an object with an id, or
/// one that declares a permission of its own.
#[derive(Debug, SimpleObject)]
pub struct FieldAuthorization {
    /// The field: `Query.incidents`, `Incident.assignee`. A type alone, where a fragment narrows an interface to it:
    /// `Incident` for `node(id: …) { ... on Incident { … } }`.
    coordinate: String,
    /// Where it stands in the answer: aliases, or the names of fields.
    path: Vec<String>,
    /// The operation that it is selected in, where that has a name.
    operation_name: Option<String>,
    /// Whether they may select it. Where a field further up is refused, it isn't reached.
    is_allowed: bool,
    /// What keeps them from it; null where nothing does.
    obstacle: Option<AuthorizationObstacle>,
    /// The same in a sentence: what it takes, and what they have of it.
    explanation: String,
    /// The permissions that it takes; none where anybody may who is signed in, or anybody at all.
    required_permissions: Vec<&'static str>,
    /// The lowest level of an admin account that has them without further ado.
    required_level: Option<AdminLevel>,
    /// Whether a second factor must have been proved lately.
    is_step_up_required: bool,
    /// Whether they see only what belongs to their organization.
    is_within_organization: bool,
}

/// Explains `document` for `actor`, or for the caller where none is named.
pub(super) async fn explain(
    ctx: &Context<'_>,
    document: &str,
    actor: Option<ActorSelector>,
) -> Result<Vec<FieldAuthorization>> {
    let request = ctx.request();
    let catalogue = request.kernel().catalogue();
    let rights = request.kernel().rights().confirmed().await?;
    let now = request.kernel().clock().now();
    let actor = match actor {
        None => request.caller().clone(),
        Some(selector) => chosen(request, &rights, &selector, now)?,
    };
    let account = account(&rights, catalogue, &actor, now);
    let subject = Subject { actor, account, now };
    let requirements = requirements::of(document, &ctx.schema_env.registry, catalogue)?;
    requirements.into_iter().map(|requirement| subject.explain(requirement, catalogue)).collect()
}

/// Somebody, and the account behind them with all that it may, whatever they show.
struct Subject {
    actor: Caller,
    account: Option<Caller>,
    now: DateTime<Utc>,
}

impl Subject {
    fn explain(&self, requirement: Requirement, catalogue: &Catalogue) -> Result<FieldAuthorization> {
        let Requirement { coordinate, path, operation, access } = requirement;
        let obstacle = self.obstacle(&access)?;
        let permission = access.permission().and_then(|key| catalogue.permission(key));
        Ok(FieldAuthorization {
            coordinate,
            path,
            operation_name: operation,
            is_allowed: obstacle.is_none(),
            obstacle,
            explanation: self.sentence(&access, permission, obstacle),
            required_permissions: permission.iter().map(|permission| permission.key).collect(),
            required_level: permission.map(|permission| permission.level.into()),
            is_step_up_required: access.is_step_up(),
            is_within_organization: self.actor.identity.is_some() && !self.actor.boundary.contains(PLATFORM),
        })
    }

    /// What the guard says, and where a permission is missing, who is to give it.
    fn obstacle(&self, access: &Access) -> Result<Option<AuthorizationObstacle>> {
        Ok(Some(match self.actor.check(access, self.now) {
            Ok(()) => return Ok(None),
            Err(Error::Unauthenticated(_)) => AuthorizationObstacle::Unauthenticated,
            // A session that has to enrol explains nothing: its own call is refused.
            Err(Error::StepUpRequired { .. } | Error::MustEnrol) => AuthorizationObstacle::StepUp,
            Err(Error::Forbidden(keys)) => match &self.account {
                Some(account) if !keys.iter().all(|key| account.permissions.has(key)) => {
                    AuthorizationObstacle::Level
                }
                _ => AuthorizationObstacle::Scope,
            },
            Err(error) => return Err(error),
        }))
    }

    fn sentence(
        &self,
        access: &Access,
        permission: Option<&Permission>,
        obstacle: Option<AuthorizationObstacle>,
    ) -> String {
        let Some(Permission { key, level, .. }) = permission else {
            return match (access, obstacle) {
                (Access::Public, _) => "Anybody may.",
                (_, None) => "Anybody may who is signed in, and they are.",
                (_, Some(AuthorizationObstacle::StepUp)) => {
                    "Anybody may who is signed in and has proved a second factor lately."
                }
                (_, Some(_)) => "Anybody may who is signed in, and they aren't.",
            }
            .to_owned();
        };
        let holder = if self.account.is_some() { "the account" } else { "the token" };
        match obstacle {
            None => format!("It takes {key}, which they have."),
            Some(AuthorizationObstacle::Unauthenticated) => {
                format!("It takes {key}, and nobody is signed in.")
            }
            Some(AuthorizationObstacle::Level) => {
                let level = enum_value(AdminLevel::from(*level));
                format!("It takes {key}, which accounts have from {level} on or are given; this one doesn't.")
            }
            Some(AuthorizationObstacle::Scope) if self.account.is_some() => {
                format!("It takes {key}: the account has it, and the scopes of what they show leave it out.")
            }
            Some(AuthorizationObstacle::Scope) => {
                format!("It takes {key}, which the scopes of the token leave out.")
            }
            Some(AuthorizationObstacle::StepUp) => {
                format!("It takes {key}, which {holder} has, and a second factor that was proved lately.")
            }
        }
    }
}

/// The account behind `actor`.
fn account(rights: &Snapshot, catalogue: &Catalogue, actor: &Caller, now: DateTime<Utc>) -> Option<Caller> {
    let subject = actor.identity.as_ref()?.admin_user_id?;
    rights.resolve(&unlimited(subject), now, catalogue).ok()
}

/// What an account shows that is signed in without a scope.
fn unlimited(subject: Uuid) -> Credential {
    Credential::Jwt { subject, scopes: None, expires_at: DateTime::<Utc>::MAX_UTC, factor_at: None }
}

/// Whom `selector` means. Who isn't there, can't sign in, or lies outside of the caller's organization is nobody.
fn chosen(
    request: &Request,
    rights: &Snapshot,
    selector: &ActorSelector,
    now: DateTime<Utc>,
) -> Result<Caller> {
    let malformed =
        |field: &str, error: IdError| Error::invalid(UserErrorCode::Invalid, field, error.to_string());
    let boundary = &request.caller().boundary;
    let credential = match selector {
        ActorSelector::Anonymous(true) => None,
        ActorSelector::Anonymous(false) => {
            let message = "`anonymous` is true, or isn't given";
            return Err(Error::invalid(UserErrorCode::Invalid, "as.anonymous", message));
        }
        ActorSelector::AdminUser(id) => {
            let id = ADMIN_USER.parse(id).map_err(|error| malformed("as.adminUser", error))?;
            boundary.contains(PLATFORM).then(|| unlimited(id))
        }
        ActorSelector::ApiToken(id) => {
            let id = API_TOKEN.parse(id).map_err(|error| malformed("as.apiToken", error))?;
            let token = rights.token(id).filter(|token| boundary.contains(token.organization_id));
            token.map(|token| Credential::ApiToken(token.hash))
        }
    };
    let Some(credential) = credential else { return Ok(Caller::anonymous()) };
    match rights.resolve(&credential, now, request.kernel().catalogue()) {
        Err(Error::Unauthenticated(_)) => Ok(Caller::anonymous()),
        resolved => resolved,
    }
}
