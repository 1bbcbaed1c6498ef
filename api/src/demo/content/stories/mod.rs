//! What went wrong within the last thirty days, the oldest first, and what people did about it.

mod earlier;
mod lately;

use super::Story;

/// The stories.
pub fn all() -> impl Iterator<Item = &'static Story> {
    earlier::STORIES.iter().chain(lately::STORIES)
}
