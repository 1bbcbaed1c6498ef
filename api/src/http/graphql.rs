//! GraphQL over HTTP: one document in, one answer out.
//!
//! A mutation runs in a task of its own, so that a client's disconnect can't cut it in half. A document that selects
//! `eventCursor` reads one snapshot, a dry run one transaction that is rolled back.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use async_graphql::{
    Response, ServerError,
    parser::types::{ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet},
};
use async_graphql_axum::GraphQLResponse;
use axum::{
    body::Bytes,
    extract::{
        ConnectInfo, State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response as HttpResponse},
};

use super::{Face, Socket, graphiql, metrics, websocket};
use crate::kernel::{
    actor::Caller,
    error::{Error, Result},
    request::{Options, Origin, Request},
    tx::MAX_OPEN,
};

/// The header by which requests and answers name themselves.
const REQUEST_ID: &str = "x-request-id";

/// `POST /graphql` with a JSON body.
pub async fn post(
    State(face): State<Face>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> HttpResponse {
    let origin = origin(&headers, Some(peer));
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"));
    if !is_json {
        let error = ServerError::new("send the request as application/json", None);
        return answer(StatusCode::UNSUPPORTED_MEDIA_TYPE, &origin, Response::from_errors(vec![error]));
    }
    let request = match serde_json::from_slice::<async_graphql::Request>(&body) {
        Ok(request) => request,
        Err(_) => {
            let message = r#"the body isn't a GraphQL request: send {"query": "…", "variables": {…}}"#;
            return answer(
                StatusCode::BAD_REQUEST,
                &origin,
                Response::from_errors(vec![ServerError::new(message, None)]),
            );
        }
    };
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let caller = match face.authenticator().authenticate(face.kernel(), authorization) {
        Ok(caller) => caller,
        Err(error) => {
            let status = match error {
                Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::UNAUTHORIZED,
            };
            // Who isn't known can't fill the record by knocking: a number and a line by the address's network.
            tracing::info!(network = %network(peer.ip()), %error, "a credential was refused");
            return answer(status, &origin, refused(error));
        }
    };
    let mut options = Options::of(&request);
    options.idempotency_key = text(&headers, "idempotency-key").or(options.idempotency_key);
    options.is_dry_run |= text(&headers, "x-dry-run").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let (status, response) = execute(&face, caller, origin.clone(), options, request).await;
    answer(status, &origin, response)
}

/// `GET /graphql`: opens a WebSocket, or GraphiQL for a browser.
pub async fn get(
    State(face): State<Face>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> HttpResponse {
    if let Some(page) = graphiql::page(&face, &headers) {
        return page;
    }
    match upgrade {
        Ok(upgrade) => {
            let origin = origin(&headers, Some(peer));
            websocket::upgrade(Socket::of(face), origin, text(&headers, "authorization"), upgrade)
        }
        Err(_) => {
            let message =
                "POST a GraphQL request as application/json, or open a WebSocket (graphql-transport-ws)\n";
            (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")], message).into_response()
        }
    }
}

/// Executes one query or mutation for `caller`.
pub(super) async fn execute(
    face: &Face,
    caller: Caller,
    origin: Origin,
    options: Options,
    mut request: async_graphql::Request,
) -> (StatusCode, Response) {
    let request_id = origin.request_id.clone();
    let is_parsed = request.parsed_query().is_ok();
    let fallback = if is_parsed { "GRAPHQL_VALIDATION_FAILED" } else { "GRAPHQL_PARSE_FAILED" };
    let (status, mut response) = match run(face, caller, origin, options, &mut request).await {
        Ok(response) => {
            // An error before execution leaves no data: the request itself was wrong.
            let is_refused = response.data == async_graphql::Value::Null
                && !response.errors.is_empty()
                && response
                    .errors
                    .iter()
                    .all(|error| error.path.is_empty() && error.source::<Error>().is_none());
            (if is_refused { StatusCode::BAD_REQUEST } else { StatusCode::OK }, response)
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, refused(error)),
    };
    for error in &mut response.errors {
        Error::complete(error, fallback, &request_id);
    }
    (status, response)
}

async fn run(
    face: &Face,
    caller: Caller,
    origin: Origin,
    options: Options,
    request: &mut async_graphql::Request,
) -> Result<Response> {
    let operation_name = request.operation_name.clone();
    let operation = match request.parsed_query() {
        Ok(document) => Shape::of(document, operation_name.as_deref()),
        Err(error) => return Ok(Response::from_errors(vec![error])),
    };
    if operation.is_subscription {
        let message = "subscriptions are served over WebSocket (graphql-transport-ws) at this path";
        return Ok(Response::from_errors(vec![ServerError::new(message, None)]));
    }
    let kernel = face.kernel();
    let is_dry_run = options.is_dry_run && operation.is_mutation;
    let context = if is_dry_run {
        Request::dry_run(kernel, caller, origin, options).await?
    } else if operation.selects_event_cursor && !operation.is_mutation {
        Request::in_snapshot(kernel, caller, origin, options).await?
    } else {
        Request::new(kernel, caller, origin, options)
    };
    let schema = face.schema().clone();
    let document = std::mem::replace(request, async_graphql::Request::new(""));
    let running = async move { schema.execute(document.data(Arc::new(context))).await };
    let limit = if is_dry_run { MAX_OPEN } else { face.config().request_timeout };
    if operation.is_mutation && !is_dry_run {
        // No limit either: what was begun in the client's name is finished and answered.
        return tokio::spawn(running)
            .await
            .map_err(|error| Error::internal(format!("a mutation ended: {error}")));
    }
    tokio::time::timeout(limit, running).await.map_err(|_| Error::unavailable("the request took too long"))
}

/// What must be known of a document before it runs.
struct Shape {
    is_mutation: bool,
    is_subscription: bool,
    selects_event_cursor: bool,
}

impl Shape {
    fn of(document: &ExecutableDocument, operation_name: Option<&str>) -> Self {
        let chosen: Vec<&OperationDefinition> = document
            .operations
            .iter()
            .filter(|(name, _)| operation_name.is_none() || name.map(|name| name.as_str()) == operation_name)
            .map(|(_, operation)| &operation.node)
            .collect();
        Self {
            is_mutation: chosen.iter().any(|operation| operation.ty == OperationType::Mutation),
            is_subscription: chosen.iter().any(|operation| operation.ty == OperationType::Subscription),
            selects_event_cursor: chosen
                .iter()
                .any(|operation| selects(document, &operation.selection_set.node, "eventCursor", 0)),
        }
    }
}

/// Whether a root selection contains the field `name`, through fragments too.
fn selects(document: &ExecutableDocument, set: &SelectionSet, name: &str, depth: usize) -> bool {
    // Fragments that spread themselves are refused by validation; here they only mustn't loop.
    depth < 16
        && set.items.iter().any(|item| match &item.node {
            Selection::Field(field) => field.node.name.node == name,
            Selection::InlineFragment(fragment) => {
                selects(document, &fragment.node.selection_set.node, name, depth + 1)
            }
            Selection::FragmentSpread(spread) => {
                document.fragments.get(&spread.node.fragment_name.node).is_some_and(|fragment| {
                    selects(document, &fragment.node.selection_set.node, name, depth + 1)
                })
            }
        })
}

/// A refusal before execution, with its code.
fn refused(error: Error) -> Response {
    Response::from_errors(vec![
        async_graphql::Error::from(error).into_server_error(async_graphql::Pos::default()),
    ])
}

fn answer(status: StatusCode, origin: &Origin, mut response: Response) -> HttpResponse {
    for error in &mut response.errors {
        Error::complete(error, "BAD_USER_INPUT", &origin.request_id);
    }
    let mut http = GraphQLResponse::from(response).into_response();
    *http.status_mut() = status;
    metrics::answered(status.as_u16());
    if let Ok(id) = HeaderValue::from_str(&origin.request_id) {
        http.headers_mut().insert(REQUEST_ID, id);
    }
    http
}

/// Where a request comes from. Its id is the client's where that is short and plain, else ours.
pub(super) fn origin(headers: &HeaderMap, peer: Option<SocketAddr>) -> Origin {
    let given = text(headers, REQUEST_ID).filter(|id| {
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    });
    Origin {
        request_id: given.unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string()),
        correlation_id: text(headers, "traceparent").and_then(|value| trace_id(&value)),
        ip_address: peer.map(|peer| peer.ip().to_canonical().to_string()),
        user_agent: text(headers, "user-agent").map(|text| text.chars().take(256).collect()),
    }
}

/// The trace id of a W3C `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>`.
fn trace_id(traceparent: &str) -> Option<String> {
    let id = traceparent.split('-').nth(1)?;
    let is_id = id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) && id.bytes().any(|b| b != b'0');
    is_id.then(|| id.to_ascii_lowercase())
}

/// The network of an address: /24 of IPv4, /48 of IPv6. It names no person.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
