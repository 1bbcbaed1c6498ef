//! Subscribers: any number of WebSockets (graphql-transport-ws) that follow the same document, and when what they are
//! sent has reached the last of them.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Semaphore, watch},
    task::JoinSet,
};

use crate::Result;

/// What they follow.
const DOCUMENT: &str = "subscription { incidentChanged { type occurredAt actor { name } entityVersion \
                        incident { id number title status severity assignee { id name } } } }";
/// Connections that are opened at the same time.
const OPENING: usize = 64;
/// What a delivery begins with.
const NEXT: &[u8] = br#"{"id":"1","type":"next""#;
const PONG: &[u8] = br#"{"type":"pong""#;
/// How long the last of them may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Everybody who is subscribed.
pub struct Crowd {
    readers: JoinSet<Result<()>>,
    tally: Arc<Tally>,
}

/// How many have received how many.
struct Tally {
    size: usize,
    /// Of each event: how many have it, and since when all have.
    events: Mutex<Vec<(usize, Option<Instant>)>>,
    /// Events that all have.
    complete: watch::Sender<usize>,
}

impl Tally {
    /// Somebody has received their event number `event`.
    fn count(&self, event: usize) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() <= event {
            events.resize(event + 1, (0, None));
        }
        events[event].0 += 1;
        if events[event].0 == self.size {
            events[event].1 = Some(Instant::now());
            drop(events);
            self.complete.send_modify(|complete| *complete += 1);
        }
    }
}

impl Crowd {
    /// Subscribes `size` connections and waits until every subscription is in force.
    pub async fn gather(address: SocketAddr, token: &str, size: usize) -> Result<Self> {
        let tally = Arc::new(Tally { size, events: Mutex::default(), complete: watch::Sender::new(0) });
        let token: Arc<str> = token.into();
        let turns = Arc::new(Semaphore::new(OPENING));
        let mut opening = JoinSet::new();
        for _ in 0..size {
            let (token, turns) = (token.clone(), turns.clone());
            opening.spawn(async move {
                let _turn = turns.acquire().await?;
                let mut socket = Socket::connect(address).await?;
                socket.subscribe(&token).await?;
                Ok::<_, crate::Error>(socket)
            });
        }
        let mut readers = JoinSet::new();
        while let Some(socket) = opening.join_next().await {
            let (mut socket, tally) = (socket??, tally.clone());
            readers.spawn(async move {
                for event in 0.. {
                    socket.until(NEXT).await?;
                    tally.count(event);
                }
                Ok(())
            });
        }
        Ok(Self { readers, tally })
    }

    /// Waits until everybody has received `events` in all.
    pub async fn received(&mut self, events: usize) -> Result<()> {
        let mut complete = self.tally.complete.subscribe();
        let all = async {
            tokio::select! {
                received = complete.wait_for(|complete| *complete >= events) => Ok(received.map(|_| ())?),
                Some(ended) = self.readers.join_next() => ended?,
            }
        };
        tokio::time::timeout(PATIENCE, all).await.map_err(|_| "an event doesn't reach everybody")?
    }

    /// When the last one had received each event.
    pub fn times(&self) -> Vec<Instant> {
        let events = self.tally.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().filter_map(|(_, time)| *time).collect()
    }
}

/// One WebSocket. Its frames are read as they are: the server doesn't mask and doesn't split.
struct Socket {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Socket {
    async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut socket = Self { stream, received: Vec::with_capacity(1024) };
        let upgrade = format!(
            "GET /graphql HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: b3BzZ2F0ZS1iZW5jaC0wMQ==\r\n\
             sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
        );
        socket.stream.write_all(upgrade.as_bytes()).await?;
        loop {
            if let Some(end) = socket.received.windows(4).position(|window| window == b"\r\n\r\n") {
                if !socket.received.starts_with(b"HTTP/1.1 101 ") {
                    return Err(String::from_utf8_lossy(&socket.received).into());
                }
                socket.received.drain(..end + 4);
                return Ok(socket);
            }
            socket.read().await?;
        }
    }

    async fn subscribe(&mut self, token: &str) -> Result<()> {
        let init = format!(r#"{{"type":"connection_init","payload":{{"authorization":"Bearer {token}"}}}}"#);
        self.send(0x1, init.as_bytes()).await?;
        let subscribe = format!(r#"{{"id":"1","type":"subscribe","payload":{{"query":"{DOCUMENT}"}}}}"#);
        self.send(0x1, subscribe.as_bytes()).await?;
        // Messages are handled in their order: whoever answers this has subscribed us.
        self.send(0x1, br#"{"type":"ping"}"#).await?;
        self.until(PONG).await
    }

    /// Reads until a message begins with `start`.
    async fn until(&mut self, start: &[u8]) -> Result<()> {
        loop {
            while let Some((opcode, head, length)) = self.frame() {
                let payload = &self.received[head..head + length];
                let (is_it, is_ping) = (payload.starts_with(start), opcode == 0x9);
                if opcode == 0x8 || payload.starts_with(br#"{"id":"1","type":"error""#) {
                    return Err(format!("a subscription ended: {}", String::from_utf8_lossy(payload)).into());
                }
                self.received.drain(..head + length);
                if is_ping {
                    self.send(0xa, b"").await?;
                }
                if is_it {
                    return Ok(());
                }
            }
            self.read().await?;
        }
    }

    /// The opcode of the first frame, the length of its head and that of its payload, where all of it is there.
    fn frame(&self) -> Option<(u8, usize, usize)> {
        let bytes = &self.received;
        let (head, length) = match bytes.get(1)? {
            126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
            127 => (10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?),
            short => (2, usize::from(*short)),
        };
        (bytes.len() >= head + length).then_some((bytes[0] & 0xf, head, length))
    }

    /// Sends a frame, masked with zeros.
    async fn send(&mut self, opcode: u8, payload: &[u8]) -> Result<()> {
        let mut frame = vec![0x80 | opcode];
        match u16::try_from(payload.len())? {
            length @ 0..126 => frame.push(0x80 | u8::try_from(length)?),
            length => {
                frame.push(0x80 | 126);
                frame.extend(length.to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        Ok(self.stream.write_all(&frame).await?)
    }

    async fn read(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err("the gateway closed a subscription's connection".into()),
            _ => Ok(()),
        }
    }
}
