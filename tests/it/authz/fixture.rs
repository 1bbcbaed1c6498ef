//! An organization with something of everything, and somebody who may see none of it.

use chrono::TimeDelta;
use entity::{
    actor_kind::ActorKind,
    admin_user::AdminLevel,
    approval::{self, ApprovalStatus},
    audit_log::AuditCategory,
    billing_subscription::{BillingPeriod, BillingStatus},
    event, impersonation,
    incident::{self, IncidentSeverity, IncidentStatus},
    list::StringList,
};
use opsgate::{
    access::{APPROVAL, IP_ALLOW_ENTRY, NewToken, ROLE, ROLE_ASSIGNMENT},
    directory::{self, SUBSCRIPTION, SubscriptionRecord, USER},
    incidents::INCIDENT,
    kernel::{
        actor::{ADMIN_USER, API_TOKEN, IMPERSONATION, ORGANIZATION},
        record::{AUDIT_LOG, EVENT},
        tx::Tx,
    },
    schema,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::{Client, TestGateway};
use uuid::Uuid;

/// Stands in every text of the fixture: whoever may not see it must not get it in any answer.
pub(super) const MARK: &str = "Quux-1d7f";

pub(super) struct Fixture {
    pub gateway: TestGateway,
    /// May everything, in an organization that has nothing.
    pub stranger: Client,
    filled: Filled,
}

/// An organization with something of everything, and what its documents name.
pub(super) struct Filled {
    pub organization: Uuid,
    account: Uuid,
    names: Vec<(&'static str, String)>,
}

impl Filled {
    /// Fills a new organization: `mark` stands in every text of it.
    pub async fn new(gateway: &TestGateway, mark: &str) -> Self {
        let before = gateway.recorded().await;
        let organization = gateway.organization(&format!("org-{}", mark.to_lowercase())).await;
        let target = gateway.organization(&format!("into-{}", mark.to_lowercase())).await;
        let (user, outsider) = (gateway.user(mark).await, gateway.user(&format!("{mark} Eve")).await);
        let input = json!({
            "organizationId": ORGANIZATION.encode(organization), "userId": USER.encode(user), "role": mark,
        });
        let member = made(gateway.owner(), "organizationMemberAdd", input, "member").await;
        let subscription = subscribe(gateway, organization, mark).await;
        let suspended = USER.encode(gateway.member(&format!("{mark} Sue"), organization).await);
        made(gateway.owner(), "userSuspend", json!({ "id": suspended, "reason": mark }), "user").await;
        let account = gateway.account(&format!("{mark} Ada"), AdminLevel::Admin).await;
        let inactive = gateway.account(&format!("{mark} Bob"), AdminLevel::Support).await;
        gateway.deactivate(inactive).await;
        let role = gateway.role(mark, &["monitoring.read"]).await;
        let unused = gateway.role(&format!("{mark} unused"), &["monitoring.read"]).await;
        let assignment = gateway.assign(role, account, None).await;
        let approval = asked(gateway, account, user, mark).await;
        let person = gateway.person(account, &format!("{mark}@example.com")).await;
        let begun = gateway.sign_in(person.input(Value::Null)).await.ok();
        let session = begun.text("/tokens/sessionId").to_owned();
        let token = gateway.token_of(token_of(account, organization, mark)).await;
        let token = gateway.token_id(&token).await;
        // Of a level that nobody here is of.
        let (_, tail) = organization.as_u64_pair();
        let network = format!("2001:db8:{:x}:{:x}::/64", tail >> 16 & 0xffff, tail & 0xffff);
        let network = gateway.allow(AdminLevel::Support, &network, mark).await;

        let impersonation = impersonated(gateway, account, user, organization, mark).await;

        let mut row = Incident { gateway, organization, account, mark, last: None };
        let open = row.plant(IncidentStatus::Open, None).await;
        let other = row.plant(IncidentStatus::Open, None).await;
        let resolved = row.plant(IncidentStatus::Resolved, None).await;
        // Closed, and with every relation that there is.
        let incident = row.plant(IncidentStatus::Closed, Some(other)).await;
        let number = row.last.unwrap();
        let partner = gateway.partner(&["*"], organization).await;
        let (service, alert) = stir(&partner, mark, &INCIDENT.encode(open)).await;
        gateway.run_until_idle().await;
        let registered = gateway.facts(before).await;
        let registered =
            registered.iter().find(|fact| fact.event.event_type == "monitoring.service.registered").unwrap();
        let entry = registered.entry.id;
        let first = gateway.facts(0).await;
        let about = first.iter().find(|fact| fact.event.event_type == "admin.user.created").unwrap().entry.id;
        let event = of_another_service(gateway, organization, entry, mark).await;
        let names = vec![
            ("{entry}", AUDIT_LOG.encode(entry)),
            ("{about}", AUDIT_LOG.encode(about)),
            ("{event}", EVENT.encode(event)),
            ("{service}", service),
            ("{alert}", alert),
            ("{organization}", ORGANIZATION.encode(organization)),
            ("{target}", ORGANIZATION.encode(target)),
            ("{user}", USER.encode(user)),
            ("{outsider}", USER.encode(outsider)),
            ("{member}", member),
            ("{subscription}", SUBSCRIPTION.encode(subscription)),
            ("{suspended}", suspended),
            ("{account}", ADMIN_USER.encode(account)),
            ("{inactive}", ADMIN_USER.encode(inactive)),
            ("{role}", ROLE.encode(role)),
            ("{unused}", ROLE.encode(unused)),
            ("{network}", IP_ALLOW_ENTRY.encode(network)),
            ("{token}", API_TOKEN.encode(token)),
            ("{impersonation}", IMPERSONATION.encode(impersonation)),
            ("{approval}", APPROVAL.encode(approval)),
            ("{assignment}", ROLE_ASSIGNMENT.encode(assignment)),
            ("{session}", session),
            ("{open}", INCIDENT.encode(open)),
            ("{other}", INCIDENT.encode(other)),
            ("{resolved}", INCIDENT.encode(resolved)),
            ("{incident}", INCIDENT.encode(incident)),
            ("{number}", number),
        ];
        Self { organization, account, names }
    }

    /// A document with the ids of what is there.
    pub fn fill(&self, document: &str) -> String {
        self.names.iter().fold(document.to_owned(), |document, (name, id)| document.replace(name, id))
    }

    /// The ids of what is there, by the names that documents give them.
    pub fn names(&self) -> &[(&'static str, String)] {
        &self.names
    }
}

impl Fixture {
    pub async fn new() -> Self {
        let gateway = TestGateway::start().await;
        let filled = Filled::new(&gateway, MARK).await;
        let globex = gateway.organization("globex").await;
        let stranger = gateway.partner(&["*"], globex).await;
        Self { gateway, stranger, filled }
    }

    /// A document with the ids of what is there.
    pub fn fill(&self, document: &str) -> String {
        self.filled.fill(document)
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
            organization_id: self.filled.organization,
            admin_user_id: Some(self.filled.account),
            ..NewToken::default()
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

/// A token of an organization, which acts as `account`.
fn token_of(account: Uuid, organization_id: Uuid, mark: &str) -> NewToken {
    NewToken {
        name: mark.to_owned(),
        scopes: vec!["monitoring.read".to_owned()],
        organization_id,
        admin_user_id: Some(account),
        ..NewToken::default()
    }
}

/// Something that `account` has others asked for, for the person `beneficiary`.
async fn asked(gateway: &TestGateway, account: Uuid, beneficiary: Uuid, mark: &str) -> Uuid {
    let now = gateway.kernel().clock().now();
    let row = approval::Model {
        id: gateway.kernel().new_id(now),
        kind: "access.assign_role".to_owned(),
        permission: "access.assign_roles".to_owned(),
        required: 1,
        summary: mark.to_owned(),
        payload: json!({ "of": mark }),
        payload_hash: Sha256::digest(mark).to_vec(),
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

/// That `account` acts in the place of `user`, with every relation that there is.
async fn impersonated(
    gateway: &TestGateway,
    account: Uuid,
    user: Uuid,
    organization_id: Uuid,
    mark: &str,
) -> Uuid {
    let now = gateway.kernel().clock().now();
    let row = impersonation::Model {
        id: gateway.kernel().new_id(now),
        impersonator_id: account,
        user_id: user,
        admin_user_id: Some(account),
        organization_id,
        session_id: None,
        scopes: StringList(vec![mark.to_owned()]),
        reason: mark.to_owned(),
        is_read_only: true,
        expires_at: now + TimeDelta::hours(1),
        ended_by: None,
        ended_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let id = row.id;
    gateway.plant(row).await;
    id
}

/// Has the billing system say that an organization pays for something.
async fn subscribe(gateway: &TestGateway, organization_id: Uuid, mark: &str) -> Uuid {
    let record = SubscriptionRecord {
        external_id: mark.to_owned(),
        organization_id,
        plan: mark.to_owned(),
        status: BillingStatus::Active,
        period: BillingPeriod::Yearly,
        amount_minor: 1999,
        currency: "EUR".to_owned(),
        trial_ends_at: None,
        period_ends_at: None,
        cancelled_at: None,
    };
    let mut tx = Tx::system(gateway.kernel(), "billing").await.unwrap();
    let written = directory::upsert_subscriptions(&mut tx, vec![record]).await.unwrap();
    tx.commit().await.unwrap();
    written[0].id
}

/// An event of a type that nobody here declares: seeing it takes no permission beside that of events.
async fn of_another_service(
    gateway: &TestGateway,
    organization_id: Uuid,
    audit_log_id: Uuid,
    mark: &str,
) -> Uuid {
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
        payload: json!({ "by": mark }),
        before: None,
        after: None,
    };
    let id = row.id;
    gateway.plant(row).await;
    id
}

/// Does something of everything that streams tell of, in the organization of `partner`: registers a service, raises an
/// alert about it, and notes something at `incident`. Answers the ids of the first two.
pub(super) async fn stir(partner: &Client, mark: &str, incident: &str) -> (String, String) {
    let probe = json!({ "tcp": { "host": "127.0.0.1", "port": 9 } });
    let input = json!({ "name": mark, "probe": probe, "intervalSeconds": 3600 });
    let service = made(partner, "serviceRegister", input, "service").await;
    let input = json!({
        "source": mark, "dedupKey": mark, "severity": "LOW", "title": mark, "serviceId": service,
    });
    let alert = made(partner, "alertTrigger", input, "alert").await;
    partner.mutate("incidentNoteAdd", json!({ "id": incident, "body": mark }), "").await.ok();
    (service, alert)
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
    mark: &'a str,
    /// The number of the last one.
    last: Option<String>,
}

impl Incident<'_> {
    async fn plant(&mut self, status: IncidentStatus, related: Option<Uuid>) -> Uuid {
        let now = self.gateway.kernel().clock().now();
        let is_over = matches!(status, IncidentStatus::Resolved | IncidentStatus::Closed);
        let id = self.gateway.kernel().new_id(now);
        // Unique, and none that the gateway gives.
        let number = format!("INC-2020-{}", id.simple());
        self.last = Some(number.clone());
        let row = incident::Model {
            id,
            number,
            organization_id: self.organization,
            title: format!("{} is down", self.mark),
            description: Some(self.mark.to_owned()),
            severity: IncidentSeverity::High,
            impact: None,
            urgency: None,
            status,
            reporter_kind: ActorKind::AdminUser,
            reporter_id: ADMIN_USER.encode(self.account),
            assignee_id: Some(self.account),
            commander_id: Some(self.account),
            root_cause: is_over.then(|| self.mark.to_owned()),
            resolution: is_over.then(|| self.mark.to_owned()),
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
        self.gateway.plant(row).await;
        id
    }
}
