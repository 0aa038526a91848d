//! The cache's size: kept below a limit by removing what was not used for longest.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;

use super::error::{CacheError, if_there};
use super::folder::{TEMPORARY, make_private};

/// Trimming goes down to this share of the limit, in percent, so that it need not be done again at once.
const TRIMMED_PERCENT: u64 = 90;

/// How long a measured size is believed; other processes may fill the cache as well.
const BELIEVED: Duration = Duration::from_mins(10);

/// A temporary file this old was left by a process that died.
const ABANDONED: Duration = Duration::from_hours(1);

/// The size of a cache's folder and its limit.
#[derive(Debug)]
pub struct Limit {
    root: PathBuf,
    bytes: u64,
    total: Mutex<Option<Total>>,
    /// Whether a damaged file was seen.
    damaged: AtomicBool,
}

#[derive(Clone, Copy, Debug)]
struct Total {
    bytes: u64,
    measured: Instant,
}

/// What trimming did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Trimmed {
    /// Files removed.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

struct Entry {
    used: SystemTime,
    bytes: u64,
    path: PathBuf,
}

impl Limit {
    /// At most `bytes` bytes below `root`. Nothing is measured yet.
    pub fn new(root: &Path, bytes: u64) -> Self {
        Self { root: root.to_owned(), bytes, total: Mutex::new(None), damaged: AtomicBool::new(false) }
    }

    /// The bytes in the cache as far as this process knows; `None` before the first [`Limit::trim`].
    pub fn total(&self) -> Option<u64> {
        self.locked(|total| total.map(|total| total.bytes))
    }

    /// The bytes in the cache, measured if nobody has done so; `None` when they cannot be, or another process is at it.
    pub fn used(&self) -> Option<u64> {
        if self.total().is_none() {
            self.trim().ok()?;
        }
        self.total()
    }

    /// The bytes that there may be in the cache.
    pub fn most(&self) -> u64 {
        self.bytes
    }

    /// Takes note of a damaged file; whether it is the first.
    pub(super) fn is_first_damage(&self) -> bool {
        !self.damaged.swap(true, Ordering::Relaxed)
    }

    /// Counts a new file.
    pub(super) fn add(&self, bytes: u64) {
        self.locked(|total| {
            if let Some(total) = total {
                total.bytes = total.bytes.saturating_add(bytes);
            }
        });
    }

    /// Whether [`Limit::trim`] has work to do: to measure the cache, or to trim it.
    pub fn is_due(&self) -> bool {
        self.locked(|total| {
            total.is_none_or(|total| total.bytes > self.bytes || total.measured.elapsed() > BELIEVED)
        })
    }

    /// Measures the cache if need be, and removes the least recently used files when it is over its limit. Reads every file's
    /// times: some 100 ms for 50,000 files, to be done beside the builds. Another process that trims is left to it.
    pub fn trim(&self) -> Result<Trimmed, CacheError> {
        if !self.is_due() {
            return Ok(Trimmed::default());
        }
        let Some(_lock) = self.lock()? else { return Ok(Trimmed::default()) };
        self.remove_abandoned();
        let mut entries = self.entries()?;
        let mut bytes = entries.iter().map(|entry| entry.bytes).sum();
        let trimmed = if bytes > self.bytes {
            self.remove_oldest(&mut entries, &mut bytes)
        } else {
            Trimmed::default()
        };
        self.locked(|total| *total = Some(Total { bytes, measured: Instant::now() }));
        Ok(trimmed)
    }

    fn remove_oldest(&self, entries: &mut [Entry], bytes: &mut u64) -> Trimmed {
        let goal = self.bytes / 100 * TRIMMED_PERCENT;
        let mut trimmed = Trimmed::default();
        entries.sort_unstable_by_key(|entry| entry.used);
        for entry in entries {
            if *bytes <= goal {
                break;
            }
            // It may have been used since the files were listed.
            let used = fs::metadata(&entry.path).and_then(|meta| meta.modified());
            if used.is_ok_and(|used| used == entry.used) && fs::remove_file(&entry.path).is_ok() {
                trimmed.files += 1;
                trimmed.bytes += entry.bytes;
                *bytes -= entry.bytes;
            }
        }
        trimmed
    }

    fn entries(&self) -> Result<Vec<Entry>, CacheError> {
        let mut entries = Vec::new();
        for kind in ["cas", "ac"] {
            let folder = self.root.join(kind);
            for part in list(&folder)? {
                for path in list(&part)? {
                    if let Ok(meta) = fs::symlink_metadata(&path) {
                        let used = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                        entries.push(Entry { used, bytes: meta.len(), path });
                    }
                }
            }
        }
        Ok(entries)
    }

    /// A process that died while writing left its temporary file.
    fn remove_abandoned(&self) {
        for path in list(&self.root.join(TEMPORARY)).unwrap_or_default() {
            let written = fs::symlink_metadata(&path).and_then(|meta| meta.modified());
            if written.is_ok_and(|written| written.elapsed().is_ok_and(|age| age > ABANDONED)) {
                let _ = fs::remove_file(&path);
            }
        }
    }

    /// The right to trim; `None` while another process has it.
    fn lock(&self) -> Result<Option<File>, CacheError> {
        make_private(&self.root).map_err(CacheError::new(&self.root, "make the folder"))?;
        let path = self.root.join("trim.lock");
        let file =
            File::options().create(true).append(true).open(&path).map_err(CacheError::new(&path, "open"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(CacheError::new(&path, "lock")(error)),
        }
    }

    fn locked<T>(&self, what: impl FnOnce(&mut Option<Total>) -> T) -> T {
        what(&mut self.total.lock())
    }
}

/// The paths in a folder; none if it is not there.
fn list(folder: &Path) -> Result<Vec<PathBuf>, CacheError> {
    let read = || -> io::Result<Vec<PathBuf>> {
        let Some(entries) = if_there(fs::read_dir(folder))? else { return Ok(Vec::new()) };
        entries.map(|entry| entry.map(|entry| entry.path())).collect()
    };
    read().map_err(CacheError::new(folder, "list"))
}
