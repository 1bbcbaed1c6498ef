//! The schema: everything is described, lists are Relay's, and the printed contract is the code's.

use std::fs;

use async_graphql::parser::{
    parse_schema,
    types::{
        DirectiveDefinition, FieldDefinition, InputValueDefinition, TypeDefinition, TypeKind,
        TypeSystemDefinition,
    },
};
use opsgate::schema;
use tests::workspace;

fn definitions() -> (Vec<TypeDefinition>, Vec<DirectiveDefinition>) {
    let document = parse_schema(schema::sdl()).expect("the printed schema is one");
    let (mut types, mut directives) = (Vec::new(), Vec::new());
    for definition in document.definitions {
        match definition {
            TypeSystemDefinition::Type(ty) => types.push(ty.node),
            TypeSystemDefinition::Directive(directive) => directives.push(directive.node),
            TypeSystemDefinition::Schema(_) => {}
        }
    }
    (types, directives)
}

fn fields(ty: &TypeDefinition) -> Vec<&FieldDefinition> {
    match &ty.kind {
        TypeKind::Object(object) => object.fields.iter().map(|field| &field.node).collect(),
        TypeKind::Interface(interface) => interface.fields.iter().map(|field| &field.node).collect(),
        _ => vec![],
    }
}

/// Where a description is missing.
#[derive(Default)]
struct Silent(Vec<String>);

impl Silent {
    fn look<T: AsRef<str>>(&mut self, place: String, description: Option<T>) {
        if description.is_none_or(|text| text.as_ref().trim().is_empty()) {
            self.0.push(place);
        }
    }

    fn look_at_inputs<'a>(&mut self, place: &str, inputs: impl Iterator<Item = &'a InputValueDefinition>) {
        for input in inputs {
            let name = input.name.node.as_str();
            self.look(format!("{place}.{name}"), input.description.as_ref().map(|text| &text.node));
        }
    }
}

#[test]
fn everything_is_described() {
    let (types, directives) = definitions();
    let mut silent = Silent::default();
    for ty in &types {
        let name = ty.name.node.as_str();
        silent.look(name.to_owned(), ty.description.as_ref().map(|text| &text.node));
        for field in fields(ty) {
            let place = format!("{name}.{}", field.name.node);
            silent.look(place.clone(), field.description.as_ref().map(|text| &text.node));
            silent.look_at_inputs(&place, field.arguments.iter().map(|argument| &argument.node));
        }
        match &ty.kind {
            TypeKind::Enum(words) => {
                for word in &words.values {
                    let place = format!("{name}.{}", word.node.value.node);
                    silent.look(place, word.node.description.as_ref().map(|text| &text.node));
                }
            }
            TypeKind::InputObject(input) => {
                silent.look_at_inputs(name, input.fields.iter().map(|field| &field.node));
            }
            _ => {}
        }
    }
    for directive in &directives {
        let name = format!("@{}", directive.name.node);
        silent.look(name.clone(), directive.description.as_ref().map(|text| &text.node));
    }
    assert!(types.len() > 50, "the types are found");
    assert!(silent.0.is_empty(), "without a description: {:#?}", silent.0);
}

#[test]
fn lists_are_relays_connections() {
    let (types, _) = definitions();
    let shape = |name: &str| {
        let ty = types.iter().find(|ty| ty.name.node == name).unwrap_or_else(|| panic!("{name} is there"));
        let field = |field: &FieldDefinition| format!("{}: {}", field.name.node, field.ty.node);
        fields(ty).into_iter().map(field).collect::<Vec<_>>()
    };
    let mut count = 0;
    for ty in &types {
        for field in fields(ty) {
            let base = field.ty.node.to_string().replace(['[', ']', '!'], "");
            let place = format!("{}.{}", ty.name.node, field.name.node);
            let Some(node) = base.strip_suffix("Connection") else {
                let is_list_of_objects =
                    field.arguments.iter().any(|argument| argument.node.name.node == "first");
                assert!(!is_list_of_objects, "{place} takes `first` and answers no connection");
                continue;
            };
            count += 1;
            let arguments: Vec<_> = field
                .arguments
                .iter()
                .map(|argument| format!("{}: {}", argument.node.name.node, argument.node.ty.node))
                .collect();
            let paging = ["first: Int", "after: Cursor", "last: Int", "before: Cursor"];
            assert_eq!(
                arguments.iter().filter(|argument| paging.contains(&argument.as_str())).count(),
                4,
                "{place}"
            );
            assert_eq!(
                shape(&base),
                [
                    format!("edges: [{node}Edge!]!"),
                    format!("nodes: [{node}!]!"),
                    "pageInfo: PageInfo!".to_owned(),
                    "totalCount: Int!".to_owned(),
                    "isTotalCountExact: Boolean!".to_owned(),
                ],
                "{place}"
            );
            let mut edge = shape(&format!("{node}Edge"));
            edge.sort();
            assert_eq!(edge, ["cursor: Cursor!".to_owned(), format!("node: {node}!")], "{place}");
        }
    }
    assert!(count >= 5, "{count} connections are found");
    let mut info = shape("PageInfo");
    info.sort();
    assert_eq!(
        info,
        ["endCursor: Cursor", "hasNextPage: Boolean!", "hasPreviousPage: Boolean!", "startCursor: Cursor"]
    );
}

#[test]
fn names_follow_the_style() {
    let (types, _) = definitions();
    for ty in &types {
        let name = ty.name.node.as_str();
        assert!(!name.ends_with("Enum"), "{name}");
        if let TypeKind::Enum(words) = &ty.kind {
            for word in &words.values {
                let word = word.node.value.node.as_str();
                assert!(
                    word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'),
                    "{name}.{word}"
                );
            }
        }
        for field in fields(ty) {
            let (field, shape) = (field.name.node.as_str(), field.ty.node.to_string());
            let base = shape.trim_end_matches('!');
            let is_boolean = ["is", "has", "can"].iter().any(|start| field.starts_with(start));
            assert!(base != "Boolean" || is_boolean, "{name}.{field}: booleans are isX, hasX, canX");
            let is_point =
                ["At", "Until", "Since", "from", "to", "at"].iter().any(|end| field.ends_with(end));
            assert!(base != "DateTime" || is_point, "{name}.{field}: points in time are xAt");
        }
        // A mutation's payload: the object, what to mend, the proof.
        if name.ends_with("Payload") {
            let fields: Vec<_> =
                fields(ty).into_iter().map(|f| format!("{}: {}", f.name.node, f.ty.node)).collect();
            assert!(fields.contains(&"userErrors: [UserError!]!".to_owned()), "{name}");
            assert!(fields.contains(&"receipt: Receipt".to_owned()), "{name}");
        }
    }
}

#[test]
fn the_printed_contract_is_the_codes() {
    let printed = fs::read_to_string(workspace().join("schema.graphql")).unwrap_or_default();
    let first = printed.lines().zip(schema::sdl().lines().map(str::to_owned).collect::<Vec<_>>());
    let differing = first.into_iter().find(|(printed, code)| printed != code);
    assert!(
        printed == schema::sdl(),
        "schema.graphql isn't the code's; where that is meant: cargo run -q --bin opsgate -- schema > schema.graphql\n\
         first: {differing:?}"
    );
}
