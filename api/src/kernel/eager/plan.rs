//! What is to be answered of an object: its selection, with the fragments in their places, looked up once.

use async_graphql::{
    ContextSelectionSet, Positioned, Value,
    indexmap::map::Entry,
    parser::types::{Field, Selection, SelectionSet},
};

use super::{Answer, AtHand, OnTheSpot};

/// The fields of a selection, for whatever number of objects.
pub(super) struct Plan<'a, T> {
    /// An answer with all keys, in order, and without values.
    pub answer: Answer,
    /// The fields in the same order, and how each is answered.
    pub fields: Vec<(&'a Positioned<Field>, How<T>)>,
}

/// How a field is answered.
pub(super) enum How<T> {
    /// It is the name of the type.
    TypeName,
    /// It is at hand.
    OnTheSpot(OnTheSpot<T>),
    /// It waits for something.
    Waits,
}

impl<'a, T: AtHand> Plan<'a, T> {
    /// That of the selection of `ctx`. None where the library has to merge something.
    pub fn of(ctx: &ContextSelectionSet<'a>) -> Option<Self> {
        let fields = &ctx.item.node;
        let count = fields.items.len();
        let mut plan = Self { answer: Answer::with_capacity(count), fields: Vec::with_capacity(count) };
        plan.collect(ctx, fields).then_some(plan)
    }

    /// Goes through a selection; false where the library has to merge something.
    fn collect(&mut self, ctx: &ContextSelectionSet<'a>, fields: &'a SelectionSet) -> bool {
        for selection in &fields.items {
            let (condition, fields) = match &selection.node {
                Selection::Field(field) => {
                    let is_plain = field.node.selection_set.node.items.is_empty();
                    match self.answer.entry(field.node.response_key().node.clone()) {
                        Entry::Vacant(slot) => {
                            slot.insert(Value::Null);
                            self.fields.push((field, How::of(&field.node.name.node, is_plain)));
                        }
                        // Validation has made sure that it is the same field with the same arguments.
                        Entry::Occupied(_) if is_plain => {}
                        Entry::Occupied(_) => return false,
                    }
                    continue;
                }
                Selection::InlineFragment(fragment) => {
                    (fragment.node.type_condition.as_ref(), &fragment.node.selection_set)
                }
                Selection::FragmentSpread(spread) => {
                    // Validation knows them all; one that is missing is the library's to complain about.
                    let Some(fragment) = ctx.query_env.fragments.get(&spread.node.fragment_name.node) else {
                        return false;
                    };
                    (Some(&fragment.node.type_condition), &fragment.node.selection_set)
                }
            };
            let is_meant = condition.is_none_or(|condition| {
                let condition = condition.node.on.node.as_str();
                let name = T::type_name();
                let implements = ctx.schema_env.registry.implements.get(&*name);
                name == condition || implements.is_some_and(|interfaces| interfaces.contains(condition))
            });
            if is_meant && !self.collect(ctx, &fields.node) {
                return false;
            }
        }
        true
    }
}

impl<T: AtHand> How<T> {
    fn of(field: &str, is_plain: bool) -> Self {
        if field == "__typename" {
            return Self::TypeName;
        }
        is_plain.then(|| T::at_hand(field)).flatten().map_or(Self::Waits, Self::OnTheSpot)
    }
}
