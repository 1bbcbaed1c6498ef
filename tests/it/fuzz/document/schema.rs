//! The schema as a client has it: `schema.graphql`.

use std::{collections::BTreeMap, fs};

use async_graphql::parser::{
    parse_schema,
    types::{BaseType, InputValueDefinition, Type, TypeKind, TypeSystemDefinition},
};
use tests::workspace;

/// Its types by their names.
#[derive(Debug)]
pub struct Schema(BTreeMap<String, Kind>);

/// What a type is.
#[derive(Debug)]
pub enum Kind {
    Scalar,
    Enum(Vec<String>),
    Input(Vec<Argument>),
    /// One with fields.
    Fields(Vec<Field>),
    /// One of these; where it has fields, they are left aside.
    OneOf(Vec<String>),
}

/// A field.
#[derive(Debug)]
pub struct Field {
    pub name: String,
    pub ty: Type,
    pub arguments: Vec<Argument>,
}

/// An argument, or a field of an input object.
#[derive(Debug)]
pub struct Argument {
    pub name: String,
    pub ty: Type,
    pub is_required: bool,
}

impl Argument {
    fn of(definition: &InputValueDefinition) -> Self {
        let ty = definition.ty.node.clone();
        let is_required = !ty.nullable && definition.default_value.is_none();
        Self { name: definition.name.node.to_string(), ty, is_required }
    }
}

impl Schema {
    /// Reads it, and what introspection adds to it.
    pub fn read() -> Self {
        let text = fs::read_to_string(workspace().join("schema.graphql")).unwrap();
        let definitions = parse_schema(text).unwrap().definitions;
        let mut implementations: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut types = BTreeMap::new();
        for definition in definitions {
            let TypeSystemDefinition::Type(ty) = definition else { continue };
            let (name, kind) = (ty.node.name.node.to_string(), ty.node.kind);
            let kind = match kind {
                TypeKind::Scalar => Kind::Scalar,
                TypeKind::Enum(one) => {
                    Kind::Enum(one.values.iter().map(|value| value.node.value.node.to_string()).collect())
                }
                TypeKind::InputObject(input) => {
                    Kind::Input(input.fields.iter().map(|field| Argument::of(&field.node)).collect())
                }
                TypeKind::Union(union) => {
                    Kind::OneOf(union.members.iter().map(|member| member.node.to_string()).collect())
                }
                TypeKind::Interface(_) => Kind::OneOf(vec![]),
                TypeKind::Object(object) => {
                    for interface in &object.implements {
                        implementations.entry(interface.node.to_string()).or_default().push(name.clone());
                    }
                    let fields = object.fields.iter().map(|field| Field {
                        name: field.node.name.node.to_string(),
                        ty: field.node.ty.node.clone(),
                        arguments: field.node.arguments.iter().map(|one| Argument::of(&one.node)).collect(),
                    });
                    Kind::Fields(fields.collect())
                }
            };
            types.insert(name, kind);
        }
        for (interface, objects) in implementations {
            types.insert(interface, Kind::OneOf(objects));
        }
        Self(types)
    }

    /// What the type `name` is; a scalar where it isn't in the schema.
    pub fn get(&self, name: &str) -> &Kind {
        self.0.get(name).unwrap_or(&Kind::Scalar)
    }
}

/// What a type is a list of, or isn't.
pub fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => named(inner),
    }
}
