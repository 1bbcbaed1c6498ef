//! Words as they are searched: small letters without accents, in one alphabet.
//!
//! Both databases compare texts in ways of their own, and PostgreSQL's indexes know the letters of its locale alone. So
//! what is searched is folded here, before it is stored and before it is looked for: `Łukasz Müller` and `lukasz MULLER`
//! are the same, and so are `Иван` and `ivan`. Nothing is left but `a`–`z`, `0`–`9` and what separates words, so that no
//! character means anything to a database.

/// What stands before each word: two spaces, so that a word's first letter is three characters with them, which is
/// what an index of trigrams takes.
pub const BEFORE: &str = "  ";

/// The words of `text`, folded, with [`BEFORE`] in between. Empty where nothing in it is a letter or a digit.
pub fn folded(text: &str) -> String {
    let mut ascii = any_ascii::any_ascii(text);
    ascii.make_ascii_lowercase();
    let words = ascii.split(|character: char| !character.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(BEFORE)
}

/// Several texts in one, to be searched together. No word is found that begins in one and ends in the next.
pub fn searchable<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts = texts.into_iter().map(|text| format!("{BEFORE}{}", folded(text)));
    texts.collect::<Vec<_>>().join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_alphabets_are_folded() {
        for (text, expected) in [
            ("Maja Lindqvist", "maja  lindqvist"),
            ("ÅSA Öberg-Ñandú", "asa  oberg  nandu"),
            // The accent as a character of its own.
            ("Rene\u{301}e", "renee"),
            ("Straße Łukasz Ørsted İzmir", "strasse  lukasz  orsted  izmir"),
            ("Иван", "ivan"),
            ("ａｂｃ１", "abc1"),
            ("ada.l@example.com", "ada  l  example  com"),
            ("O'Brien; DROP TABLE--%_\"*\\\0", "o  brien  drop  table"),
            ("\u{202e}\u{200d} \t", ""),
        ] {
            assert_eq!(folded(text), expected, "{text:?}");
        }
        for text in ["李小龙", "محمد", "שלום", "🙂"] {
            let folded = folded(text);
            assert!(
                !folded.is_empty() && folded.bytes().all(|byte| byte == b' ' || byte.is_ascii_alphanumeric())
            );
        }
    }

    #[test]
    fn texts_are_apart() {
        assert_eq!(searchable(["Ada", "a@b.c", ""]), "  ada|  a  b  c|  ");
    }
}
