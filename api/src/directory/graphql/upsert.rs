//! People as the platform knows them, in batches.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};

use crate::{
    directory::{
        USER,
        ops::{self, UpsertItem, UserRecord},
        rules,
    },
    kernel::{
        error::{Result, Violation},
        list_size::list_size,
        mutation::{BatchOutcome, Receipt, mutate_many},
        scalar::Timestamp,
    },
};

/// What the platform says of a person.
#[derive(Debug, InputObject)]
pub struct UserUpsertInput {
    /// The id by which the platform knows them. 1–255 characters.
    pub external_id: String,
    /// The address. 1–254 characters.
    pub email: String,
    /// The name. 1–200 characters.
    pub name: String,
    /// Whether they have proved to be who they say. Once they have, they have.
    #[graphql(default)]
    pub is_verified: bool,
    /// When they were last seen. It comes along with a change and makes none.
    pub last_active_at: Option<Timestamp>,
    /// Whether they are gone. Once they are, they are: whoever comes back has another id.
    #[graphql(default)]
    pub is_deleted: bool,
}

/// People to be brought into the register.
#[derive(Debug, InputObject)]
pub struct UsersUpsertInput {
    /// At most 100, each once.
    pub users: Vec<UserUpsertInput>,
    /// Write those with whom nothing is wrong, whatever is with the others. Otherwise it is all or none.
    #[graphql(default)]
    pub is_partial_allowed: bool,
}

/// What a record of a person came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "ops::Upserted")]
pub enum UserUpserted {
    /// They are new.
    Created,
    /// They were otherwise.
    Updated,
    /// They are gone.
    Deleted,
    /// They were so already.
    Unchanged,
}

/// What became of a record of a person.
#[derive(Debug, SimpleObject)]
pub struct UserUpsertResult {
    /// Its place in the input, from 0.
    index: usize,
    /// Who it is: `usr_…`. Null where they aren't in the register.
    id: Option<ID>,
    /// What it came to. Null where it wasn't done.
    upserted: Option<UserUpserted>,
    /// What to mend. Empty where it was done.
    user_errors: Vec<Violation>,
}

/// What bringing people into the register came to.
pub struct UsersUpsertPayload {
    outcome: BatchOutcome<UpsertItem>,
    count: usize,
}

/// What bringing people into the register came to.
#[Object]
impl UsersUpsertPayload {
    /// What became of each, in the order of the input.
    #[graphql(directive = list_size::apply(100))]
    async fn results(&self) -> Vec<UserUpsertResult> {
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

impl UsersUpsertPayload {
    fn result(&self, index: usize) -> UserUpsertResult {
        match self.outcome.item(index) {
            Ok(UpsertItem { id, upserted, violations }) => UserUpsertResult {
                index,
                id: id.map(|id| USER.encode(id).into()),
                upserted: upserted.map(Into::into),
                user_errors: violations.clone(),
            },
            Err(user_errors) => UserUpsertResult { index, id: None, upserted: None, user_errors },
        }
    }
}

/// Brings the register in line with `input`.
pub async fn upsert(ctx: &Context<'_>, input: UsersUpsertInput) -> Result<UsersUpsertPayload> {
    let count = input.users.len();
    let records = input.users.into_iter().map(|user| UserRecord {
        external_id: user.external_id,
        email: user.email,
        name: user.name,
        is_verified: user.is_verified,
        last_active_at: user.last_active_at.map(|at| at.0),
        is_deleted: user.is_deleted,
    });
    let records = records.collect();
    let is_partial = input.is_partial_allowed;
    let outcome = mutate_many(ctx, async |tx| ops::upsert_each(tx, records, is_partial).await).await?;
    // Of what isn't even looked at, nothing is said.
    let count = if count > rules::MAX_BATCH { 0 } else { count };
    Ok(UsersUpsertPayload { outcome, count })
}
