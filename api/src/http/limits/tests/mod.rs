//! The limits against the gateway's own schema, without a socket: what is let in, what it costs, what is refused.

mod bounds;
mod cost;
mod hostile;
mod lexer;

use std::sync::LazyLock;

use async_graphql::{Request, ServerError, Variables};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::*;
use crate::{
    config::Overrides,
    http::pipeline,
    kernel::{clock::Clock, throttle::Allowance},
    schema::{Mutation, Query, Subscription},
};

static SCHEMA: LazyLock<pipeline::Types> =
    LazyLock::new(pipeline::Types::of::<Query, Mutation, Subscription>);
/// Limits that let anything costly in.
static RICH: LazyLock<Limits> = LazyLock::new(|| limits(&[("request_max_cost", "1000000")]));

/// Limits as they are by default, for another schema's tests.
pub fn generous(registry: &Registry, throttle: &Throttle) -> Limits {
    Limits::new(&by_default(), registry, throttle.clone())
}

/// The settings where nobody sets any.
pub fn by_default() -> Config {
    Config::assemble(None, [], &Overrides::default()).unwrap()
}

/// The limits as they are by default but for `settings`.
fn limits(settings: &[(&str, &str)]) -> Limits {
    let overrides =
        settings.iter().fold(Overrides::default(), |overrides, (name, value)| overrides.with(name, *value));
    let config = Config::assemble(None, [], &overrides).unwrap();
    let allowance = Allowance { bucket: 1_000_000_000, per_second: 1, subscriptions: 1 };
    let throttle = Throttle::new(Clock::manual(DateTime::<Utc>::UNIX_EPOCH), allowance);
    Limits::new(&config, SCHEMA.registry(), throttle)
}

fn request(document: &str, variables: Value) -> Request {
    Request::new(document).variables(Variables::from_json(variables))
}

/// Lets nobody's request in.
fn admit(limits: &Limits, request: Request) -> Result<Admission, ServerError> {
    admit_for(limits, &request).map_err(|mut refusal| refusal.errors.remove(0))
}

fn admit_for(limits: &Limits, request: &Request) -> Result<Admission, Refusal> {
    let known = limits.read(&request.query, request.operation_name.as_deref())?;
    limits.check_variables(&request.variables)?;
    limits.admit(known, &request.variables, &Caller::anonymous(), &Origin::default())
}

/// What a document costs at most with these variables.
fn cost_with(document: &str, variables: Value) -> u64 {
    admit(&RICH, request(document, variables)).unwrap_or_else(|error| panic!("{document}: {error:?}")).cost()
}

fn cost(document: &str) -> u64 {
    cost_with(document, json!({}))
}

/// The `limit` and `code` by which a document is refused.
fn refusal_of(limits: &Limits, document: &str) -> (String, String) {
    let error = admit(limits, request(document, json!({}))).expect_err(document);
    let extensions = error.extensions.as_ref().unwrap();
    let text = |name| match extensions.get(name) {
        Some(async_graphql::Value::String(text)) => text.clone(),
        _ => String::new(),
    };
    (text("limit"), text("code"))
}
