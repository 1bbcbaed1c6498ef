//! Every way from one type to another: it takes the permission of where it leads to.

use std::collections::{BTreeMap, BTreeSet};

use opsgate::{
    kernel::guard::{Root, RootField},
    schema,
};
use serde_json::{Value, json};

use super::{base, fields, fixture::Fixture, types};

/// The types whose objects have an id, and the permission that seeing one takes.
pub(super) const STORED: &[(&str, &str)] = &[
    ("Alert", "monitoring.read"),
    ("AdminUser", "access.read"),
    ("ApiToken", "access.read"),
    ("Approval", "access.read"),
    ("AuditLog", "audit.read"),
    ("BillingSubscription", "billing.read"),
    ("Impersonation", "access.read"),
    ("Incident", "incidents.read"),
    ("IpAllowEntry", "access.read"),
    ("IncidentTimelineEntry", "incidents.read"),
    ("Organization", "directory.read"),
    ("OrganizationMember", "directory.read"),
    ("PublishedEvent", "events.read"),
    ("Role", "access.read"),
    ("RoleAssignment", "access.read"),
    ("Service", "monitoring.read"),
    ("Session", "access.read"),
    ("User", "directory.read"),
];

/// Types without an id that lead to some, and the permission that getting there takes; none: any.
const PARENTS: &[(&str, Option<&str>)] = &[
    ("AlertChange", Some("monitoring.read")),
    ("ApprovalVote", Some("access.read")),
    ("AuditLogArrival", Some("audit.read")),
    ("IncidentChange", Some("incidents.read")),
    ("ServiceChange", Some("monitoring.read")),
    ("Viewer", None),
];

/// Each relation to a type that takes another permission than its parent: a query that goes there. The fixture's rows
/// have every relation.
#[rustfmt::skip]
pub(super) const EDGES: &[(&str, &str)] = &[
    ("Alert.organization", r#"{ alert(id: "{alert}") { organization { id } } }"#),
    ("AdminUser.user", r#"{ adminUser(id: "{account}") { user { id } } }"#),
    ("ApiToken.organization", r#"{ apiToken(id: "{token}") { organization { id } } }"#),
    ("Approval.beneficiary", r#"{ approval(id: "{approval}") { beneficiary { id } } }"#),
    ("AuditLog.organization", r#"{ auditLog(id: "{entry}") { organization { id } } }"#),
    ("AuditLog.subjectUser", r#"{ auditLog(id: "{about}") { subjectUser { id } } }"#),
    ("BillingSubscription.organization", r#"{ billingSubscription(id: "{subscription}") { organization { id } } }"#),
    ("Impersonation.organization", r#"{ impersonation(id: "{impersonation}") { organization { id } } }"#),
    ("Impersonation.user", r#"{ impersonation(id: "{impersonation}") { user { id } } }"#),
    ("Incident.alerts", r#"{ incident(id: "{incident}") { alerts { nodes { id } } } }"#),
    ("Incident.assignee", r#"{ incident(id: "{incident}") { assignee { id } } }"#),
    ("Incident.commander", r#"{ incident(id: "{incident}") { commander { id } } }"#),
    ("Incident.organization", r#"{ incident(id: "{incident}") { organization { id } } }"#),
    ("PublishedEvent.auditLog", r#"{ event(id: "{event}") { auditLog { id } } }"#),
    ("PublishedEvent.organization", r#"{ event(id: "{event}") { organization { id } } }"#),
    ("Service.organization", r#"{ service(id: "{service}") { organization { id } } }"#),
    ("User.activity", r#"{ user(id: "{user}") { activity { nodes { id } } } }"#),
    ("Viewer.adminUser", "{ viewer { adminUser { id } } }"),
    ("Viewer.organization", "{ viewer { organization { id } } }"),
];

fn needed(ty: &str) -> Option<&'static str> {
    STORED.iter().find(|(name, _)| *name == ty).map(|(_, permission)| *permission)
}

/// The stored type that a field leads to, also by way of a page.
fn leads_to(ty: &str) -> Option<(&'static str, &'static str)> {
    let named = |name: &str| STORED.iter().find(|(stored, _)| *stored == name).copied();
    named(ty).or_else(|| named(ty.strip_suffix("Connection")?))
}

/// The changed object in the payload of a mutation, and the permission that seeing it takes.
pub(super) fn of_payload(field: &RootField) -> Option<(String, &'static str)> {
    if field.root != Root::Mutation {
        return None;
    }
    let payload = format!("{}{}Payload", field.name[..1].to_uppercase(), &field.name[1..]);
    let types = types();
    let ty = types.iter().find(|ty| ty.name.node == payload.as_str())?;
    fields(ty).into_iter().find_map(|field| Some((field.name.node.to_string(), leads_to(&base(field))?.1)))
}

#[test]
fn every_type_with_an_id_is_listed() {
    let listed: BTreeSet<_> = STORED.iter().map(|(name, _)| (*name).to_owned()).collect();
    let has = |ty: &_, name: &str, shape: &str| {
        fields(ty).iter().any(|field| field.name.node == name && field.ty.node.to_string() == shape)
    };
    let found = types().into_iter().filter(|ty| has(ty, "id", "ID!") && has(ty, "uuid", "UUID!"));
    let found: BTreeSet<_> = found.map(|ty| ty.name.node.to_string()).collect();
    assert_eq!(listed, found, "edges::STORED lists the types with an id");
    // Where a root field reads one, it takes the same.
    let catalogue = schema::catalogue();
    let types = types();
    let query = types.iter().find(|ty| ty.name.node == "Query").unwrap();
    for field in fields(query) {
        if let Some((ty, permission)) = leads_to(&base(field)) {
            let declared = catalogue.field(&field.name.node).unwrap().access.permission();
            assert_eq!(declared, Some(permission), "Query.{} and {ty}", field.name.node);
        }
    }
}

/// Every relation to a type that takes another permission than its parent, with both.
fn crossing() -> BTreeMap<String, (Option<&'static str>, &'static str)> {
    let mut found = BTreeMap::new();
    for ty in types() {
        let name = ty.name.node.as_str();
        // Roots declare for themselves; payloads are tried with their mutations; pages show what their field allows.
        let is_passed = ["Query", "Mutation", "Subscription"].contains(&name)
            || ["Payload", "Connection", "Edge"].iter().any(|suffix| name.ends_with(suffix));
        for field in fields(&ty).into_iter().filter(|_| !is_passed) {
            let Some((_, permission)) = leads_to(&base(field)) else { continue };
            let edge = format!("{name}.{}", field.name.node);
            let parent = match needed(name) {
                Some(parent) => Some(parent),
                None => {
                    PARENTS
                        .iter()
                        .find(|(ty, _)| *ty == name)
                        .unwrap_or_else(|| panic!("{edge}: edges::PARENTS"))
                        .1
                }
            };
            if parent != Some(permission) {
                found.insert(edge, (parent, permission));
            }
        }
    }
    found
}

#[tokio::test]
async fn whoever_may_only_see_the_parent_gets_null_and_forbidden() {
    let edges = crossing();
    let listed: BTreeSet<_> = EDGES.iter().map(|(edge, _)| (*edge).to_owned()).collect();
    assert_eq!(listed, edges.keys().cloned().collect(), "edges::EDGES holds a query for each");

    let fixture = Fixture::new().await;
    for (edge, document) in EDGES {
        let (parent, permission) = edges[*edge];
        let mut client = fixture.only(parent).await;
        if edge.starts_with("Viewer.") {
            // Somebody who has an account and an organization, and may nothing there.
            client = fixture.acting_partner().await;
        }
        let answer = client.run(&fixture.fill(document)).await;
        let path = answer.body["errors"][0]["path"].clone();
        let field = edge.split_once('.').unwrap().1;
        assert_eq!(answer.codes(), ["FORBIDDEN"], "{edge}: {}", answer.body);
        assert_eq!(
            answer.body["errors"][0]["extensions"]["requiredPermissions"],
            json!([permission]),
            "{edge}"
        );
        assert_eq!(path[1], field, "{edge}: {}", answer.body);
        let parent_field = path[0].as_str().unwrap();
        assert_eq!(answer.body["data"][parent_field], json!({ field: Value::Null }), "{edge}");
    }
}

#[tokio::test]
async fn whoever_may_see_both_goes_every_way() {
    let fixture = Fixture::new().await;
    for (edge, (parent, permission)) in crossing() {
        let document = EDGES.iter().find(|(name, _)| *name == edge).unwrap().1;
        if edge.starts_with("Viewer.") {
            continue;
        }
        let scopes: Vec<_> = parent.into_iter().chain([permission]).collect();
        let client = fixture.gateway.with_scopes(&scopes).await;
        let answer = client.run(&fixture.fill(document)).await.ok();
        let field = edge.split_once('.').unwrap().1;
        let root = answer.body["data"].as_object().unwrap().keys().next().unwrap();
        assert!(
            !answer.at(&format!("/{root}/{field}")).is_null(),
            "{edge}: the fixture has it: {}",
            answer.body
        );
    }
}
