//! Keys that come before they seal, and come back.

use serde_json::json;
use tests::{Database, until};

use super::{Owner, keys, opsgate, refused, resealed, ring, ring_path};

#[tokio::test]
async fn a_key_can_be_everywhere_before_it_seals_anywhere() {
    let database = Database::create().await;
    let program = opsgate(&database);
    let gateway = program.serve().await;
    let first = ring(&database).first_id();
    let added = keys(&program, &["add"]).await;
    assert_eq!(ring(&database).first_id(), first);
    assert!(keys(&program, &[]).await.ends_with(&format!("\n{added}  opens    nothing")));
    // What was never used can go again, and come back.
    let aside = keys(&program, &["retire", &added]).await;
    assert_eq!(ring(&database).keys().len(), 1);
    assert_eq!(keys(&program, &["add", "--from", &aside]).await, added);
    assert_eq!(keys(&program, &["rotate", "--to", &added]).await, added);
    assert_eq!(ring(&database).first_id(), added);
    let said = refused(&program, &["rotate", "--to", "00000000"]).await;
    assert_eq!(said, "opsgate: there is no key 00000000 in the ring: see `opsgate keys`\n");
    let said = refused(&program, &["forget", &first]).await;
    assert!(said.starts_with(&format!("opsgate: the key {first} is in the ring: ")), "{said}");
    let said = refused(&program, &["add", "--from", "/nowhere.key"]).await;
    assert!(said.starts_with("opsgate: the key file /nowhere.key can't be read"), "{said}");
    drop(gateway);
}

#[tokio::test]
async fn a_file_that_is_spoilt_beside_a_gateway_stops_nobody() {
    let database = Database::create().await;
    let program = opsgate(&database);
    let gateway = program.serve().await;
    let client = gateway.client(gateway.token().unwrap());
    let text = std::fs::read_to_string(ring_path(&database)).unwrap();
    std::fs::write(ring_path(&database), "nonsense").unwrap();
    until("it has noticed", async || gateway.log().contains("64 hexadecimal digits")).await;
    let input = json!({ "title": "down", "severity": "HIGH" });
    client.mutate("incidentCreate", input, "incident { id }").await.ok();
    assert!(refused(&program, &["rotate"]).await.contains("64 hexadecimal digits"));
    std::fs::write(ring_path(&database), text).unwrap();
    until("it is well again", async || gateway.log().contains("it works again")).await;
}

#[tokio::test]
async fn where_somebody_else_may_have_a_key_its_sessions_end_with_it() {
    let database = Database::create().await;
    let program = opsgate(&database);
    let gateway = program.serve().await;
    let mut owner = Owner::enrol(&program, &gateway).await;
    let client = owner.refresh(&gateway).await;
    client.run("{ viewer { permissions } }").await.ok();
    let old = ring(&database).first_id();
    keys(&program, &["rotate"]).await;
    resealed(&database, &old).await;
    assert!(refused(&program, &["retire", &old]).await.contains("is in use: sessions 1."));
    keys(&program, &["retire", &old, "--end-sessions"]).await;
    until("its sessions have ended", async || {
        client.run("{ viewer { permissions } }").await.codes() == ["UNAUTHENTICATED"]
    })
    .await;
    let owner_token = gateway.client(gateway.token().unwrap());
    let sessions = owner_token.run("{ sessions { nodes { endedBy } } }").await.ok();
    assert_eq!(*sessions.at("/sessions/nodes"), json!([{ "endedBy": "REVOKED" }]));
    owner.sign_in(&gateway).await.ok();
}
