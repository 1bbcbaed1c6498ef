//! What can be done to people.

use async_graphql::{Context, ID, InputObject};
use uuid::Uuid;

use super::{
    User,
    upsert::{self, UsersUpsertInput, UsersUpsertPayload},
};
use crate::{
    directory::ops,
    kernel::{
        error::{Result, Violation},
        mutation::{mutate, payload},
        object::{Stored, parse_id},
        scalar::Timestamp,
    },
};

/// A person to be kept out.
#[derive(Debug, InputObject)]
pub struct UserSuspendInput {
    /// The person.
    pub id: ID,
    /// Why, for whoever asks later. 1–1,000 characters; it is personal, and sealed.
    pub reason: String,
    /// Until when: then they are reinstated by themselves. Without it, until somebody does it.
    pub until: Option<Timestamp>,
    /// Refuse where they have another version.
    pub expected_version: Option<i32>,
}

/// A person to be let in again.
#[derive(Debug, InputObject)]
pub struct UserReinstateInput {
    /// The person.
    pub id: ID,
    /// Why, for whoever asks later. 1–1,000 characters; it is personal, and sealed.
    pub reason: String,
    /// Refuse where they have another version.
    pub expected_version: Option<i32>,
}

/// A person who has proved to be who they say.
#[derive(Debug, InputObject)]
pub struct UserVerifyInput {
    /// The person.
    pub id: ID,
    /// Refuse where they have another version.
    pub expected_version: Option<i32>,
}

payload! { /// What keeping a person out came to.
UserSuspendPayload { user: User } }
payload! { /// What letting a person in again came to.
UserReinstatePayload { user: User } }
payload! { /// What verifying a person came to.
UserVerifyPayload { user: User } }

/// What can be done to people.
#[derive(Debug, Default)]
pub struct UserMutation;

#[macros::mutation(name = "DirectoryUserMutation")]
impl UserMutation {
    /// Keeps a person out for now: until they are reinstated, or until `until`, when it happens by itself.
    #[requires("directory.manage_users")]
    #[emits("directory.user.suspended")]
    async fn user_suspend(&self, ctx: &Context<'_>, input: UserSuspendInput) -> Result<UserSuspendPayload> {
        let outcome = mutate(ctx, async |tx| {
            let until = input.until.map(|until| until.0);
            ops::suspend_user(tx, id(&input.id)?, &input.reason, until, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Lets a person in again who is suspended.
    #[requires("directory.manage_users")]
    #[emits("directory.user.reinstated")]
    async fn user_reinstate(
        &self,
        ctx: &Context<'_>,
        input: UserReinstateInput,
    ) -> Result<UserReinstatePayload> {
        let outcome = mutate(ctx, async |tx| {
            ops::reinstate_user(tx, id(&input.id)?, &input.reason, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Notes that a person has proved to be who they say; who was pending is active from now on. Whoever is suspended
    /// stays out.
    #[requires("directory.manage_users")]
    #[emits("directory.user.verified")]
    async fn user_verify(&self, ctx: &Context<'_>, input: UserVerifyInput) -> Result<UserVerifyPayload> {
        let outcome =
            mutate(ctx, async |tx| ops::verify_user(tx, id(&input.id)?, input.expected_version).await);
        Ok(outcome.await?.into())
    }

    /// Brings the register in line with what the platform knows of people, by their ids there: adds who is new, changes who
    /// is otherwise by now, leaves the others. The same once more changes nothing.
    #[requires("directory.synchronize")]
    #[emits(
        "directory.user.created",
        "directory.user.updated",
        "directory.user.verified",
        "directory.user.deleted"
    )]
    async fn users_upsert(&self, ctx: &Context<'_>, input: UsersUpsertInput) -> Result<UsersUpsertPayload> {
        upsert::upsert(ctx, input).await
    }
}

fn id(id: &ID) -> Result<Uuid, Violation> {
    parse_id(User::PREFIX, User::NOUN, id, "id")
}
