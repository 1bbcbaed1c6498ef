//! Sealing at rest: what the database holds but must not show.
//!
//! A [`SealingKey`] turns bytes into text with AES-256-GCM (NIST SP 800-38D). The text says which key sealed it, and it
//! is bound to its [table and row](Aad): moved anywhere else it doesn't open. The keys of a gateway are its
//! [`KeyRing`]: the first of them seals, all of them open, so that keys can be changed while old values stay readable.
//! What is [sealed] is declared by whose table it is, and can be [sealed anew](reseal). The ring lives in a file of the
//! data directory that only the gateway's account can read; losing a key loses what it sealed, so that a damaged file is
//! refused and never replaced.

mod key_file;
pub mod reseal;
mod ring;
mod ring_file;
pub mod sealed;

use std::fmt;

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

pub use key_file::{KeyFileError, load_or_create_secret};
pub use ring::{KeyRing, follow};
pub use ring_file::RingFile;

const KEY_LEN: usize = 32;
const NONCE_LEN: usize = 12;

/// The version of the sealed form.
const VERSION: &str = "v1";

/// Why a sealed value doesn't open. Says nothing of its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Not the text that [`SealingKey::seal`] makes.
    #[error("not a sealed value")]
    Malformed,
    /// Another key is needed.
    #[error("this is sealed under the key {key_id}, which the gateway doesn't have")]
    MissingKey {
        /// The key that it was sealed under.
        key_id: String,
    },
    /// Changed, or copied from another row or table.
    #[error("the value sealed under the key {key_id} was altered or belongs to another row")]
    Inauthentic {
        /// The key that it was sealed under.
        key_id: String,
    },
}

/// Where a sealed value lives: authenticated with it, not stored in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aad<'a> {
    /// The table's name.
    pub table: &'a str,
    /// The row's id.
    pub row: Uuid,
}

/// A key of 256 bits to seal and open with. Wiped from memory when dropped.
///
/// Nonces are random, so that one key is good for 2³² values (SP 800-38D, section 8.3) and is to be changed before.
pub struct SealingKey {
    key: Zeroizing<[u8; KEY_LEN]>,
    id: String,
}

impl SealingKey {
    /// A new random key.
    pub fn generate() -> Self {
        Self::new(random())
    }

    /// The key made of these bytes, which have to be uniformly random: this is no place for a password.
    pub fn from_bytes(bytes: [u8; KEY_LEN]) -> Self {
        Self::new(Zeroizing::new(bytes))
    }

    fn new(key: Zeroizing<[u8; KEY_LEN]>) -> Self {
        let digest = Sha256::new().chain_update(b"opsgate sealing key id\0").chain_update(*key).finalize();
        Self { key, id: hex::encode(&digest[..4]) }
    }

    /// The key's name: the first eight hexadecimal digits of SHA-256 over a label and the key. It is no secret.
    pub fn key_id(&self) -> &str {
        &self.id
    }

    /// The id of the key that a text was sealed under; none where it isn't one.
    pub fn id_in(sealed: &str) -> Option<&str> {
        let (key_id, _) = sealed.strip_prefix(VERSION)?.strip_prefix('.')?.split_once('.')?;
        is_key_id(key_id).then_some(key_id)
    }

    /// Seals `plaintext` for the place `aad`: `v1.<key id>.<base64url(nonce ‖ ciphertext ‖ tag)>`, the last part
    /// without padding. The same plaintext gives another text each time.
    pub fn seal(&self, plaintext: &[u8], aad: Aad<'_>) -> String {
        let nonce: [u8; NONCE_LEN] = rand::random();
        let payload = Payload { msg: plaintext, aad: &self.associated_data(aad) };
        let ciphertext =
            self.cipher().encrypt(&nonce.into(), payload).expect("the plaintext is shorter than 64 GiB");
        let sealed = URL_SAFE_NO_PAD.encode([&nonce[..], &ciphertext].concat());
        format!("{VERSION}.{}.{sealed}", self.id)
    }

    /// Opens what [`seal`](Self::seal) made for the same place.
    ///
    /// # Errors
    /// [`SecretError`]; none of its kinds tells anything of the content.
    pub fn open(&self, sealed: &str, aad: Aad<'_>) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let (key_id, bytes) = parse(sealed).ok_or(SecretError::Malformed)?;
        if key_id != self.id {
            return Err(SecretError::MissingKey { key_id: key_id.to_owned() });
        }
        let (nonce, ciphertext) = bytes.split_first_chunk::<NONCE_LEN>().ok_or(SecretError::Malformed)?;
        let payload = Payload { msg: ciphertext, aad: &self.associated_data(aad) };
        match self.cipher().decrypt(&(*nonce).into(), payload) {
            Ok(plaintext) => Ok(Zeroizing::new(plaintext)),
            Err(_) => Err(SecretError::Inauthentic { key_id: key_id.to_owned() }),
        }
    }

    /// A key for another purpose, from which neither this one nor that of a third purpose can be told: HMAC-SHA-256 of
    /// the purpose's name under this key.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; KEY_LEN]> {
        let mac = Hmac::<Sha256>::new_from_slice(&*self.key).expect("HMAC takes keys of any length");
        let mac = mac.chain_update(b"opsgate derived key\0").chain_update(purpose);
        Zeroizing::new(mac.finalize().into_bytes().into())
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new((&*self.key).into())
    }

    /// Version, key id, table and row, told apart by a zero byte, which no name has.
    fn associated_data(&self, place: Aad<'_>) -> Vec<u8> {
        let header = format!("opsgate {VERSION}.{}\0{}\0", self.id, place.table);
        [header.as_bytes(), place.row.as_bytes()].concat()
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(..)")
    }
}

/// The key id and the bytes of a sealed text.
fn parse(sealed: &str) -> Option<(&str, Vec<u8>)> {
    let key_id = SealingKey::id_in(sealed)?;
    let bytes = &sealed[VERSION.len() + key_id.len() + 2..];
    Some((key_id, URL_SAFE_NO_PAD.decode(bytes).ok()?))
}

fn is_key_id(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn random() -> Zeroizing<[u8; KEY_LEN]> {
    let mut bytes = Zeroizing::new([0; KEY_LEN]);
    rand::fill(bytes.as_mut_slice());
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLACE: Aad<'_> = Aad { table: "webhook_endpoints", row: Uuid::from_u128(7) };

    #[test]
    fn a_sealed_value_opens_at_its_place_only() {
        let key = SealingKey::generate();
        let sealed = key.seal(b"whsec_abc", PLACE);
        assert_eq!(*key.open(&sealed, PLACE).unwrap(), b"whsec_abc");
        assert_ne!(sealed, key.seal(b"whsec_abc", PLACE));
        for place in [Aad { row: Uuid::from_u128(8), ..PLACE }, Aad { table: "integrations", ..PLACE }] {
            let error = key.open(&sealed, place).unwrap_err();
            assert_eq!(error, SecretError::Inauthentic { key_id: key.key_id().to_owned() });
        }
    }

    /// A golden value: what was sealed by any earlier build still opens.
    #[test]
    fn the_form_is_frozen() {
        let key = SealingKey::from_bytes([7; 32]);
        assert_eq!(key.key_id(), "b27ef411");
        let sealed = "v1.b27ef411.AAECAwQFBgcICQoLefWdEX5i-SgDkoH9lTbXiM6Ei9olDXI-51nt9qKf";
        assert_eq!(*key.open(sealed, PLACE).unwrap(), b"attack at dawn");
    }

    #[test]
    fn another_keys_value_names_that_key() {
        let (key, other) = (SealingKey::generate(), SealingKey::generate());
        let error = other.open(&key.seal(b"hunter2", PLACE), PLACE).unwrap_err();
        assert_eq!(error, SecretError::MissingKey { key_id: key.key_id().to_owned() });
        assert!(error.to_string().contains(key.key_id()) && !error.to_string().contains("hunter2"));
    }

    #[test]
    fn what_was_never_sealed_is_malformed() {
        let key = SealingKey::from_bytes([7; 32]);
        let id = key.key_id();
        for text in [
            String::new(),
            "hunter2".to_owned(),
            format!("v2.{id}.AAAA"),
            format!("v1.{id}"),
            format!("v1.{id}.AAAA"),
            format!("v1.{id}.!!"),
            "v1.hunter2!.AAAA".to_owned(),
        ] {
            assert_eq!(key.open(&text, PLACE).unwrap_err(), SecretError::Malformed, "{text}");
        }
    }

    #[test]
    fn a_key_for_each_purpose_is_derived() {
        let key = SealingKey::from_bytes([7; 32]);
        assert_eq!(*key.derive("one"), *SealingKey::from_bytes([7; 32]).derive("one"));
        assert_ne!(*key.derive("one"), *key.derive("other"));
        assert_ne!(*key.derive("one"), *SealingKey::from_bytes([8; 32]).derive("one"));
    }

    #[test]
    fn debug_prints_no_key() {
        assert_eq!(format!("{:?}", SealingKey::from_bytes([7; 32])), "SealingKey(..)");
    }

    proptest! {
        #[test]
        fn sealing_round_trips(plaintext: Vec<u8>, table in "[a-z_]{1,20}", row: u128) {
            let key = SealingKey::generate();
            let place = Aad { table: &table, row: Uuid::from_u128(row) };
            let sealed = key.seal(&plaintext, place);
            prop_assert_eq!(&*key.open(&sealed, place).unwrap(), &plaintext);
        }

        #[test]
        fn a_changed_byte_is_noticed(place in 0usize..42, bit in 0u8..8) {
            let key = SealingKey::from_bytes([7; 32]);
            let sealed = key.seal(b"attack at dawn", PLACE);
            let (id, mut bytes) = parse(&sealed).unwrap();
            bytes[place] ^= 1 << bit;
            let forged = format!("v1.{id}.{}", URL_SAFE_NO_PAD.encode(bytes));
            prop_assert!(key.open(&forged, PLACE).is_err());
        }

        #[test]
        fn opening_never_panics(text in "(v1\\.[0-9a-f]{8}\\.)?\\PC{0,60}") {
            prop_assert!(SealingKey::from_bytes([7; 32]).open(&text, PLACE).is_err());
        }
    }
}
