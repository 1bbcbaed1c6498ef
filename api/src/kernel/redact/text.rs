//! Secrets that are recognised by their own form, anywhere in a text.
//!
//! Each pattern makes a pass of its own. That keeps the time linear: no pattern looks beyond the end of its match (or
//! of the word that it is in), so that passing over a text never goes back far, and what one pattern still waits for
//! can't make another start again.

use std::{borrow::Cow, ops::Range, sync::LazyLock};

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use regex::{Captures, Regex, RegexSet};

use super::{MASK, key};

/// The forms of secrets. Where a pattern has groups, the first stays before the mask and the second after it.
const SECRETS: [&str; 18] = [
    // PEM (RFC 7468), the whole block; one that is cut off goes to the end.
    concat!(
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?s:.)*?",
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\z)",
    ),
    // Headers. Schemes of one word, then those with parameters, to the end of the line.
    concat!(
        r#"(?i)((?-u:\b)authorization["']?\s{0,4}[:=]\s{0,4}["']?(?:bearer|basic|token|apikey)\s{1,4})"#,
        r#"[^\s"',;]+"#,
    ),
    r"(?i)((?-u:\b)authorization\s{0,4}[:=]\s{0,4}(?:digest|negotiate|hawk|aws4-hmac-sha256)\s)[^\r\n]+",
    r"(?i)((?-u:\b)(?:set-)?cookie:\s{0,4})[^\s=;,]+=[^\r\n]*",
    r#"(?i)((?-u:\b)x-(?:api-key|(?:auth|access|csrf|xsrf|vault)-token):\s{0,4})[^\s"',;]+"#,
    // The password of a URL (RFC 3986, section 3.2.1), up to the last @ before the path.
    r#"(://[^\s/?#@:"'<>]*:)[^\s/?#"'<>]+(@)"#,
    // URLs that are secrets themselves.
    r"(hooks\.slack\.com/(?:services|workflows|triggers)/)[A-Za-z0-9/_-]+",
    r"(discord(?:app)?\.com/api/(?:v[0-9]{1,2}/)?webhooks/[0-9]{1,20}/)[A-Za-z0-9_-]+",
    // JWS and JWE in compact form (RFC 7515, RFC 7516): three or five parts, the first begins with `{"`.
    r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){2,4}",
    // Our own tokens and webhook secrets. The hint of a token is shorter, and stays.
    r"opsk_[0-9A-Za-z]{20,}|ops[air]_[0-9A-Za-z_-]{20,}|whsec_[0-9A-Za-z+/=_-]{16,}",
    // AWS, Google, GitHub and GitLab, Slack, Stripe, SendGrid, npm, OpenAI and Anthropic.
    r"(?-u:\b)A[KS]IA[0-9A-Z]{16}(?-u:\b)",
    r"AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20,}",
    r"gh[oprsu]_[0-9A-Za-z]{36,}|github_pat_[0-9A-Za-z_]{22,}|glpat-[0-9A-Za-z_-]{20,}",
    r"xox[abcdeprs](?:\.xox[bp])?-[0-9A-Za-z%/+-]{10,}|xapp-[0-9]-[0-9A-Za-z-]{10,}",
    r"[rs]k_(?:live|test)_[0-9A-Za-z]{10,}",
    r"(?-u:\b)SG\.[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{16,64}",
    r"npm_[0-9A-Za-z]{36,}",
    r"sk-(?:ant|proj)-[0-9A-Za-z_-]{20,}",
];

static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| SECRETS.map(pattern).into());

/// Whether any of them is in a text: one look, and most often there is none.
static ANY: LazyLock<RegexSet> =
    LazyLock::new(|| RegexSet::new(SECRETS).expect("constant patterns, compiled by the tests"));

/// `Bearer` and `Basic` credentials (RFC 6750, RFC 7617) outside a header. Both words stand in prose as well.
static CREDENTIALS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)((?-u:\b)(bearer|basic)\s{1,4})([A-Za-z0-9._~+/-]{4,}=*)"));

/// Base64 as lenient as servers are.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern, compiled by the tests")
}

/// `text` with its secrets masked; borrowed where there are none.
pub fn redact_text(text: &str) -> Cow<'_, str> {
    let mut masked = Cow::Borrowed(text);
    let replacement = format!("${{1}}{MASK}${{2}}");
    if ANY.is_match(text) {
        // All, since what one has masked may show what another is looking for.
        for pattern in &*PATTERNS {
            replace(&mut masked, |text| pattern.replace_all(text, &replacement));
        }
    }
    replace(&mut masked, |text| CREDENTIALS.replace_all(text, mask_credentials));
    replace(&mut masked, mask_assignments);
    // What was masked before and is found again is no change.
    if masked == text { Cow::Borrowed(text) } else { masked }
}

fn replace(text: &mut Cow<'_, str>, step: impl FnOnce(&str) -> Cow<'_, str>) {
    if let Cow::Owned(masked) = step(text) {
        *text = Cow::Owned(masked);
    }
}

/// Masks what can't be prose: base64 of `user:password`, or a word with digits, with capitals inside, or too long.
fn mask_credentials(found: &Captures<'_>) -> String {
    let (before, value) = (&found[1], &found[3]);
    let is_secret = if found[2].eq_ignore_ascii_case("basic") {
        let decoded = BASE64.decode(value).unwrap_or_default();
        std::str::from_utf8(&decoded).is_ok_and(|decoded| decoded.contains(':'))
    } else {
        let has_digit = value.contains(|character: char| character.is_ascii_digit());
        let has_capital = value[1..].contains(|character: char| character.is_ascii_uppercase());
        let has_small = value.contains(|character: char| character.is_ascii_lowercase());
        has_digit || (has_capital && has_small) || value.len() >= 32
    };
    if is_secret { format!("{before}{MASK}") } else { found[0].to_owned() }
}

/// Masks the values of secret keys in text that holds JSON, a query string, a form, a log line or a connection
/// string: `"password": "…"`, `&access_token=…`, `Password = …;`. An unquoted key with a colon is prose.
fn mask_assignments(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut done = 0;
    for (at, sign) in text.match_indices(['=', ':']) {
        if at < done {
            continue;
        }
        let Some(name) = name_before(&text[done..at], sign).filter(|name| names_secret(name)) else {
            continue;
        };
        let value = value_in(text, at + sign.len());
        let tells = !NOTHING.iter().any(|nothing| nothing.eq_ignore_ascii_case(&text[value.clone()]));
        let is_count = key::is_plural(name) && text[value.clone()].bytes().all(|byte| byte.is_ascii_digit());
        if tells && !is_count {
            masked.push_str(&text[done..value.start]);
            masked.push_str(MASK);
            done = value.end;
        }
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(&text[done..]);
    Cow::Owned(masked)
}

/// Values that give nothing away, or that are masked already.
const NOTHING: [&str; 10] = ["", MASK, "true", "false", "yes", "no", "null", "nil", "none", "undefined"];

/// Bytes of a name that are looked at.
const MAX_NAME_LEN: usize = 64;

/// The name at the end of `text`, which goes up to `sign`. It may be quoted, and with a colon it has to be.
fn name_before<'a>(text: &'a str, sign: &str) -> Option<&'a str> {
    let text = text.trim_end_matches(' ');
    let text = match text.strip_suffix(['"', '\'']) {
        // In JSON inside a JSON string the quote is escaped.
        Some(quoted) => quoted.trim_end_matches('\\'),
        None if sign == ":" => return None,
        None => text,
    };
    let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.[]".contains(byte);
    let length = text.bytes().rev().take(MAX_NAME_LEN).take_while(belongs).count();
    Some(&text[text.len() - length..])
}

/// Whether it is a secret's name, or the parameter that makes a signed URL valid.
fn names_secret(name: &str) -> bool {
    let signatures = ["sig", "X-Amz-Signature", "X-Goog-Signature"];
    key::is_secret(name) || signatures.iter().any(|signature| signature.eq_ignore_ascii_case(name))
}

/// Where the value is that begins at `from`, behind the sign: inside its quotes, or up to a separator. Empty where
/// an object or a list begins: their parts are looked at one by one.
fn value_in(text: &str, from: usize) -> Range<usize> {
    let rest = text[from..].trim_start_matches('>').trim_start_matches(' ');
    let start = text.len() - rest.len();
    let unescaped = rest.trim_start_matches('\\');
    let escapes = rest.len() - unescaped.len();
    if let Some(quote) = unescaped.chars().next().filter(|first| matches!(first, '"' | '\'')) {
        let start = start + escapes + quote.len_utf8();
        let value = &text[start..];
        // The closing quote is escaped just as the opening one is.
        let escapes_at = |at: usize| value[..at].len() - value[..at].trim_end_matches('\\').len();
        let closing = value.match_indices(quote).map(|(at, _)| at).find(|at| escapes_at(*at) == escapes);
        return start..start + closing.map_or(value.len(), |at| at - escapes);
    }
    if rest.starts_with(['{', '[', '=']) {
        return start..start;
    }
    let is_separator = |character: char| character.is_whitespace() || "&;,#\"'<>".contains(character);
    let value = &rest[..rest.find(is_separator).unwrap_or(rest.len())];
    // What closes something around it isn't part of it.
    start..start + value.trim_end_matches(['\\', ')', ']', '}']).len()
}
