//! Siblings: the files of a dependency set that lie in one folder, as they are at one moment.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::digest::Digest;
use super::files::Seen;
use super::paths::{PathId, PathName};
use super::snapshot::{Mixed, Snapshot};
use super::stamp::Stamp;

/// Files of one folder that a command reads. The next command reads most of its files in the same company: what was found out
/// about them together need not be found out again for each.
#[derive(Debug)]
pub struct Siblings {
    id: u64,
    folder: &'static str,
    files: Box<[Sibling]>,
    newest: Option<(PathId, Stamp)>,
    directory: OnceLock<(Digest, Bytes)>,
}

/// One of them.
#[derive(Debug, Clone, Copy)]
pub struct Sibling {
    /// Its path.
    pub path: PathName,
    /// Its state.
    pub seen: Seen,
}

impl Sibling {
    /// Its name in the folder.
    pub fn name(&self) -> &'static str {
        let path = self.path.as_str();
        &path[folder_of(path).len()..]
    }

    /// Whether its owner may execute it.
    pub fn executable(&self) -> bool {
        self.seen.stamp.mode & 0o100 != 0
    }
}

impl Siblings {
    /// The folder as their paths have it, which may hold `..`, with a slash at its end; empty for bare names.
    pub fn folder(&self) -> &'static str {
        self.folder
    }

    /// A number that no other siblings of this process have.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The files, in the order of the set.
    pub fn files(&self) -> &[Sibling] {
        &self.files
    }

    /// The file that was changed last, and the stamp that says so.
    pub fn newest(&self) -> Option<(PathId, Stamp)> {
        self.newest
    }

    /// The REAPI `Directory` of the files alone, once somebody has encoded it.
    pub fn directory(&self, encode: impl FnOnce() -> (Digest, Bytes)) -> &(Digest, Bytes) {
        self.directory.get_or_init(encode)
    }
}

/// The siblings that a snapshot has looked at.
#[derive(Debug, Default)]
pub(super) struct Known(HashMap<Box<[PathId]>, Arc<Siblings>, BuildHasherDefault<Mixed>>);

impl Known {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Snapshot<'_> {
    /// Looks at every file of a set, those of one folder together; fails with the first file that [`Snapshot::look`] fails for.
    pub fn siblings(&mut self, set: &[PathId]) -> Result<Vec<Arc<Siblings>>, (PathId, io::Error)> {
        let names = self.files().paths().all(set);
        let mut files: Vec<(&'static str, PathId)> =
            names.iter().zip(set).map(|(name, &id)| (folder_of(name.as_str()), id)).collect();
        // In a sorted set a folder's files are together already, but for those around its own folders.
        files.sort_by_key(|(folder, _)| *folder);
        let ids: Vec<PathId> = files.iter().map(|(_, id)| *id).collect();
        let mut out = Vec::new();
        let mut rest = &ids[..];
        for group in files.chunk_by(|one, two| one.0 == two.0) {
            let (these, others) = rest.split_at(group.len());
            rest = others;
            out.push(match self.companies.0.get(these) {
                Some(known) => Arc::clone(known),
                None => self.look_together(group[0].0, these)?,
            });
        }
        Ok(out)
    }

    fn look_together(
        &mut self,
        folder: &'static str,
        ids: &[PathId],
    ) -> Result<Arc<Siblings>, (PathId, io::Error)> {
        let paths = self.files().paths().all(ids);
        let mut files = Vec::with_capacity(ids.len());
        for (&id, path) in ids.iter().zip(paths) {
            files.push(Sibling { path, seen: self.look(id).map_err(|error| (id, error))? });
        }
        let stamps = ids.iter().zip(&files).map(|(&id, file)| (id, file.seen.stamp));
        let newest = stamps.max_by_key(|(_, stamp)| stamp.changed_ns());
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let siblings =
            Arc::new(Siblings { id, folder, newest, directory: OnceLock::new(), files: files.into() });
        self.companies.0.insert(ids.into(), Arc::clone(&siblings));
        Ok(siblings)
    }
}

/// The next siblings' number.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A path up to and with its last slash.
fn folder_of(path: &str) -> &str {
    &path[..path.rfind('/').map_or(0, |slash| slash + 1)]
}
