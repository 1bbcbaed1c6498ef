//! What organizations pay for: what the billing system says, and what it comes to.

use entity::billing_subscription::{BillingPeriod, BillingStatus};
use opsgate::{
    directory::{self, SubscriptionRecord},
    kernel::{actor::ORGANIZATION, error::UserErrorCode},
};
use serde_json::json;
use tests::{Client, Database, TestGateway};
use uuid::Uuid;

use super::{codes, subscription, tx};

/// Says something of subscriptions, and answers how many were written.
async fn say(gateway: &TestGateway, records: Vec<SubscriptionRecord>) -> usize {
    let mut tx = tx(gateway).await;
    let written = directory::upsert_subscriptions(&mut tx, records).await.unwrap();
    if tx.is_empty() {
        tx.rollback().await.unwrap();
    } else {
        tx.commit().await.unwrap();
    }
    written.len()
}

fn of(
    organization: Uuid,
    id: &str,
    status: BillingStatus,
    period: BillingPeriod,
    amount_minor: i64,
    currency: &str,
) -> SubscriptionRecord {
    let currency = currency.to_owned();
    SubscriptionRecord { status, period, amount_minor, currency, ..subscription(organization, id) }
}

const OVERVIEW: &str = "{ billingOverview { countedAt active trials overdue paused cancelled \
                        revenue { currency monthlyRecurringRevenue overdueAmount } \
                        plans { plan currency active trials overdue monthlyRecurringRevenue } } }";

#[tokio::test]
async fn the_register_follows_the_billing_system() {
    let gateway = TestGateway::start().await;
    let acme = gateway.organization("acme").await;
    let before = gateway.recorded().await;
    let first = subscription(acme, "s1");
    assert_eq!(say(&gateway, vec![first.clone(), subscription(acme, "s2")]).await, 2);
    // What is as before is left alone.
    assert_eq!(say(&gateway, vec![first.clone(), subscription(acme, "s2")]).await, 0);
    let changed = SubscriptionRecord { status: BillingStatus::PastDue, ..first.clone() };
    assert_eq!(say(&gateway, vec![changed]).await, 1);
    let facts = gateway.facts(before).await;
    let types: Vec<_> = facts.iter().map(|fact| &*fact.event.event_type).collect();
    let (created, updated) = ("directory.subscription.created", "directory.subscription.updated");
    assert_eq!(types, [created, created, updated]);
    assert_eq!(facts[2].event.payload["amountMinor"], "1999", "money is text in the record");
    assert_eq!(facts[2].event.before.as_ref().unwrap()["status"], "ACTIVE");

    let reader = gateway.with_scopes(&["billing.read", "directory.read"]).await;
    let document = "{ billingSubscriptions(filter: { status: { eq: PAST_DUE } }) { totalCount nodes { id externalId \
                    plan status period amount currency version organization { slug } } } }";
    let answer = reader.run(document).await.ok();
    let node = answer.at("/billingSubscriptions/nodes/0");
    let expected = json!({
        "id": node["id"], "externalId": "s1", "plan": "team", "status": "PAST_DUE", "period": "MONTHLY",
        "amount": "19.99", "currency": "EUR", "version": 2, "organization": { "slug": "acme" },
    });
    assert_eq!((node, answer.at("/billingSubscriptions/totalCount")), (&expected, &json!(1)));
    let one = "query($id: ID!) { billingSubscription(id: $id) { externalId } }";
    let one = reader.run_with(one, json!({ "id": node["id"] })).await.ok();
    assert_eq!(one.text("/billingSubscription/externalId"), "s1");
    let other = gateway.with_scopes(&["directory.read"]).await;
    assert_eq!(other.run("{ billingSubscriptions { totalCount } }").await.codes(), ["FORBIDDEN"]);
}

#[tokio::test]
async fn what_is_wrong_is_said_of_each() {
    let gateway = TestGateway::start().await;
    let acme = gateway.organization("acme").await;
    let right = subscription(acme, "s1");
    let mut open = tx(&gateway).await;
    let wrong = vec![
        SubscriptionRecord { amount_minor: -1, ..right.clone() },
        SubscriptionRecord { currency: "euro".to_owned(), ..subscription(acme, "s2") },
        SubscriptionRecord { plan: " ".to_owned(), ..subscription(acme, "s3") },
        subscription(acme, "s4"),
        subscription(acme, "s4"),
    ];
    use UserErrorCode::{Invalid, LimitExceeded, NotFound, OutOfRange, Required};
    let outcome = directory::upsert_subscriptions(&mut open, wrong).await;
    assert_eq!(codes(outcome), [OutOfRange, Invalid, Required, Invalid]);
    let nobodys = directory::upsert_subscriptions(&mut open, vec![subscription(Uuid::from_u128(7), "s5")]);
    assert_eq!(codes(nobodys.await), [NotFound]);
    let many = (0..501).map(|number| subscription(acme, &number.to_string())).collect();
    assert_eq!(codes(directory::upsert_subscriptions(&mut open, many).await), [LimitExceeded]);
    assert!(open.is_empty());
    open.rollback().await.unwrap();
}

#[tokio::test]
async fn the_overview_adds_up_exactly_within_each_currency() {
    use BillingPeriod::{Monthly, Quarterly, Weekly, Yearly};
    use BillingStatus::{Active, Cancelled, PastDue, Paused, Trialing};
    let gateway = TestGateway::start().await;
    let (acme, globex) = (gateway.organization("acme").await, gateway.organization("globex").await);
    let mut records = vec![
        of(acme, "m", Active, Monthly, 1999, "EUR"),
        of(acme, "q", PastDue, Quarterly, 3000, "EUR"),
        of(acme, "w", Active, Weekly, 300, "EUR"),
        of(acme, "t", Trialing, Monthly, 9900, "EUR"),
        of(acme, "p", Paused, Monthly, 9900, "EUR"),
        of(acme, "c", Cancelled, Monthly, 9900, "EUR"),
        of(globex, "y", Active, Yearly, 120_000, "JPY"),
    ];
    // Twelve yearly plans of ten cents bring ten cents a month, not twelve times nothing.
    records.extend((0..12).map(|number| of(globex, &format!("u{number}"), Active, Yearly, 10, "USD")));
    say(&gateway, records).await;
    let answer = gateway.owner().run(OVERVIEW).await.ok();
    let overview = answer.at("/billingOverview");
    let counts =
        ["active", "trials", "overdue", "paused", "cancelled"].map(|name| overview[name].as_i64().unwrap());
    assert_eq!(counts, [15, 1, 1, 1, 1]);
    assert_eq!(
        overview["revenue"],
        json!([
            { "currency": "EUR", "monthlyRecurringRevenue": "42.99", "overdueAmount": "30.00" },
            { "currency": "JPY", "monthlyRecurringRevenue": "10000", "overdueAmount": "0" },
            { "currency": "USD", "monthlyRecurringRevenue": "0.10", "overdueAmount": "0.00" },
        ])
    );
    assert_eq!(overview["plans"][0]["currency"], "USD", "the most first");

    let partner = gateway.partner(&["billing.read"], globex).await;
    let answer = partner.run(OVERVIEW).await.ok();
    let currencies: Vec<_> = answer
        .at("/billingOverview/revenue")
        .as_array()
        .unwrap()
        .iter()
        .map(|part| &part["currency"])
        .collect();
    assert_eq!(currencies, ["JPY", "USD"], "nothing of another organization's");
    assert_eq!(*answer.at("/billingOverview/overdue"), 0);
}

#[tokio::test]
async fn what_is_said_of_a_merged_organization_is_the_other_ones() {
    let gateway = TestGateway::start().await;
    let acme = gateway.organization("acme").await;
    let globex = gateway.merged_organization("globex", acme).await;
    let initech = gateway.merged_organization("initech", globex).await;
    say(&gateway, vec![subscription(initech, "s1")]).await;
    let answer =
        gateway.owner().run("{ billingSubscriptions { nodes { organization { slug } } } }").await.ok();
    assert_eq!(answer.text("/billingSubscriptions/nodes/0/organization/slug"), "acme");
}

#[tokio::test]
async fn lists_and_the_overview_go_by_their_indexes() {
    let gateway = TestGateway::start().await;
    let ours = gateway.organization("ours").await;
    let organization = format!("CASE n % 20 WHEN 7 THEN {} ELSE ID() END", TestGateway::sql_id(ours));
    let columns = [
        ("id", "ID()"),
        ("organization_id", &*organization),
        ("external_id", "'s' || n"),
        ("plan", "'plan ' || n % 10"),
        ("status", "CASE n % 50 WHEN 0 THEN 'PAST_DUE' ELSE 'ACTIVE' END"),
        ("period", "'MONTHLY'"),
        ("amount_minor", "n"),
        ("currency", "'EUR'"),
        ("created_at", "AT()"),
        ("updated_at", "AT()"),
        ("version", "1"),
    ];
    gateway.fill("billing_subscriptions", 20_000, &columns).await;
    if Database::is_postgres() {
        // Without it an index that holds everything is no better than the table.
        use sea_orm::ConnectionTrait;
        gateway.database().sql().await.execute_unprepared("VACUUM billing_subscriptions").await.unwrap();
    }
    let owner: &Client = gateway.owner();
    let partner = gateway.partner(&["billing.read"], ours).await;
    let of_ours = format!(
        "billingSubscriptions(filter: {{organizationId: {{eq: \"{}\"}}}})",
        ORGANIZATION.encode(ours)
    );
    let page = |field: &str| format!("{{ {field} {{ nodes {{ id }} }} }}");
    for (client, document, index) in [
        (owner, page("billingSubscriptions"), "idx_billing_subscriptions_created_at_id"),
        (
            owner,
            page("billingSubscriptions(filter: {status: {eq: PAST_DUE}})"),
            "idx_billing_subscriptions_status_created_at_id",
        ),
        (owner, page(&of_ours), "idx_billing_subscriptions_organization_id_created_at_id"),
        (&partner, page("billingSubscriptions"), "idx_billing_subscriptions_organization_id_created_at_id"),
    ] {
        let plan = gateway.plan(client, &document, "billing_subscriptions").await;
        assert!(plan.contains(index), "{document} should go by {index}:\n{plan}");
        assert!(!plan.contains("Sort") && !plan.contains("TEMP B-TREE"), "{document} sorts:\n{plan}");
    }
    let plan = gateway.plan(owner, "{ billingOverview { active } }", "billing_subscriptions").await;
    let index = "idx_billing_subscriptions_overview";
    assert!(plan.contains(index) && !plan.contains("Sort"), "{plan}");
}
