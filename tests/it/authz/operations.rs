//! One valid operation for each root field. Names in braces are those of the fixture.

/// What somebody of another organization gets who may do everything there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stranger {
    /// Null.
    Null,
    /// An empty page.
    Empty,
    /// The user error NOT_FOUND.
    NotFound,
    /// The user error NOT_ALLOWED: it is the platform's own.
    NotAllowed,
    /// The user error INVALID: what they show isn't right.
    Invalid,
    /// STEP_UP_REQUIRED: a token has no second factor to prove.
    StepUp,
    /// An answer of their own.
    Own,
}
use Stranger::{Empty, Invalid, NotAllowed, NotFound, Null, Own, StepUp};

/// Mutations for which a permission isn't all. Those that give rights, change who has them, or decide about that: who has
/// the permission for them and nothing else has nothing to give and changes nobody who may more; and a token that acts as
/// itself has no say in what people approve. Those by which people sign in: a token doesn't, and none of them is a dry run.
pub(super) const TAKE_MORE: &[&str] = &[
    "adminUserCreate",
    "adminUserDeactivate",
    "adminUserInvite",
    "adminUserReactivate",
    "adminUserUpdate",
    "apiTokenCreate",
    "apiTokenRotate",
    "approvalApprove",
    "approvalCancel",
    "approvalDeny",
    "impersonationEnd",
    "invitationAccept",
    "mfaConfirm",
    "mfaEnroll",
    "mfaReset",
    "passwordUpdate",
    "recoveryCodesRegenerate",
    "roleAssign",
    "roleRevoke",
    "sessionCreate",
    "sessionRefresh",
    "sessionRevoke",
    "sessionStepUp",
];

/// The field, the operation, and what a stranger gets.
#[rustfmt::skip]
pub(super) const OPERATIONS: &[(&str, &str, Stranger)] = &[
    // access
    ("viewer", "{ viewer { permissions } }", Own),
    ("authorizationExplanation", r#"{ authorizationExplanation(document: "{ viewer { permissions } }") { isAllowed } }"#, Own),
    ("adminUser", r#"{ adminUser(id: "{account}") { name email } }"#, Null),
    ("adminUsers", "{ adminUsers { nodes { name email } totalCount } }", Empty),
    ("approval", r#"{ approval(id: "{approval}") { summary } }"#, Null),
    ("approvals", "{ approvals { nodes { summary } totalCount } }", Empty),
    ("permissions", "{ permissions { key description isSensitive level } }", Own),
    ("role", r#"{ role(id: "{role}") { name description } }"#, Null),
    ("roles", "{ roles { nodes { name description } totalCount } }", Empty),
    ("roleAssignments", "{ roleAssignments { nodes { roleName } totalCount } }", Empty),
    ("adminUserCreate", r#"mutation { adminUserCreate(input: {userId: "{user}", level: SUPPORT}) { adminUser { id } userErrors { code } } }"#, StepUp),
    ("adminUserUpdate", r#"mutation { adminUserUpdate(input: {id: "{account}", level: SUPPORT}) { adminUser { id } userErrors { code } } }"#, StepUp),
    ("adminUserDeactivate", r#"mutation { adminUserDeactivate(input: {id: "{account}"}) { adminUser { id } userErrors { code } } }"#, NotFound),
    ("adminUserReactivate", r#"mutation { adminUserReactivate(input: {id: "{inactive}"}) { adminUser { id } userErrors { code } } }"#, StepUp),
    ("roleCreate", r#"mutation { roleCreate(input: {name: "x", permissions: ["access.manage_roles"]}) { role { id } userErrors { code } } }"#, StepUp),
    ("roleUpdate", r#"mutation { roleUpdate(input: {id: "{role}", name: "x"}) { role { id } userErrors { code } } }"#, StepUp),
    ("roleDelete", r#"mutation { roleDelete(input: {id: "{unused}"}) { role { id } userErrors { code } } }"#, NotFound),
    ("roleAssign", r#"mutation { roleAssign(input: {roleId: "{unused}", adminUserId: "{account}"}) { roleAssignment { id } userErrors { code } } }"#, StepUp),
    ("roleRevoke", r#"mutation { roleRevoke(input: {id: "{assignment}"}) { roleAssignment { id } userErrors { code } } }"#, NotFound),
    ("approvalApprove", r#"mutation { approvalApprove(input: {id: "{approval}"}) { approval { id } userErrors { code } } }"#, StepUp),
    ("approvalDeny", r#"mutation { approvalDeny(input: {id: "{approval}", reason: "x"}) { approval { id } userErrors { code } } }"#, NotFound),
    ("approvalCancel", r#"mutation { approvalCancel(input: {id: "{approval}"}) { approval { id } userErrors { code } } }"#, NotFound),
    ("sessions", "{ sessions { nodes { secondFactorAt } totalCount } }", Empty),
    ("sessionCreate", r#"mutation { sessionCreate(input: {email: "nobody@example.com", password: "gqv wkrm 81pz"}) { tokens { sessionId } userErrors { code } } }"#, Invalid),
    ("adminUserInvite", r#"mutation { adminUserInvite(input: {adminUserId: "{account}"}) { invitation { expiresAt } userErrors { code } } }"#, StepUp),
    ("invitationAccept", r#"mutation { invitationAccept(input: {token: "opsi_AAAA", password: "gqv wkrm 81pz"}) { tokens { sessionId } userErrors { code } } }"#, Invalid),
    ("sessionRefresh", r#"mutation { sessionRefresh(input: {refreshToken: "opsr_AAAA"}) { tokens { sessionId } userErrors { code } } }"#, Invalid),
    ("sessionRevoke", r#"mutation { sessionRevoke(input: {id: "{session}"}) { session { id } userErrors { code } } }"#, NotFound),
    ("sessionStepUp", r#"mutation { sessionStepUp(input: {code: "000000"}) { tokens { sessionId } userErrors { code } } }"#, NotAllowed),
    ("mfaEnroll", "mutation { mfaEnroll { enrolment { uri } userErrors { code } } }", NotAllowed),
    ("mfaConfirm", r#"mutation { mfaConfirm(input: {code: "000000"}) { recoveryCodes userErrors { code } } }"#, NotAllowed),
    ("mfaReset", r#"mutation { mfaReset(input: {adminUserId: "{account}"}) { adminUser { id } userErrors { code } } }"#, StepUp),
    ("recoveryCodesRegenerate", "mutation { recoveryCodesRegenerate { recoveryCodes userErrors { code } } }", StepUp),
    ("passwordUpdate", r#"mutation { passwordUpdate(input: {currentPassword: "x", newPassword: "gqv wkrm 81pz"}) { adminUser { id } userErrors { code } } }"#, StepUp),

    ("impersonation", r#"{ impersonation(id: "{impersonation}") { reason } }"#, Null),
    ("impersonations", "{ impersonations { nodes { reason } totalCount } }", Empty),
    ("impersonationStart", r#"mutation { impersonationStart(input: {userId: "{user}", reason: "x"}) { impersonation { id } userErrors { code } } }"#, StepUp),
    ("impersonationEnd", r#"mutation { impersonationEnd(input: {id: "{impersonation}"}) { impersonation { id } userErrors { code } } }"#, NotFound),

    ("ipAllowEntries", "{ ipAllowEntries { nodes { network description } totalCount } }", Empty),
    ("ipAllowEntryAdd", r#"mutation { ipAllowEntryAdd(input: {level: SUPPORT, network: "192.0.2.0/24"}) { ipAllowEntry { id } userErrors { code } } }"#, NotAllowed),
    ("ipAllowEntryRemove", r#"mutation { ipAllowEntryRemove(input: {id: "{network}"}) { ipAllowEntry { id } userErrors { code } } }"#, NotFound),
    ("apiToken", r#"{ apiToken(id: "{token}") { name } }"#, Null),
    ("apiTokens", "{ apiTokens { nodes { name } totalCount } }", Own),
    ("apiTokenCreate", r#"mutation { apiTokenCreate(input: {name: "a script", scopes: ["monitoring.read"]}) { apiToken { id } userErrors { code } } }"#, StepUp),
    ("apiTokenRotate", r#"mutation { apiTokenRotate(input: {id: "{token}"}) { apiToken { id } userErrors { code } } }"#, StepUp),
    ("apiTokenRevoke", r#"mutation { apiTokenRevoke(input: {id: "{token}"}) { apiToken { id } userErrors { code } } }"#, NotFound),

    // audit
    ("auditLog", r#"{ auditLog(id: "{entry}") { action body } }"#, Null),
    ("auditLogs", "{ auditLogs { nodes { action body } totalCount } }", Own),
    ("auditTrail", r#"{ auditTrail(entityId: "{service}") { nodes { body } totalCount } }"#, Empty),
    ("adminActions", "{ adminActions { nodes { body } totalCount } }", Empty),
    ("auditLogged", "subscription { auditLogged { auditLog { body } } }", Own),

    // directory
    ("user", r#"{ user(id: "{user}") { name email } }"#, Null),
    ("users", "{ users { nodes { name email } totalCount } }", Empty),
    ("organization", r#"{ organization(id: "{organization}") { slug name } }"#, Null),
    ("organizations", "{ organizations { nodes { slug name } totalCount } }", Own),
    ("organizationSettingsSchema", "{ organizationSettingsSchema }", Own),
    ("organizationsUpsert", r#"mutation { organizationsUpsert(input: {organizations: [{externalId: "x", slug: "x", name: "x"}]}) { results { id } userErrors { code } } }"#, NotAllowed),
    ("organizationMemberAdd", r#"mutation { organizationMemberAdd(input: {organizationId: "{organization}", userId: "{outsider}", role: "x"}) { member { id } userErrors { code } } }"#, NotFound),
    ("organizationMemberUpdate", r#"mutation { organizationMemberUpdate(input: {id: "{member}", role: "x"}) { member { id } userErrors { code } } }"#, NotFound),
    ("organizationMemberRemove", r#"mutation { organizationMemberRemove(input: {id: "{member}"}) { member { id } userErrors { code } } }"#, NotFound),
    ("organizationSettingsUpdate", r#"mutation { organizationSettingsUpdate(input: {id: "{organization}", settings: {locale: "en"}}) { organization { id } userErrors { code } } }"#, NotFound),
    ("organizationMerge", r#"mutation { organizationMerge(input: {sourceId: "{organization}", targetId: "{target}"}) { organization { id } userErrors { code } } }"#, NotFound),
    ("billingOverview", "{ billingOverview { active plans { plan } } }", Own),
    ("billingSubscription", r#"{ billingSubscription(id: "{subscription}") { plan } }"#, Null),
    ("billingSubscriptions", "{ billingSubscriptions { nodes { plan } totalCount } }", Empty),

    ("userSuspend", r#"mutation { userSuspend(input: {id: "{user}", reason: "x"}) { user { id } userErrors { code } } }"#, NotFound),
    ("userReinstate", r#"mutation { userReinstate(input: {id: "{suspended}", reason: "x"}) { user { id } userErrors { code } } }"#, NotFound),
    ("userVerify", r#"mutation { userVerify(input: {id: "{user}"}) { user { id } userErrors { code } } }"#, NotFound),
    ("usersUpsert", r#"mutation { usersUpsert(input: {users: [{externalId: "x", email: "x@example.com", name: "x"}]}) { results { id } userErrors { code } } }"#, NotAllowed),

    // events
    ("event", r#"{ event(id: "{event}") { type payload } }"#, Null),
    ("events", "{ events { nodes { type payload } totalCount } }", Own),
    ("eventCursor", "{ eventCursor }", Own),
    ("eventPublished", "subscription { eventPublished { type payload } }", Own),

    // platform
    ("gatewayStatus", "{ gatewayStatus { version } }", Own),
    ("schemaChanges", "{ schemaChanges { version } }", Own),
    ("node", r#"{ node(id: "{organization}") { id } }"#, Null),
    ("nodes", r#"{ nodes(ids: ["{organization}"]) { id } }"#, Own),

    // incidents
    ("incident", r#"{ incident(id: "{incident}") { title } }"#, Null),
    ("incidentByNumber", r#"{ incidentByNumber(number: "{number}") { title } }"#, Null),
    ("incidents", "{ incidents { nodes { title } totalCount } }", Empty),
    ("incidentStats", r#"{ incidentStats(range: {from: "2026-11-01T00:00:00Z", to: "2026-12-01T00:00:00Z"}) { total { count } } }"#, Own),
    ("incidentCreate", r#"mutation { incidentCreate(input: {title: "x", severity: LOW}) { incident { id } userErrors { code } } }"#, Own),
    ("incidentAcknowledge", r#"mutation { incidentAcknowledge(input: {id: "{open}"}) { incident { id } userErrors { code } } }"#, NotFound),
    ("incidentAssign", r#"mutation { incidentAssign(input: {id: "{open}", assigneeId: null}) { incident { id } userErrors { code } } }"#, NotFound),
    ("incidentTransition", r#"mutation { incidentTransition(input: {id: "{open}", status: IDENTIFIED}) { incident { id } userErrors { code } } }"#, NotFound),
    ("incidentNoteAdd", r#"mutation { incidentNoteAdd(input: {id: "{open}", body: "x"}) { incident { id } userErrors { code } } }"#, NotFound),
    ("incidentUpdate", r#"mutation { incidentUpdate(input: {id: "{open}", title: "x"}) { incident { id } userErrors { code } } }"#, NotFound),
    ("incidentResolve", r#"mutation { incidentResolve(input: {id: "{open}", rootCause: "x", resolution: "y"}) { incident { id } userErrors { code } } }"#, NotFound),
    ("incidentReopen", r#"mutation { incidentReopen(input: {id: "{resolved}", reason: "x"}) { incident { id } userErrors { code } } }"#, NotFound),
    ("incidentMerge", r#"mutation { incidentMerge(input: {targetId: "{open}", sourceIds: ["{other}"]}) { incident { id } userErrors { code } } }"#, NotFound),
    ("incidentChanged", "subscription { incidentChanged { type incident { title } } }", Own),

    // monitoring
    ("systemHealth", "{ systemHealth { state openCriticalAlerts } }", Own),
    ("service", r#"{ service(id: "{service}") { name } }"#, Null),
    ("services", "{ services { nodes { name } totalCount } }", Empty),
    ("alert", r#"{ alert(id: "{alert}") { title } }"#, Null),
    ("alerts", "{ alerts { nodes { title } totalCount } }", Empty),
    ("serviceRegister", r#"mutation { serviceRegister(input: {name: "new"}) { service { id } userErrors { code } } }"#, Own),
    ("serviceUpdate", r#"mutation { serviceUpdate(input: {id: "{service}", tier: 1}) { service { id } userErrors { code } } }"#, NotFound),
    ("serviceDeregister", r#"mutation { serviceDeregister(input: {id: "{service}"}) { service { id } userErrors { code } } }"#, NotFound),
    ("serviceProbe", r#"mutation { serviceProbe(input: {id: "{service}"}) { service { id } userErrors { code } } }"#, NotFound),
    ("alertTrigger", r#"mutation { alertTrigger(input: {source: "x", dedupKey: "x", severity: LOW, title: "x"}) { alert { id } userErrors { code } } }"#, Own),
    ("alertAcknowledge", r#"mutation { alertAcknowledge(input: {id: "{alert}"}) { alert { id } userErrors { code } } }"#, NotFound),
    ("alertResolve", r#"mutation { alertResolve(input: {id: "{alert}"}) { alert { id } userErrors { code } } }"#, NotFound),
    ("serviceStatusChanged", "subscription { serviceStatusChanged { type service { name } } }", Own),
    ("alertChanged", "subscription { alertChanged { type alert { title } } }", Own),
];
