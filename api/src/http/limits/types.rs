//! What must be known of the schema to price a document: which fields lead to objects, and how many.

use std::collections::HashMap;

use async_graphql::{
    Value,
    registry::{MetaField, MetaType, MetaTypeName, Registry},
};

use crate::kernel::list_size;

/// How long a list is taken for that isn't a connection and says nothing.
const ITEMS: u64 = 5;

/// The types that have fields, by name.
#[derive(Debug)]
pub struct Types {
    types: HashMap<String, Type>,
    roots: [Option<String>; 3],
}

/// The fields of a type that lead to objects.
pub type Type = HashMap<String, Field>;

/// A field that leads to objects.
#[derive(Debug)]
pub struct Field {
    /// Their type.
    pub of: String,
    /// How many.
    pub role: Role,
}

/// How many objects a field leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// One.
    Object,
    /// A list that is taken for so long.
    List(u64),
    /// As many as there are `ids` among its arguments.
    ByIds,
    /// A connection: as many as its arguments say.
    Connection,
    /// The objects of a connection.
    Nodes,
    /// What stands between a connection and its objects: nothing by itself.
    Edges,
}

/// The root types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// Reads.
    Query,
    /// Writes.
    Mutation,
    /// Streams.
    Subscription,
}

impl Types {
    /// Those of `registry`.
    pub fn of(registry: &Registry) -> Self {
        let types = registry.types.values().filter_map(|ty| {
            let fields = ty.fields()?;
            let is_page = is_connection(ty);
            let fields = fields
                .values()
                .filter_map(|field| Some((field.name.clone(), self::field(field, registry, is_page)?)));
            Some((ty.name().to_owned(), fields.collect()))
        });
        let (mutation, subscription) = (registry.mutation_type.clone(), registry.subscription_type.clone());
        Self { types: types.collect(), roots: [Some(registry.query_type.clone()), mutation, subscription] }
    }

    /// The type `name`, where it has fields.
    pub fn get(&self, name: &str) -> Option<&Type> {
        self.types.get(name)
    }

    /// A root type.
    pub fn root(&self, root: Root) -> Option<&Type> {
        self.get(self.roots[root as usize].as_deref()?)
    }
}

/// A connection has the name of one, and its pages.
fn is_connection(ty: &MetaType) -> bool {
    ty.name().ends_with("Connection")
        && ty.field_by_name("edges").is_some()
        && ty.field_by_name("pageInfo").is_some()
}

/// None where it leads to no objects, or to what belongs to a page.
fn field(field: &MetaField, registry: &Registry, is_of_page: bool) -> Option<Field> {
    let of = MetaTypeName::concrete_typename(&field.ty);
    let ty = registry.types.get(of).filter(|ty| ty.is_composite())?;
    let is_list = MetaTypeName::create(&field.ty).unwrap_non_null().is_list();
    let role = match field.name.as_str() {
        "pageInfo" if is_of_page => return None,
        "nodes" if is_of_page => Role::Nodes,
        "edges" if is_of_page => Role::Edges,
        _ if is_connection(ty) => Role::Connection,
        _ if is_list && field.args.contains_key("ids") => Role::ByIds,
        _ if is_list => Role::List(assumed_size(field)),
        _ => Role::Object,
    };
    Some(Field { of: of.to_owned(), role })
}

/// How long the list is taken for.
fn assumed_size(field: &MetaField) -> u64 {
    let directive = field.directive_invocations.iter().find(|directive| directive.name == list_size::NAME);
    match directive.and_then(|directive| directive.args.get(list_size::ASSUMED)) {
        Some(Value::Number(size)) => size.as_u64().unwrap_or(ITEMS),
        _ => ITEMS,
    }
}
