//! What happens to accounts, roles and tokens.

use ::entity::{
    admin_user, api_token, approval, audit_log::AuditOutcome, impersonation, invitation, ip_allow_entry,
    list::StringList, role, role_assignment, session,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{APPROVAL, IP_ALLOW_ENTRY, ROLE, ROLE_ASSIGNMENT, permissions};
use crate::kernel::{
    actor::{ADMIN_USER, API_TOKEN, IMPERSONATION, ORGANIZATION, PLATFORM, SESSION, USER},
    event::{Entity, Event, EventType, event_types},
    leaf::Personal,
    scalar::Timestamp,
};

event_types! {
    Admin, permissions::READ;
    USER_CREATED "admin.user.created" "ADMIN_USER_CREATE" High "An admin account was made.";
    TOKEN_CREATED "admin.token.created" "API_TOKEN_CREATE" Medium "An API token was made.";
    TOKEN_ROTATED "admin.token.rotated" "API_TOKEN_ROTATE" Medium "An API token was given another text.";
    TOKEN_REVOKED "admin.token.revoked" "API_TOKEN_REVOKE" High "An API token was revoked.";
    IP_ALLOW_ENTRY_ADDED "admin.ip_allow_entry.added" "IP_ALLOW_ENTRY_ADD" High
        "Accounts of a level are accepted from a network: from its first on, from nowhere else.";
    IP_ALLOW_ENTRY_REMOVED "admin.ip_allow_entry.removed" "IP_ALLOW_ENTRY_REMOVE" High
        "Accounts of a level are accepted from a network no more: without its last, from anywhere.";
    TOKEN_UPDATED "admin.token.updated" "API_TOKEN_UPDATE" Medium
        "An API token was changed: by then it is trusted with these documents, or with any.";
    USER_UPDATED "admin.user.updated" "ADMIN_USER_UPDATE" High "What an admin account may was changed.";
    USER_DEACTIVATED "admin.user.deactivated" "ADMIN_USER_DEACTIVATE" High "An admin account was taken out of use.";
    USER_REACTIVATED "admin.user.reactivated" "ADMIN_USER_REACTIVATE" High "An admin account may be used again.";
    ROLE_CREATED "admin.role.created" "ROLE_CREATE" Medium "A role was made.";
    ROLE_UPDATED "admin.role.updated" "ROLE_UPDATE" High "A role was changed, and what everybody may who has it.";
    ROLE_DELETED "admin.role.deleted" "ROLE_DELETE" Medium "A role was deleted, which nobody had any more.";
    ROLE_GRANTED "admin.role.granted" "ROLE_GRANT" High "An admin account was given a role.";
    ROLE_REVOKED "admin.role.revoked" "ROLE_REVOKE" High "A role was taken away from an admin account.";
    APPROVAL_REQUESTED "admin.approval.requested" "APPROVAL_REQUEST" Medium
        "Somebody wants to do what takes other people's approval.";
    APPROVAL_APPROVED "admin.approval.approved" "APPROVAL_APPROVE" High
        "Somebody approved what another one wants to do. With enough of these, it is carried out.";
    APPROVAL_DENIED "admin.approval.denied" "APPROVAL_DENY" Medium
        "Somebody denied what another one wants to do, or by the time it was to be carried out it wasn't allowed any more.";
    APPROVAL_CANCELLED "admin.approval.cancelled" "APPROVAL_CANCEL" Low "Somebody took back what they wanted to do.";
    APPROVAL_EXECUTED "admin.approval.executed" "APPROVAL_EXECUTE" High "What others approved was done.";
    APPROVAL_EXPIRED "admin.approval.expired" "APPROVAL_EXPIRE" Low
        "Nobody decided in time, or what was approved couldn't be done in time.";
    SESSION_STARTED "admin.session.started" "AUTH_LOGIN" Low "Somebody signed in here.";
    SESSION_DENIED "admin.session.denied" "AUTH_LOGIN_FAILED" Low
        "Somebody tried to sign in as an account and couldn't: by so many attempts within a minute.";
    SESSION_REFRESHED "admin.session.refreshed" "SESSION_REFRESH" Info "A session went on.";
    SESSION_STEPPED_UP "admin.session.stepped_up" "SESSION_STEP_UP" Low
        "Somebody who is signed in proved a second factor again.";
    SESSION_REVOKED "admin.session.revoked" "SESSION_REVOKE" Medium
        "A session was ended before its time. Where it was because a refresh token was shown twice, somebody has a copy.";
    MFA_BEGUN "admin.mfa.begun" "MFA_ENROLL" Low "Somebody began to enrol a second factor.";
    MFA_ENROLLED "admin.mfa.enrolled" "MFA_CONFIRM" Medium "An admin account has a second factor, or another one.";
    MFA_RESET "admin.mfa.reset" "MFA_RESET" High "The second factor of an admin account was taken away.";
    RECOVERY_CODES_REGENERATED "admin.recovery_codes.regenerated" "RECOVERY_CODES_REGENERATE" Medium
        "An admin account has new recovery codes.";
    IMPERSONATION_STARTED "admin.impersonation.started" "IMPERSONATION_START" High
        "Somebody began to act in the place of a user.";
    IMPERSONATION_ENDED "admin.impersonation.ended" "IMPERSONATION_END" Medium
        "Somebody no longer acts in the place of a user.";
    USER_INVITED "admin.user.invited" "ADMIN_USER_INVITE" High "Somebody was invited to set the first password of an account.";
    INVITATION_ACCEPTED "admin.invitation.accepted" "INVITATION_ACCEPT" Medium
        "Whoever was invited has set the first password of an account.";
    PASSWORD_UPDATED "admin.password.updated" "PASSWORD_UPDATE" Medium "An admin account has another password.";
}

/// `ty` happened to an account that was `before` and is `after`.
pub(super) fn user(
    ty: &'static EventType,
    before: Option<&admin_user::Model>,
    after: &admin_user::Model,
) -> Event {
    let state = |account: &admin_user::Model| json!({ "level": account.level, "permissions": account.permissions.0, "isActive": account.is_active });
    let entity = Entity::new("AdminUser", ADMIN_USER, after.id, after.version, PLATFORM);
    Event::new(ty, entity).about(after.user_id).data(changed(before.map(state), state(after)))
}

/// `ty` happened to a role that was `before` and is `after`.
pub(super) fn role(ty: &'static EventType, before: Option<&role::Model>, after: &role::Model) -> Event {
    let state = |role: &role::Model| json!({ "name": role.name, "description": role.description, "permissions": role.permissions.0 });
    let entity = Entity::new("Role", ROLE, after.id, after.version, PLATFORM);
    Event::new(ty, entity).data(changed(before.map(state), state(after)))
}

/// What is now, and what was before it: who reads the record needs no earlier entry.
fn changed(before: Option<Value>, mut after: Value) -> Value {
    if let Some(before) = before {
        after["before"] = before;
    }
    after
}

/// `ty` happened to an assignment; `account` is whose.
pub(super) fn assignment(
    ty: &'static EventType,
    row: &role_assignment::Model,
    account: &admin_user::Model,
) -> Event {
    let entity = Entity::new("RoleAssignment", ROLE_ASSIGNMENT, row.id, row.version, PLATFORM);
    Event::new(ty, entity).about(account.user_id).data(json!({
        "adminUserId": ADMIN_USER.encode(row.admin_user_id),
        "roleId": ROLE.encode(row.role_id),
        "role": row.role_name,
        "expiresAt": row.expires_at.map(|at| Timestamp(at).to_string()),
    }))
}

/// Somebody asks: what is frozen, whole, so that the record says what was approved whatever becomes of the row; with what
/// is personal in it marked.
pub(super) fn approval_requested(row: &approval::Model, payload: &Value) -> Event {
    let data = json!({
        "kind": row.kind,
        "summary": row.summary,
        "payload": payload,
        "payloadHash": hex::encode(&row.payload_hash),
        "required": row.required,
        "requestedBy": ADMIN_USER.encode(row.requested_by_id),
        "expiresAt": Timestamp(row.expires_at).to_string(),
    });
    of_approval(&APPROVAL_REQUESTED, row).data(data)
}

/// `ty` happened to an approval; `reason` is what somebody wrote along.
pub(super) fn approval(ty: &'static EventType, row: &approval::Model, reason: Option<&str>) -> Event {
    let mut data = json!({
        "kind": row.kind,
        "payloadHash": hex::encode(&row.payload_hash),
        "status": row.status,
    });
    if let Some(result_id) = &row.result_id {
        data["resultId"] = json!(result_id);
    }
    if let Some(reason) = reason {
        data["reason"] = json!(Personal(reason));
    }
    of_approval(ty, row).data(data)
}

fn of_approval(ty: &'static EventType, row: &approval::Model) -> Event {
    let event = Event::new(ty, Entity::new("Approval", APPROVAL, row.id, row.version, PLATFORM));
    match row.beneficiary_id {
        Some(person) => event.about(person),
        None => event,
    }
}

/// `ty` happened to a session of `user`.
pub(super) fn session(ty: &'static EventType, row: &session::Model, user: Uuid) -> Event {
    let entity = Entity::new("Session", SESSION, row.id, row.version, PLATFORM);
    Event::new(ty, entity).about(user).data(json!({
        "adminUserId": ADMIN_USER.encode(row.admin_user_id),
        "isEnrolling": row.factor_at.is_none(),
        "endedBy": row.ended_by,
    }))
}

/// `ty` happened to what an account signs in with. Nothing of that is in the record.
pub(super) fn credential(ty: &'static EventType, account: &admin_user::Model) -> Event {
    let entity = Entity::new("AdminUser", ADMIN_USER, account.id, account.version, PLATFORM);
    Event::new(ty, entity).about(account.user_id)
}

/// Somebody couldn't sign in as `account`, by what they showed last, so many times.
pub(super) fn session_denied(account: &admin_user::Model, shown: &str, attempts: u64) -> Event {
    credential(&SESSION_DENIED, account)
        .outcome(AuditOutcome::Failure)
        .data(json!({ "shown": shown, "attempts": attempts }))
}

/// Somebody was invited to sign in to `account`, by this address. The text isn't in the record.
pub(super) fn invited(account: &admin_user::Model, row: &invitation::Model) -> Event {
    credential(&USER_INVITED, account).data(json!({
        "email": Personal(&row.sign_in_name),
        "expiresAt": Timestamp(row.expires_at).to_string(),
    }))
}

/// `ty` happened to an impersonation.
pub(super) fn impersonation(ty: &'static EventType, row: &impersonation::Model) -> Event {
    let entity = Entity::new("Impersonation", IMPERSONATION, row.id, row.version, PLATFORM);
    Event::new(ty, entity).about(row.user_id).data(json!({
        "impersonatorId": ADMIN_USER.encode(row.impersonator_id),
        "userId": USER.encode(row.user_id),
        "actsAs": row.admin_user_id.map(|id| ADMIN_USER.encode(id)),
        "organizationId": (!row.organization_id.is_nil()).then(|| ORGANIZATION.encode(row.organization_id)),
        "isReadOnly": row.is_read_only,
        "reason": Personal(&*row.reason),
        "expiresAt": Timestamp(row.expires_at).to_string(),
        "endedBy": row.ended_by,
    }))
}

/// `ty` happened to a token.
pub(super) fn token(ty: &'static EventType, token: &api_token::Model) -> Event {
    let time = |at: Option<DateTime<Utc>>| at.map(|at| Timestamp(at).to_string());
    let list = |list: &Option<StringList>| list.as_ref().map(|list| list.0.clone());
    let entity = Entity::new("ApiToken", API_TOKEN, token.id, token.version, token.organization_id);
    Event::new(ty, entity).data(json!({
        "name": token.name,
        "hint": token.hint,
        "scopes": token.scopes.0,
        "actsAs": token.admin_user_id.map(|id| ADMIN_USER.encode(id)),
        "organizationId": (!token.organization_id.is_nil()).then(|| ORGANIZATION.encode(token.organization_id)),
        "networks": list(&token.networks),
        "documents": list(&token.documents),
        "costBucket": token.cost_bucket,
        "costPerSecond": token.cost_per_second,
        "previousUntil": time(token.previous_until),
        "expiresAt": time(token.expires_at),
    }))
}

/// `ty` happened to where accounts are accepted from.
pub(super) fn ip_allow_entry(ty: &'static EventType, row: &ip_allow_entry::Model) -> Event {
    let entity = Entity::new("IpAllowEntry", IP_ALLOW_ENTRY, row.id, row.version, PLATFORM);
    Event::new(ty, entity)
        .data(json!({ "level": row.level, "network": row.network, "description": row.description }))
}
