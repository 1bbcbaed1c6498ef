//! Keys, each for one algorithm, and the set of them that an issuer publishes (JWKS, RFC 7517).
//!
//! What a key is for follows from the key alone: an RSA key is for RS256, one on P-256 for ES256, Ed25519 for EdDSA, and
//! the gateway's own secret for HS256. A key that says otherwise (`alg`), that isn't for verifying (`use`, `key_ops`),
//! that is weak, or that is no public key isn't taken; the others of its set are.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::jwt::{Flaw, Rules};

/// The most keys in a set.
const MAX_KEYS: usize = 64;
/// The fewest and the most bits of an RSA key (RFC 7518, section 3.3; beyond the latter verifying takes too long).
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// The bytes of a coordinate on P-256, and of a key on Ed25519.
const COORDINATE: usize = 32;

/// A key and what it is for.
pub(super) struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    decoding: DecodingKey,
    /// Of the one algorithm.
    validation: Validation,
}

impl Key {
    /// The secret that signer and gateway share.
    pub fn shared(secret: &[u8], rules: &Rules) -> Self {
        Self::new(None, Algorithm::HS256, DecodingKey::from_secret(secret), rules)
    }

    /// A key of a set, where it is of use.
    fn public(jwk: &Jwk, rules: &Rules) -> Option<Self> {
        let algorithm = algorithm(jwk)?;
        let decoding = DecodingKey::from_jwk(jwk).ok()?;
        Some(Self::new(jwk.common.key_id.clone(), algorithm, decoding, rules))
    }

    fn new(id: Option<String>, algorithm: Algorithm, decoding: DecodingKey, rules: &Rules) -> Self {
        Self { id, algorithm, decoding, validation: rules.validation(algorithm) }
    }

    /// The claims of a token that this key has signed.
    pub fn verify<T: DeserializeOwned>(&self, token: &str) -> Result<T, Flaw> {
        Ok(decode(token, &self.decoding, &self.validation)?.claims)
    }

    /// Whether a header may mean this one.
    fn is_called(&self, id: Option<&str>) -> bool {
        id.is_none() || self.id.as_deref() == id
    }
}

/// What `jwk` is for, where it is for something here.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    let common = &jwk.common;
    let is_for_signatures = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
    let may_verify = common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
    if !is_for_signatures || !may_verify {
        return None;
    }
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::RSA(key) if RSA_BITS.contains(&bits(&key.n)?) => {
            (Algorithm::RS256, KeyAlgorithm::RS256)
        }
        AlgorithmParameters::EllipticCurve(key)
            if key.curve == EllipticCurve::P256 && is_coordinate(&key.x) && is_coordinate(&key.y) =>
        {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key)
            if key.curve == EllipticCurve::Ed25519 && is_coordinate(&key.x) =>
        {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    common.key_algorithm.is_none_or(|says| says == named).then_some(algorithm)
}

/// How many bits a number has.
fn bits(number: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(number).ok()?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let first = bytes.get(zeros)?;
    Some((bytes.len() - zeros) * 8 - first.leading_zeros() as usize)
}

fn is_coordinate(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == COORDINATE)
}

/// An issuer's keys, those that are of use.
#[derive(Default)]
pub(super) struct Keys(Vec<Key>);

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

impl Keys {
    /// Reads a set. What isn't understood in it is left out, as RFC 7517 (section 5) says.
    ///
    /// # Errors
    /// What is wrong, where it is no set.
    pub fn parse(text: &[u8], rules: &Rules) -> Result<Self, &'static str> {
        let set: Set = serde_json::from_slice(text).map_err(|_| "it isn't a JSON object with `keys`")?;
        if set.keys.len() > MAX_KEYS {
            return Err("it has more than 64 keys");
        }
        let jwks = set.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        Ok(Self(jwks.filter_map(|jwk| Key::public(&jwk, rules)).collect()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a header that names `id`, or none, may mean one of these.
    pub fn has(&self, id: Option<&str>) -> bool {
        self.0.iter().any(|key| key.is_called(id))
    }

    /// The one key that a header may mean; none where several fit.
    pub fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&Key> {
        let mut fit = self.0.iter().filter(|key| key.is_called(id) && key.algorithm == algorithm);
        fit.next().filter(|_| fit.next().is_none())
    }
}
