//! Each bound: what is at it is let in, what is beyond isn't.

use super::*;

const PARSE: &str = "GRAPHQL_PARSE_FAILED";
const VALIDATION: &str = "GRAPHQL_VALIDATION_FAILED";

/// `{a{a{…}}}`, so many levels deep.
fn deep(levels: usize) -> String {
    format!("{}a{}", "{a".repeat(levels - 1) + "{", "}".repeat(levels))
}

fn bounded(setting: &str, maximum: &str, code: &str, at: &str, beyond: &str) {
    let limits = limits(&[(setting, maximum)]);
    admit(&limits, request(at, json!({}))).unwrap_or_else(|error| panic!("{at}: {error:?}"));
    assert_eq!(refusal_of(&limits, beyond), (setting.to_owned(), code.to_owned()), "{beyond}");
}

#[test]
fn bytes() {
    let of = |bytes: usize| format!("{{a}}{}", " ".repeat(bytes - 3));
    bounded("document_max_bytes", "1024", PARSE, &of(1024), &of(1025));
}

#[test]
fn tokens() {
    let tokens = |setting: &str, at: &str, beyond: &str| {
        bounded("document_max_tokens", setting, PARSE, at, beyond);
    };
    let names = |names: usize| format!("{{a{{{}}}}}", "a ".repeat(names));
    tokens("100", &names(95), &names(96));
    // Comments are tokens; what stands in them and in strings isn't.
    let comments = |comments: usize| format!("{{a(b:\"c d e f\")}}{}", "# a b c d\n".repeat(comments));
    tokens("100", &comments(92), &comments(93));
}

#[test]
fn selections_count_wherever_their_fragment_is_spread() {
    // Each time that is a field, the spread and the eight fields in it.
    let spread = |spreads: usize| {
        format!("{{a{{{}}}}} fragment F on Query {{a b c d e f g h}}", "b{...F}".repeat(spreads))
    };
    bounded("document_max_tokens", "1000", VALIDATION, &spread(99), &spread(100));
    // Several operations are added up: each is validated.
    let operations = |operations: usize| {
        let operations: String = (0..operations).map(|n| format!("query Q{n} {{...F}}")).collect();
        format!("{operations} fragment F on Query {{a b c d e f g h i}}")
    };
    let limits = limits(&[("document_max_tokens", "200")]);
    let mut named = request(&operations(20), json!({}));
    named.operation_name = Some("Q3".to_owned());
    admit(&limits, named).unwrap();
    assert_eq!(refusal_of_named(&limits, &operations(21), "Q3").0, "document_max_tokens");
}

fn refusal_of_named(limits: &Limits, document: &str, name: &str) -> (String, String) {
    let mut named = request(document, json!({}));
    named.operation_name = Some(name.to_owned());
    let extensions = admit(limits, named).unwrap_err().extensions.unwrap();
    let text = |name| extensions.get(name).map_or(String::new(), |value| value.to_string().replace('"', ""));
    (text("limit"), text("code"))
}

#[test]
fn nesting() {
    let bounded = |at: &str, beyond: &str| bounded("document_max_nesting", "5", PARSE, at, beyond);
    bounded(&deep(5), &deep(6));
    bounded("{a(b:[{c:[1]}])}", "{a(b:[{c:[[1]]}])}");
    bounded("query($a:[[[[Int]]]]){a}", "query($a:[[[[[Int]]]]]){a}");
    // Brackets in strings and comments aren't any.
    bounded("{a(b:\"[[[[[[\")}#{{{{{", "{a(b:[[[[\"\"]]]])}");
}

#[test]
fn fragments_are_nested_where_they_are_spread() {
    let chain = |length: usize| {
        let fragments: String =
            (1..length).map(|n| format!("fragment F{n} on Query {{...F{}}}", n + 1)).collect();
        format!("{{...F1}} {fragments} fragment F{length} on Query {{a}}")
    };
    bounded("document_max_nesting", "32", VALIDATION, &chain(31), &chain(32));
}

#[test]
fn depth() {
    bounded("document_max_depth", "12", VALIDATION, &deep(12), &deep(13));
    // Fragments are no level of their own, and add theirs.
    let spread = "{a{...F}} fragment F on Query {b{... on Query{c}}}";
    bounded("document_max_depth", "3", VALIDATION, spread, "{a{b{c{d}}}}");
    bounded("document_max_depth", "2", VALIDATION, "{a{b}}", spread);
}

#[test]
fn aliases() {
    let aliases = |count: usize| {
        let aliases: String = (0..count).map(|n| format!("a{n}:__typename ")).collect();
        format!("{{v{{{aliases}}}}}")
    };
    bounded("document_max_aliases", "30", VALIDATION, &aliases(30), &aliases(31));
    bounded("document_max_aliases", "0", VALIDATION, "{v}", "{a:v}");
    let spread = |spreads: usize| format!("{{b{{{}}}}} fragment F on Query {{x:y}}", "...F ".repeat(spreads));
    bounded("document_max_aliases", "3", VALIDATION, &spread(3), &spread(4));
}

#[test]
fn root_fields() {
    let fields = |count: usize| format!("{{{}}}", "__typename ".repeat(count));
    bounded("document_max_root_fields", "20", VALIDATION, &fields(20), &fields(21));
    let spread =
        |spreads: usize| format!("{{{}}} fragment F on Query {{a ...{{b}}}}", "...F ".repeat(spreads));
    bounded("document_max_root_fields", "4", VALIDATION, &spread(2), &spread(3));
    bounded("document_max_root_fields", "1", VALIDATION, "{a{b c d}}", "{a b}");
}

#[test]
fn directives() {
    let directives = |count: usize| format!("{{a{}}}", "@b".repeat(count));
    bounded("document_max_directives", "50", VALIDATION, &directives(50), &directives(51));
    let everywhere = "query($v:Int@d)@d{a@d ...F@d ...@d{b@d}} fragment F on Query@d{c@d}";
    bounded("document_max_directives", "8", VALIDATION, everywhere, &directives(9));
    bounded("document_max_directives", "7", VALIDATION, "{a}", everywhere);
}

#[test]
fn variables() {
    let limits = limits(&[("variables_max_values", "100"), ("document_max_nesting", "4")]);
    let refused_by = |variables: Value| {
        let error = admit(&limits, request("{a}", variables)).map(|_| ()).err()?;
        let extensions = error.extensions.unwrap();
        assert_eq!(extensions.get("code"), Some(&"BAD_USER_INPUT".into()));
        extensions.get("limit").map(ToString::to_string)
    };
    assert_eq!(refused_by(json!({ "a": vec![1; 98], "b": 1 })), None);
    assert_eq!(
        refused_by(json!({ "a": vec![1; 98], "b": {} , "c": null })),
        Some("\"variables_max_values\"".to_owned())
    );
    assert_eq!(refused_by(json!({ "a": [{ "b": [{ "c": 1 }] }] })), None);
    assert_eq!(
        refused_by(json!({ "a": [{ "b": [{ "c": [] }] }] })),
        Some("\"document_max_nesting\"".to_owned())
    );
}

#[test]
fn a_fragment_that_spreads_itself_is_refused() {
    let limits = limits(&[]);
    for document in [
        "{...F} fragment F on Query {...F}",
        "{...F} fragment F on Query {a{b{...G}}} fragment G on Query {...{...F}}",
        "query A{a} query B{...F} fragment F on Query {a ...F}",
    ] {
        let mut named = request(document, json!({}));
        named.operation_name = document.contains("query A").then(|| "A".to_owned());
        let error = admit(&limits, named).unwrap_err();
        assert_eq!(error.extensions.unwrap().get("code"), Some(&VALIDATION.into()), "{document}");
    }
}

#[test]
fn the_operation_has_to_be_one_of_the_documents() {
    let limits = limits(&[]);
    let code = |document: &str, name: Option<&str>| {
        let mut named = request(document, json!({}));
        named.operation_name = name.map(str::to_owned);
        let error = admit(&limits, named).map(|_| ()).err()?;
        error.extensions?.get("code").cloned()
    };
    assert_eq!(code("query A{a} mutation B{b}", Some("A")), None);
    assert_eq!(code("query A{a}", None), None);
    for (document, name) in [("query A{a} query B{b}", None), ("query A{a}", Some("B")), ("{a}", Some("A"))] {
        assert_eq!(code(document, name), Some("OPERATION_RESOLUTION_FAILURE".into()), "{document}");
    }
}

#[test]
fn the_same_text_is_another_operation_under_another_name() {
    let limits = limits(&[]);
    for _ in 0..2 {
        for (name, cost) in [("A", 1), ("B", 2)] {
            let document = "query A{viewer{expiresAt}} query B{viewer{actor{id}}}";
            let mut named = request(document, json!({}));
            named.operation_name = Some(name.to_owned());
            assert_eq!(admit(&limits, named).unwrap().cost(), cost);
        }
    }
}

#[test]
fn what_does_not_parse_says_where_and_repeats_nothing() {
    let limits = limits(&[]);
    for document in
        ["", "{", "secret", "{a(secret:)}", "{a} {secret}", "query secret{a} query secret{a}", "\"secret"]
    {
        let error = admit(&limits, request(document, json!({}))).unwrap_err();
        assert_eq!(error.extensions.unwrap().get("code"), Some(&PARSE.into()), "{document}");
        assert!(!error.message.contains("secret"), "{}", error.message);
    }
    let error = admit(&limits, request("{a\n  (}", json!({}))).unwrap_err();
    assert_eq!((error.locations[0].line, error.locations[0].column), (2, 4));
}
