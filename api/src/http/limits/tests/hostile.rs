//! Documents that are made to hurt. Each is refused; a test that isn't done at once shows by itself.

use super::*;

const MEGABYTE: usize = 1 << 20;

/// Fragments of which each spreads the next so many times.
fn explosion(levels: usize, times: usize) -> String {
    let spread = |n: usize| format!("...F{n} ").repeat(times);
    let fragments: String =
        (1..levels).map(|n| format!("fragment F{n} on Query {{{}}}", spread(n + 1))).collect();
    format!("{{{}}} {fragments} fragment F{levels} on Query {{a}}", spread(1))
}

#[test]
fn each_is_refused() {
    // As large as a body may be, and let through by the first bound.
    for bytes in [MEGABYTE, 64 * 1024] {
        let fill = |unit: &str| unit.repeat(bytes / unit.len());
        let within = |head: &str, unit: &str, tail: &str| {
            format!("{head}{}{tail}", unit.repeat((bytes - head.len() - tail.len()) / unit.len()))
        };
        for document in [
            fill("{"),
            fill("{a"),
            fill("["),
            fill("("),
            fill("}"),
            fill("a:b "),
            fill("@d"),
            fill("#\n"),
            fill("\"\"\""),
            fill("\""),
            fill("\\"),
            fill("€"),
            fill("-"),
            fill("."),
            fill("..."),
            fill("0"),
            fill("query{a}"),
            fill("fragment F on Q{...F}"),
            within("{", "a ", "}"),
            within("{", "a:a ", "}"),
            within("{a", "@d", "}"),
            within("{a(b:[", "0 ", "])}"),
            within("{a(b:", "[", ")}"),
            within("query($a:", "[", "){a}"),
            within("{a(b:", "1", ")}"),
            within("{a(b:\"\"\"", "a\n", ")}"),
            within("{a(b:\"", "\\\\", ")}"),
            within("{a(b:", "1", "x)}"),
            within("{", "é", "}"),
        ] {
            let error = admit(&limits(&[]), request(&document, json!({}))).expect_err("it is hostile");
            let shown: String = document.chars().take(20).collect();
            assert!(error.message.len() < 300, "{shown}: {}", error.message);
            assert_eq!(
                error.extensions.unwrap().get("code"),
                Some(&"GRAPHQL_PARSE_FAILED".into()),
                "{shown}"
            );
        }
    }
}

#[test]
fn fragments_that_explode_are_refused() {
    for (levels, times) in [(9, 10), (30, 2), (60, 10), (100, 2), (2, 300)] {
        let document = explosion(levels, times);
        let (limit, code) = refusal_of(&limits(&[]), &document);
        assert_eq!(code, "GRAPHQL_VALIDATION_FAILED", "{levels} {times}");
        assert!(["document_max_tokens", "document_max_nesting"].contains(&limit.as_str()), "{limit}");
    }
    // In an operation that isn't the one to be executed, too.
    let document = format!("query A{{a}} query B{}", explosion(20, 10));
    let mut named = request(&document, json!({}));
    named.operation_name = Some("A".to_owned());
    admit(&limits(&[]), named).unwrap_err();
}

#[test]
fn what_is_within_the_bounds_is_read_however_long_its_tokens_are() {
    let long = |token: &str| token.repeat(60_000 / token.len());
    for document in [
        format!("{{a(b:\"{}\")}}", long("x")),
        format!("{{a(b:\"{}\")}}", long("\\\"")),
        format!("{{a(b:\"\"\"{}\"\"\")}}", long("x\n")),
        format!("{{a(b:\"\"\"{}\"\"\")}}", long("\\\"\"\"")),
        format!("{{{}}}", long("a")),
        format!("{{{}a}}", long(" ,")),
        format!("{{a}}#{}", long("{")),
    ] {
        admit(&limits(&[]), request(&document, json!({}))).unwrap();
    }
}

#[test]
fn introspection_that_goes_round_in_circles_is_refused() {
    let caller = |limits: &Limits, document: &str| refusal_of(limits, document).0;
    let circle = |rounds: usize| {
        format!("{{__schema{{types{{{}name{}}}}}}}", "fields{type{".repeat(rounds), "}}".repeat(rounds))
    };
    assert_eq!(caller(&limits(&[]), &circle(4)), "introspection_max_values");
    assert_eq!(caller(&limits(&[]), &circle(9)), "introspection_max_depth");
    // Two rounds are no more than an introspection; it takes somebody.
    assert_eq!(refusal_of_code(&circle(2)), "UNAUTHENTICATED");
    let wide = format!("{{__schema{{types{{fields{{args{{{}}}}}}}}}}}", "name ".repeat(100));
    assert_eq!(caller(&limits(&[]), &wide), "introspection_max_values");
}

fn refusal_of_code(document: &str) -> String {
    let refusal = admit_for(&limits(&[]), &request(document, json!({}))).unwrap_err();
    refusal.errors[0].source::<Error>().unwrap().code().to_owned()
}
