//! What the platform says of its people: who is new, who is otherwise by now, and who is kept out.

use entity::{organization::OrganizationStatus, user::UserStatus};
use opsgate::{
    directory::{self, NewOrganization, UserRecord},
    kernel::{
        error::{Error, Result, UserErrorCode},
        tx::Tx,
    },
};
use tests::TestGateway;

fn record(id: &str, name: &str, is_verified: bool) -> UserRecord {
    UserRecord {
        external_id: id.to_owned(),
        email: format!("{id}@example.com"),
        name: name.to_owned(),
        is_verified,
        last_active_at: None,
    }
}

async fn tx(gateway: &TestGateway) -> Tx {
    Tx::system(gateway.kernel(), "accounts").await.unwrap()
}

/// The codes of what is wrong.
fn codes<T: std::fmt::Debug>(outcome: Result<T>) -> Vec<UserErrorCode> {
    match outcome {
        Err(Error::Invalid(invalid)) => invalid.violations.into_iter().map(|one| one.code).collect(),
        other => panic!("{other:?}"),
    }
}

/// The types of the events about users and members, in their order.
async fn told(gateway: &TestGateway) -> Vec<String> {
    gateway.run_until_idle().await;
    let query = "{ events(first: 50, filter: { type: { startsWith: \"directory.\" } }) { nodes { type } } }";
    let answer = gateway.owner().run(query).await.ok();
    let nodes = answer.at("/events/nodes").as_array().unwrap();
    nodes.iter().rev().map(|node| node["type"].as_str().unwrap().replace("directory.", "")).collect()
}

#[tokio::test]
async fn the_register_follows_what_the_platform_says() {
    let gateway = TestGateway::start().await;
    let mut first = tx(&gateway).await;
    let both = vec![record("a", "Ada", false), record("b", "Bo", true)];
    let people = directory::upsert_users(&mut first, both.clone()).await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(
        people.iter().map(|row| row.status).collect::<Vec<_>>(),
        [UserStatus::Pending, UserStatus::Active]
    );

    // Who is as before is left alone, and nothing is on the record.
    let mut again = tx(&gateway).await;
    assert_eq!(directory::upsert_users(&mut again, both).await.unwrap(), []);
    assert!(again.is_empty());
    again.rollback().await.unwrap();

    let mut third = tx(&gateway).await;
    let changed = vec![record("b", "Bo Berg", true), record("a", "Ada", true)];
    let people = directory::upsert_users(&mut third, changed).await.unwrap();
    third.commit().await.unwrap();
    assert_eq!(
        people.iter().map(|row| (row.name.as_str(), row.version)).collect::<Vec<_>>(),
        [("Bo Berg", 2), ("Ada", 2)]
    );
    assert_eq!((people[1].status, people[1].verified_at.is_some()), (UserStatus::Active, true));
    assert_eq!(told(&gateway).await, ["user.created", "user.created", "user.updated", "user.verified"]);

    let answer = gateway.owner().run("{ users(first: 5) { nodes { externalId name status } } }").await.ok();
    assert!(answer.body.to_string().contains("Bo Berg"), "{}", answer.body);
}

#[tokio::test]
async fn whoever_is_kept_out_comes_back_as_they_were_and_proof_brings_nobody_in() {
    let gateway = TestGateway::start().await;
    let mut open = tx(&gateway).await;
    let id = directory::upsert_users(&mut open, vec![record("a", "Ada", false)]).await.unwrap()[0].id;
    assert_eq!(
        codes(directory::reinstate_user(&mut open, id, "why").await),
        [UserErrorCode::InvalidTransition]
    );
    assert_eq!(codes(directory::suspend_user(&mut open, id, " ").await), [UserErrorCode::Required]);
    let out = directory::suspend_user(&mut open, id, "The card was stolen.").await.unwrap();
    assert_eq!((out.status, out.version), (UserStatus::Suspended, 2));
    let proved = directory::upsert_users(&mut open, vec![record("a", "Ada", true)]).await.unwrap();
    assert_eq!((proved[0].status, proved[0].verified_at.is_some()), (UserStatus::Suspended, true));
    let back = directory::reinstate_user(&mut open, id, "It was theirs.").await.unwrap();
    assert_eq!((back.status, back.version), (UserStatus::Active, 4));
    open.commit().await.unwrap();
    assert_eq!(told(&gateway).await, ["user.created", "user.suspended", "user.verified", "user.reinstated"]);
}

#[tokio::test]
async fn members_come_in_once_and_only_those_who_are_there() {
    let gateway = TestGateway::start().await;
    let mut open = tx(&gateway).await;
    let people =
        directory::upsert_users(&mut open, vec![record("a", "Ada", true), record("b", "Bo", true)]).await;
    let ids: Vec<_> = people.unwrap().into_iter().map(|row| row.id).collect();
    let new = NewOrganization {
        slug: "acme".to_owned(),
        name: "Acme".to_owned(),
        status: OrganizationStatus::Active,
    };
    let acme = directory::create_organization(&mut open, new.clone()).await.unwrap().id;
    assert_eq!(codes(directory::create_organization(&mut open, new).await), [UserErrorCode::Taken]);
    let add = directory::add_members(&mut open, acme, &[(ids[0], "owner"), (ids[0], "vet")]).await;
    assert_eq!(add.unwrap(), 1);
    let add = directory::add_members(&mut open, acme, &[(ids[0], "vet"), (ids[1], "vet")]).await;
    assert_eq!(add.unwrap(), 1, "whoever is one stays what they are");
    assert_eq!(
        codes(directory::add_members(&mut open, acme, &[(acme, "owner")]).await),
        [UserErrorCode::NotFound]
    );
    assert_eq!(codes(directory::add_members(&mut open, ids[0], &[]).await), [UserErrorCode::NotFound]);
    open.commit().await.unwrap();

    let partner = gateway.partner(&["directory.read", "events.read"], acme).await;
    let seen = partner.run("{ users(first: 5) { totalCount } }").await.ok();
    assert_eq!(*seen.at("/users/totalCount"), 2, "members bring users into an organization's boundary");
}

#[tokio::test]
async fn what_is_wrong_with_records_is_said_of_each() {
    let gateway = TestGateway::start().await;
    let mut open = tx(&gateway).await;
    let nowhere = UserRecord { email: "nowhere".to_owned(), ..record("a", "Ada", true) };
    let wrong = vec![nowhere, record("b", "", true), record("c", "Cleo", true), record("c", "Cleo", true)];
    let expected = [UserErrorCode::Invalid, UserErrorCode::Required, UserErrorCode::Invalid];
    assert_eq!(codes(directory::upsert_users(&mut open, wrong).await), expected);
    let many = (0..501).map(|i| record(&i.to_string(), "Ada", true)).collect();
    assert_eq!(codes(directory::upsert_users(&mut open, many).await), [UserErrorCode::LimitExceeded]);
    assert!(open.is_empty(), "nothing was written");
    open.rollback().await.unwrap();
}
