//! What of a document's arguments decides what it costs. Each may be a variable; then it is known with the request.

use async_graphql::{
    Name, Variables,
    parser::types::{Directive, OperationDefinition},
};
use async_graphql_value::{ConstValue, Value};

use crate::kernel::page;

/// What `first` or `last` says.
#[derive(Debug)]
pub struct Number(Argument<Option<u64>>);

/// How long the list is that `ids` gives.
#[derive(Debug)]
pub struct Length(Argument<u64>);

/// What an argument comes to.
#[derive(Debug)]
enum Argument<T> {
    /// This, whatever the variables are.
    Fixed(T),
    /// That of a variable; or this, its default, where the request doesn't give it.
    Variable(Name, T),
}

impl<T: Copy> Argument<T> {
    /// Reads an argument by `read`, which takes null for none.
    fn read(argument: Option<&Value>, operation: &OperationDefinition, read: fn(&ConstValue) -> T) -> Self {
        match argument {
            Some(Value::Variable(name)) => {
                let mut definitions =
                    operation.variable_definitions.iter().map(|definition| &definition.node);
                let default = definitions
                    .find(|definition| definition.name.node == *name)
                    .and_then(|definition| definition.default_value.as_ref());
                let default = default.map_or(&ConstValue::Null, |value| &value.node);
                Self::Variable(name.clone(), read(default))
            }
            // A list or object with variables in it: of what kind they are doesn't matter here.
            Some(value) => {
                let constant = value.clone().into_const_with(|_| Ok::<_, ()>(ConstValue::Boolean(true)));
                Self::Fixed(read(&constant.unwrap_or_default()))
            }
            None => Self::Fixed(read(&ConstValue::Null)),
        }
    }

    fn resolve(&self, variables: &Variables, read: fn(&ConstValue) -> T) -> T {
        match self {
            Self::Fixed(value) => *value,
            Self::Variable(name, default) => variables.get(name).map_or(*default, read),
        }
    }
}

impl Number {
    /// Reads the argument.
    pub fn read(argument: Option<&Value>, operation: &OperationDefinition) -> Self {
        Self(Argument::read(argument, operation, number))
    }

    /// How many objects a page has.
    pub fn page_size(first: &Self, last: &Self, variables: &Variables) -> u64 {
        let (first, last) = (first.0.resolve(variables, number), last.0.resolve(variables, number));
        first.max(last).unwrap_or(page::DEFAULT)
    }
}

impl Length {
    /// Reads the argument.
    pub fn read(argument: Option<&Value>, operation: &OperationDefinition) -> Self {
        Self(Argument::read(argument, operation, length))
    }

    /// How many there are.
    pub fn resolve(&self, variables: &Variables) -> u64 {
        self.0.resolve(variables, length)
    }
}

/// What a page can't have counts as the most that it can; it is refused later.
fn number(value: &ConstValue) -> Option<u64> {
    match value {
        ConstValue::Null => None,
        ConstValue::Number(number) => {
            Some(number.as_u64().filter(|number| (1..=page::MAX).contains(number)).unwrap_or(page::MAX))
        }
        _ => Some(page::MAX),
    }
}

/// A value by itself is a list of one (section 3.11 of the specification).
fn length(value: &ConstValue) -> u64 {
    match value {
        ConstValue::Null => 0,
        ConstValue::List(items) => items.len() as u64,
        _ => 1,
    }
}

/// `@skip` or `@include`.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The value with which nothing is left out.
    keeps: bool,
    decides: Decides,
}

#[derive(Clone, Debug)]
enum Decides {
    Value(bool),
    Variable(Name),
}

impl Condition {
    /// Reads the directive, if it is one of the two and right.
    pub fn read(directive: &Directive) -> Option<Self> {
        let keeps = match directive.name.node.as_str() {
            "skip" => false,
            "include" => true,
            _ => return None,
        };
        let decides = match &directive.get_argument("if")?.node {
            Value::Boolean(value) => Decides::Value(*value),
            Value::Variable(name) => Decides::Variable(name.clone()),
            _ => return None,
        };
        Some(Self { keeps, decides })
    }

    /// Whether it leaves something out for certain: a variable counts only where the request gives it.
    pub fn leaves_out(&self, variables: &Variables) -> bool {
        match &self.decides {
            Decides::Value(value) => *value != self.keeps,
            Decides::Variable(name) => match variables.get(name) {
                Some(ConstValue::Boolean(value)) => *value != self.keeps,
                _ => false,
            },
        }
    }
}
