//! What a document counts, with its fragments written out.
//!
//! A fragment is counted once, and what it counts is added wherever it is spread. So a document whose fragments would
//! come to 10⁹ fields is known for that in as many steps as it has tokens.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned,
    parser::types::{
        Directive, ExecutableDocument, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
    },
};

use super::bounds::{Bounds, Limit};
use crate::http::pipeline::Refusal;

/// The fields of the introspection that are lists.
const LISTS: [&str; 8] =
    ["types", "directives", "fields", "args", "inputFields", "interfaces", "possibleTypes", "enumValues"];
/// How many items a list of the introspection is counted as.
const ITEMS: usize = 10;

/// What a selection set counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Its own fields, those of its fragments too.
    pub fields: usize,
    /// Everything that is selected in it, at any level.
    pub selections: usize,
    /// Aliases, at any level.
    pub aliases: usize,
    /// Directives, at any level.
    pub directives: usize,
    /// Fields within fields, the introspection aside.
    pub depth: usize,
    /// Selection sets within selection sets, fragments too.
    pub nesting: usize,
    /// The values that it asks for where it is introspection: each list counts as ten.
    values: usize,
    /// The introspection in it.
    pub introspection: Introspection,
}

/// What the `__schema` and `__type` of a selection set count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Introspection {
    /// Fields within fields.
    pub depth: usize,
    /// Values.
    pub values: usize,
}

impl Counts {
    /// Beside `other`.
    fn and(self, other: Self) -> Self {
        Self {
            fields: self.fields.saturating_add(other.fields),
            selections: self.selections.saturating_add(other.selections),
            aliases: self.aliases.saturating_add(other.aliases),
            directives: self.directives.saturating_add(other.directives),
            depth: self.depth.max(other.depth),
            nesting: self.nesting.max(other.nesting),
            values: self.values.saturating_add(other.values),
            introspection: Introspection {
                depth: self.introspection.depth.max(other.introspection.depth),
                values: self.introspection.values.saturating_add(other.introspection.values),
            },
        }
    }

    /// As what the field `name` selects; with the field itself.
    fn below(self, name: &str) -> Self {
        let items = if LISTS.contains(&name) { ITEMS } else { 1 };
        let values = 1_usize.saturating_add(self.values.saturating_mul(items));
        let (depth, introspection) = match name {
            "__schema" | "__type" => (1, Introspection { depth: 1 + self.depth, values }),
            _ => (1 + self.depth, self.introspection),
        };
        Self { fields: 1, depth, values, introspection, ..self.within() }
    }

    /// As what stands in a selection set of its own.
    fn within(self) -> Self {
        Self {
            selections: self.selections.saturating_add(1),
            nesting: self.nesting.saturating_add(1),
            ..self
        }
    }

    fn with_directives(self, directives: &[Positioned<Directive>]) -> Self {
        Self { directives: self.directives.saturating_add(directives.len()), ..self }
    }

    /// Whether an operation that counts this is within the bounds. What several operations select is added up elsewhere.
    fn check(&self, bounds: &Bounds) -> Result<(), Refusal> {
        bounds.check(Limit::Levels, self.nesting)?;
        bounds.check(Limit::RootFields, self.fields)?;
        bounds.check(Limit::Depth, self.depth)?;
        bounds.check(Limit::Aliases, self.aliases)?;
        bounds.check(Limit::Directives, self.directives)?;
        bounds.check(Limit::IntrospectionDepth, self.introspection.depth)?;
        bounds.check(Limit::IntrospectionValues, self.introspection.values)
    }
}

/// Counts each operation of `document`, and answers `chosen`, which is one of them.
///
/// All of them: each is validated, though only one is executed.
///
/// # Errors
/// Where one is beyond the bounds, or a fragment spreads itself.
pub fn check(
    document: &ExecutableDocument,
    chosen: &OperationDefinition,
    bounds: &Bounds,
) -> Result<Counts, Refusal> {
    let mut counter = Counter { fragments: &document.fragments, known: HashMap::new() };
    let (mut selections, mut found) = (0_usize, Counts::default());
    for (_, operation) in document.operations.iter() {
        let counts = counter.operation(&operation.node)?;
        selections = selections.saturating_add(counts.selections);
        bounds.check(Limit::Selections, selections)?;
        counts.check(bounds)?;
        if std::ptr::eq(&operation.node, chosen) {
            found = counts;
        }
    }
    Ok(found)
}

struct Counter<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// What fragments count; none for one that is being counted.
    known: HashMap<&'a str, Option<Counts>>,
}

impl<'a> Counter<'a> {
    fn operation(&mut self, operation: &'a OperationDefinition) -> Result<Counts, Refusal> {
        let counts = self.set(&operation.selection_set.node)?.with_directives(&operation.directives);
        let variables = &operation.variable_definitions;
        Ok(variables
            .iter()
            .fold(counts, |counts, variable| counts.with_directives(&variable.node.directives)))
    }

    fn set(&mut self, set: &'a SelectionSet) -> Result<Counts, Refusal> {
        let mut counts = Counts::default();
        for item in &set.items {
            let one = match &item.node {
                Selection::Field(field) => {
                    let below = self.set(&field.node.selection_set.node)?.below(&field.node.name.node);
                    Counts {
                        aliases: below.aliases.saturating_add(usize::from(field.node.alias.is_some())),
                        ..below
                    }
                }
                Selection::InlineFragment(inline) => self.set(&inline.node.selection_set.node)?.within(),
                Selection::FragmentSpread(spread) => {
                    self.fragment(&spread.node.fragment_name, item)?.within()
                }
            };
            counts = counts.and(one.with_directives(item.node.directives()));
        }
        Ok(counts)
    }

    fn fragment(
        &mut self,
        name: &'a Positioned<Name>,
        spread: &Positioned<Selection>,
    ) -> Result<Counts, Refusal> {
        match self.known.get(name.node.as_str()) {
            Some(Some(counts)) => return Ok(*counts),
            Some(None) => {
                let message = "this fragment spreads itself, directly or through others";
                return Err(Refusal::document("GRAPHQL_VALIDATION_FAILED", message, Some(spread.pos)));
            }
            None => {}
        }
        // One that isn't defined counts nothing; validation will say so.
        let Some(fragment) = self.fragments.get(&name.node) else { return Ok(Counts::default()) };
        self.known.insert(&name.node, None);
        let counts = self.set(&fragment.node.selection_set.node)?.with_directives(&fragment.node.directives);
        self.known.insert(&name.node, Some(counts));
        Ok(counts)
    }
}
