//! A service to be watched: an HTTP server that a test stops and starts again.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// How it answers.
#[derive(Clone, Debug)]
pub struct Answers {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
    /// How long it thinks before.
    pub delay: Duration,
}

/// A server on an address that stays the same.
#[derive(Debug)]
pub struct Target {
    address: SocketAddr,
    answers: Arc<Mutex<Answers>>,
    /// The requests so far, heads only.
    heads: Arc<Mutex<Vec<String>>>,
    serving: Option<JoinHandle<()>>,
}

impl Target {
    /// One that answers 200 with `fine`.
    pub async fn start() -> Self {
        let answers = Answers { status: 200, body: "fine".to_owned(), delay: Duration::ZERO };
        let mut target = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            answers: Arc::new(Mutex::new(answers)),
            heads: Arc::default(),
            serving: None,
        };
        target.resume().await;
        target
    }

    /// Starts again where it was.
    pub async fn resume(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.address = listener.local_addr().unwrap();
        let (answers, heads) = (self.answers.clone(), self.heads.clone());
        self.serving = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answers.clone(), heads.clone()));
            }
        }));
    }

    /// Stops: connections are refused from now on.
    pub async fn stop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            let _ = serving.await;
        }
    }

    /// Answers differently from now on.
    pub fn answer(&self, change: impl FnOnce(&mut Answers)) {
        change(&mut self.answers.lock().unwrap());
    }

    /// The heads of the requests so far.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What an input calls it: a probe over HTTP.
    pub fn http(&self) -> Value {
        json!({ "http": { "url": format!("http://{}/health", self.address) } })
    }

    /// What an input calls it: a probe over TCP.
    pub fn tcp(&self) -> Value {
        json!({ "tcp": { "host": "127.0.0.1", "port": self.port() } })
    }
}

async fn serve(mut stream: TcpStream, answers: Arc<Mutex<Answers>>, heads: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            // A probe over TCP says nothing.
            Err(_) => return,
        }
    }
    heads.lock().unwrap().push(String::from_utf8(head).unwrap());
    let Answers { status, body, delay } = answers.lock().unwrap().clone();
    tokio::time::sleep(delay).await;
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status} X\r\nlocation: /elsewhere\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    // Whoever asked may have gone.
    let _ = stream.write_all(answer.as_bytes()).await;
}
