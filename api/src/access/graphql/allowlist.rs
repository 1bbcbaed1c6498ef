//! Where accounts are accepted from, as clients see it.

use std::sync::Arc;

use ::entity::ip_allow_entry;
use async_graphql::{Context, ID, InputObject};
use uuid::Uuid;

use super::{
    AdminLevel, AdminUser,
    mutations::{decide, granter, id},
};
use crate::{
    access::{
        IP_ALLOW_ENTRY,
        loaders::IpAllowEntries,
        ops::{self, NewIpAllowEntry},
        permissions, reads,
        rules::Keeper,
    },
    kernel::{
        actor::{Boundary, PLATFORM},
        eager::Eager,
        error::Result,
        id::Prefix,
        mutation::payload,
        object::{self, Stored},
        page::{Args, Connection, Cursor, DateTimeFilter, EnumFilter, Filter, filter, order},
        request::RequestExt,
        scalar::Timestamp,
    },
};

/// A network that the accounts of a level are accepted from. A level that has none is accepted from anywhere.
#[derive(Debug)]
pub struct IpAllowEntry(Arc<ip_allow_entry::Model>);

impl Stored for IpAllowEntry {
    type Row = ip_allow_entry::Model;
    type ById = IpAllowEntries;
    const PREFIX: Prefix = IP_ALLOW_ENTRY;
    const NOUN: &'static str = "allowlist entry";
    const READ: &'static str = permissions::READ;

    fn of(row: Arc<ip_allow_entry::Model>) -> Self {
        Self(row)
    }

    fn id_of(row: &ip_allow_entry::Model) -> Uuid {
        row.id
    }

    fn is_within(_: &ip_allow_entry::Model, boundary: &Boundary) -> bool {
        // Accounts are the platform's own.
        boundary.contains(PLATFORM)
    }
}

/// A network that the accounts of a level are accepted from. A level that has none is accepted from anywhere.
#[macros::object]
impl IpAllowEntry {
    /// `ipa_…`
    pub async fn id(&self) -> ID {
        IP_ALLOW_ENTRY.encode(self.0.id).into()
    }

    /// The same as a plain UUID.
    async fn uuid(&self) -> Uuid {
        self.0.id
    }

    /// The accounts that are accepted from there.
    async fn level(&self) -> AdminLevel {
        self.0.level.into()
    }

    /// In CIDR notation: `203.0.113.0/24`.
    async fn network(&self) -> &str {
        &self.0.network
    }

    /// What is there.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// Who added it. Null: whoever runs the gateway, at the machine.
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<Eager<AdminUser>>> {
        object::edge(ctx, self.0.created_by).await
    }

    /// When it was added.
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
    /// Which networks.
    pub IpAllowEntryFilter {
        /// The accounts that are accepted from there.
        level: EnumFilter<AdminLevel> => ip_allow_entry::Column::Level,
        /// When it was added.
        created_at: DateTimeFilter => ip_allow_entry::Column::CreatedAt,
    }
}

order! {
    /// How networks are sorted.
    pub IpAllowEntryOrder by
    /// What networks can be sorted by.
    IpAllowEntryOrderField {
        /// When it was added.
        CreatedAt => ip_allow_entry::Column::CreatedAt,
    }
}

/// A network to be added.
#[derive(Debug, InputObject)]
pub struct IpAllowEntryAddInput {
    /// The accounts that are accepted from there: of the caller's level at most.
    level: AdminLevel,
    /// In CIDR notation, or a single address.
    network: String,
    /// What is there. At most 1,000 characters.
    description: Option<String>,
    /// Whether it is added even if the caller isn't accepted any more from where they are. That takes step-up.
    #[graphql(default)]
    is_forced: bool,
}

/// A network to be removed.
#[derive(Debug, InputObject)]
pub struct IpAllowEntryRemoveInput {
    /// The entry.
    id: ID,
    /// Whether it is removed even if the caller isn't accepted any more from where they are. That takes step-up.
    #[graphql(default)]
    is_forced: bool,
    /// Refuse where it has another version.
    expected_version: Option<i32>,
}

payload! { /// What adding a network came to.
IpAllowEntryAddPayload { ip_allow_entry: IpAllowEntry } }
payload! { /// What removing a network came to: the entry as it was.
IpAllowEntryRemovePayload { ip_allow_entry: IpAllowEntry } }

/// The reads of the allowlist.
#[derive(Debug, Default)]
pub struct AllowlistQuery;

#[macros::query(name = "AllowlistQuery")]
impl AllowlistQuery {
    /// The networks that accounts are accepted from, newest first unless ordered otherwise.
    #[requires("access.read")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn ip_allow_entries(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<IpAllowEntryFilter>,
        order_by: Option<IpAllowEntryOrder>,
    ) -> Result<Connection<IpAllowEntry>> {
        let args = Args { first, after, last, before };
        reads::ip_allow_entries(ctx, filter.predicate()?, order_by.into(), args).await
    }
}

/// What can be done to the allowlist.
#[derive(Debug, Default)]
pub struct AllowlistMutation;

#[macros::mutation(name = "AllowlistMutation")]
impl AllowlistMutation {
    /// Accepts the accounts of a level, and tokens that act as one, from a network: from its first on from nowhere else,
    /// within a second. What would lock the caller out is refused unless it is forced.
    #[requires("access.manage_allowlist")]
    #[emits("admin.ip_allow_entry.added")]
    async fn ip_allow_entry_add(
        &self,
        ctx: &Context<'_>,
        input: IpAllowEntryAddInput,
    ) -> Result<IpAllowEntryAddPayload> {
        let keeper = keeper(ctx, input.is_forced)?;
        let outcome = decide(ctx, async |tx| {
            let new = NewIpAllowEntry {
                level: input.level.into(),
                network: input.network,
                description: input.description.unwrap_or_default(),
            };
            ops::add_ip_allow_entry(tx, &keeper, new).await
        });
        Ok(outcome.await?.into())
    }

    /// Accepts the accounts of a level from a network no more; without its last, from anywhere. What would lock the caller
    /// out is refused unless it is forced.
    #[requires("access.manage_allowlist")]
    #[emits("admin.ip_allow_entry.removed")]
    async fn ip_allow_entry_remove(
        &self,
        ctx: &Context<'_>,
        input: IpAllowEntryRemoveInput,
    ) -> Result<IpAllowEntryRemovePayload> {
        let keeper = keeper(ctx, input.is_forced)?;
        let outcome = decide(ctx, async |tx| {
            let entry = id::<IpAllowEntry>(&input.id, "id")?;
            ops::remove_ip_allow_entry(tx, &keeper, entry, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }
}

/// The caller as somebody who says where accounts are accepted from. To lock oneself out takes proof of who one is.
fn keeper(ctx: &Context<'_>, is_forced: bool) -> Result<Keeper> {
    let request = ctx.request();
    if is_forced {
        request.caller().check_step_up(request.kernel().clock().now())?;
    }
    let address = request.origin().ip_address;
    Ok(Keeper { granter: granter(ctx, None)?, address, is_forced })
}
