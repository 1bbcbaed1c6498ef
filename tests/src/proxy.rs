//! A way to the PostgreSQL server that a test can cut.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::Database;

/// A way to the server.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    url: String,
    is_open: watch::Sender<bool>,
    /// Its own ports on the way to the server, by which the server knows the connections.
    ports: Arc<Mutex<HashSet<u16>>>,
}

impl Proxy {
    /// An open way to the server of `database`. It ends with the test's runtime.
    pub async fn to(database: &Database) -> Self {
        let (start, name) = database.url().rsplit_once('/').unwrap();
        let (user, server) = start.rsplit_once('@').unwrap();
        let server = server.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("{user}@{address}/{name}");
        let (is_open, gate) = watch::channel(true);
        let ports = Arc::<Mutex<HashSet<u16>>>::default();
        let own = ports.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server.clone(), gate.clone(), own.clone()));
            }
        });
        Self { address, url, is_open, ports }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The database's URL by this way.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends every connection, and takes no more.
    pub fn cut(&self) {
        self.is_open.send_replace(false);
    }

    /// Takes connections again.
    pub fn mend(&self) {
        self.is_open.send_replace(true);
    }

    /// Whether the connection that the server knows by this port came by this way.
    pub fn carries(&self, port: u16) -> bool {
        self.ports.lock().unwrap().contains(&port)
    }
}

/// Carries one connection until either side or the way ends it.
async fn carry(
    mut client: TcpStream,
    server: String,
    mut gate: watch::Receiver<bool>,
    ports: Arc<Mutex<HashSet<u16>>>,
) {
    if !*gate.borrow_and_update() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    ports.lock().unwrap().insert(server.local_addr().unwrap().port());
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = gate.wait_for(|is_open| !is_open) => {}
    }
}
