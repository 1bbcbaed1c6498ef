//! JWTs of admin users.

use chrono::TimeDelta;
use entity::admin_user::AdminLevel;
use jsonwebtoken::{Algorithm, EncodingKey};
use opsgate::{
    config::Overrides,
    kernel::{actor::ADMIN_USER, id::Prefix},
    schema,
};
use serde_json::{Value, json};
use tests::{Client, TestGateway, base64url, sign};
use uuid::Uuid;

use super::{is_let_in, permissions, turned_away};

/// A gateway and an active admin.
async fn with_admin() -> (TestGateway, Uuid, String) {
    let gateway = TestGateway::start().await;
    let account = gateway.account("Ada", AdminLevel::Admin).await;
    (gateway, account, ADMIN_USER.encode(account))
}

#[tokio::test]
async fn an_active_admin_is_let_in_with_what_the_level_gives() {
    let gateway = TestGateway::start().await;
    for level in [AdminLevel::Support, AdminLevel::Admin, AdminLevel::SuperAdmin] {
        let account = gateway.account(&format!("{level:?}"), level).await;
        let client = gateway.signed_in(account);
        let viewer = client
            .run("{ viewer { actor { kind id name } adminUser { id } organization { id } expiresAt } }")
            .await
            .ok();
        assert_eq!(
            *viewer.at("/viewer"),
            json!({
                "actor": { "kind": "ADMIN_USER", "id": ADMIN_USER.encode(account), "name": format!("{level:?}") },
                "adminUser": { "id": ADMIN_USER.encode(account) },
                "organization": null,
                // Five minutes, and one for clocks that differ.
                "expiresAt": "2026-11-21T03:06:00.000000Z",
            })
        );
        let expected: Vec<_> =
            schema::catalogue().permissions().filter(|p| p.level <= level).map(|p| p.key).collect();
        assert_eq!(permissions(&client).await, expected);
    }
}

#[tokio::test]
async fn the_secret_may_be_a_setting() {
    let secret = "a secret of at least 32 bytes, says RFC 7518";
    let gateway = TestGateway::start_with(Overrides::default().with("jwt_secret", secret)).await;
    let account = gateway.account("Ada", AdminLevel::Admin).await;
    let exp = gateway.kernel().clock().now().timestamp() + 300;
    let claims = json!({ "sub": ADMIN_USER.encode(account), "exp": exp });
    let set = gateway.client(&sign(secret.as_bytes(), Algorithm::HS256, &claims));
    assert!(is_let_in(&set).await);
    // Then the key file's doesn't count.
    assert!(!is_let_in(&gateway.with_jwt(claims)).await);
}

#[tokio::test]
async fn time_is_checked_with_a_minute_of_leeway() {
    let (gateway, _, sub) = with_admin().await;
    let now = gateway.kernel().clock().now().timestamp();
    for (claims, expected) in [
        (json!({ "exp": now + 1 }), true),
        (json!({ "exp": now - 59 }), true),
        (json!({ "exp": now - 60 }), false),
        (json!({ "exp": 0 }), false),
        (json!({ "exp": -1 }), false),
        (json!({ "nbf": now + 60 }), true),
        (json!({ "nbf": now + 61 }), false),
        (json!({ "nbf": i64::MIN }), true),
        (json!({ "nbf": i64::MAX }), false),
        (json!({ "exp": i64::MAX }), false),
        (json!({ "exp": i64::MIN }), false),
        // The last second that a calendar here has.
        (json!({ "exp": 8_210_266_876_799_i64 }), false),
        (json!({ "exp": now + 300, "nbf": "soon" }), false),
        (json!({ "exp": "never" }), false),
        (json!({ "exp": null }), false),
    ] {
        let mut all = json!({ "sub": sub });
        all.as_object_mut().unwrap().append(claims.clone().as_object_mut().unwrap());
        assert_eq!(is_let_in(&gateway.with_jwt(all)).await, expected, "{claims}");
    }
    let client = gateway.with_jwt(json!({ "sub": sub, "exp": now + 300 }));
    gateway.advance(TimeDelta::seconds(359));
    assert!(is_let_in(&client).await);
    gateway.advance(TimeDelta::seconds(1));
    turned_away(&client.run("{ viewer { permissions } }").await);
}

#[tokio::test]
async fn only_the_gateways_own_signature_counts() {
    let (gateway, _, sub) = with_admin().await;
    let exp = gateway.kernel().clock().now().timestamp() + 300;
    let claims = json!({ "sub": sub, "exp": exp });
    let (secret, good) = (gateway.jwt_secret(), gateway.jwt(claims.clone()));
    assert!(is_let_in(&gateway.client(&good)).await);
    let parts: Vec<_> = good.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("{good}") };
    let owner = gateway.jwt(json!({ "sub": gateway.owner_id().await, "exp": exp }));
    let other_payload = owner.split('.').nth(1).unwrap();

    // A header that names another algorithm, signed with the secret all the same.
    let by_hand = |header: &str| {
        let message = format!("{}.{payload}", base64url(header));
        let key = EncodingKey::from_secret(&secret);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
        format!("{message}.{signature}")
    };
    assert!(is_let_in(&gateway.client(&by_hand(r#"{"alg":"HS256"}"#))).await, "the way itself is right");
    let no_signature = |header: &str| format!("{}.{payload}.", base64url(header));
    for (what, token) in [
        ("none", no_signature(r#"{"alg":"none"}"#)),
        ("None", no_signature(r#"{"alg":"None","typ":"JWT"}"#)),
        ("none, but signed", by_hand(r#"{"alg":"none"}"#)),
        ("no algorithm", by_hand(r#"{"typ":"JWT"}"#)),
        ("RS256 over the secret", by_hand(r#"{"alg":"RS256"}"#)),
        ("ES256 over the secret", by_hand(r#"{"alg":"ES256"}"#)),
        ("HS384", sign(&secret, Algorithm::HS384, &claims)),
        ("HS512", sign(&secret, Algorithm::HS512, &claims)),
        ("another key", sign(&[7; 32], Algorithm::HS256, &claims)),
        ("no key", sign(&[], Algorithm::HS256, &claims)),
        ("another's claims", format!("{header}.{other_payload}.{signature}")),
        ("no signature", format!("{header}.{payload}.")),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{good}.{signature}")),
        ("a cut signature", good[..good.len() - 1].to_owned()),
        ("nothing", String::new()),
        ("no JWT", "let me in".to_owned()),
    ] {
        assert!(!is_let_in(&gateway.client(&token)).await, "{what}");
    }
}

#[tokio::test]
async fn the_subject_must_be_an_active_admin() {
    let (gateway, account, sub) = with_admin().await;
    let idle = gateway.account("Idle", AdminLevel::SuperAdmin).await;
    gateway.deactivate(idle).await;
    let user = gateway.user("Somebody").await;
    let exp = gateway.kernel().clock().now().timestamp() + 300;
    for (claims, expected) in [
        (json!({ "sub": sub }), true),
        (json!({ "sub": account.to_string() }), true),
        (json!({ "sub": ADMIN_USER.encode(Uuid::from_u128(7)) }), false),
        (json!({ "sub": ADMIN_USER.encode(idle) }), false),
        // The person isn't the account.
        (json!({ "sub": Prefix("usr").encode(user) }), false),
        (json!({ "sub": user.to_string() }), false),
        (json!({ "sub": "" }), false),
        (json!({ "sub": "owner@localhost" }), false),
        (json!({ "sub": [sub] }), false),
        (json!({ "sub": null }), false),
        (json!({}), false),
        (json!([sub, exp]), false),
    ] {
        let token = match &claims {
            Value::Object(_) => gateway.jwt(claims.clone()),
            _ => sign(&gateway.jwt_secret(), Algorithm::HS256, &claims),
        };
        assert_eq!(is_let_in(&gateway.client(&token)).await, expected, "{claims}");
    }
    // An account that goes out of use takes its JWTs with it.
    let client = gateway.signed_in(account);
    assert!(is_let_in(&client).await);
    gateway.deactivate(account).await;
    assert!(!is_let_in(&client).await);
}

#[tokio::test]
async fn a_scope_narrows_and_never_widens() {
    let gateway = TestGateway::start().await;
    let account = gateway.account("Ada", AdminLevel::Support).await;
    let sub = ADMIN_USER.encode(account);
    let scoped = |scope: &str| gateway.with_jwt(json!({ "sub": sub, "scope": scope }));
    let all = permissions(&gateway.signed_in(account)).await;
    assert!(all.contains(&"incidents.read".to_owned()) && !all.contains(&"incidents.manage".to_owned()));
    assert_eq!(permissions(&scoped("operations.*")).await, all);
    assert_eq!(permissions(&scoped("*")).await, all);
    assert_eq!(permissions(&scoped("incidents.read")).await, ["incidents.read"]);
    // What the level doesn't give, no scope gives.
    assert_eq!(permissions(&scoped("incidents.manage  incidents.read")).await, ["incidents.read"]);
    assert_eq!(permissions(&scoped("openid profile")).await, [""; 0]);
    assert_eq!(permissions(&scoped("")).await, [""; 0]);
    let refused = scoped("access.read").run("{ incidents { nodes { id } } }").await;
    assert_eq!(refused.codes(), ["FORBIDDEN"]);
    assert!(!is_let_in(&gateway.with_jwt(json!({ "sub": sub, "scope": ["*"] }))).await);
}

#[tokio::test]
async fn the_header_is_read_strictly() {
    let (gateway, _, sub) = with_admin().await;
    let good = gateway.jwt(json!({ "sub": sub }));
    let sending = |value: String| gateway.nobody().with_header("authorization", &value);
    let let_in: [&Client; 2] = [&sending(format!("Bearer {good}")), &sending(format!("bEARER {good}"))];
    for client in let_in {
        assert!(is_let_in(client).await);
    }
    for wrong in [
        good.clone(),
        format!("Basic {good}"),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer {good} {good}"),
        format!("Bearer {}", "a".repeat(9_000)),
        String::new(),
    ] {
        turned_away(&sending(wrong).run("{ viewer { permissions } }").await);
    }
    // Nobody at all isn't refused: there are public fields.
    let nobody = gateway.nobody().run("{ viewer { permissions } }").await;
    assert_eq!((nobody.status.as_u16(), nobody.codes()), (200, vec!["UNAUTHENTICATED"]));
}

#[tokio::test]
async fn a_second_factor_that_the_issuer_vouches_for_counts_for_five_minutes() {
    let gateway = TestGateway::start().await;
    let sub = gateway.owner_id().await;
    let now = gateway.kernel().clock().now().timestamp();
    let create = async |claims: Value| {
        let mut all = json!({ "sub": sub, "exp": now + 300 });
        all.as_object_mut().unwrap().append(claims.clone().as_object_mut().unwrap());
        let input = json!({ "name": claims.to_string(), "permissions": ["incidents.read"] });
        let answer = gateway.with_jwt(all).mutate("roleCreate", input, "role { id }").await;
        answer.codes().first().map(|code| (*code).to_owned())
    };
    let [step_up, stranger] = [Some("STEP_UP_REQUIRED".to_owned()), Some("UNAUTHENTICATED".to_owned())];
    for (claims, expected) in [
        (json!({ "auth_time": now, "amr": ["pwd", "mfa"] }), None),
        (json!({ "auth_time": now - 299, "amr": ["mfa"] }), None),
        (json!({ "auth_time": now - 300, "amr": ["mfa"] }), step_up.clone()),
        (json!({ "auth_time": now + 60, "amr": ["mfa"] }), None),
        // An issuer whose clock is an hour ahead would have it count for an hour longer.
        (json!({ "auth_time": now + 61, "amr": ["mfa"] }), stranger),
        (json!({ "auth_time": now }), step_up.clone()),
        (json!({ "auth_time": now, "amr": [] }), step_up.clone()),
        (json!({ "auth_time": now, "amr": ["pwd"] }), step_up.clone()),
        (json!({ "auth_time": now, "amr": "mfa" }), step_up.clone()),
        (json!({ "auth_time": i64::MIN, "amr": ["mfa"] }), step_up.clone()),
        (json!({ "amr": ["mfa"] }), step_up),
    ] {
        assert_eq!(create(claims.clone()).await, expected, "{claims}");
    }
}

#[tokio::test]
async fn what_gives_rights_takes_a_second_factor_and_a_token_of_ones_own_is_no_way_around() {
    let gateway = TestGateway::start().await;
    let account = gateway.account("Ada", AdminLevel::Support).await;
    let role = opsgate::access::ROLE.encode(gateway.role("on call", &["incidents.manage"]).await);
    let input = json!({ "roleId": role, "adminUserId": ADMIN_USER.encode(account) });
    let answer = gateway.owner().mutate("roleAssign", input.clone(), "roleAssignment { id }").await;
    assert_eq!(answer.codes(), ["STEP_UP_REQUIRED"]);
    assert_eq!(answer.body["errors"][0]["extensions"]["maxAgeSeconds"], 300);
    let person = gateway.owner_in_person().await;
    let given = person.mutate("roleAssign", input, "roleAssignment { id }").await.ok();
    // Taking away may be urgent.
    let id = json!({ "id": given.at("/roleAssignment/id") });
    gateway.owner().mutate("roleRevoke", id, "roleAssignment { id }").await.ok();
}
