//! Rights that end or change in the middle of a stream.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use entity::{api_token, list::StringList};
use opsgate::{
    access,
    kernel::{
        Kernel,
        actor::{API_TOKEN, PLATFORM},
        clock::Clock,
        event::{Entity, Event},
        token::ApiToken,
        tx::Tx,
    },
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;
use tests::{Client, Database, Ledger, Message, Process, Program, Socket, Subscriber, TestGateway, until};

use crate::OPSGATE;

/// How many streams are closed while nothing is delivered, one after the other.
const SILENT: usize = 5;
const INCIDENTS: &str = "subscription { incidentChanged { incident { number organization { id } } } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_ends_its_streams_in_every_process() {
    let database = Database::create().await;
    let program = Program::new(OPSGATE, &database);
    let mut gateways = vec![program.serve().await];
    let owner = gateways[0].token().unwrap().to_owned();
    if Database::is_postgres() {
        gateways.push(program.serve().await);
    }
    let kernel = opsgate::app::open_kernel(&database.config(), Clock::system()).await.unwrap();
    let token = make_token(&kernel, &["*"]).await;
    close_silent(&gateways, &kernel).await;

    let db = database.sql().await;
    let begin = Ledger::read(db).await;
    let (mut streams, mut others) = (Vec::new(), Vec::new());
    for gateway in &gateways {
        streams.push(Subscriber::open(&known(gateway, &token).await, &begin.last()).await);
        others.push(Subscriber::open(&gateway.client(&owner), &begin.last()).await);
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let (writer, stop) = (gateways[0].client(&owner), is_over.clone());
    let writing = tokio::spawn(async move {
        while !stop.load(Ordering::SeqCst) {
            open_incident(&writer).await;
        }
    });
    for stream in &mut streams {
        stream.hear(10).await;
    }
    revoke(&kernel, &token).await;
    for stream in &mut streams {
        assert_eq!(stream.hear_all().await, (4401, "revoked".to_owned()));
    }
    open_incident(&gateways[0].client(&owner)).await;
    is_over.store(true, Ordering::SeqCst);
    writing.await.unwrap();

    let ledger = Ledger::read(db).await;
    for stream in streams {
        ledger.check_heard(begin.len(), &stream.heard);
        assert!(
            stream.heard.len() < ledger.len() - begin.len(),
            "what came after it was revoked isn't shown"
        );
    }
    for mut subscriber in others {
        subscriber.hear_until(&ledger.last()).await;
        ledger.check_heard(begin.len(), &subscriber.heard);
    }
    for gateway in &gateways {
        let answer = gateway.client(&token).run("{ viewer { permissions } }").await;
        assert_eq!(answer.codes(), ["UNAUTHENTICATED"]);
    }
}

/// Streams on which nothing is delivered that would tell are closed within a second, in every process.
async fn close_silent(gateways: &[Process], kernel: &Kernel) {
    let mut taken = Vec::new();
    for _ in 0..SILENT {
        let token = make_token(kernel, &["incidents.read"]).await;
        let mut streams = Vec::new();
        for gateway in gateways {
            let mut stream = known(gateway, &token).await.socket().await;
            stream.subscribe("1", INCIDENTS, json!({})).await;
            streams.push(stream);
        }
        let began = Instant::now();
        revoke(kernel, &token).await;
        for stream in &mut streams {
            assert_eq!(stream.closed().await, (4401, "revoked".to_owned()));
        }
        taken.push(began.elapsed());
    }
    taken.sort();
    // A machine that has other things to do may be late once or twice.
    assert!(taken[SILENT / 2] < Duration::from_secs(1), "{taken:?}");
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let gateway = TestGateway::start().await;
    let end = gateway.kernel().clock().now() + TimeDelta::hours(1);
    let client = gateway.token(&["incidents.read"], PLATFORM, Some(end)).await;
    let mut socket = follow(&client).await;
    gateway.advance(TimeDelta::minutes(59));
    open_incident(gateway.owner()).await;
    assert!(socket.payload("1").await["data"]["incidentChanged"].is_object());
    gateway.advance(TimeDelta::minutes(1));
    assert_eq!(socket.closed().await, (4403, "expired".to_owned()));
}

#[tokio::test]
async fn a_stream_shows_what_its_rights_of_now_show() {
    let gateway = TestGateway::start().await;
    let ours = gateway.organization("ours").await;
    let client = gateway.with_scopes(&["incidents.read", "directory.read"]).await;
    let mut socket = follow(&client).await;
    open_incident(gateway.owner()).await;
    assert!(socket.payload("1").await["data"]["incidentChanged"].is_object());

    // From now on it is limited to an organization: the platform's own incidents are none of its business.
    change(&gateway, &client, api_token::Column::OrganizationId, ours).await;
    open_incident(gateway.owner()).await;
    let partner = gateway.partner(&["incidents.*"], ours).await;
    open_incident(&partner).await;
    let heard = socket.payload("1").await;
    assert_eq!(heard["data"]["incidentChanged"]["incident"]["number"], "INC-2026-000003", "{heard}");

    // It may read no incidents any more: the stream ends, and the connection stays.
    change(&gateway, &client, api_token::Column::Scopes, StringList(vec!["directory.read".to_owned()])).await;
    open_incident(&partner).await;
    let Message::Json(message) = socket.next().await else { panic!("the connection has ended") };
    assert_eq!(message["type"], "error", "{message}");
    assert_eq!(message["payload"][0]["extensions"]["code"], "FORBIDDEN", "{message}");
    socket.subscribe("2", "{ viewer { permissions } }", json!({})).await;
    assert_eq!(socket.payload("2").await["data"]["viewer"]["permissions"], json!(["directory.read"]));
}

async fn follow(client: &Client) -> Socket {
    let mut socket = client.socket().await;
    socket.subscribe("1", INCIDENTS, json!({})).await;
    // A query on the same socket is answered after the subscription has begun.
    socket.subscribe("2", "{ viewer { permissions } }", json!({})).await;
    socket.payload("2").await;
    assert_eq!(socket.next().await, Message::Json(json!({ "id": "2", "type": "complete" })));
    socket
}

async fn open_incident(client: &Client) {
    let input = json!({ "title": "down", "severity": "LOW" });
    client.insist("incidentCreate", input, "incident { id }").await.unwrap().ok();
}

/// Whoever shows this token, once the process knows it.
async fn known(gateway: &Process, token: &str) -> Client {
    let client = gateway.client(token);
    until("the token is known", async || client.run("{ viewer { permissions } }").await.codes().is_empty())
        .await;
    client
}

async fn make_token(kernel: &Kernel, scopes: &[&str]) -> String {
    let mut tx = Tx::system(kernel, "test").await.unwrap();
    let new = access::NewToken {
        name: "victim".to_owned(),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        ..access::NewToken::default()
    };
    let token = access::create_token(&mut tx, new).await.unwrap();
    tx.commit().await.unwrap();
    token.expose().to_owned()
}

/// As the mutation will do it that is still to come.
async fn revoke(kernel: &Kernel, token: &str) {
    let mut tx = Tx::system(kernel, "test").await.unwrap();
    let token = row_of(&tx, token).await;
    api_token::Entity::update_many()
        .col_expr(api_token::Column::RevokedAt, Expr::value(tx.now()))
        .filter(api_token::Column::Id.eq(token.id))
        .exec(tx.db())
        .await
        .unwrap();
    let entity = Entity::new("ApiToken", API_TOKEN, token.id, 2, PLATFORM);
    tx.record(Event::new(access::EVENTS[1], entity));
    tx.rights_changed().await.unwrap();
    tx.commit().await.unwrap();
}

async fn row_of(tx: &Tx, token: &str) -> api_token::Model {
    let hash = ApiToken::parse(token).unwrap().hash().to_vec();
    let found = api_token::Entity::find().filter(api_token::Column::TokenHash.eq(hash));
    found.one(tx.db()).await.unwrap().unwrap()
}

/// Changes a client's token, past the gateway, and waits until its rights are those.
async fn change(
    gateway: &TestGateway,
    client: &Client,
    column: api_token::Column,
    value: impl Into<sea_orm::Value>,
) {
    let hash = ApiToken::parse(client.credential().unwrap()).unwrap().hash().to_vec();
    let changed = api_token::Entity::update_many()
        .col_expr(column, Expr::value(value.into()))
        .filter(api_token::Column::TokenHash.eq(hash))
        .exec(gateway.database().sql().await)
        .await
        .unwrap();
    assert_eq!(changed.rows_affected, 1);
    gateway.rights_changed().await;
}
