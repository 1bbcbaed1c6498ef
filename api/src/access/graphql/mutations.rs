//! What can be done to accounts and roles, and to what takes other people's approval. What gives rights takes a second
//! factor that was proved lately; what takes them away doesn't, since that may be urgent.

use async_graphql::{Context, ID};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    AdminUser, Approval, Role, RoleAssignment,
    inputs::{
        AdminUserCreateInput, AdminUserDeactivateInput, AdminUserReactivateInput, AdminUserUpdateInput,
        ApprovalApproveInput, ApprovalCancelInput, ApprovalDenyInput, RoleAssignInput, RoleCreateInput,
        RoleDeleteInput, RoleRevokeInput, RoleUpdateInput,
    },
};
use crate::{
    access::{
        ops::{
            self,
            approvals::{self, Decider},
        },
        rules::{Granter, Reach},
    },
    directory::User,
    kernel::{
        error::{Result, UserErrorCode, Violation},
        mutation::{Completion, Outcome, mutate, mutate_or_wait, payload},
        object::{Stored, parse_id},
        request::RequestExt,
        tx::Tx,
    },
};

payload! { /// What making an account came to.
AdminUserCreatePayload { admin_user: AdminUser } or { approval: Approval } }
payload! { /// What changing an account came to.
AdminUserUpdatePayload { admin_user: AdminUser } or { approval: Approval } }
payload! { /// What taking an account out of use came to.
AdminUserDeactivatePayload { admin_user: AdminUser } }
payload! { /// What letting an account be used again came to.
AdminUserReactivatePayload { admin_user: AdminUser } }
payload! { /// What making a role came to.
RoleCreatePayload { role: Role } }
payload! { /// What changing a role came to.
RoleUpdatePayload { role: Role } }
payload! { /// What deleting a role came to: the role as it was.
RoleDeletePayload { role: Role } }
payload! { /// What giving a role came to.
RoleAssignPayload { role_assignment: RoleAssignment } or { approval: Approval } }
payload! { /// What taking a role away came to.
RoleRevokePayload { role_assignment: RoleAssignment } }
payload! { /// What approving something came to.
ApprovalApprovePayload { approval: Approval } }
payload! { /// What denying something came to.
ApprovalDenyPayload { approval: Approval } }
payload! { /// What taking something back came to.
ApprovalCancelPayload { approval: Approval } }

/// What can be done to accounts and roles, and to what takes other people's approval.
#[derive(Debug, Default)]
pub struct Mutation;

#[macros::mutation(name = "AccessMutation")]
impl Mutation {
    /// Makes an account for somebody who is in the directory. Nobody gives a level above their own or what they don't have;
    /// what is sensitive takes a second person: then there is an `approval` instead of an account.
    #[requires("access.manage_accounts", step_up)]
    #[emits("admin.user.created", "admin.approval.requested")]
    async fn admin_user_create(
        &self,
        ctx: &Context<'_>,
        input: AdminUserCreateInput,
    ) -> Result<AdminUserCreatePayload> {
        let granter = granter(ctx, None)?;
        let outcome = decide_or_ask(ctx, async |tx| {
            let new = ops::NewAdminUser {
                user_id: id::<User>(&input.user_id, "userId")?,
                level: input.level.into(),
                permissions: input.permissions.unwrap_or_default(),
            };
            ops::create_admin_user_or_ask(tx, &granter, new).await
        });
        Ok(outcome.await?.into())
    }

    /// Changes what an account may by its level and its own permissions. The last active super admin stays one. What is
    /// sensitive takes a second person: then there is an `approval`, and nothing is changed yet.
    #[requires("access.manage_accounts", step_up)]
    #[emits("admin.user.updated", "admin.approval.requested")]
    async fn admin_user_update(
        &self,
        ctx: &Context<'_>,
        input: AdminUserUpdateInput,
    ) -> Result<AdminUserUpdatePayload> {
        let granter = granter(ctx, None)?;
        let outcome = decide_or_ask(ctx, async |tx| {
            let account = id::<AdminUser>(&input.id, "id")?;
            let level = input.level.map(Into::into);
            let changes = ops::AdminUserChanges { level, permissions: input.permissions };
            ops::update_admin_user_or_ask(tx, &granter, account, changes, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Takes an account out of use: it is turned away within a second, and its streams end. Not the last active super
    /// admin's.
    #[requires("access.manage_accounts")]
    #[emits("admin.user.deactivated", "admin.session.revoked")]
    async fn admin_user_deactivate(
        &self,
        ctx: &Context<'_>,
        input: AdminUserDeactivateInput,
    ) -> Result<AdminUserDeactivatePayload> {
        let granter = granter(ctx, None)?;
        let outcome = decide(ctx, async |tx| {
            let account = id::<AdminUser>(&input.id, "id")?;
            ops::deactivate_admin_user(tx, &granter, account, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Lets an account be used again, with all that it may: what its roles give that haven't ended meanwhile, too.
    #[requires("access.manage_accounts", step_up)]
    #[emits("admin.user.reactivated")]
    async fn admin_user_reactivate(
        &self,
        ctx: &Context<'_>,
        input: AdminUserReactivateInput,
    ) -> Result<AdminUserReactivatePayload> {
        let granter = granter(ctx, None)?;
        let outcome = decide(ctx, async |tx| {
            let account = id::<AdminUser>(&input.id, "id")?;
            ops::reactivate_admin_user(tx, &granter, account, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Makes a role.
    #[requires("access.manage_roles", step_up)]
    #[emits("admin.role.created")]
    async fn role_create(&self, ctx: &Context<'_>, input: RoleCreateInput) -> Result<RoleCreatePayload> {
        let granter = granter(ctx, None)?;
        let outcome = decide(ctx, async |tx| {
            let new = ops::NewRole {
                name: input.name,
                description: input.description.unwrap_or_default(),
                permissions: input.permissions,
            };
            ops::create_role(tx, &granter, new).await
        });
        Ok(outcome.await?.into())
    }

    /// Changes a role, and within a second what everybody may who has it.
    #[requires("access.manage_roles", step_up)]
    #[emits("admin.role.updated")]
    async fn role_update(&self, ctx: &Context<'_>, input: RoleUpdateInput) -> Result<RoleUpdatePayload> {
        let granter = granter(ctx, None)?;
        let outcome = decide(ctx, async |tx| {
            let role = id::<Role>(&input.id, "id")?;
            let changes = ops::RoleChanges {
                name: input.name,
                description: input.description,
                permissions: input.permissions,
            };
            ops::update_role(tx, &granter, role, changes, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Deletes a role that nobody has any more.
    #[requires("access.manage_roles")]
    #[emits("admin.role.deleted")]
    async fn role_delete(&self, ctx: &Context<'_>, input: RoleDeleteInput) -> Result<RoleDeletePayload> {
        let granter = granter(ctx, None)?;
        let outcome = decide(ctx, async |tx| {
            ops::delete_role(tx, &granter, id::<Role>(&input.id, "id")?, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Gives an account a role, from now on. Nobody gives what they don't have themselves for as long, nor to themselves;
    /// what is sensitive takes a second person: then there is an `approval` instead of an assignment. Given again with a
    /// later end, it lasts until then.
    #[requires("access.assign_roles", step_up)]
    #[emits("admin.role.granted", "admin.approval.requested")]
    async fn role_assign(&self, ctx: &Context<'_>, input: RoleAssignInput) -> Result<RoleAssignPayload> {
        let expires_at = input.expires_at.map(|at| at.0);
        let granter = granter(ctx, expires_at)?;
        let outcome = decide_or_ask(ctx, async |tx| {
            let new = ops::NewAssignment {
                role_id: id::<Role>(&input.role_id, "roleId")?,
                admin_user_id: id::<AdminUser>(&input.admin_user_id, "adminUserId")?,
                expires_at,
            };
            ops::assign_or_ask(tx, &granter, new).await
        });
        Ok(outcome.await?.into())
    }

    /// Takes a role away before its end: within a second it gives nothing any more, and the streams that it fed end.
    #[requires("access.assign_roles")]
    #[emits("admin.role.revoked")]
    async fn role_revoke(&self, ctx: &Context<'_>, input: RoleRevokeInput) -> Result<RoleRevokePayload> {
        let granter = granter(ctx, None)?;
        let outcome = decide(ctx, async |tx| {
            let assignment = id::<RoleAssignment>(&input.id, "id")?;
            ops::revoke(tx, &granter, assignment, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Says yes to what somebody else wants to do. With enough of these it is carried out at once, if everything that was
    /// true still is. It takes the right to do it oneself, too; neither who asked nor whom it is for has a say.
    #[requires("access.approve", step_up)]
    #[emits("admin.approval.approved")]
    async fn approval_approve(
        &self,
        ctx: &Context<'_>,
        input: ApprovalApproveInput,
    ) -> Result<ApprovalApprovePayload> {
        let decider = decider(ctx)?;
        let outcome = decide(ctx, async |tx| {
            let id = id::<Approval>(&input.id, "id")?;
            approvals::approve(tx, &decider, id, input.reason.as_deref(), input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Says no to what somebody else wants to do, which ends it. Who has a say is as with `approvalApprove`.
    #[requires("access.approve")]
    #[emits("admin.approval.denied")]
    async fn approval_deny(
        &self,
        ctx: &Context<'_>,
        input: ApprovalDenyInput,
    ) -> Result<ApprovalDenyPayload> {
        let decider = decider(ctx)?;
        let outcome = decide(ctx, async |tx| {
            let id = id::<Approval>(&input.id, "id")?;
            approvals::deny(tx, &decider, id, &input.reason, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Takes back what the caller asked for, before it is done.
    #[requires("access.read")]
    #[emits("admin.approval.cancelled")]
    async fn approval_cancel(
        &self,
        ctx: &Context<'_>,
        input: ApprovalCancelInput,
    ) -> Result<ApprovalCancelPayload> {
        let decider = decider(ctx)?;
        let outcome = decide(ctx, async |tx| {
            let id = id::<Approval>(&input.id, "id")?;
            approvals::cancel(tx, &decider, id, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }
}

/// Runs `operation` as any mutation. What a rule refuses is on the record as any denial: it was about rights.
pub(super) async fn decide<S: Stored>(
    ctx: &Context<'_>,
    operation: impl AsyncFnOnce(&mut Tx) -> Result<S::Row>,
) -> Result<Outcome<S>> {
    let outcome = mutate(ctx, operation).await?;
    note_refusal(ctx, &outcome.user_errors).await;
    Ok(outcome)
}

/// The same, where the operation may have to wait for other people's approval.
async fn decide_or_ask<S: Stored>(
    ctx: &Context<'_>,
    operation: impl AsyncFnOnce(&mut Tx) -> Result<Completion<S::Row, <Approval as Stored>::Row>>,
) -> Result<(Outcome<S>, Outcome<Approval>)> {
    let (outcome, awaited) = mutate_or_wait::<S, Approval>(ctx, operation).await?;
    note_refusal(ctx, &outcome.user_errors).await;
    Ok((outcome, awaited))
}

/// Puts on the record that a rule refused what was asked for.
pub(super) async fn note_refusal(ctx: &Context<'_>, user_errors: &[Violation]) {
    let is_refused = |violation: &Violation| {
        matches!(violation.code, UserErrorCode::NotAllowed | UserErrorCode::ApprovalRequired)
    };
    if user_errors.iter().any(is_refused) {
        let lacking: Vec<_> = user_errors.iter().flat_map(|violation| &violation.lacking).copied().collect();
        ctx.request().note_denial(ctx.field().name(), &lacking).await;
    }
}

/// The id that stands at `field`.
pub(super) fn id<S: Stored>(id: &ID, field: &str) -> Result<Uuid, Violation> {
    parse_id(S::PREFIX, S::NOUN, id, field)
}

/// The caller as somebody who gives rights until `end`: what they have by a role that ends before that, they can't give.
pub(super) fn granter(ctx: &Context<'_>, end: Option<DateTime<Utc>>) -> Result<Granter> {
    let request = ctx.request();
    let caller = request.caller();
    let account = caller.identity()?.admin_user_id;
    let rights = request.kernel().rights().current()?;
    let now = caller.permissions.clone();
    let lasting = match account {
        Some(id) => {
            let then = rights.permissions(id, end.unwrap_or(DateTime::<Utc>::MAX_UTC));
            then.map(|then| now.intersection(then)).unwrap_or_default()
        }
        None => now.clone(),
    };
    let level = account.and_then(|id| rights.account(id)).map(|account| account.level);
    Ok(Granter::Caller { account, reach: Reach { level, now, lasting } })
}

/// The caller as somebody who decides about what others want to do.
fn decider(ctx: &Context<'_>) -> Result<Decider> {
    let caller = ctx.request().caller();
    Ok(Decider { account: caller.identity()?.admin_user_id, permissions: caller.permissions.clone() })
}
