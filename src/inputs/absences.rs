//! Absences: paths known not to exist for as long as their folder stays as it is.
//!
//! A compile looks for each header in several folders, mostly in vain. A new entry changes its folder's times, so one
//! `stat(2)` of the folder answers for everything that was missing in it.

use std::collections::HashMap;
use std::ffi::CStr;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::RwLock;

use super::staged;
use super::stamp::Stamp;
use crate::base::paths::{PathId, Paths};

/// One state of one folder; no two share a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Era(u32);

impl Era {
    /// The folder does not exist, and so nothing in it.
    pub(super) const GONE: Self = Self(u32::MAX);
}

/// That a path was missing in its folder's era.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Absence {
    pub folder: PathId,
    pub era: Era,
}

/// File systems known to change a folder's times with its entries (`statfs(2)`): ext2 to ext4, XFS, Btrfs, F2FS, tmpfs,
/// overlayfs, ZFS. Not FUSE, not network file systems.
const FAITHFUL: [i64; 7] =
    [0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1];

/// The absences known; shared between threads.
#[derive(Debug, Default)]
pub(super) struct Absences {
    known: RwLock<Vec<Option<Absence>>>,
    folders: RwLock<HashMap<PathId, (Stamp, Era)>>,
    /// By device and mount: a device's number is given again when its mount has gone.
    devices: RwLock<HashMap<(u64, u64), bool>>,
    last: AtomicU32,
}

impl Absences {
    /// When a path was found missing.
    pub(super) fn get(&self, path: PathId) -> Option<Absence> {
        *self.known.read().get(path.index())?
    }

    /// Keeps that a path is missing.
    pub(super) fn put(&self, path: PathId, absence: Absence) {
        let mut known = self.known.write();
        if known.len() <= path.index() {
            known.resize(path.index() + 1, None);
        }
        known[path.index()] = Some(absence);
    }

    /// The era of a folder in a state; the same for as long as its stamp is the same.
    pub(super) fn era(&self, folder: PathId, stamp: Stamp) -> Era {
        if let Some((known, era)) = self.folders.read().get(&folder)
            && *known == stamp
        {
            return *era;
        }
        let era = Era(self.last.fetch_add(1, Ordering::Relaxed));
        self.folders.write().insert(folder, (stamp, era));
        era
    }

    /// Whether a path found missing just now stays so until its folder changes.
    ///
    /// Not a dangling link, whose target may appear elsewhere; and not in a folder that was changed so lately that it
    /// may change again unseen, or on a file system that is not known to tell.
    pub(super) fn lasts(&self, path: &CStr, folder: Stamp, asked_at_ns: i64) -> bool {
        folder.settled(asked_at_ns)
            && self.is_faithful(path, (folder.dev, folder.mount))
            && Stamp::is_free(path)
    }

    fn is_faithful(&self, path: &CStr, device: (u64, u64)) -> bool {
        if let Some(known) = self.devices.read().get(&device) {
            return *known;
        }
        let faithful = file_system(path).is_ok_and(|kind| FAITHFUL.contains(&kind));
        self.devices.write().insert(device, faithful);
        faithful
    }
}

/// A path's folder, if its text has one.
pub(super) fn folder(paths: &Paths, path: PathId) -> Option<PathId> {
    let name = paths.get(path);
    let folder = name.folder();
    (!folder.is_empty() && folder != name.as_str()).then(|| paths.intern(folder))
}

/// Whether a folder is on a file system that changes its times with its entries.
pub(super) fn is_faithful(folder: &CStr) -> bool {
    staged::file_system(folder).is_ok_and(|kind| FAITHFUL.contains(&kind))
}

/// The kind of the file system that a missing path's folder is on.
fn file_system(path: &CStr) -> io::Result<i64> {
    let bytes = path.to_bytes();
    let slash = bytes.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    let folder = std::ffi::CString::new(&bytes[..=slash.min(bytes.len().saturating_sub(1))])?;
    staged::file_system(&folder)
}
