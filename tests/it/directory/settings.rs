//! The settings of an organization: what the published schema says, and nothing else.

use opsgate::kernel::actor::ORGANIZATION;
use serde_json::{Value, json};
use tests::{Answer, Client, TestGateway};
use uuid::Uuid;

use super::refused;

const FIELDS: &str = "organization { id settings version }";

async fn update(client: &Client, organization: Uuid, settings: Value) -> Answer {
    let input = json!({ "id": ORGANIZATION.encode(organization), "settings": settings });
    client.mutate("organizationSettingsUpdate", input, FIELDS).await
}

#[tokio::test]
async fn settings_are_what_the_schema_says() {
    let gateway = TestGateway::start().await;
    let acme = gateway.organization("acme").await;
    let clerk = gateway.with_scopes(&["directory.manage_organizations", "directory.read"]).await;
    let before = gateway.recorded().await;
    let settings =
        json!({ "locale": "en", "contacts": { "billing": "money@example.com" }, "limits": { "seats": 4 } });
    let updated = update(&clerk, acme, settings.clone()).await.ok();
    assert_eq!(
        (updated.at("/organization/settings"), updated.at("/organization/version")),
        (&settings, &json!(2))
    );
    // The same again changes nothing; a new one is all that there is.
    assert!(update(&clerk, acme, settings).await.ok().at("/receipt").is_null());
    let updated = update(&clerk, acme, json!({ "locale": "de" })).await.ok();
    assert_eq!(*updated.at("/organization/settings"), json!({ "locale": "de" }));

    for (wrong, path) in [
        (json!({ "locale": 1 }), "settings.locale"),
        (json!({ "contacts": { "billing": "nobody" } }), "settings.contacts.billing"),
        (json!({ "colour": "red" }), "settings"),
        (json!({ "custom": { "a": "\0" } }), "settings.custom.a"),
        (json!([]), "settings"),
    ] {
        refused(&update(&clerk, acme, wrong).await, "INVALID", path);
    }
    let long = json!({ "custom": { "a": "x".repeat(20_000) } });
    refused(&update(&clerk, acme, long).await, "TOO_LONG", "settings");
    let input = json!({ "id": ORGANIZATION.encode(acme), "settings": {}, "expectedVersion": 1 });
    let stale = clerk.mutate("organizationSettingsUpdate", input, FIELDS).await;
    assert_eq!((stale.user_error_codes(), stale.at("/organization/version")), (vec!["CONFLICT"], &json!(3)));

    let facts = gateway.facts(before).await;
    assert_eq!(facts.len(), 2);
    for fact in facts {
        assert_eq!(fact.event.event_type, "directory.organization.updated");
        assert_eq!(fact.event.payload["changed"], json!(["settings"]));
        assert!(!fact.shows("money@example.com"), "an address is nothing for the record");
    }
}

#[tokio::test]
async fn the_schema_is_published() {
    let gateway = TestGateway::start().await;
    let reader = gateway.with_scopes(&["directory.read"]).await;
    let answer = reader.run("{ organizationSettingsSchema }").await.ok();
    let schema = answer.at("/organizationSettingsSchema");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(schema["properties"]["contacts"].is_object() && schema["additionalProperties"] == false);
}
