//! The file of a ring: a key on each line, and the first one seals.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use super::{
    KeyFileError, SealingKey,
    key_file::{MAX_KEYS, create, digits, load_or_create_secret, open, parse_key, put, read},
};

/// The file of a ring, which nobody else changes as long as this is held.
#[derive(Debug)]
pub struct RingFile {
    path: PathBuf,
    keys: Vec<SealingKey>,
    _lock: File,
}

impl RingFile {
    /// Waits until nobody else changes the file at `path`, and reads it; there may be none.
    ///
    /// # Errors
    /// As [`load_or_create_secret`].
    pub fn lock(path: &Path) -> Result<Self, KeyFileError> {
        let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
        let lock = path.with_extension("lock");
        let lock = File::options().create(true).truncate(false).write(true).open(lock).map_err(failed)?;
        lock.lock().map_err(failed)?;
        Ok(Self { keys: load_ring(path)?.unwrap_or_default(), path: path.to_owned(), _lock: lock })
    }

    /// Its keys: the first one seals.
    pub fn keys(&self) -> &[SealingKey] {
        &self.keys
    }

    /// Adds a new key, to seal by it or only to open. Answers its id.
    pub fn add(&mut self, seals: bool) -> String {
        let key = SealingKey::generate();
        let id = key.key_id().to_owned();
        self.keys.insert(if seals { 0 } else { self.keys.len() }, key);
        id
    }

    /// Adds the key in the file at `path`, unless it is there already. Answers its id.
    ///
    /// # Errors
    /// As [`load_or_create_secret`], which this isn't: there has to be a file.
    pub fn add_from(&mut self, path: &Path) -> Result<String, KeyFileError> {
        let malformed = || KeyFileError::Malformed { path: path.to_owned(), is_ring: false };
        let file = File::open(path).map_err(|source| KeyFileError::Io { path: path.to_owned(), source })?;
        let key = SealingKey::new(parse_key(&read(path, file, 1)?).ok_or_else(malformed)?);
        let id = key.key_id().to_owned();
        if !self.keys.iter().any(|held| held.key_id() == id) {
            self.keys.push(key);
        }
        Ok(id)
    }

    /// The key `id` seals from now on. Whether it is there.
    pub fn seal_by(&mut self, id: &str) -> bool {
        let Some(at) = self.keys.iter().position(|key| key.key_id() == id) else { return false };
        self.keys[..=at].rotate_right(1);
        true
    }

    /// Takes the key `id` out, and puts it aside into a file of its own, whose path this answers: a backup of the database
    /// may need it. Nothing where it isn't there.
    ///
    /// # Errors
    /// Where that file can't be written.
    pub fn take_out(&mut self, id: &str) -> Result<Option<PathBuf>, KeyFileError> {
        let Some(at) = self.keys.iter().position(|key| key.key_id() == id) else { return Ok(None) };
        let aside = self.path.with_file_name(format!("retired-{id}.key"));
        let failed = |source| KeyFileError::Io { path: aside.clone(), source };
        create(&aside, &digits([&*self.keys[at].key])).map_err(failed)?;
        self.keys.remove(at);
        Ok(Some(aside))
    }

    /// Puts the file in its place, whole.
    ///
    /// # Errors
    /// Where there are too many keys, or the file system refuses.
    pub fn save(&self) -> Result<(), KeyFileError> {
        if self.keys.len() > MAX_KEYS {
            return Err(KeyFileError::Full { path: self.path.clone() });
        }
        let digits = digits(self.keys.iter().map(|key| &*key.key));
        put(&self.path, &digits, |draft| fs::rename(draft, &self.path))
            .map_err(|source| KeyFileError::Io { path: self.path.clone(), source })
    }
}

/// The keys in the file at `path`, which has one at least; nothing where there is no file.
pub(super) fn load_ring(path: &Path) -> Result<Option<Vec<SealingKey>>, KeyFileError> {
    let Some(file) = open(path)? else { return Ok(None) };
    let text = read(path, file, MAX_KEYS)?;
    let malformed = || KeyFileError::Malformed { path: path.to_owned(), is_ring: true };
    let mut keys: Vec<SealingKey> = Vec::new();
    for line in text.trim_ascii_end().split(|byte| *byte == b'\n') {
        let key = SealingKey::new(parse_key(line).ok_or_else(malformed)?);
        if keys.iter().any(|held| held.key_id() == key.key_id()) {
            return Err(malformed());
        }
        keys.push(key);
    }
    Ok(Some(keys))
}

/// The keys in the file at `path`, with one that is made where there is no file.
pub(super) fn load_or_create_ring(path: &Path) -> Result<Vec<SealingKey>, KeyFileError> {
    match load_ring(path)? {
        Some(keys) => Ok(keys),
        // One key alone is a ring.
        None => Ok(vec![SealingKey::new(load_or_create_secret(path)?)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(file: &RingFile) -> Vec<&str> {
        file.keys().iter().map(SealingKey::key_id).collect()
    }

    #[test]
    fn a_ring_is_changed_as_a_whole_and_forgets_no_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sealing.key");
        let first = load_or_create_ring(&path).unwrap().remove(0);
        let mut file = RingFile::lock(&path).unwrap();
        assert_eq!(ids(&file), [first.key_id()]);
        let (second, third) = (file.add(true), file.add(false));
        assert_eq!(ids(&file), [&second, first.key_id(), &third]);
        assert!(file.seal_by(&third) && !file.seal_by("00000000"));
        assert_eq!(ids(&file), [&third, &second, first.key_id()]);
        file.save().unwrap();
        drop(file);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().nth(2), Some(&*hex::encode(*first.key)));

        let mut file = RingFile::lock(&path).unwrap();
        assert_eq!(file.take_out("00000000").unwrap(), None);
        let aside = file.take_out(first.key_id()).unwrap().unwrap();
        file.save().unwrap();
        assert_eq!(ids(&file), [&third, &second]);
        assert_eq!(*load_or_create_secret(&aside).unwrap(), *first.key);
        // It comes back once, however often.
        for _ in 0..2 {
            assert_eq!(file.add_from(&aside).unwrap(), first.key_id());
        }
        assert_eq!(ids(&file), [&third, &second, first.key_id()]);
        assert!(matches!(file.add_from(&directory.path().join("no.key")), Err(KeyFileError::Io { .. })));
        for _ in 3..=MAX_KEYS {
            file.add(false);
        }
        assert!(matches!(file.save(), Err(KeyFileError::Full { .. })));
    }

    #[test]
    fn commands_at_once_lose_no_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sealing.key");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut file = RingFile::lock(&path).unwrap();
                    file.add(true);
                    file.save().unwrap();
                });
            }
        });
        assert_eq!(load_ring(&path).unwrap().unwrap().len(), 8);
    }

    #[test]
    fn a_damaged_ring_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sealing.key");
        load_or_create_ring(&path).unwrap();
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        for text in ["", "\n", &format!("{a}\n\n{b}\n"), &format!("{a}\n{a}\n"), &format!("{a} {b}\n")] {
            fs::write(&path, text).unwrap();
            assert!(matches!(load_ring(&path), Err(KeyFileError::Malformed { .. })), "{text:?}");
        }
        let many = |count| (0..count).map(|number| format!("{number:064x}\r\n")).collect::<String>();
        for (count, is_one) in [(MAX_KEYS, true), (MAX_KEYS + 1, false)] {
            fs::write(&path, many(count)).unwrap();
            assert_eq!(load_ring(&path).is_ok(), is_one, "{count}");
        }
        fs::write(&path, format!("{a}\r\n{b}\n\n")).unwrap();
        assert_eq!(load_ring(&path).unwrap().unwrap().len(), 2);
    }
}
