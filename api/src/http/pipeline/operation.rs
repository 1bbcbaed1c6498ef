//! A document, read; and of it the one operation that is asked for.

use std::collections::HashSet;

use async_graphql::{
    Extensions, Name, Request,
    parser::types::{ExecutableDocument, OperationType, Selection, SelectionSet},
};

use super::{Params, Pipeline, Refusal, variables};
use crate::{
    http::limits::Admission,
    kernel::{
        actor::Caller,
        request::{Options, Origin},
        stream,
    },
};

/// One operation, ready to be executed.
pub struct Operation {
    /// What kind it is.
    pub ty: OperationType,
    /// It selects `eventCursor`: everything it reads has to be as of one moment.
    pub reads_cursor: bool,
    /// What is asked of the whole request.
    pub options: Options,
    /// What else the client wants said.
    pub extensions: Extensions,
    /// The request, its document parsed.
    pub request: Request,
    /// What was let in, and for how much.
    pub admission: Admission,
}

impl Operation {
    /// Reads `document` and chooses the operation that `params` names.
    ///
    /// # Errors
    /// GRAPHQL_PARSE_FAILED, OPERATION_RESOLUTION_FAILURE, BAD_USER_INPUT where variables don't fit, and whatever limit
    /// it is beyond.
    pub fn read(
        pipeline: &Pipeline,
        caller: &Caller,
        origin: &Origin,
        document: String,
        params: Params,
    ) -> Result<Self, Refusal> {
        let Params { operation_name, variables, extensions, .. } = params;
        let known = pipeline.limits.read(&document, operation_name.as_deref())?;
        let parsed = &known.document;
        let operation = stream::choose(parsed, operation_name.as_deref())
            .map_err(|error| Refusal::documents(vec![error]))?;
        pipeline.limits.check_variables(&variables)?;
        variables::check(&operation.node, &variables, &pipeline.types)?;
        let ty = operation.node.ty;
        let reads_cursor = ty == OperationType::Query
            && selects(parsed, &operation.node.selection_set.node, "eventCursor", &mut HashSet::new());
        let options = Options::of(&extensions)?;
        let admission = pipeline.limits.admit(known.clone(), &variables, caller, origin)?;
        let mut request = Request::new(document).variables(variables).data(known.validity.clone());
        request.operation_name = operation_name;
        request.set_parsed_query(parsed.clone());
        Ok(Self { ty, reads_cursor, options, extensions, request, admission })
    }

    /// What `headers` ask of the request, where it doesn't say itself.
    #[must_use]
    pub fn with_options(mut self, headers: Options) -> Self {
        self.options.idempotency_key = self.options.idempotency_key.or(headers.idempotency_key);
        self.options.is_dry_run |= headers.is_dry_run;
        self
    }
}

/// Whether a root selection contains the field `name`, through fragments too. Each fragment is looked at once: `seen`
/// are those that were.
fn selects<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    name: &str,
    seen: &mut HashSet<&'a Name>,
) -> bool {
    set.items.iter().any(|item| match &item.node {
        Selection::Field(field) => field.node.name.node == name,
        Selection::InlineFragment(fragment) => {
            selects(document, &fragment.node.selection_set.node, name, seen)
        }
        Selection::FragmentSpread(spread) => {
            let fragment = document.fragments.get_key_value(&spread.node.fragment_name.node);
            fragment.is_some_and(|(own, fragment)| {
                seen.insert(own) && selects(document, &fragment.node.selection_set.node, name, seen)
            })
        }
    })
}
