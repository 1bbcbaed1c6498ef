//! A plain HTTP/1.1 client: one connection kept alive, bodies as they come, nothing that costs.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::{Result, workload::Workload};

/// Requests of each connection before the clock starts.
const WARM_UP: u64 = 10;

/// One connection.
pub struct Client {
    stream: TcpStream,
    head: String,
    sent: Vec<u8>,
    received: Vec<u8>,
}

impl Client {
    /// Connects to `address` as whoever `token` is.
    pub async fn connect(address: SocketAddr, token: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let head = format!(
            "POST /graphql HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\nuser-agent: opsgate-bench/1.0\r\ncontent-length: "
        );
        Ok(Self { stream, head, sent: Vec::new(), received: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a GraphQL request and answers the body that came back.
    pub async fn post(&mut self, body: &str) -> Result<&str> {
        self.sent.clear();
        self.sent.extend_from_slice(self.head.as_bytes());
        self.sent.extend_from_slice(format!("{}\r\n\r\n", body.len()).as_bytes());
        self.sent.extend_from_slice(body.as_bytes());
        self.exchange().await
    }

    /// Whether the gateway says that it is ready.
    pub async fn is_ready(&mut self) -> Result<bool> {
        self.sent = b"GET /health/ready HTTP/1.1\r\nhost: bench\r\n\r\n".to_vec();
        Ok(self.exchange().await.is_ok())
    }

    async fn exchange(&mut self) -> Result<&str> {
        self.stream.write_all(&self.sent).await?;
        self.received.clear();
        let (head, length) = loop {
            if let Some(end) = find(&self.received, b"\r\n\r\n") {
                break (end + 4, content_length(&self.received[..end])?);
            }
            self.read().await?;
        };
        while self.received.len() < head + length {
            self.read().await?;
        }
        let text = std::str::from_utf8(&self.received)?;
        if text.starts_with("HTTP/1.1 200 ") { Ok(&text[head..]) } else { Err(text.into()) }
    }

    async fn read(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err("the gateway closed the connection".into()),
            _ => Ok(()),
        }
    }
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern)
}

fn content_length(head: &[u8]) -> Result<usize> {
    let head = std::str::from_utf8(head)?;
    let length =
        head.lines().filter_map(|line| line.split_once(": ")).find(|(name, _)| *name == "content-length");
    Ok(length.ok_or("an answer without a length")?.1.parse()?)
}

/// What a run came to.
pub struct Load {
    /// Answers a second.
    pub rate: f64,
    /// How long each took, in order.
    pub latencies: Vec<Duration>,
}

/// Sends `workload` over `connections` at once for the time `run`, each as fast as it is answered.
pub async fn load(
    address: SocketAddr,
    token: &str,
    workload: &'static Workload,
    connections: usize,
    run: Duration,
) -> Result<Load> {
    let mut clients = Vec::new();
    for number in 0..connections as u64 {
        let mut client = Client::connect(address, token).await?;
        for turn in 0..WARM_UP {
            workload.check(client.post(&workload.body(number, turn)).await?)?;
        }
        clients.push((number, client));
    }
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for (number, mut client) in clients {
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            let mut turn = WARM_UP;
            while start.elapsed() < run {
                let body = workload.body(number, turn);
                let sent = Instant::now();
                workload.check(client.post(&body).await?)?;
                latencies.push(sent.elapsed());
                turn += 1;
            }
            Ok::<_, crate::Error>(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(done) = tasks.join_next().await {
        latencies.extend(done??);
    }
    let rate = latencies.len() as f64 / start.elapsed().as_secs_f64();
    latencies.sort_unstable();
    Ok(Load { rate, latencies })
}
