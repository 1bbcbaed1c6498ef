//! Opening an incident.

use chrono::TimeDelta;
use entity::admin_user::AdminLevel;
use opsgate::kernel::actor::{ADMIN_USER, ORGANIZATION};
use serde_json::json;
use tests::TestGateway;
use uuid::Uuid;

use super::{UNKNOWN, done, open, refused, timeline, tried};

#[tokio::test]
async fn an_incident_is_opened_and_read_again() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let account = gateway.account("Ada", AdminLevel::Admin).await;
    let input = json!({
        "title": "  Database down \n",
        "description": "Nobody can log in.",
        "severity": "HIGH",
        "impact": "FEW",
        "urgency": "LOW",
        "affectedServices": [{ "name": " core " }, { "name": "login", "impact": "ALL" }],
        "assigneeId": ADMIN_USER.encode(account),
    });
    let created = done(owner, "incidentCreate", input).await;
    let mut incident = created.at("/incident").clone();
    let reporter = incident["reporter"]["id"].clone();
    assert!(ADMIN_USER.parse(reporter.as_str().unwrap()).is_ok());
    for varying in ["id", "uuid", "viewerCan"] {
        incident.as_object_mut().unwrap().remove(varying);
    }
    let now = "2026-11-21T03:00:00.000000Z";
    assert_eq!(
        incident,
        json!({
            "number": "INC-2026-000001",
            "title": "Database down",
            "description": "Nobody can log in.",
            // What is given counts, whatever impact and urgency say.
            "severity": "HIGH",
            "impact": "FEW",
            "urgency": "LOW",
            "status": "OPEN",
            "affectedServices": [{ "name": "core", "impact": null }, { "name": "login", "impact": "ALL" }],
            "reporter": { "kind": "ADMIN_USER", "id": reporter, "name": "Owner" },
            "assignee": { "id": ADMIN_USER.encode(account), "name": "Ada" },
            "commander": null,
            "organization": null,
            "participants": [{ "kind": "ADMIN_USER", "id": reporter }],
            "mergedInto": null,
            "reopenedFrom": null,
            "rootCause": null,
            "resolution": null,
            "detectedAt": now,
            "acknowledgedAt": null,
            "mitigatedAt": null,
            "resolvedAt": null,
            "closedAt": null,
            "createdAt": now,
            "updatedAt": now,
            "version": 1,
        })
    );
    let by_number = owner.run("{ incidentByNumber(number: \"INC-2026-000001\") { id } }").await.ok();
    assert_eq!(by_number.at("/incidentByNumber/id"), created.at("/incident/id"));
    let id = created.text("/incident/id");
    assert_eq!(
        timeline(gateway.owner(), id).await,
        [("CREATED".to_owned(), "INTERNAL".to_owned(), "opened the incident".to_owned())]
    );
}

#[tokio::test]
async fn severity_follows_from_impact_and_urgency() {
    let gateway = TestGateway::start().await;
    // DOMAINS.md: all/many/few × critical/high/low; if unsure, higher.
    for (impact, urgency, expected) in [
        (json!("ALL"), json!("CRITICAL"), "CRITICAL"),
        (json!("ALL"), json!("HIGH"), "CRITICAL"),
        (json!("ALL"), json!("LOW"), "HIGH"),
        (json!("MANY"), json!("CRITICAL"), "CRITICAL"),
        (json!("MANY"), json!("HIGH"), "HIGH"),
        (json!("MANY"), json!("LOW"), "MEDIUM"),
        (json!("FEW"), json!("CRITICAL"), "HIGH"),
        (json!("FEW"), json!("HIGH"), "MEDIUM"),
        (json!("FEW"), json!("LOW"), "LOW"),
        (json!("MANY"), json!(null), "CRITICAL"),
        (json!(null), json!("LOW"), "HIGH"),
    ] {
        let input = json!({ "title": "Slow", "impact": impact, "urgency": urgency });
        let created = done(gateway.owner(), "incidentCreate", input).await;
        assert_eq!(created.text("/incident/severity"), expected, "{impact} × {urgency}");
    }
}

#[tokio::test]
async fn numbers_rise_through_the_years() {
    let gateway = TestGateway::start().await;
    let mut numbers = Vec::new();
    for _ in 0..3 {
        let created =
            done(gateway.owner(), "incidentCreate", json!({ "title": "x", "severity": "LOW" })).await;
        numbers.push(created.text("/incident/number").to_owned());
        gateway.advance(TimeDelta::days(30));
    }
    assert_eq!(numbers, ["INC-2026-000001", "INC-2026-000002", "INC-2027-000003"]);
}

#[tokio::test]
async fn every_rule_of_the_input_is_checked() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let idle = gateway.account("Idle", AdminLevel::Admin).await;
    gateway.deactivate(idle).await;
    let seen = gateway.recorded().await;
    let services = |count: usize| json!(vec![json!({ "name": "s" }); count]);
    for (input, expected) in [
        (json!({ "title": "", "severity": "LOW" }), ("REQUIRED", "input.title")),
        (json!({ "title": " \t ", "severity": "LOW" }), ("REQUIRED", "input.title")),
        (json!({ "title": "ä".repeat(256), "severity": "LOW" }), ("TOO_LONG", "input.title")),
        (json!({ "title": "a\0b", "severity": "LOW" }), ("INVALID", "input.title")),
        (
            json!({ "title": "x", "severity": "LOW", "description": "d".repeat(10_001) }),
            ("TOO_LONG", "input.description"),
        ),
        (json!({ "title": "x" }), ("REQUIRED", "input.severity")),
        (
            json!({ "title": "x", "severity": "LOW", "affectedServices": services(51) }),
            ("LIMIT_EXCEEDED", "input.affectedServices"),
        ),
        (
            json!({ "title": "x", "severity": "LOW", "affectedServices": [{ "name": "a" }, { "name": " " }] }),
            ("REQUIRED", "input.affectedServices.1.name"),
        ),
        (
            json!({ "title": "x", "severity": "LOW", "affectedServices": [{ "name": "s".repeat(101) }] }),
            ("TOO_LONG", "input.affectedServices.0.name"),
        ),
        (
            json!({ "title": "x", "severity": "LOW", "assigneeId": ADMIN_USER.encode(Uuid::from_u128(7)) }),
            ("NOT_FOUND", "input.assigneeId"),
        ),
        (
            json!({ "title": "x", "severity": "LOW", "assigneeId": ADMIN_USER.encode(idle) }),
            ("NOT_FOUND", "input.assigneeId"),
        ),
        (json!({ "title": "x", "severity": "LOW", "assigneeId": UNKNOWN }), ("INVALID", "input.assigneeId")),
        (json!({ "title": "x", "severity": "LOW", "assigneeId": "me" }), ("INVALID", "input.assigneeId")),
        (
            json!({ "title": "x", "severity": "LOW", "organizationId": ORGANIZATION.encode(Uuid::from_u128(7)) }),
            ("NOT_FOUND", "input.organizationId"),
        ),
        (
            json!({ "title": "x", "severity": "LOW", "organizationId": UNKNOWN }),
            ("INVALID", "input.organizationId"),
        ),
    ] {
        let answer = tried(owner, "incidentCreate", input.clone()).await;
        refused(&answer, &[expected]);
        assert!(answer.at("/incident").is_null(), "{input}");
    }
    assert_eq!(gateway.recorded().await, seen, "what is refused leaves nothing");

    // Several mistakes are told at once.
    let answer = tried(owner, "incidentCreate", json!({ "title": "", "description": "\0" })).await;
    refused(
        &answer,
        &[("REQUIRED", "input.title"), ("INVALID", "input.description"), ("REQUIRED", "input.severity")],
    );
    // The longest that is accepted.
    let input = json!({
        "title": "ä".repeat(255),
        "description": "ö".repeat(10_000),
        "severity": "LOW",
        "affectedServices": services(50),
    });
    done(owner, "incidentCreate", input).await;
}

#[tokio::test]
async fn an_incident_belongs_to_the_organization_of_whoever_opens_it() {
    let gateway = TestGateway::start().await;
    let (acme, globex) = (gateway.organization("acme").await, gateway.organization("globex").await);
    let partner = gateway.partner(&["incidents.*", "directory.read"], acme).await;
    let created = done(&partner, "incidentCreate", json!({ "title": "x", "severity": "LOW" })).await;
    assert_eq!(created.text("/incident/organization/slug"), "acme");
    assert_eq!(created.text("/incident/reporter/kind"), "API_TOKEN");

    // The platform chooses, a partner doesn't.
    let input = |id| json!({ "title": "x", "severity": "LOW", "organizationId": ORGANIZATION.encode(id) });
    let created = done(gateway.owner(), "incidentCreate", input(globex)).await;
    assert_eq!(created.text("/incident/organization/slug"), "globex");
    refused(
        &tried(&partner, "incidentCreate", input(globex)).await,
        &[("NOT_FOUND", "input.organizationId")],
    );
    let id = open(gateway.owner()).await;
    assert!(super::read(gateway.owner(), &id).await["organization"].is_null());
}
