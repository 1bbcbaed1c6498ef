//! GraphiQL: who gets the page, what comes with it, and that each of its examples works for those whom it is for.

use std::{collections::BTreeSet, fs};

use opsgate::config::Overrides;
use reqwest::{Response, StatusCode, header};
use serde_json::{Value, json};
use tests::{Client, Socket, TestGateway, workspace};

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
    let page = get(&gateway, "/graphql", &[("accept", BROWSER)]).await;
    assert_ne!(page.status(), StatusCode::OK);
    assert_ne!(page.headers().get(header::CONTENT_TYPE).unwrap(), "text/html; charset=utf-8");
    assert_eq!(get(&gateway, "/graphql/assets/another/app.js", &[]).await.status(), StatusCode::NOT_FOUND);
}

/// An operation that the page offers.
struct Example {
    id: String,
    document: String,
    variables: Value,
    headers: Value,
}

impl Example {
    /// Those of a folder of `graphiql/examples`, with what is there put into their variables.
    fn of(folder: &str, facts: &[(&str, Value)]) -> Vec<Self> {
        let folder = workspace().join("graphiql/examples").join(folder);
        let files =
            fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut ids: Vec<_> =
            files.filter_map(|file| Some(file.strip_suffix(".graphql")?.to_owned())).collect();
        ids.sort();
        let json = |name: String| match fs::read_to_string(folder.join(name)) {
            Ok(text) => {
                let fill = |text: String, (words, fact): &(&str, Value)| {
                    text.replace(&format!("\"<{words}>\""), &fact.to_string())
                };
                let filled = facts.iter().fold(text, fill);
                assert!(!filled.contains("\"<"), "a placeholder that nobody fills: {filled}");
                serde_json::from_str(&filled).unwrap()
            }
            Err(_) => json!({}),
        };
        let read = |id: String| Self {
            document: fs::read_to_string(folder.join(format!("{id}.graphql"))).unwrap(),
            variables: json(format!("{id}.variables.json")),
            headers: json(format!("{id}.headers.json")),
            id,
        };
        ids.into_iter().map(read).collect()
    }

    fn is_subscription(&self) -> bool {
        self.document.lines().any(|line| line.starts_with("subscription "))
    }

    async fn run(&self, client: &Client) {
        let headers = self.headers.as_object().unwrap().iter();
        let client = headers
            .fold(client.clone(), |client, (name, value)| client.with_header(name, value.as_str().unwrap()));
        let answer = client.run_with(&self.document, self.variables.clone()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}: {}", self.id, answer.body);
        assert!(answer.body.get("errors").is_none(), "{}: {}", self.id, answer.body);
        for (field, payload) in answer.body["data"].as_object().unwrap() {
            assert!(!payload.is_null(), "{}: {field} is null", self.id);
            assert!(
                payload.get("userErrors").is_none_or(|errors| *errors == json!([])),
                "{}: {payload}",
                self.id
            );
        }
    }

    async fn subscribe(&self, client: &Client) -> Socket {
        let mut socket = client.socket().await;
        socket.subscribe("example", &self.document, self.variables.clone()).await;
        // A query on the same socket is answered after the subscription has begun.
        socket.subscribe("begun", "{ eventCursor }", json!({})).await;
        socket.payload("begun").await;
        socket
    }
}

#[tokio::test]
async fn every_example_works_for_those_whom_it_is_for() {
    let people: [(&str, &[&str]); 4] = [
        ("support", &["incidents.read", "incidents.acknowledge"]),
        ("on-call", &["incidents.read", "monitoring.read", "monitoring.trigger"]),
        ("front-end", &["incidents.read", "incidents.manage"]),
        ("partner", &["events.read", "incidents.read", "monitoring.read"]),
    ];
    let folders = fs::read_dir(workspace().join("graphiql/examples")).unwrap();
    assert_eq!(folders.count(), people.len(), "each folder of examples is somebody's");

    for (folder, scopes) in people {
        let gateway = TestGateway::start().await;
        let owner = gateway.owner();
        let input = json!({ "title": "Checkout answers slowly", "severity": "HIGH" });
        let incident = owner.mutate("incidentCreate", input.clone(), "incident { id number }").await.ok();
        gateway.run_until_idle().await;
        let events = owner.run("{ events(first: 10) { nodes { cursor } } }").await.ok();
        let facts = [
            ("id of the newest incident", incident.at("/incident/id").clone()),
            ("number of the newest incident", incident.at("/incident/number").clone()),
            ("cursor of an earlier event", events.at("/events/nodes/0/cursor").clone()),
        ];
        let client = gateway.with_scopes(scopes).await;
        let (live, at_once): (Vec<_>, Vec<_>) =
            Example::of(folder, &facts).into_iter().partition(Example::is_subscription);
        let mut sockets = Vec::new();
        for example in &live {
            sockets.push((&example.id, example.subscribe(&client).await));
        }
        assert!(live.len() + at_once.len() >= 3, "{folder}");
        for example in &at_once {
            example.run(&client).await;
        }
        owner.mutate("incidentCreate", input, "incident { id }").await.ok();
        let alert = json!({ "source": "test", "dedupKey": "latency", "severity": "HIGH", "title": "slow" });
        owner.mutate("alertTrigger", alert, "alert { id }").await.ok();
        for (id, mut socket) in sockets {
            let heard = socket.payload("example").await;
            let change = heard["data"].as_object().unwrap_or_else(|| panic!("{id}: {heard}")).values().next();
            assert!(change.unwrap()["cursor"].is_string() && heard.get("errors").is_none(), "{id}: {heard}");
        }
    }
}
