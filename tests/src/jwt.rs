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

    /// An admin user who has just proved a second factor, by a JWT that is good for five minutes.
    pub fn signed_in(&self, account: Uuid) -> Client {
        self.signed_in_within(account, "operations.*")
    }

    /// The same, limited to a scope.
    pub fn signed_in_within(&self, account: Uuid, scope: &str) -> Client {
        let now = self.kernel().clock().now().timestamp();
        let sub = ADMIN_USER.encode(account);
        self.with_jwt(json!({ "sub": sub, "scope": scope, "auth_time": now, "amr": ["pwd", "mfa"] }))
    }

    /// An admin user who has proved a second factor just before each request.
    pub fn in_person(&self, account: Uuid) -> Client {
        let (clock, secret) = (self.kernel().clock().clone(), self.jwt_secret());
        Client::signing(self.address(), move || {
            let (now, sub) = (clock.now().timestamp(), ADMIN_USER.encode(account));
            let claims = json!({ "sub": sub, "exp": now + 300, "auth_time": now, "amr": ["pwd", "mfa"] });
            sign(&secret, Algorithm::HS256, &claims)
        })
    }

    /// The owner, likewise.
    pub async fn owner_in_person(&self) -> Client {
        self.in_person(ADMIN_USER.parse(&self.owner_id().await).unwrap())
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
