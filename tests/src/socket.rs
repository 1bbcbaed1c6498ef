//! One caller, over a WebSocket that speaks graphql-transport-ws.

use std::{collections::VecDeque, net::SocketAddr};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::client::IntoClientRequest};

use crate::patiently;

pub use tokio_tungstenite::tungstenite::Message as Frame;

/// A connection, over TLS or not.
pub trait Stream: AsyncRead + AsyncWrite + std::fmt::Debug + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + std::fmt::Debug + Send + Unpin> Stream for T {}

/// An open socket.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<Box<dyn Stream>>,
    /// Messages that came while another id was waited for.
    early: VecDeque<Value>,
}

/// What came.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// A message of the protocol.
    Json(Value),
    /// The end, with code and reason.
    Closed(u16, String),
}

impl Socket {
    /// Connects without saying who it is.
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::connect_on(stream).await
    }

    /// The same on a connection that is there.
    pub async fn connect_on(stream: impl Stream + 'static) -> Self {
        let mut request = "ws://opsgate/graphql".into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let stream: Box<dyn Stream> = Box::new(stream);
        let (stream, _) = client_async(request, stream).await.unwrap();
        Self { stream, early: VecDeque::new() }
    }

    /// Connects and says who it is.
    pub async fn open(address: SocketAddr, credential: Option<&str>) -> Self {
        let mut socket = Self::connect(address).await;
        socket.init(credential).await;
        socket
    }

    /// Says who it is.
    pub async fn init(&mut self, credential: Option<&str>) {
        let payload = credential.map(|token| json!({ "authorization": format!("Bearer {token}") }));
        self.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(self.next().await, Message::Json(json!({ "type": "connection_ack" })));
    }

    /// Sends a message of the protocol.
    pub async fn send(&mut self, message: Value) {
        self.stream.send(Frame::text(message.to_string())).await.unwrap();
    }

    /// Sends a frame as it is. A peer that has hung up meanwhile is no error: it may have said why.
    pub async fn say(&mut self, frame: Frame) {
        let _ = self.stream.send(frame).await;
    }

    /// Starts an operation.
    pub async fn subscribe(&mut self, id: &str, document: &str, variables: Value) {
        let payload = json!({ "query": document, "variables": variables });
        self.send(json!({ "id": id, "type": "subscribe", "payload": payload })).await;
    }

    /// The next message, pings aside.
    pub async fn next(&mut self) -> Message {
        if let Some(message) = self.early.pop_front() {
            return Message::Json(message);
        }
        // Pings keep coming where nothing else does.
        patiently("a message", self.receive()).await
    }

    async fn receive(&mut self) -> Message {
        loop {
            match self.stream.next().await {
                Some(Ok(Frame::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    match message["type"].as_str() {
                        Some("ping") => self.send(json!({ "type": "pong" })).await,
                        Some("pong") => {}
                        _ => return Message::Json(message),
                    }
                }
                Some(Ok(Frame::Close(Some(close)))) => {
                    return Message::Closed(close.code.into(), close.reason.to_string());
                }
                Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => {}
                None | Some(Ok(Frame::Close(None))) => return Message::Closed(1005, String::new()),
                Some(Ok(frame)) => panic!("an unexpected frame: {frame:?}"),
                Some(Err(error)) => return Message::Closed(1006, error.to_string()),
            }
        }
    }

    /// The payload of the next `next` message of operation `id`; messages of other operations are kept.
    pub async fn payload(&mut self, id: &str) -> Value {
        let mut others = VecDeque::new();
        loop {
            match self.next().await {
                Message::Json(message) if message["id"] == id => {
                    self.early.extend(others);
                    assert_eq!(message["type"], "next", "{message}");
                    return message["payload"].clone();
                }
                Message::Json(message) => others.push_back(message),
                Message::Closed(code, reason) => panic!("closed with {code} {reason}"),
            }
        }
    }

    /// How the socket ends, whatever comes before.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Closed(code, reason) = self.next().await {
                return (code, reason);
            }
        }
    }
}
