//! Takes a text and does something to it.

use crate::fuzz::tape::Tape;

/// What is put in.
const PIECES: [&str; 24] = [
    "{", "}", "(", ")", "[", "]", "\"", "\"\"\"", "\\", "#", "...", "$", "@", "!", ":", "|", "\0",
    "\u{feff}", "é", "😀", "-", "0x", "1e", "hunter2",
];

/// The text with one to four changes: something left out, put in, doubled, moved or repeated until it is long.
pub fn spoil(text: &str, tape: &mut Tape) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=tape.below(3) {
        let from = tape.below(chars.len());
        let to = (from + tape.below(12)).min(chars.len());
        match tape.below(6) {
            0 => drop(chars.drain(from..to)),
            1 => drop(chars.splice(from..from, tape.pick(&PIECES).chars())),
            2 => drop(chars.splice(from..to, tape.pick(&PIECES).chars())),
            3 => {
                let moved: Vec<char> = chars.drain(from..to).collect();
                let at = tape.below(chars.len());
                chars.splice(at..at, moved);
            }
            4 => {
                let doubled = chars[from..to].to_vec();
                chars.splice(from..from, doubled);
            }
            _ => {
                let many = tape.pick(&PIECES).repeat(tape.below(3000));
                chars.splice(from..from, many.chars());
            }
        }
    }
    chars.into_iter().collect()
}
