//! Denied attempts are on the record, and nobody can fill the record by knocking.

use chrono::TimeDelta;
use entity::{
    audit_log::{AuditCategory, AuditOutcome},
    event,
};
use futures_util::future::join_all;
use opsgate::kernel::actor::{ADMIN_USER, ORGANIZATION};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;
use tests::{Client, Fact, TestGateway, until};

/// The denials on the record.
async fn denials(gateway: &TestGateway) -> Vec<Fact> {
    let facts = gateway.facts(0).await;
    facts.into_iter().filter(|fact| fact.event.event_type == "admin.access.denied").collect()
}

async fn knock(client: &Client, document: &str, times: usize) {
    // In bunches, so that it doesn't become a test of how many files one may open.
    for bunch in (0..times).collect::<Vec<_>>().chunks(50) {
        for answer in join_all(bunch.iter().map(|_| client.run(document))).await {
            assert_eq!(answer.codes(), ["FORBIDDEN"], "{}", answer.body);
        }
    }
}

/// Field and attempts of each.
fn counted(denials: &[Fact]) -> Vec<(&str, u64)> {
    let counted = |fact: &Fact| fact.event.payload["attempts"].as_u64().unwrap();
    denials.iter().map(|fact| (fact.event.payload["field"].as_str().unwrap(), counted(fact))).collect()
}

#[tokio::test]
async fn the_first_attempt_is_on_the_record_at_once() {
    let gateway = TestGateway::start().await;
    let acme = gateway.organization("acme").await;
    let partner = gateway.partner(&["directory.read"], acme).await;
    let answer = partner.run("{ incidents { nodes { id } } }").await;
    assert_eq!(answer.codes(), ["FORBIDDEN"]);
    let denials = denials(&gateway).await;
    let [fact] = &denials[..] else { panic!("{denials:?}") };
    assert_eq!(
        fact.event.payload,
        json!({ "field": "incidents", "requiredPermissions": ["incidents.read"], "attempts": 1 })
    );
    assert_eq!((fact.entry.category, fact.entry.outcome), (AuditCategory::Auth, AuditOutcome::Denied));
    assert_eq!(fact.entry.action, "ACCESS_DENIED");
    assert_eq!(fact.body["organizationId"], ORGANIZATION.encode(acme));
    assert_eq!(fact.body["actor"]["kind"], "API_TOKEN");
    assert_eq!(fact.personal("$request.ipAddress"), Some(&json!("127.0.0.1")));
}

#[tokio::test]
async fn a_flood_of_attempts_is_two_entries_a_minute() {
    let gateway = TestGateway::start().await;
    let client = gateway.with_scopes(&["directory.read"]).await;
    knock(&client, "{ incidents { nodes { id } } }", 1_000).await;
    assert_eq!(counted(&denials(&gateway).await), [("incidents", 1)]);
    gateway.advance(TimeDelta::minutes(1));
    until("the count is on the record", async || denials(&gateway).await.len() == 2).await;
    assert_eq!(counted(&denials(&gateway).await), [("incidents", 1), ("incidents", 999)]);

    // The next minute begins anew; one without an attempt leaves nothing.
    knock(&client, "{ incidents { nodes { id } } }", 1).await;
    assert_eq!(counted(&denials(&gateway).await)[2..], [("incidents", 1)]);
    knock(&client, "{ incidents { nodes { id } } }", 2).await;
    gateway.advance(TimeDelta::minutes(1));
    until("the count is on the record", async || denials(&gateway).await.len() == 4).await;
    assert_eq!(counted(&denials(&gateway).await)[3..], [("incidents", 2)]);
}

#[tokio::test]
async fn whoever_lacks_a_second_factor_is_on_the_record() {
    let gateway = TestGateway::start().await;
    let input = json!({ "roleId": "rol_x", "adminUserId": "adm_x" });
    // A token that somebody has found.
    let answer = gateway.owner().mutate("roleAssign", input.clone(), "").await;
    assert_eq!(answer.codes(), ["STEP_UP_REQUIRED"]);
    assert_eq!(counted(&denials(&gateway).await), [("roleAssign", 1)]);
    // And a password without the app.
    let owner = ADMIN_USER.parse(&gateway.owner_id().await).unwrap();
    let person = gateway.person(owner, "owner@localhost").await;
    let enrolling = gateway.holder(&gateway.sign_in(person.input(json!(null))).await.ok());
    assert_eq!(enrolling.mutate("roleRevoke", json!({ "id": "x" }), "").await.codes(), ["FORBIDDEN"]);
    assert_eq!(enrolling.run("{ incidents { nodes { id } } }").await.codes(), ["FORBIDDEN"]);
    let expected = [("roleAssign", 1), ("roleRevoke", 1), ("incidents", 1)];
    assert_eq!(counted(&denials(&gateway).await), expected);
}

#[tokio::test]
async fn what_was_only_counted_is_written_at_the_stop() {
    let gateway = TestGateway::start().await;
    let client = gateway.with_scopes(&["directory.read"]).await;
    knock(&client, "{ incidents { nodes { id } } }", 3).await;
    knock(&client, "{ incident(id: \"x\") { id } }", 1).await;
    let database = gateway.database().clone();
    gateway.stop().await;
    let denied = event::Entity::find()
        .filter(event::Column::EventType.eq("admin.access.denied"))
        .order_by_asc(event::Column::Id)
        .all(database.sql().await)
        .await
        .unwrap();
    let counted: Vec<_> =
        denied.iter().map(|row| (&row.payload["field"], &row.payload["attempts"])).collect();
    let (incidents, incident) = (json!("incidents"), json!("incident"));
    assert_eq!(
        counted,
        [(&incidents, &json!(1)), (&incident, &json!(1)), (&incidents, &json!(2))],
        "one that wasn't repeated is written once"
    );
}

#[tokio::test]
async fn what_cannot_be_written_is_counted_on() {
    let gateway = TestGateway::start().await;
    let client = gateway.with_scopes(&["directory.read"]).await;
    let db = gateway.database().sql().await;
    knock(&client, "{ incidents { nodes { id } } }", 3).await;
    db.execute_unprepared("ALTER TABLE audit_personal RENAME TO audit_personal_away").await.unwrap();
    // The count of the minute that is over can't be written, nor can the first attempt of the next.
    gateway.advance(TimeDelta::minutes(1));
    knock(&client, "{ incidents { nodes { id } } }", 2).await;
    db.execute_unprepared("ALTER TABLE audit_personal_away RENAME TO audit_personal").await.unwrap();
    let all =
        async || -> u64 { counted(&denials(&gateway).await).iter().map(|(_, attempts)| attempts).sum() };
    until("every attempt is on the record", async || {
        // A minute that passes while the counts of the one before are still being tried isn't seen: the next one is.
        gateway.advance(TimeDelta::minutes(1));
        all().await == 5
    })
    .await;
}

#[tokio::test]
async fn callers_and_fields_are_counted_apart() {
    let gateway = TestGateway::start().await;
    let (a, b) =
        (gateway.with_scopes(&["directory.read"]).await, gateway.with_scopes(&["access.read"]).await);
    for client in [&a, &b] {
        knock(client, "{ incidents { nodes { id } } }", 2).await;
        knock(client, "{ incident(id: \"x\") { id } }", 2).await;
    }
    let facts = denials(&gateway).await;
    let expected = [("incidents", 1), ("incident", 1), ("incidents", 1), ("incident", 1)];
    assert_eq!(counted(&facts), expected);
    assert_eq!(facts[0].event.actor_id, facts[1].event.actor_id);
    assert_ne!(facts[1].event.actor_id, facts[2].event.actor_id);
}

#[tokio::test]
async fn a_refused_relation_is_on_the_record_too() {
    let gateway = TestGateway::start().await;
    let input = json!({ "title": "x", "severity": "LOW" });
    let created = gateway.owner().mutate("incidentCreate", input, "incident { id }").await.ok();
    let id = json!({ "id": created.text("/incident/id") });
    gateway.owner().mutate("incidentAcknowledge", id.clone(), "").await.ok();
    let reader = gateway.with_scopes(&["incidents.read"]).await;
    let document = "query($id: ID!) { incident(id: $id) { title assignee { email } } }";
    let answer = reader.run_with(document, id).await;
    assert_eq!(answer.codes(), ["FORBIDDEN"]);
    assert_eq!(*answer.at("/incident"), json!({ "title": "x", "assignee": null }));
    assert_eq!(counted(&denials(&gateway).await), [("assignee", 1)]);
}

#[tokio::test]
async fn who_shows_nothing_valid_leaves_nothing() {
    let gateway = TestGateway::start().await;
    let seen = gateway.recorded().await;
    for client in [gateway.nobody(), gateway.client("opsk_nonsense"), gateway.client("a.b.c")] {
        for _ in 0..3 {
            let answer = client.run("{ incidents { nodes { id } } }").await;
            assert_eq!(answer.codes(), ["UNAUTHENTICATED"]);
        }
    }
    gateway.advance(TimeDelta::minutes(2));
    // Somebody else's attempt comes after whatever these would have left.
    knock(&gateway.with_scopes(&["access.read"]).await, "{ incidents { nodes { id } } }", 1).await;
    let facts = gateway.facts(seen).await;
    let types: Vec<_> = facts.iter().map(|fact| &*fact.event.event_type).collect();
    assert_eq!(types, ["admin.token.created", "admin.access.denied"]);
}
