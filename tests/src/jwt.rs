//! JWTs of admin users, signed as whoever knows the gateway's secret signs them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use opsgate::kernel::{actor::ADMIN_USER, secret::load_or_create_secret};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Client, TestGateway};

impl TestGateway {
    /// Whoever shows a JWT with these claims. Those that are missing: `exp` in five minutes.
    pub fn with_jwt(&self, claims: Value) -> Client {
        self.client(&self.jwt(claims))
    }

    /// An admin user, by a JWT that is good for five minutes.
    pub fn signed_in(&self, account: Uuid) -> Client {
        self.with_jwt(json!({ "sub": ADMIN_USER.encode(account) }))
    }

    /// A JWT with these claims, signed with the gateway's key.
    pub fn jwt(&self, mut claims: Value) -> String {
        let exp = self.kernel().clock().now().timestamp() + 300;
        claims.as_object_mut().unwrap().entry("exp").or_insert(exp.into());
        sign(&self.jwt_secret(), Algorithm::HS256, &claims)
    }

    /// The gateway's key.
    pub fn jwt_secret(&self) -> Vec<u8> {
        load_or_create_secret(&self.database().dir.path().join("jwt.key")).unwrap().to_vec()
    }
}

/// A JWT signed by HMAC with this key.
pub fn sign(secret: &[u8], algorithm: Algorithm, claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret)).unwrap()
}

/// The encoding of a JWT's parts.
pub fn base64url(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}
