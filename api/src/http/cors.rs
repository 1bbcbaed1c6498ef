//! Pages of other origins (CORS), where the settings name them.
//!
//! A credential is a header that a page sets by itself, never a cookie: so none is allowed to come along by the browser's
//! own doing, and a page that has no token is nobody.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::config::CorsOrigins;

/// How long a browser keeps what it was told; none keeps it for longer.
const KEPT: Duration = Duration::from_secs(2 * 60 * 60);

/// What a page may send along.
const TAKEN: [HeaderName; 9] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("last-event-id"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("x-dry-run"),
    HeaderName::from_static("x-graphql-event-stream-token"),
    HeaderName::from_static("x-request-id"),
];

/// What a page may read, beside what it always may.
const SHOWN: [HeaderName; 2] = [header::RETRY_AFTER, HeaderName::from_static("x-request-id")];

/// Answers preflights, and tells browsers which pages may read an answer.
pub(super) fn layer(origins: &CorsOrigins) -> CorsLayer {
    let origins = match origins {
        CorsOrigins::Any => Any.into(),
        CorsOrigins::These(origins) => {
            AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
        }
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(TAKEN)
        .expose_headers(SHOWN)
        .max_age(KEPT)
        .vary([header::ORIGIN])
}
