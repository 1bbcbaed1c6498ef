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
}

/// What happens to the next COMMIT of a transaction in which a certain text was said. Its connection ends there.
#[derive(Clone, Copy, Debug)]
pub struct Trap {
    /// The text.
    pub marker: &'static str,
    /// Whether the server gets the COMMIT: it obeys then, and its answer is lost.
    pub is_carried: bool,
    /// What the way does from then on.
    pub then: Mode,
}

/// A way to the server.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    state: watch::Sender<State>,
    /// Its own ports on the way to the server, by which the server knows the connections.
    ports: Arc<Mutex<HashSet<u16>>>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    mode: Mode,
    trap: Option<Trap>,
}

impl Proxy {
    /// An open way to the server of `database`. It ends with the test's runtime.
    pub async fn to(database: &Database) -> Self {
        let (start, name) = database.url().rsplit_once('/').unwrap();
        let (user, server) = start.rsplit_once('@').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{user}@{}/{name}", listener.local_addr().unwrap());
        let state = watch::Sender::new(State { mode: Mode::Open, trap: None });
        let ports = Arc::default();
        tokio::spawn(accept(listener, server.to_owned(), state.clone(), Arc::clone(&ports)));
        Self { url, state, ports }
    }

    /// The database's URL by this way.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on it does this.
    pub fn set(&self, mode: Mode) {
        self.state.send_modify(|state| state.mode = mode);
    }

    /// Lays a trap.
    pub fn lay(&self, trap: Trap) {
        self.state.send_modify(|state| state.trap = Some(trap));
    }

    /// Waits until the trap has sprung.
    pub async fn sprung(&self) {
        self.state.subscribe().wait_for(|state| state.trap.is_none()).await.unwrap();
    }

    /// Whether the connection that the server knows by this port came by this way.
    pub fn carries(&self, port: u16) -> bool {
        self.ports.lock().unwrap().contains(&port)
    }
}

async fn accept(
    listener: TcpListener,
    server: String,
    state: watch::Sender<State>,
    ports: Arc<Mutex<HashSet<u16>>>,
) {
    while let Ok((client, _)) = listener.accept().await {
        if state.borrow().mode == Mode::Cut {
            continue;
        }
        let Ok(server) = TcpStream::connect(&server).await else { continue };
        ports.lock().unwrap().insert(server.local_addr().unwrap().port());
        tokio::spawn(carry(client, server, state.clone()));
    }
}

/// Carries one connection until either side or the way ends it.
async fn carry(client: TcpStream, server: TcpStream, state: watch::Sender<State>) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // The COMMIT whose answer is lost, told by one direction to the other.
    let (lose, lost) = mpsc::channel(1);
    let mut ended = state.subscribe();
    // Whoever ends first ends both.
    tokio::select! {
        () = ask(from_client, to_server, &state, lose) => {}
        () = answer(from_server, to_client, &state, lost) => {}
        _ = ended.wait_for(|state| state.mode == Mode::Cut) => {}
    }
}

/// From the gateway to the server.
async fn ask(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: &watch::Sender<State>,
    lose: mpsc::Sender<Trap>,
) {
    let mut buffer = vec![0; 64 * 1024];
    let mut is_marked = false;
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let chunk = &buffer[..length];
        thawed(state).await;
        let trap = state.borrow().trap;
        if let Some(trap) = trap {
            is_marked |= contains(chunk, trap.marker);
            if is_marked && contains(chunk, "COMMIT") {
                if !trap.is_carried {
                    return spring(state, trap);
                }
                // It can't fail: the other direction is there as long as this one, and there is one COMMIT.
                let _ = lose.try_send(trap);
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
    state: &watch::Sender<State>,
    mut lost: mpsc::Receiver<Trap>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        thawed(state).await;
        if let Ok(trap) = lost.try_recv() {
            // The server has answered, so it is done.
            return spring(state, trap);
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

fn spring(state: &watch::Sender<State>, trap: Trap) {
    state.send_replace(State { mode: trap.then, trap: None });
}

/// Waits until the way isn't frozen.
async fn thawed(state: &watch::Sender<State>) {
    // It can't fail: `state` is the sender.
    let _ = state.subscribe().wait_for(|state| state.mode != Mode::Frozen).await;
}

fn contains(chunk: &[u8], text: &str) -> bool {
    chunk.windows(text.len()).any(|window| window == text.as_bytes())
}
