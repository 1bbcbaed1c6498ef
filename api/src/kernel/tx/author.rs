//! Who is behind what a transaction writes.

use ::entity::audit_log::AuditSurface;
use uuid::Uuid;

use crate::kernel::{
    actor::{Actor, Boundary, Caller, PLATFORM},
    error::Result,
    event::LogEvent,
    request::Origin,
};

/// In whose name a transaction writes, and what asked for it.
#[derive(Clone, Debug)]
pub struct Author {
    /// Who does it.
    pub actor: Actor,
    /// Who acts as the actor.
    pub impersonator: Option<Actor>,
    /// Whose rows it may touch.
    pub boundary: Boundary,
    /// The organization of the rows that it adds.
    pub organization_id: Uuid,
    /// The face that it came through.
    pub surface: AuditSurface,
    /// The request that it is part of.
    pub request_id: Option<String>,
    /// What ties it to work elsewhere.
    pub correlation_id: Option<String>,
    /// The caller's address. Personal.
    pub ip_address: Option<String>,
    /// The caller's user agent. Personal.
    pub user_agent: Option<String>,
    /// The event that it is a reaction to, with how many causes stand behind it.
    pub cause: Option<(Uuid, i16)>,
}

impl Author {
    /// A part of the gateway.
    pub fn system(name: &str) -> Self {
        Self {
            actor: Actor::system(name),
            impersonator: None,
            boundary: Boundary::All,
            organization_id: PLATFORM,
            surface: AuditSurface::Job,
            request_id: None,
            correlation_id: None,
            ip_address: None,
            user_agent: None,
            cause: None,
        }
    }

    /// Who asks through the API, as part of what.
    ///
    /// # Errors
    /// UNAUTHENTICATED where nobody is signed in.
    pub fn of(caller: &Caller, origin: &Origin) -> Result<Self> {
        let identity = caller.identity()?;
        Ok(Self {
            actor: identity.actor.clone(),
            impersonator: identity.impersonator.map(|impersonator| Actor::admin(impersonator.account)),
            boundary: caller.boundary.clone(),
            organization_id: identity.organization_id,
            surface: AuditSurface::Api,
            request_id: Some(origin.request_id.clone()),
            correlation_id: origin.correlation_id.clone(),
            ip_address: origin.ip_address.map(|address| address.to_string()),
            user_agent: origin.user_agent.clone(),
            cause: None,
        })
    }

    /// Who does it, in whose place: what tells authors apart.
    pub fn name(&self) -> String {
        match &self.impersonator {
            Some(impersonator) => format!("{} for {}", impersonator.id, self.actor.id),
            None => self.actor.id.clone(),
        }
    }

    /// The admin user `id`, who proves in this request who they are, or has just done so.
    pub fn proving(id: Uuid, origin: &Origin) -> Self {
        Self { actor: Actor::admin(id), ..Self::knocking(origin) }
    }

    /// Somebody who wants to be let in, and hasn't shown who they are.
    pub fn knocking(origin: &Origin) -> Self {
        Self {
            surface: AuditSurface::Api,
            request_id: Some(origin.request_id.clone()),
            correlation_id: origin.correlation_id.clone(),
            ip_address: origin.ip_address.map(|address| address.to_string()),
            user_agent: origin.user_agent.clone(),
            ..Self::system("sign-in")
        }
    }

    /// A part of the gateway that reacts to `event`.
    pub fn reacting(name: &str, event: &LogEvent) -> Self {
        Self {
            correlation_id: event.row.correlation_id.clone(),
            cause: Some((event.row.id, event.row.depth)),
            ..Self::system(name)
        }
    }
}
