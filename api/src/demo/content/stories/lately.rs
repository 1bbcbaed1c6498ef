//! Within the last ten days, up to what people are at now.

use ::entity::{
    alert::AlertSeverity,
    incident::{
        IncidentImpact::{Few, Many},
        IncidentStatus::{Identified, Investigating, Monitoring},
        IncidentUrgency::{Critical, High, Low},
    },
};

use crate::demo::content::{
    Does::{Acknowledge, Assign, Mend, Move, Note, Rename, Resolve, Tell},
    Opening, Raised, Story,
    Trouble::{Down, Errors, Slow},
};

/// The stories.
pub const STORIES: &[Story] = &[
    Story {
        ago: (9, 260),
        trouble: None,
        opening: Opening::Report {
            by: "kwame",
            title: "Moderators see reports in the wrong language",
            description: "Since the release of Tuesday.",
            impact: Few,
            urgency: High,
            services: &["repti-ops"],
            organization: None,
        },
        steps: &[
            (20, "lucia", Note("I read Spanish, so I took those for now.")),
            (55, "kwame", Move(Identified, "")),
            (
                80,
                "kwame",
                Resolve("The reporter's language was used for the reader.", "Each reads in their own."),
            ),
        ],
    },
    Story {
        ago: (7, 930),
        trouble: Some(("repti-media", Errors)),
        opening: Opening::Alert(&Raised {
            source: "prometheus",
            key: "errors:uploads",
            severity: AlertSeverity::Critical,
            title: "Uploads: every second one fails",
            description: "507 from the store.",
            service: Some("repti-media"),
            organization: None,
        }),
        steps: &[
            (4, "maja", Acknowledge("")),
            (
                9,
                "maja",
                Move(Identified, "Two of four disks are full: nobody looked at the alerts of Monday."),
            ),
            (26, "maja", Mend),
            (28, "maja", Tell("Photographs and films can be uploaded again.")),
            (
                60,
                "maja",
                Resolve("Disks were full.", "Added two. Alerts about disks page somebody from 90 % on."),
            ),
        ],
    },
    Story {
        ago: (5, 1130),
        trouble: None,
        opening: Opening::Report {
            by: "priya",
            title: "Webhooks to Nordic Scales are delivered hours late",
            description: "Their endpoint answers slowly, and deliveries wait for each other.",
            impact: Few,
            urgency: High,
            services: &["webhooks"],
            organization: Some("nordic-scales"),
        },
        steps: &[
            (
                15,
                "priya",
                Tell("Deliveries are late and none is lost. We send several at a time from now on."),
            ),
            (20, "priya", Move(Monitoring, "Eight at a time.")),
            (
                300,
                "priya",
                Resolve(
                    "One delivery at a time for each partner.",
                    "Eight at a time, in order for each object.",
                ),
            ),
        ],
    },
    Story {
        ago: (3, 610),
        trouble: Some(("repti-community", Down)),
        opening: Opening::Probe,
        steps: &[
            (18, "kwame", Acknowledge("")),
            (21, "kwame", Rename("The forum is down: a bearded dragon went viral")),
            (
                30,
                "kwame",
                Move(Identified, "Forty times the usual readers of one thread, none of them signed in."),
            ),
            (34, "kwame", Mend),
            (35, "kwame", Move(Monitoring, "Who isn't signed in reads from the cache.")),
            (
                120,
                "kwame",
                Resolve(
                    "Pages for readers who aren't signed in were built anew for each.",
                    "They are kept for a minute. The dragon is called Waffles.",
                ),
            ),
        ],
    },
    Story {
        ago: (1, 400),
        trouble: None,
        opening: Opening::Report {
            by: "maja",
            title: "Search doesn't find animals with an umlaut in their name",
            description: "\u{201c}Käthe\u{201d} the tortoise is gone, her keeper says. She is there.",
            impact: Many,
            urgency: Low,
            services: &["repti-animal"],
            organization: None,
        },
        steps: &[
            (44, "maja", Move(Investigating, "")),
            (61, "maja", Note("The index was built anew on Tuesday, on a machine with another locale.")),
            (
                240,
                "maja",
                Resolve("Accents were folded in the query and not in the index.", "Built it anew, folded."),
            ),
        ],
    },
    // What people are at now.
    Story {
        ago: (0, 870),
        trouble: None,
        opening: Opening::Report {
            by: "kwame",
            title: "Orders of Nordic Scales show prices without tax",
            description: "Only in the partner's own overview. Buyers see the right ones.",
            impact: Few,
            urgency: Critical,
            services: &["partner overview"],
            organization: Some("nordic-scales"),
        },
        steps: &[
            (
                20,
                "kwame",
                Tell("You are right: the overview leaves the tax out since yesterday. Invoices are correct."),
            ),
            (
                70,
                "kwame",
                Move(Identified, "The tax table of Norway ended on the 20th. The new one wasn't published."),
            ),
            (75, "kwame", Assign("priya")),
        ],
    },
    Story {
        ago: (0, 95),
        trouble: Some(("repti-media", Slow)),
        opening: Opening::Alert(&Raised {
            source: "prometheus",
            key: "latency:films",
            severity: AlertSeverity::Critical,
            title: "Films: the first picture takes nine seconds",
            description: "The 99th percentile over five minutes.",
            service: Some("repti-media"),
            organization: None,
        }),
        steps: &[
            (3, "maja", Acknowledge("Looking at it.")),
            (14, "jonas", Note("A customer called: the film of her chameleon stops after three seconds.")),
            (
                31,
                "maja",
                Move(Investigating, "Not the disks this time. The encoder is at 100 % since 10:00."),
            ),
            (58, "priya", Note("A batch encodes everything of 2019 anew. Who started it?")),
        ],
    },
    Story {
        ago: (0, 22),
        trouble: None,
        opening: Opening::Report {
            by: "priya",
            title: "The shipping label of live animals lacks the temperature",
            description: "Found by Team Till. Carriers refuse such parcels, so animals stay where they are warm.",
            impact: Many,
            urgency: High,
            services: &["repti-commerce"],
            organization: None,
        },
        steps: &[(6, "aiko", Note("Three breeders asked already."))],
    },
];
