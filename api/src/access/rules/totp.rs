//! Codes of the moment (TOTP, RFC 6238): six digits that change every thirty seconds.
//!
//! SHA-1, since that is what every authenticator app can; what HMAC needs of it isn't broken. Clocks may differ by a
//! step, and a code works once: whoever has seen one over a shoulder has seen nothing.

use std::fmt;

use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What RFC 4226 recommends: as long as SHA-1's digest.
pub const SECRET_LEN: usize = 20;
/// How long a code is shown, in seconds.
const STEP: i64 = 30;
/// By how many steps clocks may differ, either way.
const SKEW: i64 = 1;
/// Digits of a code.
const DIGITS: u32 = 6;
/// As authenticator apps call us.
const ISSUER: &str = "Opsgate";

/// What an authenticator app and the gateway share. Wiped from memory when dropped.
#[derive(Clone)]
pub struct Totp(Zeroizing<[u8; SECRET_LEN]>);

impl fmt::Debug for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Totp(..)")
    }
}

impl Totp {
    /// A new secret.
    pub fn generate() -> Self {
        let mut bytes = Zeroizing::new([0; SECRET_LEN]);
        rand::fill(bytes.as_mut_slice());
        Self(bytes)
    }

    /// The secret made of these bytes; none where they aren't as many.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// To be sealed, and nothing else.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// As people type it into an app that has no camera.
    pub fn base32(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(self.bytes()))
    }

    /// `otpauth://…`, as authenticator apps read it.
    pub fn uri(&self, account: &str) -> Zeroizing<String> {
        let account = utf8_percent_encode(account, NON_ALPHANUMERIC);
        let secret = self.base32();
        Zeroizing::new(format!(
            "otpauth://totp/{ISSUER}:{account}?secret={}&issuer={ISSUER}&algorithm=SHA1&digits={DIGITS}&period={STEP}",
            *secret
        ))
    }

    /// The step whose code `given` is at `now`, if it is one later than `last`, the step of the code that was used last.
    ///
    /// Every step is looked at, whichever it is: how long that takes says nothing.
    pub fn accept(&self, given: &str, now: DateTime<Utc>, last: Option<i64>) -> Option<i64> {
        let given = given.trim();
        let current = step_of(now);
        let mut found = None;
        for step in current - SKEW..=current + SKEW {
            let is_same: bool = self.code(step).as_bytes().ct_eq(given.as_bytes()).into();
            if is_same && last.is_none_or(|last| step > last) {
                found = Some(step);
            }
        }
        found
    }

    /// The code of a step.
    fn code(&self, step: i64) -> String {
        format!("{:0width$}", hotp(self.bytes(), step, DIGITS), width = DIGITS as usize)
    }
}

fn step_of(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(STEP)
}

/// The number of a counter (HOTP, RFC 4226, section 5.3).
fn hotp(secret: &[u8], counter: i64, digits: u32) -> u32 {
    let mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes keys of any length");
    let digest: [u8; 20] = mac.chain_update(counter.to_be_bytes()).finalize().into_bytes().into();
    let offset = usize::from(digest[19] & 0xf);
    let mut word = [0; 4];
    word.copy_from_slice(&digest[offset..offset + 4]);
    (u32::from_be_bytes(word) & 0x7fff_ffff) % 10_u32.pow(digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The secret of both RFCs.
    const SECRET: &[u8; SECRET_LEN] = b"12345678901234567890";

    fn totp() -> Totp {
        Totp::from_bytes(SECRET).unwrap()
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn numbers_are_those_of_rfc_4226() {
        let expected = [755224, 287082, 359152, 969429, 338314, 254676, 287922, 162583, 399871, 520489];
        for (counter, number) in (0..).zip(expected) {
            assert_eq!(hotp(SECRET, counter, 6), number, "{counter}");
        }
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, the rows of SHA-1, which have eight digits.
        for (seconds, code) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(hotp(SECRET, step_of(at(seconds)), 8), code, "{seconds}");
            assert_eq!(totp().code(step_of(at(seconds))), format!("{:06}", code % 1_000_000), "{seconds}");
        }
    }

    #[test]
    fn clocks_may_differ_by_a_step() {
        let totp = totp();
        let code = totp.code(20);
        for (now, expected) in
            [(569, false), (570, true), (599, true), (600, true), (629, true), (659, true), (660, false)]
        {
            assert_eq!(totp.accept(&code, at(now), None), expected.then_some(20), "{now}");
        }
    }

    #[test]
    fn a_code_works_once_and_none_before_it_works_after_it() {
        let totp = totp();
        let (before, now, after) = (totp.code(19), totp.code(20), totp.code(21));
        let last = totp.accept(&now, at(600), None);
        assert_eq!(last, Some(20));
        assert_eq!(totp.accept(&now, at(601), last), None);
        assert_eq!(totp.accept(&before, at(601), last), None);
        assert_eq!(totp.accept(&after, at(601), last), Some(21));
    }

    #[test]
    fn what_is_no_code_is_none() {
        let totp = totp();
        let code = totp.code(20);
        assert_eq!(totp.accept(&format!(" {code}\n"), at(600), None), Some(20));
        for given in ["", "0", &code[1..], &*format!("0{code}"), "abcdef", "１２３４５６"] {
            assert_eq!(totp.accept(given, at(600), None), None, "{given:?}");
        }
    }

    #[test]
    fn apps_can_read_it() {
        let expected = "otpauth://totp/Opsgate:ada%2Bops%40example%2Ecom?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
                        &issuer=Opsgate&algorithm=SHA1&digits=6&period=30";
        assert_eq!(*totp().uri("ada+ops@example.com"), expected);
        assert_eq!(format!("{:?}", totp()), "Totp(..)");
    }

    #[test]
    fn secrets_are_drawn_anew() {
        assert_ne!(Totp::generate().bytes(), Totp::generate().bytes());
        assert!(Totp::from_bytes(&[0; SECRET_LEN - 1]).is_none());
    }

    proptest! {
        #[test]
        fn a_code_is_accepted_around_its_time_alone(secret: [u8; SECRET_LEN], step in 10..1_000_000_i64, off in -3..=3_i64) {
            let totp = Totp::from_bytes(&secret).unwrap();
            let code = totp.code(step);
            let now = at((step + off) * STEP);
            // Another step may have the same code: one in a million.
            let same = (step + off - SKEW..=step + off + SKEW).filter(|near| totp.code(*near) == code).max();
            prop_assert_eq!(totp.accept(&code, now, None), same);
            prop_assert_eq!(totp.accept(&code, now, Some(step + off + SKEW)), None);
        }

        #[test]
        fn accepting_never_panics(given in "\\PC{0,20}", seconds in -1_000_000_000..10_000_000_000_i64) {
            totp().accept(&given, at(seconds), None);
        }
    }
}
