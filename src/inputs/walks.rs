//! What includes mean along a search path, remembered for a snapshot.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::base::paths::PathId;
use crate::directives::Include;

/// What one include means in the files of a folder.
#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) found: Option<PathId>,
    pub(crate) further: Box<[PathId]>,
    pub(crate) missed: Box<[PathId]>,
    pub(crate) once: Box<[PathId]>,
    pub(crate) precompiled: OnceLock<Precompiled>,
}

/// Whether there is a precompiled form of an include, and what was looked for in vain.
pub(crate) type Precompiled = (bool, Box<[PathId]>);

/// The walks of the files of a folder.
pub(crate) type OfFolder = HashMap<Include, Arc<Walk>>;

/// The walks of a snapshot: files of one folder include the same headers.
#[derive(Debug, Default)]
pub(crate) struct Walks {
    /// By chain and folder.
    known: HashMap<[u8; 16], HashMap<Box<str>, OfFolder>>,
    count: usize,
}

impl Walks {
    pub(super) fn get(&self, include: &Include, folder: &str, chain: [u8; 16]) -> Option<&Arc<Walk>> {
        self.known.get(&chain)?.get(folder)?.get(include)
    }

    pub(super) fn keep(&mut self, include: &Include, folder: &str, chain: [u8; 16], walk: &Arc<Walk>) {
        if self.count == MOST {
            *self = Self::default();
        }
        self.count += 1;
        let of_folder = self.known.entry(chain).or_default().entry(folder.into()).or_default();
        of_folder.insert(include.clone(), Arc::clone(walk));
    }
}

/// Walks that are kept at most, at some 300 bytes each: where every command has a search path of its own, none is taken twice.
pub(crate) const MOST: usize = 1 << 15;
