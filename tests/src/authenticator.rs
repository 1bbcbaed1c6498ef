//! An authenticator app: what it reads from the gateway, and the codes that it shows. Written by RFC 4226 and RFC 6238
//! alone, so that it and the gateway judge each other.

use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// An app with one secret.
#[derive(Clone, Debug)]
pub struct Authenticator(Vec<u8>);

impl Authenticator {
    /// Reads `otpauth://totp/…`.
    pub fn read(uri: &str) -> Self {
        let (kind, parameters) = uri.split_once('?').unwrap();
        assert!(kind.starts_with("otpauth://totp/Opsgate:"), "{kind}");
        let value = |name: &str| {
            let mut pairs = parameters.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
        };
        assert_eq!(value("algorithm"), Some("SHA1"));
        assert_eq!((value("digits"), value("period")), (Some("6"), Some("30")));
        Self(BASE32_NOPAD.decode(value("secret").unwrap().as_bytes()).unwrap())
    }

    /// What it shows at `now`.
    pub fn code(&self, now: DateTime<Utc>) -> String {
        let mac = Hmac::<Sha1>::new_from_slice(&self.0).unwrap();
        let counter = u64::try_from(now.timestamp() / 30).unwrap();
        let digest = mac.chain_update(counter.to_be_bytes()).finalize().into_bytes();
        let at = usize::from(digest[19] % 16);
        let number = digest[at..at + 4].iter().fold(0_u32, |number, byte| (number << 8) + u32::from(*byte));
        format!("{:06}", number % (1 << 31) % 1_000_000)
    }
}
