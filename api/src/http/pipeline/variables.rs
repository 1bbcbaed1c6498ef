//! The values of variables against their types, before anything is executed (`CoerceVariableValues` of the
//! specification).
//!
//! async-graphql looks at a value only where its variable is used, when the field there is resolved: by then other
//! fields have run. Here a value that doesn't fit ends the request.

use std::fmt::Display;

use async_graphql::{
    Name, Value, Variables,
    indexmap::IndexMap,
    parser::types::OperationDefinition,
    registry::{MetaInputValue, MetaType, MetaTypeName},
};

use super::{Refusal, types::Types};

/// Checks the values that an operation is given.
///
/// # Errors
/// BAD_USER_INPUT where one is missing or isn't of its type. A variable of a type that doesn't exist is left to
/// validation.
pub fn check(operation: &OperationDefinition, variables: &Variables, types: &Types) -> Result<(), Refusal> {
    for definition in &operation.variable_definitions {
        let variable = &definition.node;
        let ty = variable.var_type.node.to_string();
        if types.get(MetaTypeName::concrete_typename(&ty)).is_none() {
            continue;
        }
        let checked = match variables.get(&variable.name.node) {
            Some(value) => fits(value, &ty, types),
            None if variable.default_value.is_some() || variable.var_type.node.nullable => Ok(()),
            None => Err(Misfit::new(format_args!("a value of the type {ty} is needed"))),
        };
        checked
            .map_err(|misfit| Refusal::document("BAD_USER_INPUT", misfit.message(), Some(definition.pos)))?;
    }
    Ok(())
}

/// What is wrong with a value, and where in it. Only the schema's words are in it.
struct Misfit {
    why: String,
    /// From the inside out.
    path: Vec<String>,
}

impl Misfit {
    fn new(why: impl Display) -> Self {
        Self { why: why.to_string(), path: Vec::new() }
    }

    fn below(mut self, place: impl Display) -> Self {
        self.path.push(place.to_string());
        self
    }

    fn message(mut self) -> String {
        self.path.reverse();
        let place = if self.path.is_empty() { String::new() } else { format!(" at {}", self.path.join(".")) };
        format!("the value of a variable doesn't fit{place}: {}", self.why)
    }
}

/// Whether `value` is one of the type that is written so: `[String!]!`.
fn fits(value: &Value, ty: &str, types: &Types) -> Result<(), Misfit> {
    match (value, MetaTypeName::create(ty)) {
        (Value::Null, MetaTypeName::NonNull(_)) => Err(Misfit::new("it can't be null")),
        (Value::Null, _) => Ok(()),
        (value, MetaTypeName::NonNull(inner)) => fits(value, inner, types),
        (Value::List(items), MetaTypeName::List(item)) => {
            for (place, value) in items.iter().enumerate() {
                fits(value, item, types).map_err(|misfit| misfit.below(place))?;
            }
            Ok(())
        }
        // One that isn't a list stands for a list of one.
        (value, MetaTypeName::List(item)) => fits(value, item, types),
        (value, MetaTypeName::Named(name)) => fits_named(value, name, types),
    }
}

fn fits_named(value: &Value, name: &str, types: &Types) -> Result<(), Misfit> {
    match types.get(name) {
        Some(MetaType::Scalar { is_valid, .. }) => {
            let is_valid = is_valid.as_ref().is_none_or(|is_valid| is_valid(value));
            if is_valid {
                return Ok(());
            }
            Err(Misfit::new(format_args!("it isn't a value of the type {name}")))
        }
        Some(MetaType::Enum { enum_values, .. }) => {
            let is_value = matches!(value, Value::String(word) if enum_values.contains_key(word));
            if is_value { Ok(()) } else { Err(Misfit::new(format_args!("{name} has no such value"))) }
        }
        Some(MetaType::InputObject { input_fields, oneof, .. }) => match value {
            Value::Object(given) => fits_object(given, name, input_fields, *oneof, types),
            _ => Err(Misfit::new(format_args!("{name} is an object"))),
        },
        // Not an input type: validation says so.
        _ => Ok(()),
    }
}

fn fits_object(
    given: &IndexMap<Name, Value>,
    name: &str,
    fields: &IndexMap<String, MetaInputValue>,
    is_one_of: bool,
    types: &Types,
) -> Result<(), Misfit> {
    if is_one_of && (given.len() != 1 || given.values().any(|value| *value == Value::Null)) {
        return Err(Misfit::new(format_args!("{name} takes exactly one of its fields, and not null")));
    }
    if given.keys().any(|key| !fields.contains_key(key.as_str())) {
        return Err(Misfit::new(format_args!("{name} has no such field")));
    }
    for field in fields.values() {
        let checked = match given.get(field.name.as_str()) {
            Some(value) => fits(value, &field.ty, types),
            None if MetaTypeName::create(&field.ty).is_non_null() && field.default_value.is_none() => {
                Err(Misfit::new(format_args!("a value of the type {} is needed", field.ty)))
            }
            None => Ok(()),
        };
        checked.map_err(|misfit| misfit.below(&field.name))?;
    }
    Ok(())
}
