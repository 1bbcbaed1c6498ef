//! What the schema knows: its input types, and every name in it.

use std::collections::HashSet;

use async_graphql::{
    InputType, ObjectType, SubscriptionType,
    registry::{MetaType, Registry},
};

use crate::kernel::scalar::Int32;

/// The types of a schema. async-graphql keeps its own to itself.
#[derive(Default)]
pub struct Types {
    registry: Registry,
    names: HashSet<String>,
}

impl std::fmt::Debug for Types {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Types")
    }
}

impl Types {
    /// Those of the schema with these roots.
    pub fn of<Q: ObjectType, M: ObjectType, S: SubscriptionType>() -> Self {
        let mut registry = Registry {
            query_type: Q::type_name().into_owned(),
            mutation_type: Some(M::type_name().into_owned()),
            subscription_type: Some(S::type_name().into_owned()),
            ..Registry::default()
        };
        Q::create_type_info(&mut registry);
        M::create_type_info(&mut registry);
        S::create_type_info(&mut registry);
        Int32::create_type_info(&mut registry);
        let introspection = ["__schema", "__type", "__typename", "skip", "include", "if", "name"];
        let mut names: HashSet<String> = introspection.map(str::to_owned).into();
        names.extend(registry.names());
        Self { registry, names }
    }

    /// All of it.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The type called `name`.
    pub fn get(&self, name: &str) -> Option<&MetaType> {
        self.registry.types.get(name)
    }

    /// Whether anything in the schema is called so.
    pub fn has_name(&self, name: &str) -> bool {
        self.names.contains(name)
    }
}
