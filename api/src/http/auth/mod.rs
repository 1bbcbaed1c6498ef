//! Who is calling: an API token, an access token of a session, or a JWT; of the latter one kind is the gateway's own, for
//! who acts in another one's place.
//!
//! All are judged in memory: a request costs no SQL and waits for nobody. A JWT is signed with the gateway's own secret
//! (HS256), or by an issuer whose public keys the gateway follows ([`jwks`]); a key says which algorithm it is for, and a
//! token's header can only agree ([`keys`]). The one thing that is ever waited for, and not for long, is a key that
//! nobody here has seen yet.

mod jwks;
mod jwt;
mod keys;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use self::jwks::{Jwks, JwksError};
use self::jwt::Jwts;
use crate::{
    config::Config,
    kernel::{
        Kernel,
        actor::{Caller, Credential},
        clock::Clock,
        error::{Error, Result},
        impersonation_token,
        request::Origin,
        rights::UNKNOWN,
        secret::KeyRing,
        session_token::{ACCESS_PREFIX, AccessToken},
        token::ApiToken,
    },
};

/// A credential longer than this isn't one.
const MAX_LENGTH: usize = 8 * 1024;
/// Said to whoever shows something else.
const NOT_ONE: Error =
    Error::Unauthenticated("send `Authorization: Bearer` with an access token, an API token or a JWT");

/// What verifies credentials. Cheap to clone.
#[derive(Clone)]
pub struct Authenticator(Arc<Jwts>);

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authenticator")
    }
}

impl Authenticator {
    /// Verifies JWTs with the shared secret `secret` and, where the settings name a key set, with its keys.
    ///
    /// # Errors
    /// Where the key set is a file that isn't one.
    pub async fn open(config: &Config, secret: &[u8], clock: Clock) -> Result<Self, JwksError> {
        Ok(Self(Arc::new(Jwts::open(config, secret, clock).await?)))
    }

    /// The issuer's keys, where there is an issuer. Somebody has to [follow](Jwks::follow) them.
    pub fn jwks(&self) -> Option<&Jwks> {
        self.0.jwks()
    }

    /// Who shows `authorization`, the value of the header or of `connection_init`; nobody where there is none.
    ///
    /// # Errors
    /// UNAUTHENTICATED where it isn't valid, or not from there; UNAVAILABLE where rights can't be read.
    pub async fn authenticate(
        &self,
        kernel: &Kernel,
        authorization: Option<&str>,
        origin: &Origin,
    ) -> Result<Caller> {
        let Some(authorization) = authorization else { return Ok(Caller::anonymous()) };
        let credential = self.credential(authorization, kernel.keys(), kernel.clock()).await?;
        let rights = kernel.rights().confirmed().await?;
        let now = kernel.clock().now();
        let caller = rights.resolve(&credential, now, kernel.catalogue())?;
        if !caller.may_come_from(origin.ip_address) {
            // Its owner reads of it; whoever has found it learns nothing.
            kernel.denials().note_address(kernel, &caller, origin).await;
            return Err(Error::Unauthenticated(UNKNOWN));
        }
        if let Some(token) = caller.identity.as_ref().and_then(|identity| identity.token_id) {
            kernel.uses().note(token, now);
        }
        Ok(caller)
    }

    async fn credential(&self, authorization: &str, keys: &KeyRing, clock: &Clock) -> Result<Credential> {
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
        if impersonation_token::is_one(token) {
            return impersonation_token::verify(token, keys)
                .map(|(id, expires_at)| Credential::Impersonation { id, expires_at })
                .ok_or(Error::Unauthenticated("this JWT isn't valid"));
        }
        if token.starts_with(ACCESS_PREFIX) {
            let token = AccessToken::verify(token, keys);
            return token
                .map(Credential::Session)
                .ok_or(Error::Unauthenticated("this access token isn't valid"));
        }
        self.0.verify(token, clock).await.map_err(|flaw| {
            // Never the token, nor what it says.
            tracing::debug!(why = %flaw, "a JWT was refused");
            Error::Unauthenticated("this JWT isn't valid")
        })
    }
}
