//! A collector of spans, as OpenTelemetry has it: OTLP over HTTP, in the test's own process.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{Span as ProtoSpan, status::StatusCode as ProtoStatus},
};
use prost::Message;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::until;

/// A collector that keeps what it gets.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    got: Arc<Mutex<Got>>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Got {
    spans: Vec<Span>,
    /// Everything, as it came.
    bytes: Vec<u8>,
}

/// A span.
#[derive(Clone, Debug)]
pub struct Span {
    /// Its trace, in hexadecimal.
    pub trace_id: String,
    /// Its id.
    pub id: String,
    /// That of the span that it is part of; empty where it is part of none.
    pub parent_id: String,
    /// Its name.
    pub name: String,
    /// What is said about it.
    pub attributes: HashMap<String, String>,
    /// What is said about the process.
    pub resource: HashMap<String, String>,
    /// Whether it failed.
    pub has_failed: bool,
    /// How long it took, in nanoseconds.
    pub nanos: u64,
}

impl Collector {
    /// One that listens on a port of its own.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, got) = (listener.local_addr().unwrap(), Arc::<Mutex<Got>>::default());
        let router = Router::new().route("/v1/traces", post(take)).with_state(got.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, got, serving }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The spans so far.
    pub fn spans(&self) -> Vec<Span> {
        self.got.lock().unwrap().spans.clone()
    }

    /// Whether a text stands in anything that came.
    pub fn holds(&self, text: &str) -> bool {
        self.got.lock().unwrap().bytes.windows(text.len()).any(|window| window == text.as_bytes())
    }

    /// The spans of a trace, once one of them is called so; the process sends them in batches.
    pub async fn trace(&self, trace_id: &str, name: &str) -> Vec<Span> {
        let of =
            || -> Vec<Span> { self.spans().into_iter().filter(|span| span.trace_id == trace_id).collect() };
        until("the spans are exported", async || of().iter().any(|span| span.name == name)).await;
        of()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(State(got): State<Arc<Mutex<Got>>>, body: Bytes) -> StatusCode {
    let request = ExportTraceServiceRequest::decode(body.clone()).unwrap();
    let mut got = got.lock().unwrap();
    got.bytes.extend_from_slice(&body);
    for of_process in request.resource_spans {
        let resource = attributes(&of_process.resource.unwrap().attributes);
        let spans = of_process.scope_spans.into_iter().flat_map(|scope| scope.spans);
        got.spans.extend(spans.map(|span| Span::of(span, &resource)));
    }
    StatusCode::OK
}

impl Span {
    fn of(span: ProtoSpan, resource: &HashMap<String, String>) -> Self {
        Self {
            trace_id: hex::encode(span.trace_id),
            id: hex::encode(span.span_id),
            parent_id: hex::encode(span.parent_span_id),
            attributes: attributes(&span.attributes),
            resource: resource.clone(),
            has_failed: span.status.is_some_and(|status| status.code() == ProtoStatus::Error),
            nanos: span.end_time_unix_nano - span.start_time_unix_nano,
            name: span.name,
        }
    }
}

fn attributes(list: &[KeyValue]) -> HashMap<String, String> {
    let text = |attribute: &KeyValue| match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        other => format!("{other:?}"),
    };
    list.iter().map(|attribute| (attribute.key.clone(), text(attribute))).collect()
}
