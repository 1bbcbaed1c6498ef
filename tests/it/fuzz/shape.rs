//! JSON of any shape.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::Value;

use super::{MARK, tape::Tape};

/// Texts that somebody may trip over.
const TEXTS: [&str; 16] = [
    "x",
    "",
    MARK,
    "\0",
    "\u{feff}é€😀\u{202e}",
    "%_\\'\"`",
    "2026-11-21T03:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "00000000-0000-0000-0000-000000000000",
    "inc_01h455vb4pex5vsknk084sn02q",
    "-1",
    "99999999999999999999.5",
    "https://hunter2:hunter2@[::1]:0/hunter2?#",
    "\r\nSet-Cookie: hunter2=1",
    "\"\"\"",
    "null",
];

/// Any text.
pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![select(TEXTS.to_vec()).prop_map(str::to_owned), "\\PC{0,20}", any::<String>()]
}

/// Any JSON, three levels deep.
pub fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A text that `tape` chooses, out of those and `ids`.
pub fn chosen_text(tape: &mut Tape, ids: &[String]) -> String {
    match tape.below(8) {
        0..3 if !ids.is_empty() => ids[tape.below(ids.len())].clone(),
        7 => tape.pick(&TEXTS).repeat(tape.below(600)),
        _ => tape.pick(&TEXTS).to_owned(),
    }
}

/// JSON that `tape` chooses. The names in it are names in GraphQL, too.
pub fn chosen(tape: &mut Tape, depth: usize) -> Value {
    match tape.below(if depth == 0 { 5 } else { 7 }) {
        0 => Value::Null,
        1 => tape.is_one_in(2).into(),
        2 => chosen_number(tape),
        3 | 4 => chosen_text(tape, &[]).into(),
        5 => (0..tape.below(4)).map(|_| chosen(tape, depth - 1)).collect(),
        _ => {
            let names = ["id", MARK, "first", "eq", "and", "title"];
            let fields = (0..tape.below(4)).map(|_| (tape.pick(&names).to_owned(), chosen(tape, depth - 1)));
            Value::Object(fields.collect())
        }
    }
}

/// A number that `tape` chooses; most are small.
pub fn chosen_number(tape: &mut Tape) -> Value {
    match tape.below(16) {
        8 => (-1).into(),
        9 => 101.into(),
        10 => i32::MAX.into(),
        11 => (i64::from(i32::MAX) + 1).into(),
        12 => i64::MIN.into(),
        13 => u64::MAX.into(),
        14 => 1.5.into(),
        15 => 1e308.into(),
        small => (small % 4).into(),
    }
}
