//! How much one caller may ask for over time.

use chrono::TimeDelta;
use entity::admin_user::AdminLevel;
use opsgate::kernel::actor::ADMIN_USER;
use serde_json::json;
use tests::{Answer, Client};

use super::{MARK, available, cost, gateway, introspection::full, refused, telling};

/// A bucket for one introspection, and something beside.
const SETTINGS: &[(&str, &str)] = &[("caller_cost_bucket", "100"), ("caller_cost_per_second", "10")];

/// An introspection costs the same, whatever the answer.
async fn introspect(client: &Client) -> Answer {
    telling(client).run(&full()).await
}

#[tokio::test]
async fn who_has_spent_all_is_told_when_to_come_back() {
    let gateway = gateway(SETTINGS).await;
    let client = gateway.with_scopes(&["incidents.read"]).await;
    let first = introspect(&client).await.ok();
    let (requested, actual) = cost(&first);
    assert_eq!(requested, actual);
    assert!((51..=100).contains(&requested), "{requested}");
    assert_eq!(available(&first), 100 - requested);

    let body = json!({ "query": full().replace("query ", &format!("query {MARK}")) });
    let answer = refused(&gateway, &client, body, "THROTTLED").await;
    assert_eq!(answer.status, 429);
    let error = &answer.body["errors"][0];
    let retry_after = error["extensions"]["retryAfterMs"].as_u64().unwrap();
    assert_eq!(retry_after, (2 * requested - 100) * 100);
    assert_eq!(answer.headers["retry-after"], retry_after.div_ceil(1000).to_string().as_str());
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("caller_cost_bucket") && message.contains("caller_cost_per_second"),
        "{message}"
    );

    // What costs little still gets through, and what was refused took nothing.
    assert_eq!(available(&client.run("{ __typename }").await.ok()), 99 - requested);
    gateway.advance(TimeDelta::milliseconds(i64::try_from(retry_after).unwrap() + 99));
    introspect(&client).await;
    gateway.advance(TimeDelta::milliseconds(1));
    introspect(&client).await.ok();
}

#[tokio::test]
async fn a_bucket_belongs_to_a_credential() {
    let gateway = gateway(SETTINGS).await;
    let spent = gateway.with_scopes(&["incidents.read"]).await;
    introspect(&spent).await.ok();
    assert_eq!(introspect(&spent).await.codes(), ["THROTTLED"]);
    // Another token, though of the same scopes.
    let other = gateway.with_scopes(&["incidents.read"]).await;
    introspect(&other).await.ok();
    // An account has one bucket, whatever JWT it shows.
    let account = gateway.account("Ada", AdminLevel::Support).await;
    introspect(&gateway.signed_in(account)).await.ok();
    let exp = gateway.kernel().clock().now().timestamp() + 60;
    let again = gateway.with_jwt(json!({ "sub": ADMIN_USER.encode(account), "exp": exp }));
    assert_eq!(introspect(&again).await.codes(), ["THROTTLED"]);
}

#[tokio::test]
async fn nobodys_bucket_is_their_networks() {
    let gateway = gateway(&[("caller_cost_bucket", "3"), ("caller_cost_per_second", "1")]).await;
    for left in [2, 1, 0] {
        assert_eq!(available(&gateway.nobody().run("{ __typename }").await.ok()), left);
    }
    assert_eq!(gateway.nobody().run("{ __typename }").await.codes(), ["THROTTLED"]);
    gateway.owner().run("{ __typename }").await.ok();
    gateway.advance(TimeDelta::seconds(1));
    gateway.nobody().run("{ __typename }").await.ok();
}

#[tokio::test]
async fn a_socket_spends_from_the_same_bucket() {
    let gateway = gateway(SETTINGS).await;
    let client = gateway.with_scopes(&["incidents.read"]).await;
    introspect(&client).await.ok();
    let mut socket = client.socket().await;
    socket.subscribe("1", &full(), json!({})).await;
    let tests::Message::Json(message) = socket.next().await else { panic!("it was closed") };
    assert_eq!(message["type"], "error", "{message}");
    let extensions = &message["payload"][0]["extensions"];
    assert_eq!(extensions["code"], "THROTTLED");
    assert!(extensions["retryAfterMs"].as_u64().unwrap() > 0);
}
