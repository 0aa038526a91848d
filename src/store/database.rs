//! Opening sled's files.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::store::StoreError;

/// sled on `dir`, with this room's settings.
pub(crate) fn sled(dir: &Path) -> sled::Result<sled::Db> {
    let config = sled::Config::new()
        .path(dir)
        .cache_capacity(CACHE)
        .segment_size(SEGMENT)
        .flush_every_ms(Some(FLUSH_EVERY_MS));
    unlocked(|| config.open(), StoreError::is_lock)
}

/// Tries again for a moment what finds a lock held: a process that was just forked holds copies of all locks until its
/// `exec`, and an owner that leaves lets go of them last.
pub(crate) fn unlocked<T, E>(
    mut attempt: impl FnMut() -> Result<T, E>,
    held: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let since = Instant::now();
    loop {
        match attempt() {
            Err(error) if held(&error) && since.elapsed() < PATIENCE => std::thread::sleep(PATIENCE / 100),
            done => return done,
        }
    }
}

/// What is said of a store whose files sled takes for an empty one.
pub(crate) const LOST: &str = "its rows are gone";

/// Memory for sled's pages. A store of ten thousand commands is some 10 MB.
pub(crate) const CACHE: u64 = 64 << 20;

/// sled's unit of space on disk, a quarter of its default: most stores are small, and a segment is used again only when more
/// than half of it is out of date.
pub(crate) const SEGMENT: usize = 128 << 10;

/// How long sled may keep a change in memory, in milliseconds.
pub(crate) const FLUSH_EVERY_MS: u64 = 500;

/// How long a lock that is held is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
