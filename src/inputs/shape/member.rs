//! Member: one file of a dependency set, and what its includes mean along one search path.

use std::sync::Arc;

use crate::base::digest::Digest;
use crate::base::paths::PathId;
use crate::directives::{Hazards, Scan};

/// What a file adds to a shape, and on which answers of the file system that rests.
#[derive(Debug)]
pub(crate) struct Member {
    pub digest: Digest,
    pub scan: Arc<Scan>,
    /// Over the path, the fingerprint and what each include finds.
    pub hash: [u8; 16],
    pub hazards: Hazards,
    /// Over what its probes find (`__has_include`), which its compile depends on though it reads none of it.
    pub answers: Option<[u8; 16]>,
    /// The files that its probes find.
    pub asked: Box<[PathId]>,
    /// The file itself and those that it finds, as far as they say `#pragma once`.
    pub once: Box<[PathId]>,
    pub(super) probes: Box<[(PathId, bool)]>,
}
