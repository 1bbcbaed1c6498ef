-- What the gateway sends for `incidentCreate`. Written by `bench/run --write`; not by hand.
\set turn :turn + 1
\set now 1900000000 + (:run - 10000) * 900 + :turn * 0.0001
\set made0 :run * 1000000000000 + :turn * 100000 + :client_id * 100 + 0
\set made1 :run * 1000000000000 + :turn * 100000 + :client_id * 100 + 1
\set made2 :run * 1000000000000 + :turn * 100000 + :client_id * 100 + 2
\set made3 :run * 1000000000000 + :turn * 100000 + :client_id * 100 + 3
BEGIN;
SELECT nextval(:v1::regclass) AS value;
SELECT "services"."id", "services"."organization_id", "services"."name", "services"."description", "services"."tier", "services"."owner", "services"."depends_on", "services"."probe", "services"."maintenance_until", "services"."created_at", "services"."updated_at", "services"."version" FROM "services" WHERE "services"."organization_id" = :v2 AND "services"."name" IN (:v3);
INSERT INTO "incidents" ("id", "number", "organization_id", "title", "description", "severity", "impact", "urgency", "status", "reporter_kind", "reporter_id", "assignee_id", "commander_id", "root_cause", "resolution", "merged_into_id", "reopened_from_id", "detected_at", "acknowledged_at", "mitigated_at", "resolved_at", "closed_at", "created_at", "updated_at", "version") VALUES (('01ffffffffff700' || :made0::text)::uuid, :made0::text, :v4, :v5, :v6, :v7, NULL, NULL, :v8, :v9, :v10, NULL, NULL, NULL, NULL, NULL, NULL, to_timestamp(:now::float8), NULL, NULL, NULL, NULL, to_timestamp(:now::float8), to_timestamp(:now::float8), :v11);
INSERT INTO "incident_services" ("incident_id", "ordinal", "service_name", "service_id", "impact") VALUES (('01ffffffffff700' || :made0::text)::uuid, :v12, :v13, NULL, :v14);
INSERT INTO "incident_timeline" ("id", "incident_id", "organization_id", "kind", "actor_kind", "actor_id", "visibility", "body", "data", "created_at") VALUES (('01ffffffffff700' || :made1::text)::uuid, ('01ffffffffff700' || :made0::text)::uuid, :v15, :v16, :v17, :v18, :v19, :v20, NULL, to_timestamp(:now::float8));
INSERT INTO "incident_participants" ("incident_id", "actor_kind", "actor_id", "joined_at") VALUES (('01ffffffffff700' || :made0::text)::uuid, :v21, :v22, to_timestamp(:now::float8)) ON CONFLICT ("incident_id", "actor_kind", "actor_id") DO NOTHING;
INSERT INTO "audit_logs" ("id", "event_id", "service_name", "event_type", "category", "severity", "action", "outcome", "actor_kind", "actor_id", "impersonator_id", "entity_type", "entity_id", "organization_id", "subject", "request_id", "correlation_id", "environment", "surface", "occurred_at", "received_at", "body", "leaf_hash") VALUES (('01ffffffffff700' || :made2::text)::uuid, ('01ffffffffff700' || :made3::text)::uuid, :v23, :v24, :v25, :v26, :v27, :v28, :v29, :v30, NULL, :v31, :v32, :v33, NULL, :v34, NULL, :v35, :v36, to_timestamp(:now::float8), to_timestamp(:now::float8), :v37, :v38);
INSERT INTO "audit_personal" ("audit_log_id", "path", "salt", "sealed") VALUES (('01ffffffffff700' || :made2::text)::uuid, :v39, :v40, :v41), (('01ffffffffff700' || :made2::text)::uuid, :v42, :v43, :v44);
INSERT INTO "events" ("id", "event_type", "payload_version", "category", "occurred_at", "actor_kind", "actor_id", "impersonator_id", "entity_type", "entity_id", "entity_version", "organization_id", "correlation_id", "causation_id", "depth", "audit_log_id", "payload", "before", "after") VALUES (('01ffffffffff700' || :made3::text)::uuid, :v45, :v46, :v47, to_timestamp(:now::float8), :v48, :v49, NULL, :v50, :v51, :v52, :v53, NULL, NULL, :v54, ('01ffffffffff700' || :made2::text)::uuid, :v55, NULL, :v56);
INSERT INTO "outbox" ("event_id", "audit_log_id", "leaf_hash") VALUES (('01ffffffffff700' || :made3::text)::uuid, ('01ffffffffff700' || :made2::text)::uuid, :v57) RETURNING pg_current_xact_id()::text AS transaction_id;
COMMIT;
