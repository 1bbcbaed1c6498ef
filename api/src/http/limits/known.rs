//! Documents that were seen before, parsed and counted.
//!
//! Clients send the same few documents over and over. What is known of one doesn't depend on who sends it; only documents
//! within their bounds get here. The room is bounded by what they take in memory, and whoever wasn't sent for longest
//! makes place.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::parser::types::ExecutableDocument;
use lru::LruCache;

use super::cost::Price;
use crate::kernel::validity::Validity;

/// The room for documents, in bytes.
const ROOM: usize = 16 * 1024 * 1024;
/// About what a token takes when it is parsed, in bytes.
const TOKEN: usize = 400;

/// A document, of which one operation is chosen.
#[derive(Debug)]
pub struct Known {
    pub(super) text: String,
    pub(super) operation_name: Option<String>,
    pub(super) tokens: usize,
    /// Whether it was found valid.
    pub validity: Validity,
    /// As parsed.
    pub document: ExecutableDocument,
    /// Whether the operation asks for the schema.
    pub(super) introspects: bool,
    /// What the operation costs.
    pub(super) price: Price,
}

impl Known {
    fn size(&self) -> usize {
        self.text.len() + self.tokens * TOKEN
    }
}

/// The documents.
#[derive(Debug)]
pub struct Documents {
    hasher: RandomState,
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    documents: LruCache<u64, Arc<Known>>,
    size: usize,
}

impl Documents {
    /// None yet.
    pub fn new() -> Self {
        let kept = Kept { documents: LruCache::unbounded(), size: 0 };
        Self { hasher: RandomState::new(), kept: Mutex::new(kept) }
    }

    /// The one with this text and this operation.
    ///
    /// # Errors
    /// Those of `read`, which reads it where it isn't known.
    pub fn get<E>(
        &self,
        text: &str,
        operation_name: Option<&str>,
        read: impl FnOnce() -> Result<Known, E>,
    ) -> Result<Arc<Known>, E> {
        let key = self.hasher.hash_one((text, operation_name));
        // Two that share a key take turns.
        let is_it = |known: &Known| known.text == text && known.operation_name.as_deref() == operation_name;
        if let Some(known) = self.kept().documents.get(&key).filter(|known| is_it(known)) {
            return Ok(known.clone());
        }
        let known = Arc::new(read()?);
        self.kept().keep(key, known.clone());
        Ok(known)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn keep(&mut self, key: u64, known: Arc<Known>) {
        self.size += known.size();
        let replaced = self.documents.push(key, known);
        self.size -= replaced.map_or(0, |(_, replaced)| replaced.size());
        while self.size > ROOM
            && let Some((_, oldest)) = self.documents.pop_lru()
        {
            self.size -= oldest.size();
        }
    }
}
