//! What becomes of a request, step by step, whichever way it came.
//!
//! | stage | where | refused with |
//! | --- | --- | --- |
//! | negotiate what the answer is written as | [`Media::of`] | 406 |
//! | read the request: a body, a URL, a message of a socket | [`read`], [`Params`] | 400, 408, 413, 415 |
//! | authenticate | [`Authenticator`](super::Authenticator) | 401, 503 |
//! | find the document, where it is named by its hash | [`Named::of`] | `PERSISTED_QUERY_NOT_FOUND`, … |
//! | look whether the caller may run it | [`Persisted::trusted`] | `FORBIDDEN` |
//! | read the document within its bounds, choose its operation | [`Limits::read`] | `GRAPHQL_PARSE_FAILED`, … |
//! | check the variables | [`variables::check`] | `BAD_USER_INPUT` |
//! | price it, and take that from the caller's bucket | [`Limits::admit`] | `MAX_COST_EXCEEDED`, `THROTTLED` |
//! | execute | [`execute`](execute::execute) | `GRAPHQL_VALIDATION_FAILED`, 503 |
//! | answer | [`answer`] | |
//!
//! The first two are a transport's own; [`Pipeline::admit`] is everything between authentication and execution.
//! Whatever ends a request before it is executed is a [`Refusal`].

mod answer;
mod execute;
mod json;
mod media;
mod operation;
mod origin;
mod params;
mod persisted;
mod read;
mod refusal;
mod types;
mod variables;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_graphql::{Response, ServerError};

use super::limits::Limits;
use crate::kernel::{Kernel, actor::Caller, error::Error, request::Origin};

pub use self::{
    answer::{answer, bare, complete, payload, refused_payload},
    execute::execute,
    media::{Accept, Media},
    operation::Operation,
    origin::{amend, network, new_request_id, one, origin},
    params::{Params, named},
    persisted::{Named, Persisted},
    read::{Bounds, read},
    refusal::Refusal,
    types::Types,
    words::unparsable,
};

/// The stages that all transports share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pipeline {
    types: Arc<Types>,
    limits: Arc<Limits>,
    persisted: Arc<Persisted>,
}

impl Pipeline {
    /// For requests to the schema of these types, within these limits, which may name documents that were remembered.
    pub fn new(types: Types, limits: Limits, persisted: Persisted) -> Self {
        Self { types: Arc::new(types), limits: Arc::new(limits), persisted: Arc::new(persisted) }
    }

    /// From the parameters of a request to an operation that may be executed for `caller`, within `kernel`.
    ///
    /// # Errors
    /// Whatever is wrong with the request before it is executed.
    pub async fn admit(
        &self,
        kernel: &Kernel,
        caller: &Caller,
        origin: &Origin,
        mut params: Params,
    ) -> Result<Operation, Refusal> {
        let named = Named::of(&mut params)?;
        if let Some(trusted) = caller.trusted() {
            let Some(document) = self.persisted.trusted(kernel, trusted, named).await? else {
                kernel.denials().note_document(kernel, caller, origin).await;
                return Err(Error::Untrusted.into());
            };
            return Operation::read(self, caller, origin, document, params);
        }
        let hash = named.hash;
        let document = self.persisted.text(named)?;
        let operation = Operation::read(self, caller, origin, document, params)?;
        self.persisted.remember(caller, hash, &operation);
        Ok(operation)
    }

    /// What was executed; or, where the document wasn't valid, why not.
    ///
    /// # Errors
    /// GRAPHQL_VALIDATION_FAILED.
    fn validated(&self, mut response: Response) -> Result<Response, Refusal> {
        if !answer::was_refused(&response) {
            return Ok(response);
        }
        self.tidy(&mut response.errors);
        for error in &mut response.errors {
            error.extensions.get_or_insert_default().set("code", "GRAPHQL_VALIDATION_FAILED");
        }
        Err(Refusal::documents(response.errors))
    }

    /// Takes what the client wrote out of the messages of errors about a document.
    pub fn tidy(&self, errors: &mut [ServerError]) {
        for error in errors {
            error.message = words::without_echo(&error.message, &self.types);
        }
    }
}
