//! More than ten days ago.

use ::entity::{
    alert::AlertSeverity,
    incident::{
        IncidentImpact::{All, Few, Many},
        IncidentStatus::{Identified, Investigating, Monitoring},
        IncidentUrgency::{High, Low},
    },
};

use crate::demo::content::{
    Does::{Acknowledge, Assign, Close, Mend, Move, Note, Rename, Reopen, Resolve, Tell},
    Opening, Raised, Story,
    Trouble::{Down, Errors, Slow},
};

/// The stories.
pub const STORIES: &[Story] = &[
    Story {
        ago: (29, 310),
        trouble: Some(("repti-community", Down)),
        opening: Opening::Probe,
        steps: &[
            (19, "kwame", Acknowledge("On it.")),
            (24, "kwame", Rename("The forum is down: its database doesn't take connections")),
            (27, "kwame", Note("A migration holds a lock on `posts` since 04:12. Asked Team Basking Rock.")),
            (33, "kwame", Move(Identified, "The migration that adds a column with a default.")),
            (36, "kwame", Mend),
            (38, "kwame", Tell("The forum answers again. Posts from before are all there.")),
            (
                52,
                "kwame",
                Resolve(
                    "A migration rewrote the table of posts under an exclusive lock.",
                    "Ended the migration; it runs in steps from now on.",
                ),
            ),
            (600, "tomasz", Close),
        ],
    },
    Story {
        ago: (28, 190),
        trouble: None,
        opening: Opening::Report {
            by: "maja",
            title: "Buyers get the confirmation of their order twice",
            description: "Eleven customers wrote since this morning. Nobody was charged twice.",
            impact: Many,
            urgency: Low,
            services: &["repti-commerce"],
            organization: None,
        },
        steps: &[
            (6, "aiko", Note("Told those who wrote that they were charged once.")),
            (21, "maja", Move(Investigating, "")),
            (
                64,
                "maja",
                Move(
                    Identified,
                    "A worker sends the mail, dies before it says so, and another one sends it again.",
                ),
            ),
            (
                140,
                "maja",
                Resolve(
                    "Mail was sent before the task was marked as done, with no key against a second time.",
                    "Every mail carries the key of its order; the mail service drops the second.",
                ),
            ),
        ],
    },
    Story {
        ago: (26, 845),
        trouble: Some(("repti-media", Slow)),
        opening: Opening::Report {
            by: "priya",
            title: "Photographs of listings take ten seconds to appear",
            description: "Everywhere, since about 09:40.",
            impact: All,
            urgency: Low,
            services: &["repti-media", "repti-commerce"],
            organization: None,
        },
        steps: &[
            (3, "priya", Acknowledge("")),
            (11, "jonas", Note("Breeders ask in the forum whether they should upload again. Answered: no.")),
            (
                25,
                "priya",
                Move(Identified, "The CDN asks us for every picture: a header says that none may be kept."),
            ),
            (31, "priya", Mend),
            (34, "priya", Move(Monitoring, "The header is gone. The cache fills.")),
            (
                80,
                "priya",
                Resolve(
                    "A release set `Cache-Control: no-store` on pictures.",
                    "Took the header back; a test looks at it from now on.",
                ),
            ),
        ],
    },
    Story {
        ago: (24, 420),
        trouble: None,
        opening: Opening::Alert(&Raised {
            source: "fraud-watch",
            key: "payouts:changed",
            severity: AlertSeverity::Critical,
            title: "Bank accounts of 23 sellers were changed within an hour",
            description: "All from one network, all with a right password.",
            service: Some("repti-core"),
            organization: None,
        }),
        steps: &[
            (2, "ines", Acknowledge("Payouts are held until this is clear.")),
            (4, "ines", Assign("tomasz")),
            (
                15,
                "tomasz",
                Move(
                    Investigating,
                    "The passwords are from a leak elsewhere. None of the 23 has a second factor.",
                ),
            ),
            (28, "lucia", Note("Called the first ten sellers: none of them changed anything.")),
            (47, "tomasz", Move(Identified, "")),
            (70, "tomasz", Mend),
            (
                75,
                "tomasz",
                Tell(
                    "Some sellers' accounts were taken over with passwords from a leak elsewhere. No money was lost. Please turn on the second factor.",
                ),
            ),
            (
                190,
                "tomasz",
                Resolve(
                    "Passwords that were used elsewhere and leaked there.",
                    "Reset 23 accounts, restored the bank accounts; a new bank account takes a second factor from now on.",
                ),
            ),
            (1500, "ines", Close),
        ],
    },
    Story {
        ago: (22, 80),
        trouble: Some(("repti-ops", Down)),
        opening: Opening::Probe,
        steps: &[
            (22, "priya", Acknowledge("Nobody but us notices, but still.")),
            (40, "priya", Mend),
            (58, "priya", Resolve("The disk of logs was full.", "Made room; logs are kept for 14 days.")),
        ],
    },
    Story {
        ago: (21, 500),
        trouble: None,
        opening: Opening::Report {
            by: "kwame",
            title: "The stock list of Nordic Scales is refused since the weekend",
            description: "The import says: line 1, unknown column `morph_code`.",
            impact: Few,
            urgency: High,
            services: &["partner import"],
            organization: Some("nordic-scales"),
        },
        steps: &[
            (12, "kwame", Tell("We are looking at it. Listings that are online stay online.")),
            (
                50,
                "kwame",
                Move(Identified, "They renamed a column, which they may: the import has to take both."),
            ),
            (
                170,
                "kwame",
                Tell("The import takes both names of the column. Your next list will go through."),
            ),
            (
                175,
                "kwame",
                Resolve(
                    "The import knew columns by one name.",
                    "It takes the new name, too; both are documented.",
                ),
            ),
        ],
    },
    Story {
        ago: (19, 1020),
        trouble: Some(("repti-commerce", Down)),
        opening: Opening::Probe,
        steps: &[
            (17, "maja", Acknowledge("Paged at dinner. Looking.")),
            (18, "jonas", Note("A customer called: the checkout hangs after the address.")),
            (20, "maja", Rename("Checkout is down: the pool of connections is used up")),
            (23, "maja", Tell("Buying isn't possible at the moment. We are on it.")),
            (
                29,
                "maja",
                Move(Identified, "A job holds a connection for every payout of the month, all at once."),
            ),
            (32, "maja", Mend),
            (35, "maja", Tell("Buying works again.")),
            (36, "maja", Move(Monitoring, "Payouts go on with ten at a time.")),
            (
                95,
                "maja",
                Resolve(
                    "The monthly payouts opened a connection each.",
                    "They share ten. The pool's use has an alert at 80 %.",
                ),
            ),
            (
                900,
                "tomasz",
                Note("Postmortem on Thursday. What we want to know: why no alert before the outage?"),
            ),
            (2900, "tomasz", Close),
        ],
    },
    Story {
        ago: (17, 330),
        trouble: None,
        opening: Opening::Report {
            by: "priya",
            title: "Clutches of leap-year mothers hatch a day late",
            description: "Only in the calendar, says Team Hatchery. The eggs are fine.",
            impact: Few,
            urgency: Low,
            services: &["repti-animal"],
            organization: None,
        },
        steps: &[
            (90, "priya", Move(Investigating, "")),
            (400, "priya", Resolve("365 days instead of a year.", "Years are years.")),
        ],
    },
    Story {
        ago: (15, 1210),
        trouble: Some(("repti-core", Errors)),
        opening: Opening::Alert(&Raised {
            source: "prometheus",
            key: "errors:sign-in",
            severity: AlertSeverity::Critical,
            title: "Sign-in: 30 % of the requests fail",
            description: "503 from repti-core.",
            service: Some("repti-core"),
            organization: None,
        }),
        steps: &[
            (1, "kwame", Acknowledge("")),
            (5, "kwame", Note("One of three nodes refuses everything since its restart.")),
            (8, "kwame", Move(Identified, "It came up with yesterday's signing keys.")),
            (9, "kwame", Mend),
            (
                30,
                "kwame",
                Resolve(
                    "A node started before its keys were mounted and kept the old ones.",
                    "Restarted it. A node without today's keys isn't ready from now on.",
                ),
            ),
        ],
    },
    Story {
        ago: (13, 560),
        trouble: None,
        opening: Opening::Report {
            by: "maja",
            title: "Payouts to accounts in Norway come back",
            description: "The bank wants the account number without spaces.",
            impact: Few,
            urgency: High,
            services: &["repti-commerce"],
            organization: Some("nordic-scales"),
        },
        steps: &[
            (30, "maja", Tell("Payouts of this week came back from the bank. They are sent again tomorrow.")),
            (34, "maja", Move(Identified, "")),
            (1400, "maja", Tell("All payouts have arrived.")),
            (
                1410,
                "maja",
                Resolve(
                    "The format of account numbers changed.",
                    "Spaces are taken out before the file is written.",
                ),
            ),
        ],
    },
    Story {
        ago: (11, 700),
        trouble: Some(("repti-animal", Down)),
        opening: Opening::Probe,
        steps: &[
            (18, "priya", Acknowledge("")),
            (
                26,
                "priya",
                Move(Identified, "Out of memory: the pedigree of one ball python has a circle in it."),
            ),
            (31, "priya", Mend),
            (33, "aiko", Note("The breeder says that he is sorry, and that it was late.")),
            (
                60,
                "priya",
                Resolve(
                    "An animal was entered as its own grandmother, and pedigrees were followed without end.",
                    "Mended the pedigree. Circles are refused, and no walk goes deeper than 40.",
                ),
            ),
            (70, "tomasz", Reopen("It is down to 300 MB again and falling. Not over yet.")),
            (72, "priya", Acknowledge("There is a second one.")),
            (
                110,
                "priya",
                Resolve(
                    "A second circle, over four generations.",
                    "Searched all pedigrees: these two were all.",
                ),
            ),
        ],
    },
];
