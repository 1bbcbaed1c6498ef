//! Makes documents: mostly valid ones, of every field that there is, with here and there something that isn't.

use std::fmt::Write;

use async_graphql::parser::types::{BaseType, Type};
use serde_json::{Map, Value};

use super::{
    Document, Node, Schema,
    schema::{Argument, Field, Kind, named},
};
use crate::fuzz::{
    MARK,
    shape::{chosen, chosen_number, chosen_text},
    tape::Tape,
};

/// What may stand between two tokens.
const GAPS: [&str; 5] = [" ", "\n", ",\u{feff}", "\r\n\t", " # hunter2 { \" é\n"];

/// A document of the kind of operation; `ids` are some that are there.
pub fn generate(schema: &Schema, kind: &'static str, ids: &[String], tape: &mut Tape) -> Document {
    let document = Document {
        kind,
        definitions: vec![],
        variables: Map::new(),
        directives: String::new(),
        nodes: vec![],
        fragments: vec![],
        gap: GAPS[0],
    };
    let mut generator = Generator { schema, ids, tape, document, names: 0 };
    let root = match kind {
        "query" => "Query",
        "mutation" => "Mutation",
        _ => "Subscription",
    };
    generator.document.gap = generator.tape.pick(&GAPS);
    generator.document.directives = generator.directives();
    let depth = 1 + generator.tape.below(5);
    let most = if kind == "query" { 3 } else { 1 };
    generator.document.nodes = generator.set(root, depth, most);
    generator.document
}

struct Generator<'a> {
    schema: &'a Schema,
    ids: &'a [String],
    tape: &'a mut Tape,
    document: Document,
    names: usize,
}

impl Generator<'_> {
    /// Something of `ty`, at most so many.
    fn set(&mut self, ty: &str, depth: usize, most: usize) -> Vec<Node> {
        let is_root = ["Query", "Mutation", "Subscription"].contains(&ty);
        let mut nodes = vec![];
        // Objects are counted by it, and it is all that can be selected of some.
        if !is_root || self.tape.is_one_in(16) {
            nodes.push(leaf("__typename"));
        }
        let schema = self.schema;
        for _ in 0..=self.tape.below(most) {
            let node = match schema.get(ty) {
                Kind::Fields(fields) if self.tape.is_one_in(12) => self.fragment(ty, fields, depth),
                Kind::Fields(fields) => self.field(fields, depth),
                Kind::OneOf(types) if depth > 0 && !types.is_empty() => {
                    let on = &types[self.tape.below(types.len())];
                    let below = self.set(on, depth - 1, most);
                    Some(Node { head: format!("... on {on}{}", self.directives()), below })
                }
                _ => None,
            };
            nodes.extend(node);
        }
        if nodes.is_empty() {
            nodes.push(leaf(if self.tape.is_one_in(4) { MARK } else { "__typename" }));
        }
        nodes
    }

    fn field(&mut self, fields: &[Field], depth: usize) -> Option<Node> {
        match self.tape.below(40) {
            38 => return Some(leaf(MARK)),
            39 => return Some(self.introspection()),
            _ => {}
        }
        let field = &fields[self.tape.below(fields.len())];
        let is_leaf = matches!(self.schema.get(named(&field.ty)), Kind::Scalar | Kind::Enum(_));
        if !is_leaf && depth == 0 {
            return None;
        }
        let below = if is_leaf { vec![] } else { self.set(named(&field.ty), depth - 1, 4) };
        let alias = if self.tape.is_one_in(2) { format!("{}: ", self.name("a")) } else { String::new() };
        let arguments: Vec<_> = field.arguments.iter().filter_map(|one| self.argument(one)).collect();
        let mut head = alias + &field.name;
        if !arguments.is_empty() {
            write!(head, "({})", arguments.join(", ")).unwrap();
        }
        head += &self.directives();
        Some(Node { head, below })
    }

    fn introspection(&mut self) -> Node {
        let of = |head: &str, below| Node { head: head.to_owned(), below };
        let names = vec![leaf("name"), leaf("description")];
        let types = |below| of("__schema", vec![of("types", below)]);
        match self.tape.below(4) {
            0 => types(names),
            1 => types(vec![of("fields", vec![of("type", vec![of("ofType", names)])])]),
            2 => of("__type(name: \"Incident\")", vec![of("fields(includeDeprecated: true)", names)]),
            _ => of("__type(name: \"hunter2\")", vec![of("enumValues", names)]),
        }
    }

    /// Some of `ty` in a fragment: in place, or of a name; one that isn't there, or one that spreads itself.
    fn fragment(&mut self, ty: &str, fields: &[Field], depth: usize) -> Option<Node> {
        let head = format!("...{}", self.directives());
        let mut below: Vec<_> = self.field(fields, depth).into_iter().chain([leaf("__typename")]).collect();
        let choice = self.tape.below(8);
        if choice < 3 {
            return Some(Node { head, below });
        }
        if choice == 7 {
            return Some(leaf("...hunter2"));
        }
        let name = self.name("F");
        if choice == 6 {
            below.push(leaf(&format!("...{name}")));
        }
        self.document.fragments.push((format!("{name} on {ty}"), below));
        Some(leaf(&format!("...{name}")))
    }

    fn directives(&mut self) -> String {
        if !self.tape.is_one_in(10) {
            return String::new();
        }
        let variable = match self.tape.below(3) {
            0 => self.variable("Boolean!", true.into()),
            1 => "true".to_owned(),
            _ => "false".to_owned(),
        };
        let others = ["@include", "@skip", "@include", "@hunter2", "@requires", "@include(if: 1) @skip"];
        format!(" {}(if: {variable})", self.tape.pick(&others))
    }

    fn argument(&mut self, argument: &Argument) -> Option<String> {
        if (!argument.is_required || self.tape.is_one_in(30)) && !self.tape.is_one_in(4) {
            return None;
        }
        let value = self.value(&argument.ty, 3);
        let text = if self.tape.is_one_in(3) {
            self.variable(&argument.ty.to_string(), value)
        } else {
            self.literal(&argument.ty, &value)
        };
        Some(format!("{}: {text}", argument.name))
    }

    fn variable(&mut self, ty: &str, value: Value) -> String {
        let name = self.name("v");
        let default = if self.tape.is_one_in(12) { " = null" } else { "" };
        self.document.definitions.push(format!("${name}: {ty}{default}"));
        if !self.tape.is_one_in(20) {
            self.document.variables.insert(name.clone(), value);
        }
        format!("${name}")
    }

    /// A value for a `ty`; now and then anything.
    fn value(&mut self, ty: &Type, depth: usize) -> Value {
        if self.tape.is_one_in(20) {
            return chosen(self.tape, 2);
        }
        let name = match &ty.base {
            BaseType::List(inner) => {
                let items = (0..=self.tape.below(3)).map(|_| self.value(inner, depth));
                return items.collect();
            }
            BaseType::Named(name) => name.as_str(),
        };
        let schema = self.schema;
        match schema.get(name) {
            Kind::Enum(values) => values[self.tape.below(values.len())].as_str().into(),
            Kind::Input(fields) => {
                let mut object = Map::new();
                for field in fields {
                    let is_given = field.is_required || depth > 0 && self.tape.is_one_in(6);
                    if is_given && !self.tape.is_over() {
                        object.insert(field.name.clone(), self.value(&field.ty, depth.saturating_sub(1)));
                    }
                }
                Value::Object(object)
            }
            _ => match name {
                "Int" | "Float" => chosen_number(self.tape),
                "Boolean" => self.tape.is_one_in(2).into(),
                "JSON" => chosen(self.tape, 2),
                _ => chosen_text(self.tape, self.ids).into(),
            },
        }
    }

    /// A value as it is written in a document.
    fn literal(&mut self, ty: &Type, value: &Value) -> String {
        let inner: &Type = match &ty.base {
            BaseType::List(inner) => inner,
            BaseType::Named(_) => ty,
        };
        let schema = self.schema;
        match value {
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| self.literal(inner, item)).collect();
                format!("[{}]", items.join(" "))
            }
            Value::Object(fields) => {
                let known: &[Argument] = match schema.get(named(ty)) {
                    Kind::Input(known) => known,
                    _ => &[],
                };
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(name, value)| {
                        let field = known.iter().find(|field| field.name == *name);
                        format!("{name}: {}", self.literal(field.map_or(ty, |field| &field.ty), value))
                    })
                    .collect();
                format!("{{{}}}", fields.join(", "))
            }
            Value::String(text) => match schema.get(named(ty)) {
                Kind::Enum(values) if values.contains(text) => text.clone(),
                _ if self.tape.is_one_in(6) => format!("\"\"\"{text}\"\"\""),
                _ => value.to_string(),
            },
            _ => value.to_string(),
        }
    }

    fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }
}

fn leaf(head: &str) -> Node {
    Node { head: head.to_owned(), below: vec![] }
}
