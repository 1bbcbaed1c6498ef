//! One exchange over HTTP: a request's head and where its parameters are, and the stages up to an operation that may be
//! executed.

use std::net::SocketAddr;

use async_graphql::parser::types::OperationType;
use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use tracing::Instrument;

use super::{
    Face,
    gateway::Gateway,
    observed::{Observed, tell_credential},
    pipeline::{Operation, Params, Refusal, amend, bare, one, origin, read},
};
use crate::kernel::{
    actor::Caller,
    request::{Options, Origin},
    trace,
};

/// Where the parameters of a request are.
pub(super) enum Source {
    /// In its body, as JSON.
    Body(Body),
    /// In its URL: it changes nothing.
    Url(Option<String>),
}

/// A request's head, and what has been learned from it.
pub(super) struct Exchange {
    pub face: Face,
    pub headers: HeaderMap,
    pub origin: Origin,
    pub observed: Observed,
}

impl Exchange {
    pub fn new(face: Face, peer: SocketAddr, headers: HeaderMap) -> Self {
        let observed = Observed::begin();
        let origin = origin(&headers, peer, &face.config().trusted_proxies);
        Self { origin, face, headers, observed }
    }

    /// Reads, authenticates and admits.
    ///
    /// # Errors
    /// Whatever ends a request before it is executed.
    pub async fn admit(&mut self, source: Source) -> Result<(Caller, Operation), Refusal> {
        let is_safe = matches!(source, Source::Url(_));
        let params = match source {
            Source::Body(body) => read(&self.headers, body, self.face.body_bounds()).await?,
            Source::Url(query) => Params::from_url(query.as_deref().unwrap_or_default())?,
        };
        amend(&mut self.origin, &params.extensions);
        let step = self.observed.trace(&self.origin).in_scope(|| trace::step("admit"));
        let (caller, operation) = self.admitted(params, is_safe).instrument(step).await?;
        self.observed.is(operation.ty);
        Ok((caller, operation))
    }

    async fn admitted(&self, params: Params, is_safe: bool) -> Result<(Caller, Operation), Refusal> {
        let caller = self.authenticate().await?;
        let options = self.options()?;
        let admitted = self.face.pipeline().admit(self.face.kernel(), &caller, &self.origin, params).await?;
        let operation = admitted.with_options(options);
        if is_safe && operation.ty == OperationType::Mutation {
            let message = "a GET changes nothing: send mutations by POST";
            return Err(Refusal::http(StatusCode::METHOD_NOT_ALLOWED, message).with(header::ALLOW, "POST"));
        }
        Ok((caller, operation))
    }

    /// An answer to it, with the headers that all have.
    pub fn response(&self, status: StatusCode, body: Body) -> Response {
        bare(status, &self.origin, body)
    }

    /// Who asks.
    ///
    /// # Errors
    /// 401 where they show something that isn't valid.
    pub async fn authenticate(&self) -> Result<Caller, Refusal> {
        let authorization = one(&self.headers, header::AUTHORIZATION.as_str())?;
        let caller = self.face.authenticate(authorization, &self.origin).await;
        Ok(caller.inspect_err(|error| tell_credential(&self.origin, error))?)
    }

    /// What the headers ask of the whole request.
    fn options(&self) -> Result<Options, Refusal> {
        let is_dry_run = match one(&self.headers, "x-dry-run")? {
            None => false,
            Some(text) if text.eq_ignore_ascii_case("false") => false,
            Some(text) if text.eq_ignore_ascii_case("true") => true,
            Some(_) => return Err(Refusal::malformed("`X-Dry-Run` is true or false")),
        };
        Ok(Options { idempotency_key: one(&self.headers, "idempotency-key")?.map(str::to_owned), is_dry_run })
    }
}
