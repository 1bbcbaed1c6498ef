//! Limits: what a request may ask for, decided before anything of it runs.
//!
//! Every request passes here on its way through the pipeline. [`Limits::read`] *bounds* its document, first by its tokens
//! (`lexer.rs`), which protects the parser, and then by what it comes to with its fragments written out (`counts.rs`);
//! [`Limits::check_variables`] does the same for the variables. What is left has a *price* (`cost.rs`): a request may cost
//! so much, and [`Limits::admit`] takes that from its caller's bucket ([`throttle`](crate::kernel::throttle)). What became
//! of a document is kept for the next request that has it (`known.rs`).
//!
//! Introspection has bounds and a price of its own, and is for callers who are signed in.
//!
//! Each bound is a setting; docs/limits.md has the table. A refusal names the bound and repeats nothing of the document.

mod arguments;
mod bounds;
mod cost;
mod counts;
mod known;
mod lexer;
mod types;
mod variables;

#[cfg(test)]
pub mod tests;

use std::sync::Arc;

use async_graphql::{
    Name, Response, Value, Variables, indexmap::IndexMap, parser::parse_query, registry::Registry,
};

pub use self::known::Known;
use self::{
    bounds::{Bounds, Limit},
    cost::Price,
    known::Documents,
    types::Types,
};
use super::pipeline::{Refusal, unparsable};
use crate::{
    config::Config,
    kernel::{
        actor::Caller,
        error::Error,
        request::Origin,
        stream::choose,
        throttle::{Standing, Throttle, Who},
        validity::Validity,
    },
};

/// What a request may ask for.
#[derive(Debug)]
pub struct Limits {
    bounds: Bounds,
    max_cost: u64,
    types: Types,
    documents: Documents,
    throttle: Throttle,
}

impl Limits {
    /// Those of the settings, for the schema of `registry` and the callers of `throttle`.
    pub fn new(config: &Config, registry: &Registry, throttle: Throttle) -> Self {
        Self {
            bounds: Bounds::of(config),
            max_cost: config.request_max_cost,
            types: Types::of(registry),
            documents: Documents::new(),
            throttle,
        }
    }

    /// Reads a document that is within its bounds; of its operations, the one called `operation_name`.
    ///
    /// # Errors
    /// Which bound it is beyond; GRAPHQL_PARSE_FAILED; OPERATION_RESOLUTION_FAILURE.
    pub fn read(&self, text: &str, operation_name: Option<&str>) -> Result<Arc<Known>, Refusal> {
        self.bounds.check(Limit::Bytes, text.len())?;
        self.documents.get(text, operation_name, || {
            let tokens = lexer::check(text, &self.bounds)?;
            let document = parse_query(text).map_err(|error| unparsable(&error))?;
            let operation = choose(&document, operation_name);
            let operation = &operation.map_err(|error| Refusal::documents(vec![error]))?.node;
            let counts = counts::check(&document, operation, &self.bounds)?;
            let introspected = counts.introspection.values;
            Ok(Known {
                text: text.to_owned(),
                operation_name: operation_name.map(str::to_owned),
                tokens,
                validity: Validity::default(),
                introspects: introspected > 0,
                price: Price::of(&self.types, &document, operation, introspected),
                document,
            })
        })
    }

    /// Whether variables are within their bounds.
    ///
    /// # Errors
    /// Which one they are beyond.
    pub fn check_variables(&self, variables: &Variables) -> Result<(), Refusal> {
        variables::check(variables, &self.bounds)
    }

    /// Lets the operation of `known` in, or refuses it. What it costs at most is taken from its caller's bucket.
    ///
    /// # Errors
    /// Which limit it is beyond: MAX_COST_EXCEEDED, THROTTLED; UNAUTHENTICATED where nobody asks for the schema.
    pub fn admit(
        &self,
        known: Arc<Known>,
        variables: &Variables,
        caller: &Caller,
        origin: &Origin,
    ) -> Result<Admission, Refusal> {
        if known.introspects && caller.identity.is_none() {
            return Err(Error::Unauthenticated("the schema is shown to callers who are signed in").into());
        }
        let requested = known.price.requested(variables);
        if requested > self.max_cost {
            return Err(self.too_costly(requested));
        }
        let who = Who::of(caller, origin);
        self.throttle.take(&who, requested).map_err(|error| self.too_fast(error, &who, requested))?;
        Ok(Admission { known, requested, who, throttle: self.throttle.clone() })
    }

    fn too_costly(&self, requested: u64) -> Refusal {
        let message = format!(
            "this may cost {requested} points, and a request at most {} (the setting request_max_cost): ask for shorter \
             pages, or for less of each object",
            self.max_cost
        );
        Refusal::document("MAX_COST_EXCEEDED", message, None)
            .extended("requestedCost", requested)
            .extended("maximum", self.max_cost)
    }

    fn too_fast(&self, error: Error, who: &Who, requested: u64) -> Refusal {
        let allowance = self.throttle.allowance(who);
        let mut refusal = Refusal::from(error);
        for error in &mut refusal.errors {
            error.message = format!(
                "{}: this may cost {requested} points, and of the {} that this caller may spend (the setting \
                 caller_cost_bucket, or the token's costBudget), {} come back each second (caller_cost_per_second)",
                error.message, allowance.bucket, allowance.per_second
            );
        }
        refusal
    }
}

/// An operation that was let in.
#[derive(Debug)]
pub struct Admission {
    known: Arc<Known>,
    requested: u64,
    who: Who,
    throttle: Throttle,
}

impl Admission {
    /// What it costs at most; a subscription, for each event.
    pub fn cost(&self) -> u64 {
        self.requested
    }

    /// Gives back what `response` didn't cost, and says in it how the caller's bucket stands.
    pub fn settle(self, response: &mut Response) {
        let actual = self.known.price.actual(&response.data);
        let standing = self.throttle.settle(&self.who, self.requested, actual);
        response.extensions.insert("cost".to_owned(), report(self.requested, actual, &standing));
    }
}

/// `extensions.cost`.
fn report(requested: u64, actual: u64, standing: &Standing) -> Value {
    let object = |fields: Vec<(&'static str, Value)>| {
        Value::Object(
            fields.into_iter().map(|(name, value)| (Name::new(name), value)).collect::<IndexMap<_, _>>(),
        )
    };
    object(vec![
        ("requestedQueryCost", requested.into()),
        ("actualQueryCost", actual.into()),
        (
            "throttleStatus",
            object(vec![
                ("maximumAvailable", standing.maximum.into()),
                ("currentlyAvailable", standing.available.into()),
                ("restoreRate", standing.per_second.into()),
            ]),
        ),
    ])
}
