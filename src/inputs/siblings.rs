//! Siblings: the files of a dependency set that lie in one folder, as they are at one moment.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::stamp::Stamp;
use crate::base::digest::Digest;
use crate::base::paths::{PathId, PathName};
use crate::inputs::mixed::Mixed;

/// Files of one folder that a command reads. The next command reads most of its files in the same company: what was found out
/// about them together need not be found out again for each.
#[derive(Debug)]
pub struct Siblings {
    pub(super) id: u64,
    pub(super) folder: &'static str,
    pub(super) files: Box<[Sibling]>,
    pub(super) newest: Option<(PathId, Stamp)>,
    pub(super) directory: OnceLock<(Digest, Bytes)>,
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
    pub(super) known: HashMap<Box<[PathId]>, Arc<Siblings>, BuildHasherDefault<Mixed>>,
    /// How many files they are in all.
    pub(super) files: usize,
}

/// By what the newest of several files is told.
pub fn age(stamp: &Stamp) -> (i64, i64) {
    (stamp.changed_ns(), stamp.mtime_ns)
}
