//! Somebody who follows the log and remembers what they heard.

use serde_json::json;

use crate::{Client, Heard, Message, Socket};

/// A subscriber to every event.
#[derive(Debug)]
pub struct Subscriber {
    socket: Socket,
    /// What was heard, in the order in which it came.
    pub heard: Vec<Heard>,
}

impl Subscriber {
    /// Subscribes from the place `after` on.
    pub async fn open(client: &Client, after: &str) -> Self {
        Self::open_with(client, after, "").await
    }

    /// The same, selecting more than is remembered.
    pub async fn open_with(client: &Client, after: &str, selection: &str) -> Self {
        let document = format!(
            "subscription($after: EventCursor!) {{ eventPublished(after: $after) \
             {{ cursor entityId entityVersion {selection} }} }}"
        );
        let mut socket = client.socket().await;
        socket.subscribe("events", &document, json!({ "after": after })).await;
        // A query on the same socket is answered after the subscription has begun.
        socket.subscribe("begun", "{ viewer { permissions } }", json!({})).await;
        let mut subscriber = Self { socket, heard: Vec::new() };
        loop {
            match subscriber.socket.next().await {
                Message::Json(message) if message["id"] == "begun" => {
                    assert!(message["payload"].get("errors").is_none(), "{message}");
                    if message["type"] == "complete" {
                        return subscriber;
                    }
                }
                message => assert_eq!(subscriber.note(message), None),
            }
        }
    }

    /// Listens until the event at `cursor` has come.
    pub async fn hear_until(&mut self, cursor: &str) {
        while self.last() != Some(cursor) {
            let message = self.socket.next().await;
            assert_eq!(self.note(message), None, "it went on to {:?}", self.last());
        }
    }

    /// Listens until this many events have come in all.
    pub async fn hear(&mut self, number: usize) {
        while self.heard.len() < number {
            let message = self.socket.next().await;
            assert_eq!(self.note(message), None, "it went on to {:?}", self.last());
        }
    }

    /// Listens until the connection ends, and says how.
    pub async fn hear_all(&mut self) -> (u16, String) {
        loop {
            let message = self.socket.next().await;
            if let Some(end) = self.note(message) {
                return end;
            }
        }
    }

    /// The place to resume from.
    pub fn last(&self) -> Option<&str> {
        self.heard.last().map(|event| event.cursor.as_str())
    }

    /// Remembers an event; an end is answered.
    fn note(&mut self, message: Message) -> Option<(u16, String)> {
        let message = match message {
            Message::Json(message) => message,
            Message::Closed(code, reason) => return Some((code, reason)),
        };
        let event = &message["payload"]["data"]["eventPublished"];
        assert!(message["type"] == "next" && event.is_object(), "{message}");
        self.heard.push(Heard {
            cursor: event["cursor"].as_str().unwrap().to_owned(),
            entity: event["entityId"].as_str().unwrap().to_owned(),
            version: event["entityVersion"].as_i64().map(|version| version.try_into().unwrap()),
        });
        None
    }
}
