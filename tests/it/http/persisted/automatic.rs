//! What is remembered, of whom, and what a hash may be.

use opsgate::config::Overrides;
use serde_json::{Value, json};
use tests::TestGateway;

use super::{MARK, VIEWER, apollo, by_hash, by_id, hash, is_unknown, with_hash};

#[tokio::test]
async fn a_document_travels_once() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    is_unknown(owner, by_hash(VIEWER)).await;
    is_unknown(owner, by_id(VIEWER)).await;
    let sent = owner.send(with_hash(VIEWER)).await.ok();
    for request in [by_hash(VIEWER), by_id(VIEWER), with_hash(VIEWER)] {
        assert_eq!(owner.send(request).await.ok().body["data"], sent.body["data"]);
    }
    // Whoever else has the hash has the document, too, and their own rights.
    let other = gateway.with_scopes(&["incidents.read"]).await;
    let answer = other.send(by_hash(VIEWER)).await.ok();
    assert_eq!(*answer.at("/viewer/permissions"), json!(["incidents.read"]));
    // The draft's way to name it is as good a way to send it.
    let document = "{ viewer { expiresAt } }";
    let mut request = by_id(document);
    request["query"] = document.into();
    owner.send(request).await.ok();
    owner.send(by_hash(document)).await.ok();
}

#[tokio::test]
async fn the_status_is_what_clients_expect_of_the_media_type() {
    let gateway = TestGateway::start().await;
    for (accept, status) in [("application/json", 200), ("application/graphql-response+json", 400)] {
        let client = gateway.owner().with_header("accept", accept);
        let answer = client.send(by_hash(VIEWER)).await;
        assert_eq!((answer.status.as_u16(), answer.codes()), (status, vec!["PERSISTED_QUERY_NOT_FOUND"]));
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn variables_and_the_operations_name_come_as_ever() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let document =
        "query A($first: Int!) { incidents(first: $first) { nodes { id } } } query B { __typename }";
    let request = |name: &str, variables: Value, mut request: Value| {
        request["operationName"] = name.into();
        request["variables"] = variables;
        request
    };
    owner.send(request("B", json!({}), with_hash(document))).await.ok();
    owner.send(request("A", json!({ "first": 3 }), by_hash(document))).await.ok();
    let answer = owner.send(request("A", json!({}), by_hash(document))).await;
    assert_eq!(answer.codes(), ["BAD_USER_INPUT"]);
    let answer = owner.send(request("C", json!({}), by_hash(document))).await;
    assert_eq!(answer.codes(), ["OPERATION_RESOLUTION_FAILURE"]);
}

#[tokio::test]
async fn digits_in_either_case_are_the_same_hash() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let upper = hash(VIEWER).to_uppercase();
    owner.send(json!({ "query": VIEWER, "extensions": apollo(&upper) })).await.ok();
    owner.send(by_hash(VIEWER)).await.ok();
    owner.send(json!({ "extensions": apollo(&upper) })).await.ok();
    owner.send(json!({ "documentId": format!("sha256:{upper}") })).await.ok();
    // Named in both ways, and with a `query` that says nothing, as some clients have to send.
    let both =
        json!({ "query": "", "documentId": format!("sha256:{upper}"), "extensions": apollo(&hash(VIEWER)) });
    owner.send(both).await.ok();
}

#[tokio::test]
async fn what_is_no_hash_or_anothers_is_refused() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let hash = hash(VIEWER);
    let long = format!("{hash}0");
    let named = |named: Value| json!({ "extensions": { "persistedQuery": named } });
    let mut refused = vec![
        // The document of another hash, by either name; and none at all.
        json!({ "query": "{ hunter2 }", "extensions": apollo(&hash) }),
        json!({ "query": "{ hunter2 }", "documentId": format!("sha256:{hash}") }),
        json!({ "extensions": apollo(&hash), "documentId": format!("sha256:{}", super::hash(MARK)) }),
        json!({ "extensions": { "persistedQuery": null } }),
        json!({ "documentId": null }),
        named(json!([])),
        named(json!("hunter2")),
        named(json!({})),
        named(json!({ "version": 1 })),
        named(json!({ "sha256Hash": hash })),
        named(json!({ "version": 2, "sha256Hash": hash })),
        named(json!({ "version": "1", "sha256Hash": hash })),
        named(json!({ "version": 1.5, "sha256Hash": hash })),
        named(json!({ "version": 1, "sha256Hash": [hash] })),
    ];
    let wrong =
        ["", "hunter2", &hash[1..], &long, &hash.replace(&hash[..1], "g"), &format!(" {}", &hash[1..])];
    refused.extend(wrong.iter().map(|wrong| json!({ "extensions": apollo(wrong) })));
    refused.extend(wrong.iter().map(|wrong| json!({ "documentId": format!("sha256:{wrong}") })));
    let ids = [&hash, "", "sha256", "sha512:", "md5:hunter2", "x-hunter2:1", &format!("SHA256:{hash}")];
    refused.extend(ids.iter().map(|id| json!({ "documentId": id })));
    for request in refused {
        let answer = owner.send(request.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.codes()), (400, vec!["BAD_USER_INPUT"]), "{request}");
        assert!(!answer.body.to_string().contains(MARK), "{}", answer.body);
    }
    is_unknown(owner, by_hash(VIEWER)).await;
    is_unknown(owner, by_hash("{ hunter2 }")).await;
}

#[tokio::test]
async fn only_what_is_let_in_is_remembered() {
    let gateway = TestGateway::start_with(Overrides::default().with("document_max_depth", "3")).await;
    let owner = gateway.owner();
    for (document, code) in [
        ("{ viewer { ", "GRAPHQL_PARSE_FAILED"),
        ("{ a { b { c { d } } } }", "GRAPHQL_VALIDATION_FAILED"),
        (
            "{ incidents(first: 100) { nodes { timeline(first: 100) { nodes { id } } } } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("query($a: Int!) { incidents(first: $a) { nodes { id } } }", "BAD_USER_INPUT"),
    ] {
        let answer = owner.send(with_hash(document)).await;
        assert_eq!(answer.codes(), [code], "{document}");
        is_unknown(owner, by_hash(document)).await;
    }
    // Without its hash a document is none of those that are named so.
    owner.run(VIEWER).await.ok();
    is_unknown(owner, by_hash(VIEWER)).await;
}

#[tokio::test]
async fn who_is_not_signed_in_pushes_nothing_out() {
    let gateway =
        TestGateway::start_with(Overrides::default().with("persisted_queries_max_bytes", "1024")).await;
    let (owner, nobody) = (gateway.owner(), gateway.nobody());
    owner.send(with_hash("{ __typename }")).await.ok();
    for number in 0..20 {
        let document = format!("{{ __typename }} # {number}");
        nobody.send(with_hash(&document)).await.ok();
        is_unknown(&nobody, by_hash(&document)).await;
    }
    nobody.send(by_hash("{ __typename }")).await.ok();
    // Whoever is, makes place for their own: memory has its bound.
    for number in 0..20 {
        owner.send(with_hash(&format!("{{ __typename }} # {number}"))).await.ok();
    }
    is_unknown(owner, by_hash("{ __typename }")).await;
    owner.send(by_hash("{ __typename } # 19")).await.ok();
    // One that alone is too long for it is executed as ever.
    let long = format!("{{ __typename }} # {}", "x".repeat(2000));
    owner.send(with_hash(&long)).await.ok();
    is_unknown(owner, by_hash(&long)).await;
    owner.send(by_hash("{ __typename } # 19")).await.ok();
}

#[tokio::test]
async fn where_it_is_switched_off_clients_are_told_to_stop() {
    let gateway = TestGateway::start_with(Overrides::default().with("persisted_queries", "false")).await;
    let owner = gateway.owner();
    owner.send(with_hash(VIEWER)).await.ok();
    for request in [by_hash(VIEWER), by_id(VIEWER)] {
        let answer = owner.send(request).await;
        assert_eq!(answer.codes(), ["PERSISTED_QUERY_NOT_SUPPORTED"]);
        assert_eq!(answer.body["errors"][0]["message"], "PersistedQueryNotSupported");
        assert_eq!((answer.status.as_u16(), answer.body.get("data")), (200, None));
    }
}

#[tokio::test]
async fn a_named_document_costs_and_is_throttled_like_any() {
    let settings = Overrides::default().with("caller_cost_bucket", "10").with("caller_cost_per_second", "1");
    let gateway = TestGateway::start_with(settings).await;
    let client = gateway.with_scopes(&["incidents.read"]).await;
    let mut cost = json!(null);
    for request in [with_hash(VIEWER), by_hash(VIEWER)] {
        let answer = client.send(request).await.ok();
        let own = answer.body["extensions"]["cost"]["requestedQueryCost"].clone();
        assert!(cost.is_null() || cost == own, "{own} after {cost}");
        cost = own;
    }
    let mut codes = Vec::new();
    for _ in 0..10 {
        codes = client.send(by_hash(VIEWER)).await.codes().into_iter().map(str::to_owned).collect();
    }
    assert_eq!(codes, ["THROTTLED"]);
}
