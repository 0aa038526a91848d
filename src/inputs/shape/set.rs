//! A command's dependency set, as its shape is made of.

use std::sync::Arc;

use sha2::Sha256;

use crate::base::paths::PathId;
use crate::inputs::search::Chain;
use crate::inputs::siblings::{Sibling, Siblings};
use crate::inputs::snapshot::Snapshot;

/// A command's dependency set as it is now ([`Snapshot::siblings`]).
#[derive(Clone, Copy, Debug)]
pub struct Set<'a> {
    /// The command's source file.
    pub source: PathId,
    /// Every file read, the source included, in any order, each once.
    pub files: &'a [Arc<Siblings>],
    /// The search path.
    pub chain: &'a Chain,
    /// The macros that the command's arguments define, as a source would.
    pub macros: &'a str,
}

impl Set<'_> {
    pub(crate) fn files(&self) -> impl Iterator<Item = &Sibling> {
        self.files.iter().flat_map(|siblings| siblings.files())
    }
}

pub(crate) fn hash_path(id: PathId, chain: &Chain, snapshot: &Snapshot<'_>, hasher: &mut Sha256) {
    chain.hash(snapshot.files().paths().get(id).as_str(), hasher);
}
