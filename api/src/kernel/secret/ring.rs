//! The keys of a gateway: the first seals, all of them open.
//!
//! The ring is one file, and a process follows it: a change counts within a second, and at once where something was sealed
//! or signed by a key that the process hasn't seen yet. So keys are changed beside running gateways.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use tokio::time::sleep;
use zeroize::Zeroizing;

use super::{
    Aad, KeyFileError, SealingKey, SecretError, parse,
    ring_file::{load_or_create_ring, load_ring},
    sealed,
};
use crate::kernel::{Kernel, error::Error, trouble::Trouble};

/// How often everybody looks whether the file is another one.
const POLL: Duration = Duration::from_secs(1);

/// The keys of a process.
#[derive(Debug)]
pub struct KeyRing {
    /// None: in memory alone.
    file: Option<PathBuf>,
    held: RwLock<Held>,
}

#[derive(Clone, Debug)]
struct Held {
    /// One at least.
    keys: Arc<[SealingKey]>,
    /// The file that they are from.
    stamp: Option<Stamp>,
}

/// By what a file is told from the one that was there before.
type Stamp = (SystemTime, u64, u64);

impl KeyRing {
    /// A ring of one new key, in memory alone.
    pub fn generate() -> Self {
        Self { file: None, held: RwLock::new(Held { keys: Arc::new([SealingKey::generate()]), stamp: None }) }
    }

    /// A ring of these keys, in memory alone.
    #[cfg(test)]
    pub fn of_keys(keys: Vec<SealingKey>) -> Self {
        Self { file: None, held: RwLock::new(Held { keys: keys.into(), stamp: None }) }
    }

    /// The ring in the file at `path`; none where there is no file.
    ///
    /// # Errors
    /// [`KeyFileError`], where the file is damaged, open to others, or the file system refuses.
    pub fn load(path: &Path) -> Result<Option<Self>, KeyFileError> {
        let stamp = stamp(path);
        Ok(load_ring(path)?.map(|keys| Self::of(path, keys, stamp)))
    }

    /// The same, with one key that is made where there is no file.
    ///
    /// # Errors
    /// As [`KeyRing::load`].
    pub fn load_or_create(path: &Path) -> Result<Self, KeyFileError> {
        let stamp = stamp(path);
        Ok(Self::of(path, load_or_create_ring(path)?, stamp))
    }

    fn of(path: &Path, keys: Vec<SealingKey>, stamp: Option<Stamp>) -> Self {
        Self { file: Some(path.to_owned()), held: RwLock::new(Held { keys: keys.into(), stamp }) }
    }

    /// The file that it is from.
    pub fn path(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The keys as they are now: one at least, and the first one seals.
    pub fn keys(&self) -> Arc<[SealingKey]> {
        self.held().keys
    }

    /// The id of the key that seals.
    pub fn first_id(&self) -> String {
        self.keys()[0].key_id().to_owned()
    }

    /// Seals by the first key, as [`SealingKey::seal`].
    pub fn seal(&self, plaintext: &[u8], aad: Aad<'_>) -> String {
        self.keys()[0].seal(plaintext, aad)
    }

    /// Opens what was sealed by any key of the ring.
    ///
    /// # Errors
    /// As [`SealingKey::open`].
    pub fn open(&self, sealed: &str, aad: Aad<'_>) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let (key_id, _) = parse(sealed).ok_or(SecretError::Malformed)?;
        let opened = self.find(|key| (key.key_id() == key_id).then(|| key.open(sealed, aad)));
        opened.unwrap_or_else(|| Err(SecretError::MissingKey { key_id: key_id.to_owned() }))
    }

    /// Something by the key `id`, where that is in the ring.
    pub fn with<T>(&self, id: &str, take: impl Fn(&SealingKey) -> T) -> Option<T> {
        self.find(|key| (key.key_id() == id).then(|| take(key)))
    }

    /// The first thing that `find` makes of a key of the ring. Where it makes nothing of any, the file is looked at again.
    pub fn find<T>(&self, find: impl Fn(&SealingKey) -> Option<T>) -> Option<T> {
        self.keys().iter().find_map(&find).or_else(|| {
            // A file that can't be read is told by whoever follows it.
            let has_changed = self.look_again().unwrap_or(false);
            has_changed.then(|| self.keys().iter().find_map(&find)).flatten()
        })
    }

    /// Reads the file again where it is another one. Whether it was; where it isn't one, the keys stay as they are.
    ///
    /// # Errors
    /// As [`KeyRing::load`].
    pub fn look_again(&self) -> Result<bool, KeyFileError> {
        let Some(path) = &self.file else { return Ok(false) };
        let stamp = stamp(path);
        if stamp.is_some() && stamp == self.held().stamp {
            return Ok(false);
        }
        let keys = load_ring(path)?.ok_or_else(|| KeyFileError::Io {
            path: path.clone(),
            source: std::io::ErrorKind::NotFound.into(),
        })?;
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Held { keys: keys.into(), stamp };
        Ok(true)
    }

    fn held(&self) -> Held {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl From<SecretError> for Error {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::MissingKey { key_id } => Self::MissingKey { key_id },
            other => Self::internal(other.to_string()),
        }
    }
}

/// Keeps the ring of `kernel` up to date, and the database's knowledge of what it seals by.
pub async fn follow(kernel: Kernel) {
    let mut trouble = Trouble::with("following the ring of sealing keys");
    let mut declared = kernel.keys().first_id();
    loop {
        sleep(POLL).await;
        let looked = look(&kernel, &mut declared).await;
        trouble.note(&looked);
    }
}

async fn look(kernel: &Kernel, declared: &mut String) -> Result<(), String> {
    let looked = kernel.keys().look_again();
    let first = kernel.keys().first_id();
    if first != *declared {
        sealed::declare(kernel).await.map_err(|error| error.to_string())?;
        tracing::info!(key = first, "the ring of sealing keys has changed: this one seals");
        *declared = first;
    }
    looked.map(drop).map_err(|error| error.to_string())
}

fn stamp(path: &Path) -> Option<Stamp> {
    let found = std::fs::metadata(path).ok()?;
    #[cfg(unix)]
    let place = std::os::unix::fs::MetadataExt::ino(&found);
    #[cfg(not(unix))]
    let place = 0;
    Some((found.modified().ok()?, found.len(), place))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{super::RingFile, *};

    const PLACE: Aad<'_> = Aad { table: "credentials", row: Uuid::from_u128(7) };

    #[test]
    fn a_ring_that_was_changed_beside_is_noticed_when_it_is_needed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sealing.key");
        let (here, there) =
            (KeyRing::load_or_create(&path).unwrap(), KeyRing::load_or_create(&path).unwrap());
        let old = here.seal(b"before", PLACE);
        let mut file = RingFile::lock(&path).unwrap();
        let new = file.add(true);
        file.save().unwrap();
        assert!(there.look_again().unwrap() && !there.look_again().unwrap());
        assert_eq!(there.first_id(), new);
        let sealed = there.seal(b"after", PLACE);
        assert_ne!(here.first_id(), new, "nobody has told it");
        assert_eq!(*here.open(&sealed, PLACE).unwrap(), b"after");
        assert_eq!(here.first_id(), new);
        for ring in [&here, &there] {
            assert_eq!(*ring.open(&old, PLACE).unwrap(), b"before");
        }
    }

    #[test]
    fn a_file_that_went_bad_leaves_the_ring_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sealing.key");
        let ring = KeyRing::load_or_create(&path).unwrap();
        let sealed = ring.seal(b"before", PLACE);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, "nonsense").unwrap();
        assert!(matches!(ring.look_again(), Err(KeyFileError::Malformed { .. })));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(ring.look_again(), Err(KeyFileError::Io { .. })));
        assert_eq!(*ring.open(&sealed, PLACE).unwrap(), b"before");
        assert!(KeyRing::load(&path).unwrap().is_none());

        let lost = KeyRing::generate().open(&sealed, PLACE).unwrap_err();
        let id = ring.first_id();
        assert_eq!(lost, SecretError::MissingKey { key_id: id.clone() });
        assert!(lost.to_string().contains(&id) && !lost.to_string().contains(text.trim()));
    }
}
