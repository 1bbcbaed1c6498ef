//! The gateway's own numbers: Prometheus's text format, on an address of their own, aggregated only.

use std::{collections::BTreeMap, net::SocketAddr};

use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use tests::{Database, Ledger, Process, Program, Target, until};

use crate::OPSGATE;

/// Every label that a number may have: none of them can name a person or a row.
const LABELS: [&str; 4] = ["end", "kind", "quantile", "status"];

/// What stands on a page of metrics.
#[derive(Debug)]
struct Page {
    text: String,
    /// Numbers by name and labels, as they stand.
    numbers: BTreeMap<String, f64>,
}

impl Page {
    async fn of(gateway: &Process) -> Self {
        let response = get(gateway.metrics_address(), "metrics").await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
        Self::read(response.text().await.unwrap())
    }

    /// Fails unless every line is a number, or a comment, and every number is described.
    fn read(text: String) -> Self {
        let mut numbers = BTreeMap::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            numbers.insert(series.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")));
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            for label in labels.strip_suffix('}').unwrap().split(',').filter(|label| !label.is_empty()) {
                let (label, value) = label.split_once('=').unwrap();
                assert!(LABELS.contains(&label), "{line}");
                assert!(value.starts_with('"') && value.ends_with('"'), "{line}");
            }
            let family = name.trim_end_matches("_sum").trim_end_matches("_count");
            for comment in ["HELP", "TYPE"] {
                assert!(text.contains(&format!("# {comment} {family} ")), "{family} has no {comment}");
            }
        }
        Self { text, numbers }
    }

    fn number(&self, series: &str) -> f64 {
        *self.numbers.get(series).unwrap_or_else(|| panic!("no {series} in\n{}", self.text))
    }
}

async fn get(address: SocketAddr, path: &str) -> reqwest::Response {
    reqwest::get(format!("http://{address}/{path}")).await.unwrap()
}

#[tokio::test]
async fn numbers_say_what_happened_and_name_nobody() {
    let database = Database::create().await;
    let gateway = Program::new(OPSGATE, &database).serve().await;
    let token = gateway.token().unwrap().to_owned();
    let owner = gateway.client(&token);
    let before = Page::of(&gateway).await;

    let target = Target::start().await;
    let service = json!({ "name": "zanzibar", "probe": target.http() });
    let service = owner.mutate("serviceRegister", service, "service { id uuid }").await.ok();
    let incident = json!({ "title": "no pepper in zanzibar", "severity": "HIGH" });
    let incident = owner.mutate("incidentCreate", incident, "incident { id uuid number }").await.ok();
    owner.run("{").await;
    let probed = "opsgate_task_seconds_count{kind=\"monitoring.probe\",end=\"again\"}";
    until("the probe has run", async || Page::of(&gateway).await.numbers.contains_key(probed)).await;
    let socket = owner.socket().await;
    let ledger = Ledger::read(database.sql().await).await;
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let head = ledger.len() as f64;
    until("the log is published", async || Page::of(&gateway).await.number("opsgate_log_position") == head)
        .await;

    let after = Page::of(&gateway).await;
    let requests = |page: &Page| -> f64 {
        let all = page.numbers.iter().filter(|(series, _)| series.starts_with("opsgate_requests_total{"));
        all.map(|(_, number)| number).sum()
    };
    assert_eq!(requests(&after), requests(&before) + 3.0);
    assert_eq!(after.number("opsgate_websockets"), 1.0);
    assert!(after.number("opsgate_sql_statements_total") > before.number("opsgate_sql_statements_total"));
    assert_eq!(after.number(probed), 1.0);
    drop(socket);
    until("the socket is closed", async || Page::of(&gateway).await.number("opsgate_websockets") == 0.0)
        .await;

    for (answer, paths) in [
        (service, &["/service/id", "/service/uuid"][..]),
        (incident, &["/incident/id", "/incident/uuid", "/incident/number"]),
    ] {
        for path in paths {
            assert!(!after.text.contains(answer.text(path)), "{}", after.text);
        }
    }
    for secret in [&*token, "zanzibar", "127.0.0.1", "owner"] {
        assert!(!after.text.to_lowercase().contains(&secret.to_lowercase()), "{}", after.text);
    }
}

#[tokio::test]
async fn each_address_serves_its_own() {
    let database = Database::create().await;
    let gateway = Program::new(OPSGATE, &database).serve().await;
    assert_eq!(get(gateway.address(), "metrics").await.status(), 404);
    for path in ["", "graphql", "health/live"] {
        assert_eq!(get(gateway.metrics_address(), path).await.status(), 404, "/{path}");
    }
}
