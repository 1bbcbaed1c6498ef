//! What tokens may, and what they are trusted with.

use std::collections::BTreeMap;

use ::entity::{api_token, list::StringList};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    access::{events, rules, store},
    kernel::{
        actor::PLATFORM,
        error::{Error, Result, UserErrorCode},
        persisted::DocumentHash,
        token::ApiToken,
        tx::Tx,
    },
};

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The name, for people.
    pub name: String,
    /// Permissions and wildcards.
    pub scopes: Vec<String>,
    /// Whose rows it is limited to; the nil UUID: no limit.
    pub organization_id: Uuid,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// The account that it acts as.
    pub admin_user_id: Option<Uuid>,
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
    let now = tx.now();
    let catalogue = tx.kernel().catalogue();
    let unknown = catalogue.unknown_scopes(&new.scopes);
    let violations = rules::check_token(&new.name, &new.scopes, &unknown, new.expires_at, now);
    if !violations.is_empty() {
        return Err(violations.into());
    }
    if new.organization_id != PLATFORM && !store::has_organization(tx.db(), new.organization_id).await? {
        return Err(Error::invalid(
            UserErrorCode::NotFound,
            "organization",
            "there is no organization with this id",
        ));
    }
    let text = ApiToken::generate();
    let token = api_token::Model {
        id: tx.new_id(),
        name: new.name.trim().to_owned(),
        hint: text.hint().to_owned(),
        token_hash: text.hash().to_vec(),
        admin_user_id: new.admin_user_id,
        scopes: StringList(new.scopes),
        documents: None,
        organization_id: new.organization_id,
        created_by: None,
        expires_at: new.expires_at,
        revoked_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    tx.record(events::token_created(&token));
    tx.rights_changed().await?;
    store::insert_token(tx.db(), token.clone()).await?;
    Ok((token, text))
}

/// Trusts the token `id` with these documents and nothing else; where there is no list, with any. Whoever asks has seen to
/// it that they are valid.
///
/// # Errors
/// NOT_FOUND; NOT_ALLOWED where it is revoked; where there are too many, or none.
pub async fn trust(tx: &mut Tx, id: Uuid, documents: Option<Vec<String>>) -> Result<()> {
    let token = store::lock_token(tx, id).await?.ok_or_else(|| Error::not_found("API token", "id"))?;
    if token.revoked_at.is_some() {
        return Err(Error::invalid(UserErrorCode::NotAllowed, "id", "this token is revoked"));
    }
    // Each once, however often it was named.
    let documents: Option<BTreeMap<DocumentHash, String>> =
        documents.map(|texts| texts.into_iter().map(|text| (DocumentHash::of(&text), text)).collect());
    if let Some(violation) = documents.as_ref().and_then(|documents| rules::check_documents(documents.len()))
    {
        return Err(violation.into());
    }
    let hashes = documents.as_ref().map(|documents| documents.keys().map(DocumentHash::to_string).collect());
    let token = api_token::Model {
        documents: hashes.map(StringList),
        updated_at: tx.now(),
        version: token.version + 1,
        ..token
    };
    tx.record(events::token_updated(&token));
    tx.rights_changed().await?;
    store::insert_documents(tx, documents.unwrap_or_default()).await?;
    store::save_documents(tx, &token).await
}

/// The documents that the token `id` is trusted with, by their hashes; none where it may run any.
///
/// # Errors
/// NOT_FOUND.
pub async fn trusted(tx: &Tx, id: Uuid) -> Result<Option<Vec<(DocumentHash, String)>>> {
    let token = store::lock_token(tx, id).await?.ok_or_else(|| Error::not_found("API token", "id"))?;
    match store::hashes(&token)? {
        Some(hashes) => Ok(Some(store::documents(tx, hashes).await?)),
        None => Ok(None),
    }
}
