//! What SQLite makes of the statements: every list of a table that grows reads an index, and no more of it than it
//! gives out.

use ::entity::{incident, incident_timeline};
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, QueryTrait, sea_query::Expr};
use uuid::Uuid;

use super::fixture::{Bench, incident};
use crate::kernel::page::{
    Args, Children, Order, Predicate,
    batch::{Family, counts, pages},
    query::{Search, indexed, narrow},
};

const SQLITE: DbBackend = DbBackend::Sqlite;

#[tokio::test]
async fn a_list_in_its_default_order_is_read_from_the_index() {
    let bench = Bench::sqlite().await;
    let order = Order::desc(incident::Column::CreatedAt);
    let keys = order.of::<incident::Entity>();
    let mut window = Args::default().window::<incident::Entity>("incidents", &order).unwrap();
    let plan = async |window: &_| {
        let mut select = incident::Entity::find();
        narrow(QueryTrait::query(&mut select), "incidents", &keys, window, SQLITE);
        bench.plan(select.build(SQLITE)).await
    };
    assert_eq!(plan(&window).await, "SCAN incidents USING INDEX idx_incidents_created_at_id");
    window.after = Some(keys.place_of(&incident(3)).unwrap());
    let searched = "SEARCH incidents USING INDEX idx_incidents_created_at_id ((created_at,id)<(?,?))";
    assert_eq!(plan(&window).await, searched);
}

#[tokio::test]
async fn what_a_search_finds_is_found_by_its_index_alone() {
    let bench = Bench::sqlite().await;
    let order = Order::desc(incident::Column::CreatedAt);
    let keys = order.of::<incident::Entity>();
    let mut window = Args::default().window::<incident::Entity>("incidents", &order).unwrap();
    window.after = Some(keys.place_of(&incident(3)).unwrap());
    let search = Search { row: Expr::cust("1 = 1"), index: incident::Column::Number.eq("INC-2026-000001") };
    let page = indexed(&incident::Entity::find(), &search, &keys, &window, SQLITE);
    let plan = bench.plan(page.build(SQLITE)).await;
    assert!(plan.contains("(number=?)") && !plan.contains("SCAN"), "{plan}");
    assert!(!plan.contains("created_at"), "the list isn't gone through for a rare word:\n{plan}");
}

#[tokio::test]
async fn a_page_of_each_parent_is_read_from_the_index() {
    let bench = Bench::sqlite().await;
    let children = Children {
        name: "incident.timeline",
        parent: incident_timeline::Column::IncidentId.into(),
        predicate: Predicate::default(),
        order: Order::desc(incident_timeline::Column::CreatedAt),
    };
    let window = Args::default().window::<incident_timeline::Entity>(children.name, &children.order).unwrap();
    let family = Family::new(children.clone(), window);
    let parents = vec![Uuid::nil(), Uuid::max()];
    let plan = bench.plan(pages::<incident_timeline::Entity>(&family, parents.clone(), SQLITE)).await;
    println!("{plan}\n");
    assert!(plan.contains("SEARCH incident_timeline USING COVERING INDEX idx_incident_timeline_incident_id_created_at_id (incident_id=?)"), "{plan}");
    assert!(plan.contains("SEARCH picked USING INDEX sqlite_autoindex_incident_timeline_1 (id=?)"), "{plan}");
    assert!(!plan.contains("SCAN incident_timeline") && !plan.contains("SCAN picked"), "{plan}");
    let plan = bench.plan(counts::<incident_timeline::Entity>(&children, parents, SQLITE)).await;
    println!("{plan}");
    assert!(plan.contains("SEARCH incident_timeline USING"), "{plan}");
    assert!(!plan.contains("SCAN incident_timeline"), "{plan}");
}
