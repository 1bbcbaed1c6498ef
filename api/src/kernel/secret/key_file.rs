//! Key files: 256 bits as 64 hexadecimal digits, for the gateway's account alone.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use uuid::Uuid;
use zeroize::Zeroizing;

use super::{KEY_LEN, random};

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
        "the key file {} must hold 64 hexadecimal digits and nothing else; restore it from a backup: what was \
         sealed under it can't be read without it",
        path.display()
    )]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

/// The 256 bits in the file at `path`, made at random where there is no file: the secret that signs tokens, say.
/// The file is as in [`SealingKey::load_or_create`](super::SealingKey::load_or_create).
///
/// # Errors
/// [`KeyFileError`], where the file is damaged, open to others, or the file system refuses.
pub fn load_or_create_secret(path: &Path) -> Result<Zeroizing<[u8; KEY_LEN]>, KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create(path, &random()).map_err(failed)?;
            // Read it back: another process may have been first.
            File::open(path)
        }
        opened => opened,
    };
    load(path, file.map_err(failed)?)
}

fn load(path: &Path, file: File) -> Result<Zeroizing<[u8; KEY_LEN]>, KeyFileError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let metadata =
            file.metadata().map_err(|source| KeyFileError::Io { path: path.to_owned(), source })?;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Exposed { path: path.to_owned(), mode });
        }
    }
    // One byte more than digits, a carriage return and a newline take tells a longer file.
    let mut text = Zeroizing::new(Vec::with_capacity(2 * KEY_LEN + 3));
    file.take(2 * KEY_LEN as u64 + 3)
        .read_to_end(&mut text)
        .map_err(|source| KeyFileError::Io { path: path.to_owned(), source })?;
    let mut key = Zeroizing::new([0; KEY_LEN]);
    hex::decode_to_slice(text.trim_ascii_end(), key.as_mut_slice())
        .map_err(|_| KeyFileError::Malformed { path: path.to_owned() })?;
    Ok(key)
}

/// Makes the file at `path` with `key` in it, unless another process was first. It is whole before it has its name,
/// and both survive a power cut once this returns.
fn create(path: &Path, key: &[u8; KEY_LEN]) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let draft = directory.join(format!(".{}.draft", Uuid::new_v4()));
    let written = write_draft(&draft, key).and_then(|()| {
        // A link, not a rename: it fails where the name is taken, and so never replaces a key that is in use.
        match fs::hard_link(&draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    });
    let removed = match fs::remove_file(&draft) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    };
    written.and(removed)?;
    #[cfg(unix)]
    File::open(directory)?.sync_all()?;
    Ok(())
}

fn write_draft(draft: &Path, key: &[u8; KEY_LEN]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    let digits = Zeroizing::new(hex::encode(key));
    file.write_all(digits.as_bytes())?;
    file.write_all(b"\n")?;
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
