//! `/graphql`: a request in, an answer out.

use std::net::SocketAddr;

use async_graphql::Response;
use axum::{
    Extension,
    body::Body,
    extract::{
        ConnectInfo, RawQuery, State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response as HttpResponse},
};
use tracing::Instrument;

use super::{
    Face, Open,
    exchange::{Exchange, Source},
    gateway::Gateway,
    graphiql, metrics,
    pipeline::{Media, Refusal, answer, one},
    server::Acquaintance,
    websocket,
};

/// `POST /graphql` with a JSON body.
pub async fn post(
    State(face): State<Face>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> HttpResponse {
    serve(Exchange::new(face, peer, headers), Source::Body(body)).await
}

/// `GET /graphql`: GraphiQL for a browser; else opens a WebSocket, or runs the query in the URL.
pub async fn get(
    State(face): State<Face>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    acquaintance: Option<Extension<Acquaintance>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> HttpResponse {
    if let Some(page) = graphiql::page(&face, &headers) {
        return page;
    }
    let mut exchange = Exchange::new(face, peer, headers);
    match upgrade {
        Ok(upgrade) => open(exchange, upgrade, acquaintance),
        Err(rejection) if exchange.headers.contains_key(header::UPGRADE) => {
            exchange.observed.leave_untold();
            rejection.into_response()
        }
        Err(_) => serve(exchange, Source::Url(query)).await,
    }
}

/// Any other method.
pub async fn refuse(
    State(face): State<Face>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> HttpResponse {
    let mut exchange = Exchange::new(face, peer, headers);
    let refusal = Refusal::http(StatusCode::METHOD_NOT_ALLOWED, "send requests by POST, queries also by GET");
    let media = Media::of(&exchange.headers).unwrap_or(Media::Json);
    finish(&mut exchange, media, Err(refusal))
}

async fn serve(mut exchange: Exchange, source: Source) -> HttpResponse {
    let (media, outcome) = match Media::of(&exchange.headers) {
        Ok(media) => (media, run(&mut exchange, source).await),
        Err(refusal) => (Media::Json, Err(refusal)),
    };
    finish(&mut exchange, media, outcome)
}

async fn run(exchange: &mut Exchange, source: Source) -> Result<Response, Refusal> {
    let (caller, operation) = exchange.admit(source).await?;
    let span = exchange.observed.span();
    exchange.face.execute(caller, exchange.origin.clone(), operation).instrument(span).await
}

fn finish(exchange: &mut Exchange, media: Media, outcome: Result<Response, Refusal>) -> HttpResponse {
    exchange.observed.ended(outcome.as_ref());
    let answer = answer(media, &exchange.origin, outcome);
    metrics::answered(answer.status().as_u16());
    answer
}

/// Opens a WebSocket. Who is calling is looked at when the client says `connection_init`.
fn open(
    mut exchange: Exchange,
    upgrade: WebSocketUpgrade,
    acquaintance: Option<Extension<Acquaintance>>,
) -> HttpResponse {
    let authorization = match one(&exchange.headers, header::AUTHORIZATION.as_str()) {
        Ok(authorization) => authorization.map(str::to_owned),
        Err(refusal) => return finish(&mut exchange, Media::Json, Err(refusal)),
    };
    exchange.observed.leave_untold();
    let limits = websocket::Limits::of(exchange.face.config());
    let open = Open::socket(&exchange.face);
    let known = move || acquaintance.iter().for_each(|acquaintance| acquaintance.make());
    websocket::upgrade(exchange.face, limits, exchange.origin, authorization, upgrade, known, open)
}
