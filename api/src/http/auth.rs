//! Who is calling: API tokens and HS256 JWTs.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

use crate::kernel::{
    Kernel,
    actor::{ADMIN_USER, Caller, Credential},
    error::{Error, Result},
    token::ApiToken,
};

/// How far clocks may differ, in seconds.
const LEEWAY: i64 = 60;
/// A credential longer than this isn't one.
const MAX_LENGTH: usize = 8 * 1024;

/// What verifies credentials.
#[derive(Clone)]
pub struct Authenticator {
    key: DecodingKey,
    validation: Validation,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authenticator")
    }
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    nbf: Option<i64>,
    scope: Option<String>,
}

impl Authenticator {
    /// Verifies JWTs with the shared secret `secret`.
    pub fn new(secret: &[u8]) -> Self {
        // The algorithm is pinned to the key: a token that says `none` or RS256 isn't looked at further.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["sub", "exp"]);
        validation.validate_aud = false;
        // Times are checked here, against the kernel's clock.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self { key: DecodingKey::from_secret(secret), validation }
    }

    /// Who shows `authorization`, the value of the header or of `connection_init`; nobody where there is none.
    ///
    /// # Errors
    /// UNAUTHENTICATED where it isn't valid; UNAVAILABLE where rights can't be read.
    pub fn authenticate(&self, kernel: &Kernel, authorization: Option<&str>) -> Result<Caller> {
        let Some(authorization) = authorization else { return Ok(Caller::anonymous()) };
        let credential = self.credential(authorization, kernel.clock().now())?;
        kernel.rights().current()?.resolve(&credential, kernel.clock().now(), kernel.catalogue())
    }

    fn credential(&self, authorization: &str, now: DateTime<Utc>) -> Result<Credential> {
        const NOT_ONE: Error =
            Error::Unauthenticated("send `Authorization: Bearer` with an API token or a JWT");
        let (scheme, token) = authorization.split_once(' ').ok_or(NOT_ONE)?;
        let token = token.trim();
        if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || token.len() > MAX_LENGTH {
            return Err(NOT_ONE);
        }
        if token.starts_with("opsk_") {
            let token =
                ApiToken::parse(token).ok_or(Error::Unauthenticated("this isn't a whole API token"))?;
            return Ok(Credential::ApiToken(token.hash()));
        }
        let invalid = Error::Unauthenticated("this JWT isn't valid");
        let claims = match decode::<Claims>(token, &self.key, &self.validation) {
            Ok(data) => data.claims,
            Err(error) => {
                tracing::debug!(%error, "a JWT was refused");
                return Err(invalid);
            }
        };
        let expires_at = DateTime::from_timestamp(claims.exp, 0)
            .and_then(|exp| exp.checked_add_signed(TimeDelta::seconds(LEEWAY)))
            .ok_or_else(|| invalid.clone())?;
        if claims.nbf.is_some_and(|nbf| nbf > now.timestamp() + LEEWAY) {
            return Err(Error::Unauthenticated("this JWT isn't valid yet"));
        }
        Ok(Credential::Jwt {
            subject: ADMIN_USER.parse(&claims.sub).map_err(|_| invalid)?,
            scopes: claims.scope.map(|scope| scope.split_whitespace().map(str::to_owned).collect()),
            expires_at,
        })
    }
}
