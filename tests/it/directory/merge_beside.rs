//! Making one organization of two while somebody writes into the one that goes: nothing is left behind in it.

use std::time::Duration;

use entity::{alert::AlertSeverity, incident::IncidentSeverity, incident_timeline::Visibility};
use opsgate::{
    access::{self, NewToken},
    directory::{self, Fate, MERGED_TABLES},
    incidents::{self, NewIncident},
    kernel::{
        actor::ORGANIZATION,
        error::{Result, UserErrorCode},
        tx::Tx,
    },
    monitoring::{self, NewAlert, NewService, ProbeChanges},
};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;
use tests::{Database, TestGateway};
use uuid::Uuid;

use super::{codes, refused, subscription, tx};

/// What is there before the merge, to be written to.
struct Before {
    source: Uuid,
    user: Uuid,
    service: Uuid,
    incident: Uuid,
}

/// What somebody writes into the source.
#[derive(Clone, Copy, Debug)]
enum Written {
    Member,
    Subscription,
    Token,
    Service,
    Alert,
    AlertOfService,
    Incident,
    Note,
}

const ALL: [Written; 8] = [
    Written::Member,
    Written::Subscription,
    Written::Token,
    Written::Service,
    Written::Alert,
    Written::AlertOfService,
    Written::Incident,
    Written::Note,
];

fn service(organization: Uuid, name: &str) -> NewService {
    NewService {
        name: name.to_owned(),
        description: None,
        tier: 1,
        owner: None,
        depends_on: vec![],
        probe: ProbeChanges::default(),
        maintenance_until: None,
        organization_id: Some(organization),
    }
}

fn incident(organization: Uuid) -> NewIncident {
    NewIncident {
        title: "new".to_owned(),
        severity: Some(IncidentSeverity::Low),
        organization_id: Some(organization),
        ..NewIncident::default()
    }
}

fn alert(service: Option<Uuid>, organization: Option<Uuid>) -> NewAlert {
    NewAlert {
        source: "shop".to_owned(),
        dedup_key: "new".to_owned(),
        severity: AlertSeverity::Low,
        title: "new".to_owned(),
        description: None,
        labels: None,
        service_id: service,
        organization_id: organization,
    }
}

fn token(organization: Uuid) -> NewToken {
    NewToken {
        name: "new".to_owned(),
        scopes: vec!["*".to_owned()],
        organization_id: organization,
        ..NewToken::default()
    }
}

async fn write(tx: &mut Tx, what: Written, to: &Before) -> Result<()> {
    match what {
        Written::Member => directory::add_members(tx, to.source, &[(to.user, "new")]).await.map(|_| ()),
        Written::Subscription => {
            directory::upsert_subscriptions(tx, vec![subscription(to.source, "new")]).await.map(|_| ())
        }
        Written::Token => access::create_token(tx, token(to.source)).await.map(|_| ()),
        Written::Service => monitoring::register(tx, service(to.source, "new")).await.map(|_| ()),
        Written::Alert => monitoring::trigger(tx, alert(None, Some(to.source))).await.map(|_| ()),
        Written::AlertOfService => monitoring::trigger(tx, alert(Some(to.service), None)).await.map(|_| ()),
        Written::Incident => incidents::create(tx, incident(to.source)).await.map(|_| ()),
        Written::Note => incidents::add_note(tx, to.incident, "new", Visibility::Internal).await.map(|_| ()),
    }
}

/// The rows that belong to an organization and might have gone along with it, by table.
async fn left(gateway: &TestGateway, organization: Uuid) -> Vec<(&'static str, i64)> {
    let db = gateway.database().sql().await;
    let backend = if Database::is_postgres() { DbBackend::Postgres } else { DbBackend::Sqlite };
    let mut left = Vec::new();
    for table in MERGED_TABLES.iter().filter(|table| !matches!(table.fate, Fate::Stays)) {
        let sql = format!(
            "SELECT COUNT(*) AS n FROM {} WHERE organization_id = {}",
            table.name,
            TestGateway::sql_id(organization)
        );
        let row = db.query_one_raw(Statement::from_string(backend, sql)).await.unwrap().unwrap();
        left.push((table.name, row.try_get::<i64>("", "n").unwrap()));
    }
    left.retain(|(_, count)| *count > 0);
    left
}

/// Whether somebody waits in PostgreSQL for somebody else.
async fn somebody_waits(gateway: &TestGateway) -> bool {
    let sql =
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let waiting = Statement::from_string(DbBackend::Postgres, sql);
    gateway.database().sql().await.query_one_raw(waiting).await.unwrap().is_some()
}

async fn before(gateway: &TestGateway) -> (Before, Uuid) {
    let (target, source) = (gateway.organization("acme").await, gateway.organization("globex").await);
    let user = gateway.user("Ada").await;
    let mut open = tx(gateway).await;
    let service = monitoring::register(&mut open, service(source, "api")).await.unwrap().id;
    let incident = incidents::create(&mut open, incident(source)).await.unwrap().id;
    open.commit().await.unwrap();
    (Before { source, user, service, incident }, target)
}

#[tokio::test]
async fn what_is_written_while_a_merge_waits_goes_along() {
    for what in ALL {
        let gateway = TestGateway::start().await;
        let (before, target) = before(&gateway).await;
        let mut writing = tx(&gateway).await;
        write(&mut writing, what, &before).await.unwrap();
        let owner = gateway.owner().apart();
        let input = json!({
            "sourceId": ORGANIZATION.encode(before.source), "targetId": ORGANIZATION.encode(target),
        });
        let merging = tokio::spawn(async move { owner.mutate("organizationMerge", input, "").await });
        // SQLite has one writer: the merge doesn't begin before.
        while Database::is_postgres() && !merging.is_finished() && !somebody_waits(&gateway).await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        writing.commit().await.unwrap();
        merging.await.unwrap().ok();
        assert_eq!(left(&gateway, before.source).await, [], "{what:?}");
    }
}

#[tokio::test]
async fn what_is_written_after_a_merge_is_the_target_s_or_refused() {
    let gateway = TestGateway::start().await;
    let (before, target) = before(&gateway).await;
    let partner = gateway.partner(&["*"], before.source).await;
    let input =
        json!({ "sourceId": ORGANIZATION.encode(before.source), "targetId": ORGANIZATION.encode(target) });
    gateway.owner().mutate("organizationMerge", input, "").await.ok();
    // For as long as rights haven't been read anew, its tokens are accepted: they reach into nothing.
    let late = partner.mutate("incidentCreate", json!({ "title": "late", "severity": "LOW" }), "").await;
    if late.codes().is_empty() {
        refused(&late, "NOT_FOUND", "organizationId");
    }
    for what in ALL {
        let mut open = tx(&gateway).await;
        let written = write(&mut open, what, &before).await;
        if matches!(what, Written::Member | Written::Token) {
            assert_eq!(codes(written), [UserErrorCode::NotAllowed], "{what:?}");
            open.rollback().await.unwrap();
        } else {
            written.unwrap();
            open.commit().await.unwrap();
        }
    }
    assert_eq!(left(&gateway, before.source).await, []);
    let seen = gateway.owner().run("{ incidents { nodes { organization { slug } } } }").await.ok();
    let slugs = json!([{ "organization": { "slug": "acme" } }, { "organization": { "slug": "acme" } }]);
    assert_eq!(*seen.at("/incidents/nodes"), slugs);
}
