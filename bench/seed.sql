-- What the gateway finds: 100,000 users, 300 of them administrators; 5,000 incidents with five timeline entries each;
-- 2,000,000 audit entries, two hundred for each of ten thousand users, of ten types. (Their events have been pruned, as
-- events are.)
--
-- Ids can be computed, so that pgbench can pick an incident as the load client does: the nth incident is
-- 019a0000-0000-7000-8000-1…n (twelve digits), its number INC-2025-1…n.

INSERT INTO users (id, email, name, status, created_at, updated_at, version)
SELECT ('019a0000-0000-7000-8002-' || 100000000000 + n)::uuid, 'user' || n || '@example.com',
       'Person Number ' || n, 'ACTIVE', '2025-10-01', '2025-10-01', 1
FROM generate_series(1, 100000) n;

INSERT INTO admin_users (id, user_id, level, permissions, is_active, created_at, updated_at, version)
SELECT ('019a0000-0000-7000-8001-' || 100000000000 + n)::uuid,
       ('019a0000-0000-7000-8002-' || 100000000000 + n)::uuid, 1, '[]', true, '2025-10-01', '2025-10-01', 1
FROM generate_series(1, 300) n;

INSERT INTO incidents (id, number, organization_id, title, description, severity, impact, urgency, status,
                       reporter_kind, reporter_id, assignee_id, detected_at, acknowledged_at,
                       created_at, updated_at, version)
SELECT ('019a0000-0000-7000-8000-' || 100000000000 + n)::uuid, 'INC-2025-' || 100000000000 + n,
       '00000000-0000-0000-0000-000000000000', 'Checkout answers slowly in region ' || n,
       repeat('Customers report that the payment page takes long. ', 4), 1 + n % 4, 'MANY', 'HIGH',
       'INVESTIGATING', 'ADMIN_USER', 'adm_01k80000003w0rg004000004zz',
       -- Scattered: the assignees of 50 incidents in a row are 50 people.
       ('019a0000-0000-7000-8001-' || 100000000001 + n * 7 % 300)::uuid, at, at, at, at, 5
FROM generate_series(1, 5000) n, LATERAL (SELECT timestamptz '2025-11-01' + n * interval '7 minutes') t(at);

INSERT INTO incident_services (incident_id, ordinal, service_name, impact)
SELECT id, 0, 'checkout', 'MANY' FROM incidents;

INSERT INTO incident_participants (incident_id, actor_kind, actor_id, joined_at)
SELECT id, reporter_kind, reporter_id, created_at FROM incidents;

INSERT INTO incident_timeline (id, incident_id, organization_id, kind, actor_kind, actor_id, visibility, body,
                               created_at)
SELECT ('019a0000-0000-7000-8003-' || 100000000000 + n * 10 + k)::uuid,
       ('019a0000-0000-7000-8000-' || 100000000000 + n)::uuid, '00000000-0000-0000-0000-000000000000',
       (ARRAY['CREATED', 'ACKNOWLEDGED', 'NOTE', 'STATUS_CHANGED', 'NOTE'])[k],
       'ADMIN_USER', 'adm_01k80000003w0rg004000004zz', CASE k % 2 WHEN 0 THEN 'INTERNAL' ELSE 'PUBLIC' END,
       'Connections to the card processor pile up; the pool was doubled and it is being watched.',
       timestamptz '2025-11-01' + n * interval '7 minutes' + k * interval '1 minute'
FROM generate_series(1, 5000) n, generate_series(1, 5) k;

INSERT INTO audit_logs (id, event_id, service_name, event_type, category, severity, action, outcome, actor_kind,
                        actor_id, entity_type, entity_id, organization_id, request_id, environment, surface,
                        occurred_at, received_at, body, leaf_hash)
SELECT ('019a0000-0000-7000-8004-' || 100000000000 + n)::uuid, ('019a0000-0000-7000-8005-' || 100000000000 + n)::uuid,
       'opsgate', type, 'DIRECTORY', 0, 'USER_UPDATE', 'SUCCESS', 'ADMIN_USER', actor,
       'User', entity, '00000000-0000-0000-0000-000000000000', request, 'production', 'API', at, at,
       '{"action":"USER_UPDATE","actor":{"id":"' || actor || '","kind":"ADMIN_USER"},"category":"DIRECTORY","data":'
       || '{"changes":[{"after":"SUSPENDED","before":"ACTIVE","field":"status"}],"ticket":' || n || '},"entity":{"id":"'
       || entity || '","type":"User"},"eventType":"' || type || '","id":"aud_' || n || '","occurredAt":"'
       || to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '","outcome":"SUCCESS","personal":{"$request.ipAddress":"'
       || md5(n::text) || md5(actor) || '"},"requestId":"' || request
       || '","serviceName":"opsgate","severity":"INFO","v":1}',
       sha256(n::text::bytea)
FROM generate_series(1, 2000000) n,
     LATERAL (SELECT 'directory.user.changed' || lpad((n * 7 % 10)::text, 2, '0') AS type,
                     'usr_' || lpad((n * 13 % 10000)::text, 26, '0') AS entity,
                     'adm_' || lpad((n % 300)::text, 26, '0') AS actor, md5('request' || n) AS request,
                     timestamptz '2025-01-01 00:00Z' + n * interval '16 seconds' AS at) facts;
