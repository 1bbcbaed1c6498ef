//! What a demo's loader writes: whole, by the doors, and the same from the same seed.

use std::collections::{BTreeSet, HashMap};

use entity::{
    admin_user, alert, audit_log, event, incident, incident_timeline, organization, probe_result, service,
    user,
};
use opsgate::{
    config::Config,
    demo::{Demo, MONTH, Plan},
};
use sea_orm::{EntityTrait, PaginatorTrait, QueryOrder};
use tests::{Database, Ledger};

/// A few days, always the same ones.
fn plan() -> Plan {
    Plan { days: 2, ..Plan::month("2026-11-21T12:00:00Z".parse().unwrap()) }
}

/// Loads a demo, and answers what it wrote but for ids and what follows from them.
async fn told(plan: Plan) -> Vec<String> {
    let database = Database::create().await;
    let config = Config { environment: "demo".to_owned(), ..database.config() };
    drop(Demo::load(&config, plan).await.unwrap());
    let db = database.sql().await;
    let ledger = Ledger::read(db).await;
    let mut told: Vec<String> = ledger
        .events()
        .map(|event| format!("{} {} {:?}", event.occurred_at, event.event_type, event.entity_version))
        .collect();
    let users = user::Entity::find().order_by_asc(user::Column::ExternalId).all(db).await.unwrap();
    told.extend(users.into_iter().map(|row| {
        format!("{:?} {} {} {:?} {}", row.external_id, row.email, row.name, row.status, row.updated_at)
    }));
    let incidents = incident::Entity::find().order_by_asc(incident::Column::Number).all(db).await.unwrap();
    told.extend(incidents.into_iter().map(|row| {
        format!(
            "{} {} {:?} {:?} {} {:?}",
            row.number, row.title, row.severity, row.status, row.created_at, row.resolved_at
        )
    }));
    let mut timeline: Vec<_> = incident_timeline::Entity::find().all(db).await.unwrap();
    timeline.sort_by_key(|row| (row.created_at, row.id));
    told.extend(timeline.into_iter().map(|row| format!("{} {:?} {}", row.created_at, row.kind, row.body)));
    let alerts = alert::Entity::find().order_by_asc(alert::Column::CreatedAt).order_by_asc(alert::Column::Id);
    told.extend(
        alerts
            .all(db)
            .await
            .unwrap()
            .into_iter()
            .map(|row| format!("{} {} {:?} {}", row.created_at, row.title, row.status, row.count)),
    );
    let services: HashMap<_, _> =
        service::Entity::find().all(db).await.unwrap().into_iter().map(|row| (row.id, row.name)).collect();
    let mut results: Vec<_> = probe_result::Entity::find()
        .all(db)
        .await
        .unwrap()
        .into_iter()
        .map(|row| {
            format!(
                "{} {} {:?} {:?} {:?}",
                row.at, services[&row.service_id], row.outcome, row.response_time_ms, row.error
            )
        })
        .collect();
    results.sort();
    told.extend(results);
    told
}

#[tokio::test]
async fn the_same_seed_tells_the_same_and_another_one_something_else() {
    let first = told(plan()).await;
    let again = told(plan()).await;
    let differing = first.iter().zip(&again).find(|(one, other)| one != other);
    assert_eq!((differing, first.len()), (None, again.len()));
    assert!(first.len() > 5_000, "{}", first.len());
    assert_ne!(told(Plan { seed: 1, ..plan() }).await, first);
}

#[tokio::test]
async fn a_month_holds_what_is_promised() {
    let database = Database::create().await;
    let config = Config { environment: "demo".to_owned(), ..database.config() };
    drop(Demo::load(&config, Plan { days: MONTH, ..plan() }).await.unwrap());
    let db = database.sql().await;
    // Positions, leaves, hashes and versions, of all of it.
    let ledger = Ledger::read(db).await;
    assert!(ledger.len() >= 50_000, "{}", ledger.len());
    assert_eq!(service::Entity::find().count(db).await.unwrap(), 6);
    assert_eq!(probe_result::Entity::find().count(db).await.unwrap(), 6 * 30 * 24 * 12);
    assert!(organization::Entity::find().count(db).await.unwrap() >= 10);
    assert!(alert::Entity::find().count(db).await.unwrap() >= 150);
    let accounts = admin_user::Entity::find().all(db).await.unwrap();
    assert_eq!(
        accounts.iter().map(|row| row.level).collect::<BTreeSet<_>>().len(),
        3,
        "each level has somebody"
    );
    assert_eq!(ledger.incidents.len(), 19, "each story has an incident of its own");
    assert_eq!(ledger.incidents.iter().filter(|incident| incident.resolved_at.is_none()).count(), 3);
}

#[tokio::test]
async fn every_entry_is_of_its_time_and_comes_in_its_order() {
    let database = Database::create().await;
    let config = Config { environment: "demo".to_owned(), ..database.config() };
    drop(Demo::load(&config, plan()).await.unwrap());
    let db = database.sql().await;
    // That every entry has its event and its leaf, the ledger checks.
    let ledger = Ledger::read(db).await;
    let times: Vec<_> = ledger.events().map(|event| event.occurred_at).collect();
    assert!(times.is_sorted(), "the log is in the order of time");
    assert_eq!(times[0], "2026-11-19T12:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap());
    assert_eq!(*times.last().unwrap(), plan().until);
    let entries = audit_log::Entity::find().order_by_asc(audit_log::Column::Id).all(db).await.unwrap();
    assert!(entries.iter().map(|entry| entry.occurred_at).is_sorted(), "ids are of the times, too");
    assert!(entries.iter().all(|entry| entry.environment == "demo"));
    let first = event::Entity::find().order_by_asc(event::Column::Id).one(db).await.unwrap().unwrap();
    assert_eq!(first.event_type, "platform.demo.begun");
    let results = probe_result::Entity::find().order_by_asc(probe_result::Column::Id).all(db).await.unwrap();
    assert_eq!(results.len(), 2 * 24 * 12 * 6);
    assert!(results.iter().all(|row| row.at > times[0] && row.at <= plan().until));
}
