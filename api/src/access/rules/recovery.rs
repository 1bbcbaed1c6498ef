//! Recovery codes: what gets somebody in once who has lost the app that shows their codes.
//!
//! Ten of them, each with 80 random bits, so that SHA-256 of one is all that has to be kept. They are written in groups
//! of four without letters that look alike (Crockford's base32), and read however people type them.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// How many somebody has.
pub const COUNT: usize = 10;
/// Random bytes of one.
const BYTES: usize = 10;
/// Digits of one.
const LEN: usize = 16;
/// Digits between two hyphens.
const GROUP: usize = 4;
/// Crockford's digits, in the order of their values.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A recovery code, without its hyphens. Wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(Zeroizing<String>);

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(..)")
    }
}

impl RecoveryCode {
    /// A new one.
    pub fn generate() -> Self {
        let mut bytes = Zeroizing::new([0; BYTES]);
        rand::fill(bytes.as_mut_slice());
        Self::from_bytes(&bytes)
    }

    /// As many as somebody has.
    pub fn generate_all() -> Vec<Self> {
        (0..COUNT).map(|_| Self::generate()).collect()
    }

    fn from_bytes(bytes: &[u8; BYTES]) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(LEN));
        for half in bytes.chunks(BYTES / 2) {
            // Five bytes are eight digits.
            let value = half.iter().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
            text.extend((0..8).rev().map(|place| char::from(DIGITS[((value >> (5 * place)) & 31) as usize])));
        }
        Self(text)
    }

    /// The code in what somebody typed: in either case, with or without hyphens and spaces, O for 0 and I or L for 1.
    pub fn parse(typed: &str) -> Option<Self> {
        let mut text = Zeroizing::new(String::with_capacity(LEN));
        for typed in typed.chars().filter(|typed| *typed != '-' && !typed.is_whitespace()) {
            let digit = match typed.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                other => other,
            };
            if text.len() == LEN || !digit.is_ascii() || !DIGITS.contains(&(digit as u8)) {
                return None;
            }
            text.push(digit);
        }
        (text.len() == LEN).then_some(Self(text))
    }

    /// As it is shown, once: `7k3m-…-…-…`.
    pub fn expose(&self) -> Zeroizing<String> {
        let mut shown = Zeroizing::new(String::with_capacity(LEN + LEN / GROUP - 1));
        for (place, digit) in self.0.chars().enumerate() {
            if place > 0 && place % GROUP == 0 {
                shown.push('-');
            }
            shown.push(digit);
        }
        shown
    }

    /// What is kept of it.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::new_with_prefix(b"opsgate recovery code\0").chain_update(self.0.as_bytes()).finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = RecoveryCode::from_bytes(&[0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(*code.expose(), "0000-0001-zzzz-zzzz");
        for typed in [
            "0000-0001-zzzz-zzzz",
            "00000001zzzzzzzz",
            " OOOO oooI ZZZZ zzzz\n",
            "0000-000l-zzzz-zzzz",
            "0-000000-1zzz-zzzz-z",
        ] {
            assert_eq!(RecoveryCode::parse(typed), Some(code.clone()), "{typed:?}");
        }
        for typed in
            ["", "0000-0001-zzzz-zzz", "0000-0001-zzzz-zzzz-z", "0000-0001-zzzz-zzzu", "é000-0001-zzzz-zzzz"]
        {
            assert_eq!(RecoveryCode::parse(typed), None, "{typed:?}");
        }
    }

    #[test]
    fn there_are_ten_and_none_twice() {
        let hashes: std::collections::HashSet<_> =
            RecoveryCode::generate_all().iter().map(RecoveryCode::hash).collect();
        assert_eq!(hashes.len(), COUNT);
    }

    #[test]
    fn debug_shows_nothing_of_it() {
        assert_eq!(format!("{:?}", RecoveryCode::generate()), "RecoveryCode(..)");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_again(bytes: [u8; BYTES]) {
            let code = RecoveryCode::from_bytes(&bytes);
            let shown = code.expose();
            prop_assert_eq!(shown.len(), 19);
            let again = RecoveryCode::parse(&shown).unwrap();
            prop_assert_eq!(again.hash(), code.hash());
        }

        #[test]
        fn different_bytes_are_different_codes(one: [u8; BYTES], other: [u8; BYTES]) {
            let (first, second) = (RecoveryCode::from_bytes(&one), RecoveryCode::from_bytes(&other));
            prop_assert_eq!(first == second, one == other);
        }

        #[test]
        fn parsing_never_panics(typed in "\\PC{0,40}") {
            if let Some(code) = RecoveryCode::parse(&typed) {
                prop_assert_eq!(RecoveryCode::parse(&code.expose()), Some(code));
            }
        }
    }
}
