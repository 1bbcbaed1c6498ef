//! Objects whose plain fields are answered on the spot.
//!
//! async-graphql makes a boxed future of every field of every object, as large as the largest of the type's resolvers,
//! and asks its extensions about each. A page of fifty incidents with five entries each has two thousand fields, and
//! nearly all of them are a column of a row that is at hand. [`Eager`] answers those at once and makes futures of the
//! edges alone. For a list, what is to be answered is looked up once ([`plan`]), not once an object. It also answers a failed nullable field with null, as [`SpecNulls`](super::nulls::SpecNulls) does
//! elsewhere.
//!
//! What it can't tell apart it leaves to the library: a response key that occurs twice, which has to be merged.

use std::{borrow::Cow, future::poll_fn, pin::pin, task};

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value,
    indexmap::IndexMap, parser::types::Field, registry::Registry, resolver_utils::resolve_container,
};
use futures_util::future::{BoxFuture, FutureExt};

use self::plan::{How, Plan};
use super::nulls;

mod plan;

/// A type some of whose fields are at hand. Implemented by [`macros::object`].
pub trait AtHand: ContainerType {
    /// How the field of this name is answered on the spot; none where it has arguments, or isn't at hand.
    fn at_hand(field: &str) -> Option<OnTheSpot<Self>>;
}

/// How a field without a selection of its own is answered on the spot. None: it isn't, after all.
pub type OnTheSpot<T> = fn(&T, &Context<'_>) -> Option<ServerResult<Value>>;

/// The answer of a field whose value is at hand: a scalar's or an enum's, or that of a list of them.
pub fn leaf<T: OutputType>(ctx: &Context<'_>, value: &T) -> Option<ServerResult<Value>> {
    let below = ctx.with_selection_set(&ctx.item.node.selection_set);
    let answer = pin!(value.resolve(&below, ctx.item));
    match answer.poll(&mut task::Context::from_waker(task::Waker::noop())) {
        task::Poll::Ready(answer) => Some(answer),
        task::Poll::Pending => None,
    }
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
        let Some(plan) = Plan::of(ctx) else { return resolve_container(ctx, &self.0).await };
        let mut edges = Vec::new();
        let mut answer = [begin(0, ctx, &plan, &self.0, &mut edges)?];
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
        let plan = Plan::of(ctx);
        let mut edges = Vec::new();
        let mut answers = Vec::with_capacity(self.0.len());
        for (index, (ctx, object)) in contexts.iter().zip(&self.0).enumerate() {
            answers.push(match &plan {
                Some(plan) => begin(index, ctx, plan, object, &mut edges)?,
                None => {
                    let value = resolve_container(ctx, object).boxed();
                    edges.push(Edge { object: index, place: WHOLE, value });
                    Answer::new()
                }
            });
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

/// The place of an edge that is the whole object.
const WHOLE: usize = usize::MAX;

/// Answers what is at hand of `object`, and leaves the rest in `edges`.
fn begin<'a, T: AtHand>(
    index: usize,
    ctx: &'a ContextSelectionSet<'a>,
    plan: &Plan<'a, T>,
    object: &'a T,
    edges: &mut Vec<Edge<'a>>,
) -> ServerResult<Answer> {
    // Cloned, the keys needn't be hashed again for each object.
    let mut answer = plan.answer.clone();
    for (place, (field, how)) in plan.fields.iter().enumerate() {
        let at_hand = match how {
            How::TypeName => Some(Ok(Value::String(object.introspection_type_name().into_owned()))),
            How::OnTheSpot(of) => {
                let ctx = ctx.with_field(field);
                of(object, &ctx).map(|value| value.or_else(|error| nulls::settle::<T>(&ctx, error)))
            }
            How::Waits => None,
        };
        match at_hand {
            Some(value) => answer[place] = value?,
            None => edges.push(Edge { object: index, place, value: resolve(ctx, field, object).boxed() }),
        }
    }
    Ok(answer)
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
            task::Poll::Pending => true,
            task::Poll::Ready(Ok(value)) => {
                let answer = &mut answers[edge.object];
                match value {
                    Value::Object(whole) if edge.place == WHOLE => *answer = whole,
                    value => answer[edge.place] = value,
                }
                false
            }
            task::Poll::Ready(Err(error)) => {
                failed.get_or_insert(error);
                false
            }
        });
        match failed {
            Some(error) => task::Poll::Ready(Err(error)),
            None if edges.is_empty() => task::Poll::Ready(Ok(())),
            None => task::Poll::Pending,
        }
    })
    .await
}

#[cfg(test)]
mod tests;
