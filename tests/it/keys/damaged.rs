//! What was tampered with, or moved to another row, doesn't open; and isn't sealed anew either.

use entity::audit_personal;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use tests::{Database, until};

use super::{keys, note, noted, opsgate, personal, refused, ring};

#[tokio::test]
async fn tampered_and_moved_values_stay_closed_under_any_key() {
    let database = Database::create().await;
    let program = opsgate(&database);
    let gateway = program.serve().await;
    let client = gateway.client(gateway.token().unwrap());
    let old = ring(&database).first_id();
    let entries =
        [note(&client, "tampered").await, note(&client, "moved").await, note(&client, "whole").await];
    let ids = entries.clone().map(|entry| opsgate::kernel::record::AUDIT_LOG.parse(&entry).unwrap());
    let db = database.sql().await;
    let of = async |id| {
        let row = audit_personal::Entity::find_by_id((id, "$.note".to_owned())).one(db).await.unwrap();
        row.unwrap().sealed
    };
    let put = async |id, sealed: String| {
        audit_personal::Entity::update_many()
            .col_expr(audit_personal::Column::Sealed, Expr::val(sealed))
            .filter(audit_personal::Column::AuditLogId.eq(id))
            .filter(audit_personal::Column::Path.eq("$.note"))
            .exec(db)
            .await
            .unwrap();
    };
    let mut tampered = of(ids[0]).await;
    let other = if tampered.remove(20) == 'A' { 'B' } else { 'A' };
    tampered.insert(20, other);
    let moved = of(ids[2]).await;
    put(ids[0], tampered.clone()).await;
    put(ids[1], moved.clone()).await;
    let closed = async || {
        for entry in &entries[..2] {
            assert_eq!(personal(&client, entry).await.codes(), ["INTERNAL_SERVER_ERROR"]);
        }
        assert_eq!(noted(&client, &entries[2]).await, "whole");
    };
    closed().await;

    keys(&program, &["rotate"]).await;
    until("they were passed over", async || gateway.log().contains("sealed values don't open")).await;
    until("the rest is sealed anew", async || !keys(&program, &[]).await.contains("sealing anew")).await;
    closed().await;
    assert_eq!((of(ids[0]).await, of(ids[1]).await), (tampered, moved));
    let said = refused(&program, &["retire", &old]).await;
    assert!(said.starts_with(&format!("opsgate: the key {old} is in use: audit_personal 2.\n")), "{said}");
}
