//! The cache's folder: files that appear whole or not at all, and times that say when they were used.

use std::fs::{self, DirBuilder, File, FileTimes, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

use super::error::CacheError;
use super::limit::Limit;

/// The subfolder for files that are being written.
pub(super) const TEMPORARY: &str = "tmp";

/// How old a file's time of use may be before it is refreshed. Finer would cost a write for every hit.
const REFRESH: Duration = Duration::from_mins(1);

/// What tells that a file was not touched since it was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stamp {
    size: u64,
    inode: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let meta = file.metadata()?;
        Ok(Self {
            size: meta.size(),
            inode: meta.ino(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        })
    }

    /// When the content changed last, since 1970.
    pub(super) fn modified(&self) -> Duration {
        Duration::new(u64::try_from(self.modified.0).unwrap_or(0), self.modified.1 as u32)
    }

    /// Whether a later change must show: the file's times move in steps of some milliseconds, so one that changed a moment
    /// ago could change again and look the same.
    pub(super) fn is_settled(&self) -> bool {
        let Ok(seconds) = u64::try_from(self.changed.0) else { return false };
        let changed = SystemTime::UNIX_EPOCH + Duration::new(seconds, self.changed.1 as u32);
        changed.elapsed().is_ok_and(|age| age > Duration::from_millis(50))
    }
}

/// One of the cache's subfolders.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    name: &'static str,
    limit: Arc<Limit>,
}

impl Folder {
    pub(super) fn new(root: &Path, name: &'static str, limit: Arc<Limit>) -> Self {
        Self { root: root.to_owned(), name, limit }
    }

    /// Where the file with this name is: in one of 256 folders by its first two letters.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(self.name).join(name.get(..2).unwrap_or("00")).join(name)
    }

    /// A temporary file on the same disk.
    pub(super) fn temporary(&self) -> Result<NamedTempFile, CacheError> {
        let folder = self.root.join(TEMPORARY);
        let make =
            || tempfile::Builder::new().permissions(Permissions::from_mode(0o400)).tempfile_in(&folder);
        making(&folder, make).map_err(CacheError::new(&folder, "make a temporary file"))
    }

    /// Deletes a file that is not what its name says; it does not matter if that fails, as it will be seen again. A cache that is
    /// damaged is worth one line in the log, not one for each file.
    pub(super) fn discard(&self, path: &Path, why: &str) {
        if self.limit.is_first_damage() {
            tracing::warn!(
                "{}: {why}; removed from the cache, as all else will be that is damaged",
                path.display()
            );
        } else {
            tracing::debug!("{}: {why}; removed from the cache", path.display());
        }
        let _ = fs::remove_file(path);
    }

    /// Gives a written temporary file its place; a file there before is replaced.
    pub(super) fn place(&self, file: &NamedTempFile, name: &str) -> Result<(), CacheError> {
        let path = self.path(name);
        let parent = path.parent().unwrap_or(&self.root);
        making(parent, || fs::rename(file.path(), &path)).map_err(CacheError::new(&path, "write"))?;
        self.limit.add(file.as_file().metadata().map_or(0, |meta| meta.len()));
        Ok(())
    }
}

/// Makes a folder that nobody else sees into, and those above it that are missing, whatever the umask.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Does `what`, and if there is no such folder makes it and does it again: somebody may have emptied the cache.
fn making<T>(folder: &Path, what: impl Fn() -> io::Result<T>) -> io::Result<T> {
    match what() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_private(folder)?;
            what()
        }
        done => done,
    }
}

/// Notes that a file is being used; gives whether its times changed. A cache that may only be read has no times to keep.
pub(super) fn refresh(file: &File) -> bool {
    let now = SystemTime::now();
    let fresh = file.metadata().and_then(|meta| meta.modified());
    let fresh = fresh.is_ok_and(|used| now.duration_since(used).is_ok_and(|age| age < REFRESH));
    !fresh && file.set_times(FileTimes::new().set_modified(now)).is_ok()
}
