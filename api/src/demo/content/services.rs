//! What is watched: the platform's six services (requirement R1).

/// A service.
#[derive(Debug)]
pub struct Service {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
    /// 1 is the most important.
    pub tier: i32,
    /// Who looks after it.
    pub owner: &'static str,
    /// The services that it needs: those above it.
    pub depends_on: &'static [&'static str],
    /// How long an answer takes at a quiet hour, in milliseconds.
    pub usual_ms: i32,
}

/// The services, each below those that it needs.
pub const SERVICES: &[Service] = &[
    Service {
        name: "repti-core",
        description: "Accounts, sign-in and permissions. Everything else asks it.",
        tier: 1,
        owner: "Team Bedrock",
        depends_on: &[],
        usual_ms: 18,
    },
    Service {
        name: "repti-animal",
        description: "Animals: species, genetics, clutches, health records.",
        tier: 2,
        owner: "Team Hatchery",
        depends_on: &["repti-core"],
        usual_ms: 34,
    },
    Service {
        name: "repti-media",
        description: "Photographs and films: uploads, thumbnails, delivery.",
        tier: 2,
        owner: "Team Lens",
        depends_on: &["repti-core"],
        usual_ms: 61,
    },
    Service {
        name: "repti-commerce",
        description: "Listings, checkout, payments and payouts.",
        tier: 1,
        owner: "Team Till",
        depends_on: &["repti-core", "repti-animal", "repti-media"],
        usual_ms: 47,
    },
    Service {
        name: "repti-community",
        description: "Forum, messages, reviews.",
        tier: 3,
        owner: "Team Basking Rock",
        depends_on: &["repti-core", "repti-media"],
        usual_ms: 29,
    },
    Service {
        name: "repti-ops",
        description: "Moderation, audits, the tools of those who run the platform.",
        tier: 2,
        owner: "Team Terrarium",
        depends_on: &["repti-core"],
        usual_ms: 23,
    },
];
