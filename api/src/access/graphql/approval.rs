//! What takes other people's approval, and what they said, as clients see it.

use std::sync::Arc;

use ::entity::{approval, approval_vote};
use async_graphql::{Context, Enum, ID, Json};
use serde_json::Value;
use uuid::Uuid;

use super::AdminUser;
use crate::{
    access::{
        APPROVAL,
        loaders::{Approvals, VotesOfApproval},
        permissions,
    },
    directory::User,
    kernel::{
        actor::{Boundary, PLATFORM},
        eager::Eager,
        error::Result,
        id::Prefix,
        object::{self, Stored},
        page::{DateTimeFilter, EnumFilter, IdFilter, Ids, StringFilter, Word, filter, order},
        request::RequestExt,
        scalar::Timestamp,
    },
};

/// Where an approval stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "::entity::approval::ApprovalStatus")]
pub enum ApprovalStatus {
    /// Others are asked.
    Open,
    /// Enough of them have approved it, and it is about to be carried out.
    Approved,
    /// It is done.
    Executed,
    /// Somebody denied it, or when it was to be carried out it wasn't allowed any more.
    Denied,
    /// Who asked took it back.
    Cancelled,
    /// Nobody decided in time, or it couldn't be carried out in time.
    Expired,
}

impl Word for ApprovalStatus {
    type Stored = approval::ApprovalStatus;
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "::entity::approval_vote::ApprovalDecision")]
pub enum ApprovalDecision {
    /// Yes.
    Approved,
    /// No.
    Denied,
}

/// What somebody said to an approval.
#[derive(Debug)]
pub struct ApprovalVote(approval_vote::Model);

/// What somebody said to an approval.
#[macros::object]
impl ApprovalVote {
    /// Who.
    async fn admin_user(&self, ctx: &Context<'_>) -> Result<Option<Eager<AdminUser>>> {
        object::edge(ctx, Some(self.0.admin_user_id)).await
    }

    /// Yes or no.
    async fn decision(&self) -> ApprovalDecision {
        self.0.decision.into()
    }

    /// What they wrote along.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// When.
    async fn decided_at(&self) -> Timestamp {
        self.0.decided_at.into()
    }
}

/// Something that takes other people's approval before it is done. It is frozen when somebody asks for it.
#[derive(Debug)]
pub struct Approval(Arc<approval::Model>);

impl Stored for Approval {
    type Row = approval::Model;
    type ById = Approvals;
    const PREFIX: Prefix = APPROVAL;
    const NOUN: &'static str = "approval";
    const READ: &'static str = permissions::READ;

    fn of(row: Arc<approval::Model>) -> Self {
        Self(row)
    }

    fn id_of(row: &approval::Model) -> Uuid {
        row.id
    }

    fn is_within(_: &approval::Model, boundary: &Boundary) -> bool {
        // Those who approve are the platform's own.
        boundary.contains(PLATFORM)
    }
}

/// Something that takes other people's approval before it is done. It is frozen when somebody asks for it.
#[macros::object]
impl Approval {
    /// `apv_…`
    pub async fn id(&self) -> ID {
        APPROVAL.encode(self.0.id).into()
    }

    /// The same as a plain UUID.
    async fn uuid(&self) -> Uuid {
        self.0.id
    }

    /// What is to be done: `access.assign_role`.
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// Where it stands.
    async fn status(&self) -> ApprovalStatus {
        self.0.status.into()
    }

    /// What is to be done, in words.
    async fn summary(&self) -> &str {
        &self.0.summary
    }

    /// What is to be done, exactly. Never changes. Its shape goes by `kind`.
    async fn payload(&self) -> Json<&Value> {
        Json(&self.0.payload)
    }

    /// SHA-256, in hexadecimal digits, of what is to be done and of who asks for whom. What is on the record of it
    /// carries the same.
    async fn payload_hash(&self) -> String {
        hex::encode(&self.0.payload_hash)
    }

    /// Who asks. They have no say in it, but can take it back.
    async fn requested_by(&self, ctx: &Context<'_>) -> Result<Option<Eager<AdminUser>>> {
        object::edge(ctx, Some(self.0.requested_by_id)).await
    }

    /// Whom it is for or about. They have no say in it.
    async fn beneficiary(&self, ctx: &Context<'_>) -> Result<Option<Eager<User>>> {
        object::edge(ctx, self.0.beneficiary_id).await
    }

    /// How many others must approve it. Anybody's denial ends it.
    async fn required_approvals(&self) -> i32 {
        self.0.required
    }

    /// What deciding about it takes beside `access.approve`.
    async fn required_permission(&self) -> &str {
        &self.0.permission
    }

    /// What others have said, first come first.
    async fn votes(&self, ctx: &Context<'_>) -> Result<Vec<ApprovalVote>> {
        let rows = ctx.request().loaders().one::<VotesOfApproval>(self.0.id).await?;
        Ok(rows.unwrap_or_default().into_iter().map(ApprovalVote).collect())
    }

    /// What was made or changed by it: an id. Null until it is done.
    async fn result_id(&self) -> Option<ID> {
        self.0.result_id.as_deref().map(Into::into)
    }

    /// Why it was denied.
    async fn denied_because(&self) -> Option<&str> {
        self.0.ended_because.as_deref()
    }

    /// From then on it is too late: seven days after somebody asked.
    async fn expires_at(&self) -> Timestamp {
        self.0.expires_at.into()
    }

    /// When it was done, or wasn't.
    async fn ended_at(&self) -> Option<Timestamp> {
        self.0.ended_at.map(Timestamp)
    }

    /// When somebody asked.
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
    /// Which approvals.
    pub ApprovalFilter {
        /// Where it stands.
        status: EnumFilter<ApprovalStatus> => approval::Column::Status,
        /// What is to be done.
        kind: StringFilter => approval::Column::Kind,
        /// Who asks.
        requested_by_id: IdFilter => Ids::of::<AdminUser>(approval::Column::RequestedById),
        /// Whom it is for or about.
        beneficiary_id: IdFilter => Ids::of::<User>(approval::Column::BeneficiaryId),
        /// When somebody asked.
        created_at: DateTimeFilter => approval::Column::CreatedAt,
        /// From when on it is too late.
        expires_at: DateTimeFilter => approval::Column::ExpiresAt,
    }
}

order! {
    /// How approvals are sorted.
    pub ApprovalOrder by
    /// What approvals can be sorted by.
    ApprovalOrderField {
        /// When somebody asked.
        CreatedAt => approval::Column::CreatedAt,
    }
}
