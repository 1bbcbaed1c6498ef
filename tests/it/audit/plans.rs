//! Pages of a long record go by an index and needn't sort: on either database.

use tests::{Database, TestGateway};
use uuid::Uuid;

/// A record that is too long to be read through. A hundred types, two hundred actors and five hundred objects are in it;
/// every twentieth entry is ours. Answers whose that is.
async fn long_record() -> (TestGateway, Uuid) {
    let gateway = TestGateway::start().await;
    let ours = gateway.organization("ours").await;
    let organization = format!("CASE n % 20 WHEN 7 THEN {} ELSE ID() END", TestGateway::sql_id(ours));
    let columns = [
        ("id", "ID()"),
        ("event_id", "ID()"),
        ("service_name", "'shop'"),
        ("event_type", "'type.' || n % 100"),
        ("category", "'SYSTEM'"),
        ("severity", "0"),
        ("action", "'ACT'"),
        ("outcome", "'SUCCESS'"),
        ("actor_kind", "CASE n % 50 WHEN 0 THEN 'ADMIN_USER' ELSE 'SYSTEM' END"),
        ("actor_id", "'actor_' || n % 200"),
        ("entity_type", "'Thing'"),
        ("entity_id", "'thing_' || n % 500"),
        ("organization_id", &organization),
        ("request_id", "'req-' || n"),
        ("correlation_id", "'trace-' || n"),
        ("environment", "'test'"),
        ("surface", "'JOB'"),
        ("occurred_at", "AT()"),
        ("received_at", "AT()"),
        ("body", "'{}'"),
        ("leaf_hash", "BYTES()"),
    ];
    gateway.fill("audit_logs", 20_000, &columns).await;
    (gateway, ours)
}

#[tokio::test]
async fn every_hot_list_goes_by_its_index() {
    let (gateway, ours) = long_record().await;
    let owner = gateway.owner();
    let partner = gateway.partner(&["audit.read"], ours).await;
    let of_ours = format!("auditLogs(filter: {{organizationId: {{eq: \"{ours}\"}}}})");
    let key = if Database::is_postgres() { "audit_logs_pkey" } else { "sqlite_autoindex_audit_logs_1" };
    for (client, field, index) in [
        (owner, "auditLogs", key),
        (owner, "auditLogs(orderBy: {field: RECEIVED_AT, direction: ASC})", key),
        (owner, "auditTrail(entityId: \"thing_7\")", "idx_audit_logs_entity_id_id"),
        (owner, "auditTrail(entityId: \"thing_7\", entityType: \"Thing\")", "idx_audit_logs_entity_id_id"),
        (owner, "auditLogs(filter: {entityId: {eq: \"thing_7\"}})", "idx_audit_logs_entity_id_id"),
        (owner, "auditLogs(filter: {eventType: {eq: \"type.7\"}})", "idx_audit_logs_event_type_id"),
        (owner, "auditLogs(filter: {actorId: {eq: \"actor_7\"}})", "idx_audit_logs_actor_id_id"),
        (owner, "auditLogs(filter: {correlationId: {eq: \"trace-7\"}})", "idx_audit_logs_correlation_id_id"),
        (owner, "auditLogs(filter: {requestId: {eq: \"req-7\"}})", "idx_audit_logs_request_id_id"),
        (owner, "auditLogs(filter: {subject: {eq: \"x\"}})", "idx_audit_logs_subject_id"),
        (owner, &of_ours, "idx_audit_logs_organization_id_id"),
        (&partner, "auditLogs", "idx_audit_logs_organization_id_id"),
        (owner, "adminActions", "idx_audit_logs_id"),
    ] {
        let plan = gateway.plan(client, &format!("{{ {field} {{ nodes {{ id }} }} }}"), "audit_logs").await;
        assert!(plan.contains(index), "{field} should go by {index}:\n{plan}");
        assert!(!plan.contains("Sort") && !plan.contains("TEMP B-TREE"), "{field} sorts:\n{plan}");
    }
}

#[tokio::test]
async fn a_later_page_and_a_range_of_time_begin_where_they_begin() {
    let (gateway, _) = long_record().await;
    let owner = gateway.owner();
    let first = owner.run("{ auditLogs(first: 1) { edges { cursor } } }").await.ok();
    let after = first.text("/auditLogs/edges/0/cursor");
    for field in [
        format!("auditLogs(after: \"{after}\")"),
        "auditLogs(filter: {receivedAt: {gte: \"2026-01-01T00:00:00Z\", lt: \"2026-01-02T00:00:00Z\"}})"
            .to_owned(),
        "auditLogs(filter: {occurredAt: {gte: \"2026-01-01T00:00:00Z\"}})".to_owned(),
    ] {
        let plan = gateway.plan(owner, &format!("{{ {field} {{ nodes {{ id }} }} }}"), "audit_logs").await;
        // As a condition on the index, not as a filter over all of it.
        let is_sought = plan.contains("Index Cond: (") || plan.contains("SEARCH audit_logs USING INDEX");
        assert!(is_sought, "{field}:\n{plan}");
    }
}
