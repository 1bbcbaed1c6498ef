//! The tokens are the parser's.

use std::collections::HashMap;

use async_graphql::{
    Pos, Positioned,
    parser::types::{Directive, ExecutableDocument, Field, Selection, SelectionSet},
};
use async_graphql_value::Value as Literal;
use proptest::prelude::*;

use super::super::lexer::{Kind, Token, Tokens};
use super::*;

fn texts(text: &str) -> Vec<&str> {
    Tokens::of(text).map(|token| &text[token.start..token.end]).collect()
}

#[test]
fn texts_have_these_tokens() {
    for (text, expected) in [
        ("", &[][..]),
        (" \t,\r\n\u{feff}", &[]),
        ("{a}", &["{", "a", "}"]),
        (
            "query Q($a:Int!=1)@d{...F}",
            &["query", "Q", "(", "$", "a", ":", "Int", "!", "=", "1", ")", "@", "d", "{", "...", "F", "}"],
        ),
        ("a # b { \"\n c", &["a", "# b { \"", "c"]),
        ("#\r#", &["#", "#"]),
        (r#" "a {\" \\" b"#, &[r#""a {\" \\""#, "b"]),
        (r#""a"#, &[r#""a"#]),
        (r#""a\"#, &[r#""a\"#]),
        ("\"a\nb\"", &["\"a", "b", "\""]),
        (r#""""#, &[r#""""#]),
        (r#"""""a"#, &[r#""""#, r#""""#, "a"]),
        (r#""""a " "" \""" {""" b"#, &[r#""""a " "" \""" {""""#, "b"]),
        (r#""""a" """"#, &[r#""""a" """"#]),
        (r#""" "x" """ y """ z"#, &[r#""""#, r#""x""#, r#"""" y """"#, "z"]),
        // What isn't ended as a block string is read as others.
        (r#""""{{ "{" {"#, &[r#""""#, r#""{{ ""#, "{", r#"" {"#]),
        (
            "-0 0.5 1e5 -12.50E-3 01 1.e 1e -",
            &["-0", "0.5", "1e5", "-12.50E-3", "0", "1", "1", ".", "e", "1", "e", "-"],
        ),
        ("....", &["...", "."]),
        // The parser reads four values, and a name that begins so may count as more than one.
        ("[truetruefalsenull]", &["[", "true", "true", "false", "null", "]"]),
        ("nullable", &["null", "able"]),
    ] {
        assert_eq!(texts(text), expected, "{text:?}");
    }
    // A byte that belongs to nothing is a token: these are three.
    assert_eq!(Tokens::of("a€b").count(), 5);
}

/// A document, token by token.
fn document() -> impl Strategy<Value = Vec<String>> {
    let definition = (prop::option::of(variables()), set(2)).prop_map(|(variables, set)| match variables {
        Some(variables) => [words("query Q"), variables, set].concat(),
        None => set,
    });
    (definition, prop::option::of(set(1))).prop_map(|(operation, fragment)| match fragment {
        Some(fragment) => [operation, words("fragment F on T"), fragment].concat(),
        None => operation,
    })
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn name() -> impl Strategy<Value = String> {
    "[_a-zA-Z][_a-zA-Z0-9]{0,3}".prop_filter("words of the language", |name| {
        !["on", "true", "false", "null"].iter().any(|word| name.starts_with(word))
    })
}

fn variables() -> impl Strategy<Value = Vec<String>> {
    (name(), prop::option::of(value())).prop_map(|(name, default)| {
        let default = default.filter(|value| !value.contains(&"$".to_owned()));
        let default = default.map_or(vec![], |value| [words("="), value].concat());
        [words("( $"), vec![name], words(": T"), default, words(")")].concat()
    })
}

fn set(depth: u32) -> BoxedStrategy<Vec<String>> {
    prop::collection::vec(selection(depth), 1..4)
        .prop_map(|items| [words("{"), items.concat(), words("}")].concat())
        .boxed()
}

fn selection(depth: u32) -> BoxedStrategy<Vec<String>> {
    let inner = if depth == 0 { Just(None).boxed() } else { prop::option::of(set(depth - 1)).boxed() };
    let field = (prop::option::of(name()), name(), prop::option::of(arguments()), directives(), inner)
        .prop_map(|(alias, name, arguments, directives, set)| {
            let alias = alias.map_or(vec![], |alias| vec![alias, ":".to_owned()]);
            [alias, vec![name], arguments.unwrap_or_default(), directives, set.unwrap_or_default()].concat()
        });
    if depth == 0 {
        return field.boxed();
    }
    let spread =
        (name(), directives()).prop_map(|(name, directives)| [words("..."), vec![name], directives].concat());
    let inline = (directives(), set(depth - 1))
        .prop_map(|(directives, set)| [words("... on T"), directives, set].concat());
    prop_oneof![3 => field, 1 => spread, 1 => inline].boxed()
}

fn directives() -> impl Strategy<Value = Vec<String>> {
    let directive = (name(), prop::option::of(arguments()))
        .prop_map(|(name, arguments)| [words("@"), vec![name], arguments.unwrap_or_default()].concat());
    prop::collection::vec(directive, 0..2).prop_map(|directives| directives.concat())
}

fn arguments() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec((name(), value()), 1..3).prop_map(|arguments| {
        let arguments =
            arguments.into_iter().flat_map(|(name, value)| [vec![name], words(":"), value].concat());
        [words("("), arguments.collect(), words(")")].concat()
    })
}

fn value() -> impl Strategy<Value = Vec<String>> {
    let string = r#""([ -!#-\[\]-~é€]|\\["\\/bfnrt]|\\u0[0-9a-f]{3})*""#;
    let block = prop::collection::vec(
        prop_oneof!["[ a{}#\n\\\\é]", Just("\\\"\"\"".to_owned()), Just("\" ".to_owned())],
        0..6,
    )
    .prop_map(|parts| format!("\"\"\"{}\"\"\"", parts.concat()));
    // What ends with a backslash escapes the end.
    let block = block.prop_filter("ends", |text| !text.trim_end_matches("\"\"\"").ends_with(['\\', '"']));
    let number = "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?";
    let scalar = prop_oneof![
        name().prop_map(|name| vec![name]),
        name().prop_map(|name| vec!["$".to_owned(), name]),
        prop_oneof![Just("true"), Just("false"), Just("null")].prop_map(words),
        number.prop_map(|number| vec![number]),
        string.prop_map(|string| vec![string]),
        block.prop_map(|block| vec![block]),
    ];
    scalar.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| [
                words("["),
                items.concat(),
                words("]")
            ]
            .concat()),
            prop::collection::vec((name(), inner), 0..3).prop_map(|fields| {
                let fields =
                    fields.into_iter().flat_map(|(name, value)| [vec![name], words(":"), value].concat());
                [words("{"), fields.collect(), words("}")].concat()
            }),
        ]
    })
}

/// What stands between two tokens, with how many comments there are in it.
fn between() -> impl Strategy<Value = (String, usize)> {
    prop::collection::vec(
        prop_oneof![
            8 => prop_oneof![Just(" "), Just("\n"), Just("\t"), Just(","), Just("\r\n"), Just("\u{feff}")]
                .prop_map(|text| (text.to_owned(), 0)),
            1 => "#[ -~é]{0,8}\n".prop_map(|comment| (comment, 1)),
        ],
        1..3,
    )
    .prop_map(|parts| {
        (
            parts.iter().map(|(text, _)| text.as_str()).collect(),
            parts.iter().map(|(_, comments)| comments).sum(),
        )
    })
}

proptest! {
    #[test]
    fn tokens_are_those_that_a_document_is_made_of(
        (tokens, gaps) in document().prop_flat_map(|tokens| {
            let gaps = prop::collection::vec(between(), tokens.len());
            (Just(tokens), gaps)
        })
    ) {
        let (mut text, mut expected, mut comments) = (String::new(), Vec::new(), 0);
        for (token, (gap, more)) in tokens.iter().zip(gaps) {
            // The parser takes no comment after `on`.
            let (gap, more) = if token == "on" { (" ".to_owned(), 0) } else { (gap, more) };
            expected.push((text.len(), token.as_str()));
            text += token;
            text += &gap;
            comments += more;
        }
        let (found_comments, found): (Vec<Token>, _) = Tokens::of(&text).partition(|token| token.kind == Kind::Comment);
        let found: Vec<_> = found.iter().map(|token| (token.start, &text[token.start..token.end])).collect();
        prop_assert_eq!(found, expected);
        prop_assert_eq!(found_comments.len(), comments);
        // And the parser sees its names and values where they begin.
        let document = parse_query(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        let starts = places(&text);
        for pos in positions(&document) {
            prop_assert!(starts.contains_key(&(pos.line, pos.column)), "{} in {:?}", pos, text);
        }
    }

    #[test]
    fn values_without_anything_between_are_counted_each(
        parts in prop::collection::vec(
            prop::sample::select(vec!["true", "false", "null", "a", "$a", "1", "-1.5e3", "\"\"", "\"\"\"\"\"\"", "[", "]", "{a:", "}", " "]),
            0..12,
        )
    ) {
        let text = format!("{{f(a:[{}])}}", parts.concat());
        if let Ok(document) = parse_query(&text) {
            let values: usize = document
                .operations
                .iter()
                .flat_map(|(_, operation)| &operation.node.selection_set.node.items)
                .filter_map(|item| match &item.node {
                    Selection::Field(field) => field.node.get_argument("a"),
                    _ => None,
                })
                .map(|value| values(&value.node))
                .sum();
            prop_assert!(Tokens::of(&text).count() >= values, "{} values in {:?}", values, text);
        }
    }

    #[test]
    fn any_text_is_walked_through(text in "\\PC*") {
        walks(&text)?;
    }

    #[test]
    fn any_text_of_the_languages_characters_is_walked_through(text in "[\"\\\\{}\\[\\]()#\n\r., ab01eE+$@:!=|&\u{feff}-]{0,40}") {
        walks(&text)?;
        if let Ok(document) = parse_query(&text) {
            let starts = places(&text);
            for pos in positions(&document) {
                prop_assert!(starts.contains_key(&(pos.line, pos.column)), "{} in {:?}", pos, text);
            }
        }
    }
}

/// How many values there are, each of which takes a token at least.
fn values(value: &Literal) -> usize {
    1 + match value {
        Literal::List(items) => items.iter().map(values).sum(),
        Literal::Object(fields) => fields.values().map(values).sum::<usize>(),
        _ => 0,
    }
}

/// Tokens are there in order, none empty, and nothing lies between them but what may.
fn walks(text: &str) -> Result<(), TestCaseError> {
    let mut end = 0;
    for token in Tokens::of(text) {
        prop_assert!(token.start >= end && token.end > token.start && token.end <= text.len());
        let between = &text.as_bytes()[end..token.start];
        let between = String::from_utf8_lossy(between);
        prop_assert!(between.chars().all(|c| " \t\r\n,\u{feff}".contains(c)), "{:?} in {:?}", between, text);
        end = token.end;
    }
    Ok(())
}

/// Where tokens begin, as the parser counts lines and columns.
fn places(text: &str) -> HashMap<(usize, usize), usize> {
    let (mut line, mut column, mut at) = (1, 1, HashMap::new());
    for (place, c) in text.char_indices() {
        at.insert(place, (line, column));
        match c {
            '\r' => column = 1,
            '\n' => (line, column) = (line + 1, 1),
            _ => column += 1,
        }
    }
    Tokens::of(text).filter_map(|token| Some((*at.get(&token.start)?, token.start))).collect()
}

fn positions(document: &ExecutableDocument) -> Vec<Pos> {
    let mut found = Vec::new();
    for (_, operation) in document.operations.iter() {
        found.push(operation.pos);
        for variable in &operation.node.variable_definitions {
            found.extend([variable.pos, variable.node.name.pos, variable.node.var_type.pos]);
            found.extend(variable.node.default_value.as_ref().map(|value| value.pos));
        }
        set_positions(&operation.node.selection_set, &mut found);
    }
    for fragment in document.fragments.values() {
        found.push(fragment.pos);
        set_positions(&fragment.node.selection_set, &mut found);
    }
    found
}

fn set_positions(set: &Positioned<SelectionSet>, found: &mut Vec<Pos>) {
    for item in &set.node.items {
        found.push(item.pos);
        item.node.directives().iter().for_each(|directive| directive_positions(directive, found));
        match &item.node {
            Selection::Field(field) => field_positions(&field.node, found),
            Selection::FragmentSpread(spread) => found.push(spread.node.fragment_name.pos),
            Selection::InlineFragment(inline) => {
                found.push(inline.node.selection_set.pos);
                set_positions(&inline.node.selection_set, found);
            }
        }
    }
}

fn field_positions(field: &Field, found: &mut Vec<Pos>) {
    found.push(field.name.pos);
    found.extend(field.alias.as_ref().map(|alias| alias.pos));
    found.extend(field.arguments.iter().flat_map(|(name, value)| [name.pos, value.pos]));
    if !field.selection_set.node.items.is_empty() {
        found.push(field.selection_set.pos);
        set_positions(&field.selection_set, found);
    }
}

fn directive_positions(directive: &Positioned<Directive>, found: &mut Vec<Pos>) {
    found.extend([directive.pos, directive.node.name.pos]);
    found.extend(directive.node.arguments.iter().flat_map(|(name, value)| [name.pos, value.pos]));
}
