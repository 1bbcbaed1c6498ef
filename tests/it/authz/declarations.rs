//! Each root field says once who may call it: guard, directive, description and catalogue agree.

use std::collections::BTreeSet;

use async_graphql::parser::types::{ConstDirective, FieldDefinition};
use opsgate::{
    kernel::guard::{Access, Root, RootField},
    schema,
};

use super::{fields, types};

/// The directives by which a field says who may call it.
const DECLARATIONS: [&str; 3] = ["public", "authenticated", "requires"];

#[test]
fn every_root_field_is_declared_once_and_alike_everywhere() {
    let catalogue = schema::catalogue();
    let mut declared: BTreeSet<_> = catalogue.fields().map(|field| field.name).collect();
    for (name, root) in
        [("Query", Root::Query), ("Mutation", Root::Mutation), ("Subscription", Root::Subscription)]
    {
        let types = types();
        let ty = types.iter().find(|ty| ty.name.node == name).expect("the root type is there");
        for field in fields(ty) {
            let field_name = field.name.node.as_str();
            let row = catalogue.field(field_name).unwrap_or_else(|| panic!("{field_name} isn't declared"));
            assert!(declared.remove(field_name));
            assert_eq!(row.root, root, "{field_name}");
            let directives: Vec<_> = field
                .directives
                .iter()
                .map(|directive| &directive.node)
                .filter(|directive| DECLARATIONS.contains(&directive.name.node.as_str()))
                .collect();
            let [directive] = directives[..] else {
                panic!("{field_name} has {} declarations", directives.len())
            };
            assert_eq!(access(directive), said(&row.access), "{field_name}");
            assert_eq!(description(field), expected_description(row), "{field_name}");
        }
    }
    assert_eq!(declared, BTreeSet::new(), "declared, but no root fields");
}

/// What a directive says, in the words of the catalogue.
fn access(directive: &ConstDirective) -> (String, Option<String>, [bool; 2]) {
    let argument =
        |name: &str| directive.get_argument(name).map(|value| value.node.clone().into_json().unwrap());
    (
        directive.name.node.to_string(),
        argument("permission").map(|key| key.as_str().unwrap().to_owned()),
        ["stepUp", "enrolling"].map(|name| argument(name).is_some_and(|flag| flag.as_bool().unwrap())),
    )
}

fn said(access: &Access) -> (String, Option<String>, [bool; 2]) {
    match access {
        Access::Public => ("public".to_owned(), None, [false, false]),
        Access::Enrolling => ("authenticated".to_owned(), None, [false, true]),
        Access::Authenticated { step_up } => ("authenticated".to_owned(), None, [*step_up, false]),
        Access::Permission { key, step_up } => {
            ("requires".to_owned(), Some((*key).to_owned()), [*step_up, false])
        }
    }
}

/// The last lines of a description: what the field requires and emits.
fn description(field: &FieldDefinition) -> Vec<String> {
    let text = field.description.as_ref().map_or("", |text| &text.node);
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| line.starts_with("Requires: ") || line.starts_with("Emits: "))
        .map(str::to_owned)
        .collect()
}

fn expected_description(row: &RootField) -> Vec<String> {
    let requires = match row.access {
        Access::Public => "Requires: nothing".to_owned(),
        Access::Enrolling => "Requires: authentication, with or without a second factor".to_owned(),
        Access::Authenticated { step_up: false } => "Requires: authentication".to_owned(),
        Access::Authenticated { step_up: true } => "Requires: authentication and step-up".to_owned(),
        Access::Permission { key, step_up: false } => format!("Requires: {key}"),
        Access::Permission { key, step_up: true } => format!("Requires: {key} and step-up"),
    };
    let emits = (!row.emits.is_empty()).then(|| format!("Emits: {}", row.emits.join(", ")));
    std::iter::once(requires).chain(emits).collect()
}

#[test]
fn mutations_emit_events_that_are_declared() {
    let catalogue = schema::catalogue();
    for field in catalogue.fields() {
        assert_eq!(field.root == Root::Mutation, !field.emits.is_empty(), "{}: mutations emit", field.name);
        for event in field.emits {
            assert!(catalogue.event(event).is_some(), "{} emits {event}, which nobody declares", field.name);
        }
    }
}

#[test]
fn every_permission_is_needed_somewhere() {
    let catalogue = schema::catalogue();
    let needed: BTreeSet<_> = catalogue
        .fields()
        .filter_map(|field| field.access.permission())
        .chain(catalogue.events().map(|event| event.permission))
        // These widen what the fields of a type show, or what an argument may ask for.
        .chain(["audit.read_personal", "incidents.read_internal", "access.impersonate_writing"])
        .collect();
    for permission in catalogue.permissions() {
        assert!(needed.contains(permission.key), "nothing needs {}", permission.key);
        assert!(permission.description.ends_with('.'), "{}", permission.key);
    }
}
