//! Key files: 256 bits as 64 hexadecimal digits, for the gateway's account alone.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use uuid::Uuid;
use zeroize::Zeroizing;

use super::{KEY_LEN, random};

/// The most keys of a ring.
pub(super) const MAX_KEYS: usize = 16;

/// Why a key file can't be used. Says nothing of its content.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file system refused.
    #[error("the key file {} can't be read or created: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Accounts other than the owner's may read or write it.
    #[error(
        "the key file {path} is open to other accounts (mode {mode:04o}); run `chmod 600 {path}`, and consider \
         the key known if anybody else uses this machine",
        path = path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not 64 hexadecimal digits.
    #[error(
        "the key file {} must hold 64 hexadecimal digits and nothing else{}; restore it from a backup: what was \
         sealed under it can't be read without it",
        path.display(),
        if *is_ring { ", on each line the digits of another key" } else { "" }
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Whether it is that of a ring.
        is_ring: bool,
    },
    /// As many keys as a ring has.
    #[error("the ring in {} has {MAX_KEYS} keys: retire some, by `opsgate keys retire`", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
}

/// The 256 bits in the file at `path`, made at random where there is no file: the secret that signs tokens, say.
///
/// The file holds 64 hexadecimal digits, has mode 0600 and appears whole or not at all; of two processes that start at
/// once both end up with the same key.
///
/// # Errors
/// [`KeyFileError`], where the file is damaged, open to others, or the file system refuses.
pub fn load_or_create_secret(path: &Path) -> Result<Zeroizing<[u8; KEY_LEN]>, KeyFileError> {
    let malformed = || KeyFileError::Malformed { path: path.to_owned(), is_ring: false };
    let file = match open(path)? {
        Some(file) => file,
        None => {
            let digits = digits([&*random()]);
            create(path, &digits).map_err(|source| KeyFileError::Io { path: path.to_owned(), source })?;
            // Read it back: another process may have been first.
            open(path)?.ok_or_else(malformed)?
        }
    };
    parse_key(&read(path, file, 1)?).ok_or_else(malformed)
}

pub(super) fn open(path: &Path) -> Result<Option<File>, KeyFileError> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KeyFileError::Io { path: path.to_owned(), source }),
    }
}

/// What is in a file of `keys` at most; a longer one is cut off, and so isn't well-formed.
pub(super) fn read(path: &Path, file: File, keys: usize) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Exposed { path: path.to_owned(), mode });
        }
    }
    // Digits, a carriage return and a newline a key, and one byte more tells a longer file.
    let most = keys * (2 * KEY_LEN + 2) + 1;
    let mut text = Zeroizing::new(Vec::with_capacity(most));
    file.take(most as u64).read_to_end(&mut text).map_err(failed)?;
    Ok(text)
}

pub(super) fn parse_key(line: &[u8]) -> Option<Zeroizing<[u8; KEY_LEN]>> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    hex::decode_to_slice(line.trim_ascii_end(), key.as_mut_slice()).ok()?;
    Some(key)
}

pub(super) fn digits<'a>(keys: impl IntoIterator<Item = &'a [u8; KEY_LEN]>) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(MAX_KEYS * (2 * KEY_LEN + 1)));
    for key in keys {
        text.push_str(&Zeroizing::new(hex::encode(key)));
        text.push('\n');
    }
    text
}

/// Makes the file at `path` with `text` in it, unless another process was first.
pub(super) fn create(path: &Path, text: &str) -> io::Result<()> {
    // A link, not a rename: it fails where the name is taken, and so never replaces a key that is in use.
    put(path, text, |draft| match fs::hard_link(draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    })
}

/// Writes `text` beside `path` and lets `name` give it its name: it is whole before it has that, and both survive a power
/// cut once this returns.
pub(super) fn put(path: &Path, text: &str, name: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let draft = directory.join(format!(".{}.draft", Uuid::new_v4()));
    let written = write_draft(&draft, text).and_then(|()| name(&draft));
    let removed = match fs::remove_file(&draft) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    };
    written.and(removed)?;
    #[cfg(unix)]
    File::open(directory)?.sync_all()?;
    Ok(())
}

fn write_draft(draft: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_made_once_and_read_ever_after() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sealing.key");
        let first = load_or_create_secret(&path).unwrap();
        assert_eq!(load_or_create_secret(&path).unwrap(), first);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!((text.len(), text.trim()), (65, hex::encode(*first).as_str()));
        let names: Vec<_> =
            fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["sealing.key"]);
        assert_ne!(load_or_create_secret(&directory.path().join("signing.key")).unwrap(), first);
    }

    #[test]
    fn processes_that_start_at_once_agree_on_the_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sealing.key");
        std::thread::scope(|scope| {
            let load = || load_or_create_secret(&path).unwrap();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(load)).collect();
            let keys: std::collections::HashSet<_> =
                threads.into_iter().map(|thread| *thread.join().unwrap()).collect();
            assert_eq!(keys.len(), 1);
        });
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sealing.key");
        load_or_create_secret(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        for mode in [0o644, 0o640, 0o602, 0o400] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let loaded = load_or_create_secret(&path);
            if mode == 0o400 {
                loaded.unwrap();
                continue;
            }
            let message = loaded.unwrap_err().to_string();
            let wanted = [format!("{mode:04o}"), format!("chmod 600 {}", path.display())];
            assert!(wanted.iter().all(|part| message.contains(part)), "{message}");
        }
    }

    #[test]
    fn a_damaged_file_is_refused_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sealing.key");
        load_or_create_secret(&path).unwrap();
        for text in ["", "abcd\n", &"g".repeat(64), &"a".repeat(63), &"a".repeat(66), &"a".repeat(5_000)] {
            fs::write(&path, text).unwrap();
            let error = load_or_create_secret(&path).unwrap_err();
            assert!(matches!(error, KeyFileError::Malformed { .. }), "{error}");
            assert!(error.to_string().contains(&path.display().to_string()));
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        fs::write(&path, format!("{}\r\n", "AB".repeat(32))).unwrap();
        assert_eq!(*load_or_create_secret(&path).unwrap(), [0xab; 32]);
    }

    #[test]
    fn a_missing_directory_is_an_error_with_the_path() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("absent").join("sealing.key");
        let error = load_or_create_secret(&path).unwrap_err();
        assert!(error.to_string().contains("absent"), "{error}");
    }
}
