//! Over a WebSocket: frames of any kind, messages in any order.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};
use tests::{Message, Socket, SocketFrame as Frame};

use super::{
    Bench, MARK, SCHEMA,
    document::{generate, spoil},
    judge,
    shape::{json, text},
    tape::{Tape, tapes},
};

/// How the gateway may end a connection.
const CLOSES: [u16; 7] = [4400, 4401, 4403, 4408, 4409, 4429, 1013];

/// What a client says.
#[derive(Clone, Debug)]
enum Say {
    Frame(Frame),
    /// Subscribes to a document.
    Document(String, &'static str, Tape, bool),
}

fn say() -> impl Strategy<Value = Say> {
    let types = select(vec![
        "connection_init",
        "connection_ack",
        "ping",
        "pong",
        "subscribe",
        "next",
        "error",
        "complete",
        MARK,
    ]);
    let ids = prop_oneof![Just("1".to_owned()), Just("2".to_owned()), "[a-z\"\\\\é]{0,40}"];
    let kinds = select(vec!["query", "mutation", "subscription"]);
    let message = (types, prop::option::of(ids.clone()), prop::option::of(json()))
        .prop_map(|(ty, id, payload)| json!({ "type": ty, "id": id, "payload": payload }));
    let begin = (ids.clone(), json(), json()).prop_map(|(id, variables, extensions)| {
        let payload = json!({ "query": "{ __typename }", "variables": variables, "extensions": extensions });
        json!({ "type": "subscribe", "id": id, "payload": payload })
    });
    let frame = prop_oneof![
        1 => text().prop_map(Frame::text),
        1 => json().prop_map(|json| Frame::text(json.to_string())),
        4 => message.prop_map(|json| Frame::text(json.to_string())),
        2 => begin.prop_map(|json| Frame::text(json.to_string())),
        1 => vec(any::<u8>(), 0..40).prop_map(Frame::binary),
        1 => vec(any::<u8>(), 0..125).prop_map(|bytes| Frame::Ping(bytes.into())),
        1 => vec(any::<u8>(), 0..125).prop_map(|bytes| Frame::Pong(bytes.into())),
    ];
    let document = (ids, kinds, tapes(150), any::<bool>())
        .prop_map(|(id, kind, tape, is_spoiled)| Say::Document(id, kind, tape, is_spoiled));
    prop_oneof![2 => frame.prop_map(Say::Frame), 1 => document]
}

#[test]
fn any_messages() {
    let bench = Bench::start();
    let inputs = (prop::bool::weighted(0.8), vec(say(), 0..8));
    bench.check(file!(), &inputs, async |(is_known, said)| {
        let credential = bench.gateway.owner().credential();
        let mut socket = match is_known {
            true => Socket::open(bench.gateway.address(), credential).await,
            false => Socket::connect(bench.gateway.address()).await,
        };
        let shown = format!("{said:?}");
        for say in said {
            socket.say(frame(&bench, say)).await;
        }
        // Whatever was said, this is answered, or there is a reason not to.
        let payload = json!({ "query": "{ __typename }" });
        socket.say(text_of(&json!({ "id": "honest", "type": "subscribe", "payload": payload }))).await;
        loop {
            match socket.next().await {
                Message::Json(message) if message["type"] == "complete" && message["id"] == "honest" => break,
                Message::Json(message) => heard(&message, &shown),
                Message::Closed(code, reason) => {
                    assert!(CLOSES.contains(&code), "{code} {reason} to {shown}");
                    assert!(!reason.contains(MARK), "{reason} to {shown}");
                    break;
                }
            }
        }
    });
}

fn frame(bench: &Bench, say: Say) -> Frame {
    match say {
        Say::Frame(frame) => frame,
        Say::Document(id, kind, mut tape, is_spoiled) => {
            let document = generate(&SCHEMA, kind, &bench.ids, &mut tape);
            let text = document.text();
            let query = if is_spoiled { spoil(&text, &mut tape) } else { text };
            let payload = json!({ "query": query, "variables": document.variables });
            text_of(&json!({ "id": id, "type": "subscribe", "payload": payload }))
        }
    }
}

fn text_of(message: &Value) -> Frame {
    Frame::text(message.to_string())
}

/// A message of the gateway is one of the protocol, and keeps to the rules of answers.
fn heard(message: &Value, shown: &str) {
    match message["type"].as_str() {
        Some("connection_ack" | "complete") => {}
        Some("next") => judge::response(&message["payload"], shown),
        Some("error") => judge::errors(&message["payload"], shown),
        _ => panic!("{message} to {shown}"),
    }
}
