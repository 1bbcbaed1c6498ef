//! The ring of sealing keys, as operators change it: beside gateways that serve, in processes of their own.

mod damaged;
mod declared;
mod lost;
mod retired;
mod rotation;

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use opsgate::{
    access::OWNER_EMAIL,
    kernel::{clock::Clock, leaf, secret::KeyRing},
};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tests::{Answer, Authenticator, Client, Database, Process, Program, until};

use crate::OPSGATE;

const PASSWORD: &str = "correct 17 gazelles";
const TOKENS: &str = "tokens { accessToken refreshToken }";

/// Somebody who signs in at a gateway in a process of its own, where time goes on.
struct Owner {
    app: Authenticator,
    refresh_token: String,
}

impl Owner {
    /// Accepts an invitation and enrols.
    async fn enrol(program: &Program, gateway: &Process) -> Self {
        let invited = program.run(&["admin", "invite", OWNER_EMAIL]).await;
        assert!(invited.status.success(), "{invited:?}");
        let input = json!({ "token": invited.stdout.trim(), "password": PASSWORD });
        let selection = format!("{TOKENS} enrolment {{ uri }}");
        let accepted = gateway.nobody().mutate("invitationAccept", input, &selection).await.ok();
        let app = Authenticator::read(accepted.text("/enrolment/uri"));
        let begun = gateway.client(accepted.text("/tokens/accessToken"));
        begun.mutate("mfaConfirm", json!({ "code": app.code(now()) }), TOKENS).await.ok();
        Self { app, refresh_token: accepted.text("/tokens/refreshToken").to_owned() }
    }

    /// Exchanges the refresh token, as clients do from time to time.
    async fn refresh(&mut self, gateway: &Process) -> Client {
        let input = json!({ "refreshToken": self.refresh_token });
        let answer = gateway.nobody().mutate("sessionRefresh", input, TOKENS).await.ok();
        self.refresh_token = answer.text("/tokens/refreshToken").to_owned();
        gateway.client(answer.text("/tokens/accessToken"))
    }

    /// Signs in with the code of the next half minute, which is good already.
    async fn sign_in(&self, gateway: &Process) -> Answer {
        let factor = json!({ "totp": self.app.code(now() + TimeDelta::seconds(30)) });
        let input = json!({ "email": OWNER_EMAIL, "password": PASSWORD, "secondFactor": factor });
        gateway.nobody().mutate("sessionCreate", input, TOKENS).await
    }
}

fn now() -> DateTime<Utc> {
    Clock::system().now()
}

fn opsgate(database: &Database) -> Program {
    Program::new(OPSGATE, database)
}

/// What `opsgate keys …` prints.
async fn keys(program: &Program, arguments: &[&str]) -> String {
    let finished = program.run(&[&["keys"], arguments].concat()).await;
    assert!(finished.status.success(), "{finished:?}");
    finished.stdout.trim().to_owned()
}

/// What it says where it refuses.
async fn refused(program: &Program, arguments: &[&str]) -> String {
    let finished = program.run(&[&["keys"], arguments].concat()).await;
    assert_eq!((finished.status.code(), &*finished.stdout), (Some(1), ""), "{finished:?}");
    finished.stderr
}

fn ring_path(database: &Database) -> PathBuf {
    database.dir.path().join("sealing.key")
}

/// The ring as it is in the file.
fn ring(database: &Database) -> KeyRing {
    KeyRing::load(&ring_path(database)).unwrap().unwrap()
}

/// Waits until no personal value, password or second factor is sealed under the key any more.
async fn resealed(database: &Database, key: &str) {
    until("everything is sealed anew", async || sealed_under(database, key).await == 0).await;
}

async fn sealed_under(database: &Database, key: &str) -> i64 {
    let count = |column: &str, table: &str| {
        format!("(SELECT count(*) FROM {table} WHERE {column} LIKE 'v1.{key}.%')")
    };
    let sql = format!(
        "SELECT {} + {} + {} AS found",
        count("sealed", "audit_personal"),
        count("sealed_password", "credentials"),
        count("sealed_totp", "credentials"),
    );
    number(database, &sql).await
}

async fn number(database: &Database, sql: &str) -> i64 {
    let db = database.sql().await;
    let statement = Statement::from_string(db.get_database_backend(), sql);
    db.query_one_raw(statement).await.unwrap().unwrap().try_get("", "found").unwrap()
}

/// An incident with a note, which is a personal value of the record; the id of the note's entry.
async fn note(client: &Client, text: &str) -> String {
    let input = json!({ "title": "down", "severity": "HIGH" });
    let opened = client.mutate("incidentCreate", input, "incident { id }").await.ok();
    let input = json!({ "id": opened.text("/incident/id"), "body": text });
    let added = client.mutate("incidentNoteAdd", input, "incident { id }").await.ok();
    added.text("/receipt/auditLogId").to_owned()
}

/// What is personal in an entry, for whoever may see it.
async fn personal(client: &Client, entry: &str) -> Answer {
    let document = "query($id: ID!) { auditLog(id: $id) { body personal { path value salt } } }";
    client.run_with(document, json!({ "id": entry })).await
}

/// The note of an entry, after all that is personal in it was held against what the entry committed itself to.
async fn noted(client: &Client, entry: &str) -> String {
    let shown = personal(client, entry).await.ok();
    let body: Value = serde_json::from_str(shown.text("/auditLog/body")).unwrap();
    let mut note = None;
    for one in shown.at("/auditLog/personal").as_array().unwrap() {
        let path = one["path"].as_str().unwrap();
        let salt = hex::decode(one["salt"].as_str().unwrap()).unwrap();
        let commitment = leaf::commit(salt.as_slice().try_into().unwrap(), path, &one["value"]).unwrap();
        assert_eq!(body["personal"][path], commitment);
        if path == "$.note" {
            note = one["value"].as_str().map(str::to_owned);
        }
    }
    note.unwrap()
}
