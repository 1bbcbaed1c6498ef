//! A key that is lost: what is sealed under it stays closed, and says which key it needs; the rest goes on.

use serde_json::json;
use tests::{Database, until};

use super::{Owner, keys, note, noted, opsgate, personal, refused, ring, ring_path};

/// What `opsgate doctor` says of sealed values, and whether it is well.
async fn doctor(program: &tests::Program) -> (String, bool) {
    let finished = program.run(&["doctor"]).await;
    let line = finished.stdout.lines().find(|line| line.contains("sealed values: ")).unwrap();
    (line.to_owned(), line.starts_with("ok    "))
}

#[tokio::test]
async fn what_needs_a_lost_key_says_which_and_the_rest_goes_on() {
    let database = Database::create().await;
    let program = opsgate(&database);
    let gateway = program.serve().await;
    let owner = Owner::enrol(&program, &gateway).await;
    let token = gateway.token().unwrap().to_owned();
    let before = note(&gateway.client(&token), "before").await;
    gateway.terminate().await;
    assert!(gateway.ended().await.0.success());

    // While nobody serves, nobody seals anew.
    let lost = ring(&database).first_id();
    let kept = database.dir.path().join("kept.key");
    std::fs::rename(ring_path(&database), &kept).unwrap();
    let refusal = program.run(&["serve"]).await;
    assert!(!refusal.status.success());
    let path = ring_path(&database);
    let expected = format!(
        "there is no {}, and the database holds what is sealed under the keys {lost}.\n",
        path.display()
    );
    assert!(refusal.stderr.contains(&expected), "{}", refusal.stderr);
    assert!(!path.exists(), "nobody makes another one by accident");
    assert!(!doctor(&program).await.1);

    let new = keys(&program, &["rotate"]).await;
    assert_eq!(ring(&database).keys().len(), 1);
    let (said, is_well) = doctor(&program).await;
    assert!(!is_well && said.contains(&format!("some need the key {lost}, which isn't in ")), "{said}");
    let gateway = program.serve().await;
    let client = gateway.client(&token);
    assert!(gateway.log().contains("a sealing key is missing") && gateway.log().contains(&lost));
    let shown = personal(&client, &before).await;
    // Each of its values says so.
    assert_eq!(shown.codes(), ["UNAVAILABLE"; 2]);
    let message = format!(
        "this is sealed under the key {lost}, which the gateway doesn't have: whoever runs it has to restore it"
    );
    assert_eq!(shown.body["errors"][0]["message"], message);
    let answer = owner.sign_in(&gateway).await;
    assert_eq!(answer.body["errors"][0]["message"], message, "{}", answer.body);
    let after = note(&client, "after").await;
    assert_eq!(noted(&client, &after).await, "after");
    until("what can't be sealed anew was passed over", async || {
        gateway.log().contains("sealed values don't open, and stay as they are")
    })
    .await;
    let listed = keys(&program, &[]).await;
    assert!(listed.contains(&format!("\n{lost}  MISSING  audit_personal ")), "{listed}");
    let said = refused(&program, &["retire", &lost]).await;
    assert!(said.contains(&format!("the key {lost} is in use: audit_personal ")), "{said}");

    // It was found: all is as it was.
    let kept = kept.display().to_string();
    assert_eq!(keys(&program, &["add", "--from", &kept]).await, lost);
    assert!(doctor(&program).await.1);
    assert_eq!(noted(&client, &before).await, "before");
    assert_ne!(new, lost);
}

#[tokio::test]
async fn a_lost_key_can_be_given_up() {
    let database = Database::create().await;
    let program = opsgate(&database);
    let gateway = program.serve().await;
    let token = gateway.token().unwrap().to_owned();
    gateway.terminate().await;
    assert!(gateway.ended().await.0.success());
    let lost = ring(&database).first_id();
    std::fs::remove_file(ring_path(&database)).unwrap();
    keys(&program, &["rotate"]).await;
    assert!(!doctor(&program).await.1);
    assert_eq!(keys(&program, &["forget", &lost]).await, lost);
    assert_eq!(doctor(&program).await.0, "ok    sealed values: every key is there");
    let said = refused(&program, &["forget", &lost]).await;
    assert!(said.starts_with(&format!("opsgate: there is no key {lost} ")), "{said}");
    let gateway = program.serve().await;
    assert!(!gateway.log().contains("a sealing key is missing"));
    let input = json!({ "title": "down", "severity": "HIGH" });
    gateway.client(&token).mutate("incidentCreate", input, "incident { id }").await.ok();
}
