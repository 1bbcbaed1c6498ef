//! What one hears doesn't tell of another organization: neither live nor read again.

use serde_json::json;
use tests::{Message, Socket};

use super::{OURS, THEIRS, Tenants, gateway, reading::Reading};
use crate::authz::fixture::{Filled, stir};

/// Stands in what happens in our organization afterwards.
const FENCE: &str = "Fence-5e21";

/// Listens to every subscription until each has told of what happened last; answers everything that was said.
async fn hear(socket: &mut Socket, names: &[String]) -> Vec<String> {
    let mut open: Vec<_> = names.to_vec();
    let mut heard = Vec::new();
    while !open.is_empty() {
        let Message::Json(message) = socket.next().await else { panic!("closed; left are {open:?}") };
        let said = message.to_string();
        assert_eq!(message["type"], "next", "{message}");
        assert!(message["payload"].get("errors").is_none(), "{message}");
        if said.contains(FENCE) {
            open.retain(|name| *name != message["id"]);
        }
        heard.push(said);
    }
    heard
}

/// Subscribes to everything from a place on.
async fn subscribe(tenants: &Tenants, after: &str) -> (Socket, Vec<String>) {
    let reading = Reading::new();
    let mut socket = tenants.client.socket().await;
    let mut names = Vec::new();
    for field in reading.fields("Subscription") {
        let name = field.name.node.to_string();
        let document = reading.operation("Subscription", &name, &[("after", format!("{after:?}"))]);
        socket.subscribe(&name, &tenants.ours.fill(&document), json!({})).await;
        names.push(name);
    }
    (socket, names)
}

#[tokio::test]
async fn no_stream_tells_of_another_organization() {
    let gateway = gateway().await;
    let ours = Filled::new(&gateway, OURS).await;
    let client = gateway.partner(&["*"], ours.organization).await;
    let start = client.run("{ eventCursor }").await.ok().text("/eventCursor").to_owned();
    let empty = Filled::new(&gateway, "Empty").await;
    let mut tenants = Tenants { gateway, ours, theirs: empty, client };

    let (mut live, names) = subscribe(&tenants, &start).await;
    tenants.theirs = Filled::new(&tenants.gateway, THEIRS).await;
    let open = tenants.ours.fill("{open}");
    stir(&tenants.client, FENCE, &open).await;
    let mut heard = hear(&mut live, &names).await;
    let (mut again, names) = subscribe(&tenants, &start).await;
    heard.extend(hear(&mut again, &names).await);
    for said in heard {
        tenants.check(&said, "a stream");
    }
}
