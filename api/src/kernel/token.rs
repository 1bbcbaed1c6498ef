//! API tokens: what a script or a partner signs in with.
//!
//! `opsk_` + 30 random base62 characters + 6 of checksum, 41 in all: the shape of GitHub's tokens. The prefix lets
//! secret scanners find a leaked one, the checksum lets them (and us) refuse a mistyped one without a look into the
//! database. The text is shown once and its SHA-256 is kept: with 178 bits of randomness nothing slower is needed.

use rand::RngExt;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

const PREFIX: &str = "opsk_";
const RANDOM_LEN: usize = 30;
const CHECKSUM_LEN: usize = 6;
const LEN: usize = PREFIX.len() + RANDOM_LEN + CHECKSUM_LEN;

/// Characters of a [`hint`](ApiToken::hint): the prefix and four of the random ones, 24 of 178 bits.
const HINT_LEN: usize = 9;

/// The digits of base62 in the order of their values, as in GitHub's tokens.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A token's text, well formed. Wiped from memory when dropped; only [`expose`](Self::expose) shows it.
#[derive(Debug, Clone)]
pub struct ApiToken(SecretString);

impl ApiToken {
    /// A new token, each of its 30 characters drawn evenly from 62 by the thread's cryptographic generator.
    pub fn generate() -> Self {
        let mut rng = rand::rng();
        // Full capacity at once: growing would leave a copy of the secret behind.
        let mut text = String::with_capacity(LEN);
        text.push_str(PREFIX);
        text.extend((0..RANDOM_LEN).map(|_| char::from(BASE62[rng.random_range(0..BASE62.len())])));
        let checksum = checksum(&text[PREFIX.len()..]);
        text.extend(checksum.map(char::from));
        Self(text.into())
    }

    /// The token in `text`; none where shape or checksum are wrong. Whether anybody has it, the database knows.
    pub fn parse(text: &str) -> Option<Self> {
        let body = text.strip_prefix(PREFIX)?;
        if text.len() != LEN || !body.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let (random, given) = body.split_at(RANDOM_LEN);
        (checksum(random) == given.as_bytes()).then(|| Self(text.into()))
    }

    /// SHA-256 of the whole text: what is stored and looked up by.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.expose()).into()
    }

    /// The first nine characters, `opsk_` and four: enough for its owner to know it again, safe to store and show.
    pub fn hint(&self) -> &str {
        &self.expose()[..HINT_LEN]
    }

    /// The text itself, to hand it to its owner once.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// CRC-32 (IEEE 802.3) of the random characters without the prefix, in base62, padded with zeros on the left.
fn checksum(random: &str) -> [u8; CHECKSUM_LEN] {
    let mut rest = crc32fast::hash(random.as_bytes());
    let mut digits = [0; CHECKSUM_LEN];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_checksum_is_githubs() {
        // A revoked token of GitHub's, published as an example of the format: `ghp_` and these two.
        assert_eq!(&checksum("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ"), b"0mLq17");
        assert_eq!(&checksum("000000000000000000000000000000"), b"2C8GjS");
    }

    #[test]
    fn a_generated_token_has_the_shape_and_parses() {
        let token = ApiToken::generate();
        assert_eq!(token.expose().len(), 41);
        let again = ApiToken::parse(token.expose()).unwrap();
        assert_eq!(again.hash(), token.hash());
        assert_eq!(token.hint(), &token.expose()[..9]);
        assert_ne!(ApiToken::generate().hash(), token.hash());
    }

    #[test]
    fn the_hash_is_that_of_the_whole_text() {
        let token = ApiToken::parse("opsk_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17").unwrap();
        assert_eq!(
            hex::encode(token.hash()),
            "93a62d5799a9d50edb5df758b8f337f2029d71167b5486be7111688f42f65aa0"
        );
    }

    #[test]
    fn what_is_not_a_token_is_refused() {
        for text in [
            "",
            "opsk_",
            "opsk_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ",
            "opsk_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18",
            "opsk_zQWBuTSOoRi4A9spHcVY5ncnsDkxkK0mLq17",
            "opsk_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq170",
            "opsk_zQWBuTSOoRi4A9spHcVY5ncnsDkxk-0mLq17",
            "opsk_zQWBuTSOoRi4A9spHcVY5ncnsDkxé0mLq17",
            "OPSK_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17",
            "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",
            " opsk_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17",
        ] {
            assert!(ApiToken::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn debug_shows_nothing_of_it() {
        let token = ApiToken::parse("opsk_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17").unwrap();
        let shown = format!("{token:?} {token:#?}");
        assert!(!shown.contains("zQWB") && !shown.contains("0mLq17"), "{shown}");
    }

    #[test]
    fn every_character_comes_up() {
        let drawn: std::collections::HashSet<u8> =
            (0..100).flat_map(|_| ApiToken::generate().expose().as_bytes()[5..35].to_vec()).collect();
        assert_eq!(drawn.len(), 62);
    }

    proptest! {
        #[test]
        fn one_wrong_character_is_noticed(place in 5usize..41, digit in 0usize..62) {
            let token = ApiToken::generate();
            let mut text = token.expose().as_bytes().to_vec();
            let same = text[place] == BASE62[digit];
            text[place] = BASE62[digit];
            prop_assert_eq!(ApiToken::parse(std::str::from_utf8(&text).unwrap()).is_some(), same);
        }

        #[test]
        fn parsing_never_panics(text in "\\PC{0,60}|opsk_\\PC{0,40}") {
            prop_assert!(ApiToken::parse(&text).is_none());
        }
    }
}
