//! Introspection: for whom, and how much of it.

use serde_json::{Value, json};
use tests::TestGateway;

use super::{MARK, cost, gateway, let_in, refused};

/// What GraphiQL asks when it opens, with all that its library can ask.
pub fn full() -> String {
    let of_type = format!("{}{}", " ofType { name kind".repeat(9), " }".repeat(9));
    format!(
        "query IntrospectionQuery {{ __schema {{ description queryType {{ name kind }} mutationType {{ name kind }} \
         subscriptionType {{ name kind }} types {{ ...FullType }} directives {{ name description isRepeatable locations \
         args(includeDeprecated: true) {{ ...InputValue }} }} }} }} \
         fragment FullType on __Type {{ kind name description specifiedByURL isOneOf fields(includeDeprecated: true) {{ \
         name description args(includeDeprecated: true) {{ ...InputValue }} type {{ ...TypeRef }} isDeprecated \
         deprecationReason }} inputFields(includeDeprecated: true) {{ ...InputValue }} interfaces {{ ...TypeRef }} \
         enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }} possibleTypes {{ \
         ...TypeRef }} }} \
         fragment InputValue on __InputValue {{ name description type {{ ...TypeRef }} defaultValue isDeprecated \
         deprecationReason }} \
         fragment TypeRef on __Type {{ kind name{of_type} }}"
    )
}

fn document(text: &str) -> Value {
    json!({ "query": text })
}

/// `fields { type { … } }` so many times.
fn circle(rounds: usize) -> Value {
    let inner = format!("{}name{}", "fields { type { ".repeat(rounds), " } }".repeat(rounds));
    document(&format!("{{ __schema {{ types {{ {MARK}: name {inner} }} }} }}"))
}

#[tokio::test]
async fn the_schema_is_shown_to_whoever_is_signed_in() {
    let gateway = TestGateway::start().await;
    // They may do nothing else.
    let client = gateway.with_scopes(&["incidents.read"]).await;
    let answer = client.run(&full()).await.ok();
    let types = answer.at("/__schema/types").as_array().unwrap();
    assert!(types.len() > 100);
    let (requested, actual) = cost(&answer);
    assert_eq!(requested, actual);
    client.run("{ __type(name: \"Incident\") { fields { name } } }").await.ok();
}

#[tokio::test]
async fn nobody_sees_it() {
    let gateway = TestGateway::start().await;
    let nobody = gateway.nobody();
    for text in [
        full().as_str(),
        "{ __schema { queryType { name } } }",
        "{ __type(name: \"Incident\") { name } }",
        "{ hunter2: __schema { types { name } } }",
        "{ ...F } fragment F on Query { ... { __type(name: \"hunter2\") { name } } }",
        "{ __schema @include(if: false) { types { name } } }",
        "mutation { __schema { types { name } } }",
    ] {
        let answer = refused(&gateway, &nobody, document(text), "UNAUTHENTICATED").await;
        assert_eq!(answer.status, 401);
        assert!(
            answer.body["errors"][0]["message"].as_str().unwrap().contains("signed in"),
            "{}",
            answer.body
        );
    }
    assert_eq!(nobody.run("{ __typename }").await.ok().at("/__typename"), "Query");
    // Of several operations the one that runs counts.
    let two = json!({ "query": "query A { __typename } query B { __schema { types { name } } }", "operationName": "A" });
    let_in(&nobody, two).await.ok();
}

#[tokio::test]
async fn it_has_bounds_of_its_own() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    // The published attack on other gateways.
    let answer = refused(&gateway, owner, circle(4), "GRAPHQL_VALIDATION_FAILED").await;
    assert_eq!(answer.body["errors"][0]["extensions"]["limit"], "introspection_max_values");
    let answer = refused(&gateway, owner, circle(8), "GRAPHQL_VALIDATION_FAILED").await;
    assert_eq!(answer.body["errors"][0]["extensions"]["limit"], "introspection_max_depth");
    // As wide as it would be deep.
    let wide = format!("{{ __schema {{ types {{ fields {{ args {{ {} }} }} }} }} }}", "name ".repeat(110));
    let answer = refused(&gateway, owner, document(&wide), "GRAPHQL_VALIDATION_FAILED").await;
    assert_eq!(answer.body["errors"][0]["extensions"]["limit"], "introspection_max_values");
    // A subscription's or mutation's is no other.
    let text = format!("mutation {{ {} }}", &circle(4)["query"].as_str().unwrap()[1..].trim_end_matches('}'));
    let closed = format!("{text}{}", "}".repeat(text.matches('{').count() - text.matches('}').count()));
    refused(&gateway, owner, document(&closed), "GRAPHQL_VALIDATION_FAILED").await;
}

#[tokio::test]
async fn its_bounds_are_where_the_settings_say() {
    // Types, fields of them, their names.
    let small = document("{ __schema { types { fields { name } } } }");
    let values = 1 + 1 + 10 + 100;
    for (setting, maximum) in [("introspection_max_values", values), ("introspection_max_depth", 4)] {
        let gateway = gateway(&[(setting, &maximum.to_string())]).await;
        let_in(gateway.owner(), small.clone()).await.ok();
        let beyond = super::gateway(&[(setting, &(maximum - 1).to_string())]).await;
        let answer = refused(&beyond, beyond.owner(), small.clone(), "GRAPHQL_VALIDATION_FAILED").await;
        assert_eq!(answer.body["errors"][0]["extensions"]["limit"], setting);
    }
    // The depth of other documents doesn't count for it, nor the other way round.
    let gateway = gateway(&[("document_max_depth", "1")]).await;
    let_in(gateway.owner(), small).await.ok();
    refused(
        &gateway,
        gateway.owner(),
        document("{ viewer { hunter2: expiresAt } }"),
        "GRAPHQL_VALIDATION_FAILED",
    )
    .await;
}
