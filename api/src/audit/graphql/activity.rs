//! What a person did and what was done to them, as clients see it.

use std::cmp::Reverse;

use async_graphql::{Context, Object, SimpleObject};
use uuid::Uuid;

use super::AuditLog;
use crate::{
    access::AccountsOfUsers,
    audit::{loaders::Pseudonyms, permissions, reads, store::Person},
    kernel::{
        actor::ADMIN_USER,
        error::Result,
        guard::check_read,
        list_size::list_size,
        page::{Args, Connection},
        request::RequestExt,
        scalar::Timestamp,
    },
};

/// A page of the entries about the user `user`, and of what they did with an admin account; newest first.
///
/// # Errors
/// As [`page::list`](crate::kernel::page::list).
pub async fn activity(ctx: &Context<'_>, user: Uuid, args: Args) -> Result<Connection<AuditLog>> {
    check_read(ctx, permissions::READ).await?;
    reads::activity(ctx, &person(ctx, user).await?, args).await
}

/// The same in a few numbers.
///
/// # Errors
/// FORBIDDEN; where the database can't be read.
pub async fn activity_summary(ctx: &Context<'_>, user: Uuid) -> Result<ActivitySummary> {
    check_read(ctx, permissions::READ).await?;
    let summary = reads::activity_summary(ctx, &person(ctx, user).await?).await?;
    Ok(ActivitySummary(summary))
}

/// What the record calls somebody.
async fn person(ctx: &Context<'_>, user: Uuid) -> Result<Person> {
    let loaders = ctx.request().loaders();
    let subject = loaders.one::<Pseudonyms>(user);
    let account = loaders.one::<AccountsOfUsers>(user);
    let (subject, account) = futures_util::try_join!(subject, account)?;
    Ok(Person { subject, actor: account.map(|id| ADMIN_USER.encode(id)) })
}

/// What the record has of somebody, in a few numbers. Of what they did and of what was done to them, the newest 100,000
/// entries each are counted.
#[derive(Debug)]
pub struct ActivitySummary(reads::Activity);

/// What the record has of somebody, in a few numbers. Of what they did and of what was done to them, the newest 100,000
/// entries each are counted.
#[Object]
impl ActivitySummary {
    /// How many entries there are.
    async fn total(&self) -> u64 {
        self.0.by_type.values().sum()
    }

    /// Whether all were counted.
    async fn is_total_exact(&self) -> bool {
        self.0.is_exact
    }

    /// When the last of it happened; null where there is none.
    async fn last_at(&self) -> Option<Timestamp> {
        self.0.last_at.map(Timestamp)
    }

    /// How many there are of each type, the most frequent first.
    #[graphql(directive = list_size::apply(20))]
    async fn by_type(&self) -> Vec<ActivityCount> {
        let counts = self.0.by_type.iter();
        let mut counts: Vec<_> =
            counts.map(|(ty, count)| ActivityCount { event_type: ty.clone(), count: *count }).collect();
        counts.sort_by_key(|one| Reverse(one.count));
        counts
    }
}

/// How many entries there are of a type.
#[derive(Debug, SimpleObject)]
pub struct ActivityCount {
    /// What happened: `directory.user.suspended`.
    event_type: String,
    /// How often.
    count: u64,
}
