//! What other systems report on an ordinary day: somebody looks at it, and it passes.

use ::entity::alert::AlertSeverity;

use super::Raised;

/// The systems that raise alerts. Each has a token of its own.
pub const SOURCES: &[&str] = &["prometheus", "fraud-watch", "partner-gateway"];

const fn raised(
    source: &'static str,
    key: &'static str,
    severity: AlertSeverity,
    title: &'static str,
    service: Option<&'static str>,
) -> Raised {
    Raised { source, key, severity, title, description: "", service, organization: None }
}

const fn of(organization: &'static str, alert: Raised) -> Raised {
    Raised { organization: Some(organization), ..alert }
}

use AlertSeverity::{High, Info, Low, Medium};

/// The alerts of ordinary days.
#[rustfmt::skip]
pub const ORDINARY: &[Raised] = &[
    raised("prometheus", "disk:media-store-2", Medium, "media-store-2: the disk is 85 % full", Some("repti-media")),
    raised("prometheus", "queue:thumbnails", Low, "Thumbnails wait for more than a minute", Some("repti-media")),
    raised("prometheus", "latency:search", Medium, "Search: one request in twenty takes more than 800 ms", Some("repti-animal")),
    raised("prometheus", "memory:community-web-3", Low, "community-web-3 uses 90 % of its memory", Some("repti-community")),
    raised("prometheus", "replication:core", High, "The replica of core is 40 s behind", Some("repti-core")),
    raised("prometheus", "errors:checkout", High, "Checkout: 2 % of the requests fail", Some("repti-commerce")),
    raised("prometheus", "certificate:cdn", Low, "The certificate of the CDN ends in 20 days", None),
    raised("prometheus", "backup:animal", Medium, "The nightly backup of repti-animal took four hours", Some("repti-animal")),
    raised("prometheus", "jobs:ops-reports", Info, "A report of yesterday was built a second time", Some("repti-ops")),
    raised("fraud-watch", "cards:testing", High, "Somebody tries out stolen cards: 60 small payments in ten minutes", Some("repti-commerce")),
    raised("fraud-watch", "accounts:wave", Medium, "300 accounts were registered from one network", Some("repti-core")),
    raised("fraud-watch", "reviews:ring", Low, "Nine accounts praise only each other", Some("repti-community")),
    of("nordic-scales", raised("partner-gateway", "import:nordic-scales", Medium, "The stock list of this morning hasn't arrived", None)),
    of("nordic-scales", raised("partner-gateway", "webhook:nordic-scales", Low, "Webhooks are answered with 502 now and then", None)),
    of("gecko-garden", raised("partner-gateway", "import:gecko-garden", Low, "14 lines of the stock list can't be read", None)),
    of("emerald-tree", raised("partner-gateway", "payout:emerald-tree", Medium, "A payout came back: the account is closed", None)),
];
