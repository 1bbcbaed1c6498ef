//! What a session is shown by: an access token for requests, a refresh token for the next access token.
//!
//! Both say what they are and carry an HMAC-SHA-256 over that, under keys derived from a sealing key: who has the
//! database has no token, and judging an access token costs no statement. It is good for fifteen minutes. Sessions that
//! were ended meanwhile are in the rights snapshot, so that theirs end within a second nevertheless.
//!
//! ```text
//! opsa_ base64url(session ‖ account ‖ factor ‖ expiry ‖ MAC)    times in microseconds since 1970, 0: never
//! opsr_ base64url(session ‖ generation ‖ MAC)
//! ```

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha256;
use uuid::Uuid;

use super::secret::{KeyRing, SealingKey};

/// How long an access token is good.
pub const ACCESS: TimeDelta = TimeDelta::minutes(15);
/// Begins every access token.
pub const ACCESS_PREFIX: &str = "opsa_";
/// Begins every refresh token.
const REFRESH_PREFIX: &str = "opsr_";

const MAC_LEN: usize = 32;

/// What an access token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// The session.
    pub session: Uuid,
    /// Whose it is.
    pub account: Uuid,
    /// When they last proved a second factor; none: they have to enrol one before anything else.
    pub factor_at: Option<DateTime<Utc>>,
    /// When the token ends.
    pub expires_at: DateTime<Utc>,
}

impl AccessToken {
    /// Its text.
    pub fn sign(&self, key: &SealingKey) -> SecretString {
        let factor_at = self.factor_at.map_or(0, |at| at.timestamp_micros());
        let expires_at = self.expires_at.timestamp_micros();
        let said = [
            self.session.as_bytes().as_slice(),
            self.account.as_bytes(),
            &factor_at.to_be_bytes(),
            &expires_at.to_be_bytes(),
        ];
        write(ACCESS_PREFIX, key, &said.concat())
    }

    /// What `text` says, where it was signed with a key of the ring. Whether it has expired or was revoked is for the rights to say.
    pub fn verify(text: &str, keys: &KeyRing) -> Option<Self> {
        let said: [u8; 48] = read(ACCESS_PREFIX, keys, text)?;
        let (session, rest) = said.split_first_chunk::<16>()?;
        let (account, rest) = rest.split_first_chunk::<16>()?;
        let (factor_at, expires_at) = rest.split_first_chunk::<8>()?;
        let factor_at = match i64::from_be_bytes(*factor_at) {
            0 => None,
            micros => Some(DateTime::from_timestamp_micros(micros)?),
        };
        Some(Self {
            session: Uuid::from_bytes(*session),
            account: Uuid::from_bytes(*account),
            factor_at,
            expires_at: DateTime::from_timestamp_micros(i64::from_be_bytes(expires_at.try_into().ok()?))?,
        })
    }
}

/// What a refresh token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// The session.
    pub session: Uuid,
    /// Which of its tokens this is; each use gives the next.
    pub generation: i32,
}

impl RefreshToken {
    /// Its text.
    pub fn sign(&self, key: &SealingKey) -> SecretString {
        let said = [self.session.as_bytes().as_slice(), &self.generation.to_be_bytes()];
        write(REFRESH_PREFIX, key, &said.concat())
    }

    /// What `text` says, where it was signed with a key of the ring.
    pub fn verify(text: &str, keys: &KeyRing) -> Option<Self> {
        let said: [u8; 20] = read(REFRESH_PREFIX, keys, text)?;
        let (session, generation) = said.split_first_chunk::<16>()?;
        Some(Self {
            session: Uuid::from_bytes(*session),
            generation: i32::from_be_bytes(generation.try_into().ok()?),
        })
    }
}

/// Each kind has a key of its own, so that none is taken for the other.
fn mac(prefix: &str, key: &SealingKey, said: &[u8]) -> Hmac<Sha256> {
    let key = key.derive(prefix);
    Hmac::<Sha256>::new_from_slice(&*key).expect("HMAC takes keys of any length").chain_update(said)
}

fn write(prefix: &str, key: &SealingKey, said: &[u8]) -> SecretString {
    let mac: [u8; MAC_LEN] = mac(prefix, key, said).finalize().into_bytes().into();
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode([said, &mac].concat())).into()
}

fn read<const N: usize>(prefix: &str, keys: &KeyRing, text: &str) -> Option<[u8; N]> {
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(prefix)?).ok()?;
    let (said, given) = bytes.split_last_chunk::<MAC_LEN>()?;
    let said: [u8; N] = said.try_into().ok()?;
    // In constant time.
    keys.find(|key| mac(prefix, key, &said).verify_slice(given).ok())?;
    Some(said)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    fn ring() -> KeyRing {
        KeyRing::of_keys(vec![SealingKey::from_bytes([7; 32]), SealingKey::from_bytes([6; 32])])
    }

    fn key() -> SealingKey {
        SealingKey::from_bytes([7; 32])
    }

    fn token() -> AccessToken {
        AccessToken {
            session: Uuid::from_u128(1),
            account: Uuid::from_u128(2),
            factor_at: DateTime::from_timestamp_micros(1_795_000_000_123_456),
            expires_at: DateTime::from_timestamp_micros(1_795_000_900_123_456).unwrap(),
        }
    }

    #[test]
    fn what_is_signed_is_read_by_the_keys_of_the_ring_alone() {
        let other = KeyRing::of_keys(vec![SealingKey::from_bytes([8; 32])]);
        // The first of the ring, and another of it.
        for key in [7, 6].map(|byte| SealingKey::from_bytes([byte; 32])) {
            for access in [token(), AccessToken { factor_at: None, ..token() }] {
                let text = access.sign(&key);
                assert_eq!(AccessToken::verify(text.expose_secret(), &ring()), Some(access));
                assert_eq!(AccessToken::verify(text.expose_secret(), &other), None);
            }
            let refresh = RefreshToken { session: Uuid::from_u128(1), generation: 3 };
            let text = refresh.sign(&key);
            assert_eq!(RefreshToken::verify(text.expose_secret(), &ring()), Some(refresh));
            assert_eq!(RefreshToken::verify(text.expose_secret(), &other), None);
        }
    }

    #[test]
    fn neither_kind_is_taken_for_the_other() {
        let access = token().sign(&key());
        let refresh = RefreshToken { session: Uuid::from_u128(1), generation: 3 }.sign(&key());
        assert_eq!(RefreshToken::verify(access.expose_secret(), &ring()), None);
        assert_eq!(AccessToken::verify(refresh.expose_secret(), &ring()), None);
        let renamed = access.expose_secret().replace(ACCESS_PREFIX, REFRESH_PREFIX);
        assert_eq!(RefreshToken::verify(&renamed, &ring()), None);
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_noticed(place in 0_usize..80, bit in 0_u8..8) {
            let text = token().sign(&key());
            let mut bytes = URL_SAFE_NO_PAD.decode(&text.expose_secret()[ACCESS_PREFIX.len()..]).unwrap();
            bytes[place] ^= 1 << bit;
            let forged = format!("{ACCESS_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
            prop_assert_eq!(AccessToken::verify(&forged, &ring()), None);
        }

        #[test]
        fn reading_never_panics(text in "(opsa_|opsr_)?\\PC{0,140}|opsa_[A-Za-z0-9_-]{107}") {
            prop_assert_eq!(AccessToken::verify(&text, &ring()), None);
            prop_assert_eq!(RefreshToken::verify(&text, &ring()), None);
        }
    }
}
