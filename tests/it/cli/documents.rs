//! Documents that a token is trusted with, from the files that front ends have.

use std::fs;

use opsgate::{config::Overrides, kernel::clock::Clock, kernel::persisted::DocumentHash};
use serde_json::json;
use tests::{Client, Database, Program, TestGateway, until};

use super::{opsgate, refused, said};

const VIEWER: &str = "query Viewer { viewer { permissions } }";
const EXPIRY: &str =
    "query Expiry($not: Boolean!) { viewer { ...V @skip(if: $not) } } fragment V on Viewer { expiresAt }\n";

/// A gateway in this process, the command beside it, and a directory for files.
async fn beside() -> (TestGateway, Program, tempfile::TempDir) {
    let database = Database::create().await;
    let program = opsgate(&database);
    let gateway = TestGateway::start_on(database.into(), Overrides::default(), Clock::system()).await;
    (gateway, program, tempfile::tempdir().unwrap())
}

fn sha256(document: &str) -> String {
    format!("sha256:{}", DocumentHash::of(document))
}

/// The code of what becomes of a document that is named.
async fn code(client: &Client, document: &str) -> String {
    let answer = client.send(json!({ "documentId": sha256(document), "variables": { "not": false } })).await;
    answer.codes().first().copied().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_token_is_made_with_the_documents_of_a_front_end() {
    let (gateway, program, files) = beside().await;
    let manifest = files.path().join("persisted-documents.json");
    fs::write(&manifest, json!({ sha256(VIEWER): VIEWER }).to_string()).unwrap();
    let nested = files.path().join("operations/viewer");
    fs::create_dir_all(&nested).unwrap();
    fs::write(nested.join("expiry.graphql"), EXPIRY).unwrap();
    fs::write(nested.join("README.md"), "no document").unwrap();
    let directory = files.path().join("operations");
    let made = ["token", "create", "--name", "acme", "--permission", "incidents.read", "--documents"];
    let paths = [manifest.to_str().unwrap(), directory.to_str().unwrap()];
    let finished = program.run(&[&made[..], &paths].concat()).await;
    let id = finished.stderr.split(' ').next().unwrap().to_owned();
    assert!(id.starts_with("tok_"), "{}", finished.stderr);
    let client = gateway.client(said(finished).trim());
    until("the token is known", async || code(&client, VIEWER).await.is_empty()).await;
    // A directory's file is a document byte for byte.
    assert_eq!(code(&client, EXPIRY).await, "");
    assert_eq!(code(&client, EXPIRY.trim()).await, "FORBIDDEN");
    assert_eq!(client.run("{ __typename }").await.codes(), ["FORBIDDEN"]);

    let listed = said(program.run(&["token", "documents", &id]).await);
    let mut expected = [format!("{} Viewer", sha256(VIEWER)), format!("{} Expiry", sha256(EXPIRY))];
    expected.sort();
    assert_eq!(listed.lines().collect::<Vec<_>>(), expected);

    // Another list, and none.
    let listed = said(program.run(&["token", "documents", &id, manifest.to_str().unwrap()]).await);
    assert_eq!(listed, format!("{} Viewer\n", sha256(VIEWER)));
    until("the list is another", async || code(&client, EXPIRY).await == "FORBIDDEN").await;
    assert_eq!(code(&client, VIEWER).await, "");
    assert_eq!(said(program.run(&["token", "documents", &id, "--any"]).await), "");
    until("it runs any", async || client.run("{ __typename }").await.codes().is_empty()).await;

    let facts = gateway.facts(0).await;
    let updated: Vec<_> =
        facts.iter().filter(|fact| fact.event.event_type == "admin.token.updated").collect();
    let counts = updated.iter().map(|fact| fact.event.payload["documents"].as_array().map(Vec::len));
    assert_eq!(counts.collect::<Vec<_>>(), [Some(1), None]);
    assert!(updated.iter().all(|fact| fact.event.actor_id == "opsgate token" && fact.event.entity_id == id));
}

#[tokio::test]
async fn a_document_that_could_not_run_is_refused_by_its_file() {
    let (gateway, program, files) = beside().await;
    let before = gateway.recorded().await;
    let deep = format!("{{ viewer {}id{} }}", "{ adminUser ".repeat(20), "}".repeat(20));
    for (name, text, why) in [
        ("parse.graphql", "query Viewer { viewer {", "expected"),
        ("unknown.graphql", "query Viewer { viewer { nothing } }", "nothing"),
        ("second.graphql", "query A { __typename } query B { nothing }", "nothing"),
        ("argument.graphql", "query A { incident(id: []) { id } }", "id"),
        ("fragment.graphql", "fragment I on Incident { title }", "operation"),
        ("mutation.graphql", "mutation { incidentCreate(input: {}) { incident { id } } }", "input"),
        ("follow.graphql", "subscription { incidentChanged { nothing } }", "nothing"),
        ("deep.graphql", &deep, "document_max_depth"),
        ("empty.json", "{}", "at least one"),
        ("other.json", "{\"0cc175b9c0f1b6a831c399e269772661\": \"{ __typename }\"}", "hashAlgorithm"),
        ("list.json", "[1]", "this is no manifest"),
    ] {
        let file = files.path().join(name);
        fs::write(&file, text).unwrap();
        let arguments = ["token", "create", "--name", "a", "--permission", "*", "--documents"];
        let message = refused(program.run(&[&arguments[..], &[file.to_str().unwrap()]].concat()).await);
        let names_file = name == "empty.json" || message.contains(name);
        assert!(names_file && message.contains(why), "{name}: {message}");
    }
    let nowhere = files.path().join("nowhere.graphql");
    let empty = files.path().join("empty");
    fs::create_dir(&empty).unwrap();
    for (path, why) in [(nowhere, "nowhere.graphql: "), (empty, "there is no .graphql file in it")] {
        let arguments = ["token", "create", "--name", "a", "--permission", "*", "--documents"];
        let message = refused(program.run(&[&arguments[..], &[path.to_str().unwrap()]].concat()).await);
        assert!(message.contains(why), "{message}");
    }
    for id in ["tok_00000000000000000000000000", "acme"] {
        let message = refused(program.run(&["token", "documents", id]).await);
        assert!(message.starts_with("opsgate: "), "{message}");
    }
    assert_eq!(gateway.recorded().await, before, "nothing was made");
}
