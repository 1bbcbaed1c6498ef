//! Which keys name a secret.
//!
//! A key is taken apart into lower-case words, whatever its style: `apiKey`, `API_KEY`, `api-key` and `X-Api-Key` all
//! hold the words "api key". It names a secret where it holds the words for one, unless its last word says that the
//! value is *about* the secret (`tokenCount`, `passwordChangedAt`). Words that are run together (`APIKEY`,
//! `accesstoken`) are recognised at the end of the key.

use std::sync::LazyLock;

use regex::Regex;

/// Secret whatever the last word is: a session's id is what its cookie holds, a reset link what its mail holds.
static ALWAYS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:session|sess) id$|^(?:php|j|asp)?sess(?:ion)?id$",
        r"|\b(?:magic|password reset) (?:link|url)$",
    ))
});

/// Words for a secret, anywhere in the key.
static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:passwords?|passwd|pwd|passphrases?|passcodes?|secrets?|tokens?|credentials?|creds|cookies?",
        r"|otp|totp|hotp|cvv|cvc|jwt|csrf|xsrf|mnemonic|seed phrase|recovery phrase",
        r"|(?:api|private|access|encryption|signing|master|auth|ssh|shared|account|session|hmac) keys?",
        r"|(?:recovery|backup|verification|security|auth|authentication|authorization) codes?",
        r"|(?:mfa|one time|access|reset|activation) codes?|pin (?:code|number|hash|block)",
        r"|(?:db|database|user|smtp|root|admin|mysql|postgres|redis) pass",
        r"|authorization header|basic auth|session (?:cookie|data)|connection string)\b",
        // Words that are secret as the last or as the only one.
        r"|\b(?:authorization|pin)$|^(?:auth|pass|session|sid|bearer|dsn)$",
    ))
});

/// The same, run together, at the end of the key.
static RUN_TOGETHER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?:password|passwd|passphrase|secret|token|cookie|credentials?|authorization|sessionid",
        r"|apikey|privatekey|accesskey|signingkey|encryptionkey|masterkey)$",
    ))
});

/// Last words that make it something about a secret, not the secret.
static ABOUT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:counts?|total|min|max|length|len|size|limits?|quota|index|level|rate|score|strength",
        r"|used|usage|budget|cost|price|attempts?|failures?|errors?|retries",
        r"|at|on|by|date|time|expir(?:y|es|ed|ation)|ttl|age|lifetime|days|hours|minutes|seconds|secs|ms",
        r"|types?|kind|names?|ids?|version|format|algorithm|alg|method|mode|category|label|title|fields?",
        r"|description|hint|prefix|suffix|fingerprint|thumbprint|ur[il]|endpoint|path|domain|scopes?",
        r"|issuer|audience|manager|provider|source|owner|holder|polic(?:y|ies)|rules?|requirements?",
        r"|status|state|enabled|disabled|required|present|valid|verified|invalid|set|changed|updated",
        r"|rotated|rotation|revoked|created|issued|reset|review|reason|event|action",
        r"|consent|banner|notice|preferences?)$",
        // Numbers of tokens of text, prices for them, and places in a list.
        r"|\b(?:max|min|total|num|prompt|completion|input|output|used|remaining|cached|reasoning) tokens$",
        r"|\b(?:per|page|continuation) token$",
    ))
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern, compiled by the tests")
}

/// Whether what stands under `key` is to be taken for a secret.
pub(super) fn is_secret(key: &str) -> bool {
    let words = words(key);
    if ALWAYS.is_match(&words) {
        return true;
    }
    if ABOUT.is_match(&words) {
        return false;
    }
    SECRET.is_match(&words) || RUN_TOGETHER.is_match(&words.replace(' ', ""))
}

/// Whether `key` names several things, so that a number under it is how many there are.
pub(super) fn is_plural(key: &str) -> bool {
    key.ends_with(['s', 'S'])
}

/// The words of `key` in lower case with a space between. Digits at the end of a word are left out (`password2`).
fn words(key: &str) -> String {
    let mut words = String::with_capacity(key.len() + 8);
    let mut previous = '_';
    let mut characters = key.chars().peekable();
    while let Some(character) = characters.next() {
        let next_is_lower = characters.peek().is_some_and(|next| next.is_lowercase());
        let begins_word = character.is_uppercase() && (!previous.is_uppercase() || next_is_lower);
        if (begins_word || !character.is_alphanumeric()) && !words.is_empty() {
            end_word(&mut words);
        }
        if character.is_alphanumeric() {
            words.extend(character.to_lowercase());
        }
        previous = character;
    }
    end_word(&mut words);
    words.truncate(words.trim_end().len());
    words
}

fn end_word(words: &mut String) {
    words.truncate(words.trim_end_matches(|last: char| last.is_ascii_digit()).len());
    if !words.is_empty() && !words.ends_with(' ') {
        words.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_apart_into_words() {
        for (key, expected) in [
            ("apiKey", "api key"),
            ("API_KEY", "api key"),
            ("X-Api-Key", "x api key"),
            ("userAPIKey2", "user api key"),
            ("api.key_1", "api key"),
            (" new  password2 ", "new password"),
            ("oauth2Token", "oauth token"),
            ("PASSWORD", "password"),
            ("größeÄnderung", "größe änderung"),
            ("123", ""),
            ("", ""),
            ("__", ""),
        ] {
            assert_eq!(words(key), expected, "{key}");
        }
    }
}
