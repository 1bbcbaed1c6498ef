//! Roles: sets of permissions that have a name.

use entity::admin_user::AdminLevel;
use opsgate::{access::ROLE, schema};
use serde_json::{Value, json};
use tests::{Answer, Client, TestGateway};

use super::{only_denied, permissions, refused};

const ROLE_FIELDS: &str =
    "id uuid name description permissions isSensitive isBuiltIn createdAt updatedAt version";

async fn tried(client: &Client, mutation: &str, input: Value) -> Answer {
    client.mutate(mutation, input, &format!("role {{ {ROLE_FIELDS} }}")).await
}

async fn made(client: &Client, name: &str, permissions: &[&str]) -> Value {
    let input = json!({ "name": name, "permissions": permissions });
    tried(client, "roleCreate", input).await.ok().at("/role").clone()
}

async fn read(client: &Client, id: &Value) -> Value {
    let document = format!("query($id: ID!) {{ role(id: $id) {{ {ROLE_FIELDS} }} }}");
    client.run_with(&document, json!({ "id": id })).await.ok().at("/role").clone()
}

async fn names(client: &Client, arguments: &str) -> Vec<String> {
    let answer = client.run(&format!("{{ roles({arguments}) {{ nodes {{ name }} }} }}")).await.ok();
    let nodes = answer.at("/roles/nodes").as_array().unwrap();
    nodes.iter().map(|node| node["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_permission_is_listed_with_what_it_allows() {
    let gateway = TestGateway::start().await;
    let answer = gateway.owner().run("{ permissions { key description isSensitive level } }").await.ok();
    let listed = answer.at("/permissions").as_array().unwrap();
    let keys: Vec<_> = listed.iter().map(|permission| permission["key"].as_str().unwrap()).collect();
    let catalogue = schema::catalogue();
    assert_eq!(keys, catalogue.permissions().map(|permission| permission.key).collect::<Vec<_>>());
    let expected = json!({
        "key": "access.assign_roles",
        "description": "Give roles to admin users and take them away.",
        "isSensitive": true,
        "level": "SUPER_ADMIN",
    });
    assert!(listed.contains(&expected));
}

#[tokio::test]
async fn the_built_in_roles_are_there_and_stay_as_they_are() {
    let gateway = TestGateway::start().await;
    let owner = &gateway.owner_in_person().await;
    let built_in = [
        "administrator",
        "compliance officer",
        "finance",
        "incident responder",
        "moderator",
        "partner",
        "support",
    ];
    let by_name = "orderBy: {field: NAME, direction: ASC}, filter: {isBuiltIn: {eq: true}}";
    assert_eq!(names(owner, by_name).await, built_in);
    made(owner, "on call", &["incidents.*"]).await;
    assert_eq!(names(owner, by_name).await, built_in);
    assert_eq!(names(owner, "first: 1").await.len(), 1);
    assert_eq!(names(owner, "filter: {isBuiltIn: {eq: false}}").await, ["on call"]);

    let seen = gateway.recorded().await;
    let answer = owner.run(&format!("{{ roles(first: 100) {{ nodes {{ {ROLE_FIELDS} }} }} }}")).await.ok();
    for role in answer.at("/roles/nodes").as_array().unwrap() {
        if role["isBuiltIn"] == false {
            continue;
        }
        assert_eq!(read(owner, &role["id"]).await, *role);
        let is_all = role["permissions"] == json!(["*"]);
        assert_eq!(role["isSensitive"], is_all, "{role}");
        let answer = tried(owner, "roleUpdate", json!({ "id": role["id"], "name": "mine" })).await;
        refused(&answer, "NOT_ALLOWED", "id");
        refused(&tried(owner, "roleDelete", json!({ "id": role["id"] })).await, "NOT_ALLOWED", "id");
    }
    only_denied(&gateway, seen, &["roleUpdate", "roleDelete"]).await;
}

#[tokio::test]
async fn a_built_in_role_gives_what_it_says() {
    let gateway = TestGateway::start().await;
    let catalogue = schema::catalogue();
    let own = catalogue.of_account(AdminLevel::Support, &[]);
    for (name, given) in [
        ("administrator", &["*"][..]),
        ("compliance officer", &["audit.read", "compliance.*", "directory.read", "privacy.*"]),
        ("finance", &["billing.*", "directory.read", "exports.*", "risk.*"]),
        (
            "incident responder",
            &["incidents.*", "monitoring.read", "monitoring.respond", "monitoring.trigger"],
        ),
        ("moderator", &["directory.read", "moderation.*"]),
        ("partner", &["directory.read", "incidents.read", "monitoring.read"]),
        (
            "support",
            &["directory.read", "incidents.acknowledge", "incidents.read", "monitoring.read", "support.*"],
        ),
    ] {
        let document = "{ roles(first: 100) { nodes { id name permissions } } }";
        let answer = gateway.owner().run(document).await.ok();
        let roles = answer.at("/roles/nodes").as_array().unwrap();
        let role = roles.iter().find(|role| role["name"] == name).unwrap();
        assert_eq!(role["permissions"], json!(given), "{name}");
        let account = gateway.account(name, AdminLevel::Support).await;
        gateway.assign(ROLE.parse(role["id"].as_str().unwrap()).unwrap(), account, None).await;
        let scopes: Vec<_> = given.iter().map(|&scope| scope.to_owned()).collect();
        let expected: Vec<_> = own.union(&catalogue.of_scopes(&scopes)).iter().collect();
        assert_eq!(permissions(&gateway.signed_in(account)).await, expected, "{name}");
    }
}

#[tokio::test]
async fn nobody_takes_out_of_a_role_what_they_do_not_have() {
    let gateway = TestGateway::start().await;
    let top = gateway.account("Top", AdminLevel::SuperAdmin).await;
    let ada = gateway.account("Ada", AdminLevel::Support).await;
    let watch = gateway.role("watch", &["access.read", "audit.read_personal", "incidents.read"]).await;
    for account in [top, ada] {
        gateway.assign(watch, account, None).await;
    }
    let keepers = gateway.role("keepers", &["access.manage_roles"]).await;
    let eve = gateway.account("Eve", AdminLevel::Support).await;
    gateway.assign(keepers, eve, None).await;
    let eve = gateway.in_person(eve);
    let update = |permissions: &[&str]| json!({ "id": ROLE.encode(watch), "permissions": permissions });
    let seen = gateway.recorded().await;
    let answer = tried(&eve, "roleUpdate", update(&["access.read"])).await;
    let said = refused(&answer, "NOT_ALLOWED", "permissions");
    assert!(said.ends_with("what they don't have themselves: audit.read_personal"), "{said}");
    only_denied(&gateway, seen, &["roleUpdate"]).await;
    assert!(permissions(&gateway.signed_in(ada)).await.contains(&"audit.read_personal".to_owned()));
    // What she has herself, she takes.
    let less = update(&["access.read", "audit.read_personal"]);
    tried(&eve, "roleUpdate", less).await.ok();
    // Where nobody has it, nobody loses anything.
    let idle = ROLE.encode(gateway.role("idle", &["access.read", "audit.read_personal"]).await);
    tried(&eve, "roleUpdate", json!({ "id": idle, "permissions": ["access.read"] })).await.ok();
}

#[tokio::test]
async fn a_role_is_made_changed_and_deleted() {
    let gateway = TestGateway::start().await;
    let owner = &gateway.owner_in_person().await;
    let given = ["incidents.read", "incidents.*", "incidents.read"];
    let input = json!({ "name": " on call ", "description": "Is woken up.", "permissions": given });
    let answer = tried(owner, "roleCreate", input).await.ok();
    let role = answer.at("/role").clone();
    let id = role["id"].clone();
    assert_eq!(read(owner, &id).await, role);
    let node = "query($id: ID!) { node(id: $id) { ... on Role { name } } }";
    let node = owner.run_with(node, json!({ "id": id })).await.ok();
    assert_eq!(*node.at("/node/name"), "on call");
    assert_eq!(role["name"], "on call");
    assert_eq!(role["permissions"], json!(["incidents.*", "incidents.read"]), "sorted, each once");
    assert_eq!((&role["isSensitive"], &role["version"]), (&json!(false), &json!(1)));
    let fact = gateway.proved(&answer).await;
    assert_eq!((&*fact.event.event_type, &*fact.entry.action), ("admin.role.created", "ROLE_CREATE"));
    assert_eq!((&*fact.event.entity_type, &json!(fact.event.entity_id)), ("Role", &id));
    let before = json!({
        "name": "on call", "description": "Is woken up.", "permissions": ["incidents.*", "incidents.read"],
    });
    assert_eq!(fact.event.payload, before);

    let input = json!({ "id": id, "permissions": ["audit.read_personal"], "expectedVersion": 1 });
    let answer = tried(owner, "roleUpdate", input.clone()).await.ok();
    let role = answer.at("/role").clone();
    assert_eq!(read(owner, &id).await, role);
    assert_eq!(role["isSensitive"], true);
    assert_eq!((&role["name"], &role["version"]), (&json!("on call"), &json!(2)));
    let fact = gateway.proved(&answer).await;
    assert_eq!(fact.event.event_type, "admin.role.updated");
    let expected = json!({
        "name": "on call", "description": "Is woken up.", "permissions": ["audit.read_personal"], "before": before,
    });
    assert_eq!(fact.event.payload, expected);

    // Somebody else was faster.
    let answer = tried(owner, "roleUpdate", input).await;
    refused(&answer, "CONFLICT", "expectedVersion");
    assert_eq!(*answer.at("/role"), role);
    refused(
        &tried(owner, "roleDelete", json!({ "id": id, "expectedVersion": 1 })).await,
        "CONFLICT",
        "expectedVersion",
    );
    // What changes nothing is no change.
    let same = tried(owner, "roleUpdate", json!({ "id": id, "name": "on call" })).await.ok();
    assert!(same.at("/receipt").is_null());

    let answer = tried(owner, "roleDelete", json!({ "id": id, "expectedVersion": 2 })).await.ok();
    assert_eq!(*answer.at("/role"), role, "as it was");
    assert_eq!(gateway.proved(&answer).await.event.event_type, "admin.role.deleted");
    assert_eq!(read(owner, &id).await, Value::Null);
    for mutation in ["roleUpdate", "roleDelete"] {
        refused(&tried(owner, mutation, json!({ "id": id })).await, "NOT_FOUND", "id");
    }
}

#[tokio::test]
async fn what_is_no_role_is_refused() {
    let gateway = TestGateway::start().await;
    let owner = &gateway.owner_in_person().await;
    let other = made(owner, "other", &["incidents.read"]).await;
    let seen = gateway.recorded().await;
    let many: Vec<_> = (0..101).map(|n| format!("a{n}.*")).collect();
    for (input, code, field) in [
        (json!({ "name": " ", "permissions": ["incidents.read"] }), "REQUIRED", "name"),
        (json!({ "name": "n".repeat(101), "permissions": ["incidents.read"] }), "TOO_LONG", "name"),
        (json!({ "name": "a\0b", "permissions": ["incidents.read"] }), "INVALID", "name"),
        (json!({ "name": "other", "permissions": ["incidents.read"] }), "TAKEN", "name"),
        (json!({ "name": "support", "permissions": ["incidents.read"] }), "TAKEN", "name"),
        (json!({ "name": "x", "permissions": [] }), "REQUIRED", "permissions"),
        (json!({ "name": "x", "permissions": ["incidents"] }), "INVALID", "permissions"),
        (json!({ "name": "x", "permissions": ["incident.*"] }), "INVALID", "permissions"),
        (
            json!({ "name": "x", "description": "d".repeat(1001), "permissions": ["incidents.read"] }),
            "TOO_LONG",
            "description",
        ),
    ] {
        refused(&tried(owner, "roleCreate", input.clone()).await, code, field);
        // The same where it changes one.
        let mut input = input;
        input["id"] = made_id(&other);
        if input["name"] != "other" {
            refused(&tried(owner, "roleUpdate", input).await, code, field);
        }
    }
    let answer = tried(owner, "roleCreate", json!({ "name": "x", "permissions": many })).await;
    assert_eq!(answer.user_error_codes().last(), Some(&"TOO_LONG"));
    let malformed = tried(owner, "roleUpdate", json!({ "id": "adm_01jd5kzzzzfpfvnd2v6n5x3k8r" })).await;
    refused(&malformed, "INVALID", "id");
    assert_eq!(gateway.recorded().await, seen);
}

fn made_id(role: &Value) -> Value {
    role["id"].clone()
}

#[tokio::test]
async fn nobody_puts_into_a_role_what_they_do_not_have() {
    let gateway = TestGateway::start().await;
    let account = gateway.account("Ada", AdminLevel::Admin).await;
    let managing = gateway.role("managing", &["access.manage_roles"]).await;
    gateway.assign(managing, account, None).await;
    let ada = gateway.signed_in(account);
    assert!(permissions(&ada).await.contains(&"access.manage_roles".to_owned()));
    let role = made(&ada, "mine", &["incidents.manage", "access.manage_roles"]).await;
    for permissions in [&["audit.read_personal"][..], &["incidents.manage", "access.*"], &["*"]] {
        let input = json!({ "name": "more", "permissions": permissions });
        let said = refused(&tried(&ada, "roleCreate", input).await, "NOT_ALLOWED", "permissions");
        assert!(said.starts_with("nobody gives what they don't have"), "{said}");
        let input = json!({ "id": role["id"], "permissions": permissions });
        refused(&tried(&ada, "roleUpdate", input).await, "NOT_ALLOWED", "permissions");
    }
    // What is in a role already may stay there, and go.
    let theirs =
        made(&gateway.owner_in_person().await, "theirs", &["audit.read_personal", "incidents.read"]).await;
    let input = json!({ "id": theirs["id"], "description": "Reads." });
    tried(&ada, "roleUpdate", input).await.ok();
    let input = json!({ "id": theirs["id"], "permissions": ["incidents.manage"] });
    tried(&ada, "roleUpdate", input).await.ok();
    // A scope narrows what somebody can give, too.
    let narrow = gateway.signed_in_within(account, "access.*");
    let input = json!({ "name": "narrow", "permissions": ["incidents.read"] });
    refused(&tried(&narrow, "roleCreate", input).await, "NOT_ALLOWED", "permissions");
}

#[tokio::test]
async fn a_role_that_somebody_has_changes_what_they_may() {
    let gateway = TestGateway::start().await;
    let owner = &gateway.owner_in_person().await;
    let account = gateway.account("Ada", AdminLevel::Support).await;
    let ada = gateway.signed_in(account);
    let role = gateway.role("on call", &["incidents.manage"]).await;
    let id = ROLE.encode(role);
    gateway.assign(role, account, None).await;
    let has = async |key: &str| permissions(&ada).await.contains(&key.to_owned());
    assert!(has("incidents.manage").await && !has("audit.read").await);

    let input = json!({ "id": id, "permissions": ["audit.read"] });
    tried(owner, "roleUpdate", input).await.ok();
    gateway.rights_read().await;
    assert!(!has("incidents.manage").await && has("audit.read").await);

    // Whoever has it would be given something sensitive.
    let input = json!({ "id": id, "permissions": ["audit.read", "audit.read_personal"] });
    let said = refused(&tried(owner, "roleUpdate", input).await, "APPROVAL_REQUIRED", "permissions");
    assert!(said.contains("audit.read_personal") && said.contains("`opsgate admin`"), "{said}");
    let said = refused(&tried(owner, "roleDelete", json!({ "id": id })).await, "NOT_ALLOWED", "id");
    assert_eq!(said, "it is given (1 assignment): revoke it first");
    assert!(has("audit.read").await);
}
