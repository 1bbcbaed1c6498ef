//! What an id may look like.

use opsgate::{
    incidents::INCIDENT,
    kernel::{actor::ADMIN_USER, id::Prefix},
};
use serde_json::{Value, json};
use tests::TestGateway;
use uuid::Uuid;

use super::{note, open};

#[tokio::test]
async fn a_type_id_and_a_plain_uuid_name_the_same() {
    let gateway = TestGateway::start().await;
    let id = open(gateway.owner()).await;
    let uuid = INCIDENT.parse(&id).unwrap();
    for name in [id.clone(), uuid.to_string(), uuid.to_string().to_uppercase()] {
        let document = "query($id: ID!) { incident(id: $id) { id uuid } }";
        let read = gateway.owner().run_with(document, json!({ "id": name })).await.ok();
        assert_eq!(*read.at("/incident"), json!({ "id": id, "uuid": uuid }));
        assert_eq!(note(gateway.owner(), &name, "x").await.ok().text("/incident/id"), id);
    }
}

#[tokio::test]
async fn what_is_no_id_of_an_incident_is_told_so() {
    let gateway = TestGateway::start().await;
    let id = open(gateway.owner()).await;
    let uuid = INCIDENT.parse(&id).unwrap();
    let braced = format!("{{{uuid}}}");
    for wrong in [
        // Another type's, also with the same UUID.
        &*ADMIN_USER.encode(uuid),
        &*Prefix("tok").encode(Uuid::nil()),
        "",
        "inc_",
        "INC-2026-000001",
        // Base32 is strict: no upper case, no look-alikes, no more than 128 bits.
        &*id.to_uppercase(),
        &id.replace("inc_", "inc_o")[..30],
        "inc_8zzzzzzzzzzzzzzzzzzzzzzzzz",
        &*uuid.simple().to_string(),
        &*braced,
        "' OR 1=1 --",
    ] {
        let document = "query($id: ID!) { incident(id: $id) { id } }";
        let read = gateway.owner().run_with(document, json!({ "id": wrong })).await;
        assert_eq!(read.codes(), ["BAD_USER_INPUT"], "{wrong}: {}", read.body);
        assert_eq!(read.body["data"], json!({ "incident": null }), "{wrong}");
        let change = note(gateway.owner(), wrong, "x").await;
        assert_eq!(change.user_error_codes(), ["INVALID"], "{wrong}: {}", change.body);
        assert_eq!(*change.at("/userErrors/0/field"), json!(["input", "id"]), "{wrong}");
        assert_eq!(*change.at("/incident"), Value::Null);
    }
}

#[tokio::test]
async fn what_is_not_there_is_null_to_a_reader() {
    let gateway = TestGateway::start().await;
    for unknown in [INCIDENT.encode(Uuid::from_u128(7)), Uuid::from_u128(7).to_string()] {
        let document = "query($id: ID!) { incident(id: $id) { id } }";
        let read = gateway.owner().run_with(document, json!({ "id": unknown })).await.ok();
        assert_eq!(*read.at("/incident"), Value::Null);
        assert_eq!(note(gateway.owner(), &unknown, "x").await.user_error_codes(), ["NOT_FOUND"]);
    }
}
