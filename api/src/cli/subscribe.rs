//! `opsgate subscribe`: follows a subscription from the command line.
//!
//! One line of JSON on standard output for each result. Where the connection is lost it comes back and goes on from
//! the last cursor, if the document takes `$after` and selects `cursor`.

use std::time::Duration;

use clap::Args;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{self, Message, client::IntoClientRequest},
};

use super::output::print;

/// How long it waits before it comes back.
const PAUSE: Duration = Duration::from_secs(1);

/// What to follow, and where.
#[derive(Args)]
pub struct Options {
    /// A subscription: `subscription { incidentChanged { type incident { number title status } } }`.
    document: String,
    /// Where the gateway is.
    #[arg(long, default_value = "http://127.0.0.1:8080/graphql")]
    url: String,
    /// An API token or JWT. Better in the environment: arguments stand in the list of processes.
    #[arg(long, env = "OPSGATE_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Variables, as a JSON object.
    #[arg(long, default_value = "{}")]
    variables: String,
}

/// Why it ends.
enum End {
    /// The connection was lost, or the gateway stops.
    Lost(String),
    /// Coming back changes nothing.
    Final(Box<dyn std::error::Error>),
}

impl From<tungstenite::Error> for End {
    fn from(error: tungstenite::Error) -> Self {
        Self::Lost(error.to_string())
    }
}

/// Follows until the gateway says that it's over.
pub async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    let mut variables: Value = serde_json::from_str(&options.variables)
        .map_err(|error| format!("--variables isn't a JSON object: {error}"))?;
    if !variables.is_object() {
        return Err("--variables isn't a JSON object".into());
    }
    loop {
        match follow(&options, &mut variables).await {
            Ok(()) => return Ok(()),
            Err(End::Final(why)) => return Err(why),
            Err(End::Lost(why)) => {
                eprintln!("opsgate: {why}; coming back");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn follow(options: &Options, variables: &mut Value) -> Result<(), End> {
    let url = options.url.replacen("http", "ws", 1);
    let mut request = url.as_str().into_client_request().map_err(|error| End::Final(error.into()))?;
    let protocol = tungstenite::http::HeaderValue::from_static("graphql-transport-ws");
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let (mut socket, _) = connect_async(request).await?;
    let authorization =
        options.token.as_ref().map(|token| json!({ "authorization": format!("Bearer {token}") }));
    socket.send(text(&json!({ "type": "connection_init", "payload": authorization }))).await?;
    let payload = json!({ "query": options.document, "variables": variables });
    while let Some(message) = socket.next().await {
        let message = match message? {
            Message::Text(message) => message,
            Message::Close(Some(close)) => {
                let code = u16::from(close.code);
                let why = format!("closed with {code} {}", close.reason);
                return Err(match code {
                    4401 | 4403 => End::Final(format!("{why}: the token isn't good, or not any more").into()),
                    // The others that the protocol calls fatal: see http/websocket.
                    4400 | 4406 | 4409 | 4429 => End::Final(why.into()),
                    _ => End::Lost(why),
                });
            }
            _ => continue,
        };
        let message: Value = serde_json::from_str(&message)
            .map_err(|error| End::Final(format!("this isn't a gateway: {error}").into()))?;
        match message["type"].as_str() {
            Some("connection_ack") => {
                socket.send(text(&json!({ "id": "1", "type": "subscribe", "payload": payload }))).await?;
            }
            Some("ping") => socket.send(text(&json!({ "type": "pong" }))).await?,
            Some("next") => {
                let result = &message["payload"];
                print(format_args!("{result}\n")).map_err(End::Final)?;
                let cursor = result["data"].as_object().and_then(|data| data.values().next()?.get("cursor"));
                if let Some(cursor) = cursor {
                    variables["after"] = cursor.clone();
                }
            }
            Some("error") => return Err(End::Final(faults(&message["payload"]).into())),
            Some("complete") => return Ok(()),
            _ => {}
        }
    }
    Err(End::Lost("the connection was lost".to_owned()))
}

/// The errors of a refusal, for people: a line each.
fn faults(errors: &Value) -> String {
    let line = |error: &Value| {
        let (message, about) = (error["message"].as_str()?, &error["extensions"]);
        let mut line = format!("{message} ({}", about["code"].as_str().unwrap_or("no code"));
        if let Some(request) = about["requestId"].as_str() {
            line += &format!(", request {request}");
        }
        Some(line + ")")
    };
    let lines: Option<Vec<_>> = errors.as_array().and_then(|errors| errors.iter().map(line).collect());
    lines.map_or_else(|| errors.to_string(), |lines| lines.join("\n"))
}

fn text(message: &Value) -> Message {
    Message::text(message.to_string())
}
