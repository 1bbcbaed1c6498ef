//! Queries of API tokens and of the documents that they are trusted with.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use ::entity::{api_token, api_token_use, trusted_document};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, QuerySelect, Select, sea_query::OnConflict,
};
use uuid::Uuid;

use crate::kernel::{
    actor::Boundary,
    db::Conn,
    error::{Error, Result},
    network::Networks,
    persisted::{DocumentHash, Trusted},
    rights::Token,
    rows,
    throttle::Budget,
    tx::Tx,
};

/// The tokens within `boundary`: those of its organizations, and without a boundary the platform's own, too.
pub fn api_tokens(boundary: &Boundary) -> Select<api_token::Entity> {
    let select = api_token::Entity::find();
    match boundary {
        Boundary::All => select,
        Boundary::Organizations(ids) => {
            select.filter(api_token::Column::OrganizationId.is_in(ids.iter().copied()))
        }
    }
}

/// Tokens by id.
pub async fn api_tokens_by_id(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, Arc<api_token::Model>>> {
    rows::by_id(api_tokens(&Boundary::All), api_token::Column::Id, ids, |row| row.id, db).await
}

/// When tokens were last used, by their ids.
pub async fn uses_by_token(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, DateTime<Utc>>> {
    let select =
        api_token_use::Entity::find().filter(rows::among(api_token_use::Column::ApiTokenId, ids, db));
    Ok(rows::all(select, db).await?.into_iter().map(|row| (row.api_token_id, row.last_used_at)).collect())
}

/// Adds a token.
pub async fn insert_token(db: &impl ConnectionTrait, token: api_token::Model) -> Result<()> {
    api_token::Entity::insert(token.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

/// The token `id` within the caller's boundary, which nobody else changes before the transaction ends.
pub async fn lock_token(tx: &Tx, id: Uuid) -> Result<Option<api_token::Model>> {
    let found = api_tokens(tx.boundary()).filter(api_token::Column::Id.eq(id));
    Ok(found.lock_exclusive().one(tx.db()).await?)
}

/// Writes a token over.
pub async fn update_token(tx: &Tx, token: &api_token::Model) -> Result<()> {
    let all = token.clone().into_active_model().reset_all();
    api_token::Entity::update(all).exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Adds those documents that aren't there.
pub async fn insert_documents(tx: &Tx, documents: BTreeMap<DocumentHash, String>) -> Result<()> {
    if documents.is_empty() {
        return Ok(());
    }
    let created_at = tx.now();
    let rows = documents.into_iter().map(|(hash, text)| trusted_document::ActiveModel {
        hash: Set(hash.bytes().to_vec()),
        text: Set(text),
        created_at: Set(created_at),
    });
    trusted_document::Entity::insert_many(rows)
        .on_conflict(OnConflict::column(trusted_document::Column::Hash).do_nothing().to_owned())
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

/// The documents of these hashes.
pub async fn documents(tx: &Tx, hashes: Trusted) -> Result<Vec<(DocumentHash, String)>> {
    let is_one = trusted_document::Column::Hash.is_in(hashes.iter().map(|hash| hash.bytes().to_vec()));
    let rows = trusted_document::Entity::find().filter(is_one).all(tx.db()).await?;
    let mut documents: Vec<_> = rows.into_iter().map(|row| (DocumentHash::of(&row.text), row.text)).collect();
    documents.sort_unstable();
    Ok(documents)
}

/// The hashes of the documents that a token is trusted with.
pub fn hashes(token: &api_token::Model) -> Result<Option<Trusted>> {
    let broken = || Error::internal("a token is trusted with something that is no hash");
    let parse = |hash: &String| DocumentHash::parse(hash).ok_or_else(broken);
    token.documents.as_ref().map(|list| list.0.iter().map(parse).collect()).transpose()
}

/// The tokens that aren't revoked, as the rights snapshot has them.
pub async fn tokens_in_use(db: &Conn) -> Result<Vec<Token>> {
    let rows = api_token::Entity::find().filter(api_token::Column::RevokedAt.is_null()).all(db).await?;
    rows.into_iter().map(token).collect()
}

fn token(row: api_token::Model) -> Result<Token> {
    let hash = |bytes: Vec<u8>| {
        <[u8; 32]>::try_from(bytes).map_err(|_| Error::internal("a token's hash isn't 32 bytes long"))
    };
    let networks = row.networks.as_ref().map(|list| Networks::parse(&list.0)).transpose();
    let networks = networks.map_err(|_| Error::internal("a token is accepted from what is no network"))?;
    let budget = row.cost_bucket.zip(row.cost_per_second);
    let points = |points: i32| u32::try_from(points).unwrap_or(0);
    Ok(Token {
        id: row.id,
        trusted: hashes(&row)?.map(Arc::new),
        networks: networks.map(Arc::new),
        budget: budget.map(|(bucket, rate)| Budget { bucket: points(bucket), per_second: points(rate) }),
        name: row.name,
        hash: hash(row.token_hash)?,
        previous: row.previous_hash.map(hash).transpose()?.zip(row.previous_until),
        admin_user_id: row.admin_user_id,
        scopes: row.scopes.0,
        organization_id: row.organization_id,
        expires_at: row.expires_at,
    })
}
