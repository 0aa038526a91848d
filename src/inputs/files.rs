//! Digests and directives of files, each file read once for as long as its stamp stays the same.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, PoisonError, RwLock};

use super::digest::Digest;
use super::directives::{self, Scan};
use super::moment::{RACY_NS, coarse_now_ns};
use super::paths::{PathId, Paths};
use super::stamp::Stamp;

/// How often a file that changes while it is read is tried again.
const TRIES: usize = 3;

/// What is known of a file's content.
#[derive(Debug, Clone)]
pub struct Seen {
    /// As of the `stat` that vouches for the rest.
    pub stamp: Stamp,
    /// Of the content.
    pub digest: Digest,
    /// The directives in it.
    pub scan: Arc<Scan>,
}

/// The files of this machine, as far as they have been looked at. May be used by many threads.
#[derive(Debug)]
pub struct Files {
    paths: Arc<Paths>,
    entries: RwLock<HashMap<PathId, Entry>>,
    scans: RwLock<HashMap<Digest, Arc<Scan>>>,
}

#[derive(Debug, Clone)]
struct Entry {
    seen: Seen,
    /// Coarse time before the content was read.
    read_ns: i64,
}

impl Files {
    /// Nothing looked at yet.
    pub fn new(paths: Arc<Paths>) -> Self {
        Self { paths, entries: RwLock::default(), scans: RwLock::default() }
    }

    /// The table of paths in use.
    pub fn paths(&self) -> &Arc<Paths> {
        &self.paths
    }

    /// The file's stamp now: one `stat`.
    pub fn stat(&self, id: PathId) -> io::Result<Stamp> {
        Stamp::of(self.paths.get(id).c_str())
    }

    /// The file's content now: one `stat` while it is unchanged, else it is read.
    pub fn look(&self, id: PathId) -> io::Result<Seen> {
        let name = self.paths.get(id);
        let stamp = Stamp::of(name.c_str())?;
        if let Some(entry) = self.entries.read().unwrap_or_else(PoisonError::into_inner).get(&id)
            && entry.seen.stamp == stamp
            // As git's index does: what was read in the tick of its last write may have been written again.
            && stamp.changed_ns() + RACY_NS < entry.read_ns
        {
            return Ok(entry.seen.clone());
        }
        let entry = self.read(&name)?;
        let seen = entry.seen.clone();
        self.entries.write().unwrap_or_else(PoisonError::into_inner).insert(id, entry);
        Ok(seen)
    }

    /// The directives of the file as it is now.
    pub fn scan(&self, id: PathId) -> io::Result<Arc<Scan>> {
        self.look(id).map(|seen| seen.scan)
    }

    fn read(&self, name: &str) -> io::Result<Entry> {
        let mut content = Vec::new();
        for _ in 0..TRIES {
            content.clear();
            let read_ns = coarse_now_ns();
            let mut file = File::open(name)?;
            let before = Stamp::of_file(&file)?;
            if !before.is_file() {
                return Err(io::Error::other("not a regular file"));
            }
            file.read_to_end(&mut content)?;
            if Stamp::of_file(&file)? == before {
                let digest = Digest::of(&content);
                let scan = self.scan_of(digest, &content);
                return Ok(Entry { seen: Seen { stamp: before, digest, scan }, read_ns });
            }
        }
        Err(io::Error::other("it keeps changing while it is read"))
    }

    fn scan_of(&self, digest: Digest, content: &[u8]) -> Arc<Scan> {
        if let Some(scan) = self.scans.read().unwrap_or_else(PoisonError::into_inner).get(&digest) {
            return Arc::clone(scan);
        }
        let scan = Arc::new(directives::scan(content));
        self.scans.write().unwrap_or_else(PoisonError::into_inner).insert(digest, Arc::clone(&scan));
        scan
    }
}
