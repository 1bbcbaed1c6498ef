//! The bounds of a document, and what is said where one is exceeded.

use crate::{config::Config, http::pipeline::Refusal};

/// What is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The bytes of the document.
    Bytes,
    /// Its tokens.
    Tokens,
    /// Brackets within brackets.
    Nesting,
    /// Selection sets within each other, with fragments written out.
    Levels,
    /// Selections, with fragments written out where they are spread.
    Selections,
    /// Fields within fields.
    Depth,
    /// Fields with another name in the answer.
    Aliases,
    /// Fields of the root type.
    RootFields,
    /// Directives.
    Directives,
    /// Fields within fields of the introspection.
    IntrospectionDepth,
    /// What an introspection asks for.
    IntrospectionValues,
    /// Values in the variables.
    Values,
    /// Lists and objects within each other in the variables.
    ValueNesting,
}

/// The bounds, as set.
#[derive(Clone, Debug)]
pub struct Bounds {
    bytes: usize,
    tokens: usize,
    nesting: usize,
    depth: usize,
    aliases: usize,
    root_fields: usize,
    directives: usize,
    introspection_depth: usize,
    introspection_values: usize,
    values: usize,
}

impl Bounds {
    /// Those of the settings.
    pub fn of(config: &Config) -> Self {
        Self {
            bytes: config.document_max_bytes,
            tokens: config.document_max_tokens,
            nesting: config.document_max_nesting,
            depth: config.document_max_depth,
            aliases: config.document_max_aliases,
            root_fields: config.document_max_root_fields,
            directives: config.document_max_directives,
            introspection_depth: config.introspection_max_depth,
            introspection_values: config.introspection_max_values,
            values: config.variables_max_values,
        }
    }

    /// Whether `found` is within the bound.
    ///
    /// # Errors
    /// Which bound it is, and by what setting it may be moved.
    pub fn check(&self, limit: Limit, found: usize) -> Result<(), Refusal> {
        let (maximum, setting, what) = self.of_limit(limit);
        if found <= maximum {
            return Ok(());
        }
        let code = match limit {
            Limit::Bytes | Limit::Tokens | Limit::Nesting => "GRAPHQL_PARSE_FAILED",
            Limit::Values | Limit::ValueNesting => "BAD_USER_INPUT",
            _ => "GRAPHQL_VALIDATION_FAILED",
        };
        let message = format!("at most {maximum} {what} (the setting {setting})");
        Err(Refusal::document(code, message, None).extended("limit", setting).extended("maximum", maximum))
    }

    /// How much, the setting, and what there may be of it.
    fn of_limit(&self, limit: Limit) -> (usize, &'static str, &'static str) {
        match limit {
            Limit::Bytes => (
                self.bytes,
                "document_max_bytes",
                "bytes in a document: long values travel better as variables",
            ),
            Limit::Tokens => (self.tokens, "document_max_tokens", "tokens in a document, comments counted"),
            Limit::Nesting => (self.nesting, "document_max_nesting", "brackets within each other"),
            Limit::Levels => (
                self.nesting,
                "document_max_nesting",
                "selection sets within each other, fragments counted wherever they are spread",
            ),
            Limit::Selections => (
                self.tokens,
                "document_max_tokens",
                "selections in a document, its fragments counted wherever they are spread",
            ),
            Limit::Depth => (self.depth, "document_max_depth", "fields within each other"),
            Limit::Aliases => (
                self.aliases,
                "document_max_aliases",
                "aliases in an operation, fragments counted wherever they are spread",
            ),
            Limit::RootFields => (
                self.root_fields,
                "document_max_root_fields",
                "root fields in an operation, `__typename` counted",
            ),
            Limit::Directives => (
                self.directives,
                "document_max_directives",
                "directives in an operation, fragments counted wherever they are spread",
            ),
            Limit::IntrospectionDepth => (
                self.introspection_depth,
                "introspection_max_depth",
                "fields within each other in an introspection",
            ),
            Limit::IntrospectionValues => (
                self.introspection_values,
                "introspection_max_values",
                "values in an introspection, each list counted as ten",
            ),
            Limit::Values => (self.values, "variables_max_values", "values in the variables of a request"),
            Limit::ValueNesting => (
                self.nesting,
                "document_max_nesting",
                "lists and objects within each other in the variables of a request",
            ),
        }
    }
}
