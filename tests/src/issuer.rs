//! An issuer of JWTs: private keys, and the set of their public halves.

use jsonwebtoken::{Algorithm, EncodingKey, jwk::Jwk};
use serde_json::{Value, json};

use crate::base64url;

/// Whoever has a private key.
#[derive(Clone)]
pub struct Issuer {
    /// What the key is for.
    pub algorithm: Algorithm,
    key: EncodingKey,
    id: String,
}

impl Issuer {
    /// The RSA key of RFC 7515, appendix A.2.
    pub fn rs256(id: &str) -> Self {
        let key = EncodingKey::from_rsa_pem(include_bytes!("../keys/rs256.pem")).unwrap();
        Self { algorithm: Algorithm::RS256, key, id: id.to_owned() }
    }

    /// The key on P-256 of RFC 7515, appendix A.3.
    pub fn es256(id: &str) -> Self {
        let key = EncodingKey::from_ec_pem(include_bytes!("../keys/es256.pem")).unwrap();
        Self { algorithm: Algorithm::ES256, key, id: id.to_owned() }
    }

    /// The Ed25519 key of RFC 8037, appendix A.1.
    pub fn eddsa(id: &str) -> Self {
        let key = EncodingKey::from_ed_pem(include_bytes!("../keys/eddsa.pem")).unwrap();
        Self { algorithm: Algorithm::EdDSA, key, id: id.to_owned() }
    }

    /// The public half.
    pub fn jwk(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        jwk.common.key_id = Some(self.id.clone());
        serde_json::to_value(jwk).unwrap()
    }

    /// A JWT with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_under(json!({ "alg": self.algorithm, "kid": self.id, "typ": "JWT" }), claims)
    }

    /// The same with a header of one's own, which the signature covers.
    pub fn sign_under(&self, header: Value, claims: &Value) -> String {
        self.sign_by(self.algorithm, &header.to_string(), claims)
    }

    /// The same with an algorithm and the text of a header of one's own.
    pub fn sign_by(&self, algorithm: Algorithm, header: &str, claims: &Value) -> String {
        let message = format!("{}.{}", base64url(header), base64url(claims.to_string()));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, algorithm).unwrap();
        format!("{message}.{signature}")
    }
}

/// The key set of these issuers.
pub fn key_set(issuers: &[&Issuer]) -> String {
    let keys: Vec<Value> = issuers.iter().map(|issuer| issuer.jwk()).collect();
    json!({ "keys": keys }).to_string()
}
