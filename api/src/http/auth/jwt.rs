//! JWTs of admin users: which key must have signed one, and what it says (RFC 7519, and RFC 8725 for what can go wrong).

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header, Validation, decode_header, errors::ErrorKind};
use serde::{Deserialize, de::IgnoredAny};

use super::{
    jwks::{Jwks, JwksError},
    keys::Key,
};
use crate::{
    config::Config,
    kernel::{
        actor::{ADMIN_USER, Credential},
        clock::Clock,
    },
};

/// How far clocks may differ, in seconds.
const LEEWAY: i64 = 60;
/// The longest name of a key.
const MAX_KEY_ID: usize = 256;
/// The types that the `typ` of a header may name: a plain JWT, or an access token (RFC 9068). Whatever else an issuer
/// signs (a logout, a proof of possession) was made for something else.
const TYPES: [&str; 3] = ["JWT", "at+jwt", "application/at+jwt"];

/// What is wrong with a JWT, in words that hold nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flaw(&'static str);

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl From<jsonwebtoken::errors::Error> for Flaw {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        Self(match error.kind() {
            ErrorKind::InvalidSignature => "its signature isn't this key's",
            ErrorKind::InvalidAlgorithm => "its algorithm isn't the key's",
            ErrorKind::InvalidAudience => "its `aud` isn't the one of the settings",
            ErrorKind::MissingRequiredClaim(_) => "a claim is missing: sub, exp, or the aud of the settings",
            _ => "it can't be read",
        })
    }
}

/// What the settings want of every JWT.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    pub issuer: Option<String>,
    pub audience: Option<String>,
}

impl Rules {
    /// The rules of tokens that a key for `algorithm` signs.
    pub fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        let mut required = vec!["sub", "exp"];
        // Without an audience of ours, a token that names one was made for somebody else.
        if let Some(audience) = &self.audience {
            validation.set_audience(&[audience]);
            required.push("aud");
        }
        validation.set_required_spec_claims(&required);
        // Times are checked here, against the kernel's clock; and so is `iss`, which the library lets be a list.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: String,
    exp: i64,
    nbf: Option<i64>,
    iat: Option<i64>,
    scope: Option<String>,
    /// Somebody who acts for the subject (RFC 8693): nothing of it is looked at but that.
    act: Option<IgnoredAny>,
    /// When they signed in at the issuer, and how (RFC 8176).
    auth_time: Option<i64>,
    amr: Option<serde_json::Value>,
}

/// The method that says that there was a second factor (RFC 8176, section 2).
const SECOND_FACTOR: &str = "mfa";

impl Claims {
    fn credential(self, rules: &Rules, now: DateTime<Utc>) -> Result<Credential, Flaw> {
        if rules.issuer.is_some() && self.iss != rules.issuer {
            return Err(Flaw("its `iss` isn't the one of the settings"));
        }
        // What is done in another one's place names both, and only the gateway's own tokens do that.
        if self.act.is_some() {
            return Err(Flaw("somebody acts for its `sub`, which an impersonation alone allows"));
        }
        let latest = now.timestamp() + LEEWAY;
        if [self.nbf, self.iat, self.auth_time].into_iter().flatten().any(|time| time > latest) {
            return Err(Flaw("it isn't valid yet"));
        }
        let expires_at = DateTime::from_timestamp(self.exp, 0)
            .and_then(|exp| exp.checked_add_signed(TimeDelta::seconds(LEEWAY)))
            .ok_or(Flaw("its `exp` is no time"))?;
        let factor_at = self.factor_at();
        Ok(Credential::Jwt {
            subject: ADMIN_USER.parse(&self.sub).map_err(|_| Flaw("its `sub` is no admin user"))?,
            scopes: self.scope.map(|scope| scope.split_whitespace().map(str::to_owned).collect()),
            expires_at,
            factor_at,
        })
    }

    /// When they proved a second factor, as the issuer says it.
    fn factor_at(&self) -> Option<DateTime<Utc>> {
        let methods = self.amr.as_ref()?.as_array()?;
        let is_proved = methods.iter().any(|method| method.as_str() == Some(SECOND_FACTOR));
        self.auth_time.filter(|_| is_proved).and_then(|time| DateTime::from_timestamp(time, 0))
    }
}

/// What verifies JWTs.
pub(super) struct Jwts {
    rules: Rules,
    own: Key,
    jwks: Option<Jwks>,
}

impl Jwts {
    pub async fn open(config: &Config, secret: &[u8], clock: Clock) -> Result<Self, JwksError> {
        let rules = Rules { issuer: config.jwt_issuer.clone(), audience: config.jwt_audience.clone() };
        let own = Key::shared(secret, &rules);
        let jwks = match &config.jwt_jwks {
            Some(source) => Some(Jwks::open(source.clone(), rules.clone(), clock).await?),
            None => None,
        };
        Ok(Self { rules, own, jwks })
    }

    pub fn jwks(&self) -> Option<&Jwks> {
        self.jwks.as_ref()
    }

    /// What `token` proves now; whether it has expired is for the rights to say.
    pub async fn verify(&self, token: &str, clock: &Clock) -> Result<Credential, Flaw> {
        let header = header(token)?;
        let claims: Claims = match &self.jwks {
            // The secret is the only key for HS256, and HS256 is all that it is for: no public key is a secret.
            _ if header.alg == Algorithm::HS256 => self.own.verify(token)?,
            Some(jwks) => {
                let id = header.kid.as_deref();
                let keys = jwks.that_may_have(id).await;
                let key = keys.find(id, header.alg);
                key.ok_or(Flaw("no key, or more than one, fits its `kid` and algorithm"))?.verify(token)?
            }
            None => return Err(Flaw("it isn't signed by HS256, and there is no issuer (jwt_jwks)")),
        };
        claims.credential(&self.rules, clock.now())
    }
}

/// The header of `token`, where it may be one. `none` and other algorithms that nobody knows fail in reading it.
fn header(token: &str) -> Result<Header, Flaw> {
    let header = decode_header(token).map_err(|_| Flaw("its header can't be read"))?;
    let Header { typ, cty, jku, jwk, kid, x5u, x5c, crit, enc, zip, extras, .. } = &header;
    if jwk.is_some() || jku.is_some() || x5u.is_some() || x5c.is_some() {
        return Err(Flaw("its header brings a key or says where to get one"));
    }
    if crit.is_some() || cty.is_some() || enc.is_some() || zip.is_some() || extras.inner().contains_key("b64")
    {
        return Err(Flaw("its header asks for what isn't understood"));
    }
    if typ.as_ref().is_some_and(|typ| !TYPES.iter().any(|known| known.eq_ignore_ascii_case(typ))) {
        return Err(Flaw("its `typ` is for something else"));
    }
    if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KEY_ID) {
        return Err(Flaw("its `kid` is too long"));
    }
    Ok(header)
}
