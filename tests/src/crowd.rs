//! Many connections at once.

use std::net::SocketAddr;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::patiently;

/// Connections that say little.
#[derive(Debug)]
pub struct Crowd(Vec<TcpStream>);

impl Crowd {
    /// Lets this process have as many files open as the system would: a crowd is more than shells give.
    pub fn allow() {
        let limit = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    }

    /// So many, each of which says `words` and no more.
    pub async fn gather(address: SocketAddr, count: usize, words: &str) -> Self {
        Self::allow();
        let mut crowd = Vec::with_capacity(count);
        for _ in 0..count {
            let mut stream = patiently("a place in the queue", TcpStream::connect(address)).await.unwrap();
            // Some are sent away before they speak.
            let _ = stream.write_all(words.as_bytes()).await;
            crowd.push(stream);
        }
        Self(crowd)
    }

    /// Waits until the first of them are sent away, so many.
    pub async fn dismissed(&mut self, count: usize) {
        for stream in &mut self.0[..count] {
            let mut rest = Vec::new();
            let _ = patiently("the end of a silent connection", stream.read_to_end(&mut rest)).await;
        }
    }
}
