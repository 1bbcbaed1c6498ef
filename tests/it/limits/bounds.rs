//! The bounds of documents and variables, as they are by default.

use serde_json::{Value, json};
use tests::TestGateway;

use super::{MARK, gateway, let_in, refused};

const PARSE: &str = "GRAPHQL_PARSE_FAILED";
const VALIDATION: &str = "GRAPHQL_VALIDATION_FAILED";

struct Bound {
    setting: &'static str,
    maximum: u64,
    code: &'static str,
    /// A request with so much of it.
    request: fn(u64) -> Value,
}

fn document(text: String) -> Value {
    json!({ "query": text })
}

fn repeat(text: &str, times: u64) -> String {
    text.repeat(usize::try_from(times).unwrap())
}

/// `inner` in so many of the incidents that an incident is about.
fn reopened(levels: u64, inner: &str) -> String {
    format!("{} {inner} {}", repeat("reopenedFrom {", levels), repeat("}", levels))
}

const BOUNDS: &[Bound] = &[
    Bound {
        setting: "document_max_bytes",
        maximum: 65_536,
        code: PARSE,
        request: |bytes| document(format!("{{__typename}}#{MARK}{}", repeat(" ", bytes - 20))),
    },
    Bound {
        setting: "document_max_tokens",
        maximum: 2000,
        code: PARSE,
        request: |tokens| {
            document(format!("{{viewer{{{MARK}: expiresAt {}}}}}", repeat("expiresAt ", tokens - 8)))
        },
    },
    Bound {
        setting: "document_max_tokens",
        maximum: 2000,
        code: VALIDATION,
        request: |selections| {
            // Nine fields and the spread a time, nine and the rest beside.
            let (times, rest) = ((selections - 1) / 10, (selections - 1) % 10);
            let spreads = repeat("...F ", times);
            let fields = repeat("expiresAt ", 9);
            document(format!(
                "{{viewer{{{spreads}{}}}}} fragment F on Viewer {{{fields}}}",
                repeat("expiresAt ", rest)
            ))
        },
    },
    Bound {
        setting: "document_max_nesting",
        maximum: 32,
        code: PARSE,
        request: |nesting| {
            document(format!(
                "{}{MARK}: __typename{}",
                repeat("{...", nesting - 1) + "{",
                repeat("}", nesting)
            ))
        },
    },
    Bound {
        setting: "document_max_depth",
        maximum: 12,
        code: VALIDATION,
        request: |depth| {
            let inner = reopened(depth - 2, &format!("{MARK}: title"));
            document(format!("{{incident(id: \"inc_01h455vb4pex5vsknk084sn02q\") {{ {inner} }}}}"))
        },
    },
    Bound {
        setting: "document_max_aliases",
        maximum: 30,
        code: VALIDATION,
        request: |aliases| {
            let aliases: String = (0..aliases).map(|n| format!("{MARK}_{n}: __typename ")).collect();
            document(format!("{{viewer{{{aliases}}}}}"))
        },
    },
    Bound {
        setting: "document_max_root_fields",
        maximum: 20,
        code: VALIDATION,
        request: |fields| document(format!("{{{}{MARK}: __typename}}", repeat("__typename ", fields - 1))),
    },
    Bound {
        setting: "document_max_directives",
        maximum: 50,
        code: VALIDATION,
        request: |directives| {
            document(format!("{{viewer{{{}}}}}", repeat("expiresAt @include(if: true) ", directives)))
        },
    },
    Bound {
        setting: "variables_max_values",
        maximum: 20_000,
        code: "BAD_USER_INPUT",
        request: |values| {
            let ids = vec![MARK; usize::try_from(values - 1).unwrap()];
            json!({ "query": "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", "variables": { "ids": ids } })
        },
    },
    Bound {
        setting: "document_max_nesting",
        maximum: 32,
        code: "BAD_USER_INPUT",
        request: |nesting| {
            let filter = (1..nesting).fold(json!({}), |inner, _| json!({ "not": inner }));
            let text = "query($filter: IncidentFilter) { incidents(filter: $filter) { totalCount } }";
            json!({ "query": text, "variables": { "filter": filter } })
        },
    },
];

#[tokio::test]
async fn each_bound_lets_in_what_is_at_it_and_refuses_what_is_beyond() {
    // Each value of a list of ids is an object that may be asked for.
    let gateway = gateway(&[("request_max_cost", "1000000"), ("caller_cost_bucket", "1000000")]).await;
    for Bound { setting, maximum, code, request } in BOUNDS {
        let_in(gateway.owner(), request(*maximum)).await;
        let answer = refused(&gateway, gateway.owner(), request(maximum + 1), code).await;
        let error = &answer.body["errors"][0];
        assert_eq!(
            (&error["extensions"]["limit"], &error["extensions"]["maximum"]),
            (&json!(setting), &json!(maximum))
        );
        let message = error["message"].as_str().unwrap();
        assert!(
            message.starts_with(&format!("at most {maximum} ")) && message.contains(setting),
            "{message}"
        );
        assert_eq!(answer.status, 400, "{setting}");
    }
}

#[tokio::test]
async fn a_bound_is_where_its_setting_says() {
    for Bound { setting, code, request, .. } in BOUNDS {
        let moved = if *setting == "document_max_bytes" { 2000 } else { 100 };
        let moved = if *setting == "document_max_depth" { 5 } else { moved };
        let moved = if *setting == "document_max_nesting" { 7 } else { moved };
        let gateway = gateway(&[(setting, &moved.to_string()), ("request_max_cost", "1000000")]).await;
        let_in(gateway.owner(), request(moved)).await;
        refused(&gateway, gateway.owner(), request(moved + 1), code).await;
    }
}

#[tokio::test]
async fn the_same_bounds_hold_for_every_operation_of_a_socket() {
    let gateway = gateway(&[("request_max_cost", "1000000")]).await;
    let mut socket = gateway.owner().socket().await;
    for (n, Bound { setting, maximum, code, request }) in BOUNDS.iter().enumerate() {
        let id = n.to_string();
        socket.send(json!({ "id": id, "type": "subscribe", "payload": request(maximum + 1) })).await;
        let tests::Message::Json(message) = socket.next().await else { panic!("it was closed") };
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!(id)), "{message}");
        let extensions = &message["payload"][0]["extensions"];
        assert_eq!((&extensions["code"], &extensions["limit"]), (&json!(code), &json!(setting)));
        assert!(!message.to_string().contains(MARK));
    }
    // Subscriptions, too.
    let deep = format!("subscription {{ incidentChanged {{ incident {{ {} }} }} }}", reopened(10, "title"));
    socket.subscribe("deep", &deep, json!({})).await;
    let tests::Message::Json(message) = socket.next().await else { panic!("it was closed") };
    assert_eq!(message["payload"][0]["extensions"]["limit"], "document_max_depth", "{message}");
}

#[tokio::test]
async fn nobody_is_told_more_than_somebody() {
    let gateway = TestGateway::start().await;
    for Bound { maximum, code, request, .. } in BOUNDS {
        refused(&gateway, &gateway.nobody(), request(maximum + 1), code).await;
    }
}
