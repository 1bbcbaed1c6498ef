//! What can be done to organizations and their members.

use async_graphql::{Context, ID, InputObject, Json, Object, SimpleObject};
use uuid::Uuid;

use super::{Organization, OrganizationMember, User, organizations::OrganizationStatus};
use crate::{
    directory::{ops, rules},
    kernel::{
        actor::ORGANIZATION,
        eager::Eager,
        error::{Result, Violation},
        list_size::list_size,
        mutation::{BatchOutcome, Outcome, Receipt, mutate, mutate_many, payload},
        object::{self, Stored, parse_id},
    },
};

payload! { /// What adding a member came to.
OrganizationMemberAddPayload { member: OrganizationMember } }
payload! { /// What changing a member came to.
OrganizationMemberUpdatePayload { member: OrganizationMember } }
payload! { /// What removing a member came to: the member as they were.
OrganizationMemberRemovePayload { member: OrganizationMember } }
payload! { /// What changing an organization's settings came to.
OrganizationSettingsUpdatePayload { organization: Organization } }

/// What the platform says of its organizations.
#[derive(Debug, InputObject)]
pub struct OrganizationsUpsertInput {
    /// Each of them. At most 100.
    organizations: Vec<OrganizationRecordInput>,
    /// Do what is right where something else is wrong; without it, all are done or none is.
    #[graphql(default)]
    is_partial_allowed: bool,
}

/// What the platform says of an organization.
#[derive(Debug, InputObject)]
pub struct OrganizationRecordInput {
    /// The id by which the platform knows it. 1–255 characters.
    external_id: String,
    /// A short name for addresses, unique: small letters and digits, with dashes in between. 1–63 characters.
    slug: String,
    /// The name. 1–200 characters.
    name: String,
    /// Where it stands; without it, it stays where it is, and a new one is ACTIVE. Not MERGED.
    status: Option<OrganizationStatus>,
}

impl From<OrganizationRecordInput> for ops::OrganizationRecord {
    fn from(input: OrganizationRecordInput) -> Self {
        let OrganizationRecordInput { external_id, slug, name, status } = input;
        Self { external_id, slug, name, status: status.map(Into::into) }
    }
}

/// What became of a record of an organization.
#[derive(Debug, SimpleObject)]
pub struct OrganizationUpsertResult {
    /// Its place in the input, from 0.
    index: usize,
    /// Which it is: `org_…`. Null where it wasn't done.
    id: Option<ID>,
    /// What to mend. Empty where it was done.
    user_errors: Vec<Violation>,
}

/// What bringing organizations into the register came to.
pub struct OrganizationsUpsertPayload {
    outcome: BatchOutcome<ops::OrganizationItem>,
    count: usize,
}

/// What bringing organizations into the register came to.
#[Object]
impl OrganizationsUpsertPayload {
    /// What became of each, in the order of the input.
    #[graphql(directive = list_size::apply(100))]
    async fn results(&self) -> Vec<OrganizationUpsertResult> {
        (0..self.count).map(|index| self.result(index)).collect()
    }

    /// Why nothing was done. Empty where it was, also where something is wrong with some and the others are allowed alone.
    async fn user_errors(&self) -> &[Violation] {
        &self.outcome.user_errors
    }

    /// Proof that it happened. Absent where nothing was changed.
    async fn receipt(&self) -> Option<&Receipt> {
        self.outcome.receipt.as_ref()
    }
}

impl OrganizationsUpsertPayload {
    fn result(&self, index: usize) -> OrganizationUpsertResult {
        match self.outcome.item(index) {
            Ok(ops::OrganizationItem { id, violations }) => {
                let id = id.map(|id| ORGANIZATION.encode(id).into());
                OrganizationUpsertResult { index, id, user_errors: violations.clone() }
            }
            Err(user_errors) => OrganizationUpsertResult { index, id: None, user_errors },
        }
    }
}

/// Somebody is to belong to an organization.
#[derive(Debug, InputObject)]
pub struct OrganizationMemberAddInput {
    /// The organization.
    organization_id: ID,
    /// Who.
    user_id: ID,
    /// As what, in the organization's own words. 1–100 characters.
    role: String,
}

/// A member is something else from now on.
#[derive(Debug, InputObject)]
pub struct OrganizationMemberUpdateInput {
    /// The member.
    id: ID,
    /// As what, in the organization's own words. 1–100 characters.
    role: String,
    /// Refuse where it has another version.
    expected_version: Option<i32>,
}

/// Somebody is no member any more.
#[derive(Debug, InputObject)]
pub struct OrganizationMemberRemoveInput {
    /// The member.
    id: ID,
    /// Refuse where it has another version.
    expected_version: Option<i32>,
}

/// The settings of an organization from now on.
#[derive(Debug, InputObject)]
pub struct OrganizationSettingsUpdateInput {
    /// The organization.
    id: ID,
    /// All of them: what isn't in here is no setting any more. As `organizationSettingsSchema` says.
    settings: Json<serde_json::Value>,
    /// Refuse where it has another version.
    expected_version: Option<i32>,
}

/// An organization is to go into another one.
#[derive(Debug, InputObject)]
pub struct OrganizationMergeInput {
    /// The one that goes.
    source_id: ID,
    /// The one that stays.
    target_id: ID,
    /// Why, for the record. At most 1,000 characters.
    reason: Option<String>,
    /// Refuse where the one that goes has another version.
    expected_version: Option<i32>,
}

/// What merging organizations came to.
pub struct OrganizationMergePayload(Outcome<Organization>);

/// What merging organizations came to. The same again answers the same.
#[Object]
impl OrganizationMergePayload {
    /// The one that stays.
    async fn organization(&self, ctx: &Context<'_>) -> Result<Option<Eager<Organization>>> {
        match self.0.object(ctx).await? {
            Some(source) => object::edge(ctx, source.target_id()).await,
            None => Ok(None),
        }
    }

    /// The one that went: it stays in the register, MERGED.
    async fn source(&self, ctx: &Context<'_>) -> Result<Option<Organization>> {
        self.0.object(ctx).await
    }

    /// How many rows of what went along.
    async fn moved(&self, ctx: &Context<'_>) -> Result<Vec<MergedRows>> {
        let source = self.0.object(ctx).await?;
        source.map_or_else(|| Ok(vec![]), |source| source.moved())
    }

    /// What to mend. Empty where it was done.
    async fn user_errors(&self) -> &[Violation] {
        &self.0.user_errors
    }

    /// Proof that it happened. Absent where nothing was changed.
    async fn receipt(&self) -> Option<&Receipt> {
        self.0.receipt.as_ref()
    }
}

/// How many rows of a type a merge moved.
#[derive(Clone, Debug, SimpleObject, serde::Deserialize)]
pub struct MergedRows {
    /// The type: `OrganizationMember`.
    #[serde(rename = "type")]
    #[graphql(name = "type")]
    ty: String,
    /// How many belong to the other organization since.
    moved: i64,
    /// Of how many that had one of its own with the same key: what could only be there once was dropped, the rest was
    /// renamed (docs/organizations.md).
    collided: i64,
}

/// What can be done to organizations and their members.
#[derive(Debug, Default)]
pub struct OrganizationMutation;

#[macros::mutation(name = "OrganizationMutation")]
impl OrganizationMutation {
    /// Brings organizations into the register, and keeps it in line with what the platform knows of them. What is as it is
    /// said to be already is left alone, so that the same again changes nothing.
    #[requires("directory.synchronize")]
    #[emits("directory.organization.created", "directory.organization.updated")]
    async fn organizations_upsert(
        &self,
        ctx: &Context<'_>,
        input: OrganizationsUpsertInput,
    ) -> Result<OrganizationsUpsertPayload> {
        // Of what isn't even looked at, nothing is said.
        let count = input.organizations.len();
        let count = if count > rules::MAX_BATCH { 0 } else { count };
        let records = input.organizations.into_iter().map(Into::into).collect();
        let is_partial = input.is_partial_allowed;
        let outcome =
            mutate_many(ctx, async |tx| ops::upsert_organizations(tx, records, is_partial).await).await?;
        Ok(OrganizationsUpsertPayload { outcome, count })
    }

    /// Makes somebody a member of an organization. Whoever is one as the same already is answered as they are.
    #[requires("directory.manage_organizations")]
    #[emits("directory.member.added")]
    async fn organization_member_add(
        &self,
        ctx: &Context<'_>,
        input: OrganizationMemberAddInput,
    ) -> Result<OrganizationMemberAddPayload> {
        let outcome = mutate(ctx, async |tx| {
            let organization = id::<Organization>(&input.organization_id, "organizationId")?;
            let user = id::<User>(&input.user_id, "userId")?;
            ops::add_member(tx, organization, user, &input.role).await
        });
        Ok(outcome.await?.into())
    }

    /// Says what a member is from now on.
    #[requires("directory.manage_organizations")]
    #[emits("directory.member.updated")]
    async fn organization_member_update(
        &self,
        ctx: &Context<'_>,
        input: OrganizationMemberUpdateInput,
    ) -> Result<OrganizationMemberUpdatePayload> {
        let outcome = mutate(ctx, async |tx| {
            let member = id::<OrganizationMember>(&input.id, "id")?;
            ops::update_member(tx, member, &input.role, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Takes a member out of their organization.
    #[requires("directory.manage_organizations")]
    #[emits("directory.member.removed")]
    async fn organization_member_remove(
        &self,
        ctx: &Context<'_>,
        input: OrganizationMemberRemoveInput,
    ) -> Result<OrganizationMemberRemovePayload> {
        let outcome = mutate(ctx, async |tx| {
            let member = id::<OrganizationMember>(&input.id, "id")?;
            ops::remove_member(tx, member, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Writes an organization's settings over, as far as they are what `organizationSettingsSchema` says.
    #[requires("directory.manage_organizations")]
    #[emits("directory.organization.updated")]
    async fn organization_settings_update(
        &self,
        ctx: &Context<'_>,
        input: OrganizationSettingsUpdateInput,
    ) -> Result<OrganizationSettingsUpdatePayload> {
        let Json(settings) = input.settings;
        let outcome = mutate(ctx, async |tx| {
            let organization = id::<Organization>(&input.id, "id")?;
            ops::update_settings(tx, organization, settings, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Puts an organization into another one, for good: its members, subscriptions, services, alerts and incidents become
    /// the other's in one transaction, and its API tokens end. What was recorded of it stays as it is; who reads the
    /// other's reads it, too.
    #[requires("directory.merge_organizations")]
    #[emits("directory.organization.merged")]
    async fn organization_merge(
        &self,
        ctx: &Context<'_>,
        input: OrganizationMergeInput,
    ) -> Result<OrganizationMergePayload> {
        let outcome = mutate(ctx, async |tx| {
            let source = id::<Organization>(&input.source_id, "sourceId")?;
            let target = id::<Organization>(&input.target_id, "targetId")?;
            ops::merge_organizations(tx, source, target, input.reason.as_deref(), input.expected_version)
                .await
        });
        Ok(OrganizationMergePayload(outcome.await?))
    }
}

fn id<S: Stored>(id: &ID, field: &str) -> Result<Uuid, Violation> {
    parse_id(S::PREFIX, S::NOUN, id, field)
}
