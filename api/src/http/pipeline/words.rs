//! What is said about a document, without what the document says.
//!
//! async-graphql quotes names and values of the client's in its messages. An error goes where the request itself
//! doesn't: into logs, bug reports and other people's screens. So a quoted word stays where it is a name of the schema,
//! which anybody may read, and goes where it isn't; the place in the document is in `locations`.

use async_graphql::{Pos, parser::Error as ParseError};

use super::{Refusal, types::Types};

/// What a parser's error tells the client.
pub fn unparsable(error: &ParseError) -> Refusal {
    let message = match error {
        // The parser draws the line and puts what it expected below: "  = expected selection".
        ParseError::Syntax { message, .. } => {
            let expected = message.lines().last().and_then(|line| line.trim_start().strip_prefix("= "));
            let expected = expected.filter(|words| words.bytes().all(is_of_grammar));
            format!("this isn't GraphQL: {}", expected.unwrap_or("unexpected text").replace('_', " "))
        }
        ParseError::MultipleOperations { .. } => {
            "an operation without a name has to be the only one of its document".to_owned()
        }
        ParseError::OperationDuplicated { .. } => "two operations have the same name".to_owned(),
        ParseError::FragmentDuplicated { .. } => "two fragments have the same name".to_owned(),
        ParseError::MissingOperation => "the document has no operation".to_owned(),
        ParseError::RecursionLimitExceeded => "the document is nested too deeply".to_owned(),
        _ => "the document can't be read".to_owned(),
    };
    let mut refusal = Refusal::document("GRAPHQL_PARSE_FAILED", message, None);
    refusal.errors[0].locations = error.positions().collect::<Vec<Pos>>();
    refusal
}

/// The parser's own words are the rules of the grammar.
fn is_of_grammar(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || b"_, ".contains(&byte)
}

/// Where a message of async-graphql's goes on with a value of the client's, up to its end; and what is said instead.
const VALUES: [(&str, &str); 2] = [(" does not contain the value ", " has no such value"), (", found ", "")];

/// `message` without values, and with those of its quoted words that are names of the schema.
pub fn without_echo(message: &str, types: &Types) -> String {
    let cut = VALUES.iter().find_map(|(words, instead)| Some((message.split_once(words)?.0, *instead)));
    let (message, end) = cut.unwrap_or((message, ""));
    let mut plain = String::with_capacity(message.len() + end.len());
    for (number, part) in message.split('"').enumerate() {
        if number % 2 == 0 {
            plain.push_str(part);
        } else if is_of_schema(part, types) {
            plain.extend(["\"", part, "\""]);
        } else if plain.ends_with(' ') {
            plain.pop();
        }
    }
    plain + end
}

/// `Incident`, `[Incident!]!`, `@include`, and paths of such names and numbers: `input.items.0.name`.
fn is_of_schema(words: &str, types: &Types) -> bool {
    let bare = words.trim_matches(['[', ']', '!', '@']);
    !bare.is_empty()
        && bare.split('.').all(|name| {
            types.has_name(name) || (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()))
        })
}
