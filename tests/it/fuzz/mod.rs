//! Whatever comes, it is answered as SCHEMA says or refused with a code, and the next request is answered.
//!
//! Property tests over the running gateway: bodies, parameters, headers, URLs, the messages of a socket, and documents
//! that `document.rs` makes out of the schema and spoils. `PROPTEST_CASES` says how many of each; where one fails,
//! proptest prints it and keeps its seed in `tests/proptest-regressions/`, from where it is tried first from then on.

mod document;
mod http;
mod judge;
mod shape;
mod socket;
mod tape;

use std::sync::LazyLock;

use opsgate::config::Overrides;
use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestRunner},
};
use serde_json::json;
use tests::{Client, Reply, TestGateway, Wire};
use tokio::{runtime::Runtime, sync::Mutex};

use self::document::Schema;

/// What stands in every other input, and in no error.
const MARK: &str = "hunter2";

static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::read);

/// A gateway that is asked strange things.
struct Bench {
    gateway: TestGateway,
    /// Ids of what is there.
    ids: Vec<String>,
    /// The connection of the last request, where it is still open.
    wire: Mutex<Option<Wire>>,
    // Dropped last: what drops before may need it.
    runtime: Runtime,
}

impl Bench {
    /// With some incidents in it, and allowances that keep nobody out.
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let (gateway, ids) = runtime.block_on(async {
            let overrides = Overrides::default()
                .with("caller_cost_bucket", "1000000000")
                .with("document_max_aliases", "1000")
                .with("request_max_cost", "5000");
            let gateway = TestGateway::start_with(overrides).await;
            let ids = seed(gateway.owner()).await;
            gateway.run_until_idle().await;
            (gateway, ids)
        });
        Self { gateway, ids, wire: Mutex::new(None), runtime }
    }

    /// Tries `check` with many of `inputs`; afterwards the gateway answers as if nothing had been.
    fn check<S: Strategy>(&self, file: &'static str, inputs: &S, check: impl AsyncFn(S::Value)) {
        let mut runner = TestRunner::new(Config::with_source_file(file));
        let outcome = runner.run(inputs, |input| {
            self.runtime.block_on(check(input));
            Ok(())
        });
        if let Err(failure) = outcome {
            panic!("{failure}");
        }
        let honest = self.runtime.block_on(self.gateway.owner().run("{ incidents { totalCount } }")).ok();
        assert!(honest.at("/incidents/totalCount").as_u64() >= Some(1), "{}", honest.body);
    }

    /// Sends a request as it is, on a connection that others have used before. Where the gateway has hung up on that one,
    /// since it had answered without reading a body, on another.
    async fn exchange(&self, line: &str, headers: &[(&str, &[u8])], body: &[u8]) -> Reply {
        let mut message =
            format!("{line} HTTP/1.1\r\nHost: opsgate\r\nContent-Length: {}\r\n", body.len()).into_bytes();
        for (name, value) in headers {
            message.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        message.extend([b"\r\n", body].concat());
        let mut kept = self.wire.lock().await;
        let reused = match kept.take() {
            Some(mut wire) => wire.send(&message).await.try_reply().await.map(|reply| (wire, reply)),
            None => None,
        };
        let (wire, reply) = match reused {
            Some(answered) => answered,
            None => {
                let mut wire = Wire::connect(self.gateway.address()).await;
                let reply = wire.send(&message).await.reply().await;
                (wire, reply)
            }
        };
        // A stream goes on; what was closed doesn't.
        if reply.header("connection") != Some("close") && reply.header("content-length").is_some() {
            *kept = Some(wire);
        }
        reply
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.gateway.owner().credential().unwrap())
    }
}

async fn seed(owner: &Client) -> Vec<String> {
    let mut ids = vec![owner.run("{ viewer { actor { id } } }").await.text("/viewer/actor/id").to_owned()];
    for number in 0..5 {
        let input = json!({ "title": format!("Incident {number}"), "severity": "HIGH" });
        let incident = owner.mutate("incidentCreate", input, "incident { id }").await.ok();
        ids.push(incident.text("/incident/id").to_owned());
        for note in 0..3 {
            let input = json!({ "id": ids.last(), "body": format!("Note {note}") });
            owner.mutate("incidentNoteAdd", input, "incident { id }").await.ok();
        }
    }
    ids
}
