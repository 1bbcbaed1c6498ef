//! What takes other people's approval: asked for, and decided about.

mod execution;
mod invitations;

use chrono::TimeDelta;
use entity::{admin_user::AdminLevel, approval};
use opsgate::{
    access::{APPROVAL, ROLE},
    kernel::actor::ADMIN_USER,
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use tests::{Answer, Client, TestGateway};
use uuid::Uuid;

use super::{permissions, refused};

const APPROVAL_FIELDS: &str = "id uuid kind status summary payload payloadHash requestedBy { name } \
     beneficiary { name } requiredApprovals requiredPermission votes { adminUser { name } decision reason decidedAt } \
     resultId deniedBecause expiresAt endedAt createdAt updatedAt version";

/// What the role gives, and nothing else of it is sensitive.
const KEY: &str = "audit.read_personal";

/// Three super admins, and somebody who is to be given a role that is sensitive.
struct Cast {
    gateway: TestGateway,
    /// Asks.
    owner: Client,
    bea: Client,
    cleo: Client,
    bea_id: Uuid,
    /// Is given.
    ada: Uuid,
    role: Uuid,
}

impl Cast {
    async fn new() -> Self {
        Self::on(TestGateway::start().await).await
    }

    async fn on(gateway: TestGateway) -> Self {
        let bea_id = gateway.account("Bea", AdminLevel::SuperAdmin).await;
        let cleo = gateway.account("Cleo", AdminLevel::SuperAdmin).await;
        let ada = gateway.account("Ada", AdminLevel::Support).await;
        let role = gateway.role("personal", &[KEY, "incidents.manage"]).await;
        let (bea, cleo) = (gateway.in_person(bea_id), gateway.in_person(cleo));
        Self { owner: gateway.owner_in_person().await, gateway, bea, cleo, bea_id, ada, role }
    }

    async fn try_assign(&self, client: &Client, account: Uuid) -> Answer {
        let input = json!({ "roleId": ROLE.encode(self.role), "adminUserId": ADMIN_USER.encode(account) });
        let selection = format!("roleAssignment {{ id }} approval {{ {APPROVAL_FIELDS} }}");
        client.mutate("roleAssign", input, &selection).await
    }

    /// Has the others asked whether Ada may have the role: the approval's id.
    async fn asked(&self) -> Value {
        let answer = self.try_assign(&self.owner, self.ada).await.ok();
        assert!(answer.at("/roleAssignment").is_null(), "{}", answer.body);
        assert_eq!(*answer.at("/approval/status"), "OPEN");
        answer.at("/approval/id").clone()
    }

    /// The approval, once everything is done that follows from what was said.
    async fn settled(&self, id: &Value) -> Value {
        self.gateway.run_until_idle().await;
        self.gateway.rights_read().await;
        self.read(id).await
    }

    async fn read(&self, id: &Value) -> Value {
        let document = format!(
            "query($id: ID!) {{ approval(id: $id) {{ {APPROVAL_FIELDS} }} \
             node(id: $id) {{ ... on Approval {{ {APPROVAL_FIELDS} }} }} \
             approvals(first: 20) {{ nodes {{ {APPROVAL_FIELDS} }} }} }}"
        );
        let answer = self.owner.run_with(&document, json!({ "id": id })).await.ok();
        let approval = answer.at("/approval").clone();
        assert_eq!(*answer.at("/node"), approval);
        assert!(answer.at("/approvals/nodes").as_array().unwrap().contains(&approval));
        approval
    }

    /// Whether Ada has what the role gives.
    async fn is_given(&self) -> bool {
        permissions(&self.gateway.signed_in(self.ada)).await.contains(&KEY.to_owned())
    }

    /// What happened beyond the first `seen` facts.
    async fn types(&self, seen: usize) -> Vec<String> {
        self.gateway.facts(seen).await.into_iter().map(|fact| fact.event.event_type).collect()
    }

    /// Changes an approval past the gateway.
    async fn tamper(&self, id: &Value, change: impl FnOnce(&mut approval::Model)) {
        let id = uuid(id);
        let db = self.gateway.database().sql().await;
        let mut row = approval::Entity::find_by_id(id).one(db).await.unwrap().unwrap();
        change(&mut row);
        let all = row.into_active_model().reset_all();
        approval::Entity::update(all).exec_without_returning(db).await.unwrap();
    }
}

fn uuid(id: &Value) -> Uuid {
    APPROVAL.parse(id.as_str().unwrap()).unwrap()
}

async fn tried(client: &Client, mutation: &str, input: Value) -> Answer {
    client.mutate(mutation, input, &format!("approval {{ {APPROVAL_FIELDS} }}")).await
}

async fn approve(client: &Client, id: &Value) -> Answer {
    tried(client, "approvalApprove", json!({ "id": id })).await
}

#[tokio::test]
async fn what_is_sensitive_is_given_when_somebody_else_approves() {
    let cast = Cast::new().await;
    let gateway = &cast.gateway;
    let answer = cast.try_assign(&cast.owner, cast.ada).await.ok();
    assert!(answer.at("/roleAssignment").is_null());
    let asked = answer.at("/approval").clone();
    let id = asked["id"].clone();
    assert_eq!(cast.read(&id).await, asked);
    for (field, expected) in [
        ("kind", json!("access.assign_role")),
        ("status", json!("OPEN")),
        ("summary", json!("give the role personal")),
        ("requestedBy", json!({ "name": "Owner" })),
        ("beneficiary", json!({ "name": "Ada" })),
        ("requiredApprovals", json!(1)),
        ("requiredPermission", json!("access.assign_roles")),
        ("votes", json!([])),
        ("resultId", Value::Null),
        ("endedAt", Value::Null),
        ("version", json!(1)),
    ] {
        assert_eq!(asked[field], expected, "{field}");
    }
    assert_eq!(asked["payload"]["roleId"], ROLE.encode(cast.role));
    assert_eq!(asked["payload"]["permissions"], json!([KEY, "incidents.manage"]));
    let fact = gateway.proved(&answer).await;
    assert_eq!(fact.event.event_type, "admin.approval.requested");
    assert_eq!(fact.event.payload["payload"], asked["payload"]);
    assert_eq!(fact.event.payload["payloadHash"], asked["payloadHash"]);
    assert!(fact.body.get("subject").is_some(), "it is about the person");

    // Asked again, it is the same.
    let again = cast.try_assign(&cast.owner, cast.ada).await.ok();
    assert_eq!(*again.at("/approval"), asked);
    assert!(again.at("/receipt").is_null());
    gateway.run_until_idle().await;
    assert!(!cast.is_given().await);

    let seen = gateway.recorded().await;
    let stale = json!({ "id": id, "expectedVersion": 2 });
    refused(&tried(&cast.bea, "approvalApprove", stale).await, "CONFLICT", "expectedVersion");
    let input = json!({ "id": id, "reason": "She needs it.", "expectedVersion": 1 });
    let answer = tried(&cast.bea, "approvalApprove", input).await.ok();
    assert_eq!(*answer.at("/approval/status"), "APPROVED");
    let fact = gateway.proved(&answer).await;
    assert_eq!(
        (&*fact.event.event_type, &*fact.entry.action),
        ("admin.approval.approved", "APPROVAL_APPROVE")
    );
    assert_eq!(fact.personal("$.reason"), Some(&json!("She needs it.")));
    assert!(!fact.shows("She needs it."), "what people write is sealed");

    let done = cast.settled(&id).await;
    assert!(cast.is_given().await);
    assert_eq!((&done["status"], &done["payloadHash"]), (&json!("EXECUTED"), &asked["payloadHash"]));
    let vote = &done["votes"][0];
    assert_eq!((&vote["adminUser"]["name"], &vote["decision"]), (&json!("Bea"), &json!("APPROVED")));
    assert_eq!(vote["reason"], "She needs it.");
    let expected = ["admin.approval.approved", "admin.role.granted", "admin.approval.executed"];
    assert_eq!(cast.types(seen).await, expected);
    // It is who asked who gives.
    let document =
        "query($id: ID!) { node(id: $id) { ... on RoleAssignment { isEffective grantedBy { name } } } }";
    let given = cast.owner.run_with(document, json!({ "id": done["resultId"] })).await.ok();
    assert_eq!(*given.at("/node"), json!({ "isEffective": true, "grantedBy": { "name": "Owner" } }));
    refused(&approve(&cast.cleo, &id).await, "INVALID_TRANSITION", "id");
}

#[tokio::test]
async fn neither_who_asks_nor_whom_it_is_for_nor_who_may_not_has_a_say() {
    let cast = Cast::new().await;
    let gateway = &cast.gateway;
    // For Bea, who may approve anything else.
    let answer = cast.try_assign(&cast.owner, cast.bea_id).await.ok();
    let id = answer.at("/approval/id").clone();
    let approving = gateway.role("approving", &["access.approve"]).await;
    let eve = gateway.account("Eve", AdminLevel::Admin).await;
    gateway.assign(approving, eve, None).await;
    let eve = gateway.in_person(eve);
    // Somebody whose scope leaves out what they may.
    let narrow = gateway.signed_in_within(cast.bea_id, "access.approve");
    let script = gateway.with_scopes(&["*"]).await;
    let ada = gateway.acting(cast.ada, &["*"]).await;
    let token = gateway.acting(cast.bea_id, &["*"]).await;
    let seen = gateway.recorded().await;
    for (client, why) in [
        (&cast.owner, "nobody decides about what they asked for themselves"),
        (&cast.bea, "nobody decides about what is for or about themselves"),
        (&narrow, "nobody decides about what is for or about themselves"),
        (&eve, "deciding about this takes the right to do it oneself"),
    ] {
        let input = json!({ "id": id, "reason": "x" });
        for mutation in ["approvalApprove", "approvalDeny"] {
            assert_eq!(refused(&tried(client, mutation, input.clone()).await, "NOT_ALLOWED", "id"), why);
        }
    }
    let answer = tried(&script, "approvalDeny", json!({ "id": id, "reason": "x" })).await;
    let why = "people decide about this: a token that acts as itself has no say";
    assert_eq!(refused(&answer, "NOT_ALLOWED", "id"), why);
    // A token has no second factor, and none is needed to say no.
    for token in [&script, &token] {
        assert_eq!(approve(token, &id).await.codes(), ["STEP_UP_REQUIRED"]);
    }
    for mutation in ["approvalApprove", "approvalDeny"] {
        let answer = tried(&ada, mutation, json!({ "id": id, "reason": "x" })).await;
        assert_eq!(answer.codes(), ["FORBIDDEN"]);
    }
    refused(&tried(&cast.cleo, "approvalCancel", json!({ "id": id })).await, "NOT_ALLOWED", "id");
    let left = cast.settled(&id).await;
    assert_eq!((&left["status"], &left["version"], &left["votes"]), (&json!("OPEN"), &json!(1), &json!([])));
    let denied = cast.types(seen).await;
    assert!(!denied.is_empty() && denied.iter().all(|ty| ty == "admin.access.denied"), "{denied:?}");
    let nothing = json!({ "id": APPROVAL.encode(Uuid::now_v7()), "reason": "x" });
    for mutation in ["approvalApprove", "approvalDeny"] {
        refused(&tried(&cast.cleo, mutation, nothing.clone()).await, "NOT_FOUND", "id");
    }
}

#[tokio::test]
async fn a_denial_ends_it_and_so_does_taking_it_back() {
    let cast = Cast::new().await;
    let id = cast.asked().await;
    refused(
        &tried(&cast.bea, "approvalDeny", json!({ "id": id, "reason": " " })).await,
        "REQUIRED",
        "reason",
    );
    let long = json!({ "id": id, "reason": "x".repeat(1_001) });
    refused(&tried(&cast.bea, "approvalDeny", long).await, "TOO_LONG", "reason");
    let input = json!({ "id": id, "reason": "Not for her." });
    let answer = tried(&cast.bea, "approvalDeny", input).await.ok();
    assert_eq!(cast.gateway.proved(&answer).await.event.event_type, "admin.approval.denied");
    let denied = cast.settled(&id).await;
    assert_eq!(*answer.at("/approval"), denied);
    assert_eq!((&denied["status"], &denied["deniedBecause"]), (&json!("DENIED"), &json!("Not for her.")));
    assert_eq!(denied["endedAt"], denied["updatedAt"]);
    for (client, mutation) in
        [(&cast.cleo, "approvalApprove"), (&cast.cleo, "approvalDeny"), (&cast.owner, "approvalCancel")]
    {
        let mut input = json!({ "id": id });
        if mutation != "approvalCancel" {
            input["reason"] = json!("x");
        }
        assert_eq!(
            refused(&tried(client, mutation, input).await, "INVALID_TRANSITION", "id"),
            "this was denied"
        );
    }

    // What was denied can be asked for again: that is another one.
    let other = cast.asked().await;
    assert_ne!(other, id);
    let answer = tried(&cast.owner, "approvalCancel", json!({ "id": other })).await.ok();
    assert_eq!(cast.gateway.proved(&answer).await.event.event_type, "admin.approval.cancelled");
    assert_eq!(cast.settled(&other).await["status"], "CANCELLED");
    refused(&approve(&cast.bea, &other).await, "INVALID_TRANSITION", "id");
    assert!(!cast.is_given().await);
}

#[tokio::test]
async fn after_seven_days_it_is_too_late() {
    let cast = Cast::new().await;
    let id = cast.asked().await;
    let micro = TimeDelta::microseconds(1);
    cast.gateway.advance(TimeDelta::days(7) - micro);
    assert_eq!(cast.settled(&id).await["status"], "OPEN");
    let seen = cast.gateway.recorded().await;
    cast.gateway.advance(micro);
    let expired = cast.settled(&id).await;
    assert_eq!((&expired["status"], &expired["endedAt"]), (&json!("EXPIRED"), &expired["expiresAt"]));
    assert!(cast.types(seen).await.contains(&"admin.approval.expired".to_owned()));
    let said = refused(&approve(&cast.bea, &id).await, "INVALID_TRANSITION", "id");
    assert_eq!(said, "this has expired");

    // In the last moment it isn't.
    let id = cast.asked().await;
    cast.gateway.advance(TimeDelta::days(7) - micro);
    approve(&cast.bea, &id).await.ok();
    assert_eq!(cast.settled(&id).await["status"], "EXECUTED");
}

#[tokio::test]
async fn a_role_that_somebody_has_is_not_widened_by_what_is_sensitive() {
    let cast = Cast::new().await;
    let plain = cast.gateway.role("plain", &["incidents.read"]).await;
    cast.gateway.assign(plain, cast.ada, None).await;
    let input = json!({ "id": ROLE.encode(plain), "permissions": ["incidents.read", KEY] });
    let answer = cast.owner.mutate("roleUpdate", input, "").await;
    let said = refused(&answer, "APPROVAL_REQUIRED", "permissions");
    assert!(said.contains("make a role of its own"), "{said}");
    assert!(!cast.is_given().await);
}

#[tokio::test]
async fn asking_is_rehearsed_and_repeated_like_anything_else() {
    let cast = Cast::new().await;
    let seen = cast.gateway.recorded().await;
    let rehearsing = cast.owner.with_header("x-dry-run", "true");
    let answer = cast.try_assign(&rehearsing, cast.ada).await.ok();
    assert_eq!(
        (answer.at("/approval/status"), answer.at("/receipt/isDryRun")),
        (&json!("OPEN"), &json!(true))
    );
    assert_eq!(cast.gateway.recorded().await, seen);

    let repeating = cast.owner.with_header("idempotency-key", "once");
    let first = cast.try_assign(&repeating, cast.ada).await.ok();
    let again = cast.try_assign(&repeating, cast.ada).await.ok();
    assert_eq!(again.at("/approval"), first.at("/approval"));
    assert!(again.at("/roleAssignment").is_null());
    assert_eq!(*again.at("/receipt/isReplay"), true);
    assert_eq!(cast.gateway.recorded().await, seen + 1);
}

#[tokio::test]
async fn approvals_are_found_by_what_they_are() {
    let cast = Cast::new().await;
    let id = cast.asked().await;
    cast.gateway.advance(TimeDelta::seconds(1));
    let other = cast.try_assign(&cast.bea, cast.ada).await.ok().at("/approval/id").clone();
    assert_ne!(other, id, "somebody else's wish is another one");
    tried(&cast.bea, "approvalCancel", json!({ "id": other })).await.ok();
    let found = async |filter: &str| {
        let document = format!("{{ approvals(filter: {filter}) {{ nodes {{ id }} totalCount }} }}");
        let answer = cast.owner.run(&document).await.ok();
        let nodes = answer.at("/approvals/nodes").as_array().unwrap().clone();
        nodes.into_iter().map(|node| node["id"].clone()).collect::<Vec<_>>()
    };
    let bea = ADMIN_USER.encode(cast.bea_id);
    for (filter, expected) in [
        ("{}".to_owned(), vec![&other, &id]),
        ("{status: {eq: OPEN}}".to_owned(), vec![&id]),
        (format!("{{requestedById: {{eq: \"{bea}\"}}}}"), vec![&other]),
        (r#"{kind: {eq: "access.assign_role"}}"#.to_owned(), vec![&other, &id]),
        ("{beneficiaryId: {isNull: true}}".to_owned(), vec![]),
    ] {
        assert_eq!(found(&filter).await.iter().collect::<Vec<_>>(), expected, "{filter}");
    }
}
