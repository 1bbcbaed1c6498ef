//! Every root field, tried by who acts in another one's place.

use opsgate::{
    directory::USER,
    kernel::{
        actor::ADMIN_USER,
        guard::{Access, Root, RootField},
        permission::is_about_rights,
    },
};
use serde_json::{Value, json};
use tests::Client;

use super::{
    fixture::Fixture,
    root_fields::{ask, codes, rows, try_in_vain},
};

/// The owner in the place of another super admin: they may everything, both of them.
async fn in_place(fixture: &Fixture, is_read_only: bool) -> Client {
    let gateway = &fixture.gateway;
    let other = gateway.account("Mara", entity::admin_user::AdminLevel::SuperAdmin).await;
    let document = "query($id: ID!) { adminUser(id: $id) { user { id } } }";
    let variables = json!({ "id": ADMIN_USER.encode(other) });
    let answer = gateway.owner().run_with(document, variables).await.ok();
    let user = answer.text("/adminUser/user/id").to_owned();
    assert!(USER.parse(&user).is_ok());
    let input = json!({ "userId": user, "reason": "to see", "isReadOnly": is_read_only });
    let owner = gateway.owner_in_person().await;
    let begun = owner.mutate("impersonationStart", input, "credential").await.ok();
    gateway.rights_read().await;
    gateway.client(begun.text("/credential"))
}

/// Whether nobody does it in another one's place, whatever both may.
fn is_banned(field: &RootField) -> bool {
    match field.access {
        Access::Permission { key, .. } => is_about_rights(key),
        Access::Public | Access::Enrolling | Access::Authenticated { .. } => true,
    }
}

#[tokio::test]
async fn who_looks_in_another_ones_place_reads_and_changes_nothing() {
    let fixture = Fixture::new().await;
    let client = in_place(&fixture, true).await;
    for (field, document, _) in rows() {
        let document = fixture.fill(document);
        let before = fixture.gateway.recorded().await;
        if field.root == Root::Mutation {
            let (data, errors) = try_in_vain(&client, &field, &document).await;
            assert_eq!((codes(&errors), data), (vec!["FORBIDDEN"], Value::Null), "{}", field.name);
            let facts = fixture.gateway.facts(before).await;
            let [fact] = &facts[..] else { panic!("{}: {facts:?}", field.name) };
            assert_eq!(fact.event.event_type, "admin.access.denied", "{}", field.name);
            assert_eq!(fact.event.impersonator_id, Some(fixture.gateway.owner_id().await), "{}", field.name);
        } else {
            let (_, errors) = ask(&client, &field, &document).await;
            assert_eq!(errors, [Value::Null; 0], "{}", field.name);
            assert_eq!(fixture.gateway.recorded().await, before, "{}", field.name);
        }
    }
}

#[tokio::test]
async fn nobody_gives_rights_or_signs_in_in_another_ones_place() {
    let fixture = Fixture::new().await;
    let client = in_place(&fixture, false).await.with_header("x-dry-run", "true");
    for (field, document, _) in rows().into_iter().filter(|(field, ..)| field.root == Root::Mutation) {
        let (_, errors) = ask(&client, &field, &fixture.fill(document)).await;
        let is_refused = codes(&errors) == ["FORBIDDEN"];
        assert_eq!(is_refused, is_banned(&field), "{}: {errors:?}", field.name);
    }
    let viewer = client.run("{ viewer { permissions } }").await.ok();
    let about_rights: Vec<_> = viewer
        .at("/viewer/permissions")
        .as_array()
        .unwrap()
        .iter()
        .filter(|key| is_about_rights(key.as_str().unwrap()))
        .collect();
    assert_eq!(about_rights, ["access.explain", "access.read"]);
}
