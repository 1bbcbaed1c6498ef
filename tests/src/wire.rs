//! HTTP byte by byte: for requests that no client would send.

use std::net::SocketAddr;

use reqwest::{
    StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::patiently;

/// A connection on which the test says what it likes.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    /// What was received and not yet read.
    received: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Wire {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, received: Vec::new() }
    }

    /// Sends bytes as they are. A peer that has hung up meanwhile is no error: it may have answered before.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let _ = self.stream.write_all(bytes.as_ref()).await;
        self
    }

    /// Sends a request with a body and its length.
    pub async fn request(&mut self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> &mut Self {
        let mut head = format!("{line} HTTP/1.1\r\nHost: opsgate\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        self.send(head + "\r\n").await.send(body).await
    }

    /// The next reply.
    pub async fn reply(&mut self) -> Reply {
        self.try_reply().await.expect("a reply before the end")
    }

    /// The next reply; none where the gateway has hung up.
    pub async fn try_reply(&mut self) -> Option<Reply> {
        let end = loop {
            if let Some(at) = self.received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            self.receive().await?;
        };
        let head = String::from_utf8(self.received.drain(..end).collect()).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        let length = headers.get("content-length").map(|length| length.to_str().unwrap().parse().unwrap());
        let mut reply = Reply { status, headers, body: Vec::new() };
        let length: usize = length.unwrap_or_default();
        while self.received.len() < length {
            self.receive().await?;
        }
        reply.body = self.received.drain(..length).collect();
        Some(reply)
    }

    /// Whatever comes until the gateway hangs up.
    pub async fn read_to_end(&mut self) -> Vec<u8> {
        while self.receive().await.is_some() {}
        std::mem::take(&mut self.received)
    }

    /// Whether the gateway has hung up already; nothing is waited for.
    pub fn is_cut(&self) -> bool {
        !matches!(self.stream.try_read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    }

    /// Whether the gateway has hung up.
    pub async fn is_closed(&mut self) -> bool {
        self.received.is_empty() && self.receive().await.is_none()
    }

    async fn receive(&mut self) -> Option<()> {
        let mut buffer = [0; 4096];
        let read = patiently("the gateway's bytes", self.stream.read(&mut buffer)).await;
        let count = read.ok().filter(|count| *count > 0)?;
        self.received.extend_from_slice(&buffer[..count]);
        Some(())
    }
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {:?}", self.text()))
    }

    /// Its `data`.
    pub fn data(&self) -> Value {
        self.json()["data"].take()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The code of its first error.
    pub fn code(&self) -> String {
        let json = self.json();
        assert!(json.get("data").is_none(), "{json}");
        assert!(json["errors"][0]["extensions"]["requestId"].is_string(), "{json}");
        json["errors"][0]["extensions"]["code"].as_str().unwrap().to_owned()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}
