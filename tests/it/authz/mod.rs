//! Who may call what: every root field, and every way from one type to another, tried by everybody.
//!
//! A new root field needs a line in `operations.rs`, a new relation to a type with another permission one in
//! `edges.rs`, a new type with an id one in [`edges::STORED`]; the tests say so where one is missing.

mod declarations;
mod edges;
mod explanation;
mod fixture;
mod in_place;
mod operations;
mod root_fields;
mod tenants;

use async_graphql::parser::{
    parse_schema,
    types::{FieldDefinition, TypeDefinition, TypeKind, TypeSystemDefinition},
};
use opsgate::schema;

/// Every type of the schema, as it is printed.
fn types() -> Vec<TypeDefinition> {
    let document = parse_schema(schema::sdl()).expect("the printed schema is one");
    let definitions = document.definitions.into_iter();
    definitions
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(ty) => Some(ty.node),
            _ => None,
        })
        .collect()
}

/// The fields of an object type; none of any other.
fn fields(ty: &TypeDefinition) -> Vec<&FieldDefinition> {
    match &ty.kind {
        TypeKind::Object(object) => object.fields.iter().map(|field| &field.node).collect(),
        _ => vec![],
    }
}

/// A type without its lists and non-nulls.
fn base(field: &FieldDefinition) -> String {
    field.ty.node.to_string().replace(['[', ']', '!'], "")
}
