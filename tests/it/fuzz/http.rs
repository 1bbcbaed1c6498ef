//! Over HTTP: bodies, documents, headers, URLs.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};
use tests::Reply;

use super::{
    Bench, MARK, SCHEMA,
    document::{Document, generate, spoil},
    judge,
    shape::{json, text},
    tape::tapes,
};

const POST: &str = "POST /graphql";
const STRICT: (&str, &[u8]) = ("Accept", b"application/graphql-response+json");
const LENIENT: (&str, &[u8]) = ("Accept", b"application/json");
const JSON: (&str, &[u8]) = ("Content-Type", b"application/json");

impl Bench {
    /// The answer to a body, which keeps to the rules.
    async fn post(&self, accept: (&str, &[u8]), body: &[u8]) -> Value {
        let bearer = self.bearer();
        let headers = [JSON, accept, ("Authorization", bearer.as_bytes())];
        let reply = self.exchange(POST, &headers, body).await;
        judge::answer(&reply, &String::from_utf8_lossy(body))
    }
}

#[test]
fn any_body() {
    let bench = Bench::start();
    let parameters = vec(
        (
            select(vec!["query", "operationName", "variables", "extensions", MARK]),
            prop_oneof![json(), Just("{ __typename }".into())],
        ),
        0..5,
    )
    .prop_map(|fields| {
        Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    });
    let body = prop_oneof![
        vec(any::<u8>(), 0..200),
        text().prop_map(String::into_bytes),
        json().prop_map(|json| json.to_string().into_bytes()),
        parameters.prop_map(|json| json.to_string().into_bytes()),
        text().prop_map(|text| json!({ "query": text }).to_string().into_bytes()),
        (json(), json()).prop_map(|(variables, extensions)| {
            json!({ "query": "query($a: Int, $b: [ID!]) { incidents(first: $a) { totalCount } nodes(ids: $b) { id } }",
                "variables": { "a": variables, "b": extensions }, "extensions": { "requestId": extensions } })
            .to_string()
            .into_bytes()
        }),
    ];
    bench.check(file!(), &(body, any::<bool>()), async |(body, is_strict)| {
        bench.post(if is_strict { STRICT } else { LENIENT }, &body).await;
    });
}

#[test]
fn any_document() {
    let bench = Bench::start();
    let kinds = prop_oneof![6 => Just("query"), 3 => Just("mutation"), 1 => Just("subscription")];
    let inputs = (kinds, tapes(300), any::<bool>(), any::<bool>());
    bench.check(file!(), &inputs, async |(kind, mut tape, is_spoiled, is_strict)| {
        let document = generate(&SCHEMA, kind, &bench.ids, &mut tape);
        let text = document.text();
        let query = if is_spoiled { spoil(&text, &mut tape) } else { text };
        let body = json!({ "query": query, "variables": document.variables }).to_string();
        bench.post(if is_strict { STRICT } else { LENIENT }, body.as_bytes()).await;
    });
}

#[test]
fn less_never_costs_more() {
    let bench = Bench::start();
    let inputs = (tapes(200), any::<usize>());
    bench.check(file!(), &inputs, async |(mut tape, which)| {
        let whole = generate(&SCHEMA, "query", &bench.ids, &mut tape);
        let Some(less) = whole.without(which) else { return };
        let (before, after) = (priced(&bench, &whole).await, priced(&bench, &less).await);
        if let (Some(before), Some(after)) = (before, after) {
            assert!(after <= before, "{after} > {before}: {}\n{}", whole.text(), less.text());
        }
    });
}

/// What a document may cost, where it is valid enough to have a price.
async fn priced(bench: &Bench, document: &Document) -> Option<u64> {
    let body = json!({ "query": document.text(), "variables": document.variables }).to_string();
    let answer = bench.post(STRICT, body.as_bytes()).await;
    let answered = &answer["extensions"]["cost"]["requestedQueryCost"];
    answered.as_u64().or_else(|| answer["errors"][0]["extensions"]["requestedCost"].as_u64())
}

/// What a header may hold: bytes that HTTP lets through, of which most mean something somewhere.
fn header() -> impl Strategy<Value = Vec<u8>> {
    let words = select(vec![
        "application/json",
        "application/graphql-response+json",
        "text/event-stream",
        "text/html",
        "*/*",
        "application/*",
        ";q=",
        "0.5",
        "1e9",
        ";charset=utf-8",
        ",",
        " ",
        "\"",
        "=",
        "Bearer ",
        "eyJhbGciOiJub25lIn0.e30.",
        "opsgate_",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "-",
        "0",
        "ff",
        MARK,
    ])
    .prop_map(|word| word.as_bytes().to_vec());
    let byte = any::<u8>().prop_filter("controls end a header", |byte| *byte >= 0x20 && *byte != 0x7f);
    prop_oneof![
        3 => vec(words, 0..6).prop_map(|words| words.concat()),
        1 => vec(byte, 0..40),
        1 => (0x21_u8..0x7f, 0..4000_usize).prop_map(|(byte, times)| vec![byte; times]),
    ]
}

#[test]
fn any_headers() {
    let bench = Bench::start();
    let names = select(vec![
        "Accept",
        "Content-Type",
        "Authorization",
        "Idempotency-Key",
        "X-Dry-Run",
        "Last-Event-ID",
        "traceparent",
        "tracestate",
        "Content-Encoding",
        "Accept-Encoding",
        "Origin",
        "X-GraphQL-Event-Stream-Token",
        "X-Forwarded-For",
        "Cookie",
    ]);
    let lines = select(vec![
        POST,
        "GET /graphql?query=%7B__typename%7D",
        "POST /graphql/stream",
        "GET /graphql/stream?query=%7B__typename%7D",
        "DELETE /graphql/stream?operationId=hunter2",
        "PATCH /graphql",
    ]);
    let bodies = select(vec![
        r#"{"query":"{ __typename }"}"#,
        r#"{"query":"{ incidents { totalCount } }"}"#,
        r#"{"query":"mutation { incidentCreate(input: {title: \"x\", severity: LOW}) { incident { id } } }"}"#,
        r#"{"query":"subscription { incidentChanged { cursor } }"}"#,
    ]);
    let inputs = (lines, vec((names, header()), 0..4), any::<bool>(), any::<bool>(), bodies);
    bench.check(file!(), &inputs, async |(line, odd, is_json, is_owner, body)| {
        let bearer = bench.bearer();
        let mut headers: Vec<(&str, &[u8])> =
            odd.iter().map(|(name, value)| (*name, value.as_slice())).collect();
        headers.extend(is_json.then_some(JSON));
        headers.extend(is_owner.then_some(("Authorization", bearer.as_bytes())));
        let reply = bench.exchange(line, &headers, body.as_bytes()).await;
        let shown = format!("{line} {headers:?} {body}");
        if !is_page_or_stream(&reply) {
            judge::answer(&reply, &shown);
        }
    });
}

/// Whether it is what browsers are for, or a stream that goes on.
fn is_page_or_stream(reply: &Reply) -> bool {
    let media = reply.header("content-type").unwrap_or_default();
    reply.status == 200 && ["text/html", "text/event-stream"].iter().any(|begin| media.starts_with(begin))
}

#[test]
fn any_url() {
    let bench = Bench::start();
    let name = select(vec!["query", "operationName", "variables", "extensions", "token", MARK]);
    let value = prop_oneof![
        text(),
        json().prop_map(|json| json.to_string()),
        Just("{ incidents { totalCount } }".to_owned()),
        Just("mutation { incidentCreate { __typename } }".to_owned()),
    ];
    let escaped = vec((name, value), 0..5).prop_map(|pairs| {
        let pairs = pairs.iter().map(|(name, value)| {
            let bytes: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
            format!("{name}={bytes}")
        });
        pairs.collect::<Vec<_>>().join("&")
    });
    let inputs = (prop_oneof![escaped, "[!$&'()*+,./0-9:;=?@A-Z_a-z~%-]{0,80}"], any::<bool>());
    bench.check(file!(), &inputs, async |(url, is_strict)| {
        let bearer = bench.bearer();
        let accept = if is_strict { STRICT } else { LENIENT };
        let line = format!("GET /graphql?{url}");
        let reply = bench.exchange(&line, &[accept, ("Authorization", bearer.as_bytes())], b"").await;
        judge::answer(&reply, &line);
    });
}
