//! Organizations and their members.

use entity::organization::OrganizationStatus;
use opsgate::{
    directory::{self, NewOrganization},
    kernel::error::UserErrorCode,
};
use tests::TestGateway;

use super::{codes, record, tx};

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
