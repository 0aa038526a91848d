//! Looking together at the files of a dependency set that lie in one folder.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::files::Seen;
use super::shape::group::Groups;
use super::siblings::{Known, Sibling, Siblings, age};
use super::snapshot::Snapshot;
use super::stamp::Stamp;
use crate::base::paths::PathId;

/// Files of siblings that a snapshot knows at most, at some 200 bytes each with their `Directory`: of 10,000 commands that share
/// 2,000 headers in many ways it takes a third of it.
const MOST: usize = 1 << 17;

/// The next siblings' number.
static NEXT: AtomicU64 = AtomicU64::new(0);

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
