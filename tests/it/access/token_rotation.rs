//! API tokens that are given another text, or revoked.

use chrono::TimeDelta;
use entity::admin_user::AdminLevel;
use opsgate::kernel::actor::API_TOKEN;
use serde_json::{Value, json};
use tests::TestGateway;

use super::{
    follow, is_let_in, refused,
    token_life::{at, made, mara, read, script, tried},
};

#[tokio::test]
async fn a_revoked_token_is_turned_away_and_its_streams_end() {
    let gateway = TestGateway::start().await;
    let (_, mara) = mara(&gateway).await;
    let (id, client) = made(&gateway, &mara, script(&["incidents.*"])).await;
    let rotation =
        json!({ "id": id, "previousUntil": at(gateway.kernel().clock().now() + TimeDelta::days(1)) });
    let rotated = tried(&mara, "apiTokenRotate", rotation).await.ok();
    gateway.rights_read().await;
    let renewed = gateway.client(rotated.text("/secret"));
    let mut sockets = [follow(&client).await, follow(&renewed).await];
    let stale = tried(&mara, "apiTokenRevoke", json!({ "id": id, "expectedVersion": 1 })).await;
    refused(&stale, "CONFLICT", "expectedVersion");
    let revoked = tried(&mara, "apiTokenRevoke", json!({ "id": id, "expectedVersion": 2 })).await.ok();
    for socket in &mut sockets {
        assert_eq!(socket.closed().await, (4401, "revoked".to_owned()));
    }
    gateway.rights_read().await;
    assert!(!is_let_in(&client).await && !is_let_in(&renewed).await);
    let token = read(&mara, &id).await;
    assert_eq!(token, *revoked.at("/apiToken"));
    assert_eq!((&token["isActive"], &token["revokedAt"]), (&json!(false), &token["updatedAt"]));
    let fact = gateway.proved(&revoked).await;
    assert_eq!((&*fact.event.event_type, &*fact.entry.action), ("admin.token.revoked", "API_TOKEN_REVOKE"));
    for mutation in ["apiTokenRevoke", "apiTokenRotate"] {
        refused(&tried(&mara, mutation, json!({ "id": id })).await, "INVALID_TRANSITION", "id");
    }
}

#[tokio::test]
async fn a_rotated_tokens_old_text_is_good_for_a_while() {
    let gateway = TestGateway::start().await;
    let (account, mara) = mara(&gateway).await;
    let (id, first) = made(&gateway, &mara, script(&["incidents.*"])).await;
    let now = gateway.kernel().clock().now();
    for (field, time) in [
        ("previousUntil", now),
        ("previousUntil", now + TimeDelta::days(30) + TimeDelta::microseconds(1)),
        ("expiresAt", now),
    ] {
        let mut input = json!({ "id": id });
        input[field] = at(time);
        refused(&tried(&mara, "apiTokenRotate", input).await, "OUT_OF_RANGE", field);
    }
    let until = now + TimeDelta::minutes(10);
    let input = json!({ "id": id, "previousUntil": at(until), "expectedVersion": 1 });
    let answer = tried(&mara, "apiTokenRotate", input).await.ok();
    gateway.rights_read().await;
    let second = gateway.client(answer.text("/secret"));
    assert_eq!(read(&mara, &id).await, *answer.at("/apiToken"));
    assert_eq!(*answer.at("/apiToken/hint"), answer.text("/secret")[..9]);
    assert_eq!(gateway.proved(&answer).await.event.event_type, "admin.token.rotated");
    // Both are the same token.
    for (client, expires_at) in [(&first, at(until)), (&second, Value::Null)] {
        let viewer = client.run("{ viewer { actor { id } expiresAt } }").await.ok();
        assert_eq!(*viewer.at("/viewer"), json!({ "actor": { "id": id }, "expiresAt": expires_at }));
    }
    let mut socket = follow(&first).await;
    gateway.advance(TimeDelta::minutes(10) - TimeDelta::microseconds(1));
    assert!(is_let_in(&first).await);
    gateway.advance(TimeDelta::microseconds(1));
    assert_eq!(socket.closed().await, (4403, "expired".to_owned()));
    assert!(!is_let_in(&first).await && is_let_in(&second).await);

    // Without a while it isn't; and one text is good beside, not two.
    let mara = gateway.signed_in(account);
    let until = gateway.kernel().clock().now() + TimeDelta::days(1);
    let input = json!({ "id": id, "previousUntil": at(until) });
    let third = tried(&mara, "apiTokenRotate", input).await.ok();
    let fourth = tried(&mara, "apiTokenRotate", json!({ "id": id, "expiresAt": at(until) })).await.ok();
    gateway.rights_read().await;
    assert!(!is_let_in(&second).await && !is_let_in(&gateway.client(third.text("/secret"))).await);
    let last = gateway.client(fourth.text("/secret"));
    assert!(is_let_in(&last).await);
    gateway.advance(TimeDelta::days(1));
    assert!(!is_let_in(&last).await);
    let mara = gateway.signed_in(account);
    refused(&tried(&mara, "apiTokenRotate", json!({ "id": id })).await, "INVALID_TRANSITION", "id");
}

#[tokio::test]
async fn a_text_is_for_those_alone_who_could_have_made_it() {
    let gateway = TestGateway::start().await;
    let (account, mara) = mara(&gateway).await;
    let making = gateway.role("making", &["access.manage_tokens"]).await;
    let ada = gateway.account("Ada", AdminLevel::Support).await;
    gateway.assign(making, ada, None).await;
    let ada = gateway.signed_in(ada);
    let narrow = gateway.signed_in_within(account, "access.manage_tokens");
    let personal = json!({ "name": "own", "scopes": ["*"], "isPersonal": true });
    let (own, _) = made(&gateway, &mara, personal).await;
    let (managing, _) = made(&gateway, &mara, script(&["incidents.manage"])).await;
    let everything = gateway.with_scopes(&["*"]).await;
    let everything_id = json!(API_TOKEN.encode(gateway.token_id(&everything).await));
    let owners = json!(API_TOKEN.encode(gateway.token_id(gateway.owner()).await));
    let seen = gateway.recorded().await;
    for (client, id, code) in [
        (&ada, &own, "NOT_ALLOWED"),
        (&ada, &managing, "NOT_ALLOWED"),
        (&ada, &owners, "NOT_ALLOWED"),
        (&narrow, &own, "NOT_ALLOWED"),
        (&narrow, &managing, "NOT_ALLOWED"),
        // It was made at the machine.
        (&mara, &everything_id, "APPROVAL_REQUIRED"),
    ] {
        refused(&tried(client, "apiTokenRotate", json!({ "id": id })).await, code, "id");
    }
    let by_token = tried(gateway.owner(), "apiTokenRotate", json!({ "id": owners })).await;
    assert_eq!(by_token.codes(), ["STEP_UP_REQUIRED"]);
    let facts = gateway.facts(seen).await;
    assert!(facts.iter().all(|fact| fact.event.event_type == "admin.access.denied"), "{facts:?}");
    assert!(is_let_in(&everything).await);
    for id in [&own, &managing] {
        tried(&mara, "apiTokenRotate", json!({ "id": id })).await.ok();
    }
    // Whoever manages tokens takes any out of use.
    tried(&ada, "apiTokenRevoke", json!({ "id": managing })).await.ok();
    gateway.rights_read().await;
    assert_eq!(read(&mara, &managing).await["isActive"], false);
}
