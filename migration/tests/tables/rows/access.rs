use entity::list::StringList;
use entity::{
    actor_kind::ActorKind, admin_user, api_token, api_token_use, approval, approval_vote, authz_epoch,
    billing_subscription, credential, impersonation, invitation, ip_allow_entry, organization,
    organization_member, recovery_code, role, role_assignment, sealing_key, session, sign_in_attempt,
    trusted_document, user,
};

use super::{at, bytes, id, json, text};

pub fn organization() -> organization::Model {
    organization::Model {
        id: id(),
        external_id: Some(id().to_string()),
        slug: "acme".into(),
        name: text(),
        status: organization::OrganizationStatus::PastDue,
        settings: json(),
        merged_into_id: Some(id()),
        merged_at: Some(at(2)),
        merged_rows: Some(json()),
        created_at: at(0),
        updated_at: at(1),
        version: 1,
    }
}

pub fn user() -> user::Model {
    user::Model {
        id: id(),
        external_id: Some("idp|1".into()),
        email: "ada@example.org".into(),
        name: text(),
        status: user::UserStatus::Active,
        verified_at: Some(at(2)),
        suspended_until: Some(at(4)),
        last_active_at: Some(at(3)),
        search: text(),
        created_at: at(0),
        updated_at: at(1),
        version: 1,
    }
}

pub fn billing_subscription() -> billing_subscription::Model {
    billing_subscription::Model {
        id: id(),
        organization_id: id(),
        external_id: id().to_string(),
        plan: text(),
        status: billing_subscription::BillingStatus::PastDue,
        period: billing_subscription::BillingPeriod::HalfYearly,
        amount_minor: i64::MAX,
        currency: "EUR".into(),
        trial_ends_at: Some(at(2)),
        period_ends_at: Some(at(3)),
        cancelled_at: Some(at(4)),
        created_at: at(0),
        updated_at: at(1),
        version: 1,
    }
}

pub fn organization_member() -> organization_member::Model {
    organization_member::Model {
        id: id(),
        organization_id: id(),
        user_id: id(),
        role: "owner".into(),
        created_at: at(0),
        updated_at: at(1),
        version: 1,
    }
}

/// The account of `user`, who must be there.
pub fn admin_user(user: &user::Model) -> admin_user::Model {
    admin_user::Model {
        id: id(),
        user_id: user.id,
        level: admin_user::AdminLevel::SuperAdmin,
        permissions: StringList(vec!["incident.read".into(), "incident.write".into()]),
        is_active: true,
        created_by: Some(id()),
        last_login_at: Some(at(2)),
        created_at: at(0),
        updated_at: at(1),
        version: 1,
    }
}

pub fn role() -> role::Model {
    role::Model {
        id: id(),
        name: "on call".into(),
        description: text(),
        permissions: StringList(vec!["incidents.*".into()]),
        is_built_in: false,
        created_at: at(0),
        updated_at: at(1),
        version: 1,
    }
}

/// Of `account`, which must be there.
pub fn role_assignment(account: &admin_user::Model) -> role_assignment::Model {
    role_assignment::Model {
        id: id(),
        role_id: id(),
        role_name: text(),
        admin_user_id: account.id,
        granted_by_kind: ActorKind::AdminUser,
        granted_by_id: "adm_1".into(),
        granted_at: at(0),
        expires_at: Some(at(3)),
        revoked_by_kind: Some(ActorKind::ApiToken),
        revoked_by_id: Some("tok_1".into()),
        revoked_at: Some(at(2)),
        created_at: at(0),
        updated_at: at(1),
        version: 1,
    }
}

/// Asked for by `account`, which must be there.
pub fn approval(account: &admin_user::Model) -> approval::Model {
    approval::Model {
        id: id(),
        kind: "access.assign_role".into(),
        permission: "access.assign_roles".into(),
        required: 1,
        summary: text(),
        payload: json(),
        payload_hash: bytes(4),
        requested_by_id: account.id,
        beneficiary_id: Some(id()),
        status: approval::ApprovalStatus::Denied,
        expires_at: at(9),
        ended_at: Some(at(2)),
        ended_because: Some(text()),
        result_id: Some("ras_1".into()),
        created_at: at(0),
        updated_at: at(1),
        version: 1,
    }
}

/// Of `account` about `approval`, which must be there.
pub fn approval_vote(approval: &approval::Model, account: &admin_user::Model) -> approval_vote::Model {
    approval_vote::Model {
        approval_id: approval.id,
        admin_user_id: account.id,
        decision: approval_vote::ApprovalDecision::Denied,
        reason: Some(text()),
        decided_at: at(2),
    }
}

pub fn api_token() -> api_token::Model {
    api_token::Model {
        id: id(),
        name: text(),
        hint: "ogt_12345".into(),
        token_hash: bytes(1),
        previous_hash: Some(bytes(2)),
        previous_until: Some(at(4)),
        admin_user_id: Some(id()),
        scopes: StringList(vec![]),
        documents: Some(StringList(vec![])),
        networks: Some(StringList(vec!["10.0.0.0/8".into()])),
        cost_bucket: Some(1_000),
        cost_per_second: Some(10),
        organization_id: id(),
        created_by: Some(id()),
        expires_at: Some(at(2)),
        revoked_at: Some(at(3)),
        created_at: at(0),
        updated_at: at(1),
        version: 1,
    }
}

/// Of `token`, which must be there.
pub fn api_token_use(token: &api_token::Model) -> api_token_use::Model {
    api_token_use::Model { api_token_id: token.id, last_used_at: at(5) }
}

pub fn ip_allow_entry() -> ip_allow_entry::Model {
    ip_allow_entry::Model {
        id: id(),
        level: admin_user::AdminLevel::Admin,
        network: "203.0.113.0/24".into(),
        description: text(),
        created_by: Some(id()),
        created_at: at(0),
        updated_at: at(1),
        version: 1,
    }
}

/// Of `account`, which must be there.
pub fn credential(account: &admin_user::Model) -> credential::Model {
    credential::Model {
        id: id(),
        admin_user_id: account.id,
        sign_in_name: "ada@example.org".into(),
        sealed_password: text(),
        password_changed_at: at(2),
        sealed_totp: Some(text()),
        totp_confirmed_at: Some(at(3)),
        totp_step: Some(59_833_337),
        sealed_new_totp: Some(text()),
        new_totp_at: Some(at(4)),
        created_at: at(0),
        updated_at: at(1),
        version: 1,
    }
}

/// Of `account`, which must be there.
pub fn recovery_code(account: &admin_user::Model) -> recovery_code::Model {
    recovery_code::Model {
        id: id(),
        admin_user_id: account.id,
        code_hash: bytes(3),
        created_at: at(0),
        used_at: Some(at(1)),
    }
}

/// Of `account`, which must be there.
pub fn session(account: &admin_user::Model) -> session::Model {
    session::Model {
        id: id(),
        admin_user_id: account.id,
        generation: i32::MAX,
        factor_at: Some(at(2)),
        refreshed_at: at(3),
        idle_until: at(4),
        expires_at: at(5),
        ended_by: Some(session::SessionEnd::PasswordChanged),
        revoked_at: Some(at(6)),
        created_at: at(0),
        updated_at: at(1),
        version: 1,
        key_id: "b27ef411".into(),
    }
}

/// By `account`, begun in `session`, which must both be there, as must the user.
pub fn impersonation(account: &admin_user::Model, session: &session::Model) -> impersonation::Model {
    impersonation::Model {
        id: id(),
        impersonator_id: account.id,
        user_id: account.user_id,
        admin_user_id: Some(account.id),
        organization_id: id(),
        session_id: Some(session.id),
        scopes: StringList(vec!["incidents.read".into()]),
        reason: text(),
        is_read_only: true,
        expires_at: at(2),
        ended_by: Some(impersonation::ImpersonationEnd::SessionEnded),
        ended_at: Some(at(3)),
        created_at: at(0),
        updated_at: at(1),
        version: 1,
    }
}

/// Of `account`, which must be there.
pub fn invitation(account: &admin_user::Model) -> invitation::Model {
    invitation::Model {
        id: id(),
        admin_user_id: account.id,
        sign_in_name: "ada@example.org".into(),
        token_hash: bytes(4),
        created_by: Some(id()),
        created_at: at(0),
        expires_at: at(1),
        accepted_at: None,
        revoked_at: None,
        sealed_token: Some(text()),
    }
}

pub fn sealing_key() -> sealing_key::Model {
    sealing_key::Model { id: "b27ef411".into(), since: at(0) }
}

pub fn sign_in_attempt() -> sign_in_attempt::Model {
    sign_in_attempt::Model { tally: text(), count: i32::MAX, last_at: at(0) }
}

pub fn trusted_document() -> trusted_document::Model {
    trusted_document::Model { hash: bytes(2), text: text(), created_at: at(0) }
}

/// A second row; the migration makes the first.
pub fn authz_epoch() -> authz_epoch::Model {
    authz_epoch::Model { id: 2, epoch: i64::MAX }
}
