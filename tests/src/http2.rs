//! A client of HTTP/2 that asks, and one that only pretends to.

use std::{io::Cursor, net::SocketAddr};

use h2::{
    Error, Reason,
    client::{Builder, ResponseFuture, SendRequest},
};
use http::{HeaderValue, Request};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinHandle,
};

use crate::patiently;

/// A connection.
#[derive(Debug)]
pub struct Http2 {
    requests: SendRequest<Cursor<Vec<u8>>>,
    connection: JoinHandle<Result<(), Error>>,
}

impl Http2 {
    /// Connects without TLS, as one who knows that this will be understood.
    pub async fn connect(address: SocketAddr) -> Self {
        Self::begin(TcpStream::connect(address).await.unwrap()).await
    }

    /// The same on a connection that is there.
    pub async fn begin(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        let (requests, connection) = Builder::new().enable_push(false).handshake(stream).await.unwrap();
        Self { requests, connection: tokio::spawn(connection) }
    }

    /// Sends a document, and answers the status and the body.
    ///
    /// # Errors
    /// Where the gateway ends the connection or the stream.
    pub async fn query(&mut self, document: &str) -> Result<(u16, Value), Error> {
        let body = json!({ "query": document }).to_string();
        read(self.post(&[("content-type", "application/json")], body).await?).await
    }

    /// Sends a request for GraphQL; the answer is to come.
    ///
    /// # Errors
    /// Where the gateway ends the connection.
    pub async fn post(
        &mut self,
        headers: &[(&'static str, &str)],
        body: String,
    ) -> Result<ResponseFuture, Error> {
        self.post_to("/graphql", headers, body).await
    }

    /// The same to a path.
    ///
    /// # Errors
    /// Where the gateway ends the connection.
    pub async fn post_to(
        &mut self,
        path: &str,
        headers: &[(&'static str, &str)],
        body: String,
    ) -> Result<ResponseFuture, Error> {
        let mut request = request(path);
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
        }
        patiently("a turn to ask", std::future::poll_fn(|cx| self.requests.poll_ready(cx))).await?;
        let (response, mut stream) = self.requests.send_request(request, false)?;
        stream.send_data(Cursor::new(body.into_bytes()), true)?;
        Ok(response)
    }

    /// Asks and takes it back at once.
    ///
    /// # Errors
    /// Where the gateway ends the connection.
    pub async fn take_back(&mut self) -> Result<(), Error> {
        patiently("a turn to ask", std::future::poll_fn(|cx| self.requests.poll_ready(cx))).await?;
        let (_, mut stream) = self.requests.send_request(request("/graphql"), false)?;
        stream.send_reset(Reason::CANCEL);
        Ok(())
    }

    /// Waits until the gateway ends the connection; the client asks nothing more.
    ///
    /// # Errors
    /// Where it isn't ended in peace.
    pub async fn ended(self) -> Result<(), Error> {
        patiently("the connection's end", self.connection).await.unwrap()
    }
}

/// Reads an answer to its end: the status, and the body as JSON.
///
/// # Errors
/// Where it breaks off.
pub async fn read(response: ResponseFuture) -> Result<(u16, Value), Error> {
    let mut response = patiently("an answer", response).await?;
    let mut text = Vec::new();
    while let Some(data) = patiently("the body", response.body_mut().data()).await {
        let data = data?;
        response.body_mut().flow_control().release_capacity(data.len())?;
        text.extend_from_slice(&data);
    }
    Ok((response.status().as_u16(), serde_json::from_slice(&text).unwrap_or_default()))
}

fn request(path: &str) -> Request<()> {
    Request::post(format!("http://opsgate{path}")).body(()).unwrap()
}
