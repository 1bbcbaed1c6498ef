//! `authorizationExplanation` says what happens: at each root field, on each way further, and for whoever asks.

use std::collections::BTreeSet;

use entity::admin_user::AdminLevel;
use opsgate::{
    kernel::{actor::ADMIN_USER, guard::Root},
    schema,
};
use serde_json::{Value, json};
use tests::{Client, TestGateway};

use super::{
    edges, fields,
    fixture::Fixture,
    operations::TAKE_MORE,
    root_fields::{CANT_BE_UNDONE, ask, codes, rows, try_in_vain},
    types,
};

const EXPLAIN: &str = "query($document: String!, $as: ActorSelector) {
    authorizationExplanation(document: $document, as: $as) {
        coordinate path operationName isAllowed obstacle explanation requiredPermissions requiredLevel isStepUpRequired
        isWithinOrganization
    }
}";

/// What `client` is told of `document`, as somebody.
async fn explained(client: &Client, document: &str, actor: Value) -> Vec<Value> {
    let variables = json!({ "document": document, "as": actor });
    let answer = client.run_with(EXPLAIN, variables).await.ok();
    answer.at("/authorizationExplanation").as_array().unwrap().clone()
}

/// What a client who is told of somebody's rights names them by; null of themselves, where they show no token.
async fn named(client: &Client) -> Value {
    let Some(credential) = client.credential() else { return json!({ "anonymous": true }) };
    if !credential.starts_with("opsk_") {
        return Value::Null;
    }
    let answer = client.run("{ viewer { actor { id } } }").await.ok();
    json!({ "apiToken": answer.at("/viewer/actor/id") })
}

/// Asks, and is told, what `client` gets of the `document` at the root field `name`: where each says that something is
/// refused.
async fn compare(fixture: &Fixture, client: &Client, name: &str, document: &str) {
    let catalogue = schema::catalogue();
    let field = catalogue.field(name).unwrap();
    let actor = named(client).await;
    let asker = if actor.is_null() { client } else { fixture.gateway.owner() };
    let explained = explained(asker, document, actor.clone()).await;
    let root = &explained[0];
    assert_eq!(root["coordinate"], format!("{:?}.{name}", field.root));
    let required: Vec<_> = field.access.permission().into_iter().collect();
    assert_eq!(root["requiredPermissions"], json!(required), "{name}");

    let is_rehearsed = (name != CANT_BE_UNDONE && field.root == Root::Mutation).to_string();
    let client = client.with_header("x-dry-run", &is_rehearsed);
    let (_, errors) = if root["isAllowed"] == true {
        ask(&client, field, document).await
    } else {
        try_in_vain(&client, field, document).await
    };
    let happened: BTreeSet<_> = errors
        .iter()
        .map(|error| {
            // A subscription that is refused has no path: nothing was executed.
            let path = error["path"].as_array().cloned().unwrap_or_else(|| vec![json!(name)]);
            // Places in lists aren't the document's.
            let path: Vec<_> = path.into_iter().filter(Value::is_string).collect();
            (json!(path).to_string(), codes(std::slice::from_ref(error))[0].to_owned())
        })
        .collect();
    // What lies below a field that is refused isn't reached.
    let refused = |one: &&Value| one["isAllowed"] == false;
    let is_reached = |one: &&Value| {
        explained.iter().filter(refused).all(|other| {
            let (path, above) = (one["path"].as_array().unwrap(), other["path"].as_array().unwrap());
            path.len() <= above.len() || !path.starts_with(above)
        })
    };
    let told: BTreeSet<_> = explained
        .iter()
        .filter(refused)
        .filter(is_reached)
        .map(|one| {
            let code = match one["obstacle"].as_str().unwrap() {
                "UNAUTHENTICATED" => "UNAUTHENTICATED",
                "STEP_UP" => "STEP_UP_REQUIRED",
                _ => "FORBIDDEN",
            };
            (one["path"].to_string(), code.to_owned())
        })
        .collect();
    assert_eq!(told, happened, "{document} as {actor}");
}

#[tokio::test]
async fn it_says_what_happens_at_each_root_field() {
    let fixture = Fixture::new().await;
    for (field, document, _) in rows() {
        let document = fixture.fill(document);
        let permission = field.access.permission();
        compare(&fixture, &fixture.gateway.nobody(), field.name, &document).await;
        // Who gives rights has them: else nothing is made whose fields could be refused.
        let able = if TAKE_MORE.contains(&field.name) {
            fixture.gateway.with_scopes(&["*"]).await
        } else {
            fixture.only(permission).await
        };
        compare(&fixture, &able, field.name, &document).await;
        if field.access.is_step_up() {
            compare(&fixture, &fixture.person(Some("operations.*")).await, field.name, &document).await;
        }
        if let Some(permission) = permission {
            compare(&fixture, &fixture.all_but(permission).await, field.name, &document).await;
        }
    }
}

#[tokio::test]
async fn it_says_what_happens_on_each_way_further() {
    let fixture = Fixture::new().await;
    for (edge, document) in edges::EDGES.iter().filter(|(edge, _)| !edge.starts_with("Viewer.")) {
        let document = fixture.fill(document);
        let explained = explained(fixture.gateway.owner(), &document, Value::Null).await;
        let [root, way] = &explained[..] else { panic!("{explained:?}") };
        assert_eq!(way["coordinate"], **edge);
        let name = root["path"][0].as_str().unwrap();
        let (parent, permission) = (&root["requiredPermissions"][0], &way["requiredPermissions"][0]);
        for scopes in [vec![parent], vec![permission], vec![parent, permission]] {
            let scopes: Vec<_> = scopes.into_iter().map(|scope| scope.as_str().unwrap()).collect();
            compare(&fixture, &fixture.gateway.with_scopes(&scopes).await, name, &document).await;
        }
    }
}

/// Fields beyond the roots that take a permission of their own say so in the SDL.
#[tokio::test]
async fn it_says_what_happens_at_fields_that_declare_more() {
    let fixture = Fixture::new().await;
    let mut found = 0;
    for ty in
        types().iter().filter(|ty| !["Query", "Mutation", "Subscription"].contains(&ty.name.node.as_str()))
    {
        for field in fields(ty) {
            let Some(declared) = field.directives.iter().find(|one| one.node.name.node == "requires") else {
                continue;
            };
            found += 1;
            let (root, parent, id) = match ty.name.node.as_str() {
                "AuditLog" => ("auditLog", "audit.read", "{entry}"),
                "User" => ("user", "directory.read", "{user}"),
                other => panic!("{other}.{}: a query that goes there", field.name.node),
            };
            let permission = declared.node.get_argument("permission").unwrap().node.clone();
            let permission = permission.into_json().unwrap();
            let selection = match field.name.node.as_str() {
                "personal" => " { path }",
                "activitySummary" => " { total }",
                _ => "",
            };
            let document =
                fixture.fill(&format!("{{ {root}(id: \"{id}\") {{ {}{selection} }} }}", field.name.node));
            for scopes in [vec![parent], vec![parent, permission.as_str().unwrap()]] {
                compare(&fixture, &fixture.gateway.with_scopes(&scopes).await, root, &document).await;
            }
        }
    }
    assert_eq!(found, 4);
}

#[tokio::test]
async fn it_tells_a_level_from_a_scope() {
    let gateway = TestGateway::start().await;
    // All root fields, an operation each, without what they would select.
    let catalogue = schema::catalogue();
    let operation = |(number, field): (usize, &opsgate::kernel::guard::RootField)| {
        format!("{} Of{number} {{ {} }} ", format!("{:?}", field.root).to_lowercase(), field.name)
    };
    let document: String = catalogue.fields().enumerate().map(operation).collect();
    for level in [AdminLevel::Support, AdminLevel::Admin, AdminLevel::SuperAdmin] {
        let account = gateway.account(&format!("{level:?}"), level).await;
        let actor = json!({ "adminUser": ADMIN_USER.encode(account) });
        let explained = explained(gateway.owner(), &document, actor).await;
        assert_eq!(explained.len(), catalogue.fields().count());
        for ((number, field), explained) in catalogue.fields().enumerate().zip(&explained) {
            let needed = field.access.permission().and_then(|key| catalogue.permission(key));
            let is_allowed = needed.is_none_or(|permission| permission.level <= level);
            let obstacle = match (is_allowed, field.access.is_step_up()) {
                (false, _) => json!("LEVEL"),
                (true, true) => json!("STEP_UP"),
                (true, false) => Value::Null,
            };
            assert_eq!(explained["obstacle"], obstacle, "{} at {level:?}", field.name);
            assert_eq!(explained["requiredLevel"].is_null(), needed.is_none(), "{}", field.name);
            assert_eq!(explained["operationName"], format!("Of{number}"));
        }
    }
    // Who shows a narrow credential has the level, and not the scope; above the level, that is what is told.
    let account = gateway.account("Narrow", AdminLevel::Support).await;
    let narrow = gateway.with_jwt(json!({ "sub": ADMIN_USER.encode(account), "scope": "access.explain" }));
    let document = "query Look { viewer { permissions } incidents { nodes { id } } }
        mutation Make { incidentCreate(input: {title: \"x\", severity: LOW}) { receipt { auditLogId } } }";
    let explained = explained(&narrow, document, Value::Null).await;
    let found: Vec<_> = explained
        .iter()
        .map(|one| ["coordinate", "explanation"].map(|name| one[name].as_str().unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            ["Query.viewer", "Anybody may who is signed in, and they are."],
            [
                "Query.incidents",
                "It takes incidents.read: the account has it, and the scopes of what they show leave it out."
            ],
            [
                "Mutation.incidentCreate",
                "It takes incidents.manage, which accounts have from ADMIN on or are given; this one doesn't."
            ],
        ]
    );
}

#[tokio::test]
async fn documents_are_looked_through() {
    let gateway = TestGateway::start().await;
    let document = r#"
        mutation Close($id: ID!) {
            done: incidentResolve(input: { id: $id, rootCause: "{", resolution: "" }) { incident { id } }
        }
        query Look {
            __typename
            ...Both
            ... on Query { node(id: "x") { id ... on AdminUser { user { name } } ...Mine } ...Both }
            me: viewer { actor { name } adminUser { id } }
        }
        fragment Both on Query { incidents { edges { node { boss: commander { id } } } nodes { id } } ...More }
        fragment More on Query { services { nodes { id } } }
        fragment Mine on Incident { timeline { nodes { body } } }"#;
    let explained = explained(gateway.owner(), document, Value::Null).await;
    let found: Vec<_> = explained
        .iter()
        .map(|one| {
            let path: Vec<_> =
                one["path"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
            let text = |name: &str| one[name].as_str().unwrap().to_owned();
            format!("{} {} {}", text("operationName"), text("coordinate"), path.join("."))
        })
        .collect();
    assert_eq!(
        found,
        [
            "Close Mutation.incidentResolve done",
            "Close IncidentResolvePayload.incident done.incident",
            "Look Query.incidents incidents",
            "Look Incident.commander incidents.edges.node.boss",
            "Look Query.services services",
            "Look Query.node node",
            "Look AdminUser node",
            "Look AdminUser.user node.user",
            "Look Incident node",
            "Look Incident.timeline node.timeline",
            "Look Query.viewer me",
            "Look Viewer.adminUser me.adminUser",
        ]
    );
}

#[tokio::test]
async fn what_is_no_document_of_this_schema_is_refused_without_an_echo() {
    let gateway = TestGateway::start().await;
    let twice =
        |number: usize| format!("fragment Quux{number} on Query {{ ...Quux{0} ...Quux{0} }} ", number + 1);
    for document in [
        String::new(),
        "Quux".to_owned(),
        "{ Quux }".to_owned(),
        "{ viewer { Quux } }".to_owned(),
        "{ ...Quux }".to_owned(),
        "{ viewer { ... on Quux { id } } }".to_owned(),
        "mutation { incidents { nodes { id } } }".to_owned(),
        "type Quux { id: ID }".to_owned(),
        "{".repeat(10_000),
        format!("{{ node(id: {}) {{ id }} }}", "[".repeat(5_000)),
        format!("{{ viewer {{ permissions }} }} # {}", "Quux".repeat(5_000)),
        format!("{{ {} }}", "viewer { permissions } ".repeat(501)),
        // Fragments that go in circles, and that double thirty times.
        "{ ...Quux } fragment Quux on Query { viewer { permissions } ...Quux }".to_owned(),
        (0..30)
            .map(twice)
            .chain(["{ ...Quux0 } fragment Quux30 on Query { viewer { permissions } }".to_owned()])
            .collect(),
    ] {
        let answer = gateway.owner().run_with(EXPLAIN, json!({ "document": document })).await;
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{document:.40}");
        assert!(!answer.body.to_string().contains("Quux"), "{}", answer.body);
    }
    for actor in [
        json!({ "anonymous": false }),
        json!({ "adminUser": "tok_01j9zzzzzzzzzzzzzzzzzzzzzz" }),
        json!({ "apiToken": "x" }),
        json!({}),
        json!({ "anonymous": true, "apiToken": "x" }),
    ] {
        let variables = json!({ "document": "{ viewer { permissions } }", "as": actor });
        let answer = gateway.owner().run_with(EXPLAIN, variables).await;
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{actor}");
    }
}

#[tokio::test]
async fn who_is_limited_to_an_organization_learns_nothing_of_others() {
    let gateway = TestGateway::start().await;
    let (acme, globex) = (gateway.organization("acme").await, gateway.organization("globex").await);
    let ours = gateway.partner(&["access.explain", "incidents.read"], acme).await;
    let theirs = gateway.partner(&["incidents.read"], globex).await;
    let account = ADMIN_USER.encode(gateway.account("Ada", AdminLevel::SuperAdmin).await);
    let document = "{ incidents { nodes { id } } }";
    for (actor, obstacle, is_within) in [
        (Value::Null, Value::Null, true),
        (named(&ours).await, Value::Null, true),
        (named(&theirs).await, json!("UNAUTHENTICATED"), false),
        (json!({ "apiToken": "tok_01j9zzzzzzzzzzzzzzzzzzzzzz" }), json!("UNAUTHENTICATED"), false),
        (json!({ "adminUser": account }), json!("UNAUTHENTICATED"), false),
    ] {
        let explained = explained(&ours, document, actor.clone()).await;
        assert_eq!(explained[0]["obstacle"], obstacle, "{actor}");
        assert_eq!(explained[0]["isWithinOrganization"], is_within, "{actor}");
    }
    // An account that is out of use can't sign in.
    let idle = gateway.account("Idle", AdminLevel::SuperAdmin).await;
    gateway.deactivate(idle).await;
    let explained =
        explained(gateway.owner(), document, json!({ "adminUser": ADMIN_USER.encode(idle) })).await;
    assert_eq!(explained[0]["obstacle"], "UNAUTHENTICATED");
}
