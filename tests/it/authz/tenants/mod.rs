//! The tenant boundary: who is limited to an organization can't tell whether there is another one.
//!
//! Two organizations are full of rows of every type. What the one reads, over every root field and every relation to a
//! bounded depth, doesn't change by a byte when the other is filled; an id of the other's is answered like one that
//! nobody has; streams tell nothing of it; and no mutation reaches it. Documents are made from the schema (`reading.rs`)
//! with the arguments of `operations.rs`: a new root field, stored type or id in an input without a case fails.
//! What is the gateway's own, whoever asks, is how it is doing (`gatewayStatus`) and how long its log is.

mod mutations;
mod reading;
mod reads;
mod streams;

use opsgate::config::Overrides;
use serde_json::Value;
use tests::{Client, TestGateway};

use super::fixture::Filled;

/// Stands in every text of the one organization, and of the other.
const OURS: &str = "Quux-1d7f";
const THEIRS: &str = "Zyzzy-9c3a";

/// The types whose objects are the platform's own: whoever has an organization sees none.
const PLATFORM_OWN: &[&str] =
    &["AdminUser", "Approval", "Impersonation", "IpAllowEntry", "Role", "RoleAssignment", "Session"];

/// A gateway that lets a request read everything at once.
async fn gateway() -> TestGateway {
    let bounds = [
        ("document_max_tokens", "100000"),
        ("document_max_bytes", "1048576"),
        ("document_max_depth", "30"),
        ("document_max_nesting", "64"),
        ("document_max_aliases", "10000"),
        ("request_max_cost", "1000000"),
        ("caller_cost_bucket", "1000000000"),
    ];
    let overrides =
        bounds.iter().fold(Overrides::default(), |overrides, (name, value)| overrides.with(name, *value));
    TestGateway::start_with(overrides).await
}

/// Two organizations, and somebody of the first who may everything.
struct Tenants {
    gateway: TestGateway,
    ours: Filled,
    theirs: Filled,
    client: Client,
}

impl Tenants {
    async fn new() -> Self {
        let gateway = gateway().await;
        let ours = Filled::new(&gateway, OURS).await;
        let theirs = Filled::new(&gateway, THEIRS).await;
        let client = gateway.partner(&["*"], ours.organization).await;
        Self { gateway, ours, theirs, client }
    }

    /// A document with ids like theirs that nobody has.
    fn absent(&self, document: &str) -> String {
        let nobodys = self.theirs.names().iter().map(|(name, id)| (*name, nobodys(id)));
        nobodys.fold(document.to_owned(), |document, (name, id)| document.replace(name, &id))
    }

    /// Fails where an answer tells of the other organization.
    fn check(&self, answer: &str, document: &str) {
        assert!(!answer.contains(THEIRS), "{document}: {answer}");
        for (name, id) in self.theirs.names() {
            let is_shared = self.ours.names().iter().any(|(_, other)| other == id);
            assert!(is_shared || !answer.contains(id.as_str()), "{name} in {document}: {answer}");
        }
    }
}

/// An id of the same type that nobody has.
fn nobodys(id: &str) -> String {
    let last = if id.ends_with('0') { "1" } else { "0" };
    // The letters before are random: no row has this one.
    format!("{}{}{last}", &id[..id.len() - 2], if id.ends_with("00") { "1" } else { "0" })
}

/// What a caller is told: data and errors, without what differs between two requests.
async fn told(client: &Client, document: &str) -> Value {
    let mut body = client.run(document).await.body;
    body.as_object_mut().unwrap().remove("extensions");
    for error in body["errors"].as_array_mut().into_iter().flatten() {
        error["extensions"].as_object_mut().unwrap().remove("requestId");
    }
    body
}
