//! Attachments as files, one a key; the contents are sealed by the caller.
//!
//! Invariants: once `put` has answered, a power cut loses neither the bytes nor the name; a file is never
//! overwritten; a reader never sees half a file. Work on the disk runs on blocking threads.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{Error, ErrorKind, Result, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use uuid::Uuid;

/// A folder of sealed files; cheap to clone.
#[derive(Clone, Debug)]
pub struct FileStore {
    folder: PathBuf,
}

impl FileStore {
    /// Uses `folder`, which is made when missing.
    pub fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Stores new bytes for good. A key that is taken is refused with `AlreadyExists`.
    pub async fn put(&self, key: Uuid, bytes: Vec<u8>) -> Result<()> {
        let store = self.clone();
        blocking(move || store.put_now(key, &bytes)).await
    }

    /// The bytes of a key; `NotFound` when there are none.
    pub async fn get(&self, key: Uuid) -> Result<Vec<u8>> {
        let path = self.path(key);
        blocking(move || fs::read(path)).await
    }

    /// Removes a file; one that is gone already counts as removed.
    pub async fn remove(&self, key: Uuid) -> Result<()> {
        let path = self.path(key);
        blocking(move || remove_if_there(&path)).await
    }

    /// Removes files, whole or half written, that no row knows and whose key was made before `older_than`; says how many.
    ///
    /// A file is written before its row commits, so `older_than` must lie further back than any upload takes.
    pub async fn sweep(&self, known: HashSet<Uuid>, older_than: Timestamp) -> Result<usize> {
        let store = self.clone();
        blocking(move || store.sweep_now(&known, older_than)).await
    }

    fn path(&self, key: Uuid) -> PathBuf {
        self.shard(key).join(key.to_string())
    }

    /// One of 256 folders, by the random end of the key: its beginning is the time and would fill one after the other.
    fn shard(&self, key: Uuid) -> PathBuf {
        let last = key.as_bytes().last().copied().unwrap_or(0);
        self.folder.join(format!("{last:02x}"))
    }

    fn put_now(&self, key: Uuid, bytes: &[u8]) -> Result<()> {
        let shard = self.shard(key);
        if !shard.is_dir() {
            fs::create_dir_all(&shard)?;
            sync_folder(&self.folder)?;
        }
        let (path, half) = (self.path(key), shard.join(format!("{key}.half")));
        // An earlier try may have left half a file under this very key.
        remove_if_there(&half)?;
        let mut file = File::create_new(&half)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        // A hard link, unlike a rename, refuses a name that is taken.
        let linked = fs::hard_link(&half, &path);
        remove_if_there(&half)?;
        linked?;
        sync_folder(&shard)
    }

    fn sweep_now(&self, known: &HashSet<Uuid>, older_than: Timestamp) -> Result<usize> {
        let mut removed = 0;
        for shard in fs::read_dir(&self.folder)? {
            let shard = shard?.path();
            if !shard.is_dir() {
                continue;
            }
            for entry in fs::read_dir(&shard)? {
                let path = entry?.path();
                let key = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
                let Some(key) = key else { continue };
                let is_whole = path.extension().is_none();
                if born(key).is_some_and(|at| at < older_than) && !(is_whole && known.contains(&key)) {
                    remove_if_there(&path)?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }
}

/// When a UUIDv7 was made.
fn born(key: Uuid) -> Option<Timestamp> {
    let (seconds, nanoseconds) = key.get_timestamp()?.to_unix();
    Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanoseconds).ok()?).ok()
}

/// Makes the names in a folder outlive a power cut.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)?.sync_all()
}

/// Runs work on the disk away from the reactor.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::other)?
}

fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{IdGen, SystemIds};

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("madoguchi-files-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[tokio::test]
    async fn a_file_is_stored_once_read_back_and_removed() {
        let folder = folder("put");
        let store = FileStore::open(&folder).unwrap();
        let key = SystemIds::default().uuid(Timestamp::UNIX_EPOCH);
        store.put(key, b"sealed".to_vec()).await.unwrap();
        let again = store.put(key, b"other".to_vec()).await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::AlreadyExists);
        assert_eq!(store.get(key).await.unwrap(), b"sealed");
        store.remove(key).await.unwrap();
        store.remove(key).await.unwrap();
        assert_eq!(store.get(key).await.unwrap_err().kind(), ErrorKind::NotFound);
        fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn a_sweep_takes_old_orphans_and_half_files_and_leaves_the_rest() {
        let folder = folder("sweep");
        let store = FileStore::open(&folder).unwrap();
        let (ids, day) = (SystemIds::default(), |day: i64| Timestamp::from_second(86_400 * day).unwrap());
        let (kept, orphan, young) = (ids.uuid(day(1)), ids.uuid(day(1)), ids.uuid(day(9)));
        for key in [kept, orphan, young] {
            store.put(key, vec![1]).await.unwrap();
        }
        fs::write(store.shard(kept).join(format!("{kept}.half")), b"x").unwrap();
        assert_eq!(store.sweep(HashSet::from([kept]), day(5)).await.unwrap(), 2);
        assert!(store.get(kept).await.is_ok());
        assert!(store.get(young).await.is_ok());
        assert!(store.get(orphan).await.is_err());
        fs::remove_dir_all(folder).unwrap();
    }
}
