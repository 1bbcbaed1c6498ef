//! Queries of what accounts sign in with, of their sessions, and of attempts.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ::entity::{
    admin_user, credential, invitation, recovery_code,
    session::{self, SessionEnd},
    sign_in_attempt, user,
};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, Select,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::platforms_own;
use crate::{
    access::rules::attempts::Tally,
    kernel::{
        actor::Boundary, db::Conn, error::Result, rows, session_token::ACCESS, telemetry::Telemetry, tx::Tx,
    },
};

/// How far the clocks of two processes may differ.
const SKEW: TimeDelta = TimeDelta::minutes(1);

/// The sessions within `boundary`: they are the platform's own.
pub fn sessions(boundary: &Boundary) -> Select<session::Entity> {
    platforms_own(boundary)
}

/// Sessions by id.
pub async fn sessions_by_id(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, Arc<session::Model>>> {
    rows::by_id(sessions(&Boundary::All), session::Column::Id, ids, |row| row.id, db).await
}

/// Sessions that were ended so lately that an access token of theirs may be good otherwise.
pub async fn ended_sessions(db: &Conn, now: DateTime<Utc>) -> Result<HashSet<Uuid>> {
    let ids: Vec<Uuid> = session::Entity::find()
        .select_only()
        .column(session::Column::Id)
        .filter(session::Column::RevokedAt.is_not_null())
        .filter(session::Column::RevokedAt.gt(now - ACCESS - SKEW))
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().collect())
}

/// The session `id`.
pub async fn session(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<session::Model>> {
    Ok(session::Entity::find_by_id(id).one(db).await?)
}

/// Whose session `id` is.
pub async fn account_of_session(tx: &Tx, id: Uuid) -> Result<Option<Uuid>> {
    let select = sessions(tx.boundary()).filter(session::Column::Id.eq(id));
    Ok(select.select_only().column(session::Column::AdminUserId).into_tuple().one(tx.db()).await?)
}

/// The session `id`, which nobody else changes before the transaction ends.
pub async fn lock_session(tx: &Tx, id: Uuid) -> Result<Option<session::Model>> {
    let select = sessions(tx.boundary()).filter(session::Column::Id.eq(id));
    Ok(select.lock_exclusive().one(tx.db()).await?)
}

/// The account's sessions that are on, oldest first, locked.
pub async fn lock_sessions_of(tx: &Tx, account: Uuid) -> Result<Vec<session::Model>> {
    Ok(session::Entity::find()
        .filter(session::Column::AdminUserId.eq(account))
        .filter(session::Column::RevokedAt.is_null())
        .filter(session::Column::IdleUntil.gt(tx.now()))
        .filter(session::Column::ExpiresAt.gt(tx.now()))
        .order_by_asc(session::Column::Id)
        .lock_exclusive()
        .all(tx.db())
        .await?)
}

/// The sessions that nobody has ended and whose tokens are signed from this key, locked.
pub async fn lock_sessions_of_key(tx: &Tx, key_id: &str) -> Result<Vec<session::Model>> {
    Ok(session::Entity::find()
        .filter(session::Column::KeyId.eq(key_id))
        .filter(session::Column::RevokedAt.is_null())
        .filter(session::Column::IdleUntil.gt(tx.now()))
        .order_by_asc(session::Column::Id)
        .lock_exclusive()
        .all(tx.db())
        .await?)
}

/// Adds a session.
pub async fn insert_session(tx: &Tx, row: &session::Model) -> Result<()> {
    let insert = session::Entity::insert(row.clone().into_active_model());
    insert.exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Writes a session over.
pub async fn update_session(tx: &Tx, row: &session::Model) -> Result<()> {
    let all = row.clone().into_active_model().reset_all();
    session::Entity::update(all).exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Ends sessions, in one statement however many they are.
pub async fn end_sessions(tx: &Tx, ids: impl IntoIterator<Item = Uuid>, why: SessionEnd) -> Result<()> {
    session::Entity::update_many()
        .col_expr(session::Column::EndedBy, Expr::value(why))
        .col_expr(session::Column::RevokedAt, Expr::value(tx.now()))
        .col_expr(session::Column::UpdatedAt, Expr::value(tx.now()))
        .col_expr(session::Column::Version, Expr::col(session::Column::Version).add(1))
        .filter(session::Column::Id.is_in(ids))
        .exec(tx.db())
        .await?;
    Ok(())
}

/// Notes that somebody signs in to an account, which nobody else changes from then on. None where it isn't in use.
///
/// It comes before anything else of a sign-in: whoever takes the account out of use either comes first, and nobody
/// signs in, or finds the new session among those that end.
pub async fn note_login(tx: &Tx, account: Uuid) -> Result<Option<admin_user::Model>> {
    let noted = admin_user::Entity::update_many()
        .col_expr(admin_user::Column::LastLoginAt, Expr::value(tx.now()))
        .filter(admin_user::Column::Id.eq(account))
        .filter(admin_user::Column::IsActive.eq(true))
        .exec(tx.db())
        .await?;
    if noted.rows_affected == 0 {
        return Ok(None);
    }
    Ok(admin_user::Entity::find_by_id(account).one(tx.db()).await?)
}

/// The account `id`, which stays as it is until the transaction ends.
pub async fn hold_account(tx: &Tx, id: Uuid) -> Result<Option<admin_user::Model>> {
    Ok(admin_user::Entity::find_by_id(id).lock_shared().one(tx.db()).await?)
}

/// What is signed in with by `name`, and the account.
pub async fn credential_by_name(
    db: &impl ConnectionTrait,
    name: &str,
) -> Result<Option<(credential::Model, admin_user::Model)>> {
    let account: sea_orm::RelationDef = credential::Entity::belongs_to(admin_user::Entity)
        .from(credential::Column::AdminUserId)
        .to(admin_user::Column::Id)
        .into();
    let found = credential::Entity::find()
        .filter(credential::Column::SignInName.eq(name))
        .join(sea_orm::JoinType::InnerJoin, account)
        .select_also(admin_user::Entity)
        .one(db)
        .await?;
    Ok(found.and_then(|(credential, account)| Some((credential, account?))))
}

/// What the account signs in with.
pub async fn credential_of(db: &impl ConnectionTrait, account: Uuid) -> Result<Option<credential::Model>> {
    let select = credential::Entity::find().filter(credential::Column::AdminUserId.eq(account));
    Ok(select.one(db).await?)
}

/// The same, which nobody else changes before the transaction ends.
pub async fn lock_credential(tx: &Tx, account: Uuid) -> Result<Option<credential::Model>> {
    let select = credential::Entity::find().filter(credential::Column::AdminUserId.eq(account));
    Ok(select.lock_exclusive().one(tx.db()).await?)
}

/// Adds what an account signs in with, unless it has something by now, or somebody else signs in by that name. Whether it
/// was added.
pub async fn insert_credential(tx: &Tx, row: &credential::Model) -> Result<bool> {
    let insert = credential::Entity::insert_many([row.clone().into_active_model()])
        .on_conflict(OnConflict::new().do_nothing().to_owned());
    Ok(insert.exec_without_returning(tx.db()).await? > 0)
}

/// Writes over what an account signs in with.
pub async fn update_credential(tx: &Tx, row: &credential::Model) -> Result<()> {
    let all = row.clone().into_active_model().reset_all();
    credential::Entity::update(all).exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Adds an invitation.
pub async fn insert_invitation(tx: &Tx, row: &invitation::Model) -> Result<()> {
    let insert = invitation::Entity::insert(row.clone().into_active_model());
    insert.exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Keeps the text of an invitation, sealed, until it is mailed.
pub async fn keep_for_mail(tx: &Tx, id: Uuid, sealed: String) -> Result<()> {
    invitation::Entity::update_many()
        .col_expr(invitation::Column::SealedToken, Expr::value(sealed))
        .filter(invitation::Column::Id.eq(id))
        .exec(tx.db())
        .await?;
    Ok(())
}

/// The account's open invitation is no good any more.
pub async fn revoke_invitations(tx: &Tx, account: Uuid) -> Result<()> {
    invitation::Entity::update_many()
        .col_expr(invitation::Column::RevokedAt, Expr::value(tx.now()))
        .col_expr(invitation::Column::SealedToken, Expr::value(None::<String>))
        .filter(invitation::Column::AdminUserId.eq(account))
        .filter(invitation::Column::AcceptedAt.is_null())
        .filter(invitation::Column::RevokedAt.is_null())
        .exec(tx.db())
        .await?;
    Ok(())
}

/// The invitation whose text has this hash.
pub async fn invitation_by_hash(
    db: &impl ConnectionTrait,
    hash: [u8; 32],
) -> Result<Option<invitation::Model>> {
    let select = invitation::Entity::find().filter(invitation::Column::TokenHash.eq(hash.to_vec()));
    Ok(select.one(db).await?)
}

/// The invitations that nobody has accepted or taken back, by the accounts that they are to.
pub async fn open_invitations(db: &Conn, accounts: &[Uuid]) -> Result<HashMap<Uuid, Arc<invitation::Model>>> {
    let open = invitation::Entity::find()
        .filter(invitation::Column::AcceptedAt.is_null())
        .filter(invitation::Column::RevokedAt.is_null());
    rows::by_id(open, invitation::Column::AdminUserId, accounts, |row| row.admin_user_id, db).await
}

/// The invitation `id`, and the person whom it is for.
pub async fn invitation(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<(invitation::Model, user::Model)>> {
    let Some(row) = invitation::Entity::find_by_id(id).one(db).await? else { return Ok(None) };
    let account = admin_user::Entity::find_by_id(row.admin_user_id).one(db).await?;
    let Some(account) = account else { return Ok(None) };
    let person = user::Entity::find_by_id(account.user_id).one(db).await?;
    Ok(person.map(|person| (row, person)))
}

/// The invitation `id`, which nobody else changes before the transaction ends.
pub async fn lock_invitation(tx: &Tx, id: Uuid) -> Result<Option<invitation::Model>> {
    Ok(invitation::Entity::find_by_id(id).lock_exclusive().one(tx.db()).await?)
}

/// Notes that an invitation was accepted: it is no good any more.
pub async fn accept_invitation(tx: &Tx, id: Uuid) -> Result<()> {
    invitation::Entity::update_many()
        .col_expr(invitation::Column::AcceptedAt, Expr::value(tx.now()))
        .col_expr(invitation::Column::SealedToken, Expr::value(None::<String>))
        .filter(invitation::Column::Id.eq(id))
        .exec(tx.db())
        .await?;
    Ok(())
}

/// Gives the account these recovery codes, and no others.
pub async fn replace_recovery_codes(tx: &Tx, account: Uuid, hashes: &[[u8; 32]]) -> Result<()> {
    recovery_code::Entity::delete_many()
        .filter(recovery_code::Column::AdminUserId.eq(account))
        .exec(tx.db())
        .await?;
    if hashes.is_empty() {
        return Ok(());
    }
    let rows = hashes.iter().map(|hash| recovery_code::ActiveModel {
        id: Set(tx.new_id()),
        admin_user_id: Set(account),
        code_hash: Set(hash.to_vec()),
        created_at: Set(tx.now()),
        used_at: Set(None),
    });
    recovery_code::Entity::insert_many(rows).exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Uses up a recovery code of the account. Whether there was one.
pub async fn use_recovery_code(tx: &Tx, account: Uuid, hash: [u8; 32]) -> Result<bool> {
    let used = recovery_code::Entity::update_many()
        .col_expr(recovery_code::Column::UsedAt, Expr::value(tx.now()))
        .filter(recovery_code::Column::AdminUserId.eq(account))
        .filter(recovery_code::Column::CodeHash.eq(hash.to_vec()))
        .filter(recovery_code::Column::UsedAt.is_null())
        .exec(tx.db())
        .await?;
    Ok(used.rows_affected > 0)
}

/// What was counted as `tally`.
pub async fn tally(db: &impl ConnectionTrait, tally: &str) -> Result<Option<Tally>> {
    let row = sign_in_attempt::Entity::find_by_id(tally).one(db).await?;
    Ok(row.map(|row| Tally { count: row.count.unsigned_abs(), last_at: Some(row.last_at) }))
}

/// Writes `next` where `held` still stands. Whether it did: else somebody else was faster.
pub async fn swap_tally(door: Telemetry<'_>, tally: &str, held: Option<Tally>, next: Tally) -> Result<bool> {
    use sign_in_attempt::Column;
    let count = |tally: Tally| i32::try_from(tally.count).unwrap_or(i32::MAX);
    let Some(last_at) = next.last_at else { return Ok(true) };
    let changed = match held {
        Some(held) => {
            let update = sign_in_attempt::Entity::update_many()
                .col_expr(Column::Count, Expr::value(count(next)))
                .col_expr(Column::LastAt, Expr::value(last_at))
                .filter(Column::Tally.eq(tally))
                .filter(Column::Count.eq(count(held)))
                .filter(Column::LastAt.eq(held.last_at));
            door.update_many(update).await?
        }
        None => {
            let row = sign_in_attempt::ActiveModel {
                tally: Set(tally.to_owned()),
                count: Set(count(next)),
                last_at: Set(last_at),
            };
            let insert = sign_in_attempt::Entity::insert_many([row])
                .on_conflict(OnConflict::column(Column::Tally).do_nothing().to_owned());
            door.insert(insert).await?
        }
    };
    Ok(changed > 0)
}

/// Forgets what was counted as `tally`.
pub async fn delete_tally(door: Telemetry<'_>, tally: &str) -> Result<()> {
    let one = sign_in_attempt::Entity::delete_many().filter(sign_in_attempt::Column::Tally.eq(tally));
    door.delete_many(one).await?;
    Ok(())
}

/// Forgets what was counted before, `limit` tallies at most. How many they were.
pub async fn delete_tallies_before(door: Telemetry<'_>, before: DateTime<Utc>, limit: u64) -> Result<u64> {
    use sea_orm::QueryTrait;
    use sign_in_attempt::Column;
    let oldest = sign_in_attempt::Entity::find()
        .select_only()
        .column(Column::Tally)
        .filter(Column::LastAt.lt(before))
        .order_by_asc(Column::LastAt)
        .limit(limit)
        .into_query();
    door.delete_many(sign_in_attempt::Entity::delete_many().filter(Column::Tally.in_subquery(oldest))).await
}
