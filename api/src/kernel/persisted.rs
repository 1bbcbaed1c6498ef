//! Documents by the SHA-256 of their text.
//!
//! A client that names a document by its hash needn't send it. [`Texts`] are those that a process holds in memory: within
//! a bound, and whichever wasn't asked for the longest makes place.
//!
//! An API token may be *trusted* with certain documents ([`Trusted`]), and runs these and nothing else. Which they are is
//! in the rights snapshot; their texts are in a table, since a hash means the same text for good, and are read from there
//! when they are first asked for.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use ::entity::trusted_document;
use lru::LruCache;
use sea_orm::EntityTrait;
use sha2::{Digest, Sha256};

use super::{
    db::Conn,
    error::{Error, Result},
};

/// What an entry takes beside its text, in bytes.
const ENTRY: usize = 200;

/// The SHA-256 of a document's text, byte for byte.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentHash([u8; 32]);

impl DocumentHash {
    /// That of `text`.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// The one that is written so: 64 hexadecimal digits, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// As it is stored.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The documents that a token is trusted with.
pub type Trusted = BTreeSet<DocumentHash>;

/// The text of a trusted document.
///
/// # Errors
/// Where the database can't; INTERNAL where it has another text, or none.
pub async fn trusted(db: &Conn, hash: &DocumentHash) -> Result<String> {
    let row = trusted_document::Entity::find_by_id(hash.bytes().to_vec()).one(db).await?;
    let text = row.map(|row| row.text).filter(|text| DocumentHash::of(text) == *hash);
    text.ok_or_else(|| Error::internal(format!("the trusted document {hash} isn't there")))
}

/// In hexadecimal digits, as clients write it.
impl fmt::Display for DocumentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for DocumentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Texts of documents, in memory.
#[derive(Debug)]
pub struct Texts {
    room: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    texts: LruCache<DocumentHash, Arc<str>>,
    size: usize,
}

impl Texts {
    /// None yet, and room for so many bytes.
    pub fn within(room: usize) -> Self {
        Self { room, kept: Mutex::new(Kept { texts: LruCache::unbounded(), size: 0 }) }
    }

    /// The one with this hash.
    pub fn get(&self, hash: &DocumentHash) -> Option<Arc<str>> {
        self.kept().texts.get(hash).cloned()
    }

    /// Keeps `text`, whose hash is `hash`.
    pub fn keep(&self, hash: DocumentHash, text: &str) {
        let mut kept = self.kept();
        if size(text) > self.room || kept.texts.promote(&hash) {
            return;
        }
        kept.size += size(text);
        kept.texts.put(hash, text.into());
        while kept.size > self.room
            && let Some((_, oldest)) = kept.texts.pop_lru()
        {
            kept.size -= size(&oldest);
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn size(text: &str) -> usize {
    text.len() + ENTRY
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The first example of the GraphQL-over-HTTP specification, appendix "Persisted Documents".
    const EXAMPLE: &str = "query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}";

    #[test]
    fn the_hash_is_that_of_the_specifications_examples() {
        for (text, hash) in [
            (EXAMPLE, "7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e"),
            (
                "query($id:ID!){user(id:$id){name}}",
                "71f7dc5758652baac68e4a10c50be732b741c892ade2883a99358f52b555286b",
            ),
        ] {
            assert_eq!(DocumentHash::of(text).to_string(), hash);
            assert_eq!(DocumentHash::parse(hash), Some(DocumentHash::of(text)));
            assert_eq!(DocumentHash::parse(&hash.to_uppercase()), Some(DocumentHash::of(text)));
            assert_eq!(DocumentHash::parse(&hash[1..]), None);
            assert_eq!(DocumentHash::parse(&format!("{hash}0")), None);
            assert_eq!(DocumentHash::parse(&hash.replace('7', "g")), None);
        }
        assert_eq!(DocumentHash::parse(""), None);
    }

    #[test]
    fn what_was_not_asked_for_the_longest_makes_place() {
        let texts = Texts::within(3 * (ENTRY + 10));
        let documents: Vec<_> = (0..4).map(|number| format!("{{ field{number} }}")).collect();
        let hashes: Vec<_> = documents.iter().map(|text| DocumentHash::of(text)).collect();
        for number in 0..3 {
            texts.keep(hashes[number], &documents[number]);
        }
        assert!(texts.get(&hashes[0]).is_some());
        texts.keep(hashes[3], &documents[3]);
        let known: Vec<_> = hashes.iter().map(|hash| texts.get(hash).is_some()).collect();
        assert_eq!(known, [true, false, true, true]);
        // Keeping it again is asking for it.
        texts.keep(hashes[0], &documents[0]);
        texts.keep(hashes[1], &documents[1]);
        let known: Vec<_> = hashes.iter().map(|hash| texts.get(hash).is_some()).collect();
        assert_eq!(known, [true, true, false, true]);
    }

    proptest! {
        #[test]
        fn never_beyond_the_room(lengths in prop::collection::vec(0usize..3000, 0..60)) {
            let texts = Texts::within(5000);
            for (number, length) in lengths.into_iter().enumerate() {
                let text = format!("{number}{}", "x".repeat(length));
                texts.keep(DocumentHash::of(&text), &text);
                let kept = texts.kept();
                let found: usize = kept.texts.iter().map(|(_, text)| size(text)).sum();
                prop_assert!(kept.size == found && found <= 5000);
            }
        }

        #[test]
        fn a_text_too_long_for_the_room_pushes_nothing_out(length in 4801usize..9000) {
            let texts = Texts::within(5000);
            let hash = DocumentHash::of("{ a }");
            texts.keep(hash, "{ a }");
            let long = "x".repeat(length);
            texts.keep(DocumentHash::of(&long), &long);
            prop_assert!(texts.get(&DocumentHash::of(&long)).is_none());
            prop_assert!(texts.get(&hash).is_some());
        }
    }
}
