//! What goes back.

use async_graphql::{Response, ServerError, Value};
use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response as HttpResponse,
};
use serde::Serialize;

use super::{Media, Refusal, json, origin::REQUEST_ID};
use crate::kernel::{error::Error, request::Origin};

/// A response to a request that wasn't executed: it has no `data`, not even null.
#[derive(Serialize)]
struct Refused<'a> {
    errors: &'a [ServerError],
}

/// The answer over HTTP.
pub fn answer(media: Media, origin: &Origin, outcome: Result<Response, Refusal>) -> HttpResponse {
    let (status, body, header) = match outcome {
        Ok(response) => (StatusCode::OK, json::response(&response), None),
        Err(refusal) => {
            let status = match media {
                Media::Json if refusal.is_about_document => StatusCode::OK,
                _ => refusal.status,
            };
            let Refusal { mut errors, header, .. } = refusal;
            complete(&mut errors, origin);
            (status, refused_payload(&errors).into_bytes(), header)
        }
    };
    let mut http = bare(status, origin, Body::from(body));
    http.headers_mut().insert(header::CONTENT_TYPE, media.content_type());
    http.headers_mut().extend(header);
    http
}

/// An answer with the headers that all have.
pub fn bare(status: StatusCode, origin: &Origin, body: Body) -> HttpResponse {
    let mut http = HttpResponse::new(body);
    *http.status_mut() = status;
    let headers = http.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    // What is answered is the caller's alone, and as of now.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(&origin.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    http
}

/// Errors that say which request they belong to.
pub fn complete(errors: &mut [ServerError], origin: &Origin) {
    for error in errors {
        Error::complete(error, "BAD_USER_INPUT", &origin.request_id);
    }
}

/// The response as JSON, where it isn't HTTP's body: of a stream, or of a socket.
pub fn payload(response: &Response) -> String {
    String::from_utf8(json::response(response)).unwrap_or_default()
}

/// The errors of a refused request as the result that GraphQL calls a request error.
pub fn refused_payload(errors: &[ServerError]) -> String {
    serde_json::to_string(&Refused { errors }).unwrap_or_default()
}

/// Whether `response` says that nothing was executed: the document isn't valid.
pub fn was_refused(response: &Response) -> bool {
    response.data == Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty() && error.source::<Error>().is_none())
}
