//! What happens while somebody watches: told again and again, one story after the other.

use ::entity::{
    alert::AlertSeverity,
    incident::{
        IncidentImpact::Few,
        IncidentStatus::{Identified, Investigating, Monitoring},
        IncidentUrgency::High,
    },
};

use super::{
    Does::{Acknowledge, Mend, Move, Note, Rename, Resolve, Tell},
    Opening, Raised, Story,
    Trouble::{Down, Errors},
};

/// The stories. A minute of theirs is ten seconds.
pub const STORIES: &[Story] = &[
    Story {
        ago: (0, 0),
        trouble: Some(("repti-community", Down)),
        opening: Opening::Probe,
        steps: &[
            (2, "kwame", Acknowledge("On it.")),
            (3, "lucia", Note("Two people write that the forum doesn't open.")),
            (4, "kwame", Rename("The forum doesn't answer: one node left, and it swaps")),
            (5, "kwame", Move(Identified, "An update restarts the nodes faster than they come back.")),
            (6, "kwame", Mend),
            (7, "kwame", Tell("The forum answers again.")),
            (
                9,
                "kwame",
                Resolve(
                    "Nodes were restarted without waiting for the one before.",
                    "One at a time, each after the one before is ready.",
                ),
            ),
        ],
    },
    Story {
        ago: (0, 0),
        trouble: None,
        opening: Opening::Report {
            by: "priya",
            title: "Nordic Scales: this morning's stock list came in twice",
            description: "No listing is there twice. Prices of the first list are shown for some.",
            impact: Few,
            urgency: High,
            services: &["partner import"],
            organization: Some("nordic-scales"),
        },
        steps: &[
            (2, "priya", Tell("Your second list counts; the first one's prices go within minutes.")),
            (4, "priya", Move(Identified, "Both lists carry the same number.")),
            (7, "priya", Resolve("Two lists under one number.", "The later one wins, and says so.")),
        ],
    },
    Story {
        ago: (0, 0),
        trouble: Some(("repti-commerce", Errors)),
        opening: Opening::Alert(&Raised {
            source: "prometheus",
            key: "errors:checkout-live",
            severity: AlertSeverity::Critical,
            title: "Checkout: one payment in five fails",
            description: "The card processor answers with 503.",
            service: Some("repti-commerce"),
            organization: None,
        }),
        steps: &[
            (1, "maja", Acknowledge("Looking.")),
            (3, "maja", Move(Investigating, "It is the processor. Their status page says nothing yet.")),
            (4, "aiko", Note("A customer asks whether she paid. She didn't.")),
            (5, "maja", Tell("Some payments fail. Nobody is charged for what failed.")),
            (7, "maja", Mend),
            (8, "maja", Move(Monitoring, "All payments go to the second processor.")),
            (11, "maja", Resolve("The card processor had an outage.", "The second one took over.")),
        ],
    },
];
