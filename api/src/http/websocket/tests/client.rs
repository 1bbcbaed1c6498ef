//! A gateway on a port of its own, and a client for it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use async_graphql::Response;
use axum::{
    Router,
    extract::{State, WebSocketUpgrade},
    http::{HeaderMap, header::AUTHORIZATION},
    routing::any,
};
use chrono::{DateTime, Utc};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest},
};
use uuid::Uuid;

use crate::{
    http::{
        gateway::Gateway,
        limits::tests::{by_default, generous},
        pipeline::{self, Operation, Persisted, Pipeline, Refusal, Types},
        websocket::{Limits, upgrade},
    },
    kernel::{
        Kernel,
        actor::Caller,
        clock::Clock,
        error::Result,
        request::Origin,
        stream::{
            Streams,
            tests::{
                fixture::Fixture,
                schema::{Mutation, Query, Subscriptions},
            },
        },
    },
};

/// How long a request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// A running gateway.
#[derive(Clone)]
pub struct TestGateway {
    pub fixture: Arc<Fixture>,
    pipeline: Pipeline,
    limits: Limits,
    address: SocketAddr,
}

impl Gateway for TestGateway {
    fn kernel(&self) -> &Kernel {
        &self.fixture.kernel
    }

    fn streams(&self) -> &Streams {
        &self.fixture.streams
    }

    fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    async fn authenticate(&self, authorization: Option<&str>, _: &Origin) -> Result<Caller> {
        match authorization {
            Some(text) => self.fixture.caller(text.strip_prefix("Bearer ").unwrap_or_default()),
            None => Ok(Caller::anonymous()),
        }
    }

    async fn execute(
        &self,
        caller: Caller,
        origin: Origin,
        operation: Operation,
    ) -> Result<Response, Refusal> {
        let (kernel, schema) = (self.kernel(), self.fixture.schema.clone());
        pipeline::execute(&self.pipeline, kernel, schema, REQUEST_TIMEOUT, caller, origin, operation).await
    }
}

impl TestGateway {
    pub async fn new() -> Self {
        Self::with(Clock::system(), |_| {}).await
    }

    pub async fn with(clock: Clock, change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits {
            init_timeout: Duration::from_secs(5),
            ping_interval: Duration::from_secs(10),
            max_operations: 100,
            max_message_bytes: 64 * 1024,
        };
        change(&mut limits);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let fixture = Arc::new(Fixture::with_clock(clock).await);
        let types = Types::of::<Query, Mutation, Subscriptions>();
        let limits_of_requests = generous(types.registry(), &fixture.throttle);
        let pipeline = Pipeline::new(types, limits_of_requests, Persisted::of(&by_default()));
        let gateway = Self { fixture, pipeline, limits, address };
        let handler = |State(gateway): State<Self>, headers: HeaderMap, request: WebSocketUpgrade| async move {
            let authorization = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
            upgrade(gateway.clone(), gateway.limits, Origin::default(), authorization, request, || {}, ())
        };
        let router = Router::new().route("/graphql", any(handler)).with_state(gateway.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        gateway
    }

    /// A token that may see every widget.
    pub async fn token(&self) -> String {
        self.fixture.token(Uuid::nil(), &["widgets.*"], None).await
    }

    /// The same until `expires_at`.
    pub async fn token_until(&self, expires_at: DateTime<Utc>) -> String {
        self.fixture.token(Uuid::nil(), &["widgets.*"], Some(expires_at)).await
    }

    /// A socket on which nothing was said yet.
    pub async fn socket(&self) -> Client {
        self.socket_with(Some("graphql-transport-ws"), None, None).await
    }

    pub async fn socket_with(
        &self,
        protocol: Option<&str>,
        authorization: Option<&str>,
        receive_buffer: Option<u32>,
    ) -> Client {
        let tcp = TcpSocket::new_v4().unwrap();
        if let Some(bytes) = receive_buffer {
            tcp.set_recv_buffer_size(bytes).unwrap();
        }
        let tcp = tcp.connect(self.address).await.unwrap();
        let mut request = format!("ws://{}/graphql", self.address).into_client_request().unwrap();
        if let Some(protocol) = protocol {
            request.headers_mut().insert("Sec-WebSocket-Protocol", protocol.parse().unwrap());
        }
        if let Some(authorization) = authorization {
            request.headers_mut().insert("Authorization", authorization.parse().unwrap());
        }
        let connected = client_async(request, tcp).await;
        let (socket, response) = match connected {
            Ok(connected) => connected,
            Err(error) => panic!("{error}"),
        };
        let selected =
            response.headers().get("Sec-WebSocket-Protocol").map(|value| value.to_str().unwrap().to_owned());
        Client { socket, selected }
    }

    /// A socket that is ready for operations in the name of `token`.
    pub async fn client(&self, token: &str) -> Client {
        let mut client = self.socket().await;
        client.init(token).await;
        client
    }
}

/// A client that does nothing by itself, but for the answers to pings while it reads.
pub struct Client {
    socket: WebSocketStream<TcpStream>,
    pub selected: Option<String>,
}

impl Client {
    pub async fn send(&mut self, message: Value) {
        self.send_raw(Message::text(message.to_string())).await;
    }

    pub async fn send_raw(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    pub async fn init(&mut self, token: &str) {
        let payload = json!({ "authorization": format!("Bearer {token}") });
        self.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(self.next().await, json!({ "type": "connection_ack" }));
    }

    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.send(json!({ "id": id, "type": "subscribe", "payload": payload })).await;
    }

    /// The next message of the protocol; none where nothing comes in that time.
    pub async fn within(&mut self, patience: Duration) -> Option<Value> {
        let next = async {
            loop {
                match self.socket.next().await.expect("the socket is open").expect("the socket works") {
                    Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                    Message::Ping(_) | Message::Pong(_) => {}
                    other => panic!("a message was expected, not {other:?}"),
                }
            }
        };
        tokio::time::timeout(patience, next).await.ok()
    }

    pub async fn next(&mut self) -> Value {
        self.within(Duration::from_secs(20)).await.expect("a message in time")
    }

    /// Nothing comes.
    pub async fn silence(&mut self) {
        assert_eq!(self.within(Duration::from_millis(150)).await, None);
    }

    /// The result of the next `next` of operation `id`.
    pub async fn result(&mut self, id: &str) -> Value {
        let mut message = self.next().await;
        assert_eq!((&message["id"], &message["type"]), (&json!(id), &json!("next")), "{message}");
        message["payload"].take()
    }

    /// The `number`s of the next results of operation `id`.
    pub async fn numbers(&mut self, id: &str, count: usize) -> Vec<i64> {
        let mut numbers = Vec::with_capacity(count);
        for _ in 0..count {
            let result = self.result(id).await;
            numbers.push(
                result["data"]["widgetChanged"]["number"].as_i64().unwrap_or_else(|| panic!("{result}")),
            );
        }
        numbers
    }

    /// The code of the `error` of operation `id`.
    pub async fn error(&mut self, id: &str) -> String {
        let message = self.next().await;
        assert_eq!((&message["id"], &message["type"]), (&json!(id), &json!("error")), "{message}");
        assert!(message["payload"][0]["message"].is_string(), "{message}");
        message["payload"][0]["extensions"]["code"].as_str().unwrap().to_owned()
    }

    /// The code and reason of the close that comes next, after `next`s at most.
    pub async fn closed(&mut self) -> (u16, String) {
        let close = async {
            loop {
                match self.socket.next().await.expect("a close frame").expect("a close frame") {
                    Message::Close(Some(frame)) => return (frame.code.into(), frame.reason.to_string()),
                    Message::Text(text) => assert!(text.contains(r#""type":"next""#), "{text}"),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), close).await.expect("a close in time")
    }
}
