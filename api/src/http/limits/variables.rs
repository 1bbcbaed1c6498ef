//! How much the variables of a request hold, and how deep.

use async_graphql::{Value, Variables};

use super::bounds::{Bounds, Limit};
use crate::http::pipeline::Refusal;

/// Counts the values of `variables`.
///
/// # Errors
/// Where there are too many, or they are nested too deep.
pub fn check(variables: &Variables, bounds: &Bounds) -> Result<(), Refusal> {
    let mut count = 0;
    variables.values().try_for_each(|value| walk(value, 0, &mut count, bounds))
}

fn walk(value: &Value, nesting: usize, count: &mut usize, bounds: &Bounds) -> Result<(), Refusal> {
    *count += 1;
    bounds.check(Limit::Values, *count)?;
    let nesting = nesting + 1;
    match value {
        Value::List(items) => {
            bounds.check(Limit::ValueNesting, nesting)?;
            items.iter().try_for_each(|item| walk(item, nesting, count, bounds))
        }
        Value::Object(fields) => {
            bounds.check(Limit::ValueNesting, nesting)?;
            fields.values().try_for_each(|field| walk(field, nesting, count, bounds))
        }
        _ => Ok(()),
    }
}
