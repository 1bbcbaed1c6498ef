//! Passwords, as they are kept: Argon2id (RFC 9106), made to be slow.
//!
//! A hash takes some 20 ms and 19 MiB, so that it is made off the runtime's threads and a few at a time: whoever knocks
//! in crowds waits in line, and nobody else does: whoever is known waits in another. Whether there is a password to compare with or not, it takes the same.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::{sync::Semaphore, time::timeout};

use super::{
    error::{Error, Result},
    metrics::PASSWORD_SECONDS,
};

/// What OWASP's cheat sheet gives for one lane: KiB of memory, and passes.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Bytes of a salt, as RFC 9106 recommends.
const SALT_LEN: usize = 16;
/// How long somebody waits in line.
const PATIENCE: Duration = Duration::from_secs(5);

/// As many strangers at a time as leave processors to everybody else.
static STRANGERS: LazyLock<Semaphore> = LazyLock::new(|| {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    Semaphore::new((processors / 2).max(1))
});
/// A place that strangers never take.
static KNOWN: Semaphore = Semaphore::const_new(1);

/// Where somebody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Anybody.
    Strangers,
    /// Who has shown something by which they are known.
    Known,
}

impl Line {
    fn name(self) -> &'static str {
        match self {
            Self::Strangers => "strangers",
            Self::Known => "known",
        }
    }
}

/// The hash of `password` with a salt of its own, as a PHC string.
///
/// # Errors
/// UNAVAILABLE where too many are waiting.
pub async fn hash(password: SecretString, line: Line) -> Result<String> {
    in_turn(line, move || hash_now(&password)).await
}

/// Whether `password` is the one of `hash`. Where there is none, it isn't, and takes as long.
///
/// # Errors
/// UNAVAILABLE where too many are waiting; INTERNAL where `hash` isn't one.
pub async fn verify(password: SecretString, hash: Option<String>, line: Line) -> Result<bool> {
    in_turn(line, move || match hash {
        Some(hash) => {
            let hash = PasswordHash::new(&hash).map_err(unreadable)?;
            match argon2()?.verify_password(password.expose_secret().as_bytes(), &hash) {
                Ok(()) => Ok(true),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(unreadable(error)),
            }
        }
        None => hash_now(&password).map(|_| false),
    })
    .await
}

async fn in_turn<T: Send + 'static>(
    line: Line,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    const CROWDED: Error = Error::unavailable("many are signing in right now: try again");
    let places = match line {
        Line::Strangers => &*STRANGERS,
        Line::Known => &KNOWN,
    };
    let place = timeout(PATIENCE, places.acquire()).await.map_err(|_| CROWDED)?;
    let _place = place.map_err(|_| CROWDED)?;
    let hashing = move || {
        let began = Instant::now();
        let outcome = work();
        metrics::histogram!(PASSWORD_SECONDS, "line" => line.name()).record(began.elapsed());
        outcome
    };
    tokio::task::spawn_blocking(hashing).await.map_err(|error| Error::internal(error.to_string()))?
}

fn hash_now(password: &SecretString) -> Result<String> {
    let salt: [u8; SALT_LEN] = rand::random();
    let hash = argon2()?.hash_password_with_salt(password.expose_secret().as_bytes(), &salt);
    Ok(hash.map_err(unreadable)?.to_string())
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None)
        .map_err(|error| Error::internal(format!("Argon2's parameters: {error}")))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::internal(format!("a password's hash: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        text.into()
    }

    #[tokio::test]
    async fn the_password_and_no_other_is_verified() {
        let first = hash(secret("correct 17 gazelles"), Line::Strangers).await.unwrap();
        let second = hash(secret("correct 17 gazelles"), Line::Strangers).await.unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_ne!(first, second, "each has a salt of its own");
        for hash in [first, second] {
            assert!(
                verify(secret("correct 17 gazelles"), Some(hash.clone()), Line::Strangers).await.unwrap()
            );
            assert!(!verify(secret("correct 17 gazelle"), Some(hash), Line::Known).await.unwrap());
        }
        assert!(!verify(secret("correct 17 gazelles"), None, Line::Known).await.unwrap());
    }

    #[tokio::test]
    async fn strangers_never_take_the_place_of_who_is_known() {
        let crowd = STRANGERS.acquire_many(u32::try_from(STRANGERS.available_permits()).unwrap()).await;
        assert!(!verify(secret("correct 17 gazelles"), None, Line::Known).await.unwrap());
        drop(crowd);
    }

    #[tokio::test]
    async fn what_is_no_hash_is_a_fault() {
        for hash in ["", "correct 17 gazelles", "$argon2id$v=19$m=19456,t=2,p=1$"] {
            assert!(
                verify(secret("correct 17 gazelles"), Some(hash.to_owned()), Line::Known).await.is_err(),
                "{hash}"
            );
        }
    }
}
