//! Making one organization of two: what goes along, what ends, what stays readable, and what can't be.

use std::collections::BTreeSet;

use entity::organization;
use opsgate::{
    directory::{Fate, MERGED_TABLES},
    kernel::{actor::ORGANIZATION, id::Prefix},
};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement};
use serde_json::{Value, json};
use tests::{Answer, Client, Database, Message, TestGateway};
use uuid::Uuid;

use super::{refused, subscribe_to_plan};

const FIELDS: &str = "organization { slug status } source { slug status mergedInto { slug } version } \
                      moved { type moved collided }";

async fn merge(client: &Client, source: Uuid, target: Uuid) -> Answer {
    let input = json!({ "sourceId": ORGANIZATION.encode(source), "targetId": ORGANIZATION.encode(target) });
    client.mutate("organizationMerge", input, FIELDS).await
}

/// How many rows of a type moved, and collided.
fn moved(answer: &Answer, ty: &str) -> (i64, i64) {
    let all = answer.at("/moved").as_array().unwrap();
    let found = all.iter().find(|rows| rows["type"] == ty).unwrap_or_else(|| panic!("{ty} in {all:?}"));
    (found["moved"].as_i64().unwrap(), found["collided"].as_i64().unwrap())
}

/// Does something of everything in the organization of a partner; answers the incident's id.
async fn busy(partner: &Client, gateway: &TestGateway, organization: Uuid, slug: &str) -> String {
    gateway.member(&format!("{slug} Ada"), organization).await;
    subscribe_to_plan(gateway, organization, slug).await;
    partner.mutate("serviceRegister", json!({ "name": "api" }), "").await.ok();
    let alert = json!({ "source": "shop", "dedupKey": "disk", "severity": "LOW", "title": slug });
    partner.mutate("alertTrigger", alert, "").await.ok();
    let incident = json!({ "title": slug, "severity": "LOW" });
    let answer = partner.mutate("incidentCreate", incident, "incident { id }").await.ok();
    answer.text("/incident/id").to_owned()
}

/// Everything that a partner sees, as names.
async fn seen(client: &Client) -> Value {
    let document = "{ services { nodes { name organization { slug } } } alerts { nodes { dedupKey title } } \
                    incidents { nodes { title timeline { totalCount } organization { slug } } } \
                    users { totalCount } billingSubscriptions { totalCount } organizations { nodes { slug } } \
                    auditLogs { totalCount } events(filter: { type: { eq: \"monitoring.incident.created\" } }) \
                    { totalCount } }";
    client.run(document).await.ok().at("").clone()
}

#[tokio::test]
async fn everything_goes_along_and_what_was_recorded_is_read_with_it() {
    let gateway = TestGateway::start().await;
    let (acme, globex) = (gateway.organization("acme").await, gateway.organization("globex").await);
    let (ours, theirs) = (gateway.partner(&["*"], acme).await, gateway.partner(&["*"], globex).await);
    busy(&ours, &gateway, acme, "acme").await;
    let incident = busy(&theirs, &gateway, globex, "globex").await;
    // Somebody is a member of both.
    let both = gateway.member("Both", acme).await;
    let input = json!({ "organizationId": ORGANIZATION.encode(globex), "userId": Prefix("usr").encode(both), "role": "x" });
    gateway.owner().mutate("organizationMemberAdd", input, "").await.ok();
    gateway.run_until_idle().await;
    let (before, foreign) = (seen(&ours).await, seen(&theirs).await);
    let mut live = theirs.socket().await;
    live.subscribe("live", "subscription { eventPublished { type } }", json!({})).await;
    let recorded = gateway.recorded().await;

    // A rehearsal says what would be, and nothing is.
    let rehearsal = merge(&gateway.owner().with_header("x-dry-run", "true"), globex, acme).await.ok();
    assert_eq!(moved(&rehearsal, "Incident"), (1, 0));
    assert_eq!((seen(&ours).await, gateway.recorded().await), (before.clone(), recorded));

    let answer = merge(gateway.owner(), globex, acme).await.ok();
    assert_eq!(*answer.at("/organization"), json!({ "slug": "acme", "status": "ACTIVE" }));
    let source =
        json!({ "slug": "globex", "status": "MERGED", "mergedInto": { "slug": "acme" }, "version": 2 });
    assert_eq!(*answer.at("/source"), source);
    for (ty, expected) in [
        ("OrganizationMember", (1, 1)),
        ("BillingSubscription", (1, 0)),
        ("ApiToken", (1, 0)),
        ("Service", (1, 1)),
        ("Alert", (1, 1)),
        ("Incident", (1, 0)),
        ("IncidentTimelineEntry", (1, 0)),
    ] {
        assert_eq!(moved(&answer, ty), expected, "{ty}");
    }

    // The source's token is gone within a second, and its streams with it; the target's partner sees all.
    let end = tokio::time::timeout(std::time::Duration::from_secs(1), live.closed()).await.unwrap();
    assert_eq!(end, (4401, "revoked".to_owned()));
    assert_eq!(theirs.run("{ viewer { permissions } }").await.codes(), ["UNAUTHENTICATED"]);
    gateway.rights_read().await;
    let after = seen(&ours).await;
    assert_eq!(
        after["services"]["nodes"],
        json!([
            { "name": "api (globex)", "organization": { "slug": "acme" } },
            { "name": "api", "organization": { "slug": "acme" } },
        ])
    );
    assert_eq!(after["alerts"]["nodes"][0], json!({ "dedupKey": "disk (globex)", "title": "globex" }));
    assert_eq!(
        after["incidents"]["nodes"][0],
        json!({ "title": "globex", "timeline": { "totalCount": 1 }, "organization": { "slug": "acme" } })
    );
    assert_eq!(
        (&after["users"]["totalCount"], &after["billingSubscriptions"]["totalCount"]),
        (&json!(3), &json!(2))
    );
    // What was recorded stays as it was, and is read with the rest; and the merge itself.
    assert_eq!(after["events"]["totalCount"], 2);
    let count = |seen: &Value| seen["auditLogs"]["totalCount"].as_i64().unwrap();
    assert_eq!(count(&after), count(&before) + count(&foreign) + 1);
    let document = "query($id: ID!) { incident(id: $id) { title version } }";
    let read = ours.run_with(document, json!({ "id": incident })).await.ok();
    assert_eq!(
        *read.at("/incident"),
        json!({ "title": "globex", "version": 1 }),
        "a move is nothing of its own"
    );
    // Whoever isn't limited finds what was recorded of the one by asking for the other.
    let of_acme = format!(
        "{{ events(filter: {{ organizationId: {{ eq: \"{}\" }}, type: {{ eq: \"monitoring.incident.created\" }} }}) \
         {{ totalCount }} auditLogs(filter: {{ organizationId: {{ in: [\"{}\"] }} }}) {{ totalCount }} }}",
        ORGANIZATION.encode(acme),
        ORGANIZATION.encode(acme),
    );
    let found = gateway.owner().run(&of_acme).await.ok();
    assert_eq!(
        (found.at("/events/totalCount"), found.at("/auditLogs/totalCount")),
        (&json!(2), &json!(count(&after)))
    );

    let facts = gateway.facts(recorded).await;
    assert_eq!(facts.len(), 1);
    let event = &facts[0].event;
    assert_eq!((&*event.event_type, event.organization_id), ("directory.organization.merged", acme));
    assert_eq!(event.entity_id, ORGANIZATION.encode(globex));
    assert_eq!(event.payload["into"], ORGANIZATION.encode(acme));
    assert_eq!(event.payload["rows"], *answer.at("/moved"));
    assert_eq!(event.payload["revokedTokenIds"].as_array().unwrap().len(), 1);

    // The same again answers the same and does nothing.
    let again = merge(gateway.owner(), globex, acme).await.ok();
    assert_eq!((again.at("/moved"), again.at("/source")), (answer.at("/moved"), answer.at("/source")));
    assert!(again.at("/receipt").is_null());
    assert_eq!(gateway.recorded().await, recorded + 1);
}

#[tokio::test]
async fn what_cant_be_merged_is_refused() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let mut made = Vec::new();
    for slug in ["acme", "globex", "initech", "hooli"] {
        made.push(gateway.organization(slug).await);
    }
    let [acme, globex, initech, hooli] = made[..] else { unreachable!() };
    refused(&merge(owner, acme, acme).await, "INVALID", "sourceId");
    let nobody = Uuid::from_u128(7);
    refused(&merge(owner, nobody, acme).await, "NOT_FOUND", "sourceId");
    refused(&merge(owner, acme, nobody).await, "NOT_FOUND", "targetId");
    merge(owner, globex, acme).await.ok();
    // One that is merged goes nowhere else, nothing goes into it, and so there are no circles.
    refused(&merge(owner, globex, initech).await, "INVALID_TRANSITION", "sourceId");
    refused(&merge(owner, initech, globex).await, "NOT_ALLOWED", "targetId");
    refused(&merge(owner, acme, globex).await, "NOT_ALLOWED", "targetId");
    let input = json!({
        "sourceId": ORGANIZATION.encode(initech), "targetId": ORGANIZATION.encode(acme), "expectedVersion": 7,
    });
    assert_eq!(owner.mutate("organizationMerge", input, "").await.user_error_codes(), ["CONFLICT"]);
    let partner = gateway.partner(&["*"], acme).await;
    refused(&merge(&partner, initech, acme).await, "NOT_FOUND", "sourceId");
    refused(&merge(&partner, acme, initech).await, "NOT_FOUND", "targetId");
    let clerk = gateway.with_scopes(&["directory.manage_organizations", "directory.read"]).await;
    assert_eq!(merge(&clerk, initech, acme).await.codes(), ["FORBIDDEN"]);
    // By way of another: what is read of the last are all of them.
    merge(owner, acme, hooli).await.ok();
    let partner = gateway.partner(&["directory.read"], hooli).await;
    let seen = partner.run("{ organizations { totalCount } }").await.ok();
    assert_eq!(*seen.at("/organizations/totalCount"), 3);
}

#[tokio::test]
async fn two_merges_at_once_make_no_circle() {
    let gateway = TestGateway::start().await;
    let (acme, globex) = (gateway.organization("acme").await, gateway.organization("globex").await);
    let (one, other) = (gateway.owner().apart(), gateway.owner().apart());
    let (there, back) = tokio::join!(merge(&one, globex, acme), merge(&other, acme, globex));
    let done =
        [&there, &back].map(|answer| answer.user_error_codes().is_empty() && answer.codes().is_empty());
    assert_eq!(done.iter().filter(|done| **done).count(), 1, "{} {}", there.body, back.body);
    let rows = organization::Entity::find().all(gateway.kernel().db().reader()).await.unwrap();
    assert_eq!(rows.iter().filter(|row| row.merged_into_id.is_some()).count(), 1);
}

/// What the catalogue of the migrated database says: tables with a column of organizations, and those of them with a
/// unique index that has it.
async fn owned(gateway: &TestGateway) -> (BTreeSet<String>, BTreeSet<String>) {
    let db = gateway.database().sql().await;
    let (tables, unique) = if Database::is_postgres() {
        (
            "SELECT table_name AS name FROM information_schema.columns \
             WHERE table_schema = current_schema() AND column_name LIKE '%organization%'",
            "SELECT tablename AS name FROM pg_indexes WHERE schemaname = current_schema() \
             AND indexdef LIKE 'CREATE UNIQUE%' AND indexdef LIKE '%organization_id%'",
        )
    } else {
        (
            "SELECT m.name AS name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND c.name LIKE '%organization%'",
            "SELECT tbl_name AS name FROM sqlite_master WHERE type = 'index' AND sql LIKE 'CREATE UNIQUE%' \
             AND sql LIKE '%organization_id%'",
        )
    };
    let backend = if Database::is_postgres() { DbBackend::Postgres } else { DbBackend::Sqlite };
    let mut found = Vec::new();
    for sql in [tables, unique] {
        let rows = db.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
        found.push(rows.iter().map(|row| row.try_get::<String>("", "name").unwrap()).collect());
    }
    let [tables, unique] = found.try_into().unwrap();
    (tables, unique)
}

#[tokio::test]
async fn every_table_with_an_organization_says_what_becomes_of_its_rows() {
    let gateway = TestGateway::start().await;
    let (tables, unique) = owned(&gateway).await;
    let declared: BTreeSet<_> = MERGED_TABLES.iter().map(|table| table.name.to_owned()).collect();
    assert_eq!(declared, tables, "store/merge.rs of the directory declares each table with an organization");
    for table in MERGED_TABLES {
        let is_settled = matches!(table.fate, Fate::Drops(_) | Fate::Renames(..));
        assert_eq!(is_settled, unique.contains(table.name), "{}: its unique keys", table.name);
    }
}

#[tokio::test]
async fn who_follows_the_target_hears_of_the_merge_and_then_of_what_came_along() {
    let gateway = TestGateway::start().await;
    let (acme, globex) = (gateway.organization("acme").await, gateway.organization("globex").await);
    let ours = gateway.partner(&["*"], acme).await;
    let incident = gateway.partner(&["*"], globex).await;
    let incident = busy(&incident, &gateway, globex, "globex").await;
    let after = ours.run("{ eventCursor }").await.ok().at("/eventCursor").clone();
    let mut live = ours.socket().await;
    let document = "subscription($after: EventCursor) { eventPublished(after: $after) { type } }";
    live.subscribe("live", document, json!({ "after": after })).await;
    merge(gateway.owner(), globex, acme).await.ok();
    gateway.rights_read().await;
    ours.mutate("incidentAcknowledge", json!({ "id": incident }), "").await.ok();
    let mut heard = Vec::new();
    while heard.last().is_none_or(|ty| ty != "monitoring.incident.acknowledged") {
        let Message::Json(message) = live.next().await else { panic!("{heard:?}") };
        heard.push(message["payload"]["data"]["eventPublished"]["type"].as_str().unwrap().to_owned());
    }
    assert!(heard.contains(&"directory.organization.merged".to_owned()), "{heard:?}");
}
