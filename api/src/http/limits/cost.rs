//! What an operation costs: what it may cost at most before it runs, and what it has cost when it is answered.
//!
//! A scalar costs nothing and an object one. A connection costs its `first` or `last` times what one of its objects
//! costs, and so on inwards; none is free, since a list can be counted without reading a page of it. A list that isn't
//! a connection is as long as its field declares, or assumed to be, and `nodes(ids:)` is as long as its ids. A mutation
//! costs [`MUTATION`] beside its payload: it locks, writes, and leaves an entry and an event. Introspection costs a point
//! for each [`VALUES_A_POINT`] values.
//!
//! Both sums walk trees that are made once a document: of the fields that lead to objects, with fragments written out.

use async_graphql::{
    Name, Positioned, Value, Variables,
    indexmap::IndexMap,
    parser::types::{
        Directive, ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
    },
};

use super::{
    arguments::{Condition, Length, Number},
    types::{Role, Root, Type, Types},
};

/// What a mutation costs beside its payload.
const MUTATION: u64 = 10;
/// How many values of the introspection cost one.
const VALUES_A_POINT: usize = 1000;

/// What an operation costs.
#[derive(Debug)]
pub struct Price {
    /// Whatever the variables are.
    fixed: u64,
    items: Vec<Item>,
    answered: Vec<Answered>,
}

/// A field that leads to objects, as it is selected.
#[derive(Debug)]
struct Item {
    key: Name,
    many: Many,
    conditions: Vec<Condition>,
    items: Vec<Item>,
}

/// How many objects it leads to.
#[derive(Debug)]
enum Many {
    One,
    List(u64),
    ByIds(Length),
    Page { first: Number, last: Number },
    Nodes,
    Edges,
}

/// The same as it is answered: what is selected several times under one name is one.
#[derive(Debug)]
struct Answered {
    key: Name,
    /// What an object costs by itself.
    each: u64,
    /// What it costs at least, with all that is in it.
    least: u64,
    items: Vec<Answered>,
}

impl Price {
    /// The price of `operation`, which asks for `introspected` values of the introspection.
    pub fn of(
        types: &Types,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        introspected: usize,
    ) -> Self {
        let (root, each) = match operation.ty {
            OperationType::Query => (Root::Query, 0),
            OperationType::Mutation => (Root::Mutation, MUTATION),
            OperationType::Subscription => (Root::Subscription, 0),
        };
        let (mut items, mut answered) = (Vec::new(), Vec::new());
        if let Some(ty) = types.root(root) {
            let reader = Reader { types, document, operation };
            reader.read(&operation.selection_set.node, ty, &[], &mut items);
        }
        merge(&items, &mut answered);
        let fixed = each * items.len() as u64 + introspected.div_ceil(VALUES_A_POINT) as u64;
        Self { fixed, items, answered }
    }

    /// What it costs at most with these variables; at least one.
    pub fn requested(&self, variables: &Variables) -> u64 {
        sum(&self.items, variables).saturating_add(self.fixed).max(1)
    }

    /// What it has cost where this is its answer; at least one.
    pub fn actual(&self, data: &Value) -> u64 {
        let objects = match data {
            Value::Object(fields) => count(fields, &self.answered),
            _ => 0,
        };
        objects.saturating_add(self.fixed).max(1)
    }
}

fn sum(items: &[Item], variables: &Variables) -> u64 {
    items.iter().fold(0, |sum, item| sum.saturating_add(item.price(variables)))
}

impl Item {
    fn price(&self, variables: &Variables) -> u64 {
        if self.conditions.iter().any(|condition| condition.leaves_out(variables)) {
            return 0;
        }
        let inner = sum(&self.items, variables);
        let each = inner.saturating_add(1);
        match &self.many {
            Many::One | Many::Nodes => each,
            Many::Edges => inner,
            Many::List(size) => each.saturating_mul(*size),
            Many::ByIds(ids) => each.saturating_mul(ids.resolve(variables)),
            Many::Page { first, last } => {
                let size = Number::page_size(first, last, variables);
                inner.saturating_mul(size).max(1)
            }
        }
    }
}

fn count(fields: &IndexMap<Name, Value>, items: &[Answered]) -> u64 {
    fields.iter().fold(0, |sum, (key, value)| match value {
        Value::Object(_) | Value::List(_) => {
            let item = items.iter().find(|item| item.key == *key);
            item.map_or(sum, |item| sum.saturating_add(item.cost(value)))
        }
        _ => sum,
    })
}

impl Answered {
    fn cost(&self, value: &Value) -> u64 {
        match value {
            Value::List(values) => values.iter().fold(0, |sum, value| sum.saturating_add(self.cost(value))),
            Value::Object(fields) => count(fields, &self.items).saturating_add(self.each).max(self.least),
            _ => 0,
        }
    }
}

fn merge(items: &[Item], answered: &mut Vec<Answered>) {
    for item in items {
        let known = answered.iter().position(|known| known.key == item.key);
        let at = known.unwrap_or_else(|| {
            let (each, least) = match item.many {
                Many::One | Many::Nodes | Many::List(_) | Many::ByIds(_) => (1, 1),
                Many::Page { .. } => (0, 1),
                Many::Edges => (0, 0),
            };
            answered.push(Answered { key: item.key.clone(), each, least, items: Vec::new() });
            answered.len() - 1
        });
        merge(&item.items, &mut answered[at].items);
    }
}

/// Reads the fields that lead to objects out of a document.
struct Reader<'a> {
    types: &'a Types,
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
}

impl Reader<'_> {
    /// Those of `set`, which is selected of a `ty` unless one of `conditions` leaves it out.
    fn read(&self, set: &SelectionSet, ty: &Type, conditions: &[Condition], items: &mut Vec<Item>) {
        for item in &set.items {
            let conditions = self.conditions(conditions, item.node.directives());
            let (on, set) = match &item.node {
                Selection::Field(field) => {
                    items.extend(self.field(&field.node, ty, conditions));
                    continue;
                }
                Selection::InlineFragment(inline) => {
                    (inline.node.type_condition.as_ref(), &inline.node.selection_set)
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let Some(fragment) = self.document.fragments.get(name) else { continue };
                    (Some(&fragment.node.type_condition), &fragment.node.selection_set)
                }
            };
            // On a type that doesn't exist nothing is executed.
            let ty = on.map_or(Some(ty), |on| self.types.get(&on.node.on.node));
            if let Some(ty) = ty {
                self.read(&set.node, ty, &conditions, items);
            }
        }
    }

    fn field(&self, field: &Field, ty: &Type, conditions: Vec<Condition>) -> Option<Item> {
        let meta = ty.get(field.name.node.as_str())?;
        let argument = |name| field.get_argument(name).map(|value| &value.node);
        let many = match meta.role {
            Role::Object => Many::One,
            Role::List(size) => Many::List(size),
            Role::Nodes => Many::Nodes,
            Role::Edges => Many::Edges,
            Role::ByIds => Many::ByIds(Length::read(argument("ids"), self.operation)),
            Role::Connection => Many::Page {
                first: Number::read(argument("first"), self.operation),
                last: Number::read(argument("last"), self.operation),
            },
        };
        let mut items = Vec::new();
        if let Some(ty) = self.types.get(&meta.of) {
            self.read(&field.selection_set.node, ty, &[], &mut items);
        }
        Some(Item { key: field.response_key().node.clone(), many, conditions, items })
    }

    fn conditions(&self, outer: &[Condition], directives: &[Positioned<Directive>]) -> Vec<Condition> {
        let own = directives.iter().filter_map(|directive| Condition::read(&directive.node));
        outer.iter().cloned().chain(own).collect()
    }
}
