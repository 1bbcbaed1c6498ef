//! A way to the PostgreSQL server, in the hands of a test.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
};

use crate::Database;

/// What the way does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It carries everything.
    Open,
    /// Connections stay, and carry nothing.
    Frozen,
    /// Connections end, and none is taken.
    Cut,
    /// It carries everything but the next COMMIT: there its connection ends.
    StopsCommit,
    /// It carries the next COMMIT, and the server has obeyed; where the answer should come the connection ends.
    LosesAnswer,
    /// The same, and every other connection ends with it, and none is taken.
    LosesAnswerAndEnds,
    /// The same, and every other connection stays, and carries nothing.
    LosesAnswerAndFreezes,
}

/// A way to the server.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    mode: watch::Sender<Mode>,
    /// Its own ports on the way to the server, by which the server knows the connections.
    ports: Arc<Mutex<HashSet<u16>>>,
}

impl Proxy {
    /// An open way to the server of `database`. It ends with the test's runtime.
    pub async fn to(database: &Database) -> Self {
        let (start, name) = database.url().rsplit_once('/').unwrap();
        let (user, server) = start.rsplit_once('@').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{user}@{}/{name}", listener.local_addr().unwrap());
        let mode = watch::Sender::new(Mode::Open);
        let ports = Arc::default();
        tokio::spawn(accept(listener, server.to_owned(), mode.clone(), Arc::clone(&ports)));
        Self { url, mode, ports }
    }

    /// The database's URL by this way.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on it does this.
    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// Waits until a COMMIT has come to what was set for it.
    pub async fn sprung(&self) {
        let mut mode = self.mode.subscribe();
        mode.wait_for(|mode| matches!(mode, Mode::Open | Mode::Frozen | Mode::Cut)).await.unwrap();
    }

    /// Whether the connection that the server knows by this port came by this way.
    pub fn carries(&self, port: u16) -> bool {
        self.ports.lock().unwrap().contains(&port)
    }
}

async fn accept(
    listener: TcpListener,
    server: String,
    mode: watch::Sender<Mode>,
    ports: Arc<Mutex<HashSet<u16>>>,
) {
    while let Ok((client, _)) = listener.accept().await {
        if *mode.borrow() == Mode::Cut {
            continue;
        }
        let Ok(server) = TcpStream::connect(&server).await else { continue };
        ports.lock().unwrap().insert(server.local_addr().unwrap().port());
        tokio::spawn(carry(client, server, mode.clone()));
    }
}

/// Carries one connection until either side or the way ends it.
async fn carry(client: TcpStream, server: TcpStream, mode: watch::Sender<Mode>) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // Whoever ends first ends both; what a connection has to say of a COMMIT goes from one direction to the other.
    let (lose, lost) = mpsc::channel(1);
    let mut ended = mode.subscribe();
    tokio::select! {
        () = ask(from_client, to_server, mode.clone(), lose) => {}
        () = answer(from_server, to_client, mode, lost) => {}
        _ = ended.wait_for(|mode| *mode == Mode::Cut) => {}
    }
}

/// From the gateway to the server.
async fn ask(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mode: watch::Sender<Mode>,
    lose: mpsc::Sender<Mode>,
) {
    let mut buffer = vec![0; 64 * 1024];
    let mut is_control = None;
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let chunk = &buffer[..length];
        // The first message of a connection says which pool it is of: only the commits of requests count.
        let is_control = *is_control.get_or_insert(contains(chunk, b"opsgate-control"));
        thawed(&mode).await;
        if contains(chunk, b"COMMIT") && !is_control {
            let now = *mode.borrow();
            match now {
                Mode::StopsCommit => {
                    mode.send_replace(Mode::Open);
                    return;
                }
                Mode::Open | Mode::Frozen | Mode::Cut => {}
                // It can't fail: the other direction is there as long as this one.
                Mode::LosesAnswer | Mode::LosesAnswerAndEnds | Mode::LosesAnswerAndFreezes => {
                    let _ = lose.send(now).await;
                }
            }
        }
        if to.write_all(chunk).await.is_err() {
            return;
        }
    }
}

/// From the server to the gateway.
async fn answer(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mode: watch::Sender<Mode>,
    mut lost: mpsc::Receiver<Mode>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        thawed(&mode).await;
        if let Ok(trap) = lost.try_recv() {
            // The server has answered, so it is done.
            mode.send_replace(match trap {
                Mode::LosesAnswerAndEnds => Mode::Cut,
                Mode::LosesAnswerAndFreezes => Mode::Frozen,
                _ => Mode::Open,
            });
            return;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

/// Waits until the way isn't frozen.
async fn thawed(mode: &watch::Sender<Mode>) {
    // It can't fail: `mode` is the sender.
    let _ = mode.subscribe().wait_for(|mode| *mode != Mode::Frozen).await;
}

fn contains(chunk: &[u8], text: &[u8]) -> bool {
    chunk.windows(text.len()).any(|window| window == text)
}
