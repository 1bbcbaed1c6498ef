//! Many at once, and clients that go away.

use std::collections::BTreeSet;

use entity::incident;
use futures_util::future::join_all;
use opsgate::incidents::INCIDENT;
use sea_orm::EntityTrait;
use serde_json::json;
use tests::{TestGateway, until};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use uuid::Uuid;

use super::{create, open, titles};

#[tokio::test]
async fn fifty_at_once_are_all_there_once() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let wanted: Vec<_> = (0..50).map(|n| format!("incident {n}")).collect();
    let answers = join_all(wanted.iter().map(|title| create(owner, title))).await;
    let mut numbers = BTreeSet::new();
    for (answer, title) in answers.into_iter().zip(&wanted) {
        let answer = answer.ok();
        assert_eq!(answer.text("/incident/title"), title);
        assert!(numbers.insert(answer.text("/incident/number").to_owned()), "{numbers:?}");
    }
    let expected: BTreeSet<_> = (1..=50).map(|n| format!("INC-2026-{n:06}")).collect();
    assert_eq!(numbers, expected, "nothing was rolled back, so none is missing");
    let mut found = titles(owner).await;
    found.sort();
    let mut wanted = wanted;
    wanted.sort();
    assert_eq!(found, wanted);
    // Each with its fact; the next number is greater than all.
    let facts = gateway.facts(0).await;
    let created = facts.iter().filter(|fact| fact.event.event_type == "monitoring.incident.created");
    assert_eq!(created.map(|fact| &fact.event.entity_id).collect::<BTreeSet<_>>().len(), 50);
    assert_eq!(create(owner, "next").await.ok().text("/incident/number"), "INC-2026-000051");
}

#[tokio::test]
async fn what_was_begun_is_finished_when_the_client_goes_away() {
    const NOTES: i32 = 20;
    let gateway = TestGateway::start().await;
    let id = open(gateway.owner()).await;
    let uuid = INCIDENT.parse(&id).unwrap();
    let fields: String = (0..NOTES)
        .map(|n| {
            format!(
                "n{n}: incidentNoteAdd(input: {{id: \"{id}\", body: \"{n}\"}}) {{ userErrors {{ code }} }} "
            )
        })
        .collect();
    let body = json!({ "query": format!("mutation {{ {fields} }}") }).to_string();
    let mut client = TcpStream::connect(gateway.address()).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: opsgate\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        gateway.owner().credential().unwrap(),
        body.len()
    );
    client.write_all((head + &body).as_bytes()).await.unwrap();

    // In the middle of it…
    until("the first note is there", async || version(&gateway, uuid).await > 1).await;
    let hold = gateway.hold(uuid).await;
    let reached = version(&gateway, uuid).await;
    assert!(reached <= NOTES, "it ended before the client could go away");
    // …the client goes away, and the gateway has noticed: it closes its side, too, without an answer.
    client.shutdown().await.unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), "");
    assert_eq!(version(&gateway, uuid).await, reached);
    drop(hold);
    until("all notes are there", async || version(&gateway, uuid).await == NOTES + 1).await;
    let facts = gateway.facts(0).await;
    let notes = facts.iter().filter(|fact| fact.event.event_type == "monitoring.incident.updated");
    assert_eq!(notes.count(), 20);
}

async fn version(gateway: &TestGateway, id: Uuid) -> i32 {
    let row = incident::Entity::find_by_id(id).one(gateway.kernel().db().reader()).await.unwrap().unwrap();
    row.version
}
