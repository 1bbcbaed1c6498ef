//! What happens to accounts and tokens.

use ::entity::{
    admin_user, api_token,
    audit_log::{AuditCategory, AuditSeverity},
};
use serde_json::json;

use crate::kernel::{
    actor::{ADMIN_USER, API_TOKEN, ORGANIZATION, PLATFORM},
    event::{Entity, Event, EventType},
};

static USER_CREATED: EventType = EventType {
    name: "admin.user.created",
    version: 1,
    description: "An admin account was made.",
    category: AuditCategory::Admin,
    severity: AuditSeverity::High,
    action: "ADMIN_USER_CREATE",
    permission: "access.read",
};

static TOKEN_CREATED: EventType = EventType {
    name: "admin.token.created",
    version: 1,
    description: "An API token was made.",
    category: AuditCategory::Admin,
    severity: AuditSeverity::Medium,
    action: "API_TOKEN_CREATE",
    permission: "access.read",
};

static TOKEN_UPDATED: EventType = EventType {
    name: "admin.token.updated",
    version: 1,
    description: "An API token was changed: by then it is trusted with these documents, or with any.",
    category: AuditCategory::Admin,
    severity: AuditSeverity::Medium,
    action: "API_TOKEN_UPDATE",
    permission: "access.read",
};

/// All of them.
pub const ALL: &[&EventType] = &[&USER_CREATED, &TOKEN_CREATED, &TOKEN_UPDATED];

pub(super) fn user_created(account: &admin_user::Model) -> Event {
    let entity = Entity::new("AdminUser", ADMIN_USER, account.id, account.version, PLATFORM);
    Event::new(&USER_CREATED, entity).about(account.user_id).data(json!({ "level": account.level }))
}

pub(super) fn token_created(token: &api_token::Model) -> Event {
    let entity = Entity::new("ApiToken", API_TOKEN, token.id, token.version, token.organization_id);
    Event::new(&TOKEN_CREATED, entity).data(json!({
        "name": token.name,
        "hint": token.hint,
        "scopes": token.scopes.0,
        "actsAs": token.admin_user_id.map(|id| ADMIN_USER.encode(id)),
        "organizationId": (!token.organization_id.is_nil()).then(|| ORGANIZATION.encode(token.organization_id)),
        "expiresAt": token.expires_at,
    }))
}

pub(super) fn token_updated(token: &api_token::Model) -> Event {
    let entity = Entity::new("ApiToken", API_TOKEN, token.id, token.version, token.organization_id);
    let hashes = token.documents.as_ref().map(|list| &list.0);
    Event::new(&TOKEN_UPDATED, entity)
        .data(json!({ "name": token.name, "hint": token.hint, "documents": hashes }))
}
