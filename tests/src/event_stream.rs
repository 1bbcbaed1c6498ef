//! One caller, over server-sent events.

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::{Client, patiently};

/// An open stream.
#[derive(Debug)]
pub struct EventStream {
    response: Response,
    received: String,
}

/// What came.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// Only a sign of life.
    Comment,
    /// An event: its name, its id and its data.
    Event(String, Option<String>, Value),
}

impl Client {
    /// A request to the streams' path, with the headers of this caller and none else.
    pub fn to_streams(&self, method: Method, query: &str) -> RequestBuilder {
        let url = format!("http://{}/graphql/stream{query}", self.address());
        let request = reqwest::Client::new().request(method, url);
        match self.credential() {
            Some(credential) => request.bearer_auth(credential),
            None => request,
        }
    }

    /// Opens a stream for one operation; after the event `last_id`, where one is given.
    pub async fn stream(&self, document: &str, variables: Value, last_id: Option<&str>) -> EventStream {
        let body = json!({ "query": document, "variables": variables });
        let mut request = self.to_streams(Method::POST, "").header("accept", "text/event-stream").json(&body);
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        EventStream::of(request.send().await.unwrap()).await
    }

    /// Reserves a stream and answers its token.
    pub async fn reserve(&self) -> String {
        let response = self.to_streams(Method::PUT, "").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        response.text().await.unwrap()
    }

    /// Opens a reserved stream.
    pub async fn open_reserved(&self, token: &str) -> EventStream {
        let request = self.to_streams(Method::GET, &format!("?token={token}"));
        EventStream::of(request.header("accept", "text/event-stream").send().await.unwrap()).await
    }

    /// Starts an operation on a reserved stream and answers the status and what came with it.
    pub async fn start(
        &self,
        token: &str,
        id: &str,
        document: &str,
        last_id: Option<&str>,
    ) -> (StatusCode, Value) {
        let body = json!({ "query": document, "extensions": { "operationId": id } });
        let mut request =
            self.to_streams(Method::POST, "").header("x-graphql-event-stream-token", token).json(&body);
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        read(request.send().await.unwrap()).await
    }

    /// Stops an operation of a reserved stream.
    pub async fn stop(&self, token: &str, id: &str) -> (StatusCode, Value) {
        let request = self.to_streams(Method::DELETE, &format!("?operationId={id}"));
        read(request.header("x-graphql-event-stream-token", token).send().await.unwrap()).await
    }
}

async fn read(response: Response) -> (StatusCode, Value) {
    let (status, text) = (response.status(), response.text().await.unwrap());
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

impl EventStream {
    async fn of(response: Response) -> Self {
        let head = (response.status(), response.headers()["content-type"].to_str().unwrap().to_owned());
        assert_eq!(head, (StatusCode::OK, "text/event-stream; charset=utf-8".to_owned()));
        let mut stream = Self { response, received: String::new() };
        assert_eq!(stream.frame().await, Some(Frame::Comment), "a stream says at once that it is there");
        stream
    }

    /// What comes next; none at the end.
    pub async fn frame(&mut self) -> Option<Frame> {
        let end = loop {
            if let Some(at) = self.received.find("\n\n") {
                break at + 2;
            }
            let chunk = patiently("an event", self.response.chunk()).await.unwrap();
            let Some(chunk) = chunk else {
                assert_eq!(self.received, "", "the stream breaks off");
                return None;
            };
            self.received += std::str::from_utf8(&chunk).unwrap();
        };
        let frame: String = self.received.drain(..end).collect();
        let (mut event, mut id, mut data) = (None, None, None);
        for line in frame.trim_end().lines() {
            match line.split_once(": ").unwrap_or((line.trim_end_matches(':'), "")) {
                ("event", name) => event = Some(name.to_owned()),
                ("id", own) => id = Some(own.to_owned()),
                ("data", "") => data = Some(Value::Null),
                ("data", json) => data = Some(serde_json::from_str(json).unwrap()),
                ("", _) => {}
                _ => panic!("an unexpected line: {line:?}"),
            }
        }
        Some(match event {
            None => Frame::Comment,
            Some(event) => Frame::Event(event, id, data.expect("an event has data")),
        })
    }

    /// The next event; signs of life are skipped.
    pub async fn event(&mut self) -> Option<(String, Option<String>, Value)> {
        loop {
            match self.frame().await? {
                Frame::Comment => {}
                Frame::Event(event, id, data) => return Some((event, id, data)),
            }
        }
    }

    /// The id and data of the next event, which is a `next`.
    pub async fn next(&mut self) -> (Option<String>, Value) {
        let (event, id, data) = self.event().await.expect("a next before the end");
        assert_eq!(event, "next", "{data}");
        (id, data)
    }

    /// The data of the next event, which is a `complete`; with whether the stream is over by it.
    pub async fn complete(&mut self) -> Value {
        let (event, id, data) = self.event().await.expect("a complete before the end");
        assert_eq!((event.as_str(), id), ("complete", None), "{data}");
        data
    }

    /// The end: nothing comes any more.
    pub async fn end(&mut self) {
        assert_eq!(self.event().await, None);
    }
}
