//! `viewerCan` says what happens: for every status, action and set of permissions.

use serde_json::{Value, json};
use tests::{Client, TestGateway};

use super::{STATUSES, at, open, tried};

/// Whether one of these inputs is accepted; nothing is changed.
async fn works(client: &Client, mutation: &str, inputs: Vec<Value>) -> bool {
    let client = client.with_header("x-dry-run", "true");
    for input in inputs {
        let answer = tried(&client, mutation, input).await;
        let is_done = answer.body.get("errors").is_none() && answer.user_error_codes().is_empty();
        assert_eq!(*answer.at("/receipt/isDryRun") == json!(true), is_done, "{}", answer.body);
        if is_done {
            return true;
        }
    }
    false
}

/// Inputs of `action` on the incident `id`, one of which is accepted where the action is possible at all.
fn inputs(action: &str, id: &str, other: &str) -> Vec<Value> {
    match action {
        "incidentAcknowledge" => vec![json!({ "id": id })],
        "incidentAssign" => vec![json!({ "id": id, "commanderId": null, "assigneeId": null })],
        "incidentUpdate" => vec![json!({ "id": id, "title": "Another title" })],
        "incidentNoteAdd" => vec![json!({ "id": id, "body": "noted" })],
        "incidentTransition" => STATUSES.iter().map(|status| json!({ "id": id, "status": status })).collect(),
        "incidentResolve" => vec![json!({ "id": id, "rootCause": "a", "resolution": "b" })],
        "incidentReopen" => vec![json!({ "id": id, "reason": "again" })],
        "incidentMerge" => vec![
            json!({ "targetId": id, "sourceIds": [other] }),
            json!({ "targetId": other, "sourceIds": [id] }),
        ],
        _ => panic!("{action}: say here how it is tried"),
    }
}

#[tokio::test]
async fn what_it_promises_is_what_happens() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let other = open(owner).await;
    let mut incidents = Vec::new();
    for status in STATUSES {
        incidents.push((status, at(owner, status).await));
    }
    let merged = open(owner).await;
    let input = json!({ "targetId": open(owner).await, "sourceIds": [merged] });
    tried(owner, "incidentMerge", input).await.ok();
    incidents.push(("merged", merged));
    // Assigned, so that giving it to nobody is a change.
    for (status, id) in &incidents {
        if !["CLOSED", "merged"].contains(status) {
            let account = gateway.account(status, entity::admin_user::AdminLevel::Admin).await;
            let input = json!({ "id": id, "assigneeId": account.to_string() });
            tried(owner, "incidentAssign", input).await.ok();
        }
    }
    let scopes: [&[&str]; 4] = [
        &["incidents.read", "access.read"],
        &["incidents.read", "access.read", "incidents.acknowledge"],
        &["incidents.read", "access.read", "incidents.manage"],
        &["incidents.read", "access.read", "incidents.acknowledge", "incidents.manage"],
    ];
    for scopes in scopes {
        let client = gateway.with_scopes(scopes).await;
        for (status, id) in &incidents {
            let document = "query($id: ID!) { incident(id: $id) { viewerCan { action isAllowed reasons } } }";
            let read = client.run_with(document, json!({ "id": id })).await.ok();
            let promises = read.at("/incident/viewerCan").as_array().unwrap();
            assert_eq!(promises.len(), 8, "every mutation of an incident");
            for promise in promises {
                let action = promise["action"].as_str().unwrap();
                let happens = works(&client, action, inputs(action, id, &other)).await;
                assert_eq!(promise["isAllowed"], happens, "{action} of {status} with {scopes:?}");
                assert_eq!(promise["reasons"].as_array().unwrap().is_empty(), happens, "{promise}");
            }
        }
    }
}
