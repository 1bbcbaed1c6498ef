//! Enums by name are stored as serde spells them, and fit their columns.

use entity::{
    actor_kind, alert, approval, approval_vote, audit_log, billing_subscription, incident, incident_timeline,
    organization, probe_result, service_status, session, task, user,
};
use sea_orm::{ActiveEnum, Iterable};
use serde::Serialize;

#[test]
fn names_are_those_of_serde() {
    agree::<actor_kind::ActorKind>();
    agree::<alert::AlertStatus>();
    agree::<approval::ApprovalStatus>();
    agree::<approval_vote::ApprovalDecision>();
    agree::<audit_log::AuditCategory>();
    agree::<audit_log::AuditOutcome>();
    agree::<audit_log::AuditSurface>();
    agree::<billing_subscription::BillingPeriod>();
    agree::<billing_subscription::BillingStatus>();
    agree::<incident::IncidentImpact>();
    agree::<incident::IncidentStatus>();
    agree::<incident::IncidentUrgency>();
    agree::<incident_timeline::TimelineKind>();
    agree::<incident_timeline::Visibility>();
    agree::<organization::OrganizationStatus>();
    agree::<probe_result::ProbeOutcome>();
    agree::<service_status::ServiceState>();
    agree::<session::SessionEnd>();
    agree::<task::TaskState>();
    agree::<user::UserStatus>();
    assert_eq!(organization::OrganizationStatus::PastDue.to_value(), "PAST_DUE");
}

fn agree<E: ActiveEnum<Value = String> + Iterable + Serialize>() {
    for variant in E::iter() {
        let stored = variant.to_value();
        assert!(stored.len() <= 32, "{stored}");
        let spelled = serde_json::to_value(&variant).expect("a name");
        assert_eq!(spelled, stored);
    }
}
