//! What the platform says of its people: who is new, who is otherwise by now, and who is kept out.

use entity::user::UserStatus;
use opsgate::{
    directory::{self, UserRecord},
    kernel::error::UserErrorCode,
};
use tests::TestGateway;

use super::{codes, record, told, tx};

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
        codes(directory::reinstate_user(&mut open, id, "why", None).await),
        [UserErrorCode::InvalidTransition]
    );
    assert_eq!(
        codes(directory::suspend_user(&mut open, id, " ", None, None).await),
        [UserErrorCode::Required]
    );
    let out = directory::suspend_user(&mut open, id, "The card was stolen.", None, None).await.unwrap();
    assert_eq!((out.status, out.version), (UserStatus::Suspended, 2));
    let proved = directory::upsert_users(&mut open, vec![record("a", "Ada", true)]).await.unwrap();
    assert_eq!((proved[0].status, proved[0].verified_at.is_some()), (UserStatus::Suspended, true));
    let back = directory::reinstate_user(&mut open, id, "It was theirs.", None).await.unwrap();
    assert_eq!((back.status, back.version), (UserStatus::Active, 4));
    open.commit().await.unwrap();
    assert_eq!(told(&gateway).await, ["user.created", "user.suspended", "user.verified", "user.reinstated"]);
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
