//! Answers compressed, for whoever asks for that.
//!
//! By gzip alone, at its fastest: JSON shrinks to a small part already, every client has it, and an answer costs no
//! window of megabytes as with brotli. Event streams go as they happen. That an answer's length tells something about its
//! content takes a secret of the victim's that comes along by itself; there is no cookie.

use tower_http::{
    CompressionLevel,
    compression::{
        CompressionLayer,
        predicate::{And, NotForContentType, Predicate, SizeAbove},
    },
};

/// What is smaller goes in one packet either way.
const LEAST_BYTES: u16 = 1024;

/// Compresses what is worth it and isn't compressed already.
pub(super) fn layer() -> CompressionLayer<And<SizeAbove, NotForContentType>> {
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(LEAST_BYTES).and(NotForContentType::SSE))
}
