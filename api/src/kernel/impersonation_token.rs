//! What somebody shows who acts in another one's place: a JWT that names both (RFC 8693, section 4.1).
//!
//! `sub` is in whose place, `act` who acts, `jti` the impersonation. It is signed here (HS256) under a key that is derived
//! from a sealing key and used for nothing else, so that nobody else makes one, whoever signs JWTs for the gateway. What
//! it is good for, and whether still, is for the rights to say: it says which impersonation it is of, and no more.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use super::{
    actor::IMPERSONATION,
    secret::{KeyRing, SealingKey},
};

/// `{"alg":"HS256","typ":"at+jwt","kid":"opsgate-impersonation"}`: by it a JWT of ours is known from any other.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Im9wc2dhdGUtaW1wZXJzb25hdGlvbiJ9";
/// What its key is derived for.
const PURPOSE: &str = "impersonation";
const ISSUER: &str = "opsgate";

/// What such a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    jti: String,
    sub: String,
    act: Act,
    iat: i64,
    exp: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Act {
    sub: String,
}

impl Claims {
    /// Of the impersonation `id`: in whose place, and who acts.
    pub fn new(id: Uuid, subject: String, actor: String, from: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        Self {
            iss: ISSUER.to_owned(),
            jti: IMPERSONATION.encode(id),
            sub: subject,
            act: Act { sub: actor },
            iat: from.timestamp(),
            exp: until.timestamp(),
        }
    }

    /// The token's text.
    ///
    /// # Errors
    /// Where the claims can't be written, which isn't so.
    pub fn sign(&self, key: &SealingKey) -> serde_json::Result<SecretString> {
        let said = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(serde_json::to_vec(self)?));
        let signature = URL_SAFE_NO_PAD.encode(mac(key, &said).finalize().into_bytes());
        Ok(format!("{said}.{signature}").into())
    }
}

/// Whether `text` is to be read as such a token.
pub fn is_one(text: &str) -> bool {
    text.strip_prefix(HEADER).is_some_and(|rest| rest.starts_with('.'))
}

/// The impersonation that `text` is of, and when it ends, where it was signed with a key of the ring.
pub fn verify(text: &str, keys: &KeyRing) -> Option<(Uuid, DateTime<Utc>)> {
    let (said, signature) = text.rsplit_once('.')?;
    let claims = said.strip_prefix(HEADER)?.strip_prefix('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    // In constant time.
    keys.find(|key| mac(key, said).verify_slice(&signature).ok())?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    Some((IMPERSONATION.parse(&claims.jti).ok()?, DateTime::from_timestamp(claims.exp, 0)?))
}

fn mac(key: &SealingKey, said: &str) -> Hmac<Sha256> {
    let key = key.derive(PURPOSE);
    Hmac::<Sha256>::new_from_slice(&*key).expect("HMAC takes keys of any length").chain_update(said)
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation};
    use proptest::prelude::*;
    use secrecy::ExposeSecret;
    use serde_json::{Value, json};

    use super::*;

    fn key() -> SealingKey {
        SealingKey::from_bytes([7; 32])
    }

    fn ring() -> KeyRing {
        KeyRing::of_keys(vec![SealingKey::from_bytes([6; 32]), key()])
    }

    fn claims() -> Claims {
        let [from, until] =
            [0, 3600].map(|later| DateTime::from_timestamp(1_795_000_000 + later, 0).unwrap());
        Claims::new(Uuid::from_u128(1), "usr_a".to_owned(), "adm_b".to_owned(), from, until)
    }

    #[test]
    fn what_is_signed_is_read_by_the_keys_of_the_ring_alone() {
        let text = claims().sign(&key()).unwrap();
        let expected = (Uuid::from_u128(1), DateTime::from_timestamp(1_795_003_600, 0).unwrap());
        assert!(is_one(text.expose_secret()));
        assert_eq!(verify(text.expose_secret(), &ring()), Some(expected));
        let other = KeyRing::of_keys(vec![SealingKey::from_bytes([8; 32])]);
        assert_eq!(verify(text.expose_secret(), &other), None);
    }

    #[test]
    fn it_is_a_jwt_that_names_who_acts() {
        let text = claims().sign(&key()).unwrap();
        let header = jsonwebtoken::decode_header(text.expose_secret()).unwrap();
        assert_eq!(
            (header.alg, header.typ.as_deref(), header.kid.as_deref()),
            (Algorithm::HS256, Some("at+jwt"), Some("opsgate-impersonation"))
        );
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        let secret = DecodingKey::from_secret(&*key().derive(PURPOSE));
        let read = jsonwebtoken::decode::<Value>(text.expose_secret(), &secret, &validation).unwrap();
        let expected = json!({
            "iss": "opsgate", "jti": IMPERSONATION.encode(Uuid::from_u128(1)), "sub": "usr_a",
            "act": { "sub": "adm_b" }, "iat": 1_795_000_000, "exp": 1_795_003_600,
        });
        assert_eq!(read.claims, expected);
    }

    proptest! {
        #[test]
        fn a_changed_character_is_noticed(place in 0_usize..330, other in "[A-Za-z0-9_.-]") {
            let text = claims().sign(&key()).unwrap();
            let mut forged = text.expose_secret().to_owned();
            let place = place % forged.len();
            prop_assume!(forged[place..=place] != *other);
            forged.replace_range(place..=place, &other);
            prop_assert_eq!(verify(&forged, &ring()), None);
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,40}|[A-Za-z0-9_.-]{0,80}") {
            prop_assert_eq!(verify(&format!("{HEADER}.{text}"), &ring()), None);
            prop_assert_eq!(verify(&text, &ring()), None);
        }
    }
}
