//! A mail server that keeps what it is given (RFC 5321, as much of it as one client needs).

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use opsgate::config::Overrides;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// A server with all that it was given.
#[derive(Debug)]
pub struct Mailbox {
    address: SocketAddr,
    mail: Arc<Mutex<Vec<String>>>,
}

impl Mailbox {
    /// One that takes everything.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mail: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = mail.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, kept.clone()));
            }
        });
        Self { address, mail }
    }

    /// The settings of a gateway that sends its mail here.
    pub fn settings(&self) -> Overrides {
        Overrides::default()
            .with("smtp_url", format!("smtp://{}", self.address))
            .with("mail_from", "Opsgate <opsgate@example.com>")
            .with("public_url", "https://opsgate.example/")
    }

    /// What has come so far, each with its header.
    pub fn read(&self) -> Vec<String> {
        self.mail.lock().unwrap().clone()
    }
}

async fn converse(stream: TcpStream, mail: Arc<Mutex<Vec<String>>>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mailbox\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        match line.split_whitespace().next() {
            Some("DATA") => {
                write.write_all(b"354 go on\r\n").await?;
                let mut text = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    text += &format!("{line}\n");
                }
                mail.lock().unwrap().push(text);
                write.write_all(b"250 kept\r\n").await?;
            }
            Some("QUIT") => return write.write_all(b"221 bye\r\n").await,
            _ => write.write_all(b"250 mailbox\r\n").await?,
        }
    }
    Ok(())
}
