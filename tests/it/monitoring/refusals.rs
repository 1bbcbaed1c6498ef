//! Who may not, and who sees what.

use serde_json::{Value, json};
use tests::TestGateway;

use super::{UNKNOWN_SERVICE, alert, alerts_of, refused, register, service, tried, tried_alert};

/// Every mutation with an input that would be done, and the permission that it takes.
fn mutations(service: &str, alert: &str) -> [(&'static str, Value, &'static str); 7] {
    let condition = json!({ "source": "s", "dedupKey": "k", "severity": "LOW", "title": "t" });
    [
        ("serviceRegister", json!({ "name": "another" }), "monitoring.manage"),
        ("serviceUpdate", json!({ "id": service, "tier": 2 }), "monitoring.manage"),
        ("serviceProbe", json!({ "id": service }), "monitoring.manage"),
        ("serviceDeregister", json!({ "id": service }), "monitoring.manage"),
        ("alertTrigger", condition, "monitoring.trigger"),
        ("alertAcknowledge", json!({ "id": alert }), "monitoring.respond"),
        ("alertResolve", json!({ "id": alert }), "monitoring.respond"),
    ]
}

#[tokio::test]
async fn each_mutation_takes_its_own_permission() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let probe = json!({ "tcp": { "host": "127.0.0.1", "port": gateway.address().port() } });
    let id = register(owner, json!({ "name": "core", "probe": probe })).await;
    let condition = json!({ "source": "s", "dedupKey": "a", "severity": "LOW", "title": "t" });
    let raised = tried_alert(owner, "alertTrigger", condition).await.ok();
    let raised = raised.text("/alert/id");
    gateway.run_until_idle().await;

    let all = ["monitoring.read", "monitoring.manage", "monitoring.trigger", "monitoring.respond"];
    for (mutation, input, permission) in mutations(&id, raised) {
        let others: Vec<_> = all.into_iter().filter(|other| *other != permission).collect();
        let denied = gateway.with_scopes(&others).await.mutate(mutation, input.clone(), "__typename").await;
        assert_eq!(denied.codes(), ["FORBIDDEN"], "{mutation}: {}", denied.body);
        let nobody = gateway.nobody().mutate(mutation, input.clone(), "__typename").await;
        assert_eq!(nobody.codes(), ["UNAUTHENTICATED"], "{mutation}");
        if mutation == "serviceDeregister" {
            continue;
        }
        // Who may do it, and not read, does it unseen.
        let object = if mutation.starts_with("alert") { "alert { id }" } else { "service { id }" };
        let blind = gateway.with_scopes(&[permission]).await;
        let done = blind.mutate(mutation, input, object).await;
        assert_eq!(done.codes(), ["FORBIDDEN"], "{mutation}: {}", done.body);
        assert!(!done.at("/receipt/auditLogId").is_null(), "{mutation}: {}", done.body);
    }
    for query in ["systemHealth { state }", "services { nodes { id } }", "alerts { nodes { id } }"] {
        let denied = gateway.with_scopes(&all[1..]).await.run(&format!("{{ {query} }}")).await;
        assert_eq!(denied.codes(), ["FORBIDDEN"], "{query}");
    }
}

#[tokio::test]
async fn who_has_an_organization_sees_and_touches_its_own_alone() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let (acme, other) = (gateway.organization("acme").await, gateway.organization("other").await);
    let partner = gateway.partner(&["monitoring.*", "directory.read"], acme).await;
    let stranger = gateway.partner(&["monitoring.*", "directory.read"], other).await;
    let condition = json!({ "source": "s", "dedupKey": "k", "severity": "LOW", "title": "t" });
    let own = register(&partner, json!({ "name": "core" })).await;
    let raised = tried_alert(&partner, "alertTrigger", condition.clone()).await.ok();
    let raised = raised.text("/alert/id").to_owned();
    // The same condition of somebody else is another one.
    let theirs = tried_alert(&stranger, "alertTrigger", condition.clone()).await.ok();
    let platform = tried_alert(owner, "alertTrigger", condition.clone()).await.ok();
    for answer in [&theirs, &platform] {
        assert_eq!(*answer.at("/alert/count"), 1);
    }
    let organization = json!({ "id": opsgate::kernel::actor::ORGANIZATION.encode(acme) });
    assert_eq!(service(&partner, &own).await["organization"], organization);
    assert_eq!(alert(owner, &raised).await["organization"], organization);
    let about =
        json!({ "source": "s", "dedupKey": "about", "severity": "LOW", "title": "t", "serviceId": own });
    tried_alert(owner, "alertTrigger", about.clone()).await.ok();
    // What others say about its service belongs to the service's organization.
    assert_eq!(alerts_of(&partner, &own).await.len(), 1);

    assert_eq!(service(&stranger, &own).await, Value::Null);
    assert_eq!(alert(&stranger, &raised).await, Value::Null);
    for (mutation, input, _) in mutations(&own, &raised) {
        if input.get("id").is_some() {
            refused(&stranger.mutate(mutation, input, "__typename").await, "NOT_FOUND", "input.id");
        }
    }
    refused(&tried_alert(&stranger, "alertTrigger", about).await, "NOT_FOUND", "input.serviceId");
    let depends = json!({ "name": "x", "dependsOn": [own] });
    refused(&tried(&stranger, "serviceRegister", depends).await, "NOT_FOUND", "input.dependsOn.0");
    let foreign = json!({ "name": "x", "organizationId": organization["id"] });
    refused(&tried(&stranger, "serviceRegister", foreign).await, "NOT_FOUND", "input.organizationId");

    let count = async |client: &tests::Client| {
        let answer = client.run("{ services { totalCount } alerts { totalCount } }").await.ok();
        (answer.at("/services/totalCount").clone(), answer.at("/alerts/totalCount").clone())
    };
    assert_eq!(count(&partner).await, (json!(1), json!(2)));
    assert_eq!(count(&stranger).await, (json!(0), json!(1)));
    assert_eq!(count(owner).await, (json!(1), json!(4)));
}

#[tokio::test]
async fn a_stale_version_is_a_conflict() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let id = register(owner, json!({ "name": "core" })).await;
    tried(owner, "serviceUpdate", json!({ "id": id, "tier": 2, "expectedVersion": 1 })).await.ok();
    for mutation in ["serviceUpdate", "serviceDeregister"] {
        let stale = tried(owner, mutation, json!({ "id": id, "expectedVersion": 1 })).await;
        refused(&stale, "CONFLICT", "input.expectedVersion");
        assert_eq!(*stale.at("/service/version"), 2, "{mutation}");
        let nothing = tried(owner, mutation, json!({ "id": UNKNOWN_SERVICE })).await;
        refused(&nothing, "NOT_FOUND", "input.id");
    }
    tried(owner, "serviceDeregister", json!({ "id": id, "expectedVersion": 2 })).await.ok();
    refused(&tried(owner, "serviceDeregister", json!({ "id": id })).await, "NOT_FOUND", "input.id");
}
