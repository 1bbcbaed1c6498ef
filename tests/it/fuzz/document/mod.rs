//! Documents that are nearly right: made out of the schema, and then spoiled.

mod generate;
mod schema;
mod spoil;

use std::fmt::Write;

use serde_json::{Map, Value};

pub use self::{generate::generate, schema::Schema, spoil::spoil};

/// Something that is selected, and what is selected of it.
#[derive(Clone, Debug)]
struct Node {
    /// A field with its arguments, a spread, or `... on T`.
    head: String,
    below: Vec<Node>,
}

/// A document with its variables.
#[derive(Clone, Debug)]
pub struct Document {
    /// `query`, `mutation` or `subscription`.
    kind: &'static str,
    /// `$name: Type`, each.
    definitions: Vec<String>,
    /// Their values.
    pub variables: Map<String, Value>,
    directives: String,
    nodes: Vec<Node>,
    /// What fragments are called with their type, and what they select.
    fragments: Vec<(String, Vec<Node>)>,
    /// What stands between its parts.
    gap: &'static str,
}

impl Document {
    /// As it is sent.
    pub fn text(&self) -> String {
        let mut text = self.kind.to_owned();
        if !self.definitions.is_empty() {
            write!(text, "({})", self.definitions.join(self.gap)).unwrap();
        }
        text += &self.directives;
        self.set(&self.nodes, &mut text);
        for (head, nodes) in &self.fragments {
            write!(text, "{}fragment {head}", self.gap).unwrap();
            self.set(nodes, &mut text);
        }
        text
    }

    fn set(&self, nodes: &[Node], text: &mut String) {
        text.push('{');
        for node in nodes {
            text.push_str(self.gap);
            text.push_str(&node.head);
            if !node.below.is_empty() {
                self.set(&node.below, text);
            }
        }
        text.push_str(self.gap);
        text.push('}');
    }

    /// The same without one of its selections, of which there are more than one where it stands; none where nothing
    /// can be left out.
    pub fn without(&self, which: usize) -> Option<Self> {
        let mut less = self.clone();
        let fragments = less.fragments.iter_mut().map(|(_, nodes)| nodes);
        let mut sets: Vec<_> = std::iter::once(&mut less.nodes).chain(fragments).collect();
        let total: usize = sets.iter().map(|nodes| spare(nodes)).sum();
        let mut at = which.checked_rem(total)?;
        sets.iter_mut().find_map(|nodes| remove(nodes, &mut at))?;
        Some(less)
    }
}

/// How many selections can be left out one at a time.
fn spare(nodes: &[Node]) -> usize {
    let here = if nodes.len() > 1 { nodes.len() } else { 0 };
    here + nodes.iter().map(|node| spare(&node.below)).sum::<usize>()
}

/// Removes the one at `at`, or counts past these.
fn remove(nodes: &mut Vec<Node>, at: &mut usize) -> Option<()> {
    if nodes.len() > 1 {
        if *at < nodes.len() {
            nodes.remove(*at);
            return Some(());
        }
        *at -= nodes.len();
    }
    nodes.iter_mut().find_map(|node| remove(&mut node.below, at))
}
