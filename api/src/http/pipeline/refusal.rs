//! Why a request isn't executed, and what HTTP says to that.

use async_graphql::{ErrorExtensionValues, Pos, ServerError, Value};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};

use crate::kernel::error::Error;

/// The end of a request before it was executed: there will be no `data`.
#[derive(Debug)]
pub struct Refusal {
    /// The errors, one or more. Their `requestId` is added where they are sent.
    pub errors: Vec<ServerError>,
    /// What `application/graphql-response+json` says.
    pub status: StatusCode,
    /// The request is well formed and may be made: it is its document, its variables or its cost that is wrong. To that
    /// `application/json` says 200.
    pub is_about_document: bool,
    /// A header that belongs to the status.
    pub header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    /// It isn't a GraphQL request as we take them; HTTP says why.
    pub fn http(status: StatusCode, message: &str) -> Self {
        Self {
            errors: vec![coded("BAD_USER_INPUT", message, None)],
            status,
            is_about_document: false,
            header: None,
        }
    }

    /// It isn't well formed.
    pub fn malformed(message: &str) -> Self {
        Self::http(StatusCode::BAD_REQUEST, message)
    }

    /// Its document or its variables can't be executed.
    pub fn document(code: &str, message: impl Into<String>, at: Option<Pos>) -> Self {
        Self::documents(vec![coded(code, message, at)])
    }

    /// The same with errors that have their codes.
    pub fn documents(errors: Vec<ServerError>) -> Self {
        Self { errors, status: StatusCode::BAD_REQUEST, is_about_document: true, header: None }
    }

    /// With a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl TryInto<HeaderValue>) -> Self {
        self.header = value.try_into().ok().map(|value| (name, value));
        self
    }

    /// With something in the `extensions` of its error.
    #[must_use]
    pub fn extended(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let Some(error) = self.errors.first_mut() {
            error.extensions.get_or_insert_default().set(name, value);
        }
        self
    }

    /// With another code.
    #[must_use]
    pub fn recoded(self, code: &str) -> Self {
        self.extended("code", code)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (status, is_about_document) = match &error {
            Error::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, false),
            Error::Forbidden(_)
            | Error::Untrusted
            | Error::MustEnrol
            | Error::InPlace { .. }
            | Error::StepUpRequired { .. } => (StatusCode::FORBIDDEN, false),
            Error::Invalid(_) | Error::CursorExpired { .. } => (StatusCode::BAD_REQUEST, true),
            Error::RateLimited { .. } => (StatusCode::TOO_MANY_REQUESTS, false),
            Error::Unavailable { .. } | Error::MissingKey { .. } => (StatusCode::SERVICE_UNAVAILABLE, false),
            Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, false),
        };
        let header = match &error {
            Error::Unauthenticated(_) => Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Error::RateLimited { retry_after_ms } => {
                Some((header::RETRY_AFTER, HeaderValue::from(retry_after_ms.div_ceil(1000))))
            }
            _ => None,
        };
        let mut error = async_graphql::Error::from(error).into_server_error(Pos::default());
        error.locations.clear();
        Self { errors: vec![error], status, is_about_document, header }
    }
}

fn coded(code: &str, message: impl Into<String>, at: Option<Pos>) -> ServerError {
    let mut error = ServerError::new(message, at);
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    error.extensions = Some(extensions);
    error
}
