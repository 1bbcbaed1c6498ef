//! What is asked of the gateway, over and over.

use std::sync::OnceLock;

use crate::{Result, http::Client, statements::Statement};

/// Incidents of `seed.sql`.
const INCIDENTS: u64 = 5_000;
/// The first of them has the number one greater.
const FIRST: u64 = 100_000_000_000;

/// Users of `seed.sql` who have a trail; entries of each event type.
const TRAILS: u64 = 10_000;
/// Rows before the page that lies deep.
const DEEP: usize = 100_000;

/// One kind of request.
pub struct Workload {
    /// The field that it is about; also the name of its script.
    pub name: &'static str,
    /// What the table calls it.
    pub title: &'static str,
    /// What its rate should be at concurrency 8, as a share of the yardstick's.
    pub goal: &'static str,
    /// The variables of a request, as JSON.
    variables: fn(connection: u64, turn: u64) -> String,
    document: &'static str,
    /// The text that every good answer has.
    sign: &'static str,
    /// It goes on from where [`go_deep`] has been.
    pub is_deep: bool,
    /// A table that its transaction, and no other of the gateway's, writes to. None: it only reads.
    writes: Option<&'static str>,
    /// Values that pgbench must vary: as they are in a request's first variables, and what is put in their place.
    pub varied: &'static [(&'static str, &'static str)],
    /// The lines of the script that make what is put in their place.
    pub prelude: &'static str,
}

/// All of them. Those that read come first: the pages show the newest rows, which the others add to.
pub const ALL: [&Workload; 7] = [&INCIDENT, &PAGE, &TRAIL, &ENTRIES, &DEEP_ENTRIES, &CREATE, &NOTE];

static INCIDENT: Workload = Workload {
    name: "incident",
    title: "incident by id with assignee",
    goal: "≥ 25 %",
    variables: |connection, turn| format!(r#"{{"id":"{}"}}"#, incident(connection, turn)),
    document: "query($id: ID!) { incident(id: $id) { id number title status severity createdAt assignee { id name } } }",
    sign: r#""assignee":{"id":"adm_"#,
    is_deep: false,
    writes: None,
    varied: &[
        ("019a0000-0000-7000-8000-100000000001", "('019a0000-0000-7000-8000-' || :incident::text)::uuid"),
        ("019a0000-0000-7000-8001-100000000008", "('019a0000-0000-7000-8001-' || :assignee::text)::uuid"),
    ],
    prelude: "\\set incident random(100000000001, 100000005000)\n\\set assignee random(100000000001, 100000000300)\n",
};

/// The page whose memory is measured, too.
pub static PAGE: Workload = Workload {
    name: "incidents",
    title: "50 incidents with assignee and five entries",
    goal: "≥ 35 % (issue 3)",
    variables: |_, _| "{}".to_owned(),
    document: "{ incidents(first: 50) { nodes { id number title status severity createdAt assignee { id name } \
               timeline(first: 5) { nodes { id kind body createdAt } } } pageInfo { hasNextPage endCursor } } }",
    sign: r#""hasNextPage":true"#,
    is_deep: false,
    writes: None,
    varied: &[],
    prelude: "",
};

static TRAIL: Workload = Workload {
    name: "auditTrail",
    title: "100 newest entries of an entity's trail",
    goal: "≥ 35 %",
    variables: |connection, turn| {
        // The first is that of entry 1 in `seed.sql`.
        let entity = (13 + connection * 619 + turn * 1_013) % TRAILS;
        format!(r#"{{"entity":"usr_{entity:026}"}}"#)
    },
    document: "query($entity: ID!) { auditTrail(entityId: $entity, first: 100) { nodes { id eventType action outcome \
               severity actor { kind id } occurredAt } pageInfo { hasNextPage endCursor } } }",
    sign: r#""hasNextPage":true"#,
    is_deep: false,
    writes: None,
    varied: &[("usr_00000000000000000000000013", "'usr_' || lpad(:entity::text, 26, '0')")],
    prelude: "\\set entity random(0, 9999)\n",
};

macro_rules! entries_document {
    ($first:literal) => {
        concat!(
            "query($after: Cursor) { auditLogs(first: ",
            $first,
            ", after: $after, filter: {eventType: {eq: \\\"directory.user.changed07\\\"}}) { nodes { id eventType action outcome \
             severity actor { kind id } entityId occurredAt } pageInfo { hasNextPage endCursor } } }"
        )
    };
}

static ENTRIES: Workload = Workload {
    name: "auditLogs",
    title: "50 entries of one event type, first page",
    goal: "≥ 25 %",
    variables: |_, _| "{}".to_owned(),
    document: entries_document!("50"),
    sign: r#""hasNextPage":true"#,
    is_deep: false,
    writes: None,
    varied: &[],
    prelude: "",
};

static DEEP_ENTRIES: Workload = Workload {
    name: "auditLogsDeep",
    title: "50 entries of one event type, page at row 100,000",
    goal: "≥ 25 %, as the first page",
    variables: |_, _| DEEP_VARIABLES.get_or_init(|| "{}".to_owned()).clone(),
    document: entries_document!("50"),
    sign: r#""hasNextPage":true"#,
    is_deep: true,
    writes: None,
    varied: &[],
    prelude: "",
};

/// Where the deep page begins: what [`go_deep`] has found.
static DEEP_VARIABLES: OnceLock<String> = OnceLock::new();

/// Goes to where the deep page begins, as a client does: page by page.
pub async fn go_deep(client: &mut Client) -> Result<()> {
    let mut variables = "{}".to_owned();
    for _ in 0..DEEP / 100 {
        let body = format!(r#"{{"query":"{}","variables":{variables}}}"#, entries_document!("100"));
        let answer = client.post(&body).await?;
        let (_, rest) = answer.split_once(r#""endCursor":""#).ok_or_else(|| answer.to_owned())?;
        let (cursor, _) = rest.split_once('"').ok_or("a cursor without an end")?;
        variables = format!(r#"{{"after":"{cursor}"}}"#);
    }
    DEEP_VARIABLES.get_or_init(|| variables);
    Ok(())
}

static CREATE: Workload = Workload {
    name: "incidentCreate",
    title: "`incidentCreate`",
    goal: "≥ 40 %, issue 3: ≥ 50 %",
    variables: |connection, turn| {
        format!(
            r#"{{"input":{{"title":"Checkout answers slowly, report {connection}-{turn}","severity":"HIGH","description":"Customers report that the payment page takes longer than ten seconds; the card processor answers in time. It began with the deployment of this morning.","affectedServices":[{{"name":"checkout","impact":"MANY"}}]}}}}"#
        )
    },
    document: "mutation($input: IncidentCreateInput!) { incidentCreate(input: $input) { incident { id number status } \
               userErrors { code message } receipt { auditLogId committedAt } } }",
    sign: r#""userErrors":[],"receipt":{"#,
    is_deep: false,
    writes: Some("incident_timeline"),
    varied: &[],
    prelude: "",
};

/// A note on one of the seeded incidents, a different one each time.
pub static NOTE: Workload = Workload {
    name: "incidentNoteAdd",
    title: "`incidentNoteAdd`",
    goal: "≥ 40 %, issue 3: ≥ 50 %",
    variables: |connection, turn| {
        let incident = incident(connection, turn);
        format!(
            r#"{{"input":{{"id":"{incident}","body":"Looked at the pool of connections to the card processor: it was full since 9:14. Doubled it; the queue shrinks. ({turn})"}}}}"#
        )
    },
    document: "mutation($input: IncidentNoteAddInput!) { incidentNoteAdd(input: $input) { incident { id version } \
               userErrors { code message } receipt { auditLogId committedAt } } }",
    sign: r#""userErrors":[],"receipt":{"#,
    is_deep: false,
    writes: Some("incident_timeline"),
    varied: &[
        ("019a0000-0000-7000-8000-100000000001", "('019a0000-0000-7000-8000-' || :incident::text)::uuid"),
        ("INC-2025-100000000001", "'INC-2025-' || :incident::text"),
    ],
    prelude: "\\set incident random(100000000001, 100000005000)\n",
};

impl Workload {
    /// The body of a request.
    pub fn body(&self, connection: u64, turn: u64) -> String {
        let Self { document, variables, .. } = self;
        format!(r#"{{"query":"{document}","variables":{}}}"#, variables(connection, turn))
    }

    /// Fails where the answer isn't what it should be.
    pub fn check(&self, answer: &str) -> Result<()> {
        if answer.contains(self.sign) && !answer.contains(r#""errors":"#) {
            Ok(())
        } else {
            Err(answer.into())
        }
    }

    /// Whether it only reads.
    pub fn is_read(&self) -> bool {
        self.writes.is_none()
    }

    /// Of what the gateway's sessions sent, that which belongs to this workload; a transaction with its bounds.
    pub fn own(&self, sessions: Vec<Vec<Statement>>) -> Result<Vec<Statement>> {
        let Some(table) = self.writes else {
            // What is asked for at once comes in any order: sorted, it is the same each time.
            let mut reads: Vec<_> = sessions.into_iter().flatten().collect();
            reads.sort_by(|a, b| a.sql.cmp(&b.sql));
            return Ok(reads);
        };
        let insert = format!("INSERT INTO \"{table}\"");
        let is_own =
            |transaction: &[Statement]| transaction.iter().any(|statement| statement.sql.contains(&insert));
        sessions
            .iter()
            .flat_map(|session| session.split_inclusive(|statement| statement.sql == "COMMIT"))
            .find(|transaction| is_own(transaction))
            .map(<[_]>::to_vec)
            .ok_or_else(|| format!("the log has no transaction that writes to {table}").into())
    }
}

/// The plain id of a seeded incident. Steps that share no factor with their number go through all of them before one
/// comes again.
fn incident(connection: u64, turn: u64) -> String {
    let number = FIRST + 1 + (connection * 619 + turn * 1_013) % INCIDENTS;
    format!("019a0000-0000-7000-8000-{number}")
}
