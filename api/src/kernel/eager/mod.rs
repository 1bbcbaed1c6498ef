//! Objects whose plain fields are answered on the spot.
//!
//! async-graphql makes a boxed future of every field of every object, as large as the largest of the type's resolvers,
//! and asks its extensions about each. A page of fifty incidents with five entries each has two thousand fields, and
//! nearly all of them are a column of a row that is at hand. [`Eager`] answers those at once and makes futures of the
//! edges alone. It also answers a failed nullable field with null, as [`SpecNulls`](super::nulls::SpecNulls) does
//! elsewhere.
//!
//! What it can't tell apart it leaves to the library: a response key that occurs twice, which has to be merged.

use std::{
    borrow::Cow,
    future::poll_fn,
    pin::{Pin, pin},
    task::{self, Poll, Waker},
};

use async_graphql::{
    ContainerType, ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value,
    indexmap::{IndexMap, map::Entry},
    parser::types::{Field, Selection, SelectionSet},
    registry::Registry,
    resolver_utils::resolve_container,
};
use futures_util::future::{BoxFuture, FutureExt};

use super::nulls;

/// A type whose plain fields are at hand.
pub trait AtHand: ContainerType {
    /// But for these, which wait for something. They are futures like the edges, for what is answered on the spot is
    /// begun again where it turns out to wait: a debug build panics there.
    const WAITS: &'static [&'static str] = &[];
}

/// An object that is answered so.
#[derive(Clone, Debug)]
pub struct Eager<T>(pub T);

/// A list of objects that are answered so, the edges of all at the same time.
#[derive(Clone, Debug)]
pub struct EagerList<T>(pub Vec<T>);

impl<T: AtHand> OutputType for Eager<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        self.0.introspection_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        let mut edges = Vec::new();
        let mut answer = [begin(0, ctx, &self.0, &mut edges)?];
        finish(&mut answer, edges).await?;
        let [answer] = answer;
        Ok(Value::Object(answer))
    }
}

impl<T: AtHand> OutputType for EagerList<T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<T>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<T>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<T>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        let contexts: Vec<_> = (0..self.0.len()).map(|index| ctx.with_index(index)).collect();
        let mut edges = Vec::new();
        let mut answers = Vec::with_capacity(self.0.len());
        for (index, (ctx, object)) in contexts.iter().zip(&self.0).enumerate() {
            answers.push(begin(index, ctx, object, &mut edges)?);
        }
        finish(&mut answers, edges).await?;
        Ok(Value::List(answers.into_iter().map(Value::Object).collect()))
    }
}

/// The answer of one object, by response keys.
type Answer = IndexMap<Name, Value>;

/// What isn't at hand yet: one field of one of the objects, or the whole object.
struct Edge<'a> {
    object: usize,
    /// The field's place in the answer.
    place: usize,
    value: BoxFuture<'a, ServerResult<Value>>,
}

/// Answers what is at hand of `object`, and leaves the rest in `edges`.
fn begin<'a, T: AtHand>(
    index: usize,
    ctx: &'a ContextSelectionSet<'a>,
    object: &'a T,
    edges: &mut Vec<Edge<'a>>,
) -> ServerResult<Answer> {
    let fields = &ctx.item.node;
    let mut answer = Answer::with_capacity(fields.items.len());
    let first = edges.len();
    if !collect(index, ctx, fields, object, &mut answer, edges)? {
        edges.truncate(first);
        answer.clear();
        edges.push(Edge { object: index, place: WHOLE, value: Box::pin(resolve_container(ctx, object)) });
    }
    Ok(answer)
}

/// The place of an edge that is the whole object.
const WHOLE: usize = usize::MAX;

/// Goes through a selection; false where the library has to merge something.
fn collect<'a, T: AtHand>(
    index: usize,
    ctx: &'a ContextSelectionSet<'a>,
    fields: &'a SelectionSet,
    object: &'a T,
    answer: &mut Answer,
    edges: &mut Vec<Edge<'a>>,
) -> ServerResult<bool> {
    for selection in &fields.items {
        let (condition, fields) = match &selection.node {
            Selection::Field(field) => {
                let is_plain = field.node.selection_set.node.items.is_empty();
                let place = answer.len();
                let slot = match answer.entry(field.node.response_key().node.clone()) {
                    Entry::Vacant(slot) => slot.insert(Value::Null),
                    // Validation has made sure that it is the same field with the same arguments.
                    Entry::Occupied(_) if is_plain => continue,
                    Entry::Occupied(_) => return Ok(false),
                };
                let at_hand = if field.node.name.node == "__typename" {
                    Some(Ok(Value::String(object.introspection_type_name().into_owned())))
                } else if is_plain && !T::WAITS.contains(&field.node.name.node.as_str()) {
                    let value = now(pin!(resolve(ctx, field, object)));
                    debug_assert!(
                        value.is_some(),
                        "{}.{} waits, and doesn't say so",
                        T::type_name(),
                        field.node.name
                    );
                    value
                } else {
                    None
                };
                match at_hand {
                    Some(value) => *slot = value?,
                    None => {
                        let value = Box::pin(resolve(ctx, field, object));
                        edges.push(Edge { object: index, place, value });
                    }
                }
                continue;
            }
            Selection::InlineFragment(fragment) => {
                (fragment.node.type_condition.as_ref(), &fragment.node.selection_set)
            }
            Selection::FragmentSpread(spread) => {
                // Validation knows them all; one that is missing is the library's to complain about.
                let Some(fragment) = ctx.query_env.fragments.get(&spread.node.fragment_name.node) else {
                    return Ok(false);
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
        if is_meant && !collect(index, ctx, &fields.node, object, answer, edges)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What comes without waiting. The future stays where it is: it is as large as the type's largest resolver.
fn now<F: Future>(future: Pin<&mut F>) -> Option<F::Output> {
    match future.poll(&mut task::Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// One field, null where it may be and has failed.
async fn resolve<'a, T: ContainerType>(
    ctx: &'a ContextSelectionSet<'a>,
    field: &'a Positioned<Field>,
    object: &'a T,
) -> ServerResult<Value> {
    let ctx = ctx.with_field(field);
    let value = object.resolve_field(&ctx).await.map(Option::unwrap_or_default);
    value.or_else(|error| nulls::settle::<T>(&ctx, error))
}

/// Waits for the edges, all at the same time, and puts them into their places.
async fn finish(answers: &mut [Answer], mut edges: Vec<Edge<'_>>) -> ServerResult<()> {
    poll_fn(|cx| {
        let mut failed = None;
        edges.retain_mut(|edge| match edge.value.poll_unpin(cx) {
            Poll::Pending => true,
            Poll::Ready(Ok(value)) => {
                let answer = &mut answers[edge.object];
                match value {
                    Value::Object(whole) if edge.place == WHOLE => *answer = whole,
                    value => answer[edge.place] = value,
                }
                false
            }
            Poll::Ready(Err(error)) => {
                failed.get_or_insert(error);
                false
            }
        });
        match failed {
            Some(error) => Poll::Ready(Err(error)),
            None if edges.is_empty() => Poll::Ready(Ok(())),
            None => Poll::Pending,
        }
    })
    .await
}

#[cfg(test)]
mod tests;
