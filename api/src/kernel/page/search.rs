//! Search as people type it: words, each of which must occur somewhere.

use super::{column::Column, predicate::Predicate, walk::is_storable};
use crate::kernel::error::{Error, Result, UserErrorCode};

/// The longest search, in characters.
const MAX_CHARS: usize = 200;
/// The most words in one.
const MAX_WORDS: usize = 10;

/// The rows in which every word of `text` occurs in one of `columns`, whatever the case; every row without words.
///
/// Upper and lower case are the same for ASCII on SQLite, for all letters on PostgreSQL. There a trigram index over
/// `lower(column)` serves it.
///
/// # Errors
/// BAD_USER_INPUT for more than 200 characters or 10 words.
pub fn search<C: Into<Column>>(
    text: Option<&str>,
    columns: impl IntoIterator<Item = C>,
) -> Result<Predicate> {
    let columns: Vec<Column> = columns.into_iter().map(Into::into).collect();
    let words = words(text)?.into_iter();
    Ok(Predicate::All(words.map(|word| Predicate::Search(columns.clone(), word.to_owned())).collect()))
}

/// The words of a search.
///
/// # Errors
/// As [`search`].
pub fn words(text: Option<&str>) -> Result<Vec<&str>> {
    let text = text.unwrap_or_default();
    let refuse = |code, message: String| Err(Error::invalid(code, "search", message));
    if text.chars().count() > MAX_CHARS {
        return refuse(UserErrorCode::TooLong, format!("`search` takes at most {MAX_CHARS} characters"));
    }
    if !is_storable(text) {
        return refuse(UserErrorCode::Invalid, "`search` can't hold the character U+0000".to_owned());
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.len() > MAX_WORDS {
        return refuse(UserErrorCode::LimitExceeded, format!("`search` takes at most {MAX_WORDS} words"));
    }
    Ok(words)
}
