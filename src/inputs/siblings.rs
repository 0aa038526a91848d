//! Siblings: the files of a dependency set that lie in one folder, as they are at one moment.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::files::Seen;
use super::snapshot::{Mixed, Snapshot};
use super::stamp::Stamp;
use crate::base::digest::Digest;
use crate::base::paths::{PathId, PathName};
use crate::inputs::shape::group::Groups;

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
    /// Its path's number.
    pub id: PathId,
    /// Its path.
    pub path: PathName,
    /// Digest of its content.
    pub digest: Digest,
    /// Whether its owner may execute it.
    pub executable: bool,
}

impl Sibling {
    /// Its name in the folder.
    pub fn name(&self) -> &'static str {
        &self.path.as_str()[self.path.up_to_name().len()..]
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
pub(super) struct Known {
    known: HashMap<Box<[PathId]>, Arc<Siblings>, BuildHasherDefault<Mixed>>,
    /// How many files they are in all.
    files: usize,
}

/// Files of siblings that a snapshot knows at most, at some 200 bytes each with their `Directory`: of 10,000 commands that share
/// 2,000 headers in many ways it takes a third of it.
const MOST: usize = 1 << 17;

impl Snapshot<'_> {
    /// Looks at every file of a set, those of one folder together; fails with the first file that [`Snapshot::look`] fails for.
    pub fn siblings(&mut self, set: &[PathId]) -> Result<Vec<Arc<Siblings>>, (PathId, io::Error)> {
        if self.siblings.files > MOST {
            self.forget_siblings();
            self.groups = Groups::default();
        }
        let folders = self.files().paths().folders(set);
        let mut files: Vec<(u32, usize)> = folders.into_iter().zip(0..).collect();
        // In a sorted set a folder's files are together already, but for those around its own folders.
        files.sort_by_key(|(folder, _)| *folder);
        let mut groups: Vec<&[(u32, usize)]> = files.chunk_by(|one, two| one.0 == two.0).collect();
        // The numbers of folders are those of this process.
        groups.sort_unstable_by_key(|group| group.first().map(|(_, at)| *at));
        let mut out = Vec::with_capacity(groups.len());
        let mut ids = Vec::new();
        for group in groups {
            ids.clear();
            ids.extend(group.iter().map(|&(_, at)| set[at]));
            out.push(match self.siblings.known.get(&*ids) {
                Some(known) => Arc::clone(known),
                None => self.look_together(&ids)?,
            });
        }
        Ok(out)
    }

    /// Has siblings looked at anew.
    pub(super) fn forget_siblings(&mut self) {
        self.siblings = Known::default();
    }

    fn look_together(&mut self, ids: &[PathId]) -> Result<Arc<Siblings>, (PathId, io::Error)> {
        let paths = self.files().paths().all(ids);
        let folder = paths.first().map_or("", |path| path.up_to_name());
        let mut files = Vec::with_capacity(ids.len());
        let mut newest: Option<(PathId, Stamp)> = None;
        for (&id, path) in ids.iter().zip(paths) {
            let Seen { stamp, digest } = self.look(id).map_err(|error| (id, error))?;
            files.push(Sibling { id, path, digest, executable: stamp.mode & 0o100 != 0 });
            if newest.is_none_or(|(_, newest)| age(&newest) <= age(&stamp)) {
                newest = Some((id, stamp));
            }
        }
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let siblings = Siblings { id, folder, newest, directory: OnceLock::new(), files: files.into() };
        let siblings = Arc::new(siblings);
        self.siblings.files += ids.len();
        self.siblings.known.insert(ids.into(), Arc::clone(&siblings));
        Ok(siblings)
    }
}

/// By what the newest of several files is told.
pub fn age(stamp: &Stamp) -> (i64, i64) {
    (stamp.changed_ns(), stamp.mtime_ns)
}

/// The next siblings' number.
static NEXT: AtomicU64 = AtomicU64::new(0);
