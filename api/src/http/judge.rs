//! Documents judged without being executed: those that a token is to be trusted with have to be ones that it can run.

use std::sync::Arc;

use async_graphql::{
    Request, Response, Value,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute},
    parser::parse_query,
};

use super::{limits::Limits, pipeline::Types};
use crate::{
    config::Config,
    kernel::{
        clock::Clock,
        throttle::{Allowance, Throttle},
    },
    schema::{self, Mutation, Query, Schema, Subscription},
};

/// Knows the schema and the limits.
pub struct Judge {
    limits: Limits,
    schema: Schema,
}

impl std::fmt::Debug for Judge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Judge")
    }
}

impl Judge {
    /// One with the limits of the settings.
    pub fn new(config: &Config, clock: Clock) -> Self {
        let types = Types::of::<Query, Mutation, Subscription>();
        let throttle = Throttle::new(clock, Allowance::of(config));
        Self {
            limits: Limits::new(config, types.registry(), throttle),
            schema: schema::builder().extension(OnlyValidate).finish(),
        }
    }

    /// Whether the operations of `text` may be executed.
    ///
    /// # Errors
    /// Why not, for whoever wrote it: a line for each thing that is wrong.
    pub async fn check(&self, text: &str) -> Result<(), Vec<String>> {
        let document = parse_query(text).map_err(|error| vec![error.to_string()])?;
        for (name, _) in document.operations.iter() {
            let name = name.map(|name| name.as_str());
            self.limits.read(text, name).map_err(|refusal| lines(&refusal.errors))?;
            let mut request = Request::new(text);
            request.operation_name = name.map(str::to_owned);
            let response = self.schema.execute(request).await;
            if !response.errors.is_empty() {
                return Err(lines(&response.errors));
            }
        }
        Ok(())
    }
}

fn lines(errors: &[async_graphql::ServerError]) -> Vec<String> {
    let line = |error: &async_graphql::ServerError| match error.locations.first() {
        Some(at) => format!("{} (line {}, column {})", error.message, at.line, at.column),
        None => error.message.clone(),
    };
    errors.iter().map(line).collect()
}

/// Ends a request when its document is known to be valid.
struct OnlyValidate;

impl ExtensionFactory for OnlyValidate {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for OnlyValidate {
    async fn execute(&self, _: &ExtensionContext<'_>, _: Option<&str>, _: NextExecute<'_>) -> Response {
        Response::new(Value::Null)
    }
}
