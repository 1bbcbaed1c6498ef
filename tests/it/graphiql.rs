//! GraphiQL: who gets the page, and what comes with it. Its examples are run on the demo (`demo/examples.rs`).

use std::{collections::BTreeSet, fs};

use opsgate::config::Overrides;
use reqwest::{Response, StatusCode, header};
use tests::{TestGateway, workspace};

/// What a browser sends that opens an address.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

async fn get(gateway: &TestGateway, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = reqwest::Client::new().get(format!("http://{}{path}", gateway.address()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// The names of the files that were built.
fn built() -> BTreeSet<String> {
    let files = fs::read_dir(workspace().join("graphiql/dist")).unwrap();
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

/// The page, and the addresses of what it loads.
async fn page(gateway: &TestGateway) -> (Response, Vec<String>) {
    let page = get(gateway, "/graphql", &[("accept", BROWSER)]).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    let again = get(gateway, "/graphql", &[("accept", BROWSER)]).await;
    let html = again.text().await.unwrap();
    assert!(!html.contains("<script>") && !html.contains("<style"), "nothing stands in the page itself");
    let loaded = ["src=\"", "href=\""].iter().flat_map(|attribute| html.split(attribute).skip(1));
    let loaded = loaded.map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    (page, loaded)
}

#[tokio::test]
async fn browsers_get_the_page_and_programs_dont() {
    let gateway = TestGateway::start().await;
    let (page, loaded) = page(&gateway).await;
    assert!(header(&page, "vary").to_ascii_lowercase().contains("accept"));
    assert_eq!(header(&page, "x-content-type-options"), "nosniff");
    let policy = header(&page, "content-security-policy");
    for rule in ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.split("; ").any(|given| given == rule), "{policy}");
    }
    assert!(loaded.len() >= 3, "{loaded:?}");
    for target in loaded {
        assert!(target.starts_with("graphql/assets/"), "{target} comes from elsewhere");
        let asset = get(&gateway, &format!("/{target}"), &[]).await;
        assert_eq!(asset.status(), StatusCode::OK, "{target}");
        assert!(header(&asset, "cache-control").contains("immutable"), "{target}");
    }
    for accept in ["*/*", "application/json", "text/*"] {
        let answer = get(&gateway, "/graphql", &[("accept", accept)]).await;
        assert_ne!(header(&answer, "content-type"), "text/html; charset=utf-8", "{accept}");
    }
}

#[tokio::test]
async fn the_address_alone_leads_a_browser_to_the_page() {
    let gateway = TestGateway::start().await;
    let page = get(&gateway, "/", &[("accept", BROWSER)]).await;
    assert_eq!((page.url().path(), page.status()), ("/graphql", StatusCode::OK));
    for (path, accept) in [("/", "*/*"), ("/somewhere", BROWSER)] {
        let answer = get(&gateway, path, &[("accept", accept)]).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(answer.text().await.unwrap().contains("/graphql"), "{path}");
    }
}

#[tokio::test]
async fn every_file_that_was_built_is_served() {
    let gateway = TestGateway::start().await;
    let built = built();
    assert!(built.contains("app.js.gz"), "{built:?}");
    for file in built {
        // Another version's page gets what is there, and doesn't keep it.
        let path = format!("/graphql/assets/another/{}", file.trim_end_matches(".gz"));
        let asset = get(&gateway, &path, &[("accept-encoding", "gzip, br")]).await;
        assert_eq!(asset.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&asset, "content-encoding"), "gzip");
        assert_eq!(header(&asset, "cache-control"), "no-store");
        assert_eq!(header(&asset, "x-content-type-options"), "nosniff");
        assert!(!header(&asset, "content-type").is_empty(), "{path}");
        let contents = fs::read(workspace().join("graphiql/dist").join(&file)).unwrap();
        assert!(asset.bytes().await.unwrap() == contents, "{path} isn't the file");
    }
    let plain = get(&gateway, "/graphql/assets/another/app.js", &[("accept-encoding", "identity")]).await;
    assert_eq!(plain.status(), StatusCode::NOT_ACCEPTABLE);
    for name in ["nothing.js", "..%2findex.html", "app.js.gz"] {
        let path = format!("/graphql/assets/another/{name}");
        assert_eq!(get(&gateway, &path, &[]).await.status(), StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_gateway_without_graphiql_serves_nothing_of_it() {
    let gateway = TestGateway::start_with(Overrides::default().with("graphiql", "false")).await;
    assert_eq!(get(&gateway, "/", &[("accept", BROWSER)]).await.status(), StatusCode::NOT_FOUND);
    let page = get(&gateway, "/graphql", &[("accept", BROWSER)]).await;
    assert_ne!(page.status(), StatusCode::OK);
    assert_ne!(page.headers().get(header::CONTENT_TYPE).unwrap(), "text/html; charset=utf-8");
    assert_eq!(get(&gateway, "/graphql/assets/another/app.js", &[]).await.status(), StatusCode::NOT_FOUND);
}
