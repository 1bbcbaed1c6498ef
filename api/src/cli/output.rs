//! Standard output. Whoever reads it may have read enough (`opsgate schema | head -1`): that ends a command, and isn't a
//! fault of it.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
};

/// Nobody reads any more.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads standard output")]
pub struct Unread;

/// Writes `text` out as it stands.
///
/// # Errors
/// [`Unread`]; where it can't be written.
pub fn print(text: impl Display) -> Result<(), Box<dyn std::error::Error>> {
    let mut stdout = io::stdout().lock();
    match write!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Unread.into()),
        Err(error) => Err(format!("standard output can't be written: {error}").into()),
        Ok(()) => Ok(()),
    }
}
