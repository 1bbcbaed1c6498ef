//! Nulls as the specification has them.
//!
//! async-graphql 8.0.0-rc.5 answers a failed nullable field by wiping its parent. This extension keeps the error,
//! answers `null` in the field's place, and adds the kept errors to the response.

use std::sync::{Arc, PoisonError};

use async_graphql::{
    ContainerType, Context, Response, ServerError, ServerResult, Value,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute, NextResolve, ResolveInfo},
};

use super::request::Request;

/// The extension; one for all requests, since its state is in the request.
#[derive(Debug)]
pub struct SpecNulls;

impl ExtensionFactory for SpecNulls {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for SpecNulls {
    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        let mut response = next.run(ctx, operation_name).await;
        if let Some(request) = ctx.data_opt::<Arc<Request>>() {
            let mut kept = request.kept_errors.lock().unwrap_or_else(PoisonError::into_inner);
            response.errors.append(&mut kept);
        }
        response
    }

    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        let is_nullable = !info.return_type.ends_with('!');
        match next.run(ctx, info).await {
            Err(error) if is_nullable => keep(ctx.data_opt(), error).map(Some),
            answer => answer,
        }
    }
}

/// The answer of a field of `T` that has failed: null where it may be, else its error.
///
/// # Errors
/// `error`, where the field isn't nullable.
pub fn settle<T: ContainerType>(ctx: &Context<'_>, error: ServerError) -> ServerResult<Value> {
    let types = &ctx.schema_env.registry.types;
    let field = types.get(&*T::type_name()).and_then(|of| of.field_by_name(&ctx.item.node.name.node));
    match field {
        Some(field) if !field.ty.ends_with('!') => keep(ctx.data_opt(), error),
        _ => Err(error),
    }
}

/// Null, and the error beside the data.
fn keep(request: Option<&Arc<Request>>, error: ServerError) -> ServerResult<Value> {
    let Some(request) = request else { return Err(error) };
    request.kept_errors.lock().unwrap_or_else(PoisonError::into_inner).push(error);
    Ok(Value::Null)
}
