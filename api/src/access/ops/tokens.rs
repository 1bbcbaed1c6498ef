//! API tokens: made, rotated, revoked, and trusted with documents.
//!
//! One engine for the machine and for people: what people may is checked before it ([`make_token`], [`rotate_token`]).

use std::collections::BTreeMap;

use ::entity::{api_token, list::StringList};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Locked, held};
use crate::{
    access::{
        events, permissions as keys,
        rules::{self, Consent, Granter},
        store,
    },
    kernel::{
        error::{Error, Result, UserErrorCode, check_version},
        network::Networks,
        owner::owner,
        permission::PermissionSet,
        persisted::DocumentHash,
        throttle::Budget,
        token::ApiToken,
        tx::Tx,
    },
};

/// A token to be made. What is left out limits nothing.
#[derive(Clone, Debug, Default)]
pub struct NewToken {
    /// The name, for people.
    pub name: String,
    /// Permissions and wildcards.
    pub scopes: Vec<String>,
    /// Whose rows it is limited to; the nil UUID: no limit.
    pub organization_id: Uuid,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// The account that it acts as; without one it acts as itself.
    pub admin_user_id: Option<Uuid>,
    /// The networks (CIDR) that it is accepted from.
    pub networks: Option<Vec<String>>,
    /// The documents that it runs and nothing else. Whoever asks has seen to it that they are valid.
    pub documents: Option<Vec<String>>,
    /// How much it may do.
    pub budget: Option<Budget>,
}

/// How a token is rotated.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rotation {
    /// Until when the old text is good, too; without, no longer.
    pub previous_until: Option<DateTime<Utc>>,
    /// When the token ends; without, when it did before.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Somebody who makes tokens through the API.
#[derive(Clone, Debug)]
pub struct Maker {
    /// What they may give.
    pub granter: Granter,
    /// What they have shown is a token itself.
    pub by_token: bool,
}

/// Makes a token for `maker`, who gets its text: see the [rules].
///
/// # Errors
/// As [`issue_token`]; NOT_ALLOWED and APPROVAL_REQUIRED as the rules say.
pub async fn make_token(tx: &mut Tx, maker: &Maker, new: NewToken) -> Result<(api_token::Model, ApiToken)> {
    rules::check_maker(maker.by_token)?;
    let locked = Locked::lock(tx, &maker.granter, keys::MANAGE_TOKENS, None, None).await?;
    let given = tx.kernel().catalogue().of_scopes(&new.scopes);
    check_given(tx, &locked, &given, new.admin_user_id, "scopes")?;
    issue(tx, new, maker.granter.account()).await
}

/// Makes a token. Its text is in the answer and nowhere else.
///
/// # Errors
/// What is wrong with the name, the scopes, the organization or the end.
pub async fn create_token(tx: &mut Tx, new: NewToken) -> Result<ApiToken> {
    issue_token(tx, new).await.map(|(_, text)| text)
}

/// As [`create_token`], with the token's row, by which the record will name it.
///
/// # Errors
/// As [`create_token`].
pub async fn issue_token(tx: &mut Tx, new: NewToken) -> Result<(api_token::Model, ApiToken)> {
    issue(tx, new, None).await
}

/// As [`issue_token`], for whoever sits at the machine: what is sensitive is given to a token of its own as it is given to an
/// account, while there are too few who could approve it. One that acts as an account is given nothing.
///
/// # Errors
/// As [`issue_token`]; APPROVAL_REQUIRED.
pub async fn issue_token_at_machine(tx: &mut Tx, new: NewToken) -> Result<(api_token::Model, ApiToken)> {
    if new.admin_user_id.is_none() {
        let given = tx.kernel().catalogue().of_scopes(&new.scopes);
        // Counted as for what is given to an account.
        let super_admins = store::lock_accounts(tx, &[]).await?.super_admins();
        let catalogue = tx.kernel().catalogue();
        rules::check_grant(&Granter::Machine, &given, catalogue, super_admins, "scopes")?.required()?;
    }
    issue_token(tx, new).await
}

async fn issue(tx: &mut Tx, new: NewToken, created_by: Option<Uuid>) -> Result<(api_token::Model, ApiToken)> {
    let now = tx.now();
    let unknown = tx.kernel().catalogue().unknown_scopes(&new.scopes);
    let mut violations = rules::check_token(&new.name, &new.scopes, &unknown, new.expires_at, now);
    violations.extend(new.budget.and_then(|budget| rules::check_budget(budget.bucket, budget.per_second)));
    if !violations.is_empty() {
        return Err(violations.into());
    }
    if owner(tx, Some(new.organization_id)).await? != new.organization_id {
        let message = "this organization went into another one: make the token for that one";
        return Err(Error::invalid(UserErrorCode::NotAllowed, "organizationId", message));
    }
    let text = ApiToken::generate();
    let points = |points: u32| i32::try_from(points).unwrap_or(i32::MAX);
    let token = api_token::Model {
        id: tx.new_id(),
        name: new.name.trim().to_owned(),
        hint: text.hint().to_owned(),
        token_hash: text.hash().to_vec(),
        previous_hash: None,
        previous_until: None,
        admin_user_id: new.admin_user_id,
        scopes: StringList(new.scopes),
        documents: keep_documents(tx, new.documents).await?,
        networks: new.networks.map(networks).transpose()?,
        cost_bucket: new.budget.map(|budget| points(budget.bucket)),
        cost_per_second: new.budget.map(|budget| points(budget.per_second)),
        organization_id: new.organization_id,
        created_by,
        expires_at: new.expires_at,
        revoked_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    store::insert_token(tx.db(), token.clone()).await?;
    tx.record(events::token(&events::TOKEN_CREATED, &token));
    tx.rights_changed().await?;
    Ok((token, text))
}

/// The networks as they are stored.
fn networks(texts: Vec<String>) -> Result<StringList> {
    let networks = Networks::parse(texts).map_err(|text| {
        let message = format!("{text} isn't a network: one looks like 203.0.113.0/24 or 2001:db8::/32");
        Error::invalid(UserErrorCode::Invalid, "networks", message)
    })?;
    match rules::check_networks(networks.len()) {
        Some(violation) => Err(violation.into()),
        None => Ok(StringList(networks.iter().collect())),
    }
}

/// Whether `granter` may have the text of a token that is `given` this, and acts as `account`.
fn check_given(
    tx: &Tx,
    Locked { granter, accounts }: &Locked,
    given: &PermissionSet,
    account: Option<Uuid>,
    field: &str,
) -> Result<()> {
    if account.is_some() {
        // It may no more than the account, whenever: nothing is given. But what was shown may leave out a part of that.
        return Ok(rules::check_has(granter, given, field)?);
    }
    let catalogue = tx.kernel().catalogue();
    let consent = rules::check_grant(granter, given, catalogue, accounts.super_admins(), field);
    match consent.and_then(Consent::required) {
        // It would be for whoever has the text.
        Err(violation) if violation.code == UserErrorCode::ApprovalRequired => {
            let message = "what is sensitive is given to an account, with the approval of a second person, and to a token \
                           that acts as one; to a token of its own whoever runs the gateway gives it at the machine, by \
                           `opsgate token`, while there are fewer than three active super admins";
            Err(Error::invalid(UserErrorCode::ApprovalRequired, field, message))
        }
        outcome => Ok(outcome?),
    }
}

/// Gives a token another text for `maker`, who gets it: see the [rules].
///
/// # Errors
/// As [`rotate`]; NOT_ALLOWED and APPROVAL_REQUIRED as the rules say.
pub async fn rotate_token(
    tx: &mut Tx,
    maker: &Maker,
    id: Uuid,
    rotation: Rotation,
    expected: Option<i32>,
) -> Result<(api_token::Model, ApiToken)> {
    rules::check_maker(maker.by_token)?;
    let locked = Locked::lock(tx, &maker.granter, keys::MANAGE_TOKENS, None, None).await?;
    let token = lock(tx, id, expected).await?;
    rules::check_owner(&maker.granter, token.admin_user_id)?;
    let mut given = tx.kernel().catalogue().of_scopes(&token.scopes.0);
    if let Some(account) = token.admin_user_id
        && let Some(account) = store::account(tx, account).await?
    {
        given = given.intersection(&held(tx, &account, Some(tx.now())).await?);
    }
    check_given(tx, &locked, &given, token.admin_user_id, "id")?;
    renew(tx, token, rotation).await
}

/// Gives a token another text, which is in the answer and nowhere else.
///
/// # Errors
/// NOT_FOUND; INVALID_TRANSITION where it is over; OUT_OF_RANGE.
pub async fn rotate(tx: &mut Tx, id: Uuid, rotation: Rotation) -> Result<(api_token::Model, ApiToken)> {
    let token = lock(tx, id, None).await?;
    renew(tx, token, rotation).await
}

async fn renew(
    tx: &mut Tx,
    before: api_token::Model,
    rotation: Rotation,
) -> Result<(api_token::Model, ApiToken)> {
    let now = tx.now();
    rules::check_alive(before.expires_at, before.revoked_at, now)?;
    rules::check_overlap(rotation.previous_until, now)?;
    if let Some(violation) = rules::check_token_end(rotation.expires_at, now) {
        return Err(violation.into());
    }
    let text = ApiToken::generate();
    let token = api_token::Model {
        hint: text.hint().to_owned(),
        token_hash: text.hash().to_vec(),
        previous_hash: rotation.previous_until.map(|_| before.token_hash),
        previous_until: rotation.previous_until,
        expires_at: rotation.expires_at.or(before.expires_at),
        ..before
    };
    let token = save(tx, token).await?;
    tx.record(events::token(&events::TOKEN_ROTATED, &token));
    Ok((token, text))
}

/// Revokes a token, with whatever texts it has: for good, and within a second.
///
/// # Errors
/// NOT_FOUND, CONFLICT; INVALID_TRANSITION where it is revoked.
pub async fn revoke_token(tx: &mut Tx, id: Uuid, expected: Option<i32>) -> Result<api_token::Model> {
    let before = lock(tx, id, expected).await?;
    rules::check_alive(None, before.revoked_at, tx.now())?;
    let token = save(tx, api_token::Model { revoked_at: Some(tx.now()), ..before }).await?;
    tx.record(events::token(&events::TOKEN_REVOKED, &token));
    Ok(token)
}

/// Trusts the token `id` with these documents and nothing else; where there is no list, with any. Whoever asks has seen to
/// it that they are valid.
///
/// # Errors
/// NOT_FOUND; INVALID_TRANSITION where it is over; where there are too many, or none.
pub async fn trust(tx: &mut Tx, id: Uuid, documents: Option<Vec<String>>) -> Result<()> {
    let before = lock(tx, id, None).await?;
    rules::check_alive(before.expires_at, before.revoked_at, tx.now())?;
    let documents = keep_documents(tx, documents).await?;
    let token = save(tx, api_token::Model { documents, ..before }).await?;
    tx.record(events::token(&events::TOKEN_UPDATED, &token));
    Ok(())
}

/// Keeps the texts of documents, and answers their hashes.
async fn keep_documents(tx: &Tx, texts: Option<Vec<String>>) -> Result<Option<StringList>> {
    let Some(texts) = texts else { return Ok(None) };
    // Each once, however often it was named.
    let documents: BTreeMap<_, _> = texts.into_iter().map(|text| (DocumentHash::of(&text), text)).collect();
    if let Some(violation) = rules::check_documents(documents.len()) {
        return Err(violation.into());
    }
    let hashes = documents.keys().map(DocumentHash::to_string).collect();
    store::insert_documents(tx, documents).await?;
    Ok(Some(StringList(hashes)))
}

/// The documents that the token `id` is trusted with, by their hashes; none where it may run any.
///
/// # Errors
/// NOT_FOUND.
pub async fn trusted(tx: &Tx, id: Uuid) -> Result<Option<Vec<(DocumentHash, String)>>> {
    let token = lock(tx, id, None).await?;
    match store::hashes(&token)? {
        Some(hashes) => Ok(Some(store::documents(tx, hashes).await?)),
        None => Ok(None),
    }
}

/// The token `id`, locked, at the version that the caller expects.
async fn lock(tx: &Tx, id: Uuid, expected: Option<i32>) -> Result<api_token::Model> {
    let token = store::lock_token(tx, id).await?.ok_or_else(|| Error::not_found("API token", "id"))?;
    check_version(id, token.version, expected)?;
    Ok(token)
}

/// Saves what was changed, and tells every process.
async fn save(tx: &mut Tx, token: api_token::Model) -> Result<api_token::Model> {
    let token = api_token::Model { updated_at: tx.now(), version: token.version + 1, ..token };
    store::update_token(tx, &token).await?;
    tx.rights_changed().await?;
    Ok(token)
}
