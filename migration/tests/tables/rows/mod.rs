//! A row of every table, with a value in every column.

mod access;
mod incidents;
mod logs;
mod monitoring;
mod queue;

pub use access::*;
pub use incidents::*;
pub use logs::*;
pub use monitoring::*;
pub use queue::*;

use sea_orm::prelude::*;

/// A new id.
pub fn id() -> Uuid {
    Uuid::now_v7()
}

/// A time with as many digits as are kept, moved by seconds.
pub fn at(seconds: i64) -> DateTimeUtc {
    DateTimeUtc::from_timestamp_micros(1_795_000_000_123_456 + seconds * 1_000_000).expect("a time in range")
}

/// JSON with what is easily lost: nesting, null, an empty text, a great number, and letters beyond ASCII.
pub fn json() -> Json {
    serde_json::json!({"a": [1, null, {"ü": ""}], "great": 9_007_199_254_740_993_i64, "half": 0.5})
}

/// 32 bytes, zero and the greatest among them.
pub fn bytes(first: u8) -> Vec<u8> {
    let mut bytes = vec![0; 32];
    bytes[0] = first;
    bytes[31] = u8::MAX;
    bytes
}

/// Any text.
pub fn text() -> String {
    "O'Brien \"quotes\" – ünïcode".into()
}
