//! The life of an incident.

use serde_json::json;
use tests::TestGateway;

#[tokio::test]
async fn an_incident_is_opened_and_read_again() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let input =
        json!({ "title": " Database down ", "severity": "HIGH", "affectedServices": [{ "name": "core" }] });
    let created = owner.mutate("incidentCreate", input, "incident { id number }").await.ok();
    assert_eq!(created.text("/incident/number"), "INC-2026-000001");
    assert_eq!(created.text("/receipt/committedAt"), "2026-11-21T03:00:00.000000Z");

    let document = "query($id: ID!) { incident(id: $id) { title severity status version affectedServices { name } \
                    reporter { kind name } createdAt } }";
    let read = owner.run_with(document, json!({ "id": created.text("/incident/id") })).await.ok();
    assert_eq!(
        *read.at("/incident"),
        json!({
            "title": "Database down",
            "severity": "HIGH",
            "status": "OPEN",
            "version": 1,
            "affectedServices": [{ "name": "core" }],
            "reporter": { "kind": "ADMIN_USER", "name": "Owner" },
            "createdAt": "2026-11-21T03:00:00.000000Z",
        })
    );
}
