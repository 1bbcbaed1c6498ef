//! What can be done to API tokens.

use async_graphql::{Context, ID, InputObject};
use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::{ApiToken, CostBudget};
use crate::{
    access::{
        graphql::{
            mutations::{decide, granter, id, note_refusal},
            requirements,
        },
        ops::{self, Maker, NewToken, Rotation},
    },
    directory::Organization,
    kernel::{
        actor::PLATFORM,
        error::{Error, Result, UserErrorCode},
        mutation::{Outcome, mutate_secretly, payload},
        object::Stored,
        request::RequestExt,
        scalar::Timestamp,
        tx::Tx,
    },
};

/// An API token to be made.
#[derive(Debug, InputObject)]
pub struct ApiTokenCreateInput {
    /// Its name, for people. 1–100 characters.
    name: String,
    /// Permissions and wildcards, `incidents.*` say: at least one, and none that the caller doesn't have.
    scopes: Vec<String>,
    /// Whether it acts as the caller's account, and may what both may. Else it acts as itself, with what isn't sensitive.
    #[graphql(default)]
    is_personal: bool,
    /// The organization that it is limited to; without one, no limit.
    organization_id: Option<ID>,
    /// When it ends; without, when it is revoked.
    expires_at: Option<Timestamp>,
    /// The networks that it is accepted from, in CIDR notation: 1–100. Without, from anywhere.
    networks: Option<Vec<String>>,
    /// The documents that it runs and nothing else: 1–400, each valid. Without, any.
    documents: Option<Vec<String>>,
    /// How much it may do; without, as much as any caller.
    cost_budget: Option<CostBudget>,
}

/// An API token to be given another text.
#[derive(Debug, InputObject)]
pub struct ApiTokenRotateInput {
    /// The token. It acts as itself, or as the caller, who could make it.
    id: ID,
    /// Until when the text that it has now is good, too: 30 days at most. Without, no longer. One from an earlier rotation
    /// isn't good any more.
    previous_until: Option<Timestamp>,
    /// When it ends from now on. Without, as before.
    expires_at: Option<Timestamp>,
    /// Refuse where it has another version.
    expected_version: Option<i32>,
}

/// An API token to be revoked.
#[derive(Debug, InputObject)]
pub struct ApiTokenRevokeInput {
    /// The token.
    id: ID,
    /// Refuse where it has another version.
    expected_version: Option<i32>,
}

payload! { /// What making an API token came to.
ApiTokenCreatePayload { api_token: ApiToken } and {
/// The token's text, shown this once; a repetition under the same idempotency key shows it again. Null where nothing was
/// made, and in a rehearsal.
secret } }
payload! { /// What rotating an API token came to.
ApiTokenRotatePayload { api_token: ApiToken } and {
/// The token's new text, shown this once; a repetition under the same idempotency key shows it again. Null where nothing
/// was changed, and in a rehearsal.
secret } }
payload! { /// What revoking an API token came to.
ApiTokenRevokePayload { api_token: ApiToken } }

/// What can be done to API tokens.
#[derive(Debug, Default)]
pub struct TokenMutation;

#[macros::mutation(name = "TokenMutation")]
impl TokenMutation {
    /// Makes an API token, for somebody who has signed in themselves: a token makes none. It may nothing that its maker may
    /// not, nor for longer.
    #[requires("access.manage_tokens", step_up)]
    #[emits("admin.token.created")]
    async fn api_token_create(
        &self,
        ctx: &Context<'_>,
        input: ApiTokenCreateInput,
    ) -> Result<ApiTokenCreatePayload> {
        let expires_at = input.expires_at.map(|at| at.0);
        let maker = maker(ctx, expires_at)?;
        let outcome = decide_secretly(ctx, async |tx| {
            if let Some(documents) = &input.documents {
                check_documents(ctx, documents)?;
            }
            let organization_id = match &input.organization_id {
                Some(given) => id::<Organization>(given, "organizationId")?,
                None => PLATFORM,
            };
            if input.organization_id.is_some() && organization_id == PLATFORM {
                return Err(Error::not_found(Organization::NOUN, "organizationId"));
            }
            let new = NewToken {
                name: input.name,
                scopes: input.scopes,
                organization_id,
                expires_at,
                admin_user_id: maker.granter.account().filter(|_| input.is_personal),
                networks: input.networks,
                documents: input.documents,
                budget: input.cost_budget.map(Into::into),
            };
            let (token, text) = ops::make_token(tx, &maker, new).await?;
            Ok((token, text.expose().into()))
        });
        Ok(outcome.await?.into())
    }

    /// Gives an API token another text, for somebody who could make it: they get the text. Its old one may be good for a
    /// while beside.
    #[requires("access.manage_tokens", step_up)]
    #[emits("admin.token.rotated")]
    async fn api_token_rotate(
        &self,
        ctx: &Context<'_>,
        input: ApiTokenRotateInput,
    ) -> Result<ApiTokenRotatePayload> {
        let maker = maker(ctx, None)?;
        let outcome = decide_secretly(ctx, async |tx| {
            let token = id::<ApiToken>(&input.id, "id")?;
            let rotation = Rotation {
                previous_until: input.previous_until.map(|at| at.0),
                expires_at: input.expires_at.map(|at| at.0),
            };
            let rotated = ops::rotate_token(tx, &maker, token, rotation, input.expected_version);
            let (token, text) = rotated.await?;
            Ok((token, text.expose().into()))
        });
        Ok(outcome.await?.into())
    }

    /// Revokes an API token for good: within a second it is turned away, and its streams end.
    #[requires("access.manage_tokens")]
    #[emits("admin.token.revoked")]
    async fn api_token_revoke(
        &self,
        ctx: &Context<'_>,
        input: ApiTokenRevokeInput,
    ) -> Result<ApiTokenRevokePayload> {
        let outcome = decide(ctx, async |tx| {
            let token = id::<ApiToken>(&input.id, "id")?;
            ops::revoke_token(tx, token, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }
}

/// Runs `operation`, which makes the text of a token, as any that is about rights.
async fn decide_secretly(
    ctx: &Context<'_>,
    operation: impl AsyncFnOnce(&mut Tx) -> Result<(<ApiToken as Stored>::Row, SecretString)>,
) -> Result<(Outcome<ApiToken>, Option<SecretString>)> {
    let (outcome, secret) = mutate_secretly::<ApiToken>(ctx, operation).await?;
    note_refusal(ctx, &outcome.user_errors).await;
    Ok((outcome, secret))
}

/// The caller as somebody who makes tokens that end then.
fn maker(ctx: &Context<'_>, end: Option<DateTime<Utc>>) -> Result<Maker> {
    let by_token = ctx.request().caller().identity()?.token_id.is_some();
    Ok(Maker { granter: granter(ctx, end)?, by_token })
}

/// Whether each is a document of this schema.
fn check_documents(ctx: &Context<'_>, documents: &[String]) -> Result<()> {
    let registry = &ctx.schema_env.registry;
    let catalogue = ctx.request().kernel().catalogue();
    for (index, document) in documents.iter().enumerate() {
        if let Err(error) = requirements::of(document, registry, catalogue) {
            let field = format!("documents.{index}");
            return Err(Error::invalid(UserErrorCode::Invalid, &field, error.to_string()));
        }
    }
    Ok(())
}
