//! Invitations: a text that lets somebody set the first password of an account, once.
//!
//! `opsi_` and 24 random bytes: with 192 bits of them nobody guesses one, and SHA-256 is all that has to be kept. What
//! comes with it is a session that can only enrol a second factor.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// How long one is good.
pub const LASTS: TimeDelta = TimeDelta::hours(72);
const PREFIX: &str = "opsi_";
const BYTES: usize = 24;

/// The text of an invitation. Wiped from memory when dropped; only [`expose`](Self::expose) shows it.
#[derive(Clone, Debug)]
pub struct InvitationToken(SecretString);

impl InvitationToken {
    /// A new one.
    pub fn generate() -> Self {
        let mut bytes = Zeroizing::new([0; BYTES]);
        rand::fill(bytes.as_mut_slice());
        Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(*bytes)).into())
    }

    /// The one in `text`, however it was copied; none where it can't be one. Whether it is good, the database knows.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?);
        (bytes.len() == BYTES).then(|| Self(text.into()))
    }

    /// What is stored and looked up by.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.expose()).into()
    }

    /// The text itself, to hand it out once.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Whether one is good at `now` that lasts until `expires_at`, and was accepted or replaced then.
pub fn is_good(
    expires_at: DateTime<Utc>,
    accepted_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> bool {
    now < expires_at && accepted_at.is_none() && revoked_at.is_none()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_made_is_read_again_however_it_was_copied() {
        let token = InvitationToken::generate();
        assert_eq!(token.expose().len(), 37);
        let copied = InvitationToken::parse(&format!(" {}\n", token.expose())).unwrap();
        assert_eq!(copied.hash(), token.hash());
        assert_ne!(InvitationToken::generate().hash(), token.hash());
        assert!(!format!("{token:?}").contains(&token.expose()[5..]));
    }

    #[test]
    fn what_is_none_is_refused() {
        let good = InvitationToken::generate();
        let good = good.expose();
        for text in [
            "",
            "opsi_",
            "opsi_AAAA",
            &good[..36],
            &good[5..],
            &*format!("{good}A"),
            &*good.replace("opsi", "opsk"),
        ] {
            assert!(InvitationToken::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn it_is_good_once_until_it_ends_or_another_takes_its_place() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        for (accepted, revoked, now, expected) in [
            (None, None, 99, true),
            (None, None, 100, false),
            (Some(at(5)), None, 10, false),
            (None, Some(at(5)), 10, false),
        ] {
            assert_eq!(is_good(at(100), accepted, revoked, at(now)), expected);
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "(opsi_)?\\PC{0,60}") {
            let _ = InvitationToken::parse(&text);
        }
    }
}
