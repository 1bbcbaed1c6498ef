//! The gateway's sources, read for what they import.

use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A source file of the gateway, without its tests.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its path below `api/src`.
    pub file: String,
    /// The module that it is: `["incidents", "ops", "open"]`.
    pub module: Vec<String>,
    /// Everything that it names by a path, from the root: `["crate", "kernel", "tx", "Tx"]`, `["sea_orm", "Select"]`.
    pub paths: Vec<Vec<String>>,
    tokens: Vec<TokenTree>,
}

/// The workspace's directory.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust file below a directory, in the order of their paths.
pub fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

impl Source {
    /// All of the gateway's.
    pub fn all() -> Vec<Self> {
        let root = workspace().join("api/src");
        let files = rust_files(&root).into_iter().map(|path| {
            let file = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            (file, fs::read_to_string(path).unwrap())
        });
        let is_test = |file: &str| {
            file.contains("/tests/") || ["/tests.rs", "/testing.rs"].iter().any(|name| file.ends_with(name))
        };
        files.filter(|(file, _)| !is_test(file)).map(|(file, text)| Self::new(&file, &text)).collect()
    }

    /// One of this text.
    pub fn new(file: &str, text: &str) -> Self {
        let stem = file.strip_suffix(".rs").unwrap();
        let stem = stem.strip_suffix("/mod").unwrap_or(stem);
        let module: Vec<_> = stem.split('/').map(str::to_owned).filter(|name| name != "lib").collect();
        let stream = TokenStream::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut tokens = stream.into_iter().collect::<Vec<_>>();
        remove_tests(&mut tokens);
        let mut relative = Vec::new();
        collect(&tokens, &mut relative);
        let paths = relative.into_iter().map(|path| absolute(&module, path)).collect();
        Self { file: file.to_owned(), module, paths, tokens }
    }

    /// Its paths into the crate, without the `crate`.
    pub fn internal(&self) -> impl Iterator<Item = &[String]> {
        self.paths.iter().filter(|path| path[0] == "crate").map(|path| &path[1..])
    }

    /// Whether it names something of another crate.
    pub fn names(&self, name: &str) -> bool {
        self.paths.iter().any(|path| path[0] == name)
    }

    /// Whether it calls a method of this name, without arguments.
    pub fn calls(&self, method: &str) -> bool {
        calls(&self.tokens, method)
    }

    /// Each `impl TYPE {` with the attributes before it, as text.
    pub fn blocks(&self, ty: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (i, window) in self.tokens.windows(3).enumerate() {
            if is(&window[0], "impl") && is(&window[1], ty) && is_group(&window[2], Delimiter::Brace) {
                let before = self.tokens[..i].rchunks(2).take_while(|pair| is(&pair[0], "#"));
                found.push(before.map(|pair| pair[1].to_string()).collect());
            }
        }
        found
    }
}

fn is(token: &TokenTree, text: &str) -> bool {
    match token {
        TokenTree::Ident(ident) => *ident == text,
        TokenTree::Punct(punct) => text.len() == 1 && text.starts_with(punct.as_char()),
        TokenTree::Group(_) | TokenTree::Literal(_) => false,
    }
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}

fn calls(tokens: &[TokenTree], method: &str) -> bool {
    let is_call =
        |window: &[TokenTree]| is(&window[0], ".") && is(&window[1], method) && window[2].to_string() == "()";
    tokens.windows(3).any(is_call)
        || tokens.iter().any(|token| match token {
            TokenTree::Group(group) => calls(&group.stream().into_iter().collect::<Vec<_>>(), method),
            _ => false,
        })
}

/// Takes out every item that is there for tests alone.
fn remove_tests(tokens: &mut Vec<TokenTree>) {
    let is_for_tests =
        |pair: &[TokenTree]| is(&pair[0], "#") && pair[1].to_string().replace(' ', "") == "[cfg(test)]";
    while let Some(start) = tokens.windows(2).position(is_for_tests) {
        let ends = |token: &TokenTree| is(token, ";") || is_group(token, Delimiter::Brace);
        let length = tokens[start..].iter().position(ends).map_or(tokens.len() - start, |end| end + 1);
        tokens.drain(start..start + length);
    }
}

/// Every path of two names or more, and what a `use` imports; as they stand.
fn collect(tokens: &[TokenTree], found: &mut Vec<Vec<String>>) {
    let mut rest = tokens;
    while let Some(first) = rest.first() {
        if is(first, "use") {
            rest = use_tree(&rest[1..], &[], found);
        } else if let TokenTree::Ident(_) = first {
            let (path, after) = path(rest);
            if path.len() > 1 {
                found.push(path);
            }
            rest = after;
        } else {
            if let TokenTree::Group(group) = first {
                collect(&group.stream().into_iter().collect::<Vec<_>>(), found);
            }
            rest = &rest[1..];
        }
    }
}

/// The path at the beginning: the names that `::` joins.
fn path(tokens: &[TokenTree]) -> (Vec<String>, &[TokenTree]) {
    let mut names = vec![tokens[0].to_string()];
    let mut rest = &tokens[1..];
    while let [a, b, next @ TokenTree::Ident(_), ..] = rest {
        if !is(a, ":") || !is(b, ":") {
            break;
        }
        names.push(next.to_string());
        rest = &rest[3..];
    }
    (names, rest)
}

/// What a tree of a `use` imports, below `prefix`; answers what comes after it.
fn use_tree<'a>(tokens: &'a [TokenTree], prefix: &[String], found: &mut Vec<Vec<String>>) -> &'a [TokenTree] {
    let mut path = prefix.to_owned();
    let mut rest = tokens;
    loop {
        match rest {
            [token, ..] if is(token, ";") || is(token, ",") => break,
            [token, ..] if is(token, "as") => rest = &rest[2..],
            [TokenTree::Group(group), ..] => {
                let inner: Vec<_> = group.stream().into_iter().collect();
                let mut inner = &inner[..];
                while !inner.is_empty() {
                    inner = use_tree(inner, &path, found);
                }
                return rest.get(2..).unwrap_or_default();
            }
            [token, ..] => {
                if let TokenTree::Ident(name) = token {
                    path.push(name.to_string());
                } else if is(token, "*") {
                    path.push("*".to_owned());
                }
                rest = &rest[1..];
            }
            [] => break,
        }
    }
    if path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    found.push(path);
    rest.get(1..).unwrap_or_default()
}

/// A path from the root, for what stands in `module`.
fn absolute(module: &[String], path: Vec<String>) -> Vec<String> {
    let supers = path.iter().take_while(|name| *name == "super").count();
    let (base, rest) = match path[0].as_str() {
        "super" => (&module[..module.len().saturating_sub(supers)], &path[supers..]),
        "self" => (module, &path[1..]),
        _ => return path,
    };
    std::iter::once("crate".to_owned()).chain(base.iter().cloned()).chain(rest.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_import_is_found() {
        let source = Source::new(
            "incidents/ops/open.rs",
            "use ::entity::{incident::{self, Model as M}, list::*};
             use super::super::store;
             use crate::{access, kernel::{tx::Tx, id}};
             /// Not in a comment: `sea_orm::Select`.
             fn open() { sqlx::query(\"async_graphql::ID\"); self::close(a::<b::C>()) }
             #[cfg(test)]
             mod tests { use tokio::test; }",
        );
        let paths: Vec<_> = source.paths.iter().map(|path| path.join("::")).collect();
        assert_eq!(
            paths,
            [
                "entity::incident",
                "entity::incident::Model",
                "entity::list::*",
                "crate::incidents::store",
                "crate::access",
                "crate::kernel::tx::Tx",
                "crate::kernel::id",
                "sqlx::query",
                "crate::incidents::ops::open::close",
                "b::C",
            ]
        );
        assert_eq!(source.module, ["incidents", "ops", "open"]);
    }

    #[test]
    fn blocks_are_found_with_their_attributes() {
        let source = Source::new("a/graphql.rs", "#[a] #[b::c(d)] impl Query { } impl Other { }");
        assert_eq!(source.blocks("Query"), ["[b :: c (d)][a]"]);
    }
}
