//! Which passwords can be taken (NIST SP 800-63B, section 3.1.1.2): long ones that aren't common; of what kinds of
//! characters doesn't matter.
//!
//! A list of common passwords of at least twelve characters would mostly hold shorter ones, joined: `password1234`,
//! `Qwerty!qwerty!`. So the list that is shipped (`common_passwords.txt`) holds words, and a password is common where it
//! consists of them, with digits and signs between: `P4ssw0rd-2026!` is, `correct 17 gazelles` isn't.

use std::{collections::HashSet, sync::LazyLock};

use crate::kernel::error::{UserErrorCode, Violation};

/// The fewest characters.
pub const MIN_LEN: usize = 12;
/// The most: somebody has to hash it.
pub const MAX_LEN: usize = 256;
/// The fewest different characters.
const MIN_DIFFERENT: usize = 5;

/// Common passwords and what they are made of, in lower case.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("common_passwords.txt").lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
});
/// The longest of them, in characters.
static LONGEST: LazyLock<usize> =
    LazyLock::new(|| COMMON.iter().map(|word| word.chars().count()).max().unwrap_or_default());

/// Whether `password` can be taken by who signs in as `name`.
///
/// # Errors
/// What is wrong with it, at `field`, without a character of it.
pub fn check_password(password: &str, name: &str, field: &str) -> Result<(), Violation> {
    let wrong = |code, message: String| Err(Violation::new(code, field, message));
    let count = password.chars().count();
    if count < MIN_LEN {
        return wrong(UserErrorCode::Invalid, format!("a password has {MIN_LEN} characters or more"));
    }
    if count > MAX_LEN {
        return wrong(UserErrorCode::TooLong, format!("a password has {MAX_LEN} characters at most"));
    }
    let characters: Vec<char> = password.chars().flat_map(char::to_lowercase).collect();
    let different: HashSet<_> = characters.iter().collect();
    if different.len() < MIN_DIFFERENT {
        let message = "this password repeats a few characters: it would be among the first to be tried";
        return wrong(UserErrorCode::Invalid, message.to_owned());
    }
    if is_made_of(&characters, &words_of(name)) {
        let message = "this password consists of words that are tried first, or of your own name: add something of \
                       your own";
        return wrong(UserErrorCode::Invalid, message.to_owned());
    }
    Ok(())
}

/// The words of an address: `ada.lovelace@example.com` is four. Short ones say nothing.
fn words_of(name: &str) -> HashSet<String> {
    let words = name.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    words.filter(|word| word.chars().count() >= 3).collect()
}

/// Whether all letters of `characters` stand in words that are common or one of `own`, or in digits and signs that stand
/// for their letters.
fn is_made_of(characters: &[char], own: &HashSet<String>) -> bool {
    let longest = own.iter().map(|word| word.chars().count()).max().unwrap_or_default().max(*LONGEST);
    // What can be reached from the beginning by words and fillers.
    let mut reached = vec![false; characters.len() + 1];
    reached[0] = true;
    for start in 0..characters.len() {
        if !reached[start] {
            continue;
        }
        if !characters[start].is_alphabetic() {
            reached[start + 1] = true;
        }
        for end in start + 1..=characters.len().min(start + longest) {
            reached[end] = reached[end] || is_word(&characters[start..end], own);
        }
    }
    reached[characters.len()]
}

/// Whether these are a common word or one of `own`, as it is or with signs for letters.
fn is_word(characters: &[char], own: &HashSet<String>) -> bool {
    // `1` and `!` stand for two letters: a word with both is written with one of them.
    ['i', 'l'].into_iter().any(|one| {
        let word: String = characters.iter().map(|character| letter(*character, one)).collect();
        COMMON.contains(&*word) || own.contains(&word)
    }) || {
        let word: String = characters.iter().collect();
        COMMON.contains(&*word) || own.contains(&word)
    }
}

/// The letter that a sign is written for.
fn letter(sign: char, one: char) -> char {
    match sign {
        '0' => 'o',
        '1' | '!' | '|' => one,
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    const NAME: &str = "ada.lovelace@example.com";

    fn checked(password: &str) -> Option<UserErrorCode> {
        check_password(password, NAME, "password").err().map(|violation| violation.code)
    }

    #[test]
    fn a_password_is_long() {
        assert_eq!(checked(""), Some(UserErrorCode::Invalid));
        assert_eq!(checked("gqv wkrm 81p"), None);
        assert_eq!(checked("gqv wkrm 81"), Some(UserErrorCode::Invalid));
        // Characters, not bytes.
        assert_eq!(checked("äöüß€äöüß€ä"), Some(UserErrorCode::Invalid));
        assert_eq!(checked("äöüß€éèêñøåç"), None);
        let long: String = "gqvwkrm8".chars().cycle().take(MAX_LEN).collect();
        assert_eq!(checked(&long), None);
        assert_eq!(checked(&format!("{long}x")), Some(UserErrorCode::TooLong));
    }

    #[test]
    fn a_password_is_not_common() {
        for password in [
            "password1234",
            "P4ssw0rd-2026!",
            "passwordpassword",
            "Qwerty!qwerty!",
            "qwertyuiop123",
            "letmein-letmein",
            "123456789012",
            "2026-11-21 03:00",
            "1q2w3e4r5t6y",
            "correcthorsebatterystaple",
            "Iloveyou12345",
            "W3lcome2Opsgate!",
            "admin@admin.com",
            "aaaaaaaaaaaa",
            "abababababab",
            "lovelace-1815",
            "Ada.Lovelace@Example.com",
        ] {
            assert_eq!(checked(password), Some(UserErrorCode::Invalid), "{password}");
        }
        for password in [
            "correct 17 gazelles",
            "password of mine, really",
            "tR7#mmkQ-plover",
            "purple harbour nine otters",
            "ŝajnas ke pluvos morgaŭ",
        ] {
            assert_eq!(checked(password), None, "{password}");
        }
    }

    #[test]
    fn what_is_said_holds_nothing_of_it() {
        let said = check_password("P4ssw0rd-2026!", NAME, "newPassword").unwrap_err();
        assert!(!said.message.contains("2026"), "{}", said.message);
        assert_eq!(said.field, Some(vec!["input".to_owned(), "newPassword".to_owned()]));
    }

    #[test]
    fn the_list_is_in_order() {
        let lines = include_str!("common_passwords.txt").lines();
        let words: Vec<_> = lines.filter(|line| !line.starts_with('#')).collect();
        assert!(words.len() > 300, "{}", words.len());
        for pair in words.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?}: sorted, each once");
        }
        for word in words {
            // Two letters are in too many words of anybody's.
            assert!(word.len() >= 3 && *word == word.to_lowercase() && word == word.trim(), "{word}");
        }
    }

    proptest! {
        /// Whatever is joined of the list, with whatever numbers: it is refused.
        #[test]
        fn what_is_made_of_the_list_is_refused(
            words in vec(select(vec!["dragon", "monkey", "summer", "admin"]), 2..5),
            number: u32,
        ) {
            let password = format!("{}{number:012}", words.join("-"));
            prop_assert_eq!(checked(&password), Some(UserErrorCode::Invalid));
        }

        #[test]
        fn checking_never_panics(password in "\\PC{0,300}", name in "\\PC{0,40}") {
            let _ = check_password(&password, &name, "password");
        }
    }
}
