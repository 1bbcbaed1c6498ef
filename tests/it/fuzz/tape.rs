//! Choices, one after the other: what a generator does is decided by numbers that proptest makes and shrinks.

use proptest::{collection::vec, prelude::*};

/// A row of choices. At its end it chooses the first of everything.
#[derive(Clone, Debug)]
pub struct Tape {
    choices: std::vec::IntoIter<u16>,
}

/// Tapes of at most so many choices.
pub fn tapes(most: usize) -> impl Strategy<Value = Tape> {
    vec(any::<u16>(), 0..most).prop_map(|choices| Tape { choices: choices.into_iter() })
}

impl Tape {
    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.choices.next().unwrap_or(0)) % end.max(1)
    }

    /// Once in `n` times.
    pub fn is_one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    /// One of them.
    pub fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    /// Whether nothing is left to choose.
    pub fn is_over(&self) -> bool {
        self.choices.as_slice().is_empty()
    }
}
