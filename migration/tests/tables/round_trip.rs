//! What an entity writes it reads again, and its columns are those of the table.

use std::collections::BTreeMap;

use entity::{audit_log, authz_epoch, invitation, log_head, organization, outbox, role};
use sea_orm::prelude::*;
use sea_orm::{ActiveModelBehavior, ActiveValue, IntoActiveModel, Iterable, QueryOrder, Statement};

use crate::database::{is_sqlite, on_each};
use crate::rows;

#[tokio::test]
async fn every_row_comes_back_as_it_was() {
    on_each(async |db| {
        let user = rows::user();
        let incident = rows::incident();

        survives(db, rows::organization()).await;
        survives(db, user.clone()).await;
        survives(db, rows::organization_member()).await;
        survives(db, rows::billing_subscription()).await;
        let account = rows::admin_user(&user);
        survives(db, account.clone()).await;
        survives(db, rows::role()).await;
        survives(db, rows::role_assignment(&account)).await;
        let approval = rows::approval(&account);
        survives(db, approval.clone()).await;
        survives(db, rows::approval_vote(&approval, &account)).await;
        survives(db, rows::credential(&account)).await;
        survives(db, rows::recovery_code(&account)).await;
        let session = rows::session(&account);
        survives(db, session.clone()).await;
        survives(db, rows::impersonation(&account, &session)).await;
        survives(db, rows::sealing_key()).await;
        survives(db, rows::sign_in_attempt()).await;
        let accepted = invitation::Model { accepted_at: Some(rows::at(2)), ..rows::invitation(&account) };
        survives(db, accepted).await;
        let token = rows::api_token();
        survives(db, token.clone()).await;
        survives(db, rows::api_token_use(&token)).await;
        survives(db, rows::ip_allow_entry()).await;
        survives(db, rows::trusted_document()).await;
        survives(db, rows::authz_epoch()).await;

        survives(db, rows::audit_log()).await;
        survives(db, rows::audit_personal()).await;
        survives(db, rows::audit_subject()).await;
        survives(db, rows::audit_leaf()).await;
        survives(db, rows::event()).await;
        survives(db, rows::event_position()).await;
        survives(db, rows::outbox()).await;
        survives(db, rows::log_head()).await;
        survives(db, rows::reactor_cursor()).await;
        survives(db, rows::dead_letter()).await;

        survives(db, rows::idempotency_key()).await;
        survives(db, rows::task()).await;
        survives(db, rows::schedule()).await;

        survives(db, rows::service()).await;
        survives(db, rows::service_status()).await;
        survives(db, rows::probe_result()).await;
        survives(db, rows::alert()).await;

        survives(db, incident.clone()).await;
        survives(db, rows::incident_service(&incident)).await;
        survives(db, rows::incident_participant(&incident)).await;
        survives(db, rows::incident_timeline()).await;

        if is_sqlite(db) {
            survives(db, rows::sequence()).await;
            survives(db, rows::retention_guard()).await;
        }
    })
    .await;
}

#[tokio::test]
async fn absent_values_stay_absent() {
    on_each(async |db| {
        let entry = audit_log::Model {
            impersonator_id: None,
            entity_type: None,
            entity_id: None,
            subject: None,
            request_id: None,
            correlation_id: None,
            ..rows::audit_log()
        };
        survives(db, entry).await;
        let event = entity::event::Model {
            impersonator_id: None,
            entity_version: None,
            causation_id: None,
            before: None,
            after: None,
            ..rows::event()
        };
        survives(db, event).await;
        let user = rows::user();
        survives(db, user.clone()).await;
        let account = rows::admin_user(&user);
        survives(db, account.clone()).await;
        let lasting = entity::role_assignment::Model {
            expires_at: None,
            revoked_by_kind: None,
            revoked_by_id: None,
            revoked_at: None,
            ..rows::role_assignment(&account)
        };
        survives(db, lasting).await;
        let open = entity::approval::Model {
            beneficiary_id: None,
            status: entity::approval::ApprovalStatus::Open,
            ended_at: None,
            ended_because: None,
            result_id: None,
            ..rows::approval(&account)
        };
        survives(db, open.clone()).await;
        let vote = entity::approval_vote::Model { reason: None, ..rows::approval_vote(&open, &account) };
        survives(db, vote).await;
        let unlimited = entity::api_token::Model {
            documents: None,
            networks: None,
            cost_bucket: None,
            cost_per_second: None,
            previous_hash: None,
            previous_until: None,
            ..rows::api_token()
        };
        survives(db, unlimited).await;
        let incident = entity::incident::Model {
            impact: None,
            urgency: None,
            assignee_id: None,
            resolved_at: None,
            ..rows::incident()
        };
        survives(db, incident).await;
    })
    .await;
}

#[tokio::test]
async fn the_migration_leaves_the_built_in_roles() {
    on_each(async |db| {
        let roles = role::Entity::find().order_by_asc(role::Column::Id).all(db).await.expect("roles");
        let names: Vec<_> = roles.iter().map(|role| role.name.as_str()).collect();
        let expected = [
            "support",
            "moderator",
            "incident responder",
            "compliance officer",
            "finance",
            "partner",
            "administrator",
        ];
        assert_eq!(names, expected);
        for role in roles {
            assert!(role.is_built_in && !role.description.is_empty(), "{}", role.name);
            let mut sorted = role.permissions.0.clone();
            sorted.sort_unstable();
            assert!(!sorted.is_empty() && sorted == role.permissions.0, "{}", role.name);
        }
    })
    .await;
}

#[tokio::test]
async fn the_migration_leaves_its_single_rows() {
    on_each(async |db| {
        let epoch = authz_epoch::Entity::find().all(db).await.expect("authz_epoch");
        assert_eq!(epoch, [authz_epoch::Model { id: 1, epoch: 1 }]);

        let heads = log_head::Entity::find().all(db).await.expect("log_head");
        let [head] = heads.as_slice() else {
            panic!("one head expected: {heads:?}");
        };
        assert!(!head.log_id.is_nil());
        assert_eq!((head.id, head.position, head.leaf, head.horizon), (1, 0, 0, 0));
    })
    .await;
}

#[tokio::test]
async fn the_database_counts() {
    on_each(async |db| {
        for expected in 1..=2 {
            let row = outbox::ActiveModel {
                seq: ActiveValue::NotSet,
                ..rows::outbox().into_active_model().reset_all()
            };
            assert_eq!(row.insert(db).await.expect("outbox").seq, expected);

            let next = if is_sqlite(db) {
                "UPDATE sequences SET value = value + 1 WHERE name = 'incident_numbers' RETURNING value"
            } else {
                "SELECT nextval('incident_numbers') AS value"
            };
            let row = db
                .query_one_raw(Statement::from_string(db.get_database_backend(), next))
                .await
                .expect("next number")
                .expect("a row");
            let value: i64 = row.try_get("", "value").expect("a number");
            assert_eq!(value, expected);
        }
        // A number isn't given again when its row is gone.
        outbox::Entity::delete_many().exec(db).await.expect("empty the outbox");
        let row = outbox::ActiveModel {
            seq: ActiveValue::NotSet,
            ..rows::outbox().into_active_model().reset_all()
        };
        assert_eq!(row.insert(db).await.expect("outbox").seq, 3);
    })
    .await;
}

#[tokio::test]
async fn times_are_ordered_whatever_their_digits() {
    on_each(async |db| {
        // A whole second, a tenth, a microsecond before the next: in SQLite these are texts of different
        // lengths.
        let whole = DateTimeUtc::from_timestamp_micros(1_795_000_000_000_000).expect("a time");
        let expected = [0, 100_000, 100_001, 999_999, 1_000_000]
            .map(|micros| whole + std::time::Duration::from_micros(micros));
        for (number, created_at) in expected.into_iter().enumerate().rev() {
            let organization =
                organization::Model { slug: number.to_string(), created_at, ..rows::organization() };
            organization.into_active_model().reset_all().insert(db).await.expect("insert");
        }
        let found: Vec<_> = organization::Entity::find()
            .order_by_asc(organization::Column::CreatedAt)
            .all(db)
            .await
            .expect("select")
            .into_iter()
            .map(|organization| organization.created_at)
            .collect();
        assert_eq!(found, expected);
    })
    .await;
}

/// Inserts a row and finds it again, equal in every column.
async fn survives<M, A>(db: &DatabaseConnection, row: M)
where
    M: ModelTrait + IntoActiveModel<A> + PartialEq + Sync,
    M::Entity: EntityTrait<Model = M>,
    A: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior + Send,
{
    let entity = M::Entity::default();
    let table = entity.table_name();
    columns_agree::<M::Entity>(db, table).await;
    let returned = row
        .clone()
        .into_active_model()
        .reset_all()
        .insert(db)
        .await
        .unwrap_or_else(|error| panic!("{table}: {error}"));
    assert_eq!(returned, row, "{table}: as returned by the insert");
    let found = M::Entity::find().all(db).await.unwrap_or_else(|error| panic!("{table}: {error}"));
    assert!(found.contains(&row), "{table}: {row:?} not in {found:?}");
}

/// The entity's columns and the table's have the same names, and the same ones are nullable.
async fn columns_agree<E: EntityTrait>(db: &DatabaseConnection, table: &str) {
    let expected: BTreeMap<String, bool> =
        E::Column::iter().map(|column| (column.to_string(), column.def().is_null())).collect();
    let sql = if is_sqlite(db) {
        format!("SELECT name, \"notnull\" = 0 AS nullable FROM pragma_table_info('{table}')")
    } else {
        format!(
            "SELECT column_name::text AS name, is_nullable = 'YES' AS nullable FROM information_schema.columns
             WHERE table_schema = current_schema() AND table_name = '{table}'"
        )
    };
    let found: BTreeMap<String, bool> = db
        .query_all_raw(Statement::from_string(db.get_database_backend(), sql))
        .await
        .expect("the table's columns")
        .into_iter()
        .map(|row| {
            let name = row.try_get("", "name").expect("a name");
            (name, row.try_get("", "nullable").expect("a flag"))
        })
        .collect();
    assert_eq!(found, expected, "{table}");
}
