//! Ids: UUIDv7 inside, TypeIDs on the wire.
//!
//! Every row has a UUIDv7 (RFC 9562): it sorts by the time at which it was made. Clients see it as a TypeID, which
//! is a [`Prefix`] that names the type, an underscore and the UUID in 26 characters of base32:
//! `inc_01h455vb4pex5vsknk084sn02q`. So an id can be grepped for, sorts as text just as it does as bytes, and one
//! of the wrong type is noticed at once. The form is the TypeID specification, version 0.3.

use std::sync::Mutex;

use chrono::{DateTime, Utc};
use uuid::{ContextV7, Timestamp, Uuid};

/// Crockford's base32 in lower case; strict: no upper case, no hyphens, no look-alikes.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The value of each byte in [`ALPHABET`]; [`NO_DIGIT`] where it isn't in it.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        digits[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    digits
};
const NO_DIGIT: u8 = u8::MAX;

/// Characters of an encoded UUID: 130 bits, of which the first two are zero.
const SUFFIX_LEN: usize = 26;

/// The longest prefix that the specification allows.
const MAX_PREFIX_LEN: usize = 63;

/// Why a text isn't the id that was wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// A well-formed TypeID of another type.
    #[error("expected an id that begins with {expected}_, found one that begins with {found}_")]
    WrongType {
        /// The prefix that was wanted.
        expected: &'static str,
        /// The prefix that was found: at most 63 characters of `a-z` and `_`.
        found: String,
    },
    /// Neither a TypeID nor a UUID.
    #[error("not an id")]
    Malformed,
}

/// The name of a type in its ids: `[a-z]([a-z_]{0,61}[a-z])?`, as in `const INCIDENT: Prefix = Prefix("inc");`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prefix(pub &'static str);

impl Prefix {
    /// The TypeID of `id`: prefix, underscore, 26 characters of base32.
    pub fn encode(self, id: Uuid) -> String {
        debug_assert!(is_prefix(self.0), "{:?} isn't a prefix of a TypeID", self.0);
        let mut text = String::with_capacity(self.0.len() + 1 + SUFFIX_LEN);
        text.push_str(self.0);
        text.push('_');
        push_base32(&mut text, id);
        text
    }

    /// The UUID in `text`, which is a TypeID of this type or a plain UUID (hyphenated, in either case).
    ///
    /// # Errors
    /// [`IdError::WrongType`] for another type's TypeID, [`IdError::Malformed`] for anything else.
    pub fn parse(self, text: &str) -> Result<Uuid, IdError> {
        // Of the textual forms of a UUID only the hyphenated one has 36 bytes.
        if text.len() == 36
            && let Ok(id) = Uuid::try_parse(text)
        {
            return Ok(id);
        }
        match split(text)? {
            (found, id) if found == self.0 => Ok(id),
            ("", _) => Err(IdError::Malformed),
            (found, _) => Err(IdError::WrongType { expected: self.0, found: found.to_owned() }),
        }
    }
}

/// The prefix and the UUID of a TypeID of any type. The prefix is empty where the TypeID has none.
///
/// # Errors
/// [`IdError::Malformed`] for what isn't a TypeID; a plain UUID isn't one.
pub fn split(text: &str) -> Result<(&str, Uuid), IdError> {
    let (prefix, suffix) = match text.rsplit_once('_') {
        None => ("", text),
        Some((prefix, suffix)) if is_prefix(prefix) => (prefix, suffix),
        Some(_) => return Err(IdError::Malformed),
    };
    let id = parse_base32(suffix).ok_or(IdError::Malformed)?;
    Ok((prefix, id))
}

/// A new UUIDv7 of the time `now` (to the millisecond; before 1970 counts as 1970).
///
/// Later ones of this process sort after earlier ones: within a millisecond they count upwards from a random start,
/// and where `now` is behind an earlier call's, that call's time stays. Two processes agree to the millisecond only.
pub fn new(now: DateTime<Utc>) -> Uuid {
    static PROCESS: Generator = Generator::new();
    PROCESS.next(now)
}

/// A rising sequence of UUIDv7s, each greater than the one before. [`new`] draws from the process's own; whoever has
/// a clock of its own beside others in one process (a test's gateway) takes one for itself, since a sequence never
/// goes back behind the latest time that it was given.
#[derive(Debug, Default)]
pub struct Generator(Mutex<ContextV7>);

impl Generator {
    /// A sequence that hasn't begun.
    pub const fn new() -> Self {
        Self(Mutex::new(ContextV7::new()))
    }

    /// The next id, of the time `now`.
    pub fn next(&self, now: DateTime<Utc>) -> Uuid {
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        Uuid::new_v7(Timestamp::from_unix(&self.0, seconds, now.timestamp_subsec_nanos()))
    }
}

fn is_prefix(text: &str) -> bool {
    text.len() <= MAX_PREFIX_LEN
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        && text.starts_with(|first: char| first != '_')
        && !text.ends_with('_')
}

fn push_base32(text: &mut String, id: Uuid) {
    let bits = id.as_u128();
    let (high, low) = ((bits >> 65) as u64, bits as u64);
    let middle = (bits >> 60) as usize & 31;
    let mut digits = [0; SUFFIX_LEN];
    for (place, digit) in digits.iter_mut().rev().enumerate() {
        // In halves: shifting all 128 bits takes several times as long.
        let value = match place {
            0..12 => (low >> (5 * place)) as usize & 31,
            12 => middle,
            _ => (high >> (5 * (place - 13))) as usize & 31,
        };
        *digit = ALPHABET[value];
    }
    text.push_str(std::str::from_utf8(&digits).unwrap_or_default());
}

fn parse_base32(text: &str) -> Option<Uuid> {
    // 26 characters hold 130 bits: a first one above 7 would be beyond the 128 of a UUID.
    if text.len() != SUFFIX_LEN || text.as_bytes()[0] > b'7' {
        return None;
    }
    let bits = text.bytes().try_fold(0u128, |bits, byte| match DIGITS[usize::from(byte)] {
        NO_DIGIT => None,
        digit => Some(bits << 5 | u128::from(digit)),
    })?;
    Some(Uuid::from_u128(bits))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INCIDENT: Prefix = Prefix("inc");

    /// `valid.json` of the specification, whole: TypeID, prefix, UUID.
    const VALID: [(&str, &str, &str); 9] = [
        ("00000000000000000000000000", "", "00000000-0000-0000-0000-000000000000"),
        ("00000000000000000000000001", "", "00000000-0000-0000-0000-000000000001"),
        ("0000000000000000000000000a", "", "00000000-0000-0000-0000-00000000000a"),
        ("0000000000000000000000000g", "", "00000000-0000-0000-0000-000000000010"),
        ("00000000000000000000000010", "", "00000000-0000-0000-0000-000000000020"),
        ("7zzzzzzzzzzzzzzzzzzzzzzzzz", "", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        ("prefix_0123456789abcdefghjkmnpqrs", "prefix", "0110c853-1d09-52d8-d73e-1194e95b5f19"),
        ("prefix_01h455vb4pex5vsknk084sn02q", "prefix", "01890a5d-ac96-774b-bcce-b302099a8057"),
        ("pre_fix_00000000000000000000000000", "pre_fix", "00000000-0000-0000-0000-000000000000"),
    ];

    /// `invalid.json` of the specification, whole.
    const INVALID: [&str; 21] = [
        "PREFIX_00000000000000000000000000",
        "12345_00000000000000000000000000",
        "pre.fix_00000000000000000000000000",
        "préfix_00000000000000000000000000",
        "  prefix_00000000000000000000000000",
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl_00000000000000000000000000",
        "_00000000000000000000000000",
        "_",
        "prefix_1234567890123456789012345",
        "prefix_123456789012345678901234567",
        "prefix_1234567890123456789012345 ",
        "prefix_0123456789ABCDEFGHJKMNPQRS",
        "prefix_123456789-123456789-123456",
        "prefix_ooooooiiiiiiuuuuuuulllllll",
        "prefix_i23456789ol23456789oi23456",
        "prefix_123456789-0123456789-0123456",
        "prefix_8zzzzzzzzzzzzzzzzzzzzzzzzz",
        "_prefix_00000000000000000000000000",
        "prefix__00000000000000000000000000",
        "",
        "prefix_",
    ];

    #[test]
    fn published_valid_vectors() {
        for (text, prefix, uuid) in VALID {
            let uuid = Uuid::parse_str(uuid).unwrap();
            assert_eq!(split(text), Ok((prefix, uuid)), "{text}");
            if prefix.is_empty() {
                let mut encoded = String::new();
                push_base32(&mut encoded, uuid);
                assert_eq!(encoded, text);
                assert_eq!(INCIDENT.parse(text), Err(IdError::Malformed));
            } else {
                assert_eq!(Prefix(prefix).encode(uuid), text);
                assert_eq!(Prefix(prefix).parse(text), Ok(uuid));
            }
        }
    }

    #[test]
    fn published_invalid_vectors() {
        for text in INVALID {
            assert_eq!(split(text), Err(IdError::Malformed), "{text:?}");
            assert_eq!(Prefix("prefix").parse(text), Err(IdError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn the_longest_prefix_and_consecutive_underscores_are_fine() {
        let long = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk";
        for prefix in [long, "my__type", "a"] {
            let text = format!("{prefix}_01h5fskfsk4fpeqwnsyz5hj55t");
            assert_eq!(split(&text).map(|(found, _)| found), Ok(prefix));
        }
    }

    #[test]
    fn a_plain_uuid_is_accepted_where_the_type_is_known() {
        let id = Uuid::from_u128(0x01890a5d_ac96_774b_bcce_b302099a8057);
        assert_eq!(INCIDENT.parse("01890a5d-ac96-774b-bcce-b302099a8057"), Ok(id));
        assert_eq!(INCIDENT.parse("01890A5D-AC96-774B-BCCE-B302099A8057"), Ok(id));
        for text in [
            "01890a5dac96774bbcceb302099a8057",
            "{01890a5d-ac96-774b-bcce-b302099a8057}",
            "urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057",
            "inc_01890a5d-ac96-774b-bcce-b302099a8057",
            "01890a5d-ac96-774b-bcce-b302099a805",
        ] {
            assert_eq!(INCIDENT.parse(text), Err(IdError::Malformed), "{text}");
        }
        assert_eq!(split("01890a5d-ac96-774b-bcce-b302099a8057"), Err(IdError::Malformed));
    }

    #[test]
    fn another_types_id_is_told_apart_from_no_id() {
        let text = Prefix("adm").encode(Uuid::from_u128(7));
        let error = INCIDENT.parse(&text).unwrap_err();
        assert_eq!(error, IdError::WrongType { expected: "inc", found: "adm".to_owned() });
        assert_eq!(
            error.to_string(),
            "expected an id that begins with inc_, found one that begins with adm_"
        );
        assert_eq!(INCIDENT.parse("adm_nonsense"), Err(IdError::Malformed));
    }

    #[test]
    fn new_ids_carry_the_time_and_rise() {
        let start = DateTime::from_timestamp_millis(1_800_000_000_123).unwrap();
        let ids = Generator::new();
        let first = ids.next(start);
        assert_eq!(first.get_version_num(), 7);
        assert_eq!(first.as_u128() >> 80, 1_800_000_000_123);
        // The same instant, one before it and one after it: always upwards.
        let mut last = first;
        for offset in [0, 0, -5_000, 0, 1, 1] {
            let next = ids.next(start + chrono::Duration::milliseconds(offset));
            assert!(next > last);
            assert!(INCIDENT.encode(next) > INCIDENT.encode(last));
            last = next;
        }
        assert_eq!(last.as_u128() >> 80, 1_800_000_000_124);
        assert_eq!(Generator::new().next(DateTime::<Utc>::MIN_UTC).as_u128() >> 80, 0);
    }

    #[test]
    fn ids_of_many_threads_are_distinct_and_rise_in_each() {
        let now = DateTime::from_timestamp_millis(1_800_000_000_000).unwrap();
        let threads: Vec<_> =
            (0..4).map(|_| std::thread::spawn(move || (0..1_000).map(|_| new(now)).collect())).collect();
        let runs: Vec<Vec<Uuid>> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(runs.iter().all(|run| run.is_sorted()));
        let all: std::collections::HashSet<_> = runs.into_iter().flatten().collect();
        assert_eq!(all.len(), 4_000);
    }

    proptest! {
        #[test]
        fn encoding_round_trips_and_keeps_the_order(a: u128, b: u128) {
            let (first, second) = (Uuid::from_u128(a), Uuid::from_u128(b));
            prop_assert_eq!(INCIDENT.parse(&INCIDENT.encode(first)), Ok(first));
            prop_assert_eq!(a.cmp(&b), INCIDENT.encode(first).cmp(&INCIDENT.encode(second)));
        }

        #[test]
        fn whatever_is_accepted_is_the_canonical_text(text in "[a-z_]{0,5}_?[0-9a-zA-Z]{24,28}|\\PC{0,40}") {
            if let Ok((prefix, id)) = split(&text) {
                let mut again = prefix.to_owned();
                if !prefix.is_empty() { again.push('_') }
                push_base32(&mut again, id);
                prop_assert_eq!(again, text);
            }
        }
    }
}
