//! What an API token may be limited to beside its scopes: networks, documents, a budget.

use opsgate::{config::Overrides, kernel::persisted::DocumentHash, kernel::token::ApiToken};
use serde_json::{Value, json};
use tests::{Client, Socket, TestGateway};

use super::{
    is_let_in,
    token_life::{made, mara, script, tried},
    turned_away,
};

/// Whoever is accepted from this network alone.
async fn from(gateway: &TestGateway, maker: &Client, networks: &[&str]) -> (Value, Client) {
    let mut input = script(&["incidents.*"]);
    input["networks"] = json!(networks);
    made(gateway, maker, input).await
}

#[tokio::test]
async fn a_token_is_accepted_from_its_networks_alone() {
    let gateway = TestGateway::start().await;
    let (_, mara) = mara(&gateway).await;
    let (_, here) = from(&gateway, &mara, &["2001:db8::/32", "127.0.0.0/8"]).await;
    assert!(is_let_in(&here).await);
    let (id, elsewhere) = from(&gateway, &mara, &["203.0.113.0/24"]).await;
    let seen = gateway.recorded().await;
    let answer = elsewhere.run("{ viewer { permissions } }").await;
    turned_away(&answer);
    // Whoever has found it learns nothing; whoever answers for it does.
    let unknown = gateway.client(ApiToken::generate().expose()).run("{ viewer { permissions } }").await;
    assert_eq!(answer.body["errors"][0]["message"], unknown.body["errors"][0]["message"]);
    let facts = gateway.facts(seen).await;
    let [fact] = &facts[..] else { panic!("{facts:?}") };
    assert_eq!((&*fact.event.event_type, &*fact.event.entity_id), ("admin.access.denied", "(address)"));
    assert_eq!(fact.body["actor"]["id"], id);
    assert_eq!(fact.personal("$request.ipAddress"), Some(&json!("127.0.0.1")));
    let mut socket = Socket::connect(gateway.address()).await;
    let payload = json!({ "authorization": format!("Bearer {}", elsewhere.credential().unwrap()) });
    socket.send(json!({ "type": "connection_init", "payload": payload })).await;
    assert_eq!(socket.closed().await.0, 4403);
    let uses = mara.run_with("query($id: ID!) { apiToken(id: $id) { networks } }", json!({ "id": id })).await;
    assert_eq!(*uses.at("/apiToken/networks"), json!(["203.0.113.0/24"]));
}

#[tokio::test]
async fn a_trusted_proxy_says_where_a_token_is_shown() {
    let trusting = Overrides::default().with("trusted_proxies", "127.0.0.0/8, 10.0.0.0/8");
    let gateway = TestGateway::start_with(trusting).await;
    let (_, mara) = mara(&gateway).await;
    let (_, partner) = from(&gateway, &mara, &["203.0.113.0/24"]).await;
    for (forwarded, expected) in [
        ("203.0.113.7", true),
        ("198.51.100.1, 203.0.113.7", true),
        ("203.0.113.7, 10.0.0.2", true),
        // What stands left of the client's address is its own words.
        ("203.0.113.7, 198.51.100.1", false),
        ("203.0.113.7, 198.51.100.1, 10.0.0.2", false),
        ("203.0.113.7, unknown", false),
        ("", false),
    ] {
        let client = partner.with_header("x-forwarded-for", forwarded);
        assert_eq!(is_let_in(&client).await, expected, "{forwarded}");
    }
    assert!(!is_let_in(&partner).await, "the proxy itself isn't in the network");
    // In two lines, as proxies may send it.
    let spoofing =
        partner.with_header("x-forwarded-for", "203.0.113.7").with_header("x-forwarded-for", "198.51.100.1");
    assert!(!is_let_in(&spoofing).await);
    // The record has the client's address.
    let seen = gateway.recorded().await;
    let input = json!({ "name": "r", "permissions": ["incidents.read"] });
    let client = mara.with_header("x-forwarded-for", "203.0.113.9");
    let answer = client.mutate("roleCreate", input, "role { id }").await.ok();
    assert!(gateway.recorded().await > seen);
    assert_eq!(gateway.proved(&answer).await.personal("$request.ipAddress"), Some(&json!("203.0.113.9")));
}

#[tokio::test]
async fn nobody_else_says_where_a_token_is_shown() {
    let gateway = TestGateway::start().await;
    let (_, mara) = mara(&gateway).await;
    let (_, partner) = from(&gateway, &mara, &["203.0.113.0/24"]).await;
    for header in
        ["x-forwarded-for", "forwarded", "x-real-ip", "client-ip", "true-client-ip", "cf-connecting-ip"]
    {
        let value = if header == "forwarded" { "for=203.0.113.7" } else { "203.0.113.7" };
        assert!(!is_let_in(&partner.with_header(header, value)).await, "{header}");
    }
}

#[tokio::test]
async fn a_token_runs_its_documents_alone() {
    const OWN: &str = "{ viewer { documentIds } }";
    let gateway = TestGateway::start().await;
    let (_, mara) = mara(&gateway).await;
    let mut input = script(&["incidents.read"]);
    input["documents"] = json!([OWN, OWN]);
    let answer = tried(&mara, "apiTokenCreate", input).await.ok();
    gateway.rights_read().await;
    let ids = json!([format!("sha256:{}", DocumentHash::of(OWN))]);
    assert_eq!(*answer.at("/apiToken/documentIds"), ids);
    let client = gateway.client(answer.text("/secret"));
    assert_eq!(*client.run(OWN).await.ok().at("/viewer/documentIds"), ids);
    let other = client.run("{ viewer { permissions } }").await;
    assert_eq!((other.status.as_u16(), other.codes()), (403, vec!["FORBIDDEN"]));
}

#[tokio::test]
async fn a_token_spends_its_own_budget() {
    let gateway = TestGateway::start().await;
    let (_, mara) = mara(&gateway).await;
    let mut input = script(&["incidents.read"]);
    input["costBudget"] = json!({ "bucket": 30, "perSecond": 2 });
    let (_, client) = made(&gateway, &mara, input).await;
    // Twenty of one point, and the page itself.
    let page = "{ incidents(first: 20) { nodes { id } } }";
    let answer = client.run(page).await.ok();
    let status = &answer.body["extensions"]["cost"]["throttleStatus"];
    assert_eq!((&status["maximumAvailable"], &status["restoreRate"]), (&json!(30), &json!(2)));
    let mut answer = answer;
    for _ in 0..30 {
        answer = client.run("{ incidents(first: 20) { nodes { id } } viewer { actor { id } } }").await;
        if !answer.codes().is_empty() {
            break;
        }
    }
    assert_eq!(answer.codes(), ["THROTTLED"]);
    assert!(is_let_in(&mara).await, "everybody else has their own");

    // No budget is more than what any caller may.
    let mut input = script(&["incidents.read"]);
    input["costBudget"] = json!({ "bucket": 2_000_000_000, "perSecond": 2_000_000_000 });
    let (_, greedy) = made(&gateway, &mara, input).await;
    let [mine, theirs] = [greedy.run(page).await.ok(), mara.run(page).await.ok()]
        .map(|answer| answer.body["extensions"]["cost"]["throttleStatus"]["maximumAvailable"].clone());
    assert_eq!(mine, theirs);
}
