//! Whose rows a caller with an organization sees.

use opsgate::kernel::actor::ORGANIZATION;
use serde_json::{Value, json};
use tests::{Client, TestGateway};

/// Opens an incident that is named after whose it is.
async fn open(client: &Client, title: &str) -> Value {
    let input = json!({ "title": title, "severity": "LOW" });
    client.mutate("incidentCreate", input, "incident { id number title }").await.ok().at("/incident").clone()
}

/// The titles of the incidents that a caller sees, in the list and one by one.
async fn seen(client: &Client, all: &[Value]) -> Vec<String> {
    let list = client.run("{ incidents(first: 100) { nodes { title } totalCount } }").await.ok();
    let mut titles: Vec<_> = list.at("/incidents/nodes").as_array().unwrap().iter().collect();
    titles.sort_by_key(|node| node["title"].to_string());
    let mut found = Vec::new();
    for incident in all {
        let document = "query($id: ID!, $number: String!) { incident(id: $id) { title } incidentByNumber(number: $number) { title } }";
        let one = client.run_with(document, incident.clone()).await.ok();
        assert_eq!(one.at("/incident"), one.at("/incidentByNumber"));
        found.extend(one.at("/incident/title").as_str().map(str::to_owned));
    }
    found.sort();
    assert_eq!(titles.iter().map(|node| node["title"].as_str().unwrap()).collect::<Vec<_>>(), found);
    assert_eq!(*list.at("/incidents/totalCount"), found.len());
    found
}

#[tokio::test]
async fn a_partner_sees_its_own_and_what_was_merged_into_it() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let scopes = ["incidents.*", "directory.read", "access.read"];
    let mut all = vec![open(owner, "platform").await];
    let (mut organizations, mut partners) = (Vec::new(), Vec::new());
    for name in ["acme", "globex", "initech", "hooli"] {
        let organization = gateway.organization(name).await;
        let partner = gateway.partner(&scopes, organization).await;
        all.push(open(&partner, name).await);
        organizations.push(organization);
        partners.push(partner);
    }
    let (&[acme, _, initech, hooli], [partner, globex_s, initech_s, _]) = (&organizations[..], &partners[..])
    else {
        unreachable!()
    };
    // Directly, and by way of another one.
    gateway.merge_organizations(initech, acme).await;
    gateway.merge_organizations(hooli, initech).await;
    assert_eq!(seen(owner, &all).await, ["acme", "globex", "hooli", "initech", "platform"]);
    assert_eq!(seen(partner, &all).await, ["acme", "hooli", "initech"]);
    assert_eq!(seen(initech_s, &all).await, ["hooli", "initech"]);
    assert_eq!(seen(globex_s, &all).await, ["globex"]);

    // What it sees it may change, and nothing else.
    for incident in &all {
        let answer = partner.mutate("incidentAcknowledge", json!({ "id": incident["id"] }), "").await;
        let is_own = ["acme", "hooli", "initech"].contains(&incident["title"].as_str().unwrap());
        let expected: &[&str] = if is_own { &[] } else { &["NOT_FOUND"] };
        assert_eq!(answer.user_error_codes(), expected, "{incident}");
    }
}

#[tokio::test]
async fn a_merge_widens_the_boundary_from_the_next_request_on() {
    let gateway = TestGateway::start().await;
    let (acme, globex) = (gateway.organization("acme").await, gateway.organization("globex").await);
    let partner = gateway.partner(&["incidents.*", "directory.read"], acme).await;
    let theirs = open(&gateway.partner(&["*"], globex).await, "globex").await;
    assert_eq!(seen(&partner, std::slice::from_ref(&theirs)).await, [""; 0]);
    gateway.merge_organizations(globex, acme).await;
    assert_eq!(seen(&partner, &[theirs]).await, ["globex"]);
}

#[tokio::test]
async fn people_and_organizations_lie_within_the_boundary_too() {
    let gateway = TestGateway::start().await;
    let acme = gateway.organization("acme").await;
    let globex = gateway.organization("globex").await;
    let initech = gateway.merged_organization("initech", acme).await;
    let mut users = Vec::new();
    for (name, organization) in [("Ann", acme), ("Gus", globex), ("Ian", initech)] {
        users.push((name, gateway.member(name, organization).await));
    }
    let partner = gateway.partner(&["directory.read", "access.read"], acme).await;
    let document = "{ users(first: 100) { nodes { name } } organizations(first: 100) { nodes { slug } } \
                    adminUsers { nodes { id } totalCount } viewer { organization { slug } adminUser { id } } }";
    let answer = partner.run(document).await.ok();
    let all = |pointer: &str, field: &str| {
        let nodes = answer.at(pointer).as_array().unwrap();
        let mut names: Vec<_> = nodes.iter().map(|node| node[field].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(all("/users/nodes", "name"), ["Ann", "Ian"]);
    assert_eq!(all("/organizations/nodes", "slug"), ["acme", "initech"]);
    assert_eq!(*answer.at("/adminUsers"), json!({ "nodes": [], "totalCount": 0 }));
    assert_eq!(*answer.at("/viewer"), json!({ "organization": { "slug": "acme" }, "adminUser": null }));

    for (name, id) in users {
        let read =
            partner.run_with("query($id: ID!) { user(id: $id) { name } }", json!({ "id": id })).await.ok();
        let expected = if name == "Gus" { Value::Null } else { json!({ "name": name }) };
        assert_eq!(*read.at("/user"), expected);
    }
    for (id, expected) in [(acme, json!("acme")), (initech, json!("initech")), (globex, Value::Null)] {
        let document = "query($id: ID!) { organization(id: $id) { slug mergedInto { slug } } }";
        let id = json!({ "id": ORGANIZATION.encode(id) });
        let read = partner.run_with(document, id).await.ok();
        assert_eq!(*read.at("/organization/slug"), expected);
    }
    // The owner's account is the platform's.
    let owner = gateway.owner_id().await;
    let read = partner.run_with("query($id: ID!) { adminUser(id: $id) { name } }", json!({ "id": owner }));
    assert_eq!(*read.await.ok().at("/adminUser"), Value::Null);
}

#[tokio::test]
async fn a_partner_reads_the_public_part_of_a_timeline() {
    let gateway = TestGateway::start().await;
    let acme = gateway.organization("acme").await;
    let partner = gateway.partner(&["incidents.read"], acme).await;
    let worker = gateway.partner(&["incidents.*"], acme).await;
    let incident = open(&worker, "acme").await;
    for (body, visibility) in [("for us", "INTERNAL"), ("for all", "PUBLIC")] {
        let input = json!({ "id": incident["id"], "body": body, "visibility": visibility });
        worker.mutate("incidentNoteAdd", input, "").await.ok();
    }
    let document =
        "query($id: ID!) { incident(id: $id) { timeline(first: 10) { nodes { body } totalCount } } }";
    let read = partner.run_with(document, json!({ "id": incident["id"] })).await.ok();
    assert_eq!(*read.at("/incident/timeline"), json!({ "nodes": [{ "body": "for all" }], "totalCount": 1 }));
    let read = worker.run_with(document, json!({ "id": incident["id"] })).await.ok();
    assert_eq!(*read.at("/incident/timeline/totalCount"), 3);
}
