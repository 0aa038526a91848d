//! Watch: the files on which an answer rests, so that it is asked for again when one changes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::digest::Digest;
use crate::base::paths::PathId;
use crate::inputs::snapshot::Snapshot;
use crate::inputs::stamp::Stamp;
use crate::inputs::ways::Ways;

/// Files that must stay as they are, and paths that must stay free.
#[derive(Debug)]
pub(super) struct Watch {
    /// A number that no other watch of this process has.
    id: u64,
    files: Vec<(PathId, Digest)>,
    folders: Vec<(PathId, Stamp)>,
    absent: Vec<PathId>,
    /// Paths, and the files that their links led to.
    links: Vec<(PathBuf, PathBuf)>,
}

impl Default for Watch {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { id, files: Vec::new(), folders: Vec::new(), absent: Vec::new(), links: Vec::new() }
    }
}

impl Watch {
    /// Another one of the same files, to which more can be added.
    pub(super) fn further(&self) -> Self {
        Self {
            files: self.files.clone(),
            folders: self.folders.clone(),
            absent: self.absent.clone(),
            links: self.links.clone(),
            ..Self::default()
        }
    }

    /// A file's digest, watched from now on; fails as `Files::look` does.
    pub(super) fn file(&mut self, path: &Path, snapshot: &mut Snapshot<'_>) -> io::Result<Digest> {
        let id = intern(path, snapshot)?;
        let digest = snapshot.look(id)?.digest;
        if !self.files.contains(&(id, digest)) {
            self.files.push((id, digest));
        }
        Ok(digest)
    }

    /// Where the links of a path lead, watched from now on.
    ///
    /// The digest behind them is not enough: drivers of equal bytes look for their parts beside themselves.
    pub(super) fn resolved(&mut self, path: &Path) -> io::Result<PathBuf> {
        let target = std::fs::canonicalize(path)?;
        self.links.push((path.to_owned(), target.clone()));
        Ok(target)
    }

    /// A folder whose entries count; nothing is watched if there is none.
    pub(super) fn folder(&mut self, path: &Path, snapshot: &mut Snapshot<'_>) {
        let Ok(id) = intern(path, snapshot) else { return };
        match snapshot.stat(id) {
            Ok(stamp) => self.folders.push((id, stamp)),
            Err(_) => self.absent.push(id),
        }
    }

    /// A path that would be taken if it existed; whether it is free.
    pub(super) fn absent(&mut self, path: &Path, snapshot: &mut Snapshot<'_>) -> bool {
        let Ok(id) = intern(path, snapshot) else { return true };
        let free = snapshot.stat(id).is_err();
        if free && !self.absent.contains(&id) {
            self.absent.push(id);
        }
        free
    }

    /// Whether all is as it was: a `stat(2)` each, once in a snapshot.
    pub(super) fn holds(&self, snapshot: &mut Snapshot<'_>) -> bool {
        if snapshot.watches.contains(&self.id) {
            return true;
        }
        let holds = self.is_as_it_was(snapshot);
        if holds {
            snapshot.watches.insert(self.id);
        }
        holds
    }

    /// Whether all of it was so at `since_ns` already (nanoseconds since 1970), as far as times tell.
    pub(super) fn is_older_than(&self, since_ns: i64, snapshot: &Snapshot<'_>) -> bool {
        let paths = snapshot.files().paths();
        let mut ways = Ways::since(since_ns);
        let ids = self.files.iter().map(|(id, _)| id).chain(self.folders.iter().map(|(id, _)| id));
        ids.chain(&self.absent).all(|&id| ways.is_old(paths.get(id).as_str().as_ref()))
            && self.links.iter().all(|(path, _)| ways.is_old(path))
    }

    fn is_as_it_was(&self, snapshot: &mut Snapshot<'_>) -> bool {
        let leads = |path: &Path, target: &Path| std::fs::canonicalize(path).is_ok_and(|now| now == *target);
        self.links.iter().all(|(path, target)| leads(path, target))
            && self
                .files
                .iter()
                .all(|&(id, digest)| snapshot.look(id).is_ok_and(|seen| seen.digest == digest))
            && self.folders.iter().all(|&(id, stamp)| snapshot.stat(id).is_ok_and(|now| now == stamp))
            && self.absent.iter().all(|&id| snapshot.stat(id).is_err())
    }
}

fn intern(path: &Path, snapshot: &Snapshot<'_>) -> io::Result<PathId> {
    let path = path.to_str().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not UTF-8"))?;
    Ok(snapshot.files().paths().intern(path))
}
