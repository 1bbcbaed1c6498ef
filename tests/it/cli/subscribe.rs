//! `opsgate subscribe`: what it says where it can't.

use tests::TestGateway;

use super::{opsgate, refused};

#[tokio::test]
async fn who_isnt_let_in_is_told_why() {
    let gateway = TestGateway::start().await;
    let program = opsgate(gateway.database());
    let url = format!("http://{}/graphql", gateway.address());
    let subscribe = async |document: &str, token: Option<&str>| {
        let mut arguments = vec!["subscribe", "--url", &url, document];
        arguments.extend(token.into_iter().flat_map(|token| ["--token", token]));
        refused(program.run(&arguments).await)
    };
    let document = "subscription { incidentChanged { cursor } }";
    let wrong = subscribe(document, Some("opsk_wrong")).await;
    assert_eq!(wrong, "opsgate: closed with 4403 Forbidden: the token isn't good, or not any more\n");
    let nobody = subscribe(document, None).await;
    assert!(nobody.starts_with("opsgate: not signed in: "), "{nobody}");
    assert!(nobody.contains("(UNAUTHENTICATED, request "), "{nobody}");
    let unknown = subscribe("subscription { nothing }", gateway.owner().credential()).await;
    assert!(unknown.starts_with("opsgate: Unknown field "), "{unknown}");
    assert!(unknown.contains("(GRAPHQL_VALIDATION_FAILED, request "), "{unknown}");
}
