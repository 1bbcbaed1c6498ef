//! What a transport needs of the gateway. The face is one; tests have others.

use async_graphql::Response;

use super::pipeline::{Operation, Pipeline, Refusal};
use crate::kernel::{Kernel, actor::Caller, error::Result, request::Origin, stream::Streams};

/// A gateway, as those see it who carry its messages. Cheap to clone.
pub trait Gateway: Clone + Send + Sync + 'static {
    /// The kernel.
    fn kernel(&self) -> &Kernel;

    /// The subscriptions of the process.
    fn streams(&self) -> &Streams;

    /// The stages of a request.
    fn pipeline(&self) -> &Pipeline;

    /// Who shows `authorization`, the value of an `Authorization` header, where; nobody where there is none.
    ///
    /// # Errors
    /// UNAUTHENTICATED where it isn't valid, UNAVAILABLE where that can't be known now.
    fn authenticate(
        &self,
        authorization: Option<&str>,
        origin: &Origin,
    ) -> impl Future<Output = Result<Caller>> + Send;

    /// Executes a query or mutation; the errors of the response are complete.
    ///
    /// # Errors
    /// Where nothing was executed.
    fn execute(
        &self,
        caller: Caller,
        origin: Origin,
        operation: Operation,
    ) -> impl Future<Output = Result<Response, Refusal>> + Send;
}
