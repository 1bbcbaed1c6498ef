//! What must be known of a subscription document before it executes: its one root field, and what of it decides who
//! shares it.

use std::{collections::HashMap, fmt::Write};

use async_graphql::{
    Name, Pos, Positioned, Request, ServerError, Value, Variables,
    parser::types::{
        DocumentOperations, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, Selection,
        SelectionSet,
    },
};

/// A subscription operation, ready to be executed any number of times.
pub(super) struct Document {
    text: String,
    operation_name: Option<String>,
    variables: Variables,
    parsed: ExecutableDocument,
    field: String,
}

/// What two subscriptions must have in common to be shown the same, their callers aside.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    text: String,
    operation_name: Option<String>,
    variables: String,
}

impl Document {
    /// Reads the subscription operation of `request`.
    ///
    /// # Errors
    /// GRAPHQL_PARSE_FAILED; as [`choose`]; and GRAPHQL_VALIDATION_FAILED where it hasn't exactly one root field.
    pub fn read(mut request: Request) -> Result<Self, ServerError> {
        let parsed = request.parsed_query().map_err(|error| coded(error, "GRAPHQL_PARSE_FAILED"))?;
        let mut parsed = parsed.clone();
        let operation = choose(&parsed, request.operation_name.as_deref())?;
        let mut roots = Roots {
            fragments: &parsed.fragments,
            fields: Vec::new(),
            spread: HashMap::new(),
            is_spread: false,
        };
        roots.collect(&operation.node.selection_set.node, 0)?;
        let is_spread = roots.is_spread;
        let field = merge(roots.fields, operation.pos)?;
        let name = field.node.name.node.to_string();
        let mut operation_name = request.operation_name;
        if is_spread {
            // async-graphql doesn't look into fragments at the root of a subscription: it is told the field itself.
            parsed = inlined(operation, field, &parsed.fragments);
            operation_name = None;
        }
        Ok(Self { text: request.query, operation_name, variables: request.variables, parsed, field: name })
    }

    /// The name of the root field in the schema.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// A request that executes it.
    pub fn request(&self) -> Request {
        let mut request = Request::new(self.text.as_str()).variables(self.variables.clone());
        request.operation_name.clone_from(&self.operation_name);
        request.set_parsed_query(self.parsed.clone());
        request
    }

    /// What decides who shares it: everything but the place where it starts.
    ///
    /// That is the root field's `after`. Where it is a variable that is used for nothing else, the variable's value is
    /// left out; where it is a literal that stands nowhere else, the literal is. In odd documents it stays in, which
    /// only means that fewer share.
    pub fn shape(&self) -> Shape {
        let mut shape = Shape {
            text: self.text.clone(),
            operation_name: self.operation_name.clone(),
            variables: String::new(),
        };
        // As it is written: `$name`, or a literal in its quotes.
        let after = self.after().unwrap_or_default();
        let start = after.strip_prefix('$').filter(|name| uses(&self.text, name) == 2);
        if after.len() > 2 && after.starts_with('"') && self.text.matches(&after).count() == 1 {
            shape.text = self.text.replace(&after, "\"\"");
        }
        for (name, value) in self.variables.iter().filter(|(name, _)| Some(name.as_str()) != start) {
            shape.variables.push_str(name);
            shape.variables.push(':');
            canonical(value, &mut shape.variables);
        }
        shape
    }

    fn after(&self) -> Option<String> {
        let operation = choose(&self.parsed, self.operation_name.as_deref()).ok()?;
        operation.node.selection_set.node.items.iter().find_map(|item| match &item.node {
            Selection::Field(field) => field.node.get_argument("after").map(|value| value.node.to_string()),
            _ => None,
        })
    }
}

/// The operation called `name`; without a name, the only one.
///
/// # Errors
/// OPERATION_RESOLUTION_FAILURE where that isn't one.
pub fn choose<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<&'a Positioned<OperationDefinition>, ServerError> {
    let mut found =
        document.operations.iter().filter(|(own, _)| name.is_none() || own.map(|own| own.as_str()) == name);
    match (found.next(), found.next()) {
        (Some((_, operation)), None) => Ok(operation),
        _ => {
            let message = "`operationName` has to name one of the operations in the document";
            Err(coded(ServerError::new(message, None), "OPERATION_RESOLUTION_FAILURE"))
        }
    }
}

/// The fields at the root of a subscription, those in fragments too.
struct Roots<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    fields: Vec<&'a Positioned<Field>>,
    /// The fragments that were spread, each with whether we are inside of it.
    spread: HashMap<&'a Name, bool>,
    is_spread: bool,
}

impl<'a> Roots<'a> {
    fn collect(&mut self, set: &'a SelectionSet, depth: usize) -> Result<(), ServerError> {
        for item in &set.items {
            // It isn't known beforehand what a condition leaves; the specification forbids it.
            if let Some(directive) = item.node.directives().first() {
                return Err(invalid("the root of a subscription takes no directives", directive.pos));
            }
            let mut name = None;
            let (on, fragment) = match &item.node {
                Selection::Field(field) => {
                    self.fields.push(field);
                    continue;
                }
                Selection::InlineFragment(inline) => {
                    (inline.node.type_condition.as_ref(), &inline.node.selection_set)
                }
                Selection::FragmentSpread(spread) => {
                    let spread = &spread.node.fragment_name.node;
                    let fragment = self
                        .fragments
                        .get(spread)
                        .ok_or_else(|| invalid("this fragment isn't defined", item.pos))?;
                    // Again it would add nothing.
                    match self.spread.insert(spread, true) {
                        None => name = Some(spread),
                        Some(false) => {
                            self.spread.insert(spread, false);
                            continue;
                        }
                        Some(true) => return Err(invalid("this fragment spreads itself", item.pos)),
                    }
                    (Some(&fragment.node.type_condition), &fragment.node.selection_set)
                }
            };
            if on.is_some_and(|on| on.node.on.node != "Subscription") {
                return Err(invalid("this fragment isn't one on Subscription", item.pos));
            }
            if depth >= 16 {
                return Err(invalid("these fragments are nested too deeply", item.pos));
            }
            self.is_spread = true;
            self.collect(&fragment.node, depth + 1)?;
            if let Some(name) = name {
                self.spread.insert(name, false);
            }
        }
        Ok(())
    }
}

/// The one field that all of `fields` are: selected in parts, it is put together.
fn merge(fields: Vec<&Positioned<Field>>, operation: Pos) -> Result<Positioned<Field>, ServerError> {
    let mut fields = fields.into_iter();
    let first = fields.next().ok_or_else(|| invalid("a subscription selects one root field", operation))?;
    let mut whole = first.clone();
    if whole.node.name.node.starts_with("__") {
        return Err(invalid("a subscription's root field can't be one of introspection", whole.pos));
    }
    for part in fields {
        let is_same = part.node.response_key().node == whole.node.response_key().node
            && part.node.name.node == whole.node.name.node
            && part.node.arguments == whole.node.arguments;
        if !is_same {
            return Err(invalid("a subscription selects exactly one root field", part.pos));
        }
        whole.node.selection_set.node.items.extend_from_slice(&part.node.selection_set.node.items);
    }
    Ok(whole)
}

/// `operation` alone, with `field` itself at its root, and the fragments that it still spreads.
fn inlined(
    operation: &Positioned<OperationDefinition>,
    field: Positioned<Field>,
    fragments: &HashMap<Name, Positioned<FragmentDefinition>>,
) -> ExecutableDocument {
    let mut kept = HashMap::new();
    keep_spread(&field.node.selection_set.node, fragments, &mut kept);
    let mut operation = operation.clone();
    operation.node.selection_set.node.items =
        vec![Positioned::new(Selection::Field(field.clone()), field.pos)];
    ExecutableDocument { operations: DocumentOperations::Single(operation), fragments: kept }
}

fn keep_spread(
    set: &SelectionSet,
    fragments: &HashMap<Name, Positioned<FragmentDefinition>>,
    kept: &mut HashMap<Name, Positioned<FragmentDefinition>>,
) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => keep_spread(&field.node.selection_set.node, fragments, kept),
            Selection::InlineFragment(inline) => {
                keep_spread(&inline.node.selection_set.node, fragments, kept)
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                if let Some(fragment) = fragments.get(name).filter(|_| !kept.contains_key(name)) {
                    kept.insert(name.clone(), fragment.clone());
                    keep_spread(&fragment.node.selection_set.node, fragments, kept);
                }
            }
        }
    }
}

/// How often `$name` stands in `text`.
fn uses(text: &str, name: &str) -> usize {
    let is_end = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    text.match_indices('$')
        .filter(|(at, _)| text[at + 1..].trim_start().strip_prefix(name).is_some_and(is_end))
        .count()
}

/// Writes `value` so that equal values read the same: the keys of objects in order.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in fields {
                out.push_str(name);
                out.push(':');
                canonical(value, out);
            }
            out.push('}');
        }
        Value::List(items) => {
            out.push('[');
            for item in items {
                canonical(item, out);
            }
            out.push(']');
        }
        // Quoted where it is text, so that no two values run into each other; the comma parts numbers.
        scalar => {
            let _ = write!(out, "{scalar},");
        }
    }
}

fn invalid(message: &str, pos: Pos) -> ServerError {
    coded(ServerError::new(message, Some(pos)), "GRAPHQL_VALIDATION_FAILED")
}

fn coded(mut error: ServerError, code: &str) -> ServerError {
    error.extensions.get_or_insert_default().set("code", code);
    error
}
