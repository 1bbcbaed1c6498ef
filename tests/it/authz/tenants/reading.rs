//! Documents that read whatever can be reached, made from the schema.

use std::collections::BTreeMap;

use async_graphql::parser::{
    parse_query,
    types::{FieldDefinition, Selection, TypeDefinition, TypeKind},
};

use crate::authz::{base, fields, operations::OPERATIONS, types};

/// How many objects a way leads through, pages aside.
const DEPTH: usize = 3;

/// Fields whose reading is itself recorded.
const RECORDED: [&str; 3] = ["AuditLog.personal", "AuditLog.ipAddress", "AuditLog.userAgent"];

/// The schema's types, by name.
pub(super) struct Reading(BTreeMap<String, TypeDefinition>);

impl Reading {
    pub fn new() -> Self {
        Self(types().into_iter().map(|ty| (ty.name.node.to_string(), ty)).collect())
    }

    /// The fields of a type.
    pub fn fields(&self, ty: &str) -> Vec<&FieldDefinition> {
        fields(&self.0[ty])
    }

    /// The definition of a type; none for the scalars that every schema has.
    pub fn ty(&self, name: &str) -> Option<&TypeDefinition> {
        self.0.get(name)
    }

    /// All types.
    pub fn types(&self) -> impl Iterator<Item = &TypeDefinition> {
        self.0.values()
    }

    /// The operation of a root field, reading whatever can be reached from it; more arguments may be added.
    pub fn operation(&self, root: &str, name: &str, more: &[(&str, String)]) -> String {
        let fields = self.fields(root);
        let field = fields.iter().find(|field| field.name.node == name).unwrap();
        let mut arguments = arguments(name);
        arguments.extend(more.iter().map(|(name, value)| format!("{name}: {value}")));
        // An interface shows every type at once: one object of each way is enough.
        let depth = if name.starts_with("node") { 1 } else { DEPTH };
        let list = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
        let selection = self.selection(&base(field), depth, &mut vec![]);
        format!("{} {{ {name}{list}{selection} }}", root.to_lowercase())
    }

    /// Everything of a type: its values, and its objects `depth` further on. None of a type twice on one way.
    fn selection(&self, name: &str, depth: usize, way: &mut Vec<String>) -> String {
        let Some(ty) = self.0.get(name) else { return String::new() };
        let parts: Vec<String> = match &ty.kind {
            TypeKind::Object(_) => {
                let parts = fields(ty).into_iter().filter_map(|field| self.part(name, field, depth, way));
                parts.collect()
            }
            TypeKind::Interface(_) | TypeKind::Union(_) => {
                let each = self.members(ty).into_iter().map(|member| {
                    // Fields of the same name may have different types: each gets a name of its own.
                    let parts = fields(&self.0[&member]).into_iter().filter_map(|field| {
                        let part = self.part(&member, field, depth, way)?;
                        Some(format!("{member}_{}: {part}", field.name.node))
                    });
                    format!("... on {member} {{ {} }}", parts.collect::<Vec<_>>().join(" "))
                });
                std::iter::once("__typename".to_owned()).chain(each).collect()
            }
            _ => return String::new(),
        };
        if parts.is_empty() { " { __typename }".to_owned() } else { format!(" {{ {} }}", parts.join(" ")) }
    }

    fn members(&self, ty: &TypeDefinition) -> Vec<String> {
        if let TypeKind::Union(union) = &ty.kind {
            return union.members.iter().map(|member| member.node.to_string()).collect();
        }
        let implements = |other: &&TypeDefinition| match &other.kind {
            TypeKind::Object(object) => object.implements.iter().any(|name| name.node == ty.name.node),
            _ => false,
        };
        self.types().filter(implements).map(|other| other.name.node.to_string()).collect()
    }

    /// A field with what it leads to; none where that is too far, or was passed already.
    fn part(
        &self,
        owner: &str,
        field: &FieldDefinition,
        depth: usize,
        way: &mut Vec<String>,
    ) -> Option<String> {
        let (name, to) = (&field.name.node, base(field));
        let coordinate = format!("{owner}.{name}");
        let is_needed =
            |argument: &&async_graphql::Positioned<async_graphql::parser::types::InputValueDefinition>| {
                !argument.node.ty.node.nullable && argument.node.default_value.is_none()
            };
        assert!(!field.arguments.iter().any(|argument| is_needed(&argument)), "{coordinate} needs arguments");
        if RECORDED.contains(&coordinate.as_str()) {
            return None;
        }
        let is_object = self.0.get(&to).is_some_and(|ty| {
            matches!(ty.kind, TypeKind::Object(_) | TypeKind::Interface(_) | TypeKind::Union(_))
        });
        if !is_object {
            return Some(name.to_string());
        }
        // A page is a part of the way to what is on it. Its edges lead where its nodes do.
        let is_page = to.ends_with("Connection");
        if owner.ends_with("Connection") && name == "edges" {
            return Some("edges { cursor }".to_owned());
        }
        if !is_page && (depth == 0 || way.contains(&to)) {
            return None;
        }
        way.push(to.clone());
        let selection = self.selection(&to, if is_page { depth } else { depth - 1 }, way);
        way.pop();
        Some(format!("{name}{selection}"))
    }
}

/// The arguments of a root field in `operations.rs`, as they are written there.
fn arguments(name: &str) -> Vec<String> {
    let (_, document, _) = OPERATIONS.iter().find(|(field, ..)| *field == name).unwrap();
    let document = parse_query(document).unwrap();
    let (_, operation) = document.operations.iter().next().unwrap();
    let Selection::Field(field) = &operation.node.selection_set.node.items[0].node else { unreachable!() };
    field.node.arguments.iter().map(|(name, value)| format!("{}: {}", name.node, value.node)).collect()
}
