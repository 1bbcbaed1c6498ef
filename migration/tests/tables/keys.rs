//! Keys hold: unique ones, those over some of the rows alone, and foreign ones.

use entity::{
    admin_user, alert, api_token, approval, dead_letter, idempotency_key, incident, incident_participant,
    incident_service, invitation, ip_allow_entry, organization_member, role_assignment, service, task, user,
};
use sea_orm::prelude::*;
use sea_orm::{ActiveModelBehavior, IntoActiveModel, SqlErr};

use crate::database::on_each;
use crate::rows;

#[tokio::test]
async fn one_waiting_or_running_task_carries_a_unique_key() {
    on_each(async |db| {
        let of = |state| task::Model { state, ..rows::task() };
        insert(db, of(task::TaskState::Pending)).await.expect("first");
        taken(insert(db, of(task::TaskState::Pending)).await);
        taken(insert(db, of(task::TaskState::Running)).await);
        for state in [task::TaskState::Completed, task::TaskState::Failed, task::TaskState::Cancelled] {
            insert(db, of(state)).await.expect("a finished one");
        }
        let other = task::Model { kind: "other".into(), ..rows::task() };
        insert(db, other).await.expect("of another kind");
        for _ in 0..2 {
            let unkeyed = task::Model { unique_key: None, ..rows::task() };
            insert(db, unkeyed).await.expect("without a key");
        }
    })
    .await;
}

#[tokio::test]
async fn one_unresolved_alert_carries_a_dedup_key() {
    on_each(async |db| {
        let organization_id = rows::id();
        let of = |status| alert::Model { organization_id, status, ..rows::alert() };
        let first = insert(db, of(alert::AlertStatus::Firing)).await.expect("first");
        taken(insert(db, of(alert::AlertStatus::Firing)).await);
        taken(insert(db, of(alert::AlertStatus::Acknowledged)).await);
        for _ in 0..2 {
            let resolved = of(alert::AlertStatus::Resolved);
            insert(db, resolved).await.expect("a resolved one");
        }
        insert(db, rows::alert()).await.expect("of another organization");

        let mut first = first.into_active_model();
        first.status = sea_orm::Set(alert::AlertStatus::Resolved);
        first.update(db).await.expect("resolve");
        insert(db, of(alert::AlertStatus::Firing)).await.expect("it fires again");
    })
    .await;
}

#[tokio::test]
async fn one_pending_approval_carries_a_hash() {
    on_each(async |db| {
        let user = insert(db, rows::user()).await.expect("user");
        let account = insert(db, rows::admin_user(&user)).await.expect("account");
        let of = |status| approval::Model { status, ..rows::approval(&account) };
        insert(db, of(approval::ApprovalStatus::Open)).await.expect("first");
        taken(insert(db, of(approval::ApprovalStatus::Open)).await);
        taken(insert(db, of(approval::ApprovalStatus::Approved)).await);
        for status in [
            approval::ApprovalStatus::Executed,
            approval::ApprovalStatus::Denied,
            approval::ApprovalStatus::Cancelled,
            approval::ApprovalStatus::Expired,
        ] {
            insert(db, of(status)).await.expect("one that is over");
        }
    })
    .await;
}

#[tokio::test]
async fn unique_columns_are() {
    on_each(async |db| {
        let user = insert(db, rows::user()).await.expect("user");
        taken(insert(db, rows::user()).await);
        for _ in 0..2 {
            let unknown = user::Model { external_id: None, ..rows::user() };
            insert(db, unknown).await.expect("without an external id");
        }

        let account = insert(db, rows::admin_user(&user)).await.expect("account");
        taken(insert(db, rows::admin_user(&user)).await);

        insert(db, rows::credential(&account)).await.expect("credential");
        taken(insert(db, rows::credential(&account)).await);
        insert(db, rows::recovery_code(&account)).await.expect("recovery code");
        taken(insert(db, rows::recovery_code(&account)).await);
        let revoked = invitation::Model { revoked_at: Some(rows::at(3)), ..rows::invitation(&account) };
        insert(db, revoked).await.expect("an invitation that is no good any more");
        let other = |byte| invitation::Model { token_hash: vec![byte; 32], ..rows::invitation(&account) };
        insert(db, other(5)).await.expect("one that is");
        taken(insert(db, other(6)).await);

        insert(db, rows::role()).await.expect("role");
        taken(insert(db, rows::role()).await);

        let member = insert(db, rows::organization_member()).await.expect("member");
        let again = organization_member::Model { id: rows::id(), ..member };
        taken(insert(db, again).await);

        insert(db, rows::organization()).await.expect("slug");
        taken(insert(db, rows::organization()).await);
        let token = insert(db, rows::api_token()).await.expect("token");
        taken(insert(db, rows::api_token()).await);
        let rotated = |previous| api_token::Model {
            id: rows::id(),
            token_hash: rows::id().as_bytes().to_vec(),
            previous_hash: previous,
            ..token.clone()
        };
        taken(insert(db, rotated(token.previous_hash.clone())).await);
        for _ in 0..2 {
            insert(db, rotated(None)).await.expect("never rotated");
        }
        insert(db, rows::ip_allow_entry()).await.expect("network");
        taken(insert(db, rows::ip_allow_entry()).await);
        let of_another_level =
            ip_allow_entry::Model { level: admin_user::AdminLevel::Support, ..rows::ip_allow_entry() };
        insert(db, of_another_level).await.expect("of another level");
        insert(db, rows::incident()).await.expect("incident");
        taken(insert(db, rows::incident()).await);
        insert(db, rows::dead_letter()).await.expect("dead letter");
        taken(insert(db, rows::dead_letter()).await);
        let next = dead_letter::Model { position: 9, ..rows::dead_letter() };
        insert(db, next).await.expect("at another position");

        insert(db, rows::idempotency_key()).await.expect("key");
        taken(insert(db, rows::idempotency_key()).await);
        let elsewhere = idempotency_key::Model { response_path: "b".into(), ..rows::idempotency_key() };
        insert(db, elsewhere).await.expect("in another field");

        let service = insert(db, rows::service()).await.expect("service");
        let again = service::Model { id: rows::id(), ..service };
        taken(insert(db, again).await);
    })
    .await;
}

#[tokio::test]
async fn references_hold() {
    on_each(async |db| {
        let orphan = insert(db, rows::admin_user(&rows::user())).await;
        dangling(orphan.map(|_: admin_user::Model| ()));
        let user = insert(db, rows::user()).await.expect("user");
        let unknown = rows::admin_user(&user);
        dangling(insert(db, rows::role_assignment(&unknown)).await.map(|_: role_assignment::Model| ()));
        insert(db, rows::admin_user(&user)).await.expect("account");
        dangling(user.delete(db).await.map(|_| ()));

        let incident = insert(db, rows::incident()).await.expect("incident");
        insert(db, rows::incident_service(&incident)).await.expect("service");
        insert(db, rows::incident_participant(&incident)).await.expect("participant");
        incident.delete(db).await.expect("delete the incident");
        let services = incident_service::Entity::find().count(db).await;
        let participants = incident_participant::Entity::find().count(db).await;
        assert_eq!((services, participants), (Ok(0), Ok(0)));
        assert_eq!(incident::Entity::find().count(db).await, Ok(0));
    })
    .await;
}

async fn insert<M, A>(db: &DatabaseConnection, row: M) -> Result<M, DbErr>
where
    M: ModelTrait + IntoActiveModel<A>,
    M::Entity: EntityTrait<Model = M>,
    A: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior + Send,
{
    row.into_active_model().reset_all().insert(db).await
}

fn taken<M: std::fmt::Debug>(result: Result<M, DbErr>) {
    let error = result.expect_err("a second row of the same key");
    assert!(matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))), "{error}");
}

fn dangling(result: Result<(), DbErr>) {
    let error = result.expect_err("a row without its parent");
    assert!(matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))), "{error}");
}
