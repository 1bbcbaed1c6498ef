//! Another key, while the gateway serves and writes; and the one before taken out.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use entity::{audit_leaf, audit_log};
use opsgate::kernel::secret::Aad;
use sea_orm::{EntityTrait, QueryOrder};
use tests::{Database, until};

use super::{
    Owner, declared::columns, keys, note, noted, number, opsgate, refused, resealed, ring, ring_path,
    sealed_under,
};

/// Where in the database this stands, in whatever column of whatever table.
async fn places_with(database: &Database, text: &str) -> Vec<String> {
    let mut places = Vec::new();
    for (table, column) in columns(database).await {
        let sql = format!(
            r#"SELECT count(*) AS found FROM {table} WHERE CAST("{column}" AS text) LIKE '%{text}%'"#
        );
        if number(database, &sql).await > 0 {
            places.push(format!("{table}.{column}"));
        }
    }
    places
}

async fn leaves(database: &Database) -> Vec<Vec<u8>> {
    let rows = audit_leaf::Entity::find().order_by_asc(audit_leaf::Column::LeafIndex);
    rows.all(database.sql().await).await.unwrap().into_iter().map(|leaf| leaf.leaf_hash).collect()
}

#[tokio::test]
async fn a_key_is_changed_while_the_gateway_serves_and_the_old_one_retired() {
    let database = Database::create().await;
    let program = opsgate(&database);
    let gateway = program.serve().await;
    let mut owner = Owner::enrol(&program, &gateway).await;
    let client = gateway.client(gateway.token().unwrap());
    let first = note(&client, "the first").await;
    let old = ring(&database).first_id();
    let listed = keys(&program, &[]).await;
    assert!(listed.starts_with(&format!("{old}  seals    audit_personal ")), "{listed}");
    assert!(listed.contains(", credentials 2, sessions 1") && !listed.contains('\n'), "{listed}");
    let before = leaves(&database).await;

    // Somebody writes all the time.
    let is_over = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn({
        let (client, is_over) = (client.apart(), is_over.clone());
        async move {
            let mut entries = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                let text = format!("number {}", entries.len());
                entries.push((note(&client, &text).await, text));
            }
            entries
        }
    });
    let new = keys(&program, &["rotate"]).await;
    resealed(&database, &old).await;
    until("somebody has written under the new key", async || sealed_under(&database, &new).await > 20).await;
    is_over.store(true, Ordering::Relaxed);
    let entries = writing.await.unwrap();
    // What was written in the second in which nobody had heard of the new key was found, too.
    resealed(&database, &old).await;
    until("it has looked once more", async || !keys(&program, &[]).await.contains("sealing anew")).await;
    let listed = keys(&program, &[]).await;
    assert!(listed.starts_with(&format!("{new}  seals    audit_personal ")), "{listed}");
    assert!(listed.ends_with(&format!("\n{old}  opens    sessions 1")), "{listed}");

    // A session keeps its key until it is refreshed, and the key is kept for it.
    let said = refused(&program, &["retire", &old]).await;
    assert!(said.starts_with(&format!("opsgate: the key {old} is in use: sessions 1.\n")), "{said}");
    let said = refused(&program, &["retire", &new]).await;
    assert!(said.starts_with(&format!("opsgate: the key {new} seals: ")), "{said}");
    let session = owner.refresh(&gateway).await;
    let aside = keys(&program, &["retire", &old]).await;
    assert_eq!(aside, database.dir.path().join(format!("retired-{old}.key")).display().to_string());
    assert_eq!(ring(&database).keys().len(), 1);
    assert_eq!(places_with(&database, &format!("v1.{old}.")).await, [""; 0], "whoever declared it or not");

    // Everything opens: in the process that has seen it all, and in one that knows the new key alone.
    session.run("{ viewer { permissions } }").await.ok();
    let again = program.with("listen", "127.0.0.1:0");
    gateway.terminate().await;
    assert!(gateway.ended().await.0.success());
    let gateway = again.serve().await;
    let session = gateway.client(session.credential().unwrap());
    session.run("{ viewer { permissions } }").await.ok();
    owner.refresh(&gateway).await.run("{ viewer { permissions } }").await.ok();
    owner.sign_in(&gateway).await.ok();
    assert_eq!(noted(&session, &first).await, "the first");
    for (entry, text) in entries.iter().take(3).chain(entries.iter().rev().take(3)) {
        assert_eq!(&noted(&session, entry).await, text);
    }

    // No leaf has changed, and each change of keys has one.
    let after = leaves(&database).await;
    assert_eq!(after[..before.len()], before);
    let db = database.sql().await;
    let record = audit_log::Entity::find().order_by_asc(audit_log::Column::Id).all(db).await.unwrap();
    let of_keys: Vec<_> =
        record.iter().filter(|entry| entry.event_type.starts_with("platform.key.")).collect();
    let (kinds, whose): (Vec<_>, Vec<_>) =
        of_keys.iter().map(|entry| (&*entry.action, (&*entry.actor_id, entry.entity_id.as_deref()))).unzip();
    assert_eq!((kinds[0], kinds[kinds.len() - 1]), ("SEALING_KEY_ROTATE", "SEALING_KEY_RETIRE"));
    assert!(kinds[1..kinds.len() - 1].iter().all(|kind| *kind == "SEALING_KEY_RESEAL"), "{kinds:?}");
    assert_eq!(whose[0], ("opsgate keys", Some(&*new)));
    assert_eq!(whose[1], ("platform.reseal", Some(&*new)));
    assert_eq!(whose[whose.len() - 1], ("opsgate keys", Some(&*old)));
    let text = std::fs::read_to_string(ring_path(&database)).unwrap();
    assert!(record.iter().all(|entry| !entry.body.contains(text.trim())), "a key's bytes are nowhere");
    assert!(!gateway.log().contains(text.trim()));
}

#[tokio::test]
async fn sealing_anew_goes_on_where_it_was_interrupted() {
    let database = Database::create().await;
    let program = opsgate(&database);
    let gateway = program.serve().await;
    let client = gateway.client(gateway.token().unwrap());
    let entry = note(&client, "the first").await;
    // Far more than one batch.
    let (id, old) = (opsgate::kernel::record::AUDIT_LOG.parse(&entry).unwrap(), ring(&database));
    let rows = (0..1_500).map(|number| {
        let sealed = old.seal(number.to_string().as_bytes(), Aad { table: "audit_personal", row: id });
        entity::audit_personal::ActiveModel {
            audit_log_id: sea_orm::Set(id),
            path: sea_orm::Set(format!("$.planted[{number}]")),
            salt: sea_orm::Set(vec![7; 32]),
            sealed: sea_orm::Set(sealed),
        }
    });
    let rows: Vec<_> = rows.collect();
    let db = database.sql().await;
    for chunk in rows.chunks(500) {
        let insert = entity::audit_personal::Entity::insert_many(chunk.to_vec());
        insert.exec_without_returning(db).await.unwrap();
    }
    let old = old.first_id();
    let new = keys(&program, &["rotate"]).await;
    until("it has begun", async || sealed_under(&database, &new).await > 100).await;
    gateway.terminate().await;
    assert!(gateway.ended().await.0.success());

    let gateway = program.serve().await;
    resealed(&database, &old).await;
    let sql = "SELECT count(*) AS found FROM audit_personal WHERE path LIKE '$.planted%'";
    assert_eq!(number(&database, sql).await, 1_500);
    let ring = ring(&database);
    for (number, row) in rows.iter().enumerate().step_by(97) {
        let path = row.path.clone().unwrap();
        let found = entity::audit_personal::Entity::find_by_id((id, path)).one(db).await.unwrap().unwrap();
        let opened = ring.open(&found.sealed, Aad { table: "audit_personal", row: id }).unwrap();
        assert_eq!(*opened, number.to_string().as_bytes());
    }
    drop(gateway);
}
