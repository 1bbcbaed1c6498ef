//! What can be done to accounts and roles.

use async_graphql::{Context, ID};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    AdminUser, Role, RoleAssignment,
    inputs::{
        AdminUserCreateInput, AdminUserDeactivateInput, AdminUserReactivateInput, AdminUserUpdateInput,
        RoleAssignInput, RoleCreateInput, RoleDeleteInput, RoleRevokeInput, RoleUpdateInput,
    },
};
use crate::{
    access::{ops, rules::Granter},
    directory::User,
    kernel::{
        error::{Result, UserErrorCode, Violation},
        mutation::{Outcome, mutate, payload},
        object::{Stored, parse_id},
        request::RequestExt,
        tx::Tx,
    },
};

payload! { /// What making an account came to.
AdminUserCreatePayload { admin_user: AdminUser } }
payload! { /// What changing an account came to.
AdminUserUpdatePayload { admin_user: AdminUser } }
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
RoleAssignPayload { role_assignment: RoleAssignment } }
payload! { /// What taking a role away came to.
RoleRevokePayload { role_assignment: RoleAssignment } }

/// What can be done to accounts and roles.
#[derive(Debug, Default)]
pub struct Mutation;

#[macros::mutation(name = "AccessMutation")]
impl Mutation {
    /// Makes an account for somebody who is in the directory. Nobody gives a level above their own or what they don't have;
    /// what is sensitive takes a second person.
    #[requires("access.manage_accounts")]
    #[emits("admin.user.created")]
    async fn admin_user_create(
        &self,
        ctx: &Context<'_>,
        input: AdminUserCreateInput,
    ) -> Result<AdminUserCreatePayload> {
        let granter = granter(ctx, None)?;
        let outcome = decide(ctx, async |tx| {
            let new = ops::NewAdminUser {
                user_id: id::<User>(&input.user_id, "userId")?,
                level: input.level.into(),
                permissions: input.permissions.unwrap_or_default(),
            };
            ops::create_admin_user(tx, &granter, new).await
        });
        Ok(outcome.await?.into())
    }

    /// Changes what an account may by its level and its own permissions. The last active super admin stays one.
    #[requires("access.manage_accounts")]
    #[emits("admin.user.updated")]
    async fn admin_user_update(
        &self,
        ctx: &Context<'_>,
        input: AdminUserUpdateInput,
    ) -> Result<AdminUserUpdatePayload> {
        let granter = granter(ctx, None)?;
        let outcome = decide(ctx, async |tx| {
            let account = id::<AdminUser>(&input.id, "id")?;
            let level = input.level.map(Into::into);
            let changes = ops::AdminUserChanges { level, permissions: input.permissions };
            ops::update_admin_user(tx, &granter, account, changes, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Takes an account out of use: it is turned away within a second, and its streams end. Not the last active super
    /// admin's.
    #[requires("access.manage_accounts")]
    #[emits("admin.user.deactivated")]
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
    #[requires("access.manage_accounts")]
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
    #[requires("access.manage_roles")]
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
    #[requires("access.manage_roles")]
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
        let outcome = decide(ctx, async |tx| {
            ops::delete_role(tx, id::<Role>(&input.id, "id")?, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Gives an account a role, from now on. Nobody gives what they don't have themselves for as long, nor to themselves;
    /// what is sensitive takes a second person. Given again with a later end, it lasts until then.
    #[requires("access.assign_roles")]
    #[emits("admin.role.granted")]
    async fn role_assign(&self, ctx: &Context<'_>, input: RoleAssignInput) -> Result<RoleAssignPayload> {
        let expires_at = input.expires_at.map(|at| at.0);
        let granter = granter(ctx, expires_at)?;
        let outcome = decide(ctx, async |tx| {
            let new = ops::NewAssignment {
                role_id: id::<Role>(&input.role_id, "roleId")?,
                admin_user_id: id::<AdminUser>(&input.admin_user_id, "adminUserId")?,
                expires_at,
            };
            ops::assign(tx, &granter, new).await
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
}

/// Runs `operation` as any mutation. What a rule refuses is on the record as any denial: it was about rights.
async fn decide<S: Stored>(
    ctx: &Context<'_>,
    operation: impl AsyncFnOnce(&mut Tx) -> Result<S::Row>,
) -> Result<Outcome<S>> {
    let outcome = mutate(ctx, operation).await?;
    let is_refused = |violation: &Violation| {
        matches!(violation.code, UserErrorCode::NotAllowed | UserErrorCode::ApprovalRequired)
    };
    if outcome.user_errors.iter().any(is_refused) {
        ctx.request().note_denial(ctx.field().name(), &[]).await;
    }
    Ok(outcome)
}

fn id<S: Stored>(id: &ID, field: &str) -> Result<Uuid, Violation> {
    parse_id(S::PREFIX, S::NOUN, id, field)
}

/// The caller as somebody who gives rights until `end`: what they have by a role that ends before that, they can't give.
fn granter(ctx: &Context<'_>, end: Option<DateTime<Utc>>) -> Result<Granter> {
    let request = ctx.request();
    let caller = request.caller();
    let account = caller.identity()?.admin_user_id;
    let rights = request.kernel().rights().current()?;
    let permissions = match account {
        Some(id) => {
            let then = rights.permissions(id, end.unwrap_or(DateTime::<Utc>::MAX_UTC));
            then.map(|then| caller.permissions.intersection(then)).unwrap_or_default()
        }
        None => caller.permissions.clone(),
    };
    let level = account.and_then(|id| rights.account(id)).map(|account| account.level);
    Ok(Granter::Caller { account, level, permissions })
}
