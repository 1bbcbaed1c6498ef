//! The tokens of a document, before anything parses it.
//!
//! A parser builds something for each token and nests with each bracket. This walk over the bytes doesn't: it is linear,
//! takes no memory, and knows any text. Where the parser accepts a text, it finds no more values in it than these (tests
//! compare the two); where it doesn't, each byte that belongs to nothing counts as a token of its own, so that no text gets by.

use super::bounds::{Bounds, Limit};
use crate::http::pipeline::Refusal;

/// One token. Whitespace, commas and byte order marks are none; a comment is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What it does to the nesting.
    pub kind: Kind,
}

/// What a token does to the nesting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `{`, `[` or `(`.
    Open,
    /// `}`, `]` or `)`.
    Close,
    /// A comment.
    Comment,
    /// Anything else.
    Plain,
}

/// Counts the tokens of `text` and how deep its brackets are nested, and answers the number of tokens.
///
/// # Errors
/// Where one of the three is beyond its bound.
pub fn check(text: &str, bounds: &Bounds) -> Result<usize, Refusal> {
    bounds.check(Limit::Bytes, text.len())?;
    let (mut count, mut nesting) = (0, 0_usize);
    for token in Tokens::of(text) {
        count += 1;
        bounds.check(Limit::Tokens, count)?;
        match token.kind {
            Kind::Open => {
                nesting += 1;
                bounds.check(Limit::Nesting, nesting)?;
            }
            Kind::Close => nesting = nesting.saturating_sub(1),
            Kind::Comment | Kind::Plain => {}
        }
    }
    Ok(count)
}

/// Walks over the tokens of a text.
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
    /// No block string ends beyond here: it isn't looked for again, which would be quadratic.
    is_last_block_past: bool,
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
const BLOCK: &[u8] = br#"""""#;

impl<'a> Tokens<'a> {
    /// From the beginning of `text`.
    pub fn of(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), at: 0, is_last_block_past: false }
    }

    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    fn skip_ignored(&mut self) {
        loop {
            match self.rest() {
                [b' ' | b'\t' | b',' | b'\r' | b'\n', ..] => self.at += 1,
                rest if rest.starts_with(BYTE_ORDER_MARK) => self.at += BYTE_ORDER_MARK.len(),
                _ => return,
            }
        }
    }

    fn string(&mut self) -> usize {
        let rest = self.rest();
        if rest.starts_with(BLOCK) && !self.is_last_block_past {
            match block_string(rest) {
                Some(length) => return length,
                // As the parser reads it: an empty string, and then another one begins.
                None => self.is_last_block_past = true,
            }
        }
        let mut length = 1;
        loop {
            match rest.get(length) {
                Some(b'"') => return length + 1,
                Some(b'\\') => length += 2,
                None | Some(b'\r' | b'\n') => return length.min(rest.len()),
                Some(_) => length += 1,
            }
        }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.skip_ignored();
        let rest = self.rest();
        let (length, kind) = match rest {
            [] => return None,
            [b'{' | b'[' | b'(', ..] => (1, Kind::Open),
            [b'}' | b']' | b')', ..] => (1, Kind::Close),
            [b'#', ..] => (count(rest, |byte| !matches!(byte, b'\r' | b'\n')), Kind::Comment),
            [b'"', ..] => (self.string(), Kind::Plain),
            [b'.', b'.', b'.', ..] => (3, Kind::Plain),
            [b'_' | b'a'..=b'z' | b'A'..=b'Z', ..] => (name(rest), Kind::Plain),
            _ => (number(rest).unwrap_or(1), Kind::Plain),
        };
        let start = self.at;
        self.at += length;
        Some(Token { start, end: self.at, kind })
    }
}

/// How many bytes at the beginning are such.
fn count(bytes: &[u8], is_such: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| is_such(**byte)).count()
}

fn digits(bytes: &[u8]) -> usize {
    count(bytes, |byte| byte.is_ascii_digit())
}

/// The length of the name that begins here. The parser takes `truetrue` for two values, so it is two tokens; a name that
/// only begins like one of these words counts as more than it is.
fn name(bytes: &[u8]) -> usize {
    let words: [&[u8]; 3] = [b"true", b"false", b"null"];
    match words.into_iter().find(|word| bytes.starts_with(word)) {
        Some(word) => word.len(),
        None => count(bytes, |byte| byte == b'_' || byte.is_ascii_alphanumeric()),
    }
}

/// The length of the block string that begins here; none where it has no end.
fn block_string(bytes: &[u8]) -> Option<usize> {
    let mut at = BLOCK.len();
    loop {
        match bytes.get(at..)? {
            [] => return None,
            [b'"', b'"', b'"', ..] => return Some(at + BLOCK.len()),
            [b'\\', b'"', b'"', b'"', ..] => at += 1 + BLOCK.len(),
            _ => at += 1,
        }
    }
}

/// The length of the number that begins here, if one does.
fn number(bytes: &[u8]) -> Option<usize> {
    let sign = usize::from(bytes.first() == Some(&b'-'));
    let whole = match bytes.get(sign)? {
        b'0' => 1,
        b'1'..=b'9' => digits(&bytes[sign..]),
        _ => return None,
    };
    let mut length = sign + whole;
    if bytes.get(length) == Some(&b'.') {
        length += match digits(&bytes[length + 1..]) {
            0 => 0,
            fraction => 1 + fraction,
        };
    }
    if let Some(b'e' | b'E') = bytes.get(length) {
        let signed = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        length += match digits(&bytes[length + 1 + signed..]) {
            0 => 0,
            exponent => 1 + signed + exponent,
        };
    }
    Some(length)
}
