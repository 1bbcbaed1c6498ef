//! What the fields of a document take: each looked up in the schema, and in the declarations that the guards enforce.
//!
//! A *requirement* stands at a root field (its declaration), at a way to a stored object (the permission that its type
//! takes everywhere), and at a field that declares more. Of an interface it stands at the type that a fragment names.

use async_graphql::{
    Name, Positioned, Value,
    parser::{
        parse_query,
        types::{ExecutableDocument, Field, OperationType, Selection, SelectionSet, TypeCondition},
    },
    registry::{MetaField, MetaType, MetaTypeName, Registry},
};

use crate::kernel::{
    error::{Error, Result, UserErrorCode},
    guard::Access,
    permission::Catalogue,
};

/// The longest document that is looked through, in bytes.
const MAX_LENGTH: usize = 20_000;
/// How deep it may be, fragments within fragments: the parser and this go as deep as their input.
const MAX_DEPTH: usize = 32;
/// How many fields and fragments it may select, those of a fragment as often as it is spread.
const MAX_SELECTIONS: usize = 1_000;

/// What somebody needs to select a field.
#[derive(Debug)]
pub(super) struct Requirement {
    /// The field, as `Query.incidents`; a type alone where a fragment narrows an interface to it.
    pub coordinate: String,
    /// The keys of the answer that lead there.
    pub path: Vec<String>,
    /// The operation, where it has a name.
    pub operation: Option<String>,
    /// What it takes.
    pub access: Access,
}

/// The requirements of all operations in `document`, in its order, each place once.
///
/// # Errors
/// BAD_USER_INPUT where it isn't a document of this schema, or too much of one.
pub(super) fn of(document: &str, registry: &Registry, catalogue: &Catalogue) -> Result<Vec<Requirement>> {
    if document.len() > MAX_LENGTH || nesting(document) > MAX_DEPTH {
        return Err(too_much());
    }
    let document = parse_query(document).map_err(|_| wrong("this isn't a GraphQL document"))?;
    let mut operations: Vec<_> = document.operations.iter().collect();
    operations.sort_by_key(|(_, operation)| operation.pos);
    let mut found = Vec::new();
    let mut left = MAX_SELECTIONS;
    for (name, operation) in operations {
        let root = match operation.node.ty {
            OperationType::Query => Some(&registry.query_type),
            OperationType::Mutation => registry.mutation_type.as_ref(),
            OperationType::Subscription => registry.subscription_type.as_ref(),
        };
        let root = root.and_then(|name| registry.types.get(name)).ok_or_else(unknown)?;
        let operation_name = name.map(Name::to_string);
        let (document, path) = (&document, Vec::new());
        let mut walk =
            Walk { document, registry, catalogue, root, operation: operation_name, path, left, found };
        walk.set(root, &operation.node.selection_set, MAX_DEPTH)?;
        (left, found) = (walk.left, walk.found);
    }
    Ok(found)
}

/// One operation, looked through.
struct Walk<'a> {
    document: &'a ExecutableDocument,
    registry: &'a Registry,
    catalogue: &'a Catalogue,
    root: &'a MetaType,
    operation: Option<String>,
    /// Where it is.
    path: Vec<String>,
    /// How many more selections it may meet.
    left: usize,
    found: Vec<Requirement>,
}

impl<'a> Walk<'a> {
    fn set(&mut self, ty: &'a MetaType, set: &'a Positioned<SelectionSet>, depth: usize) -> Result<()> {
        let depth = depth.checked_sub(1).ok_or_else(too_much)?;
        for item in &set.node.items {
            self.left = self.left.checked_sub(1).ok_or_else(too_much)?;
            match &item.node {
                Selection::Field(field) => self.field(ty, &field.node, depth)?,
                Selection::InlineFragment(fragment) => {
                    let within = self.narrowed(ty, fragment.node.type_condition.as_ref())?;
                    self.set(within, &fragment.node.selection_set, depth)?;
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.node.fragment_name.node);
                    let fragment = &fragment.ok_or_else(unknown)?.node;
                    let within = self.narrowed(ty, Some(&fragment.type_condition))?;
                    self.set(within, &fragment.selection_set, depth)?;
                }
            }
        }
        Ok(())
    }

    fn field(&mut self, ty: &'a MetaType, field: &'a Field, depth: usize) -> Result<()> {
        let name = field.name.node.as_str();
        // What the schema says about itself isn't declared by anybody.
        if name.starts_with("__") {
            return Ok(());
        }
        let definition = ty.field_by_name(name).ok_or_else(unknown)?;
        self.path.push(field.response_key().node.to_string());
        if let Some(access) = self.access(ty, definition) {
            self.note(format!("{}.{name}", ty.name()), access);
        }
        if let Some(next) = self.registry.concrete_type_by_name(&definition.ty)
            && next.fields().is_some()
        {
            self.set(next, &field.selection_set, depth)?;
        }
        self.path.pop();
        Ok(())
    }

    /// What a fragment is about.
    fn narrowed(
        &mut self,
        ty: &'a MetaType,
        condition: Option<&Positioned<TypeCondition>>,
    ) -> Result<&'a MetaType> {
        let Some(condition) = condition else { return Ok(ty) };
        let within = self.registry.types.get(condition.node.on.node.as_str()).ok_or_else(unknown)?;
        if within.name() != ty.name()
            && let Some(access) = self.of_object(within.name())
        {
            self.note(within.name().to_owned(), access);
        }
        Ok(within)
    }

    fn access(&self, ty: &MetaType, field: &MetaField) -> Option<Access> {
        if ty.name() == self.root.name() {
            return self.catalogue.field(&field.name).map(|declared| declared.access);
        }
        let declared = field.directive_invocations.iter().find(|directive| directive.name == "requires");
        if let Some(Value::String(key)) = declared.and_then(|directive| directive.args.get("permission")) {
            return self.of_key(key);
        }
        // A page was allowed where it was reached.
        let is_page = ["Connection", "Edge"].iter().any(|suffix| ty.name().ends_with(suffix));
        if is_page { None } else { self.of_object(MetaTypeName::concrete_typename(&field.ty)) }
    }

    /// What it takes to get to objects of a type, one or a page of them.
    fn of_object(&self, ty: &str) -> Option<Access> {
        let ty = ty.strip_suffix("Connection").unwrap_or(ty);
        self.catalogue.object(ty).and_then(|key| self.of_key(key))
    }

    fn of_key(&self, key: &str) -> Option<Access> {
        let key = self.catalogue.permission(key)?.key;
        Some(Access::Permission { key, step_up: false })
    }

    fn note(&mut self, coordinate: String, access: Access) {
        let Self { operation, path, found, .. } = self;
        let is_known = found
            .iter()
            .any(|one| one.path == *path && one.coordinate == coordinate && one.operation == *operation);
        if !is_known {
            found.push(Requirement { coordinate, path: path.clone(), operation: operation.clone(), access });
        }
    }
}

/// How deep brackets lie within each other, at most; those in strings and comments are counted, too.
fn nesting(document: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in document.bytes() {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn wrong(message: &str) -> Error {
    Error::invalid(UserErrorCode::Invalid, "document", message)
}

fn unknown() -> Error {
    wrong("the document names something that isn't in the schema")
}

fn too_much() -> Error {
    wrong("the document is too long or too deep to be explained")
}
