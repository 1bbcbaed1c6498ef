//! An organization with something of everything, and somebody who may see none of it.

use chrono::TimeDelta;
use entity::{
    actor_kind::ActorKind,
    admin_user::AdminLevel,
    approval::{self, ApprovalStatus},
    audit_log::AuditCategory,
    event,
    incident::{self, IncidentSeverity, IncidentStatus},
};
use opsgate::{
    access::{APPROVAL, NewToken, ROLE, ROLE_ASSIGNMENT},
    incidents::INCIDENT,
    kernel::{
        actor::{ADMIN_USER, ORGANIZATION},
        id::Prefix,
        record::{AUDIT_LOG, EVENT},
    },
    schema,
};
use serde_json::{Value, json};
use tests::{Client, TestGateway};
use uuid::Uuid;

/// Stands in every text of the fixture: whoever may not see it must not get it in any answer.
pub(super) const MARK: &str = "Quux-1d7f";

pub(super) struct Fixture {
    pub gateway: TestGateway,
    /// May everything, in an organization that has nothing.
    pub stranger: Client,
    organization: Uuid,
    account: Uuid,
    names: Vec<(&'static str, String)>,
}

impl Fixture {
    pub async fn new() -> Self {
        let gateway = TestGateway::start().await;
        let acme = gateway.organization(&format!("acme-{}", MARK.to_lowercase())).await;
        let globex = gateway.organization("globex").await;
        let user = gateway.member(MARK, acme).await;
        let suspended = Prefix("usr").encode(gateway.member(&format!("{MARK} Sue"), acme).await);
        made(gateway.owner(), "userSuspend", json!({ "id": suspended, "reason": MARK }), "user").await;
        let account = gateway.account(&format!("{MARK} Ada"), AdminLevel::Admin).await;
        let inactive = gateway.account("Bob", AdminLevel::Support).await;
        gateway.deactivate(inactive).await;
        let role = gateway.role(MARK, &["monitoring.read"]).await;
        let unused = gateway.role(&format!("{MARK} unused"), &["monitoring.read"]).await;
        let assignment = gateway.assign(role, account, None).await;
        let approval = asked(&gateway, account, user).await;
        let person = gateway.person(account, &format!("{MARK}@example.com")).await;
        let begun = gateway.sign_in(person.input(Value::Null)).await.ok();
        let session = begun.text("/tokens/sessionId").to_owned();
        let stranger = gateway.partner(&["*"], globex).await;

        let mut row = Incident { gateway: &gateway, organization: acme, account, last: 0 };
        let open = row.plant(IncidentStatus::Open, None).await;
        let other = row.plant(IncidentStatus::Open, None).await;
        let resolved = row.plant(IncidentStatus::Resolved, None).await;
        // Closed, and with every relation that there is.
        let incident = row.plant(IncidentStatus::Closed, Some(other)).await;
        let partner = gateway.partner(&["*"], acme).await;
        let probe = json!({ "tcp": { "host": "127.0.0.1", "port": 9 } });
        let input = json!({ "name": MARK, "probe": probe, "intervalSeconds": 3600 });
        let service = made(&partner, "serviceRegister", input, "service").await;
        let input = json!({
            "source": MARK, "dedupKey": MARK, "severity": "LOW", "title": MARK, "serviceId": service,
        });
        let alert = made(&partner, "alertTrigger", input, "alert").await;
        gateway.run_until_idle().await;
        let facts = gateway.facts(0).await;
        let entry = |ty: &str| facts.iter().find(|fact| fact.event.event_type == ty).unwrap().entry.id;
        let (entry, about) = (entry("monitoring.service.registered"), entry("admin.user.created"));
        let event = of_another_service(&gateway, acme, entry).await;
        let names = vec![
            ("{entry}", AUDIT_LOG.encode(entry)),
            ("{about}", AUDIT_LOG.encode(about)),
            ("{event}", EVENT.encode(event)),
            ("{service}", service),
            ("{alert}", alert),
            ("{organization}", ORGANIZATION.encode(acme)),
            ("{user}", Prefix("usr").encode(user)),
            ("{suspended}", suspended),
            ("{account}", ADMIN_USER.encode(account)),
            ("{inactive}", ADMIN_USER.encode(inactive)),
            ("{role}", ROLE.encode(role)),
            ("{unused}", ROLE.encode(unused)),
            ("{approval}", APPROVAL.encode(approval)),
            ("{assignment}", ROLE_ASSIGNMENT.encode(assignment)),
            ("{session}", session),
            ("{open}", INCIDENT.encode(open)),
            ("{other}", INCIDENT.encode(other)),
            ("{resolved}", INCIDENT.encode(resolved)),
            ("{incident}", INCIDENT.encode(incident)),
            ("{number}", "INC-2020-000001".to_owned()),
        ];
        Self { gateway, stranger, organization: acme, account, names }
    }

    /// A document with the ids of what is there.
    pub fn fill(&self, document: &str) -> String {
        self.names.iter().fold(document.to_owned(), |document, (name, id)| document.replace(name, id))
    }

    /// A token of the platform's with only this permission; without one, with any that doesn't matter.
    pub async fn only(&self, permission: Option<&str>) -> Client {
        self.gateway.with_scopes(&[permission.unwrap_or("directory.read")]).await
    }

    /// A super admin who has just proved a second factor, limited to this permission; without one, to any that doesn't
    /// matter.
    pub async fn person(&self, permission: Option<&str>) -> Client {
        let owner = ADMIN_USER.parse(&self.gateway.owner_id().await).unwrap();
        self.gateway.signed_in_within(owner, permission.unwrap_or("directory.read"))
    }

    /// Somebody with an account and an organization who may see neither.
    pub async fn acting_partner(&self) -> Client {
        let new = NewToken {
            name: "acting".to_owned(),
            scopes: vec!["audit.read".to_owned()],
            organization_id: self.organization,
            expires_at: None,
            admin_user_id: Some(self.account),
        };
        self.gateway.token_of(new).await
    }

    /// A token of the platform's with every permission but this one.
    pub async fn all_but(&self, permission: &str) -> Client {
        let catalogue = schema::catalogue();
        let others: Vec<_> =
            catalogue.permissions().map(|other| other.key).filter(|key| *key != permission).collect();
        self.gateway.with_scopes(&others).await
    }
}

/// Something that `account` has others asked for, for the person `beneficiary`.
async fn asked(gateway: &TestGateway, account: Uuid, beneficiary: Uuid) -> Uuid {
    let now = gateway.kernel().clock().now();
    let row = approval::Model {
        id: gateway.kernel().new_id(now),
        kind: "access.assign_role".to_owned(),
        permission: "access.assign_roles".to_owned(),
        required: 1,
        summary: MARK.to_owned(),
        payload: json!({ "of": MARK }),
        payload_hash: vec![0; 32],
        requested_by_id: account,
        beneficiary_id: Some(beneficiary),
        status: ApprovalStatus::Open,
        expires_at: now + TimeDelta::days(7),
        ended_at: None,
        ended_because: None,
        result_id: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let id = row.id;
    gateway.plant(row).await;
    id
}

/// An event of a type that nobody here declares: seeing it takes no permission beside that of events.
async fn of_another_service(gateway: &TestGateway, organization_id: Uuid, audit_log_id: Uuid) -> Uuid {
    let now = gateway.kernel().clock().now();
    let row = event::Model {
        id: gateway.kernel().new_id(now),
        event_type: "shop.order.paid".to_owned(),
        payload_version: 1,
        category: AuditCategory::System,
        occurred_at: now,
        actor_kind: ActorKind::External,
        actor_id: "shop".to_owned(),
        impersonator_id: None,
        entity_type: "Order".to_owned(),
        entity_id: "17".to_owned(),
        entity_version: None,
        organization_id,
        correlation_id: None,
        causation_id: None,
        depth: 0,
        audit_log_id,
        payload: json!({ "by": MARK }),
        before: None,
        after: None,
    };
    let id = row.id;
    gateway.plant(row).await;
    id
}

/// Makes something through the API, and answers its id.
async fn made(client: &Client, mutation: &str, input: Value, object: &str) -> String {
    let answer = client.mutate(mutation, input, &format!("{object} {{ id }}")).await.ok();
    answer.text(&format!("/{object}/id")).to_owned()
}

/// Plants incidents.
struct Incident<'a> {
    gateway: &'a TestGateway,
    organization: Uuid,
    account: Uuid,
    last: u32,
}

impl Incident<'_> {
    async fn plant(&mut self, status: IncidentStatus, related: Option<Uuid>) -> Uuid {
        self.last += 1;
        let now = self.gateway.kernel().clock().now();
        let is_over = matches!(status, IncidentStatus::Resolved | IncidentStatus::Closed);
        let row = incident::Model {
            id: self.gateway.kernel().new_id(now),
            number: format!("INC-2020-{:06}", self.last),
            organization_id: self.organization,
            title: format!("{MARK} is down"),
            description: Some(MARK.to_owned()),
            severity: IncidentSeverity::High,
            impact: None,
            urgency: None,
            status,
            reporter_kind: ActorKind::AdminUser,
            reporter_id: ADMIN_USER.encode(self.account),
            assignee_id: Some(self.account),
            commander_id: Some(self.account),
            root_cause: is_over.then(|| MARK.to_owned()),
            resolution: is_over.then(|| MARK.to_owned()),
            merged_into_id: related,
            reopened_from_id: related,
            detected_at: Some(now),
            acknowledged_at: None,
            mitigated_at: None,
            resolved_at: is_over.then_some(now),
            closed_at: (status == IncidentStatus::Closed).then_some(now),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let id = row.id;
        self.gateway.plant(row).await;
        id
    }
}
