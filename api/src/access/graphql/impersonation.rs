//! Acting in another one's place, as clients see it.

use std::sync::Arc;

use ::entity::{impersonation, user::UserStatus};
use async_graphql::{Context, Enum, ID, InputObject};
use uuid::Uuid;

use super::{
    AdminUser,
    mutations::{decide, granter, id, note_refusal},
};
use crate::{
    access::{
        loaders::{AccountsOfUsers, Impersonations},
        ops::{self, Impersonating, NewImpersonation},
        permissions, reads, rules,
    },
    directory::{Memberships, Organization, User, Users},
    kernel::{
        actor::{Boundary, IMPERSONATION, PLATFORM},
        eager::Eager,
        error::{Error, Result},
        id::Prefix,
        mutation::{mutate_secretly, payload},
        object::{self, Stored},
        page::{Args, Connection, Cursor, DateTimeFilter, Filter, IdFilter, Ids, filter, order},
        permission::PermissionSet,
        request::RequestExt,
        scalar::Timestamp,
    },
};

/// What ending somebody else's takes.
const MANAGE: &str = "access.manage_accounts";

/// Why an impersonation is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "::entity::impersonation::ImpersonationEnd")]
pub enum ImpersonationEnd {
    /// Somebody ended it.
    Ended,
    /// Its time was over.
    Expired,
    /// The session was ended that it was begun in.
    SessionEnded,
}

/// That somebody acts in the place of a user.
#[derive(Debug)]
pub struct Impersonation(Arc<impersonation::Model>);

impl Stored for Impersonation {
    type Row = impersonation::Model;
    type ById = Impersonations;
    const PREFIX: Prefix = IMPERSONATION;
    const NOUN: &'static str = "impersonation";
    const READ: &'static str = permissions::READ;

    fn of(row: Arc<impersonation::Model>) -> Self {
        Self(row)
    }

    fn id_of(row: &impersonation::Model) -> Uuid {
        row.id
    }

    fn is_within(_: &impersonation::Model, boundary: &Boundary) -> bool {
        // Who acts in whose place is the platform's own.
        boundary.contains(PLATFORM)
    }
}

/// That somebody acts in the place of a user.
#[macros::object]
impl Impersonation {
    /// `imp_…`
    pub async fn id(&self) -> ID {
        IMPERSONATION.encode(self.0.id).into()
    }

    /// The same as a plain UUID.
    async fn uuid(&self) -> Uuid {
        self.0.id
    }

    /// Who acts.
    async fn impersonator(&self, ctx: &Context<'_>) -> Result<Option<Eager<AdminUser>>> {
        object::edge(ctx, Some(self.0.impersonator_id)).await
    }

    /// In whose place.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<Eager<User>>> {
        object::edge(ctx, Some(self.0.user_id)).await
    }

    /// That user's account, where they have one: what is seen is what it may see.
    async fn admin_user(&self, ctx: &Context<'_>) -> Result<Option<Eager<AdminUser>>> {
        object::edge(ctx, self.0.admin_user_id).await
    }

    /// The organization with whose eyes a user is seen who has no account.
    async fn organization(&self, ctx: &Context<'_>) -> Result<Option<Eager<Organization>>> {
        let id = self.0.organization_id;
        object::edge(ctx, (id != PLATFORM).then_some(id)).await
    }

    /// Why.
    async fn reason(&self) -> &str {
        &self.0.reason
    }

    /// Whether nothing is changed by it.
    async fn is_read_only(&self) -> bool {
        self.0.is_read_only
    }

    /// Whether it is accepted now: on, by somebody who still may, of a user who is still there, with an account that is active
    /// or in the organization.
    async fn is_active(&self, ctx: &Context<'_>) -> Result<bool> {
        let (request, row) = (ctx.request(), &self.0);
        let kernel = request.kernel();
        let (rights, now) = (kernel.rights().last(), kernel.clock().now());
        let is_permitted = |held: &PermissionSet| held.has(permissions::IMPERSONATE);
        if rules::check_on(row.expires_at, row.ended_at, now).is_err()
            || !rights.permissions(row.impersonator_id, now).is_some_and(is_permitted)
        {
            return Ok(false);
        }
        let user = request.loaders().one::<Users>(row.user_id).await?;
        if user.is_none_or(|user| user.status == UserStatus::Deleted) {
            return Ok(false);
        }
        if let Some(account) = row.admin_user_id {
            return Ok(rights.permissions(account, now).is_some());
        }
        let account = request.loaders().one::<AccountsOfUsers>(row.user_id).await?;
        let member_of = request.loaders().one::<Memberships>(row.user_id).await?;
        Ok(account.is_none() && member_of.is_some_and(|all| all.contains(&row.organization_id)))
    }

    /// When it ends in any case.
    async fn expires_at(&self) -> Timestamp {
        self.0.expires_at.into()
    }

    /// When it was over.
    async fn ended_at(&self) -> Option<Timestamp> {
        self.0.ended_at.map(Timestamp)
    }

    /// Why it is over.
    async fn ended_by(&self) -> Option<ImpersonationEnd> {
        self.0.ended_by.map(Into::into)
    }

    /// When it began.
    async fn created_at(&self) -> Timestamp {
        self.0.created_at.into()
    }

    /// When it was last changed.
    async fn updated_at(&self) -> Timestamp {
        self.0.updated_at.into()
    }

    /// Counts its changes.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

filter! {
    /// Which impersonations.
    pub ImpersonationFilter {
        /// Who acts.
        impersonator_id: IdFilter => Ids::of::<AdminUser>(impersonation::Column::ImpersonatorId),
        /// In whose place.
        user_id: IdFilter => Ids::of::<User>(impersonation::Column::UserId),
        /// When it ends in any case.
        expires_at: DateTimeFilter => impersonation::Column::ExpiresAt,
        /// When it was over.
        ended_at: DateTimeFilter => impersonation::Column::EndedAt,
        /// When it began.
        created_at: DateTimeFilter => impersonation::Column::CreatedAt,
    }
}

order! {
    /// How impersonations are sorted.
    pub ImpersonationOrder by
    /// What impersonations can be sorted by.
    ImpersonationOrderField {
        /// When it began.
        CreatedAt => impersonation::Column::CreatedAt,
    }
}

/// In whose place somebody wants to act, and why.
#[derive(Debug, InputObject)]
pub struct ImpersonationStartInput {
    /// The user: of a level not above one's own, and not oneself.
    user_id: ID,
    /// With the eyes of which organization, for a user without an account who is a member of several.
    organization_id: Option<ID>,
    /// Why. 1–1,000 characters.
    reason: String,
    /// How long, in minutes: 60 at most.
    #[graphql(default = 60)]
    minutes: i32,
    /// Whether nothing is to be changed. Without it, it takes `access.impersonate_writing`.
    #[graphql(default = true)]
    is_read_only: bool,
}

/// An impersonation to be ended.
#[derive(Debug, InputObject)]
pub struct ImpersonationEndInput {
    /// The impersonation.
    id: ID,
    /// Refuse where it has another version.
    expected_version: Option<i32>,
}

payload! { /// What beginning an impersonation came to.
ImpersonationStartPayload { impersonation: Impersonation } and {
/// What it is shown by, for `Authorization: Bearer`, in this answer once; a repetition under the same idempotency key shows it
/// again. A JWT: `sub` is in whose place, `act` who acts. Null where nothing was begun, and in a rehearsal.
credential } }
payload! { /// What ending an impersonation came to.
ImpersonationEndPayload { impersonation: Impersonation } }

/// The reads of impersonations.
#[derive(Debug, Default)]
pub struct ImpersonationQuery;

#[macros::query(name = "ImpersonationQuery")]
impl ImpersonationQuery {
    /// One impersonation.
    #[requires("access.read")]
    async fn impersonation(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Impersonation>> {
        object::find(ctx, &id).await
    }

    /// Who acts or acted in whose place, newest first unless ordered otherwise.
    #[requires("access.read")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn impersonations(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<ImpersonationFilter>,
        order_by: Option<ImpersonationOrder>,
    ) -> Result<Connection<Impersonation>> {
        let args = Args { first, after, last, before };
        reads::impersonations(ctx, filter.predicate()?, order_by.into(), args).await
    }
}

/// Acting in another one's place.
#[derive(Debug, Default)]
pub struct ImpersonationMutation;

#[macros::mutation(name = "ImpersonationMutation")]
impl ImpersonationMutation {
    /// Begins to act in the place of a user: by the credential in the answer the caller may what both may, and sees what
    /// that user sees. Whatever is recorded so names both. Nobody signs in, gives rights or takes them in another one's
    /// place; nor is anything changed, unless that is asked for and permitted. It ends with the hour at the latest, with the
    /// session that it was begun in, and where the right to it ends.
    #[requires("access.impersonate", step_up)]
    #[emits("admin.impersonation.started")]
    async fn impersonation_start(
        &self,
        ctx: &Context<'_>,
        input: ImpersonationStartInput,
    ) -> Result<ImpersonationStartPayload> {
        let caller = ctx.request().caller();
        let identity = caller.identity()?;
        // Whoever has proved a second factor has an account.
        let account = identity.admin_user_id.ok_or_else(|| Error::internal("a person has no account"))?;
        let who = Impersonating {
            account,
            session: identity.session().map(|session| session.session),
            permissions: caller.permissions.clone(),
        };
        let (outcome, credential) = mutate_secretly::<Impersonation>(ctx, async |tx| {
            let organization_id = match &input.organization_id {
                Some(given) => Some(id::<Organization>(given, "organizationId")?),
                None => None,
            };
            let new = NewImpersonation {
                user_id: id::<User>(&input.user_id, "userId")?,
                organization_id,
                reason: input.reason,
                minutes: input.minutes,
                is_read_only: input.is_read_only,
            };
            ops::start_impersonation(tx, &who, new).await
        })
        .await?;
        note_refusal(ctx, &outcome.user_errors).await;
        Ok((outcome, credential).into())
    }

    /// Ends an impersonation: within a second its credential is turned away, and its streams end. One's own, or with
    /// `access.manage_accounts` somebody else's of a level not above one's own.
    #[authenticated]
    #[emits("admin.impersonation.ended")]
    async fn impersonation_end(
        &self,
        ctx: &Context<'_>,
        input: ImpersonationEndInput,
    ) -> Result<ImpersonationEndPayload> {
        let granter = granter(ctx, None)?;
        let may_end_others = ctx.request().caller().require(MANAGE).is_ok();
        let outcome = decide(ctx, async |tx| {
            let impersonation = id::<Impersonation>(&input.id, "id")?;
            let expected = input.expected_version;
            ops::end_impersonation(tx, &granter, may_end_others, impersonation, expected).await
        });
        Ok(outcome.await?.into())
    }
}
