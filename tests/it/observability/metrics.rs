//! The gateway's own numbers: Prometheus's text format, on an address of their own, aggregated only.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::SocketAddr,
};

use entity::sign_in_attempt;
use opsgate::kernel::metrics::{self, ALL};
use reqwest::header::CONTENT_TYPE;
use sea_orm::{ConnectionTrait, EntityTrait, TransactionTrait, sea_query::Expr};
use serde_json::json;
use tests::{Database, Ledger, Mode, Process, Proxy, Socket, Target, until};

use super::opsgate;

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

    /// Fails unless every number is one of the table, with its labels, and described as there.
    fn read(text: String) -> Self {
        let mut numbers = BTreeMap::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            numbers.insert(series.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")));
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let metric = ALL.iter().find(|metric| metric.name == family(name));
            let metric = metric.unwrap_or_else(|| panic!("{name} isn't in the table"));
            for label in labels.strip_suffix('}').unwrap().split(',').filter(|label| !label.is_empty()) {
                let (label, value) = label.split_once('=').unwrap();
                assert!(metric.labels.contains(&label) || label == "le", "{line}");
                assert!(value.starts_with('"') && value.ends_with('"'), "{line}");
            }
            assert!(text.contains(&format!("# HELP {} {}\n", metric.name, metric.help)), "{}", metric.name);
            let kind = format!("{:?}", metric.kind).to_lowercase();
            assert!(text.contains(&format!("# TYPE {} {kind}\n", metric.name)), "{}", metric.name);
        }
        Self { text, numbers }
    }

    /// The sum of a family's numbers.
    fn sum(&self, name: &str) -> f64 {
        let of = |series: &&String| series.split_once('{').map_or(&***series, |(name, _)| name) == name;
        self.numbers.keys().filter(of).map(|series| self.numbers[series]).sum()
    }

    fn number(&self, series: &str) -> f64 {
        *self.numbers.get(series).unwrap_or_else(|| panic!("no {series} in\n{}", self.text))
    }
}

/// The family of a number, of which a histogram has several.
fn family(name: &str) -> &str {
    ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name)
}

async fn get(address: SocketAddr, path: &str) -> reqwest::Response {
    reqwest::get(format!("http://{address}/{path}")).await.unwrap()
}

/// A gateway that has had something of everything to do; with the words that it must not repeat.
async fn busy(database: &Database) -> (Process, Vec<String>) {
    let gateway = opsgate(database).serve().await;
    let token = gateway.token().unwrap().to_owned();
    let owner = gateway.client(&token);
    let target = Target::start().await;
    let service = json!({ "name": "zanzibar", "probe": target.http() });
    let service = owner.mutate("serviceRegister", service, "service { id uuid }").await.ok();
    let incident = json!({ "title": "no pepper in zanzibar", "severity": "HIGH" });
    let incident = owner.mutate("incidentCreate", incident, "incident { id uuid number }").await.ok();
    let guess = json!({ "email": "owner@localhost", "password": "pepper in zanzibar" });
    gateway.nobody().mutate("sessionCreate", guess, "").await;
    // Refused before it is executed, and failed while it is.
    owner.run("{").await;
    owner.run("{ incidents(first: 101) { nodes { id } } }").await;
    let mut knocking = Socket::connect(gateway.address()).await;
    let payload = json!({ "authorization": "Bearer nonsense" });
    knocking.send(json!({ "type": "connection_init", "payload": payload })).await;
    assert_eq!(knocking.closed().await.0, 4403);
    until("the probe has run", async || Page::of(&gateway).await.numbers.contains_key(PROBED)).await;
    let mut words = vec![token, "zanzibar".to_owned(), "127.0.0.1".to_owned(), "owner".to_owned()];
    words.extend(["/service/id", "/service/uuid"].map(|path| service.text(path).to_owned()));
    words.extend(
        ["/incident/id", "/incident/uuid", "/incident/number"].map(|path| incident.text(path).to_owned()),
    );
    (gateway, words)
}

const PROBED: &str = "opsgate_task_duration_seconds_count{kind=\"monitoring.probe\",end=\"again\"}";

#[tokio::test]
async fn numbers_say_what_happened_and_name_nobody() {
    let database = Database::create().await;
    let (gateway, words) = busy(&database).await;
    let owner = gateway.client(gateway.token().unwrap());
    let ledger = Ledger::read(database.sql().await).await;
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let head = ledger.len() as f64;
    until("the log is published", async || Page::of(&gateway).await.number("opsgate_log_position") == head)
        .await;

    let before = Page::of(&gateway).await;
    let seen: BTreeSet<_> =
        before.numbers.keys().map(|series| family(series.split('{').next().unwrap())).collect();
    let all: BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
    assert_eq!(seen, all, "everything in the table is there");
    for (series, number) in [
        (PROBED, 1.0),
        ("opsgate_request_duration_seconds_count{operation=\"mutation\",outcome=\"ok\"}", 3.0),
        ("opsgate_password_hash_duration_seconds_count{line=\"strangers\"}", 1.0),
        ("opsgate_request_duration_seconds_count{operation=\"query\",outcome=\"errors\"}", 1.0),
        ("opsgate_request_duration_seconds_count{operation=\"unknown\",outcome=\"refused\"}", 1.0),
        ("opsgate_requests_refused_total{code=\"GRAPHQL_PARSE_FAILED\"}", 1.0),
        ("opsgate_requests_refused_total{code=\"UNAUTHENTICATED\"}", 1.0),
        ("opsgate_request_errors_total{code=\"BAD_USER_INPUT\"}", 1.0),
        ("opsgate_requests_in_flight", 0.0),
        ("opsgate_database_up", 1.0),
        ("opsgate_sequencer_waiting_events", 0.0),
        ("opsgate_log_behind_events", 0.0),
        ("opsgate_tasks{state=\"running\"}", 0.0),
        (
            "opsgate_database_connections_max{pool=\"control\"}",
            if Database::is_postgres() { 4.0 } else { 1.0 },
        ),
    ] {
        assert_eq!(before.number(series), number, "{series}");
    }
    for word in words {
        assert!(
            !before.text.to_lowercase().contains(&word.to_lowercase()),
            "{word} stands in\n{}",
            before.text
        );
    }

    let mut socket = owner.socket().await;
    socket.subscribe("1", "subscription { incidentChanged { cursor } }", json!({})).await;
    let stream = owner.stream("subscription { incidentChanged { cursor } }", json!({}), None).await;
    let open = ["opsgate_websockets", "opsgate_event_streams", "opsgate_subscriptions"];
    until("both are open", async || {
        let page = Page::of(&gateway).await;
        open.map(|gauge| page.number(gauge)) == [1.0, 1.0, 2.0]
    })
    .await;
    let connections = Page::of(&gateway).await.number("opsgate_http_connections");
    assert!(connections >= 2.0, "the socket's and the stream's: {connections}");
    drop((socket, stream));
    until("both are closed", async || {
        let page = Page::of(&gateway).await;
        open.map(|gauge| page.number(gauge)) == [0.0; 3]
    })
    .await;
    owner.run("{ incidents { nodes { id } } }").await.ok();
    let after = Page::of(&gateway).await;
    assert_eq!(after.sum("opsgate_http_responses_total"), before.sum("opsgate_http_responses_total") + 2.0);
    assert!(after.number("opsgate_sql_statements_total") > before.number("opsgate_sql_statements_total"));
}

#[tokio::test]
async fn who_goes_away_before_the_answer_counts() {
    let database = Database::create().await;
    let gateway = opsgate(&database).serve().await;
    let owner = gateway.client(gateway.token().unwrap());
    let incident = json!({ "title": "no pepper", "severity": "HIGH" });
    let incident = owner.mutate("incidentCreate", incident, "incident { id }").await.ok();
    // On SQLite the one writer, on PostgreSQL the row.
    let held = database.connect().await.begin().await.unwrap();
    held.execute_unprepared("UPDATE incidents SET version = version").await.unwrap();
    let note = json!({ "id": incident.text("/incident/id"), "body": "is it there?" });
    let waiting = tokio::spawn(async move { owner.mutate("incidentNoteAdd", note, "").await });
    until("it waits", async || Page::of(&gateway).await.number("opsgate_requests_in_flight") == 1.0).await;
    waiting.abort();
    let abandoned = "opsgate_request_duration_seconds_count{operation=\"mutation\",outcome=\"abandoned\"}";
    until("it is missed", async || Page::of(&gateway).await.numbers.get(abandoned) == Some(&1.0)).await;
    assert_eq!(Page::of(&gateway).await.number("opsgate_requests_in_flight"), 0.0);
    held.rollback().await.unwrap();
}

#[tokio::test]
async fn who_is_not_let_in_takes_one_hash_whoever_they_are() {
    let database = Database::create().await;
    let program = opsgate(&database);
    let gateway = program.serve().await;
    let owner = gateway.client(gateway.token().unwrap());
    let printed = async |arguments: &[&str]| {
        let finished = program.run(&[&["admin"], arguments].concat()).await;
        assert!(finished.status.success(), "{finished:?}");
        finished.stdout.trim_end().to_owned()
    };
    let (mut accounts, mut passwords) = (Vec::new(), Vec::new());
    for name in ["ada", "bob", "cleo"] {
        let email = format!("{name}@example.com");
        let person = json!({ "externalId": name, "email": email, "name": name });
        let known = owner.mutate("usersUpsert", json!({ "users": [person] }), "results { id }").await.ok();
        let user = known.text("/results/0/id");
        let account = printed(&["create", "--user", user, "--level", "support", "--no-invitation"]).await;
        if name != "cleo" {
            passwords.push(printed(&["password", &account, "--email", &email]).await);
        }
        accounts.push(account);
    }
    owner.mutate("adminUserDeactivate", json!({ "id": accounts[1] }), "").await.ok();
    let hashed = async || Page::of(&gateway).await.sum("opsgate_password_hash_duration_seconds_count");
    let sign_in = async |email: &str, password: &str| {
        let (before, input) = (hashed().await, json!({ "email": email, "password": password }));
        let answer = gateway.nobody().mutate("sessionCreate", input, "tokens { accessToken }").await;
        (answer, hashed().await - before)
    };
    let tried = [
        // A password that isn't hers, an account that isn't active, one that has no password, and none.
        ("ada@example.com", "gqv wkrm 81pz"),
        ("bob@example.com", &*passwords[1]),
        ("cleo@example.com", "gqv wkrm 81pz"),
        ("eve@example.com", "gqv wkrm 81pz"),
    ];
    let mut answers = Vec::new();
    for (email, password) in tried {
        let (answer, hashes) = sign_in(email, password).await;
        assert_eq!((answer.user_error_codes(), hashes), (vec!["INVALID"], 1.0), "{email}: {}", answer.body);
        answers.push(answer.at("").clone());
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    let (answer, hashes) = sign_in("ada@example.com", &passwords[0]).await;
    assert_eq!((answer.user_error_codes(), hashes), (vec![], 1.0), "{}", answer.body);

    // Whoever has to wait takes none, whoever they are.
    for (email, password) in &tried {
        sign_in(email, password).await;
    }
    let many =
        sign_in_attempt::Entity::update_many().col_expr(sign_in_attempt::Column::Count, Expr::value(40));
    many.exec(database.sql().await).await.unwrap();
    for (email, password) in tried {
        let (answer, hashes) = sign_in(email, password).await;
        assert_eq!((answer.codes(), hashes), (vec!["THROTTLED"], 0.0), "{email}: {}", answer.body);
    }
}

#[tokio::test]
async fn what_only_the_database_knows_is_no_number_while_it_is_away() {
    if !Database::is_postgres() {
        // SQLite is in the process.
        return;
    }
    let database = Database::create().await;
    let proxy = Proxy::to(&database).await;
    let by_way = database.by_way_of(&proxy);
    let gateway = opsgate(&by_way).serve().await;
    let up = async || Page::of(&gateway).await.number("opsgate_database_up");
    let unknown = async || -> usize {
        let page = Page::of(&gateway).await;
        page.numbers.values().filter(|number| number.is_nan()).count()
    };
    // Whom the database leaves while it starts ends.
    gateway.client(gateway.token().unwrap()).run("{ eventCursor }").await.ok();
    assert_eq!((up().await, unknown().await), (1.0, 0));
    for mode in [Mode::Cut, Mode::Frozen] {
        proxy.set(mode);
        until("it is missed", async || up().await == 0.0).await;
        let page = Page::of(&gateway).await;
        let given = |series: &str| {
            [
                "opsgate_tasks{",
                "opsgate_task_due_",
                "opsgate_sequencer_",
                "opsgate_log_behind_",
                "opsgate_reactor_",
            ]
            .iter()
            .any(|name| series.starts_with(name))
        };
        for (series, number) in &page.numbers {
            assert_eq!(number.is_nan(), given(series), "{series}");
        }
        let age = async || Page::of(&gateway).await.number("opsgate_rights_age_seconds");
        until("nobody is answered", async || age().await > 1.0).await;
        proxy.set(Mode::Open);
        until("it is back", async || up().await == 1.0 && unknown().await == 0).await;
    }
    // However often it was tried meanwhile.
    let told = |what: &str| {
        let log = gateway.log();
        log.lines().filter(|line| line.contains(what) && line.contains("reading who may do what")).count()
    };
    let begun = told("it fails, and is tried until it works");
    assert!([1, 2].contains(&begun), "{begun} times");
    until("its end is told", async || told("it works again") == begun).await;
}

/// `.ci/run metrics` says where it has found `promtool`.
#[tokio::test]
async fn promtool_finds_nothing_to_mend() {
    let Some(promtool) = std::env::var_os("OPSGATE_TEST_PROMTOOL") else { return };
    let database = Database::create().await;
    let (gateway, _) = busy(&database).await;
    let page = Page::of(&gateway).await.text;
    let documentation = fs::read_to_string(tests::workspace().join("docs/observability.md")).unwrap();
    let examples = documentation.split("```yaml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    let [config, rules] = examples.collect::<Vec<_>>()[..] else { panic!("two examples") };
    let file = database.dir.path().join("checked");
    for (what, text) in [("metrics", &*page), ("config", config), ("rules", rules)] {
        fs::write(&file, text).unwrap();
        let mut check = tokio::process::Command::new(&promtool);
        check.args(["check", what]);
        if what == "metrics" {
            check.stdin(fs::File::open(&file).unwrap());
        } else {
            check.arg(&file);
        }
        let said = check.output().await.unwrap();
        let text = String::from_utf8(said.stdout).unwrap() + &String::from_utf8(said.stderr).unwrap();
        assert!(said.status.success(), "{text}");
        assert!(what != "metrics" || text.is_empty(), "{text}");
    }
}

/// `OPSGATE_TEST_UPDATE=1` writes it anew.
#[test]
fn the_documentation_has_the_table() {
    let path = tests::workspace().join("docs/observability.md");
    let page = fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- printed from api/src/kernel/metrics.rs -->\n", "<!-- end -->\n");
    let (before, rest) = page.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let printed = format!("{before}{begin}{}{end}{after}", metrics::reference());
    if std::env::var_os("OPSGATE_TEST_UPDATE").is_some() {
        fs::write(&path, &printed).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap() == printed, "{} differs: write it anew", path.display());
}

#[tokio::test]
async fn each_address_serves_its_own() {
    let database = Database::create().await;
    let gateway = opsgate(&database).serve().await;
    assert_eq!(get(gateway.address(), "metrics").await.status(), 404);
    for path in ["", "graphql", "health/live"] {
        assert_eq!(get(gateway.metrics_address(), path).await.status(), 404, "/{path}");
    }
}
